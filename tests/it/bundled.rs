//! The bundled tools: their manifests fit the published schema, their examples fit their own
//! schemas, and their tests pass.

use crate::needs;
use crate::support::{Terminal, Workspace, copy_folder, repository};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use toolsmith::domain::{Stage, validate};
use toolsmith::engine::StarterTool;

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

/// The starter tools: those among the core and approved ones.
fn starter() -> Vec<Bundled> {
    let mut tools = bundled();
    tools.retain(|tool| tool.path.starts_with("tools/core/") || tool.path.starts_with("tools/approved/"));
    tools
}

/// Does something with every tool, some of them side by side.
fn side_by_side(tools: &[Bundled], work: impl Fn(&Bundled) + Sync) {
    let rows = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for row in 0..rows {
            let work = &work;
            scope.spawn(move || tools.iter().skip(row).step_by(rows).for_each(work));
        }
    });
}

impl Bundled {
    fn name(&self) -> &str {
        self.manifest["name"].as_str().unwrap()
    }

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
    side_by_side(&bundled(), |tool| {
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
    });
}

#[test]
fn the_starter_tools_are_complete_and_cover_nine_categories_in_three_languages() {
    let tools = starter();
    assert!(tools.len() >= 33, "{} starter tools", tools.len());
    let (mut categories, mut languages) = (BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
    for tool in &tools {
        *categories.entry(tool.manifest["category"].as_str().unwrap().to_owned()).or_default() += 1;
        let entry = tool.entry();
        *languages.entry(entry.extension().unwrap().to_str().unwrap().to_owned()).or_default() += 1;
        for list in ["keywords", "tags", "use_cases", "capabilities", "examples", "tests"] {
            assert!(!tool.list(list).is_empty(), "{} has no {list}", tool.path);
        }
        for key in ["cost_tier", "input", "output", "limits", "permissions"] {
            assert!(!tool.manifest[key].is_null(), "{} has no {key}", tool.path);
        }
        assert!(tool.list("tests").len() >= 2, "{} has fewer than two tests", tool.path);
    }
    for category in
        ["core", "filesystem", "git", "search", "web", "database", "docker", "testing", "refactoring", "data"]
    {
        assert!(categories.get(category).is_some_and(|count| *count >= 2), "{category}: {categories:?}");
    }
    for language in ["py", "mjs", "sh"] {
        assert!(languages.get(language).is_some_and(|count| *count >= 5), "{language}: {languages:?}");
    }
}

/// Files of a folder and of those below it, relative to it, in order.
fn files_below(folder: &Path, prefix: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        match entry.path().is_dir() {
            true if name.ends_with("__pycache__") => {}
            true => files.extend(files_below(&entry.path(), &format!("{name}/"))),
            false => files.push(name),
        }
    }
    files.sort();
    files
}

