//! The specification of a tool, approved before the tool is written.

use super::implementation::Implementation;
use super::name::ToolName;
use super::parameter::{InputParameter, ParameterType};
use super::schema::Checker;
use super::words::words;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The JSON Schema that specifications are validated against.
pub const SPECIFICATION_SCHEMA: &str = include_str!("../../assets/specification.schema.json");

words!(
    /// A language for new tools.
    ScriptLanguage {
        /// Python 3, run by the interpreter found on `PATH`.
        Python = "python",
        /// TypeScript; needs node 22.6 or newer, tsx, deno or bun.
        TypeScript = "typescript",
        /// Shell, in the dialect of bash.
        Shell = "shell",
    }
);

words!(
    /// The template of a new tool.
    ScaffoldTemplate {
        /// A program with validated arguments.
        CliWrapper = "cli-wrapper",
        /// One endpoint of an API.
        ApiClient = "api-client",
        /// Data in, data out.
        DataTransform = "data-transform",
        /// Works on a file of the workspace.
        FileProcessor = "file-processor",
    }
);

impl ScriptLanguage {
    /// The language that a user means: its name, a file extension, or one of its other names.
    pub fn meant(text: &str) -> Option<ScriptLanguage> {
        match text.trim().to_ascii_lowercase().as_str() {
            "python" | "python3" | "py" => Some(ScriptLanguage::Python),
            "typescript" | "ts" | "mts" | "node" | "javascript" | "js" => Some(ScriptLanguage::TypeScript),
            "shell" | "bash" | "sh" | "zsh" | "posix shell" | "shell script" => Some(ScriptLanguage::Shell),
            _ => None,
        }
    }
}

/// An example input and its expected output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpecifiedExample {
    /// What the example shows; empty if it is not described.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Input object of the call.
    pub input: Value,
    /// The output; `None` if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// The specification of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpecification {
    /// Name that the new tool will have.
    pub tool_name: ToolName,
    /// What the tool should do, in sentences.
    #[serde(default)]
    pub description: String,
    /// Properties of the input object, in the order of the source text.
    #[serde(default)]
    pub input_parameters: Vec<InputParameter>,
    /// Its output: a description, or a JSON Schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_output: Option<Value>,
    /// Its language; `None` leaves it open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<ScriptLanguage>,
    /// Examples of its use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<SpecifiedExample>,
    /// An implementation without writing code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implementation: Option<Implementation>,
}

impl ToolSpecification {
    /// A specification with only a name and a description.
    pub fn of(tool_name: ToolName, description: &str) -> ToolSpecification {
        ToolSpecification {
            tool_name,
            description: description.trim().to_owned(),
            input_parameters: Vec::new(),
            expected_output: None,
            language: None,
            examples: Vec::new(),
            implementation: None,
        }
    }

    /// Reads a specification. A missing name is `name`; types may have the names used in programming languages, and
    /// constraints may be words.
    ///
    /// # Errors
    /// What does not fit [`SPECIFICATION_SCHEMA`], with the field.
    pub fn read(mut value: Value, name: Option<&ToolName>) -> Result<ToolSpecification, String> {
        if let (Some(fields), Some(name)) = (value.as_object_mut(), name) {
            fields.entry("tool_name").or_insert_with(|| json!(name));
        }
        if let Some(word) = value.get("language").and_then(Value::as_str).and_then(ScriptLanguage::meant) {
            value["language"] = json!(word);
        }
        for parameter in value.get_mut("input_parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            plain(parameter);
        }
        let schema: Value = serde_json::from_str(SPECIFICATION_SCHEMA).map_err(|error| error.to_string())?;
        let faults = Checker::new(&schema)?.violations(&value);
        if !faults.is_empty() {
            let told = faults.iter().map(|fault| {
                let field = fault.path.trim_start_matches('/').replace('/', ".");
                if field.is_empty() { fault.message.clone() } else { format!("{field}: {}", fault.message) }
            });
            return Err(told.collect::<Vec<_>>().join("; "));
        }
        let specification: ToolSpecification = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let made = specification.implementation.as_ref();
        if let Some(fault) = made.and_then(|made| made.fault(&specification.input_parameters)) {
            return Err(format!("implementation: {fault}"));
        }
        specification.refuse_repeated()
    }

    fn refuse_repeated(self) -> Result<ToolSpecification, String> {
        for (at, parameter) in self.input_parameters.iter().enumerate() {
            if self.input_parameters[..at].iter().any(|before| before.name == parameter.name) {
                return Err(format!("input_parameters: duplicate {:?}", parameter.name));
            }
        }
        Ok(self)
    }

