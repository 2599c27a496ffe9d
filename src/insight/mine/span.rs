//! Frequent sequences: PrefixSpan (Pei, Han et al., "PrefixSpan: Mining Sequential Patterns Efficiently by
//! Prefix-Projected Pattern Growth", ICDE 2001; "Mining Sequential Patterns by Pattern-Growth", TKDE 16(11), 2004).
//!
//! As in PrefixSpan, a pattern grows by what follows the places where it was found, and only those places are searched.
//! Three things differ, because the goal is chains of work. Support counts places that do not overlap, also within one
//! session, so that a single long session can contain a pattern twelve times. A step may follow at a distance, but it
//! must be *linked*: a value flows into it from an earlier step, or it follows directly, and this happens more often
//! than by chance. And a pattern contains no step twice: a repetition starts the chain again.

use super::step::{Session, meet};
use std::collections::{HashMap, HashSet};

/// Maximum number of steps of a pattern.
pub const MAX_STEPS: usize = 8;

/// Maximum distance to the next step; 1 is the next place.
const REACH: usize = 4;

/// A value in more than this share of all steps does not link steps.
const USUAL: f64 = 0.1;

/// Minimum number of steps with a value before it counts as usual.
const USUAL_LEAST: u32 = 20;

/// Maximum probability that any of all pairs is called linked by chance.
const CHANCE: f64 = 0.01;

/// Minimum ratio between the frequency of a pair and its frequency by chance.
const LIFT: f64 = 1.5;

/// Maximum number of patterns; with more, the support is too low for the data.
const MAX_PATTERNS: usize = 20_000;

/// An occurrence of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Number of the session in the input.
    pub session: u32,
    places: [u32; MAX_STEPS],
    length: u8,
    /// Number of steps, other than the first, into which a value flows.
    pub fed: u8,
}

/// A pattern with its occurrences, which do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Its steps, as numbers of actions.
    pub actions: Vec<u32>,
    /// Its occurrences.
    pub matches: Vec<Match>,
}

impl Match {
    fn at(session: u32, place: u32) -> Match {
        let mut places = [0; MAX_STEPS];
        places[0] = place;
        Match { session, places, length: 1, fed: 0 }
    }

    /// The positions of its steps in the session.
    pub fn places(&self) -> &[u32] {
        &self.places[..usize::from(self.length)]
    }

    fn first(&self) -> u32 {
        self.places[0]
    }

    fn last(&self) -> u32 {
        self.places[usize::from(self.length) - 1]
    }

    /// Whether its steps follow each other directly.
    pub fn is_direct(&self) -> bool {
        self.last() - self.first() + 1 == u32::from(self.length)
    }

    fn then(mut self, place: u32, flows: bool) -> Match {
        self.places[usize::from(self.length)] = place;
        self.length += 1;
        self.fed += u8::from(flows);
        self
    }
}

/// All successful steps, as numbers.
pub struct Events<'a> {
    /// The sessions that contain them.
    pub sessions: &'a [Session],
    /// The action of each number.
    pub actions: Vec<&'a str>,
    /// For each session, the positions of its steps in [`Session::steps`], with their action.
    rows: Vec<Vec<(u32, u32)>>,
    /// For each action, its occurrences: session and position in its row.
    places: Vec<Vec<(u32, u32)>>,
    usual: HashMap<u64, u32>,
    total: usize,
}

