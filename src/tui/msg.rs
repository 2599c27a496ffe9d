//! All messages that can change the state of the screen, as one type in one queue.

use super::effect::Farewell;
use super::effect::{DetailFor, Sending, Serving, TabId};
use super::widget::{Blanks, Chunk, DiffText, Hit, Side, TokenKind};
use crate::domain::description::Description;
use crate::domain::{
    Command, DecisionRequest, Evolution, EvolutionId, FailureGroup, GrantKey, IsolationLevel, Operation, Outcome,
    Review, ReviewId, Run, RunId, RunOutcome, Sample, Tool, ToolDetail, ToolName, VerbCall, VersionFile,
};
use crate::engine::{
    Asking, Behaviour, BufferStatus, BulkResult, CallReport, Candidates, CarryReport, CatalogView, Change, Choice,
    CommandView, Dashboard, EngineError, EvolutionDetail, FailureDetail, Frame, GrantList, Index, InstanceDetail,
    InstanceView, LaneId, Made, OpportunityList, PreflightRow, Preview, ReviewDetail, RunRequest, SetRow, Settings,
    StaleReport, TwinGroup, VerifyProgress,
};
use crossterm::event::{KeyEvent, MouseEvent};
use serde_json::Value;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A message to the program's update loop: input, time, signals, and answers to earlier effects.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// How many columns the divider between the panes was moved in the last session.
    Layout(i16),
    /// The digits of the panes that were hidden in the last session.
    Hidden(Vec<u8>),
    /// The background colour that the terminal reported: red, green, blue.
    Background([u8; 3]),
    /// The name that the terminal reported.
    Named(String),
    /// Keys that arrived at once: nobody pressed them one by one.
    Burst(Vec<KeyEvent>),
    /// Text was pasted; pasted text never decides anything.
    Paste(String),
    /// A mouse event.
    Mouse(MouseEvent),
    /// The size of the terminal changed.
    Resize {
        /// Width of the terminal in cells.
        width: u16,
        /// Height of the terminal in cells.
        height: u16,
    },
    /// The window got the focus; keys that were meant for another window may still arrive.
    FocusGained,
    /// The window lost the focus. Terminals without focus reports never send it.
    FocusLost,
    /// A frame was drawn.
    Drawn,
    /// The time requested by [`super::app::App::next_wake`] has come.
    Wake,
    /// The program was stopped and continues.
    Resumed,
    /// A signal asks the program to quit.
    Leave(Farewell),
    /// The settings were read.
    Settings {
        /// The active settings: the user's file over the defaults.
        settings: Box<Settings>,
        /// The displayed path of the user's settings file.
        file: String,
    },
    /// The workspace was opened.
    Opened(Opened),
    /// The workspace could not be opened.
    OpenFailed(EngineError),
    /// Something changed in the store or on disk.
    Changed(Change),
    /// The catalog was read again, or more of it was read.
    Catalog(Arc<CatalogView>),
    /// The search index of a catalog.
    Indexed {
        /// The [`CatalogView::generation`] of the catalog that was indexed; an older index is dropped.
        generation: u64,
        /// Built in the background, because indexing thousands of tools takes long.
        index: Arc<Index>,
    },
    /// The current instances of services, because one of them changed.
    Services(Vec<ServiceRow>),
    /// An answer from the engine.
    Answer(Box<Answer>),
    /// New output of a run.
    Output {
        /// The run that wrote the output.
        run: RunId,
        /// In the order in which they were written, over both streams.
        frames: Vec<Frame>,
        /// Number of bytes skipped before these frames; the spool keeps them.
        skipped: u64,
    },
    /// The current resource use of a live run; sent a few times a second while the run is alive.
    Sample {
        /// The live run that was sampled.
        run: RunId,
        /// The current use; `cpu_ms` counts from the start of the run.
        sample: Sample,
        /// Its isolation, once verified.
        level: Option<IsolationLevel>,
    },
}

/// The path of a file, and the highlighted ranges of each line.
pub type FileTokens = (String, Vec<Vec<(Range<usize>, TokenKind)>>);

/// Facts that are known once the workspace is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The displayed path of the workspace folder.
    pub workspace: String,
}

