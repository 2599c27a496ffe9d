//! Tests whether the log is the one that humans signed. If signatures are required, an entry that grants something
//! counts only if an allowed signer signed it, and the log counts only if it is complete and not older than its newest
//! signature.
//!
//! The newest signed position of the log, and the verified signatures, are stored in the user's settings folder:
//! anybody who can write there can choose the allowed signers anyway. Nothing in the state folder or in the workspace
//! is trusted without a signature.

use super::signing::{Claim, REMEDY, principal};
use super::trust_cache::{Trust, Unsigned};
use crate::domain::{
    Caller, Digest, Instant, Operation, OperationId, Outcome, Problem, ProblemCode, Review, ToolName, plural,
};
use crate::engine::Engine;
use crate::engine::Integrity;
use crate::engine::clock::now;
use crate::engine::core::{self, SIGN, UndoNote, demands_signature, signed_text};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::locks::lock;
use crate::runner;
use crate::store::{LogRow, Queries};
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder in the settings folder for the newest signed position and the verified signatures.
const FOLDER: &str = "signing";

/// The file of verified signatures: one digest per line.
const VERIFIED: &str = "verified";

/// The file of verified signatures is restarted above this size, in bytes (a line has 65).
const MAX_VERIFIED_BYTES: u64 = 4 << 20;

/// Maximum number of unsigned entries that `verify` lists.
const NAMED: usize = 20;

pub(in crate::engine) struct Judge {
    signers: PathBuf,
    /// A digest of the file of allowed signers, and of the hour if keys in it expire.
    digest: Digest,
}

impl Judge {
    /// Whether `name` signed this text. The result is cached; a positive one also for other processes.
    ///
    /// # Errors
    /// One line with what is wrong with the signature.
    pub(in crate::engine) fn verify(
        &self,
        engine: &Engine,
        name: &str,
        signature: &str,
        text: &str,
    ) -> Result<(), String> {
        let signature = signature.trim();
        let parts = [name, signature, text].map(|part| Digest::of_bytes(part.as_bytes()).0);
        let key = Digest::of_bytes(&[self.digest.0, parts[0], parts[1], parts[2]].concat());
        if let Some(known) = lock(&engine.states.trust_cache.signatures).get(&key) {
            return known.clone();
        }
        let answer = if engine.integrity().was_verified(key) {
            Ok(())
        } else {
            let answer = runner::verify_signature(&engine.workspace.programs, &self.signers, name, signature, text);
            if answer.is_ok() {
                engine.workspace.report_trouble(engine.integrity().keep_verified(key));
            }
            answer
        };
        lock(&engine.states.trust_cache.signatures).insert(key, answer.clone());
        answer
    }
}

impl Unsigned {
    fn said(&self) -> String {
        format!("entry {} ({} {}) is not signed: {}", self.operation, self.verb, self.subject, self.why)
    }
}

impl Trust {
    /// Why a right that an entry gave for a subject does not count; `None` if it counts. An unsigned entry about the
    /// same subject invalidates all of its rights, because it may have changed what the log says about it.
    pub(in crate::engine) fn against(&self, subject: &str, operation: OperationId) -> Option<String> {
        self.whole.clone().or_else(|| {
            let is_meant = |entry: &&Unsigned| {
                entry.operation == operation || entry.subject == subject || entry.target.as_deref() == Some(subject)
            };
            self.unsigned.iter().find(is_meant).map(Unsigned::said)
        })
    }

    /// The same if only the subject is known.
    pub(in crate::engine) fn against_subject(&self, subject: &str) -> Option<String> {
        self.against(subject, OperationId(-1))
    }
}

/// Entries that lack a required signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnsignedLog {
    /// Why the whole log does not count; `None` if it is complete.
    pub fault: Option<String>,
    /// Entries that do not count, oldest first.
    pub entries: Vec<Unsigned>,
    /// Digest of the examined log.
    pub log: Digest,
}

