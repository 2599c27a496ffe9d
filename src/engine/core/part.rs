//! Approving some of the tools of an adoption: the approved tools get a separate adoption, and the others stay pending.

use super::scan::members_digest;
use crate::domain::{DecisionRequest, Review, ReviewKind, ReviewState, count};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewReview, Tx};

/// The review, reduced to these tools for their approval.
///
/// # Errors
/// `Usage` if the review is not an adoption, or has no tool of such a name.
pub fn part_of(review: &Review, only: &[String]) -> Result<Review, EngineError> {
    if only.is_empty() {
        return Ok(review.clone());
    }
    if review.kind != ReviewKind::Adoption {
        let message = format!("review {} is about one tool, so --only does not apply", review.id);
        return Err(EngineError::new(ErrorCode::Usage, message, "leave --only out"));
    }
    let named = |key: &String| review.members_among(std::slice::from_ref(key)).len();
    if let Some(unknown) = only.iter().find(|key| named(key) == 0) {
        let message = format!("review {} does not cover {unknown}", review.id);
        let hint = format!("`toolsmith review {}` lists the tools that it covers", review.id);
        return Err(EngineError::new(ErrorCode::Usage, message, hint));
    }
    let twins = only.iter().find(|key| named(key) > 1);
    if let Some(name) = twins {
        let message = format!("several tools of review {} are called {name}", review.id);
        let keys: Vec<String> =
            review.members_among(std::slice::from_ref(name)).iter().map(|member| review.member_key(member)).collect();
        let hint = format!("name one by its digest: --only {}", keys.join(" or --only "));
        return Err(EngineError::new(ErrorCode::Ambiguous, message, hint));
    }
    let members = review.members_among(only);
    let digest = members_digest(&members);
    Ok(Review { digest, members, ..review.clone() })
}

