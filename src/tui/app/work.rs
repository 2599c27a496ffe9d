//! Work in progress outside that the user waits for: its description and its start.
//!
//! The state derives the work from its own effects and the answers, so no other code has to report the start or end of
//! work.

use super::App;
use crate::domain::{CheckState, Command};
use crate::engine::VerifyProgress;
use crate::tui::ascii::Letters;
use crate::tui::effect::{CallStep, Effect, Evolving, Sending, Upkeep};
use crate::tui::msg::{Answer, Called, Evolved, Kempt};
use crate::tui::phrase::span;

/// The delay before work is shown, in milliseconds: shorter work needs no indicator.
const SHOWN_AFTER: u64 = 400;
/// The interval between steps of the indicator, in milliseconds.
const STEP_MS: u64 = 250;
/// The steps of the indicator.
const SIGNS: [&str; 4] = ["◐", "◓", "◑", "◒"];

/// Identifies a piece of work.
#[derive(Debug, Clone, PartialEq)]
enum Key {
    Command(Box<Command>),
    Review(crate::domain::ReviewId),
    Query(String),
    Named(&'static str),
}

/// A piece of work in progress.
#[derive(Debug, Clone, PartialEq)]
struct Work {
    key: Key,
    what: String,
    since: u64,
    /// Its progress, if it reports any; then it can be stopped.
    progress: Option<String>,
}

impl Work {
    fn is_exchange(&self) -> bool {
        matches!(&self.key, Key::Command(command)
            if matches!(&**command, Command::Verb(call) if matches!(call.verb(), "sync" | "team-import")))
    }
}

/// The text for an exchange that is being stopped.
const STOPPING: &str = "stopping";

/// All work in progress.
#[derive(Debug, Default)]
pub(super) struct Works(Vec<Work>);

/// The work that an effect begins; `None` if the user does not wait for it, or if a tab shows it.
fn begun(effect: &Effect) -> Option<(Key, String)> {
    let named = |key: &'static str, what: &str| Some((Key::Named(key), what.to_owned()));
    match effect {
        Effect::Execute(Command::Mark { .. }) => None,
        Effect::Execute(command) => Some((Key::Command(Box::new(command.clone())), command_words(command))),
        Effect::LoadReview(id) => Some((Key::Review(*id), format!("loading review {id}"))),
        Effect::Query(call) => Some((Key::Query(call.verb().to_owned()), call.verb().replace('-', " "))),
        Effect::DecideAll(requests) => Some((Key::Named("decide"), format!("deciding {} reviews", requests.len()))),
        Effect::Preflight { .. } => named("preflight", "checking what can be decided"),
        Effect::Export { .. } => named("export", "exporting the catalog"),
        Effect::Carry { .. } => named("carry", "copying tools"),
        Effect::Upkeep(Upkeep::Stale(_)) => named("stale", "looking for unused tools"),
        Effect::Upkeep(Upkeep::Twins) => named("twins", "looking for similar tools"),
        Effect::LoadOpportunities(_) => named("opportunities", "looking for opportunities"),
        Effect::FetchTeam => named("fetch", "fetching from the team"),
        Effect::Init => named("init", "creating the folders and a sample tool"),
        Effect::Call { step: CallStep::Look, .. } => named("call", "looking for a tool"),
        Effect::Evolve(Evolving::Prepare { sending: Sending::Send | Sending::Show, .. }) => {
            named("prepare", "preparing the request")
        }
        _ => None,
    }
}

fn command_words(command: &Command) -> String {
    match command {
        Command::Verb(call) => call.verb().replace('-', " "),
        Command::Decide(request) => format!("{} review {}", request.kind, request.review),
        Command::Recheck { tool, .. } => format!("starting the checks of {tool}"),
        Command::FetchPackages { .. } => "fetching packages".to_owned(),
        Command::Undo { .. } => "undo".to_owned(),
        Command::Promote { tool, .. } => format!("promoting {tool}"),
        Command::New { .. } => "creating the tool".to_owned(),
        _ => "working".to_owned(),
    }
}

/// The work that an answer ends.
fn ended(answer: &Answer) -> Option<Key> {
    Some(match answer {
        Answer::Done { command, .. } => Key::Command(Box::new(command.clone())),
        Answer::Review { review, .. } => Key::Review(*review),
        Answer::Described { call, .. } => Key::Query(call.verb().to_owned()),
        Answer::DecidedAll(_) => Key::Named("decide"),
        Answer::Preflight(_) => Key::Named("preflight"),
        Answer::Exported(_) => Key::Named("export"),
        Answer::Carried(_) => Key::Named("carry"),
        Answer::Kempt(kempt) => match **kempt {
            Kempt::Stale(_) => Key::Named("stale"),
            Kempt::Twins(_) => Key::Named("twins"),
        },
        Answer::Opportunities(_) => Key::Named("opportunities"),
        Answer::Fetched(_) => Key::Named("fetch"),
        Answer::Furnished(_) => Key::Named("init"),
        Answer::Called(called) => match **called {
            Called::Candidates { .. } => Key::Named("call"),
            Called::Attempt(_) | Called::Over(_) => return None,
        },
        Answer::Evolving(came) => match **came {
            Evolved::Prepared { .. } | Evolved::Began { .. } => Key::Named("prepare"),
            _ => return None,
        },
        _ => return None,
    })
}

/// How long work takes, in whole seconds.
fn seconds(ms: u64) -> String {
    if ms < 60_000 { format!("{}s", ms / 1_000) } else { span(ms) }
}

impl App {
    /// Records the work that these effects begin.
    pub(super) fn note_begun(&mut self, effects: &[Effect]) {
        let since = self.now.steady_ms;
        for (key, what) in effects.iter().filter_map(begun) {
            self.works.0.retain(|work| work.key != key);
            self.works.0.push(Work { key, what, since, progress: None });
        }
    }

