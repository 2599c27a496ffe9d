//! The faults of an answer, for the next round: worst first, within a size limit.

use super::cut::{Keep, cut};
use super::prompt::fenced;
use crate::domain::{CheckReport, CheckState, Finding, ReplayOutcome, Replayed, Severity, Verdict, count};

/// The default size limit, in bytes.
pub const DEFAULT_LIMIT: usize = 8 * 1024;

/// The maximum size of one item, in bytes: a long message must not displace the others.
const MAX_ITEM: usize = 1500;

/// The maximum number of findings of one check.
const MAX_FINDINGS: usize = 8;

/// Space for the line about omissions, in bytes.
const FOOTER: usize = 80;

/// The known facts about an answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// The results of the checks.
    pub verdict: Option<&'a Verdict>,
    /// Names of the checks that block approval.
    pub blocking: &'a [String],
    /// The results of recorded inputs.
    pub replay: &'a [Replayed],
}

/// An item and its severity: lower is worse.
type Item = (u8, String);

/// The faults, worst first: broken inputs, blocking checks, tests, chosen failures that remain, changed results, other
/// findings, and measurements. At most `limit` bytes; omitted items are counted. Empty if there is nothing to report.
pub fn section(evidence: &Evidence<'_>, limit: usize) -> String {
    let mut items: Vec<Item> = evidence.replay.iter().filter_map(replayed).collect();
    items.extend(evidence.verdict.iter().flat_map(|verdict| &verdict.checks).filter_map(|check| told(check, evidence)));
    items.sort_by_key(|(rank, _)| *rank);
    let mut text = String::new();
    let mut left_out = 0;
    for (_, item) in items {
        // A smaller item might fit where a larger one did not, but then the order would be misleading.
        if left_out > 0 || text.len() + item.len() + 2 > limit.saturating_sub(FOOTER) {
            left_out += 1;
            continue;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&item);
    }
    if left_out > 0 && limit >= FOOTER {
        let lead = if text.is_empty() { "" } else { "\n\n" };
        text.push_str(lead);
        text.push_str(&count(left_out, "more thing"));
        text.push_str(" omitted to save space.");
    }
    text
}

