//! Tests that planted chains are found, and nothing else.

use super::chains::{Chain, chains};
use super::step::{RecordedStep, Session, sessions};
use crate::domain::Instant;
use serde_json::json;

/// Pseudo-random numbers that are always the same (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

/// How the steps of a planted chain are placed.
#[derive(Clone, Copy)]
enum Planted {
    /// Directly after each other, without a common value.
    Direct,
    /// With other steps between them; a value flows from each to the next.
    Flowing,
    /// With other steps between them, and without a common value.
    Apart,
}

const CHAIN: [&str; 4] = ["fetch", "extract", "convert", "publish"];

/// A number of events of a number of tools, with a chain planted a number of times.
fn events(total: usize, tools: u64, times: usize, planted: Planted, seed: u64) -> Vec<RecordedStep> {
    let mut dice = Dice(seed);
    let noise = total - CHAIN.len() * times;
    let every = noise / times.max(1);
    let mut actions: Vec<(String, String, String)> = Vec::new();
    let mut other = |actions: &mut Vec<(String, String, String)>| {
        let value = format!("value-{}", dice.below(1_000_000));
        actions.push((format!("tool-{}", dice.below(tools)), value, format!("out-{}", dice.below(1_000_000))));
    };
    for time in 0..times {
        let mut left = every;
        for (nth, name) in CHAIN.iter().enumerate() {
            let (given, gave) = match planted {
                Planted::Flowing => (format!("/data/{time}/{nth}"), format!("/data/{time}/{}", nth + 1)),
                Planted::Direct | Planted::Apart => (format!("given-{time}-{nth}"), format!("gave-{time}-{nth}")),
            };
            actions.push(((*name).to_owned(), given, gave));
            if !matches!(planted, Planted::Direct) && left > 2 && nth < 3 {
                for _ in 0..(time + nth) % 3 {
                    other(&mut actions);
                    left -= 1;
                }
            }
        }
        for _ in 0..left {
            other(&mut actions);
        }
    }
    while actions.len() < total {
        other(&mut actions);
    }
    actions.truncate(total);
    let step = |(number, (action, given, gave)): (u64, (String, String, String))| {
        let at = Some(Instant(i64::try_from(number).unwrap() * 1_000));
        RecordedStep::of(&action, number, at, &json!({"value": given})).giving(&json!({"out": gave}))
    };
    (1..).zip(actions).map(step).collect()
}

fn found(steps: Vec<RecordedStep>, support: usize) -> Vec<Chain> {
    chains(&sessions("run", steps), support)
}

fn unknown(steps: Vec<RecordedStep>) -> Vec<RecordedStep> {
    steps.into_iter().map(|step| RecordedStep { is_known: false, ..step }).collect()
}

#[test]
fn a_planted_chain_of_four_is_found_twelve_times_in_500_events_and_nothing_false_with_it() {
    for planted in [Planted::Direct, Planted::Flowing] {
        for tools in [6, 20, 80] {
            for seed in 0..20 {
                let chains = found(events(500, tools, 12, planted, seed), 10);
                let told: Vec<_> = chains.iter().map(|chain| (chain.actions.join(" "), chain.support)).collect();
                assert_eq!(told, [(CHAIN.join(" "), 12)], "{tools} tools, seed {seed}");
                assert_eq!(chains[0].flows, matches!(planted, Planted::Flowing));
            }
        }
    }
}

#[test]
fn the_same_holds_at_the_support_in_use_and_without_anything_planted_there_is_nothing() {
    for seed in 0..20 {
        let chains = found(events(500, 20, 12, Planted::Flowing, seed), super::chains::SUPPORT);
        assert_eq!(chains.len(), 1, "seed {seed}: {chains:?}");
        for tools in [2, 5, 20] {
            let chains = found(events(500, tools, 0, Planted::Direct, seed), super::chains::SUPPORT);
            assert_eq!(chains, [], "{tools} tools, seed {seed}");
            let unknown = unknown(events(2_000, tools, 0, Planted::Direct, seed));
            assert_eq!(found(unknown, super::chains::SUPPORT), [], "{tools} tools, seed {seed}, outputs unknown");
        }
    }
}

#[test]
fn steps_with_others_between_them_are_a_chain_only_when_a_value_flows() {
    for seed in 0..10 {
        assert_eq!(found(events(500, 20, 12, Planted::Apart, seed), 10), [], "seed {seed}");
    }
}

#[test]
fn steps_whose_output_nobody_knows_are_a_chain_when_they_come_together_more_than_chance_has_it() {
    for seed in 0..10 {
        let chains = found(unknown(events(500, 20, 12, Planted::Apart, seed)), 10);
        let told: Vec<_> = chains.iter().map(|chain| (chain.actions.join(" "), chain.support)).collect();
        assert_eq!(told, [(CHAIN.join(" "), 12)], "seed {seed}");
    }
}

#[test]
fn a_step_that_failed_is_no_step_of_a_chain() {
    let mut steps = events(500, 20, 12, Planted::Direct, 1);
    for step in steps.iter_mut().filter(|step| step.action == "convert") {
        step.failed = Some("no such file".to_owned());
    }
    let told: Vec<_> = found(steps, 10).into_iter().map(|chain| chain.actions.join(" ")).collect();
    assert_eq!(told, ["fetch extract publish"]);
}

#[test]
fn a_part_is_told_beside_the_whole_only_when_it_is_done_on_its_own() {
    let session = |actions: &[&str], number: u64| {
        let step = |(n, action): (u64, &&str)| RecordedStep {
            action: (*action).to_owned(),
            number: number * 10 + n,
            is_known: true,
            ..RecordedStep::default()
        };
        Session { source: "run".to_owned(), steps: (0..).zip(actions).map(step).collect() }
    };
    let whole = ["a", "b", "c", "d"];
    let mut all: Vec<Session> = (0..12).map(|number| session(&whole, number)).collect();
    let told = |all: &[Session]| -> Vec<(String, usize)> {
        chains(all, 5).iter().map(|chain| (chain.actions.join(""), chain.support)).collect()
    };
    assert_eq!(told(&all), [("abcd".to_owned(), 12)]);
    all.extend((20..24).map(|number| session(&whole[..3], number)));
    assert_eq!(told(&all), [("abcd".to_owned(), 12)], "four times are too few");
    all.push(session(&whole[..3], 30));
    assert_eq!(told(&all), [("abcd".to_owned(), 12), ("abc".to_owned(), 17)]);
}