impl Integrity<'_> {
    /// Which entries of the log count: all if no signatures are required. Cached until the log changes.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn trust(&self) -> Result<Arc<Trust>, EngineError> {
        let signing = &self.workspace.settings.signing;
        let distrust = |why: String| Ok(Arc::new(Trust { whole: Some(why), unsigned: Vec::new() }));
        if let Some(fault) = &signing.fault {
            return distrust(fault.clone());
        }
        if !signing.protects {
            return Ok(Arc::default());
        }
        let judge = match self.judge() {
            Ok(judge) => judge,
            Err(why) => return distrust(why),
        };
        let version = self.workspace.read(|q| Ok(q.data_version()?))?;
        if let Some((at, digest, known)) = &*lock(&self.state.trust)
            && (*at, *digest) == (version, judge.digest)
        {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(self.walk(&judge)?);
        *lock(&self.state.trust) = Some((version, judge.digest, Arc::clone(&found)));
        Ok(found)
    }

    fn walk(&self, judge: &Judge) -> Result<Trust, EngineError> {
        let space = self.signing_space();
        let (head, fault) = match self.head(&space) {
            Ok(head) => (head, None),
            Err(fault) => (None, Some(fault)),
        };
        let mut walk = Walk {
            engine: self.engine,
            judge,
            head,
            space,
            last: 0,
            hash: Digest([0; 32]),
            rows: Digest([0; 32]),
            faults: fault.into_iter().collect(),
            unsigned: Vec::new(),
            marked: HashSet::new(),
            undone: HashSet::new(),
        };
        self.workspace.read(|q| {
            if let Err(error) = q.walk_log(&mut |row| walk.step(row)) {
                walk.faults.push(format!("the log cannot be read: {error}"));
            }
            let mut trust = walk.end();
            for entry in trust.unsigned.iter_mut().filter(|entry| entry.verb == "undo") {
                entry.target = target(q, entry.operation)?;
            }
            Ok(trust)
        })
    }

    /// The accepted signatures: those of the user's allowed signers, otherwise the user's own key.
    ///
    /// # Errors
    /// One line with the reason why no signature is accepted.
    pub(in crate::engine) fn judge(&self) -> Result<Judge, String> {
        let signing = &self.workspace.settings.signing;
        match (&signing.allowed_signers, &signing.key) {
            (Some(signers), _) => self.judge_of(signers),
            (None, Some(key)) => self.judge_of(&self.own_signers(key)?),
            (None, None) => {
                Err("signatures are required, and [signing] in config.toml names neither key nor allowed_signers"
                    .to_owned())
            }
        }
    }

    /// The same for a file of allowed signers.
    pub(in crate::engine) fn judge_of(&self, signers: &Path) -> Result<Judge, String> {
        let inside = |folder: &Path| {
            folder.canonicalize().is_ok_and(|folder| signers.canonicalize().is_ok_and(|file| file.starts_with(folder)))
        };
        if inside(self.workspace.folder()) {
            return Err(
                "the file of allowed signers is in the workspace: anyone who can write there could add their own key"
                    .to_owned(),
            );
        }
        if inside(&self.workspace.state_dir) {
            return Err(
                "the file of allowed signers is in the state folder, which the signatures must protect".to_owned()
            );
        }
        let read = fs::read(signers);
        let bytes =
            read.map_err(|error| format!("the allowed signers {} cannot be read: {error}", signers.display()))?;
        let hour = hour_of(&bytes, now()).to_le_bytes();
        let digest = Digest::of_bytes(&[&Digest::of_bytes(&bytes).0[..], &hour[..]].concat());
        Ok(Judge { signers: signers.to_owned(), digest })
    }

    /// A file of allowed signers with only the user's own key.
    fn own_signers(&self, key: &Path) -> Result<PathBuf, String> {
        let public = if key.extension().is_some_and(|end| end == "pub") {
            key.to_owned()
        } else {
            let mut name = key.as_os_str().to_owned();
            name.push(".pub");
            name.into()
        };
        if key
            .canonicalize()
            .is_ok_and(|key| self.workspace.folder().canonicalize().is_ok_and(|root| key.starts_with(root)))
        {
            return Err("the key is in the workspace".to_owned());
        }
        let text = fs::read_to_string(&public).map_err(|error| {
            format!("{} cannot be read ({error}), and [signing] has no allowed_signers", public.display())
        })?;
        let line = format!("* namespaces=\"{}\" {}\n", runner::NAMESPACE, text.trim());
        let path = self.workspace.options.home.config.join(FOLDER).join("own_signer");
        if fs::read_to_string(&path).is_ok_and(|known| known == line) {
            return Ok(path);
        }
        let told = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
        self.signing_folder().map_err(told)?;
        write_whole(&path, line.as_bytes()).map_err(told)?;
        Ok(path)
    }

    fn signing_folder(&self) -> std::io::Result<PathBuf> {
        let folder = self.workspace.options.home.config.join(FOLDER);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(folder)
    }

    fn was_verified(&self, key: Digest) -> bool {
        let mut known = lock(&self.state.verified);
        let known = known.get_or_insert_with(|| {
            let path = self.workspace.options.home.config.join(FOLDER).join(VERIFIED);
            // If it cannot be read, signatures are verified again.
            let text = fs::read_to_string(path).unwrap_or_default();
            text.lines().filter_map(|line| line.parse().ok()).collect()
        });
        known.contains(&key)
    }

    fn keep_verified(&self, key: Digest) -> Result<(), EngineError> {
        let kept = self.signing_folder().and_then(|folder| {
            let path = folder.join(VERIFIED);
            let is_full = path.metadata().is_ok_and(|found| found.len() > MAX_VERIFIED_BYTES);
            let mut options = fs::OpenOptions::new();
            options.create(true).append(!is_full).write(true).truncate(is_full).mode(0o600);
            options.open(path)?.write_all(format!("{}\n", key.hex()).as_bytes())
        });
        kept.map_err(|error| not_kept("the list of verified signatures cannot be saved", &error))
    }

    /// The newest signed position of the log: number and hash of the entry.
    ///
    /// # Errors
    /// One line with the reason why it is unknown.
    fn head(&self, space: &str) -> Result<Option<(i64, Digest)>, String> {
        let path = self.head_file(space);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(format!("it is unknown up to which entry the log is signed: {}: {error}", path.display()));
            }
        };
        let parsed = text.trim().split_once(' ').and_then(|(id, hash)| Some((id.parse().ok()?, hash.parse().ok()?)));
        parsed
            .map(Some)
            .ok_or_else(|| format!("it is unknown up to which entry the log is signed: {} is damaged", path.display()))
    }

    /// Stores the newest signed position of the log outside the state folder. While signatures are not required, a
    /// position that is not in this log is not overwritten, so that the loss is detected once they are.
    ///
    /// # Errors
    /// `Internal` when it cannot be written.
    pub(super) fn keep_head(&self, space: &str, (id, hash): (OperationId, Digest)) -> Result<(), EngineError> {
        let path = self.head_file(space);
        if !self.workspace.settings.signing.protects
            && let Ok(Some((before, signed))) = self.head(space)
            && self.workspace.read(|q| Ok(q.operation(OperationId(before))?))?.is_none_or(|entry| entry.hash != signed)
        {
            return Ok(());
        }
        let kept = self.signing_folder().and_then(|_| write_whole(&path, format!("{id} {hash}\n").as_bytes()));
        kept.map_err(|error| not_kept("the newest signed log entry cannot be saved", &error))
    }

    fn head_file(&self, space: &str) -> PathBuf {
        self.workspace.options.home.config.join(FOLDER).join(format!("{space}.head"))
    }

    /// Why an approval that claims to be from this workspace is invalid.
    pub(super) fn fault_of_place(&self, claim: &Claim) -> Result<(), String> {
        let fields = &claim.fields;
        let (Some(space), Some(entry), Some(hash)) = (&fields.workspace, fields.entry, &fields.hash) else {
            return Ok(());
        };
        if *space != self.signing_space() {
            return Ok(());
        }
        let found = self.workspace.read(|q| Ok(q.operation(entry)?)).map_err(|error| error.message)?;
        if found.is_some_and(|found| found.hash.hex() == *hash) {
            return Ok(());
        }
        Err(format!(
            "it was granted by log entry {entry}, but the log no longer has that entry: the log was replaced with an older copy or rewritten"
        ))
    }

    /// Refuses an approval that would build on an invalid earlier one.
    pub(in crate::engine) fn refuse_doubtful_votes(&self, review: &Review) -> Result<(), EngineError> {
        let trust = self.trust()?;
        for vote in review.votes() {
            let entry = self.workspace.read(|q| Ok(q.sound_operation(vote.operation)?))?.ok().flatten();
            let gave = |entry: &Operation| {
                UndoNote::of(entry) == Some(UndoNote::Vote { review: review.id })
                    && entry.undone_by.is_none()
                    && entry.who == vote.reviewer
                    && entry.detail.get("role").and_then(serde_json::Value::as_str) == vote.role.as_deref()
                    && entry.detail.get("digest").and_then(serde_json::Value::as_str) == Some(&review.digest.hex())
            };
            let fault = match entry.filter(gave) {
                Some(_) => trust.against(review.tool.as_str(), vote.operation),
                None => Some(format!("log entry {} did not grant it", vote.operation)),
            };
            if let Some(fault) = fault {
                let message =
                    format!("the approval of review {1} by {0} is not valid: {fault}", vote.reviewer, review.id);
                return Err(EngineError::new(ErrorCode::Refused, message, "`toolsmith verify` lists all problems"));
            }
        }
        Ok(())
    }

    /// The faults that `verify` reports about missing signatures.
    pub(super) fn faults_of_trust(&self, only: Option<&ToolName>) -> Result<Vec<String>, EngineError> {
        let trust = self.trust()?;
        let is_asked = |entry: &&Unsigned| {
            only.is_none_or(|only| entry.subject == only.as_str() || entry.target.as_deref() == Some(only.as_str()))
        };
        let entries: Vec<&Unsigned> = trust.unsigned.iter().filter(is_asked).collect();
        let mut faults: Vec<String> = trust.whole.iter().cloned().collect();
        faults.extend(entries.iter().take(NAMED).map(|entry| entry.said()));
        if entries.len() > NAMED {
            faults.push(format!("{} more are not signed", plural(entries.len() - NAMED, "entry", "entries")));
        }
        Ok(faults)
    }

    /// The same as a problem row of the catalog.
    pub(in crate::engine) fn problem_of_trust(&self) -> Result<Option<Problem>, EngineError> {
        let trust = self.trust()?;
        let said = match (&trust.whole, trust.unsigned.as_slice()) {
            (Some(whole), _) => format!("approvals and grants are not in force: {whole}"),
            (None, []) => return Ok(None),
            (None, [first, rest @ ..]) => {
                let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
                format!("{}{more}", first.said())
            }
        };
        let path = self.workspace.state_dir.join("store.db").display().to_string();
        let (code, hint) = (ProblemCode::NotAsApproved, REMEDY.to_owned());
        Ok(Some(Problem { path, line: None, code, message: said, hint }))
    }

    /// Entries that lack a required signature.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn unsigned(&self) -> Result<UnsignedLog, EngineError> {
        let log = self.workspace.read(|q| Ok(q.log_digest()?))?;
        let trust = self.trust()?;
        Ok(UnsignedLog { fault: trust.whole.clone(), entries: trust.unsigned.clone(), log })
    }

    /// Signs the log as it was shown: all entries in force count from here on, regardless of earlier signatures.
    ///
    /// # Errors
    /// `HumanNeeded` for an agent; `Refused` if it cannot be signed; `Conflict` if the log has changed.
    pub fn sign_log(&self, seen: &UnsignedLog, caller: &Caller) -> Result<Outcome, EngineError> {
        if let Caller::Agent(name) = caller {
            let message = format!("agent {name} cannot sign; only humans sign");
            return Err(EngineError::new(ErrorCode::HumanNeeded, message, "ask a human to sign at a terminal"));
        }
        let signing = &self.workspace.settings.signing;
        if signing.key.is_none() {
            let message = "no signing key is set";
            return Err(EngineError::new(ErrorCode::Refused, message, "set `key` in [signing] in config.toml"));
        }
        let _turn = self.engine.take_turn()?;
        let step = self.signed_step(&caller.identity(), |tx, actor| core::sign_log(tx, actor, seen.log))?;
        if let Some(why) = signing.protects.then(|| self.trust()).transpose()?.and_then(|trust| trust.whole.clone()) {
            let message = format!("the log is signed but still not trusted: {why}");
            return Err(EngineError::new(ErrorCode::Failed, message, "`toolsmith verify` lists all problems"));
        }
        self.engine.finish(step)
    }
}

