//! What agents may do to instances of others, and what names and stacks they may choose.

use super::{Bench, COMPANION};
use crate::support::processes_with;
use serde_json::Value;

const BOT: [&str; 2] = ["--as-agent", "bot"];

/// A workspace with a companion that an agent may run.
fn granted(more: &str) -> (Bench, String) {
    let (bench, mark) = Bench::with_companion(more);
    let (answer, code) = bench.workspace.json_of_human(&["grant", "companion", "--agent", "bot"]);
    assert_eq!(code, 0, "{answer}");
    (bench, mark)
}

impl Bench {
    fn as_bot(&self, args: &[&str]) -> (Value, i32) {
        self.workspace.json(&[&BOT, args].concat())
    }
}

#[test]
fn an_agent_ends_an_instance_of_somebody_else_neither_by_name_nor_by_its_run() {
    let (bench, mark) = granted("");
    bench.ok(&["launch", "companion", "--wait"]);
    let run = bench.instance("companion")["run"].to_string();
    for args in [&["terminate", "companion"][..], &["cancel", &run]] {
        let (answer, code) = bench.as_bot(args);
        assert_eq!((code, answer["error"]["code"].as_str()), (4, Some("human-needed")), "{args:?}: {answer}");
    }
    assert_eq!((bench.instance("companion")["state"].as_str(), processes_with(&mark).len()), (Some("running"), 1));
    // A control: its own, both ways, and the human's by a human.
    for name in ["one", "two"] {
        assert_eq!(bench.as_bot(&["launch", "companion", "--instance", name, "--wait"]).1, 0);
    }
    let own = bench.instance("one")["run"].to_string();
    assert_eq!(bench.as_bot(&["cancel", &own]).1, 0);
    assert_eq!(bench.as_bot(&["terminate", "two"]).1, 0);
    bench.ok(&["cancel", &run]);
    for name in ["companion", "one", "two"] {
        bench.until(name, "stopped");
    }
    Bench::until_gone(&mark);
}

#[test]
fn whoever_starts_a_stopped_instance_again_has_launched_it() {
    let (bench, mark) = granted("");
    bench.ok(&["launch", "companion", "--wait"]);
    bench.ok(&["terminate", "companion"]);
    for (args, launched_by) in [
        (&["--as-agent", "bot", "relaunch", "companion"][..], "agent:bot"),
        (&["relaunch", "companion"], "human"),
        (&["--as-agent", "bot", "say", "companion", "hi"], "agent:bot"),
    ] {
        bench.until("companion", "stopped");
        bench.ok(args);
        let seen = bench.until("companion", "running");
        assert_eq!(seen["launched_by"], launched_by, "{args:?}: {seen}");
        let asker = bench.keepers().iter().any(|pid| super::has_argument(*pid, "human"));
        assert_eq!(asker, launched_by == "human", "{args:?}");
        bench.ok(&["terminate", "companion"]);
    }
    bench.until("companion", "stopped");
    Bench::until_gone(&mark);
}

#[test]
fn no_instance_takes_the_name_of_another_service() {
    let (bench, _) = granted("");
    // A control: the name is free before there is such a service.
    assert_eq!(bench.as_bot(&["launch", "companion", "--instance", "db", "--wait"]).1, 0);
    bench.service("db", COMPANION, "");
    bench.service("app", COMPANION, "[service]\nafter = { db = \"ready\" }\n");
    assert_eq!(
        bench.refused(&["launch", "app"]),
        "db is the name of another service, so no instance of companion may have it"
    );
    bench.ok(&["terminate", "db"]);
    bench.until("db", "stopped");
    assert!(bench.refused(&["launch", "app"]).starts_with("db is the name of another service"));
    assert!(bench.refused(&["launch", "companion", "--instance", "app"]).starts_with("app is the name of another"));
    let (deleted, code) = bench.workspace.json_of_human(&["terminate", "db", "--forget"]);
    assert_eq!(code, 0, "{deleted}");
    bench.ok(&["launch", "app", "--wait"]);
    assert_eq!(bench.instance("db")["tool"], "db");
}

#[test]
fn a_human_deletes_an_instance_that_does_not_run() {
    let (bench, mark) = granted("");
    bench.ok(&["launch", "companion", "--wait"]);
    assert_eq!(bench.say("companion", "hello"), "1: hello");
    let forget = ["terminate", "companion", "--forget"];
    assert_ne!(bench.workspace.json_of_human(&forget).1, 0, "it runs");
    bench.ok(&["terminate", "companion"]);
    bench.until("companion", "stopped");
    assert_ne!(bench.as_bot(&forget).1, 0, "an agent");
    let (answer, code) = bench.workspace.json_of_human(&forget);
    assert_eq!(code, 0, "{answer}");
    assert!(bench.refused(&["services", "companion"]).contains("no instance companion"));
    // Its name is free, and nothing is left of what was said.
    bench.ok(&["launch", "companion", "--wait"]);
    assert_eq!(bench.said("companion"), Vec::<String>::new());
    bench.ok(&["terminate", "companion"]);
    Bench::until_gone(&mark);
}

#[test]
fn instances_of_all_stacks_count_and_a_stack_has_a_plain_name() {
    let (bench, mark) = Bench::with_companion("[service]\ninstances = 2\n");
    let in_stack = |stack: &str, args: &[&str]| {
        let out = bench.workspace.toolsmith(args).env("TOOLSMITH_STACK", stack).arg("--json").output().unwrap();
        let text = [out.stdout, out.stderr].concat();
        (String::from_utf8(text).unwrap(), out.status.success())
    };
    for stack in ["a", "b"] {
        let (text, is_ok) = in_stack(stack, &["launch", "companion", "--wait"]);
        assert!(is_ok, "{text}");
    }
    for stack in ["c", ""] {
        let (text, is_ok) = in_stack(stack, &["launch", "companion"]);
        assert!(!is_ok && text.contains("companion (stack a), companion (stack b)"), "{text}");
    }
    assert_eq!(bench.ok(&["services"])["other_stacks"], serde_json::json!({"a": 1, "b": 1}));
    for stack in ["../x", "-\u{202e}x y", &"x".repeat(65)] {
        let (text, is_ok) = in_stack(stack, &["services"]);
        assert!(!is_ok && text.contains("TOOLSMITH_STACK is not a valid name of a stack"), "{text}");
    }
    for stack in ["a", "b"] {
        assert!(in_stack(stack, &["terminate", "companion"]).1);
    }
    Bench::until_gone(&mark);
}
