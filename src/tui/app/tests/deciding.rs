//! Questions and decisions: they are read before they are answered, sent once, and never triggered by accident.

use super::*;
use crate::domain::DecisionRequest;

#[test]
fn reading_to_the_end_unlocks_approve_and_the_digest_decides() {
    let mut bench = Bench::reviewing(80, 24);
    bench.read_everything().press("a");
    bench.draw();
    bench.wait(500);
    let digest = tool("text-diff-summary", Stage::Experimental).digest;
    bench.type_text(&digest.hex()[..4]).press("enter");
    let effects = bench.taken();
    let [Effect::Execute(Command::Decide(request))] = effects.as_slice() else { panic!("{effects:?}") };
    let DecisionRequest { review, digest: decided, kind, reason, shown, .. } = request;
    assert_eq!((*review, *decided, *kind, reason), (ReviewId(2), digest, DecisionKind::Approve, &None));
    assert!(shown.tail_shown && shown.lines > 60 && shown.unread() == 0, "{shown:?}");
    assert_eq!(shown.open_ms, 500);
}

#[test]
fn a_change_is_done_only_by_y_after_it_was_read() {
    let mut bench = Bench::ready(80, 24);
    bench.press("X");
    let command = archive_of(&bench);
    assert_eq!(command, Command::verb("archive", &[("tool", "csv-stats")]));
    bench.effects.clear();
    // Typed ahead: before the preview, before it was drawn, before the silence.
    bench.press("y");
    bench.answer(Answer::Preview { command: command.clone(), preview: Ok(preview()) });
    bench.press("y");
    bench.draw();
    bench.wait(499).press("y").wait(400).press("y enter space");
    bench.send(Msg::Paste("y".into()));
    assert!(bench.effects.is_empty(), "{:?}", bench.effects);
    bench.wait(500).press("y");
    assert!(matches!(bench.taken().as_slice(), [Effect::Execute(done)] if *done == command));
    assert!(bench.app.overlays.is_empty());
}

/// A run that waits for permission, with the question drawn.
fn asked(bench: &mut Bench, lines: usize) -> Command {
    let tool = Arc::new(tool("divide", Stage::Approved));
    let phase = crate::tui::pane::output::Phase::Starting { since: bench.now.steady_ms };
    let tab = bench.app.output.open("divide 1.0.0".into(), Some(tool.clone()), phase);
    let command = Command::Allow { tool: tool.path.clone(), digest: tool.digest };
    let request = RunRequest { tool, input: None, timeout: None, again: None, worker: None };
    bench.answer(Answer::RunAsks { tab, request, command: command.clone() });
    assert!(matches!(bench.taken().as_slice(), [Effect::Preview(about)] if *about == command));
    let preview = Preview { lines: (0..lines).map(|line| format!("write out/{line}")).collect(), ..preview() };
    bench.answer(Answer::Preview { command: command.clone(), preview: Ok(preview) });
    bench.draw();
    bench.wait(600);
    command
}

#[test]
fn the_first_run_of_what_declares_anything_starts_when_it_is_allowed_and_not_before() {
    let mut bench = Bench::ready(80, 24);
    let command = asked(&mut bench, 3);
    bench.effects.clear();
    bench.press("enter space");
    assert!(bench.effects.is_empty(), "{:?}", bench.effects);
    bench.wait(600).press("y");
    assert!(matches!(bench.taken().as_slice(), [Effect::Execute(done)] if *done == command));
    let outcome =
        Ok(Outcome { operation: None, review: None, message: "allowed".into(), commit: None, detail: json!(null) });
    bench.answer(Answer::Done { command, outcome });
    assert!(bench.taken().iter().any(|effect| matches!(effect, Effect::StartRun { .. })));

    let mut bench = Bench::ready(80, 24);
    asked(&mut bench, 3);
    bench.effects.clear();
    bench.press("esc");
    assert!(bench.effects.is_empty() && bench.app.overlays.is_empty(), "{:?}", bench.effects);
}

#[test]
fn nobody_says_yes_to_a_question_that_does_not_fit_on_the_screen() {
    let mut bench = Bench::ready(80, 24);
    asked(&mut bench, 40);
    bench.effects.clear();
    bench.press("y").wait(600).press("y");
    assert!(bench.effects.is_empty(), "{:?}", bench.effects);
    assert!(bench.screen().contains("more to read"), "{}", bench.screen());
    bench.resize(80, 60).draw();
    bench.wait(600).press("y");
    assert!(matches!(bench.taken().as_slice(), [Effect::Execute(_)]));
}

#[test]
fn a_question_that_does_not_fit_is_read_by_turning_its_pages() {
    for (width, height) in [(80, 24), (60, 20), (40, 10)] {
        let mut bench = Bench::ready(width, height);
        asked(&mut bench, 40);
        bench.effects.clear();
        while !bench.screen().contains("undo brings it back") {
            bench.wait(600).press("y pagedown");
        }
        assert!(bench.taken().is_empty(), "not all of it was on screen");
        bench.wait(600).press("y");
        assert!(matches!(bench.taken().as_slice(), [Effect::Execute(_)]), "{width}x{height}: {}", bench.screen());
    }
}

