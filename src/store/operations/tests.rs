use super::super::fixture::{change, change_at, operation, store};
use super::super::{NewOperation, Store};
use super::*;
use crate::domain::{EventSeq, Instant};
use proptest::prelude::*;
use serde_json::json;

fn logged(count: usize) -> (tempfile::TempDir, Store) {
    let (dir, mut store) = store();
    change(&mut store, |tx| (0..count).try_for_each(|n| tx.log(&operation("promote", &format!("t{n}"))).map(drop)));
    (dir, store)
}

fn faults_after(sql: &str) -> Vec<String> {
    let (_dir, store) = logged(5);
    assert_eq!(store.verify_log().unwrap(), LogCheck { entries: 5, ..LogCheck::default() });
    store.connection.pragma_update(None, "foreign_keys", false).unwrap();
    store.connection.execute_batch(sql).unwrap();
    store.verify_log().unwrap().faults
}

#[test]
fn an_entry_reads_back_as_it_was_logged_and_tells_of_itself() {
    let (_dir, mut store) = store();
    let new = operation("promote", "x");
    let (first, second) = change(&mut store, |tx| Ok((tx.log(&new)?, tx.log(&new)?)));
    let entry = store.operation(second).unwrap().unwrap();
    let before = store.operation(first).unwrap().unwrap();
    assert_eq!((first, second, entry.prev_hash), (OperationId(1), OperationId(2), before.hash));
    assert_eq!(NewOperation { who: entry.who.clone(), ..new.clone() }, new);
    assert_eq!((&entry.verb, &entry.subject, &entry.detail), (&new.verb, &new.subject, &new.detail));
    assert_eq!(entry.hash, entry.expected_hash());
    let events = store.events_since(EventSeq(0), 9).unwrap();
    let told: Vec<_> = events.iter().map(|e| (e.kind, e.subject.as_str())).collect();
    assert_eq!(told, [(EventKind::OperationLogged, "1"), (EventKind::OperationLogged, "2")]);
}

#[test]
fn each_kind_of_tampering_is_named_with_its_entry() {
    for (sql, fault) in [
        ("UPDATE operations SET who = 'x' WHERE id = 3", "entry 3 was changed: its content does not match its hash"),
        ("UPDATE operations SET at_ms = 1 WHERE id = 5", "entry 5 was changed: its content does not match its hash"),
        (
            "UPDATE operations SET reversible = 0 WHERE id = 1",
            "entry 1 was changed: its content does not match its hash",
        ),
        ("DELETE FROM operations WHERE id = 2", "entry 2 is missing"),
        ("DELETE FROM operations WHERE id IN (1, 2)", "entries 1 to 2 are missing"),
        ("DELETE FROM operations WHERE id > 3", "entries 4 to 5 are missing"),
        ("DELETE FROM operations", "entries 1 to 5 are missing"),
        (
            "UPDATE meta SET value = '4' WHERE key = 'log_count'",
            "entry 5 was added outside Toolsmith: the recorded end of the log is entry 4",
        ),
        (
            "UPDATE meta SET value = 'x' WHERE key = 'log_head'",
            "entry 5 was replaced: the recorded newest hash is different",
        ),
        ("UPDATE meta SET value = 'x' WHERE key = 'log_count'", "the recorded length of the log cannot be read"),
    ] {
        assert_eq!(faults_after(sql), vec![fault.to_owned()], "{sql}");
    }
}

#[test]
fn entries_that_changed_places_are_both_named() {
    let faults = faults_after(
        "UPDATE operations SET id = 99 WHERE id = 2; UPDATE operations SET id = 2 WHERE id = 3; \
         UPDATE operations SET id = 3 WHERE id = 99",
    );
    for id in [2, 3] {
        assert!(faults.iter().any(|f| f.starts_with(&format!("entry {id} was changed"))), "{faults:?}");
    }
    assert!(faults.contains(&"entry 3 does not follow entry 2: one of the two was replaced".to_owned()), "{faults:?}");
}

