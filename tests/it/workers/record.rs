//! What a run on a worker leaves is what a run of this machine leaves, with the name of the worker.

use super::World;
use crate::support::Terminal;
use serde_json::{Value, json};
use std::fs;

#[test]
fn a_run_on_a_worker_is_recorded_like_one_of_this_machine() {
    let world = World::plain();
    let script =
        "echo out \"$@\"; echo err >&2; printf '\\377'; cat /etc/hostname > /dev/null; echo x > made; exit 3\n";
    world.tool("both", script, "");
    let there = world.run(&["both"]);
    let here = world.workspace.json(&["run", "both"]).0;
    let told = |answer: &Value| {
        let run = &answer["run"];
        let fields = ["outcome", "exit_code", "error", "isolation", "interpreter", "truncated", "notes", "denied"];
        let mut all: Vec<Value> = fields.iter().map(|field| run[field].clone()).collect();
        all.extend([answer["stdout"].clone(), answer["stderr"].clone()]);
        all
    };
    assert_eq!(told(&there), told(&here));
    assert_eq!((&there["run"]["worker"], &here["run"]["worker"]), (&json!("two"), &Value::Null));
    assert_eq!(there["stdout"], "out\n\u{fffd}");
    let behaviour = |run: &str| {
        let mut found = world.workspace.json(&["behaviour", run]).0["behaviour"].take();
        let worker = found["enforced"][0]["worker"].take();
        (found["reported"].clone(), found["result"]["changes"].clone(), worker)
    };
    let (there, here) = (behaviour("1"), behaviour("2"));
    assert_eq!((&there.0, &there.1), (&here.0, &here.1));
    assert_eq!((there.2, here.2), (json!("two"), Value::Null));
    let (runs, _) = world.workspace.json(&["runs"]);
    assert_eq!(runs["runs"][1]["worker"], "two");
    let text = world.workspace.toolsmith(&["runs"]).output().unwrap();
    assert!(String::from_utf8_lossy(&text.stdout).contains(" on two "), "{text:?}");
    let (again, _) = world.workspace.json(&["rerun", "1"]);
    assert_eq!((&again["run"]["worker"], &again["run"]["outcome"]), (&json!("two"), &json!("failed")), "{again:#}");
}

/// A stand-in for `srun`: it takes options to `--`, waits in a queue, starts the rest, and says how that ended.
fn stub_srun(world: &World, queue: &str) {
    let stub = world.workspace.home().join("srun");
    let (home, asked) = (world.far_home(), world.workspace.home().join("asked"));
    let script = format!(
        "while [ \"$1\" != -- ]; do printf '%s ' \"$1\" >> {}; shift; done; shift\n\
         echo 'srun: job 7 queued and waiting for resources' >&2\n{queue}\n\
         echo 'srun: job 7 has been allocated resources' >&2\n\
         TOOLSMITH_HOME={} \"$@\"\ncode=$?\n\
         [ $code = 0 ] || echo \"srun: error: node1: task 0: Exited with exit code $code\" >&2\nexit $code\n",
        asked.display(),
        home.display()
    );
    fs::write(&stub, script).unwrap();
    let prefix = ["sh", stub.to_str().unwrap(), "-p", "cpu", "--"];
    world.set(&format!("[workers.two]\nprefix = {prefix:?}\nprogram = {:?}\n", world.far_program()));
}

#[test]
fn a_queue_before_the_worker_gets_its_options_and_its_words_are_not_the_output_of_the_tool() {
    let world = World::plain();
    stub_srun(&world, "");
    world.tool("both", "cat; echo out; echo err >&2; exit 3\n", "");
    let answer = world.run(&["both"]);
    let run = &answer["run"];
    assert_eq!((&run["outcome"], &run["exit_code"]), (&json!("failed"), &json!(3)), "{answer:#}");
    assert_eq!((&answer["stdout"], &answer["stderr"]), (&json!("out\n"), &json!("err\n")));
    assert_eq!((&run["worker"], &run["isolation"]["level"]), (&json!("two"), &json!("isolated")));
    assert_eq!(fs::read_to_string(world.workspace.home().join("asked")).unwrap(), "-p cpu ");
    // What the queue refuses is said in its own words, and nothing ran.
    stub_srun(&world, "echo 'srun: error: Unable to allocate resources: Invalid partition' >&2; exit 1");
    let (outcome, error) = world.outcome(&["both"]);
    assert!(
        outcome != "succeeded" && error.contains("Unable to allocate resources: Invalid partition"),
        "{outcome} {error}"
    );
}

#[test]
fn input_and_limits_hold_there() {
    let world = World::plain();
    let input = "[input]\ntype = \"object\"\nproperties = { n = { type = \"integer\" } }\nrequired = [\"n\"]\n";
    world.tool("slow", "cat; sleep 100\n", input);
    let path = world.workspace.path("tools/experimental/slow/tool.toml");
    let manifest = fs::read_to_string(&path).unwrap().replace("[run]\n", "[run]\ninput = \"stdin-json\"\n");
    fs::write(&path, manifest).unwrap();
    let (outcome, error) = world.outcome(&["slow", "--input", "{\"n\": \"no\"}"]);
    assert_eq!(outcome, "invalid-input", "{error}");
    let answer = world.run(&["slow", "--set", "n=3", "--timeout", "1s"]);
    assert_eq!(answer["run"]["outcome"], "timed-out", "{answer:#}");
    assert_eq!(answer["stdout"], "{\"n\":3}");
    world.tool("flood", "head -c 100000000 /dev/zero\n", "");
    let answer = world.run(&["flood", "--timeout", "60s"]);
    assert_eq!(answer["run"]["outcome"], "limit-exceeded", "{}", answer["run"]);
    assert!(answer["run"]["error"].as_str().unwrap().contains("output"), "{}", answer["run"]);
    world.tool("fork", "for i in 1 2 3 4 5 6 7 8 9; do sleep 100 & done; wait\n", "[limits]\nprocesses = 4\n");
    let (outcome, error) = world.outcome(&["fork"]);
    assert_eq!(outcome, "limit-exceeded", "{error}");
}

