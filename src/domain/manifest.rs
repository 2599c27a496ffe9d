//! The manifest of a tool in our own terms, whatever dialect it was written in.

use super::argument::ArgRule;
use super::digest::Digest;
use super::name::ToolName;
use super::service::ServiceDefinition;
use super::words::{Category, CostTier, Kind, words};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

words!(
    /// How a run gets its input.
    InputMode {
        /// The input object as JSON on standard input.
        StdinJson = "stdin-json",
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
        /// Our own `tool.toml` (also accepted as YAML or JSON with the same keys).
        Native = "native",
        /// `type: executable` with `executable: {command, args}`.
        Executable = "executable",
        /// `type: llm`: a prompt for a model; no process to start.
        Llm = "llm",
        /// `type: openapi`: an HTTP API; no process to start.
        Openapi = "openapi",
        /// `type: mcp`: a tool of an MCP server; no process to start.
        Mcp = "mcp",
        /// `type: custom` (a class inside somebody's program).
        Custom = "custom",
        /// `type: workflow`: steps over other tools; no process to start.
        Workflow = "workflow",
        /// A companion program: `executable`, `launch_args`, `base_type`, `port`, `health_check`.
        CiTool = "ci-tool",
        /// Metadata from a script's header.
        Header = "header",
        /// Something else that has at least a name and a description.
        Other = "other",
    }
);

/// What counts as success beside the exit code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuccessRule {
    /// Exit codes that mean success; default `[0]`.
    pub exit_codes: Vec<i32>,
    /// When the output is a JSON object: `{"success": false}` or a non-null `error` is a failure. Default true.
    pub check_json: bool,
    /// Standard output must be one JSON value. Default false; set when an output schema is declared.
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
    /// Path of the entry file inside the version, when there is one.
    pub entry: Option<String>,
    /// Channel by which the input object reaches the process.
    pub input: InputMode,
    /// With [`InputMode::Args`]: how each input is passed, in order. An input that is not named here and in no placeholder
    /// is passed as `--name value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<ArgRule>,
    /// The function or class of the entry file that is called with the input object, instead of running the file. Each
    /// input is the parameter of its name; with [`Recipe::args`] they are passed in that order (JavaScript).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Wall-clock limit in milliseconds; `None` takes the stage's default.
    pub timeout_ms: Option<u64>,
    /// Whether the tool wants a terminal.
    pub pty: bool,
    /// What counts as success.
    pub success: SuccessRule,
    /// Literal environment assignments of the manifest.
    pub env: BTreeMap<String, String>,
}

/// What the tool says it needs. Empty means: nothing.
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

/// Limits the manifest declares; `None` takes the stage's default, a declared one is capped by it.
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
    /// Bytes on disk: in the scratch folder, and as many again in staged writes.
    pub disk_bytes: Option<u64>,
}

/// An example from the manifest: input and, if stated, the output to expect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// What the example shows; empty when it is not described.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Input object of the run; `null` when the manifest gives none.
    #[serde(default)]
    pub input: Value,
    /// The output to expect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// A test from the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestCase {
    /// Unique label for reports; empty when the manifest gives none.
    #[serde(default)]
    pub name: String,
    /// Input object of the run; `null` when the manifest gives none.
    #[serde(default)]
    pub input: Value,
    /// What to expect: a table of `exact`, `contains`, `schema`, `exit`, `property`, `metamorphic`.
    #[serde(default)]
    pub expect: Value,
}

/// Where the tool came from, as far as it says.
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
    /// What the header says of its status, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

impl Recipe {
    /// The command for a reader: with the name of its entry where the template has `{file}`.
    pub fn command_words(&self) -> Vec<String> {
        let entry = self.entry.as_deref().unwrap_or("{file}");
        // A doubled brace is no placeholder.
        let word = |word: &String| if word.contains("{{") { word.clone() } else { word.replace("{file}", entry) };
        self.command.iter().map(word).collect()
    }

    /// How input reaches it, for a reader: `args: --count, path`, or the function that is called.
    pub fn input_words(&self) -> String {
        if let Some(function) = &self.function {
            return format!("a call of {function}");
        }
        let rules: Vec<String> = self.args.iter().map(ToString::to_string).collect();
        let word = self.input.word();
        if rules.is_empty() { word.to_owned() } else { format!("{word}: {}", rules.join(", ")) }
    }

    /// A recipe whose argv is not known yet.
    pub fn blank(input: InputMode) -> Recipe {
        Recipe {
            command: Vec::new(),
            entry: None,
            input,
            args: Vec::new(),
            function: None,
            timeout_ms: None,
            pty: false,
            success: SuccessRule::default(),
            env: BTreeMap::new(),
        }
    }
}

/// Everything a definition says, in our terms; what has no term here is kept in `extra`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name as stated; other definitions may state the same one.
    pub name: ToolName,
    /// A display name that differs from the name.
    pub title: Option<String>,
    /// The version it states, default 1.0.0.
    pub version: semver::Version,
    /// One or more sentences; the first is shown in lists.
    pub description: String,
    /// What it is made of.
    pub kind: Kind,
    /// Its category, where stated.
    pub category: Option<Category>,
    /// Its tier, where stated.
    pub cost_tier: Option<CostTier>,
    /// Whether calling twice does no more than calling once, where stated.
    pub idempotent: Option<bool>,
    /// Extra words that search and `call` match.
    pub keywords: Vec<String>,
    /// Labels to filter by, as written.
    pub tags: Vec<String>,
    /// When to use it, in sentences; search and `call` match them.
    pub use_cases: Vec<String>,
    /// What the author says it can do, in free words; `call` matches them, nothing enforces them.
    pub capabilities: Vec<String>,
    /// Names under which other programs know it; search finds it by them.
    pub aliases: Vec<String>,
    /// How it is started; `None` for kinds that start no process, or when the manifest does not say.
    pub recipe: Option<Recipe>,
    /// How it keeps running; `None` for every kind but a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceDefinition>,
    /// What it declares to need; policy decides whether a run gets it.
    pub permissions: Permissions,
    /// Limits that it asks for; those of the stage apply to the others.
    pub limits: LimitsDeclared,
    /// JSON Schema 2020-12 of the input, translated from loose dialects.
    pub input: Option<Value>,
    /// JSON Schema 2020-12 of the output, translated from loose dialects.
    pub output: Option<Value>,
    /// Sample calls; the checks run them.
    pub examples: Vec<Example>,
    /// Stated tests; the checks run them.
    pub tests: Vec<TestCase>,
    /// Where it came from.
    pub provenance: Provenance,
    /// Packages or tools it needs, as written.
    pub dependencies: Vec<String>,
    /// Which dialect it was written in.
    pub dialect: Dialect,
    /// Keys that have no term here, as they were.
    pub extra: Map<String, Value>,
}

impl Manifest {
    /// A manifest that says nothing but its name: version 1.0.0, a command.
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
            permissions: Permissions::default(),
            limits: LimitsDeclared::default(),
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
}
