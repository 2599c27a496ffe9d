//! Opportunities: mined on request from local records and from files that the user names.

use super::imports::{self, Imported};
use crate::domain::{
    Caller, DismissedOpportunity, Instant, Opportunity, OpportunitySources, Outcome, RunFact, RunId, Stream, Unanswered,
};
use crate::engine::Engine;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::evolving::making::{Made, Source};
use crate::engine::library::resolve::tool_name;
use crate::engine::library::scores::ToolAlert;
use crate::engine::run::calling;
use crate::engine::view::Preview;
use crate::engine::workspace::Workspace;
use crate::insight::mine::{self, MiningInput, TaskText, mine};
use crate::insight::{AlertKind, NOW_MS};
use crate::runner::Spool;
use crate::store::{Queries, StoreResult};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Maximum number of runs analysed, the newest ones.
const MAX_RUNS: usize = 100_000;

/// The number of newest runs whose output is read, to see what flows from one to the next.
const OUTPUTS: usize = 2_000;

/// Maximum part of an output that is read, in bytes.
const OUTPUT_BYTES: usize = 16 << 10;

/// Minimum number of digits to name an opportunity.
const KEY_LEAST: usize = 4;

/// Maximum number of runs shown with an alert.
const SHOWN: usize = 5;

/// The number of daily runs at which an alert has a confidence of one half.
const ENOUGH_RUNS: usize = 5;

/// Maximum number of tools whose consumption is shown.
const CONSUMERS: usize = 10;

/// Opportunities with the figures that they are based on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpportunityList {
    /// Open opportunities, highest priority first.
    pub opportunities: Vec<Opportunity>,
    /// Total number, including those that are not listed.
    pub total: usize,
    /// The number of accepted or dismissed ones that are still found.
    pub answered: usize,
    /// The number of runs analysed.
    pub runs: usize,
    /// The result for each file.
    pub imported: Vec<Imported>,
    /// The tools that used the most time, with their resource use.
    pub consumption: Vec<mine::Consumption>,
}

