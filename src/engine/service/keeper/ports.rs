//! The ports of an instance. The keeper binds them and keeps them over restarts. No other process or workspace can take
//! a bound port.

use super::endpoint::Endpoint;
use crate::domain::service::{Instance, InstancePort, PortMode, PortNumber, PortPass, PortRule, ServiceDefinition};
use crate::domain::{Digest, SafeText, ToolName};
use crate::engine::Engine;
use crate::engine::error::{EngineError, ErrorCode};
use crate::runner::{self, NamespaceConnector, PortSocket, Relay};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

/// Maximum number of holders of ports that a message names.
const NAMED_HOLDERS: usize = 5;

/// The ports of an instance, by name.
#[derive(Debug, Default)]
pub(super) struct Ports {
    open: BTreeMap<String, OpenPort>,
    /// Sockets of the previous keeper that are not used yet, by port number.
    handed: HandedSockets,
    /// Passes connections on to the service; `None` before the first relayed port.
    relay: Option<Arc<Relay>>,
    /// Connects into the network namespace of the running process; `None` while none runs, or when no port is relayed.
    connector: Arc<Mutex<Option<NamespaceConnector>>>,
}

type HandedSockets = BTreeMap<u16, TcpListener>;

#[derive(Debug)]
struct OpenPort {
    /// The socket that listens outside the sandbox; `None` for a port that the service binds itself.
    listener: Option<TcpListener>,
    port: InstancePort,
    /// The port number at which the service listens in its own network.
    inside: u16,
    /// Inodes of sockets of other processes at the same port number that did not prevent binding 127.0.0.1. Only for a
    /// port that the service binds itself.
    earlier_sockets: BTreeSet<u64>,
    /// Whether the port must have this number.
    is_fixed: bool,
}

/// Which process listens on a port that the service binds itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PortOwner {
    /// No process yet.
    Nobody,
    /// The service, on these addresses.
    Service(BTreeSet<IpAddr>),
    /// A process, but the open files of the service cannot be read, so it may be another one.
    Unknown,
    /// Another process.
    Other,
}

/// A port that another process took before the service bound it.
pub(super) struct LostPort {
    pub(super) name: String,
    pub(super) number: u16,
    pub(super) is_fixed: bool,
    /// Id of a process that holds it; `None` when the files of that process cannot be read.
    pub(super) holder: Option<i32>,
}

impl PortOwner {
    /// A note for the user.
    pub(super) fn note(&self) -> Option<String> {
        let at = match self {
            PortOwner::Service(addresses) => addresses,
            PortOwner::Unknown => {
                return Some("a process listens on it, but cannot be confirmed to be the service".to_owned());
            }
            PortOwner::Nobody | PortOwner::Other => return None,
        };
        let beyond: Vec<String> = at.iter().filter(|ip| !ip.is_loopback()).map(IpAddr::to_string).collect();
        if !beyond.is_empty() {
            return Some(format!(
                "the service listens on {}: other machines may be able to connect",
                beyond.join(" and ")
            ));
        }
        let is_there = at.contains(&IpAddr::from(Ipv4Addr::LOCALHOST));
        let all: Vec<String> = at.iter().map(IpAddr::to_string).collect();
        (!is_there).then(|| format!("the service listens on {}, not on 127.0.0.1", all.join(" and ")))
    }
}

impl Ports {
    /// No open ports yet. When a port of one of these sockets is opened, the socket is used.
    pub(super) fn with_sockets(sockets: Vec<OwnedFd>) -> Ports {
        let number = |listener: &TcpListener| {
            let address = listener.local_addr().ok().filter(|address| address.ip() == Ipv4Addr::LOCALHOST);
            address.map(|address| address.port())
        };
        let listeners = sockets.into_iter().map(TcpListener::from);
        let handed = listeners.filter_map(|listener| Some((number(&listener)?, listener))).collect();
        Ports { handed, ..Ports::default() }
    }

