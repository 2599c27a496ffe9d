//! The setting `[team]`: where the team stores its decisions, its first policy, and the effect of its approvals here.
//!
//! The user sets the remote and the policy. A workspace comes from somebody else and may only reduce trust.

use super::file::{File, duration};
use crate::domain::team::FileName;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeArray, DeValue};

/// The effect of an approval by the team.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TeamTrust {
    /// It is shown to reviewers.
    #[default]
    Review,
    /// It counts if it is for one of these criteria.
    Criteria(BTreeSet<String>),
    /// It counts.
    Team,
}

impl TeamTrust {
    /// Whether approvals for a criterion count here.
    pub fn covers(&self, criterion: &str) -> bool {
        match self {
            TeamTrust::Review => false,
            TeamTrust::Criteria(names) => names.contains(criterion),
            TeamTrust::Team => true,
        }
    }

    /// The lower of two levels of trust.
    fn both(self, other: &TeamTrust) -> TeamTrust {
        match (self, other) {
            (TeamTrust::Team, other) => other.clone(),
            (own, TeamTrust::Team) => own,
            (TeamTrust::Criteria(own), TeamTrust::Criteria(other)) => TeamTrust::Criteria(&own & other),
            _ => TeamTrust::Review,
        }
    }
}

impl fmt::Display for TeamTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TeamTrust::Review => f.pad("review"),
            TeamTrust::Criteria(names) if names.is_empty() => f.pad("review"),
            TeamTrust::Criteria(names) => f.pad(&names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
            TeamTrust::Team => f.pad("team"),
        }
    }
}

/// The default interval between fetches of an open workbench.
const FETCH: Duration = Duration::from_mins(1);

/// The minimum time between two fetches.
const LEAST_FETCH: Duration = Duration::from_secs(10);

/// The team of this machine; nothing is exchanged by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamSettings {
    /// A URL or an absolute path of a git repository, or the address of object storage; `None` if there is no team.
    pub remote: Option<String>,
    /// The first policy, pinned by hand.
    pub policy: Option<FileName>,
    /// The effect of an approval by the team.
    pub trust: TeamTrust,
    /// How often an open workbench fetches automatically; `None` for never.
    pub fetch: Option<Duration>,
    /// Whether this workspace keeps its decisions private and exchanges nothing. Decisions that were received before
    /// still stop versions, and keys keep their roles.
    pub is_private: bool,
    /// The limits that the workspace sets.
    pub(super) limits: TeamLimits,
}

impl Default for TeamSettings {
    fn default() -> TeamSettings {
        let (remote, policy, trust) = (None, None, TeamTrust::default());
        TeamSettings { remote, policy, trust, fetch: Some(FETCH), is_private: false, limits: TeamLimits::default() }
    }
}

impl TeamSettings {
    /// How often an open workbench fetches automatically; `None` without a team, and when nothing is exchanged.
    pub fn fetches(&self) -> Option<Duration> {
        let has_team = self.remote.is_some() && self.policy.is_some() && !self.is_private;
        self.fetch.filter(|_| has_team)
    }
}

/// The limits that a workspace sets for the team of its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TeamLimits {
    trust: TeamTrust,
    /// Whether decisions stay in the workspace, and those of the team are only shown.
    is_private: bool,
}

impl Default for TeamLimits {
    fn default() -> TeamLimits {
        TeamLimits { trust: TeamTrust::Team, is_private: false }
    }
}

const KNOWN: &str = "team has the settings remote, policy, trust and fetch";

