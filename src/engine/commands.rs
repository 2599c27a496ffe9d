//! Commands from outside: gather what the rules need, run them in one transaction, perform the moves.

use super::core::{self, Actor, DecideInput, IntentBody, Placed, Relocation, Step, Work};
use super::error::{EngineError, ErrorCode};
use super::library::upkeep::preview_proposals;
use super::links::refuse_links;
use super::relocate;
use super::view::Preview;
use super::workspace::Engine;
use crate::catalog;
use crate::domain::{
    Allowed, Caller, Command, DecisionKind, Digest, OperationId, Outcome, Placement, ReviewId, RunId, Shown, Stage,
    Tool, ToolName, VersionFile, WriteMode, visible_words,
};
use crate::store::Intent;
use serde_json::json;
use std::path::Path;

impl Engine {
    /// Does what a command asks, or says why not.
    ///
    /// # Errors
    /// As [`ErrorCode`] says; nothing has changed then, except that a move which could not be
    /// finished stays pending and is finished at the next start.
    // size: one arm for each command
    pub fn execute(&self, command: Command, caller: &Caller) -> Result<Outcome, EngineError> {
        let is_anybodys = matches!(command, Command::Cancel { .. } | Command::Propose { .. });
        if let (Caller::Agent(name), false) = (caller, is_anybodys) {
            return Err(EngineError::new(
                ErrorCode::HumanNeeded,
                format!("agent {name} cannot do this; decisions are a human's"),
                "a human decides in the workbench or at a terminal",
            ));
        }
        refuse_unseen(&command)?;
        let who = caller.identity();
        if let Command::Decide { review, kind: DecisionKind::Approve, .. } = command {
            // Before the turn: others need not wait for checks.
            self.ensure_checked(review, &mut |_| {})?;
        }
        let _turn = match command {
            // What is made takes its turn itself; a flush moves no files, and takes as long as a tool takes.
            Command::Cancel { .. }
            | Command::Mark { .. }
            | Command::Recheck { .. }
            | Command::New { .. }
            | Command::Propose { .. }
            | Command::AcceptOpportunity { .. }
            | Command::FetchPackages { .. }
            | Command::FlushBuffer { .. }
            | Command::ClearBuffer { .. } => None,
            _ => Some(self.take_turn()?),
        };
        match command {
            Command::Decide { review, digest, kind, reason, shown, override_reason, role, unread, evidence } => {
                let (reason, override_reason, role) = (reason.as_deref(), override_reason.as_deref(), role.as_deref());
                let asked = Asked { review, digest, kind, reason, shown, override_reason, role, unread, evidence };
                self.decide(&who, &asked)
            }
            Command::Comment { review, spot, kind, body } => self.comment(&who, review, &spot, kind, &body),
            Command::Withdraw { comment } => {
                Ok(self.transact(|tx| core::withdraw(tx, self.actor(&who), comment))?.outcome)
            }
            Command::Mark { review, mark, on } => {
                let review = self.review_row(review)?;
                Ok(self.transact(|tx| core::mark(tx, self.actor(&who), &review, &mark, on))?.outcome)
            }
            Command::Recheck { tool } => self.recheck(&tool),
            Command::Promote { tool, to } => {
                let tool = self.resolve(&tool)?;
                let files = self.files_of(&tool)?;
                self.inner.copies.put(tool.digest, &files)?;
                self.finish(self.step(&who, |tx, actor| core::promote(tx, actor, &tool, to))?)
            }
            Command::UseInSession { tool, digest, scope } => self.use_in_session(&who, &tool, digest, scope),
            Command::Pin { tool, pinned } => self.pin(&who, &tool, pinned),
            Command::Trim { tool, versions } => self.trim(&who, &tool, &versions),
            Command::Archive { tool, reason } => self.archive(&who, &tool, reason.as_deref()),
            Command::Restore { tool } => self.restore(&who, &tool),
            Command::Deprecate { tool, by, reason } => self.deprecate(&who, &tool, by.as_deref(), reason.as_deref()),
            Command::Propose { proposals } => self.propose(&proposals, caller),
            Command::Rollback { tool, to, reason } => self.rollback(&who, &tool, to.as_deref(), reason.as_deref()),
            Command::RestoreFiles { tool } => self.restore_files(&who, &tool),
            Command::Fork { tool, name } => self.fork(&who, &tool, &name),
            Command::New { name, template, language, words } => self.make_new(name, template, language, words, caller),
            Command::AcceptOpportunity { key, from } => Ok(self.accept_opportunity(&key, &from, None, caller)?.outcome),
            Command::DismissOpportunity { key, from, reason } => {
                self.dismiss_opportunity(&who, &key, &from, reason.as_deref())
            }
            Command::Allow { tool, digest } => {
                let detail = self.asked_about(&tool, digest)?;
                let allowed = Allowed::new(&detail.manifest.permissions, self.write_mode(detail.tool.stage));
                self.finish(self.step(&who, |tx, actor| core::allow(tx, actor, &detail.tool, &allowed))?)
            }
            Command::FetchPackages { tool, digest } => self.fetch_packages(&who, &tool, digest),
            Command::Grant { tool, digest, agent, scope } => {
                let tool = self.asked_about(&tool, digest)?.tool;
                let scope = self.owned(scope);
                self.finish(self.step(&who, |tx, actor| core::grant(tx, actor, &tool, &agent, scope.clone()))?)
            }
            Command::Unlock { tool, tier, scope, lasting } => {
                self.unlock(&who, (tool.as_deref(), tier), scope, lasting)
            }
            Command::SaveSet { name, tools } => self.save_set(&who, &name, &tools),
            Command::Revoke { grant } => self.finish(self.step(&who, |tx, actor| core::revoke(tx, actor, &grant))?),
            Command::Untag { tool, tag } => {
                let tool = self.resolve(&tool)?;
                Ok(self.transact(|tx| core::untag(tx, self.actor(&who), &tool.name, &tag))?.outcome)
            }
            Command::Resolve { failure, reason } => self.resolve_failure(&who, &failure, reason.as_deref()),
            Command::Undo { operation } => {
                self.refuse_if_in_the_way(operation)?;
                self.finish(self.step(&who, |tx, actor| core::undo(tx, actor, operation))?)
            }
            Command::FlushBuffer { buffer } => self.flush_command(&buffer, caller),
            Command::ClearBuffer { buffer } => self.clear_command(&buffer, caller),
            Command::Cancel { run } => self.cancel(run),
        }
    }

