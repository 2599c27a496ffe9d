//! Fetches decisions of the team regularly while the workbench is open.
//!
//! Reports nothing if nothing arrived. A connection failure is reported once, until the connection works again.

use super::{App, Mood};
use crate::engine::EngineError;
use crate::tui::effect::Effect;
use std::time::Duration;

/// The delay of the first fetch after the workspace was opened, in milliseconds; opening does not wait for it.
const FIRST_MS: u64 = 3_000;

/// When to fetch, and the last message.
#[derive(Debug, Default)]
pub(super) struct Fetching {
    /// Milliseconds between two fetches; `None` if fetching is off.
    every: Option<u64>,
    /// When the next fetch is due, in steady milliseconds; `None` while one is in progress, and before the workspace is
    /// open.
    due: Option<u64>,
    /// The last reported message, which is not repeated.
    told: String,
}

impl Fetching {
    pub(super) fn set_every(&mut self, every: Option<Duration>) {
        self.every = every.map(|every| u64::try_from(every.as_millis()).unwrap_or(u64::MAX));
    }

    pub(super) fn wakes_at(&self) -> Option<u64> {
        self.due.filter(|_| self.every.is_some())
    }
}

impl App {
    /// The workspace is open.
    pub(super) fn begin_fetching(&mut self) {
        self.fetching.due = Some(self.now.steady_ms + FIRST_MS);
    }

    /// Fetches if it is due. An agent does not: received decisions are for humans.
    pub(super) fn fetch_when_due(&mut self) -> Option<Effect> {
        let is_due = self.fetching.wakes_at().is_some_and(|due| due <= self.now.steady_ms);
        if !is_due || self.call.agent.is_some() {
            return None;
        }
        self.fetching.due = None;
        Some(Effect::FetchTeam)
    }

    /// Reports what arrived, if anything.
    pub(super) fn take_fetched(&mut self, came: Result<Option<String>, EngineError>) {
        let every = self.fetching.every.unwrap_or_default();
        self.fetching.due = Some(self.now.steady_ms.saturating_add(every));
        match came {
            Ok(came) => {
                self.fetching.told.clear();
                if let Some(came) = came {
                    self.say(Mood::Calm, &came);
                }
            }
            Err(error) if self.fetching.told == error.message => {}
            Err(error) => {
                self.fetching.told.clone_from(&error.message);
                self.complain(&error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{ErrorCode, Settings};
    use crate::tui::app::messages::SHOWN_MS;
    use crate::tui::msg::{Answer, Msg, Opened};
    use crate::tui::testing::Bench;

    const MINUTE: u64 = 60_000;

    fn bench(every: Option<Duration>) -> Bench {
        let mut bench = Bench::opening(120, 40);
        let mut settings = Settings::default();
        settings.team.remote = Some("/team.git".to_owned());
        settings.team.policy = Some(crate::domain::team::FileName::of(b"policy"));
        settings.team.fetch = every;
        bench.send(Msg::Settings { settings: Box::new(settings), file: "config.toml".to_owned() });
        bench.send(Msg::Opened(Opened { workspace: "/w".to_owned() }));
        bench.effects.clear();
        bench
    }

    fn asks(bench: &mut Bench, after: u64) -> usize {
        bench.wait(after);
        let asked = bench.effects.iter().filter(|effect| matches!(effect, Effect::FetchTeam)).count();
        bench.effects.clear();
        asked
    }

    fn answer(bench: &mut Bench, came: Result<Option<&str>, &str>) {
        let failed = |why: &str| EngineError::new(ErrorCode::Failed, why, "check the address");
        let came = came.map(|came| came.map(str::to_owned)).map_err(failed);
        bench.send(Msg::Answer(Box::new(Answer::Fetched(came))));
    }

    fn shown(bench: &Bench) -> Option<&str> {
        bench.app.messages.shown().map(|toast| toast.text.as_str())
    }

    #[test]
    fn the_team_is_asked_every_minute_and_only_what_came_is_told() {
        let mut bench = bench(Some(Duration::from_mins(1)));
        assert_eq!(asks(&mut bench, FIRST_MS - 1), 0);
        assert!(bench.app.next_wake().is_some());
        assert_eq!(asks(&mut bench, 1), 1, "soon after the start");
        assert_eq!(bench.app.working(), None);
        assert_eq!(asks(&mut bench, 3 * MINUTE), 0, "one at a time");
        assert!(bench.app.working().is_some_and(|what| what.contains("fetching from the team")));
        answer(&mut bench, Ok(None));
        assert_eq!((bench.app.working(), shown(&bench)), (None, None));
        assert_eq!(asks(&mut bench, MINUTE - 1), 0);
        assert_eq!(asks(&mut bench, 1), 1);
        answer(&mut bench, Ok(Some("from the team: 1 approval")));
        assert_eq!(shown(&bench), Some("from the team: 1 approval"));
    }

    #[test]
    fn trouble_is_told_once_and_again_after_it_was_over() {
        let mut bench = bench(Some(Duration::from_mins(1)));
        assert_eq!(asks(&mut bench, FIRST_MS), 1);
        for (came, told) in [
            (Err("no route to host"), true),
            (Err("no route to host"), false),
            (Err("permission denied"), true),
            (Ok(None), false),
            (Err("permission denied"), true),
        ] {
            answer(&mut bench, came);
            assert_eq!(shown(&bench).is_some(), told, "{came:?}");
            assert_eq!(asks(&mut bench, MINUTE.max(SHOWN_MS)), 1, "it goes on");
        }
    }

    #[test]
    fn nobody_is_asked_where_the_settings_say_so_and_where_an_agent_is_at_the_keyboard() {
        assert_eq!(asks(&mut bench(None), 10 * MINUTE), 0);
        let mut agent = bench(Some(Duration::from_mins(1)));
        agent.app.call.agent = Some("bot".to_owned());
        assert_eq!(asks(&mut agent, 10 * MINUTE), 0);
        let mut closed = Bench::opening(120, 40);
        closed.effects.clear();
        assert_eq!(asks(&mut closed, 10 * MINUTE), 0, "no team");
    }
}
