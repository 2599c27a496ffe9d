//! However the program ends, the terminal is as it was.

use super::{LARGE, digest_of, open, open_review, read_to_end, waiting_review, with_one_script};
use crate::support::{Terminal, Workspace, key, terminal_pair, until};
use rustix::process::Signal;
use std::fs::{self, File};
use std::io::Read;
use std::process::Stdio;

const NOTHING: Vec<&str> = Vec::new();

fn on_screen() -> (Workspace, Terminal) {
    let workspace = Workspace::new();
    let terminal = open(&workspace, LARGE);
    assert!(terminal.left_behind().contains(&"alternate screen"), "{:?}", terminal.left_behind());
    (workspace, terminal)
}

#[test]
fn quitting_restores_the_terminal() {
    let (_workspace, mut terminal) = on_screen();
    assert_eq!(terminal.send("q").wait_end().exit_code(), 0);
    assert_eq!(terminal.left_behind(), NOTHING);
    let bytes = terminal.bytes();
    // The keys that a terminal sends alike are told apart as long as the program has it.
    for sequence in ["\x1b[>1u", "\x1b[<1u", "\x1b[?1049l", "\x1b[?25h", "\x1b[?2004l"] {
        assert!(bytes.windows(sequence.len()).any(|window| window == sequence.as_bytes()), "{sequence:?}");
    }
}

#[test]
fn signals_that_end_the_program_restore_the_terminal() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let (_workspace, mut terminal) = on_screen();
        terminal.signal(signal).wait_end();
        assert_eq!(terminal.left_behind(), NOTHING, "{signal:?}");
    }
}

/// Not a test: the part of the next one that runs in a terminal of its own, and crashes there.
#[test]
#[ignore = "started by the next test"]
fn crashes_on_screen() {
    let Some(reports) = std::env::var_os(REPORTS) else { return };
    toolsmith::tui::terminal::restore_on_panic(reports.into());
    let _session = toolsmith::tui::terminal::Session::enter().unwrap();
    panic!("on purpose");
}

const REPORTS: &str = "TOOLSMITH_TEST_REPORTS";

#[test]
fn a_crash_restores_the_terminal_and_names_its_report() {
    let workspace = Workspace::new();
    let (reports, us) = (workspace.path("reports"), std::env::current_exe().unwrap());
    let variable = format!("{REPORTS}={}", reports.display());
    let test = ["--exact", "journeys::leave::crashes_on_screen", "--ignored", "--nocapture", "--test-threads=1"];
    let argv: Vec<&str> = ["/usr/bin/env", &variable, us.to_str().unwrap()].into_iter().chain(test).collect();
    let mut terminal = Terminal::program(&workspace, &argv, LARGE);
    assert_ne!(terminal.wait_end().exit_code(), 0);
    assert_eq!(terminal.left_behind(), NOTHING);
    let file = fs::read_dir(&reports).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(&file).unwrap().contains("on purpose"));
    let said = String::from_utf8_lossy(&terminal.bytes()).replace(['\r', '\n'], "");
    let (_, after) = said.split_once("\x1b[?1049l").unwrap();
    assert!(after.contains(file.file_name().unwrap().to_str().unwrap()), "{after}");
}

#[test]
fn a_signal_while_the_digest_of_an_approval_is_typed_decides_nothing() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let workspace = with_one_script("greet");
        let mut terminal = open(&workspace, LARGE);
        let digest = digest_of(&waiting_review(&workspace));
        terminal.wait_text("1 pending review");
        open_review(&mut terminal);
        read_to_end(&mut terminal);
        terminal.send("a").wait_text("then: enter approves");
        terminal.send(&digest[..4]).wait_text("reason (optional)").signal(signal).wait_end();
        assert_eq!(terminal.left_behind(), NOTHING, "{signal:?}");
        assert_eq!(digest_of(&waiting_review(&workspace)), digest, "{signal:?}");
        assert_eq!(workspace.json(&["log"]).0["operations"], serde_json::json!([]), "{signal:?}");
    }
}

#[test]
fn a_terminal_that_is_closed_ends_the_program_without_a_crash() {
    let workspace = Workspace::new();
    let (master, slave) = terminal_pair();
    let other = || Stdio::from(slave.try_clone().unwrap());
    let mut child = workspace.toolsmith(&[]).stdin(other()).stdout(other()).stderr(other()).spawn().unwrap();
    drop(slave);
    let mut master = File::from(master);
    let (mut told, mut part) = (Vec::new(), [0; 4096]);
    while !told.windows(8).any(|window| window == b"\x1b[?1049h") {
        let read = master.read(&mut part).unwrap();
        told.extend_from_slice(&part[..read]);
    }
    drop(master);
    until("the program has ended", || child.try_wait().unwrap().is_some());
    assert_ne!(child.wait().unwrap().code(), Some(101), "it did not panic");
    let reports = workspace.home().join("toolsmith/data/crashes");
    assert!(!reports.exists(), "{:?}", fs::read_dir(&reports).unwrap().collect::<Vec<_>>());
}

#[test]
fn a_terminal_that_is_closed_while_nothing_happens_ends_the_program() {
    let workspace = Workspace::new();
    let (master, slave) = terminal_pair();
    let other = || Stdio::from(slave.try_clone().unwrap());
    let size = rustix::termios::Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&slave, size).unwrap();
    // The terminal is not the controlling one of the program: no SIGHUP comes.
    let mut child = workspace.toolsmith(&[]).stdin(other()).stdout(other()).stderr(other()).spawn().unwrap();
    drop(slave);
    let mut master = File::from(master);
    let (mut told, mut part) = (Vec::new(), [0; 4096]);
    while !told.windows(5).any(|window| window == b"Ready") {
        let read = master.read(&mut part).unwrap();
        told.extend_from_slice(&part[..read]);
    }
    drop(master);
    let mut ended = None;
    until("the program has ended", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_ne!(ended.unwrap().code(), Some(101), "it did not panic");
}

#[test]
fn stopping_restores_the_terminal_and_continuing_draws_again() {
    let workspace = Workspace::new().with_script("greet", "print('hello')");
    let mut terminal = Terminal::shell(&workspace, LARGE);
    terminal.wait_text("$ ").send(&format!("{}\r", crate::support::program())).wait_text("Ready").wait_text("greet");
    terminal.send(key::CTRL_Z).wait_text("Stopped");
    assert_eq!(terminal.left_behind(), NOTHING);
    terminal.send("echo still $((6 * 7))\r").wait_text("still 42");
    terminal.send("fg\r").wait_for("the workbench again", |screen| {
        screen.alternate_screen() && screen.contents().contains("1 Catalog") && screen.contents().contains("greet")
    });
    // Drawing everything again asks the terminal nothing either.
    terminal.send("\x0c?").wait_text("Keys in").send(key::ESC).wait_gone("Keys in");
    terminal.send("q").wait_for("the prompt", |screen| {
        let text = screen.contents();
        text.contains("still 42") && text.trim_end().ends_with("\n$")
    });
    assert_eq!(terminal.send("exit\r").wait_end().exit_code(), 0);
    assert_eq!(terminal.left_behind(), NOTHING);
}
