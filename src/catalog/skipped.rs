//! Which files in a shared folder look like tools and are none: code that nothing here runs, tests, configurations,
//! files that only pass on what others define.

use super::files::{UNFINISHED, is_left_out};
use super::plan::{ScanPlan, file_of, join};
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

/// What files are that hold no code, by extension.
const PLAIN: &[(&str, &[&str])] = &[
    ("text", &["md", "markdown", "mdx", "rst", "adoc", "txt", "tex", "org", "pdf", "doc", "docx", "odt", "rtf", "po"]),
    (
        "markup",
        &[
            "html", "htm", "css", "scss", "sass", "less", "vue", "svelte", "xml", "xsd", "xsl", "j2", "jinja", "tmpl",
            "hbs",
        ],
    ),
    ("image", &["png", "jpg", "jpeg", "gif", "svg", "ico", "icns", "webp", "bmp", "tiff", "drawio"]),
    (
        "media",
        &["mp3", "wav", "ogg", "flac", "mp4", "mov", "webm", "avi", "mkv", "ttf", "otf", "woff", "woff2", "pptx"],
    ),
    ("archive", &["zip", "gz", "tgz", "bz2", "xz", "tar", "7z", "jar", "whl", "apk", "deb", "rpm"]),
    (
        DATA,
        &[
            "csv", "tsv", "sql", "db", "sqlite", "sqlite3", "parquet", "xlsx", "xls", "ods", "log", "dat", "pkl",
            "npy", "geojson",
        ],
    ),
    (
        "config",
        &["ini", "cfg", "conf", "config", "env", "lock", "plist", "properties", "example", "sample", "in", "service"],
    ),
];

/// What else a file may be.
const KINDS: &[&str] = &[
    "type declarations",
    "test",
    "config",
    "minified",
    BUILT,
    "index",
    NO_ENTRIES,
    DATA,
    MODULE,
    ACTION,
    LINK,
    SkippedFile::API,
];

/// A kind of file by its word; `None` for a word that is none.
pub(super) fn kind(word: &str) -> Option<&'static str> {
    let languages = LANGUAGES.iter().map(|(_, language)| language);
    KINDS
        .iter()
        .chain(&SkippedFile::PLAIN)
        .chain([&SkippedFile::FOLDER])
        .chain(languages)
        .find(|known| **known == word)
        .copied()
}

/// What a file is that could hold several tools and holds none.
pub(super) const NO_ENTRIES: &str = "config";

/// What a document is that nothing in it calls a tool.
pub(super) const DATA: &str = "data";

/// What code is that a bundler made of other files.
const BUILT: &str = "built";

/// What the definition of an action is that GitHub starts.
const ACTION: &str = "GitHub action";

/// What a link is that leads to a folder that is searched where it lies, or to a file without an ending that says what it is: the
/// file has its own row where it lies.
pub(super) const LINK: &str = "link";

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

/// What a file is that holds neither code nor a document, by its name.
pub(super) fn plain_file(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let Some(extension) = extension else {
        let is_text = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "README", "AUTHORS", "CHANGELOG", "CODEOWNERS"];
        return if is_text.contains(&name) { "text" } else { "other" };
    };
    // Tests of code that nothing here runs.
    if name.split('.').rev().nth(1).is_some_and(|mark| matches!(mark, "test" | "spec")) && name.matches('.').count() > 1
    {
        return "test";
    }
    let found = PLAIN.iter().find(|(_, extensions)| extensions.contains(&extension.as_str()));
    found.map_or("other", |(kind, _)| kind)
}

/// What a file or folder is whose name is never looked at; `None` for what programs keep for themselves.
pub(super) fn passed_over(name: &str, is_folder: bool) -> Option<&'static str> {
    if name.starts_with(UNFINISHED) || matches!(name, "approval.toml" | "toolsmith.toml" | ".git" | "versions") {
        return None;
    }
    Some(match name.starts_with('.') {
        _ if is_folder => SkippedFile::FOLDER,
        true if !is_left_out(name) => "hidden",
        _ => "temporary",
    })
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
    if read.is_ok() && matches!(file_of(path), "action.yml" | "action.yaml") && (says("runs") || says("inputs")) {
        return ACTION;
    }
    if read.is_ok() && (says("openapi") || says("swagger")) && says("info") { SkippedFile::API } else { DATA }
}

