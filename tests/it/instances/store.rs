//! What the store says of keepers: a machine that was restarted, process numbers that were used again, a store that a
//! newer program changed, and a program that was replaced while keepers run.

use super::{Bench, COMPANION, PATIENCE, kill};
use crate::support::{processes_with, program};
use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const QUICK: &str = "[service]\nbackoff = { first = \"1ms\", factor = 1, most = \"1ms\", calm = \"60s\" }\n";

impl Bench {
    pub(super) fn store(&self) -> Connection {
        let connection = Connection::open(self.state().join("store.db")).unwrap();
        connection.busy_timeout(PATIENCE).unwrap();
        connection
    }

    /// The owner word of the only keeper: process, start time, a unique part, boot.
    fn keeper_word(&self) -> Vec<String> {
        let word: String = self.store().query_row("SELECT keeper FROM instances", [], |row| row.get(0)).unwrap();
        let parts: Vec<String> = word.split(':').map(str::to_owned).collect();
        assert_eq!(parts.len(), 4, "{word}");
        parts
    }

    fn set_keeper_word(&self, parts: &[String]) {
        let changed = self.store().execute("UPDATE instances SET keeper = ?1", [parts.join(":")]).unwrap();
        assert_eq!(changed, 1);
    }

    /// Kills the only keeper and waits for the end of its service: nobody else looks meanwhile.
    fn kill_keeper(&self, mark: &str) {
        let keepers = self.keepers();
        assert_eq!(keepers.len(), 1);
        keepers.into_iter().for_each(kill);
        Bench::until_gone(mark);
    }
}

#[test]
fn after_a_restart_of_the_machine_a_service_is_stopped_and_after_the_end_of_its_keeper_it_runs_again() {
    for is_rebooted in [false, true] {
        let (bench, mark) = Bench::with_companion(QUICK);
        bench.ok(&["launch", "companion", "--wait"]);
        assert_eq!(bench.say("companion", "hello"), "1: hello");
        bench.kill_keeper(&mark);
        if is_rebooted {
            let mut word = bench.keeper_word();
            word[3] = if word[3] == "00000000" { "00000001".to_owned() } else { "00000000".to_owned() };
            bench.set_keeper_word(&word);
            let seen = bench.until("companion", "stopped");
            assert_eq!(seen["last_error"], "the machine was restarted");
            assert_eq!((seen["incarnation"].as_u64(), seen["desired"].as_str()), (Some(1), Some("down")), "{seen}");
            assert_eq!((bench.keepers().len(), processes_with(&mark).len()), (0, 0));
            // Its context is there, and the first message starts it.
            assert_eq!(bench.said("companion"), ["hello", "1: hello"]);
            assert_eq!(bench.say("companion", "again"), "1: again");
        } else {
            let seen = bench
                .until_so("companion", "another start", |seen| seen["incarnation"] == 2 && seen["state"] == "running");
            assert_eq!(seen["last_error"], "its keeper process was killed");
            assert_eq!((bench.keepers().len(), processes_with(&mark).len()), (1, 1));
        }
    }
}

#[test]
fn a_number_of_a_process_that_is_used_again_is_not_the_keeper() {
    let (bench, mark) = Bench::with_companion(QUICK);
    bench.ok(&["launch", "companion", "--wait"]);
    bench.kill_keeper(&mark);
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // Its start time is the 22nd field; the second one may hold blanks.
    let started = stat.rsplit(')').next().unwrap().split_ascii_whitespace().nth(19).unwrap().to_owned();
    let mut word = bench.keeper_word();
    // A control: this very process as the keeper lives, so nothing is lost and nothing is started.
    (word[0], word[1]) = (std::process::id().to_string(), started.clone());
    bench.set_keeper_word(&word);
    assert_eq!(bench.instance("companion")["state"], "running");
    assert_eq!((bench.keepers().len(), processes_with(&mark).len()), (0, 0));
    // The same number, but of a process that began at another time.
    word[1] = (started.parse::<u64>().unwrap() + 1).to_string();
    bench.set_keeper_word(&word);
    let seen =
        bench.until_so("companion", "another start", |seen| seen["incarnation"] == 2 && seen["state"] == "running");
    assert_eq!(seen["last_error"], "its keeper process was killed");
    assert_eq!((bench.keepers().len(), processes_with(&mark).len()), (1, 1));
}

