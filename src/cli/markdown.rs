//! The tables of verbs and of checks for the README.

use super::build::{GROUPS, heading, usage};
use crate::action::{ACTIONS, Spec};
use crate::engine::checks;
use std::fmt::Write;

/// Every verb with its keys, its command line and what it does, as a Markdown table for each group.
pub fn verbs_markdown() -> String {
    let mut text = String::new();
    for group in GROUPS {
        let rows: Vec<&Spec> = ACTIONS.iter().filter(|row| row.cli && row.group == *group).collect();
        if rows.is_empty() {
            continue;
        }
        let gap = if text.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{gap}**{}**\n\n| verb | key | does |\n| --- | --- | --- |\n", heading(*group));
        for row in rows {
            let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
            let line = format!("| `{}` | {} | {} |", usage(row), keys.join(" "), row.doc);
            let _ = writeln!(text, "{}", line.replace("  |", " |"));
        }
    }
    text
}

/// Every check with what it examines and its gate where nobody set one, as a Markdown table.
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

    #[test]
    fn every_verb_of_the_command_line_has_a_row() {
        let table = verbs_markdown();
        for row in ACTIONS.iter().filter(|row| row.cli) {
            let begin = format!("| `{}", row.name);
            assert!(table.lines().any(|line| line.starts_with(&begin) && line.contains(row.doc)), "{}", row.name);
        }
        assert!(table.contains(
            "| `run TOOL [--input JSON] [--set KEY=VALUE]… [--timeout DURATION] [--scenario SCENARIO] [--allow] \
             [--jsonl]` | `r` |"
        ));
        assert!(table.contains(
            "| `approve REVIEW[=PREFIX]… [--digest PREFIX] [--reason REASON] [--role ROLE] [--override OVERRIDE] [--unread] [--yes]` | `a` |"
        ));
    }

    #[test]
    fn the_readme_holds_the_tables_as_they_are_now() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let mut readme = std::fs::read_to_string(path).unwrap();
        for (name, table) in [("verbs", verbs_markdown()), ("checks", checks_markdown())] {
            let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
            let (before, rest) = readme.split_once(&begin).expect("the README has the table");
            let (held, after) = rest.split_once(&end).expect("the markers come in pairs");
            if std::env::var_os("TOOLSMITH_BLESS").is_some() {
                readme = format!("{before}{begin}\n{table}{end}{after}");
                std::fs::write(path, &readme).unwrap();
            } else {
                assert_eq!(held.trim(), table.trim(), "TOOLSMITH_BLESS=1 cargo test writes it anew");
            }
        }
    }
}
