//! A workbench for tests: created from plain values, controlled with keys, compared as text.

use super::app::{App, Call};
use super::effect::Effect;
use super::keymap::Chord;
use super::msg::{Answer, Msg, Opened, Served, ServiceRow, ToolDossier};
use super::now::Now;
use super::screen::Screen;
use super::theme::Theme;
use super::view;
use crate::domain::service::{
    HealthFact, HealthState, Instance, InstanceId, InstancePort, InstanceState, Lifecycle, PortPass,
};
use crate::domain::{
    Category, CheckReport, Comment, CommentAnchor, CommentId, CommentKind, CostTier, Dialect, Digest, FailureGroup,
    FileMode, Finding, GroupState, Instant, Isolation, IsolationLevel, Manifest, Origin, Outcome, Placement, Problem,
    ProblemCode, Profile, Provenance, Review, ReviewId, ReviewKind, ReviewState, Risk, Run, RunId, RunOutcome,
    RunUsage, Severity, Stage, Tool, ToolDetail, ToolFacts, ToolName, ToolReview, ToolState, Verdict, VersionFile,
};
use crate::engine::{CatalogState, CatalogView, CommandView, EvidenceLine, Index, InstanceView, ReviewDetail, Weight};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::fmt::Write;
use std::sync::Arc;

/// The wall clock of the tests: 2026-01-02T03:04:05Z.
pub(super) const WALL: i64 = 1_767_323_045_000;
const MINUTE: i64 = 60_000;

pub(super) fn name(text: &str) -> ToolName {
    ToolName::new(text).unwrap()
}

pub(super) fn ago(minutes: i64) -> Instant {
    Instant(WALL - minutes * MINUTE)
}

/// A tool with this stage and ordinary values otherwise.
pub(super) fn tool(text: &str, stage: Stage) -> Tool {
    let base = format!("tools/{stage}/{text}");
    Tool {
        stage,
        category: Category::new("data"),
        cost_tier: CostTier::Low,
        classified: true,
        description: format!("Does what {text} says, for every line of its input"),
        idempotent: Some(true),
        path: format!("{base}/tool.toml"),
        placement: Placement { base, exclusive: true },
        origin: Origin::Ai,
        files: 2,
        bytes: 2048,
        risk: Risk::Low,
        modified_at: ago(30),
        facts: Arc::new(ToolFacts {
            review: if stage.is_vouched() { ToolReview::Approved } else { ToolReview::None },
            ..ToolFacts::default()
        }),
        ..Tool::ordinary(text)
    }
}

/// A catalog that covers every feature of a row.
pub(super) fn tools() -> Vec<Tool> {
    let mut changed = tool("csv-stats", Stage::Approved);
    changed.state = ToolState::Changed;
    changed.facts =
        Arc::new(ToolFacts { runs: 14, success_rate: Some(0.93), last_run_at: Some(ago(2)), ..ToolFacts::default() });
    let mut waiting = tool("text-diff-summary", Stage::Experimental);
    Arc::make_mut(&mut waiting.facts).review = ToolReview::Waiting;
    let mut broken = tool("web-fetch", Stage::Experimental);
    broken.runnable = false;
    broken.reason = Some("node is not installed: apt install nodejs".into());
    broken.cost_tier = CostTier::High;
    let mut copy = tool("json-query", Stage::Experimental);
    copy.copy_of = Some("tools/core/json-query/tool.toml".into());
    copy.shadowed_by = Some("tools/core/json-query/tool.toml".into());
    copy.path = "tools/experimental/json_query.py".into();
    let mut strange = tool("hidden-text", Stage::Experimental);
    strange.description = "shows\u{202e}txet neddih\u{1b}[2J".into();
    strange.classified = false;
    vec![
        changed,
        tool("divide", Stage::Approved),
        strange,
        tool("json-query", Stage::Core),
        copy,
        tool("log-digest", Stage::Core),
        waiting,
        broken,
        tool("old-tool", Stage::Archived),
    ]
}

pub(super) fn problems() -> Vec<Problem> {
    vec![Problem {
        path: "tools/experimental/broken.toml".into(),
        line: Some(7),
        code: ProblemCode::BadSyntax,
        message: "expected a value after `=`".into(),
        hint: "give the key a value or remove the line".into(),
    }]
}

