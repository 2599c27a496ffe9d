//! Starts the previous version and an answer with the same inputs, and judges the answer by the results.

use super::compose::{Case, plain_files};
use crate::check::{self, Batch, Recorded, Trials};
use crate::domain::{
    Capability, CapabilityKind, Checker, Finding, ReplayOutcome, Replayed, RunEnd, RunId, Severity, ToolDetail,
    VersionFile,
};
use crate::engine::Evolutions;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::review::check_runs::EngineTrials;
use crate::evolve::assess::{
    AnswerEvidence, Assessment, Probe, ProbeEnd, ProbeRun, ProbeSource, VersionTexts, assess, near,
    with_missing_imports,
};
use crate::runner::{Pace, Tried};
use serde_json::Value;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

/// Maximum number of generated inputs similar to a failing one.
const NEAR_FAILING: usize = 10;

/// Maximum number of generated inputs similar to a working one.
const NEAR_WORKING: usize = 8;

/// Maximum number of generated inputs similar to a failing one that was not chosen.
const NEAR_OTHERS: usize = 5;

/// Maximum number of inputs with which the previous version is started again, to see whether its answers are steady.
const AGAIN: usize = 6;

/// Number of known inputs of each kind from which others are generated.
const KNOWN: usize = 2;

/// Maximum number of examples and tests.
const EXAMPLES: usize = 20;

/// Number of starts in parallel.
const SIDE_BY_SIDE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

/// Maximum part of the end of standard error that is read, in bytes.
const STDERR: usize = 4 * 1024;

/// An answer that is examined.
pub(super) struct Examination<'a> {
    pub(super) evolutions: &'a Evolutions<'a>,
    pub(super) case: &'a Case,
    pub(super) detail: &'a ToolDetail,
    pub(super) stop: &'a AtomicBool,
}

/// Inputs that were tried, with the result of each.
#[derive(Default)]
struct Tries {
    probes: Vec<Probe>,
    replayed: Vec<Replayed>,
    observed: Vec<String>,
    /// Two different outputs of the new version for one input.
    unsteady: Option<[String; 2]>,
    /// Why some were not tried.
    untried: Option<String>,
}

