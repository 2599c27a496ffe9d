//! Staged writes through the real program: an approved tool changes declared paths as one step, or not at all.
//! Each case runs as whoever runs the tests and, when that is root, as a plain user too.

use super::permissions::approve;
use super::{Answered, Shell};
use crate::needs;
use crate::support::terminal_input;
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Child;

/// A user that nobody is, outside of the range that runs of root's use.
const PLAIN: u32 = 60_123;

/// Workspaces to try a case in; `put` fills each before it is handed over.
fn shells(put: impl Fn(&Shell)) -> Vec<Shell> {
    let is_root = rustix::process::getuid().is_root();
    let users = if is_root { vec![None, Some(PLAIN)] } else { vec![None] };
    let make = |user: Option<u32>| {
        let mut shell = Shell::new();
        shell.write("out/kept.txt", "one\ntwo\n");
        shell.write("out/gone.txt", "x\n");
        shell.write("out/old/deep.txt", "y\n");
        shell.write("flags/readme", "");
        put(&shell);
        if let Some(user) = user {
            shell.hand_over(user);
        }
        shell
    };
    users.into_iter().map(make).collect()
}

/// A tool that is told where the workspace is, approved and allowed.
fn tool(shell: &Shell, script: &str, permissions: &str) {
    let run = "[run]\ncommand = [\"sh\", \"{file}\", \"{workspace}\"]\nentry = \"writer.sh\"\n";
    shell.tool(
        "experimental",
        "writer",
        &format!("set -e\ncd \"$1\"\n{script}"),
        &format!("{run}[permissions]\n{permissions}"),
    );
}

fn allowed(shell: &Shell) -> Answered {
    approve(shell);
    shell.call_by_human(&["run", "writer", "--allow"])
}

const CHANGES: &str = "printf 'one\\n2\\n' > out/kept.txt\nrm out/gone.txt\nrm -r out/old\nmkdir out/new\n\
     printf 'z\\n' > out/new/deep.txt\n";

/// Tells that it wrote, and ends when it may.
const WAITS: &str = "echo wrote\nwhile [ ! -e flags/go ]; do sleep 0.05; done\n";

const WRITES: &str = "write = [\"out\"]\nread = [\"flags\"]\n";

