//! From what a manifest declares to what one run is granted: real paths, found on disk as it starts.
//!
//! A declared path is taken as it stands now: without symbolic links, judged as written and again as
//! what it really is. A link in it may lead to another place below the same anchor (workspace or home),
//! never out of it; an absolute path has no anchor, so it must be written as what it is. Only regular
//! files and folders are granted.
//!
//! What does not exist: a path to read is left out (there is nothing to see), a path to write is granted
//! when the folder it lies in exists and the write is staged. A direct write needs the file or folder to
//! be there: granting the folder around it instead would be more than was declared, and making it
//! beforehand would be a change that no tool made.
//!
//! It opens nothing and mounts nothing. Between this look and the start somebody with the user's own
//! rights could swap a folder for a link; who has those rights needs no tool for that.

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

/// How deep, and through how many entries, a granted tree is searched for `.git` and the like. One further down is
/// found when a staged difference is applied; with direct writes it is not protected.
const SEARCH_DEPTH: usize = 4;
const SEARCH_ENTRIES: usize = 4096;

/// Numbers of users that are people; 65534 is nobody.
const PEOPLE: std::ops::Range<u32> = 1000..65534;

/// One path that a run may write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WritePath {
    /// Absolute, without symbolic links.
    pub path: PathBuf,
    /// What becomes of the writes.
    pub mode: WriteMode,
    /// Whether it is a folder; what does not exist is one when it was declared with a closing `/`.
    pub folder: bool,
    /// Whether it exists.
    pub exists: bool,
    /// Paths in it that stay read-only: `.git`, and in the workspace the tools and settings. Those that
    /// do not exist must not come to be.
    pub protected: Vec<PathBuf>,
}

/// What one run may do beyond its own files and its scratch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// What it reaches.
    pub network: Network,
    /// Paths it may read: absolute, existing, none inside another or inside a written one.
    pub read: Vec<PathBuf>,
    /// Paths it may write; none inside another.
    pub write: Vec<WritePath>,
    /// Names of variables it gets.
    pub env: Vec<String>,
    /// Programs it says it starts. No wall.
    pub run: Vec<String>,
    /// Declared for reading, but not there; as declared.
    pub absent: Vec<String>,
}

impl Grants {
    /// What a strict run gets: nothing.
    pub const NOTHING: Grants = Grants {
        network: Network::None,
        read: Vec::new(),
        write: Vec::new(),
        env: Vec::new(),
        run: Vec::new(),
        absent: Vec::new(),
    };

    /// Why these grants hold only with a view of its own (level `isolated`); `None` when every level can
    /// keep them.
    pub fn needs_isolated(&self) -> Option<String> {
        let remedy = "install bubblewrap (`toolsmith doctor` explains), or";
        if self.network == Network::Loopback {
            return Some(format!(
                "an interface of its own for network loopback needs the level isolated: {remedy} declare none or full"
            ));
        }
        if let Some(write) = self.write.iter().find(|write| write.mode == WriteMode::Staged) {
            let path = write.path.display();
            return Some(format!("staged writes to {path} need the level isolated: {remedy} promote it to core"));
        }
        let write = self.write.iter().find(|write| !write.protected.is_empty())?;
        let (path, kept) = (write.path.display(), write.protected.first().map(|path| path.display().to_string()));
        let kept = kept.unwrap_or_default();
        Some(format!(
            "keeping {kept} read-only inside {path} needs the level isolated: {remedy} declare a narrower path"
        ))
    }
}

/// What [`resolve`] needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) permissions: &'a Permissions,
    pub(super) profile: Profile,
    pub(super) writes: WriteMode,
    /// The places of this machine, see [`ground`].
    pub(super) ground: &'a Ground,
}

/// Finds out what is granted.
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
                Ok(Found { path, is: Some(_), .. }) => grants.read.push(path),
                Ok(Found { is: None, .. }) => grants.absent.push(declared.clone()),
                Err(reason) => faults.push(PermissionFault::of_path(Access::Read, declared, reason)),
            }
        }
    }
    if !faults.is_empty() {
        let list: Vec<String> = faults.iter().map(ToString::to_string).collect();
        return Err(RunEnd::Refused { message: format!("it declares what no tool gets: {}", list.join("; ")) });
    }
    settle(&mut grants);
    Ok(grants)
}

