//! Where one yes is not enough: a second one, of another person, under a role that the user named.

use super::decide::{DecideInput, Noted, record};
use super::gate::Override;
use super::{Actor, Step, UndoNote, answer};
use crate::domain::{Review, ReviewState};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::Tx;

/// What a yes does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Vote {
    /// It decides.
    Decides,
    /// It counts, and another one is needed; in words.
    Counts(String),
}

/// Counts a yes of `who`: one ordinary yes is needed, and one of each of the `roles`.
///
/// # Errors
/// `Conflict` when the same person said yes before; `Usage` for a role that is not asked for; `HumanNeeded`
/// when only a yes under a role is missing and this one names none.
pub(super) fn count(review: &Review, who: &str, role: Option<&str>, roles: &[String]) -> Result<Vote, EngineError> {
    if roles.is_empty() {
        return Ok(Vote::Decides);
    }
    if let Some(role) = role.filter(|role| !roles.iter().any(|known| known == role)) {
        let message = format!("review {} asks for no role {role:?}", review.id);
        return Err(EngineError::new(ErrorCode::Usage, message, format!("it asks for {}", roles.join(", "))));
    }
    if review.votes().any(|vote| vote.reviewer.trim() == who.trim()) {
        return Err(EngineError::new(
            ErrorCode::Conflict,
            format!("{who} said yes to review {} already; the other yes is another person's", review.id),
            "`toolsmith undo` takes the first one back",
        ));
    }
    let before = missing_votes(review.votes().map(|vote| vote.role.as_deref()), roles);
    let given: Vec<Option<&str>> = review.votes().map(|vote| vote.role.as_deref()).chain([role]).collect();
    let after = missing_votes(given.iter().copied(), roles);
    if after.len() == before.len() {
        let message = format!("review {} needs a yes of {}", review.id, after.join(", "));
        return Err(EngineError::new(ErrorCode::HumanNeeded, message, "name the role: --role ROLE"));
    }
    if after.is_empty() {
        return Ok(Vote::Decides);
    }
    let needed = roles.len() + 1;
    let done = needed - after.len();
    Ok(Vote::Counts(format!(
        "review {} of {}: {done} of {needed}, waits for {}",
        review.id,
        review.tool,
        after.join(", ")
    )))
}

/// Which votes are not given. A second vote of one role counts as the ordinary one.
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

/// Keeps a yes that does not decide yet.
pub(super) fn keep(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    input: &DecideInput<'_>,
    review: &Review,
    (message, passed_over): (String, Option<&Override>),
) -> Result<Step, EngineError> {
    let undo = &UndoNote::Vote { review: review.id };
    let operation = record(tx, actor, input, review, Noted { undo, passed_over })?;
    // Where it stands does not change; that somebody said yes is told all the same.
    tx.set_review_state(review.id, ReviewState::Waiting)?;
    Ok(Step { outcome: answer(Some(operation), Some(review.id), message), intents: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

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
