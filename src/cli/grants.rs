//! Grants: `grant`, `grants`, `revoke`.

use super::call::{Answer, Call};
use super::done::{Done, announce_and_execute};
use super::print_text::{Align, Ink, Page, StyledLine, Table, counted, when};
use crate::domain::{AgentGrant, Command, GrantKey, GrantScope, Unlock, agent_name, visible_words};
use crate::engine::{EngineError, ErrorCode, GrantList};
use serde::Serialize;
use std::io;

/// All grants.
#[derive(Serialize)]
pub(super) struct Grants {
    #[serde(flatten)]
    list: GrantList,
}

/// `grant NAME --agent NAME [--session NAME]`.
pub(super) fn grant(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let tool = engine.library().resolve(call.required("tool")?)?;
    let usage = |why| EngineError::new(ErrorCode::Usage, why, "");
    let agent = agent_name(call.required("agent")?).map_err(usage)?;
    let scope = scope_asked(call, engine.grants().session())?;
    // As typed: a named digest is looked up again and must match the digest found here.
    let command = Command::Grant { tool: call.required("tool")?.to_owned(), digest: tool.digest, agent, scope };
    announce_and_execute(call, &engine, command)
}

/// The scope of a grant: the named session, otherwise the session of the call, otherwise the version.
///
/// # Errors
///
/// [`ErrorCode::Usage`] for a name without visible characters: an unset shell variable must not grant access to every
/// session.
pub(super) fn scope_asked(call: &Call<'_>, session: Option<&str>) -> Result<GrantScope, EngineError> {
    match call.text("session") {
        Some(name) if visible_words(name).is_none() => {
            let hint = "name a session, or omit --session";
            Err(EngineError::new(ErrorCode::Usage, "the session name is empty", hint))
        }
        Some(name) => Ok(GrantScope::Session(name.to_owned())),
        None => Ok(session.map_or(GrantScope::Version, |name| GrantScope::Session(name.to_owned()))),
    }
}

pub(super) fn revoke(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let grant = engine.grants().named(call.required("grant")?)?;
    announce_and_execute(call, &engine, Command::Revoke { grant })
}

pub(super) fn grants(call: &Call<'_>) -> Result<Grants, EngineError> {
    // Whether a grant still applies depends on the current files.
    let (engine, _catalog) = call.open_catalog()?;
    Ok(Grants { list: engine.grants().list()? })
}

/// The effect of a grant for an agent, or of a version used in a session.
fn may(grant: &AgentGrant) -> String {
    if grant.is_use() {
        return "used instead of the usual version; agents may run it, strictly sandboxed".to_owned();
    }
    format!("agent {} may run it, strictly sandboxed", grant.agent)
}

/// The effect of an unlock.
fn opened(unlock: &Unlock) -> String {
    match unlock.tool {
        Some(_) => format!("may run at cost tier {}", unlock.tier),
        None => format!("every tool up to cost tier {} may run", unlock.tier),
    }
}

/// The duration of a grant, or why it is void.
fn holds(void: Option<&str>, scope: String) -> (Ink, String) {
    void.map_or((Ink::Plain, scope), |why| (Ink::Warn, format!("void: {why}")))
}

impl Answer for Grants {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let heads = [
            ("grant", Align::Left),
            ("tool", Align::Left),
            ("digest", Align::Left),
            ("may", Align::Left),
            ("scope", Align::Left),
            ("since", Align::Left),
            ("by", Align::Left),
        ];
        let mut table = Table::new(&heads).sparing(&["by", "since"]);
        for grant in &self.list.agents {
            table.row([
                (Ink::Strong, grant.id.to_string()),
                (Ink::Strong, grant.tool.to_string()),
                (Ink::Plain, grant.digest.short()),
                (Ink::Accent, may(grant)),
                holds(grant.void.as_deref(), grant.scope.to_string()),
                (Ink::Dim, when(grant.at, page.look())),
                (Ink::Plain, grant.who.clone()),
            ]);
        }
        for grant in &self.list.allowed {
            table.row([
                (Ink::Strong, format!("{}@{}", grant.tool, grant.digest.short())),
                (Ink::Strong, grant.tool.to_string()),
                (Ink::Plain, grant.digest.short()),
                (Ink::Plain, grant.allowed.permissions.summary()),
                holds(grant.void.as_deref(), "this version".to_owned()),
                (Ink::Dim, when(grant.at, page.look())),
                (Ink::Plain, grant.who.clone()),
            ]);
        }
        for unlock in &self.list.unlocks {
            let scope = match (unlock.until, &unlock.scope) {
                (None, scope) => scope.to_string(),
                (Some(until), GrantScope::Version) => format!("until {}", when(until, page.look())),
                (Some(until), scope) => format!("{scope}, until {}", when(until, page.look())),
            };
            table.row([
                (Ink::Strong, GrantKey::Unlock(unlock.id).to_string()),
                (Ink::Strong, unlock.subject()),
                (Ink::Plain, String::new()),
                (Ink::Accent, opened(unlock)),
                holds(unlock.void.as_deref(), scope),
                (Ink::Dim, when(unlock.at, page.look())),
                (Ink::Plain, unlock.who.clone()),
            ]);
        }
        let count = self.list.agents.len() + self.list.allowed.len() + self.list.unlocks.len();
        if count > 0 {
            page.table(&table)?;
        }
        page.line(&StyledLine::new().put(Ink::Dim, counted(count, "grant", "grants")))
    }
}