impl<'a> Events<'a> {
    /// Numbers the steps. Failed steps are left out, and of immediate repetitions only the last one counts.
    pub fn of(sessions: &'a [Session]) -> Events<'a> {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut actions = Vec::new();
        let mut usual: HashMap<u64, u32> = HashMap::new();
        let mut rows = Vec::with_capacity(sessions.len());
        for session in sessions {
            let mut row: Vec<(u32, u32)> = Vec::with_capacity(session.steps.len());
            for (place, step) in (0..).zip(&session.steps).filter(|(_, step)| step.failed.is_none()) {
                let number = *numbers.entry(step.action.as_str()).or_insert_with(|| {
                    actions.push(step.action.as_str());

                    u32::try_from(actions.len() - 1).unwrap_or(u32::MAX)
                });
                for token in &step.given {
                    *usual.entry(*token).or_default() += 1;
                }
                match row.last_mut() {
                    Some(last) if last.1 == number => last.0 = place,
                    _ => {
                        row.push((place, number));
                    }
                }
            }
            rows.push(row);
        }
        let total = rows.iter().map(Vec::len).sum();
        let most = ((total as f64 * USUAL) as u32).max(USUAL_LEAST);
        usual.retain(|_, count| *count > most);
        let mut places: Vec<Vec<(u32, u32)>> = vec![Vec::new(); actions.len()];
        for (session, row) in (0..).zip(&rows) {
            for (place, (_, action)) in (0..).zip(row) {
                places[*action as usize].push((session, place));
            }
        }
        Events { sessions, actions, rows, places, usual, total }
    }

    fn flows(&self, session: usize, from: u32, to: u32) -> bool {
        let steps = &self.sessions[session].steps;
        let (from, to) =
            (&steps[self.rows[session][from as usize].0 as usize], &steps[self.rows[session][to as usize].0 as usize]);
        let counts = |token| !self.usual.contains_key(&token);
        meet(&to.given, &from.gave, counts) || meet(&to.given, &from.given, counts)
    }

    fn is_known(&self, session: usize, place: u32) -> bool {
        self.sessions[session].steps[self.rows[session][place as usize].0 as usize].is_known
    }

    /// The position of a step in [`Session::steps`].
    pub fn step(&self, session: u32, place: u32) -> usize {
        self.rows[session as usize][place as usize].0 as usize
    }

    /// Number of times that the steps of a pattern occur in this order within reach, linked or not, without overlap.
    pub fn occasions(&self, actions: &[u32]) -> usize {
        let mut found = 0;
        let mut after: Option<(u32, usize)> = None;
        for (session, place) in &self.places[actions[0] as usize] {
            let row = &self.rows[*session as usize];
            let mut last = *place as usize;
            if after.is_some_and(|(known, end)| known == *session && last <= end) {
                continue;
            }
            let whole = actions[1..].iter().all(|action| {
                let next = (last + 1..row.len().min(last + 1 + REACH)).find(|place| row[*place].1 == *action);
                last = next.unwrap_or(last);
                next.is_some()
            });
            if whole {
                found += 1;
                after = Some((*session, last));
            }
        }
        found
    }
}

/// Every pattern of at least two steps with at least this support, and its occurrences, ordered by actions.
pub fn patterns(events: &Events<'_>, support: usize) -> Vec<Pattern> {
    let links = Links::of(events);
    let mut found = Vec::new();
    for (action, standing) in (0..).zip(&events.places).filter(|(_, standing)| standing.len() >= support) {
        let matches: Vec<Match> = standing.iter().map(|(session, place)| Match::at(*session, *place)).collect();
        grow(events, &links, support, &mut vec![action], &matches, &mut found);
    }
    found
}

fn grow(
    events: &Events<'_>,
    links: &Links,
    support: usize,
    prefix: &mut Vec<u32>,
    matches: &[Match],
    found: &mut Vec<Pattern>,
) {
    if prefix.len() == MAX_STEPS || found.len() >= MAX_PATTERNS {
        return;
    }
    let mut next: HashMap<u32, Vec<Match>> = HashMap::new();
    for one in matches {
        let row = &events.rows[one.session as usize];
        let last = one.last() as usize;
        for (place, (_, action)) in row.iter().enumerate().skip(last + 1).take(REACH) {
            let action = *action;
            if !prefix.contains(&action)
                && let Some(flows) = links.link(events, one, place as u32)
            {
                next.entry(action).or_default().push(one.then(place as u32, flows));
            }
        }
    }
    let mut next: Vec<(u32, Vec<Match>)> = next.into_iter().collect();
    next.sort_unstable_by_key(|(action, _)| *action);
    for (action, mut matches) in next {
        latest_of_each_end(&mut matches);
        let apart = apart(&matches);
        if apart.len() >= support {
            prefix.push(action);
            found.push(Pattern { actions: prefix.clone(), matches: apart });
            grow(events, links, support, prefix, &matches, found);
            prefix.pop();
        }
    }
}

/// Keeps, of matches with the same end, the one that starts last; sorts by end.
fn latest_of_each_end(matches: &mut Vec<Match>) {
    matches.sort_unstable_by_key(|one| (one.session, one.last(), std::cmp::Reverse((one.first(), one.fed))));
    matches.dedup_by_key(|one| (one.session, one.last()));
}

/// A maximum set of matches without overlap: always takes the one that ends first.
fn apart(matches: &[Match]) -> Vec<Match> {
    let mut taken: Vec<Match> = Vec::new();
    for one in matches {
        if taken.last().is_none_or(|last| last.session != one.session || last.last() < one.first()) {
            taken.push(*one);
        }
    }
    taken
}

/// Pairs of actions that occur together more often than by chance.
struct Links {
    direct: HashSet<(u32, u32)>,
    near: HashSet<(u32, u32)>,
    /// The second follows within reach, and a value flows into it.
    fed: HashSet<(u32, u32)>,
}

impl Links {
    fn of(events: &Events<'_>) -> Links {
        let mut counts: HashMap<(u32, u32), [u32; 3]> = HashMap::new();
        let (mut looked, mut flowing) = (0_u32, 0_u32);
        for (session, row) in events.rows.iter().enumerate() {
            for (place, (_, first)) in row.iter().enumerate() {
                let mut seen: Vec<(u32, bool)> = Vec::with_capacity(REACH);
                for (next, (_, action)) in row.iter().enumerate().skip(place + 1).take(REACH) {
                    let action = *action;
                    let flows = events.flows(session, place as u32, next as u32);
                    looked += 1;
                    flowing += u32::from(flows);
                    let pair = counts.entry((*first, action)).or_default();
                    pair[0] += u32::from(next == place + 1);
                    pair[1] += u32::from(!seen.iter().any(|(known, _)| *known == action));
                    pair[2] += u32::from(flows && !seen.contains(&(action, true)));
                    seen.push((action, flows));
                }
            }
        }
        let rate = f64::from(flowing) / f64::from(looked.max(1));
        let needed = (counts.len().max(1) as f64 / CHANCE).ln();
        let mut links = Links { direct: HashSet::new(), near: HashSet::new(), fed: HashSet::new() };
        for (pair, [direct, near, fed]) in counts {
            let [often, follows] = [pair.0, pair.1].map(|action| events.places[action as usize].len() as u32);
            // An immediate repetition is one step, so the next step is always another action.
            let others = events.total.saturating_sub(often as usize);
            let share = f64::from(follows) / others.max(1) as f64;
            let within = 1.0 - (1.0 - share.min(1.0)).powi(REACH as i32);
            let mut note = |set: fn(&mut Links) -> &mut HashSet<(u32, u32)>, count, by_chance| {
                if is_lifted(often, count, by_chance) && surprise(often, count, by_chance) > needed {
                    set(&mut links).insert(pair);
                }
            };
            note(|links| &mut links.direct, direct, share);
            note(|links| &mut links.near, near, within);
            note(|links| &mut links.fed, fed, within * rate);
        }
        links
    }

