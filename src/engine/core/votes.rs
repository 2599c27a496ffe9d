//! Reviews that need a second approval, by another person, under a role that the user configured.

use super::decision::Deciding;
use super::step::Step;
use super::team::TeamVote;
use super::undo_note::UndoNote;
use crate::domain::team::mail_or_name;
use crate::domain::{Review, ReviewState};
use crate::engine::error::{EngineError, ErrorCode};

/// The effect of an approval.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Vote {
    Decides,
    /// It counts, and another one is needed; contains a description.
    Counts(String),
}

/// Counts an approval of `who`: one ordinary approval is needed, and one of each of the `roles`. Approvals by the
/// `team` count if they are by other people.
///
/// # Errors
/// `Conflict` if the same person approved before; `Usage` for an unknown role; `HumanNeeded` if only an approval under
/// a role is missing and this one names none.
pub(super) fn count(
    review: &Review,
    who: &str,
    role: Option<&str>,
    roles: &[String],
    team: &[TeamVote],
) -> Result<Vote, EngineError> {
    if roles.is_empty() {
        return Ok(Vote::Decides);
    }
    if let Some(role) = role.filter(|role| !roles.iter().any(|known| known == role)) {
        let message = format!("review {} does not need the role {role:?}", review.id);
        return Err(EngineError::new(ErrorCode::Usage, message, format!("it needs {}", roles.join(", "))));
    }
    if review.votes().any(|vote| vote.reviewer.trim() == who.trim()) {
        return Err(EngineError::new(
            ErrorCode::Conflict,
            format!("{who} already approved review {}; another person must give the other approval", review.id),
            "`toolsmith undo` reverts the first one",
        ));
    }
    let here: Vec<&str> = review.votes().map(|vote| vote.reviewer.as_str()).chain([who]).collect();
    let is_other = |vote: &&TeamVote| here.iter().all(|name| mail_or_name(name) != mail_or_name(&vote.signer));
    let of_team = team.iter().filter(is_other).map(|vote| vote.role.as_deref());
    let before: Vec<Option<&str>> = review.votes().map(|vote| vote.role.as_deref()).chain(of_team).collect();
    let given: Vec<Option<&str>> = before.iter().copied().chain([role]).collect();
    let before = missing_votes(before.into_iter(), roles);
    let after = missing_votes(given.iter().copied(), roles);
    if after.len() == before.len() && !before.is_empty() {
        let message = format!("review {} needs an approval by {}", review.id, after.join(", "));
        return Err(EngineError::new(ErrorCode::HumanNeeded, message, "name your role: --role ROLE"));
    }
    if after.is_empty() {
        return Ok(Vote::Decides);
    }
    let needed = roles.len() + 1;
    let done = needed - after.len();
    Ok(Vote::Counts(format!(
        "review {} of {}: {done} of {needed} approvals, still needs {}",
        review.id,
        review.tool,
        after.join(", ")
    )))
}

/// The missing approvals. A second approval under the same role counts as the ordinary one.
pub fn missing_votes<'a>(votes: impl Iterator<Item = Option<&'a str>>, roles: &[String]) -> Vec<String> {
    let (mut open, mut plain): (Vec<&String>, bool) = (roles.iter().collect(), true);
    for vote in votes {
        match open.iter().position(|role| Some(role.as_str()) == vote) {
            Some(place) => drop(open.remove(place)),
            None => plain = false,
        }
    }
    let plain = plain.then(|| "any other reviewer".to_owned());
    open.into_iter().map(|role| format!("the role {role}")).chain(plain).collect()
}

