//! Creates tools from their specification alone: an HTTP request without code, or a script that runs a command line.

use super::frame;
use super::{ScaffoldFile, ScaffoldRequest, Unwritable, header, one_line, provenance, toml_list, toml_text};
use crate::domain::evaluators::Freedom;
use crate::domain::shell::literal;
use crate::domain::{
    CommandLine, CommandWord, HttpBody, HttpCall, Implementation, InputParameter, ParameterType, ToolSpecification,
    input_variable, limits_of,
};
use serde_json::{Map, Value, json};

/// Programs that use the network.
const NETWORK: [&str; 14] =
    ["aria2c", "curl", "dig", "ftp", "http", "https", "nc", "ping", "rsync", "scp", "sftp", "ssh", "wget", "xh"];

/// The input with which a command script only prints its commands.
const SHOW: &str = "show_command";

/// The files of a tool that is created from its specification.
///
/// # Errors
/// The part of the specification that a manifest cannot represent.
pub(super) fn files(
    order: &ScaffoldRequest<'_>,
    specification: &ToolSpecification,
    implementation: &Implementation,
) -> Result<Vec<ScaffoldFile>, Unwritable> {
    match implementation {
        Implementation::Http(call) => {
            let manifest = request(order, specification, call)?;
            Ok(vec![ScaffoldFile { path: "tool.toml".to_owned(), text: manifest, executable: false }])
        }
        Implementation::Commands(line) => {
            let entry = format!("{}.sh", order.name.as_str().replace(['-', '.'], "_"));
            let specification = with_show(specification);
            let manifest = commands(order, &specification, line, &entry)?;
            let code = header(order, &one_line(order.description)) + &script(line);
            Ok(vec![
                ScaffoldFile { path: entry, text: code, executable: true },
                ScaffoldFile { path: "tool.toml".to_owned(), text: manifest, executable: false },
            ])
        }
    }
}

fn head(order: &ScaffoldRequest<'_>, kind: &str, category: &str, tag: &str, tier: &str) -> String {
    format!(
        "name = {}\nversion = \"0.1.0\"\ndescription = {}\nkind = \"{kind}\"\ncategory = \"{category}\"\n\
         cost_tier = \"{tier}\"\ntags = [\"{tag}\"]\n\n",
        toml_text(order.name.as_str()),
        toml_text(&one_line(order.description)),
    )
}

/// The manifest of a tool that sends a request.
fn request(
    order: &ScaffoldRequest<'_>,
    specification: &ToolSpecification,
    call: &HttpCall,
) -> Result<String, Unwritable> {
    let mut http = Map::new();
    http.insert("method".to_owned(), json!(call.request.method));
    http.insert("url".to_owned(), json!(call.request.url));
    http.extend(call.request.query.iter().map(|query| ("query".to_owned(), query.clone())));
    if !call.request.headers.is_empty() {
        http.insert("headers".to_owned(), json!(call.request.headers));
    }
    http.extend(call.request.body.iter().map(|body| match body {
        HttpBody::Json(value) => ("body".to_owned(), value.clone()),
        HttpBody::Form(value) => ("form".to_owned(), value.clone()),
        HttpBody::Text(text) => ("body".to_owned(), json!(text)),
    }));
    let mut tables = Map::new();
    tables.insert("http".to_owned(), Value::Object(http));
    tables.insert("permissions".to_owned(), json!({"network": ["full"], "env": call.env}));
    tables.extend(frame::interface(specification));
    let written = frame::written(&Value::Object(tables))?;
    // A request that may change something elsewhere does not get the low tier.
    let tier = match call.request.method.as_str() {
        "GET" | "HEAD" | "OPTIONS" => "low",
        "DELETE" => "high",
        _ => "medium",
    };
    Ok(head(order, "http", "web", "api-client", tier) + &written + &provenance(order))
}

/// The manifest of a tool that runs commands.
fn commands(
    order: &ScaffoldRequest<'_>,
    specification: &ToolSpecification,
    line: &CommandLine,
    entry: &str,
) -> Result<String, Unwritable> {
    let programs = line.programs();
    let network: &[&str] = if programs.iter().any(|program| NETWORK.contains(program)) { &["full"] } else { &[] };
    let write: &[&str] = if line.writes() { &["{workspace}"] } else { &[] };
    let run = format!(
        "[run]\ncommand = [\"bash\", \"{{file}}\", \"{{workspace}}\"]\nentry = {}\ninput = \"env\"\ntimeout = \"30s\"\n\n\
         [permissions]\nnetwork = {}\nread = [\"{{workspace}}\"]\nwrite = {}\nenv = []\nrun = {}\n\n\
         [limits]\nmemory = \"256MiB\"\ncpu = \"20s\"\nprocesses = 32\noutput = \"4MiB\"\n\n",
        toml_text(entry),
        toml_list(network),
        toml_list(write),
        toml_list(&programs),
    );
    let mut tables = frame::interface(specification);
    if let Some(test) = shown_test(specification, line) {
        tables.insert("tests".to_owned(), json!([test]));
    }
    let written = frame::written(&Value::Object(tables))?;
    Ok(head(order, "command", "custom", "cli-wrapper", "low") + &run + &written + &provenance(order))
}

