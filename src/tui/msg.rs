//! Everything that can change the state of the screen, as one type on one queue.

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

/// What the program's update loop is told: input, time, signals, and answers to earlier effects.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// By how many columns the divider between the panes was moved the last time.
    Layout(i16),
    /// The digits of the panes that were hidden the last time.
    Hidden(Vec<u8>),
    /// What the terminal said its background is: red, green, blue.
    Background([u8; 3]),
    /// What the terminal calls itself.
    Named(String),
    /// Keys that came at once: nobody pressed them one by one.
    Burst(Vec<KeyEvent>),
    /// Text was pasted; it never decides anything.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The terminal has another size.
    Resize {
        /// Columns of the terminal, counted in cells.
        width: u16,
        /// Rows of the terminal, counted in cells.
        height: u16,
    },
    /// The window got the focus: keys typed elsewhere may still arrive.
    FocusGained,
    /// The window lost the focus. Terminals that do not report it never say so.
    FocusLost,
    /// A frame was drawn.
    Drawn,
    /// The time asked for by [`super::app::App::next_wake`] has come.
    Wake,
    /// The program was stopped and goes on.
    Resumed,
    /// A signal asks the program to leave.
    Leave(Farewell),
    /// The settings were read.
    Settings {
        /// The settings in force: the user's file over the defaults.
        settings: Box<Settings>,
        /// The user's settings file, as it is shown.
        file: String,
    },
    /// The state of the workspace is open.
    Opened(Opened),
    /// It could not be opened.
    OpenFailed(EngineError),
    /// Something changed in the store or on disk.
    Changed(Change),
    /// The catalog was read again, or a further part of it.
    Catalog(Arc<CatalogView>),
    /// The search index of a catalog.
    Indexed {
        /// [`CatalogView::generation`] that the index was built from; an older one is dropped.
        generation: u64,
        /// Built in the background, since it takes long for thousands of tools.
        index: Arc<Index>,
    },
    /// The instances of services as they are now, because something about them changed.
    Services(Vec<ServiceRow>),
    /// An answer from the engine.
    Answer(Box<Answer>),
    /// New output of a run.
    Output {
        /// The run that wrote the output.
        run: RunId,
        /// In the order they were written, over both streams.
        frames: Vec<Frame>,
        /// Bytes that were skipped before these, kept in the spool.
        skipped: u64,
    },
    /// What a live run uses now; comes a few times a second, and only while it is alive.
    Sample {
        /// The live run that was sampled.
        run: RunId,
        /// Use at this moment; `cpu_ms` counts from the start of the run.
        sample: Sample,
        /// Its isolation, as soon as that is verified.
        level: Option<IsolationLevel>,
    },
}

/// A file's path, and for each of its lines the parts with a meaning.
pub type FileTokens = (String, Vec<Vec<(Range<usize>, TokenKind)>>);

/// What is known once the workspace is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The workspace folder, as it is shown.
    pub workspace: String,
}

