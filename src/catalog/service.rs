//! The `[service]` table of a native manifest.
//!
//! Strict: an unknown key, a wrong type or a number outside its range is a problem with its line, because what is
//! not understood here must not read as if it held.

use super::fields::TableFields;
use super::limits::LIST_ITEMS;
use crate::domain::service::{
    Adapter, Backoff, HealthCheck, LogRule, PortMode, PortNumber, PortPass, PortRule, Probe, ReadyCheck,
    ServiceDefinition, StartCondition, StopRule,
};
use crate::domain::{Kind, Manifest, Problem, ToolName};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Ports of one service.
const MOST_PORTS: usize = 16;
/// Characters of the name of a port.
const PORT_NAME_CHARS: usize = 32;
/// Milliseconds of any time in the table: at least one, at most thirty days.
const TIMES: RangeInclusive<u64> = 1..=30 * 24 * 3_600_000;
/// Milliseconds until a service is ready, where the definition does not say.
const READY_WITHIN_MS: u64 = 30_000;

/// Reads the table; `None` for a manifest of another kind.
///
/// # Errors
/// The first problem of the table, also that a manifest of another kind has one.
pub(super) fn read(
    fields: &mut TableFields<'_, '_>,
    manifest: &Manifest,
) -> Result<Option<ServiceDefinition>, Problem> {
    if manifest.kind != Kind::Service {
        return match fields.peek("service") {
            Some(Value::Object(_)) => Err(fields.bad(
                "service",
                format!("the kind is {}, but there is a table [service]", manifest.kind),
                "write kind = \"service\", or remove the table",
            )),
            _ => Ok(None),
        };
    }
    let mut table = fields.table("service")?;
    let mut service = ServiceDefinition::default();
    adapter(&mut table, &mut service)?;
    set(&mut service.instances, number(&mut table, "instances", 1..=1_000)?);
    service.stop = stop(&mut table, service.stop)?;
    set(&mut service.restart, table.word("restart")?);
    service.backoff = backoff(&mut table, service.backoff)?;
    set(&mut service.most_restarts, number(&mut table, "most_restarts", 0..=1_000)?);
    service.after = after(&mut table, &manifest.name)?;
    service.ports = ports(&mut table)?;
    service.ready = ready(&mut table, &service.ports)?;
    service.health = health(&mut table, service.health, &service.ports)?;
    service.log = log(&mut table, service.log)?;
    table.nothing_else()?;
    Ok(Some(service))
}

/// Takes over a value that is stated.
fn set<T>(field: &mut T, stated: Option<T>) {
    if let Some(stated) = stated {
        *field = stated;
    }
}

/// The adapter, or the name of a profile, for which the generic adapter stands in.
fn adapter(table: &mut TableFields<'_, '_>, service: &mut ServiceDefinition) -> Result<(), Problem> {
    if let Some(Value::Object(_)) = table.peek("adapter") {
        let mut external = table.table("adapter")?;
        service.translator = argv(&mut external, "command")?.unwrap_or_default();
        external.nothing_else()?;
        if service.translator.is_empty() {
            let hint = "write adapter = { command = [\"python3\", \"{dir}/translate.py\"] }";
            return Err(external.bad("adapter", "the adapter has no command".to_owned(), hint));
        }
        service.adapter = Adapter::External;
        return Ok(());
    }
    let Some(word) = table.text("adapter")? else { return Ok(()) };
    (service.adapter, service.profile) = adapter_of(&word)
        .map_err(|message| table.bad("adapter", message, "write generic, text, none or { command = [\"PROGRAM\"] }"))?;
    Ok(())
}

/// The adapter that a word means, with the profile where the word is no adapter.
///
/// # Errors
/// Why the word is neither.
pub(super) fn adapter_of(word: &str) -> Result<(Adapter, Option<String>), String> {
    match word.parse() {
        Ok(Adapter::External) => Err("the adapter \"external\" needs a command".to_owned()),
        Ok(adapter) => Ok((adapter, None)),
        Err(_) if ToolName::new(word).is_ok() => Ok((Adapter::Generic, Some(word.to_owned()))),
        Err(_) => Err(format!("{word:?} is not an adapter")),
    }
}