#[test]
fn a_keeper_goes_on_with_a_store_that_a_newer_program_changed() {
    let (bench, mark) = Bench::with_companion(QUICK);
    bench.ok(&["launch", "companion", "--wait"]);
    let first = processes_with(&mark);
    let store = bench.store();
    let format: i64 = store.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let newer = format!(
        "BEGIN IMMEDIATE; ALTER TABLE instances ADD COLUMN newer TEXT; UPDATE instances SET newer = 'kept'; \
         CREATE TABLE newer (a); PRAGMA user_version = {}; COMMIT;",
        format + 1
    );
    store.execute_batch(&newer).unwrap();
    // A control: programs of today refuse this store.
    let why = bench.refused(&["terminate", "companion"]);
    assert!(why.contains("supports formats up to"), "{why}");
    let wish = |word: &str| {
        let changed = store.execute("UPDATE instances SET wish = wish + 1, wants = ?1", [word]).unwrap();
        assert_eq!(changed, 1);
    };
    let state = || {
        let sql = "SELECT state, newer, wish - heard, keeper IS NULL FROM instances";
        store
            .query_row(sql, [], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get::<_, bool>(3)?))
            })
            .unwrap()
    };
    let until = |what: &str, is_so: &dyn Fn() -> bool| {
        let give_up = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < give_up, "never {what}: {:?}", state());
        }
    };
    // It restarts what is killed, and when it is asked to.
    first.iter().copied().for_each(kill);
    let runs_anew = |before: &[i32]| {
        let now = processes_with(&mark);
        now.len() == 1 && now != before && state().0 == "running"
    };
    until("another process", &|| runs_anew(&first));
    let second = processes_with(&mark);
    wish("fresh");
    until("a third process", &|| runs_anew(&second) && state().2 == 0);
    wish("down");
    until("its end", &|| state() == ("stopped".to_owned(), "kept".to_owned(), 0, true));
    Bench::until_gone(&mark);
    until("the end of the keeper", &|| bench.keepers().is_empty());
    // The format is that of the newer program still.
    assert_eq!(store.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap(), format + 1);
}

#[test]
fn an_old_keeper_leaves_lost_instances_of_a_store_that_a_newer_program_changed_to_the_newer_program() {
    let bench = Bench::new();
    let marks = ["first", "second"].map(|name| bench.service(name, COMPANION, QUICK));
    bench.ok(&["launch", "first", "--wait"]);
    let first = bench.keepers();
    bench.ok(&["launch", "second", "--wait"]);
    let store = bench.store();
    let format: i64 = store.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    store.pragma_update(None, "user_version", format + 1).unwrap();
    let row = |name: &str| {
        let sql = "SELECT state, life, coalesce(keeper, ''), heard FROM instances WHERE name = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?))
        };
        store.query_row(sql, [name], read).unwrap()
    };
    let before = row("second");
    bench.keepers().into_iter().filter(|pid| !first.contains(pid)).for_each(kill);
    Bench::until_gone(&marks[1]);
    // Each order changes the store, so the keeper looks at its neighbour, which is dead. Once it has carried out the
    // second order, it has done so at least once.
    for _ in 0..2 {
        let heard = row("first").3;
        store.execute("UPDATE instances SET wish = wish + 1, wants = 'fresh' WHERE name = 'first'", []).unwrap();
        let give_up = Instant::now() + PATIENCE;
        while row("first").3 == heard || row("first").0 != "running" {
            assert!(Instant::now() < give_up, "the order is never carried out: {:?}", row("first"));
        }
    }
    assert_eq!(row("second"), before);
    assert_eq!((bench.keepers(), processes_with(&marks[1]).len()), (first, 0));
    // A program that knows the format restores it.
    store.pragma_update(None, "user_version", format).unwrap();
    let is_back = |seen: &Value| seen["incarnation"] == 2 && seen["state"] == "running";
    let seen = bench.until_so("second", "another start", is_back);
    assert_eq!(seen["last_error"], "its keeper process was killed");
}

