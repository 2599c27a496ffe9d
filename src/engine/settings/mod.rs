//! Settings: the workspace's `toolsmith.toml` and the user's `config.toml`.
//!
//! Reads both files, never writes them. No mistake in them is fatal to the workbench: an unusable setting is a
//! [`Problem`] with its line, and the default applies; if the line may have required an isolation level, runs are
//! refused until it is fixed. A workspace comes from somebody else, so it can set only where tools are and whether
//! promotions are committed; keys, colours and limits are the user's. Whether a key names an existing action is for the
//! front end that owns the keys.

mod agents;
mod checks;
mod file;
pub(super) mod generators;
mod history;
pub(super) mod init;
mod programs;
pub(super) mod review;
pub(super) mod secrets;
mod services;
mod signing;
mod starter;
mod team;
mod workers;

pub use agents::AgentLimits;
pub(super) use file::duration;
pub use generators::{ApiSetting, BUILT_IN, EvolveSettings, GeneratorSetting, WaySetting};
pub use init::{InitReport, init, plan_init};
pub use review::DeprecatedPolicy;
pub use secrets::SecretSource;
pub use services::ServiceSettings;
pub(in crate::engine) use services::{STACK_HINT, is_stack};
pub use signing::Signing;
pub use starter::{StarterTool, write_starter};
pub use team::{TeamSettings, TeamTrust, team_address};
pub use workers::WorkerSetting;

use super::core::Gates;
use super::state::home::Home;
use crate::check::CHECKS;
use crate::domain::{CostTier, IsolationLevel, Problem, ProblemCode, Stage};
use crate::outside::holds_more;
use crate::runner::Bubblewrap;
use checks::Whose;
use file::{File, changed_by_others, read_text};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// All settings with their defaults, as text; also their documentation.
pub const DEFAULT_CONFIG: &str = include_str!("../../../assets/config.toml");

/// The settings file that a new workspace gets.
pub(super) const DEFAULT_WORKSPACE: &str = include_str!("../../../assets/toolsmith.toml");

/// Which colours to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// The background that the terminal reports.
    #[default]
    Auto,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// The highest contrast.
    HighContrast,
    /// Only the 16 named colours of the terminal.
    Ansi,
}

/// How charts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlotSetting {
    /// As images if the terminal is known to support them.
    #[default]
    Auto,
    /// As text characters.
    Characters,
    /// As images in the kitty protocol.
    Kitty,
    /// As images in the iTerm2 protocol.
    Iterm2,
    /// As Sixel images.
    Sixel,
}

/// A further folder with tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootSetting {
    /// Relative to the workspace, or absolute; `~` is already replaced.
    pub path: PathBuf,
    /// Stage of everything in it; `None` lets sub-folders named like stages decide.
    pub stage: Option<Stage>,
}

/// The keys for one action, as written; not validated against the table of actions yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySetting {
    /// Name of the action.
    pub action: String,
    /// Its keys; empty removes them.
    pub keys: Vec<String>,
    /// Line in the user's settings file, counted from 1.
    pub line: u64,
}

