//! How the behaviour and resource use of runs are displayed.

use super::tests::{running, snapshot_sizes};
use crate::domain::{
    Answer as Came, Attempt, Digest, Isolation, IsolationLevel, PermissionLine, PermissionUse, Profile, RunId,
    RunOutcome, Sample, Stage, Touch,
};
use crate::engine::{Behaviour, Enforced, Reported, ResultEvidence, Tried};
use crate::tui::effect::{BehaviourOf, Effect};
use crate::tui::msg::{Answer, Msg};
use crate::tui::testing::{Bench, run, tool};

const SAMPLE: Sample = Sample { cpu_ms: 1_200, memory_bytes: 84 << 20, processes: 3, disk_bytes: 2 << 20 };

/// A version with one observed and two unobserved runs.
fn watched() -> Behaviour {
    let attempt =
        |touch, target: &str, answer| Tried { attempt: Attempt { touch, target: target.to_owned(), answer, count: 1 } };
    Behaviour {
        tool: crate::tui::testing::name("csv-stats"),
        version: semver::Version::new(1, 0, 0),
        digest: Digest([0xab; 32]),
        run: None,
        observed: 1,
        unobserved: 2,
        observer_off: None,
        result: ResultEvidence { run: Some(RunId(14)), changes: vec![], cut: 0, uncollected: None },
        enforced: vec![Enforced {
            isolation: Isolation {
                level: IsolationLevel::LimitsOnly,
                profile: Profile::Strict,
                layers: vec!["rlimits".to_owned()],
                missing: vec!["seccomp".to_owned()],
            },
            runs: 3,
            worker: None,
        }],
        reported: Reported {
            may_be_incomplete: true,
            attempts: vec![
                attempt(Touch::Resolve, "exfil.\u{202e}example", Came::Denied),
                attempt(Touch::Exec, "/usr/bin/git", Came::Allowed),
            ],
            cut: 0,
        },
        permissions: vec![PermissionLine {
            permission: "network full".to_owned(),
            verdict: PermissionUse::Undeclared,
            seen: vec!["resolve exfil.\u{202e}example (denied)".to_owned()],
            answer: Some(Came::Denied),
        }],
        permitted: 9,
        departed: vec![],
        loaded: vec![],
        usage: None,
    }
}

/// The ticket of the requested behaviour, and its run if it is of one run.
fn asked(bench: &mut Bench) -> (u64, Option<RunId>) {
    let found = bench.taken().into_iter().find_map(|effect| match effect {
        Effect::LoadBehaviour { ticket, of: BehaviourOf::Run(run) } => Some((ticket, Some(run))),
        Effect::LoadBehaviour { ticket, of: BehaviourOf::Version(_) } => Some((ticket, None)),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn a_behaviour_fills_the_screen_with_its_kinds_named() {
    snapshot_sizes("behaviour", |width, height| {
        let mut bench = Bench::ready(width, height);
        bench.press("b");
        let (ticket, _) = asked(&mut bench);
        bench.answer(Answer::Behaviour { ticket, behaviour: Ok(Box::new(watched())) });
        bench
    });
}

#[test]
fn one_key_shows_the_version_in_the_catalog_and_the_run_among_outputs_and_failures() {
    let mut bench = Bench::ready(120, 40);
    assert_eq!(asked(bench.press("b")).1, None);
    assert_eq!(asked(bench.press("esc 3 b")).1, Some(RunId(7)));
    assert_eq!(asked(running(120, 40).press("b")).1, Some(RunId(14)));
    assert_eq!(asked(Bench::reviewing(120, 40).press("b")).1, None);
}

#[test]
fn an_answer_for_a_screen_that_was_left_changes_nothing() {
    let mut bench = Bench::ready(80, 24);
    let (old, _) = asked(bench.press("b"));
    asked(bench.press("esc b"));
    bench.answer(Answer::Behaviour { ticket: old, behaviour: Ok(Box::new(watched())) });
    assert!(bench.screen().contains("loading …"));
}

#[test]
fn a_live_run_says_what_it_uses_and_how_it_is_isolated_and_drops_figures_from_the_right() {
    snapshot_sizes("sampled", |width, height| {
        let mut bench = running(width, height);
        bench.send(Msg::Sample { run: RunId(14), sample: SAMPLE, level: None });
        bench
    });
    let mut wide = running(180, 40);
    wide.send(Msg::Sample { run: RunId(14), sample: SAMPLE, level: Some(IsolationLevel::Isolated) });
    let all = "running  3s · cpu 1.2s · mem 84.0 MiB · 3 procs · disk 2.0 MiB · out 51 B · isolated";
    let screen = wide.press("z").screen();
    assert!(screen.contains(all), "{screen}");
}

#[test]
fn figures_stay_after_the_end_and_a_late_sample_changes_nothing() {
    let mut bench = running(180, 40);
    let mut record = run(14, &tool("divide", Stage::Approved), RunOutcome::Succeeded);
    record.usage.cpu_ms = 310;
    record.usage.peak_memory_bytes = 12 << 20;
    record.usage.peak_processes = 2;
    record.isolation.level = IsolationLevel::Isolated;
    bench.answer(Answer::RunEnded { run: record.id, record: Ok(Box::new(record)) });
    bench.send(Msg::Sample { run: RunId(14), sample: SAMPLE, level: None });
    let screen = bench.press("z").screen();
    let all = "succeeded  840ms · cpu 310ms · mem 12.0 MiB · 2 procs · out 51 B · isolated";
    assert!(screen.contains(all), "{screen}");
}

#[test]
fn behaviour_opens_from_the_screen_of_a_tool() {
    use crate::tui::effect::DetailFor;
    let mut bench = Bench::ready(80, 24);
    bench.press("enter");
    let shown = bench.taken().into_iter().find_map(|effect| match effect {
        Effect::LoadDetail { tool, purpose: DetailFor::Show, .. } => Some(tool),
        _ => None,
    });
    let tool = shown.expect("the tool is shown");
    let detail = Ok(crate::tui::testing::dossier(&tool, None));
    bench.answer(Answer::Detail { purpose: DetailFor::Show, path: tool.path.clone(), detail });
    bench.press("b");
    assert_eq!(asked(&mut bench).1, None);
}
