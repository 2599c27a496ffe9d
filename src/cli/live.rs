//! Follows the output of runs live.
//!
//! The spool file is the only source. The reader reads a chunk from it when the run reports more output, so a slow
//! reader of standard output never makes the run or this process hold unread output in memory.

use super::call::Call;
use super::cleaner::Sink;
use super::kept::SpoolReader;
use super::stop_signals::StopSignals;
use crate::domain::{Command, Run, RunId, Stream};
use crate::engine::{Engine, EngineError, RunHandle};
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// An event of a run.
enum News {
    /// There is more output.
    More,
    Ended(Box<Result<Run, EngineError>>),
}

/// Passes the output of a started run to `sink` until the run ends. Returns the record of the run and the result of the
/// sink. Interrupt, hang-up and termination signals cancel the run.
pub(super) fn follow(
    call: &Call<'_>,
    engine: &Engine,
    handle: RunHandle,
    sink: &mut dyn Sink,
) -> Result<(Run, io::Result<()>), EngineError> {
    let run = handle.id;
    let mut reader = SpoolReader::new(engine.runs().spool_path(run));
    let watched = Watched { engine: engine.clone(), caller: call.caller(engine), run };
    let (news, watcher) = watched.start(handle)?;
    let mut taken = Ok(());
    let mut ended = None;
    // Read once more after the end: the last output was written before it.
    let ended = loop {
        if taken.is_ok() {
            taken = reader.pass_on(sink)?;
            if taken.is_err() {
                cancel_unread(engine, call, run);
            }
        }
        if let Some(ended) = ended {
            break ended;
        }
        match news.recv() {
            Ok(News::More) => {}
            Ok(News::Ended(end)) => ended = Some(*end),
            Err(_) => ended = Some(Err(EngineError::internal("the thread that watched the run has stopped"))),
        }
    };
    drop(news);
    // The thread has sent the end, which is its last action, or panicked: joining gives no more information.
    let _ = watcher.join();
    Ok((ended?, taken))
}

/// Nobody reads the output any more: stop the run, as the shell stops a plain process.
fn cancel_unread(engine: &Engine, call: &Call<'_>, run: RunId) {
    // A run that has ended in the meantime cannot be cancelled and need not be.
    let _ = engine.execute(Command::Cancel { run }, &call.caller(engine));
}

/// Increases with every change of a run.
type Changed = tokio::sync::watch::Receiver<u64>;

/// The data of the watching thread.
struct Watched {
    engine: Engine,
    caller: crate::domain::Caller,
    run: RunId,
}

impl Watched {
    fn start(self, handle: RunHandle) -> Result<(Receiver<News>, JoinHandle<()>), EngineError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(EngineError::internal)?;
        // Subscribed before the first read of the output, so that no change is missed in between.
        let changed = handle.changed();
        // A capacity of one is enough: a pending `More` already makes the reader read all available output.
        let (news_tx, news_rx) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("run-watch".to_owned())
            .spawn(move || runtime.block_on(self.watch(handle, changed, news_tx)))
            .map_err(EngineError::internal)?;
        Ok((news_rx, thread))
    }

    async fn watch(self, handle: RunHandle, mut changed: Option<Changed>, news: SyncSender<News>) {
        let mut stop = StopSignals::new();
        let mut waiting = tokio::task::spawn_blocking(move || handle.wait());
        let ended = loop {
            // The order of the branches does not matter: no branch affects what the others wait for.
            tokio::select! {
                ended = &mut waiting => break ended.unwrap_or_else(|error| Err(EngineError::internal(error))),
                more = more(&mut changed) => {
                    if more {
                        // A full channel means that the reader has not yet handled the previous event.
                        let _ = news.try_send(News::More);
                    } else {
                        changed = None;
                    }
                }
                () = stop.next() => {
                    // This fails when the run has just ended; there is nothing to cancel then.
                    let _ = self.engine.execute(Command::Cancel { run: self.run }, &self.caller);
                }
            }
        };
        // The receiver is gone only when this process is exiting.
        let _ = news.send(News::Ended(Box::new(ended)));
    }
}

/// Waits for more output. Returns `false` when there will be none; never returns without a run to wait for.
async fn more(changed: &mut Option<Changed>) -> bool {
    match changed {
        Some(receiver) => receiver.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}

/// A sink that discards output: the caller reads the stored output at the end.
pub(super) struct Nowhere;

impl Sink for Nowhere {
    fn take(&mut self, _stream: Stream, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}