    /// Waits until no other process moves files of this workspace, and finishes what a dead one owes.
    ///
    /// INVARIANT: a command holds the turn from its look at the files to the end of its moves. So no
    /// two commands move the same files, moves happen in the order of the log, and whatever is owed
    /// when the turn begins has nobody else at work on it.
    pub(super) fn take_turn(&self) -> Result<std::fs::File, EngineError> {
        let turn = self.inner.move_turn()?;
        if self.finish_owed()? {
            self.scan(&mut |_| {})?;
        }
        Ok(turn)
    }

    pub(super) fn actor<'a>(&'a self, who: &'a str) -> Actor<'a> {
        Actor { who, owner: &self.inner.owner, commit: self.inner.settings.commit, pen: None }
    }

    fn decide(&self, who: &str, asked: &Asked<'_>) -> Result<Outcome, EngineError> {
        self.expire_due()?;
        let review = self.review_row(asked.review)?;
        let grounds = self.grounds(&review, asked.kind)?;
        let maker = self.maker_of(&review);
        let yes = asked.kind == DecisionKind::Approve;
        let promotion = yes.then(|| self.promotion_by(&review, asked.reason)).flatten();
        self.keep_decided(&review)?;
        if yes {
            self.refuse_doubtful_votes(&review)?;
        }
        let interpreter = if yes && review.is_checked() { self.interpreter_under(&review) } else { None };
        let step = self.step(who, |tx, actor| {
            if let Some(facts) = &interpreter {
                tx.keep_approved_interpreter(&review.tool, review.digest, facts)?;
            }
            let input = DecideInput {
                review: &review,
                digest: asked.digest,
                kind: asked.kind,
                reason: asked.reason,
                shown: asked.shown.clone(),
                override_reason: asked.override_reason,
                gates: &self.inner.settings.gates,
                maker: maker.as_ref(),
                placed: grounds.placed.as_ref(),
                replaced: grounds.replaced.as_ref(),
                archive: grounds.archive.as_ref(),
                promotion: promotion.as_ref(),
                unread: asked.unread,
                evidence: asked.evidence,
                role: asked.role,
                roles: &grounds.roles,
            };
            core::decide(tx, actor, &input)
        })?;
        self.finish(step)
    }

