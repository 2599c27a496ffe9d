//! Generated inputs: the version must handle everything that its schema allows.
//!
//! A crashing input is simplified as long as it crashes in the same way, and reported in a form that a reader can type.
//! Inputs are tried in forks of one interpreter if possible; before a crash counts, a plain start confirms it.

use super::absent_file;
use super::case;
use super::crash::{self, Crash};
use super::generate::{Rng, inputs};
use super::{cannot_start, in_words, shrink, softened, takes_input, unavailable};
use crate::check::{Batch, CheckContext};
use crate::domain::{CheckReport, Checker, Dialect, Finding, Severity, count, is_read_from_code, plural, signature_of};
use crate::runner::{Pace, Tried};
use serde_json::Value;
use std::collections::BTreeMap;

/// How many inputs are tried.
const INPUTS: usize = 200;

/// How many different crashes are simplified and reported.
const MAX_CRASHES: usize = 5;

/// How many rounds of simplification one crash gets.
const ROUNDS: usize = 16;

/// Tries generated inputs.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "property";
    let manifest = &context.version.manifest;
    let Some(schema) = &manifest.input else { return CheckReport::skipped(name, "it has no input schema") };
    if let Some(why) = cannot_start(context.version) {
        return CheckReport::skipped(name, why);
    }
    if !takes_input(context.version) {
        return CheckReport::skipped(name, "it takes no input");
    }
    let all = inputs(schema, &mut Rng::of(context.version.tool.digest), INPUTS);
    if all.is_empty() {
        return CheckReport::skipped(name, "no input could be generated from its schema");
    }
    match search(context, schema, &all) {
        Ok(found) if found.unread > 0 && found.unread == found.tried => {
            CheckReport::skipped(name, "it reads the file that its input names, and a generated value names none")
        }
        Ok(found) => found.report(context),
        Err(why) => unavailable(name, why),
    }
}

/// The results of the inputs.
#[derive(Default)]
struct PropertyOutcome {
    tried: usize,
    wanted: usize,
    crashes: Vec<(Crash, Value)>,
    /// How many more inputs crash the approved version in the same way.
    as_before: usize,
    more: usize,
    /// By kind of reason.
    refusals: BTreeMap<String, (String, Value)>,
    doubtful: usize,
    /// How many inputs were taken as paths that name nothing, and one of them.
    unread: usize,
    unread_input: Option<Value>,
}

/// How a trial crashed; `None` also if it only found no file under a generated value.
fn crash_of(input: &Value, tried: &Tried) -> Option<Crash> {
    crash::of(tried).filter(|_| !absent_file::is_named_by(input, tried))
}

fn start(context: &CheckContext<'_>, inputs: &[Value], pace: Pace) -> Result<Vec<Tried>, String> {
    context.trials.start(&Batch::new(context.version, inputs, pace))
}

fn search(context: &CheckContext<'_>, schema: &Value, all: &[Value]) -> Result<PropertyOutcome, String> {
    let mut found = PropertyOutcome { wanted: all.len(), ..PropertyOutcome::default() };
    let mut crashed: BTreeMap<String, (Crash, Value)> = BTreeMap::new();
    for (input, tried) in all.iter().zip(start(context, all, Pace::Quick)?) {
        found.tried += usize::from(tried.end.exit_code().is_some() || crash::of(&tried).is_some());
        if crash::of(&tried).is_some() && crash_of(input, &tried).is_none() {
            found.unread += 1;
            found.unread_input.get_or_insert_with(|| input.clone());
        } else if let Some(crash) = crash::of(&tried) {
            let known = crashed.entry(crash.signature.clone()).or_insert_with(|| (crash.clone(), input.clone()));
            // The shortest one is the closest to the simplest.
            if input.to_string().len() < known.1.to_string().len() {
                *known = (crash, input.clone());
            }
        } else if let Some(reason) = crash::refusal(&tried) {
            // Reasons that differ only in quoted values are the same.
            let sort = signature_of(&context.version.tool.name, tried.end.outcome(), &masked(&reason));
            found.refusals.entry(sort).or_insert_with(|| (reason, input.clone()));
        }
    }
    if found.tried == 0 {
        return Err("no trial finished".to_owned());
    }
    found.more = crashed.len().saturating_sub(MAX_CRASHES);
    let mut candidates: Vec<(Crash, Value)> = crashed.into_values().collect();
    candidates.sort_by_key(|(crash, _)| std::cmp::Reverse(crash.severity));
    candidates.truncate(MAX_CRASHES);
    let checker = Checker::new(schema)?;
    for (crash, input) in candidates {
        let simple = if crash.code == "timeout" { input.clone() } else { simplify(context, &checker, &crash, &input)? };
        match confirm(context, &crash, [simple, input])? {
            Some((seen, input)) if crashes_before(context, &seen, &input) => found.as_before += 1,
            Some(confirmed) => found.crashes.push(confirmed),
            None => found.doubtful += 1,
        }
    }
    Ok(found)
}

