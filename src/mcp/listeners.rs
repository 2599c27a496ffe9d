//! The recipients of change notifications: connections of clients after the handshake, and streams that clients opened.

use super::projected::Projected;
use super::resources::Place;
use rmcp::RoleServer;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, SubscriptionSink};
use std::collections::{HashMap, HashSet};

/// Maximum number of addresses that an agent may watch, by subscriptions and streams together.
pub(super) const MOST_WATCHED: usize = 100;
/// Maximum number of open streams of an agent.
pub(super) const MOST_STREAMS: usize = 32;

/// The subscriptions of a client.
#[derive(Clone)]
struct Watched {
    session: u64,
    peer: Peer<RoleServer>,
    place: Place,
}

/// The recipients of changes of the tool list, and the list that was sent last.
#[derive(Default)]
pub(super) struct Listeners {
    peers: Vec<Peer<RoleServer>>,
    streams: Vec<(u64, SubscriptionSink)>,
    next: u64,
    watched: Vec<Watched>,
    stamps: HashMap<Place, Option<String>>,
    /// The library tools that were last listed.
    pub(super) known: Option<Vec<Projected>>,
}

impl Listeners {
    /// Adds a client that opened its connection with the handshake.
    pub(super) fn add_peer(&mut self, peer: Peer<RoleServer>) {
        self.peers.retain(|peer| !peer.is_transport_closed());
        self.peers.push(peer);
    }

    /// Adds a stream that a client opened; returns its number for [`Listeners::remove_stream`]. `None` when the agent
    /// has too many.
    pub(super) fn add_stream(&mut self, stream: SubscriptionSink) -> Option<u64> {
        if self.streams.len() >= MOST_STREAMS {
            return None;
        }
        self.next += 1;
        self.streams.push((self.next, stream));
        Some(self.next)
    }

    /// Removes a closed stream.
    pub(super) fn remove_stream(&mut self, number: u64) {
        self.streams.retain(|(one, _)| *one != number);
    }

    /// Subscribes a client to changes of a resource; `false` when it already watches too many.
    pub(super) fn watch(&mut self, (session, peer): (u64, Peer<RoleServer>), place: Place) -> bool {
        self.watched.retain(|watched| !watched.peer.is_transport_closed());
        let has_room = self.has_room(1);
        if has_room {
            self.watched.push(Watched { session, peer, place });
        }
        has_room
    }

    /// Whether the agent may watch this many additional addresses.
    pub(super) fn has_room(&self, more: usize) -> bool {
        let of_stream = |(_, stream): &(u64, SubscriptionSink)| {
            stream.accepted().resource_subscriptions.as_ref().map_or(0, Vec::len)
        };
        let of_streams: usize = self.streams.iter().map(of_stream).sum();
        self.watched.len() + of_streams + more <= MOST_WATCHED
    }

    /// Ends the subscription of a client to a resource, in this session.
    pub(super) fn unwatch(&mut self, session: u64, place: &Place) {
        self.watched.retain(|watched| watched.session != session || watched.place != *place);
    }

    /// All watched resources.
    pub(super) fn places(&self) -> HashSet<Place> {
        let of_streams = self.streams.iter().flat_map(|(_, stream)| {
            let uris = stream.accepted().resource_subscriptions.as_deref().unwrap_or_default();
            uris.iter().filter_map(|uri| Place::of(uri))
        });
        self.watched.iter().map(|watched| watched.place.clone()).chain(of_streams).collect()
    }

    /// Updates the state of all watched resources. Returns the changed ones; new ones do not count as changed.
    pub(super) fn changed(&mut self, now: HashMap<Place, Option<String>>) -> Vec<Place> {
        let changed = now.iter().filter(|(place, stamp)| self.stamps.get(*place).is_some_and(|was| was != *stamp));
        let changed = changed.map(|(place, _)| place.clone()).collect();
        self.stamps = now;
        changed
    }

    /// Whether a client has an open stream.
    pub(super) fn is_listened_to(&self) -> bool {
        !self.streams.is_empty()
    }

    /// The present listeners.
    pub(super) fn all(&self) -> Listening {
        Listening {
            peers: self.peers.clone(),
            watched: self.watched.clone(),
            streams: self.streams.iter().map(|(_, stream)| stream.clone()).collect(),
        }
    }
}

/// The listeners at one moment. A listener that has left since needs no notification, so failures are ignored.
pub(super) struct Listening {
    peers: Vec<Peer<RoleServer>>,
    watched: Vec<Watched>,
    streams: Vec<SubscriptionSink>,
}

impl Listening {
    /// Notifies the watchers of this resource.
    pub(super) async fn resource_updated(&self, place: &Place) {
        let uri = place.to_string();
        for watched in self.watched.iter().filter(|watched| watched.place == *place) {
            let _ = watched.peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri.clone())).await;
        }
        for stream in &self.streams {
            // A stream without this subscription returns an error.
            let _ = stream.notify_resource_updated(uri.clone()).await;
        }
    }

    /// Notifies that the tool list changed.
    pub(super) async fn tools_changed(&self) {
        for peer in &self.peers {
            let _ = peer.notify_tool_list_changed().await;
        }
        for stream in &self.streams {
            let _ = stream.notify_tool_list_changed().await;
        }
    }
}
