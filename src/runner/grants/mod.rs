//! Converts the declarations of a manifest into the grants of one run: real paths, resolved when the run starts.
//!
//! A declared path is resolved when the run starts: symbolic links are followed, and the path is checked as written and
//! again as its real path. A link in it may lead to another place below the same anchor (workspace or home), never out
//! of it. An absolute path has no anchor, so it must be written as its real path. Only regular files and folders are
//! granted.
//!
//! If a path does not exist: a path to read is omitted; a path to write is granted if its folder exists and the write
//! is staged. For a direct write, the file or folder must exist: granting its folder instead would be more than was
//! declared, and creating it beforehand would be a change that no tool made.
//!
//! This module opens nothing and mounts nothing. Between this check and the start, somebody with the user's own rights
//! could replace a folder with a link; but with those rights, they do not need a tool for that.

pub(super) mod starts;

use crate::domain::{
    Access, Anchor, DeclaredPath, Ground, Network, PROTECTED, PermissionFault, Permissions, Profile, RunEnd, WriteMode,
    is_never_written,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// The depth, and the number of entries, up to which a granted tree is searched for `.git` and the like. Deeper ones
/// are detected when staged writes are applied; with direct writes, they are not protected.
const SEARCH_DEPTH: usize = 4;
const SEARCH_ENTRIES: usize = 4096;

/// User IDs of people; 65534 is `nobody`.
const PEOPLE: std::ops::Range<u32> = 1000..65534;

/// One path that a run may write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WritePath {
    /// Absolute, without symbolic links.
    pub path: PathBuf,
    /// How writes are handled.
    pub mode: WriteMode,
    /// Whether it is a folder; a path that does not exist is a folder if it was declared with a trailing `/`.
    pub folder: bool,
    /// Whether it exists at the start of the run.
    pub exists: bool,
    /// Paths in it that stay read-only: `.git`, and in the workspace the tools and settings. Those that do not exist
    /// must not be created.
    pub protected: Vec<PathBuf>,
}

/// What one run may access beyond its own files and its scratch folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// Network access: none, this machine only, or everything.
    pub network: Network,
    /// Paths it may read: absolute, existing, none inside another or inside a written one.
    pub read: Vec<PathBuf>,
    /// Paths it may write; none inside another.
    pub write: Vec<WritePath>,
    /// Names of the variables that it gets.
    pub env: Vec<String>,
    /// Programs that it declares to start. Not enforced.
    pub run: Vec<String>,
    /// Paths that are declared for reading but do not exist; as declared.
    pub absent: Vec<String>,
}

impl Grants {
    /// The grants of a strict run: nothing.
    pub const NOTHING: Grants = Grants {
        network: Network::None,
        read: Vec::new(),
        write: Vec::new(),
        env: Vec::new(),
        run: Vec::new(),
        absent: Vec::new(),
    };

    /// Why these grants need the level `isolated`; `None` when every level can enforce them. `remedy` is how this
    /// machine gets that level.
    pub fn needs_isolated(&self, remedy: &str) -> Option<String> {
        if self.network == Network::Loopback {
            return Some(format!(
                "a private interface for network loopback needs the level isolated: {remedy}, or declare none or full"
            ));
        }
        if let Some(write) = self.write.iter().find(|write| write.mode == WriteMode::Staged) {
            let path = write.path.display();
            return Some(format!("staged writes to {path} need the level isolated: {remedy}, or promote it to core"));
        }
        let write = self.write.iter().find(|write| !write.protected.is_empty())?;
        let (path, kept) = (write.path.display(), write.protected.first().map(|path| path.display().to_string()));
        let kept = kept.unwrap_or_default();
        Some(format!(
            "keeping {kept} read-only inside {path} needs the level isolated: {remedy}, or declare a narrower path"
        ))
    }
}

/// The input of [`resolve`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) permissions: &'a Permissions,
    pub(super) profile: Profile,
    pub(super) writes: WriteMode,
    /// The places of this machine, see [`ground`].
    pub(super) ground: &'a Ground,
}

