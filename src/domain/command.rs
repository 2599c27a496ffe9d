//! Commands: requests for changes, and their outcomes.

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

/// The caller of a command; policy depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A human at a terminal, by identity (`Name <mail>`, otherwise the system user).
    Human(String),
    /// An agent, by the name it states.
    Agent(String),
}

impl Caller {
    /// The word that is stored with a run: `human`, or the agent's name.
    pub fn word(&self) -> &str {
        match self {
            Caller::Human(_) => "human",
            Caller::Agent(name) => name,
        }
    }

    /// The identity that is stored in the operation log.
    pub fn identity(&self) -> String {
        match self {
            Caller::Human(who) => who.clone(),
            Caller::Agent(name) => format!("agent:{name}"),
        }
    }
}

/// The maximum length of an agent's name, in characters.
const MAX_AGENT_CHARS: usize = 64;

/// The name of an agent: 1 to 64 visible characters. `human` is refused, because records use this word for people.
///
/// # Errors
/// The reason why the text is invalid.
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

/// A request to change something. Tools are named as a human would name them: `NAME`, `NAME@VERSION`,
/// `NAME@DIGESTPREFIX` or a path when names clash.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A verb that needs only its arguments as text; its subject looks it up by name.
    Verb(VerbCall),
    /// Approve, reject or request changes of a version.
    Decide(DecisionRequest),
    /// Write a comment on a version under review.
    Comment {
        /// The review in which the version is on screen.
        review: ReviewId,
        /// The place that it refers to.
        spot: CommentAnchor,
        /// Whether it blocks approval, asks a question or is a remark.
        kind: CommentKind,
        /// The comment as typed, not escaped.
        body: String,
    },
    /// Delete your comment.
    Withdraw {
        /// A comment of the caller; others cannot delete it.
        comment: CommentId,
    },
    /// Mark a file, or a part of one, as read, or remove the mark. Not logged.
    Mark {
        /// The review in which it was read.
        review: ReviewId,
        /// File or part of a file, with the digest of the content on screen.
        mark: ReadMark,
        /// `true` to set the mark, `false` to remove it.
        on: bool,
    },
    /// Run the checks of a version again, in the background.
    Recheck {
        /// Name of the tool whose checks are discarded and run again.
        tool: String,
        /// The worker that starts it; `None` for this machine.
        worker: Option<String>,
    },
    /// Request a higher stage: opens a review or names the pending one.
    Promote {
        /// Name of the tool to promote.
        tool: String,
        /// The target stage; it must be higher than the present one.
        to: Stage,
    },
    /// Use another version for a name in one session.
    UseInSession {
        /// Usually `NAME@VERSION`, because a bare name already refers to one version.
        tool: String,
        /// Its digest as shown; the command is refused if the tool has another digest now.
        digest: Digest,
        /// The session. For a workbench without an owner, this is the process that executes the command.
        scope: GrantScope,
    },
    /// Remove older versions; their bytes are kept.
    Trim {
        /// The tool whose versions are removed from disk.
        tool: String,
        /// The versions that were shown; empty if none were.
        versions: Vec<Digest>,
    },
    /// Propose that humans archive or deprecate tools: one review each. Nothing else changes.
    Propose {
        /// Tools with the reason that their review will show.
        proposals: Vec<Retirement>,
    },
    /// Create a tool: with a template, a scaffold; otherwise a specification with this description, which waits for a
    /// human.
    New {
        /// Its name; `None` derives one from the description.
        name: Option<String>,
        /// The template to start from.
        template: Option<ScaffoldTemplate>,
        /// Its language; `None` chooses it by the description.
        language: Option<ScriptLanguage>,
        /// What the tool should do; becomes the description.
        words: String,
    },
    /// Make a specification from an opportunity; it waits for a human.
    AcceptOpportunity {
        /// Its key, or a prefix of it.
        key: String,
        /// The files that it was found with.
        from: OpportunitySources,
    },
    /// Do not show an opportunity again.
    DismissOpportunity {
        /// Its key, or a prefix of it.
        key: String,
        /// The files that it was found with.
        from: OpportunitySources,
        /// Stored with the dismissal; `None` if none was entered.
        reason: Option<String>,
    },
    /// Grant a version the permissions that it declares, from now on.
    Allow {
        /// The tool whose declared permissions are granted.
        tool: String,
        /// The digest whose permissions were on screen; the command is refused if the tool has another digest now.
        digest: Digest,
    },
    /// Download the packages that a script declares, and build its environment.
    FetchPackages {
        /// The tool whose declared packages are fetched.
        tool: String,
        /// The digest whose packages were on screen; the command is refused if the tool has another digest now.
        digest: Digest,
    },
    /// Let an agent run an unapproved version, strictly sandboxed.
    Grant {
        /// The tool that the agent may run.
        tool: String,
        /// The version that was on screen; the command is refused if the tool has another digest now.
        digest: Digest,
        /// The agent, by the name it calls with.
        agent: String,
        /// The scope of the grant. For a workbench without an owner, this is the process that executes the command.
        scope: GrantScope,
    },
    /// Unlock tools above the low cost tier.
    Unlock {
        /// The tool; `None` unlocks a whole tier.
        tool: Option<String>,
        /// The highest unlocked tier; `None` means the tier of the tool.
        tier: Option<CostTier>,
        /// The scope of the unlock. For a workbench without an owner, this is the process that executes the command.
        scope: GrantScope,
        /// The duration; `None` lasts until it is revoked.
        lasting: Option<Duration>,
    },
    /// Revoke a grant of an agent, or the permissions of a version.
    Revoke {
        /// Number of an agent's grant or of an unlocked tier, or a permission by tool and digest.
        grant: GrantKey,
    },
    /// Undo an operation: the given one, or the newest that can be undone.
    Undo {
        /// `None` takes the newest operation that can be undone.
        operation: Option<OperationId>,
    },
    /// Ask to stop a running run, even one of another owner.
    Cancel {
        /// Number of the run to cancel.
        run: RunId,
    },
}

impl Command {
    /// A verb that needs only its arguments.
    pub fn verb(name: &'static str, args: &[(&'static str, &str)]) -> Command {
        Command::Verb(VerbCall::new(name, args))
    }
}

/// The outcome of a command.
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
