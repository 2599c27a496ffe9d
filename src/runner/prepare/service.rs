//! Services: runs that do not end by themselves, and what they receive in addition to other runs.

use super::spec::Spec;
use crate::domain::service::{LogRule, StopSignal};
use crate::domain::{IsolationLevel, Network, RunEnd, Touch, generalise};
use crate::runner::connector::NamespaceConnector;
use crate::runner::sandbox::{self, ProcessLimits};
use rustix::net::{AddressFamily, SocketType};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// The most listening sockets that a run may inherit.
const MOST_LISTENERS: usize = 16;

/// The error for a service with both kinds of ports.
const MIXED: &str = "a service cannot have relayed ports beside inherited ones: use pass = \"relay\" or \"listen-fds\" for all its ports";

/// How a service is run.
#[derive(Debug)]
pub struct ServiceTerms {
    /// Its standard input, such as the reading end of a pipe; `None` for nothing to read. The run closes its copy once
    /// the tool has it, so that writing to the other end fails when no process in the run reads any more.
    pub stdin: Option<OwnedFd>,
    /// The first signal that [`crate::runner::Running::cancel`] sends to the process group of the tool.
    pub stop: StopSignal,
    /// The time for the tool to clean up after that signal; then everything is killed.
    pub grace: Duration,
    /// How much of its output is kept: bytes for each file, and files in addition to the newest. A file has at least
    /// 128 KiB, and there are at most 100 older ones.
    pub log: LogRule,
}

impl Spec {
    /// Lets the tool inherit listening sockets of this machine as its descriptors 3, 4, …, as described in
    /// sd_listen_fds(3): with `LISTEN_FDS`, `LISTEN_FDNAMES` (the names joined by colons) and `LISTEN_PID`. It may
    /// accept connections there without any network permission, but cannot connect. The sockets become blocking; other
    /// holders of a copy must not accept from it meanwhile.
    ///
    /// Removes the permission `loopback` from the run: in its own network, it could use a socket of this machine to
    /// connect. The record says so.
    ///
    /// # Errors
    /// [`RunEnd::Refused`] if there are more than 16, a name is empty, has more than 255 characters, a colon or a
    /// control character, or a socket is not a listening TCP socket.
    pub fn with_listeners(mut self, listeners: Vec<(String, OwnedFd)>) -> Result<Spec, RunEnd> {
        let refused = |message: String| RunEnd::Refused { message };
        if self.plan.connector.is_some() && !listeners.is_empty() {
            return Err(refused(MIXED.to_owned()));
        }
        if listeners.len() > MOST_LISTENERS {
            return Err(refused(format!("a service can inherit at most {MOST_LISTENERS} listening sockets")));
        }
        for (name, socket) in &listeners {
            if name.is_empty() || name.len() > 255 || name.contains(|sign: char| sign == ':' || sign.is_control()) {
                return Err(refused(format!(
                    "the port name {name:?} cannot be passed on: use 1 to 255 characters without colons"
                )));
            }
            let listens = listens(socket).map_err(|error| refused(format!("the socket of port {name}: {error}")))?;
            if !listens {
                return Err(refused(format!("the socket of port {name} is not a TCP socket that listens")));
            }
            let blocking = rustix::io::ioctl_fionbio(socket, false);
            blocking.map_err(|error| refused(format!("the socket of port {name}: {error}")))?;
        }
        if !listeners.is_empty() && self.plan.network == Network::Loopback {
            self.set_network(Network::None);
            let gap = "network: loopback is not available to a service that inherits listening sockets";
            self.terms.isolation.missing.push(gap.to_owned());
        }
        self.plan.walls.inherited = listeners.len() as u16;
        (self.plan.listeners, self.handed.listeners) = listeners.into_iter().unzip();
        Ok(self)
    }

