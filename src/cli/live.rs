//! Output of runs: while it comes, and as it is kept.
//!
//! The spool file is the one source: a chunk is read from it when the run says there is more, so a
//! slow reader on standard output never makes the run or this process hold unread output in memory.

use super::call::Call;
use super::cleaner::Sink;
use crate::domain::ansi::torn_tail;
use crate::domain::{Command, Run, RunId, Stream};
use crate::engine::{Engine, EngineError, ErrorCode, Frame, RunHandle, Spool};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use tokio::signal::unix::{SignalKind, signal};

/// How much of the spool is read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// What happened to a run.
enum News {
    /// There is more output.
    More,
    /// It ended.
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

/// Signals that ask this process to stop.
struct StopSignals(Vec<tokio::signal::unix::Signal>);

impl StopSignals {
    fn new() -> StopSignals {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        // A signal that cannot be caught ends this process, and the run with it.
        StopSignals(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let ready = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

/// Does something once when a signal asks this process to stop, as long as it is kept.
pub(super) struct OnStop {
    over: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OnStop {
    /// Watches from now on.
    ///
    /// # Errors
    /// `Internal` when no thread can be started.
    pub(super) fn new(stop: impl FnOnce() + Send + 'static) -> Result<OnStop, EngineError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(EngineError::internal)?;
        let (over, ended) = tokio::sync::oneshot::channel();
        let watch = async move {
            let mut signals = StopSignals::new();
            tokio::select! {
                () = signals.next() => stop(),
                _ = ended => {}
            }
        };
        let thread = std::thread::Builder::new()
            .name("stop-watch".to_owned())
            .spawn(move || runtime.block_on(watch))
            .map_err(EngineError::internal)?;
        Ok(OnStop { over: Some(over), thread: Some(thread) })
    }
}

impl Drop for OnStop {
    fn drop(&mut self) {
        drop(self.over.take());
        // It ends now, or has panicked: there is nothing to learn from it.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Reads a spool file from where it left off.
struct SpoolReader {
    path: PathBuf,
    spool: Option<Spool>,
    offset: u64,
}

impl SpoolReader {
    fn new(path: PathBuf) -> SpoolReader {
        SpoolReader { path, spool: None, offset: 0 }
    }

    /// Frames that were written since; empty when there are none yet.
    fn next(&mut self) -> Result<Vec<Frame>, EngineError> {
        if self.spool.is_none() {
            self.spool = open_spool(&self.path)?;
        }
        let Some(spool) = &self.spool else { return Ok(Vec::new()) };
        let (frames, next) = spool.frames(self.offset, CHUNK_BYTES).map_err(EngineError::internal)?;
        self.offset = next;
        Ok(frames)
    }

    /// Gives all there is to the sink.
    fn pass_on(&mut self, sink: &mut dyn Sink) -> Result<io::Result<()>, EngineError> {
        loop {
            let frames = self.next()?;
            if frames.is_empty() {
                return Ok(Ok(()));
            }
            for frame in frames {
                if let Err(error) = sink.take(frame.stream, &frame.bytes) {
                    return Ok(Err(error));
                }
            }
        }
    }
}

/// The spool of a run; `None` while it has none: a run that never started leaves no output.
fn open_spool(path: &Path) -> Result<Option<Spool>, EngineError> {
    // A file of nothing is one whose header is still on its way.
    match std::fs::metadata(path) {
        Ok(meta) if meta.len() > 0 => Spool::open(path).map(Some).map_err(EngineError::internal),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("cannot read the kept output {}: {error}", path.display());
            Err(EngineError::new(ErrorCode::Internal, message, "`toolsmith doctor` checks the state folder"))
        }
    }
}

/// The kept output of a run.
pub(super) struct Kept {
    frames: Vec<(Stream, Vec<u8>)>,
}

impl Kept {
    /// Reads all of it.
    ///
    /// # Errors
    /// When the spool file is there and cannot be read.
    pub(super) fn read(engine: &Engine, run: RunId) -> Result<Kept, EngineError> {
        let mut reader = SpoolReader::new(engine.runs().spool_path(run));
        let mut frames = Vec::new();
        loop {
            let next = reader.next()?;
            if next.is_empty() {
                return Ok(Kept { frames });
            }
            frames.extend(next.into_iter().map(|frame| (frame.stream, frame.bytes)));
        }
    }

    /// Keeps these streams only.
    pub(super) fn only(mut self, streams: &[Stream]) -> Kept {
        self.frames.retain(|(stream, _)| streams.contains(stream));
        self
    }

    /// What was written, in order.
    pub(super) fn frames(&self) -> impl Iterator<Item = (Stream, &[u8])> {
        self.frames.iter().map(|(stream, bytes)| (*stream, bytes.as_slice()))
    }

    /// A stream as text; bytes that are no UTF-8 become U+FFFD.
    pub(super) fn text(&self, stream: Stream) -> String {
        let parts: Vec<&[u8]> = self.frames().filter(|(of, _)| *of == stream).map(|(_, bytes)| bytes).collect();
        let bytes = parts.concat();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Turns bytes that come in pieces into text, without tearing a character apart.
#[derive(Default)]
pub(super) struct Joiner {
    held: Vec<u8>,
}

impl Joiner {
    /// The text of these bytes and of what was held; bytes that are no UTF-8 become U+FFFD.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let whole = self.held.len() - torn_tail(&self.held);
        let text = String::from_utf8_lossy(&self.held[..whole]).into_owned();
        self.held.drain(..whole);
        text
    }

    /// The text of what is still held.
    pub(super) fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.held).into_owned();
        self.held.clear();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_not_torn_between_events() {
        let mut joiner = Joiner::default();
        let text: String = "aé日😀".as_bytes().chunks(1).map(|piece| joiner.push(piece)).collect();
        assert_eq!(text + &joiner.finish(), "aé日😀");
        assert_eq!(joiner.push(b"x\xff\xe6\x97"), "x\u{fffd}");
        assert_eq!(joiner.finish(), "\u{fffd}");
    }
}
