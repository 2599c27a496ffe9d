//! Requests from agents: parsed strictly, put into the queue, decided by a human.
//!
//! An agent may post a request, which decides nothing. A tool in a request becomes an experimental tool like any other.

mod letter;
mod retirements;

pub use letter::{MAX_REQUEST_BYTES, REQUEST_SCHEMA};

pub(in crate::engine) use retirements::preview_proposals;

use crate::domain::{
    Caller, Digest, FileMode, Instant, Outcome, Request, RequestKind, ReviewId, ReviewKind, ReviewState, Risk,
    SafeText, Stage, Tool, ToolDetail, ToolName, VersionFile,
};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::core::{self, Approvals, Placed, Posted};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::resolve::refuse_unusable_name;
use crate::engine::relocate;
use crate::engine::workspace::Workspace;
use crate::store::NewReview;
use letter::Letter;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// The most pending requests of one requester: a human has to read the queue.
const MAX_WAITING: usize = 200;

/// The most pending requests of all agents together, so that an agent cannot evade its limit with new names.
const MAX_WAITING_OF_ALL: usize = 1_000;

/// The file under review if a review is about a text.
pub(in crate::engine) const REQUEST_FILE: &str = "request.json";

/// The subject of a request, with its evidence.
struct Case {
    waiting: Option<ReviewId>,
    review: NewReview,
    writes: Option<Placed>,
}

/// How a request is put into the queue.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Posting {
    /// The verb of its log entry.
    pub(in crate::engine) verb: &'static str,
    /// When it expires; expiry counts as a rejection.
    pub(in crate::engine) expires_at: Option<Instant>,
    /// A pending review that it replaces.
    pub(in crate::engine) replaces: Option<ReviewId>,
}

