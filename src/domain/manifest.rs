//! The manifest of a tool in a common form, whatever dialect it was written in.

use super::argument::{ANSWERED, ArgPlace, ArgRule, OptionForms};
use super::composite::Composite;
use super::digest::Digest;
use super::http::HttpDefinition;
use super::mcp::McpDefinition;
use super::name::ToolName;
use super::prompt::PromptDefinition;
use super::service::ServiceDefinition;
use super::state_rule::StateRule;
use super::words::{Category, CostTier, Kind, words};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

words!(
    /// How a run gets its input.
    InputMode {
        /// The input object as JSON on standard input.
        StdinJson = "stdin-json",
        /// One input as plain text on standard input, the others as with [`InputMode::Args`].
        StdinText = "stdin-text",
        /// Through placeholders and arguments, by the rules of [`Recipe::args`].
        Args = "args",
        /// As environment variables `INPUT_NAME`.
        Env = "env",
        /// The tool takes no input; standard input is closed.
        None = "none",
    }
);

words!(
    /// The dialect a manifest was written in.
    Dialect {
        /// The native `tool.toml` (also accepted as YAML or JSON with the same keys).
        Native = "native",
        /// `type: executable` with `executable: {command, args}`.
        Executable = "executable",
        /// `type: llm`: a prompt for a model; no process to start.
        Llm = "llm",
        /// `type: openapi`: an HTTP API; no process to start.
        Openapi = "openapi",
        /// `type: mcp`: a tool of an MCP server; no process to start.
        Mcp = "mcp",
        /// `type: custom` (a class inside another program).
        Custom = "custom",
        /// `type: workflow`: steps over other tools; no process to start.
        Workflow = "workflow",
        /// A companion program: `executable`, `launch_args`, `base_type`, `port`, `health_check`.
        CiTool = "ci-tool",
        /// Metadata from a script's header.
        Header = "header",
        /// The frontmatter of a `SKILL.md`.
        Skill = "skill",
        /// Another format with at least a name and a description.
        Other = "other",
    }
);

/// What counts as success apart from the exit code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuccessRule {
    /// Exit codes that mean success; default `[0]`.
    pub exit_codes: Vec<i32>,
    /// If the output, or its last line, is a JSON object that states a failure (`success: false`, `ok: false`, `status:
    /// error`, an `error` with a message), the run failed. Default true.
    pub check_json: bool,
    /// Standard output must be one JSON value. Default false; set if an output schema is declared.
    pub require_json: bool,
}

impl Default for SuccessRule {
    fn default() -> Self {
        SuccessRule { exit_codes: vec![0], check_json: true, require_json: false }
    }
}

/// How the tool is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// argv template. Placeholders: `{file}` entry file, `{dir}` the version's folder, `{workspace}`,
    /// `{input.NAME}` one input value. Other `{word}` are inputs of that name (foreign dialects).
    pub command: Vec<String>,
    /// Path of the entry file inside the version, if there is one.
    pub entry: Option<String>,
    /// Channel by which the input object reaches the process.
    pub input: InputMode,
    /// With [`InputMode::Args`] and [`InputMode::StdinText`]: how each input is passed, in order. An input without a
    /// rule and without a placeholder is passed as `--name value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<ArgRule>,
    /// The function or class of the entry file that is called with the input object, instead of running the file. Each
    /// input is the parameter of its name; with [`Recipe::args`], they are passed in that order (JavaScript).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The input that receives piped data, as text on standard input, if the definition does not state whether the tool
    /// reads standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piped: Option<String>,
    /// Wall-clock limit in milliseconds; `None` means the stage's default.
    pub timeout_ms: Option<u64>,
    /// Whether the tool needs a terminal.
    pub pty: bool,
    /// What counts as success.
    pub success: SuccessRule,
    /// Literal environment assignments of the manifest.
    pub env: BTreeMap<String, String>,
}

/// The permissions that the tool declares. Empty means none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Permissions {
    /// One of the words of [`super::Network`], as written; empty means `none`.
    pub network: Vec<String>,
    /// Paths read, `{workspace}` allowed.
    pub read: Vec<String>,
    /// Paths written, `{workspace}` allowed; writes are staged unless direct ones are allowed.
    pub write: Vec<String>,
    /// Names of environment variables.
    pub env: Vec<String>,
    /// Names or paths of programs it starts.
    pub run: Vec<String>,
}

impl Permissions {
    /// One line for a human: `network full · writes {workspace} · env TOKEN`, or `nothing declared`.
    pub fn summary(&self) -> String {
        let parts: Vec<String> = [
            ("network", &self.network),
            ("reads", &self.read),
            ("writes", &self.write),
            ("env", &self.env),
            ("starts", &self.run),
        ]
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(word, list)| format!("{word} {}", list.join(", ")))
        .collect();
        if parts.is_empty() { "none".to_owned() } else { parts.join(" · ") }
    }
}

