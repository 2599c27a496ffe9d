//! Requests to HTTP APIs: the `[http]` table of our own manifests, and the APIs that other programs describe.

use super::fields::TableFields;
use super::schema_loose;
use crate::domain::{HttpBody, HttpDefinition, HttpOrigin, Manifest, Problem};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Reads the `[http]` table of a manifest, and completes its inputs and its network permission.
pub(super) fn table(fields: &mut TableFields<'_, '_>, manifest: &mut Manifest) -> Result<(), Problem> {
    if fields.peek("http").is_none() {
        return Ok(());
    }
    let mut table = fields.table("http")?;
    let headers = headers(&mut table)?;
    let query = table.any("query");
    if query.as_ref().is_some_and(|query| !query.is_object() && !query.is_string()) {
        return Err(table.bad("query", "http.query is not a table".to_owned(), "write names and values"));
    }
    let form = table.any("form");
    let body = match (table.any("body"), form) {
        (Some(_), Some(_)) => {
            return Err(table.bad("body", "http has both body and form".to_owned(), "keep one of the two"));
        }
        (body, form) => body.map(|body| body_of(body, &headers)).or(form.map(HttpBody::Form)),
    };
    if matches!(&body, Some(HttpBody::Text(_))) && is_json(&headers) {
        let hint = "write it as a table, so that values in it are encoded";
        return Err(table.bad("body", "http.body is not valid JSON".to_owned(), hint));
    }
    let usual = if body.is_some() { "POST" } else { "GET" };
    let http = HttpDefinition {
        method: table.text("method")?.unwrap_or_else(|| usual.to_owned()),
        url: table.text("url")?.unwrap_or_default(),
        headers,
        query,
        body,
        hosts: table.words("hosts")?,
        timeout_ms: table.milliseconds("timeout")?,
    };
    table.nothing_else()?;
    let says_network = manifest.permissions.network.is_empty() && fields.peek("permissions").is_none();
    settle(manifest, http, says_network);
    Ok(())
}

/// The headers of a request, by name.
pub(super) fn headers(table: &mut TableFields<'_, '_>) -> Result<BTreeMap<String, String>, Problem> {
    let mut headers = BTreeMap::new();
    let mut written = table.table("headers")?;
    for name in written.keys().cloned().collect::<Vec<_>>() {
        if let Some(value) = written.any(&name) {
            headers.insert(name, text_of(&value));
        }
    }
    Ok(headers)
}

/// Gives a manifest its request, the inputs that the request names, and the network that it needs.
fn settle(manifest: &mut Manifest, http: HttpDefinition, needs_network: bool) {
    let names = http.inputs(manifest.input.as_ref());
    manifest.input = schema_loose::with_inputs(manifest.input.take(), &names);
    manifest.http = Some(http);
    if needs_network || manifest.permissions.network.is_empty() {
        manifest.permissions.network = vec!["full".to_owned()];
    }
}

fn is_json(headers: &BTreeMap<String, String>) -> bool {
    headers.iter().any(|(name, value)| name.eq_ignore_ascii_case("content-type") && value.contains("json"))
}

/// A body as it is written: a table or a list is JSON, and so is the text of one.
fn body_of(body: Value, headers: &BTreeMap<String, String>) -> HttpBody {
    let text = match body {
        Value::String(text) => text,
        value => return HttpBody::Json(value),
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => HttpBody::Json(value),
        _ if is_only_placeholder(&text) && (is_json(headers) || !has_type(headers)) => {
            HttpBody::Json(Value::String(text))
        }
        _ => HttpBody::Text(text),
    }
}

fn has_type(headers: &BTreeMap<String, String>) -> bool {
    headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"))
}

