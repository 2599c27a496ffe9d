//! The HTTP request of an API operation, if its document has everything that is needed to send it.

use super::reckon::parameter_name;
use crate::domain::{HttpBody, HttpCall, HttpDefinition, Implementation, InputParameter};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Maximum length of a chain of references.
const MAX_REFERENCES: usize = 8;

/// Where a parameter of an operation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
    /// A field of a JSON body.
    Body,
    /// The whole JSON body.
    WholeBody,
    Form,
    /// A part of a request that a definition cannot express: a cookie, a file.
    Elsewhere,
}

/// A parameter with its name in the API.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) place: Place,
    pub(super) original: String,
    pub(super) parameter: InputParameter,
}

/// An operation within its document.
#[derive(Clone, Copy)]
pub(super) struct OperationPlace<'a> {
    pub(super) document: &'a Value,
    pub(super) item: &'a Value,
    pub(super) operation: &'a Map<String, Value>,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
}

impl OperationPlace<'_> {
    /// The request with these parameters; `None` if the document names no host, requires credentials that a definition
    /// cannot express, or requires a cookie or file.
    pub(super) fn call(&self, parameters: &[Placed]) -> Option<HttpCall> {
        if self.method == "trace"
            || parameters.iter().any(|one| one.place == Place::Elsewhere && one.parameter.required)
        {
            return None;
        }
        let at = |place: Place| parameters.iter().filter(move |one| one.place == place);
        let input = |one: &Placed| format!("{{input.{}}}", one.parameter.name);
        let mut path = self.path.to_owned();
        for one in at(Place::Path) {
            let template = format!("{{{}}}", one.original);
            if !path.contains(&template) {
                return None;
            }
            path = path.replace(&template, &format!("\u{0}{}\u{0}", one.parameter.name));
        }
        // A part of the path without a parameter.
        if path.contains('{') {
            return None;
        }
        let mut names = path.split('\u{0}').enumerate().fold(String::new(), |url, (nth, part)| {
            if nth % 2 == 0 { url + part } else { url + "{input." + part + "}" }
        });
        if !names.starts_with('/') {
            names.insert(0, '/');
        }
        let url = format!("{}{names}", self.base()?.trim_end_matches('/'));
        let mut headers: BTreeMap<String, String> =
            at(Place::Header).map(|one| (one.original.clone(), input(one))).collect();
        let pairs = |place: Place| -> Map<String, Value> {
            at(place).map(|one| (one.original.clone(), json!(input(one)))).collect()
        };
        let mut query = pairs(Place::Query);
        let mut env = Vec::new();
        for (place, name, value, variable) in self.credentials()? {
            match place {
                Place::Query => drop(query.insert(name, json!(value))),
                _ => drop(headers.insert(name, value)),
            }
            env.push(variable);
        }
        let body = match at(Place::WholeBody).next() {
            Some(whole) => Some(HttpBody::Json(json!(input(whole)))),
            None if at(Place::Body).next().is_some() => Some(HttpBody::Json(Value::Object(pairs(Place::Body)))),
            None if at(Place::Form).next().is_some() => Some(HttpBody::Form(Value::Object(pairs(Place::Form)))),
            None => None,
        };
        let request = HttpDefinition {
            method: self.method.to_uppercase(),
            headers,
            query: (!query.is_empty()).then_some(Value::Object(query)),
            body,
            ..HttpDefinition::get(url)
        };
        let call = HttpCall { request, env };
        let declared: Vec<InputParameter> = parameters.iter().map(|one| one.parameter.clone()).collect();
        Implementation::Http(Box::new(call.clone())).fault(&declared).is_none().then_some(call)
    }

    /// The base URL of the operation, of its path, or of the document; `None` if none names a host.
    fn base(&self) -> Option<String> {
        let server = |holder: Option<&Value>| {
            let server = holder?.as_array()?.first()?;
            let url = server.get("url")?.as_str()?.to_owned();
            let variables = server.get("variables").and_then(Value::as_object);
            let filled = variables.into_iter().flatten().fold(url, |url, (name, variable)| {
                let default = variable.get("default").and_then(Value::as_str).unwrap_or_default();
                url.replace(&format!("{{{name}}}"), default)
            });
            Some(filled)
        };
        let listed = [self.operation.get("servers"), self.item.get("servers"), self.document.get("servers")];
        let of_second = || {
            let text = |name: &str| self.document.get(name).and_then(Value::as_str);
            let schemes: Vec<&str> = self
                .document
                .get("schemes")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let scheme = if schemes.is_empty() || schemes.contains(&"https") { "https" } else { schemes[0] };
            Some(format!("{scheme}://{}{}", text("host")?, text("basePath").unwrap_or_default()))
        };
        let base = listed.into_iter().find_map(server).or_else(of_second)?;
        let is_whole = base.starts_with("https://") || base.starts_with("http://");
        (is_whole && !base.contains(['{', '}', '?', '#'])).then_some(base)
    }

    /// The credentials of the caller: place, name, template, and the variable in it. Empty if none are required.
    fn credentials(&self) -> Option<Vec<(Place, String, String, String)>> {
        let required = self.operation.get("security").or_else(|| self.document.get("security"));
        let choices: Vec<&Map<String, Value>> =
            required.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect();
        // The simplest alternative requires nothing.
        let Some(first) = choices.first().filter(|_| choices.iter().all(|choice| !choice.is_empty())) else {
            return Some(Vec::new());
        };
        let schemes = ["/components/securitySchemes", "/securityDefinitions"];
        let schemes = schemes.into_iter().find_map(|at| self.document.pointer(at)).and_then(Value::as_object)?;
        let api = self.document.pointer("/info/title").and_then(Value::as_str).unwrap_or("api");
        let variable = |what: &str| parameter_name(&format!("{api}_{what}")).to_uppercase();
        first.keys().map(|name| credential(resolved(self.document, schemes.get(name)?), &variable)).collect()
    }
}

fn credential(scheme: &Value, variable: &dyn Fn(&str) -> String) -> Option<(Place, String, String, String)> {
    let text = |name: &str| scheme.get(name).and_then(Value::as_str).unwrap_or_default();
    let of_header = |kind: &str, variable: String| {
        (Place::Header, "Authorization".to_owned(), format!("{kind} {{env.{variable}}}"), variable)
    };
    match (text("type"), text("scheme").to_lowercase().as_str(), text("in")) {
        ("http", "bearer", _) | ("oauth2" | "openIdConnect", ..) => Some(of_header("Bearer", variable("token"))),
        ("http", "basic", _) | ("basic", ..) => Some(of_header("Basic", variable("basic_credentials"))),
        ("apiKey", _, place @ ("header" | "query")) => {
            let name = variable("api_key");
            let place = if place == "query" { Place::Query } else { Place::Header };
            Some((place, text("name").to_owned(), format!("{{env.{name}}}"), name))
        }
        _ => None,
    }
}

/// The target of a reference within the document.
pub(super) fn resolved<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    for _ in 0..MAX_REFERENCES {
        let reference = value.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        match reference.and_then(|pointer| document.pointer(pointer)) {
            Some(next) => value = next,
            None => break,
        }
    }
    value
}
