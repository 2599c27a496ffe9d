//! Fetching the packages that a script declares, and putting its environment together.
//!
//! uv does it inside the sandbox: with the network, which a human agreed to, with a cache of its own, without the
//! caller's settings, and with nothing of the version but its block and its lock, both written again from what was read
//! of them. Only wheels are installed: no code of a package runs. What comes out is copied file by file into a folder
//! of ours: no links, no programs of the environment, no settings but those written here.

use super::dependencies::{
    Address, DEFAULT_REGISTRY, DependencyNeed, LOCK, Need, PackageLock, Wish, contents, distributions, normal,
    site_packages,
};
use super::interpreter::{SearchPath, Seeker, Who};
use super::prepare::given::RunEnvironment;
use super::prepare::request::StartRequest;
use super::process::clear;
use super::trials::prepare_batch;
use super::tried::Pace;
use crate::domain::{
    Dialect, InputMode, IsolationLevel, LimitsDeclared, Manifest, Permissions, Profile, Recipe, RunEnd, ToolName,
    WriteMode,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// How long uv may take, twice: to choose versions where there is no lock, and to fetch them.
const PATIENCE: Duration = Duration::from_mins(10);

/// What uv may use. Wheels of large packages hold hundreds of megabytes.
const LIMITS: LimitsDeclared = LimitsDeclared {
    memory_bytes: Some(4 << 30),
    cpu_seconds: Some(1200),
    processes: Some(256),
    output_bytes: None,
    disk_bytes: Some(2 << 30),
};

/// What of the caller's variables a network may need.
const NETWORK: [&str; 7] =
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE"];

/// The most files and folders of an environment, the most bytes, and how deep they are.
const MAX_ENTRIES: usize = 200_000;
const MAX_BYTES: u64 = 8 << 30;
const MAX_DEPTH: usize = 64;

/// The largest lock that uv may write, in bytes.
const MAX_LOCK: u64 = 4 << 20;

/// Names at the top of what uv makes that are not taken over.
const LEFT_OUT: [&str; 3] = ["bin", "pyvenv.cfg", "lib64"];

/// What a human agrees to before packages are fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The packages: `name version` where a lock says so, else the requirements as written.
    pub packages: Vec<String>,
    /// The hosts that they are fetched from.
    pub hosts: Vec<String>,
    /// Whether a lock names every file with its digest; else the newest versions that fit are taken.
    pub is_locked: bool,
}

impl Agreement {
    fn of(wish: &Wish) -> Agreement {
        let own = || Address::parse(DEFAULT_REGISTRY).map(|address| address.host);
        match &wish.lock {
            Some(lock) => Agreement { packages: lock.packages.clone(), hosts: lock.hosts.clone(), is_locked: true },
            None => Agreement {
                packages: wish.block.dependencies.clone(),
                hosts: own().into_iter().collect(),
                is_locked: false,
            },
        }
    }
}

/// What would have to be fetched before a version can run; `None` when nothing is, or nothing can be.
pub fn unfetched(need: &Need<'_>) -> Option<Agreement> {
    need.block()?;
    let caller = std::env::vars_os().collect();
    let path = SearchPath::new(seeker(&caller, need));
    let program = need.program(&path).ok().flatten()?;
    match need.environment(&program) {
        DependencyNeed::Environment(wish) if !wish.is_made() && uv(&path).is_ok() => Some(Agreement::of(&wish)),
        DependencyNeed::Environment(_) | DependencyNeed::Nothing | DependencyNeed::Lacking(_) => None,
    }
}

/// Fetches the packages that a version declares and puts its environment together. Blocks the thread, for minutes
/// perhaps. Answers the packages that are installed, `name version` each.
///
/// # Errors
/// One line: what is missing, what uv says, or why its result is not taken.
pub fn fetch(request: &StartRequest<'_>) -> Result<Vec<String>, String> {
    let caller = std::env::vars_os().collect();
    let need = request.need();
    let path = SearchPath::new(seeker(&caller, &need));
    let program = need.program(&path).map_err(|missing| missing.message)?.ok_or("it has no program")?;
    let wish = match need.environment(&program) {
        DependencyNeed::Environment(wish) => wish,
        DependencyNeed::Nothing => return Err("all its declared packages are installed".to_owned()),
        DependencyNeed::Lacking(missing) => return Err(missing.message),
    };
    if wish.is_made() {
        return Ok(contents(&wish.folder).0);
    }
    let visible = program.visible.clone();
    let uv = uv(&path)?;
    let workshop = Workshop { request, wish: &wish, uv, visible };
    let lock = match &wish.lock {
        Some(lock) => lock.clone(),
        None => workshop.lock()?,
    };
    let made = workshop.sync(&lock)?;
    let version = program.facts.map(|facts| facts.version).unwrap_or_default();
    keep(&made, &wish, &lock, &version)?;
    Ok(contents(&wish.folder).0)
}

