//! The prompt for a generator: a bundle in words, from a template.
//!
//! The templates are embedded from `assets/prompts/`; the user's own templates replace them. Text of tools is placed
//! between fences that are longer than any sequence of backticks in it, so that it cannot end its block. The system
//! text says that everything between fences is data.

mod sections;
mod template;
#[cfg(test)]
mod tests;

pub(in crate::evolve) use sections::fenced;
pub use template::{Template, TemplateError};

use super::answer::Unusable;
use super::bundle::Bundle;
use crate::domain::Digest;
use crate::domain::words::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words!(
    /// A text that a user can replace; also the name of its file, with the extension `.md`.
    TemplateName {
        /// The role of the generator and the form of its answer; no placeholders.
        System = "system",
        /// Asks for a better version of a tool.
        Evolve = "evolve",
        /// Asks for a new tool.
        New = "new",
        /// Asks again after an unusable answer.
        RepairFormat = "repair-format",
    }
);

/// Placeholders in the templates for bundles.
const BUNDLE_SLOTS: &[&str] = &[
    "tool",
    "version",
    "language",
    "entry",
    "description",
    "hint",
    "specification",
    "wanted",
    "dynamic_schema",
    "files",
    "manifest",
    "schemas",
    "failures",
    "failures_note",
    "comments",
    "tests",
    "permissions",
    "learnt",
    "few_shot",
    "guidelines",
    "feedback",
    "attempt",
    "left_out",
];

/// Placeholders in the template for unusable answers.
const FORMAT_SLOTS: &[&str] = &["why", "shown", "request"];

impl TemplateName {
    /// The template that is used without one from the user.
    pub const fn embedded(self) -> &'static str {
        match self {
            TemplateName::System => include_str!("../../../assets/prompts/system.md"),
            TemplateName::Evolve => include_str!("../../../assets/prompts/evolve.md"),
            TemplateName::New => include_str!("../../../assets/prompts/new.md"),
            TemplateName::RepairFormat => include_str!("../../../assets/prompts/repair-format.md"),
        }
    }

    /// Its placeholders.
    pub const fn slots(self) -> &'static [&'static str] {
        match self {
            TemplateName::System => &[],
            TemplateName::Evolve | TemplateName::New => BUNDLE_SLOTS,
            TemplateName::RepairFormat => FORMAT_SLOTS,
        }
    }
}

/// The prompt for a generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The role of the generator and the form of its answer. A generator that takes one text gets it before the
    /// request.
    pub system: String,
    /// The present request, with all evidence.
    pub request: String,
}

impl Prompt {
    /// Both as one text, for a generator that takes one.
    pub fn text(&self) -> String {
        format!("{}\n\n{}", self.system.trim_end(), self.request)
    }

    /// The digest of both.
    pub fn digest(&self) -> Digest {
        Digest::of_bytes(self.text().as_bytes())
    }
}

/// The templates in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates(BTreeMap<TemplateName, Template>);

impl Templates {
    /// The embedded templates, replaced by the user's own where they exist.
    ///
    /// # Errors
    ///
    /// The fault of a template, and its name.
    pub fn with(own: &BTreeMap<TemplateName, String>) -> Result<Templates, (TemplateName, TemplateError)> {
        let read = |name: &TemplateName| {
            let text = own.get(name).map_or(name.embedded(), String::as_str);
            Template::read(text, name.slots()).map(|template| (*name, template)).map_err(|error| (*name, error))
        };
        TemplateName::ALL.iter().map(read).collect::<Result<_, _>>().map(Templates)
    }

    /// The request for a better version of a tool.
    pub fn evolve(&self, bundle: &Bundle) -> Prompt {
        self.prompt(TemplateName::Evolve, &sections::of(bundle))
    }

    /// The request for a new tool.
    pub fn new_tool(&self, bundle: &Bundle) -> Prompt {
        self.prompt(TemplateName::New, &sections::of(bundle))
    }

    /// The same request again, after an unusable answer. Generators remember nothing, so the whole request is sent
    /// again.
    pub fn repair_format(&self, request: &Prompt, unusable: &Unusable) -> Prompt {
        let shown = unusable.shown.trim();
        let shown = if shown.is_empty() { String::new() } else { sections::fenced("", shown) };
        let why = unusable.why.trim_end_matches('.').to_owned();
        let texts = BTreeMap::from([("why", why), ("shown", shown), ("request", request.request.clone())]);
        Prompt { system: request.system.clone(), ..self.prompt(TemplateName::RepairFormat, &texts) }
    }

    fn prompt(&self, name: TemplateName, texts: &BTreeMap<&'static str, String>) -> Prompt {
        let fill = |name| self.0.get(&name).map_or_else(String::new, |template| template.fill(texts));
        Prompt { system: fill(TemplateName::System), request: fill(name) }
    }
}
