//! The effect of a scan on the store: versions, places, reviews.
//!
//! The rules use the whole state, never the difference to the last scan. So applying the same scan twice changes
//! nothing the second time, and the next scan corrects a missed event.

use super::ancestors::Ancestors;
use super::approvals::Approvals;
use super::reopening::reopen_found;
use super::undo_note::UndoNote;
use crate::domain::{
    Digest, EventKind, EventSeq, Instant, Review, ReviewId, ReviewKind, ReviewState, Risk, Stage, Tool, ToolName,
};
use crate::store::{AppliedScan, NewReview, PresentRow, ReviewHead, StoreError, Tx, VersionRow};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The name in reviews of the tools that came with a workspace.
pub(super) const ADOPTION: &str = "adoption";

/// Tools that were moved while the folders were read. The scan may have seen them twice, not at all, or in a place
/// without their approval, so it ignores them; the next scan handles them.
#[derive(Debug, Default)]
pub struct Unsettled(HashSet<String>);

impl Unsettled {
    /// Reads the tools whose move is pending, or ended after the folders began to be read at `begun`.
    pub fn read(tx: &Tx<'_>, begun: EventSeq) -> Result<Unsettled, StoreError> {
        let owed = tx
            .intents()?
            .into_iter()
            .filter_map(|owed| Some(owed.body.pointer("/relocation/tool")?.as_str()?.to_owned()));
        let events = tx.events_since(begun, usize::MAX)?.into_iter();
        let moved = events.filter(|event| event.kind == EventKind::ToolMoved).map(|event| event.subject);
        Ok(Unsettled(owed.chain(moved).collect()))
    }

    fn has(&self, tool: &ToolName) -> bool {
        self.0.contains(tool.as_str())
    }
}

/// A digest of the part of a scan that the store depends on: which bytes of which tool are in which place.
pub fn digest_of_rows(tools: &[Arc<Tool>]) -> Digest {
    let mut text = Vec::with_capacity(tools.len() * 160);
    for tool in tools {
        for part in [tool.path.as_str(), tool.name.as_str(), &tool.placement.base, tool.stage.word()] {
            text.extend_from_slice(part.as_bytes());
            text.push(0);
        }
        text.extend_from_slice(&tool.digest.0);
        text.push(u8::from(tool.placement.exclusive));
    }
    Digest::of_bytes(&text)
}

/// How long an applied scan counts as current. Afterwards, a scan is applied again, which corrects changes without an
/// event.
const APPLIED_MS: i64 = 60 * 60 * 1_000;

/// Whether the store already reflects a scan with these rows: it was applied, and no relevant event happened since.
pub fn is_applied(queries: &crate::store::Queries, rows: Digest, now: Instant) -> Result<bool, StoreError> {
    Ok(queries.last_scan().applied()?.is_some_and(|applied| applied.rows == rows) && is_followed(queries, now)?)
}

/// Whether the store still reflects the last applied scan, that is, no relevant event happened since.
pub fn is_followed(queries: &crate::store::Queries, now: Instant) -> Result<bool, StoreError> {
    let Some(applied) = queries.last_scan().applied()? else { return Ok(false) };
    let age = now.0 - applied.at.0;
    if !(0..APPLIED_MS).contains(&age) || queries.last_seq()? < applied.seq {
        return Ok(false);
    }
    let since = queries.events_since(applied.seq, APPLIED_EVENTS)?;
    Ok(since.len() < APPLIED_EVENTS && !since.iter().any(|event| concerns_scans(event.kind)))
}

/// The maximum number of events that are examined.
const APPLIED_EVENTS: usize = 4_096;

