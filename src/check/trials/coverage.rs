//! How much of the version its own tests run: pytest below coverage, where the version has tests and both are installed.

use super::{abreast, cannot_start, unavailable};
use crate::check::{Batch, CheckContext};
use crate::domain::{CheckReport, Finding, InputMode, Recipe, RunEnd, Severity};
use crate::runner::Pace;
use serde_json::{Value, json};

/// Runs the tests below coverage. Without braces, which a command would take for placeholders.
const SCRIPT: &str = include_str!("coverage.py");

/// Looks for tests in the version and runs them.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "coverage";
    let is_test = |path: &str| {
        let file = path.rsplit('/').next().unwrap_or(path);
        let is_python = file.strip_suffix(".py").is_some();
        is_python && (file.starts_with("test_") || file.ends_with("_test.py"))
    };
    if !context.version.files.iter().any(|file| is_test(&file.path)) {
        return CheckReport::skipped(name, "it has no Python test files");
    }
    if let Some(why) = cannot_start(context.version) {
        return CheckReport::skipped(name, why);
    }
    let Some(recipe) = &context.version.manifest.recipe else {
        return CheckReport::skipped(name, "it does not start a process");
    };
    let python = recipe.command.first().filter(|word| word.contains("python")).cloned();
    let command =
        vec![python.unwrap_or_else(|| "python3".to_owned()), "-c".to_owned(), SCRIPT.to_owned(), "{dir}".to_owned()];
    let mut version = context.version.clone();
    version.manifest.recipe = Some(Recipe { command, ..Recipe::blank(InputMode::None) });
    version.manifest.input = None;
    version.manifest.output = None;
    let nothing = json!({});
    let batch = Batch::new(&version, std::slice::from_ref(&nothing), Pace::Plain).abreast(abreast(1));
    let tried = match context.trials.start(&batch) {
        Ok(tried) => tried,
        Err(why) => return unavailable(name, why),
    };
    let Some(tried) = tried.first() else { return unavailable(name, "nothing was run".to_owned()) };
    let last = String::from_utf8_lossy(&tried.stdout).lines().last().unwrap_or_default().to_owned();
    let told: Value = serde_json::from_str(&last).unwrap_or_default();
    if let Some(absent) = told.get("absent").and_then(Value::as_str) {
        return unavailable(name, format!("{absent} is not installed for its interpreter"));
    }
    let Some(code) = told.get("code").and_then(Value::as_i64) else {
        let why = match &tried.end {
            RunEnd::Succeeded { .. } => "its tests printed nothing".to_owned(),
            end => end.message().unwrap_or_default(),
        };
        return unavailable(name, format!("its tests did not finish: {why}"));
    };
    let mut findings = Vec::new();
    if code != 0 {
        let message = match code {
            1 => "some of its tests fail".to_owned(),
            5 => "its test files contain no tests".to_owned(),
            code => format!("pytest exited with {code}"),
        };
        findings.push(Finding::new("own-tests", Severity::Medium, message));
    }
    let percent = told.get("percent").and_then(Value::as_f64).filter(|percent| (0.0..=100.0).contains(percent));
    let figure =
        percent.map_or_else(|| "no coverage data".to_owned(), |percent| format!("{percent:.0} % of its lines"));
    CheckReport::of(name, findings).noted(figure)
}