impl Examination<'_> {
    /// Judges the answer, and returns the results for recorded inputs.
    ///
    /// `still` are faults that both versions have when they are started.
    pub(super) fn assess(
        &self,
        recorded: &[Recorded],
        still: &[String],
    ) -> Result<(Assessment, Vec<Replayed>), EngineError> {
        let can_start = |detail: &ToolDetail| detail.tool.runnable && detail.manifest.recipe.is_some();
        let tries =
            if can_start(self.detail) && can_start(&self.case.base) { self.tried(recorded)? } else { Tries::default() };
        let failed = |why: String| EngineError::new(ErrorCode::Failed, why, "");
        let (before, after) = (
            plain_files(self.case, &self.case.base.files).map_err(failed)?,
            plain_files(self.case, &self.detail.files).map_err(failed)?,
        );
        let new = crate::catalog::read_files(after.values().cloned().collect(), &self.case.base.tool)
            .map_err(|problem| failed(problem.message))?;
        let (before, after) = (texts(&before), texts(&after));
        let entry = self.case.base.main_file().map(|file| file.path.as_str());
        let manifest = self.case.want.manifest.as_ref().map(|(path, _)| path.as_str());
        let meant = with_imports(&self.case.base, &after);
        let known = check::capabilities_of(&meant);
        // Code that failed because of a missing import would have used the network if the import had been there.
        let is_network = |one: &Capability| matches!(one.kind, CapabilityKind::Network | CapabilityKind::Address);
        let is_meant = meant.files != self.case.base.files && known.iter().any(is_network);
        let observed = if is_meant { &[] } else { tries.observed.as_slice() };
        let (changes, _) = check::change::differences(&self.case.base, &new);
        let asked = &self.case.row.asked;
        let mut assessment = assess(&AnswerEvidence {
            bundle: &self.case.bundle,
            is_major: asked.step == Some(crate::domain::Step::Major),
            is_new: asked.specification.is_some(),
            texts: VersionTexts { before: &before, after: &after, entry, manifest },
            manifests: (&self.case.base.manifest, &new.manifest),
            capabilities: (&known, &check::capabilities_of(&new)),
            observed,
            changes: &changes,
            still,
            probes: &tries.probes,
            unsteady: tries.unsteady.as_ref(),
        });
        if let Some(why) = tries.untried {
            let message = format!("not all inputs could be tried: {why}");
            assessment.report.findings.push(Finding::new("not-tried", Severity::Low, message));
        }
        let mut replayed = tries.replayed;
        for one in &mut replayed {
            if let Some((_, outcome)) = assessment.outcomes.iter().find(|(run, _)| *run == one.run) {
                one.outcome = *outcome;
            }
        }
        replayed.sort_by_key(|one| (one.outcome, !one.chosen, one.run));
        Ok((assessment, replayed))
    }

    /// Starts both with recorded inputs, examples and tests, then with generated inputs similar to those.
    fn tried(&self, recorded: &[Recorded]) -> Result<Tries, EngineError> {
        let trials = EngineTrials::new(self.evolutions.engine, self.case.worker(), self.stop);
        let mut tries = Tries::default();
        let mut inputs: Vec<Value> = recorded.iter().map(|one| one.input.clone()).collect();
        let mut sources: Vec<ProbeSource> =
            recorded.iter().map(|one| ProbeSource::Recorded { run: one.run, chosen: one.chosen }).collect();
        for input in self.examples() {
            if !inputs.contains(&input) {
                inputs.push(input);
                sources.push(ProbeSource::Example);
            }
        }
        let (old, new) = self
            .start(&trials, &inputs, Pace::Watched)
            .map_err(|why| EngineError::internal(format!("recorded inputs cannot be replayed: {why}")))?;
        tries.replayed = recorded
            .iter()
            .zip(old.iter().zip(&new))
            .filter_map(|(one, both)| check::replayed(one, &self.case.base, both))
            .collect();
        let reaches = check::further(&old, &new).into_iter().map(|finding| finding.message);
        // Uses of programs and files are judged by the code, because interpreters access many of them by themselves.
        let is_network = |message: &String| [" connect ", " resolve ", " listen "].iter().any(|w| message.contains(w));
        tries.observed = reaches.filter(is_network).collect();
        tries.add(&inputs, &sources, (&old, &new));
        tries.forget_not_repeated();
        tries.unsteady = self.unsteady(&trials, &tries.probes);
        let (inputs, sources) = self.nearby(&tries.probes);
        match self.start(&trials, &inputs, Pace::Quick) {
            Ok((old, new)) => tries.add(&inputs, &sources, (&old, &new)),
            Err(why) => tries.untried = Some(why),
        }
        self.start_again(&trials, &mut tries.probes);
        Ok(tries)
    }

    /// Two different outputs of the new version for one input that failed before.
    fn unsteady(&self, trials: &EngineTrials<'_>, probes: &[Probe]) -> Option<[String; 2]> {
        let is_mended = |probe: &&Probe| probe.before.end == ProbeEnd::Failed && probe.after.end == ProbeEnd::Succeeded;
        let mended: Vec<&Probe> = probes.iter().filter(is_mended).take(KNOWN).collect();
        let inputs: Vec<Value> = mended.iter().map(|probe| probe.input.clone()).collect();
        let again = start(trials, self.detail, &inputs, Pace::Plain).ok()?;
        let both = mended.iter().zip(again.iter().map(run));
        let differing = both.into_iter().find(|(probe, again)| probe.after.stdout != again.stdout);
        differing.map(|(probe, again)| [probe.after.stdout.clone(), again.stdout])
    }

    /// Starts the previous version again if the new one gives another answer: outputs with times and random numbers do
    /// not count as answers.
    fn start_again(&self, trials: &EngineTrials<'_>, probes: &mut [Probe]) {
        let is_other = |probe: &&mut Probe| {
            let ends = [probe.before.end, probe.after.end];
            ends == [ProbeEnd::Succeeded; 2] && probe.before.stdout != probe.after.stdout
        };
        let mut differing: Vec<&mut Probe> = probes.iter_mut().filter(is_other).take(AGAIN).collect();
        let inputs: Vec<Value> = differing.iter().map(|probe| probe.input.clone()).collect();
        let Ok(again) = start(trials, &self.case.base, &inputs, Pace::Plain) else { return };
        for (probe, again) in differing.iter_mut().zip(again.iter().map(run)) {
            probe.again = Some(again.stdout);
        }
    }

    fn start(
        &self,
        trials: &EngineTrials<'_>,
        inputs: &[Value],
        pace: Pace,
    ) -> Result<(Vec<Tried>, Vec<Tried>), String> {
        if inputs.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let start = |version| start(trials, version, inputs, pace);
        Ok((start(&self.case.base)?, start(self.detail)?))
    }

    /// The inputs of the examples and tests of the previous version; the simplest input if it has none.
    fn examples(&self) -> Vec<Value> {
        let manifest = &self.case.base.manifest;
        let written = manifest.examples.iter().map(|one| &one.input).chain(manifest.tests.iter().map(|one| &one.input));
        let mut inputs: Vec<Value> = written.filter(|input| input.is_object()).take(EXAMPLES).cloned().collect();
        if inputs.is_empty() {
            inputs.extend(manifest.input.as_ref().map(check::simplest));
        }
        inputs
    }

    /// Generated inputs similar to those to be fixed, and to some that work.
    fn nearby(&self, probes: &[Probe]) -> (Vec<Value>, Vec<ProbeSource>) {
        let fits = |input: &Value| {
            let schemas = [&self.case.base.manifest.input, &self.detail.manifest.input];
            schemas
                .into_iter()
                .flatten()
                .all(|schema| Checker::new(schema).is_ok_and(|checker| checker.violations(input).is_empty()))
        };
        let all = || (0..).zip(probes);
        let chosen = |probe: &Probe| matches!(probe.source, ProbeSource::Recorded { chosen: true, .. });
        let failing = all().filter(|(_, probe)| chosen(probe)).take(KNOWN).map(|known| (known, NEAR_FAILING));
        let is_other = |probe: &Probe| {
            matches!(probe.source, ProbeSource::Recorded { chosen: false, .. })
                && matches!(probe.before.end, ProbeEnd::Failed | ProbeEnd::Refused)
                && probe.after.end == ProbeEnd::Succeeded
        };
        let others = all().filter(|(_, probe)| is_other(probe)).take(KNOWN).map(|known| (known, NEAR_OTHERS));
        let works = |probe: &Probe| !chosen(probe) && probe.before.end == ProbeEnd::Succeeded;
        let working = all().filter(|(_, probe)| works(probe)).take(KNOWN).map(|known| (known, NEAR_WORKING));
        let (mut inputs, mut sources) = (Vec::new(), Vec::new());
        for ((at, probe), count) in failing.chain(others).chain(working) {
            for input in near(&probe.input, count) {
                let is_known = probes.iter().any(|other| other.input == input) || inputs.contains(&input);
                if !is_known && fits(&input) {
                    inputs.push(input);
                    sources.push(ProbeSource::Near(at));
                }
            }
        }
        (inputs, sources)
    }
}

