//! Requests and their answers: `request`, `wait`.

use super::call::{Answer, Call, Stop};
use super::done::Done;
use super::print_text::{Ink, Page, StyledLine, when};
use super::workbench::Generated;
use crate::domain::{
    Comment, Decision, DecisionKind, Digest, Instant, RequestKind, Review, ReviewId, ReviewKind, ReviewState, ToolName,
};
use crate::engine::{CatalogView, EngineError, ErrorCode, MAX_REQUEST_BYTES, REQUEST_SCHEMA};
use serde::Serialize;
use serde_json::json;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `request NAME --rationale TEXT`, `request --file FILE`, or `request --schema`.
pub(super) fn request(call: &Call<'_>) -> Result<u8, Stop> {
    if call.switch("schema") {
        return call.print(&Generated::new(REQUEST_SCHEMA));
    }
    call.print(&post(call)?)
}

fn post(call: &Call<'_>) -> Result<Done, EngineError> {
    let wrong = |message: &str, hint: &str| Err(EngineError::new(ErrorCode::Usage, message, hint));
    let (file, tool) = (call.get::<PathBuf>("file"), call.text("tool"));
    let from_file = match (&file, tool) {
        (Some(path), None) => Some(read(path)?),
        (None, Some(_)) => None,
        (Some(_), Some(_)) => {
            return wrong("both a tool and a file are given", "give NAME --rationale TEXT, or --file FILE");
        }
        (None, None) => {
            let hint =
                "give NAME --rationale TEXT, or --file FILE (- for stdin); --schema prints the JSON schema of requests";
            return wrong("the request is missing", hint);
        }
    };
    let (engine, catalog) = call.open_catalog()?;
    let text = match (from_file, tool, call.text("rationale")) {
        (Some(text), ..) => text,
        (None, Some(name), Some(why)) => about_tool(name, why, &catalog),
        (None, ..) => return wrong("the rationale is missing", "say why with --rationale TEXT; a human reads it"),
    };
    let done = engine.requests().submit(&text, &call.caller(&engine));
    call.tell_trouble(&engine);
    let outcome = done?;
    if let Some(review) = outcome.review {
        call.note(&StyledLine::new().put(Ink::Dim, format!("`toolsmith wait {review}` waits for the answer")));
    }
    Ok(Done::new(outcome))
}

/// A request to review a tool of the workspace, with the description of the tool.
fn about_tool(name: &str, why: &str, catalog: &CatalogView) -> Vec<u8> {
    let tool = catalog.tools.iter().find(|tool| tool.name.as_str() == name);
    let described = tool.map(|tool| tool.description.as_str()).filter(|text| !text.is_empty());
    let description = described.unwrap_or("no description");
    json!({ "kind": RequestKind::Tool.word(), "tool": name, "description": description, "rationale": why })
        .to_string()
        .into_bytes()
}

/// Reads a request, up to one byte more than the maximum size.
fn read(path: &Path) -> Result<Vec<u8>, EngineError> {
    let unreadable = |error: io::Error| {
        let message = format!("cannot read the request from {}: {error}", path.display());
        EngineError::new(ErrorCode::NotFound, message, "--file takes a file, or - for stdin")
    };
    let mut text = Vec::new();
    let most = MAX_REQUEST_BYTES as u64 + 1;
    if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut text).map_err(unreadable)?;
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut text)).map_err(unreadable)?;
    }
    Ok(text)
}

/// The answer to a request.
#[derive(Serialize)]
pub(super) struct Waited {
    review: ReviewId,
    kind: ReviewKind,
    tool: ToolName,
    digest: Digest,
    state: ReviewState,
    decision: Option<DecisionKind>,
    reason: Option<String>,
    reviewer: Option<String>,
    decided_at: Option<Instant>,
    comments: Vec<Comment>,
}

impl Waited {
    fn new(review: Review, comments: Vec<Comment>) -> Waited {
        let decided: Option<Decision> = match review.state {
            ReviewState::Approved | ReviewState::Rejected | ReviewState::ChangesRequested => {
                review.decisions.iter().rev().find(|decision| !decision.undone).cloned()
            }
            ReviewState::Waiting | ReviewState::Superseded | ReviewState::Expired => None,
        };
        Waited {
            review: review.id,
            kind: review.kind,
            tool: review.tool,
            digest: review.digest,
            state: review.state,
            decision: decided.as_ref().map(|decision| decision.kind),
            reason: decided.as_ref().and_then(|decision| decision.reason.clone()),
            reviewer: decided.as_ref().map(|decision| decision.reviewer.clone()),
            decided_at: decided.map(|decision| decision.at),
            comments,
        }
    }
}

pub(super) fn wait(call: &Call<'_>) -> Result<Waited, EngineError> {
    let id = ReviewId(call.required_id("review")?);
    let timeout: Option<Duration> = call.get("timeout");
    let engine = call.open()?;
    let review = engine.reviews().wait_for_decision(id, timeout)?;
    let comments = engine.reviews().comments_of(&review)?;
    Ok(Waited::new(review, comments))
}

impl Answer for Waited {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let ink = match self.state {
            ReviewState::Approved => Ink::Good,
            ReviewState::Waiting | ReviewState::ChangesRequested | ReviewState::Superseded => Ink::Warn,
            ReviewState::Rejected | ReviewState::Expired => Ink::Bad,
        };
        let head = StyledLine::new().put(Ink::Strong, format!("review {} of {}: ", self.review, self.tool));
        page.line(&head.put(ink, self.state.word()))?;
        if let Some(reviewer) = &self.reviewer {
            let at = self.decided_at.map(|at| format!(", {}", when(at, page.look()))).unwrap_or_default();
            page.field("by", Ink::Plain, format!("{reviewer}{at}"))?;
        }
        if let Some(reason) = &self.reason {
            page.field("reason", Ink::Plain, reason)?;
        }
        for comment in &self.comments {
            let place = comment.spot.path.as_deref().unwrap_or("the tool");
            page.field("comment", Ink::Plain, format!("{} on {place}: {}", comment.kind, comment.body))?;
        }
        Ok(())
    }

    /// 0 for yes, 1 for no or not yet, 3 if the object of the request is gone, 4 without a decision.
    fn exit_code(&self) -> u8 {
        match self.state {
            ReviewState::Approved => 0,
            ReviewState::Rejected | ReviewState::ChangesRequested => 1,
            ReviewState::Superseded => 3,
            ReviewState::Waiting | ReviewState::Expired => 4,
        }
    }
}
