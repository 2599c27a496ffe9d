//! The gate before an approval: checks have ended, and none blocks it unless a human overrides it.

use super::decision::Override;
use super::gates::Gates;
use crate::domain::{DecisionRequest, Review, visible_words};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::Tx;

/// Lets an approval pass, or refuses it. `None`: nothing blocked it, even if a reason was given.
///
/// # Errors
/// `Refused` if the checks have not ended, or if one blocks approval and no reason was given.
pub fn pass(
    tx: &Tx<'_>,
    request: &DecisionRequest,
    gates: &Gates,
    review: &Review,
) -> Result<Option<Override>, EngineError> {
    if !review.is_checked() {
        return Ok(None);
    }
    let base = review.base_digest.filter(|base| *base != review.digest);
    let verdict = tx.verdict(&review.tool, review.digest)?.filter(|v| v.is_complete() && v.base == base);
    let Some(verdict) = verdict else {
        return Err(EngineError::new(
            ErrorCode::Refused,
            format!("review {} cannot be approved yet: its checks have not finished", review.id),
            format!("`toolsmith check {}` runs them now", review.tool),
        ));
    };
    let checks: Vec<String> =
        gates.blocking(&verdict, review.to_stage).iter().map(|check| check.name.clone()).collect();
    if checks.is_empty() {
        return Ok(None);
    }
    match request.override_reason.as_deref().and_then(visible_words) {
        Some(reason) => Ok(Some(Override { reason: reason.to_owned(), checks })),
        None if request.override_reason.is_some() => Err(EngineError::new(
            ErrorCode::Refused,
            format!(
                "review {} cannot be approved: {} did not pass, and the override has no reason",
                review.id,
                checks.join(", ")
            ),
            "write why that is acceptable; the reason is recorded permanently",
        )),
        None => Err(EngineError::new(
            ErrorCode::Refused,
            format!("review {} cannot be approved: {} did not pass", review.id, checks.join(", ")),
            format!(
                "`toolsmith check {}` shows why; `--override REASON` approves anyway and records the reason permanently",
                review.tool
            ),
        )),
    }
}
