//! Files in a folder that other tools share, and taking away the files a version leaves behind.

use super::{Mover, RelocateError, at, disk, is_shared_folder};
use crate::catalog::{UNFINISHED, imported_among, importer};
use crate::domain::{Placement, VersionFile};
use crate::engine::core::APPROVAL_FILE;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How many names a note lists.
const MAX_NAMED: usize = 3;

impl Mover<'_> {
    /// Writes each file into the shared folder. Nothing is changed when one of them is in the way of
    /// other content.
    pub(super) fn place_loose(&mut self) -> Result<(), RelocateError> {
        let to = &self.relocation.to;
        if let Some(path) = super::conflicts(self.workspace, self.files, to).into_iter().next() {
            return Err(RelocateError::Conflict { path });
        }
        for file in self.files {
            let path = at(to, &file.path);
            if !self.exists(&path) {
                self.write_new(&path, file)?;
            }
        }
        if !self.relocation.extra.is_empty() {
            let names: Vec<&str> = self.relocation.extra.iter().map(|file| file.path.as_str()).collect();
            self.notes.push(format!("{} is not written: {} is shared with other tools", names.join(", "), to.base));
        }
        Ok(())
    }

    fn write_new(&mut self, path: &str, file: &VersionFile) -> Result<(), RelocateError> {
        let full = self.full(path);
        let (folder, temporary) = self.beside_path(&full)?;
        fs::create_dir_all(&folder).map_err(self.failed("create", &folder))?;
        disk::write(&temporary, file).map_err(self.failed("write", &full))?;
        self.done("file written")?;
        match disk::rename_new(&temporary, &full) {
            Ok(()) => {}
            // Somebody wrote it since we looked.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                fs::remove_file(&temporary).map_err(self.failed("remove", &temporary))?;
                if disk::differs(&full, &file.bytes) {
                    return Err(RelocateError::Conflict { path: path.to_owned() });
                }
            }
            Err(error) => return Err(self.failed("write", &full)(error)),
        }
        self.done("file put in place")?;
        disk::sync_folder(&folder).map_err(self.failed("sync", &folder))
    }

    /// Writes a file of ours in a folder of the tool's own, over what is there.
    pub(super) fn write_over(&mut self, folder: &Path, file: &VersionFile) -> Result<(), RelocateError> {
        let full = folder.join(&file.path);
        let (parent, temporary) = self.beside_path(&full)?;
        fs::create_dir_all(&parent).map_err(self.failed("create", &parent))?;
        disk::write(&temporary, file).map_err(self.failed("write", &full))?;
        self.done("extra written")?;
        fs::rename(&temporary, &full).map_err(self.failed("write", &full))?;
        self.done("extra put in place")?;
        disk::sync_folder(&parent).map_err(self.failed("sync", &parent))
    }

    /// The folder of a file, and the hidden name under which it is written.
    fn beside_path(&self, full: &Path) -> Result<(PathBuf, PathBuf), RelocateError> {
        let (Some(folder), Some(name)) = (full.parent(), full.file_name()) else {
            return Err(RelocateError::BadPath { path: full.to_string_lossy().into_owned() });
        };
        let hidden = format!("{UNFINISHED}{}-{}.tmp", self.relocation.operation, name.to_string_lossy());
        Ok((folder.to_owned(), folder.join(hidden)))
    }

    /// Takes away the files that were moved, where they still have the bytes of the version.
    pub(super) fn clear_source(&mut self) -> Result<(), RelocateError> {
        let Some(from) = &self.relocation.from else { return Ok(()) };
        let targets = self.target_paths();
        let (mut newer, mut shared) = (Vec::new(), Vec::new());
        let imported = if from.exclusive { BTreeSet::new() } else { imported_among(self.files) };
        for path in &self.relocation.from_files {
            let place = at(from, path);
            if targets.contains(&place) || !self.exists(&place) {
                continue;
            }
            if !from.exclusive && path.starts_with("@/") {
                self.notes.push(format!("{place} was not removed: other tools may use it"));
            } else if imported.contains(path) {
                shared.push(place);
            } else if let Some(other) = self.importer_of(from, path) {
                self.notes.push(format!("{place} was not removed: {other} imports it"));
            } else if self
                .files
                .iter()
                .any(|file| file.path == *path && !disk::differs(&self.full(&place), &file.bytes))
            {
                let full = self.full(&place);
                fs::remove_file(&full).map_err(self.failed("remove", &full))?;
                self.done("source file removed")?;
            } else {
                newer.push(place);
            }
        }
        if !shared.is_empty() {
            self.notes.push(format!("{} was copied, not moved: other scripts may import it", listed(&shared)));
        }
        if !newer.is_empty() {
            self.notes.push(format!("{} was not removed: it changed since", listed(&newer)));
        }
        self.remove_folder(from, newer.is_empty())
    }

    /// A script of another version that imports a file in a folder that both share.
    fn importer_of(&self, from: &Placement, path: &str) -> Option<String> {
        let is_beside = !from.exclusive && !path.contains('/');
        is_beside.then(|| importer(&self.full(&from.base), path, &self.relocation.from_files)).flatten()
    }

    /// Removes the folder that a version had for itself, unless something else is in it.
    fn remove_folder(&mut self, from: &Placement, all_removed: bool) -> Result<(), RelocateError> {
        let folder = self.full(&from.base);
        let stays = !self.relocation.gone && from.base == self.relocation.to.base;
        let own = from.exclusive && !stays && !is_shared_folder(&from.base);
        if !own || !disk::is_folder(&folder) {
            return Ok(());
        }
        if !all_removed {
            return self.remove_approval(&folder);
        }
        let found = disk::contents(&folder, disk::Expected { version: &[], beside: &[APPROVAL_FILE] })
            .map_err(self.failed("read", &folder))?;
        let files = found
            .files
            .map_or_else(|| vec!["more".to_owned()], |files| files.into_iter().map(|file| file.path).collect());
        let rest: Vec<String> = files.into_iter().chain(found.apart).collect();
        if !rest.is_empty() {
            self.notes.push(format!("{} was not removed: it still contains {}", from.base, listed(&rest)));
        }
        self.remove_approval(&folder)?;
        disk::remove_emptied(&folder).map_err(self.failed("remove", &folder))?;
        self.done("source folder removed")?;
        let parent = folder.parent().unwrap_or(self.workspace);
        disk::sync_folder(parent).map_err(self.failed("sync", parent))
    }

    /// The approval in a folder speaks of a version that is no longer next to it.
    fn remove_approval(&mut self, folder: &Path) -> Result<(), RelocateError> {
        let approval = folder.join(APPROVAL_FILE);
        if !disk::exists(&approval) {
            return Ok(());
        }
        fs::remove_file(&approval).map_err(self.failed("remove", &approval))?;
        self.done("approval removed")
    }
}

/// The first few names, and how many more.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > MAX_NAMED { format!("{shown} and {} more", names.len() - MAX_NAMED) } else { shown }
}
