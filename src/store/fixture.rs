//! Fixtures for the tests of the store.

use super::{FinishedRun, NewOperation, NewReview, NewRun, Store, StoreError, Tx, VersionRow};
use crate::domain::{
    Answer, Attempt, Difference, Digest, FileChange, Instant, Isolation, IsolationLevel, LoadedFile, Observation,
    Observer, Placement, Profile, ReviewKind, Risk, RunEnd, RunUsage, Stage, ToolName, Touch,
};
use serde_json::json;
use tempfile::TempDir;

/// The time at which tests happen: 2026-01-02 03:04:05 UTC.
pub const NOW: Instant = Instant(1_767_323_045_000);

/// An empty store in a folder of its own.
pub fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

/// Changes a store at [`NOW`].
pub fn change<T>(store: &mut Store, work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> T {
    change_at(store, NOW, work)
}

/// Changes a store at some other time.
pub fn change_at<T>(store: &mut Store, now: Instant, work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> T {
    store.transact(now, work).unwrap()
}

pub fn name(text: &str) -> ToolName {
    ToolName::new(text).unwrap()
}

pub fn digest(text: &str) -> Digest {
    Digest::of_bytes(text.as_bytes())
}

pub fn operation(verb: &str, subject: &str) -> NewOperation {
    NewOperation {
        who: "Ada <ada@example.org>".to_owned(),
        verb: verb.to_owned(),
        subject: subject.to_owned(),
        detail: json!({"to": "core", "score": 0.1}),
        reversible: true,
    }
}

pub fn version(tool: &str, content: &str) -> VersionRow {
    VersionRow {
        tool: name(tool),
        digest: digest(content),
        version: semver::Version::new(1, 2, 3),
        stage: Stage::Experimental,
        path: format!("tools/experimental/{tool}/tool.toml"),
        placement: Placement { base: format!("tools/experimental/{tool}"), exclusive: true },
        first_seen_at: NOW,
        description: "does a thing".to_owned(),
    }
}

pub fn review(tool: &str, content: &str) -> NewReview {
    NewReview {
        kind: ReviewKind::New,
        tool: name(tool),
        version: semver::Version::new(1, 2, 3),
        digest: digest(content),
        from_stage: Stage::Experimental,
        to_stage: Stage::Approved,
        risk: Risk::Medium,
        summary: "does a thing".to_owned(),
        path: format!("tools/experimental/{tool}/tool.toml"),
        base_digest: None,
        members: Vec::new(),
    }
}

pub fn isolation() -> Isolation {
    Isolation {
        level: IsolationLevel::LimitsOnly,
        profile: Profile::Strict,
        layers: vec!["process-group".to_owned(), "rlimits".to_owned()],
        missing: vec!["landlock".to_owned()],
    }
}

pub fn run(tool: &str) -> NewRun {
    NewRun {
        tool: name(tool),
        version: semver::Version::new(1, 2, 3),
        digest: digest(tool),
        stage: Stage::Approved,
        caller: "human".to_owned(),
        input: r#"{"n":1}"#.to_owned(),
        isolation: isolation(),
        owner: "host:17".to_owned(),
        lease_until: Instant(NOW.0 + 10_000),
        remember_input: false,
        parent: None,
        worker: None,
    }
}

pub fn finished(end: RunEnd) -> FinishedRun {
    let usage = RunUsage {
        duration_ms: 12,
        cpu_ms: 3,
        max_rss_bytes: 4096,
        stdout_bytes: 5,
        stderr_bytes: u64::from(u32::MAX),
        peak_memory_bytes: 8192,
        peak_processes: 7,
        disk_bytes: 9,
    };
    FinishedRun {
        end,
        usage,
        isolation: isolation(),
        truncated: true,
        notes: vec!["a note".to_owned()],
        observation: Some(Observation::off("not looked at")),
        departed: vec!["read /etc/passwd".to_owned()],
        declared: crate::domain::Permissions::default(),
    }
}

/// The observed behaviour of a run.
pub fn observed() -> Observation {
    let attempt = |touch, target: &str, answer| Attempt { touch, target: target.to_owned(), answer, count: 2 };
    Observation {
        observer: Observer::On,
        changes: vec![FileChange {
            path: "{scratch}/out".to_owned(),
            difference: Difference::Created,
            bytes: 3,
            digest: Some(digest("out")),
        }],
        changes_cut: 1,
        uncollected: None,
        attempts: vec![
            attempt(Touch::Read, "/etc/shadow", Answer::Denied),
            attempt(Touch::Exec, "/usr/bin/git", Answer::Allowed),
        ],
        attempts_cut: 4,
        loaded: vec![LoadedFile { path: "~/lib/x.py".to_owned(), digest: digest("x") }],
        loaded_cut: 1,
    }
}