/// The specification with the input that shows the commands, unless it already has an input of that name.
fn with_show(specification: &ToolSpecification) -> ToolSpecification {
    let mut specification = specification.clone();
    if !specification.input_parameters.iter().any(|parameter| parameter.name == SHOW) {
        specification.input_parameters.push(InputParameter {
            name: SHOW.to_owned(),
            kind: ParameterType::Boolean,
            description: "Print the words of the commands, one per line, and run nothing".to_owned(),
            required: false,
            constraints: Map::from_iter([("default".to_owned(), json!(false))]),
        });
    }
    specification
}

/// A test that values end up in the right words.
fn shown_test(specification: &ToolSpecification, line: &CommandLine) -> Option<Value> {
    let mut input = Map::new();
    for parameter in specification.input_parameters.iter().filter(|parameter| parameter.name != SHOW) {
        let value = match parameter.kind {
            ParameterType::String if is_free(parameter) => json!(format!("a \"b\" $({})", parameter.name)),
            ParameterType::String => json!(format!("a_{}", parameter.name)),
            ParameterType::Integer => json!(3),
            ParameterType::Number => json!(1.5),
            ParameterType::Boolean => json!(true),
            ParameterType::Array | ParameterType::Object => return None,
        };
        input.insert(parameter.name.clone(), value);
    }
    let text = |word: &CommandWord| {
        let value = word.input.as_ref().and_then(|name| input.get(name));
        let value = value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let whole = format!("{}{}", word.text, value.unwrap_or_default());
        let shown = word.sign.iter().cloned().chain((word.sign.is_none() || !whole.is_empty()).then_some(whole));
        shown.collect::<Vec<_>>().join("\n")
    };
    let command = |words: &Vec<CommandWord>| {
        let (signs, plain): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.sign.is_some());
        plain.into_iter().chain(signs).map(text).collect::<Vec<_>>().join("\n")
    };
    let shown = line.commands.iter().map(command).collect::<Vec<_>>().join("\n|\n");
    input.insert(SHOW.to_owned(), json!(true));
    Some(json!({"name": "values stay single words", "input": input, "expect": {"exact": shown}}))
}

/// Whether the text of an input may contain any character.
fn is_free(parameter: &InputParameter) -> bool {
    let Some(pattern) = parameter.constraints.get("pattern") else { return true };
    limits_of(parameter.kind, Freedom::NoOption).get("pattern") == Some(pattern)
}

/// The script. The words of each command form an array, so that no value is ever executed as code.
fn script(line: &CommandLine) -> String {
    let mut code = "set -euo pipefail\n\n".to_owned();
    let (mut shown, mut run) = (Vec::new(), Vec::new());
    for (number, words) in (1..).zip(&line.commands) {
        let plain: Vec<String> = words.iter().filter(|word| word.sign.is_none()).map(quoted).collect();
        code.extend([format!("step_{number}=({})\n", plain.join(" "))]);
        let signs: Vec<&CommandWord> = words.iter().filter(|word| word.sign.is_some()).collect();
        let array = format!("\"${{step_{number}[@]}}\"");
        let sign = |word: &CommandWord| word.sign.clone().unwrap_or_default();
        let of_sign = |word: &&CommandWord| match quoted(word) {
            target if target == "''" => sign(word),
            target => format!("{} {target}", sign(word)),
        };
        let show_sign = |word: &&CommandWord| match quoted(word) {
            target if target == "''" => literal(&sign(word)),
            target => format!("{} {target}", literal(&sign(word))),
        };
        shown.push(std::iter::once(array.clone()).chain(signs.iter().map(show_sign)).collect::<Vec<_>>().join(" "));
        run.push(std::iter::once(array).chain(signs.iter().map(of_sign)).collect::<Vec<_>>().join(" "));
    }
    let end = format!(
        "\nif [[ ${{{}:-}} == true ]]; then\n    printf '%s\\n' {}\n    exit\nfi\n\n# Paths are relative to the workspace.\n\
         cd -- \"$1\"\n{}\n",
        input_variable(SHOW),
        shown.join(" '|' "),
        run.join(" | "),
    );
    code + &end
}

