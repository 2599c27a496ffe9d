//! Whether an approved tool as it is on disk this moment counts as approved: the one rule that `verify` tells and that
//! every run by an agent has to pass.

use super::signing::Claim;
use super::trust_cache::Trust;
use crate::catalog;
use crate::domain::{Operation, OperationId, Placement, Problem, ProblemCode, Tool, ToolName, VersionFile};
use crate::engine::Integrity;
use crate::engine::core::{self, Beside, Ledger, Quarantine};
use crate::engine::error::EngineError;
use crate::store::Approval;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// How many files a fault names.
const NAMED: usize = 3;

/// How long a digest is where it is written.
const DIGITS: usize = 64;

/// Why a tool of which versions are approved does not count as approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) enum Doubt {
    /// What is there is approved by nobody: what changed.
    Changed(String),
    /// Nobody approved it there: where it was approved.
    Misplaced(String),
    /// It was archived and is there again: by which entry, and what to do.
    Archived(String),
    /// It is the approved version, but what is next to it is not as it was written here: what is wrong.
    Tampered(String),
    /// It is the approved version, but the log does not say so any more: what is wrong with the log.
    Unrecorded(String),
    /// It is the approved version, but what approved it is not signed as the user demands: what is missing.
    Unsigned(String),
    /// What the user demands of signatures cannot be read or asked: why.
    Unjudged(String),
}

impl Doubt {
    /// What is wrong, in full.
    pub(in crate::engine) fn said(self) -> String {
        match self {
            Doubt::Changed(what)
            | Doubt::Misplaced(what)
            | Doubt::Archived(what)
            | Doubt::Tampered(what)
            | Doubt::Unrecorded(what)
            | Doubt::Unsigned(what)
            | Doubt::Unjudged(what) => what,
        }
    }

    /// The same for whoever wants to run the tool.
    pub(in crate::engine) fn to_caller(&self, tool: &Tool) -> Quarantine {
        let why = match self {
            Doubt::Changed(_) => format!("the files of {} changed on disk since the approval", tool.name),
            other => other.clone().said(),
        };
        Quarantine { why, remedy: self.remedy(&tool.name) }
    }

    /// What a human does about it: each kind of doubt has its own way out.
    pub(in crate::engine) fn remedy(&self, name: &ToolName) -> String {
        match self {
            Doubt::Changed(_) => {
                format!(
                    "restore the approved files with `toolsmith restore-files {name}`, save the new ones as another tool with `fork`, or approve them in a review"
                )
            }
            Doubt::Misplaced(_) | Doubt::Tampered(_) => {
                format!(
                    "restore the approved files with `toolsmith restore-files {name}`, or approve the current ones in a review"
                )
            }
            Doubt::Archived(_) => {
                format!("archive it again with `toolsmith archive {name}`, or undo that entry with `toolsmith undo`")
            }
            Doubt::Unrecorded(_) => "`toolsmith verify` lists all mismatches; then approve the tool again".to_owned(),
            Doubt::Unsigned(_) => {
                "`toolsmith sign` shows what is not signed; `toolsmith sign --yes` signs it".to_owned()
            }
            Doubt::Unjudged(_) => "fix [signing] in config.toml; `toolsmith doctor` shows what is wrong".to_owned(),
        }
    }
}

/// The log as tools are held against it, and the table of approvals. Whoever looks at many reads each entry once: one
/// adoption may stand behind thousands of approvals, and names them all.
pub(super) struct Logbook {
    /// The approvals that it put in force.
    pub(in crate::engine) ledger: Ledger,
    /// The table of approvals, of each tool oldest first.
    approvals: HashMap<ToolName, Vec<Approval>>,
    /// What of it counts.
    pub(in crate::engine) trust: Arc<Trust>,
    entries: RefCell<HashMap<OperationId, Rc<Giver>>>,
}

/// An entry that an approval rests on.
pub(super) struct Giver {
    /// The entry, or what speaks against it.
    entry: Result<Option<Operation>, String>,
    /// The digests that it names.
    named: HashSet<String>,
}

impl Giver {
    fn of(entry: Result<Option<Operation>, String>) -> Giver {
        let text = entry.as_ref().ok().and_then(Option::as_ref).map(|entry| entry.detail.to_string());
        let words = text.as_deref().unwrap_or_default().split(|c: char| !c.is_ascii_hexdigit());
        let named = words.filter(|word| word.len() == DIGITS).map(str::to_owned).collect();
        Giver { entry, named }
    }
}

