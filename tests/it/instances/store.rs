//! What the store says of keepers: a machine that was restarted, numbers of processes that were used again, a store
//! that a newer program changed.

use super::{Bench, PATIENCE, kill};
use crate::support::processes_with;
use rusqlite::Connection;
use std::fs;
use std::time::Instant;

const QUICK: &str = "[service]\nbackoff = { first = \"1ms\", factor = 1, most = \"1ms\", calm = \"60s\" }\n";

impl Bench {
    fn store(&self) -> Connection {
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