/// Everything below `out`, in order.
fn tree(shell: &Shell) -> Vec<String> {
    fn look(at: &Path, base: &Path, all: &mut Vec<String>) {
        let mut names: Vec<_> = fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        for path in names {
            let name = path.strip_prefix(base).unwrap().display().to_string();
            if path.is_dir() {
                all.push(format!("{name}/"));
                look(&path, base, all);
            } else {
                all.push(format!("{name} {:?}", fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let (out, mut all) = (shell.workspace().join("out"), Vec::new());
    look(&out, &out, &mut all);
    all
}

const BEFORE: [&str; 4] = ["gone.txt \"x\\n\"", "kept.txt \"one\\ntwo\\n\"", "old/", "old/deep.txt \"y\\n\""];
const AFTER: [&str; 3] = ["kept.txt \"one\\n2\\n\"", "new/", "new/deep.txt \"z\\n\""];

/// Starts the tool and waits until it says that it wrote.
fn start(shell: &Shell) -> (Child, BufReader<std::process::ChildStdout>) {
    approve(shell);
    started(shell)
}

/// The same with a tool that is approved already.
fn started(shell: &Shell) -> (Child, BufReader<std::process::ChildStdout>) {
    let (_terminal, input) = terminal_input();
    let mut child = shell.command(&["run", "writer", "--allow"]).stdin(input).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    if line != "wrote\n" {
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        panic!("{line:?}: {told}");
    }
    (child, out)
}

fn end(shell: &Shell, child: Child) -> Answered {
    fs::write(shell.workspace().join("flags/go"), "").unwrap();
    let done = child.wait_with_output().unwrap();
    Answered {
        code: done.status.code().unwrap_or(-1),
        stdout: String::new(),
        stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

#[test]
fn nothing_changes_until_the_run_succeeded_then_all_at_once_and_undo_takes_it_back() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    for shell in shells(|shell| tool(shell, &format!("{CHANGES}{WAITS}ls out\n"), WRITES)) {
        let (child, mut out) = start(&shell);
        assert_eq!(tree(&shell), BEFORE, "while it runs");
        let ended = end(&shell, child).exits(0);
        let mut seen = String::new();
        out.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "kept.txt\nnew\n", "the tool sees its own writes");
        assert_eq!(tree(&shell), AFTER, "{}", ended.stderr);
        assert!(ended.stderr.contains("isolated") && ended.stderr.contains("undo"), "{}", ended.stderr);
        let shown = shell.call(&["output", "1", "--diff"]).exits(0).stdout;
        for line in ["-two", "+2", "gone.txt", "new/deep.txt", "applied"] {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        let log = shell.call(&["log", "--json"]).exits(0).json()["operations"].clone();
        assert_eq!((&log[0]["verb"], &log[0]["subject"]), (&json!("apply"), &json!("run 1")), "{log}");
        shell.at_terminal(&["undo"]).exits(0);
        assert_eq!(tree(&shell), BEFORE, "taken back");
    }
}

#[test]
fn a_run_that_fails_applies_nothing_and_its_difference_is_kept() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    for shell in shells(|shell| tool(shell, &format!("{CHANGES}exit 3\n"), WRITES)) {
        let ended = allowed(&shell).exits(1);
        assert!(ended.stderr.contains("not applied"), "{}", ended.stderr);
        assert_eq!(tree(&shell), BEFORE);
        let shown = shell.call(&["output", "1", "--diff"]).exits(0).stdout;
        assert!(shown.contains("+2") && shown.contains("not applied"), "{shown}");
    }
}

#[test]
fn a_file_that_somebody_changed_meanwhile_keeps_the_whole_step_back() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    for shell in shells(|shell| tool(shell, &format!("{CHANGES}{WAITS}"), WRITES)) {
        let (child, _out) = start(&shell);
        shell.write("out/old/deep.txt", "mine\n");
        let ended = end(&shell, child).exits(1);
        assert!(ended.stderr.contains("deep.txt changed while it ran"), "{}", ended.stderr);
        assert_eq!(shell.call(&["runs", "--json"]).exits(0).json()["runs"][0]["outcome"], "failed");
        let mine = BEFORE.map(|line| line.replace("\"y\\n\"", "\"mine\\n\""));
        assert_eq!(tree(&shell), mine);
    }
}

#[test]
fn declared_files_are_staged_whether_they_exist_or_not_and_nothing_beside_them_is_kept() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let script = "[ \"$(cat out/kept.txt)\" = \"$(printf 'one\\ntwo')\" ]\n[ ! -e out/gone.txt ]\n\
                  printf 'n' > out/kept.tmp\nmv out/kept.tmp out/kept.txt\nprintf 'm' > out/made.txt\necho x > out/beside\n";
    for shell in shells(|shell| tool(shell, script, "write = [\"out/kept.txt\", \"out/made.txt\"]\n")) {
        let ended = allowed(&shell).exits(0);
        assert!(ended.stderr.contains("discarded"), "{}", ended.stderr);
        let after = ["gone.txt \"x\\n\"", "kept.txt \"n\"", "made.txt \"m\"", "old/", "old/deep.txt \"y\\n\""];
        assert_eq!(tree(&shell), after);
    }
}

#[test]
fn a_file_in_a_folder_that_may_be_read_is_staged_and_the_rest_of_the_folder_stays() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let script = "[ \"$(cat out/gone.txt)\" = x ]\necho n > out/kept.txt\nrm out/gone.txt\n";
    for shell in shells(|shell| tool(shell, script, "write = [\"out/kept.txt\"]\nread = [\".\"]\n")) {
        allowed(&shell).exits(0);
        let after = ["gone.txt \"x\\n\"", "kept.txt \"n\\n\"", "old/", "old/deep.txt \"y\\n\""];
        assert_eq!(tree(&shell), after);
    }
}

#[test]
fn what_git_keeps_is_read_only_and_links_and_pipes_keep_everything_back() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let git = "if echo evil > out/.git/hooks/post-commit; then exit 9; fi\nif rm -rf out/.git; then exit 9; fi\n";
    let put = |shell: &Shell| {
        shell.write("out/.git/hooks/readme", "");
        tool(shell, &format!("{git}echo n > out/new\n"), WRITES);
    };
    for shell in shells(put) {
        allowed(&shell).exits(0);
        assert!(shell.workspace().join("out/.git/hooks/readme").exists() && shell.workspace().join("out/new").exists());
    }
    for (script, says) in [("ln -s /etc/passwd out/link\n", "a link"), ("mkfifo out/pipe\n", "not a regular file")] {
        for shell in shells(|shell| tool(shell, &format!("{script}echo n > out/new\n"), WRITES)) {
            let ended = allowed(&shell).exits(1);
            assert!(ended.stderr.contains("not applied") && ended.stderr.contains(says), "{}", ended.stderr);
            assert_eq!(tree(&shell), BEFORE);
        }
    }
}

#[test]
fn without_a_view_of_its_own_a_run_with_staged_writes_is_refused() {
    for shell in shells(|shell| {
        shell.config("[isolation]\nbubblewrap = \"off\"\n");
        tool(shell, "echo n > out/new\n", WRITES);
    }) {
        let refused = allowed(&shell).exits(6);
        assert!(refused.stderr.contains("bubblewrap") && refused.stderr.contains("core"), "{}", refused.stderr);
        assert_eq!(tree(&shell), BEFORE);
    }
}

#[test]
fn a_tool_changes_nothing_that_it_did_not_declare() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let script = "if echo n > notes.txt; then exit 9; fi\nif cat flags/readme; then exit 9; fi\necho n > out/new\n";
    for shell in shells(|shell| tool(shell, script, "write = [\"out\"]\n")) {
        allowed(&shell).exits(0);
        assert!(!shell.workspace().join("notes.txt").exists() && shell.workspace().join("out/new").exists());
    }
}

