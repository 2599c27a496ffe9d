//! Sends a request and reads its response, including redirects.

use crate::domain::{HttpOrder, HttpOrigin, HttpRequest};
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::{self, Response};

/// Timeout of looking up a name, and of making a connection.
const CONNECT: Duration = Duration::from_secs(15);

/// Maximum number of redirects.
const MOST_REDIRECTS: usize = 5;

/// Number of bytes read at once.
const PIECE: usize = 16 * 1024;

/// Sends the request of an order: the body of the response goes to `out`, one line about it to `log`.
///
/// # Errors
/// One line: the request is invalid, the server cannot be reached, redirects elsewhere, or answers with a status of 400
/// or more.
pub(super) fn send(
    order: &HttpOrder,
    env: &dyn Fn(&str) -> Option<String>,
    out: &mut dyn Write,
    log: &mut dyn Write,
) -> Result<(), String> {
    let HttpOrder { definition, input, schema } = order;
    let mut request = definition.request(input, schema.as_ref(), env)?;
    let origin = origin_of(&request.url)?;
    let agent = agent();
    let begun = Instant::now();
    for _ in 0..=MOST_REDIRECTS {
        let here = origin_of(&request.url)?;
        let response = ask(&agent, &request, &here)?;
        let Some(location) = location(&response) else { return take(response, &here, begun, (out, log)) };
        let status = response.status();
        let url = join(&request.url, &location).ok_or_else(|| format!("{status}: it redirects to no valid URL"))?;
        let next = origin_of(&url)?;
        if next != origin && !next.is_declared(&definition.hosts) {
            return Err(format!("{status}: {here} redirects to {next}, which the tool does not declare in hosts"));
        }
        if here.is_tls && !next.is_tls {
            return Err(format!("{status}: {here} redirects to a connection that is not encrypted"));
        }
        request = redirected(request, url, status.as_u16())
            .map_err(|method| format!("{status}: {here} redirects, but a {method} is not sent twice"))?;
        if next != here {
            let HttpRequest { headers, secret_headers, .. } = &mut request;
            headers.retain(|(name, _)| !secret_headers.contains(name));
        }
    }
    Err(format!("it was redirected more than {MOST_REDIRECTS} times"))
}

pub(super) fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("toolsmith/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .build();
    Agent::new_with_config(config)
}

pub(super) fn origin_of(url: &str) -> Result<HttpOrigin, String> {
    HttpOrigin::of(url).map_err(|why| format!("the URL {why}"))
}

fn ask(agent: &Agent, request: &HttpRequest, host: &HttpOrigin) -> Result<Response<ureq::Body>, String> {
    let mut built = http::Request::builder().method(request.method.as_str()).uri(&request.url);
    for (name, value) in &request.headers {
        built = built.header(name, value);
    }
    // The error text does not contain header values.
    let unsent = |error: http::Error| format!("the request cannot be made: {error}");
    let has_body = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
    let sent = match &request.body {
        Some(body) if has_body => agent.run(built.body(body.clone()).map_err(unsent)?),
        Some(body) => {
            let built = built.body(body.clone()).map_err(unsent)?;
            agent.run(agent.configure_request(built).allow_non_standard_methods(true).build())
        }
        None if has_body => agent.run(built.body(Vec::new()).map_err(unsent)?),
        None => agent.run(built.body(()).map_err(unsent)?),
    };
    sent.map_err(|error| failure(&error, host))
}

pub(super) fn failure(error: &ureq::Error, host: &HttpOrigin) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("{host} cannot be reached: connection timed out"),
        ureq::Error::HostNotFound => format!("{host} cannot be reached: unknown host"),
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => format!("{host} cannot be reached: connection refused"),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                format!("{host} closed the connection without a response")
            }
            _ => format!("{host} cannot be reached: {error}"),
        },
        other => format!("{host} cannot be reached: {other}"),
    }
}