/// The present hour if a key in a file of allowed signers expires, so that signatures are verified again every hour;
/// otherwise -1.
fn hour_of(signers: &[u8], at: Instant) -> i64 {
    let expires = signers.windows(6).any(|word| word.eq_ignore_ascii_case(b"valid-"));
    if expires { at.0 / 3_600_000 } else { -1 }
}

/// The subject of the entry that an undo undid.
fn target(q: &Queries, undo: OperationId) -> Result<Option<String>, EngineError> {
    let number = |entry: Operation| entry.detail.get("operation").and_then(serde_json::Value::as_i64);
    let Some(number) = q.operation(undo)?.and_then(number) else { return Ok(None) };
    Ok(q.operation(OperationId(number))?.map(|entry| entry.subject))
}

/// Writes a file atomically: readers see either the old or the new text.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn not_kept(what: &str, error: &std::io::Error) -> EngineError {
    let hint = "make the settings folder writable; required signatures need it";
    EngineError::new(ErrorCode::Internal, format!("{what}: {error}"), hint)
}

/// A walk over the log.
struct Walk<'a> {
    engine: &'a Engine,
    judge: &'a Judge,
    space: String,
    /// The newest position known to be signed.
    head: Option<(i64, Digest)>,
    /// The previous entry, and its hash.
    last: i64,
    hash: Digest,
    /// A digest of all rows so far.
    rows: Digest,
    faults: Vec<String>,
    unsigned: Vec<Unsigned>,
    /// Entries that are marked as undone, and those that an entry undid.
    marked: HashSet<(i64, i64)>,
    undone: HashSet<(i64, i64)>,
}

