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
    Arg::required("tool", ArgKind::Tool, "name, NAME@VERSION, NAME@DIGESTPREFIX, or path when names clash");
const REVIEW: Arg = Arg::required("review", ArgKind::Review, "number of the review");
const REVIEWS: Arg = Arg::several("review", ArgKind::Review, "number of the review, or of several");
const YES: Arg = Arg::option("yes", ArgKind::Switch, "of several reviews: decide without asking once more");
const EVOLUTION: Arg = Arg::required("evolution", ArgKind::Number, "number of the evolution");
const SEVERITIES: ArgKind = ArgKind::Word(&["low", "medium", "high"]);
const FAILURE: Arg = Arg::required("failure", ArgKind::Text, "first digits of its signature, at least 4");
const OPPORTUNITY: Arg = Arg::required("opportunity", ArgKind::Text, "its key, or at least the first 4 digits of it");
const HISTORY: Arg = Arg::option(
    "history",
    ArgKind::Path,
    "also from this history of a shell: bash, zsh or fish; nothing of it is kept",
);
const AGENT_LOG: Arg = Arg::option(
    "log",
    ArgKind::Path,
    "also from this log of an agent: JSON lines with its calls; nothing of it is kept",
);
const OPENAPI: Arg =
    Arg::option("openapi", ArgKind::Path, "also a tool for each operation of this OpenAPI document, JSON or YAML");
const BUNDLE: Arg = Arg::required("bundle", ArgKind::Path, "the folder of the bundle");
const ALLOW: Arg = Arg::option(
    "allow",
    ArgKind::Switch,
    "unlock it for this run, and let this version do what it declares from now on",
)
.for_humans();
const RUN: Arg = Arg::required("run", ArgKind::Run, "number of the run");

