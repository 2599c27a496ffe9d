//! Tests the terminal output for hostile tool text: for every screen, the bytes of the real backend contain no control
//! sequence of a tool and no hidden character.

mod linear;
mod obeyed;
mod services;
mod sizes;

use super::app::{App, Call};
use super::effect::{DetailFor, Effect};
use super::msg::{Answer, Called, Kept, Msg, Opened};
use super::now::Now;
use super::pane::output::Phase;
use super::testing::{self, Bench, WALL, ago, dossier, review_detail, run, tool};
use super::theme::Theme;
use super::view;
use crate::domain::{
    Category, CheckReport, Comment, CommentKind, Digest, FileMode, Finding, InputMode, Instant, Operation, OperationId,
    Recipe, Review, RunOutcome, Severity, Stage, Stream, SuccessRule, Tool, ToolExtras, Verdict, VersionFile,
    is_hidden,
};
use crate::engine::{
    BulkResult, CatalogState, CatalogView, DoctorLine, EngineError, ErrorCode, EvidenceLine, Frame, Index,
    PreflightRow, Preview, VerifyReport, Weight,
};
use obeyed::obeyed;
use proptest::prelude::*;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use serde_json::json;
use std::sync::Arc;

/// Every kind of character that a terminal interprets or that a reader cannot see.
const EVIL: &str = concat!(
    "\u{1b}[2J\u{1b}[6n\u{1b}]0;pwn\u{7}\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]52;c;ZXZpbA==\u{7}",
    "\u{1b}P+q544e\u{1b}\\\u{1b}_Ga=T\u{1b}\\\u{1b}^pm\u{1b}\\\u{1b}Xsos\u{1b}\\\u{1b}c\u{1b}(0",
    "\u{9b}31m\u{9d}0;x\u{9c}\u{90}q\u{9c}\u{85}",
    "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}",
    "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{180e}\u{e0001}\u{e0041}\u{e007f}\u{fe0f}\u{fe00}\u{e0100}",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{e47}\u{e47}\u{e47}\u{2028}\u{2029}\u{fff9}\u{3164}\u{0}\r\u{8}\u{7f}",
);

/// The same as invalid UTF-8: raw C1, lone surrogates, an overlong slash, a truncated character.
const EVIL_BYTES: &[u8] =
    b"\x9b31m\x9d0;x\x9c\xed\xa0\x80\xed\xb0\x80\xc0\xaf\xf4\x90\x80\x80\xe6\x97\x1b]0;never ended";

fn evil() -> String {
    EVIL.to_owned()
}

fn evils() -> Vec<String> {
    vec![evil(), format!("x{EVIL}")]
}

fn evil_tool(name: &str, stage: Stage) -> Tool {
    let mut tool = tool(name, stage);
    tool.title = Some(evil());
    tool.category = Category::new(EVIL);
    tool.description = evil();
    tool.path = format!("tools/{EVIL}/{name}");
    tool.placement.base = evil();
    tool.reason = Some(evil());
    tool.evolved_from = Some(evil());
    tool.copy_of = Some(evil());
    tool.shadowed_by = Some(evil());
    tool.tags = evils();
    let extras: &mut ToolExtras = &mut tool;
    for list in [&mut extras.capabilities, &mut extras.aliases, &mut extras.shadows, &mut extras.clashes] {
        *list = evils();
    }
    tool.keywords = evils().into();
    tool.use_cases = evils().into();
    tool
}

fn evil_files() -> Vec<VersionFile> {
    let source = format!("print(1)\n{EVIL}\n\u{301}mark first\n\tx{EVIL}\n").into_bytes();
    let file = |path: &str, bytes: Vec<u8>| VersionFile { path: path.into(), mode: FileMode::Plain, bytes };
    vec![
        file(&format!("main{EVIL}.py"), source.clone()),
        file("main.py", source),
        file("data.bin", EVIL_BYTES.to_vec()),
    ]
}

fn evil_review(id: i64, tool: &Tool) -> Review {
    let mut review = testing::review(id, tool, crate::domain::ReviewKind::New, crate::domain::Risk::High);
    review.summary = evil();
    review.path = evil();
    review
}

