//! The capabilities of source code, determined from its syntax tree: texts and comments do not count, and aliases do.

mod bash;
mod bash_rules;
mod check;
mod finder;
mod javascript;
mod javascript_rules;
mod literals;
mod places;
mod python;
mod python_rules;

pub use check::{examine, is_secret, is_test_only, of_version};

use super::source::{self, Language};
use crate::domain::{Capability, CapabilityKind};
use finder::Finder;

/// The capabilities of one file, in the order of the text. Only the text is read; nothing is executed. A text that
/// cannot be parsed has no known capabilities.
pub fn scan(_path: &str, language: Language, text: &str) -> Vec<Capability> {
    let Some(tree) = language.parse(text) else { return Vec::new() };
    let mut finder = Finder::new(text);
    match language {
        Language::Python => python::scan(tree.root_node(), &mut finder),
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            javascript::scan(tree.root_node(), &mut finder);
        }
        Language::Bash => bash::scan(tree.root_node(), &mut finder),
    }
    if source::is_beyond(tree.root_node()) {
        let shown = "it is too deeply nested or too long; only a part was analysed";
        finder.add_shown(tree.root_node(), CapabilityKind::Obfuscation, None, shown);
    }
    finder.finish()
}

/// The capability of a call by its full name, in any language: `os.remove`, `fs.rm`, `curl`.
pub fn capability_of(full: &str) -> Option<CapabilityKind> {
    let rule = finder::rule_for(&[python_rules::RULES, javascript_rules::RULES], full).map(|rule| rule.kind);
    rule.or_else(|| bash_rules::RULES.iter().find(|(name, _)| *name == full).map(|(_, kind)| *kind))
}

#[cfg(test)]
mod evasions;
#[cfg(test)]
mod hiding_tests;
#[cfg(test)]
mod tests;
