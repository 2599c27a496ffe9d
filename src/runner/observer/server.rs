//! Descriptors that were connected to a name server, and when the connection is reported.

use super::finding::CallFinding;
use super::log::ObservedAttempt;

/// A descriptor that was connected to a name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Server {
    /// The connection was reported.
    Told,
    /// Not reported yet: a question will explain it. Only connections to the machine's own name servers wait for one.
    Unexplained(ObservedAttempt),
    /// A question explained it; the connection is reported if other data follows.
    Explained(ObservedAttempt),
}

impl Server {
    /// The connection, if no question was sent over it.
    pub(super) fn unexplained(self) -> Option<ObservedAttempt> {
        match self {
            Server::Unexplained(found) => Some(found),
            Server::Told | Server::Explained(_) => None,
        }
    }

    /// Records that a question was sent.
    pub(super) fn asked(&mut self) {
        if let Server::Unexplained(found) = self {
            *self = Server::Explained(found.clone());
        }
    }

    /// Records that something other than a question was sent.
    pub(super) fn tell(&mut self) -> Option<CallFinding> {
        match std::mem::replace(self, Server::Told) {
            Server::Told => None,
            Server::Unexplained(found) | Server::Explained(found) => Some(CallFinding::Attempt(found)),
        }
    }
}
