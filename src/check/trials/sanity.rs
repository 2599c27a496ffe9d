//! The tool's own rules, which every output must fulfil.
//!
//! `[[sanity]]` of the manifest: `rule = "output.total >= 0"`, and a `name` that says what it is about; or just the
//! rules as a list of texts. See [`super::expression`] for what a rule may say.

use super::case;
use super::expression::{EvaluationScope, Expression, quote};
use super::generate::{self, Rng};
use super::written::{Output, unheld};
use super::{cannot_start, inputs, softened, unavailable};
use crate::check::{Batch, CheckContext};
use crate::domain::{CheckReport, Finding, RunEnd, Severity, count};
use crate::runner::{Pace, Tried};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How many rules are evaluated.
const MAX_RULES: usize = 50;

/// The time limit for all rules together.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many generated inputs are also tested against the rules.
const GENERATED: usize = 40;

/// Tests the rules with the outputs of examples, tests and generated inputs.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let written = match context.version.manifest.extra.get("sanity") {
        Some(Value::Array(list)) => list.clone(),
        Some(other) => vec![other.clone()],
        None => return CheckReport::skipped("sanity", "it has no sanity rules"),
    };
    if let Some(why) = cannot_start(context.version) {
        return CheckReport::skipped("sanity", why);
    }
    let mut findings = Vec::new();
    let mut rules = Vec::new();
    for rule in written.iter().take(MAX_RULES) {
        match read(rule) {
            Ok(rule) => rules.push(rule),
            Err(why) => findings.push(Finding::new("unreadable-rule", Severity::High, why)),
        }
    }
    let (inputs, tried) = match tried(context, !rules.is_empty()) {
        Ok(tried) => tried,
        Err(why) => return unavailable("sanity", why),
    };
    let good: Vec<_> =
        inputs.iter().zip(&tried).filter(|(_, tried)| matches!(tried.end, RunEnd::Succeeded { .. })).collect();
    if good.is_empty() && findings.is_empty() {
        return unavailable("sanity", "no trial succeeded".to_owned());
    }
    let outputs: Vec<Output> = good.iter().map(|(_, tried)| Output::of(&tried.stdout)).collect();
    let begun = Instant::now();
    for (name, rule) in &rules {
        if begun.elapsed() > PATIENCE {
            findings.push(Finding::new("not-tried", Severity::Medium, "its rules take too long to evaluate"));
            break;
        }
        let broken = good.iter().zip(&outputs).find_map(|((input, tried), output)| {
            let scope = EvaluationScope {
                input,
                output: output.value(),
                other: None,
                steps: None,
                exit: tried.end.exit_code().unwrap_or_default(),
            };
            unheld(rule, &scope, output).map(|why| (input, why))
        });
        if let Some((input, why)) = broken {
            let name = name.as_ref().map_or_else(String::new, |name| format!("{name}: "));
            let lacked = case::lacks_permissions(&context.version.manifest);
            let (severity, message) = softened(Severity::High, lacked, format!("{name}{why}, with {}", quote(input)));
            findings.push(Finding::new("rule-broken", severity, message));
        }
    }
    let note = format!("{}, {}", count(rules.len(), "rule"), count(good.len(), "output"));
    CheckReport::of("sanity", findings).noted(note)
}

/// Inputs with their results: known ones, then generated ones if there are rules.
fn tried(context: &CheckContext<'_>, has_rules: bool) -> Result<(Vec<Value>, Vec<Tried>), String> {
    let version = context.version;
    let mut inputs = inputs(version);
    let mut tried = context.trials.start(&Batch::new(version, &inputs, Pace::Watched))?;
    if let Some(schema) = version.manifest.input.as_ref().filter(|_| has_rules) {
        let mut generated = generate::inputs(schema, &mut Rng::of(version.tool.digest), GENERATED);
        generated.retain(|input| !inputs.contains(input));
        if !generated.is_empty() {
            let batch = Batch::new(version, &generated, Pace::Plain);
            tried.extend(context.trials.start(&batch)?);
            inputs.extend(generated);
        }
    }
    Ok((inputs, tried))
}

fn read(written: &Value) -> Result<(Option<String>, Expression), String> {
    let (name, rule) = match written {
        Value::String(rule) => (None, rule.as_str()),
        Value::Object(table) => {
            let text = |key: &str| table.get(key).and_then(Value::as_str);
            (text("name").map(str::to_owned), text("rule").ok_or("a sanity rule has no expression")?)
        }
        other => return Err(format!("{} is not a sanity rule", quote(other))),
    };
    Ok((name, Expression::parse(rule).map_err(|why| format!("{}: {why}", quote(&rule.into())))?))
}
