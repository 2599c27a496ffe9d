//! The setting `[agents]`: request limits of a connected agent.

use super::file::File;
use toml::Spanned;
use toml::de::DeValue;

/// The maximum of each setting.
const MOST: usize = 100_000;

/// Request limits of an agent that is connected over MCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentLimits {
    /// Calls per minute.
    pub calls_per_minute: usize,
    /// Simultaneous runs.
    pub runs_at_once: usize,
    /// Simultaneous calls that wait for a human or for output.
    pub waits_at_once: usize,
    /// HTTP requests per minute: calls, their streams, and session requests.
    pub requests_per_minute: usize,
}

impl Default for AgentLimits {
    fn default() -> Self {
        AgentLimits { calls_per_minute: 60, runs_at_once: 8, waits_at_once: 16, requests_per_minute: 600 }
    }
}

impl File<'_> {
    pub(super) fn agents(&mut self, value: &Spanned<DeValue<'_>>) -> AgentLimits {
        let mut limits = AgentLimits::default();
        for (key, value) in self.table(value, "agents") {
            let limit = match key.get_ref().as_ref() {
                "calls_per_minute" => &mut limits.calls_per_minute,
                "runs_at_once" => &mut limits.runs_at_once,
                "waits_at_once" => &mut limits.waits_at_once,
                "requests_per_minute" => &mut limits.requests_per_minute,
                other => {
                    let hint =
                        "agents has the settings calls_per_minute, runs_at_once, waits_at_once and requests_per_minute";
                    self.unknown(key.span().start, &format!("agents.{other}"), hint);
                    continue;
                }
            };
            let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<usize>().ok());
            match number.filter(|number| (1..=MOST).contains(number)) {
                Some(number) => *limit = number,
                None => self.bad(
                    value.span().start,
                    format!("agents.{} is not a limit", key.get_ref()),
                    format!("write a whole number, 1 to {MOST}"),
                ),
            }
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Problem;
    use crate::engine::{Home, Settings};

    fn load(user: &str, workspace: &str) -> (AgentLimits, Vec<Problem>) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home { config: dir.path().join("config"), data: dir.path().join("data") };
        std::fs::create_dir_all(&home.config).unwrap();
        std::fs::write(home.config_file(), user).unwrap();
        std::fs::write(dir.path().join("toolsmith.toml"), workspace).unwrap();
        let (settings, problems) = Settings::load(dir.path(), &home);
        (settings.agents, problems)
    }

    #[test]
    fn limits_of_agents_are_those_of_the_user() {
        assert_eq!(load("", ""), (AgentLimits::default(), vec![]));
        let (limits, problems) = load("[agents]\ncalls_per_minute = 10\nruns_at_once = 2\n", "");
        assert_eq!(problems, []);
        let wanted = AgentLimits { calls_per_minute: 10, runs_at_once: 2, ..AgentLimits::default() };
        assert_eq!(limits, wanted);
        for wrong in ["0", "-1", "100001", "\"60\"", "1.5"] {
            let (limits, problems) = load(&format!("[agents]\nwaits_at_once = {wrong}\n"), "");
            assert_eq!((limits, problems.len(), problems[0].line), (AgentLimits::default(), 1, Some(2)), "{wrong}");
        }
        assert_eq!(load("[agents]\nmore = 1\n", "").1.len(), 1);
        let (limits, problems) = load("", "[agents]\ncalls_per_minute = 10\n");
        assert_eq!((limits, problems.len()), (AgentLimits::default(), 1), "a workspace does not raise them");
    }
}
