//! Upkeep of the library: unused tools, duplicates, its size, and tools whose files are missing.
//!
//! It only makes proposals. A proposal is a review like any other, and a human decides it; nothing is archived or
//! marked automatically.

pub(super) mod figures;
#[cfg(test)]
mod tests;
mod twins;
mod vanished;

pub use crate::insight::{Policy, Week, policy_for};
pub use figures::LibraryStats;
pub use twins::{Twin, TwinGroup};

use super::scan::cache_of;
use crate::catalog;
use crate::domain::{Instant, ProposedEnd, Retirement, Spared, Stage, Tool, ToolName, count, grouped};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::engine::workspace::Workspace;
use crate::insight::{Habit, Staleness, staleness};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// A tool that has not been used for a while.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StaleTool {
    /// Name of the tool.
    pub tool: ToolName,
    /// Path of its definition, relative to the workspace.
    pub path: String,
    /// Stage of the folder that it is in.
    pub stage: Stage,
    /// Whole days since its last use or the last human decision about it.
    pub days: u32,
    /// When its newest run started; `None` when it never ran.
    pub last_used_at: Option<Instant>,
    /// When this version of it was first seen.
    pub first_seen_at: Instant,
    /// The number of all its judged runs.
    pub runs: u64,
    /// The size of all its files, in bytes.
    pub bytes: u64,
    /// Why it is listed, one sentence.
    pub why: String,
}

/// Tools that have not been used for a while, and how that was determined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StaleReport {
    /// After how many days without use a tool is listed.
    pub days: u32,
    /// The listed tools, the longest unused first.
    pub stale: Vec<StaleTool>,
    /// How many tools have been unused for as long but are not listed, by reason.
    pub spared: BTreeMap<String, usize>,
    /// The number of tools that were examined.
    pub tools: usize,
}

impl StaleTool {
    /// The proposal to archive it.
    pub fn proposal(&self) -> Retirement {
        let (tool, path) = (self.tool.clone(), self.path.clone());
        Retirement { tool, path, end: ProposedEnd::Archive, reason: self.why.clone() }
    }
}

impl StaleReport {
    /// The same as text: how many are not listed, by reason; empty if there are none.
    pub fn spared_line(&self) -> String {
        let parts = self.spared.iter().map(|(why, number)| format!("{} {}", grouped(number), spared_words(why)));
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() { String::new() } else { format!("just as old, but not proposed: {}", parts.join(" · ")) }
    }
}

fn spared_words(why: &str) -> &str {
    match why.parse() {
        Ok(Spared::Core) => "core",
        Ok(Spared::Pinned) => "pinned",
        Ok(Spared::Waiting) => "pending review",
        Ok(Spared::Successor) => "named as a successor",
        Err(_) => why,
    }
}

/// Maintaining a library: unused tools, similar tools, tools whose files are missing.
#[derive(Clone, Copy)]
pub struct Upkeep<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl Upkeep<'_> {
    /// The tools that have not been used for this many days; `None` uses the user's setting.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn stale(&self, days: Option<u32>) -> Result<StaleReport, EngineError> {
        self.stale_at(days, now())
    }

    /// The same for a point in time, assuming that nothing happens until then.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn stale_at(&self, days: Option<u32>, at: Instant) -> Result<StaleReport, EngineError> {
        let days = days.unwrap_or(self.workspace.settings.stale_days);
        let (seen, touched, pinned, asked) =
            self.workspace.read(|q| Ok((q.first_seen()?, q.touched()?, q.pinned_tools()?, q.asked_about()?)))?;
        let rows = self.in_use();
        let successors: HashSet<ToolName> =
            rows.iter().filter_map(|tool| tool.facts.deprecated.as_ref()?.by.clone()).collect();
        let (mut stale, mut spared) = (Vec::new(), BTreeMap::new());
        for tool in &rows {
            let first_seen_at = seen.get(&(tool.name.clone(), tool.digest)).copied().unwrap_or(at);
            let touched_at = touched.get(tool.name.as_str()).copied().unwrap_or(first_seen_at).max(first_seen_at);
            let reasons = [
                (Spared::Pinned, pinned.contains(&tool.name)),
                (Spared::Waiting, asked.contains(&tool.name)),
                (Spared::Successor, successors.contains(&tool.name)),
            ];
            let habit = Habit {
                stage: tool.stage,
                used_at: tool.facts.name_last_run_at,
                touched_at,
                spared: reasons.into_iter().find(|(_, holds)| *holds).map(|(why, _)| why),
            };
            match staleness(&habit, at, days) {
                Staleness::Fine => {}
                Staleness::Spared(why) => *spared.entry(why.word().to_owned()).or_insert(0) += 1,
                Staleness::Stale { days } => stale.push(stale_tool(tool, first_seen_at, days)),
            }
        }
        stale.sort_by(|a, b| b.days.cmp(&a.days).then_with(|| (&a.tool, &a.path).cmp(&(&b.tool, &b.path))));
        Ok(StaleReport { days, stale, spared, tools: rows.len() })
    }

    /// The rows that names refer to: neither archived nor shadowed, and for several copies with the same name only the
    /// first.
    fn in_use(&self) -> Vec<Arc<Tool>> {
        let view = self.engine.library().catalog();
        let mut seen = HashSet::new();
        // What a server lists stays and goes with the server.
        let is_own = |tool: &&Arc<Tool>| tool.server.is_none() && tool.shadowed_by.is_none();
        let live = view.tools.iter().filter(|tool| tool.stage != Stage::Archived).filter(is_own);
        live.filter(|tool| seen.insert((tool.name.clone(), tool.digest))).cloned().collect()
    }

    /// The size of the library and the recommended policy. Reads the folders if they have not been read yet; writes
    /// nothing.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn policy(&self) -> Result<Policy, EngineError> {
        let live = if self.engine.library().is_scanned() {
            self.engine.library().catalog().tools.iter().filter(|tool| tool.stage != Stage::Archived).count()
        } else {
            let cache = cache_of(self.workspace.read(|q| Ok(q.last_scan().cache()?))?);
            let found = catalog::scan(&self.workspace.plan, &cache, &mut |_| {});
            found.tools.iter().filter(|tool| tool.stage != Stage::Archived).count()
        };
        Ok(policy_for(live))
    }
}

fn stale_tool(tool: &Tool, first_seen_at: Instant, days: u32) -> StaleTool {
    let runs = tool.facts.name_runs;
    let ago = count(days as usize, "day");
    let why = match (tool.facts.name_last_run_at, runs) {
        (None, _) => format!("never used, unchanged for {ago}"),
        (Some(_), 0) => format!("not used for {ago}, and without a finished run"),
        (Some(_), _) => format!("not used for {ago}"),
    };
    StaleTool {
        tool: tool.name.clone(),
        path: tool.path.clone(),
        stage: tool.stage,
        days,
        last_used_at: tool.facts.name_last_run_at,
        first_seen_at,
        runs,
        bytes: tool.bytes,
        why,
    }
}
