//! The socket of a keeper: a thread accepts, and each connection has a thread of its own.

use super::KeeperEvent;
use crate::domain::service::InstanceId;
use crate::engine::service::wire::{self, KeeperAnswer, KeeperRequest};
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// Connections at one time; further ones are closed.
const MOST_CONNECTIONS: usize = 64;

/// How long whoever connects may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pieces of output that wait for somebody who is attached; one who reads slower misses some.
const ATTACHED_QUEUE: usize = 64;

/// Bytes that are read at once from somebody who types.
const PIECE: usize = 4096;

/// The open socket of a keeper.
pub(super) struct ControlSocket;

impl ControlSocket {
    /// Opens the socket and passes on what is asked there.
    ///
    /// # Errors
    /// When the socket or its thread cannot be made.
    pub(super) fn open(state_dir: &Path, id: InstanceId, events: SyncSender<KeeperEvent>) -> io::Result<ControlSocket> {
        let listener = wire::listen(state_dir, id)?;
        std::thread::Builder::new().name("control".to_owned()).spawn(move || accept(&listener, &events))?;
        Ok(ControlSocket)
    }
}

fn accept(listener: &UnixListener, events: &SyncSender<KeeperEvent>) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        if !wire::is_same_user(&stream) || open.load(Ordering::Acquire) >= MOST_CONNECTIONS {
            continue;
        }
        open.fetch_add(1, Ordering::AcqRel);
        let (events, counted) = (events.clone(), Arc::clone(&open));
        let served = std::thread::Builder::new().name("visitor".to_owned()).spawn(move || {
            // Whoever is not answered sees the end of the connection.
            let _ = serve(&stream, &events);
            counted.fetch_sub(1, Ordering::AcqRel);
        });
        if served.is_err() {
            open.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

fn serve(stream: &UnixStream, events: &SyncSender<KeeperEvent>) -> io::Result<()> {
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    match wire::receive(stream, Some(PATIENCE))? {
        KeeperRequest::Look => events.send(KeeperEvent::Look).map_err(gone),
        KeeperRequest::Say { message, who, timeout_ms } => {
            let (reply, answer) = sync_channel(1);
            let timeout = Duration::from_millis(timeout_ms);
            events.send(KeeperEvent::Say { message, who, timeout, reply }).map_err(gone)?;
            let answer = answer.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            wire::send(stream, &answer)
        }
        KeeperRequest::Attach => attach(stream, events),
    }
}

fn attach(stream: &UnixStream, events: &SyncSender<KeeperEvent>) -> io::Result<()> {
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    let (sink, output) = sync_channel::<Vec<u8>>(ATTACHED_QUEUE);
    wire::send(stream, &KeeperAnswer::Attached)?;
    events.send(KeeperEvent::Attach(sink)).map_err(gone)?;
    let mut shown = stream.try_clone()?;
    let typed = events.clone();
    let reader = stream.try_clone()?;
    reader.set_read_timeout(None)?;
    std::thread::Builder::new().name("typed".to_owned()).spawn(move || pass_on_typed(reader, &typed))?;
    for bytes in output {
        shown.write_all(&bytes)?;
    }
    stream.shutdown(std::net::Shutdown::Both)
}

fn pass_on_typed(mut reader: UnixStream, events: &SyncSender<KeeperEvent>) {
    let mut piece = [0; PIECE];
    while let Ok(got @ 1..) = reader.read(&mut piece) {
        if events.send(KeeperEvent::Typed(piece[..got].to_vec())).is_err() {
            return;
        }
    }
}