/// What came of an effect.
#[derive(Debug)]
pub enum Answer {
    /// How far an exchange with the team is with its signatures.
    Verified(VerifyProgress),
    /// Recent runs, newest first.
    Runs(Result<Vec<Run>, EngineError>),
    /// Failure groups, last seen first.
    Failures(Result<Vec<FailureGroup>, EngineError>),
    /// Waiting reviews, oldest first.
    Reviews(Result<Vec<Review>, EngineError>),
    /// Log entries, newest first.
    Operations(Result<Vec<Operation>, EngineError>),
    /// One review with its evidence.
    Review {
        /// Which was asked for.
        review: ReviewId,
        /// An error when the review is gone or its files cannot be read.
        detail: Result<Box<ReviewDetail>, EngineError>,
        /// The difference to the version approved before, when there is one.
        compared: Option<Box<DiffText>>,
    },
    /// What would become of several reviews.
    Preflight(Result<Vec<PreflightRow>, EngineError>),
    /// What became of several reviews.
    DecidedAll(Vec<BulkResult>),
    /// Two states of files, compared.
    Compared {
        /// The number given with the request.
        ticket: u64,
        /// Differences by file, ready to be folded.
        compared: Box<DiffText>,
    },
    /// Everything about a tool.
    Detail {
        /// As the request said; it selects the screen that opens.
        purpose: DetailFor,
        /// Path of the row it was asked for.
        path: String,
        /// An error when the definition is gone or cannot be read any more.
        detail: Result<Box<ToolDossier>, EngineError>,
    },
    /// What a version or a run was seen to do.
    Behaviour {
        /// The number given with the request.
        ticket: u64,
        /// An error when the runs cannot be read.
        behaviour: Result<Box<Behaviour>, EngineError>,
    },
    /// What a command would change.
    Preview {
        /// As it was sent to be previewed.
        command: Command,
        /// What it would change.
        preview: Result<Preview, EngineError>,
    },
    /// A command was carried out, or refused.
    Done {
        /// As it was sent to be carried out.
        command: Command,
        /// What came of it.
        outcome: Result<Outcome, EngineError>,
    },
    /// A run started, or not.
    RunStarted {
        /// The tab that waits for it.
        tab: TabId,
        /// Its record so far.
        started: Result<Box<Run>, EngineError>,
    },
    /// A run that a human must allow first.
    RunAsks {
        /// The tab that waits for it.
        tab: TabId,
        /// What was to run.
        request: RunRequest,
        /// What to agree to.
        command: Command,
    },
    /// A run that this process started has ended.
    RunEnded {
        /// The run that ended.
        run: RunId,
        /// The record as stored at the end.
        record: Result<Box<Run>, EngineError>,
    },
    /// Kept output of a run.
    Spool {
        /// The tab that asked.
        tab: TabId,
        /// The run's record and what was kept.
        kept: Result<Box<Kept>, EngineError>,
    },
    /// A part of the output of a run.
    SpoolPart {
        /// The tab that asked.
        tab: TabId,
        /// The place that it asked for.
        around: u64,
        /// What lies around it.
        part: Result<Box<SpoolPart>, EngineError>,
    },
    /// Matches in the output of a run, in order.
    SpoolHits {
        /// The tab that asked.
        tab: TabId,
        /// The number given with the request.
        ticket: u64,
        /// Those found since the last answer.
        hits: Vec<Hit>,
        /// At the end, whether there are more than are counted; `None` while the search goes on.
        over: Option<bool>,
    },
    /// Syntax marks for files.
    Highlighted {
        /// The number given with the request.
        ticket: u64,
        /// Which state of the files they are.
        side: Side,
        /// Each file that is understood.
        files: Vec<FileTokens>,
    },
    /// The figures of the dashboard.
    Dashboard(Result<Box<Dashboard>, EngineError>),
    /// Answer to an [`Upkeep`](super::effect::Upkeep) effect.
    Kempt(Box<Kempt>),
    /// Something about a call by scenario, or a search.
    Called(Box<Called>),
    /// The answer of a verb that changes nothing.
    Described {
        /// The verb as it was asked.
        call: VerbCall,
        /// An error when an argument names nothing.
        found: Result<Description, EngineError>,
    },
    /// What use suggests to make.
    Opportunities(Result<OpportunityList, EngineError>),
    /// Into which file the catalog was written, and how many tools.
    Exported(Result<(PathBuf, usize), EngineError>),
    /// What became of the tools of a bundle.
    Carried(Result<CarryReport, EngineError>),
    /// The choices of tools.
    Sets(Result<Vec<SetRow>, EngineError>),
    /// Whether a choice of tools is in use now.
    Chosen {
        /// Name of the choice as the user picked it.
        name: String,
        /// An error when the choice does not exist.
        chosen: Result<(), EngineError>,
    },
    /// What was granted.
    Grants(Result<GrantList, EngineError>),
    /// What an argument of a verb can name, with the word that was asked for.
    Choices(&'static str, Result<Vec<Choice>, EngineError>),
    /// How full the buffers are.
    Buffers(Result<Vec<BufferStatus>, EngineError>),
    /// The grant that was named.
    Grant(Result<GrantKey, EngineError>),
    /// Everything about a failure group.
    Failure(Result<Box<FailureDetail>, EngineError>),
    /// What came from the team by itself, in one line; `None` for nothing.
    Fetched(Result<Option<String>, EngineError>),
    /// What a human should know now: before trusting a run that has started, or to go on.
    Warned(String),
    /// A failure was marked.
    Marked(Result<Outcome, EngineError>),
    /// Something about services.
    Serving(Box<Served>),
    /// Something about asking generators.
    Evolving(Box<Evolved>),
    /// The workspace was furnished; one line says what was created.
    Furnished(Result<String, EngineError>),
    /// Something was copied, or not.
    Copied(Result<String, String>),
    /// A file was open in the editor: its path, perhaps with a line.
    Edited(String),
    /// Something went wrong where nobody waits for the answer.
    Trouble(EngineError),
}

/// What came of looking through the whole library.
#[derive(Debug)]
pub enum Kempt {
    /// Tools that nobody used for long, with what is proposed for each.
    Stale(Result<StaleReport, EngineError>),
    /// What is there twice.
    Twins(Result<Vec<TwinGroup>, EngineError>),
}

/// What came of a call by scenario, or of a search.
#[derive(Debug)]
pub enum Called {
    /// Who would be tried.
    Candidates {
        /// The number given with the request.
        ticket: u64,
        /// Best candidate first.
        found: Result<Candidates, EngineError>,
    },
    /// An attempt was started.
    Attempt(Box<StartedAttempt>),
    /// The call is over, or could not begin.
    Over(Result<CallReport, EngineError>),
}

/// An attempt of a call that runs.
#[derive(Debug)]
pub struct StartedAttempt {
    /// 1 for the first.
    pub number: usize,
    /// Its record so far.
    pub run: Box<Run>,
    /// Catalog row that the candidate was taken from.
    pub tool: Arc<Tool>,
}

/// What came of requests about services.
#[derive(Debug)]
pub enum Served {
    /// All instances, by name.
    List(Result<Vec<ServiceRow>, EngineError>),
    /// What an instance answered, or why it did not.
    Said {
        /// The number given with the request.
        ticket: u64,
        /// Name of the instance as the request had it.
        instance: String,
        /// The answer is the message of the outcome.
        said: Result<Outcome, EngineError>,
    },
    /// One instance with its prompts and what was said.
    Detail {
        /// Its name as the request had it.
        instance: String,
        /// An error when there is no such instance.
        found: Result<Box<InstanceDetail>, EngineError>,
    },
    /// A human must allow something first.
    Asks {
        /// What to agree to.
        command: Command,
        /// What goes on then.
        held: Box<Held>,
    },
}

/// What goes on as soon as a human has allowed what it needs.
#[derive(Debug, Clone)]
pub enum Held {
    /// A run.
    Run(RunRequest),
    /// A launch.
    Command(Command),
    /// A message to an instance that must be launched for it.
    Serving(Serving),
}

/// What the processes of an instance use now, rounded: a service that does nothing shows the same each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Processor time of the last second in percent of one processor.
    pub cpu_percent: u64,
    /// Memory of all its processes in MiB.
    pub memory_mib: u64,
}

