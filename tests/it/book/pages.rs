//! The pages of the book, their links, and the commands that their sentences quote.

use super::console;
use crate::layering::words::retired;
use crate::support::repository;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// README, CONTRIBUTING, CHANGELOG and every page below `docs/`, as paths in the repository.
pub fn all() -> Vec<String> {
    let mut found = vec!["CHANGELOG.md".to_owned(), "CONTRIBUTING.md".to_owned(), "README.md".to_owned()];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(repository().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The text of a page.
pub fn read(page: &str) -> String {
    fs::read_to_string(repository().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// The lines outside of fenced blocks, each with its number.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut is_fenced = false;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            lines.push((at + 1, line));
        }
    }
    lines
}

/// The name by which forges and mdBook link to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> Vec<String> {
    prose(text).into_iter().filter(|(_, line)| line.starts_with('#')).map(|(_, line)| anchor(line)).collect()
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop();
            }
            part => path.push(part),
        }
        path
    })
}

/// The targets of the links of a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|part| part.split(')').next()).filter(|target| !target.contains("://"))
}

#[test]
fn every_link_of_every_page_leads_somewhere_in_the_repository() {
    for page in all() {
        let text = read(&page);
        for (at, line) in prose(&text) {
            for target in targets(line) {
                let (file, place) = target.split_once('#').unwrap_or((target, ""));
                let path = match file {
                    "" => PathBuf::from(&page),
                    file => plain(&Path::new(&page).parent().unwrap().join(file)),
                };
                assert!(repository().join(&path).exists(), "{page}:{at}: {target}");
                if !place.is_empty() {
                    let there = anchors(&read(path.to_str().unwrap()));
                    assert!(there.iter().any(|anchor| anchor == place), "{page}:{at}: {target} of {there:?}");
                }
            }
        }
    }
}

#[test]
fn the_summary_lists_every_page_of_the_book_once() {
    let summary = read("docs/SUMMARY.md");
    let mut listed: Vec<String> = summary.lines().flat_map(targets).map(|page| format!("docs/{page}")).collect();
    listed.sort();
    let pages: Vec<String> =
        all().into_iter().filter(|page| page.starts_with("docs/") && page != "docs/SUMMARY.md").collect();
    assert_eq!(listed, pages);
}

#[test]
fn verbs_and_flags_that_a_sentence_quotes_exist() {
    for page in all().into_iter().filter(|page| page != "CHANGELOG.md") {
        let text = read(&page);
        let joined = prose(&text).into_iter().map(|(_, line)| line).collect::<Vec<_>>().join(" ");
        for span in joined.split('`').skip(1).step_by(2).filter(|span| span.starts_with("toolsmith ")) {
            if let Err(fault) = console::quoted(span) {
                panic!("{page}: `{span}`: {fault}");
            }
        }
    }
}

#[test]
fn nothing_leads_out_of_the_repository_but_links_to_the_web() {
    for page in all() {
        assert!(!read(&page).contains("../shared"), "{page}");
    }
}

#[test]
fn commands_are_written_where_a_test_finds_them() {
    for page in all() {
        let text = read(&page);
        let shells = text.lines().filter(|line| matches!(line.trim(), "```sh" | "```bash" | "```shell")).count();
        // How to build, and how to verify a signature with OpenSSH alone, which a test of signatures runs.
        let allowed = match page.as_str() {
            "README.md" => 2,
            "docs/history.md" => 1,
            _ => 0,
        };
        assert!(shells <= allowed, "{page}: write `console`, so that its commands are run");
    }
}

#[test]
fn the_glossary_defines_its_terms_in_order() {
    let page = read("docs/glossary.md");
    let terms: Vec<String> =
        page.lines().filter_map(|line| line.strip_prefix("**")?.split("**").next()).map(str::to_lowercase).collect();
    assert!((30..=50).contains(&terms.len()), "{}", terms.len());
    let mut sorted = terms.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(terms, sorted);
}

#[test]
fn retired_words_are_not_in_the_book_the_settings_or_the_help() {
    let mut texts: Vec<(String, String)> = all().into_iter().map(|page| (read(&page), page)).collect();
    texts.extend(["assets/config.toml", "assets/toolsmith.toml"].map(|file| (read(file), file.to_owned())));
    texts.push((toolsmith::cli::command().render_long_help().to_string(), "help all".to_owned()));
    for (text, place) in texts {
        // What is between backquotes is a name, not prose.
        let prose: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        let found = retired(&prose);
        assert!(found.is_empty(), "{place} says {found:?}: write it in plain English");
    }
}
