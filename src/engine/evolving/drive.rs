//! Runs an evolution: a thread performs each effect, and each event is stored before its consequences begin.

use super::compose::{Candidate, Case};
use super::{LiveEvolution, course_of};
use crate::domain::{Caller, Digest, Evolution, EvolutionId, EvolutionState, ExaminedAnswer, Redactor};
use crate::engine::Engine;
use crate::engine::Evolutions;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::locks::lock;
use crate::evolve::answer::{AnswerFiles, Fault, Unusable, Want, read};
use crate::evolve::bundle::{BundleFile, DEFAULT_LIMIT};
use crate::evolve::course::{After, End, EvolutionEffect, EvolutionEvent, FileNote, LaneId, Trouble, Usage};
use crate::evolve::feedback::{self, Evidence};
use crate::evolve::prompt::Prompt;
use crate::evolve::{Bundle, EvolutionProgress, assess, repair};
use crate::generator::{self, GeneratorAnswer, GeneratorRequest, NoAnswer};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Clock};

/// How often a stop request is polled.
const LOOK: Duration = Duration::from_millis(150);

/// Maximum part of an unusable answer that is sent back, in bytes.
const SHOWN: usize = 2000;

/// Progress of a running evolution.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A piece of a generator's output.
    Text {
        /// Round and generator.
        at: LaneId,
        /// The piece, not escaped.
        text: &'a str,
    },
    /// The loop took a step.
    Step(&'a EvolutionProgress),
}

/// Receives progress, from several threads.
pub type OnProgress<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

/// A stored answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptAnswer {
    /// The complete output, with likely secrets redacted.
    pub(super) text: String,
    /// All files that it contributes to the version, including those of the answers that it builds on; `None` if it was
    /// unusable.
    pub(super) answer: Option<AnswerFiles>,
}

/// Shared by the threads of an evolution.
struct Drive<'a> {
    engine: &'a Engine,
    case: &'a Case,
    live: Arc<LiveEvolution>,
    on: OnProgress<'a>,
    answers: Mutex<HashMap<LaneId, (AnswerFiles, Arc<Candidate>)>>,
    /// Held while an answer is examined: two at once would disturb each other's timings.
    examining: Mutex<()>,
}

