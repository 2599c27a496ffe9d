//! Deciding one review.

use crate::domain::{DecisionKind, Digest, Outcome, ReviewId, Shown};
use crate::engine::Reviews;
use crate::engine::core::{self, DecideInput};
use crate::engine::error::EngineError;
use crate::engine::view::Preview;

/// A decision as asked for.
pub(in crate::engine) struct Asked<'a> {
    pub(in crate::engine) review: ReviewId,
    pub(in crate::engine) digest: Digest,
    pub(in crate::engine) kind: DecisionKind,
    pub(in crate::engine) reason: Option<&'a str>,
    pub(in crate::engine) shown: Shown,
    pub(in crate::engine) override_reason: Option<&'a str>,
    pub(in crate::engine) role: Option<&'a str>,
    pub(in crate::engine) unread: bool,
    pub(in crate::engine) evidence: Option<Digest>,
}

impl Reviews<'_> {
    pub(in crate::engine) fn decide(&self, who: &str, asked: &Asked<'_>) -> Result<Outcome, EngineError> {
        self.expire_due()?;
        let review = self.row(asked.review)?;
        let grounds = self.grounds(&review, asked.kind)?;
        let maker = self.maker_of(&review);
        let yes = asked.kind == DecisionKind::Approve;
        let promotion = yes.then(|| self.engine.versions().promotion_by(&review, asked.reason)).flatten();
        self.keep_decided(&review)?;
        if yes {
            self.engine.integrity().refuse_doubtful_votes(&review)?;
        }
        let interpreter =
            if yes && review.is_checked() { self.engine.dependencies().interpreter_under(&review) } else { None };
        let step = self.engine.step(who, |tx, actor| {
            if let Some(facts) = &interpreter {
                tx.keep_approved_interpreter(&review.tool, review.digest, facts)?;
            }
            let input = DecideInput {
                review: &review,
                digest: asked.digest,
                kind: asked.kind,
                reason: asked.reason,
                shown: asked.shown.clone(),
                override_reason: asked.override_reason,
                gates: &self.workspace.settings.gates,
                maker: maker.as_ref(),
                placed: grounds.placed.as_ref(),
                replaced: grounds.replaced.as_ref(),
                archive: grounds.archive.as_ref(),
                promotion: promotion.as_ref(),
                unread: asked.unread,
                evidence: asked.evidence,
                role: asked.role,
                roles: &grounds.roles,
            };
            core::decide(tx, actor, &input)
        })?;
        self.engine.finish(step)
    }

    pub(in crate::engine) fn preview_decision(&self, id: ReviewId, kind: DecisionKind) -> Result<Preview, EngineError> {
        let review = self.row(id)?;
        core::undecided(&review)?;
        let mut lines = Vec::new();
        if kind == DecisionKind::Approve {
            lines = self.consequences(&review)?;
        } else {
            lines.push(format!("review {id} of {} is closed; files stay in place", review.tool));
        }
        Ok(Preview {
            title: format!(
                "{kind} review {id}: {} {} ({} → {})",
                review.tool, review.version, review.from_stage, review.to_stage
            ),
            lines,
            undo: "u (undo) reverts it".to_owned(),
        })
    }
}