/// Limits that the manifest declares, capped by those of the stage; `None` means the stage's default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitsDeclared {
    /// Bytes of memory for each process.
    pub memory_bytes: Option<u64>,
    /// CPU seconds for each process.
    pub cpu_seconds: Option<u64>,
    /// Processes of the run that may exist at the same time.
    pub processes: Option<u64>,
    /// Bytes of output, both streams together.
    pub output_bytes: Option<u64>,
    /// Bytes on disk: in the scratch folder, and the same again in staged writes.
    pub disk_bytes: Option<u64>,
}

/// An example from the manifest: input and, if stated, the expected output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// What the example shows; empty if it is not described.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Input object of the run; `null` if the manifest gives none.
    #[serde(default)]
    pub input: Value,
    /// The expected output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// A test from the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestCase {
    /// Unique label for reports; empty if the manifest gives none.
    #[serde(default)]
    pub name: String,
    /// Input object of the run; `null` if the manifest gives none.
    #[serde(default)]
    pub input: Value,
    /// The expectation: a table of `exact`, `contains`, `schema`, `exit`, `property`, `metamorphic`.
    #[serde(default)]
    pub expect: Value,
}

/// Where the tool came from, as far as stated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// Person or agent, as claimed by the manifest; not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Program that generated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    /// As written: neither parsed nor verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Digest or version it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Why it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Digest of the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Digest>,
    /// The status in the header, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// The variable by which [`InputMode::Env`] passes an input: letters in upper case, every character that is invalid in
/// a variable name as `_`.
pub fn input_variable(input: &str) -> String {
    let name = input.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    format!("INPUT_{}", name.collect::<String>())
}

impl Recipe {
    /// An input without the text that is piped into the run: the schema of the tool contains only the inputs that its
    /// author declared.
    pub fn without_piped<'v>(&self, input: &'v Value) -> Cow<'v, Value> {
        match (&self.piped, input) {
            (Some(piped), Value::Object(fields)) if fields.contains_key(piped) => {
                let others = fields.iter().filter(|(name, _)| *name != piped);
                Cow::Owned(Value::Object(others.map(|(name, value)| (name.clone(), value.clone())).collect()))
            }
            _ => Cow::Borrowed(input),
        }
    }

    /// The command for a reader: with the name of the entry file instead of `{file}`.
    pub fn command_words(&self) -> Vec<String> {
        let entry = self.entry.as_deref().unwrap_or("{file}");
        // A doubled brace is not a placeholder.
        let word = |word: &String| if word.contains("{{") { word.clone() } else { word.replace("{file}", entry) };
        self.command.iter().map(word).collect()
    }

    /// Whether its function is called like a program, with command-line words.
    pub fn calls_with_words(&self) -> bool {
        self.function.is_some() && matches!(self.input, InputMode::Args | InputMode::StdinText)
    }

    /// The parameters of its function: the names of its inputs in order, or a marker that command-line words follow.
    pub fn function_words(&self) -> Vec<String> {
        if self.calls_with_words() {
            return vec!["--".to_owned()];
        }
        self.args.iter().map(|rule| rule.input.clone()).collect()
    }

    /// How it gets its input, for a reader: `args: --count, path`, or the function that is called.
    pub fn input_words(&self) -> String {
        if let Some(function) = self.function.as_ref().filter(|_| !self.calls_with_words()) {
            return format!("a call of {function}");
        }
        let rules: Vec<String> = self.args.iter().map(ToString::to_string).collect();
        let word = self.input.word();
        if rules.is_empty() { word.to_owned() } else { format!("{word}: {}", rules.join(", ")) }
    }

    /// The input that is passed as text on standard input.
    pub fn text_input(&self) -> Option<&str> {
        let reads_rules = matches!(self.input, InputMode::Args | InputMode::StdinText);
        let rule = self.args.iter().find(|rule| reads_rules && rule.place == ArgPlace::Stdin);
        rule.map(|rule| rule.input.as_str())
    }

    /// How one input is passed, for a reader: `--count`, `word 2`, `$TOKEN`, `standard input`.
    pub fn way_of(&self, input: &str) -> String {
        if let Some(function) = self.function.as_ref().filter(|_| !self.calls_with_words()) {
            return format!("parameter of {function}");
        }
        // These names mean paths, even if an input has the same name.
        let is_path = matches!(input, "file" | "dir" | "workspace");
        let is_placed = |word: &String| {
            (!is_path && word.contains(&format!("{{{input}}}"))) || word.contains(&format!("{{input.{input}}}"))
        };
        if self.command.iter().any(is_placed) {
            return "in the command".to_owned();
        }
        match self.input {
            InputMode::StdinJson => "JSON on standard input".to_owned(),
            InputMode::Env => format!("${}", input_variable(input)),
            InputMode::None => "not passed".to_owned(),
            InputMode::Args | InputMode::StdinText => self.argument_of(input),
        }
    }

    fn argument_of(&self, input: &str) -> String {
        let Some(rule) = self.args.iter().find(|rule| rule.input == input) else { return format!("--{input}") };
        match &rule.place {
            ArgPlace::Option(text) => OptionForms::of(text).flag.to_owned(),
            ArgPlace::Variable(name) => format!("${name}"),
            ArgPlace::Stdin => "standard input".to_owned(),
            ArgPlace::Position => {
                let is_beside = |other: &&ArgRule| {
                    other.is_position() && (other.only_if.is_none() || other.only_if == rule.only_if)
                };
                let words = self.args.iter().filter(is_beside);
                let before = words.take_while(|rule| rule.input != input).count();
                format!("argument {}", before + 1)
            }
        }
    }

    /// A recipe whose argv is not known yet.
    pub fn blank(input: InputMode) -> Recipe {
        Recipe {
            command: Vec::new(),
            entry: None,
            input,
            args: Vec::new(),
            function: None,
            piped: None,
            timeout_ms: None,
            pty: false,
            success: SuccessRule::default(),
            env: BTreeMap::new(),
        }
    }
}

