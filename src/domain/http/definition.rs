//! The definition of an HTTP tool, and the request for one input.

use super::body::{json, pairs};
use super::template::{Piece, Scope, only_input, pieces};
use super::url::{self, Origin};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The allowed methods.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Headers that determine the target or the length of a request: they follow from the URL and the body.
const OURS: [&str; 7] =
    ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "proxy-authorization"];

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HttpBody {
    /// A JSON value; texts in it may contain placeholders.
    Json(Value),
    /// An object of names and values, sent as a form (`application/x-www-form-urlencoded`).
    Form(Value),
    /// A text; values are inserted unchanged.
    Text(String),
}

/// A request to an HTTP API, as a definition states it: the `[http]` table of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpDefinition {
    /// A method such as `GET`, or a placeholder.
    pub method: String,
    /// Template of the URL.
    pub url: String,
    /// Templates of headers, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Names and templates of the query, in addition to the one in the URL; or one placeholder for an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Value>,
    /// The body; `None` for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<HttpBody>,
    /// Hosts (`name` or `name:port`) in addition to the one in the URL: a placeholder may name one, and redirects may
    /// lead there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Wall-clock limit in milliseconds; `None` takes the stage's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// A request ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// A method such as `GET`.
    pub method: String,
    /// The whole URL, encoded.
    pub url: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Names of the headers that contain the value of a variable: they are not sent to another host.
    pub secret_headers: BTreeSet<String>,
    /// The body; `None` for none.
    pub body: Option<Vec<u8>>,
}

impl HttpDefinition {
    /// A GET request to a URL.
    pub fn get(url: String) -> HttpDefinition {
        HttpDefinition {
            method: "GET".to_owned(),
            url,
            headers: BTreeMap::new(),
            query: None,
            body: None,
            hosts: Vec::new(),
            timeout_ms: None,
        }
    }