impl Evolutions<'_> {
    /// Runs an evolution to its end, or resumes one whose process died: asks, examines, reports faults, asks again. A
    /// good answer is written as a version that waits for a human. Blocks; `on` receives progress.
    ///
    /// # Errors
    /// `NotFound`; `Refused` for an agent that did not start it, or if it uses one of the user's generators; `Conflict`
    /// if it has ended or another process runs it; `Internal` for errors of the store, after which it can be resumed.
    pub fn drive(&self, id: EvolutionId, caller: &Caller, on: OnProgress<'_>) -> Result<Evolution, EngineError> {
        let row = self.row(id)?;
        super::own(&row, caller)?;
        super::asking::refuse_generators(&course_of(&row)?.plan, caller)?;
        let driven = || EngineError::new(ErrorCode::Conflict, format!("another process drives evolution {id}"), "");
        match row.state {
            EvolutionState::Running if row.owner == self.workspace.owner => {}
            EvolutionState::Running => return Err(driven()),
            EvolutionState::Interrupted => {
                let owner = &self.workspace.owner;
                if !self.workspace.transact(|tx| Ok(tx.take_evolution(id, &row.owner, owner)?))? {
                    return Err(driven());
                }
            }
            EvolutionState::Good | EvolutionState::Spent | EvolutionState::Failed | EvolutionState::Stopped => {
                let message = format!("evolution {id} has ended: {}", row.message);
                let hint = format!("`toolsmith evolve {}` starts a new one", row.tool);
                return Err(EngineError::new(ErrorCode::Conflict, message, hint));
            }
        }
        let course = course_of(&row)?;
        let case = self.case_of(row)?;
        let live = self.live(id);
        let drive = Drive {
            engine: self.engine,
            case: &case,
            live,
            on,
            answers: Mutex::default(),
            examining: Mutex::default(),
        };
        let ended = drive.run(course);
        lock(&self.state.by_id).remove(&id);
        let (course, end) = ended?;
        self.end_course(&case, &course, &end, caller)?;
        self.row(id)
    }

    /// Ends an evolution whose process died, with its present results.
    pub(super) fn end_interrupted(&self, row: Evolution, caller: &Caller) -> Result<Evolution, EngineError> {
        let (id, owner) = (row.id, row.owner.clone());
        if !self.workspace.transact(|tx| Ok(tx.take_evolution(id, &owner, &self.workspace.owner)?))? {
            return self.row(id);
        }
        let (course, _) = course_of(&row)?.step(EvolutionEvent::Stopped);
        let value = serde_json::to_value(&course).map_err(EngineError::internal)?;
        self.workspace.transact(|tx| Ok(tx.put_course(id, &value)?))?;
        let case = self.case_of(row)?;
        let end = course.end.clone().unwrap_or(End::Stopped { best: course.best() });
        self.end_course(&case, &course, &end, caller)?;
        self.row(id)
    }

    /// The context of an evolution, as stored.
    pub(super) fn case_of(&self, row: Evolution) -> Result<Case, EngineError> {
        let bundle: Bundle =
            serde_json::from_slice(&self.workspace.documents().get(row.bundle)?).map_err(EngineError::internal)?;
        let base = self.evolved_detail(&row)?;
        Ok(Case { want: Want::of(&bundle), templates: self.templates()?, base, bundle, row })
    }

    pub(super) fn kept_answer(&self, digest: Digest) -> Result<KeptAnswer, EngineError> {
        serde_json::from_slice(&self.workspace.documents().get(digest)?).map_err(EngineError::internal)
    }
}