/// The effective settings: the defaults, changed by the user's file and by what a workspace may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Folders with tools in addition to `tools/`.
    pub roots: Vec<RootSetting>,
    /// Whether moves are committed to git.
    pub commit: bool,
    /// The colour theme.
    pub theme: Theme,
    /// How charts are shown.
    pub plots: PlotSetting,
    /// Whether the mouse is enabled.
    pub mouse: bool,
    /// Whether requests of agents ring the bell while the terminal is not focused.
    pub ring: bool,
    /// Wall-clock limit of a run by stage, if the manifest has none.
    pub timeouts: BTreeMap<Stage, Duration>,
    /// Keys of the user, in the order of the file.
    pub keys: Vec<KeySetting>,
    /// The minimum isolation level of a run, by stage.
    pub isolation: BTreeMap<Stage, IsolationLevel>,
    /// Which bubblewrap is used.
    pub bubblewrap: Bubblewrap,
    /// Whether runs are observed.
    pub observe: bool,
    /// The sources of the secrets that tools may declare, by name.
    pub secrets: BTreeMap<String, SecretSource>,
    /// The paths of programs, by name; they take precedence over programs found elsewhere.
    pub programs: BTreeMap<String, PathBuf>,
    /// Which failed checks block approval.
    pub gates: Gates,
    /// Whether an open workbench runs checks in the background.
    pub check_in_background: bool,
    /// Roles that must each give an additional approval for the high cost tier.
    pub high_roles: Vec<String>,
    /// The time limit of requests that state none; `None` means no limit.
    pub request_expiry: Option<Duration>,
    /// What happens when an agent calls a deprecated tool.
    pub deprecated: DeprecatedPolicy,
    /// The highest tier that may run: at most high, because prohibited tools never run.
    pub max_tier: CostTier,
    /// How much output of runs is kept.
    pub history: crate::domain::KeepOutput,
    /// The request limits of a connected agent.
    pub agents: AgentLimits,
    /// After how many days without use `stale` proposes to archive a tool.
    pub stale_days: u32,
    /// What is signed, and whose signatures count.
    pub signing: Signing,
    /// Where the team stores its decisions, and the effect of its approvals here.
    pub team: TeamSettings,
    /// The generators, in the order of the file.
    pub generators: Vec<GeneratorSetting>,
    /// The settings of the evolution loop.
    pub evolve: EvolveSettings,
    /// Other machines that can run tools, by name.
    pub workers: BTreeMap<String, WorkerSetting>,
    /// Ports and stack of services.
    pub services: ServiceSettings,
    /// Why no run may start: the user's requirements for runs cannot be parsed. One line with its location.
    pub fault: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let limits = [(Stage::Experimental, 10), (Stage::Approved, 60), (Stage::Core, 60)];
        Settings {
            roots: Vec::new(),
            commit: true,
            theme: Theme::Auto,
            plots: PlotSetting::Auto,
            mouse: true,
            ring: true,
            timeouts: limits.into_iter().map(|(stage, seconds)| (stage, Duration::from_secs(seconds))).collect(),
            keys: Vec::new(),
            isolation: [Stage::Experimental, Stage::Approved, Stage::Core]
                .map(|stage| (stage, IsolationLevel::Confined))
                .into(),
            bubblewrap: Bubblewrap::Auto,
            observe: true,
            secrets: BTreeMap::new(),
            programs: BTreeMap::new(),
            gates: Gates::usual(CHECKS.iter().map(|check| (check.name, check.gate()))),
            check_in_background: true,
            high_roles: Vec::new(),
            request_expiry: None,
            deprecated: DeprecatedPolicy::Warn,
            max_tier: CostTier::High,
            history: crate::domain::KeepOutput::default(),
            agents: AgentLimits::default(),
            stale_days: 30,
            signing: Signing::default(),
            team: TeamSettings::default(),
            generators: Vec::new(),
            evolve: EvolveSettings::default(),
            workers: BTreeMap::new(),
            services: ServiceSettings::default(),
            fault: None,
        }
    }
}

impl Settings {
    /// Reads both files. A missing file is not a problem.
    pub fn load(workspace: &Path, home: &Home) -> (Settings, Vec<Problem>) {
        let mut settings = Settings::default();
        let user_home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
        let mut problems =
            settings.read("toolsmith.toml", &workspace.join("toolsmith.toml"), &|settings, file, table| {
                settings.apply_workspace(file, table, user_home.as_deref());
            });
        let config = home.config_file();
        let mut found = match [config.parent(), Some(&config)].into_iter().flatten().find_map(changed_by_others) {
            Some(problem) => vec![problem],
            None => settings.read(&config.to_string_lossy(), &config, &|settings, file, table| {
                settings.apply_user(file, table, user_home.as_deref());
            }),
        };
        // Any problem other than a bad setting prevents reading the whole file, so the user's requirements are unknown.
        for problem in found.iter_mut().filter(|problem| problem.code == ProblemCode::BadSyntax) {
            problem.hint = String::from("fix the line; until then runs and approvals are refused");
        }
        let unread = found.iter().find(|problem| problem.code != ProblemCode::BadSetting);
        settings.signing.fault = settings.signing.fault.take().or_else(|| unread.map(Problem::placed));
        settings.refuse_runs(unread);
        problems.extend(found);
        (settings, problems)
    }