fn seeker<'a>(caller: &'a BTreeMap<std::ffi::OsString, std::ffi::OsString>, need: &Need<'a>) -> Seeker<'a> {
    let (who, workspace) = (Who::of_this_process(), Some(need.workspace));
    Seeker { caller, who, workspace, interpreters: need.interpreters, sources: need.sources }
}

fn uv(path: &SearchPath<'_>) -> Result<PathBuf, String> {
    let found = path.for_ourselves(OsStr::new("uv"));
    let real = found.and_then(|found| found.canonicalize().ok());
    real.ok_or_else(|| "uv is not installed; see docs.astral.sh/uv".to_owned())
}

struct Workshop<'a> {
    request: &'a StartRequest<'a>,
    wish: &'a Wish,
    uv: PathBuf,
    /// What it must see beside the system's own folders and itself: the Python.
    visible: Vec<PathBuf>,
}

/// A folder that uv worked in; removed when dropped.
struct FetchFolder {
    folder: tempfile::TempDir,
}

impl FetchFolder {
    /// The folder that uv may write.
    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }
}

impl Drop for FetchFolder {
    fn drop(&mut self) {
        // Whatever modes are in it; what cannot be removed lies in the folder for temporary files.
        let _ = clear::remove(&self.out());
    }
}

impl Workshop<'_> {
    /// Lets uv choose versions, where nobody locked them.
    fn lock(&self) -> Result<PackageLock, String> {
        let made = self.call("lock", &["--default-index", DEFAULT_REGISTRY], None)?;
        let file = made.out().join("script.py.lock");
        let is_plain = fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_LOCK);
        let bytes = if is_plain { fs::read(&file) } else { Err(io::ErrorKind::NotFound.into()) };
        let bytes = bytes.map_err(|error| format!("uv wrote no lock file: {error}"))?;
        PackageLock::read(&bytes)
            .map_err(|fault| format!("the packages chosen by uv cannot be installed: the lock file {fault}"))
    }

    fn sync(&self, lock: &PackageLock) -> Result<FetchFolder, String> {
        self.call("sync", &["--frozen"], Some(&lock.text))
    }

    /// Starts uv in the sandbox, in a fresh folder with the script's block, and waits for it.
    fn call(&self, verb: &str, options: &[&str], lock: Option<&str>) -> Result<FetchFolder, String> {
        let in_words = |error: io::Error| format!("the package folder cannot be created: {error}");
        let made = workplace().map_err(in_words)?;
        let script = made.out().join("script.py");
        fs::write(&script, self.wish.block.script()).map_err(in_words)?;
        if let Some(lock) = lock {
            fs::write(made.out().join("script.py.lock"), lock).map_err(in_words)?;
        }
        let uv = self.reached_uv(&made).map_err(in_words)?;
        let mut command = vec![uv.to_string_lossy().into_owned()];
        let always = [verb, "--no-build", "--no-config", "--no-python-downloads"];
        command.extend(always.iter().chain(options).map(|word| (*word).to_owned()));
        for (option, path) in [("--python", &self.wish.python), ("--script", &script)] {
            command.extend([option.to_owned(), path.to_string_lossy().into_owned()]);
        }
        self.run(command, &made)?;
        Ok(made)
    }

    /// Where the user that tools run as reaches uv: of root's, who may keep it in a closed home, a copy.
    fn reached_uv(&self, made: &FetchFolder) -> io::Result<PathBuf> {
        if Who::of_this_process() == Who::Same {
            return Ok(self.uv.clone());
        }
        let copy = made.folder.path().join("uv");
        fs::copy(&self.uv, &copy)?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))?;
        Ok(copy)
    }

    fn run(&self, command: Vec<String>, made: &FetchFolder) -> Result<(), String> {
        let program = command.first().map(PathBuf::from);
        let cache = made.out().join("cache").to_string_lossy().into_owned();
        let env = [("UV_CACHE_DIR", cache.as_str()), ("UV_LINK_MODE", "copy"), ("UV_NO_PROGRESS", "1")];
        let recipe = Recipe {
            command,
            env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Recipe::blank(InputMode::None)
        };
        let names: Vec<String> = NETWORK.iter().map(|name| (*name).to_owned()).collect();
        let given = RunEnvironment::gather(&names, BTreeMap::new());
        let permissions = Permissions { network: vec!["full".to_owned()], env: names, ..Permissions::default() };
        let name: ToolName = "uv".parse().map_err(|error| format!("{error}"))?;
        let manifest =
            Manifest { recipe: Some(recipe), permissions, limits: LIMITS, ..Manifest::blank(name, Dialect::Native) };
        let request = StartRequest {
            manifest: &manifest,
            files: &[],
            input: None,
            timeout: Some(PATIENCE),
            profile: Profile::Declared,
            writes: WriteMode::Direct,
            given: &given,
            least: self.request.least.min(IsolationLevel::Confined),
            observe: false,
            ..*self.request
        };
        let words = |end: &RunEnd| end.message().unwrap_or_else(|| end.outcome().word().to_owned());
        let batch = prepare_batch(&request, &[Value::Object(Map::new())], Pace::Plain).map_err(|end| words(&end))?;
        let mut visible = self.visible.clone();
        visible.extend(program);
        visible.extend(given.value("SSL_CERT_FILE").map(PathBuf::from).filter(|file| file.is_absolute()));
        let batch = batch.with_places(&visible, &made.out());
        if let Some(user) = batch.user() {
            give(&made.out(), user).map_err(|error| format!("the folder for uv cannot be created: {error}"))?;
        }
        let tried = batch.make(Instant::now() + PATIENCE, &AtomicBool::new(false))?;
        let one = tried.into_iter().next().ok_or("uv was not started")?;
        match one.end {
            RunEnd::Succeeded { .. } => Ok(()),
            RunEnd::Failed { .. } => Err(format!("uv: {}", cause(&String::from_utf8_lossy(&one.stderr)))),
            end => Err(format!("uv: {}", words(&end))),
        }
    }
}