    /// The empty fields.
    pub fn missing(&self) -> Vec<&'static str> {
        [
            ("description", self.description.is_empty()),
            ("input_parameters", self.input_parameters.is_empty()),
            ("expected_output", self.expected_output.is_none()),
            ("language", self.language.is_none()),
            ("examples", self.examples.is_empty()),
        ]
        .into_iter()
        .filter(|(_, is_missing)| *is_missing)
        .map(|(field, _)| field)
        .collect()
    }

    /// The input of the tool as JSON Schema.
    pub fn input_schema(&self) -> Value {
        let required: Vec<&str> =
            self.input_parameters.iter().filter(|parameter| parameter.required).map(|p| p.name.as_str()).collect();
        let properties: Map<String, Value> = self.input_parameters.iter().map(property).collect();
        let mut schema = json!({"type": "object"});
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if !properties.is_empty() {
            schema["additionalProperties"] = json!(false);
            schema["properties"] = Value::Object(properties);
        }
        schema
    }

    /// The output of the tool, if it is stated as JSON Schema.
    pub fn output_schema(&self) -> Option<&Value> {
        let is_schema = |value: &&Value| value.get("type").is_some() || value.get("properties").is_some();
        self.expected_output.as_ref().filter(is_schema)
    }
}

/// Normalises a parameter: the canonical name of its type, and constraints as keywords.
fn plain(parameter: &mut Value) {
    let Some(fields) = parameter.as_object_mut() else { return };
    if let Some(kind) = fields.get("type").and_then(Value::as_str).and_then(ParameterType::meant) {
        fields.insert("type".to_owned(), json!(kind));
    }
    if let Some(words) = fields.get("constraints").and_then(Value::as_str).map(str::to_owned) {
        fields.insert("constraints".to_owned(), json!({"$comment": words}));
    }
}

fn property(parameter: &InputParameter) -> (String, Value) {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!(parameter.kind));
    if !parameter.description.is_empty() {
        schema.insert("description".to_owned(), json!(parameter.description));
    }
    let more = parameter.constraints.iter().filter(|(key, _)| !["type", "description"].contains(&key.as_str()));
    schema.extend(more.map(|(key, value)| (key.clone(), value.clone())));
    (parameter.name.clone(), Value::Object(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ToolName {
        ToolName::new(text).unwrap()
    }

    #[test]
    fn what_people_call_a_type_is_understood_and_words_are_kept_as_a_comment() {
        let written = json!({"description": "joins", "language": "TS", "input_parameters": [
            {"name": "paths", "type": "list[str]", "required": true, "constraints": "two at least"},
            {"name": "limit", "type": "int", "constraints": {"minimum": 1}}]});
        let read = ToolSpecification::read(written, Some(&name("join"))).unwrap();
        assert_eq!((read.tool_name.as_str(), read.language), ("join", Some(ScriptLanguage::TypeScript)));
        assert_eq!(
            read.input_schema(),
            json!({"type": "object", "required": ["paths"], "additionalProperties": false, "properties": {
                "paths": {"type": "array", "$comment": "two at least"}, "limit": {"type": "integer", "minimum": 1}}})
        );
        assert_eq!(read.missing(), ["expected_output", "examples"]);
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_field() {
        let join = name("join");
        for (value, says) in [
            (json!([]), "not of type"),
            (json!({"tool_name": "../x"}), "tool_name: "),
            (json!({"tool": "x"}), "'tool' was unexpected"),
            (json!({"input_parameters": [{"name": "a", "type": "thing"}]}), "input_parameters.0.type: "),
            (json!({"input_parameters": [{"name": "a b", "type": "str"}]}), "input_parameters.0.name: "),
            (json!({"input_parameters": [{"name": "a", "type": "str"}, {"name": "a", "type": "str"}]}), "duplicate"),
            (json!({"examples": [{"output": 1}]}), "examples.0.input: "),
            (json!({"language": "cobol"}), "language: "),
        ] {
            let message = ToolSpecification::read(value.clone(), Some(&join)).unwrap_err();
            assert!(message.contains(says), "{value}: {message}");
        }
    }

    #[test]
    fn what_was_written_is_what_is_read() {
        let mut specification = ToolSpecification::of(name("join"), " joins files ");
        specification.expected_output = Some(json!({"type": "object"}));
        specification.examples =
            vec![SpecifiedExample { description: String::new(), input: json!({"a": 1}), output: Some(json!(2)) }];
        let kept = serde_json::to_value(&specification).unwrap();
        assert_eq!(ToolSpecification::read(kept, None).unwrap(), specification);
        assert_eq!(specification.output_schema(), Some(&json!({"type": "object"})));
    }
}
