//! Fetching in an open workbench: stores the decisions of others, and sends nothing.
//!
//! It adds no version to the workspace either: that needs a call of `sync`, which also repairs the carrier.

use super::Teams;
use super::carrier;
use super::examine::Examined;
use super::sync::SyncReport;
use crate::domain::{Caller, count};
use crate::engine::error::EngineError;
use crate::store::{HeldLock, TeamFiles};

/// Maximum number of available versions that a message names.
const NAMED: usize = 3;

impl Teams<'_> {
    /// Stores the decisions of others, and returns one line about them. `None` if there is nothing new, for an agent,
    /// without a team, and during a sync. The workbench itself announces revocations and policies.
    ///
    /// # Errors
    /// `Failed` when the carrier cannot be reached; `Internal` for errors of the store.
    pub fn fetch(&self, caller: &Caller) -> Result<Option<String>, EngineError> {
        let team = &self.workspace.settings.team;
        let is_human = matches!(caller, Caller::Human(_));
        let (Some(remote), Some(pin), Some(_)) = (self.remote(), team.policy, team.fetches()) else { return Ok(None) };
        if !is_human || self.workspace.viewing().is_some() {
            return Ok(None);
        }
        std::fs::create_dir_all(self.folder()).map_err(EngineError::internal)?;
        let lock = std::fs::File::create(self.folder().join("lock")).map_err(EngineError::internal)?;
        let lock = HeldLock::of(lock);
        if lock.try_lock().is_err() {
            return Ok(None);
        }
        let _exchange = self.verifying.begin();
        let mut carrier = carrier::open(&self.folder(), remote, &self.workspace.programs)?;
        let before = self.workspace.read(|q| Ok(TeamFiles(q).last_sync()?))?.unwrap_or_default();
        let start = before.mark.filter(|_| before.remote == remote);
        let (mut since, mut report, mut refused) = (start.clone(), SyncReport::default(), 0);
        loop {
            let mut examined = self.examine(carrier.as_mut(), since.as_deref())?;
            since.clone_from(&examined.mark);
            if !examined.gone.is_empty() || !self.changed_versions(carrier.as_ref())?.is_empty() {
                // The next sync must see this again to repair it.
                examined.gone.clear();
                examined.mark.clone_from(&start);
            }
            if is_nothing(&examined) {
                break;
            }
            refused += examined.newly_refused.len();
            report.note(&examined, carrier.as_ref(), false);
            self.take_in(&caller.identity(), (remote, pin), &examined, &mut report)?;
            if !examined.has_more {
                break;
            }
        }
        if report.is_of_weight() {
            // Team approvals may count now, or no longer count.
            self.engine.library().scan(&mut |_| {})?;
        }
        self.told(&report, refused)
    }

    fn told(&self, report: &SyncReport, refused: usize) -> Result<Option<String>, EngineError> {
        let mut parts = report.came_words();
        if refused > 0 {
            parts.push(format!("{refused} refused, see `toolsmith team`"));
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let versions = self.workspace.read(|q| self.awaited(q))?;
        let mut names: Vec<String> = versions.iter().take(NAMED).cloned().collect();
        if versions.len() > NAMED {
            names.push(format!("{} more", versions.len() - NAMED));
        }
        let next = if versions.is_empty() {
            String::new()
        } else {
            format!("; sync brings {}: {}", count(versions.len(), "version"), names.join(", "))
        };
        Ok(Some(format!("from the team: {}{next}", parts.join(", "))))
    }
}

/// Whether there is nothing to store.
fn is_nothing(examined: &Examined) -> bool {
    examined.new.is_empty() && examined.arrived.is_empty() && examined.newly_refused.is_empty() && !examined.has_more
}