impl Tries {
    /// Removes recorded runs that cannot be repeated here: their results say nothing about the answer.
    fn forget_not_repeated(&mut self) {
        let is_repeated =
            |run: RunId| !self.replayed.iter().any(|one| one.run == run && one.outcome == ReplayOutcome::NotRepeated);
        self.probes.retain(|probe| match probe.source {
            ProbeSource::Recorded { run, .. } => is_repeated(run),
            ProbeSource::Example | ProbeSource::Near(_) => true,
        });
    }

    fn add(&mut self, inputs: &[Value], sources: &[ProbeSource], (old, new): (&[Tried], &[Tried])) {
        let both = inputs.iter().zip(sources).zip(old.iter().zip(new));
        self.probes.extend(both.map(|((input, source), (old, new))| Probe {
            input: input.clone(),
            source: *source,
            before: run(old),
            again: None,
            after: run(new),
        }));
    }
}

/// Starts a version with each input that fits its schema.
fn start(trials: &EngineTrials<'_>, version: &ToolDetail, inputs: &[Value], pace: Pace) -> Result<Vec<Tried>, String> {
    let checker = version.manifest.input.as_ref().and_then(|schema| Checker::new(schema).ok());
    let misfit = |input: &Value| checker.as_ref().and_then(|checker| checker.violations(input).into_iter().next());
    let fitting: Vec<Value> = inputs.iter().filter(|input| misfit(input).is_none()).cloned().collect();
    let made = match fitting.as_slice() {
        [] => Vec::new(),
        inputs => trials.start(&Batch::new(version, inputs, pace).abreast(SIDE_BY_SIDE))?,
    };
    let mut made = made.into_iter();
    let all = inputs.iter().map(|input| match misfit(input) {
        Some(found) => {
            let message = format!("input{}: {}", found.path, found.message);
            Tried::unstarted(RunEnd::InvalidInput { message })
        }
        None => made.next().unwrap_or_else(|| Tried::unstarted(RunEnd::Cancelled)),
    });
    Ok(all.collect())
}

fn run(tried: &Tried) -> ProbeRun {
    let end = match &tried.end {
        RunEnd::Succeeded { .. } => ProbeEnd::Succeeded,
        end if !end.outcome().has_started() => ProbeEnd::NotStarted,
        _ if check::is_refusal(tried) && !is_of_shell(&tried.stderr) => ProbeEnd::Refused,
        _ => ProbeEnd::Failed,
    };
    let tail = &tried.stderr[tried.stderr.len().saturating_sub(STDERR)..];
    ProbeRun {
        end,
        stdout: String::from_utf8_lossy(&tried.stdout).into_owned(),
        error: tried.end.message().unwrap_or_default(),
        stderr: String::from_utf8_lossy(tail).into_owned(),
    }
}

/// Whether the error message is from the shell itself, about a line of the script, and not from the tool.
fn is_of_shell(stderr: &[u8]) -> bool {
    let text = String::from_utf8_lossy(stderr);
    text.lines().any(|line| {
        let rest = line.split_once(": line ").map(|(_, rest)| rest.split_once(": ").map_or(rest, |(number, _)| number));
        rest.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// The version with the imports that it lacks and a newer version has, so that its intended behaviour is judged.
fn with_imports(version: &ToolDetail, newer: &BTreeMap<String, String>) -> ToolDetail {
    let mut version = version.clone();
    for file in &mut version.files {
        let old = String::from_utf8_lossy(&file.bytes).into_owned();
        let new = newer.get(&file.path);
        if let Some(text) = new.and_then(|new| with_missing_imports(&file.path, &old, new)) {
            file.bytes = text.into_bytes();
        }
    }
    version
}

/// Files that are text, by path.
fn texts(files: &BTreeMap<String, VersionFile>) -> BTreeMap<String, String> {
    let text = |file: &VersionFile| String::from_utf8_lossy(&file.bytes).into_owned();
    files.iter().map(|(path, file)| (path.clone(), text(file))).collect()
}
