//! Failures as a place to work: one group with everything about it, two runs compared, what is known before a run.

use crate::domain::description::{Align, Content, Describe, Description, Ink, StyledLine, Table};
use crate::domain::{
    AffectedVersion, DIFF_TIME, FailureGroup, FailureMark, Incident, Outcome, Run, RunId, RunOutcome, Stream, Tool,
    ToolName, VerbCall, count, span,
};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Described, Perform, PlainQuery, PlainVerb, argument, parsed};
use crate::engine::view::Preview;
use crate::engine::workspace::Workspace;
use crate::insight::{Scenario, WARN_FROM};
use crate::runner::Spool;
use crate::store::RunQuery;
use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;
use std::io::Read;

/// Runs of a group that are told.
const MOST_RUNS: usize = 100;

/// Incidents that are told.
const MOST_INCIDENTS: usize = 50;

/// Runs looked through for one that succeeded.
const LOOKED_AT: usize = 500;

/// How much of a stream is compared, bytes from its end.
const COMPARED: usize = 256 * 1024;

/// A failure group and everything about it.
#[derive(Debug, Clone, Serialize)]
pub struct FailureDetail {
    /// The group as it is listed.
    pub group: FailureGroup,
    /// The versions that failed so, the newest failure first.
    pub versions: Vec<AffectedVersion>,
    /// Marks that humans and agents set, oldest first.
    pub marks: Vec<FailureMark>,
    /// Its runs with their inputs, the newest first, at most 100.
    pub runs: Vec<Run>,
    /// Times in which the tool did not work, the newest first.
    pub incidents: Vec<Incident>,
    /// Median time to recovery of those that are over, milliseconds.
    pub median_recovery_ms: Option<u64>,
}

/// Two runs side by side.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// The one on the left.
    pub before: Run,
    /// The one on the right.
    pub after: Run,
    /// The difference of the inputs, in lines of indented JSON; empty when they are the same.
    pub input: String,
    /// The difference of standard output, of the last 256 KiB.
    pub stdout: String,
    /// The same of standard error.
    pub stderr: String,
    /// What could not be compared, one line each.
    pub notes: Vec<String>,
}

impl Compared {
    /// Facts side by side, in columns as wide as what is in them.
    fn facts(&self) -> Table {
        let (a, b) = (&self.before, &self.after);
        let heads = [("", Align::Left), ("fact", Align::Left), ("before", Align::Left), ("after", Align::Left)];
        let mut table = Table::new(&heads);
        let mut row = |name: &str, a: Content, b: Content| {
            let (sign, ink) = if a == b { (" ", Ink::Plain) } else { ("≠", Ink::Warn) };
            table.row([(ink, sign.to_owned().into()), (ink, name.to_owned().into()), (ink, a), (ink, b)]);
        };
        let version = |run: &Run| format!("{} {}", run.version, run.digest.short());
        row("run", format!("#{}", a.id).into(), format!("#{}", b.id).into());
        row("tool", a.tool.to_string().into(), b.tool.to_string().into());
        row("version", version(a).into(), version(b).into());
        row("outcome", a.outcome.to_string().into(), b.outcome.to_string().into());
        row("exit code", told(a.exit_code).into(), told(b.exit_code).into());
        row("started", a.started_at.into(), b.started_at.into());
        row("time", span(a.usage.duration_ms).into(), span(b.usage.duration_ms).into());
        row("processor", span(a.usage.cpu_ms).into(), span(b.usage.cpu_ms).into());
        row("isolation", a.isolation.level.to_string().into(), b.isolation.level.to_string().into());
        row("caller", a.caller.clone().into(), b.caller.clone().into());
        table
    }

    /// The differences, whose lines begin like those of a unified difference.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for run in [&self.before, &self.after] {
            lines.extend(run.error.as_ref().map(|error| format!("  cause of #{}: {error}", run.id)));
        }
        for (name, difference) in
            [("input", &self.input), ("standard output", &self.stdout), ("standard error", &self.stderr)]
        {
            lines.push(String::new());
            if difference.is_empty() {
                lines.push(format!("  {name}: identical"));
            } else {
                lines.push(format!("  {name}:"));
                lines.extend(difference.lines().map(str::to_owned));
            }
        }
        lines.extend(self.notes.iter().map(|note| format!("  note: {note}")));
        lines
    }
}

fn told(code: Option<i32>) -> String {
    code.map_or_else(|| "-".to_owned(), |code| code.to_string())
}

/// Shows two runs side by side.
pub(super) const COMPARE: PlainQuery = PlainQuery {
    name: "compare",
    needs_catalog: false,
    answer: |engine, call, _| {
        argument(call, "run")?;
        let number = |name| Ok::<_, EngineError>(parsed(call, name)?.map(RunId));
        let run = number("run")?.ok_or_else(|| EngineError::internal("a run without a number"))?;
        Described::of(&engine.failures().compare(run, number("other")?)?)
    },
};

