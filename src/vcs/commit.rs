//! A commit of exactly the given paths, made in steps that read nothing else: a temporary index, a tree, a commit, and
//! moving the branch.
//!
//! `git commit` reads the whole work tree if it prints a status, and a submodule with the submodule's configuration,
//! which names programs. It would also wait for any FIFO there.

use super::call::{GitCall, GitOutput, QUICK, finish};
use super::error::GitError;
use super::git::{Git, PATHS_PER_CALL, joined, one_line, system_user};
use super::rules::endless_rules;
use crate::domain::SafeText;
use crate::outside::ExternalProgram;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long another process may hold the index before we give up. Git itself holds it only for milliseconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Pause between two attempts to get the index.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The mode of a submodule in a tree.
const SUBMODULE: &str = "160000";

/// Files to commit, with the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit<'a> {
    /// Paths of files, relative to the workspace, `/` between parts; added, changed and removed ones.
    pub paths: &'a [String],
    /// The message: a subject, and the body after a blank line.
    pub message: &'a str,
    /// Key and value of each trailer, appended to the message.
    pub trailers: &'a [(String, String)],
}

/// A commit that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Abbreviated hash of the commit.
    pub hash: String,
    /// Notes for a human: a missing signature, a generated identity, hooks that did not run.
    pub notes: Vec<String>,
}

/// The paths of a commit, by their effect on the index.
#[derive(Default)]
struct CommitPaths<'p> {
    /// Files that are added as they are on disk.
    files: Vec<&'p str>,
    /// Files that are gone, or replaced by a folder.
    removed: Vec<&'p str>,
}

/// An index and the message in a temporary folder.
struct TemporaryIndex {
    folder: TempDir,
}

impl TemporaryIndex {
    /// A call that uses this index and does not change that of the user.
    fn call(&self, args: &[&str]) -> GitCall {
        GitCall::new(args).env("GIT_INDEX_FILE", self.folder.path().join("index"))
    }
}

impl Git {
    /// Commits exactly these paths and nothing else. Ignored paths, and paths that are neither tracked nor present, are
    /// left out, as are paths that a symbolic link leads out of the work tree. `None` if the newest commit already
    /// contains everything; hooks do not run then.
    ///
    /// # Errors
    /// [`GitError`]; the files on disk are unchanged, and a second call completes the work.
    pub fn commit(&self, commit: &Commit<'_>) -> Result<Option<Committed>, GitError> {
        if let Some(what) = self.unfinished() {
            return Err(GitError::Unfinished(what));
        }
        if let Some(file) = endless_rules(self.workspace(), commit.paths.iter().map(String::as_str)) {
            return Err(GitError::not_plain("commit", &file));
        }
        let parent = self.newest_commit()?;
        let plan = self.plan(commit.paths, parent.is_some())?;
        if plan.files.is_empty() && plan.removed.is_empty() {
            return Ok(None);
        }
        let folder = self.empty_folder().map_err(|error| GitError::Spawn(error.to_string()))?;
        let desk = TemporaryIndex { folder };
        if parent.is_some() {
            self.ask(&desk.call(&["read-tree", "HEAD"]))?.demand("read the newest commit")?;
        }
        self.tell_index(&plan, &desk)?;
        let tree = self.tree(&desk)?;
        if parent.is_some()
            && self.word(&GitCall::new(&["rev-parse", "HEAD^{tree}"]), "read the newest commit")? == tree
        {
            return Ok(None);
        }
        self.await_index()?;
        let mut notes = Vec::new();
        let message = self.message(commit, &desk, &mut notes)?;
        // A hook may have changed what is committed.
        let tree = self.tree(&desk)?;
        let hash = self.commit_tree(&tree, parent.as_deref(), &message, &mut notes)?;
        let subject = format!("commit: {}", one_line(message.lines().next().unwrap_or_default()));
        // Before the branch moves: after a kill in between, the commit is made again with the same index.
        self.tell_users_index(&plan, &tree, &desk)?;
        // Only if the branch has not moved, so that a concurrent commit is kept. Zeros mean that there is no branch
        // yet.
        let before = parent.unwrap_or_else(|| "0".repeat(hash.len()));
        let moved = self.ask(&GitCall::new(&["update-ref", "-m", &subject, "HEAD", &hash, &before]))?;
        moved.demand("move the branch to the new commit")?;
        if let Some(hooks) = self.hooks()
            && hooks.join("post-commit").is_file()
        {
            // The commit is made, so the result of this hook is irrelevant.
            let _ = self.ask(&GitCall::new(&["hook", "run", "--ignore-missing", "post-commit"]).with_hooks());
        }
        notes.extend(self.notes());
        let hash = self.word(&GitCall::new(&["rev-parse", "--short", &hash]), "name the commit")?;
        Ok(Some(Committed { hash, notes }))
    }