#[test]
fn a_keeper_whose_program_was_replaced_goes_on_and_a_relaunch_moves_its_service_to_the_new_program() {
    let (bench, mark) = Bench::with_companion(QUICK);
    let folder = tempfile::tempdir().unwrap();
    let installed = folder.path().join("toolsmith");
    // By a process of its own: a file that this process has open for writing could not be executed while another
    // test forks.
    let copy = |to: &Path| assert!(Command::new("cp").arg(program()).arg(to).status().unwrap().success());
    copy(&installed);
    let json = |args: &[&str]| -> Value {
        let mut command = Command::new(&installed);
        command.args(args).arg("--json").current_dir(bench.workspace.root());
        let output = command.env_clear().envs(bench.workspace.environment()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let keeper = || {
        let give_up = Instant::now() + PATIENCE;
        loop {
            // One that hands over may still be ending.
            if let [pid] = bench.keepers()[..] {
                return pid;
            }
            assert!(Instant::now() < give_up, "keepers: {:?}", bench.keepers());
        }
    };
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    let program_of = |pid: i32| inode(&Path::new("/proc").join(pid.to_string()).join("exe"));
    let until = |what: &str, wanted: &dyn Fn(&Value) -> bool| {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let seen = json(&["services", "companion"]);
            if wanted(&seen) {
                return;
            }
            assert!(Instant::now() < give_up, "never {what}: {seen}");
        }
    };
    json(&["launch", "companion", "--wait"]);
    assert_eq!(json(&["say", "companion", "hello"])["answer"], "1: hello");
    let (old, old_program) = (keeper(), inode(&installed));
    // As a package manager installs it: another file takes the name.
    let newer = folder.path().join("newer");
    copy(&newer);
    fs::rename(&newer, &installed).unwrap();
    assert_ne!(inode(&installed), old_program);
    assert_eq!(program_of(old), old_program);
    // The old keeper still restarts its service, although its program file has no name any more.
    processes_with(&mark).into_iter().for_each(kill);
    until("another start", &|seen| seen["incarnation"] == 2 && seen["state"] == "running");
    assert_eq!(json(&["say", "companion", "again"])["answer"], "1: again");
    assert_eq!(keeper(), old);
    json(&["relaunch", "companion"]);
    until("a third start", &|seen| seen["incarnation"] == 3 && seen["state"] == "running");
    assert_eq!(program_of(keeper()), inode(&installed));
    assert_eq!(processes_with(&mark).len(), 1);
    assert_eq!(json(&["say", "companion", "anew"])["answer"], "1: anew");
    // A second relaunch by the same program keeps the keeper.
    let new = keeper();
    json(&["relaunch", "companion"]);
    until("a fourth start", &|seen| seen["incarnation"] == 4 && seen["state"] == "running");
    assert_eq!(keeper(), new);
}

/// How often a process has waited for something so far.
fn waits(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn the_end_of_a_service_that_cannot_be_written_is_written_as_soon_as_it_can() {
    let (bench, mark) = Bench::with_companion(QUICK);
    bench.ok(&["launch", "companion", "--wait"]);
    let [keeper] = bench.keepers()[..] else { panic!("not one keeper") };
    let refuse = "CREATE TRIGGER full BEFORE UPDATE ON instances BEGIN SELECT RAISE(ABORT, 'no room'); END";
    bench.store().execute(refuse, []).unwrap();
    let service = processes_with(&mark);
    service.iter().copied().for_each(kill);
    Bench::until_gone(&mark);
    // The keeper has seen the end, and could not write it.
    let (before, give_up) = (waits(keeper), Instant::now() + PATIENCE);
    while waits(keeper) < before + 20 {
        assert!(Instant::now() < give_up, "the keeper does nothing");
    }
    assert_eq!(bench.instance("companion")["state"], "running", "a control: nothing was written");
    bench.store().execute("DROP TRIGGER full", []).unwrap();
    let seen =
        bench.until_so("companion", "started again", |seen| seen["incarnation"] == 2 && seen["state"] == "running");
    assert_eq!(seen["run"].as_u64(), Some(2), "{seen}");
    assert_eq!((bench.keepers(), processes_with(&mark).len()), (vec![keeper], 1));
    assert_eq!(bench.say("companion", "hello"), "1: hello");
    bench.ok(&["terminate", "companion"]);
    bench.until("companion", "stopped");
    Bench::until_gone(&mark);
}

#[test]
fn a_stored_time_of_the_next_start_that_lies_too_far_ahead_delays_nothing() {
    let long = "[service]\nbackoff = { first = \"1h\", factor = 1, most = \"1h\", calm = \"60s\" }\n";
    let (bench, mark) = Bench::with_companion(long);
    bench.ok(&["launch", "companion", "--wait"]);
    let _ = bench.workspace.json(&["say", "companion", "exit 3"]);
    bench.until("companion", "backing-off");
    bench.kill_keeper(&mark);
    // The new keeper waits for what is left of the hour.
    bench.until_so("companion", "another keeper", |seen| bench.keepers().len() == 1 && seen["state"] == "backing-off");
    bench.kill_keeper(&mark);
    // As after a clock was set back by most of an hour: the rule says a second.
    let shorter = "UPDATE instances SET rules = json_set(rules, '$.backoff.first_ms', 1000, '$.backoff.most_ms', 1000)";
    assert_eq!(bench.store().execute(shorter, []).unwrap(), 1);
    let stored: String = bench.store().query_row("SELECT rules FROM instances", [], |row| row.get(0)).unwrap();
    assert_eq!(stored.matches("1000").count(), 2, "{stored}");
    let seen = bench.until("companion", "running");
    assert_eq!(seen["incarnation"], 2, "{seen}");
}
