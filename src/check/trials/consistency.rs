//! Compares the answers of the version and of the previously approved one to the same inputs.
//!
//! The inputs come from examples, tests and recorded runs of both, from variations of them with numbers and texts of
//! the code, and from the schema. The approved version answers each of them twice; differences between these answers
//! (times, random numbers) are not compared. If some of its answers vary, it answers inputs whose answers differ more often.
//! Other differences are reported with both answers.

use super::case::{Expect, TrialCase};
use super::expression::quote;
use super::generate::{self, Rng};
use super::samples::Samples;
use super::variants::{Fill, filled, variants};
use super::weight::{is_mended, weight};
use super::written::{Output, answer, files};
use super::{
    cannot_start, cases, crash, difference, in_words, inputs, rehearse, settled, takes_input, unavailable, untyped,
};
use crate::check::change::{Literals, literals, new_texts};
use crate::check::{Batch, CheckContext};
use crate::domain::NO_BASE;
use crate::domain::{
    CheckReport, Checker, Envelope, Finding, Observer, Recipe, RunId, Severity, ToolDetail, Touch, count, plural,
};
use crate::runner::{Pace, SampleFile, Tried};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

/// How many differences are reported separately.
const MAX_TOLD: usize = 4;

/// How many generated inputs both versions get.
const GENERATED: usize = 80;

/// How many inputs both versions get, including those that name files.
const MOST: usize = 120;

/// How many inputs of recorded runs both versions get.
const RECORDED: usize = 20;

/// How many known inputs are varied.
const MAX_KNOWN: usize = 8;

/// How many generated inputs are started at once; the time is checked in between.
const AT_ONCE: usize = 20;

/// How often the approved version is asked again if its answers vary.
const AGAIN: usize = 8;

/// How many inputs with different answers are repeated to find out whether answers vary, and how often.
const PROBED: (usize, usize) = (3, 4);

/// The time limit for all generated inputs.
const BUDGET: Duration = Duration::from_secs(10);

/// Compares the answers of both versions.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "consistency";
    let Some(base) = context.base else { return CheckReport::skipped(name, NO_BASE) };
    let (version_started, base_started) = (untyped::startable(context.version), untyped::startable(base));
    let version = version_started.as_ref().unwrap_or(context.version);
    let base = base_started.as_ref().unwrap_or(base);
    let context = &CheckContext { version, base: Some(base), ..*context };
    if let Some(why) = cannot_start(context.version).or_else(|| cannot_start(base)) {
        return CheckReport::skipped(name, why);
    }
    let mut compared = Compared { new_texts: new_texts(base, context.version), ..Compared::default() };
    let outcome = compared.known(context, base).and_then(|()| compared.generated(context, base));
    let is_as_before = compared.differences.iter().all(|difference| difference.severity == Severity::Low);
    if is_as_before && compared.findings.is_empty() {
        compared.findings = settled::findings(context, base, &compared.evidence());
    }
    if let Err(why) = outcome {
        if compared.answers == 0 {
            return unavailable(name, why);
        }
        compared.untried = Some(why);
    }
    if compared.answers == 0 && compared.findings.is_empty() {
        return CheckReport::skipped(name, "no input is valid for both versions");
    }
    compared.report(name, base)
}

/// The result of the comparison.
#[derive(Default)]
struct Compared {
    answers: usize,
    unstable: usize,
    /// Whether the approved version answered one of the inputs in two ways.
    varies: bool,
    /// Whether some inputs were repeated to find that out.
    is_probed: bool,
    generated: usize,
    /// Inputs with the same answer from both, and the output.
    same: Vec<(Value, Vec<u8>)>,
    /// Inputs for which the old version crashed and the new one does not, with its answer.
    mended: Vec<(Value, Vec<u8>)>,
    /// Inputs for which a new word or field explains the different answers, with both answers.
    explained: Vec<(Value, [Vec<u8>; 2])>,
    differences: Vec<Difference>,
    findings: Vec<Finding>,
    /// Texts that only the code of the new version has.
    new_texts: HashSet<String>,
    /// Why not all inputs were tried.
    untried: Option<String>,
    /// Files that inputs name.
    samples: Samples,
}

