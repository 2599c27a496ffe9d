//! Launching, ending, restarting.

use super::{Bench, COMPANION, kill};
use crate::support::processes_with;

#[test]
fn a_service_outlives_who_launched_it_and_ends_when_asked_with_its_context_kept() {
    let (bench, mark) = Bench::with_companion("");
    let launched = bench.ok(&["launch", "companion", "--instance", "helper", "--wait"]);
    assert_eq!(launched["detail"]["instance"], "helper");
    let seen = bench.instance("helper");
    assert_eq!((seen["state"].as_str(), seen["incarnation"].as_u64()), (Some("running"), Some(1)), "{seen}");
    assert_eq!(bench.say("helper", "hello"), "1: hello");
    let run = bench.ok(&["runs"])["runs"][0].clone();
    assert_eq!((run["outcome"].as_str(), run["tool"].as_str()), (Some("running"), Some("companion")));
    bench.ok(&["terminate", "helper"]);
    bench.until("helper", "stopped");
    Bench::until_gone(&mark);
    assert_eq!(bench.ok(&["runs"])["runs"][0]["outcome"], "cancelled");
    assert_eq!(bench.said("helper"), ["hello", "1: hello"]);
    assert_eq!(bench.keepers(), Vec::<i32>::new(), "a keeper that is not needed ends");
}

#[test]
fn a_relaunch_is_a_new_process_of_the_same_instance_and_keeper() {
    let (bench, mark) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    let (first, keepers) = (processes_with(&mark), bench.keepers());
    assert_eq!(bench.say("companion", "one"), "1: one");
    bench.ok(&["relaunch", "companion"]);
    let seen =
        bench.until_so("companion", "a second start", |seen| seen["incarnation"] == 2 && seen["state"] == "running");
    assert_eq!(seen["restarts"].as_array().unwrap().len(), 0, "what was asked for is no restart");
    assert_ne!(processes_with(&mark), first);
    assert_eq!(bench.keepers(), keepers);
    // The process is new, so it counts from one; it is told what was said before.
    let context = bench.say("companion", "context");
    assert!(context.contains("1: one") && context.contains("history"), "{context}");
}

#[test]
fn a_service_that_fails_is_started_again_and_given_up_after_too_many_times() {
    let (bench, mark) = Bench::with_companion(
        "[service]\nmost_restarts = 2\nbackoff = { first = \"10ms\", factor = 1, most = \"10ms\", calm = \"60s\" }\n",
    );
    bench.ok(&["launch", "companion", "--wait"]);
    for number in 1..=2 {
        let _ = bench.workspace.json(&["say", "companion", "exit 3"]);
        bench.until_so("companion", "another start", |seen| {
            seen["incarnation"] == number + 1 && seen["state"] == "running"
        });
    }
    let _ = bench.workspace.json(&["say", "companion", "exit 3"]);
    let seen = bench.until("companion", "failed");
    assert_eq!(seen["last_error"], "ended 3 times within ten minutes; last: exit code 3");
    Bench::until_gone(&mark);
    // Who asks begins anew.
    assert_eq!(bench.say("companion", "hello"), "1: hello");
    assert_eq!(bench.instance("companion")["restarts"].as_array().unwrap().len(), 0);
}

#[test]
fn a_service_that_ends_well_is_stopped_and_one_that_is_killed_is_replaced() {
    let (bench, mark) = Bench::with_companion(
        "[service]\nbackoff = { first = \"10ms\", factor = 1, most = \"10ms\", calm = \"60s\" }\n",
    );
    bench.ok(&["launch", "companion", "--wait"]);
    let _ = bench.workspace.json(&["say", "companion", "exit 0"]);
    bench.until("companion", "stopped");
    bench.ok(&["launch", "companion", "--wait"]);
    processes_with(&mark).into_iter().for_each(kill);
    let seen =
        bench.until_so("companion", "a third start", |seen| seen["incarnation"] == 3 && seen["state"] == "running");
    assert_eq!(seen["restarts"].as_array().unwrap().len(), 1, "{seen}");
}

#[test]
fn a_stop_during_back_off_or_while_it_waits_is_a_stop() {
    let bench = Bench::new();
    bench.service(
        "companion",
        COMPANION,
        "[service]\nbackoff = { first = \"1h\", factor = 1, most = \"1h\", calm = \"60s\" }\n",
    );
    bench.service("needs", COMPANION, "[service]\nafter = { companion = \"ready\" }\n");
    bench.ok(&["launch", "companion", "--wait"]);
    let _ = bench.workspace.json(&["say", "companion", "exit 3"]);
    let seen = bench.until("companion", "backing-off");
    assert!(seen["next_start_at"].is_string(), "{seen}");
    bench.ok(&["launch", "needs"]);
    bench.until("needs", "waiting");
    for name in ["needs", "companion"] {
        bench.ok(&["terminate", name]);
        bench.until(name, "stopped");
    }
    assert_eq!(bench.keepers(), Vec::<i32>::new());
}