pub(super) fn catalog(state: CatalogState) -> Arc<CatalogView> {
    let tools = tools().into_iter().map(Arc::new).collect();
    Arc::new(CatalogView { state, tools, problems: problems(), in_use: None, skipped: Arc::default(), generation: 1 })
}

pub(super) fn review(id: i64, tool: &Tool, kind: ReviewKind, risk: Risk) -> Review {
    Review {
        id: ReviewId(id),
        kind,
        tool: tool.name.clone(),
        version: tool.version.clone(),
        digest: tool.digest,
        from_stage: tool.stage,
        to_stage: Stage::Approved,
        state: ReviewState::Waiting,
        created_at: ago(60 * (4 - id.min(3))),
        verdict: None,
        risk,
        summary: tool.description.clone(),
        path: tool.path.clone(),
        base_digest: None,
        members: vec![],
        decisions: vec![],
        asker: None,
        expires_at: None,
        request: None,
        team: None,
        colleague: None,
    }
}

pub(super) fn reviews() -> Vec<Review> {
    let tools = tools();
    vec![
        review(1, &tools[0], ReviewKind::Drift, Risk::Medium),
        review(2, &tools[6], ReviewKind::New, Risk::Low),
        review(3, &tools[7], ReviewKind::New, Risk::High),
    ]
}

pub(super) fn manifest(tool: &Tool, input: Option<serde_json::Value>) -> Manifest {
    Manifest {
        version: tool.version.clone(),
        description: tool.description.clone(),
        kind: tool.kind,
        input,
        provenance: Provenance { created_by: Some("agent-7".into()), ..Provenance::default() },
        ..Manifest::blank(tool.name.clone(), Dialect::Native)
    }
}

pub(super) fn files() -> Vec<VersionFile> {
    let lines: Vec<String> = (1..=60).map(|line| format!("print({line})  # line {line}")).collect();
    let source = lines.join("\n") + "\n";
    vec![
        VersionFile { path: "main.py".into(), mode: FileMode::Plain, bytes: source.into_bytes() },
        VersionFile { path: "tool.toml".into(), mode: FileMode::Plain, bytes: b"name = \"x\"\n".to_vec() },
    ]
}

pub(super) fn review_detail(review: &Review) -> ReviewDetail {
    let tool = tools().into_iter().find(|tool| tool.name == review.tool).unwrap();
    let line = |weight, label: &str, text: &str| EvidenceLine { weight, label: label.into(), text: text.into() };
    ReviewDetail {
        review: review.clone(),
        files: files(),
        base_files: None,
        manifest: Some(manifest(&tool, None)),
        evidence: vec![
            line(Weight::Warn, "permissions", "network full"),
            line(Weight::Good, "runs", "3 of 3 succeeded"),
        ],
        runs: vec![],
        verdict: Some(verdict(&[])),
        blocking: vec![],
        checks_place: None,
        comments: vec![],
        marks: vec![],
        own_comments: vec![],
        objections: vec![],
        roles: vec![],
        choice: None,
    }
}

/// A verdict with every state a check can end in; `failed` names checks that found something bad in `main.py`.
pub(super) fn verdict(failed: &[&str]) -> Verdict {
    let finding = |severity, line, text: &str| Finding::new("x", severity, text).at("main.py", line);
    let mut checks = vec![
        CheckReport::of("manifest", vec![]),
        CheckReport::of("syntax", vec![]),
        CheckReport::of(
            "capabilities",
            vec![
                finding(
                    Severity::Medium,
                    12,
                    "opens the network, which it does not declare: requests.get(url, timeout=10)",
                ),
                finding(Severity::Low, 3, "reads files"),
            ],
        ),
        CheckReport::of("tests", vec![]).noted("24 of 24 passed"),
        CheckReport::skipped("properties", "no input schema"),
        CheckReport::unavailable("ruff", "not installed here"),
        CheckReport::unavailable("mypy", "not installed here"),
    ];
    let bad =
        |name: &&str| CheckReport::of(name, vec![finding(Severity::High, 30, "sends what it reads to api.x.com")]);
    checks.extend(failed.iter().map(bad));
    Verdict::of(checks, None, ago(1))
}