/// Determines what is granted.
///
/// # Errors
/// [`RunEnd::Refused`] naming every declared permission that no tool gets.
pub(super) fn resolve(asked: &Asked<'_>) -> Result<Grants, RunEnd> {
    if asked.profile == Profile::Strict {
        return Ok(Grants::NOTHING);
    }
    let mut faults = asked.permissions.faults();
    let mut grants = Grants {
        network: asked.permissions.reach(),
        env: asked.permissions.env.clone(),
        run: asked.permissions.run.clone(),
        ..Grants::NOTHING
    };
    // What is refused by its words is not looked up.
    if faults.is_empty() {
        for declared in &asked.permissions.write {
            match find(asked.ground, Access::Write, declared) {
                Ok(found) => match write_path(asked, found) {
                    Ok(write) => grants.write.push(write),
                    Err(reason) => faults.push(PermissionFault::of_path(Access::Write, declared, reason)),
                },
                Err(reason) => faults.push(PermissionFault::of_path(Access::Write, declared, reason)),
            }
        }
        for declared in &asked.permissions.read {
            match find(asked.ground, Access::Read, declared) {
                Ok(ResolvedPath { path, is: Some(_), .. }) => grants.read.push(path),
                Ok(ResolvedPath { is: None, .. }) => grants.absent.push(declared.clone()),
                Err(reason) => faults.push(PermissionFault::of_path(Access::Read, declared, reason)),
            }
        }
    }
    if !faults.is_empty() {
        let list: Vec<String> = faults.iter().map(ToString::to_string).collect();
        return Err(RunEnd::Refused {
            message: format!("it declares a permission that no tool can get: {}", list.join("; ")),
        });
    }
    settle(&mut grants);
    Ok(grants)
}