/// A command as a list of arguments.
fn argv(table: &mut TableFields<'_, '_>, key: &'static str) -> Result<Option<Vec<String>>, Problem> {
    let hint = "write a list, the program first";
    match table.peek(key) {
        None => return Ok(None),
        Some(Value::Array(_)) => {}
        Some(_) => return Err(table.bad(key, format!("{key} is not a list of arguments"), hint)),
    }
    let words = table.words(key)?;
    if words.first().is_none_or(String::is_empty) || words.iter().any(|word| word.contains('\0')) {
        return Err(table.bad(key, format!("{key} names no program"), hint));
    }
    Ok(Some(words))
}

fn number(
    table: &mut TableFields<'_, '_>,
    key: &'static str,
    range: RangeInclusive<u32>,
) -> Result<Option<u32>, Problem> {
    let Some(count) = table.count(key)? else { return Ok(None) };
    let fits = u32::try_from(count).ok().filter(|count| range.contains(count));
    fits.map(Some).ok_or_else(|| {
        let hint = format!("write a whole number from {} to {}", range.start(), range.end());
        table.bad(key, format!("{key} is {count}"), &hint)
    })
}

fn time(table: &mut TableFields<'_, '_>, key: &'static str) -> Result<Option<u64>, Problem> {
    let Some(time) = table.milliseconds(key)? else { return Ok(None) };
    if TIMES.contains(&time) {
        return Ok(Some(time));
    }
    Err(table.bad(key, format!("{key} is {time}ms"), "write a time from 1ms to 720h, for example \"30s\""))
}

fn stop(table: &mut TableFields<'_, '_>, default: StopRule) -> Result<StopRule, Problem> {
    let mut table = table.table("stop")?;
    let mut rule = default;
    set(&mut rule.signal, table.word("signal")?);
    set(&mut rule.within_ms, time(&mut table, "within")?);
    table.nothing_else()?;
    Ok(rule)
}

fn backoff(table: &mut TableFields<'_, '_>, default: Backoff) -> Result<Backoff, Problem> {
    let mut table = table.table("backoff")?;
    let mut rule = default;
    set(&mut rule.first_ms, time(&mut table, "first")?);
    set(&mut rule.factor, number(&mut table, "factor", 1..=100)?);
    set(&mut rule.most_ms, time(&mut table, "most")?);
    set(&mut rule.calm_ms, time(&mut table, "calm")?);
    table.nothing_else()?;
    if rule.first_ms > rule.most_ms {
        let message = format!("the first wait, {}ms, is longer than the longest, {}ms", rule.first_ms, rule.most_ms);
        return Err(table.bad("first", message, "write first no longer than most, which is 60s by default"));
    }
    Ok(rule)
}

/// Services that must run before: a table of conditions, or a list of names, which must be ready.
fn after(table: &mut TableFields<'_, '_>, own: &ToolName) -> Result<BTreeMap<ToolName, StartCondition>, Problem> {
    let listed = match table.peek("after") {
        Some(Value::Array(_) | Value::String(_)) => table.words("after")?,
        _ => Vec::new(),
    };
    let mut stated: Vec<(String, StartCondition)> =
        listed.into_iter().map(|name| (name, StartCondition::Ready)).collect();
    let mut conditions = table.table("after")?;
    let names: Vec<String> = conditions.keys().take(LIST_ITEMS).cloned().collect();
    for name in names {
        let word = conditions.any(&name);
        let condition = word.as_ref().and_then(Value::as_str).and_then(|word| word.parse().ok());
        let Some(condition) = condition else {
            let message = format!("after {name:?} states no condition");
            return Err(conditions.bad(&name, message, "write started, ready or ended-well"));
        };
        stated.push((name, condition));
    }
    conditions.nothing_else()?;
    let mut after = BTreeMap::new();
    for (text, condition) in stated {
        let name = ToolName::new(&text).map_err(|error| {
            table.bad("after", format!("after {text:?}: {error}"), "write the name of an instance of a service")
        })?;
        if name == *own {
            return Err(table.bad("after", format!("{name} waits for itself"), "name another service"));
        }
        after.insert(name, condition);
    }
    Ok(after)
}