/// Requests for a review from agents.
#[derive(Clone, Copy)]
pub struct Requests<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl Requests<'_> {
    /// Accepts a request; the result names its review.
    ///
    /// # Errors
    /// `Usage` for an invalid request, with the name of the field; `Conflict` if the name is taken, the tool is already
    /// approved, or the same proposal is already pending; `NotFound` for an unknown tool; `Failed` for files that are
    /// not a tool; `Refused` if the requester has too many pending requests.
    pub fn submit(&self, text: &[u8], caller: &Caller) -> Result<Outcome, EngineError> {
        let mut letter = letter::read(text)?;
        // A tool in the workspace has its own description.
        if let Some(name) = letter.request.tool.as_ref().filter(|_| letter.request.description.is_empty()) {
            let here = self.engine.library().resolve(letter.path.as_deref().unwrap_or(name.as_str()));
            letter.request.description = here.map(|tool| tool.description.clone()).unwrap_or_default();
        }
        let expires_at = self.expires_at(letter.expires_in);
        self.take_in(&letter, caller, Posting { verb: "request", expires_at, replaces: None })
    }

    /// The expiry of a request, which counts as a rejection: after the requested time, otherwise after the time in the
    /// settings.
    pub(in crate::engine) fn expires_at(&self, after: Option<Duration>) -> Option<Instant> {
        let after = after.or(self.workspace.settings.request_expiry)?;
        let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        Some(Instant(now().0.saturating_add(after)))
    }

    /// Posts a request that Toolsmith created itself.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub(in crate::engine) fn post(
        &self,
        request: &Value,
        caller: &Caller,
        posting: Posting,
    ) -> Result<Outcome, EngineError> {
        let letter = letter::read(request.to_string().as_bytes())?;
        self.take_in(&letter, caller, posting)
    }

    /// Puts a version that Toolsmith created into the workspace and into the queue; never overwrites anything. `still`
    /// is called immediately before, while no other process writes. `instead_of` is a version whose pending review ends
    /// with this, so that the reviewer sees what changed since then; it is ignored if a version is approved, because
    /// the comparison is then with that version.
    ///
    /// # Errors
    /// The errors of `still`; `Conflict` when the target already exists; `Failed` when it cannot be written; `Internal`
    /// for errors of the store.
    pub(in crate::engine) fn bring(
        &self,
        request: &Request,
        version: &ToolDetail,
        caller: &Caller,
        verb: &'static str,
        (instead_of, still): (Option<Digest>, &dyn Fn() -> Result<(), EngineError>),
    ) -> Result<Outcome, EngineError> {
        let _turn = self.engine.take_turn()?;
        still()?;
        relocate::writable(self.workspace.folder(), &version.tool.placement)?;
        let taken = relocate::conflicts(self.workspace.folder(), &version.files, &version.tool.placement);
        if let Some(path) = taken.first() {
            let message = format!("{path} already exists");
            return Err(EngineError::new(
                ErrorCode::Conflict,
                message,
                "existing files are not overwritten; move it away",
            ));
        }
        let asker = caller.identity();
        let writes = Placed::of(&version.tool, &version.files);
        let mut review = self.about_version(request, &version.tool)?;
        let mut replaces = None;
        if let Some(before) = instead_of.filter(|_| review.kind == ReviewKind::New) {
            let waiting = self.workspace.read(|q| Ok(q.reviews(&[ReviewState::Waiting])?))?;
            let is_it = |one: &&crate::domain::Review| {
                one.kind == ReviewKind::New && one.tool == review.tool && one.digest == before
            };
            replaces = waiting.iter().find(is_it).map(|one| one.id);
            review.base_digest = Some(before);
        }
        let posted = Posted {
            verb,
            asker: caller,
            request,
            expires_at: None,
            replaces,
            waiting: None,
            review,
            writes: Some(&writes),
        };
        let step = self.workspace.transact(|tx| core::post(tx, self.workspace.actor(&asker), &posted))?;
        self.engine.finish(step)
    }

    fn take_in(&self, letter: &Letter, caller: &Caller, posting: Posting) -> Result<Outcome, EngineError> {
        self.engine.reviews().expire_due()?;
        let _turn = self.engine.take_turn()?;
        let asker = caller.identity();
        self.refuse_flood(&asker)?;
        let case = self.case(letter)?;
        let posted = Posted {
            verb: posting.verb,
            asker: caller,
            request: &letter.request,
            expires_at: posting.expires_at,
            replaces: posting.replaces,
            waiting: case.waiting,
            review: case.review,
            writes: case.writes.as_ref(),
        };
        let step = self.workspace.transact(|tx| core::post(tx, self.workspace.actor(&asker), &posted))?;
        self.engine.finish(step)
    }

    /// Refuses a requester with too many pending requests.
    pub(in crate::engine) fn refuse_flood(&self, asker: &str) -> Result<(), EngineError> {
        let waiting = self.workspace.read(|q| Ok(q.reviews(&[ReviewState::Waiting])?))?;
        let of_agents =
            waiting.iter().filter(|review| review.asker.as_deref().is_some_and(|who| who.starts_with("agent:")));
        if of_agents.count() >= MAX_WAITING_OF_ALL && asker.starts_with("agent:") {
            let message = format!("agents already have {MAX_WAITING_OF_ALL} pending requests");
            return Err(EngineError::new(ErrorCode::Refused, message, "wait until humans decided about some"));
        }
        if waiting.iter().filter(|review| review.asker.as_deref() == Some(asker)).count() < MAX_WAITING {
            return Ok(());
        }
        let message = format!("{asker} already has {MAX_WAITING} pending requests");
        Err(EngineError::new(ErrorCode::Refused, message, "wait for decisions first"))
    }

    fn case(&self, letter: &Letter) -> Result<Case, EngineError> {
        let request = &letter.request;
        match (request.kind, &request.tool) {
            (RequestKind::Tool, Some(name)) if !letter.files.is_empty() => self.brought(letter, name),
            (RequestKind::Tool, Some(name)) => self.lying_tool(letter, name),
            (RequestKind::Archive, Some(name)) => self.proposal(letter, name, ReviewKind::Archive),
            (RequestKind::Deprecation, Some(name)) => {
                request.successor.as_ref().map(|by| self.engine.library().resolve(by.as_str())).transpose()?;
                self.proposal(letter, name, ReviewKind::Deprecation)
            }
            (RequestKind::Specification, Some(name)) => {
                refuse_unusable_name(name.as_str())?;
                self.text(letter, name.clone(), ReviewKind::Specification)
            }
            (RequestKind::Plan, _) => {
                let name = ToolName::new("plan").map_err(EngineError::internal)?;
                self.text(letter, name, ReviewKind::Plan)
            }
            (
                RequestKind::Tool | RequestKind::Archive | RequestKind::Deprecation | RequestKind::Specification,
                None,
            )
            | (RequestKind::Call, _) => Err(EngineError::new(ErrorCode::Usage, "tool: is required", "")),
        }
    }

    /// A tool in the request: written as an experimental tool, never over another.
    fn brought(&self, letter: &Letter, name: &ToolName) -> Result<Case, EngineError> {
        let view = self.engine.library().catalog();
        let folder = core::stage_placement(Stage::Experimental, name).base;
        let here = view.tools.iter().find(|tool| tool.name == *name && tool.stage == Stage::Experimental);
        let answers = view.tools.iter().find(|tool| {
            tool.name != *name && tool.stage != Stage::Archived && tool.aliases.iter().any(|a| a == name.as_str())
        });
        let taken = here.or(answers).map(|tool| tool.path.clone()).or_else(|| {
            std::fs::symlink_metadata(self.workspace.folder().join(&folder)).is_ok().then(|| folder.clone())
        });
        if let Some(path) = taken {
            let message = format!("{name} already exists: {path}");
            let hint = "existing tools are not overwritten; choose another name, or use the path of the tool";
            return Err(EngineError::new(ErrorCode::Conflict, message, hint));
        }
        let tool = self.engine.versions().read_as_experimental(name, &letter.files)?;
        self.workspace.copies.put(tool.digest, &letter.files)?;
        let review = self.about_version(&letter.request, &tool)?;
        Ok(Case { waiting: None, review, writes: Some(Placed::of(&tool, &letter.files)) })
    }

    /// A tool in the workspace: the request is attached to its pending review, or opens a review.
    fn lying_tool(&self, letter: &Letter, name: &ToolName) -> Result<Case, EngineError> {
        let tool = self.engine.library().resolve(letter.path.as_deref().unwrap_or(name.as_str()))?;
        refuse_other_name(&tool, name)?;
        let waiting = self.workspace.read(|q| Ok(q.reviews(&[ReviewState::Waiting])?))?;
        let waiting = waiting
            .into_iter()
            .find(|review| review.kind.judges_version() && review.tool == tool.name && review.digest == tool.digest);
        if let Some(review) = waiting.as_ref().filter(|review| review.request.is_some()) {
            return Err(waits_already(review.id, &tool.name));
        }
        if self.engine.integrity().approved(&tool)? {
            let message = format!("{} {} is already approved", tool.name, tool.version);
            return Err(EngineError::new(ErrorCode::Conflict, message, "request a changed or new version instead"));
        }
        if tool.stage == Stage::Archived {
            let message = format!("{} is archived", tool.name);
            return Err(EngineError::new(ErrorCode::Refused, message, "ask a human to restore it"));
        }
        let files = self.engine.library().files_on_disk(&tool)?;
        self.workspace.copies.put(Digest::of_files(&files), &files)?;
        let review = self.about_version(&letter.request, &tool)?;
        Ok(Case { waiting: waiting.map(|review| review.id), review, writes: None })
    }

    fn about_version(&self, request: &Request, tool: &Tool) -> Result<NewReview, EngineError> {
        let approvals = self.workspace.read(|q| Ok(Approvals::read(q)?))?;
        let kind = match (tool.stage.is_vouched(), approvals.knows(&tool.name)) {
            (true, _) => ReviewKind::Drift,
            (false, true) => ReviewKind::Evolved,
            (false, false) => ReviewKind::New,
        };
        Ok(NewReview {
            kind,
            tool: tool.name.clone(),
            version: tool.version.clone(),
            digest: tool.digest,
            from_stage: tool.stage,
            to_stage: if kind == ReviewKind::Drift { tool.stage } else { Stage::Approved },
            risk: tool.risk,
            summary: first_line(&request.description),
            path: tool.path.clone(),
            base_digest: approvals.newest(&tool.name),
            members: Vec::new(),
        })
    }

    /// A request to archive or deprecate an existing tool.
    fn proposal(&self, letter: &Letter, name: &ToolName, kind: ReviewKind) -> Result<Case, EngineError> {
        let tool: Arc<Tool> = self.engine.library().resolve(letter.path.as_deref().unwrap_or(name.as_str()))?;
        if letter.path.is_some() {
            refuse_other_name(&tool, name)?;
        }
        if tool.stage == Stage::Archived {
            let message = format!("{} is already archived", tool.name);
            return Err(EngineError::new(ErrorCode::Conflict, message, ""));
        }
        let waiting = self.workspace.read(|q| Ok(q.review_heads(None)?))?;
        let same = waiting.iter().find(|head| {
            head.state == ReviewState::Waiting
                && head.kind == kind
                && head.tool == tool.name
                && head.digest == tool.digest
                && (kind != ReviewKind::Archive || head.path == tool.path)
        });
        if let Some(head) = same {
            return Err(waits_already(head.id, &tool.name));
        }
        let files = self.engine.library().files_on_disk(&tool)?;
        self.workspace.copies.put(Digest::of_files(&files), &files)?;
        let review = NewReview {
            kind,
            tool: tool.name.clone(),
            version: tool.version.clone(),
            digest: tool.digest,
            from_stage: tool.stage,
            to_stage: if kind == ReviewKind::Archive { Stage::Archived } else { tool.stage },
            risk: if tool.stage.is_vouched() { Risk::Medium } else { Risk::Low },
            summary: first_line(&letter.request.rationale),
            path: tool.path.clone(),
            base_digest: None,
            members: Vec::new(),
        };
        Ok(Case { waiting: None, review, writes: None })
    }

    /// A text to agree on. It is stored like the files of a version, so that the decision is about exactly the text
    /// that was read.
    fn text(&self, letter: &Letter, name: ToolName, kind: ReviewKind) -> Result<Case, EngineError> {
        let (before, files) = text_files(&letter.request)?;
        let digest = Digest::of_files(&files);
        self.workspace.copies.put(digest, &files)?;
        let base_digest = if before.is_empty() { None } else { Some(Digest::of_files(&before)) };
        if let Some(base) = base_digest {
            self.workspace.copies.put(base, &before)?;
        }
        let heads = self.workspace.read(|q| Ok(q.review_heads(None)?))?;
        let same = |head: &&crate::store::ReviewHead| head.kind == kind && head.tool == name && head.digest == digest;
        if let Some(head) = heads.iter().filter(|head| head.state == ReviewState::Waiting).find(same) {
            return Err(waits_already(head.id, &name));
        }
        let hides = files.iter().any(|f| std::str::from_utf8(&f.bytes).is_ok_and(|t| SafeText::count_hidden(t) > 0));
        let about =
            if letter.request.description.is_empty() { &letter.request.rationale } else { &letter.request.description };
        let summary = match &letter.request.plan {
            Some(plan) => format!("{}: {}", first_line(plan), first_line(about)),
            None => first_line(about),
        };
        let review = NewReview {
            kind,
            tool: name,
            version: semver::Version::new(0, 1, 0),
            digest,
            from_stage: Stage::Experimental,
            to_stage: Stage::Experimental,
            risk: if hides { Risk::High } else { Risk::Low },
            summary,
            path: REQUEST_FILE.to_owned(),
            base_digest,
            members: Vec::new(),
        };
        Ok(Case { waiting: None, review, writes: None })
    }
}