    /// Whether a match can continue at a position, and if so whether a value flows there; `None` if nothing links it.
    fn link(&self, events: &Events<'_>, one: &Match, place: u32) -> Option<bool> {
        let session = one.session as usize;
        let row = &events.rows[session];
        let action = row[place as usize].1;
        let last = (row[one.last() as usize].1, action);
        let flows = one
            .places()
            .iter()
            .any(|from| self.fed.contains(&(row[*from as usize].1, action)) && events.flows(session, *from, place));
        if flows {
            return Some(true);
        }
        let direct = place == one.last() + 1 && self.direct.contains(&last);
        let unknown = || !events.is_known(session, one.last()) || !events.is_known(session, place);
        (direct || (self.near.contains(&last) && unknown())).then_some(false)
    }
}

/// Whether something happened sufficiently more often than by chance. In large samples, any difference is significant.
fn is_lifted(often: u32, count: u32, chance: f64) -> bool {
    let share = f64::from(count) / f64::from(often.max(1));
    share >= LIFT * chance || 1.0 - share <= (1.0 - chance) / (2.0 * LIFT)
}

/// How surprising `count` occurrences among `often` are when each has this chance: the exponent of the Chernoff bound
/// of the binomial tail, `n · KL(k/n ‖ p)`.
fn surprise(often: u32, count: u32, chance: f64) -> f64 {
    if often == 0 {
        return 0.0;
    }
    let (n, share) = (f64::from(often), (f64::from(count) / f64::from(often)).min(1.0));
    let chance = chance.clamp(1e-9, 1.0);
    if share <= chance {
        return 0.0;
    }
    let part = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() } else { 0.0 };
    n * (part(share, chance) + part(1.0 - share, (1.0 - chance).max(1e-9)))
}
