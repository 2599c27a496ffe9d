//! Commands: what somebody asks for, and what came of it.

use super::comment::{CommentAnchor, CommentKind, ReadMark};
use super::decision_request::DecisionRequest;
use super::digest::Digest;
use super::grant::{GrantKey, GrantScope};
use super::hidden::is_hidden;
use super::ids::{CommentId, OperationId, ReviewId, RunId};
use super::opportunity::OpportunitySources;
use super::specification::{ScaffoldTemplate, ScriptLanguage};
use super::upkeep::Retirement;
use super::verb_call::VerbCall;
use super::words::{CostTier, Stage};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// Who asks for a command; policy depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A human at a terminal, by identity (`Name <mail>`, else the system user).
    Human(String),
    /// An agent, by the name it gave.
    Agent(String),
}

impl Caller {
    /// What is stored with a run: `human`, or the agent's name.
    pub fn word(&self) -> &str {
        match self {
            Caller::Human(_) => "human",
            Caller::Agent(name) => name,
        }
    }

    /// What is stored in the operation log.
    pub fn identity(&self) -> String {
        match self {
            Caller::Human(who) => who.clone(),
            Caller::Agent(name) => format!("agent:{name}"),
        }
    }
}

/// The longest name an agent may give, in characters.
const MAX_AGENT_CHARS: usize = 64;

/// The name an agent goes by: 1 to 64 visible characters. `human` is refused: it is the word that
/// records give to people.
///
/// # Errors
/// What is wrong with the text.
pub fn agent_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_AGENT_CHARS {
        return Err(format!("an agent's name has 1 to {MAX_AGENT_CHARS} characters"));
    }
    if name.chars().any(is_hidden) {
        return Err("an agent's name may contain visible characters only".to_owned());
    }
    if name.eq_ignore_ascii_case("human") {
        return Err("an agent cannot be called human".to_owned());
    }
    Ok(name.to_owned())
}

/// A request to change something. Tools are named as a human would: `NAME`, `NAME@VERSION`,
/// `NAME@DIGESTPREFIX` or a path when names clash.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A verb that needs nothing but its arguments as text; the subject that it belongs to knows it by its name.
    Verb(VerbCall),
    /// Approve, reject or request changes of a version.
    Decide(DecisionRequest),
    /// Write a comment beside a version under review.
    Comment {
        /// The review in which the version is on screen.
        review: ReviewId,
        /// What it is about.
        spot: CommentAnchor,
        /// Whether it blocks approval, asks or only remarks.
        kind: CommentKind,
        /// The comment as typed, not escaped.
        body: String,
    },
    /// Take a comment of one's own back.
    Withdraw {
        /// A comment of the caller; nobody withdraws another person's.
        comment: CommentId,
    },
    /// Mark a file, or a part of one, as read, or take the mark away. Not an entry of the log.
    Mark {
        /// The review in which it was read.
        review: ReviewId,
        /// File or part of a file, with the digest of what was on screen.
        mark: ReadMark,
        /// Whether it is marked from now on.
        on: bool,
    },
    /// Make the checks of a version again, in the background.
    Recheck {
        /// Name of the tool whose checks are dropped and made again.
        tool: String,
        /// The worker that starts it; `None` for this machine.
        worker: Option<String>,
    },
    /// Ask for a higher stage: opens a review or names the one that waits.
    Promote {
        /// Name of the tool that should rise.
        tool: String,
        /// The stage to reach; it must be higher than the present one.
        to: Stage,
    },
    /// Use a version in place of what its name means otherwise, in one session.
    UseInSession {
        /// Usually `NAME@VERSION`, since a bare name already means one version.
        tool: String,
        /// Its digest as it was shown; refused when another one lies there.
        digest: Digest,
        /// For which session; a workbench without an owner is the process that carries it out.
        scope: GrantScope,
    },
    /// Take older versions away; their bytes are kept.
    Trim {
        /// The tool whose versions are removed from disk.
        tool: String,
        /// The versions as they were shown; empty when none were.
        versions: Vec<Digest>,
    },
    /// Ask humans whether tools shall be put away or marked as deprecated: a review each. Nothing changes by it.
    Propose {
        /// Tools with the reason that their review will show.
        proposals: Vec<Retirement>,
    },
    /// Make a new tool: with a template a scaffold, else a specification of these words that waits for a human.
    New {
        /// Its name; `None` makes one of the words.
        name: Option<String>,
        /// What it begins with.
        template: Option<ScaffoldTemplate>,
        /// What it is written in; `None` chooses by the words.
        language: Option<ScriptLanguage>,
        /// What the tool should do; becomes the description.
        words: String,
    },
    /// Make a specification of an opportunity; it waits for a human.
    AcceptOpportunity {
        /// Its key, or how that begins.
        key: String,
        /// The files that it was found with.
        from: OpportunitySources,
    },
    /// Do not show an opportunity any more.
    DismissOpportunity {
        /// Its key, or how that begins.
        key: String,
        /// The files that it was found with.
        from: OpportunitySources,
        /// Kept with the dismissal; `None` when none was typed.
        reason: Option<String>,
    },
    /// Let a version do what it declares, from now on.
    Allow {
        /// The tool whose declared permissions are granted.
        tool: String,
        /// The digest whose permissions were on screen; refused when the tool has another one now.
        digest: Digest,
    },
    /// Fetch the packages that a script declares, over the network, and put its environment together.
    FetchPackages {
        /// The tool whose declared packages are fetched.
        tool: String,
        /// The digest whose packages were on screen; refused when the tool has another one now.
        digest: Digest,
    },
    /// Let an agent run a version that is not approved, strictly contained.
    Grant {
        /// The tool that the agent may run.
        tool: String,
        /// The version that was on screen; refused when the tool has another one now.
        digest: Digest,
        /// The agent, by the name it calls with.
        agent: String,
        /// How long; a workbench without an owner is the process that carries the command out.
        scope: GrantScope,
    },
    /// Open what costs more than low to be run.
    Unlock {
        /// Which tool; `None` opens a whole tier.
        tool: Option<String>,
        /// Up to which tier; `None` is the one of the tool.
        tier: Option<CostTier>,
        /// For whom; a workbench without an owner is the process that carries the command out.
        scope: GrantScope,
        /// For how long; `None` is until it is revoked.
        lasting: Option<Duration>,
    },
    /// Take leave back: of an agent, or of a version to do what it declares.
    Revoke {
        /// Number of an agent's grant or of an unlocked tier, or a permission by tool and digest.
        grant: GrantKey,
    },
    /// Take back an operation: the given one, or the newest that can be taken back.
    Undo {
        /// `None` takes the newest operation that can be undone.
        operation: Option<OperationId>,
    },
    /// Ask for a running run to be stopped, whoever owns it.
    Cancel {
        /// Number of the run to cancel.
        run: RunId,
    },
}

impl Command {
    /// A verb that needs nothing but its arguments.
    pub fn verb(name: &'static str, args: &[(&'static str, &str)]) -> Command {
        Command::Verb(VerbCall::new(name, args))
    }
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The entry in the operation log.
    pub operation: Option<OperationId>,
    /// The review opened or decided.
    pub review: Option<ReviewId>,
    /// One line for a human.
    pub message: String,
    /// The git commit made, abbreviated.
    pub commit: Option<String>,
    /// Further facts for `--json`.
    pub detail: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_agent_passes_for_a_human() {
        assert_eq!(agent_name(" coder-1 "), Ok("coder-1".to_owned()));
        for name in ["", " ", "human", "Human", "a\u{202e}b", "a\nb"] {
            assert!(agent_name(name).is_err(), "{name:?}");
        }
    }
}
