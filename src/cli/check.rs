//! `check`, `comment` and `withdraw`: results of checks and comments of reviewers about a version.

use super::call::{Answer, Call};
use super::done::{Done, execute};
use super::evidence::Evidence;
use super::print_text::{Ink, Page, StyledLine};
use super::shared::check_ink;
use crate::domain::{
    CheckReport, CheckState, Command, CommentAnchor, CommentId, CommentKind, Digest, Review, ReviewId, Tally, ToolName,
    Verdict,
};
use crate::engine::{Engine, EngineError, ErrorCode, Known};
use serde::ser::Error;
use serde::{Serialize, Serializer};
use std::collections::HashSet;
use std::io;

/// The verdict of one version.
#[derive(Serialize)]
pub(super) struct Checked {
    tool: ToolName,
    version: semver::Version,
    digest: Digest,
    verdict: Verdict,
    /// Whether each check gets its own line.
    #[serde(skip)]
    full: bool,
}

/// `check NAME [--full]`: runs all checks now.
pub(super) fn check(call: &Call<'_>) -> Result<Checked, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let tool = engine.library().resolve(call.required("tool")?)?;
    engine.checks().may_start_on(call.text("on"), &call.caller(&engine))?;
    let verdict = engine.checks().run(&tool, call.text("on"), &mut teller(call))?;
    Ok(Checked {
        tool: tool.name.clone(),
        version: tool.version.clone(),
        digest: tool.digest,
        verdict,
        full: call.switch("full"),
    })
}

/// Reports each finished check on standard error, one line each.
pub(super) fn teller<'a>(call: &'a Call<'_>) -> impl FnMut(&Verdict) + 'a {
    let mut told = HashSet::new();
    move |verdict| {
        // Checks with nothing to examine are not reported; the final list counts them.
        let said = ended_since(&mut told, verdict).into_iter().filter(|check| check.state != CheckState::Skipped);
        for check in said {
            call.note(&StyledLine::new().put(Ink::Dim, format!("  {} {}", check.name, check.state)));
        }
    }
}

/// The finished checks that are not in `told`; adds them to `told`. Checks finish in any order.
fn ended_since<'v>(told: &mut HashSet<String>, verdict: &'v Verdict) -> Vec<&'v CheckReport> {
    let ended = verdict.checks.iter().filter(|check| check.state != CheckState::Running);
    ended.filter(|check| told.insert(check.name.clone())).collect()
}

impl Answer for Checked {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let title = format!("{} {} {}  ", self.tool, self.version, self.digest.short());
        page.line(
            &StyledLine::new().put(Ink::Strong, title).put(check_ink(self.verdict.state), self.verdict.state.word()),
        )?;
        let known = Known { lines: &[], verdict: Some(&self.verdict), blocking: &[], is_open: true };
        Evidence { known, to_run: None, full: self.full }.write(page)
    }

    fn exit_code(&self) -> u8 {
        u8::from(self.verdict.state == CheckState::Failed)
    }
}

/// A review for scripts, with all findings of its checks, not only their number.
pub(super) struct WithVerdict {
    pub(super) review: Review,
    pub(super) verdict: Option<Verdict>,
}

impl WithVerdict {
    /// Joins a review with the verdict of its version.
    pub(super) fn of(engine: &Engine, review: Review) -> Result<WithVerdict, EngineError> {
        let verdict = engine.checks().verdict_of(&review)?;
        Ok(WithVerdict { review, verdict })
    }
}

impl Serialize for WithVerdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serde_json::to_value(&self.review).map_err(S::Error::custom)?;
        if let Some(verdict) = &self.verdict {
            fields["verdict"] = serde_json::to_value(verdict).map_err(S::Error::custom)?;
        }
        fields.serialize(serializer)
    }
}

/// A verdict in a few words, for lists.
pub(super) fn tally_words(tally: Option<&Tally>) -> (Ink, String) {
    let Some(tally) = tally else { return (Ink::Dim, "none".to_owned()) };
    let words = match tally.state {
        CheckState::Running => format!("{}/{}", tally.ended, tally.total),
        CheckState::Failed => format!("{} failed", tally.failed),
        CheckState::Warned => format!("{} warned", tally.warned),
        CheckState::Passed | CheckState::Skipped | CheckState::Unavailable => tally.state.to_string(),
    };
    (check_ink(tally.state), words)
}

/// `comment REVIEW TEXT [--path FILE] [--lines A-B] [--kind KIND]`.
pub(super) fn comment(call: &Call<'_>) -> Result<Done, EngineError> {
    let lines = call.text("lines").map(lines).transpose()?;
    let command = Command::Comment {
        review: ReviewId(call.required_id("review")?),
        spot: CommentAnchor { path: call.text("path").map(str::to_owned), lines },
        kind: call.word("kind")?.unwrap_or(CommentKind::Note),
        body: call.required("text")?.to_owned(),
    };
    let (engine, _catalog) = call.open_catalog()?;
    execute(call, &engine, command)
}

pub(super) fn withdraw(call: &Call<'_>) -> Result<Done, EngineError> {
    let command = Command::Withdraw { comment: CommentId(call.required_id("comment")?) };
    let (engine, _catalog) = call.open_catalog()?;
    execute(call, &engine, command)
}

/// `A` or `A-B`, counted from 1.
fn lines(text: &str) -> Result<(u64, u64), EngineError> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if 0 < first && first <= last => Ok((first, last)),
        _ => Err(EngineError::new(
            ErrorCode::Usage,
            format!("{text:?} is not a line number or range"),
            "write --lines 12, or --lines 12-15",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Instant;

    #[test]
    fn lines_are_one_or_a_range() {
        assert_eq!((lines("3").ok(), lines("3-5").ok()), (Some((3, 3)), Some((3, 5))));
        for wrong in ["", "0", "5-3", "a", "3-", "-3"] {
            assert_eq!(lines(wrong).unwrap_err().code, ErrorCode::Usage, "{wrong}");
        }
    }

    #[test]
    fn each_check_is_told_once_in_whatever_order_they_end() {
        let running = |name| CheckReport { state: CheckState::Running, ..CheckReport::of(name, vec![]) };
        let mut checks = ["first", "second", "last"].map(running).to_vec();
        let (mut told, mut said) = (HashSet::new(), Vec::new());
        for at in [2, 0, 1] {
            checks[at].state = CheckState::Passed;
            let verdict = Verdict::of(checks.clone(), None, Instant(0));
            said.extend(ended_since(&mut told, &verdict).into_iter().map(|check| check.name.clone()));
        }
        assert_eq!(said, ["last", "first", "second"]);
    }
}
