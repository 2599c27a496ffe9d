//! The effect of undoing each kind of operation: which rows are restored, and which files move where.

use super::allow::allow;
use super::fixture::{self, NOW, in_store};
use super::grant::{grant, revoke};
use super::lifecycle::{archive, archived_placement, restore};
use super::pins::pin;
use super::placed::{Beside, Placed};
use super::relocation::{ApprovalFileChange, Relocation};
use super::row_changes::SetSaved;
use super::scan::open_for;
use super::step::{Actor, Step, Work};
use super::tiers::unlock;
use super::undo::undo;
use super::undo_note::UndoNote;
use crate::domain::{
    Allowed, CostTier, Digest, GrantKey, GrantScope, OperationId, Permissions, ReviewId, ReviewKind, ReviewState,
    Stage, Tool, WriteMode,
};
use crate::engine::{EngineError, ErrorCode};
use crate::store::{Approval, NewOperation, Tx};
use serde_json::{Value, json};

fn actor() -> Actor<'static> {
    Actor { commit: true, ..fixture::actor() }
}

fn tool(stage: Stage, byte: u8) -> Tool {
    fixture::tool("t", stage, byte)
}

fn placed(stage: Stage, byte: u8) -> Placed {
    Placed::of(&tool(stage, byte), &[])
}

fn log(tx: &Tx<'_>, verb: &str, detail: Value, reversible: bool) -> Result<OperationId, EngineError> {
    let (who, verb, subject) = ("Ada".to_owned(), verb.to_owned(), "t".to_owned());
    Ok(tx.log(&NewOperation { who, verb, subject, detail, reversible })?)
}

fn noted(tx: &Tx<'_>, verb: &str, note: &UndoNote) -> Result<OperationId, EngineError> {
    log(tx, verb, json!({"undo": note}), true)
}

fn approval(stage: Stage, byte: u8, operation: OperationId) -> Approval {
    let Tool { name: tool, digest, placement, .. } = tool(stage, byte);
    Approval { tool, digest, stage, operation, at: NOW, base: Some(placement.base), signature: None }
}

/// The versions in force, each with its stage and the entry that gave it.
fn in_force(tx: &Tx<'_>) -> Result<Vec<(u8, Stage, i64)>, EngineError> {
    Ok(tx.approvals()?.iter().map(|row| (row.digest.0[0], row.stage, row.operation.0)).collect())
}

fn back(tx: &Tx<'_>, operation: OperationId) -> Result<Step, EngineError> {
    undo(tx, actor(), Some(operation))
}

fn moves(step: &Step) -> Vec<&Relocation> {
    let each = step.intents.iter().filter_map(|(_, work)| match work {
        Work::Relocation(relocation) => Some(&**relocation),
        Work::Beside(_) | Work::Applying(_) => None,
    });
    each.collect()
}

/// Source and target of a move, the digest that it may replace, and the commit message.
type Told<'a> = (Option<&'a str>, &'a str, Option<u8>, Option<&'a str>);

fn told(step: &Step) -> Vec<Told<'_>> {
    let each = moves(step).into_iter().map(|step| {
        let message = step.commit.as_ref().map(|commit| commit.message.as_str());
        (
            step.from.as_ref().map(|from| from.base.as_str()),
            step.to.base.as_str(),
            step.replaces.map(|d| d.0[0]),
            message,
        )
    });
    each.collect()
}

#[test]
fn what_is_taken_back_is_there_reversible_and_was_not_taken_back_before() {
    in_store(|tx| {
        let code = |wanted: Option<i64>| undo(tx, actor(), wanted.map(OperationId)).unwrap_err().code;
        assert_eq!((code(None), code(Some(1))), (ErrorCode::NotFound, ErrorCode::NotFound));
        let note = UndoNote::SaveSet(SetSaved { name: tool(Stage::Approved, 1).name, before: Vec::new() });
        let first = noted(tx, "set", &note)?;
        let second = noted(tx, "set", &note)?;
        log(tx, "scan", json!({"undo": note}), false)?;
        assert_eq!(code(Some(3)), ErrorCode::Refused);
        let done = undo(tx, actor(), None)?;
        assert_eq!(done.outcome.operation, Some(OperationId(4)));
        assert_eq!(tx.operation(second)?.unwrap().undone_by, Some(OperationId(4)), "the newest that can be");
        assert_eq!(tx.operation(first)?.unwrap().undone_by, None);
        assert_eq!(code(Some(2)), ErrorCode::Conflict);
        assert_eq!(code(Some(4)), ErrorCode::Refused, "taking back is not taken back");
        Ok(())
    });
}

