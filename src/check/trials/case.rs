//! Examples and tests of a manifest as cases: an input, the expectations, and whether a trial meets them.

use super::expression::{EvaluationScope, Expression, quote};
use super::relation::Relation;
use super::written::{Output, unheld};
use crate::check::CheckContext;
use crate::domain::{Manifest, RunEnd, validate};
use crate::runner::Tried;
use serde_json::{Map, Value};

/// How many cases of one kind are tried.
pub(super) const MAX_CASES: usize = 50;

/// How many expectations one test may have.
const MAX_EXPECTED: usize = 20;

/// The known keywords of expectations.
const WORDS: &[&str] = &["exact", "contains", "schema", "exit", "property", "metamorphic"];

/// An example or a test.
#[derive(Debug, Clone)]
pub(super) struct TrialCase {
    /// Its name for a reader.
    pub(super) name: String,
    pub(super) input: Value,
    pub(super) expect: Vec<Expect>,
    /// Whether the exit code must be 0 by default.
    is_test: bool,
}

/// One expectation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expect {
    Exact(Value),
    Contains(String),
    Schema(Value),
    Exit(i32),
    Property(Expression),
    Metamorphic(Relation),
    /// An invalid expectation.
    Unreadable(String),
}

/// The examples of a manifest that have an input.
pub(super) fn examples(manifest: &Manifest) -> Vec<TrialCase> {
    let usable = manifest.examples.iter().filter(|example| example.input.is_object());
    let case = |(at, example): (usize, &crate::domain::Example)| TrialCase {
        name: if example.description.is_empty() { format!("example {}", at + 1) } else { example.description.clone() },
        input: example.input.clone(),
        expect: example.output.iter().cloned().map(Expect::Exact).collect(),
        is_test: false,
    };
    usable.enumerate().take(MAX_CASES).map(case).collect()
}

/// The tests of a manifest.
pub(super) fn tests(manifest: &Manifest) -> Vec<TrialCase> {
    let case = |(at, test): (usize, &crate::domain::TestCase)| TrialCase {
        name: if test.name.is_empty() { format!("test {}", at + 1) } else { test.name.clone() },
        input: if test.input.is_null() { Value::Object(Map::new()) } else { test.input.clone() },
        expect: expectations(&test.expect),
        is_test: true,
    };
    manifest.tests.iter().enumerate().take(MAX_CASES).map(case).collect()
}

fn expectations(written: &Value) -> Vec<Expect> {
    let Some(table) = written.as_object() else {
        return vec![Expect::Unreadable("expect is not a table".to_owned())];
    };
    let mut all = Vec::new();
    let texts = |value: &Value| match value {
        Value::Array(list) => list.clone(),
        other => vec![other.clone()],
    };
    for (word, value) in table {
        match word.as_str() {
            "exact" => all.push(Expect::Exact(value.clone())),
            "schema" => all.push(Expect::Schema(value.clone())),
            "exit" => all.push(match value.as_i64().and_then(|code| i32::try_from(code).ok()) {
                Some(code) => Expect::Exit(code),
                None => Expect::Unreadable(format!("exit {} is not an exit code", quote(value))),
            }),
            "contains" => all.extend(texts(value).iter().map(|text| match text.as_str() {
                Some(text) => Expect::Contains(text.to_owned()),
                None => Expect::Unreadable(format!("contains {} is not a string", quote(text))),
            })),
            "property" => all.extend(texts(value).iter().map(|rule| match rule.as_str().map(Expression::parse) {
                Some(Ok(rule)) => Expect::Property(rule),
                Some(Err(why)) => Expect::Unreadable(format!("{}: {why}", quote(rule))),
                None => Expect::Unreadable(format!("property {} is not a string", quote(rule))),
            })),
            "metamorphic" => all.extend(texts(value).iter().map(|relation| match Relation::read(relation) {
                Ok(relation) => Expect::Metamorphic(relation),
                Err(why) => Expect::Unreadable(why),
            })),
            other => all.push(Expect::Unreadable(format!("unknown key expect.{other}: {}", WORDS.join(", ")))),
        }
    }
    if all.is_empty() {
        all.push(Expect::Unreadable("expect is empty".to_owned()));
    }
    if all.len() > MAX_EXPECTED {
        all.truncate(MAX_EXPECTED);
        all.push(Expect::Unreadable(format!("it has more than {MAX_EXPECTED} expectations")));
    }
    all
}

