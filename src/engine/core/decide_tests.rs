//! The final tests before a decision is written, rule by rule. The engine tests the same conditions earlier, but they
//! can change before the transaction.

use super::decide::decide;
use super::decision::DecisionContext;
use super::gate::pass;
use super::pen::{Pen, Signed};
use super::placed::Beside;
use super::step::{Actor, Step};
use super::undo_note::UndoNote;
use crate::domain::{
    CheckState, DecisionKind, DecisionRequest, Digest, DisplayRecord, Instant, Review, ReviewKind, ReviewState, Stage,
    ToolName, Verdict,
};
use crate::engine::tests::{World, seen};
use crate::engine::{Engine, EngineError, ErrorCode, ReviewFilter, lock, now};
use crate::store::Approval;
use std::cell::Cell;

fn waiting(engine: &Engine) -> Review {
    engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0)
}

const ADA: &str = "Ada <ada@example.org>";

/// Passes `work` an approval of this review and the other inputs of the rules.
fn with_yes<T>(engine: &Engine, review: &Review, work: impl FnOnce(&DecisionRequest, &DecisionContext<'_>) -> T) -> T {
    engine.checks().ensure(review.id, &mut |_| {}).unwrap();
    let request = DecisionRequest {
        reason: Some("because".to_owned()),
        shown: seen(),
        override_reason: Some("a test".to_owned()),
        ..DecisionRequest::of(review, DecisionKind::Approve)
    };
    let context = engine.reviews().context_of(review, &request).unwrap();
    work(&request, &DecisionContext { maker: None, promotion: None, ..context })
}

/// Approves the review in one transaction at this time.
fn yes(engine: &Engine, review: &Review, at: Instant, pen: Option<&Pen<'_>>) -> Result<Step, EngineError> {
    with_yes(engine, review, |request, context| {
        let actor = Actor { who: ADA, owner: "nobody", commit: false, pen };
        lock(&engine.workspace.store).transact(at, |tx| decide(tx, actor, request, context))
    })
}

fn database(engine: &Engine) -> rusqlite::Connection {
    rusqlite::Connection::open(engine.state_dir().join("store.db")).unwrap()
}

/// Asserts that nothing was decided: the review is pending, no entry was written and nothing is approved.
fn undecided(engine: &Engine, review: &Review) {
    let found = engine.reviews().detail(review.id).unwrap().review;
    assert_eq!((found.state, found.decisions), (ReviewState::Waiting, Vec::new()));
    assert_eq!(engine.history().operations(9, None).unwrap(), Vec::new());
    assert_eq!(engine.workspace.read(|q| Ok(q.approvals()?)).unwrap(), Vec::new());
}

#[test]
fn a_review_whose_time_is_over_is_decided_by_nobody_also_when_nobody_closed_it_yet() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let review = waiting(&engine);
    let end = Instant(now().0 + 3_600_000);
    let changed = database(&engine)
        .execute("UPDATE reviews SET expires_at_ms = ?1 WHERE id = ?2", rusqlite::params![end.0, review.id.0]);
    assert_eq!(changed.unwrap(), 1);
    let review = engine.reviews().detail(review.id).unwrap().review;
    assert_eq!(review.expires_at, Some(end));
    for late in [0, 1] {
        let error = yes(&engine, &review, Instant(end.0 + late), None).unwrap_err();
        assert_eq!(error.code, ErrorCode::Conflict);
        assert!(error.message.contains("it expired without a decision"), "{error:?}");
        undecided(&engine, &review);
    }
    yes(&engine, &review, Instant(end.0 - 1), None).unwrap();
    assert_eq!(engine.reviews().detail(review.id).unwrap().review.state, ReviewState::Approved);
}

