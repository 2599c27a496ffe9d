//! Readiness and health checks of a running service. Every kind of check contacts the service.

use super::{Keeper, KeeperEvent};
use crate::domain::service::{
    ExchangeFault, ExchangeRequest, HealthFact, HealthState, InstanceState, LifeEvent, Probe, ServiceDefinition,
};
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use regex::bytes::Regex;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Interval between readiness checks of a starting service.
const READY_EVERY: Duration = Duration::from_millis(50);

/// Maximum bytes of a check's output that are kept.
const MAX_OUTPUT: usize = 4096;

/// Maximum length of a line that is compared with the readiness pattern, bytes.
const MAX_LINE: usize = 64 * 1024;

/// The checks of a service, and when they are due.
pub(super) struct Prober {
    ready: Option<Probe>,
    ready_line: Option<Regex>,
    /// The output since the last line break, for the readiness pattern.
    partial: Vec<u8>,
    health: Option<Probe>,
    every: Duration,
    timeout: Duration,
    incarnation: u64,
    next_at: Instant,
    /// When the current check started; `None` without one.
    asked_at: Option<Instant>,
    /// The number of the last check in the message queue; these numbers count down from 0.
    last_id: i64,
}

impl Prober {
    pub(super) fn new(definition: &ServiceDefinition) -> Prober {
        let ready = definition.ready.as_ref().map(|ready| ready.probe.clone());
        let ready_line = match &ready {
            // An invalid regular expression is refused when the definition is read.
            Some(Probe::Line(pattern)) => Regex::new(pattern).ok(),
            _ => None,
        };
        Prober {
            ready: ready.filter(|probe| !matches!(probe, Probe::Line(_))),
            ready_line,
            partial: Vec::new(),
            health: definition.health.probe.clone(),
            every: Duration::from_millis(definition.health.every_ms.max(1)),
            timeout: Duration::from_millis(definition.health.timeout_ms.max(1)),
            incarnation: 0,
            next_at: Instant::now(),
            asked_at: None,
            last_id: 0,
        }
    }

    /// Resets the checks for a new process.
    pub(super) fn begin(&mut self, incarnation: u64) {
        self.incarnation = incarnation;
        self.next_at = Instant::now();
        self.asked_at = None;
        self.partial.clear();
    }

    /// The check for this state.
    fn question(&self, state: InstanceState) -> Option<&Probe> {
        match state {
            InstanceState::Starting => self.ready.as_ref(),
            InstanceState::Running | InstanceState::Unhealthy => self.health.as_ref(),
            _ => None,
        }
    }

    /// When the next check is due; `None` while a check runs, or when there is no check.
    pub(super) fn due_at(&self, state: InstanceState) -> Option<Instant> {
        self.question(state).filter(|_| self.asked_at.is_none()).map(|_| self.next_at)
    }

    /// Whether the output contains the line that says that the service is ready.
    pub(super) fn line_says_ready(&mut self, bytes: &[u8]) -> bool {
        let Some(pattern) = &self.ready_line else { return false };
        let mut found = false;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = MAX_LINE.saturating_sub(self.partial.len());
            self.partial.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                found |= pattern.is_match(self.partial.trim_ascii_end());
                self.partial.clear();
            }
        }
        found
    }
}

impl Keeper {
    /// When the next check is due. There is no check before the service listens on its own ports, because another
    /// process could answer.
    pub(super) fn probe_due_at(&self) -> Option<Instant> {
        self.prober.due_at(self.row.instance.life.state).filter(|_| !self.bind_progress.is_pending())
    }

    /// Starts the check that is due.
    pub(super) fn probe_when_due(&mut self) -> Result<(), EngineError> {
        let state = self.row.instance.life.state;
        if self.probe_due_at().is_none_or(|at| at > Instant::now()) || self.process.is_none() {
            return Ok(());
        }
        let Some(probe) = self.prober.question(state).cloned() else { return Ok(()) };
        self.prober.asked_at = Some(Instant::now());
        match probe {
            Probe::Ping => self.ask_line("ping"),
            Probe::Status => self.ask_line("status"),
            Probe::Http { port, path, status } => {
                self.ask_port(&port, move |address, timeout| http_get(address, &path, status, timeout))
            }
            Probe::Tcp { port } => {
                let Some(endpoint) = self.ports.endpoint(&port)? else { return Ok(()) };
                self.ask_port(&port, move |_, timeout| endpoint.check_accepts(timeout).map(|()| String::new()))
            }
            Probe::Version | Probe::Exec(_) => self.ask_command(&probe),
            Probe::Line(_) => Ok(()),
        }
    }