/// An instance with what its row shows beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceRow {
    /// The instance; without its up-time, which is told by the clock of the screen.
    pub view: InstanceView,
    /// Names of the instances that it needs.
    pub needs: Vec<ToolName>,
    /// What its processes use; `None` where nobody looked.
    pub load: Option<Load>,
}

/// What came of requests to generators.
#[derive(Debug)]
pub enum Evolved {
    /// What a generator would be sent.
    Prepared {
        /// The number given with the request.
        ticket: u64,
        /// What becomes of it.
        sending: Sending,
        /// What it is, or why there is nothing to send.
        asking: Result<Box<Asking>, EngineError>,
    },
    /// It was sent, or not.
    Began {
        /// The number given with the request.
        ticket: u64,
        /// The number of the evolution.
        began: Result<EvolutionId, EngineError>,
    },
    /// All evolutions, newest first.
    List(Result<Vec<Evolution>, EngineError>),
    /// One with its rounds.
    One {
        /// Which was asked for.
        id: EvolutionId,
        /// An error when the evolution is unknown.
        found: Result<Box<Rounds>, EngineError>,
    },
    /// What generators have written so far.
    Texts {
        /// The evolution that is under way.
        id: EvolutionId,
        /// The text of each answer, not escaped.
        texts: Vec<(LaneId, String)>,
    },
    /// Whether the tool of a specification can be made at once, and the approval that waits for it.
    Ready(Box<DecisionRequest>, Result<(), EngineError>),
    /// The tool of a specification was made, and a generator was asked for its code where it needs any.
    Generated(Result<(Box<Made>, Option<EvolutionId>), EngineError>),
    /// An answer was written as a version, or not.
    Kept(Result<Outcome, EngineError>),
}

