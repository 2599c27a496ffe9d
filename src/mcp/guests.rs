//! Agents that connect over HTTP. Each is known by its token and has a server, sessions and limits of its own, so one
//! agent can neither use the session of another nor see what it asked.

use super::Listed;
use super::limits::{CallLimit, REQUESTS_PER_MINUTE};
use super::server::Server;
use crate::engine::{Engine, EngineError, Token};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::{AbortHandle, spawn_blocking};

/// Largest request, bytes: the largest call has 4 MiB before its text is escaped for JSON.
const MOST_BODY: usize = 10 << 20;
/// Sessions that an agent may have open at the same time.
const MOST_SESSIONS: usize = 64;
/// An agent that asks nothing for so long, and has no session, has left.
const IDLE: Duration = Duration::from_mins(5);
/// How often it is looked whether an agent may stay.
const STEP: Duration = Duration::from_millis(500);
/// How long runs have to end by themselves when their agent has to leave.
const GRACE: Duration = Duration::from_secs(1);

/// What serves the requests of one agent.
pub(super) type Service = StreamableHttpService<Server, LocalSessionManager>;

/// Everybody who is connected.
pub(super) struct Guests {
    engine: Engine,
    listed: Listed,
    hosts: Vec<String>,
    present: Mutex<HashMap<i64, Arc<Guest>>>,
}

/// One agent that is connected.
pub(super) struct Guest {
    token: i64,
    server: Server,
    /// Answers its requests.
    pub(super) service: Service,
    sessions: Arc<LocalSessionManager>,
    requests: Mutex<(CallLimit, Instant)>,
    changes: AbortHandle,
}

/// Why a request is not answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// It carries no valid token.
    Unknown,
    /// There were too many; the next is taken after so many seconds.
    TooMany(u64),
    /// The agent has too many sessions.
    Sessions,
    /// The workspace could not be read.
    Trouble,
}

impl Guests {
    /// Nobody yet. Requests are served for these host names.
    pub(super) fn new(engine: Engine, listed: Listed, address: IpAddr, hosts: &[String]) -> Guests {
        let mut known = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned(), "::1".to_owned()];
        if !address.is_unspecified() {
            known.push(address.to_string());
        }
        known.extend_from_slice(hosts);
        Guests { engine, listed, hosts: known, present: Mutex::default() }
    }

    /// The agent whose token this is. `opens_session`: whether the request may open a session.
    ///
    /// # Errors
    /// See [`Denied`].
    pub(super) async fn admit(&self, secret: String, opens_session: bool) -> Result<Arc<Guest>, Denied> {
        let engine = self.engine.clone();
        let token = spawn_blocking(move || engine.agents().known_by(&secret)).await;
        let token = token.map_err(|_| Denied::Trouble)?.map_err(|_| Denied::Trouble)?.ok_or(Denied::Unknown)?;
        let guest = self.guest(&token);
        guest.demand_rate()?;
        if opens_session && guest.sessions.sessions.read().await.len() >= MOST_SESSIONS {
            return Err(Denied::Sessions);
        }
        Ok(guest)
    }

    fn present(&self) -> MutexGuard<'_, HashMap<i64, Arc<Guest>>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guest(&self, token: &Token) -> Arc<Guest> {
        let mut present = self.present();
        let fresh = || {
            let engine = self.engine.clone();
            let number = token.token;
            // When it was used is a remark for the list of tokens: that it cannot be written stops nobody.
            drop(spawn_blocking(move || drop(engine.agents().token_used(number))));
            Arc::new(self.invite(token))
        };
        Arc::clone(present.entry(token.token).or_insert_with(fresh))
    }

    fn invite(&self, token: &Token) -> Guest {
        let server = Server::new(self.engine.clone(), Some(token.agent.clone()), self.listed).beside_others();
        let sessions = Arc::new(LocalSessionManager::default());
        let loopback = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"].map(str::to_owned);
        let config = StreamableHttpServerConfig::default()
            .with_allowed_hosts(self.hosts.iter().cloned())
            .with_allowed_origins(loopback)
            .enforce_origin_validation()
            .with_max_request_body_bytes(MOST_BODY);
        let each = server.clone();
        let service = StreamableHttpService::new(move || Ok(each.clone()), Arc::clone(&sessions), config);
        let told = server.clone();
        let changes = tokio::spawn(async move { told.tell_changes().await }).abort_handle();
        let requests = Mutex::new((CallLimit::new(REQUESTS_PER_MINUTE), Instant::now()));
        Guest { token: token.token, server, service, sessions, requests, changes }
    }

    /// Sends away whose token was revoked, whose connection a human ended, and who left without a word. Runs as long as
    /// the server.
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
            // What cannot be read now is read at the next look.
            let Ok(Ok(unwanted)) = unwanted else { continue };
            for guest in all {
                if unwanted.contains(&guest.token) || guest.has_left().await {
                    self.present().remove(&guest.token);
                    tokio::spawn(async move { guest.end().await });
                }
            }
        }
    }

    /// Sends everybody away.
    pub(super) async fn end(&self) {
        let all: Vec<Arc<Guest>> = self.present().drain().map(|(_, guest)| guest).collect();
        let ends: Vec<_> = all.into_iter().map(|guest| tokio::spawn(async move { guest.end().await })).collect();
        for end in ends {
            // One that panicked has nothing left to end.
            let _ = end.await;
        }
    }
}

impl Guest {
    fn demand_rate(&self) -> Result<(), Denied> {
        let now = Instant::now();
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.1 = now;
        requests.0.admit(now).map_err(Denied::TooMany)
    }

    async fn has_left(&self) -> bool {
        let last = self.requests.lock().unwrap_or_else(PoisonError::into_inner).1;
        last.elapsed() > IDLE && !self.server.is_listened_to() && self.sessions.sessions.read().await.is_empty()
    }

    async fn end(&self) {
        self.changes.abort();
        self.service.config.cancellation_token.cancel();
        self.server.leave(GRACE).await;
        let server = self.server.clone();
        // One that panicked leaves a row that is removed when this process has ended.
        let _ = spawn_blocking(move || server.say_goodbye()).await;
    }
}

/// Whose token is not valid now, or whose connection is not noted now.
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
