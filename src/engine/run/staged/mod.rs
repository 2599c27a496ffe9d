//! Staged writes: what a run wrote to declared paths is held back, then applied as one step.
//!
//! A run of an approved tool never writes to the user's files itself. Its changes are in the state folder, one folder
//! for each run: `new/` mirrors the file system with all new contents, `old/` with all replaced contents, and
//! `edits.json` lists the changes. If the run succeeded, the transaction of its end also contains an operation in the
//! log and an intent. Then the edits are applied; after a crash, the intent still exists. If a path is no longer as it
//! was when the run began, nothing is applied. Changes that are not applied are kept and can be read.
//!
//! Owner, extended attributes and times of a file are not part of the changes.

mod apply;
#[cfg(test)]
mod tests;
mod text;

use crate::domain::{Difference, RunEnd, RunId, ToolName, WriteMode, is_never_written};
use crate::engine::Engine;
use crate::engine::core::{self, Applying, Content, Edit, run_subject};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::workspace::Workspace;
use crate::runner::{Staged, WritePath};
use crate::store::FinishedRun;
use serde::Serialize;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The most paths that a note lists.
const NAMED: usize = 3;

/// The state of the staged writes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StagedState {
    /// Held back; nothing was changed.
    Kept,
    /// Decided, but not completely applied yet.
    Pending,
    /// Applied to the workspace.
    Applied,
    /// Applied, and undone since then.
    TakenBack,
}

/// The staged writes of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StagedView {
    /// Their state.
    pub state: StagedState,
    /// The edits, in ascending order of path.
    pub edits: Vec<Edit>,
    /// The difference as text: a unified diff for text files, sizes for others. It is not escaped: escape it before it
    /// is shown.
    pub diff: String,
}

/// The end of a run, as needed for its staged writes.
pub(super) struct Ending<'a> {
    pub(in crate::engine) run: RunId,
    pub(in crate::engine) tool: &'a ToolName,
    pub(in crate::engine) who: &'a str,
    /// The paths that it may write.
    pub(in crate::engine) write: &'a [WritePath],
    pub(in crate::engine) staged: &'a Staged,
}

