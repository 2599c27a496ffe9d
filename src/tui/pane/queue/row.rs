//! One row of the queue: the request, its object and requester, and known facts.

use super::{agent, placed_subject, risk_style, subject, verdict_word};
use crate::domain::{CheckState, Instant, Review};
use crate::tui::ink::Span;
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{age, cut, pad, safe};
use crate::tui::theme::Theme;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// The minimum width of a useful summary; below that, the name gets the space.
const MIN_SUMMARY: usize = 16;
/// The width of the verdict, including the blank before it: `checks 12/27`.
const VERDICT: usize = 13;
/// The same in short: `no checks`, `12/27 …`.
const NARROW_VERDICT: usize = 10;
/// The width from which the long form is used.
const WIDE: usize = 70;

/// How many columns the words of a summary are longer than those next to a name.
const LONGER: usize = 8;

/// The minimum width of a name next to the person who waits for the decision.
const MIN_NAME: usize = 8;

/// The minimum width of an agent's name there.
const MIN_AGENT: usize = 6;

/// The row of a review; `place` tells its tool apart from others of the same name, `sign` is the mark before it, and `asks`
/// the width of the request column.
pub(super) fn review_row(
    (review, place): (&Review, Option<&str>),
    (sign, asks): (&str, usize),
    width: usize,
    look: Look,
) -> Vec<Span> {
    let (theme, now) = (look.theme, look.now.wall);
    let waited = format!(" {:>4}", age(now, review.created_at));
    let asks = if width >= WIDE { asks } else { asks.min(11) };
    let kind = format!("{} ", pad(review.asks(), asks.saturating_sub(1)));
    let risk = format!(" {:<6}", review.risk.word());
    let fixed = 2 + asks + risk.len() + waited.len();
    let rest = width.saturating_sub(fixed);
    let left = review.expires_at.map(|at| time_left(at, now));
    let words = |most| -> usize {
        let words = left.iter().cloned().chain(who(review, most));
        words.map(|word| word.width() + " · ".width()).sum()
    };
    let least = (MIN_NAME + words(MIN_AGENT)).max(14);
    if rest < least && width < WIDE {
        let room = width.saturating_sub(sign.width() + review.asks().width() + 1);
        let text = beside((review, place), left.into_iter().chain(who(review, MIN_AGENT)), room);
        return vec![Span::styled(cut(&format!("{sign}{} {text}", review.asks()), width), theme.text)];
    }
    let verdict_width = match width {
        WIDE.. => VERDICT,
        _ if rest >= least + NARROW_VERDICT => NARROW_VERDICT,
        _ => 0,
    };
    let rest = rest - verdict_width;
    let subject_width = (width * 2 / 5).clamp(14, 34);
    // `expires in 14m` is longer than `14m left`, which is shown if there is no summary.
    let has_summary = rest >= subject_width + MIN_SUMMARY.max(words(usize::MAX) + LONGER);
    let subject_width = if has_summary { subject_width } else { rest };
    // Without a summary, the remaining time replaces checks without findings.
    let found_nothing = review
        .verdict
        .is_none_or(|tally| matches!(tally.state, CheckState::Passed | CheckState::Skipped | CheckState::Unavailable));
    let counts_down = !has_summary && found_nothing && verdict_width > 0 && left.is_some();
    let verdict = match &left {
        Some(left) if counts_down => left.clone(),
        _ if width >= WIDE => verdict_word(review),
        _ => verdict_sign(review),
    };
    let name = if has_summary {
        placed_subject(review, place, subject_width)
    } else {
        let left = left.filter(|_| !counts_down);
        let others = left.as_ref().map_or(0, |left| left.width() + " · ".width()) + MIN_NAME + " ·  asks".width();
        let most = subject_width.saturating_sub(others).max(MIN_AGENT);
        beside((review, place), left.into_iter().chain(who(review, most)), subject_width)
    };
    let (summary, summary_style) = summary(review, rest - subject_width, look);
    let mut spans = vec![
        Span::styled(sign, theme.accent),
        Span::styled(kind, theme.text),
        Span::styled(pad(&name, subject_width), theme.text),
        Span::styled(pad(&format!(" {summary}"), rest - subject_width), summary_style),
    ];
    if verdict_width > 0 {
        let style = if counts_down { theme.warn } else { verdict_style(review, theme) };
        spans.push(Span::styled(pad(&format!(" {verdict}"), verdict_width), style));
    }
    spans.extend([Span::styled(risk, risk_style(review.risk, theme)), Span::styled(waited, theme.dim)]);
    spans
}

