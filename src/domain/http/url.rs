//! The URL of a request: its host is fixed before any value is inserted.

use super::template::{Piece, Scope, pieces, value_text};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::fmt;

/// Characters that are not encoded in a value in a URL: the unreserved characters of RFC 3986.
pub(super) const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Characters that are encoded in the literal parts of a URL: those that no URL may contain.
const WRITTEN: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whether the connection is encrypted.
    pub is_tls: bool,
    /// A name in lower case, or an address, without brackets.
    pub host: String,
    /// From 1.
    pub port: u16,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == usual_port(self.is_tls) { f.write_str(&host) } else { write!(f, "{host}:{}", self.port) }
    }
}

impl Origin {
    /// The origin of a whole URL.
    ///
    /// # Errors
    /// Why it is not a URL, as the end of a sentence that begins with the URL.
    pub fn of(url: &str) -> Result<Origin, String> {
        let (is_tls, rest) = scheme(url)?;
        Origin::of_authority(is_tls, &rest[..authority_len(rest)])
    }

    fn of_authority(is_tls: bool, authority: &str) -> Result<Origin, String> {
        if authority.contains('@') {
            return Err("has a user in front of its host; use a header instead".to_owned());
        }
        let (host, port) = host_and_port(authority).ok_or_else(|| "has no valid host".to_owned())?;
        Ok(Origin { is_tls, host, port: port.unwrap_or(usual_port(is_tls)) })
    }

    /// Whether this origin is declared: as `host`, or as `host:port` if the port is not the default.
    pub fn is_declared(&self, hosts: &[String]) -> bool {
        hosts.iter().filter_map(|host| host_and_port(host)).any(|(host, port)| {
            host == self.host && port.map_or(self.port == usual_port(self.is_tls), |port| port == self.port)
        })
    }

    /// Whether it is the local machine, so that nobody can intercept the connection.
    pub fn is_this_machine(&self) -> bool {
        self.host == "localhost" || self.host == "::1" || is_loopback(&self.host)
    }

    /// Whether an unencrypted request may go there if a value chooses the scheme: the port is declared, or the host is
    /// the local machine.
    fn is_named_for_plain(&self, hosts: &[String]) -> bool {
        self.is_this_machine()
            || hosts
                .iter()
                .filter_map(|host| host_and_port(host))
                .any(|(host, port)| host == self.host && port == Some(self.port))
    }
}

fn is_loopback(host: &str) -> bool {
    host.starts_with("127.") && host.split('.').all(|part| part.parse::<u8>().is_ok())
}

/// Whether a text is `host` or `host:port`.
pub(super) fn is_host(text: &str) -> bool {
    host_and_port(text).is_some()
}

fn usual_port(is_tls: bool) -> u16 {
    if is_tls { 443 } else { 80 }
}

/// Whether it is https, and the text after `://`.
fn scheme(url: &str) -> Result<(bool, &str), String> {
    let begins = |word: &str| url.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    match (begins("https://"), begins("http://")) {
        (true, _) => Ok((true, &url[8..])),
        (_, true) => Ok((false, &url[7..])),
        _ => Err("does not begin with https:// or http://".to_owned()),
    }
}

/// The length of the host and port.
fn authority_len(rest: &str) -> usize {
    let (mut depth, mut len) = (0_usize, rest.len());
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '/' | '?' | '#' | '\\' if depth == 0 => {
                len = at;
                break;
            }
            _ => {}
        }
    }
    len
}

fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let is_address = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
        Some(address).filter(|address| address.contains(':') && address.bytes().all(is_address))?;
        (address, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
    } else {
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if host.len() > 253 || !host.strip_suffix('.').unwrap_or(host).split('.').all(is_label) {
            return None;
        }
        (host, port)
    };
    let is_number = |port: &&str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = match port {
        None => None,
        Some(port) => Some(Some(port).filter(is_number)?.parse().ok().filter(|port| *port > 0)?),
    };
    Some((host.to_ascii_lowercase(), port))
}

/// What is wrong with the template of a URL, as the end of a sentence. `None` if every value gives a URL whose host is
/// written in the template or declared.
pub(super) fn fault(template: &str, schema: Option<&Value>, hosts: &[String]) -> Option<String> {
    let not_fixed = || "does not name its host; write the host out, or list the possible ones in hosts".to_owned();
    if matches!(pieces(template, schema).first(), Some(Piece::Input { .. })) {
        return hosts.is_empty().then(not_fixed);
    }
    let (is_tls, rest) = match scheme(template) {
        Ok(parts) => parts,
        Err(why) => return Some(why),
    };
    let (authority, path) = rest.split_at(authority_len(rest));
    if path.contains('#') {
        return Some("has a fragment (#), which is never sent; remove it".to_owned());
    }
    let parts = pieces(authority, schema);
    if parts.iter().any(|piece| matches!(piece, Piece::Env(_))) {
        return Some("takes its host from a variable; write the host out".to_owned());
    }
    if parts.iter().any(|piece| !matches!(piece, Piece::Text(_))) {
        return hosts.is_empty().then(not_fixed);
    }
    Origin::of_authority(is_tls, authority).err().or_else(|| {
        let path = path.split('?').next().unwrap_or_default();
        path.split('/').any(is_dots).then(|| "has . or .. as a part of its path; write the path out".to_owned())
    })
}

