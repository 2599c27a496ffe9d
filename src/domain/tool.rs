//! A tool as the catalog shows it.

use super::code_sketch::CodeSketch;
use super::digest::{Digest, VersionFile};
use super::manifest::Manifest;
use super::name::ToolName;
use super::review::{Risk, ToolReview, own_folder};
use super::shown::Unread;
use super::texts::Texts;
use super::time::Instant;
use super::tool_extras::{Extras, ToolExtras};
use super::words::{Category, CostTier, Format, Kind, Origin, Stage, ToolState};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

/// The place of a version in the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Placement {
    /// Folder relative to the workspace, `/` between parts, to which the version's paths are relative.
    pub base: String,
    /// Whether the folder belongs to this tool alone (native folder, promoted tool) or is shared (pair, script).
    pub exclusive: bool,
}

/// The separator between a file and the name of one of several tools in it.
const ENTRY_MARK: char = '#';

impl Placement {
    /// The place of one of several tools in a file: `FILE#NAME`. There is no such folder on disk: the version consists
    /// of the file and a manifest derived from it.
    pub fn of_entry(file: &str, name: &ToolName) -> Placement {
        Placement { base: format!("{file}{ENTRY_MARK}{name}"), exclusive: true }
    }

    /// The place of the version that this path defines.
    pub fn of_definition(path: &str) -> Placement {
        if Placement::looks_like_entry(path) {
            return Placement { base: path.to_owned(), exclusive: true };
        }
        let shared = || path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = own_folder(path);
        Placement { base: own.unwrap_or_else(shared).to_owned(), exclusive: own.is_some() }
    }

    /// The folder in which the version lies: that of its own folder, if it has one.
    pub fn container(&self) -> &str {
        if self.exclusive { self.base.rsplit_once('/').map_or("", |(folder, _)| folder) } else { &self.base }
    }

    /// The file and the name, for one of several tools in a file.
    pub fn entry(&self) -> Option<(&str, &str)> {
        self.base.rsplit_once(ENTRY_MARK).filter(|(_, name)| self.exclusive && !name.contains('/'))
    }

    /// Whether a file or folder of this name could be taken for an entry of a file.
    pub fn looks_like_entry(name: &str) -> bool {
        name.contains(ENTRY_MARK)
    }
}

/// Marks a tool as deprecated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deprecation {
    /// The successor.
    pub by: Option<ToolName>,
    /// Shown with the mark; `None` if the user gave none.
    pub reason: Option<String>,
    /// The human who marked it, as `Name <mail>` or system user.
    pub who: String,
    /// When the tool was marked.
    pub at: Instant,
}

/// What the store knows about a tool of this name and digest; all other facts come from disk.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ToolFacts {
    /// State of the newest review of this digest.
    pub review: ToolReview,
    /// Why this version was approved although checks had failed; `None` if none had, or if it is not approved.
    #[serde(default)]
    pub approved_over: Option<String>,
    /// Set if this version was approved although not every line of it was on screen; `None` if every line was, or if it
    /// is not approved.
    #[serde(default)]
    pub approved_unread: Option<Unread>,
    /// The score proven by runs of the name, 0 to 1; `None` before the first run that counts, and for an unapproved
    /// version of a name that has an approved one.
    pub score: Option<f64>,
    /// Finished runs of this version that succeeded or failed; cancelled and never started ones do not count.
    pub runs: u64,
    /// Succeeded runs of this version divided by the runs above, 0 to 1.
    pub success_rate: Option<f64>,
    /// When the newest run of this version started.
    pub last_run_at: Option<Instant>,
    /// Finished runs of any version of the name.
    #[serde(skip)]
    pub name_runs: u64,
    /// Succeeded runs of any version of the name divided by those, 0 to 1.
    #[serde(skip)]
    pub name_success_rate: Option<f64>,
    /// When the newest run of any version of the name started.
    #[serde(skip)]
    pub name_last_run_at: Option<Instant>,
    /// Whether a human selected this version for the name in this session only.
    #[serde(default)]
    pub in_session: bool,
    /// Set if it is deprecated.
    #[serde(default)]
    pub deprecated: Option<Box<Deprecation>>,
    /// The approved version that was made from this one, so that no review of it is opened; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<semver::Version>,
    /// Whether its cost tier must be unlocked by a human before it runs.
    #[serde(default)]
    pub locked: bool,
    /// The tool whose name it takes: it can then be named only by its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<String>,
    /// Whether an approval of exactly this version is in force at its place.
    #[serde(skip)]
    pub approved: bool,
    /// Whether it is outside the tools in use: it is not offered and does not run.
    #[serde(default)]
    pub unused: bool,
}

