//! The bundled tools: their manifests fit the published schema, their examples fit their own
//! schemas, and their tests pass.

use crate::support::{Terminal, Workspace, repository};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use toolsmith::domain::{Stage, validate};

/// A bundled tool that has a manifest.
struct Bundled {
    /// `tool.toml` or the sidecar, relative to the repository.
    path: String,
    /// The folder its files lie in.
    folder: PathBuf,
    manifest: Value,
}

fn read_toml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::to_value(table).unwrap()
}

fn read_yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every manifest below `tools/`, by path.
fn bundled() -> Vec<Bundled> {
    let mut found = Vec::new();
    for stage in Stage::ALL {
        let folder = repository().join("tools").join(stage.word());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let (file, manifest) = if path.is_dir() {
                let file = path.join("tool.toml");
                let manifest = read_toml(&file);
                (file, manifest)
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                (path.clone(), read_yaml(&path))
            } else {
                continue;
            };
            let folder = file.parent().unwrap().to_path_buf();
            let path = file.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned();
            found.push(Bundled { path, folder, manifest });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl Bundled {
    fn list(&self, key: &str) -> &[Value] {
        self.manifest[key].as_array().map_or(&[], Vec::as_slice)
    }

    /// The entry file: as stated, else the script of the same stem beside a sidecar.
    fn entry(&self) -> PathBuf {
        match self.manifest["run"]["entry"].as_str() {
            Some(entry) => self.folder.join(entry),
            None => repository().join(&self.path).with_extension("py"),
        }
    }

    fn argv(&self) -> Vec<String> {
        let fill = |part: &Value| {
            let part = part.as_str().unwrap().replace("{file}", self.entry().to_str().unwrap());
            part.replace("{workspace}", repository().to_str().unwrap())
        };
        self.manifest["run"]["command"].as_array().unwrap().iter().map(fill).collect()
    }

    /// Runs it as the manifest says; `None` when its interpreter is not installed here.
    fn run(&self, input: &Value) -> Option<Output> {
        let argv = self.argv();
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.manifest["run"]["input"] == "env" {
            for (key, value) in input.as_object().unwrap() {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                command.env(format!("INPUT_{}", key.to_uppercase()), text);
            }
        }
        let Ok(mut child) = command.spawn() else {
            eprintln!("the_tests_of_the_bundled_tools_pass: {} needs {}, not installed", self.path, argv[0]);
            return None;
        };
        // A tool that takes no input from there may have closed it.
        let _ = child.stdin.take().unwrap().write_all(input.to_string().as_bytes());
        Some(child.wait_with_output().unwrap())
    }
}

#[test]
fn the_manifests_fit_the_published_schema() {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(repository().join("assets/manifest.schema.json")).unwrap()).unwrap();
    for tool in bundled() {
        assert_eq!(validate(&schema, &tool.manifest), vec![], "{}", tool.path);
    }
    for (wrong, place) in [
        (json!({"name": "../x", "description": "d", "run": {"command": ["x"]}}), "/name"),
        (json!({"name": "x", "description": "d", "run": {"command": "x"}}), "/run/command"),
        (json!({"name": "x", "description": "d", "run": {"command": ["x"], "timeout": "10"}}), "/run/timeout"),
        (json!({"name": "x", "description": "d", "run": {"command": ["x"]}, "input": {"type": "text"}}), "/input/type"),
    ] {
        let places: Vec<String> = validate(&schema, &wrong).into_iter().map(|violation| violation.path).collect();
        assert!(places.iter().any(|path| path == place), "{wrong}: {places:?}");
    }
}

#[test]
fn every_stage_and_every_form_has_its_samples() {
    let tools = bundled();
    let count = |prefix: &str| tools.iter().filter(|tool| tool.path.starts_with(prefix)).count();
    assert!(count("tools/core/") >= 3 && count("tools/approved/") >= 3 && count("tools/experimental/") >= 3);
    assert!(tools.iter().any(|tool| tool.path.ends_with("divide.yaml")), "no pair");
    assert!(repository().join("tools/experimental/slugify.py").exists(), "no bare script");
    for tool in &tools {
        let name = tool.manifest["name"].as_str().unwrap();
        assert!(tool.path.contains(&format!("/{name}")), "{} is named {name}", tool.path);
        assert!(tool.entry().is_file(), "{} has no entry file", tool.path);
        assert!(!tool.list("examples").is_empty() && !tool.list("tests").is_empty(), "{}", tool.path);
    }
}

#[test]
fn examples_and_tests_fit_the_schemas_of_their_tool() {
    for tool in bundled() {
        let (input, output) = (&tool.manifest["input"], &tool.manifest["output"]);
        for case in tool.list("examples").iter().chain(tool.list("tests")) {
            assert_eq!(validate(input, &case["input"]), vec![], "{}: {}", tool.path, case["input"]);
            let expected = case.get("output").or_else(|| case["expect"].get("exact"));
            if let Some(expected) = expected {
                assert_eq!(validate(output, expected), vec![], "{}: {expected}", tool.path);
            }
        }
    }
}

/// What a run did not do that was expected of it.
fn unmet(expect: &Value, output: &Output) -> Vec<String> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let printed: Option<Value> = serde_json::from_str(&stdout).ok();
    let mut unmet = Vec::new();
    if output.status.code().map(i64::from) != Some(expect["exit"].as_i64().unwrap_or(0)) {
        unmet.push(format!("exit code {:?}", output.status.code()));
    }
    if let Some(exact) = expect.get("exact").filter(|exact| printed.as_ref() != Some(exact)) {
        unmet.push(format!("not exactly {exact}"));
    }
    let texts = match &expect["contains"] {
        Value::String(text) => vec![text.as_str()],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    unmet.extend(texts.into_iter().filter(|text| !stdout.contains(text)).map(|text| format!("no {text:?}")));
    if let Some(schema) = expect.get("schema") {
        let violations = printed.as_ref().map_or_else(Vec::new, |value| validate(schema, value));
        unmet.extend(violations.into_iter().map(|violation| violation.message));
    }
    unmet
}

#[test]
fn the_tests_of_the_bundled_tools_pass() {
    for tool in bundled() {
        let examples = tool.list("examples").iter().filter(|example| example.get("output").is_some());
        // A demonstration that takes its time on purpose is covered by its tests.
        let examples = examples.filter(|example| example["input"]["seconds"].as_f64().unwrap_or(0.0) < 1.0);
        let cases = examples
            .map(|example| (&example["input"], json!({"exact": example["output"]})))
            .chain(tool.list("tests").iter().map(|test| (&test["input"], test["expect"].clone())));
        for (input, expect) in cases {
            let Some(output) = tool.run(input) else { continue };
            let stdout = String::from_utf8_lossy(&output.stdout);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(unmet(&expect, &output), Vec::<String>::new(), "{} {input}\n{stdout}\n{stderr}", tool.path);
        }
    }
}

/// Runs a program in a folder and asserts that it succeeds; a program that is not installed is skipped.
fn succeeds(folder: &Path, program: &str, args: &[&str]) {
    let Ok(output) = Command::new(program).args(args).current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1").output()
    else {
        eprintln!("the_own_tests_of_the_bundled_tools_pass: {program} is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {program} {args:?}\n{text}", folder.display());
}

#[test]
fn the_own_tests_of_the_bundled_tools_pass() {
    for tool in bundled() {
        let Ok(entries) = fs::read_dir(tool.folder.join("tests")) else { continue };
        for entry in entries {
            let file = format!("tests/{}", entry.unwrap().file_name().to_str().unwrap());
            match file.rsplit_once('.').unwrap().1 {
                "py" => succeeds(&tool.folder, "python3", &[&file]),
                "mjs" => succeeds(&tool.folder, "node", &["--test", &file]),
                "sh" => succeeds(&tool.folder, "bash", &[&file]),
                other => panic!("{} has a test nobody runs: {file} ({other})", tool.path),
            }
        }
    }
}

impl Bundled {
    /// Whether it reads what only a version that somebody vouched for may read.
    fn reads(&self) -> bool {
        self.manifest["permissions"]["read"].as_array().is_some_and(|paths| !paths.is_empty())
    }

    /// Runs an example in a workspace and gives the record of the run, what it printed, and the exit code.
    fn run_example(&self, workspace: &Workspace, example: &Value, how: &[&str]) -> (Value, Value, i32) {
        let name = self.manifest["name"].as_str().unwrap();
        let input = example["input"].to_string();
        let (answer, code) = workspace.json_of_human(&[&["run", name, "--input", &input], how].concat());
        let printed = serde_json::from_str(answer["stdout"].as_str().unwrap()).unwrap_or(Value::Null);
        (answer["run"].clone(), printed, code)
    }
}

/// Runs the examples of a tool and checks that each comes to what the manifest says.
fn examples_run(workspace: &Workspace, tool: &Bundled, how: &[&str]) {
    for example in tool.list("examples").iter().filter(|example| example["input"]["seconds"].is_null()) {
        let (run, printed, code) = tool.run_example(workspace, example, how);
        let fails = example["output"]["success"] == json!(false);
        let expected = if fails { ("failed", 1) } else { ("succeeded", 0) };
        assert_eq!((run["outcome"].as_str().unwrap(), code), expected, "{}: {run:#}\n{printed}", tool.path);
        assert!(example["output"].is_null() || example["output"] == printed, "{}: {printed}", tool.path);
    }
}

/// Vouches for the tools that came with the workspace, as a human at a terminal.
fn adopt(workspace: &Workspace) {
    let (reviews, _) = workspace.json(&["reviews"]);
    let review = reviews["reviews"].as_array().unwrap().iter().find(|review| review["kind"] == "adoption").unwrap();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap());
    let mut terminal = Terminal::toolsmith(
        workspace,
        &["approve", &id, "--digest", digest, "--unread", "--reason", "a test"],
        (120, 40),
    );
    assert_eq!(terminal.wait_end().exit_code(), 0, "{}", terminal.text());
}

#[test]
fn a_newcomer_sees_every_bundled_tool_and_its_examples_run() {
    let workspace = Workspace::new().with_bundled_tools();
    let (list, _) = workspace.json(&["list"]);
    assert_eq!((&list["total"], &list["problems"]), (&json!(bundled().len() + 1), &json!([])), "{list:#}");
    let runnable = |tool: &Bundled| {
        let row = list["tools"].as_array().unwrap().iter().find(|row| row["name"] == tool.manifest["name"]).unwrap();
        if row["runnable"] == json!(false) {
            eprintln!("a_newcomer_sees_every_bundled_tool_and_its_examples_run: {}: {}", row["name"], row["reason"]);
        }
        row["runnable"] != json!(false)
    };
    let (readers, others): (Vec<_>, Vec<_>) = bundled().into_iter().filter(runnable).partition(Bundled::reads);
    for tool in &others {
        examples_run(&workspace, tool, &[]);
    }
    // What declares to read the workspace sees none of it before somebody vouched for it.
    assert!(!readers.is_empty());
    for tool in &readers {
        let (run, printed, _) = tool.run_example(&workspace, &tool.list("examples")[0], &[]);
        assert_eq!(run["isolation"]["profile"], "strict", "{}: {run:#}", tool.path);
        assert_eq!(printed["files"].as_u64().unwrap_or(0), 0, "{}: {printed}", tool.path);
    }
    adopt(&workspace);
    for tool in &readers {
        // Vouched for is not yet allowed: what it declares is asked about once.
        let (run, printed, _) = tool.run_example(&workspace, &tool.list("examples")[0], &[]);
        assert_eq!((&run["outcome"], &printed), (&json!("refused"), &Value::Null), "{}: {run:#}", tool.path);
        examples_run(&workspace, tool, &["--allow"]);
    }
}
