//! Carries out logged decisions on the files on disk: one transaction for each command, and only one process moves
//! files at a time.

use super::Engine;
use super::core::{Actor, IntentBody, Placed, Relocation, Step, Work};
use super::error::{EngineError, ErrorCode};
use super::links::refuse_links;
use super::relocate;
use super::review::signing::REMEDY;
use crate::domain::shell::shell_word;
use crate::domain::{Outcome, Placement, ToolName};
use crate::store::{Intent, Tx};
use serde_json::json;
use std::path::Path;

impl Engine {
    /// Executes a human's command in one transaction. If the settings require it, its log entries are signed. To
    /// determine what must be signed, the work is first done once and rolled back.
    ///
    /// # Errors
    /// Those of the work; `Refused` if an entry that counts only with a signature cannot be signed, and if the log
    /// differs from the log that was signed before: a signature over the next entries would hide the difference.
    pub(super) fn step(
        &self,
        who: &str,
        work: impl Fn(&Tx<'_>, Actor<'_>) -> Result<Step, EngineError>,
    ) -> Result<Step, EngineError> {
        if self.workspace.settings.signing.protects
            && let Some(why) = &self.integrity().trust()?.whole
        {
            let message = format!("nothing can be decided: {why}");
            return Err(EngineError::new(ErrorCode::Refused, message, REMEDY));
        }
        self.integrity().signed_step(who, work)
    }

    /// Waits until no other process moves files of this workspace, and finishes pending moves of a process that died.
    ///
    /// INVARIANT: a command holds the lock from reading the files to the end of its moves. So no two commands move the
    /// same files, moves happen in the order of the log, and no other process works on a move that is pending when the
    /// lock is taken.
    pub(super) fn take_turn(&self) -> Result<std::fs::File, EngineError> {
        let turn = self.workspace.move_turn()?;
        if self.finish_owed()? {
            self.library().scan(&mut |_| {})?;
        }
        Ok(turn)
    }

