//! A tool as the catalog shows it.

use super::code_sketch::CodeSketch;
use super::digest::{Digest, VersionFile};
use super::manifest::Manifest;
use super::name::ToolName;
use super::review::{Risk, ToolReview};
use super::shown::Unread;
use super::texts::Texts;
use super::time::Instant;
use super::tool_extras::{Extras, ToolExtras};
use super::words::{Category, CostTier, Format, Kind, Origin, Stage, ToolState};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Where a version lies in the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Placement {
    /// Folder relative to the workspace, `/` between parts, to which the version's paths are relative.
    pub base: String,
    /// Whether the folder belongs to this tool alone (native folder, promoted tool) or is shared (pair, script).
    pub exclusive: bool,
}

/// Between a file and the name of a tool that is one of several in it.
const ENTRY_MARK: char = '#';

impl Placement {
    /// The place of a tool that is one of several in a file: `FILE#NAME`. Such a folder is not on disk: the version is the
    /// file and a manifest made of what it says of the tool.
    pub fn of_entry(file: &str, name: &ToolName) -> Placement {
        Placement { base: format!("{file}{ENTRY_MARK}{name}"), exclusive: true }
    }

    /// The file and the name, of a tool that is one of several in a file.
    pub fn entry(&self) -> Option<(&str, &str)> {
        self.base.rsplit_once(ENTRY_MARK).filter(|(_, name)| self.exclusive && !name.contains('/'))
    }

    /// Whether a file or folder of this name could be taken for an entry of a file.
    pub fn looks_like_entry(name: &str) -> bool {
        name.contains(ENTRY_MARK)
    }
}

/// That a tool should not be used any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deprecation {
    /// What to use instead.
    pub by: Option<ToolName>,
    /// Shown beside the mark; `None` when the user gave none.
    pub reason: Option<String>,
    /// The human who marked it, as `Name <mail>` or system user.
    pub who: String,
    /// When the tool was marked.
    pub at: Instant,
}

/// What the store knows about a tool of this name and digest; everything else comes from disk.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ToolFacts {
    /// State of the newest review of this digest.
    pub review: ToolReview,
    /// Why this version was approved although checks had failed; `None` when none had, or it is not approved.
    #[serde(default)]
    pub approved_over: Option<String>,
    /// That this version was approved although not every line of it had been on a screen; `None` when every line had,
    /// or it is not approved.
    #[serde(default)]
    pub approved_unread: Option<Unread>,
    /// How good the runs of the name prove it to be, 0 to 1; `None` before the first that says something, and for a
    /// version that nobody approved of a name that has an approved one.
    pub score: Option<f64>,
    /// Finished runs of this version that succeeded or failed; cancelled and never started ones do not count.
    pub runs: u64,
    /// Succeeded runs of this version through the runs above, 0 to 1.
    pub success_rate: Option<f64>,
    /// When the newest run of this version started.
    pub last_run_at: Option<Instant>,
    /// Finished runs of any version of the name.
    #[serde(skip)]
    pub name_runs: u64,
    /// Succeeded runs of any version of the name through those, 0 to 1.
    #[serde(skip)]
    pub name_success_rate: Option<f64>,
    /// When the newest run of any version of the name started.
    #[serde(skip)]
    pub name_last_run_at: Option<Instant>,
    /// Whether a human said that the name means this version, in this session only.
    #[serde(default)]
    pub in_session: bool,
    /// That it should not be used any more; `None` for most.
    #[serde(default)]
    pub deprecated: Option<Box<Deprecation>>,
    /// Whether it costs so much that a human must open it before it runs.
    #[serde(default)]
    pub locked: bool,
    /// Whose name it takes: only its path means it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<String>,
    /// Whether an approval of exactly this version is in force where it lies.
    #[serde(skip)]
    pub approved: bool,
    /// Whether it is not among the tools in use: it is not offered and does not run.
    #[serde(default)]
    pub unused: bool,
}

