//! Telling the team that a member is looking at a version, and asking the team for a review.

use super::Teams;
use crate::domain::team::TeamKind;
use crate::domain::{Outcome, Review, ReviewId, VerbCall};
use crate::engine::core::{self, Step};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb, parsed};
use crate::engine::view::Preview;
use serde_json::json;

/// Claims a review: "I am looking at this".
pub(super) const CLAIM: PlainVerb = PlainVerb {
    name: "claim",
    needs_catalog: true,
    preview: |engine, call| {
        let review = engine.teams().shared_review(call)?;
        Ok(Preview {
            title: format!("Tell the team that you are looking at {} {}?", review.tool, review.version),
            lines: vec!["a hint for two hours; others may decide all the same".to_owned()],
            undo: "it expires by itself".to_owned(),
        })
    },
    perform: Perform::Human(|engine, who, call| engine.teams().tell(who, call, TeamKind::Claim)),
};

/// Asks the team for a review.
pub(super) const ASK_TEAM: PlainVerb = PlainVerb {
    name: "ask-team",
    needs_catalog: true,
    preview: |engine, call| {
        let review = engine.teams().shared_review(call)?;
        let lines = vec![format!("shares the files of {} {} and the request", review.tool, review.version)];
        let undo = "what was shared cannot be undone".to_owned();
        Ok(Preview { title: format!("Ask the team to review {}?", review.tool), lines, undo })
    },
    perform: Perform::Human(|engine, who, call| engine.teams().tell(who, call, TeamKind::Request)),
};

impl Teams<'_> {
    /// The review that a call names; its version must be shareable.
    fn shared_review(&self, call: &VerbCall) -> Result<Review, EngineError> {
        self.demand_exchange()?;
        self.demand_pin()?;
        let review = parsed::<ReviewId>(call, "review")?.ok_or_else(|| {
            EngineError::new(ErrorCode::Usage, "no review is named", "`toolsmith reviews` lists them")
        })?;
        let review = self.engine.reviews().row(review)?;
        if review.kind.judges_version() {
            return Ok(review);
        }
        let message = format!("review {} is not about one version of a tool", review.id);
        Err(EngineError::new(ErrorCode::Usage, message, "only versions are shared with the team"))
    }

    fn tell(&self, who: &str, call: &VerbCall, kind: TeamKind) -> Result<Outcome, EngineError> {
        let review = self.shared_review(call)?;
        core::undecided(&review)?;
        self.engine.reviews().keep_decided(&review)?;
        let agent = review.asker.as_deref().and_then(|asker| asker.strip_prefix("agent:")).map(str::to_owned);
        let agent = agent.filter(|_| kind == TeamKind::Request);
        let shared = self.of_verb(kind, self.subject_of(&review), call.get("reason"), agent)?;
        let verb = call.verb();
        let step = self.engine.step(who, |tx, actor| {
            let detail = json!({"review": review.id, "digest": review.digest, "reason": call.get("reason")});
            let operation = core::log_team(tx, actor, (verb, review.tool.as_str()), detail)?;
            let message = format!("review {} of {}: {}", review.id, review.tool, said(kind));
            let outcome = Outcome {
                operation: Some(operation),
                review: Some(review.id),
                message,
                commit: None,
                detail: serde_json::Value::Null,
            };
            shared.write(tx, actor, Step { outcome, intents: Vec::new() })
        })?;
        self.engine.finish(step)
    }
}

fn said(kind: TeamKind) -> &'static str {
    if kind == TeamKind::Claim { "claimed for two hours" } else { "the team is asked to review it" }
}
