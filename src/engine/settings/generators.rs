//! The settings `[generators]` and `[evolve]`: which generators can be asked for a better version, how, and how often.
//!
//! Only the user can set these. A workspace must not name programs to start or addresses to send code to.

use super::Settings;
use super::file::{File, duration};
use super::secrets::SecretSource;
use crate::domain::ToolName;
use crate::evolve::course::{EvolutionPlan, MOST};
use crate::generator::{ApiKind, Price};
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The generator that needs no settings: it repairs without a model.
pub const BUILT_IN: &str = "built-in";

/// The default timeout of a silent generator.
const SILENCE: Duration = Duration::from_mins(5);

/// Maximum price of a million tokens, in dollars; a higher price is treated as a typing error.
const DEAREST: f64 = 1_000_000.0;

/// The settings of a generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratorSetting {
    /// Key of the table `[generators.NAME]`.
    pub name: String,
    /// How it is asked.
    pub way: WaySetting,
    /// Maximum time without output.
    pub timeout: Duration,
}

impl GeneratorSetting {
    /// The source of its key, if it needs one.
    pub(in crate::engine) fn key(&self) -> Option<&SecretSource> {
        match &self.way {
            WaySetting::Command { .. } => None,
            WaySetting::Api(api) => api.key.as_ref(),
        }
    }
}

impl Settings {
    /// The generator for prompts that name none: the first of `[evolve] generators` that the user configured, otherwise
    /// the first that is configured.
    pub(in crate::engine) fn usual_generator(&self) -> Option<&GeneratorSetting> {
        let named = |name: &String| self.generators.iter().find(|setting| setting.name == *name);
        self.evolve.generators.iter().find_map(named).or(self.generators.first())
    }

    /// The files that hold secrets; no run may read them.
    pub(in crate::engine) fn secret_files(&self) -> impl Iterator<Item = &PathBuf> {
        let keys = self.generators.iter().filter_map(GeneratorSetting::key);
        self.secrets.values().chain(keys).filter_map(|source| match source {
            SecretSource::File(path) => Some(path),
            SecretSource::Env(_) | SecretSource::Command { .. } | SecretSource::Nowhere(_) => None,
        })
    }
}

/// How a generator is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaySetting {
    /// By starting a program.
    Command {
        /// Program and arguments. The program is a name without a slash, or an absolute path.
        argv: Vec<String>,
        /// Names of the variables that it gets: from the secret of that name, otherwise from this process.
        env: Vec<String>,
    },
    /// Over an HTTP API.
    Api(ApiSetting),
}

/// The settings of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSetting {
    /// Wire format of the API.
    pub kind: ApiKind,
    /// Its base URL, without a slash at the end.
    pub url: String,
    /// Name of the model, as the API knows it.
    pub model: String,
    /// The source of the key, if it needs one.
    pub key: Option<SecretSource>,
    /// Maximum number of tokens of an answer.
    pub max_tokens: Option<u64>,
    /// Price of tokens, for input and for output.
    pub price: Price,
    /// A file with the accepted CA certificates.
    pub ca: Option<PathBuf>,
}

/// The defaults of an evolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvolveSettings {
    /// The generators to ask, in this order.
    pub generators: Vec<String>,
    /// Maximum number of rounds, at least 1.
    pub rounds: u32,
    /// Number of attempts for one question while the generator has temporary problems.
    pub tries: u32,
}

impl Default for EvolveSettings {
    fn default() -> Self {
        let EvolutionPlan { rounds, tries, .. } = EvolutionPlan::default();
        EvolveSettings { generators: vec![BUILT_IN.to_owned()], rounds, tries }
    }
}

impl Settings {
    /// Applies `[generators]`. An unusable generator is reported as a problem and left out.
    pub(super) fn apply_generators(
        &mut self,
        file: &mut File<'_>,
        value: &Spanned<DeValue<'_>>,
        user_home: Option<&Path>,
    ) {
        for (key, value) in file.table(value, "generators") {
            let (name, at) = (key.get_ref().as_ref(), key.span().start);
            if name == BUILT_IN || ToolName::new(name).is_err() {
                let hint = "choose a name of a-z, 0-9, _ . and -, not built-in".to_owned();
                file.bad(at, format!("generators.{name} is not a valid generator name"), hint);
            } else if let Some(setting) = Entry::read(file, name, value, user_home).finish(file, name, at) {
                self.generators.push(setting);
            }
        }
    }

