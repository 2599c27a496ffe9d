//! Recorded runs: `runs`, `output`, `cancel`.

use super::call::{Answer, Call, Stop};
use super::done::Done;
use super::kept::Kept;
use super::outlet::{self, Outlet};
use super::print_text::{Align, Ink, Look, Page, StyledLine, Table, counted, span, when};
use crate::domain::composite::RunStep;
use crate::domain::{Command, IsolationLevel, Run, RunId, RunOutcome, Stream};
use crate::engine::{EngineError, RunFilter, StagedState, StagedView};
use serde::Serialize;
use std::io;

/// Recorded runs, newest first.
#[derive(Serialize)]
pub(super) struct Runs {
    runs: Vec<Run>,
}

pub(super) fn runs(call: &Call<'_>) -> Result<Runs, EngineError> {
    let engine = call.open()?;
    let named = call.named_tool(&engine)?;
    let filter = RunFilter {
        digest: named.as_ref().and_then(|named| named.digest),
        tool: named.map(|named| named.name),
        outcome: call.word("outcome")?,
        since: call.since(),
        limit: call.get::<usize>("limit").unwrap_or_default(),
    };
    Ok(Runs { runs: engine.runs().list(&filter)? })
}

impl Answer for Runs {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        if !self.runs.is_empty() {
            page.table(&run_table(&self.runs, page.look()))?;
        }
        page.line(&StyledLine::new().put(Ink::Dim, counted(self.runs.len(), "run", "runs")))
    }
}

/// A table of runs.
pub(super) fn run_table(runs: &[Run], look: Look) -> Table {
    let heads = [
        ("run", Align::Right),
        ("tool", Align::Left),
        ("outcome", Align::Left),
        ("started", Align::Left),
        ("time", Align::Right),
        ("caller", Align::Left),
        ("isolation", Align::Left),
        ("cause", Align::Left),
    ];
    let mut table = Table::new(&heads).sparing(&["caller", "time"]);
    for run in runs {
        let time = if run.outcome == RunOutcome::Running { "-".to_owned() } else { span(run.usage.duration_ms) };
        // Short words; views with more room show the full ones.
        let level = match (run.outcome, run.isolation.level) {
            (RunOutcome::Running, IsolationLevel::None) => "-",
            (outcome, _) if !outcome.has_started() => "-",
            (_, level) => level.word(),
        };
        table.row([
            (Ink::Strong, run.id.to_string()),
            (Ink::Plain, named(run)),
            (outcome_ink(run.outcome), run.outcome.to_string()),
            (Ink::Dim, when(run.started_at, look)),
            (Ink::Plain, time),
            (Ink::Plain, run.caller.clone()),
            (
                level_ink(run),
                run.worker.as_ref().map_or_else(|| level.to_owned(), |worker| format!("{level} on {worker}")),
            ),
            (Ink::Plain, run.error.clone().unwrap_or_default()),
        ]);
    }
    table
}

/// The tool of a run, and the run that started it, if any.
fn named(run: &Run) -> String {
    let tool = format!("{}@{}", run.tool, run.version);
    match (&run.parent, &run.step) {
        (Some(parent), Some(step)) => format!("{tool} (step {step} of {parent})"),
        (Some(parent), None) => format!("{tool} (called by {parent})"),
        (None, _) => tool,
    }
}

/// The ink of the isolation of a run.
pub(super) fn level_ink(run: &Run) -> Ink {
    match run.isolation.level {
        _ if !run.outcome.has_started() => Ink::Dim,
        IsolationLevel::Isolated => Ink::Good,
        IsolationLevel::Confined => Ink::Plain,
        IsolationLevel::LimitsOnly | IsolationLevel::None => Ink::Warn,
    }
}