#[test]
fn leave_that_was_revoked_comes_back_unless_the_leave_itself_was_taken_back() {
    let here = || Tool { cost_tier: CostTier::Medium, ..tool(Stage::Experimental, 1) };
    for first_too in [false, true] {
        in_store(|tx| {
            let given = grant(tx, actor(), &here(), "bot", GrantScope::Version)?.outcome.operation.unwrap();
            let key = GrantKey::Agent(tx.agent_grants()?[0].id);
            let revoked = revoke(tx, actor(), &key)?.outcome.operation.unwrap();
            if first_too {
                back(tx, given)?;
            }
            back(tx, revoked)?;
            assert_eq!(tx.agent_grants()?.len(), usize::from(!first_too));
            Ok(())
        });
        in_store(|tx| {
            let opened = unlock(tx, actor(), None, CostTier::High, (GrantScope::Version, None))?;
            let key = GrantKey::Unlock(tx.unlocks()?[0].id);
            let revoked = revoke(tx, actor(), &key)?.outcome.operation.unwrap();
            if first_too {
                back(tx, opened.outcome.operation.unwrap())?;
            }
            back(tx, revoked)?;
            assert_eq!(tx.unlocks()?.len(), usize::from(!first_too));
            Ok(())
        });
        in_store(|tx| {
            let here = tool(Stage::Approved, 1);
            let operation = log(tx, "approve", json!({}), true)?;
            tx.approve_version(&approval(Stage::Approved, 1, operation))?;
            let writes = Permissions { write: vec!["out".to_owned()], ..Permissions::default() };
            let allowed = Allowed::new(&writes, WriteMode::Staged);
            let given = allow(tx, actor(), &here, &allowed)?.outcome.operation.unwrap();
            let revoked = revoke(tx, actor(), &GrantKey::Allow(here.name.clone(), here.digest))?;
            if first_too {
                back(tx, given)?;
            }
            back(tx, revoked.outcome.operation.unwrap())?;
            assert_eq!(tx.granted(&here.name, here.digest)?.is_some(), !first_too);
            Ok(())
        });
    }
}

#[test]
fn a_pin_is_as_it_was_before() {
    in_store(|tx| {
        let here = tool(Stage::Experimental, 1);
        let pinned = |tx: &Tx<'_>| Ok::<_, EngineError>(tx.pins(&here.name)?.contains(&here.digest));
        let first = pin(tx, actor(), &here, true)?.outcome.operation.unwrap();
        back(tx, first)?;
        assert!(!pinned(tx)?);
        pin(tx, actor(), &here, true)?;
        let second = pin(tx, actor(), &here, false)?.outcome.operation.unwrap();
        assert!(!pinned(tx)?);
        back(tx, second)?;
        assert!(pinned(tx)?);
        Ok(())
    });
}

#[test]
fn an_archived_version_comes_back_with_the_reviews_that_nobody_decided_since() {
    for (since, state) in [
        (None, ReviewState::Waiting),
        (Some(ReviewState::Rejected), ReviewState::Rejected),
        (Some(ReviewState::Expired), ReviewState::Expired),
    ] {
        in_store(|tx| {
            let here = tool(Stage::Experimental, 1);
            let review = open_for(tx, &here, ReviewKind::New, None)?;
            let away = archive(tx, actor(), &Placed::of(&here, &[]), archived_placement(&here, 0), None)?;
            assert_eq!(tx.review(review)?.unwrap().state, ReviewState::Superseded);
            for intent in tx.intents()? {
                tx.finish_intent(intent.id, &json!({}))?;
            }
            if let Some(since) = since {
                tx.set_review_state(review, since)?;
            }
            let step = back(tx, away.outcome.operation.unwrap())?;
            assert_eq!(tx.review(review)?.unwrap().state, state);
            let [(from, to, None, message)] = told(&step)[..] else { panic!("one move: {:?}", told(&step)) };
            assert_eq!((from, to), (Some("tools/archived/t"), "tools/experimental/t"));
            assert_eq!(message, Some("undo t 1.0.0"));
            Ok(())
        });
    }
}

