//! A git work tree and queries about it.

use super::call::{GitCall, GitOutput};
use super::error::{GitError, NoGit};
use super::place::GitContext;
use super::rules::endless_rules;
use super::settings::Settings;
use crate::domain::{FileMode, SafeText, VersionFile};
use crate::outside::Programs;
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Maximum number of paths in one command line; 500 paths of maximum length are below the 2 MiB that Linux allows.
pub(super) const PATHS_PER_CALL: usize = 500;

/// The git work tree that contains the workspace.
#[derive(Debug, Clone)]
pub struct Git {
    workspace: PathBuf,
    toplevel: PathBuf,
    /// The `.git` folder, or its equivalent in a linked work tree.
    repository: PathBuf,
    env: Vec<(OsString, OsString)>,
    programs: Arc<Programs>,
}

impl Git {
    /// Finds the work tree that contains the workspace; `None` for any reason in [`NoGit`].
    pub fn discover(workspace: &Path, programs: &Arc<Programs>) -> Option<Git> {
        Git::locate(workspace, programs).ok()
    }

    /// Finds the work tree that contains the workspace, or states why there is none.
    ///
    /// # Errors
    /// [`NoGit`]: git is not installed, the folder is in no work tree, or git does not trust it.
    pub fn locate(workspace: &Path, programs: &Arc<Programs>) -> Result<Git, NoGit> {
        Git::locate_with(workspace, programs, Vec::new())
    }

    /// Like [`Git::locate`], with further environment for every call.
    pub(super) fn locate_with(
        workspace: &Path,
        programs: &Arc<Programs>,
        env: Vec<(OsString, OsString)>,
    ) -> Result<Git, NoGit> {
        let (workspace, programs) = (workspace.to_owned(), Arc::clone(programs));
        let git = Git { workspace, toplevel: PathBuf::new(), repository: PathBuf::new(), env, programs };
        let questions = [
            "rev-parse",
            "--is-inside-work-tree",
            "--is-bare-repository",
            "--absolute-git-dir",
            "--path-format=absolute",
            "--git-common-dir",
        ];
        let facts = git.ask(&GitCall::new(&questions)).map_err(|error| match error {
            GitError::NotInstalled => NoGit::NotInstalled,
            other => NoGit::Failed(other.to_string()),
        })?;
        let lines: Vec<&[u8]> = facts.stdout.split(|byte| *byte == b'\n').collect();
        match lines.as_slice() {
            [b"true", _, git_dir, common, ..] if facts.success() => {
                let top = git.ask(&GitCall::new(&["rev-parse", "--show-toplevel"]));
                let top = top.map_err(|error| NoGit::Failed(error.to_string()))?;
                let toplevel = path_from(top.stdout.strip_suffix(b"\n").unwrap_or(&top.stdout));
                let repository = path_from(git_dir);
                if let Some(why) = git.unfit(&toplevel, &repository, &path_from(common)) {
                    return Err(why);
                }
                Ok(Git { toplevel, repository, ..git })
            }
            [b"false", b"true", ..] => Err(NoGit::Bare),
            [b"false", ..] => Err(NoGit::NotAWorkTree),
            _ if facts.stderr.contains("dubious ownership") => Err(NoGit::Untrusted),
            _ if facts.stderr.contains("not a git repository") => Err(NoGit::NotAWorkTree),
            _ => Err(NoGit::Failed(facts.complaint())),
        }
    }

    pub(super) fn workspace(&self) -> &Path {
        &self.workspace
    }

    pub(super) fn repository(&self) -> &Path {
        &self.repository
    }

    /// An empty temporary folder, removed when dropped.
    pub(super) fn empty_folder(&self) -> std::io::Result<tempfile::TempDir> {
        self.programs.empty_folder()
    }

    /// The top folder of the work tree.
    pub fn toplevel(&self) -> &Path {
        &self.toplevel
    }

    /// Settings of the user's own configuration that are ignored because somebody else could have changed them: hooks,
    /// programs. One line each.
    pub fn notes(&self) -> Vec<String> {
        let place = self.place();
        // Problems with git are reported by the operation that needs it.
        let notes = Settings::read(&place).map(|settings| settings.notes(&place)).unwrap_or_default();
        notes.iter().map(|note| SafeText::new(note).to_string()).collect()
    }