/// The ink of an outcome.
pub(super) fn outcome_ink(outcome: RunOutcome) -> Ink {
    match outcome {
        RunOutcome::Running => Ink::Accent,
        RunOutcome::Succeeded => Ink::Good,
        RunOutcome::Cancelled | RunOutcome::Refused | RunOutcome::InvalidInput | RunOutcome::Interrupted => Ink::Warn,
        RunOutcome::Failed
        | RunOutcome::TimedOut
        | RunOutcome::Killed
        | RunOutcome::LimitExceeded
        | RunOutcome::InvalidOutput
        | RunOutcome::SpawnFailed => Ink::Bad,
    }
}

pub(super) fn cancel(call: &Call<'_>) -> Result<Done, EngineError> {
    let run = RunId(call.required_id("run")?);
    let engine = call.open()?;
    Ok(Done::new(engine.execute(Command::Cancel { run }, &call.caller(&engine))?))
}

/// A run and its output, for scripts.
#[derive(Serialize)]
pub(super) struct RunAnswer {
    pub(super) run: Run,
    /// Standard output as text; invalid UTF-8 becomes U+FFFD.
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// Whether the stored output was cut at the output limit.
    pub(super) truncated: bool,
    /// The steps of a composite; empty for every other tool.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) steps: Vec<RunStep>,
}

impl RunAnswer {
    /// The answer for a run with this stored output.
    pub(super) fn new(run: Run, kept: &Kept, steps: Vec<RunStep>) -> RunAnswer {
        RunAnswer {
            truncated: run.truncated,
            steps,
            run,
            stdout: kept.text(Stream::Stdout),
            stderr: kept.text(Stream::Stderr),
        }
    }
}

/// The streams that `output` shows.
fn wanted(stream: Option<&str>) -> &'static [Stream] {
    match stream {
        Some("stdout") => &[Stream::Stdout],
        Some("stderr") => &[Stream::Stderr],
        _ => &[Stream::Stdout, Stream::Stderr],
    }
}

/// The staged writes of a run to its declared paths.
#[derive(Serialize)]
struct Difference {
    run: RunId,
    staged: Option<StagedView>,
}

impl Answer for Difference {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let Some(staged) = &self.staged else {
            return page.say("no staged writes to declared paths");
        };
        for line in staged.diff.lines() {
            page.say(line)?;
        }
        page.say(match staged.state {
            StagedState::Kept => "not applied: no file was changed",
            StagedState::Pending => "partly applied; the next start continues",
            StagedState::Applied => "applied; undo reverts it",
            StagedState::TakenBack => "applied, then undone",
        })
    }
}

