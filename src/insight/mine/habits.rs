//! Command lines that are typed repeatedly with different values.

use super::reckon::{distinct, often, part};
use super::shell::{LineWord, Pipeline, pipelines};
use super::step::{InputField, RecordedStep, Session};
use crate::domain::{
    CommandLine, CommandWord, Implementation, InputParameter, Opportunity, OpportunityKind, Suggested, Witness, Worth,
    limits_of,
};
use serde_json::Map;
use std::collections::BTreeMap;

/// Minimum number of times a line was typed.
pub const SUPPORT: usize = 5;

/// Minimum number of words after the program for a useful tool: `git fetch origin main`.
pub const MANY_WORDS: usize = 3;

/// Maximum number of lines shown for each pattern.
const SHOWN: usize = 5;

/// Maximum number of newest lines that are compared: what they all have in common is not a parameter.
const COMPARED: usize = 200;

/// The start of a placeholder for a removed secret.
const REDACTED: &str = "[redacted";

/// Maximum number of characters shown of a line.
const SAMPLE: usize = 200;

/// The opportunities from repeatedly typed lines: pipelines, and single programs with many flags and values. Impact:
/// words that need not be typed, `x / (x + 200)`; complexity: programs and values, `x / (x + 10)`; confidence: the
/// share among lines that start with the same program, at least one half, because the line is certain and only the need
/// for a tool is not.
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
    let (session, place) = *places.last()?;
    let typed: Vec<Pipeline> = places
        .iter()
        .rev()
        .take(COMPARED)
        .filter_map(|(session, place)| typed_again(&sessions[*session].steps[*place]))
        .collect();
    let newest = typed.first()?;
    if newest.programs.len() < 2 && newest.words < MANY_WORDS {
        return None;
    }
    let line = HabitLine::of(&typed, &sessions[session].steps[place].fields);
    let count = places.len();
    let first = super::chains::first_word(shape);
    let words = newest.programs.len() + newest.words;
    let evidence = places.iter().rev().take(SHOWN).map(|(session, place)| {
        let session = &sessions[*session];
        let step = &session.steps[*place];
        let text = typed_again(step).map_or_else(|| shape.to_owned(), |made| sample(&made));
        Witness { source: session.source.clone(), numbers: vec![step.number], text }
    });
    let shown = line.as_ref().map_or_else(|| shape.to_owned(), |line| line.commands.to_string());
    let parameters = match &line {
        Some(line) => line.parameters.clone(),
        None => all_values(&sessions[session].steps[place].fields),
    };
    Some(Opportunity::of(Suggested {
        kind: OpportunityKind::CommandPattern,
        about: shape.to_owned(),
        name: newest.programs.join(" "),
        title: format!("{shown}: typed {count} times"),
        description: format!("A tool that replaces the command line `{shown}`, with its values as parameters"),
        count: count as u64,
        worth: Worth {
            frequency: often(count),
            impact: part((count * words) as f64, 200.0),
            complexity: part((newest.programs.len() + parameters.len()) as f64, 10.0),
            confidence: 0.5 + 0.5 * count as f64 / programs.get(first).copied().unwrap_or(count).max(1) as f64,
        },
        parameters,
        expected_output: None,
        tools: newest.programs.clone(),
        evidence: evidence.collect(),
        implementation: line.map(|line| Implementation::Commands(line.commands)),
    }))
}

/// The pipeline of a step, parsed again from its line.
fn typed_again(step: &RecordedStep) -> Option<Pipeline> {
    pipelines(step.line.as_deref()?)?.into_iter().find(|made| made.shape == step.action)
}

/// A line as typed, without what may be a secret.
fn sample(made: &Pipeline) -> String {
    let word = |word: &LineWord| {
        let sign = word.sign.iter().cloned();
        let value = word.value.as_ref().map(|(_, value)| value.as_str()).unwrap_or_default();
        sign.chain([format!("{}{value}", word.text)]).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let command = |words: &Vec<LineWord>| words.iter().map(word).collect::<Vec<_>>().join(" ");
    made.commands.iter().map(command).collect::<Vec<_>>().join(" | ").chars().take(SAMPLE).collect()
}

/// A line with parameters in place of the values that differ.
struct HabitLine {
    commands: CommandLine,
    parameters: Vec<InputParameter>,
}

impl HabitLine {
    /// `None` for lines with more than words and values: variables, file name patterns, groups.
    fn of(typed: &[Pipeline], fields: &[InputField]) -> Option<HabitLine> {
        let newest = typed.first().filter(|_| typed.iter().all(|made| made.is_plain))?;
        let values = |made: &Pipeline| -> Vec<String> {
            made.commands
                .iter()
                .flatten()
                .filter_map(|word| word.value.as_ref())
                .map(|(_, text)| text.clone())
                .collect()
        };
        let all: Vec<Vec<String>> = typed.iter().map(values).collect();
        let is_constant = |at: usize| typed.len() >= SUPPORT && all.iter().all(|one| one.get(at) == all[0].get(at));
        let mut parameters: Vec<(usize, InputParameter)> = Vec::new();
        for word in newest.commands.iter().flatten() {
            if let Some((at, _)) = word.value.as_ref().filter(|(at, _)| !is_constant(*at)) {
                parameters.push((*at, parameter_of(fields.get(*at)?)));
            }
        }
        let (places, mut parameters): (Vec<usize>, Vec<InputParameter>) = parameters.into_iter().unzip();
        distinct(&mut parameters);
        let word = |word: &LineWord| {
            let input = word.value.as_ref().and_then(|(at, _)| places.iter().position(|place| place == at));
            let constant = word.value.as_ref().filter(|_| input.is_none()).map(|(_, text)| text.as_str());
            CommandWord {
                sign: word.sign.clone(),
                text: format!("{}{}", word.text, constant.unwrap_or_default()),
                input: input.map(|at| parameters[at].name.clone()),
            }
        };
        let commands = newest.commands.iter().map(|words| words.iter().map(word).collect()).collect();
        let commands = CommandLine { commands };
        let freedoms = commands.freedoms();
        for parameter in &mut parameters {
            let freedom = freedoms.get(parameter.name.as_str());
            parameter.constraints = freedom.map(|freedom| limits_of(parameter.kind, *freedom)).unwrap_or_default();
        }
        let line = HabitLine { commands, parameters };
        let made = Implementation::Commands(line.commands.clone());
        // A line with a removed secret cannot become a tool.
        let is_whole = !line.commands.to_string().contains(REDACTED);
        (is_whole && made.fault(&line.parameters).is_none()).then_some(line)
    }
}

fn parameter_of(field: &InputField) -> InputParameter {
    InputParameter {
        name: field.name.clone(),
        kind: field.kind,
        description: String::new(),
        required: true,
        constraints: Map::new(),
    }
}

fn all_values(fields: &[InputField]) -> Vec<InputParameter> {
    let mut parameters: Vec<InputParameter> = fields.iter().map(parameter_of).collect();
    distinct(&mut parameters);
    parameters
}