    /// Records the progress of an exchange with the team.
    pub(super) fn note_verified(&mut self, progress: VerifyProgress) {
        let exchange = self.works.0.iter_mut().find(|work| work.is_exchange());
        if let Some(work) = exchange.filter(|work| !matches!(work.progress.as_deref(), Some(STOPPING))) {
            work.progress = Some(format!("{progress} · esc stops"));
        }
    }

    /// Stops an exchange that verifies signatures. `None` if there is none.
    pub(super) fn stop_verifying(&mut self) -> Option<Vec<Effect>> {
        let work = self.works.0.iter_mut().find(|work| work.progress.is_some())?;
        work.progress = Some(STOPPING.to_owned());
        Some(vec![Effect::StopVerifying])
    }

    /// Records that an answer ends work. An error outside may end any work: then no work is shown.
    pub(super) fn note_ended(&mut self, answer: &Answer) {
        match (answer, ended(answer)) {
            (Answer::Trouble(_) | Answer::Serving(_), _) => self.works.0.clear(),
            (_, Some(key)) => self.works.0.retain(|work| work.key != key),
            (_, None) => {}
        }
    }

    /// The longest work in progress, with its indicator and its duration; safe to draw.
    pub fn working(&self) -> Option<String> {
        let now = self.now.steady_ms;
        let work = self.works.0.first().filter(|work| work.since + SHOWN_AFTER <= now)?;
        let lasts = now - work.since;
        // A screen reader would read a moving indicator again and again.
        let at = if self.letters == Letters::Linear { 0 } else { (lasts / STEP_MS) as usize % SIGNS.len() };
        let sign = SIGNS[at];
        let more = match self.works.0.len() {
            1 => String::new(),
            many => format!(" · {} more", many - 1),
        };
        let progress = work.progress.as_ref().map(|progress| format!(" · {progress}")).unwrap_or_default();
        let what = crate::tui::phrase::safe(&work.what) + &progress;
        Some(format!("{sign} {what} … {}{more}", seconds(lasts)))
    }

