//! Tasks that were tried and never succeeded, and requests that no tool answered.

use super::reckon::{lower_bound, often, part};
use super::tasks::{TaskText, group_alike, words_of};
use crate::domain::{
    FailureMark, Instant, Opportunity, OpportunityKind, RunOutcome, Severity, Suggested, Unanswered, Witness, Worth,
    plural,
};
use std::collections::{BTreeMap, BTreeSet};

/// Minimum number of failed runs of a tool that never succeeded.
pub const NEVER: usize = 3;

/// Maximum number of examples shown for each.
const SHOWN: usize = 5;

/// The outcome of a run, as far as it shows whether a tool works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended<'a> {
    /// Number of the run.
    pub run: u64,
    /// Name of the tool that ran.
    pub tool: &'a str,
    /// The recorded outcome.
    pub outcome: RunOutcome,
    /// Start of the run.
    pub at: Instant,
    /// The cause of a failure.
    pub message: Option<&'a str>,
}

/// Scenarios with failures and no later success, and tools that never succeeded. Impact: failures by severity (1, 2,
/// 3), `x / (x + 10)`; complexity 0.5; confidence grows with the failures.
pub fn unresolved(marks: &[FailureMark], runs: &[Ended<'_>]) -> Vec<Opportunity> {
    let mut worked: BTreeMap<&str, Instant> = BTreeMap::new();
    let mut failing: BTreeMap<&str, Vec<&Ended<'_>>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.outcome.is_judged()) {
        if run.outcome == RunOutcome::Succeeded {
            let at = worked.entry(run.tool).or_insert(run.at);
            *at = (*at).max(run.at);
        } else {
            failing.entry(run.tool).or_default().push(run);
        }
    }
    let mut scenarios: BTreeMap<String, Vec<&FailureMark>> = BTreeMap::new();
    for mark in marks.iter().filter(|mark| !mark.withdrawn && !mark.scenario.trim().is_empty()) {
        scenarios.entry(words_of(&mark.scenario).join(" ")).or_default().push(mark);
    }
    let mut found: Vec<Opportunity> = Vec::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (words, marks) in &scenarios {
        let since = marks.iter().map(|mark| mark.at).max().unwrap_or_default();
        let works = marks.iter().any(|mark| worked.get(mark.tool.as_str()).is_some_and(|at| *at > since));
        if !works {
            told.extend(marks.iter().map(|mark| mark.tool.as_str()));
            found.push(of_scenario(words, marks));
        }
    }
    let never = failing
        .iter()
        .filter(|(tool, runs)| runs.len() >= NEVER && !worked.contains_key(**tool) && !told.contains(**tool));
    found.extend(never.map(|(tool, runs)| never_worked(tool, runs)));
    found
}

fn of_scenario(words: &str, marks: &[&FailureMark]) -> Opportunity {
    let weight: u32 = marks
        .iter()
        .map(|mark| match mark.severity {
            Severity::Low => 1,
            Severity::Medium => 2,
            Severity::High => 3,
        })
        .sum();
    let tools: BTreeSet<&str> = marks.iter().map(|mark| mark.tool.as_str()).collect();
    let listed = tools.iter().copied().collect::<Vec<_>>().join(", ");
    let scenario = marks.last().map_or(words, |mark| mark.scenario.trim());
    let evidence = marks.iter().rev().take(SHOWN).map(|mark| Witness {
        source: if mark.run.is_some() { "run" } else { "mark" }.to_owned(),
        numbers: vec![mark.run.map_or(mark.id.0, |run| run.0).unsigned_abs()],
        text: format!("{} ({})", mark.tool, mark.severity),
    });
    Opportunity::of(Suggested {
        kind: OpportunityKind::Unresolved,
        about: words.to_owned(),
        name: scenario.to_owned(),
        title: format!("{scenario}: failed {} and no tool succeeded", plural(marks.len(), "time", "times")),
        description: format!("A tool for: {scenario}\nTried and failed: {listed}"),
        count: marks.len() as u64,
        worth: Worth {
            frequency: often(marks.len()),
            impact: part(f64::from(weight), 10.0),
            complexity: 0.5,
            confidence: lower_bound(marks.len(), marks.len()),
        },
        parameters: Vec::new(),
        expected_output: None,
        tools: tools.into_iter().map(str::to_owned).collect(),
        evidence: evidence.collect(),
        implementation: None,
    })
}

