//! Relays: passing bytes between two sockets, and ports of this machine that lead into the network of a run.
//!
//! One thread serves all connections of a process and sleeps while nothing happens. If one side does not accept data,
//! no more is read from the other; at most 128 KiB of each direction are buffered. The end of one direction is passed
//! on, and the other continues. The relay does not interpret bytes or decide who may connect.
//!
//! A port outlives its run. While there is no run, or it does not listen yet, connections wait.

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

/// How many bytes are passed on at once.
const PIECE: usize = 128 * 1024;

/// How many events are fetched at once.
const EVENTS: usize = 256;

/// The most connections at one time, if the limit of open files allows it; further ones wait in the queue of their
/// port.
const MOST: usize = 4096;

/// How many files are reserved for the rest of this process.
const OTHER_FILES: u64 = 512;

/// How many files this process should be able to open: two for each connection, and its own.
const FILES: u64 = 2 * MOST as u64 + OTHER_FILES;

/// How long a connection waits for a service to accept it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The ID of the event that wakes the thread.
const WAKE: u64 = 0;

/// Passes bytes between sockets on a separate thread until it is dropped; then all connections are closed.
#[derive(Debug)]
pub struct Relay {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Requests to the thread.
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
    /// Starts the thread. Raises the limit of open files of this process as far as allowed.
    ///
    /// # Errors
    /// If no thread or descriptor is available.
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

    /// Passes bytes between two connected sockets until both directions have ended, or one is broken. Then closes both.
    /// They become non-blocking.
    pub fn join(&self, a: OwnedFd, b: OwnedFd) {
        self.wish(Wish::Join(a, b));
    }

    /// Accepts connections of a listening socket and passes them on to this port through the connector. Without a
    /// connector, they wait in the queue of the socket; while no process listens on the port, they wait up to 30 s. The
    /// socket becomes non-blocking.
    pub fn serve(&self, listener: OwnedFd, port: u16) {
        self.wish(Wish::Port(listener, port));
    }

    /// Sets the connector of the current run; `None` while there is no run. Existing connections continue.
    pub fn set_connector(&self, connector: Option<NamespaceConnector>) {
        self.wish(Wish::Connector(connector));
    }

    /// The number of current connections.
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
            // If the thread panicked, its connections are closed.
            let _ = thread.join();
        }
    }
}

/// The most connections with this limit of open files, leaving files for the rest of this process.
fn most_connections(files: Option<u64>) -> usize {
    let room = files.map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES) / 2);
    usize::try_from(room).unwrap_or(MOST).clamp(1, MOST)
}

/// The state of the thread. Pairs, ports and waiting connections have IDs from one sequence, which events carry.
#[derive(Debug)]
struct Course {
    shared: Arc<Shared>,
    epoll: OwnedFd,
    pairs: BTreeMap<u64, Pair>,
    ports: BTreeMap<u64, Port>,
    /// Connections that are not established yet. The oldest has the lowest ID.
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
    connector: Option<NamespaceConnector>,
    piece: Vec<u8>,
    /// Pairs that can continue without an event.
    busy: VecDeque<u64>,
    /// The most connections at one time.
    most: usize,
    /// How long a connection waits for a service to accept it.
    patience: Duration,
    /// When refused ports are tried again.
    retry_at: Instant,
    /// Whether no descriptor was left for a connection.
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
                // There is nothing left to wait for.
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

    /// How long to sleep: forever, unless something can continue, must be retried, or must be given up.
    fn wait(&self) -> Option<Timespec> {
        if !self.busy.is_empty() {
            return Some(Timespec { tv_sec: 0, tv_nsec: 0 });
        }
        let wait = self.next_look()?.saturating_duration_since(Instant::now());
        let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
        Some(Timespec { tv_sec: seconds, tv_nsec: i64::from(wait.subsec_nanos()) })
    }

    /// Handles requests; returns whether to stop.
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
                // Both sockets are closed, which notifies waiting clients.
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

    /// Advances the pair or connection with this ID.
    fn advance(&mut self, id: u64) {
        let Some(pair) = self.pairs.get_mut(&id) else {
            if self.ports.contains_key(&id) {
                return self.accept(id);
            }
            // Neither a port nor a pair: a waiting connection, or an event that arrived after the end of its
            // connection.
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
                    // If another process still has the socket, it would continue to cause events.
                    let _ = epoll::delete(&self.epoll, pair.socket(side));
                }
                self.pairs.remove(&id);
                self.look_at_ports();
            }
        }
    }
}
