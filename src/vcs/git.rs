//! A git work tree and what is asked of it.

use super::belonging::endless_rules;
use super::call::{Answer, Call, QUICK, finish};
use super::error::{GitError, NoGit};
use super::place::Place;
use super::settings::Settings;
use crate::domain::{FileMode, SafeText, VersionFile};
use crate::outside::{Programs, Row};
use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long another process may hold the index before we give up. Git itself holds it for milliseconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Pause between two attempts to get the index.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// How many paths go into one command line; 500 paths of the greatest length stay below the 2 MiB that
/// Linux allows.
const PATHS_PER_CALL: usize = 500;

/// A git work tree that holds the workspace.
#[derive(Debug, Clone)]
pub struct Git {
    workspace: PathBuf,
    toplevel: PathBuf,
    /// The `.git` folder, or what stands for it in a linked work tree.
    repository: PathBuf,
    env: Vec<(OsString, OsString)>,
    programs: Arc<Programs>,
}

/// What to commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit<'a> {
    /// Paths of files, relative to the workspace, `/` between parts; added, changed and removed alike.
    pub paths: &'a [String],
    /// The message: a subject, and after a blank line anything else.
    pub message: &'a str,
    /// Key and value of each trailer, appended to the message.
    pub trailers: &'a [(String, String)],
}

/// A commit that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its abbreviated hash.
    pub hash: String,
    /// What a human should know: a missing signature, an identity made up.
    pub notes: Vec<String>,
}

/// Whether a commit carries a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signature {
    AsConfigured,
    Never,
}

/// Whether the branch has a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    Commit,
    Unborn,
}

impl Git {
    /// Finds the work tree that holds the workspace; `None` for any reason [`Git::locate`] names.
    pub fn discover(workspace: &Path, programs: &Arc<Programs>) -> Option<Git> {
        Git::locate(workspace, programs).ok()
    }

