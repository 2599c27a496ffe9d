//! Work outside the screen, as data: the state requests it, the loop and the performer execute it.

use super::widget::{Blanks, Origin, Side};
use crate::domain::{
    Command, DecisionKind, DecisionRequest, EvolutionId, OpportunitySources, ReviewId, RunId, SafeText, Tool, VerbCall,
    VersionFile,
};
use crate::engine::{CallRequest, EvolveRequest, ExportFormat, FilePlace, LaneId, MarkRequest, RunRequest};
use std::path::PathBuf;
use std::sync::Arc;

/// The number of a tab of the output pane; counts up, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TabId(pub u64);

/// Why the details of a tool are requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetailFor {
    /// Its purpose, requirements, input and output.
    Show,
    /// The text of its files, with syntax colours.
    Source,
    /// The difference to another version.
    Diff,
    /// The form for its input.
    Run,
    /// The preview below the catalog while it is selected.
    Preview,
}

/// The object whose behaviour is requested.
#[derive(Debug, Clone)]
pub enum BehaviourOf {
    /// All runs of a version.
    Version(Arc<Tool>),
    /// A single run, live or recorded.
    Run(RunId),
}

/// What happens to a request to a generator after it is prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// Show recipient and reason in the form.
    Learn,
    /// Show the request to the user; nothing is sent.
    Show,
    /// Send the request; the user has confirmed it.
    Send,
}

/// Requests to generators.
#[derive(Debug, Clone)]
pub enum Evolving {
    /// Prepare the request for a generator; send it if requested.
    Prepare {
        /// Sent back with the answer.
        ticket: u64,
        /// The request.
        request: Box<EvolveRequest>,
        /// The next step for the request.
        sending: Sending,
    },
    /// Determine whether the tool of a specification can be created immediately, before this approval is sent.
    Ready(Box<DecisionRequest>),
    /// Create the tool of an approved specification, and ask a generator for its code.
    Generate(ReviewId),
    /// Load the list of all evolutions.
    List,
    /// Load one with its rounds.
    Load(EvolutionId),
    /// Read what generators have written so far.
    Texts(EvolutionId),
    /// Resume an interrupted evolution.
    Resume(EvolutionId),
    /// Stop an evolution in progress.
    Stop(EvolutionId),
    /// Write an answer as a version with a pending review.
    Keep {
        /// The evolution that the answer belongs to.
        id: EvolutionId,
        /// Round and generator that gave the answer.
        at: LaneId,
    },
}

/// Requests about failure groups.
#[derive(Debug, Clone)]
pub enum Failing {
    /// Load everything about the group with this signature.
    Load(String),
    /// Mark a tool as failed for a scenario.
    Mark(MarkRequest),
}

/// Requests about services.
#[derive(Debug, Clone, PartialEq)]
pub enum Serving {
    /// Load the instances.
    Load,
    /// Start or stop sampling the resource use of instances every second.
    Watch(bool),
    /// Load the instance of this name with its prompts and messages.
    Detail(String),
    /// Send a message to an instance; the answer may take a minute.
    Say {
        /// Sent back with the answer.
        ticket: u64,
        /// The verb `say` with the instance and the message.
        call: VerbCall,
    },
}

/// Upkeep of the whole library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upkeep {
    /// Find tools that were not used for this many days; `None` uses the setting.
    Stale(Option<u32>),
    /// Find copies, near duplicates and name clashes.
    Twins,
}

/// The step of a call by scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallStep {
    /// Show the candidates.
    Look,
    /// Execute it.
    Begin,
}

/// The source of a request to quit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// SIGTERM from outside.
    Terminate,
    /// SIGHUP, or the terminal is gone.
    HangUp,
    /// SIGINT from another process (ctrl-c is read as a key).
    Interrupt,
}

/// Why the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The user chose to quit.
    Quit,
    /// A signal asked for it.
    Signal(Farewell),
}

/// Which part of a recorded run is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RerunExtent {
    /// All of it.
    Whole,
    /// The steps of a composite from this step on; `None` means the steps that did not succeed.
    From(Option<String>),
}

/// The direction and format of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From a bundle to here.
    In,
    /// Into a bundle.
    Out,
    /// Into a folder of Agent Skills.
    AsSkills,
}

/// What a pager shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paged {
    /// The complete kept output of a run.
    Run(RunId),
    /// A text with only letters and line ends.
    Text(String),
}

/// A search in the kept output of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolQuest {
    /// The tab that shows the output.
    pub tab: TabId,
    /// The run whose output is searched.
    pub run: RunId,
    /// Sent back with the answers; of two searches, the one with the higher number counts.
    pub ticket: u64,
    /// The search text; empty to end the search.
    pub text: String,
    /// The end of the range to search; later output is searched elsewhere.
    pub before: Origin,
}

