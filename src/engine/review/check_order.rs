//! Whose checks come first. What a human waits for (the review on screen, and what was asked for with `check`) has a
//! lane of its own and begins at once; what is checked in the background is interrupted meanwhile and begun again.

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

/// How often leases on checks are looked through without a cause.
const CHECKS_STEP: Duration = Duration::from_secs(5);

/// Versions that a place in the queue is told of.
const TOLD_OF: usize = 200;

impl Checks<'_> {
    /// Starts both workers. `stop` ends them; `yields` is set while the one in the background has to let the other work.
    pub(in crate::engine) fn start_lanes(
        &self,
        stop: &Arc<AtomicBool>,
        yields: &Arc<AtomicBool>,
        on_change: &OnChange,
    ) {
        let ((asked, of_humans), (background, of_others)) = (channel(), channel());
        *lock(&self.state.lanes) = Some(Lanes { asked, background });
        // Nobody waits for either: what it was about to say is said again by whoever opens the workspace next.
        let worker = || (self.engine.clone(), Arc::clone(stop), Arc::clone(yields), Arc::clone(on_change));
        let (engine, ends, pause, tell) = worker();
        std::thread::spawn(move || engine.checks().follow_asked(&of_humans, &ends, &pause, &tell));
        let (engine, ends, pause, tell) = worker();
        std::thread::spawn(move || engine.checks().follow_waiting(&of_others, &ends, &pause, &tell));
    }

    /// Tells the workers that there may be something to check.
    pub(in crate::engine) fn wake(&self) {
        if let Some(lanes) = &*lock(&self.state.lanes) {
            // A closed channel means that the work is ending; then nobody makes checks.
            let _ = lanes.asked.send(());
            let _ = lanes.background.send(());
        }
    }

    /// Says which review somebody has open, so that its checks go first; `None` when it was closed.
    pub fn look_at(&self, review: Option<ReviewId>) {
        let before = std::mem::replace(&mut *lock(&self.state.looked_at), review);
        if review.is_some() && review != before {
            self.wake();
        }
    }

    /// Makes what humans wait for until it is stopped.
    fn follow_asked(&self, woken: &Receiver<()>, stop: &AtomicBool, yields: &AtomicBool, on_change: &OnChange) {
        loop {
            let made = self.examine_all_asked(stop, yields);
            yields.store(false, Ordering::Release);
            if stop.load(Ordering::Acquire) {
                // Whoever ends the work wants the other one to end as well.
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

    /// Whether there was anything.
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

    /// Runs checks until it is stopped: whenever reviews changed, and now and then for leases that ended.
    fn follow_waiting(&self, woken: &Receiver<()>, stop: &AtomicBool, yields: &AtomicBool, on_change: &OnChange) {
        crate::runner::yield_processor();
        loop {
            let freed = self.free_checks_of_the_dead();
            let made = loop {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                // Who lets others work is woken when they are done.
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

    /// The place of a review's checks among those that wait for a worker, from 1; `None` when they do not wait: made,
    /// under way, or not to be made.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn place_in_queue(&self, review: &Review) -> Result<Option<usize>, EngineError> {
        let mut queue: Vec<_> =
            lock(&self.state.recheck).iter().map(|(tool, _)| (tool.name.clone(), tool.digest)).collect();
        let first = *lock(&self.state.looked_at);
        let waiting = self.workspace.read(|q| Ok(q.unexamined(now(), TOLD_OF)?))?;
        let (front, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|next| Some(next.review) == first);
        // Nothing makes these before somebody opens their review.
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

/// Waits for a cause to look again; `false` when the work is ending.
fn wait(woken: &Receiver<()>) -> bool {
    match woken.recv_timeout(CHECKS_STEP) {
        Ok(()) | Err(RecvTimeoutError::Timeout) => woken.try_iter().for_each(drop),
        Err(RecvTimeoutError::Disconnected) => return false,
    }
    true
}
