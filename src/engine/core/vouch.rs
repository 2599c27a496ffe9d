//! The file next to a vouched tool: `approval.toml` says who approved it, and contains the signature.
//!
//! The signature covers everything before its line, byte for byte, so nobody has to rebuild the text to verify it. The
//! operation number follows the signature, because it is known only later and is meaningful only on this machine.

use super::pen;
use super::placed::{Beside, Placed};
use super::relocation::APPROVAL_FILE;
use super::scan::ADOPTION;
use super::statement::Statement;
use super::undo_note::UndoNote;
use crate::domain::{Digest, FileMode, Instant, Operation, Tool, ToolName, VersionFile};
use crate::engine::error::EngineError;
use crate::store::{Approval, NewOperation, Queries, StoreError, Tx};
use serde_json::{Value, json};
use std::fmt::Write;

/// A version with a valid signature of an approval.
#[derive(Debug, Clone)]
pub struct Vouched {
    pub tool: Tool,
    /// The reviewer who signed.
    pub reviewer: String,
    /// The signer's name in the file of allowed signers.
    pub principal: String,
    /// When the reviewer approved it.
    pub at: Instant,
    /// Whether the approval comes from decision files of the team instead of `approval.toml`.
    pub by_team: bool,
}

/// The prefix of the approver of a version that was adopted from the team.
pub const OF_TEAM: &str = "team:";

/// The file `approval.toml` for a version in a vouched place, made from the approval in force; empty for other places.
pub fn approval_file(tx: &Queries, placed: &Placed) -> Result<Vec<VersionFile>, EngineError> {
    let approvals = tx.approvals_of(&placed.tool)?;
    let Some(approval) = approvals.iter().find(|a| placed.stage.is_vouched() && a.digest == placed.digest) else {
        return Ok(Vec::new());
    };
    let operation = tx.operation(approval.operation)?;
    let detail = |path: &str| operation.as_ref().and_then(|op| op.detail.pointer(path)).and_then(Value::as_str);
    let statement = Statement {
        tool: &placed.tool,
        version: &placed.version,
        digest: placed.digest,
        stage: placed.stage,
        reviewer: operation.as_ref().map_or("", |op| &op.who),
        at: approval.at,
        reason: detail("/reason"),
        over: detail("/override/reason"),
        unread: operation.as_ref().and_then(Operation::approved_unread),
    };
    let signed = pen::signature_beside(tx, operation.as_ref())?;
    let (mut text, signature) = signed.map_or_else(
        // The approval is signed in an older format, or unsigned.
        || (statement.text(), approval.signature.clone()),
        |(text, signature)| (text, Some(signature)),
    );
    if let Some(signature) = &signature {
        // Writing to memory cannot fail.
        let _ = writeln!(text, "signature = '''\n{}\n'''", signature.trim());
    }
    let _ = writeln!(text, "operation = {}", approval.operation);
    Ok(vec![file(text)])
}

/// The files next to a version that returns to a place: the previous `approval.toml`, otherwise one made from its
/// approval.
///
/// # Errors
///
/// Any failed read of the store.
pub fn beside(tx: &Queries, placed: &Placed) -> Result<Vec<VersionFile>, EngineError> {
    match &placed.approval {
        Beside::Text(text) if placed.stage.is_vouched() => Ok(vec![file(text.clone())]),
        Beside::Nothing | Beside::Text(_) => Ok(Vec::new()),
        Beside::Unknown => approval_file(tx, placed),
    }
}

/// Adopts versions that an allowed signer approved. If an approval of the version was undone here, whoever gave it, the
/// version waits for a human, like any other that came with the workspace.
///
/// # Errors
///
/// Any failed read or write of the store.
pub fn adopt_signed(tx: &Tx<'_>, signed: &[Vouched]) -> Result<(), EngineError> {
    for Vouched { tool, reviewer, principal, at, by_team } in signed {
        let covered = tx.approvals_of(&tool.name)?.iter().any(|approval| approval.covers(tool));
        if covered || was_taken_back(tx, &tool.name, tool.digest)? {
            continue;
        }
        let note = UndoNote::Vouch { tool: tool.name.clone(), digest: tool.digest };
        let operation = tx.log(&NewOperation {
            who: format!("{}{principal}", if *by_team { OF_TEAM } else { "signer:" }),
            verb: "adopt".to_owned(),
            subject: tool.name.to_string(),
            detail: json!({"digest": tool.digest, "stage": tool.stage, "reviewer": reviewer, "approved_at": at, "undo": note}),
            reversible: true,
        })?;
        tx.approve_version(&Approval {
            tool: tool.name.clone(),
            digest: tool.digest,
            stage: tool.stage,
            operation,
            // The time that the signer states: older versions are not adopted automatically later.
            at: *at,
            base: Some(tool.placement.base.clone()),
            signature: None,
        })?;
    }
    Ok(())
}

/// Whether an approval of exactly this version was undone here.
///
/// # Errors
///
/// Any failed read of the store.
pub fn was_taken_back(q: &Queries, tool: &ToolName, digest: Digest) -> Result<bool, StoreError> {
    let name = tool.as_str();
    for (verb, subject) in [("approve", name), ("approve", ADOPTION), ("adopt", name), ("rollback", name)] {
        let operations = q.taken_back(verb, Some(subject))?;
        let mut notes = operations.iter().filter_map(UndoNote::of);
        if notes.any(|note| note.approved(tool, digest)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn file(text: String) -> VersionFile {
    VersionFile { path: APPROVAL_FILE.to_owned(), mode: FileMode::Plain, bytes: text.into_bytes() }
}