impl Integrity<'_> {
    /// Why a row of an approved or core tool does not count as approved; `None` when it does, and when nothing of
    /// the name is approved here. Reads the disk: the catalog may not have noticed yet.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn doubt(&self, row: &Tool) -> Result<Option<Doubt>, EngineError> {
        let row = &*row.reviewed();
        self.doubt_by(&self.logbook(Some(&row.name))?, row)
    }

    /// The same by a log that tells of the row's tool: whoever looks at many reads it once.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(super) fn doubt_by(&self, log: &Logbook, row: &Tool) -> Result<Option<Doubt>, EngineError> {
        let Some(approvals) = log.approvals.get(&row.name) else {
            // Nothing to depart from: it came with the workspace and waits to be adopted.
            return Ok(log.ledger.lost_of(&row.name).map(Doubt::Unrecorded));
        };
        let found = match catalog::read(&self.workspace.plan, row) {
            Ok(found) => found,
            Err(problem) => {
                let what = format!("the approved tool {} cannot be read: {}", row.name, problem.placed());
                return Ok(Some(Doubt::Changed(what)));
            }
        };
        let Some(approval) = Approval::in_force(approvals, &found.tool) else {
            let replaced = approvals.iter().find(|approval| approval.covers(&found.tool));
            if let Some(fault) = replaced.and_then(|approval| log.ledger.fault(approval)) {
                return Ok(Some(Doubt::Unrecorded(fault)));
            }
            let is_known = approvals.iter().any(|approval| approval.digest == found.tool.digest);
            return Ok(Some(match log.ledger.lost(&row.name, found.tool.digest).filter(|_| !is_known) {
                Some(lost) => Doubt::Unrecorded(lost),
                None => self.unapproved(&found.tool, &found.files, approvals),
            }));
        };
        if let Some(entry) = log.ledger.archived(&row.name, &row.placement.base) {
            let what = format!(
                "{} was archived by entry {entry} and never restored: archive it again, or undo entry {entry}",
                row.place()
            );
            return Ok(Some(Doubt::Archived(what)));
        }
        let giver = self.giver(log, approval.operation)?;
        if let Some(fault) = fault_of_approval(approval, &giver, &log.ledger) {
            return Ok(Some(Doubt::Unrecorded(fault)));
        }
        if let Some(fault) = log.trust.against(row.name.as_str(), approval.operation) {
            let is_judged = self.workspace.settings.signing.fault.is_none() && self.judge().is_ok();
            return Ok(Some(if is_judged { Doubt::Unsigned(fault) } else { Doubt::Unjudged(fault) }));
        }
        let tampered = match self.link_in(&row.placement, &found.files) {
            Some(link) => Some(format!("{link} is a symbolic link, but the approved version has regular files only")),
            None => self.fault_beside(&found.tool, giver.entry.as_ref().ok().and_then(Option::as_ref))?,
        };
        Ok(tampered.map(Doubt::Tampered))
    }

    /// What `verify` says against a tool as it is on disk: why agents are refused one that is among the approved, or
    /// that its review was decided by nobody. Reads its files; `None` when nothing is said.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn doubted(&self, tool: &Tool) -> Result<Option<String>, EngineError> {
        if !tool.stage.is_vouched() {
            return self.workspace.read(|q| {
                let undecided = q.undecided()?;
                let heads = if undecided.is_empty() { Vec::new() } else { q.review_heads(None)? };
                let mut of_tool = heads.iter().filter(|head| head.tool == tool.name && head.digest == tool.digest);
                let found = of_tool.find(|head| undecided.contains(&head.id));
                Ok(found.map(|head| core::fault_of_review(q, head.id)).transpose()?.flatten())
            });
        }
        Ok(self.doubt(tool)?.map(Doubt::said))
    }

    /// The same of every tool of the catalog, and of reviews that the log did not decide, by path. Reads the files
    /// of each approved and core tool.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn doubts(&self) -> Result<Vec<Problem>, EngineError> {
        let problem = |path: &str, message: String, hint: String| {
            let (path, code) = (path.to_owned(), ProblemCode::NotAsApproved);
            Problem { path, line: None, code, message, hint }
        };
        let (mut problems, log) = (Vec::new(), self.logbook(None)?);
        let is_judged = |tool: &&Arc<Tool>| tool.stage.is_vouched() && tool.server.is_none();
        for tool in self.engine.library().catalog().tools.iter().filter(is_judged) {
            problems.extend(self.doubt_by(&log, tool)?.map(|doubt| {
                let hint = format!("agents are refused; {}", doubt.remedy(&tool.name));
                problem(&tool.path, doubt.said(), hint)
            }));
        }
        self.workspace.read(|q| {
            let undecided = q.undecided()?;
            let heads = if undecided.is_empty() { Vec::new() } else { q.review_heads(None)? };
            for head in heads.iter().filter(|head| undecided.contains(&head.id)) {
                let hint = || "`toolsmith verify` lists all mismatches".to_owned();
                problems.extend(core::fault_of_review(q, head.id)?.map(|fault| problem(&head.path, fault, hint())));
            }
            Ok(())
        })?;
        problems.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(problems)
    }

    /// The log as one tool is held against it, or all.
    pub(super) fn logbook(&self, tool: Option<&ToolName>) -> Result<Logbook, EngineError> {
        let (entries, rows) = self.workspace.read(|q| {
            let mut rows = tool.map_or_else(|| q.approvals(), |tool| q.approvals_of(tool))?;
            rows.sort_by_key(|row| (row.at, row.operation));
            Ok((q.approval_entries(tool)?, rows))
        })?;
        let mut approvals: HashMap<ToolName, Vec<Approval>> = HashMap::new();
        for row in rows {
            approvals.entry(row.tool.clone()).or_default().push(row);
        }
        Ok(Logbook { ledger: Ledger::of(&entries), approvals, trust: self.trust()?, entries: RefCell::default() })
    }

    /// The entry that an approval names.
    pub(super) fn giver(&self, log: &Logbook, operation: OperationId) -> Result<Rc<Giver>, EngineError> {
        if let Some(known) = log.entries.borrow().get(&operation) {
            return Ok(Rc::clone(known));
        }
        let found = Rc::new(Giver::of(self.workspace.read(|q| Ok(q.sound_operation(operation)?))?));
        log.entries.borrow_mut().insert(operation, Rc::clone(&found));
        Ok(found)
    }

    /// How a tool differs from what was approved of it.
    fn unapproved(&self, tool: &Tool, now: &[VersionFile], approvals: &[Approval]) -> Doubt {
        let at_home = |approval: &&Approval| approval.base.as_ref() == Some(&tool.placement.base);
        if let Some(moved) = approvals.iter().find(|approval| approval.digest == tool.digest) {
            let newest = approvals.iter().filter(at_home).max_by_key(|approval| approval.operation);
            if let Some(newest) = newest.filter(|newest| newest.operation > moved.operation && at_home(&moved)) {
                let (old, new, entry) = (tool.digest.short(), newest.digest.short(), newest.operation);
                let what = format!(
                    "{} contains the older version {old}, but entry {entry} approved {new}; to return to an older version, use `toolsmith rollback`",
                    tool.place()
                );
                return Doubt::Misplaced(what);
            }
            let base = moved.base.as_deref().unwrap_or("another folder");
            let what = format!("{} is not where it was approved: that was {base}, as {}", tool.place(), moved.stage);
            return Doubt::Misplaced(what);
        }
        let here = approvals.iter().filter(|approval| approval.base.as_ref() == Some(&tool.placement.base));
        let Some(approved) = here.max_by_key(|approval| approval.at).or(approvals.last()) else {
            return Doubt::Changed(format!("{} was not approved", tool.place()));
        };
        let (was, is) = (approved.digest.short(), tool.digest.short());
        let how = match self.workspace.copies.get(approved.digest) {
            Ok(before) => differences(&before, now),
            Err(error) => format!("the changes are unknown because the approved files are unavailable ({error})"),
        };
        Doubt::Changed(format!("{} changed since it was approved ({was}, now {is}): {how}", tool.place()))
    }

    /// The first symbolic link among the files of a version, or on the way to one from its folder.
    fn link_in(&self, placement: &Placement, files: &[VersionFile]) -> Option<String> {
        let mut paths: Vec<String> = if placement.exclusive { vec![placement.base.clone()] } else { Vec::new() };
        for file in files {
            let elsewhere = file.path.strip_prefix("@/").filter(|_| !placement.exclusive);
            if let Some(elsewhere) = elsewhere {
                paths.push(elsewhere.to_owned());
            } else {
                let ends = file.path.match_indices('/').map(|(at, _)| at).chain([file.path.len()]);
                paths.extend(ends.map(|end| format!("{}/{}", placement.base, &file.path[..end])));
            }
        }
        paths.into_iter().find(|path| self.workspace.folder().join(path).is_symlink())
    }

    /// What `approval.toml` says that was not decided here.
    fn fault_beside(&self, tool: &Tool, operation: Option<&Operation>) -> Result<Option<String>, EngineError> {
        let path = format!("{}/approval.toml", tool.placement.base);
        if !tool.placement.exclusive {
            return Ok(None);
        }
        let of_tool = operation.filter(|op| op.subject == tool.name.as_str());
        let verb = of_tool.map_or("", |op| op.verb.as_str());
        if verb == "adopt" && of_tool.is_some_and(|op| op.who.starts_with(core::OF_TEAM)) {
            return self.engine.teams().fault_of_adopted(tool);
        }
        // Given here, it was written here, always. What a human adopted says what another machine knew, or nothing.
        let written = matches!(verb, "approve" | "rollback");
        let text = match self.beside(&tool.placement) {
            Beside::Text(text) => text,
            Beside::Unknown => return Ok(Some(format!("{path} cannot be read"))),
            // One that was taken over by its signature had it beside it.
            Beside::Nothing => return Ok((written || verb == "adopt").then(|| format!("{path} was removed"))),
        };
        let claim = match Claim::read(&text) {
            Ok(claim) => claim,
            Err(why) => return Ok(Some(format!("{path} cannot be read: {why}"))),
        };
        if let Some(wrong) = claim.contradicts(tool) {
            return Ok(Some(format!("{path} does not match: {wrong}")));
        }
        if verb == "adopt" {
            return Ok(self.fault_of_signature(tool, &path));
        }
        if !written {
            return Ok(None);
        }
        let placed = core::Placed::of(tool, &[]);
        let expected = self.workspace.read(|q| core::approval_file(q, &placed))?;
        let table = |text: &str| toml::from_str::<toml::Table>(text).unwrap_or_default();
        let expected = expected.first().map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
        let (expected, found) = (table(&expected.unwrap_or_default()), table(&text));
        let keys = expected.keys().chain(found.keys());
        let mut wrong = keys.filter(|key| expected.get(*key) != found.get(*key));
        Ok(wrong.next().map(|key| format!("{path} does not match the log: {key} differs from the decision")))
    }

    /// Why a tool that was taken over by its signature does not count by it any more.
    fn fault_of_signature(&self, tool: &Tool, path: &str) -> Option<String> {
        match self.signer(tool) {
            Ok(Some(_)) => None,
            Ok(None) => Some(format!("{path} no longer has the signature with which the tool was adopted")),
            Err(why) => Some(format!("the signature in {path} is not valid: {why}")),
        }
    }

    /// Whether an approval of exactly this version, where it is, is in force.
    pub fn approved(&self, tool: &Tool) -> Result<bool, EngineError> {
        self.workspace.read(|q| Ok(Approval::in_force(&q.approvals_of(tool.reviewed_as())?, tool).is_some()))
    }
}

