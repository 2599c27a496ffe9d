//! The parts of a scaffold that come from a specification: its manifest, and its parameters in the code.

use super::{ScaffoldRequest, Unwritable, one_line, toml_list};
use crate::domain::{InputParameter, ParameterType, ScaffoldTemplate, ScriptLanguage, ToolSpecification};
use serde_json::{Map, Value, json};

/// A manifest: text with placeholders, and text that is complete.
pub(super) struct FrameManifest {
    pub(super) head: String,
    pub(super) rest: String,
}

/// The manifest of a scaffold for a specification.
///
/// # Errors
/// The part of the specification that TOML cannot represent.
pub(super) fn manifest(
    order: &ScaffoldRequest<'_>,
    specification: &ToolSpecification,
) -> Result<FrameManifest, Unwritable> {
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
    Ok(FrameManifest { head, rest: written(&Value::Object(interface(specification)))? })
}

/// Input and output of a specification, with its examples as examples and tests.
pub(super) fn interface(specification: &ToolSpecification) -> Map<String, Value> {
    let mut rest = Map::new();
    rest.insert("input".to_owned(), without_null_defaults(specification.input_schema()));
    if let Some(schema) = specification.output_schema() {
        rest.insert("output".to_owned(), without_null_defaults(schema.clone()));
    }
    let examples = specification.examples.iter().filter(|example| example.input.is_object()).map(|example| {
        let mut table = Map::new();
        if !example.description.is_empty() {
            table.insert("description".to_owned(), json!(one_line(&example.description)));
        }
        table.insert("input".to_owned(), example.input.clone());
        // TOML has no null, so an output with null cannot be compared.
        table
            .extend(example.output.iter().filter(|output| !has_null(output)).map(|o| ("output".to_owned(), o.clone())));
        Value::Object(table)
    });
    let examples: Vec<Value> = examples.collect();
    // An empty list is not written as a table: it would become one of the limits.
    if !examples.is_empty() {
        rest.insert("examples".to_owned(), Value::Array(examples));
    }
    // The approved examples must also hold for every later version.
    let written = specification.examples.iter().filter(|example| example.input.is_object());
    let tests = written.enumerate().filter_map(|(at, example)| {
        let output = example.output.as_ref().filter(|output| !has_null(output))?;
        let name = format!("specification example {}", at + 1);
        Some(json!({"name": name, "input": example.input, "expect": {"exact": output}}))
    });
    let tests: Vec<Value> = tests.collect();
    if !tests.is_empty() {
        rest.insert("tests".to_owned(), Value::Array(tests));
    }
    rest
}

/// Tables as TOML.
///
/// # Errors
/// The value that TOML cannot represent.
pub(super) fn written(tables: &Value) -> Result<String, Unwritable> {
    refuse_unwritable(tables, &mut Vec::new())?;
    toml::to_string(tables).map_err(|error| Unwritable { field: String::new(), why: error.to_string() })
}

/// Refuses the first value that TOML cannot represent. `path` is the place of the value; it is unchanged afterwards
/// unless there is an error.
fn refuse_unwritable(value: &Value, path: &mut Vec<String>) -> Result<(), Unwritable> {
    let unwritable = |path: &[String], why: String| Err(Unwritable { field: path.join("."), why });
    match value {
        Value::Null => unwritable(path, "is null, which TOML does not support".to_owned()),
        Value::Number(number) if !number.is_i64() && !number.is_f64() => {
            unwritable(path, format!("is {number}, but the largest integer in TOML is {}", i64::MAX))
        }
        Value::Array(list) => list.iter().enumerate().try_for_each(|(at, item)| {
            path.push(at.to_string());
            refuse_unwritable(item, path)?;
            path.pop();
            Ok(())
        }),
        Value::Object(fields) => fields.iter().try_for_each(|(key, field)| {
            path.push(key.clone());
            refuse_unwritable(field, path)?;
            path.pop();
            Ok(())
        }),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A schema without null defaults; it accepts the same values.
fn without_null_defaults(schema: Value) -> Value {
    match schema {
        Value::Array(list) => list.into_iter().map(without_null_defaults).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(key, field)| key != "default" || !field.is_null())
            .map(|(key, field)| {
                // These contain values, not schemas.
                let is_value = matches!(key.as_str(), "const" | "enum" | "examples");
                (key, if is_value { field } else { without_null_defaults(field) })
            })
            .collect(),
        other => other,
    }
}

/// The parameters as comments in the code of a language.
pub(super) fn parameters(specification: &ToolSpecification, language: ScriptLanguage) -> String {
    let lines: Vec<String> = specification.input_parameters.iter().map(|parameter| line(parameter, language)).collect();
    match (language, lines.is_empty()) {
        (ScriptLanguage::Python, true) => "    The specification has no parameters.".to_owned(),
        (ScriptLanguage::TypeScript, true) => "  [name: string]: unknown;".to_owned(),
        (ScriptLanguage::Shell, true) => "# the specification has no parameters".to_owned(),
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