impl TrialCase {
    /// Expectations that a trial did not meet; `None` if it met all.
    ///
    /// # Errors
    /// Why a relation to another trial could not be tested.
    pub(super) fn unmet(&self, context: &CheckContext<'_>, tried: &Tried) -> Result<Option<String>, String> {
        if let Some(why) = not_ended(&tried.end) {
            return Ok(Some(why));
        }
        let exit = tried.end.exit_code().unwrap_or_default();
        let is_exit_said = self.expect.iter().any(|expect| matches!(expect, Expect::Exit(_)));
        let mut found = Vec::new();
        if self.expect.is_empty() {
            // An example may show an input that is refused.
            found.extend(super::crash::of(tried).map(|crash| crash.message));
        } else if !is_exit_said && exit != 0 && (self.is_test || !self.is_refusal()) {
            found.push(format!("expected exit code 0, got {exit}{}", because(tried)));
        }
        let output = Output::of(&tried.stdout);
        for expect in &self.expect {
            if found.is_empty() {
                found.extend(self.unmet_one(context, expect, tried, (&output, exit))?);
            }
        }
        Ok(found.into_iter().next())
    }

    /// Whether the expected output itself reports a failure.
    fn is_refusal(&self) -> bool {
        self.expect.iter().any(|expect| match expect {
            Expect::Exact(Value::Object(map)) => {
                map.get("success") == Some(&Value::Bool(false))
                    || map.get("error").is_some_and(|error| !error.is_null())
            }
            _ => false,
        })
    }

    fn unmet_one(
        &self,
        context: &CheckContext<'_>,
        expect: &Expect,
        tried: &Tried,
        (output, exit): (&Output, i32),
    ) -> Result<Option<String>, String> {
        Ok(match expect {
            Expect::Exact(expected) => output.differs(expected),
            Expect::Contains(text) => (!output.text.contains(text.as_str()))
                .then(|| format!("expected {} in it, got {}", quote(&text.as_str().into()), output.quoted())),
            Expect::Schema(schema) => match &output.json {
                None => Some(format!("expected JSON, got {}", output.quoted())),
                Some(value) => {
                    let first = validate(schema, value).into_iter().next();
                    first.map(|found| format!("output{}: {}", found.path, found.message))
                }
            },
            Expect::Exit(code) => {
                (*code != exit).then(|| format!("expected exit code {code}, got {exit}{}", because(tried)))
            }
            Expect::Property(rule) => {
                let scope =
                    EvaluationScope { input: &self.input, output: output.value(), other: None, steps: None, exit };
                unheld(rule, &scope, output)
            }
            Expect::Metamorphic(relation) => relation.unmet(context, &self.input, output, exit)?,
            Expect::Unreadable(why) => Some(why.clone()),
        })
    }
}

fn because(tried: &Tried) -> String {
    match &tried.end {
        RunEnd::Failed { reason, .. } => format!(": {reason}"),
        _ => String::new(),
    }
}

/// Why nothing can be expected from this end of a run.
fn not_ended(end: &RunEnd) -> Option<String> {
    match end {
        RunEnd::Succeeded { .. } | RunEnd::Failed { .. } | RunEnd::InvalidOutput { .. } => None,
        end => Some(end.message().unwrap_or_else(|| "it did not finish".to_owned())),
    }
}

/// Whether a version declares permissions that trials do not get: then a failure says little. Observed attempts are no
/// better criterion, because a look-up without a result is not an attempt.
pub(super) fn lacks_permissions(manifest: &Manifest) -> bool {
    let declared = &manifest.permissions;
    [&declared.network, &declared.read, &declared.write, &declared.env].iter().any(|list| !list.is_empty())
}
