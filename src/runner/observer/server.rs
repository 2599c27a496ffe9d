//! Descriptors that were connected to a name server, and when that is told.

use super::finding::Finding;
use super::log::Found;

/// A descriptor that was connected to a name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Server {
    /// The connection was told.
    Told,
    /// Not yet: a question will say what for. Only the machine's own name servers wait for one.
    Unexplained(Found),
    /// A question said what for; it is told when something else follows.
    Explained(Found),
}

impl Server {
    /// The connection, when nothing was asked over it.
    pub(super) fn unexplained(self) -> Option<Found> {
        match self {
            Server::Unexplained(found) => Some(found),
            Server::Told | Server::Explained(_) => None,
        }
    }

    /// A question said what for.
    pub(super) fn asked(&mut self) {
        if let Server::Unexplained(found) = self {
            *self = Server::Explained(found.clone());
        }
    }

    /// Something else than a question went over it.
    pub(super) fn tell(&mut self) -> Option<Finding> {
        match std::mem::replace(self, Server::Told) {
            Server::Told => None,
            Server::Unexplained(found) | Server::Explained(found) => Some(Finding::Attempt(found)),
        }
    }
}
