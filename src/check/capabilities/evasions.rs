//! Small programs that hide their calls from an analysis of names, and harmless ones that look dangerous. The present
//! wrong answers are recorded, so that regressions are noticed and improvements are kept.

use super::scan;
use crate::check::source::Language;
use crate::domain::CapabilityKind as Kind;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/evasions")
}

/// The files of a folder by name, with their texts.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = entries.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect();
    files.sort();
    files
}

/// Whether the call on the line that ends with `#!KIND` or `//!KIND` is reported.
fn is_found(path: &str, text: &str) -> bool {
    let mark = |line: &str| line.rsplit_once("#!").or_else(|| line.rsplit_once("//!")).map(|(_, kind)| kind.to_owned());
    let mut marked = text.lines().zip(1u64..).filter_map(|(line, number)| Some((number, mark(line)?)));
    let (line, wanted) = marked.next().unwrap_or_else(|| panic!("{path} marks no line"));
    let found = scan(path, Language::of(path, text).unwrap(), text);
    // If code hides its behaviour, the finding says that it must be read with care.
    let is_it = |kind: Kind| {
        kind.word() == wanted || kind == Kind::Obfuscation || wanted == "shell" && matches!(kind, Kind::ShellText)
    };
    found.iter().any(|one| one.line == line && is_it(one.kind))
}

#[test]
fn what_is_answered_wrongly_is_written_down() {
    let mut wrong = String::new();
    for kind in ["python", "javascript"] {
        let all = files(&folder().join(kind));
        let missed = all.iter().filter(|(path, text)| !is_found(path, text));
        wrong.extend(missed.map(|(path, _)| format!("missed {kind}/{path}\n")));
        let kind = format!("harmless-{kind}");
        let all = files(&folder().join(&kind));
        let told = all.iter().filter(|(path, text)| !scan(path, Language::of(path, text).unwrap(), text).is_empty());
        wrong.extend(told.map(|(path, _)| format!("told {kind}/{path}\n")));
    }
    let list = folder().join("wrong.txt");
    if std::env::var_os("TOOLSMITH_BLESS").is_some() {
        fs::write(&list, &wrong).unwrap();
    }
    let known = fs::read_to_string(list).unwrap();
    let new: Vec<&str> = wrong.lines().filter(|line| !known.lines().any(|other| other == *line)).collect();
    let gone: Vec<&str> = known.lines().filter(|line| !wrong.lines().any(|other| other == *line)).collect();
    assert!(new.is_empty(), "worse than before: {new:#?}");
    assert!(gone.is_empty(), "better than before, so remove these lines from tests/data/evasions/wrong.txt: {gone:#?}");
}
