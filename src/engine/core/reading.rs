//! Reading before an approval: every line was on screen, or the record states how many were not.

use super::team::team_version;
use crate::domain::team::Statement;
use crate::domain::{Comment, DecisionRequest, Digest, DisplayRecord, Review, Verdict, visible_words};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{Queries, StoreError, Tx};
use serde_json::json;

/// The digest of the evidence for and against a version: the results of its checks, comments of reviewers, and team
/// decisions against it; for a review of a server, also `changed`, what it lists now. It does not include the duration of
/// checks, nor the present lines of comments.
pub fn evidence_digest(
    verdict: Option<&Verdict>,
    comments: &[Comment],
    objections: &[Statement],
    changed: Option<&str>,
) -> Digest {
    let checks = verdict.into_iter().flat_map(|verdict| &verdict.checks);
    let checks: Vec<_> =
        checks.map(|check| json!([check.name, check.state.word(), check.findings, check.note])).collect();
    let comments: Vec<_> = comments.iter().map(|comment| json!([comment.id, comment.kind, comment.body])).collect();
    let objections: Vec<_> = objections.iter().map(|objection| objection.name).collect();
    let mut all = vec![json!(checks), json!(comments)];
    all.extend((!objections.is_empty()).then(|| json!(objections)));
    all.extend(changed.map(|changed| json!({"changed": changed})));
    Digest::of_bytes(json!(all).to_string().as_bytes())
}

/// Team decisions against a version that are not answered.
///
/// # Errors
/// Any failed read of the store.
pub fn objections(queries: &Queries, digest: Digest) -> Result<Vec<Statement>, StoreError> {
    Ok(team_version(queries, digest)?.map(|version| version.objections).unwrap_or_default())
}

/// The digest of the present evidence of a review.
///
/// # Errors
/// Any failed read of the store.
pub fn evidence_now(queries: &Queries, review: &Review) -> Result<Digest, EngineError> {
    let verdict = queries.verdict(&review.tool, review.digest)?;
    let is_approved = review.base_digest == Some(review.digest);
    let verdict = if is_approved { verdict.map(Verdict::told_of_approved) } else { verdict };
    let (comments, against) = (queries.comments_on(&review.tool)?, objections(queries, review.digest)?);
    Ok(evidence_digest(verdict.as_ref(), &comments, &against, review.changed_server()))
}

/// Lets an approval pass if every line was on screen, or if the reviewer stated that not all were, with a reason; in
/// both cases, the evidence must be unchanged.
///
/// # Errors
/// `Conflict` if the evidence changed; `Refused` if lines were not on screen; `Usage` if the reason is missing.
pub fn demand(tx: &Tx<'_>, request: &DecisionRequest, review: &Review) -> Result<(), EngineError> {
    if let Some(seen) = request.evidence
        && seen != evidence_now(tx, review)?
    {
        let against: Vec<String> = objections(tx, review.digest)?.iter().map(Statement::objection_words).collect();
        let against = if against.is_empty() { String::new() } else { format!("; the team has {}", against.join(", ")) };
        return Err(EngineError::new(
            ErrorCode::Conflict,
            format!("review {} was not approved: its evidence changed while you read it{against}", review.id),
            format!("read the new evidence with `toolsmith review {}`", review.id),
        ));
    }
    if request.shown.lines > 0 && request.shown.unread() == 0 {
        return Ok(());
    }
    let lines = not_read(&request.shown);
    if !request.unread {
        return Err(EngineError::new(
            ErrorCode::Refused,
            format!("review {} cannot be approved: {lines}", review.id),
            "read it to the end, or approve it with --unread and --reason TEXT; both are recorded permanently",
        ));
    }
    if request.reason.as_deref().and_then(visible_words).is_none() {
        return Err(EngineError::new(
            ErrorCode::Usage,
            format!("review {} needs a reason: {lines}", review.id),
            "write why it is approved unread; the reason is recorded permanently",
        ));
    }
    Ok(())
}

fn not_read(shown: &DisplayRecord) -> String {
    shown.unread_words().unwrap_or_else(|| "none of its lines were shown".to_owned())
}
