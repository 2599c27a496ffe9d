//! Signals that ask this process to stop.

use crate::engine::EngineError;
use std::thread::JoinHandle;
use tokio::signal::unix::{SignalKind, signal};

/// Signals that ask this process to stop.
pub(super) struct StopSignals(Vec<tokio::signal::unix::Signal>);

impl StopSignals {
    /// Starts to catch the signals.
    pub(super) fn new() -> StopSignals {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        // A signal that cannot be caught ends this process, and the run with it.
        StopSignals(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    pub(super) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let ready = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

/// Calls a function once when a signal asks this process to stop, until the value is dropped.
pub(super) struct OnStop {
    over: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OnStop {
    /// Starts to watch.
    ///
    /// # Errors
    ///
    /// `Internal` when the thread cannot be started.
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
        // The thread ends now, or has panicked: joining gives no more information.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
