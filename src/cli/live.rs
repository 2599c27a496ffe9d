//! Output of runs while it comes.
//!
//! The spool file is the one source: a chunk is read from it when the run says there is more, so a
//! slow reader on standard output never makes the run or this process hold unread output in memory.

use super::call::Call;
use super::cleaner::Sink;
use super::kept::SpoolReader;
use super::stop_signals::StopSignals;
use crate::domain::{Command, Run, RunId, Stream};
use crate::engine::{Engine, EngineError, RunHandle};
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// What happened to a run.
enum News {
    /// There is more output.
    More,
    Ended(Box<Result<Run, EngineError>>),
}

/// Passes the output of a started run to `sink` until the run ends; gives back its record and what
/// the sink complained of. Interrupt, hang-up and termination signals cancel the run.
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
    // The reader looks once more after the end: what was written last came before it.
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
    // It has sent the end, its last act, or died: there is nothing more to learn from it.
    let _ = watcher.join();
    Ok((ended?, taken))
}

/// Nobody reads the output any more: the run is stopped, as a plain process would be.
fn cancel_unread(engine: &Engine, call: &Call<'_>, run: RunId) {
    // A run that ended in the meantime cannot be cancelled, and need not be.
    let _ = engine.execute(Command::Cancel { run }, &call.caller(engine));
}

/// Counts up with every change of a run.
type Changed = tokio::sync::watch::Receiver<u64>;

/// What the watching thread needs.
struct Watched {
    engine: Engine,
    caller: crate::domain::Caller,
    run: RunId,
}

impl Watched {
    fn start(self, handle: RunHandle) -> Result<(Receiver<News>, JoinHandle<()>), EngineError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(EngineError::internal)?;
        // Taken before the first look at the output, so that nothing falls between the two.
        let changed = handle.changed();
        // One place: a pending `More` already makes the reader look at everything there is.
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
            // Order does not matter: each branch leaves what the others wait for untouched.
            tokio::select! {
                ended = &mut waiting => break ended.unwrap_or_else(|error| Err(EngineError::internal(error))),
                more = more(&mut changed) => {
                    if more {
                        // A full channel means that the reader has not yet looked at the news before.
                        let _ = news.try_send(News::More);
                    } else {
                        changed = None;
                    }
                }
                () = stop.next() => {
                    // Fails when the run has just ended: then there is nothing to cancel.
                    let _ = self.engine.execute(Command::Cancel { run: self.run }, &self.caller);
                }
            }
        };
        // The reader is gone only when this process is on its way out.
        let _ = news.send(News::Ended(Box::new(ended)));
    }
}

/// Waits for more output; `false` when there will be none, never when there is nothing to wait for.
async fn more(changed: &mut Option<Changed>) -> bool {
    match changed {
        Some(receiver) => receiver.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}

/// Takes output and shows nothing: it is read from the kept output at the end.
pub(super) struct Nowhere;

impl Sink for Nowhere {
    fn take(&mut self, _stream: Stream, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}