#[test]
fn the_program_holds_the_starter_tools_of_the_repository() {
    let mut rows = String::new();
    for tool in starter() {
        let home = tool.path.trim_start_matches("tools/").trim_end_matches("/tool.toml");
        let files: Vec<String> = files_below(&tool.folder, "").iter().map(|file| format!("\"{file}\"")).collect();
        writeln!(rows, "    tool!(\"{home}\": {}),", files.join(", ")).unwrap();
    }
    let path = repository().join("src/engine/settings/starter/files.rs");
    let held = fs::read_to_string(&path).unwrap();
    let begin = "TOOLS: &[StarterTool] = &[\n";
    let (before, rest) = held.split_once(begin).unwrap();
    let (table, after) = rest.split_once("];").unwrap();
    if std::env::var_os("TOOLSMITH_BLESS").is_some() {
        fs::write(&path, format!("{before}{begin}{rows}];{after}")).unwrap();
        return;
    }
    assert_eq!(table, rows, "TOOLSMITH_BLESS=1 cargo test writes it anew");
    for tool in StarterTool::all() {
        for file in tool.files() {
            let on_disk = fs::read(repository().join(tool.folder()).join(&file.path)).unwrap();
            assert!(on_disk == file.bytes, "{}/{} differs from the one compiled in", tool.folder(), file.path);
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

    /// What unlocks a tool that costs more than low.
    fn unlocking(&self) -> &'static [&'static str] {
        if self.manifest["cost_tier"] == "low" { &[] } else { &["--allow"] }
    }

    /// Runs an example in a workspace and gives the record of the run, what it printed, and the exit code.
    fn run_example(&self, workspace: &Workspace, example: &Value, how: &[&str]) -> (Value, Value, i32) {
        let input = example["input"].to_string();
        let (answer, code) = workspace.json_of_human(&[&["run", self.name(), "--input", &input], how].concat());
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

/// A repository with the bundled tools and what their examples ask about; at this level of isolation.
fn furnished(level: &str) -> Workspace {
    let workspace = Workspace::new().with_bundled_tools();
    if level == "confined" {
        let settings = "[isolation]\nbubblewrap = \"off\"\n";
        let config = workspace.home().join("toolsmith/config/config.toml");
        fs::create_dir_all(config.parent().unwrap()).unwrap();
        fs::write(config, settings).unwrap();
    }
    fs::create_dir(workspace.path("data")).unwrap();
    let made =
        "import sqlite3; d = sqlite3.connect('data/app.db'); d.execute('CREATE TABLE users (id INTEGER)'); d.commit()";
    succeeds(&workspace.root(), "python3", &["-c", made]);
    workspace.with_git()
}

/// Whether an answer holds nothing of the workspace: a refusal, or empty lists.
fn says_nothing(printed: &Value) -> bool {
    let is_empty = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
    printed["success"] == json!(false) || printed.as_object().is_some_and(|fields| fields.values().all(is_empty))
}

/// Runs the examples of every starter tool at a level, before and after the set is adopted.
fn examples_run_at(level: &str) {
    let workspace = furnished(level);
    let (list, _) = workspace.json(&["list"]);
    let tools: Vec<Bundled> = starter()
        .into_iter()
        .filter(|tool| {
            list["tools"]
                .as_array()
                .unwrap()
                .iter()
                .any(|row| row["name"] == tool.name() && row["runnable"] == json!(true))
        })
        .collect();
    assert!(tools.iter().any(Bundled::reads));
    side_by_side(&tools, |tool| {
        if !tool.reads() {
            return examples_run(&workspace, tool, tool.unlocking());
        }
        // What declares to read the workspace sees none of it before somebody vouched for it.
        let (run, printed, _) = tool.run_example(&workspace, &tool.list("examples")[0], tool.unlocking());
        assert_eq!(run["isolation"]["profile"], "strict", "{}: {run:#}", tool.path);
        assert_eq!(run["isolation"]["level"], level, "{}: {run:#}", tool.path);
        assert!(says_nothing(&printed), "{}: {printed}", tool.path);
    });
    let mut terminal = Terminal::toolsmith(&workspace, &["starter", "--yes"], (120, 40));
    assert_eq!(terminal.wait_end().exit_code(), 0, "{}", terminal.text());
    let readers: Vec<Bundled> = tools.into_iter().filter(Bundled::reads).collect();
    // The look at what they declare was the question: only what costs more than low is asked about again.
    side_by_side(&readers, |tool| examples_run(&workspace, tool, tool.unlocking()));
}

#[test]
fn the_examples_of_the_starter_tools_run_confined() {
    examples_run_at("confined");
}

#[test]
fn the_examples_of_the_starter_tools_run_isolated() {
    if needs::has(&[&needs::BUBBLEWRAP]) {
        examples_run_at("isolated");
    }
}

/// Checks every starter tool in a workspace of its own settings; no check warns or fails.
fn checks_pass(settings: &str) {
    let workspace = Workspace::new();
    for stage in ["core", "approved"] {
        copy_folder(&repository().join("tools").join(stage), &workspace.path(&format!("tools/{stage}")));
    }
    let config = workspace.home().join("toolsmith/config/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(config, settings).unwrap();
    side_by_side(&starter(), |tool| {
        let (answer, code) = workspace.json(&["check", tool.name()]);
        let checks = answer["verdict"]["checks"].as_array().unwrap_or_else(|| panic!("{}: {answer:#}", tool.path));
        let fine = ["passed", "skipped", "unavailable"];
        let bad: Vec<&Value> =
            checks.iter().filter(|check| !fine.contains(&check["state"].as_str().unwrap())).collect();
        assert!(bad.is_empty() && code == 0, "{}: {bad:#?}", tool.path);
        for ran in ["manifest", "syntax", "capabilities", "examples", "tests", "behaviour", "complexity", "duplicates"]
        {
            let check = checks.iter().find(|check| check["name"] == ran).unwrap();
            assert_eq!(check["state"], "passed", "{}: {check:#}", tool.path);
        }
    });
}

#[test]
fn every_starter_tool_passes_its_checks_without_a_warning() {
    // Hundreds of starts of each tool are left to the test below.
    let off = "{ experimental = \"off\", approved = \"off\", core = \"off\" }";
    checks_pass(&format!("[checks]\nproperty = {off}\nbenchmark = {off}\n"));
}

#[test]
#[ignore = "takes minutes: 200 inputs for each tool"]
fn every_starter_tool_passes_all_its_checks_with_generated_inputs() {
    checks_pass("");
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
    side_by_side(&bundled().into_iter().filter(runnable).filter(|tool| !tool.reads()).collect::<Vec<_>>(), |tool| {
        examples_run(&workspace, tool, tool.unlocking());
    });
    adopt(&workspace);
    let reader = starter().into_iter().find(|tool| tool.name() == "dup-finder").unwrap();
    // Vouched for is not yet allowed: what it declares is asked about once.
    let (run, printed, _) = reader.run_example(&workspace, &reader.list("examples")[0], &[]);
    assert_eq!((&run["outcome"], &printed), (&json!("refused"), &Value::Null), "{run:#}");
    examples_run(&workspace, &reader, &["--allow"]);
}
