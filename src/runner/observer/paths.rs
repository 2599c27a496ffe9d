//! Paths of a tool: made plain, placed, and named.

use super::Policy;
use super::process::Tool;
use crate::runner::sandbox::{DEVICES, ETC, ETC_NETWORK, PROC, SYSTEM};
use std::borrow::Cow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Devices that hold nothing, beside those of the sandbox layers: reading and writing them means nothing.
const HARMLESS: [&str; 6] = ["/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/pts", "/dev/ptmx"];

/// What the C library and interpreters look for by themselves, whether a run may read it or not; beside what
/// every run may read of the system.
const LOOKED_FOR: [&str; 10] = [
    "/etc/ld.so.preload",
    "/etc/locale.alias",
    "/proc/self",
    "/proc/thread-self",
    "/proc/version_signature",
    "/proc/mounts",
    "/proc/cgroups",
    "/proc/sys/kernel",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
];

/// Links of the kernel that lead back to a path.
const SELF: [&str; 2] = ["/proc/self", "/proc/thread-self"];

/// How many of them one path may lead through, as in the kernel.
const MAX_LINKS: usize = 40;

/// Where a path is, as far as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Realm<'a> {
    /// Nobody wants to hear of it.
    Noise,
    /// In the version's own folder.
    Version,
    /// In the scratch folder.
    Scratch,
    /// Below this declared path.
    Granted(&'a Path),
    /// Anywhere else.
    Outside,
}

/// What is asked of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Look,
    Change,
}

/// The folders of a run, ready to be compared.
#[derive(Debug)]
pub(super) struct Places {
    silent: Vec<Vec<u8>>,
    names: Vec<(Vec<u8>, String)>,
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
}

impl Places {
    pub(super) fn new(policy: &Policy) -> Places {
        let bytes = |path: &Path| plain(path.as_os_str().as_bytes());
        let mut names: Vec<(Vec<u8>, String)> =
            policy.names.iter().map(|(path, word)| (bytes(path), word.clone())).collect();
        names.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        let system = [SYSTEM, ETC, ETC_NETWORK, PROC, &LOOKED_FOR].into_iter().flatten();
        let system = system.map(|path| path.as_bytes().to_vec());
        Places {
            silent: policy.silent.iter().map(|path| bytes(path)).chain(system).collect(),
            names,
            read: policy.read.clone(),
            write: policy.write.clone(),
        }
    }

    /// Where a plain path is. Own folders go before declared paths, declared paths before silent ones.
    pub(super) fn realm(&self, path: &[u8], wish: Wish) -> Realm<'_> {
        match self.name_of(path) {
            Some((_, "{scratch}")) => return Realm::Scratch,
            Some((rest, "{tool}")) if wish == Wish::Look || holds_bytecode(rest) => return Realm::Version,
            Some(_) | None => {}
        }
        let below = |granted: &&PathBuf| lies_in(path, granted.as_os_str().as_bytes());
        if let Some(granted) = self.write.iter().find(below) {
            return Realm::Granted(granted);
        }
        if wish == Wish::Look
            && let Some(granted) = self.read.iter().find(below)
        {
            return Realm::Granted(granted);
        }
        let is_silent = wish == Wish::Look && self.silent.iter().any(|silent| lies_in(path, silent));
        let is_harmless = || HARMLESS.iter().chain(DEVICES).any(|harmless| lies_in(path, harmless.as_bytes()));
        if is_silent || is_harmless() { Realm::Noise } else { Realm::Outside }
    }

    /// Whether anything was declared that code could come from.
    pub(super) fn has_grants(&self) -> bool {
        !self.read.is_empty() || !self.write.is_empty()
    }

    /// Whether a plain path is below one that was declared for reading, and for that only.
    pub(super) fn may_only_be_read(&self, path: &[u8]) -> bool {
        let holds = |paths: &[PathBuf]| paths.iter().any(|granted| lies_in(path, granted.as_os_str().as_bytes()));
        holds(&self.read) && !holds(&self.write)
    }

    /// The path as it is reported.
    pub(super) fn show(&self, path: &[u8]) -> String {
        match self.name_of(path) {
            Some((rest, word)) => format!("{word}{}", String::from_utf8_lossy(rest)),
            None => String::from_utf8_lossy(path).into_owned(),
        }
    }

    fn name_of<'a>(&self, path: &'a [u8]) -> Option<(&'a [u8], &str)> {
        self.names.iter().find(|(folder, _)| lies_in(path, folder)).map(|(folder, word)| {
            let rest = if folder.as_slice() == b"/" { path } else { &path[folder.len()..] };
            (rest, word.as_str())
        })
    }
}

/// Python keeps what it compiled beside the source; the version is read-only, and nobody minds.
fn holds_bytecode(rest: &[u8]) -> bool {
    rest.split(|byte| *byte == b'/').any(|name| name == b"__pycache__")
}

/// An absolute path without `.`, `..` and doubled slashes, by its words alone: a link before a `..` leads
/// elsewhere than this says.
pub(super) fn plain(path: &[u8]) -> Vec<u8> {
    let mut plain: Vec<u8> = Vec::with_capacity(path.len());
    path.split(|byte| *byte == b'/').for_each(|name| enter(&mut plain, name));
    if plain.is_empty() {
        plain.push(b'/');
    }
    plain
}

