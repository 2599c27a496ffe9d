//! Decides one review, or several after a table and a question.

use super::call::{Answer, Call, Stop};
use super::done::{NOTHING_CHANGED, Plan, agreed};
use super::making;
use super::print_text::{Align, Ink, Page, StyledLine, Table};
use super::reading;
use super::review::{self, other_digest};
use super::shared::risk_ink;
use crate::domain::{Command, DecisionKind, DecisionRequest, Digest, ReviewId, told_apart, visible_words};
use crate::engine::{BulkResult, Engine, EngineError, ErrorCode, PreflightRow};
use serde::Serialize;
use std::io;

/// The results for several reviews.
#[derive(Serialize)]
pub(super) struct Results {
    results: Vec<One>,
    /// The given numbers that belong to no review.
    #[serde(skip)]
    unknown: Vec<ReviewId>,
}

/// The result for one review.
#[derive(Serialize)]
struct One {
    review: ReviewId,
    done: bool,
    message: String,
    error: Option<EngineError>,
}

impl One {
    fn of(result: BulkResult) -> One {
        let BulkResult { review, result } = result;
        match result {
            Ok(outcome) => One { review, done: true, message: outcome.message, error: None },
            Err(error) => One::left(review, error),
        }
    }

    /// A review that is not decided because of this error.
    fn left(review: ReviewId, error: EngineError) -> One {
        One { review, done: false, message: error.message.clone(), error: Some(error) }
    }
}

impl Answer for Results {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for one in &self.results {
            let (ink, word) = match one.done {
                true => (Ink::Good, "done"),
                false if self.unknown.contains(&one.review) => (Ink::Bad, "unknown"),
                false => (Ink::Bad, "left"),
            };
            let head = StyledLine::new().put(ink, format!("{word:<7}")).put(Ink::Strong, format!("  {}  ", one.review));
            page.line(&head.put(Ink::Plain, &one.message))?;
        }
        match self.results.iter().filter(|one| one.done).count() {
            0 | 1 => Ok(()),
            done => {
                let text = format!("`toolsmith undo` undoes the last decision; {done} times undoes all {done}");
                page.line(&StyledLine::new().put(Ink::Dim, text))
            }
        }
    }

    fn exit_code(&self) -> u8 {
        if self.unknown.is_empty() {
            u8::from(self.results.iter().any(|one| !one.done))
        } else {
            ErrorCode::NotFound.exit_code()
        }
    }
}

/// `approve ID --digest PREFIX`, or several as `approve ID=PREFIX ID=PREFIX`.
pub(super) fn approve(call: &Call<'_>) -> Result<u8, Stop> {
    let named: Vec<(i64, Option<String>)> = call.many("review");
    let usage = |message: &str, hint: &str| Stop::Error(EngineError::new(ErrorCode::Usage, message, hint));
    if let [(id, prefix)] = named.as_slice() {
        return match (prefix.as_deref(), call.text("digest")) {
            (Some(_), Some(_)) => Err(usage("the digest is given twice", "use either ID=PREFIX or --digest PREFIX")),
            (Some(prefix), None) | (None, Some(prefix)) if call.switch("generate") => {
                making::approve_and_generate(call, (ReviewId(*id), prefix))
            }
            (Some(prefix), None) | (None, Some(prefix)) => call.print(&review::approve(call, (ReviewId(*id), prefix))?),
            (None, None) => Err(usage(
                "the digest is missing",
                "add --digest PREFIX, or write ID=PREFIX; `toolsmith review ID` shows the digest",
            )),
        };
    }
    for option in ["digest", "role", "override", "only", "criteria", "delta", "generate"] {
        let is_given = match option {
            "generate" | "delta" => call.switch(option),
            _ => !call.texts(option).is_empty(),
        };
        if is_given {
            let message = format!("--{option} works with one review only");
            return Err(usage(&message, "name one review; for several, write ID=PREFIX for each"));
        }
    }
    let named: Option<Vec<(ReviewId, String)>> =
        named.into_iter().map(|(id, prefix)| Some((ReviewId(id), prefix?))).collect();
    let Some(named) = named else {
        return Err(usage("a digest is missing", "to approve several reviews, write ID=PREFIX for each"));
    };
    several(call, DecisionKind::Approve, &named)
}