/// One row of the catalog. Light on purpose: 100,000 of them stay in memory; the rest is in [`ToolDetail`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Name; several rows may share it (see `shadowed_by`, `clashes`).
    pub name: ToolName,
    /// Version that the manifest states; 1.0.0 when it states none.
    pub version: semver::Version,
    /// Digest of all its files.
    pub digest: Digest,
    /// Read from the folder it lies in, whatever the manifest says.
    pub stage: Stage,
    /// What it is made of.
    pub kind: Kind,
    /// Category, from the manifest or its folder.
    pub category: Category,
    /// Tier; `medium` when the definition states none.
    pub cost_tier: CostTier,
    /// Whether the tier above was stated; `false` shows as "unclassified".
    pub classified: bool,
    /// From the manifest; empty when it has none.
    pub description: String,
    /// Labels to filter by, as the manifest states them.
    pub tags: Vec<String>,
    /// Extra words for search.
    pub keywords: Texts,
    /// When to use it, in sentences; search matches them.
    pub use_cases: Texts,
    /// Other words of its definition that search matches: its folders, its inputs, its header. Each word once.
    #[serde(skip)]
    pub other_words: String,
    /// Which other tools may hold the same code.
    #[serde(skip)]
    pub code_sketch: CodeSketch,
    /// Whether a second call changes nothing more; `None` where not stated.
    pub idempotent: Option<bool>,
    /// Path of the definition (manifest, else script), relative to the workspace.
    pub path: String,
    /// Where its files lie.
    pub placement: Placement,
    /// Native folder, pair of files, or script with a header.
    pub format: Format,
    /// As marked in the definition; `Unknown` without a mark.
    pub origin: Origin,
    /// Whether the definition can be used, or what is wrong with it.
    pub state: ToolState,
    /// Whether a run can start.
    pub runnable: bool,
    /// Why not; `None` when runnable.
    pub reason: Option<String>,
    /// How much harm a wrong yes could do.
    pub risk: Risk,
    /// What most rows have nothing of; read as if it stood here.
    #[serde(flatten)]
    pub extras: Extras,
    /// Files that the digest covers.
    pub files: u32,
    /// Bytes of all files.
    pub bytes: u64,
    /// Newest modification among its files.
    pub modified_at: Instant,
    /// Kept in the store by name and digest: runs, reviews, grants. Most rows have the same, and share it.
    #[serde(flatten, with = "shared_facts")]
    pub facts: Arc<ToolFacts>,
}

/// Where a field is kept is nothing to whoever reads a row.
impl Deref for Tool {
    type Target = ToolExtras;

    fn deref(&self) -> &ToolExtras {
        &self.extras
    }
}

/// To write takes memory, also when nothing is written: look first.
impl DerefMut for Tool {
    fn deref_mut(&mut self) -> &mut ToolExtras {
        &mut self.extras
    }
}

