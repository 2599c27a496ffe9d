//! Replays recorded inputs on a version and on an improved one.

use super::case::lacks_permissions;
use super::{cannot_start, difference, unavailable};
use crate::check::source::excerpt;
use crate::check::{Batch, CheckContext, Trials};
use crate::domain::{
    CheckReport, DIFF_TIME, Digest, Finding, Profile, ReplayOutcome, Replayed, Run, RunEnd, RunId, RunOutcome,
    Severity, ToolDetail,
};
use crate::runner::{Pace, Tried};
use serde_json::Value;
use similar::TextDiff;
use std::num::NonZeroUsize;

/// How much of an output is kept with a replay, in bytes.
const KEPT: usize = 2000;

/// The longest answer quoted in a finding, in characters.
const MAX_ANSWER: usize = 60;

/// The longest list of permissions that is shown, in characters.
const MAX_PERMITTED: usize = 120;

/// How much of a difference is kept, in lines.
const MAX_LINES: usize = 60;

/// The input of a run that was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Number of the recorded run.
    pub run: RunId,
    /// Input object of that run.
    pub input: Value,
    /// Whether it is a failure that the user chose to have fixed.
    pub chosen: bool,
    /// How that run ended.
    pub ended: RecordedEnd,
}

/// How a recorded run ended, to compare with a trial of the same version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEnd {
    /// Digest of the version that ran.
    pub digest: Digest,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The cause of its failure.
    pub error: Option<String>,
    /// Whether it had the declared permissions, which trials do not get.
    pub with_permissions: bool,
}

impl RecordedEnd {
    /// The end of a run.
    pub fn of(run: &Run) -> RecordedEnd {
        RecordedEnd {
            digest: run.digest,
            succeeded: run.outcome == RunOutcome::Succeeded,
            error: run.error.clone(),
            with_permissions: run.isolation.profile == Profile::Declared,
        }
    }

    /// Why a trial of this version does not repeat the run; `None` if it does, or if nothing shows that it does not.
    pub fn not_repeated(&self, version: &ToolDetail, tried: &Tried) -> Option<String> {
        let is_well = matches!(tried.end, RunEnd::Succeeded { .. });
        let is_same_version = self.digest == version.tool.digest;
        let lacked = self.with_permissions && lacks_permissions(&version.manifest);
        let differs = match (self.succeeded, is_well) {
            (true, false) => is_same_version || lacked,
            (false, false) => is_same_version && lacked && self.error.is_some() && self.error != tried.end.message(),
            (_, true) => false,
        };
        differs.then(|| {
            if lacked {
                format!("could not be repeated here: ran with permission to {}", permitted(version))
            } else {
                "could not be repeated here: the recorded run succeeded".to_owned()
            }
        })
    }
}

/// What the declared permissions of a version allow, in words.
fn permitted(version: &ToolDetail) -> String {
    let declared = &version.manifest.permissions;
    let lists = [
        ("use the network", &declared.network),
        ("read", &declared.read),
        ("write", &declared.write),
        ("see the variables", &declared.env),
    ];
    let parts =
        lists.iter().filter(|(_, list)| !list.is_empty()).map(|(verb, list)| format!("{verb} {}", list.join(", ")));
    excerpt(&parts.collect::<Vec<_>>().join("; "), MAX_PERMITTED)
}

/// Starts both versions with each input and describes the results, worst first. An input that neither accepts is
/// omitted.
///
/// # Errors
/// Why nothing can be started here, in one line.
pub fn replay(
    trials: &dyn Trials,
    (before, after): (&ToolDetail, &ToolDetail),
    recorded: &[Recorded],
) -> Result<Vec<Replayed>, String> {
    if recorded.is_empty() {
        return Ok(Vec::new());
    }
    let inputs: Vec<Value> = recorded.iter().map(|one| one.input.clone()).collect();
    let start = |version| trials.start(&Batch::new(version, &inputs, Pace::Plain).abreast(NonZeroUsize::MIN));
    let (old, new) = (start(before)?, start(after)?);
    let mut made: Vec<Replayed> = recorded
        .iter()
        .zip(old.iter().zip(&new))
        .filter_map(|(one, (old, new))| replayed(one, before, (old, new)))
        .collect();
    made.sort_by_key(|one| (one.outcome, !one.chosen, one.run));
    Ok(made)
}