/// Whether JavaScript hands tests to a program that runs them.
fn calls_tests(text: &str) -> bool {
    let begins = ["describe(", "describe.", "test(", "test.", "it(", "suite("];
    // What hands its own function on is code of the tests as well: `const verify = test.macro(…)`.
    let imports =
        ["from 'ava'", "from \"ava\"", "from 'vitest'", "require('tap')", "require('node:test')", "from 'node:test'"];
    !text.starts_with("#!")
        && (text.lines().any(|line| begins.iter().any(|word| line.starts_with(word)))
            || imports.iter().any(|mark| text.contains(mark)))
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
    if marked("min") && matches!(parts.last(), Some(&("js" | "mjs" | "cjs"))) {
        return Some("minified");
    }
    let is_output = file_of(at).starts_with("dist") || matches!(file_of(at), "build" | "out" | "lib");
    let is_javascript = matches!(parts.last(), Some(&("js" | "mjs" | "cjs")));
    if is_output && is_javascript && begin(plan, at, name).is_some_and(|text| is_built(&text)) {
        return Some(BUILT);
    }
    let is_among_tests = at.split('/').any(|part| matches!(part, "test" | "tests" | "__tests__" | "spec"));
    let is_script = is_javascript || matches!(parts.last(), Some(&("ts" | "mts" | "cts")));
    if is_among_tests && is_script && begin(plan, at, name).is_some_and(|text| calls_tests(&text)) {
        return Some("test");
    }
    if name.starts_with("test_") && parts.last() == Some(&"py") && !is_started(plan, at, name) {
        return Some("test");
    }
    let is_test_by_end =
        ["_test.py", "_spec.rb", "_test.rb", "_test.ts", "_test.js", "_test.mts"].iter().any(|end| name.ends_with(end));
    if is_test_by_end && !is_started(plan, at, name) && begin(plan, at, name).is_some_and(|text| holds_tests(&text)) {
        return Some("test");
    }
    if matches!(parts.last(), Some(&("ts" | "mts"))) {
        let text = begin(plan, at, name).filter(|text| (text.len() as u64) < BEGIN);
        if text.is_some_and(|text| only_declares_types(&text)) {
            return Some("type declarations");
        }
    }
    let is_index = matches!(name, "index.ts" | "index.mts" | "index.js" | "index.mjs" | "index.cjs");
    (is_index && begin(plan, at, name).is_some_and(|text| only_passes_on(&text))).then_some("index")
}

/// Whether a bundler made code of other files.
fn is_built(text: &str) -> bool {
    ["__webpack_", "webpackBootstrap", "__nccwpck_require__", "__toESM(", "__commonJS("]
        .iter()
        .any(|mark| text.contains(mark))
}

/// Whether code tests other code: a tool may be called `speed_test`.
fn holds_tests(text: &str) -> bool {
    ["def test", "import pytest", "unittest", "TestCase", "describe ", "describe(", "Deno.test", "Minitest"]
        .iter()
        .any(|mark| text.contains(mark))
}