    /// Remembers a problem that may hide the user's requirements for runs: the defaults could be weaker.
    fn refuse_runs(&mut self, problem: Option<&Problem>) {
        let Some(problem) = problem else { return };
        self.fault.get_or_insert_with(|| format!("{}; runs are refused until it is fixed", problem.placed()));
    }

    /// The wall-clock limit for runs of this stage.
    pub fn timeout(&self, stage: Stage) -> Option<Duration> {
        self.timeouts.get(&stage).copied()
    }

    /// The minimum isolation level of a run of this stage.
    pub fn least_isolation(&self, stage: Stage) -> IsolationLevel {
        self.isolation.get(&stage).copied().unwrap_or(IsolationLevel::Confined)
    }

    fn read(
        &mut self,
        shown: &str,
        path: &Path,
        apply: &dyn Fn(&mut Settings, &mut File<'_>, &DeTable<'_>),
    ) -> Vec<Problem> {
        let text = match read_text(path) {
            Ok(Some(text)) => text,
            Ok(None) => return Vec::new(),
            Err((code, message)) => {
                let hint = "defaults apply until it can be read".to_owned();
                return vec![Problem { path: shown.to_owned(), line: None, code, message, hint }];
            }
        };
        let mut file = File { path: shown, text: &text, problems: Vec::new() };
        match DeTable::parse(&text) {
            Ok(table) => apply(self, &mut file, table.get_ref()),
            Err(error) => file.syntax(&error),
        }
        file.problems
    }

    fn apply_workspace(&mut self, file: &mut File<'_>, table: &DeTable<'_>, user_home: Option<&Path>) {
        for (key, value) in table {
            let at = key.span().start;
            match key.get_ref().as_ref() {
                "roots" => self.roots = file.roots(value, user_home),
                "git" => {
                    for (key, value) in file.table(value, "git") {
                        match key.get_ref().as_ref() {
                            "commit" => self.commit = file.boolean(value, "git.commit").unwrap_or(self.commit),
                            other => {
                                file.unknown(key.span().start, &format!("git.{other}"), "git has the setting commit");
                            }
                        }
                    }
                }
                "checks" => checks::apply(self, file, value, Whose::Workspace),
                "services" => self.services = file.services(value),
                "team" => self.team.limits = file.team_of_workspace(value),
                word @ ("theme" | "plots" | "mouse" | "ring" | "timeouts" | "keys" | "isolation" | "secrets"
                | "programs" | "signing" | "policy" | "review" | "agents" | "history" | "generators"
                | "evolve" | "workers") => {
                    let message = format!("{word} cannot be set in a workspace");
                    file.bad(at, message, "it is a user setting: put it into the user's config.toml".to_owned());
                }
                other => {
                    file.unknown(at, other, "a workspace has the settings git, checks, services, team and [[roots]]");
                }
            }
        }
    }

    fn apply_user(&mut self, file: &mut File<'_>, table: &DeTable<'_>, user_home: Option<&Path>) {
        for (key, value) in table {
            let at = key.span().start;
            match key.get_ref().as_ref() {
                "theme" => self.theme = file.theme(value).unwrap_or(self.theme),
                "plots" => self.plots = file.plots(value).unwrap_or(self.plots),
                "mouse" => self.mouse = file.boolean(value, "mouse").unwrap_or(self.mouse),
                "ring" => self.ring = file.boolean(value, "ring").unwrap_or(self.ring),
                "timeouts" => {
                    for (key, value) in file.table(value, "timeouts") {
                        if let Some((stage, limit)) = file.timeout(key.get_ref(), key.span().start, value) {
                            self.timeouts.insert(stage, limit);
                        }
                    }
                }
                "keys" => self.keys = file.keys(value),
                "checks" => checks::apply(self, file, value, Whose::User),
                "isolation" => {
                    let before = file.problems.len();
                    for (key, value) in file.table(value, "isolation") {
                        self.apply_isolation(file, key, value);
                    }
                    self.refuse_runs(file.problems.get(before));
                }
                "secrets" => {
                    self.secrets = file.secrets(value, user_home);
                    if value.get_ref().as_table().is_none() {
                        // It is unknown which variables were meant to be secrets.
                        self.refuse_runs(file.problems.last());
                    }
                }
                "programs" => self.programs = file.programs(value, user_home),
                "review" => self.apply_review(file, value),
                "policy" => self.apply_policy(file, value),
                "agents" => self.agents = file.agents(value),
                "history" => self.history = file.history(value),
                "workers" => self.workers = file.workers(value),
                "signing" => self.signing = file.signing(value, user_home),
                "team" => self.team = file.team(value, user_home, &self.team.limits),
                "generators" => self.apply_generators(file, value, user_home),
                "evolve" => {
                    let declared = table.get("generators").and_then(|value| value.get_ref().as_table());
                    self.apply_evolve(file, value, declared);
                }
                word @ ("roots" | "git") => {
                    let message = format!("{word} is a workspace setting");
                    file.bad(at, message, "put it into the workspace's toolsmith.toml".to_owned());
                }
                other => {
                    file.unknown(
                        at,
                        other,
                        "the settings are theme, plots, mouse, ring, timeouts, isolation, checks, review, policy, agents, history, secrets, programs, signing, team, \
                         generators, evolve, workers and keys",
                    );
                    if holds_isolation(value) {
                        self.refuse_runs(file.problems.last());
                    }
                }
            }
        }
    }
}

