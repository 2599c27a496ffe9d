//! The ports of an instance. The keeper binds them and keeps them over restarts: binding is what makes a port its own, so
//! no other process, and no other workspace, can take it in between.

use super::reaching::Entry;
use crate::domain::Digest;
use crate::domain::service::{Instance, InstancePort, PortMode, PortNumber, PortPass, PortRule, ServiceDefinition};
use crate::engine::Engine;
use crate::engine::error::{EngineError, ErrorCode};
use crate::runner::{self, Door, PortSocket, Relay};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

/// Holders of ports that a message names.
const NAMED_HOLDERS: usize = 5;

/// The ports of an instance, by name.
#[derive(Debug, Default)]
pub(super) struct Ports {
    open: BTreeMap<String, OpenPort>,
    /// Passes connections on to the service; there is none before the first relayed port.
    relay: Option<Arc<Relay>>,
    /// Leads into the network of the process that runs; `None` while none does, or when no port is relayed.
    door: Arc<Mutex<Option<Door>>>,
}

#[derive(Debug)]
struct OpenPort {
    /// The socket that listens outside of the sandbox; `None` for a port that the service opens itself.
    listener: Option<TcpListener>,
    port: InstancePort,
    /// The number at which the service listens in its own network.
    inside: u16,
    /// Sockets at a port that the service opens itself which stood in nobody's way: those at other addresses.
    bystanders: BTreeSet<u64>,
    /// Whether it may have no other number.
    is_fixed: bool,
}

/// Whose a port is that the service opens itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Nobody's yet.
    Closed,
    /// The service's, at these addresses; none where it cannot be told whose it is.
    Open(BTreeSet<IpAddr>),
    /// Somebody else's.
    Taken,
}

/// A port that somebody else took.
pub(super) struct TakenPort {
    pub(super) name: String,
    pub(super) number: u16,
    pub(super) is_fixed: bool,
    /// A process that has it, where that can be seen.
    pub(super) holder: Option<i32>,
}

impl Found {
    /// What a human should know of it.
    pub(super) fn note(&self) -> Option<String> {
        let Found::Open(at) = self else { return None };
        if at.is_empty() {
            return Some("whether the service listens there cannot be told".to_owned());
        }
        let beyond: Vec<String> = at.iter().filter(|ip| !ip.is_loopback()).map(IpAddr::to_string).collect();
        if !beyond.is_empty() {
            return Some(format!("it listens at {}, so other machines may connect too", beyond.join(" and ")));
        }
        let is_there = at.contains(&IpAddr::from(Ipv4Addr::LOCALHOST));
        let all: Vec<String> = at.iter().map(IpAddr::to_string).collect();
        (!is_there).then(|| format!("it listens at {}, not at 127.0.0.1", all.join(" and ")))
    }
}

impl Ports {
    /// Binds what the definition asks for and is not bound yet. Ports that the service opens itself are bound to see
    /// that they are free, and let go of at the end; none of them gets a number of `lost`.
    ///
    /// # Errors
    /// `Conflict` for a fixed port that is taken, or a range that is full: with who has them, where that can be seen.
    pub(super) fn open(
        &mut self,
        engine: &Engine,
        instance: &Instance,
        definition: &ServiceDefinition,
        lost: &[u16],
    ) -> Result<Vec<InstancePort>, EngineError> {
        let mut let_go = Vec::new();
        // What the service opened itself is free again.
        self.open.retain(|_, open| open.listener.is_some());
        for rule in &definition.ports {
            if self.open.contains_key(&rule.name) {
                continue;
            }
            let (listener, port) = bind(engine, instance, rule, lost)?;
            let inside = match rule.port {
                PortNumber::Number(number) if rule.pass == PortPass::Relay => number,
                _ => port.port,
            };
            if rule.pass == PortPass::Relay {
                let outside = listener.try_clone().map_err(EngineError::internal)?;
                self.relay()?.serve(outside.into(), inside);
            }
            let mut open = OpenPort { listener: None, port, inside, bystanders: BTreeSet::new(), is_fixed: false };
            if rule.pass == PortPass::Bind {
                let others = runner::sockets_at(open.port.port).map_err(EngineError::internal)?;
                open.bystanders = others.into_iter().map(|socket| socket.inode).collect();
                open.is_fixed = mode(engine, rule) == PortMode::Fixed && rule.port != PortNumber::Auto;
                let_go.push(listener);
            } else {
                open.listener = Some(listener);
            }
            self.open.insert(rule.name.clone(), open);
        }
        let stated = definition.ports.iter().filter_map(|rule| self.open.get(&rule.name));
        Ok(stated.map(|open| open.port.clone()).collect())
    }

