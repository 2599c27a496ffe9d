//! The settings `[review]` and `[policy]`: whose approval is needed, how long a request waits, and what deprecation
//! means.

use super::Settings;
use super::file::{File, duration};
use crate::domain::{CostTier, ToolName};
use toml::Spanned;
use toml::de::DeValue;

/// Maximum number of required roles.
const MAX_ROLES: usize = 8;

/// Maximum number of days before a tool counts as unused: ten years.
const MAX_STALE_DAYS: u32 = 3_650;

/// What happens to an agent's call of a deprecated tool. A human always gets a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeprecatedPolicy {
    /// It runs, and the answer names the replacement.
    #[default]
    Warn,
    /// Only a human may run it; the answer says so and names the replacement.
    Ask,
    /// It is refused, and the answer names the replacement.
    Refuse,
    /// Its successor runs instead; without a successor, as `Warn`.
    Follow,
}

impl Settings {
    pub(super) fn apply_review(&mut self, file: &mut File<'_>, value: &Spanned<DeValue<'_>>) {
        for (key, value) in file.table(value, "review") {
            match key.get_ref().as_ref() {
                "high_roles" => {
                    if let Some(roles) = roles(value) {
                        self.high_roles = roles;
                    } else {
                        let at = value.span().start;
                        // The intended role is unknown, so a role is required that nobody has.
                        self.high_roles = vec![UNREADABLE.to_owned()];
                        let hint = "write a list of words, for example [\"security\"]; until then no tool of the high \
                                    cost tier can be approved";
                        file.bad(at, "review.high_roles is not a list of roles".to_owned(), hint.to_owned());
                    }
                }
                "expires_in" => match value.get_ref().as_str() {
                    Some("never") => self.request_expiry = None,
                    text => {
                        if let Some(expiry) = text.and_then(duration) {
                            self.request_expiry = Some(expiry);
                        } else {
                            let message = "review.expires_in is not a duration".to_owned();
                            file.bad(value.span().start, message, "write \"never\" or for example \"24h\"".to_owned());
                        }
                    }
                },
                other => {
                    let hint = "review has the settings high_roles and expires_in";
                    file.unknown(key.span().start, &format!("review.{other}"), hint);
                }
            }
        }
    }

    pub(super) fn apply_policy(&mut self, file: &mut File<'_>, value: &Spanned<DeValue<'_>>) {
        for (key, value) in file.table(value, "policy") {
            match (key.get_ref().as_ref(), value.get_ref().as_str()) {
                ("deprecated", Some("warn")) => self.deprecated = DeprecatedPolicy::Warn,
                ("deprecated", Some("ask")) => self.deprecated = DeprecatedPolicy::Ask,
                ("deprecated", Some("refuse")) => self.deprecated = DeprecatedPolicy::Refuse,
                ("deprecated", Some("follow")) => self.deprecated = DeprecatedPolicy::Follow,
                ("deprecated", _) => {
                    let hint = "write \"warn\", \"ask\", \"refuse\" or \"follow\"".to_owned();
                    file.bad(value.span().start, "policy.deprecated is not a policy".to_owned(), hint);
                }
                ("max_tier", word) => {
                    let tier = word.and_then(|word| word.parse().ok()).filter(|tier| *tier != CostTier::Prohibited);
                    // The intended tier is unknown, so the lowest applies.
                    self.max_tier = tier.unwrap_or(CostTier::Low);
                    if tier.is_none() {
                        let hint = "write \"low\", \"medium\" or \"high\"; only low runs until then".to_owned();
                        file.bad(value.span().start, "policy.max_tier is not a cost tier".to_owned(), hint);
                    }
                }
                ("stale_days", _) => {
                    let days = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<u32>().ok());
                    if let Some(days) = days.filter(|days| (1..=MAX_STALE_DAYS).contains(days)) {
                        self.stale_days = days;
                    } else {
                        let hint = format!("write a whole number of days, 1 to {MAX_STALE_DAYS}");
                        file.bad(value.span().start, "policy.stale_days is not a number of days".to_owned(), hint);
                    }
                }
                (other, _) => {
                    let hint = "policy has the settings deprecated, max_tier and stale_days";
                    file.unknown(key.span().start, &format!("policy.{other}"), hint);
                }
            }
        }
    }
}

/// Placeholder for unreadable roles. It is not a valid role word, so nobody can have this role.
const UNREADABLE: &str = "(unreadable setting)";

/// Unique words with the characters of tool names.
fn roles(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    let list = value.get_ref().as_array()?;
    let roles: Vec<String> = list
        .iter()
        .map(|role| role.get_ref().as_str().filter(|role| ToolName::new(role).is_ok()).map(str::to_owned))
        .collect::<Option<_>>()?;
    let once = roles.iter().collect::<std::collections::HashSet<_>>().len() == roles.len();
    (once && roles.len() <= MAX_ROLES).then_some(roles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Problem;
    use crate::engine::Home;
    use std::time::Duration;

    fn load(user: &str) -> (Settings, Vec<Problem>) {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { config: temp.path().join("config"), data: temp.path().join("data") };
        std::fs::create_dir(&home.config).unwrap();
        std::fs::write(home.config_file(), user).unwrap();
        Settings::load(temp.path(), &home)
    }

    #[test]
    fn review_and_policy_are_the_users_to_set() {
        let (settings, problems) =
            load("[review]\nhigh_roles = [\"security\"]\nexpires_in = \"24h\"\n[policy]\ndeprecated = \"refuse\"\n");
        assert_eq!(problems, vec![]);
        assert_eq!(settings.high_roles, ["security"]);
        assert_eq!(settings.request_expiry, Some(Duration::from_hours(24)));
        assert_eq!(settings.deprecated, DeprecatedPolicy::Refuse);
    }

    #[test]
    fn a_cap_that_cannot_be_read_lets_only_low_run() {
        assert_eq!(load("[policy]\nmax_tier = \"medium\"\n").0.max_tier, CostTier::Medium);
        for user in ["max_tier = \"prohibited\"", "max_tier = \"cheap\"", "max_tier = 1"] {
            let (settings, problems) = load(&format!("[policy]\n{user}\n"));
            assert_eq!((settings.max_tier, problems.len()), (CostTier::Low, 1), "{user}");
        }
    }

    #[test]
    fn the_days_after_which_a_tool_is_stale_are_a_whole_number() {
        assert_eq!(load("[policy]\nstale_days = 90\n").0.stale_days, 90);
        for wrong in ["0", "-3", "1.5", "\"30\"", "4000"] {
            let (settings, problems) = load(&format!("[policy]\nstale_days = {wrong}\n"));
            assert_eq!((settings.stale_days, problems.len(), problems[0].line), (30, 1, Some(2)), "{wrong}");
        }
    }

    #[test]
    fn roles_that_cannot_be_read_demand_more_never_less() {
        for user in
            ["high_roles = \"security\"", "high_roles = [1]", "high_roles = [\"a\", \"a\"]", "high_roles = [\"\"]"]
        {
            let (settings, problems) = load(&format!("[review]\n{user}\n"));
            assert_eq!(settings.high_roles, [UNREADABLE], "{user}");
            assert_eq!((problems.len(), problems[0].line), (1, Some(2)), "{user}");
        }
    }

    #[test]
    fn words_that_mean_nothing_are_named_with_their_line() {
        let (settings, problems) =
            load("[review]\nexpires_in = \"soon\"\nx = 1\n[policy]\ndeprecated = \"never\"\ny = 1\n");
        assert_eq!(settings, Settings::default());
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3, 5, 6].map(Some));
    }
}
