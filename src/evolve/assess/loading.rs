//! Which files of a version are loaded, and whether an answer changed any of them.

use crate::code::metadata::ScriptBlock;
use std::collections::{BTreeMap, BTreeSet};

/// Files that tools of a language find by name, besides [`NEEDS`].
const KNOWN: &[&str] = &["__init__.py", "__main__.py", "conftest.py", "tsconfig.json"];

/// Files that list the packages that code needs. Tools of a language find them by name.
const NEEDS: &[&str] = &[
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "package.json",
    "package-lock.json",
    "deno.json",
    "go.mod",
    "Cargo.toml",
    "Gemfile",
    "uv.lock",
];

/// Extensions of code files, which are omitted when the files are loaded.
const CODE: &[&str] = &["py", "js", "mjs", "cjs", "ts", "mts", "cts", "jsx", "tsx", "sh", "bash", "rb", "pl", "lua"];

/// The files of both versions under the same paths, without provenance.
#[derive(Debug, Clone, Copy)]
pub struct VersionTexts<'a> {
    /// Texts of the previous version, by path.
    pub before: &'a BTreeMap<String, String>,
    /// Texts of the new version, by path.
    pub after: &'a BTreeMap<String, String>,
    /// The file that is started.
    pub entry: Option<&'a str>,
    /// The manifest, which is not code.
    pub manifest: Option<&'a str>,
}

impl VersionTexts<'_> {
    /// The code of a version as one text.
    pub(super) fn code(&self, of: &BTreeMap<String, String>) -> String {
        of.iter().filter(|(path, _)| Some(path.as_str()) != self.manifest).map(|(_, text)| text.as_str()).collect()
    }

    /// New files that nothing loads.
    pub(super) fn unloaded(&self) -> Vec<&str> {
        let loaded = self.loaded();
        let fresh = self.after.keys().map(String::as_str).filter(|path| !self.before.contains_key(*path));
        fresh.filter(|path| !loaded.contains(path) && !is_found_by_name(path)).collect()
    }

    /// Whether a loaded file changed, or one that lists what the code needs; comments and layout do not count.
    pub(super) fn changes_code(&self) -> bool {
        let loaded = self.loaded();
        let is_code = |path: &&str| (loaded.contains(path) || lists_needs(path)) && Some(*path) != self.manifest;
        let all = self.before.keys().chain(self.after.keys()).map(String::as_str).filter(is_code);
        all.into_iter().any(|path| said(self.before, path) != said(self.after, path))
    }

    /// The started file, and each file that a loaded file or the manifest names.
    pub(super) fn loaded(&self) -> BTreeSet<&str> {
        let mut loaded: BTreeSet<&str> = self.entry.into_iter().chain(self.manifest).collect();
        if self.entry.is_none() {
            loaded.extend(self.before.keys().map(String::as_str));
        }
        let mut open: Vec<&str> = loaded.iter().copied().collect();
        while let Some(path) = open.pop() {
            let Some(text) = self.after.get(path) else { continue };
            let text = statements(text).join("\n");
            for other in self.after.keys().map(String::as_str) {
                if !loaded.contains(other) && names(&text, other) {
                    loaded.insert(other);
                    open.push(other);
                }
            }
        }
        loaded
    }
}

/// The relevant text of a file, and what its script header (PEP 723) requires: a comment for Python, but it decides with
/// which packages and interpreter the file runs. `None` if the file does not exist.
fn said<'a>(files: &'a BTreeMap<String, String>, path: &str) -> Option<(Vec<&'a str>, Option<toml::Table>)> {
    files.get(path).map(|text| (statements(text), ScriptBlock::of(text).map(|block| block.table)))
}

/// Whether a file lists the packages that code runs with.
fn lists_needs(path: &str) -> bool {
    NEEDS.contains(&path.rsplit('/').next().unwrap_or(path))
}

/// Whether a text names a file: by its name, or as a module by its name without the extension.
fn names(text: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_word = |word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    };
    is_word(name) || CODE.contains(&ending) && is_word(if stem == "__init__" { parent(path) } else { stem })
}

fn parent(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or(path)
}

/// Whether a file is found by its name alone: tests, package lists.
fn is_found_by_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_test = name.starts_with("test_") || name.contains(".test.") || name.contains("_test.");
    is_test || path.split('/').any(|part| part == "tests") || KNOWN.contains(&name) || NEEDS.contains(&name)
}

/// The relevant lines.
fn statements(text: &str) -> Vec<&str> {
    let is_comment = |line: &str| {
        ["#", "//", "/*", "* ", "*/", "--"].iter().any(|mark| line.starts_with(mark)) && !line.starts_with("#!")
            || line == "*"
    };
    text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !is_comment(line.trim_start())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_file_is_loaded_by_what_is_started_not_by_a_comment() {
        let before = texts(&[("a.py", "print(1)\n"), ("tool.toml", "name = \"a\"\n")]);
        let unloaded = |files: &[(&str, &str)]| -> Vec<String> {
            let after = texts(files);
            let both =
                VersionTexts { before: &before, after: &after, entry: Some("a.py"), manifest: Some("tool.toml") };
            both.unloaded().into_iter().map(str::to_owned).collect()
        };
        let notes = ("NOTES.md", "I fixed it");
        assert_eq!(unloaded(&[("a.py", "# see NOTES.md\nprint(1)\n"), notes]), ["NOTES.md"]);
        assert!(
            unloaded(&[("a.py", "import rows\n"), ("rows.py", "open('data.csv')\n"), ("data.csv", "1")]).is_empty()
        );
        assert_eq!(unloaded(&[("a.py", "print(1)\n"), ("rows.py", "x = 1\n")]), ["rows.py"]);
        assert!(unloaded(&[("a.py", "print(1)\n"), ("tests/test_a.py", ""), ("requirements.txt", "")]).is_empty());
    }

    #[test]
    fn comments_and_layout_change_nothing() {
        let before = texts(&[("a.py", "print(1)\n")]);
        let changes = |text: &str| {
            let after = texts(&[("a.py", text), ("NOTES.md", "x")]);
            VersionTexts { before: &before, after: &after, entry: Some("a.py"), manifest: None }.changes_code()
        };
        assert!(!changes("# fixed\n\nprint(1)   \n"));
        assert!(changes("# /// script\n# dependencies = [\"PyYAML\"]\n# ///\nprint(1)\n"), "other packages");
        assert!(changes("#!/usr/bin/env python3.12\nprint(1)\n"), "another interpreter");
        assert!(changes("print(2)\n"));
        let after = texts(&[("a.py", "print(1)\n"), ("requirements.txt", "six\n")]);
        assert!(VersionTexts { before: &before, after: &after, entry: Some("a.py"), manifest: None }.changes_code());
    }
}
