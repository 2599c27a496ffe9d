//! The life of an instance: the table of its steps, and random sequences against a model of its process.

use super::definition::ServiceDefinition;
use super::lifecycle::{Desired, InstanceState, LifeEvent, LifeOrder, LifeRules, Lifecycle};
use super::{ReadyCheck, RestartRule};
use crate::domain::Instant;
use crate::domain::service::Probe;

const T: i64 = 1_000_000;

fn rules(restart: RestartRule, ready: bool) -> LifeRules {
    let ready = ready.then_some(ReadyCheck { probe: Probe::Ping, within_ms: 30_000 });
    LifeRules::of(&ServiceDefinition { restart, ready, ..ServiceDefinition::default() })
}

fn plain() -> LifeRules {
    rules(RestartRule::OnFailure, false)
}

fn ended(incarnation: u64, well: bool) -> LifeEvent {
    LifeEvent::Ended { incarnation, well, how: "exit 1".to_owned(), last_stderr: None }
}

fn wait_over(life: &Lifecycle) -> LifeEvent {
    LifeEvent::WaitOver { state: life.state, incarnation: life.incarnation }
}

/// A life after these events, one second apart, and the orders of the last one.
fn lived(rules: &LifeRules, events: &[LifeEvent]) -> (Lifecycle, Vec<LifeOrder>) {
    let mut life = Lifecycle::default();
    let mut orders = Vec::new();
    for (second, event) in (0..).zip(events) {
        orders = life.step(rules, event.clone(), Instant(T + second * 1_000));
    }
    (life, orders)
}

#[test]
fn each_step_leads_where_the_table_says() {
    use InstanceState::{BackingOff, Failed, Running, Starting, Stopped, Stopping, Unhealthy, Waiting};
    use LifeEvent::{
        DependenciesMet, DependencyFailed, Healthy, KeeperFailed, KeeperLost, NotSpawned, Ready, Sick, Spawned,
        WantDown, WantFresh, WantKilled, WantUp,
    };
    let (never, failure, always) = (rules(RestartRule::Never, false), plain(), rules(RestartRule::Always, false));
    let slow = rules(RestartRule::OnFailure, true);
    let after = LifeRules { has_dependencies: true, ..plain() };
    let sick = |n| Sick(n, "no answer".to_owned());
    let not = |n| NotSpawned(n, "no such program".to_owned());
    let lost = |rebooted| KeeperLost { rebooted };
    let unkept = || KeeperFailed("no keeper".to_owned());
    let up = || vec![WantUp, Spawned(1)];
    let then = |more: &[LifeEvent]| [up(), more.to_vec()].concat();
    let (start, stop) = (LifeOrder::Start, LifeOrder::Stop);
    for (line, rules, events, state, orders) in [
        (line!(), &failure, vec![WantUp], Starting, vec![start(1)]),
        (line!(), &failure, up(), Running, vec![]),
        (line!(), &slow, up(), Starting, vec![]),
        (line!(), &slow, then(&[Ready(1)]), Running, vec![]),
        (line!(), &slow, then(&[Ready(0)]), Starting, vec![]),
        (line!(), &after, vec![WantUp], Waiting, vec![LifeOrder::AwaitDependencies]),
        (line!(), &after, vec![WantUp, DependenciesMet], Starting, vec![start(1)]),
        (line!(), &after, vec![WantUp, DependencyFailed("db failed".into())], Failed, vec![]),
        (line!(), &after, vec![WantUp, WantDown], Stopped, vec![]),
        (line!(), &failure, vec![WantUp, not(1)], Failed, vec![]),
        (line!(), &failure, then(&[WantDown]), Stopping, vec![stop(1)]),
        (line!(), &failure, then(&[WantDown, ended(1, false)]), Stopped, vec![]),
        (line!(), &failure, then(&[WantDown, ended(0, false)]), Stopping, vec![]),
        (line!(), &always, then(&[WantDown, ended(1, true)]), Stopped, vec![]),
        (line!(), &failure, then(&[WantDown, WantUp, ended(1, false)]), Starting, vec![start(2)]),
        (line!(), &failure, then(&[WantKilled]), Stopping, vec![LifeOrder::Kill(1)]),
        (line!(), &failure, then(&[WantDown, WantKilled]), Stopping, vec![LifeOrder::Kill(1)]),
        (line!(), &failure, then(&[WantKilled, ended(1, false)]), Stopped, vec![]),
        (line!(), &failure, then(&[ended(1, false), WantKilled]), Stopped, vec![]),
        (line!(), &failure, then(&[WantFresh]), Stopping, vec![stop(1)]),
        (line!(), &failure, then(&[WantFresh, ended(1, false)]), Starting, vec![start(2)]),
        (line!(), &failure, then(&[WantFresh, WantDown, ended(1, false)]), Stopped, vec![]),
        (line!(), &failure, vec![WantUp, WantDown, Spawned(1)], Stopping, vec![]),
        (line!(), &failure, vec![WantUp, WantDown, not(1)], Stopped, vec![]),
        (line!(), &failure, vec![WantUp, WantFresh, not(1)], Starting, vec![start(2)]),
        (line!(), &failure, then(&[ended(1, false)]), BackingOff, vec![]),
        (line!(), &failure, then(&[ended(1, true)]), Stopped, vec![]),
        (line!(), &always, then(&[ended(1, true)]), BackingOff, vec![]),
        (line!(), &never, then(&[ended(1, false)]), Failed, vec![]),
        (line!(), &never, then(&[ended(1, true)]), Stopped, vec![]),
        (line!(), &failure, then(&[ended(1, false), WantDown]), Stopped, vec![]),
        (line!(), &failure, then(&[ended(1, false), WantUp]), Starting, vec![start(2)]),
        (line!(), &failure, then(&[sick(1), sick(1)]), Running, vec![]),
        (line!(), &failure, then(&[sick(1), sick(1), sick(1)]), Unhealthy, vec![]),
        (line!(), &failure, then(&[sick(1), sick(1), sick(1), Healthy(1)]), Running, vec![]),
        (line!(), &failure, then(&[sick(1), sick(1), sick(1), sick(1), sick(1), sick(1)]), Stopping, vec![stop(1)]),
        (line!(), &never, then(&[sick(1), sick(1), sick(1), sick(1), sick(1), sick(1)]), Unhealthy, vec![]),
        (line!(), &failure, then(&[sick(0), sick(0), sick(0)]), Running, vec![]),
        (line!(), &failure, then(&[lost(false)]), BackingOff, vec![]),
        (line!(), &never, then(&[lost(false)]), Failed, vec![]),
        (line!(), &failure, then(&[lost(true)]), Stopped, vec![]),
        (line!(), &failure, then(&[WantDown, lost(false)]), Stopped, vec![]),
        (line!(), &failure, vec![WantUp, unkept()], Failed, vec![]),
        (line!(), &after, vec![WantUp, unkept()], Failed, vec![]),
        (line!(), &failure, then(&[ended(1, false), unkept()]), Failed, vec![]),
        (line!(), &failure, then(&[unkept()]), Failed, vec![]),
        (line!(), &failure, then(&[WantDown, unkept()]), Stopped, vec![]),
        (line!(), &failure, then(&[ended(1, true), unkept()]), Stopped, vec![]),
        (line!(), &after, vec![WantUp, lost(false)], Waiting, vec![LifeOrder::AwaitDependencies]),
    ] {
        let (life, last) = lived(rules, &events);
        assert_eq!((life.state, last), (state, orders), "line {line}: {events:?}");
    }
}

