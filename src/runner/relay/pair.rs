//! Two sockets, and what is on its way between them.

use rustix::io::Errno;
use rustix::net::Shutdown;
use std::os::fd::OwnedFd;

/// How much one pair passes on before others have their turn, in pieces.
const TURN: usize = 8;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

/// The result of passing on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// Until something happens there is nothing to do.
    AsFarAsPossible,
    /// There may be more: it is the turn of others.
    More,
    /// Both directions have ended, or a socket is broken.
    Over,
}

/// Two sockets.
#[derive(Debug)]
pub(super) struct Pair {
    a: OwnedFd,
    b: OwnedFd,
    to_b: Flow,
    to_a: Flow,
}

/// One direction.
#[derive(Debug, Default)]
struct Flow {
    /// What the target has not taken.
    rest: Vec<u8>,
    /// How much of it was taken since.
    taken: usize,
    /// Whether the source has ended.
    has_ended: bool,
    /// Whether the target was told.
    is_over: bool,
}

impl Pair {
    /// Takes two connected sockets, which do not block from now on.
    pub(super) fn new(a: OwnedFd, b: OwnedFd) -> rustix::io::Result<Pair> {
        for socket in [&a, &b] {
            rustix::io::ioctl_fionbio(socket, true)?;
            // Not every socket is one of TCP. Whoever wrote it has decided when it is sent.
            let _ = rustix::net::sockopt::set_tcp_nodelay(socket, true);
        }
        Ok(Pair { a, b, to_b: Flow::default(), to_a: Flow::default() })
    }

    pub(super) fn socket(&self, side: Side) -> &OwnedFd {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    /// Passes on what can be passed on now, in both directions.
    pub(super) fn advance(&mut self, piece: &mut [u8]) -> Moved {
        let there = self.to_b.advance(&self.a, &self.b, piece);
        let back = self.to_a.advance(&self.b, &self.a, piece);
        match (there, back) {
            (Err(_), _) | (_, Err(_)) => Moved::Over,
            (Ok(_), Ok(_)) if self.to_b.is_over && self.to_a.is_over => Moved::Over,
            (Ok(true), _) | (_, Ok(true)) => Moved::More,
            (Ok(false), Ok(false)) => Moved::AsFarAsPossible,
        }
    }
}

impl Flow {
    /// Passes on; whether there may be more at once.
    fn advance(&mut self, from: &OwnedFd, to: &OwnedFd, piece: &mut [u8]) -> rustix::io::Result<bool> {
        for _ in 0..TURN {
            if self.is_over || !self.give_rest(to)? {
                return Ok(false);
            }
            if self.has_ended {
                rustix::net::shutdown(to, Shutdown::Write)?;
                self.is_over = true;
                return Ok(false);
            }
            match rustix::io::read(from, &mut *piece) {
                Ok(0) => self.has_ended = true,
                Ok(got) => self.give(to, &piece[..got])?,
                Err(Errno::AGAIN) => return Ok(false),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Gives a piece, and keeps what is not taken.
    fn give(&mut self, to: &OwnedFd, mut piece: &[u8]) -> rustix::io::Result<()> {
        while !piece.is_empty() {
            match send(to, piece) {
                Ok(sent) => piece = &piece[sent..],
                Err(Errno::AGAIN) => {
                    (self.rest, self.taken) = (piece.to_vec(), 0);
                    return Ok(());
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives what was kept; whether all of it was taken.
    fn give_rest(&mut self, to: &OwnedFd) -> rustix::io::Result<bool> {
        while self.taken < self.rest.len() {
            match send(to, &self.rest[self.taken..]) {
                Ok(sent) => self.taken += sent,
                Err(Errno::AGAIN) => return Ok(false),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        // Idle connections hold no memory.
        (self.rest, self.taken) = (Vec::new(), 0);
        Ok(true)
    }
}

fn send(to: &OwnedFd, piece: &[u8]) -> rustix::io::Result<usize> {
    rustix::net::send(to, piece, rustix::net::SendFlags::NOSIGNAL)
}
