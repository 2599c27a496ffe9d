//! Checking everything that a decision rests on: the chain of the log, the kept copies, the approvals in force, the
//! files of approved tools, and what lies beside them. Looks only; names what it finds.

use super::Engine;
use super::core::{self, Beside};
use super::error::EngineError;
use super::signing::Claim;
use super::view::VerifyReport;
use crate::domain::{Digest, Operation, Tool, ToolName, VersionFile};
use crate::store::Approval;
use std::collections::{BTreeMap, HashSet};

/// How many files a fault names.
const NAMED: usize = 3;

impl Engine {
    /// Checks the log's chain, every kept copy, every approval and every tool that counts as approved.
    ///
    /// # Errors
    /// `Internal` for trouble with the store, `NotFound` when the workspace is gone.
    pub fn verify(&self) -> Result<VerifyReport, EngineError> {
        self.verify_of(None)
    }

    /// The same for one tool; the chain of the log is one and is checked whole.
    ///
    /// # Errors
    /// As [`Engine::verify`]; `NotFound` when there is no such tool.
    pub fn verify_tool(&self, text: &str) -> Result<VerifyReport, EngineError> {
        self.scan(&mut |_| {})?;
        let name = match ToolName::new(text) {
            // What was approved once is checked also when its files are gone.
            Ok(name) if !self.versions(&name)?.is_empty() => name,
            _ => self.resolve(text)?.name.clone(),
        };
        self.verify_of(Some(&name))
    }

    fn verify_of(&self, only: Option<&ToolName>) -> Result<VerifyReport, EngineError> {
        let view = self.scan(&mut |_| {})?;
        let is_asked = |name: &ToolName| only.is_none_or(|only| only == name);
        let log = self.read(|q| Ok(q.verify_log()?))?;
        let mut report = VerifyReport { operations: log.entries, versions: 0, faults: log.faults, notes: Vec::new() };
        self.check_copies(only, &mut report)?;
        let approvals = self.read(|q| Ok(q.approvals()?))?;
        for approval in approvals.iter().filter(|approval| is_asked(&approval.tool)) {
            let operation = self.read(|q| Ok(q.operation(approval.operation)?))?;
            report.faults.extend(self.fault_of_approval(approval, operation.as_ref()));
        }
        let vouched = view.tools.iter().filter(|tool| tool.stage.is_vouched() && is_asked(&tool.name));
        for tool in vouched {
            let of_name: Vec<&Approval> = approvals.iter().filter(|approval| approval.tool == tool.name).collect();
            self.check_tool(tool, &of_name, &mut report)?;
        }
        Ok(report)
    }

    fn check_copies(&self, only: Option<&ToolName>, report: &mut VerifyReport) -> Result<(), EngineError> {
        let copies = &self.inner.copies;
        let mut digests = copies.all()?;
        if let Some(name) = only {
            let rows = self.read(|q| Ok(q.versions_of(name)?))?;
            let known: HashSet<Digest> = rows.iter().map(|row| row.digest).collect();
            digests.retain(|digest| known.contains(digest));
        }
        report.faults.extend(digests.iter().filter_map(|digest| copies.check(*digest).err()));
        report.versions = digests.len() as u64;
        Ok(())
    }

    /// What is wrong with an approval in force: it needs a copy, and an entry of the log that gave it.
    fn fault_of_approval(&self, approval: &Approval, operation: Option<&Operation>) -> Option<String> {
        let Approval { tool, digest, operation: number, .. } = approval;
        let version = format!("the approved version {} of {tool}", digest.short());
        if !self.inner.copies.has(*digest) {
            return Some(format!("{version} has no kept copy"));
        }
        let Some(operation) = operation else {
            return Some(format!("{version} is approved by entry {number}, which is not in the log"));
        };
        if let Some(by) = operation.undone_by {
            return Some(format!("{version} is approved by entry {number}, which entry {by} took back"));
        }
        // Entries of an older format that put an approval back do not name what they put back.
        let names = operation.verb == "undo" || operation.detail.to_string().contains(&digest.hex());
        (!names).then(|| format!("{version} is approved by entry {number}, which is about something else"))
    }

    fn check_tool(&self, tool: &Tool, approvals: &[&Approval], report: &mut VerifyReport) -> Result<(), EngineError> {
        let beside = self.beside(&tool.placement);
        let signer = self.signer(tool);
        match &signer {
            Ok(Some(signed)) => report.notes.push(format!(
                "{} {} ({}) is signed by {} for {}",
                tool.name,
                tool.version,
                tool.digest.short(),
                signed.principal,
                tool.stage
            )),
            Ok(None) => {}
            // Without a list of signers nobody knows; that is no fault of the tool.
            Err(why) if self.inner.settings.signing.allowed_signers.is_none() => {
                report.notes.push(format!("the signature of {} is not checked: {why}", tool.path));
            }
            Err(why) => report.faults.push(format!("the signature beside {} does not count: {why}", tool.path)),
        }
        if let Some(approval) = approvals.iter().find(|approval| approval.covers(tool)) {
            report.faults.extend(self.fault_beside(tool, approval, &beside)?);
        } else if approvals.is_empty() {
            report.faults.extend(fault_of_stranger(tool, &beside));
            report.notes.push(format!("{} came with the workspace and waits to be adopted", tool.path));
        } else {
            report.faults.push(self.changed(tool, approvals));
        }
        Ok(())
    }