/// One row of the catalog. Small on purpose, because 100,000 of them stay in memory; the rest is in [`ToolDetail`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Name; several rows may share it (see `shadowed_by`, `clashes`).
    pub name: ToolName,
    /// Version that the manifest states; 1.0.0 if it states none.
    pub version: semver::Version,
    /// Digest of all its files.
    pub digest: Digest,
    /// Determined by its folder, whatever the manifest says.
    pub stage: Stage,
    /// The kind of tool.
    pub kind: Kind,
    /// Category, from the manifest or its folder.
    pub category: Category,
    /// Cost tier; `medium` if the definition states none.
    pub cost_tier: CostTier,
    /// Whether the tier was stated; `false` is shown as "unclassified".
    pub classified: bool,
    /// From the manifest; empty if it has none.
    pub description: String,
    /// Labels to filter by, as the manifest states them.
    pub tags: Vec<String>,
    /// Extra words for search.
    pub keywords: Texts,
    /// When to use it, in sentences; search matches them.
    pub use_cases: Texts,
    /// Other words of its definition that search matches: its folders, its inputs, its header. Without duplicates.
    #[serde(skip)]
    pub other_words: String,
    /// For finding other tools with the same code.
    #[serde(skip)]
    pub code_sketch: CodeSketch,
    /// Whether a second call has no further effect; `None` if not stated.
    pub idempotent: Option<bool>,
    /// Path of the definition (manifest, else script), relative to the workspace.
    pub path: String,
    /// The place of its files.
    pub placement: Placement,
    /// Native folder, pair of files, or script with a header.
    pub format: Format,
    /// As marked in the definition; `Unknown` without a mark.
    pub origin: Origin,
    /// Whether the definition is valid, or what is wrong with it.
    pub state: ToolState,
    /// Whether a run can start.
    pub runnable: bool,
    /// Why not; `None` if it can.
    pub reason: Option<String>,
    /// How much harm a wrong approval could do.
    pub risk: Risk,
    /// Rare fields, which can be read like fields of the row.
    #[serde(flatten)]
    pub extras: Extras,
    /// Files that the digest covers.
    pub files: u32,
    /// Bytes of all files.
    pub bytes: u64,
    /// Newest modification among its files.
    pub modified_at: Instant,
    /// Stored by name and digest: runs, reviews, grants. Most rows have equal facts, and share them.
    #[serde(flatten, with = "shared_facts")]
    pub facts: Arc<ToolFacts>,
}

/// Readers of a row need not know where a field is stored.
impl Deref for Tool {
    type Target = ToolExtras;

    fn deref(&self) -> &ToolExtras {
        &self.extras
    }
}

/// Mutable access allocates memory even if nothing is written: read first.
impl DerefMut for Tool {
    fn deref_mut(&mut self) -> &mut ToolExtras {
        &mut self.extras
    }
}

/// Facts are serialized as part of the row.
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

/// The beginning of the reason if Python packages were not found in the usual places.
pub const NEEDS_PACKAGE: &str = "needs package";

/// The beginning of the reason if no node on this system has the packages.
pub const NEEDS_NODE_PACKAGE: &str = "needs node package";

/// The beginning of the reason if a program that the script calls was not found.
pub const NEEDS_PROGRAM: &str = "needs program";
/// The beginning of the reason for a task that works on files next to its task file.
pub const NEEDS_FILES: &str = "needs files of its project:";
/// The beginning of the reason if the script takes a file that is not part of the tool.
pub const NEEDS_FILE: &str = "needs the file";
/// The first node version that starts TypeScript.
pub const NODE_WITH_TYPES: (u32, u32) = (22, 6);
/// The beginning of the reason if nothing here can start TypeScript.
const NEEDS_TYPESCRIPT: &str = "TypeScript needs";
/// The end of the reason if the interpreter was not found.
pub const NOT_ON_PATH: &str = " is not on the PATH; install it";

/// The beginning of the reason for a prompt without an available generator.
pub const NEEDS_GENERATOR: &str = "it needs a generator: ";

