//! Scaffolds: starting points for new tools that pass their own checks before anybody has written a line.
//!
//! Four templates in three languages are in `assets/scaffolds/`. A scaffold for a specification has the parameters and
//! examples of the specification. Instead of the sample code, it has a frame that reports that it is not written yet.

mod choice;
mod frame;
mod made;

pub use choice::{Choice, choose_language, choose_template, words_of};

use crate::domain::{Digest, SafeText, ScaffoldTemplate, ScriptLanguage, ToolName, ToolSpecification};

/// The scaffold to create.
#[derive(Debug, Clone, Copy)]
pub struct ScaffoldRequest<'a> {
    /// The name of the tool.
    pub name: &'a ToolName,
    /// Its purpose; if empty, the text of the template is used.
    pub description: &'a str,
    /// The template.
    pub template: ScaffoldTemplate,
    /// The language.
    pub language: ScriptLanguage,
    /// Creation time, RFC 3339.
    pub created_at: &'a str,
    /// The user or agent who made it.
    pub created_by: &'a str,
    /// Why it was made, one line.
    pub reason: &'a str,
    /// The approved specification, with its digest.
    pub specification: Option<(&'a ToolSpecification, Digest)>,
}

/// A file of a scaffold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaffoldFile {
    /// Its path in the tool's folder.
    pub path: String,
    /// Content of the new file.
    pub text: String,
    /// Whether it is executable.
    pub executable: bool,
}

/// The part of a specification that cannot be written into a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {why}")]
pub struct Unwritable {
    /// Its place in the manifest, such as `input.properties.limit.maximum`; empty if unknown.
    pub field: String,
    /// What is wrong with it, for example `is null, which TOML does not support`.
    pub why: String,
}

/// The name of Toolsmith as a generator.
const GENERATOR: &str = concat!("Toolsmith v", env!("CARGO_PKG_VERSION"));

/// Shell functions that write JSON.
const SHELL_JSON: &str = include_str!("../../../assets/scaffolds/shell-json.sh");
const PROVENANCE: &str = include_str!("../../../assets/scaffolds/provenance.toml");
const SAMPLE: &str = include_str!("../../../assets/scaffolds/file-processor/sample.txt");

/// The manifest of a template, and its code in each language.
struct Parts {
    manifest: &'static str,
    python: &'static str,
    typescript: &'static str,
    shell: &'static str,
}

macro_rules! parts {
    ($folder:literal, $manifest:expr) => {
        Parts {
            manifest: $manifest,
            python: include_str!(concat!("../../../assets/scaffolds/", $folder, "/tool.py")),
            typescript: include_str!(concat!("../../../assets/scaffolds/", $folder, "/tool.mts")),
            shell: include_str!(concat!("../../../assets/scaffolds/", $folder, "/tool.sh")),
        }
    };
    ($folder:literal) => {
        parts!($folder, include_str!(concat!("../../../assets/scaffolds/", $folder, "/tool.toml")))
    };
}

impl Parts {
    fn of(template: ScaffoldTemplate) -> Parts {
        match template {
            ScaffoldTemplate::CliWrapper => parts!("cli-wrapper"),
            ScaffoldTemplate::ApiClient => parts!("api-client"),
            ScaffoldTemplate::DataTransform => parts!("data-transform"),
            ScaffoldTemplate::FileProcessor => parts!("file-processor"),
        }
    }

    /// The code that replaces the sample code.
    fn frame() -> Parts {
        parts!("frame", "")
    }

    fn code(&self, language: ScriptLanguage) -> &'static str {
        match language {
            ScriptLanguage::Python => self.python,
            ScriptLanguage::TypeScript => self.typescript,
            ScriptLanguage::Shell => self.shell,
        }
    }
}

/// File and command conventions of a language.
struct Dialect {
    ending: &'static str,
    program: &'static str,
    input: &'static str,
    memory: &'static str,
}

