//! Evolutions: `evolve`, `evolutions`, `keep`, `stop`, `resume`.

use super::call::{Answer, Call, Stop};
use super::done::Done;
use super::print_text::{Align, Ink, Page, StyledLine, Table, when};
use super::stop_signals::OnStop;
use crate::domain::{
    CheckState, Evolution, EvolutionId, EvolutionState, Learnt, ReplayOutcome, Replayed, RunId, count, grouped,
};
use crate::engine::{
    Asking, Engine, EngineError, ErrorCode, EvolutionDetail, EvolveRequest, Lane, LaneId, LaneState, Progress,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The largest bundle that is read, in bytes.
const MAX_BUNDLE: u64 = 4 * 1024 * 1024;

/// The maximum length of a list of evolutions.
const LISTED: usize = 50;

/// `evolve NAME [HINT] …`.
pub(super) fn evolve(call: &Call<'_>) -> Result<u8, Stop> {
    let tool = call.required("tool")?;
    let bundle = call.get::<PathBuf>("request").map(|path| read_bundle(&path, tool)).transpose()?;
    let (engine, _catalog) = call.open_catalog()?;
    let request = EvolveRequest {
        tool: tool.to_owned(),
        hint: call.text("hint").unwrap_or_default().to_owned(),
        failures: call.many::<i64>("failure").into_iter().map(RunId).collect(),
        generators: call.texts("generator").into_iter().map(str::to_owned).collect(),
        rounds: call.get::<usize>("rounds").map(|rounds| u32::try_from(rounds).unwrap_or(u32::MAX)),
        step: call.word("step")?,
        dynamic_schema: call.switch("dynamic-schema"),
        bundle,
        specification: None,
        worker: call.text("on").map(str::to_owned),
    };
    if call.switch("show") {
        return call.print(&Request::of(&engine.evolutions().preview(&request)?));
    }
    begin(call, &engine, &request)
}

/// Asks, and runs the evolution to its end.
pub(super) fn begin(call: &Call<'_>, engine: &Engine, request: &EvolveRequest) -> Result<u8, Stop> {
    let asking = engine.evolutions().prepare(request)?;
    let id = engine.evolutions().begin(&asking, &call.caller(engine))?;
    let whom = asking.plan.generators.join(", ");
    call.note(
        &StyledLine::new().put(Ink::Strong, format!("evolution {id}")).put(
            Ink::Dim,
            format!(" of {} {}: asking {whom} ({})", asking.tool.name, asking.tool.version, asking.chosen),
        ),
    );
    drive(call, engine, id)
}

pub(super) fn resume(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    drive(call, &engine, number(call)?)
}

/// Runs an evolution to its end and prints its result; the exit code is 1 if no answer is good.
fn drive(call: &Call<'_>, engine: &Engine, id: EvolutionId) -> Result<u8, Stop> {
    let said = Mutex::new(Said::default());
    let caller = call.caller(engine);
    let watched = OnStop::new({
        let (engine, caller) = (engine.clone(), caller.clone());
        // An evolution that has already ended needs no stop.
        move || drop(engine.evolutions().stop(id, &caller))
    })?;
    let ended = engine.evolutions().drive(id, &caller, &|progress| {
        said.lock().unwrap_or_else(std::sync::PoisonError::into_inner).tell(call, &progress);
    });
    drop(watched);
    call.tell_trouble(engine);
    let ended = ended?;
    call.print(&Shown { detail: engine.evolutions().detail(id)? })?;
    Ok(u8::from(ended.state != EvolutionState::Good))
}

/// The printed part of an evolution.
#[derive(Default)]
struct Said {
    lanes: HashMap<LaneId, String>,
    /// Incomplete last lines of the generators' text.
    open: HashMap<LaneId, String>,
}

impl Said {
    fn tell(&mut self, call: &Call<'_>, progress: &Progress<'_>) {
        match progress {
            Progress::Text { at, text } => {
                let open = self.open.entry(*at).or_default();
                open.push_str(text);
                while let Some(end) = open.find('\n') {
                    let line: String = open.drain(..=end).collect();
                    call.note(&StyledLine::new().put(Ink::Dim, format!("  │ {}", line.trim_end())));
                }
            }
            Progress::Step(course) => {
                for (at, lane) in course.lanes() {
                    let word = lane_line(lane);
                    if self.lanes.get(&at) == Some(&word) {
                        continue;
                    }
                    if let Some(rest) = self.open.remove(&at).filter(|rest| !rest.is_empty()) {
                        call.note(&StyledLine::new().put(Ink::Dim, format!("  │ {rest}")));
                    }
                    let place = place(at, course.rounds[at.round as usize - 1].lanes.len());
                    call.note(&StyledLine::new().put(Ink::Accent, format!("round {place} ")).put(Ink::Plain, &word));
                    self.lanes.insert(at, word);
                }
            }
        }
    }
}

/// `2`, or `2.1` if a round has several answers.
fn place(at: LaneId, lanes: usize) -> String {
    if lanes > 1 { format!("{}.{}", at.round, at.lane + 1) } else { at.round.to_string() }
}

/// The state of an answer, in one line.
fn lane_line(lane: &Lane) -> String {
    let who = &lane.generator;
    match &lane.state {
        LaneState::Asking { attempt: 1 } => format!("{who}: asked"),
        LaneState::Asking { attempt } => format!("{who}: asked again (attempt {attempt})"),
        LaneState::Waiting { delay_ms, .. } => {
            let trouble = lane.troubles.last().map_or("", String::as_str);
            format!("{who}: {trouble}; retry in {}s", delay_ms.div_ceil(1000))
        }
        LaneState::Examining => {
            let bytes: u64 = lane.files.iter().map(|file| file.bytes).sum();
            format!("{who}: {} ({bytes} bytes), checking", count(lane.files.len(), "file"))
        }
        LaneState::Unusable(unusable) => format!("{who}: not usable: {}", unusable.why),
        LaneState::Failed(message) => message.clone(),
        LaneState::NotExamined(message) => format!("{who}: could not be checked: {message}"),
        LaneState::Examined { verdict, replay } => {
            let mut parts = Vec::new();
            if verdict.blocking.is_empty() {
                parts.push("nothing blocks approval".to_owned());
            } else {
                parts.push(format!("blocks approval: {}", verdict.blocking.join(", ")));
            }
            if verdict.failed_tests > 0 {
                parts.push(format!("{} failed", count(verdict.failed_tests as usize, "test")));
            }
            let replays = [
                (replay.broken, "broken"),
                (replay.fixed, "fixed"),
                (replay.changed, "changed"),
                (replay.same, "the same"),
            ];
            let replays: Vec<String> =
                replays.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
            if !replays.is_empty() {
                parts.push(format!("replayed: {}", replays.join(", ")));
            }
            parts.extend(replay.unfixed());
            format!("{who}: {}", parts.join("; "))
        }
    }
}

/// The request that would be sent.
#[derive(Serialize)]
struct Request {
    generators: Vec<String>,
    chosen: String,
    rounds: u32,
    bundle: Value,
    #[serde(skip)]
    text: String,
}

impl Request {
    fn of(asking: &Asking) -> Request {
        Request {
            generators: asking.plan.generators.clone(),
            chosen: asking.chosen.clone(),
            rounds: asking.plan.rounds,
            bundle: json!(asking.bundle),
            text: asking.prompt.text(),
        }
    }
}

impl Answer for Request {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for line in self.text.lines() {
            page.line(&StyledLine::of(line))?;
        }
        let whom = match self.generators.as_slice() {
            [] => format!("not sent; nobody would be asked: {}", self.chosen),
            some => format!("not sent; would ask {} ({})", some.join(", "), self.chosen),
        };
        page.line(&StyledLine::new().put(Ink::Dim, whom))
    }
}

