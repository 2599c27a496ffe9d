//! What is kept of an evolution: by whom, under which number, and what is said of it afterwards.

use crate::evolving::{BROKEN, GOOD, SOUND, asking, configure, fenced, original, run, scripted, sent, workspace_of};
use crate::support::{Terminal, Workspace, processes_with, unique_seconds};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::process::Stdio;

fn at_terminal(workspace: &Workspace, args: &[&str]) {
    let mut terminal = Terminal::toolsmith(workspace, args, (100, 30));
    assert!(terminal.wait_end().success(), "{}", terminal.text());
}

fn evidence(workspace: &Workspace, review: &Value) -> String {
    workspace.json(&["review", &review.to_string()]).0["evidence"].to_string()
}

fn newest_entry(workspace: &Workspace) -> Value {
    workspace.json(&["log", "--limit", "1"]).0["operations"][0].clone()
}

fn message(value: &Value) -> String {
    let text = value.pointer("/error/message").or_else(|| value.get("message"));
    text.or_else(|| value.pointer("/evolution/message")).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[test]
fn an_agent_neither_goes_on_with_nor_keeps_nor_stops_what_a_human_asked_for() {
    let workspace = workspace_of(SOUND);
    let seconds = unique_seconds();
    configure(&workspace, &format!("cat > /dev/null; touch asked; sleep {seconds}"));
    let (mut child, _) = asking(&workspace, "Be better", &seconds);
    let agent = |verb: &str| workspace.json(&[verb, "1", "--as-agent", "bot"]);
    assert_eq!(agent("stop").1, 4);
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    workspace.json_until(&["evolutions", "1"], |found| found["evolution"]["state"] == "interrupted");
    for verb in ["resume", "keep", "stop"] {
        let (refused, code) = agent(verb);
        assert_eq!(code, 4, "{verb}: {refused:#}");
        assert!(message(&refused).starts_with("agent bot cannot use evolution 1: "), "{refused:#}");
    }
    assert!(processes_with(&seconds).is_empty(), "no generator was asked");
    assert_eq!(workspace.json(&["stop", "1"]).1, 0);
    let (found, _) = workspace.json(&["evolutions", "1"]);
    assert_eq!(found["evolution"]["course"]["rounds"][0]["lanes"][0]["is"], "scripted: stopped", "{found:#}");
}

#[test]
fn who_keeps_an_answer_stands_in_the_log_and_in_its_review() {
    let workspace = workspace_of(BROKEN);
    let (made, code) = workspace.json(&["evolve", "counter", "--as-agent", "bot"]);
    assert_eq!((code, &made["evolution"]["who"]), (0, &json!("agent:bot")), "{made:#}");
    assert_eq!(newest_entry(&workspace)["who"], "agent:bot");
    fs::remove_dir_all(workspace.path("tools/experimental/counter/versions")).unwrap();
    let (kept, code) = workspace.json(&["keep", "1"]);
    assert_eq!(code, 0, "{kept:#}");
    let entry = newest_entry(&workspace);
    let who = entry["who"].as_str().unwrap();
    assert!(!who.starts_with("agent:") && entry["verb"] == "keep", "{entry:#}");
    assert_eq!(workspace.json(&["review", &kept["review"].to_string()]).0["review"]["asker"], who);
    let log = workspace.toolsmith(&["log"]).output().unwrap();
    assert!(String::from_utf8(log.stdout).unwrap().contains("1.0.1"), "the log names the version");
}

#[test]
fn what_undo_took_away_can_be_kept_again_under_its_number() {
    let workspace = workspace_of(BROKEN);
    let file = workspace.path("tools/experimental/counter/versions/1.0.1/counter.py");
    assert_eq!(workspace.json(&["evolve", "counter"]).1, 0);
    assert!(file.is_file());
    at_terminal(&workspace, &["undo"]);
    assert!(!file.exists());
    let (found, _) = workspace.json(&["evolutions", "1"]);
    assert_eq!([&found["evolution"]["review"], &found["evolution"]["made"]], [&Value::Null, &Value::Null]);
    let (kept, code) = workspace.json(&["keep", "1"]);
    assert_eq!(code, 0, "{kept:#}");
    assert!(file.is_file(), "{kept:#}");
    assert_eq!(workspace.json(&["review", &kept["review"].to_string()]).0["review"]["state"], "waiting");
}

/// Two generators whose answers are not good.
fn two_answers(workspace: &Workspace) -> Value {
    let folder = workspace.home().join("generator");
    fs::create_dir_all(&folder).unwrap();
    let mut settings = Vec::new();
    for (name, wrong) in [("first", "'[]'"), ("second", "'[1]'")] {
        let code = SOUND.replace("json.dumps(Counter(text.split()))", wrong);
        fs::write(folder.join(name), fenced(&code)).unwrap();
        let script = format!("cat > /dev/null; cat {}", folder.join(name).display());
        settings.push(format!("[generators.{name}]\ncommand = [\"sh\", \"-c\", {}]\n", json!(script)));
    }
    let config = workspace.home().join("toolsmith/config");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), settings.concat()).unwrap();
    let args = ["evolve", "counter", "Print a list", "--generator", "first", "--generator", "second", "--rounds", "1"];
    let (made, code) = workspace.json(&args);
    assert_eq!((code, &made["evolution"]["state"]), (1, &json!("spent")), "{made:#}");
    made
}

