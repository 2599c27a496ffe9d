//! The table of verbs for the README.

use super::build::{GROUPS, heading, usage};
use crate::action::{ACTIONS, Spec};
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

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- verbs:begin -->";
    const END: &str = "<!-- verbs:end -->";

    #[test]
    fn every_verb_of_the_command_line_has_a_row() {
        let table = verbs_markdown();
        for row in ACTIONS.iter().filter(|row| row.cli) {
            let begin = format!("| `{}", row.name);
            assert!(table.lines().any(|line| line.starts_with(&begin) && line.contains(row.doc)), "{}", row.name);
        }
        assert!(table.contains(
            "| `run TOOL [--input JSON] [--set KEY=VALUE]… [--timeout DURATION] [--allow] [--jsonl]` | `r` |"
        ));
        assert!(table.contains(
            "| `approve REVIEW[=PREFIX]… [--digest PREFIX] [--reason REASON] [--role ROLE] [--override OVERRIDE] [--yes]` | `a` |"
        ));
    }

    #[test]
    fn the_readme_holds_the_table_as_it_is_now() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = std::fs::read_to_string(path).unwrap_or_default();
        let Some((before, rest)) = readme.split_once(BEGIN) else {
            eprintln!("the_readme_holds_the_table_as_it_is_now: README.md has no {BEGIN}, skipped");
            return;
        };
        let (held, after) = rest.split_once(END).expect("the markers come in pairs");
        let table = verbs_markdown();
        if std::env::var_os("TOOLSMITH_BLESS").is_some() {
            std::fs::write(path, format!("{before}{BEGIN}\n{table}{END}{after}")).unwrap();
            return;
        }
        assert_eq!(held.trim(), table.trim(), "TOOLSMITH_BLESS=1 cargo test writes it anew");
    }
}
