//! 242 tool definitions that agents really wrote, read where they lie and run.

use crate::history::world::open;
use crate::support::{Workspace, copy_folder, shared};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use toolsmith::domain::{CheckState, Digest};
use toolsmith::engine::{Engine, Home, OpenOptions, SearchFor};

fn workspace() -> Option<Workspace> {
    let corpus = shared()?.join("corpora/code_evolver");
    let workspace = Workspace::new();
    fs::remove_dir_all(workspace.path("tools")).unwrap();
    copy_folder(&corpus, &workspace.root());
    Some(workspace)
}

fn hashes(folder: &Path, all: &mut BTreeMap<String, Digest>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            hashes(&entry.path(), all);
        } else {
            let digest = Digest::of_bytes(&fs::read(entry.path()).unwrap());
            all.insert(entry.path().display().to_string(), digest);
        }
    }
}

/// Every file and what it holds, but for the id that a workspace gets when it is first opened.
fn on_disk(workspace: &Workspace) -> BTreeMap<String, Digest> {
    let mut all = BTreeMap::new();
    hashes(&workspace.root(), &mut all);
    let ids = workspace.path(".toolsmith").display().to_string();
    all.retain(|path, _| !path.starts_with(&ids));
    all
}

/// An input that fits the schema: the default, the first of an enumeration, else the simplest value.
fn fitting(schema: &Value) -> Value {
    let mut input = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let given = [&property["default"], &property["enum"][0]].into_iter().find(|value| !value.is_null());
        let simplest = match property["type"].as_str() {
            Some("integer" | "number") => json!(1),
            Some("boolean") => json!(true),
            Some("array") => json!([]),
            Some("object") => json!({}),
            _ => json!("x"),
        };
        input.insert(name.clone(), given.cloned().unwrap_or(simplest));
    }
    Value::Object(input)
}

/// Questions as somebody would ask them, each with the tools of the corpus that are right answers.
const QUESTIONS: &str = include_str!("../data/relevance/code_evolver.tsv");

#[test]
fn the_right_tool_is_among_the_first_three_for_nine_questions_of_ten() {
    let Some(workspace) = workspace() else {
        return;
    };
    let home = workspace.home();
    let home = Home { config: home.join("config"), data: home.join("data") };
    let engine = Engine::open(OpenOptions {
        workspace: workspace.root(),
        home,
        program: None,
        asker: toolsmith::engine::Asker::Human,
    })
    .unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    let asker = toolsmith::domain::Caller::Human("Ada".to_owned());
    let (mut asked, mut missed) = (0, Vec::new());
    for (question, right) in QUESTIONS.lines().filter_map(|line| line.split_once('\t')) {
        let hits = engine.library().search(&SearchFor::words(question, 3), &asker).unwrap();
        let first: Vec<&str> = hits.iter().map(|hit| hit.name.as_str()).collect();
        asked += 1;
        if !right.split(' ').any(|right| first.contains(&right)) {
            missed.push(format!("{question}: {first:?}"));
        }
    }
    assert!(asked >= 40 && missed.len() * 10 <= asked, "{} of {asked}: {missed:#?}", missed.len());
}

#[test]
fn all_of_them_are_rows_and_their_bytes_stay_equal() {
    let Some(workspace) = workspace() else { return };
    let before = on_disk(&workspace);
    let (list, code) = workspace.json(&["list"]);
    let tools = list["tools"].as_array().unwrap();
    assert_eq!((code, &list["total"], tools.len(), &list["problems"]), (0, &json!(242), 242, &json!([])));
    for tool in tools {
        let reason = tool["reason"].as_str().unwrap_or_default();
        assert_eq!(tool["runnable"] == true, reason.is_empty(), "{tool:#}");
    }
    assert_eq!(tools.iter().filter(|tool| !tool["copy_of"].is_null()).count(), 27);
    let clashes: BTreeSet<BTreeSet<String>> = tools
        .iter()
        .filter(|tool| tool["clashes"] != json!([]))
        .map(|tool| {
            let others = tool["clashes"].as_array().unwrap().iter().chain([&tool["path"]]);
            others.map(|path| path.as_str().unwrap().to_owned()).collect()
        })
        .collect();
    assert_eq!(clashes.len(), 3, "{clashes:#?}");
    assert!(clashes.iter().all(|paths| paths.len() == 2), "{clashes:#?}");
    for tool in tools.iter().step_by(20) {
        let path = tool["path"].as_str().unwrap();
        assert_eq!(workspace.json(&["show", path]).1, 0, "{path}");
        assert!(workspace.toolsmith(&["source", path]).output().unwrap().status.success(), "{path}");
    }
    assert_eq!(on_disk(&workspace), before);
}