    fn ask_line(&mut self, kind: &str) -> Result<(), EngineError> {
        self.prober.last_id -= 1;
        let until = self.steady_ms().saturating_add(i64::try_from(self.prober.timeout.as_millis()).unwrap_or(i64::MAX));
        let line = format!("{{\"type\":\"{kind}\"}}\n");
        let request = ExchangeRequest { id: self.prober.last_id, line, until_ms: until, is_probe: true };
        let orders = self.exchange_queue.say(request);
        self.carry_out(orders)
    }

    /// Handles the answer to a check in the message queue.
    pub(super) fn probe_answered(&mut self, answer: Result<String, ExchangeFault>) {
        let well = answer.is_ok();
        let output = match answer {
            Ok(text) => text,
            Err(ExchangeFault::Busy) => {
                // The service is working on a message, whose result says more than a check.
                self.prober.asked_at = None;
                self.prober.next_at = Instant::now() + self.prober.every;
                return;
            }
            Err(fault) => fault.to_string(),
        };
        let took_ms = self.prober.asked_at.map_or(0, |at| at.elapsed().as_millis() as u64);
        let says_error = well && reports_error(&output);
        let event =
            KeeperEvent::Checked { incarnation: self.prober.incarnation, well: well && !says_error, output, took_ms };
        // There is at most one check at a time: there is room, or the next round checks again.
        if self.sender.try_send(event).is_err() {
            self.prober.asked_at = None;
        }
    }

    fn ask_port(
        &mut self,
        port: &str,
        ask: impl FnOnce(SocketAddr, Duration) -> Result<String, String> + Send + 'static,
    ) -> Result<(), EngineError> {
        let found = self.row.instance.ports.iter().find(|found| found.name == port).map(|found| found.port);
        let Some(number) = found else { return Ok(()) };
        let (events, incarnation, timeout) = (self.sender.clone(), self.prober.incarnation, self.prober.timeout);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
        let asked = std::thread::Builder::new().name("probe".to_owned()).spawn(move || {
            let began = Instant::now();
            let answer = ask(address, timeout);
            let (well, output) = (answer.is_ok(), answer.unwrap_or_else(|error| error));
            let took_ms = began.elapsed().as_millis() as u64;
            drop(events.send(KeeperEvent::Checked { incarnation, well, output, took_ms }));
        });
        asked.map(drop).map_err(EngineError::internal)
    }

    /// Starts a check command of the definition in a sandbox like that of the service.
    fn ask_command(&mut self, probe: &Probe) -> Result<(), EngineError> {
        let words = match probe {
            Probe::Exec(words) => Some(words.clone()),
            _ => None,
        };
        let (events, incarnation, timeout) = (self.sender.clone(), self.prober.incarnation, self.prober.timeout);
        let (engine, detail, caller) = (self.engine.clone(), self.detail.clone(), self.caller.clone());
        let asked = std::thread::Builder::new().name("probe".to_owned()).spawn(move || {
            let began = Instant::now();
            let answer = engine.runs().try_command(&detail, &caller, words.as_deref(), timeout);
            let (well, output) = answer.unwrap_or_else(|error| (false, error.message));
            let took_ms = began.elapsed().as_millis() as u64;
            drop(events.send(KeeperEvent::Checked { incarnation, well, output, took_ms }));
        });
        asked.map(drop).map_err(EngineError::internal)
    }

    /// Applies the result of a check to the lifecycle of the instance.
    pub(super) fn checked(
        &mut self,
        incarnation: u64,
        well: bool,
        (mut output, took_ms): (String, u64),
    ) -> Result<(), EngineError> {
        if incarnation != self.prober.incarnation {
            return Ok(());
        }
        self.prober.asked_at = None;
        let starts = self.row.instance.life.state == InstanceState::Starting;
        self.prober.next_at = Instant::now() + if starts && !well { READY_EVERY } else { self.prober.every };
        if starts {
            return if well { self.advance(&[LifeEvent::Ready(incarnation)]) } else { Ok(()) };
        }
        let mut end = MAX_OUTPUT.min(output.len());
        while !output.is_char_boundary(end) {
            end -= 1;
        }
        output.truncate(end);
        let state = if well { HealthState::Good } else { HealthState::Bad };
        let event =
            if well { LifeEvent::Healthy(incarnation) } else { LifeEvent::Sick(incarnation, first_line(&output)) };
        let fact = HealthFact { state, at: Some(now()), took_ms, output };
        // An unchanged result is not written, so that 200 healthy services cause no writes.
        let before = &self.row.instance.health;
        if well
            && before.state == fact.state
            && before.output == fact.output
            && self.row.instance.life.failed_checks == 0
        {
            return Ok(());
        }
        self.advance_with(&[event], |instance| instance.health = fact)
    }
}

