//! Several reviews decided from one table: only after typed confirmation, and only reviews that were opened.

use super::*;

/// The table for the marked reviews: the first can be decided, the others cannot.
fn table() -> Vec<crate::engine::PreflightRow> {
    let row = |(at, review): (usize, crate::domain::Review)| crate::engine::PreflightRow {
        review: review.id,
        asks: review.asks().to_owned(),
        tool: review.tool,
        path: review.path,
        version: review.version,
        digest: review.digest,
        risk: review.risk,
        verdict: Some(CheckState::Passed),
        refusal: (at == 2).then(|| "its risk is high: decide it separately".to_owned()),
        evidence: review_detail(&reviews()[at]).evidence_digest(),
    };
    reviews().into_iter().enumerate().map(row).collect()
}

/// Opens a review of the queue, with its detail.
fn open_from_queue(bench: &mut Bench, at: usize) {
    bench.press("4 g");
    for _ in 0..at {
        bench.press("j");
    }
    bench.press("enter");
    answer_detail(bench, at);
}

/// Sends the detail of an opened review.
fn answer_detail(bench: &mut Bench, at: usize) {
    let detail = review_detail(&reviews()[at]);
    bench.answer(Answer::reviewed(detail.review.id, Ok(detail)));
    bench.draw();
}

fn asked_for_table(bench: &mut Bench) {
    let asked = bench.taken();
    let wanted = |effect: &Effect| matches!(effect, Effect::Preflight { reviews, .. } if reviews.len() == 3);
    assert!(asked.iter().any(wanted), "{asked:?}");
    bench.answer(Answer::Preflight(Ok(table())));
    deciding(bench);
}

/// The table of three reviews: the first was read, the second was not, the third must be decided separately.
fn bulk(width: u16, height: u16) -> Bench {
    let mut bench = Bench::ready(width, height);
    open_from_queue(&mut bench, 0);
    bench.read_everything().press("esc g v j j m a");
    asked_for_table(&mut bench);
    bench
}

#[test]
fn several_reviews_are_decided_from_a_table_by_typing_how_many() {
    snapshots("bulk", bulk);
    let mut bench = bulk(80, 24);
    bench.type_text("2").press("enter");
    assert!(bench.taken().is_empty(), "one was read");
    assert!(bench.screen().contains("type 1, then press enter"), "{}", bench.screen());
    bench.press("backspace").type_text("1").press("enter");
    let effects = bench.taken();
    let [Effect::DecideAll(requests)] = effects.as_slice() else { panic!("{effects:?}") };
    let [item] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((item.review, item.evidence), (ReviewId(1), Some(table()[0].evidence)));
    assert!(item.shown.lines > 60 && item.shown.unread() == 0, "{item:?}");
    let refused = crate::engine::EngineError::new(crate::engine::ErrorCode::Conflict, "decided elsewhere", "");
    bench.answer(Answer::DecidedAll(vec![crate::engine::BulkResult { review: ReviewId(1), result: Err(refused) }]));
    let screen = bench.screen();
    assert!(screen.contains("✗ pending") && screen.contains("decided elsewhere"), "{screen}");
}

#[test]
fn reviews_that_were_never_opened_are_not_approved_with_others() {
    let mut bench = Bench::ready(80, 24);
    bench.press("4 g v j j m a");
    asked_for_table(&mut bench);
    assert_eq!(bench.screen().matches("not read").count(), 2, "two rows: {}", bench.screen());
    for number in ["0", "1", "2", "3"] {
        bench.type_text(number).press("enter backspace");
    }
    assert!(bench.taken().is_empty());
}

#[test]
fn enter_opens_the_next_that_was_not_read_and_closing_it_leads_back_with_the_marks() {
    let mut bench = bulk(80, 24);
    bench.press("enter");
    let Screen::Review(screen) = &bench.app.screen else { panic!("{}", bench.screen()) };
    assert_eq!(screen.review.id, ReviewId(2));
    answer_detail(&mut bench, 1);
    bench.press("space");
    bench.draw();
    bench.taken();
    bench.press("esc");
    asked_for_table(&mut bench);
    assert!(bench.screen().contains("not read: "), "some of it was: {}", bench.screen());
    bench.press("enter");
    answer_detail(&mut bench, 1);
    let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
    let (seen, needed) = screen.share();
    assert!(seen > 5 && seen < needed, "it goes on where it was left: {seen} of {needed}");
    bench.read_everything().press("q");
    asked_for_table(&mut bench);
    bench.type_text("2").press("enter");
    assert!(matches!(bench.taken().as_slice(), [Effect::DecideAll(requests)] if requests.len() == 2));
}