    /// Selects the paths that are tracked or must be added.
    fn plan<'p>(&self, paths: &'p [String], has_head: bool) -> Result<CommitPaths<'p>, GitError> {
        let inside: Vec<&str> = paths.iter().map(String::as_str).filter(|path| self.is_reachable(path)).collect();
        let tracked = self.list(&["ls-files", "-z", "--cached", "--"], &inside)?;
        let entries = if has_head { self.list(&["ls-tree", "-z", "HEAD", "--"], &inside)? } else { HashSet::new() };
        let committed: HashMap<&str, &str> =
            entries.iter().filter_map(|entry| entry.split_once('\t').map(|(blob, path)| (path, blob))).collect();
        let is_known = |path: &str| tracked.contains(path) || committed.contains_key(path);
        // A submodule is a folder, too, and stays unchanged.
        let was_file = |path: &str| committed.get(path).is_some_and(|blob| !blob.starts_with(SUBMODULE));
        let kind = |path: &str| std::fs::symlink_metadata(self.workspace().join(path)).ok().map(|found| found.is_dir());
        let new: Vec<&str> =
            inside.iter().copied().filter(|path| !is_known(path) && kind(path) == Some(false)).collect();
        let ignored = if new.is_empty() { HashSet::new() } else { self.ignored(&new)? };
        let mut plan = CommitPaths::default();
        for path in inside {
            match kind(path) {
                Some(true) if was_file(path) => plan.removed.push(path),
                Some(false) if is_known(path) || !ignored.contains(path) => plan.files.push(path),
                None if is_known(path) => plan.removed.push(path),
                _ => {}
            }
        }
        Ok(plan)
    }

    /// Adds the present files at the paths of a plan to our index.
    fn tell_index(&self, plan: &CommitPaths<'_>, desk: &TemporaryIndex) -> Result<(), GitError> {
        // Removals first: a file may have become a folder, or a folder a file.
        for (how, paths) in [("--force-remove", &plan.removed), ("--add", &plan.files)] {
            if !paths.is_empty() {
                let args = ["update-index", how, "-z", "--stdin"];
                self.ask(&desk.call(&args).input(joined(paths)))?.demand("take the files into the commit")?;
            }
        }
        Ok(())
    }

    /// Updates the user's index with the content of the commit at the paths of a plan. It is read from the tree, in an
    /// empty work tree: when git writes an index, it also reads files whose times do not show whether they changed,
    /// with their attributes, and reading any of these might never end.
    fn tell_users_index(&self, plan: &CommitPaths<'_>, tree: &str, desk: &TemporaryIndex) -> Result<(), GitError> {
        const ACTION: &str = "note the commit in the index";
        let prefix = self.word(&GitCall::new(&["rev-parse", "--show-prefix"]), ACTION)?;
        let mut lines = Vec::new();
        for path in &plan.removed {
            lines.extend(format!("0 {}\t{prefix}{path}\0", "0".repeat(tree.len())).into_bytes());
        }
        for part in plan.files.chunks(PATHS_PER_CALL) {
            let args: Vec<&str> = ["ls-tree", "-z", "--full-name", tree, "--"].iter().chain(part).copied().collect();
            lines.extend(self.ask(&GitCall::new(&args))?.demand(ACTION)?.stdout);
        }
        let nothing = desk.folder.path().join("nothing");
        std::fs::create_dir(&nothing).map_err(|error| GitError::Spawn(error.to_string()))?;
        let call = GitCall::new(&["update-index", "-z", "--index-info"]).input(lines);
        let call = call.env("GIT_DIR", self.repository()).env("GIT_WORK_TREE", &nothing).folder(nothing);
        self.ask_patiently(&call)?.demand(ACTION)?;
        Ok(())
    }

    fn tree(&self, desk: &TemporaryIndex) -> Result<String, GitError> {
        self.word(&desk.call(&["write-tree"]), "write the files of the commit")
    }

    /// The message after the user's hooks, which may also refuse.
    fn message(&self, commit: &Commit<'_>, desk: &TemporaryIndex, notes: &mut Vec<String>) -> Result<String, GitError> {
        let text = message_with_trailers(commit);
        let Some(hooks) = self.hooks() else { return Ok(text) };
        let file = desk.folder.path().join("COMMIT_EDITMSG");
        let io = |error: std::io::Error| GitError::Spawn(error.to_string());
        std::fs::write(&file, &text).map_err(io)?;
        let path = file.to_string_lossy();
        for (hook, args) in
            [("pre-commit", &[][..]), ("prepare-commit-msg", &["--", &path, "message"]), ("commit-msg", &["--", &path])]
        {
            if !hooks.join(hook).is_file() {
                continue;
            }
            let words: Vec<&str> = ["hook", "run", hook].iter().chain(args).copied().collect();
            let answer = self.ask(&desk.call(&words).with_hooks())?;
            if answer.stderr.contains("'hook' is not a git command") {
                notes.push(format!("{hook} did not run: git 2.36 or later is required"));
            } else if !answer.success() {
                return Err(GitError::Hook(answer.complaint()));
            }
        }
        let text = std::fs::read_to_string(&file).map_err(io)?;
        let stripped =
            self.ask(&GitCall::new(&["stripspace"]).input(text.into_bytes()))?.demand("clean up the message")?;
        Ok(String::from_utf8_lossy(&stripped.stdout).into_owned())
    }

    /// The folder of the user's own hooks; those of the repository never run.
    fn hooks(&self) -> Option<std::path::PathBuf> {
        let folder = self.config(&["--type=path", "--get", "core.hooksPath"])?;
        let folder = Path::new(&folder);
        folder.is_dir().then(|| folder.to_owned())
    }

    /// Writes the commit, signed if that is configured and possible without a prompt. Returns its hash.
    fn commit_tree(
        &self,
        tree: &str,
        parent: Option<&str>,
        message: &str,
        notes: &mut Vec<String>,
    ) -> Result<String, GitError> {
        let mut made_up = Vec::new();
        if self.identity().is_none() {
            let user = system_user();
            notes.push(format!("git has no identity configured; committed as {user} <{user}@localhost>"));
            made_up = vec![format!("user.name={user}"), format!("user.email={user}@localhost")];
        }
        let attempt = |is_signed: bool| {
            let mut args: Vec<&str> = made_up.iter().flat_map(|setting| ["-c", setting]).collect();
            args.extend(["commit-tree", if is_signed { "-S" } else { "--no-gpg-sign" }]);
            args.extend(parent.iter().flat_map(|parent| ["-p", parent]));
            args.extend(["-F", "-", tree]);
            self.ask(&GitCall::new(&args).input(message.as_bytes().to_vec()))
        };
        let wants_signature = self.config(&["--type=bool", "--get", "commit.gpgSign"]).as_deref() == Some("true");
        if wants_signature {
            if self.can_sign_silently() {
                let answer = attempt(true)?;
                if answer.success() {
                    return Ok(answer.word());
                }
            }
            notes.push("the commit is not signed: signing needs a passphrase or is not working".to_owned());
        }
        Ok(attempt(false)?.demand("write the commit")?.word())
    }

    /// Tries a signature without prompts. Git cannot be told not to prompt, so gpg is tested first; ssh keys are
    /// covered by the environment of every call.
    fn can_sign_silently(&self) -> bool {
        if self.config(&["--get", "gpg.format"]).is_some_and(|format| format != "openpgp") {
            return true;
        }
        // Git gets this program: it is trusted, and not set by the repository.
        let Some(program) = self.config(&["--get", "gpg.program"]) else { return false };
        let Some(key) = self.config(&["--get", "user.signingKey"]).or_else(|| self.identity()) else { return false };
        let place = self.place();
        let found = place.programs.find(ExternalProgram::GitSigner, OsStr::new(&program)).ok();
        let launch = found.and_then(|program| place.programs.launch(ExternalProgram::GitSigner, program).ok());
        launch.is_some_and(|launch| {
            let asked = launch.args(["--batch", "--no-tty", "--pinentry-mode", "error", "-bsa", "-u", &key]);
            finish(asked, Some(b"toolsmith\n"), QUICK).is_ok_and(|answer| answer.success())
        })
    }

    fn config(&self, question: &[&str]) -> Option<String> {
        let args: Vec<&str> = std::iter::once("config").chain(question.iter().copied()).collect();
        Some(self.ask(&GitCall::new(&args)).ok().filter(GitOutput::success)?.word())
    }

    /// An unfinished operation of the user, of which a commit would become part.
    fn unfinished(&self) -> Option<&'static str> {
        let marks = [
            ("MERGE_HEAD", "merge"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"),
            ("rebase-merge", "rebase"),
            ("rebase-apply", "rebase"),
        ];
        marks.into_iter().find(|(mark, _)| self.repository().join(mark).exists()).map(|(_, what)| what)
    }

    /// Waits while another process holds the index, which must be updated.
    fn await_index(&self) -> Result<(), GitError> {
        let lock = self.repository().join("index.lock");
        let deadline = Instant::now() + LOCK_PATIENCE;
        while lock.symlink_metadata().is_ok() {
            if Instant::now() >= deadline {
                return Err(GitError::Locked(lock));
            }
            std::thread::sleep(LOCK_PAUSE);
        }
        Ok(())
    }

    /// Calls git, and retries while another process holds the lock of the index or a reference.
    fn ask_patiently(&self, call: &GitCall) -> Result<GitOutput, GitError> {
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            let answer = self.ask(call)?;
            if answer.success() || !answer.is_locked() {
                return Ok(answer);
            }
            if Instant::now() >= deadline {
                return Err(GitError::Locked(self.repository().join("index.lock")));
            }
            std::thread::sleep(LOCK_PAUSE);
        }
    }

    /// The output of a call, without the line break at its end.
    fn word(&self, call: &GitCall, action: &'static str) -> Result<String, GitError> {
        Ok(self.ask(call)?.demand(action)?.word())
    }
}

/// The message, with the trailers as its last paragraph.
fn message_with_trailers(commit: &Commit<'_>) -> String {
    // Programs that show a log later may obey escape sequences in it.
    let lines = commit.message.trim().lines().map(|line| SafeText::new(line.trim_end()).into());
    let mut message = lines.collect::<Vec<String>>().join("\n");
    message.push('\n');
    if !commit.trailers.is_empty() {
        message.push('\n');
    }
    for (key, value) in commit.trailers {
        message.push_str(key);
        message.push_str(": ");
        message.push_str(&one_line(value));
        message.push('\n');
    }
    message
}