impl File<'_> {
    /// Reads the user's settings.
    pub(super) fn team(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        user_home: Option<&Path>,
        limits: &TeamLimits,
    ) -> TeamSettings {
        let mut team = TeamSettings { limits: limits.clone(), ..TeamSettings::default() };
        for (key, value) in self.table(value, "team") {
            let (at, text) = (value.span().start, value.get_ref().as_str());
            match key.get_ref().as_ref() {
                "remote" => {
                    team.remote = text.and_then(|text| address(text, user_home));
                    if team.remote.is_none() {
                        let hint =
                            "write a URL, HOST:PATH, a path that begins with / or ~/, or s3://BUCKET/PREFIX".to_owned();
                        self.bad(
                            at,
                            "team.remote is not the address of a git repository or of object storage".to_owned(),
                            hint,
                        );
                    }
                }
                "policy" => {
                    team.policy = text.and_then(|text| text.parse().ok());
                    if team.policy.is_none() {
                        let hint = "write its 64 digits; `toolsmith team-policy FILE` shows them".to_owned();
                        self.bad(at, "team.policy is not the SHA-256 of a policy".to_owned(), hint);
                    }
                }
                "trust" => team.trust = self.trust(at, value.get_ref()),
                "fetch" => team.fetch = self.fetch(at, text),
                other => self.unknown(key.span().start, &format!("team.{other}"), KNOWN),
            }
        }
        team.is_private = limits.is_private;
        team.trust = if limits.is_private { TeamTrust::Review } else { team.trust.both(&limits.trust) };
        team
    }

    /// Reads the limits that a workspace sets for the team of its user. A workspace cannot cancel what the team
    /// stopped.
    pub(super) fn team_of_workspace(&mut self, value: &Spanned<DeValue<'_>>) -> TeamLimits {
        let mut limits = TeamLimits::default();
        for (key, value) in self.table(value, "team") {
            let at = value.span().start;
            match key.get_ref().as_ref() {
                "trust" => limits.trust = self.trust(at, value.get_ref()),
                "enabled" => limits.is_private = !self.boolean(value, "team.enabled").unwrap_or(true),
                name @ ("remote" | "policy" | "fetch") => {
                    let hint = "it is a user setting: put it into the user's config.toml".to_owned();
                    self.bad(key.span().start, format!("team.{name} cannot be set in a workspace"), hint);
                }
                other => {
                    let hint = "a workspace has the settings team.trust and team.enabled";
                    self.unknown(key.span().start, &format!("team.{other}"), hint);
                }
            }
        }
        limits
    }

    /// The interval between fetches; an invalid value means never.
    fn fetch(&mut self, at: usize, text: Option<&str>) -> Option<Duration> {
        if text == Some("off") {
            return None;
        }
        let every = text.and_then(duration).filter(|every| *every >= LEAST_FETCH);
        if every.is_none() {
            let hint =
                "write a time from 10s on, for example \"1m\", or \"off\"; nothing is fetched until then".to_owned();
            self.bad(at, "team.fetch is not a time".to_owned(), hint);
        }
        every
    }

    /// The level of trust; an invalid value means the lowest.
    fn trust(&mut self, at: usize, value: &DeValue<'_>) -> TeamTrust {
        let names = |all: &DeArray<'_>| -> Option<BTreeSet<String>> {
            let name = |name: &Spanned<DeValue<'_>>| name.get_ref().as_str().map(str::to_owned);
            all.iter().map(name).collect()
        };
        match (value.as_str(), value.as_array().and_then(names)) {
            (Some("review"), _) => TeamTrust::Review,
            (Some("team"), _) => TeamTrust::Team,
            (_, Some(names)) => TeamTrust::Criteria(names),
            _ => {
                let hint = "write \"review\", \"team\" or a list of criteria; review applies until then".to_owned();
                self.bad(at, "team.trust is not a kind of trust".to_owned(), hint);
                TeamTrust::Review
            }
        }
    }
}

/// The address on the command line; `None` if the text is not an address.
pub fn team_address(text: &str) -> Option<String> {
    address(text, None)
}

