//! What humans granted apart from approvals: the declared permissions of a version, and runs of unapproved versions.

use super::digest::Digest;
use super::ids::{GrantId, OperationId, UnlockId};
use super::name::ToolName;
use super::permission::Allowed;
use super::time::Instant;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How long a grant for an agent lasts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantScope {
    /// For calls from this session, by the name in `TOOLSMITH_SESSION`.
    Session(String),
    /// As long as the workbench process that gave it lives; contains its owner word.
    Workbench(String),
    /// Until it is revoked.
    Version,
}

impl GrantScope {
    /// Whether it applies to calls from this session. `lives` tells whether the process of an owner word is alive.
    pub fn holds(&self, session: Option<&str>, lives: &dyn Fn(&str) -> bool) -> bool {
        match self {
            GrantScope::Session(name) => !name.is_empty() && session == Some(name.as_str()),
            GrantScope::Workbench(owner) => lives(owner),
            GrantScope::Version => true,
        }
    }

    /// Its stored form, which [`GrantScope::from_word`] reads.
    pub fn word(&self) -> Option<String> {
        match self {
            GrantScope::Session(name) => Some(format!("session:{name}")),
            GrantScope::Workbench(owner) => Some(format!("workbench:{owner}")),
            GrantScope::Version => None,
        }
    }

    /// The scope of a stored word.
    pub fn from_word(word: Option<&str>) -> GrantScope {
        match word.and_then(|word| word.split_once(':')) {
            Some(("workbench", owner)) => GrantScope::Workbench(owner.to_owned()),
            Some(("session", name)) => GrantScope::Session(name.to_owned()),
            // An unreadable word applies to nobody: no session has this name.
            Some(_) => GrantScope::Session(String::new()),
            None if word.is_some() => GrantScope::Session(String::new()),
            None => GrantScope::Version,
        }
    }
}

impl fmt::Display for GrantScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrantScope::Session(name) => write!(f, "session {name}"),
            GrantScope::Workbench(_) => f.write_str("this workbench"),
            GrantScope::Version => f.write_str("until revoked"),
        }
    }
}

/// Permission for an agent to run one unapproved version. A version is identified by its bytes: one changed byte makes
/// another version, which has no grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentGrant {
    /// Counts up within the workspace; `revoke` takes it.
    pub id: GrantId,
    /// Name that the agent may run.
    pub tool: ToolName,
    /// Exactly these bytes may run.
    pub digest: Digest,
    /// The agent, by the name it calls with. If empty, the version replaces the usual meaning of its name for all
    /// callers in the scope, and every agent there may run it.
    pub agent: String,
    /// How long it lasts.
    pub scope: GrantScope,
    /// The human who gave it.
    pub who: String,
    /// When the grant was given.
    pub at: Instant,
    /// The log entry that gave it.
    pub operation: OperationId,
    /// Why it currently has no effect; `None` while it has. Known only if the files are available.
    #[serde(default)]
    pub void: Option<String>,
}

impl AgentGrant {
    /// Whether it selects the version that is used, instead of permitting one agent.
    pub fn is_use(&self) -> bool {
        self.agent.is_empty()
    }

    /// Whether its version is the one that its name means in this session, or in the process of this owner word.
    pub fn is_used_in(&self, session: Option<&str>, owner: &str) -> bool {
        self.is_use()
            && match &self.scope {
                GrantScope::Session(name) => !name.is_empty() && session == Some(name.as_str()),
                GrantScope::Workbench(of) => of == owner,
                GrantScope::Version => false,
            }
    }

    /// Whether it permits this agent in this session to run this version. `lives` tells whether the process of an owner
    /// word is alive.
    pub fn lets(&self, digest: Digest, agent: &str, session: Option<&str>, lives: &dyn Fn(&str) -> bool) -> bool {
        self.digest == digest && !self.is_use() && self.agent == agent && self.scope.holds(session, lives)
    }
}

/// A human's answer to the question before the first run of a version that declares permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowGrant {
    /// Name of the tool.
    pub tool: ToolName,
    /// The permission covers exactly these bytes.
    pub digest: Digest,
    /// What it may do.
    pub allowed: Allowed,
    /// The human who allowed it.
    pub who: String,
    /// When the question was answered.
    pub at: Instant,
    /// Why it currently has no effect; `None` while it has. Known only if the files are available.
    #[serde(default)]
    pub void: Option<String>,
}

/// The identity of a grant, for revoking it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKey {
    /// A grant for an agent, by number.
    Agent(GrantId),
    /// The permissions of a version, by the version.
    Allow(ToolName, Digest),
    /// An unlocked tier, by number.
    Unlock(UnlockId),
}

impl fmt::Display for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrantKey::Agent(id) => write!(f, "{id}"),
            GrantKey::Allow(tool, digest) => write!(f, "{tool}@{}", digest.short()),
            GrantKey::Unlock(id) => write!(f, "unlock-{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leave_holds_for_one_version_one_agent_and_its_scope() {
        let grant = |scope: GrantScope| AgentGrant {
            id: GrantId(1),
            tool: ToolName::new("x").unwrap(),
            digest: Digest::of_bytes(b"1"),
            agent: "bot".to_owned(),
            scope: GrantScope::from_word(scope.word().as_deref()),
            who: "Ada".to_owned(),
            at: Instant(0),
            operation: OperationId(1),
            void: None,
        };
        let lives = |owner: &str| owner == "12:34:ab";
        let asks = |scope: GrantScope, session| grant(scope).lets(Digest::of_bytes(b"1"), "bot", session, &lives);
        assert!(asks(GrantScope::Version, None));
        assert!(asks(GrantScope::Session("night".into()), Some("night")));
        assert!(!asks(GrantScope::Session("night".into()), Some("day")));
        assert!(!asks(GrantScope::Session("night".into()), None));
        assert!(!asks(GrantScope::Session(String::new()), Some("")), "a session without a name is none");
        assert!(asks(GrantScope::Workbench("12:34:ab".into()), None));
        assert!(!asks(GrantScope::Workbench("12:99:ab".into()), None));
        let any = grant(GrantScope::Version);
        assert!(!any.lets(Digest::of_bytes(b"2"), "bot", None, &lives), "another byte is another version");
        assert!(!any.lets(Digest::of_bytes(b"1"), "other", None, &lives));
        let used = |scope: GrantScope| AgentGrant { agent: String::new(), ..grant(scope) };
        let day = used(GrantScope::Session("day".into()));
        assert!(day.is_used_in(Some("day"), "12:34:ab") && !day.is_used_in(Some("night"), "12:34:ab"));
        assert!(
            !day.is_used_in(None, "12:34:ab") && !grant(GrantScope::Session("day".into())).is_used_in(Some("day"), "")
        );
        let here = used(GrantScope::Workbench("12:34:ab".into()));
        assert!(here.is_used_in(None, "12:34:ab") && !here.is_used_in(None, "12:35:ab"));
        assert!(!used(GrantScope::Version).is_used_in(Some("day"), "12:34:ab"));
        assert!(!here.lets(Digest::of_bytes(b"1"), "", None, &lives), "an agent without a name is nobody");
        let unreadable = AgentGrant { scope: GrantScope::from_word(Some("whatever")), ..any };
        assert!(!unreadable.lets(Digest::of_bytes(b"1"), "bot", Some("whatever"), &lives));
    }
}
