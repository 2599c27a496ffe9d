//! What a proof makes of the findings of a change.

use crate::check::change::differences;
use crate::check::fixture::version;
use crate::domain::{Finding, Severity};

const BASE: &str = "\
import sys


def first(items, limit):
    kept = []
    for item in items:
        if item > limit:
            kept.append(item * 2)
    return kept


def second(text):
    if text == 'a':
        return 1
    return 2


print(first(sys.argv, 3), second(sys.argv[1]))
";

fn found(new: &str) -> Vec<Finding> {
    differences(&version("t", &[("t.py", BASE)]), &version("t", &[("t.py", new)])).0
}

fn warnings(new: &str) -> Vec<(String, Option<u64>)> {
    let warnings = found(new).into_iter().filter(|finding| finding.severity > Severity::Low);
    warnings.map(|finding| (finding.code, finding.line)).collect()
}

fn comprehension() -> String {
    BASE.replace(
        "    kept = []\n    for item in items:\n        if item > limit:\n            kept.append(item * 2)\n    return kept\n",
        "    return [one * 2 for one in items if one > limit]\n",
    )
}

#[test]
fn a_file_that_means_the_same_has_no_warning() {
    let new = comprehension();
    assert!(warnings(&new).is_empty(), "{:?}", found(&new));
}

#[test]
fn a_function_that_means_the_same_says_nothing_of_another_one() {
    let new = comprehension().replace("== 'a'", "!= 'a'");
    let warnings = warnings(&new);
    assert!(!warnings.is_empty());
    let line = new.lines().position(|line| line.contains("!= 'a'")).map(|at| at as u64 + 1);
    assert!(warnings.iter().all(|(_, at)| *at >= line), "{warnings:?}");
}

#[test]
fn a_variable_of_the_file_with_another_value_stays_a_warning() {
    let base = "import sys\n\nLIMIT = 3\n\n\ndef low(x):\n    if not x < LIMIT:\n        return 1\n    return 2\n\n\nprint(low(len(sys.argv)))\n";
    let new = base.replace("LIMIT = 3", "LIMIT = 4").replace(
        "    if not x < LIMIT:\n        return 1\n    return 2\n",
        "    if x < LIMIT:\n        return 2\n    return 1\n",
    );
    let (findings, _) = differences(&version("t", &[("t.py", base)]), &version("t", &[("t.py", &new)]));
    assert!(findings.iter().any(|finding| finding.severity > Severity::Low), "{findings:?}");
    assert!(findings.iter().all(|finding| finding.code != "same-meaning"), "{findings:?}");
}

#[test]
fn hidden_characters_stay_a_warning() {
    let new = comprehension().replace("import sys\n", "import sys  # \u{202e}\n");
    assert!(warnings(&new).iter().any(|(code, _)| code == "hidden-character"));
}