/// How much time is left before the review expires.
fn time_left(at: Instant, now: Instant) -> String {
    if at <= now { "expires now".to_owned() } else { format!("{} left", age(at, now)) }
}

/// Who waits for the decision, with an agent's name cut to this width, and who is reviewing.
fn who(review: &Review, most: usize) -> impl Iterator<Item = String> {
    let agent = agent(review).map(|agent| format!("{} asks", cut(&safe(agent), most)));
    agent.into_iter().chain(review.colleague.as_deref().map(safe))
}

/// The object of a review, with words that matter more than the end of its name.
fn beside((review, place): (&Review, Option<&str>), words: impl Iterator<Item = String>, width: usize) -> String {
    let words = words.fold(String::new(), |words, word| words + " · " + &word);
    if place.is_some() {
        let room = width.saturating_sub(words.width()).max(MIN_NAME);
        return cut(&(placed_subject(review, place, room) + &words), width);
    }
    let whole = subject(review);
    if words.is_empty() || whole.width() + words.width() <= width {
        return whole + &words;
    }
    let name = review.tool.as_str();
    let name = if whole.starts_with(name) { name } else { &whole };
    let room = width.saturating_sub(words.width()).max(MIN_NAME);
    cut(&(cut(name, room) + &words), width)
}

/// The summary, after who waits, who is reviewing, and the remaining time.
fn summary(review: &Review, width: usize, look: Look) -> (String, Style) {
    let expiry = super::expiry(review, look.now.wall);
    let style = if expiry.is_some() { look.theme.warn } else { look.theme.dim };
    let of_agent = agent(review).map(|agent| format!("{} asks", safe(agent)));
    let before: Vec<String> = expiry.into_iter().chain(of_agent).collect();
    let all = |team: Option<&str>| {
        let team = team.map(safe);
        let parts = before.iter().cloned().chain(team);
        parts.map(|part| part + " · ").collect::<String>()
    };
    // The complete team status, or the most important part if there is no space.
    let whole = all(review.team.as_deref());
    let head = if whole.width() <= width { whole } else { all(review.colleague.as_deref()) };
    (head + &safe(&review.summary), style)
}

/// The verdict of checks in nine columns.
fn verdict_sign(review: &Review) -> String {
    match review.verdict {
        Some(tally) if tally.state == CheckState::Running => format!("{}/{} …", tally.ended, tally.total),
        Some(_) | None => verdict_word(review),
    }
}