    /// Performs the moves of a step, updates the catalog and completes the result.
    pub(super) fn finish(&self, step: Step) -> Result<Outcome, EngineError> {
        let mut outcome = step.outcome;
        let moved = !step.intents.is_empty();
        let mut notes = Vec::new();
        let mut left = Vec::new();
        for (id, work) in step.intents {
            let done = self.perform(id, &work).map_err(|error| {
                let message = format!("{}; the decision is recorded, but {}", outcome.message, error.message);
                // The remedy for the cause, without the advice to try again: the decision stands.
                let remedy = error.hint.split(", then ").next().filter(|hint| !hint.is_empty()).unwrap_or("fix that");
                EngineError::new(
                    error.code,
                    message,
                    format!("{remedy}, then start Toolsmith again: it completes the move"),
                )
            })?;
            outcome.commit = done.commit.or(outcome.commit);
            notes.extend(done.notes);
            if let Work::Relocation(relocation) = work {
                left.push(relocation);
            }
        }
        if moved {
            self.library().scan(&mut |_| {})?;
            notes.extend(left.iter().filter_map(|relocation| self.left_behind(relocation)));
        } else {
            self.library().refresh()?;
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

    /// The remaining content of the approved or core folder from which a version was moved, and the command that
    /// resolves it.
    fn left_behind(&self, relocation: &Relocation) -> Option<String> {
        let from = relocation.from.as_ref().filter(|from| from.exclusive && from.base != relocation.to.base)?;
        let view = self.library().catalog();
        let left = view.tools.iter().find(|tool| tool.placement.base == from.base && tool.stage.is_vouched())?;
        Some(format!(
            "nobody approved the copy that is left there; archive it with `toolsmith archive {}`",
            shell_word(&left.path)
        ))
    }

    /// Performs one piece of work and closes its intent. The caller holds the lock.
    pub(super) fn perform(&self, intent: i64, work: &Work) -> Result<relocate::Done, EngineError> {
        match work {
            Work::Relocation(relocation) => self.perform_move(intent, relocation),
            Work::Beside(change) => {
                let git = if change.commit.is_some() { self.workspace.git() } else { None };
                let done = relocate::perform_beside(self.workspace.folder(), git, change)?;
                self.moved(intent, &done, &change.tool)?;
                Ok(done)
            }
            Work::Applying(step) => {
                let notes = self.staged_writes().apply(step)?;
                let result = json!({ "notes": notes });
                self.workspace.transact(|tx| {
                    tx.finish_intent(intent, &result)?;
                    tx.emit(crate::domain::EventKind::RunEnded, step.run)?;
                    Ok(())
                })?;
                Ok(relocate::Done { commit: None, notes })
            }
        }
    }

    /// Performs many pieces of work and closes their intents. Files are flushed to disk together, and all intents that
    /// need no commit are closed in one transaction. The caller holds the lock.
    pub(super) fn perform_all(&self, intents: Vec<(i64, Work)>) -> Result<(), EngineError> {
        let (mut moves, mut plain) = (Vec::new(), Vec::new());
        for (id, work) in intents {
            match work {
                Work::Relocation(relocation) if relocation.commit.is_none() => {
                    let files = self.workspace.copies.get(relocation.digest)?;
                    let mut notes = Vec::new();
                    let joined = self.versions().follow_promotion(&relocation, &mut notes);
                    moves.push((files, joined.unwrap_or(*relocation)));
                    plain.push((id, notes));
                }
                // Other work of the same operation must come first, in its order.
                work => {
                    self.perform_plain(&std::mem::take(&mut plain), &std::mem::take(&mut moves))?;
                    self.perform(id, &work)?;
                }
            }
        }
        self.perform_plain(&plain, &moves)
    }

    fn perform_plain(
        &self,
        intents: &[(i64, Vec<String>)],
        moves: &[(Vec<crate::domain::VersionFile>, Relocation)],
    ) -> Result<(), EngineError> {
        if moves.is_empty() {
            return Ok(());
        }
        let done = relocate::perform_all(self.workspace.folder(), moves)?;
        self.workspace.transact(|tx| {
            for (((id, notes), (_, relocation)), done) in intents.iter().zip(moves).zip(done) {
                let notes = [notes.as_slice(), &done.notes].concat();
                tx.finish_intent(*id, &json!({"commit": done.commit, "notes": notes}))?;
                tx.emit(crate::domain::EventKind::ToolMoved, &relocation.tool)?;
            }
            Ok(())
        })
    }

    fn perform_move(&self, intent: i64, relocation: &Relocation) -> Result<relocate::Done, EngineError> {
        let files = self.workspace.copies.get(relocation.digest)?;
        let mut notes = Vec::new();
        let joined = self.versions().follow_promotion(relocation, &mut notes);
        let relocation = joined.as_ref().unwrap_or(relocation);
        let git = if relocation.commit.is_some() { self.workspace.git() } else { None };
        let mut done =
            relocate::perform(self.workspace.folder(), git, &files, relocation).map_err(EngineError::from)?;
        done.notes.append(&mut notes);
        self.moved(intent, &done, &relocation.tool)?;
        Ok(done)
    }

    /// Closes the intent of a completed move.
    fn moved(&self, intent: i64, done: &relocate::Done, tool: &ToolName) -> Result<(), EngineError> {
        let result = json!({"commit": done.commit, "notes": done.notes});
        self.workspace.transact(|tx| {
            tx.finish_intent(intent, &result)?;
            tx.emit(crate::domain::EventKind::ToolMoved, tool)?;
            Ok(())
        })
    }

    /// Finishes what a dead process left undone: pending moves, runs without an owner.
    pub(super) fn recover(&self) -> Result<(), EngineError> {
        let owed: Vec<Intent> = self.workspace.read(|q| Ok(q.intents()?))?;
        let is_orphan = |intent: &Intent| {
            let owner = intent.body.get("owner").and_then(serde_json::Value::as_str);
            owner.is_none_or(|owner| !crate::engine::owner::owner_alive(owner))
        };
        if owed.iter().any(is_orphan) {
            let _turn = self.workspace.move_turn()?;
            self.finish_owed()?;
        }
        self.runs().sweep_trials();
        self.runs().interrupt_orphans()
    }

    /// Finishes every pending move, oldest first; the caller holds the lock. Returns whether there was one.
    fn finish_owed(&self) -> Result<bool, EngineError> {
        let owed: Vec<Intent> = self.workspace.read(|q| Ok(q.intents()?))?;
        for intent in &owed {
            let done = serde_json::from_value(intent.body.clone())
                .map_err(EngineError::internal)
                .and_then(|body: IntentBody| self.perform(intent.id, &body.work));
            // A move that still fails must not prevent the workbench from opening; it stays pending.
            self.workspace.report_trouble(done.map_err(|error| {
                let message = format!("operation {} is not finished: {}", intent.operation, error.message);
                EngineError::new(error.code, message, format!("fix that; it is retried automatically. {}", error.hint))
            }));
        }
        Ok(!owed.is_empty())
    }

    /// Refuses a move to a place that has other content.
    pub(super) fn refuse_conflicts(&self, target: &Placed) -> Result<(), EngineError> {
        let files = self.workspace.copies.get(target.digest)?;
        refuse_links(self.workspace.folder(), Path::new(&target.placement.base))?;
        let paths = relocate::conflicts(self.workspace.folder(), &files, &target.placement);
        if paths.is_empty() {
            return Ok(());
        }
        Err(EngineError::new(
            ErrorCode::Conflict,
            format!("{} has different content now, so it is not overwritten", paths.join(", ")),
            "move it away, then try again",
        ))
    }

    pub(super) fn move_lines(&self, from: &Placement, to: &Placement, after: &str) -> Vec<String> {
        let mut lines = vec![format!("move {} → {}", from.base, to.base), after.to_owned()];
        if self.workspace.settings.commit && self.workspace.git().is_some() {
            lines.push("one git commit with exactly these files".to_owned());
        }
        lines
    }
}