#[test]
fn a_move_that_was_moved_on_is_taken_back_from_its_end() {
    in_store(|tx| {
        let (here, there) = (placed(Stage::Experimental, 1), archived_placement(&tool(Stage::Experimental, 1), 0));
        let finish = |tx: &Tx<'_>| {
            let owed = tx.intents()?;
            owed.iter().try_for_each(|owed| tx.finish_intent(owed.id, &json!({})).map(drop))
        };
        let first = archive(tx, actor(), &here, there.clone(), None)?.outcome.operation.unwrap();
        finish(tx)?;
        let archived = here.moved_to(Stage::Archived, there);
        let second = restore(tx, actor(), &archived, here.clone())?.outcome.operation.unwrap();
        finish(tx)?;
        let early = back(tx, first).unwrap_err();
        assert_eq!(
            (early.code, early.message.as_str()),
            (ErrorCode::Conflict, "t was moved since by operation 2 (restore)")
        );
        back(tx, second)?;
        finish(tx)?;
        back(tx, first)?;
        Ok(())
    });
    in_store(|tx| {
        // A later move concerned another version of the same name.
        let move_of = |byte| UndoNote::Move {
            before: placed(Stage::Experimental, byte),
            after: placed(Stage::Archived, byte),
            closed: Vec::new(),
        };
        let first = noted(tx, "archive", &move_of(1))?;
        noted(tx, "archive", &move_of(2))?;
        back(tx, first)?;
        Ok(())
    });
    in_store(|tx| {
        let name = tool(Stage::Approved, 1).name;
        let mark = || UndoNote::Deprecate { tool: name.clone(), before: None, review: None };
        let first = noted(tx, "deprecate", &mark())?;
        let second = noted(tx, "deprecate", &mark())?;
        assert_eq!(back(tx, first).unwrap_err().code, ErrorCode::Conflict);
        back(tx, second)?;
        noted(tx, "set", &UndoNote::SaveSet(SetSaved { name: name.clone(), before: Vec::new() }))?;
        back(tx, first)?;
        Ok(())
    });
}

fn approve_note(before: Placed, after: Placed, replaced: Option<Placed>, ended: Option<Vec<Approval>>) -> UndoNote {
    let (replaced_approved, replaced) = (replaced.is_some(), replaced.map(Box::new));
    UndoNote::Approve { review: ReviewId(1), before, after, replaced, replaced_approved, ended, closed: Vec::new() }
}

#[test]
fn an_approval_that_is_taken_back_brings_back_those_that_it_ended_and_were_not_taken_back() {
    use Stage::{Approved, Core, Experimental};
    for (before, after, replaced, keeps_ended, undone_before, in_force_then) in [
        (placed(Experimental, 1), placed(Approved, 1), None, true, false, vec![]),
        (placed(Experimental, 1), placed(Approved, 1), Some(placed(Approved, 2)), true, false, vec![(2, Approved, 1)]),
        (placed(Experimental, 1), placed(Approved, 1), Some(placed(Approved, 2)), true, true, vec![]),
        // Entries of an older format: the undo entry approves the replaced version again.
        (placed(Experimental, 1), placed(Approved, 1), Some(placed(Approved, 2)), false, false, vec![(2, Approved, 3)]),
        (placed(Approved, 1), placed(Core, 1), None, false, false, vec![(1, Approved, 3)]),
        (placed(Approved, 1), placed(Approved, 1), None, false, false, vec![]),
        (placed(Experimental, 1), placed(Approved, 1), None, false, false, vec![]),
    ] {
        in_store(|tx| {
            let old = log(tx, "approve", json!({"undo": UndoNote::Propose { review: ReviewId(1) }}), true)?;
            open_for(tx, &tool(Experimental, 1), ReviewKind::New, None)?;
            tx.set_review_state(ReviewId(1), ReviewState::Approved)?;
            let ended = replaced.iter().map(|old_one| approval(old_one.stage, old_one.digest.0[0], old)).collect();
            let note = approve_note(before.clone(), after.clone(), replaced.clone(), keeps_ended.then_some(ended));
            let given = noted(tx, "approve", &note)?;
            tx.approve_version(&approval(after.stage, 1, given))?;
            if undone_before {
                tx.mark_undone(old, given)?;
            }
            let step = back(tx, given)?;
            let case = format!("{before:?} {after:?} {replaced:?} {keeps_ended}");
            assert_eq!(in_force(tx)?, in_force_then, "{case}");
            assert_eq!(tx.review(ReviewId(1))?.unwrap().state, ReviewState::Waiting);
            let away = (before.placement != after.placement).then(|| {
                let message = replaced.is_none().then(|| {
                    let stage = if before.stage.is_vouched() { " as approved" } else { "" };
                    format!("undo approval of t 1.0.0{stage}")
                });
                (Some(after.placement.base.clone()), before.placement.base.clone(), None, message)
            });
            let returns = replaced.as_ref().map(|old| {
                (None, old.placement.base.clone(), Some(1), Some("undo: back to t 1.0.0 as approved".to_owned()))
            });
            let wanted: Vec<_> = away.into_iter().chain(returns).collect();
            let found = told(&step).into_iter().map(|(from, to, room, message)| {
                (from.map(str::to_owned), to.to_owned(), room, message.map(str::to_owned))
            });
            assert_eq!(found.collect::<Vec<_>>(), wanted, "{case}");
            let joined: Vec<&str> =
                moves(&step).iter().flat_map(|step| &step.joined).map(|one| one.place.base.as_str()).collect();
            assert_eq!(joined, if replaced.is_some() { vec!["tools/experimental/t"] } else { vec![] }, "one commit");
            Ok(())
        });
    }
}

