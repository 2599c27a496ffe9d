//! What a script declares, as lines for tests.

use super::{ScriptText, options};
use crate::domain::source::Language;
use serde_json::json;

/// The description behind `#`; each input with its rule, `!` where it is needed, and its schema; where rules are told apart
/// from inputs, they follow behind `=`, and what a condition needs behind `!`.
pub(super) fn shown(path: &str, text: &str) -> Vec<String> {
    let declared = options::read(&ScriptText::new(path, text, Language::of(path, text))).unwrap_or_default();
    let is_apart = !declared.rules.is_empty();
    let mut lines: Vec<String> = declared.description.iter().map(|words| format!("# {words}")).collect();
    lines.extend(declared.inputs.iter().map(|input| {
        let rule = input.rule.as_ref().map(ToString::to_string).unwrap_or_default();
        let name = if is_apart { input.name.clone() } else { rule };
        format!("{name}{} {}", if input.required { "!" } else { "" }, json!(input.schema))
    }));
    if is_apart {
        let rules: Vec<String> = declared.rules.iter().map(ToString::to_string).collect();
        lines.push(format!("= {}", rules.join(", ")));
    }
    lines.extend(
        declared.needed.iter().map(|(when, names)| format!("! {}={}: {}", when.input, when.value, names.join(", "))),
    );
    lines
}
