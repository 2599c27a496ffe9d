//! How large the library is and how it grows.

use super::{Policy, Week, policy_for};
use crate::domain::description::{Describe, Description, Ink, StyledLine};
use crate::domain::{Stage, count, grouped, size};
use crate::engine::Upkeep;
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::engine::library::charts::scaled as bars;
use crate::engine::plain_verb::{Described, PlainQuery};
use crate::insight::{WEEKS, growth};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The figures of a library.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LibraryStats {
    /// Tools, archived ones among them.
    pub tools: usize,
    /// The same by stage.
    pub stages: BTreeMap<String, usize>,
    /// The same by kind.
    pub kinds: BTreeMap<String, usize>,
    /// The same by category.
    pub categories: BTreeMap<String, usize>,
    /// Bytes of the files of all tools.
    pub tool_bytes: u64,
    /// The same for one tool, on average; 0 without tools.
    pub mean_tool_bytes: u64,
    /// Versions that were ever seen.
    pub versions: usize,
    /// Bytes of the kept copies of versions.
    pub copy_bytes: u64,
    /// Bytes of the kept output of runs.
    pub run_bytes: u64,
    /// Bytes of the store.
    pub store_bytes: u64,
    /// Bytes of the git repository that the workspace is in; `None` when there is none.
    pub repository_bytes: Option<u64>,
    /// Tools that came in each of the last eight weeks, and their bytes, the oldest week first.
    pub weeks: [Week; WEEKS],
    /// The policy that pays for this size, and the next threshold.
    pub policy: Policy,
}

impl Upkeep<'_> {
    /// Counts the figures of the library.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn stats(&self) -> Result<LibraryStats, EngineError> {
        let view = self.engine.library().catalog();
        let seen = self.workspace.read(|q| Ok(q.first_seen()?))?;
        let mut stages: BTreeMap<String, usize> = Stage::ALL.iter().map(|stage| (stage.to_string(), 0)).collect();
        let (mut kinds, mut categories) = (BTreeMap::new(), BTreeMap::new());
        for tool in &view.tools {
            *stages.entry(tool.stage.to_string()).or_default() += 1;
            *kinds.entry(tool.kind.to_string()).or_insert(0) += 1;
            *categories.entry(tool.category.0.clone()).or_insert(0) += 1;
        }
        let tool_bytes = view.tools.iter().map(|tool| tool.bytes).sum();
        let came = view.tools.iter().filter_map(|tool| {
            let at = seen.get(&(tool.name.clone(), tool.digest))?;
            Some((*at, tool.bytes))
        });
        let live = view.tools.iter().filter(|tool| tool.stage != Stage::Archived).count();
        let state = &self.workspace.state_dir;
        let repository = self.workspace.git().map(|git| git.toplevel().join(".git"));
        Ok(LibraryStats {
            tools: view.tools.len(),
            stages,
            kinds,
            categories,
            tool_bytes,
            mean_tool_bytes: tool_bytes / view.tools.len().max(1) as u64,
            versions: seen.len(),
            copy_bytes: bytes_below(&state.join("versions")),
            run_bytes: bytes_below(&state.join("runs")),
            store_bytes: ["store.db", "store.db-wal"].iter().map(|name| bytes_below(&state.join(name))).sum(),
            repository_bytes: repository.filter(|folder| folder.exists()).map(|folder| bytes_below(&folder)),
            weeks: growth(came, now()),
            policy: policy_for(live),
        })
    }
}

/// Bytes of a file, or of all files in a folder and below. What cannot be read counts nothing, and no link is followed.
fn bytes_below(path: &Path) -> u64 {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    entries.flatten().map(|entry| bytes_below(&entry.path())).sum()
}

/// Words of one line, the most frequent; of more their number is told.
const MOST_WORDS: usize = 6;

/// The figures of the library.
#[derive(Serialize)]
struct Figures {
    stats: LibraryStats,
}

/// Shows how large the library is.
pub(in crate::engine::library) const STATS: PlainQuery = PlainQuery {
    name: "stats",
    needs_catalog: true,
    answer: |engine, _, _| Described::of(&Figures { stats: engine.upkeep().stats()? }),
};

impl Describe for Figures {
    fn describe(&self) -> Description {
        self.stats.describe()
    }
}

impl Describe for LibraryStats {
    fn describe(&self) -> Description {
        let counts = |of: &BTreeMap<String, usize>| {
            let mut all: Vec<(&String, &usize)> = of.iter().collect();
            all.retain(|(_, number)| **number > 0);
            all.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
            let more = all.len().saturating_sub(MOST_WORDS);
            all.truncate(MOST_WORDS);
            let told = all.into_iter().map(|(word, number)| format!("{word} {}", grouped(*number)));
            let more = (more > 0).then(|| format!("{more} more"));
            told.chain(more).collect::<Vec<_>>().join(" · ")
        };
        let mut told = Description::new();
        let mut field = |name: &str, text: String| told.field(name, Ink::Plain, text);
        let tools: Vec<Option<f64>> = self.weeks.iter().map(|week| Some(week.tools as f64)).collect();
        let bytes: Vec<Option<f64>> = self.weeks.iter().map(|week| Some(week.bytes as f64)).collect();
        let came: u64 = self.weeks.iter().map(|week| week.tools).sum();
        let grown: u64 = self.weeks.iter().map(|week| week.bytes).sum();
        let repository = self.repository_bytes.map_or("not a git repository".to_owned(), size);
        field("tools", format!("{}: {}", count(self.tools, "tool"), counts(&self.stages)));
        field("kinds", counts(&self.kinds));
        field("categories", counts(&self.categories));
        field("bytes", format!("{} in tools, {} each", size(self.tool_bytes), size(self.mean_tool_bytes)));
        field("versions", format!("{} seen, {} in kept copies", grouped(self.versions), size(self.copy_bytes)));
        field("runs", format!("{} of kept output", size(self.run_bytes)));
        field("store", size(self.store_bytes));
        field("repository", repository);
        let by_week = |values: Vec<String>| format!(". By week, the oldest first: {}", values.join(", "));
        let new_tools = by_week(self.weeks.iter().map(|week| grouped(week.tools)).collect());
        let new_bytes = by_week(self.weeks.iter().map(|week| size(week.bytes)).collect());
        for (name, values, words, aloud) in [
            ("new tools", tools, format!("{came} in {WEEKS} weeks"), new_tools),
            ("new bytes", bytes, format!("{} in {WEEKS} weeks", size(grown)), new_bytes),
        ] {
            let line = StyledLine::field(name, Ink::Plain, "").drawn(Ink::Plain, &format!("{} ", bars(&values)), "");
            told.line(line.put(Ink::Plain, words).drawn(Ink::Plain, "", &aloud));
        }
        let mut field = |name: &str, text: String| told.field(name, Ink::Plain, text);
        field("policy", self.policy.line());
        field("", self.policy.advice.to_owned());
        told
    }
}
