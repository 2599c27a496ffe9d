//! The clock: one process per workspace that flushes buffers when they are due, even when nobody calls any longer.
//!
//! A write to a buffer with a time limit starts the clock unless it runs. A row in the store names its process. The
//! clock is this program in another role, in its own process session, so that it outlives its parent and its terminal.
//! It ends by itself when no buffer waits for a time. It records its end in the transaction that checked this, so that
//! a later writer starts a new one.

use super::hand_over::Pending;
use crate::domain::{Buffer, BufferId, Caller, Instant};
use crate::engine::Buffers;
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::core::buffering::{self, Turn};
use crate::engine::error::EngineError;
use crate::engine::owner::owner_alive;
use crate::engine::state::home::Home;
use crate::engine::workspace::OpenOptions;
use crate::outside::Asker;
use crate::runner;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

/// The first argument that starts this program as the clock of a workspace's buffers. No verb starts with dashes.
const KEEP_TIME: &str = "--as-buffer-clock";
/// The last argument if a human started it: the clock then has the human's environment variables.
const OF_HUMAN: &str = "human";
/// Interval between checks for changes. A check is one pragma, which takes microseconds.
const LOOK: Duration = Duration::from_millis(50);
/// Interval between checks whether the process that is flushing a batch is alive, milliseconds.
const LOST_MS: i64 = 1_000;
/// Maximum number of batches handed to tools at the same time.
const MOST_AT_ONCE: usize = 4;
/// Number of consecutive failed checks after which the clock gives up.
const MOST_FAULTS: u32 = 100;

/// Runs the clock if these are its arguments; returns the exit code.
pub(in crate::engine) fn play(args: &[OsString]) -> Option<u8> {
    match args {
        [role, workspace, config, data, asker] if role == KEEP_TIME => {
            let home = Home { config: config.into(), data: data.into() };
            let asker = if asker == OF_HUMAN { Asker::Human } else { Asker::Agent };
            let workspace = PathBuf::from(workspace);
            let options = OpenOptions { workspace, home, program: None, asker };
            Some(u8::from(keep_time(options).is_err()))
        }
        _ => None,
    }
}

fn keep_time(options: OpenOptions) -> Result<(), EngineError> {
    // The clock must outlive the terminal of the process that started it.
    let _ = rustix::process::setsid();
    let engine = Engine::open(options)?;
    let caller = Caller::Human(engine.identity());
    if !engine.buffers().with_hand(&caller, |hand| engine.workspace.transact(|tx| buffering::tend(tx, hand)))? {
        return Ok(());
    }
    let mut clock = Clock { engine, caller, handing: Vec::new(), next: None };
    let mut faults = 0;
    loop {
        match clock.tick() {
            Ok(true) => faults = 0,
            Ok(false) => return Ok(()),
            Err(error) => {
                faults += 1;
                if faults >= MOST_FAULTS {
                    return Err(error);
                }
            }
        }
        std::thread::sleep(LOOK);
    }
}

struct Clock {
    engine: Engine,
    caller: Caller,
    handing: Vec<JoinHandle<()>>,
    /// Nothing is due before this time unless the data version of the database changes.
    next: Option<(Instant, i64)>,
}

impl Clock {
    /// Flushes what is due; `false` when the clock is no longer needed.
    fn tick(&mut self) -> Result<bool, EngineError> {
        self.handing.retain(|thread| !thread.is_finished());
        if !self.engine.state_dir().join("store.db").exists() {
            // The workspace's state was deleted, and the buffers with it.
            return Ok(false);
        }
        let (at, version) = (now(), self.engine.workspace.read(|q| Ok(q.data_version()?))?);
        if self.next.is_some_and(|(next, known)| at < next && version == known) {
            return Ok(true);
        }
        let buffers = self.engine.workspace.read(|q| Ok(q.buffers()?))?;
        let mut waits = !self.handing.is_empty();
        let mut next = Instant(at.0 + LOST_MS);
        for buffer in buffers {
            waits |= buffer.needs_clock();
            let due = buffer.rule.due_at(&buffer.level);
            next = due.map_or(next, |due| next.min(due));
            let due = due.is_some_and(|due| due <= at);
            let lost = buffer.needs_clock() && buffer.flusher.as_ref().is_some_and(|owner| !owner_alive(owner));
            if (due || lost) && self.handing.len() < MOST_AT_ONCE {
                self.flush(&buffer.id)?;
            }
        }
        self.next = Some((next, version));
        if waits {
            return Ok(true);
        }
        let engine = &self.engine;
        engine.buffers().with_hand(&self.caller, |hand| engine.workspace.transact(|tx| buffering::tends_on(tx, hand)))
    }

    fn flush(&mut self, buffer: &BufferId) -> Result<(), EngineError> {
        let engine = &self.engine;
        let turn = engine
            .buffers()
            .with_hand(&self.caller, |hand| engine.workspace.transact(|tx| buffering::due(tx, hand, buffer)))?;
        if let Some(claim) = turn.claim {
            let (engine, pending) = (engine.clone(), Pending { claim, caller: self.caller.clone() });
            // Items that the tool did not accept stay in the buffer, with the reason.
            self.handing.push(std::thread::spawn(move || drop(engine.buffers().hand_over(pending))));
        }
        Ok(())
    }
}

impl Buffers<'_> {
    /// Starts the clock if a step left a due time and no clock runs.
    pub(super) fn wind_clock(&self, turn: &Turn) {
        if turn.wind {
            self.start_clock();
        }
    }

    /// Starts the clock if buffers have a due time and no clock runs, for example after a restart of the machine.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn restart_clock(&self) -> Result<(), EngineError> {
        let waits = self.workspace.read(|q| Ok(q.buffers()?.iter().any(Buffer::needs_clock)))?;
        let caller = Caller::Human(String::new());
        if waits && self.with_hand(&caller, |hand| self.workspace.transact(|tx| buffering::wind(tx, hand)))? {
            self.start_clock();
        }
        Ok(())
    }

    fn start_clock(&self) {
        let options = &self.workspace.options;
        let args: [&OsStr; 5] = [
            OsStr::new(KEEP_TIME),
            options.workspace.as_os_str(),
            options.home.config.as_os_str(),
            options.home.data.as_os_str(),
            OsStr::new(if options.asker == Asker::Human { OF_HUMAN } else { "agent" }),
        ];
        let started = runner::detach(&self.workspace.machine, &args, &[]);
        self.workspace.report_trouble(started.map_err(|error| {
            EngineError::internal(format!(
                "buffers are not flushed automatically: the timer process could not be started: {error}"
            ))
        }));
    }
}