/// The URL of a template filled with values, without the query from other parts of the definition.
pub(super) fn expand(template: &str, hosts: &[String], scope: Scope<'_>) -> Result<String, String> {
    let parts = pieces(template, scope.schema);
    if let Some(Piece::Input { name, .. }) = parts.first() {
        return whole(name, template, hosts, scope);
    }
    let (is_tls, rest) = scheme(template).map_err(|why| format!("its url {why}"))?;
    let (authority, path) = rest.split_at(authority_len(rest));
    let mut host = String::new();
    let mut named = None;
    for piece in pieces(authority, scope.schema) {
        match piece {
            Piece::Text(text) => host.push_str(text),
            Piece::Input { name, .. } => {
                let text = value_text(scope.needed(name)?);
                if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)) {
                    return Err(format!("input/{name}: not a part of a host name"));
                }
                host.push_str(&text);
                named = Some(name);
            }
            Piece::Env(_) => return Err("its url takes its host from a variable".to_owned()),
        }
    }
    let origin = Origin::of_authority(is_tls, &host).map_err(|why| format!("its url {why}"))?;
    if let Some(name) = named.filter(|_| !origin.is_declared(hosts)) {
        return Err(format!("input/{name}: the host {origin} is not one of those that the tool declares"));
    }
    let path = path_of(path, scope)?;
    let slash = if path.starts_with('/') { "" } else { "/" };
    let scheme = if is_tls { "https" } else { "http" };
    Ok(format!("{scheme}://{origin}{slash}{path}"))
}

/// A URL from a value: its host must be declared.
fn whole(name: &str, template: &str, hosts: &[String], scope: Scope<'_>) -> Result<String, String> {
    let text = scope.text(template)?;
    let bad = |why: String| format!("input/{name}: the URL {why}");
    let origin = Origin::of(&text).map_err(bad)?;
    if !origin.is_declared(hosts) {
        return Err(format!("input/{name}: the host {origin} is not one of those that the tool declares"));
    }
    let (is_tls, rest) = scheme(&text).map_err(bad)?;
    let path = &rest[authority_len(rest)..];
    let path = path.split('#').next().unwrap_or_default();
    if path.starts_with('\\') {
        return Err(bad("has a backslash".to_owned()));
    }
    if path.split('?').next().unwrap_or_default().split('/').any(is_dots) {
        return Err(bad("has . or .. as a part of its path".to_owned()));
    }
    if !is_tls && !origin.is_named_for_plain(hosts) {
        return Err(bad(format!("is not encrypted; write https://, or declare {}:80 to allow http", origin.host)));
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    let scheme = if is_tls { "https" } else { "http" };
    Ok(format!("{scheme}://{origin}{slash}{}", utf8_percent_encode(path, WRITTEN)))
}

/// Path and query, filled with values.
fn path_of(template: &str, scope: Scope<'_>) -> Result<String, String> {
    let (mut path, mut last) = (String::new(), None);
    for piece in pieces(template, scope.schema) {
        match piece {
            Piece::Text(text) => path.extend(utf8_percent_encode(text, WRITTEN)),
            Piece::Input { name, is_path } => {
                let text = value_text(scope.needed(name)?);
                if is_path && text.trim_start_matches('/').is_empty() {
                    // An empty value below the written path is the written path itself.
                    let is_inside = path.len() > 1 && path.ends_with('/') && !path.contains('?');
                    path.truncate(path.len() - usize::from(is_inside));
                } else if is_path {
                    let parts: Vec<String> = text
                        .trim_start_matches('/')
                        .split('/')
                        .map(|part| utf8_percent_encode(part, VALUE).to_string())
                        .collect();
                    path.push_str(&parts.join("/"));
                } else {
                    path.extend(utf8_percent_encode(&text, VALUE));
                }
                last = Some(name);
            }
            Piece::Env(name) => path.extend(utf8_percent_encode(&scope.variable(name)?, VALUE)),
        }
    }
    let is_left = path.split('?').next().unwrap_or_default().split('/').any(is_dots);
    match last.filter(|_| is_left) {
        Some(name) => Err(format!("input/{name}: . and .. would leave the path of the request")),
        None => Ok(path),
    }
}

/// A path segment that servers and clients read as `.` or `..`, in any encoding.
fn is_dots(part: &str) -> bool {
    let plain = part.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}