/// The result for an input, by how it ended on both versions; `None` if neither accepts it. `before` is the old version.
pub fn replayed(one: &Recorded, before: &ToolDetail, (old, new): (&Tried, &Tried)) -> Option<Replayed> {
    let has_started = [old, new].iter().any(|tried| tried.end.outcome().has_started());
    has_started.then(|| match one.ended.not_repeated(before, old) {
        Some(why) => Replayed {
            run: one.run,
            outcome: ReplayOutcome::NotRepeated,
            chosen: one.chosen,
            input: one.input.to_string(),
            before: format!("{why}\nin the trial: {}", said(old)),
            after: format!("in the trial: {}", said(new)),
            difference: String::new(),
        },
        None => judged(one, old, new),
    })
}

fn judged(one: &Recorded, old: &Tried, new: &Tried) -> Replayed {
    let is_well = |tried: &Tried| matches!(tried.end, RunEnd::Succeeded { .. });
    let outcome = match (is_well(old), is_well(new)) {
        (true, false) => ReplayOutcome::Broken,
        (false, true) => ReplayOutcome::Fixed,
        (true, true) if is_same(old, new) => ReplayOutcome::Same,
        (false, false) if old.end.message() == new.end.message() => ReplayOutcome::Same,
        (true, true) | (false, false) => ReplayOutcome::Changed,
    };
    let difference = if is_same(old, new) { String::new() } else { lines(&shown(old), &shown(new)) };
    Replayed {
        run: one.run,
        outcome,
        chosen: one.chosen,
        input: one.input.to_string(),
        before: said(old),
        after: said(new),
        difference,
    }
}

/// Whether both outputs are the same: the same bytes, or the same value.
fn is_same(old: &Tried, new: &Tried) -> bool {
    let value = |tried: &Tried| serde_json::from_slice::<Value>(&tried.stdout).ok();
    old.stdout == new.stdout
        || matches!((value(old), value(new)), (Some(old), Some(new)) if difference::first(&old, &new).is_none())
}

/// How it ended, and the end of its output.
fn said(tried: &Tried) -> String {
    let end = match tried.end.message() {
        Some(message) => format!("{}: {message}", tried.end.outcome()),
        None => tried.end.outcome().to_string(),
    };
    let text = tail(&shown(tried));
    if text.trim().is_empty() { end } else { format!("{end}\n{}", text.trim_end()) }
}

fn shown(tried: &Tried) -> String {
    let (out, err) = (String::from_utf8_lossy(&tried.stdout), String::from_utf8_lossy(&tried.stderr));
    if err.is_empty() || out.is_empty() || out.ends_with('\n') {
        format!("{out}{err}")
    } else {
        format!("{out}\n{err}")
    }
}

fn tail(text: &str) -> String {
    if text.len() <= KEPT {
        return text.to_owned();
    }
    let mut from = text.len() - KEPT;
    while !text.is_char_boundary(from) {
        from += 1;
    }
    format!("… {}", &text[from..])
}

fn lines(old: &str, new: &str) -> String {
    let (old, new) = (tail(old), tail(new));
    let difference = TextDiff::configure().timeout(DIFF_TIME).diff_lines(old.as_str(), new.as_str());
    let text = difference.unified_diff().context_radius(2).to_string();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("\\ No newline")).take(MAX_LINES).collect();
    kept.join("\n")
}

/// The first line of an output stored with its end; otherwise the end.
fn answer(said: &str) -> String {
    let line = said.lines().nth(1).or_else(|| said.lines().next()).unwrap_or_default();
    excerpt(line, MAX_ANSWER)
}