/// Whether an event of this kind can change the result of the scan rules.
fn concerns_scans(kind: EventKind) -> bool {
    match kind {
        EventKind::RunStarted
        | EventKind::RunCancelAsked
        | EventKind::RunEnded
        | EventKind::UsageCounted
        | EventKind::FailureRecorded
        | EventKind::FailureMarked
        | EventKind::FailureChanged
        | EventKind::VerdictChanged
        | EventKind::EvolutionChanged
        | EventKind::BufferChanged
        | EventKind::ServiceChanged
        | EventKind::AgentsChanged
        | EventKind::TeamChanged
        | EventKind::TeamStopped => false,
        EventKind::VersionFound
        | EventKind::ToolLost
        | EventKind::ToolMoved
        | EventKind::ToolDeprecated
        | EventKind::VersionChosen
        | EventKind::TiersChanged
        | EventKind::ReviewOpened
        | EventKind::ReviewSuperseded
        | EventKind::ReviewAnnotated
        | EventKind::ReviewDecided
        | EventKind::OperationLogged => true,
    }
}

/// The reviews of a tool whose state is accepted, oldest first: its own reviews and adoptions that contain it.
pub fn reviews_about(
    queries: &crate::store::Queries,
    tool: &ToolName,
    accepts: impl Fn(ReviewState) -> bool,
) -> Result<Vec<Review>, StoreError> {
    let mut heads = queries.review_heads(Some(tool))?;
    if let Ok(adoption) = ToolName::new(ADOPTION) {
        heads.extend(queries.review_heads(Some(&adoption))?);
    }
    let mut reviews = Vec::new();
    for head in heads.iter().filter(|head| accepts(head.state)) {
        reviews.extend(queries.review(head.id)?);
    }
    reviews.retain(|review| review.tool == *tool || review.members.iter().any(|(member, _)| member == tool));
    reviews.sort_by_key(|review| review.id);
    Ok(reviews)
}

/// Writes the result of a complete scan: places, versions, and the resulting reviews.
pub fn apply_scan(tx: &Tx<'_>, tools: &[Arc<Tool>], unsettled: &Unsettled) -> Result<(), StoreError> {
    follow_scan(tx, tools, unsettled)?;
    if unsettled.0.is_empty() {
        tx.set_applied_scan(&AppliedScan { rows: digest_of_rows(tools), seq: tx.last_seq()?, at: tx.now() })
    } else {
        tx.forget_applied_scan()
    }
}

fn follow_scan(tx: &Tx<'_>, tools: &[Arc<Tool>], unsettled: &Unsettled) -> Result<(), StoreError> {
    // The tools of a server are decided together with the server.
    let tools: Vec<Arc<Tool>> = tools.iter().filter(|tool| tool.server.is_none()).cloned().collect();
    let tools = &tools[..];
    let known = apply_places(tx, tools)?;
    let approvals = Approvals::read(tx)?;
    let mut heads = tx.review_heads(None)?;
    let ancestors = Ancestors::read(tx, &approvals)?;
    let answered = ancestors.answered(tx, &heads)?;
    let remains_open = |head: &ReviewHead| known.has(head) && !answered.contains(&head.id);
    supersede_lost(tx, heads.iter_mut().filter(|head| !unsettled.has(&head.tool)), remains_open)?;
    reopen_found(tx, &mut heads, |head| remains_open(head) && !unsettled.has(&head.tool))?;
    let settled = heads.iter_mut().filter(|head| !unsettled.has(&head.tool));
    supersede_first_ones(tx, settled, &approvals)?;
    let remains = Remains::read(tx, tools, &approvals)?;
    let settled = tools.iter().filter(|tool| !unsettled.has(&tool.name) && !ancestors.answers(tool));
    open_needed(tx, settled, (&approvals, &remains), &heads)?;
    if unsettled.0.is_empty() {
        adopt_needed(tx, tools, (&approvals, &remains), &heads)?;
    }
    Ok(())
}