/// Whether an unknown table looks like a misspelt `[isolation]`.
fn holds_isolation(value: &Spanned<DeValue<'_>>) -> bool {
    let is_of_isolation = |key: &str| key == "bubblewrap" || key == "observe" || key.parse::<Stage>().is_ok();
    value.get_ref().as_table().is_some_and(|table| table.keys().any(|key| is_of_isolation(key.get_ref())))
}

impl Settings {
    fn apply_isolation(&mut self, file: &mut File<'_>, key: &Spanned<Cow<'_, str>>, value: &Spanned<DeValue<'_>>) {
        let at = value.span().start;
        match key.get_ref().as_ref() {
            "observe" => self.observe = file.boolean(value, "isolation.observe").unwrap_or(self.observe),
            "bubblewrap" => match value.get_ref().as_str() {
                Some("auto") => self.bubblewrap = Bubblewrap::Auto,
                Some("off") => self.bubblewrap = Bubblewrap::Off,
                Some(path) if Path::new(path).is_absolute() => self.bubblewrap = Bubblewrap::At(path.into()),
                _ => {
                    let hint = "write \"auto\", \"off\" or an absolute path".to_owned();
                    file.bad(at, "isolation.bubblewrap is not a program".to_owned(), hint);
                }
            },
            stage => {
                let Some(stage) = stage.parse::<Stage>().ok().filter(|stage| *stage != Stage::Archived) else {
                    let hint = "isolation has bubblewrap, observe, experimental, approved and core";
                    file.unknown(key.span().start, &format!("isolation.{stage}"), hint);
                    return;
                };
                let level = value.get_ref().as_str().and_then(|word| word.parse().ok());
                if let Some(level) = level.filter(|level| *level != IsolationLevel::None) {
                    self.isolation.insert(stage, level);
                } else {
                    let hint = "write \"isolated\", \"confined\" or \"limits-only\"".to_owned();
                    file.bad(at, format!("isolation.{stage} is not a level"), hint);
                }
            }
        }
    }
}

