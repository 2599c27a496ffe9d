//! The loop as a pure state machine: ask, read, examine, send feedback, ask again.
//!
//! [`EvolutionProgress::step`] takes an event and returns the next effects. It has no clock (a delay is part of an
//! effect), no generator and no file. Store the state in the transaction in which the event is taken, and perform the
//! effects afterwards: after a crash, [`EvolutionProgress::resume`] returns the effects that were in progress.
//!
//! INVARIANT: at most `plan.rounds` rounds; one end; no effect after the [`EvolutionEffect::Finish`] of that end.

mod effect;
mod lane;
mod score;
#[cfg(test)]
mod tests;

pub use effect::{After, End, EvolutionEffect, EvolutionEvent};
pub use lane::{FileNote, Lane, LaneId, LaneState, Usage};
pub use score::{ReplaySummary, Score, VerdictSummary};

use crate::domain::span;
use crate::domain::words::words;
use serde::{Deserialize, Serialize};

/// Version of the storage format of evolutions.
pub const FORMAT: u32 = 1;

/// The maximum number of rounds, and of variants in one round; larger numbers count as mistakes.
pub const MOST: u32 = 20;

/// The user's choices before the first round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvolutionPlan {
    /// Maximum number of rounds, 1 to [`MOST`].
    pub rounds: u32,
    /// The generators that are asked in each round, one answer each; a repeated name requests two samples from it. At
    /// most [`MOST`].
    pub generators: Vec<String>,
    /// How often a question is asked while the generator has temporary failures, including the first time.
    pub tries: u32,
    /// Delay before the second try, in milliseconds; it doubles with each.
    pub first_delay_ms: u64,
    /// The maximum delay, in milliseconds; also applies to delays that a generator requests.
    pub longest_delay_ms: u64,
}

impl Default for EvolutionPlan {
    fn default() -> EvolutionPlan {
        EvolutionPlan { rounds: 3, generators: Vec::new(), tries: 4, first_delay_ms: 1000, longest_delay_ms: 60_000 }
    }
}

words!(
    /// Why a generator gave no answer.
    Trouble {
        /// It is overloaded (429).
        Busy = "busy",
        /// It failed internally (500 and similar).
        Broke = "broke",
        /// It took too long.
        TimedOut = "timed-out",
        /// Its answer was interrupted.
        CutStream = "cut-stream",
        /// It could not be reached.
        Unreachable = "unreachable",
        /// It refuses: no key, no such model, no such program.
        Refused = "refused",
    }
);

impl Trouble {
    /// Whether asking again may help.
    pub const fn is_transient(self) -> bool {
        match self {
            Trouble::Busy | Trouble::Broke | Trouble::TimedOut | Trouble::CutStream | Trouble::Unreachable => true,
            Trouble::Refused => false,
        }
    }
}

/// One round: the same question, or the same fault, for every generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Its number, from 1.
    pub number: u32,
    /// The answers, one for each generator that takes part.
    pub lanes: Vec<Lane>,
}

/// The loop: its plan, its results so far, and its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvolutionProgress {
    /// Version of this form: [`FORMAT`].
    pub format: u32,
    /// The plan.
    pub plan: EvolutionPlan,
    /// All rounds so far, the newest last.
    #[serde(default)]
    pub rounds: Vec<Round>,
    /// How it ended; `None` while it is in progress.
    #[serde(default)]
    pub end: Option<End>,
}

