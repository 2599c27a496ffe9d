//! Folders full of tools, the same for the same number.

use std::fs;
use std::path::Path;
use tempfile::TempDir;

const VERBS: [&str; 12] = [
    "collect",
    "compare",
    "convert",
    "count",
    "extract",
    "filter",
    "format",
    "merge",
    "rename",
    "split",
    "summarise",
    "validate",
];
const NOUNS: [&str; 11] = [
    "archive",
    "branch",
    "calendar",
    "changelog",
    "column",
    "header",
    "invoice",
    "manifest",
    "photo",
    "report",
    "schema",
];
const FOLDERS: [&str; 8] = ["core", "approved", "experimental", "data", "git", "search", "testing", "web"];

/// A workspace with so many tools: pairs of a Python script and a TOML sidecar, spread over folders.
pub fn workspace(tools: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder for the workload: {error}"));
    for number in 0..tools {
        write_tool(folder.path(), number).unwrap_or_else(|error| panic!("cannot write the workload: {error}"));
    }
    folder
}

/// The name of the tool of a number.
pub fn name(number: usize) -> String {
    format!("{}-{}-{number:06}", VERBS[number % VERBS.len()], NOUNS[number % NOUNS.len()])
}

fn write_tool(root: &Path, number: usize) -> std::io::Result<()> {
    let folder = root.join("tools").join(FOLDERS[number % FOLDERS.len()]);
    fs::create_dir_all(&folder)?;
    let (verb, noun) = (VERBS[number % VERBS.len()], NOUNS[number % NOUNS.len()]);
    let name = name(number);
    let manifest = format!(
        r#"name = "{name}"
version = "1.{}.0"
description = "{verb} every {noun} of a folder and print what changed"
kind = "command"
cost_tier = "low"
keywords = ["{verb}", "{noun}", "folder"]
use_cases = ["{verb} the {noun} of last month", "prepare a {noun} for review"]

[run]
command = ["python3", "{{file}}"]
input = "stdin-json"
timeout = "10s"

[input]
type = "object"
required = ["path"]

[input.properties.path]
type = "string"
description = "where the {noun} lies"
"#,
        number % 7
    );
    let script = format!(
        "\"\"\"{verb} every {noun}.\"\"\"\nimport json, sys\n\nrequest = json.load(sys.stdin)\nprint(json.dumps({{\"tool\": {number}, \"path\": request[\"path\"]}}))\n"
    );
    fs::write(folder.join(format!("{name}.toml")), manifest)?;
    fs::write(folder.join(format!("{name}.py")), script)
}