/// The `$comment` of an input schema that was derived from the code.
pub const READ_FROM_CODE: &str = "read from the code";

/// Whether this schema was derived from the code. An input that does not fit it may still fit the tool.
pub fn is_read_from_code(schema: &serde_json::Value) -> bool {
    schema["$comment"] == READ_FROM_CODE
}

/// Everything in a definition, in a common form; unknown keys are kept in `extra`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name as stated; other definitions may state the same one.
    pub name: ToolName,
    /// A display name that differs from the name.
    pub title: Option<String>,
    /// The stated version, default 1.0.0.
    pub version: semver::Version,
    /// One or more sentences; the first is shown in lists.
    pub description: String,
    /// The kind of tool.
    pub kind: Kind,
    /// Its category, if stated.
    pub category: Option<Category>,
    /// Its cost tier, if stated.
    pub cost_tier: Option<CostTier>,
    /// Whether calling twice has the same effect as calling once, if stated.
    pub idempotent: Option<bool>,
    /// Extra words that search and `call` match.
    pub keywords: Vec<String>,
    /// Labels to filter by, as written.
    pub tags: Vec<String>,
    /// When to use it, in sentences; search and `call` match them.
    pub use_cases: Vec<String>,
    /// What the author says it can do, in free text; `call` matches it, nothing enforces it.
    pub capabilities: Vec<String>,
    /// Names under which other programs know it; search also matches them.
    pub aliases: Vec<String>,
    /// How it is started; `None` for kinds without a process, or if not stated.
    pub recipe: Option<Recipe>,
    /// How it keeps running; `None` for every kind except a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceDefinition>,
    /// The request that it sends; `None` for every kind except `http`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpDefinition>,
    /// Its prompt for a generator; `None` for every kind except `prompt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptDefinition>,
    /// The server that it starts; `None` for every kind except `mcp`, and if no command is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp: Option<McpDefinition>,
    /// The steps of a composite; `None` for every other kind, and if not stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub composite: Option<Composite>,
    /// The declared permissions; policy decides whether a run gets them.
    pub permissions: Permissions,
    /// Declared limits; those of the stage apply to the rest.
    pub limits: LimitsDeclared,
    /// The state that it keeps between runs; `None` for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateRule>,
    /// JSON Schema 2020-12 of the input, translated from loose dialects.
    pub input: Option<Value>,
    /// JSON Schema 2020-12 of the output, translated from loose dialects.
    pub output: Option<Value>,
    /// Sample calls, which the checks run.
    pub examples: Vec<Example>,
    /// Stated tests, which the checks run.
    pub tests: Vec<TestCase>,
    /// Where it came from.
    pub provenance: Provenance,
    /// Packages or tools it needs, as written.
    pub dependencies: Vec<String>,
    /// The dialect it was written in.
    pub dialect: Dialect,
    /// Unknown keys, unchanged.
    pub extra: Map<String, Value>,
}

