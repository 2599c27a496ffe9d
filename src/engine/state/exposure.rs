//! Checks whether other users could have written the state. A tool that runs as the user in level confined can change
//! the modes of the user's files; then every user of the machine could forge decisions.

use crate::engine::error::{EngineError, ErrorCode};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The write bits of the group and of others. With an access control list, the group bits are its mask.
const OTHERS_WRITE: u32 = 0o022;

/// The bits that let other users enter a folder.
const OTHERS_ENTER: u32 = 0o011;

/// The files of the state that contain decisions, including the write-ahead log of the database.
const FILES: &[&str] = &["store.db", "store.db-wal", "store.db-shm", "workspace.json", "seen.json"];

/// Removes write permission of other users, and reports where they had it. `data` is the folder with the states of all
/// workspaces.
pub(in crate::engine) fn close_to_others(data: &Path, state: &Path) -> Option<EngineError> {
    let folders: Vec<&Path> = state.ancestors().take_while(|folder| folder.starts_with(data)).collect();
    let mode = |path: &Path| {
        fs::symlink_metadata(path).ok().filter(|found| !found.is_symlink()).map(|found| found.permissions().mode())
    };
    let is_reached = folders.iter().all(|folder| mode(folder).is_some_and(|mode| mode & OTHERS_ENTER != 0));
    let files = FILES.iter().map(|name| state.join(name)).filter(|_| is_reached);
    let open: Vec<(PathBuf, u32)> = folders
        .iter()
        .map(|folder| (*folder).to_owned())
        .chain(files)
        .filter_map(|path| mode(&path).filter(|mode| mode & OTHERS_WRITE != 0).map(|mode| (path, mode)))
        .collect();
    let (first, _) = open.first()?;
    let more = if open.len() > 1 { format!(" and {} more", open.len() - 1) } else { String::new() };
    let message = format!("other users could write the state of this workspace: {}{more}", first.display());
    let closed = open
        .iter()
        .try_for_each(|(path, mode)| fs::set_permissions(path, Permissions::from_mode(mode & 0o7777 & !OTHERS_WRITE)));
    let (code, hint) = match closed {
        Ok(()) => (
            ErrorCode::Conflict,
            "the permissions are fixed now; check with `toolsmith verify` whether the log was changed".to_owned(),
        ),
        Err(error) => {
            (ErrorCode::Internal, format!("run `chmod -R go-w` on that folder ({error}), then `toolsmith verify`"))
        }
    };
    Some(EngineError::new(code, message, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_others_could_write_is_told_and_closed() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let state = data.join("workspaces/w-1");
        fs::create_dir_all(&state).unwrap();
        fs::write(state.join("store.db"), "").unwrap();
        let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let modes = || {
            [&data, &state, &state.join("store.db")]
                .map(|path| fs::metadata(path).unwrap().permissions().mode() & 0o777)
        };
        set(&data.join("workspaces"), 0o755);
        for (before, told, after) in [
            ([0o700, 0o700, 0o644], false, [0o700, 0o700, 0o644]),
            ([0o755, 0o755, 0o644], false, [0o755, 0o755, 0o644]),
            // No other user can reach the files.
            ([0o700, 0o755, 0o664], false, [0o700, 0o755, 0o664]),
            ([0o755, 0o755, 0o664], true, [0o755, 0o755, 0o644]),
            ([0o777, 0o700, 0o644], true, [0o755, 0o700, 0o644]),
            ([0o700, 0o770, 0o644], true, [0o700, 0o750, 0o644]),
        ] {
            set(&data, before[0]);
            set(&state, before[1]);
            set(&state.join("store.db"), before[2]);
            let found = close_to_others(&data, &state);
            assert_eq!((found.is_some(), modes()), (told, after), "{before:?}: {found:?}");
            assert!(close_to_others(&data, &state).is_none(), "{before:?}");
        }
    }
}
