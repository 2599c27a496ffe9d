//! The front end for agents: offers the verbs as tools of the Model Context Protocol (MCP).
//!
//! ```text
//!   client ──stdin──▶ rmcp ──▶ server ──▶ calls ──▶ engine
//!          ◀─stdout──      ◀── answer ◀──────────
//! ```
//!
//! `tools` generates the list of tools from the [table of actions](crate::action::ACTIONS), `arguments` validates what
//! a client sends, `calls` calls the engine, and `answer` converts the outcome into an MCP result. This module contains
//! no rules of the product: every client is a [`Caller::Agent`](crate::domain::Caller::Agent), whatever it claims, and
//! the engine decides what an agent may do. So nothing that arrives through a client is the approval of a human.
//!
//! Both forms of the protocol are supported: the handshake with `initialize` (up to 2025-11-25), and requests that
//! carry their own metadata (2026-07-28). Standard output carries the protocol: nothing else may write to it.

mod answer;
mod arguments;
mod calls;
mod exact;
#[cfg(feature = "mcp-http")]
mod guests;
mod handler;
mod hints;
#[cfg(feature = "mcp-http")]
mod http;
mod limits;
mod listeners;
mod lost;
mod own;
mod portable;
mod projected;
mod prompts;
mod resources;
mod running;
mod server;
mod tools;
mod visible;
mod wire;

use crate::engine::{EngineError, ErrorCode, FoundAgent, Limits, OpenOptions};
pub use projected::Listed;
use server::Server;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The configuration of a server.
#[derive(Debug, Clone)]
pub struct Serving {
    /// Workspace and folders to open.
    pub options: OpenOptions,
    /// The name of the agent (`--as-agent`, or as detected); `None` uses the name that the client states.
    pub agent: Option<String>,
    /// Where the agent was detected, if it did not declare itself.
    pub found: Option<FoundAgent>,
    /// The tools and tiers that this process may use.
    pub limits: Limits,
    /// The session that this process is called from.
    pub session: Option<String>,
    /// Which tools of the library are listed as MCP tools.
    pub listed: Listed,
    /// Reports problems that do not belong to a request of the agent.
    pub warn: Warn,
}

/// Writes one sentence to standard error.
pub type Warn = fn(&str);

/// The address of the HTTP server.
#[derive(Debug, Clone)]
pub struct HttpAddress {
    /// The address to listen on; port 0 selects a free port.
    pub address: std::net::SocketAddr,
    /// Host names that clients may use in addition to those of this machine, for example the name of a proxy.
    pub hosts: Vec<String>,
}

/// The number of threads that answer agents over HTTP.
#[cfg(feature = "mcp-http")]
const WORKERS: usize = 4;

/// Time for runs to end by themselves after the client has disconnected.
const GRACE: Duration = Duration::from_millis(50);
/// Maximum lifetime of this process after the client has disconnected.
const LAST_MOMENT: Duration = Duration::from_millis(70);

/// Serves one client on standard input and output until it closes the input.
///
/// # Errors
/// Those of opening the workspace; `Failed` when the client does not speak the protocol.
pub fn serve(serving: Serving) -> Result<(), EngineError> {
    let clients = serving.options.home.clients();
    let engine = serving.options.open_to_serve()?;
    engine.grants().enter_session(serving.session);
    engine.tool_sets().limit(&serving.limits)?;
    if let (Some(agent), Some(found)) = (&serving.agent, &serving.found) {
        engine.runs().log_found_agent(agent, found, "mcp", false)?;
    }
    // Processes that this client starts belong to the agent, too, whatever they claim. An agent without a given name is
    // recorded again when the client states its name, so that the next connection of this client is the same agent.
    match (&serving.agent, clients.note(serving.agent.as_deref().unwrap_or_default())) {
        (_, Ok(())) => {}
        (Some(_), Err(error)) => return Err(EngineError::internal(error)),
        (None, Err(error)) => (serving.warn)(&format!("the client could not be noted as an agent: {error}")),
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(EngineError::internal)?;
    let server = Server::new(engine, serving.agent, serving.listed).of_client(clients, serving.warn);
    let served = runtime.block_on(converse(server.clone()));
    // The client of a call that still blocks has disconnected.
    runtime.shutdown_background();
    // The process ends now: freeing a large catalog would make its client wait.
    std::mem::forget(server);
    served
}

/// Serves agents over HTTP until this process is told to end. Each agent needs a token; `tell` is called with the
/// address of the server.
///
/// # Errors
/// Those of opening the workspace; `Failed` when the address cannot be used.
#[cfg(feature = "mcp-http")]
pub fn serve_http(serving: Serving, at: &HttpAddress, tell: &dyn Fn(&str)) -> Result<(), EngineError> {
    let engine = serving.options.open_to_serve()?;
    engine.tool_sets().limit(&serving.limits)?;
    // More than one thread, so that no agent can block the others.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(EngineError::internal)?;
    let served = runtime.block_on(async {
        let listener = http::listen(at.address).await?;
        let address = listener.local_addr().map_err(EngineError::internal)?;
        Server::new(engine.clone(), None, serving.listed).read_ahead();
        tell(&format!("http://{address}/mcp"));
        let guests = guests::Guests::new(engine, serving.listed, address.ip(), &at.hosts);
        http::serve(listener, std::sync::Arc::new(guests)).await
    });
    runtime.shutdown_background();
    served
}

async fn converse(server: Server) -> Result<(), EngineError> {
    server.read_ahead();
    let (wire, mut ends) = wire::standard(server.most_unanswered());
    let service = match Box::pin(rmcp::serve_server(ends.counted(server.clone()), wire)).await {
        Ok(service) => service,
        // A client that disconnects before its first message.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => {
            let message = format!("the client does not speak the protocol: {error}");
            return Err(EngineError::new(ErrorCode::Failed, message, "`toolsmith mcp` is for MCP clients"));
        }
    };
    ends.begin();
    let mut terminated = signal(SignalKind::terminate()).map_err(EngineError::internal)?;
    let mut over = tokio::spawn(service.waiting());
    let is_over = tokio::select! {
        // Runs as long as the connection.
        () = server.tell_changes() => false,
        // The output cannot be written: the client has closed it.
        _ = &mut over => true,
        () = ends.closed() => false,
        // A human disconnects the agent, or the client ends this process.
        _ = terminated.recv() => false,
    };
    let ended = async {
        // The store may be busy with another process. Blocking this thread would delay the end.
        let leaving = server.clone();
        let goodbye = tokio::task::spawn_blocking(move || leaving.say_goodbye());
        server.leave(GRACE).await;
        // Nobody is left to receive an error.
        if !is_over {
            let _ = over.await;
        }
        let _ = goodbye.await;
    };
    // The clients of calls that still block have disconnected.
    let _ = tokio::time::timeout(LAST_MOMENT, ended).await;
    Ok(())
}
