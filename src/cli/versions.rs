//! Versions of a tool: `promote --to session`, `trim`.

use super::call::Call;
use super::done::{Done, announce_and_execute};
use crate::domain::{Command, GrantScope};
use crate::engine::{EngineError, ErrorCode};

/// `promote NAME@VERSION --to session`.
pub(super) fn use_in_session(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let name = call.required("tool")?;
    let tool = engine.library().resolve(name)?;
    let Some(session) = engine.grants().session() else {
        let message = "this command does not belong to a session";
        let hint = "set TOOLSMITH_SESSION to a name shared by the calls of the session, or promote it in the workbench";
        return Err(EngineError::new(ErrorCode::Usage, message, hint));
    };
    let scope = GrantScope::Session(session.to_owned());
    announce_and_execute(call, &engine, Command::UseInSession { tool: name.to_owned(), digest: tool.digest, scope })
}

pub(super) fn trim(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let tool = call.required("tool")?.to_owned();
    let versions = engine.versions().trimmed(&tool)?;
    announce_and_execute(call, &engine, Command::Trim { tool, versions })
}