/// Whether the `__init__.py` of a package defines its command line.
pub(super) fn starts_command_line(plan: &ScanPlan, at: &str, name: &str) -> bool {
    let marks = ["@click.command(", "@click.group(", "ArgumentParser(", "typer.Typer("];
    begin(plan, at, name).is_some_and(|text| marks.iter().any(|mark| text.contains(mark)))
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

/// Whether the begin of a document has words by which lists of tools describe these.
pub(super) fn may_describe_tools(plan: &ScanPlan, at: &str, name: &str) -> bool {
    let keys = ["parameters", "inputSchema", "input_schema", "\"function\"", "\"command\"", "\"run\""];
    let is_named = |begin: &str| {
        let first: String = begin.chars().filter(|c| !c.is_whitespace()).take(16).collect();
        first.trim_start_matches('[').starts_with("{\"name\":\"")
    };
    begin(plan, at, name).is_some_and(|begin| is_named(&begin) || keys.iter().any(|key| begin.contains(key)))
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

/// Whether TypeScript declares types and nothing else.
fn only_declares_types(text: &str) -> bool {
    const DECLARING: &[&str] =
        &["export type ", "export interface ", "export declare ", "type ", "interface ", "declare "];
    const BESIDE: &[&str] =
        &["import ", "export {", "export * ", "}", ")", "]", "|", ">", "//", "/*", "*", " ", "\t", "&"];
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let begins = |line: &str, words: &[&str]| words.iter().any(|word| line.starts_with(word));
    lines().any(|line| begins(line, DECLARING)) && lines().all(|line| begins(line, DECLARING) || begins(line, BESIDE))
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
    use crate::catalog::testing::Workspace;
    use crate::catalog::{Cache, scan};

    #[test]
    fn no_file_is_absent() {
        let workspace = Workspace::new();
        let others = ["README.md", "logo.PNG", "LICENSE", "data.csv", ".env", "x.py~", "strange.xyz", "plain"];
        for path in others.iter().chain(&["node_modules/a.js", ".github/x.yml", ".git/x", "own/README.md"]) {
            workspace.write(&format!("tools/{path}"), "x");
        }
        workspace.write("tools/own/tool.toml", "name = 'own'\ndescription = 'd'\n[run]\ncommand = ['ls']\n");
        workspace.write("tools/good.py", "pass\n");
        workspace.write("tools/description/good.txt", "Does good.\n");
        let found = scan(&workspace.plan(), &Cache::default(), &mut |_| {});
        let told: Vec<(&str, &str)> = found.skipped.iter().map(|file| (&file.path[6..], file.kind)).collect();
        let expected = [
            (".env", "hidden"),
            (".github/", "folder"),
            ("LICENSE", "text"),
            ("README.md", "text"),
            ("data.csv", "data"),
            ("logo.PNG", "image"),
            ("node_modules/", "folder"),
            ("plain", "other"),
            ("strange.xyz", "other"),
            ("x.py~", "temporary"),
        ];
        assert_eq!(told, expected);
        assert_eq!(found.skipped.iter().filter(|file| file.looks_like_tool()).count(), 1, "data may be a definition");
        assert_eq!((found.tools.len(), found.problems.len()), (2, 0));
        assert!(found.skipped.iter().all(|file| kind(file.kind) == Some(file.kind)), "kinds outlive the process");
    }

    #[test]
    fn what_github_starts_and_what_was_built_is_named() {
        let workspace = Workspace::new();
        workspace.write("tools/action.yml", "name: Make a request\ninputs:\n  token:\n    required: true\nruns:\n  using: node20\n  main: dist/index.js\n");
        workspace.write(
            "tools/dist/790.index.js",
            "exports.id = 790;\nexports.modules = {\n790: ((a, b, __webpack_require__) => {}) };\n",
        );
        workspace.write("tools/src_test.ts", "Deno.test('x', () => {});\n");
        workspace.write("tools/speed_test.ts", "console.log(1);\n");
        let found = scan(&workspace.plan(), &Cache::default(), &mut |_| {});
        let told: Vec<(&str, &str)> = found.skipped.iter().map(|file| (&file.path[6..], file.kind)).collect();
        assert_eq!(told, [("action.yml", ACTION), ("dist/790.index.js", BUILT), ("src_test.ts", "test")]);
        let names: Vec<&str> = found.tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!((names, found.problems.len()), (vec!["speed_test"], 0));
    }

    #[test]
    fn types_alone_are_nothing_to_run() {
        let text = "import { z } from 'z';\n/** A\n * b */\nexport interface A {\n  b: string;\n}\ntype C =\n  | 'a'\n  | 'b';\n";
        assert!(only_declares_types(text));
        for more in ["export const x = 1;\n", "main();\n", "export default function f() {\n}\n"] {
            assert!(!only_declares_types(&format!("{text}{more}")), "{more}");
        }
        assert!(!only_declares_types("import x from 'x';\n"));
    }

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