    /// When the indicator moves next.
    pub(super) fn work_wakes(&self) -> Option<u64> {
        let work = self.works.0.first()?;
        let now = self.now.steady_ms;
        let shown = work.since + SHOWN_AFTER;
        Some(if now < shown { shown } else { now + STEP_MS - (now - work.since) % STEP_MS })
    }

    /// How many pending reviews are checked, while checks are running.
    pub fn checking(&self) -> Option<(usize, usize)> {
        let states = || self.queue.verdicts();
        let goes_on = states().any(|state| state == Some(CheckState::Running));
        let done = states().filter(|state| !matches!(state, None | Some(CheckState::Running))).count();
        goes_on.then(|| (done, states().count()))
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::msg::Answer;
    use crate::tui::testing::{Bench, outcome};

    #[test]
    fn long_work_shows_what_it_is_and_how_long_it_lasts_until_its_answer_comes() {
        let mut bench = Bench::ready(100, 30);
        bench.press("down C");
        let command = bench.taken().into_iter().find_map(|effect| match effect {
            crate::tui::effect::Effect::Execute(command) => Some(command),
            _ => None,
        });
        assert!(!bench.screen().contains("starting the checks"), "what is fast needs no sign");
        bench.wait(400);
        assert!(bench.screen().contains("starting the checks of divide"), "{}", bench.screen());
        let before = bench.screen();
        bench.wait(3_000);
        let screen = bench.screen();
        assert!(screen.contains("… 3s") && screen != before, "{screen}");
        bench.answer(Answer::Done { command: command.unwrap(), outcome: Ok(outcome("checks are running")) });
        let screen = bench.screen();
        assert!(screen.contains("checks are running") && !screen.contains("starting the checks"), "{screen}");
    }

    #[test]
    fn an_exchange_says_how_far_it_is_and_esc_stops_it() {
        use crate::domain::{Command, VerbCall};
        use crate::engine::VerifyProgress;
        use crate::tui::effect::Effect;
        let mut bench = Bench::ready(120, 40);
        let command = Command::Verb(VerbCall::new("sync", &[]));
        bench.app.note_begun(&[Effect::Execute(command.clone())]);
        bench.wait(30_000);
        // Verification has not begun: there is nothing to stop.
        bench.press("4 esc");
        assert!(!bench.taken().iter().any(|effect| matches!(effect, Effect::StopVerifying)));
        bench.answer(Answer::Verified(VerifyProgress { done: 1_200, total: 30_000 }));
        let screen = bench.screen();
        assert!(screen.contains("sync · verified 1,200 of 30,000 · esc stops … 30s"), "{screen}");
        bench.press("esc");
        assert!(bench.taken().iter().any(|effect| matches!(effect, Effect::StopVerifying)));
        bench.answer(Answer::Verified(VerifyProgress { done: 1_201, total: 30_000 }));
        assert!(bench.screen().contains("sync · stopping"), "{}", bench.screen());
        bench.answer(Answer::Done { command, outcome: Ok(outcome("done")) });
        assert!(!bench.screen().contains("stopping"));
    }

    #[test]
    fn background_checks_have_a_place() {
        use crate::domain::{CheckState, Tally};
        let mut bench = Bench::ready(120, 40);
        assert!(!bench.screen().contains("checked"));
        let mut reviews = crate::tui::testing::reviews();
        let tally = |state| Tally { state, ended: 3, total: 27, failed: 0, warned: 0, passed: 3 };
        reviews[0].verdict = Some(tally(CheckState::Passed));
        reviews[1].verdict = Some(tally(CheckState::Running));
        bench.answer(Answer::Reviews(Ok(reviews)));
        assert!(bench.screen().contains("1 of 3 checked"), "{}", bench.screen());
    }
}
