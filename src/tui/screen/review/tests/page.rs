//! The content of one page: the effect of an approval, evidence and text together, and moving to the next review.

use super::*;
use crate::domain::{Review, ReviewKind, Risk};
use crate::engine::{PreflightRow, Preview};
use crate::tui::testing::{review, tools};

fn plain(text: &str) -> String {
    text.split_whitespace().collect()
}

fn set_consequence(bench: &mut Bench, line: &str) {
    let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
    let command = Command::Decide(screen.approval_request());
    let preview = Preview { title: String::new(), lines: vec![line.to_owned()], undo: String::new() };
    bench.answer(Answer::Preview { command, preview: Ok(preview) });
}

#[test]
fn what_an_approval_does_is_whole_at_the_beginning_of_the_evidence_and_in_the_prompt() {
    let does = "agent \"coder\" may run costly once with exactly this input within 15 minutes; no file moves";
    for (width, height) in [(120, 40), (80, 24), (60, 20)] {
        let mut bench = Bench::reviewing_with(width, height, |detail| detail.review.kind = ReviewKind::Call);
        set_consequence(&mut bench, does);
        assert!(plain(&bench.screen()).contains(&plain(&format!("If approved · {does}"))), "{}", bench.screen());
        bench.press("a");
        let screen = bench.screen();
        let boxed = screen.lines().filter_map(|line| Some(line.split_once('│')?.1.rsplit_once('│')?.0));
        assert!(plain(&boxed.collect::<String>()).contains(&plain(does)), "{width}x{height}\n{screen}");
    }
}

#[test]
fn what_an_approval_does_reaches_a_prompt_that_is_open_already() {
    let mut bench = Bench::reviewing(80, 24);
    bench.press("a");
    deciding(&mut bench);
    set_consequence(&mut bench, "move tools/a → tools/b");
    let digest = tool("text-diff-summary", Stage::Experimental).digest.hex();
    bench.type_text("unread").type_text(&digest[..4]);
    let screen = bench.screen();
    assert!(screen.contains("move tools/a → tools/b") && screen.contains("key ignored"), "{screen}");
}

/// The usual detail of a review with two short files.
fn small(review: &Review) -> ReviewDetail {
    let mut detail = review_detail(review);
    detail.files[0].bytes = b"print(1)\n".repeat(6);
    detail.review.verdict = detail.verdict.as_ref().map(Verdict::tally);
    detail
}

#[test]
fn evidence_and_short_files_share_a_page() {
    for (width, height, is_read) in [(120, 40, true), (100, 34, true), (80, 24, false)] {
        let bench = Bench::reviewing_with(width, height, |detail| *detail = small(&detail.review));
        let Screen::Review(screen) = &bench.app.screen else { panic!("no review") };
        assert_eq!(screen.is_read(), is_read, "{width}x{height}: {:?}", screen.share());
    }
    let mut bench = Bench::reviewing_with(120, 40, |detail| *detail = small(&detail.review));
    let screen = bench.screen();
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text}: {screen}"));
    assert!(at("Warnings") < at("print(1)") && at("print(1)") < at("name = \"x\""), "{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn a_changed_version_opens_at_its_first_change_however_much_evidence_there_is() {
    for (width, height) in [(120, 40), (80, 24), (60, 20)] {
        let mut bench = Bench::reviewing_with(width, height, |detail| {
            changed(detail);
            let line = detail.evidence[0].clone();
            detail
                .evidence
                .extend((0..20).map(|at| crate::engine::EvidenceLine { label: format!("l{at}"), ..line.clone() }));
        });
        let screen = bench.screen();
        assert!(screen.contains("show(30)") && screen.contains("print(30)"), "{width}x{height}: {screen}");
        assert_eq!(screen.contains("more evidence"), height == 40, "{screen}");
        bench.read_everything();
        assert!(matches!(&bench.app.screen, Screen::Review(screen) if screen.is_read()), "{}", bench.screen());
    }
}

fn row(review: &Review) -> PreflightRow {
    PreflightRow {
        review: review.id,
        asks: review.asks().to_owned(),
        tool: review.tool.clone(),
        path: review.path.clone(),
        version: review.version.clone(),
        digest: review.digest,
        risk: review.risk,
        verdict: Some(CheckState::Passed),
        refusal: None,
        evidence: small(review).evidence_digest(),
    }
}

