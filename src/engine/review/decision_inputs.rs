//! The inputs of a decision: the present place of the files, the content to replace, the required approvals.

use crate::domain::{
    CostTier, DecisionRequest, Digest, Placement, Review, ReviewKind, Stage, Tool, ToolName, VersionFile, count, plural,
};
use crate::engine::Reviews;
use crate::engine::core::{self, DecisionContext, Placed};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::links::refuse_links;
use crate::engine::relocate;
use crate::engine::run::permits;
use std::path::Path;
use std::sync::Arc;

impl<'e> Reviews<'e> {
    /// Collects what the rules need in addition to the decision, and keeps the bytes that an approval covers.
    pub(in crate::engine) fn context_of(
        &self,
        review: &Review,
        request: &DecisionRequest,
    ) -> Result<DecisionContext<'e>, EngineError> {
        let mut context = DecisionContext::new(&self.workspace.settings.gates);
        if !request.approves() {
            context.maker = self.maker_of(review);
            return Ok(context);
        }
        context.roles = self.roles_for(review);
        context.team = self.engine.teams().votes(review)?;
        match review.kind {
            ReviewKind::Adoption => self.keep_members(review)?,
            ReviewKind::Specification | ReviewKind::Plan | ReviewKind::Call | ReviewKind::Deprecation => {}
            ReviewKind::Archive => {
                let (tool, _) = self.lying(review)?;
                let target = self.engine.versions().archive_target(&tool)?;
                refuse_links(self.workspace.folder(), Path::new(&target.base))?;
                context.archive = Some(target);
                context.placed = Some(self.place_of(review)?);
            }
            ReviewKind::Drift => {
                self.refuse_taken_names(review)?;
                context.placed = Some(self.place_of(review)?);
            }
            ReviewKind::New | ReviewKind::Evolved | ReviewKind::Promotion => {
                self.refuse_taken_names(review)?;
                let target = core::stage_placement(review.to_stage, &review.tool);
                refuse_links(self.workspace.folder(), Path::new(&target.base))?;
                context.placed = Some(self.place_of(review)?);
                context.replaced = self.occupant(review.to_stage, &review.tool, review.digest)?;
            }
        }
        context.maker = self.maker_of(review);
        context.promotion = self.engine.versions().promotion_by(review, request.reason.as_deref());
        Ok(context)
    }

    /// The consequences of an approval, one line each.
    pub(in crate::engine) fn consequences(&self, review: &Review) -> Result<Vec<String>, EngineError> {
        let target = core::stage_placement(review.to_stage, &review.tool);
        let (line, commits) = match review.kind {
            ReviewKind::Adoption => {
                let tools = plural(review.members.len(), "tool counts", "tools count");
                (format!("{tools} as approved here; no file moves, so git gets no commit"), false)
            }
            ReviewKind::Drift if review.changed_server().is_some() => {
                let next = format!("approve the list that `toolsmith list-tools {}` records", review.tool);
                (format!("you have seen the change; changed tools stay refused: to use them, {next}"), false)
            }
            ReviewKind::Drift => (format!("{} stays in place and is approved as it is now", review.place()), true),
            ReviewKind::New | ReviewKind::Evolved | ReviewKind::Promotion => {
                (format!("{} → {}", self.moved(review), target.base), true)
            }
            ReviewKind::Archive => {
                let (tool, _) = self.lying(review)?;
                (
                    format!(
                        "move {} → {}: hidden, not runnable",
                        review.place(),
                        self.engine.versions().archive_target(&tool)?.base
                    ),
                    true,
                )
            }
            ReviewKind::Deprecation => (format!("{} is marked as deprecated; no file moves", review.tool), false),
            ReviewKind::Call => (permits::consequence(review), false),
            ReviewKind::Specification => {
                let next = format!("`toolsmith new --from-spec {}`", review.id);
                (format!("its tool can be made, at once or with {next}; nothing runs yet"), false)
            }
            ReviewKind::Plan => ("it is recorded, and the requester may continue; no file moves".to_owned(), false),
        };
        let mut lines = vec![line];
        let moves_up = matches!(review.kind, ReviewKind::New | ReviewKind::Evolved | ReviewKind::Promotion);
        let view = self.engine.library().catalog();
        if moves_up
            && let Some(old) = view.tools.iter().find(|tool| tool.placement == target && tool.digest != review.digest)
        {
            lines.push(format!("replaces {} {} ({})", old.name, old.version, old.digest.short()));
            lines.extend(self.other_folder(review, old)?);
            lines.extend(self.ending(&old.name, old.digest)?);
        }
        if moves_up && let Ok((_, files)) = self.lying(review) {
            let replaces = self.occupant(review.to_stage, &review.tool, review.digest)?.map(|placed| placed.digest);
            if relocate::puts_aside(self.workspace.folder(), &files, &target, replaces) {
                lines.push(format!(
                    "{} holds files without a kept copy: they are put aside under a hidden name in tools/{}",
                    target.base,
                    Stage::Archived
                ));
            }
        }
        if commits && self.workspace.settings.commit && self.workspace.git().is_some() {
            lines.push("one git commit that names the digest".to_owned());
        }
        let roles = self.roles_for(review);
        let missing = core::missing_votes(review.votes().map(|vote| vote.role.as_deref()), &roles);
        if missing.len() > 1 {
            lines.push(format!("only after approvals by {}, each a different person", missing.join(" and ")));
        }
        Ok(lines)
    }

    /// What an approval moves, or copies from a file with several tools: `move tools/a.toml and 1 other file`.
    fn moved(&self, review: &Review) -> String {
        let name = review.path.rsplit('/').next().unwrap_or_default();
        let how = if Placement::looks_like_entry(name) { "copy" } else { "move" };
        let others = match self.lying(review) {
            Ok((tool, files)) if !tool.placement.exclusive => files.len().saturating_sub(1),
            _ => 0,
        };
        let others = if others > 0 { format!(" and {}", count(others, "other file")) } else { String::new() };
        format!("{how} {}{others}", review.place())
    }

    /// The pending reviews of a version, which end when it is archived or replaced, in a line each.
    pub(in crate::engine) fn ending(&self, tool: &ToolName, digest: Digest) -> Result<Vec<String>, EngineError> {
        let mut waiting = self.waiting_for(tool)?;
        waiting.retain(|review| review.digest == digest && review.kind != ReviewKind::Adoption);
        Ok(waiting.iter().map(|review| format!("ends review {}: {}", review.id, question_of(review))).collect())
    }

    /// Roles whose approval is needed in addition to an ordinary one: for the high cost tier, those of the settings.
    pub(in crate::engine) fn roles_for(&self, review: &Review) -> Vec<String> {
        let roles = &self.workspace.settings.high_roles;
        if roles.is_empty() || !(review.kind.judges_version() || review.kind == ReviewKind::Adoption) {
            return Vec::new();
        }
        let view = self.engine.library().catalog();
        let own = (review.tool.clone(), review.digest);
        let covered: Vec<&(ToolName, Digest)> = std::iter::once(&own).chain(&review.members).collect();
        let high = view.tools.iter().any(|tool| {
            tool.cost_tier == CostTier::High
                && covered.iter().any(|(name, digest)| tool.name == *name && tool.digest == *digest)
        });
        if high { roles.clone() } else { Vec::new() }
    }

    /// Refuses a version with a name or alias that an approved or core tool has.
    fn refuse_taken_names(&self, review: &Review) -> Result<(), EngineError> {
        let view = self.engine.library().catalog();
        let Some(tool) = view.tools.iter().find(|tool| tool.name == review.tool && tool.digest == review.digest) else {
            return Ok(());
        };
        for other in view.tools.iter().filter(|other| other.name != tool.name && other.stage.is_vouched()) {
            let names = |of: &Tool| -> Vec<String> {
                std::iter::once(of.name.to_string()).chain(of.aliases.iter().cloned()).collect()
            };
            let taken = names(other);
            if let Some(name) = names(tool).into_iter().find(|name| taken.contains(name)) {
                return Err(EngineError::new(
                    ErrorCode::Refused,
                    format!("{0} and {1} ({2}) share the name {name:?}", tool.name, other.name, other.path),
                    "remove the alias from one of the two",
                ));
            }
        }
        if let Some(taken) = &tool.facts.reserved {
            let hint = "rename it: names of approved, core and archived tools are reserved";
            return Err(EngineError::new(ErrorCode::Refused, format!("{}: {taken}", tool.name), hint));
        }
        Ok(())
    }

    /// The version of a review at its present place; its bytes are kept from now on.
    fn place_of(&self, review: &Review) -> Result<Placed, EngineError> {
        let (tool, files) = self.lying(review)?;
        self.workspace.copies.put(review.digest, &files)?;
        Ok(self.engine.integrity().placed(&tool, &files))
    }

    /// Refuses a review whose version on disk differs from the shown one.
    pub(super) fn still_as_shown(&self, review: &Review) -> Result<(), EngineError> {
        if review.kind.is_about_text() || review.kind == ReviewKind::Adoption {
            return Ok(());
        }
        self.lying(review).map(drop)
    }

    /// The version of a review on disk, which must equal the shown version.
    fn lying(&self, review: &Review) -> Result<(Arc<Tool>, Vec<VersionFile>), EngineError> {
        let view = self.engine.library().catalog();
        let here: Vec<_> =
            view.tools.iter().filter(|tool| tool.name == review.tool && tool.path == review.path).collect();
        let is_same = |tool: &&Arc<Tool>| tool.name == review.tool && tool.digest == review.digest;
        // Among copies, the one that was shown.
        let same = here.iter().copied().find(is_same).or_else(|| view.tools.iter().find(is_same));
        let tool = same.or_else(|| here.first().copied()).ok_or_else(|| {
            EngineError::new(
                ErrorCode::Conflict,
                format!("the files of {} no longer exist", review.tool),
                "the review closes with the next scan",
            )
        })?;
        let files = self.engine.library().files_on_disk(tool)?;
        let digest = Digest::of_files(&files);
        if digest != review.digest {
            return Err(EngineError::new(
                ErrorCode::Conflict,
                format!(
                    "{} changed since review {} was opened: {} is on disk, {} was shown",
                    review.tool,
                    review.id,
                    digest.short(),
                    review.digest.short()
                ),
                "a new review of the changed files opens automatically; read that one",
            ));
        }
        Ok((Arc::clone(tool), files))
    }

    /// A warning if the version in use came from another folder than the one under review: they may be different tools.
    fn other_folder(&self, review: &Review, used: &Tool) -> Result<Option<String>, EngineError> {
        let view = self.engine.library().catalog();
        let under_review = view.tools.iter().find(|tool| tool.name == review.tool && tool.digest == review.digest);
        let Some(under_review) = under_review.filter(|_| review.kind != ReviewKind::Promotion) else { return Ok(None) };
        let note = self.workspace.read(|q| {
            let approvals = q.approvals_of(&used.name)?;
            let approval = approvals.iter().find(|approval| approval.digest == used.digest);
            Ok(approval.map(|approval| q.operation(approval.operation)).transpose()?.flatten())
        })?;
        let Some(core::UndoNote::Approve { before, .. }) = note.as_ref().and_then(core::UndoNote::of) else {
            return Ok(None);
        };
        let is_beside = Path::new(&under_review.placement.base).starts_with(&used.placement.base);
        let is_same = is_beside || under_review.placement.container() == before.placement.container();
        Ok((!is_same).then(|| {
            let from = before.placement.container();
            format!("the version in use came from {from}; if this is a different tool, rename its file first")
        }))
    }

    /// Keeps the bytes of every member of an adoption, and refuses if one of them has changed.
    fn keep_members(&self, review: &Review) -> Result<(), EngineError> {
        let view = self.engine.library().catalog();
        for (name, digest) in &review.members {
            let tool = view.tools.iter().find(|tool| tool.name == *name && tool.digest == *digest);
            let files = tool.map(|tool| self.engine.library().files_of(tool)).transpose()?;
            match files {
                Some(files) if Digest::of_files(&files) == *digest => {
                    self.workspace.copies.put(*digest, &files)?;
                }
                _ => {
                    return Err(EngineError::new(
                        ErrorCode::Conflict,
                        format!("{name} changed since review {} was opened", review.id),
                        "a new review opens with the next scan",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Another version of the name in the target folder of a promotion. Its bytes are kept, so that undo can restore
    /// it.
    fn occupant(&self, stage: Stage, name: &ToolName, digest: Digest) -> Result<Option<Placed>, EngineError> {
        let target = core::stage_placement(stage, name);
        let view = self.engine.library().catalog();
        let Some(tool) = view.tools.iter().find(|tool| tool.placement == target && tool.digest != digest) else {
            return Ok(None);
        };
        let files = self.engine.library().files_of(tool)?;
        self.workspace.copies.put(tool.digest, &files)?;
        Ok(Some(self.engine.integrity().placed(tool, &files)))
    }
}

/// The version of a review, and the question: `hello 1.0.0 (promotion to core)`.
pub(in crate::engine) fn question_of(review: &Review) -> String {
    let to = if review.kind == ReviewKind::Promotion { format!(" to {}", review.to_stage) } else { String::new() };
    format!("{} {} ({}{to})", review.tool, review.version, review.asks())
}
