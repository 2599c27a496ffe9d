//! Operations of an API that no tool wraps: from an OpenAPI document, or from code with function definitions.

use super::operation_call::{OperationPlace, Place, Placed, resolved};
use super::reckon::{distinct, parameter_name};
use crate::domain::{
    HttpCall, Implementation, InputParameter, Opportunity, OpportunityKind, ParameterType, Suggested, Witness, Worth,
};
use serde_json::{Map, Value, json};

/// Maximum number of operations proposed for one document.
pub const MAX_OPERATIONS: usize = 500;

/// HTTP methods of operations.
const METHODS: [&str; 8] = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/// A tool for each operation of a document; `None` when it describes no operations. `known` returns whether the catalog
/// already has a name; such operations are left out. Frequency and impact are fixed at 0.1 and 0.3, because they are
/// unknown; complexity: parameters, `x / (x + 10)`; confidence: 0.9 if the document describes the operation, 0.6 if
/// only its name is known.
pub fn opportunities(file: &str, document: &Value, known: &dyn Fn(&str) -> bool) -> Option<Vec<Opportunity>> {
    let found = operations(document)?;
    let missing = found.iter().filter(|one| !known(&one.name)).take(MAX_OPERATIONS);
    Some(missing.map(|one| suggest(file, document, one)).collect())
}

/// An operation of an API.
#[derive(Debug, Clone, PartialEq)]
struct Operation {
    name: String,
    description: String,
    /// Method and path, or the name of the function.
    place: String,
    parameters: Vec<InputParameter>,
    output: Option<Value>,
    /// Its request; `None` if the document does not have enough information.
    call: Option<HttpCall>,
    /// Its number in the document, from 1.
    number: u64,
}

fn operations(document: &Value) -> Option<Vec<Operation>> {
    let fields = document.as_object()?;
    if let Some(paths) = fields.get("paths").and_then(Value::as_object) {
        return Some(of_paths(document, paths));
    }
    let code = fields.get("code_template").and_then(Value::as_str)?;
    let found = of_functions(code);
    (!found.is_empty()).then_some(found)
}

fn of_paths(document: &Value, paths: &Map<String, Value>) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in paths {
        let item = resolved(document, item);
        for method in METHODS {
            let Some(operation) = item.get(method).and_then(Value::as_object) else { continue };
            let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default().trim();
            let name = match text("operationId") {
                "" => format!("{method} {path}"),
                id => spaced(id),
            };
            let description = [text("summary"), text("description")].into_iter().find(|text| !text.is_empty());
            let mut placed: Vec<Placed> = Vec::new();
            let listed = [item.get("parameters"), operation.get("parameters")];
            for parameter in listed.into_iter().flatten().filter_map(Value::as_array).flatten() {
                placed.extend(of_parameter(document, resolved(document, parameter)));
            }
            let body = operation.get("requestBody").map(|body| resolved(document, body));
            if let Some(schema) = body.and_then(content_schema) {
                let is_required = body.and_then(|body| body.get("required")).and_then(Value::as_bool) == Some(true);
                placed.extend(of_body(document, schema, is_required, place_of_body(body)));
            }
            let mut parameters: Vec<InputParameter> = placed.iter().map(|one| one.parameter.clone()).collect();
            distinct(&mut parameters);
            for (one, parameter) in placed.iter_mut().zip(&parameters) {
                one.parameter.clone_from(parameter);
            }
            let call = OperationPlace { document, item, operation, method, path }.call(&placed);
            found.push(Operation {
                name,
                description: description.unwrap_or_default().to_owned(),
                place: format!("{} {path}", method.to_uppercase()),
                parameters,
                output: answer(document, operation),
                call,
                number: found.len() as u64 + 1,
            });
        }
    }
    found
}

/// A parameter in OpenAPI version 3, or in version 2, where the body is a parameter too.
fn of_parameter(document: &Value, parameter: &Value) -> Vec<Placed> {
    let is_required = parameter.get("required").and_then(Value::as_bool) == Some(true);
    let place = match parameter.get("in").and_then(Value::as_str) {
        Some("body") => {
            let schema = parameter.get("schema");
            return schema.map(|schema| of_body(document, schema, is_required, Place::Body)).unwrap_or_default();
        }
        Some("path") => Place::Path,
        Some("query") => Place::Query,
        Some("header") => Place::Header,
        Some("formData") if parameter.get("type").and_then(Value::as_str) != Some("file") => Place::Form,
        _ => Place::Elsewhere,
    };
    let Some(name) = parameter.get("name").and_then(Value::as_str) else { return Vec::new() };
    let schema = parameter.get("schema").or_else(|| content_schema(parameter)).unwrap_or(parameter);
    let read = of_schema(document, name, schema, is_required, parameter.get("description"));
    vec![Placed { place, original: name.to_owned(), parameter: read }]
}