fn ports(table: &mut TableFields<'_, '_>) -> Result<Vec<PortRule>, Problem> {
    let tables = table.tables("ports")?;
    if tables.len() > MOST_PORTS {
        return Err(table.bad("ports", format!("there are {} ports", tables.len()), "declare at most 16"));
    }
    let mut ports: Vec<PortRule> = Vec::with_capacity(tables.len());
    for mut table in tables {
        let rule = port(&mut table)?;
        table.nothing_else()?;
        if ports.iter().any(|other| other.name == rule.name) {
            let message = format!("two ports have the name {:?}", rule.name);
            return Err(table.bad("name", message, "give each port a name of its own"));
        }
        if let PortNumber::Number(number) = rule.port
            && ports.iter().any(|other| other.port == rule.port)
        {
            let message = format!("two ports have the number {number}");
            return Err(table.bad("port", message, "give each port a number of its own, or \"auto\""));
        }
        ports.push(rule);
    }
    Ok(ports)
}

fn port(table: &mut TableFields<'_, '_>) -> Result<PortRule, Problem> {
    let name = table.text("name")?.unwrap_or_else(|| "port".to_owned());
    if !is_port_name(&name) {
        let hint = "use a-z 0-9 _ - only, starting with a letter, at most 32 characters";
        return Err(table.bad("name", format!("{name:?} is not a name of a port"), hint));
    }
    let stated = table.any("port");
    let port = match &stated {
        None => PortNumber::Auto,
        Some(value) => port_number(value)
            .map_err(|message| table.bad("port", message, "write a number from 1 to 65535, or \"auto\""))?,
    };
    let mode: Option<PortMode> = table.word("mode")?;
    if mode == Some(PortMode::Fixed) && port == PortNumber::Auto {
        let message = "the mode is fixed, but the port has no number".to_owned();
        return Err(table.bad("mode", message, "write the number of the port, or another mode"));
    }
    let pass = table.word("pass")?.unwrap_or(PortPass::Relay);
    Ok(PortRule { name, port, mode, pass })
}

fn is_port_name(name: &str) -> bool {
    name.len() <= PORT_NAME_CHARS
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c))
}

/// The number of a port, as a number or as text.
///
/// # Errors
/// Why it is none.
pub(super) fn port_number(value: &Value) -> Result<PortNumber, String> {
    let number = match value {
        Value::String(text) if text.trim() == "auto" => return Ok(PortNumber::Auto),
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    };
    let fits = number.and_then(|number: u64| u16::try_from(number).ok()).filter(|number| *number > 0);
    fits.map(PortNumber::Number).ok_or_else(|| format!("the port is {value}"))
}

/// The ways to ask, of which a check has one.
const PROBES: &[&str] = &["ask", "http", "tcp", "exec", "line"];

/// What a check asks; `None` when it asks nothing.
fn probe(table: &mut TableFields<'_, '_>, ports: &[PortRule], check: &str) -> Result<Option<Probe>, Problem> {
    let stated: Vec<&'static str> = PROBES.iter().copied().filter(|key| table.peek(key).is_some()).collect();
    if let [_, second, ..] = stated.as_slice() {
        let message = format!("{check} asks in more than one way: {}", stated.join(", "));
        return Err(table.bad(second, message, "keep one of them"));
    }
    Ok(match stated.first().copied() {
        None => None,
        Some("ask") => ask(table)?,
        Some("http") => Some(http(table, ports)?),
        Some("tcp") => {
            let port = table.text("tcp")?;
            Some(Probe::Tcp { port: declared(table, "tcp", port, ports)? })
        }
        Some("exec") => argv(table, "exec")?.map(Probe::Exec),
        Some(_) => line(table)?,
    })
}

fn ask(table: &mut TableFields<'_, '_>) -> Result<Option<Probe>, Problem> {
    let word = table.text("ask")?.unwrap_or_default();
    probe_of(&word).map_err(|message| table.bad("ask", message, "write ping, status, version or none"))
}

/// What a word asks; `None` for `none`.
///
/// # Errors
/// That it is no such word.
pub(super) fn probe_of(word: &str) -> Result<Option<Probe>, String> {
    match word {
        "ping" => Ok(Some(Probe::Ping)),
        "status" => Ok(Some(Probe::Status)),
        "version" => Ok(Some(Probe::Version)),
        "none" => Ok(None),
        _ => Err(format!("{word:?} is not a question")),
    }
}

