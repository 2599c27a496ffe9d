//! What the source is able to do: read from the tree of its syntax, so that texts and comments do not count and
//! other names for the same thing do.

mod bash;
mod bash_rules;
mod check;
mod finder;
mod javascript;
mod javascript_rules;
mod literals;
mod python;
mod python_rules;

pub use check::{examine, is_secret, is_test_only, of_version};

use super::source::{self, Language};
use crate::domain::{Capability, CapabilityKind};
use finder::Finder;

/// What the text of one file is able to do, in the order of the text. Reads only; nothing is executed, and nothing
/// outside of the text is looked at. A text that cannot be parsed is able to do nothing that is known.
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

/// What a call is able to do by its full name alone, in any language: `os.remove`, `fs.rm`, `curl`.
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