/// The versions on disk. Archived versions have no pending reviews, as if their files were gone, so they are left out.
#[derive(Debug, Default)]
struct Known<'a> {
    all: HashSet<(&'a ToolName, Digest)>,
    experimental: HashSet<(&'a ToolName, Digest)>,
}

impl<'a> Known<'a> {
    fn of(tools: &'a [Arc<Tool>]) -> Known<'a> {
        let at = |wanted: fn(Stage) -> bool| {
            tools.iter().filter(|tool| wanted(tool.stage)).map(|tool| (&tool.name, tool.digest)).collect()
        };
        Known { all: at(|stage| stage != Stage::Archived), experimental: at(|stage| stage == Stage::Experimental) }
    }

    /// Whether the object of a review exists. A first approval is about a version in the experimental stage: if a
    /// version was moved to another folder by hand, its review depends on the stage of that folder.
    fn has(&self, head: &ReviewHead) -> bool {
        let place = match head.kind {
            ReviewKind::New | ReviewKind::Evolved => &self.experimental,
            _ => &self.all,
        };
        place.contains(&(&head.tool, head.digest))
    }
}

fn apply_places<'a>(tx: &Tx<'_>, tools: &'a [Arc<Tool>]) -> Result<Known<'a>, StoreError> {
    let mut present: HashMap<String, PresentRow> =
        tx.present()?.into_iter().map(|row| (row.path.clone(), row)).collect();
    for tool in tools {
        let row = PresentRow {
            path: tool.path.clone(),
            tool: tool.name.clone(),
            digest: tool.digest,
            stage: tool.stage,
            placement: tool.placement.clone(),
        };
        if present.remove(&tool.path).as_ref() == Some(&row) {
            continue;
        }
        tx.put_present(&row)?;
        tx.record_version(&VersionRow {
            tool: tool.name.clone(),
            digest: tool.digest,
            version: tool.version.clone(),
            stage: tool.stage,
            path: tool.path.clone(),
            placement: tool.placement.clone(),
            first_seen_at: tx.now(),
            description: tool.description.clone(),
        })?;
    }
    for path in present.keys() {
        tx.drop_present(path)?;
    }
    Ok(Known::of(tools))
}

/// Closes pending reviews whose version is gone or whose successor was approved: there is nothing left to decide.
fn supersede_lost<'a>(
    tx: &Tx<'_>,
    heads: impl Iterator<Item = &'a mut ReviewHead>,
    remains_open: impl Fn(&ReviewHead) -> bool,
) -> Result<(), StoreError> {
    let on_disk = |kind: ReviewKind| kind != ReviewKind::Adoption && !kind.is_about_text();
    for head in heads.filter(|h| h.state == ReviewState::Waiting && on_disk(h.kind)) {
        if !remains_open(head) {
            tx.set_review_state(head.id, ReviewState::Superseded)?;
            head.state = ReviewState::Superseded;
        }
    }
    Ok(())
}

/// Closes pending first reviews of a tool if another version of its name was approved meanwhile: an approval would now
/// replace that version, so the scan opens a new review that compares both. Reviews that somebody requested stay open.
fn supersede_first_ones<'a>(
    tx: &Tx<'_>,
    heads: impl Iterator<Item = &'a mut ReviewHead>,
    approvals: &Approvals,
) -> Result<(), StoreError> {
    let is_first = |head: &ReviewHead| head.state == ReviewState::Waiting && head.kind == ReviewKind::New;
    for head in heads.filter(|head| is_first(head) && approvals.knows(&head.tool)) {
        if tx.review(head.id)?.is_some_and(|review| review.asker.is_none()) {
            tx.set_review_state(head.id, ReviewState::Superseded)?;
            head.state = ReviewState::Superseded;
        }
    }
    Ok(())
}

