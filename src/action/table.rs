//! The table.

use super::spec::{Arg, ArgKind, Context, Group, Risk, Spec};

/// Declares the verbs and their rows together, so that neither can exist without the other.
macro_rules! actions {
    ($($verb:ident $name:literal $group:ident $risk:ident [$($context:ident),*] [$($key:literal),*]
        $faces:ident $doc:literal { $($arg:expr),* $(,)? })+) => {
        /// Every verb, in the order of the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Verb { $(#[doc = $doc] $verb),+ }

        /// Every verb with its row.
        pub const ACTIONS: &[Spec] = &[$(Spec {
            verb: Verb::$verb,
            name: $name,
            doc: $doc,
            group: Group::$group,
            contexts: &[$(Context::$context),*],
            keys: &[$($key),*],
            args: &[$($arg),*],
            risk: Risk::$risk,
            cli: Face::$faces.cli(),
            tui: Face::$faces.tui(),
        }),+];
    };
}

/// Where a verb can be reached.
#[derive(Clone, Copy)]
enum Face {
    /// Command line and screen.
    Both,
    /// Command line only: what it does has no meaning on a screen.
    Shell,
    /// Screen only: it moves about on it.
    Screen,
}

impl Face {
    const fn cli(self) -> bool {
        matches!(self, Face::Both | Face::Shell)
    }
    const fn tui(self) -> bool {
        matches!(self, Face::Both | Face::Screen)
    }
}

const TEMPLATES: ArgKind = ArgKind::Word(&["cli-wrapper", "api-client", "data-transform", "file-processor"]);
const LANGUAGES: ArgKind = ArgKind::Word(&["python", "typescript", "shell"]);
const STAGES: ArgKind = ArgKind::Word(&["experimental", "approved", "core", "archived"]);
const KINDS: ArgKind = ArgKind::Word(&["command", "service", "prompt", "http", "mcp", "composite"]);
const TIERS: ArgKind = ArgKind::Word(&["low", "medium", "high", "prohibited"]);
const ORIGINS: ArgKind = ArgKind::Word(&["ai", "admin", "unknown"]);
const OUTCOMES: ArgKind = ArgKind::Word(&[
    "running",
    "succeeded",
    "failed",
    "timed-out",
    "cancelled",
    "killed",
    "limit-exceeded",
    "invalid-input",
    "invalid-output",
    "spawn-failed",
    "refused",
    "interrupted",
]);
const STEPS: ArgKind = ArgKind::Word(&["patch", "minor", "major"]);
const SHELLS: ArgKind = ArgKind::Word(&["bash", "elvish", "fish", "powershell", "zsh"]);
const TOOL: Arg =
    Arg::required("tool", ArgKind::Tool, "name, NAME@VERSION, NAME@DIGESTPREFIX, or the path when names clash");
const REVIEW: Arg = Arg::required("review", ArgKind::Review, "number of the review");
const REVIEWS: Arg = Arg::several("review", ArgKind::Review, "number of the review, or of several");
const YES: Arg = Arg::option("yes", ArgKind::Switch, "with several reviews: decide without asking again");
const EVOLUTION: Arg = Arg::required("evolution", ArgKind::Number, "number of the evolution");
const SEVERITIES: ArgKind = ArgKind::Word(&["low", "medium", "high"]);
const FAILURE: Arg = Arg::required("failure", ArgKind::Failure, "first digits of its signature, at least 4");
const OPPORTUNITY: Arg = Arg::required("opportunity", ArgKind::Text, "its key, or at least the first 4 digits");
const HISTORY: Arg =
    Arg::option("history", ArgKind::Path, "also read this shell history: bash, zsh or fish; nothing of it is kept");
const AGENT_LOG: Arg = Arg::option(
    "log",
    ArgKind::Path,
    "also read this log of an agent: JSON lines with its calls; nothing of it is kept",
);
const OPENAPI: Arg = Arg::option(
    "openapi",
    ArgKind::Path,
    "also suggest a tool for each operation of this OpenAPI document, JSON or YAML",
);
const BUNDLE: Arg = Arg::required("bundle", ArgKind::Path, "the folder of the bundle");
const ALLOW: Arg = Arg::option(
    "allow",
    ArgKind::Switch,
    "unlock it for this run, and allow this version what it declares from now on",
)
.for_humans();
const RUN: Arg = Arg::required("run", ArgKind::Run, "number of the run");