#[test]
fn infinity_in_the_output_is_named() {
    let Some(workspace) = workspace() else { return };
    let input = json!({"operation": "divide", "a": 10, "b": 0}).to_string();
    let (answer, code) = workspace.json(&["run", "basic_calculator", "--input", &input]);
    assert_eq!((code, &answer["run"]["outcome"]), (1, &json!("invalid-output")), "{answer:#}");
    let error = answer["run"]["error"].as_str().unwrap();
    assert!(error.contains("Infinity is not JSON"), "{error}");
    let (failures, _) = workspace.json(&["failures"]);
    assert_eq!(failures["failures"][0]["tool"], "basic_calculator", "{failures:#}");
}

#[test]
fn every_runnable_one_gets_its_input_and_ends() {
    let Some(workspace) = workspace() else { return };
    let before = on_disk(&workspace);
    let (list, _) = workspace.json(&["list"]);
    let runnable = list["tools"].as_array().unwrap().iter().filter(|tool| tool["runnable"] == true);
    let paths: Vec<String> = runnable.map(|tool| tool["path"].as_str().unwrap().to_owned()).collect();
    assert!(!paths.is_empty());
    let (left, runs) = (Mutex::new(paths.clone()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(path) = { left.lock().unwrap().pop() } {
                    let (shown, _) = workspace.json(&["show", &path]);
                    let input = fitting(&shown["input"]).to_string();
                    let (answer, _) = workspace.json(&["run", &path, "--input", &input, "--timeout", "60s"]);
                    runs.lock().unwrap().push((path, answer["run"].clone()));
                }
            });
        }
    });
    let runs = runs.into_inner().unwrap();
    assert_eq!(runs.len(), paths.len());
    for (path, run) in &runs {
        let outcome = run["outcome"].as_str().unwrap();
        if path.contains("/openapi/") {
            // Nobody approved them, and requests need the network.
            assert_eq!(outcome, "refused", "{path}: {run:#}");
            continue;
        }
        // Whether it succeeds is its own affair; that it was given a valid input and ended is ours.
        assert!(matches!(outcome, "succeeded" | "failed" | "invalid-output"), "{path}: {run:#}");
        assert!(run["exit_code"].is_number(), "{path}: {run:#}");
    }
    assert!(runs.iter().any(|(_, run)| run["outcome"] == "succeeded"), "{runs:#?}");
    assert_eq!(on_disk(&workspace), before);
}

#[test]
fn their_examples_are_read_and_what_cannot_be_started_is_skipped_with_the_reason() {
    let Some(workspace) = workspace() else { return };
    let engine = open(&workspace);
    let view = engine.library().catalog();
    let mut suites = 0;
    for tool in view.tools.iter().filter(|tool| !tool.runnable) {
        if engine.library().detail(tool).unwrap().manifest.examples.is_empty() {
            continue;
        }
        suites += 1;
        let verdict = engine.checks().run(tool, None, &mut |_| {}).unwrap();
        let examples = verdict.checks.iter().find(|check| check.name == "examples").unwrap();
        let told = examples.note.starts_with("it cannot be started: ") || examples.note == "its examples have no input";
        assert!(examples.state == CheckState::Skipped && told, "{}: {examples:?}", tool.path);
    }
    assert!(suites > 60, "{suites} suites");
}