/// The result of an effect.
#[derive(Debug)]
pub enum Answer {
    /// The progress of signature verification in an exchange with the team.
    Verified(VerifyProgress),
    /// Recent runs, newest first.
    Runs(Result<Vec<Run>, EngineError>),
    /// Failure groups, last seen first.
    Failures(Result<Vec<FailureGroup>, EngineError>),
    /// Pending reviews, oldest first.
    Reviews(Result<Vec<Review>, EngineError>),
    /// Log entries, newest first.
    Operations(Result<Vec<Operation>, EngineError>),
    /// One review with its evidence.
    Review {
        /// The requested review.
        review: ReviewId,
        /// An error if the review is gone or its files cannot be read.
        detail: Result<Box<ReviewDetail>, EngineError>,
        /// The difference to the version approved before, if there is one.
        compared: Option<Box<DiffText>>,
    },
    /// The results of deciding several reviews, if they were decided.
    Preflight(Result<Vec<PreflightRow>, EngineError>),
    /// The results of deciding several reviews.
    DecidedAll(Vec<BulkResult>),
    /// The comparison of two states of files.
    Compared {
        /// The number given with the request.
        ticket: u64,
        /// Differences by file, ready to be folded.
        compared: Box<DiffText>,
    },
    /// Everything about a tool.
    Detail {
        /// As in the request; it selects the screen that opens.
        purpose: DetailFor,
        /// Path of the requested row.
        path: String,
        /// An error if the definition is gone or cannot be read.
        detail: Result<Box<ToolDossier>, EngineError>,
    },
    /// The observed behaviour of a version or a run.
    Behaviour {
        /// The number given with the request.
        ticket: u64,
        /// An error if the runs cannot be read.
        behaviour: Result<Box<Behaviour>, EngineError>,
    },
    /// The changes that a command would make.
    Preview {
        /// The previewed command.
        command: Command,
        /// Its changes.
        preview: Result<Preview, EngineError>,
    },
    /// A command was executed, or refused.
    Done {
        /// The command that was sent.
        command: Command,
        /// Its result.
        outcome: Result<Outcome, EngineError>,
    },
    /// A run started, or failed to start.
    RunStarted {
        /// The tab that waits for the run.
        tab: TabId,
        /// Its record so far.
        started: Result<Box<Run>, EngineError>,
    },
    /// A run needs the permission of a human first.
    RunAsks {
        /// The tab that waits for the run.
        tab: TabId,
        /// The requested run.
        request: RunRequest,
        /// The command that grants the permission.
        command: Command,
    },
    /// A run that this process started has ended.
    RunEnded {
        /// The number of the run.
        run: RunId,
        /// The record that was stored at the end.
        record: Result<Box<Run>, EngineError>,
    },
    /// Kept output of a run.
    Spool {
        /// The tab that requested the output.
        tab: TabId,
        /// The record of the run and its kept output.
        kept: Result<Box<Kept>, EngineError>,
    },
    /// A part of the output of a run.
    SpoolPart {
        /// The tab that requested the part.
        tab: TabId,
        /// The requested offset.
        around: u64,
        /// The output around that offset.
        part: Result<Box<SpoolPart>, EngineError>,
    },
    /// Matches in the output of a run, in order.
    SpoolHits {
        /// The tab that requested the search.
        tab: TabId,
        /// The number given with the request.
        ticket: u64,
        /// The matches found since the last answer.
        hits: Vec<Hit>,
        /// At the end of the search: whether there are more matches than are counted. `None` while the search
        /// continues.
        over: Option<bool>,
    },
    /// Syntax highlighting of files.
    Highlighted {
        /// The number given with the request.
        ticket: u64,
        /// Whether these are the old or the new files.
        side: Side,
        /// The files of known languages.
        files: Vec<FileTokens>,
    },
    /// The figures of the dashboard.
    Dashboard(Result<Box<Dashboard>, EngineError>),
    /// Answer to an [`Upkeep`](super::effect::Upkeep) effect.
    Kempt(Box<Kempt>),
    /// The progress of a call by scenario, or of a search.
    Called(Box<Called>),
    /// The answer of a verb that changes nothing.
    Described {
        /// The verb and its arguments.
        call: VerbCall,
        /// An error if an argument names something unknown.
        found: Result<Description, EngineError>,
    },
    /// Opportunities for new tools, computed from use.
    Opportunities(Result<OpportunityList, EngineError>),
    /// The file of the exported catalog, and the number of tools in it.
    Exported(Result<(PathBuf, usize), EngineError>),
    /// The results for the tools of a bundle.
    Carried(Result<CarryReport, EngineError>),
    /// The sets of tools.
    Sets(Result<Vec<SetRow>, EngineError>),
    /// Whether a set of tools is in use now.
    Chosen {
        /// The name of the selected set.
        name: String,
        /// An error if the set does not exist.
        chosen: Result<(), EngineError>,
    },
    /// The grants.
    Grants(Result<GrantList, EngineError>),
    /// The possible values of an argument of a verb, with the requested word.
    Choices(&'static str, Result<Vec<Choice>, EngineError>),
    /// The fill levels of the buffers.
    Buffers(Result<Vec<BufferStatus>, EngineError>),
    /// The named grant.
    Grant(Result<GrantKey, EngineError>),
    /// Everything about a failure group.
    Failure(Result<Box<FailureDetail>, EngineError>),
    /// The decisions that were received from the team, in one line; `None` if there are none.
    Fetched(Result<Option<String>, EngineError>),
    /// A warning for the human: about a run that has started, or about the next step.
    Warned(String),
    /// A failure was marked.
    Marked(Result<Outcome, EngineError>),
    /// An answer about services.
    Serving(Box<Served>),
    /// An answer about requests to generators.
    Evolving(Box<Evolved>),
    /// The workspace was initialised; one line names the created files.
    Furnished(Result<String, EngineError>),
    /// Text was copied to the clipboard, or copying failed.
    Copied(Result<String, String>),
    /// A file was open in the editor: its path, possibly with a line.
    Edited(String),
    /// An error that belongs to no pending request.
    Trouble(EngineError),
}

/// The result of examining the whole library.
#[derive(Debug)]
pub enum Kempt {
    /// Tools that were not used for long, each with a proposal.
    Stale(Result<StaleReport, EngineError>),
    /// Duplicates and similar tools.
    Twins(Result<Vec<TwinGroup>, EngineError>),
}

/// The progress of a call by scenario, or of a search.
#[derive(Debug)]
pub enum Called {
    /// The candidates of the call.
    Candidates {
        /// The number given with the request.
        ticket: u64,
        /// Best candidate first.
        found: Result<Candidates, EngineError>,
    },
    /// An attempt was started.
    Attempt(Box<StartedAttempt>),
    /// The call ended, or could not start.
    Over(Result<CallReport, EngineError>),
}

/// An attempt of a running call.
#[derive(Debug)]
pub struct StartedAttempt {
    /// The number of the attempt, from 1.
    pub number: usize,
    /// Its record so far.
    pub run: Box<Run>,
    /// The catalog row of the candidate.
    pub tool: Arc<Tool>,
}

/// The result of a request about services.
#[derive(Debug)]
pub enum Served {
    /// All instances, by name.
    List(Result<Vec<ServiceRow>, EngineError>),
    /// The answer of an instance, or the error.
    Said {
        /// The number given with the request.
        ticket: u64,
        /// Name of the instance, as in the request.
        instance: String,
        /// The message of the outcome is the answer.
        said: Result<Outcome, EngineError>,
    },
    /// One instance with its prompts and messages.
    Detail {
        /// Its name, as in the request.
        instance: String,
        /// An error if there is no such instance.
        found: Result<Box<InstanceDetail>, EngineError>,
    },
    /// A human must allow something first.
    Asks {
        /// The command that grants the permission.
        command: Command,
        /// The action that continues afterwards.
        held: Box<Held>,
    },
}

/// An action that continues once a human has granted the missing permission.
#[derive(Debug, Clone)]
pub enum Held {
    /// A run.
    Run(RunRequest),
    /// A launch.
    Command(Command),
    /// A message to an instance that must be launched first.
    Serving(Serving),
}

/// The current resource use of an instance, rounded, so that an idle service shows constant values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Processor time of the last second, in percent of one processor.
    pub cpu_percent: u64,
    /// Memory of all its processes in MiB.
    pub memory_mib: u64,
}

