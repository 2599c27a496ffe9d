//! The protocol of a keeper's socket: one line of JSON each way; after `attach`, the bytes of the service.
//!
//! The socket is in the state folder, which only its user can enter, and the peer must be that user. Orders are in the
//! store; the socket only wakes the keeper.

use crate::domain::service::InstanceId;
use crate::runner;
use rustix::io::retry_on_intr;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{RecvFlags, recv};
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Maximum length of a request or an answer, bytes: a message or an answer of 1 MiB is six times as long if every byte
/// is escaped.
const MAX_LINE: usize = 8 << 20;

/// Time for a keeper to pass its listening sockets.
const HAND_OVER: Duration = Duration::from_secs(2);

/// Number of bytes read at once.
const PIECE: usize = 64 * 1024;

/// A request to a keeper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub(super) enum KeeperRequest {
    /// Reads its row again.
    Look,
    /// Passes on a message.
    Say {
        /// The message.
        message: String,
        /// The caller: `human`, or `agent:NAME`.
        who: String,
        /// Timeout of the answer in milliseconds.
        timeout_ms: u64,
    },
    /// Passes on its output from now on, and typed input.
    Attach,
    /// Passes the listening sockets of its ports to the next keeper. They come without a line; a keeper of an older
    /// program closes the connection.
    HandOver,
}

/// The answer of a keeper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub(super) enum KeeperAnswer {
    /// The service answered, and the answer is stored.
    Said {
        /// Number of the message.
        exchange: i64,
        /// The text of the answer.
        text: String,
        /// Number of lines of the service that answer no message; 0 if answers carry the numbers of their messages.
        #[serde(default)]
        surplus_lines: u64,
    },
    /// Bytes of the service follow.
    Attached,
    /// The request failed.
    Failed {
        /// The reason.
        message: String,
        /// The next step.
        hint: String,
    },
}

/// The folder of the sockets of a workspace.
fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("instances")
}

/// A short path to a socket, because a path in the state folder can exceed the limit of a socket address.
fn short(folder: &File, id: InstanceId) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{id}.sock", folder.as_raw_fd()))
}

/// Opens the socket of an instance; replaces the socket of a dead keeper.
///
/// # Errors
/// When the folder or the socket cannot be created.
pub(super) fn listen(state_dir: &Path, id: InstanceId) -> io::Result<UnixListener> {
    let path = folder(state_dir);
    DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
    let opened = File::open(&path)?;
    let name = path.join(format!("{id}.sock"));
    match std::fs::remove_file(&name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    UnixListener::bind(short(&opened, id))
}

/// Removes the socket of an instance.
pub(super) fn remove(state_dir: &Path, id: InstanceId) {
    // If this fails, clients are refused the connection and read the store.
    let _ = std::fs::remove_file(folder(state_dir).join(format!("{id}.sock")));
}

/// Whether the socket of an instance exists.
pub(super) fn is_there(state_dir: &Path, id: InstanceId) -> bool {
    std::fs::symlink_metadata(folder(state_dir).join(format!("{id}.sock"))).is_ok()
}

/// Connects to the keeper of an instance.
///
/// # Errors
/// When no keeper listens.
pub(super) fn connect(state_dir: &Path, id: InstanceId) -> io::Result<UnixStream> {
    let opened = File::open(folder(state_dir))?;
    UnixStream::connect(short(&opened, id))
}

/// Whether the other end belongs to the user of this process.
pub(super) fn is_same_user(stream: &UnixStream) -> bool {
    socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::getuid())
}

/// The listening sockets of an instance, from its keeper; empty when it has none or cannot pass them.
pub(super) fn listening_sockets(state_dir: &Path, id: InstanceId) -> Vec<OwnedFd> {
    let ask = || {
        let stream = connect(state_dir, id)?;
        send(&stream, &KeeperRequest::HandOver)?;
        stream.set_read_timeout(Some(HAND_OVER))?;
        runner::take_sockets(&stream)
    };
    // Without them, the ports are free for a moment, like those of a stopped instance.
    ask().unwrap_or_default()
}

/// Writes one line.
///
/// # Errors
/// When the other end has closed the connection.
pub(super) fn send<T: Serialize>(mut stream: &UnixStream, line: &T) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    stream.write_all(&bytes)
}

/// Reads one line, and nothing after it.
///
/// # Errors
/// When the other end has closed the connection, exceeds the timeout `within`, or sends an invalid line.
pub(super) fn receive<T: for<'de> Deserialize<'de>>(stream: &UnixStream, within: Option<Duration>) -> io::Result<T> {
    let until = within.map(|within| Instant::now() + within);
    let (mut line, mut piece) = (Vec::new(), vec![0; PIECE]);
    let mut reader = stream;
    while line.len() <= MAX_LINE {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(left)?;
        let (seen, _) = retry_on_intr(|| recv(stream, &mut piece[..], RecvFlags::PEEK))?;
        if seen == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let end = piece[..seen].iter().position(|byte| *byte == b'\n');
        let taken = &mut piece[..end.map_or(seen, |end| end + 1)];
        reader.read_exact(taken)?;
        line.extend_from_slice(taken);
        if end.is_some() {
            return Ok(serde_json::from_slice(&line)?);
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("the line is longer than {MAX_LINE} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::service::MAX_ANSWER;

    #[test]
    fn the_longest_answer_fits_a_line_however_it_is_escaped_and_a_longer_line_is_refused() {
        let (client, server) = UnixStream::pair().unwrap();
        let said = KeeperAnswer::Said { exchange: i64::MAX, text: "\u{1}".repeat(MAX_ANSWER), surplus_lines: u64::MAX };
        let sent = said.clone();
        let writes = std::thread::spawn(move || {
            send(&server, &sent).unwrap();
            // The other end closes the connection before it has read everything.
            (&server).write_all(&vec![b'x'; 2 * MAX_LINE]).unwrap_err();
        });
        assert_eq!(receive::<KeeperAnswer>(&client, None).unwrap(), said);
        let refused = receive::<KeeperAnswer>(&client, None).unwrap_err();
        assert_eq!(refused.to_string(), "the line is longer than 8388608 bytes");
        drop(client);
        writes.join().unwrap();
    }

    #[test]
    fn a_line_is_read_without_what_follows_it_however_long_the_path_is() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("x".repeat(200));
        let listener = listen(&deep, InstanceId(7)).unwrap();
        let client = connect(&deep, InstanceId(7)).unwrap();
        let (server, _) = listener.accept().unwrap();
        assert!(is_same_user(&server));
        send(&client, &KeeperRequest::Attach).unwrap();
        (&client).write_all(b"typed").unwrap();
        assert_eq!(receive::<KeeperRequest>(&server, None).unwrap(), KeeperRequest::Attach);
        let mut typed = [0; 5];
        (&server).read_exact(&mut typed).unwrap();
        assert_eq!(&typed, b"typed");
        drop(client);
        assert!(receive::<KeeperRequest>(&server, None).is_err());
        // A dead keeper left its socket behind.
        drop(listener);
        assert!(connect(&deep, InstanceId(7)).is_err());
        let _again = listen(&deep, InstanceId(7)).unwrap();
        assert!(connect(&deep, InstanceId(7)).is_ok());
        remove(&deep, InstanceId(7));
        assert!(connect(&deep, InstanceId(7)).is_err());
    }
}
