//! Verifies everything that decisions depend on: the hash chain of the log, the kept copies, the approvals in effect,
//! the files of approved tools and their approval files, and the table of decisions. It is read-only and reports what
//! it finds.

mod decisions;
mod places;

use super::approval_status::{Logbook, fault_of_approval};
use super::signing::Claim;
use crate::domain::description::{Describe, Description, Ink, StyledLine};
use crate::domain::{Digest, Tool, ToolName, count, plural};
use crate::engine::Integrity;
use crate::engine::core::Beside;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Described, PlainQuery};
use crate::engine::view::VerifyReport;
use crate::store::Approval;
use std::collections::HashSet;

/// Verifies the log and everything that it confirms; with a tool, only that tool.
pub(super) const VERIFY: PlainQuery = PlainQuery {
    name: "verify",
    // It reads the folders itself.
    needs_catalog: false,
    answer: |engine, call, _| {
        Described::of(&match call.get("tool") {
            Some(tool) => engine.integrity().verify_tool(tool)?,
            None => engine.integrity().verify()?,
        })
    },
};

impl Describe for VerifyReport {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        for fault in &self.faults {
            told.note(Ink::Bad, "fault", fault);
        }
        for note in &self.notes {
            told.note(Ink::Dim, "note", note);
        }
        let entries = plural(self.operations as usize, "log entry", "log entries");
        let copies = plural(self.versions as usize, "kept copy", "kept copies");
        let checked = StyledLine::of(format!("{entries} and {copies} of {} checked: ", self.workspace));
        if self.faults.is_empty() {
            told.line(checked.put(Ink::Good, "no problems found"));
        } else {
            told.line(checked.put(Ink::Bad, count(self.faults.len(), "fault")));
            told.next(
                "`toolsmith list --problems` shows the next step for each tool, `toolsmith doctor` for the state",
            );
        }
        told
    }

    fn is_bad(&self) -> bool {
        !self.faults.is_empty()
    }
}

