//! The part of the workbench: the archive that a run begins with, and what becomes of it afterwards.

use super::archive::{StateFile, StateFiles};
use super::inside::{OVER, read};
use crate::domain::{FileMode, StateRule, VersionFile, is_loadable, size};
use rustix::fs::{FlockOperation, MemfdFlags};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The kept files of one run.
#[derive(Debug, Clone)]
pub(in crate::runner) struct KeptState {
    /// The archive; `None` when nothing is kept afterwards.
    pub(in crate::runner) archive: Option<PathBuf>,
    /// What the run begins with.
    pub(in crate::runner) loaded: StateFiles,
    pub(in crate::runner) max_bytes: u64,
    /// What of the archive the run does not get, in words.
    pub(in crate::runner) left_out: Vec<String>,
}

/// Names of what was left out that are listed.
const MAX_LISTED: usize = 5;

/// What became of the kept files of a run.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::runner) enum StateEnd {
    /// They are kept, with what a human should know.
    Kept(Vec<String>),
    /// It left more than it may keep: why, in words.
    Over(String),
    /// They could not be kept: why, in words.
    Lost(String),
}

/// The files of a version that are where kept files do: with them the first run begins.
fn seeds(rule: &StateRule, files: &[VersionFile]) -> StateFiles {
    let kept = files.iter().filter(|file| rule.keeps(&file.path));
    let of =
        |file: &VersionFile| StateFile { bytes: file.bytes.clone(), is_executable: file.mode == FileMode::Executable };
    StateFiles { files: kept.map(|file| (file.path.clone(), of(file))).collect(), ..StateFiles::default() }
}

impl KeptState {
    /// What a run of a version begins with: what is in the archive, else the files that the version brings.
    ///
    /// # Errors
    /// Why the archive cannot be read, in words.
    pub(in crate::runner) fn load(
        rule: &StateRule,
        archive: Option<&Path>,
        files: &[VersionFile],
    ) -> Result<KeptState, String> {
        let found = archive.map(read_archive).transpose();
        let found = found.map_err(|error| format!("its kept files cannot be read: {error}"))?.flatten();
        let mut loaded = found.unwrap_or_else(|| seeds(rule, files));
        // Another version may have kept other paths.
        loaded.files.retain(|path, _| rule.keeps(path));
        loaded.folders.retain(|path| rule.keeps(path));
        let left_out = fit(rule, &mut loaded);
        Ok(KeptState { archive: archive.map(Path::to_owned), loaded, max_bytes: rule.max_bytes, left_out })
    }

    /// The files for the inner stage, in memory that it writes what is left into.
    ///
    /// # Errors
    /// When there is no memory left.
    pub(in crate::runner) fn hand_over(&self) -> io::Result<OwnedFd> {
        let mut file = File::from(rustix::fs::memfd_create("state", MemfdFlags::CLOEXEC)?);
        file.write_all(&self.loaded.encode()?)?;
        Ok(file.into())
    }

    /// Puts what the run changed into the archive. It stays as it was when the run left too much.
    pub(in crate::runner) fn take_back(&self, from: &OwnedFd) -> StateEnd {
        let Some(archive) = &self.archive else { return StateEnd::Kept(Vec::new()) };
        let left = match read(from) {
            Ok(left) if left.is_read_back => left,
            Ok(_) => return StateEnd::Lost("they were not read back".to_owned()),
            Err(error) => return StateEnd::Lost(error.to_string()),
        };
        match &left.fault {
            Some(fault) if fault == OVER => return self.over(self.max_bytes + 1),
            Some(fault) => return StateEnd::Lost(fault.clone()),
            None => {}
        }
        match self.merge(archive, left) {
            Ok(StateEnd::Kept(notes)) => StateEnd::Kept(self.left_out.iter().cloned().chain(notes).collect()),
            Ok(end) => end,
            Err(error) => StateEnd::Lost(error.to_string()),
        }
    }

    fn over(&self, bytes: u64) -> StateEnd {
        let more = if bytes == self.max_bytes + 1 { String::new() } else { format!(" ({})", size(bytes)) };
        let most = size(self.max_bytes);
        StateEnd::Over(format!("what it keeps is more than {most}{more}; the files from before this run stay"))
    }

