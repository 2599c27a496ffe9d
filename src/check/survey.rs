//! Runs all reading checks over real tools: the bundled ones, the sample, and foreign definitions.

use super::fixture::{LibraryFixture, NoTrials};
use super::{CHECKS, CheckContext, Cost, examine};
use crate::catalog::{Cache, ScanPlan, read, scan};
use crate::domain::{Severity, ToolDetail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn details(workspace: &Path) -> Vec<ToolDetail> {
    let plan = ScanPlan::standard(workspace);
    let scan = scan(&plan, &Cache::default(), &mut |_| {});
    scan.tools.iter().map(|tool| read(&plan, tool).unwrap()).collect()
}

/// The failures of the reading checks for these tools.
fn failures(details: &[ToolDetail]) -> Vec<String> {
    let shelf = LibraryFixture::of(details.to_vec());
    let mut lines = Vec::new();
    for version in details {
        let context = CheckContext { version, base: None, missing: &[], library: &shelf, trials: &NoTrials };
        for check in CHECKS.iter().filter(|check| check.cost == Cost::Reading) {
            let findings = examine(check, &context).findings.into_iter();
            let high = findings.filter(|finding| finding.severity == Severity::High);
            lines.extend(high.map(|finding| format!("{} {}: {finding:?}", version.tool.path, check.name)));
        }
    }
    lines
}

#[test]
fn no_reading_check_fails_a_bundled_tool() {
    assert_eq!(failures(&details(&repository())), [""; 0]);
}

/// The folder of real definitions, if available: `TOOLSMITH_SHARED`, else `../shared` of the repository.
fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("TOOLSMITH_SHARED").map_or_else(|| repository().join("../shared"), PathBuf::from);
    let corpus = shared.join("corpora/code_evolver");
    if !corpus.is_dir() {
        crate::needs::not_run(&format!("{} does not exist", corpus.display()));
        return None;
    }
    Some(corpus)
}

/// Row A12, and the clean half of the labelled descriptions: 242 that nobody here wrote.
#[test]
fn real_definitions_show_their_copies_and_clashes_and_fail_nothing() {
    let Some(corpus) = corpus() else { return };
    let details = details(&corpus);
    let shelf = LibraryFixture::of(details.clone());
    let (mut copies, mut clashes, mut failed) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for version in &details {
        let context = CheckContext { version, base: None, missing: &[], library: &shelf, trials: &NoTrials };
        for check in
            CHECKS.iter().filter(|check| ["injection", "hidden-text", "names", "duplicates"].contains(&check.name))
        {
            let report = examine(check, &context);
            if report.findings.iter().any(|finding| finding.code == "copy") {
                copies.insert(version.tool.digest);
            }
            if report.findings.iter().any(|finding| finding.code == "same-name") {
                clashes.insert(version.tool.path.clone());
            }
            failed.extend(report.findings.into_iter().filter(|finding| finding.severity == Severity::High));
        }
    }
    let copied: usize =
        copies.iter().map(|digest| details.iter().filter(|one| one.tool.digest == *digest).count() - 1).sum();
    assert_eq!((copied, clashes.len()), (27, 6), "27 copies, three pairs of one name: {clashes:?}");
    assert_eq!(failed, []);
}

/// Following commands causes no findings for real definitions.
#[test]
fn the_commands_of_real_definitions_are_followed_and_fail_nothing() {
    let Some(corpus) = corpus() else { return };
    let details = [details(&corpus), details(&repository())].concat();
    let shelf = LibraryFixture::of(details.clone());
    let mut told = Vec::new();
    for version in &details {
        let context = CheckContext { version, base: None, missing: &[], library: &shelf, trials: &NoTrials };
        for check in CHECKS.iter().filter(|check| ["syntax", "capabilities", "hidden-text"].contains(&check.name)) {
            let findings = examine(check, &context).findings.into_iter();
            let new = findings.filter(|finding| finding.severity != Severity::Low);
            told.extend(new.map(|finding| format!("{} {}: {}", version.tool.path, check.name, finding.message)));
        }
    }
    let of_commands: Vec<&String> = told.iter().filter(|line| line.contains("its command: not examined")).collect();
    assert_eq!(of_commands, [""; 0], "all: {told:#?}");
}
