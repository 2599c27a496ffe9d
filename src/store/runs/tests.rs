use super::super::fixture::{NOW, change, change_at, digest, finished, isolation, name, run, store};
use super::*;
use crate::domain::{Digest, EventSeq, IsolationLevel, Uses};

fn later(ms: i64) -> Instant {
    Instant(NOW.0 + ms)
}

#[test]
fn a_run_reads_back_while_it_runs_and_after_its_end() {
    let (_dir, mut store) = store();
    let new = run("x");
    let id = change(&mut store, |tx| tx.start_run(&new));
    let running = Run {
        id,
        tool: new.tool,
        version: new.version,
        digest: new.digest,
        stage: new.stage,
        caller: new.caller,
        outcome: RunOutcome::Running,
        exit_code: None,
        signal: None,
        started_at: NOW,
        usage: RunUsage::default(),
        isolation: isolation(),
        denied: vec![],
        error: None,
        truncated: false,
        notes: vec![],
        departed: vec![],
        interpreter: None,
        parent: None,
        worker: None,
        step: None,
        input: new.input,
    };
    assert_eq!(store.run(id).unwrap(), Some(running.clone()));
    let facts = InterpreterFacts {
        path: "/usr/bin/python3.11".to_owned(),
        version: "3.11.2".to_owned(),
        digest: digest("python"),
        prefix: None,
        packages: vec!["six 1.17.0".to_owned()],
        lock: Some(digest("packages")),
        untrusted: None,
    };
    assert!(change(&mut store, |tx| tx.set_run_interpreter(id, &facts)));
    let running = Run { interpreter: Some(facts.clone()), ..running };
    assert_eq!(store.run(id).unwrap(), Some(running.clone()));
    let verified = Isolation { level: IsolationLevel::Confined, layers: vec!["seccomp".to_owned()], ..isolation() };
    assert!(change(&mut store, |tx| tx.set_run_isolation(id, &verified)));
    assert_eq!(store.run(id).unwrap().map(|run| run.isolation), Some(verified.clone()));
    let bare = Isolation { level: IsolationLevel::None, ..isolation() };
    let end = FinishedRun { isolation: bare.clone(), ..finished(RunEnd::Killed { signal: 9 }) };
    assert!(change_at(&mut store, later(50), |tx| tx.finish_run(id, &end)));
    let ended = Run {
        outcome: RunOutcome::Killed,
        signal: Some(9),
        usage: end.usage,
        isolation: bare,
        error: Some("killed by signal 9".to_owned()),
        truncated: true,
        notes: vec!["a note".to_owned()],
        departed: vec!["read /etc/passwd".to_owned()],
        ..running
    };
    assert_eq!(store.run(id).unwrap(), Some(ended));
    assert_eq!(store.run(RunId(99)).unwrap(), None);
}

#[test]
fn every_ending_reads_back() {
    let message = || "why".to_owned();
    let ends = [
        RunEnd::Succeeded { exit_code: 0 },
        RunEnd::Failed { exit_code: 3, reason: message() },
        RunEnd::TimedOut { after_ms: 30_000 },
        RunEnd::Cancelled,
        RunEnd::Killed { signal: 11 },
        RunEnd::LimitExceeded { limit: "memory".to_owned(), message: message() },
        RunEnd::InvalidInput { message: message() },
        RunEnd::InvalidOutput { exit_code: 0, message: message() },
        RunEnd::SpawnFailed { message: message() },
        RunEnd::Refused { message: message() },
        RunEnd::Interrupted,
    ];
    let (_dir, mut store) = store();
    for end in ends {
        let id = change(&mut store, |tx| {
            let id = tx.start_run(&run("x"))?;
            tx.finish_run(id, &finished(end.clone())).map(|_| id)
        });
        let read = store.run(id).unwrap().unwrap();
        assert_eq!((read.outcome, read.exit_code, read.error), (end.outcome(), end.exit_code(), end.message()));
    }
}