    /// Changes the archive by what differs from what the run began with: another run may have changed it meanwhile.
    fn merge(&self, archive: &Path, left: StateFiles) -> io::Result<StateEnd> {
        let dir = archive.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(dir)?;
        let lock = File::create(dir.join("lock"))?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
        let mut merged = read_archive(archive)?.unwrap_or_else(|| self.loaded.clone());
        let mut notes = left.notes.clone();
        let (before, now) = (self.loaded.digests(), merged.digests());
        let changed = |path: &str| now.get(path) != before.get(path);
        let mut doubly = Vec::new();
        for (path, digest) in left.digests() {
            if before.get(path) != Some(&digest) && changed(path) && now.get(path) != Some(&digest) {
                doubly.push(path.to_owned());
            }
        }
        let gone: BTreeSet<String> =
            self.loaded.files.keys().filter(|path| !left.files.contains_key(*path)).cloned().collect();
        let new: Vec<(String, StateFile)> =
            left.files.into_iter().filter(|(path, file)| self.loaded.files.get(path) != Some(file)).collect();
        merged.files.retain(|path, _| !gone.contains(path));
        merged.folders.retain(|path| left.folders.contains(path) || !self.loaded.folders.contains(path));
        let new_folders: BTreeSet<String> = left.folders.difference(&self.loaded.folders).cloned().collect();
        let own = new.iter().map(|(path, _)| (path.as_str(), true));
        for (path, is_file) in own.chain(new_folders.iter().map(|path| (path.as_str(), false))) {
            doubly.extend(make_way(&mut merged, path, is_file));
        }
        merged.files.extend(new);
        merged.folders.extend(left.folders);
        // What is as it was goes, where another run put something of the other kind in its place.
        drop_clashes(&mut merged);
        if merged.size() > self.max_bytes {
            return Ok(self.over(merged.size()));
        }
        if !doubly.is_empty() {
            let list = doubly.join(", ");
            notes.push(format!("another run wrote {list} at the same time; what this run wrote is kept"));
        }
        write(archive, &merged)?;
        Ok(StateEnd::Kept(notes))
    }
}

/// Leaves out of what was kept whatever a run of this version cannot have: what a version declares as a folder and was kept
/// as a file, or the other way around, and what could be code. Says what that is.
fn fit(rule: &StateRule, kept: &mut StateFiles) -> Vec<String> {
    let of_kind = |path: &str, is_file: bool| {
        let declared = rule.paths.iter().find(|declared| declared.covers(path));
        declared.is_some_and(
            |declared| if declared.path == path { declared.is_folder != is_file } else { declared.is_folder },
        )
    };
    let mut left_out = Vec::new();
    kept.files.retain(|path, _| {
        let why = match (of_kind(path, true), is_loadable(path)) {
            (false, _) => "this version declares it as something else",
            (_, true) => "a run could load it as code",
            (true, false) => return true,
        };
        left_out.push(format!("not kept: {path} ({why})"));
        false
    });
    kept.folders.retain(|path| of_kind(path, false) && !is_loadable(path));
    let clashes = drop_clashes(kept);
    left_out.extend(clashes.into_iter().map(|path| format!("not kept: {path} (its folder is a file)")));
    if left_out.len() > MAX_LISTED {
        let more = left_out.split_off(MAX_LISTED).len();
        left_out.push(format!("{more} more of what it kept are not kept"));
    }
    left_out
}

/// Takes out what stands in the way of a new file or folder: files around it, and what is of the other kind at its path.
fn make_way(kept: &mut StateFiles, path: &str, is_file: bool) -> Vec<String> {
    let lies_in = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    let stands = |other: &str| lies_in(path, other) || is_file && lies_in(other, path) || !is_file && other == path;
    let taken: Vec<String> = kept.files.keys().filter(|other| stands(other)).cloned().collect();
    kept.files.retain(|other, _| !stands(other));
    kept.folders.retain(|other| !is_file || other != path && !lies_in(other, path));
    taken
}

/// Takes out what is in a file, and folders that are files. Returns the files among them.
fn drop_clashes(kept: &mut StateFiles) -> Vec<String> {
    let files: BTreeSet<String> = kept.files.keys().cloned().collect();
    let around = |path: &str| path.match_indices('/').any(|(end, _)| files.contains(&path[..end]));
    let inside: Vec<String> = kept.files.keys().filter(|path| around(path)).cloned().collect();
    kept.files.retain(|path, _| !inside.contains(path));
    kept.folders.retain(|path| !files.contains(path) && !around(path));
    inside
}