/// Reads an edited bundle: alone, or as `evolve --show --json` prints it.
fn read_bundle(path: &Path, tool: &str) -> Result<Value, EngineError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        let message = format!("cannot read a bundle from {}: {error}", path.display());
        EngineError::new(ErrorCode::Usage, message, format!("`toolsmith evolve {tool} --show --json` prints one"))
    };
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().lock().take(MAX_BUNDLE).read_to_string(&mut text).map_err(|error| unreadable(&error))?;
    } else {
        let file = std::fs::File::open(path).map_err(|error| unreadable(&error))?;
        file.take(MAX_BUNDLE).read_to_string(&mut text).map_err(|error| unreadable(&error))?;
    }
    let value: Value = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
    Ok(value.get("bundle").cloned().unwrap_or(value))
}

fn number(call: &Call<'_>) -> Result<EvolutionId, EngineError> {
    call.required_id("evolution").map(EvolutionId)
}

/// Parses `2` or `2.1`, counted from 1.
fn answer_place(text: &str) -> Result<LaneId, EngineError> {
    let (round, lane) = text.split_once('.').unwrap_or((text, "1"));
    if let (Ok(round @ 1..), Ok(lane @ 1..)) = (round.parse::<u32>(), lane.parse::<u32>()) {
        return Ok(LaneId { round, lane: lane - 1 });
    }
    let message = format!("{text:?} is not an answer");
    Err(EngineError::new(ErrorCode::Usage, message, "write the round, for example 2, or 2.1 for its first answer"))
}