    fn relay(&mut self) -> Result<&Relay, EngineError> {
        if self.relay.is_none() {
            self.relay = Some(Arc::new(Relay::start().map_err(EngineError::internal)?));
        }
        self.relay.as_deref().ok_or_else(|| EngineError::internal("the relay could not be started"))
    }

    /// Numbers of the ports that the service opens itself.
    pub(super) fn own(&self) -> Vec<u16> {
        self.own_ports().map(|open| open.port.port).collect()
    }

    fn own_ports(&self) -> impl Iterator<Item = &OpenPort> {
        self.open.values().filter(|open| open.port.pass == PortPass::Bind)
    }

    /// Whose the ports are that the service opens itself. `sockets` are those of the service; `None` when they may not
    /// be looked at.
    ///
    /// # Errors
    /// When the kernel does not tell who has a port.
    pub(super) fn look(&self, sockets: Option<&BTreeSet<u64>>) -> io::Result<Vec<(InstancePort, Found)>> {
        let of = |open: &OpenPort| Ok((open.port.clone(), open.found(&runner::sockets_at(open.port.port)?, sockets)));
        self.own_ports().map(of).collect()
    }

    /// The ports that the service was to open itself and that somebody else has. `sockets` are those of the service.
    ///
    /// # Errors
    /// When the kernel does not tell who has a port.
    pub(super) fn taken(&self, sockets: &BTreeSet<u64>) -> io::Result<Vec<TakenPort>> {
        let mut taken = Vec::new();
        for open in self.own_ports() {
            let there = runner::sockets_at(open.port.port)?;
            let other = there.iter().find(|socket| open.is_new(socket) && !sockets.contains(&socket.inode));
            taken.extend(other.map(|socket| TakenPort {
                name: open.port.name.clone(),
                number: open.port.port,
                is_fixed: open.is_fixed,
                holder: runner::process_with_socket(socket.inode),
            }));
        }
        Ok(taken)
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

    /// Who takes the door of a new process; `None` when no port is relayed.
    pub(super) fn doorkeeper(&self) -> Option<Box<dyn FnOnce(Door) + Send>> {
        let (relay, kept) = (self.relay.clone()?, self.door.clone());
        Some(Box::new(move |door| {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(door.clone());
            relay.lead_to(Some(door));
        }))
    }

    /// The process is over: connections wait for the next one.
    pub(super) fn close_door(&self) {
        if let Some(relay) = &self.relay {
            relay.lead_to(None);
        }
        *self.door.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Where the service takes the connections of a port; `None` when it has no such port.
    ///
    /// # Errors
    /// `Internal` when the process has no room for another descriptor.
    pub(super) fn entry(&self, name: &str) -> Result<Option<Entry>, EngineError> {
        let Some(open) = self.open.get(name) else { return Ok(None) };
        Ok(Some(match (open.port.pass, &open.listener) {
            (PortPass::Relay, _) => match &*self.door.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(door) => Entry::Behind(door.clone(), open.inside),
                None => Entry::Gone,
            },
            (PortPass::ListenFds, Some(listener)) => {
                Entry::Inherited(listener.try_clone().map_err(EngineError::internal)?)
            }
            (PortPass::ListenFds | PortPass::Bind, _) => Entry::Own(open.port.port),
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
    /// Whether this socket was not there while the port was held for the service.
    fn is_new(&self, socket: &PortSocket) -> bool {
        !self.bystanders.contains(&socket.inode)
    }

    fn found(&self, there: &[PortSocket], sockets: Option<&BTreeSet<u64>>) -> Found {
        let listening: Vec<&PortSocket> = there.iter().filter(|socket| socket.listens && self.is_new(socket)).collect();
        if listening.is_empty() {
            return Found::Closed;
        }
        let Some(sockets) = sockets else { return Found::Open(BTreeSet::new()) };
        // Of two that listen there, nobody knows which one answers.
        if listening.iter().all(|socket| sockets.contains(&socket.inode)) {
            Found::Open(listening.iter().map(|socket| socket.address).collect())
        } else {
            Found::Taken
        }
    }
}

/// The name of a port in the name of a variable.
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
    lost: &[u16],
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
        return match listen(number) {
            Ok(listener) => Ok((listener, made(number, None))),
            Err(error) => Err(taken(engine, &rule.name, number, &error)?),
        };
    }
    let wanted = match mode {
        PortMode::Dynamic => before,
        PortMode::Fixed | PortMode::Hybrid => stated.or(before),
    };
    if let Some(number) = wanted.filter(|number| !lost.contains(number))
        && let Ok(listener) = listen(number)
    {
        return Ok((listener, made(number, None)));
    }
    let (listener, number) = any(engine, instance, &rule.name, lost)?;
    let note = stated.filter(|_| mode == PortMode::Hybrid).map(|stated| format!("{stated} is taken"));
    Ok((listener, made(number, note)))
}

/// Any free port of the range, from a place on that is different for each workspace and instance: two workspaces rarely
/// try the same one.
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
        if let Ok(listener) = listen(number) {
            return Ok((listener, number));
        }
    }
    let message = format!("every port from {} to {} is taken{}", range.start(), range.end(), holders(engine, range)?);
    let hint = "terminate instances, or set services.port_range in toolsmith.toml";
    Err(EngineError::new(ErrorCode::Conflict, message, hint))
}

fn listen(number: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, number))
}