impl Manifest {
    /// Whether its command answers this option without running: `--help`.
    pub fn answers(&self, option: &str) -> bool {
        let options = self.extra.get(ANSWERED).and_then(Value::as_array);
        // Options in other dialects are unknown here.
        self.dialect == Dialect::Header && options.is_some_and(|options| options.iter().any(|known| known == option))
    }

    /// The option, if an input consists only of an option that the command answers without running. Such an input needs
    /// nothing else.
    pub fn asked<'v>(&self, input: &'v Value) -> Option<&'v str> {
        let fields = input.as_object().filter(|fields| fields.len() == 1)?;
        let (name, value) = fields.iter().next()?;
        (*value == Value::Bool(true) && self.answers(name)).then_some(name.as_str())
    }

    /// A manifest with only a name: version 1.0.0, a command.
    pub fn blank(name: ToolName, dialect: Dialect) -> Manifest {
        Manifest {
            name,
            title: None,
            version: semver::Version::new(1, 0, 0),
            description: String::new(),
            kind: Kind::Command,
            category: None,
            cost_tier: None,
            idempotent: None,
            keywords: Vec::new(),
            tags: Vec::new(),
            use_cases: Vec::new(),
            capabilities: Vec::new(),
            aliases: Vec::new(),
            recipe: None,
            service: None,
            http: None,
            prompt: None,
            mcp: None,
            composite: None,
            permissions: Permissions::default(),
            limits: LimitsDeclared::default(),
            state: None,
            input: None,
            output: None,
            examples: Vec::new(),
            tests: Vec::new(),
            provenance: Provenance::default(),
            dependencies: Vec::new(),
            dialect,
            extra: Map::new(),
        }
    }

    /// The stated wall-clock limit in milliseconds.
    pub fn timeout_ms(&self) -> Option<u64> {
        let of_recipe = self.recipe.as_ref().and_then(|recipe| recipe.timeout_ms);
        let of_http = || self.http.as_ref().and_then(|http| http.timeout_ms);
        of_recipe.or_else(of_http).or_else(|| self.prompt.as_ref().and_then(|prompt| prompt.timeout_ms))
    }

    /// How a run of it is started and what it sends where, for a reader: labels and texts.
    pub fn start_words(&self) -> Vec<(&'static str, String)> {
        let mut words = Vec::new();
        if let Some(recipe) = &self.recipe {
            words.push(("command", recipe.command_words().join(" ")));
            words.push(("input by", recipe.input_words()));
        }
        if let Some(http) = &self.http {
            words.push(("request", format!("{} {}", http.method, http.url)));
            words.push(("hosts", http.host_words()));
        }
        if let Some(remote) = self.mcp.as_ref().and_then(|mcp| mcp.remote.as_ref()) {
            words.push(("server at", remote.url.clone()));
            words.extend(remote.headers.iter().map(|(name, value)| ("header", format!("{name}: {value}"))));
        }
        if let Some(prompt) = &self.prompt {
            let usual = || "your usual generator".to_owned();
            words.push(("asks", prompt.generator.as_ref().map_or_else(usual, |name| format!("the generator {name}"))));
            if let Some(system) = &prompt.system {
                words.push(("system", first_line(system)));
            }
            let asked = prompt.template.as_deref().unwrap_or("what the input says");
            words.push(("prompt", first_line(asked)));
        }
        words
    }
}

/// The first line that is not blank.
fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    if lines.next().is_some() { format!("{first} …") } else { first.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_input_says_how_it_is_passed() {
        let with = |input, args: &[&str], command: &[&str]| Recipe {
            args: args.iter().map(|rule| rule.parse().unwrap()).collect(),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            ..Recipe::blank(input)
        };
        let args =
            with(InputMode::Args, &["-n count", "path", "more", "$TOKEN token", "< body"], &["x", "--to={input.to}"]);
        let ways = ["count", "path", "more", "token", "body", "to", "other"].map(|input| args.way_of(input));
        assert_eq!(ways, ["-n", "argument 1", "argument 2", "$TOKEN", "standard input", "in the command", "--other"]);
        assert_eq!(with(InputMode::Args, &["file"], &["x", "{file}"]).way_of("file"), "argument 1");
        assert_eq!(args.text_input(), Some("body"));
        assert_eq!(with(InputMode::Env, &[], &[]).way_of("my-name"), "$INPUT_MY_NAME");
        assert_eq!(with(InputMode::StdinJson, &["< body"], &[]).text_input(), None);
        assert_eq!(with(InputMode::StdinJson, &[], &[]).way_of("a"), "JSON on standard input");
        let called = Recipe { function: Some("fetch".to_owned()), ..Recipe::blank(InputMode::StdinJson) };
        assert_eq!(called.way_of("url"), "parameter of fetch");
    }
}
