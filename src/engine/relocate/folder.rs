//! Bringing a version into a folder of its own: all of it in one step, or not at all.
//!
//! It is written under a hidden name beside the target and takes the target's place by one rename.
//! What lay there before ends under the hidden name, and goes only when its copy is known to be kept.

use super::{Mover, RelocateError, disk};
use crate::catalog::UNFINISHED;
use crate::domain::{Digest, OperationId, Stage, VersionFile};
use crate::engine::core::APPROVAL_FILE;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Hidden names beside the target; a scan skips everything that begins with `.toolsmith-`.
struct Names {
    target: PathBuf,
    parent: PathBuf,
    name: String,
    /// The new version while it is written; after the exchange, what was in the target.
    staging: PathBuf,
    /// What was in the target, where the file system cannot exchange.
    old: PathBuf,
    /// Known to be kept elsewhere, half deleted.
    trash: PathBuf,
}

impl Mover<'_> {
    /// Makes the target folder hold exactly the version and what belongs next to it.
    pub(super) fn place_folder(&mut self) -> Result<(), RelocateError> {
        let names = self.names()?;
        fs::create_dir_all(&names.parent).map_err(self.failed("create", &names.parent))?;
        self.empty_trash(&names)?;
        if !self.holds_version(&names.target)? {
            if !self.is_ahead {
                self.make_room(&names)?;
                self.stage(&names).inspect_err(|error| give_room_back(error, &names.staging))?;
            }
            self.swap(&names)?;
        }
        for extra in &self.relocation.extra {
            let path = names.target.join(&extra.path);
            if disk::lacks(&path, &extra.bytes) {
                self.write_over(&names.target, extra)?;
            }
        }
        self.dispose(&names, &names.staging)?;
        self.dispose(&names, &names.old)
    }

    /// Writes the version under its hidden name, and gives the folder to be synced before it is put in place; nothing
    /// where none is to be put in a folder of its own.
    pub(super) fn stage_ahead(&mut self) -> Result<Option<PathBuf>, RelocateError> {
        self.check()?;
        if !self.arrives() || !self.relocation.to.exclusive {
            return Ok(None);
        }
        let names = self.names()?;
        fs::create_dir_all(&names.parent).map_err(self.failed("create", &names.parent))?;
        self.empty_trash(&names)?;
        if !self.holds_version(&names.target)? {
            self.make_room(&names)?;
            self.stage(&names).inspect_err(|error| give_room_back(error, &names.staging))?;
        }
        Ok(Some(names.parent))
    }

    fn names(&self) -> Result<Names, RelocateError> {
        let target = self.full(&self.relocation.to.base);
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(RelocateError::BadPath { path: self.relocation.to.base.clone() });
        };
        let name = name.to_string_lossy().into_owned();
        let hidden = |end: &str| parent.join(format!("{UNFINISHED}{}-{name}.{end}", self.relocation.operation));
        let (staging, old, trash) = (hidden("tmp"), hidden("old"), hidden("trash"));
        Ok(Names { parent: parent.to_owned(), name, staging, old, trash, target })
    }

    /// Files that may be at the top of the folder beside the version.
    fn beside(&self) -> Vec<&str> {
        self.relocation.extra.iter().map(|file| file.path.as_str()).chain([APPROVAL_FILE]).collect()
    }

    /// What a folder holds apart from what may be beside the version.
    fn contents(&self, folder: &Path) -> Result<disk::Contents, RelocateError> {
        let version: Vec<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        let expected = disk::Expected { version: &version, beside: &self.beside() };
        disk::contents(folder, expected).map_err(self.failed("read", folder))
    }

    fn holds_version(&self, folder: &Path) -> Result<bool, RelocateError> {
        if !disk::is_folder(folder) {
            return Ok(false);
        }
        let found = self.contents(folder)?.files;
        Ok(found.is_some_and(|files| Digest::of_files(&files) == self.relocation.digest))
    }

    /// Takes away what an earlier attempt left under the hidden names.
    fn make_room(&mut self, names: &Names) -> Result<(), RelocateError> {
        self.dispose(names, &names.old)?;
        if self.is_begun(&names.staging)? {
            fs::remove_dir_all(&names.staging).map_err(self.failed("remove", &names.staging))?;
            return self.done("leftover removed");
        }
        self.dispose(names, &names.staging)
    }

    /// Whether a folder holds nothing but beginnings of our own files: an attempt that was cut off.
    fn is_begun(&self, folder: &Path) -> Result<bool, RelocateError> {
        if !disk::is_folder(folder) {
            return Ok(false);
        }
        let all: Vec<&str> = self.files.iter().chain(&self.relocation.extra).map(|file| file.path.as_str()).collect();
        let expected = disk::Expected { version: &all, beside: &[] };
        let found = disk::contents(folder, expected).map_err(self.failed("read", folder))?;
        let ours = |have: &VersionFile| {
            let mut all = self.files.iter().chain(&self.relocation.extra);
            all.any(|file| file.path == have.path && file.bytes.starts_with(&have.bytes))
        };
        Ok(found.apart.is_empty() && found.files.is_some_and(|files| files.iter().all(ours)))
    }

    fn stage(&mut self, names: &Names) -> Result<(), RelocateError> {
        let staging = &names.staging;
        fs::create_dir(staging).map_err(self.failed("create", staging))?;
        self.done("staging created")?;
        let mut folders = vec![staging.clone()];
        for file in self.files.iter().chain(&self.relocation.extra) {
            let path = staging.join(&file.path);
            if let Some(folder) = path.parent().filter(|folder| !folders.iter().any(|known| known == folder)) {
                fs::create_dir_all(folder).map_err(self.failed("create", folder))?;
                // Each folder between, so that its entry in the one above is durable too.
                let between = folder.ancestors().take_while(|above| *above != staging);
                folders.extend(between.map(Path::to_owned));
            }
            let written =
                if self.is_ahead { disk::write_unsynced(&path, file).map(drop) } else { disk::write(&path, file) };
            written.map_err(self.failed("write", &path))?;
            self.done("file staged")?;
        }
        for folder in folders.iter().filter(|_| !self.is_ahead) {
            disk::sync_folder(folder).map_err(self.failed("sync", folder))?;
        }
        Ok(())
    }

    /// Puts the staged folder in place.
    fn swap(&mut self, names: &Names) -> Result<(), RelocateError> {
        let failed = self.failed("put in place", &names.target);
        if !disk::exists(&names.target) {
            disk::rename_new(&names.staging, &names.target).map_err(failed)?;
        } else if !disk::exchange(&names.staging, &names.target).map_err(failed)? {
            fs::rename(&names.target, &names.old).map_err(self.failed("move away", &names.target))?;
            self.done("old moved away")?;
            disk::rename_new(&names.staging, &names.target).map_err(self.failed("put in place", &names.target))?;
        }
        self.done("put in place")?;
        if self.is_ahead {
            return Ok(());
        }
        disk::sync_folder(&names.parent).map_err(self.failed("sync", &names.parent))
    }

    /// Deletes what was in the target when its copy is kept, else puts it aside and says so. What is not part of a
    /// version (`versions/`, `node_modules/`) goes back into the target.
    fn dispose(&mut self, names: &Names, left: &Path) -> Result<(), RelocateError> {
        if !disk::exists(left) {
            return Ok(());
        }
        let apart = self.contents(left)?.apart;
        for path in apart.iter().filter(|path| !path.contains('/')) {
            let (from, to) = (left.join(path), names.target.join(path));
            if disk::is_folder(&names.target) && !disk::exists(&to) {
                disk::rename_new(&from, &to).map_err(self.failed("move", &from))?;
                self.done("carried over")?;
            }
        }
        let found = self.contents(left)?;
        let known = found.files.is_some_and(|files| files.is_empty() || self.is_kept(Digest::of_files(&files)));
        let nothing_lost = (known && found.apart.is_empty()) || self.is_begun(left)?;
        if !nothing_lost {
            return self.put_aside(names, left);
        }
        fs::rename(left, &names.trash).map_err(self.failed("remove", left))?;
        self.done("given up")?;
        self.empty_trash(names)
    }

    fn is_kept(&self, digest: Digest) -> bool {
        digest == self.relocation.digest || Some(digest) == self.relocation.replaces
    }

    fn empty_trash(&mut self, names: &Names) -> Result<(), RelocateError> {
        if disk::exists(&names.trash) {
            fs::remove_dir_all(&names.trash).map_err(self.failed("remove", &names.trash))?;
            self.done("trash emptied")?;
        }
        Ok(())
    }

    /// Where content that nothing else holds is kept.
    fn aside_folder(&self, names: &Names) -> PathBuf {
        let in_stage = names.parent.parent() == Some(self.full("tools").as_path());
        if in_stage { self.full(&format!("tools/{}", Stage::Archived)) } else { names.parent.clone() }
    }

    /// What an operation set aside is put back in the place that is free now.
    pub(super) fn bring_back(&mut self, operation: OperationId) -> Result<(), RelocateError> {
        let names = self.names()?;
        let aside = self.aside_folder(&names).join(aside_name(&names, operation));
        if !disk::exists(&aside) || disk::exists(&names.target) {
            return Ok(());
        }
        disk::rename_new(&aside, &names.target).map_err(self.failed("put back", &names.target))?;
        self.done("put back")?;
        disk::sync_folder(&names.parent).map_err(self.failed("sync", &names.parent))
    }

    /// Keeps content that nothing else holds, where nothing takes it for a tool: under a hidden name among the
    /// archived tools, else beside the target.
    fn put_aside(&mut self, names: &Names, left: &Path) -> Result<(), RelocateError> {
        let folder = self.aside_folder(names);
        fs::create_dir_all(&folder).map_err(self.failed("create", &folder))?;
        for attempt in 1_u32.. {
            let suffix = if attempt == 1 { String::new() } else { format!("-{attempt}") };
            let aside = folder.join(aside_name(names, self.relocation.operation) + &suffix);
            match disk::rename_new(left, &aside) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(self.failed("put aside", left)(error)),
                Ok(()) => {
                    let (base, aside) =
                        (&self.relocation.to.base, aside.strip_prefix(self.workspace).unwrap_or(&aside));
                    self.notes.push(format!(
                        "{base} contained files without a kept copy: they are now in {}",
                        aside.display()
                    ));
                    return self.done("put aside");
                }
            }
        }
        Ok(())
    }
}

/// The hidden name of what an operation set aside.
fn aside_name(names: &Names, operation: OperationId) -> String {
    format!(".{}.replaced-{operation}", names.name)
}

/// After a full disk, a half-written folder would keep the room that the next attempt needs.
fn give_room_back(error: &RelocateError, staging: &Path) {
    if let RelocateError::Io { source, .. } = error
        && matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
    {
        // The error that stands is the full disk; a leftover is removed by the next attempt.
        drop(fs::remove_dir_all(staging));
    }
}
