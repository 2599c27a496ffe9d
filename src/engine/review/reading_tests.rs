//! Nothing is approved unread; tested on real files and a real store.

use crate::domain::Digest;
use crate::domain::{
    Command, CommentAnchor, CommentKind, DecisionKind, DecisionRequest, DisplayRecord, Review, ReviewState, Stage,
    Unread,
};
use crate::engine::Engine;
use crate::engine::tests::{World, ada, seen};
use crate::engine::*;

fn waiting(engine: &Engine) -> Review {
    engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0)
}

struct Yes<'a> {
    shown: DisplayRecord,
    unread: bool,
    reason: Option<&'a str>,
    evidence: Option<Digest>,
}

impl Yes<'_> {
    fn give(self, engine: &Engine) -> Result<crate::domain::Outcome, EngineError> {
        let review = waiting(engine);
        let command = Command::Decide(DecisionRequest {
            reason: self.reason.map(str::to_owned),
            shown: self.shown,
            unread: self.unread,
            evidence: self.evidence,
            ..DecisionRequest::of(&review, DecisionKind::Approve)
        });
        engine.execute(command, &ada())
    }
}

fn skipped() -> DisplayRecord {
    DisplayRecord { lines: 10_001, lines_shown: 66, tail_shown: false, open_ms: 1, parts: Vec::new() }
}

fn world() -> World {
    let world = World::new();
    world.drop_pair();
    world
}

#[test]
fn what_was_not_on_a_screen_is_approved_only_by_whoever_says_so_and_why() {
    let world = world();
    let engine = world.open();
    for (shown, unread, reason, code) in [
        (DisplayRecord::default(), false, Some("fine"), ErrorCode::Refused),
        (skipped(), false, Some("fine"), ErrorCode::Refused),
        (DisplayRecord { lines: 9, lines_shown: 8, ..seen() }, false, None, ErrorCode::Refused),
        (skipped(), true, None, ErrorCode::Usage),
        (skipped(), true, Some("  "), ErrorCode::Usage),
        (skipped(), true, Some("\u{200b}"), ErrorCode::Usage),
        (DisplayRecord::default(), true, None, ErrorCode::Usage),
    ] {
        let refused = Yes { shown, unread, reason, evidence: None }.give(&engine).unwrap_err();
        assert_eq!(refused.code, code, "{refused}");
        assert_eq!(waiting(&engine).state, ReviewState::Waiting);
    }
    assert_eq!(engine.history().operations(9, None).unwrap().len(), 0);
}

#[test]
fn an_approval_without_reading_says_so_in_every_record_also_after_it_was_replaced_and_brought_back() {
    let world = world();
    let engine = world.open();
    let review = waiting(&engine);
    Yes { shown: skipped(), unread: true, reason: Some("tried it"), evidence: None }.give(&engine).unwrap();
    let unread = Unread { lines_total: 10_001, lines_unread: 9_935 };
    let (words, stated) = ("9,935 of 10,001 lines not seen", "9,935 of 10,001 lines unread");
    assert_eq!((unread.to_string().as_str(), unread.stated().as_str()), (words, stated));
    let facts = |engine: &Engine| engine.library().resolve("adder").unwrap().facts.approved_unread;
    assert_eq!(facts(&engine), Some(unread));
    let entry = engine.history().operations(1, None).unwrap().remove(0);
    assert_eq!(entry.unread().as_deref(), Some(words));
    assert_eq!((&entry.detail["lines_total"], &entry.detail["lines_unread"]), (&10_001.into(), &9_935.into()));
    let decision = engine.reviews().detail(review.id).unwrap().review.decisions.remove(0);
    assert_eq!(decision.shown.unread_words().as_deref(), Some(words));
    let beside = |stage| std::fs::read_to_string(world.root().join(format!("tools/{stage}/adder/approval.toml")));
    assert!(beside("approved").unwrap().contains(&format!("unread = \"{stated}\"")));
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
    // A restored version still counts as unread.
    engine.execute(Command::verb("archive", &[("tool", "adder")]), &ada()).unwrap();
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(facts(&engine), Some(unread));
    assert!(beside("approved").unwrap().contains(stated));
    // A reviewer who reads it for the promotion to core has read it; the first record stays.
    engine.execute(Command::Promote { tool: "adder".to_owned(), to: Stage::Core }, &ada()).unwrap();
    Yes { shown: seen(), unread: false, reason: None, evidence: None }.give(&engine).unwrap();
    assert_eq!(facts(&engine), None);
    assert!(!beside("core").unwrap().contains("unread"));
    assert!(engine.history().operations(9, None).unwrap().iter().any(|entry| entry.unread().as_deref() == Some(words)));
}

#[test]
fn evidence_that_came_after_the_reading_refuses_the_approval() {
    let world = world();
    let engine = world.open();
    let review = waiting(&engine);
    engine.checks().ensure(review.id, &mut |_| {}).unwrap();
    let read = engine.reviews().detail(review.id).unwrap().evidence_digest();
    let say = |body: &str| Command::Comment {
        review: review.id,
        spot: CommentAnchor::default(),
        kind: CommentKind::MustFix,
        body: body.to_owned(),
    };
    engine.execute(say("it deletes files"), &ada()).unwrap();
    for unread in [false, true] {
        let shown = if unread { skipped() } else { seen() };
        let late = Yes { shown, unread, reason: Some("fine"), evidence: Some(read) }.give(&engine).unwrap_err();
        assert_eq!(late.code, ErrorCode::Conflict, "{late}");
        assert!(late.message.contains("its evidence changed"), "{late}");
    }
    // A verdict with new content changes the evidence too; the duration of a check does not.
    let detail = engine.reviews().detail(review.id).unwrap();
    let mut slower = detail.verdict.clone().unwrap();
    slower.checks[0].duration_ms += 1;
    assert_eq!(core::evidence_digest(Some(&slower), &detail.comments, &[], None), detail.evidence_digest());
    let mut other = detail.verdict.clone().unwrap();
    other.checks[0].note.push_str(" and more");
    assert_ne!(core::evidence_digest(Some(&other), &detail.comments, &[], None), detail.evidence_digest());
    let changed = core::evidence_digest(Some(&slower), &detail.comments, &[], Some("x changed"));
    assert_ne!(changed, detail.evidence_digest(), "a later change of a server is evidence, too");
    Yes { shown: seen(), unread: false, reason: None, evidence: Some(detail.evidence_digest()) }.give(&engine).unwrap();
}