/// The beginning of the reason for a version that the team revoked, or rejected although it is approved here.
const STOPPED_BY_TEAM: &str = "the team stopped it: ";

/// The beginning of the reason for a server whose tools are listed: the server itself is not run.
pub const IS_SERVER: &str = "it is a server; run one of its tools";

/// The start of the reason of a skill, which is complete as it is.
pub const IS_SKILL: &str = "a skill is text for an agent";

/// Why TypeScript cannot be started; `have` describes the available node.
pub fn no_typescript(have: &str) -> String {
    let (major, minor) = NODE_WITH_TYPES;
    format!("{NEEDS_TYPESCRIPT} node {major}.{minor} or newer, tsx, deno or bun ({have}); npm install -g tsx")
}

/// The separator between the path of a server's definition and the name of one of its tools.
const MEMBER_MARK: char = '#';

impl Tool {
    /// The path of the row of a tool of the server at `definition`.
    pub fn member_path(definition: &str, name: &ToolName) -> String {
        format!("{definition}{MEMBER_MARK}{name}")
    }

    /// The path of the definition; for a tool of a server, that of the server.
    pub fn definition(&self) -> &str {
        match self.path.rsplit_once(MEMBER_MARK).filter(|_| self.server.is_some()) {
            Some((definition, _)) => definition,
            None => &self.path,
        }
    }

    /// Where its permissions are declared: in its own manifest, or in a file beside a script, which need not exist yet. A
    /// manifest of another program cannot declare any, so it has no path here.
    pub fn declared_in(&self) -> String {
        let definition = self.definition();
        match Path::new(definition).extension() {
            Some(extension) if self.format != Format::Header && extension == "toml" => definition.to_owned(),
            _ if self.format != Format::Header => "a tool.toml".to_owned(),
            _ => Path::new(definition).with_extension("toml").display().to_string(),
        }
    }

    /// The name under which it is reviewed, approved and granted; for a tool of a server, that of the server.
    pub fn reviewed_as(&self) -> &ToolName {
        self.server.as_ref().unwrap_or(&self.name)
    }

    /// The row for which humans decide; for a tool of a server, that of the server.
    pub fn reviewed(&self) -> Cow<'_, Tool> {
        let Some(server) = &self.server else { return Cow::Borrowed(self) };
        let mut reviewed = Tool { name: server.clone(), path: self.definition().to_owned(), ..self.clone() };
        reviewed.server = None;
        Cow::Owned(reviewed)
    }

    /// Whether a run may be tried. The requirements of a script are determined without starting an interpreter, so only
    /// the start itself can refuse because of them.
    pub fn may_start(&self) -> bool {
        let needs = [NEEDS_PACKAGE, NEEDS_NODE_PACKAGE, NEEDS_PROGRAM, NEEDS_FILES, NEEDS_TYPESCRIPT];
        self.runnable || self.reason.as_deref().is_some_and(|reason| needs.iter().any(|need| reason.starts_with(need)))
    }

    /// Whether the team stopped it.
    pub fn is_stopped_by_team(&self) -> bool {
        self.reason.as_deref().is_some_and(|reason| reason.starts_with(STOPPED_BY_TEAM))
    }

    /// Records why the team stopped it, if it did; a tool that cannot run anyway keeps its own reason.
    pub fn note_stop(&mut self, why: Option<String>) {
        if let Some(why) = why.filter(|_| self.runnable) {
            (self.runnable, self.reason) = (false, Some(format!("{STOPPED_BY_TEAM}{why}")));
        }
    }

    /// What blocks its runs, short enough for a row: `needs pandas`. `None` if a run may start, or if its stage or
    /// state already shows the reason.
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

    /// Its place for a reader: its folder if it has its own, otherwise its definition.
    pub fn place(&self) -> &str {
        if self.placement.exclusive { &self.placement.base } else { &self.path }
    }

    /// A row for tests: an experimental command in its own folder; everything else has ordinary values.
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

    /// Whether its folder is one of approved tools, but nobody here approved it: it came with the workspace and runs
    /// like an experimental tool until it is adopted.
    pub fn awaits_adoption(&self) -> bool {
        self.stage.is_vouched() && self.state == ToolState::Ok && self.facts.review == ToolReview::None
    }
}

/// Everything about one tool, loaded when it is opened.
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
    /// The file to show first: the entry, otherwise the manifest, otherwise the first file.
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