/// Repeated work that could become a tool.
#[derive(Clone, Copy)]
pub struct Opportunities<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl Opportunities<'_> {
    /// Suggestions from use for tools to create or improve, highest priority first; at most this many.
    ///
    /// # Errors
    /// `NotFound` and `Refused` for a file that is absent or too large; `Usage` for a document without operations;
    /// `Internal` for errors of the store.
    pub fn list(&self, from: &OpportunitySources, limit: usize) -> Result<OpportunityList, EngineError> {
        let (mut list, hidden) = self.mined(from)?;
        let all = list.opportunities.len();
        list.opportunities.retain(|one| !hidden.contains(&one.key));
        list.total = list.opportunities.len();
        list.answered = all - list.total;
        list.opportunities.truncate(limit);
        list.consumption.truncate(CONSUMERS);
        Ok(list)
    }

    /// Opportunities that were dismissed, newest first.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn dismissed(&self) -> Result<Vec<DismissedOpportunity>, EngineError> {
        self.workspace.read(|q| Ok(q.dismissed_opportunities()?))
    }

    /// Makes a specification from an opportunity and puts it into the review queue, where a human decides. Humans and
    /// agents may do this.
    ///
    /// # Errors
    /// `NotFound` if it is no longer found; `Conflict` if it was already accepted; otherwise as [`Self::list`] and
    /// [`NewTools::propose_specification`](crate::engine::NewTools::propose_specification).
    pub fn accept(
        &self,
        key: &str,
        from: &OpportunitySources,
        name: Option<&str>,
        caller: &Caller,
    ) -> Result<Made, EngineError> {
        let opportunity = self.find(key, from)?;
        if let Some(review) = self.workspace.read(|q| Ok(q.accepted_opportunities()?))?.get(&opportunity.key) {
            let message = format!("opportunity {} was accepted: review {review}", opportunity.key);
            return Err(EngineError::new(
                ErrorCode::Conflict,
                message,
                format!("`toolsmith review {review}` shows it"),
            ));
        }
        self.engine.new_tools().propose_specification(name, &Source::Opportunity(&opportunity), None, caller)
    }

    /// Whether the tool of an opportunity can be created at once, tested before it is accepted.
    ///
    /// # Errors
    /// Those of [`NewTools::ready_to_generate`](crate::engine::NewTools::ready_to_generate); `NotFound` and `Ambiguous`
    /// for the key; `Usage` for an invalid name.
    pub fn ready_to_generate(
        &self,
        key: &str,
        from: &OpportunitySources,
        name: Option<&str>,
        caller: &Caller,
    ) -> Result<(), EngineError> {
        let mut specification = self.find(key, from)?.specification();
        if let Some(name) = name.map(tool_name).transpose()? {
            specification.tool_name = name;
        }
        self.engine.new_tools().ready_to_generate(&specification, caller)
    }

    pub(in crate::engine) fn dismiss(
        &self,
        who: &str,
        key: &str,
        from: &OpportunitySources,
        reason: Option<&str>,
    ) -> Result<Outcome, EngineError> {
        let opportunity = self.find(key, from)?;
        self.engine.finish(
            self.workspace
                .transact(|tx| core::dismiss_opportunity(tx, self.workspace.actor(who), &opportunity, reason))?,
        )
    }

    pub(in crate::engine) fn preview_acceptance(
        &self,
        key: &str,
        from: &OpportunitySources,
    ) -> Result<Preview, EngineError> {
        let one = self.find(key, from)?;
        Ok(Preview {
            title: format!("Create a specification from {}?", one.name),
            lines: vec![
                one.title.clone(),
                one.seen(),
                "it needs a review; no code is written before approval".to_owned(),
            ],
            undo: "u (undo) removes it again".to_owned(),
        })
    }

    pub(in crate::engine) fn preview_dismissal(
        &self,
        key: &str,
        from: &OpportunitySources,
    ) -> Result<Preview, EngineError> {
        let one = self.find(key, from)?;
        Ok(Preview {
            title: format!("Dismiss opportunity {}?", one.key),
            lines: vec![one.title.clone(), one.seen()],
            undo: "u (undo) restores it".to_owned(),
        })
    }

    /// The opportunity with this key prefix.
    fn find(&self, key: &str, from: &OpportunitySources) -> Result<Opportunity, EngineError> {
        let hint = "`toolsmith opportunities` lists them; pass the same files that it was found with";
        if key.len() < KEY_LEAST {
            let message = format!("{key:?} is too short: at least {KEY_LEAST} digits of the key");
            return Err(EngineError::new(ErrorCode::Usage, message, hint));
        }
        let (list, _) = self.mined(from)?;
        let mut found = list.opportunities.into_iter().filter(|one| one.key.starts_with(key));
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => {
                let message = format!("{key} begins the key of several opportunities");
                Err(EngineError::new(ErrorCode::Ambiguous, message, "use more digits"))
            }
            (None, _) => Err(EngineError::new(ErrorCode::NotFound, format!("there is no opportunity {key}"), hint)),
        }
    }

    /// All opportunities, and the keys of the accepted and dismissed ones.
    fn mined(&self, from: &OpportunitySources) -> Result<(OpportunityList, HashSet<String>), EngineError> {
        let mut material = self.material()?;
        let imported = imports::import(&self.engine.library().catalog().tools, from, &mut material)?;
        let found = mine(&material);
        let hidden = self.workspace.read(|q| {
            let accepted = q.accepted_opportunities()?.into_keys();
            Ok(accepted.chain(q.dismissed_opportunities()?.into_iter().map(|one| one.key)).collect())
        })?;
        let list = OpportunityList {
            total: found.opportunities.len(),
            opportunities: found.opportunities,
            answered: 0,
            runs: material.runs.len(),
            imported,
            consumption: found.consumption,
        };
        Ok((list, hidden))
    }

    /// Local records.
    fn material(&self) -> Result<MiningInput, EngineError> {
        let (runs, marks, unanswered) =
            self.workspace.read(|q| Ok((q.run_facts(MAX_RUNS)?, q.all_failure_marks()?, still_unanswered(q)?)))?;
        let scenarios = marks.iter().filter(|mark| !mark.withdrawn).map(|mark| TaskText {
            source: "mark".to_owned(),
            number: mark.id.0.unsigned_abs(),
            text: mark.scenario.clone(),
        });
        let asked = (1..).zip(&unanswered).map(|(number, one)| TaskText {
            source: "asking".to_owned(),
            number,
            text: one.scenario.clone(),
        });
        let tasks = scenarios.chain(asked).collect();
        let worsened = self.engine.library().alerts()?.iter().map(|alert| worsened(alert, &runs)).collect();
        Ok(MiningInput {
            outputs: self.outputs(&runs),
            tasks,
            marks,
            unanswered,
            worsened,
            runs,
            ..MiningInput::default()
        })
    }

    /// The beginning of the output of the newest runs. An output that is no longer kept, or cannot be read, is left
    /// out; `output` reports the reason on request.
    fn outputs(&self, runs: &[RunFact]) -> HashMap<RunId, String> {
        let newest = runs.iter().rev().filter(|run| run.outcome.is_judged()).take(OUTPUTS);
        let read = newest.filter_map(|run| {
            let spool = Spool::open(&self.engine.runs().spool_path(run.id)).ok()?;
            let (frames, _) = spool.frames(0, OUTPUT_BYTES).ok()?;
            let stdout = frames.into_iter().filter(|frame| frame.stream == Stream::Stdout);
            let bytes: Vec<u8> = stdout.flat_map(|frame| frame.bytes).collect();
            Some((run.id, String::from_utf8_lossy(&bytes).into_owned()))
        });
        read.collect()
    }
}

