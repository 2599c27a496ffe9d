//! The state that a tool keeps between its runs: which paths, and how much.

use super::{FileMode, VersionFile};
use serde::{Deserialize, Serialize};
use std::path::{Component, Path};

/// The default limit in bytes.
const USUAL_BYTES: u64 = 10 << 20;

/// The maximum limit in bytes: the state is copied for each run.
const MOST_BYTES: u64 = 64 << 20;

/// Maximum number of paths of one tool.
const MOST_PATHS: usize = 16;

/// The default folder.
const USUAL_PATH: &str = "state";

/// Extensions of files that a runtime loads as code.
const CODE: &[&str] = &[
    "awk", "bash", "bat", "cjs", "class", "cmd", "csh", "cts", "dll", "dylib", "egg", "el", "exe", "fish", "go", "jar",
    "jl", "js", "jsx", "ksh", "lua", "mjs", "mk", "mts", "node", "phar", "php", "pl", "pm", "ps1", "psm1", "pth", "py",
    "pyc", "pyd", "pyi", "pyo", "pyw", "pyz", "r", "rb", "sed", "sh", "so", "tcl", "ts", "tsx", "wasm", "whl", "zsh",
];

/// Folders in which runtimes look for code, and files that control this search.
const CODE_NAMES: &[&str] = &["__pycache__", "node_modules", "site-packages", "dist-packages", "package.json"];

/// Extensions of files that a first run may start with: they are read only by code that asks for them.
const DATA: &[&str] = &[
    "bin", "csv", "dat", "db", "html", "json", "jsonl", "log", "md", "ndjson", "sqlite", "sqlite3", "tsv", "txt", "xml",
];

/// Whether a runtime may load a path as code without being told by the tool, judged by its extension and by the folders
/// in which runtimes look.
pub fn is_loadable(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    CODE.contains(&ending) || name.contains(".so.") || path.split('/').any(|name| CODE_NAMES.contains(&name))
}

/// A file or folder that is kept, relative to the working folder of a run and to the folder of the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatePath {
    /// Its names, joined with `/`; never empty, without `.` and `..`.
    pub path: String,
    /// Whether it is a folder, which exists from the first run on. A file exists once the tool has written it.
    pub is_folder: bool,
}

impl StatePath {
    /// Reads a declared path. It is a file if its last name has an extension (`items.json`); otherwise, and with a
    /// trailing `/`, it is a folder.
    ///
    /// # Errors
    /// Why it cannot be kept.
    pub fn parse(text: &str) -> Result<StatePath, String> {
        if text.chars().any(|c| c.is_control() || super::is_hidden(c)) {
            return Err("it has a control character or a hidden one".to_owned());
        }
        let mut names = Vec::new();
        for part in Path::new(text).components() {
            match part {
                Component::Normal(name) => names.push(name.to_string_lossy()),
                Component::CurDir => {}
                Component::ParentDir => return Err("it leads out of the folder of the tool".to_owned()),
                Component::RootDir | Component::Prefix(_) => return Err("it is not relative".to_owned()),
            }
        }
        let Some(last) = names.last() else { return Err("it names the whole folder of the tool".to_owned()) };
        let is_folder = text.ends_with('/') || Path::new(last.as_ref()).extension().is_none();
        Ok(StatePath { path: names.join("/"), is_folder })
    }

    fn fault(&self, files: &[VersionFile], entry: Option<&str>) -> Option<String> {
        if is_loadable(&self.path) {
            return Some("a run could load it as code".to_owned());
        }
        if self.path.starts_with('.') {
            return Some("programs look for their settings in hidden files of the working folder".to_owned());
        }
        let is_around = |file: &&VersionFile| {
            self.path.strip_prefix(&file.path).is_some_and(|rest| rest.starts_with('/'))
                || !self.is_folder && file.path.strip_prefix(&self.path).is_some_and(|rest| rest.starts_with('/'))
        };
        if let Some(file) = files.iter().find(is_around) {
            return Some(format!("{} is a file of the tool", super::SafeText::new(&file.path)));
        }
        let is_code = |file: &&VersionFile| self.covers(&file.path) && (entry == Some(&*file.path) || !is_data(file));
        let file = files.iter().find(is_code)?;
        Some(format!("{} is a file of the tool that may be executed", super::SafeText::new(&file.path)))
    }