#[test]
fn a_secret_goes_over_the_stream_alone_and_leaves_no_trace() {
    let world = World::new("cat /proc/$$/environ /proc/$$/cmdline > \"$TOOLSMITH_HOME/seen\"; exec \"$@\"", "");
    fs::create_dir_all(world.far_home()).unwrap();
    let config = fs::read_to_string(world.workspace.home().join("toolsmith/config/config.toml")).unwrap();
    let secret = world.workspace.home().join("secret");
    fs::write(&secret, "hunter-two-and-more\n").unwrap();
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    world.set(&format!("{config}\n[secrets]\nMY_TOKEN = {{ file = {secret:?} }}\nOTHER = {{ file = {secret:?} }}\n"));
    let permissions = "[permissions]\nenv = [\"MY_TOKEN\", \"FAR_ONLY\"]\n";
    world.tool("spill", "echo ${#MY_TOKEN} $MY_TOKEN ${OTHER-none} ${FAR_ONLY-none}\n", permissions);
    // Nobody approved it: it gets nothing.
    assert_eq!(world.run(&["spill"])["stdout"], "0 none none\n");
    world.approve("spill");
    let answer = world.run(&["spill"]);
    assert_eq!(answer["stdout"], "19 [redacted MY_TOKEN] none none\n", "{answer:#}");
    let seen = fs::read(world.far_home().join("seen")).unwrap();
    assert!(!String::from_utf8_lossy(&seen).contains("hunter"));
    let mut folders = vec![world.far_home(), world.workspace.home().join("toolsmith/data")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => {
                    let bytes = fs::read(entry.path()).unwrap();
                    let found = String::from_utf8_lossy(&bytes).contains("hunter-two");
                    assert!(!found, "{}", entry.path().display());
                }
                _ => {}
            }
        }
    }
}

#[test]
fn files_are_sent_once_and_a_changed_copy_is_replaced() {
    let world = World::new("tee -a \"$TOOLSMITH_HOME/sent\" | \"$@\"", "");
    fs::create_dir_all(world.far_home()).unwrap();
    world.tool("one", "echo real\n", "");
    let sent = || fs::read_to_string(world.far_home().join("sent")).unwrap().matches("\"FilesEnd\"").count();
    for _ in 0..2 {
        assert_eq!(world.run(&["one"])["stdout"], "real\n");
        assert_eq!(sent(), 1);
    }
    let versions = world.far_home().join("data/worker/versions");
    let copy =
        fs::read_dir(versions).unwrap().flatten().find(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let file = copy.unwrap().path().join("one.sh");
    std::process::Command::new("chmod").arg("u+w").arg(&file).status().unwrap();
    fs::write(&file, "echo evil\n").unwrap();
    assert_eq!(world.run(&["one"])["stdout"], "real\n");
    assert_eq!(sent(), 2);
}

#[test]
fn workers_are_listed_and_tried() {
    let world = World::plain();
    let (listed, code) = world.workspace.json(&["workers"]);
    assert_eq!((&listed["workers"][0]["name"], &listed["workers"][0]["running"], code), (&json!("two"), &json!(0), 0));
    let (tried, code) = world.workspace.json(&["workers", "two"]);
    assert_eq!((tried["version"].as_str(), code), (Some(env!("CARGO_PKG_VERSION")), 0), "{tried:#}");
    assert!(
        tried["languages"].as_array().unwrap().iter().any(|language| language.as_str().unwrap().starts_with("bash "))
    );
    let (doctor, _) = world.workspace.json(&["doctor"]);
    let lines = doctor["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["name"] == "workers" && line["state"] == "ok"), "{doctor:#}");
    let (unknown, code) = world.workspace.json(&["workers", "three"]);
    assert!(code != 0 && unknown["error"]["message"] == "there is no worker three", "{unknown:#}");
    world.tool("one", "echo real\n", "");
    let (unknown, _) = world.workspace.json(&["run", "one", "--on", "three"]);
    assert_eq!(unknown["error"]["message"], "there is no worker three", "{unknown:#}");
}

#[test]
fn the_workbench_runs_a_tool_on_the_worker_that_its_form_chooses() {
    let world = World::plain();
    let input = "[input]\ntype = \"object\"\nproperties = { n = { type = \"string\" } }\n";
    world.tool("asks", "echo got \"$@\"\n", input);
    let mut terminal = Terminal::toolsmith(&world.workspace, &[], (120, 40));
    terminal.wait_text("asks").wait_gone("Loading");
    terminal.send("r").wait_text("runs on this machine");
    terminal.send("\x0f").wait_text("runs on worker two");
    terminal.send("\x13").wait_text("isolated on two");
    terminal.send(":").wait_text("all verbs");
    terminal.send("workers").wait_text(": workers").send("\r").wait_text("worker to contact");
    terminal.send("two").wait_text("two").send("\r").wait_text("round trip");
    drop(terminal);
    let (runs, _) = world.workspace.json(&["runs"]);
    assert_eq!((&runs["runs"][0]["worker"], &runs["runs"][0]["outcome"]), (&json!("two"), &json!("succeeded")));
}