impl Walk<'_> {
    fn step(&mut self, row: &LogRow<'_>) {
        let id = row.id;
        if id != self.last + 1 {
            let (from, to) = (self.last + 1, id - 1);
            let which = if from == to { format!("entry {from} is") } else { format!("entries {from} to {to} are") };
            self.faults.push(format!("{which} missing from the log"));
        } else if row.prev_hash != self.hash {
            self.faults.push(format!("log entry {id} does not follow entry {}", self.last));
        }
        if row.expected_hash() != row.hash {
            self.faults.push(format!("log entry {id} was changed"));
        }
        if self.head.is_some_and(|(head, hash)| head == id && hash != row.hash) {
            self.faults.push(format!("log entry {id} is not the signed one: the log was rewritten"));
        }
        self.marked.extend(row.undone_by.map(|by| (id, by)));
        if demands_signature(row.verb) {
            self.judge_entry(row);
        }
        (self.last, self.hash, self.rows) = (id, row.hash, row.digest_after(self.rows));
    }

    /// Looks for the signature of an entry that needs one.
    fn judge_entry(&mut self, row: &LogRow<'_>) {
        let Some(entry) = row.operation() else {
            return self.faults.push(format!("log entry {} cannot be read", row.id));
        };
        let number = |field: &str| entry.detail.get(field).and_then(serde_json::Value::as_i64);
        if let ("undo", Some(target)) = (row.verb, number("operation")) {
            self.undone.insert((target, row.id));
            // Permissions granted by an adoption are undone with it.
            let granted = entry.detail.get("granted").and_then(serde_json::Value::as_array);
            let ids = granted.into_iter().flatten().filter_map(serde_json::Value::as_i64);
            self.undone.extend(ids.map(|granted| (granted, row.id)));
        }
        if let Err(why) = self.signature(row, &entry) {
            let Operation { id: operation, verb, subject, who, .. } = entry;
            return self.unsigned.push(Unsigned { operation, verb, subject, who, why, target: None });
        }
        let signed = entry.detail.get("rows").and_then(serde_json::Value::as_str);
        if row.verb == SIGN && signed == Some(&self.rows.hex()) {
            // A human examined the earlier entries and signed them.
            self.faults.clear();
            self.unsigned.clear();
        }
    }

    fn signature(&self, row: &LogRow<'_>, entry: &Operation) -> Result<(), String> {
        let Some(kept) = &row.signature else { return Err("it has no signature".to_owned()) };
        if kept.space != self.space {
            return Err("its signature belongs to another workspace".to_owned());
        }
        self.judge.verify(self.engine, principal(&entry.who), &kept.signature, &signed_text(&self.space, entry))
    }

    fn end(mut self) -> Trust {
        let differ: Vec<&(i64, i64)> = self.marked.symmetric_difference(&self.undone).collect();
        if let Some((entry, by)) = differ.first() {
            self.faults.push(format!("entry {entry} is marked as undone by {by}, but the log does not say so"));
        }
        if let Some((head, _)) = self.head.filter(|(head, _)| *head > self.last) {
            self.faults.push(format!(
                "the log has {} but was signed up to entry {head}: it was truncated or replaced with an older copy",
                plural(usize::try_from(self.last).unwrap_or_default(), "entry", "entries")
            ));
        }
        let whole = (!self.faults.is_empty()).then(|| self.faults.join("; "));
        Trust { whole, unsigned: self.unsigned }
    }
}

#[cfg(test)]
mod tests;
