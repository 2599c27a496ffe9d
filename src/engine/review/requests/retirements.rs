//! Opens one review for each proposal.

use super::{Posting, Requests};
use crate::domain::{Caller, Outcome, ProposedEnd, Retirement, plural};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::Preview;
use serde_json::{Value, json};

/// Maximum number of proposals listed before a human confirms.
const NAMED: usize = 12;

impl Requests<'_> {
    /// Opens a review for each proposal; proposals that fail are reported, and the others proceed.
    ///
    /// # Errors
    /// `Usage` without a proposal; the error of the first proposal if none succeeded.
    pub(in crate::engine) fn propose(&self, proposals: &[Retirement], caller: &Caller) -> Result<Outcome, EngineError> {
        let expires_at = self.expires_at(None);
        let (mut reviews, mut refused, mut first) = (Vec::new(), Vec::new(), None);
        let mut last = None;
        for proposal in proposals {
            let posting = Posting { verb: "request", expires_at, replaces: None };
            match self.post(&request_of(proposal), caller, posting) {
                Ok(outcome) => {
                    reviews.extend(outcome.review);
                    last = Some(outcome);
                }
                Err(error) => {
                    refused.push(json!({"tool": proposal.tool, "path": proposal.path, "why": error.message}));
                    first = first.or(Some(error));
                }
            }
        }
        let Some(last) = last else {
            let nothing = || EngineError::new(ErrorCode::Usage, "nothing to propose", "");
            return Err(first.unwrap_or_else(nothing));
        };
        let message = match (reviews.as_slice(), refused.len()) {
            ([_], 0) => last.message.clone(),
            (all, not) => {
                let more = if not == 0 { String::new() } else { format!(", {not} not proposed") };
                format!("{} opened{more}", plural(all.len(), "review", "reviews"))
            }
        };
        let alone = reviews.len() == 1;
        let detail = json!({"reviews": reviews, "refused": refused});
        Ok(Outcome {
            operation: last.operation.filter(|_| alone),
            review: last.review.filter(|_| alone),
            message,
            commit: None,
            detail,
        })
    }
}

/// A proposal as a request.
fn request_of(proposal: &Retirement) -> Value {
    let Retirement { tool, path, end, reason } = proposal;
    match end {
        ProposedEnd::Archive => json!({"kind": "archive", "tool": tool, "path": path, "rationale": reason}),
        ProposedEnd::Deprecate { by } => {
            json!({"kind": "deprecation", "tool": tool, "successor": by, "rationale": reason})
        }
    }
}

/// A preview of the proposals.
pub fn preview_proposals(proposals: &[Retirement]) -> Preview {
    let mut lines: Vec<String> = proposals.iter().take(NAMED).map(Retirement::line).collect();
    if proposals.len() > NAMED {
        lines.push(format!("and {} more", proposals.len() - NAMED));
    }
    lines.push("nothing changes until a human approves it".to_owned());
    Preview {
        title: format!("Propose {}?", plural(proposals.len(), "change", "changes")),
        lines,
        undo: "rejecting a review keeps the tool as it is".to_owned(),
    }
}
