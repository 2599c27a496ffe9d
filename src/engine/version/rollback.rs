//! Restores approved files: another version (`rollback`), or the files of a changed tool (`restore-files`).
//!
//! The restored files are the kept copy, never other files on disk; replaced files are kept first.

use crate::domain::{Digest, Outcome, Placement, Stage, Tool, ToolName, VerbCall};
use crate::engine::Versions;
use crate::engine::core::{self, Beside, Comeback, Placed};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::relocate;
use crate::engine::view::{Preview, RunFilter};
use crate::insight;
use crate::store::Approval;
use std::sync::Arc;

/// Number of newest runs searched for consecutive failures, including runs that say nothing about the tool.
const RECENT_RUNS: usize = 20;

/// The place of an approved or core tool: its approvals, and its present content.
#[derive(Debug)]
pub(in crate::engine) struct Place {
    pub(in crate::engine) tool: ToolName,
    pub(in crate::engine) stage: Stage,
    pub(in crate::engine) placement: Placement,
    /// The present content; `None` if it cannot be read as a tool.
    pub(in crate::engine) lies: Option<Placed>,
    /// The digests with an approval in force, newest last.
    pub(in crate::engine) approved: Vec<Digest>,
    /// Whether there is a fault in the present content, even if its bytes are approved.
    bent: bool,
}

impl Place {
    /// Whether the present content is approved.
    pub(super) fn is_as_approved(&self) -> bool {
        self.lies.as_ref().is_some_and(|lies| self.approved.contains(&lies.digest))
    }

    /// The version in use: the present content if approved, otherwise the last approved version.
    fn in_use(&self) -> Option<Digest> {
        let lies = self.lies.as_ref().filter(|_| self.is_as_approved()).map(|lies| lies.digest);
        lies.or_else(|| self.approved.last().copied())
    }
}

/// The data for a rollback.
struct Rollback {
    place: Place,
    before: Placed,
    after: Placed,
}

/// Rolls a tool back to a version approved before.
pub(super) const ROLLBACK: PlainVerb = PlainVerb {
    name: "rollback",
    needs_catalog: true,
    preview: |engine, call| engine.versions().preview_rollback(call),
    perform: Perform::Human(|engine, who, call| engine.versions().rollback(who, call)),
};

/// Restores the approved files of a changed tool.
pub(super) const RESTORE_FILES: PlainVerb = PlainVerb {
    name: "restore-files",
    needs_catalog: true,
    preview: |engine, call| engine.versions().preview_restore_files(call),
    perform: Perform::Human(|engine, who, call| engine.versions().restore_files(who, call)),
};

