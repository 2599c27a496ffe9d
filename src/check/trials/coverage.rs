//! The tests that a version brings along, and how much of its code they run: pytest, below coverage where that is
//! installed, and the tests of node.

use super::{abreast, cannot_start, unavailable};
use crate::check::{Batch, CheckContext};
use crate::domain::source::excerpt;
use crate::domain::{CheckReport, Finding, InputMode, Recipe, RunEnd, Severity};
use crate::runner::{Pace, Tried};
use serde_json::{Value, json};

/// Runs the tests below coverage. Without braces, which a command would take for placeholders.
const SCRIPT: &str = include_str!("coverage.py");

/// Failing tests that are named.
const MAX_NAMED: usize = 5;

/// Longest name of a test, in characters.
const MAX_NAME: usize = 80;

/// What came of the tests.
#[derive(Debug, Default, PartialEq)]
struct Tested {
    /// Why they fail, beside their names.
    fault: Option<String>,
    failed: Vec<String>,
    /// The share of the lines that they run, in percent.
    percent: Option<f64>,
}

/// Looks for tests in the version and runs them.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "coverage";
    let files = || context.version.files.iter().map(|file| file.path.as_str());
    let for_node: Vec<&str> = files().filter(|path| is_node_test(path)).collect();
    let is_python = files().any(is_python_test);
    if !is_python && for_node.is_empty() {
        return CheckReport::skipped(name, "it has no test files for pytest or node");
    }
    if let Some(why) = cannot_start(context.version) {
        return CheckReport::skipped(name, why);
    }
    let mut tested = Vec::new();
    for outcome in [is_python.then(|| pytest(context)), (!for_node.is_empty()).then(|| node(context, &for_node))] {
        match outcome {
            Some(Ok(one)) => tested.push(one),
            Some(Err(why)) => return unavailable(name, why),
            None => {}
        }
    }
    let figures = tested.iter().filter_map(|one| one.percent).filter(|percent| (0.0..=100.0).contains(percent));
    let figures: Vec<String> = figures.map(|percent| format!("{percent:.0}% of its lines")).collect();
    let note = if figures.is_empty() { "no coverage data".to_owned() } else { figures.join(", ") };
    CheckReport::of(name, tested.iter().flat_map(Tested::findings).collect()).noted(note)
}

impl Tested {
    fn findings(&self) -> Vec<Finding> {
        let finding = |message: String| Finding::new("own-tests", Severity::Medium, message);
        let failed = self.failed.iter().take(MAX_NAMED);
        let failed: Vec<Finding> =
            failed.map(|test| finding(format!("its test fails: {}", excerpt(test, MAX_NAME)))).collect();
        let fault = self.fault.as_ref().filter(|_| failed.is_empty());
        fault.map(|fault| finding(fault.clone())).into_iter().chain(failed).collect()
    }
}

fn is_python_test(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let is_python = file.strip_suffix(".py").is_some();
    is_python && (file.starts_with("test_") || file.ends_with("_test.py"))
}

/// Whether node takes a file for tests: by the names that `node --test` looks for.
fn is_node_test(path: &str) -> bool {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = [".js", ".mjs", ".cjs"].iter().find_map(|ending| file.strip_suffix(ending));
    let is_named = |stem: &str| {
        stem == "test"
            || stem.starts_with("test-")
            || [".test", "-test", "_test"].iter().any(|ending| stem.ends_with(ending))
    };
    stem.is_some_and(|stem| is_named(stem) || folder.split('/').any(|folder| folder == "test"))
}

/// Runs another command in place of the version.
fn run(context: &CheckContext<'_>, command: Vec<String>) -> Result<Tried, String> {
    let mut version = context.version.clone();
    version.manifest.recipe = Some(Recipe { command, ..Recipe::blank(InputMode::None) });
    version.manifest.input = None;
    version.manifest.output = None;
    let nothing = json!({});
    let batch = Batch::new(&version, std::slice::from_ref(&nothing), Pace::Plain).abreast(abreast(1));
    context.trials.start(&batch)?.into_iter().next().ok_or_else(|| "nothing was run".to_owned())
}

fn unfinished(end: &RunEnd) -> String {
    let why = match end {
        RunEnd::Succeeded { .. } => "its tests printed nothing".to_owned(),
        end => end.message().unwrap_or_default(),
    };
    format!("its tests did not finish: {why}")
}

