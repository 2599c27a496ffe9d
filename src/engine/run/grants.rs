//! What humans granted: listing it, naming one, and whether an agent has it now.

use crate::domain::{
    AgentGrant, AllowGrant, Allowed, Caller, Digest, GrantKey, GrantScope, Stage, Tool, ToolName, Unlock,
};
use crate::engine::Engine;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::owner::owner_alive;
use crate::engine::run::session::SessionName;
use crate::engine::view::{CatalogState, CatalogView, Preview};
use crate::engine::workspace::Workspace;
use serde::Serialize;

/// Everything that humans granted and that is still in force.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct GrantList {
    /// Leave for agents to run versions that are not approved, newest first.
    pub agents: Vec<AgentGrant>,
    /// What versions were allowed to do, newest first.
    pub allowed: Vec<AllowGrant>,
    /// What costs more than low and was opened, newest first.
    pub unlocks: Vec<Unlock>,
}

/// What agents may run without asking, in which session.
#[derive(Clone, Copy)]
pub struct Grants<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
    pub(in crate::engine) state: &'e SessionName,
}

impl<'e> Grants<'e> {
    /// Says which session this process is called from; the first answer stays.
    pub fn enter_session(&self, session: Option<String>) {
        self.state.0.get_or_init(|| session.filter(|name| !name.is_empty()));
    }