fn is_only_placeholder(text: &str) -> bool {
    let inner = text.strip_prefix("{input.").and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|name| !name.contains(['{', '}']))
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The request of an API that another program describes: a server with a path and a method, a document in the format of
/// OpenAPI with one operation, or a server alone. Of a server alone any request can be made: the input says which.
///
/// # Errors
/// The missing part, in one line.
pub(super) fn foreign(fields: &TableFields<'_, '_>, manifest: &mut Manifest) -> Result<(), String> {
    let api = Api { fields };
    let base = api.base().ok_or("it does not name its server; add base_url")?;
    HttpOrigin::of(base).map_err(|why| format!("its server URL {why}"))?;
    let base = base.trim_end_matches('/');
    let operation = api.operation()?;
    let stated = (operation.path.is_some() || operation.method.is_some()).then_some(&operation);
    let http = match stated {
        Some(operation) => one_request(base, operation, manifest),
        None if manifest.input.is_some() => {
            let operation = Operation { query: all_inputs(manifest), ..operation };
            one_request(base, &operation, manifest)
        }
        None => any_request(base, manifest),
    };
    settle(manifest, http, true);
    Ok(())
}

/// The places of facts in a description of an API.
struct Api<'f, 'd, 'a> {
    fields: &'f TableFields<'d, 'a>,
}

/// One operation of an API.
#[derive(Debug, Clone, Default)]
struct Operation {
    path: Option<String>,
    method: Option<String>,
    headers: BTreeMap<String, String>,
    query: Option<Value>,
    body: Option<Value>,
    /// Schemas of the inputs that it names, and whether each is required.
    inputs: Vec<(String, Value, bool)>,
}

impl Api<'_, '_, '_> {
    fn look(&self, keys: &[&str]) -> Option<&Value> {
        let tables = ["openapi", "http", "api", "request"].iter().filter_map(|table| self.fields.peek(table));
        let inside = tables.flat_map(|table| keys.iter().filter_map(|key| table.get(*key)));
        inside.chain(keys.iter().filter_map(|key| self.fields.peek(key))).find(|value| !value.is_null())
    }

    fn text(&self, keys: &[&str]) -> Option<&str> {
        self.look(keys).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    fn base(&self) -> Option<&str> {
        let server = || self.look(&["servers"])?.get(0)?.get("url")?.as_str();
        self.text(&["base_url", "server_url", "server", "url", "endpoint"]).or_else(server)
    }

    /// The selected operation.
    fn operation(&self) -> Result<Operation, String> {
        let (path, method) = (self.text(&["path"]), self.text(&["method", "http_method"]));
        if let Some(Value::Object(paths)) = self.look(&["paths"]) {
            return described(paths, path, method, self.text(&["operation_id", "operationId", "operation"]));
        }
        let headers = self.look(&["headers"]).and_then(Value::as_object);
        Ok(Operation {
            path: path.map(str::to_owned),
            method: method.map(str::to_owned),
            headers: headers.into_iter().flatten().map(|(name, value)| (name.clone(), text_of(value))).collect(),
            query: self.look(&["query", "params", "query_params"]).filter(|query| query.is_object()).cloned(),
            body: self.look(&["body", "json", "data"]).cloned(),
            inputs: Vec::new(),
        })
    }
}

/// The operation of a document in the format of OpenAPI that is named, or the only one.
fn described(
    paths: &Map<String, Value>,
    path: Option<&str>,
    method: Option<&str>,
    id: Option<&str>,
) -> Result<Operation, String> {
    let methods = ["get", "put", "post", "delete", "options", "head", "patch"];
    let all = paths.iter().flat_map(|(path, item)| {
        methods.iter().filter_map(move |method| Some((path, *method, item, item.get(*method)?)))
    });
    let is_meant = |(at, word, _, operation): &(&String, &str, &Value, &Value)| {
        path.is_none_or(|path| path == *at)
            && method.is_none_or(|method| method.eq_ignore_ascii_case(word))
            && id.is_none_or(|id| operation["operationId"] == id)
    };
    let meant: Vec<_> = all.filter(is_meant).collect();
    let (path, method, item, operation) = match only(&meant) {
        Ok(one) => one,
        Err(count) => {
            return Err(format!(
                "it describes {count} operations; name one with operation_id, or with path and method"
            ));
        }
    };
    let mut found =
        Operation { path: Some(path.clone()), method: Some(method.to_ascii_uppercase()), ..Operation::default() };
    let mut query = Map::new();
    let parameters = [item, operation].into_iter().filter_map(|owner| owner["parameters"].as_array()).flatten();
    for parameter in parameters {
        let Some(name) = parameter["name"].as_str() else { continue };
        let template = Value::String(format!("{{input.{name}}}"));
        let place = parameter["in"].as_str().unwrap_or("query");
        match place {
            "query" => drop(query.insert(name.to_owned(), template)),
            "header" => drop(found.headers.insert(name.to_owned(), text_of(&template))),
            "path" => {}
            _ => continue,
        }
        let mut schema = parameter.get("schema").filter(|schema| schema.is_object()).cloned().unwrap_or(json!({}));
        if let (Value::Object(schema), Some(about)) = (&mut schema, parameter.get("description")) {
            schema.entry("description").or_insert_with(|| about.clone());
        }
        let is_required = place == "path" || parameter["required"] == true;
        found.inputs.push((name.to_owned(), schema, is_required));
    }
    found.query = (!query.is_empty()).then_some(Value::Object(query));
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
        found.body = Some(Value::String("{input.body}".to_owned()));
        let is_required = operation.pointer("/requestBody/required") == Some(&Value::Bool(true));
        // A schema that points elsewhere cannot be followed here.
        let schema = if schema.get("$ref").is_some() { json!({}) } else { schema.clone() };
        found.inputs.push(("body".to_owned(), schema, is_required));
    }
    Ok(found)
}

