//! Consecutive approvals of one generator in one category: where fewer questions could be asked.

use crate::domain::{Category, CostTier, DecisionKind, Instant, rfc3339};
use serde::Serialize;
use std::collections::BTreeMap;

/// Number of consecutive approvals for a suggestion.
pub const ROW: u64 = 10;

/// A decision that says something about the generator of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The program that generated the tool.
    pub generator: String,
    /// The category of the tool.
    pub category: Category,
    /// Cost tier of the tool.
    pub tier: CostTier,
    /// Approved, rejected or changes requested.
    pub kind: DecisionKind,
    /// Whether a failed check was overridden: an approval despite evidence is not a sign of trust.
    pub overridden: bool,
    /// When it was decided.
    pub at: Instant,
}

/// A suggestion that a generator was right often enough in a category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    /// Name of the generator that made the tools.
    pub generator: String,
    /// The common category of the tools.
    pub category: Category,
    /// Approvals since the last decision that was not a plain approval.
    pub approvals: u64,
    /// When one of its tools was last rejected or sent back; `None` for never.
    pub last_rejection: Option<Instant>,
    /// The suggestion in words.
    pub text: String,
}

/// The state of a series of decisions.
#[derive(Default)]
struct DecisionStreak {
    approvals: u64,
    last_rejection: Option<Instant>,
}

/// The suggestions from these decisions, which are given oldest first; ordered by generator and category. Only tools of
/// the lowest cost tier count: success at a higher tier says nothing about the next tool.
pub fn suggestions(judged: &[Judged]) -> Vec<Suggestion> {
    let mut rows: BTreeMap<(&str, &str), (DecisionStreak, &Category)> = BTreeMap::new();
    for one in judged.iter().filter(|one| one.tier == CostTier::Low) {
        let key = (one.generator.as_str(), one.category.0.as_str());
        let (row, _) = rows.entry(key).or_insert_with(|| (DecisionStreak::default(), &one.category));
        match one.kind {
            DecisionKind::Approve if !one.overridden => row.approvals += 1,
            DecisionKind::Approve => row.approvals = 0,
            DecisionKind::Reject | DecisionKind::RequestChanges => {
                *row = DecisionStreak { approvals: 0, last_rejection: Some(one.at) };
            }
        }
    }
    let enough = rows.into_iter().filter(|(_, (row, _))| row.approvals >= ROW);
    enough.map(|((generator, _), (row, category))| suggestion(generator, category, &row)).collect()
}

/// The suggestion for a tool under review; none for a tier above the lowest.
pub fn suggestion_for(judged: &[Judged], generator: &str, category: &Category, tier: CostTier) -> Option<Suggestion> {
    let fits = |found: &Suggestion| found.generator == generator && found.category == *category;
    if tier == CostTier::Low { suggestions(judged).into_iter().find(fits) } else { None }
}

fn suggestion(generator: &str, category: &Category, row: &DecisionStreak) -> Suggestion {
    let last = row.last_rejection.map_or_else(|| "never".to_owned(), rfc3339);
    let text = format!(
        "{} approvals in a row for generator {generator} in category {category}, last rejection {last}: its low-tier tools may need fewer reviews (a suggestion; nothing changes automatically)",
        row.approvals
    );
    Suggestion {
        generator: generator.to_owned(),
        category: category.clone(),
        approvals: row.approvals,
        last_rejection: row.last_rejection,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(kind: DecisionKind, at: i64) -> Judged {
        Judged {
            generator: "forge".to_owned(),
            category: Category::new("data"),
            tier: CostTier::Low,
            kind,
            overridden: false,
            at: Instant(at),
        }
    }

    fn row(length: i64) -> Vec<Judged> {
        (0..length).map(|at| judged(DecisionKind::Approve, at)).collect()
    }

    #[test]
    fn ten_approvals_in_a_row_suggest_and_nine_do_not() {
        assert_eq!(suggestions(&row(9)), vec![]);
        let found = suggestions(&row(10));
        assert_eq!((found.len(), found[0].approvals, found[0].last_rejection), (1, 10, None));
        assert!(
            found[0]
                .text
                .starts_with("10 approvals in a row for generator forge in category data, last rejection never")
        );
    }

    #[test]
    fn a_no_a_not_yet_and_an_override_begin_the_row_again() {
        for breaks in [
            judged(DecisionKind::Reject, 50),
            judged(DecisionKind::RequestChanges, 50),
            Judged { overridden: true, ..judged(DecisionKind::Approve, 50) },
        ] {
            let all: Vec<Judged> = row(20).into_iter().chain([breaks.clone()]).chain(row(9)).collect();
            assert_eq!(suggestions(&all), vec![], "{breaks:?}");
            let all: Vec<Judged> = all.into_iter().chain(row(1)).collect();
            assert_eq!(suggestions(&all)[0].approvals, 10);
        }
    }

    #[test]
    fn nothing_but_the_lowest_tier_counts_or_is_suggested_for() {
        for tier in [CostTier::Medium, CostTier::High, CostTier::Prohibited] {
            let others: Vec<Judged> = row(30).into_iter().map(|one| Judged { tier, ..one }).collect();
            assert_eq!(suggestions(&others), vec![]);
            assert_eq!(suggestion_for(&row(30), "forge", &Category::new("data"), tier), None);
        }
        assert!(suggestion_for(&row(30), "forge", &Category::new("data"), CostTier::Low).is_some());
        assert_eq!(suggestion_for(&row(30), "other", &Category::new("data"), CostTier::Low), None);
        assert_eq!(suggestion_for(&row(30), "forge", &Category::new("web"), CostTier::Low), None);
    }

    proptest! {
        #[test]
        fn a_suggestion_always_rests_on_a_whole_row(kinds in prop::collection::vec(0..3_u8, 0..60)) {
            let decisions: Vec<Judged> = kinds.iter().zip(0..).map(|(kind, at)| judged(match kind {
                0 => DecisionKind::Reject,
                _ => DecisionKind::Approve,
            }, at)).collect();
            let trailing = decisions.iter().rev().take_while(|one| one.kind == DecisionKind::Approve).count() as u64;
            let found = suggestions(&decisions);
            prop_assert_eq!(found.first().map(|one| one.approvals), (trailing >= ROW).then_some(trailing));
        }
    }
}
