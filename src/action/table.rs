//! The table of verbs: every front end is built from its rows.

use super::agents::{
    CALL_FOR_AGENTS, CANCEL_FOR_AGENTS, EVOLVE_FOR_AGENTS, MARK_FAILURE_FOR_AGENTS, OUTPUT_FOR_AGENTS,
    REQUEST_FOR_AGENTS, RUN_FOR_AGENTS, RUN_STRICT_FOR_AGENTS, SEARCH_FOR_AGENTS, SHOW_FOR_AGENTS, WAIT_FOR_AGENTS,
};
use super::arg::{Arg, ArgKind};
use super::choices::{
    CANDIDATES, CLIENTS, KINDS, LANGUAGES, ORIGINS, OUTCOMES, SHELLS, STAGES, STEPS, TEMPLATES, TIERS,
};
use super::common::{
    AGENT_LOG, ALLOW, BUNDLE, CRITERIA, DELTA, DRY, EVOLUTION, FAILURE, FULL, HISTORY, INSTANCE, LIVE_RUN, ON, OPENAPI,
    OPPORTUNITY, RATIONALE, REQUEST_FILE, REQUEST_SCHEMA, REVIEW, REVIEWED, REVIEWS, RUN, SEVERITIES, STARTS_ON,
    SURELY, THEIR_POLICY, THEIR_REMOTE, TOOL, YES,
};
use super::reach::{Face, side};
use super::spec::{Context, Group, Risk, Spec};

/// Declares the verbs and their rows together, so that neither can exist without the other.
macro_rules! actions {
    ($($verb:ident $name:literal $group:ident $risk:ident [$($context:ident),*] [$($key:literal),*]
        $faces:ident $([$agents:ident])? $doc:literal { $($arg:expr),* $(,)? })+) => {
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
            agents: side(&[$(&$agents)?]),
        }),+];
    };
}

