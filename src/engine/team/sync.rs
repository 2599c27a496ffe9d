//! `sync`: list, verify, store, publish. Receiving and publishing are one transaction and one log entry each, so the
//! next sync continues from a consistent state after a kill.

use super::Teams;
use super::carrier::{self, Carrier, Put};
use super::examine::Examined;
use super::policies::policy_news;
use crate::domain::team::{FileName, TeamDecision, TeamKind, TeamStatus};
use crate::domain::{Digest, EventKind, Outcome, SafeText, VerbCall, count, plural};
use crate::engine::clock::now;
use crate::engine::core::{self, TeamChange};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb};
use crate::engine::view::Preview;
use crate::store::{HeldLock, Queries, TeamFiles, TeamSync, TeamWriter, Tx};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Exchanges decisions with the team.
pub(super) const SYNC: PlainVerb = PlainVerb {
    name: "sync",
    needs_catalog: true,
    preview: |engine, call| engine.teams().preview_sync(call),
    perform: Perform::LongHuman(|engine, who, call| engine.teams().sync(who, call.get("dry-run").is_some())),
};

/// Number of attempts to push when others push at the same time.
const PUSHES: usize = 5;

/// Maximum number of refused files that a log entry names.
const LOGGED: usize = 50;

/// Maximum number of refused files that the answer names.
const NAMED: usize = 3;

/// The result of an exchange.
#[derive(Debug, Default, Serialize)]
pub(super) struct SyncReport {
    /// Number of received files, by kind.
    came: BTreeMap<String, usize>,
    /// Number of received policies.
    policies: usize,
    /// Newly received files that do not count, each with the reason.
    refused: Vec<(String, String)>,
    /// Number of files that were refused before and are still there.
    refused_before: usize,
    /// The paths of files that were removed from the team's carrier. They still count here.
    gone: Vec<String>,
    /// The message about a new policy in force, or about conflicting policies.
    policy_news: Vec<String>,
    /// Versions whose status in the team changed.
    changed: Vec<String>,
    /// Versions that were added to the workspace.
    landed: Vec<String>,
    /// Number of published files.
    handed_out: usize,
    /// Steps that were not done, with the reason.
    notes: Vec<String>,
}

