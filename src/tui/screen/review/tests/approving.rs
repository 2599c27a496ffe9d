//! The conditions of an approval.

use super::*;

/// The detail of the open review with findings that arrived late.
fn late(bench: &mut Bench, failed: &[&str]) {
    let mut detail = review_detail(&reviews().remove(1));
    detail.verdict = Some(verdict(failed));
    detail.blocking = failed.iter().map(|name| (*name).to_owned()).collect();
    detail.review.verdict = detail.verdict.as_ref().map(Verdict::tally);
    bench.answer(Answer::reviewed(detail.review.id, Ok(detail)));
}

#[test]
fn findings_that_come_late_lock_again_and_one_key_leads_to_them() {
    for size in [(120, 40), (80, 24), (60, 20)] {
        let mut bench = Bench::reviewing_with(size.0, size.1, |detail| detail.verdict = Some(verdict(&[])));
        bench.read_everything();
        let cursor = |bench: &mut Bench| {
            let screen = bench.screen();
            let found = screen.lines().enumerate().find(|(_, line)| line.starts_with('›'));
            found.map(|(_, line)| line.to_owned()).unwrap_or_default()
        };
        let before = cursor(&mut bench);
        late(&mut bench, &["egress", "tests"]);
        assert_eq!(cursor(&mut bench), before, "what is looked at stays");
        let screen = bench.screen();
        assert!(screen.contains("locked: 2 new, 2 blocking · J: show"), "{size:?}\n{screen}");
        bench.press("J");
        assert!(bench.screen().contains("sends what it reads"), "{size:?}\n{}", bench.screen());
        bench.read_everything();
        let screen = bench.screen();
        assert!(!screen.contains("2 new"), "{size:?}\n{screen}");
        assert!(screen.contains("O: approve anyway"), "{size:?}\n{screen}");
    }
}

#[test]
fn an_approval_typed_while_evidence_comes_is_refused() {
    for unread in [false, true] {
        let mut bench = Bench::reviewing(80, 24);
        if !unread {
            bench.read_everything();
        }
        bench.press("a");
        deciding(&mut bench);
        let digest = tool("text-diff-summary", Stage::Experimental).digest.hex();
        bench.type_text(if unread { "unread" } else { "" }).type_text(&digest[..4]).type_text("why");
        late(&mut bench, &[]);
        let mut detail = review_detail(&reviews().remove(1));
        detail.comments = vec![comment(1, CommentKind::MustFix, Some((4, 4)), "it loops")];
        bench.answer(Answer::reviewed(detail.review.id, Ok(detail)));
        bench.press("enter");
        assert!(!bench.taken().iter().any(|effect| matches!(effect, Effect::Execute(Command::Decide(_)))));
        assert!(bench.screen().contains("not approved"), "{}", bench.screen());
    }
}

#[test]
fn a_review_that_is_closed_is_no_longer_looked_at() {
    let mut bench = Bench::ready(80, 24);
    bench.effects.clear();
    bench.press("4 down enter");
    let opened = bench.taken();
    assert!(opened.iter().any(|effect| matches!(effect, Effect::LookAt(Some(ReviewId(2))))), "{opened:?}");
    for way in ["esc", "q", "1"] {
        let mut bench = Bench::reviewing(80, 24);
        bench.press(way);
        let closed = bench.taken();
        assert!(closed.iter().any(|effect| matches!(effect, Effect::LookAt(None))), "{way}: {closed:?}");
    }
}

#[test]
fn a_signed_approval_before_is_named_at_the_beginning_of_the_evidence() {
    use crate::engine::{EvidenceLine, SIGNED_BY, Weight};
    let mut bench = Bench::reviewing_with(80, 24, |detail| {
        let text = "ada@example.org: 0123 as core\u{202e}".to_owned();
        detail.evidence.push(EvidenceLine { weight: Weight::Fact, label: SIGNED_BY.to_owned(), text });
    });
    let screen = bench.screen();
    assert!(screen.contains("previous version signed by ada@example.org: 0123 as core\\u{202e}"), "{screen}");
}

#[test]
fn a_yes_under_a_role_is_given_by_key() {
    let mut bench = Bench::reviewing_with(80, 24, |detail| detail.roles = vec!["security".into()]);
    bench.read_everything().press("a");
    deciding(&mut bench);
    let digest = tool("text-diff-summary", Stage::Experimental).digest;
    bench.type_text(&digest.hex()[..4]);
    assert!(bench.screen().contains("an ordinary approval · tab: security"), "{}", bench.screen());
    bench.press("tab");
    assert!(bench.screen().contains("an approval as security · tab: ordinary approval"), "{}", bench.screen());
    bench.press("enter");
    let effects = bench.taken();
    let [Effect::Execute(Command::Decide(request))] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(request.role.as_deref(), Some("security"));
}

