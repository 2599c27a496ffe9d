//! Putting a version away, and bringing it back.

use crate::domain::{Digest, Outcome, Placement, Stage, Tool, VersionFile};
use crate::engine::Versions;
use crate::engine::core::{self, Placed};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::links::refuse_links;
use std::path::Path;

impl Versions<'_> {
    pub(in crate::engine) fn archive(
        &self,
        who: &str,
        name: &str,
        reason: Option<&str>,
    ) -> Result<Outcome, EngineError> {
        let tool = self.engine.library().resolve(name)?;
        if tool.stage == Stage::Archived {
            return Err(EngineError::new(ErrorCode::Conflict, format!("{} is already archived", tool.name), ""));
        }
        let files = self.engine.library().files_on_disk(&tool)?;
        self.workspace.copies.put(tool.digest, &files)?;
        let before = self.engine.integrity().placed(&tool, &files);
        let target = self.archive_target(&tool);
        refuse_links(self.workspace.folder(), Path::new(&target.base))?;
        let step =
            self.workspace.transact(|tx| core::archive(tx, self.workspace.actor(who), &before, target, reason))?;
        self.engine.finish(step)
    }

    pub(in crate::engine) fn archive_target(&self, tool: &Tool) -> Placement {
        let plain = core::archived_placement(tool, false);
        let taken = self.workspace.folder().join(&plain.base).exists();
        core::archived_placement(tool, taken)
    }

    pub(in crate::engine) fn restore(&self, who: &str, name: &str) -> Result<Outcome, EngineError> {
        if let Some(vanished) = self.engine.upkeep().vanished(name)? {
            return self.engine.upkeep().bring_back(who, &vanished);
        }
        let tool = self.engine.library().resolve_archived(name)?;
        let files = self.engine.library().files_on_disk(&tool)?;
        self.workspace.copies.put(tool.digest, &files)?;
        let before = Placed::of(&tool, &files);
        let after = self.archived_from(&before)?;
        if after.digest != before.digest {
            return Err(self.changed_in_the_archive(&before, &files, after.digest));
        }
        self.engine.refuse_conflicts(&after)?;
        let step = self.workspace.transact(|tx| core::restore(tx, self.workspace.actor(who), &before, after))?;
        self.engine.finish(step)
    }

    /// Where an archived version came from; experimental when nobody recorded it.
    pub(in crate::engine) fn archived_from(&self, before: &Placed) -> Result<Placed, EngineError> {
        let operations = self.workspace.read(|q| {
            let newest = |verb| q.newest_operation(verb, before.tool.as_str());
            Ok([newest("archive")?, newest("approve")?])
        })?;
        let notes = operations.into_iter().flatten().filter_map(|operation| core::UndoNote::of(&operation));
        let mut origin = notes.filter_map(|note| match note {
            core::UndoNote::Move { before: origin, after, .. }
            | core::UndoNote::PutAway { before: origin, after, .. } => {
                (after.placement == before.placement).then_some(origin)
            }
            _ => None,
        });
        let Some(origin) = origin.next_back() else {
            let placement = core::stage_placement(Stage::Experimental, &before.tool);
            return Ok(before.moved_to(Stage::Experimental, placement));
        };
        // What nobody approved comes back as it is now.
        Ok(if origin.stage.is_vouched() { origin } else { before.moved_to(origin.stage, origin.placement) })
    }

    /// Nobody approved what lies in the archive now, so it does not come back as what was approved.
    fn changed_in_the_archive(&self, now: &Placed, files: &[VersionFile], was: Digest) -> EngineError {
        let before = self.workspace.copies.get(was).unwrap_or_default();
        let what = crate::engine::review::approval_status::differences(&before, files);
        EngineError::new(
            ErrorCode::Conflict,
            format!("{} changed since it was archived: {what}", now.placement.base),
            format!("`toolsmith restore-files {}` restores the approved files", now.tool),
        )
    }
}