    /// The listening sockets of this process, for the next keeper.
    ///
    /// # Errors
    /// `Internal` when this process has too many open files.
    pub(super) fn listening_sockets(&self) -> Result<Vec<OwnedFd>, EngineError> {
        let listeners = self.open.values().filter_map(|open| open.listener.as_ref());
        let copies = listeners.map(|listener| listener.try_clone().map(OwnedFd::from));
        copies.collect::<io::Result<_>>().map_err(EngineError::internal)
    }

    /// Stops accepting connections to relayed ports, and leaves them to the next keeper.
    pub(super) fn stop_accepting(&self) {
        if let Some(relay) = &self.relay {
            relay.set_connector(None);
        }
    }

    /// Binds the ports of the definition that are not bound yet. Ports that the service binds itself are bound to check
    /// that they are free, and released at the end. No port gets a number in `lost`.
    ///
    /// # Errors
    /// `Conflict` for a fixed port that is taken, or a range that is full; the message names the instances that hold
    /// the ports, if known.
    pub(super) fn open(
        &mut self,
        engine: &Engine,
        instance: &Instance,
        definition: &ServiceDefinition,
        lost: &[u16],
    ) -> Result<Vec<InstancePort>, EngineError> {
        let mut released_at_end = Vec::new();
        // The service has ended, so the ports that it bound itself are free again.
        self.open.retain(|_, open| open.listener.is_some());
        for rule in &definition.ports {
            if self.open.contains_key(&rule.name) {
                continue;
            }
            let (listener, port) = bind(engine, instance, rule, (lost, &mut self.handed))?;
            let inside = match rule.port {
                PortNumber::Number(number) if rule.pass == PortPass::Relay => number,
                _ => port.port,
            };
            if rule.pass == PortPass::Relay {
                let outside = listener.try_clone().map_err(EngineError::internal)?;
                self.relay()?.serve(outside.into(), inside);
            }
            let mut open = OpenPort { listener: None, port, inside, earlier_sockets: BTreeSet::new(), is_fixed: false };
            if rule.pass == PortPass::Bind {
                let others = runner::sockets_at(open.port.port).map_err(EngineError::internal)?;
                open.earlier_sockets = others.into_iter().map(|socket| socket.inode).collect();
                open.is_fixed = mode(engine, rule) == PortMode::Fixed && rule.port != PortNumber::Auto;
                released_at_end.push(listener);
            } else {
                open.listener = Some(listener);
            }
            self.open.insert(rule.name.clone(), open);
        }
        self.handed.clear();
        let stated = definition.ports.iter().filter_map(|rule| self.open.get(&rule.name));
        Ok(stated.map(|open| open.port.clone()).collect())
    }

    fn relay(&mut self) -> Result<&Relay, EngineError> {
        if self.relay.is_none() {
            self.relay = Some(Arc::new(Relay::start().map_err(EngineError::internal)?));
        }
        self.relay.as_deref().ok_or_else(|| EngineError::internal("the relay could not be started"))
    }

    /// Numbers of the ports that the service binds itself.
    pub(super) fn bound_by_service(&self) -> Vec<u16> {
        self.service_bound().map(|open| open.port.port).collect()
    }

    fn service_bound(&self) -> impl Iterator<Item = &OpenPort> {
        self.open.values().filter(|open| open.port.pass == PortPass::Bind)
    }

    /// Which processes listen on the ports that the service binds itself. `sockets` are the inodes of the service's
    /// sockets; `None` when its open files cannot be read.
    ///
    /// # Errors
    /// When the kernel's list of sockets cannot be read.
    pub(super) fn owners(&self, sockets: Option<&BTreeSet<u64>>) -> io::Result<Vec<(InstancePort, PortOwner)>> {
        let of = |open: &OpenPort| Ok((open.port.clone(), open.owner(&runner::sockets_at(open.port.port)?, sockets)));
        self.service_bound().map(of).collect()
    }