/// A word quoted for the shell: its text literally, and the value of an input in the same word.
fn quoted(word: &CommandWord) -> String {
    let value = word.input.as_ref().map(|name| format!("\"${{{}}}\"", input_variable(name)));
    match (word.text.as_str(), value) {
        ("", Some(value)) => value,
        (text, value) => literal(text) + &value.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Digest, HttpDefinition, ScaffoldTemplate, ScriptLanguage, ToolName};

    fn word(text: &str, input: Option<&str>) -> CommandWord {
        CommandWord { sign: None, text: text.to_owned(), input: input.map(str::to_owned) }
    }

    fn parameter(name: &str, kind: ParameterType) -> InputParameter {
        InputParameter {
            name: name.to_owned(),
            kind,
            description: String::new(),
            required: true,
            constraints: Map::new(),
        }
    }

    fn made(implementation: &Implementation, parameters: Vec<InputParameter>) -> Vec<ScaffoldFile> {
        let name = ToolName::new("made-tool").unwrap();
        let mut specification = ToolSpecification::of(name.clone(), "Does it");
        specification.input_parameters = parameters;
        let order = ScaffoldRequest {
            name: &name,
            description: "Does it",
            template: ScaffoldTemplate::CliWrapper,
            language: ScriptLanguage::Shell,
            created_at: "2026-01-02T03:04:05Z",
            created_by: "Ada",
            reason: "asked for",
            specification: Some((&specification, Digest([1; 32]))),
        };
        files(&order, &specification, implementation).unwrap()
    }

    #[test]
    fn a_line_of_commands_becomes_a_script_in_which_values_are_single_words() {
        let to_file = CommandWord { sign: Some(">".to_owned()), ..word("", Some("path")) };
        let line = CommandLine {
            commands: vec![
                vec![word("grep", None), word("-n", None), word("", Some("text")), word("my notes.txt", None)],
                vec![word("head", None), word("-n", Some("number")), to_file],
            ],
        };
        let parameters = vec![
            parameter("text", ParameterType::String),
            parameter("number", ParameterType::Integer),
            parameter("path", ParameterType::String),
        ];
        let files = made(&Implementation::Commands(line), parameters);
        let script = &files[0].text;
        for part in [
            "step_1=(grep -n \"${INPUT_TEXT}\" 'my notes.txt')\nstep_2=(head -n\"${INPUT_NUMBER}\")\n",
            "printf '%s\\n' \"${step_1[@]}\" '|' \"${step_2[@]}\" '>' \"${INPUT_PATH}\"\n",
            "cd -- \"$1\"\n\"${step_1[@]}\" | \"${step_2[@]}\" > \"${INPUT_PATH}\"\n",
        ] {
            assert!(script.contains(part), "{part}\n{script}");
        }
        let manifest: toml::Table = files[1].text.parse().unwrap();
        assert_eq!(manifest["permissions"]["run"].to_string(), "[\"grep\", \"head\"]");
        assert_eq!(manifest["permissions"]["write"].to_string(), "[\"{workspace}\"]");
        let expected = "grep\n-n\na \"b\" $(text)\nmy notes.txt\n|\nhead\n-n3\n>\na \"b\" $(path)";
        assert_eq!(manifest["tests"][0]["expect"]["exact"].as_str(), Some(expected));
    }

    #[test]
    fn a_request_needs_no_code() {
        let request = HttpDefinition {
            method: "POST".to_owned(),
            query: Some(json!({"lang": "{input.lang}"})),
            body: Some(HttpBody::Json(json!({"text": "{input.text}"}))),
            headers: [("Authorization".to_owned(), "Bearer {env.NOTES_TOKEN}".to_owned())].into(),
            ..HttpDefinition::get("https://api.example.org/notes/{input.id}".to_owned())
        };
        let call = HttpCall { request, env: vec!["NOTES_TOKEN".to_owned()] };
        let parameters = ["id", "lang", "text"].map(|name| parameter(name, ParameterType::String)).to_vec();
        let files = made(&Implementation::Http(Box::new(call)), parameters);
        assert_eq!(files.len(), 1);
        let manifest: toml::Table = files[0].text.parse().unwrap();
        assert_eq!(manifest["kind"].as_str(), Some("http"));
        assert_eq!(manifest["http"]["body"]["text"].as_str(), Some("{input.text}"));
        assert_eq!(manifest["permissions"]["env"][0].as_str(), Some("NOTES_TOKEN"));
        assert_eq!(manifest["input"]["required"].as_array().map(Vec::len), Some(3));
        assert_eq!(manifest["provenance"]["created_by"].as_str(), Some("Ada"));
    }
}
