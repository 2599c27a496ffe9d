//! Reviews and decisions: `reviews`, `review`, `approve`, `reject`, `request-changes`.

use super::call::{Answer, Call};
use super::check::{self, WithVerdict};
use super::done::{Done, announce_and_execute};
use super::evidence::Evidence;
use super::print_text::{Align, Ink, Page, StyledLine, Table, counted, when};
use super::reading;
use super::review_answer::ReviewAnswer;
use super::shared::stage_ink;
use super::shared::{in_place, risk_ink, state_ink};
use crate::domain::{
    Caller, Command, DecisionKind, DecisionRequest, DisplayRecord, Review, ReviewId, ReviewKind, ReviewOrder,
    ReviewState, Stage, told_apart,
};
use crate::engine::{Engine, EngineError, ErrorCode, Known, ReviewDetail, ReviewFilter};
use serde::Serialize;
use std::io;

/// The review queue, oldest first.
#[derive(Serialize)]
pub(super) struct Reviews {
    reviews: Vec<WithVerdict>,
}

/// `reviews [--state STATE]`. Reads the tools first, so that new ones are in the queue.
pub(super) fn reviews(call: &Call<'_>) -> Result<Reviews, EngineError> {
    let filter = match call.text("state") {
        Some("decided") => ReviewFilter::Decided,
        Some("all") => ReviewFilter::All,
        _ => ReviewFilter::Waiting,
    };
    let order: ReviewOrder = call.word("sort")?.unwrap_or(ReviewOrder::Age);
    let (engine, _catalog) = call.open_catalog()?;
    let mut reviews = engine.reviews().list(filter)?;
    order.sort(&mut reviews);
    let reviews = reviews.into_iter().map(|review| WithVerdict::of(&engine, review));
    Ok(Reviews { reviews: reviews.collect::<Result<_, _>>()? })
}

impl Answer for Reviews {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let heads = [
            ("review", Align::Right),
            ("type", Align::Left),
            ("tool", Align::Left),
            ("digest", Align::Left),
            ("from", Align::Left),
            ("to", Align::Left),
            ("risk", Align::Left),
            ("checks", Align::Left),
            ("state", Align::Left),
            ("opened", Align::Left),
            ("summary", Align::Left),
        ];
        let mut table = Table::new(&heads).sparing(&["opened", "from", "digest", "to", "state"]);
        let of_tools = self.reviews.iter().map(|with| &with.review);
        let of_tools = of_tools.filter(|review| review.kind != ReviewKind::Adoption && !review.kind.is_posted_text());
        let places = told_apart(of_tools.map(|review| (review.id, review.tool.as_str(), review.path.as_str())));
        for WithVerdict { review, .. } in &self.reviews {
            // A text has no version or stage.
            let is_text = review.kind.is_posted_text();
            let version = if is_text { String::new() } else { format!("@{}", review.version) };
            let stage = |stage: Stage| {
                if is_text { (Ink::Dim, "-".to_owned()) } else { (stage_ink(stage), stage.to_string()) }
            };
            table.row([
                (Ink::Strong, review.id.to_string()),
                (Ink::Plain, review.asks().to_owned()),
                (Ink::Strong, format!("{}{version}{}", review.tool, in_place(places.get(&review.id), page.look()))),
                (Ink::Plain, review.digest.short()),
                stage(review.from_stage),
                stage(review.to_stage),
                (risk_ink(review.risk), review.risk.to_string()),
                check::tally_words(review.verdict.as_ref()),
                (state_ink(review.state), review.state.to_string()),
                (Ink::Dim, when(review.created_at, page.look())),
                (Ink::Dim, review.summary_line().into_owned()),
            ]);
        }
        if !self.reviews.is_empty() {
            page.table(&table)?;
        }
        page.line(&StyledLine::new().put(Ink::Dim, counted(self.reviews.len(), "review", "reviews")))
    }
}

pub(super) fn review(call: &Call<'_>) -> Result<ReviewAnswer, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let detail = engine.reviews().detail(ReviewId(call.required_id("review")?))?;
    Ok(ReviewAnswer::new(detail).in_full(call.switch("full")))
}

