//! The settings of checks: which failed checks block approval, and whether checks run automatically.

use super::Settings;
use super::file::File;
use crate::check::CHECKS;
use crate::domain::{Gate, Stage};
use toml::Spanned;
use toml::de::DeValue;

/// The owner of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The user: the settings hold as written.
    User,
    /// The workspace: the settings can only make gates stricter.
    Workspace,
}

const WORDS: &str = "write \"require\", \"block\", \"show\" or \"off\", or { approved = …, core = … }";

/// Applies a `[checks]` table.
pub(in crate::engine) fn apply(
    settings: &mut Settings,
    file: &mut File<'_>,
    value: &Spanned<DeValue<'_>>,
    whose: Whose,
) {
    for (key, value) in file.table(value, "checks") {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        if name == "background" && whose == Whose::User {
            let wanted = file.boolean(value, "checks.background");
            settings.check_in_background = wanted.unwrap_or(settings.check_in_background);
            continue;
        }
        if !CHECKS.iter().any(|check| check.name == name) {
            file.unknown(at, &format!("checks.{name}"), "`toolsmith check NAME` lists the checks");
            continue;
        }
        for (stage, gate) in gates(file, name, value) {
            match whose {
                Whose::User => settings.gates.set(name, stage, gate),
                Whose::Workspace => settings.gates.tighten(name, stage, gate),
            }
        }
    }
}

/// The gates of one setting: one word for both stages, or a table of stages.
fn gates(file: &mut File<'_>, name: &str, value: &Spanned<DeValue<'_>>) -> Vec<(Stage, Gate)> {
    let word = |value: &DeValue<'_>| value.as_str().and_then(|word| word.parse::<Gate>().ok());
    if let Some(gate) = word(value.get_ref()) {
        return vec![(Stage::Approved, gate), (Stage::Core, gate)];
    }
    let Some(table) = value.get_ref().as_table() else {
        file.bad(value.span().start, format!("checks.{name} is not a valid gate"), WORDS.to_owned());
        return Vec::new();
    };
    let mut found = Vec::new();
    for (key, value) in table {
        let stage = key.get_ref().parse::<Stage>().ok().filter(|stage| stage.is_vouched());
        match (stage, word(value.get_ref())) {
            (Some(stage), Some(gate)) => found.push((stage, gate)),
            _ => file.bad(
                key.span().start,
                format!("checks.{name}.{} is not a valid gate", key.get_ref()),
                WORDS.to_owned(),
            ),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Home;
    use std::path::Path;

    fn load(user: &str, workspace: &str) -> (Settings, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        let under = dir.path().join("home").into_os_string();
        let home = Home::discover(&|name| (name == "TOOLSMITH_HOME").then(|| under.clone())).unwrap();
        std::fs::create_dir_all(home.config_file().parent().unwrap()).unwrap();
        std::fs::write(home.config_file(), user).unwrap();
        std::fs::write(dir.path().join("toolsmith.toml"), workspace).unwrap();
        let (settings, problems) = Settings::load(Path::new(dir.path()), &home);
        (settings, problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn a_gate_is_set_for_both_stages_or_for_each() {
        let (settings, problems) =
            load("[checks]\nbackground = false\nmanifest = { approved = \"show\", core = \"require\" }\n", "");
        assert_eq!(problems, [""; 0]);
        assert!(!settings.check_in_background);
        assert_eq!(settings.gates.of("manifest", Stage::Approved), Gate::Show);
        assert_eq!(settings.gates.of("manifest", Stage::Core), Gate::Require);
    }

    #[test]
    fn a_check_that_nobody_set_a_gate_for_has_its_own() {
        let (settings, _) = load("", "");
        for check in CHECKS {
            assert_eq!(settings.gates.of(check.name, Stage::Approved), check.gate(), "{}", check.name);
        }
    }

    #[test]
    fn a_workspace_cannot_loosen_a_gate_nor_stop_the_checks() {
        let (settings, problems) = load("", "[checks]\nmanifest = \"off\"\nbackground = false\n");
        assert_eq!(settings.gates.of("manifest", Stage::Approved), Gate::Block);
        assert!(settings.check_in_background);
        assert_eq!(problems, ["unknown setting checks.background"]);
        let (settings, _) = load("[checks]\nmanifest = \"show\"\n", "[checks]\nmanifest = \"require\"\n");
        assert_eq!(settings.gates.of("manifest", Stage::Approved), Gate::Require);
    }

    #[test]
    fn what_is_no_gate_is_a_problem_with_its_line() {
        let (_, problems) = load("[checks]\nmanifest = \"maybe\"\nspelling = \"off\"\n", "");
        assert_eq!(problems, ["checks.manifest is not a valid gate", "unknown setting checks.spelling"]);
        let (_, problems) = load("[checks]\nmanifest = { archived = \"off\" }\n", "");
        assert_eq!(problems, ["checks.manifest.archived is not a valid gate"]);
    }
}
