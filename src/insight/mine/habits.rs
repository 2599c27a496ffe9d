//! Command lines that are typed again and again with other values.

use super::reckon::{distinct, often, part};
use super::shell::pipelines;
use super::step::Session;
use crate::domain::{InputParameter, Opportunity, OpportunityKind, Suggested, Witness, Worth};
use serde_json::Map;
use std::collections::BTreeMap;

/// How often a line must have been typed.
pub const SUPPORT: usize = 5;

/// Flags and values from which on a line of one program is worth a tool.
const MANY_WORDS: usize = 3;

/// Lines shown of each pattern.
const SHOWN: usize = 5;

/// What lines typed again suggest: pipelines, and single programs with many flags and values. Impact: words that need
/// not be typed, `x / (x + 200)`; complexity: programs and values, `x / (x + 10)`; confidence: how many of the lines
/// that begin with the same program are this one, never less than a half, because the line is certain and only the
/// wish for a tool is not.
pub fn opportunities(sessions: &[Session]) -> Vec<Opportunity> {
    let mut shapes: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    let mut programs: BTreeMap<&str, usize> = BTreeMap::new();
    for (nth, session) in sessions.iter().enumerate() {
        for (place, step) in session.steps.iter().enumerate() {
            shapes.entry(&step.action).or_default().push((nth, place));
            *programs.entry(super::chains::first_word(&step.action)).or_default() += 1;
        }
    }
    let frequent = shapes.into_iter().filter(|(_, places)| places.len() >= SUPPORT);
    frequent.filter_map(|(shape, places)| suggest(sessions, shape, &places, &programs)).collect()
}

fn suggest(
    sessions: &[Session],
    shape: &str,
    places: &[(usize, usize)],
    programs: &BTreeMap<&str, usize>,
) -> Option<Opportunity> {
    // The shape of a line is a line, with placeholders for values.
    let plain = shape.replace(['<', '>'], "");
    let made = pipelines(&plain)?.into_iter().next()?;
    if made.programs.len() < 2 && made.words < MANY_WORDS {
        return None;
    }
    let (session, place) = *places.last()?;
    let last = &sessions[session].steps[place];
    let mut parameters: Vec<InputParameter> = last
        .fields
        .iter()
        .map(|field| InputParameter {
            name: field.name.clone(),
            kind: field.kind,
            description: String::new(),
            required: true,
            constraints: Map::new(),
        })
        .collect();
    distinct(&mut parameters);
    let count = places.len();
    let first = super::chains::first_word(shape);
    let words = made.programs.len() + made.words;
    let evidence = places.iter().rev().take(SHOWN).map(|(session, place)| {
        let session = &sessions[*session];
        Witness { source: session.source.clone(), numbers: vec![session.steps[*place].number], text: shape.to_owned() }
    });
    Some(Opportunity::of(Suggested {
        kind: OpportunityKind::CommandPattern,
        about: shape.to_owned(),
        name: made.programs.join(" "),
        title: format!("{shape}: typed {count} times"),
        description: format!("A tool that replaces the command line `{shape}`, with its values as parameters"),
        count: count as u64,
        worth: Worth {
            frequency: often(count),
            impact: part((count * words) as f64, 200.0),
            complexity: part((made.programs.len() + parameters.len()) as f64, 10.0),
            confidence: 0.5 + 0.5 * count as f64 / programs.get(first).copied().unwrap_or(count).max(1) as f64,
        },
        parameters,
        expected_output: None,
        tools: made.programs,
        evidence: evidence.collect(),
    }))
}