    /// The ports that the service should bind itself and that other processes hold. `sockets` are the inodes of the
    /// service's sockets.
    ///
    /// # Errors
    /// When the kernel's list of sockets cannot be read.
    pub(super) fn lost(&self, sockets: &BTreeSet<u64>) -> io::Result<Vec<LostPort>> {
        let mut lost = Vec::new();
        for open in self.service_bound() {
            let there = runner::sockets_at(open.port.port)?;
            let other = there.iter().find(|socket| open.is_new(socket) && !sockets.contains(&socket.inode));
            lost.extend(other.map(|socket| LostPort {
                name: open.port.name.clone(),
                number: open.port.port,
                is_fixed: open.is_fixed,
                holder: runner::process_with_socket(socket.inode),
            }));
        }
        Ok(lost)
    }

    /// The sockets that the service inherits.
    ///
    /// # Errors
    /// `Internal` when the process has no room for another descriptor.
    pub(super) fn inherited(&self, opened: &[InstancePort]) -> Result<Vec<(String, OwnedFd)>, EngineError> {
        let mut passed = Vec::new();
        for port in opened.iter().filter(|port| port.pass == PortPass::ListenFds) {
            if let Some(listener) = self.open.get(&port.name).and_then(|open| open.listener.as_ref()) {
                passed.push((port.name.clone(), listener.try_clone().map_err(EngineError::internal)?.into()));
            }
        }
        Ok(passed)
    }

    /// Receives the connector of a new process; `None` when no port is relayed.
    pub(super) fn connector_sink(&self) -> Option<Box<dyn FnOnce(NamespaceConnector) + Send>> {
        let (relay, kept) = (self.relay.clone()?, self.connector.clone());
        Some(Box::new(move |connector| {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(connector.clone());
            relay.set_connector(Some(connector));
        }))
    }

    /// Forgets the connector of a process that has ended: connections wait for the next process.
    pub(super) fn clear_connector(&self) {
        if let Some(relay) = &self.relay {
            relay.set_connector(None);
        }
        *self.connector.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Where the service accepts the connections of a port; `None` when it has no such port.
    ///
    /// # Errors
    /// `Internal` when this process has too many open files.
    pub(super) fn endpoint(&self, name: &str) -> Result<Option<Endpoint>, EngineError> {
        let Some(open) = self.open.get(name) else { return Ok(None) };
        Ok(Some(match (open.port.pass, &open.listener) {
            (PortPass::Relay, _) => match &*self.connector.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(connector) => Endpoint::Namespace(connector.clone(), open.inside),
                None => Endpoint::Ended,
            },
            (PortPass::ListenFds, Some(listener)) => {
                Endpoint::Inherited(listener.try_clone().map_err(EngineError::internal)?)
            }
            (PortPass::ListenFds | PortPass::Bind, _) => Endpoint::Host(open.port.port),
        }))
    }

    /// The variables that tell a service its ports, as it sees them: `PORT` for the first one, `PORT_NAME` for each.
    pub(super) fn variables(&self, opened: &[InstancePort]) -> Vec<(String, String)> {
        let number = |port: &InstancePort| self.open.get(&port.name).map_or(port.port, |open| open.inside).to_string();
        let named = opened.iter().map(|port| (format!("PORT_{}", variable(&port.name)), number(port)));
        let first = opened.first().map(|port| ("PORT".to_owned(), number(port)));
        first.into_iter().chain(named).collect()
    }
}

impl OpenPort {
    /// Whether this socket was opened after the keeper released the port.
    fn is_new(&self, socket: &PortSocket) -> bool {
        !self.earlier_sockets.contains(&socket.inode)
    }

    fn owner(&self, there: &[PortSocket], sockets: Option<&BTreeSet<u64>>) -> PortOwner {
        let listening: Vec<&PortSocket> = there.iter().filter(|socket| socket.listens && self.is_new(socket)).collect();
        if listening.is_empty() {
            return PortOwner::Nobody;
        }
        let Some(sockets) = sockets else { return PortOwner::Unknown };
        // If another process listens at the same port, the kernel may give it the connections.
        if listening.iter().all(|socket| sockets.contains(&socket.inode)) {
            PortOwner::Service(listening.iter().map(|socket| socket.address).collect())
        } else {
            PortOwner::Other
        }
    }
}

