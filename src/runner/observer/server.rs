//! Descriptors that were connected to a name server, and when that is told.

use super::finding::CallFinding;
use super::log::ObservedAttempt;

/// A descriptor that was connected to a name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Server {
    /// The connection was told.
    Told,
    /// Not yet: a question will say what for. Only the machine's own name servers wait for one.
    Unexplained(ObservedAttempt),
    /// A question said what for; it is told when something else follows.
    Explained(ObservedAttempt),
}

impl Server {
    /// The connection, when nothing was asked over it.
    pub(super) fn unexplained(self) -> Option<ObservedAttempt> {
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
    pub(super) fn tell(&mut self) -> Option<CallFinding> {
        match std::mem::replace(self, Server::Told) {
            Server::Told => None,
            Server::Unexplained(found) | Server::Explained(found) => Some(CallFinding::Attempt(found)),
        }
    }
}
