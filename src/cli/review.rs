//! Reviews and decisions: `reviews`, `review`, `approve`, `reject`, `request-changes`.

use super::call::{Answer, Call};
use super::catalog::stage_ink;
use super::check::{self, WithVerdict};
use super::files::{FileDiff, FileText, compare};
use super::lifecycle::{Done, announce_and_execute};
use super::print_text::{Align, Ink, Line, Page, Table, counted, when};
use super::reading;
use super::runs::run_table;
use crate::domain::{
    Caller, Command, Comment, DecisionKind, Review, ReviewId, ReviewOrder, ReviewState, Risk, Run, Shown, ordinal,
};
use crate::engine::{Engine, EngineError, ErrorCode, EvidenceLine, ReviewDetail, ReviewFilter, Weight};
use serde::Serialize;
use std::io;

/// The review queue, oldest first.
#[derive(Serialize)]
pub(super) struct Reviews {
    reviews: Vec<WithVerdict>,
}

/// `reviews [--state STATE]`. The tools are read first, so that what just arrived is in the queue.
pub(super) fn reviews(call: &Call<'_>) -> Result<Reviews, EngineError> {
    let filter = match call.text("state") {
        Some("decided") => ReviewFilter::Decided,
        Some("all") => ReviewFilter::All,
        _ => ReviewFilter::Waiting,
    };
    let order: ReviewOrder = call.word("sort")?.unwrap_or(ReviewOrder::Age);
    let (engine, _catalog) = call.open_catalog()?;
    let mut reviews = engine.reviews(filter)?;
    order.sort(&mut reviews);
    let reviews = reviews.into_iter().map(|review| WithVerdict::of(&engine, review));
    Ok(Reviews { reviews: reviews.collect::<Result<_, _>>()? })
}

impl Answer for Reviews {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let heads = [
            ("review", Align::Right),
            ("asks", Align::Left),
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
        for WithVerdict { review, .. } in &self.reviews {
            table.row([
                (Ink::Strong, review.id.to_string()),
                (Ink::Plain, review.asks().to_owned()),
                (Ink::Strong, format!("{}@{}", review.tool, review.version)),
                (Ink::Plain, review.digest.short()),
                (stage_ink(review.from_stage), review.from_stage.to_string()),
                (stage_ink(review.to_stage), review.to_stage.to_string()),
                (risk_ink(review.risk), review.risk.to_string()),
                check::tally_words(review.verdict.as_ref()),
                (state_ink(review.state), review.state.to_string()),
                (Ink::Dim, when(review.created_at, page.look())),
                (Ink::Dim, review.summary.clone()),
            ]);
        }
        if !self.reviews.is_empty() {
            page.table(&table)?;
        }
        page.line(&Line::new().put(Ink::Dim, counted(self.reviews.len(), "review", "reviews")))
    }
}

/// The ink of a risk.
pub(super) fn risk_ink(risk: Risk) -> Ink {
    match risk {
        Risk::Low => Ink::Good,
        Risk::Medium => Ink::Warn,
        Risk::High => Ink::Bad,
    }
}

fn state_ink(state: ReviewState) -> Ink {
    match state {
        ReviewState::Waiting => Ink::Accent,
        ReviewState::Approved => Ink::Good,
        ReviewState::Rejected => Ink::Bad,
        ReviewState::ChangesRequested => Ink::Warn,
        ReviewState::Superseded | ReviewState::Expired => Ink::Dim,
    }
}

/// One review with everything a reviewer needs.
#[derive(Serialize)]
pub(super) struct ReviewAnswer {
    review: WithVerdict,
    evidence: Vec<EvidenceLine>,
    files: Vec<FileText>,
    /// What differs from the version approved before; `None` when there is none.
    diff: Option<Vec<FileDiff>>,
    runs: Vec<Run>,
    /// The checks that stand in the way of an approval.
    blocking: Vec<String>,
    comments: Vec<Comment>,
    /// The place of its checks among those that wait to be made, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    checks_place: Option<usize>,
}

impl ReviewAnswer {
    pub(super) fn new(detail: ReviewDetail) -> ReviewAnswer {
        ReviewAnswer {
            diff: detail.base_files.as_ref().map(|base| compare(base, &detail.files)),
            files: detail.files.iter().map(FileText::of).collect(),
            review: WithVerdict { review: detail.review, verdict: detail.verdict },
            evidence: detail.evidence,
            runs: detail.runs,
            blocking: detail.blocking,
            comments: detail.comments,
            checks_place: detail.checks_place,
        }
    }
}

/// `review ID`.
pub(super) fn review(call: &Call<'_>) -> Result<ReviewAnswer, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    Ok(ReviewAnswer::new(engine.review(ReviewId(call.required_id("review")?))?))
}

impl Answer for ReviewAnswer {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.body(page)?;
        self.next_step(page)
    }
}

