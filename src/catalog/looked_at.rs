//! Places outside a definition's own files that influenced its result: a row is valid only while they are unchanged.

use super::files::FileStamp;
use super::plan::ScanPlan;

/// Places outside a definition's own files, as they were before anything was read there.
#[derive(Debug, Default)]
pub(super) struct LookedAt(Vec<(String, Option<FileStamp>)>);

impl LookedAt {
    /// Notes a place. To be called before it is read: what changes while it is read then shows.
    pub(super) fn note(&mut self, plan: &ScanPlan, path: &str) {
        if !self.0.iter().any(|(known, _)| known == path) {
            let stamp = plan.on_disk(path).metadata().ok().as_ref().map(FileStamp::of);
            self.0.push((path.to_owned(), stamp));
        }
    }

    /// The places as they are now.
    pub(super) fn now(plan: &ScanPlan, paths: &[&str]) -> LookedAt {
        let mut looked_at = LookedAt::default();
        for path in paths {
            looked_at.note(plan, path);
        }
        looked_at
    }

    pub(super) fn paths(&self) -> Vec<&str> {
        self.0.iter().map(|(path, _)| path.as_str()).collect()
    }

    /// The places in the order in which they were noted; no stamp where nothing was.
    pub(super) fn places(&self) -> impl Iterator<Item = (&str, Option<FileStamp>)> {
        self.0.iter().map(|(path, stamp)| (path.as_str(), *stamp))
    }

    pub(super) fn stamps(&self) -> impl Iterator<Item = &FileStamp> {
        self.0.iter().filter_map(|(_, stamp)| stamp.as_ref())
    }
}
