//! The effects of keys, time and answers on the state, and the display.

mod boxes;
mod deciding;
mod dividing;
mod finding;
mod groups;
mod must_haves;
mod newest;
mod stray_keys;
mod ways;
mod whole_output;

use crate::domain::{
    Command, DecisionKind, Digest, InputMode, Operation, OperationId, Outcome, Recipe, ReviewId, RunOutcome, Stage,
    Stream, SuccessRule,
};
use crate::engine::{CatalogState, CatalogView, Change, EngineError, ErrorCode, Frame, Index, Preview, RunRequest};
use crate::tui::effect::Farewell;
use crate::tui::effect::{DetailFor, Effect, Ending};
use crate::tui::msg::{Answer, Msg};
use crate::tui::pane::Pane;
use crate::tui::testing::{Bench, ago, catalog, dossier, files, review_detail, reviews, run, tool, tools};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (60, 20)];

pub(super) fn snapshot_sizes(label: &str, make: impl Fn(u16, u16) -> Bench) {
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

pub(super) fn running(width: u16, height: u16) -> Bench {
    let mut bench = Bench::ready(width, height);
    bench.press("2");
    let tool = std::sync::Arc::new(tool("divide", Stage::Approved));
    let phase = crate::tui::pane::output::Phase::Starting { since: bench.now.steady_ms };
    let tab = bench.app.output.open("divide 1.0.0".into(), Some(tool.clone()), phase);
    bench.answer(Answer::RunStarted { tab, started: Ok(Box::new(run(14, &tool, RunOutcome::Running))) });
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
        bench.answer(Answer::RunEnded { run: record.id, record: Ok(Box::new(record)) });
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
fn a_form_asks_for_the_input() {
    snapshot_sizes("form", |width, height| {
        let mut bench = Bench::ready(width, height);
        bench.press("r");
        let tool = tool("csv-stats", Stage::Approved);
        let schema = json!({"type": "object", "required": ["path"], "properties": {
            "path": {"type": "string", "description": "Which file"},
            "mode": {"enum": ["fast", "exact"], "default": "fast"},
            "limit": {"type": "integer", "minimum": 1},
            "header": {"type": "boolean", "default": true},
        }});
        let detail = Ok(dossier(&tool, Some(schema)));
        bench.answer(Answer::Detail { purpose: DetailFor::Run, path: tool.path.clone(), detail });
        bench
    });
}

#[test]
fn a_question_lists_what_would_change() {
    snapshot_sizes("confirm", |width, height| {
        let mut bench = Bench::ready(width, height);
        bench.press("X");
        bench.answer(Answer::Preview { command: archive_of(&bench), preview: Ok(preview()) });
        bench.draw();
        bench.wait(600);
        bench
    });
}

#[test]
fn a_reason_is_typed_before_a_no() {
    snapshot_sizes("reject", |width, height| {
        let mut bench = Bench::reviewing(width, height);
        bench.press("x");
        bench.draw();
        bench.wait(600);
        bench.type_text("it opens the network without saying so");
        bench
    });
}

#[test]
fn the_log_says_who_did_what() {
    snapshot_sizes("log", |width, height| {
        let mut bench = Bench::ready(width, height);
        bench.press("L");
        bench.answer(Answer::Operations(Ok(operations())));
        bench
    });
}

#[test]
fn a_tool_shows_what_it_is() {
    snapshot_sizes("about", |width, height| {
        let mut bench = Bench::ready(width, height);
        bench.press("enter");
        let tool = tools().remove(0);
        let detail = Ok(dossier(&tool, None));
        bench.answer(Answer::Detail { purpose: DetailFor::Show, path: tool.path.clone(), detail });
        bench
    });
}

#[test]
fn a_changed_version_is_read_as_a_difference() {
    snapshot_sizes("difference", |width, height| {
        let mut bench = Bench::ready(width, height);
        bench.press("4 enter");
        let review = reviews().remove(0);
        let mut detail = review_detail(&review);
        let mut before = files();
        before[0].bytes = String::from_utf8(before[0].bytes.clone()).unwrap().replace("print(30)", "show(30)").into();
        detail.base_files = Some(before);
        bench.answer(Answer::reviewed(review.id, Ok(detail)));
        bench
    });
}

#[test]
fn narrow_screens_have_tabs_and_one_pane() {
    let mut bench = Bench::ready(60, 20);
    bench.press("4");
    insta::assert_snapshot!("queue_60x20", bench.screen());
    bench.press("3");
    insta::assert_snapshot!("failures_60x20", bench.screen());
    let mut bench = Bench::ready(40, 10);
    insta::assert_snapshot!("ready_40x10", bench.screen());
}

#[test]
fn no_state_is_told_by_colour_alone() {
    for (label, theme) in [("dark", Theme::dark()), ("light", Theme::light()), ("plain", Theme::plain())] {
        let mut bench = Bench::ready(100, 30);
        bench.app.theme = theme;
        insta::assert_snapshot!(format!("styles_{label}"), bench.styles());
    }
    let mut plain = Bench::ready(100, 30);
    plain.app.theme = Theme::plain();
    assert_eq!(plain.screen(), Bench::ready(100, 30).screen());
}

fn operations() -> Vec<Operation> {
    let entry = |id, verb: &str, subject: &str, undone_by| Operation {
        id: OperationId(id),
        at: ago(10 * (5 - id)),
        who: "Ada <ada@example.org>".into(),
        verb: verb.into(),
        subject: subject.into(),
        detail: json!({"reason": "does what\u{202e} it says"}),
        prev_hash: Digest::of_bytes(b""),
        hash: Digest::of_bytes(b""),
        reversible: true,
        undone_by,
    };
    vec![entry(2, "archive", "old-tool 1.0.0", None), entry(1, "approve", "csv-stats 1.0.0", Some(OperationId(3)))]
}

#[test]
fn leaving_asks_while_runs_are_alive_and_a_signal_does_not() {
    let mut bench = running(80, 24);
    bench.taken();
    bench.press("q");
    bench.draw();
    assert!(bench.taken().is_empty());
    bench.wait(500).press("y");
    assert!(matches!(bench.taken().as_slice(), [Effect::Leave(Ending::Quit)]));
    bench.send(Msg::Leave(Farewell::HangUp));
    assert!(matches!(bench.taken().as_slice(), [Effect::Leave(Ending::Signal(Farewell::HangUp))]));
}

fn recipe_without_input() -> Recipe {
    Recipe {
        command: vec!["true".into()],
        entry: None,
        input: InputMode::None,
        args: Vec::new(),
        function: None,
        piped: None,
        timeout_ms: None,
        pty: false,
        success: SuccessRule::default(),
        env: std::collections::BTreeMap::new(),
    }
}

#[test]
fn a_tool_without_input_starts_at_once_and_one_with_input_asks() {
    let mut bench = Bench::ready(80, 24);
    bench.press("down r");
    let tool = tools().remove(1);
    let mut dossier = dossier(&tool, None);
    dossier.detail.manifest.recipe = Some(recipe_without_input());
    let detail = Ok(dossier);
    bench.effects.clear();
    bench.answer(Answer::Detail { purpose: DetailFor::Run, path: tool.path.clone(), detail });
    assert!(matches!(bench.taken().as_slice(), [Effect::StartRun { request, .. }] if request.input.is_none()));
    assert!(bench.app.overlays.is_empty());
    assert_eq!(bench.app.focus, Pane::Output);
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut bench = Bench::ready(120, 40);
    bench.press("G up r");
    let screen = bench.screen();
    assert!(screen.contains("run: it cannot run: node is not installed"), "{screen}");
    assert!(bench.effects.is_empty());
}

#[test]
fn the_filter_narrows_as_one_types_and_finds_problems() {
    let mut bench = Bench::ready(80, 24);
    bench.press("/").type_text("json");
    assert!(bench.screen().contains("2 of 8"));
    bench.press("enter r");
    assert!(
        matches!(bench.taken().as_slice(), [Effect::LoadDetail { tool, .. }] if tool.name.as_str() == "json-query")
    );
    bench.press("esc esc /").type_text("!");
    let screen = bench.screen();
    assert!(screen.contains("broken.toml:7") && screen.contains("give the key a value"), "{screen}");
    assert!(!screen.contains("divide"));
}

#[test]
fn the_selection_stays_on_its_tool_when_others_come_and_go() {
    let mut bench = Bench::ready(80, 24);
    bench.press("down down down down");
    let mut more = vec![tool("aaa", Stage::Experimental), tool("bbb", Stage::Experimental)];
    more.extend(tools());
    let tools = more.into_iter().map(Arc::new).collect();
    let view = CatalogView {
        state: CatalogState::Ready,
        tools,
        problems: vec![],
        in_use: None,
        skipped: Arc::default(),
        generation: 2,
    };
    bench.send(Msg::Catalog(Arc::new(view)));
    bench.press("s");
    let effects = bench.taken();
    assert!(
        matches!(effects.as_slice(), [Effect::LoadDetail { tool, .. }] if tool.path.ends_with("json_query.py")),
        "{effects:?}"
    );
}

#[test]
fn reads_are_asked_for_once_until_they_came() {
    let mut bench = Bench::ready(80, 24);
    for _ in 0..50 {
        bench.send(Msg::Changed(Change::Runs));
    }
    assert!(matches!(bench.taken().as_slice(), [Effect::LoadRuns]));
    bench.answer(Answer::Runs(Ok(vec![])));
    assert!(matches!(bench.taken().as_slice(), [Effect::LoadRuns]), "something changed meanwhile");
    bench.answer(Answer::Runs(Ok(vec![])));
    assert!(bench.taken().is_empty());
}

#[test]
fn a_click_focuses_and_selects_and_never_changes_anything() {
    let mut bench = Bench::ready(120, 40);
    bench.draw();
    for y in 0..40 {
        for x in 0..120 {
            let kind = MouseEventKind::Down(MouseButton::Left);
            bench.send(Msg::Mouse(MouseEvent { kind, column: x, row: y, modifiers: KeyModifiers::NONE }));
            bench.press("esc");
            bench.app.overlays.clear();
        }
    }
    let looks = |effect: &Effect| {
        matches!(
            effect,
            Effect::LoadDetail { .. }
                | Effect::LoadReview(_)
                | Effect::Preview(_)
                | Effect::LoadRuns
                | Effect::Evolve(crate::tui::effect::Evolving::Prepare { .. })
        )
    };
    assert!(bench.effects.iter().all(looks), "{:?}", bench.effects.iter().find(|effect| !looks(effect)));
}

#[test]
fn idle_asks_for_no_wake_and_a_live_run_for_one_a_second() {
    let mut bench = Bench::empty(80, 24);
    bench.draw();
    assert_eq!(bench.app.next_wake(), None);
    let bench = running(80, 24);
    assert_eq!(bench.app.next_wake(), Some(bench.now.steady_ms + 1_000));
}

#[test]
fn what_becomes_due_while_a_frame_is_drawn_is_overdue_after_it() {
    let mut bench = Bench::ready(80, 24);
    bench.press("X");
    let command = archive_of(&bench);
    bench.answer(Answer::Preview { command, preview: Ok(preview()) });
    bench.draw();
    bench.wait(499);
    // This frame still shows that the question does not accept answers yet, and takes two milliseconds.
    bench.draw();
    let after = |ms| crate::tui::now::Now { steady_ms: bench.now.steady_ms + ms, ..bench.now };
    assert!(!bench.app.is_overdue(after(0)));
    assert!(bench.app.is_overdue(after(2)));
}

#[test]
fn ten_thousand_tools_are_filtered_within_one_frame_of_keys() {
    let tools = (0..10_000).map(|at| Arc::new(tool(&format!("tool-{at}"), Stage::Experimental))).collect();
    let view = Arc::new(CatalogView {
        state: CatalogState::Ready,
        tools,
        problems: vec![],
        in_use: None,
        skipped: Arc::default(),
        generation: 2,
    });
    let mut bench = Bench::empty(120, 40);
    bench.send(Msg::Catalog(Arc::clone(&view)));
    bench.send(Msg::Indexed { generation: 2, index: Arc::new(Index::new(&view.tools)) });
    bench.press("/").type_text("tool-9999");
    let screen = bench.screen();
    assert!(screen.contains("1 of 10,000") && screen.contains("tool-9999"), "{screen}");
}

#[test]
fn a_workspace_that_cannot_be_opened_says_why_and_what_to_do() {
    snapshot_sizes("not_open", |width, height| {
        let mut bench = Bench::opening(width, height);
        let error = EngineError::new(ErrorCode::Internal, "the state folder is read-only", "make it writable");
        bench.send(Msg::OpenFailed(error));
        bench
    });
}

#[test]
fn while_a_filter_is_typed_the_footer_names_the_keys_of_typing_only() {
    let mut bench = Bench::ready(100, 30);
    bench.press("/");
    let screen = bench.screen();
    assert!(screen.contains("enter keep  esc clear") && !screen.contains("? help"), "{screen}");
}

fn archive_of(bench: &Bench) -> Command {
    match bench.effects.last() {
        Some(Effect::Preview(command)) => command.clone(),
        other => panic!("{other:?}"),
    }
}

fn preview() -> Preview {
    Preview {
        title: "Archive csv-stats 1.0.0".into(),
        lines: vec!["move tools/approved/csv-stats/ to tools/archived/csv-stats/".into(), "one git commit".into()],
        undo: "undo brings it back".into(),
    }
}