/// Opens a review for each version that needs one and has none.
fn open_needed<'a>(
    tx: &Tx<'_>,
    tools: impl Iterator<Item = &'a Arc<Tool>>,
    (approvals, remains): (&Approvals, &Remains),
    heads: &'a [ReviewHead],
) -> Result<(), StoreError> {
    let mut reviewed: HashMap<(&ToolName, Digest), ReviewState> =
        heads.iter().filter(|head| answers(head)).map(|h| ((&h.tool, h.digest), h.state)).collect();
    // A version that is the base of a pending or approved first review has been superseded by that review.
    let replaced = heads.iter().filter(|head| goes_on(head)).filter_map(|head| Some((&head.tool, head.base_digest?)));
    for key in replaced {
        reviewed.entry(key).or_insert(ReviewState::Superseded);
    }
    for tool in tools {
        let rest = || (came_along(tool, approvals) && remains.has(tool)).then_some(ReviewKind::Drift);
        let Some(kind) = wanted(tool, approvals).or_else(rest) else { continue };
        let before = reviewed.insert((&tool.name, tool.digest), ReviewState::Waiting);
        // These bytes were approved for another place, or their approval is no longer in force, so a new review is
        // needed.
        let asks_again = kind == ReviewKind::Drift && before == Some(ReviewState::Approved);
        if before.is_none() || asks_again {
            open_for(tx, tool, kind, approvals.newest(&tool.name))?;
        }
    }
    Ok(())
}

/// Whether a first review is pending, approved or sent back.
fn goes_on(head: &ReviewHead) -> bool {
    let is_wanted = matches!(head.state, ReviewState::Waiting | ReviewState::Approved | ReviewState::ChangesRequested);
    is_wanted && head.kind == ReviewKind::New
}

/// Whether a review answers, or will answer, the question that a scan would ask about its version.
fn answers(head: &ReviewHead) -> bool {
    head.kind.judges_version() && head.state != ReviewState::Superseded
}

/// Whether a tool is in an approved stage although no version of its name was approved here.
fn came_along(tool: &Tool, approvals: &Approvals) -> bool {
    tool.stage.is_vouched() && !approvals.knows(&tool.name)
}

/// Folders into which an undone approval had put a version: files that changed there since then stayed, and did not
/// come with the workspace.
#[derive(Debug, Default)]
struct Remains(HashSet<String>);

impl Remains {
    fn read(tx: &Tx<'_>, tools: &[Arc<Tool>], approvals: &Approvals) -> Result<Remains, StoreError> {
        if !tools.iter().any(|tool| came_along(tool, approvals)) {
            return Ok(Remains::default());
        }
        let mut places = HashSet::new();
        for verb in ["approve", "rollback"] {
            let notes = tx.taken_back(verb, None)?;
            let notes = notes.iter().filter_map(UndoNote::of);
            places.extend(notes.flat_map(|note| {
                let here = note.arrived().into_iter().filter(|placed| placed.stage.is_vouched());
                here.filter(|placed| placed.placement.exclusive)
                    .map(|placed| placed.placement.base.clone())
                    .collect::<Vec<_>>()
            }));
        }
        Ok(Remains(places))
    }

    /// Whether a tool is in such a folder.
    fn has(&self, tool: &Tool) -> bool {
        let mut above = std::path::Path::new(&tool.path).ancestors().filter_map(std::path::Path::to_str);
        above.any(|folder| self.0.contains(folder))
    }
}

/// The kind of review that a tool needs, regardless of other reviews.
fn wanted(tool: &Tool, approvals: &Approvals) -> Option<ReviewKind> {
    if approvals.covers(tool) {
        return None;
    }
    match tool.stage {
        Stage::Archived => None,
        Stage::Experimental if approvals.knows(&tool.name) => Some(ReviewKind::Evolved),
        Stage::Experimental => Some(ReviewKind::New),
        Stage::Approved | Stage::Core => approvals.knows(&tool.name).then_some(ReviewKind::Drift),
    }
}