/// The only one of several; else how many there are.
fn only<T: Copy>(all: &[T]) -> Result<T, usize> {
    if let [one] = all { Ok(*one) } else { Err(all.len()) }
}

/// One operation: the names in its path are inputs.
fn one_request(base: &str, operation: &Operation, manifest: &mut Manifest) -> HttpDefinition {
    let path = operation.path.as_deref().unwrap_or_default();
    let names: Vec<String> = path
        .split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
        .filter(|name| !name.starts_with("input.") && !name.is_empty())
        .map(str::to_owned)
        .collect();
    add_inputs(manifest, &operation.inputs);
    manifest.input = schema_loose::with_inputs(manifest.input.take(), &names);
    let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
    let usual = if operation.body.is_some() { "POST" } else { "GET" };
    HttpDefinition {
        method: operation.method.clone().unwrap_or_else(|| usual.to_owned()),
        headers: operation.headers.clone(),
        query: operation.query.clone(),
        body: operation.body.clone().map(|body| body_of(body, &operation.headers)),
        ..HttpDefinition::get(format!("{base}{slash}{path}"))
    }
}

/// Any request below the URL of a server.
fn any_request(base: &str, manifest: &mut Manifest) -> HttpDefinition {
    manifest.input = Some(json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"], "default": "GET", "description": "method of the request"},
            "path": {"type": "string", "default": "", "description": format!("path below {base}")},
            "query": {"type": "object", "description": "names and values of the query"},
            "body": {"description": "JSON value that is sent"},
        },
    }));
    HttpDefinition {
        method: "{input.method}".to_owned(),
        query: Some(Value::String("{input.query}".to_owned())),
        body: Some(HttpBody::Json(Value::String("{input.body}".to_owned()))),
        ..HttpDefinition::get(format!("{base}/{{+input.path}}"))
    }
}

/// Every declared input as a part of the query.
fn all_inputs(manifest: &Manifest) -> Option<Value> {
    let fields = manifest.input.as_ref()?.get("properties")?.as_object()?;
    let pairs = fields.keys().map(|name| (name.clone(), Value::String(format!("{{input.{name}}}"))));
    Some(Value::Object(pairs.collect()))
}

fn add_inputs(manifest: &mut Manifest, inputs: &[(String, Value, bool)]) {
    if inputs.is_empty() {
        return;
    }
    let schema = manifest.input.get_or_insert_with(|| json!({"type": "object", "properties": {}}));
    for (name, field, is_required) in inputs {
        if let Some(Value::Object(fields)) = schema.get_mut("properties") {
            fields.entry(name).or_insert_with(|| field.clone());
        }
        if *is_required
            && let Value::Object(schema) = schema
            && let Value::Array(names) = schema.entry("required").or_insert_with(|| json!([]))
            && !names.iter().any(|known| known == name)
        {
            names.push(Value::String(name.clone()));
        }
    }
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