/// Facts are written as part of the row.
mod shared_facts {
    use super::{Arc, Deserialize, Serialize, ToolFacts};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(facts: &Arc<ToolFacts>, serializer: S) -> Result<S::Ok, S::Error> {
        ToolFacts::serialize(facts, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<ToolFacts>, D::Error> {
        ToolFacts::deserialize(deserializer).map(Arc::new)
    }
}

/// How the reason begins of a tool whose packages were not found where Python usually has them.
pub const NEEDS_PACKAGE: &str = "needs package";

/// How the reason begins of a tool whose packages no node of this system has.
pub const NEEDS_NODE_PACKAGE: &str = "needs node package";

/// How the reason begins of a tool whose script calls a program that was not found.
pub const NEEDS_PROGRAM: &str = "needs program";
/// How the reason begins of a task that works on files beside its task file.
pub const NEEDS_FILES: &str = "needs files of its project:";
/// How the reason of a tool begins whose script takes a file that is not part of it.
pub const NEEDS_FILE: &str = "needs the file";
/// The first node that starts TypeScript.
pub const NODE_WITH_TYPES: (u32, u32) = (22, 6);
/// How the reason begins of TypeScript that nothing here starts.
const NEEDS_TYPESCRIPT: &str = "TypeScript needs";
/// How the reason ends of a tool whose interpreter was not found.
pub const NOT_ON_PATH: &str = " is not on the PATH; install it";

/// How the reason begins of a prompt that nobody here can answer.
pub const NEEDS_GENERATOR: &str = "it needs a generator: ";

/// How the reason begins of a version that the team revoked, or rejected where it is approved here.
const STOPPED_BY_TEAM: &str = "the team stopped it: ";

/// How the reason begins of a server whose tools are listed: it is not run itself.
pub const IS_SERVER: &str = "it is a server; run one of its tools";

/// Why TypeScript cannot be started; `have` says which node there is.
pub fn no_typescript(have: &str) -> String {
    let (major, minor) = NODE_WITH_TYPES;
    format!("{NEEDS_TYPESCRIPT} node {major}.{minor} or newer, tsx, deno or bun ({have}); npm install -g tsx")
}

/// Between the path of a server's definition and the name of one of its tools.
const MEMBER_MARK: char = '#';

impl Tool {
    /// The path of the row for a tool that the server at `definition` lists.
    pub fn member_path(definition: &str, name: &ToolName) -> String {
        format!("{definition}{MEMBER_MARK}{name}")
    }

    /// The path of the definition. That of a tool that a server lists is the server's.
    pub fn definition(&self) -> &str {
        match self.path.rsplit_once(MEMBER_MARK).filter(|_| self.server.is_some()) {
            Some((definition, _)) => definition,
            None => &self.path,
        }
    }

    /// The name under which it is reviewed, approved and granted: that of the server, for a tool that a server lists.
    pub fn reviewed_as(&self) -> &ToolName {
        self.server.as_ref().unwrap_or(&self.name)
    }

    /// The row about which humans decide: that of the server, for a tool that a server lists.
    pub fn reviewed(&self) -> Cow<'_, Tool> {
        let Some(server) = &self.server else { return Cow::Borrowed(self) };
        let mut reviewed = Tool { name: server.clone(), path: self.definition().to_owned(), ..self.clone() };
        reviewed.server = None;
        Cow::Owned(reviewed)
    }

    /// Whether a run may be tried. What a script needs is looked for without starting an interpreter, so only the start
    /// itself, which asks it, refuses for that.
    pub fn may_start(&self) -> bool {
        let needs = [NEEDS_PACKAGE, NEEDS_NODE_PACKAGE, NEEDS_PROGRAM, NEEDS_FILES, NEEDS_TYPESCRIPT];
        self.runnable || self.reason.as_deref().is_some_and(|reason| needs.iter().any(|need| reason.starts_with(need)))
    }

    /// Whether its reason is that the team stopped it.
    pub fn is_stopped_by_team(&self) -> bool {
        self.reason.as_deref().is_some_and(|reason| reason.starts_with(STOPPED_BY_TEAM))
    }

    /// Notes why the team stopped it, if it did; what cannot run anyway keeps its own reason.
    pub fn note_stop(&mut self, why: Option<String>) {
        if let Some(why) = why.filter(|_| self.runnable) {
            (self.runnable, self.reason) = (false, Some(format!("{STOPPED_BY_TEAM}{why}")));
        }
    }

    /// What stops its runs, in so few words that a row has room for them: `needs pandas`. `None` when a run may start,
    /// and where its stage or state says it already.
    pub fn obstacle(&self) -> Option<String> {
        if self.runnable || self.state == ToolState::Invalid || self.stage == Stage::Archived {
            return None;
        }
        let reason = self.reason.as_deref().unwrap_or_default();
        if reason.starts_with(IS_SERVER) {
            return Some("server".to_owned());
        }
        let lists = [NEEDS_PACKAGE, NEEDS_NODE_PACKAGE, NEEDS_PROGRAM, NEEDS_FILE];
        if let Some(list) = lists.into_iter().find_map(|begin| reason.strip_prefix(begin)) {
            let list = list.split(['(', ';']).next().unwrap_or_default();
            let list = list.split(", which ").next().unwrap_or_default().trim();
            let mut packages = list.split(", ");
            let first = packages.next().unwrap_or_default().trim();
            let more = packages.count();
            return Some(if more == 0 { format!("needs {first}") } else { format!("needs {first} +{more}") });
        }
        if let Some(program) = reason.strip_suffix(NOT_ON_PATH) {
            return Some(format!("needs {program}"));
        }
        let short = [
            (STOPPED_BY_TEAM, "stopped by team"),
            (NEEDS_GENERATOR, "needs generator"),
            (NEEDS_FILES, "needs project files"),
            (NEEDS_TYPESCRIPT, "needs newer node"),
        ];
        let found = short.iter().find(|(begin, _)| reason.starts_with(begin));
        Some(found.map_or("cannot run", |(_, words)| words).to_owned())
    }

    /// Where it lies, for a reader: its folder when that is its own, else its definition.
    pub fn place(&self) -> &str {
        if self.placement.exclusive { &self.placement.base } else { &self.path }
    }

    /// A row for tests: an experimental command in a folder of its own; everything else is ordinary.
    #[cfg(test)]
    pub(crate) fn ordinary(name: &str) -> Tool {
        let base = format!("tools/experimental/{name}");
        Tool {
            name: ToolName::new(name).unwrap(),
            version: semver::Version::new(1, 0, 0),
            digest: Digest::of_bytes(name.as_bytes()),
            stage: Stage::Experimental,
            kind: Kind::Command,
            category: Category::new(""),
            cost_tier: CostTier::Medium,
            classified: false,
            description: String::new(),
            tags: Vec::new(),
            keywords: Texts::default(),
            use_cases: Texts::default(),
            other_words: String::new(),
            code_sketch: CodeSketch::default(),
            idempotent: None,
            path: format!("{base}/tool.toml"),
            placement: Placement { base, exclusive: true },
            format: Format::Native,
            origin: Origin::Unknown,
            state: ToolState::Ok,
            runnable: true,
            reason: None,
            risk: Risk::Medium,
            extras: Extras::default(),
            files: 1,
            bytes: 0,
            modified_at: Instant(0),
            facts: Arc::default(),
        }
    }

    /// Whether its folder says that somebody vouched for it, but nobody here did: it came with the
    /// workspace and runs like an experimental tool until it is adopted.
    pub fn awaits_adoption(&self) -> bool {
        self.stage.is_vouched() && self.state == ToolState::Ok && self.facts.review == ToolReview::None
    }
}

/// Everything about one tool, read when it is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolDetail {
    /// Row of the catalog that was opened.
    pub tool: Tool,
    /// Read from the same bytes as `files`.
    pub manifest: Manifest,
    /// Its files in ascending order of path, as hashed.
    pub files: Vec<VersionFile>,
}