#[test]
fn renamed_replaced_and_unreadable_files_come_out_as_what_they_are() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let script = "mv out/old out/moved\nmkdir out/old\necho q > out/old/other\nrm out/gone.txt\n\
                  echo s > out/shut\nchmod 000 out/shut\nmkdir out/d\necho b > out/d/b\nchmod 000 out/d\n";
    for shell in shells(|shell| tool(shell, script, WRITES)) {
        let ended = allowed(&shell).exits(0);
        let after = [
            "d/",
            "d/b \"b\\n\"",
            "kept.txt \"one\\ntwo\\n\"",
            "moved/",
            "moved/deep.txt \"y\\n\"",
            "old/",
            "old/other \"q\\n\"",
            "shut \"s\\n\"",
        ];
        assert_eq!(tree(&shell), after, "{}", ended.stderr);
        shell.at_terminal(&["undo"]).exits(0);
        assert_eq!(tree(&shell), BEFORE);
    }
}

#[test]
fn what_cannot_be_one_step_is_not_applied_in_parts() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let limited = format!("{WRITES}[limits]\ndisk = \"64 MiB\"\n");
    for (script, says) in [
        ("rm out/kept.txt\nmkdir out/kept.txt\n", "from a file into a folder"),
        ("for i in 1 2 3; do truncate -s 30M out/hole$i; done\n", "disk limit"),
        ("touch \"$(printf 'out/\\377')\"\n", "is not UTF-8"),
        ("p=out; for i in $(seq 140); do p=$p/d; mkdir $p; done\n", "nested too deep"),
    ] {
        for shell in shells(|shell| tool(shell, &format!("echo n > out/new\n{script}"), &limited)) {
            let ended = allowed(&shell).exits(1);
            assert!(ended.stderr.contains("not applied") && ended.stderr.contains(says), "{says}: {}", ended.stderr);
            assert_eq!(tree(&shell), BEFORE, "{says}");
        }
    }
}

