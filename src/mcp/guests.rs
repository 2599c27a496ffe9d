//! Agents that connect over HTTP. Each is identified by its token and has its own server, sessions and limits, so one
//! agent can neither use the session of another nor see its requests.

use super::Listed;
use super::limits::{RecentCalls, now_ms};
use super::server::Server;
use crate::engine::{Engine, EngineError, Token};
use http_body_util::Full;
use http_body_util::combinators::BoxBody;
use hyper::body::Bytes;
use hyper::{Request, Response};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{SessionManager, StreamableHttpServerConfig, StreamableHttpService};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, spawn_blocking};

/// Maximum size of a request, bytes: the largest call has 4 MiB before its text is escaped for JSON.
pub(super) const MOST_BODY: usize = 10 << 20;
/// Maximum number of open connections of an agent.
const MOST_CONNECTIONS: usize = 32;
/// Maximum number of open sessions of an agent.
const MOST_SESSIONS: usize = 64;
/// Number of events of a stream that are kept for a client whose connection broke. A session without a connection ends
/// before it has that many.
const KEPT_EVENTS: usize = 512;
/// An agent without a request for this long, and without a session, counts as disconnected.
const IDLE: Duration = Duration::from_mins(5);
/// Interval between checks whether an agent may stay connected.
const STEP: Duration = Duration::from_millis(500);
/// Time for runs to end by themselves when their agent is disconnected.
const GRACE: Duration = Duration::from_secs(1);

/// The response for an agent.
pub(super) type Answer = Response<BoxBody<Bytes, Infallible>>;

/// The server of one agent.
type Service = StreamableHttpService<Server, LocalSessionManager>;

/// All connected agents.
pub(super) struct Guests {
    engine: Engine,
    listed: Listed,
    hosts: Vec<String>,
    present: Mutex<HashMap<i64, Arc<Guest>>>,
    closing: AtomicBool,
}

/// A connected agent.
pub(super) struct Guest {
    token: i64,
    server: Server,
    service: Service,
    sessions: Arc<LocalSessionManager>,
    /// Sessions are opened one at a time; otherwise the limit could be exceeded.
    opening: tokio::sync::Mutex<()>,
    connections: Arc<Semaphore>,
    requests: Mutex<(RecentCalls, Instant)>,
    most_requests: usize,
    changes: AbortHandle,
    unanswered: Ids,
}

/// Ids of unanswered requests, each with its session.
type Ids = Arc<Mutex<HashSet<(String, String)>>>;

/// An unanswered request; dropped when its answer ends.
pub(super) struct Unanswered {
    ids: Ids,
    id: (String, String),
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Why a request is not answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// There is no valid token.
    Unknown,
    /// There were too many requests; the next one is accepted after this many seconds.
    TooMany(u64),
    /// The agent has too many sessions.
    Sessions,
    /// The agent has too many connections.
    Connections,
    /// The workspace could not be read.
    Trouble,
    /// The server is shutting down.
    Closing,
}

impl Guests {
    /// A server without connections. Requests are served for these host names.
    pub(super) fn new(engine: Engine, listed: Listed, address: IpAddr, hosts: &[String]) -> Guests {
        let mut known = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned(), "::1".to_owned()];
        if !address.is_unspecified() {
            known.push(address.to_string());
        }
        known.extend_from_slice(hosts);
        Guests { engine, listed, hosts: known, present: Mutex::default(), closing: AtomicBool::new(false) }
    }

    /// The agent with this token.
    ///
    /// # Errors
    /// See [`Denied`].
    pub(super) fn admit(&self, secret: &str) -> Result<Arc<Guest>, Denied> {
        if self.closing.load(Ordering::Acquire) {
            return Err(Denied::Closing);
        }
        // One index look-up that does not block, so waiting calls cannot prevent it.
        let token = self.engine.agents().known_by(secret).map_err(|_| Denied::Trouble)?.ok_or(Denied::Unknown)?;
        Ok(self.guest(&token))
    }

    fn present(&self) -> MutexGuard<'_, HashMap<i64, Arc<Guest>>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guest(&self, token: &Token) -> Arc<Guest> {
        let mut present = self.present();
        let fresh = || {
            let engine = self.engine.clone();
            let number = token.token;
            // The time of use is only informational: a failed write does not matter.
            drop(spawn_blocking(move || drop(engine.agents().token_used(number))));
            Arc::new(self.invite(token))
        };
        Arc::clone(present.entry(token.token).or_insert_with(fresh))
    }

    fn invite(&self, token: &Token) -> Guest {
        let server = Server::new(self.engine.clone(), Some(token.agent.clone()), self.listed).beside_others();
        let mut sessions = LocalSessionManager::default();
        sessions.session_config.channel_capacity = KEPT_EVENTS;
        let sessions = Arc::new(sessions);
        let loopback = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"].map(str::to_owned);
        let config = StreamableHttpServerConfig::default()
            .with_allowed_hosts(self.hosts.iter().cloned())
            .with_allowed_origins(loopback)
            .enforce_origin_validation()
            .with_max_request_body_bytes(MOST_BODY);
        let (each, numbers) = (server.clone(), AtomicU64::new(0));
        let session = move || Ok(each.for_session(numbers.fetch_add(1, Ordering::Relaxed)));
        let service = StreamableHttpService::new(session, Arc::clone(&sessions), config);
        let told = server.clone();
        let changes = tokio::spawn(async move { told.tell_changes().await }).abort_handle();
        let most = self.engine.settings().agents.requests_per_minute;
        let requests = Mutex::new((RecentCalls::default(), Instant::now()));
        Guest {
            token: token.token,
            server,
            service,
            sessions,
            opening: tokio::sync::Mutex::default(),
            connections: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
            requests,
            most_requests: most,
            changes,
            unanswered: Ids::default(),
        }
    }

    /// Disconnects agents whose token was revoked, whose connection a human ended, or that left without notice. Runs as
    /// long as the server.
    pub(super) async fn look_after(&self) {
        let mut step = tokio::time::interval(STEP);
        loop {
            step.tick().await;
            let all: Vec<Arc<Guest>> = self.present().values().cloned().collect();
            if all.is_empty() {
                continue;
            }
            let connections = all.iter().map(|guest| (guest.token, guest.server.connection())).collect();
            let engine = self.engine.clone();
            let unwanted = spawn_blocking(move || unwanted(&engine, connections)).await;
            // Records a request of a session; `None` if a request with this id is unanswered, because the SDK would
            // confuse them.
            let Ok(Ok(unwanted)) = unwanted else { continue };
            for guest in all {
                if unwanted.contains(&guest.token) || guest.has_left().await {
                    self.present().remove(&guest.token);
                    tokio::spawn(async move { guest.end().await });
                }
            }
        }
    }

    /// Disconnects all agents.
    pub(super) async fn end(&self) {
        self.closing.store(true, Ordering::Release);
        let all: Vec<Arc<Guest>> = self.present().drain().map(|(_, guest)| guest).collect();
        let ends: Vec<_> = all.into_iter().map(|guest| tokio::spawn(async move { guest.end().await })).collect();
        for end in ends {
            // A task that panicked has nothing left to end.
            let _ = end.await;
        }
    }
}