/// The target of a redirect, as written in the response.
pub(super) fn location(response: &Response<ureq::Body>) -> Option<String> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let written = response.headers().get("location").filter(|_| is_redirect)?;
    Some(String::from_utf8_lossy(written.as_bytes()).into_owned())
}

/// The request that follows a redirect.
///
/// # Errors
/// The method of a request that would have to be sent twice.
fn redirected(request: HttpRequest, url: String, status: u16) -> Result<HttpRequest, String> {
    let is_safe = matches!(request.method.as_str(), "GET" | "HEAD");
    if status == 303 && !is_safe {
        let mut headers = request.headers;
        headers.retain(|(name, _)| name != "content-type");
        return Ok(HttpRequest { method: "GET".to_owned(), url, headers, body: None, ..request });
    }
    if is_safe { Ok(HttpRequest { url, ..request }) } else { Err(request.method) }
}

/// A location as an absolute URL.
pub(super) fn join(url: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default();
    if location.chars().any(|c| c.is_control() || c == ' ' || c == '\\') {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if location.contains("://") && !location.starts_with('/') {
        return Some(location.to_owned());
    }
    if let Some(rest) = location.strip_prefix("//") {
        return Some(format!("{scheme}://{rest}"));
    }
    if location.starts_with('/') {
        return Some(format!("{scheme}://{authority}{location}"));
    }
    let path = path.split('?').next().unwrap_or_default();
    if location.starts_with('?') {
        return Some(format!("{scheme}://{authority}{path}{location}"));
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(format!("{scheme}://{authority}{folder}/{location}"))
}

/// Writes the body of a response, and describes it.
fn take(
    response: Response<ureq::Body>,
    host: &HttpOrigin,
    begun: Instant,
    (out, log): (&mut dyn Write, &mut dyn Write),
) -> Result<(), String> {
    let status = response.status();
    let kind =
        response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("no type").to_owned();
    let mut body = response.into_body().into_reader();
    let bytes = copy(&mut body, out).map_err(|error| format!("the response of {host} ended unexpectedly: {error}"))?;
    let took = begun.elapsed().as_millis();
    let line = format!("HTTP {status} from {host} in {took}ms, {bytes} bytes, {kind}");
    if status.as_u16() >= 300 {
        return Err(line);
    }
    writeln!(log, "{line}").map_err(|error| error.to_string())
}

fn copy(body: &mut impl Read, out: &mut dyn Write) -> io::Result<u64> {
    let (mut piece, mut bytes) = (vec![0; PIECE], 0);
    loop {
        match body.read(&mut piece) {
            Ok(0) => return out.flush().map(|()| bytes),
            Ok(got) => {
                out.write_all(&piece[..got])?;
                bytes += got as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_read_as_browsers_read_it() {
        let join = |location: &str| join("https://h.example:8443/a/b?c=d", location);
        for (location, wanted) in [
            ("/x?y#z", "https://h.example:8443/x?y"),
            ("x", "https://h.example:8443/a/x"),
            ("?q", "https://h.example:8443/a/b?q"),
            ("//evil.example/x", "https://evil.example/x"),
            ("http://evil.example/", "http://evil.example/"),
            ("@evil.example", "https://h.example:8443/a/@evil.example"),
        ] {
            assert_eq!(join(location).as_deref(), Some(wanted), "{location}");
        }
        assert_eq!((join("\\\\evil.example"), join("/a b")), (None, None));
    }

    #[test]
    fn a_request_with_a_body_is_not_sent_twice() {
        let request = |method: &str| HttpRequest {
            method: method.to_owned(),
            url: "https://h.example/".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            secret_headers: std::collections::BTreeSet::new(),
            body: Some(b"{}".to_vec()),
        };
        assert_eq!(redirected(request("POST"), "https://h.example/x".into(), 307).unwrap_err(), "POST");
        let asked = redirected(request("POST"), "https://h.example/x".into(), 303).unwrap();
        assert_eq!((asked.method.as_str(), asked.headers.len(), asked.body), ("GET", 0, None));
    }
}