/// Unanswered requests that no later call answered.
fn still_unanswered(q: &Queries) -> StoreResult<Vec<Unanswered>> {
    let mut open = Vec::new();
    for asked in q.unanswered(Instant::default())? {
        let (scenario, tags) = calling::key(&asked.scenario, &asked.tags);
        if q.winner(&scenario, &tags)?.is_none_or(|winner| winner.at <= asked.at) {
            open.push(asked);
        }
    }
    Ok(open)
}

/// An alert as a suggestion, with the newest runs that show it: failed ones if failures increased, otherwise slow ones.
/// More runs give a higher confidence.
fn worsened(alert: &ToolAlert, runs: &[RunFact]) -> mine::Worsened {
    let ToolAlert { tool, alert } = alert;
    let newest = runs.iter().map(|run| run.started_at.0).max().unwrap_or_default();
    let shows = |run: &&RunFact| match alert.kind {
        AlertKind::Success => run.outcome.is_failure(),
        AlertKind::Slower | AlertKind::Benchmark => run.duration_ms as f64 >= alert.now,
    };
    let today = runs.iter().rev().filter(|run| run.tool == *tool && newest - run.started_at.0 < NOW_MS);
    let (what, drop) = match alert.kind {
        AlertKind::Success => ("success rate", alert.before - alert.now),
        AlertKind::Slower => ("time", 1.0 - alert.before / alert.now),
        AlertKind::Benchmark => ("time compared with its benchmark", 1.0 - alert.before / alert.now),
    };
    mine::Worsened {
        tool: tool.to_string(),
        what: what.to_owned(),
        text: alert.sentence(),
        drop: drop.clamp(0.0, 1.0),
        confidence: alert.runs_now as f64 / (alert.runs_now + ENOUGH_RUNS) as f64,
        runs: today.filter(shows).take(SHOWN).map(|run| run.id.0.unsigned_abs()).collect(),
    }
}