/// The name of a port as part of a variable name.
fn variable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

fn mode(engine: &Engine, rule: &PortRule) -> PortMode {
    rule.mode.unwrap_or(engine.settings().services.port_mode)
}

fn bind(
    engine: &Engine,
    instance: &Instance,
    rule: &PortRule,
    (lost, handed): (&[u16], &mut HandedSockets),
) -> Result<(TcpListener, InstancePort), EngineError> {
    let mode = mode(engine, rule);
    let stated = match rule.port {
        PortNumber::Number(number) => Some(number),
        PortNumber::Auto => None,
    };
    let before = instance.ports.iter().find(|port| port.name == rule.name).map(|port| port.port);
    let made = |port: u16, note: Option<String>| InstancePort { name: rule.name.clone(), port, pass: rule.pass, note };
    if mode == PortMode::Fixed
        && let Some(number) = stated
    {
        return match listen(number, handed) {
            Ok(listener) => Ok((listener, made(number, None))),
            Err(error) => Err(taken(engine, &rule.name, number, &error)?),
        };
    }
    let wanted = match mode {
        PortMode::Dynamic => before,
        PortMode::Fixed | PortMode::Hybrid => stated.or(before),
    };
    if let Some(number) = wanted.filter(|number| !lost.contains(number))
        && let Ok(listener) = listen(number, handed)
    {
        return Ok((listener, made(number, None)));
    }
    let (listener, number) = any(engine, instance, &rule.name, lost)?;
    let note = stated.filter(|_| mode == PortMode::Hybrid).map(|stated| format!("{stated} is taken"));
    Ok((listener, made(number, note)))
}

/// Any free port of the range. The search starts at a number that depends on workspace and instance, so that two
/// workspaces rarely try the same port.
fn any(engine: &Engine, instance: &Instance, name: &str, lost: &[u16]) -> Result<(TcpListener, u16), EngineError> {
    let range = &engine.settings().services.port_range;
    let seed = format!("{} {} {} {name}", engine.state_dir().display(), instance.stack, instance.name);
    let digest = Digest::of_bytes(seed.as_bytes());
    let start = digest.0.iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    let width = u32::from(range.end() - range.start()) + 1;
    let numbers = (0..width).filter_map(|step| {
        let offset = (u64::from(start) + u64::from(step)) % u64::from(width);
        u16::try_from(u64::from(*range.start()) + offset).ok()
    });
    for number in numbers.filter(|number| !lost.contains(number)) {
        if let Ok(listener) = listen(number, &mut HandedSockets::new()) {
            return Ok((listener, number));
        }
    }
    let mut held: Vec<String> =
        holders(engine, range)?.iter().map(|(name, port)| format!("{name} has {port}")).collect();
    let more = held.len().saturating_sub(NAMED_HOLDERS);
    held.truncate(NAMED_HOLDERS);
    let who = match (held.is_empty(), more) {
        (true, _) => "by programs outside of this workspace".to_owned(),
        (false, 0) => held.join(", "),
        (false, more) => format!("{} and {more} more", held.join(", ")),
    };
    let (first, last) = (range.start(), range.end());
    let message = format!(
        "every port from {first} to {last} is taken: {who}; terminate instances, or set services.port_range in toolsmith.toml"
    );
    Err(EngineError::new(ErrorCode::Conflict, message, ""))
}

fn listen(number: u16, handed: &mut HandedSockets) -> io::Result<TcpListener> {
    match handed.remove(&number) {
        Some(listener) => Ok(listener),
        None => TcpListener::bind((Ipv4Addr::LOCALHOST, number)),
    }
}

fn taken(engine: &Engine, name: &str, number: u16, error: &io::Error) -> Result<EngineError, EngineError> {
    let advice = "end it, set another port, or set mode = \"hybrid\"";
    let message = if error.kind() == io::ErrorKind::AddrInUse {
        let holder = match holders(engine, &(number..=number))?.first() {
            Some((instance, _)) => format!("the instance {instance}"),
            None => process_at(number).unwrap_or_else(|| "another process".to_owned()),
        };
        format!("{holder} has port {number} ({name}); {advice}")
    } else {
        format!("port {number} ({name}) cannot be opened: {error}; set another port, or set mode = \"hybrid\"")
    };
    Ok(EngineError::new(ErrorCode::Conflict, message, ""))
}

