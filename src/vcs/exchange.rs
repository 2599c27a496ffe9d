//! A private clone of a shared repository: fetching, reading, adding files and pushing.
//!
//! It is bare and has no index: nothing is ever checked out, so attributes, filters and links in it have no effect.
//! Objects are read and written as bytes. Git starts only its own programs, and those that the user's own configuration
//! names for a transport.

use super::call::{GitCall, GitOutput};
use super::error::GitError;
use super::git::one_line;
use super::place::GitContext;
use super::settings::Settings;
use crate::domain::FileMode;
use crate::outside::Programs;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

mod tree;

pub(crate) use tree::MAX_DEPTH;

/// The ref of the last fetch.
const FETCHED: &str = "refs/toolsmith/fetched";

/// The ref of the next push.
const NEXT: &str = "refs/toolsmith/next";

/// How many objects are read in one call.
const OBJECTS_PER_CALL: usize = 4_000;

/// The git command at the other end if that is a local folder. It starts no program that the folder names.
const LOCAL: &str = "git -c core.hooksPath=/dev/null -c receive.autogc=false -c core.fsmonitor=false \
                     -c core.alternateRefsCommand=true";

/// A private clone.
#[derive(Debug, Clone)]
pub struct Exchange {
    folder: PathBuf,
    remote: String,
    branch: String,
    programs: Arc<Programs>,
    /// The configuration, read at the first call: nothing else writes the configuration of a private clone.
    settings: Arc<OnceLock<Settings>>,
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Its path, as far as it is UTF-8.
    pub path: String,
    /// The name of its object.
    pub object: String,
    /// Its mode; `None` for a link or a submodule.
    pub mode: Option<FileMode>,
    /// Its size, in bytes.
    pub size: u64,
}

/// A file to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its path.
    pub path: String,
    /// Whether it may be executed.
    pub mode: FileMode,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The result of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The branch has the commit.
    Done,
    /// The branch has moved: fetch again.
    Outdated,
}

impl Exchange {
    /// Opens the clone in this folder, or creates it.
    ///
    /// # Errors
    /// [`GitError`] if git cannot create it.
    pub fn open(folder: &Path, remote: &str, branch: &str, programs: &Arc<Programs>) -> Result<Exchange, GitError> {
        let exchange = Exchange {
            folder: folder.to_owned(),
            remote: remote.to_owned(),
            branch: format!("refs/heads/{branch}"),
            programs: Arc::clone(programs),
            settings: Arc::default(),
        };
        if !folder.join("HEAD").is_file() || !folder.join("objects").is_dir() {
            exchange.make()?;
        }
        Ok(exchange)
    }