/// An evolution with what its screen needs beside the rounds.
#[derive(Debug)]
pub struct Rounds {
    /// As the engine keeps it, without the texts of the answers.
    pub detail: EvolutionDetail,
    /// The answers that came, in the order of the rounds.
    pub answers: Vec<RoundAnswer>,
}

/// An answer of a round.
#[derive(Debug)]
pub struct RoundAnswer {
    /// Round and generator that gave the answer.
    pub at: LaneId,
    /// What the generator wrote, whole, not escaped.
    pub text: Option<String>,
    /// The version that it is, compared with the one before; `None` before it was examined.
    pub compared: Option<DiffText>,
}

impl Answer {
    /// What was read of a review, with its difference; comparing takes time, so not on the loop's thread.
    pub fn reviewed(review: ReviewId, detail: Result<ReviewDetail, EngineError>) -> Answer {
        let compared = detail.as_ref().ok().and_then(|detail| {
            let before = detail.base_files.as_ref()?;
            Some(Box::new(DiffText::between(before, &detail.files, Blanks::Count)))
        });
        Answer::Review { review, detail: detail.map(Box::new), compared }
    }
}

/// A tool with what a screen needs beside its files.
#[derive(Debug, Clone)]
pub struct ToolDossier {
    /// As read from disk when the screen was opened.
    pub detail: ToolDetail,
    /// The input a human gave last.
    pub last_input: Option<Value>,
    /// The other side of a comparison: the files of an older version, and its name.
    pub other: Option<(String, Vec<VersionFile>)>,
    /// Recent runs, newest first.
    pub runs: Vec<Run>,
    /// What its command line is made from.
    pub command: CommandView,
    /// The workers that a run can take place on, by name.
    pub workers: Vec<String>,
    /// What it declares and a run does not get, because nobody approved it; `None` where it gets all of it.
    pub withheld: Option<String>,
}

/// A piece of output for the output view.
pub fn chunk(frame: &Frame) -> Chunk<'_> {
    Chunk { stream: frame.stream, at_ms: frame.at_ms, bytes: &frame.bytes, offset: frame.offset }
}

/// A recorded run with a part of its output.
#[derive(Debug, Clone)]
pub struct Kept {
    /// As stored; still `running` while the run is alive.
    pub run: Run,
    /// The part of the output that was read, oldest first.
    pub frames: Vec<Frame>,
}

/// A part of the output of a run.
#[derive(Debug, Clone)]
pub struct SpoolPart {
    /// The run that wrote it.
    pub run: RunId,
    /// The place of the first chunk of all that is kept.
    pub first: u64,
    /// What was read, oldest first.
    pub frames: Vec<Frame>,
}

impl Kept {
    /// Whether the run was going when it was read.
    pub fn is_going(&self) -> bool {
        self.run.outcome == RunOutcome::Running
    }
}