#[test]
fn a_rollback_that_is_taken_back_ends_only_the_approval_that_it_gave() {
    for (approved, undone_before, in_force_then) in [
        (true, false, vec![(2, Stage::Approved, 1)]),
        (true, true, vec![]),
        (false, true, vec![(1, Stage::Approved, 1)]),
    ] {
        in_store(|tx| {
            let old = log(tx, "approve", json!({}), true)?;
            let note = UndoNote::Rollback {
                before: placed(Stage::Approved, 2),
                after: placed(Stage::Approved, 1),
                ended: vec![approval(Stage::Approved, 2, old)],
                approved,
                closed: Vec::new(),
                taken: Vec::new(),
            };
            let given = noted(tx, "rollback", &note)?;
            tx.approve_version(&approval(Stage::Approved, 1, if approved { given } else { old }))?;
            if undone_before {
                tx.mark_undone(old, given)?;
            }
            let step = back(tx, given)?;
            assert_eq!(in_force(tx)?, in_force_then, "{approved} {undone_before}");
            let message = Some("undo: back to t 1.0.0 as approved");
            assert_eq!(told(&step), [(None, "tools/approved/t", Some(1), message)]);
            Ok(())
        });
    }
}

#[test]
fn what_lies_beside_a_version_that_stays_is_as_it_was_before_its_approval() {
    let kept = |approval: Beside, byte| Placed { approval, ..placed(Stage::Approved, byte) };
    let text = || Beside::Text("older".to_owned());
    let still = Some("undo: still t 1.0.0 as approved");
    let nobody = Some("undo: the changed files of t 1.0.0 stay, not approved");
    let ended = |byte| Some(vec![approval(Stage::Approved, byte, OperationId(1))]);
    let drift = |before: Placed, ended| approve_note(before, placed(Stage::Approved, 1), None, ended);
    let put_back = |before| UndoNote::RestoreFiles { before, after: placed(Stage::Approved, 1) };
    for (note, written) in [
        (drift(kept(text(), 1), ended(1)), Some((Some("older"), still))),
        (drift(kept(text(), 1), ended(2)), Some((Some("older"), nobody))),
        (drift(kept(Beside::Nothing, 1), None), Some((None, nobody))),
        (drift(kept(Beside::Unknown, 1), ended(1)), None),
        (approve_note(placed(Stage::Experimental, 1), placed(Stage::Approved, 1), None, None), None),
        (
            approve_note(
                Placed { approval: text(), ..placed(Stage::Experimental, 1) },
                placed(Stage::Approved, 1),
                None,
                None,
            ),
            None,
        ),
        (put_back(Some(kept(text(), 1))), Some((Some("older"), still))),
        (put_back(Some(kept(text(), 2))), None),
        (put_back(None), None),
    ] {
        in_store(|tx| {
            log(tx, "approve", json!({}), true)?;
            open_for(tx, &tool(Stage::Approved, 1), ReviewKind::Drift, None)?;
            let made = noted(tx, "approve", &note)?;
            // Undo makes a commit only if the operation made one.
            let intent = tx.add_intent(made, &json!({}))?;
            tx.finish_intent(intent, &json!({"commit": "abc"}))?;
            let step = back(tx, made)?;
            let found = step.intents.iter().find_map(|(_, work)| match work {
                Work::Beside(change) => Some(&**change),
                Work::Relocation(_) | Work::Applying(_) => None,
            });
            let tell = |change: &ApprovalFileChange| {
                let message = change.commit.as_ref().map(|commit| commit.message.clone());
                (change.text.clone(), message, change.place.base.clone())
            };
            let wanted = written.map(|(text, message)| {
                (text.map(str::to_owned), message.map(str::to_owned), "tools/approved/t".to_owned())
            });
            assert_eq!(found.map(tell), wanted, "{note:?}");
            Ok(())
        });
    }
}

