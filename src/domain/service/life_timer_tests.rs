//! Waits while the wall clock is set.

use super::definition::ServiceDefinition;
use super::{InstanceState, LifeEvent, LifeOrder, LifeRules, LifeTimer, Lifecycle, Probe, ReadyCheck};
use crate::domain::Instant;

const T: i64 = 10_000_000;
const HOUR: i64 = 3_600_000;

fn rules() -> LifeRules {
    let ready = Some(ReadyCheck { probe: Probe::Ping, within_ms: 30_000 });
    LifeRules::of(&ServiceDefinition { ready, ..ServiceDefinition::default() })
}

/// An instance whose first process ended at T.
fn backing_off() -> Lifecycle {
    let mut life = Lifecycle::default();
    life.step(&rules(), LifeEvent::WantUp, Instant(T));
    life.step(&rules(), LifeEvent::Spawned(1), Instant(T));
    life.step(
        &rules(),
        LifeEvent::Ended { incarnation: 1, well: false, how: "exit 1".to_owned(), last_stderr: None },
        Instant(T),
    );
    assert_eq!((life.state, life.next_start_at), (InstanceState::BackingOff, Some(Instant(T + 1_000))));
    life
}

#[test]
fn a_clock_that_is_set_changes_no_wait_that_has_begun() {
    for set_by in [-HOUR, 0, HOUR] {
        let (mut life, mut timer) = (backing_off(), LifeTimer::default());
        timer.follow(&life, &rules(), Instant(T), 500);
        // The keeper follows the life repeatedly.
        let wall = |steady: i64| Instant(T + steady - 500 + set_by);
        timer.follow(&life, &rules(), wall(1_499), 1_499);
        assert_eq!((timer.due_ms(), timer.take_due(1_499)), (Some(1_500), None), "{set_by}");
        let over = timer.take_due(1_500).unwrap();
        assert_eq!(timer.take_due(1_500), None, "told once");
        assert_eq!(life.step(&rules(), over, wall(1_500)), [LifeOrder::Start(2)], "{set_by}");
        // The time to become ready does not depend on the wall clock either.
        timer.follow(&life, &rules(), wall(1_500), 1_500);
        timer.follow(&life, &rules(), Instant(wall(1_500).0 - set_by), 1_600);
        assert_eq!(timer.due_ms(), Some(31_500), "{set_by}");
    }
}

#[test]
fn a_new_keeper_waits_for_what_is_left_and_never_longer_than_the_whole_wait() {
    for (wall, left) in [(T + 400, 600), (T + 5_000, 0), (T - HOUR, 1_000), (T + HOUR, 0)] {
        let mut timer = LifeTimer::default();
        timer.follow(&backing_off(), &rules(), Instant(wall), 7);
        assert_eq!(timer.due_ms(), Some(7 + left), "{wall}");
    }
    // The next wait is longer, and limited by the longest pause.
    let most = rules().backoff.most_ms as i64;
    let life = Lifecycle { in_a_row: 30, ..backing_off() };
    let mut timer = LifeTimer::default();
    timer.follow(&life, &rules(), Instant(T - HOUR), 0);
    assert_eq!(timer.due_ms(), Some(most));
}

#[test]
fn a_wait_that_is_over_says_nothing_about_another_one() {
    let (mut life, mut timer) = (backing_off(), LifeTimer::default());
    timer.follow(&life, &rules(), Instant(T), 0);
    let old = timer.take_due(1_000).unwrap();
    life.step(&rules(), LifeEvent::WantUp, Instant(T + 900));
    life.step(&rules(), LifeEvent::Spawned(2), Instant(T + 900));
    assert_eq!(life.step(&rules(), old, Instant(T + 1_000)), []);
    assert_eq!(life.state, InstanceState::Starting);
    // Without a wait, there is no deadline.
    life.step(&rules(), LifeEvent::Ready(2), Instant(T + 1_000));
    timer.follow(&life, &rules(), Instant(T + 1_000), 1_000);
    assert_eq!(timer, LifeTimer::default());
}

#[test]
fn restarts_before_the_clock_was_set_back_are_forgotten_after_ten_minutes_too() {
    let restart = |life: &mut Lifecycle, now: Instant| {
        let (state, incarnation) = (life.state, life.incarnation);
        life.step(&rules(), LifeEvent::WaitOver { state, incarnation }, now);
        life.step(&rules(), LifeEvent::Spawned(incarnation + 1), now);
        let ended =
            LifeEvent::Ended { incarnation: incarnation + 1, well: false, how: "exit 1".to_owned(), last_stderr: None };
        life.step(&rules(), ended, now);
    };
    let mut life = backing_off();
    restart(&mut life, Instant(T - HOUR));
    assert_eq!(life.restarts.len(), 2);
    restart(&mut life, Instant(T - HOUR + 600_000));
    assert_eq!(life.restarts.len(), 1, "{life:?}");
}