/// `keep ID [--answer PLACE]`.
pub(super) fn keep(call: &Call<'_>) -> Result<Done, EngineError> {
    let at = call.text("answer").map(answer_place).transpose()?;
    let (engine, _catalog) = call.open_catalog()?;
    let done = engine.evolutions().keep(number(call)?, at, &call.caller(&engine));
    call.tell_trouble(&engine);
    Ok(Done::new(done?))
}

pub(super) fn stop(call: &Call<'_>) -> Result<Shown, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let id = number(call)?;
    let before = engine.evolutions().stop(id, &call.caller(&engine))?;
    if before.state == EvolutionState::Running {
        let said = format!("stopping evolution {id}; this may take a second or two");
        call.note(&StyledLine::new().put(Ink::Plain, said));
    }
    Ok(Shown { detail: engine.evolutions().detail(id)? })
}

pub(super) fn evolutions(call: &Call<'_>) -> Result<u8, Stop> {
    let engine = call.open()?;
    if call.switch("learnt") {
        return call.print(&LearntTable { learnt: engine.evolutions().learnt()? });
    }
    if call.id("evolution").is_none() {
        let named = call.named_tool(&engine)?;
        let evolutions = engine.evolutions().list(named.as_ref().map(|named| &named.name), LISTED)?;
        return call.print(&List { evolutions });
    }
    let id = number(call)?;
    let Some(text) = call.text("answer") else {
        return call.print(&Shown { detail: engine.evolutions().detail(id)? });
    };
    let at = answer_place(text)?;
    let text = engine
        .evolutions()
        .answer_text(id, at)?
        .ok_or_else(|| EngineError::new(ErrorCode::NotFound, format!("evolution {id} has no answer {text}"), ""))?;
    call.print(&Written { evolution: id, text })
}

/// The text of a generator.
#[derive(Serialize)]
struct Written {
    evolution: EvolutionId,
    text: String,
}

impl Answer for Written {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.text.lines().try_for_each(|line| page.line(&StyledLine::of(line)))
    }
}

#[derive(Serialize)]
struct List {
    evolutions: Vec<Evolution>,
}

impl Answer for List {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        if !self.evolutions.is_empty() {
            let heads = [
                ("evolution", Align::Right),
                ("tool", Align::Left),
                ("version", Align::Left),
                ("state", Align::Left),
                ("started", Align::Left),
                ("result", Align::Left),
            ];
            let mut table = Table::new(&heads);
            for one in &self.evolutions {
                let ink = state_ink(one.state);
                table.row([
                    (Ink::Plain, one.id.to_string()),
                    (Ink::Strong, one.tool.to_string()),
                    (Ink::Plain, one.version.to_string()),
                    (ink, one.state.to_string()),
                    (Ink::Dim, when(one.started_at, page.look())),
                    (Ink::Plain, one.message.clone()),
                ]);
            }
            page.table(&table)?;
        }
        page.line(&StyledLine::new().put(Ink::Dim, count(self.evolutions.len(), "evolution")))
    }
}

const fn state_ink(state: EvolutionState) -> Ink {
    match state {
        EvolutionState::Good => Ink::Good,
        EvolutionState::Running => Ink::Accent,
        EvolutionState::Interrupted | EvolutionState::Spent | EvolutionState::Stopped => Ink::Warn,
        EvolutionState::Failed => Ink::Bad,
    }
}

/// One evolution with its rounds.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    detail: EvolutionDetail,
}