/// `approve ID --digest PREFIX`, also `approve ID=PREFIX`. The digits are the confirmation: they must match the digest
/// under review.
pub(super) fn approve(call: &Call<'_>, (id, prefix): (ReviewId, &str)) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let named = engine.reviews().row(id)?;
    if !named.digest.starts_with(prefix) {
        return Err(other_digest(&named, prefix));
    }
    // An approval that will be refused anyway is not shown for reading, and runs no checks.
    engine.reviews().part(&named, &only(call))?;
    if named.state == ReviewState::Waiting && matches!(call.caller(&engine), Caller::Human(_)) {
        engine.checks().ensure(id, &mut check::teller(call))?;
    }
    let detail = narrowed(engine.reviews().detail(id)?, &only(call));
    let shown = reading::read(call, &engine, &detail, "press enter to approve")?;
    // Printed after the decision: a refusal has its own message.
    let done = decide(call, &engine, &detail, (DecisionKind::Approve, shown))?;
    if call.is_dry() {
        return Ok(done);
    }
    if !call.switch("unread") {
        // The review was on the screen a moment ago; only the result is printed.
        return Ok(done);
    }
    call.note(&StyledLine::new().put(Ink::Plain, "digest ").put(Ink::Strong, detail.review.digest.hex()));
    let known =
        Known { lines: &detail.evidence, verdict: detail.verdict.as_ref(), blocking: &detail.blocking, is_open: true };
    for line in (Evidence { known, to_run: None, full: false }).lines() {
        call.note(&line);
    }
    Ok(done)
}

/// The tools in `--only`.
fn only(call: &Call<'_>) -> Vec<String> {
    call.texts("only").into_iter().map(str::to_owned).collect()
}

