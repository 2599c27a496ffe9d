//! The socket of a keeper: one thread accepts, and each connection has its own thread.
//!
//! A client that cannot be served gets an error. Messages and attached terminals are counted separately: terminals stay
//! connected, and must not use up the connections for messages.

use super::KeeperEvent;
use crate::domain::service::{Instance, InstanceId};
use crate::engine::service::wire::{self, KeeperAnswer, KeeperRequest};
use crate::runner;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Maximum number of connections: all waiting messages, all attached terminals, and a reserve.
const MOST_CONNECTIONS: usize = 384;

/// Maximum number of attached terminals.
const MOST_ATTACHED: usize = 32;

/// How long a new connection may take to send its request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Maximum number of queued output pieces for an attached client; a slower client misses some.
const ATTACHED_QUEUE: usize = 64;

/// Maximum number of typed bytes read at once.
const PIECE: usize = 4096;

/// How often an attached client is polled while the service does not read.
const LOOK: Duration = Duration::from_millis(100);

/// The pause before accepting again if the system has no resources for a connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// The output channel to an attached client.
pub(super) struct AttachedTerminal {
    /// Its number, unique in this process.
    pub(super) number: u64,
    /// Receives the output.
    pub(super) output: SyncSender<Arc<[u8]>>,
}

/// The open socket of a keeper.
pub(super) struct ControlSocket {
    state_dir: PathBuf,
    id: InstanceId,
    shared: Arc<Shared>,
    listener: UnixListener,
}

/// State shared by the threads of the connections.
struct Shared {
    /// Name of the instance.
    name: String,
    events: SyncSender<KeeperEvent>,
    connections: Arc<AtomicUsize>,
    attached: Arc<AtomicUsize>,
    last_number: AtomicU64,
}

/// One of a limited number of slots; dropping it frees the slot.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(taken: &Arc<AtomicUsize>, most: usize) -> Option<Place> {
        let more = |number: usize| (number < most).then_some(number + 1);
        taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Place(Arc::clone(taken)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl ControlSocket {
    /// Opens the socket and passes its requests on.
    ///
    /// # Errors
    /// When the socket or its thread cannot be created.
    pub(super) fn open(
        state_dir: &Path,
        instance: &Instance,
        events: SyncSender<KeeperEvent>,
    ) -> io::Result<ControlSocket> {
        let shared = Arc::new(Shared {
            name: instance.name.to_string(),
            events,
            connections: Arc::default(),
            attached: Arc::default(),
            last_number: AtomicU64::new(0),
        });
        let listener = listen(state_dir, instance.id, &shared)?;
        Ok(ControlSocket { state_dir: state_dir.to_owned(), id: instance.id, shared, listener })
    }

    /// Opens the socket again if it was deleted.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn restore(&mut self) -> io::Result<()> {
        if wire::is_there(&self.state_dir, self.id) {
            return Ok(());
        }
        let listener = listen(&self.state_dir, self.id, &self.shared)?;
        let unreachable = std::mem::replace(&mut self.listener, listener);
        // The thread that accepts on the old socket ends.
        Ok(rustix::net::shutdown(&unreachable, rustix::net::Shutdown::Both)?)
    }
}

/// Creates the socket and the thread that accepts connections.
fn listen(state_dir: &Path, id: InstanceId, shared: &Arc<Shared>) -> io::Result<UnixListener> {
    let listener = wire::listen(state_dir, id)?;
    let (accepts, shared) = (listener.try_clone()?, Arc::clone(shared));
    std::thread::Builder::new().name("control".to_owned()).spawn(move || accept(&accepts, &shared))?;
    Ok(listener)
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        match stream {
            Ok(stream) if wire::is_same_user(&stream) => begin(stream, shared),
            Ok(_) => {}
            // Another socket replaced this one.
            Err(error) if error.kind() == ErrorKind::InvalidInput => return,
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
            Err(_) => std::thread::sleep(NO_ROOM),
        }
    }
}

/// Serves a connection on a separate thread.
fn begin(stream: UnixStream, shared: &Arc<Shared>) {
    let name = &shared.name;
    let Some(place) = Place::take(&shared.connections, MOST_CONNECTIONS) else {
        return refuse(&stream, format!("{name}: busy, its keeper has {MOST_CONNECTIONS} connections"));
    };
    let stream = Arc::new(stream);
    let (served, shared) = (Arc::clone(&stream), Arc::clone(shared));
    let started = std::thread::Builder::new().name("connection".to_owned()).spawn(move || {
        // A client without an answer sees the end of the connection.
        let _ = serve(&served, &shared);
        drop(place);
    });
    if let Err(error) = started {
        refuse(&stream, format!("{name}: busy, its keeper cannot start a thread: {error}"));
    }
}