/// An instance with the other content of its row.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceRow {
    /// The instance, without its up-time: the screen computes that from its own clock.
    pub view: InstanceView,
    /// Names of the instances it needs.
    pub needs: Vec<ToolName>,
    /// The resource use of its processes; `None` if it was not measured.
    pub load: Option<Load>,
}

/// The result of a request to generators.
#[derive(Debug)]
pub enum Evolved {
    /// The request that a generator would receive.
    Prepared {
        /// The number given with the request.
        ticket: u64,
        /// The next step for the request.
        sending: Sending,
        /// The request, or why there is nothing to send.
        asking: Result<Box<Asking>, EngineError>,
    },
    /// The request was sent, or failed.
    Began {
        /// The number given with the request.
        ticket: u64,
        /// The number of the new evolution.
        began: Result<EvolutionId, EngineError>,
    },
    /// All evolutions, newest first.
    List(Result<Vec<Evolution>, EngineError>),
    /// One evolution with its rounds.
    One {
        /// The requested evolution.
        id: EvolutionId,
        /// An error if the evolution is unknown.
        found: Result<Box<Rounds>, EngineError>,
    },
    /// What generators have written so far.
    Texts {
        /// The evolution in progress.
        id: EvolutionId,
        /// The text of each answer, not escaped.
        texts: Vec<(LaneId, String)>,
    },
    /// Whether the tool of a specification can be created at once, and the approval that waits for this answer.
    Ready(Box<DecisionRequest>, Result<(), EngineError>),
    /// The tool of a specification was created, and a generator was asked for its code if it needs any.
    Generated(Result<(Box<Made>, Option<EvolutionId>), EngineError>),
    /// An answer was written as a version, or failed.
    Kept(Result<Outcome, EngineError>),
}

