//! Shared parts of tests of the rules: a store, an actor and a tool.

use super::step::Actor;
use super::{Unsettled, apply_scan};
use crate::domain::{Digest, Instant, Placement, Stage, Tool};
use crate::engine::EngineError;
use crate::store::{Store, Tx};
use std::sync::Arc;

/// The time of every event.
pub(super) const NOW: Instant = Instant(1_767_323_045_000);

/// An actor whose decisions are not committed to git.
pub(super) fn actor() -> Actor<'static> {
    Actor { who: "Ada", owner: "nobody", commit: false, pen: None }
}

/// Runs `work` in an empty store.
pub(super) fn in_store<T>(work: impl FnOnce(&Tx<'_>) -> Result<T, EngineError>) -> T {
    let dir = tempfile::tempdir().unwrap();
    Store::open(dir.path()).unwrap().transact(NOW, work).unwrap()
}

/// A tool in its own folder of a stage; `byte` represents its content.
pub(super) fn tool(name: &str, stage: Stage, byte: u8) -> Tool {
    let base = format!("tools/{stage}/{name}");
    let (path, placement) = (format!("{base}/tool.toml"), Placement { base, exclusive: true });
    Tool { stage, digest: Digest([byte; 32]), path, placement, ..Tool::ordinary(name) }
}

/// Applies a scan that found these tools.
pub(super) fn scanned(tx: &Tx<'_>, tools: &[Tool], unsettled: &Unsettled) -> Result<(), EngineError> {
    let tools: Vec<Arc<Tool>> = tools.iter().cloned().map(Arc::new).collect();
    Ok(apply_scan(tx, &tools, unsettled)?)
}
