//! Checks who could have changed a program.
//!
//! A program is trusted if only root and the user of this process can change it: the file, and every folder and link on
//! the path to it. The path is walked from `/` one component after the other, each opened relative to the one before.
//! The last file descriptor is executed, so nothing can be swapped in between. A program in a workspace, in the state
//! of one, or where anybody may write is never trusted, whoever owns it.

use super::groups::Groups;
use super::mounts;
use rustix::fs::{CWD, FileType, Mode, OFlags, PROC_SUPER_MAGIC, Stat};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// Maximum number of symbolic links followed on the way to a file, as in the kernel.
const MOST_LINKS: usize = 40;

/// Maximum number of scripts that name scripts as their interpreters, as in the kernel.
const MOST_INTERPRETERS: usize = 5;

/// Number of bytes that the kernel reads of a file to find its interpreter.
const HEAD: u64 = 256;

/// Maximum number of files in a folder that are searched for another hard link of a program.
const MOST_NAMES: usize = 50_000;

/// Places with files of tools and other users, whatever their modes are.
const VOLATILE: &[&str] = &["/tmp", "/var/tmp", "/dev", "/proc", "/sys"];

/// Extended attribute with the access control list of a file (`acl(5)`).
const ACCESS_LIST: &str = "system.posix_acl_access";

/// Why a program is not trusted: one line that completes "it is not trusted: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// The file does not exist, or cannot be examined.
    #[error("{0}")]
    Absent(String),
    /// Its place belongs to tools: a workspace, its state, a folder for temporary files, or a relative path.
    #[error("{0}")]
    Place(String),
    /// Another user could change it.
    #[error("{0}")]
    Changeable(String),
}

/// Decides which programs are trusted.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Folders that tools, and those who provide tools, may write to.
    foreign: Vec<PathBuf>,
}

/// Folders for temporary files, where everybody may create files but nobody can replace those of others.
const TEMPORARY: &[&str] = &["/tmp", "/var/tmp"];

/// The required owner of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TrustRule {
    OfRoot,
    /// Root or the user.
    OfUser,
    /// Root or the user, for a program that the user named by its absolute path: it may be in a folder for temporary
    /// files.
    Named,
}

/// A trusted program, with its file held open.
#[derive(Debug)]
pub struct Trusted {
    file: OwnedFd,
    path: PathBuf,
    found_at: PathBuf,
    is_binary: bool,
    script: Option<FirstLine>,
}

/// The content of the first line of a script.
#[derive(Debug)]
struct FirstLine {
    interpreter: PathBuf,
    arguments: Vec<OsString>,
}

impl Trusted {
    /// Its path without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The checked path, including links: some programs depend on the name by which they are called.
    pub fn found_at(&self) -> &Path {
        &self.found_at
    }

    /// The path to pass to the kernel: exactly the checked file. For a script it is the original path, because its
    /// interpreter opens it by name; every folder and link of that path was checked as well.
    pub(super) fn executable(&self) -> PathBuf {
        if !self.is_binary {
            return self.found_at.clone();
        }
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }

    /// The interpreter that a script searches on the `PATH` through `env`.
    pub(super) fn interpreter_by_name(&self) -> Option<OsString> {
        let line = self.script.as_ref().filter(|line| line.interpreter.ends_with("env"))?;
        let is_name = |word: &&OsString| {
            let bytes = word.as_bytes();
            !bytes.starts_with(b"-") && !bytes.contains(&b'=') && !bytes.contains(&b'/')
        };
        line.arguments.iter().find(is_name).cloned()
    }
}

impl Trust {
    /// Trusts nothing in these folders: the workspace, further folders with tools, the state. A missing folder counts
    /// once it exists.
    pub fn new(foreign: impl IntoIterator<Item = PathBuf>) -> Trust {
        Trust { foreign: foreign.into_iter().collect() }
    }

    /// Treats these folders as tool folders, too.
    #[must_use]
    pub fn and(mut self, foreign: impl IntoIterator<Item = PathBuf>) -> Trust {
        self.foreign.extend(foreign);
        self
    }

    /// Does not treat this folder as a tool folder.
    pub(super) fn without(&self, own: &Path) -> Trust {
        Trust { foreign: self.foreign.iter().filter(|folder| *folder != own).cloned().collect() }
    }

    /// The tool folders.
    pub fn foreign(&self) -> &[PathBuf] {
        &self.foreign
    }

