//! What costs more than low waits until a human opens it, and only chosen tools run.

use super::Shell;
use serde_json::{Value, json};

/// A tool of this cost tier that says that it ran, and what else its manifest says.
fn tool(shell: &Shell, name: &str, tier: &str, more: &str) {
    shell.write(
        &format!("tools/experimental/{name}/tool.toml"),
        &format!(
            "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"Says that {name} ran\"\ncost_tier = \"{tier}\"\n\
             idempotent = true\n[run]\ncommand = [\"sh\", \"-c\", \"echo {name}-ran\"]\n{more}"
        ),
    );
}

/// One tool of each tier.
fn tiers() -> Shell {
    let shell = Shell::new();
    for tier in ["low", "medium", "high", "prohibited"] {
        tool(&shell, &format!("{tier}-one"), tier, "");
    }
    shell
}

fn listed(shell: &Shell, args: &[&str]) -> (Vec<String>, Value) {
    let answer = shell.call(&[&["list", "--json"], args].concat()).exits(0).json();
    let names = answer["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned());
    (names.collect(), answer)
}

#[test]
fn a_fresh_workspace_runs_what_is_low_and_lists_the_rest_as_locked() {
    let shell = tiers();
    let (_, answer) = listed(&shell, &[]);
    let locked = |tool: &Value| (tool["name"].as_str().unwrap().to_owned(), tool["locked"] == true);
    let rows: Vec<_> = answer["tools"].as_array().unwrap().iter().map(locked).collect();
    let expected = [("high-one", true), ("low-one", false), ("medium-one", true), ("prohibited-one", false)];
    assert_eq!(rows, expected.map(|(name, locked)| (name.to_owned(), locked)));
    assert_eq!(answer["locked"], 2);
    assert!(shell.call(&["list"]).exits(0).stdout.contains("2 locked"));
    assert!(shell.call(&["run", "low-one"]).exits(0).stdout.contains("low-one-ran"));
    for name in ["medium-one", "high-one"] {
        let refused = shell.call(&["run", name]).exits(4);
        assert!(!refused.stdout.contains("ran") && refused.stderr.contains("is locked"), "{}", refused.stderr);
    }
}

#[test]
fn what_a_human_unlocks_runs_until_its_time_is_over_or_it_is_revoked() {
    let shell = tiers();
    let agent = shell.call(&["unlock", "medium-one", "--as-agent", "coder"]).exits(4);
    assert!(agent.stderr.contains("human"), "{}", agent.stderr);
    let said = shell.at_terminal(&["unlock", "medium-one", "--for", "2h"]).exits(0).stdout;
    assert!(said.contains("until 20") && said.contains("unlock-1"), "{said}");
    shell.call(&["run", "medium-one"]).exits(0);
    shell.call(&["run", "high-one"]).exits(4);
    let log = shell.call(&["log", "--json"]).exits(0).json()["operations"][0].clone();
    assert_eq!((&log["verb"], &log["subject"]), (&json!("unlock"), &json!("medium-one")));
    assert!(!log["who"].as_str().unwrap().is_empty() && log["detail"]["until"].is_string(), "{log}");
    let again = shell.at_terminal(&["unlock", "--tier", "high"]).exits(0).stdout;
    assert!(again.contains("tier high is unlocked"), "{again}");
    shell.call(&["run", "high-one"]).exits(0);
    let grants = shell.call(&["grants", "--json"]).exits(0).json()["unlocks"].clone();
    assert_eq!(grants.as_array().unwrap().len(), 2, "{grants}");
    shell.at_terminal(&["revoke", "unlock-2"]).exits(0);
    shell.call(&["run", "high-one"]).exits(4);
    shell.at_terminal(&["undo"]).exits(0);
    shell.call(&["run", "high-one"]).exits(0);
    for operation in ["2", "1"] {
        shell.at_terminal(&["undo", operation]).exits(0);
    }
    shell.call(&["run", "medium-one"]).exits(4);
    assert_eq!(shell.call(&["verify"]).exits(0).code, 0);
}

#[test]
fn an_unlock_for_a_session_holds_for_its_calls_only() {
    let shell = tiers();
    shell.at_terminal(&["unlock", "medium-one", "--session", "night"]).exits(0);
    shell.call(&["run", "medium-one"]).exits(4);
    // A variable that is not set must not open it for everybody.
    for nobody in ["", "  "] {
        shell.at_terminal(&["unlock", "high-one", "--session", nobody]).exits(2);
    }
    let night = shell.with("TOOLSMITH_SESSION", "night");
    night.call(&["run", "medium-one"]).exits(0);
}

#[test]
fn at_a_terminal_the_first_run_asks_and_a_yes_is_for_that_run() {
    let shell = tiers();
    let asked = shell.typing(&["run", "medium-one"], "Type yes", "no\n").exits(4).stdout;
    assert!(asked.contains("Unlock medium-one?") && !asked.contains("medium-one-ran"), "{asked}");
    assert!(shell.typing(&["run", "medium-one"], "Type yes", "yes\n").exits(0).stdout.contains("medium-one-ran"));
    shell.call(&["run", "medium-one"]).exits(4);
}

#[test]
fn nothing_runs_above_a_cap_whatever_is_unlocked() {
    let shell = tiers();
    shell.at_terminal(&["unlock", "--tier", "high"]).exits(0);
    for (args, code) in [
        (&["run", "medium-one", "--max-tier", "low"][..], 4),
        (&["run", "medium-one", "--max-tier", "medium"], 0),
        (&["run", "high-one", "--max-tier", "medium"], 4),
    ] {
        let answered = shell.call(args).exits(code);
        assert!(code == 0 || answered.stderr.contains("but the limit here is"), "{}", answered.stderr);
    }
    let called = shell.call(&["call", "says that high-one ran", "--max-tier", "low", "--max-attempts", "1"]);
    assert!(!called.stdout.contains("high-one-ran"), "{}", called.stdout);
    shell.configure("[policy]\nmax_tier = \"medium\"\n");
    shell.call(&["run", "high-one"]).exits(4);
    shell.call(&["run", "high-one", "--max-tier", "high"]).exits(4);
    let shell = shell.with("TOOLSMITH_MAX_TIER", "low");
    shell.call(&["run", "medium-one", "--max-tier", "high"]).exits(4);
    shell.call(&["run", "low-one"]).exits(0);
}

#[test]
fn a_call_that_only_locked_tools_fit_is_refused_with_the_reason() {
    let shell = Shell::new();
    tool(&shell, "weigher", "medium", "");
    let refused = shell.call(&["call", "says that weigher ran"]).exits(4);
    assert!(refused.stderr.contains("is locked"), "{}", refused.stderr);
}

#[test]
fn only_chosen_tools_are_offered_and_run() {
    let shell = tiers();
    tool(&shell, "reader", "low", "[permissions]\nread = [\"docs\"]\n");
    tool(&shell, "fetcher", "low", "[permissions]\nnetwork = [\"full\"]\n");
    assert_eq!(listed(&shell, &["--tools", "minimal"]).0, ["low-one"]);
    assert_eq!(listed(&shell, &["--tools", "default"]).0, ["low-one", "reader"]);
    assert_eq!(listed(&shell, &["--tools", "full"]).0.len(), 6);
    assert_eq!(listed(&shell, &["--tools", "minimal,fetcher"]).0, ["fetcher", "low-one"]);
    let refused = shell.call(&["run", "reader", "--tools", "low-one,fetcher"]).exits(4);
    assert!(refused.stderr.contains("not in the tool set in use"), "{}", refused.stderr);
    shell.call(&["run", "fetcher", "--tools", "low-one,fetcher"]).exits(0);
    let unknown = shell.call(&["list", "--tools", "low-one,nobody"]).exits(5);
    assert!(unknown.stderr.contains("nobody"), "{}", unknown.stderr);
    let found = shell.call(&["search", "says ran", "--tools", "minimal", "--json"]).exits(0).json();
    assert_eq!(found["hits"].as_array().map(Vec::len), Some(1), "{found}");
    // What the environment fences off, no argument brings back.
    let fenced = shell.with("TOOLSMITH_TOOLS", "default");
    assert_eq!(listed(&fenced, &["--tools", "full"]).0, ["low-one", "reader"]);
    fenced.call(&["run", "fetcher", "--tools", "full"]).exits(4);
}

#[test]
fn a_saved_set_is_used_by_its_name_until_it_is_taken_away() {
    let shell = tiers();
    shell.at_terminal(&["set", "mine", "low-one,medium-one"]).exits(0);
    assert_eq!(listed(&shell, &["--tools", "mine"]).0, ["low-one", "medium-one"]);
    let sets = shell.call(&["sets", "--json", "--tools", "mine"]).exits(0).json()["sets"].clone();
    let row = |set: &Value| (set["name"].clone(), set["tools"].clone(), set["locked"].clone(), set["in_use"].clone());
    let rows: Vec<_> = sets.as_array().unwrap().iter().map(row).collect();
    let expected = [
        (json!("minimal"), json!(1), json!(0), json!(false)),
        (json!("default"), json!(1), json!(0), json!(false)),
        (json!("full"), json!(4), json!(2), json!(false)),
        (json!("mine"), json!(2), json!(1), json!(true)),
    ];
    assert_eq!(rows, expected);
    for taken in ["minimal", "high-one"] {
        shell.at_terminal(&["set", taken, "low-one"]).exits(4);
    }
    shell.at_terminal(&["set", "theirs", "nobody"]).exits(5);
    shell.at_terminal(&["set", "mine", ", "]).exits(2);
    assert_eq!(listed(&shell, &["--tools", "mine"]).0.len(), 2, "a list without a name deletes nothing");
    shell.at_terminal(&["unset", "mine"]).exits(0);
    shell.call(&["list", "--tools", "mine"]).exits(5);
    shell.at_terminal(&["undo"]).exits(0);
    assert_eq!(listed(&shell, &["--tools", "mine"]).0.len(), 2);
}

#[test]
fn a_buffer_reaches_no_tool_that_its_writer_could_not_run() {
    let shell = tiers();
    shell.at_terminal(&["unlock", "medium-one"]).exits(0);
    let to = |tool: &'static str| ["buffer", "write", "1", "--buffer", "b", "--strategy", "manual", "--to", tool];
    shell.call(&to("prohibited-one")).exits(4);
    shell.call(&[&to("medium-one")[..], &["--max-tier", "low"]].concat()).exits(4);
    shell.call(&[&to("medium-one")[..], &["--tools", "low-one"]].concat()).exits(4);
    shell.call(&to("medium-one")).exits(0);
    // Where somebody else had it set up, it is no way out either.
    shell.call(&["buffer", "write", "2", "--buffer", "b", "--tools", "low-one"]).exits(4);
    let status = shell.call(&["buffer", "status", "--buffer", "b", "--json"]).exits(0).json();
    assert_eq!(status["buffered_count"], 1, "{status}");
}

/// Every way to run a tool: the verbs, a call by scenario, the sink of a buffer, another time, checks and evolving.
#[test]
fn what_is_prohibited_runs_by_no_path() {
    let shell = Shell::new();
    let left = shell.workspace().join("it-ran");
    let script = format!("#!/bin/sh\n# cost_tier: low\ntouch {}\n", left.display());
    shell.write("tools/experimental/never/never.sh", &script);
    let manifest = |tier: &str| {
        format!(
            "name = \"never\"\nversion = \"1.0.0\"\ndescription = \"Leaves a trace\"\ncost_tier = \"{tier}\"\n\
             idempotent = true\n[run]\ncommand = [\"sh\", \"{{file}}\"]\nentry = \"never.sh\"\n\
             [[examples]]\ninput = {{}}\noutput = \"\"\n[[tests]]\nname = \"trace\"\ninput = {{}}\n"
        )
    };
    shell.write("tools/experimental/never/tool.toml", &manifest("low"));
    // A run of the time when it was low; what it writes lies in its own scratch folder and beyond it is out of reach.
    shell.call(&["run", "never"]);
    let waits = ["buffer", "write", "1", "--buffer", "was-low", "--to", "never", "--strategy", "manual"];
    shell.call(&waits).exits(0);
    shell.write("tools/experimental/never/tool.toml", &manifest("prohibited"));
    let began = shell.call(&["runs", "--json"]).exits(0).json()["runs"].as_array().unwrap().len();
    shell.at_terminal(&["unlock", "--tier", "high"]).exits(0);
    shell.at_terminal(&["unlock", "never"]).exits(4);
    for args in [
        &["run", "never"][..],
        &["run", "never", "--allow", "--max-tier", "high", "--tools", "never"],
        &["rerun", "1"],
        &["call", "leaves a trace"],
        &["call", "leaves a trace", "--as-agent", "coder"],
    ] {
        let answered = shell.call(args);
        assert_eq!(answered.code, 4, "{args:?}: {}{}", answered.stdout, answered.stderr);
    }
    shell.call(&["buffer", "write", "1", "--buffer", "b", "--to", "never", "--strategy", "manual"]).exits(4);
    shell.call(&["buffer", "flush", "--buffer", "was-low"]).exits(4);
    shell.call(&["check", "never", "--json"]);
    shell.call(&["evolve", "never", "--generator", "built-in"]);
    let runs = shell.call(&["runs", "--json"]).exits(0).json()["runs"].clone();
    let ended: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert!(ended[..ended.len() - began].iter().all(|outcome| *outcome == "refused"), "{runs:#}");
    assert!(!left.exists(), "it left its trace");
}