#[test]
fn what_a_service_needs_is_launched_before_it() {
    let bench = Bench::new();
    bench.service("db", COMPANION, "[service]\n");
    bench.service("web", COMPANION, "[service]\nafter = { db = \"ready\" }\n");
    let launched = bench.ok(&["launch", "web", "--wait"]);
    assert_eq!(launched["detail"]["launched_before"][0], "db");
    let (db, web) = (bench.instance("db"), bench.instance("web"));
    assert!(db["ready_at"].as_str() <= web["started_at"].as_str(), "{db} {web}");
    // A circle is refused with its members.
    bench.service("one", COMPANION, "[service]\nafter = { two = \"ready\" }\n");
    bench.service("two", COMPANION, "[service]\nafter = { one = \"ready\" }\n");
    assert_eq!(bench.refused(&["launch", "one"]), "one needs itself: one → two → one");
}

#[test]
fn instances_are_apart_and_as_many_as_the_definition_allows() {
    let (bench, _) = Bench::with_companion("[service]\ninstances = 2\n");
    bench.ok(&["launch", "companion", "--instance", "a", "--wait"]);
    bench.ok(&["launch", "companion", "--instance", "b", "--wait"]);
    assert_eq!(
        bench.refused(&["launch", "companion", "--instance", "c"]),
        "companion allows 2 instances at one time, and these run: a, b"
    );
    assert_eq!(bench.refused(&["launch", "companion", "--instance", "a"]), "a is already running");
    assert_eq!(
        (bench.say("a", "x"), bench.say("b", "y"), bench.say("a", "z")),
        ("1: x".into(), "1: y".into(), "2: z".into())
    );
    assert_eq!(bench.said("b"), ["y", "1: y"]);
    assert_eq!(bench.refused(&["launch", "companion", "--instance", "A b"]).split(':').next(), Some("--instance"));
}

#[test]
fn a_program_that_is_missing_is_a_failure_with_its_reason() {
    let bench = Bench::new();
    bench.workspace.write(
        "tools/experimental/lost/tool.toml",
        "name = \"lost\"\nkind = \"service\"\ndescription = \"d\"\ncost_tier = \"low\"\n[run]\ncommand = [\"no-such-program-at-all\"]\n",
    );
    let why = bench.refused(&["launch", "lost", "--wait"]);
    assert!(why.contains("no-such-program-at-all"), "{why}");
}

#[test]
fn a_tool_is_not_archived_while_an_instance_runs() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    let (answer, _) = bench.workspace.json_of_human(&["archive", "companion"]);
    assert_eq!(answer["error"]["message"], "instances of companion are running: companion");
    bench.ok(&["terminate", "companion"]);
    bench.until("companion", "stopped");
    let (answer, code) = bench.workspace.json_of_human(&["archive", "companion"]);
    assert_eq!(code, 0, "{answer}");
}

#[test]
fn what_is_no_service_is_not_launched_and_a_service_is_not_run() {
    let bench = Bench::new();
    let workspace = &bench.workspace;
    workspace.write("tools/experimental/plain.py", "\"\"\"A plain tool.\"\"\"\nprint(1)\n");
    assert_eq!(bench.refused(&["launch", "plain"]), "plain is not a service (kind command)");
    bench.service("companion", COMPANION, "");
    assert_eq!(bench.refused(&["run", "companion"]), "companion is a service");
}