    /// Applies `[evolve]`. `declared` is the table of generators, wherever it is in the file.
    pub(super) fn apply_evolve(
        &mut self,
        file: &mut File<'_>,
        value: &Spanned<DeValue<'_>>,
        declared: Option<&DeTable<'_>>,
    ) {
        for (key, value) in file.table(value, "evolve") {
            match key.get_ref().as_ref() {
                "generators" => {
                    if let Some(names) = names(file, value, declared) {
                        self.evolve.generators = names;
                    }
                }
                "rounds" => self.evolve.rounds = number(file, value, "evolve.rounds").unwrap_or(self.evolve.rounds),
                "tries" => self.evolve.tries = number(file, value, "evolve.tries").unwrap_or(self.evolve.tries),
                other => {
                    let hint = "evolve has the settings generators, rounds and tries";
                    file.unknown(key.span().start, &format!("evolve.{other}"), hint);
                }
            }
        }
    }
}

/// Names of existing generators; a repeated name asks for another sample.
fn names(file: &mut File<'_>, value: &Spanned<DeValue<'_>>, declared: Option<&DeTable<'_>>) -> Option<Vec<String>> {
    let Some(names) = words(value).filter(|names| !names.is_empty() && names.len() <= MOST as usize) else {
        let hint = "write a list of names, for example [\"built-in\"]".to_owned();
        file.bad(value.span().start, "evolve.generators is not a list of generators".to_owned(), hint);
        return None;
    };
    let is_known = |name: &String| name == BUILT_IN || declared.is_some_and(|table| table.contains_key(name.as_str()));
    let (known, unknown): (Vec<String>, Vec<String>) = names.into_iter().partition(is_known);
    if !unknown.is_empty() {
        let message = format!("evolve.generators contains {}, which is not a generator", unknown.join(", "));
        file.bad(value.span().start, message, "define it in [generators.NAME], or remove it".to_owned());
    }
    Some(known).filter(|known| !known.is_empty())
}

fn number(file: &mut File<'_>, value: &Spanned<DeValue<'_>>, name: &str) -> Option<u32> {
    let found = whole(value).and_then(|number| u32::try_from(number).ok()).filter(|number| *number <= MOST);
    if found.is_none() {
        file.bad(value.span().start, format!("{name} is not a number from 1 to {MOST}"), format!("write {name} = 3"));
    }
    found
}

/// A whole number above zero.
fn whole(value: &Spanned<DeValue<'_>>) -> Option<u64> {
    let integer = value.get_ref().as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|number| *number > 0)
}

fn dollars(value: &Spanned<DeValue<'_>>) -> Option<u64> {
    let dollars: f64 = match value.get_ref() {
        DeValue::Float(float) => float.as_str().parse().ok()?,
        DeValue::Integer(integer) => integer.as_str().parse().ok()?,
        _ => return None,
    };
    (0.0..=DEAREST).contains(&dollars).then(|| (dollars * 1e6).round() as u64)
}

fn words(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    value.get_ref().as_array()?.iter().map(|word| Some(word.get_ref().as_str()?.to_owned())).collect()
}

const WORDS: &str = "a command has command, env and timeout; an API has api, url, model, key, ca, max_tokens, price_input, \
                     price_output and timeout";

/// The table of one generator while it is being read.
#[derive(Default)]
struct Entry {
    argv: Option<Vec<String>>,
    env: Option<Vec<String>>,
    kind: Option<ApiKind>,
    url: Option<String>,
    model: Option<String>,
    key: Option<SecretSource>,
    max_tokens: Option<u64>,
    price: Price,
    ca: Option<PathBuf>,
    timeout: Option<Duration>,
    is_bad: bool,
    /// Settings of each way; those of the other way are invalid.
    of_command: Vec<&'static str>,
    of_api: Vec<&'static str>,
}

impl Entry {
    fn read(file: &mut File<'_>, name: &str, value: &Spanned<DeValue<'_>>, user_home: Option<&Path>) -> Entry {
        let before = file.problem_count();
        let mut entry = Entry::default();
        for (key, value) in file.table(value, &format!("generators.{name}")) {
            let word = key.get_ref().as_ref();
            if word == "key" {
                // An unreadable key must not become no key: the API would be asked without it.
                let source = file.secret(&format!("generators.{name}.key"), value, user_home);
                let place = file.place(value.span().start);
                entry.key = Some(source.unwrap_or(SecretSource::Nowhere(place)));
                entry.of_api.push("key");
                continue;
            }
            let hint = match entry.take(word, value, user_home) {
                Ok(()) => continue,
                Err(hint) => hint,
            };
            match hint {
                Some(hint) => {
                    file.bad(value.span().start, format!("generators.{name}.{word} is not valid"), hint.to_owned());
                }
                None => file.unknown(key.span().start, &format!("generators.{name}.{word}"), WORDS),
            }
        }
        entry.is_bad = file.problem_count() > before;
        entry
    }

