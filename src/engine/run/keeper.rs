//! The thread that renews the leases of runs of this process, and passes on cancel requests of other processes.

use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::engine::locks::lock;
use crate::engine::{Engine, Runs, WeakEngine};
use std::time::Duration;

/// How long a lease lasts without renewal.
pub(super) const LEASE_MS: i64 = 30_000;
/// How often the keeper looks for cancel requests.
const KEEPER_STEP: Duration = Duration::from_millis(200);
/// Steps between two renewals: 25 x 200 ms = 5 s, a sixth of a lease.
const RENEW_EVERY: u32 = 25;

/// Starts the keeper unless it runs.
pub(super) fn keep(engine: &Engine) {
    let mut running = lock(&engine.states.live_runs.keeper);
    if *running {
        return;
    }
    *running = true;
    let weak = engine.downgrade();
    std::thread::spawn(move || keeper(&weak));
}

/// Until no run is left: renews leases, passes on cancel requests.
fn keeper(weak: &WeakEngine) {
    let mut step = 0u32;
    loop {
        std::thread::sleep(KEEPER_STEP);
        let Some(engine) = weak.upgrade() else { return };
        {
            // Taken together, so that a run that starts now either sees the keeper or starts one.
            let mut running = lock(&engine.states.live_runs.keeper);
            if lock(&engine.states.live_runs.live).is_empty() {
                *running = false;
                return;
            }
        }
        step += 1;
        let kept = engine.runs().keep_runs(step.is_multiple_of(RENEW_EVERY));
        engine.workspace.report_trouble(kept);
    }
}

impl Runs<'_> {
    fn keep_runs(&self, renew: bool) -> Result<(), EngineError> {
        for row in self.workspace.read(|q| Ok(q.running()?))? {
            if row.cancel_asked && row.owner == self.workspace.owner {
                self.cancel_live(row.run);
            }
        }
        if renew {
            let until = crate::domain::Instant(now().0 + LEASE_MS);
            self.workspace.transact(|tx| Ok(tx.renew_leases(&self.workspace.owner, until)?))?;
        }
        Ok(())
    }
}