/// What runs wrote, held back until it is applied.
#[derive(Clone, Copy)]
pub struct StagedWrites<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl StagedWrites<'_> {
    /// The folder of a run's staged writes; it may not exist.
    pub(super) fn path(&self, run: RunId) -> PathBuf {
        self.workspace.state_dir.join("staged").join(run.to_string())
    }

    /// The staged writes of a run; `None` when it had none.
    ///
    /// # Errors
    /// `Internal` when they cannot be read.
    pub fn of_run(&self, run: RunId) -> Result<Option<StagedView>, EngineError> {
        let folder = self.path(run);
        let edits: Vec<Edit> = match std::fs::read(folder.join("edits.json")) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => serde_json::from_slice(&read.map_err(EngineError::internal)?).map_err(EngineError::internal)?,
        };
        let (applied, back, owed) = self.workspace.read(|q| {
            let newest = |verb| q.newest_operation(verb, &run_subject(run));
            Ok((newest("apply")?, newest("undo")?, q.intents()?))
        })?;
        let state = match applied.as_ref().or(back.as_ref()) {
            None => StagedState::Kept,
            Some(operation) if owed.iter().any(|intent| intent.operation == operation.id) => StagedState::Pending,
            Some(_) if applied.is_some() => StagedState::Applied,
            Some(_) => StagedState::TakenBack,
        };
        let diff = text::unified(&edits, &folder.join("old"), &folder.join("new"));
        Ok(Some(StagedView { state, edits, diff }))
    }

    /// Ends a run with staged writes: stores the changes, and applies them if the run succeeded and there is no
    /// conflict.
    pub(super) fn settle(&self, ending: &Ending<'_>, mut finished: FinishedRun) -> Result<(), EngineError> {
        // Held until everything is applied, so that no other operation of ours changes files between the check and the
        // change.
        let _turn = self.workspace.move_turn()?;
        let decided = match self.keep_edits(ending) {
            Ok(edits) if edits.is_empty() && ending.staged.fault.is_none() => {
                return self.engine.runs().close(ending.run, &finished);
            }
            Ok(edits) => match ending.staged.fault.clone().or_else(|| refusal(&finished.end, &edits, ending.write)) {
                None => Some(edits),
                Some(reason) => {
                    leave(&mut finished, ending.run, &reason);
                    None
                }
            },
            Err(error) => {
                leave(&mut finished, ending.run, &error.message);
                None
            }
        };
        let Some(edits) = decided else {
            leave_out_staged(&mut finished, ending);
            return self.engine.runs().close(ending.run, &finished);
        };
        let count = edits.iter().filter(|edit| edit.to != Content::Folder).count();
        finished.notes.push(format!("{count} staged writes are applied in one step (`undo` reverts it)"));
        let step = Applying { run: ending.run, tool: ending.tool.clone(), edits, back: false };
        let (intent, work) = self
            .engine
            .runs()
            .close_with(ending.run, &finished, |tx| core::apply(tx, self.workspace.actor(ending.who), step))?;
        self.engine.perform(intent, &work).map(|_| ())
    }

    /// Stores what a run changed, with the contents that would be replaced.
    fn keep_edits(&self, ending: &Ending<'_>) -> Result<Vec<Edit>, EngineError> {
        let folder = self.path(ending.run);
        let edits = edits_of(ending.staged)?;
        if edits.is_empty() {
            return Ok(edits);
        }
        let old = folder.join("old");
        std::fs::create_dir_all(&old).map_err(EngineError::internal)?;
        apply::keep(&edits, &old).map_err(EngineError::internal)?;
        let body = serde_json::to_vec(&edits).map_err(EngineError::internal)?;
        std::fs::write(folder.join("edits.json"), body).map_err(EngineError::internal)?;
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(EngineError::internal)?;
        Ok(edits)
    }

    /// Applies or undoes the edits of a run; returns notes for the user.
    pub(in crate::engine) fn apply(&self, step: &Applying) -> Result<Vec<String>, EngineError> {
        let folder = self.path(step.run);
        let reversed: Vec<Edit>;
        let (edits, source) = if step.back {
            reversed = step.edits.iter().map(Edit::reversed).collect();
            (&reversed, folder.join("old"))
        } else {
            (&step.edits, folder.join("new"))
        };
        let step = apply::Step { run: step.run, source: &source, edits, check: &mut |_| Ok(()) };
        apply::perform(step).map_err(|error| {
            let hint = "free some space or make the folder writable; the next start tries again";
            EngineError::new(ErrorCode::Failed, error.to_string(), hint)
        })
    }

    /// Refuses to undo edits if the files have changed since then.
    pub(in crate::engine) fn refuse_changed_since(edits: &[Edit]) -> Result<(), EngineError> {
        let back: Vec<Edit> = edits.iter().map(Edit::reversed).collect();
        let changed = apply::in_the_way(&back).map_err(EngineError::internal)?;
        if changed.is_empty() {
            return Ok(());
        }
        Err(EngineError::new(
            ErrorCode::Conflict,
            format!("{} changed since it was applied", named(&changed)),
            "restore it manually; `toolsmith output RUN --diff` shows the previous content",
        ))
    }
}

/// Removes files that are not on disk from the result of a run: its scratch folder and direct writes stay.
fn leave_out_staged(finished: &mut FinishedRun, ending: &Ending<'_>) {
    let Some(seen) = &mut finished.observation else { return };
    let direct = |granted: &&WritePath| granted.mode == WriteMode::Direct;
    let direct: Vec<&WritePath> = ending.write.iter().filter(direct).collect();
    let listed = seen.changes.len();
    seen.changes.retain(|change| {
        let path = Path::new(&change.path);
        path.starts_with("{scratch}") || direct.iter().any(|granted| path.starts_with(&granted.path))
    });
    // The remaining staged changes are among those that were not listed.
    let unlisted = ending.staged.changes.len().saturating_sub(listed - seen.changes.len());
    seen.changes_cut = seen.changes_cut.saturating_sub(unlisted as u64);
}

