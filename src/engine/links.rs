//! Symbolic links in the path of a file that is about to be written. A workspace may come from a stranger, and a link
//! in it could redirect a write to any place that the user can write to.

use super::error::{EngineError, ErrorCode};
use std::path::{Path, PathBuf};

/// The first symbolic link between a folder and a path below it, including the path itself, relative to the folder.
/// `None` for a path that is not below it.
pub(super) fn link_on_the_way(root: &Path, path: &Path) -> Option<PathBuf> {
    let below = root.join(path).strip_prefix(root).ok()?.to_owned();
    let mut way: Vec<&Path> = below.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
    way.reverse();
    let is_link = |part: &&Path| root.join(part).symlink_metadata().is_ok_and(|found| found.is_symlink());
    way.into_iter().find(is_link).map(Path::to_owned)
}

/// Refuses to write through a symbolic link.
///
/// # Errors
/// `Refused`, with the link.
pub fn refuse_links(root: &Path, path: &Path) -> Result<(), EngineError> {
    let Some(link) = link_on_the_way(root, path) else { return Ok(()) };
    let message = format!("{} is a symbolic link; Toolsmith does not write through links", link.display());
    Err(EngineError::new(ErrorCode::Refused, message, "replace it with a real folder or file, then retry"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_is_found_wherever_it_is_on_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("a/b")).unwrap();
        symlink("/tmp", root.join("a/link")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        for (path, expected) in [
            ("a/b/c", None),
            ("new/file", None),
            ("a/link/x", Some("a/link")),
            ("a/link", Some("a/link")),
            ("dangling", Some("dangling")),
            ("/etc/passwd", None),
        ] {
            assert_eq!(link_on_the_way(root, Path::new(path)).as_deref(), expected.map(Path::new), "{path}");
        }
    }
}
