//! The places on this machine from which programs start, including those that the user's next command would find.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// How many entries of one folder are checked for links.
const MAX_ENTRIES: usize = 4096;

/// Folders below a home whose links lead to start files or programs: start files kept in a repository of settings,
/// scripts that were put on the path.
const LINKED_FROM: &[&str] = &["", ".config", ".config/systemd/user", ".local/bin", "bin"];

/// The folders in `PATH`, and the targets of links in a home or in a `PATH` folder inside a home. All of them exist and
/// are absolute, without symbolic links, in ascending order.
pub(in crate::runner) fn places(homes: &[PathBuf], caller: &BTreeMap<OsString, OsString>) -> Vec<PathBuf> {
    let path = caller.get(OsStr::new("PATH")).map(OsString::as_os_str).unwrap_or_default();
    let named = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    let programs: BTreeSet<PathBuf> = named.filter_map(|folder| folder.canonicalize().ok()).collect();
    let own = programs.iter().filter(|folder| homes.iter().any(|home| folder.starts_with(home)));
    let hidden = homes.iter().flat_map(|home| LINKED_FROM.iter().map(move |folder| home.join(folder)));
    let linked: Vec<PathBuf> = own.cloned().chain(hidden).chain([PathBuf::from("/usr/local/bin")]).collect();
    let mut found = programs;
    for folder in linked {
        let is_home = homes.contains(&folder);
        found.extend(links(&folder, |name| !is_home || name.as_encoded_bytes().starts_with(b".")));
    }
    // A link to the root or to a whole home is ignored: those are never granted anyway.
    found
        .into_iter()
        .filter(|place| place.parent().is_some() && !homes.iter().any(|home| home.starts_with(place)))
        .collect()
}

/// The targets of the links in a folder whose names count.
fn links(folder: &Path, counts: impl Fn(&OsStr) -> bool) -> Vec<PathBuf> {
    // If its user cannot list a folder, the tool cannot write it either.
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let entries = entries.take(MAX_ENTRIES).flatten();
    let links =
        entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()) && counts(&entry.file_name()));
    links.filter_map(|link| link.path().canonicalize().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_of_a_home_and_folders_of_the_path_lead_to_what_starts() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for folder in ["home/dotfiles/nvim", "home/.config", "home/.local/bin", "home/ws/.venv/bin", "home/notes"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["home/dotfiles/bashrc", "home/ws/tool.py", "home/notes/x"] {
            fs::write(root.join(file), "").unwrap();
        }
        for (link, target) in [
            ("home/.bashrc", "home/dotfiles/bashrc"),
            ("home/.config/nvim", "home/dotfiles/nvim"),
            ("home/.local/bin/mine", "home/ws/tool.py"),
            ("home/shown", "home/notes/x"),
            ("home/.all", "home"),
            ("home/.broken", "home/nothing"),
        ] {
            symlink(root.join(target), root.join(link)).unwrap();
        }
        let path = format!("{0}/home/ws/.venv/bin:{0}/home/gone:relative::{0}/home/.local/bin", root.display());
        let caller = [("PATH".into(), path.into())].into();
        let found = places(&[root.join("home")], &caller);
        let expected =
            ["home/.local/bin", "home/dotfiles/bashrc", "home/dotfiles/nvim", "home/ws/.venv/bin", "home/ws/tool.py"];
        let found: Vec<PathBuf> = found.into_iter().filter(|place| place.starts_with(&root)).collect();
        assert_eq!(found, expected.map(|place| root.join(place)));
    }
}