#[test]
fn an_entry_that_cannot_be_read_is_a_fault_and_the_walk_goes_on() {
    let faults = faults_after("UPDATE operations SET detail = '{' WHERE id = 2; DELETE FROM operations WHERE id = 4");
    assert!(faults[0].starts_with("entry 2 cannot be read: "), "{faults:?}");
    assert_eq!(faults[1..], ["entry 4 is missing".to_owned()]);
}

#[test]
fn an_entry_rewritten_with_a_fitting_hash_breaks_the_chain() {
    let (_dir, store) = logged(3);
    let mut entry = store.operation(OperationId(2)).unwrap().unwrap();
    entry.who = "somebody else".to_owned();
    entry.hash = entry.expected_hash();
    let sql = "UPDATE operations SET who = ?1, hash = ?2 WHERE id = 2";
    store.connection.execute(sql, params![entry.who, entry.hash]).unwrap();
    let expected = vec!["entry 3 does not follow entry 2: one of the two was replaced".to_owned()];
    assert_eq!(store.verify_log().unwrap().faults, expected);
}

#[test]
fn an_entry_is_sound_only_as_it_was_written_and_in_its_place() {
    let sound = |sql: &str, id| {
        let (_dir, store) = logged(3);
        store.connection.execute_batch(sql).unwrap();
        store.sound_operation(OperationId(id)).unwrap().map(|entry| entry.map(|entry| entry.id.0))
    };
    for id in [1, 2, 3] {
        assert_eq!(sound("", id), Ok(Some(id)));
    }
    assert_eq!(sound("", 4), Ok(None));
    let changed = "UPDATE operations SET who = 'x' WHERE id = 2";
    assert_eq!((sound(changed, 1), sound(changed, 3)), (Ok(Some(1)), Ok(Some(3))));
    assert_eq!(sound(changed, 2), Err("was changed: its content does not match its hash".to_owned()));
    let unread = sound("UPDATE operations SET detail = '{' WHERE id = 2", 2).unwrap_err();
    assert!(unread.starts_with("cannot be read: "), "{unread}");
    assert_eq!(sound("DELETE FROM operations WHERE id = 3", 2), Ok(Some(2)), "what was cut off, the walk tells");
}

#[test]
fn an_entry_rewritten_with_a_fitting_hash_is_not_sound_also_as_the_newest() {
    for id in [2, 3] {
        let (_dir, store) = logged(3);
        let mut entry = store.operation(OperationId(id)).unwrap().unwrap();
        entry.who = "somebody else".to_owned();
        entry.hash = entry.expected_hash();
        let sql = "UPDATE operations SET who = ?1, hash = ?2 WHERE id = ?3";
        store.connection.execute(sql, params![entry.who, entry.hash, entry.id]).unwrap();
        let found = store.sound_operation(OperationId(id)).unwrap();
        assert_eq!(found, Err("was replaced: the next entry has a different hash for it".to_owned()), "{id}");
    }
}

#[test]
fn a_clock_that_went_back_is_noted_between_its_two_entries() {
    let (_dir, mut store) = store();
    for at in [5_000, 5_000, 3_000, 4_000] {
        change_at(&mut store, Instant(at), |tx| tx.log(&operation("archive", "x")));
    }
    let notes = store.verify_log().unwrap().notes;
    assert_eq!(notes, ["the system clock was set back by 2s between entries 2 and 3"]);
}

#[test]
fn who_took_an_entry_back_is_what_an_entry_says() {
    let undone = |detail: Value| {
        let (_dir, mut store) = logged(2);
        change(&mut store, |tx| {
            let by = tx.log(&NewOperation { detail, ..operation("undo", "t0") })?;
            tx.mark_undone(OperationId(1), by)
        });
        store.verify_log().unwrap().faults
    };
    assert_eq!(undone(json!({"operation": 1})), Vec::<String>::new());
    let says = "entry 1 is marked as undone by entry 3, which did not undo it";
    assert_eq!(undone(json!({})), [says]);
    assert_eq!(undone(json!({"operation": 2})), [says, "entry 2 was undone by entry 3, but is not marked as undone"]);
}

