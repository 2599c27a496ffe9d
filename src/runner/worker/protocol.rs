//! What both sides say: one JSON object a line. The near side opens with its version and what it wants; the far side
//! answers with its version and facts. Both must be the same version: a run means the same on both sides then.

use crate::domain::{
    Digest, FileMode, InterpreterFacts, IsolationLevel, Manifest, Observation, Profile, RunEnd, SafeText, Secret,
    Stage, Stream, VersionFile,
};
use crate::runner::prepare::given::RunEnvironment;
use crate::runner::sample::SampleFile;
use crate::runner::supervisor::{Message, SupervisorOrder};
use crate::runner::tried::Pace;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

/// The verb that makes this program the far side.
pub const WORKER_VERB: &str = "serve-run";

/// The longest line of the far side before its answer, and so much of other text may come before it, in bytes.
pub(in crate::runner) const MAX_BANNER: usize = 64 << 10;

/// The longest line after that, in bytes. A report lists at most some thousand paths.
pub(in crate::runner) const MAX_LINE: usize = 32 << 20;

/// The longest line of the near side, in bytes: an input is one line.
pub(in crate::runner) const MAX_ORDER: usize = 256 << 20;

/// This many bytes of a file are in one line.
const PIECE: usize = 256 << 10;

/// How the answer of the far side begins, whatever is printed before it.
pub(in crate::runner) const ANSWER_START: &str = "{\"toolsmith\":";

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) struct Speaker {
    /// Version of the program.
    pub(in crate::runner) version: String,
}

impl Speaker {
    /// This program.
    pub(in crate::runner) fn this() -> Speaker {
        Speaker { version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// The first line of the near side, as far as every version understands it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) struct Opening<T> {
    pub(in crate::runner) toolsmith: Speaker,
    pub(in crate::runner) wants: T,
}

/// What the near side wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) enum Wants {
    /// Facts of the machine, with its languages.
    Facts,
    /// A run.
    Run(Box<WorkerRun>),
    /// Trials of a version, for its checks.
    Trials(Box<WorkerTrials>),
}

/// Trials that the near side wants: starts without any permission, recorded nowhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerTrials {
    /// Digest of the files that are started.
    pub digest: Digest,
    /// What the version says of itself.
    pub manifest: Manifest,
    /// By whose limits it is started.
    pub stage: Stage,
    /// An input for each trial.
    pub inputs: Vec<Value>,
    /// How they are made.
    pub pace: Pace,
    /// Files that trials find when their input names them.
    pub samples: Vec<SampleFile>,
    /// The wall-clock limit of each.
    pub timeout: Option<Duration>,
    /// The wall-clock limit where nobody states one.
    pub usual_timeout: Option<Duration>,
    /// The least isolation that they may run at.
    pub least: IsolationLevel,
    /// How long all may take.
    pub patience: Duration,
}

/// The result of one trial; its output in base64.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) struct SentTrial {
    pub(in crate::runner) end: RunEnd,
    pub(in crate::runner) stdout: String,
    pub(in crate::runner) stderr: String,
    pub(in crate::runner) left: Vec<SampleFile>,
    pub(in crate::runner) took: Duration,
    pub(in crate::runner) cpu_ms: u64,
    pub(in crate::runner) peak_memory_bytes: u64,
    pub(in crate::runner) observation: Observation,
}

/// What the far side is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerFacts {
    /// The strongest isolation there.
    pub isolation: IsolationLevel,
    /// Why it is not stronger, and what to do; empty where it is the strongest.
    pub why: String,
    /// The languages that tools can be written in there, each as `name version`; only where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
}

/// The first line of the far side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) struct Hello<T> {
    pub(in crate::runner) toolsmith: Speaker,
    pub(in crate::runner) facts: T,
}

/// A run that the near side wants.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerRun {
    /// Digest of the files that run.
    pub digest: Digest,
    /// What the version says of itself.
    pub manifest: Manifest,
    /// Its stage, for the limits that the far side sets itself.
    pub stage: Stage,
    /// Strict, or what the manifest declares.
    pub profile: Profile,
    /// The wall-clock limit of the caller's.
    pub timeout: Option<Duration>,
    /// The wall-clock limit where nobody states one.
    pub usual_timeout: Option<Duration>,
    /// The least isolation that it may run at.
    pub least: IsolationLevel,
    /// Whether it is watched.
    pub observe: bool,
    /// Its input.
    pub input: Option<Value>,
    /// Its variables, declared and allowed; their values in base64.
    pub(in crate::runner) env: BTreeMap<String, String>,
}

impl WorkerRun {
    /// The variables that it was sent with.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn environment(&self) -> Result<RunEnvironment, RunEnd> {
        let read = |(name, text): (&String, &String)| {
            let message = format!("the variable {} cannot be read", safe(name));
            let bytes = decode(text).ok_or(RunEnd::Refused { message })?;
            Ok((name.clone(), Secret::new(OsString::from_vec(bytes))))
        };
        self.env.iter().map(read).collect::<Result<_, _>>().map(RunEnvironment::handed)
    }
}

impl std::fmt::Debug for WorkerRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not its input and variables, which may be secret.
        f.debug_struct("WorkerRun").field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// A line of the near side after the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) enum FromNear {
    /// A file of the version begins.
    File { path: String, mode: FileMode },
    /// The next bytes of that file, in base64.
    Bytes(String),
    /// All files were sent.
    FilesEnd,
    /// For the supervisor.
    Order(SupervisorOrder),
}

