//! Chains: sequences of steps that one tool could perform, each reported once.

use super::reckon::{lower_bound, often, part};
use super::span::{Events, Match, Pattern, patterns};
use super::step::Session;
use crate::domain::{InputParameter, Opportunity, OpportunityKind, Suggested, Witness, Worth};
use serde_json::Map;
use std::collections::{HashMap, HashSet};

/// Minimum number of occurrences of a chain.
pub const SUPPORT: usize = 5;

/// Minimum share of occurrences with a data flow, for a chain with a data flow.
const FLOWING: f64 = 0.8;

/// Minimum share of occasions on which the steps follow directly, for a chain without a data flow.
const ALWAYS: f64 = 0.9;

/// A part of a longer chain is reported separately only if it occurs this often without the rest.
const ALONE: usize = SUPPORT;

/// Maximum number of places shown for each chain.
const SHOWN: usize = 5;

/// A chain of steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Its actions, in order.
    pub actions: Vec<String>,
    /// Number of occurrences of the chain.
    pub support: usize,
    /// Number of times that these steps occur in this order, linked or not.
    pub occasions: usize,
    /// Whether values flow from step to step; otherwise the steps always follow each other directly.
    pub flows: bool,
    /// The sessions and the steps in them.
    places: Vec<(usize, Vec<usize>)>,
}

/// Every chain with at least this support. A part of a chain is reported only if it also occurs on its own.
pub fn chains(sessions: &[Session], support: usize) -> Vec<Chain> {
    let events = Events::of(sessions);
    let mut candidates = patterns(&events, support);
    // The longest first, then the most frequent: parts of a reported chain need no separate report.
    candidates.sort_by(|a, b| {
        let rank = |p: &Pattern| (std::cmp::Reverse(p.actions.len()), std::cmp::Reverse(p.matches.len()));
        rank(a).cmp(&rank(b)).then_with(|| names(&events, a).cmp(&names(&events, b)))
    });
    let mut explained: HashSet<(u32, u32)> = HashSet::new();
    let mut told = Vec::new();
    for pattern in candidates {
        let is_free = |one: &&Match| one.places().iter().all(|at| !explained.contains(&(one.session, *at)));
        if pattern.matches.iter().filter(is_free).count() < ALONE.max(if told.is_empty() { support } else { ALONE }) {
            continue;
        }
        let occasions = events.occasions(&pattern.actions).max(pattern.matches.len());
        let Some(flows) = holds(&events, &pattern, occasions) else { continue };
        explained.extend(pattern.matches.iter().flat_map(|one| one.places().iter().map(|at| (one.session, *at))));
        let places = pattern
            .matches
            .iter()
            .map(|one| (one.session as usize, one.places().iter().map(|at| events.step(one.session, *at)).collect()));
        told.push(Chain {
            actions: names(&events, &pattern).into_iter().map(str::to_owned).collect(),
            support: pattern.matches.len(),
            occasions,
            flows,
            places: places.collect(),
        });
    }
    told
}

/// Whether a pattern is a chain: `Some(true)` with a data flow, `Some(false)` if its steps always follow directly or
/// the data flow is unknown.
fn holds(events: &Events<'_>, pattern: &Pattern, occasions: usize) -> Option<bool> {
    let count = pattern.matches.len() as f64;
    let steps = pattern.actions.len() - 1;
    let fed = pattern.matches.iter().filter(|one| usize::from(one.fed) == steps).count();
    if fed as f64 >= FLOWING * count {
        return Some(true);
    }
    // Two adjacent steps without a data flow are a habit, not a unit of work.
    if steps < 2 {
        return None;
    }
    let direct = pattern.matches.iter().filter(|one| one.is_direct() || usize::from(one.fed) == steps).count();
    let known = pattern.matches.iter().all(|one| {
        one.places()
            .iter()
            .all(|at| events.sessions[one.session as usize].steps[events.step(one.session, *at)].is_known)
    });
    (!known || direct as f64 >= ALWAYS * occasions as f64).then_some(false)
}

