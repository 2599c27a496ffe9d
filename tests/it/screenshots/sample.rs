//! What happened in the workspace of the pictures: runs, failures and times, all made up and fixed.

use super::ScreenshotError;
use super::workspace::Workspace;
use toolsmith::domain::{
    CheckReport, FailureGroup, Finding, GroupState, Instant, Isolation, IsolationLevel, Profile, Review, ReviewId,
    ReviewKind, Run, RunId, RunOutcome, RunUsage, Sample, Severity, Stream, Tool, ToolFacts, ToolState, Verdict,
    signature_of,
};
use toolsmith::engine::Frame;

/// What the live run uses.
pub const USED: Sample = Sample { cpu_ms: 310, memory_bytes: 11 << 20, processes: 1, disk_bytes: 0 };

/// The time in the pictures: 2026-11-21, 10:30 UTC.
pub const NOW: Instant = Instant(1_795_257_000_000);
/// The run that is going on.
pub const LIVE: RunId = RunId(143);
/// The run that failed last.
pub const FAILED: RunId = RunId(142);

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn ago(ms: i64) -> Instant {
    Instant(NOW.0 - ms)
}

/// What the store would say of a bundled tool.
pub fn facts(tool: &str) -> ToolFacts {
    let (runs, succeeded, last): (u32, u32, i64) = match tool {
        "csv-stats" => (48, 47, 26 * HOUR),
        "json-query" => (131, 131, 2 * HOUR),
        "text-diff" => (64, 62, 3 * DAY),
        "dup-finder" => (22, 21, 5 * DAY),
        "log-digest" => (37, 33, 41 * MINUTE),
        "markdown-toc" => (19, 19, 9 * DAY),
        "divide" => (12, 5, 4 * MINUTE),
        "progress-demo" => (9, 7, 52 * SECOND),
        _ => return ToolFacts::default(),
    };
    let success_rate = Some(f64::from(succeeded) / f64::from(runs));
    ToolFacts { runs: u64::from(runs), success_rate, last_run_at: Some(ago(last)), ..ToolFacts::default() }
}

/// The rows of the catalog: one approved tool was changed on disk since.
pub fn tools(workspace: &Workspace) -> Vec<Tool> {
    let mut tools = workspace.tools().to_vec();
    for tool in tools.iter_mut().filter(|tool| tool.name.as_str() == "log-digest") {
        tool.state = ToolState::Changed;
    }
    tools
}

/// The waiting reviews, oldest first: the tools nobody has seen, and the changed one.
///
/// # Errors
/// When a bundled tool is missing.
pub fn reviews(workspace: &Workspace) -> Result<Vec<Review>, ScreenshotError> {
    let ages = [6 * DAY, 5 * DAY, 26 * HOUR, 3 * HOUR, 12 * MINUTE];
    let new = workspace.reviews().iter().map(|detail| &detail.review);
    let mut reviews: Vec<Review> =
        new.zip(ages).map(|(review, age)| checked(Review { created_at: ago(age), ..review.clone() })).collect();
    let changed = workspace.tool("log-digest")?;
    let Some(pattern) = reviews.first().cloned() else { return Ok(reviews) };
    reviews.push(Review {
        id: ReviewId(19),
        kind: ReviewKind::Drift,
        tool: changed.name,
        version: changed.version,
        digest: changed.digest,
        from_stage: changed.stage,
        to_stage: changed.stage,
        created_at: ago(41 * MINUTE),
        risk: changed.risk,
        summary: "files changed on disk since the approval".to_owned(),
        path: changed.path,
        ..pattern
    });
    reviews.sort_by_key(|review| review.created_at);
    Ok(reviews)
}

/// Failure groups, last seen first.
///
/// # Errors
/// When a bundled tool is missing.
pub fn failures(workspace: &Workspace) -> Result<Vec<FailureGroup>, ScreenshotError> {
    let group = |tool,
                 count,
                 severity,
                 outcome,
                 message: &str,
                 last,
                 trend: [u32; 7]|
     -> Result<FailureGroup, ScreenshotError> {
        let tool = workspace.tool(tool)?.name;
        Ok(FailureGroup {
            signature: signature_of(&tool, outcome, message),
            tool,
            count,
            severity,
            first_at: ago(8 * DAY),
            last_at: ago(last),
            sample_run: Some(FAILED),
            sample_message: message.to_owned(),
            outcome,
            scenarios: Vec::new(),
            state: GroupState::Open,
            resolved_at: None,
            resolved_by: None,
            trend: trend.to_vec(),
        })
    };
    let (failed, medium) = (RunOutcome::Failed, Severity::Medium);
    Ok(vec![
        group("divide", 7, medium, failed, "division by zero: 1 / 0", 4 * MINUTE, [0, 1, 0, 0, 2, 1, 3])?,
        group("progress-demo", 2, Severity::Low, failed, FAILED_STEP, 17 * MINUTE, [0, 0, 0, 0, 0, 1, 1])?,
        group(
            "log-digest",
            4,
            Severity::High,
            RunOutcome::TimedOut,
            "timed out after 10 s",
            41 * MINUTE,
            [0, 0, 0, 0, 0, 0, 4],
        )?,
        group(
            "csv-stats",
            2,
            medium,
            failed,
            "ValueError: row 3 has 2 cells, the head has 5",
            3 * HOUR,
            [0, 0, 1, 0, 0, 0, 1],
        )?,
        group(
            "text-diff",
            2,
            medium,
            RunOutcome::InvalidOutput,
            "output: empty, expected a JSON value",
            3 * DAY,
            [0, 0, 0, 2, 0, 0, 0],
        )?,
    ])
}