impl Describe for Compared {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        told.table(self.facts());
        for line in self.lines() {
            let ink = match line.chars().next() {
                Some('+') => Ink::Good,
                Some('-') => Ink::Bad,
                Some('@') => Ink::Accent,
                _ => Ink::Plain,
            };
            told.line(StyledLine::new().put(ink, line).hanging(2));
        }
        told
    }
}

/// Says of a failure group that it is over.
pub(super) const RESOLVE: PlainVerb = PlainVerb {
    name: "resolve",
    needs_catalog: false,
    preview: |engine, call| engine.failures().preview_resolve(call),
    perform: Perform::Human(|engine, who, call| engine.failures().resolve(who, call)),
};

/// Takes a negative tag away that failure marks gave a tool.
pub(super) const UNTAG: PlainVerb = PlainVerb {
    name: "untag",
    needs_catalog: true,
    preview: |_, call| {
        let (tool, tag) = (argument(call, "tool")?, argument(call, "tag")?);
        Ok(Preview {
            title: format!("Remove the tag {tag} from {tool}?"),
            lines: vec!["`toolsmith call` finds it again for such scenarios".to_owned()],
            undo: "u (undo) reverts it".to_owned(),
        })
    },
    perform: Perform::Human(|engine, who, call| engine.failures().untag(who, call)),
};