impl ReviewAnswer {
    /// Everything a decision rests on.
    pub(super) fn body(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.header(page)?;
        page.heading("Evidence")?;
        for line in &self.evidence {
            page.line(&evidence_line(line))?;
        }
        page.heading("Checks")?;
        check::write(page, self.review.verdict.as_ref())?;
        if let Some(place) = self.checks_place {
            page.line(&Line::new().put(Ink::Dim, format!("checks: {} in queue", ordinal(place))))?;
        }
        self.comments(page)?;
        self.decisions(page)?;
        if !self.runs.is_empty() {
            page.heading("Runs of this version")?;
            page.table(&run_table(&self.runs, page.look()))?;
        }
        self.subject(page)
    }

    fn header(&self, page: &mut Page<'_>) -> io::Result<()> {
        let review = &self.review.review;
        let of = if review.is_about_behaviour() { "behaviour of " } else { "" };
        let title = format!("review {}: {of}{} {} ", review.id, review.tool, review.version);
        page.line(&Line::new().put(Ink::Strong, title).put(state_ink(review.state), review.state.word()))?;
        page.field("asks", Ink::Plain, format!("{}, {} → {}", review.asks(), review.from_stage, review.to_stage))?;
        page.field("digest", Ink::Plain, review.digest.hex())?;
        page.field("risk", risk_ink(review.risk), review.risk_words())?;
        page.field("path", Ink::Plain, review.place())?;
        page.field("opened", Ink::Plain, when(review.created_at, page.look()))?;
        page.field("summary", Ink::Plain, &review.summary)?;
        if let (Some(at), ReviewState::Waiting) = (review.expires_at, review.state) {
            page.field("expires", Ink::Warn, when(at, page.look()))?;
        }
        for (tool, digest) in &review.members {
            page.field("covers", Ink::Plain, format!("{tool} {}", digest.short()))?;
        }
        Ok(())
    }

    fn decisions(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.review.review.decisions.is_empty() {
            return Ok(());
        }
        page.heading("Decisions")?;
        for decision in &self.review.review.decisions {
            let undone = if decision.undone { " (taken back)" } else { "" };
            let reason = decision.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let at = when(decision.at, page.look());
            let digest = decision.digest.short();
            let role = decision.role.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
            page.say(format!("  {at}  {}  {}{role}  {digest}{undone}{reason}", decision.kind, decision.reviewer))?;
            if let (Some(unread), DecisionKind::Approve) = (decision.shown.unread_words(), decision.kind) {
                page.line(&Line::new().put(Ink::Plain, "    ").put(Ink::Bad, unread))?;
            }
            if let Some(over) = &decision.override_reason {
                page.line(&Line::new().put(Ink::Bad, "    passed over failed checks: ").put(Ink::Plain, over))?;
            }
        }
        Ok(())
    }

    fn comments(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.comments.is_empty() {
            return Ok(());
        }
        page.heading("Comments")?;
        for comment in &self.comments {
            let place = match (&comment.spot.path, comment.spot.lines) {
                (Some(path), Some((first, last))) if first == last => format!(" {path}:{first}"),
                (Some(path), Some((first, last))) => format!(" {path}:{first}-{last}"),
                (Some(path), None) => format!(" {path}"),
                (None, _) => String::new(),
            };
            let outdated = if comment.outdated { " (outdated)" } else { "" };
            let (id, kind, who) = (comment.id, comment.kind, &comment.who);
            page.say(format!("  {id}  {kind}{place}{outdated}  {who}: {}", comment.body))?;
        }
        Ok(())
    }

    /// What is decided on: the difference where there is something to differ from, else every file.
    fn subject(&self, page: &mut Page<'_>) -> io::Result<()> {
        if let Some(diff) = &self.diff {
            page.heading("Difference to the version approved before")?;
            if diff.is_empty() {
                page.say("  none")?;
            }
            return diff.iter().try_for_each(|file| file.write(page));
        }
        page.heading("Files")?;
        if self.files.is_empty() {
            page.line(&Line::new().put(Ink::Bad, "  the files are gone"))?;
        }
        self.files.iter().try_for_each(|file| file.write(page))
    }

    fn next_step(&self, page: &mut Page<'_>) -> io::Result<()> {
        let review = &self.review.review;
        if review.state != ReviewState::Waiting {
            return Ok(());
        }
        page.heading("To decide")?;
        page.say(format!("  toolsmith approve {} --digest {}", review.id, review.digest.short()))?;
        page.say(format!("  toolsmith reject {} --reason TEXT", review.id))?;
        page.say(format!("  toolsmith request-changes {} --reason TEXT", review.id))
    }
}

