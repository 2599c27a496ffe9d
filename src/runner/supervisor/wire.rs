//! How the three processes of a run talk: the workbench and the supervisor over a stream of
//! length-prefixed JSON, the supervisor and what it starts over packets that may carry descriptors.
//!
//! The tool never holds an end of either: both are closed before it starts.

use super::disk::Disk;
use crate::domain::{FileChange, IsolationLevel, Observation, Sample};
use crate::runner::result::ending::StopReason;
use crate::runner::sample::SampleFile;
use crate::runner::sandbox::Reaped;
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Messages are our own, but nothing of ours is longer than this.
const MAX_MESSAGE: usize = 64 << 20;

/// The largest packet, in bytes: one that does not fit would be cut.
const MAX_PACKET: usize = 64 * 1024;

/// Descriptors that one packet may carry.
const MAX_FDS: usize = 32;

/// What the supervisor tells the workbench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) enum Message {
    /// The sandbox layers are in force, verified from inside, and the tool's program runs. Of trials: is started next.
    Started(SandboxReport),
    /// What the run uses now.
    Sample(Sample),
    /// A trial that was watched is over, another one begins: what it was seen to do.
    Observed(Box<Observation>),
    /// The level that was demanded cannot be had: nothing was started.
    Refused { cause: String },
    /// The program could not be started.
    SpawnFailed {
        /// The system's number for it.
        errno: i32,
    },
    /// Of a run on a worker: the program could not be started there, as the worker says it.
    NotStarted { message: String },
    /// Of a run on a worker: the connection to it broke. How the run ended is unknown.
    Lost { cause: String },
    /// The run is over and nothing of it is left.
    Ended(Box<Ended>),
}

impl Message {
    /// Why the end of a run on a worker is unknown.
    pub(in crate::runner) fn cause_of_loss(self) -> Option<String> {
        match self {
            Message::Lost { cause } => Some(cause),
            _ => None,
        }
    }
}

/// What the process found before it became the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) struct SandboxReport {
    pub(in crate::runner) level: IsolationLevel,
    pub(in crate::runner) layers: Vec<String>,
    /// What is open, in words.
    pub(in crate::runner) missing: Vec<String>,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) struct Ended {
    /// The result of the tool's own process.
    pub(in crate::runner) tool: Reaped,
    /// The limit that the supervisor stopped it for.
    pub(in crate::runner) stop: Option<StopReason>,
    /// The most it used at one time.
    pub(in crate::runner) peak: Sample,
    /// What it was seen to do.
    pub(in crate::runner) observation: Observation,
    /// What a human should know.
    pub(in crate::runner) notes: Vec<String>,
}

/// The end of a trial, as the inner stage saw it. What it wrote follows it: this many bytes of both streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) struct TrialEnd {
    /// The result of its own process.
    pub(in crate::runner) tool: Reaped,
    /// Why it was ended.
    pub(in crate::runner) stop: Option<StopReason>,
    /// From its start to the end of its process, in microseconds.
    pub(in crate::runner) took_us: u64,
    /// Bytes of standard output and of standard error.
    pub(in crate::runner) wrote: [usize; 2],
    /// Files that it left in its working folder, by path, other than those that it was given.
    pub(in crate::runner) left: Vec<SampleFile>,
}

/// What the workbench tells the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) enum SupervisorOrder {
    /// Ask the tool to end.
    Term,
    Kill,
}

/// What comes from the processes inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) enum Inside {
    /// The inner stage joined what bubblewrap made; carries its mounts.
    Joined,
    /// From the first process of the tool's own namespace, which is none of the tool's.
    First,
    /// The sandbox layers are in force; carries the listener of the observer, if there is one.
    Raised(SandboxReport),
    /// They do not: nothing was started.
    Refused { cause: String },
    /// The program could not be started.
    SpawnFailed {
        /// The system's number for it.
        errno: i32,
    },
    /// From the inner stage: the process runs its own program, unless it said that this failed.
    Executed,
    /// From the inner stage: the tool is over and nothing else is left inside.
    Over {
        /// The tool's own process.
        tool: Reaped,
        /// What it has on disk.
        disk: Disk,
        /// Why nobody knows what differs there, where nobody does.
        uncollected: Option<String>,
    },
    /// From the inner stage: a part of what is in the scratch folder and elsewhere differs.
    Changes {
        /// This many of them as fit.
        part: Vec<FileChange>,
        /// How many are in no part.
        cut: u64,
    },
}