    /// Whether a path leads into a tool folder, even if it does not exist.
    pub fn is_of_tools(&self, path: &Path) -> bool {
        let existing = path.ancestors().find_map(|place| fs::canonicalize(place).ok()).unwrap_or_default();
        self.foreign.iter().any(|folder| path.starts_with(folder) || mounts::is_within(&existing, folder))
    }

    /// Checks the program at a path, following symbolic links.
    ///
    /// # Errors
    /// Why it is not trusted.
    pub fn program(&self, path: &Path) -> Result<Trusted, Distrust> {
        self.program_within(path, TrustRule::OfUser, MOST_INTERPRETERS)
    }

    /// Checks a program that the user named by its absolute path, or that was checked before.
    ///
    /// # Errors
    /// Why it is not trusted.
    pub fn named_program(&self, path: &Path) -> Result<Trusted, Distrust> {
        self.program_within(path, TrustRule::Named, MOST_INTERPRETERS)
    }

    /// Checks a program that only root may have installed.
    ///
    /// # Errors
    /// Why it is not trusted.
    pub fn program_of_root(&self, path: &Path) -> Result<Trusted, Distrust> {
        self.program_within(path, TrustRule::OfRoot, MOST_INTERPRETERS)
    }

    fn program_within(&self, found_at: &Path, rule: TrustRule, interpreters: usize) -> Result<Trusted, Distrust> {
        let (file, path) = PathWalk::new(self, rule)?.follow(found_at, FileType::RegularFile)?;
        // A file without read permission can still be executed, unless it is a script.
        let head = head(&file);
        let is_binary = head.as_ref().is_none_or(|head| head.starts_with(b"\x7fELF"));
        let script = head.as_deref().and_then(first_line);
        if let Some(line) = &script {
            let left = interpreters
                .checked_sub(1)
                .ok_or_else(|| Distrust::Changeable(format!("{} has a chain of interpreters", path.display())))?;
            self.program_within(&line.interpreter, rule, left)?;
        }
        Ok(Trusted { file, path, found_at: found_at.to_owned(), is_binary, script })
    }

    /// Checks a file that is only read, following symbolic links.
    ///
    /// # Errors
    /// Why it is not trusted.
    pub fn file(&self, path: &Path) -> Result<(), Distrust> {
        PathWalk::new(self, TrustRule::OfUser)?.follow(path, FileType::RegularFile).map(drop)
    }

    /// Checks a folder, following symbolic links; returns its path without links.
    ///
    /// # Errors
    /// Why it is not trusted.
    pub fn folder(&self, path: &Path) -> Result<PathBuf, Distrust> {
        PathWalk::new(self, TrustRule::OfUser)?.follow(path, FileType::Directory).map(|(_, path)| path)
    }
}

/// The bytes that the kernel reads of a file to find its interpreter.
fn head(file: &OwnedFd) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let readable = fs::File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
    readable.take(HEAD).read_to_end(&mut head).ok()?;
    Some(head)
}

/// The first line of a script; `None` for other files.
fn first_line(head: &[u8]) -> Option<FirstLine> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    let mut words = words.map(|word| OsStr::from_bytes(word).to_owned());
    let interpreter = PathBuf::from(words.next()?);
    Some(FirstLine { interpreter, arguments: words.collect() })
}

/// A walk along a path from `/` to a file.
struct PathWalk<'a> {
    trust: &'a Trust,
    /// The tool folders, as device and inode.
    foreign: Vec<(u64, u64)>,
    groups: Groups,
    rule: TrustRule,
    /// The user who may change files, besides root.
    own: u32,
    /// The open folders from `/`, with their names.
    folders: Vec<(OwnedFd, OsString)>,
    ahead: VecDeque<OsString>,
    links: usize,
}