fn replayed(case: &Replayed) -> Option<Item> {
    let run = case.run;
    let (rank, line) = match case.outcome {
        ReplayOutcome::Broken => (0, format!("Broken: the input of run {run} worked before and fails now.")),
        ReplayOutcome::Hidden => {
            (0, format!("Not fixed: the input of run {run} succeeds now, but the failure is only hidden."))
        }
        ReplayOutcome::Refused | ReplayOutcome::Fixed | ReplayOutcome::LeftOut | ReplayOutcome::NotRepeated => {
            return None;
        }
        _ if case.chosen => (3, format!("Not fixed: the input of run {run} still fails.")),
        ReplayOutcome::Changed => (4, format!("Changed: the input of run {run} gives a different result than before.")),
        ReplayOutcome::Same => return None,
    };
    let mut left = MAX_ITEM;
    let mut part = |what: &str, text: &str, share: usize| {
        let text = cut(text.trim_end(), left / share, Keep::Tail).0;
        left -= text.len();
        (!text.trim().is_empty()).then(|| format!("{what}:\n\n{}", fenced("", &text)))
    };
    let difference = part("Difference", &case.difference, 3);
    let parts = [
        Some(line),
        part("Its input", &case.input, 3),
        difference.is_none().then(|| part("Before", &case.before, 3)).flatten(),
        part("Now", &case.after, 1),
        difference,
    ];
    Some((rank, parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")))
}

fn told(check: &CheckReport, evidence: &Evidence<'_>) -> Option<Item> {
    let is_blocking = evidence.blocking.contains(&check.name);
    let is_test = matches!(check.name.as_str(), "tests" | "examples");
    let rank = match check.state {
        // The request was not fulfilled.
        CheckState::Failed if check.name == super::assess::REPORT => 0,
        CheckState::Failed if is_test => 2,
        _ if is_blocking => 1,
        CheckState::Failed => 5,
        CheckState::Warned => 6,
        CheckState::Passed if check.name == "benchmark" => 7,
        CheckState::Running | CheckState::Passed | CheckState::Skipped | CheckState::Unavailable => return None,
    };
    let way = if is_blocking { ", which blocks approval" } else { "" };
    let note = if check.note.is_empty() { String::new() } else { format!(": {}", inline(&check.note)) };
    let title = format!("Check `{}` {}{way}{note}", check.name, check.state);
    // A fact is not a fault.
    let findings: Vec<&Finding> = check.findings.iter().filter(|finding| finding.severity > Severity::Low).collect();
    if findings.is_empty() {
        return Some((rank, format!("{title}.")));
    }
    let lines: Vec<String> = findings.iter().take(MAX_FINDINGS).map(|finding| line_of(finding)).collect();
    let more = findings.len().saturating_sub(MAX_FINDINGS);
    let more = if more > 0 { format!("\n\n{} of this check.", count(more, "more finding")) } else { String::new() };
    let text = cut(&lines.join("\n"), MAX_ITEM, Keep::Head).0;
    Some((rank, format!("{title}:\n\n{}{more}", fenced("", &text))))
}

fn line_of(finding: &Finding) -> String {
    let place = match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!("{path}:{line}: "),
        (Some(path), None) => format!("{path}: "),
        (None, _) => String::new(),
    };
    format!("{place}{}", finding.message)
}

/// A note on one line; notes are written by Toolsmith, but may contain text of a tool.
fn inline(note: &str) -> String {
    cut(&note.replace(['\n', '`'], " "), 200, Keep::Head).0.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::{Evidence, section};
    use crate::domain::{CheckReport, Finding, Instant, ReplayOutcome, Replayed, RunId, Severity, Verdict};

    fn case(run: i64, outcome: ReplayOutcome, chosen: bool) -> Replayed {
        Replayed {
            run: RunId(run),
            outcome,
            chosen,
            input: format!("{{\"n\": {run}}}"),
            before: "1".into(),
            after: "boom".into(),
            difference: String::new(),
        }
    }

    fn verdict() -> Verdict {
        let finding = |severity, message: &str| Finding::new("x", severity, message);
        Verdict::of(
            vec![
                CheckReport::of("complexity", vec![finding(Severity::Medium, "branchy")]),
                CheckReport::of("tests", vec![finding(Severity::High, "test 1: expected 2, got ```3")])
                    .noted("1 of 2 passed"),
                CheckReport::of("syntax", vec![finding(Severity::High, "it is no Python").at("a.py", 3)]),
                CheckReport::of("names", vec![finding(Severity::Low, "a plain fact")]),
                CheckReport::of("benchmark", Vec::new()).noted("p50 31 ms, p95 40 ms"),
            ],
            None,
            Instant(0),
        )
    }

    #[test]
    fn the_worst_comes_first_and_plain_facts_are_no_faults() {
        let replay = [
            case(1, ReplayOutcome::Changed, false),
            case(2, ReplayOutcome::Same, true),
            case(3, ReplayOutcome::Broken, false),
            case(4, ReplayOutcome::Fixed, true),
            case(5, ReplayOutcome::Same, false),
        ];
        let verdict = verdict();
        let blocking = ["syntax".to_owned(), "tests".to_owned()];
        let text = section(&Evidence { verdict: Some(&verdict), blocking: &blocking, replay: &replay }, 8000);
        let order =
            ["Broken: the input of run 3", "`syntax` failed", "`tests` failed", "Not fixed: the input of run 2"]
                .into_iter()
                .chain([
                    "Changed: the input of run 1",
                    "`complexity` warned",
                    "`benchmark` passed: p50 31 ms, p95 40 ms.",
                ]);
        let places: Vec<usize> =
            order.map(|words| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"))).collect();
        assert!(places.is_sorted(), "{text}");
        assert!(!text.contains("plain fact") && !text.contains("run 4") && !text.contains("run 5"), "{text}");
        assert!(text.contains("a.py:3: it is no Python"), "{text}");
        assert!(text.contains("````\ntest 1: expected 2, got ```3\n````"), "{text}");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let replay: Vec<Replayed> = (0..50)
            .map(|run| Replayed { after: "x".repeat(5000), ..case(run, ReplayOutcome::Broken, false) })
            .collect();
        for limit in [0, 100, 2000, 9000] {
            let text = section(&Evidence { replay: &replay, ..Evidence::default() }, limit);
            assert!(text.len() <= limit, "{limit}: {}", text.len());
            assert_eq!(text.ends_with("omitted to save space."), limit > 0, "{text}");
        }
        assert_eq!(section(&Evidence::default(), 8000), "");
    }
}
