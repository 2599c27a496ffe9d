//! Deciding one review.

use crate::domain::{DecisionKind, DecisionRequest, Outcome, Review, plural};
use crate::engine::Reviews;
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::engine::view::Preview;

impl Reviews<'_> {
    /// The review, reduced to these tools; unchanged if no tool is named.
    ///
    /// # Errors
    /// `Usage` if the review is not an adoption or has no tool of such a name; `Ambiguous` if several have it.
    pub fn part(&self, review: &Review, only: &[String]) -> Result<Review, EngineError> {
        core::part_of(review, only)
    }

    pub(in crate::engine) fn decide(&self, who: &str, request: &DecisionRequest) -> Result<Outcome, EngineError> {
        self.expire_due()?;
        let review = core::part_of(&self.row(request.review)?, &request.only)?;
        let context = self.context_of(&review, request)?;
        self.keep_decided(&review)?;
        if request.approves() {
            self.engine.integrity().refuse_doubtful_votes(&review)?;
        }
        let is_checked = request.approves() && review.is_checked();
        let interpreter = if is_checked { self.engine.dependencies().interpreter_under(&review) } else { None };
        let shared = self.engine.teams().of_decision(who, &review, (request, &context.roles))?;
        let step = self.engine.step(who, |tx, actor| {
            if let Some(facts) = &interpreter {
                tx.keep_approved_interpreter(&review.tool, review.digest, facts)?;
            }
            shared.write(tx, actor, core::decide(tx, actor, request, &context)?)
        })?;
        self.engine.finish(step)
    }

    pub(in crate::engine) fn preview_decision(&self, request: &DecisionRequest) -> Result<Preview, EngineError> {
        let (id, kind) = (request.review, request.kind);
        let whole = self.row(id)?;
        core::undecided(&whole)?;
        let review = core::part_of(&whole, &request.only)?;
        let left = whole.members.len() - review.members.len();
        let mut lines = Vec::new();
        if kind == DecisionKind::Approve {
            lines = self.consequences(&review)?;
            if left > 0 {
                lines.push(format!("{} pending", plural(left, "tool stays", "tools stay")));
            }
        } else {
            lines.push(format!("review {id} of {} is closed; files stay in place", review.tool));
        }
        let subject = if review.kind.is_posted_text() {
            format!("{} of {}", review.kind, review.tool)
        } else {
            format!("{} {} ({} → {})", review.tool, review.version, review.from_stage, review.to_stage)
        };
        Ok(Preview { title: format!("{kind} review {id}: {subject}"), lines, undo: "u (undo) reverts it".to_owned() })
    }
}