/// A different answer to an input: its position, the change, and the second answer of the approved version.
struct Changed<'t> {
    at: usize,
    change: String,
    again: &'t Tried,
    after: &'t Tried,
}

/// Two answers to one input.
struct Difference {
    input: Value,
    change: String,
    severity: Severity,
}

impl Compared {
    /// The inputs of examples and tests, with the observer.
    fn known(&mut self, context: &CheckContext<'_>, base: &ToolDetail) -> Result<(), String> {
        let mut both: Vec<TrialCase> = cases(base);
        let recorded = both.len();
        for case in cases(context.version) {
            if !both.iter().any(|known| known.input == case.input) {
                both.push(case);
            }
        }
        let extra = if both.is_empty() { inputs(base) } else { Vec::new() };
        let (before, after, again) = if both.is_empty() {
            let start = |version, pace| context.trials.start(&Batch::new(version, &extra, pace));
            (start(base, Pace::Watched)?, start(context.version, Pace::Watched)?, start(base, Pace::Plain)?)
        } else {
            let inputs: Vec<Value> = both.iter().map(|case| case.input.clone()).collect();
            let batch = Batch::new(base, &inputs, Pace::Plain);
            (rehearse(context, base, &both)?, rehearse(context, context.version, &both)?, context.trials.start(&batch)?)
        };
        let inputs: Vec<Value> = both.iter().map(|case| &case.input).chain(&extra).cloned().collect();
        let mut changes = Vec::new();
        for (at, (input, ((before, after), again))) in
            inputs.iter().zip(before.iter().zip(&after).zip(&again)).enumerate()
        {
            self.varies |= differs(Some(before), Some(again));
            let Some(change) = self.change(before, again, after) else {
                if before.end.outcome().has_started() && !differs(Some(before), Some(after)) {
                    self.same.push((input.clone(), answer(before)));
                }
                continue;
            };
            // The recorded answer was given before, and no longer is.
            let case = both.get(at).filter(|_| at < recorded);
            if let Some(case) = case.filter(|case| keeps(case, before) && !keeps(case, after)) {
                let message = format!("{}: with {}: {change}", case.name, quote(input));
                self.findings.push(Finding::new("recorded-answer", Severity::High, message));
            } else {
                changes.push(Changed { at, change, again, after });
            }
        }
        let changes = self.steady(context, changes, (base, &inputs, &before), &[])?;
        self.differ(changes, &inputs, &before);
        self.findings.extend(further(&before, &after));
        Ok(())
    }

    /// Generated inputs.
    fn generated(&mut self, context: &CheckContext<'_>, base: &ToolDetail) -> Result<(), String> {
        let literals = literals(base, context.version);
        self.samples = Samples::find(context, base, &literals)?;
        let all = generated_inputs(context, base, &literals, &self.samples);
        let files = self.samples.files.clone();
        self.compare(context, base, &all, &files)
    }

    /// Starts both versions with each of these inputs.
    fn compare(
        &mut self,
        context: &CheckContext<'_>,
        base: &ToolDetail,
        all: &[Value],
        files: &[SampleFile],
    ) -> Result<(), String> {
        let begun = Instant::now();
        for inputs in all.chunks(AT_ONCE) {
            if begun.elapsed() > BUDGET {
                break;
            }
            let start = |version| context.trials.start(&Batch::new(version, inputs, Pace::Quick).with_samples(files));
            let (before, after) = (start(base)?, start(context.version)?);
            self.generated += inputs.len();
            let differing: Vec<usize> =
                (0..inputs.len()).filter(|at| differs(before.get(*at), after.get(*at))).collect();
            self.answers += before.iter().filter(|tried| tried.end.outcome().has_started()).count() - differing.len();
            let answered = inputs.iter().zip(&before).enumerate().filter(|(at, _)| !differing.contains(at));
            let answered = answered.filter(|(_, (_, tried))| tried.end.outcome().has_started());
            self.same.extend(answered.map(|(_, (input, tried))| (input.clone(), answer(tried))));
            // Only differing answers need a second start.
            let again: Vec<Value> = differing.iter().map(|at| inputs[*at].clone()).collect();
            if again.is_empty() {
                continue;
            }
            let batch = Batch::new(base, &again, Pace::Plain).with_samples(files);
            let second = context.trials.start(&batch)?;
            let third = context.trials.start(&Batch { version: context.version, ..batch })?;
            self.varies |= differing.iter().zip(&second).any(|(at, second)| differs(before.get(*at), Some(second)));
            let mut changes = Vec::new();
            for ((at, again), after) in differing.iter().zip(&second).zip(&third) {
                let change = self.change(&before[*at], again, after);
                changes.extend(change.map(|change| Changed { at: *at, change, again, after }));
            }
            let changes = self.steady(context, changes, (base, inputs, &before), files)?;
            self.differ(changes, inputs, &before);
        }
        Ok(())
    }