/// Replays recorded inputs on the previously approved version, otherwise on the base version.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "replay";
    let original = if context.base.is_none() { context.library.original(&context.version.tool) } else { None };
    let Some(base) = context.base.or(original.as_ref()) else {
        return CheckReport::skipped(name, "no version was approved before");
    };
    let recorded = context.library.recorded(&context.version.tool.name);
    if recorded.is_empty() {
        return CheckReport::skipped(name, "no run with an input was recorded");
    }
    if let Some(why) = cannot_start(context.version).or_else(|| cannot_start(base)) {
        return CheckReport::skipped(name, why);
    }
    let made = match replay(context.trials, (base, context.version), &recorded) {
        Ok(made) => made,
        Err(why) => return unavailable(name, why),
    };
    let count = |outcome| made.iter().filter(|one| one.outcome == outcome).count();
    let findings = made.iter().filter_map(|one| {
        let severity = match one.outcome {
            ReplayOutcome::Broken => Severity::High,
            ReplayOutcome::Changed => Severity::Low,
            ReplayOutcome::Hidden
            | ReplayOutcome::Same
            | ReplayOutcome::NotRepeated
            | ReplayOutcome::LeftOut
            | ReplayOutcome::Refused
            | ReplayOutcome::Fixed => return None,
        };
        let last = one.after.lines().next().unwrap_or_default();
        let message = match one.outcome {
            ReplayOutcome::Changed => {
                let (was, now) = (answer(&one.before), answer(&one.after));
                format!("with the input of run {}: was {was}, now {now}", one.run)
            }
            _ => format!("the input of run {} is {}: {last}", one.run, one.outcome),
        };
        Some(Finding::new(one.outcome.word(), severity, message))
    });
    let findings = findings.collect();
    let not_repeated = match count(ReplayOutcome::NotRepeated) {
        0 => String::new(),
        runs => format!(", {runs} not repeatable here"),
    };
    let note = format!(
        "{} broken, {} changed, {} unchanged, {} fixed{not_repeated}",
        count(ReplayOutcome::Broken),
        count(ReplayOutcome::Changed),
        count(ReplayOutcome::Same),
        count(ReplayOutcome::Fixed)
    );
    CheckReport::of(name, findings).noted(note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trials::testing::python;
    use serde_json::json;

    #[test]
    fn a_run_that_a_trial_does_not_repeat_counts_neither_for_nor_against() {
        let mut version = python("print(open('in.json').read())");
        version.manifest.permissions.read = vec!["{workspace}".to_owned()];
        let failed = |reason: &str| Tried::unstarted(RunEnd::Failed { exit_code: 1, reason: reason.to_owned() });
        let well = Tried::unstarted(RunEnd::Succeeded { exit_code: 0 });
        let outcome = |version: &ToolDetail, ended: RecordedEnd, old: &Tried, new: &Tried| {
            let one = Recorded { run: RunId(3), input: json!({"file": "in.json"}), chosen: false, ended };
            let made = replayed(&one, version, (old, new)).unwrap();
            (made.outcome, made.summary())
        };
        let ended = RecordedEnd { digest: version.tool.digest, succeeded: true, error: None, with_permissions: true };
        let why = "could not be repeated here: ran with permission to read {workspace}".to_owned();
        for new in [&well, &failed("in.json not found")] {
            let made = outcome(&version, ended.clone(), &failed("in.json not found"), new);
            assert_eq!(made, (ReplayOutcome::NotRepeated, why.clone()));
        }
        // It failed with another error, which the new version may have fixed.
        let crashed = RecordedEnd { succeeded: false, error: Some("KeyError: 'a'".to_owned()), ..ended.clone() };
        assert_eq!(
            outcome(&version, crashed.clone(), &failed("in.json not found"), &well),
            (ReplayOutcome::NotRepeated, why)
        );
        let same = outcome(&version, crashed.clone(), &failed("KeyError: 'a'"), &failed("KeyError: 'a'"));
        assert_eq!(same.0, ReplayOutcome::Same);
        assert_eq!(outcome(&version, crashed, &failed("KeyError: 'a'"), &well).0, ReplayOutcome::Fixed);
        assert_eq!(outcome(&version, ended.clone(), &well, &failed("KeyError: 'a'")).0, ReplayOutcome::Broken);
        // Without permissions, a run of the same files that succeeded is not a failure either; one of others may be.
        version.manifest.permissions.read.clear();
        let made = outcome(&version, ended.clone(), &failed("x"), &well);
        assert_eq!(made.1, "could not be repeated here: the recorded run succeeded");
        let other = RecordedEnd { digest: Digest([9; 32]), ..ended };
        assert_eq!(outcome(&version, other, &failed("x"), &well).0, ReplayOutcome::Fixed);
    }
}