    /// Gives the run a connector: connections from outside to ports on which the tool listens on 127.0.0.1 in its own
    /// network. The run then has its own network even without the permission `loopback`. Nothing starts below the level
    /// `isolated`.
    ///
    /// # Errors
    /// [`RunEnd::Uncontained`] if the run has no separate network on this machine, [`RunEnd::Refused`] if it has the
    /// whole network, if it inherits listening sockets, or if the kernel cannot tell networks apart.
    pub fn with_connector(mut self) -> Result<(Spec, NamespaceConnector), RunEnd> {
        let refused = |message: String| RunEnd::Refused { message };
        if self.plan.level != IsolationLevel::Isolated {
            let message = format!(
                "a relayed port needs the isolation level isolated, but this run would be {}: use pass = \"listen-fds\" for its ports, or install bubblewrap",
                self.plan.level
            );
            return Err(RunEnd::Uncontained { message });
        }
        if self.plan.network == Network::Full {
            let message = "it has the whole network, so there is nothing to relay: use pass = \"bind\" or \"listen-fds\" for its ports";
            return Err(refused(message.to_owned()));
        }
        if self.plan.walls.inherited > 0 {
            return Err(refused(MIXED.to_owned()));
        }
        let failed = |error: io::Error| refused(format!("its ports cannot be relayed: {error}"));
        let (connector, theirs) = NamespaceConnector::pair().map_err(failed)?;
        let own =
            rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).map_err(|error| failed(error.into()))?;
        self.plan.connector = Some(sandbox::network_mark(&own).map_err(failed)?);
        self.handed.connector = Some(theirs);
        self.plan.least = IsolationLevel::Isolated;
        self.set_network(Network::Loopback);
        Ok((self, connector))
    }

    /// Declares the ports on which the tool listens in its own network, so that listening there is not new information.
    #[must_use]
    pub fn listening_on(mut self, ports: &[u16]) -> Spec {
        for port in ports {
            let own = ["127.0.0.1", "0.0.0.0", "[::1]", "[::]"].map(|host| format!("{host}:{port}"));
            let touches = own.map(|address| (Touch::Listen, generalise(Touch::Listen, &address)));
            self.plan.policy.baseline.extend(touches);
        }
        self
    }

    /// Declares the ports of this machine that the tool itself binds.
    ///
    /// # Errors
    /// [`RunEnd::Refused`] if it is not in the network of this machine: no client could reach it there.
    pub fn with_bound_ports(self, ports: &[u16]) -> Result<Spec, RunEnd> {
        if ports.is_empty() || self.plan.network == Network::Full {
            return Ok(self);
        }
        let network = self.plan.network;
        let message = format!(
            "a port with pass = \"bind\" needs network = [\"full\"] in [permissions] of an approved tool, but this run has network {network}: use pass = \"relay\" or \"listen-fds\", or approve it with this permission"
        );
        Err(RunEnd::Refused { message })
    }

    fn set_network(&mut self, network: Network) {
        self.plan.network = network;
        self.plan.walls.network = network;
        self.plan.policy.network = network;
    }

    /// Turns the run into a service: no time limit, no limit of processor time, output in a ring of files instead of an
    /// end at a limit. Memory, processes and disk stay limited as declared, and so does each process by the kernel.
    /// Only the exit code says whether it succeeded; its output is not examined.
    #[must_use]
    pub fn as_service(mut self, terms: ServiceTerms) -> Spec {
        let ServiceTerms { stdin, stop, grace, log } = terms;
        self.terms.limits = self.terms.limits.endless();
        self.plan.limits = self.terms.limits;
        self.plan.walls.limits.cpu_seconds = self.terms.limits.cpu_seconds;
        self.plan.walls.limits.files = ProcessLimits::service_files();
        self.plan.stop = stop;
        self.plan.is_service = true;
        self.terms.rule = self.terms.rule.by_exit_code();
        self.stdin = None;
        self.handed.stdin = stdin;
        self.terms.grace = grace;
        self.terms.log = Some(log);
        self
    }
}

/// Whether a socket is a listening TCP socket.
fn listens(socket: &OwnedFd) -> rustix::io::Result<bool> {
    let family = rustix::net::sockopt::socket_domain(socket)?;
    let is_internet = family == AddressFamily::INET || family == AddressFamily::INET6;
    let is_stream = rustix::net::sockopt::socket_type(socket)? == SocketType::STREAM;
    Ok(is_internet && is_stream && rustix::net::sockopt::socket_acceptconn(socket)?)
}
