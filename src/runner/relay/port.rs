//! Ports: connections that are accepted here and established again through a connector.
//!
//! While the service refuses connections of a port, only one of its waiting connections is tried at a time; the others
//! cost nothing meanwhile.

use super::Course;
use crate::runner::connector::PendingConnection;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::SocketFlags;
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// How long after a refused connection its port is retried.
pub(super) const RETRY: Duration = Duration::from_millis(10);

/// How many connections of one port are accepted before others have their turn.
const TURN: usize = 64;

/// A listening socket.
#[derive(Debug)]
pub(super) struct Port {
    listener: OwnedFd,
    /// The port in the network namespace of the run.
    target: u16,
    /// Whether connections are accepted: not without a connector, nor if there are too many.
    is_watched: bool,
    /// Whether the service refused the newest connection.
    is_refused: bool,
    /// Waiting connections that are not requested now.
    later: BTreeSet<u64>,
}

/// A connection that was accepted but is not yet established in the namespace of the run.
#[derive(Debug)]
pub(super) struct Waiting {
    client: OwnedFd,
    /// The port that accepted it.
    port: u64,
    since: Instant,
    /// The pending request; `None` after it was refused, or without a connector.
    requested: Option<PendingConnection>,
}

impl Port {
    pub(super) fn new(listener: OwnedFd, target: u16) -> Port {
        Port { listener, target, is_watched: false, is_refused: false, later: BTreeSet::new() }
    }
}

impl Course {
    /// Enables or disables accepting on all ports, depending on whether there is a connector and capacity.
    pub(super) fn look_at_ports(&mut self) {
        let ports: Vec<u64> = self.ports.keys().copied().collect();
        for id in ports {
            self.look_at(id);
        }
    }

    pub(super) fn look_at(&mut self, id: u64) {
        let wanted = self.connector.is_some() && self.has_room() && !self.is_short;
        let Some(port) = self.ports.get_mut(&id) else { return };
        if port.is_watched == wanted {
            return;
        }
        let changed = if wanted {
            epoll::add(&self.epoll, &port.listener, EventData::new_u64(id), EventFlags::IN)
        } else {
            epoll::delete(&self.epoll, &port.listener)
        };
        if changed.is_ok() {
            port.is_watched = wanted;
        }
    }

    fn has_room(&self) -> bool {
        self.pairs.len() + self.waiting.len() < self.most
    }

    /// Accepts the pending connections.
    pub(super) fn accept(&mut self, id: u64) {
        for _ in 0..TURN {
            if !self.has_room() || self.connector.is_none() {
                return self.look_at(id);
            }
            let Some(port) = self.ports.get_mut(&id) else { return };
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            match rustix::net::accept_with(&port.listener, flags) {
                Ok(client) => {
                    let one = self.next_id();
                    self.waiting.insert(one, Waiting { client, port: id, since: Instant::now(), requested: None });
                    self.postpone(one);
                    self.ask_more(id);
                }
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => {
                    // No descriptor is left: the socket would continue to cause events.
                    self.is_short = true;
                    return self.look_at(id);
                }
            }
        }
    }

    /// Lets a connection wait until its port is retried.
    fn postpone(&mut self, id: u64) {
        let Some(waiting) = self.waiting.get_mut(&id) else { return };
        waiting.requested = None;
        if let Some(port) = self.ports.get_mut(&waiting.port) {
            port.later.insert(id);
        }
    }

    /// Requests the waiting connections of a port, unless the service refuses them.
    fn ask_more(&mut self, port: u64) {
        while self.ports.get(&port).is_some_and(|port| !port.is_refused) && self.ask_oldest(port) {}
    }

    /// Requests the oldest waiting connection of a port; `false` if there is none, or none can be requested now.
    fn ask_oldest(&mut self, port: u64) -> bool {
        let Some(port) = self.ports.get_mut(&port) else { return false };
        let Some(waiting) = port.later.first().and_then(|id| self.waiting.get_mut(id)) else { return false };
        let Some(Ok(pending)) = self.connector.as_ref().map(|connector| connector.request(port.target)) else {
            return false;
        };
        let Some(id) = port.later.pop_first() else { return false };
        let flags = EventFlags::IN | EventFlags::ONESHOT;
        if epoll::add(&self.epoll, &pending, EventData::new_u64(id), flags).is_err() {
            port.later.insert(id);
            return false;
        }
        waiting.requested = Some(pending);
        true
    }

    /// Handles the result of a request.
    pub(super) fn hear(&mut self, id: u64) {
        let Some(waiting) = self.waiting.get(&id) else { return };
        let Some(pending) = &waiting.requested else { return };
        let port = waiting.port;
        match pending.poll() {
            // A spurious event, after which the request continues.
            Ok(None) => self.postpone(id),
            Ok(Some(socket)) => {
                self.set_refused(port, false);
                if let Some(waiting) = self.waiting.remove(&id) {
                    self.join(waiting.client, socket);
                }
                self.look_at_ports();
                self.ask_more(port);
            }
            // Refused, absent or ended: another run may come.
            Err(_) => {
                self.set_refused(port, true);
                self.postpone(id);
            }
        }
    }

    fn set_refused(&mut self, port: u64, is_refused: bool) {
        if let Some(port) = self.ports.get_mut(&port) {
            port.is_refused = is_refused;
        }
    }

    /// Resets the state for another run or none, because refusals of the last run no longer matter.
    pub(super) fn begin_anew(&mut self) {
        self.look_at_ports();
        let ports: Vec<u64> = self.ports.keys().copied().collect();
        for id in ports {
            self.set_refused(id, false);
            self.ask_more(id);
        }
    }

    /// When [`Course::look_again`] has work; `None` if another event must come first.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let some_wait = self.connector.is_some() && self.ports.values().any(|port| !port.later.is_empty());
        let retry = (some_wait || self.is_short).then_some(self.retry_at);
        let give_up = self.waiting.values().next().map(|oldest| oldest.since + self.patience);
        retry.into_iter().chain(give_up).min()
    }

    /// Retries refused ports, and gives up connections that waited too long.
    pub(super) fn look_again(&mut self) {
        let now = Instant::now();
        self.give_up(now);
        if now < self.retry_at {
            return;
        }
        self.retry_at = now + RETRY;
        if std::mem::take(&mut self.is_short) {
            self.look_at_ports();
        }
        let ports: Vec<u64> = self.ports.keys().copied().collect();
        for id in ports {
            self.ask_oldest(id);
            self.ask_more(id);
        }
    }

    /// Closes connections that waited too long.
    fn give_up(&mut self, now: Instant) {
        let before = self.waiting.len();
        while let Some(oldest) = self.waiting.first_entry() {
            if now.duration_since(oldest.get().since) < self.patience {
                break;
            }
            let (id, waiting) = oldest.remove_entry();
            if let Some(port) = self.ports.get_mut(&waiting.port) {
                port.later.remove(&id);
            }
        }
        if self.waiting.len() < before {
            self.look_at_ports();
        }
    }
}