/// A comment on the second review.
pub(super) fn comment(id: i64, kind: CommentKind, lines: Option<(u64, u64)>, body: &str) -> Comment {
    let review = reviews().remove(1);
    Comment {
        id: CommentId(id),
        review: review.id,
        tool: review.tool,
        digest: review.digest,
        spot: CommentAnchor { path: lines.map(|_| "main.py".to_owned()), lines },
        line_text: None,
        kind,
        body: body.to_owned(),
        who: "Ada <ada@example.org>".to_owned(),
        at: ago(20),
        outdated: false,
    }
}

pub(super) fn dossier(tool: &Tool, input: Option<serde_json::Value>) -> Box<ToolDossier> {
    let detail = ToolDetail { tool: tool.clone(), manifest: manifest(tool, input), files: files() };
    Box::new(ToolDossier {
        detail,
        last_input: None,
        other: None,
        runs: vec![],
        command: CommandView::isolated("/work"),
        workers: vec![],
        withheld: None,
    })
}

pub(super) fn run(id: i64, tool: &Tool, outcome: RunOutcome) -> Run {
    let running = outcome == RunOutcome::Running;
    let usage = RunUsage { duration_ms: 840, stdout_bytes: 2048, stderr_bytes: 64, ..RunUsage::default() };
    Run {
        id: RunId(id),
        tool: tool.name.clone(),
        version: tool.version.clone(),
        digest: tool.digest,
        stage: tool.stage,
        caller: "human".into(),
        outcome,
        exit_code: (outcome == RunOutcome::Failed).then_some(1),
        signal: None,
        started_at: ago(2),
        usage: if running { RunUsage::default() } else { usage },
        isolation: Isolation {
            level: IsolationLevel::LimitsOnly,
            profile: Profile::Strict,
            layers: vec!["process-group".into()],
            missing: vec!["network".into()],
        },
        denied: vec![],
        error: (outcome == RunOutcome::Failed).then(|| "ZeroDivisionError: division by zero".into()),
        truncated: false,
        notes: vec![],
        departed: vec![],
        interpreter: None,
        parent: None,
        worker: None,
        step: None,
        input: "{}".into(),
    }
}

pub(super) fn failures() -> Vec<FailureGroup> {
    let group = |signature: &str, tool: &str, count, severity, message: &str| FailureGroup {
        signature: signature.into(),
        tool: name(tool),
        count,
        severity,
        first_at: ago(6000),
        last_at: ago(2),
        sample_run: Some(RunId(7)),
        sample_message: message.into(),
        outcome: RunOutcome::Failed,
        scenarios: vec![],
        state: GroupState::Open,
        resolved_at: None,
        resolved_by: None,
        trend: vec![0, 0, 1, 0, 2, 0, 4],
    };
    vec![
        group("a1", "divide", 7, Severity::Medium, "ZeroDivisionError: division by zero"),
        group("b2", "csv-stats", 1, Severity::High, "row 3 has\u{7}2 columns"),
    ]
}

/// An instance in this state.
pub(super) fn service(text: &str, state: InstanceState) -> ServiceRow {
    let life = Lifecycle { state, incarnation: 2, ready_at: state.is_up().then(|| ago(125)), ..Lifecycle::default() };
    let instance = Instance {
        id: InstanceId(i64::from(text.bytes().map(u32::from).sum::<u32>())),
        name: name(text),
        stack: String::new(),
        tool: name(text.split('-').next().unwrap_or(text)),
        version: semver::Version::new(1, 0, 0),
        digest: Digest::of_bytes(text.as_bytes()),
        life,
        run: Some(RunId(21)),
        keeper: None,
        keeper_due: None,
        ports: Vec::new(),
        health: HealthFact::before(false),
        launched_by: "human".into(),
        created_at: ago(600),
    };
    let view = InstanceView { instance, now: state, up_ms: None, is_outdated: Some(false), needs_approval: false };
    ServiceRow { view, needs: Vec::new(), load: None }
}

/// The outcome of a command with this message.
pub(super) fn outcome(message: &str) -> Outcome {
    Outcome { operation: None, review: None, message: message.into(), commit: None, detail: serde_json::Value::Null }
}

