//! What a version declares is asked about once, and then it gets that and nothing more.

use super::Shell;
use serde_json::json;

/// An approved tool, as a human made it.
pub(super) fn approved(shell: &Shell, name: &str, script: &str, manifest: &str) {
    shell.tool("experimental", name, script, manifest);
    approve(shell);
}

/// Approves the one review that waits.
pub(super) fn approve(shell: &Shell) {
    let review = shell.waiting_review();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
    shell.at_terminal(&["approve", &id, "--digest", &digest]).exits(0);
}

const STARTS: &str = "[permissions]\nrun = [\"git\"]\n";

#[test]
fn the_first_run_of_an_approved_version_that_declares_anything_is_asked_about_once() {
    let shell = Shell::new();
    approved(&shell, "starter", "echo ran\n", STARTS);
    // Nobody can be asked here: refused and recorded, with what to do.
    let refused = shell.call(&["run", "starter"]).exits(4);
    assert!(!refused.stdout.contains("ran"), "{}", refused.stdout);
    assert!(refused.stderr.contains("--allow"), "{}", refused.stderr);
    assert_eq!(shell.call(&["runs", "--json"]).exits(0).json()["runs"][0]["outcome"], "refused");
    // An agent cannot answer, whatever it passes.
    for args in [&["run", "starter"][..], &["run", "starter", "--allow"]] {
        let agent = shell.call(&[args, &["--as-agent", "coder"]].concat()).exits(4);
        assert!(agent.stderr.contains("human"), "{}", agent.stderr);
    }
    let allowed = shell.call_by_human(&["run", "starter", "--allow"]).exits(0);
    assert!(allowed.stderr.contains("start git"), "what is allowed is shown: {}", allowed.stderr);
    // From now on nobody is asked, agents neither.
    shell.call(&["run", "starter"]).exits(0);
    shell.call(&["run", "starter", "--as-agent", "coder"]).exits(0);
    let log = shell.call(&["log", "--json"]).exits(0).json()["operations"].clone();
    assert_eq!((&log[0]["verb"], &log[0]["subject"]), (&json!("allow"), &json!("starter")), "{log}");
    // Taken back, it is asked again.
    shell.at_terminal(&["undo"]).exits(0);
    shell.call(&["run", "starter"]).exits(4);
}

#[test]
fn a_version_that_declares_more_is_asked_about_again() {
    let shell = Shell::new();
    approved(&shell, "starter", "echo ran\n", STARTS);
    shell.call_by_human(&["run", "starter", "--allow"]).exits(0);
    approved(&shell, "starter", "echo ran\n", "[permissions]\nrun = [\"git\", \"sh\"]\n");
    shell.call(&["run", "starter"]).exits(4);
    shell.call_by_human(&["run", "starter", "--allow"]).exits(0);
}

#[test]
fn at_a_terminal_the_question_is_asked_and_only_yes_is_yes() {
    let shell = Shell::new();
    approved(&shell, "starter", "echo it-ran\n", STARTS);
    let asked = shell.typing(&["run", "starter"], "Type yes", "y\n").exits(4).stdout;
    assert!(asked.contains("start git") && !asked.contains("it-ran"), "{asked}");
    let asked = shell.typing(&["run", "starter"], "Type yes", "yes\n").exits(0).stdout;
    assert!(asked.contains("it-ran"), "{asked}");
    let silent = shell.at_terminal(&["run", "starter"]).exits(0).stdout;
    assert!(!silent.contains("Type yes"), "{silent}");
}

#[test]
fn what_is_prohibited_never_runs_even_approved_and_the_attempt_is_recorded() {
    let shell = Shell::new();
    shell.write(
        "tools/experimental/never/tool.toml",
        "name = \"never\"\nversion = \"1.0.0\"\ncost_tier = \"prohibited\"\n[run]\ncommand = [\"sh\", \"-c\", \"echo it-ran\"]\n",
    );
    for args in [&["run", "never"][..], &["run", "never", "--allow"], &["run", "never", "--as-agent", "coder"]] {
        let refused = shell.call_by_human(args).exits(4);
        assert!(!refused.stdout.contains("it-ran") && refused.stderr.contains("prohibited"), "{}", refused.stderr);
    }
    let runs = shell.call(&["runs", "--json"]).exits(0).json()["runs"].clone();
    let kept: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert_eq!(kept, ["refused"; 3]);
    shell.call(&["rerun", "1"]).exits(4);
}