    /// The session this process is called from.
    pub fn session(&self) -> Option<&'e str> {
        self.state.0.get().and_then(Option::as_deref)
    }

    /// The scope of leave that this workbench gives: the session it is in, else as long as it is open.
    pub fn workbench_scope(&self) -> GrantScope {
        match self.session() {
            Some(name) => GrantScope::Session(name.to_owned()),
            None => GrantScope::Workbench(self.workspace.owner.clone()),
        }
    }

    /// What humans granted.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn list(&self) -> Result<GrantList, EngineError> {
        let (mut agents, allowed) = self.workspace.read(|q| Ok((q.agent_grants()?, q.allow_grants()?)))?;
        agents.retain(|grant| match &grant.scope {
            GrantScope::Workbench(owner) => owner_alive(owner),
            GrantScope::Session(_) | GrantScope::Version => true,
        });
        let mut list = GrantList { agents, allowed, unlocks: self.engine.tool_sets().listed_unlocks()? };
        self.judge(&mut list)?;
        let trust = self.engine.integrity().trust()?;
        self.workspace.read(|q| {
            for grant in &mut list.agents {
                let fault = core::fault_of_leave(q, grant)?;
                let unsigned = || trust.against(grant.tool.as_str(), grant.operation);
                grant.void = fault.map(|fault| unlike_log(&fault)).or_else(unsigned).or(grant.void.take());
            }
            for grant in &mut list.allowed {
                let fault = core::fault_of_allowed(q, &grant.tool, grant.digest, &grant.allowed)?;
                let unsigned = || trust.against_subject(grant.tool.as_str());
                grant.void = fault.map(|fault| unlike_log(&fault)).or_else(unsigned).or(grant.void.take());
            }
            Ok(())
        })?;
        Ok(list)
    }

    /// Which rows of the tables of leave the log did not give.
    pub(in crate::engine) fn faults(&self, is_asked: impl Fn(&ToolName) -> bool) -> Result<Vec<String>, EngineError> {
        self.workspace.read(|q| {
            let mut faults = Vec::new();
            for grant in q.agent_grants()?.iter().filter(|grant| is_asked(&grant.tool)) {
                let what = if grant.is_use() {
                    format!("grant {} for the version of {} in use", grant.id, grant.tool)
                } else {
                    format!("grant {} for agent {} to run {}", grant.id, grant.agent, grant.tool)
                };
                faults.extend(core::fault_of_leave(q, grant)?.map(|fault| format!("{what} {}", unlike_log(&fault))));
            }
            for unlock in q.unlocks()? {
                if unlock.tool.as_ref().is_none_or(&is_asked) {
                    let fault = core::fault_of_unlock(q, &unlock)?;
                    let what = format!("unlock-{} of {}", unlock.id, unlock.subject());
                    faults.extend(fault.map(|fault| format!("{what} {}", unlike_log(&fault))));
                }
            }
            for grant in q.allow_grants()?.iter().filter(|grant| is_asked(&grant.tool)) {
                let what = format!("permissions of {} {}", grant.tool, grant.digest.short());
                let fault = core::fault_of_allowed(q, &grant.tool, grant.digest, &grant.allowed)?;
                faults.extend(fault.map(|fault| format!("{what} {}", unlike_log(&fault))));
            }
            Ok(faults)
        })
    }

    /// What a human allowed this version, as far as the log says the same.
    pub(in crate::engine) fn allowed_to(&self, tool: &Tool) -> Result<Option<Allowed>, EngineError> {
        let trust = self.engine.integrity().trust()?;
        self.workspace.read(|q| {
            let allowed = q.granted(&tool.name, tool.digest)?;
            let counts = || trust.against_subject(tool.name.as_str()).is_none();
            let Some(allowed) = allowed.filter(|_| counts()) else { return Ok(None) };
            Ok(core::fault_of_allowed(q, &tool.name, tool.digest, &allowed)?.is_none().then_some(allowed))
        })
    }

    /// Says of each grant whether it is void: it is of bytes, and those may have changed. Nothing is said before the
    /// folders were read.
    fn judge(&self, list: &mut GrantList) -> Result<(), EngineError> {
        let view = self.engine.library().catalog();
        if view.state != CatalogState::Ready {
            return Ok(());
        }
        let seen_at = |name: &ToolName, digest| {
            let known = self.workspace.read(|q| Ok(q.versions_of(name)?))?;
            Ok::<_, EngineError>(known.into_iter().find(|row| row.digest == digest).map(|row| row.path))
        };
        for grant in &mut list.agents {
            let fits = |stage| grant.is_use() || stage == Stage::Experimental;
            let path = seen_at(&grant.tool, grant.digest)?;
            grant.void = void(&view, (&grant.tool, grant.digest), path.as_deref(), fits);
        }
        for grant in &mut list.allowed {
            let path = seen_at(&grant.tool, grant.digest)?;
            grant.void = void(&view, (&grant.tool, grant.digest), path.as_deref(), Stage::is_vouched);
        }
        Ok(())
    }

    /// The grant that a human names: a number, or NAME@DIGESTPREFIX for what a version was allowed.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Ambiguous` when there are several.
    pub fn named(&self, text: &str) -> Result<GrantKey, EngineError> {
        let list = self.list()?;
        if let Ok(id) = text.parse() {
            return Ok(GrantKey::Agent(id));
        }
        if let Some(id) = text.strip_prefix("unlock-").and_then(|id| id.parse().ok()) {
            return Ok(GrantKey::Unlock(id));
        }
        let (name, prefix) = text.split_once('@').unwrap_or((text, ""));
        let mut found = list
            .allowed
            .iter()
            .filter(|grant| grant.tool.as_str() == name && (prefix.is_empty() || grant.digest.starts_with(prefix)));
        let hint = "`toolsmith grants` lists them";
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(GrantKey::Allow(one.tool.clone(), one.digest)),
            (None, _) => Err(EngineError::new(ErrorCode::NotFound, format!("there is no grant {text}"), hint)),
            (Some(_), Some(_)) => {
                let message = format!("{text} matches several grants");
                Err(EngineError::new(ErrorCode::Ambiguous, message, "add @ and more digits of the digest"))
            }
        }
    }

    /// A scope in which the workbench is this process where none was named.
    pub(in crate::engine) fn owned(&self, scope: GrantScope) -> GrantScope {
        match scope {
            GrantScope::Workbench(owner) if owner.is_empty() => self.workbench_scope(),
            other => other,
        }
    }

    /// What a grant for an agent would mean.
    pub(in crate::engine) fn preview_grant(
        &self,
        tool: &str,
        digest: Digest,
        agent: &str,
        scope: &GrantScope,
    ) -> Result<Preview, EngineError> {
        let tool = self.engine.library().asked_about(tool, digest)?.tool;
        let scope = self.owned(scope.clone());
        Ok(Preview {
            title: format!("Let agent {agent} run {} {} ({})?", tool.name, tool.version, digest.short()),
            lines: vec![
                format!(
                    "it is not approved; it runs strictly sandboxed: no network, its scratch folder only ({scope})"
                ),
                "valid for exactly these files; any change suspends it".to_owned(),
            ],
            undo: "`toolsmith grants` lists it; revoke or u (undo) ends it".to_owned(),
        })
    }

    /// What taking leave back would mean.
    pub(in crate::engine) fn preview_revoke(&self, key: &GrantKey) -> Result<Preview, EngineError> {
        let list = self.list()?;
        let line = match key {
            GrantKey::Agent(id) => list.agents.iter().find(|grant| grant.id == *id).map(|grant| {
                if grant.is_use() {
                    return format!("{} refers to its usual version again ({})", grant.tool, grant.scope);
                }
                format!("agent {} may no longer run {} {}", grant.agent, grant.tool, grant.digest.short())
            }),
            GrantKey::Unlock(id) => {
                let found = list.unlocks.iter().find(|unlock| unlock.id == *id);
                found.map(|unlock| format!("{} is locked again: a human must confirm before it runs", unlock.subject()))
            }
            GrantKey::Allow(tool, digest) => {
                let found = list.allowed.iter().find(|grant| grant.tool == *tool && grant.digest == *digest);
                found.map(|grant| {
                    format!("the next run of {tool} will ask again for: {}", grant.allowed.permissions.summary())
                })
            }
        };
        let line = line.ok_or_else(|| {
            EngineError::new(ErrorCode::NotFound, format!("there is no grant {key}"), "`toolsmith grants` lists them")
        })?;
        let undo = "u (undo) reverts it".to_owned();
        Ok(Preview { title: format!("Revoke grant {key}?"), lines: vec![line], undo })
    }

    /// Whether a human let this agent run exactly this version.
    pub(in crate::engine) fn covers(&self, tool: &Tool, caller: &Caller) -> Result<bool, EngineError> {
        let Caller::Agent(agent) = caller else { return Ok(false) };
        let (session, owner, trust) = (self.session(), &self.workspace.owner, self.engine.integrity().trust()?);
        self.workspace.read(|q| {
            let mut grants = q.agent_grants_of(&tool.name, tool.digest)?;
            grants.retain(|grant| {
                grant.is_used_in(session, owner) || grant.lets(tool.digest, agent, session, &owner_alive)
            });
            for grant in &grants {
                let counts = trust.against(grant.tool.as_str(), grant.operation).is_none();
                if counts && core::fault_of_leave(q, grant)?.is_none() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }
}

/// That a row does not match the log, and why.
fn unlike_log(fault: &str) -> String {
    format!("does not match the log: {fault}")
}

/// Why a grant for these bytes means nothing now; `None` when they are where one is worth something. `path` is where
/// they were seen last.
fn void(
    view: &CatalogView,
    (name, digest): (&ToolName, Digest),
    path: Option<&str>,
    fits: impl Fn(Stage) -> bool,
) -> Option<String> {
    let rows = || view.tools.iter().filter(|row| row.name == *name && row.stage != Stage::Archived);
    if let Some(row) = rows().filter(|row| row.digest == digest).find(|row| fits(row.stage)) {
        return row.reason.as_ref().map(|reason| format!("it cannot run: {reason}"));
    }
    let same = view.tools.iter().find(|row| row.name == *name && row.digest == digest);
    let there = path.and_then(|path| rows().find(|row| row.path == path));
    Some(match (same, there, path) {
        (Some(row), _, _) => format!("it is now {}", row.stage),
        (None, Some(row), _) => format!("its files changed: {} is now in {}", row.digest.short(), row.path),
        (None, None, Some(path)) => format!("its files are missing from {path}"),
        (None, None, None) => "its files are missing".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Command, CostTier, GrantId, Permissions, UnlockId, WriteMode};
    use crate::engine::tests::World;
    use crate::engine::{lock, now};
    use std::sync::Arc;

    fn row(stage: Stage, byte: u8, reason: Option<&str>) -> Arc<Tool> {
        let (digest, path) = (Digest([byte; 32]), format!("tools/{stage}/t"));
        Arc::new(Tool { stage, digest, path, reason: reason.map(str::to_owned), ..Tool::ordinary("t") })
    }

    #[test]
    fn a_grant_is_void_when_its_bytes_do_not_lie_where_one_is_worth_something() {
        use Stage::{Approved, Archived, Core, Experimental};
        let path = |stage| Some(format!("tools/{stage}/t"));
        for (rows, seen_at, fate) in [
            (vec![row(Experimental, 1, None)], path(Experimental), None),
            (vec![row(Approved, 1, None), row(Experimental, 1, None)], path(Experimental), None),
            (vec![row(Experimental, 1, Some("it is broken"))], path(Experimental), Some("it cannot run: it is broken")),
            (vec![row(Approved, 1, None)], path(Experimental), Some("it is now approved")),
            (vec![row(Archived, 1, None)], path(Experimental), Some("it is now archived")),
            (vec![row(Experimental, 2, None)], path(Experimental), Some("its files changed: 0202")),
            (vec![row(Core, 2, None)], path(Experimental), Some("its files are missing from tools/experimental/t")),
            (vec![row(Archived, 2, None)], path(Archived), Some("its files are missing from tools/archived/t")),
            (vec![], None, Some("its files are missing")),
            (
                vec![Arc::new(Tool { name: ToolName::new("u").unwrap(), ..Tool::clone(&row(Experimental, 1, None)) })],
                path(Experimental),
                Some("its files are missing from tools/experimental/t"),
            ),
        ] {
            let view = CatalogView {
                state: CatalogState::Ready,
                tools: rows.clone(),
                problems: Vec::new(),
                in_use: None,
                skipped: Arc::default(),
                generation: 0,
            };
            let version = (&ToolName::new("t").unwrap(), Digest([1; 32]));
            let found = void(&view, version, seen_at.as_deref(), |stage| stage == Experimental);
            assert_eq!(found.is_some(), fate.is_some(), "{rows:?} {seen_at:?}: {found:?}");
            assert!(found.unwrap_or_default().starts_with(fate.unwrap_or_default()), "{rows:?} {seen_at:?}");
        }
    }

    #[test]
    fn a_grant_is_named_by_its_number_or_by_a_tool_and_digits_of_a_digest() {
        let world = World::new();
        let engine = world.open();
        let writes = |path: &str| Permissions { write: vec![path.to_owned()], ..Permissions::default() };
        let [name, other] = ["adder", "other"].map(|name| ToolName::new(name).unwrap());
        let granted = [(&name, 0x1a, "one"), (&name, 0x1b, "two"), (&other, 0x1a, "three")];
        lock(&engine.workspace.store)
            .transact(now(), |tx| {
                granted.iter().try_for_each(|(tool, byte, path)| {
                    tx.grant(tool, Digest([*byte; 32]), &Allowed::new(&writes(path), WriteMode::Staged), "Ada")
                })
            })
            .unwrap();
        for (tool, byte, path) in granted {
            let preview = engine.grants().preview_revoke(&GrantKey::Allow(tool.clone(), Digest([byte; 32]))).unwrap();
            let asks = writes(path).summary();
            assert_eq!(preview.lines, [format!("the next run of {tool} will ask again for: {asks}")]);
        }
        let code = |text: &str| engine.grants().named(text).unwrap_err().code;
        assert_eq!(engine.grants().named("7").unwrap(), GrantKey::Agent(GrantId(7)));
        assert_eq!(engine.grants().named("unlock-3").unwrap(), GrantKey::Unlock(UnlockId(3)));
        assert_eq!(engine.grants().named("other").unwrap(), GrantKey::Allow(other.clone(), Digest([0x1a; 32])));
        assert_eq!(engine.grants().named("adder@1b").unwrap(), GrantKey::Allow(name.clone(), Digest([0x1b; 32])));
        assert_eq!([code("adder"), code("adder@"), code("adder@1")], [ErrorCode::Ambiguous; 3]);
        assert_eq!([code("nobody"), code("adder@2"), code("unlock-x")], [ErrorCode::NotFound; 3]);
    }

    #[test]
    fn what_is_revoked_is_previewed_as_what_it_is() {
        let world = World::new();
        world.drop_pair();
        let engine = world.open();
        let digest = engine.library().resolve("adder").unwrap().digest;
        for agent in ["one", "two"] {
            let (tool, agent) = ("adder".to_owned(), agent.to_owned());
            let command = Command::Grant { tool, digest, agent, scope: GrantScope::Version };
            engine.execute(command, &crate::engine::tests::ada()).unwrap();
        }
        for tier in [CostTier::Medium, CostTier::High] {
            let (scope, tier) = (GrantScope::Version, Some(tier));
            let command = Command::Unlock { tool: None, tier, scope, lasting: None };
            engine.execute(command, &crate::engine::tests::ada()).unwrap();
        }
        let line = |key| engine.grants().preview_revoke(&key).map(|preview| preview.lines.concat()).unwrap_or_default();
        for (id, agent) in [(1, "agent one may no longer run adder"), (2, "agent two may no longer run adder"), (3, "")]
        {
            let line = line(GrantKey::Agent(GrantId(id)));
            assert!(line.starts_with(agent) && line.is_empty() == agent.is_empty(), "{line}");
        }
        for (id, tier) in [(1, "tier medium is locked again"), (2, "tier high is locked again"), (3, "")] {
            let line = line(GrantKey::Unlock(UnlockId(id)));
            assert!(line.starts_with(tier) && line.is_empty() == tier.is_empty(), "{line}");
        }
    }
}
