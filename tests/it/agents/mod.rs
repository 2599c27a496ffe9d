//! Agents over the Model Context Protocol: the real program, a client over pipes, and a human in another process.

mod client;
mod conformance;
mod connections;
mod ends;
mod forged;
mod hooks;
mod hostile;
mod http;
mod journey;
mod names;
mod numbers;
mod permits;
mod projected;
mod resources;
mod sdk;
mod server_faults;
mod servers;
mod servers_by_url;
mod web;

pub(crate) use client::{Agent, Era};

use crate::support::Workspace;
use toolsmith::domain::{Caller, Command, DecisionKind, DecisionRequest, DisplayRecord, ReviewId};
use toolsmith::engine::{Asker, Engine, Home, OpenOptions};

fn ada() -> Caller {
    Caller::Human("Ada Reviewer <ada@example.org>".to_owned())
}

/// The engine of a human beside the server.
fn open(workspace: &Workspace) -> Engine {
    let home = workspace.home().join("toolsmith");
    let home = Home { config: home.join("config"), data: home.join("data") };
    let program = Some(env!("CARGO_BIN_EXE_toolsmith").into());
    let engine = Engine::open(OpenOptions { workspace: workspace.root(), home, program, asker: Asker::Human }).unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    engine
}

/// A human decides about a review, after reading it.
fn decide(workspace: &Workspace, review: i64, kind: DecisionKind, reason: &str) {
    let engine = open(workspace);
    let review = engine.reviews().detail(ReviewId(review)).unwrap().review;
    let shown = DisplayRecord { lines: 1, lines_shown: 1, tail_shown: true, open_ms: 1, ..DisplayRecord::default() };
    let reason = Some(reason.to_owned());
    let command = Command::Decide(DecisionRequest { reason, shown, ..DecisionRequest::of(&review, kind) });
    engine.execute(command, &ada()).unwrap();
}

/// A workspace with this script, approved.
fn with_approved(name: &str, body: &str) -> Workspace {
    let workspace = Workspace::new().with_script(name, body);
    let engine = open(&workspace);
    let review = engine.reviews().list(toolsmith::engine::ReviewFilter::Waiting).unwrap().remove(0).id;
    drop(engine);
    decide(&workspace, review.0, DecisionKind::Approve, "read");
    workspace
}
