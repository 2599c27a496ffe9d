//! The progress and the result of a scan.

use super::cache::CacheRow;
use super::places::PlaceStamp;
use super::unread::Unread;
use crate::domain::{Problem, SkippedFile, Stage, Tool};
use std::sync::Arc;

/// The progress of a scan.
#[derive(Debug)]
pub struct Progress<'a> {
    /// Definitions read so far.
    pub done: usize,
    /// Definitions found by the walk.
    pub total: usize,
    /// Rows since the last call, not lined up yet.
    pub new_rows: &'a [Arc<Tool>],
    /// Cache rows to write so far. Who writes them now takes them, so that they need no memory until the end.
    pub fresh: &'a mut Vec<(String, CacheRow)>,
}

/// The result of a scan.
#[derive(Debug, Default)]
pub struct Scan {
    /// Rows by name, then stage (higher first), then path; without the store's facts.
    pub tools: Vec<Arc<Tool>>,
    /// Definitions that could not be read, in order of path.
    pub problems: Vec<Problem>,
    /// Files that look like tools but are not, in order of path.
    pub skipped: Vec<SkippedFile>,
    /// Cache rows to write, but for those that were taken while it went on.
    pub fresh: Vec<(String, CacheRow)>,
    /// Cache keys to drop.
    pub gone: Vec<String>,
    /// The folders that the plan named, with their stages.
    pub roots: Vec<(String, Option<Stage>)>,
    /// The folders that were listed, and other places that influenced the result.
    pub places: Vec<PlaceStamp>,
    /// Definitions that are problems because of their files: the cache does not contain them.
    pub unread: Vec<Unread>,
    /// Whether the cache holds each definition that was read: those that were just written are not kept.
    pub is_whole: bool,
}