/// The files before and after: the request itself, and for each change of a plan its two texts.
fn text_files(request: &Request) -> Result<(Vec<VersionFile>, Vec<VersionFile>), EngineError> {
    let mut json = serde_json::to_vec_pretty(request).map_err(EngineError::internal)?;
    json.push(b'\n');
    let file = |path: String, bytes: Vec<u8>| VersionFile { path, mode: FileMode::Plain, bytes };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (number, change) in (1..).zip(&request.changes) {
        let path = format!("changes/{number:03}.txt");
        let line = |text: &String| format!("{}\n", text.trim_end_matches('\n')).into_bytes();
        before.extend(change.before.as_ref().map(|text| file(path.clone(), line(text))));
        after.extend(change.after.as_ref().map(|text| file(path.clone(), line(text))));
    }
    after.push(file(REQUEST_FILE.to_owned(), json));
    Ok((before, after))
}

/// Refuses a path whose tool has a different name.
fn refuse_other_name(tool: &Tool, name: &ToolName) -> Result<(), EngineError> {
    if tool.name == *name {
        return Ok(());
    }
    let message = format!("tool: {} is the tool {}, not {name}", tool.path, tool.name);
    Err(EngineError::new(ErrorCode::Usage, message, "use the same name in both places"))
}

fn waits_already(review: ReviewId, tool: &ToolName) -> EngineError {
    let message = format!("review {review} of {tool} is already pending");
    EngineError::new(ErrorCode::Conflict, message, format!("`toolsmith wait {review}` waits for the decision"))
}

fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no description").to_owned()
}
