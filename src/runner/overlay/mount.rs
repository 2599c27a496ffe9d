//! Mounting the layers, by the inner stage, before the tool exists; and what lay there then.

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

/// More files and folders than this are not looked at before a run starts.
const MAX_ENTRIES: usize = 65_536;

/// Room for what the layers need themselves.
const EXTRA_BYTES: u64 = 1 << 20;
const EXTRA_INODES: u64 = 256;

/// The layers of one run.
#[derive(Debug, Default)]
pub(in crate::runner) struct Layers {
    all: Vec<Layer>,
    /// The file system that the layers are in; mounted nowhere.
    _home: Option<OwnedFd>,
    room: u64,
}

impl Layers {
    /// Mounts a layer over each stage; `read` is what the run sees anyway. The scratch folder must not be mounted yet: it
    /// is used as the place where the layers are made, and is empty again afterwards.
    ///
    /// # Errors
    /// When the kernel cannot do it, or there is more in a folder than can be watched.
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
        // Everything is opened before anything is covered.
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

    /// Whether there is nothing to read out.
    pub(in crate::runner) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Writes what the tool did into the bundle. Nothing of the run may be alive.
    ///
    /// # Errors
    /// When the bundle cannot be written; what cannot be staged is said in it.
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

/// What is in the kept part of a stage.
fn look_around(stage: &Stage, lower: &Lower) -> io::Result<Before> {
    let mut before = Before::new();
    let mut open: Vec<PathBuf> = stage.kept.clone();
    while let Some(path) = open.pop() {
        // What git keeps stays read-only.
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
        // A folder that may not be listed cannot be changed either.
        if let Some(entries) = real.and_then(|real| fs::read_dir(real).ok()) {
            for entry in entries {
                open.push(path.join(entry?.file_name()));
            }
        }
    }
    Ok(before)
}

/// A mount that is covered by a layer and must be seen again on top of it.
struct Again {
    path: PathBuf,
    is_folder: bool,
    /// `None`: a layer of its own comes there.
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

/// Makes an empty file or folder for something to be mounted on.
fn hold_place(path: &Path, is_folder: bool) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    if is_folder { fs::create_dir_all(path) } else { File::create(path).map(drop) }
}
