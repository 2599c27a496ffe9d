//! The store among several processes: they see each other, wait for each other, and survive kill -9.
//!
//! The other processes are this very test binary, asked to run [`child`] alone.

use crate::needs;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use toolsmith::domain::{Digest, EventSeq, FileMode, Instant, OperationId, VersionFile};
use toolsmith::store::{Copies, NewOperation, Store, StoreError};

const ROLE: &str = "TOOLSMITH_TEST_STORE_ROLE";
const DIR: &str = "TOOLSMITH_TEST_STORE_DIR";
const NOBODY: u32 = 65_534;

/// What another process does; nothing at all when this is an ordinary test run.
#[test]
fn child() {
    let (Ok(role), Ok(dir)) = (std::env::var(ROLE), std::env::var(DIR)) else { return };
    let dir = Path::new(&dir);
    match role.as_str() {
        "log" => {
            let mut store = Store::open(dir).unwrap();
            for number in 0..LOGGED {
                log(&mut store, &format!("t{number}"));
            }
        }
        "churn" => churn(dir),
        "open" => match Store::open(dir) {
            Ok(_) => println!("\nopened"),
            Err(error) => println!("\nrefused: {error}; {}", error.hint()),
        },
        other => panic!("no such role: {other}"),
    }
}

const LOGGED: usize = 20;

/// Logs and keeps copies until it is killed, and says what is done.
fn churn(dir: &Path) {
    let mut store = Store::open(dir).unwrap();
    let copies = Copies::new(dir);
    loop {
        let id = log(&mut store, "churn");
        let files = version(id);
        copies.put(Digest::of_files(&files), &files).unwrap();
        println!("\ndone {id}");
    }
}

fn version(id: OperationId) -> Vec<VersionFile> {
    let file = |path: String| VersionFile { path, mode: FileMode::Plain, bytes: vec![b'x'; 5_000] };
    (0..6).map(|number| file(format!("{id}/{number}"))).collect()
}

fn log(store: &mut Store, subject: &str) -> OperationId {
    let new = NewOperation {
        who: "Ada <ada@example.org>".to_owned(),
        verb: "promote".to_owned(),
        subject: subject.to_owned(),
        detail: serde_json::json!({"to": "core"}),
        reversible: true,
    };
    store.transact::<_, StoreError>(Instant(1), |tx| tx.log(&new)).unwrap()
}

fn command(role: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "store_processes::child", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(DIR, dir).current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn start(role: &str, dir: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = command(role, dir).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

#[test]
fn processes_that_open_and_write_at_once_take_turns() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let children: Vec<Child> = (0..3).map(|_| command("log", &state).spawn().unwrap()).collect();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    }
    let store = Store::open(&state).unwrap();
    let check = store.verify_log().unwrap();
    assert_eq!((check.entries, check.faults), (3 * LOGGED as u64, vec![]));
    assert_eq!(store.last_seq().unwrap(), EventSeq(3 * LOGGED as i64));
}

#[test]
fn a_reader_sees_what_another_process_commits() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let reader = store.reader().unwrap();
    let before = (reader.data_version().unwrap(), reader.last_seq().unwrap());
    assert!(command("log", dir.path()).output().unwrap().status.success());
    assert_ne!(reader.data_version().unwrap(), before.0);
    assert_eq!(reader.events_since(before.1, 1_000).unwrap().len(), LOGGED);
}

#[test]
fn kill_loses_nothing_that_was_done_and_leaves_nothing_half_done() {
    let dir = tempfile::tempdir().unwrap();
    let copies = Copies::new(dir.path());
    for round in 1..=8 {
        let (mut child, output) = start("churn", dir.path());
        let lines = output.lines().map_while(Result::ok);
        let done: Vec<OperationId> =
            lines.filter_map(|line| line.strip_prefix("done ")?.parse().ok()).take(round).collect();
        child.kill().unwrap();
        child.wait().unwrap();

        let store = Store::open(dir.path()).unwrap();
        let check = store.verify_log().unwrap();
        assert_eq!((done.len(), check.faults), (round, vec![]));
        assert_eq!(store.last_seq().unwrap(), EventSeq(check.entries as i64));
        for id in done {
            assert!(store.operation(id).unwrap().is_some() && copies.has(Digest::of_files(&version(id))), "{id}");
        }
        for digest in copies.all().unwrap() {
            assert_eq!(copies.check(digest), Ok(()));
        }
        assert_eq!(fs::read_dir(dir.path().join("versions/.incoming")).unwrap().count(), 0);
    }
    // Whoever is not root could not remove the folder otherwise.
    for digest in copies.all().unwrap() {
        set_mode(&copies.path(digest), 0o755);
        for entry in fs::read_dir(copies.path(digest)).unwrap() {
            set_mode(&entry.unwrap().path(), 0o755);
        }
    }
}

/// Opens `dir` as somebody who is not root and returns what that process said.
fn open_without_privilege(dir: &Path) -> Option<String> {
    let mut command = command("open", dir);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            needs::not_run(&format!("the test binary cannot be started without privilege: {error}"));
            return None;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find(|line| line.starts_with("opened") || line.starts_with("refused")).map(str::to_owned)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_state_folder_that_may_not_be_written_is_named_with_what_to_do() {
    let outer = tempfile::tempdir().unwrap();
    set_mode(outer.path(), 0o755);
    let state = outer.path().join("state");
    drop(Store::open(&state).unwrap());
    set_mode(&state, 0o555);
    let said = open_without_privilege(&state);
    set_mode(&state, 0o755);
    let Some(said) = said else { return };
    assert!(said.starts_with("refused: cannot use the state folder ") && said.contains("TOOLSMITH_HOME"), "{said}");
}

#[test]
fn a_database_that_may_not_be_written_is_named_with_what_to_do() {
    let outer = tempfile::tempdir().unwrap();
    set_mode(outer.path(), 0o755);
    let state = outer.path().join("state");
    drop(Store::open(&state).unwrap());
    for (name, mode) in [("", 0o777), ("open.lock", 0o666), ("use.lock", 0o666), ("store.db", 0o444)] {
        set_mode(&state.join(name), mode);
    }
    let Some(said) = open_without_privilege(&state) else { return };
    let expected =
        format!("refused: cannot open {}: the state database cannot be written", state.join("store.db").display());
    assert!(said.starts_with(&expected) && said.contains("TOOLSMITH_HOME"), "{said}");
}
