//! One scenario for each strategy, with its expected results.

use super::*;
use serde_json::json;
use std::fmt::Write;

/// A buffer in a scenario: the event at each millisecond, and whether the consumer of batches works.
struct Bench {
    rule: BufferRule,
    level: BufferLevel,
    takes: bool,
    told: Vec<String>,
}

impl Bench {
    fn new(strategy: Strategy, max_size: u64) -> Bench {
        let rule = BufferRule { strategy, max_size, ..BufferRule::default() };
        Bench { rule, level: BufferLevel::default(), takes: true, told: Vec::new() }
    }

    /// Applies an event, delivers the resulting batches, and records both.
    fn at(&mut self, ms: i64, event: BufferEvent) -> &mut Bench {
        let now = Instant(ms);
        let (mut level, mut act) = self.rule.step(self.level, event, now);
        let mut line = format!("{ms} {}:", name(event));
        while let Some(BufferAct::HandOver(items)) = act {
            let end = if self.takes {
                write!(line, " flush {items}").unwrap();
                BufferEvent::Flushed { items, oldest_at: (level.waiting > items).then_some(now) }
            } else {
                write!(line, " flush {items} fails").unwrap();
                BufferEvent::Failed { by_items: false }
            };
            (level, act) = self.rule.step(level, end, now);
        }
        let wake = self.rule.due_at(&level).map_or(String::new(), |due| format!(", wake {}", due.0));
        self.told.push(format!("{line} {} waiting{wake}", level.waiting));
        self.level = level;
        self
    }

    fn write(&mut self, ms: i64, items: u64) -> &mut Bench {
        self.at(ms, BufferEvent::Written { items })
    }
}

