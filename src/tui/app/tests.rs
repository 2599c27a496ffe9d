//! What keys, time and answers do to the state, and how it looks.

use crate::domain::{Command, DecisionKind, ReviewId, RunOutcome, Stage, Stream};
use crate::engine::{CatalogState, Frame};
use crate::tui::effect::Effect;
use crate::tui::msg::{Answer, Msg};
use crate::tui::testing::{Bench, catalog, run, tool};

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (60, 20)];

fn snapshot_sizes(label: &str, make: impl Fn(u16, u16) -> Bench) {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("{label}_{width}x{height}"), make(width, height).screen());
    }
}

#[test]
fn a_ready_catalog_looks_like_this() {
    snapshot_sizes("ready", Bench::ready);
}

#[test]
fn an_empty_workspace_says_what_it_is_for_and_three_keys() {
    snapshot_sizes("empty", Bench::empty);
}

#[test]
fn a_loading_catalog_counts() {
    snapshot_sizes("loading", |width, height| {
        let mut bench = Bench::empty(width, height);
        bench.send(Msg::Catalog(catalog(CatalogState::Loading { done: 120, total: 242 })));
        bench
    });
}

#[test]
fn the_first_frame_waits_for_nothing() {
    snapshot_sizes("opening", Bench::opening);
}

fn running(width: u16, height: u16) -> Bench {
    let mut bench = Bench::ready(width, height);
    bench.press("2");
    let tool = std::sync::Arc::new(tool("divide", Stage::Approved));
    let phase = crate::tui::pane::output::Phase::Starting { since: bench.now.steady_ms };
    let tab = bench.app.output.open("divide 1.0.0".into(), Some(tool.clone()), phase);
    bench.answer(Answer::RunStarted { tab, started: Ok(run(14, &tool, RunOutcome::Running)) });
    let chunk = |stream, text: &str, offset| Frame { stream, at_ms: 10, bytes: text.as_bytes().to_vec(), offset };
    let frames = vec![
        chunk(Stream::Stdout, "dividing 1 by 0\n", 4),
        chunk(Stream::Stderr, "warning:\u{1b}[31m about\u{1b}[0m to\u{202e} fail\n", 40),
    ];
    bench.send(Msg::Output { run: crate::domain::RunId(14), frames, skipped: 0 });
    bench.wait(3_000);
    bench
}

#[test]
fn a_live_run_shows_what_it_writes() {
    snapshot_sizes("live", running);
}

#[test]
fn a_failed_run_says_why() {
    snapshot_sizes("failed", |width, height| {
        let mut bench = running(width, height);
        let record = run(14, &tool("divide", Stage::Approved), RunOutcome::Failed);
        bench.answer(Answer::RunEnded { run: record.id, record: Ok(record) });
        bench
    });
}

#[test]
fn a_review_fills_the_screen() {
    snapshot_sizes("review", Bench::reviewing);
}

#[test]
fn the_approve_prompt_shows_the_digest() {
    snapshot_sizes("approve", |width, height| {
        let mut bench = Bench::reviewing(width, height);
        bench.read_everything().press("a");
        bench.draw();
        bench.wait(600);
        bench
    });
}

#[test]
fn help_lists_the_keys_of_the_focused_pane() {
    snapshot_sizes("help", |width, height| {
        let mut bench = Bench::ready(width, height);
        bench.press("?");
        bench
    });
}

#[test]
fn the_palette_lists_every_verb() {
    snapshot_sizes("palette", |width, height| {
        let mut bench = Bench::ready(width, height);
        bench.press(":").type_text("pro");
        bench
    });
}

#[test]
fn a_screen_too_small_says_so() {
    insta::assert_snapshot!("too_small_39x9", Bench::ready(39, 9).screen());
}

#[test]
fn reading_to_the_end_unlocks_approve_and_the_digest_decides() {
    let mut bench = Bench::reviewing(80, 24);
    bench.press("a");
    assert!(bench.app.overlays.is_empty(), "locked before the end was shown");
    bench.read_everything().press("a");
    bench.draw();
    bench.wait(500);
    let digest = tool("text-diff-summary", Stage::Experimental).digest;
    bench.type_text(&digest.hex()[..4]).press("enter");
    let effects = bench.taken();
    let [Effect::Execute(Command::Decide { review, digest: decided, kind, reason, shown })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!((*review, *decided, *kind, reason), (ReviewId(2), digest, DecisionKind::Approve, &None));
    assert!(shown.tail_shown && shown.lines > 60 && shown.lines_shown > 30, "{shown:?}");
    assert_eq!(shown.open_ms, 500);
}