fn names<'a>(events: &Events<'a>, pattern: &Pattern) -> Vec<&'a str> {
    pattern.actions.iter().map(|action| events.actions[*action as usize]).collect()
}

/// The opportunities from the chains of these sessions. Impact: the steps that one tool would save, `x / (x + 50)`;
/// complexity: steps and open inputs, `x / (x + 10)`; confidence: the share of its occasions on which the chain held.
pub fn opportunities(sessions: &[Session]) -> Vec<Opportunity> {
    chains(sessions, SUPPORT).iter().map(|chain| suggest(sessions, chain)).collect()
}

fn suggest(sessions: &[Session], chain: &Chain) -> Opportunity {
    let parameters = open_inputs(sessions, chain);
    let steps = chain.actions.len();
    let joined = chain.actions.join(" → ");
    let how = if chain.flows {
        "inputs or outputs of a step are used in a later step"
    } else {
        "the steps follow each other"
    };
    let evidence = chain.places.iter().rev().take(SHOWN).map(|(session, places)| {
        let session = &sessions[*session];
        Witness {
            source: session.source.clone(),
            numbers: places.iter().map(|place| session.steps[*place].number).collect(),
            text: joined.clone(),
        }
    });
    let listed: Vec<String> =
        (1..).zip(&chain.actions).map(|(n, action): (usize, _)| format!("{n}. {action}")).collect();
    Opportunity::of(Suggested {
        kind: OpportunityKind::Sequence,
        about: chain.actions.join("\n"),
        name: format!("{} to {}", first_word(&chain.actions[0]), first_word(&chain.actions[steps - 1])),
        title: format!("{joined}: done {} times, {how}", chain.support),
        description: format!("One tool that runs these steps in sequence:\n{}", listed.join("\n")),
        count: chain.support as u64,
        worth: Worth {
            frequency: often(chain.support),
            impact: part((chain.support * (steps - 1)) as f64, 50.0),
            complexity: part((steps + parameters.len()) as f64, 10.0),
            confidence: lower_bound(chain.support, chain.occasions),
        },
        parameters,
        expected_output: None,
        tools: chain.actions.clone(),
        evidence: evidence.collect(),
        implementation: None,
    })
}

/// The word that best names an action: its first one.
pub fn first_word(action: &str) -> &str {
    action.split_whitespace().next().unwrap_or(action)
}

/// The inputs of a combined tool: values that no earlier step gets or returns, at most places of the chain.
fn open_inputs(sessions: &[Session], chain: &Chain) -> Vec<InputParameter> {
    let mut open: Vec<(usize, String, crate::domain::ParameterType, usize)> = Vec::new();
    let mut index: HashMap<(usize, String), usize> = HashMap::new();
    for (session, places) in &chain.places {
        let steps: Vec<_> = places.iter().map(|place| &sessions[*session].steps[*place]).collect();
        for (nth, step) in steps.iter().enumerate() {
            for field in &step.fields {
                let fed = field.token.is_some_and(|token| {
                    let before = &steps[..nth];
                    before.iter().any(|b| b.gave.binary_search(&token).is_ok() || b.given.binary_search(&token).is_ok())
                });
                if !fed {
                    let at = *index.entry((nth, field.name.clone())).or_insert_with(|| {
                        open.push((nth, field.name.clone(), field.kind, 0));
                        open.len() - 1
                    });
                    open[at].3 += 1;
                }
            }
        }
    }
    open.retain(|(.., count)| count * 2 > chain.places.len());
    open.sort_by_key(|(nth, ..)| *nth);
    let mut used: HashSet<String> = HashSet::new();
    let parameters = open.into_iter().map(|(nth, name, kind, count)| {
        let plain = super::reckon::parameter_name(&name);
        let name = if used.insert(plain.clone()) { plain } else { format!("{plain}_{}", nth + 1) };
        used.insert(name.clone());
        InputParameter {
            name,
            kind,
            description: format!("for step {}, {}", nth + 1, chain.actions[nth]),
            required: count == chain.places.len(),
            constraints: Map::new(),
        }
    });
    let mut parameters: Vec<InputParameter> = parameters.collect();
    super::reckon::distinct(&mut parameters);
    parameters
}
