//! Arguments of several verbs, and long arguments.

use super::arg::{Arg, ArgKind};

pub(super) const TOOL: Arg =
    Arg::required("tool", ArgKind::Tool, "name, NAME@VERSION, NAME@DIGESTPREFIX, or a path when names clash");
pub(super) const REVIEW: Arg = Arg::required("review", ArgKind::Review, "number of the review");
pub(super) const REVIEWS: Arg = Arg::several("review", ArgKind::Review, "one or more review numbers");
pub(super) const YES: Arg = Arg::option("yes", ArgKind::Switch, "with several reviews: decide without confirmation");
pub(super) const EVOLUTION: Arg =
    Arg::required("evolution", ArgKind::Numbered("evolutions"), "number of the evolution");
pub(super) const SEVERITIES: ArgKind = ArgKind::Word(&["low", "medium", "high"]);
pub(super) const FAILURE: Arg =
    Arg::required("failure", ArgKind::Failure, "first digits of its signature (at least 4)");
pub(super) const OPPORTUNITY: Arg =
    Arg::required("opportunity", ArgKind::Named("opportunities"), "its key, or at least the first 4 digits of the key");
pub(super) const HISTORY: Arg = Arg::repeated(
    "history",
    ArgKind::Path,
    "also read this shell history (bash, zsh or fish), or all in this folder; it is not stored",
);
pub(super) const AGENT_LOG: Arg = Arg::repeated(
    "log",
    ArgKind::Path,
    "also read this agent log (JSON lines with its calls), or all below this folder; it is not stored",
);
pub(super) const OPENAPI: Arg = Arg::repeated(
    "openapi",
    ArgKind::Path,
    "also suggest a tool for each operation of this OpenAPI document (JSON or YAML), or of all below this folder",
);
pub(super) const BUNDLE: Arg =
    Arg::required("bundle", ArgKind::Path, "bundle: a folder, or s3://BUCKET/PREFIX, az://, gs://, file://");
pub(super) const ALLOW: Arg = Arg::option(
    "allow",
    ArgKind::Switch,
    "unlock the tool for this run, and grant this version its declared permissions from now on",
)
.for_humans();
pub(super) const INSTANCE: Arg = Arg::required("instance", ArgKind::Instance, "name of the instance");
/// Verbs that change something have a dry run; `dry.rs` lists the exceptions.
pub(super) const DRY: Arg = Arg::option("dry-run", ArgKind::Switch, "show what would change; change nothing");
pub(super) const CRITERIA: Arg = Arg::repeated(
    "criteria",
    ArgKind::Text,
    "with a team: criterion it is approved for, such as deploy; default run; repeat for several",
);
pub(super) const DELTA: Arg = Arg::option(
    "delta",
    ArgKind::Switch,
    "with a team: approve only the difference from the version that was approved before",
);
pub(super) const SURELY: Arg = Arg::option("yes", ArgKind::Switch, "without confirmation");
pub(super) const THEIR_REMOTE: Arg =
    Arg::required("remote", ArgKind::Text, "address of the repository or object storage of the other team");
pub(super) const THEIR_POLICY: Arg =
    Arg::option("policy", ArgKind::Text, "64 digits of their policy; default the one of the last import from there");
pub(super) const RUN: Arg = Arg::required("run", ArgKind::Run, "number of the run");
pub(super) const LIVE_RUN: Arg = Arg::required("run", ArgKind::Numbered("live-runs"), "number of the run");
pub(super) const FULL: Arg =
    Arg::option("full", ArgKind::Switch, "give each check a line of its own, with its note or reason");
pub(super) const STARTS_ON: Arg =
    Arg::option("on", ArgKind::Text, "worker that starts the version; `workers` lists them, default is this machine");
pub(super) const ON: Arg =
    Arg::option("on", ArgKind::Text, "worker that carries out the run; `workers` lists them, default is this machine");

/// The tool that a request is about.
pub(super) const REVIEWED: Arg = Arg::optional("tool", ArgKind::Tool, "tool of this workspace that needs a review");

/// The reason, for the human who decides.
pub(super) const RATIONALE: Arg = Arg::option("rationale", ArgKind::Text, "why humans should approve the tool");

/// A request as a document.
pub(super) const REQUEST_FILE: Arg =
    Arg::option("file", ArgKind::Path, "file with any kind of request as JSON; - for stdin");

/// The content of such a document.
pub(super) const REQUEST_SCHEMA: Arg =
    Arg::option("schema", ArgKind::Switch, "print the JSON schema of requests instead");