/// Goes from a plain folder, of which the uppermost is empty here, to what this name leads to.
fn enter(folder: &mut Vec<u8>, name: &[u8]) {
    match name {
        b"" | b"." => {}
        b".." => folder.truncate(folder.iter().rposition(|byte| *byte == b'/').unwrap_or(0)),
        name => {
            folder.push(b'/');
            folder.extend_from_slice(name);
        }
    }
}

/// A link of the kernel that leads a process back to something of its own. With them, every path can be
/// written as one below `/proc/self`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnLink {
    /// `/proc/self/root`.
    Root,
    /// `/proc/self/cwd`.
    Folder,
    /// `/proc/self/fd/3`.
    Open(i32),
}

/// [`plain`], with the kernel's links replaced by what `lookup` says of them, before a `..` behind them is
/// counted.
pub(super) fn plain_through(path: &[u8], lookup: &mut dyn FnMut(OwnLink) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut so_far: Vec<u8> = Vec::with_capacity(path.len());
    let mut links = 0;
    for name in path.split(|byte| *byte == b'/') {
        // Name by name: a path can have two thousand, and a tool makes as many calls as it likes.
        enter(&mut so_far, name);
        if links < MAX_LINKS
            && let Some(target) = own_link(&so_far).and_then(&mut *lookup)
        {
            links += 1;
            so_far = plain(&target);
            if so_far == b"/" {
                so_far.clear();
            }
        }
    }
    if so_far.is_empty() {
        so_far.push(b'/');
    }
    so_far
}

fn own_link(path: &[u8]) -> Option<OwnLink> {
    let rest = SELF.iter().find_map(|own| path.strip_prefix(own.as_bytes()))?;
    match rest {
        b"/root" => Some(OwnLink::Root),
        b"/cwd" => Some(OwnLink::Folder),
        _ => std::str::from_utf8(rest.strip_prefix(b"/fd/")?).ok()?.parse().ok().map(OwnLink::Open),
    }
}

/// Whether a plain path is a folder or is below it.
pub(super) fn lies_in(path: &[u8], folder: &[u8]) -> bool {
    if folder == b"/" {
        return path.starts_with(b"/");
    }
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// The plain absolute path that the tool means; `None` when it starts from nothing that has a path.
pub(super) fn absolute<'a>(
    pid: u32,
    text: &'a [u8],
    folder: Option<i32>,
    tool: &mut dyn Tool,
) -> Option<Cow<'a, [u8]>> {
    let has = |piece: &[u8]| memchr::memmem::find(text, piece).is_some();
    let path = if text.first() == Some(&b'/') {
        let is_plain = !has(b"/.") && !has(b"//") && (text.len() == 1 || text.last() != Some(&b'/'));
        // The most frequent case by far costs nothing.
        if is_plain && !text.starts_with(b"/proc/") {
            return Some(Cow::Borrowed(text));
        }
        Cow::Borrowed(text)
    } else {
        let folder = folder.filter(|fd| *fd != libc::AT_FDCWD);
        Cow::Owned(joined(tool.path_of(pid, folder)?.as_os_str().as_bytes(), text))
    };
    let mut lookup = |link| match link {
        OwnLink::Root => Some(b"/".to_vec()),
        OwnLink::Folder => tool.path_of(pid, None).map(|path| path.into_os_string().into_vec()),
        OwnLink::Open(fd) => tool.path_of(pid, Some(fd)).map(|path| path.into_os_string().into_vec()),
    };
    Some(Cow::Owned(plain_through(&path, &mut lookup)))
}

fn joined(folder: &[u8], rest: &[u8]) -> Vec<u8> {
    [folder, b"/", rest].concat()
}

/// Whether a socket's path is one that the C library knocks at by itself.
pub(super) fn is_name_cache(path: &[u8]) -> bool {
    lies_in(path, b"/var/run/nscd") || lies_in(path, b"/run/nscd")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_has_no_detours() {
        for (path, expected) in [
            ("/a/./b//c/", "/a/b/c"),
            ("/a/../../etc/shadow", "/etc/shadow"),
            ("/..", "/"),
            ("/", "/"),
            ("/a/...", "/a/..."),
        ] {
            assert_eq!(plain(path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }

    #[test]
    fn the_kernels_links_are_seen_through() {
        let mut lookup = |link| match link {
            OwnLink::Root => Some(b"/".to_vec()),
            OwnLink::Folder => Some(b"/scratch/deep".to_vec()),
            OwnLink::Open(5) => Some(b"/etc".to_vec()),
            OwnLink::Open(_) => None,
        };
        for (path, expected) in [
            ("/proc/self/root/etc/shadow", "/etc/shadow"),
            ("/proc/thread-self/cwd/../x", "/scratch/x"),
            ("/proc/self/fd/5/../x", "/x"),
            ("/proc/self/fd/6/x", "/proc/self/fd/6/x"),
            ("/proc/self/root/proc/self/root/x", "/x"),
            ("/proc/self/status", "/proc/self/status"),
            ("/proc/selfish/root", "/proc/selfish/root"),
            ("/proc/self/root", "/"),
            ("/..", "/"),
        ] {
            let found = plain_through(path.as_bytes(), &mut lookup);
            assert_eq!(String::from_utf8_lossy(&found), expected, "{path}");
        }
    }
}
