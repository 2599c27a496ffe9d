//! Work outside the screen, as data: the state asks, the loop and the performer do.

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

/// What the details of a tool are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetailFor {
    /// What it is, needs, takes and gives.
    Show,
    /// The text of its files, with syntax colours.
    Source,
    /// The difference to another version.
    Diff,
    /// The form for its input.
    Run,
    /// What stands below the catalog while it is selected.
    Preview,
}

/// Whose behaviour is wanted.
#[derive(Debug, Clone)]
pub enum BehaviourOf {
    /// All runs of a version.
    Version(Arc<Tool>),
    /// A single run, live or recorded.
    Run(RunId),
}

/// What becomes of a request to a generator once it is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// The form learns whom it would go to, and why.
    Learn,
    /// The request is shown to the user; nothing is sent.
    Show,
    /// The user has confirmed: the request is sent.
    Send,
}

/// Requests to generators.
#[derive(Debug, Clone)]
pub enum Evolving {
    /// Work out what a generator would be sent; send it when that is wanted.
    Prepare {
        /// Given back with the answer.
        ticket: u64,
        /// What is asked for.
        request: Box<EvolveRequest>,
        /// What becomes of it.
        sending: Sending,
    },
    /// Find out whether the tool of a specification can be made at once, before this approval of it is sent.
    Ready(Box<DecisionRequest>),
    /// Make the tool of an approved specification, and ask a generator for its code.
    Generate(ReviewId),
    /// Load the list of all evolutions.
    List,
    /// Load one with its rounds.
    Load(EvolutionId),
    /// Look at what generators have written so far.
    Texts(EvolutionId),
    /// Go on with one whose process died.
    Resume(EvolutionId),
    /// End an evolution that is under way.
    Stop(EvolutionId),
    /// Write an answer as a version that waits for a human.
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
    /// Look every second, or no longer, at what instances use.
    Watch(bool),
    /// Read the instance of this name with its prompts and what was said.
    Detail(String),
    /// Say something to an instance; the answer may take a minute.
    Say {
        /// Given back with the answer.
        ticket: u64,
        /// The verb `say` with the instance and the message.
        call: VerbCall,
    },
}

/// Work of upkeep over the whole library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upkeep {
    /// Find what nobody used for so many days; `None` takes the setting.
    Stale(Option<u32>),
    /// Find copies, near duplicates and name clashes.
    Twins,
}

/// What becomes of a call by scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallStep {
    /// Who would be tried is shown.
    Look,
    /// It is carried out.
    Begin,
}

/// Who asks the program to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// SIGTERM from outside.
    Terminate,
    /// SIGHUP, or the terminal is gone.
    HangUp,
    /// SIGINT from outside (the key is a key).
    Interrupt,
}

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The user chose to quit.
    Quit,
    /// A signal asked for it.
    Signal(Farewell),
}

/// How much of a recorded run is run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RerunExtent {
    /// All of it.
    Whole,
    /// The steps of a composite from this one on; `None` means those that did not succeed.
    From(Option<String>),
}

/// Where tools are carried, and as what.
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
    /// All that is kept of the output of a run.
    Run(RunId),
    /// A text without anything but letters and ends of lines.
    Text(String),
}

/// A search in the kept output of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolQuest {
    /// The tab that shows the output.
    pub tab: TabId,
    /// The run whose output is searched.
    pub run: RunId,
    /// Given back with the answers; of two searches, the one with the higher number counts.
    pub ticket: u64,
    /// What is searched for; empty to search for nothing any more.
    pub text: String,
    /// Where the first line begins that is searched elsewhere.
    pub before: Origin,
}

