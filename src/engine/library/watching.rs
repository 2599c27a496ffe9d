//! Background work of an open workspace: the tools folder and the feed of events.
//!
//! The watcher only gives hints; the scan is authoritative. The feed is polled by one pragma every 200 ms, which costs
//! microseconds, and read only if it changed.

use crate::catalog::{Hint, Watcher};
use crate::domain::{Digest, EventKind, EventSeq, Topic};
use crate::engine::Library;
use crate::engine::core::POLICY_IN_FORCE;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::{Change, OnChange};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Clock};

/// How long the folder must be quiet before a scan.
const QUIET: Duration = Duration::from_millis(50);
/// How long a folder that is never quiet may delay a scan.
const AT_MOST: Duration = Duration::from_secs(2);
/// How often the feed is polled.
const FEED_STEP: Duration = Duration::from_millis(200);
/// How often the folder is read without a hint while watching works. The watcher can lose hints (network folders,
/// exhausted limits), so scans are repeated; a warm scan of 10,000 tools costs about 0.1 s, which at this interval is
/// far below 0.1 % of a core.
const RESCAN: Duration = Duration::from_mins(5);
/// The same when watching failed.
const RESCAN_UNWATCHED: Duration = Duration::from_secs(30);
/// Feed steps between two searches for dead owners: 25 x 200 ms.
const ORPHANS_EVERY: u32 = 25;

/// Feed steps between two tests whether the daily backup is due: an hour, because a workbench stays open for days.
const BACKUP_EVERY: u32 = 18_000;

/// The step of the first test, when the screen has long been drawn.
const FIRST_BACKUP: u32 = 10;
/// Events read at once.
const FEED_PAGE: usize = 1_000;

/// Background work of an open workspace. Stops when dropped.
pub struct Watch {
    stop: Arc<AtomicBool>,
    /// Interrupts checks in the background.
    yields: Arc<AtomicBool>,
    hints: Sender<Wake>,
    threads: Vec<JoinHandle<()>>,
    watcher: Option<Watcher>,
}

enum Wake {
    Hint,
    /// Watching has begun: there were no hints about changes between the last scan and now.
    Begun,
    Stop,
}

impl Watch {
    /// Asks for a scan soon, as a hint of the watcher does: for a focused window, or a key.
    pub fn rescan(&self) {
        // A closed channel means that the work is ending, so the scan is not needed.
        let _ = self.hints.send(Wake::Hint);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.yields.store(true, Ordering::Release);
        // First stop the hints, then the thread that receives them.
        self.watcher = None;
        let _ = self.hints.send(Wake::Stop);
        for thread in self.threads.drain(..) {
            // A thread that panicked needs no stopping.
            let _ = thread.join();
        }
    }
}

