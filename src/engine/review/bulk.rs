//! Deciding several reviews at once: first a table is shown, then each is decided separately.
//!
//! Nothing is relaxed: what a single decision refuses is refused here too, and risky reviews or those with a failed
//! check must be decided individually.

use crate::domain::{
    Caller, CheckState, Command, DecisionKind, DecisionRequest, Digest, Outcome, Review, ReviewId, ReviewState, Risk,
    ToolName,
};
use crate::engine::Reviews;
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use serde::Serialize;

/// One line of the table that is shown before several reviews are decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PreflightRow {
    /// Number of the review to decide.
    pub review: ReviewId,
    /// What it asks, in a word.
    pub asks: String,
    /// Name of the tool; `adoption` for an adoption.
    pub tool: ToolName,
    /// Path of the definition.
    pub path: String,
    /// Version that the manifest states.
    pub version: semver::Version,
    /// The digest that a decision would cover.
    pub digest: Digest,
    /// How much harm a wrong approval could do.
    pub risk: Risk,
    /// The combined result of the checks; `None` if none has run.
    pub verdict: Option<CheckState>,
    /// Why it cannot be decided with the others; `None` if it can.
    pub refusal: Option<String>,
    /// The digest of the present evidence, to detect later changes.
    pub evidence: Digest,
}

/// The result for one review.
#[derive(Debug)]
pub struct BulkResult {
    /// Number of the review that was decided or skipped.
    pub review: ReviewId,
    /// What was done, or why it is still pending.
    pub result: Result<Outcome, EngineError>,
}

impl Reviews<'_> {
    /// The given numbers that no review has, in order, without repetitions, each with its error.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn unknown(&self, reviews: &[ReviewId]) -> Result<Vec<(ReviewId, EngineError)>, EngineError> {
        let mut unknown: Vec<(ReviewId, EngineError)> = Vec::new();
        for id in reviews {
            match self.row(*id) {
                Ok(_) => {}
                Err(error) if error.code != ErrorCode::NotFound => return Err(error),
                Err(_) if unknown.iter().any(|(known, _)| known == id) => {}
                Err(error) => unknown.push((*id, error)),
            }
        }
        Ok(unknown)
    }

    /// What a decision would do for each of these reviews, in order, without repetitions. Changes nothing.
    ///
    /// # Errors
    /// `NotFound` for a number that no review has; `Internal` for errors of the store.
    pub fn preflight(&self, reviews: &[ReviewId], kind: DecisionKind) -> Result<Vec<PreflightRow>, EngineError> {
        self.expire_due()?;
        let mut seen = std::collections::HashSet::new();
        let once = reviews.iter().filter(|id| seen.insert(**id));
        once.map(|id| self.preflight_row(&self.row(*id)?, kind)).collect()
    }

    fn preflight_row(&self, review: &Review, kind: DecisionKind) -> Result<PreflightRow, EngineError> {
        Ok(PreflightRow {
            review: review.id,
            asks: review.asks().to_owned(),
            tool: review.tool.clone(),
            path: review.path.clone(),
            version: review.version.clone(),
            digest: review.digest,
            risk: review.risk,
            verdict: review.verdict.as_ref().map(|tally| tally.state),
            refusal: self.bulk_refusal(review, kind).map(|error| error.message),
            evidence: self.workspace.read(|q| core::evidence_now(q, review))?,
        })
    }

    /// Why a review is not decided together with others.
    fn bulk_refusal(&self, review: &Review, kind: DecisionKind) -> Option<EngineError> {
        if let Err(error) = core::undecided(review) {
            return Some(error);
        }
        if review.is_due(now()) {
            return Some(EngineError::new(ErrorCode::Conflict, "it expired", ""));
        }
        if kind != DecisionKind::Approve {
            return None;
        }
        let alone = |why: &str| {
            let hint = format!("read it with `toolsmith review {}` and approve it separately", review.id);
            Some(EngineError::new(ErrorCode::Refused, format!("{why}: decide it separately"), hint))
        };
        if review.risk == Risk::High {
            return alone("its risk is high");
        }
        match self.standing_in_the_way(review) {
            Ok(None) => {}
            Ok(Some(why)) => return alone(&why),
            Err(error) => return Some(error),
        }
        self.still_as_shown(review).err()
    }

    /// Why the checks of a review block its approval without a reason.
    fn standing_in_the_way(&self, review: &Review) -> Result<Option<String>, EngineError> {
        if !review.is_checked() {
            return Ok(None);
        }
        let base = review.base_digest.filter(|base| *base != review.digest);
        let verdict = self.engine.checks().verdict(&review.tool, review.digest)?;
        let Some(verdict) = verdict.filter(|verdict| verdict.is_complete() && verdict.base == base) else {
            return Ok(Some("its checks have not finished".to_owned()));
        };
        let blocking = self.engine.checks().blocking(&verdict, review.to_stage);
        Ok((!blocking.is_empty()).then(|| format!("{} did not pass", blocking.join(", "))))
    }

    /// Runs the checks of these reviews that have not run yet, so that the table is complete.
    ///
    /// # Errors
    /// `NotFound` for a number that no review has; `Internal` for errors of the store.
    pub fn check_for_bulk(&self, reviews: &[ReviewId]) -> Result<(), EngineError> {
        reviews.iter().try_for_each(|id| self.engine.checks().ensure(*id, &mut |_| {}))
    }

    /// Decides each of these reviews separately, in order: one that fails stays pending and does not affect the others.
    /// A review that is listed twice is decided once.
    pub fn decide_all(&self, requests: Vec<DecisionRequest>, caller: &Caller) -> Vec<BulkResult> {
        let mut seen = std::collections::HashSet::new();
        let once = requests.into_iter().filter(|request| seen.insert(request.review));
        once.map(|request| BulkResult { review: request.review, result: self.decide_one(request, caller) }).collect()
    }

    fn decide_one(&self, request: DecisionRequest, caller: &Caller) -> Result<Outcome, EngineError> {
        let review = self.row(request.review)?;
        // Before the rules for several reviews, so that an agent gets the error for agents.
        if matches!(caller, Caller::Human(_))
            && review.state == ReviewState::Waiting
            && let Some(refusal) = self.bulk_refusal(&review, request.kind)
        {
            return Err(refusal);
        }
        self.engine.execute(Command::Decide(request), caller)
    }
}
