//! The ports of an instance. The keeper binds them and keeps them over restarts: binding is what makes a port its own, so
//! no other process, and no other workspace, can take it in between.

use super::reaching::Entry;
use crate::domain::Digest;
use crate::domain::service::{Instance, InstancePort, PortMode, PortNumber, PortPass, PortRule, ServiceDefinition};
use crate::engine::Engine;
use crate::engine::error::{EngineError, ErrorCode};
use crate::runner::{Door, Relay};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
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
}

impl Ports {
    /// Binds what the definition asks for and is not bound yet.
    ///
    /// # Errors
    /// `Conflict` for a fixed port that is taken, or a range that is full: with who has them, where that can be seen.
    pub(super) fn open(
        &mut self,
        engine: &Engine,
        instance: &Instance,
        definition: &ServiceDefinition,
    ) -> Result<Vec<InstancePort>, EngineError> {
        // What the service opened itself is free again.
        self.open.retain(|_, open| open.listener.is_some());
        for rule in &definition.ports {
            if self.open.contains_key(&rule.name) {
                continue;
            }
            let (listener, port) = bind(engine, instance, rule)?;
            let inside = match rule.port {
                PortNumber::Number(number) if rule.pass == PortPass::Relay => number,
                _ => port.port,
            };
            if rule.pass == PortPass::Relay {
                let outside = listener.try_clone().map_err(EngineError::internal)?;
                self.relay()?.serve(outside.into(), inside);
            }
            let listener = Some(listener).filter(|_| rule.pass != PortPass::Bind);
            self.open.insert(rule.name.clone(), OpenPort { listener, port, inside });
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

/// The name of a port in the name of a variable.
fn variable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

fn bind(engine: &Engine, instance: &Instance, rule: &PortRule) -> Result<(TcpListener, InstancePort), EngineError> {
    let settings = &engine.settings().services;
    let mode = rule.mode.unwrap_or(settings.port_mode);
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
    if let Some(number) = wanted
        && let Ok(listener) = listen(number)
    {
        return Ok((listener, made(number, None)));
    }
    let (listener, number) = any(engine, instance, &rule.name, &settings.port_range)?;
    let note = stated.filter(|_| mode == PortMode::Hybrid).map(|stated| format!("{stated} is taken"));
    Ok((listener, made(number, note)))
}

/// Any free port of the range, from a place on that is different for each workspace and instance: two workspaces rarely
/// try the same one.
fn any(
    engine: &Engine,
    instance: &Instance,
    name: &str,
    range: &RangeInclusive<u16>,
) -> Result<(TcpListener, u16), EngineError> {
    let seed = format!("{} {} {} {name}", engine.state_dir().display(), instance.stack, instance.name);
    let digest = Digest::of_bytes(seed.as_bytes());
    let start = digest.0.iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    let width = u32::from(range.end() - range.start()) + 1;
    let numbers = (0..width).filter_map(|step| {
        let offset = (u64::from(start) + u64::from(step)) % u64::from(width);
        u16::try_from(u64::from(*range.start()) + offset).ok()
    });
    for number in numbers {
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