/// Instances that cover every feature of a row.
pub(super) fn services() -> Vec<ServiceRow> {
    let port = |name: &str, port| InstancePort { name: name.into(), port, pass: PortPass::Relay, note: None };
    let health = |state| HealthFact { state, at: Some(ago(0)), took_ms: 3, output: String::new() };
    let mut db = service("db", InstanceState::Running);
    db.view.instance.ports = vec![port("sql", 50_123)];
    db.view.instance.health = health(HealthState::Good);
    let mut api = service("api", InstanceState::Unhealthy);
    api.view.instance.ports = vec![port("http", 50_124), port("admin", 50_125)];
    api.view.instance.health = health(HealthState::Bad);
    api.view.instance.life.restarts = vec![ago(3), ago(2)];
    api.view.instance.life.last_error = Some("ping: no answer within 2 s, three times\u{1b}[2J".into());
    (api.needs, api.view.instance.run) = (vec![name("db")], Some(RunId(22)));
    let mut web = service("web", InstanceState::BackingOff);
    web.view.instance.life.next_start_at = Some(Instant(WALL + 8_000));
    web.view.instance.life.last_error = Some("exit code 1".into());
    web.needs = vec![name("api")];
    let mut helper = service("helper-two", InstanceState::Failed);
    helper.view.instance.life.last_error = Some("it ended 6 times within ten minutes".into());
    helper.view.is_outdated = Some(true);
    let stopped = service("old-helper", InstanceState::Stopped);
    vec![api, db, helper, stopped, web]
}

/// The real state with a test clock.
pub(super) struct Bench {
    pub(super) app: App,
    pub(super) now: Now,
    /// Requested effects that no test has taken yet.
    pub(super) effects: Vec<Effect>,
    size: (u16, u16),
}

impl Bench {
    /// A workbench before any data arrived.
    pub(super) fn opening(width: u16, height: u16) -> Bench {
        let now = Now { wall: Instant(WALL), steady_ms: 1_000 };
        let call = Call { workspace: "~/work".into(), agent: None, no_color: false };
        let app = App::new(call, Theme::dark(), now, (width, height));
        Bench { app, now, effects: Vec::new(), size: (width, height) }
    }

    /// An empty workbench.
    pub(super) fn empty(width: u16, height: u16) -> Bench {
        let mut bench = Bench::opening(width, height);
        let view = CatalogView {
            state: CatalogState::Ready,
            tools: vec![],
            problems: vec![],
            in_use: None,
            skipped: Arc::default(),
            generation: 1,
        };
        bench.send(Msg::Opened(Opened { workspace: "~/work".into() }));
        bench.send(Msg::Catalog(Arc::new(view)));
        bench.answer(Answer::Failures(Ok(vec![])));
        bench.answer(Answer::Reviews(Ok(vec![])));
        bench.answer(Answer::Runs(Ok(vec![])));
        bench.answer(Answer::Serving(Box::new(Served::List(Ok(vec![])))));
        bench.effects.clear();
        bench
    }

    /// A workbench with tools, failures and pending reviews.
    pub(super) fn ready(width: u16, height: u16) -> Bench {
        let mut bench = Bench::empty(width, height);
        let view = catalog(CatalogState::Ready);
        bench.send(Msg::Catalog(Arc::clone(&view)));
        bench.send(Msg::Indexed { generation: 1, index: Arc::new(Index::new(&view.tools)) });
        bench.answer(Answer::Failures(Ok(failures())));
        bench.answer(Answer::Reviews(Ok(reviews())));
        bench
    }

    /// A workbench with instances of services as well.
    pub(super) fn serving(width: u16, height: u16) -> Bench {
        let mut bench = Bench::ready(width, height);
        bench.answer(Answer::Serving(Box::new(Served::List(Ok(services())))));
        bench.draw();
        bench.effects.clear();
        bench
    }

    /// Opens the second review, with its detail.
    pub(super) fn reviewing(width: u16, height: u16) -> Bench {
        Bench::reviewing_with(width, height, |_| {})
    }