actions! {
    // Catalog
    Init "init" Catalog Change [Catalog] ["I"] Both "Create folders, settings, .gitignore lines and one sample tool; touches nothing that exists" {
        Arg::optional("dir", ArgKind::Path, "where; default is the current folder")
    }
    List "list" Catalog View [] [] Shell "List the catalog, or what a fuzzy query finds in it" {
        Arg::optional("query", ArgKind::Text, "the same fuzzy search as on the screen"),
        Arg::option("stage", STAGES, "only this stage"),
        Arg::option("category", ArgKind::Text, "only this category"),
        Arg::option("tier", TIERS, "only this cost tier"),
        Arg::option("tag", ArgKind::Text, "only tools with this tag"),
        Arg::option("kind", KINDS, "only this kind"),
        Arg::option("origin", ORIGINS, "only tools of this origin"),
        Arg::option("problems", ArgKind::Switch, "problems instead of tools")
    }
    Search "search" Catalog View [] [] Both "Find tools by what they are for, best first, with reasons" {
        Arg::required("words", ArgKind::Text, "what is wanted, in words"),
        Arg::option("limit", ArgKind::Number, "at most this many, default 20")
    }
    Show "show" Catalog View [Catalog] ["enter", "i"] Both "Show one tool: what it is, needs, takes and gives" { TOOL }
    Source "source" Catalog View [Catalog] ["s"] Both "Show a tool's files" { TOOL }
    Diff "diff" Catalog View [Catalog] ["D"] Both "Compare two versions of a tool; without versions, the approved one with what lies on disk" {
        Arg::required("tool", ArgKind::Tool, "NAME, or NAME@A for the old side"),
        Arg::optional("other", ArgKind::Text, "@B or NAME@B: version or digest of the new side; default is what lies on disk")
    }
    Behaviour "behaviour" Catalog View [Catalog, Output, Failures, Queue, Review, Source] ["b"] Both "Show what a tool, or one run of it, was seen to do" {
        Arg::required("tool", ArgKind::Tool, "NAME or NAME@VERSION for all its runs, or the number of one run")
    }
    Scores "scores" Catalog View [] [] Both "List how good tools prove to be: usage, success and speed of their runs, lowered by marks of failures" {
        Arg::option("explain", ArgKind::Tool, "only this tool: the parts, recounted from its recorded runs, beside what it claims"),
        Arg::option("low", ArgKind::Switch, "only those of low quality, the worst first"),
        Arg::option("alerts", ArgKind::Switch, "instead: what got worse in the last day")
    }
    Dashboard "dashboard" Catalog View [Global] ["S"] Both "Show the figures: tools, runs, failures, success and time of two weeks, what got worse" {}
    Export "export" Catalog View [] [] Both "Write the catalog with code and figures for other programs" {
        Arg::option("format", ArgKind::Word(&["csv", "sqlite"]), "which format, default csv"),
        Arg::needed("out", ArgKind::Path, "the new file")
    }
    Push "push" Catalog Change [] [] Both "Write tools into a bundle: a folder, by name and digest, for other workspaces" {
        BUNDLE,
        Arg::optional("tool", ArgKind::Tool, "only this tool; default is all that are not archived")
    }
    Pull "pull" Catalog HumanOnly [] [] Both "Bring the tools of a bundle here, as experimental ones that wait for a review" {
        BUNDLE,
        Arg::optional("tool", ArgKind::Text, "only the tool of this name")
    }
    Similar "similar" Catalog Change [Global] ["ctrl-y"] Both "Show the tools that do nearly the same as one; without one, all copies, near duplicates and name clashes, with what to do" {
        Arg::optional("tool", ArgKind::Tool, "name, NAME@VERSION, NAME@DIGESTPREFIX, or path when names clash"),
        Arg::option("propose", ArgKind::Switch, "of all: ask for a review of each, to deprecate it by the one to keep or to put a copy away")
    }
    Stale "stale" Catalog Change [Global] ["ctrl-t"] Both "List the tools that nobody used for a while; proposes to put them away, never does it" {
        Arg::option("days", ArgKind::Number, "not used for so many days, default 30 or as policy.stale_days says"),
        Arg::option("propose", ArgKind::Switch, "ask for a review of each, to put it away")
    }
    Stats "stats" Catalog View [] [] Both "Show how large the library is, how it grows, and which policy pays for its size" {}
    Lineage "lineage" Catalog View [Catalog] ["V"] Both "Show all versions of a tool: who made each and why, which is used, what its runs came to" { TOOL }
    // Run
    Run "run" Run Change [Catalog] ["r"] Both "Run a tool and record it" {
        TOOL,
        Arg::option("input", ArgKind::Json, "input object as JSON, @FILE, or - for standard input"),
        Arg::repeated("set", ArgKind::KeyValue, "one input value as KEY=VALUE"),
        Arg::option("timeout", ArgKind::Duration, "wall-clock limit, for example 30s"),
        Arg::option("scenario", ArgKind::Text, "what it is wanted for, in words: says first when it failed at that before"),
        ALLOW,
        Arg::option("jsonl", ArgKind::Switch, "one event a line while it runs")
    }
    Call "call" Run Change [Catalog] ["c"] Both "Let the tool that fits best do what is wanted; when it fails, the next one" {
        Arg::required("scenario", ArgKind::Text, "what is wanted, in words: translate english to french"),
        Arg::option("input", ArgKind::Json, "input object as JSON, @FILE, or - for standard input"),
        Arg::repeated("set", ArgKind::KeyValue, "one input value as KEY=VALUE"),
        Arg::repeated("tag", ArgKind::Text, "only tools with this tag or capability; with several, with all of them"),
        Arg::option("max-attempts", ArgKind::Number, "at most this many, default 5"),
        Arg::option("timeout", ArgKind::Duration, "wall-clock limit of each attempt, for example 30s"),
        Arg::option("go-on", ArgKind::Switch, "go on also after a failed tool that may have changed something outside"),
        Arg::option("show", ArgKind::Switch, "run nothing; list who would be tried, and why")
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
    Output "output" Run View [Failures] ["enter"] Both "Show the kept output of a run" {
        RUN,
        Arg::option("stream", ArgKind::Word(&["both", "stdout", "stderr"]), "which stream, default both"),
        Arg::option("diff", ArgKind::Switch, "what it wrote to declared paths instead, and what became of that")
    }
    Failures "failures" Run View [] [] Both "List failure groups" {
        Arg::optional("tool", ArgKind::Tool, "only failures of this tool"),
        Arg::option("state", ArgKind::Word(&["open", "resolved", "all"]), "which ones, default all"),
        Arg::option("severity", SEVERITIES, "only those at least so bad"),
        Arg::option("since", ArgKind::Duration, "only seen within this time, for example 24h"),
        Arg::option("grep", ArgKind::Text, "only those whose message or scenarios hold this text"),
        Arg::option("marks", ArgKind::Switch, "instead: what was marked as failed, with the negative tags that gives"),
        Arg::option("incidents", ArgKind::Switch, "instead: when tools did not work, and how long until they did again")
    }
    Failure "failure" Run View [Failures] ["i"] Both "Show a failure group: versions, scenarios, the input of each run, how long the tool did not work" { FAILURE }
    Compare "compare" Run View [Output, Failures] ["="] Both "Compare a run with another: input, output, what it used" {
        RUN,
        Arg::optional("other", ArgKind::Run, "the run to compare with; default is the newest that succeeded, with the same input if there is one")
    }
    MarkFailure "mark-failure" Run Change [Catalog, Output, Failures] ["m"] Both "Say that a tool failed at what it was wanted for: it is ranked lower for that, and warned of" {
        TOOL,
        Arg::needed("scenario", ArgKind::Text, "what it was wanted for, in words: parse JSON data"),
        Arg::option("error", ArgKind::Text, "what went wrong; default is the cause of the run"),
        Arg::option("severity", SEVERITIES, "how bad it is, default medium"),
        Arg::option("run", ArgKind::Run, "the run that failed, which also a run can be that ended well")
    }
    Untag "untag" Run HumanOnly [] [] Both "Take a negative tag away that marks of failures gave a tool" {
        TOOL,
        Arg::required("tag", ArgKind::Text, "the tag, as not-for-json")
    }
    Resolve "resolve" Run HumanOnly [Failures] ["d"] Both "Mark a failure group as resolved; it opens again by itself when it is seen again" {
        FAILURE,
        Arg::option("reason", ArgKind::Text, "what was done")
    }
    Buffer "buffer" Run Change [Global] ["ctrl-b"] Both "Let items wait and hand them over in batches: write, flush, status, clear" {
        Arg::required("operation", ArgKind::Word(&["write", "flush", "status", "clear"]), "what to do"),
        Arg::optional("item", ArgKind::Text, "what to write: JSON or text; - for a line each on standard input"),
        Arg::option("buffer", ArgKind::Text, "which buffer, default default; usage counts uses of tools"),
        Arg::option("strategy", ArgKind::Word(&["batched", "immediate", "manual"]), "when it hands items over, from now on; at first batched"),
        Arg::option("max-size", ArgKind::Number, "items of a batch, from now on; at first 100"),
        Arg::option("interval", ArgKind::Text, "how long an item waits at most, from now on; at first 5s; 0 is for ever"),
        Arg::option("to", ArgKind::Text, "the tool that gets each batch, from now on; none: nobody does"),
        Arg::option("with", ArgKind::Json, "what else the input of that tool holds, an object"),
        Arg::option("lines", ArgKind::Switch, "each line of standard input is an item, as -"),
        Arg::option("jsonl", ArgKind::Switch, "of lines: one event a line")
    }
    // Make
    New "new" Make Change [Catalog] ["n"] Both "Make a new tool: from words or a document a specification to approve, from a template or an approved specification a scaffold" {
        Arg::optional("name", ArgKind::Text, "name of the new tool; default is made of the words, or taken from the specification"),
        Arg::option("describe", ArgKind::Text, "what it does, in words"),
        Arg::option("spec", ArgKind::Path, "a document, or a specification as JSON, YAML or TOML (assets/specification.schema.json)"),
        Arg::option("max-length", ArgKind::Number, "characters of the summary that goes with the specification; default 10000"),
        Arg::option("no-summarize", ArgKind::Switch, "the whole document goes with the specification"),
        Arg::option("template", TEMPLATES, "write a scaffold that passes its own tests"),
        Arg::option("language", LANGUAGES, "what it is written in; default is chosen by the words, and said"),
        Arg::option("from-spec", ArgKind::Review, "write a scaffold of the specification that this review approved"),
        Arg::repeated("generator", ArgKind::Text, "with --from-spec: let this generator of the settings write the code")
    }
    Spec "spec" Make Change [] [] Shell "Sum up a specification document, keep its full text, and find the line of each sentence" {
        Arg::optional("document", ArgKind::Path, "a file, - for standard input, or the first digits of the digest of a kept one"),
        Arg::option("max-length", ArgKind::Number, "characters of the summary, footer included; default 10000"),
        Arg::option("full", ArgKind::Switch, "the full text instead of a summary"),
        Arg::option("lines", ArgKind::Text, "only these lines of the full text, as 12 or 12-34"),
        Arg::option("review", ArgKind::Review, "show the specification of this review; with a document, put that in its place")
    }
    Evolve "evolve" Make Change [Catalog, Output, Failures, Queue, Review, Source, Evolution] ["e"] Both "Ask a generator for a better version of a tool: checked, replayed on recorded inputs, never used before a human approves it" {
        TOOL,
        Arg::optional("hint", ArgKind::Text, "what is wanted, in words"),
        Arg::repeated("failure", ArgKind::Run, "a failed run that the new version should not have; default is the newest of each kind"),
        Arg::repeated("generator", ArgKind::Text, "whom to ask, a name of the settings or built-in; several, or the same twice, are compared"),
        Arg::option("rounds", ArgKind::Number, "at most this many; default as in the settings, 3"),
        Arg::option("step", STEPS, "how far the version goes on at least; default is minor for something new, patch for a repair"),
        Arg::option("dynamic-schema", ArgKind::Switch, "let the output have fields beside those declared"),
        Arg::option("show", ArgKind::Switch, "send nothing; print what would be sent, with --json as a bundle that can be edited"),
        Arg::option("request", ArgKind::Path, "send this edited bundle; - for standard input")
    }
    Evolutions "evolutions" Make View [Global] ["E"] Both "List what generators were asked for, or show the rounds of one" {
        Arg::optional("evolution", ArgKind::Number, "number of one"),
        Arg::option("tool", ArgKind::Tool, "only those of this tool"),
        Arg::option("answer", ArgKind::Text, "print what was written in a round, as 2 or 2.1 for the second of that round"),
        Arg::option("learnt", ArgKind::Switch, "instead: which kinds of change helped against which kinds of failure")
    }
    Opportunities "opportunities" Make View [Global] ["ctrl-o"] Both "List what use suggests to make or to make better, the most promising first, with where it was seen" {
        HISTORY,
        AGENT_LOG,
        OPENAPI,
        Arg::option("limit", ArgKind::Number, "at most this many, default 20"),
        Arg::option("dismissed", ArgKind::Switch, "instead: those that were dismissed")
    }
    Accept "accept" Make Change [] [] Both "Turn an opportunity into a specification that waits for a human" {
        OPPORTUNITY,
        Arg::option("name", ArgKind::Text, "name of the new tool; default is as proposed"),
        HISTORY,
        AGENT_LOG,
        OPENAPI
    }
    Dismiss "dismiss" Make HumanOnly [] [] Both "Do not show an opportunity any more" {
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
    Stop "stop" Make Change [Evolution] ["s", "c"] Both "End an evolution; what it has can be kept" { EVOLUTION }
    Resume "resume" Make Change [Evolution] ["R"] Both "Go on with an evolution whose workbench died" { EVOLUTION }
    // Review
    Reviews "reviews" Review View [] [] Both "List the review queue" {
        Arg::option("state", ArgKind::Word(&["waiting", "decided", "all"]), "which ones, default waiting"),
        Arg::option("sort", ArgKind::Word(&["age", "risk"]), "the oldest first, or the riskiest; default age")
    }
    Review "review" Review View [Queue, Evolution] ["enter"] Both "Open a review with all its evidence" { REVIEW }
    Check "check" Review Change [Catalog, Queue, Review] ["C"] Both "Make all checks of a tool now and show the verdict" { TOOL }
    Comment "comment" Review HumanOnly [Review] ["i"] Both "Write a comment beside a version under review" {
        REVIEW,
        Arg::required("text", ArgKind::Text, "what it says"),
        Arg::option("path", ArgKind::Text, "the file it is about, as the review names it"),
        Arg::option("lines", ArgKind::Text, "its lines, as 12 or 12-15"),
        Arg::option("kind", ArgKind::Word(&["must-fix", "question", "note"]), "what it wants, default note")
    }
    Withdraw "withdraw" Review HumanOnly [Review] ["W"] Both "Take a comment of one's own back" {
        Arg::required("comment", ArgKind::Number, "number of the comment")
    }
    Approve "approve" Review HumanOnly [Review, Queue] ["a"] Both "Approve exactly the digest that was shown" {
        Arg::several("review", ArgKind::ReviewDigest, "number of the review; of several reviews NUMBER=DIGEST each"),
        Arg::option("digest", ArgKind::Digest, "at least 8 digits of the digest shown"),
        Arg::option("reason", ArgKind::Text, "why"),
        Arg::option("role", ArgKind::Text, "the role under which you say yes, where more than one yes is needed"),
        Arg::option("override", ArgKind::Text, "why failed checks shall not stand in the way; kept and shown forever"),
        Arg::option("unread", ArgKind::Switch, "show nothing first; needs --reason, and both are kept and shown forever"),
        YES
    }
    Reject "reject" Review HumanOnly [Review, Queue] ["x"] Both "Reject a review" {
        REVIEWS,
        Arg::needed("reason", ArgKind::Text, "why; whoever made the tool reads it"),
        YES
    }
    RequestChanges "request-changes" Review HumanOnly [Review, Queue] ["c"] Both "Send a review back with what must change" {
        REVIEWS,
        Arg::needed("reason", ArgKind::Text, "what must change"),
        YES
    }
    Request "request" Review Change [] [] Shell "Ask the humans for something, as an agent does: a tool, another plan, a specification, a deprecation, putting a tool away" {
        Arg::option("file", ArgKind::Path, "the request as JSON, or - for standard input"),
        Arg::option("schema", ArgKind::Switch, "instead: print the JSON schema that a request has to fit")
    }
    Wait "wait" Review View [] [] Shell "Wait until a review is decided, and print the answer" {
        REVIEW,
        Arg::option("timeout", ArgKind::Duration, "give up after this time, for example 10m; the review goes on waiting")
    }
    // Lifecycle
    Promote "promote" Lifecycle HumanOnly [Catalog, Failures, Queue] ["p"] Both "Ask for a tool to become approved or core: opens or names its review; or use a version in this session" {
        TOOL,
        Arg::needed("to", ArgKind::Word(&["approved", "core", "session"]), "the stage wanted; session: use this version in place of the usual one, in this session only")
    }
    Archive "archive" Lifecycle HumanOnly [Catalog, Failures, Queue] ["X"] Both "Put a tool away: hidden, not runnable, bytes and history kept" {
        TOOL,
        Arg::option("reason", ArgKind::Text, "why")
    }
    Restore "restore" Lifecycle HumanOnly [Catalog] ["R"] Both "Bring an archived tool back to where it was, or one whose files vanished from its kept copy" { TOOL }
    Grant "grant" Lifecycle HumanOnly [Catalog] ["A"] Both "Let an agent run this experimental version as it is, strictly contained" {
        TOOL,
        Arg::needed("agent", ArgKind::Text, "the agent, by the name it calls with"),
        Arg::option("session", ArgKind::Text, "only for calls from this session; default is TOOLSMITH_SESSION, else until revoked")
    }
    Grants "grants" Lifecycle View [Global] ["ctrl-g"] Both "List what humans gave leave for: agents, and what versions may do" {}
    Revoke "revoke" Lifecycle HumanOnly [] [] Both "Take leave back" {
        Arg::required("grant", ArgKind::Text, "number of the grant, or NAME@DIGESTPREFIX for what a version was allowed")
    }
    Unlock "unlock" Lifecycle HumanOnly [Catalog] ["U"] Both "Open what costs more than low to be run: a tool, or a whole cost tier" {
        Arg::optional("tool", ArgKind::Tool, "the tool; without it, --tier"),
        Arg::option("tier", ArgKind::Word(&["medium", "high"]), "every tool up to this tier"),
        Arg::option("session", ArgKind::Text, "only for calls from this session; default is TOOLSMITH_SESSION, else the whole workspace until revoked"),
        Arg::option("for", ArgKind::Duration, "only for so long, for example 2h")
    }
    Sets "sets" Lifecycle View [Global] ["T"] Both "List choices of tools, and on the screen take one in use: minimal, default, full, saved ones" {}
    Set "set" Lifecycle HumanOnly [] [] Both "Save a choice of tools under a name, for --tools and the list of sets" {
        Arg::required("name", ArgKind::Text, "name of the set"),
        Arg::required("tools", ArgKind::Text, "the tools, joined by commas: read,write,grep")
    }
    Unset "unset" Lifecycle HumanOnly [] [] Both "Take a saved choice of tools away" {
        Arg::required("name", ArgKind::Text, "name of the set")
    }
    Pin "pin" Lifecycle HumanOnly [] [] Both "Let trim keep a version" { TOOL }
    Unpin "unpin" Lifecycle HumanOnly [] [] Both "Let trim take a version again" { TOOL }
    Trim "trim" Lifecycle HumanOnly [] [] Both "Take older evolved versions away: the first, the last three, pinned, used and waiting ones stay; bytes are kept" { TOOL }
    Rollback "rollback" Lifecycle HumanOnly [Catalog] ["B"] Both "Use the version again that was approved before" {
        TOOL,
        Arg::option("to", ArgKind::Text, "the version or digest wanted; default is the one approved before the one in use"),
        Arg::option("reason", ArgKind::Text, "why")
    }
    RestoreFiles "restore-files" Lifecycle HumanOnly [Catalog] ["P"] Both "Put the approved files of a changed tool back" { TOOL }
    Fork "fork" Lifecycle HumanOnly [Catalog] ["F"] Both "Make the changed files of an approved tool a new one, and put the approved files back" {
        TOOL,
        Arg::required("name", ArgKind::Text, "name of the new tool")
    }
    Deprecate "deprecate" Lifecycle HumanOnly [Catalog] ["d"] Both "Mark a tool as one that should not be used any more" {
        TOOL,
        Arg::option("by", ArgKind::Tool, "the tool to use instead"),
        Arg::option("reason", ArgKind::Text, "why")
    }
    // History
    Log "log" History View [Global] ["L"] Both "Show the operation log" {
        Arg::option("limit", ArgKind::Number, "at most this many, default 50"),
        Arg::option("grep", ArgKind::Text, "only entries that hold this text")
    }
    Undo "undo" History HumanOnly [Global] ["u"] Both "Take back an operation; without a number, the newest that can be" {
        Arg::optional("operation", ArgKind::Operation, "number of the operation")
    }
    Verify "verify" History View [] [] Both "Check the log's chain, every stored copy, approved files and signatures" {
        Arg::optional("tool", ArgKind::Tool, "only the versions and files of this tool")
    }
    Sign "sign" History Change [] [] Shell "Show what is not signed although it has to be; with --yes, sign what is in force" {
        Arg::option("yes", ArgKind::Switch, "sign the log as it is: what was shown counts from here on").for_humans()
    }
    Feedback "feedback" History View [] [] Shell "Export decisions as JSON lines: request, code, evidence, decision, reason" {
        Arg::option("out", ArgKind::Path, "write to this file instead of standard output"),
        Arg::option("since", ArgKind::Duration, "only decisions made within this time, for example 24h"),
        Arg::option("suggestions", ArgKind::Switch, "instead: where a row of approvals suggests fewer questions, and why")
    }
    Docs "docs" History View [] [] Shell "Write a page for each tool: usage, examples, limits, what it was seen to do, who made it" {
        Arg::option("out", ArgKind::Path, "folder, default docs/tools"),
        Arg::option("check", ArgKind::Switch, "write nothing; fail when a page is not as it would be written"),
        Arg::optional("tool", ArgKind::Tool, "only this tool")
    }
    // Workbench
    Doctor "doctor" Workbench View [] [] Both "Check interpreters, folders, limits, the terminal and the state; put a lost state back" {
        Arg::option("restore", ArgKind::Switch, "put the newest backup of the state, or BACKUP, in its place; asks first").for_humans(),
        Arg::option("rebuild", ArgKind::Switch, "make the state anew from what can be read, the log and the files; asks first").for_humans(),
        Arg::option("accept-loss", ArgKind::Switch, "go on with the state that is here, although it was newer; asks first").for_humans(),
        Arg::option("same-workspace", ArgKind::Switch, "a folder that seems to be a copy is the old workspace, moved: it gets its history").for_humans(),
        Arg::option("copied", ArgKind::Switch, "a folder that seems to be a copy is one: it keeps a history of its own").for_humans(),
        Arg::optional("backup", ArgKind::Path, "the backup to put back")
    }
    Completions "completions" Workbench View [] [] Shell "Print a completion script" {
        Arg::required("shell", SHELLS, "which shell")
    }
    Man "man" Workbench View [] [] Shell "Print the manual page" {}
    Screenshots "screenshots" Workbench Change [] [] Shell "Render the real screens to SVG and PNG" {
        Arg::option("out", ArgKind::Path, "folder, default screenshots"),
        Arg::option("check", ArgKind::Switch, "write nothing; fail when the files differ")
    }
    Help "help" Workbench View [Global] ["?"] Screen "Show every key that works here; type to filter, Enter runs the row" {}
    Palette "palette" Workbench View [Global] [":", "ctrl-k"] Screen "Find any verb by name, with its key and command line" {}
    Rescan "rescan" Workbench View [Global] ["f5"] Screen "Read the tools folder again now" {}
    Redraw "redraw" Workbench View [Global] ["ctrl-l"] Screen "Draw the whole screen again" {}
    Mouse "mouse" Workbench View [Global] ["M"] Screen "Switch the mouse on or off (off: the terminal's own selection)" {}
    Theme "theme" Workbench View [] [] Screen "Switch between dark and light colours" {}
    Quit "quit" Workbench View [Global] ["q", "ctrl-c"] Screen "Leave; runs are stopped after asking" {}
    // Motion
    NextPane "next-pane" Motion View [Global] ["tab"] Screen "Focus the next pane" {}
    PreviousPane "previous-pane" Motion View [Global] ["shift-tab"] Screen "Focus the pane before" {}
    FocusCatalog "focus-catalog" Motion View [Global] ["1"] Screen "Focus the catalog" {}
    FocusOutput "focus-output" Motion View [Global] ["2"] Screen "Focus the output" {}
    FocusFailures "focus-failures" Motion View [Global] ["3"] Screen "Focus the failures" {}
    FocusReviews "focus-reviews" Motion View [Global] ["4"] Screen "Focus the review queue" {}
    Zoom "zoom" Motion View [Global] ["z"] Screen "Give the focused pane the whole screen, or take it back" {}
    Back "back" Motion View [Global] ["esc"] Screen "Close what is open, clear a filter, or go one step back" {}
    Down "down" Motion View [Motion] ["j", "down"] Screen "One line down" {}
    Up "up" Motion View [Motion] ["k", "up"] Screen "One line up" {}
    ReadOn "read-on" Motion View [Catalog, Output, Failures, Queue, Review, Source, Evolution] ["space"] Screen "In a review to the next page that was not on screen, through all its files; elsewhere one page down" {}
    PageDown "page-down" Motion View [Motion] ["pagedown", "ctrl-d"] Screen "One page down" {}
    PageUp "page-up" Motion View [Motion] ["pageup", "ctrl-u"] Screen "One page up" {}
    Top "top" Motion View [Motion] ["g", "home"] Screen "To the first line" {}
    Bottom "bottom" Motion View [Motion] ["G", "end"] Screen "To the last line" {}
    Left "left" Motion View [Motion] ["h", "left"] Screen "Scroll left" {}
    Right "right" Motion View [Motion] ["l", "right"] Screen "Scroll right" {}
    Filter "filter" Motion View [Motion] ["/"] Screen "Filter the list, or search the text" {}
    NextMatch "next-match" Motion View [Output, Failures, Queue, Review, Source, Evolution] ["n"] Screen "To the next match" {}
    PreviousMatch "previous-match" Motion View [Motion] ["N"] Screen "To the match before" {}
    CycleStage "cycle-stage" Motion View [Catalog] ["t"] Screen "Show all stages, or only one; archived tools too" {}
    Follow "follow" Motion View [Output] ["f"] Screen "Follow new output, or hold still" {}
    Wrap "wrap" Motion View [Output, Review, Source, Evolution] ["w"] Screen "Wrap long lines, or cut them" {}
    NextTab "next-tab" Motion View [Output, Review, Source, Evolution] ["]"] Screen "Next run, next file, or next answer" {}
    PreviousTab "previous-tab" Motion View [Output, Review, Source, Evolution] ["["] Screen "Run before, file before, or answer before" {}
    ToggleDiff "toggle-diff" Motion View [Review] ["d"] Screen "Difference to the version approved before, or the whole source" {}
    Mark "mark" Motion View [Queue] ["m"] Screen "In the queue: mark a review, to decide several at once" {}
    Sort "sort" Motion View [Queue] ["o"] Screen "Sort the queue by age or by risk" {}
    GoTo "go-to" Motion View [Review] ["enter"] Screen "Go to the line of a finding or comment, or open a fold" {}
    NextHunk "next-hunk" Motion View [Review, Source, Evolution] ["}"] Screen "To the next file or change" {}
    PreviousHunk "previous-hunk" Motion View [Review, Source, Evolution] ["{"] Screen "To the file or change before" {}
    NextRisk "next-risk" Motion View [Review] ["r"] Screen "In a review: to the next line that a check warns of" {}
    PreviousRisk "previous-risk" Motion View [Review] ["R"] Screen "In a review: to the line before that a check warns of" {}
    NextNew "next-new" Motion View [Review] ["!"] Screen "To what came while the review was open and was not on screen yet" {}
    SelectRange "select-range" Motion View [Queue, Review] ["v"] Screen "Begin a range of lines or reviews, or end it" {}
    MarkRead "mark-read" Motion View [Review] ["m"] Screen "In a review: mark a change or a file as read, or take the mark away" {}
    IgnoreBlanks "ignore-blanks" Motion View [Review] ["s"] Screen "Leave out lines that differ in blanks only, or show them" {}
    Unfold "unfold" Motion View [Review, Evolution] ["U"] Screen "Show all unchanged lines, or fold them" {}
    Copy "copy" Motion View [Global] ["y"] Screen "Copy what is selected as clean text" {}
    ApproveOver "approve-over" Review View [Review] ["O"] Screen "Approve although checks failed; the reason is kept and shown forever" {}
}