/// Work for somebody else.
#[derive(Debug, Clone)]
pub enum Effect {
    /// End the exchange with the team between two files.
    StopVerifying,
    /// Leave the program; live runs are cancelled and waited for.
    Leave(Ending),
    /// Restore the terminal and stop, as after ctrl-z.
    Suspend,
    /// Forget what is on the screen and draw all of it.
    Redraw,
    /// Switch reports of the mouse on or off.
    Mouse(bool),
    /// Ring the bell, and let the terminal show this as a notification.
    Ring(SafeText),
    /// Put text into the clipboard.
    Copy(String),
    /// Open a file of a tool in the user's editor.
    Edit {
        /// Row of the catalog as it is shown.
        tool: Arc<Tool>,
        /// Which file, and where.
        place: FilePlace,
    },
    /// Show a text in the user's pager.
    Page(Paged),
    /// Remember by how many columns the divider between the panes was moved.
    KeepLayout(i16),
    /// Remember which panes are hidden, by their digits.
    KeepHidden(Vec<u8>),
    /// Read the tools folders again.
    Rescan,
    /// Load recent runs; [`Answer::Runs`](super::msg::Answer::Runs) brings them.
    LoadRuns,
    /// Load the failure groups of all tools.
    LoadFailures,
    /// Load the reviews that wait for a human.
    LoadReviews,
    /// Load the operation log.
    LoadOperations {
        /// Only entries with this text.
        grep: Option<String>,
        /// At most so many.
        limit: usize,
    },
    /// Load one review with its files and evidence.
    LoadReview(ReviewId),
    /// Say which review is open, so that its checks go first; `None` when it was closed.
    LookAt(Option<ReviewId>),
    /// Load everything about a tool.
    LoadDetail {
        /// Row of the catalog as it is shown.
        tool: Arc<Tool>,
        /// Given back with the answer.
        purpose: DetailFor,
        /// The version to compare with; `None` takes the one approved last.
        other: Option<String>,
    },
    /// Load what a version or a run was seen to do.
    LoadBehaviour {
        /// Given back with the answer.
        ticket: u64,
        /// A version with all its runs, or a single run.
        of: BehaviourOf,
    },
    /// Find out what a command would change.
    Preview(Command),
    /// Carry out a command.
    Execute(Command),
    /// Start a run of a tool; a permission that is missing is asked for first.
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
        /// How much of it is run again.
        extent: RerunExtent,
    },
    /// Load a recorded run and the end of its output.
    LoadSpool {
        /// The tab that shows it.
        tab: TabId,
        /// The run whose output is read from the spool.
        run: RunId,
        /// Only what lies before this place in the spool; `None` for the end.
        before: Option<u64>,
    },
    /// Load the part of the output around this place in the spool.
    LoadSpoolPart {
        /// The tab that shows it.
        tab: TabId,
        /// The run whose output is read from the spool.
        run: RunId,
        /// A chunk of the spool, or a place before the first.
        around: u64,
    },
    /// Search the spool before what is loaded; an earlier search is given up.
    FindInSpool(SpoolQuest),
    /// Find the syntax of files.
    Highlight {
        /// Given back with the answer.
        ticket: u64,
        /// Which state of the files they are.
        side: Side,
        /// Path and bytes; files of unknown languages are left out of the answer.
        files: Vec<VersionFile>,
    },
    /// Find out what would become of several reviews.
    Preflight {
        /// The reviews that are marked in the queue.
        reviews: Vec<ReviewId>,
        /// Yes, no, not yet.
        kind: DecisionKind,
    },
    /// Decide several reviews, each by itself.
    DecideAll(Vec<DecisionRequest>),
    /// Compare two states of files.
    Compare {
        /// Given back with the answer.
        ticket: u64,
        /// Files of the older version.
        before: Vec<VersionFile>,
        /// Files of the version under review.
        after: Vec<VersionFile>,
        /// Whether lines that differ in blanks only count.
        blanks: Blanks,
    },
    /// Create folders, settings and a sample tool in the workspace.
    Init,
    /// Look what use suggests to make, from what was recorded and from these files.
    LoadOpportunities(OpportunitySources),
    /// Write the catalog for other programs.
    Export {
        /// Into which new file.
        out: PathBuf,
        /// CSV or an SQLite database.
        format: ExportFormat,
    },
    /// Write tools into a bundle, or bring those of one here.
    Carry {
        /// Where they go, and as what.
        way: Way,
        /// Folder of the bundle.
        bundle: String,
        /// Name of the one tool to carry; `None` for all.
        tool: Option<String>,
    },
    /// Load the choices of tools.
    LoadSets,
    /// Take a choice of tools in use, by name.
    Choose(String),
    /// Load what was granted.
    LoadGrants,
    /// Load what an argument of a verb can name, under a word of `candidates`.
    LoadChoices(&'static str, Option<String>),
    /// Load how full the buffers are.
    LoadBuffers,
    /// Find the grant of this name, to ask whether to take it back.
    FindGrant(String),
    /// Count the figures of the dashboard.
    Dashboard,
    /// Look through the whole library.
    Upkeep(Upkeep),
    /// Answer a verb that changes nothing and needs nothing but its arguments.
    Query(VerbCall),
    /// Work out who would be tried for a scenario, or try them.
    Call {
        /// Given back with the answer.
        ticket: u64,
        /// Scenario, tags and limits of the call.
        request: Box<CallRequest>,
        /// What becomes of it.
        step: CallStep,
    },
    /// Requests to generators.
    Evolve(Evolving),
    /// Load or mark failures.
    Failing(Failing),
    /// Load instances of services, or talk to one.
    Serve(Serving),
    /// Take in what the team decided, and hand nothing out.
    FetchTeam,
}