/// The process that listens on a port, as text for a message; `None` when its open files cannot be read.
fn process_at(number: u16) -> Option<String> {
    let sockets = runner::sockets_at(number).ok()?;
    let pid = sockets.iter().find_map(|socket| runner::process_with_socket(socket.inode))?;
    Some(process_words(pid))
}

/// A process as text for a message: its id, and its name if readable.
pub(super) fn process_words(pid: i32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = SafeText::visible(name.trim());
    if name.is_empty() { format!("process {pid}") } else { format!("process {pid} ({name})") }
}

/// The instances of this workspace with ports in a range.
fn holders(engine: &Engine, range: &RangeInclusive<u16>) -> Result<Vec<(ToolName, u16)>, EngineError> {
    let rows = engine.workspace.read(|q| Ok(q.services().all_instances()?))?;
    let running = rows.iter().filter(|row| row.instance.life.state.needs_keeper());
    let held = running.flat_map(|row| row.instance.ports.iter().map(|port| (row.instance.name.clone(), port.port)));
    Ok(held.filter(|(_, port)| range.contains(port)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(earlier_sockets: &[u64]) -> OpenPort {
        let port = InstancePort { name: "http".to_owned(), port: 50_001, pass: PortPass::Bind, note: None };
        let earlier_sockets = earlier_sockets.iter().copied().collect();
        OpenPort { listener: None, port, inside: 50_001, earlier_sockets, is_fixed: false }
    }

    fn socket(address: &str, listens: bool, inode: u64) -> PortSocket {
        PortSocket { address: address.parse().unwrap(), listens, inode }
    }

    #[test]
    fn a_port_belongs_to_the_service_only_when_no_other_process_listens_there() {
        let own = BTreeSet::from([2]);
        let local = |inode| socket("127.0.0.1", true, inode);
        let at = |address: &str| PortOwner::Service(BTreeSet::from([address.parse().unwrap()]));
        for (there, expected) in [
            (vec![], PortOwner::Nobody),
            (vec![socket("::", true, 1)], PortOwner::Nobody),
            (vec![socket("127.0.0.1", false, 3)], PortOwner::Nobody),
            (vec![local(2)], at("127.0.0.1")),
            (vec![socket("::", true, 1), socket("0.0.0.0", true, 2)], at("0.0.0.0")),
            (vec![local(3)], PortOwner::Other),
            (vec![local(2), socket("0.0.0.0", true, 3)], PortOwner::Other),
        ] {
            assert_eq!(open(&[1]).owner(&there, Some(&own)), expected, "{there:?}");
        }
        // Without access to the open files of the service, no other process is blamed.
        assert_eq!(open(&[1]).owner(&[local(3)], None), PortOwner::Unknown);
        assert_eq!(open(&[1]).owner(&[socket("::", true, 1)], None), PortOwner::Nobody);
    }

    #[test]
    fn a_note_names_the_addresses_besides_127_0_0_1_that_the_service_listens_on() {
        let note = |addresses: &[&str]| {
            PortOwner::Service(addresses.iter().map(|address| address.parse().unwrap()).collect()).note()
        };
        assert_eq!(note(&["127.0.0.1"]), None);
        assert_eq!(note(&["127.0.0.1", "::1"]), None);
        assert_eq!(
            note(&["0.0.0.0", "::"]).unwrap(),
            "the service listens on 0.0.0.0 and ::: other machines may be able to connect"
        );
        assert_eq!(note(&["::1"]).unwrap(), "the service listens on ::1, not on 127.0.0.1");
        assert!(PortOwner::Unknown.note().unwrap().contains("cannot be confirmed"));
        assert_eq!(PortOwner::Nobody.note(), None);
    }
}