/// An address that git cannot misread. One that starts with a dash would be an option, and one like `ext::` would name
/// a program.
fn address(text: &str, user_home: Option<&Path>) -> Option<String> {
    if text.starts_with('-') || text.contains("::") || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    if let Some(rest) = text.strip_prefix("~/") {
        return user_home?.join(rest).to_str().map(str::to_owned);
    }
    let is_git = ["https://", "http://", "ssh://", "git://"].iter().any(|scheme| text.starts_with(scheme));
    let is_url = is_git || crate::objects::is_address(text);
    let is_host = text.split_once(':').is_some_and(|(host, path)| {
        !host.is_empty() && !host.contains('/') && !path.is_empty() && !path.starts_with("//")
    });
    (is_url || is_host || text.starts_with('/')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Home;
    use crate::engine::settings::Settings;

    fn load(user: &str, workspace: &str) -> (Settings, Vec<String>) {
        let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let home = Home { config: home.path().join("config"), data: home.path().join("data") };
        std::fs::create_dir_all(home.config_file().parent().unwrap()).unwrap();
        std::fs::write(home.config_file(), user).unwrap();
        std::fs::write(folder.path().join("toolsmith.toml"), workspace).unwrap();
        let (settings, problems) = Settings::load(folder.path(), &home);
        (settings, problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn a_workspace_can_only_lower_the_trust_of_the_user() {
        let of = |names: &[&str]| TeamTrust::Criteria(names.iter().map(|name| (*name).to_owned()).collect());
        let user = "[team]\nremote = \"git@host:team/tools.git\"\ntrust = \"team\"\n";
        for (user, workspace, trust) in [
            (user, "", TeamTrust::Team),
            (user, "[team]\ntrust = \"review\"\n", TeamTrust::Review),
            (user, "[team]\ntrust = 1\n", TeamTrust::Review),
            ("[team]\nremote = \"/r\"\n", "[team]\ntrust = \"team\"\n", TeamTrust::Review),
            ("[team]\ntrust = \"all\"\n", "", TeamTrust::Review),
            ("[team]\ntrust = [\"run\", 1]\n", "", TeamTrust::Review),
            ("[team]\ntrust = [\"run\", \"deploy\"]\n", "", of(&["run", "deploy"])),
            (user, "[team]\ntrust = [\"run\"]\n", of(&["run"])),
            ("[team]\ntrust = [\"run\", \"deploy\"]\n", "[team]\ntrust = [\"audited\", \"run\"]\n", of(&["run"])),
            ("[team]\ntrust = [\"run\"]\n", "[team]\ntrust = \"team\"\n", of(&["run"])),
            ("[team]\ntrust = [\"run\"]\n", "[team]\ntrust = \"review\"\n", TeamTrust::Review),
        ] {
            assert_eq!(load(user, workspace).0.team.trust, trust, "{user} {workspace}");
        }
        for (value, is_private, trust) in [
            ("false", true, TeamTrust::Review),
            ("true", false, TeamTrust::Team),
            // An error is reported, and nothing changes.
            ("1", false, TeamTrust::Team),
        ] {
            let (settings, problems) = load(user, &format!("[team]\nenabled = {value}\n"));
            let team = settings.team;
            assert_eq!((team.is_private, team.trust, team.remote.is_some()), (is_private, trust, true), "{value}");
            assert_eq!(problems.len(), usize::from(value == "1"), "{problems:?}");
        }
        let (settings, problems) = load("", "[team]\nremote = \"/evil\"\npolicy = \"0\"\n");
        assert_eq!((settings.team.remote, settings.team.policy), (None, None));
        assert_eq!(problems, ["team.remote cannot be set in a workspace", "team.policy cannot be set in a workspace"]);
    }

    #[test]
    fn only_the_user_says_how_often_an_open_workbench_fetches() {
        let team =
            "[team]\nremote = \"/r\"\npolicy = \"70cdcea15dfe722a8198f009b738e4ed58467344ae92921c96432e3e016e6cbb\"\n";
        let minute = Some(Duration::from_mins(1));
        for (more, workspace, every) in [
            ("", "", minute),
            ("fetch = \"5m\"", "", Some(Duration::from_mins(5))),
            ("fetch = \"off\"", "", None),
            ("", "[team]\nfetch = \"10s\"\n", minute),
            ("fetch = \"off\"", "[team]\nfetch = \"1m\"\n", None),
            // A private workspace exchanges nothing.
            ("", "[team]\nenabled = false\n", None),
            ("fetch = \"1s\"", "", None),
            ("fetch = 60", "", None),
        ] {
            let (settings, problems) = load(&format!("{team}{more}"), workspace);
            assert_eq!(settings.team.fetches(), every, "{more} {workspace}");
            let is_wrong = workspace.contains("fetch") || more.contains("1s") || more.contains("60");
            assert_eq!(problems.len(), usize::from(is_wrong), "{more} {workspace}: {problems:?}");
        }
        assert_eq!(load("[team]\nfetch = \"1m\"\n", "").0.team.fetches(), None, "there is no team");
        assert_eq!(load("", "[team]\nfetch = \"1m\"\n").0.team.fetches(), None);
    }

    #[test]
    fn an_address_is_an_address_and_nothing_else() {
        let home = Some(Path::new("/home/ada"));
        for good in [
            "https://h/t.git",
            "git@h:t.git",
            "h:t",
            "ssh://h/t",
            "/srv/t.git",
            "file:///srv/t",
            "s3://b/p",
            "az://b",
            "gs://b",
        ] {
            assert_eq!(address(good, home).as_deref(), Some(good));
        }
        assert_eq!(address("~/t.git", home).as_deref(), Some("/home/ada/t.git"));
        for bad in ["", "--upload-pack=evil", "ext::sh -c evil", "ext::evil", "t.git", "../t", "ftp://h/t", "/a b"] {
            assert_eq!(address(bad, home), None, "{bad}");
        }
    }
}