    /// The change of a reproducible answer; counts it.
    fn change(&mut self, before: &Tried, again: &Tried, after: &Tried) -> Option<String> {
        if !before.end.outcome().has_started() {
            // The old version does not accept this input.
            return None;
        }
        if before.end.exit_code() != again.end.exit_code() {
            self.unstable += 1;
            return None;
        }
        self.answers += 1;
        changed(before, again, after)
    }

    /// The changes that do not come from chance: the approved version gives the same answer
    /// again and again. Of a version that answers some inputs by chance, two equal answers show little: a password of few
    /// characters is often the same twice.
    fn steady<'t>(
        &mut self,
        context: &CheckContext<'_>,
        mut changes: Vec<Changed<'t>>,
        (base, inputs, before): (&ToolDetail, &[Value], &[Tried]),
        files: &[SampleFile],
    ) -> Result<Vec<Changed<'t>>, String> {
        let ask = |asked: &mut Vec<&Changed<'t>>, times: usize| {
            for _ in 0..times {
                if asked.is_empty() {
                    break;
                }
                let again: Vec<Value> = asked.iter().map(|one| inputs[one.at].clone()).collect();
                let answers = context.trials.start(&Batch::new(base, &again, Pace::Plain).with_samples(files))?;
                let mut answers = answers.iter();
                asked
                    .retain(|one| answers.next().is_some_and(|now| changed(&before[one.at], one.again, now).is_none()));
            }
            Ok::<(), String>(())
        };
        if !changes.is_empty() && !self.varies && !std::mem::replace(&mut self.is_probed, true) {
            let mut few: Vec<&Changed<'t>> = changes.iter().take(PROBED.0).collect();
            let count = few.len();
            ask(&mut few, PROBED.1)?;
            self.varies = few.len() < count;
        }
        if self.varies {
            let mut left: Vec<&Changed<'t>> = changes.iter().collect();
            let count = left.len();
            ask(&mut left, AGAIN)?;
            let left: HashSet<usize> = left.into_iter().map(|one| one.at).collect();
            (self.unstable, self.answers) = (self.unstable + count - left.len(), self.answers + left.len() - count);
            changes.retain(|one| left.contains(&one.at));
        }
        Ok(changes)
    }

    /// Records different answers.
    fn differ(&mut self, changes: Vec<Changed<'_>>, inputs: &[Value], before: &[Tried]) {
        for Changed { at, change, after, .. } in changes {
            let severity = self.severity(&inputs[at], &before[at], after);
            self.differences.push(Difference { input: inputs[at].clone(), change, severity });
        }
    }

    /// The evidence for changed lines.
    fn evidence(&self) -> settled::Evidence<'_> {
        settled::Evidence {
            same: &self.same,
            explained: &self.explained,
            mended: &self.mended,
            files: &self.samples.files,
        }
    }

    /// The severity of a difference. Records evidence for the change.
    fn severity(&mut self, input: &Value, before: &Tried, after: &Tried) -> Severity {
        let given = self.samples.with_texts(input);
        let severity = weight(&given, input, &self.new_texts, [before, after]);
        if is_mended(before, after) {
            self.mended.push((input.clone(), answer(after)));
        } else if severity == Severity::Low && crash::of(after).is_none() {
            self.explained.push((input.clone(), [answer(before), answer(after)]));
        }
        severity
    }

    fn report(mut self, name: &str, base: &ToolDetail) -> CheckReport {
        let differing =
            self.differences.len() + self.findings.iter().filter(|one| one.code == "recorded-answer").count();
        // The shortest inputs are the easiest to understand.
        self.differences.sort_by_key(|one| (std::cmp::Reverse(one.severity), one.input.to_string().len()));
        let worst = self.differences.first().map_or(Severity::Low, |one| one.severity);
        for one in self.differences.iter().take(MAX_TOLD) {
            let message = format!(
                "with {}{}: {}",
                in_words(&one.input, "no input"),
                self.samples.said_of(&one.input),
                one.change
            );
            self.findings.push(Finding::new("other-answer", one.severity, message));
        }
        if differing > MAX_TOLD {
            let message = format!("{differing} of {} differ", count(self.answers, "answer"));
            self.findings.push(Finding::new("other-answer", worst, message));
        }
        let answers = plural(self.answers, "output is", "outputs are");
        let mut notes =
            vec![format!("{} of {answers} the same as in {}", self.answers - differing, base.manifest.version)];
        if self.generated > 0 {
            notes.push(format!("{} generated", count(self.generated, "input")));
        }
        if let Some(why) = &self.untried {
            notes.push(format!("others not tried: {why}"));
        }
        if self.unstable > 0 {
            notes.push(format!("{} not compared: the approved version answers differently each time", self.unstable));
        }
        CheckReport::of(name, self.findings).noted(notes.join(", "))
    }
}

