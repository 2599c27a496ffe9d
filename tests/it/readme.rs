//! The README: what a newcomer needs, in one sitting; and the register of programs in `docs/security.md`.

use crate::support::repository;
use std::fs;

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
fn the_readme_fits_one_sitting() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 250, "{} lines: move it into docs/", readme.lines().count());
}