/// Opens a review of a tool, as it is on disk.
pub(super) fn open_for(
    tx: &Tx<'_>,
    tool: &Tool,
    kind: ReviewKind,
    base_digest: Option<Digest>,
) -> Result<ReviewId, StoreError> {
    let to_stage = match kind {
        ReviewKind::Promotion => Stage::Core,
        ReviewKind::Drift | ReviewKind::Deprecation => tool.stage,
        ReviewKind::Archive => Stage::Archived,
        ReviewKind::New
        | ReviewKind::Evolved
        | ReviewKind::Adoption
        | ReviewKind::Specification
        | ReviewKind::Plan
        | ReviewKind::Call => Stage::Approved,
    };
    // Only for drift: for the other kinds, the number of reviews grows with the number of new tools.
    let approved = if kind == ReviewKind::Drift { tx.approvals_of(&tool.name)? } else { Vec::new() };
    let was = approved.iter().find(|approval| approval.digest == tool.digest).or(approved.last());
    let summary = match kind {
        ReviewKind::Drift => match was.filter(|was| was.digest == tool.digest) {
            Some(was) => {
                let base = was.base.as_deref().unwrap_or("another folder");
                format!("moved from {base}, where it was approved as {}", was.stage)
            }
            None => "files changed on disk since the approval".to_owned(),
        },
        ReviewKind::Promotion => "proposed for core".to_owned(),
        ReviewKind::Archive => "proposed for archiving".to_owned(),
        ReviewKind::Deprecation => "proposed for deprecation".to_owned(),
        ReviewKind::New
        | ReviewKind::Evolved
        | ReviewKind::Adoption
        | ReviewKind::Specification
        | ReviewKind::Plan
        | ReviewKind::Call => first_line(&tool.description),
    };
    tx.open_review(&NewReview {
        kind,
        tool: tool.name.clone(),
        version: tool.version.clone(),
        digest: tool.digest,
        // Anybody with write access can move a folder, so the review asks about a stage for which the tool was not
        // approved.
        from_stage: was.map_or(tool.stage, |was| was.stage),
        to_stage,
        risk: tool.risk,
        summary,
        path: tool.path.clone(),
        base_digest,
        members: Vec::new(),
    })
}

fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no description").to_owned()
}

/// Keeps one review of all approved and core tools that came with the workspace, and updates it with the folders. A
/// version whose files changed after an approval did not come with the workspace: it has a separate review, even if
/// that approval was undone, and even if only some of its files are left. `heads` are the existing reviews.
fn adopt_needed(
    tx: &Tx<'_>,
    tools: &[Arc<Tool>],
    (approvals, remains): (&Approvals, &Remains),
    heads: &[ReviewHead],
) -> Result<(), StoreError> {
    let changed = heads.iter().filter(|head| head.kind == ReviewKind::Drift && head.state != ReviewState::Superseded);
    let changed: HashSet<(&ToolName, Digest)> = changed.map(|head| (&head.tool, head.digest)).collect();
    let heads = || heads.iter().filter(|head| head.kind == ReviewKind::Adoption);
    let mut members: Vec<(ToolName, Digest)> = tools
        .iter()
        .filter(|tool| came_along(tool, approvals) && !remains.has(tool))
        .filter(|tool| !changed.contains(&(&tool.name, tool.digest)))
        .map(|tool| (tool.name.clone(), tool.digest))
        .collect();
    members.sort();
    members.dedup();
    let digest = members_digest(&members);
    for head in heads().filter(|h| h.state == ReviewState::Waiting && h.digest != digest) {
        tx.set_review_state(head.id, ReviewState::Superseded)?;
    }
    let decided = heads().any(|h| h.digest == digest && h.state != ReviewState::Superseded);
    let (Some(first), false) = (members.first(), decided) else { return Ok(()) };
    let Ok(tool) = ToolName::new(ADOPTION) else { return Ok(()) };
    let path = tools.iter().find(|t| t.name == first.0).map(|t| t.path.clone()).unwrap_or_default();
    tx.open_review(&NewReview {
        kind: ReviewKind::Adoption,
        tool,
        version: semver::Version::new(1, 0, 0),
        digest,
        from_stage: Stage::Approved,
        to_stage: Stage::Approved,
        risk: Risk::High,
        summary: format!("{} approved and core tools came with this workspace", members.len()),
        path,
        base_digest: None,
        members,
    })?;
    Ok(())
}

/// The digest that an adoption is decided on: that of its sorted member list.
pub(super) fn members_digest(members: &[(ToolName, Digest)]) -> Digest {
    let lines: Vec<String> = members.iter().map(|(name, digest)| format!("{name} {digest}")).collect();
    let text = lines.join("\n");
    Digest::of_bytes(text.as_bytes())
}
