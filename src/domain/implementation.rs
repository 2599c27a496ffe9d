//! How a specified tool can be made without anybody writing its code: by one HTTP request, or by one line of commands.

use super::http::HttpDefinition;
use super::manifest::input_variable;
use super::parameter::{InputParameter, ParameterType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// What a tool does, so completely that it can be made from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Implementation {
    /// It sends a request.
    Http(Box<HttpCall>),
    /// It runs commands.
    Commands(CommandLine),
}

/// A request, with the variables that it uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCall {
    /// What is sent where.
    pub request: HttpDefinition,
    /// Names of secrets and variables in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
}

/// Commands of which each reads what the one before it writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// The commands, in order; the first word of each is its program.
    pub commands: Vec<Vec<CommandWord>>,
}

/// A word of a command: a text, an input, or a text followed by an input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandWord {
    /// The sign of a redirection in front of it: `>`, `2>>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign: Option<String>,
    /// What is always there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The input that follows, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

/// Programs that run what they are given, so that a value could be code; builtins of the shell among them, for which
/// words are no mere words.
const RUN_CODE: [&str; 132] = [
    "R",
    "Rscript",
    "alias",
    "ash",
    "at",
    "awk",
    "bash",
    "batch",
    "bc",
    "bind",
    "builtin",
    "bun",
    "bunx",
    "busybox",
    "bwrap",
    "cd",
    "chroot",
    "chrt",
    "command",
    "compgen",
    "complete",
    "crontab",
    "csh",
    "dash",
    "dc",
    "declare",
    "deno",
    "doas",
    "docker",
    "ed",
    "elvish",
    "emacs",
    "enable",
    "entr",
    "env",
    "eval",
    "exec",
    "expect",
    "export",
    "fish",
    "flock",
    "gawk",
    "gdb",
    "getopts",
    "ghci",
    "gmake",
    "gnuplot",
    "go",
    "groovy",
    "ionice",
    "irb",
    "java",
    "jshell",
    "julia",
    "ksh",
    "kubectl",
    "let",
    "local",
    "ltrace",
    "lua",
    "m4",
    "make",
    "mapfile",
    "mariadb",
    "mawk",
    "mysql",
    "nawk",
    "nice",
    "node",
    "nohup",
    "npm",
    "npx",
    "nsenter",
    "nvim",
    "ocaml",
    "octave",
    "osascript",
    "parallel",
    "perl",
    "php",
    "pipx",
    "pkexec",
    "pnpm",
    "podman",
    "printf",
    "psql",
    "pwsh",
    "python",
    "python2",
    "python3",
    "read",
    "readarray",
    "readonly",
    "ruby",
    "runuser",
    "scala",
    "screen",
    "script",
    "sed",
    "set",
    "setpriv",
    "setsid",
    "sh",
    "source",
    "sqlite3",
    "ssh",
    "stdbuf",
    "strace",
    "su",
    "sudo",
    "systemd-run",
    "taskset",
    "tcl",
    "tclsh",
    "test",
    "time",
    "timeout",
    "tmux",
    "trap",
    "ts-node",
    "tsx",
    "typeset",
    "unshare",
    "uv",
    "uvx",
    "vi",
    "vim",
    "watch",
    "wish",
    "xargs",
    "yarn",
    "zsh",
];

/// Signs of redirections that lead from or to a file, and copies of a stream, which lead nowhere else.
const SIGNS: [&str; 7] = [">", ">>", "2>", "2>>", "&>", "<", "<<<"];
const COPIES: [&str; 2] = ["2>&1", ">&2"];

impl Implementation {
    /// What keeps a tool from being made of it, in a fragment for a sentence; `None` for nothing. `parameters` are those
    /// of its specification.
    pub fn fault(&self, parameters: &[InputParameter]) -> Option<String> {
        match self {
            Implementation::Http(call) => call.fault(parameters),
            Implementation::Commands(line) => line.fault(parameters),
        }
    }
}

impl HttpCall {
    fn fault(&self, parameters: &[InputParameter]) -> Option<String> {
        let properties: serde_json::Map<String, serde_json::Value> =
            parameters.iter().map(|parameter| (parameter.name.clone(), serde_json::json!({}))).collect();
        let schema = serde_json::json!({"properties": properties});
        let unknown = |name: &String| !properties.contains_key(name);
        if let Some(name) = self.request.inputs(Some(&schema)).into_iter().find(unknown) {
            return Some(format!("its request uses the input {name}, which is not declared"));
        }
        let host =
            self.request.url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
        if host.contains(['{', '@']) {
            return Some("the host of its URL must be written out".to_owned());
        }
        // Whoever listens on the way reads a secret that is not encrypted.
        let is_own_machine = ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| host.starts_with(own));
        if !self.env.is_empty() && self.request.url.starts_with("http://") && !is_own_machine {
            return Some(format!("it would send {} to {host} without encryption", self.env.join(", ")));
        }
        if self.request.headers.values().any(|value| value.contains(['\r', '\n', '\0'])) {
            return Some("a header has a line break".to_owned());
        }
        self.request.fault(Some(&schema), &self.env)
    }
}