#[test]
fn bits_alone_are_no_change_and_that_is_said() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    for shell in shells(|shell| tool(shell, "chmod 700 out/kept.txt\ncat out/gone.txt >> out/gone.txt.copy\n", WRITES))
    {
        let ended = allowed(&shell).exits(0);
        assert!(ended.stderr.contains("permission bits"), "{}", ended.stderr);
        assert!(shell.workspace().join("out/gone.txt.copy").exists());
    }
}

#[test]
fn a_run_that_is_stopped_applies_nothing() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    for shell in shells(|shell| tool(shell, &format!("{CHANGES}while :; do sleep 0.1; done\n"), WRITES)) {
        approve(&shell);
        let ended = shell.call_by_human(&["run", "writer", "--allow", "--timeout", "1s"]).exits(1);
        assert!(ended.stderr.contains("timed"), "{}", ended.stderr);
        assert_eq!(tree(&shell), BEFORE);
    }
}

#[test]
fn the_workbenchs_own_files_stay_read_only_in_a_staged_workspace() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let script = "if echo x > tools/experimental/evil.sh; then exit 9; fi\necho n > out/new\n";
    for shell in shells(|shell| tool(shell, script, "write = [\".\"]\n")) {
        allowed(&shell).exits(0);
        assert!(shell.workspace().join("out/new").exists());
        assert!(!shell.workspace().join("tools/experimental/evil.sh").exists());
    }
}

/// Makes the approved tool a core tool.
fn promote(shell: &Shell) {
    approve(shell);
    shell.at_terminal(&["promote", "writer", "--to", "core"]).exits(0);
    approve(shell);
}

#[test]
fn a_core_tool_writes_at_once_as_a_plain_user_and_is_staged_as_root() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let git = "if echo evil > out/.git/hooks/post-commit; then exit 9; fi\n";
    let put = |shell: &Shell| {
        shell.write("out/.git/readme", "");
        fs::create_dir(shell.workspace().join("out/.git/hooks")).unwrap();
        tool(shell, &format!("{git}echo n > out/new\n{WAITS}"), WRITES);
    };
    for shell in shells(put) {
        let is_direct = shell.is_plain();
        promote(&shell);
        let (child, _out) = started(&shell);
        let new = shell.workspace().join("out/new");
        assert_eq!(new.exists(), is_direct, "while it runs");
        end(&shell, child).exits(0);
        assert!(new.exists());
        let log = shell.call(&["log", "--json"]).exits(0).json()["operations"].clone();
        assert_eq!(log[0]["verb"], if is_direct { "allow" } else { "apply" }, "{log}");
    }
}

#[test]
fn a_promotion_that_makes_writes_direct_is_asked_about_again() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    for shell in shells(|shell| tool(shell, "echo n > out/new\n", WRITES)) {
        allowed(&shell).exits(0);
        shell.at_terminal(&["promote", "writer", "--to", "core"]).exits(0);
        approve(&shell);
        if shell.is_plain() {
            let refused = shell.call(&["run", "writer"]).exits(4);
            assert!(refused.stderr.contains("was allowed before, but not to write directly"), "{}", refused.stderr);
            shell.call_by_human(&["run", "writer", "--allow"]).exits(0);
        }
        shell.call(&["run", "writer"]).exits(0);
    }
}

#[test]
fn confined_a_plain_users_core_tool_writes_where_nothing_in_there_is_protected() {
    for (protected, code) in [(false, 0), (true, 6)] {
        let put = |shell: &Shell| {
            shell.config("[isolation]\nbubblewrap = \"off\"\n");
            if protected {
                shell.write("out/.git/readme", "");
            }
            let script = "if echo n > notes.txt; then exit 9; fi\necho n > out/new\n";
            tool(shell, script, WRITES);
        };
        for shell in shells(put).iter().filter(|shell| shell.is_plain()) {
            promote(shell);
            let ended = shell.call_by_human(&["run", "writer", "--allow"]).exits(code);
            assert_eq!(shell.workspace().join("out/new").exists(), !protected, "{}", ended.stderr);
            assert_eq!(ended.stderr.contains("read-only"), protected, "{}", ended.stderr);
            assert!(!shell.workspace().join("notes.txt").exists());
        }
    }
}