fn name(event: BufferEvent) -> String {
    match event {
        BufferEvent::Written { items } => format!("write {items}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

#[test]
fn batched_flushes_by_size_and_by_time() {
    let mut bench = Bench::new(Strategy::Batched, 3);
    bench.write(0, 1).write(100, 1).write(200, 1).write(300, 1).at(4_000, BufferEvent::Due);
    bench.at(5_300, BufferEvent::Due).at(9_000, BufferEvent::Due).write(10_000, 7).at(10_001, BufferEvent::Asked);
    assert_eq!(
        bench.told,
        [
            "0 write 1: 1 waiting, wake 5000",
            "100 write 1: 2 waiting, wake 5000",
            "200 write 1: flush 3 0 waiting",
            "300 write 1: 1 waiting, wake 5300",
            "4000 due: 1 waiting, wake 5300",
            "5300 due: flush 1 0 waiting",
            "9000 due: 0 waiting",
            "10000 write 7: flush 3 flush 3 1 waiting, wake 15000",
            "10001 asked: flush 1 0 waiting",
        ]
    );
}

#[test]
fn immediate_flushes_each_item_and_tries_again_with_the_next() {
    let mut bench = Bench::new(Strategy::Immediate, 100);
    bench.write(0, 1).write(1, 2);
    bench.takes = false;
    bench.write(2, 1);
    bench.write(3, 1);
    bench.takes = true;
    bench.at(4, BufferEvent::Due).write(5, 1);
    assert_eq!(
        bench.told,
        [
            "0 write 1: flush 1 0 waiting",
            "1 write 2: flush 2 0 waiting",
            "2 write 1: flush 1 fails 1 waiting, wake 10002",
            "3 write 1: flush 2 fails 2 waiting, wake 20003",
            "4 due: 2 waiting, wake 20003",
            "5 write 1: flush 3 0 waiting",
        ]
    );
}

#[test]
fn manual_flushes_when_asked_and_only_then() {
    let mut bench = Bench::new(Strategy::Manual, 2);
    bench.write(0, 5).at(60_000, BufferEvent::Due).at(60_001, BufferEvent::Asked).at(60_002, BufferEvent::Asked);
    assert_eq!(
        bench.told,
        [
            "0 write 5: 5 waiting",
            "60000 due: 5 waiting",
            "60001 asked: flush 2 flush 2 flush 1 0 waiting",
            "60002 asked: 0 waiting"
        ]
    );
}

#[test]
fn two_hundred_and_fifty_items_are_two_batches_of_a_hundred_and_fifty_that_wait() {
    let mut bench = Bench::new(Strategy::Batched, 100);
    for at in 0..250 {
        bench.write(at, 1);
    }
    let flushed: Vec<&String> = bench.told.iter().filter(|line| line.contains("flush")).collect();
    assert_eq!(flushed, ["99 write 1: flush 100 0 waiting", "199 write 1: flush 100 0 waiting"]);
    assert_eq!(bench.level.waiting, 50);
    let mut at_once = Bench::new(Strategy::Batched, 100);
    at_once.write(0, 250);
    assert_eq!(at_once.told, ["0 write 250: flush 100 flush 100 50 waiting, wake 5000"]);
}

#[test]
fn a_flush_that_fails_is_tried_again_later_and_later_until_somebody_must_look() {
    let mut bench = Bench::new(Strategy::Batched, 2);
    bench.takes = false;
    bench.write(0, 2).write(1, 1);
    for _ in 0..5 {
        let due = bench.rule.due_at(&bench.level).unwrap();
        bench.at(due.0, BufferEvent::Due);
    }
    assert_eq!(
        bench.told,
        [
            "0 write 2: flush 2 fails 2 waiting, wake 10000",
            "1 write 1: 3 waiting, wake 10000",
            "10000 due: flush 2 fails 3 waiting, wake 30000",
            "30000 due: flush 2 fails 3 waiting, wake 70000",
            "70000 due: flush 2 fails 3 waiting, wake 150000",
            "150000 due: flush 2 fails 3 waiting, wake 310000",
            "310000 due: flush 2 fails 3 waiting",
        ]
    );
    bench.takes = true;
    bench.at(400_000, BufferEvent::Asked);
    assert_eq!(bench.told.last().unwrap(), "400000 asked: flush 2 flush 1 0 waiting");
    assert_eq!(bench.level, BufferLevel::default());
}

#[test]
fn one_batch_is_on_its_way_at_a_time_and_is_counted_until_it_arrives() {
    let rule = BufferRule { max_size: 2, ..BufferRule::default() };
    let now = Instant(0);
    let (level, batch) = rule.step(BufferLevel::default(), BufferEvent::Written { items: 3 }, now);
    assert_eq!((level.waiting, level.in_flight, batch), (3, 2, Some(BufferAct::HandOver(2))));
    let (level, batch) = rule.step(level, BufferEvent::Written { items: 2 }, now);
    assert_eq!((level.waiting, level.in_flight, batch, rule.due_at(&level)), (5, 2, None, None));
    let (level, batch) = rule.step(level, BufferEvent::Lost, now);
    assert_eq!(
        (level.waiting, level.in_flight, batch),
        (5, 2, Some(BufferAct::HandOver(2))),
        "its owner died: it is handed over again"
    );
    let (level, batch) = rule.step(level, BufferEvent::Flushed { items: 2, oldest_at: Some(now) }, now);
    assert_eq!((level.waiting, batch), (3, Some(BufferAct::HandOver(2))));
    let (level, batch) = rule.step(level, BufferEvent::Cleared, now);
    assert_eq!((level, batch), (BufferLevel::default(), None));
}

#[test]
fn no_interval_no_clock() {
    let rule = BufferRule { interval_ms: 0, ..BufferRule::default() };
    let (level, _) = rule.step(BufferLevel::default(), BufferEvent::Written { items: 1 }, Instant(0));
    assert_eq!(rule.due_at(&level), None);
}

#[test]
fn a_path_is_no_name_of_a_buffer() {
    assert!(BufferId::new("../x").is_err() && BufferId::new("a/b").is_err() && BufferId::new("").is_err());
    assert_eq!(BufferId::new("usage_tracking").unwrap().as_str(), "usage_tracking");
}

#[test]
fn a_use_of_a_tool_is_read_in_both_spellings() {
    let read = |value: Value| ToolUse::read(&value);
    let tool = ToolName::new("x").unwrap();
    let plain = ToolUse { tool: tool.clone(), success: Some(true), duration_ms: Some(12), times: 1 };
    assert_eq!(read(json!({"tool": "X", "success": true, "duration_ms": 12.4})), Ok(plain));
    let bare = ToolUse { tool, success: None, duration_ms: None, times: 3 };
    assert_eq!(read(json!({"tool_id": "x", "increment": 3, "success": null})), Ok(bare));
    for wrong in
        [json!(1), json!({"tool": "../x"}), json!({"tool": "x", "success": 1}), json!({"tool": "x", "increment": 0})]
    {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
    for wrong in [json!(-1), json!(1e308), json!(31_536_000_001_u64)] {
        assert!(read(json!({"tool": "x", "duration_ms": wrong})).is_err());
    }
    assert!(read(json!({"tool": "x", "duration_ms": 31_536_000_000_u64})).is_ok());
}

#[test]
fn a_batch_on_its_way_keeps_the_clock_going() {
    let mut buffer = Buffer::new(BufferId::new("a").unwrap(), "human", Instant(0));
    assert!(!buffer.needs_clock(), "it is empty");
    (buffer.level.waiting, buffer.level.oldest_at) = (2, Some(Instant(0)));
    assert!(buffer.needs_clock());
    buffer.level.in_flight = 2;
    assert!(buffer.needs_clock(), "its process may die");
    buffer.rule.interval_ms = 0;
    assert!(!buffer.needs_clock());
}

/// Items in their order of arrival, some of which make the tool fail, with the result for each.
struct Delivery {
    rule: BufferRule,
    level: BufferLevel,
    waiting: Vec<u32>,
    taken: Vec<u32>,
    aside: Vec<u32>,
    runs: usize,
    now: i64,
}

impl Delivery {
    fn new(items: u32, max_size: u64) -> Delivery {
        let rule = BufferRule { max_size, ..BufferRule::default() };
        let (level, waiting) = (BufferLevel::default(), (0..items).collect());
        Delivery { rule, level, waiting, taken: Vec::new(), aside: Vec::new(), runs: 0, now: 0 }
    }

    /// Lets the clock flush until nothing is left to do.
    fn play(&mut self, is_bad: &dyn Fn(u32) -> bool) {
        let first = BufferEvent::Written { items: self.waiting.len() as u64 };
        self.let_happen(first, is_bad);
        while let Some(due) = self.rule.due_at(&self.level) {
            self.now = self.now.max(due.0);
            self.let_happen(BufferEvent::Due, is_bad);
        }
    }

    fn let_happen(&mut self, event: BufferEvent, is_bad: &dyn Fn(u32) -> bool) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            let (level, act) = self.rule.step(self.level, event, Instant(self.now));
            self.level = level;
            next = act.map(|act| self.act(act, is_bad));
        }
        assert_eq!(self.level.waiting, self.waiting.len() as u64);
    }

    fn act(&mut self, act: BufferAct, is_bad: &dyn Fn(u32) -> bool) -> BufferEvent {
        let oldest = |items: &[u32]| items.first().map(|_| Instant(0));
        match act {
            BufferAct::HandOver(size) => {
                self.runs += 1;
                let batch = &self.waiting[..usize::try_from(size).unwrap()];
                if batch.iter().any(|item| is_bad(*item)) {
                    return BufferEvent::Failed { by_items: true };
                }
                self.taken.extend(batch);
                let rest = self.waiting.split_off(batch.len());
                self.waiting = rest;
                BufferEvent::Flushed { items: size, oldest_at: oldest(&self.waiting) }
            }
            BufferAct::SetAside => {
                self.aside.push(self.waiting.remove(0));
                BufferEvent::SetAside { oldest_at: oldest(&self.waiting) }
            }
            BufferAct::PutBack(most) => {
                let kept = self.aside.len() - most as usize;
                let mut back = self.aside.split_off(kept);
                let items = back.len() as u64;
                back.append(&mut self.waiting);
                self.waiting = back;
                BufferEvent::PutBack { items, oldest_at: oldest(&self.waiting) }
            }
        }
    }
}

#[test]
fn one_bad_item_is_set_aside_and_the_others_arrive() {
    for bad in [0, 1, 42, 98, 99] {
        let mut delivery = Delivery::new(100, 100);
        delivery.play(&|item| item == bad);
        assert_eq!(delivery.aside, [bad]);
        assert_eq!(delivery.taken, (0..100).filter(|item| *item != bad).collect::<Vec<_>>());
        // No item arrived after the last one.
        let aside_in_a_row = u32::from(bad == 99);
        assert_eq!(delivery.level, BufferLevel { aside_in_a_row, ..BufferLevel::default() }, "{bad}");
        assert!(delivery.runs <= 6 + 2 * 7 + 2, "{} runs for {bad}", delivery.runs);
    }
}

#[test]
fn a_tool_that_fails_with_every_item_loses_none_and_somebody_must_look() {
    for (items, size) in [(100, 100), (5, 2), (4, 4), (7, 1)] {
        let mut delivery = Delivery::new(items, size);
        delivery.play(&|_| true);
        assert_eq!((delivery.aside.len(), delivery.taken.len()), (0, 0), "{items} {size}");
        assert_eq!(delivery.waiting, (0..items).collect::<Vec<_>>());
        assert!(delivery.rule.due_at(&delivery.level).is_none());
        assert!(delivery.level.failures >= MAX_TRIES && delivery.runs < 40, "{} runs", delivery.runs);
    }
}

proptest::proptest! {
    #[test]
    fn every_item_arrives_once_or_is_set_aside_or_waits(
        bad in proptest::collection::btree_set(0_u32..60, 0..6), items in 1_u32..60, size in 1_u64..20,
    ) {
        let mut delivery = Delivery::new(items, size);
        delivery.play(&|item| bad.contains(&item));
        let mut all: Vec<u32> = [&delivery.taken[..], &delivery.aside, &delivery.waiting].concat();
        all.sort_unstable();
        proptest::prop_assert_eq!(all, (0..items).collect::<Vec<_>>());
        proptest::prop_assert!(delivery.taken.iter().all(|item| !bad.contains(item)));
        proptest::prop_assert!(delivery.aside.iter().all(|item| bad.contains(item)), "no good item is set aside");
        proptest::prop_assert!(delivery.taken.is_sorted(), "the order is kept");
        // Only a longer series of bad items than can be set aside in a row looks like a faulty tool.
        let row = delivery.waiting.iter().take(4).filter(|item| bad.contains(item)).count();
        proptest::prop_assert!(delivery.waiting.is_empty() || row == 4, "{:?} waits", delivery.waiting);
    }
}