    /// The version of git, as it prints it.
    pub fn version(&self) -> Option<String> {
        let answer = self.ask(&GitCall::new(&["--version"])).ok().filter(GitOutput::success)?;
        Some(SafeText::new(String::from_utf8_lossy(&answer.stdout).trim()).as_str().to_owned())
    }

    /// The configured identity, `Name <mail>`; `None` if git would have to guess.
    pub fn identity(&self) -> Option<String> {
        let answer = self.ask(&GitCall::new(&["-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT"])).ok()?;
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let end = text.rfind('>').filter(|_| answer.success())?;
        Some(text[..=end].to_owned())
    }

    /// Whether the repository's own configuration, which may have come with it, sets part of the identity.
    pub fn names_you(&self) -> bool {
        Settings::read(&self.place()).is_ok_and(|settings| settings.names_user())
    }

    /// Whether git ignores this path (relative to the workspace). A tracked file is never ignored.
    ///
    /// # Errors
    /// [`GitError`] when git cannot answer.
    pub fn check_ignored(&self, path: &str) -> Result<bool, GitError> {
        Ok(!self.ignored(&[path])?.is_empty())
    }

    /// The files below a folder in the newest commit, relative to the workspace; empty without a commit.
    ///
    /// # Errors
    /// [`GitError`] when git cannot answer.
    pub fn committed_under(&self, folder: &str) -> Result<Vec<String>, GitError> {
        let folder = format!("{folder}/");
        let answer = self.ask(&GitCall::new(&["ls-tree", "-r", "-z", "--name-only", "HEAD", "--", &folder]))?;
        if answer.has_no_head() {
            return Ok(Vec::new());
        }
        Ok(names(&answer.demand("list committed files")?.stdout).collect())
    }

    /// Whether a commit of these files, by their paths in the workspace, would contain any change: one of them differs
    /// from the newest commit, or that commit has another file in `folder`. They need not be on disk.
    ///
    /// # Errors
    /// [`GitError`] when git cannot answer.
    pub fn would_commit(&self, files: &[(String, &VersionFile)], folder: Option<&str>) -> Result<bool, GitError> {
        if let Some(file) = endless_rules(&self.workspace, files.iter().map(|(path, _)| path.as_str())) {
            return Err(GitError::not_plain("compare with the newest commit", &file));
        }
        let committed = self.blobs(files)?;
        let mut new = Vec::new();
        for (path, file) in files.iter().filter(|(path, _)| self.is_reachable(path)) {
            let Some(known) = committed.get(path) else {
                new.push(path.as_str());
                continue;
            };
            let hash = GitCall::new(&["hash-object", "--stdin", "--path", path]).input(file.bytes.clone());
            let hash = self.ask(&hash)?.demand("compare with the newest commit")?;
            let mode = if file.mode == FileMode::Executable { "100755" } else { "100644" };
            if *known != format!("{mode} blob {}", String::from_utf8_lossy(&hash.stdout).trim()) {
                return Ok(true);
            }
        }
        if !new.is_empty() && self.ignored(&new)?.len() < new.len() {
            return Ok(true);
        }
        let Some(folder) = folder else { return Ok(false) };
        let here = self.committed_under(folder)?;
        Ok(here.iter().any(|path| files.iter().all(|(known, _)| known != path)))
    }

    /// Mode, kind and hash of each of these files in the newest commit.
    fn blobs(&self, files: &[(String, &VersionFile)]) -> Result<HashMap<String, String>, GitError> {
        let mut blobs = HashMap::new();
        if self.newest_commit()?.is_none() {
            return Ok(blobs);
        }
        for part in files.chunks(PATHS_PER_CALL) {
            let paths = part.iter().map(|(path, _)| path.as_str()).filter(|path| self.is_reachable(path));
            let args: Vec<&str> = ["ls-tree", "-z", "HEAD", "--"].into_iter().chain(paths).collect();
            if args.len() > 4 {
                let answer = self.ask(&GitCall::new(&args))?.demand("list files")?;
                let entries = names(&answer.stdout).collect::<Vec<_>>();
                let pairs = entries.iter().filter_map(|entry| entry.split_once('\t'));
                blobs.extend(pairs.map(|(blob, path)| (path.to_owned(), blob.to_owned())));
            }
        }
        Ok(blobs)
    }