/// `reject ID… --reason TEXT`, `request-changes ID… --reason TEXT`.
pub(super) fn decline(call: &Call<'_>, kind: DecisionKind) -> Result<u8, Stop> {
    let ids: Vec<i64> = call.many("review");
    if let [id] = ids.as_slice() {
        return call.print(&review::decline(call, ReviewId(*id), kind)?);
    }
    let named: Vec<(ReviewId, String)> = ids.into_iter().map(|id| (ReviewId(id), String::new())).collect();
    several(call, kind, &named)
}

/// Shows the table, asks, and decides each review separately. A number without a review does not prevent the other
/// decisions.
fn several(call: &Call<'_>, kind: DecisionKind, named: &[(ReviewId, String)]) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    let mut ids: Vec<ReviewId> = named.iter().map(|(id, _)| *id).collect();
    let unknown = engine.reviews().unknown(&ids)?;
    ids.retain(|id| !unknown.iter().any(|(number, _)| number == id));
    if ids.is_empty() {
        return Err(none_known(unknown).into());
    }
    let unread = kind == DecisionKind::Approve && call.switch("unread");
    if unread && call.text("reason").and_then(visible_words).is_none() {
        let message = "--unread needs a reason, because these reviews are not shown first";
        let hint = "add --reason TEXT; it is recorded permanently";
        return Err(EngineError::new(ErrorCode::Failed, message, hint).into());
    }
    if kind == DecisionKind::Approve {
        engine.reviews().check_for_bulk(&ids)?;
    }
    let rows = engine.reviews().preflight(&ids, kind)?;
    for row in &rows {
        refuse_other_digest(&engine, row, named)?;
    }
    show(call, kind, &rows, unread);
    for (_, error) in &unknown {
        call.note(&StyledLine::new().put(Ink::Bad, &error.message));
    }
    let requests = requests(call, &engine, kind, &rows)?;
    if requests.is_empty() {
        let message = format!("none of them can be decided together: {kind}");
        return Err(EngineError::new(ErrorCode::Refused, message, "the table shows the reasons").into());
    }
    if call.is_dry() {
        return call.print(&tried(call, &engine, requests));
    }
    let how = if unread { " unread" } else { "" };
    if !call.switch("yes") && !agreed(call, &format!("{kind} {} of them{how}?", requests.len()))? {
        let message = "nothing was decided";
        return Err(EngineError::new(ErrorCode::Failed, message, "answer y, or add --yes").into());
    }
    let results = engine.reviews().decide_all(requests, &call.caller(&engine));
    call.tell_trouble(&engine);
    let waits = rows
        .into_iter()
        .filter_map(|row| Some(One::left(row.review, EngineError::new(ErrorCode::Refused, row.refusal?, ""))));
    let numbers = unknown.iter().map(|(id, _)| *id).collect();
    let unknown = unknown.into_iter().map(|(id, error)| One::left(id, error));
    let results = results.into_iter().map(One::of).chain(waits).chain(unknown).collect();
    call.print(&Results { results, unknown: numbers })
}

/// The result of each decision if it were made; nothing is stored.
fn tried(call: &Call<'_>, engine: &Engine, requests: Vec<DecisionRequest>) -> Tried {
    let caller = call.caller(engine);
    let one = |request: DecisionRequest| {
        let review = request.review;
        match engine.history().rehearse(&Command::Decide(request), &caller) {
            Ok(preview) => TriedOne { review, plan: Some(Plan::of(preview)), error: None },
            Err(error) => TriedOne { review, plan: None, error: Some(error) },
        }
    };
    Tried { dry_run: true, reviews: requests.into_iter().map(one).collect() }
}

/// The results for several reviews, if they were decided.
#[derive(Serialize)]
struct Tried {
    dry_run: bool,
    reviews: Vec<TriedOne>,
}