/// A fresh folder with one in it that uv may write.
fn workplace() -> io::Result<FetchFolder> {
    let is_root = rustix::process::geteuid().is_root();
    let mode = fs::Permissions::from_mode(if is_root { 0o711 } else { 0o700 });
    let temp = std::env::temp_dir().canonicalize()?;
    let folder = tempfile::Builder::new().prefix("toolsmith-packages-").permissions(mode).tempdir_in(temp)?;
    let made = FetchFolder { folder };
    fs::create_dir(made.out())?;
    Ok(made)
}

/// Gives the folder for uv, and the files that were put there, to the user that tools of root's run as.
fn give(out: &Path, user: u32) -> io::Result<()> {
    for entry in fs::read_dir(out)? {
        chown(entry?.path(), Some(user), Some(user))?;
    }
    chown(out, Some(user), Some(user))
}

/// The innermost cause in what uv says: its last `cause:` line, else its `error:` line.
fn cause(text: &str) -> String {
    let of = |word: &str| {
        text.lines()
            .rev()
            .find_map(|line| line.trim().strip_prefix(word).or_else(|| line.trim().strip_prefix("Caused by:")))
    };
    of("cause:").or_else(|| of("error:")).unwrap_or("no reason given").trim().to_owned()
}

/// Takes what uv made over into the environment's own folder, which appears as a whole or not at all.
fn keep(made: &FetchFolder, wish: &Wish, lock: &PackageLock, version: &str) -> Result<(), String> {
    let in_words = |error: io::Error| format!("the environment cannot be stored: {error}");
    let found = only_folder(&made.out().join("cache/environments-v2")).map_err(in_words)?;
    let all = wish.folder.parent().ok_or("the environment has no folder")?;
    fs::create_dir_all(all).map_err(in_words)?;
    let mode = fs::Permissions::from_mode(0o755);
    let fresh = tempfile::Builder::new().prefix(".new-").permissions(mode).tempdir_in(all).map_err(in_words)?;
    let mut copy = Copy { entries: 0, bytes: 0 };
    copy.folder(&found, fresh.path(), 0).map_err(in_words)?;
    let locked: BTreeSet<String> =
        lock.packages.iter().filter_map(|package| package.split(' ').next()).map(normal).collect();
    let installed = site_packages(fresh.path()).iter().flat_map(|folder| distributions(folder)).collect::<Vec<_>>();
    if let Some((other, _)) = installed.iter().find(|(name, _)| !locked.contains(&normal(name))) {
        return Err(format!("uv installed {other}, which is not in the lock file; the environment is discarded"));
    }
    let real = wish.python.canonicalize().map_err(in_words)?;
    let home = real.parent().unwrap_or(Path::new("/")).display();
    let settings = format!("home = {home}\ninclude-system-site-packages = false\nversion = {version}\n");
    fs::write(fresh.path().join("pyvenv.cfg"), settings).map_err(in_words)?;
    fs::create_dir(fresh.path().join("bin")).map_err(in_words)?;
    for name in ["python3", "python"] {
        symlink(&real, fresh.path().join("bin").join(name)).map_err(in_words)?;
    }
    fs::write(fresh.path().join(LOCK), &lock.text).map_err(in_words)?;
    match fs::rename(fresh.path(), &wish.folder) {
        Ok(()) => {
            // It has another name now: there is nothing left to remove.
            drop(fresh.keep());
            Ok(())
        }
        // Another process was quicker.
        Err(_) if wish.is_made() => Ok(()),
        Err(error) => Err(in_words(error)),
    }
}