    /// A tool where the catalog found it, with what lies beside it.
    pub(super) fn placed(&self, tool: &Tool, files: &[VersionFile]) -> Placed {
        Placed { approval: self.beside(&tool.placement), ..Placed::of(tool, files) }
    }

    fn archive(&self, who: &str, name: &str, reason: Option<&str>) -> Result<Outcome, EngineError> {
        let tool = self.resolve(name)?;
        if tool.stage == Stage::Archived {
            return Err(EngineError::new(ErrorCode::Conflict, format!("{} is archived already", tool.name), ""));
        }
        let files = self.files_on_disk(&tool)?;
        self.inner.copies.put(tool.digest, &files)?;
        let before = self.placed(&tool, &files);
        let target = self.archive_target(&tool);
        refuse_links(self.workspace(), Path::new(&target.base))?;
        let step = self.transact(|tx| core::archive(tx, self.actor(who), &before, target, reason))?;
        self.finish(step)
    }

    pub(super) fn archive_target(&self, tool: &Tool) -> Placement {
        let plain = core::archived_placement(tool, false);
        let taken = self.inner.options.workspace.join(&plain.base).exists();
        core::archived_placement(tool, taken)
    }

    fn restore(&self, who: &str, name: &str) -> Result<Outcome, EngineError> {
        if let Some(vanished) = self.vanished(name)? {
            return self.bring_back(who, &vanished);
        }
        let tool = self.resolve_archived(name)?;
        let files = self.files_on_disk(&tool)?;
        self.inner.copies.put(tool.digest, &files)?;
        let before = Placed::of(&tool, &files);
        let after = self.archived_from(&before)?;
        if after.digest != before.digest {
            return Err(self.changed_in_the_archive(&before, &files, after.digest));
        }
        self.refuse_conflicts(&after)?;
        let step = self.transact(|tx| core::restore(tx, self.actor(who), &before, after))?;
        self.finish(step)
    }