    /// Deletes and recreates the clone: everything can be fetched again.
    ///
    /// # Errors
    /// [`GitError`] when the folder cannot be replaced.
    pub fn make(&self) -> Result<(), GitError> {
        let failed =
            |error: std::io::Error| GitError::Failed { action: "create the clone", message: error.to_string() };
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).map_err(failed)?;
        }
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let init = call(&["init", "--quiet", "--bare", "--template=", "."]);
        self.start(&init)?.demand("create the clone").map(drop)
    }

    /// Fetches the branch and returns its newest commit; `None` if the remote does not have the branch.
    ///
    /// # Errors
    /// [`GitError`] if the remote cannot be reached.
    pub fn fetch(&self) -> Result<Option<String>, GitError> {
        let refs = format!("+{}:{FETCHED}", self.branch);
        let upload = format!("--upload-pack={LOCAL} upload-pack");
        let mut args =
            vec!["fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        if self.is_local() {
            args.push(&upload);
        }
        args.extend([self.remote.as_str(), refs.as_str()]);
        let answer = self.start(&call(&args).over_transports())?;
        if !answer.success() && answer.stderr.contains("couldn't find remote ref") {
            self.start(&call(&["update-ref", "-d", FETCHED]))?.demand("forget the branch")?;
            return Ok(None);
        }
        if answer.stderr.contains("maximum allowed tree depth") {
            let message = format!("{} of it holds thousands of nested folders; remove them there", self.branch);
            return Err(GitError::Failed { action: "fetch from the team's repository", message });
        }
        answer.demand("fetch from the team's repository")?;
        self.fetched()
    }

    /// Tests whether the remote answers. Fetches nothing.
    ///
    /// # Errors
    /// [`GitError`] when it does not.
    pub fn reach(&self) -> Result<(), GitError> {
        let upload = format!("--upload-pack={LOCAL} upload-pack");
        let mut args = vec!["ls-remote", "--quiet"];
        if self.is_local() {
            args.push(&upload);
        }
        args.extend([self.remote.as_str(), self.branch.as_str()]);
        self.start(&call(&args).over_transports())?.demand("ask the team's repository").map(drop)
    }

    /// The newest fetched commit.
    ///
    /// # Errors
    /// [`GitError`] when git cannot answer.
    pub fn fetched(&self) -> Result<Option<String>, GitError> {
        let answer = self.start(&call(&["rev-parse", "--quiet", "--verify", FETCHED]))?;
        Ok(answer.success().then(|| answer.word()))
    }

    /// Whether an error indicates damage of the clone itself: a kill may leave a lock, or a partial object. `folders`
    /// are those that are read.
    pub fn is_damaged(&self, error: &GitError, folders: &[&str]) -> bool {
        const SIGNS: [&str; 7] = [
            ".lock': File exists",
            "cannot lock ref",
            "not a git repository",
            "bad object",
            "is corrupt",
            "unable to read",
            "bad config",
        ];
        let said = error.to_string();
        let is_readable = || match self.fetched() {
            Ok(Some(commit)) => self.files(&commit, folders).is_ok(),
            Ok(None) => true,
            Err(_) => false,
        };
        SIGNS.iter().any(|sign| said.contains(sign)) || !is_readable()
    }

    /// The files below these folders of a commit, ordered by path. A folder that is nested too deeply is an entry
    /// without a mode, whose path ends with a slash.
    ///
    /// # Errors
    /// [`GitError`] if git fails, or if the commit contains more than can be read.
    pub fn files(&self, commit: &str, folders: &[&str]) -> Result<Vec<TreeFile>, GitError> {
        tree::files(self, commit, folders)
    }

    /// The contents of objects, in the given order.
    ///
    /// # Errors
    /// [`GitError`] if git fails, or if an object is missing.
    pub fn contents(&self, objects: &[&str]) -> Result<Vec<Vec<u8>>, GitError> {
        const READ: &str = "read from the team's repository";
        let mut contents = Vec::with_capacity(objects.len());
        for part in objects.chunks(OBJECTS_PER_CALL) {
            let mut input = String::new();
            for object in part {
                // Writing to memory cannot fail.
                let _ = writeln!(input, "{object}");
            }
            let batch = call(&["cat-file", "--batch"]).input(input.into_bytes());
            let answer = self.start(&batch)?.demand(READ)?;
            let mut rest = answer.stdout.as_slice();
            for object in part {
                let found = next_object(rest, "blob").filter(|(name, ..)| name == object);
                let (_, bytes, after) = found.ok_or_else(|| GitError::Failed {
                    action: READ,
                    message: format!("the object {object} is missing"),
                })?;
                contents.push(bytes.to_vec());
                rest = after;
            }
        }
        Ok(contents)
    }

    /// Makes a commit that adds files to those of `parent` and removes the `removed` folders; returns its name.
    ///
    /// # Errors
    /// [`GitError`] if git refuses it.
    pub fn commit(
        &self,
        parent: Option<&str>,
        (removed, files): (&[String], &[NewFile]),
        (who, seconds): (&str, i64),
        message: &str,
    ) -> Result<String, GitError> {
        let mut stream = Vec::new();
        // Writing to memory cannot fail.
        let _ = write!(stream, "commit {NEXT}\ncommitter {} {seconds} +0000\n", committer(who));
        let _ = write!(stream, "data {}\n{message}\n", message.len());
        if let Some(parent) = parent {
            let _ = writeln!(stream, "from {parent}");
        }
        for folder in removed {
            let _ = writeln!(stream, "D {}", quoted(folder));
        }
        for file in files {
            let mode = if file.mode == FileMode::Executable { "100755" } else { "100644" };
            let _ = write!(stream, "M {mode} inline {}\ndata {}\n", quoted(&file.path), file.bytes.len());
            stream.extend_from_slice(&file.bytes);
            stream.push(b'\n');
        }
        stream.extend_from_slice(b"done\n");
        let import = call(&["fast-import", "--quiet", "--done", "--force", "--date-format=raw"]).input(stream);
        self.start(&import.patient())?.demand("write a commit for the team")?;
        let name = self.start(&call(&["rev-parse", "--verify", NEXT]))?;
        Ok(name.demand("write a commit for the team")?.word())
    }

    /// Pushes a commit to the branch, which must not have moved since the fetch.
    ///
    /// # Errors
    /// [`GitError`] if the remote cannot be reached or refuses it permanently.
    pub fn push(&self, commit: &str) -> Result<Pushed, GitError> {
        let refs = format!("{commit}:{}", self.branch);
        let receive = format!("--receive-pack={LOCAL} receive-pack");
        let mut args = vec!["push", "--quiet", "--porcelain", "--no-verify", "--no-recurse-submodules", "--no-signed"];
        if self.is_local() {
            args.push(&receive);
        }
        args.extend([self.remote.as_str(), refs.as_str()]);
        let answer = self.start(&call(&args).over_transports())?;
        if answer.success() {
            return Ok(Pushed::Done);
        }
        let said = format!("{}{}", answer.stderr, String::from_utf8_lossy(&answer.stdout));
        let outdated = ["[rejected]", "fetch first", "non-fast-forward", "failed to update ref", "cannot lock ref"];
        // A refusal by a hook at the other end is final.
        if outdated.iter().any(|sign| said.contains(sign)) && !said.contains("hook declined") {
            return Ok(Pushed::Outdated);
        }
        Err(answer.failure("push to the team's repository"))
    }

    fn is_local(&self) -> bool {
        self.remote.starts_with('/') || self.remote.starts_with("file://")
    }

    fn start(&self, call: &GitCall) -> Result<GitOutput, GitError> {
        let place = GitContext::new(&self.folder, Path::new(""), &[], &self.programs);
        let settings = if let Some(settings) = self.settings.get() {
            settings
        } else {
            let read = Settings::read(&place)?;
            self.settings.get_or_init(|| read)
        };
        let git_dir = OsStr::new("GIT_DIR").to_owned();
        let of_place = [(git_dir, self.folder.clone().into_os_string())];
        let overrides: Vec<_> = settings.overrides(&place).into_iter().chain(of_place).collect();
        call.run(&place, &overrides)
    }
}