/// What an archive holds; `None` if there is none.
///
/// # Errors
/// When it cannot be read, or is not an archive.
pub(super) fn read_archive(path: &Path) -> io::Result<Option<StateFiles>> {
    match fs::read(path) {
        Ok(bytes) => StateFiles::decode(&bytes).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces an archive as one step.
fn write(archive: &Path, files: &StateFiles) -> io::Result<()> {
    let dir = archive.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let stored = StateFiles { is_read_back: false, notes: Vec::new(), fault: None, ..files.clone() };
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(&stored.encode()?)?;
    file.as_file().sync_all()?;
    file.persist(archive).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(archive: &Path, max_bytes: u64) -> KeptState {
        let loaded = read_archive(archive).unwrap().unwrap_or_default();
        KeptState { archive: Some(archive.to_owned()), loaded, max_bytes, left_out: Vec::new() }
    }

    /// Ends a run that left these files.
    fn end(state: &KeptState, files: &[(&str, &str)]) -> StateEnd {
        let file = |text: &str| StateFile { bytes: text.into(), is_executable: false };
        let left = StateFiles {
            files: files.iter().map(|(path, text)| ((*path).to_owned(), file(text))).collect(),
            is_read_back: true,
            ..StateFiles::default()
        };
        let fd = KeptState { loaded: left, ..state.clone() }.hand_over().unwrap();
        state.take_back(&fd)
    }

    fn kept(archive: &Path) -> Vec<(String, String)> {
        let files = read_archive(archive).unwrap().unwrap_or_default().files;
        files.into_iter().map(|(path, file)| (path, String::from_utf8(file.bytes).unwrap())).collect()
    }

    #[test]
    fn runs_at_the_same_time_keep_what_each_changed() {
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("t/approved");
        assert_eq!(end(&state(&archive, 100), &[("s/a", "1"), ("s/b", "1"), ("s/c", "1")]), StateEnd::Kept(vec![]));
        let (one, two) = (state(&archive, 100), state(&archive, 100));
        assert_eq!(end(&one, &[("s/a", "2"), ("s/b", "1")]), StateEnd::Kept(vec![]));
        assert_eq!(end(&two, &[("s/a", "1"), ("s/b", "3"), ("s/c", "1"), ("s/d", "4")]), StateEnd::Kept(vec![]));
        let wanted = [("s/a", "2"), ("s/b", "3"), ("s/d", "4")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(kept(&archive), wanted);
        let StateEnd::Kept(notes) = end(&one, &[("s/a", "5"), ("s/b", "6"), ("s/c", "1")]) else { panic!("kept") };
        assert!(notes[0].contains("s/a, s/b"), "{notes:?}");
    }

    #[test]
    fn what_is_too_much_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("approved");
        end(&state(&archive, 4), &[("s/a", "1234")]);
        assert!(matches!(end(&state(&archive, 4), &[("s/a", "12345")]), StateEnd::Over(_)));
        // Each alone fits, both do not.
        let empty = KeptState { loaded: StateFiles::default(), ..state(&archive, 4) };
        assert!(matches!(end(&empty, &[("s/b", "1")]), StateEnd::Over(_)));
        assert_eq!(kept(&archive), [("s/a".to_owned(), "1234".to_owned())]);
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_are_settled_by_the_run_that_ends_last() {
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("approved");
        let (one, two, three) = (state(&archive, 100), state(&archive, 100), state(&archive, 100));
        assert_eq!(end(&one, &[("s/x", "file")]), StateEnd::Kept(vec![]));
        let StateEnd::Kept(notes) = end(&two, &[("s/x/a", "1"), ("s/x/b", "2")]) else { panic!("kept") };
        assert!(notes[0].contains("s/x"), "{notes:?}");
        assert_eq!(kept(&archive).iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["s/x/a", "s/x/b"]);
        let StateEnd::Kept(notes) = end(&three, &[("s/x", "again")]) else { panic!("kept") };
        assert!(notes[0].contains("s/x/a, s/x/b"), "{notes:?}");
        assert_eq!(kept(&archive), [("s/x".to_owned(), "again".to_owned())]);
        // Whatever lies in the archive, a run gets only what fits together.
        let mut mixed = read_archive(&archive).unwrap().unwrap();
        mixed.files.insert("s/x/deep".to_owned(), StateFile { bytes: Vec::new(), is_executable: false });
        mixed.folders.insert("s/x".to_owned());
        write(&archive, &mixed).unwrap();
        let rule = StateRule::new(&["s".to_owned()], None).unwrap();
        let loaded = KeptState::load(&rule, Some(&archive), &[]).unwrap();
        assert_eq!(loaded.loaded.files.keys().collect::<Vec<_>>(), ["s/x"]);
        assert!(loaded.loaded.folders.is_empty() && loaded.left_out[0].contains("s/x/deep"), "{:?}", loaded.left_out);
    }

    #[test]
    fn another_version_that_declares_the_other_kind_begins_without_it() {
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("approved");
        end(&state(&archive, 100), &[("items.json", "[]"), ("data/a", "1"), ("data/own.py", "import os")]);
        let load = |path: &str| {
            let rule = StateRule::new(&[path.to_owned()], None).unwrap();
            let found = KeptState::load(&rule, Some(&archive), &[]).unwrap();
            (found.loaded.files.keys().cloned().collect::<Vec<_>>().join(" "), found.left_out.join("; "))
        };
        // The control: what is declared as it was kept is there.
        assert_eq!(load("items.json"), ("items.json".to_owned(), String::new()));
        let (files, said) = load("items.json/");
        assert!(files.is_empty() && said.contains("items.json (this version declares it as something else)"), "{said}");
        let (files, said) = load("data");
        assert!(files == "data/a" && said.contains("data/own.py (a run could load it as code)"), "{files}: {said}");
    }

    #[test]
    fn a_run_that_was_not_read_back_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("approved");
        end(&state(&archive, 4), &[("s/a", "1")]);
        let state = state(&archive, 4);
        let fd = state.hand_over().unwrap();
        assert!(matches!(state.take_back(&fd), StateEnd::Lost(_)));
        assert_eq!(kept(&archive), [("s/a".to_owned(), "1".to_owned())]);
    }
}