#[test]
fn what_was_read_does_not_count_for_other_evidence() {
    let mut bench = Bench::ready(80, 24);
    open_from_queue(&mut bench, 0);
    bench.read_everything().press("esc g m a");
    let other = table()
        .into_iter()
        .take(1)
        .map(|row| crate::engine::PreflightRow { evidence: Digest::of_bytes(b"a finding that came since"), ..row });
    bench.answer(Answer::Preflight(Ok(other.collect())));
    deciding(&mut bench).type_text("1").press("enter");
    assert!(!bench.taken().iter().any(|effect| matches!(effect, Effect::DecideAll(_))), "{}", bench.screen());
}

#[test]
fn where_none_can_be_decided_nothing_is_said_of_deciding() {
    let mut bench = Bench::ready(80, 24);
    bench.press("4 g v j j m a");
    let refused = |row| crate::engine::PreflightRow { refusal: Some("its checks failed".to_owned()), ..row };
    bench.answer(Answer::Preflight(Ok(table().into_iter().map(refused).collect())));
    let screen = deciding(&mut bench).screen();
    assert!(screen.contains("see the reasons in the table") && !screen.contains("decides each"), "{screen}");
}

#[test]
fn a_bulk_of_noes_needs_a_reason_and_nothing_is_sent_by_keys_typed_ahead() {
    let mut bench = Bench::ready(80, 24);
    bench.press("4 m m x");
    bench.answer(Answer::Preflight(Ok(table())));
    bench.effects.clear();
    bench.draw();
    bench.type_text("no").press("enter").type_text("2").press("enter");
    assert!(bench.effects.is_empty(), "{:?}", bench.effects);
    bench.wait(600);
    bench.press("enter");
    assert!(bench.screen().contains("a reason is needed"), "{}", bench.screen());
    bench.type_text("too wide").press("enter").type_text("2").press("enter");
    let effects = bench.taken();
    assert!(
        matches!(effects.as_slice(), [Effect::DecideAll(requests)] if requests.iter().all(|one| one.reason.as_deref() == Some("too wide"))),
        "{effects:?}"
    );
}

#[test]
fn the_reason_of_several_noes_is_kept_as_a_draft_and_ctrl_s_goes_on() {
    let mut bench = Bench::ready(80, 24);
    let open = |bench: &mut Bench, keys: &str| {
        bench.press(keys);
        bench.answer(Answer::Preflight(Ok(table())));
        deciding(bench);
    };
    open(&mut bench, "4 m m x");
    bench.type_text("too wide").press("esc");
    assert!(bench.screen().contains("draft kept"), "{}", bench.screen());
    open(&mut bench, "x");
    assert!(bench.screen().contains("too wide"), "{}", bench.screen());
    bench.effects.clear();
    bench.press("ctrl-s").type_text("2").press("ctrl-s");
    assert!(matches!(bench.taken().as_slice(), [Effect::DecideAll(requests)] if requests.len() == 2));
    bench.answer(Answer::DecidedAll(Vec::new())).press("esc");
    open(&mut bench, "x");
    assert!(!bench.screen().contains("too wide"), "what was sent is no draft: {}", bench.screen());
}

#[test]
fn what_is_said_after_several_decisions_is_about_the_selection_alone() {
    let mut bench = Bench::ready(80, 24);
    bench.press("4 m m x");
    bench.answer(Answer::Preflight(Ok(table())));
    deciding(&mut bench);
    bench.type_text("no").press("enter").type_text("2").press("enter");
    let done = |id| {
        let outcome = crate::domain::Outcome {
            operation: None,
            review: None,
            message: "rejected".to_owned(),
            commit: None,
            detail: serde_json::Value::Null,
        };
        crate::engine::BulkResult { review: ReviewId(id), result: Ok(outcome) }
    };
    bench.answer(Answer::DecidedAll(vec![done(1), done(2)]));
    let screen = bench.screen();
    assert!(screen.contains("2 decided · u undoes the last one, 2 times all"), "{screen}");
    assert!(screen.contains("all of them are decided"), "{screen}");
    assert!(!screen.contains("still pending"), "{screen}");
}

#[test]
fn rows_of_the_same_name_are_told_apart_where_several_are_decided() {
    let mut bench = Bench::ready(60, 20);
    bench.press("4 m m x");
    let name = |row: crate::engine::PreflightRow, folder: &str| crate::engine::PreflightRow {
        tool: crate::domain::ToolName::new("main").unwrap(),
        path: format!("/srv/scripts/{folder}/main.py"),
        ..row
    };
    let rows = table().into_iter().zip(["Blackjack", "Snake", "Tetris"]).map(|(row, folder)| name(row, folder));
    bench.answer(Answer::Preflight(Ok(rows.collect())));
    let screen = bench.screen();
    assert!(screen.contains("in Blackjack") && screen.contains("in Snake"), "{screen}");
}