impl File<'_> {
    fn theme(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Theme> {
        match value.get_ref().as_str() {
            Some("auto") => Some(Theme::Auto),
            Some("dark") => Some(Theme::Dark),
            Some("light") => Some(Theme::Light),
            Some("high-contrast") => Some(Theme::HighContrast),
            Some("ansi") => Some(Theme::Ansi),
            _ => {
                let hint = "write \"auto\", \"dark\", \"light\", \"high-contrast\" or \"ansi\"".to_owned();
                self.bad(value.span().start, "theme is not a known theme".to_owned(), hint);
                None
            }
        }
    }

    fn plots(&mut self, value: &Spanned<DeValue<'_>>) -> Option<PlotSetting> {
        match value.get_ref().as_str() {
            Some("auto") => Some(PlotSetting::Auto),
            Some("characters") => Some(PlotSetting::Characters),
            Some("kitty") => Some(PlotSetting::Kitty),
            Some("iterm2") => Some(PlotSetting::Iterm2),
            Some("sixel") => Some(PlotSetting::Sixel),
            _ => {
                let hint = "write \"auto\", \"characters\", \"kitty\", \"iterm2\" or \"sixel\"".to_owned();
                self.bad(value.span().start, "plots is not a known way to show charts".to_owned(), hint);
                None
            }
        }
    }

    fn timeout(&mut self, stage: &str, at: usize, value: &Spanned<DeValue<'_>>) -> Option<(Stage, Duration)> {
        let Some(stage) = stage.parse().ok().filter(|stage| *stage != Stage::Archived) else {
            self.unknown(at, &format!("timeouts.{stage}"), "limits can be set for experimental, approved and core");
            return None;
        };
        let limit = value.get_ref().as_str().and_then(duration);
        if limit.is_none() {
            let message = format!("timeouts.{stage} is not a duration");
            self.bad(value.span().start, message, "write for example \"500ms\", \"30s\" or \"2m\"".to_owned());
        }
        limit.map(|limit| (stage, limit))
    }

    fn keys(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<KeySetting> {
        let mut settings = Vec::new();
        for (action, value) in self.table(value, "keys") {
            let keys = match value.get_ref() {
                DeValue::String(key) => Some(vec![key.to_string()]),
                DeValue::Array(list) => list.iter().map(|key| key.get_ref().as_str().map(str::to_owned)).collect(),
                _ => None,
            };
            if let Some(keys) = keys {
                let line = self.line(action.span().start);
                settings.push(KeySetting { action: action.get_ref().to_string(), keys, line });
            } else {
                let message = format!("keys.{} is neither a key nor a list of keys", action.get_ref());
                self.bad(value.span().start, message, "write for example \"r\" or [\"r\", \"ctrl-r\"]".to_owned());
            }
        }
        settings
    }

    fn roots(&mut self, value: &Spanned<DeValue<'_>>, user_home: Option<&Path>) -> Vec<RootSetting> {
        let Some(list) = value.get_ref().as_array() else {
            let message = format!("roots is a {}", value.get_ref().type_str());
            self.bad(value.span().start, message, "write a [[roots]] table for each folder".to_owned());
            return Vec::new();
        };
        list.iter().filter_map(|item| self.root(item, user_home)).collect()
    }

    fn root(&mut self, item: &Spanned<DeValue<'_>>, user_home: Option<&Path>) -> Option<RootSetting> {
        let (mut path, mut stage, before) = (None, None, self.problems.len());
        for (key, value) in self.table(item, "[roots]") {
            match (key.get_ref().as_ref(), value.get_ref().as_str()) {
                ("path", Some(text)) if !text.trim().is_empty() => {
                    path = self.expand(value.span().start, text, user_home);
                    // Otherwise, a foreign workspace could cause a scan of the whole disk, for minutes.
                    let is_wide = |path: &PathBuf| {
                        let kernel = ["/proc", "/sys", "/dev"].iter().any(|folder| path.starts_with(folder));
                        kernel || (path.is_absolute() && holds_more(path, user_home.unwrap_or(Path::new(""))))
                    };
                    if path.as_ref().is_some_and(is_wide) {
                        let message = format!("roots.path {text} is not a folder for tools");
                        self.bad(value.span().start, message, "name the folder that contains the tools".to_owned());
                    }
                }
                ("stage", Some(word)) if word.parse::<Stage>().is_ok() => stage = word.parse().ok(),
                ("path", _) => self.bad(value.span().start, "roots.path is not a path".into(), "write a folder".into()),
                ("stage", _) => {
                    let hint = "write \"experimental\", \"approved\", \"core\" or \"archived\"".to_owned();
                    self.bad(value.span().start, "roots.stage is not a stage".to_owned(), hint);
                }
                (other, _) => {
                    self.unknown(key.span().start, &format!("roots.{other}"), "a root has the keys path and stage");
                }
            }
        }
        if path.is_none() && self.problems.len() == before {
            self.bad(item.span().start, "a root has no path".to_owned(), "add path = \"FOLDER\"".to_owned());
        }
        // A root with an unreadable stage must not appear at another stage than intended.
        if self.problems.len() > before { None } else { path.map(|path| RootSetting { path, stage }) }
    }
}

#[cfg(test)]
mod schema_tests;

#[cfg(test)]
mod tests;
