//! How a specified tool can be created without writing code: from one HTTP request, or from one command line.

use super::evaluators::{self, Freedom, Word};
use super::http::{HttpDefinition, Origin};
use super::manifest::input_variable;
use super::parameter::{InputParameter, ParameterType};
use super::shell::literal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a tool does, in enough detail to create it.
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
    /// The request to send.
    pub request: HttpDefinition,
    /// Names of secrets and variables in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
}

/// Commands in a pipeline: each reads the output of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// The commands, in order; the first word of each is its program.
    pub commands: Vec<Vec<CommandWord>>,
}

/// A word of a command: a text, an input, or a text followed by an input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandWord {
    /// The redirection operator in front of it: `>`, `2>>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign: Option<String>,
    /// The fixed text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The input that follows, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

/// Redirection operators that lead from or to a file, and copies of a stream.
const SIGNS: [&str; 7] = [">", ">>", "2>", "2>>", "&>", "<", "<<<"];
const COPIES: [&str; 2] = ["2>&1", ">&2"];

/// The prefix of the variables that hold the values of inputs, as in [`input_variable`].
const VARIABLES: &str = "INPUT_";

impl Implementation {
    /// Why no tool can be made from it, as a fragment of a sentence; `None` if one can. `parameters` are those of its
    /// specification.
    pub fn fault(&self, parameters: &[InputParameter]) -> Option<String> {
        match self {
            Implementation::Http(call) => call.fault(parameters),
            Implementation::Commands(line) => line.fault(parameters),
        }
    }
}