/// Drops what another grant covers.
fn settle(grants: &mut Grants) {
    grants.write.sort_by(|a, b| a.path.cmp(&b.path));
    grants.write.dedup_by(|later, kept| later.path == kept.path || kept.folder && later.path.starts_with(&kept.path));
    let write = &grants.write;
    let written = |path: &Path| write.iter().any(|write| path.starts_with(&write.path));
    grants.read.retain(|path| !written(path));
    grants.read.sort();
    grants.read.dedup_by(|later, kept| later.starts_with(&*kept));
}

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

/// A declared path as it stands on disk.
#[derive(Debug)]
struct Found {
    path: PathBuf,
    /// `None` when it does not exist.
    is: Option<Kind>,
    /// Whether it was declared as a folder.
    folder: bool,
}

/// Looks a declared path up and judges what it really is.
fn find(ground: &Ground, access: Access, text: &str) -> Result<Found, String> {
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
            None => return Err(format!("it leads through a link to {}; declare that", real.display())),
            Some(base) if !real.starts_with(base) => {
                return Err(format!("it leads through a link out of {}, to {}", base.display(), real.display()));
            }
            Some(_) => {}
        }
        if let Some(reason) = ground.judge(access, &real) {
            return Err(format!("it leads through a link to {}: {reason}", real.display()));
        }
    }
    Ok(Found { path: real, is, folder: declared.folder })
}

/// The path without links, and what is there.
fn real(path: &Path) -> Result<(PathBuf, Option<Kind>), String> {
    match fs::symlink_metadata(path) {
        Ok(_) => {
            let real = path.canonicalize().map_err(|error| format!("it cannot be followed: {error}"))?;
            let meta = fs::symlink_metadata(&real).map_err(|error| format!("it cannot be looked at: {error}"))?;
            match (meta.is_dir(), meta.is_file()) {
                (true, _) => Ok((real, Some(Kind::Folder))),
                (_, true) => Ok((real, Some(Kind::File))),
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
                    let base = above.canonicalize().map_err(|error| format!("it cannot be followed: {error}"))?;
                    let real = missing.iter().rev().fold(base, |path, name| path.join(name));
                    return Ok((real, None));
                }
            }
            Ok((path.to_owned(), None))
        }
        Err(error) => Err(format!("it cannot be looked at: {error}")),
    }
}