/// The one folder in a folder.
fn only_folder(folder: &Path) -> io::Result<PathBuf> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let folders: Vec<_> = entries.iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).collect();
    match folders.as_slice() {
        [one] => Ok(one.path()),
        _ => Err(io::Error::other("uv did not create exactly one environment")),
    }
}

/// Copies plain files and folders, within bounds.
struct Copy {
    entries: usize,
    bytes: u64,
}

impl Copy {
    fn folder(&mut self, from: &Path, to: &Path, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let name = entry.file_name();
            let kind = entry.file_type()?;
            let is_left_out = depth == 0 && (LEFT_OUT.iter().any(|out| name == *out) || kind.is_file());
            self.entries += 1;
            if depth > MAX_DEPTH || self.entries > MAX_ENTRIES {
                return Err(io::Error::other("it has too many files"));
            }
            if is_left_out {
                continue;
            }
            let target = to.join(&name);
            if kind.is_dir() {
                fs::create_dir(&target)?;
                self.folder(&entry.path(), &target, depth + 1)?;
            } else if kind.is_file() {
                self.file(&entry.path(), &target)?;
            } else {
                return Err(io::Error::other(format!("{} is not a regular file", name.to_string_lossy())));
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let mut source = fs::OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(from)?;
        let is_program = source.metadata()?.permissions().mode() & 0o111 != 0;
        let mode = if is_program { 0o755 } else { 0o644 };
        let mut target = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(to)?;
        self.bytes += io::copy(&mut io::Read::take(&mut source, MAX_BYTES - self.bytes + 1), &mut target)?;
        if self.bytes > MAX_BYTES { Err(io::Error::other("it is too large")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_cause_is_told() {
        let text = "Using script environment at: x\nerror: No solution found\n  cause: Because six was not found in \
                    the cache\n\nhint: the network was disabled\n";
        assert_eq!(cause(text), "Because six was not found in the cache");
        assert_eq!(cause("error: no such option"), "no such option");
    }

    #[test]
    fn only_plain_files_are_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        for folder in [from.join("lib"), from.join("bin"), to.clone()] {
            fs::create_dir_all(folder).unwrap();
        }
        for file in ["lib/x.py", "bin/evil", "pyvenv.cfg"] {
            fs::write(from.join(file), "x").unwrap();
        }
        let copy = || Copy { entries: 0, bytes: 0 }.folder(&from, &to, 0);
        copy().unwrap();
        assert!(to.join("lib/x.py").is_file() && !to.join("bin").exists() && !to.join("pyvenv.cfg").exists());
        fs::remove_dir_all(to.join("lib")).unwrap();
        symlink("/etc/passwd", from.join("lib/link")).unwrap();
        assert!(copy().is_err());
    }
}