#[test]
fn changed_files_that_come_back_are_committed_only_where_git_had_what_took_their_place() {
    let (changed, approved) = (|| placed(Stage::Approved, 2), || placed(Stage::Approved, 1));
    let forked = || Placed { digest: Digest([2; 32]), ..placed(Stage::Experimental, 2) };
    for (note, is_fork) in [
        (UndoNote::RestoreFiles { before: Some(changed()), after: approved() }, false),
        (UndoNote::Fork { before: changed(), after: approved(), fork: forked() }, true),
    ] {
        for was_committed in [false, true] {
            in_store(|tx| {
                let made = noted(tx, "restore-files", &note)?;
                let intent = tx.add_intent(made, &json!({}))?;
                tx.finish_intent(intent, &if was_committed { json!({"commit": "abc"}) } else { json!({}) })?;
                let step = back(tx, made)?;
                let message = was_committed.then_some("undo: the changed files of t 1.0.0 are back, not approved");
                let mut wanted = vec![(None, "tools/approved/t", Some(1), message)];
                if is_fork {
                    wanted.push((Some("tools/experimental/t"), "tools/experimental/t", None, None));
                }
                assert_eq!(told(&step), wanted, "{was_committed}");
                assert_eq!(moves(&step).last().unwrap().gone, is_fork);
                Ok(())
            });
        }
    }
    in_store(|tx| {
        let made = noted(tx, "restore-files", &UndoNote::RestoreFiles { before: None, after: approved() })?;
        let intent = tx.add_intent(made, &json!({}))?;
        tx.finish_intent(intent, &json!({"commit": "abc"}))?;
        let step = back(tx, made)?;
        let [away] = moves(&step)[..] else { panic!("one move") };
        assert_eq!((away.gone, away.returns), (true, Some(made)), "what was put aside comes back");
        Ok(())
    });
}

#[test]
fn a_yes_that_only_counted_is_taken_back_while_the_review_waits() {
    for (state, is_back) in [
        (ReviewState::Waiting, true),
        (ReviewState::Approved, false),
        (ReviewState::Rejected, false),
        (ReviewState::Superseded, false),
    ] {
        in_store(|tx| {
            let review = open_for(tx, &tool(Stage::Experimental, 1), ReviewKind::New, None)?;
            let vote = noted(tx, "approve", &UndoNote::Vote { review })?;
            tx.set_review_state(review, state)?;
            let done = back(tx, vote);
            assert_eq!(done.is_ok(), is_back, "{state}");
            if let Err(error) = done {
                assert_eq!(error.code, ErrorCode::Conflict);
            }
            Ok(())
        });
    }
}

#[test]
fn a_request_that_is_taken_back_ends_and_the_one_that_it_replaced_waits_again() {
    for (state, after, older) in [
        (ReviewState::Waiting, ReviewState::Superseded, ReviewState::Waiting),
        (ReviewState::Approved, ReviewState::Approved, ReviewState::Superseded),
    ] {
        in_store(|tx| {
            let first = open_for(tx, &tool(Stage::Experimental, 1), ReviewKind::New, None)?;
            let second = open_for(tx, &tool(Stage::Experimental, 2), ReviewKind::New, None)?;
            tx.set_review_state(first, ReviewState::Superseded)?;
            tx.set_review_state(second, state)?;
            let wrote = Some(placed(Stage::Experimental, 2));
            let posted = noted(tx, "request", &UndoNote::Post { review: second, wrote, replaced: Some(first) })?;
            let step = back(tx, posted)?;
            assert_eq!(tx.review(second)?.unwrap().state, after);
            assert_eq!(tx.review(first)?.unwrap().state, older);
            let base = "tools/experimental/t";
            assert_eq!(told(&step), [(Some(base), base, None, None)], "its files go, without a commit");
            Ok(())
        });
    }
}

#[test]
fn trimmed_versions_come_back_in_one_commit() {
    in_store(|tx| {
        let taken =
            vec![placed(Stage::Experimental, 1), Placed { files: vec!["a".to_owned()], ..placed(Stage::Approved, 2) }];
        let trimmed = noted(tx, "trim", &UndoNote::Trim { taken, closed: Vec::new() })?;
        let step = back(tx, trimmed)?;
        let message = Some("undo trim of t 1.0.0 as approved");
        assert_eq!(
            told(&step),
            [(None, "tools/experimental/t", None, None), (None, "tools/approved/t", None, message)]
        );
        let joined = &moves(&step)[1].joined;
        assert_eq!(joined.iter().map(|one| one.place.base.as_str()).collect::<Vec<_>>(), ["tools/experimental/t"]);
        Ok(())
    });
}
