//! What lies around a workspace.

use super::FOLDERS;
use std::path::{Path, PathBuf};

/// The widest folder around a workspace that may have come with it: what was cloned or unpacked need not be a work tree,
/// and its top need not be the workspace. It ends below the user's home, and below folders that hold the programs of the
/// system or the home. `None` when the workspace itself is that wide.
pub fn surroundings(workspace: &Path, home: &Path) -> Option<PathBuf> {
    workspace.ancestors().skip(1).take_while(|folder| !holds_more(folder, home)).last().map(Path::to_owned)
}

/// Whether a folder is or holds the user's home or a folder with the programs of the system: it came with nobody.
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