impl Library<'_> {
    /// Starts background work; `on_change` is called from a thread of the engine. The folder is read once at the start;
    /// earlier changes of the store are not reported.
    ///
    /// # Errors
    /// `Internal` when the feed cannot be read. A folder that cannot be watched is reported as
    /// [`Change::Trouble`] and read every 30 s instead.
    pub fn watch(&self, on_change: &OnChange) -> Result<Watch, EngineError> {
        let [stop, yields] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let (hints, received) = channel();
        let sender = hints.clone();
        let wake = Box::new(move |hint: Hint| {
            // Every hint leads to a scan; a closed channel means that the work is ending.
            let (Hint::Changed | Hint::Overflow) = hint;
            let _ = sender.send(Wake::Hint);
        });
        let watcher = match Watcher::start(&self.watched_paths(), wake) {
            Ok(watcher) => Some(watcher),
            Err(why) => {
                on_change(Change::Trouble(EngineError::new(
                    ErrorCode::Failed,
                    format!("the tools folder cannot be watched ({why}); it is read every 30 s"),
                    "`toolsmith doctor` shows the watch limit",
                )));
                None
            }
        };
        let _ = hints.send(Wake::Begun);
        self.engine.buffers().restart_clock()?;
        let since = self.workspace.read(|q| Ok(q.last_seq()?))?;
        let pace = if watcher.is_some() { RESCAN } else { RESCAN_UNWATCHED };
        let threads = vec![
            std::thread::spawn({
                let (engine, on_change) = (self.engine.clone(), Arc::clone(on_change));
                move || engine.library().follow_folder(&received, pace, &on_change)
            }),
            std::thread::spawn({
                let (engine, on_change, stop) = (self.engine.clone(), Arc::clone(on_change), Arc::clone(&stop));
                move || engine.library().follow_feed(since, &stop, &on_change)
            }),
        ];
        if self.workspace.settings.check_in_background {
            self.engine.checks().start_lanes(&stop, &yields, on_change);
        }
        Ok(Watch { stop, yields, hints, threads, watcher })
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        let plan = &self.workspace.plan;
        plan.roots.iter().map(|root| plan.workspace.join(&root.path)).collect()
    }

    fn follow_folder(&self, hints: &Receiver<Wake>, pace: Duration, on_change: &OnChange) {
        loop {
            let show = &mut |view| on_change(Change::Catalog(view));
            let scanned = match hints.recv_timeout(pace) {
                Ok(Wake::Begun) => self.scan_if_changed(show),
                Ok(Wake::Hint) => {
                    if !settle(hints) {
                        return;
                    }
                    self.scan(show).map(drop)
                }
                Err(RecvTimeoutError::Timeout) => self.scan(show).map(drop),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            };
            if let Err(error) = scanned {
                on_change(Change::Trouble(error));
            }
        }
    }

    /// Makes the daily backup when it is due, in a separate thread.
    fn follow_days(&self) {
        if self.workspace.viewing().is_none() {
            let engine = self.engine.clone();
            // Nothing waits for it: an interrupted backup leaves no files, and the next start repeats it.
            std::thread::spawn(move || {
                engine.workspace.report_trouble(crate::engine::back_up_if_due(&engine.workspace.state_dir));
            });
        }
    }

    fn follow_feed(&self, since: EventSeq, stop: &AtomicBool, on_change: &OnChange) {
        let mut feed = Feed { seen: since, version: None };
        let mut step = 0u32;
        while !stop.load(Ordering::Acquire) {
            std::thread::park_timeout(FEED_STEP);
            step = step.wrapping_add(1);
            let looked = self.look(&mut feed, on_change);
            let sweeps = step.is_multiple_of(ORPHANS_EVERY);
            let swept = if sweeps { self.engine.runs().interrupt_orphans() } else { Ok(()) };
            let expired = if sweeps { self.engine.reviews().expire_due() } else { Ok(()) };
            let gone = if sweeps { self.engine.agents().forget_dead() } else { Ok(()) };
            if step % BACKUP_EVERY == FIRST_BACKUP {
                self.follow_days();
            }
            for error in [looked, swept, expired, gone].into_iter().filter_map(Result::err) {
                on_change(Change::Trouble(error));
            }
            for error in self.workspace.take_trouble() {
                on_change(Change::Trouble(error));
            }
        }
    }

    fn look(&self, feed: &mut Feed, on_change: &OnChange) -> Result<(), EngineError> {
        let version = self.workspace.read(|q| Ok(q.data_version()?))?;
        if feed.version == Some(version) {
            return Ok(());
        }
        let (mut topics, mut stopped, mut is_policy_new) = (HashSet::new(), Vec::new(), false);
        loop {
            let events = self.workspace.read(|q| Ok(q.events_since(feed.seen, FEED_PAGE)?))?;
            let Some(last) = events.last() else { break };
            feed.seen = last.seq;
            topics.extend(events.iter().flat_map(|event| event.kind.topics()));
            is_policy_new |= events.iter().any(|event| event.subject == POLICY_IN_FORCE);
            let stops = events.iter().filter(|event| event.kind == EventKind::TeamStopped);
            stopped.extend(stops.filter_map(|event| event.subject.parse::<Digest>().ok()));
        }
        feed.version = Some(version);
        for digest in stopped {
            if let Some(news) = self.engine.teams().news_of_stop(digest)? {
                on_change(Change::TeamNews(news));
            }
        }
        if is_policy_new && let Some(news) = self.engine.teams().news_of_policy()? {
            on_change(Change::TeamNews(news));
        }
        // Runs and requests of a connected agent are shown with it.
        let concerns_agents = [Topic::Agents, Topic::Runs, Topic::Reviews].iter().any(|topic| topics.contains(topic));
        if concerns_agents {
            let agents = self.engine.agents().list()?;
            if !agents.is_empty() || topics.contains(&Topic::Agents) {
                on_change(Change::Agents(agents));
            }
        }
        for topic in topics {
            match topic {
                Topic::Tools => on_change(Change::Catalog(self.refresh()?)),
                Topic::Runs => on_change(Change::Runs),
                Topic::Failures => on_change(Change::Failures),
                Topic::Reviews => {
                    self.engine.checks().wake();
                    on_change(Change::Reviews);
                }
                Topic::Operations => on_change(Change::Operations),
                Topic::Evolutions => on_change(Change::Evolutions),
                Topic::Buffers => on_change(Change::Buffers),
                Topic::Services => on_change(Change::Services),
                Topic::Agents => {}
            }
        }
        Ok(())
    }
}

/// The position of a reader of the feed.
struct Feed {
    seen: EventSeq,
    version: Option<i64>,
}

/// Waits until hints stop for a while, but not forever; `false` when the work must end.
fn settle(hints: &Receiver<Wake>) -> bool {
    let deadline = Clock::now() + AT_MOST;
    loop {
        let left = deadline.saturating_duration_since(Clock::now());
        if left.is_zero() {
            return true;
        }
        match hints.recv_timeout(QUIET.min(left)) {
            Ok(Wake::Hint | Wake::Begun) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}
