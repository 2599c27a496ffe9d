//! All reading checks over real tools: the bundled ones, the sample, and definitions that nobody here wrote.

use super::fixture::{NoTrials, Shelf};
use super::{CHECKS, Cost, Desk, examine};
use crate::catalog::{Cache, Plan, read, scan};
use crate::domain::{CheckState, Severity, ToolDetail};
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn details(workspace: &Path) -> Vec<ToolDetail> {
    let plan = Plan::standard(workspace);
    let scan = scan(&plan, &Cache::default(), &mut |_| {});
    scan.tools.iter().map(|tool| read(&plan, tool).unwrap()).collect()
}

/// `state name check severity code message` of everything that is not merely a fact.
fn said(details: Vec<ToolDetail>, least: Severity) -> Vec<(Severity, String)> {
    let shelf = Shelf::of(details.clone());
    let mut lines = Vec::new();
    for version in &details {
        let desk = Desk { version, base: None, missing: &[], library: &shelf, trials: &NoTrials };
        for check in CHECKS.iter().filter(|check| check.cost == Cost::Reading) {
            let report = examine(check, &desk);
            let findings = report.findings.iter().filter(|finding| finding.severity >= least);
            lines.extend(findings.map(|finding| {
                let place = format!("{}:{}", finding.path.as_deref().unwrap_or("-"), finding.line.unwrap_or(0));
                let (name, code) = (&version.tool.path, &finding.code);
                let line = format!("{} {} {name} {code} {place} {}", finding.severity, check.name, finding.message);
                (finding.severity, line)
            }));
            if least == Severity::Low && report.state != CheckState::Passed {
                lines.push((
                    Severity::Low,
                    format!("= {} {} {} {}", report.state, check.name, version.tool.path, report.note),
                ));
            }
        }
    }
    lines
}

#[test]
fn no_reading_check_fails_a_bundled_tool() {
    let lines = said(details(&repository()), Severity::High);
    assert_eq!(lines, []);
}

/// Prints what the checks say of all tools at hand; asked for by hand when a rule is made.
#[test]
#[ignore = "prints a survey, asserts nothing"]
fn survey() {
    let mut places = vec![repository()];
    places.extend(std::env::var_os("TOOLSMITH_SURVEY").map(PathBuf::from));
    for place in places {
        for (_, line) in said(details(&place), Severity::Low) {
            println!("{line}");
        }
    }
}
