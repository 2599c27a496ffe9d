//! The tool's processes as the kernel shows them: memory, open files, view.

use rustix::fs::{Access, AtFlags, Mode, OFlags, ResolveFlags, accessat, openat, openat2, readlinkat};
use rustix::io::Errno;
use rustix::net::SocketType;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Threads whose memory is kept open; each costs two descriptors.
const MAX_OPEN: usize = 64;

/// What the judge asks about the thread that made a call. All of it may be a lie or gone the next moment.
pub(super) trait Tool {
    /// Reads its memory; less than asked where the rest is not there.
    fn read(&mut self, pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// The path of an open file, or of its current folder without one; as the tool sees it.
    fn path_of(&mut self, pid: u32, fd: Option<i32>) -> Option<PathBuf>;

    /// Whether there is such a path in its view, the last link not followed; `None` when nobody can tell.
    fn exists(&mut self, pid: u32, path: &Path) -> Option<bool>;

    /// The process that a thread is part of, as the observer numbers processes.
    fn process_of(&mut self, pid: u32) -> Option<u32>;

    /// Whether an open file is a datagram socket.
    fn is_datagram(&mut self, pid: u32, fd: i32) -> bool;

    /// Forgets what it knows of memory: a program is about to replace it.
    fn forget(&mut self);
}

/// The real processes.
#[derive(Debug, Default)]
pub(super) struct Processes {
    open: HashMap<u32, Open>,
}

/// A thread. Its folder in `/proc` stands for this very thread even when its number is used again.
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
            // Its memory was replaced since it was opened.
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
        // `socket:[1]`, `pipe:[2]` and `anon_inode:` are no paths.
        kept.starts_with(b"/").then(|| PathBuf::from(OsStr::from_bytes(kept)))
    }

    fn exists(&mut self, pid: u32, path: &Path) -> Option<bool> {
        let open = self.of(pid).ok()?;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let root = openat(&open.folder, "root", flags | OFlags::DIRECTORY, Mode::empty()).ok()?;
        let inside = path.strip_prefix("/").ok()?;
        let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
        // Links lead to where they lead for the tool, never out of its view into ours.
        match openat2(&root, inside, flags | OFlags::NOFOLLOW, Mode::empty(), ResolveFlags::IN_ROOT) {
            Ok(_) => Some(true),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG) => Some(false),
            Err(_) => None,
        }
    }

    fn process_of(&mut self, pid: u32) -> Option<u32> {
        process_of(pid)
    }

    fn is_datagram(&mut self, pid: u32, fd: i32) -> bool {
        socket_type(pid, fd).is_some_and(|kind| kind == SocketType::DGRAM)
    }

    fn forget(&mut self) {
        // All of them: a thread that starts a program takes the number of its process's first.
        self.open.clear();
    }
}

fn process_of(thread: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

fn socket_type(pid: u32, fd: i32) -> Option<SocketType> {
    let process = i32::try_from(process_of(pid)?).ok()?;
    let process = pidfd_open(Pid::from_raw(process)?, PidfdFlags::empty()).ok()?;
    let socket = pidfd_getfd(process, fd, PidfdGetfdFlags::empty()).ok()?;
    rustix::net::sockopt::socket_type(&socket).ok()
}