/// The style of the check results; the word says the same.
fn verdict_style(review: &Review, theme: &Theme) -> Style {
    match review.verdict.map(|tally| tally.state) {
        Some(CheckState::Failed) => theme.bad,
        Some(CheckState::Warned) => theme.warn,
        Some(CheckState::Passed) => theme.good,
        Some(CheckState::Running | CheckState::Skipped | CheckState::Unavailable) | None => theme.dim,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ReviewKind, Risk};
    use crate::tui::pane::rows::NamedKeys;
    use crate::tui::testing::{Bench, review, tools};

    #[test]
    fn a_row_names_the_agent_that_waits() {
        let bench = Bench::ready(100, 30);
        let look =
            Look { theme: &bench.app.theme, keymap: &bench.app.keymap, now: bench.now, named: &NamedKeys::default() };
        let mut asked = review(1, &tools()[0], ReviewKind::New, Risk::Low);
        asked.asker = Some("agent:rosa".to_owned());
        for width in [76, 110, 160] {
            let row = format!("{:?}", review_row((&asked, None), ("⚑ ", 14), width, look));
            assert!(row.contains("rosa asks"), "{width}: {row}");
        }
    }

    #[test]
    fn a_row_says_which_colleague_waits_or_looks_at_it_and_for_how_long_at_any_width() {
        let bench = Bench::ready(100, 30);
        let named = NamedKeys::default();
        let look = Look { theme: &bench.app.theme, keymap: &bench.app.keymap, now: bench.now, named: &named };
        let mut asked = review(1, &tools()[0], ReviewKind::New, Risk::Low);
        let row = |review: &Review, width| {
            let spans = review_row((review, None), ("⚑ ", 14), width, look);
            assert!(spans.iter().map(Span::width).sum::<usize>() <= width, "{width}: {spans:?}");
            format!("{spans:?}")
        };
        asked.team = Some("team: asked by Ada Lovelace <ada@x>, claimed by Bob <bob@x>".to_owned());
        asked.colleague = Some("claimed by Bob".to_owned());
        for width in 34..200 {
            let text = row(&asked, width);
            assert!(text.contains("claimed by Bob"), "{width}: {text}");
        }
        assert!(row(&asked, 200).contains("asked by Ada Lovelace <ada@x>, claimed by Bob <bob@x>"));
        // A long agent name takes no space from the facts for a decision.
        asked.team = None;
        asked.colleague = None;
        asked.asker = Some("agent:claude-code-reviewer".to_owned());
        for width in 57..70 {
            let text = row(&asked, width);
            assert!(text.contains("clau") && text.contains(" asks") && text.contains(" low "), "{width}: {text}");
            assert!(text.contains("no checks") && text.contains("3h"), "{width}: {text}");
        }
        // A long name hides neither the waiting agent nor an expiry.
        asked.tool = crate::domain::ToolName::new("a-name-that-is-longer-than-its-column-in-any-list").unwrap();
        asked.asker = Some("agent:rosa".to_owned());
        asked.expires_at = Some(Instant(bench.now.wall.0 + 14 * 60_000));
        for width in 40..200 {
            let text = row(&asked, width);
            let is_told = text.contains("14m left") || text.contains("expires in 14m");
            assert!(text.contains("rosa asks") && is_told, "{width}: {text}");
        }
    }

    #[test]
    fn a_row_counts_down_where_there_is_no_room_for_a_summary() {
        let bench = Bench::ready(100, 30);
        let named = NamedKeys::default();
        let look = Look { theme: &bench.app.theme, keymap: &bench.app.keymap, now: bench.now, named: &named };
        let mut asked = review(1, &tools()[0], ReviewKind::Call, Risk::High);
        asked.expires_at = Some(Instant(bench.now.wall.0 + 14 * 60_000));
        let mut passed = asked.clone();
        passed.verdict = Some(crate::domain::Verdict::tally(&crate::tui::testing::verdict(&[])));
        passed.verdict = passed.verdict.map(|tally| crate::domain::Tally { state: CheckState::Passed, ..tally });
        for (width, asked) in [46, 58, 76, 110].into_iter().flat_map(|width| [(width, &asked), (width, &passed)]) {
            let row = format!("{:?}", review_row((asked, None), ("⚑ ", 6), width, look));
            let words = if width < 110 { "14m left" } else { "expires in 14m" };
            assert!(row.contains(words), "{width}: {row}");
        }
    }

    #[test]
    fn rows_end_at_the_same_column_whatever_is_asked() {
        let bench = Bench::ready(100, 30);
        let look =
            Look { theme: &bench.app.theme, keymap: &bench.app.keymap, now: bench.now, named: &NamedKeys::default() };
        for width in [44, 58, 69, 70, 110] {
            for kind in [ReviewKind::New, ReviewKind::Specification] {
                let spans = review_row((&review(1, &tools()[0], kind, Risk::Low), None), ("⚑ ", 14), width, look);
                assert!(spans.len() > 1 && spans[1].width() == if width < WIDE { 11 } else { 14 }, "{width}");
                assert_eq!(spans.iter().map(Span::width).sum::<usize>(), width, "{kind:?}");
            }
        }
    }

    #[test]
    fn a_row_tells_tools_of_the_same_name_apart_at_any_width() {
        let bench = Bench::ready(100, 30);
        let named = NamedKeys::default();
        let look = Look { theme: &bench.app.theme, keymap: &bench.app.keymap, now: bench.now, named: &named };
        let mut asked = review(1, &tools()[0], ReviewKind::New, Risk::Low);
        asked.tool = crate::domain::ToolName::new("main").unwrap();
        for width in 40..200 {
            let spans = review_row((&asked, Some("Blackjack")), ("⚑ ", 14), width, look);
            let text = spans.iter().map(|span| format!("{span:?}")).collect::<Vec<_>>().concat();
            assert!(text.contains("main") && text.contains(" in Bl") && text.contains("ck"), "{width}: {text}");
            assert!(spans.iter().map(Span::width).sum::<usize>() <= width, "{width}");
        }
    }
}
