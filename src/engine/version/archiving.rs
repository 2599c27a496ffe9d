//! Archiving a version, and restoring it.

use crate::domain::{Digest, Outcome, Placement, ReviewKind, Stage, Tool, VerbCall, VersionFile};
use crate::engine::Versions;
use crate::engine::core::{self, Placed};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::links::refuse_links;
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::review::decision_inputs::question_of;
use crate::engine::view::Preview;
use std::path::Path;

/// Number of names tried for an archived version before the human is asked to make room.
const ARCHIVE_NAMES: u32 = 100;

pub(super) const ARCHIVE: PlainVerb = PlainVerb {
    name: "archive",
    needs_catalog: true,
    preview: |engine, call| engine.versions().preview_archive(call),
    perform: Perform::Human(|engine, who, call| engine.versions().archive(who, call)),
};

/// Restores an archived tool, or a tool whose files are missing.
pub(super) const RESTORE: PlainVerb = PlainVerb {
    name: "restore",
    needs_catalog: true,
    preview: |engine, call| engine.versions().preview_restore(call),
    perform: Perform::Human(|engine, who, call| engine.versions().restore(who, call)),
};

impl Versions<'_> {
    fn preview_archive(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let tool = self.engine.library().resolve(argument(call, "tool")?)?;
        let target = self.archive_target(&tool)?;
        let what = "hidden, not runnable; files and history are kept";
        let mut lines = self.engine.move_lines(&tool.placement, &target, what);
        lines.extend(self.engine.reviews().ending(&tool.name, tool.digest)?);
        Ok(Preview {
            title: format!("Archive {} {}?", tool.name, tool.version),
            lines,
            undo: "u (undo) or restore reverts it".to_owned(),
        })
    }

    /// Archives a version, as the verb does.
    pub(in crate::engine) fn archive(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let tool = self.engine.library().resolve(argument(call, "tool")?)?;
        if tool.stage == Stage::Archived {
            return Err(EngineError::new(
                ErrorCode::Conflict,
                format!("{} is already archived", tool.name),
                "`toolsmith list --stage archived` lists archived tools",
            ));
        }
        self.engine.services().demand_none_of(&tool.name)?;
        let files = self.engine.library().files_on_disk(&tool)?;
        self.workspace.copies.put(tool.digest, &files)?;
        let before = self.engine.integrity().placed(&tool, &files);
        let target = self.archive_target(&tool)?;
        refuse_links(self.workspace.folder(), Path::new(&target.base))?;
        let shared = self.engine.teams().of_archive(&tool, call.get("reason"))?;
        let step = self.engine.integrity().signed_step(who, |tx, actor| {
            let step = core::archive(tx, actor, &before, target.clone(), call.get("reason"))?;
            shared.write(tx, actor, step)
        })?;
        self.engine.finish(step)
    }

    /// The place of an archived version.
    ///
    /// # Errors
    /// `Conflict` for a tool that shares its file with others, because the file would still contain it.
    pub(in crate::engine) fn archive_target(&self, tool: &Tool) -> Result<Placement, EngineError> {
        if let Some((file, _)) = tool.placement.entry() {
            let message = format!("{} is one of the tools in {file}, which cannot be archived one by one", tool.name);
            let hint = format!("remove it from {file}, or move the file out of the tools folder");
            return Err(EngineError::new(ErrorCode::Conflict, message, hint));
        }
        let is_there = |path: &str| std::fs::symlink_metadata(self.workspace.folder().join(path));
        let archive = format!("tools/{}", Stage::Archived);
        if is_there(&archive).is_ok_and(|found| found.is_file()) {
            let message = format!("{archive} is a file, so nothing can be archived");
            return Err(EngineError::new(ErrorCode::Conflict, message, format!("move {archive} away, then retry")));
        }
        let mut places = (0..ARCHIVE_NAMES).map(|attempt| core::archived_placement(tool, attempt));
        // Existing content stays in place, including a broken link.
        places.find(|place| is_there(&place.base).is_err()).ok_or_else(|| {
            let message = format!("{archive} has no free name for {} {}", tool.name, tool.version);
            let hint = format!("move {archive}/{}* away, then retry", tool.name);
            EngineError::new(ErrorCode::Conflict, message, hint)
        })
    }

    fn preview_restore(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let name = argument(call, "tool")?;
        if let Some(vanished) = self.engine.upkeep().vanished(name)? {
            return self.engine.upkeep().preview_bringing_back(&vanished);
        }
        let tool = self.engine.library().resolve_archived(name)?;
        let files = self.engine.library().files_of(&tool)?;
        let before = Placed::of(&tool, &files);
        let after = self.archived_from(&before)?;
        let mut lines = self.engine.move_lines(&before.placement, &after.placement, "visible again");
        lines.extend(self.not_asked_again(&before)?);
        Ok(Preview {
            title: format!("Restore {} {} to {}?", tool.name, tool.version, after.stage),
            lines,
            undo: "u (undo) archives it again".to_owned(),
        })
    }

    /// Reviews that were closed when the version was archived and that no scan opens again: only an undo restores them.
    fn not_asked_again(&self, archived: &Placed) -> Result<Vec<String>, EngineError> {
        let newest = self.workspace.read(|q| Ok(q.newest_operation("archive", archived.tool.as_str())?))?;
        let Some(operation) = newest else { return Ok(Vec::new()) };
        let Some(core::UndoNote::Move { after, closed, .. }) = core::UndoNote::of(&operation) else {
            return Ok(Vec::new());
        };
        if after.placement != archived.placement {
            return Ok(Vec::new());
        }
        let mut lines = Vec::new();
        for id in closed {
            let review = self.engine.reviews().row(id)?;
            if matches!(review.kind, ReviewKind::Promotion | ReviewKind::Archive | ReviewKind::Deprecation) {
                let undo = format!("`toolsmith undo {}` instead of restore brings it back", operation.id);
                lines.push(format!("review {id} stays closed: {}; {undo}", question_of(&review)));
            }
        }
        Ok(lines)
    }

    fn restore(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let name = argument(call, "tool")?;
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

    /// The previous place of an archived version; experimental if it was not recorded.
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
        // An unapproved version is restored unchanged.
        Ok(if origin.stage.is_vouched() { origin } else { before.moved_to(origin.stage, origin.placement) })
    }

    /// The archived content was changed without approval, so it is not restored as approved.
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