fn evil_run(id: i64, tool: &Tool, outcome: RunOutcome) -> crate::domain::Run {
    let mut run = run(id, tool, outcome);
    run.caller = evil();
    run.error = Some(evil());
    run.notes = evils();
    run.denied = evils();
    run.input = json!({ EVIL: EVIL }).to_string();
    run.isolation.layers = evils();
    run.isolation.missing = evils();
    run
}

fn evil_error() -> EngineError {
    EngineError::new(ErrorCode::Internal, EVIL, EVIL)
}

/// Answers the latest question.
fn described(bench: &mut Bench, found: &impl crate::domain::description::Describe) {
    let asked = bench.taken().into_iter().rev().find_map(|effect| match effect {
        crate::tui::effect::Effect::Query(call) => Some(call),
        _ => None,
    });
    let call = asked.expect("a question was asked");
    bench.answer(Answer::Described { call, found: Ok(found.describe()) });
}

fn evil_dossier(tool: &Tool) -> Box<super::msg::ToolDossier> {
    let schema = json!({"type": "object", "required": [EVIL], "properties": {
        EVIL: {"type": "string", "title": EVIL, "description": EVIL, "default": EVIL},
        "b": {"enum": [EVIL, "x"], "description": EVIL},
    }});
    let mut dossier = dossier(tool, Some(schema));
    let manifest = &mut dossier.detail.manifest;
    manifest.title = Some(evil());
    manifest.description = evil();
    manifest.permissions.network = evils();
    manifest.permissions.read = evils();
    manifest.permissions.write = evils();
    manifest.permissions.env = evils();
    manifest.permissions.run = evils();
    manifest.dependencies = evils();
    manifest.provenance.created_by = Some(evil());
    manifest.provenance.reason = Some(evil());
    manifest.provenance.generator = Some(evil());
    manifest.extra.insert(evil(), json!(EVIL));
    manifest.recipe = Some(Recipe {
        command: evils(),
        entry: Some(evil()),
        input: InputMode::Args,
        args: vec![crate::domain::ArgRule::option(&evil(), &evil())],
        function: Some(evil()),
        piped: None,
        timeout_ms: None,
        pty: false,
        success: SuccessRule::default(),
        env: [(evil(), evil())].into_iter().collect(),
    });
    dossier.detail.files = evil_files();
    dossier.last_input = Some(json!({ EVIL: EVIL }));
    dossier.other = Some((evil(), evil_files()));
    dossier.runs = vec![evil_run(3, tool, RunOutcome::Failed)];
    dossier
}

fn bench(width: u16, height: u16) -> Bench {
    let mut bench = Bench::ready(width, height);
    let tools = [evil_tool("first", Stage::Experimental), evil_tool("second", Stage::Approved)];
    let problems = testing::problems().into_iter().map(|mut problem| {
        (problem.path, problem.message, problem.hint) = (evil(), evil(), evil());
        problem
    });
    let view = Arc::new(CatalogView {
        state: CatalogState::Ready,
        tools: tools.iter().cloned().map(Arc::new).collect(),
        problems: problems.collect(),
        in_use: None,
        skipped: Arc::default(),
        generation: 2,
    });
    bench.send(Msg::Opened(Opened { workspace: format!("~/{EVIL}/work{EVIL}") }));
    bench.send(Msg::Catalog(Arc::clone(&view)));
    bench.send(Msg::Indexed { generation: 2, index: Arc::new(Index::new(&view.tools)) });
    let failures = testing::failures().into_iter().map(|mut group| {
        (group.signature, group.sample_message, group.scenarios) = (evil(), evil(), evils());
        group
    });
    bench.answer(Answer::Failures(Ok(failures.collect())));
    bench.answer(Answer::Reviews(Ok(tools.iter().zip(1..).map(|(tool, id)| evil_review(id, tool)).collect())));
    bench.answer(Answer::Runs(Ok(vec![evil_run(3, &tools[0], RunOutcome::Failed)])));
    bench
}

fn operations() -> Vec<Operation> {
    let (prev_hash, hash) = (Digest::of_bytes(b""), Digest::of_bytes(b""));
    let detail = json!({"reason": EVIL, EVIL: EVIL});
    let (id, at) = (OperationId(1), ago(3));
    let (verb, subject) = ("archive".to_owned(), evil());
    vec![Operation { id, at, who: evil(), verb, subject, detail, prev_hash, hash, reversible: true, undone_by: None }]
}