    /// Why it can never be sent, whatever the input: one line with what to change. `env` are the variables that the
    /// definition declares.
    pub fn fault(&self, schema: Option<&Value>, env: &[String]) -> Option<String> {
        if self.url.trim().is_empty() {
            return Some("it has no URL; add url to [http]".to_owned());
        }
        if let Some(host) = self.hosts.iter().find(|host| !url::is_host(host)) {
            // The scheme is that of the URL; an unencrypted request needs the port.
            let meant = url::Origin::of(host).ok().map(|origin| match origin {
                url::Origin { is_tls: false, port: 80, host } => format!("{host}:80"),
                origin => origin.to_string(),
            });
            let meant = meant.unwrap_or_else(|| "api.example.org or api.example.org:8443".to_owned());
            return Some(format!("{host:?} in hosts is not a host; write {meant}"));
        }
        if let Some(why) = url::fault(&self.url, schema, &self.hosts) {
            return Some(format!("its URL {why}"));
        }
        if only_input(&self.method, schema).is_none() && !METHODS.contains(&self.method.to_ascii_uppercase().as_str()) {
            return Some(format!("{:?} is not a method; write one of {}", self.method, METHODS.join(", ")));
        }
        if let Some((name, _)) = self.headers.iter().find(|(_, value)| value.contains(['\r', '\n', '\0'])) {
            return Some(format!("the header {name} has a line break; write it in one line"));
        }
        for name in self.headers.keys() {
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_token) {
                return Some(format!("{name:?} is not the name of a header"));
            }
            if OURS.contains(&name.to_ascii_lowercase().as_str()) {
                return Some(format!("the header {name} follows from the URL and the body; remove it"));
            }
        }
        let variable = self.variables(schema).into_iter().find(|name| !env.contains(name));
        variable.map(|name| format!("it uses {{env.{name}}}; add {name} to [permissions] env"))
    }

    /// The names of the inputs that it uses, in order.
    pub fn inputs(&self, schema: Option<&Value>) -> Vec<String> {
        let mut names = Vec::new();
        self.each_text(&mut |text| {
            for piece in pieces(text, schema) {
                if let Piece::Input { name, .. } = piece
                    && !names.iter().any(|known| known == name)
                {
                    names.push(name.to_owned());
                }
            }
        });
        names
    }

    /// The names of the variables that it uses.
    fn variables(&self, schema: Option<&Value>) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.each_text(&mut |text| {
            let all = pieces(text, schema);
            names.extend(all.iter().filter_map(|piece| match piece {
                Piece::Env(name) => Some((*name).to_owned()),
                Piece::Text(_) | Piece::Input { .. } => None,
            }));
        });
        names
    }

    fn each_text(&self, tell: &mut dyn FnMut(&str)) {
        tell(&self.method);
        tell(&self.url);
        self.query.iter().for_each(|query| each_text(query, tell));
        self.headers.values().for_each(|text| tell(text));
        match &self.body {
            None => {}
            Some(HttpBody::Json(value) | HttpBody::Form(value)) => each_text(value, tell),
            Some(HttpBody::Text(text)) => tell(text),
        }
    }

    /// Its target, for a reader: the host of its URL and the declared hosts.
    pub fn host_words(&self) -> String {
        let own = Origin::of(&self.url).ok().map(|origin| origin.to_string());
        let own = own.filter(|own| !own.contains('{') && !self.hosts.contains(own));
        own.into_iter().chain(self.hosts.iter().cloned()).collect::<Vec<_>>().join(", ")
    }

    /// The request for one input. `env` gives the values of variables.
    ///
    /// # Errors
    /// One line: an input without a value or with a forbidden target, or a variable without a value.
    pub fn request(
        &self,
        input: &Map<String, Value>,
        schema: Option<&Value>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<HttpRequest, String> {
        let scope = Scope { input, schema, env };
        let method = scope.text(&self.method)?.to_ascii_uppercase();
        if !METHODS.contains(&method.as_str()) {
            return Err(format!("input: {method:?} is not a method; use one of {}", METHODS.join(", ")));
        }
        let mut url = url::expand(&self.url, &self.hosts, scope)?;
        let query = self.query.as_ref().map(|query| pairs(query, scope)).transpose()?.unwrap_or_default();
        if !query.is_empty() {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&query);
        }
        let (mut headers, mut secret_headers) = (Vec::new(), BTreeSet::new());
        for (name, template) in &self.headers {
            let Some(value) = header(name, template, scope)? else { continue };
            let name = name.to_ascii_lowercase();
            if pieces(template, schema).iter().any(|piece| matches!(piece, Piece::Env(_))) {
                secret_headers.insert(name.clone());
            }
            headers.push((name, value));
        }
        let body = self.body(scope)?;
        if let Some((kind, _)) = &body
            && !headers.iter().any(|(name, _)| name == "content-type")
        {
            headers.push(("content-type".to_owned(), (*kind).to_owned()));
        }
        Ok(HttpRequest { method, url, headers, secret_headers, body: body.map(|(_, bytes)| bytes) })
    }

    fn body(&self, scope: Scope<'_>) -> Result<Option<(&'static str, Vec<u8>)>, String> {
        Ok(match &self.body {
            None => None,
            Some(HttpBody::Json(value)) => {
                json(value, scope)?.map(|value| ("application/json", value.to_string().into_bytes()))
            }
            Some(HttpBody::Form(value)) => {
                Some(("application/x-www-form-urlencoded", pairs(value, scope)?.into_bytes()))
            }
            Some(HttpBody::Text(text)) => Some(("text/plain; charset=utf-8", scope.text(text)?.into_bytes())),
        })
    }
}

fn each_text(value: &Value, tell: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => tell(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, tell)),
        Value::Object(fields) => fields.values().for_each(|field| each_text(field, tell)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The value of a header; `None` if it is an input without a value.
fn header(name: &str, template: &str, scope: Scope<'_>) -> Result<Option<String>, String> {
    if only_input(template, scope.schema).is_some_and(|input| scope.value(input).is_none()) {
        return Ok(None);
    }
    let value = scope.text(template)?;
    if !value.chars().any(|c| c.is_control() && c != '\t') {
        return Ok(Some(value));
    }
    let breaks = |name: &&str| scope.value(name).is_some_and(|value| value.to_string().contains('\\'));
    let all = pieces(template, scope.schema);
    let inputs = all.iter().filter_map(|piece| match piece {
        Piece::Input { name, .. } => Some(*name),
        Piece::Text(_) | Piece::Env(_) => None,
    });
    let input = inputs.into_iter().find(breaks).map_or_else(|| "input".to_owned(), |name| format!("input/{name}"));
    Err(format!("{input}: the header {name} cannot hold a line break or another control character"))
}
