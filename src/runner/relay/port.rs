//! Ports: connections that are accepted here and made again through a connector.

use super::{Course, MOST, PATIENCE, Source};
use crate::runner::connector::PendingConnection;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::SocketFlags;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// How long after a refused connection it is tried again.
pub(super) const RETRY: Duration = Duration::from_millis(10);

/// Connections of one port that are accepted before others have their turn.
const TURN: usize = 64;

/// A listening socket.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) listener: OwnedFd,
    /// The port in the network namespace of the run.
    pub(super) target: u16,
    /// Whether connections are taken: not without a connector, nor when there are too many.
    pub(super) is_watched: bool,
}

/// A connection that was accepted and is not yet made in the namespace of the run.
#[derive(Debug)]
pub(super) struct Waiting {
    client: OwnedFd,
    port: u16,
    since: Instant,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// It was asked for.
    Requested(PendingConnection),
    /// It was refused, or there is no connector.
    Later,
}

impl Course {
    /// Takes connections of all ports, or of none, as there is somewhere to lead them.
    pub(super) fn look_at_ports(&mut self) {
        let ports: Vec<u64> =
            self.sources.iter().filter(|(_, source)| matches!(source, Source::Port(_))).map(|(id, _)| *id).collect();
        for id in ports {
            self.look_at(id);
        }
    }

    pub(super) fn look_at(&mut self, id: u64) {
        let wanted = self.connector.is_some() && self.pairs + self.waiting < MOST && !self.is_short;
        let Some(Source::Port(port)) = self.sources.get_mut(&id) else { return };
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

    /// Accepts what there is.
    pub(super) fn accept(&mut self, id: u64) {
        for _ in 0..TURN {
            if self.pairs + self.waiting >= MOST || self.connector.is_none() {
                return self.look_at(id);
            }
            let Some(Source::Port(port)) = self.sources.get(&id) else { return };
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            match rustix::net::accept_with(&port.listener, flags) {
                Ok(client) => {
                    let (port, since) = (port.target, Instant::now());
                    self.waiting += 1;
                    let id = self.add(Source::Waiting(Waiting { client, port, since, step: Step::Later }));
                    self.ask(id);
                }
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => {
                    // No descriptor is left: it would go on to wake us.
                    self.is_short = true;
                    return self.look_at(id);
                }
            }
        }
    }

    /// Asks for the connection of one that waits.
    fn ask(&mut self, id: u64) {
        let Some(Source::Waiting(waiting)) = self.sources.get_mut(&id) else { return };
        let Some(Ok(pending)) = self.connector.as_ref().map(|connector| connector.request(waiting.port)) else {
            return;
        };
        let flags = EventFlags::IN | EventFlags::ONESHOT;
        if epoll::add(&self.epoll, &pending, EventData::new_u64(id), flags).is_ok() {
            waiting.step = Step::Requested(pending);
        }
    }

    /// Takes the answer.
    pub(super) fn hear(&mut self, id: u64) {
        let Some(Source::Waiting(waiting)) = self.sources.get_mut(&id) else { return };
        let Step::Requested(pending) = &waiting.step else { return };
        match pending.poll() {
            Ok(None) => {
                // Woken for nothing, which is not for ever.
                let _ = epoll::delete(&self.epoll, pending);
                waiting.step = Step::Later;
            }
            Ok(Some(socket)) => {
                if let Some(Source::Waiting(waiting)) = self.sources.remove(&id) {
                    self.waiting -= 1;
                    self.join(waiting.client, socket);
                }
            }
            // Refused, not there, or over: another may come.
            Err(_) => waiting.step = Step::Later,
        }
    }

    /// Tries again what was refused, and gives up what waited too long or whose client is gone.
    pub(super) fn look_again(&mut self) {
        let now = Instant::now();
        if now < self.look_at {
            return;
        }
        self.look_at = now + RETRY;
        if std::mem::take(&mut self.is_short) {
            self.look_at_ports();
        }
        if self.waiting == 0 {
            return;
        }
        let ids: Vec<u64> =
            self.sources.iter().filter(|(_, source)| matches!(source, Source::Waiting(_))).map(|(id, _)| *id).collect();
        for id in ids {
            let Some(Source::Waiting(waiting)) = self.sources.get(&id) else { continue };
            if now.duration_since(waiting.since) > PATIENCE {
                self.sources.remove(&id);
                self.waiting -= 1;
            } else if matches!(waiting.step, Step::Later) {
                self.ask(id);
            }
        }
    }
}