/// A fact with its sign.
pub(super) fn evidence_line(line: &EvidenceLine) -> Line {
    let (ink, word) = match line.weight {
        Weight::Fact => (Ink::Plain, "fact"),
        Weight::Good => (Ink::Good, "good"),
        Weight::Warn => (Ink::Warn, "warn"),
        Weight::Bad => (Ink::Bad, "bad"),
    };
    let head = Line::new().put(ink, format!("  {word:<5}")).put(Ink::Strong, format!("{}: ", line.label));
    head.put(Ink::Plain, &line.text)
}

/// `approve ID --digest PREFIX`, also `approve ID=PREFIX`. The digits are the confirmation: they must be of the
/// digest under review.
pub(super) fn approve(call: &Call<'_>, (id, prefix): (ReviewId, &str)) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let named = engine.review(id)?.review;
    if !named.digest.starts_with(prefix) {
        return Err(other_digest(&named, prefix));
    }
    // What will be refused anyhow makes no checks.
    if named.state == ReviewState::Waiting && matches!(call.caller(&engine), Caller::Human(_)) {
        engine.ensure_checked(id, &mut check::teller(call))?;
    }
    let detail = engine.review(id)?;
    let shown = reading::read(call, &engine, &detail, "enter approves")?;
    // Written once it is decided: a refusal has its own words.
    let done = decide(call, &engine, &detail, (DecisionKind::Approve, shown))?;
    call.note(&Line::new().put(Ink::Plain, "digest ").put(Ink::Strong, detail.review.digest.hex()));
    for line in detail.evidence.iter().map(evidence_line).chain(check::verdict_lines(detail.verdict.as_ref())) {
        call.note(&line);
    }
    Ok(done)
}

/// The digits given are not of the digest under review.
pub(super) fn other_digest(review: &Review, prefix: &str) -> EngineError {
    let message = format!("review {} is about digest {}, not {prefix}", review.id, review.digest.short());
    let hint = format!("`toolsmith review {}` shows what is under review now", review.id);
    EngineError::new(ErrorCode::Conflict, message, hint)
}

/// `reject ID --reason TEXT`, `request-changes ID --reason TEXT`.
pub(super) fn decline(call: &Call<'_>, id: ReviewId, kind: DecisionKind) -> Result<Done, EngineError> {
    let (engine, detail) = open_review(call, id)?;
    decide(call, &engine, &detail, (kind, Shown::default()))
}

fn open_review(call: &Call<'_>, id: ReviewId) -> Result<(Engine, ReviewDetail), EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let detail = engine.review(id)?;
    Ok((engine, detail))
}

fn decide(
    call: &Call<'_>,
    engine: &Engine,
    detail: &ReviewDetail,
    (kind, shown): (DecisionKind, Shown),
) -> Result<Done, EngineError> {
    let only_yes = |name| if kind == DecisionKind::Approve { call.text(name).map(str::to_owned) } else { None };
    let command = Command::Decide {
        review: detail.review.id,
        digest: detail.review.digest,
        kind,
        reason: call.text("reason").map(str::to_owned),
        shown,
        // Only a yes has these two.
        override_reason: only_yes("override"),
        role: only_yes("role"),
        unread: kind == DecisionKind::Approve && call.switch("unread"),
        evidence: (kind == DecisionKind::Approve).then(|| detail.evidence_digest()),
    };
    announce_and_execute(call, engine, command)
}

#[cfg(test)]
mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Digest, FileMode, Instant, Review, ReviewKind, Stage, ToolName, VersionFile};
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
            roles: vec![],
        }
    }

    #[test]
    fn a_review_shows_evidence_then_the_whole_source_then_how_to_decide() {
        let text = plain(|page| ReviewAnswer::new(detail(None)).text(page));
        let digest = "ab".repeat(32);
        assert_eq!(
            text,
            format!(
                "review 2: hello 1.0.0 waiting\nasks         new, experimental → approved\ndigest       {digest}\n\
                 risk         low, unchecked\npath         tools/experimental/hello\n\
                 opened       2026-01-02T03:04:05.678Z\nsummary      says hello\\x1b[2J\n\nEvidence\n  \
                 bad  runs: 1 of 2 failed\n\nChecks\n  none has begun on this version\n\nFiles\n  hello.sh  11 B\n\
                 echo hello\n\nTo decide\n  toolsmith approve 2 --digest abababababab\n  \
                 toolsmith reject 2 --reason TEXT\n  toolsmith request-changes 2 --reason TEXT\n"
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
        let behaviour = text("behaviour: it did read /srv/a that no run before did");
        assert!(
            behaviour.starts_with("review 2: behaviour of hello 1.0.0 waiting\nasks         behaviour, "),
            "{behaviour}"
        );
        assert!(text("files changed on disk").starts_with("review 2: hello 1.0.0 waiting\nasks         drift, "));
    }

    #[test]
    fn a_review_of_a_change_shows_the_difference() {
        let text = plain(|page| ReviewAnswer::new(detail(Some(b"echo hi\n"))).text(page));
        assert!(text.contains("\n-echo hi\n+echo hello\n"), "{text}");
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