/// Work outside the screen.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Stop the exchange with the team between two files.
    StopVerifying,
    /// Quit the program; live runs are cancelled and waited for.
    Leave(Ending),
    /// Restore the terminal and stop the process, as ctrl-z does.
    Suspend,
    /// Clear the screen and redraw everything.
    Redraw,
    /// Switch mouse reports on or off.
    Mouse(bool),
    /// Ring the bell, and show this as a terminal notification.
    Ring(SafeText),
    /// Put text into the clipboard.
    Copy(String),
    /// Open a file of a tool in the user's editor.
    Edit {
        /// Row of the catalog as it is shown.
        tool: Arc<Tool>,
        /// The file and the position in it.
        place: FilePlace,
    },
    /// Show a text in the user's pager.
    Page(Paged),
    /// Store by how many columns the divider between the panes was moved.
    KeepLayout(i16),
    /// Store which panes are hidden, by their digits.
    KeepHidden(Vec<u8>),
    /// Read the tools folders again.
    Rescan,
    /// Load recent runs; [`Answer::Runs`](super::msg::Answer::Runs) brings them.
    LoadRuns,
    /// Load the failure groups of all tools.
    LoadFailures,
    /// Load the pending reviews.
    LoadReviews,
    /// Load the operation log.
    LoadOperations {
        /// Only entries with this text.
        grep: Option<String>,
        /// At most this many.
        limit: usize,
    },
    /// Load one review with its files and evidence.
    LoadReview(ReviewId),
    /// Report which review is open, so that its checks run first; `None` when it was closed.
    LookAt(Option<ReviewId>),
    /// Load everything about a tool.
    LoadDetail {
        /// Row of the catalog as it is shown.
        tool: Arc<Tool>,
        /// Sent back with the answer.
        purpose: DetailFor,
        /// The version to compare with; `None` takes the one approved last.
        other: Option<String>,
    },
    /// Load the observed behaviour of a version or a run.
    LoadBehaviour {
        /// Sent back with the answer.
        ticket: u64,
        /// A version with all its runs, or a single run.
        of: BehaviourOf,
    },
    /// Determine what a command would change.
    Preview(Command),
    /// Execute a command.
    Execute(Command),
    /// Start a run of a tool; a missing permission is asked for first.
    StartRun {
        /// The tab that shows it.
        tab: TabId,
        /// Tool and input, as entered.
        request: RunRequest,
    },
    /// Start a recorded run again with the same input.
    Rerun {
        /// The tab that shows it.
        tab: TabId,
        /// The recorded run to repeat.
        run: RunId,
        /// Which part of it is repeated.
        extent: RerunExtent,
    },
    /// Load a recorded run and the end of its output.
    LoadSpool {
        /// The tab that shows it.
        tab: TabId,
        /// The run whose output is read from the spool.
        run: RunId,
        /// Only the part before this offset in the spool; `None` for the end.
        before: Option<u64>,
    },
    /// Load the part of the output around this offset in the spool.
    LoadSpoolPart {
        /// The tab that shows it.
        tab: TabId,
        /// The run whose output is read from the spool.
        run: RunId,
        /// An offset in the spool, or a position before the first.
        around: u64,
    },
    /// Search the spool before the loaded part; cancels an earlier search.
    FindInSpool(SpoolQuest),
    /// Compute the syntax highlighting of files.
    Highlight {
        /// Sent back with the answer.
        ticket: u64,
        /// Whether these are the old or the new files.
        side: Side,
        /// Path and bytes; files of unknown languages are left out of the answer.
        files: Vec<VersionFile>,
    },
    /// Determine the result of deciding several reviews.
    Preflight {
        /// The reviews that are marked in the queue.
        reviews: Vec<ReviewId>,
        /// Approval, rejection or request for changes.
        kind: DecisionKind,
    },
    /// Decide several reviews, each separately.
    DecideAll(Vec<DecisionRequest>),
    /// Compare two states of files.
    Compare {
        /// Sent back with the answer.
        ticket: u64,
        /// Files of the older version.
        before: Vec<VersionFile>,
        /// Files of the version under review.
        after: Vec<VersionFile>,
        /// Whether lines that differ only in whitespace count.
        blanks: Blanks,
    },
    /// Create folders, settings and a sample tool in the workspace.
    Init,
    /// Compute opportunities from recorded data and these files.
    LoadOpportunities(OpportunitySources),
    /// Export the catalog for other programs.
    Export {
        /// The path of the new file.
        out: PathBuf,
        /// CSV or an SQLite database.
        format: ExportFormat,
    },
    /// Write tools to a bundle, or import those of a bundle.
    Carry {
        /// Direction and format.
        way: Way,
        /// Folder of the bundle.
        bundle: String,
        /// Name of the only tool to transfer; `None` for all.
        tool: Option<String>,
    },
    /// Load the sets of tools.
    LoadSets,
    /// Select a set of tools, by name.
    Choose(String),
    /// Load the grants.
    LoadGrants,
    /// Load the possible values of an argument, listed under a word of `candidates`.
    LoadChoices(&'static str, Option<String>),
    /// Load the fill levels of the buffers.
    LoadBuffers,
    /// Find the grant of this name, to ask whether to revoke it.
    FindGrant(String),
    /// Compute the figures of the dashboard.
    Dashboard,
    /// Examine the whole library.
    Upkeep(Upkeep),
    /// Answer a verb that changes nothing and needs only its arguments.
    Query(VerbCall),
    /// Determine the candidates for a scenario, or try them.
    Call {
        /// Sent back with the answer.
        ticket: u64,
        /// Scenario, tags and limits of the call.
        request: Box<CallRequest>,
        /// Whether to show or to call.
        step: CallStep,
    },
    /// Requests to generators.
    Evolve(Evolving),
    /// Load or mark failures.
    Failing(Failing),
    /// Load instances of services, or send a message to one.
    Serve(Serving),
    /// Receive decisions of the team without sending any.
    FetchTeam,
}