/// Records that nothing is applied. Such a run did not succeed, whatever the exit code of its process.
fn leave(finished: &mut FinishedRun, run: RunId, reason: &str) {
    finished.notes.push(format!("staged writes are not applied: {reason}; `toolsmith output {run} --diff` shows them"));
    if let RunEnd::Succeeded { exit_code } = finished.end {
        finished.end = RunEnd::Failed { exit_code, reason: format!("its writes were not applied: {reason}") };
    }
}

/// Why nothing is applied.
fn refusal(end: &RunEnd, edits: &[Edit], write: &[WritePath]) -> Option<String> {
    if !matches!(end, RunEnd::Succeeded { .. }) {
        return Some("the run did not succeed".to_owned());
    }
    let swapped = |edit: &&Edit| {
        matches!(
            (edit.from, edit.to),
            (Content::File { .. }, Content::Folder) | (Content::Folder, Content::File { .. })
        )
    };
    if let Some(edit) = edits.iter().find(swapped) {
        return Some(format!("{} would turn from a file into a folder or back", edit.path.display()));
    }
    let outside: Vec<PathBuf> =
        edits.iter().filter(|edit| !is_granted(&edit.path, write)).map(|edit| edit.path.clone()).collect();
    if !outside.is_empty() {
        return Some(format!("{} is not one of the declared paths", named(&outside)));
    }
    match apply::in_the_way(edits) {
        Err(error) => Some(error.to_string()),
        Ok(changed) if !changed.is_empty() => Some(format!("{} changed while it ran", named(&changed))),
        Ok(_) => None,
    }
}

/// Whether a path is in a granted path and not in a part of it that stays read-only.
fn is_granted(path: &Path, write: &[WritePath]) -> bool {
    write.iter().any(|granted| {
        let inside = path == granted.path || granted.folder && path.starts_with(&granted.path);
        let rest = path.strip_prefix(&granted.path).unwrap_or(path);
        inside
            && !granted.protected.iter().any(|kept| path.starts_with(kept))
            && !rest.components().any(|part| is_never_written(&part.as_os_str().to_string_lossy()))
    })
}

fn named(paths: &[PathBuf]) -> String {
    let list: Vec<String> = paths.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    let more = paths.len().saturating_sub(NAMED);
    if more > 0 { format!("{} and {more} more", list.join(", ")) } else { list.join(", ") }
}

/// The edits of a run, in ascending order of path, so that folders come before their contents.
fn edits_of(staged: &Staged) -> Result<Vec<Edit>, EngineError> {
    let mut edits = Vec::with_capacity(staged.changes.len());
    for change in &staged.changes {
        let to = match change.difference {
            Difference::Deleted => Content::Nothing,
            Difference::Created | Difference::Changed => staged_content(&apply::below(&staged.dir, &change.path))?,
        };
        let from = match change.before {
            Some(digest) => Content::File { digest, mode: 0 },
            None if change.difference == Difference::Created => Content::Nothing,
            None => Content::Folder,
        };
        // The mode before is the current mode. If the path is something else now, nothing is applied.
        let from = match (from, apply::look(&change.path)) {
            (Content::File { digest, .. }, Ok(Some(Content::File { mode, .. }))) => Content::File { digest, mode },
            (from, _) => from,
        };
        if from != to {
            edits.push(Edit { path: change.path.clone(), from, to });
        }
    }
    edits.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(edits)
}

fn staged_content(path: &Path) -> Result<Content, EngineError> {
    match apply::look(&path.canonicalize().map_err(EngineError::internal)?).map_err(EngineError::internal)? {
        Some(content @ (Content::File { .. } | Content::Folder)) => Ok(content),
        Some(Content::Nothing) | None => {
            Err(EngineError::new(ErrorCode::Internal, format!("{} is not kept", path.display()), ""))
        }
    }
}