#[test]
fn both_answers_of_a_round_can_be_kept_and_each_knows_where_it_comes_from() {
    let workspace = workspace_of(SOUND);
    run(&workspace, "");
    let made = two_answers(&workspace);
    assert_eq!([&made["examined"][0]["version"], &made["examined"][1]["version"]], ["1.1.0", "1.1.0"]);
    let (missing, code) = workspace.json(&["keep", "1", "--answer", "3"]);
    assert_eq!((code, message(&missing).as_str()), (3, "evolution 1 has no answer 3.1"));
    let (first, code) = workspace.json(&["keep", "1", "--answer", "1.1"]);
    assert_eq!(code, 0, "{first:#}");
    let (second, code) = workspace.json(&["keep", "1", "--answer", "1.2"]);
    assert_eq!(code, 0, "{second:#}");
    assert!(message(&second).starts_with("counter 1.2.0 is in "), "{second:#}");
    let read = |version: &str| {
        fs::read_to_string(workspace.path(&format!("tools/experimental/counter/versions/{version}/counter.py")))
            .unwrap()
    };
    assert!(read("1.1.0").contains("'[]'") && read("1.2.0").contains("'[1]'"));
    let said = evidence(&workspace, &second["review"]);
    assert!(said.contains("second, round 1 of 1 round") && said.contains("checked as 1.1.0"), "{said}");
    let (lineage, _) = workspace.json(&["lineage", "counter"]);
    let versions = lineage["versions"].as_array().unwrap();
    let made: Vec<(&Value, &Value)> = versions
        .iter()
        .map(|version| (&version["provenance"]["evolution"]["number"], &version["provenance"]["generator"]))
        .collect();
    assert_eq!(made, [(&Value::Null, &Value::Null), (&json!(1), &json!("first")), (&json!(1), &json!("second"))]);
    let (again, code) = workspace.json(&["keep", "1", "--answer", "1.1"]);
    assert!(code == 0 && message(&again).contains("counter 1.1.0 is already saved"), "{again:#}");
}

#[test]
fn a_script_knows_by_whom_and_why_each_of_its_versions_was_made() {
    let workspace = Workspace::new().with_script("bare", "print(json.dumps({'a': 1}))");
    let (made, code) = workspace.json(&["evolve", "bare"]);
    assert_eq!((code, &made["evolution"]["state"]), (0, &json!("good")), "{made:#}");
    let lineage = workspace.toolsmith(&["lineage", "bare"]).output().unwrap();
    let text = String::from_utf8(lineage.stdout).unwrap();
    for said in ["generator: built-in", "made from: ", "evolution: 1, round 1", "bundle digest: ", "prompt digest: "] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("not recorded"), "{text}");
    let (compared, _) = workspace.json(&["diff", &format!("bare@{}", made["evolution"]["version"].as_str().unwrap())]);
    assert!(compared["files"].as_array().unwrap().is_empty(), "one and the same: {compared:#}");
    let versions = (made["evolution"]["version"].as_str().unwrap(), made["examined"][0]["version"].as_str().unwrap());
    let (compared, code) = workspace.json(&["diff", &format!("bare@{}", versions.0), &format!("bare@{}", versions.1)]);
    assert_eq!((code, &compared["files"][0]["change"]), (0, &json!("changed")), "{compared:#}");
    assert_eq!(compared["files"].as_array().unwrap().len(), 1, "{compared:#}");
    assert_eq!(compared["files"][0]["old_path"], "bare.py");
}

#[test]
fn nothing_is_written_when_the_original_went_while_a_generator_wrote() {
    let workspace = Workspace::new().with_script("lone", "print(1)");
    let folder = workspace.home().join("generator");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("answer"), "```python lone.py\nprint(2)\n```\n").unwrap();
    let folder = folder.to_str().unwrap();
    let waits = format!("while [ ! -e {folder}/go ]; do sleep 0.05; done");
    configure(&workspace, &format!("cat > /dev/null; touch {folder}/asked; {waits}; cat {folder}/answer"));
    for (number, change) in [("1", None), ("2", Some("print(3)\n"))] {
        let mut command = workspace.toolsmith(&["evolve", "lone", "Print more", "--rounds", "1"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let asked = |found: &Value| found["evolution"]["state"] == "running";
        workspace.json_until(&["evolutions", number], asked);
        match change {
            None => fs::remove_file(workspace.path("tools/experimental/lone.py")).unwrap(),
            Some(text) => workspace.write("tools/experimental/lone.py", text),
        }
        fs::write(format!("{folder}/go"), "").unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1));
        let (found, _) = workspace.json(&["evolutions", number]);
        let words = if change.is_none() { "lone.py no longer exists" } else { "lone changed since" };
        assert!(message(&found).contains(words), "{found:#}");
        assert!(!workspace.path("tools/experimental/lone_v1_1_0.py").exists(), "{found:#}");
        fs::remove_file(format!("{folder}/go")).unwrap();
        workspace.write("tools/experimental/lone.py", "\"\"\"The tool lone.\"\"\"\nprint(1)\n");
    }
    let (kept, code) = workspace.json(&["keep", "1"]);
    assert_eq!(code, 0, "it is back: {kept:#}");
}