#[derive(Serialize)]
struct TriedOne {
    review: ReviewId,
    plan: Option<Plan>,
    error: Option<EngineError>,
}

impl Answer for Tried {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for one in &self.reviews {
            match (&one.plan, &one.error) {
                (Some(plan), _) => plan.write(page)?,
                (None, error) => {
                    let why = error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
                    page.line(
                        &StyledLine::new().put(Ink::Bad, format!("review {}: ", one.review)).put(Ink::Plain, why),
                    )?;
                }
            }
        }
        page.say(NOTHING_CHANGED)
    }
}

/// The decision requests for reviews that can be decided. Each review is read before its approval, as for a single
/// decision.
fn requests(
    call: &Call<'_>,
    engine: &Engine,
    kind: DecisionKind,
    rows: &[PreflightRow],
) -> Result<Vec<DecisionRequest>, EngineError> {
    let able = rows.iter().filter(|row| row.refusal.is_none());
    able.map(|row| {
        let reason = call.text("reason").map(str::to_owned);
        let request = DecisionRequest { reason, ..DecisionRequest::new(row.review, row.digest, kind) };
        if kind != DecisionKind::Approve {
            return Ok(request);
        }
        let detail = engine.reviews().detail(row.review)?;
        let shown = reading::read(call, engine, &detail, "press enter to continue")?;
        let evidence = Some(detail.evidence_digest());
        Ok(DecisionRequest { shown, evidence, unread: call.switch("unread"), ..request })
    })
    .collect()
}

/// The error if no number belongs to a review.
fn none_known(mut unknown: Vec<(ReviewId, EngineError)>) -> EngineError {
    let numbers: Vec<String> = unknown.iter().map(|(id, _)| id.to_string()).collect();
    match unknown.pop() {
        Some((_, only)) if unknown.is_empty() => only,
        _ => {
            let message = format!("unknown reviews: {}", numbers.join(", "));
            EngineError::new(ErrorCode::NotFound, message, "`toolsmith reviews` lists them")
        }
    }
}

/// Refuses a digest prefix that does not match the digest in the table.
fn refuse_other_digest(engine: &Engine, row: &PreflightRow, named: &[(ReviewId, String)]) -> Result<(), EngineError> {
    let wrong = |(id, prefix): &&(ReviewId, String)| *id == row.review && !is_of(row.digest, prefix);
    match named.iter().find(wrong) {
        Some((id, prefix)) => Err(other_digest(&engine.reviews().detail(*id)?.review, prefix)),
        None => Ok(()),
    }
}

fn is_of(digest: Digest, prefix: &str) -> bool {
    prefix.is_empty() || digest.starts_with(prefix)
}

fn show(call: &Call<'_>, kind: DecisionKind, rows: &[PreflightRow], unread: bool) {
    let left = |name| (name, Align::Left);
    let heads = [
        ("review", Align::Right),
        left("type"),
        left("tool"),
        left("digest"),
        left("risk"),
        left("checks"),
        left(kind.word()),
    ];
    let places = told_apart(rows.iter().map(|row| (row.review, row.tool.as_str(), row.path.as_str())));
    let mut table = Table::new(&heads);
    for row in rows {
        let place = places.get(&row.review).map(|place| format!(" in {place}")).unwrap_or_default();
        let verdict = row.verdict.map_or("none", crate::domain::CheckState::word);
        let (ink, answer) = match &row.refusal {
            None if unread => (Ink::Warn, "yes, unread".to_owned()),
            None => (Ink::Good, "yes".to_owned()),
            Some(why) => (Ink::Bad, format!("no: {why}")),
        };
        table.row([
            (Ink::Strong, row.review.to_string()),
            (Ink::Plain, row.asks.clone()),
            (Ink::Strong, format!("{}@{}{place}", row.tool, row.version)),
            (Ink::Plain, row.digest.short()),
            (risk_ink(row.risk), row.risk.to_string()),
            (Ink::Plain, verdict.to_owned()),
            (ink, answer),
        ]);
    }
    call.note_page(|page| page.table(&table));
}