/// Sends one message; blocks until it is taken.
///
/// # Errors
/// When the other end is gone.
pub(in crate::runner) fn send<T: Serialize>(socket: &OwnedFd, message: &T) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(|_| io::ErrorKind::InvalidInput)?.to_le_bytes();
    let bytes = [&length[..], &body].concat();
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        match rustix::net::send(socket, rest, SendFlags::NOSIGNAL) {
            Ok(sent) => rest = &rest[sent..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The receiving half of a stream of messages.
#[derive(Debug, Default)]
pub(in crate::runner) struct Inbox {
    bytes: Vec<u8>,
}

/// The result of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum Heard {
    /// Something, or nothing yet.
    More,
    /// The other end is gone.
    Gone,
}

impl Inbox {
    /// An inbox in which these bytes have come already.
    pub(in crate::runner) fn after(bytes: &[u8]) -> Inbox {
        Inbox { bytes: bytes.to_vec() }
    }

    /// Takes what is there now without waiting.
    ///
    /// # Errors
    /// When the socket is broken.
    pub(in crate::runner) fn read(&mut self, socket: &OwnedFd) -> io::Result<Heard> {
        let mut piece = vec![0; 64 * 1024];
        loop {
            match rustix::net::recv(socket, &mut piece[..], RecvFlags::DONTWAIT) {
                Ok((0, _)) | Err(Errno::CONNRESET) => return Ok(Heard::Gone),
                Ok((got, _)) => self.bytes.extend_from_slice(&piece[..got]),
                Err(Errno::AGAIN) => return Ok(Heard::More),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next whole message.
    ///
    /// # Errors
    /// When what came is not a message.
    pub(in crate::runner) fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some(head) = self.bytes.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length > MAX_MESSAGE {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let Some(body) = self.bytes.get(4..4 + length) else { return Ok(None) };
        let message = serde_json::from_slice(body)?;
        self.bytes.drain(..4 + length);
        Ok(Some(message))
    }

    /// Waits for one message.
    ///
    /// # Errors
    /// When the other end is gone before.
    pub(in crate::runner) fn wait<T: DeserializeOwned>(&mut self, socket: &OwnedFd) -> io::Result<T> {
        loop {
            if let Some(message) = self.next()? {
                return Ok(message);
            }
            let mut wanted = [rustix::event::PollFd::new(socket, rustix::event::PollFlags::IN)];
            match rustix::event::poll(&mut wanted, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if self.read(socket)? == Heard::Gone && self.bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Sends one packet with descriptors.
///
/// # Errors
/// When the other end is gone, or the packet is too long.
pub(in crate::runner) fn send_packet<T: Serialize>(
    socket: impl AsFd,
    packet: &T,
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let body = serde_json::to_vec(packet)?;
    if body.len() > MAX_PACKET {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    send_fds(socket, &body, fds)
}

/// Sends bytes, not none, with descriptors.
///
/// # Errors
/// When the other end is gone.
pub(in crate::runner) fn send_fds(socket: impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    rustix::net::sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Bytes that came with descriptors and who sent them.
#[derive(Debug, Default)]
pub(in crate::runner) struct Parcel {
    /// The bytes; none when the other end is gone.
    pub(in crate::runner) bytes: Vec<u8>,
    pub(in crate::runner) fds: Vec<OwnedFd>,
    /// The sender's process number here, where the socket was asked to tell.
    pub(in crate::runner) sender: Option<i32>,
}

/// Waits for one packet.
///
/// # Errors
/// When the socket is broken.
pub(in crate::runner) fn receive_parcel(socket: impl AsFd, flags: RecvFlags) -> io::Result<Parcel> {
    let mut bytes = vec![0; MAX_PACKET];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS), ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let got = loop {
        match rustix::net::recvmsg(socket.as_fd(), &mut [IoSliceMut::new(&mut bytes)], &mut control, flags) {
            Err(Errno::INTR) => {}
            result => break result?,
        }
    };
    bytes.truncate(got.bytes);
    let mut parcel = Parcel { bytes, ..Parcel::default() };
    for message in control.drain() {
        match message {
            RecvAncillaryMessage::ScmRights(fds) => parcel.fds.extend(fds),
            RecvAncillaryMessage::ScmCredentials(who) => parcel.sender = Some(who.pid.as_raw_nonzero().get()),
            _ => {}
        }
    }
    Ok(parcel)
}
