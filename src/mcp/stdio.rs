//! Standard input that says when it was closed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::watch;

/// Standard input, and the news that it was closed. A closed input is the end of the conversation: `rmcp` would wait for
/// unfinished calls, among them subscriptions that never finish.
pub(super) fn input() -> (Input<impl AsyncRead + Unpin>, Closed) {
    let (reader, _) = rmcp::transport::io::stdio_pipes();
    watched(reader)
}

fn watched<R: AsyncRead + Unpin>(reader: R) -> (Input<R>, Closed) {
    let (tell, closed) = watch::channel(false);
    (Input { reader, tell }, Closed(closed))
}

/// A reader that tells its end.
pub(super) struct Input<R> {
    reader: R,
    tell: watch::Sender<bool>,
}

/// The end of an input.
pub(super) struct Closed(watch::Receiver<bool>);

impl Closed {
    /// Waits for it.
    pub(super) async fn wait(&mut self) {
        // A reader that was dropped is at its end as well.
        let _ = self.0.wait_for(|closed| *closed).await;
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Input<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.reader).poll_read(cx, buf);
        match &read {
            Poll::Ready(Ok(())) if buf.filled().len() > before => {}
            Poll::Ready(_) => drop(self.tell.send(true)),
            Poll::Pending => {}
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn the_end_is_told_when_it_is_reached_and_not_before() {
        let (mut input, mut closed) = watched(&b"one line\n"[..]);
        let mut line = [0; 9];
        input.read_exact(&mut line).await.unwrap();
        assert!(!*closed.0.borrow());
        assert_eq!(input.read(&mut line).await.unwrap(), 0);
        closed.wait().await;
    }
}
