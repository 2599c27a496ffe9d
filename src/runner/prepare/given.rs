//! The variables that a run receives by name, and the redaction of their values in everything it leaves.

use crate::domain::{Redactor, Secret};
use crate::outside::{ExternalProgram, Programs, loads_code};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

/// The time limit of a command that prints a secret: a user may have to type a passphrase.
const PATIENCE: Duration = Duration::from_secs(10);

/// Variables without sensitive values; redacting them would only garble the text.
const PUBLIC: [&str; 12] = [
    "USER",
    "LOGNAME",
    "SHELL",
    "TZ",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "DISPLAY",
    "COLORTERM",
    "NO_COLOR",
    "COLUMNS",
    "LINES",
];

/// The variables of the caller and the secrets of the user that one run receives.
#[derive(Debug, Default)]
pub struct RunEnvironment {
    values: BTreeMap<String, Secret>,
    redactor: Redactor,
}

impl RunEnvironment {
    /// The environment of a run with grants for these names: the secret of that name if there is one, otherwise the
    /// variable of this process.
    pub fn gather(names: &[String], secrets: BTreeMap<String, Secret>) -> RunEnvironment {
        RunEnvironment::of(names, secrets, &std::env::vars_os().collect())
    }

    /// [`RunEnvironment::gather`] with a given environment of the caller.
    pub(in crate::runner) fn of(
        names: &[String],
        mut secrets: BTreeMap<String, Secret>,
        caller: &BTreeMap<OsString, OsString>,
    ) -> RunEnvironment {
        secrets.retain(|name, _| names.contains(name));
        let mut public = BTreeMap::new();
        for name in names {
            if let Some(value) = caller.get(OsStr::new(name)) {
                let kept = if is_public(name) { &mut public } else { &mut secrets };
                kept.entry(name.clone()).or_insert_with(|| Secret::new(value));
            }
        }
        let redactor = Redactor::new(secrets.iter().map(|(name, value)| (name.as_str(), value)));
        public.append(&mut secrets);
        RunEnvironment { values: public, redactor }
    }

    /// The environment of a run whose variables were gathered elsewhere; contains nothing from this process.
    pub fn handed(values: BTreeMap<String, Secret>) -> RunEnvironment {
        let names: Vec<String> = values.keys().cloned().collect();
        RunEnvironment::of(&names, values, &BTreeMap::new())
    }

    /// Removes the values, and everything that looks like a common token, from a text.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The value of a variable.
    pub(in crate::runner) fn value(&self, name: &str) -> Option<&OsStr> {
        self.values.get(name).map(Secret::expose)
    }
}

/// Runs the user's command for a secret, without input, and returns the first line that it prints. The command gets the
/// variables of its row of the register, and those of the caller's variables that the settings name.
///
/// # Errors
/// One line: it is not trusted, does not start, does not end within ten seconds, fails or prints nothing. Its output is
/// never repeated.
pub fn ask_for_secret(programs: &Programs, command: &[String], env: &[String]) -> Result<Secret, String> {
    let (name, args) = command.split_first().ok_or("its command is empty")?;
    let program = programs.find(ExternalProgram::Secret, OsStr::new(name)).map_err(|why| why.to_string())?;
    let launch = programs.launch(ExternalProgram::Secret, program).map_err(|error| error.to_string())?;
    let given = env.iter().filter(|name| !loads_code(name));
    let given = given.filter_map(|name| Some((name, programs.variable(name)?)));
    let output = launch.args(args).envs(given).finish(None, PATIENCE).map_err(|why| format!("{name}: {why}"))?;
    if !output.status.success() {
        return Err(format!("{name} exited with {}", output.status));
    }
    let line = output.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err(format!("{name} printed nothing"));
    }
    Ok(Secret::new(OsString::from_vec(line.to_vec())))
}

fn is_public(name: &str) -> bool {
    PUBLIC.contains(&name) || name.starts_with("LC_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_before_a_variable_and_only_what_is_named_is_given() {
        let names = ["TOKEN", "USER", "PLAIN", "ABSENT"].map(str::to_owned);
        let secrets = [("TOKEN", "from-secrets"), ("OTHER", "never-given")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), Secret::new(value))).into();
        let caller =
            [("TOKEN", "from-caller"), ("USER", "ada-the-user"), ("PLAIN", "some-value"), ("MORE", "more-of-it")];
        let given =
            RunEnvironment::of(&names, secrets, &caller.map(|(name, value)| (name.into(), value.into())).into());
        let value = |name| given.value(name).and_then(OsStr::to_str);
        assert_eq!(value("TOKEN"), Some("from-secrets"));
        assert_eq!((value("USER"), value("PLAIN")), (Some("ada-the-user"), Some("some-value")));
        assert_eq!((value("OTHER"), value("MORE"), value("ABSENT")), (None, None, None));
        assert_eq!(
            given.redactor().text("from-secrets from-caller ada-the-user some-value never-given"),
            "[redacted TOKEN] from-caller ada-the-user [redacted PLAIN] never-given"
        );
        assert!(!format!("{given:?}").contains("from-secrets"));
    }
}