    /// Applies one setting. The error is a hint for an unusable value; `None` for an unknown setting.
    fn take(
        &mut self,
        word: &str,
        value: &Spanned<DeValue<'_>>,
        user_home: Option<&Path>,
    ) -> Result<(), Option<&'static str>> {
        fn or<T>(found: Option<T>, hint: &'static str) -> Result<Option<T>, Option<&'static str>> {
            found.map(Some).ok_or(Some(hint))
        }
        let text = value.get_ref().as_str();
        match word {
            "command" => {
                let hint = "write a list, for example [\"claude\", \"-p\"]; a program path must be absolute";
                self.argv = or(words(value).and_then(|words| program(words, user_home)), hint)?;
                self.of_command.push("command");
            }
            "env" => {
                let names = words(value).filter(|names| names.iter().all(|name| is_variable(name)));
                self.env = or(names, "write a list of variable names, for example [\"ANTHROPIC_API_KEY\"]")?;
                self.of_command.push("env");
            }
            "api" => {
                let hint = "write \"openai\", \"anthropic\", \"gemini\" or \"ollama\"";
                self.kind = or(text.and_then(|word| word.parse().ok()), hint)?;
                self.of_api.push("api");
            }
            "url" => {
                let hint = "write http:// or https://, a host and a path, without a key in it";
                self.url = or(text.and_then(url), hint)?;
                self.of_api.push("url");
            }
            "model" => {
                self.model = or(text.filter(|text| is_model(text)).map(str::to_owned), "write the name of a model")?;
                self.of_api.push("model");
            }
            "ca" => {
                let hint = "write the absolute path of a file with certificates (PEM)";
                self.ca = or(text.and_then(|text| absolute(text, user_home)), hint)?;
                self.of_api.push("ca");
            }
            "max_tokens" => {
                self.max_tokens = or(whole(value), "write a number, for example 8192")?;
                self.of_api.push("max_tokens");
            }
            "price_input" => {
                self.price.input_micros = or(dollars(value), "write dollars per million tokens, for example 3.0")?;
                self.of_api.push("price_input");
            }
            "price_output" => {
                self.price.output_micros = or(dollars(value), "write dollars per million tokens, for example 15.0")?;
                self.of_api.push("price_output");
            }
            "timeout" => self.timeout = or(text.and_then(duration), "write a duration, for example \"90s\" or \"5m\"")?,
            _ => return Err(None),
        }
        Ok(())
    }

    fn finish(self, file: &mut File<'_>, name: &str, at: usize) -> Option<GeneratorSetting> {
        if self.is_bad && !matches!(self.key, Some(SecretSource::Nowhere(_))) {
            return None;
        }
        let mut bad = |message: String, hint: &str| -> Option<GeneratorSetting> {
            file.bad(at, format!("generators.{name} {message}"), hint.to_owned());
            None
        };
        let timeout = self.timeout.unwrap_or(SILENCE);
        let way = match (self.argv, self.kind) {
            (Some(_), Some(_)) => return bad("has both command and api".to_owned(), "keep one of the two"),
            (None, None) => return bad("has neither command nor api".to_owned(), "add command or api"),
            (Some(_), None) if !self.of_api.is_empty() => {
                return bad(format!("is a command and has {}", self.of_api.join(", ")), WORDS);
            }
            (None, Some(_)) if !self.of_command.is_empty() => {
                return bad(format!("is an API and has {}", self.of_command.join(", ")), WORDS);
            }
            (Some(argv), None) => WaySetting::Command { argv, env: self.env.unwrap_or_default() },
            (None, Some(kind)) => {
                let Some(model) = self.model else {
                    return bad("has no model".to_owned(), "add model = \"NAME\"");
                };
                let url = self.url.unwrap_or_else(|| kind.usual_url().to_owned());
                let (key, max_tokens, price, ca) = (self.key, self.max_tokens, self.price, self.ca);
                WaySetting::Api(ApiSetting { kind, url, model, key, max_tokens, price, ca })
            }
        };
        Some(GeneratorSetting { name: name.to_owned(), way, timeout })
    }
}