impl Teams<'_> {
    fn preview_sync(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let remote = self.demand_exchange()?;
        let waiting = self.workspace.read(|q| Ok(TeamFiles(q).waiting()?))?.len();
        let mut lines = vec![
            "takes in what others decided, after its signatures are checked".to_owned(),
            format!("hands out {}", count(waiting, "file")),
        ];
        if call.get("dry-run").is_some() {
            lines = vec!["shows what would come; changes nothing".to_owned()];
        }
        let undo = "what is handed out stays with the team; `toolsmith undo` takes a decision back with a revocation"
            .to_owned();
        Ok(Preview { title: format!("Exchange decisions with {remote}?"), lines, undo })
    }

    fn sync(&self, who: &str, dry: bool) -> Result<Outcome, EngineError> {
        let (remote, pin) = (self.demand_exchange()?.to_owned(), self.demand_pin()?);
        if let (Some(why), false) = (self.workspace.viewing(), dry) {
            return Err(why.clone());
        }
        std::fs::create_dir_all(self.folder()).map_err(EngineError::internal)?;
        let mut report = SyncReport::default();
        let lock = std::fs::File::create(self.folder().join("lock")).map_err(EngineError::internal)?;
        let lock = HeldLock::of(lock);
        if lock.try_lock().is_err() {
            lock.lock().map_err(EngineError::internal)?;
            report.notes.push("it waited for another sync of this workspace".to_owned());
        }
        let mut carrier = carrier::open(&self.folder(), &remote, &self.workspace.programs)?;
        let carrier = carrier.as_mut();
        let before = self.workspace.read(|q| Ok(TeamFiles(q).last_sync()?))?.unwrap_or_default();
        // A new carrier is empty: absent files were not removed by anybody.
        let is_same = before.remote == remote || before.mark.is_none();
        let mut since = before.mark.filter(|_| before.remote == remote);
        let was_seen = since.is_some();
        let _exchange = self.verifying.begin();
        let mut attempt = 1;
        loop {
            let examined = self.examine(carrier, since.as_deref())?;
            since.clone_from(&examined.mark);
            report.note(&examined, &*carrier, is_same && attempt == 1);
            if dry && self.verifying.is_stopping() {
                return Err(self.verifying.stopped(false));
            }
            if dry {
                self.rehearse(pin, &examined, &mut report)?;
                return Ok(report.outcome(&remote, true));
            }
            self.take_in(who, (&remote, pin), &examined, &mut report)?;
            if self.verifying.is_stopping() {
                break;
            }
            if examined.has_more {
                continue;
            }
            if attempt == 1 {
                self.land(who, &*carrier, &mut report.landed, &mut report.notes)?;
            }
            let Some(batch) = self.batch(who, (&*carrier, was_seen), &mut report.notes)? else { break };
            match carrier.put_new(&batch)? {
                Put::Done(mark, objects) => {
                    self.note_handed_out(who, &remote, (mark, &objects))?;
                    report.handed_out += objects.len();
                    break;
                }
                Put::Outdated if attempt < PUSHES => attempt += 1,
                Put::Outdated => {
                    let message = format!("others pushed to {remote} at the same time, {PUSHES} times");
                    let hint = "what came is taken in; run `toolsmith sync` again to hand out";
                    return Err(EngineError::new(ErrorCode::Conflict, message, hint));
                }
            }
        }
        self.pack_old(carrier);
        if report.is_of_weight() {
            // Team approvals may count now, or no longer count.
            self.engine.library().scan(&mut |_| {})?;
        }
        if self.verifying.is_stopping() {
            return Err(self.verifying.stopped(true));
        }
        Ok(report.outcome(&remote, false))
    }

    /// Packs old decisions at the carrier. A member with read-only access cannot do this, and does not need to.
    fn pack_old(&self, carrier: &mut dyn Carrier) {
        let known = |names: &[FileName]| {
            let content = |q: &Queries, name: &FileName| -> Result<_, EngineError> {
                Ok(TeamFiles(q).named(&name.hex())?.map(|file| file.bytes))
            };
            self.workspace.read(|q| names.iter().map(|name| content(q, name)).collect())
        };
        if !self.verifying.is_stopping() {
            let _ = carrier.pack_old(&known);
        }
    }

    /// Stores the received files in one transaction.
    pub(super) fn take_in(
        &self,
        who: &str,
        (remote, pin): (&str, FileName),
        examined: &Examined,
        report: &mut SyncReport,
    ) -> Result<(), EngineError> {
        let came: Vec<&str> = examined.new.iter().map(|file| file.name.as_str()).collect();
        let mut taken = self.workspace.transact(|tx| {
            let writer = TeamWriter(tx);
            for (name, object) in &examined.arrived {
                writer.set_object(name, Some(object))?;
            }
            for (name, _) in &examined.gone {
                writer.set_object(name, None)?;
            }
            let taken = take_in_files(tx, pin, examined)?;
            if taken.policy.is_some() {
                tx.emit(EventKind::TeamChanged, core::POLICY_IN_FORCE)?;
            }
            for change in taken.changes.iter().filter(|change| change.after.stopped_by().is_some()) {
                tx.emit(EventKind::TeamStopped, change.digest)?;
            }
            writer.set_refused(&examined.refused)?;
            let before = TeamFiles(tx).last_sync()?.unwrap_or_default();
            let (remote, mark, at) = (remote.to_owned(), examined.mark.clone(), Some(now()));
            writer.set_sync(&TeamSync { remote: remote.clone(), mark, at, policy: before.policy })?;
            if !came.is_empty() || !examined.gone.is_empty() {
                let refused = &examined.newly_refused;
                let named: Vec<_> = refused.iter().take(LOGGED).map(|(path, why)| json!([path, why])).collect();
                let gone: Vec<&String> = examined.gone.iter().map(|(name, _)| name).collect();
                let (changed, policy) = (taken.lines(), &taken.policy);
                let mut detail = json!({"came": came, "gone": gone, "refused": named, "changed": changed});
                if refused.len() > LOGGED {
                    detail["more_refused"] = json!(refused.len() - LOGGED);
                }
                if policy.is_some() {
                    detail["policy"] = json!(policy);
                }
                core::log_team(tx, self.workspace.actor(who), ("sync", &remote), detail)?;
            }
            Ok(taken)
        })?;
        report.tell(examined, &mut taken);
        Ok(())
    }

    /// The effect of storing these files, without keeping it.
    fn rehearse(&self, pin: FileName, examined: &Examined, report: &mut SyncReport) -> Result<(), EngineError> {
        if examined.has_more {
            report.notes.push(format!("more files wait than the first {}", examined.new.len()));
        }
        if self.workspace.viewing().is_some() {
            // Without a policy, the effect is unknown; only the received files are reported.
            report.tell(examined, &mut Taken::default());
            return Ok(());
        }
        let rehearsed = self.engine.history().without_effect(|| {
            self.workspace.transact(|tx| {
                let mut taken = take_in_files(tx, pin, examined)?;
                report.tell(examined, &mut taken);
                let (lines, left) = self.intents(tx)?;
                report.landed.extend(lines);
                report.notes.extend(left);
                Ok(())
            })
        });
        match rehearsed {
            Err(error) if !self.workspace.rehearsal.has_agreed() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Records that files are at the carrier now.
    fn note_handed_out(
        &self,
        who: &str,
        remote: &str,
        (mark, objects): (Option<String>, &[(String, String)]),
    ) -> Result<(), EngineError> {
        self.workspace.transact(|tx| {
            for (name, object) in objects {
                TeamWriter(tx).set_object(name, Some(object))?;
            }
            let mut sync = TeamFiles(tx).last_sync()?.unwrap_or_default();
            sync.mark = mark;
            TeamWriter(tx).set_sync(&sync)?;
            let names: Vec<&str> = objects.iter().map(|(name, _)| name.as_str()).collect();
            let detail = json!({"handed_out": names, "commit": sync.mark});
            core::log_team(tx, self.workspace.actor(who), ("sync", remote), detail)?;
            Ok(())
        })
    }
}

/// Stores files, and returns what they changed.
fn take_in_files(tx: &Tx<'_>, pin: FileName, examined: &Examined) -> Result<Taken, EngineError> {
    let before = core::chain_of(tx, pin)?.0;
    let mut changes = core::take_in(tx, pin, &examined.new)?;
    for change in &mut changes {
        // An approval by a key that expired before the file arrived may count elsewhere, but not here.
        if let Some(here) = core::team_version_here(tx, pin, change.digest)? {
            change.after = here;
        }
    }
    changes.retain(|change| change.before != change.after.status());
    let after = core::chain_of(tx, pin)?.0;
    // The first policy is not reported, because it was pinned here.
    let is_other = before.head().is_some() && (before.head(), &before.fork) != (after.head(), &after.fork);
    let policy = if is_other { policy_news(tx, pin)? } else { None };
    Ok(Taken { changes, policy, uncounted: uncounted_among(tx, pin, examined)? })
}

/// New decisions that do not count under the policy, each with the reason.
fn uncounted_among(q: &Queries, pin: FileName, examined: &Examined) -> Result<BTreeMap<FileName, String>, EngineError> {
    let mut found = BTreeMap::new();
    let digests: BTreeSet<Digest> = examined.decisions.values().filter_map(TeamDecision::digest).collect();
    for digest in digests {
        found.extend(core::team_version_here(q, pin, digest)?.into_iter().flat_map(|version| version.uncounted));
    }
    found.retain(|name, _| examined.decisions.contains_key(name));
    Ok(found)
}

/// The effect of stored files.
#[derive(Default)]
struct Taken {
    /// Versions whose status in the team changed.
    changes: Vec<TeamChange>,
    /// The message about a new policy in force, or about conflicting policies.
    policy: Option<String>,
    /// New decisions that do not count here, each with the reason.
    uncounted: BTreeMap<FileName, String>,
}

impl Taken {
    fn lines(&self) -> Vec<String> {
        self.changes.iter().map(change_line).collect()
    }
}

fn change_line(change: &TeamChange) -> String {
    let version = &change.after;
    let mut line = format!("{} {} ({}): {}", version.tool, version.version, change.digest.short(), version.status());
    if change.before != TeamStatus::Open {
        line = format!("{line}, before {}", change.before);
    }
    match version.stopped_by() {
        Some(no) => format!("{line} by {}{}", no.signer, because(no.reason.as_deref())),
        None => line,
    }
}

/// A reason in parentheses, to append to a sentence.
pub(super) fn because(reason: Option<&str>) -> String {
    reason.map(|reason| format!(" ({reason})")).unwrap_or_default()
}

impl SyncReport {
    /// Adds the result of an examination to the results so far.
    pub(super) fn note(&mut self, examined: &Examined, carrier: &dyn Carrier, is_same: bool) {
        self.policies += examined.new.len() - examined.decisions.len();
        // Files that were new in an earlier portion were not refused before.
        let earlier = examined.refused.len().saturating_sub(examined.newly_refused.len() + self.refused.len());
        self.refused_before = self.refused_before.max(earlier);
        self.refused.extend(examined.newly_refused.iter().cloned());
        if is_same {
            let path = |(name, is_policy): &(String, bool)| carrier.path_of(name, *is_policy);
            self.gone.extend(examined.gone.iter().map(path));
        }
    }

    /// Whether the received files may change what counts here.
    pub(super) fn is_of_weight(&self) -> bool {
        !self.changed.is_empty() || !self.policy_news.is_empty()
    }

    /// Adds the effect of stored files.
    fn tell(&mut self, examined: &Examined, taken: &mut Taken) {
        let counted = examined.decisions.iter().filter(|(name, _)| !taken.uncounted.contains_key(*name));
        for (_, decision) in counted {
            *self.came.entry(decision.kind.word().to_owned()).or_default() += 1;
        }
        self.changed.extend(taken.lines());
        self.policy_news.extend(taken.policy.take());
        let path = |name: FileName| carrier::path_of(&name.hex(), false);
        self.refused.extend(std::mem::take(&mut taken.uncounted).into_iter().map(|(name, why)| (path(name), why)));
    }

    /// The received files in words: `3 approvals, 1 revocation`.
    pub(super) fn came_words(&self) -> Vec<String> {
        let kinds = [
            (TeamKind::Approve, "approval", "approvals"),
            (TeamKind::Revoke, "revocation", "revocations"),
            (TeamKind::Reject, "rejection", "rejections"),
            (TeamKind::RequestChanges, "request for changes", "requests for changes"),
            (TeamKind::Request, "request", "requests"),
            (TeamKind::Claim, "claim", "claims"),
            (TeamKind::Comment, "comment", "comments"),
            (TeamKind::Policy, "agreement to a policy", "agreements to a policy"),
        ];
        let of_kind = |(kind, one, many): (TeamKind, &str, &str)| {
            self.came.get(kind.word()).map(|number| plural(*number, one, many))
        };
        let mut words: Vec<String> = kinds.into_iter().filter_map(of_kind).collect();
        if self.policies > 0 {
            words.push(plural(self.policies, "policy", "policies"));
        }
        words
    }

    fn outcome(mut self, remote: &str, dry: bool) -> Outcome {
        let mut parts = self.came_words();
        if parts.is_empty() {
            parts.push("nothing new".to_owned());
        }
        for lines in [&self.policy_news, &self.changed, &self.landed] {
            parts.extend(first_of(lines));
        }
        parts.extend(self.refused_words());
        parts.extend(self.gone_words(dry));
        if self.handed_out > 0 {
            parts.push(format!("{} handed out", count(self.handed_out, "file")));
        }
        self.notes.dedup();
        parts.extend(first_of(&self.notes));
        let how = if dry { "would come from" } else { "from" };
        // Paths and reasons may come from anybody with write access to the carrier.
        let message = SafeText::new(&format!("{how} {remote}: {}", parts.join(", "))).to_string();
        let detail = serde_json::to_value(&self).unwrap_or_default();
        Outcome { operation: None, review: None, message, commit: None, detail }
    }

    /// The refused files: new ones by name, earlier ones as a number.
    fn refused_words(&mut self) -> Vec<String> {
        self.refused.sort();
        self.refused.dedup();
        let mut words = Vec::new();
        if !self.refused.is_empty() {
            let named: Vec<String> =
                self.refused.iter().take(NAMED).map(|(path, why)| format!("{path}: {why}")).collect();
            let more = self.refused.len().saturating_sub(NAMED);
            let more = if more > 0 { format!("; and {more} more, see `toolsmith team`") } else { String::new() };
            words.push(format!("{} refused ({}{more})", self.refused.len(), named.join("; ")));
        }
        if self.refused_before > 0 {
            words.push(format!("{} refused earlier (see `toolsmith team`)", self.refused_before));
        }
        words
    }

    /// The files that were removed from the carrier.
    fn gone_words(&mut self, dry: bool) -> Option<String> {
        self.gone.sort();
        self.gone.dedup();
        let first = self.gone.first()?;
        let more = if self.gone.len() > 1 { format!(" and {} more", self.gone.len() - 1) } else { String::new() };
        let back = if dry { "" } else { ", and was put back" };
        Some(format!("removed by somebody: {first}{more}; it still counts here{back}"))
    }
}

/// The first lines of a list, and the number of further lines.
fn first_of(lines: &[String]) -> Vec<String> {
    let mut named: Vec<String> = lines.iter().take(NAMED).cloned().collect();
    if lines.len() > NAMED {
        named.push(format!("and {} more", lines.len() - NAMED));
    }
    named
}