actions! {
    // Catalog
    Init "init" Catalog Change [Catalog] ["I"] Both "Create folders, settings, .gitignore lines and a sample tool; overwrites nothing" {
        Arg::optional("dir", ArgKind::Path, "where; default is the current folder")
    }
    List "list" Catalog View [] [] Shell "List the catalog, or the tools that match a fuzzy query" {
        Arg::optional("query", ArgKind::Text, "the same fuzzy search as on the screen"),
        Arg::option("stage", STAGES, "only this stage"),
        Arg::option("category", ArgKind::Text, "only this category"),
        Arg::option("tier", TIERS, "only this cost tier"),
        Arg::option("tag", ArgKind::Text, "only tools with this tag"),
        Arg::option("kind", KINDS, "only this kind"),
        Arg::option("origin", ORIGINS, "only tools of this origin"),
        Arg::option("problems", ArgKind::Switch, "problems instead of tools")
    }
    Search "search" Catalog View [] [] Both "Find tools by what they are for, best match first, with reasons" {
        Arg::required("words", ArgKind::Text, "what is wanted, in words"),
        Arg::option("limit", ArgKind::Number, "at most this many, default 20")
    }
    Show "show" Catalog View [Catalog] ["enter", "i"] Both "Show one tool: what it is, needs, takes and returns" { TOOL }
    Source "source" Catalog View [Catalog] ["s"] Both "Show a tool's files" { TOOL }
    Diff "diff" Catalog View [Catalog] ["D"] Both "Compare two versions of a tool; by default the approved one with the files on disk" {
        Arg::required("tool", ArgKind::Tool, "NAME, or NAME@A for the old side"),
        Arg::optional("other", ArgKind::Text, "@B or NAME@B: version or digest of the new side; default is what lies on disk")
    }
    Behaviour "behaviour" Catalog View [Catalog, Output, Failures, Queue, Review, Source] ["b"] Both "Show what a tool, or one of its runs, was observed to do" {
        Arg::required("tool", ArgKind::Tool, "NAME or NAME@VERSION for all its runs, or the number of one run")
    }
    Scores "scores" Catalog View [] [] Both "List the scores of tools: usage, success and speed of their runs, lowered by failure marks" {
        Arg::option("explain", ArgKind::Tool, "only this tool: the parts, recomputed from its recorded runs, beside what it claims"),
        Arg::option("low", ArgKind::Switch, "only tools of low quality, the worst first"),
        Arg::option("alerts", ArgKind::Switch, "instead: what got worse in the last day")
    }
    Dashboard "dashboard" Catalog View [Global] ["S"] Both "Show statistics: tools, runs, failures, success and time of two weeks, and what got worse" {}
    Export "export" Catalog View [] [] Both "Export the catalog with code and statistics for other programs" {
        Arg::option("format", ArgKind::Word(&["csv", "sqlite"]), "which format, default csv"),
        Arg::needed("out", ArgKind::Path, "the new file")
    }
    Push "push" Catalog Change [] [] Both "Write tools into a bundle folder, by name and digest, for other workspaces" {
        BUNDLE,
        Arg::optional("tool", ArgKind::Tool, "only this tool; default is all that are not archived")
    }
    Pull "pull" Catalog HumanOnly [] [] Both "Import the tools of a bundle as experimental ones that wait for a review" {
        BUNDLE,
        Arg::optional("tool", ArgKind::Text, "only the tool of this name")
    }
    Similar "similar" Catalog Change [Global] ["ctrl-y"] Both "Show the tools similar to one; without a name, all copies, near duplicates and name clashes, with what to do" {
        Arg::optional("tool", ArgKind::Tool, "name, NAME@VERSION, NAME@DIGESTPREFIX, or the path when names clash"),
        Arg::option("propose", ArgKind::Switch, "without a name: open a review of each, to deprecate it in favour of the one to keep or to archive a copy")
    }
    Stale "stale" Catalog Change [Global] ["ctrl-t"] Both "List tools that nobody used for a while; proposes to archive them, never does it" {
        Arg::option("days", ArgKind::Number, "not used for this many days; default is policy.stale_days of the settings, 30"),
        Arg::option("propose", ArgKind::Switch, "open a review of each, to archive it")
    }
    Stats "stats" Catalog View [] [] Both "Show how large the library is, how it grows, and the recommended policy" {}
    Lineage "lineage" Catalog View [Catalog] ["V"] Both "Show all versions of a tool: who made each and why, which is in use, how its runs went" { TOOL }
    // Run
    Run "run" Run Change [Catalog] ["r"] Both "Run a tool and record it" {
        TOOL,
        Arg::option("input", ArgKind::Json, "input object as JSON, @FILE, or - for standard input"),
        Arg::repeated("set", ArgKind::KeyValue, "one input value as KEY=VALUE"),
        Arg::option("timeout", ArgKind::Duration, "wall-clock limit, for example 30s"),
        Arg::option("scenario", ArgKind::Text, "what it is wanted for, in words; warns when it failed at that before"),
        ALLOW,
        Arg::option("jsonl", ArgKind::Switch, "one event a line while it runs")
    }
    Call "call" Run Change [Catalog] ["c"] Both "Run the tool that fits a scenario best; when it fails, the next one" {
        Arg::required("scenario", ArgKind::Text, "what is wanted, in words: translate english to french"),
        Arg::option("input", ArgKind::Json, "input object as JSON, @FILE, or - for standard input"),
        Arg::repeated("set", ArgKind::KeyValue, "one input value as KEY=VALUE"),
        Arg::repeated("tag", ArgKind::Text, "only tools with this tag or capability; with several, with all of them"),
        Arg::option("max-attempts", ArgKind::Number, "at most this many, default 5"),
        Arg::option("timeout", ArgKind::Duration, "wall-clock limit of each attempt, for example 30s"),
        Arg::option("go-on", ArgKind::Switch, "continue after a failed tool that may have changed something outside"),
        Arg::option("show", ArgKind::Switch, "run nothing; list the candidates, and why")
    }
    Cancel "cancel" Run Change [Output] ["c"] Both "Stop a run" { RUN }
    Rerun "rerun" Run Change [Output, Failures] ["r"] Both "Run again with the same input" {
        RUN,
        ALLOW,
        Arg::option("jsonl", ArgKind::Switch, "one event a line while it runs")
    }
    Runs "runs" Run View [Output] ["enter"] Both "List recorded runs, newest first" {
        Arg::optional("tool", ArgKind::Tool, "only runs of this tool"),
        Arg::option("outcome", OUTCOMES, "only this outcome"),
        Arg::option("since", ArgKind::Duration, "only runs started within this time, for example 24h"),
        Arg::option("limit", ArgKind::Number, "at most this many, default 50")
    }
    Output "output" Run View [Failures] ["enter"] Both "Show the recorded output of a run" {
        RUN,
        Arg::option("stream", ArgKind::Word(&["both", "stdout", "stderr"]), "which stream, default both"),
        Arg::option("diff", ArgKind::Switch, "instead: what it wrote to declared paths, and what became of it")
    }
    Failures "failures" Run View [] [] Both "List failure groups" {
        Arg::optional("tool", ArgKind::Tool, "only failures of this tool"),
        Arg::option("state", ArgKind::Word(&["open", "resolved", "all"]), "which ones, default all"),
        Arg::option("severity", SEVERITIES, "only those of at least this severity"),
        Arg::option("since", ArgKind::Duration, "only seen within this time, for example 24h"),
        Arg::option("grep", ArgKind::Text, "only those whose message or scenarios contain this text"),
        Arg::option("marks", ArgKind::Switch, "instead: failure marks, with the negative tags they give"),
        Arg::option("incidents", ArgKind::Switch, "instead: when tools were broken, and how long until they worked again")
    }
    Failure "failure" Run View [Failures] ["i"] Both "Show a failure group: versions, scenarios, the input of each run, how long the tool was broken" { FAILURE }
    Compare "compare" Run View [Output, Failures] ["="] Both "Compare two runs: input, output, resources used" {
        RUN,
        Arg::optional("other", ArgKind::Run, "the run to compare with; default is the newest that succeeded, with the same input if there is one")
    }
    MarkFailure "mark-failure" Run Change [Catalog, Output, Failures] ["m"] Both "Record that a tool failed at a scenario; it is ranked lower there, and callers are warned" {
        TOOL,
        Arg::needed("scenario", ArgKind::Text, "what it was wanted for, in words: parse JSON data"),
        Arg::option("error", ArgKind::Text, "what went wrong; default is the cause of the run"),
        Arg::option("severity", SEVERITIES, "how bad it is, default medium"),
        Arg::option("run", ArgKind::Run, "the run that failed; it may have ended well")
    }
    Untag "untag" Run HumanOnly [] [] Both "Remove a negative tag that failure marks gave a tool" {
        TOOL,
        Arg::required("tag", ArgKind::Text, "the tag, for example not-for-json")
    }
    Resolve "resolve" Run HumanOnly [Failures] ["d"] Both "Mark a failure group as resolved; it reopens when the failure is seen again" {
        FAILURE,
        Arg::option("reason", ArgKind::Text, "what was done")
    }
    Buffer "buffer" Run Change [Global] ["ctrl-b"] Both "Collect items and hand them on in batches: write, flush, status, clear" {
        Arg::required("operation", ArgKind::Word(&["write", "flush", "status", "clear"]), "what to do"),
        Arg::optional("item", ArgKind::Text, "what to write: JSON or text; - for a line each on standard input"),
        Arg::option("buffer", ArgKind::Text, "which buffer, default \"default\"; \"usage\" counts uses of tools"),
        Arg::option("strategy", ArgKind::Word(&["batched", "immediate", "manual"]), "when it hands items on, from now on; batched at first"),
        Arg::option("max-size", ArgKind::Number, "items of a batch, from now on; 100 at first"),
        Arg::option("interval", ArgKind::Text, "how long an item waits at most, from now on; 5s at first; 0 means forever"),
        Arg::option("to", ArgKind::Text, "the tool that gets each batch, from now on; \"none\" for no tool"),
        Arg::option("with", ArgKind::Json, "more fields of the input of that tool, an object"),
        Arg::option("lines", ArgKind::Switch, "each line of standard input is an item, as -"),
        Arg::option("jsonl", ArgKind::Switch, "of lines: one event a line")
    }
    // Make
    New "new" Make Change [Catalog] ["n"] Both "Make a new tool: a specification from words or a document, or a scaffold from a template or an approved specification" {
        Arg::optional("name", ArgKind::Text, "name of the new tool; default is made from the words, or taken from the specification"),
        Arg::option("describe", ArgKind::Text, "what it does, in words"),
        Arg::option("spec", ArgKind::Path, "a document, or a specification as JSON, YAML or TOML (assets/specification.schema.json)"),
        Arg::option("max-length", ArgKind::Number, "characters of the summary that goes with the specification; default 10000"),
        Arg::option("no-summarize", ArgKind::Switch, "keep the whole document with the specification, without a summary"),
        Arg::option("template", TEMPLATES, "write a scaffold that passes its own tests"),
        Arg::option("language", LANGUAGES, "programming language; default is chosen by the words, and reported"),
        Arg::option("from-spec", ArgKind::Review, "write a scaffold for the specification that this review approved"),
        Arg::repeated("generator", ArgKind::Text, "with --from-spec: let this generator of the settings write the code")
    }
    Spec "spec" Make Change [] [] Shell "Summarise a specification document, keep its full text, and find the line behind each sentence" {
        Arg::optional("document", ArgKind::Path, "a file, - for standard input, or the first digits of the digest of a kept one"),
        Arg::option("max-length", ArgKind::Number, "characters of the summary, footer included; default 10000"),
        Arg::option("full", ArgKind::Switch, "the full text instead of a summary"),
        Arg::option("lines", ArgKind::Text, "only these lines of the full text, as 12 or 12-34"),
        Arg::option("review", ArgKind::Review, "show the specification of this review; with a document, replace it by that")
    }
    Evolve "evolve" Make Change [Catalog, Output, Failures, Queue, Review, Source, Evolution] ["e"] Both "Ask a generator for a better version of a tool: checked, replayed on recorded inputs, unused until a human approves it" {
        TOOL,
        Arg::optional("hint", ArgKind::Text, "what is wanted, in words"),
        Arg::repeated("failure", ArgKind::Run, "a failed run that the new version should not have; default is the newest of each kind"),
        Arg::repeated("generator", ArgKind::Text, "whom to ask: a name of the settings, or built-in; the answers of several, or of the same twice, are compared"),
        Arg::option("rounds", ArgKind::Number, "at most this many; default as in the settings, 3"),
        Arg::option("step", STEPS, "the least version step; default is minor for something new, patch for a repair"),
        Arg::option("dynamic-schema", ArgKind::Switch, "allow fields in the output that are not declared"),
        Arg::option("show", ArgKind::Switch, "send nothing; print what would be sent, with --json as a bundle that can be edited"),
        Arg::option("request", ArgKind::Path, "send this edited bundle; - for standard input")
    }
    Evolutions "evolutions" Make View [Global] ["E"] Both "List evolutions, or show the rounds of one" {
        Arg::optional("evolution", ArgKind::Number, "number of one"),
        Arg::option("tool", ArgKind::Tool, "only those of this tool"),
        Arg::option("answer", ArgKind::Text, "print what was written in a round, as 2 or 2.1 for the second of that round"),
        Arg::option("learnt", ArgKind::Switch, "instead: which kinds of change helped against which kinds of failure")
    }
    Opportunities "opportunities" Make View [Global] ["ctrl-o"] Both "List tools worth making or improving, most promising first, with the use that suggests it" {
        HISTORY,
        AGENT_LOG,
        OPENAPI,
        Arg::option("limit", ArgKind::Number, "at most this many, default 20"),
        Arg::option("dismissed", ArgKind::Switch, "instead: dismissed opportunities")
    }
    Accept "accept" Make Change [] [] Both "Turn an opportunity into a specification that waits for a human" {
        OPPORTUNITY,
        Arg::option("name", ArgKind::Text, "name of the new tool; default is as proposed"),
        HISTORY,
        AGENT_LOG,
        OPENAPI
    }
    Dismiss "dismiss" Make HumanOnly [] [] Both "Hide an opportunity for good" {
        OPPORTUNITY,
        Arg::option("reason", ArgKind::Text, "why"),
        HISTORY,
        AGENT_LOG,
        OPENAPI
    }
    Keep "keep" Make Change [Evolution] ["K"] Both "Write the best answer of an evolution as a version that waits for a human" {
        EVOLUTION,
        Arg::option("answer", ArgKind::Text, "another answer than the best: its round, as 2 or 2.1")
    }
    Stop "stop" Make Change [Evolution] ["s", "c"] Both "End an evolution; its answers can still be kept" { EVOLUTION }
    Resume "resume" Make Change [Evolution] ["R"] Both "Resume an interrupted evolution" { EVOLUTION }
    // Review
    Reviews "reviews" Review View [] [] Both "List the review queue" {
        Arg::option("state", ArgKind::Word(&["waiting", "decided", "all"]), "which ones, default waiting"),
        Arg::option("sort", ArgKind::Word(&["age", "risk"]), "the oldest first, or the riskiest; default age")
    }
    Review "review" Review View [Queue, Evolution] ["enter"] Both "Open a review with all its evidence" { REVIEW }
    Check "check" Review Change [Catalog, Queue, Review] ["C"] Both "Run all checks of a tool now and show the verdict" { TOOL }
    Comment "comment" Review HumanOnly [Review] ["i"] Both "Comment on a version under review" {
        REVIEW,
        Arg::required("text", ArgKind::Text, "what it says"),
        Arg::option("path", ArgKind::Text, "the file it is about, as the review names it"),
        Arg::option("lines", ArgKind::Text, "its lines, as 12 or 12-15"),
        Arg::option("kind", ArgKind::Word(&["must-fix", "question", "note"]), "what it wants, default note")
    }
    Withdraw "withdraw" Review HumanOnly [Review] ["W"] Both "Delete your comment" {
        Arg::required("comment", ArgKind::Number, "number of the comment")
    }
    Approve "approve" Review HumanOnly [Review, Queue] ["a"] Both "Approve exactly the digest that was shown" {
        Arg::several("review", ArgKind::ReviewDigest, "number of the review; of several reviews NUMBER=DIGEST each"),
        Arg::option("digest", ArgKind::Digest, "at least 8 digits of the digest shown"),
        Arg::option("reason", ArgKind::Text, "why"),
        Arg::option("role", ArgKind::Text, "the role under which you approve, where more than one approval is needed"),
        Arg::option("override", ArgKind::Text, "why to approve despite failed checks; kept and shown forever"),
        Arg::option("unread", ArgKind::Switch, "show nothing first; needs --reason, and both are kept and shown forever"),
        YES
    }
    Reject "reject" Review HumanOnly [Review, Queue] ["x"] Both "Reject a review" {
        REVIEWS,
        Arg::needed("reason", ArgKind::Text, "why; whoever made the tool reads it"),
        YES
    }
    RequestChanges "request-changes" Review HumanOnly [Review, Queue] ["c"] Both "Send a review back and say what must change" {
        REVIEWS,
        Arg::needed("reason", ArgKind::Text, "what must change"),
        YES
    }
    Request "request" Review Change [] [] Shell "Ask the humans for a decision, as an agent does: about a tool, a plan, a specification, a deprecation or archiving a tool" {
        Arg::option("file", ArgKind::Path, "the request as JSON, or - for standard input"),
        Arg::option("schema", ArgKind::Switch, "instead: print the JSON schema of requests")
    }
    Wait "wait" Review View [] [] Shell "Wait until a review is decided, and print the answer" {
        REVIEW,
        Arg::option("timeout", ArgKind::Duration, "give up after this time, for example 10m; the review keeps waiting")
    }
    // Lifecycle
    Promote "promote" Lifecycle HumanOnly [Catalog, Failures, Queue] ["p"] Both "Ask for a tool to become approved or core, which opens or names its review; or use a version in this session" {
        TOOL,
        Arg::needed("to", ArgKind::Word(&["approved", "core", "session"]), "the stage wanted; session: use this version in place of the usual one, in this session only")
    }
    Archive "archive" Lifecycle HumanOnly [Catalog, Failures, Queue] ["X"] Both "Archive a tool: hidden, not runnable, bytes and history kept" {
        TOOL,
        Arg::option("reason", ArgKind::Text, "why")
    }
    Restore "restore" Lifecycle HumanOnly [Catalog] ["R"] Both "Bring back an archived tool, or one whose files vanished" { TOOL }
    Grant "grant" Lifecycle HumanOnly [Catalog] ["A"] Both "Let an agent run this experimental version, strictly contained" {
        TOOL,
        Arg::needed("agent", ArgKind::Text, "the agent, by the name it calls with"),
        Arg::option("session", ArgKind::Text, "only for calls from this session; default is TOOLSMITH_SESSION, else until revoked")
    }
    Grants "grants" Lifecycle View [Global] ["ctrl-g"] Both "List grants: what agents and versions may do, and what is unlocked" {}
    Revoke "revoke" Lifecycle HumanOnly [] [] Both "Revoke a grant" {
        Arg::required("grant", ArgKind::Text, "number of the grant, or NAME@DIGESTPREFIX for what a version was allowed")
    }
    Unlock "unlock" Lifecycle HumanOnly [Catalog] ["U"] Both "Unlock a tool, or a whole cost tier, above low" {
        Arg::optional("tool", ArgKind::Tool, "the tool; without it, --tier"),
        Arg::option("tier", ArgKind::Word(&["medium", "high"]), "every tool up to this tier"),
        Arg::option("session", ArgKind::Text, "only for calls from this session; default is TOOLSMITH_SESSION, else the whole workspace until revoked"),
        Arg::option("for", ArgKind::Duration, "only for this long, for example 2h")
    }
    Sets "sets" Lifecycle View [Global] ["T"] Both "List sets of tools: minimal, default, full and saved ones; on the screen, take one in use" {}
    Set "set" Lifecycle HumanOnly [] [] Both "Save a set of tools under a name, for --tools" {
        Arg::required("name", ArgKind::Text, "name of the set"),
        Arg::required("tools", ArgKind::Text, "the tools, joined by commas: read,write,grep")
    }
    Unset "unset" Lifecycle HumanOnly [] [] Both "Delete a saved set of tools" {
        Arg::required("name", ArgKind::Text, "name of the set")
    }
    Pin "pin" Lifecycle HumanOnly [] [] Both "Keep a version when trimming" { TOOL }
    Unpin "unpin" Lifecycle HumanOnly [] [] Both "Let trim remove a version again" { TOOL }
    Trim "trim" Lifecycle HumanOnly [] [] Both "Remove old evolved versions; keeps the first, the last three, and those pinned, in use or waiting; bytes are kept" { TOOL }
    Rollback "rollback" Lifecycle HumanOnly [Catalog] ["B"] Both "Go back to the version that was approved before" {
        TOOL,
        Arg::option("to", ArgKind::Text, "the version or digest to go back to; default is the one approved before the one in use"),
        Arg::option("reason", ArgKind::Text, "why")
    }
    RestoreFiles "restore-files" Lifecycle HumanOnly [Catalog] ["P"] Both "Put the approved files of a changed tool back" { TOOL }
    Fork "fork" Lifecycle HumanOnly [Catalog] ["F"] Both "Make the changed files of an approved tool a new tool, and put the approved files back" {
        TOOL,
        Arg::required("name", ArgKind::Text, "name of the new tool")
    }
    Deprecate "deprecate" Lifecycle HumanOnly [Catalog] ["d"] Both "Mark a tool as deprecated, and name its successor" {
        TOOL,
        Arg::option("by", ArgKind::Tool, "the tool to use instead"),
        Arg::option("reason", ArgKind::Text, "why")
    }
    // History
    Log "log" History View [Global] ["L"] Both "Show the operation log" {
        Arg::option("limit", ArgKind::Number, "at most this many, default 50"),
        Arg::option("grep", ArgKind::Text, "only entries that contain this text")
    }
    Undo "undo" History HumanOnly [Global] ["u"] Both "Undo an operation; by default the newest one that can be undone" {
        Arg::optional("operation", ArgKind::Operation, "number of the operation")
    }
    Verify "verify" History View [] [] Both "Check the log, every kept copy, approved files and signatures" {
        Arg::optional("tool", ArgKind::Tool, "only the versions and files of this tool")
    }
    Sign "sign" History Change [] [] Shell "Show what is not signed but must be; with --yes, sign what is in force" {
        Arg::option("yes", ArgKind::Switch, "sign the log as it is: what was shown counts from here on").for_humans()
    }
    Feedback "feedback" History View [] [] Shell "Export decisions as JSON lines: request, code, evidence, decision, reason" {
        Arg::option("out", ArgKind::Path, "write to this file instead of standard output"),
        Arg::option("since", ArgKind::Duration, "only decisions made within this time, for example 24h"),
        Arg::option("suggestions", ArgKind::Switch, "instead: where a series of approvals suggests fewer questions, and why")
    }
    Docs "docs" History View [] [] Shell "Write a page for each tool: usage, examples, limits, observed behaviour, origin" {
        Arg::option("out", ArgKind::Path, "folder, default docs/tools"),
        Arg::option("check", ArgKind::Switch, "write nothing; fail when a page is out of date"),
        Arg::optional("tool", ArgKind::Tool, "only this tool")
    }
    // Workbench
    Doctor "doctor" Workbench View [] [] Both "Check interpreters, folders, limits, terminal and state; recover a lost state" {
        Arg::option("restore", ArgKind::Switch, "put the newest backup of the state, or BACKUP, in its place; asks first").for_humans(),
        Arg::option("rebuild", ArgKind::Switch, "rebuild the state from what can be read, the log and the files; asks first").for_humans(),
        Arg::option("accept-loss", ArgKind::Switch, "continue with the state that is here, although there was a newer one; asks first").for_humans(),
        Arg::option("same-workspace", ArgKind::Switch, "the folder that looks like a copy is the old workspace, moved: keep its history").for_humans(),
        Arg::option("copied", ArgKind::Switch, "the folder that looks like a copy is a copy: keep a separate history").for_humans(),
        Arg::optional("backup", ArgKind::Path, "the backup to put back")
    }
    Completions "completions" Workbench View [] [] Shell "Print a completion script" {
        Arg::required("shell", SHELLS, "which shell")
    }
    Man "man" Workbench View [] [] Shell "Print the manual page" {}
    Help "help" Workbench View [Global] ["?"] Screen "Show every key that works here; type to filter, Enter runs the row" {}
    Palette "palette" Workbench View [Global] [":", "ctrl-k"] Screen "Find any verb by name, with its key and command line" {}
    Rescan "rescan" Workbench View [Global] ["f5"] Screen "Read the tools folder again" {}
    Redraw "redraw" Workbench View [Global] ["ctrl-l"] Screen "Redraw the screen" {}
    Mouse "mouse" Workbench View [Global] ["M"] Screen "Turn the mouse on or off (off: the terminal's own selection works)" {}
    Theme "theme" Workbench View [] [] Screen "Switch between dark and light colours" {}
    Quit "quit" Workbench View [Global] ["q", "ctrl-c"] Screen "Quit; asks before it stops runs" {}
    // Motion
    NextPane "next-pane" Motion View [Global] ["tab"] Screen "Focus the next pane" {}
    PreviousPane "previous-pane" Motion View [Global] ["shift-tab"] Screen "Focus the previous pane" {}
    FocusCatalog "focus-catalog" Motion View [Global] ["1"] Screen "Focus the catalog" {}
    FocusOutput "focus-output" Motion View [Global] ["2"] Screen "Focus the output" {}
    FocusFailures "focus-failures" Motion View [Global] ["3"] Screen "Focus the failures" {}
    FocusReviews "focus-reviews" Motion View [Global] ["4"] Screen "Focus the review queue" {}
    Zoom "zoom" Motion View [Global] ["z"] Screen "Zoom the focused pane to the whole screen, or back" {}
    Back "back" Motion View [Global] ["esc"] Screen "Close what is open, clear a filter, or go one step back" {}
    Down "down" Motion View [Motion] ["j", "down"] Screen "One line down" {}
    Up "up" Motion View [Motion] ["k", "up"] Screen "One line up" {}
    ReadOn "read-on" Motion View [Catalog, Output, Failures, Queue, Review, Source, Evolution] ["space"] Screen "In a review: next page that was not shown yet, through all files; elsewhere: one page down" {}
    PageDown "page-down" Motion View [Motion] ["pagedown", "ctrl-d"] Screen "One page down" {}
    PageUp "page-up" Motion View [Motion] ["pageup", "ctrl-u"] Screen "One page up" {}
    Top "top" Motion View [Motion] ["g", "home"] Screen "Go to the first line" {}
    Bottom "bottom" Motion View [Motion] ["G", "end"] Screen "Go to the last line" {}
    Left "left" Motion View [Motion] ["h", "left"] Screen "Scroll left" {}
    Right "right" Motion View [Motion] ["l", "right"] Screen "Scroll right" {}
    Filter "filter" Motion View [Motion] ["/"] Screen "Filter the list, or search the text" {}
    NextMatch "next-match" Motion View [Output, Failures, Queue, Review, Source, Evolution] ["n"] Screen "Go to the next match" {}
    PreviousMatch "previous-match" Motion View [Motion] ["N"] Screen "Go to the previous match" {}
    CycleStage "cycle-stage" Motion View [Catalog] ["t"] Screen "Show all stages, or only one; also archived tools" {}
    Follow "follow" Motion View [Output] ["f"] Screen "Follow new output, or stop following" {}
    Wrap "wrap" Motion View [Output, Review, Source, Evolution] ["w"] Screen "Wrap long lines, or cut them" {}
    NextTab "next-tab" Motion View [Output, Review, Source, Evolution] ["]"] Screen "Next run, file or answer" {}
    PreviousTab "previous-tab" Motion View [Output, Review, Source, Evolution] ["["] Screen "Previous run, file or answer" {}
    ToggleDiff "toggle-diff" Motion View [Review] ["d"] Screen "Switch between the difference to the approved version and the whole source" {}
    Mark "mark" Motion View [Queue] ["m"] Screen "In the queue: mark a review, to decide several at once" {}
    Sort "sort" Motion View [Queue] ["o"] Screen "Sort the queue by age or by risk" {}
    GoTo "go-to" Motion View [Review] ["enter"] Screen "Go to the line of a finding or comment, or open a fold" {}
    NextHunk "next-hunk" Motion View [Review, Source, Evolution] ["}"] Screen "Go to the next file or change" {}
    PreviousHunk "previous-hunk" Motion View [Review, Source, Evolution] ["{"] Screen "Go to the previous file or change" {}
    NextRisk "next-risk" Motion View [Review] ["r"] Screen "In a review: go to the next line with a warning" {}
    PreviousRisk "previous-risk" Motion View [Review] ["R"] Screen "In a review: go to the previous line with a warning" {}
    NextNew "next-new" Motion View [Review] ["!"] Screen "Go to what arrived while the review was open and was not shown yet" {}
    SelectRange "select-range" Motion View [Queue, Review] ["v"] Screen "Start or end a range of lines or reviews" {}
    MarkRead "mark-read" Motion View [Review] ["m"] Screen "In a review: mark a change or a file as read, or remove the mark" {}
    IgnoreBlanks "ignore-blanks" Motion View [Review] ["s"] Screen "Hide or show lines that differ only in whitespace" {}
    Unfold "unfold" Motion View [Review, Evolution] ["U"] Screen "Show or fold unchanged lines" {}
    Copy "copy" Motion View [Global] ["y"] Screen "Copy the selection as clean text" {}
    ApproveOver "approve-over" Review View [Review] ["O"] Screen "Approve despite failed checks; the reason is kept and shown forever" {}
}