impl Answer for Shown {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let one = &self.detail.evolution;
        let head = StyledLine::new()
            .put(Ink::Strong, format!("evolution {} ", one.id))
            .put(Ink::Plain, format!("of {} {} ({}) ", one.tool, one.version, one.digest.short()))
            .put(state_ink(one.state), one.state.word());
        page.line(&head.put(Ink::Dim, format!("  {}", when(one.started_at, page.look()))))?;
        if !one.asked.hint.is_empty() {
            page.field("hint", Ink::Plain, &one.asked.hint)?;
        }
        if !one.asked.failures.is_empty() {
            let runs: Vec<String> = one.asked.failures.iter().map(ToString::to_string).collect();
            page.field("failures", Ink::Plain, format!("of runs {}", runs.join(", ")))?;
        }
        let best = self.detail.course.best();
        for (at, lane) in self.detail.course.lanes() {
            let lanes = self.detail.course.rounds[at.round as usize - 1].lanes.len();
            let sign = if best == Some(at) && !lane.is_rejected() { "*" } else { " " };
            let line = StyledLine::new().put(Ink::Accent, format!("{sign} round {} ", place(at, lanes)));
            page.line(&line.put(Ink::Plain, lane_line(lane)))?;
            let examined = self.detail.examined.iter().find(|one| (one.round, one.lane) == (at.round, at.lane));
            if let Some(found) = examined {
                page.line(&StyledLine::new().put(Ink::Dim, format!("    version {}", found.step)))?;
                for check in found.verdict.checks.iter().filter(|check| check.state == CheckState::Failed) {
                    for finding in check.findings.iter().take(3) {
                        let text = format!("    {}: {}", check.name, finding.message);
                        page.line(&StyledLine::new().put(Ink::Bad, text))?;
                    }
                }
                found.replay.iter().try_for_each(|one| replay_line(page, one))?;
            }
        }
        let usage = self.detail.course.usage();
        let used = [
            usage.input_tokens.map(|n| format!("{} tokens in", grouped(n))),
            usage.output_tokens.map(|n| format!("{} tokens out", grouped(n))),
            usage.cost_micros.map(|n| format!("${:.4}", n as f64 / 1e6)),
        ];
        let used: Vec<String> = used.into_iter().flatten().collect();
        if !used.is_empty() {
            page.field("used", Ink::Plain, used.join(", "))?;
        }
        if !one.message.is_empty() {
            page.field("ended", state_ink(one.state), &one.message)?;
        }
        match (one.state, one.review) {
            (_, Some(review)) => page.field("review", Ink::Plain, format!("{review}; `toolsmith review {review}`")),
            (EvolutionState::Interrupted, None) => page.field(
                "next",
                Ink::Dim,
                format!("`toolsmith resume {0}` resumes it, `toolsmith stop {0}` ends it", one.id),
            ),
            (EvolutionState::Spent | EvolutionState::Stopped | EvolutionState::Failed, None) if best.is_some() => {
                let is_rejected = best.and_then(|at| self.detail.course.lane(at)).is_some_and(Lane::is_rejected);
                let which = if is_rejected { "an answer, although checks reject it," } else { "the best answer" };
                page.field("next", Ink::Dim, format!("`toolsmith keep {}` saves {which} for review", one.id))
            }
            _ => Ok(()),
        }
    }
}

fn replay_line(page: &mut Page<'_>, one: &Replayed) -> io::Result<()> {
    let ink = match one.outcome {
        ReplayOutcome::Broken | ReplayOutcome::Hidden => Ink::Bad,
        ReplayOutcome::Changed => Ink::Warn,
        ReplayOutcome::Same | ReplayOutcome::LeftOut | ReplayOutcome::NotRepeated => Ink::Dim,
        ReplayOutcome::Refused | ReplayOutcome::Fixed => Ink::Good,
    };
    let line = StyledLine::new()
        .put(ink, format!("    {} ", one.outcome))
        .put(Ink::Dim, format!("input of run {}: {}", one.run, one.summary()));
    page.line(&line)
}

#[derive(Serialize)]
struct LearntTable {
    learnt: Vec<Learnt>,
}

impl Answer for LearntTable {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.learnt.is_empty() {
            return page.line(&StyledLine::new().put(Ink::Dim, "no data yet"));
        }
        let heads = [
            ("failure", Align::Left),
            ("change", Align::Left),
            ("uses", Align::Right),
            ("helped", Align::Right),
            ("approved", Align::Right),
        ];
        let mut table = Table::new(&heads);
        for row in &self.learnt {
            table.row([
                (Ink::Plain, row.failure.to_string()),
                (Ink::Plain, row.mutation.to_string()),
                (Ink::Plain, grouped(row.uses)),
                (Ink::Plain, grouped(row.good)),
                (Ink::Plain, grouped(row.approved)),
            ]);
        }
        page.table(&table)
    }
}