    /// Where an archived version came from; experimental when nobody recorded it.
    fn archived_from(&self, before: &Placed) -> Result<Placed, EngineError> {
        let operations = self.read(|q| {
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
        let before = self.inner.copies.get(was).unwrap_or_default();
        let what = crate::engine::review::approval_status::differences(&before, files);
        EngineError::new(
            ErrorCode::Conflict,
            format!("{} changed since it was put away: {what}", now.placement.base),
            format!("`toolsmith restore-files {}` puts back what was approved", now.tool),
        )
    }

    /// Refuses an undo whose files would have to overwrite others; nothing has changed then.
    fn refuse_if_in_the_way(&self, wanted: Option<OperationId>) -> Result<(), EngineError> {
        let found = self.read(|q| Ok(if let Some(id) = wanted { q.operation(id)? } else { q.newest_reversible()? }))?;
        let note = found.and_then(|op| serde_json::from_value(op.detail.get("undo")?.clone()).ok());
        match note {
            Some(
                core::UndoNote::Approve { before, after, .. }
                | core::UndoNote::PutAway { before, after, .. }
                | core::UndoNote::Move { before, after, .. },
            ) if before.placement != after.placement => self.refuse_conflicts(&before),
            Some(core::UndoNote::Apply { step }) => Engine::refuse_changed_since(&step.edits),
            _ => Ok(()),
        }
    }

    /// Refuses a move to a place where other content lies.
    fn refuse_conflicts(&self, target: &Placed) -> Result<(), EngineError> {
        let files = self.inner.copies.get(target.digest)?;
        refuse_links(self.workspace(), Path::new(&target.placement.base))?;
        let paths = relocate::conflicts(&self.inner.options.workspace, &files, &target.placement);
        if paths.is_empty() {
            return Ok(());
        }
        Err(EngineError::new(
            ErrorCode::Conflict,
            format!("{} has other content now and is not overwritten", paths.join(", ")),
            "move that away, then repeat",
        ))
    }

    /// The version whose permissions were on screen.
    pub(super) fn asked_about(&self, tool: &str, digest: Digest) -> Result<crate::domain::ToolDetail, EngineError> {
        let detail = self.detail(&*self.resolve(tool)?)?;
        if detail.tool.digest != digest {
            let message = format!("{} changed since it was asked about", detail.tool.name);
            return Err(EngineError::new(ErrorCode::Conflict, message, "look at it again, then repeat"));
        }
        Ok(detail)
    }

    fn cancel(&self, run: RunId) -> Result<Outcome, EngineError> {
        let record = self.run_record(run)?;
        if record.outcome != crate::domain::RunOutcome::Running {
            return Err(EngineError::new(ErrorCode::Conflict, format!("run {run} ended: {}", record.outcome), ""));
        }
        if !self.cancel_live(run) {
            self.transact(|tx| Ok(tx.ask_cancel(run)?))?;
        }
        Ok(Outcome {
            operation: None,
            review: None,
            message: format!("run {run} is asked to stop"),
            commit: None,
            detail: json!({"run": run}),
        })
    }

    /// Performs the moves of a step, brings the catalog up to date and completes the answer.
    pub(super) fn finish(&self, step: Step) -> Result<Outcome, EngineError> {
        let mut outcome = step.outcome;
        let moved = !step.intents.is_empty();
        let mut notes = Vec::new();
        for (id, work) in step.intents {
            let done = self.perform(id, &work).map_err(|error| {
                EngineError::new(
                    error.code,
                    format!("{}; the decision is kept, but {}", outcome.message, error.message),
                    format!("mend that and start again: the move is finished then. {}", error.hint),
                )
            })?;
            outcome.commit = done.commit.or(outcome.commit);
            notes.extend(done.notes);
        }
        if moved {
            self.scan(&mut |_| {})?;
        } else {
            self.refresh()?;
        }
        if let Some(commit) = &outcome.commit {
            outcome.message = format!("{}, commit {commit}", outcome.message);
        }
        if !notes.is_empty() {
            outcome.message = format!("{} ({})", outcome.message, notes.join("; "));
            outcome.detail = json!({ "notes": notes });
        }
        Ok(outcome)
    }

    /// Performs one piece of work and closes its intent. The caller has the turn.
    pub(super) fn perform(&self, intent: i64, work: &Work) -> Result<relocate::Done, EngineError> {
        match work {
            Work::Relocation(relocation) => self.perform_move(intent, relocation),
            Work::Beside(change) => {
                let git = if change.commit.is_some() { self.git() } else { None };
                let done = relocate::perform_beside(&self.inner.options.workspace, git, change)?;
                self.moved(intent, &done, &change.tool)?;
                Ok(done)
            }
            Work::Applying(step) => {
                let notes = self.perform_applying(step)?;
                let result = json!({ "notes": notes });
                self.transact(|tx| {
                    tx.finish_intent(intent, &result)?;
                    tx.emit(crate::domain::EventKind::RunEnded, step.run)?;
                    Ok(())
                })?;
                Ok(relocate::Done { commit: None, notes })
            }
        }
    }

    fn perform_move(&self, intent: i64, relocation: &Relocation) -> Result<relocate::Done, EngineError> {
        let files = self.inner.copies.get(relocation.digest)?;
        let mut notes = Vec::new();
        let joined = self.follow_promotion(relocation, &mut notes);
        let relocation = joined.as_ref().unwrap_or(relocation);
        let git = if relocation.commit.is_some() { self.git() } else { None };
        let mut done =
            relocate::perform(&self.inner.options.workspace, git, &files, relocation).map_err(EngineError::from)?;
        done.notes.append(&mut notes);
        self.moved(intent, &done, &relocation.tool)?;
        Ok(done)
    }

    /// Closes the intent of a move that was made.
    fn moved(&self, intent: i64, done: &relocate::Done, tool: &ToolName) -> Result<(), EngineError> {
        let result = json!({"commit": done.commit, "notes": done.notes});
        self.transact(|tx| {
            tx.finish_intent(intent, &result)?;
            tx.emit(crate::domain::EventKind::ToolMoved, tool)?;
            Ok(())
        })
    }

    /// Finishes what a dead process left undone: pending moves, runs without an owner.
    pub(super) fn recover(&self) -> Result<(), EngineError> {
        let owed: Vec<Intent> = self.read(|q| Ok(q.intents()?))?;
        let is_orphan = |intent: &Intent| {
            let owner = intent.body.get("owner").and_then(serde_json::Value::as_str);
            owner.is_none_or(|owner| !crate::engine::run::owner::owner_alive(owner))
        };
        if owed.iter().any(is_orphan) {
            let _turn = self.inner.move_turn()?;
            self.finish_owed()?;
        }
        self.sweep_trials();
        self.interrupt_orphans()
    }

    /// Finishes every move that is owed, oldest first; the caller has the turn. Whether there was one.
    fn finish_owed(&self) -> Result<bool, EngineError> {
        let owed: Vec<Intent> = self.read(|q| Ok(q.intents()?))?;
        for intent in &owed {
            let done = serde_json::from_value(intent.body.clone())
                .map_err(EngineError::internal)
                .and_then(|body: IntentBody| self.perform(intent.id, &body.work));
            // A move that still cannot be made must not keep the workbench shut; it stays owed.
            self.report_trouble(done.map_err(|error| {
                let message = format!("operation {} is not finished: {}", intent.operation, error.message);
                EngineError::new(error.code, message, format!("mend that; it is tried again by itself. {}", error.hint))
            }));
        }
        Ok(!owed.is_empty())
    }

    /// What a command would change.
    ///
    /// # Errors
    /// Those that the command itself would give for what can be known before.
    // size: one arm for each command
    pub fn preview(&self, command: &Command) -> Result<Preview, EngineError> {
        match command {
            Command::Decide { review, kind, .. } => self.preview_decision(*review, *kind),
            Command::Promote { tool, to } => {
                let tool = self.resolve(tool)?;
                Ok(Preview {
                    title: format!("Ask for {} to become {to}?", tool.name),
                    lines: vec![
                        format!("a review opens (or the waiting one is named): {} {}", tool.name, tool.version),
                        "nothing moves before a human approves it".to_owned(),
                    ],
                    undo: "rejecting the review ends it".to_owned(),
                })
            }
            Command::UseInSession { tool, digest, scope } => self.preview_use(tool, *digest, scope),
            Command::Pin { tool, pinned } => {
                let tool = self.resolve(tool)?;
                let (title, line) = if *pinned {
                    (format!("Pin {} {}?", tool.name, tool.version), "trim keeps it, however many come after it")
                } else {
                    (format!("Unpin {} {}?", tool.name, tool.version), "trim may take it away")
                };
                Ok(Preview { title, lines: vec![line.to_owned()], undo: "u (undo) takes it back".to_owned() })
            }
            Command::Trim { tool, .. } => self.preview_trim(tool),
            Command::Archive { tool, .. } => {
                let tool = self.resolve(tool)?;
                let target = self.archive_target(&tool);
                Ok(Preview {
                    title: format!("Archive {} {}?", tool.name, tool.version),
                    lines: self.move_lines(&tool.placement, &target, "hidden, not runnable; bytes and history stay"),
                    undo: "u (undo) or restore brings it back".to_owned(),
                })
            }
            Command::Restore { tool } => {
                if let Some(vanished) = self.vanished(tool)? {
                    return self.preview_bringing_back(&vanished);
                }
                let tool = self.resolve_archived(tool)?;
                let files = self.files_of(&tool)?;
                let before = Placed::of(&tool, &files);
                let after = self.archived_from(&before)?;
                Ok(Preview {
                    title: format!("Restore {} {} to {}?", tool.name, tool.version, after.stage),
                    lines: self.move_lines(&before.placement, &after.placement, "visible again"),
                    undo: "u (undo) archives it again".to_owned(),
                })
            }
            Command::Deprecate { tool, by, reason } => self.preview_deprecation(tool, by.as_deref(), reason.as_deref()),
            Command::Propose { proposals } => Ok(preview_proposals(proposals)),
            Command::Rollback { tool, to, .. } => self.preview_rollback(tool, to.as_deref()),
            Command::RestoreFiles { tool } => self.preview_restore_files(tool),
            Command::Fork { tool, name } => self.preview_fork(tool, name),
            Command::New { name, words, .. } => Ok(Preview {
                title: format!("Make {}?", name.as_ref().unwrap_or(words)),
                lines: vec!["it waits for a review like any other".to_owned()],
                undo: "u (undo) takes it away again".to_owned(),
            }),
            Command::AcceptOpportunity { key, from } => self.preview_acceptance(key, from),
            Command::DismissOpportunity { key, from, .. } => self.preview_dismissal(key, from),
            Command::Allow { tool, digest } => {
                let detail = self.asked_about(tool, *digest)?;
                let direct = self.write_mode(detail.tool.stage) == WriteMode::Direct;
                let mut lines = vec!["it declares that it needs to, and gets nothing more:".to_owned()];
                lines.extend(detail.manifest.permissions.sentences(direct));
                Ok(Preview {
                    title: format!("Allow {} {} ({})?", detail.tool.name, detail.tool.version, digest.short()),
                    lines,
                    undo: "asked once for this version; u (undo) takes it back".to_owned(),
                })
            }
            Command::FetchPackages { tool, digest } => self.preview_packages(tool, *digest),
            Command::Grant { tool, digest, agent, scope } => self.preview_grant(tool, *digest, agent, scope),
            Command::Unlock { tool, tier, scope, lasting } => {
                self.preview_unlock((tool.as_deref(), *tier), scope, *lasting)
            }
            Command::SaveSet { name, tools } => self.preview_set(name, tools),
            Command::Revoke { grant } => self.preview_revoke(grant),
            Command::Untag { tool, tag } => Ok(Preview {
                title: format!("Take {tag} away from {tool}?"),
                lines: vec!["calls for such scenarios find it again".to_owned()],
                undo: "u (undo) brings it back".to_owned(),
            }),
            Command::Resolve { failure, .. } => self.preview_resolve(failure),
            Command::Undo { operation } => self.preview_undo(*operation),
            Command::Comment { .. } | Command::Withdraw { .. } | Command::Mark { .. } | Command::Recheck { .. } => {
                Ok(Preview { title: "Go on?".to_owned(), lines: Vec::new(), undo: "u (undo) takes it back".to_owned() })
            }
            Command::FlushBuffer { buffer } => self.preview_buffer(buffer, false),
            Command::ClearBuffer { buffer } => self.preview_buffer(buffer, true),
            Command::Cancel { run } => Ok(Preview {
                title: format!("Stop run {run}?"),
                lines: vec!["its process group gets TERM, then KILL".to_owned()],
                undo: "a stopped run cannot go on; rerun starts it again".to_owned(),
            }),
        }
    }

    fn move_lines(&self, from: &Placement, to: &Placement, after: &str) -> Vec<String> {
        let mut lines = vec![format!("move {} → {}", from.base, to.base), after.to_owned()];
        if self.inner.settings.commit && self.git().is_some() {
            lines.push("one git commit of exactly these files".to_owned());
        }
        lines
    }

    fn preview_decision(&self, id: ReviewId, kind: DecisionKind) -> Result<Preview, EngineError> {
        let review = self.review_row(id)?;
        core::undecided(&review)?;
        let mut lines = Vec::new();
        if kind == DecisionKind::Approve {
            lines = self.consequences(&review)?;
        } else {
            lines.push(format!("review {id} of {} is closed; the files stay where they are", review.tool));
        }
        Ok(Preview {
            title: format!(
                "{kind} review {id}: {} {} ({} → {})",
                review.tool, review.version, review.from_stage, review.to_stage
            ),
            lines,
            undo: "u (undo) takes it back".to_owned(),
        })
    }

    fn preview_undo(&self, wanted: Option<OperationId>) -> Result<Preview, EngineError> {
        let found = self.read(|q| Ok(if let Some(id) = wanted { q.operation(id)? } else { q.newest_reversible()? }))?;
        let operation = found.ok_or_else(|| {
            EngineError::new(ErrorCode::NotFound, "nothing can be taken back", "`toolsmith log` lists operations")
        })?;
        let mut lines =
            vec![format!("{} by {} at {}", operation.verb, operation.who, crate::domain::rfc3339(operation.at))];
        if let Some(Ok(core::UndoNote::Approve { before, after, .. } | core::UndoNote::Move { before, after, .. })) =
            operation.detail.get("undo").map(|note| serde_json::from_value(note.clone()))
        {
            lines.push(format!("move {} → {}", after.placement.base, before.placement.base));
        }
        if let Some(Ok(core::UndoNote::Apply { step })) =
            operation.detail.get("undo").map(|note| serde_json::from_value(note.clone()))
        {
            let paths = step.edits.iter().map(|edit| edit.path.display().to_string());
            lines.push(format!("as before run {}: {}", step.run, paths.collect::<Vec<_>>().join(", ")));
        }
        Ok(Preview {
            title: format!("Take back operation {}: {} {}?", operation.id, operation.verb, operation.subject),
            lines,
            undo: "an undo is itself not taken back; do the thing again instead".to_owned(),
        })
    }

    /// The files of a row as they lie on disk now; a kept copy does not stand in for them.
    pub(super) fn files_on_disk(&self, tool: &Tool) -> Result<Vec<VersionFile>, EngineError> {
        let found = catalog::read(&self.inner.plan, tool).map_err(|problem| {
            EngineError::new(
                ErrorCode::Conflict,
                format!("the files of {} cannot be read any more: {}", tool.name, problem.message),
                "look at it again, then repeat",
            )
        })?;
        Ok(found.files)
    }

    /// The files of a row: from disk when it lies there unchanged, else from the kept copy.
    pub(super) fn files_of(&self, tool: &Tool) -> Result<Vec<VersionFile>, EngineError> {
        Ok(self.detail(tool)?.files)
    }
}

/// A decision as asked for.
struct Asked<'a> {
    review: ReviewId,
    digest: Digest,
    kind: DecisionKind,
    reason: Option<&'a str>,
    shown: Shown,
    override_reason: Option<&'a str>,
    role: Option<&'a str>,
    unread: bool,
    evidence: Option<Digest>,
}

/// Refuses a reason in which nothing can be seen: whoever reads the log would find none.
fn refuse_unseen(command: &Command) -> Result<(), EngineError> {
    let reason = match command {
        Command::Decide { reason, .. }
        | Command::Archive { reason, .. }
        | Command::Deprecate { reason, .. }
        | Command::Resolve { reason, .. }
        | Command::Rollback { reason, .. }
        | Command::DismissOpportunity { reason, .. } => reason.as_deref(),
        Command::Comment { .. }
        | Command::Withdraw { .. }
        | Command::Mark { .. }
        | Command::Recheck { .. }
        | Command::Promote { .. }
        | Command::UseInSession { .. }
        | Command::Pin { .. }
        | Command::Untag { .. }
        | Command::Trim { .. }
        | Command::Propose { .. }
        | Command::Restore { .. }
        | Command::RestoreFiles { .. }
        | Command::Fork { .. }
        | Command::New { .. }
        | Command::AcceptOpportunity { .. }
        | Command::Allow { .. }
        | Command::FetchPackages { .. }
        | Command::Grant { .. }
        | Command::Unlock { .. }
        | Command::SaveSet { .. }
        | Command::Revoke { .. }
        | Command::Undo { .. }
        | Command::FlushBuffer { .. }
        | Command::ClearBuffer { .. }
        | Command::Cancel { .. } => None,
    };
    match reason.filter(|text| !text.trim().is_empty() && visible_words(text).is_none()) {
        Some(_) => {
            let message = "nothing in the reason can be seen".to_owned();
            Err(EngineError::new(ErrorCode::Usage, message, "write it in words that can be seen, or leave it out"))
        }
        None => Ok(()),
    }
}
