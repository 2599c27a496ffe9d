//! What is on disk before it is shown: a commit survives the loss of power.

use divan::Bencher;
use serde_json::json;
use std::cell::RefCell;
use toolsmith::domain::{
    Digest, Instant, Isolation, IsolationLevel, Permissions, Profile, RunEnd, RunUsage, Stage, ToolName,
};
use toolsmith::store::{FinishedRun, NewOperation, NewRun, Store, StoreError};

/// 2026-01-02 03:04:05 UTC.
const NOW: Instant = Instant(1_767_323_045_000);

fn store() -> (tempfile::TempDir, RefCell<Store>) {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder for the store: {error}"));
    let store = Store::open(folder.path()).unwrap_or_else(|error| panic!("no store: {error}"));
    (folder, RefCell::new(store))
}

fn isolation() -> Isolation {
    Isolation { level: IsolationLevel::LimitsOnly, profile: Profile::Strict, layers: vec![], missing: vec![] }
}

fn run_of(name: &str) -> NewRun {
    NewRun {
        tool: ToolName::normalise(name).unwrap_or_else(|error| panic!("{error}")),
        version: semver::Version::new(1, 0, 0),
        digest: Digest::of_bytes(name.as_bytes()),
        stage: Stage::Experimental,
        caller: "human".to_owned(),
        input: "{}".to_owned(),
        isolation: isolation(),
        owner: "bench".to_owned(),
        lease_until: NOW,
        remember_input: false,
        parent: None,
        worker: None,
    }
}

/// One entry of the operation log in a transaction of its own: what every decision costs at least.
#[divan::bench]
fn log_one_operation(bencher: Bencher) {
    let (_folder, store) = store();
    let operation = NewOperation {
        who: "Ada <ada@example.org>".to_owned(),
        verb: "approve".to_owned(),
        subject: "collect-photo-000001".to_owned(),
        detail: json!({"to": "approved"}),
        reversible: true,
    };
    bencher.bench_local(|| store.borrow_mut().transact(NOW, |tx| tx.log(&operation)).is_ok());
}

/// A run that starts and fails: two transactions, a failure group, a count for its day.
#[divan::bench]
fn start_and_fail_a_run(bencher: Bencher) {
    let (_folder, store) = store();
    let new = run_of("collect-photo-000001");
    let finished = FinishedRun {
        end: RunEnd::Failed { exit_code: 1, reason: "no file /tmp/x".to_owned() },
        usage: RunUsage::default(),
        isolation: isolation(),
        truncated: false,
        notes: Vec::new(),
        observation: None,
        departed: Vec::new(),
        declared: Permissions::default(),
    };
    bencher.bench_local(|| -> Result<bool, StoreError> {
        let mut store = store.borrow_mut();
        let run = store.transact(NOW, |tx| tx.start_run(&new))?;
        store.transact(NOW, |tx| tx.finish_run(run, &finished))
    });
}

/// What a face asks ten times a second while it watches: did anything change?
#[divan::bench]
fn ask_whether_anything_changed(bencher: Bencher) {
    let (_folder, store) = store();
    let reader = store.borrow().reader().unwrap_or_else(|error| panic!("no reader: {error}"));
    bencher.bench_local(|| reader.data_version().unwrap_or_default());
}