const FAILED_STEP: &str = "RuntimeError: step 3 (compare) failed as asked";

/// Recent runs, newest first; the first one is going on.
///
/// # Errors
/// When a bundled tool is missing.
pub fn runs(workspace: &Workspace) -> Result<Vec<Run>, ScreenshotError> {
    let run = |id, tool, outcome, age, duration_ms, written, input: &str| -> Result<Run, ScreenshotError> {
        let tool = workspace.tool(tool)?;
        let usage = RunUsage {
            duration_ms,
            cpu_ms: duration_ms / 2,
            max_rss_bytes: 11 << 20,
            stdout_bytes: written,
            stderr_bytes: 0,
            ..RunUsage::default()
        };
        Ok(Run {
            id,
            tool: tool.name,
            version: tool.version,
            digest: tool.digest,
            stage: tool.stage,
            caller: "human".to_owned(),
            outcome,
            exit_code: (outcome != RunOutcome::Running).then_some(0),
            signal: None,
            started_at: ago(age),
            usage,
            isolation: Isolation {
                level: IsolationLevel::Isolated,
                profile: Profile::Strict,
                layers: ["rlimits", "file-view", "landlock", "seccomp", "observer"].map(str::to_owned).to_vec(),
                missing: Vec::new(),
            },
            denied: Vec::new(),
            error: None,
            notes: Vec::new(),
            departed: vec![],
            interpreter: None,
            parent: None,
            worker: None,
            step: None,
            truncated: false,
            input: input.to_owned(),
        })
    };
    let mut failed = run(FAILED, "divide", RunOutcome::Failed, 4 * MINUTE, 38, 55, r#"{"a":1,"b":0}"#)?;
    failed.error = Some("division by zero: 1 / 0".to_owned());
    let good = RunOutcome::Succeeded;
    Ok(vec![
        run(LIVE, "progress-demo", RunOutcome::Running, 6 * SECOND, 0, 0, r#"{"seconds":10,"fail_at":0}"#)?,
        failed,
        run(RunId(141), "json-query", good, 2 * HOUR, 64, 2_310, r#"{"path":"items[0]"}"#)?,
        run(RunId(140), "csv-stats", good, 26 * HOUR, 112, 8_140, r#"{"file":"sales.csv"}"#)?,
    ])
}

/// What a run has written so far.
pub fn output(run: RunId) -> Vec<Frame> {
    if run == FAILED {
        return vec![frame(
            Stream::Stdout,
            31,
            "{\"success\": false, \"error\": \"division by zero: 1 / 0\"}\n".to_owned(),
        )];
    }
    let steps = ["collect", "parse", "compare", "write", "check"];
    let mut frames: Vec<Frame> = (1..=3)
        .map(|step| {
            frame(
                Stream::Stderr,
                step * 2_000,
                format!("{} \u{1b}[2mdone\u{1b}[0m\n", bar(step, steps[step as usize - 1], 20)),
            )
        })
        .collect();
    frames.push(frame(Stream::Stderr, 6_900, bar(4, steps[3], 9)));
    frames
}

/// A line as progress-demo writes it.
fn bar(step: u64, name: &str, done: usize) -> String {
    let filled = "#".repeat(done) + &".".repeat(20 - done);
    format!("\r[{step}/5] {name:<8} \u{1b}[32m{filled}\u{1b}[0m {:3} %", done * 5)
}

fn frame(stream: Stream, at_ms: u64, text: String) -> Frame {
    Frame { stream, at_ms, bytes: text.into_bytes(), offset: 4 + at_ms }
}

/// The verdict of every sample review: nothing stands in the way, one thing wants a look.
pub fn verdict() -> Verdict {
    let finding = Finding::new("permissions", Severity::Medium, "reads files, and declares no path that it may read");
    let checks = vec![
        CheckReport::of("manifest", Vec::new()),
        CheckReport::of("syntax", Vec::new()),
        CheckReport::of("capabilities", vec![finding]),
        CheckReport::of("complexity", Vec::new()),
        CheckReport::of("hidden-text", Vec::new()),
        CheckReport::of("duplicates", Vec::new()),
        CheckReport::of("tests", Vec::new()).noted("3 of 3 passed"),
        CheckReport::of("properties", Vec::new()).noted("200 inputs, none broke it"),
        CheckReport::of("benchmark", Vec::new()).noted("p50 31 ms, p95 40 ms, peak 11.2 MiB"),
        CheckReport::unavailable("ruff", "not installed here"),
        CheckReport::unavailable("mypy", "not installed here"),
    ];
    Verdict::of(checks, None, NOW)
}

fn checked(review: Review) -> Review {
    Review { verdict: Some(verdict().tally()), ..review }
}