/// The simplest input found that crashes it in the same way.
fn simplify(context: &CheckContext<'_>, checker: &Checker, crash: &Crash, input: &Value) -> Result<Value, String> {
    let mut best = input.clone();
    for _ in 0..ROUNDS {
        let mut steps = shrink::simpler(&best);
        steps.retain(|step| checker.violations(step).is_empty());
        if steps.is_empty() {
            break;
        }
        let tried = start(context, &steps, Pace::Quick)?;
        let same = |input: &Value, tried: &Tried| {
            crash_of(input, tried).is_some_and(|other| other.signature == crash.signature)
        };
        match steps.into_iter().zip(&tried).find(|(step, tried)| same(step, tried)) {
            Some((step, _)) => best = step,
            None => break,
        }
    }
    Ok(best)
}

/// The first of these inputs for which a plain start crashes in the same way.
fn confirm(context: &CheckContext<'_>, crash: &Crash, inputs: [Value; 2]) -> Result<Option<(Crash, Value)>, String> {
    let [simple, original] = inputs;
    let both = if simple == original { vec![simple] } else { vec![simple, original] };
    for input in both {
        let tried = start(context, std::slice::from_ref(&input), Pace::Plain)?;
        let seen =
            tried.first().and_then(|tried| crash_of(&input, tried)).filter(|seen| seen.signature == crash.signature);
        if let Some(seen) = seen {
            return Ok(Some((seen, input)));
        }
    }
    Ok(None)
}

/// Whether the approved version crashes in the same way for this input.
fn crashes_before(context: &CheckContext<'_>, crash: &Crash, input: &Value) -> bool {
    let Some(base) = context.base.filter(|base| cannot_start(base).is_none()) else { return false };
    let batch = Batch::new(base, std::slice::from_ref(input), Pace::Plain);
    let tried = context.trials.start(&batch).unwrap_or_default();
    tried.first().and_then(crash::of).is_some_and(|before| before.signature == crash.signature)
}

impl PropertyOutcome {
    fn report(self, context: &CheckContext<'_>) -> CheckReport {
        let lacked = case::lacks_permissions(&context.version.manifest);
        let is_ours = context.version.manifest.dialect == Dialect::Native;
        let is_guess = context.version.manifest.input.as_ref().is_some_and(is_read_from_code);
        let mut findings: Vec<Finding> = self
            .crashes
            .iter()
            .map(|(crash, input)| {
                let message = format!("{} makes it crash: {}", the_input(input), crash.message);
                // Native schemas are commitments; those of other programs are derived from code. Keys without types say
                // nothing about values.
                let severity = match (is_ours, is_ordinary(input) && !is_guess) {
                    (true, _) => crash.severity,
                    (false, true) => crash.severity.min(Severity::Medium),
                    (false, false) => Severity::Low,
                };
                let (severity, message) = softened(severity, lacked, message);
                Finding::new(crash.code, severity, message)
            })
            .collect();
        if let Some(input) = &self.unread_input {
            let inputs = plural(self.unread, "input names", "inputs name");
            let message = format!(
                "{inputs} no file to read, for example {}: they could not be tried; an example with a file can be",
                the_input(input)
            );
            findings.push(Finding::new("no-file", Severity::Low, message));
        }
        for (reason, input) in self.refusals.values().take(MAX_CRASHES) {
            let message = format!("{} is rejected with: {reason}", the_input(input));
            findings.push(Finding::new("refuses", Severity::Low, message));
        }
        if self.as_before > 0 {
            let crashes = plural(self.as_before, "kind of crash", "kinds of crashes");
            findings.push(Finding::new(
                "as-before",
                Severity::Low,
                format!("{crashes} that the approved version has too"),
            ));
        }
        if self.more > 0 {
            let message = plural(self.more, "more kind of crash", "more kinds of crashes");
            findings.push(Finding::new("crash", Severity::Low, message));
        }
        if self.doubtful > 0 {
            let crashes = plural(self.doubtful, "crash was", "crashes were");
            let message = format!("{crashes} not reproducible");
            findings.push(Finding::new("not-again", Severity::Low, message));
        }
        if self.tried < self.wanted {
            let missed = plural(self.wanted - self.tried, "input was", "inputs were");
            let message = format!("of {} generated, {missed} not run", self.wanted);
            findings.push(Finding::new("not-tried", Severity::Low, message));
        }
        let refused = match self.refusals.len() {
            0 => String::new(),
            sorts => format!("; some were rejected, for {}", count(sorts, "reason")),
        };
        CheckReport::of("property", findings)
            .noted(format!("{} generated from its schema{refused}", count(self.tried - self.unread, "input")))
    }
}

