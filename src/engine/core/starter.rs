//! Adopting the tools that are part of this program: one decision about all of them, with what each declares.

use super::allow::permit;
use super::decide::decide;
use super::decision::DecisionContext;
use super::gates::Gates;
use super::scan::{ADOPTION, members_digest};
use super::step::{Actor, Step};
use crate::domain::{
    Allowed, DecisionKind, DecisionRequest, DisplayRecord, ReviewKind, Risk, Stage, Tool, ToolName, count,
};
use crate::engine::error::EngineError;
use crate::store::{NewReview, Tx};
use std::sync::Arc;

/// Tools whose files are those of this program, and what each may do from now on.
#[derive(Debug)]
pub struct StarterSet {
    /// The tools as they are on disk, with what each declares; nothing for most.
    pub tools: Vec<(Arc<Tool>, Option<Allowed>)>,
    /// How many lines of text they have. None of them was on a screen.
    pub lines: u64,
    /// Why they are approved unread.
    pub reason: String,
}

/// Approves the set as one adoption, and grants each tool what it declares. The record says that nobody read the lines.
///
/// # Errors
/// `Internal` for a name that no tool can have; else those of [`decide`].
pub fn adopt_starter(tx: &Tx<'_>, actor: Actor<'_>, set: &StarterSet, gates: &Gates) -> Result<Step, EngineError> {
    // Before the adoption, so that undoing the newest entry takes the adoption back; a grant of what is not approved
    // allows nothing.
    let mut granted = Vec::new();
    for (tool, allowed) in &set.tools {
        if let Some(allowed) = allowed {
            granted.push(permit(tx, actor, tool, allowed)?);
        }
    }
    let mut members: Vec<_> = set.tools.iter().map(|(tool, _)| (tool.name.clone(), tool.digest)).collect();
    members.sort();
    let digest = members_digest(&members);
    let review = tx.open_review(&NewReview {
        kind: ReviewKind::Adoption,
        tool: ToolName::new(ADOPTION).map_err(EngineError::internal)?,
        version: semver::Version::new(1, 0, 0),
        digest,
        from_stage: Stage::Approved,
        to_stage: Stage::Approved,
        risk: Risk::High,
        summary: format!("{} of this program", count(members.len(), "starter tool")),
        path: set.tools.first().map(|(tool, _)| tool.path.clone()).unwrap_or_default(),
        base_digest: None,
        members,
    })?;
    let shown = DisplayRecord { lines: set.lines, ..DisplayRecord::default() };
    let request = DecisionRequest {
        reason: Some(set.reason.clone()),
        shown,
        unread: true,
        ..DecisionRequest::new(review, digest, DecisionKind::Approve)
    };
    decide(tx, actor, &request, &DecisionContext { granted, ..DecisionContext::new(gates) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Permissions, WriteMode};
    use crate::engine::core::fixture::{actor, in_store, scanned, tool};
    use crate::engine::core::{UndoNote, Unsettled, undo};
    use crate::engine::error::ErrorCode;

    fn set(tools: Vec<(Arc<Tool>, Option<Allowed>)>) -> StarterSet {
        StarterSet { tools, lines: 40, reason: "of this program".to_owned() }
    }

    #[test]
    fn one_decision_approves_them_grants_what_they_declare_and_says_that_nobody_read_them() {
        in_store(|tx| {
            let (plain, reader) = (tool("plain", Stage::Approved, 1), tool("reader", Stage::Core, 2));
            let other = tool("other", Stage::Approved, 3);
            let tools = [plain.clone(), reader.clone(), other.clone()];
            scanned(tx, &tools, &Unsettled::default())?;
            let permissions = Permissions { read: vec!["{workspace}".into()], ..Permissions::default() };
            let allowed = Allowed::new(&permissions, WriteMode::Direct);
            let set = set(vec![(Arc::new(reader.clone()), Some(allowed.clone())), (Arc::new(plain.clone()), None)]);
            let gates = Gates::default();
            let step = adopt_starter(tx, actor(), &set, &gates)?;
            assert_eq!(tx.granted(&reader.name, reader.digest)?, Some(allowed));
            for approved in [&plain, &reader] {
                assert!(tx.approvals_of(&approved.name)?.iter().any(|approval| approval.covers(approved)));
            }
            assert!(tx.approvals_of(&other.name)?.is_empty(), "what is not of the set waits");
            let unread = tx.approved_unread()?;
            assert_eq!(unread[&(plain.name.clone(), plain.digest)].lines_unread, 40);
            assert!(!unread.contains_key(&(other.name.clone(), other.digest)));

            // What remains has an adoption of its own, and the old one is over.
            scanned(tx, &tools, &Unsettled::default())?;
            let waiting: Vec<_> =
                tx.review_heads(None)?.into_iter().filter(|head| head.state.word() == "waiting").collect();
            assert_eq!(waiting.len(), 1);
            assert_eq!(tx.review(waiting[0].id)?.unwrap().members, vec![(other.name.clone(), other.digest)]);

            // The newest entry is the adoption; undoing it ends the approvals and takes the permissions back.
            let operation = step.outcome.operation.unwrap();
            let note = UndoNote::of(&tx.operation(operation)?.unwrap());
            assert!(matches!(note, Some(UndoNote::Adopt { .. })), "{note:?}");
            undo(tx, actor(), Some(operation))?;
            assert!(tx.approvals_of(&reader.name)?.is_empty() && tx.approvals_of(&plain.name)?.is_empty());
            assert_eq!(tx.granted(&reader.name, reader.digest)?, None, "what it granted is taken back");
            let allow = tx.whole_log()?.into_iter().find(|entry| entry.verb == "allow").unwrap();
            assert!(allow.undone_by.is_some(), "and cannot be taken back once more: {allow:?}");
            Ok(())
        });
    }

    #[test]
    fn without_a_reason_nothing_is_adopted() {
        in_store(|tx| {
            let plain = tool("plain", Stage::Approved, 1);
            scanned(tx, std::slice::from_ref(&plain), &Unsettled::default())?;
            let set = StarterSet { reason: " ".to_owned(), ..set(vec![(Arc::new(plain), None)]) };
            let gates = Gates::default();
            let error = adopt_starter(tx, actor(), &set, &gates).map(drop).unwrap_err();
            assert_eq!(error.code, ErrorCode::Usage);
            Ok(())
        });
    }
}