/// Reports why a client is not served. A new connection has room for a line, so this does not block.
fn refuse(stream: &UnixStream, message: String) {
    // The client may be gone.
    let _ = wire::send(stream, &KeeperAnswer::Failed { message, hint: "try again in a moment".to_owned() });
}

fn serve(stream: &UnixStream, shared: &Shared) -> io::Result<()> {
    match wire::receive(stream, Some(PATIENCE))? {
        KeeperRequest::Look => shared.tell(KeeperEvent::Look),
        KeeperRequest::Say { message, who, timeout_ms } => {
            let (reply, answer) = sync_channel(1);
            let timeout = Duration::from_millis(timeout_ms);
            shared.tell(KeeperEvent::Say { message, who, timeout, reply })?;
            let answer = answer.recv().map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
            wire::send(stream, &answer)
        }
        KeeperRequest::Attach => attach(stream, shared),
        KeeperRequest::HandOver => {
            let (reply, sockets) = sync_channel(1);
            shared.tell(KeeperEvent::HandOver(reply))?;
            let sockets = sockets.recv().map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
            if sockets.is_empty() { Ok(()) } else { runner::pass_sockets(stream, &sockets) }
        }
    }
}

impl Shared {
    fn tell(&self, event: KeeperEvent) -> io::Result<()> {
        self.events.send(event).map_err(|_| ErrorKind::BrokenPipe.into())
    }
}

/// Reads typed input on this thread, which also notices when the client disconnects; another thread writes the output.
fn attach(stream: &UnixStream, shared: &Shared) -> io::Result<()> {
    let Some(_place) = Place::take(&shared.attached, MOST_ATTACHED) else {
        let message = format!("{} has {MOST_ATTACHED} attached terminals already", shared.name);
        return wire::send(stream, &KeeperAnswer::Failed { message, hint: "leave one of them with ctrl-]".to_owned() });
    };
    let (sender, output) = sync_channel(ATTACHED_QUEUE);
    let number = shared.last_number.fetch_add(1, Ordering::AcqRel) + 1;
    wire::send(stream, &KeeperAnswer::Attached)?;
    stream.set_read_timeout(None)?;
    let shown = stream.try_clone()?;
    std::thread::Builder::new().name("shown".to_owned()).spawn(move || show(shown, &output))?;
    shared.tell(KeeperEvent::Attach(AttachedTerminal { number, output: sender }))?;
    let typed = pass_on_typed(stream, shared);
    shared.tell(KeeperEvent::Detach(number))?;
    stream.shutdown(Shutdown::Both)?;
    typed
}

fn show(mut stream: UnixStream, output: &Receiver<Arc<[u8]>>) {
    for bytes in output {
        if stream.write_all(&bytes).is_err() {
            return;
        }
    }
    // There will be no more output; this ends the reading thread, unless it has already ended.
    let _ = stream.shutdown(Shutdown::Both);
}

/// Passes on typed input, one piece at a time: the client waits for a service that does not read.
fn pass_on_typed(mut stream: &UnixStream, shared: &Shared) -> io::Result<()> {
    let mut piece = [0; PIECE];
    loop {
        let got = match stream.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        while !is_written(stream, shared, &piece[..got])? {
            // Too much input is waiting for the service already.
            if is_left_within(stream, LOOK)? {
                return Ok(());
            }
        }
    }
}

/// Waits until the service has read a piece, or the client disconnects; `false` if the piece was not accepted.
fn is_written(stream: &UnixStream, shared: &Shared, bytes: &[u8]) -> io::Result<bool> {
    let (written, told) = sync_channel(1);
    shared.tell(KeeperEvent::Typed { bytes: bytes.to_vec(), written })?;
    loop {
        match told.recv_timeout(LOOK) {
            Ok(is_written) => return Ok(is_written),
            // No process could read it.
            Err(RecvTimeoutError::Disconnected) => return Ok(true),
            Err(RecvTimeoutError::Timeout) if is_left_within(stream, Duration::ZERO)? => {
                return Err(ErrorKind::BrokenPipe.into());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Whether the other end closes the connection within this time. It may have sent unread input before.
fn is_left_within(stream: &UnixStream, wait: Duration) -> io::Result<bool> {
    let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
    // A hang-up is reported without being requested.
    let mut wanted = [PollFd::new(stream, PollFlags::empty())];
    rustix::io::retry_on_intr(|| poll(&mut wanted, Some(&wait)))?;
    Ok(wanted[0].revents().intersects(PollFlags::HUP | PollFlags::ERR))
}
