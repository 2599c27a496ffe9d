//! What a run has on disk: the account of its own file system where it has one, else a walk.

use super::plan::RunPlan;
use crate::domain::IsolationLevel;
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A walk stops after this many entries: then there are too many anyway.
const MAX_ENTRIES: u64 = 100_000;

/// Bytes of one block as files are accounted (`stat(2)`, `st_blocks`).
const BLOCK: u64 = 512;

/// What a run has on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Disk {
    pub(super) bytes: u64,
    /// Files, folders and links.
    pub(super) entries: u64,
    /// Whether nothing more fits.
    pub(super) is_full: bool,
}

/// Looks from inside, where the scratch folder is a file system of its own.
pub(super) fn inside(plan: &RunPlan) -> Disk {
    match plan.level {
        IsolationLevel::Isolated => of_file_system(&plan.view.scratch).unwrap_or_default(),
        IsolationLevel::Confined | IsolationLevel::LimitsOnly | IsolationLevel::None => of_folder(&plan.view.scratch),
    }
}

/// Looks from outside; `tool` is the tool's first process. Nothing when it is over.
pub(super) fn outside(plan: &RunPlan, tool: i32) -> Option<Disk> {
    match plan.level {
        IsolationLevel::Isolated => {
            let scratch = plan.view.scratch.strip_prefix("/").unwrap_or(&plan.view.scratch);
            of_file_system(&PathBuf::from(format!("/proc/{tool}/root")).join(scratch))
        }
        IsolationLevel::Confined | IsolationLevel::LimitsOnly | IsolationLevel::None => {
            Some(of_folder(&plan.view.scratch))
        }
    }
}

fn of_file_system(path: &Path) -> Option<Disk> {
    let system = rustix::fs::statvfs(path).ok()?;
    Some(Disk {
        bytes: system.f_blocks.saturating_sub(system.f_bfree) * system.f_frsize,
        entries: system.f_files.saturating_sub(system.f_ffree),
        is_full: system.f_bfree == 0 || system.f_ffree == 0,
    })
}

/// Everything below a folder; links are counted, not followed.
fn of_folder(path: &Path) -> Disk {
    let mut disk = Disk::default();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        // What vanishes meanwhile takes no room.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            disk.bytes += meta.blocks() * BLOCK;
            disk.entries += 1;
            if disk.entries >= MAX_ENTRIES {
                return disk;
            }
            if meta.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    disk
}
