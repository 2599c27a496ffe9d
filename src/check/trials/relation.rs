//! Metamorphic relations between two trials, independent of their actual answers.
//!
//! `metamorphic = "deterministic"`: the same input twice gives the same output.
//! `{ relation = "idempotent", from = "/text", to = "text" }`: what comes out at `from`, put in at `to`, comes out again;
//! without `from` the whole output, without `to` the one text that the input has.
//! `{ relation = "same-output", input = { … } }`: with these values of the input changed the output is the same.
//! `{ relation = "RULE", input = { … } }`: a rule over `output` and `other`, the output with the changed input.

use super::abreast;
use super::difference;
use super::expression::{EvaluationScope, Expression, quote};
use super::written::Output;
use crate::check::{Batch, CheckContext};
use crate::runner::Pace;
use serde_json::{Map, Value};

/// A relation between the trial of a test and another one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Relation {
    Deterministic,
    Idempotent { from: String, to: Option<String> },
    SameOutput { input: Map<String, Value> },
    Rule { rule: Expression, input: Map<String, Value> },
}

impl Relation {
    /// Parses a relation.
    ///
    /// # Errors
    /// The fault of the relation.
    pub(super) fn read(written: &Value) -> Result<Relation, String> {
        let none = Map::new();
        let (word, table) = match written {
            Value::String(word) => (word.as_str(), &none),
            Value::Object(table) => (table.get("relation").and_then(Value::as_str).unwrap_or_default(), table),
            other => return Err(format!("unknown metamorphic relation {}", quote(other))),
        };
        let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
        let input = || table.get("input").and_then(Value::as_object).cloned();
        match word {
            "deterministic" => Ok(Relation::Deterministic),
            "idempotent" => Ok(Relation::Idempotent { from: text("from").unwrap_or_default(), to: text("to") }),
            "same-output" => {
                let input = input().ok_or("same-output needs an input with the changed values")?;
                Ok(Relation::SameOutput { input })
            }
            "" => Err("metamorphic needs a relation".to_owned()),
            rule => {
                let rule = Expression::parse(rule).map_err(|why| format!("{}: {why}", quote(&rule.into())))?;
                Ok(Relation::Rule { rule, input: input().unwrap_or_default() })
            }
        }
    }

    /// How the relation is violated; makes the other trial.
    ///
    /// # Errors
    /// Why the other trial could not be made.
    pub(super) fn unmet(
        &self,
        context: &CheckContext<'_>,
        input: &Value,
        output: &Output,
        exit: i32,
    ) -> Result<Option<String>, String> {
        let other_input = match self.other_input(input, output) {
            Ok(other) => other,
            Err(why) => return Ok(Some(why)),
        };
        // The same input must be started again.
        let batch = Batch::new(context.version, std::slice::from_ref(&other_input), Pace::Plain).abreast(abreast(1));
        let made = context.trials.start(&batch)?;
        let Some(tried) = made.first() else { return Err("the second trial was not run".to_owned()) };
        let Some(other_exit) = tried.end.exit_code() else {
            return Ok(Some(format!("with {}: {}", quote(&other_input), tried.end.message().unwrap_or_default())));
        };
        let other = Output::of(&tried.stdout);
        if exit != other_exit && !matches!(self, Relation::Rule { .. }) {
            return Ok(Some(format!("with {}: exit code {other_exit}, was {exit}", quote(&other_input))));
        }
        Ok(match self {
            Relation::Deterministic => {
                difference::first(output.value(), other.value()).map(|found| format!("run twice: {found}"))
            }
            Relation::Idempotent { from, .. } => {
                let (first, second) = (output.value().pointer(from), other.value().pointer(from));
                let found = difference::first(first.unwrap_or(&Value::Null), second.unwrap_or(&Value::Null));
                found.map(|found| format!("applied twice: {found}"))
            }
            Relation::SameOutput { .. } => difference::first(output.value(), other.value())
                .map(|found| format!("with {}: {found}", quote(&other_input))),
            Relation::Rule { rule, .. } => {
                let scope =
                    EvaluationScope { input, output: output.value(), other: Some(other.value()), steps: None, exit };
                super::written::unheld(rule, &scope, output)
                    .map(|found| format!("{found}; with {}: {}", quote(&other_input), other.quoted()))
            }
        })
    }

    fn other_input(&self, input: &Value, output: &Output) -> Result<Value, String> {
        let mut map = input.as_object().cloned().unwrap_or_default();
        match self {
            Relation::Deterministic => {}
            Relation::SameOutput { input } | Relation::Rule { input, .. } => {
                map.extend(input.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            Relation::Idempotent { from, to } => {
                let came = output.value().pointer(from);
                let came = came.ok_or_else(|| format!("the output has no {from} to use as input"))?.clone();
                let texts: Vec<&String> =
                    map.iter().filter(|(_, value)| value.is_string()).map(|(name, _)| name).collect();
                let to = match (to, &texts[..]) {
                    (Some(to), _) => to.clone(),
                    (None, [only]) => (*only).clone(),
                    (None, _) => {
                        return Err("idempotent needs `to`: the input field that receives the output".to_owned());
                    }
                };
                map.insert(to, came);
            }
        }
        Ok(Value::Object(map))
    }
}