impl EvolutionProgress {
    /// An evolution before its start: [`EvolutionEvent::Began`] starts it. Values out of range are clamped.
    pub fn new(plan: EvolutionPlan) -> EvolutionProgress {
        let mut plan = EvolutionPlan { rounds: plan.rounds.clamp(1, MOST), tries: plan.tries.clamp(1, MOST), ..plan };
        plan.generators.truncate(MOST as usize);
        EvolutionProgress { format: FORMAT, plan, rounds: Vec::new(), end: None }
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// Every lane of every round.
    pub fn lanes(&self) -> impl Iterator<Item = (LaneId, &Lane)> {
        self.rounds.iter().flat_map(|round| {
            (0_u32..).zip(&round.lanes).map(|(place, lane)| (LaneId { round: round.number, lane: place }, lane))
        })
    }

    /// `None` if there is no such round or lane.
    pub fn lane(&self, id: LaneId) -> Option<&Lane> {
        let round = self.rounds.get(id.round.checked_sub(1)? as usize)?;
        round.lanes.get(id.lane as usize)
    }

    fn lane_mut(&mut self, id: LaneId) -> Option<&mut Lane> {
        let round = self.rounds.get_mut(id.round.checked_sub(1)? as usize)?;
        round.lanes.get_mut(id.lane as usize)
    }

    /// The best answer so far: fewest broken inputs, fewest blocking checks, fewest failed tests, most chosen failures
    /// fixed, fewest findings; among equal ones the earlier. `None` before an answer was examined.
    pub fn best(&self) -> Option<LaneId> {
        let scored = self.lanes().filter_map(|(id, lane)| Some((lane.score()?, id)));
        scored.min().map(|(_, id)| id)
    }

    /// The total resource use of all questions.
    pub fn usage(&self) -> Usage {
        self.lanes().fold(Usage::default(), |sum, (_, lane)| sum.plus(&lane.usage))
    }

    /// Handles an event: returns the new state and the next actions. An event that does not fit the state (a late
    /// answer, anything after the end) changes nothing.
    pub fn step(mut self, event: EvolutionEvent) -> (EvolutionProgress, Vec<EvolutionEffect>) {
        if self.is_over() {
            return (self, Vec::new());
        }
        let effects = match event {
            EvolutionEvent::Began if self.rounds.is_empty() => self.begin(),
            EvolutionEvent::Began => Vec::new(),
            EvolutionEvent::Stopped => self.finish(End::Stopped { best: self.best() }),
            EvolutionEvent::Answered { at, attempt, answer, read, usage, took_ms, prompt } => {
                let before =
                    self.own_before(at).filter(|(_, lane)| lane.answer == Some(answer)).map(|(at, _)| at.round);
                let Some(lane) = self.asking(at, attempt) else { return (self, Vec::new()) };
                lane.usage = lane.usage.plus(&usage);
                lane.took_ms = lane.took_ms.saturating_add(took_ms);
                (lane.prompt, lane.answer) = (Some(prompt), Some(answer));
                match read {
                    // A generator that repeats its answer after feedback would do so every time.
                    _ if before.is_some() => {
                        let round = before.unwrap_or_default();
                        let why = format!("same answer as in round {round}, so the generator is not asked again");
                        lane.state = LaneState::Failed(format!("{}: {why}", lane.generator));
                        self.go_on()
                    }
                    Ok(files) => {
                        lane.state = LaneState::Examining;
                        lane.files = files;
                        vec![EvolutionEffect::Examine { at }]
                    }
                    Err(unusable) => {
                        lane.state = LaneState::Unusable(unusable);
                        self.go_on()
                    }
                }
            }
            EvolutionEvent::Troubled { at, attempt, trouble, message, retry_after_ms, usage, took_ms } => {
                let plan = self.plan.clone();
                let Some(lane) = self.asking(at, attempt) else { return (self, Vec::new()) };
                lane.usage = lane.usage.plus(&usage);
                lane.took_ms = lane.took_ms.saturating_add(took_ms);
                lane.troubles.push(format!("{trouble}: {message}"));
                let is_soon = retry_after_ms.is_none_or(|wait| wait <= plan.longest_delay_ms);
                if trouble.is_transient() && attempt < plan.tries && is_soon {
                    let delay_ms = plan.delay_ms(attempt, retry_after_ms);
                    lane.state = LaneState::Waiting { attempt: attempt + 1, delay_ms };
                    vec![EvolutionEffect::Wait { at, attempt: attempt + 1, delay_ms }]
                } else {
                    let tried = if attempt > 1 { format!(" (after {attempt} attempts)") } else { String::new() };
                    let later = match retry_after_ms {
                        Some(wait) if !is_soon => format!("; it accepts requests again in {}", span(wait)),
                        _ => String::new(),
                    };
                    lane.state = LaneState::Failed(format!("{}: {message}{tried}{later}", lane.generator));
                    self.go_on()
                }
            }
            EvolutionEvent::Waited { at, attempt } => match self.lane_mut(at) {
                Some(lane) if matches!(lane.state, LaneState::Waiting { attempt: due, .. } if due == attempt) => {
                    lane.state = LaneState::Asking { attempt };
                    self.ask(at).into_iter().collect()
                }
                _ => Vec::new(),
            },
            EvolutionEvent::Examined { at, verdict, replay, took_ms } => {
                let Some(lane) = self.examining(at) else { return (self, Vec::new()) };
                lane.took_ms = lane.took_ms.saturating_add(took_ms);
                lane.state = LaneState::Examined { verdict, replay };
                self.go_on()
            }
            EvolutionEvent::NotExamined { at, message, took_ms } => {
                let Some(lane) = self.examining(at) else { return (self, Vec::new()) };
                lane.took_ms = lane.took_ms.saturating_add(took_ms);
                lane.state = LaneState::NotExamined(message);
                self.go_on()
            }
        };
        (self, effects)
    }

    /// The actions in progress, to be repeated after an interruption. Empty if the evolution has ended; one that has
    /// not begun waits for [`EvolutionEvent::Began`].
    pub fn resume(&self) -> Vec<EvolutionEffect> {
        if self.is_over() {
            return Vec::new();
        }
        let open = self.lanes().filter_map(|(at, lane)| match &lane.state {
            LaneState::Asking { .. } => self.ask(at),
            LaneState::Waiting { attempt, delay_ms } => {
                Some(EvolutionEffect::Wait { at, attempt: *attempt, delay_ms: *delay_ms })
            }
            LaneState::Examining => Some(EvolutionEffect::Examine { at }),
            LaneState::Unusable(_) | LaneState::Failed(_) | LaneState::NotExamined(_) | LaneState::Examined { .. } => {
                None
            }
        });
        open.collect()
    }

    fn asking(&mut self, at: LaneId, attempt: u32) -> Option<&mut Lane> {
        self.lane_mut(at).filter(|lane| matches!(lane.state, LaneState::Asking { attempt: now } if now == attempt))
    }

    fn examining(&mut self, at: LaneId) -> Option<&mut Lane> {
        self.lane_mut(at).filter(|lane| lane.state == LaneState::Examining)
    }

    fn begin(&mut self) -> Vec<EvolutionEffect> {
        if self.plan.generators.is_empty() {
            let message = "no generator was chosen".to_owned();
            return self.finish(End::Failed { message, best: None });
        }
        let all = self.plan.generators.clone();
        self.next_round(all)
    }

    fn next_round(&mut self, generators: Vec<String>) -> Vec<EvolutionEffect> {
        let number = self.rounds.len() as u32 + 1;
        let lanes: Vec<Lane> = generators.into_iter().map(Lane::new).collect();
        let asked = 0..lanes.len() as u32;
        self.rounds.push(Round { number, lanes });
        asked.filter_map(|lane| self.ask(LaneId { round: number, lane })).collect()
    }

    /// The question for a lane that asks.
    fn ask(&self, at: LaneId) -> Option<EvolutionEffect> {
        let lane = self.lane(at)?;
        let LaneState::Asking { attempt } = lane.state else { return None };
        Some(EvolutionEffect::Ask { at, attempt, generator: lane.generator.clone(), after: self.after(at) })
    }

    /// The information about earlier rounds for a lane: its generator's own unusable answer, otherwise the best answer
    /// so far.
    fn after(&self, at: LaneId) -> After {
        if at.round <= 1 {
            return After::Nothing;
        }
        let best = self.best_before(at.round);
        match self.own_before(at).map(|(own, lane)| (own, &lane.state)) {
            Some((own, LaneState::Unusable(unusable))) => After::Unusable { at: own, unusable: unusable.clone(), best },
            _ => best.map_or(After::Nothing, |best| After::Examined { at: best }),
        }
    }

    /// The answer of the same generator a round before.
    fn own_before(&self, at: LaneId) -> Option<(LaneId, &Lane)> {
        let round = at.round.checked_sub(1).filter(|round| *round > 0)?;
        let own = LaneId { round, lane: self.place_before(at) };
        self.lane(own).map(|lane| (own, lane))
    }

    /// The index of a lane's generator in the previous round; failed lanes were removed since.
    fn place_before(&self, at: LaneId) -> u32 {
        let Some(before) = self.rounds.get((at.round as usize).wrapping_sub(2)) else { return at.lane };
        let went_on = (0_u32..).zip(&before.lanes).filter(|(_, lane)| !matches!(lane.state, LaneState::Failed(_)));
        went_on.map(|(place, _)| place).nth(at.lane as usize).unwrap_or(at.lane)
    }

    /// The best answer of the rounds before one.
    fn best_before(&self, round: u32) -> Option<LaneId> {
        let scored = self.lanes().filter(|(id, _)| id.round < round).filter_map(|(id, lane)| Some((lane.score()?, id)));
        scored.min().map(|(_, id)| id)
    }

    /// Continues after a lane is done: ends, begins the next round, or waits for the other lanes.
    fn go_on(&mut self) -> Vec<EvolutionEffect> {
        let Some(round) = self.rounds.last() else { return Vec::new() };
        if round.lanes.iter().any(|lane| !lane.state.is_done()) {
            return Vec::new();
        }
        let best = self.best();
        if let Some(at) = best.filter(|at| self.lane(*at).is_some_and(Lane::is_good)) {
            return self.finish(End::Good { best: at });
        }
        let alive: Vec<&Lane> = round.lanes.iter().filter(|lane| !matches!(lane.state, LaneState::Failed(_))).collect();
        if alive.is_empty() {
            let said = round.lanes.iter().filter_map(|lane| match &lane.state {
                LaneState::Failed(message) => Some(message.as_str()),
                _ => None,
            });
            let message = said.collect::<Vec<_>>().join("; ");
            return self.finish(End::Failed { message, best });
        }
        if self.rounds.len() as u32 >= self.plan.rounds {
            return self.finish(End::Spent { best });
        }
        let generators = alive.into_iter().map(|lane| lane.generator.clone()).collect();
        self.next_round(generators)
    }

    fn finish(&mut self, end: End) -> Vec<EvolutionEffect> {
        // Everything in progress ends with it.
        for lane in self.rounds.iter_mut().flat_map(|round| &mut round.lanes) {
            match lane.state {
                LaneState::Asking { .. } | LaneState::Waiting { .. } => {
                    lane.state = LaneState::Failed(format!("{}: stopped", lane.generator));
                }
                LaneState::Examining => lane.state = LaneState::NotExamined("stopped".to_owned()),
                LaneState::Unusable(_)
                | LaneState::Failed(_)
                | LaneState::NotExamined(_)
                | LaneState::Examined { .. } => {}
            }
        }
        self.end = Some(end.clone());
        vec![EvolutionEffect::Finish { end }]
    }
}

impl EvolutionPlan {
    /// The delay after the try with this number: doubled each time, at least the delay that the generator requests, at
    /// most the maximum delay.
    fn delay_ms(&self, attempt: u32, wanted: Option<u64>) -> u64 {
        let doubled = self.first_delay_ms.saturating_mul(1_u64 << (attempt - 1).min(30));
        doubled.max(wanted.unwrap_or(0)).min(self.longest_delay_ms)
    }
}