#[test]
fn the_same_code_is_not_written_a_second_time() {
    let workspace = workspace_of(SOUND);
    run(&workspace, "");
    scripted(&workspace, &[&fenced(GOOD), &fenced(GOOD)]);
    let args = ["evolve", "counter", "Answer the empty text too"];
    let (first, _) = workspace.json(&args);
    let (second, code) = workspace.json(&args);
    assert_eq!((code, &second["evolution"]["state"]), (0, &json!("good")), "{second:#}");
    let review = &first["evolution"]["review"];
    let words = format!("same as counter 1.1.0, pending in review {review}; nothing was saved");
    assert!(message(&second).contains(&words), "{second:#}");
    assert_eq!(&second["evolution"]["review"], review);
    assert_eq!(fs::read_dir(workspace.path("tools/experimental/counter/versions")).unwrap().count(), 1);
    assert!(evidence(&workspace, review).contains("evolution 1 of 1.0.0"), "it comes from the first");
}

#[test]
fn repairs_read_no_words_and_mend_a_script_with_a_secret_in_it() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
    let workspace = workspace_of(&format!("{BROKEN}# {token}\n"));
    let before = original(&workspace);
    let failed = run(&workspace, "a").to_string();
    let (made, code) = workspace.json(&["evolve", "counter", "--failure", &failed]);
    assert_eq!(code, 0, "{made:#}");
    let path = workspace.path("tools/experimental/counter/versions/1.0.1/counter.py");
    assert!(fs::read_to_string(&path).unwrap().contains(&token), "{made:#}");
    fs::remove_dir_all(workspace.path("tools/experimental/counter/versions")).unwrap();
    let (made, code) = workspace.json(&["evolve", "counter", "Say it in verse", "--generator", "built-in"]);
    assert_eq!(code, 0, "{made:#}");
    assert!(message(&made).contains("the hint was ignored"), "{made:#}");
    assert_eq!(original(&workspace), before);
}

#[test]
fn a_run_that_succeeded_is_no_failure_and_a_generator_that_nobody_named_is_told_of() {
    let workspace = workspace_of(GOOD);
    let succeeded = run(&workspace, "a").to_string();
    let (refused, code) = workspace.json(&["evolve", "counter", "--failure", &succeeded]);
    assert_eq!((code, message(&refused)), (2, format!("run {succeeded} succeeded, so there is no failure to fix")));
    let config = workspace.home().join("toolsmith/config");
    fs::create_dir_all(&config).unwrap();
    let known = "[generators.known]\ncommand = [\"false\"]\n";
    fs::write(config.join("config.toml"), known).unwrap();
    let (refused, _) = workspace.json(&["evolve", "counter"]);
    assert!(
        message(&refused).ends_with("the setting evolve.generators names none of the configured generators: known"),
        "{refused:#}"
    );
    let hint = refused["error"]["hint"].as_str().unwrap();
    assert!(hint.starts_with("name it with --generator known, ") && hint.contains("config.toml"), "{hint}");
    assert!(hint.ends_with("generators = [\"built-in\", \"known\"]"), "{hint}");
    fs::write(config.join("config.toml"), format!("{known}[generators\n")).unwrap();
    let (refused, _) = workspace.json(&["evolve", "counter", "--generator", "known"]);
    let hint = refused["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("config.toml:3: the settings are not valid TOML"), "{refused:#}");
    assert!(hint.contains("toolsmith doctor"), "{hint}");
}

#[test]
fn a_reader_that_leaves_does_not_make_an_evolution_good() {
    let workspace = workspace_of(SOUND);
    scripted(&workspace, &["no"]);
    let mut command = workspace.toolsmith(&["evolve", "counter", "Be better", "--rounds", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(sent(&workspace, 1).is_some());
}

#[test]
fn a_generator_that_repeats_itself_is_not_asked_a_third_time() {
    let workspace = workspace_of(SOUND);
    scripted(&workspace, &["no", "no", "no"]);
    let (made, code) = workspace.json(&["evolve", "counter", "Be better"]);
    assert_eq!(code, 1, "{made:#}");
    assert!(message(&made).contains("same answer as in round 1"), "{made:#}");
    assert!(sent(&workspace, 3).is_none());
}
