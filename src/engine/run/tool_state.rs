//! The state that tools keep between their runs: its location, listing and clearing it.
//!
//! The approved versions of a tool share one archive, wherever they run. An unapproved version has its own archive, by
//! digest, so that it cannot change the state of approved versions.

use super::Runs;
use crate::domain::description::{Align, Describe, Description, Ink, Table};
use crate::domain::{Digest, Outcome, Profile, StateRule, Tool, ToolDetail, ToolName, VerbCall, count, size};
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::engine::plain_verb::{Described, Perform, PlainQuery, PlainVerb, argument};
use crate::engine::view::Preview;
use crate::runner::StateFiles;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folder of all archives, in the state folder.
const FOLDER: &str = "tool-state";

/// The extension of an archive.
const ENDING: &str = "state";

/// The file stem of the archive of approved versions.
const APPROVED: &str = "approved";

/// Maximum number of archives of unapproved versions that are kept for a tool; the newest are kept.
const MOST_UNAPPROVED: usize = 4;

/// Lists the state of a tool.
pub(in crate::engine) const STATE: PlainQuery = PlainQuery {
    name: "state",
    needs_catalog: true,
    answer: |engine, call, _| Described::of(&engine.runs().tool_state(argument(call, "tool")?)?),
};

/// Deletes the state of a tool.
pub(in crate::engine) const CLEAR_STATE: PlainVerb = PlainVerb {
    name: "clear-state",
    needs_catalog: true,
    preview: |engine, call| engine.runs().preview_clear_state(call),
    perform: Perform::Human(|engine, who, call| engine.runs().clear_state(who, call)),
};

/// A file in the state of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptFile {
    /// Path relative to the working folder of a run.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// The content of one archive of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptFiles {
    /// `approved`, or the first digits of the digest of an unapproved version.
    pub versions: String,
    /// Whether the version in use has this archive.
    pub in_use: bool,
    /// Its files by path.
    pub files: Vec<KeptFile>,
    /// Size of all files in bytes.
    pub bytes: u64,
    /// Why it cannot be read, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// The state that a tool keeps between its runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolState {
    /// The tool.
    pub tool: ToolName,
    /// The rule in its manifest; `None` without one.
    pub declared: Option<StateRule>,
    /// Its archives, that of approved versions first.
    pub kept: Vec<KeptFiles>,
}

impl ToolState {
    /// One line for the version in use: the declared rule, and the present state.
    pub fn summary(&self) -> Option<String> {
        let declared = self.declared.as_ref()?.summary();
        let now = self.kept.iter().find(|kept| kept.in_use);
        Some(match now {
            Some(kept) => format!("{declared} · {}, {}", count(kept.files.len(), "file"), size(kept.bytes)),
            None => format!("{declared} · nothing yet"),
        })
    }
}

impl Describe for ToolState {
    fn describe(&self) -> Description {
        let remark = self.summary().unwrap_or_else(|| "declares no [state]".to_owned());
        let mut told = Description::new().titled(self.tool.as_str(), &remark);
        let mut table = Table::new(&[("versions", Align::Left), ("file", Align::Left), ("size", Align::Right)]);
        for kept in &self.kept {
            let versions = if kept.in_use { format!("{} (in use)", kept.versions) } else { kept.versions.clone() };
            for file in &kept.files {
                table.row([
                    (Ink::Dim, versions.clone()),
                    (Ink::Plain, file.path.clone()),
                    (Ink::Plain, size(file.bytes)),
                ]);
            }
        }
        let files: usize = self.kept.iter().map(|kept| kept.files.len()).sum();
        if files > 0 {
            told.table(table);
        } else {
            told.summary("no kept files");
        }
        for kept in &self.kept {
            if let Some(fault) = &kept.fault {
                told.note(Ink::Bad, "unreadable", format!("{}: {fault}; clear-state removes it", kept.versions));
            }
        }
        if files > 0 {
            told.next(format!("`toolsmith clear-state {}` deletes all of it", self.tool));
        }
        told
    }
}