#[test]
fn a_yes_is_written_only_when_every_line_was_read_or_the_record_says_why_not_and_the_evidence_is_the_same() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let review = waiting(&engine);
    engine.checks().ensure(review.id, &mut |_| {}).unwrap();
    let shown = |lines, lines_shown| DisplayRecord { lines, lines_shown, ..seen() };
    let same = Some(engine.reviews().detail(review.id).unwrap().evidence_digest());
    let (all, part, nothing, other) = (shown(10, 10), shown(10, 9), shown(0, 0), Some(Digest([7; 32])));
    let say = |shown: &DisplayRecord, unread, reason: Option<&str>, evidence| {
        with_yes(&engine, &review, |request, context| {
            let (shown, reason) = (shown.clone(), reason.map(str::to_owned));
            let request = DecisionRequest { reason, shown, unread, evidence, ..request.clone() };
            let actor = Actor { who: ADA, owner: "nobody", commit: false, pen: None };
            lock(&engine.workspace.store).transact(now(), |tx| {
                decide(tx, actor, &request, context)?;
                Err::<(), _>(EngineError::internal("it was decided"))
            })
        })
        .unwrap_err()
    };
    for (shown, unread, reason, evidence, code) in [
        (&part, false, Some("fine"), None, ErrorCode::Refused),
        (&nothing, false, Some("fine"), None, ErrorCode::Refused),
        (&part, true, None, None, ErrorCode::Usage),
        (&part, true, Some("\u{200b} "), None, ErrorCode::Usage),
        (&nothing, true, None, None, ErrorCode::Usage),
        (&all, false, Some("fine"), other, ErrorCode::Conflict),
        (&part, true, Some("fine"), other, ErrorCode::Conflict),
    ] {
        let error = say(shown, unread, reason, evidence);
        assert_eq!(error.code, code, "{shown:?} {unread} {reason:?} {evidence:?}: {error}");
    }
    for (shown, unread, reason, evidence) in [
        (&all, false, None, None),
        (&all, false, None, same),
        (&all, true, None, same),
        (&part, true, Some("fine"), same),
        (&nothing, true, Some("fine"), None),
    ] {
        assert_eq!(say(shown, unread, reason, evidence).message, "it was decided", "{shown:?} {unread} {reason:?}");
    }
    undecided(&engine, &review);
}

#[test]
fn a_signature_over_another_text_than_what_is_written_decides_nothing() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let review = waiting(&engine);
    let at = now();
    let told = |at| {
        with_yes(&engine, &review, |request, context| {
            engine.integrity().rehearse(at, "here", |tx, actor| decide(tx, actor, request, context), ADA).unwrap()
        })
    };
    let texts = told(at);
    let [(text, true)] = &texts[..] else { panic!("one text that has to be signed: {texts:?}") };
    assert!(text.contains("tool = \"adder\"") && text.contains("entry = 1\n"), "{text}");
    undecided(&engine, &review);
    let signed = |text: &str| vec![Signed { text: text.to_owned(), signature: "armored".to_owned() }];
    let later = Instant(at.0 + 1);
    let others = [(at, "tool = \"another\"\n".to_owned()), (later, text.clone()), (at, format!("{text}\n"))];
    for (at, other) in others {
        let other = signed(&other);
        let pen = Pen::Signed { space: "here", signed: &other, missed: Cell::default(), head: Cell::default() };
        let error = yes(&engine, &review, at, Some(&pen)).unwrap_err();
        assert!(error.code == ErrorCode::Conflict && error.message.contains("changed during"), "{error:?}");
        undecided(&engine, &review);
    }
    let same = signed(text);
    let elsewhere = Pen::Signed { space: "there", signed: &same, missed: Cell::default(), head: Cell::default() };
    assert!(yes(&engine, &review, at, Some(&elsewhere)).is_err());
    undecided(&engine, &review);
    let pen = Pen::Signed { space: "here", signed: &same, missed: Cell::default(), head: Cell::default() };
    yes(&engine, &review, at, Some(&pen)).unwrap();
    let written = engine.workspace.read(|q| Ok(q.approvals()?)).unwrap().remove(0);
    assert_eq!(written.signature.as_deref(), Some("armored"));
}

#[test]
fn an_adoption_of_which_the_members_do_not_have_its_digest_is_no_adoption() {
    let world = World::new();
    world.write("tools/approved/adder/adder.py", crate::engine::tests::SCRIPT);
    world.write("tools/approved/adder/adder.toml", crate::engine::tests::MANIFEST);
    let engine = world.open();
    let review = waiting(&engine);
    assert_eq!((review.kind, review.members.len()), (ReviewKind::Adoption, 1));
    let smuggled = (ToolName::new("smuggled").unwrap(), Digest([7; 32]));
    let sql = "INSERT INTO review_members (review, position, tool, digest) VALUES (?1, 1, ?2, ?3)";
    let row = rusqlite::params![review.id.0, smuggled.0.as_str(), smuggled.1.0];
    assert_eq!(database(&engine).execute(sql, row).unwrap(), 1);
    let error = yes(&engine, &review, now(), None).unwrap_err();
    assert!(error.message.contains("does not match its digest"), "{error:?}");
    undecided(&engine, &review);
}