fn with_output(bench: &mut Bench) {
    bench.press("2");
    let tool = Arc::new(evil_tool("first", Stage::Experimental));
    let tab = bench.app.output.open(evil(), Some(Arc::clone(&tool)), Phase::Starting { since: bench.now.steady_ms });
    bench.answer(Answer::RunStarted { tab, started: Ok(Box::new(evil_run(14, &tool, RunOutcome::Running))) });
    let frames = [EVIL.as_bytes(), EVIL_BYTES, b"\n", EVIL.as_bytes()].into_iter().enumerate();
    let frames = frames.map(|(at, bytes)| {
        let stream = if at % 2 == 0 { Stream::Stdout } else { Stream::Stderr };
        Frame { stream, at_ms: 10, bytes: bytes.to_vec(), offset: at as u64 * 4_096 }
    });
    bench.send(Msg::Output { run: crate::domain::RunId(14), frames: frames.collect(), skipped: 7 });
}

fn with_review(bench: &mut Bench) {
    bench.press("4 enter");
    let tool = evil_tool("first", Stage::Experimental);
    let mut detail = review_detail(&testing::reviews()[0]);
    detail.review = evil_review(1, &tool);
    detail.files = evil_files();
    detail.base_files = Some(vec![VersionFile { bytes: b"print(0)\n\x9b\n".to_vec(), ..evil_files().remove(1) }]);
    detail.manifest = Some(evil_dossier(&tool).detail.manifest);
    let line = |weight| EvidenceLine { weight, label: evil(), text: evil() };
    detail.evidence = [Weight::Bad, Weight::Warn, Weight::Good].map(line).to_vec();
    detail.runs = vec![evil_run(3, &tool, RunOutcome::Failed)];
    (detail.review.asker, detail.review.expires_at) = (Some(evil()), Some(ago(-60)));
    let finding = |path: &str| Finding::new(EVIL, Severity::High, EVIL).at(path, 2);
    let bad = CheckReport::of(EVIL, vec![finding("main.py"), finding(EVIL), Finding::new(EVIL, Severity::Low, EVIL)]);
    let checks = vec![bad.noted(EVIL), CheckReport::skipped(EVIL, EVIL), CheckReport::of(EVIL, vec![]).noted(EVIL)];
    detail.verdict = Some(Verdict::of(checks, None, ago(1)));
    detail.blocking = evils();
    let comment = |lines| Comment { who: evil(), ..testing::comment(1, CommentKind::MustFix, lines, EVIL) };
    detail.comments = vec![comment(Some((1, 2))), comment(None), Comment { outdated: true, ..comment(Some((9, 9))) }];
    detail.review.verdict = detail.verdict.as_ref().map(Verdict::tally);
    let review = detail.review.id;
    bench.answer(Answer::reviewed(review, Ok(detail)));
}

/// Shows the table of a bulk decision, then the result for each review.
fn with_bulk(bench: &mut Bench) {
    bench.press("4 m m a");
    let row = |refusal: Option<String>| PreflightRow {
        review: crate::domain::ReviewId(1),
        asks: evil(),
        tool: testing::name("first"),
        path: evil(),
        version: semver::Version::new(1, 0, 0),
        digest: Digest::of_bytes(b"x"),
        risk: crate::domain::Risk::Low,
        verdict: None,
        refusal,
        evidence: Digest::of_bytes(b"y"),
    };
    bench.answer(Answer::Preflight(Ok(vec![row(None), row(Some(evil()))])));
    bench.draw();
    bench.wait(600);
}

fn with_detail(bench: &mut Bench, key: &str, purpose: DetailFor) {
    bench.press("1").press(key);
    let asked = bench.taken().into_iter().find_map(|effect| match effect {
        Effect::LoadDetail { tool, .. } => Some(tool),
        _ => None,
    });
    let tool = asked.unwrap_or_else(|| panic!("{key} asks for no tool"));
    bench.answer(Answer::Detail { purpose, path: tool.path.clone(), detail: Ok(evil_dossier(&tool)) });
}