fn pytest(context: &CheckContext<'_>) -> Result<Tested, String> {
    let command = context.version.manifest.recipe.iter().filter_map(|recipe| recipe.command.first());
    let python = command.into_iter().find(|word| word.contains("python")).map_or("python3", String::as_str);
    let command = [python, "-c", SCRIPT, "{dir}"].map(str::to_owned).to_vec();
    let tried = run(context, command)?;
    let last = String::from_utf8_lossy(&tried.stdout).lines().last().unwrap_or_default().to_owned();
    let told: Value = serde_json::from_str(&last).unwrap_or_default();
    if let Some(absent) = told.get("absent").and_then(Value::as_str) {
        return Err(format!("{absent} is not installed for its interpreter"));
    }
    let code = told.get("code").and_then(Value::as_i64).ok_or_else(|| unfinished(&tried.end))?;
    let fault = match code {
        0 => None,
        1 => Some("some of its tests fail".to_owned()),
        5 => Some("its test files contain no tests".to_owned()),
        code => Some(format!("pytest exited with {code}")),
    };
    let failed = told.get("failed").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let failed = failed.map(str::to_owned).collect();
    Ok(Tested { fault, failed, percent: told.get("percent").and_then(Value::as_f64) })
}

fn node(context: &CheckContext<'_>, files: &[&str]) -> Result<Tested, String> {
    let options = ["node", "--test", "--test-reporter=tap", "--experimental-test-coverage"];
    let files = files.iter().map(|file| format!("{{dir}}/{file}"));
    let tried = run(context, options.into_iter().map(str::to_owned).chain(files).collect())?;
    let text = String::from_utf8_lossy(&tried.stdout);
    if !text.lines().any(|line| line.starts_with("# pass ")) {
        return Err(unfinished(&tried.end));
    }
    Ok(of_tap(&text, tried.end.exit_code() == Some(0)))
}

/// Reads what node writes about its tests: the Test Anything Protocol, with the coverage as comments.
fn of_tap(text: &str, is_good: bool) -> Tested {
    let failed = text.lines().filter_map(|line| line.trim_start().strip_prefix("not ok "));
    let failed = failed.filter_map(|line| line.split_once(" - ")).map(|(_, test)| test.to_owned()).collect();
    let all = text.lines().find_map(|line| line.trim_start_matches(['#', ' ']).strip_prefix("all files"));
    let percent = all.and_then(|figures| figures.split('|').nth(1)?.trim().parse().ok());
    Tested { fault: (!is_good).then(|| "some of its tests fail".to_owned()), failed, percent }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, python, told};
    use super::*;
    use crate::domain::{FileMode, ToolDetail, VersionFile};

    fn with_files(files: &[(&str, &str)]) -> ToolDetail {
        let mut version = python("");
        version.files = files
            .iter()
            .map(|(path, text)| VersionFile { path: (*path).into(), mode: FileMode::Plain, bytes: (*text).into() })
            .collect();
        if let Some(recipe) = &mut version.manifest.recipe {
            recipe.entry = Some("tool.cjs".into());
            recipe.command = vec!["node".into(), "{file}".into()];
        }
        version
    }

    #[test]
    fn a_test_of_node_that_fails_is_named_and_one_that_passes_is_not() {
        let tests = "const test = require('node:test');\nconst assert = require('assert');\nconst add = \
                     require('./tool.cjs');\ntest('adds', () => assert.equal(add(1, 2), 3));\n\
                     test('adds more', () => assert.equal(add(1, 2), 4));\n";
        let tool = ("tool.cjs", "module.exports = (a, b) => a + b;\n");
        let report = check("coverage", &with_files(&[tool, ("tool.test.cjs", tests)]), None);
        assert_eq!(told(&report), [("own-tests", Severity::Medium, "its test fails: adds more")], "{report:?}");
        let right = tests.replace(", 4)", ", 3)");
        let report = check("coverage", &with_files(&[tool, ("tool.test.cjs", &right)]), None);
        assert_eq!(told(&report), []);
        assert!(report.note.contains("% of its lines"), "{}", report.note);
    }

    #[test]
    fn files_that_node_looks_for_are_tests() {
        for path in ["a.test.js", "test/a.js", "b/a-test.mjs", "test-a.cjs", "test.js"] {
            assert!(is_node_test(path), "{path}");
        }
        for path in ["a.js", "testing/a.js", "test/a.json", "latest.js", "a.test.py"] {
            assert!(!is_node_test(path), "{path}");
        }
    }
}