/// The criteria in `--criteria`, which may be repeated or separated by commas.
fn criteria(call: &Call<'_>) -> Vec<String> {
    let all = call.texts("criteria").into_iter().flat_map(|text| text.split(','));
    all.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// The part of an adoption to read before only some of its tools are approved: what concerns these tools.
fn narrowed(detail: ReviewDetail, only: &[String]) -> ReviewDetail {
    if only.is_empty() {
        return detail;
    }
    let members = detail.review.members_among(only);
    let keys: Vec<String> = members.iter().map(|member| detail.review.member_key(member)).collect();
    let is_of = |path: &str| keys.iter().any(|key| path.strip_prefix(key.as_str()).is_some_and(|r| r.starts_with('/')));
    let files = detail.files.iter().filter(|file| is_of(&file.path)).cloned().collect();
    ReviewDetail { files, review: Review { members, ..detail.review }, ..detail }
}

/// The error for digits that do not match the digest under review.
pub(super) fn other_digest(review: &Review, prefix: &str) -> EngineError {
    let message = format!("review {} is for digest {}, not {prefix}", review.id, review.digest.short());
    let hint = format!("`toolsmith review {}` shows the version under review", review.id);
    EngineError::new(ErrorCode::Conflict, message, hint)
}

/// `reject ID --reason TEXT`, `request-changes ID --reason TEXT`.
pub(super) fn decline(call: &Call<'_>, id: ReviewId, kind: DecisionKind) -> Result<Done, EngineError> {
    let (engine, detail) = open_review(call, id)?;
    decide(call, &engine, &detail, (kind, DisplayRecord::default()))
}

fn open_review(call: &Call<'_>, id: ReviewId) -> Result<(Engine, ReviewDetail), EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let detail = engine.reviews().detail(id)?;
    Ok((engine, detail))
}

fn decide(
    call: &Call<'_>,
    engine: &Engine,
    detail: &ReviewDetail,
    (kind, shown): (DecisionKind, DisplayRecord),
) -> Result<Done, EngineError> {
    let only_yes = |name| if kind == DecisionKind::Approve { call.text(name).map(str::to_owned) } else { None };
    let request = DecisionRequest {
        reason: call.text("reason").map(str::to_owned),
        shown,
        // Only an approval has these fields.
        override_reason: only_yes("override"),
        role: only_yes("role"),
        unread: kind == DecisionKind::Approve && call.switch("unread"),
        evidence: (kind == DecisionKind::Approve).then(|| detail.evidence_digest()),
        only: if kind == DecisionKind::Approve { only(call) } else { Vec::new() },
        criteria: if kind == DecisionKind::Approve { criteria(call) } else { Vec::new() },
        delta: kind == DecisionKind::Approve && call.switch("delta"),
        ..DecisionRequest::of(&detail.review, kind)
    };
    announce_and_execute(call, engine, Command::Decide(request))
}

#[cfg(test)]
mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Digest, FileMode, Instant, Review, ReviewKind, Risk, ToolName, VersionFile};
    use crate::engine::{EvidenceLine, Weight};
    use serde_json::json;

    fn review() -> Review {
        Review {
            id: ReviewId(2),
            kind: ReviewKind::New,
            tool: ToolName::new("hello").unwrap(),
            version: semver::Version::new(1, 0, 0),
            digest: Digest([0xab; 32]),
            from_stage: Stage::Experimental,
            to_stage: Stage::Approved,
            state: ReviewState::Waiting,
            created_at: Instant(1_767_323_045_678),
            verdict: None,
            risk: Risk::Low,
            summary: "says hello\u{1b}[2J".into(),
            path: "tools/experimental/hello/tool.toml".into(),
            base_digest: None,
            members: vec![],
            decisions: vec![],
            asker: None,
            expires_at: None,
            request: None,
            team: None,
            colleague: None,
        }
    }

    fn detail(base: Option<&[u8]>) -> ReviewDetail {
        let file = |bytes: &[u8]| VersionFile { path: "hello.sh".into(), mode: FileMode::Plain, bytes: bytes.into() };
        ReviewDetail {
            review: review(),
            files: vec![file(b"echo hello\n")],
            base_files: base.map(|bytes| vec![file(bytes)]),
            manifest: None,
            evidence: vec![EvidenceLine { weight: Weight::Bad, label: "runs".into(), text: "1 of 2 failed".into() }],
            runs: vec![],
            verdict: None,
            blocking: vec![],
            checks_place: None,
            comments: vec![],
            marks: vec![],
            own_comments: vec![],
            objections: vec![],
            roles: vec![],
            choice: None,
        }
    }

    #[test]
    fn a_review_shows_evidence_then_the_whole_source_then_how_to_decide() {
        let text = plain(|page| ReviewAnswer::new(detail(None)).text(page));
        let digest = "ab".repeat(32);
        assert_eq!(
            text,
            format!(
                "review 2: hello 1.0.0 waiting\ntype         new, experimental → approved\ndigest       {digest}\nrisk         low, unchecked\npath         tools/experimental/hello\nopened       2026-01-02T03:04:05.678Z\nsummary      says hello\\x1b[2J\n\nWarnings\n  runs: 1 of 2 failed\n\nFacts\n  checks have not run\n\nFiles\n── hello.sh  11 B\n  1 │ echo hello\n\nDecide with\n  toolsmith approve 2 --digest abababababab\n  toolsmith reject 2 --reason TEXT\n  toolsmith request-changes 2 --reason TEXT\n"
            )
        );
    }

    #[test]
    fn a_drift_review_says_whether_files_or_behaviour_drifted() {
        let text = |summary: &str| {
            let mut detail = detail(None);
            detail.review.kind = ReviewKind::Drift;
            detail.review.summary = summary.to_owned();
            plain(|page| ReviewAnswer::new(detail).text(page))
        };
        let behaviour = text("behaviour: new behaviour in this version: read /srv/a");
        assert!(
            behaviour.starts_with("review 2: behaviour of hello 1.0.0 waiting\ntype         behaviour, "),
            "{behaviour}"
        );
        assert!(text("files changed on disk").starts_with("review 2: hello 1.0.0 waiting\ntype         drift, "));
    }

    #[test]
    fn a_review_of_a_change_shows_the_difference() {
        let text = plain(|page| ReviewAnswer::new(detail(Some(b"echo hi\n"))).text(page));
        assert!(text.contains("\n  1     │-echo hi\n      1 │+echo hello\n"), "{text}");
        assert!(!text.contains("\nFiles\n"), "{text}");
    }

    #[test]
    fn a_review_has_the_fields_scripts_rely_on() {
        let answer = object(&ReviewAnswer::new(detail(None)));
        assert_eq!(
            answer["review"],
            json!({
                "id": 2, "kind": "new", "tool": "hello", "version": "1.0.0", "digest": "ab".repeat(32),
                "from_stage": "experimental", "to_stage": "approved", "state": "waiting",
                "created_at": "2026-01-02T03:04:05.678Z", "verdict": null, "risk": "low",
                "summary": "says hello\u{1b}[2J", "path": "tools/experimental/hello/tool.toml", "base_digest": null,
                "members": [], "decisions": [], "asker": null, "expires_at": null, "request": null
            })
        );
        assert_eq!(answer["evidence"], json!([{"weight": "bad", "label": "runs", "text": "1 of 2 failed"}]));
        assert_eq!(
            answer["files"],
            json!([{"path": "hello.sh", "mode": "plain", "bytes": 11, "is_text": true, "hidden": 0, "text": "echo hello\n"}])
        );
        assert_eq!((&answer["diff"], &answer["runs"]), (&json!(null), &json!([])));
        assert_eq!(
            object(&Reviews { reviews: vec![WithVerdict { review: review(), verdict: None }] })["reviews"],
            json!([answer["review"]])
        );
    }
}