#[test]
fn a_yes_counts_from_the_height_at_which_the_last_line_is_drawn() {
    let mut counted = Vec::new();
    for height in 10..40 {
        let mut bench = Bench::ready(60, height);
        asked(&mut bench, 3);
        bench.effects.clear();
        bench.draw();
        bench.wait(600).press("y");
        let counts = bench.taken().iter().any(|effect| matches!(effect, Effect::Execute(_)));
        let mut bench = Bench::ready(60, height);
        asked(&mut bench, 3);
        let is_whole = bench.screen().contains("undo brings it back");
        assert!(!counts || is_whole, "a yes at {height} rows, where the last line is not drawn");
        counted.push(counts);
    }
    assert!(counted.contains(&true) && counted.contains(&false));
}

#[test]
fn of_several_tools_with_one_name_the_path_is_named() {
    let mut bench = Bench::ready(80, 24);
    bench.press("down down down X");
    assert_eq!(archive_of(&bench), Command::verb("archive", &[("tool", "tools/core/json-query/tool.toml")]));
}

#[test]
fn an_agent_looks_and_runs_but_decides_nothing() {
    let mut bench = Bench::reviewing(80, 24);
    bench.app.call.agent = Some("coder".into());
    bench.read_everything().press("a x c u");
    assert!(bench.app.overlays.is_empty() && bench.effects.is_empty());
    assert!(bench.screen().contains("agent coder cannot decide"));
}

#[test]
fn a_reason_typed_and_left_is_still_there_the_next_time() {
    let mut bench = Bench::reviewing(80, 24);
    bench.press("x");
    bench.draw();
    bench.wait(500).type_text("too wide").press("esc x");
    let screen = bench.screen();
    assert!(screen.contains("too wide"), "{screen}");
    bench.wait(500).press("enter");
    let effects = bench.taken();
    let [Effect::Execute(Command::Decide(request))] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((request.kind, request.reason.as_deref()), (DecisionKind::Reject, Some("too wide")));
}

#[test]
fn a_no_without_a_reason_is_not_sent() {
    let mut bench = Bench::reviewing(80, 24);
    bench.press("c");
    bench.draw();
    bench.wait(500).press("enter space enter");
    assert!(bench.effects.is_empty());
}

#[test]
fn a_review_that_was_decided_elsewhere_can_no_longer_be_decided() {
    let mut bench = Bench::reviewing(80, 24);
    bench.read_everything();
    bench.answer(Answer::Reviews(Ok(vec![])));
    bench.press("a x");
    assert!(bench.app.overlays.is_empty());
    assert!(bench.screen().contains("has been decided or replaced"));
}

#[test]
fn an_approval_says_what_was_committed_and_how_to_take_it_back() {
    let mut bench = Bench::reviewing(100, 30);
    let review = reviews().remove(1);
    let command = Command::Decide(DecisionRequest::of(&review, DecisionKind::Approve));
    let outcome = Outcome {
        operation: Some(OperationId(9)),
        review: Some(review.id),
        message: "approved text-diff-summary 1.0.0".into(),
        commit: Some("abc1234".into()),
        detail: json!({}),
    };
    bench.answer(Answer::Done { command, outcome: Ok(outcome) });
    let screen = bench.screen();
    assert!(screen.contains("approved text-diff-summary 1.0.0, commit abc1234 · u undo"), "{screen}");
    assert!(screen.contains("1 Catalog"), "the review is closed");
}

#[test]
fn while_an_own_decision_is_on_its_way_nothing_says_that_the_review_is_gone() {
    let mut bench = Bench::reviewing(100, 30);
    bench.read_everything().press("a");
    bench.draw();
    let digest = tool("text-diff-summary", Stage::Experimental).digest;
    bench.wait(500).type_text(&digest.hex()[..4]).press("enter");
    let effects = bench.taken();
    let [Effect::Execute(command)] = effects.as_slice() else { panic!("{effects:?}") };
    // The queue is informed first.
    bench.answer(Answer::Reviews(Ok(vec![])));
    let screen = bench.screen();
    assert!(screen.contains("approving …") && !screen.contains("decided or replaced"), "{screen}");
    bench.press("a");
    assert!(bench.app.overlays.is_empty(), "it is decided once");
    let error = crate::engine::EngineError::new(crate::engine::ErrorCode::Failed, "the disk is full", "make room");
    bench.answer(Answer::Done { command: command.clone(), outcome: Err(error) });
    let screen = bench.screen();
    assert!(screen.contains("the disk is full") && screen.contains("decided or replaced"), "{screen}");
}

#[test]
fn a_question_comes_back_after_its_tool_was_looked_at() {
    let mut bench = Bench::ready(80, 24);
    let command = asked(&mut bench, 3);
    bench.effects.clear();
    bench.press("i");
    assert!(bench.app.overlays.is_empty());
    bench.press("esc");
    assert_eq!(bench.app.overlays.len(), 1);
    bench.press("y");
    bench.draw();
    bench.wait(600);
    assert!(!bench.effects.iter().any(|effect| matches!(effect, Effect::Execute(_))), "it is read again first");
    bench.press("y");
    assert!(bench.taken().iter().any(|effect| matches!(effect, Effect::Execute(done) if *done == command)));
}