fn taken(engine: &Engine, name: &str, number: u16, error: &io::Error) -> Result<EngineError, EngineError> {
    let who = holders(engine, &(number..=number))?;
    let message = format!("port {number} ({name}) is not free: {error}{who}");
    Ok(EngineError::new(ErrorCode::Conflict, message, "state another port, or port_mode = \"hybrid\""))
}

/// Who has ports of a range, for a message: instances of this workspace.
fn holders(engine: &Engine, range: &RangeInclusive<u16>) -> Result<String, EngineError> {
    let rows = engine.workspace.read(|q| Ok(q.services().all_instances()?))?;
    let running = rows.iter().filter(|row| row.instance.life.state.needs_keeper());
    let held = running.flat_map(|row| row.instance.ports.iter().map(move |port| (port.port, &row.instance.name)));
    let mut held: Vec<String> =
        held.filter(|(port, _)| range.contains(port)).map(|(port, name)| format!("{name} has {port}")).collect();
    if held.is_empty() {
        return Ok("; by programs outside of this workspace".to_owned());
    }
    let more = held.len().saturating_sub(NAMED_HOLDERS);
    held.truncate(NAMED_HOLDERS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Ok(format!("; {}{more}", held.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(bystanders: &[u64]) -> OpenPort {
        let port = InstancePort { name: "http".to_owned(), port: 50_001, pass: PortPass::Bind, note: None };
        let bystanders = bystanders.iter().copied().collect();
        OpenPort { listener: None, port, inside: 50_001, bystanders, is_fixed: false }
    }

    fn socket(address: &str, listens: bool, inode: u64) -> PortSocket {
        PortSocket { address: address.parse().unwrap(), listens, inode }
    }

    #[test]
    fn a_port_is_the_services_only_when_nobody_else_listens_there() {
        let own = BTreeSet::from([2]);
        let local = |inode| socket("127.0.0.1", true, inode);
        let at = |address: &str| Found::Open(BTreeSet::from([address.parse().unwrap()]));
        for (there, expected) in [
            (vec![], Found::Closed),
            (vec![socket("::", true, 1)], Found::Closed),
            (vec![socket("127.0.0.1", false, 3)], Found::Closed),
            (vec![local(2)], at("127.0.0.1")),
            (vec![socket("::", true, 1), socket("0.0.0.0", true, 2)], at("0.0.0.0")),
            (vec![local(3)], Found::Taken),
            (vec![local(2), socket("0.0.0.0", true, 3)], Found::Taken),
        ] {
            assert_eq!(open(&[1]).found(&there, Some(&own)), expected, "{there:?}");
        }
        // Where the files of the service may not be looked at, nobody is accused.
        assert_eq!(open(&[1]).found(&[local(3)], None), Found::Open(BTreeSet::new()));
        assert_eq!(open(&[1]).found(&[socket("::", true, 1)], None), Found::Closed);
    }

    #[test]
    fn a_note_says_where_a_service_listens_beside_the_loopback() {
        let note =
            |addresses: &[&str]| Found::Open(addresses.iter().map(|address| address.parse().unwrap()).collect()).note();
        assert_eq!(note(&["127.0.0.1"]), None);
        assert_eq!(note(&["127.0.0.1", "::1"]), None);
        assert_eq!(
            note(&["0.0.0.0", "::"]).unwrap(),
            "it listens at 0.0.0.0 and ::, so other machines may connect too"
        );
        assert_eq!(note(&["::1"]).unwrap(), "it listens at ::1, not at 127.0.0.1");
        assert_eq!(note(&[]).unwrap(), "whether the service listens there cannot be told");
        assert_eq!(Found::Closed.note(), None);
    }
}