/// What is wrong with an approval in force: with the entry of the log that it names, or with what the log says of it.
pub(super) fn fault_of_approval(approval: &Approval, giver: &Giver, ledger: &Ledger) -> Option<String> {
    let Approval { tool, digest, operation: number, .. } = approval;
    let version = format!("the approved version {} of {tool}", digest.short());
    let operation = match &giver.entry {
        Ok(Some(operation)) => operation,
        Ok(None) => return Some(format!("{version} is approved by entry {number}, which is not in the log")),
        Err(fault) => return Some(format!("{version} is approved by entry {number}, which {fault}")),
    };
    if let Some(by) = operation.undone_by {
        return Some(format!("{version} is approved by entry {number}, which entry {by} undid"));
    }
    // Entries of an older format that put an approval back do not name what they put back.
    let names = operation.verb == "undo" || giver.named.contains(&digest.hex());
    if !names {
        return Some(format!("{version} is approved by entry {number}, which is about something else"));
    }
    ledger.fault(approval)
}

/// Which files differ, in words.
pub(in crate::engine) fn differences(before: &[VersionFile], now: &[VersionFile]) -> String {
    let by_path = |files: &[VersionFile]| -> BTreeMap<String, VersionFile> {
        files.iter().map(|file| (file.path.clone(), file.clone())).collect()
    };
    let (before, now) = (by_path(before), by_path(now));
    let mut words = Vec::new();
    for (path, file) in &now {
        match before.get(path) {
            None => words.push(format!("{path} was added")),
            Some(old) if old.bytes != file.bytes => words.push(format!("{path} changed")),
            Some(old) if old.mode != file.mode => words.push(format!("the mode of {path} changed")),
            Some(_) => {}
        }
    }
    words.extend(before.keys().filter(|path| !now.contains_key(*path)).map(|path| format!("{path} was removed")));
    let more = words.len().saturating_sub(NAMED);
    words.truncate(NAMED);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    #[test]
    fn differences_name_what_changed_and_how() {
        let file = |path: &str, mode, text: &str| VersionFile { path: path.into(), mode, bytes: text.into() };
        let (plain, runs) = (FileMode::Plain, FileMode::Executable);
        let before = [file("a", plain, "1"), file("b", plain, "1"), file("c", plain, "1")];
        let now = [file("a", plain, "2"), file("b", runs, "1"), file("d", plain, "1")];
        assert_eq!(differences(&before, &now), "a changed, the mode of b changed, d was added, 1 more");
        assert_eq!(differences(&before, &before), "");
    }
}
