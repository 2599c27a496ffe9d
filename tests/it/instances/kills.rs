//! Kill -9 of the launching program, the keeper and the service, and of each pair, at random points: nothing is left
//! behind, nothing runs twice, what was answered is kept.

use super::{Bench, kill};
use crate::support::processes_with;
use std::time::{Duration, Instant};

/// Kills of one test; `TOOLSMITH_KILLS` sets another number.
const KILLS: u64 = 24;

/// A small generator of numbers; its seed is part of every message.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[test]
fn whatever_is_killed_when_nothing_is_left_nothing_runs_twice_and_answers_are_kept() {
    let seed = std::env::var("TOOLSMITH_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    let kills = std::env::var("TOOLSMITH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let mut rng = Rng(seed);
    let (bench, mark) = Bench::with_companion(
        "[service]\nmost_restarts = 1000\nbackoff = { first = \"1ms\", factor = 1, most = \"1ms\", calm = \"60s\" }\n",
    );
    let mut answered: Vec<(u64, String)> = Vec::new();
    for round in 0..kills {
        let place = format!("seed {seed}, round {round}");
        let verb = ["launch", "say", "relaunch", "terminate"][rng.below(4) as usize];
        let message = format!("m{round}");
        let args: Vec<&str> = match verb {
            "launch" => vec!["launch", "companion", "--wait"],
            "say" => vec!["say", "companion", &message],
            other => vec![other, "companion"],
        };
        let mut call =
            bench.workspace.toolsmith(&args).arg("--json").stdout(std::process::Stdio::piped()).spawn().unwrap();
        let wait = Instant::now() + Duration::from_micros(rng.below(120_000));
        while Instant::now() < wait {
            std::hint::spin_loop();
        }
        let victims = rng.below(7) + 1;
        if victims & 1 != 0 {
            // The end of what was asked for is not seen then.
            let _ = call.kill();
        }
        if victims & 2 != 0 {
            bench.keepers().into_iter().for_each(kill);
        }
        if victims & 4 != 0 {
            processes_with(&mark).into_iter().for_each(kill);
        }
        let output = call.wait_with_output().unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        if let Some(text) = answer["answer"].as_str() {
            answered.push((round, text.to_owned()));
        }
        // 50 lines are shown, and a round adds four at most.
        answered.retain(|(answered, _)| answered + 12 > round);
        check(&bench, &mark, &answered, &place);
    }
    let _ = bench.workspace.json(&["terminate", "companion"]);
    bench.until_so("companion", "an end", |seen| ["stopped", "failed"].contains(&seen["state"].as_str().unwrap()));
    Bench::until_gone(&mark);
    assert_eq!(bench.keepers(), Vec::<i32>::new());
}

/// Looks, which settles what died, and compares what runs with what is said to run.
fn check(bench: &Bench, mark: &str, answered: &[(u64, String)], place: &str) {
    let give_up = Instant::now() + super::PATIENCE;
    loop {
        let (seen, code) = bench.workspace.json(&["services"]);
        assert_eq!(code, 0, "{place}: {seen}");
        let Some(instance) = seen["services"].as_array().and_then(|all| all.first()) else { return };
        let state = instance["state"].as_str().unwrap();
        let (processes, keepers) = (processes_with(mark).len(), bench.keepers().len());
        assert!(keepers <= 2, "{place}: {keepers} keepers");
        let is_settled = match state {
            "running" => processes == 1 && keepers == 1,
            "stopped" | "failed" => processes == 0 && keepers == 0,
            _ => false,
        };
        if is_settled {
            break;
        }
        assert!(Instant::now() < give_up, "{place}: {state}, {processes} processes, {keepers} keepers: {instance}");
    }
    let said = bench.said("companion");
    for (_, text) in answered {
        assert!(said.contains(text), "{place}: {text} was answered and is not kept: {said:?}");
    }
    // Whatever happened, the instance can be talked to.
    if place.ends_with('0') {
        let (said, code) = bench.workspace.json(&["say", "companion", "after"]);
        assert_eq!(code, 0, "{place}: {said}");
    }
}

#[test]
fn a_keeper_that_is_killed_is_replaced_by_another_keeper() {
    let bench = Bench::new();
    let more = "[service]\nbackoff = { first = \"1ms\", factor = 1, most = \"1ms\", calm = \"60s\" }\n";
    let marks = ["one", "two"].map(|name| bench.service(name, super::COMPANION, more));
    for name in ["one", "two"] {
        bench.ok(&["launch", name, "--wait"]);
    }
    let of = |id: &str| bench.keepers().into_iter().find(|pid| super::has_argument(*pid, id)).unwrap();
    let id = bench.instance("one")["id"].to_string();
    kill(of(&id));
    // Nobody calls the program meanwhile: the other keeper notices.
    let give_up = Instant::now() + super::PATIENCE;
    while bench.keepers().len() < 2 || processes_with(&marks[0]).len() != 1 {
        assert!(Instant::now() < give_up, "nobody replaced it");
    }
    assert_eq!(bench.until("one", "running")["incarnation"], 2);
    assert_eq!(bench.say("one", "hello"), "1: hello");
    assert_eq!(bench.instance("two")["incarnation"], 1);
}
