//! The order of checks. Checks that a human waits for (the review on screen, and those requested with `check`) have a
//! separate worker and begin at once; background checks are interrupted meanwhile and restarted later.

use super::check_queue::Lanes;
use crate::domain::{Review, ReviewId};
use crate::engine::Checks;
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::engine::locks::lock;
use crate::engine::view::{Change, OnChange};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How often leases on checks are examined without a trigger.
const CHECKS_STEP: Duration = Duration::from_secs(5);

/// Maximum number of versions examined for a position in the queue.
const TOLD_OF: usize = 200;

impl Checks<'_> {
    /// Starts both workers. `stop` ends them; `yields` is set while the background worker must wait for the other one.
    pub(in crate::engine) fn start_lanes(
        &self,
        stop: &Arc<AtomicBool>,
        yields: &Arc<AtomicBool>,
        on_change: &OnChange,
    ) {
        let ((asked, of_humans), (background, of_others)) = (channel(), channel());
        *lock(&self.state.lanes) = Some(Lanes { asked, background });
        // Nobody waits for these threads: unreported results are reported when the workspace is opened again.
        let worker = || (self.engine.clone(), Arc::clone(stop), Arc::clone(yields), Arc::clone(on_change));
        let (engine, ends, pause, tell) = worker();
        std::thread::spawn(move || engine.checks().follow_asked(&of_humans, &ends, &pause, &tell));
        let (engine, ends, pause, tell) = worker();
        std::thread::spawn(move || engine.checks().follow_waiting(&of_others, &ends, &pause, &tell));
    }

    /// Tells the workers that there may be something to check.
    pub(in crate::engine) fn wake(&self) {
        if let Some(lanes) = &*lock(&self.state.lanes) {
            // A closed channel means that the work is ending.
            let _ = lanes.asked.send(());
            let _ = lanes.background.send(());
        }
    }

    /// Sets the open review, whose checks have priority; `None` if it was closed.
    pub fn look_at(&self, review: Option<ReviewId>) {
        let before = std::mem::replace(&mut *lock(&self.state.looked_at), review);
        if review.is_some() && review != before {
            self.wake();
        }
    }

    /// Runs the checks that humans wait for, until it is stopped.
    fn follow_asked(&self, woken: &Receiver<()>, stop: &AtomicBool, yields: &AtomicBool, on_change: &OnChange) {
        loop {
            let made = self.examine_all_asked(stop, yields);
            yields.store(false, Ordering::Release);
            if stop.load(Ordering::Acquire) {
                // If this worker ends, the other one must end as well.
                yields.store(true, Ordering::Release);
                return;
            }
            match made {
                Ok(true) => self.wake(),
                Ok(false) => {}
                Err(error) => on_change(Change::Trouble(error)),
            }
            if !wait(woken) {
                return;
            }
        }
    }

    /// Returns whether there was anything to check.
    fn examine_all_asked(&self, stop: &AtomicBool, yields: &AtomicBool) -> Result<bool, EngineError> {
        let mut any = false;
        while !stop.load(Ordering::Acquire) {
            let Some(next) = self.next_asked()? else { break };
            yields.store(true, Ordering::Release);
            any = true;
            self.examine_leased(&next, stop)?;
        }
        Ok(any)
    }

    /// Runs checks until it is stopped: whenever reviews change, and periodically for expired leases.
    fn follow_waiting(&self, woken: &Receiver<()>, stop: &AtomicBool, yields: &AtomicBool, on_change: &OnChange) {
        crate::runner::yield_processor();
        loop {
            let freed = self.free_checks_of_the_dead();
            let made = loop {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                // The worker that has priority wakes this one when it is done.
                if yields.load(Ordering::Acquire) {
                    break Ok(false);
                }
                match self.examine_waiting(yields) {
                    Ok(true) => {}
                    made => break made,
                }
            };
            for error in [freed, made.map(drop)].into_iter().filter_map(Result::err) {
                on_change(Change::Trouble(error));
            }
            if !wait(woken) {
                return;
            }
        }
    }

    /// The position of a review's checks in the queue, from 1; `None` if they are done, running, or not needed.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn place_in_queue(&self, review: &Review) -> Result<Option<usize>, EngineError> {
        let mut queue: Vec<_> =
            lock(&self.state.recheck).iter().map(|(tool, _)| (tool.name.clone(), tool.digest)).collect();
        let first = *lock(&self.state.looked_at);
        let waiting = self.workspace.read(|q| Ok(q.unexamined(now(), TOLD_OF)?))?;
        let (front, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|next| Some(next.review) == first);
        // These are not checked before their review is opened.
        let rest = rest.into_iter().filter(|next| !self.came_from_elsewhere(next.digest));
        for next in front.into_iter().chain(rest) {
            let version = (next.tool, next.digest);
            if !queue.contains(&version) {
                queue.push(version);
            }
        }
        let own = queue.iter().position(|(tool, digest)| *tool == review.tool && *digest == review.digest);
        Ok(own.map(|before| before + 1))
    }
}

/// Waits for a trigger; `false` if the work is ending.
fn wait(woken: &Receiver<()>) -> bool {
    match woken.recv_timeout(CHECKS_STEP) {
        Ok(()) | Err(RecvTimeoutError::Timeout) => woken.try_iter().for_each(drop),
        Err(RecvTimeoutError::Disconnected) => return false,
    }
    true
}
