//! What is refused, or bounded, before and during a run on a worker.

use super::World;
use crate::support::{processes_with, unique_seconds};
use std::process::Stdio;

/// The answer of a far side, for scripts that play one.
fn hello(version: &str) -> String {
    format!("{{\"toolsmith\":{{\"version\":\"{version}\"}},\"facts\":{{\"isolation\":\"isolated\",\"why\":\"\"}}}}")
}

fn one(script: &str, more: &str) -> World {
    let world = World::new(script, more);
    world.tool("one", "echo real\n", "");
    world
}

/// Runs the tool on a worker whose prefix is this script.
fn outcome(script: &str, more: &str) -> (String, String) {
    one(script, more).outcome(&["one"])
}

#[test]
fn another_version_is_refused_with_both_named() {
    let (outcome, error) = outcome(&format!("echo '{}'; cat > /dev/null", hello("9.9.9")), "");
    assert_eq!(outcome, "refused");
    let own = env!("CARGO_PKG_VERSION");
    assert!(error.starts_with(&format!("worker two: it has Toolsmith 9.9.9, this machine has {own}")), "{error}");
}

#[test]
fn weaker_isolation_is_refused_by_both_sides() {
    let world = one("exec \"$@\"", "least = \"isolated\"\n");
    world.set_far("[isolation]\nbubblewrap = \"off\"\n");
    let (outcome, error) = world.outcome(&["one"]);
    assert_eq!(outcome, "refused");
    assert!(
        error.contains("isolation isolated is required, but it provides confined (bubblewrap is disabled"),
        "{error}"
    );
    // Accepted here, but not there.
    world.configure("exec \"$@\"", "least = \"confined\"\n");
    assert_eq!(world.outcome(&["one"]).0, "succeeded");
    world.set_far("[isolation]\nbubblewrap = \"off\"\nexperimental = \"isolated\"\n");
    let (outcome, error) = world.outcome(&["one"]);
    assert_eq!(outcome, "refused");
    assert!(
        error.starts_with("worker two: isolation isolated is required, but this machine provides confined"),
        "{error}"
    );
    // One that says another level than its run has.
    let started = "{\"Told\":{\"Started\":{\"level\":\"limits-only\",\"layers\":[],\"missing\":[]}}}";
    let lies = format!(
        "echo '{}'; echo '{{\"Starting\":{{\"interpreter\":null}}}}'; echo '{started}'; exec cat > /dev/null",
        hello(env!("CARGO_PKG_VERSION"))
    );
    world.configure(&lies, "");
    let answer = world.run(&["one"]);
    assert_eq!(answer["run"]["outcome"], "interrupted");
    let notes = answer["run"]["notes"].to_string();
    assert!(notes.contains("worker two: the run was isolated as limits-only, but isolated is required"), "{notes}");
}

#[test]
fn a_byte_that_was_changed_on_the_way_is_refused() {
    // The script begins with "echo", which is ZWNo in base64.
    let (outcome, error) = outcome("sed -u 's/\"Bytes\":\"ZWNo/\"Bytes\":\"ZXNo/' | \"$@\"", "");
    assert_eq!(outcome, "refused");
    assert!(error.contains("the files have the digest"), "{error}");
}

#[test]
fn a_banner_is_passed_over_and_a_long_one_is_refused() {
    assert_eq!(outcome("echo Welcome; printf 'no newline: '; exec \"$@\"", "").0, "succeeded");
    for flood in ["yes Welcome", "yes Welcome | tr -d '\\n'"] {
        let (outcome, error) = outcome(&format!("{flood} | head -c 100000000; cat > /dev/null"), "");
        assert_eq!(outcome, "refused", "{error}");
        assert!(error.contains("it printed more than 65536 bytes that are not an answer"), "{error}");
        assert!(error.len() < 400, "{error}");
    }
}

#[test]
fn garbage_after_the_answer_and_huge_lines_end_the_run() {
    let answer = hello(env!("CARGO_PKG_VERSION"));
    let (result, error) = outcome(&format!("echo '{answer}'; echo what; cat > /dev/null"), "");
    assert_eq!((result.as_str(), error.as_str()), ("refused", "worker two: it sent a line that is not a message"));
    let starting = format!("echo '{answer}'; echo '{{\"Starting\":{{\"interpreter\":null}}}}'");
    for (rest, why) in [
        ("echo what", "it sent a line that is not a message"),
        ("head -c 100000000 /dev/zero", "it sent a line that is too long"),
        ("echo '{\"Output\":[\"stdout\",\"%\"]}'", "it sent output that cannot be read"),
    ] {
        let world = one(&format!("{starting}; {rest}; cat > /dev/null"), "");
        let answer = world.run(&["one"]);
        assert_eq!(answer["run"]["outcome"], "interrupted", "{rest}: {answer:#}");
        assert!(answer["run"]["notes"].to_string().contains(why), "{rest}: {answer:#}");
    }
}

#[test]
fn a_worker_that_never_answers_is_given_up_with_its_time_limit() {
    let seconds = unique_seconds();
    let (outcome, error) = outcome(&format!("sleep {seconds}"), "patience = \"1s\"\n");
    assert_eq!(outcome, "refused");
    assert!(error.starts_with("worker two: no answer within 1s; `toolsmith workers two` tries it"), "{error}");
    assert!(processes_with(&seconds).is_empty());
}