/// Inputs that name files alternate with variations of known ones, followed by inputs from the schema; all match the
/// schemas of both versions.
fn generated_inputs(
    context: &CheckContext<'_>,
    base: &ToolDetail,
    literals: &Literals,
    samples: &Samples,
) -> Vec<Value> {
    let written: Vec<Value> = cases(base).into_iter().chain(cases(context.version)).map(|case| case.input).collect();
    let recorded: Vec<Value> =
        context.library.recorded(&context.version.tool.name).into_iter().map(|one| one.input).take(RECORDED).collect();
    let mut known: Vec<Value> = samples.known.iter().chain(&written).chain(&recorded).cloned().collect();
    let schema = base.manifest.input.as_ref().filter(|_| takes_input(base));
    let whole = literals.numbers.iter().find(|number| (10.0..1e6).contains(*number));
    let beyond = whole.map_or(20, |number| *number as i64 + 6);
    let fillings = [Fill::Words, Fill::Numbers(7), Fill::Numbers(beyond), Fill::Simple];
    known.extend(schema.iter().flat_map(|schema| fillings.map(|fill| filled(schema, fill))));
    known.truncate(MAX_KNOWN);
    let mut all: Vec<Value> = recorded.into_iter().filter(|input| !written.contains(input)).collect();
    let variants = schema.map_or_else(Vec::new, |schema| variants(schema, &known, literals, GENERATED * 3 / 4));
    let mut near = samples.known.iter().cloned().chain(variants);
    let mut named = samples.inputs.iter().cloned();
    loop {
        let pair = [named.next(), near.next()];
        if pair.iter().all(Option::is_none) {
            break;
        }
        all.extend(pair.into_iter().flatten());
    }
    let mut dice = Rng::of(context.version.tool.digest);
    for input in schema.map_or_else(Vec::new, |schema| generate::inputs(schema, &mut dice, GENERATED)) {
        if all.len() < GENERATED && !all.contains(&input) && !known.contains(&input) {
            all.push(input);
        }
    }
    let rules: Vec<(&Recipe, Checker)> = [base, context.version]
        .into_iter()
        .filter_map(|version| {
            let checker = Checker::new(version.manifest.input.as_ref()?).ok()?;
            Some((version.manifest.recipe.as_ref()?, checker))
        })
        .collect();
    all.retain(|input| {
        rules.iter().all(|(recipe, checker)| checker.violations(&recipe.without_piped(input)).is_empty())
    });
    all.truncate(MOST);
    all
}