/// Opens an adoption for the tools that an approval names, and ends the original one: the next scan opens a new
/// adoption for the rest. If all tools are named, or none, the review is unchanged.
///
/// # Errors
/// Those of [`part_of`]; `Usage` for a rejection of some tools; `Refused` if several people must approve.
pub(super) fn separated(
    tx: &Tx<'_>,
    request: &DecisionRequest,
    roles: &[String],
    review: Review,
) -> Result<Review, EngineError> {
    if request.only.is_empty() {
        return Ok(review);
    }
    if !request.approves() {
        let message = format!("{} is about all tools of review {}", request.kind, review.id);
        return Err(EngineError::new(
            ErrorCode::Usage,
            message,
            "approve the tools that you want; the others stay pending",
        ));
    }
    let part = part_of(&review, &request.only)?;
    if part.members.len() == review.members.len() {
        return Ok(review);
    }
    if !roles.is_empty() || review.votes().next().is_some() {
        let message = format!("review {} needs approvals of several people, so it is approved as a whole", review.id);
        return Err(EngineError::new(
            ErrorCode::Refused,
            message,
            "leave out the tools with the cost tier high, or approve all tools",
        ));
    }
    tx.set_review_state(review.id, ReviewState::Superseded)?;
    let opened = tx.open_review(&NewReview {
        kind: review.kind,
        tool: review.tool,
        version: review.version,
        digest: part.digest,
        from_stage: review.from_stage,
        to_stage: review.to_stage,
        risk: review.risk,
        summary: format!("{} of {}", part.members.len(), count(review.members.len(), "tool")),
        path: review.path,
        base_digest: None,
        members: part.members,
    })?;
    tx.review(opened)?.ok_or_else(|| EngineError::internal(format!("review {opened} was not written")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DecisionKind, Digest, DisplayRecord, Stage, Tool};
    use crate::engine::core::decide::decide;
    use crate::engine::core::decision::DecisionContext;
    use crate::engine::core::fixture::{actor, in_store, scanned, tool};
    use crate::engine::core::gates::Gates;
    use crate::engine::core::{Unsettled, undo};

    fn came() -> [Tool; 3] {
        [("one", 1), ("three", 3), ("two", 2)].map(|(name, byte)| tool(name, Stage::Approved, byte))
    }

    fn waiting(tx: &Tx<'_>) -> Result<Vec<Review>, EngineError> {
        Ok(tx.reviews(&[ReviewState::Waiting])?)
    }

    fn request(review: &Review, kind: DecisionKind, only: &[&str]) -> DecisionRequest {
        let shown = DisplayRecord { lines: 3, lines_shown: 3, tail_shown: true, ..DisplayRecord::default() };
        let only = only.iter().map(ToString::to_string).collect();
        DecisionRequest { shown, only, reason: Some("seen".into()), ..DecisionRequest::of(review, kind) }
    }

    fn names(review: &Review) -> Vec<&str> {
        review.members.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn some_tools_of_an_adoption_are_approved_and_the_others_stay_pending() {
        in_store(|tx| {
            let tools = came();
            scanned(tx, &tools, &Unsettled::default())?;
            let all = waiting(tx)?.remove(0);
            let gates = Gates::default();
            let context = DecisionContext::new(&gates);
            let step = decide(tx, actor(), &request(&all, DecisionKind::Approve, &["one", "two"]), &context)?;
            assert_eq!(step.outcome.message, "2 tools adopted");
            let is_approved = |tool: &Tool| {
                tx.approvals_of(&tool.name).unwrap().iter().any(|approval| approval.digest == tool.digest)
            };
            assert_eq!(tools.each_ref().map(is_approved), [true, false, true]);

            scanned(tx, &tools, &Unsettled::default())?;
            let rest = waiting(tx)?;
            assert_eq!(rest.iter().map(names).collect::<Vec<_>>(), [["three"]]);

            // Undoing it opens one review for all of them again.
            undo(tx, actor(), step.outcome.operation)?;
            scanned(tx, &tools, &Unsettled::default())?;
            assert_eq!(tools.each_ref().map(is_approved), [false; 3]);
            let again = waiting(tx)?;
            assert_eq!(again.iter().map(names).collect::<Vec<_>>(), [["one", "three", "two"]]);
            assert_ne!(again[0].id, all.id);
            Ok(())
        });
    }

    #[test]
    fn a_part_that_cannot_be_decided_is_refused_and_changes_nothing() {
        in_store(|tx| {
            scanned(tx, &came(), &Unsettled::default())?;
            let all = waiting(tx)?.remove(0);
            let gates = Gates::default();
            let plain = DecisionContext::new(&gates);
            let roles = DecisionContext { roles: vec!["security".into()], ..DecisionContext::new(&gates) };
            for (kind, only, context, code) in [
                (DecisionKind::Approve, "other", &plain, ErrorCode::Usage),
                (DecisionKind::Reject, "one", &plain, ErrorCode::Usage),
                (DecisionKind::Approve, "one", &roles, ErrorCode::Refused),
            ] {
                let refused = decide(tx, actor(), &request(&all, kind, &[only]), context).map(drop).unwrap_err();
                assert_eq!(refused.code, code, "{kind} {only}");
            }
            assert_eq!(waiting(tx)?, [all]);
            let single = Review { kind: ReviewKind::New, ..Review::ordinary("one") };
            assert_eq!(part_of(&single, &[single.tool.to_string()]).unwrap_err().code, ErrorCode::Usage);
            Ok(())
        });
    }

    #[test]
    fn of_tools_with_the_same_name_each_is_approved_by_its_digest() {
        in_store(|tx| {
            let twin = Tool { path: "tools/core/one/tool.toml".into(), ..tool("one", Stage::Core, 9) };
            let tools: Vec<Tool> = came().into_iter().chain([twin]).collect();
            scanned(tx, &tools, &Unsettled::default())?;
            let all = waiting(tx)?.remove(0);
            let keys: Vec<String> = all.members.iter().map(|member| all.member_key(member)).collect();
            assert_eq!(keys, ["one@01010101", "one@09090909", "three", "two"]);
            let refused = part_of(&all, &["one".to_owned()]).unwrap_err();
            assert_eq!(refused.code, ErrorCode::Ambiguous);
            assert_eq!(refused.hint, "name one by its digest: --only one@01010101 or --only one@09090909");
            let part = part_of(&all, &["one@09090909".to_owned()])?;
            assert_eq!(part.members.len(), 1);
            assert_eq!(part.members[0].1, Digest([9; 32]));
            Ok(())
        });
    }

    #[test]
    fn all_names_together_are_the_review_itself() {
        in_store(|tx| {
            scanned(tx, &came(), &Unsettled::default())?;
            let all = waiting(tx)?.remove(0);
            let every = request(&all, DecisionKind::Approve, &["one", "two", "three"]);
            assert_eq!(separated(tx, &every, &[], all.clone())?, all);
            assert_eq!(part_of(&all, &every.only)?.digest, all.digest);
            assert_ne!(part_of(&all, &every.only[..1])?.digest, Digest([0; 32]));
            Ok(())
        });
    }
}