#[test]
fn waits_grow_up_to_the_longest_and_begin_anew_after_a_calm_time() {
    let rules = LifeRules { most_restarts: 100, ..plain() };
    let mut life = Lifecycle::default();
    let mut now = Instant(T);
    life.step(&rules, LifeEvent::WantUp, now);
    let mut waits = Vec::new();
    for _ in 0..8 {
        life.step(&rules, LifeEvent::Spawned(life.incarnation), now);
        life.step(&rules, ended(life.incarnation, false), now);
        let next = life.next_start_at.unwrap();
        waits.push((next.0 - now.0) / 1_000);
        now = next;
        assert_eq!(life.step(&rules, wait_over(&life), now), vec![LifeOrder::Start(life.incarnation)]);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    life.step(&rules, LifeEvent::Spawned(life.incarnation), now);
    now = Instant(now.0 + 60_000);
    life.step(&rules, ended(life.incarnation, false), now);
    assert_eq!(life.next_start_at, Some(Instant(now.0 + 1_000)));
}

#[test]
fn too_many_restarts_within_ten_minutes_are_a_failure_and_asking_begins_anew() {
    let rules = plain();
    let mut life = Lifecycle::default();
    let mut now = Instant(T);
    life.step(&rules, LifeEvent::WantUp, now);
    let mut starts = 1;
    while life.state != InstanceState::Failed {
        life.step(&rules, LifeEvent::Spawned(life.incarnation), now);
        life.step(&rules, ended(life.incarnation, false), now);
        now = life.next_start_at.unwrap_or(now);
        starts += life.step(&rules, wait_over(&life), now).len();
        assert!(starts < 50);
    }
    assert_eq!(starts, 6);
    assert_eq!(life.last_error.as_deref(), Some("ended 6 times within ten minutes; last: exit 1"));
    assert_eq!(life.step(&rules, LifeEvent::WantUp, now), vec![LifeOrder::Start(7)]);
    assert_eq!((life.restarts.len(), life.last_error), (0, None));
}

#[test]
fn what_does_not_become_ready_in_time_is_ended_and_tried_again() {
    let rules = rules(RestartRule::OnFailure, true);
    let mut life = Lifecycle::default();
    life.step(&rules, LifeEvent::WantUp, Instant(T));
    life.step(&rules, LifeEvent::Spawned(1), Instant(T + 5));
    assert_eq!(life.wait(&rules), Some((Instant(T + 30_005), 30_000)));
    assert_eq!(life.step(&rules, wait_over(&life), Instant(T + 30_005)), vec![LifeOrder::Stop(1)]);
    assert_eq!(life.step(&rules, LifeEvent::Ready(1), Instant(T + 30_006)), vec![]);
    life.step(&rules, ended(1, true), Instant(T + 30_007));
    assert_eq!((life.state, life.last_error.as_deref()), (InstanceState::BackingOff, Some("not ready within 30s")));
}

/// A small random number generator, so that a failing test names its seed.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// The model of the process: at most one process, with its incarnation.
#[derive(Default)]
struct Process {
    alive: Option<u64>,
    told_to_end: bool,
}

impl Process {
    fn obey(&mut self, orders: &[LifeOrder], seed: u64) {
        for order in orders {
            match *order {
                LifeOrder::Start(number) => {
                    assert_eq!(self.alive, None, "seed {seed}: a second process beside {:?}", self.alive);
                    *self = Process { alive: Some(number), told_to_end: false };
                }
                LifeOrder::Stop(number) | LifeOrder::Kill(number) => {
                    assert_eq!(self.alive, Some(number), "seed {seed}: a stop for a process that is not there");
                    self.told_to_end = true;
                }
                LifeOrder::AwaitDependencies => assert_eq!(self.alive, None, "seed {seed}"),
            }
        }
    }
}

fn random_event(rng: &mut Rng, process: &mut Process, life: &Lifecycle) -> LifeEvent {
    let some = |rng: &mut Rng| life.incarnation.saturating_sub(rng.below(3));
    match rng.below(16) {
        0 => LifeEvent::WantUp,
        1 => LifeEvent::WantDown,
        2 => LifeEvent::WantFresh,
        3 => LifeEvent::DependenciesMet,
        4 => LifeEvent::DependencyFailed("gone".to_owned()),
        5 => LifeEvent::Ready(some(rng)),
        6 => LifeEvent::Healthy(some(rng)),
        7 | 8 => LifeEvent::Sick(some(rng), "no".to_owned()),
        9 => LifeEvent::KeeperLost { rebooted: rng.below(2) == 0 },
        10 => LifeEvent::Spawned(some(rng)),
        // A late report of a replaced process.
        11 if process.alive.is_none_or(|alive| alive > 1) => {
            ended(life.incarnation.saturating_sub(1 + rng.below(3)), rng.below(2) == 0)
        }
        12 if process.alive.is_some() => ended(process.alive.take().unwrap(), rng.below(2) == 0),
        13 if rng.below(4) == 0 => LifeEvent::KeeperFailed("no keeper".to_owned()),
        14 if rng.below(4) == 0 => LifeEvent::WantKilled,
        _ => wait_over(life),
    }
}

#[test]
fn whatever_happens_there_is_at_most_one_process_and_the_last_wish_comes_true() {
    let mut restarted = 0;
    for seed in 0..10_000 {
        let mut rng = Rng(seed);
        let restart = RestartRule::ALL[rng.below(3) as usize];
        let rules = LifeRules { has_dependencies: rng.below(2) == 0, ..rules(restart, rng.below(2) == 0) };
        let (mut life, mut process, mut now) = (Lifecycle::default(), Process::default(), Instant(T));
        for _ in 0..40 {
            now = Instant(now.0 + rng.below(20_000) as i64);
            let event = random_event(&mut rng, &mut process, &life);
            if matches!(event, LifeEvent::KeeperLost { .. } | LifeEvent::KeeperFailed(_)) {
                // The kernel ends the process together with its keeper.
                process.alive = None;
            }
            let orders = life.step(&rules, event, now);
            process.obey(&orders, seed);
            assert_eq!(life.state.has_process(), process.alive.is_some(), "seed {seed}: {life:?}");
        }
        restarted += life.restarts.len();
        // The last request; then everything in progress comes to its end.
        let wish = if rng.below(2) == 0 { LifeEvent::WantUp } else { LifeEvent::WantDown };
        let orders = life.step(&rules, wish, now);
        process.obey(&orders, seed);
        for _ in 0..5 {
            let next = match life.state {
                InstanceState::Stopping => ended(process.alive.take().unwrap(), true),
                InstanceState::Waiting => LifeEvent::DependenciesMet,
                InstanceState::Starting if rules.ready_within_ms.is_some() => LifeEvent::Ready(life.incarnation),
                InstanceState::Starting => LifeEvent::Spawned(life.incarnation),
                _ => break,
            };
            let orders = life.step(&rules, next, now);
            process.obey(&orders, seed);
        }
        let wanted: &[InstanceState] = match life.desired {
            Desired::Up => &[InstanceState::Running, InstanceState::Unhealthy],
            Desired::Down => &[InstanceState::Stopped],
        };
        assert!(wanted.contains(&life.state), "seed {seed}: {life:?}");
        assert_eq!(process.alive.is_some(), life.desired == Desired::Up, "seed {seed}");
    }
    assert!(restarted > 1_000, "the sequences restart services: {restarted}");
}
