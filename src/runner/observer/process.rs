//! The tool's processes as the kernel shows them: memory, open files, file system view.

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, ResolveFlags, accessat, openat, openat2, readlinkat};
use rustix::io::Errno;
use rustix::net::SocketType;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::collections::{HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};

/// How many threads' memory is kept open; each takes two descriptors.
const MAX_OPEN: usize = 64;

/// Symbolic links on the way to one file, as in the kernel.
const MAX_LINKS: usize = 40;

/// The judge's queries about the thread that made a call. Any answer may be forged or outdated.
pub(super) trait Tool {
    /// Reads its memory; less than requested if the rest is not mapped.
    fn read(&mut self, pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// The path of an open file as the tool sees it; without `fd`, of its current folder.
    fn path_of(&mut self, pid: u32, fd: Option<i32>) -> Option<PathBuf>;

    /// Whether a path exists in its view, without following a last link; `None` if this cannot be determined.
    fn exists(&mut self, pid: u32, path: &Path) -> Option<bool>;

    /// The process that a thread is part of, as the observer numbers processes.
    fn process_of(&mut self, pid: u32) -> Option<u32>;

    /// The regular file at a path in its view: its path without links, and the file, opened for reading. `None` if
    /// there is none or this cannot be determined.
    fn open(&mut self, pid: u32, path: &Path) -> Option<(PathBuf, File)>;

    /// Whether an open file is a datagram socket.
    fn is_datagram(&mut self, pid: u32, fd: i32) -> bool;

    /// Discards cached memory access: a program is about to replace the memory.
    fn forget(&mut self);
}

#[derive(Debug, Default)]
pub(super) struct Processes {
    open: HashMap<u32, Open>,
}

/// A thread. Its folder in `/proc` refers to this thread even if its number is reused.
#[derive(Debug)]
struct Open {
    folder: OwnedFd,
    memory: File,
}

impl Open {
    fn new(pid: u32) -> io::Result<Open> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let folder = openat(rustix::fs::CWD, format!("/proc/{pid}"), flags | OFlags::DIRECTORY, Mode::empty())?;
        let memory = openat(&folder, "mem", flags, Mode::empty())?;
        Ok(Open { folder, memory: memory.into() })
    }

    fn is_alive(&self) -> bool {
        accessat(&self.folder, "mem", Access::EXISTS, AtFlags::empty()).is_ok()
    }

    fn link(&self, name: &str) -> Option<PathBuf> {
        let target = readlinkat(&self.folder, name, Vec::new()).ok()?;
        Some(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }
}

impl Processes {
    fn of(&mut self, pid: u32) -> io::Result<&Open> {
        if self.open.get(&pid).is_some_and(|open| !open.is_alive()) {
            self.open.remove(&pid);
        }
        if !self.open.contains_key(&pid) {
            if self.open.len() >= MAX_OPEN {
                self.open.clear();
            }
            self.open.insert(pid, Open::new(pid)?);
        }
        self.open.get(&pid).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Tool for Processes {
    fn read(&mut self, pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self.of(pid)?.memory.read_at(buffer, address) {
            // Its memory was replaced after it was opened.
            Ok(0) => {
                self.open.remove(&pid);
                self.of(pid)?.memory.read_at(buffer, address)
            }
            result => result,
        }
    }

    fn path_of(&mut self, pid: u32, fd: Option<i32>) -> Option<PathBuf> {
        let name = fd.map_or_else(|| "cwd".to_owned(), |fd| format!("fd/{fd}"));
        let path = self.of(pid).ok()?.link(&name)?;
        let bytes = path.as_os_str().as_bytes();
        let kept = bytes.strip_suffix(b" (deleted)").unwrap_or(bytes);
        // `socket:[1]`, `pipe:[2]` and `anon_inode:` are not paths.
        kept.starts_with(b"/").then(|| PathBuf::from(OsStr::from_bytes(kept)))
    }

    fn exists(&mut self, pid: u32, path: &Path) -> Option<bool> {
        let open = self.of(pid).ok()?;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let root = openat(&open.folder, "root", flags | OFlags::DIRECTORY, Mode::empty()).ok()?;
        let inside = path.strip_prefix("/").ok()?;
        let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
        // Links are resolved as for the tool, and never lead from its view into the real file system.
        match openat2(&root, inside, flags | OFlags::NOFOLLOW, Mode::empty(), ResolveFlags::IN_ROOT) {
            Ok(_) => Some(true),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG) => Some(false),
            Err(_) => None,
        }
    }

    fn process_of(&mut self, pid: u32) -> Option<u32> {
        process_of(pid)
    }

    fn open(&mut self, pid: u32, path: &Path) -> Option<(PathBuf, File)> {
        let open = self.of(pid).ok()?;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let root = openat(&open.folder, "root", flags | OFlags::DIRECTORY, Mode::empty()).ok()?;
        let real = without_links(&root, path)?;
        let inside = real.strip_prefix("/").ok().filter(|inside| !inside.as_os_str().is_empty())?;
        let found = openat2(&root, inside, flags | OFlags::NOFOLLOW, Mode::empty(), ResolveFlags::IN_ROOT).ok()?;
        // A pipe or device is not opened, because opening alone may have an effect.
        if !FileType::from_raw_mode(rustix::fs::fstat(&found).ok()?.st_mode).is_file() {
            return None;
        }
        let file = File::open(format!("/proc/self/fd/{}", found.as_raw_fd())).ok()?;
        Some((real, file))
    }

    fn is_datagram(&mut self, pid: u32, fd: i32) -> bool {
        socket_type(pid, fd).is_some_and(|kind| kind == SocketType::DGRAM)
    }

    fn forget(&mut self) {
        // All of them: a thread that starts a program takes over the number of its process's first thread.
        self.open.clear();
    }
}

fn process_of(thread: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

/// A path below this root without symbolic links; `None` if it cannot be resolved.
fn without_links(root: &OwnedFd, path: &Path) -> Option<PathBuf> {
    let parts = |path: &Path| -> VecDeque<OsString> { path.components().map(|c| c.as_os_str().to_owned()).collect() };
    let (mut ahead, mut here, mut links) = (parts(path), PathBuf::from("/"), 0);
    while let Some(part) = ahead.pop_front() {
        match Path::new(&part).components().next() {
            Some(Component::RootDir) => here = PathBuf::from("/"),
            Some(Component::ParentDir) => drop(here.pop()),
            Some(Component::Normal(name)) => {
                let next = here.join(name);
                match readlinkat(root, next.strip_prefix("/").ok()?, Vec::new()) {
                    Ok(target) => {
                        links += 1;
                        let mut through = parts(Path::new(OsStr::from_bytes(target.as_bytes())));
                        through.append(&mut ahead);
                        ahead = through;
                    }
                    Err(Errno::INVAL) => here = next,
                    Err(_) => return None,
                }
            }
            Some(Component::CurDir | Component::Prefix(_)) | None => {}
        }
        if links > MAX_LINKS {
            return None;
        }
    }
    Some(here)
}

fn socket_type(pid: u32, fd: i32) -> Option<SocketType> {
    let process = i32::try_from(process_of(pid)?).ok()?;
    let process = pidfd_open(Pid::from_raw(process)?, PidfdFlags::empty()).ok()?;
    let socket = pidfd_getfd(process, fd, PidfdGetfdFlags::empty()).ok()?;
    rustix::net::sockopt::socket_type(&socket).ok()
}
