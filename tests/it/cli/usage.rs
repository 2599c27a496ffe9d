//! Calls that go wrong before a verb does anything, and what every verb has in common.

use super::Shell;
use std::io::Read;

#[test]
fn wrong_calls_exit_with_two_and_say_so_in_json_when_asked() {
    let shell = Shell::new();
    let plain = shell.call(&["lsit"]).exits(2);
    assert_eq!(plain.stdout, "");
    assert!(
        plain.stderr.starts_with("error: unknown verb 'lsit'\nhint: did you mean `toolsmith list`?"),
        "{}",
        plain.stderr
    );
    assert_eq!(shell.call(&["list", "--json", "--stage", "nowhere"]).exits(2).error_code(), "usage");
    assert_eq!(shell.call(&["--json", "approve", "1", "--digest", "abc"]).exits(2).error_code(), "usage");
}

#[test]
fn what_the_user_typed_is_not_echoed_raw() {
    let answered = Shell::new().call(&["li\u{1b}[2Jst"]).exits(2);
    assert!(!answered.stderr.contains('\u{1b}'), "{}", answered.stderr);
    assert!(answered.stderr.contains("\\x1b[2J"), "{}", answered.stderr);
}

#[test]
fn help_and_version_are_answers() {
    let shell = Shell::bare();
    assert!(shell.call(&["--help"]).exits(0).stdout.contains("request-changes"));
    assert!(shell.call(&["run", "--help"]).exits(0).stdout.contains("--set <KEY=VALUE>"));
    assert!(shell.call(&["--version"]).exits(0).stdout.starts_with("toolsmith "));
}

#[test]
fn a_folder_that_is_no_workspace_is_not_found() {
    let shell = Shell::bare();
    let answered = shell.call(&["list"]).exits(5);
    assert!(answered.stderr.contains("no workspace at or above"), "{}", answered.stderr);
    assert!(answered.stderr.contains("toolsmith init"), "{}", answered.stderr);
    assert_eq!(shell.call(&["list", "--json", "--workspace", "/nowhere/at/all"]).exits(5).error_code(), "not-found");
}

#[test]
fn a_workspace_is_found_from_a_folder_below_it() {
    let shell = Shell::new();
    let mut command = shell.command(&["list", "--json"]);
    let done = command.current_dir(shell.workspace().join("tools/experimental")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn an_agent_named_in_the_environment_is_checked_like_one_on_the_command_line() {
    let shell = Shell::new().with("TOOLSMITH_AGENT", "Human");
    assert_eq!(shell.call(&["list", "--json"]).exits(2).error_code(), "usage");
}

#[test]
fn completions_and_the_manual_come_without_a_workspace() {
    let shell = Shell::bare();
    for name in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(shell.call(&["completions", name]).exits(0).stdout.contains("request-changes"), "{name}");
    }
    assert!(shell.call(&["man"]).exits(0).stdout.contains(".TH"));
    assert!(shell.call(&["man", "--json"]).exits(0).json()["text"].as_str().unwrap().contains(".TH"));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let shell = Shell::bare();
    let mut child = shell.command(&["man"]).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut first = [0; 1];
    out.read_exact(&mut first).unwrap();
    drop(out);
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let shell = Shell::new();
    assert!(shell.at_terminal(&["list"]).exits(0).stdout.contains("\u{1b}[2m"));
    assert!(!shell.at_terminal(&["list", "--no-color"]).exits(0).stdout.contains('\u{1b}'));
    assert!(!shell.call(&["list"]).exits(0).stdout.contains('\u{1b}'));
    let without = Shell::new().with("NO_COLOR", "1");
    assert!(!without.at_terminal(&["list"]).exits(0).stdout.contains('\u{1b}'));
}

#[test]
fn doctor_answers_even_without_a_workspace() {
    let shell = Shell::bare();
    let lines = shell.call(&["doctor", "--json"]).json()["lines"].clone();
    for line in lines.as_array().unwrap() {
        assert!(["ok", "warn", "bad"].contains(&line["state"].as_str().unwrap()), "{line}");
    }
    assert!(!lines.as_array().unwrap().is_empty());
}

#[test]
fn the_workbench_needs_a_terminal_and_no_json() {
    let shell = Shell::new();
    let piped = shell.call(&[]).exits(4);
    assert!(piped.stderr.contains("cannot open the workbench"), "{}", piped.stderr);
    assert_eq!(shell.call(&["--json"]).exits(2).error_code(), "usage");
}
