//! Reading the files of a version: which belong to it, how big they may be, and never a file that is
//! not one.
//!
//! Devices, pipes and sockets are never opened; a link is followed only inside the tool's own folder.

use super::document::Syntax;
use super::entries;
use super::limits;
use super::plan::{self, ScanPlan, file_of, join};
use super::programs::is_script;
use crate::domain::{FileMode, Problem, ProblemCode, SafeText, VersionFile, is_hidden};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use std::fs::Metadata;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The state of a file when it was examined; a file with an equal stamp need not be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileStamp {
    pub(super) size: u64,
    pub(super) modified_ns: i128,
    /// When the system recorded the last change; unlike the modification time, programs cannot set it.
    pub(super) changed_ns: i128,
    pub(super) inode: u64,
    pub(super) mode: u32,
}

fn nanoseconds(seconds: i64, rest: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(rest)
}

impl FileStamp {
    pub(super) fn of(meta: &Metadata) -> FileStamp {
        FileStamp {
            size: meta.len(),
            modified_ns: nanoseconds(meta.mtime(), meta.mtime_nsec()),
            changed_ns: nanoseconds(meta.ctime(), meta.ctime_nsec()),
            inode: meta.ino(),
            mode: meta.mode(),
        }
    }

    fn of_stat(stat: &rustix::fs::Stat) -> FileStamp {
        FileStamp {
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified_ns: nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i64),
            changed_ns: nanoseconds(stat.st_ctime, stat.st_ctime_nsec as i64),
            inode: stat.st_ino,
            mode: stat.st_mode,
        }
    }

    pub(super) fn bytes(&self) -> [u8; 52] {
        let mut bytes = [0; 52];
        bytes[..8].copy_from_slice(&self.size.to_le_bytes());
        bytes[8..24].copy_from_slice(&self.modified_ns.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.changed_ns.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.inode.to_le_bytes());
        bytes[48..].copy_from_slice(&self.mode.to_le_bytes());
        bytes
    }
}

/// A file that changed so recently may change again without its stamp showing it.
const TOO_YOUNG_NS: i128 = 100_000_000;

/// Whether a file with this stamp may have changed again without another stamp.
pub(super) fn is_young(stamp: &FileStamp) -> bool {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
    now - stamp.modified_ns < TOO_YOUNG_NS
}

/// The folder of the last examined file: the next file is usually in it, and is found without its whole path.
#[derive(Debug, Default)]
pub(super) struct OpenFolder {
    at: String,
    folder: Option<OwnedFd>,
}

impl OpenFolder {
    /// [`member`], quicker for files of one folder in a row.
    pub(super) fn member(&mut self, plan: &ScanPlan, base: &str, path: &str) -> Result<Member, Problem> {
        let stamp = self.stamp(plan, base, path)?;
        Ok(Member { path: path.to_owned(), at: join(base, path), stamp })
    }

    /// The stamp of a member.
    pub(super) fn stamp(&mut self, plan: &ScanPlan, base: &str, path: &str) -> Result<FileStamp, Problem> {
        if self.folder.is_none() || self.at != base {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            self.folder = rustix::fs::open(plan.on_disk(base), flags, Mode::empty()).ok();
            base.clone_into(&mut self.at);
        }
        let stat = self.folder.as_ref().map(|folder| rustix::fs::statat(folder, path, AtFlags::SYMLINK_NOFOLLOW));
        match stat {
            Some(Ok(stat)) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
                Ok(FileStamp::of_stat(&stat))
            }
            // Links and errors are examined closely.
            _ => member(plan, base, path).map(|member| member.stamp),
        }
    }
}

/// A file of a version: its path inside the version, its path as rows write it, its stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) path: String,
    pub(super) at: String,
    pub(super) stamp: FileStamp,
}

/// The prefix of a file or folder that the workbench has not finished writing.
pub const UNFINISHED: &str = ".toolsmith-";

/// Whether a file or folder with this name is never part of a version: files written by others, caches, swap files of
/// editors, earlier versions.
pub fn is_left_out(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    matches!(name, "approval.toml" | ".git" | "__pycache__" | "node_modules" | ".DS_Store" | "versions" | "4913")
        || extension == Some("pyc")
        || name.starts_with(UNFINISHED)
        || name.ends_with('~')
        || name.starts_with(".#")
        || (name.starts_with('#') && name.ends_with('#'))
        || (name.starts_with('.') && matches!(extension, Some("swp" | "swo" | "swx")))
}