/// How a body in version 3 is sent.
fn place_of_body(body: Option<&Value>) -> Place {
    let content = body.and_then(|body| body.get("content")).and_then(Value::as_object);
    let has = |kind: &str| content.is_some_and(|content| content.keys().any(|key| key.starts_with(kind)));
    match () {
        () if has("application/json") => Place::Body,
        () if has("application/x-www-form-urlencoded") => Place::Form,
        () => Place::Elsewhere,
    }
}

/// The fields of a body; a body without fields is one parameter.
fn of_body(document: &Value, schema: &Value, is_required: bool, place: Place) -> Vec<Placed> {
    let schema = resolved(document, schema);
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        let place = if place == Place::Body { Place::WholeBody } else { Place::Elsewhere };
        let parameter = of_schema(document, "body", schema, is_required, None);
        return vec![Placed { place, original: "body".to_owned(), parameter }];
    };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let each = |(name, schema): (&String, &Value)| Placed {
        place,
        original: name.clone(),
        parameter: of_schema(document, name, schema, required.contains(&name.as_str()), None),
    };
    properties.iter().map(each).collect()
}

fn of_schema(document: &Value, name: &str, schema: &Value, required: bool, said: Option<&Value>) -> InputParameter {
    let schema = resolved(document, schema);
    let kind = match schema.get("type") {
        Some(Value::String(word)) => ParameterType::meant(word),
        Some(Value::Array(words)) => {
            words.iter().filter_map(Value::as_str).find(|word| *word != "null").and_then(ParameterType::meant)
        }
        _ if schema.get("properties").is_some() => Some(ParameterType::Object),
        _ => None,
    };
    let kept = ["enum", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "default"];
    let constraints = kept.iter().filter_map(|key| Some(((*key).to_owned(), schema.get(*key)?.clone())));
    let said = said.or_else(|| schema.get("description")).and_then(Value::as_str).unwrap_or_default();
    InputParameter {
        name: parameter_name(name),
        kind: kind.unwrap_or(ParameterType::String),
        description: said.trim().to_owned(),
        required,
        constraints: constraints.collect(),
    }
}

fn content_schema(holder: &Value) -> Option<&Value> {
    let content = holder.get("content")?.as_object()?;
    content.get("application/json").or_else(|| content.values().next())?.get("schema")
}

/// The schema or description of the first successful response.
fn answer(document: &Value, operation: &Map<String, Value>) -> Option<Value> {
    let responses = operation.get("responses")?.as_object()?;
    let success =
        responses.iter().find(|(code, _)| code.starts_with('2')).or_else(|| responses.get_key_value("default"))?.1;
    let success = resolved(document, success);
    let schema = content_schema(success).or_else(|| success.get("schema"));
    match schema.map(|schema| resolved(document, schema)) {
        // A schema with references is not valid outside of its document.
        Some(schema) if !schema.to_string().contains("\"$ref\"") => Some(plain_schema(schema)),
        _ => success.get("description").and_then(Value::as_str).map(|text| json!(text)),
    }
}

/// An OpenAPI 3.0 schema as JSON Schema: `nullable` becomes a type, and OpenAPI extensions are removed.
fn plain_schema(schema: &Value) -> Value {
    match schema {
        Value::Array(list) => list.iter().map(plain_schema).collect(),
        Value::Object(fields) => {
            let may_be_null = fields.get("nullable") == Some(&json!(true));
            let only_here = ["nullable", "example", "discriminator", "xml", "externalDocs"];
            let is_only_here = |key: &str, field: &Value| {
                only_here.contains(&key) && !(key != "nullable" && field.is_object() && field.get("type").is_some())
            };
            let kept = fields.iter().filter(|(key, field)| !is_only_here(key, field));
            let mut plain: Map<String, Value> = kept.map(|(key, field)| (key.clone(), plain_schema(field))).collect();
            if may_be_null && let Some(Value::String(kind)) = plain.get("type") {
                plain.insert("type".to_owned(), json!([kind, "null"]));
                // A list of allowed values must contain null as well.
                if let Some(Value::Array(values)) = plain.get_mut("enum") {
                    values.push(Value::Null);
                }
            }
            Value::Object(plain)
        }
        other => other.clone(),
    }
}

/// The functions in Python example code, with the first lines of their docstrings and their arguments.
fn of_functions(code: &str) -> Vec<Operation> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found: Vec<Operation> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(rest) = line.strip_prefix("def ").or_else(|| line.strip_prefix("async def ")) else { continue };
        let Some((name, _)) = rest.split_once('(') else { continue };
        if name.starts_with('_') || found.iter().any(|one| one.place == name) {
            continue;
        }
        let Some((signature, after)) = signature(&lines, at) else { continue };
        let text = docstring(&lines[after..]);
        let description = text.iter().map(|line| line.trim()).find(|line| !line.is_empty()).unwrap_or_default();
        let parameters = signature.iter().filter(|part| !part.starts_with(['*', '/']) && *part != "self");
        let parameters = parameters.map(|part| of_argument(part, &text));
        found.push(Operation {
            name: spaced(name),
            description: description.to_owned(),
            place: name.to_owned(),
            parameters: parameters.collect(),
            output: None,
            call: None,
            number: at as u64 + 1,
        });
    }
    found
}

