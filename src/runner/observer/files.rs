//! Calls that name files or start programs. They are always let through and only reported.

use super::finding::{CallFinding, Findings};
use super::judge::Judge;
use super::log::ObservedAttempt;
use super::memory::{UNREADABLE, read_bytes, read_text, word_at};
use super::paths::{Realm, Wish, absolute};
use super::process::Tool;
use crate::domain::{Answer, Touch};
use crate::runner::sandbox::{Notification, SystemCall};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The longest path that the kernel accepts, in bytes.
const MAX_PATH: usize = 4096;

/// How many arguments of a program are reported, and bytes of each.
const MAX_ARGUMENTS: usize = 3;
const MAX_ARGUMENT: usize = 64;

/// The position of a path in the arguments of a call.
#[derive(Debug, Clone, Copy)]
struct PathArgument {
    /// The argument with the base folder of a relative path; without one, the current folder.
    folder: Option<usize>,
    /// The argument with the path.
    path: usize,
    /// The kind of access.
    touch: Touch,
    /// Whether the call may create the path, so that only its folder must exist.
    creates: bool,
}

impl PathArgument {
    const fn here(path: usize, touch: Touch) -> PathArgument {
        PathArgument { folder: None, path, touch, creates: false }
    }

    const fn at(folder: usize, touch: Touch) -> PathArgument {
        PathArgument { folder: Some(folder), path: folder + 1, touch, creates: false }
    }

    const fn creating(self) -> PathArgument {
        PathArgument { creates: true, ..self }
    }
}

impl Judge {
    /// The findings of a call that names files.
    pub(super) fn file(&mut self, call: &Notification, tool: &mut dyn Tool, findings: &mut Findings) {
        for named in named(call, tool).into_iter().flatten() {
            self.named_file(call, named, tool, findings);
        }
    }

    fn named_file(&mut self, call: &Notification, named: PathArgument, tool: &mut dyn Tool, findings: &mut Findings) {
        let folder = named.folder.map(|argument| call.args[argument] as i32);
        let mut text = std::mem::take(&mut self.text);
        if read_text(tool, call.pid, call.args[named.path], MAX_PATH, &mut text) || call.args[named.path] == 0 {
            if let Some(path) = absolute(call.pid, &text, folder, tool) {
                findings.extend(self.reach(call.pid, &path, named, tool));
                if named.touch == Touch::Read {
                    findings.extend(self.opened(call.pid, &path, tool));
                }
            }
        } else {
            findings.push(attempt(named.touch, UNREADABLE.to_owned(), self.outside()));
        }
        self.text = text;
    }

    /// The finding for an access to a plain path.
    fn reach(&self, pid: u32, path: &[u8], named: PathArgument, tool: &mut dyn Tool) -> Option<CallFinding> {
        let wish = if named.touch == Touch::Read { Wish::Look } else { Wish::Change };
        match self.places.realm(path, wish) {
            Realm::Noise | Realm::Version => None,
            // Writes in the scratch folder leave better evidence on disk; here they are only counted.
            Realm::Scratch if wish == Wish::Look => None,
            Realm::Scratch => Some(attempt(named.touch, "{scratch}".to_owned(), Answer::Allowed)),
            // Thousands of files are one use of one permission.
            Realm::Granted(granted) => {
                Some(attempt(named.touch, self.places.show(granted.as_os_str().as_bytes()), Answer::Allowed))
            }
            Realm::Outside => {
                let wanted = if named.creates { parent(path) } else { path };
                let exists = tool.exists(pid, Path::new(OsStr::from_bytes(wanted)));
                let answer = if exists == Some(false) { Answer::Missing } else { self.outside() };
                Some(attempt(named.touch, self.places.show(path), answer))
            }
        }
    }

    /// The findings of starting a program.
    pub(super) fn program(&mut self, call: &Notification, tool: &mut dyn Tool, findings: &mut Findings) {
        let (named, arguments) = match call.call {
            SystemCall::Execveat => (PathArgument::at(0, Touch::Exec), 2),
            _ => (PathArgument::here(0, Touch::Exec), 1),
        };
        let mut text = Vec::new();
        let known = read_text(tool, call.pid, call.args[named.path], MAX_PATH, &mut text);
        let folder = named.folder.map(|argument| call.args[argument] as i32);
        let path = known.then(|| absolute(call.pid, &text, folder, tool)).flatten();
        let Some(path) = path else {
            findings.push(attempt(Touch::Exec, UNREADABLE.to_owned(), self.outside()));
            return;
        };
        let realm = self.places.realm(&path, Wish::Look);
        let exists = tool.exists(call.pid, Path::new(OsStr::from_bytes(&path)));
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(&path);
        let name = String::from_utf8_lossy(name).into_owned();
        // A shell tries every folder of PATH.
        if exists == Some(false) && realm == Realm::Noise {
            findings.push(CallFinding::NotInFolder(name));
            return;
        }
        let answer = match exists {
            Some(false) => Answer::Missing,
            Some(true) | None if self.may_start(&realm) => Answer::Allowed,
            Some(true) | None => Answer::Denied,
        };
        let mut words = vec![self.places.show(&path)];
        words.extend(arguments_of(call.pid, call.args[arguments], tool));
        findings.push(CallFinding::Program(name));
        findings.push(attempt(Touch::Exec, shell_words::join(&words), answer));
    }
}

