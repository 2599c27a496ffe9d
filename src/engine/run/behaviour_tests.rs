//! Observed behaviour, from the end of a run to the text for a reviewer.

use crate::domain::{
    Answer, Attempt, DecisionKind, Isolation, IsolationLevel, Observation, Observer, Permissions, Profile, ReviewKind,
    RunEnd, RunId, RunUsage, Stage, ToolReview, Touch,
};
use crate::engine::Engine;
use crate::engine::tests::{World, ada, decide};
use crate::engine::*;
use crate::store::FinishedRun;
use std::time::Duration;
use std::time::Instant as Clock;

/// The end of a run at this isolation level that read these files.
fn finished(level: IsolationLevel, paths: &[&str]) -> FinishedRun {
    let attempt =
        |path: &&str| Attempt { touch: Touch::Read, target: (*path).to_owned(), answer: Answer::Denied, count: 1 };
    let attempts = paths.iter().map(attempt).collect();
    FinishedRun {
        end: RunEnd::Succeeded { exit_code: 0 },
        usage: RunUsage { duration_ms: 20, ..RunUsage::default() },
        isolation: Isolation { level, profile: Profile::Declared, layers: vec![], missing: vec![] },
        truncated: false,
        notes: vec![],
        observation: Some(Observation { observer: Observer::On, attempts, ..Observation::off("") }),
        departed: vec![],
        declared: Permissions::default(),
    }
}

/// Records a run of the adder with this end.
fn record(engine: &Engine, finished: &FinishedRun) -> RunId {
    let tool = engine.library().resolve("adder").unwrap();
    let run = engine.runs().open(&tool, Profile::Declared, &ada(), "").unwrap();
    engine.runs().close(run, finished).unwrap();
    run
}

/// The evidence lines of the only waiting review, as `weight label: text`.
fn evidence(engine: &Engine) -> Vec<String> {
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    let lines = engine.reviews().detail(review.id).unwrap().evidence.into_iter();
    lines.map(|line| format!("{:?} {}: {}", line.weight, line.label, line.text)).collect()
}

#[test]
fn approving_a_departure_accepts_the_envelope_as_it_is_and_moves_nothing() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    let before = engine.library().resolve("adder").unwrap();
    assert_eq!(before.stage, Stage::Approved);
    record(&engine, &finished(IsolationLevel::Isolated, &["/srv/a"]));
    assert_eq!(engine.reviews().list(ReviewFilter::Waiting).unwrap().len(), 0);
    let run = record(&engine, &finished(IsolationLevel::Isolated, &["/home/ada/.ssh/id_rsa"]));
    engine.library().scan(&mut |_| {}).unwrap();
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    assert_eq!(waiting.iter().map(|review| review.kind).collect::<Vec<_>>(), [ReviewKind::Drift], "a scan keeps it");
    assert_eq!(engine.library().resolve("adder").unwrap().facts.review, ToolReview::Waiting);
    let told = format!("Bad outside its observed behaviour: new behaviour in run {run}: read /home/ada/.ssh/id_rsa");
    assert!(evidence(&engine).contains(&told), "{:#?}", evidence(&engine));
    decide(&engine, DecisionKind::Approve).unwrap();
    let after = engine.library().resolve("adder").unwrap();
    assert_eq!((&after.path, after.digest, after.stage), (&before.path, before.digest, before.stage));
    assert!(engine.integrity().approved(&after).unwrap());
    assert_eq!(after.facts.review, ToolReview::Approved);
    assert_eq!(engine.observations().behaviour(&after).unwrap().departed, [], "it was accepted");
    record(&engine, &finished(IsolationLevel::Isolated, &["/home/ada/.ssh/id_rsa"]));
    assert_eq!(engine.reviews().list(ReviewFilter::Waiting).unwrap().len(), 0);
}

#[test]
fn a_permission_that_no_run_had_is_not_called_unused() {
    let world = World::new();
    world.drop_pair();
    let path = world.root().join("tools/experimental/adder.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}\n[permissions]\nnetwork = \"full\"\n")).unwrap();
    let engine = world.open();
    let strict = |profile| {
        let mut run = finished(IsolationLevel::Isolated, &[]);
        run.isolation.profile = profile;
        run
    };
    let about = |engine: &Engine| -> Vec<String> {
        let tool = engine.library().resolve("adder").unwrap();
        let lines = engine.observations().behaviour(&tool).unwrap().evidence();
        lines.into_iter().map(|line| line.text).filter(|text| text.starts_with("network full")).collect()
    };
    record(&engine, &strict(Profile::Strict));
    let told = about(&engine);
    assert!(told.len() == 1 && told[0].contains("no observed run had it"), "{told:?}");
    record(&engine, &strict(Profile::Declared));
    assert!(about(&engine)[0].contains("the one observed run did not use it"), "{:?}", about(&engine));
}

#[test]
fn a_run_below_the_level_that_is_demanded_now_is_no_evidence() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    assert!(evidence(&engine).contains(&"Fact runs: this version has never been run here".to_owned()));
    let of_runs = evidence(&engine).into_iter().filter(|line| line.contains("never been run")).collect::<Vec<_>>();
    assert_eq!(of_runs, ["Fact runs: this version has never been run here"], "said once");
    record(&engine, &finished(IsolationLevel::Isolated, &[]));
    record(&engine, &finished(IsolationLevel::LimitsOnly, &[]));
    let refused = RunEnd::Refused { message: "no".to_owned() };
    record(&engine, &FinishedRun { end: refused, observation: None, ..finished(IsolationLevel::None, &[]) });
    let found = evidence(&engine);
    let runs: Vec<&String> = found.iter().filter(|line| line.contains(" runs: ")).collect();
    assert_eq!(
        runs,
        [
            "Warn runs: 1 run below confined does not count as evidence (1 limits-only)",
            "Good runs: 1 succeeded, 0 failed of the last 1 (1 isolated)",
        ]
    );
}

#[test]
fn a_live_run_is_recorded_with_the_isolation_that_was_verified() {
    let world = World::new();
    world.write("tools/experimental/waits.sh", "#!/bin/sh\n# Waits.\nsleep 60\n");
    let engine = world.open();
    let tool = engine.library().resolve("waits").unwrap();
    let handle = engine
        .runs()
        .start(&RunRequest { tool, input: None, timeout: None, again: None, worker: None }, &ada())
        .unwrap();
    let (verified, deadline) = (handle.verified(), Clock::now() + Duration::from_secs(20));
    let written = || engine.runs().record(handle.id).unwrap().isolation.level;
    while written() == IsolationLevel::None && Clock::now() < deadline {
        std::thread::yield_now();
    }
    let (live, told) = (written(), verified.get().copied());
    handle.cancel();
    let ended = handle.wait().unwrap();
    assert!(live.reaches(IsolationLevel::LimitsOnly), "{ended:?}");
    assert_eq!((told, ended.isolation.level), (Some(live), live));
}