/// Stores an approval that does not decide yet.
pub(super) fn keep(deciding: &Deciding<'_, '_>, message: String) -> Result<Step, EngineError> {
    // The state of the review does not change, but the approval is logged and announced.
    let operation = deciding.settle(&UndoNote::Vote { review: deciding.review.id }, ReviewState::Waiting)?;
    Ok(deciding.step(operation, message, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Decision, DecisionKind};

    /// A pending review with these approvals: by whom, and under which role.
    fn review(votes: &[(&str, Option<&str>)]) -> Review {
        let vote = |(who, role): &(&str, Option<&str>)| Decision {
            reviewer: (*who).to_owned(),
            role: role.map(str::to_owned),
            ..Decision::ordinary(DecisionKind::Approve, 1)
        };
        Review { decisions: votes.iter().map(vote).collect(), ..Review::ordinary("t") }
    }

    #[test]
    fn a_yes_decides_with_the_last_missing_one_and_counts_before_that() {
        let roles = ["security", "legal"].map(str::to_owned);
        let (security, legal) = (Some("security"), Some("legal"));
        for (votes, role, waits_for) in [
            (&[][..], None, Some("1 of 3 approvals, still needs the role security, the role legal")),
            (&[], legal, Some("1 of 3 approvals, still needs the role security, any other reviewer")),
            (&[("Ada", None)], security, Some("2 of 3 approvals, still needs the role legal")),
            (&[("Ada", security)], security, Some("2 of 3 approvals, still needs the role legal")),
            (&[("Ada", security)], legal, Some("2 of 3 approvals, still needs any other reviewer")),
            (&[("Ada", None), ("Bob", security)], legal, None),
            (&[("Ada", security), ("Bob", legal)], None, None),
            (&[("Ada", security), ("Bob", legal)], legal, None),
        ] {
            let wanted = waits_for.map_or(Vote::Decides, |words| Vote::Counts(format!("review 1 of t: {words}")));
            assert_eq!(count(&review(votes), "Cy", role, &roles, &[]).unwrap(), wanted, "{votes:?} {role:?}");
        }
        for role in [None, security] {
            assert_eq!(
                count(&review(&[("Cy", None)]), "Cy", role, &[], &[]).unwrap(),
                Vote::Decides,
                "no role is needed"
            );
        }
    }

    #[test]
    fn a_yes_that_brings_a_review_no_further_is_refused() {
        let roles = ["security".to_owned()];
        for (votes, who, role, code, says) in [
            (&[][..], "Cy", Some("legal"), ErrorCode::Usage, "does not need the role \"legal\""),
            (&[], "Cy", Some("Security"), ErrorCode::Usage, "does not need the role \"Security\""),
            (&[("Cy", None)], "Cy", Some("security"), ErrorCode::Conflict, "Cy already approved review 1"),
            (&[("Cy ", None)], " Cy", Some("security"), ErrorCode::Conflict, "already approved review 1"),
            (&[("Ada", None)], "Cy", None, ErrorCode::HumanNeeded, "needs an approval by the role security"),
        ] {
            let error = count(&review(votes), who, role, &roles, &[]).unwrap_err();
            assert!(error.code == code && error.message.contains(says), "{votes:?} {role:?}: {error:?}");
        }
        let undone = |mut review: Review| {
            review.decisions[0].undone = true;
            review
        };
        let again = count(&undone(review(&[("Cy", None)])), "Cy", None, &roles, &[]).unwrap();
        assert_eq!(again, Vote::Counts("review 1 of t: 1 of 2 approvals, still needs the role security".to_owned()));
    }

    #[test]
    fn approvals_of_the_team_count_once_and_only_for_other_people() {
        let roles = ["security".to_owned()];
        let of_team = |signer: &str, role: Option<&str>| TeamVote {
            signer: format!("{signer} <{signer}@x>"),
            role: role.map(str::to_owned),
        };
        let security = Some("security");
        for (votes, team, decides) in [
            (&[][..], &[of_team("bob", security)][..], true),
            (&[], &[of_team("bob", None)], false),
            (&[], &[of_team("cy", security)], false),
            (&[("bob <bob@x>", None)], &[of_team("bob", security)], false),
            (&[("ada <ada@x>", None)], &[of_team("bob", security)], true),
        ] {
            let found = count(&review(votes), "cy <cy@x>", None, &roles, team);
            assert_eq!(found.is_ok_and(|vote| vote == Vote::Decides), decides, "{votes:?} {team:?}");
        }
    }

    #[test]
    fn each_role_needs_a_yes_of_its_own_and_one_more_of_anybody() {
        let roles = ["security", "legal"].map(str::to_owned);
        let (any, security, legal) = ("any other reviewer", "the role security", "the role legal");
        for (votes, missing) in [
            (&[][..], &[security, legal, any][..]),
            (&[None], &[security, legal]),
            (&[None, None], &[security, legal]),
            (&[Some("security")], &[legal, any]),
            (&[Some("security"), Some("security")], &[legal]),
            (&[Some("security"), Some("legal")], &[any]),
            (&[Some("security"), None, Some("legal")], &[]),
        ] {
            assert_eq!(missing_votes(votes.iter().copied(), &roles), missing, "{votes:?}");
        }
    }
}