#[test]
fn grants_are_listed_and_revoked_after_a_question() {
    let mut bench = Bench::ready(80, 24);
    bench.effects.clear();
    bench.app.perform(crate::action::Verb::Grants, &crate::tui::overlay::Args::default());
    let grant = crate::domain::AgentGrant {
        id: crate::domain::GrantId(4),
        tool: tool("adder", Stage::Experimental).name,
        digest: Digest([0xab; 32]),
        agent: "bot".into(),
        scope: crate::domain::GrantScope::Version,
        who: "Ada".into(),
        at: ago(60),
        operation: crate::domain::OperationId(9),
        void: None,
    };
    let list = crate::engine::GrantList { agents: vec![grant], allowed: vec![], unlocks: vec![] };
    bench.answer(Answer::Grants(Ok(list)));
    let screen = bench.screen();
    assert!(screen.contains("agent bot may run it") && screen.contains("until revoked"), "{screen}");
    bench.press("X");
    let effects = bench.taken();
    assert!(matches!(effects.as_slice(), [Effect::FindGrant(name)] if name == "4"), "{effects:?}");
    let key = crate::domain::GrantKey::Agent(crate::domain::GrantId(4));
    bench.answer(Answer::Grant(Ok(key.clone())));
    let command = Command::Revoke { grant: key };
    assert!(matches!(bench.taken().as_slice(), [Effect::Preview(asked)] if *asked == command));
    let preview = crate::engine::Preview { title: "Revoke it?".into(), lines: vec![], undo: String::new() };
    bench.answer(Answer::Preview { command: command.clone(), preview: Ok(preview) });
    deciding(&mut bench).press("y");
    assert!(matches!(bench.taken().as_slice(), [Effect::Execute(done)] if *done == command));
}

#[test]
fn two_hundred_reviews_that_change_while_they_are_checked_are_asked_for_once_at_a_time() {
    let mut bench = Bench::ready(120, 40);
    let many: Vec<_> = (1..=200).map(|id| crate::domain::Review { id: ReviewId(id), ..reviews().remove(1) }).collect();
    bench.effects.clear();
    for _ in 0..5_000 {
        bench.send(crate::tui::msg::Msg::Changed(crate::engine::Change::Reviews));
    }
    assert!(matches!(bench.taken().as_slice(), [Effect::LoadReviews]));
    bench.answer(Answer::Reviews(Ok(many)));
    assert!(matches!(bench.taken().as_slice(), [Effect::LoadReviews]), "something changed meanwhile");
    assert!(bench.screen().contains("4 Reviews 200"));
}

#[test]
fn ones_own_comment_does_not_lock_ones_approval() {
    for is_own in [true, false] {
        let mut bench = Bench::reviewing(80, 24);
        bench.read_everything();
        let mut detail = review_detail(&reviews().remove(1));
        detail.comments = vec![comment(1, CommentKind::Note, Some((4, 4)), "why four?")];
        detail.own_comments = detail.comments.iter().filter(|_| is_own).map(|comment| comment.id).collect();
        bench.answer(Answer::reviewed(detail.review.id, Ok(detail)));
        bench.press("a");
        bench.draw();
        let asks_to_read =
            bench.screen().contains("Not all read") || bench.screen().contains("Not everything was read");
        assert_eq!(asks_to_read, !is_own, "{}", bench.screen());
    }
}

#[test]
fn the_tool_of_a_specification_is_made_once_its_approval_counts() {
    let mut bench = Bench::reviewing_with(80, 24, |detail| {
        detail.review.kind = crate::domain::ReviewKind::Specification;
        (detail.verdict, detail.manifest) = (None, None);
    });
    bench.read_everything().press("a");
    deciding(&mut bench);
    assert!(!bench.screen().contains("ctrl-g"), "{}", bench.screen());
    let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
    let digest = screen.review.digest.hex();
    bench.type_text(&digest[..4]);
    assert!(bench.screen().contains("ctrl-g approve and generate"), "{}", bench.screen());
    bench.taken();
    bench.press("ctrl-g");
    // Asked before any decision: a specification that cannot be made is not approved either.
    let asked = |bench: &mut Bench| match bench.taken().as_slice() {
        [Effect::Evolve(crate::tui::effect::Evolving::Ready(request))] => request.clone(),
        effects => panic!("{effects:?}"),
    };
    let request = asked(&mut bench);
    let ready = |ready| Answer::Evolving(Box::new(crate::tui::msg::Evolved::Ready(request.clone(), ready)));
    let why =
        crate::engine::EngineError::new(crate::engine::ErrorCode::Failed, "the settings contain no generator", "");
    bench.answer(ready(Err(why)));
    assert!(bench.taken().is_empty());
    bench.draw();
    assert!(bench.screen().contains("not approved: the settings contain no generator"), "{}", bench.screen());
    bench.answer(ready(Ok(())));
    let effects = bench.taken();
    let [Effect::Execute(command @ Command::Decide(request))] = effects.as_slice() else { panic!("{effects:?}") };
    let (command, review) = (command.clone(), request.review);
    let outcome = crate::domain::Outcome {
        operation: None,
        review: Some(review),
        message: "approved".to_owned(),
        commit: None,
        detail: serde_json::Value::Null,
    };
    bench.answer(Answer::Done { command, outcome: Ok(outcome) });
    let made = bench.taken();
    let generates =
        |effect: &Effect| matches!(effect, Effect::Evolve(crate::tui::effect::Evolving::Generate(id)) if *id == review);
    assert_eq!(made.iter().filter(|effect| generates(effect)).count(), 1, "{made:?}");
}