fn attempt(touch: Touch, target: String, answer: Answer) -> CallFinding {
    CallFinding::Attempt(ObservedAttempt { touch, target, answer })
}

/// The files that a call names.
fn named(call: &Notification, tool: &mut dyn Tool) -> [Option<PathArgument>; 2] {
    const DELETE: Touch = Touch::Delete;
    const WRITE: Touch = Touch::Write;
    const RENAME: Touch = Touch::Rename;
    let one = |named| [Some(named), None];
    match call.call {
        SystemCall::Openat => one(opened(PathArgument::at(0, Touch::Read), call.args[2])),
        SystemCall::Openat2 => {
            let how = read_bytes(tool, call.pid, call.args[2], 8);
            one(opened(PathArgument::at(0, Touch::Read), word_at(&how, 0).unwrap_or(libc::O_RDWR as u64)))
        }
        #[cfg(target_arch = "x86_64")]
        SystemCall::Open => one(opened(PathArgument::here(0, Touch::Read), call.args[1])),
        #[cfg(target_arch = "x86_64")]
        SystemCall::Creat => one(PathArgument::here(0, WRITE).creating()),
        SystemCall::Unlinkat => one(PathArgument::at(0, DELETE)),
        #[cfg(target_arch = "x86_64")]
        SystemCall::Unlink | SystemCall::Rmdir => one(PathArgument::here(0, DELETE)),
        SystemCall::Renameat | SystemCall::Renameat2 | SystemCall::Linkat => {
            [Some(PathArgument::at(0, RENAME)), Some(PathArgument::at(2, WRITE).creating())]
        }
        #[cfg(target_arch = "x86_64")]
        SystemCall::Rename | SystemCall::Link => {
            [Some(PathArgument::here(0, RENAME)), Some(PathArgument::here(1, WRITE).creating())]
        }
        // Creating a link accesses nothing. The sandbox layers control access through it.
        SystemCall::Symlinkat => one(PathArgument::at(1, WRITE).creating()),
        #[cfg(target_arch = "x86_64")]
        SystemCall::Symlink => one(PathArgument::here(1, WRITE).creating()),
        SystemCall::Mkdirat | SystemCall::Mknodat => one(PathArgument::at(0, WRITE).creating()),
        #[cfg(target_arch = "x86_64")]
        SystemCall::Mkdir | SystemCall::Mknod => one(PathArgument::here(0, WRITE).creating()),
        SystemCall::Fchmodat
        | SystemCall::Fchmodat2
        | SystemCall::Fchownat
        | SystemCall::Utimensat
        | SystemCall::Setxattrat
        | SystemCall::Removexattrat => one(PathArgument::at(0, WRITE)),
        #[cfg(target_arch = "x86_64")]
        SystemCall::Futimesat => one(PathArgument::at(0, WRITE)),
        #[cfg(target_arch = "x86_64")]
        SystemCall::Chmod | SystemCall::Chown | SystemCall::Lchown | SystemCall::Utime | SystemCall::Utimes => {
            one(PathArgument::here(0, WRITE))
        }
        SystemCall::Truncate
        | SystemCall::Setxattr
        | SystemCall::Lsetxattr
        | SystemCall::Removexattr
        | SystemCall::Lremovexattr => one(PathArgument::here(0, WRITE)),
        _ => [None, None],
    }
}

fn opened(named: PathArgument, flags: u64) -> PathArgument {
    let flags = flags as i32;
    let has = |flag| flags & flag == flag;
    let writes = flags & libc::O_ACCMODE != libc::O_RDONLY || has(libc::O_TRUNC) || has(libc::O_CREAT);
    if has(libc::O_PATH) || !writes {
        return named;
    }
    PathArgument { touch: Touch::Write, creates: has(libc::O_CREAT), ..named }
}

fn parent(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(0) | None => b"/",
        Some(end) => &path[..end],
    }
}

/// The first arguments after the program's name, each cut.
fn arguments_of(pid: u32, list: u64, tool: &mut dyn Tool) -> Vec<String> {
    let pointers = read_bytes(tool, pid, list, 8 * (MAX_ARGUMENTS + 1));
    let mut arguments = Vec::new();
    let mut text = Vec::new();
    for index in 1..=MAX_ARGUMENTS {
        match word_at(&pointers, 8 * index) {
            Some(address) if address != 0 => {
                let known = read_text(tool, pid, address, MAX_ARGUMENT, &mut text);
                let mark = if known && text.len() == MAX_ARGUMENT { "…" } else { "" };
                arguments.push(format!("{}{mark}", String::from_utf8_lossy(&text)));
            }
            Some(_) | None => break,
        }
    }
    arguments
}
