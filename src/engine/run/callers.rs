//! Callers: logs an agent that did not identify itself, and where it was detected.

use crate::domain::Caller;
use crate::engine::Runs;
use crate::engine::error::EngineError;
use crate::runner::FoundAgent;
use crate::store::NewOperation;
use serde_json::json;

/// The verb of this log entry.
const VERB: &str = "agent-found";

/// The name of an agent whose own name is invalid: too long, empty, with hidden characters, or `human`.
pub const UNNAMED_AGENT: &str = "unnamed-agent";

impl Runs<'_> {
    /// Logs that the caller of `asked` was detected as `agent` without saying so, and whether the call was refused.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn log_found_agent(
        &self,
        agent: &str,
        found: &FoundAgent,
        asked: &str,
        refused: bool,
    ) -> Result<(), EngineError> {
        let who = Caller::Agent(agent.to_owned()).identity();
        let (subject, place) = (asked.to_owned(), &found.place);
        let result = if refused { "refused" } else { "called by an agent" };
        let reason = format!("{result}: {agent} was found in {place}");
        let detail = json!({"agent": agent, "found_in": place, "refused": refused, "reason": reason});
        self.workspace.transact(|tx| {
            let row = NewOperation { who, verb: VERB.to_owned(), subject, detail, reversible: false };
            Ok(tx.log(&row).map(drop)?)
        })
    }
}