/// The change of an answer, apart from what differs between two old answers.
fn changed(before: &Tried, again: &Tried, after: &Tried) -> Option<String> {
    match (before.end.exit_code(), after.end.exit_code()) {
        (Some(left), Some(right)) if left == right => {
            let of = |tried: &Tried| Output::of(&tried.stdout).value().clone();
            let (mut old, mut new) = (of(before), of(after));
            mask(&mut old, &of(again), &mut new);
            let (mut old_files, mut new_files) = (files(before), files(after));
            mask(&mut old_files, &files(again), &mut new_files);
            let in_file =
                || Some(format!("file {}", difference::first(&old_files, &new_files)?.trim_start_matches("at /")));
            let change = difference::first(&old, &new).or_else(in_file)?;
            Some(change.replace("expected ", "was ").replace(", got ", ", now "))
        }
        (Some(left), Some(right)) => Some(format!("exit code was {left}, now {right}")),
        (None, None) => None,
        (Some(_), None) => Some(format!("{}, exited by itself before", after.end.message().unwrap_or_default())),
        (None, Some(_)) => Some(format!("exits by itself, before: {}", before.end.message().unwrap_or_default())),
    }
}

fn differs(before: Option<&Tried>, after: Option<&Tried>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    before.end.outcome().has_started()
        && (before.end.exit_code() != after.end.exit_code()
            || before.stdout != after.stdout
            || before.left != after.left)
}

/// Removes parts that differ between two old answers from an old and a new answer.
fn mask(old: &mut Value, again: &Value, new: &mut Value) {
    match (&mut *old, again) {
        (Value::Object(left), Value::Object(right)) => {
            let Value::Object(new) = new else { return };
            let mut unsteady = Vec::new();
            for (key, value) in left.iter_mut() {
                match (right.get(key), new.get_mut(key)) {
                    (Some(again), Some(new)) => mask(value, again, new),
                    (Some(again), None) if again == value => {}
                    _ => unsteady.push(key.clone()),
                }
            }
            for key in unsteady {
                if right.get(&key) != left.get(&key) {
                    left.shift_remove(&key);
                    new.shift_remove(&key);
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let Value::Array(new) = new else { return };
            for ((value, again), new) in left.iter_mut().zip(right).zip(new) {
                mask(value, again, new);
            }
        }
        (Value::String(left), Value::String(right)) if left != right => {
            let Some(text) = new.as_str() else { return };
            let steady = |text: &str| -> Option<String> {
                let (one, other): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
                let lines: Vec<&str> = text.lines().collect();
                (one.len() == other.len() && one.len() == lines.len()).then(|| {
                    let kept = lines.iter().enumerate().filter(|(at, _)| one[*at] == other[*at]);
                    kept.map(|(_, line)| *line).collect::<Vec<_>>().join("\n")
                })
            };
            (*old, *new) = if let (Some(before), Some(after)) = (steady(left), steady(text)) {
                (Value::from(before), Value::from(after))
            } else {
                (Value::Null, Value::Null)
            };
        }
        (left, right) if left != right => (*old, *new) = (Value::Null, Value::Null),
        _ => {}
    }
}

/// Attempts observed for the new version but not for the other one, with the same inputs.
pub fn further(before: &[Tried], after: &[Tried]) -> Vec<Finding> {
    let seen = |all: &[Tried]| -> Option<BTreeSet<String>> {
        let mut envelope = Envelope::default();
        for (at, tried) in all.iter().enumerate() {
            if tried.observation.observer != Observer::On {
                return None;
            }
            envelope.fold(RunId(at as i64), &tried.observation);
        }
        let reaching = envelope.tried().into_iter().filter(|seen| !matches!(seen.touch, Touch::Read));
        Some(reaching.map(|seen| format!("{} {}", seen.touch, seen.target)).collect())
    };
    let (Some(old), Some(new)) = (seen(before), seen(after)) else { return Vec::new() };
    new.difference(&old)
        .take(MAX_TOLD)
        .map(|key| {
            Finding::new("reaches-further", Severity::Medium, format!("with the same input it now tries to {key}"))
        })
        .collect()
}

/// Whether a trial gives the expected answer; `false` if there is none.
fn keeps(case: &TrialCase, tried: &Tried) -> bool {
    let mut exact = case.expect.iter().filter_map(|expect| match expect {
        Expect::Exact(expected) => Some(expected),
        _ => None,
    });
    let output = Output::of(&tried.stdout);
    exact.next().is_some_and(|expected| output.differs(expected).is_none())
}