/// `output RUN`: prints the stored output in the order in which it was written; unchanged to a file or pipe, escaped to
/// a terminal.
pub(super) fn output(call: &Call<'_>) -> Result<u8, Stop> {
    let engine = call.open()?;
    let named = call.required("run")?;
    let (run, previous) = match named.parse::<RunId>() {
        Ok(run) => (run, None),
        Err(_) => (engine.services().run_of(named)?, engine.services().previous_run_of(named)),
    };
    let run = engine.runs().record(run)?;
    if call.switch("diff") {
        return call.print(&Difference { run: run.id, staged: engine.staged_writes().of_run(run.id)? });
    }
    let streams = wanted(call.text("stream"));
    let kept = Kept::read(&engine, run.id)?.only(streams);
    if call.globals.json {
        let steps = engine.runs().steps_of(run.id)?;
        outlet::object(&RunAnswer::new(run, &kept, steps))?;
        return Ok(0);
    }
    let mut out = Outlet::new(Stream::Stdout, call.globals.color);
    for (_, bytes) in kept.frames() {
        out.take(bytes)?;
    }
    out.finish()?;
    if engine.runs().is_pruned(&run) {
        call.note(&StyledLine::new().put(Ink::Warn, format!("the output of run {} was removed by prune", run.id)));
    }
    if run.truncated {
        call.note(
            &StyledLine::new().put(Ink::Warn, format!("the output of run {} was truncated at its limit", run.id)),
        );
    }
    if run.outcome == RunOutcome::Running {
        call.note(&StyledLine::new().put(Ink::Accent, format!("run {} has not ended yet", run.id)));
    }
    if run.outcome == RunOutcome::Interrupted && !engine.runs().steps_of(run.id)?.is_empty() {
        let text = format!("run {0} was interrupted; `toolsmith continue {0}` runs what did not succeed", run.id);
        call.note(&StyledLine::new().put(Ink::Accent, "next: ").put(Ink::Plain, text));
    }
    if let Some(previous) = previous {
        let text = format!("`toolsmith output {previous}` prints the log of the start of {named} before this one");
        call.note(&StyledLine::new().put(Ink::Accent, "hint: ").put(Ink::Plain, text));
    }
    Ok(0)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Digest, Instant, Isolation, Profile, RunUsage, Stage, ToolName};
    use serde_json::json;

    /// A sample run that failed.
    pub(crate) fn failed_run() -> Run {
        Run {
            id: RunId(7),
            tool: ToolName::new("divide").unwrap(),
            version: semver::Version::new(1, 0, 0),
            digest: Digest([0xab; 32]),
            stage: Stage::Experimental,
            caller: "human".into(),
            outcome: RunOutcome::Failed,
            exit_code: Some(3),
            signal: None,
            started_at: Instant(1_767_323_045_678),
            usage: RunUsage {
                duration_ms: 340,
                cpu_ms: 20,
                max_rss_bytes: 4_096,
                stderr_bytes: 12,
                ..RunUsage::default()
            },
            isolation: Isolation {
                level: IsolationLevel::LimitsOnly,
                profile: Profile::Strict,
                layers: vec!["rlimits".into()],
                missing: vec!["network".into()],
            },
            denied: vec![],
            error: Some("bad\u{202e}input".into()),
            notes: vec!["2 background processes were ended".into()],
            departed: vec![],
            interpreter: None,
            parent: None,
            worker: None,
            step: None,
            truncated: false,
            input: "{}".into(),
        }
    }

    #[test]
    fn a_run_has_the_fields_scripts_rely_on() {
        assert_eq!(
            object(&Runs { runs: vec![failed_run()] }),
            json!({"schema": 1, "runs": [{
                "id": 7, "tool": "divide", "version": "1.0.0", "digest": "ab".repeat(32), "stage": "experimental",
                "caller": "human", "outcome": "failed", "exit_code": 3, "signal": null,
                "started_at": "2026-01-02T03:04:05.678Z", "duration_ms": 340, "cpu_ms": 20, "max_rss_bytes": 4096,
                "stdout_bytes": 0, "stderr_bytes": 12, "peak_memory_bytes": 0, "peak_processes": 0, "disk_bytes": 0,
                "isolation": {"level": "limits-only", "profile": "strict", "layers": ["rlimits"], "missing": ["network"]},
                "denied": [], "error": "bad\u{202e}input",
                "notes": ["2 background processes were ended"], "departed": [], "interpreter": null, "truncated": false, "input": "{}"
            }]})
        );
    }

    #[test]
    fn a_run_is_one_line_with_its_cause_escaped() {
        assert_eq!(
            plain(|page| Runs { runs: vec![failed_run()] }.text(page)),
            "run  tool          outcome  started                    time  caller  isolation    cause\n  \
             7  divide@1.0.0  failed   2026-01-02T03:04:05.678Z  340ms  human   limits-only  bad\\u{202e}input\n\
             1 run\n"
        );
    }

    #[test]
    fn one_stream_or_both() {
        assert_eq!(wanted(Some("stderr")), [Stream::Stderr]);
        assert_eq!(wanted(None), wanted(Some("both")));
    }

    #[test]
    fn a_run_answers_with_its_record_and_its_output() {
        let answer = object(&RunAnswer {
            run: failed_run(),
            stdout: "o".into(),
            stderr: "e".into(),
            truncated: false,
            steps: vec![],
        });
        let fields: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["schema", "run", "stdout", "stderr", "truncated"]);
    }
}