fn dialect(language: ScriptLanguage) -> Dialect {
    match language {
        ScriptLanguage::Python => Dialect { ending: "py", program: "python3", input: "stdin-json", memory: "256MiB" },
        // With this extension, no runtime searches for a package.json to determine the module type.
        ScriptLanguage::TypeScript => Dialect { ending: "mts", program: "node", input: "stdin-json", memory: "1GiB" },
        ScriptLanguage::Shell => Dialect { ending: "sh", program: "bash", input: "env", memory: "256MiB" },
    }
}

/// The description of a template.
fn own_words(template: ScaffoldTemplate) -> &'static str {
    match template {
        ScaffoldTemplate::CliWrapper => "Sort lines with the sort program and return an object",
        ScaffoldTemplate::ApiClient => "Call one API endpoint and return its status and body",
        ScaffoldTemplate::DataTransform => "Trim lines, drop empty ones, change their case",
        ScaffoldTemplate::FileProcessor => "Count the bytes, lines and words of a file in the workspace",
    }
}

/// Creates the files of a scaffold, in ascending order of path.
///
/// # Errors
/// The part of the specification that a manifest cannot represent.
pub fn render(order: &ScaffoldRequest<'_>) -> Result<Vec<ScaffoldFile>, Unwritable> {
    if let Some((specification, _)) = order.specification
        && let Some(implementation) = &specification.implementation
    {
        return made::files(order, specification, implementation);
    }
    let dialect = dialect(order.language);
    let entry = format!("{}.{}", order.name.as_str().replace(['-', '.'], "_"), dialect.ending);
    let description = one_line(order.description);
    let description = if description.is_empty() { own_words(order.template).to_owned() } else { description };
    let mut command = vec![dialect.program, "{file}"];
    if order.template == ScaffoldTemplate::FileProcessor && order.specification.is_none() {
        command.push("{workspace}");
    }
    let programs: &[&str] = match (order.template, order.language) {
        (ScaffoldTemplate::ApiClient, ScriptLanguage::Shell) => &["curl"],
        (ScaffoldTemplate::FileProcessor, ScriptLanguage::Shell) => &["awk", "dirname", "realpath", "wc"],
        _ => &[],
    };
    let filled = |text: &str| {
        text.replace("{{name}}", &toml_text(order.name.as_str()))
            .replace("{{language}}", &toml_text(order.language.word()))
            .replace("{{entry}}", &toml_text(&entry))
            .replace("{{command}}", &toml_list(&command))
            .replace("{{input_mode}}", &toml_text(dialect.input))
            .replace("{{memory}}", &toml_text(dialect.memory))
            .replace("{{programs}}", &toml_list(programs))
            // Text from others is inserted last, so that placeholders in it are not replaced.
            .replace("{{description}}", &toml_text(&description))
    };
    let (manifest, code) = match order.specification {
        None => {
            let parts = Parts::of(order.template);
            (filled(parts.manifest), parts.code(order.language).to_owned())
        }
        Some((specification, _)) => {
            let manifest = frame::manifest(order, specification)?;
            let parameters = frame::parameters(specification, order.language);
            (
                filled(&manifest.head) + &manifest.rest,
                Parts::frame().code(order.language).replace("{{parameters}}", &parameters),
            )
        }
    };
    let manifest = manifest + &provenance(order);
    let code = header(order, &description) + &code.replace("{{json}}", SHELL_JSON.trim_end());
    let mut files = vec![
        ScaffoldFile { path: entry, text: code, executable: true },
        ScaffoldFile { path: "tool.toml".to_owned(), text: manifest, executable: false },
    ];
    if order.template == ScaffoldTemplate::FileProcessor && order.specification.is_none() {
        files.push(ScaffoldFile { path: "sample.txt".to_owned(), text: SAMPLE.to_owned(), executable: false });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The creator, time and reason of a tool, and its specification.
fn provenance(order: &ScaffoldRequest<'_>) -> String {
    let prompt = order.specification.map(|(_, digest)| format!("prompt = {}\n", toml_text(&digest.hex())));
    let filled = PROVENANCE
        .replace("{{created_by}}", &toml_text(&one_line(order.created_by)))
        .replace("{{generator}}", &toml_text(GENERATOR))
        .replace("{{created_at}}", &toml_text(order.created_at))
        .replace("{{reason}}", &toml_text(&one_line(order.reason)));
    filled + &prompt.unwrap_or_default()
}

/// The first lines of a script: the interpreter, and the creation data.
fn header(order: &ScaffoldRequest<'_>, description: &str) -> String {
    let lines = [
        "AI-Generated Tool".to_owned(),
        format!("Created: {}", order.created_at),
        format!("Generator: {GENERATOR}"),
        "Status: Experimental".to_owned(),
        String::new(),
        description.to_owned(),
    ];
    match order.language {
        ScriptLanguage::Python => {
            // Text from others must not end the string, and must not be read as an escape.
            let inside = lines.join("\n").replace('\\', "\\\\").replace('"', "'");
            format!("#!/usr/bin/env python3\n\"\"\"\n{inside}\n\"\"\"\n\n")
        }
        ScriptLanguage::TypeScript => {
            let inside: Vec<String> = lines.iter().map(|line| format!(" * {}", line.replace("*/", "* /"))).collect();
            let inside = inside.join("\n").replace(" * \n", " *\n");
            format!("#!/usr/bin/env node\n/*\n{inside}\n */\n\n")
        }
        ScriptLanguage::Shell => {
            let inside: Vec<String> = lines.iter().map(|line| format!("# {line}").trim_end().to_owned()).collect();
            format!("#!/usr/bin/env bash\n{}\n\n", inside.join("\n"))
        }
    }
}

/// The first line of a text, with hidden characters made visible.
fn one_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    SafeText::source_line(line).into()
}

/// A text as a TOML string.
fn toml_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn toml_list(texts: &[&str]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| toml_text(text)).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{InputParameter, ParameterType, SpecifiedExample};
    use serde_json::{Map, json};

    fn order(name: &ToolName, template: ScaffoldTemplate, language: ScriptLanguage) -> ScaffoldRequest<'_> {
        ScaffoldRequest {
            name,
            description: "Say \"hi\" */ \\ {{reason}} ''' \"\"\"",
            template,
            language,
            created_at: "2026-01-02T03:04:05Z",
            created_by: "Ada",
            reason: "asked for",
            specification: None,
        }
    }

    #[test]
    fn every_scaffold_begins_with_the_header_and_has_a_manifest_that_can_be_read() {
        let name = ToolName::new("my-tool").unwrap();
        for template in ScaffoldTemplate::ALL {
            for language in ScriptLanguage::ALL {
                let files = render(&order(&name, *template, *language)).unwrap();
                let manifest = files.iter().find(|file| file.path == "tool.toml").unwrap();
                let table: toml::Table =
                    toml::from_str(&manifest.text).unwrap_or_else(|e| panic!("{e}\n{}", manifest.text));
                assert_eq!(table["name"].as_str(), Some("my-tool"));
                assert_eq!(table["provenance"]["created_at"].as_str(), Some("2026-01-02T03:04:05Z"));
                let entry = files.iter().find(|file| file.executable).unwrap();
                assert_eq!(table["run"]["entry"].as_str(), Some(entry.path.as_str()));
                assert!(entry.text.starts_with("#!/usr/bin/env "), "{}", entry.text);
                let head: String = entry.text.lines().take(8).collect::<Vec<_>>().join("\n");
                for words in [
                    "AI-Generated Tool",
                    "Created: 2026-01-02T03:04:05Z",
                    "Generator: Toolsmith v",
                    "Status: Experimental",
                ] {
                    assert!(head.contains(words), "{head}");
                }
                let all: String = files.iter().map(|file| file.text.replace("{{reason}}", "")).collect();
                assert!(!all.contains("{{"), "{all}");
            }
        }
    }

    #[test]
    fn what_a_specification_leaves_empty_adds_nothing_to_its_manifest() {
        let name = ToolName::new("join").unwrap();
        let bare = ToolSpecification::of(name.clone(), "joins");
        let example =
            SpecifiedExample { description: String::new(), input: json!({"n": 1}), output: Some(json!({"n": 2})) };
        let parameter = InputParameter {
            name: "n".to_owned(),
            kind: ParameterType::Integer,
            description: String::new(),
            required: true,
            constraints: Map::new(),
        };
        let filled = ToolSpecification {
            input_parameters: vec![parameter],
            expected_output: Some(json!({"type": "object", "required": [], "properties": {}})),
            examples: vec![example],
            ..bare.clone()
        };
        let no_parameters = ToolSpecification { input_parameters: Vec::new(), ..filled.clone() };
        let no_output = ToolSpecification { expected_output: None, ..filled.clone() };
        let no_examples = ToolSpecification { examples: Vec::new(), ..filled.clone() };
        for specification in [&bare, &filled, &no_parameters, &no_output, &no_examples] {
            for template in ScaffoldTemplate::ALL {
                let plain = order(&name, *template, ScriptLanguage::Python);
                let specified = Some((specification, Digest::of_bytes(b"x")));
                let files = render(&ScaffoldRequest { specification: specified, ..plain }).unwrap();
                let manifest = files.iter().find(|file| file.path == "tool.toml").unwrap();
                let table: toml::Table = toml::from_str(&manifest.text).unwrap();
                let mut limits: Vec<&str> = table["limits"].as_table().unwrap().keys().map(String::as_str).collect();
                limits.sort_unstable();
                assert_eq!(limits, ["cpu", "memory", "output", "processes"], "{}", manifest.text);
                assert_eq!(table.contains_key("examples"), !specification.examples.is_empty(), "{}", manifest.text);
            }
        }
    }

    #[test]
    fn a_scaffold_of_a_specification_has_its_parameters_its_examples_and_its_digest() {
        let name = ToolName::new("join").unwrap();
        let mut specification = ToolSpecification::of(name.clone(), "joins");
        let constraints = Map::from_iter([("minimum".to_owned(), json!(1)), ("default".to_owned(), json!(null))]);
        let parameter = |name: &str, kind, required| InputParameter {
            name: name.to_owned(),
            kind,
            description: "what\nit is".to_owned(),
            required,
            constraints: constraints.clone(),
        };
        specification.input_parameters =
            vec![parameter("path", ParameterType::String, true), parameter("no-more", ParameterType::Integer, false)];
        specification.examples = vec![SpecifiedExample {
            description: String::new(),
            input: json!({"path": "a"}),
            output: Some(json!({"n": 1})),
        }];
        let digest = Digest::of_bytes(b"x");
        for language in ScriptLanguage::ALL {
            let plain = order(&name, ScaffoldTemplate::FileProcessor, *language);
            let files = render(&ScaffoldRequest { specification: Some((&specification, digest)), ..plain }).unwrap();
            let manifest = files.iter().find(|file| file.path == "tool.toml").unwrap();
            let table: toml::Table =
                toml::from_str(&manifest.text).unwrap_or_else(|e| panic!("{e}\n{}", manifest.text));
            assert_eq!(table["provenance"]["prompt"].as_str(), Some(digest.hex().as_str()));
            assert_eq!(table["input"]["properties"]["no-more"]["minimum"].as_integer(), Some(1));
            assert_eq!(table["examples"][0]["output"]["n"].as_integer(), Some(1));
            assert_eq!(table["tests"][0]["expect"]["exact"]["n"].as_integer(), Some(1));
            assert_eq!(table["permissions"]["read"][0].as_str(), Some("{workspace}"));
            let entry = &files.iter().find(|file| file.executable).unwrap().text;
            assert!(entry.contains("not written yet") && entry.to_lowercase().contains("path"), "{entry}");
        }
    }
}
