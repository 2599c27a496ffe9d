//! Which files in a shared folder look like tools and are none: code that nothing here runs, tests, configurations,
//! files that only pass on what others define.

use super::plan::{ScanPlan, join};
use crate::domain::SkippedFile;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

/// Extensions of languages that nothing here runs.
const LANGUAGES: &[(&str, &str)] = &[
    ("applescript", "AppleScript"),
    ("scpt", "AppleScript"),
    ("swift", "Swift"),
    ("ps1", "PowerShell"),
    ("psm1", "PowerShell"),
    ("bat", "batch"),
    ("cmd", "batch"),
    ("vbs", "VBScript"),
    ("fish", "fish"),
    ("awk", "awk"),
    ("go", "Go"),
    ("rs", "Rust"),
    ("java", "Java"),
    ("kt", "Kotlin"),
    ("cs", "C#"),
    ("c", "C"),
    ("cpp", "C++"),
    ("r", "R"),
    ("jl", "Julia"),
    ("ex", "Elixir"),
    ("exs", "Elixir"),
    ("dart", "Dart"),
    ("ipynb", "notebook"),
];

/// What else a file may be.
const KINDS: &[&str] = &["type declarations", "test", "config", "index", NO_ENTRIES, DATA, MODULE, SkippedFile::API];

/// A kind of file by its word; `None` for a word that is none.
pub(super) fn kind(word: &str) -> Option<&'static str> {
    let languages = LANGUAGES.iter().map(|(_, language)| language);
    KINDS.iter().chain(languages).find(|known| **known == word).copied()
}

/// What a file is that could hold several tools and holds none.
pub(super) const NO_ENTRIES: &str = "config";

/// What a document is that nothing in it calls a tool.
pub(super) const DATA: &str = "data";

/// What a script is that only defines what the other files of its package take.
pub(super) const MODULE: &str = "module";
/// Bytes of the begin of a document that say whether it describes an API.
const API_BEGIN: u64 = 4 * 1024;

/// Bytes of the begin of a file that say what it is.
const BEGIN: u64 = 64 * 1024;

/// What a file is that is no script and no manifest; `None` for what nobody takes for a tool.
pub(super) fn other_file(name: &str) -> Option<&'static str> {
    if name.ends_with(".d.ts") {
        return Some("type declarations");
    }
    let (_, extension) = name.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    LANGUAGES.iter().find(|(known, _)| *known == extension).map(|(_, language)| *language)
}

/// What a document is that nothing in it calls a tool, by how it begins.
pub(super) fn data(plan: &ScanPlan, path: &str) -> &'static str {
    let mut begin = Vec::new();
    let read = std::fs::File::open(plan.on_disk(path)).and_then(|file| file.take(API_BEGIN).read_to_end(&mut begin));
    let text = String::from_utf8_lossy(&begin);
    let says = |key: &str| {
        let lines = || text.lines().map(str::trim_start);
        lines().any(|line| line.starts_with(&format!("{key}:"))) || text.contains(&format!("\"{key}\""))
    };
    if read.is_ok() && (says("openapi") || says("swagger")) && says("info") { SkippedFile::API } else { DATA }
}

/// What a script is that stands alone and is no tool.
pub(super) fn no_tool(plan: &ScanPlan, at: &str, name: &str) -> Option<&'static str> {
    let parts: Vec<&str> = name.split('.').collect();
    let marked = |mark: &str| parts.len() > 2 && parts[1..parts.len() - 1].contains(&mark);
    if marked("test") || marked("spec") {
        return Some("test");
    }
    if marked("config") {
        return Some("config");
    }
    if name.starts_with("test_") && parts.last() == Some(&"py") && !is_started(plan, at, name) {
        return Some("test");
    }
    let is_test_by_end = ["_test.py", "_spec.rb", "_test.rb"].iter().any(|end| name.ends_with(end));
    if is_test_by_end && !is_started(plan, at, name) && begin(plan, at, name).is_some_and(|text| holds_tests(&text)) {
        return Some("test");
    }
    let is_index = matches!(name, "index.ts" | "index.mts" | "index.js" | "index.mjs" | "index.cjs");
    (is_index && begin(plan, at, name).is_some_and(|text| only_passes_on(&text))).then_some("index")
}

/// Whether code tests other code: a tool may be called `speed_test`.
fn holds_tests(text: &str) -> bool {
    ["def test_", "import pytest", "unittest", "describe ", "Minitest"].iter().any(|mark| text.contains(mark))
}

/// Whether somebody made a script ready to be started by its name.
fn is_started(plan: &ScanPlan, at: &str, name: &str) -> bool {
    let meta = plan.on_disk(&join(at, name)).metadata();
    meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        && begin(plan, at, name).is_some_and(|text| text.starts_with("#!"))
}

/// Whether a file of JSON Lines describes tools, by its first line.
pub(super) fn describes_tools(plan: &ScanPlan, at: &str, name: &str) -> bool {
    let Some(begin) = begin(plan, at, name) else { return false };
    let first = begin.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let has = |key: &str| first.contains(&format!("\"{key}\""));
    has("name") && ["parameters", "inputSchema", "input_schema", "function"].into_iter().any(has)
}

/// The begin of a regular file as text; `None` for anything else.
fn begin(plan: &ScanPlan, at: &str, name: &str) -> Option<String> {
    let path = plan.on_disk(&join(at, name));
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    std::fs::File::open(&path).ok()?.take(BEGIN).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether JavaScript only exports what other files define. A file that is longer than its begin says more.
fn only_passes_on(text: &str) -> bool {
    let is_long = text.len() as u64 >= BEGIN;
    let mut exports = 0;
    let mut statement = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if statement.is_empty() && (line.starts_with("//") || line.starts_with("/*") || line.starts_with('*')) {
            continue;
        }
        statement.push_str(line);
        let is_whole = !statement.contains('{') || statement.contains('}');
        if !is_whole {
            continue;
        }
        let passes_on =
            ["export *", "export {", "export type {", "export{"].iter().any(|begin| statement.starts_with(begin));
        if !(passes_on && statement.contains(" from ")
            || statement == "'use strict';"
            || statement == "\"use strict\";")
        {
            return false;
        }
        exports += usize::from(passes_on);
        statement.clear();
    }
    exports > 0 && statement.is_empty() && !is_long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_only_exports_defines_nothing() {
        assert!(only_passes_on("// all\nexport * from './a';\nexport {\n  b,\n  c,\n} from './b.js';\n"));
        assert!(only_passes_on("export type { A } from \"./a\"\n"));
        for text in
            ["", "export const a = 1;", "export * from './a';\nmain();", "import x from './x';\nx();", "export { x };"]
        {
            assert!(!only_passes_on(text), "{text}");
        }
    }
}