#[test]
fn five_small_reviews_are_read_and_approved_with_at_most_twelve_keys_in_all() {
    let of = |(at, tool): (usize, &usize)| review(at as i64 + 1, &tools()[*tool], ReviewKind::New, Risk::Low);
    let all: Vec<Review> = [0, 1, 3, 5, 6].iter().enumerate().map(of).collect();
    let mut bench = Bench::ready(120, 40);
    bench.answer(Answer::Reviews(Ok(all.clone())));
    bench.press("4");
    let keys = std::cell::Cell::new(0);
    let press = |bench: &mut Bench, key: &str| {
        keys.set(keys.get() + 1);
        bench.press(key).draw();
    };
    let table = |bench: &mut Bench| {
        let asked = |effect: &Effect| matches!(effect, Effect::Preflight { reviews, .. } if reviews.len() == 5);
        assert!(bench.taken().iter().any(asked), "{}", bench.screen());
        bench.answer(Answer::Preflight(Ok(all.iter().map(row).collect())));
        deciding(bench);
    };
    for key in ["v", "G", "a"] {
        press(&mut bench, key);
    }
    table(&mut bench);
    press(&mut bench, "enter");
    for review in &all {
        bench.answer(Answer::reviewed(review.id, Ok(small(review))));
        let screen = bench.screen();
        assert!(screen.contains(&format!("review {}", review.id)) && screen.contains("space next review"), "{screen}");
        press(&mut bench, "space");
    }
    table(&mut bench);
    assert!(bench.screen().contains("5 of 5 can be approved"), "{}", bench.screen());
    for key in ["5", "enter"] {
        press(&mut bench, key);
    }
    assert!(matches!(bench.taken().as_slice(), [Effect::DecideAll(requests)] if requests.len() == 5));
    assert!(keys.get() <= 12, "{}", keys.get());
}

#[test]
fn a_hand_that_turns_pages_stops_at_the_end_of_a_review_and_is_told_which_keys_go_on() {
    let mut bench = Bench::reviewing(80, 24);
    assert!(bench.screen().contains("space next page"), "{}", bench.screen());
    bench.read_everything();
    assert!(!bench.screen().contains("space next"), "{}", bench.screen());
    for _ in 0..5 {
        bench.press("space");
    }
    let opened = |bench: &Bench| match &bench.app.screen {
        Screen::Review(screen) => screen.review.id,
        _ => panic!("no review"),
    };
    assert_eq!(opened(&bench), ReviewId(2));
    assert!(bench.screen().contains("nothing more to read · ) next review"), "{}", bench.screen());
    assert_eq!(bench.screen().matches("a approve").count(), 1, "its key is named once: {}", bench.screen());
    assert!(!bench.taken().iter().any(|effect| matches!(effect, Effect::Execute(_))));
    bench.press(")");
    assert_eq!(opened(&bench), ReviewId(3));
    // The only review offers no next one.
    let mut bench = Bench::reviewing(80, 24);
    bench.answer(Answer::Reviews(Ok(vec![reviews().remove(1)])));
    bench.read_everything();
    assert!(!bench.screen().contains("space next"), "{}", bench.screen());
}

#[test]
fn what_is_drawn_as_a_range_is_what_is_decided() {
    let decided = |bench: &mut Bench| {
        let ids = bench.taken().into_iter().find_map(|effect| match effect {
            Effect::Preflight { reviews, .. } => Some(reviews.iter().map(|id| id.0).collect::<Vec<_>>()),
            _ => None,
        });
        ids.unwrap_or_default()
    };
    let mut bench = Bench::ready(100, 30);
    bench.press("4 g v j");
    assert!(bench.screen().contains("2 selected"), "{}", bench.screen());
    bench.press("x");
    assert_eq!(decided(&mut bench), [1, 2]);
    // With an older mark both are drawn, and both are decided.
    let mut bench = Bench::ready(100, 30);
    bench.press("4 g m j v a");
    assert_eq!(decided(&mut bench), [1, 3]);
    // Esc cancels the range, a second v keeps it.
    let mut bench = Bench::ready(100, 30);
    bench.press("4 g v j esc");
    assert!(!bench.screen().contains("selected") && !bench.screen().contains('┃'), "{}", bench.screen());
    bench.press("g v j v j");
    assert!(bench.screen().contains("2 selected"), "{}", bench.screen());
}
