//! The differences between a layer and the content of its folder at the start of the run.

use super::bundle::{PathContent, Writer, digest_of};
use super::layer::Layer;
use super::stamp::{EntryKind, EntryStamp};
use crate::domain::{Difference, count, plural};
use crate::runner::result::report::StagedChange;
use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The maximum depth; deeper trees are not created on purpose.
const MAX_DEPTH: usize = 128;

/// Writes the differences of a layer to the bundle.
///
/// # Errors
/// Why no change of the run may be applied, in one line.
pub(super) fn collect(layer: &Layer, writer: &mut Writer) -> Result<(), String> {
    let root = layer.stage.root.clone();
    let mut walk = LayerWalk { layer, writer, seen: BTreeSet::new(), dropped: 0, bits: 0 };
    let mut gone = Vec::new();
    // A stage that shows nothing contains copies: a path that is not in the layer was removed.
    if !layer.stage.shows {
        gone.push(root.clone());
    }
    walk.folder(&root, &layer.upper, 0, &mut gone)?;
    for top in gone {
        walk.gone(&top)?;
    }
    let (dropped, bits) = (walk.dropped, walk.bits);
    if dropped > 0 {
        let files = plural(dropped, "file that it created is", "files that it created are");
        writer.note(format!("{files} discarded: undeclared, next to declared files in {}", root.display()));
    }
    if bits > 0 {
        writer.note(format!("changed permission bits of {} in {} are discarded", count(bits, "file"), root.display()));
    }
    Ok(())
}

struct LayerWalk<'a> {
    layer: &'a Layer,
    writer: &'a mut Writer,
    /// The paths in the layer.
    seen: BTreeSet<PathBuf>,
    /// Number of files outside the declared paths.
    dropped: usize,
    /// Number of files with changed mode bits only.
    bits: usize,
}

impl LayerWalk<'_> {
    /// Scans a folder of the layer. `gone` collects paths below which everything from before was deleted, except what
    /// is in the layer.
    fn folder(&mut self, path: &Path, real: &Path, depth: usize, gone: &mut Vec<PathBuf>) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("{} is nested too deep", path.display()));
        }
        let failed = |error: io::Error| format!("{} cannot be read: {error}", path.display());
        readable(real, 0o500).map_err(failed)?;
        let mut names: Vec<_> = fs::read_dir(real)
            .map_err(failed)?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<_>>()
            .map_err(failed)?;
        names.sort();
        for name in names {
            let Some(text) = name.to_str() else {
                return Err(format!("a name in {} is not UTF-8", path.display()));
            };
            self.entry(&path.join(text), &real.join(text), depth, gone)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, real: &Path, depth: usize, gone: &mut Vec<PathBuf>) -> Result<(), String> {
        let failed = |error: io::Error| format!("{} cannot be read: {error}", path.display());
        let meta = fs::symlink_metadata(real).map_err(failed)?;
        if !self.layer.stage.kept.iter().any(|kept| path.starts_with(kept)) {
            // Empty folders are mount points that were created in advance.
            self.dropped += usize::from(!meta.is_dir());
            return Ok(());
        }
        let kind = meta.file_type();
        if kind.is_char_device() && meta.rdev() == 0 {
            gone.push(path.to_owned());
            return Ok(());
        }
        self.seen.insert(path.to_owned());
        let before = self.layer.before.get(path).copied();
        if kind.is_dir() {
            let was_folder = before.is_some_and(|stamp| stamp.is_folder());
            if !was_folder {
                self.put(path, before, &PathContent::Folder)?;
            } else if is_opaque(real).map_err(failed)? {
                gone.push(path.to_owned());
            }
            return self.folder(path, real, depth + 1, gone);
        }
        if !kind.is_file() {
            let what = if kind.is_symlink() { "a link" } else { "not a regular file" };
            return Err(format!("{} is {what}; only files and folders are staged", path.display()));
        }
        readable(real, 0o400).map_err(failed)?;
        if before.is_some_and(|stamp| stamp.kind == EntryKind::File) && self.is_as_before(path, real)? {
            let old = self.layer.lower.path(&self.layer.stage, path).and_then(|old| fs::metadata(old).ok());
            self.bits += usize::from(old.is_some_and(|old| old.mode() & 0o777 != meta.mode() & 0o777));
            return Ok(());
        }
        self.put(path, before, &PathContent::File { real, mode: meta.mode() & 0o777 })
    }

    /// Whether the layer's file has the same content as the one below.
    fn is_as_before(&self, path: &Path, real: &Path) -> Result<bool, String> {
        let digest = |at: &Path| {
            File::open(at).and_then(digest_of).map_err(|error| format!("{} cannot be read: {error}", path.display()))
        };
        match self.layer.lower.path(&self.layer.stage, path) {
            Some(old) if old.exists() => Ok(digest(&old)? == digest(real)?),
            _ => Ok(false),
        }
    }

    /// Records as deleted everything at and below a path that existed before and is not in the layer.
    fn gone(&mut self, top: &Path) -> Result<(), String> {
        let layer = self.layer;
        let from = (Bound::Included(top.to_owned()), Bound::Unbounded);
        for (path, stamp) in layer.before.range(from).take_while(|(path, _)| path.starts_with(top)) {
            if self.seen.insert(path.clone()) {
                if stamp.kind == EntryKind::Other {
                    return Err(format!("{} is a link; removing links cannot be staged", path.display()));
                }
                self.put(path, Some(*stamp), &PathContent::Nothing)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, path: &Path, before: Option<EntryStamp>, found: &PathContent<'_>) -> Result<(), String> {
        let stage = &self.layer.stage;
        let failed = |error: io::Error| format!("{} cannot be read: {error}", path.display());
        if self.layer.lower.stamp(stage, path).map_err(failed)? != before {
            return Err(format!("{} changed while it ran", path.display()));
        }
        let old = match before.map(|stamp| stamp.kind) {
            Some(EntryKind::File) => {
                let lower =
                    self.layer.lower.path(stage, path).ok_or_else(|| format!("{} was removed", path.display()))?;
                Some(File::open(lower).and_then(digest_of).map_err(failed)?)
            }
            Some(EntryKind::Other) => {
                return Err(format!("{} was a link; replacing links cannot be staged", path.display()));
            }
            Some(EntryKind::Folder) | None => None,
        };
        let difference = match (found, before) {
            (PathContent::Nothing, _) => Difference::Deleted,
            (_, None) => Difference::Created,
            (_, Some(_)) => Difference::Changed,
        };
        self.writer.put(StagedChange { path: path.to_owned(), difference, before: old }, found)
    }
}

/// Adds permission bits for reading; this user owns everything in the layer.
fn readable(real: &Path, bits: u32) -> io::Result<()> {
    let mode = fs::symlink_metadata(real)?.mode();
    if mode & bits == bits { Ok(()) } else { fs::set_permissions(real, Permissions::from_mode(mode & 0o777 | bits)) }
}

/// Whether a folder of the layer hides everything below it.
fn is_opaque(real: &Path) -> io::Result<bool> {
    let mut value = [0_u8; 8];
    match rustix::fs::lgetxattr(real, "user.overlay.opaque", &mut value) {
        Ok(len) => Ok(value.get(..len) == Some(b"y")),
        Err(rustix::io::Errno::NODATA) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