    /// Opens the second review with this detail, changed from the usual detail.
    pub(super) fn reviewing_with(width: u16, height: u16, change: impl FnOnce(&mut ReviewDetail)) -> Bench {
        let mut bench = Bench::ready(width, height);
        bench.press("4 down enter");
        let review = reviews().remove(1);
        let mut detail = review_detail(&review);
        change(&mut detail);
        detail.review.verdict = detail.verdict.as_ref().map(Verdict::tally);
        bench.answer(Answer::reviewed(review.id, Ok(detail)));
        bench.draw();
        bench.effects.clear();
        bench
    }

    /// Pages on until every line of the review was on the screen.
    pub(super) fn read_everything(&mut self) -> &mut Self {
        self.draw();
        for _ in 0..200 {
            if matches!(&self.app.screen, Screen::Review(screen) if screen.is_read()) {
                break;
            }
            self.press("space");
            self.draw();
        }
        self
    }

    /// Changes the size of the terminal.
    pub(super) fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.size = (width, height);
        self.send(Msg::Resize { width, height })
    }

    pub(super) fn send(&mut self, msg: Msg) -> &mut Self {
        let effects = self.app.update(self.now, msg);
        self.effects.extend(effects);
        self
    }

    pub(super) fn answer(&mut self, answer: Answer) -> &mut Self {
        self.send(Msg::Answer(Box::new(answer)))
    }

    /// Presses keys, written as in the table and separated by spaces.
    pub(super) fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            Chord::parse(key).unwrap_or_else(|error| panic!("{error}"));
            let event = event(key);
            self.send(Msg::Key(event));
        }
        self
    }

    /// Types text, a key for each character.
    pub(super) fn type_text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
        self
    }

    pub(super) fn wait(&mut self, ms: u64) -> &mut Self {
        self.now.steady_ms += ms;
        self.now.wall = Instant(self.now.wall.0 + ms as i64);
        self.send(Msg::Wake)
    }

    /// Draws like the loop, and notifies the state.
    pub(super) fn draw(&mut self) -> Buffer {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut buffer = Buffer::empty(area);
        view::draw_into(&mut self.app, area, &mut buffer);
        self.send(Msg::Drawn);
        buffer
    }

    /// The screen as text, a line for each row.
    pub(super) fn screen(&mut self) -> String {
        let buffer = self.draw();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut row = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                row.push_str(symbol);
                x += unicode_width::UnicodeWidthStr::width(symbol).max(1) as u16;
            }
            text.push_str(row.trim_end());
            text.push('\n');
        }
        text
    }

    /// The styles of the screen: for each row the columns where the style changes.
    pub(super) fn styles(&mut self) -> String {
        let buffer = self.draw();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut last = Style::reset();
            for x in 0..buffer.area.width {
                let style = buffer[(x, y)].style();
                if style != last && style != Style::reset() {
                    let fg = style.fg.map(|c| c.to_string()).unwrap_or_default();
                    writeln!(text, "{y}:{x} {fg} {:?}", style.add_modifier).unwrap();
                }
                last = style;
            }
        }
        text
    }

    /// The effects requested since the last call.
    pub(super) fn taken(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}

fn event(key: &str) -> KeyEvent {
    let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
    match key {
        "enter" => plain(KeyCode::Enter),
        "esc" => plain(KeyCode::Esc),
        "tab" => plain(KeyCode::Tab),
        "shift-tab" => KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT),
        "up" => plain(KeyCode::Up),
        "down" => plain(KeyCode::Down),
        "space" => plain(KeyCode::Char(' ')),
        "home" => plain(KeyCode::Home),
        "end" => plain(KeyCode::End),
        "pagedown" => plain(KeyCode::PageDown),
        "pageup" => plain(KeyCode::PageUp),
        "f2" => plain(KeyCode::F(2)),
        "backspace" => plain(KeyCode::Backspace),
        key => match key.strip_prefix("ctrl-") {
            Some(rest) => KeyEvent::new(KeyCode::Char(rest.chars().next().unwrap()), KeyModifiers::CONTROL),
            None if key.chars().count() == 1 => plain(KeyCode::Char(key.chars().next().unwrap())),
            None => panic!("no key is named {key}"),
        },
    }
}