impl<'a> PathWalk<'a> {
    fn new(trust: &'a Trust, rule: TrustRule) -> Result<PathWalk<'a>, Distrust> {
        let identity = |path: &PathBuf| fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
        let foreign = trust.foreign.iter().filter_map(identity).collect();
        let own = if rule == TrustRule::OfRoot { 0 } else { rustix::process::geteuid().as_raw() };
        let groups = Groups::default();
        let mut walk =
            PathWalk { trust, foreign, groups, rule, own, folders: vec![], ahead: VecDeque::new(), links: 0 };
        let root = rustix::fs::openat(CWD, "/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(absent)?;
        let stat = rustix::fs::fstat(&root).map_err(absent)?;
        walk.judge_folder(&root, &stat, Path::new("/"))?;
        walk.folders.push((root, OsString::new()));
        Ok(walk)
    }

    fn here(&self) -> PathBuf {
        self.folders.iter().skip(1).fold(PathBuf::from("/"), |path, (_, name)| path.join(name))
    }

    fn follow(mut self, path: &Path, wanted: FileType) -> Result<(OwnedFd, PathBuf), Distrust> {
        if !path.is_absolute() {
            let path = path.display();
            return Err(Distrust::Place(format!("the path {path} is relative, so it depends on the current folder")));
        }
        self.go_to(path);
        while let Some(part) = self.ahead.pop_front() {
            match Path::new(&part).components().next() {
                Some(Component::RootDir) => self.folders.truncate(1),
                Some(Component::ParentDir) => self.folders.truncate((self.folders.len() - 1).max(1)),
                Some(Component::Normal(_)) => {
                    if let Some(found) = self.step(&part)? {
                        let path = self.here().join(&part);
                        return self.arrive(found, path, wanted);
                    }
                }
                Some(Component::CurDir | Component::Prefix(_)) | None => {}
            }
        }
        let path = self.here();
        match self.folders.pop() {
            Some((folder, _)) if wanted == FileType::Directory => Ok((folder, path)),
            _ => Err(Distrust::Absent(format!("{} is a folder", path.display()))),
        }
    }

    /// Inserts the components of a path before the remaining ones.
    fn go_to(&mut self, path: &Path) {
        for part in path.components().rev() {
            self.ahead.push_front(part.as_os_str().to_owned());
        }
    }

    /// Takes one step; returns the file at the end of the path.
    fn step(&mut self, name: &OsStr) -> Result<Option<OwnedFd>, Distrust> {
        let path = self.here().join(name);
        let from = self.folders.last().ok_or_else(|| Distrust::Absent("its target does not exist".to_owned()))?;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let unseen = |error| Distrust::Absent(format!("{} cannot be inspected: {error}", path.display()));
        let next = rustix::fs::openat(&from.0, name, flags, Mode::empty()).map_err(unseen)?;
        let stat = rustix::fs::fstat(&next).map_err(unseen)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => {
                self.judge_owner(&stat, &path)?;
                self.links += 1;
                if self.links > MOST_LINKS {
                    return Err(Distrust::Absent(format!("{} has too many levels of symbolic links", path.display())));
                }
                let target = rustix::fs::readlinkat(&next, "", Vec::new()).map_err(unseen)?;
                self.go_to(Path::new(OsStr::from_bytes(target.as_bytes())));
                Ok(None)
            }
            FileType::Directory => {
                self.judge_folder(&next, &stat, &path)?;
                self.folders.push((next, name.to_owned()));
                Ok(None)
            }
            _ if self.ahead.is_empty() => Ok(Some(next)),
            _ => Err(Distrust::Absent(format!("{} is not a folder", path.display()))),
        }
    }

    fn arrive(self, file: OwnedFd, path: PathBuf, wanted: FileType) -> Result<(OwnedFd, PathBuf), Distrust> {
        let stat = rustix::fs::fstat(&file).map_err(absent)?;
        if wanted != FileType::RegularFile || FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Distrust::Absent(format!("{} is not a regular file", path.display())));
        }
        self.judge_modes(&file, &stat, &path)?;
        // Only root can add files there.
        let is_system = path.starts_with("/usr");
        for foreign in self.trust.foreign.iter().filter(|_| !is_system) {
            if mounts::is_within(&path, foreign) {
                return Err(lies_in(&path, foreign));
            }
            if stat.st_nlink > 1 && stat.st_uid == self.own && has_further_name(&stat, foreign) {
                let (path, foreign) = (path.display(), foreign.display());
                return Err(Distrust::Place(format!("{path} has another hard link in {foreign}")));
            }
        }
        Ok((file, path))
    }

    fn judge_folder(&self, folder: &OwnedFd, stat: &Stat, path: &Path) -> Result<(), Distrust> {
        let is_sticky = stat.st_mode & 0o1000 != 0 && stat.st_uid == 0;
        if self.rule == TrustRule::Named && is_sticky && TEMPORARY.iter().any(|place| path == Path::new(place)) {
            return Ok(());
        }
        let is_proc = || rustix::fs::fstatfs(folder).is_ok_and(|system| system.f_type == PROC_SUPER_MAGIC);
        if VOLATILE.iter().any(|place| path == Path::new(place)) || is_proc() {
            return Err(Distrust::Place(format!("anyone can add programs to {}", path.display())));
        }
        if self.foreign.contains(&(stat.st_dev, stat.st_ino)) {
            return Err(Distrust::Place(format!(
                "it is in {}, which holds this workspace or its tools; move it elsewhere",
                path.display()
            )));
        }
        self.judge_modes(folder, stat, path)
    }

    fn judge_owner(&self, stat: &Stat, path: &Path) -> Result<(), Distrust> {
        if stat.st_uid == 0 || stat.st_uid == self.own {
            return Ok(());
        }
        if self.rule == TrustRule::OfRoot {
            return Err(Distrust::Changeable(format!("{} does not belong to root", path.display())));
        }
        Err(Distrust::Changeable(format!("{} belongs to another user", path.display())))
    }

    fn judge_modes(&self, file: &OwnedFd, stat: &Stat, path: &Path) -> Result<(), Distrust> {
        self.judge_owner(stat, path)?;
        let may = |bits: u32| stat.st_mode & bits != 0;
        if may(0o002) {
            return Err(Distrust::Changeable(format!("everyone can change {}", path.display())));
        }
        if !may(0o020) {
            return Ok(());
        }
        // With an access control list, these bits are its mask: an entry in it may have write permission.
        let through = format!("/proc/self/fd/{}", file.as_raw_fd());
        if rustix::fs::getxattr(through.as_str(), ACCESS_LIST, &mut [0_u8; 0][..]).is_ok() {
            return Err(Distrust::Changeable(format!("an access control list lets others change {}", path.display())));
        }
        // In a sticky folder, nobody can replace files of others, and the owners of these files are checked as well.
        let is_sticky_folder = may(0o1000) && FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        if is_sticky_folder || self.groups.is_private(stat.st_gid, self.own) {
            return Ok(());
        }
        Err(Distrust::Changeable(format!("its group can change {}", path.display())))
    }
}

