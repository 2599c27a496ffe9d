//! The lifecycle of a buffer, tested with only a store.

use super::*;
use crate::store::Store;

const NOW: Instant = Instant(1_000_000);

fn in_store<T>(work: impl FnOnce(&Tx<'_>) -> Result<T, EngineError>) -> T {
    let dir = tempfile::tempdir().unwrap();
    Store::open(dir.path()).unwrap().transact(NOW, work).unwrap()
}

fn hand<'a>(owner: &'a str, is_alive: &'a dyn Fn(&str) -> bool) -> Hand<'a> {
    Hand { who: "Ada", by: HUMAN, owner, is_alive }
}

fn clock(owner: &str, starting: bool, until: i64) -> BufferClock {
    BufferClock { owner: owner.to_owned(), starting, until: Instant(until) }
}

#[test]
fn a_clock_is_started_when_none_runs_or_starts_in_time() {
    for (before, starts) in [
        (None, true),
        (Some(clock("lives", true, NOW.0 + 1)), false),
        (Some(clock("lives", true, NOW.0)), true),
        (Some(clock("lives", false, 0)), false),
        (Some(clock("died", true, NOW.0 + 1)), true),
        (Some(clock("died", false, 0)), true),
    ] {
        let after = in_store(|tx| {
            before.iter().try_for_each(|clock| tx.set_buffer_clock(clock))?;
            let started = wind(tx, hand("this", &|owner| owner == "lives"))?;
            assert_eq!(started, starts, "{before:?}");
            Ok(tx.buffer_clock()?)
        });
        let expected = if starts { Some(clock("this", true, NOW.0 + START_MS)) } else { before };
        assert_eq!(after, expected);
    }
}

#[test]
fn a_process_becomes_the_clock_unless_another_one_that_lives_is() {
    for (before, becomes) in [
        (None, true),
        (Some(clock("lives", false, 0)), false),
        (Some(clock("lives", true, NOW.0 + 1)), true),
        (Some(clock("died", false, 0)), true),
        (Some(clock("this", false, 0)), true),
    ] {
        let after = in_store(|tx| {
            before.iter().try_for_each(|clock| tx.set_buffer_clock(clock))?;
            assert_eq!(tend(tx, hand("this", &|owner| owner != "died"))?, becomes, "{before:?}");
            Ok(tx.buffer_clock()?)
        });
        assert_eq!(after, if becomes { Some(clock("this", false, NOW.0)) } else { before });
    }
}

#[test]
fn a_clock_that_nothing_needs_ends() {
    in_store(|tx| {
        tx.set_buffer_clock(&BufferClock { owner: "this".to_owned(), starting: false, until: NOW })?;
        let hand = hand("this", &|_| true);
        let (id, items) = (BufferId::new("a").map_err(EngineError::internal)?, ["1".to_owned()]);
        let timed = BufferChange { interval_ms: Some(60_000), ..BufferChange::default() };
        write(tx, hand, &id, &timed, &items)?;
        assert!(tends_on(tx, hand)?);
        assert!(tx.buffer_clock()?.is_some());
        flush(tx, hand, &id)?;
        assert!(!tends_on(tx, hand)?);
        assert_eq!(tx.buffer_clock()?, None);
        Ok(())
    });
}

#[test]
fn a_buffer_holds_so_many_items_and_bytes_and_no_more() {
    let id = BufferId::new("a").unwrap();
    for (waiting, kept, bytes, items, more, fits) in [
        (0, 0, 0, MAX_WAITING, MAX_WAITING_BYTES, true),
        (0, 0, 0, MAX_WAITING + 1, 1, false),
        (0, 0, 0, 1, MAX_WAITING_BYTES + 1, false),
        (MAX_WAITING - 3, 1, 0, 2, 1, true),
        (MAX_WAITING - 3, 1, 0, 3, 1, false),
        (1, 0, MAX_WAITING_BYTES - 2, 1, 2, true),
        (1, 0, MAX_WAITING_BYTES - 2, 1, 3, false),
    ] {
        let mut buffer = Buffer::new(id.clone(), HUMAN, NOW);
        (buffer.level.waiting, buffer.kept, buffer.bytes) = (waiting, kept, bytes);
        let case = format!("{waiting} {kept} {bytes} {items} {more}");
        assert_eq!(refuse_overflow(&buffer, items, more).is_ok(), fits, "{case}");
    }
}

#[test]
fn a_batch_of_a_process_that_died_is_lost_and_no_other() {
    let is_alive = |owner: &str| owner == "lives";
    for (flusher, in_flight, flusher_after, events) in [
        (None, 0, None, &[][..]),
        (Some("lives"), 2, Some("lives"), &[]),
        (Some("died"), 2, None, &[BufferEvent::Lost]),
        (Some("died"), 0, None, &[]),
    ] {
        let mut buffer = Buffer::new(BufferId::new("a").unwrap(), HUMAN, NOW);
        (buffer.flusher, buffer.level.in_flight) = (flusher.map(str::to_owned), in_flight);
        let (after, told) = alive(hand("this", &is_alive), buffer);
        assert_eq!((after.flusher.as_deref(), &told[..]), (flusher_after, events), "{flusher:?}");
    }
}

#[test]
fn what_one_process_takes_no_other_does_and_it_is_let_go_once() {
    in_store(|tx| {
        let [one, other] = ["one", "other"].map(|owner| hand(owner, &|_| true));
        let id = BufferId::new("a").map_err(EngineError::internal)?;
        let change = BufferChange::default();
        let known = || Ok::<_, EngineError>(tx.buffer(&id)?.unwrap());
        write(tx, one, &id, &change, &["12".to_owned(), "345".to_owned()])?;
        assert_eq!(take(tx, one, &id)?.len(), 0, "it waits still");
        assert_eq!(known()?.flusher, None, "whoever took nothing keeps nobody from it");
        flush(tx, one, &id)?;
        let items = take(tx, one, &id)?;
        assert_eq!((items.len(), known()?.kept, known()?.bytes), (2, 2, 5));
        assert_eq!(take(tx, other, &id).unwrap_err().code, ErrorCode::Conflict);
        assert_eq!(take(tx, one, &id)?.len(), 2);
        taken(tx, &id, &items)?;
        assert_eq!((known()?.kept, known()?.bytes, known()?.flusher), (0, 0, None));
        write(tx, one, &id, &change, &["6".to_owned()])?;
        taken(tx, &id, &items)?;
        assert_eq!(known()?.bytes, 1, "they were gone before");
        assert_eq!(take(tx, other, &id)?.len(), 0);
        Ok(())
    });
}

#[test]
fn what_waits_is_thrown_away_with_an_entry_in_the_log_unless_it_is_on_its_way() {
    in_store(|tx| {
        let hand = hand("this", &|_| true);
        let id = BufferId::new("a").map_err(EngineError::internal)?;
        write(tx, hand, &id, &BufferChange::default(), &["1".to_owned(), "2".to_owned()])?;
        for (cleared, entries) in [(2, 1), (0, 1)] {
            assert_eq!(clear(tx, hand, &id)?.1, cleared);
            assert_eq!(tx.whole_log()?.len(), entries);
        }
        let sink = BufferSink::Tool { tool: "adder".to_owned(), input: Map::new() };
        let change = BufferChange { sink: Some(sink), ..BufferChange::default() };
        write(tx, hand, &id, &change, &["3".to_owned()])?;
        assert!(flush(tx, hand, &id)?.claim.is_some());
        assert_eq!(clear(tx, hand, &id).unwrap_err().code, ErrorCode::Conflict);
        Ok(())
    });
}

#[test]
fn a_full_buffer_names_what_takes_its_items() {
    let tool = |name: &str| BufferSink::Tool { tool: name.to_owned(), input: Map::new() };
    for (sink, error, hint) in [
        (tool("mailer"), Some("it is not approved"), "mailer does not accept them: it is not approved"),
        (tool("mailer"), None, "`toolsmith buffer flush --buffer a` delivers them"),
        (BufferSink::Nobody, None, "`toolsmith buffer flush --buffer a` delivers them; --to TOOL sets the receiver"),
    ] {
        let mut buffer = Buffer::new(BufferId::new("a").unwrap(), HUMAN, NOW);
        buffer.level.waiting = MAX_WAITING;
        (buffer.sink, buffer.last_error) = (sink, error.map(str::to_owned));
        assert_eq!(refuse_overflow(&buffer, 1, 1).unwrap_err().hint, hint);
    }
}

#[test]
fn there_are_only_so_many_buffers_and_those_go_on() {
    in_store(|tx| {
        let id = |number: usize| BufferId::new(&format!("b{number}")).unwrap();
        for number in 1..MAX_BUFFERS {
            tx.put_buffer(&Buffer::new(id(number), HUMAN, NOW), Tell::Sometimes)?;
        }
        let add = |number: usize| {
            write(tx, hand("this", &|_| true), &id(number), &BufferChange::default(), &["1".to_owned()]).map(drop)
        };
        add(MAX_BUFFERS)?;
        assert_eq!(add(MAX_BUFFERS + 1).unwrap_err().code, ErrorCode::Refused);
        add(1)
    });
}
