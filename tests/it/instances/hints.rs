//! Hints that can be followed as they are.

use super::{Bench, COMPANION};
use serde_json::Value;

fn error(bench: &Bench, args: &[&str]) -> (String, String) {
    let (answer, code) = bench.workspace.json(args);
    assert_ne!(code, 0, "{args:?}: {answer}");
    let text = |key: &str| answer["error"][key].as_str().unwrap_or_default().to_owned();
    (text("message"), text("hint"))
}

#[test]
fn a_refused_definition_says_which_option_is_missing() {
    let bench = Bench::new();
    let (_, hint) =
        error(&bench, &["define", "web", "--executable", "cat", "--description", "d", "--health-check", "/h"]);
    assert!(hint.contains("--port auto"), "{hint}");
    let (message, hint) =
        error(&bench, &["define", "web", "--executable", "cat", "--description", "d", "--capabilities", "chat,a b"]);
    assert_eq!(message, "--capabilities: \"a b\" is not one word");
    assert!(hint.contains("such as code_review"), "{hint}");
}

#[test]
fn options_about_one_instance_and_about_capabilities_say_what_they_need() {
    let bench = Bench::new();
    let output = bench.workspace.toolsmith(&["services", "--unit"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("--unit and --profile need the name of an instance or a tool"), "{told}");
    let (message, hint) = error(&bench, &["call", "do it", "--capability", "nope"]);
    assert_eq!(message, "no available tool and no running service claims the capability nope");
    assert!(hint.contains("toolsmith list --capability"), "{hint}");
}

#[test]
fn a_service_whose_definition_is_broken_leads_to_the_list_of_problems() {
    let bench = Bench::new();
    bench.workspace.write("tools/experimental/broken/tool.toml", "name = \"broken\"\nkind = \"service\"\n[service\n");
    let (message, hint) = error(&bench, &["launch", "broken"]);
    assert_eq!(message, "there is no tool \"broken\"");
    assert_eq!(hint, "the definition of broken has a problem: `toolsmith list --problems` shows it");
}

#[test]
fn an_instance_that_does_not_run_is_started_again_or_deleted() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    bench.ok(&["terminate", "companion", "--wait"]);
    let (message, hint) = error(&bench, &["terminate", "companion"]);
    assert_eq!(message, "companion is not running (stopped)");
    assert!(hint.contains("toolsmith launch companion") && hint.contains("companion --forget"), "{hint}");
    let shown = bench.workspace.toolsmith(&["services", "companion"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("not checked") && !shown.contains("good"), "{shown}");
}

#[test]
fn an_outdated_instance_says_what_a_relaunch_does() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    bench.service("companion", COMPANION, "[service]\ninstances = 7\n");
    bench.ok(&["list"]);
    let shown = bench.workspace.toolsmith(&["services", "companion"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("`toolsmith relaunch companion` uses the new version, which is not approved"), "{shown}");
    let before: Value = bench.instance("companion")["digest"].clone();
    bench.ok(&["relaunch", "companion"]);
    assert_ne!(bench.instance("companion")["digest"], before);
}