/// A call that starts no hook, not even the user's, because this clone is private.
fn call(args: &[&str]) -> GitCall {
    GitCall::new(&[&["-c", "core.hooksPath=/dev/null"], args].concat())
}

/// The next object of `git cat-file --batch`, which must be of this kind: its name, its content, and the rest.
fn next_object<'b>(bytes: &'b [u8], kind: &str) -> Option<(&'b str, &'b [u8], &'b [u8])> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&bytes[..line]).ok()?;
    let mut words = head.split_ascii_whitespace();
    let (name, found, size) = (words.next()?, words.next()?, words.next()?);
    if found != kind {
        return None;
    }
    let (content, after) = bytes.get(line + 1..)?.split_at_checked(size.parse().ok()?)?;
    Some((name, content, after.strip_prefix(b"\n")?))
}

/// `NAME <MAIL>` in the form for a commit.
fn committer(who: &str) -> String {
    let line = one_line(who);
    let (name, mail) =
        line.rsplit_once('<').map_or((line.as_str(), ""), |(name, mail)| (name, mail.trim_end_matches('>')));
    let clean = |text: &str| text.replace(['<', '>'], "").trim().to_owned();
    format!("{} <{}>", clean(name), clean(mail)).trim_start().to_owned()
}

/// A path in the form for `git fast-import`.
fn quoted(path: &str) -> String {
    let mut text = String::from("\"");
    for c in path.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests;
