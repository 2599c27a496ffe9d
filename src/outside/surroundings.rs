//! The folders around a workspace.

use super::FOLDERS;
use std::path::{Path, PathBuf};

/// The topmost folder around a workspace that may have been cloned or unpacked with it. It need not be a work tree, and
/// the workspace need not be its top. It is below the user's home, and below folders that contain programs of the
/// system or the home. `None` when the parent of the workspace already contains one of these.
pub fn surroundings(workspace: &Path, home: &Path) -> Option<PathBuf> {
    workspace.ancestors().skip(1).take_while(|folder| !holds_more(folder, home)).last().map(Path::to_owned)
}

/// Whether a folder is or contains the user's home or a folder with system programs, so that it cannot have come with a
/// workspace.
pub fn holds_more(folder: &Path, home: &Path) -> bool {
    let holds_home = !home.as_os_str().is_empty() && home.starts_with(folder);
    holds_home || FOLDERS.iter().any(|programs| Path::new(programs).starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_come_with_a_workspace_ends_below_the_home_and_the_system() {
        for (workspace, expected) in [
            ("/home/ada/code/repo/proj", Some("/home/ada/code")),
            ("/home/ada/repo/proj", Some("/home/ada/repo")),
            ("/home/ada/proj", None),
            ("/home/ada", None),
            ("/home/bob/code/proj", Some("/home/bob")),
            ("/srv/team/proj", Some("/srv")),
            ("/usr/local/share/proj", Some("/usr/local/share")),
            ("/proj", None),
            ("/", None),
        ] {
            let found = surroundings(Path::new(workspace), Path::new("/home/ada"));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{workspace}");
        }
        assert_eq!(surroundings(Path::new("/a/b/c"), Path::new("")).as_deref(), Some(Path::new("/a")));
    }
}