#[test]
fn a_run_ends_once() {
    let (_dir, mut store) = store();
    let id = change(&mut store, |tx| tx.start_run(&run("x")));
    let failed = finished(RunEnd::Failed { exit_code: 1, reason: "boom".to_owned() });
    let twice = change(&mut store, |tx| {
        Ok((tx.finish_run(id, &failed)?, tx.finish_run(id, &finished(RunEnd::Succeeded { exit_code: 0 }))?))
    });
    assert_eq!(twice, (true, false));
    assert!(!change(&mut store, |tx| tx.finish_run(RunId(99), &failed)));
    assert_eq!(store.run(id).unwrap().unwrap().outcome, RunOutcome::Failed);
    assert_eq!(store.failures(None, NOW).unwrap()[0].count, 1);
    let expected = Stats { runs: 1, succeeded: 0, last_run_at: Some(NOW) };
    assert_eq!(store.stats().unwrap(), HashMap::from([(name("x"), expected)]));
    let kinds: Vec<_> = store.events_since(EventSeq(0), 9).unwrap().into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [EventKind::RunStarted, EventKind::RunEnded, EventKind::FailureRecorded]);
}

#[test]
fn counts_follow_the_runs() {
    let (_dir, mut store) = store();
    change(&mut store, |tx| {
        for end in [RunEnd::Succeeded { exit_code: 0 }, RunEnd::Cancelled, RunEnd::Interrupted] {
            let id = tx.start_run(&run("x"))?;
            tx.finish_run(id, &finished(end))?;
        }
        Ok(())
    });
    change_at(&mut store, later(-9), |tx| tx.start_run(&run("y")));
    change_at(&mut store, later(-10), |tx| tx.start_run(&run("x")));
    // A run that was stopped, or that ended with its owner or the machine, counts neither as a success nor as a
    // failure.
    let expected = HashMap::from([
        (name("x"), Stats { runs: 1, succeeded: 1, last_run_at: Some(NOW) }),
        (name("y"), Stats { runs: 0, succeeded: 0, last_run_at: Some(later(-9)) }),
    ]);
    assert_eq!(store.stats().unwrap(), expected);
}

#[test]
fn the_runs_of_a_version_weigh_for_it_alone() {
    let (_dir, mut store) = store();
    let other = Digest([9; 32]);
    change(&mut store, |tx| {
        for (digest, end) in [
            (run("x").digest, RunEnd::Succeeded { exit_code: 0 }),
            (other, RunEnd::TimedOut { after_ms: 1 }),
            (other, RunEnd::Cancelled),
        ] {
            let id = tx.start_run(&NewRun { digest, ..run("x") })?;
            tx.finish_run(id, &finished(end))?;
        }
        Ok(())
    });
    let stats = store.version_stats().unwrap();
    let of = |digest| stats[&(name("x"), digest)];
    let good =
        VersionStats { runs: 1, succeeded: 1, last_run_at: Some(NOW), uses: Uses::default().with(NOW, true, 12) };
    let bad = VersionStats { succeeded: 0, uses: Uses::default().with(NOW, false, 12), ..good };
    assert_eq!((of(run("x").digest), of(other)), (good, bad));
    assert_eq!(store.stats().unwrap()[&name("x")], Stats { runs: 2, succeeded: 1, last_run_at: Some(NOW) });
    assert_eq!(store.judged_runs(&name("x"), Some(other), NOW).unwrap().len(), 1);
}

#[test]
fn judged_runs_are_read_back_one_by_one_and_by_the_hour() {
    let (_dir, mut store) = store();
    let hour = 3_600_000;
    for (ms, end) in [
        (-hour, RunEnd::Succeeded { exit_code: 0 }),
        (0, RunEnd::TimedOut { after_ms: 1 }),
        (1, RunEnd::Succeeded { exit_code: 0 }),
        (2, RunEnd::Cancelled),
    ] {
        change_at(&mut store, later(ms), |tx| {
            let id = tx.start_run(&run("x"))?;
            tx.finish_run(id, &finished(end))
        });
    }
    let judged = store.judged_runs(&name("x"), Some(run("x").digest), NOW).unwrap();
    assert_eq!(
        judged.iter().map(|run| (run.at, run.succeeded)).collect::<Vec<_>>(),
        [(later(12), false), (later(13), true)]
    );
    assert_eq!((judged[0].duration_ms, judged[0].cpu_ms, judged[0].memory_bytes), (12, 3, 8192));
    let this = NOW.0 / hour;
    let one = HourOfRuns { hour: this - 1, runs: 1, succeeded: 1, mean_ms: 12.0 };
    assert_eq!(store.runs_by_hour(later(-hour)).unwrap(), [one, HourOfRuns { hour: this, runs: 2, ..one }]);
    assert_eq!(store.version_stats().unwrap()[&(name("x"), run("x").digest)].uses.at, later(1));
}

