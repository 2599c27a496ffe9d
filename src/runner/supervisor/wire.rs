//! The protocols between the three processes of a run: length-prefixed JSON over a stream between workbench and
//! supervisor; packets with descriptors between the supervisor and the processes that it starts.
//!
//! The tool never has an end of either: both are closed before it starts.

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

/// The maximum length of a message; Toolsmith's own messages are shorter.
const MAX_MESSAGE: usize = 64 << 20;

/// The largest packet, in bytes; a larger one would be cut.
const MAX_PACKET: usize = 64 * 1024;

/// Descriptors that one packet may carry.
const MAX_FDS: usize = 32;

/// A message of the supervisor to the workbench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) enum Message {
    /// The sandbox layers are in force, verified from inside, and the tool's program runs. For trials: it is started
    /// next.
    Started(SandboxReport),
    /// The current resource use.
    Sample(Sample),
    /// An observed trial has ended and another one begins: the observation of the first.
    Observed(Box<Observation>),
    /// The required level is unavailable: nothing was started.
    Refused { cause: String },
    /// The program could not be started.
    SpawnFailed {
        /// The system's number for it.
        errno: i32,
    },
    /// For a run on a worker: the message of the worker that the program could not be started there.
    NotStarted { message: String },
    /// For a run on a worker: the connection broke. How the run ended is unknown.
    Lost { cause: String },
    /// The run and all its processes have ended.
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

/// What the process verified before it became the tool.
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
    /// The peak resource use.
    pub(in crate::runner) peak: Sample,
    /// The observed behaviour.
    pub(in crate::runner) observation: Observation,
    /// Notes for a human.
    pub(in crate::runner) notes: Vec<String>,
}

/// The end of a trial, as the inner stage saw it. It is followed by its output: this many bytes of both streams.
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
    /// Files that it left in its working folder, by path, except unchanged input files.
    pub(in crate::runner) left: Vec<SampleFile>,
}

/// An order of the workbench to the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) enum SupervisorOrder {
    /// Ask the tool to end.
    Term,
    Kill,
}

/// A message of the processes inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) enum Inside {
    /// The inner stage joined the view that bubblewrap made; carries its mounts.
    Joined,
    /// From the first process of the tool's own namespace, which does not belong to the tool.
    First,
    /// The sandbox layers are in force; carries the listener of the observer, if there is one.
    Raised(SandboxReport),
    /// They are not in force: nothing was started.
    Refused { cause: String },
    /// The program could not be started.
    SpawnFailed {
        /// The system's number for it.
        errno: i32,
    },
    /// From the inner stage: the process runs its own program, unless it reported that this failed.
    Executed,
    /// From the inner stage: the tool has ended, and no other process is left inside.
    Over {
        /// The tool's own process.
        tool: Reaped,
        /// Its disk use.
        disk: Disk,
        /// Why the changes on disk are unknown, if they are.
        uncollected: Option<String>,
    },
    /// From the inner stage: part of the changes in the scratch folder and elsewhere.
    Changes {
        /// As many changes as fit.
        part: Vec<FileChange>,
        /// The number of changes that are left out.
        cut: u64,
    },
}

/// Sends one message; blocks until it is accepted.
///
/// # Errors
/// If the other end is closed.
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
    /// An inbox that already contains these bytes.
    pub(in crate::runner) fn after(bytes: &[u8]) -> Inbox {
        Inbox { bytes: bytes.to_vec() }
    }

    /// Reads the available data without waiting.
    ///
    /// # Errors
    /// If the socket is broken.
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

    /// The next complete message.
    ///
    /// # Errors
    /// If the data is not a message.
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
    /// If the other end is closed before.
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
/// If the other end is closed, or the packet is too long.
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

/// Sends bytes (at least one) with descriptors.
///
/// # Errors
/// If the other end is closed.
pub(in crate::runner) fn send_fds(socket: impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    rustix::net::sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Received bytes with descriptors and their sender.
#[derive(Debug, Default)]
pub(in crate::runner) struct Parcel {
    /// The bytes; empty if the other end is closed.
    pub(in crate::runner) bytes: Vec<u8>,
    pub(in crate::runner) fds: Vec<OwnedFd>,
    /// The sender's process number in this namespace, if the socket is set up for it.
    pub(in crate::runner) sender: Option<i32>,
}

/// Waits for one packet.
///
/// # Errors
/// If the socket is broken.
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