    /// Finds the work tree that holds the workspace, or says why there is none.
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
        let facts = git.ask(&Call::new(&questions)).map_err(|error| match error {
            GitError::NotInstalled => NoGit::NotInstalled,
            other => NoGit::Failed(other.to_string()),
        })?;
        let lines: Vec<&[u8]> = facts.stdout.split(|byte| *byte == b'\n').collect();
        match lines.as_slice() {
            [b"true", _, git_dir, common, ..] if facts.success() => {
                let top = git.ask(&Call::new(&["rev-parse", "--show-toplevel"]));
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

    /// The top folder of the work tree.
    pub fn toplevel(&self) -> &Path {
        &self.toplevel
    }

    /// What of the user's own configuration does not count because somebody else could have changed it: hooks, programs.
    /// One line each.
    pub fn notes(&self) -> Vec<String> {
        let place = self.place();
        // Trouble with git is told by what was wanted of it.
        let notes = Settings::read(&place).map(|settings| settings.notes(&place)).unwrap_or_default();
        notes.iter().map(|note| SafeText::new(note).to_string()).collect()
    }

    /// The version of git, as it prints it.
    pub fn version(&self) -> Option<String> {
        let answer = self.ask(&Call::new(&["--version"])).ok().filter(Answer::success)?;
        Some(SafeText::new(String::from_utf8_lossy(&answer.stdout).trim()).as_str().to_owned())
    }

    /// The configured identity, `Name <mail>`; `None` when git would have to guess.
    pub fn identity(&self) -> Option<String> {
        let answer = self.ask(&Call::new(&["-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT"])).ok()?;
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let end = text.rfind('>').filter(|_| answer.success())?;
        Some(text[..=end].to_owned())
    }

    /// Whether the repository's own configuration, which may have come with it, says part of the identity.
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
        let answer = self.ask(&Call::new(&["ls-tree", "-r", "-z", "--name-only", "HEAD", "--", &folder]))?;
        if answer.has_no_head() {
            return Ok(Vec::new());
        }
        Ok(names(&answer.demand("list committed files")?.stdout).collect())
    }

    /// Commits exactly these paths and nothing else. Ignored and untracked-and-absent paths are left
    /// out, as are paths that a symbolic link leads out of the work tree. `None` when the newest
    /// commit already holds all of it; hooks do not run then.
    ///
    /// # Errors
    /// [`GitError`]; the files on disk are as they were, and a second call does what the first did not.
    pub fn commit(&self, commit: &Commit<'_>) -> Result<Option<Committed>, GitError> {
        if let Some(what) = self.unfinished() {
            return Err(GitError::Unfinished(what));
        }
        if let Some(file) = endless_rules(&self.workspace, commit.paths) {
            let message = format!("{} is not a plain file", SafeText::new(&file.display().to_string()).as_str());
            return Err(GitError::Failed { action: "commit", message });
        }
        let head = self.head()?;
        let plan = self.plan(commit.paths, head)?;
        if plan.changed.is_empty() {
            return Ok(None);
        }
        if !plan.unknown.is_empty() {
            // Only announced, not staged: if the commit fails, a later commit of the user's does not
            // take these files along.
            let args = ["add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul"];
            self.ask_patiently(&Call::new(&args).input(joined(&plan.unknown)))?.demand("announce new files")?;
        }
        if head == Head::Commit && !self.differs(&plan.changed)? {
            return Ok(None);
        }
        self.record(commit, &plan.changed)
    }

    /// Whether a commit of these files, by their paths in the workspace, would hold anything: one of them is not in
    /// the newest commit as it is here, or that one has a file in `folder` that is none of them. They need not lie
    /// on disk.
    ///
    /// # Errors
    /// [`GitError`] when git cannot answer.
    pub fn would_commit(&self, files: &[(String, &VersionFile)], folder: Option<&str>) -> Result<bool, GitError> {
        let committed = self.blobs(files)?;
        let mut new = Vec::new();
        for (path, file) in files.iter().filter(|(path, _)| self.is_reachable(path)) {
            let Some(known) = committed.get(path) else {
                new.push(path.as_str());
                continue;
            };
            let hash = Call::new(&["hash-object", "--stdin", "--path", path]).input(file.bytes.clone());
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
        if self.head()? == Head::Unborn {
            return Ok(blobs);
        }
        for part in files.chunks(PATHS_PER_CALL) {
            let paths = part.iter().map(|(path, _)| path.as_str()).filter(|path| self.is_reachable(path));
            let args: Vec<&str> = ["ls-tree", "-z", "HEAD", "--"].into_iter().chain(paths).collect();
            if args.len() > 4 {
                let answer = self.ask(&Call::new(&args))?.demand("list files")?;
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
        if self.head()? == Head::Unborn {
            return Ok(None);
        }
        let wanted: Vec<String> = trailers.iter().map(|(key, value)| format!("{key}: {}", one_line(value))).collect();
        let greps: Vec<String> = wanted.iter().map(|line| format!("--grep={line}")).collect();
        let mut args = vec!["log", "-z", "--format=%h%n%B", "--fixed-strings", "--all-match", "--no-show-signature"];
        args.extend(greps.iter().map(String::as_str));
        let answer = self.ask(&Call::new(&args))?.demand("search the history")?;
        // A fixed string also matches inside a line: `Operation: 1` in `Operation: 12`.
        let found =
            names(&answer.stdout).find(|entry| wanted.iter().all(|line| entry.lines().any(|have| have == line)));
        Ok(found.and_then(|entry| entry.lines().next().map(str::to_owned)))
    }

    /// What the user is in the middle of, during which git takes no partial commit, or a commit would
    /// become part of something else.
    fn unfinished(&self) -> Option<&'static str> {
        let marks = [
            ("MERGE_HEAD", "merge"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"),
            ("rebase-merge", "rebase"),
            ("rebase-apply", "rebase"),
        ];
        marks.into_iter().find(|(mark, _)| self.repository.join(mark).exists()).map(|(_, what)| what)
    }

    fn head(&self) -> Result<Head, GitError> {
        let answer = self.ask(&Call::new(&["rev-parse", "--quiet", "--verify", "HEAD"]))?;
        Ok(if answer.success() { Head::Commit } else { Head::Unborn })
    }

    /// Sorts paths into what git must be told of and what it knows.
    fn plan<'p>(&self, paths: &'p [String], head: Head) -> Result<Plan<'p>, GitError> {
        let inside: Vec<&str> = paths.iter().map(String::as_str).filter(|path| self.is_reachable(path)).collect();
        let tracked = self.list(&["ls-files", "-z", "--cached", "--"], &inside)?;
        let committed = match head {
            Head::Commit => self.list(&["ls-tree", "-z", "--name-only", "HEAD", "--"], &inside)?,
            Head::Unborn => HashSet::new(),
        };
        let known = |path: &str| tracked.contains(path) || committed.contains(path);
        let new: Vec<&str> = inside.iter().copied().filter(|path| !known(path) && self.exists(path)).collect();
        let ignored = if new.is_empty() { HashSet::new() } else { self.ignored(&new)? };
        let mut plan = Plan { unknown: Vec::new(), changed: Vec::new() };
        for path in inside {
            if known(path) {
                // Taken out of the index by the user but still on disk: git has to be told again.
                if !tracked.contains(path) && self.exists(path) {
                    plan.unknown.push(path);
                }
                plan.changed.push(path);
            } else if self.exists(path) && !ignored.contains(path) {
                plan.unknown.push(path);
                plan.changed.push(path);
            }
        }
        Ok(plan)
    }

    /// Whether a path stays inside the workspace and no folder on the way is a symbolic link: git
    /// refuses to look beyond one.
    fn is_reachable(&self, path: &str) -> bool {
        let relative = Path::new(path);
        if path.is_empty() || !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return false;
        }
        relative.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).all(|folder| {
            std::fs::symlink_metadata(self.workspace.join(folder)).map_or(true, |meta| !meta.file_type().is_symlink())
        })
    }