impl CommandLine {
    fn fault(&self, parameters: &[InputParameter]) -> Option<String> {
        let mut variables = BTreeSet::new();
        if let Some(twice) = parameters.iter().find(|parameter| !variables.insert(input_variable(&parameter.name))) {
            return Some(format!("two inputs are the variable {}", input_variable(&twice.name)));
        }
        if self.commands.is_empty() {
            return Some("it has no command".to_owned());
        }
        self.commands.iter().find_map(|words| command_fault(words, parameters))
    }

    /// The programs, each once, in order.
    pub fn programs(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let first = self.commands.iter().filter_map(|words| words.first()).map(|word| word.text.as_str());
        first.filter(|program| seen.insert(*program)).collect()
    }

    /// Whether a command writes into a file that is named behind a sign.
    pub fn writes(&self) -> bool {
        self.commands.iter().flatten().any(|word| word.sign.as_deref().is_some_and(|sign| sign.contains('>')))
    }
}

fn command_fault(words: &[CommandWord], parameters: &[InputParameter]) -> Option<String> {
    let Some(first) = words.first() else { return Some("a command has no words".to_owned()) };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let is_program = first.sign.is_none()
        && first.input.is_none()
        && first.text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && first.text.chars().all(is_name);
    if !is_program {
        return Some(format!("{:?} is not the name of a program", first.text));
    }
    let is_versioned =
        |name: &str| first.text.strip_prefix(name).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if RUN_CODE.contains(&first.text.as_str()) || ["python", "ruby", "lua", "perl"].into_iter().any(is_versioned) {
        return Some(format!("{} runs what it is given, so a value could be code", first.text));
    }
    words[1..].iter().find_map(|word| word_fault(word, parameters))
}

fn word_fault(word: &CommandWord, parameters: &[InputParameter]) -> Option<String> {
    if word.text.chars().any(|c| c.is_control() && c != '\t') {
        return Some(format!("the word {:?} has a control character", word.text));
    }
    match word.sign.as_deref() {
        Some(sign) if COPIES.contains(&sign) => {
            return (!word.text.is_empty() || word.input.is_some()).then(|| format!("nothing may follow {sign}"));
        }
        Some(sign) if !SIGNS.contains(&sign) => return Some(format!("{sign:?} is not a redirection")),
        Some(sign) if word.text.is_empty() && word.input.is_none() => return Some(format!("{sign} leads nowhere")),
        Some(_) | None => {}
    }
    let input = word.input.as_ref()?;
    let Some(parameter) = parameters.iter().find(|parameter| parameter.name == *input) else {
        return Some(format!("it uses the input {input}, which is not declared"));
    };
    if word.sign.is_some() || !word.text.is_empty() {
        return None;
    }
    // A value that stands alone would be an option where it begins like one.
    let number = |key: &str| parameter.constraints.get(key).and_then(serde_json::Value::as_f64);
    let is_safe = match parameter.kind {
        ParameterType::String => {
            let pattern = parameter.constraints.get("pattern").and_then(serde_json::Value::as_str);
            pattern.is_some_and(|pattern| pattern.starts_with(NO_OPTION))
        }
        ParameterType::Integer | ParameterType::Number => number("minimum").is_some_and(|least| least >= 0.0),
        ParameterType::Boolean => true,
        ParameterType::Array | ParameterType::Object => false,
    };
    let rule = match parameter.kind {
        ParameterType::Integer | ParameterType::Number => "a minimum of 0 or more".to_owned(),
        _ => format!("a pattern that begins with {NO_OPTION}"),
    };
    (!is_safe).then(|| format!("a value of {input} could be an option: it needs {rule}"))
}

/// How the pattern of a text begins that is no option.
pub const NO_OPTION: &str = "^[^-]";

