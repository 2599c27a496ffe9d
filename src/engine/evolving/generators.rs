//! Prepares generators: keys are looked up at that moment, and held only by the [`Generator`].

use crate::domain::{Problem, ProblemCode, SafeText, Secret};
use crate::engine::Evolutions;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::settings::Settings;
use crate::engine::settings::generators::{GeneratorSetting, WaySetting};
use crate::engine::settings::secrets::SecretSource;
use crate::engine::view::DoctorLine;
use crate::generator::{Api, Generator, GeneratorKind, GeneratorProgram, is_exposed, reach};
use crate::outside::{Programs, loads_code};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

impl Evolutions<'_> {
    /// The generator of this name, ready to be asked. Looks its key up now; do not keep it longer than one question
    /// takes.
    ///
    /// # Errors
    /// `NotFound` if the settings name no such usable generator; `Refused` if its key or one of its secrets is
    /// unavailable. The message names the expected source of a value, never a value.
    pub fn generator(&self, name: &str) -> Result<Generator, EngineError> {
        let settings = &self.workspace.settings;
        let Some(setting) = settings.generators.iter().find(|setting| setting.name == name) else {
            let message = format!("unknown generator {name}");
            return Err(EngineError::new(ErrorCode::NotFound, message, self.where_generators_stand()));
        };
        let fetch = |source: &SecretSource| source.value(&self.workspace.programs).map(Some);
        ready(setting, settings, &self.workspace.programs, self.workspace.options.program.as_deref(), &fetch).map_err(
            |why| {
                let hint = "`toolsmith doctor` checks each generator";
                EngineError::new(ErrorCode::Refused, format!("the generator {name} needs {why}"), hint)
            },
        )
    }
}

impl Evolutions<'_> {
    /// Where generators are configured, or what is wrong with those settings.
    pub(super) fn where_generators_stand(&self) -> String {
        let is_about = |problem: &&Problem| {
            problem.code != ProblemCode::BadSetting
                || ["generators", "evolve"].iter().any(|word| problem.message.contains(word))
        };
        match self.workspace.setting_problems.iter().find(is_about) {
            Some(problem) => format!("{}; {}; `toolsmith doctor` checks all of it", problem.placed(), problem.hint),
            None => format!(
                "add two lines to {}: [generators.agent] and below it command = [\"program\", \"argument\"]; then \
                 choose the generator agent (`--generator agent`)",
                self.workspace.options.home.config_file().display()
            ),
        }
    }
}

/// Looks up a value; `None` if it should not be looked up now.
type Fetch<'a> = &'a dyn Fn(&SecretSource) -> Result<Option<Secret>, String>;

/// Makes a generator from its settings.
///
/// # Errors
/// What it needs and is unavailable, as the end of a sentence.
fn ready(
    setting: &GeneratorSetting,
    settings: &Settings,
    programs: &Arc<Programs>,
    keeper: Option<&Path>,
    fetch: Fetch<'_>,
) -> Result<Generator, String> {
    let way = match &setting.way {
        WaySetting::Command { argv, env } => {
            let mut given = Vec::new();
            for name in env {
                let value = match settings.secrets.get(name) {
                    Some(source) => fetch(source).map_err(|why| format!("the secret {name} ({source}): {why}"))?,
                    // Not taken from the environment: an agent that calls could otherwise load arbitrary code.
                    None if loads_code(name) => None,
                    None => std::env::var_os(name).map(Secret::new),
                };
                // An unset variable is omitted: many programs know several, and need one of them.
                given.extend(value.map(|value| (name.clone(), value)));
            }
            GeneratorKind::Command(GeneratorProgram {
                argv: argv.clone(),
                env: given,
                programs: Arc::clone(programs),
                keeper: keeper.map(PathBuf::from),
            })
        }
        WaySetting::Api(api) => {
            let key = match &api.key {
                Some(source) => fetch(source).map_err(|why| format!("its key ({source}): {why}"))?,
                None => None,
            };
            let (url, model) = (api.url.clone(), api.model.clone());
            // The variable that other programs use for this.
            let usual = || std::env::var_os("SSL_CERT_FILE").map(PathBuf::from).filter(|file| file.is_absolute());
            let ca = api.ca.clone().or_else(usual);
            let (max_tokens, price) = (api.max_tokens, api.price);
            GeneratorKind::Api(Api { kind: api.kind, url, model, key, max_tokens, price, ca })
        }
    };
    Ok(Generator { name: setting.name.clone(), way, timeout: setting.timeout })
}

/// A line for each generator: whether it can be reached. All are tested at once; no question is sent.
pub(in crate::engine) fn doctor_lines(settings: &Settings, programs: &Arc<Programs>) -> Vec<DoctorLine> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let tried: Vec<_> = settings
            .generators
            .iter()
            .map(|setting| scope.spawn(|| look(setting, settings, programs, &stop)))
            .collect();
        let all = settings.generators.iter().zip(tried);
        all.map(|(setting, tried)| {
            let found = tried.join().unwrap_or_else(|_| Err("the lookup failed".to_owned()));
            let (state, message) = match found {
                Ok(message) => ("ok", message),
                Err(message) => ("warn", message),
            };
            let hint = if state == "ok" { "" } else { "fix this to use it; [generators] in config.toml configures it" };
            let message = SafeText::new(&message).to_string();
            let name = format!("generator {}", setting.name);
            DoctorLine { name, state: state.to_owned(), message, hint: hint.to_owned() }
        })
        .collect()
    })
}