fn first_line(output: &str) -> String {
    let line = output.lines().find(|line| !line.trim().is_empty()).unwrap_or("no answer");
    format!("health check: {line}")
}

/// Whether the answer to a status check reports an error.
fn reports_error(answer: &str) -> bool {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(answer) else { return false };
    let is_set = |key: &str| fields.get(key).is_some_and(|value| !value.is_null() && *value != false);
    is_set("error") || fields.get("ok") == Some(&serde_json::Value::Bool(false))
}

/// Sends one GET request with HTTP/1.1; returns the beginning of the body.
fn http_get(address: SocketAddr, path: &str, wanted: u16, timeout: Duration) -> Result<String, String> {
    let fault = |error: std::io::Error| error.to_string();
    let until = Instant::now() + timeout;
    let mut stream = TcpStream::connect_timeout(&address, timeout).map_err(fault)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAccept: */*\r\n\r\n");
    stream.set_write_timeout(Some(timeout)).map_err(fault)?;
    stream.write_all(request.as_bytes()).map_err(fault)?;
    let mut bytes = Vec::new();
    let mut piece = [0; 1024];
    while bytes.len() < MAX_OUTPUT {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("no answer in time".to_owned());
        }
        stream.set_read_timeout(Some(left)).map_err(fault)?;
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(got) => bytes.extend_from_slice(&piece[..got]),
            // Interrupted by a signal, for example of a child process that ended.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                return Err("no answer in time".to_owned());
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = head_end.map_or((&bytes[..], &[][..]), |end| (&bytes[..end], &bytes[end + 4..]));
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let is_chunked = head.lines().any(|line| line.starts_with("transfer-encoding:") && line.ends_with("chunked"));
    let body = if is_chunked { unchunked(body) } else { body.to_vec() };
    let body = String::from_utf8_lossy(&body);
    let status = head.split(' ').nth(1).and_then(|word| word.split_whitespace().next()?.parse::<u16>().ok());
    match status {
        Some(status) if status == wanted => Ok(body.into_owned()),
        Some(status) => Err(format!("status {status} instead of {wanted}: {body}")),
        None => Err("the answer is not HTTP".to_owned()),
    }
}

/// Decodes a chunked body as far as it was received.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let line = String::from_utf8_lossy(&rest[..end]);
        let digits = line.split(';').next().unwrap_or_default().trim();
        let Ok(size @ 1..) = usize::from_str_radix(digits, 16) else { break };
        rest = &rest[end + 2..];
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        rest = rest.get(size.saturating_add(2)..).unwrap_or_default();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn served(answer: &'static str, pause: bool) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer.as_bytes());
            if pause {
                // Waits until the other end gives up.
                let _ = stream.read(&mut [0; 1]);
            }
        });
        address
    }

    #[test]
    fn a_get_request_reads_status_and_body_and_gives_up_in_time() {
        let get = |answer, pause| http_get(served(answer, pause), "/health", 200, Duration::from_millis(300));
        assert_eq!(get("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false), Ok("ok".to_owned()));
        assert_eq!(get("HTTP/1.1 503 Busy\r\n\r\nno", false), Err("status 503 instead of 200: no".to_owned()));
        assert_eq!(get("hello", false), Err("the answer is not HTTP".to_owned()));
        let chunked = "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n4;x=1\r\n, no\r\n0\r\n\r\n";
        assert_eq!(get(chunked, false), Err("status 500 instead of 200: ok, no".to_owned()));
        assert_eq!(unchunked(b"ffffffffffffffff\r\nab"), b"ab");
        assert_eq!(unchunked(b"5\r\nab"), b"ab");
        assert_eq!(unchunked(b"no chunk"), b"");
        assert_eq!(get("HTTP/1.1 200 OK\r\n", true), Err("no answer in time".to_owned()));
    }

    #[test]
    fn a_status_may_report_an_error() {
        for (answer, is_error) in [
            ("{\"status\": \"fine\"}", false),
            ("{\"error\": null}", false),
            ("{\"error\": \"disk full\"}", true),
            ("{\"ok\": false}", true),
            ("fine", false),
        ] {
            assert_eq!(reports_error(answer), is_error, "{answer}");
        }
    }
}
