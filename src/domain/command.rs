//! Commands: what somebody asks for, and what came of it.

use super::comment::{CommentAnchor, CommentKind, ReadMark};
use super::decision_request::DecisionRequest;
use super::digest::Digest;
use super::grant::{GrantKey, GrantScope};
use super::ids::{CommentId, OperationId, ReviewId, RunId};
use super::opportunity::OpportunitySources;
use super::specification::{ScaffoldTemplate, ScriptLanguage};
use super::upkeep::Retirement;
use super::verb_call::VerbCall;
use super::words::{CostTier, Stage};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// Who asks.
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

/// A request to change something. Tools are named as a human would: `NAME`, `NAME@VERSION`,
/// `NAME@DIGESTPREFIX` or a path when names clash.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A verb that needs nothing but its arguments as text; the subject that it belongs to knows it by its name.
    Verb(VerbCall),
    /// Decide a review.
    Decide(DecisionRequest),
    /// Write a comment beside a version under review.
    Comment {
        /// In which review.
        review: ReviewId,
        /// What it is about.
        spot: CommentAnchor,
        /// What it wants.
        kind: CommentKind,
        /// What it says.
        body: String,
    },
    /// Take a comment of one's own back.
    Withdraw {
        /// Which.
        comment: CommentId,
    },
    /// Mark a file, or a part of one, as read, or take the mark away. Not an entry of the log.
    Mark {
        /// In which review.
        review: ReviewId,
        /// What was read.
        mark: ReadMark,
        /// Whether it is marked from now on.
        on: bool,
    },
    /// Make the checks of a version again, in the background.
    Recheck {
        /// Which tool.
        tool: String,
    },
    /// Ask for a higher stage: opens a review or names the one that waits.
    Promote {
        /// Which tool.
        tool: String,
        /// To where.
        to: Stage,
    },
    /// Use a version in place of what its name means otherwise, in one session.
    UseInSession {
        /// Which version.
        tool: String,
        /// Its digest as it was shown; refused when another one lies there.
        digest: Digest,
        /// For which session; a workbench without an owner is the process that carries it out.
        scope: GrantScope,
    },
    /// Take older versions away; their bytes are kept.
    Trim {
        /// Of which tool.
        tool: String,
        /// The versions as they were shown; empty when none were.
        versions: Vec<Digest>,
    },
    /// Ask humans whether tools shall be put away or marked as deprecated: a review each. Nothing changes by it.
    Propose {
        /// Which, and why.
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
        /// What it does.
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
        /// Why.
        reason: Option<String>,
    },
    /// Let a version do what it declares, from now on.
    Allow {
        /// Which tool.
        tool: String,
        /// The digest whose permissions were on screen; refused when the tool has another one now.
        digest: Digest,
    },
    /// Fetch the packages that a script declares, over the network, and put its environment together.
    FetchPackages {
        /// Which tool.
        tool: String,
        /// The digest whose packages were on screen; refused when the tool has another one now.
        digest: Digest,
    },
    /// Let an agent run a version that is not approved, strictly contained.
    Grant {
        /// Which tool.
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
        /// Which grant.
        grant: GrantKey,
    },
    /// Take back an operation: the given one, or the newest that can be taken back.
    Undo {
        /// Which.
        operation: Option<OperationId>,
    },
    /// Hand over what waits in a buffer.
    FlushBuffer {
        /// Which buffer.
        buffer: String,
    },
    /// Throw away what waits in a buffer.
    ClearBuffer {
        /// Which buffer.
        buffer: String,
    },
    /// Ask for a running run to be stopped, whoever owns it.
    Cancel {
        /// Which.
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
