//! The README: what can be derived from the program is compared with it.

use crate::support::repository;
use std::fmt::Write;
use std::fs;
use toolsmith::action::{ACTIONS, Group, Spec};

const BEGIN: &str = "<!-- keys:begin -->\n";
const END: &str = "<!-- keys:end -->";

fn heading(group: Group) -> &'static str {
    match group {
        Group::Catalog => "Catalog",
        Group::Run => "Run",
        Group::Make => "Make",
        Group::Review => "Review",
        Group::Lifecycle => "Lifecycle",
        Group::History => "History",
        Group::Workbench => "Workbench",
        Group::Motion => "Motion",
    }
}

/// The keys of everything that is no verb of the command line.
fn keys_table() -> String {
    let rows: Vec<&Spec> = ACTIONS.iter().filter(|row| row.tui && !row.cli).collect();
    let mut text = "| | key | does |\n| --- | --- | --- |\n".to_owned();
    let mut last = None;
    for row in rows {
        let group = if last == Some(row.group) { "" } else { heading(row.group) };
        last = Some(row.group);
        let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
        let _ = writeln!(text, "| {group} | {} | {} |", keys.join(" "), row.doc);
    }
    text
}

#[test]
fn the_table_of_keys_is_that_of_the_program() {
    let path = repository().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("README.md has no table of keys");
    let (held, after) = rest.split_once(END).expect("the markers come in pairs");
    if std::env::var_os("TOOLSMITH_BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", keys_table())).unwrap();
        return;
    }
    assert_eq!(held, keys_table(), "TOOLSMITH_BLESS=1 cargo test writes it anew");
}

#[test]
fn the_register_of_outside_programs_is_that_of_the_program() {
    const BEGIN: &str = "<!-- programs:begin -->\n";
    const END: &str = "<!-- programs:end -->";
    let path = repository().join("docs/security.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("docs/security.md has no register");
    let (held, after) = rest.split_once(END).expect("the markers come in pairs");
    if std::env::var_os("TOOLSMITH_BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", toolsmith::outside::table())).unwrap();
        return;
    }
    assert_eq!(held, toolsmith::outside::table(), "TOOLSMITH_BLESS=1 cargo test writes it anew");
}

#[test]
fn every_row_of_the_register_is_attacked_by_a_test_that_exists() {
    for entry in toolsmith::outside::REGISTER {
        for case in entry.case.split(", ") {
            let (module, test) = case.rsplit_once("::").unwrap();
            let file = repository().join("tests/it").join(module.replace("::", "/")).with_extension("rs");
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert!(text.contains(&format!("#[test]\nfn {test}()")), "{case}");
        }
    }
}

#[test]
fn the_two_commands_stand_alone_on_their_lines() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    for command in ["cargo run --release", "cargo test"] {
        assert!(readme.lines().any(|line| line == command), "{command}");
    }
}

#[test]
fn every_link_to_a_file_of_the_repository_leads_somewhere() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    for part in readme.split("](").skip(1) {
        let target = part.split(')').next().unwrap();
        if !target.contains("://") {
            assert!(repository().join(target).exists(), "{target}");
        }
    }
}