impl Drive<'_> {
    fn run(&self, course: EvolutionProgress) -> Result<(EvolutionProgress, End), EngineError> {
        let (tx, events) = mpsc::channel();
        std::thread::scope(|scope| {
            let driven = (|| {
                let (mut course, mut effects) = if course.rounds.is_empty() {
                    self.step(course, EvolutionEvent::Began)?
                } else {
                    (course.clone(), course.resume())
                };
                if let Some(end) = course.end.clone() {
                    return Ok((course, end));
                }
                let mut due: Vec<(Clock, EvolutionEvent)> = Vec::new();
                loop {
                    for effect in effects.drain(..) {
                        match effect {
                            EvolutionEffect::Ask { at, attempt, generator, after } => {
                                let (tx, course) = (tx.clone(), course.clone());
                                scope.spawn(move || send(&tx, self.asked(&course, at, attempt, &generator, &after)));
                            }
                            EvolutionEffect::Wait { at, attempt, delay_ms } => {
                                due.push((
                                    Clock::now() + Duration::from_millis(delay_ms),
                                    EvolutionEvent::Waited { at, attempt },
                                ));
                            }
                            EvolutionEffect::Examine { at } => {
                                let (tx, course) = (tx.clone(), course.clone());
                                scope.spawn(move || send(&tx, Ok(self.examined(&course, at))));
                            }
                            EvolutionEffect::Finish { end } => return Ok((course, end)),
                        }
                    }
                    let event = self.next(&events, &mut due)?;
                    (course, effects) = self.step(course, event)?;
                }
            })();
            // Ends all questions and examinations in progress, because the scope waits for them.
            self.live.stop.store(true, Ordering::Relaxed);
            driven
        })
    }

    /// The next event: a finished effect, the end of a delay, or a stop request.
    fn next(
        &self,
        events: &mpsc::Receiver<Result<EvolutionEvent, EngineError>>,
        due: &mut Vec<(Clock, EvolutionEvent)>,
    ) -> Result<EvolutionEvent, EngineError> {
        loop {
            let is_stopped = self.live.stop.load(Ordering::Relaxed);
            if is_stopped || self.engine.evolutions().row(self.case.row.id)?.stop_asked {
                return Ok(EvolutionEvent::Stopped);
            }
            if let Some(at) = due.iter().position(|(when, _)| *when <= Clock::now()) {
                return Ok(due.swap_remove(at).1);
            }
            let nearest = due.iter().map(|(when, _)| when.saturating_duration_since(Clock::now())).min();
            match events.recv_timeout(nearest.map_or(LOOK, |left| left.min(LOOK))) {
                // A result after a stop request is caused by the stop, not by the generator.
                Ok(_) if self.live.stop.load(Ordering::Relaxed) => {}
                Ok(event) => return event,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(EngineError::internal("the evolution threads stopped"));
                }
            }
        }
    }

    fn step(
        &self,
        course: EvolutionProgress,
        event: EvolutionEvent,
    ) -> Result<(EvolutionProgress, Vec<EvolutionEffect>), EngineError> {
        let (course, effects) = course.step(event);
        let value = serde_json::to_value(&course).map_err(EngineError::internal)?;
        self.engine.workspace.transact(|tx| Ok(tx.put_course(self.case.row.id, &value)?))?;
        (self.on)(Progress::Step(&course));
        Ok((course, effects))
    }

    /// Asks once; stores the prompt and the answer.
    fn asked(
        &self,
        course: &EvolutionProgress,
        at: LaneId,
        attempt: u32,
        generator: &str,
        after: &After,
    ) -> Result<EvolutionEvent, EngineError> {
        let begun = Clock::now();
        let base = match after {
            After::Nothing => None,
            After::Unusable { best, .. } => *best,
            After::Examined { at } => Some(*at),
        };
        let earlier = base.map(|at| self.loaded_answer(course, at)).transpose()?;
        let told = match (&earlier, base) {
            (Some(answer), Some(at)) => self.told_of(at, answer)?,
            _ => self.case.bundle.clone(),
        };
        let prompt = self.prompt(&told, after);
        // Repairs are local: nothing is sent, and they repair the original bytes.
        let told = if generator == repair::GENERATOR { self.unmasked(told, earlier.as_ref()) } else { told };
        let sent = self.engine.workspace.documents().put(prompt.text().as_bytes())?;
        lock(&self.live.texts).insert(at, String::new());
        let written = self.write(at, generator, &told, &prompt);
        let took_ms = millis(begun);
        let written = match written {
            Ok(written) => written,
            Err(NoAnswer { trouble, message, retry_after_ms, usage }) => {
                return Ok(EvolutionEvent::Troubled { at, attempt, trouble, message, retry_after_ms, usage, took_ms });
            }
        };
        let read = self.understood(&written.text, &told, base.zip(earlier.as_ref()), (generator, sent));
        // The output of a generator may contain secrets.
        let text = Redactor::default().text(&written.text);
        let kept = KeptAnswer { text, answer: read.as_ref().ok().map(|(answer, _)| answer.clone()) };
        let kept = serde_json::to_vec(&kept).map_err(EngineError::internal)?;
        let answer = self.engine.workspace.documents().put(&kept)?;
        let manifest = self.case.want.manifest.as_ref().map(|(path, _)| path.as_str());
        let notes = match &read {
            Ok((answer, _)) => Ok(FileNote::of(answer, manifest)),
            Err(unusable) => Err(unusable.clone()),
        };
        if let Ok((answer, candidate)) = read {
            lock(&self.answers).insert(at, (answer, Arc::new(candidate)));
        }
        Ok(EvolutionEvent::Answered { at, attempt, prompt: sent, answer, read: notes, usage: written.usage, took_ms })
    }

    /// The bundle with an earlier answer and its faults.
    fn told_of(&self, at: LaneId, answer: &AnswerFiles) -> Result<Bundle, EngineError> {
        let examined = self.engine.workspace.read(|q| Ok(q.examined_answers(self.case.row.id)?))?;
        let found = examined.iter().find(|one| (one.round, one.lane) == (at.round, at.lane));
        let feedback = found.map_or_else(String::new, |found| self.feedback(found));
        let told = self.case.bundle.clone().with_attempt(answer, feedback);
        Ok(told.masked(&Redactor::default()).0.bounded(DEFAULT_LIMIT))
    }

    /// The bundle with complete, unmasked files in place of partial or masked ones.
    fn unmasked(&self, told: Bundle, earlier: Option<&AnswerFiles>) -> Bundle {
        let plain = Bundle::of(&self.case.base);
        let plain = match earlier {
            Some(answer) => plain.with_attempt(answer, String::new()),
            None => plain,
        };
        let whole = |mut file: BundleFile| {
            if file.left_out_bytes > 0 || crate::domain::is_redacted(&file.text) {
                let text = plain.text_of(&file.path).map(str::to_owned);
                file = BundleFile { text: text.unwrap_or(file.text), left_out_bytes: 0, ..file };
            }
            file
        };
        let (files, manifest) = (told.files.into_iter().map(whole).collect(), told.manifest.map(whole));
        Bundle { files, manifest, ..told }
    }

    fn feedback(&self, found: &ExaminedAnswer) -> String {
        let blocking = self.engine.evolutions().blocking(&found.verdict);
        let evidence = Evidence { verdict: Some(&found.verdict), blocking: &blocking, replay: &found.replay };
        feedback::section(&evidence, feedback::DEFAULT_LIMIT)
    }

    fn prompt(&self, told: &Bundle, after: &After) -> Prompt {
        let templates = &self.case.templates;
        let prompt = if self.case.row.asked.specification.is_some() && !told.is_attempt {
            templates.new_tool(told)
        } else {
            templates.evolve(told)
        };
        match after {
            After::Unusable { unusable, .. } => templates.repair_format(&prompt, unusable),
            After::Nothing | After::Examined { .. } => prompt,
        }
    }

    fn write(&self, at: LaneId, generator: &str, told: &Bundle, prompt: &Prompt) -> Result<GeneratorAnswer, NoAnswer> {
        let refused = |message: String| NoAnswer {
            trouble: Trouble::Refused,
            message,
            retry_after_ms: None,
            usage: Usage::default(),
        };
        let mut tell = |text: &str| {
            lock(&self.live.texts).entry(at).or_default().push_str(text);
            (self.on)(Progress::Text { at, text });
        };
        if generator == repair::GENERATOR {
            let nothing = || match repair::absent_packages(told).as_str() {
                "" => match repair::unknown_names(told).as_slice() {
                    [] => "the built-in repairs find nothing to fix".to_owned(),
                    names => format!(
                        "the built-in repairs find nothing to fix: nothing defines {}, and none of the known packages has it",
                        names.join(", ")
                    ),
                },
                absent => format!("the built-in repairs cannot fix it: {absent}"),
            };
            let repaired = repair::repair(told).ok_or_else(|| refused(nothing()))?;
            tell(&repaired.answer.notes);
            return Ok(GeneratorAnswer { text: repaired.text(), usage: Usage::default(), model: None });
        }
        let found = self.engine.evolutions().generator(generator).map_err(|error| refused(error.message))?;
        let question = GeneratorRequest { system: &prompt.system, request: &prompt.request };
        generator::ask(&found, &question, &mut tell, &self.live.stop)
    }

    /// The files of an answer, and the resulting version.
    fn understood(
        &self,
        text: &str,
        told: &Bundle,
        earlier: Option<(LaneId, &AnswerFiles)>,
        (generator, prompt): (&str, Digest),
    ) -> Result<(AnswerFiles, Candidate), Unusable> {
        let answer = read(text, &Want::of(told)).map_err(|unusable| match (earlier, unusable.fault) {
            (Some((at, _)), Fault::Unchanged) => {
                Unusable { why: format!("all files in the answer are the same as in round {}", at.round), ..unusable }
            }
            _ => unusable,
        })?;
        let unusable = |why: String| {
            let mut end = text.len().min(SHOWN);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            Unusable { fault: Fault::NoVersion, why, shown: text[..end].to_owned() }
        };
        let texts = answer.files.iter().map(|(_, text)| text).chain(&answer.manifest);
        if texts.clone().any(|text| crate::domain::is_redacted(text)) {
            return Err(unusable(
                "a file contains a redaction mark instead of a secret; read the secret from the environment instead"
                    .to_owned(),
            ));
        }
        let answer = earlier.map_or_else(|| answer.clone(), |(_, earlier)| answer.over(earlier));
        let candidate = self.engine.evolutions().compose(self.case, &answer, generator, prompt).map_err(unusable)?;
        Ok((answer, candidate))
    }

    /// An answer of this evolution, from memory or from the store.
    fn answer_of(&self, course: &EvolutionProgress, at: LaneId) -> Result<AnswerFiles, EngineError> {
        if let Some((answer, _)) = lock(&self.answers).get(&at) {
            return Ok(answer.clone());
        }
        let kept = course
            .lane(at)
            .and_then(|lane| lane.answer)
            .map(|digest| self.engine.evolutions().kept_answer(digest))
            .transpose()?;
        kept.and_then(|kept| kept.answer)
            .ok_or_else(|| EngineError::internal("an answer of the evolution is not stored"))
    }

    /// The same without files that nothing loads, which are not carried to the next round.
    fn loaded_answer(&self, course: &EvolutionProgress, at: LaneId) -> Result<AnswerFiles, EngineError> {
        let mut answer = self.answer_of(course, at)?;
        let examined = self.engine.workspace.read(|q| Ok(q.examined_answers(self.case.row.id)?))?;
        let found = examined.iter().find(|one| (one.round, one.lane) == (at.round, at.lane));
        let unloaded = found.map(|found| assess::unloaded(&found.verdict)).unwrap_or_default();
        answer.files.retain(|(path, _)| !unloaded.contains(&path.as_str()));
        Ok(answer)
    }

    fn examined(&self, course: &EvolutionProgress, at: LaneId) -> EvolutionEvent {
        let _alone = lock(&self.examining);
        let begun = Clock::now();
        match self.candidate(course, at).and_then(|candidate| {
            self.engine.evolutions().examine_answer(
                self.case,
                at,
                (&candidate.detail, &candidate.step),
                &self.live.stop,
            )
        }) {
            Ok(found) => {
                EvolutionEvent::Examined { at, verdict: found.verdict, replay: found.replay, took_ms: millis(begun) }
            }
            Err(error) => EvolutionEvent::NotExamined { at, message: error.message, took_ms: millis(begun) },
        }
    }

    /// The version of an answer; built again after a process died.
    fn candidate(&self, course: &EvolutionProgress, at: LaneId) -> Result<Arc<Candidate>, EngineError> {
        if let Some((_, candidate)) = lock(&self.answers).get(&at) {
            return Ok(Arc::clone(candidate));
        }
        let answer = self.answer_of(course, at)?;
        let lane = course.lane(at);
        let generator = lane.map_or("", |lane| lane.generator.as_str());
        let prompt = lane.and_then(|lane| lane.prompt).unwrap_or(self.case.row.bundle);
        let made = self.engine.evolutions().compose(self.case, &answer, generator, prompt);
        let candidate = Arc::new(made.map_err(|why| EngineError::new(ErrorCode::Failed, why, ""))?);
        lock(&self.answers).insert(at, (answer, Arc::clone(&candidate)));
        Ok(candidate)
    }
}

fn send(events: &Sender<Result<EvolutionEvent, EngineError>>, event: Result<EvolutionEvent, EngineError>) {
    // After the end, there is no receiver, and further events are irrelevant.
    let _ = events.send(event);
}

fn millis(since: Clock) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