/// A reason without its values: a sign, a fraction or another quoted word does not make another reason. The signature
/// of a failure folds less, because stored failures are grouped by it.
fn masked(reason: &str) -> String {
    let mut plain = String::with_capacity(reason.len());
    let mut rest = reason.chars().peekable();
    let mut last = ' ';
    while let Some(c) = rest.next() {
        let is_sign = matches!(c, '-' | '+') && rest.peek().is_some_and(char::is_ascii_digit);
        if (c.is_ascii_digit() || is_sign) && !last.is_alphanumeric() && last != '_' {
            let mut held = c;
            while let Some(next) = rest.next_if(|next| {
                next.is_ascii_alphanumeric() || *next == '.' || matches!(next, '-' | '+') && matches!(held, 'e' | 'E')
            }) {
                held = next;
            }
            plain.push('#');
            // The end of a sentence is not part of the number.
            if held == '.' {
                plain.push('.');
            }
            last = '#';
        } else if matches!(c, '"' | '`') || c == '\'' && !last.is_alphanumeric() {
            // Up to the next quote of the same kind; without one, it is not a quote.
            let ahead: String = rest.clone().take_while(|next| *next != c).collect();
            if rest.clone().any(|next| next == c) {
                rest.nth(ahead.chars().count());
                plain.push_str("<text>");
            } else {
                plain.push(c);
            }
            last = c;
        } else {
            plain.push(c);
            last = c;
        }
    }
    plain
}

/// Whether a caller might well give an input: short words, small positive numbers, nonempty lists. A crash for such an
/// input is a warning; a crash for an odd one is a fact.
fn is_ordinary(input: &Value) -> bool {
    match input {
        Value::Null | Value::Bool(_) => true,
        Value::Number(number) => number.as_f64().is_some_and(|number| (1.0..=1000.0).contains(&number)),
        Value::String(text) => {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',');
            (1..=40).contains(&text.trim().len()) && text.chars().all(is_plain)
        }
        Value::Array(items) => !items.is_empty() && items.len() <= 10 && items.iter().all(is_ordinary),
        Value::Object(map) => !map.is_empty() && map.values().all(is_ordinary),
    }
}

/// An input in a sentence: `the input a = 1, b = 0`.
fn the_input(input: &Value) -> String {
    match in_words(input, "") {
        words if words.is_empty() => "the input without values".to_owned(),
        words => format!("the input {words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn reasons_that_differ_in_values_only_are_one() {
        for (one, other) in [
            ("n must be positive, got -5", "n must be positive, got 3.25"),
            ("bad value 1e-7.", "bad value -12."),
            ("no unit \"km\" here", "no unit \"a b c\" here"),
            ("can't read 'x'", "can't read '-y 1'"),
            ("got [1, -2]", "got [-100, 2.5]"),
        ] {
            assert_eq!(masked(one), masked(other));
        }
        assert_ne!(masked("a1 is missing"), masked("b1 is missing"));
        assert_ne!(masked("n is negative: -1"), masked("n is too large: 9"));
    }
}