fn write_path(asked: &Asked<'_>, found: Found) -> Result<WritePath, String> {
    let Found { path, is, folder } = found;
    if is.is_none() {
        let parent = path.parent().filter(|parent| parent.is_dir());
        if parent.is_none() {
            return Err("the folder it would lie in does not exist; make that first".to_owned());
        }
        if asked.writes == WriteMode::Direct {
            return Err(
                "it does not exist, and a tool that writes at once gets nothing around it; make it first".into()
            );
        }
    }
    if is == Some(Kind::File) && folder {
        return Err("it is declared as a folder, but it is a file".to_owned());
    }
    let folder = is.map_or(folder, |kind| kind == Kind::Folder);
    let protected = if is == Some(Kind::Folder) { protected(asked.ground, &path) } else { Vec::new() };
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

/// The homes of this user, the stated one first, and those of other people and root. The root of the file system is
/// nobody's home.
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
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A machine in a folder: a home with a workspace, and places outside.
    struct Machine {
        _dir: tempfile::TempDir,
        root: PathBuf,
        ground: Ground,
    }

    impl Machine {
        fn new() -> Machine {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().canonicalize().unwrap();
            for folder in ["home/ws/out", "home/ws/tools", "home/notes", "home/state", "srv/data", "eve"] {
                fs::create_dir_all(root.join(folder)).unwrap();
            }
            fs::write(root.join("home/ws/in.csv"), "1").unwrap();
            fs::write(root.join("srv/data/a"), "a").unwrap();
            let ground = Ground {
                workspace: root.join("home/ws"),
                homes: vec![root.join("home")],
                strangers: vec![root.join("eve")],
                ours: vec![root.join("home/state")],
                starts: Vec::new(),
            };
            Machine { _dir: dir, root, ground }
        }

        fn at(&self, path: &str) -> PathBuf {
            self.root.join(path)
        }

        fn resolve(&self, permissions: &Permissions, writes: WriteMode) -> Result<Grants, String> {
            let asked = Asked { permissions, profile: Profile::Declared, writes, ground: &self.ground };
            resolve(&asked).map_err(|end| end.message().unwrap_or_default())
        }

        fn write(&self, path: &str, writes: WriteMode) -> Result<Grants, String> {
            self.resolve(&Permissions { write: vec![path.to_owned()], ..Permissions::default() }, writes)
        }

        fn read(&self, path: &str) -> Result<Grants, String> {
            self.resolve(&Permissions { read: vec![path.to_owned()], ..Permissions::default() }, WriteMode::Staged)
        }
    }

    #[test]
    fn a_strict_run_is_granted_nothing_whatever_it_declares() {
        let machine = Machine::new();
        let greedy = Permissions {
            network: vec!["full".into()],
            read: vec!["in.csv".into(), "~/.ssh".into()],
            env: vec!["TOKEN".into()],
            ..Permissions::default()
        };
        let asked = Asked {
            permissions: &greedy,
            profile: Profile::Strict,
            writes: WriteMode::Direct,
            ground: &machine.ground,
        };
        assert_eq!(resolve(&asked), Ok(Grants::NOTHING));
    }

    #[test]
    fn declared_paths_are_granted_as_what_they_are() {
        let machine = Machine::new();
        let declared = Permissions {
            network: vec!["full".into()],
            read: vec![
                "in.csv".into(),
                "~/notes".into(),
                machine.at("srv/data").display().to_string(),
                "absent".into(),
            ],
            write: vec!["{workspace}/out".into()],
            env: vec!["TOKEN".into()],
            run: vec!["git".into()],
        };
        let write = WritePath {
            path: machine.at("home/ws/out"),
            mode: WriteMode::Staged,
            folder: true,
            exists: true,
            protected: vec![],
        };
        let expected = Grants {
            network: Network::Full,
            read: vec![machine.at("home/notes"), machine.at("home/ws/in.csv"), machine.at("srv/data")],
            write: vec![write],
            env: vec!["TOKEN".into()],
            run: vec!["git".into()],
            absent: vec!["absent".into()],
        };
        assert_eq!(machine.resolve(&declared, WriteMode::Staged), Ok(expected));
    }

    #[test]
    fn a_link_may_lead_elsewhere_below_its_anchor_and_nowhere_else() {
        let machine = Machine::new();
        for (link, target) in [
            ("home/ws/inside", "home/ws/out"),
            ("home/ws/outside", "home/notes"),
            ("home/ws/far", "srv/data"),
            ("home/ws/own", "home/ws/tools"),
            ("home/out-of", "srv"),
            ("srv/linked", "srv/data"),
            ("home/ws/broken", "nowhere"),
            ("home/state-link", "home/state"),
        ] {
            symlink(machine.at(target), machine.at(link)).unwrap();
        }
        assert_eq!(machine.read("inside").unwrap().read, [machine.at("home/ws/out")]);
        let linked = machine.at("srv/linked/a").display().to_string();
        for path in ["outside", "far", "far/a", "far/new", "~/out-of/data", &linked, "broken", "~/state-link"] {
            let message = machine.read(path).unwrap_err();
            assert!(message.contains("link") || message.contains("followed"), "{path}: {message}");
        }
        // A folder that a link leads to is what is judged: tools may be read and not written.
        assert!(machine.read("own").is_ok());
        assert!(machine.write("own/x/", WriteMode::Staged).unwrap_err().contains("tools"));
    }

    #[test]
    fn places_of_this_machine_are_refused_by_their_real_path() {
        let machine = Machine::new();
        let at = |path: &str| machine.at(path).display().to_string();
        for path in [at("home"), at("home/state"), at("eve/x"), at("eve"), at(""), at("home/.bashrc")] {
            assert!(machine.read(&path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_file_that_holds_a_secret_is_refused_itself_and_in_its_folder() {
        let mut machine = Machine::new();
        fs::write(machine.at("home/notes/token"), "hunter-two").unwrap();
        fs::write(machine.at("home/notes/other"), "x").unwrap();
        machine.ground.ours.push(machine.at("home/notes/token"));
        for path in ["~/notes", "~/notes/token"] {
            assert!(machine.read(path).unwrap_err().contains("secrets"), "{path}");
        }
        assert!(machine.read("~/notes/other").is_ok());
    }

    #[test]
    fn sockets_and_pipes_are_refused_whatever_they_are_called() {
        let machine = Machine::new();
        let _socket = std::os::unix::net::UnixListener::bind(machine.at("home/ws/plain")).unwrap();
        assert!(machine.read("plain").unwrap_err().contains("socket"));
        let pipe = machine.at("home/ws/pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(machine.write("pipe", WriteMode::Direct).unwrap_err().contains("pipe"));
    }

    #[test]
    fn a_path_that_is_not_there_is_staged_beside_an_existing_folder_and_never_written_at_once() {
        let machine = Machine::new();
        let staged = machine.write("out/new.txt", WriteMode::Staged).unwrap();
        assert_eq!((staged.write[0].exists, staged.write[0].folder), (false, false));
        assert!(machine.write("new/", WriteMode::Staged).unwrap().write[0].folder);
        for (path, mode) in [("none/new.txt", WriteMode::Staged), ("out/new.txt", WriteMode::Direct)] {
            assert!(machine.write(path, mode).unwrap_err().contains("make"), "{path}");
        }
        assert!(machine.write("in.csv/", WriteMode::Direct).unwrap_err().contains("it is a file"));
        assert!(machine.write("in.csv", WriteMode::Direct).is_ok());
    }

    #[test]
    fn git_and_the_workbenchs_own_files_stay_read_only_in_a_granted_tree() {
        let machine = Machine::new();
        fs::create_dir_all(machine.at("home/ws/a/b/.git")).unwrap();
        let granted = machine.write("{workspace}", WriteMode::Direct).unwrap();
        let mut expected: Vec<PathBuf> = PROTECTED
            .iter()
            .map(|name| machine.at("home/ws").join(name))
            .chain([machine.at("home/ws/a/b/.git")])
            .collect();
        expected.sort();
        assert_eq!(granted.write[0].protected, expected);
        assert!(granted.needs_isolated().unwrap().contains("read-only"));
        fs::create_dir_all(machine.at("home/ws/a/.VSCode")).unwrap();
        fs::write(machine.at("home/ws/a/.envrc"), "").unwrap();
        let inner = machine.write("a", WriteMode::Staged).unwrap();
        assert_eq!(
            inner.write[0].protected,
            ["a/.VSCode", "a/.envrc", "a/b/.git"].map(|at| machine.at("home/ws").join(at))
        );
        assert_eq!(machine.write("out", WriteMode::Direct).unwrap().needs_isolated(), None);
        assert!(machine.write("out", WriteMode::Staged).unwrap().needs_isolated().unwrap().contains("core"));
        assert_eq!(machine.read("in.csv").unwrap().needs_isolated(), None);
    }

    #[test]
    fn what_programs_start_from_is_written_by_nobody_however_it_is_named() {
        let mut machine = Machine::new();
        for folder in ["home/dotfiles", "home/ws/.venv/bin", "home/ws/.toolsmith/id"] {
            fs::create_dir_all(machine.at(folder)).unwrap();
        }
        fs::write(machine.at("home/dotfiles/bashrc"), "").unwrap();
        symlink(machine.at("home/ws/.toolsmith"), machine.at("home/ws/innocent")).unwrap();
        symlink(machine.at("home/dotfiles/bashrc"), machine.at("home/ws/rc")).unwrap();
        machine.ground.starts = vec![machine.at("home/dotfiles/bashrc"), machine.at("home/ws/.venv/bin")];
        for path in ["~/dotfiles", "~/dotfiles/bashrc", "rc", ".venv/bin", ".venv/bin/new", "innocent", "innocent/id"] {
            for mode in [WriteMode::Staged, WriteMode::Direct] {
                assert!(machine.write(path, mode).is_err(), "{path} {mode:?}");
            }
        }
        let whole = machine.write("{workspace}", WriteMode::Staged).unwrap();
        for kept in [".venv/bin", ".toolsmith"] {
            assert!(whole.write[0].protected.contains(&machine.at("home/ws").join(kept)), "{kept}: {whole:?}");
        }
    }

    #[test]
    fn grants_inside_other_grants_are_dropped() {
        let machine = Machine::new();
        let declared = Permissions {
            read: vec!["out/deep".into(), "tools".into(), ".".into()],
            write: vec!["out".into(), "out/x.txt".into()],
            ..Permissions::default()
        };
        let grants = machine.resolve(&declared, WriteMode::Staged).unwrap();
        assert_eq!(grants.read, [machine.at("home/ws")]);
        assert_eq!(grants.write.len(), 1);
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let machine = Machine::new();
        let declared =
            Permissions { read: vec!["~/.ssh".into()], write: vec!["/etc".into()], ..Permissions::default() };
        let message = machine.resolve(&declared, WriteMode::Staged).unwrap_err();
        assert!(message.contains("~/.ssh") && message.contains("/etc"), "{message}");
    }

    #[test]
    fn git_is_found_four_folders_deep_and_no_deeper() {
        let machine = Machine::new();
        for folder in ["out/a/b/c/d/.git", "out/a/b/c/d/e/.git"] {
            fs::create_dir_all(machine.at("home/ws").join(folder)).unwrap();
        }
        let granted = machine.write("out", WriteMode::Staged).unwrap();
        assert_eq!(granted.write[0].protected, [machine.at("home/ws/out/a/b/c/d/.git")]);
    }

    #[test]
    fn the_search_for_git_ends_after_so_many_entries() {
        let machine = Machine::new();
        for name in ["1", "2", "3", "4", "5", "5/.git"] {
            fs::create_dir(machine.at("eve").join(name)).unwrap();
        }
        for (entries, left, repositories) in [(0, 0, 0), (6, 0, 1), (9, 3, 1)] {
            let (mut budget, mut found) = (entries, Vec::new());
            search_kept(&machine.at("eve"), 1, &mut budget, &mut found);
            assert_eq!((budget, found.len()), (left, repositories), "{entries} entries");
        }
        let (mut budget, mut found) = (3, Vec::new());
        search_kept(&machine.at("eve"), 1, &mut budget, &mut found);
        assert_eq!(budget, 0);
    }

    #[test]
    fn a_grant_of_a_file_covers_no_other_path_and_the_same_path_is_granted_once() {
        let machine = Machine::new();
        fs::write(machine.at("home/ws/in"), "").unwrap();
        let writes = |paths: &[&str]| {
            let write = paths.iter().map(ToString::to_string).collect();
            let granted = machine.resolve(&Permissions { write, ..Permissions::default() }, WriteMode::Staged).unwrap();
            granted.write.into_iter().map(|write| write.path).collect::<Vec<_>>()
        };
        assert_eq!(writes(&["in", "in.csv"]), [machine.at("home/ws/in"), machine.at("home/ws/in.csv")]);
        assert_eq!(writes(&["in", "{workspace}/in"]), [machine.at("home/ws/in")]);
        assert_eq!(writes(&["out/new", "out/new2", "out"]), [machine.at("home/ws/out")]);
        assert_eq!(writes(&["out", "zoo/"]), [machine.at("home/ws/out"), machine.at("home/ws/zoo")]);
    }

    #[test]
    fn homes_are_the_stated_and_the_known_one_and_other_people_are_strangers() {
        let path = |name: &str| PathBuf::from("/nowhere").join(name);
        let users: Vec<(u32, PathBuf)> = vec![
            (0, path("root")),
            (999, path("service")),
            (1000, path("ada")),
            (1001, path("eve")),
            (1002, path("ada")),
            (1003, "/".into()),
            (65533, path("last")),
            (65534, path("nobody")),
        ];
        let strangers = vec![path("root"), path("eve"), path("last")];
        let stated = homes(users.clone(), 1000, Some(path("stated")));
        assert_eq!(stated, (vec![path("stated"), path("ada")], strangers.clone()));
        for home in [None, Some(path("ada")), Some("/".into())] {
            assert_eq!(homes(users.clone(), 1000, home), (vec![path("ada")], strangers.clone()));
        }
        let of_root = homes(users, 0, None);
        assert_eq!(of_root, (vec![path("root")], vec![path("ada"), path("eve"), path("ada"), path("last")]));
    }

    #[test]
    fn the_ground_of_a_run_has_the_stated_home_only_when_it_is_absolute() {
        let machine = Machine::new();
        let ours = [machine.at("home/state")];
        for (home, counts) in [(machine.at("home"), true), ("home".into(), false)] {
            let caller = BTreeMap::from([("HOME".into(), home.clone().into())]);
            let found = ground(&Permissions::default(), &machine.at("home/ws"), &ours, &caller);
            assert_eq!((&found.workspace, &found.ours[..]), (&machine.at("home/ws"), &ours[..]));
            assert_eq!(found.homes.contains(&home), counts);
        }
    }

    #[test]
    fn the_ground_of_a_run_that_writes_names_what_programs_start_from() {
        let machine = Machine::new();
        let folder = machine.at("home/bin");
        fs::create_dir_all(&folder).unwrap();
        let caller = BTreeMap::from([("HOME".into(), machine.at("home").into()), ("PATH".into(), (&folder).into())]);
        for (write, is_named) in [(vec!["out".to_owned()], true), (Vec::new(), false)] {
            let permissions = Permissions { write, ..Permissions::default() };
            let found = ground(&permissions, &machine.at("home/ws"), &[], &caller);
            assert_eq!(found.starts.contains(&folder), is_named, "{permissions:?}");
        }
    }

    #[test]
    fn users_are_read_from_the_systems_list() {
        let list = users("root:x:0:0:root:/root:/bin/sh\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n");
        assert_eq!(list, [(0, "/root".into()), (1000, "/home/ada".into())]);
    }
}
