//! A short description of a definition for readers.

use super::{
    Adapter, HealthCheck, PortMode, PortNumber, PortRule, Probe, RestartRule, ServiceDefinition, StartCondition,
};
use crate::domain::quantity::{size, span};

impl ServiceDefinition {
    /// The description as names with values; unset and default values are left out.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let usual = ServiceDefinition::default();
        let mut facts = vec![("adapter", self.adapter_words())];
        facts.extend(self.ports.iter().map(|port| ("port", port.words())));
        let ready = match &self.ready {
            Some(check) => format!("{}, within {}", check.probe.words(), span(check.within_ms)),
            None => "as soon as it is started".to_owned(),
        };
        facts.push(("ready", ready));
        facts.push(("health", self.health.words()));
        let restart = match self.restart {
            RestartRule::Never => self.restart.to_string(),
            rule => format!(
                "{rule}, at most {} in 10 minutes, after {} to {}",
                self.most_restarts,
                span(self.backoff.first_ms),
                span(self.backoff.most_ms)
            ),
        };
        facts.push(("restart", restart));
        if !self.after.is_empty() {
            let word = |(name, condition): (&_, &StartCondition)| format!("{name} ({condition})");
            facts.push(("after", self.after.iter().map(word).collect::<Vec<_>>().join(", ")));
        }
        facts.push(("instances", format!("at most {}", self.instances)));
        if self.stop != usual.stop {
            facts.push(("stop", format!("SIG{}, killed after {}", self.stop.signal, span(self.stop.within_ms))));
        }
        if self.log != usual.log {
            facts.push((
                "log",
                format!("{} a file, {} kept beside the newest", size(self.log.most_bytes), self.log.keep),
            ));
        }
        facts
    }

    fn adapter_words(&self) -> String {
        match (&self.adapter, &self.profile) {
            (Adapter::External, _) => self.translator.join(" "),
            (adapter, Some(profile)) => format!("{adapter} (base type {profile})"),
            (adapter, None) => adapter.to_string(),
        }
    }
}

impl PortRule {
    /// `http: auto, relay`.
    pub fn words(&self) -> String {
        let number = match self.port {
            PortNumber::Auto => "auto".to_owned(),
            PortNumber::Number(number) => number.to_string(),
        };
        let mode = self.mode.map(|mode: PortMode| format!(", {mode}")).unwrap_or_default();
        format!("{}: {number}{mode}, {}", self.name, self.pass)
    }
}

impl Probe {
    /// The probe: `ping`, `GET /health on http, status 200`.
    pub fn words(&self) -> String {
        match self {
            Probe::Ping => "ping".to_owned(),
            Probe::Status => "status".to_owned(),
            Probe::Version => "version".to_owned(),
            Probe::Http { port, path, status } => format!("GET {path} on {port}, status {status}"),
            Probe::Tcp { port } => format!("connection to {port}"),
            Probe::Exec(words) => format!("exec {}", words.join(" ")),
            Probe::Line(pattern) => format!("a line of output matches {pattern}"),
        }
    }
}

impl HealthCheck {
    /// The probe and its interval, or that there is none.
    pub fn words(&self) -> String {
        match &self.probe {
            None => "not checked".to_owned(),
            Some(probe) => format!(
                "{}, every {}, timeout {}, unhealthy after {} failures",
                probe.words(),
                span(self.every_ms),
                span(self.timeout_ms),
                self.failures
            ),
        }
    }
}
