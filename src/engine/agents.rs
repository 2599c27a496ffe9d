//! Connected agents: lists them and their activity, and ends a connection.

use super::Engine;
use super::error::{EngineError, ErrorCode};
use super::owner::{live_process, owner_alive};
use super::plain_verb::{Described, Perform, PlainQuery, PlainVerb, argument, parsed};
use super::view::{ConnectedAgent, Preview};
use super::workspace::Workspace;
use crate::domain::description::{Align, Content, Describe, Description, Ink, Table};
use crate::domain::{Caller, Outcome, ReviewState, RunOutcome, VerbCall, count, grouped};
use crate::engine::view::RunFilter;
use crate::runner;
use crate::store::{ConnectionRow, NewOperation, agent_connections, connect_agent, disconnect_agent};
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

/// Lists the connected agents.
pub(super) const AGENTS: PlainQuery = PlainQuery {
    name: "agents",
    needs_catalog: false,
    answer: |engine, _, _| Described::of(&AgentList { agents: engine.agents().list()? }),
};

/// Ends a connection.
pub(super) const DISCONNECT: PlainVerb = PlainVerb {
    name: "disconnect",
    needs_catalog: false,
    preview: |engine, call| engine.agents().preview_disconnect(call),
    perform: Perform::Human(|engine, who, call| engine.agents().disconnect(who, call)),
};

/// The connected agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentList {
    /// Oldest connection first.
    pub agents: Vec<ConnectedAgent>,
}

impl Describe for AgentList {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        let heads = [
            ("number", Align::Right),
            ("agent", Align::Left),
            ("client", Align::Left),
            ("since", Align::Right),
            ("runs", Align::Right),
            ("asks", Align::Right),
        ];
        let mut table = Table::new(&heads);
        for agent in &self.agents {
            table.row([
                (Ink::Strong, Content::from(agent.connection.to_string())),
                (Ink::Strong, agent.agent.clone().into()),
                (Ink::Plain, agent.client.clone().into()),
                (Ink::Dim, agent.since.into()),
                (Ink::Plain, grouped(agent.runs).into()),
                (if agent.waiting > 0 { Ink::Warn } else { Ink::Plain }, grouped(agent.waiting).into()),
            ]);
        }
        if !self.agents.is_empty() {
            told.table(table);
        }
        told.summary(format!("{} connected", count(self.agents.len(), "agent")));
        if !self.agents.is_empty() {
            told.next("`toolsmith disconnect NUMBER` ends a connection");
        }
        told
    }
}

/// The folder with the request counters of connected agents, in the state folder.
const LIMITS: &str = "agents";

/// Agents over the Model Context Protocol.
#[derive(Clone, Copy)]
pub struct Agents<'e> {
    pub(super) engine: &'e Engine,
    pub(super) workspace: &'e Workspace,
}

impl Agents<'_> {
    /// The folder with the request counters of connected agents. All processes that serve agents share it. It may not
    /// exist yet.
    pub fn limits_folder(&self) -> PathBuf {
        self.workspace.state_dir.join(LIMITS)
    }

    /// The connected agents, oldest connection first.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn list(&self) -> Result<Vec<ConnectedAgent>, EngineError> {
        let rows = self.workspace.read(|q| Ok(agent_connections(q)?))?;
        let rows: Vec<_> = rows.into_iter().filter(|row| owner_alive(&row.owner)).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let waiting = self.workspace.read(|q| Ok(q.reviews(&[ReviewState::Waiting])?))?;
        let running =
            self.engine.runs().list(&RunFilter { outcome: Some(RunOutcome::Running), ..RunFilter::default() })?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let asker = Caller::Agent(row.agent.clone()).identity();
                ConnectedAgent {
                    connection: row.id,
                    runs: running.iter().filter(|run| run.caller == row.agent).count(),
                    waiting: waiting.iter().filter(|review| review.asker.as_ref() == Some(&asker)).count(),
                    agent: row.agent,
                    client: row.client,
                    since: row.since,
                }
            })
            .collect())
    }

    /// Records that this process serves an agent (`is_shared`: possibly others as well), and removes connections whose
    /// process has ended.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn connect(&self, agent: &str, client: &str, is_shared: bool) -> Result<i64, EngineError> {
        self.forget_dead()?;
        let owner = self.workspace.owner.clone();
        self.workspace.transact(|tx| Ok(connect_agent(tx, agent, client, (&owner, is_shared))?))
    }

    /// Whether this connection is still recorded: a human may have ended it.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn is_connected(&self, connection: i64) -> Result<bool, EngineError> {
        let rows = self.workspace.read(|q| Ok(agent_connections(q)?))?;
        Ok(rows.iter().any(|row| row.id == connection))
    }

    /// Records that the agent of a connection has disconnected.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn leave(&self, connection: i64) -> Result<(), EngineError> {
        self.workspace.transact(|tx| Ok(disconnect_agent(tx, connection)?))
    }

    /// Removes connections whose process has ended.
    pub(super) fn forget_dead(&self) -> Result<(), EngineError> {
        if self.workspace.viewing().is_some() {
            return Ok(());
        }
        let rows = self.workspace.read(|q| Ok(agent_connections(q)?))?;
        for row in rows.iter().filter(|row| !owner_alive(&row.owner)) {
            self.leave(row.id)?;
        }
        Ok(())
    }

    fn named(&self, call: &VerbCall) -> Result<ConnectionRow, EngineError> {
        argument(call, "connection")?;
        let id: i64 = parsed(call, "connection")?.unwrap_or_default();
        let rows = self.workspace.read(|q| Ok(agent_connections(q)?))?;
        rows.into_iter().find(|row| row.id == id && owner_alive(&row.owner)).ok_or_else(|| {
            let message = format!("there is no connection {id}");
            EngineError::new(ErrorCode::NotFound, message, "`toolsmith agents` lists connections")
        })
    }

    fn preview_disconnect(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let row = self.named(call)?;
        let again = if row.is_shared {
            "it may connect again; `toolsmith revoke-token` keeps it out"
        } else {
            "its client may connect again"
        };
        Ok(Preview {
            title: format!("Disconnect {}", row.agent),
            lines: vec!["its runs are cancelled; its requests stay in the queue".to_owned()],
            undo: again.to_owned(),
        })
    }

    fn disconnect(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let ConnectionRow { id: connection, agent, owner, is_shared, .. } = self.named(call)?;
        let operation = self.workspace.transact(|tx| {
            if is_shared {
                // The process also serves other agents, so it is not ended; it notices that the connection is gone.
                disconnect_agent(tx, connection)?;
            }
            let row = NewOperation {
                who: who.to_owned(),
                verb: "disconnect".to_owned(),
                subject: agent.clone(),
                detail: json!({"connection": connection}),
                reversible: false,
            };
            Ok(tx.log(&row)?)
        })?;
        if !is_shared && let Some(process) = live_process(&owner) {
            runner::ask_to_end(process);
        }
        Ok(Outcome {
            operation: Some(operation),
            review: None,
            message: format!("{agent} is disconnected"),
            commit: None,
            detail: serde_json::Value::Null,
        })
    }
}