impl Versions<'_> {
    fn rollback(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let Rollback { place, before, after } = self.plan_rollback(argument(call, "tool")?, call.get("to"))?;
        let change = Comeback { before: place.lies.as_ref(), after: &after, reason: call.get("reason") };
        let step = self.engine.step(who, |tx, actor| core::rollback(tx, actor, &before, &change))?;
        self.engine.finish(step)
    }

    fn preview_rollback(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let Rollback { place, before, after } = self.plan_rollback(argument(call, "tool")?, call.get("to"))?;
        let mut lines = vec![
            format!("{} {} → {} {}", before.version, before.digest.short(), after.version, after.digest.short()),
            format!("{} contains that version again; a copy of the other one is kept", place.placement.base),
        ];
        lines.extend(self.commit_line(&after)?);
        Ok(Preview {
            title: format!("Roll {} back to {}?", place.tool, after.version),
            lines,
            undo: "u (undo) restores the newer version".to_owned(),
        })
    }

    /// The message that the approved version in use fails repeatedly, with the target of a rollback; `None` if it does
    /// not, or if no version was approved before.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn rollback_offer(&self, tool: &Tool) -> Result<Option<String>, EngineError> {
        if !tool.stage.is_vouched() {
            return Ok(None);
        }
        let filter = RunFilter {
            tool: Some(tool.name.clone()),
            digest: Some(tool.digest),
            limit: RECENT_RUNS,
            ..RunFilter::default()
        };
        let runs = self.engine.runs().list(&filter)?;
        if !insight::fails_now(runs.iter().map(|run| (run.started_at, run.outcome)))
            || !self.engine.integrity().approved(tool)?
        {
            return Ok(None);
        }
        let Ok(Rollback { before, after, .. }) = self.plan_rollback(tool.name.as_str(), None) else { return Ok(None) };
        let (number, minutes) = (insight::IN_A_ROW, insight::WITHIN_MS / 60_000);
        Ok(Some(format!(
            "{number} failures of {} {} in {minutes} minutes: rollback (B) goes back to {}",
            tool.name, before.version, after.version
        )))
    }

    /// Reports this after a run of a version that fails repeatedly. Otherwise, after a failed run, reports if the tool
    /// got worse.
    pub(in crate::engine) fn offer_rollback(&self, tool: &Tool, failed: bool) {
        let offer = match self.rollback_offer(tool) {
            Ok(None) if failed => self.engine.library().alert_of(tool),
            offer => offer,
        };
        let told = match offer {
            Ok(None) => Ok(()),
            Ok(Some(message)) => Err(EngineError::new(ErrorCode::Failed, message, "or check its failures first")),
            Err(error) => Err(error),
        };
        self.workspace.report_trouble(told);
    }

    fn restore_files(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let (place, after) = self.plan_restore(argument(call, "tool")?)?;
        let before = match place.lies {
            Some(lies) => Some(lies),
            None => self.unreadable(&after)?,
        };
        let change = Comeback { before: before.as_ref(), after: &after, reason: None };
        let step = self.workspace.transact(|tx| core::restore_files(tx, self.workspace.actor(who), &change))?;
        self.engine.finish(step)
    }

    fn preview_restore_files(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let (place, after) = self.plan_restore(argument(call, "tool")?)?;
        let what = match &place.lies {
            Some(lies) => format!("the files there ({}) are replaced; a copy is kept", lies.digest.short()),
            None if self.workspace.folder().join(&place.placement.base).exists() => {
                "the files there are not a tool and are replaced; a copy is kept".to_owned()
            }
            None => "the folder is empty now".to_owned(),
        };
        let mut lines = vec![format!("{} is restored as {}", place.placement.base, after.digest.short()), what];
        lines.extend(self.commit_line(&after)?);
        Ok(Preview {
            title: format!("Restore the approved files of {} {}?", place.tool, after.version),
            lines,
            undo: "u (undo) restores the changed files".to_owned(),
        })
    }

    /// Why the present files under the name of an approved or core tool do not count as approved; `None` if they do.
    /// Checks the disk now: the catalog may be outdated, and a kept copy of the approved version does not matter.
    pub(in crate::engine) fn quarantined(&self, tool: &Tool) -> Result<Option<core::Quarantine>, EngineError> {
        if !tool.stage.is_vouched() {
            return Ok(None);
        }
        let view = self.engine.library().around(&tool.name);
        // A new row that claims the name says nothing about the tool that has it.
        let is_of_it = |row: &Tool| row.facts.reserved.is_none() || row.path == tool.path;
        let same = view.tools.iter().filter(|row| row.name == tool.name && row.stage.is_vouched());
        for row in same.filter(|row| is_of_it(row)) {
            if let Some(doubt) = self.engine.integrity().doubt(row)? {
                return Ok(Some(doubt.to_caller(row)));
            }
        }
        Ok(None)
    }

    /// The git commit that restoring these files will make; `None` if there will be none.
    fn commit_line(&self, after: &Placed) -> Result<Option<String>, EngineError> {
        let Some(git) = self.workspace.git().filter(|_| self.workspace.settings.commit) else { return Ok(None) };
        let files = self.files(after.digest)?;
        let beside = self.workspace.read(|q| core::beside(q, after))?;
        Ok(match relocate::would_commit(git, &after.placement, &files, &beside) {
            Ok(true) => Some("one git commit with exactly these files".to_owned()),
            Ok(false) => None,
            Err(error) => Some(format!("a git commit, if one is needed: {error}")),
        })
    }

    fn plan_restore(&self, name: &str) -> Result<(Place, Placed), EngineError> {
        let place = self.place_named(name)?;
        if place.is_as_approved() && !place.bent {
            let message = format!("the files of {} are unchanged since approval", place.tool);
            return Err(EngineError::new(ErrorCode::Conflict, message, ""));
        }
        let after = self.approved_of(&place)?;
        Ok((place, after))
    }

    /// Content in the place of a version that cannot be read as a tool. Keeps its bytes, so that undo can restore them.
    /// `None` if there is none, or if a copy cannot hold it: the move then sets it aside.
    fn unreadable(&self, approved: &Placed) -> Result<Option<Placed>, EngineError> {
        let placement = &approved.placement;
        if !placement.exclusive {
            return Ok(None);
        }
        let Some(files) = relocate::raw_files(&self.workspace.folder().join(&placement.base)) else { return Ok(None) };
        let digest = Digest::of_files(&files);
        self.workspace.copies.put(digest, &files)?;
        let approval = self.engine.integrity().beside(placement);
        let files = files.into_iter().map(|file| file.path).collect();
        Ok(Some(Placed { digest, files, approval, ..approved.clone() }))
    }

    /// The version in use, in its place: the present content if approved, otherwise the last approved version.
    pub(super) fn approved_of(&self, place: &Place) -> Result<Placed, EngineError> {
        let digest = place.in_use().ok_or_else(|| never_approved(&place.tool))?;
        self.kept_at(place, digest)
    }

    fn plan_rollback(&self, name: &str, to: Option<&str>) -> Result<Rollback, EngineError> {
        let place = self.place_named(name)?;
        let in_use = place.in_use().ok_or_else(|| never_approved(&place.tool))?;
        let before = self.kept_at(&place, in_use)?;
        let known = self.workspace.read(|q| Ok(q.approved_before(&place.tool)?))?;
        let wanted = if let Some(wanted) = to {
            self.approved_as(&place, &known, wanted)?
        } else {
            let older = known.iter().position(|digest| *digest == in_use).map_or(0, |at| at + 1);
            let mut older = known[older..].iter().filter(|digest| **digest != in_use);
            older.find(|digest| self.workspace.copies.has(**digest)).copied().ok_or_else(|| {
                let message = format!("no version of {} was approved before {}", place.tool, before.version);
                let hint = "`toolsmith show NAME` lists its versions; --to names one";
                EngineError::new(ErrorCode::NotFound, message, hint)
            })?
        };
        if place.lies.as_ref().is_some_and(|lies| lies.digest == wanted) && place.approved.contains(&wanted) {
            let message = format!("{} {} is already in use", place.tool, wanted.short());
            return Err(EngineError::new(ErrorCode::Conflict, message, ""));
        }
        let after = self.kept_at(&place, wanted)?;
        Ok(Rollback { place, before, after })
    }

    /// The approved version with this version number or digest prefix.
    fn approved_as(&self, place: &Place, known: &[Digest], wanted: &str) -> Result<Digest, EngineError> {
        let wanted = wanted.trim_start_matches('@');
        let rows = self.workspace.read(|q| Ok(q.versions_of(&place.tool)?))?;
        let named = |digest: &&Digest| {
            let stated = rows.iter().find(|row| row.digest == **digest).map(|row| row.version.to_string());
            stated.as_deref() == Some(wanted) || (wanted.len() >= 4 && digest.starts_with(wanted))
        };
        known.iter().find(named).copied().ok_or_else(|| {
            let message = format!("{} has no approved version {wanted:?}", place.tool);
            EngineError::new(ErrorCode::NotFound, message, "rollback works with approved versions only")
        })
    }

    /// The place of an approved or core tool by its name or alias. If it is empty, the place of the newest approval,
    /// whatever is elsewhere.
    ///
    /// # Errors
    /// `NotFound` for an unknown tool; `Refused` for one that nobody approved; `Conflict` for an archived one.
    pub(super) fn place_named(&self, text: &str) -> Result<Place, EngineError> {
        let name = match self.engine.library().resolve(text) {
            Ok(tool) => tool.name.clone(),
            Err(error) => ToolName::new(text).map_err(|_| error)?,
        };
        let approvals = self.workspace.read(|q| Ok(q.approvals_of(&name)?))?;
        let Some(newest) = approvals.last() else {
            self.engine.library().resolve(text)?;
            return Err(never_approved(&name));
        };
        let placement = self.approved_place(newest)?;
        let view = self.engine.library().catalog();
        let rows = || view.tools.iter().filter(|row| row.name == name);
        if let Some(row) = rows().find(|row| row.stage == newest.stage && row.placement == placement) {
            return self.place_of_row(row);
        }
        let is_away = |row: &&Arc<Tool>| row.stage == Stage::Archived && row.digest == newest.digest;
        if rows().any(|row| is_away(&row)) {
            let message = format!("{name} is archived");
            let hint = format!("restore it with `toolsmith restore {name}`");
            return Err(EngineError::new(ErrorCode::Conflict, message, hint));
        }
        let approved = approvals.iter().map(|approval| approval.digest).collect();
        Ok(Place { tool: name, stage: newest.stage, placement, lies: None, approved, bent: true })
    }

    /// The place of an approval. For an approval of an older format, the place where the version was last seen.
    fn approved_place(&self, approval: &Approval) -> Result<Placement, EngineError> {
        let seen = self.workspace.read(|q| Ok(q.version(&approval.tool, approval.digest)?))?.map(|row| row.placement);
        let own = || core::stage_placement(approval.stage, &approval.tool);
        let Some(base) = &approval.base else { return Ok(seen.unwrap_or_else(own)) };
        let same = seen.filter(|seen| seen.base == *base);
        Ok(same.unwrap_or_else(|| Placement { base: base.clone(), exclusive: *base == own().base }))
    }

    fn place_of_row(&self, tool: &Arc<Tool>) -> Result<Place, EngineError> {
        let approvals = self.workspace.read(|q| Ok(q.approvals_of(&tool.name)?))?;
        let approved = approvals.into_iter().map(|approval| approval.digest).collect();
        let lies = match self.engine.library().files_on_disk(tool) {
            Ok(files) => {
                let digest = Digest::of_files(&files);
                self.workspace.copies.put(digest, &files)?;
                Some(Placed { digest, ..self.engine.integrity().placed(tool, &files) })
            }
            // The move sets aside what cannot be read as a tool, and never deletes it.
            Err(_) => None,
        };
        let bent = self.engine.integrity().doubt(tool)?.is_some();
        let (tool, stage, placement) = (tool.name.clone(), tool.stage, tool.placement.clone());
        Ok(Place { tool, stage, placement, lies, approved, bent })
    }

    /// A kept version in this place.
    fn kept_at(&self, place: &Place, digest: Digest) -> Result<Placed, EngineError> {
        let files = self.files(digest)?;
        let row = self.workspace.read(|q| Ok(q.version(&place.tool, digest)?))?;
        Ok(Placed {
            tool: place.tool.clone(),
            version: row.map_or_else(|| semver::Version::new(0, 0, 0), |row| row.version),
            digest,
            stage: place.stage,
            placement: place.placement.clone(),
            files: files.into_iter().map(|file| file.path).collect(),
            approval: Beside::Unknown,
        })
    }
}

fn never_approved(tool: &ToolName) -> EngineError {
    let message = format!("no version of {tool} is approved here");
    EngineError::new(ErrorCode::Refused, message, "approve one first")
}
