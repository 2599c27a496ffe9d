//! The additional parts of a start of a service.

use crate::domain::RunEnd;
use crate::runner::{Frame, NamespaceConnector, Report, ServiceTerms, Spec};
use std::os::fd::OwnedFd;

/// The lease of a service's run, ten years in milliseconds: it is never renewed, because only the life of its keeper
/// matters.
pub(super) const SERVICE_LEASE_MS: i64 = 10 * 365 * 86_400_000;

/// What the keeper of a service receives about its run, on the run's own thread.
pub(in crate::engine) struct ServiceHooks {
    /// The tool starts, behind sandbox layers that were verified.
    pub begins: Box<dyn FnOnce() + Send>,
    /// A piece of output that is kept.
    pub output: Box<dyn FnMut(&Frame) + Send>,
    /// The run is over, and its end is recorded.
    pub ends: Box<dyn FnOnce(&Report) + Send>,
}

/// The additional parts of a start of a service.
pub(in crate::engine) struct ServiceStart {
    /// Its input, stop and log rules.
    pub terms: ServiceTerms,
    /// Variables with its ports.
    pub env: Vec<(String, String)>,
    /// Listening sockets that it inherits, by name.
    pub listeners: Vec<(String, OwnedFd)>,
    /// Ports of this machine that it binds itself.
    pub bound_ports: Vec<u16>,
    /// Receives the connector into its network namespace; `None` when no port is relayed.
    pub connector_sink: Option<Box<dyn FnOnce(NamespaceConnector) + Send>>,
    /// Receives its events.
    pub hooks: ServiceHooks,
}

impl ServiceStart {
    /// Turns a run into the service; returns the hooks.
    pub(super) fn adapt(self, spec: Spec) -> Result<(Spec, ServiceHooks), RunEnd> {
        let spec = spec.as_service(self.terms).with_listeners(self.listeners)?.with_bound_ports(&self.bound_ports)?;
        let Some(take) = self.connector_sink else { return Ok((spec, self.hooks)) };
        let (spec, connector) = spec.with_connector()?;
        take(connector);
        let is_port = |name: &str| name == "PORT" || name.starts_with("PORT_");
        let numbers = self.env.iter().filter(|(name, _)| is_port(name));
        let ports: Vec<u16> = numbers.filter_map(|(_, number)| number.parse().ok()).collect();
        Ok((spec.listening_on(&ports), self.hooks))
    }
}
