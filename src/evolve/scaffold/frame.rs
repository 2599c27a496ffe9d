//! What a specification brings into a scaffold: its manifest, and its parameters as the code names them.

use super::{Order, one_line, toml_list};
use crate::domain::{InputParameter, ParameterType, ScaffoldTemplate, ScriptLanguage, ToolSpecification};
use serde_json::{Map, Value, json};

/// A manifest: text with places to fill, and text that is complete.
pub(super) struct FrameManifest {
    pub(super) head: String,
    pub(super) rest: String,
}

/// The manifest of a scaffold that is made from a specification.
pub(super) fn manifest(order: &Order<'_>, specification: &ToolSpecification) -> FrameManifest {
    let (category, network, read): (&str, &[&str], &[&str]) = match order.template {
        ScaffoldTemplate::CliWrapper => ("custom", &[], &[]),
        ScaffoldTemplate::ApiClient => ("web", &["full"], &[]),
        ScaffoldTemplate::DataTransform => ("data", &[], &[]),
        ScaffoldTemplate::FileProcessor => ("filesystem", &[], &["{workspace}"]),
    };
    let head = format!(
        "name = {{{{name}}}}\nversion = \"0.1.0\"\ndescription = {{{{description}}}}\nkind = \"command\"\n\
         category = \"{category}\"\ncost_tier = \"low\"\ntags = [\"{}\", {{{{language}}}}]\n\n\
         [run]\ncommand = {{{{command}}}}\nentry = {{{{entry}}}}\ninput = {{{{input_mode}}}}\ntimeout = \"30s\"\n\n\
         [permissions]\nnetwork = {}\nread = {}\nwrite = []\nenv = []\nrun = []\n\n\
         [limits]\nmemory = {{{{memory}}}}\ncpu = \"20s\"\nprocesses = 32\noutput = \"4MiB\"\n\n",
        order.template,
        toml_list(network),
        toml_list(read),
    );
    let mut rest = Map::new();
    rest.insert("input".to_owned(), specification.input_schema());
    if let Some(schema) = specification.output_schema() {
        rest.insert("output".to_owned(), schema.clone());
    }
    let examples = specification.examples.iter().filter(|example| example.input.is_object()).map(|example| {
        let mut table = Map::new();
        if !example.description.is_empty() {
            table.insert("description".to_owned(), json!(one_line(&example.description)));
        }
        table.insert("input".to_owned(), example.input.clone());
        // TOML has no null: an output with one cannot be held against anything.
        table
            .extend(example.output.iter().filter(|output| !has_null(output)).map(|o| ("output".to_owned(), o.clone())));
        Value::Object(table)
    });
    rest.insert("examples".to_owned(), Value::Array(examples.collect()));
    // What has no form in TOML was taken out before.
    let rest = toml::to_string(&without_null(Value::Object(rest))).unwrap_or_default();
    FrameManifest { head, rest }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().filter(|item| !item.is_null()).map(without_null).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, field)| !field.is_null())
            .map(|(key, field)| (key, without_null(field)))
            .collect(),
        other => other,
    }
}

/// The parameters as the code of a language tells of them.
pub(super) fn parameters(specification: &ToolSpecification, language: ScriptLanguage) -> String {
    let lines: Vec<String> = specification.input_parameters.iter().map(|parameter| line(parameter, language)).collect();
    match (language, lines.is_empty()) {
        (ScriptLanguage::Python, true) => "    The specification names no parameters.".to_owned(),
        (ScriptLanguage::TypeScript, true) => "  [name: string]: unknown;".to_owned(),
        (ScriptLanguage::Shell, true) => "# the specification names no parameters".to_owned(),
        (_, false) => lines.join("\n"),
    }
}

fn line(parameter: &InputParameter, language: ScriptLanguage) -> String {
    let words = one_line(&parameter.description);
    let (name, kind) = (&parameter.name, parameter.kind);
    let must = if parameter.required { "required" } else { "optional" };
    match language {
        ScriptLanguage::Python => {
            let words = words.replace('\\', "\\\\").replace('"', "'");
            format!("    {name}: {kind}, {must}. {words}").trim_end().to_owned()
        }
        ScriptLanguage::TypeScript => {
            let sign = if parameter.required { "" } else { "?" };
            let kind = match kind {
                ParameterType::String => "string",
                ParameterType::Integer | ParameterType::Number => "number",
                ParameterType::Boolean => "boolean",
                ParameterType::Array => "unknown[]",
                ParameterType::Object => "Record<string, unknown>",
            };
            format!("  /** {} */\n  {}{sign}: {kind};", words.replace("*/", "* /"), json!(name))
        }
        ScriptLanguage::Shell => {
            format!("# INPUT_{}: {kind}, {must}. {words}", name.to_uppercase()).trim_end().to_owned()
        }
    }
}
