//! What is next to a vouched tool: `approval.toml`, which says who approved it, and for whom it is signed.
//!
//! Everything in front of the line of the signature is what was signed, byte for byte: nobody has to build the
//! text again to verify it. The number of the operation stands behind it, because it is known only later and
//! means something here alone.

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

/// A version that a signature speaks for.
#[derive(Debug, Clone)]
pub struct Vouched {
    pub tool: Tool,
    /// The reviewer who signed.
    pub reviewer: String,
    /// The name that the file of allowed signers has for him.
    pub principal: String,
    /// When he approved it.
    pub at: Instant,
    /// Whether decision files of the team say so, and no `approval.toml`.
    pub by_team: bool,
}

/// By whom a version is approved that was taken over from the team.
pub const OF_TEAM: &str = "team:";

/// The file `approval.toml` for a version at a vouched place, drawn from the approval in force; nothing
/// for other places.
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
        // Signed in an older format, or not at all.
        || (statement.text(), approval.signature.clone()),
        |(text, signature)| (text, Some(signature)),
    );
    if let Some(signature) = &signature {
        // Writing into memory cannot fail.
        let _ = writeln!(text, "signature = '''\n{}\n'''", signature.trim());
    }
    let _ = writeln!(text, "operation = {}", approval.operation);
    Ok(vec![file(text)])
}

/// What is next to a version that comes back to a place: what lay there, else what its approval says.
///
/// # Errors
/// Any failed read of the store.
pub fn beside(tx: &Queries, placed: &Placed) -> Result<Vec<VersionFile>, EngineError> {
    match &placed.approval {
        Beside::Text(text) if placed.stage.is_vouched() => Ok(vec![file(text.clone())]),
        Beside::Nothing | Beside::Text(_) => Ok(Vec::new()),
        Beside::Unknown => approval_file(tx, placed),
    }
}

/// Takes over versions that an allowed signer approved. One whose approval was undone here, whoever had given it, waits
/// for a human like any other that came with the workspace.
///
/// # Errors
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
            // As the signer said it: what is older than that is not taken over by itself later.
            at: *at,
            base: Some(tool.placement.base.clone()),
            signature: None,
        })?;
    }
    Ok(())
}

/// Whether somebody here undid an approval of this very version.
///
/// # Errors
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
