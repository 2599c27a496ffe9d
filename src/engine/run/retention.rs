//! Removing kept output of old runs, as the setting `[history]` says. The record of a run stays, and so does the output of
//! runs that a failure or a decision still needs.

use super::Runs;
use crate::domain::{
    GroupState, KeepOutput, KeptOutput, Outcome, ReviewState, Run, RunId, RunOutcome, VerbCall, plural, size,
};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb};
use crate::engine::view::{Preview, ReviewFilter, RunFilter};
use crate::runner::Spool;
use crate::store::NewOperation;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::fs;

/// The ending of the files.
const ENDING: &str = ".spool";

/// Removes what exceeds the limits.
pub(super) const PRUNE: PlainVerb = PlainVerb {
    name: "prune",
    needs_catalog: false,
    preview: |engine, _| engine.runs().preview_prune(),
    perform: Perform::Human(|engine, who, call| engine.runs().prune(who, call)),
};

/// What is kept of the output of runs.
pub(in crate::engine) struct OutputStore {
    pub count: usize,
    pub bytes: u64,
    /// What the limits would remove.
    pub surplus: Vec<KeptOutput>,
}

impl Runs<'_> {
    /// What is kept, and what exceeds the limits.
    ///
    /// # Errors
    /// `Internal` for trouble with the state folder.
    pub(in crate::engine) fn kept_outputs(&self) -> Result<OutputStore, EngineError> {
        let files = self.output_files();
        let keep = self.workspace.settings.history;
        let surplus = if keep.is_unlimited() { Vec::new() } else { keep.surplus(&self.outputs(&files)?) };
        Ok(OutputStore { count: files.len(), bytes: files.iter().map(|(_, bytes)| bytes).sum(), surplus })
    }

    /// Files of output with their sizes.
    fn output_files(&self) -> Vec<(RunId, u64)> {
        let entries = fs::read_dir(self.workspace.state_dir.join("runs")).into_iter().flatten().filter_map(Result::ok);
        let of_entry = |entry: fs::DirEntry| {
            let name = entry.file_name();
            let run = name.to_str()?.strip_suffix(ENDING)?.parse().ok()?;
            Some((RunId(run), entry.metadata().ok()?.len()))
        };
        entries.filter_map(of_entry).collect()
    }

    fn outputs(&self, files: &[(RunId, u64)]) -> Result<Vec<KeptOutput>, EngineError> {
        let runs = self.list(&RunFilter { limit: usize::MAX, ..RunFilter::default() })?;
        let runs: HashMap<RunId, Run> = runs.into_iter().map(|run| (run.id, run)).collect();
        let needed = self.needed(&runs)?;
        let at = now();
        let output = |(run, bytes): &(RunId, u64)| {
            let started = runs.get(run).map_or(at, |run| run.started_at);
            let age_ms = u64::try_from(at.0.saturating_sub(started.0)).unwrap_or(0);
            // A file without a record may belong to a run that begins just now.
            let is_needed = needed.contains(run) || !runs.contains_key(run);
            KeptOutput { run: *run, age_ms, bytes: *bytes, is_needed }
        };
        Ok(files.iter().map(output).collect())
    }

    /// Runs that continue; failed runs of tools with an open failure, and the newest run of each failure; runs of tools
    /// with a review that waits; and what those runs started.
    fn needed(&self, runs: &HashMap<RunId, Run>) -> Result<HashSet<RunId>, EngineError> {
        let groups = self.engine.failures().list(None)?;
        let failing: HashSet<_> =
            groups.iter().filter(|group| group.state == GroupState::Open).map(|group| &group.tool).collect();
        let reviews = self.engine.reviews().list(ReviewFilter::Waiting)?;
        let judged: HashSet<_> = reviews
            .iter()
            .filter(|review| review.state == ReviewState::Waiting)
            .flat_map(|review| std::iter::once(&review.tool).chain(review.members.iter().map(|(name, _)| name)))
            .collect();
        let mut needed: HashSet<RunId> = groups.iter().filter_map(|group| group.sample_run).collect();
        needed.extend(runs.values().filter_map(|run| {
            let is_going = run.outcome == RunOutcome::Running;
            let failed = run.outcome != RunOutcome::Succeeded && failing.contains(&run.tool);
            (is_going || failed || judged.contains(&run.tool)).then_some(run.id)
        }));
        let mut ids: Vec<&Run> = runs.values().collect();
        // What a run started has a higher number.
        ids.sort_by_key(|run| run.id);
        for run in ids {
            if run.parent.is_some_and(|parent| needed.contains(&parent)) {
                needed.insert(run.id);
            }
        }
        Ok(needed)
    }

    fn demand_limits(&self) -> Result<KeepOutput, EngineError> {
        let keep = self.workspace.settings.history;
        if keep.is_unlimited() {
            let message = "no limit is set: all output is kept";
            let hint = "set keep_runs, keep_days or keep_mib in [history] in config.toml";
            return Err(EngineError::new(ErrorCode::Conflict, message, hint));
        }
        Ok(keep)
    }

    fn preview_prune(&self) -> Result<Preview, EngineError> {
        let keep = self.demand_limits()?;
        let store = self.kept_outputs()?;
        let bytes = store.surplus.iter().map(|output| output.bytes).sum();
        let removed = plural(store.surplus.len(), "run", "runs");
        Ok(Preview {
            title: "Remove output of old runs?".to_owned(),
            lines: vec![
                format!("removes the output of {removed}, {}", size(bytes)),
                format!("keeps the records of all runs; the limits are {}", keep.words().unwrap_or_default()),
                "keeps the output of runs that a failure or a pending review needs".to_owned(),
            ],
            undo: "this cannot be undone".to_owned(),
        })
    }

    fn prune(&self, who: &str, _: &VerbCall) -> Result<Outcome, EngineError> {
        self.demand_limits()?;
        self.remove_surplus(who)
    }

    /// Removes what exceeds the limits; one entry of the log says how much.
    ///
    /// # Errors
    /// `Internal` for trouble with the state folder.
    fn remove_surplus(&self, who: &str) -> Result<Outcome, EngineError> {
        let surplus = self.kept_outputs()?.surplus;
        let blank =
            |message: String| Outcome { operation: None, review: None, message, commit: None, detail: json!(null) };
        if surplus.is_empty() {
            return Ok(blank("no output exceeds the limits".to_owned()));
        }
        let (runs, bytes) = (surplus.len(), surplus.iter().map(|output| output.bytes).sum::<u64>());
        let operation = self.workspace.transact(|tx| {
            let row = NewOperation {
                who: who.to_owned(),
                verb: "prune".to_owned(),
                subject: plural(runs, "run", "runs"),
                detail: json!({ "runs": runs, "bytes": bytes }),
                reversible: false,
            };
            Ok(tx.log(&row)?)
        })?;
        for output in &surplus {
            Spool::remove(&self.spool_path(output.run)).map_err(EngineError::internal)?;
        }
        let message = format!("removed the output of {}, {}", plural(runs, "run", "runs"), size(bytes));
        Ok(Outcome { operation: Some(operation), detail: json!({ "runs": runs, "bytes": bytes }), ..blank(message) })
    }

    /// What becomes of old output when a workbench opens: the limits that the user set are applied.
    ///
    /// # Errors
    /// As [`Runs::remove_surplus`].
    pub fn prune_at_start(&self) -> Result<(), EngineError> {
        if self.workspace.settings.history.is_unlimited() || self.workspace.viewing().is_some() {
            return Ok(());
        }
        self.remove_surplus(&self.engine.identity()).map(drop)
    }

    /// Whether the output of a run was removed: it wrote something, and nothing is left of it.
    pub fn is_pruned(&self, run: &Run) -> bool {
        let wrote = run.usage.stdout_bytes + run.usage.stderr_bytes > 0;
        wrote && run.outcome != RunOutcome::Running && !self.spool_path(run.id).exists()
    }
}

impl Engine {
    /// What `doctor` says of kept output.
    pub(in crate::engine) fn doctor_of_history(&self) -> crate::engine::view::DoctorLine {
        let line = |state: &str, message: String, hint: &str| crate::engine::view::DoctorLine {
            name: "history".to_owned(),
            state: state.to_owned(),
            message,
            hint: hint.to_owned(),
        };
        match self.runs().kept_outputs() {
            Ok(store) => {
                let kept = format!("output of {} kept, {}", plural(store.count, "run", "runs"), size(store.bytes));
                let limits = self.settings().history.words();
                let limits = limits.map_or("no limit".to_owned(), |words| format!("limits: {words}"));
                let more = store.surplus.len();
                if more == 0 {
                    return line("ok", format!("{kept}; {limits}"), "");
                }
                line(
                    "warn",
                    format!("{kept}; {limits}; {more} exceed them"),
                    "`toolsmith prune` removes them; so does the next start of the workbench",
                )
            }
            Err(error) => line("warn", error.message, &error.hint),
        }
    }
}