/// Removes grants that another grant covers.
fn settle(grants: &mut Grants) {
    grants.write.sort_by(|a, b| a.path.cmp(&b.path));
    grants.write.dedup_by(|later, kept| later.path == kept.path || kept.folder && later.path.starts_with(&kept.path));
    let write = &grants.write;
    let written = |path: &Path| write.iter().any(|write| path.starts_with(&write.path));
    grants.read.retain(|path| !written(path));
    grants.read.sort();
    grants.read.dedup_by(|later, kept| later.starts_with(&*kept));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathKind {
    File,
    Folder,
}

/// A declared path, resolved on disk.
#[derive(Debug)]
struct ResolvedPath {
    path: PathBuf,
    /// `None` when it does not exist.
    is: Option<PathKind>,
    /// Whether it was declared as a folder.
    folder: bool,
}

/// Resolves a declared path and checks its real path.
fn find(ground: &Ground, access: Access, text: &str) -> Result<ResolvedPath, String> {
    let declared = DeclaredPath::parse(text)?;
    let home = ground.homes.first().map(PathBuf::as_path);
    let path = declared.at(&ground.workspace, home).ok_or("no home folder is known for ~")?;
    if let Some(reason) = ground.judge(access, &path) {
        return Err(reason);
    }
    let (real, is) = real(&path)?;
    if real != path {
        let base = match declared.anchor {
            Anchor::Workspace => Some(&ground.workspace),
            Anchor::Home => ground.homes.first(),
            Anchor::Root => None,
        };
        match base {
            None => return Err(format!("it is a symbolic link to {}; declare that path", real.display())),
            Some(base) if !real.starts_with(base) => {
                return Err(format!("it is a symbolic link out of {}, to {}", base.display(), real.display()));
            }
            Some(_) => {}
        }
        if let Some(reason) = ground.judge(access, &real) {
            return Err(format!("it is a symbolic link to {}: {reason}", real.display()));
        }
    }
    Ok(ResolvedPath { path: real, is, folder: declared.folder })
}

/// The path without links, and the kind of its target.
fn real(path: &Path) -> Result<(PathBuf, Option<PathKind>), String> {
    match fs::symlink_metadata(path) {
        Ok(_) => {
            let real = path.canonicalize().map_err(|error| format!("it cannot be resolved: {error}"))?;
            let meta = fs::symlink_metadata(&real).map_err(|error| format!("it cannot be inspected: {error}"))?;
            match (meta.is_dir(), meta.is_file()) {
                (true, _) => Ok((real, Some(PathKind::Folder))),
                (_, true) => Ok((real, Some(PathKind::File))),
                _ => Err("only regular files and folders are granted: it is a socket, pipe or device".to_owned()),
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // The part of it that exists may still lead elsewhere.
            let mut missing = Vec::new();
            let mut above = path;
            while let (Some(name), Some(parent)) = (above.file_name(), above.parent()) {
                missing.push(name);
                above = parent;
                if fs::symlink_metadata(above).is_ok() {
                    let base = above.canonicalize().map_err(|error| format!("it cannot be resolved: {error}"))?;
                    let real = missing.iter().rev().fold(base, |path, name| path.join(name));
                    return Ok((real, None));
                }
            }
            Ok((path.to_owned(), None))
        }
        Err(error) => Err(format!("it cannot be inspected: {error}")),
    }
}

fn write_path(asked: &Asked<'_>, found: ResolvedPath) -> Result<WritePath, String> {
    let ResolvedPath { path, is, folder } = found;
    if is.is_none() {
        let parent = path.parent().filter(|parent| parent.is_dir());
        if parent.is_none() {
            return Err("its parent folder does not exist; create it first".to_owned());
        }
        if asked.writes == WriteMode::Direct {
            return Err("it does not exist, and tools that write directly cannot create it; create it first".into());
        }
    }
    if is == Some(PathKind::File) && folder {
        return Err("it is declared as a folder, but it is a file".to_owned());
    }
    let folder = is.map_or(folder, |kind| kind == PathKind::Folder);
    let protected = if is == Some(PathKind::Folder) { protected(asked.ground, &path) } else { Vec::new() };
    Ok(WritePath { path, mode: asked.writes, folder, exists: is.is_some(), protected })
}

/// What stays read-only in a granted folder.
fn protected(ground: &Ground, folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if ground.workspace.starts_with(folder) {
        found.extend(PROTECTED.iter().map(|name| ground.workspace.join(name)));
    }
    found.extend(ground.starts.iter().filter(|place| place.starts_with(folder)).cloned());
    let mut left = SEARCH_ENTRIES;
    search_kept(folder, SEARCH_DEPTH, &mut left, &mut found);
    found.sort();
    found.dedup();
    found
}

fn search_kept(folder: &Path, depth: usize, left: &mut usize, found: &mut Vec<PathBuf>) {
    // A folder that cannot be listed by its user cannot be written by the tool either.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let Ok(kind) = entry.file_type() else { continue };
        if is_never_written(&entry.file_name().to_string_lossy()) {
            // A link cannot be made read-only; what it leads to lies elsewhere, or is judged itself.
            found.extend((!kind.is_symlink()).then(|| entry.path()));
        } else if kind.is_dir() && depth > 0 {
            search_kept(&entry.path(), depth - 1, left, found);
        }
    }
}

/// The places of this machine, as far as these permissions can ask for them. `caller` is the environment of whoever
/// starts the run; its `HOME` is what `~` means, but the home that the system knows for this user counts as home too.
pub(super) fn ground(
    permissions: &Permissions,
    workspace: &Path,
    ours: &[PathBuf],
    caller: &BTreeMap<OsString, OsString>,
) -> Ground {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let own = rustix::process::getuid().as_raw();
    let stated = caller.get(OsStr::new("HOME")).map(PathBuf::from).filter(|home| home.is_absolute());
    let (homes, strangers) = homes(users(&passwd), own, stated);
    Ground {
        workspace: plain(workspace.to_owned()),
        strangers,
        // Only what is to be written is compared with them, and finding them takes hundreds of system calls.
        starts: if permissions.write.is_empty() { Vec::new() } else { starts::places(&homes, caller) },
        homes,
        ours: ours.iter().cloned().map(plain).collect(),
    }
}

/// The home folders of this user, the stated one first, and those of other people and root. The root of the file system
/// never counts as a home.
fn homes(users: Vec<(u32, PathBuf)>, own: u32, stated: Option<PathBuf>) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let known = users.iter().filter(|(id, _)| *id == own).map(|(_, home)| home.clone());
    let mut homes: Vec<PathBuf> = Vec::new();
    for home in stated.into_iter().chain(known).map(plain) {
        if home.parent().is_some() && !homes.contains(&home) {
            homes.push(home);
        }
    }
    let others = users.into_iter().filter(|(id, _)| *id != own && (*id == 0 || PEOPLE.contains(id)));
    let others = others.map(|(_, home)| plain(home));
    let strangers = others.filter(|home| home.parent().is_some() && !homes.contains(home)).collect();
    (homes, strangers)
}

/// A path without symbolic links, as far as it exists.
fn plain(path: PathBuf) -> PathBuf {
    path.canonicalize().unwrap_or(path)
}

/// Number and home of every user in the system's list.
fn users(passwd: &str) -> Vec<(u32, PathBuf)> {
    let lines = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.filter_map(|field| Some((field.get(2)?.parse().ok()?, PathBuf::from(field.get(5)?)))).collect()
}

#[cfg(test)]
mod tests;