fn absent(error: rustix::io::Errno) -> Distrust {
    Distrust::Absent(format!("it cannot be inspected: {error}"))
}

fn lies_in(path: &Path, folder: &Path) -> Distrust {
    Distrust::Place(format!(
        "{} is in {}, which holds this workspace or its tools; move it elsewhere",
        path.display(),
        folder.display()
    ))
}

/// Whether a file has another hard link in a folder, through which it could be changed. If there are too many files to
/// search, the answer is `true`.
fn has_further_name(stat: &Stat, folder: &Path) -> bool {
    if !fs::metadata(folder).is_ok_and(|meta| meta.dev() == stat.st_dev) {
        return false;
    }
    let (mut open, mut seen) = (vec![folder.to_owned()], 0);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MOST_NAMES || std::os::unix::fs::DirEntryExt::ino(&entry) == stat.st_ino {
                return true;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::fixture;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// A trusted folder with a workspace, and a program in `bin`.
    struct TrustFixture {
        _dir: tempfile::TempDir,
        root: PathBuf,
    }

    impl TrustFixture {
        fn new() -> TrustFixture {
            let dir = fixture::folder();
            let root = fs::canonicalize(dir.path()).unwrap();
            let place = TrustFixture { _dir: dir, root };
            place.put("bin/python3", "\u{7f}ELF");
            place.put("work/tools/x/python3", "\u{7f}ELF");
            place
        }

        fn at(&self, path: &str) -> PathBuf {
            self.root.join(path)
        }

        fn put(&self, path: &str, text: &str) {
            fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
            fs::write(self.at(path), text).unwrap();
            self.set(path, 0o755);
        }

        fn set(&self, path: &str, mode: u32) {
            fs::set_permissions(self.at(path), fs::Permissions::from_mode(mode)).unwrap();
        }

        fn judge(&self, path: &Path) -> Result<PathBuf, Distrust> {
            Trust::new([self.at("work"), self.at("none")]).program(path).map(|program| program.path().to_owned())
        }

        #[track_caller]
        fn refuses(&self, path: impl AsRef<Path>, why: &str) {
            let said = self.judge(path.as_ref()).unwrap_err().to_string();
            assert!(said.contains(why), "{}: {said}", path.as_ref().display());
        }
    }

    #[test]
    fn a_program_of_the_system_and_one_of_the_user_are_trusted() {
        let place = TrustFixture::new();
        assert_eq!(place.judge(Path::new("/bin/sh")), Ok(fs::canonicalize("/bin/sh").unwrap()));
        assert_eq!(place.judge(&place.at("bin/../bin/./python3")), Ok(place.at("bin/python3")));
        symlink("python3", place.at("bin/python")).unwrap();
        symlink(place.at("bin"), place.at("linked")).unwrap();
        assert_eq!(place.judge(&place.at("linked/python")), Ok(place.at("bin/python3")));
    }

    #[test]
    fn no_way_into_a_workspace_is_trusted() {
        let place = TrustFixture::new();
        let planted = place.at("work/tools/x/python3");
        place.refuses(&planted, "which holds this workspace or its tools; move it elsewhere");
        symlink(&planted, place.at("bin/linked")).unwrap();
        symlink(place.at("work/tools"), place.at("folder")).unwrap();
        fs::hard_link(&planted, place.at("bin/hard")).unwrap();
        place.refuses(place.at("bin/linked"), "which holds this workspace or its tools; move it elsewhere");
        place.refuses(place.at("folder/x/python3"), "which holds this workspace or its tools; move it elsewhere");
        // The link leads out of the workspace again, but the path still goes through it.
        symlink(place.at("bin/python3"), place.at("work/out")).unwrap();
        place.refuses(place.at("work/out"), "which holds this workspace or its tools; move it elsewhere");
        place.refuses(place.at("work/../bin/python3"), "which holds this workspace or its tools; move it elsewhere");
        place.refuses(place.at("bin/hard"), "has another hard link in");
    }

    #[test]
    fn a_path_that_means_something_else_to_somebody_else_is_not_trusted() {
        let place = TrustFixture::new();
        place.refuses("bin/python3", "relative");
        place.refuses("./python3", "relative");
        place.refuses("/proc/self/exe", "/proc");
        place.refuses("/proc/self/cwd/bin/python3", "/proc");
        place.refuses("/dev/fd/0", "/dev");
        let temporary =
            tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir_in("/tmp").unwrap();
        fs::copy("/bin/sh", temporary.path().join("sh")).unwrap();
        place.refuses(temporary.path().join("sh"), "/tmp");
        // A program that the user named is checked by who can change it.
        let trust = Trust::new([place.at("work")]);
        assert!(trust.named_program(&temporary.path().join("sh")).is_ok());
        place.set("bin", 0o777);
        assert!(trust.named_program(&place.at("bin/python3")).is_err());
        assert!(trust.named_program(&place.at("work/tools/x/python3")).is_err());
        assert!(trust.named_program(Path::new("/proc/self/exe")).is_err());
    }

    #[test]
    fn what_others_may_change_is_not_trusted() {
        let place = TrustFixture::new();
        for (path, mode, back, why) in [
            ("bin", 0o777, 0o755, "everyone can change"),
            ("bin", 0o1777, 0o755, "everyone can change"),
            ("bin/python3", 0o757, 0o755, "everyone can change"),
        ] {
            place.set(path, mode);
            place.refuses(place.at("bin/python3"), why);
            place.set(path, back);
        }
        place.put("bin/script", &format!("#!{} -x\n", place.at("work/tools/x/python3").display()));
        place.refuses(place.at("bin/script"), "which holds this workspace or its tools; move it elsewhere");
        place.put("bin/loop", &format!("#!{}\n", place.at("bin/loop").display()));
        place.refuses(place.at("bin/loop"), "a chain of interpreters");
        place.refuses(place.at("bin"), "is a folder");
        place.refuses(place.at("bin/none"), "cannot be inspected");
        symlink("circle", place.at("bin/circle")).unwrap();
        place.refuses(place.at("bin/circle"), "too many levels of symbolic links");
    }

    #[test]
    fn root_does_not_trust_what_belongs_to_another_user() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let place = TrustFixture::new();
        std::os::unix::fs::chown(place.at("bin"), Some(54_321), None).unwrap();
        place.refuses(place.at("bin/python3"), "belongs to another user");
        std::os::unix::fs::chown(place.at("bin"), Some(0), Some(54_321)).unwrap();
        place.set("bin", 0o775);
        place.refuses(place.at("bin/python3"), "its group can change");
        std::os::unix::fs::chown(place.at("bin"), None, Some(0)).unwrap();
        place.set("bin", 0o775);
        assert!(place.judge(&place.at("bin/python3")).is_ok());
    }

    #[test]
    fn what_is_executed_is_the_file_that_was_judged() {
        let place = TrustFixture::new();
        fs::copy("/bin/echo", place.at("bin/said")).unwrap();
        let program = Trust::default().program(&place.at("bin/said")).unwrap();
        fs::rename(place.at("work/tools/x/python3"), place.at("bin/said")).unwrap();
        let launch = crate::outside::Launch::new(program).arg("judged");
        let answer = launch.finish(None, std::time::Duration::from_mins(1)).unwrap();
        assert_eq!(answer.stdout, b"judged\n");
    }
}