impl ToolDetail {
    /// The file a reader wants first: the entry, else the manifest, else the first.
    pub fn main_file(&self) -> Option<&VersionFile> {
        let entry = self.manifest.recipe.as_ref().and_then(|r| r.entry.as_deref());
        entry
            .and_then(|path| self.files.iter().find(|f| f.path == path))
            .or_else(|| self.files.iter().find(|f| self.tool.path.ends_with(&f.path)))
            .or_else(|| self.files.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_a_tool_is_told_in_few_words() {
        for (reason, told) in [
            ("needs package pandas (/usr/bin/python3 -m pip install pandas)", "needs pandas"),
            ("needs package PyYAML, absent, more (x -m pip install PyYAML absent more)", "needs PyYAML +2"),
            ("argc is not on the PATH; install it", "needs argc"),
            ("it needs a generator: add one to config.toml", "needs generator"),
            ("it has no start command; add a command", "cannot run"),
        ] {
            let tool = Tool { runnable: false, reason: Some(reason.to_owned()), ..Tool::ordinary("t") };
            assert_eq!(tool.obstacle().as_deref(), Some(told));
            assert_eq!(Tool { runnable: true, reason: None, ..tool.clone() }.obstacle(), None);
            assert_eq!(Tool { stage: Stage::Archived, ..tool }.obstacle(), None, "its stage says it");
        }
    }
}