/// An evolution with the other data of its screen.
#[derive(Debug)]
pub struct Rounds {
    /// As the engine stores it, without the texts of the answers.
    pub detail: EvolutionDetail,
    /// The answers that arrived, in the order of the rounds.
    pub answers: Vec<RoundAnswer>,
}

/// An answer of a round.
#[derive(Debug)]
pub struct RoundAnswer {
    /// Round and generator that gave the answer.
    pub at: LaneId,
    /// The complete text of the generator, not escaped.
    pub text: Option<String>,
    /// The version made from the answer, compared with the one before; `None` before it was examined.
    pub compared: Option<DiffText>,
}

impl Answer {
    /// The data of a review with its difference. Comparing takes time, so the loop's thread must not do it.
    pub fn reviewed(review: ReviewId, detail: Result<ReviewDetail, EngineError>) -> Answer {
        let compared = detail.as_ref().ok().and_then(|detail| {
            let before = detail.base_files.as_ref()?;
            Some(Box::new(DiffText::between(before, &detail.files, Blanks::Count)))
        });
        Answer::Review { review, detail: detail.map(Box::new), compared }
    }
}

/// A tool with the other data that a screen shows.
#[derive(Debug, Clone)]
pub struct ToolDossier {
    /// As read from disk when the screen was opened.
    pub detail: ToolDetail,
    /// The latest input that a human gave.
    pub last_input: Option<Value>,
    /// The other side of a comparison: the files of an older version, and its name.
    pub other: Option<(String, Vec<VersionFile>)>,
    /// Recent runs, newest first.
    pub runs: Vec<Run>,
    /// The parts of its command line.
    pub command: CommandView,
    /// Names of the workers that can execute a run.
    pub workers: Vec<String>,
    /// The declared permissions that a run does not get, because they were not approved; `None` if it gets all of them.
    pub withheld: Option<String>,
}

/// A piece of output, for the output view.
pub fn chunk(frame: &Frame) -> Chunk<'_> {
    Chunk { stream: frame.stream, at_ms: frame.at_ms, bytes: &frame.bytes, offset: frame.offset }
}

/// A recorded run with a part of its output.
#[derive(Debug, Clone)]
pub struct Kept {
    /// As stored; still `running` while the run is alive.
    pub run: Run,
    /// The loaded part of the output, oldest first.
    pub frames: Vec<Frame>,
}

/// A part of the output of a run.
#[derive(Debug, Clone)]
pub struct SpoolPart {
    /// The run that wrote it.
    pub run: RunId,
    /// The offset of the first chunk that is kept.
    pub first: u64,
    /// The loaded part, oldest first.
    pub frames: Vec<Frame>,
}

impl Kept {
    /// Whether the run was alive when it was read.
    pub fn is_going(&self) -> bool {
        self.run.outcome == RunOutcome::Running
    }
}
