//! Relays: bytes passed on between two sockets, and ports of this machine that lead into the network of a run.
//!
//! One thread serves all connections of a process and sleeps while nothing happens. What one side does not take is not
//! read from the other: of each direction at most 128 KiB are here. The end of one direction is passed on, the other
//! continues. It looks at no byte, and decides nothing about who may connect.
//!
//! A port outlives the run behind it: while there is none, or while it does not listen yet, connections wait.

mod pair;
mod port;
#[cfg(test)]
mod tests;

use super::connector::NamespaceConnector;
use super::machine::open_files::raise_open_files;
use pair::{Moved, Pair, Side};
use port::{Port, Waiting};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Bytes that are passed on at once.
const PIECE: usize = 128 * 1024;

/// Events that are taken at once.
const EVENTS: usize = 256;

/// Connections at one time, as far as the limit of open files allows; further ones wait in the queue of their port.
const MOST: usize = 4096;

/// Files that are kept free for everything else that this process does.
const OTHER_FILES: u64 = 512;

/// Files that this process should be able to have open: two for each connection, and its own.
const FILES: u64 = 2 * MOST as u64 + OTHER_FILES;

/// How long a connection waits for a service that does not take it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name of the event that wakes the thread.
const WAKE: u64 = 0;

/// Passes bytes on between sockets, on a thread of its own, until it is dropped; then all connections are closed.
#[derive(Debug)]
pub struct Relay {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What others ask of the thread.
#[derive(Debug)]
enum Wish {
    Join(OwnedFd, OwnedFd),
    Port(OwnedFd, u16),
    Connector(Option<NamespaceConnector>),
    Stop,
}

#[derive(Debug)]
struct Shared {
    wishes: Mutex<VecDeque<Wish>>,
    wake: OwnedFd,
    open: AtomicUsize,
}

impl Relay {
    /// Starts the thread. Raises the number of files that this process may open, as far as it may.
    ///
    /// # Errors
    /// When there is no thread or no descriptor left.
    pub fn start() -> io::Result<Relay> {
        Relay::start_with(PATIENCE)
    }

    fn start_with(patience: Duration) -> io::Result<Relay> {
        raise_open_files(FILES)?;
        let wake = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let shared = Arc::new(Shared { wishes: Mutex::default(), wake, open: AtomicUsize::new(0) });
        let course = Course::new(shared.clone(), patience)?;
        let thread = std::thread::Builder::new().name("relay".to_owned()).spawn(move || course.follow())?;
        Ok(Relay { shared, thread: Some(thread) })
    }

    /// Passes bytes on between two connected sockets until both directions have ended, or one is broken. Closes both
    /// then. They become non-blocking.
    pub fn join(&self, a: OwnedFd, b: OwnedFd) {
        self.wish(Wish::Join(a, b));
    }

    /// Accepts connections of a listening socket and passes them on to this port through the connector. While there is no
    /// connector they wait in the queue of the socket; while no process listens there they wait up to 30 s. The socket
    /// becomes non-blocking.
    pub fn serve(&self, listener: OwnedFd, port: u16) {
        self.wish(Wish::Port(listener, port));
    }

    /// Sets the connector of the current run; `None` while there is no run. Connections that were made continue.
    pub fn set_connector(&self, connector: Option<NamespaceConnector>) {
        self.wish(Wish::Connector(connector));
    }

    /// Connections that are passed on now.
    pub fn connections(&self) -> usize {
        self.shared.open.load(Ordering::Acquire)
    }

    fn wish(&self, wish: Wish) {
        self.shared.wishes.lock().unwrap_or_else(PoisonError::into_inner).push_back(wish);
        // Can only fail when it is already signalled.
        let _ = rustix::io::write(&self.shared.wake, &1_u64.to_ne_bytes());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.wish(Wish::Stop);
        if let Some(thread) = self.thread.take() {
            // One that panicked has closed its connections.
            let _ = thread.join();
        }
    }
}

/// Connections at one time with this limit of open files: what else this process does needs files too.
fn most_connections(files: Option<u64>) -> usize {
    let room = files.map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES) / 2);
    usize::try_from(room).unwrap_or(MOST).clamp(1, MOST)
}