/// Refuses a script in a folder that is never part of a version. After an approval, such a script would be left out of the
/// version that was approved, and every run would be refused.
pub(super) fn never_left_out(script: &str, definition: &str) -> Result<(), Problem> {
    let Some(part) = script.split('/').find(|part| is_left_out(part)) else { return Ok(()) };
    let message = format!("its script {script} cannot be part of it, because {part} is never part of a tool");
    Err(problem(definition, ProblemCode::BadField, message, "move the script elsewhere and change the command"))
}

/// Files that lie in many folders and are no tools.
const NO_TOOLS: &[&str] = &[
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "deno.json",
    "pyproject.toml",
    "Cargo.toml",
    "uv.toml",
    "ruff.toml",
    "toolsmith.toml",
    "approval.toml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yaml",
    "mkdocs.yml",
    "pnpm-lock.yaml",
    "__init__.py",
    "conftest.py",
    "setup.py",
];

/// Whether a file or folder with this name is skipped when searching for tools.
pub(super) fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || is_left_out(name) || NO_TOOLS.contains(&name)
}

/// Whether a file with this name is the configuration of a program; Toolsmith's own files are not listed.
pub(super) fn is_configuration(name: &str) -> bool {
    NO_TOOLS.contains(&name) && !matches!(name, "toolsmith.toml" | "approval.toml")
}

/// Why no tool may have this name; `None` for others. An approved tool is in a folder with its name, where it would not
/// be found.
pub fn unusable_name(name: &str) -> Option<String> {
    is_passed_over(name)
        .then(|| format!("{name} cannot be the name of a tool: folders with this name are not searched for tools"))
}

/// All files of a tool's own folder.
///
/// # Errors
/// A [`Problem`] for a link that leaves it, a special file, an unwritable name, or an exceeded limit.
pub(super) fn all_below(plan: &ScanPlan, base: &str) -> Result<Vec<Member>, Problem> {
    let mut members = Vec::new();
    let mut bytes = 0;
    collect(plan, base, "", 0, &mut members, &mut bytes)?;
    members.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(members)
}

fn collect(
    plan: &ScanPlan,
    base: &str,
    inside: &str,
    depth: usize,
    members: &mut Vec<Member>,
    bytes: &mut u64,
) -> Result<(), Problem> {
    let at = if inside.is_empty() { base.to_owned() } else { join(base, inside) };
    // It is the problem of the whole tool, wherever the limit was reached.
    let too_large = |message: String| {
        let example = if inside.is_empty() { String::new() } else { format!(", for example those in {inside}") };
        let hint = format!("move files that are not part of the tool elsewhere{example}");
        problem(base, ProblemCode::TooLarge, message, &hint)
    };
    if depth > limits::DEPTH {
        return Err(too_large(format!("its folders are nested more than {} levels deep", limits::DEPTH)));
    }
    let entries = std::fs::read_dir(plan.on_disk(&at)).map_err(|error| unreadable(&at, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(&at, &error))?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.chars().any(is_hidden)) else {
            let path = join(&at, &plan::shown(Path::new(&name)));
            return Err(problem(
                &path,
                ProblemCode::BadName,
                "its name contains hidden characters or is not UTF-8".to_owned(),
                "rename the file",
            ));
        };
        if is_left_out(name) {
            continue;
        }
        let path = join(inside, name);
        let kind = entry.file_type().map_err(|error| unreadable(&at, &error))?;
        if kind.is_dir() {
            collect(plan, base, &path, depth + 1, members, bytes)?;
            continue;
        }
        let member = member(plan, base, &path)?;
        *bytes += member.stamp.size;
        members.push(member);
        if members.len() > limits::FOLDER_FILES {
            return Err(too_large(format!("its folder contains more than {} files", limits::FOLDER_FILES)));
        }
        if *bytes > limits::FOLDER_BYTES {
            return Err(too_large(format!("its folder contains more than {} MiB", limits::FOLDER_BYTES >> 20)));
        }
    }
    Ok(())
}

/// Examines one file of a version whose paths are relative to `base`.
pub(super) fn member(plan: &ScanPlan, base: &str, path: &str) -> Result<Member, Problem> {
    let at = join(base, path);
    let disk = plan.on_disk(&at);
    let mut meta = disk.symlink_metadata().map_err(|error| unreadable(&at, &error))?;
    if meta.is_symlink() {
        meta = linked(plan, base, &at)?;
    }
    if !meta.is_file() {
        let message = "it is not a regular file".to_owned();
        return Err(problem(&at, ProblemCode::NotAFile, message, "remove it; a tool may contain regular files only"));
    }
    Ok(Member { path: path.to_owned(), at, stamp: FileStamp::of(&meta) })
}