    fn exists(&self, path: &str) -> bool {
        std::fs::symlink_metadata(self.workspace.join(path)).is_ok()
    }

    fn ignored(&self, paths: &[&str]) -> Result<HashSet<String>, GitError> {
        // A leading `./` keeps a path that begins with a colon from being read as magic.
        let plain: Vec<String> = paths.iter().map(|path| format!("./{path}")).collect();
        let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
        let answer = self.ask(&Call::new(&["check-ignore", "--stdin", "-z"]).input(joined(&plain)).magic())?;
        // 1 means that none is ignored.
        if answer.code() == Some(1) {
            return Ok(HashSet::new());
        }
        let answer = answer.demand("ask what is ignored")?;
        Ok(names(&answer.stdout).map(|path| path.strip_prefix("./").unwrap_or(&path).to_owned()).collect())
    }

    fn list(&self, question: &[&str], paths: &[&str]) -> Result<HashSet<String>, GitError> {
        let mut found = HashSet::new();
        for part in paths.chunks(PATHS_PER_CALL) {
            let args: Vec<&str> = question.iter().chain(part).copied().collect();
            found.extend(names(&self.ask(&Call::new(&args))?.demand("list files")?.stdout));
        }
        Ok(found)
    }

    fn differs(&self, paths: &[&str]) -> Result<bool, GitError> {
        // A look into the work tree of a submodule would be a git of its own, with the settings of that.
        let question = ["diff", "--quiet", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "HEAD", "--"];
        for part in paths.chunks(PATHS_PER_CALL) {
            let args: Vec<&str> = question.iter().chain(part).copied().collect();
            let answer = self.ask(&Call::new(&args))?;
            match answer.code() {
                Some(0) => {}
                Some(1) => return Ok(true),
                _ => return Err(answer.failure("compare with the newest commit")),
            }
        }
        Ok(false)
    }

    fn record(&self, commit: &Commit<'_>, paths: &[&str]) -> Result<Option<Committed>, GitError> {
        let mut notes = Vec::new();
        let mut config = Vec::new();
        if self.identity().is_none() {
            let user = system_user();
            notes.push(format!("git has no identity configured, committed as {user} <{user}@localhost>"));
            config = vec![
                "-c".to_owned(),
                format!("user.name={user}"),
                "-c".to_owned(),
                format!("user.email={user}@localhost"),
            ];
        }
        let wants_signature = self.config(&["--type=bool", "--get", "commit.gpgSign"]).as_deref() == Some("true");
        let mut signature = Signature::AsConfigured;
        if wants_signature && !self.can_sign_silently() {
            signature = Signature::Never;
        }
        let mut answer = self.try_commit(commit, paths, &config, signature)?;
        if !answer.success() && wants_signature && signature == Signature::AsConfigured && answer.is_signing_failure() {
            signature = Signature::Never;
            answer = self.try_commit(commit, paths, &config, signature)?;
        }
        if !answer.success() {
            return self.explain(&answer, paths);
        }
        notes.extend(self.notes());
        if wants_signature && signature == Signature::Never {
            notes.push("the commit is not signed: signing needs a passphrase or does not work here".to_owned());
        }
        let head = self.ask(&Call::new(&["rev-parse", "--short", "HEAD"]))?.demand("name the commit")?;
        Ok(Some(Committed { hash: String::from_utf8_lossy(&head.stdout).trim().to_owned(), notes }))
    }

    fn try_commit(
        &self,
        commit: &Commit<'_>,
        paths: &[&str],
        config: &[String],
        signature: Signature,
    ) -> Result<Answer, GitError> {
        let message = message_with_trailers(commit);
        let mut args: Vec<&str> = config.iter().map(String::as_str).collect();
        args.extend(["commit", "--only", "--quiet", "--cleanup=whitespace", "-m", &message]);
        if signature == Signature::Never {
            args.push("--no-gpg-sign");
        }
        args.extend(["--pathspec-from-file=-", "--pathspec-file-nul"]);
        let literal: Vec<String> = paths.iter().map(|path| format!(":(literal){path}")).collect();
        let literal: Vec<&str> = literal.iter().map(String::as_str).collect();
        self.ask_patiently(&Call::new(&args).input(joined(&literal)).with_hooks())
    }