impl HttpCall {
    fn fault(&self, parameters: &[InputParameter]) -> Option<String> {
        let properties: Map<String, Value> =
            parameters.iter().map(|parameter| (parameter.name.clone(), json!({}))).collect();
        let schema = json!({"properties": properties});
        let unknown = |name: &String| !properties.contains_key(name);
        if let Some(name) = self.request.inputs(Some(&schema)).into_iter().find(unknown) {
            return Some(format!("its request uses the input {name}, which is not declared"));
        }
        let origin = match Origin::of(&self.request.url) {
            Ok(origin) => origin,
            Err(why) => return Some(format!("its URL {why}")),
        };
        // Somebody on the network path could read an unencrypted secret.
        if !self.env.is_empty() && !origin.is_tls && !origin.is_this_machine() {
            return Some(format!("it would send {} to {origin} without encryption", self.env.join(", ")));
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
        if let Some(fault) = self.commands.iter().find_map(|words| command_fault(words)) {
            return Some(fault);
        }
        let freedoms = self.freedoms();
        if let Some(name) = freedoms.keys().find(|name| !parameters.iter().any(|known| known.name == **name)) {
            return Some(format!("it uses the input {name}, which is not declared"));
        }
        parameters.iter().find_map(|parameter| limit_fault(parameter, *freedoms.get(parameter.name.as_str())?))
    }

    /// What the value of each input may be, considering all places where it is used.
    pub fn freedoms(&self) -> BTreeMap<&str, Freedom> {
        let mut freedoms: BTreeMap<&str, Freedom> = BTreeMap::new();
        for (at, words) in self.commands.iter().enumerate() {
            // The output of a command is read by those after it.
            let readers = self.commands[at + 1..].iter().map(|reader| evaluators::of_input(&word_list(reader, None)));
            let readers = readers.fold(Freedom::Text, Freedom::max);
            for word in words {
                let Some(input) = word.input.as_deref() else { continue };
                let known = freedoms.entry(input).or_insert(Freedom::Text);
                *known = (*known).max(freedom_at(words, word)).max(readers);
            }
        }
        freedoms
    }

    /// The programs, each once, in order.
    pub fn programs(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let first = self.commands.iter().filter_map(|words| words.first()).map(|word| word.text.as_str());
        first.filter(|program| seen.insert(*program)).collect()
    }

    /// Whether a command may write files: by a redirection, or because its program is not known only to read and print.
    pub fn writes(&self) -> bool {
        self.commands.iter().any(|words| {
            let is_redirected = words.iter().any(|word| word.sign.as_deref().is_some_and(|sign| sign.contains('>')));
            let plain = || words.iter().filter(|word| word.sign.is_none()).map(|word| word.text.as_str());
            let program = plain().next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            let only_prints = READERS.iter().any(|(reader, writing)| {
                *reader == program && !plain().skip(1).any(|word| writing.iter().any(|option| word.starts_with(option)))
            });
            is_redirected || !only_prints
        })
    }
}

/// Programs that read and print, each with the options by which it writes a file.
#[rustfmt::skip]
const READERS: &[(&str, &[&str])] = &[
    ("aws", &[]), ("base64", &[]), ("basename", &[]), ("bc", &[]), ("cal", &[]), ("cat", &[]), ("cksum", &[]), ("cmp", &[]),
    ("column", &[]), ("comm", &[]), ("curl", &["-o", "-O", "--output", "--remote", "-D", "--dump-header", "-c", "--cookie-jar"]),
    ("cut", &[]), ("date", &[]), ("df", &[]), ("diff", &["--output"]), ("dig", &[]), ("dirname", &[]), ("du", &[]), ("echo", &[]),
    ("exiftool", &["-overwrite", "-o"]), ("expand", &[]), ("file", &["-C"]), ("fold", &[]), ("free", &[]), ("gh", &[]), ("grep", &[]),
    ("head", &[]), ("hexdump", &[]), ("host", &[]), ("http", &["-o", "--output", "-d"]), ("id", &[]), ("ip", &[]), ("jq", &[]),
    ("kubectl", &[]), ("ls", &[]), ("lsof", &[]), ("md5sum", &[]), ("nl", &[]), ("nslookup", &[]), ("od", &[]), ("paste", &[]),
    ("ping", &[]), ("printf", &[]), ("ps", &[]), ("readlink", &[]), ("realpath", &[]), ("rev", &[]), ("rg", &[]),
    ("sed", &["-i", "--in-place"]), ("seq", &[]), ("sha1sum", &[]), ("sha256sum", &[]), ("sha512sum", &[]), ("sort", &["-o", "--output"]),
    ("stat", &[]), ("strings", &[]), ("tac", &[]), ("tail", &[]), ("tr", &[]), ("tree", &["-o"]), ("uname", &[]), ("uniq", &[]),
    ("wc", &[]), ("whois", &[]), ("xxd", &["-r"]), ("yq", &["-i", "--inplace"]), ("zcat", &[]), ("zgrep", &[]),
];

/// The words of a command in the form that [`evaluators`] takes: without redirections, and with one of the words as the
/// value in question.
fn word_list<'w>(words: &'w [CommandWord], asked: Option<&CommandWord>) -> Vec<Word<'w>> {
    let plain = words.iter().filter(|word| word.sign.is_none());
    let seen = |word: &'w CommandWord| match &word.input {
        None => Word::Fixed(word.text.as_str()),
        Some(_) if asked.is_none_or(|asked| !std::ptr::eq(asked, word)) => Word::Computed,
        Some(_) if word.text.is_empty() => Word::Value,
        Some(_) => Word::Partly(word.text.as_str()),
    };
    plain.map(seen).collect()
}

/// What the value in a word of a command may be.
fn freedom_at(words: &[CommandWord], word: &CommandWord) -> Freedom {
    match &word.sign {
        // Input from a file may be code for its reader; the target of a write is an ordinary path.
        Some(sign) if sign.contains('<') => evaluators::of_input(&word_list(words, None)),
        Some(_) => Freedom::Text,
        None => {
            let list = word_list(words, Some(word));
            let before = words.iter().take_while(|other| !std::ptr::eq(*other, word));
            let at = before.filter(|other| other.sign.is_none()).count();
            let is_option = word.text.is_empty() && !list[1.min(at)..at].contains(&Word::Fixed("--"));
            evaluators::of_word(&list, at).max(if is_option { Freedom::NoOption } else { Freedom::Text })
        }
    }
}

fn command_fault(words: &[CommandWord]) -> Option<String> {
    let first = words.first()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let is_program = first.sign.is_none()
        && first.input.is_none()
        && first.text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && first.text.chars().all(is_name);
    if !is_program {
        return Some(format!("{:?} is not the name of a program", first.text));
    }
    // Its code would not be part of the tool, so no review would cover it.
    if evaluators::executes(&word_list(words, None)) || evaluators::runs_project(&first.text) {
        return Some(format!("{} runs code that is not part of the tool", first.text));
    }
    words[1..].iter().find_map(word_fault)
}