fn never_worked(tool: &str, runs: &[&Ended<'_>]) -> Opportunity {
    let count = runs.len();
    let newest = runs.iter().max_by_key(|run| (run.at, run.run));
    let message = newest.and_then(|run| run.message).and_then(|text| text.lines().next()).unwrap_or("no message");
    let numbers = runs.iter().rev().take(SHOWN).map(|run| run.run).collect();
    Opportunity::of(Suggested {
        kind: OpportunityKind::Unresolved,
        about: format!("never worked\n{tool}"),
        name: format!("{tool} that works"),
        title: format!("{tool} never worked: {count} runs, the newest: {message}"),
        description: format!("No working tool does what {tool} is for. Its newest failure: {message}"),
        count: count as u64,
        worth: Worth {
            frequency: often(count),
            impact: part(2.0 * count as f64, 10.0),
            complexity: 0.5,
            confidence: lower_bound(count, count),
        },
        parameters: Vec::new(),
        expected_output: None,
        tools: vec![tool.to_owned()],
        evidence: vec![Witness { source: "run".to_owned(), numbers, text: message.to_owned() }],
        implementation: None,
    })
}

/// Requests that no tool answered, similar ones together. Impact: their number, `x / (x + 5)`; complexity 0.5, because
/// nothing is known yet; confidence grows with the number of requests.
pub fn unanswered(asked: &[Unanswered]) -> Vec<Opportunity> {
    let text = |one: &Unanswered| TaskText { source: String::new(), number: 0, text: one.scenario.clone() };
    let texts: Vec<TaskText> = asked.iter().map(text).collect();
    let groups = group_alike(&texts);
    groups.iter().map(|group| of_askings(asked, group)).collect()
}

fn of_askings(asked: &[Unanswered], group: &[usize]) -> Opportunity {
    let count = group.len();
    let first = asked[group[0]].scenario.trim();
    let evidence = group.iter().rev().take(SHOWN).map(|nth| {
        let one = &asked[*nth];
        let tried: Vec<u64> = one.runs.iter().map(|run| run.0.unsigned_abs()).collect();
        let (source, numbers) = if tried.is_empty() { ("asking", vec![*nth as u64 + 1]) } else { ("run", tried) };
        let text = format!("{} ({}, {})", one.scenario, one.kind, one.who);
        Witness { source: source.to_owned(), numbers, text }
    });
    Opportunity::of(Suggested {
        kind: OpportunityKind::Unanswered,
        about: words_of(first).join(" "),
        name: first.to_owned(),
        title: format!("{first}: searched {} without a result", plural(count, "time", "times")),
        description: format!("A tool for: {first}"),
        count: count as u64,
        worth: Worth {
            frequency: often(count),
            impact: part(count as f64, 5.0),
            complexity: 0.5,
            confidence: lower_bound(count, count),
        },
        parameters: Vec::new(),
        expected_output: None,
        tools: Vec::new(),
        evidence: evidence.collect(),
        implementation: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Digest, MarkId, RunId, ToolName, UnansweredKind};

    fn mark(scenario: &str, tool: &str, at: i64) -> FailureMark {
        FailureMark {
            id: MarkId(at),
            run: Some(RunId(at + 100)),
            tool: ToolName::new(tool).unwrap(),
            digest: Digest([0; 32]),
            scenario: scenario.to_owned(),
            error: String::new(),
            severity: Severity::High,
            tags: Vec::new(),
            who: "human".to_owned(),
            at: Instant(at),
            withdrawn: false,
        }
    }

    fn ended(run: u64, tool: &str, outcome: RunOutcome, at: i64) -> Ended<'_> {
        Ended { run, tool, outcome, at: Instant(at), message: Some("boom\nmore") }
    }

    #[test]
    fn a_scenario_is_unresolved_until_one_of_its_tools_works_after_the_last_failure() {
        let marks = [mark("Parse JSON data", "a", 10), mark("parse  json data", "b", 20)];
        let before = [ended(1, "a", RunOutcome::Succeeded, 15)];
        let found = unresolved(&marks, &before);
        assert_eq!((found.len(), found[0].count, found[0].tools.len()), (1, 2, 2));
        assert_eq!(found[0].evidence.iter().map(|one| one.numbers[0]).collect::<Vec<_>>(), [120, 110]);
        assert_eq!(unresolved(&marks, &[ended(1, "b", RunOutcome::Succeeded, 21)]), []);
        assert_eq!(unresolved(&marks, &[ended(1, "other", RunOutcome::Succeeded, 99)]).len(), 1);
    }

    #[test]
    fn a_tool_that_failed_three_times_and_never_worked_is_told_once() {
        let failed = |n: u64| ended(n, "x", RunOutcome::Failed, n as i64);
        assert_eq!(unresolved(&[], &[failed(1), failed(2)]), []);
        let runs = [failed(1), ended(2, "x", RunOutcome::Cancelled, 2), failed(3), failed(4)];
        let found = unresolved(&[], &runs);
        assert_eq!((found.len(), found[0].title.as_str()), (1, "x never worked: 3 runs, the newest: boom"));
        assert_eq!(unresolved(&[mark("do x", "x", 9)], &runs).len(), 1, "the scenario tells it already");
        assert_eq!(unresolved(&[], &[failed(1), failed(2), failed(3), ended(4, "x", RunOutcome::Succeeded, 4)]), []);
    }

    #[test]
    fn a_mark_that_was_taken_back_counts_for_nothing() {
        let marks = [FailureMark { withdrawn: true, ..mark("parse", "a", 10) }];
        assert_eq!(unresolved(&marks, &[]), []);
    }

    #[test]
    fn what_was_asked_in_vain_is_told_once_for_alike_words() {
        let asked = |scenario: &str, runs: &[i64]| Unanswered {
            scenario: scenario.to_owned(),
            tags: Vec::new(),
            kind: UnansweredKind::NoTool,
            runs: runs.iter().map(|run| RunId(*run)).collect(),
            who: "human".to_owned(),
            at: Instant(1),
        };
        let all = [
            asked("convert a PDF to text", &[]),
            asked("resize an image", &[]),
            asked("convert PDF into text", &[7, 9]),
        ];
        let found = unanswered(&all);
        let told: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.count)).collect();
        assert_eq!(told, [("convert-a-pdf-to-text", 2), ("resize-an-image", 1)]);
        let seen: Vec<_> = found[0].evidence.iter().map(ToString::to_string).collect();
        assert_eq!(seen, ["run 7, 9", "asking 1"]);
    }
}