#[test]
fn two_stacks_share_no_instance() {
    let (bench, _) = Bench::with_companion("");
    let in_stack = |stack: &str, args: &[&str]| {
        let output = bench.workspace.toolsmith(args).arg("--json").env("TOOLSMITH_STACK", stack).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    in_stack("A", &["launch", "companion", "--wait"]);
    in_stack("B", &["launch", "companion", "--wait"]);
    assert_eq!(in_stack("A", &["say", "companion", "x"])["answer"], "1: x");
    assert_eq!(in_stack("B", &["say", "companion", "y"])["answer"], "1: y");
    assert_eq!(bench.ok(&["services"])["services"].as_array().unwrap().len(), 0);
    in_stack("A", &["terminate", "companion"]);
    assert_eq!(in_stack("B", &["services", "companion"])["state"], "running");
}

#[test]
fn what_a_human_unlocked_for_the_launch_stays_open_for_the_keeper() {
    let (bench, mark) = Bench::with_companion("");
    let manifest = bench.workspace.path("tools/experimental/companion/tool.toml");
    let text = std::fs::read_to_string(&manifest).unwrap().replace("\"low\"", "\"high\"");
    std::fs::write(&manifest, text).unwrap();
    let why = bench.refused(&["launch", "companion", "--wait"]);
    assert!(why.contains("is locked"), "{why}");
    let (answer, code) = bench.workspace.json_of_human(&["launch", "companion", "--wait", "--allow"]);
    assert_eq!(code, 0, "{answer}");
    assert_eq!(bench.say("companion", "hello"), "1: hello");
    // The unlock was for one process; a service that dies is started again all the same.
    processes_with(&mark).into_iter().for_each(kill);
    bench.until_so("companion", "a second start", |seen| seen["incarnation"] == 2 && seen["state"] == "running");
}

#[test]
fn a_low_limit_of_open_files_is_named_and_a_low_soft_limit_changes_nothing() {
    let bench = Bench::new();
    let program = "import resource\nprint(resource.getrlimit(resource.RLIMIT_NOFILE), flush=True)\ninput()\n";
    for name in ["plain", "soft", "low"] {
        bench.service(name, program, "[service]\nadapter = \"none\"\nrestart = \"never\"\n");
    }
    let launch = |limit: &str, name: &str| {
        let mut command = std::process::Command::new("sh");
        let line = format!("{limit} && exec \"$0\" launch {name} --wait");
        command.args(["-c", &line, crate::support::program()]).current_dir(bench.workspace.root());
        let output = command.env_clear().envs(bench.workspace.environment()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (limit, name) in [("true", "plain"), ("ulimit -Sn 64", "soft")] {
        let (launched, told) = launch(limit, name);
        assert!(launched, "{name}: {told}");
    }
    let limits = |name: &str| {
        bench.until_so(name, "a line of output", |_| {
            let output = bench.workspace.toolsmith(&["output", name]).output().unwrap();
            String::from_utf8_lossy(&output.stdout).contains('(')
        });
        let output = bench.workspace.toolsmith(&["output", name]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(limits("soft"), limits("plain"));
    let (launched, told) = launch("ulimit -n 64", "low");
    assert!(!launched);
    for part in ["too many open files", "the limit is 64", "`ulimit -n 1024`"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn the_last_line_on_standard_error_is_shown_with_how_a_service_ended() {
    let program = "import sys\nprint('early', file=sys.stderr)\nprint('output')\n\
                   print('\\x1b[31mno \\u202efile\\x1b[0m ' + 'x' * 500, file=sys.stderr)\nsys.exit(3)\n";
    let bench = Bench::new();
    let backoff = "backoff = { first = \"1h\", factor = 1, most = \"1h\", calm = \"60s\" }\n";
    bench.service("chatty", program, &format!("[service]\nadapter = \"none\"\n{backoff}"));
    bench.service("mute", "raise SystemExit(3)\n", &format!("[service]\nadapter = \"none\"\n{backoff}"));
    for name in ["chatty", "mute"] {
        bench.ok(&["launch", name]);
        let seen = bench.until(name, "backing-off");
        assert_eq!(seen["last_error"], "exit code 3", "{seen}");
    }
    let seen = bench.instance("chatty");
    let line = seen["last_stderr"].as_str().unwrap();
    assert!(line.starts_with("no ") && line.contains("xxx") && line.ends_with('…'), "{line}");
    assert!(line.chars().count() < 250 && !line.contains(['\u{1b}', '\u{202e}']), "{line}");
    let shown = bench.workspace.toolsmith(&["services", "chatty"]).output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.lines().any(|line| line.starts_with("last stderr  no ")), "{shown}");
    assert!(bench.instance("mute")["last_stderr"].is_null());
}

#[test]
fn terminate_names_the_running_instances_that_depend_on_it() {
    let bench = Bench::new();
    bench.service("db", COMPANION, "[service]\n");
    for name in ["api", "web"] {
        bench.service(name, COMPANION, "[service]\nafter = { db = \"ready\" }\n");
    }
    bench.service("other", COMPANION, "[service]\n");
    for name in ["web", "api", "other"] {
        bench.ok(&["launch", name, "--wait"]);
    }
    for (name, dependents, warning) in [
        ("db", vec!["api", "web"], "db is asked to end; api, web depend on it and keep running"),
        ("web", vec![], "web is asked to end"),
        ("db", vec!["api"], "db is asked to end; api depends on it and keeps running"),
        ("api", vec![], "api is asked to end"),
    ] {
        if bench.instance(name)["state"] == "stopped" {
            bench.ok(&["launch", name, "--wait"]);
        }
        let told = bench.ok(&["terminate", name]);
        assert_eq!(told["message"], warning, "{told}");
        assert_eq!(told["detail"]["dependents"], serde_json::json!(dependents), "{told}");
        bench.until(name, "stopped");
    }
    assert_eq!(bench.instance("other")["state"], "running");
}