impl Guest {
    /// Answers a request.
    ///
    /// # Errors
    /// See [`Denied`].
    pub(super) async fn answer(&self, request: Request<Full<Bytes>>, is_first: bool) -> Result<Answer, Denied> {
        if !is_first {
            return Ok(self.service.handle(request).await);
        }
        let _turn = self.opening.lock().await;
        if self.sessions.sessions.read().await.len() >= MOST_SESSIONS {
            return Err(Denied::Sessions);
        }
        Ok(self.service.handle(request).await)
    }

    /// Whether the agent has this session.
    pub(super) async fn has_session(&self, session: &str) -> bool {
        self.sessions.sessions.read().await.contains_key(session)
    }

    /// Whether a stream of a session can continue after this event. Answers without a listener are not kept; the SDK
    /// would end such a stream silently.
    pub(super) async fn can_resume(&self, session: &str, event: &str) -> bool {
        self.sessions.resume(&session.into(), event.to_owned()).await.is_ok()
    }

    /// Notes a request of a session; `None` when one with this id has no answer yet, or the SDK would mix both up.
    pub(super) fn begin(&self, session: &str, id: &str) -> Option<Unanswered> {
        let id = (session.to_owned(), id.to_owned());
        let is_new = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
        is_new.then(|| Unanswered { ids: Arc::clone(&self.unanswered), id })
    }

    /// A slot for a connection, held as long as it is open.
    ///
    /// # Errors
    /// [`Denied::Connections`].
    pub(super) fn connect(&self) -> Result<OwnedSemaphorePermit, Denied> {
        Arc::clone(&self.connections).try_acquire_owned().map_err(|_| Denied::Connections)
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`Denied::TooMany`].
    pub(super) fn demand_rate(&self) -> Result<(), Denied> {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.1 = Instant::now();
        requests.0.admit(self.most_requests, now_ms()).map_err(Denied::TooMany)
    }

    async fn has_left(&self) -> bool {
        let last = self.requests.lock().unwrap_or_else(PoisonError::into_inner).1;
        let is_idle = last.elapsed() > IDLE && !self.server.is_listened_to() && !self.server.has_live_runs();
        is_idle && self.sessions.sessions.read().await.is_empty()
    }

    async fn end(&self) {
        self.changes.abort();
        self.service.config.cancellation_token.cancel();
        self.server.leave(GRACE).await;
        let server = self.server.clone();
        // A task that panicked leaves a row, which is removed when this process has ended.
        let _ = spawn_blocking(move || server.say_goodbye()).await;
    }
}

/// The agents whose token is no longer valid, or whose connection is no longer recorded.
fn unwanted(engine: &Engine, all: Vec<(i64, Option<i64>)>) -> Result<Vec<i64>, EngineError> {
    let tokens = engine.agents().tokens()?.tokens;
    let mut unwanted = Vec::new();
    for (token, connection) in all {
        let is_known = tokens.iter().any(|one| one.token == token);
        let was_ended = match connection {
            Some(number) => !engine.agents().is_connected(number)?,
            None => false,
        };
        if !is_known || was_ended {
            unwanted.push(token);
        }
    }
    Ok(unwanted)
}
