//! The tables of verbs and of checks for the reference documentation.

use super::build::{command, groups, heading, usage, written};
use crate::action::{Arg, ArgKind, Spec};
use crate::engine::checks;
use std::fmt::Write;

/// Every verb with its keys, its command line and its description: one table for each group, one section for each verb
/// that has arguments, and at the end the options that all verbs share.
pub fn verbs_markdown() -> String {
    let mut text = String::new();
    for (group, rows) in groups() {
        let gap = if text.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{gap}## {}\n\n| verb | key | does |\n| --- | --- | --- |\n", heading(group));
        for row in &rows {
            let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
            let line = format!("| `{}` | {} | {} |", usage(row), keys.join(" "), row.doc);
            let _ = writeln!(text, "{}", line.replace("  |", " |"));
        }
        for row in rows {
            section(&mut text, row);
        }
    }
    text.push_str("\n## Global options\n\n| option | meaning |\n| --- | --- |\n");
    for arg in command().get_arguments() {
        let mut written = format!("--{}", arg.get_long().unwrap_or_default());
        for name in arg.get_value_names().unwrap_or_default() {
            let _ = write!(written, " {name}");
        }
        let _ = writeln!(text, "| `{written}` | {} |", arg.get_help().cloned().unwrap_or_default());
    }
    text
}

/// Writes what the arguments of a verb mean, and who may use it.
fn section(text: &mut String, row: &Spec) {
    let _ = write!(text, "\n### {}\n\n{}.", row.name, row.doc);
    if row.risk == crate::action::Risk::HumanOnly {
        text.push_str(" Needs a human at a terminal.");
    }
    text.push('\n');
    if row.args.is_empty() {
        return;
    }
    text.push_str("\n| argument | meaning |\n| --- | --- |\n");
    for arg in row.args {
        let _ = writeln!(text, "| `{}` | {} |", written(arg), meaning(arg));
    }
}

fn meaning(arg: &Arg) -> String {
    let mut text = arg.doc.to_owned();
    if let ArgKind::Word(words) = arg.kind {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        let _ = write!(text, " ({})", words.join(", "));
    }
    if arg.human_only {
        text.push_str("; needs a human at a terminal");
    }
    text
}

/// Every check with what it examines and its default gate, as a Markdown table.
pub fn checks_markdown() -> String {
    let mut text = "| check | examines | gate |\n| --- | --- | --- |\n".to_owned();
    for (name, doc, gate) in checks() {
        let _ = writeln!(text, "| `{name}` | {doc} | {gate} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ACTIONS;

    #[test]
    fn every_verb_of_the_command_line_has_a_row() {
        let table = verbs_markdown();
        for row in ACTIONS.iter().filter(|row| row.cli) {
            let begin = format!("| `{}", row.name);
            assert!(table.lines().any(|line| line.starts_with(&begin) && line.contains(row.doc)), "{}", row.name);
        }
        assert!(table.contains(
            "| `run TOOL [WORD]… [--input JSON] [--set KEY=VALUE]… [--timeout DURATION] [--scenario SCENARIO] \
             [--from FROM] [--of ID] [--allow] [--on ON] [--show] [--jsonl]` | `r` |"
        ));
        assert!(table.contains(
            "| `approve REVIEW[=PREFIX]… [--digest PREFIX] [--reason REASON] [--role ROLE] [--override OVERRIDE] [--unread] \
             [--only ONLY]… [--generate] [--criteria CRITERIA]… [--delta] [--yes] [--dry-run]` | `a` |"
        ));
    }
}