/// Runs that failed, grouped by what went wrong.
#[derive(Clone, Copy)]
pub struct Failures<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl Failures<'_> {
    /// The one failure group whose signature begins like this.
    ///
    /// # Errors
    /// `NotFound` when none does, `Usage` when several do or fewer than four digits are given.
    pub fn group(&self, prefix: &str) -> Result<FailureGroup, EngineError> {
        let hint = "`toolsmith failures` lists them";
        if prefix.len() < 4 {
            return Err(EngineError::new(ErrorCode::Usage, "use at least 4 digits of the failure signature", hint));
        }
        let mut found = self.workspace.read(|q| Ok(q.failures_like(&prefix.to_lowercase(), now())?))?;
        match (found.pop(), found.is_empty()) {
            (Some(group), true) => Ok(group),
            (None, _) => Err(EngineError::new(ErrorCode::NotFound, format!("there is no failure {prefix}"), hint)),
            (Some(_), false) => {
                Err(EngineError::new(ErrorCode::Usage, format!("several failures begin with {prefix}"), hint))
            }
        }
    }

    /// Everything about one failure group.
    ///
    /// # Errors
    /// Those of [`Self::group`].
    pub fn detail(&self, prefix: &str) -> Result<FailureDetail, EngineError> {
        let group = self.group(prefix)?;
        self.workspace.read(|q| {
            let signature = Some(group.signature.clone());
            let runs = q.runs(&RunQuery { signature, limit: MOST_RUNS, ..RunQuery::default() })?;
            let incidents = q.incidents(Some(&group.tool), MOST_INCIDENTS)?;
            Ok(FailureDetail {
                marks: q.marks_of_group(&group.signature)?,
                versions: q.affected_versions(&group.signature)?,
                runs,
                median_recovery_ms: crate::domain::median_recovery_ms(&incidents),
                incidents,
                group,
            })
        })
    }

    /// Times in which tools did not work, of one or of all, the newest first.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn incidents(&self, tool: Option<&ToolName>, limit: usize) -> Result<Vec<Incident>, EngineError> {
        self.workspace.read(|q| Ok(q.incidents(tool, limit)?))
    }

    /// The marks that count, of one tool or of all, oldest first.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn marks(&self, tool: Option<&ToolName>) -> Result<Vec<FailureMark>, EngineError> {
        let mut marks = self.workspace.read(|q| Ok(q.all_failure_marks()?))?;
        marks.retain(|mark| tool.is_none_or(|tool| mark.tool == *tool));
        Ok(marks)
    }

    fn resolve(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let (group, reason) = (self.group(argument(call, "failure")?)?, call.get("reason"));
        Ok(self.workspace.transact(|tx| core::resolve(tx, self.workspace.actor(who), &group, reason))?.outcome)
    }

    fn preview_resolve(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let group = self.group(argument(call, "failure")?)?;
        Ok(Preview {
            title: format!("Mark failure {} of {} as resolved?", group.short(), group.tool),
            lines: vec![format!("occurred {}: {}", count(group.count as usize, "time"), group.sample_message)],
            undo: "it reopens automatically if it occurs again; u (undo) reopens it too".to_owned(),
        })
    }

    fn untag(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let tool = self.engine.library().resolve(argument(call, "tool")?)?;
        let tag = argument(call, "tag")?;
        Ok(self.workspace.transact(|tx| core::untag(tx, self.workspace.actor(who), &tool.name, tag))?.outcome)
    }

    /// Compares a run with another; without one, with the newest run of the tool that succeeded, and of these with
    /// one that had the same input when there is one.
    ///
    /// # Errors
    /// `NotFound` when a run does not exist, or none succeeded.
    pub fn compare(&self, run: RunId, other: Option<RunId>) -> Result<Compared, EngineError> {
        let run = self.engine.runs().record(run)?;
        let other = match other {
            Some(other) => self.engine.runs().record(other)?,
            None => self.succeeded_like(&run)?,
        };
        let (before, after) = if run.id > other.id { (other, run) } else { (run, other) };
        let mut notes = Vec::new();
        if before.tool != after.tool {
            notes.push(format!("these are runs of different tools: {} and {}", before.tool, after.tool));
        }
        let mut stream = |stream| {
            let mut text = |run: &Run| match self.output_of(run, stream) {
                Ok(text) => text,
                Err(why) => {
                    notes.push(why);
                    String::new()
                }
            };
            difference(&text(&before), &text(&after))
        };
        let (stdout, stderr) = (stream(Stream::Stdout), stream(Stream::Stderr));
        notes.dedup();
        let input = difference(&indented(&before.input), &indented(&after.input));
        Ok(Compared { before, after, input, stdout, stderr, notes })
    }

    fn succeeded_like(&self, run: &Run) -> Result<Run, EngineError> {
        let query = RunQuery {
            tool: Some(run.tool.clone()),
            outcome: Some(RunOutcome::Succeeded),
            limit: LOOKED_AT,
            ..RunQuery::default()
        };
        let mut good = self.workspace.read(|q| Ok(q.runs(&query)?))?;
        good.retain(|other| other.id != run.id);
        let same = good.iter().position(|other| other.input == run.input).unwrap_or(0);
        good.into_iter().nth(same).ok_or_else(|| {
            let message = format!("no other run of {} succeeded", run.tool);
            let hint = format!(
                "name the other run with `toolsmith compare {} RUN`, or choose it with `:compare` on the screen",
                run.id
            );
            EngineError::new(ErrorCode::NotFound, message, hint)
        })
    }

    /// The end of what a run wrote; the error says in words why there is none.
    fn output_of(&self, run: &Run, stream: Stream) -> Result<String, String> {
        let written = if stream == Stream::Stdout { run.usage.stdout_bytes } else { run.usage.stderr_bytes };
        if written == 0 {
            return Ok(String::new());
        }
        let spool = Spool::open(&self.engine.runs().spool_path(run.id));
        let spool = spool.map_err(|error| format!("the output of run {} cannot be read: {error}", run.id))?;
        let bytes = last_bytes(spool.bytes(Some(stream)), COMPARED);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What speaks against running a version with this input: that it failed with it before. `None` when nothing
    /// does.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(super) fn warning_before(&self, tool: &Tool, input: Option<&Value>) -> Result<Option<String>, EngineError> {
        let Some(input) = input else { return Ok(None) };
        let failed = self.workspace.read(|q| Ok(q.failures_with_input(tool.digest, &input.to_string())?))?;
        let version = &tool.version;
        Ok((failed >= WARN_FROM).then(|| format!("{} {version} failed {failed} times with this input", tool.name)))
    }

    /// What speaks against running a tool in a scenario: that it was marked as failed in scenarios like it. `None` when
    /// nothing does.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn warning_in(&self, tool: &Tool, scenario: &str) -> Result<Option<String>, EngineError> {
        let marks = self.marks(Some(&tool.name))?;
        let failed = Scenario::new(scenario).failures_like(marks.iter().map(|mark| mark.scenario.as_str()));
        let (name, times) = (&tool.name, count(failed, "time"));
        Ok((failed as u64 >= WARN_FROM).then(|| format!("{name} failed {times} in scenarios like this one")))
    }

    /// Failure groups, last seen first.
    pub fn list(&self, tool: Option<&ToolName>) -> Result<Vec<FailureGroup>, EngineError> {
        self.workspace.read(|q| Ok(q.failures(tool, now())?))
    }
}

/// JSON in lines; what is not JSON as it is.
fn indented(input: &str) -> String {
    let value: Result<Value, _> = serde_json::from_str(input);
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| input.to_owned())
}

fn difference(before: &str, after: &str) -> String {
    TextDiff::configure()
        .timeout(DIFF_TIME)
        .diff_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .missing_newline_hint(false)
        .to_string()
}

/// The last bytes of what can be read, as far as it can be read.
pub(in crate::engine) fn last_bytes(mut reader: impl Read, most: usize) -> Vec<u8> {
    let (mut kept, mut block) = (Vec::new(), [0; 16 * 1024]);
    while let Ok(read @ 1..) = reader.read(&mut block) {
        kept.extend_from_slice(&block[..read]);
        kept.drain(..kept.len().saturating_sub(most));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_compared_line_by_line_and_equal_ones_differ_in_nothing() {
        let text = difference(&indented(r#"{"a":1,"b":[2]}"#), &indented(r#"{"a":1,"b":[3]}"#));
        assert!(text.contains("\n-    2\n+    3\n"), "{text}");
        assert_eq!(difference(&indented("{}"), &indented("{ }")), "");
        assert_eq!(indented("no json"), "no json");
    }
}
