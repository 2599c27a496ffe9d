//! Mounts the layers in the inner stage, before the tool exists, and records the state of the folders.

use super::layer::{Layer, Lower, folder, through};
use super::stamp::Before;
use super::{Stage, bundle, difference, visible};
use crate::runner::process::limits::RunLimits;
use rustix::fs::CWD;
use rustix::mount::{MountFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags};
use std::ffi::CString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The most files and folders that are recorded before a run starts.
const MAX_ENTRIES: usize = 65_536;

/// Space for the layers' own data.
const EXTRA_BYTES: u64 = 1 << 20;
const EXTRA_INODES: u64 = 256;

/// The layers of one run.
#[derive(Debug, Default)]
pub(in crate::runner) struct Layers {
    all: Vec<Layer>,
    /// The file system that contains the layers; mounted nowhere.
    _home: Option<OwnedFd>,
    room: u64,
}

impl Layers {
    /// Mounts a layer over each stage; `read` is what the run sees anyway. The scratch folder must not be mounted yet:
    /// the layers are created there, and it is empty again afterwards.
    ///
    /// # Errors
    /// If the kernel cannot do it, or a folder has too many entries.
    pub(in crate::runner) fn mount(
        stages: &[Stage],
        read: &[PathBuf],
        scratch: &Path,
        limits: &RunLimits,
    ) -> io::Result<Layers> {
        if stages.is_empty() {
            return Ok(Layers::default());
        }
        let visible = visible(stages, read);
        // Everything is opened before anything is covered by a mount.
        let mut grounds = Vec::new();
        for stage in stages {
            let lower = Lower::open(stage)?;
            let before = look_around(stage, &lower)?;
            grounds.push((stage.clone(), lower, before, again(stage, stages, &visible)?));
        }
        let copies: u64 = grounds
            .iter()
            .flat_map(|(_, lower, ..)| lower.files.values())
            .try_fold(0, |sum, file| Ok::<u64, io::Error>(sum + file.metadata()?.len().next_multiple_of(4096)))?;
        let home = make_home(scratch, limits.disk_bytes + copies + EXTRA_BYTES, limits.inodes + EXTRA_INODES)?;
        let mut layers = Vec::new();
        for (number, (stage, lower, before, again)) in grounds.into_iter().enumerate() {
            let base = through(home.as_raw_fd()).join(number.to_string());
            layers.push(cover(&base, (stage, lower, before), again)?);
        }
        rustix::mount::unmount(scratch, UnmountFlags::DETACH)?;
        Ok(Layers { all: layers, _home: Some(home), room: limits.disk_bytes })
    }

    /// Whether there are no layers to read.
    pub(in crate::runner) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Writes the tool's changes to the bundle. All processes of the run must have ended.
    ///
    /// # Errors
    /// If the bundle cannot be written. Changes that cannot be staged are reported in the bundle.
    pub(in crate::runner) fn read_out(&self, bundle: OwnedFd) -> io::Result<()> {
        let mut writer = bundle::Writer::new(File::from(bundle), self.room);
        for layer in &self.all {
            if let Err(fault) = difference::collect(layer, &mut writer) {
                writer.fault(fault);
                break;
            }
        }
        writer.finish()
    }
}

fn make_home(at: &Path, bytes: u64, inodes: u64) -> io::Result<OwnedFd> {
    let options = CString::new(format!("size={bytes},nr_inodes={inodes},mode=0700"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount(c"tmpfs", at, c"tmpfs", flags, options.as_c_str())?;
    folder(at)
}

/// Records the content of the kept part of a stage.
fn look_around(stage: &Stage, lower: &Lower) -> io::Result<Before> {
    let mut before = Before::new();
    let mut open: Vec<PathBuf> = stage.kept.clone();
    while let Some(path) = open.pop() {
        // The `.git` folder stays read-only.
        if path.file_name().is_some_and(|name| name == ".git") {
            continue;
        }
        let Some(stamp) = lower.stamp(stage, &path)? else { continue };
        if before.len() >= MAX_ENTRIES {
            let root = stage.root.display();
            let text = format!("{root} contains more than {MAX_ENTRIES} files and folders; declare a narrower path");
            return Err(io::Error::other(text));
        }
        let real = stamp.is_folder().then(|| lower.path(stage, &path)).flatten();
        before.insert(path.clone(), stamp);
        // A folder that cannot be listed cannot be changed either.
        if let Some(entries) = real.and_then(|real| fs::read_dir(real).ok()) {
            for entry in entries {
                open.push(path.join(entry?.file_name()));
            }
        }
    }
    Ok(before)
}

/// A mount that a layer covers and that must be visible again on top of it.
struct Again {
    path: PathBuf,
    is_folder: bool,
    /// `None`: another layer is mounted there.
    tree: Option<OwnedFd>,
}

fn again(stage: &Stage, stages: &[Stage], visible: &[PathBuf]) -> io::Result<Vec<Again>> {
    let inside = |path: &&PathBuf| path.starts_with(&stage.root) && **path != stage.root;
    let nested: Vec<&PathBuf> = stages.iter().map(|stage| &stage.root).filter(inside).collect();
    let is_nested = |path: &PathBuf| nested.iter().any(|root| path.starts_with(root));
    let others = if stage.shows { &[] } else { visible };
    let others = others.iter().filter(inside).filter(|path| !is_nested(path) && !stage.kept.contains(path));
    let mut all: Vec<Again> = Vec::new();
    for path in others.chain(&stage.protected) {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
        let tree = rustix::mount::open_tree(CWD, path, flags)?;
        all.push(Again { path: path.clone(), is_folder: path.is_dir(), tree: Some(tree) });
    }
    all.extend(nested.into_iter().map(|path| Again { path: path.clone(), is_folder: true, tree: None }));
    Ok(all)
}

fn cover(base: &Path, (stage, lower, before): (Stage, Lower, Before), again: Vec<Again>) -> io::Result<Layer> {
    let [upper, work, empty] = ["u", "w", "l"].map(|name| base.join(name));
    for folder in [base, &upper, &work, &empty] {
        DirBuilder::new().mode(0o755).create(folder)?;
    }
    for file in &again {
        if !stage.shows {
            hold_place(&empty.join(file.path.strip_prefix(&stage.root).unwrap_or(&file.path)), file.is_folder)?;
        }
    }
    for (path, source) in &lower.files {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut copy = File::create(upper.join(name))?;
        io::copy(&mut source.try_clone()?, &mut copy)?;
        copy.set_permissions(source.metadata()?.permissions())?;
    }
    let below = lower.folder.as_ref().map_or(empty, |folder| through(folder.as_raw_fd()));
    let options =
        format!("userxattr,lowerdir={},upperdir={},workdir={}", below.display(), upper.display(), work.display());
    let options = CString::new(options)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount(c"overlay", &stage.root, c"overlay", flags, options.as_c_str()).map_err(|error| {
        let root = stage.root.display();
        io::Error::other(format!("writes to {root} cannot be staged, overlayfs says: {}", io::Error::from(error)))
    })?;
    for Again { path, tree, .. } in again {
        if let Some(tree) = tree {
            rustix::mount::move_mount(tree, "", CWD, &path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
        }
    }
    Ok(Layer { stage, upper, lower, before })
}

/// Creates an empty file or folder as a mount point.
fn hold_place(path: &Path, is_folder: bool) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    if is_folder { fs::create_dir_all(path) } else { File::create(path).map(drop) }
}