actions! {
    // Catalog
    Init "init" Catalog Change [Catalog] ["I"] Both "Create folders, settings, .gitignore lines and a sample tool; overwrites nothing" {
        Arg::optional("dir", ArgKind::Path, "folder; default is the current one"),
        Arg::option("starter", ArgKind::Switch, "also write the starter tools; `starter` shows what they declare and adopts them"),
        DRY
    }
    Starter "starter" Catalog HumanOnly [Catalog] ["W"] Both "Adopt the starter tools of Toolsmith: shows what each declares, asks once, writes what is missing" { Arg::option("yes", ArgKind::Switch, "adopt without confirmation") }
    List "list" Catalog View [] [] Shell "List the catalog, or the tools that match a fuzzy query" {
        Arg::optional("query", ArgKind::Text, "fuzzy search text and terms such as category:git, as on the screen"),
        Arg::option("stage", STAGES, "only this stage"),
        Arg::option("category", ArgKind::Text, "only this category, or all that begin with this word"),
        Arg::option("tier", TIERS, "only this cost tier"),
        Arg::option("tag", ArgKind::Text, "only tools with this tag"),
        Arg::option("capability", ArgKind::Text, "only tools with this capability"),
        Arg::option("kind", KINDS, "only this kind"),
        Arg::option("origin", ORIGINS, "only tools of this origin"),
        Arg::option("problems", ArgKind::Switch, "list problems instead of tools"),
        Arg::option("skipped", ArgKind::Switch, "list files that are skipped and why, instead of tools")
    }
    Search "search" Catalog View [] [] Both [SEARCH_FOR_AGENTS] "Find tools by purpose, best match first, with reasons" {
        Arg::required("words", ArgKind::Text, "what you need, in words"),
        Arg::option("tag", ArgKind::Text, "only tools with this tag or capability"),
        Arg::option("kind", KINDS, "only this kind"),
        Arg::option("limit", ArgKind::Number, "at most this many, default 20")
    }
    Show "show" Catalog View [Catalog] ["enter", "i"] Both [SHOW_FOR_AGENTS] "Show one tool: its purpose, requirements, inputs and outputs" { TOOL }
    Source "source" Catalog View [Catalog] ["s"] Both "Show a tool's files" { TOOL }
    Diff "diff" Catalog View [Catalog] ["d"] Both "Compare two versions of a tool; default is the approved version with the files on disk" {
        Arg::required("tool", ArgKind::Tool, "NAME, or NAME@A for the old side"),
        Arg::optional("other", ArgKind::Text, "@B or NAME@B: version or digest of the new side; default is the files on disk")
    }
    Behaviour "behaviour" Catalog View [Catalog, Output, Failures, Queue, Services, Review, Source] ["b"] Both "Show the observed behaviour of a tool or of one run" {
        Arg::required("tool", ArgKind::Tool, "NAME or NAME@VERSION for all its runs, or a run number")
    }
    Scores "scores" Catalog View [] [] Both "List the scores of tools: usage, success and speed of their runs, lowered by failure marks" {
        Arg::option("explain", ArgKind::Tool, "only this tool: its score recomputed from recorded runs, next to its claims"),
        Arg::option("low", ArgKind::Switch, "only low-quality tools, worst first"),
        Arg::option("alerts", ArgKind::Switch, "list regressions of the last day instead"),
        Arg::option("reported", ArgKind::Switch, "list uses that others reported, and who; no score counts them")
    }
    Dashboard "dashboard" Catalog View [Global] ["0"] Both "Show statistics: tools, runs, failures, success rates and times of two weeks, and regressions" {}
    Figures "figures" Catalog View [Catalog, Failures] ["%"] Both "Show one tool over the last two weeks: runs, failures, durations, versions" { TOOL }
    Export "export" Catalog View [] [] Both "Export the catalog with code and statistics for other programs" {
        Arg::option("format", ArgKind::Word(&["csv", "sqlite"]), "format, default csv"),
        Arg::needed("out", ArgKind::Path, "file to create")
    }
    Push "push" Catalog Change [] [] Both "Write tools into a bundle, by name and digest, for other workspaces" {
        BUNDLE,
        Arg::optional("tool", ArgKind::Tool, "only this tool; default is all that are not archived"),
        Arg::option("format", ArgKind::Word(&["bundle", "skill"]), "skill: write each approved tool as an Agent Skill that calls toolsmith; default bundle"),
        DRY
    }
    Pull "pull" Catalog HumanOnly [] [] Both "Import the tools of a bundle as experimental tools; each needs a review" {
        BUNDLE,
        Arg::optional("tool", ArgKind::Text, "only the tool with this name"),
        DRY
    }
    Similar "similar" Catalog Change [Global] ["ctrl-y"] Both "Show similar tools; without a name, all copies, near duplicates and name clashes, with next steps" {
        Arg::optional("tool", ArgKind::Tool, "name, NAME@VERSION, NAME@DIGESTPREFIX, or a path when names clash"),
        Arg::option("propose", ArgKind::Switch, "without a name: open a review for each, to deprecate it in favour of the tool to keep, or to archive a copy")
    }
    Stale "stale" Catalog Change [Global] ["ctrl-t"] Both "List tools not used for a while; can propose to archive them" {
        Arg::option("days", ArgKind::Number, "not used for this many days; default is the setting policy.stale_days (30)"),
        Arg::option("propose", ArgKind::Switch, "open a review for each, to archive it")
    }
    Stats "stats" Catalog View [] [] Both "Show the size and growth of the library, and the recommended policy" {}
    Lineage "lineage" Catalog View [Catalog] ["V"] Both "Show all versions of a tool: author, reason, run results, and which is in use" { TOOL }
    // Run
    Run "run" Run Change [Catalog] ["r"] Both [RUN_FOR_AGENTS] "Run a tool and record it" {
        TOOL,
        Arg::words("word", ArgKind::Text, "positional arguments in order; options of the tool go after --"),
        Arg::option("input", ArgKind::Json, "input object as JSON, @FILE, or - for standard input"),
        Arg::repeated("set", ArgKind::KeyValue, "one input value as KEY=VALUE, or KEY=@FILE for the text of a file"),
        Arg::option("timeout", ArgKind::Duration, "time limit, for example 30s"),
        Arg::option("scenario", ArgKind::Text, "purpose of the run, in words; warns when the tool failed at that before"),
        Arg::option("from", ArgKind::Text, "of a composite: first step to run again; recorded outputs of earlier steps are reused"),
        Arg::option("of", ArgKind::Run, "with --from: the run whose outputs are reused; default is the newest"),
        ALLOW,
        ON,
        Arg::option("show", ArgKind::Switch, "dry run: print the command line and how each input is passed; starts nothing"),
        Arg::option("jsonl", ArgKind::Switch, "print one event per line during the run")
    }
    RunStrict "run-strict" Run Change [] [] Shell [RUN_STRICT_FOR_AGENTS] "Run a tool without what it declares: it writes no files and has no network, and is recorded" {
        TOOL,
        Arg::words("word", ArgKind::Text, "positional arguments in order; options of the tool go after --"),
        Arg::option("input", ArgKind::Json, "input object as JSON, @FILE, or - for standard input"),
        Arg::repeated("set", ArgKind::KeyValue, "one input value as KEY=VALUE, or KEY=@FILE for the text of a file"),
        Arg::option("timeout", ArgKind::Duration, "time limit, for example 30s"),
        ON,
        Arg::option("jsonl", ArgKind::Switch, "print one event per line during the run")
    }
    Call "call" Run Change [Catalog] ["Q"] Both [CALL_FOR_AGENTS] "Run the tool that best fits a scenario; if it fails, try the next one" {
        Arg::required("scenario", ArgKind::Text, "what you need, in words: translate english to french"),
        Arg::option("input", ArgKind::Json, "input object as JSON, @FILE, or - for standard input"),
        Arg::repeated("set", ArgKind::KeyValue, "one input value as KEY=VALUE, or KEY=@FILE for the text of a file"),
        Arg::repeated("tag", ArgKind::Text, "only tools with this tag or capability; repeat to require several"),
        Arg::repeated("capability", ArgKind::Text, "only tools that claim this capability; running services come first"),
        Arg::option("max-attempts", ArgKind::Number, "at most this many, default 5"),
        Arg::option("timeout", ArgKind::Duration, "time limit for each attempt, for example 30s"),
        Arg::option("go-on", ArgKind::Switch, "continue after a failed tool that may have had side effects"),
        Arg::option("show", ArgKind::Switch, "dry run: list the candidates with reasons")
    }
    State "state" Run View [Catalog] ["K"] Both "List the files that a tool keeps between its runs" { TOOL }
    ClearState "clear-state" Run HumanOnly [] [] Both "Delete the files that a tool keeps between its runs" { TOOL, DRY }
    Cancel "cancel" Run Change [Output] ["S"] Both [CANCEL_FOR_AGENTS] "Stop a run" { LIVE_RUN }
    Rerun "rerun" Run Change [Output, Failures] ["r"] Both "Run again with the same input" {
        RUN,
        ALLOW,
        Arg::option("jsonl", ArgKind::Switch, "print one event per line during the run")
    }
    EditRun "edit-run" Run View [Output, Failures] [";"] Screen "Open the form with the input of a run, to change it and run again; `run --set` does the same" {}
    Continue "continue" Run Change [Output, Failures] ["R"] Both "Run a composite again from what failed; recorded outputs of earlier steps are reused" {
        RUN,
        Arg::option("from", ArgKind::Text, "first step to run again; default is what did not succeed"),
        ALLOW,
        Arg::option("jsonl", ArgKind::Switch, "print one event per line during the run")
    }
    Runs "runs" Run View [Output] ["enter"] Both "List recorded runs, newest first" {
        Arg::optional("tool", ArgKind::Tool, "only runs of this tool"),
        Arg::option("outcome", OUTCOMES, "only this outcome"),
        Arg::option("since", ArgKind::Duration, "only runs started within this time, for example 24h"),
        Arg::option("limit", ArgKind::Number, "at most this many, default 50")
    }
    Output "output" Run View [Failures, Services] ["enter"] Both [OUTPUT_FOR_AGENTS] "Show the recorded output of a run, or the log of an instance" {
        Arg::required("run", ArgKind::RunOrInstance, "number of the run, or name of an instance of a service"),
        Arg::option("stream", ArgKind::Word(&["both", "stdout", "stderr"]), "stream, default both"),
        Arg::option("diff", ArgKind::Switch, "show its writes to declared paths, and whether they were applied, instead")
    }
    Failures "failures" Run View [] [] Both "List failure groups" {
        Arg::optional("tool", ArgKind::Tool, "only failures of this tool"),
        Arg::option("state", ArgKind::Word(&["open", "resolved", "all"]), "state, default all"),
        Arg::option("severity", SEVERITIES, "only failures of at least this severity"),
        Arg::option("since", ArgKind::Duration, "only failures seen within this time, for example 24h"),
        Arg::option("grep", ArgKind::Text, "only failures whose message or scenarios contain this text"),
        Arg::option("marks", ArgKind::Switch, "list failure marks and their negative tags instead"),
        Arg::option("incidents", ArgKind::Switch, "list outages and times to recovery instead")
    }
    Failure "failure" Run View [Failures] ["i"] Both "Show a failure group: versions, scenarios, run inputs, time to recovery" { FAILURE }
    Compare "compare" Run View [Output, Failures] ["="] Both "Compare two runs: input, output and resource use" {
        RUN,
        Arg::optional("other", ArgKind::Run, "run to compare with; default is the newest successful run, preferably with the same input")
    }
    MarkFailure "mark-failure" Run Change [Catalog, Output, Failures] ["M"] Both [MARK_FAILURE_FOR_AGENTS] "Mark a tool as failed for a scenario; it ranks lower there, and callers are warned" {
        TOOL,
        Arg::needed("scenario", ArgKind::Text, "the scenario, in words: parse JSON data"),
        Arg::option("error", ArgKind::Text, "what went wrong; default is the failure reason of the run"),
        Arg::option("severity", SEVERITIES, "severity, default medium"),
        Arg::option("run", ArgKind::Run, "the run that failed the scenario; its exit code may be 0"), DRY
    }
    Untag "untag" Run HumanOnly [] [] Both "Remove a negative tag that failure marks gave a tool" {
        Arg::required("tool", ArgKind::Named("tagged-tools"), "name, NAME@VERSION, NAME@DIGESTPREFIX, or a path when names clash"),
        Arg::required("tag", ArgKind::Named("tags"), "the tag, for example not-for-json"),
        DRY
    }
    EditMark "edit-mark" Run HumanOnly [] [] Both "Change what a failure mark says: its scenario, error or severity" {
        Arg::required("mark", ArgKind::Named("marks"), "number of the mark; `failures --marks` lists them"),
        Arg::option("scenario", ArgKind::Text, "the scenario, in words; replaces the negative tags"),
        Arg::option("error", ArgKind::Text, "what went wrong, in one sentence"),
        Arg::option("severity", SEVERITIES, "severity"),
        DRY
    }
    WrongAnswer "wrong-answer" Run HumanOnly [Output] ["~"] Both "Say that the answer of a call was wrong: it is forgotten, and the tool ranks lower for that scenario" { RUN, DRY }
    Resolve "resolve" Run HumanOnly [Failures] ["H"] Both "Mark a failure group as resolved; it reopens if the failure occurs again" {
        FAILURE,
        Arg::option("reason", ArgKind::Text, "what fixed it"),
        DRY
    }
    Workers "workers" Run View [] [] Both "List the workers (other machines that can run tools); with a name, try that one" {
        Arg::optional("worker", ArgKind::Named("workers"), "worker to contact: shows its version, isolation, languages and round trip")
    }
    Buffer "buffer" Run Change [Global] ["ctrl-b"] Both "Buffer items and deliver them in batches; list and retry the items with which the tool failed" {
        Arg::required("operation", ArgKind::Word(&["write", "flush", "status", "aside", "retry", "clear"]), "operation"),
        Arg::optional("item", ArgKind::Text, "item to write: JSON or text; - reads one item per line from stdin"),
        Arg::option("buffer", ArgKind::Text, "buffer name, default \"default\"; \"usage\" counts tool use"),
        Arg::option("strategy", ArgKind::Word(&["batched", "immediate", "manual"]), "delivery mode from now on; initially batched"),
        Arg::option("max-size", ArgKind::Number, "batch size from now on; initially 100"),
        Arg::option("interval", ArgKind::Text, "maximum waiting time of an item from now on; initially 5s; 0 means no limit"),
        Arg::option("to", ArgKind::Text, "tool that receives each batch from now on; \"none\" for no tool"),
        Arg::option("with", ArgKind::Json, "extra input fields for that tool, as a JSON object"),
        Arg::option("lines", ArgKind::Switch, "read one item per line from stdin, as -"),
        Arg::option("jsonl", ArgKind::Switch, "with several items: print one event per line")
    }
    // Make
    New "new" Make Change [Catalog] ["+"] Both "Create a tool: a specification from words or a document, or a scaffold from a template or an approved specification" {
        Arg::optional("name", ArgKind::Text, "name of the new tool; default is derived from the words or the specification"),
        Arg::option("describe", ArgKind::Text, "description of the tool, in words"),
        Arg::option("spec", ArgKind::Path, "a document, or a specification as JSON, YAML or TOML (assets/specification.schema.json)"),
        Arg::option("max-length", ArgKind::Number, "maximum length of the summary in the specification, in characters; default 10000"),
        Arg::option("no-summarize", ArgKind::Switch, "attach the whole document instead of a summary"),
        Arg::option("template", TEMPLATES, "generate a scaffold that passes its own tests"),
        Arg::option("language", LANGUAGES, "programming language; default is detected from the words and reported"),
        Arg::option("from-spec", ArgKind::Review, "generate a scaffold for the specification approved in this review"),
        Arg::repeated("generator", ArgKind::Text, "with --from-spec: let this generator from the settings write the code")
    }
    Edit "edit" Make HumanOnly [Catalog, Failures, Queue, Review, Source] ["ctrl-e"] Both "Open a file of an experimental tool in your editor (VISUAL, else EDITOR), at the line shown" {
        TOOL,
        Arg::option("path", ArgKind::Text, "file of the tool; default is its main file"),
        Arg::option("line", ArgKind::Number, "line, counted from 1")
    }
    Define "define" Make Change [] [] Both "Define a service without code, or change what is named in its definition; it needs a review before it is approved" {
        Arg::required("name", ArgKind::Text, "name of the service"),
        Arg::option("type", ArgKind::Text, "the protocol: generic (JSON lines), text, none, or a base type such as claude-code, which uses generic"),
        Arg::option("executable", ArgKind::Text, "its program: a name on the PATH, or an absolute path"),
        Arg::option("description", ArgKind::Text, "what it does, one sentence"),
        Arg::option("port", ArgKind::Text, "its port: a number from 1 to 65535, or auto"),
        Arg::option("capabilities", ArgKind::Text, "what it can do, in words separated by commas"),
        Arg::option("launch-args", ArgKind::Arguments, "its arguments in one text, split as a shell does"),
        Arg::option("health-check", ArgKind::Text, "ping, version, status, none, or the path of a GET request such as /health"),
        Arg::repeated("env", ArgKind::KeyValue, "a variable of its environment; repeat for more"),
        Arg::option("from", ArgKind::Path, "import this definition under the name: a file, or - for stdin"),
        Arg::option("probe", ArgKind::Switch, "start the defined program in the strictest sandbox, ask it what it can do (--help, MCP tools/list), and propose that as its capabilities"),
        ALLOW
    }
    Spec "spec" Make Change [] [] Shell "Summarise a specification document, store its full text, and trace each sentence to its source line" {
        Arg::optional("document", ArgKind::Path, "a file, - for stdin, or the first digits of the digest of a stored document"),
        Arg::option("max-length", ArgKind::Number, "maximum length of the summary in characters, footer included; default 10000"),
        Arg::option("full", ArgKind::Switch, "print the full text instead of a summary"),
        Arg::option("lines", ArgKind::Text, "print only these lines of the full text, as 12 or 12-34"),
        Arg::option("review", ArgKind::Review, "show the specification under this review; with a document, replace it")
    }
    Evolve "evolve" Make Change [Catalog, Output, Failures, Queue, Review, Source, Evolution] ["e"] Both [EVOLVE_FOR_AGENTS] "Ask a generator for a better version of a tool; it is checked, replayed on recorded inputs, and unused until approved" {
        TOOL,
        Arg::optional("hint", ArgKind::Text, "what you need, in words"),
        Arg::repeated("failure", ArgKind::Run, "a failed run to fix; default is the newest failure of each kind"),
        Arg::repeated("generator", ArgKind::Text, "generator to ask: a name from the settings, or built-in; repeat to compare answers of several"),
        Arg::option("rounds", ArgKind::Number, "at most this many; default is the setting (3)"),
        Arg::option("step", STEPS, "minimum version bump; default is minor for a feature, patch for a fix"),
        Arg::option("dynamic-schema", ArgKind::Switch, "allow undeclared fields in the output"),
        STARTS_ON,
        Arg::option("show", ArgKind::Switch, "dry run: print the request; with --json as a bundle that can be edited"),
        Arg::option("request", ArgKind::Path, "send this edited bundle; - for stdin")
    }
    Evolutions "evolutions" Make View [Global] ["E"] Both "List evolutions, or show the rounds of one" {
        Arg::optional("evolution", ArgKind::Numbered("evolutions"), "evolution number"),
        Arg::option("tool", ArgKind::Tool, "only those of this tool"),
        Arg::option("answer", ArgKind::Text, "print the answer of a round: 2, or 2.1 for the second answer of round 2"),
        Arg::option("learnt", ArgKind::Switch, "show which kinds of change fixed which kinds of failure instead")
    }
    Opportunities "opportunities" Make View [Global] ["ctrl-o"] Both "List tools worth making or improving, most promising first, with the supporting usage" {
        HISTORY,
        AGENT_LOG,
        OPENAPI,
        Arg::option("limit", ArgKind::Number, "at most this many, default 20"),
        Arg::option("dismissed", ArgKind::Switch, "list dismissed opportunities instead")
    }
    ListTools "list-tools" Make HumanOnly [] [] Both "Start an MCP server in a sandbox and record the tools that it lists; the list needs a review with its server" {
        TOOL,
        Arg::option("allow", ArgKind::Switch, "grant the approved server its declared permissions from now on")
    }
    Accept "accept" Make Change [] [] Both "Turn an opportunity into a specification for review" {
        OPPORTUNITY,
        Arg::option("name", ArgKind::Text, "name of the new tool; default is the proposed name"),
        Arg::option("generate", ArgKind::Switch, "show the specification, approve it and make the tool at once").for_humans(),
        HISTORY,
        AGENT_LOG,
        OPENAPI
    }
    Dismiss "dismiss" Make HumanOnly [] [] Both "Dismiss an opportunity permanently" {
        OPPORTUNITY,
        Arg::option("reason", ArgKind::Text, "why"),
        HISTORY,
        AGENT_LOG,
        OPENAPI,
        DRY
    }
    Keep "keep" Make Change [Evolution] ["a"] Both "Save the best answer of an evolution as a version and open its review" {
        EVOLUTION,
        Arg::option("answer", ArgKind::Text, "an answer other than the best: its round, as 2 or 2.1")
    }
    Stop "stop" Make Change [Evolution] ["S"] Both "End an evolution; its answers can still be kept" { EVOLUTION }
    Resume "resume" Make Change [Evolution] ["R"] Both "Resume an interrupted evolution" { EVOLUTION }
    // Services
    Services "services" Services View [Global] ["5"] Both "List the instances of services; with a name, one with what was said" {
        Arg::optional("instance", ArgKind::Instance, "only this instance, with its exchanges and context"),
        Arg::option("capability", ArgKind::Text, "only instances of tools with this capability"),
        Arg::option("unit", ArgKind::Switch, "print a systemd user unit that launches this instance at login"),
        Arg::option("profile", ArgKind::Switch, "propose limits from the recorded runs of this tool, or of the tool of this instance")
    }
    Launch "launch" Services Change [Services] ["r"] Both "Launch a service: it runs until it is terminated" {
        TOOL,
        Arg::option("instance", ArgKind::Text, "name of the instance; default is the name of the tool"),
        Arg::option("wait", ArgKind::Switch, "return when it is ready"),
        Arg::option("if-needed", ArgKind::Switch, "do nothing if the instance runs already"),
        Arg::option(
            "allow",
            ArgKind::Switch,
            "unlock the tool for this launch, and grant this version its declared permissions from now on",
        )
        .for_humans()
    }
    Terminate "terminate" Services Change [Services] ["S"] Both "Terminate an instance; its context is kept" {
        INSTANCE,
        Arg::option("now", ArgKind::Switch, "kill it at once instead of sending its stop signal first"),
        Arg::option("wait", ArgKind::Switch, "return when it has ended"),
        Arg::option("forget", ArgKind::Switch, "delete an instance that does not run, with its context and what was said").for_humans()
    }
    Relaunch "relaunch" Services Change [Services] ["R"] Both "Terminate an instance and launch it again, with the same ports and context" { INSTANCE }
    Say "say" Services Change [Services] ["\""] Both "Send a message to an instance and print the answer; starts it first if it is stopped" {
        INSTANCE,
        Arg::required("message", ArgKind::Text, "the message"),
        Arg::option("timeout", ArgKind::Duration, "time limit for the answer, default 60s")
    }
    Attach "attach" Services Change [] [] Shell "Show the output of an instance as it comes, and send it what is typed; ctrl-] and Enter, or ctrl-c, leaves it running" { INSTANCE }
    Context "context" Services Change [Services] ["i"] Both "Change the prompts that an instance gets with its next message" {
        INSTANCE,
        Arg::option("stage", ArgKind::Text, "prepare a prompt; it is not sent yet"),
        Arg::option("promote", ArgKind::Switch, "send all staged prompts with the next message"),
        Arg::option("inject", ArgKind::Text, "send this prompt with the next message"),
        Arg::option("clear", ArgKind::Switch, "delete all prompts and the last output")
    }
    // Review
    Reviews "reviews" Review View [] [] Both "List the review queue" {
        Arg::option("state", ArgKind::Word(&["waiting", "decided", "all"]), "state, default waiting"),
        Arg::option("sort", ArgKind::Word(&["age", "risk"]), "sort by age (oldest first) or by risk; default age")
    }
    Review "review" Review View [Queue, Evolution] ["enter"] Both "Show a review with all its evidence" { REVIEW, FULL }
    Skip "skip" Review View [Review] [")"] Screen "Leave this review pending and open the next one of the queue" {}
    Check "check" Review Change [Catalog, Queue, Review] ["C"] Both "Run all checks of a tool now and show the verdict" { TOOL, STARTS_ON, FULL }
    Comment "comment" Review HumanOnly [Review] ["+"] Both "Comment on a version under review" {
        REVIEW,
        Arg::required("text", ArgKind::Text, "text of the comment"),
        Arg::option("path", ArgKind::Text, "file to comment on, as named in the review"),
        Arg::option("lines", ArgKind::Text, "lines to comment on, as 12 or 12-15"),
        Arg::option("kind", ArgKind::Word(&["must-fix", "question", "note"]), "kind of comment, default note"), DRY
    }
    Withdraw "withdraw" Review HumanOnly [Review] ["-"] Both "Delete your comment" {
        Arg::required("comment", ArgKind::Numbered("comments"), "number of the comment"), DRY
    }
    Approve "approve" Review HumanOnly [Review, Queue] ["a"] Both "Approve exactly the digest shown" {
        Arg::several("review", ArgKind::ReviewDigest, "review number; for several reviews, NUMBER=DIGEST each"),
        Arg::option("digest", ArgKind::Digest, "the digest shown (at least 8 digits)"),
        Arg::option("reason", ArgKind::Text, "why"),
        Arg::option("role", ArgKind::Text, "your role, if several approvals are needed"),
        Arg::option("override", ArgKind::Text, "reason for approving despite failed checks; recorded permanently"),
        Arg::option("unread", ArgKind::Switch, "approve without reading; needs --reason; both are recorded permanently"),
        Arg::repeated("only", ArgKind::Text, "of an adoption: approve only this tool; repeat for several; the others stay pending"),
        Arg::option("generate", ArgKind::Switch, "of a specification: make its tool at once, and let a generator write the code"),
        CRITERIA, DELTA, YES, DRY
    }
    Reject "reject" Review HumanOnly [Review, Queue] ["x"] Both "Reject a review" {
        REVIEWS,
        Arg::needed("reason", ArgKind::Text, "reason; shown to the author of the tool"),
        YES, DRY
    }
    RequestChanges "request-changes" Review HumanOnly [Review, Queue] ["c"] Both "Send a version back to its author with required changes" {
        REVIEWS,
        Arg::needed("reason", ArgKind::Text, "required changes; shown to the author of the tool"),
        YES, DRY
    }
    Request "request" Review Change [] [] Shell [REQUEST_FOR_AGENTS] "Ask humans for a decision about a tool, plan, specification, deprecation or archiving, as an agent does" {
        REVIEWED, RATIONALE, REQUEST_FILE, REQUEST_SCHEMA
    }
    Wait "wait" Review View [] [] Shell [WAIT_FOR_AGENTS] "Wait until a review is decided, and print the answer" {
        REVIEW,
        Arg::option("timeout", ArgKind::Duration, "stop waiting after this time, for example 10m; the review stays open")
    }
    AskTeam "ask-team" Review HumanOnly [Review, Queue] ["ctrl-a"] Both "Ask the team to review a version: shares its files and the request at the next sync" {
        REVIEW,
        Arg::option("reason", ArgKind::Text, "what to look at"), DRY
    }
    Claim "claim" Review HumanOnly [Review, Queue] ["ctrl-w"] Both "Tell the team that you are looking at a version, for two hours" { REVIEW, DRY }
    Team "team" Review View [] [] Both "Show the team: last sync, signers, policies, requests, versions approved elsewhere, and refused files" {}
    TeamPolicy "team-policy" Review HumanOnly [] [] Both "Start a team with a policy, propose a new policy, or agree to one; shows the changes and asks first" {
        Arg::required("policy", ArgKind::Text, "policy file, or the first 8 digits of a proposed policy"),
        Arg::option("reason", ArgKind::Text, "why"), SURELY, DRY
    }
    TeamImport "team-import" Review HumanOnly [] [] Both "Store another team's decisions, pinned in a list; they count once the policy names that list" { THEIR_REMOTE, THEIR_POLICY, DRY }
    Sync "sync" Review HumanOnly [Queue] ["ctrl-s"] Both "Exchange signed decisions with the team through git or object storage" {
        Arg::option("dry-run", ArgKind::Switch, "show what would come; change nothing")
    }
    // Lifecycle
    Promote "promote" Lifecycle HumanOnly [Catalog, Failures, Queue] ["p"] Both "Request approved or core for a tool (opens or names its review), or use a version in this session" {
        TOOL,
        Arg::needed("to", ArgKind::Word(&["approved", "core", "session"]), "target stage; session: use this version instead of the usual one, in this session only"),
        DRY
    }
    Archive "archive" Lifecycle HumanOnly [Catalog, Failures, Queue] ["X"] Both "Archive a tool: hide it and stop it from running; files and history are kept" {
        TOOL,
        Arg::option("reason", ArgKind::Text, "why"),
        DRY
    }
    Restore "restore" Lifecycle HumanOnly [Catalog] ["Z"] Both "Restore an archived tool, or one whose files are missing" { TOOL, DRY }
    Grant "grant" Lifecycle HumanOnly [Catalog] ["A"] Both "Let an agent run this experimental version, strictly sandboxed" {
        TOOL,
        Arg::needed("agent", ArgKind::Text, "agent name"),
        Arg::option("session", ArgKind::Text, "only for this session; default is TOOLSMITH_SESSION, else until revoked"),
        DRY
    }
    Grants "grants" Lifecycle View [Global] ["ctrl-g"] Both "List grants: permissions of agents and versions, and unlocked tools" {}
    Revoke "revoke" Lifecycle HumanOnly [] [] Both "Revoke a grant" {
        Arg::required("grant", ArgKind::Named("grants"), "grant number, or NAME@DIGESTPREFIX for the permissions of a version"),
        DRY
    }
    Unlock "unlock" Lifecycle HumanOnly [Catalog] ["U"] Both "Unlock a tool or a cost tier above low" {
        Arg::optional("tool", ArgKind::Tool, "the tool; leave it out to use --tier"),
        Arg::option("tier", ArgKind::Word(&["medium", "high"]), "unlock every tool up to this tier"),
        Arg::option("session", ArgKind::Text, "only for this session; default is TOOLSMITH_SESSION, else the whole workspace until revoked"),
        Arg::option("for", ArgKind::Duration, "only for this time, for example 2h"),
        DRY
    }
    Agents "agents" Lifecycle View [] [] Both "List connected agents, with their runs and waiting requests" {}
    Disconnect "disconnect" Lifecycle HumanOnly [] [] Both "End the connection of an agent; its runs are cancelled" {
        Arg::required("connection", ArgKind::Numbered("connections"), "number of the connection"), DRY
    }
    Token "token" Lifecycle HumanOnly [] [] Both "Create a token with which an agent connects to `mcp --http`, and print it once" {
        Arg::required("agent", ArgKind::Text, "name of the agent"), DRY
    }
    Tokens "tokens" Lifecycle View [] [] Both "List the tokens of agents, without their secrets" {}
    RevokeToken "revoke-token" Lifecycle HumanOnly [] [] Both "Revoke the token of an agent: its connections end, their runs are cancelled" {
        Arg::required("token", ArgKind::Numbered("tokens"), "number of the token"), DRY
    }
    Sets "sets" Lifecycle View [Global] ["T"] Both "List tool sets: minimal, default, full and saved ones; on the screen, choose the one in use" {}
    Set "set" Lifecycle HumanOnly [] [] Both "Save a tool set under a name, for --tools" {
        Arg::required("name", ArgKind::Text, "name of the set"),
        Arg::required("tools", ArgKind::Text, "comma-separated tools: read,write,grep"),
        DRY
    }
    Unset "unset" Lifecycle HumanOnly [] [] Both "Delete a saved tool set" {
        Arg::required("name", ArgKind::Named("sets"), "name of the set"),
        DRY
    }
    Pin "pin" Lifecycle HumanOnly [] [] Both "Pin a version, so that trim keeps it" { TOOL, DRY }
    Unpin "unpin" Lifecycle HumanOnly [] [] Both "Unpin a version, so that trim may remove it" { TOOL, DRY }
    Trim "trim" Lifecycle HumanOnly [] [] Both "Remove old evolved versions; keeps the first, the last three, and any pinned, in use or under review; copies are kept" { TOOL, DRY }
    Rollback "rollback" Lifecycle HumanOnly [Catalog] ["B"] Both "Roll back to the previously approved version" {
        TOOL,
        Arg::option("to", ArgKind::Named("versions"), "version or digest to roll back to; default is the previously approved version"),
        Arg::option("reason", ArgKind::Text, "why"),
        DRY
    }
    RestoreFiles "restore-files" Lifecycle HumanOnly [Catalog] ["P"] Both "Restore the approved files of a changed tool" { TOOL, DRY }
    Fork "fork" Lifecycle HumanOnly [Catalog] ["F"] Both "Save the changed files of an approved tool as a new tool, and restore the approved files" {
        TOOL,
        Arg::optional("name", ArgKind::Text, "name of the new tool; default is TOOL-fork"),
        DRY
    }
    Deprecate "deprecate" Lifecycle HumanOnly [Catalog] ["D"] Both "Mark a tool as deprecated and name its successor" {
        TOOL,
        Arg::option("by", ArgKind::Tool, "successor: the tool to use instead"),
        Arg::option("reason", ArgKind::Text, "why"),
        DRY
    }
    // History
    Log "log" History View [Global] ["L"] Both "Show the operation log" {
        Arg::option("limit", ArgKind::Number, "at most this many, default 50"),
        Arg::option("grep", ArgKind::Text, "only entries that contain this text")
    }
    Undo "undo" History HumanOnly [Global] ["u"] Both "Undo an operation; default is the newest undoable one" {
        Arg::optional("operation", ArgKind::Operation, "number of the operation"),
        DRY
    }
    Verify "verify" History View [] [] Both "Verify the log, all kept copies, approved files and signatures" {
        Arg::optional("tool", ArgKind::Tool, "only versions and files of this tool")
    }
    Sign "sign" History Change [] [] Shell "Show missing signatures; with --yes, sign everything in force" {
        Arg::option("yes", ArgKind::Switch, "sign the log as shown").for_humans()
    }
    Prune "prune" History HumanOnly [] [] Both "Delete the output of old runs beyond the limits of `history` in your settings; keeps records, and output that failures refer to" { DRY }
    Feedback "feedback" History View [] [] Shell "Export decisions as JSON lines: request, code, evidence, decision, reason" {
        Arg::option("out", ArgKind::Path, "write to this file instead of standard output"),
        Arg::option("since", ArgKind::Duration, "only decisions within this time, for example 24h"),
        Arg::option("suggestions", ArgKind::Switch, "show where repeated approvals suggest fewer reviews, and why, instead")
    }
    Docs "docs" History View [] [] Shell "Write a page for each tool: usage, examples, limits, observed behaviour, provenance" {
        Arg::option("out", ArgKind::Path, "folder, default docs/tools"),
        Arg::option("check", ArgKind::Switch, "write nothing; fail if a page is out of date"),
        Arg::optional("tool", ArgKind::Tool, "only this tool")
    }
    // Workbench
    Doctor "doctor" Workbench View [] [] Both "Check interpreters, folders, limits, terminal and state; recover lost state" {
        Arg::option("restore", ArgKind::Switch, "restore the newest state backup, or BACKUP; asks first").for_humans(),
        Arg::option("rebuild", ArgKind::Switch, "rebuild the state from readable rows, the log and the files; asks first").for_humans(),
        Arg::option("accept-loss", ArgKind::Switch, "continue with the current state although it is older than the last one seen; asks first").for_humans(),
        Arg::option("same-workspace", ArgKind::Switch, "this folder is the original workspace, moved: keep its history").for_humans(),
        Arg::option("copied", ArgKind::Switch, "this folder is a copy of a workspace: keep a separate history").for_humans(),
        Arg::optional("backup", ArgKind::Path, "backup to restore")
    }
    Mcp "mcp" Workbench Change [] [] Shell "Serve agents over the Model Context Protocol on standard input and output, or over HTTP" {
        Arg::option("http", ArgKind::Text, "serve several agents at this address, for example 127.0.0.1:8765; each needs a token"),
        Arg::repeated("host", ArgKind::Text, "with --http: also serve requests for this host name, for example that of a proxy"),
        Arg::option("list", ArgKind::Word(&["core", "pinned", "all"]), "also list tools of the library by name: pinned lists those of --tools, all lists every tool that the agent can run; default core"),
        Arg::option("config", CLIENTS, "print the configuration for this client instead")
    }
    Hook "hook" Workbench Change [] [] Shell "Answer a hook of an agent's client; reads its question as JSON on standard input" {
        Arg::required("client", ArgKind::Word(&["claude", "codex"]), "the client that asks")
    }
    Completions "completions" Workbench View [] [] Shell "Print a completion script" {
        Arg::required("shell", SHELLS, "shell")
    }
    Candidates "candidates" Workbench View [] [] Shell "Print what an argument can name, one per line; completion scripts call it" {
        Arg::required("what", CANDIDATES, "what is listed"), Arg::optional("tool", ArgKind::Tool, "the tool whose versions or tags are listed")
    }
    Man "man" Workbench View [] [] Shell "Print the man page" {}
    ServeRun "serve-run" Workbench Change [] [] Shell "Do a run for another machine; `run --on` starts this on the worker and talks to it over stdin and stdout" {}
    Help "help" Workbench View [Global] ["?"] Screen "Show all keys that work here; type to filter, Enter runs the selected one" {}
    Palette "palette" Workbench View [Global] [":", "ctrl-k"] Screen "Command palette: find any verb by name" {}
    Rescan "rescan" Workbench View [Global] ["f5"] Screen "Read the tools folder again" {}
    Messages "messages" Workbench View [Global] ["!"] Screen "List the messages of this session, newest first" {}
    Page "page" Workbench View [Output, Review, Source, Evolution] ["|"] Screen "Show this output or text in your pager (PAGER, else less)" {}
    Redraw "redraw" Workbench View [Global] ["ctrl-l"] Screen "Redraw the screen" {}
    Mouse "mouse" Workbench View [Global] ["f2"] Screen "Turn the mouse on or off (off: the terminal can select text)" {}
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
    HidePane "hide-pane" Motion View [Output, Failures, Queue, Services] ["("] Screen "Hide the focused pane; its digit shows it again, and it stays hidden the next time" {}
    ShowPanes "show-panes" Motion View [Global] ["ctrl-v"] Screen "Show all hidden panes" {}
    Narrower "narrower" Motion View [Catalog, Output, Failures, Queue, Services] ["<"] Screen "Move the divider between the panes to the left; the width is remembered" {}
    Wider "wider" Motion View [Catalog, Output, Failures, Queue, Services] [">"] Screen "Move the divider between the panes to the right; the width is remembered" {}
    Back "back" Motion View [Global] ["esc"] Screen "Close the open window, clear the filter, or go back" {}
    Down "down" Motion View [Motion] ["j", "down"] Screen "One line down" {}
    Up "up" Motion View [Motion] ["k", "up"] Screen "One line up" {}
    Fold "fold" Motion View [Catalog] ["space"] Screen "Fold or unfold the selected group; in a list without groups: one page down" {}
    Group "group" Motion View [Catalog] ["#"] Screen "Group the catalog by category, by stage, or not at all" {}
    ReadOn "read-on" Motion View [Output, Failures, Services, Review, Source, Evolution] ["space"] Screen "In a review: next page with lines not seen yet, across all files; elsewhere: one page down" {}
    PageDown "page-down" Motion View [Motion] ["pagedown", "ctrl-d"] Screen "One page down" {}
    PageUp "page-up" Motion View [Motion] ["pageup", "ctrl-u"] Screen "One page up" {}
    Top "top" Motion View [Motion] ["g", "home"] Screen "Go to the first line" {}
    Bottom "bottom" Motion View [Motion] ["G", "end"] Screen "Go to the last line" {}
    Left "left" Motion View [Motion] ["h", "left"] Screen "Scroll left" {}
    Right "right" Motion View [Motion] ["l", "right"] Screen "Scroll right" {}
    Filter "filter" Motion View [Motion] ["/"] Screen "Filter the list, or search the text; in the catalog also by category:, stage:, tier:, kind: and tag:" {}
    NextMatch "next-match" Motion View [Motion] ["n"] Screen "Go to the next match" {}
    PreviousMatch "previous-match" Motion View [Motion] ["N"] Screen "Go to the previous match" {}
    CycleStage "cycle-stage" Motion View [Catalog] ["t"] Screen "Cycle the stage filter (includes archived tools)" {}
    Follow "follow" Motion View [Output] ["f"] Screen "Turn following of new output on or off" {}
    Wrap "wrap" Motion View [Output, Review, Source, Evolution] ["w"] Screen "Turn line wrapping on or off" {}
    NextTab "next-tab" Motion View [Output, Review, Source, Evolution] ["]"] Screen "Next run, file or answer" {}
    PreviousTab "previous-tab" Motion View [Output, Review, Source, Evolution] ["["] Screen "Previous run, file or answer" {}
    ToggleDiff "toggle-diff" Motion View [Review] ["d"] Screen "Switch between the diff to the approved version and the full source" {}
    Mark "mark" Motion View [Queue] ["space", "m"] Screen "In the queue: select a review, to decide several at once" {}
    Sort "sort" Motion View [Catalog, Queue, Services] ["o"] Screen "Sort: the catalog by column, the queue by age or risk, services by need, state, cpu or memory" {}
    Files "files" Motion View [Review] ["'"] Screen "List the files of the version, with what changed and how much was seen; of an adoption, its tools" {}
    LeaveOut "leave-out" Motion View [Review] ["^"] Screen "Of an adoption: leave the tool out of the approval, or take it in; `approve --only` does the same" {}
    GoTo "go-to" Motion View [Review] ["enter"] Screen "Go to the line of a finding or comment, or unfold" {}
    NextHunk "next-hunk" Motion View [Review, Source, Evolution] ["}"] Screen "Go to the next file or change" {}
    PreviousHunk "previous-hunk" Motion View [Review, Source, Evolution] ["{"] Screen "Go to the previous file or change" {}
    NextRisk "next-risk" Motion View [Review, Output] ["."] Screen "Next warning or change in a review; in the output: next block of standard error" {}
    PreviousRisk "previous-risk" Motion View [Review, Output] [","] Screen "Previous warning or change in a review; in the output: previous block of standard error" {}
    Times "times" Motion View [Output] ["@"] Screen "Show or hide when each line of the output was written" {}
    MarkLine "mark-line" Motion View [Output] ["m"] Screen "Draw a line below the output so far, with its number and the time" {}
    ClearLines "clear-lines" Motion View [Output] ["ctrl-x"] Screen "Hide the output so far, or show it again; the kept output is not changed" {}
    NextNew "next-new" Motion View [Review] ["J"] Screen "Go to new evidence that arrived since the review was opened" {}
    SelectRange "select-range" Motion View [Queue, Review] ["v"] Screen "Start or end a selection of lines or reviews" {}
    MarkRead "mark-read" Motion View [Review] ["m"] Screen "In a review: mark a change or file as read, or take the mark off" {}
    IgnoreBlanks "ignore-blanks" Motion View [Review] ["_"] Screen "Hide or show lines that differ only in whitespace" {}
    Unfold "unfold" Motion View [Review, Evolution] ["*"] Screen "In a review: fold or unfold facts and unchanged lines" {}
    Copy "copy" Motion View [Global] ["y"] Screen "Copy the selection as clean text" {}
    ApproveOver "approve-over" Review View [Review] ["O"] Screen "Approve despite failed checks; the reason is recorded permanently" {}
}