    /// Whether a relative path is this one or is inside it.
    pub fn covers(&self, path: &str) -> bool {
        path.strip_prefix(&self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether a file of a version contains only data, judged by its extension, its mode and its first bytes.
fn is_data(file: &VersionFile) -> bool {
    let ending = Path::new(&file.path).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_plain = file.mode == FileMode::Plain && !file.bytes.starts_with(b"#!") && !is_loadable(&file.path);
    is_plain && DATA.contains(&ending.to_ascii_lowercase().as_str())
}

/// The state that a tool keeps between its runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRule {
    /// The paths, none inside another.
    pub paths: Vec<StatePath>,
    /// Maximum total size in bytes.
    pub max_bytes: u64,
}

impl StateRule {
    /// The rule for declared paths and a declared limit; the defaults if absent.
    ///
    /// # Errors
    /// Why it is invalid: an invalid path, a path inside another, too many paths, a limit out of range.
    pub fn new(paths: &[String], max_bytes: Option<u64>) -> Result<StateRule, String> {
        let usual = [USUAL_PATH.to_owned()];
        let written = if paths.is_empty() { &usual[..] } else { paths };
        if written.len() > MOST_PATHS {
            return Err(format!("more than {MOST_PATHS} paths cannot be kept"));
        }
        let mut paths: Vec<StatePath> = Vec::new();
        for text in written {
            let path = StatePath::parse(text).map_err(|why| format!("{text:?} cannot be kept: {why}"))?;
            if paths.iter().any(|other| other.covers(&path.path) || path.covers(&other.path)) {
                return Err(format!("{text:?} is inside another kept path, or around one"));
            }
            paths.push(path);
        }
        let max_bytes = max_bytes.unwrap_or(USUAL_BYTES);
        if !(1..=MOST_BYTES).contains(&max_bytes) {
            return Err(format!("max is out of range: 1 byte to {} MiB", MOST_BYTES >> 20));
        }
        Ok(StateRule { paths, max_bytes })
    }

    /// Whether a relative path is kept.
    pub fn keeps(&self, path: &str) -> bool {
        self.paths.iter().any(|kept| kept.covers(path))
    }

    /// Why the state could become code of the tool, and what to declare instead. The state is written by a run and
    /// never reviewed, so it must not be, replace or shadow code that a later run executes. `entry` is the file that is
    /// started.
    pub fn fault(&self, files: &[VersionFile], entry: Option<&str>) -> Option<String> {
        self.paths.iter().find_map(|kept| {
            let why = kept.fault(files, entry)?;
            let path = super::SafeText::new(&kept.path);
            Some(format!(
                "[state] cannot keep {path}: {why}; keep a folder of its own that holds data only, for example path = \"data\""
            ))
        })
    }

    /// One line for a reader: `temp/buffers, at most 10.0 MiB`.
    pub fn summary(&self) -> String {
        let paths: Vec<&str> = self.paths.iter().map(|path| path.path.as_str()).collect();
        format!("{}, at most {}", paths.join(", "), super::size(self.max_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_the_folder_of_the_tool() {
        for (text, wanted) in [
            ("data", Some(("data", true))),
            ("./temp/buffers/", Some(("temp/buffers", true))),
            ("items.json", Some(("items.json", false))),
            ("v1.2/", Some(("v1.2", true))),
            ("../data", None),
            ("a/../../b", None),
            ("/data", None),
            (".", None),
            ("", None),
            ("a\u{202e}b", None),
            ("a\nb", None),
        ] {
            let found = StatePath::parse(text).ok();
            assert_eq!(found.as_ref().map(|path| (path.path.as_str(), path.is_folder)), wanted, "{text:?}");
        }
    }

    #[test]
    fn nothing_that_a_run_may_execute_is_kept() {
        let file = |path: &str, text: &str, mode| VersionFile { path: path.to_owned(), mode, bytes: text.into() };
        let files = [
            file("t.py", "import json", FileMode::Plain),
            file("lib/util.py", "", FileMode::Plain),
            file("bin/go", "#!/bin/sh", FileMode::Executable),
            file("Makefile", "all:", FileMode::Plain),
            file("seed/words.txt", "a", FileMode::Plain),
            file("mixed/run.txt", "#!/bin/sh", FileMode::Plain),
            file("start.txt", "print(1)", FileMode::Plain),
        ];
        let fault = |path: &str| {
            let rule = StateRule::new(&[path.to_owned()], None).unwrap();
            rule.fault(&files, Some("start.txt"))
        };
        // The control: a separate folder, a separate file, and a folder with initial data.
        for path in ["data", "items.json", "seed", "a/b/c.db", "json"] {
            assert_eq!(fault(path), None, "{path}");
        }
        for path in [
            "t.py",
            "t.py/",
            "t.py/x",
            "lib",
            "lib/util.py",
            "bin",
            "bin/go",
            "Makefile",
            "mixed",
            "start.txt",
            "helper.py",
            "data/x.so",
            "x.so.1",
            "node_modules",
            "node_modules/a",
            "a/__pycache__",
            ".local",
            ".gitconfig",
            "X.PY",
        ] {
            let why = fault(path).unwrap_or_else(|| panic!("{path}"));
            assert!(why.contains(path.trim_end_matches('/')) && why.ends_with("path = \"data\""), "{why}");
        }
    }

    #[test]
    fn a_rule_says_what_is_kept_and_how_much() {
        let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let usual = StateRule::new(&[], None).unwrap();
        assert_eq!(usual.summary(), "state, at most 10.0 MiB");
        assert!(usual.keeps("state") && usual.keeps("state/a/b") && !usual.keeps("states"));
        assert!(StateRule::new(&words(&["a", "a/b"]), None).is_err());
        assert!(StateRule::new(&words(&["a/b", "a"]), None).is_err());
        assert!(StateRule::new(&[], Some(0)).is_err());
        assert!(StateRule::new(&[], Some(u64::MAX)).is_err());
        assert!(StateRule::new(&vec!["x".to_owned(); 17], None).is_err());
    }
}