/// What the thread owns. Pairs, ports and connections that wait have ids from one sequence, which events carry.
#[derive(Debug)]
struct Course {
    shared: Arc<Shared>,
    epoll: OwnedFd,
    pairs: BTreeMap<u64, Pair>,
    ports: BTreeMap<u64, Port>,
    /// Connections that are not made yet. The oldest has the lowest id.
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
    connector: Option<NamespaceConnector>,
    piece: Vec<u8>,
    /// Pairs that can continue without an event.
    busy: VecDeque<u64>,
    /// Connections at one time.
    most: usize,
    /// How long a connection waits for a service that does not take it.
    patience: Duration,
    /// When ports are tried again.
    retry_at: Instant,
    /// Whether there was no descriptor left for a connection.
    is_short: bool,
}

impl Course {
    fn new(shared: Arc<Shared>, patience: Duration) -> io::Result<Course> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &shared.wake, EventData::new_u64(WAKE), EventFlags::IN)?;
        Ok(Course {
            shared,
            epoll,
            pairs: BTreeMap::new(),
            ports: BTreeMap::new(),
            waiting: BTreeMap::new(),
            next: 1,
            connector: None,
            piece: vec![0; PIECE],
            busy: VecDeque::new(),
            most: most_connections(getrlimit(Resource::Nofile).current),
            patience,
            retry_at: Instant::now(),
            is_short: false,
        })
    }

    fn follow(mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            events.clear();
            let wait = self.wait();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), wait.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                // There is nothing to wait on any more.
                Err(_) => return,
            }
            for event in &events {
                match event.data.u64() {
                    WAKE => {
                        let _ = rustix::io::read(&self.shared.wake, &mut [0; 8]);
                    }
                    id => self.advance(id),
                }
            }
            for _ in 0..self.busy.len() {
                if let Some(id) = self.busy.pop_front() {
                    self.advance(id);
                }
            }
            self.look_again();
            if self.obey() {
                return;
            }
            self.shared.open.store(self.pairs.len(), Ordering::Release);
        }
    }

    /// How long to sleep: forever, unless something can continue, is to be tried again, or is to be given up.
    fn wait(&self) -> Option<Timespec> {
        if !self.busy.is_empty() {
            return Some(Timespec { tv_sec: 0, tv_nsec: 0 });
        }
        let wait = self.next_look()?.saturating_duration_since(Instant::now());
        let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
        Some(Timespec { tv_sec: seconds, tv_nsec: i64::from(wait.subsec_nanos()) })
    }

    /// Does what was asked for; whether that is to stop.
    fn obey(&mut self) -> bool {
        loop {
            let wish = self.shared.wishes.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match wish {
                None => return false,
                Some(Wish::Stop) => return true,
                Some(Wish::Join(a, b)) => self.join(a, b),
                Some(Wish::Port(listener, port)) => self.open(listener, port),
                Some(Wish::Connector(connector)) => {
                    self.connector = connector;
                    self.begin_anew();
                }
            }
        }
    }

    fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    fn join(&mut self, a: OwnedFd, b: OwnedFd) {
        let Ok(pair) = Pair::new(a, b) else { return };
        let id = self.next_id();
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        for side in [Side::A, Side::B] {
            if epoll::add(&self.epoll, pair.socket(side), EventData::new_u64(id), flags).is_err() {
                // Both are closed: whoever waits is told.
                return;
            }
        }
        self.pairs.insert(id, pair);
        self.advance(id);
    }

    fn open(&mut self, listener: OwnedFd, port: u16) {
        if rustix::io::ioctl_fionbio(&listener, true).is_err() {
            return;
        }
        let id = self.next_id();
        self.ports.insert(id, Port::new(listener, port));
        self.look_at(id);
    }

    /// Does what can be done for one.
    fn advance(&mut self, id: u64) {
        let Some(pair) = self.pairs.get_mut(&id) else {
            if self.ports.contains_key(&id) {
                return self.accept(id);
            }
            // Of neither: an event that came with the end of its connection.
            return self.hear(id);
        };
        match pair.advance(&mut self.piece) {
            Moved::AsFarAsPossible => {}
            Moved::More => {
                if !self.busy.contains(&id) {
                    self.busy.push_back(id);
                }
            }
            Moved::Over => {
                for side in [Side::A, Side::B] {
                    // Somebody else may still have the socket, which would then go on to wake us.
                    let _ = epoll::delete(&self.epoll, pair.socket(side));
                }
                self.pairs.remove(&id);
                self.look_at_ports();
            }
        }
    }
}