    /// Turns a refused commit into words, or into `None` when somebody else made the very commit
    /// between our look and our attempt.
    fn explain(&self, answer: &Answer, paths: &[&str]) -> Result<Option<Committed>, GitError> {
        if self.head()? == Head::Commit && !self.differs(paths)? {
            return Ok(None);
        }
        if self.has_commit_hook() {
            return Err(GitError::Hook(answer.complaint()));
        }
        Err(answer.failure("commit"))
    }

    fn has_commit_hook(&self) -> bool {
        let Ok(answer) = self.ask(&Call::new(&["rev-parse", "--git-path", "hooks"])) else { return false };
        let folder = self.workspace.join(path_from(answer.stdout.strip_suffix(b"\n").unwrap_or(&answer.stdout)));
        ["pre-commit", "prepare-commit-msg", "commit-msg"].iter().any(|hook| folder.join(hook).is_file())
    }

    fn config(&self, question: &[&str]) -> Option<String> {
        let args: Vec<&str> = std::iter::once("config").chain(question.iter().copied()).collect();
        let answer = self.ask(&Call::new(&args)).ok().filter(Answer::success)?;
        Some(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }

    /// Tries a signature that may not ask for anything. Git cannot be told not to ask, so gpg is asked
    /// first; ssh keys are covered by the environment of every call.
    fn can_sign_silently(&self) -> bool {
        if self.config(&["--get", "gpg.format"]).is_some_and(|format| format != "openpgp") {
            return true;
        }
        // The one that git was given: trusted, and not from the repository.
        let Some(program) = self.config(&["--get", "gpg.program"]) else { return false };
        let Some(key) = self.config(&["--get", "user.signingKey"]).or_else(|| self.identity()) else { return false };
        let place = self.place();
        let found = place.programs.find(Row::GitSigner, OsStr::new(&program)).ok();
        let launch = found.and_then(|program| place.programs.launch(Row::GitSigner, program).ok());
        launch.is_some_and(|launch| {
            let asked = launch.args(["--batch", "--no-tty", "--pinentry-mode", "error", "-bsa", "-u", &key]);
            finish(asked, Some(b"toolsmith\n"), QUICK).is_ok_and(|answer| answer.success())
        })
    }

    /// Asks git, and again while another process holds the index or a reference.
    fn ask_patiently(&self, call: &Call) -> Result<Answer, GitError> {
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            let answer = self.ask(call)?;
            if answer.success() || !answer.is_locked() {
                return Ok(answer);
            }
            if Instant::now() >= deadline {
                return Err(GitError::Locked(self.repository.join("index.lock")));
            }
            std::thread::sleep(LOCK_PAUSE);
        }
    }

    pub(super) fn ask(&self, call: &Call) -> Result<Answer, GitError> {
        let place = self.place();
        // Read anew each time: whoever changes the configuration in between has only the time until git reads it.
        let settings = Settings::read(&place)?;
        call.run(&place, &settings.overrides(&place))
    }

    fn place(&self) -> Place<'_> {
        Place::new(&self.workspace, &self.toplevel, &self.env, &self.programs)
    }
}

/// Paths of a commit.
struct Plan<'p> {
    /// Git does not know them and must be told.
    unknown: Vec<&'p str>,
    /// All that may differ from the newest commit.
    changed: Vec<&'p str>,
}

/// The message, with the trailers as its last paragraph.
fn message_with_trailers(commit: &Commit<'_>) -> String {
    // What shows a log later may obey what stands in it.
    let lines = commit.message.trim().lines().map(|line| SafeText::new(line).into());
    let mut message = lines.collect::<Vec<String>>().join("\n");
    if !commit.trailers.is_empty() {
        message.push_str("\n\n");
    }
    for (key, value) in commit.trailers {
        message.push_str(key);
        message.push_str(": ");
        message.push_str(&one_line(value));
        message.push('\n');
    }
    message
}

/// A trailer is one line: a name with a line break in it must not become a second trailer.
fn one_line(value: &str) -> String {
    SafeText::new(&value.split_whitespace().collect::<Vec<_>>().join(" ")).into()
}

fn joined(paths: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in paths {
        // Writing into memory cannot fail.
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

/// The name of the system user, for a commit in a place where git has no identity; also the reviewer
/// where there is no git.
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