impl Integrity<'_> {
    /// Verifies the log's hash chain, every kept copy, every approval and every tool that counts as approved.
    ///
    /// # Errors
    /// `Internal` for errors of the store, `NotFound` when the workspace does not exist.
    pub fn verify(&self) -> Result<VerifyReport, EngineError> {
        self.verify_of(None).map_err(|error| self.name_damage(error))
    }

    /// The same for one tool; the hash chain of the log is always verified as a whole.
    ///
    /// # Errors
    /// As [`Self::verify`]; `NotFound` when there is no such tool.
    pub fn verify_tool(&self, text: &str) -> Result<VerifyReport, EngineError> {
        self.engine.library().scan(&mut |_| {}).map_err(|error| self.name_damage(error))?;
        let name = match ToolName::new(text) {
            // What was approved once is checked also when its files are gone.
            Ok(name) if !self.engine.versions().list(&name)?.is_empty() => name,
            _ => self.engine.library().resolve(text)?.name.clone(),
        };
        self.verify_of(Some(&name)).map_err(|error| self.name_damage(error))
    }

    /// Adds to an error which tables of a damaged database cannot be read, and what to do.
    fn name_damage(&self, error: EngineError) -> EngineError {
        if error.code != ErrorCode::Internal {
            return error;
        }
        match self.workspace.read(|q| Ok(q.damaged_tables()?)) {
            Ok(tables) if !tables.is_empty() => {
                let file = self.workspace.state_dir.join("store.db");
                let file = file.display();
                let message = format!("{}; in {file}, this cannot be read: {}", error.message, tables.join(", "));
                let hint = "restore a backup with `toolsmith doctor --restore`, or save readable data with `toolsmith doctor --rebuild`; tools, their approval.toml and kept copies are not changed";
                EngineError::new(error.code, message, hint)
            }
            // Whatever is wrong, it is not the tables.
            Ok(_) | Err(_) => error,
        }
    }

    fn verify_of(&self, only: Option<&ToolName>) -> Result<VerifyReport, EngineError> {
        let view = self.engine.library().scan(&mut |_| {})?;
        let is_asked = |name: &ToolName| only.is_none_or(|only| only == name);
        let log = self.workspace.read(|q| Ok(q.verify_log()?))?;
        let workspace = self.workspace.folder().display().to_string();
        let faults = self.workspace.faults_of_state().into_iter().chain(log.faults).collect();
        let (operations, notes) = (log.entries, log.notes);
        let mut report = VerifyReport { workspace, operations, versions: 0, faults, notes };
        self.check_copies(only, &mut report)?;
        let approvals = self.workspace.read(|q| Ok(q.approvals()?))?;
        let log = self.logbook(only)?;
        for approval in approvals.iter().filter(|approval| is_asked(&approval.tool)) {
            report.faults.extend(self.fault_in_force(approval, &log)?);
        }
        report.faults.extend(log.ledger.missing(&approvals, is_asked));
        let approved: HashSet<&ToolName> = approvals.iter().map(|approval| &approval.tool).collect();
        let vouched = view.tools.iter().filter(|tool| tool.stage.is_vouched() && is_asked(&tool.name));
        for tool in vouched {
            self.check_tool(tool, approved.contains(&tool.name), &log, &mut report)?;
        }
        self.check_places(&view, approvals.iter().filter(|approval| is_asked(&approval.tool)), &mut report)?;
        report.faults.extend(self.faults_of_decisions(only)?);
        report.faults.extend(self.faults_of_states(is_asked)?);
        report.faults.extend(self.engine.grants().faults(is_asked)?);
        report.faults.extend(self.faults_of_trust(only)?);
        if only.is_none() {
            let (faults, notes) = self.engine.teams().faults(&view.tools)?;
            report.faults.extend(faults);
            report.notes.extend(notes);
        }
        let mut told = HashSet::new();
        report.faults.retain(|fault| told.insert(fault.clone()));
        Ok(report)
    }

    fn check_copies(&self, only: Option<&ToolName>, report: &mut VerifyReport) -> Result<(), EngineError> {
        let copies = &self.workspace.copies;
        let mut digests = copies.all()?;
        if let Some(name) = only {
            let rows = self.workspace.read(|q| Ok(q.versions_of(name)?))?;
            let known: HashSet<Digest> = rows.iter().map(|row| row.digest).collect();
            digests.retain(|digest| known.contains(digest));
        }
        report.faults.extend(digests.iter().filter_map(|digest| copies.check(*digest).err()));
        report.versions = digests.len() as u64;
        Ok(())
    }

    /// What is wrong with an approval in effect: it needs a kept copy, and a log entry that gave it.
    fn fault_in_force(&self, approval: &Approval, log: &Logbook) -> Result<Option<String>, EngineError> {
        if !self.workspace.copies.has(approval.digest) {
            let version = format!("the approved version {} of {}", approval.digest.short(), approval.tool);
            return Ok(Some(format!("{version} has no kept copy")));
        }
        Ok(fault_of_approval(approval, &*self.giver(log, approval.operation)?, &log.ledger))
    }

    fn check_tool(
        &self,
        tool: &Tool,
        is_approved: bool,
        log: &Logbook,
        report: &mut VerifyReport,
    ) -> Result<(), EngineError> {
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
            // Without a list of signers only the user's own key is known; another's is no fault of the tool.
            Err(why) if self.workspace.settings.signing.allowed_signers.is_none() => {
                let verb =
                    if self.workspace.settings.signing.key.is_some() { "is not valid" } else { "was not checked" };
                report.notes.push(format!("the signature of {} {verb}: {why}", tool.place()));
            }
            // What was decided here does not rest on it; what was taken over by it is doubted below.
            Err(why) if is_approved => {
                report.notes.push(format!("the signature of {} is not valid: {why}", tool.place()));
            }
            Err(why) => report.faults.push(format!("the signature next to {} is not valid: {why}", tool.place())),
        }
        match self.doubt_by(log, tool)? {
            Some(doubt) => report.faults.push(doubt.said()),
            None if is_approved => {}
            None => {
                report.faults.extend(fault_of_stranger(tool, &self.beside(&tool.placement)));
                report.notes.push(format!("{} came with the workspace and is not adopted yet", tool.place()));
            }
        }
        Ok(())
    }
}

/// Faults of a tool that came with the workspace and has not been reviewed yet.
fn fault_of_stranger(tool: &Tool, beside: &Beside) -> Option<String> {
    let Beside::Text(text) = beside else { return None };
    let path = format!("{}/approval.toml", tool.placement.base);
    match Claim::read(text) {
        Ok(claim) => claim.contradicts(tool).map(|wrong| format!("{path} does not match its tool: {wrong}")),
        Err(why) => Some(format!("{path} cannot be read: {why}")),
    }
}