    /// The newest commit reachable from HEAD whose message has all these trailers, abbreviated.
    ///
    /// # Errors
    /// [`GitError`] when git cannot answer.
    pub fn find_trailers(&self, trailers: &[(String, String)]) -> Result<Option<String>, GitError> {
        if self.newest_commit()?.is_none() {
            return Ok(None);
        }
        let wanted: Vec<String> = trailers.iter().map(|(key, value)| format!("{key}: {}", one_line(value))).collect();
        let greps: Vec<String> = wanted.iter().map(|line| format!("--grep={line}")).collect();
        let mut args = vec![
            "log",
            "-z",
            "--format=%h%n%B",
            "--fixed-strings",
            "--all-match",
            "--no-show-signature",
            "--no-mailmap",
        ];
        args.extend(greps.iter().map(String::as_str));
        let answer = self.ask(&GitCall::new(&args))?.demand("search the history")?;
        // A fixed string also matches inside a line: `Operation: 1` in `Operation: 12`.
        let found =
            names(&answer.stdout).find(|entry| wanted.iter().all(|line| entry.lines().any(|have| have == line)));
        Ok(found.and_then(|entry| entry.lines().next().map(str::to_owned)))
    }

    /// The hash of the newest commit; `None` if the branch has none yet.
    pub(super) fn newest_commit(&self) -> Result<Option<String>, GitError> {
        let answer = self.ask(&GitCall::new(&["rev-parse", "--quiet", "--verify", "HEAD"]))?;
        Ok(answer.success().then(|| answer.word()))
    }

    /// Whether a path stays inside the workspace and no folder on the way is a symbolic link: git refuses paths beyond
    /// a symbolic link.
    pub(super) fn is_reachable(&self, path: &str) -> bool {
        let relative = Path::new(path);
        if path.is_empty() || !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return false;
        }
        relative.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).all(|folder| {
            std::fs::symlink_metadata(self.workspace.join(folder)).map_or(true, |meta| !meta.file_type().is_symlink())
        })
    }

    pub(super) fn ignored(&self, paths: &[&str]) -> Result<HashSet<String>, GitError> {
        if let Some(file) = endless_rules(&self.workspace, paths.iter().copied()) {
            return Err(GitError::not_plain("check ignored files", &file));
        }
        // A leading `./` keeps a path that begins with a colon from being read as magic.
        let plain: Vec<String> = paths.iter().map(|path| format!("./{path}")).collect();
        let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
        let answer = self.ask(&GitCall::new(&["check-ignore", "--stdin", "-z"]).input(joined(&plain)).magic())?;
        // Exit code 1 means that no path is ignored.
        if answer.code() == Some(1) {
            return Ok(HashSet::new());
        }
        let answer = answer.demand("check ignored files")?;
        Ok(names(&answer.stdout).map(|path| path.strip_prefix("./").unwrap_or(&path).to_owned()).collect())
    }

    pub(super) fn list(&self, question: &[&str], paths: &[&str]) -> Result<HashSet<String>, GitError> {
        let mut found = HashSet::new();
        for part in paths.chunks(PATHS_PER_CALL) {
            let args: Vec<&str> = question.iter().chain(part).copied().collect();
            found.extend(names(&self.ask(&GitCall::new(&args))?.demand("list files")?.stdout));
        }
        Ok(found)
    }

    pub(super) fn ask(&self, call: &GitCall) -> Result<GitOutput, GitError> {
        let place = self.place();
        // Read again for each call, to minimise the time in which the configuration can change before git reads it.
        let settings = Settings::read(&place)?;
        call.run(&place, &settings.overrides(&place))
    }

    pub(super) fn place(&self) -> GitContext<'_> {
        GitContext::new(&self.workspace, &self.toplevel, &self.env, &self.programs)
    }
}

/// A trailer is one line: a name with a line break in it must not become a second trailer.
pub(super) fn one_line(value: &str) -> String {
    SafeText::new(&value.split_whitespace().collect::<Vec<_>>().join(" ")).into()
}

pub(super) fn joined(paths: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in paths {
        // Writing to memory cannot fail.
        let _ = write!(bytes, "{path}\0");
    }
    bytes
}

fn names(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
}

pub(super) fn path_from(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}

/// The name of the system user, for a commit if git has no identity; also the reviewer if there is no git.
pub fn system_user() -> String {
    let named =
        ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.trim().is_empty()));
    named.or_else(user_of_passwd).map_or_else(|| "toolsmith".to_owned(), |user| one_line(&user).replace(['<', '>'], ""))
}

fn user_of_passwd() -> Option<String> {
    let uid = rustix::process::getuid().as_raw().to_string();
    let table = std::fs::read_to_string("/etc/passwd").ok()?;
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}
