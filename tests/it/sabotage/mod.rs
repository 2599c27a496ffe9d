//! Planted sabotage: each folder of `tests/data/sabotage` holds a tool as approved, a clean refactoring of it, and
//! the same refactoring with one malicious change buried in it. The checks flag the second and not the first.

use crate::support::repository;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toolsmith::catalog::{self, Cache, ScanPlan, ToolRoot};
use toolsmith::check::{Batch, CHECKS, CheckContext, Library, Trials, examine};
use toolsmith::domain::{CheckState, Finding, Severity, Stage, Tool, ToolDetail};
use toolsmith::runner::Tried;

/// The checks that compare a version with the one approved before.
const COMPARING: &[&str] = &["permissions", "version", "change"];

struct Nothing;

impl Library for Nothing {
    fn rows(&self) -> &[Arc<Tool>] {
        &[]
    }

    fn read(&self, _: &Tool) -> Option<ToolDetail> {
        None
    }
}

impl Trials for Nothing {
    fn start(&self, _: &Batch<'_>) -> Result<Vec<Tried>, String> {
        Err("comparing starts nothing".to_owned())
    }
}

/// What a sabotage must be found by.
struct Expected {
    /// Words of the finding.
    names: String,
    /// The file.
    path: String,
    /// Text of the line; `None` for what is gone and has no line any more.
    near: Option<String>,
}

fn folders(part: &str) -> Vec<PathBuf> {
    let folder = repository().join("tests/data").join(part);
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn version(folder: &Path, which: &str) -> ToolDetail {
    let root = ToolRoot { path: PathBuf::new(), stage: Some(Stage::Experimental) };
    let plan = ScanPlan { roots: vec![root], ..ScanPlan::standard(folder) };
    let scan = catalog::scan(&plan, &Cache::default(), &mut |_| {});
    assert!(scan.problems.is_empty(), "{:?}", scan.problems);
    let start = format!("{which}/");
    let tool = scan
        .tools
        .iter()
        .find(|tool| tool.path.starts_with(&start))
        .unwrap_or_else(|| panic!("{}: no {which}", folder.display()));
    catalog::read(&plan, tool).unwrap()
}

fn expected(folder: &Path) -> Expected {
    let text = std::fs::read_to_string(folder.join("expected.txt")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let word = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    Expected { names: word("names").unwrap(), path: word("path").unwrap(), near: word("near") }
}

fn findings(base: &ToolDetail, version: &ToolDetail) -> Vec<Finding> {
    let desk = CheckContext { version, base: Some(base), missing: &[], library: &Nothing, trials: &Nothing };
    let checks = CHECKS.iter().filter(|check| COMPARING.contains(&check.name));
    let reports =
        checks.map(|check| examine(check, &desk)).inspect(|report| assert_ne!(report.state, CheckState::Skipped));
    reports.flat_map(|report| report.findings).collect()
}

fn told(findings: &[Finding]) -> Vec<String> {
    let loud = findings.iter().filter(|finding| finding.severity > Severity::Low);
    loud.map(|f| format!("{} {:?}:{:?} {}", f.severity, f.path, f.line, f.message)).collect()
}

/// Why a sabotage counts as missed; `None` when it is found.
fn missed(expected: &Expected, version: &ToolDetail, findings: &[Finding]) -> Option<String> {
    let text = version.files.iter().find(|file| file.path == expected.path).map(|file| &file.bytes);
    let text = text.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    let is_it = |finding: &Finding| {
        let at = finding.line.and_then(|line| text.lines().nth(usize::try_from(line).unwrap() - 1));
        finding.severity > Severity::Low
            && finding.message.contains(&expected.names)
            && finding.path.as_deref() == Some(&expected.path)
            && expected.near.as_ref().is_none_or(|near| at.is_some_and(|line| line.contains(near.as_str())))
    };
    (!findings.iter().any(is_it)).then(|| format!("{} not told in {:#?}", expected.names, told(findings)))
}

#[test]
fn a_planted_sabotage_is_named_at_its_line_and_its_clean_twin_raises_nothing() {
    let folders = folders("sabotage");
    assert!(folders.len() >= 24, "{} pairs", folders.len());
    let mut wrong = Vec::new();
    for folder in &folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let base = version(folder, "base");
        let clean = told(&findings(&base, &version(folder, "clean")));
        if !clean.is_empty() {
            wrong.push(format!("{name}: the clean twin raises {clean:#?}"));
        }
        let sabotaged = version(folder, "sabotaged");
        if let Some(why) = missed(&expected(folder), &sabotaged, &findings(&base, &sabotaged)) {
            wrong.push(format!("{name}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_version_raises_nothing_against_itself() {
    for folder in folders("sabotage") {
        let version = version(&folder, "sabotaged");
        assert_eq!(findings(&version, &version), [], "{}", folder.display());
    }
}