/// Whether a generator can be reached, one line; nothing is sent to it.
pub(super) fn look(
    setting: &GeneratorSetting,
    settings: &Settings,
    programs: &Arc<Programs>,
    stop: &AtomicBool,
) -> Result<String, String> {
    // A command is not started here, because it may prompt the human, or unlock something.
    let fetch = |source: &SecretSource| match source {
        SecretSource::Command { .. } => source.look(programs).map(|()| None),
        SecretSource::Env(_) | SecretSource::File(_) | SecretSource::Nowhere(_) => source.value(programs).map(Some),
    };
    let generator = ready(setting, settings, programs, None, &fetch).map_err(|why| format!("it needs {why}"))?;
    let found = reach(&generator, stop)?;
    Ok(match &setting.way {
        WaySetting::Command { env, .. } => {
            let named = || env.iter().filter(|name| !settings.secrets.contains_key(*name)).map(String::as_str);
            let missing: Vec<&str> = named().filter(|name| std::env::var_os(name).is_none()).collect();
            let kept: Vec<&str> = named().filter(|name| loads_code(name) && !missing.contains(name)).collect();
            let all = [("not set", missing), ("not passed on, because it loads code", kept)];
            let notes = all.iter().filter(|(_, names)| !names.is_empty());
            let notes = notes.map(|(what, names)| format!("; {what}: {}", names.join(", ")));
            notes.fold(found, |said, note| said + &note)
        }
        WaySetting::Api(api) if api.key.is_some() && is_exposed(&api.url) => {
            format!("{found}; its key is sent unencrypted, use https")
        }
        WaySetting::Api(_) => found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::settings::generators::ApiSetting;
    use crate::generator::{ApiKind, Price};
    use std::time::Duration;

    fn setting(name: &str, way: WaySetting) -> GeneratorSetting {
        GeneratorSetting { name: name.to_owned(), way, timeout: Duration::from_secs(1) }
    }

    fn command(program: &str, env: &[&str]) -> WaySetting {
        let env = env.iter().map(|name| (*name).to_owned()).collect();
        WaySetting::Command { argv: vec![program.to_owned()], env }
    }

    fn api(key: Option<SecretSource>) -> WaySetting {
        let url = "http://127.0.0.1:9".to_owned();
        let (kind, model, price) = (ApiKind::OpenAi, "m".to_owned(), Price::default());
        WaySetting::Api(ApiSetting { kind, url, model, key, max_tokens: None, price, ca: None })
    }

    fn value(source: &SecretSource) -> Result<Option<Secret>, String> {
        source.value(&Programs::default()).map(Some)
    }

    #[test]
    fn a_command_is_given_the_secret_of_a_name_before_the_variable_and_nothing_for_one_that_is_not_set() {
        let mut settings = Settings::default();
        let source = SecretSource::Command { argv: ["echo", "from-secrets"].map(str::to_owned).into(), env: vec![] };
        settings.secrets.insert("HOME".to_owned(), source);
        let is_plain = |(name, _): &(String, String)| !loads_code(name) && name != "HOME";
        let (name, text) = std::env::vars().find(is_plain).unwrap();
        // A variable that loads code could be set by the caller instead of the settings.
        let wanted = setting("x", command("sh", &["HOME", &name, "PATH", "TOOLSMITH_TEST_ABSENT"]));
        let GeneratorKind::Command(program) = ready(&wanted, &settings, &Arc::default(), None, &value).unwrap().way
        else {
            panic!()
        };
        let given: Vec<_> =
            program.env.iter().map(|(name, value)| (name.as_str(), value.expose().to_owned())).collect();
        assert_eq!(given, [("HOME", "from-secrets".into()), (name.as_str(), text.into())]);
    }

    #[test]
    fn a_key_that_cannot_be_had_is_named_by_its_place() {
        let absent = SecretSource::Env("TOOLSMITH_TEST_ABSENT".to_owned());
        let why =
            ready(&setting("x", api(Some(absent))), &Settings::default(), &Arc::default(), None, &value).unwrap_err();
        assert_eq!(why, "its key (variable TOOLSMITH_TEST_ABSENT): the variable TOOLSMITH_TEST_ABSENT is not set");
        let GeneratorKind::Api(api) =
            ready(&setting("x", api(None)), &Settings::default(), &Arc::default(), None, &value).unwrap().way
        else {
            panic!()
        };
        assert!(api.key.is_none());
    }

    #[test]
    fn doctor_looks_for_each_generator_and_says_what_is_missing() {
        let mut settings = Settings::default();
        assert_eq!(doctor_lines(&settings, &Arc::default()), vec![]);
        let loud = SecretSource::Command { argv: vec!["no-such-program".to_owned()], env: vec![] };
        settings.generators = vec![
            setting("here", command("sh", &["TOOLSMITH_TEST_ABSENT"])),
            setting("gone", command("no-such-agent", &[])),
            setting("keyless", api(Some(loud))),
        ];
        let lines = doctor_lines(&settings, &Arc::default());
        let told: Vec<_> = lines.iter().map(|line| (line.name.as_str(), line.state.as_str())).collect();
        assert_eq!(told, [("generator here", "ok"), ("generator gone", "warn"), ("generator keyless", "warn")]);
        assert!(lines[0].message.ends_with("outside the sandbox; not set: TOOLSMITH_TEST_ABSENT"), "{lines:?}");
        assert_eq!(lines[1].message, "there is no program no-such-agent on the PATH");
        let why = "it needs its key (command no-such-program): there is no program no-such-program on the PATH";
        assert_eq!(lines[2].message, why);
    }
}
