//! What is next to a version in its folder and is not part of it: written, or taken away, while the version stays where
//! and as it is.

use super::{Done, RelocateError, disk};
use crate::catalog::UNFINISHED;
use crate::domain::{FileMode, VersionFile};
use crate::engine::core::{APPROVAL_FILE, ApprovalFileChange};
use crate::vcs::{Commit, Git};
use std::fs;
use std::io;
use std::path::Path;

/// Writes the file or takes it away, and commits that. May be performed again.
///
/// # Errors
/// As [`super::perform`].
pub fn perform_beside(workspace: &Path, git: Option<&Git>, change: &ApprovalFileChange) -> Result<Done, RelocateError> {
    let path = format!("{}/{APPROVAL_FILE}", change.place.base);
    let (folder, full) = (workspace.join(&change.place.base), workspace.join(&path));
    let failed = |action: &'static str| {
        let path = path.clone();
        move |source| RelocateError::Io { action, path, source }
    };
    // A folder that is gone, or that other tools share, has nothing beside the tool.
    if change.place.exclusive && disk::is_folder(&folder) {
        match &change.text {
            Some(text) if disk::lacks(&full, text.as_bytes()) => {
                let temporary = folder.join(format!("{UNFINISHED}{}-{APPROVAL_FILE}.tmp", change.operation));
                let (mode, bytes) = (FileMode::Plain, text.clone().into_bytes());
                let file = VersionFile { path: APPROVAL_FILE.to_owned(), mode, bytes };
                disk::write(&temporary, &file).map_err(failed("write"))?;
                fs::rename(&temporary, &full).map_err(failed("write"))?;
            }
            Some(_) => {}
            None => match fs::remove_file(&full) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("remove")(error)),
                _ => {}
            },
        }
        disk::sync_folder(&folder).map_err(failed("sync"))?;
    }
    let commit = match (git, &change.commit) {
        (Some(git), Some(note)) if Path::new(&change.place.base).is_relative() => {
            let known = git.committed_under(&change.place.base).map_err(RelocateError::Commit)?.contains(&path);
            let paths = if known || disk::exists(&full) { vec![path] } else { Vec::new() };
            let commit = Commit { paths: &paths, message: &note.message, trailers: &note.trailers };
            let made = git.commit(&commit).map_err(RelocateError::Commit)?;
            match made {
                Some(made) => return Ok(Done { commit: Some(made.hash), notes: made.notes }),
                None => git.find_trailers(&note.trailers).map_err(RelocateError::Commit)?,
            }
        }
        _ => None,
    };
    Ok(Done { commit, notes: Vec::new() })
}