fn word_fault(word: &CommandWord) -> Option<String> {
    if word.text.chars().any(|c| c.is_control() && c != '\t') {
        return Some(format!("the word {:?} has a control character", word.text));
    }
    let is_empty = word.text.is_empty() && word.input.is_none();
    let sign = word.sign.as_deref()?;
    match (COPIES.contains(&sign), SIGNS.contains(&sign)) {
        (true, _) => (!is_empty).then(|| format!("nothing may follow {sign}")),
        (false, true) => is_empty.then(|| format!("{sign} leads nowhere")),
        (false, false) => Some(format!("{sign:?} is not a redirection")),
    }
}

/// What is wrong with the constraints of an input whose value has this freedom.
fn limit_fault(parameter: &InputParameter, freedom: Freedom) -> Option<String> {
    let name = &parameter.name;
    if let Freedom::Code(why) = freedom {
        return Some(format!("the value of {name} would be {why}"));
    }
    let limits = limits_of(parameter.kind, freedom);
    match parameter.kind {
        ParameterType::Array | ParameterType::Object => Some(format!("{name} cannot be a single word")),
        _ if limits.iter().all(|(key, value)| parameter.constraints.get(key) == Some(value)) => None,
        _ => Some(format!("the input {name} needs the constraints {}", Value::Object(limits))),
    }
}

/// The constraints of an input that enforce this freedom.
pub fn limits_of(kind: ParameterType, freedom: Freedom) -> Map<String, Value> {
    let limit = match kind {
        ParameterType::String => freedom.signs(VARIABLES).map(|signs| ("pattern", json!(format!("^({signs})$")))),
        // A negative number looks like an option.
        ParameterType::Integer | ParameterType::Number => (freedom > Freedom::Text).then(|| ("minimum", json!(0))),
        ParameterType::Boolean | ParameterType::Array | ParameterType::Object => None,
    };
    limit.map(|(key, value)| (key.to_owned(), value)).into_iter().collect()
}

impl Implementation {
    /// Its description for a reader, as labels and texts: method and address, or program and arguments.
    pub fn words(&self) -> Vec<(&'static str, String)> {
        match self {
            Implementation::Http(call) => call.words(),
            Implementation::Commands(line) => line.commands.iter().flat_map(|words| command_words(words)).collect(),
        }
    }
}

impl HttpCall {
    fn words(&self) -> Vec<(&'static str, String)> {
        let request = &self.request;
        let mut words = vec![("method", request.method.clone()), ("address", request.url.clone())];
        words.extend(request.query.iter().map(|query| ("query", query.to_string())));
        words.extend(request.headers.iter().map(|(name, value)| ("header", format!("{name}: {value}"))));
        let body = request.body.as_ref().and_then(|body| serde_json::to_string(body).ok());
        words.extend(body.map(|body| ("sends", body)));
        if !request.hosts.is_empty() {
            words.push(("other hosts", request.hosts.join(", ")));
        }
        if !self.env.is_empty() {
            words.push(("gets", self.env.join(", ")));
        }
        words
    }
}