impl fmt::Display for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Implementation::Http(call) => {
                write!(f, "{} {}", call.request.method, call.request.url)?;
                if call.env.is_empty() { Ok(()) } else { write!(f, ", which gets {}", call.env.join(", ")) }
            }
            Implementation::Commands(line) => line.fmt(f),
        }
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |word: &CommandWord| {
            let sign = word.sign.as_ref().map(|sign| format!("{sign} ")).unwrap_or_default();
            let input = word.input.as_ref().map(|name| format!("<{name}>")).unwrap_or_default();
            let text = if word.text.is_empty() { String::new() } else { shell_words::quote(&word.text).into_owned() };
            format!("{sign}{text}{input}")
        };
        let command = |words: &Vec<CommandWord>| words.iter().map(word).collect::<Vec<_>>().join(" ");
        f.write_str(&self.commands.iter().map(command).collect::<Vec<_>>().join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn parameter(name: &str, kind: ParameterType, constraints: &[(&str, serde_json::Value)]) -> InputParameter {
        InputParameter {
            name: name.to_owned(),
            kind,
            description: String::new(),
            required: true,
            constraints: constraints
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect::<Map<_, _>>(),
        }
    }

    fn line(words: &serde_json::Value) -> CommandLine {
        serde_json::from_value(json!({"commands": [words]})).unwrap()
    }

    fn known() -> Vec<InputParameter> {
        vec![
            parameter("path", ParameterType::String, &[("pattern", json!("^[^-]"))]),
            parameter("free", ParameterType::String, &[]),
            parameter("count", ParameterType::Integer, &[("minimum", json!(0))]),
            parameter("any", ParameterType::Integer, &[]),
        ]
    }

    #[test]
    fn words_that_could_be_code_options_or_something_else_make_no_tool() {
        let text = |text: &str| json!({"text": text});
        let input = |name: &str| json!({"input": name});
        for (words, why) in [
            (json!([text("bash"), text("-c"), input("path")]), "could be code"),
            (json!([text("python3.12"), input("path")]), "could be code"),
            (json!([text("printf"), text("-v"), input("path")]), "could be code"),
            (json!([{"sign": ">", "text": "head"}, text("env")]), "not the name of a program"),
            (json!([{"text": "b", "input": "path"}]), "not the name of a program"),
            (json!([input("path")]), "not the name of a program"),
            (json!([text("../x")]), "not the name of a program"),
            (json!([text("ls"), {"sign": "&1>", "text": "a"}]), "not a redirection"),
            (json!([text("ls"), {"sign": "0&<", "text": "a"}]), "not a redirection"),
            (json!([text("ls"), {"sign": "2>&1", "text": "a"}]), "nothing may follow"),
            (json!([text("ls"), {"sign": ">"}]), "leads nowhere"),
            (json!([text("grep"), text("a\u{0}b")]), "control character"),
            (json!([text("ls"), input("other")]), "not declared"),
            (json!([text("ls"), input("free")]), "could be an option"),
            (json!([text("head"), input("any")]), "could be an option"),
        ] {
            let fault = Implementation::Commands(line(&words)).fault(&known());
            assert!(fault.as_deref().is_some_and(|fault| fault.contains(why)), "{words}: {fault:?}");
        }
        let good = json!([text("head"), {"text": "-n", "input": "any"}, input("count"), input("path"), {"sign": ">", "input": "free"}, {"sign": "2>&1"}]);
        assert_eq!(Implementation::Commands(line(&good)).fault(&known()), None);
        let mut twice = known();
        twice.extend([parameter("a-b", ParameterType::Boolean, &[]), parameter("a_b", ParameterType::Boolean, &[])]);
        assert!(Implementation::Commands(line(&good)).fault(&twice).unwrap().contains("two inputs"));
    }

    #[test]
    fn a_request_goes_to_a_host_that_is_written_out_and_sends_no_secret_in_the_clear() {
        let call = |url: &str, env: &[&str]| {
            let mut request = HttpDefinition::get(url.to_owned());
            if let Some(name) = env.first() {
                request.headers.insert("Authorization".to_owned(), format!("Bearer {{env.{name}}}"));
            }
            HttpCall { request, env: env.iter().map(|name| (*name).to_owned()).collect() }
        };
        for (url, env, why) in [
            ("https://{input.path}/x", &[][..], "must be written out"),
            ("https://good.example@evil.example/", &[], "must be written out"),
            ("http://api.example.org/", &["API_TOKEN"], "without encryption"),
            ("https://api.example.org/{input.gone}", &[], "not declared"),
        ] {
            let fault = Implementation::Http(Box::new(call(url, env))).fault(&known());
            assert!(fault.as_deref().is_some_and(|fault| fault.contains(why)), "{url}: {fault:?}");
        }
        for (url, env) in
            [("https://api.example.org/{input.path}", &["API_TOKEN"][..]), ("http://127.0.0.1:80/", &["API_TOKEN"])]
        {
            assert_eq!(Implementation::Http(Box::new(call(url, env))).fault(&known()), None, "{url}");
        }
        let shown = Implementation::Http(Box::new(call("https://a.example/", &["API_TOKEN"]))).to_string();
        assert_eq!(shown, "GET https://a.example/, which gets API_TOKEN");
        let mut broken = call("https://a.example/", &[]);
        broken.request.headers.insert("X".to_owned(), "a\r\nY: b".to_owned());
        assert!(Implementation::Http(Box::new(broken)).fault(&known()).unwrap().contains("line break"));
    }
}
