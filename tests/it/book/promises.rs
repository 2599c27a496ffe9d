//! The promises of the screen: each names tests, and every test that is named exists.

use super::pages::read;
use crate::support::repository;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// The tests in the sources.
fn tests_in(folder: &Path, names: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_in(&path, names);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let tests = text.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn "));
            let found = tests.filter_map(|(_, rest)| rest.split(['(', '<']).next());
            names.extend(found.map(str::to_owned));
        }
    }
}

#[test]
fn every_promise_of_the_screen_names_tests_that_exist() {
    let mut names = HashSet::new();
    for folder in ["src", "tests"] {
        tests_in(&repository().join(folder), &mut names);
    }
    let page = read("docs/terminal.md");
    let rows: Vec<(u32, &str)> = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            Some((cells.next()?.parse().ok()?, cells.last()?))
        })
        .collect();
    for (number, cell) in &rows {
        let tests: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "promise {number} names no test");
        for test in tests {
            assert!(names.contains(test), "promise {number}: there is no test {test}");
        }
    }
    let told: Vec<u32> = rows.iter().map(|(number, _)| *number).collect();
    let missing: Vec<u32> = (1..=28).filter(|number| !told.contains(number)).collect();
    assert_eq!(missing, Vec::<u32>::new(), "promises without a row");
}