#[test]
fn a_program_that_is_missing_is_named_with_the_next_step() {
    let (outcome, error) = outcome("exec no-such-toolsmith serve-run", "");
    assert_eq!(outcome, "refused");
    assert!(error.contains("exit code 127: a program was not found there; install Toolsmith"), "{error}");
    assert!(error.contains("`program` in [workers.two]"), "{error}");
    let world = one("exec \"$@\"", "");
    world.set("[workers.two]\nprefix = [\"no-such-ssh\", \"big\"]\n");
    let (outcome, error) = world.outcome(&["one"]);
    assert_eq!(
        (outcome.as_str(), error.as_str()),
        ("refused", "worker two: there is no program no-such-ssh on the PATH")
    );
}

#[test]
fn control_characters_of_the_far_side_are_shown_escaped() {
    let answer = hello(env!("CARGO_PKG_VERSION"));
    let evil = "\\u001b[2Jx\\u202ey";
    let world = one("", "");
    let not_started = format!("{{\"NotStarted\":{{\"why\":\"Refused\",\"message\":\"{evil}\"}}}}");
    world.configure(&format!("echo '{answer}'; echo '{not_started}'; cat > /dev/null"), "");
    world.outcome(&["one"]);
    world.configure("printf 'bad \\033[2J word' >&2; exit 3", "");
    let (_, error) = world.outcome(&["one"]);
    assert!(error.contains("it said: bad \\x1b[2J word"), "{error}");
    for args in [&["runs"][..], &["show", "one"], &["workers", "two"]] {
        let shown = world.workspace.toolsmith(args).output().unwrap();
        let all = [shown.stdout, shown.stderr].concat();
        assert!(!all.contains(&0x1b) && !String::from_utf8_lossy(&all).contains('\u{202e}'), "{args:?}");
    }
}

#[test]
fn what_lies_on_this_machine_is_refused_before_anything_starts() {
    let world = one("touch \"$TOOLSMITH_HOME.contacted\"; exec \"$@\"", "");
    for (name, more, why) in [
        ("keeps", "[state]\npath = \"data\"\n", "it keeps files between its runs"),
        ("writes", "[permissions]\nwrite = [\"out\"]\n", "it declares files to write"),
        ("reads", "[permissions]\nread = [\"{workspace}/in\"]\n", "which is on this machine"),
        ("calls", "[permissions]\nrun = [\"tool:one\"]\n", "it calls other tools"),
    ] {
        world.tool(name, "echo real\n", more);
        world.approve(name);
        let (outcome, error) = world.outcome(&[name]);
        assert_eq!(outcome, "refused", "{name}: {error}");
        assert!(error.contains(why) && error.ends_with("run it without --on"), "{name}: {error}");
    }
    assert!(!world.far_home().with_extension("contacted").exists());
}

#[test]
fn a_run_is_cancelled_while_the_worker_does_not_answer() {
    let seconds = unique_seconds();
    let world = one(&format!("sleep {seconds}"), "patience = \"10m\"\n");
    let mut near = world.workspace.toolsmith(&["run", "one", "--on", "two"]).stderr(Stdio::null()).spawn().unwrap();
    super::cut::wait_until("it is dialled", || !processes_with(&seconds).is_empty());
    world.workspace.json(&["cancel", "1"]);
    near.wait().unwrap();
    assert_eq!(world.workspace.json(&["runs"]).0["runs"][0]["outcome"], "cancelled");
    super::cut::wait_until("the prefix ends", || processes_with(&seconds).is_empty());
}

#[test]
fn an_agent_does_not_start_the_far_side() {
    let world = one("exec \"$@\"", "");
    let (refused, code) = world.workspace.json(&["--as-agent", "bot", "serve-run"]);
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(code != 0 && message.starts_with("bot cannot start serve-run"), "{refused:#}");
}

#[test]
fn no_more_runs_than_the_settings_allow() {
    let seconds = unique_seconds();
    let world = one("exec \"$@\"", "most = 1\n");
    world.tool("waits", &format!("echo here; exec sleep {seconds}\n"), "");
    let mut first = world.workspace.toolsmith(&["run", "waits", "--on", "two"]).stdout(Stdio::null()).spawn().unwrap();
    super::cut::wait_until("it runs", || !processes_with(&seconds).is_empty());
    let (full, code) = world.workspace.json(&["run", "one", "--on", "two"]);
    assert_eq!(
        full["error"]["message"], "worker two already carries out 1 run, the most that its settings allow",
        "{full:#}"
    );
    assert_ne!(code, 0);
    let (listed, _) = world.workspace.json(&["workers"]);
    assert_eq!(listed["workers"][0]["running"], 1);
    world.workspace.json(&["cancel", "1"]);
    first.wait().unwrap();
    let (runs, _) = world.workspace.json(&["runs"]);
    assert_eq!(runs["runs"][0]["outcome"], "cancelled", "{runs:#}");
    super::cut::wait_until("it ends", || processes_with(&seconds).is_empty());
    assert_eq!(world.outcome(&["one"]).0, "succeeded");
}
