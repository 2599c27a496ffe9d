//! The setting `[services]` of a workspace: how its services get ports, and which stack they belong to.

use super::file::File;
use crate::domain::service::PortMode;
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::DeValue;

/// The default port range of services.
const USUAL_RANGE: RangeInclusive<u16> = 50_000..=60_000;

/// The lowest port that needs no privilege.
const LEAST_PORT: u16 = 1_024;

/// Maximum length of the name of a stack, bytes.
const MAX_STACK: usize = 64;

/// The service settings of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceSettings {
    /// How a port number is chosen if the definition does not say.
    pub port_mode: PortMode,
    /// The range of port numbers.
    pub port_range: RangeInclusive<u16>,
    /// The stack of its instances; `None` for the stack of the workspace.
    pub stack: Option<String>,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        ServiceSettings { port_mode: PortMode::Hybrid, port_range: USUAL_RANGE, stack: None }
    }
}

impl File<'_> {
    pub(super) fn services(&mut self, value: &Spanned<DeValue<'_>>) -> ServiceSettings {
        let mut settings = ServiceSettings::default();
        for (key, value) in self.table(value, "services") {
            let at = value.span().start;
            let text = value.get_ref().as_str();
            match key.get_ref().as_ref() {
                "port_mode" => match text.and_then(|word| word.parse().ok()) {
                    Some(mode) => settings.port_mode = mode,
                    None => self.bad(
                        at,
                        "services.port_mode is not a port mode".to_owned(),
                        "write \"fixed\", \"dynamic\" or \"hybrid\"".to_owned(),
                    ),
                },
                "port_range" => match text.and_then(range) {
                    Some(range) => settings.port_range = range,
                    None => self.bad(
                        at,
                        "services.port_range is not a range of ports".to_owned(),
                        "write it like \"50000-60000\", from 1024 on".to_owned(),
                    ),
                },
                "stack" => match text.filter(|name| is_stack(name)) {
                    Some(name) => settings.stack = Some(name.to_owned()),
                    None => self.bad(at, "services.stack is not a valid name".to_owned(), STACK_HINT.to_owned()),
                },
                other => self.unknown(
                    key.span().start,
                    &format!("services.{other}"),
                    "services has the settings port_mode, port_range and stack",
                ),
            }
        }
        settings
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first >= LEAST_PORT && first <= last).then_some(first..=last)
}

/// The rule for stack names, for error messages.
pub(in crate::engine) const STACK_HINT: &str = "use up to 64 letters, digits, _ . and -";

/// Whether a text is a valid name of a stack.
pub(in crate::engine) fn is_stack(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_STACK && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Home;
    use crate::engine::settings::Settings;

    fn load(text: &str) -> (ServiceSettings, Vec<String>) {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { config: temp.path().join("config"), data: temp.path().join("data") };
        std::fs::write(temp.path().join("toolsmith.toml"), text).unwrap();
        let (settings, problems) = Settings::load(temp.path(), &home);
        (settings.services, problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn a_workspace_says_which_ports_its_services_get() {
        let (settings, problems) =
            load("[services]\nport_mode = \"dynamic\"\nport_range = \"40000-40010\"\nstack = \"B\"\n");
        assert_eq!(problems, Vec::<String>::new());
        let wanted =
            ServiceSettings { port_mode: PortMode::Dynamic, port_range: 40_000..=40_010, stack: Some("B".into()) };
        assert_eq!(settings, wanted);
        assert_eq!(load("").0, ServiceSettings::default());
    }

    #[test]
    fn what_is_no_setting_of_services_is_a_problem_and_the_default_holds() {
        for line in [
            "port_mode = \"any\"",
            "port_range = \"60000-50000\"",
            "port_range = \"80-90\"",
            "port_range = \"1-99999\"",
            "port_range = 5",
            "stack = \"../x\"",
            "stack = \"\"",
            "ports = 3",
        ] {
            let (settings, problems) = load(&format!("[services]\n{line}\n"));
            assert_eq!((settings, problems.len()), (ServiceSettings::default(), 1), "{line}: {problems:?}");
        }
    }
}