/// A line of the far side after the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::runner) enum FromFar {
    /// The files of the version are not kept there: send them.
    FilesNeeded,
    /// It starts now.
    Starting { interpreter: Option<InterpreterFacts> },
    /// It does not start.
    NotStarted { why: NotStarted, message: String },
    /// A piece of output, in base64.
    Output(Stream, String),
    /// What the supervisor tells.
    Told(Message),
    /// The result of the next trial.
    Trial(Box<SentTrial>),
    /// All trials were made; else why not.
    TrialsEnd(Option<String>),
}

/// In which way a run does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) enum NotStarted {
    InvalidInput,
    SpawnFailed,
    Refused,
    Uncontained,
}

/// A line for the other side.
///
/// # Errors
/// When it cannot be written as JSON.
pub(in crate::runner) fn line(value: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Bytes as text.
pub(in crate::runner) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// [`encode`] undone; `None` for other text.
pub(in crate::runner) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The lines in which files are sent.
///
/// # Errors
/// When one cannot be written as JSON.
pub(in crate::runner) fn file_lines(files: &[VersionFile]) -> std::io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for file in files {
        lines.extend(line(&FromNear::File { path: file.path.clone(), mode: file.mode })?);
        for piece in file.bytes.chunks(PIECE) {
            lines.extend(line(&FromNear::Bytes(encode(piece)))?);
        }
    }
    lines.extend(line(&FromNear::FilesEnd)?);
    Ok(lines)
}

impl FromFar {
    /// That a run does not start.
    pub(in crate::runner) fn not_started(end: RunEnd) -> FromFar {
        let (why, message) = match end {
            RunEnd::InvalidInput { message } => (NotStarted::InvalidInput, message),
            RunEnd::SpawnFailed { message } => (NotStarted::SpawnFailed, message),
            RunEnd::Uncontained { message } => (NotStarted::Uncontained, message),
            other => (NotStarted::Refused, other.message().unwrap_or_default()),
        };
        FromFar::NotStarted { why, message }
    }
}

impl NotStarted {
    /// The end of the run, with the name of the worker.
    pub(in crate::runner) fn end(self, worker: &str, message: &str) -> RunEnd {
        let message = format!("worker {worker}: {}", safe(message));
        match self {
            NotStarted::InvalidInput => RunEnd::InvalidInput { message },
            NotStarted::SpawnFailed => RunEnd::SpawnFailed { message },
            NotStarted::Refused => RunEnd::Refused { message },
            NotStarted::Uncontained => RunEnd::Uncontained { message },
        }
    }
}

/// Text of the far side with its hidden characters escaped.
pub(in crate::runner) fn safe(text: &str) -> String {
    SafeText::new(text).into()
}

/// What a supervisor elsewhere tells, with the hidden characters in its own words escaped. Paths that the tool used stay
/// as they are: they are made safe where they are shown, as those of this machine.
pub(in crate::runner) fn safe_message(message: Message) -> Message {
    let all = |texts: Vec<String>| texts.iter().map(|text| safe(text)).collect();
    match message {
        Message::Started(mut facts) => {
            (facts.layers, facts.missing) = (all(facts.layers), all(facts.missing));
            Message::Started(facts)
        }
        Message::Refused { cause } => Message::Refused { cause: safe(&cause) },
        Message::NotStarted { message } => Message::NotStarted { message: safe(&message) },
        Message::Lost { cause } => Message::Lost { cause: safe(&cause) },
        Message::Ended(mut ended) => {
            ended.notes = all(ended.notes);
            Message::Ended(ended)
        }
        Message::Sample(_) | Message::Observed(_) | Message::SpawnFailed { .. } => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sent_in_lines_of_bounded_length() {
        let bytes: Vec<u8> = (0..600_000_u32).map(|number| number as u8).collect();
        let file = VersionFile { path: "a".into(), mode: FileMode::Executable, bytes: bytes.clone() };
        let lines = file_lines(&[file]).unwrap();
        let lines: Vec<FromNear> = lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(lines[0], FromNear::File { path: "a".into(), mode: FileMode::Executable });
        assert_eq!(lines.last(), Some(&FromNear::FilesEnd));
        let mut sent = Vec::new();
        for line in &lines[1..lines.len() - 1] {
            let FromNear::Bytes(text) = line else { panic!("{line:?}") };
            sent.extend(decode(text).unwrap());
        }
        assert_eq!((lines.len(), sent), (5, bytes));
    }

    #[test]
    fn words_of_the_far_side_are_escaped() {
        let told = safe_message(Message::Refused { cause: "a\u{1b}[2Jb\u{202e}".into() });
        let Message::Refused { cause } = told else { panic!("{told:?}") };
        assert!(!cause.contains('\u{1b}') && !cause.contains('\u{202e}'), "{cause:?}");
        let end = NotStarted::SpawnFailed.end("big", "x\u{7}");
        assert!(end.message().unwrap().starts_with("worker big: x\\"), "{end:?}");
    }

    #[test]
    fn its_debug_shows_neither_input_nor_variables() {
        let mut run = WorkerRun {
            digest: Digest::of_bytes(b"x"),
            manifest: Manifest::blank(crate::domain::ToolName::new("a").unwrap(), crate::domain::Dialect::Native),
            stage: Stage::Approved,
            profile: Profile::Declared,
            timeout: None,
            usual_timeout: None,
            least: IsolationLevel::Confined,
            observe: true,
            input: Some(Value::String("hunter".into())),
            env: BTreeMap::new(),
        };
        run.env.insert("TOKEN".into(), "hunter".into());
        assert!(!format!("{run:?}").contains("hunter"));
    }
}