/// The target of a link, if that is a file in the tool's folder.
fn linked(plan: &ScanPlan, base: &str, at: &str) -> Result<Metadata, Problem> {
    let unsafe_link = |message: &str| {
        problem(at, ProblemCode::UnsafeLink, message.to_owned(), "replace the link with a copy of the file")
    };
    let target = plan.on_disk(at).canonicalize().map_err(|_| unsafe_link("the link target does not exist"))?;
    let folder = plan.on_disk(base).canonicalize().map_err(|error| unreadable(base, &error))?;
    if !target.starts_with(&folder) {
        return Err(unsafe_link("the link points outside the folder of the tool"));
    }
    let meta = target.symlink_metadata().map_err(|error| unreadable(at, &error))?;
    if meta.is_dir() {
        return Err(unsafe_link("the link points to a folder"));
    }
    Ok(meta)
}

/// The number of hidden characters in the files. A binary file counts as none.
pub(super) fn hidden(files: &[VersionFile]) -> usize {
    files.iter().filter_map(|file| std::str::from_utf8(&file.bytes).ok()).map(SafeText::count_hidden).sum()
}

/// Reads a member; its size is checked again on the open file.
pub(super) fn read(plan: &ScanPlan, member: &Member) -> Result<VersionFile, Problem> {
    let at = &member.at;
    let disk = plan.on_disk(at);
    // Without NONBLOCK a pipe that took the file's place would hold the scan; without NOFOLLOW a link would.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
    let open = |disk: &Path| rustix::fs::open(disk, flags, Mode::empty()).map_err(std::io::Error::from);
    let file = match open(&disk) {
        Err(_) if disk.is_symlink() => disk.canonicalize().and_then(|disk| open(&disk)),
        opened => opened,
    };
    let file = file.map_err(|error| unreadable(at, &error))?;
    let mut file = std::fs::File::from(file);
    let meta = file.metadata().map_err(|error| unreadable(at, &error))?;
    if !meta.is_file() {
        return Err(problem(
            at,
            ProblemCode::NotAFile,
            "it is not a regular file".to_owned(),
            "remove it; a tool may contain regular files only",
        ));
    }
    let limit = limit_of(&member.path);
    let too_large = || {
        let message = format!("it is larger than {} KiB", limit >> 10);
        problem(at, ProblemCode::TooLarge, message, "split it, or move data into separate files")
    };
    if meta.len() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(meta.len() as usize + 1);
    file.by_ref().take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(at, &error))?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    let mode = if meta.mode() & 0o111 == 0 { FileMode::Plain } else { FileMode::Executable };
    Ok(VersionFile { path: member.path.clone(), mode, bytes })
}

/// The text of a file that is not part of a version; `None` if it does not exist.
///
/// # Errors
/// One line if it is not a regular file, too large, or not UTF-8.
pub(super) fn small_text(path: &Path, limit: u64) -> Result<Option<String>, String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => std::fs::File::from(file),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(rustix::io::Errno::LOOP) => return Err("it is a symbolic link; links are not followed".to_owned()),
        Err(error) => return Err(format!("it cannot be read: {error}")),
    };
    let meta = file.metadata().map_err(|error| format!("it cannot be read: {error}"))?;
    if !meta.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() as u64 > limit {
        return Err(format!("it is larger than {} KiB", limit >> 10));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "it is not UTF-8 text".to_owned())
}

fn limit_of(path: &str) -> u64 {
    let name = file_of(path);
    if is_script(name) {
        limits::SOURCE_BYTES
    } else if (Syntax::of(name).is_some_and(|syntax| syntax != Syntax::JsonLines) || entries::is_entry_file(name))
        && !path.contains('/')
    {
        limits::MANIFEST_BYTES
    } else {
        limits::FOLDER_BYTES
    }
}

/// A problem with a file as a whole.
pub(super) fn problem(path: &str, code: ProblemCode, message: String, hint: &str) -> Problem {
    Problem { path: path.to_owned(), line: None, code, message, hint: hint.to_owned() }
}

/// A file or folder that could not be read.
pub(super) fn unreadable(path: &str, error: &std::io::Error) -> Problem {
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => "it no longer exists".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => format!("it cannot be read: {error}"),
    };
    problem(path, ProblemCode::Unreadable, message, "check that it exists and that you may read it")
}
