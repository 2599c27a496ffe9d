//! Chains: patterns of steps that one tool could do, told once each.

use super::reckon::{lower_bound, often, part};
use super::span::{Events, Match, Pattern, patterns};
use super::step::Session;
use crate::domain::{InputParameter, Opportunity, OpportunityKind, Suggested, Witness, Worth};
use serde_json::Map;
use std::collections::{HashMap, HashSet};

/// How often a chain must have been done.
pub const SUPPORT: usize = 5;

/// The share of its places at which a value must flow for the data to be said to flow.
const FLOWING: f64 = 0.8;

/// The share of its occasions at which the steps must follow directly where no data flows.
const ALWAYS: f64 = 0.9;

/// A part of a longer chain is told beside it only when it is done so often without the rest.
const ALONE: usize = SUPPORT;

/// Places shown of each chain.
const SHOWN: usize = 5;

/// A chain that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// What is done, in order.
    pub actions: Vec<String>,
    /// How often the chain was found.
    pub support: usize,
    /// How often these steps stand in this order, linked or not.
    pub occasions: usize,
    /// Whether values flow from step to step; else the steps always follow each other directly.
    pub flows: bool,
    /// The sessions and the steps in them.
    places: Vec<(usize, Vec<usize>)>,
}

/// Every chain with at least this support: closed, and no part of one told beside it unless it is done on its own too.
pub fn chains(sessions: &[Session], support: usize) -> Vec<Chain> {
    let events = Events::of(sessions);
    let mut candidates = patterns(&events, support);
    // The longest first, of these the one done most often: what it explains, its parts need not explain.
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

/// Whether a pattern is a chain: `Some(true)` when data flows, `Some(false)` when its steps always follow directly,
/// or nobody can know what flows.
fn holds(events: &Events<'_>, pattern: &Pattern, occasions: usize) -> Option<bool> {
    let count = pattern.matches.len() as f64;
    let steps = pattern.actions.len() - 1;
    let fed = pattern.matches.iter().filter(|one| usize::from(one.fed) == steps).count();
    if fed as f64 >= FLOWING * count {
        return Some(true);
    }
    // Two steps that only stand side by side are a habit, not yet a piece of work.
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

/// What the chains of these sessions suggest. Impact: the steps that one tool would spare, `x / (x + 50)`; complexity:
/// steps and open inputs, `x / (x + 10)`; confidence: at how many of its occasions the chain held.
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

/// The word that names an action best: its first one.
pub fn first_word(action: &str) -> &str {
    action.split_whitespace().next().unwrap_or(action)
}

/// Inputs that no earlier step gives or was given, at most places of the chain: what the one tool would have to be told.
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
