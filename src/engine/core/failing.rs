//! Resolving failure groups, and removing negative tags.

use super::row_changes::{Resolved, Untagged};
use super::step::{Actor, Step, answer};
use super::undo_note::UndoNote;
use crate::domain::{FailureGroup, GroupState, MarkWords, ToolName, count};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// Resolves a failure group. The next failure of the group reopens it.
///
/// # Errors
/// `Conflict` if it is already resolved.
pub fn resolve(tx: &Tx<'_>, actor: Actor<'_>, group: &FailureGroup, reason: Option<&str>) -> Result<Step, EngineError> {
    let short = group.short();
    if group.state == GroupState::Resolved || !tx.resolve_group(&group.signature, actor.who)? {
        let message = format!("failure {short} of {} is already resolved", group.tool);
        return Err(EngineError::new(ErrorCode::Conflict, message, "it reopens automatically if it occurs again"));
    }
    let note = UndoNote::Resolve(Resolved { signature: group.signature.clone() });
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "resolve".to_owned(),
        subject: group.tool.to_string(),
        detail: json!({
            "signature": group.signature, "message": group.sample_message, "count": group.count, "reason": reason,
            "undo": note,
        }),
        reversible: true,
    })?;
    let message = format!("failure {short} of {} is resolved; it reopens if it occurs again", group.tool);
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}

/// Removes a negative tag from all marks of a tool.
///
/// # Errors
/// `NotFound` if no mark has it.
pub fn untag(tx: &Tx<'_>, actor: Actor<'_>, tool: &ToolName, tag: &str) -> Result<Step, EngineError> {
    let marks = tx.failure_marks(tool)?;
    let marks: Vec<_> =
        marks.into_iter().filter(|mark| !mark.withdrawn && mark.tags.iter().any(|t| t == tag)).collect();
    if marks.is_empty() {
        let message = format!("no failure mark gives {tool} the tag {tag:?}");
        return Err(EngineError::new(
            ErrorCode::NotFound,
            message,
            "`toolsmith failures --marks` lists marks with their tags",
        ));
    }
    for mark in &marks {
        let kept: Vec<String> = mark.tags.iter().filter(|known| *known != tag).cloned().collect();
        tx.set_mark_words(mark.id, &MarkWords { tags: kept, ..mark.words() })?;
    }
    let number = marks.len();
    let note = UndoNote::Untag(Untagged { marks: marks.into_iter().map(|mark| (mark.id, mark.tags)).collect() });
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "untag".to_owned(),
        subject: tool.to_string(),
        detail: json!({"tag": tag, "undo": note}),
        reversible: true,
    })?;
    let message = format!("tag {tag} removed from {} of {tool}", count(number, "mark"));
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{actor, in_store};
    use super::*;
    use crate::domain::{Digest, NewMark, Severity};

    fn tool() -> ToolName {
        ToolName::new("t").unwrap()
    }

    fn mark(tx: &Tx<'_>, tags: &[&str]) -> crate::domain::MarkId {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let (scenario, error) = ("an empty list".to_owned(), "it crashed".to_owned());
        let (digest, severity) = (Digest([1; 32]), Severity::Medium);
        let mark = NewMark { run: None, tool: tool(), digest, scenario, error, severity, tags, who: "Ada".to_owned() };
        tx.mark_failure(&mark).unwrap()
    }

    #[test]
    fn a_failure_is_resolved_once() {
        in_store(|tx| {
            mark(tx, &[]);
            let group = |tx: &Tx<'_>| tx.failures(Some(&tool()), tx.now()).unwrap().remove(0);
            let open = group(tx);
            resolve(tx, actor(), &open, Some("it is fixed"))?;
            assert_eq!(group(tx).state, GroupState::Resolved);
            for known in [group(tx), open] {
                assert_eq!(resolve(tx, actor(), &known, None).unwrap_err().code, ErrorCode::Conflict);
            }
            assert_eq!(tx.operations(9, None)?.len(), 1);
            Ok(())
        });
    }

    #[test]
    fn a_tag_goes_from_every_mark_that_counts_and_gives_it_and_no_other_goes() {
        in_store(|tx| {
            let [both, other, withdrawn] = [&["slow", "wrong"][..], &["wrong"], &["slow"]].map(|tags| mark(tx, tags));
            tx.set_mark_withdrawn(withdrawn, true)?;
            untag(tx, actor(), &tool(), "slow")?;
            let tags = |id| tx.failure_mark(id).unwrap().unwrap().tags.join(" ");
            assert_eq!([both, other, withdrawn].map(tags), ["wrong", "wrong", "slow"]);
            assert_eq!(untag(tx, actor(), &tool(), "slow").unwrap_err().code, ErrorCode::NotFound);
            Ok(())
        });
    }
}