#[test]
fn runs_are_found_by_each_field_and_by_all_together() {
    let (_dir, mut store) = store();
    let at = |store: &mut super::super::Store, ms, tool, end: RunEnd| {
        change_at(store, later(ms), |tx| {
            let id = tx.start_run(&run(tool))?;
            tx.finish_run(id, &finished(end)).map(|_| id)
        })
    };
    let good = || RunEnd::Succeeded { exit_code: 0 };
    let first = at(&mut store, 0, "x", good());
    let second = at(&mut store, 10, "y", RunEnd::Cancelled);
    let third = at(&mut store, 20, "x", RunEnd::Cancelled);
    let early = at(&mut store, -5, "x", good());
    let all = RunQuery { limit: 9, ..RunQuery::default() };
    let found = |query: &RunQuery| store.runs(query).unwrap().iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(found(&all), [third, second, first, early]);
    assert_eq!(found(&RunQuery { limit: 2, ..all.clone() }), [third, second]);
    assert_eq!(found(&RunQuery { tool: Some(name("x")), ..all.clone() }), [third, first, early]);
    assert_eq!(found(&RunQuery { outcome: Some(RunOutcome::Cancelled), ..all.clone() }), [third, second]);
    assert_eq!(found(&RunQuery { since: Some(later(10)), ..all.clone() }), [third, second]);
    assert_eq!(found(&RunQuery { digest: Some(digest("y")), ..all.clone() }), [second]);
    let together = RunQuery {
        tool: Some(name("x")),
        outcome: Some(RunOutcome::Succeeded),
        since: Some(NOW),
        digest: Some(digest("x")),
        signature: None,
        parent: None,
        limit: 9,
    };
    assert_eq!(found(&together), [first]);
}

#[test]
fn the_worker_of_a_run_is_kept() {
    let (_dir, mut store) = store();
    let on_worker = NewRun { worker: Some("big".to_owned()), ..run("x") };
    let (there, here) = change(&mut store, |tx| Ok((tx.start_run(&on_worker)?, tx.start_run(&run("x"))?)));
    let worker = |id| store.run(id).unwrap().unwrap().worker;
    assert_eq!((worker(there).as_deref(), worker(here)), (Some("big"), None));
}

#[test]
fn only_a_remembered_input_is_the_last_input() {
    let (_dir, mut store) = store();
    let remembered = NewRun { remember_input: true, ..run("x") };
    change(&mut store, |tx| {
        tx.start_run(&remembered)?;
        tx.start_run(&NewRun { input: "2".to_owned(), ..remembered.clone() })?;
        tx.start_run(&NewRun { input: "3".to_owned(), ..run("x") })
    });
    assert_eq!(store.last_input(&name("x")).unwrap().as_deref(), Some("2"));
    assert_eq!(store.last_input(&name("y")).unwrap(), None);
}

#[test]
fn no_question_for_runs_sorts_or_reads_them_all() {
    let (_dir, store) = store();
    for chosen in 0..32 {
        let query = RunQuery {
            tool: (chosen & 1 != 0).then(|| name("x")),
            outcome: (chosen & 2 != 0).then_some(RunOutcome::Failed),
            since: (chosen & 4 != 0).then_some(NOW),
            digest: (chosen & 8 != 0).then(|| digest("x")),
            signature: (chosen & 16 != 0).then(|| "00".to_owned()),
            parent: None,
            limit: 50,
        };
        let (sql, values) = select(&query);
        let explained = format!("EXPLAIN QUERY PLAN {}", sql.replace("LIMIT ?", "LIMIT 50 -- ?"));
        let plan = store.rows(&explained, values.as_slice(), |row| row.get::<_, String>(3)).unwrap().join("; ");
        assert!(plan.contains(" USING INDEX runs_by_") && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        assert!(chosen == 0 || plan.contains("SEARCH runs"), "{sql}: {plan}");
    }
}