fn http(table: &mut TableFields<'_, '_>, ports: &[PortRule]) -> Result<Probe, Problem> {
    let short = match table.peek("http") {
        Some(Value::String(_)) => table.text("http")?,
        _ => None,
    };
    let mut request = table.table("http")?;
    let port = request.text("port")?;
    let port = declared(&request, "port", port, ports)?;
    let path = match short {
        Some(path) => path,
        None => request.text("path")?.unwrap_or_else(|| "/".to_owned()),
    };
    if !is_http_path(&path) {
        let hint = "write a path such as /health, without blanks and with ASCII characters only";
        return Err(request.bad("path", format!("{path:?} is not a path of a request"), hint));
    }
    let status = request.count("status")?.unwrap_or(200);
    let status = u16::try_from(status).ok().filter(|status| (100..=599).contains(status)).ok_or_else(|| {
        request.bad("status", format!("{status} is not a status code"), "write a number from 100 to 599")
    })?;
    request.nothing_else()?;
    Ok(Probe::Http { port, path, status })
}

/// Whether a text can be the path of a request as it is: it can hold neither a blank nor a line break.
pub(super) fn is_http_path(path: &str) -> bool {
    path.starts_with('/') && path.len() <= 2_000 && path.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The port that a check names, or the only one.
fn declared(
    table: &TableFields<'_, '_>,
    key: &str,
    named: Option<String>,
    ports: &[PortRule],
) -> Result<String, Problem> {
    let (name, only) = match (named, ports) {
        (Some(name), _) => (name, false),
        (None, [only]) => (only.name.clone(), true),
        (None, _) => (String::new(), false),
    };
    if only || ports.iter().any(|port| port.name == name) {
        return Ok(name);
    }
    let message = if name.is_empty() { "no port is named".to_owned() } else { format!("there is no port {name:?}") };
    let known: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
    let hint = match known.as_slice() {
        [] => "declare the port in [[service.ports]] first; for `toolsmith define`, add --port auto".to_owned(),
        known => format!("write one of {}", known.join(", ")),
    };
    Err(table.bad(key, message, &hint))
}

fn line(table: &mut TableFields<'_, '_>) -> Result<Option<Probe>, Problem> {
    let Some(pattern) = table.text("line")? else { return Ok(None) };
    if let Err(error) = regex::RegexBuilder::new(&pattern).size_limit(1 << 20).build() {
        let message = error.to_string();
        let message = message.lines().last().unwrap_or_default().trim_start_matches("error: ");
        return Err(table.bad("line", format!("{pattern:?} is not a regular expression: {message}"), "correct it"));
    }
    Ok(Some(Probe::Line(pattern)))
}

fn ready(table: &mut TableFields<'_, '_>, ports: &[PortRule]) -> Result<Option<ReadyCheck>, Problem> {
    if table.peek("ready").is_none() {
        table.any("ready");
        return Ok(None);
    }
    let mut table = table.table("ready")?;
    if PROBES.iter().all(|key| table.peek(key).is_none()) {
        table.any("within");
        table.nothing_else()?;
        return Err(table.bad("ready", "ready asks nothing".to_owned(), "add one of ask, http, tcp, exec or line"));
    }
    let asked = probe(&mut table, ports, "ready")?;
    let within_ms = time(&mut table, "within")?.unwrap_or(READY_WITHIN_MS);
    table.nothing_else()?;
    Ok(asked.map(|probe| ReadyCheck { probe, within_ms }))
}

fn health(table: &mut TableFields<'_, '_>, default: HealthCheck, ports: &[PortRule]) -> Result<HealthCheck, Problem> {
    let mut table = table.table("health")?;
    let mut check = default;
    check.probe = probe(&mut table, ports, "health")?;
    if matches!(check.probe, Some(Probe::Line(_))) {
        let message = "a line of output says nothing of the health of a service".to_owned();
        return Err(table.bad("line", message, "use ask, http, tcp or exec; line is for [service.ready]"));
    }
    set(&mut check.every_ms, time(&mut table, "every")?);
    set(&mut check.timeout_ms, time(&mut table, "timeout")?);
    set(&mut check.failures, number(&mut table, "failures", 1..=1_000)?);
    table.nothing_else()?;
    Ok(check)
}

fn log(table: &mut TableFields<'_, '_>, default: LogRule) -> Result<LogRule, Problem> {
    let mut table = table.table("log")?;
    let mut rule = default;
    if let Some(bytes) = table.bytes("most")? {
        if !(4 << 10..=1 << 30).contains(&bytes) {
            return Err(table.bad("most", format!("most is {bytes} bytes"), "write a size from 4KiB to 1GiB"));
        }
        rule.most_bytes = bytes;
    }
    set(&mut rule.keep, number(&mut table, "keep", 0..=100)?);
    table.nothing_else()?;
    Ok(rule)
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