/// The arguments of a function definition, which may span several lines, and the line after it.
fn signature(lines: &[&str], at: usize) -> Option<(Vec<String>, usize)> {
    let mut depth = 0_i32;
    let (mut parts, mut part) = (Vec::new(), String::new());
    for (after, line) in (at + 1..).zip(&lines[at..]).take(40) {
        for c in line.chars() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            match (c, depth) {
                ('(', 1) if part.is_empty() || part.starts_with("def ") || part.starts_with("async ") => part.clear(),
                (')', 0) => {
                    parts.push(part.trim().to_owned());
                    parts.retain(|part| !part.is_empty());
                    return Some((parts, after));
                }
                (',', 1) => parts.push(std::mem::take(&mut part).trim().to_owned()),
                _ => part.push(c),
            }
        }
    }
    None
}

fn docstring<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut lines = lines.iter();
    let Some(first) = lines.find(|line| !line.trim().is_empty()).map(|line| line.trim()) else { return Vec::new() };
    let Some(sign) = ["\"\"\"", "'''"].into_iter().find(|sign| first.starts_with(sign)) else { return Vec::new() };
    let rest = &first[3..];
    if let Some((text, _)) = rest.split_once(sign) {
        return vec![text];
    }
    std::iter::once(rest).chain(lines.take_while(|line| !line.contains(sign)).copied()).collect()
}

/// Parses `name: type = default`, and its line under `Args:`.
fn of_argument(part: &str, text: &[&str]) -> InputParameter {
    let (head, default) = part.split_once('=').map_or((part, None), |(head, default)| (head, Some(default.trim())));
    let (name, annotated) =
        head.split_once(':').map_or((head.trim(), None), |(name, kind)| (name.trim(), Some(kind.trim())));
    let about =
        text.iter().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':')).unwrap_or_default().trim();
    let hint = about.rsplit_once('(').and_then(|(_, rest)| rest.split([')', ',']).next());
    let of_default = default.and_then(|default| match default {
        "True" | "False" => Some(ParameterType::Boolean),
        text if text.parse::<i64>().is_ok() => Some(ParameterType::Integer),
        text if text.parse::<f64>().is_ok() => Some(ParameterType::Number),
        _ => None,
    });
    let annotated = annotated.map(|kind| kind.trim_start_matches("Optional[").trim_end_matches(']'));
    let kind = annotated.and_then(ParameterType::meant).or_else(|| hint.and_then(ParameterType::meant)).or(of_default);
    InputParameter {
        name: parameter_name(name),
        kind: kind.unwrap_or(ParameterType::String),
        description: about.to_owned(),
        required: default.is_none(),
        constraints: Map::new(),
    }
}

/// `getUserById` and `get_user_by_id` as words.
fn spaced(id: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for c in id.chars() {
        if c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit()) {
            words.push(' ');
        }
        words.push(c);
        before = c;
    }
    words
}

fn suggest(file: &str, document: &Value, one: &Operation) -> Opportunity {
    let text = |at: &str| document.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let api = [text("/info/title"), text("/name")].into_iter().find(|name| !name.is_empty()).unwrap_or(file);
    let said = if one.description.is_empty() { one.name.as_str() } else { one.description.as_str() };
    let base =
        [text("/servers/0/url"), text("/openapi/base_url"), text("/host")].into_iter().find(|url| !url.is_empty());
    let base = base.map(|url| format!(" at {url}")).unwrap_or_default();
    Opportunity::of(Suggested {
        kind: OpportunityKind::MissingWrapper,
        about: format!("{api}\n{}", one.place),
        name: one.name.clone(),
        title: format!("{api}, {}: {}", one.place, said.lines().next().unwrap_or_default()),
        description: format!("{said}\n\nCalls {} of {api}{base}.", one.place),
        count: 1,
        worth: Worth {
            frequency: 0.1,
            impact: 0.3,
            complexity: super::reckon::part(one.parameters.len() as f64, 10.0),
            confidence: if one.description.is_empty() { 0.6 } else { 0.9 },
        },
        parameters: one.parameters.clone(),
        expected_output: one.output.clone(),
        tools: Vec::new(),
        evidence: vec![Witness { source: file.to_owned(), numbers: vec![one.number], text: one.place.clone() }],
        implementation: one.call.clone().map(|call| Implementation::Http(Box::new(call))),
    })
}