#[test]
fn an_approval_ends_that_of_the_version_it_replaces_and_of_no_other_and_notes_all_for_undo() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    crate::engine::tests::decide(&engine, DecisionKind::Approve).unwrap();
    let old = engine.workspace.read(|q| Ok(q.approvals()?)).unwrap().remove(0);
    let base = Some("tools/core/adder".to_owned());
    let other = Approval { digest: Digest([9; 32]), stage: Stage::Core, base, ..old.clone() };
    lock(&engine.workspace.store).transact(now(), |tx| tx.approve_version(&other)).unwrap();
    world.write("tools/experimental/adder.py", "# newer\nprint(1)\n");
    world.write("tools/experimental/adder.toml", &crate::engine::tests::MANIFEST.replace("1.0.0", "1.1.0"));
    engine.library().scan(&mut |_| {}).unwrap();
    let review = waiting(&engine);
    assert_eq!(review.kind, ReviewKind::Evolved);
    yes(&engine, &review, now(), None).unwrap();
    let entry = engine.history().operations(1, None).unwrap().remove(0);
    let Some(UndoNote::Approve { after, replaced, replaced_approved, ended, .. }) = UndoNote::of(&entry) else {
        panic!("an approval: {entry:?}")
    };
    assert_eq!((replaced_approved, ended), (true, Some(vec![old.clone()])));
    assert_eq!((replaced.map(|old| old.digest), after.approval), (Some(old.digest), Beside::Unknown));
    assert_eq!(entry.detail["lines_total"], 10);
    let mut in_force: Vec<Digest> =
        engine.workspace.read(|q| Ok(q.approvals()?)).unwrap().iter().map(|approval| approval.digest).collect();
    in_force.sort();
    let mut wanted = vec![review.digest, other.digest];
    wanted.sort();
    assert_eq!(in_force, wanted);
}

#[test]
fn a_no_says_nothing_of_lines_that_were_read() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    crate::engine::tests::decide(&engine, DecisionKind::Reject).unwrap();
    let entry = engine.history().operations(1, None).unwrap().remove(0);
    assert_eq!((entry.verb.as_str(), entry.detail.get("lines_total")), ("reject", None));
}

#[test]
fn a_review_that_does_not_wait_says_why_and_what_to_do() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let review = waiting(&engine);
    assert!(super::undecided(&review).is_ok());
    for (state, hint) in [
        (
            ReviewState::Superseded,
            "a version made from it was approved, or its files changed, moved or were removed and have their own review",
        ),
        (ReviewState::Expired, "it expired without a decision; the requester can ask again"),
        (ReviewState::Approved, "`toolsmith log` shows who decided it; `toolsmith undo` reverts a decision"),
        (ReviewState::Rejected, "`toolsmith log` shows who decided it; `toolsmith undo` reverts a decision"),
    ] {
        let refused = super::undecided(&Review { state, ..review.clone() }).unwrap_err();
        assert_eq!((refused.code, refused.hint.as_str()), (ErrorCode::Conflict, hint));
        assert_eq!(refused.message, format!("review {} is not pending: {state}", review.id));
    }
}

#[test]
fn checks_of_another_comparison_or_that_have_not_ended_let_nothing_pass() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let review = waiting(&engine);
    with_yes(&engine, &review, |request, context| {
        let good = engine.workspace.read(|q| Ok(q.verdict(&review.tool, review.digest)?)).unwrap().unwrap();
        let passes = |verdict: &Verdict, review: &Review| {
            let passed = lock(&engine.workspace.store).transact(now(), |tx| {
                tx.put_verdict(&review.tool, review.digest, verdict)?;
                Ok::<_, EngineError>(pass(tx, request, context.gates, review).is_ok())
            });
            passed.unwrap()
        };
        assert!(passes(&good, &review));
        let of_other_base = Verdict { base: Some(Digest([7; 32])), ..good.clone() };
        assert!(!passes(&of_other_base, &review), "compared with what is not there");
        let changed = Review { base_digest: Some(Digest([7; 32])), ..review.clone() };
        assert!(!passes(&good, &changed), "compared with nothing");
        assert!(passes(&of_other_base, &changed));
        let running = Verdict { state: CheckState::Running, ..good.clone() };
        assert!(!passes(&running, &review));
        let running = Verdict { state: CheckState::Running, ..of_other_base };
        assert!(!passes(&running, &changed));
    });
}
