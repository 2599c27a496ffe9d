//! Recoveries: the same other tool helped repeatedly after a failure.

use super::reckon::{lower_bound, often, part};
use super::step::Session;
use crate::domain::{Opportunity, OpportunityKind, RunOutcome, Suggested, ToolName, Witness, Worth, signature_of};
use std::collections::BTreeMap;

/// Minimum number of times that the same tool helped.
pub const SUPPORT: usize = 5;

/// Maximum number of steps after a failure in which another tool counts as help.
const SOON: usize = 5;

/// Minimum share of the failures after which it helped, so that a tool that is always used does not count.
const SHARE: f64 = 0.5;

/// Maximum number of places shown for each.
const SHOWN: usize = 5;

/// A kind of failure, and the steps that followed.
#[derive(Default)]
struct FailurePattern<'a> {
    tool: &'a str,
    message: &'a str,
    failures: usize,
    /// For each tool that helped: the session, and the positions of failure and help.
    helped: BTreeMap<&'a str, Vec<(usize, usize, usize)>>,
}

/// The opportunities from recoveries: one tool that falls back by itself. Impact: failures that nobody would have to
/// fix by hand, `x / (x + 10)`; complexity 0.4, because both halves exist; confidence: the share of failures after
/// which it helped.
pub fn opportunities(sessions: &[Session]) -> Vec<Opportunity> {
    let mut kinds: BTreeMap<String, FailurePattern<'_>> = BTreeMap::new();
    for (nth, session) in sessions.iter().enumerate() {
        for (place, step) in session.steps.iter().enumerate() {
            let Some(message) = &step.failed else { continue };
            let signature = signature_of(&ToolName::of_words(&step.action), RunOutcome::Failed, message);
            // Repeated failing attempts are one occasion for help.
            let next = session.steps.get(place + 1).filter(|next| next.action == step.action);
            let again = next.and_then(|next| next.failed.as_ref()).is_some_and(|message| {
                signature_of(&ToolName::of_words(&step.action), RunOutcome::Failed, message) == signature
            });
            if again {
                continue;
            }
            let kind = kinds.entry(signature).or_default();
            (kind.tool, kind.message) = (&step.action, message);
            kind.failures += 1;
            let next = session.steps[place + 1..].iter().take(SOON).enumerate().find(|(_, next)| next.failed.is_none());
            // A later success of the same tool is not another strategy.
            if let Some((ahead, next)) = next.filter(|(_, next)| next.action != step.action) {
                let helped = kind.helped.entry(&next.action).or_default();
                let at = place + 1 + ahead;
                // One step after several failures counts as help once.
                helped.retain(|(session, _, before)| (*session, *before) != (nth, at));
                helped.push((nth, place, at));
            }
        }
    }
    let told = kinds.iter().flat_map(|(signature, kind)| {
        let enough = kind
            .helped
            .iter()
            .filter(|(_, places)| places.len() >= SUPPORT && places.len() as f64 >= SHARE * kind.failures as f64);
        enough.map(move |(other, places)| suggest(sessions, signature, kind, other, places))
    });
    told.collect()
}

fn suggest(
    sessions: &[Session],
    signature: &str,
    kind: &FailurePattern<'_>,
    other: &str,
    places: &[(usize, usize, usize)],
) -> Opportunity {
    let FailurePattern { tool, message, failures, .. } = kind;
    let count = places.len();
    let message = message.lines().next().unwrap_or_default();
    let evidence = places.iter().rev().take(SHOWN).map(|(session, failed, helped)| {
        let session = &sessions[*session];
        Witness {
            source: session.source.clone(),
            numbers: [*failed, *helped].iter().map(|place| session.steps[*place].number).collect(),
            text: format!("{tool} failed, {other} worked"),
        }
    });
    Opportunity::of(Suggested {
        kind: OpportunityKind::Recovery,
        about: format!("{signature}\n{other}"),
        name: format!("{tool} or {other}"),
        title: format!("{other} succeeded {count} times after {tool} failed: {message}"),
        description: format!(
            "One tool that does what {tool} does, and falls back to {other} when that fails with: {message}\n{other} succeeded after {count} of {failures} such failures."
        ),
        count: count as u64,
        worth: Worth {
            frequency: often(count),
            impact: part(count as f64, 10.0),
            complexity: 0.4,
            confidence: lower_bound(count, *failures),
        },
        parameters: Vec::new(),
        expected_output: None,
        tools: vec![(*tool).to_owned(), other.to_owned()],
        evidence: evidence.collect(),
        implementation: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::step::RecordedStep;
    use super::*;

    fn session(steps: &[(&str, Option<&str>)]) -> Session {
        let step = |(number, (action, failed)): (u64, &(&str, Option<&str>))| RecordedStep {
            action: (*action).to_owned(),
            number,
            failed: failed.map(str::to_owned),
            ..RecordedStep::default()
        };
        Session { source: "run".to_owned(), steps: (1..).zip(steps).map(step).collect() }
    }

    #[test]
    fn what_was_done_once_after_several_failures_helped_once() {
        let failures = [("divide", Some("by zero")); 5];
        let steps = [&failures[..], &[("other", None)]].concat();
        assert_eq!(opportunities(&[session(&steps)]), vec![]);
    }

    #[test]
    fn the_same_help_five_times_suggests_a_tool_and_four_times_does_not() {
        let helped = |n: u32| {
            let message = format!("timeout after {n} ms");
            session(&[("fetch", Some(&message)), ("fetch", Some(&message)), ("mirror", None), ("sort", None)])
        };
        let four: Vec<Session> = (0..4).map(helped).collect();
        assert_eq!(opportunities(&four), []);
        let five: Vec<Session> = (0..5).map(helped).collect();
        let found = opportunities(&five);
        assert_eq!((found.len(), found[0].kind, found[0].count), (1, OpportunityKind::Recovery, 5));
        assert_eq!((found[0].name.as_str(), &found[0].evidence[0].numbers[..]), ("fetch-or-mirror", &[2, 3][..]));
    }

    #[test]
    fn trying_once_more_is_no_other_strategy_and_a_tool_that_follows_everything_is_none() {
        let again: Vec<Session> =
            (0..9).map(|_| session(&[("fetch", Some("x")), ("fetch", None), ("mirror", None)])).collect();
        assert_eq!(opportunities(&again), []);
        let mut mixed: Vec<Session> = (0..5).map(|_| session(&[("fetch", Some("x")), ("log", None)])).collect();
        mixed.extend((0..6).map(|_| session(&[("fetch", Some("x")), ("fetch", None), ("log", None)])));
        assert_eq!(opportunities(&mixed), [], "it helped after less than half of the failures");
    }
}