impl Runs<'_> {
    fn state_folder(&self, tool: &ToolName) -> PathBuf {
        self.workspace.state_dir.join(FOLDER).join(tool.as_str())
    }

    /// The archive of a version that is about to run with this profile; `None` when it keeps no state.
    ///
    /// # Errors
    /// `Internal` when a surplus archive cannot be removed.
    pub(super) fn archive_for(&self, detail: &ToolDetail, profile: Profile) -> Result<Option<PathBuf>, EngineError> {
        if detail.manifest.state.is_none() {
            return Ok(None);
        }
        let stem = match profile {
            Profile::Declared => APPROVED.to_owned(),
            Profile::Strict => {
                self.trim_archives(&detail.tool.name)?;
                stem_of(detail.tool.digest)
            }
        };
        Ok(Some(self.state_folder(&detail.tool.name).join(format!("{stem}.{ENDING}"))))
    }

    /// Removes the oldest archives of unapproved versions beyond the limit.
    fn trim_archives(&self, tool: &ToolName) -> Result<(), EngineError> {
        let mut others: Vec<(SystemTime, PathBuf)> = Vec::new();
        for path in archives(&self.state_folder(tool)) {
            let changed = std::fs::metadata(&path).and_then(|meta| meta.modified());
            if stem(&path) != APPROVED {
                others.push((changed.unwrap_or(SystemTime::UNIX_EPOCH), path));
            }
        }
        others.sort();
        let excess = others.len().saturating_sub(MOST_UNAPPROVED);
        for (_, path) in others.into_iter().take(excess) {
            remove(&path)?;
        }
        Ok(())
    }

    /// The state of a tool.
    ///
    /// # Errors
    /// Those of finding the tool and reading its definition.
    pub fn tool_state(&self, name: &str) -> Result<ToolState, EngineError> {
        let tool = self.engine.library().resolve(name)?;
        let detail = self.engine.library().detail(&tool)?;
        self.state_of(&detail)
    }

    /// The state of a tool whose definition was already read.
    ///
    /// # Errors
    /// `Internal` for trouble with the state folder.
    pub fn state_of(&self, detail: &ToolDetail) -> Result<ToolState, EngineError> {
        let approved = self.engine.integrity().approved(&detail.tool)?;
        let used = if approved { APPROVED.to_owned() } else { stem_of(detail.tool.digest) };
        let mut kept: Vec<KeptFiles> = Vec::new();
        for path in archives(&self.state_folder(&detail.tool.name)) {
            kept.push(read(&path, &used));
        }
        kept.sort_by_key(|one| (one.versions != APPROVED, one.versions.clone()));
        Ok(ToolState { tool: detail.tool.name.clone(), declared: detail.manifest.state.clone(), kept })
    }

    fn clear_state(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let tool = self.engine.library().resolve(argument(call, "tool")?)?;
        let paths = archives(&self.state_folder(&tool.name));
        let (mut files, mut bytes) = (0, 0);
        for path in &paths {
            let one = read(path, "");
            files += one.files.len();
            bytes += one.bytes;
        }
        let step = self.engine.step(who, |tx, actor| core::clear_state(tx, actor, &tool.name, files, bytes))?;
        for path in &paths {
            remove(path)?;
        }
        self.engine.finish(step)
    }

    fn preview_clear_state(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let tool: std::sync::Arc<Tool> = self.engine.library().resolve(argument(call, "tool")?)?;
        let mut lines = Vec::new();
        for path in archives(&self.state_folder(&tool.name)) {
            let one = read(&path, "");
            lines.push(format!("{}: {}, {}", one.versions, count(one.files.len(), "file"), size(one.bytes)));
        }
        if lines.is_empty() {
            lines.push("it keeps nothing".to_owned());
        }
        Ok(Preview {
            title: format!("Delete what {} keeps between its runs?", tool.name),
            lines,
            undo: "the files are deleted; this cannot be undone".to_owned(),
        })
    }
}

fn stem_of(digest: Digest) -> String {
    digest.hex()[..16].to_owned()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The archives in a folder; empty when the folder does not exist.
fn archives(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == ENDING)).collect()
}

fn remove(path: &Path) -> Result<(), EngineError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(EngineError::internal(error)),
        _ => Ok(()),
    }
}

fn read(path: &Path, used: &str) -> KeptFiles {
    let versions = stem(path);
    let found = std::fs::read(path).and_then(|bytes| StateFiles::decode(&bytes));
    let (found, fault) = match found {
        Ok(found) => (found, None),
        Err(error) => (StateFiles::default(), Some(error.to_string())),
    };
    let file = |(path, file): (&String, &crate::runner::StateFile)| KeptFile {
        path: path.clone(),
        bytes: file.bytes.len() as u64,
    };
    let in_use = versions == used;
    KeptFiles { versions, in_use, files: found.files.iter().map(file).collect(), bytes: found.size(), fault }
}