    /// How a tool differs from what was approved of it.
    fn changed(&self, tool: &Tool, approvals: &[&Approval]) -> String {
        if let Some(moved) = approvals.iter().find(|approval| approval.digest == tool.digest) {
            let base = moved.base.as_deref().unwrap_or("another folder");
            return format!("{} lies where it was not approved: that was {base}, as {}", tool.path, moved.stage);
        }
        let here = approvals.iter().filter(|approval| approval.base.as_ref() == Some(&tool.placement.base));
        let Some(approved) = here.max_by_key(|approval| approval.at).or(approvals.last()) else {
            return format!("{} was not approved", tool.path);
        };
        let before = self.inner.copies.get(approved.digest).unwrap_or_default();
        let now = self.detail(tool).map(|detail| detail.files).unwrap_or_default();
        let (was, is) = (approved.digest.short(), tool.digest.short());
        format!("{} changed since it was approved ({was}, now {is}): {}", tool.path, differences(&before, &now))
    }

    /// What `approval.toml` says that the log does not.
    fn fault_beside(&self, tool: &Tool, approval: &Approval, beside: &Beside) -> Result<Option<String>, EngineError> {
        let path = format!("{}/approval.toml", tool.placement.base);
        if !tool.placement.exclusive {
            return Ok(None);
        }
        let text = match beside {
            Beside::Text(text) => text,
            Beside::Unknown => return Ok(Some(format!("{path} cannot be read"))),
            Beside::Nothing => {
                // What was adopted never had one; what was approved here got one.
                let operation = self.read(|q| Ok(q.operation(approval.operation)?))?;
                let written = operation.is_some_and(|op| op.subject == tool.name.as_str() && op.verb == "approve");
                return Ok(written.then(|| format!("{path} is gone")));
            }
        };
        let claim = match Claim::read(text) {
            Ok(claim) => claim,
            Err(why) => return Ok(Some(format!("{path} cannot be read: {why}"))),
        };
        if let Some(wrong) = claim.contradicts(tool) {
            return Ok(Some(format!("{path} does not match: {wrong}")));
        }
        let placed = core::Placed::of(tool, &[]);
        let (expected, operation) =
            self.read(|q| Ok((core::approval_file(q, &placed)?, q.operation(approval.operation)?)))?;
        // Of what was adopted the file says what another machine knew.
        if operation.is_none_or(|op| op.subject != tool.name.as_str() || op.verb != "approve") {
            return Ok(None);
        }
        let table = |text: &str| toml::from_str::<toml::Table>(text).unwrap_or_default();
        let expected = expected.first().map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
        let (expected, found) = (table(&expected.unwrap_or_default()), table(text));
        let keys = expected.keys().chain(found.keys());
        let mut wrong = keys.filter(|key| expected.get(*key) != found.get(*key));
        Ok(wrong.next().map(|key| format!("{path} does not match the log: {key} is not what was decided")))
    }
}

/// What speaks against a tool that came with the workspace before anybody looked at it.
fn fault_of_stranger(tool: &Tool, beside: &Beside) -> Option<String> {
    let Beside::Text(text) = beside else { return None };
    let path = format!("{}/approval.toml", tool.placement.base);
    match Claim::read(text) {
        Ok(claim) => claim.contradicts(tool).map(|wrong| format!("{path} does not match its tool: {wrong}")),
        Err(why) => Some(format!("{path} cannot be read: {why}")),
    }
}

/// Which files differ, in words.
fn differences(before: &[VersionFile], now: &[VersionFile]) -> String {
    let by_path = |files: &[VersionFile]| -> BTreeMap<String, VersionFile> {
        files.iter().map(|file| (file.path.clone(), file.clone())).collect()
    };
    let (before, now) = (by_path(before), by_path(now));
    let mut words = Vec::new();
    for (path, file) in &now {
        match before.get(path) {
            None => words.push(format!("{path} is new")),
            Some(old) if old.bytes != file.bytes => words.push(format!("{path} changed")),
            Some(old) if old.mode != file.mode => words.push(format!("the mode of {path} changed")),
            Some(_) => {}
        }
    }
    words.extend(before.keys().filter(|path| !now.contains_key(*path)).map(|path| format!("{path} is gone")));
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
        assert_eq!(differences(&before, &now), "a changed, the mode of b changed, d is new, 1 more");
        assert_eq!(differences(&before, &before), "");
    }
}