fn with_preview(bench: &mut Bench) {
    bench.press("X");
    let asked = bench.taken().into_iter().find_map(|effect| match effect {
        Effect::Preview(command) => Some(command),
        _ => None,
    });
    let preview = Preview { title: evil(), lines: evils(), undo: evil() };
    bench.answer(Answer::Preview { command: asked.unwrap(), preview: Ok(preview) });
}

/// A state of the screen, and how to get there from a full workbench.
type Scene = (&'static str, fn(&mut Bench));

const SCENES: &[Scene] = &[
    ("workbench", |_| {}),
    ("problems", |bench| {
        bench.press("/").type_text("!").press("enter");
    }),
    ("filter", |bench| {
        bench.press("/");
        bench.send(Msg::Paste(evil()));
    }),
    ("failures", |bench| {
        bench.press("3 z");
    }),
    ("queue", |bench| {
        bench.press("4 z");
    }),
    ("output", with_output),
    ("output after its end", |bench| {
        with_output(bench);
        let record = evil_run(14, &evil_tool("first", Stage::Experimental), RunOutcome::Failed);
        bench.answer(Answer::RunEnded { run: record.id, record: Ok(Box::new(record)) });
    }),
    ("output search", |bench| {
        with_output(bench);
        bench.press("/").type_text("x").press("enter w l");
    }),
    ("kept output", |bench| {
        with_output(bench);
        let run = evil_run(14, &evil_tool("first", Stage::Experimental), RunOutcome::Failed);
        let tab = bench.app.output.open(evil(), None, Phase::Starting { since: 0 });
        let frames = vec![Frame { stream: Stream::Stdout, at_ms: 1, bytes: EVIL_BYTES.to_vec(), offset: 4 }];
        bench.answer(Answer::Spool { tab, kept: Ok(Box::new(Kept { run, frames })) });
    }),
    ("a run that did not start", |bench| {
        bench.press("2");
        let tab = bench.app.output.open(evil(), None, Phase::Starting { since: 0 });
        bench.answer(Answer::RunStarted { tab, started: Err(evil_error()) });
    }),
    ("review", with_review),
    ("review with a comment", |bench| {
        with_review(bench);
        bench.press(". +");
        bench.send(Msg::Paste(evil()));
    }),
    ("review over failed checks", |bench| {
        with_review(bench);
        bench.read_everything().press("O");
        bench.draw();
        bench.wait(600);
    }),
    ("several reviews", with_bulk),
    ("several decided", |bench| {
        with_bulk(bench);
        let result = || BulkResult { review: crate::domain::ReviewId(1), result: Err(evil_error()) };
        bench.answer(Answer::DecidedAll(vec![result(), result()]));
    }),
    ("review prompts", |bench| {
        with_review(bench);
        bench.read_everything().press("a");
        bench.draw();
        bench.wait(600);
    }),
    ("reason", |bench| {
        with_review(bench);
        bench.press("x");
        bench.draw();
        bench.wait(600);
        bench.send(Msg::Paste(evil()));
    }),
    ("show", |bench| with_detail(bench, "enter", DetailFor::Show)),
    ("source", |bench| with_detail(bench, "s", DetailFor::Source)),
    ("difference", |bench| with_detail(bench, "d", DetailFor::Diff)),
    ("form", |bench| with_detail(bench, "r", DetailFor::Run)),
    ("form with pasted text", |bench| {
        with_detail(bench, "r", DetailFor::Run);
        bench.send(Msg::Paste(evil()));
        bench.press("enter");
    }),
    ("question", with_preview),
    ("runs", |bench| {
        bench.press("2 enter");
        let runs = vec![evil_run(3, &evil_tool("first", Stage::Approved), RunOutcome::Failed)];
        bench.answer(Answer::Runs(Ok(runs)));
    }),
    ("log", |bench| {
        bench.press("L");
        bench.answer(Answer::Operations(Ok(operations())));
        bench.press("/");
        bench.send(Msg::Paste(evil()));
    }),
    ("help", |bench| {
        bench.press("?");
        bench.send(Msg::Paste(evil()));
    }),
    ("palette", |bench| {
        bench.press(":").type_text("run ");
        bench.send(Msg::Paste(evil()));
    }),
    ("palette choices", |bench| {
        bench.press(":").type_text("show").press("enter");
    }),
    ("doctor", |bench| {
        bench.press(":").type_text("doctor").press("enter");
        let line = DoctorLine { name: evil(), state: "bad".into(), message: evil(), hint: evil() };
        described(bench, &crate::engine::Diagnosis { lines: vec![line] });
    }),
    ("similar", |bench| {
        bench.press(":").type_text("similar").press("enter enter");
        let tool = crate::engine::SimilarTool {
            name: crate::domain::ToolName::new("two").unwrap(),
            version: semver::Version::new(1, 0, 0),
            digest: crate::domain::Digest([1; 32]),
            stage: crate::domain::Stage::Core,
            path: evil(),
            likeness: 1.0,
            near: true,
            copy: true,
            why: evil(),
            description: evil(),
        };
        let name = crate::domain::ToolName::new("one").unwrap();
        described(bench, &crate::engine::SimilarTools { tool: name, similar: vec![tool] });
    }),
    ("unused tools", |bench| {
        bench.press("ctrl-t");
        let tool = crate::engine::StaleTool {
            tool: crate::domain::ToolName::new("two").unwrap(),
            path: evil(),
            stage: crate::domain::Stage::Core,
            days: 31,
            last_used_at: None,
            first_seen_at: crate::domain::Instant(0),
            runs: 0,
            bytes: 0,
            why: evil(),
        };
        let report = crate::engine::StaleReport { days: 30, tools: 1, stale: vec![tool], spared: [(evil(), 1)].into() };
        bench.answer(Answer::Kempt(Box::new(crate::tui::msg::Kempt::Stale(Ok(report)))));
    }),
    ("tools alike", |bench| {
        bench.press("ctrl-y");
        let twin = || crate::engine::Twin {
            tool: crate::domain::ToolName::new("two").unwrap(),
            path: evil(),
            stage: crate::domain::Stage::Core,
            runs: 0,
            score: None,
            likeness: 0.9,
            why: evil(),
            advice: evil(),
            command: evil(),
            proposal: None,
        };
        let kind = crate::domain::GroupKind::Clash;
        let group = crate::engine::TwinGroup { kind, keep: twin(), others: vec![twin()] };
        bench.answer(Answer::Kempt(Box::new(crate::tui::msg::Kempt::Twins(Ok(vec![group])))));
    }),
    ("search", |bench| {
        bench.press(":").type_text("search").press("enter").type_text("words").press("enter");
        let hit = crate::engine::SearchHit {
            name: crate::domain::ToolName::new("two").unwrap(),
            version: semver::Version::new(1, 0, 0),
            digest: crate::domain::Digest([1; 32]),
            stage: crate::domain::Stage::Core,
            path: evil(),
            description: evil(),
            similarity: 0.5,
            why: evil(),
            held_back: Some(evil()),
        };
        described(bench, &crate::engine::SearchResult { words: evil(), hits: vec![hit] });
    }),
    ("call", |bench| {
        bench.press("Q").type_text("sing");
        bench.send(Msg::Paste(evil()));
        bench.press("ctrl-s");
        let asked = bench.taken().into_iter().find_map(|effect| match effect {
            Effect::Call { ticket, .. } => Some(ticket),
            _ => None,
        });
        let mut found = crate::engine::Candidates::default();
        let candidate = crate::engine::Candidate::ordinary("two");
        found.candidates.push(crate::engine::Candidate { why: evil(), ..candidate });
        let (tool, path, why) = (crate::domain::ToolName::new("three").unwrap(), evil(), evil());
        found.left_out.push(crate::engine::LeftOut { tool, path, why, refused: false, needs_permit: false });
        let ticket = asked.unwrap();
        bench.answer(Answer::Called(Box::new(Called::Candidates { ticket, found: Ok(found) })));
    }),
    ("lineage", |bench| {
        bench.press("V");
        let provenance = crate::domain::VersionOrigin {
            creator: Some(evil()),
            generator: Some(evil()),
            created_at: Some(evil()),
            request: Some(evil()),
            parent: Some(evil()),
            ..crate::domain::VersionOrigin::default()
        };
        let version = crate::engine::LineageVersion {
            version: semver::Version::new(1, 0, 0),
            digest: Digest([1; 32]),
            stage: Stage::Core,
            path: evil(),
            present: true,
            active: true,
            in_session: true,
            pinned: true,
            approved: true,
            review: crate::domain::ToolReview::Waiting,
            evolved_from: Some(evil()),
            provenance,
            runs: 1,
            success_rate: Some(1.0),
            first_seen_at: Instant(0),
        };
        let tool = crate::domain::ToolName::new("two").unwrap();
        described(bench, &crate::engine::Lineage { tool, versions: vec![version] });
    }),
    ("verify", |bench| {
        bench.press(":").type_text("verify").press("enter enter");
        let report =
            VerifyReport { workspace: EVIL.into(), operations: 1, versions: 1, faults: evils(), notes: evils() };
        described(bench, &report);
    }),
    ("toast", |bench| {
        bench.answer(Answer::Trouble(evil_error()));
    }),
    ("copied", |bench| {
        bench.answer(Answer::Copied(Err(evil())));
    }),
    ("lists that cannot be read", |bench| {
        bench.answer(Answer::Failures(Err(evil_error())));
        bench.answer(Answer::Reviews(Err(evil_error())));
        bench.answer(Answer::Runs(Err(evil_error())));
    }),
    ("a workspace that cannot be opened", |bench| {
        bench.send(Msg::OpenFailed(evil_error()));
    }),
    ("furnished", |bench| {
        bench.answer(Answer::Furnished(Ok(evil())));
    }),
];

#[test]
fn no_screen_sends_a_sequence_or_a_hidden_character_of_a_tool() {
    for size in [(120, 40), (80, 24), (44, 12)] {
        for (name, scene) in SCENES.iter().chain(services::SCENES) {
            let mut bench = bench(size.0, size.1);
            bench.draw();
            scene(&mut bench);
            for keys in ["", "G", "l", "]", "]", "w", "d"] {
                let obeyed = obeyed(&mut bench, size);
                assert_eq!((obeyed.foreign, obeyed.hidden), (vec![], vec![]), "{name} {size:?} after {keys:?}");
                assert!(obeyed.printed > 100, "{name}: only {} characters drawn", obeyed.printed);
                bench.press(keys);
            }
            let title = bench.app.window_title();
            assert!(!title.as_str().chars().any(is_hidden), "{name}: {title}");
        }
    }
}

#[test]
fn the_scenes_draw_what_is_hostile_and_do_not_merely_miss_it() {
    let scenes = || SCENES.iter().chain(services::SCENES);
    let shown: Vec<&str> = scenes()
        .filter(|(_, scene)| {
            let mut bench = bench(120, 40);
            bench.draw();
            scene(&mut bench);
            bench.screen().contains("\\x1b[2J")
        })
        .map(|(name, _)| *name)
        .collect();
    let without: Vec<&str> = scenes().map(|(name, _)| *name).filter(|name| !shown.contains(name)).collect();
    assert_eq!(without, Vec::<&str>::new(), "scenes without a hostile text on them");
}

#[test]
fn a_hostile_call_is_drawn_before_anything_is_known() {
    let call = Call { workspace: format!("~/{EVIL}"), agent: Some(evil()), no_color: false };
    let now = Now { wall: Instant(WALL), steady_ms: 0 };
    let mut bench = Bench::opening(80, 24);
    bench.app = App::new(call, Theme::dark(), now, (80, 24));
    let obeyed = obeyed(&mut bench, (80, 24));
    assert_eq!((obeyed.foreign, obeyed.hidden), (vec![], vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_text_of_any_kind_makes_the_terminal_obey(text in "\\PC{0,20}[\u{0}-\u{9f}\u{200b}-\u{202e}\u{1b}]{0,20}\\PC{0,9}") {
        let mut bench = bench(80, 24);
        let mut first = evil_tool("first", Stage::Approved);
        first.description.clone_from(&text);
        first.path.clone_from(&text);
        let tools = vec![Arc::new(first)];
        bench.send(Msg::Catalog(Arc::new(CatalogView { state: CatalogState::Ready, tools, problems: vec![], in_use: None, skipped: Arc::default(), generation: 9 })));
        bench.app.say(super::app::Mood::Trouble, &text);
        let obeyed = obeyed(&mut bench, (80, 24));
        prop_assert_eq!((obeyed.foreign, obeyed.hidden), (vec![], vec![]));
    }
}