#[test]
fn a_log_is_there_also_when_only_its_note_is_left() {
    let (_dir, store) = logged(0);
    assert!(!store.has_log().unwrap());
    let (_dir, store) = logged(1);
    assert!(store.has_log().unwrap());
    store.connection.execute("DELETE FROM operations", []).unwrap();
    assert!(store.has_log().unwrap());
}

#[test]
fn a_cut_tail_stays_visible_after_new_entries() {
    let (_dir, mut store) = logged(5);
    store.connection.execute("DELETE FROM operations WHERE id > 3", []).unwrap();
    assert_eq!(change(&mut store, |tx| tx.log(&operation("promote", "x"))), OperationId(6));
    assert_eq!(store.verify_log().unwrap().faults, vec!["entries 4 to 5 are missing".to_owned()]);
}

#[test]
fn the_newest_entry_that_can_be_taken_back_is_found() {
    let (_dir, mut store) = store();
    let (first, second, undo) = change(&mut store, |tx| {
        let first = tx.log(&operation("archive", "x"))?;
        let second = tx.log(&operation("archive", "x"))?;
        tx.log(&NewOperation { reversible: false, ..operation("archive", "y") })?;
        let detail = json!({"operation": second});
        let undo = tx.log(&NewOperation { detail, ..operation("undo", "x") })?;
        tx.mark_undone(second, undo)?;
        Ok((first, second, undo))
    });
    assert_eq!(store.newest_reversible().unwrap().map(|o| o.id), Some(first));
    assert_eq!(store.newest_operation("archive", "x").unwrap().map(|o| o.id), Some(first));
    assert_eq!(store.newest_operation("archive", "z").unwrap(), None);
    assert_eq!(store.operation(second).unwrap().unwrap().undone_by, Some(undo));
    assert_eq!(store.verify_log().unwrap().faults, Vec::<String>::new());
    let missing = store.transact(Instant(0), |tx| tx.mark_undone(OperationId(99), first));
    assert!(matches!(missing, Err(StoreError::Missing { what }) if what == "operation 99"));
}

#[test]
fn grep_takes_every_character_as_itself() {
    let (_dir, mut store) = store();
    change(&mut store, |tx| {
        tx.log(&operation("archive", "100%_sure"))?;
        tx.log(&NewOperation { detail: json!({"reason": "Needle"}), ..operation("promote", "a\\b") }).map(drop)
    });
    let found = |needle: &str| store.operations(9, Some(needle)).unwrap().iter().map(|o| o.id.0).collect::<Vec<_>>();
    assert_eq!(found("%_s"), [1]);
    assert_eq!(found("a\\b"), [2]);
    assert_eq!(found("needle"), [2]);
    assert_eq!(found("ada"), [2, 1]);
    assert_eq!(found("0_s"), Vec::<i64>::new());
    assert_eq!(store.operations(1, None).unwrap()[0].id, OperationId(2));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,6}", inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_logged_verifies_and_reads_back(
        entries in prop::collection::vec((".{0,16}", ".{0,16}", any_json(), any::<bool>(), any::<i32>()), 1..12),
    ) {
        let (_dir, mut store) = store();
        for (who, subject, detail, reversible, at) in &entries {
            let (who, subject) = (who.clone(), subject.clone());
            let new = NewOperation { who, verb: "v".into(), subject, detail: detail.clone(), reversible: *reversible };
            change_at(&mut store, Instant(i64::from(*at) * 1000), |tx| tx.log(&new));
        }
        let check = store.verify_log().unwrap();
        prop_assert_eq!((check.entries, check.faults), (entries.len() as u64, vec![]));
        let back = entries.windows(2).filter(|pair| pair[1].4 < pair[0].4).count();
        prop_assert_eq!(check.notes.len(), back);
        let details: Vec<_> = store.operations(99, None).unwrap().into_iter().rev().map(|o| o.detail).collect();
        prop_assert_eq!(details, entries.into_iter().map(|entry| entry.2).collect::<Vec<_>>());
    }
}
