//! Many instances, two workspaces at a time, and ends in the middle of starts.

use super::{Bench, COMPANION, PATIENCE};
use crate::support::{processes_with, unique_seconds};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

/// Instances of one service: one more than `doctor` accepts without a warning; the benchmark launches 200.
const MANY: usize = 51;

/// Rounds of a launch and an end right after it.
const ROUNDS: u32 = 12;

fn ports(bench: &Bench) -> Vec<u16> {
    let listed = bench.ok(&["services"]);
    let services = listed["services"].as_array().unwrap().clone();
    let all = services.iter().flat_map(|service| service["ports"].as_array().unwrap().clone());
    all.map(|port| u16::try_from(port["port"].as_u64().unwrap()).unwrap()).collect()
}

#[test]
fn many_instances_have_each_a_port_of_their_own_within_the_range() {
    let bench = Bench::new();
    let mark = unique_seconds();
    bench.workspace.write(
        "tools/experimental/many/tool.toml",
        &format!(
            "name = \"many\"\nkind = \"service\"\ndescription = \"Waits.\"\ncost_tier = \"low\"\n[run]\n\
             command = [\"sleep\", \"{mark}\"]\n[service]\nadapter = \"none\"\ninstances = {MANY}\n\
             [[service.ports]]\nname = \"http\"\nport = \"auto\"\npass = \"listen-fds\"\n"
        ),
    );
    let doctor = || {
        let report = bench.ok(&["doctor"]);
        report["lines"].as_array().unwrap().iter().find(|line| line["name"] == "services").cloned()
    };
    assert_eq!(doctor(), None);
    for number in 0..MANY {
        if number == MANY - 1 {
            assert_eq!(doctor().unwrap()["state"], "ok");
        }
        bench.ok(&["launch", "many", "--instance", &format!("i{number}")]);
    }
    let give_up = Instant::now() + PATIENCE;
    loop {
        let listed = bench.ok(&["services"]);
        let states: BTreeSet<&str> =
            listed["services"].as_array().unwrap().iter().map(|service| service["state"].as_str().unwrap()).collect();
        if states == BTreeSet::from(["running"]) {
            break;
        }
        assert!(!states.contains("failed") && Instant::now() < give_up, "{listed}");
    }
    let all = ports(&bench);
    let different: BTreeSet<u16> = all.iter().copied().collect();
    assert_eq!((all.len(), different.len()), (MANY, MANY), "{all:?}");
    assert!(all.iter().all(|port| (50_000..=60_000).contains(port)), "{all:?}");
    // Each of them is really held.
    assert!(all.iter().all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err()));
    assert_eq!((bench.keepers().len(), processes_with(&mark).len()), (MANY, MANY));
    let advice = doctor().unwrap();
    assert_eq!(advice["state"], "warn", "{advice}");
    assert!(advice["hint"].as_str().unwrap().contains("`toolsmith services NAME --unit`"), "{advice}");
    let why = bench.refused(&["launch", "many", "--instance", "one-more"]);
    assert!(why.contains(&format!("allows {MANY} instances")), "{why}");
}

#[test]
fn two_workspaces_at_a_time_have_names_ports_sockets_and_contexts_apart() {
    let benches = [Bench::new(), Bench::new()];
    let ports_of = "[[service.ports]]\nname = \"http\"\nport = \"auto\"\npass = \"listen-fds\"\n";
    let marks = benches.each_ref().map(|bench| bench.service("companion", COMPANION, ports_of));
    std::thread::scope(|scope| {
        for bench in &benches {
            scope.spawn(|| bench.ok(&["launch", "companion", "--wait"]));
        }
    });
    let numbers = benches.each_ref().map(ports);
    assert!(numbers[0].len() == 1 && numbers[1].len() == 1 && numbers[0] != numbers[1], "{numbers:?}");
    let sockets = benches.each_ref().map(|bench| {
        let all = std::fs::read_dir(bench.state().join("instances")).unwrap();
        all.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    });
    assert!(sockets.iter().all(|all| all.len() == 1) && sockets[0] != sockets[1], "{sockets:?}");
    // What is said in one is not heard, kept or counted in the other.
    assert_eq!((benches[0].say("companion", "a"), benches[0].say("companion", "b")), ("1: a".into(), "2: b".into()));
    assert_eq!(benches[1].say("companion", "c"), "1: c");
    assert_eq!(benches[1].said("companion"), ["c", "1: c"]);
    // The end of one is not the end of the other.
    benches[0].ok(&["terminate", "companion"]);
    benches[0].until("companion", "stopped");
    Bench::until_gone(&marks[0]);
    assert_eq!((benches[0].keepers().len(), benches[1].keepers().len()), (0, 1));
    assert_eq!(benches[1].say("companion", "d"), "2: d");
}

#[test]
fn an_end_at_any_point_of_a_start_is_an_end() {
    let (bench, mark) = Bench::with_companion("[service]\nrestart = \"always\"\n");
    let mut dice = 11_u64;
    for round in 0..ROUNDS {
        bench.ok(&["launch", "companion"]);
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pause = Duration::from_micros((dice >> 33) % 150_000);
        let point = Instant::now() + pause;
        while Instant::now() < point {
            std::hint::spin_loop();
        }
        let place = format!("round {round}, after {pause:?}");
        let (answer, code) = bench.workspace.json(&["terminate", "companion"]);
        assert_eq!(code, 0, "{place}: {answer}");
        let seen = bench.until("companion", "stopped");
        assert_eq!((&seen["desired"], &seen["last_error"]), (&Value::from("down"), &Value::Null), "{place}: {seen}");
        Bench::until_gone(&mark);
        let give_up = Instant::now() + PATIENCE;
        while !bench.keepers().is_empty() {
            assert!(Instant::now() < give_up, "{place}: a keeper is left");
        }
    }
    // A stop is no failure: nothing counts as a restart.
    assert_eq!(bench.instance("companion")["restarts"].as_array().unwrap().len(), 0);
}