/// A path that does not depend on the current folder.
fn absolute(text: &str, user_home: Option<&Path>) -> Option<PathBuf> {
    let path = match text.strip_prefix("~/") {
        Some(rest) => user_home?.join(rest),
        None => PathBuf::from(text),
    };
    path.is_absolute().then_some(path)
}

/// A program by its name or its absolute path. It is started in a separate folder, where a relative path has no
/// meaning.
fn program(mut words: Vec<String>, user_home: Option<&Path>) -> Option<Vec<String>> {
    let first = words.first_mut().filter(|first| !first.is_empty())?;
    if let Some(rest) = first.strip_prefix("~/") {
        user_home?.join(rest).to_str()?.clone_into(first);
    }
    let is_placed = !first.contains('/') || first.starts_with('/');
    (is_placed && words.iter().all(|word| !word.contains('\0'))).then_some(words)
}

fn is_variable(name: &str) -> bool {
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_word && !name.is_empty() && !name.as_bytes()[0].is_ascii_digit()
}

/// Whether a text can name a model. The name also becomes part of URLs.
fn is_model(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !"?#%\\".contains(c)) && !text.contains("..")
}

/// A base URL without parts that could contain a key: no user, no query, no fragment.
fn url(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let host = rest.split('/').next()?;
    let is_plain = text.chars().all(|c| c.is_ascii_graphic() && !"@?#\\\"<>".contains(c));
    (is_plain && !host.is_empty() && !host.starts_with(':')).then(|| text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Problem;
    use crate::engine::Home;

    fn load(user: &str, workspace: &str) -> (Settings, Vec<Problem>) {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { config: temp.path().join("config"), data: temp.path().join("data") };
        std::fs::create_dir(&home.config).unwrap();
        std::fs::write(home.config_file(), user).unwrap();
        std::fs::write(temp.path().join("toolsmith.toml"), workspace).unwrap();
        Settings::load(temp.path(), &home)
    }

    fn messages(user: &str) -> Vec<(u64, String)> {
        load(user, "").1.into_iter().map(|problem| (problem.line.unwrap(), problem.message)).collect()
    }

    #[test]
    fn generators_are_programs_or_apis_and_the_loop_asks_them_in_order() {
        let user = "[evolve]\ngenerators = [\"built-in\", \"local\", \"local\"]\nrounds = 5\ntries = 2\n\
                    [generators.agent]\ncommand = [\"claude\", \"-p\"]\nenv = [\"MY_KEY\"]\ntimeout = \"10m\"\n\
                    [generators.local]\napi = \"openai\"\nurl = \"http://127.0.0.1:8080/v1/\"\nmodel = \"qwen3:8b\"\n\
                    key = { env = \"LOCAL\" }\nca = \"/etc/our-ca.pem\"\nmax_tokens = 4_096\nprice_input = 3\nprice_output = 0.25\n";
        let (settings, problems) = load(user, "");
        assert_eq!(problems, vec![]);
        let agent = WaySetting::Command { argv: vec!["claude".into(), "-p".into()], env: vec!["MY_KEY".into()] };
        let local = WaySetting::Api(ApiSetting {
            kind: ApiKind::OpenAi,
            url: "http://127.0.0.1:8080/v1".into(),
            model: "qwen3:8b".into(),
            key: Some(SecretSource::Env("LOCAL".into())),
            max_tokens: Some(4096),
            price: Price { input_micros: Some(3_000_000), output_micros: Some(250_000) },
            ca: Some("/etc/our-ca.pem".into()),
        });
        let named = |name: &str, way, timeout| GeneratorSetting { name: name.into(), way, timeout };
        assert_eq!(
            settings.generators,
            [named("agent", agent, Duration::from_mins(10)), named("local", local, Duration::from_mins(5))]
        );
        let asked = ["built-in", "local", "local"].map(str::to_owned).into();
        assert_eq!(settings.evolve, EvolveSettings { generators: asked, rounds: 5, tries: 2 });
    }

    #[test]
    fn a_workspace_names_no_generator() {
        let workspace = "[generators.x]\ncommand = [\"sh\"]\n[evolve]\nrounds = 1\n";
        let (settings, problems) = load("", workspace);
        assert_eq!(settings, Settings::default());
        let found: Vec<_> = problems.iter().map(|problem| (problem.line, problem.message.as_str())).collect();
        assert_eq!(
            found,
            [(Some(1), "generators cannot be set in a workspace"), (Some(3), "evolve cannot be set in a workspace")]
        );
    }

    #[test]
    fn a_key_is_named_and_never_written_and_one_that_cannot_be_found_does_not_become_none() {
        let user = "[generators.x]\napi = \"openai\"\nmodel = \"m\"\nkey = \"hunter-two\"\n";
        let (settings, problems) = load(user, "");
        assert_eq!(problems[0].message, "generators.x.key does not state its source");
        assert!(!format!("{problems:?} {settings:?}").contains("hunter"));
        let WaySetting::Api(api) = &settings.generators[0].way else { panic!() };
        assert!(matches!(&api.key, Some(SecretSource::Nowhere(place)) if place.ends_with(":4")), "{api:?}");
        let inside = "[generators.x]\napi = \"openai\"\nmodel = \"m\"\nurl = \"https://me:hunter-two@host\"\n";
        let (settings, problems) = load(inside, "");
        assert_eq!((settings.generators.len(), problems.len()), (0, 1));
        assert!(!format!("{problems:?}").contains("hunter"));
    }

    #[test]
    fn no_run_may_read_the_file_of_a_key() {
        let (settings, _) = load(
            "[secrets]\nA = { file = \"/a\" }\n[generators.x]\napi = \"ollama\"\nmodel = \"m\"\nkey = { file = \"/b\" }\n",
            "",
        );
        let files: Vec<_> = settings.secret_files().collect();
        assert_eq!(files, [Path::new("/a"), Path::new("/b")]);
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_line_and_left_out() {
        let no = |table: &str| messages(&format!("[generators.x]\n{table}\n"));
        let one = |line, text: &str| vec![(line, text.to_owned())];
        assert_eq!(no("command = \"claude -p\""), one(2, "generators.x.command is not valid"));
        assert_eq!(no("command = [\"./agent\"]"), one(2, "generators.x.command is not valid"));
        assert_eq!(no("command = []"), one(2, "generators.x.command is not valid"));
        assert_eq!(no("command = [\"a\"]\nenv = [\"A=B\"]"), one(3, "generators.x.env is not valid"));
        assert_eq!(no("command = [\"a\"]\nmodel = \"m\""), one(1, "generators.x is a command and has model"));
        assert_eq!(no("command = [\"a\"]\napi = \"openai\""), one(1, "generators.x has both command and api"));
        assert_eq!(no("timeout = \"1m\""), one(1, "generators.x has neither command nor api"));
        assert_eq!(no("api = \"openai\""), one(1, "generators.x has no model"));
        assert_eq!(no("api = \"grpc\"\nmodel = \"m\""), one(2, "generators.x.api is not valid"));
        assert_eq!(no("api = \"gemini\"\nmodel = \"../m\""), one(3, "generators.x.model is not valid"));
        assert_eq!(no("api = \"gemini\"\nmodel = \"m\"\nenv = []"), one(1, "generators.x is an API and has env"));
        assert_eq!(no("api = \"ollama\"\nmodel = \"m\"\nurl = \"host:1\""), one(4, "generators.x.url is not valid"));
        assert_eq!(
            no("api = \"ollama\"\nmodel = \"m\"\nprice_input = -1"),
            one(4, "generators.x.price_input is not valid")
        );
        assert_eq!(
            no("api = \"ollama\"\nmodel = \"m\"\nmax_tokens = 0"),
            one(4, "generators.x.max_tokens is not valid")
        );
        assert_eq!(no("command = [\"a\"]\nshell = true"), one(3, "unknown setting generators.x.shell"));
        assert_eq!(messages("[generators.built-in]\ncommand = [\"a\"]").len(), 1);
        assert_eq!(messages("[generators.\"A b\"]\ncommand = [\"a\"]").len(), 1);
    }

    #[test]
    fn the_loop_names_only_generators_that_exist() {
        let (settings, problems) = load("[evolve]\ngenerators = [\"built-in\", \"gone\"]\nrounds = 21\nx = 1\n", "");
        assert_eq!(settings.evolve, EvolveSettings::default());
        let found: Vec<_> = problems.iter().map(|problem| (problem.line.unwrap(), problem.message.as_str())).collect();
        assert_eq!(
            found,
            [
                (2, "evolve.generators contains gone, which is not a generator"),
                (3, "evolve.rounds is not a number from 1 to 20"),
                (4, "unknown setting evolve.x")
            ]
        );
        assert_eq!(messages("[evolve]\ngenerators = []")[0].1, "evolve.generators is not a list of generators");
    }
}