/// The program of a command and its arguments, each word in quotes.
fn command_words(words: &[CommandWord]) -> Vec<(&'static str, String)> {
    let Some((program, arguments)) = words.split_first() else { return Vec::new() };
    let mut said = vec![("program", program.text.clone())];
    let (signs, plain): (Vec<_>, Vec<_>) = arguments.iter().partition(|word| word.sign.is_some());
    if !plain.is_empty() {
        said.push(("arguments", plain.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")));
    }
    said.extend(signs.iter().map(|word| ("redirection", word.to_string())));
    said
}

impl fmt::Display for CommandWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = self.sign.as_ref().map(|sign| format!("{sign} ")).unwrap_or_default();
        let input = self.input.as_ref().map(|name| format!("<{name}>")).unwrap_or_default();
        let text = if self.text.is_empty() { String::new() } else { literal(&self.text) };
        write!(f, "{sign}{text}{input}")
    }
}

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
        let command = |words: &Vec<CommandWord>| words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        f.write_str(&self.commands.iter().map(command).collect::<Vec<_>>().join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_known_only_to_print_may_write() {
        let writes = |line: &str| {
            let word = |text: &str| CommandWord { sign: None, text: text.to_owned(), input: None };
            let command = |part: &str| part.split_whitespace().map(word).collect();
            CommandLine { commands: line.split('|').map(command).collect() }.writes()
        };
        for line in [
            "tar czf a.tgz b",
            "ffmpeg -i a b",
            "curl -s -o a x",
            "sed -i s/a/b/ x",
            "cat a | tee b",
            "/usr/bin/cp a b",
        ] {
            assert!(writes(line), "{line}");
        }
        for line in ["grep -n a b | head -n 3", "curl -s x | jq .", "kubectl logs x", "sort -u a"] {
            assert!(!writes(line), "{line}");
        }
    }
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
            parameter("path", ParameterType::String, &[("pattern", json!("^((?!-)[\\s\\S]*)$"))]),
            parameter("loose", ParameterType::String, &[("pattern", json!("^[^-]|x"))]),
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
            (json!([text("bash"), text("-c"), input("path")]), "runs code that is not part"),
            (json!([text("python3.12"), input("path")]), "runs code that is not part"),
            (json!([text("make"), input("path")]), "runs code that is not part"),
            (json!([text("timeout"), text("5"), text("sh"), input("path")]), "runs code that is not part"),
            (json!([text("xargs"), input("path")]), "runs code that is not part"),
            (json!([text("printf"), text("-v"), input("path")]), "would be the name of a variable"),
            (json!([text("awk"), input("path")]), "would be code"),
            (json!([text("sqlite3"), text("a.db"), input("path")]), "would be code"),
            (json!([text("find"), text("."), text("-exec"), input("path")]), "would be a program"),
            (json!([text("tar"), text("-cf"), text("a.tar"), input("path")]), "needs the constraints"),
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
            (json!([text("ls"), input("free")]), "needs the constraints"),
            (json!([text("ls"), input("loose")]), "needs the constraints"),
            (json!([text("head"), input("any")]), "needs the constraints"),
        ] {
            let fault = Implementation::Commands(line(&words)).fault(&known());
            assert!(fault.as_deref().is_some_and(|fault| fault.contains(why)), "{words}: {fault:?}");
        }
        let good = json!([text("head"), {"text": "-n", "input": "any"}, input("count"), input("path"), {"sign": ">", "input": "free"}, {"sign": "2>&1"}]);
        assert_eq!(Implementation::Commands(line(&good)).fault(&known()), None);
        // Input of a program after the pipe is checked, too.
        let piped: CommandLine =
            serde_json::from_value(json!({"commands": [[text("cat"), input("path")], [text("psql"), text("shop")]]}))
                .unwrap();
        assert_eq!(piped.freedoms()["path"], Freedom::Name);
        let mut twice = known();
        twice.extend([parameter("a-b", ParameterType::Boolean, &[]), parameter("a_b", ParameterType::Boolean, &[])]);
        assert!(Implementation::Commands(line(&good)).fault(&twice).unwrap().contains("two inputs"));
    }

    #[test]
    fn a_reviewer_reads_method_and_address_or_program_and_arguments() {
        let words = |made: &Implementation| {
            made.words().into_iter().map(|(label, text)| format!("{label}: {text}")).collect::<Vec<_>>()
        };
        let commands =
            json!([{"text": "head"}, {"text": "-n", "input": "any"}, {"text": "a b"}, {"sign": ">", "text": "out"}]);
        let told = words(&Implementation::Commands(line(&commands)));
        assert_eq!(told, ["program: head", "arguments: -n<any> 'a b'", "redirection: > out"]);
        let mut request = HttpDefinition::get("https://api.example.org/{input.path}".to_owned());
        request.headers.insert("Authorization".to_owned(), "Bearer {env.API_TOKEN}".to_owned());
        let call = HttpCall { request, env: vec!["API_TOKEN".to_owned()] };
        let told = words(&Implementation::Http(Box::new(call)));
        let wanted = [
            "method: GET",
            "address: https://api.example.org/{input.path}",
            "header: Authorization: Bearer {env.API_TOKEN}",
            "gets: API_TOKEN",
        ];
        assert_eq!(told, wanted);
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
            ("https://{input.path}/x", &[][..], "has no valid host"),
            ("https://good.example@evil.example/", &[], "has a user"),
            ("http://api.example.org/", &["API_TOKEN"], "without encryption"),
            ("http://localhost.evil.example/", &["API_TOKEN"], "without encryption"),
            ("http://127.0.0.1.evil.example/", &["API_TOKEN"], "without encryption"),
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
