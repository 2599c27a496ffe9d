//! Calls that reach addresses.
//!
//! Without network every call is refused by its number, whatever its memory says. Let through although are
//! those that name no address in a register, which no other thread can change, and at `isolated` messages that seem to
//! name none: the sockets that can be made there send only to what they are connected with, or into a network of the
//! run's own. Connecting a datagram socket to a name server is answered with a success that never happened, so
//! that the question follows and shows the name; nothing was let through.
//!
//! The one decision that memory takes part in: with a network, a unix socket is refused by the family in
//! memory. A tool with two threads gets around it; what holds there is that the filter refuses to make such sockets.

use super::finding::{CallFinding, Findings};
use super::judge::Judge;
use super::log::ObservedAttempt;
use super::memory::{UNREADABLE, question_at, read_bytes, word_at};
use super::paths::{Realm, Wish, is_name_cache, plain};
use super::process::Tool;
use super::server::Server;
use crate::domain::{Answer, IsolationLevel, Network, Touch};
use crate::runner::sandbox::{CallAnswer, Notification, SystemCall};
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Ports at which names are asked for.
const NAME_PORTS: [u16; 3] = [53, 5353, 5355];

/// The largest address, in bytes.
const MAX_ADDRESS: usize = 128;

/// Sizes of the kernel's `msghdr` and `mmsghdr`, and where their parts are, on machines of 64 bits.
const MESSAGE: usize = 56;
const MESSAGES: usize = 64;

/// Messages of one call, and pieces of one message, that are looked at.
const MAX_MESSAGES: usize = 8;

/// Descriptors of name servers that are remembered.
const MAX_RESOLVERS: usize = 64;

/// The name servers that the text of a `resolv.conf` names.
pub(in crate::runner) fn name_servers(text: &str) -> Vec<IpAddr> {
    let words = text.lines().map(str::split_whitespace);
    words
        .filter_map(|mut words| (words.next() == Some("nameserver")).then(|| words.next()?.parse().ok()).flatten())
        .collect()
}

/// Where a call wants to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// Nowhere: where the socket is connected to.
    None,
    /// An address of the internet.
    Internet(SocketAddr),
    /// A socket with a path.
    Path(Vec<u8>),
    /// A socket with a name, or with none.
    Abstract(Vec<u8>),
    /// Another family, by its number.
    Other(u16),
    /// It could not be read.
    Unreadable,
}

impl Address {
    fn is_unix(&self) -> bool {
        matches!(self, Address::Path(_) | Address::Abstract(_))
    }

    fn is_name_server(&self) -> bool {
        matches!(self, Address::Internet(address) if NAME_PORTS.contains(&address.port()))
    }
}

impl Judge {
    /// The answer to a call that reaches an address, and what it shows.
    pub(super) fn address(&mut self, call: &Notification, tool: &mut dyn Tool, findings: &mut Findings) -> CallAnswer {
        match call.call {
            SystemCall::Connect => self.connect(call, tool, findings),
            SystemCall::Sendto => {
                let to = address_at(tool, call.pid, call.args[4], call.args[5]);
                let asked = self.asks(call, &to).then(|| question_at(tool, call.pid, call.args[1], call.args[2]));
                // Register by register: with no address there the kernel finds none either.
                self.send(call, tool, &to, asked.flatten(), call.args[4] == 0, findings)
            }
            SystemCall::Sendmsg => {
                let (to, asked) = self.message(call, call.args[1], tool);
                self.send(call, tool, &to, asked, false, findings)
            }
            SystemCall::Sendmmsg => self.messages(call, tool, findings),
            SystemCall::Bind => self.bind(call, tool, findings),
            _ => self.listen(findings),
        }
    }

    fn connect(&mut self, call: &Notification, tool: &mut dyn Tool, findings: &mut Findings) -> CallAnswer {
        let to = address_at(tool, call.pid, call.args[1], call.args[2]);
        let socket = call.args[0] as i32;
        let before = self.resolvers.remove(&socket).and_then(Server::unexplained);
        findings.extend(before.map(CallFinding::Attempt));
        let verdict = self.pointed(&to);
        let found = self.reach_address(call.pid, Touch::Connect, &to, verdict, tool);
        if !to.is_name_server() {
            findings.extend(found);
            return verdict;
        }
        let is_datagram = tool.is_datagram(call.pid, socket);
        let has_room = self.resolvers.len() < MAX_RESOLVERS;
        let server = match found {
            Some(CallFinding::Attempt(found)) if has_room && is_datagram && self.is_own_server(&to) => {
                Server::Unexplained(found)
            }
            found => {
                findings.extend(found);
                Server::Told
            }
        };
        if has_room {
            self.resolvers.insert(socket, server);
        }
        // A stream would be written to next, and the tool die of a broken pipe.
        let pretend = self.network == Network::None && is_datagram;
        if pretend { CallAnswer::Value(0) } else { verdict }
    }

    fn send(
        &mut self,
        call: &Notification,
        tool: &mut dyn Tool,
        to: &Address,
        asked: Option<String>,
        is_unaddressed: bool,
        findings: &mut Findings,
    ) -> CallAnswer {
        let verdict = if asked.is_some() && self.network == Network::None {
            CallAnswer::Errno(libc::EPERM)
        } else {
            self.verdict(to, is_unaddressed)
        };
        let server = self.resolvers.get_mut(&(call.args[0] as i32)).filter(|_| *to == Address::None);
        if let Some(name) = asked {
            if let Some(server) = server {
                server.asked();
            }
            let answer = if self.network == Network::Full { Answer::Allowed } else { Answer::Denied };
            findings.push(CallFinding::Attempt(ObservedAttempt { touch: Touch::Resolve, target: name, answer }));
        } else {
            findings.extend(server.and_then(Server::tell));
            findings.extend(self.reach_address(call.pid, Touch::Connect, to, verdict, tool));
        }
        verdict
    }

    /// Whether the machine itself asks there for names: a question says more than that it was asked there.
    fn is_own_server(&self, to: &Address) -> bool {
        let Address::Internet(to) = to else { return false };
        to.port() == NAME_PORTS[0] && (to.ip().is_loopback() || self.servers.contains(&to.ip()))
    }

    /// Several messages in one call, which is how names are asked for: both kinds of address at once.
    fn messages(&mut self, call: &Notification, tool: &mut dyn Tool, findings: &mut Findings) -> CallAnswer {
        let count = (call.args[2] as usize).min(MAX_MESSAGES);
        let mut verdict = self.verdict(&Address::None, false);
        for index in 0..count {
            let at = call.args[1].wrapping_add((index * MESSAGES) as u64);
            let (to, asked) = self.message(call, at, tool);
            let one = self.send(call, tool, &to, asked, false, findings);
            if one != CallAnswer::Continue {
                verdict = one;
            }
        }
        verdict
    }

    /// Where a message goes, and the name that it asks for.
    fn message(&self, call: &Notification, at: u64, tool: &mut dyn Tool) -> (Address, Option<String>) {
        let header = read_bytes(tool, call.pid, at, MESSAGE);
        let part = |offset| word_at(&header, offset);
        let (Some(name), Some(length), Some(pieces)) = (part(0), part(8), part(16)) else {
            return (Address::Unreadable, None);
        };
        // Half of that word is padding.
        let to = address_at(tool, call.pid, name, length & 0xffff_ffff);
        if !self.asks(call, &to) {
            return (to, None);
        }
        let piece = read_bytes(tool, call.pid, pieces, 16);
        let asked = match (word_at(&piece, 0), word_at(&piece, 8)) {
            (Some(address), Some(length)) => question_at(tool, call.pid, address, length),
            _ => None,
        };
        (to, asked)
    }

    /// Whether a message may be a question for a name server.
    fn asks(&self, call: &Notification, to: &Address) -> bool {
        to.is_name_server() || (*to == Address::None && self.resolvers.contains_key(&(call.args[0] as i32)))
    }

    fn bind(&mut self, call: &Notification, tool: &mut dyn Tool, findings: &mut Findings) -> CallAnswer {
        let at = address_at(tool, call.pid, call.args[1], call.args[2]);
        let verdict = self.pointed(&at);
        self.bound = true;
        findings.extend(self.reach_address(call.pid, Touch::Listen, &at, verdict, tool));
        verdict
    }

    fn listen(&mut self, findings: &mut Findings) -> CallAnswer {
        let verdict = self.verdict(&Address::None, false);
        if verdict != CallAnswer::Continue && !self.bound {
            let target = "a port chosen by the kernel".to_owned();
            findings.push(CallFinding::Attempt(ObservedAttempt {
                touch: Touch::Listen,
                target,
                answer: Answer::Denied,
            }));
        }
        verdict
    }

    /// The answer to a call that gives a socket its address, or that of its peer: without network by its number, because
    /// another thread could change the address after it was read.
    fn pointed(&self, address: &Address) -> CallAnswer {
        if self.network == Network::None { CallAnswer::Errno(libc::EPERM) } else { self.verdict(address, false) }
    }

    /// The answer for an address; see the module's doc for why this is not a race.
    fn verdict(&self, address: &Address, is_unaddressed: bool) -> CallAnswer {
        let refused = match (self.network, self.level) {
            (Network::None, IsolationLevel::Isolated) => {
                !is_unaddressed && !matches!(address, Address::None | Address::Other(0))
            }
            (Network::None, _) => !is_unaddressed,
            (Network::Loopback | Network::Full, IsolationLevel::Isolated | IsolationLevel::Confined) => {
                address.is_unix()
            }
            (Network::Loopback | Network::Full, _) => false,
        };
        if refused { CallAnswer::Errno(libc::EPERM) } else { CallAnswer::Continue }
    }

    /// What it shows to reach for an address.
    fn reach_address(
        &self,
        pid: u32,
        touch: Touch,
        address: &Address,
        verdict: CallAnswer,
        tool: &mut dyn Tool,
    ) -> Option<CallFinding> {
        let denied = verdict != CallAnswer::Continue;
        let (target, answer) = match address {
            Address::None | Address::Other(0) => return None,
            Address::Internet(address) => {
                let beyond = self.network == Network::Loopback && !is_own(address.ip());
                (address.to_string(), if denied || beyond { Answer::Denied } else { Answer::Allowed })
            }
            Address::Path(path) => return self.reach_socket(pid, touch, path, denied, tool),
            Address::Abstract(name) => {
                let answer = if denied { Answer::Denied } else { Answer::Allowed };
                (format!("unix:@{}", String::from_utf8_lossy(name)), answer)
            }
            Address::Other(family) => (format!("family {family}"), Answer::Denied),
            Address::Unreadable => (UNREADABLE.to_owned(), if denied { Answer::Denied } else { self.outside() }),
        };
        Some(CallFinding::Attempt(ObservedAttempt { touch, target, answer }))
    }

    fn reach_socket(
        &self,
        pid: u32,
        touch: Touch,
        path: &[u8],
        denied: bool,
        tool: &mut dyn Tool,
    ) -> Option<CallFinding> {
        let path = match path.first() {
            Some(b'/') => plain(path),
            _ => plain(&[tool.path_of(pid, None)?.as_os_str().as_bytes(), b"/", path].concat()),
        };
        if is_name_cache(&path) {
            return None;
        }
        let is_own = self.places.realm(&path, Wish::Change) == Realm::Scratch;
        let answer = match tool.exists(pid, Path::new(OsStr::from_bytes(&path))) {
            _ if denied => Answer::Denied,
            Some(false) if touch == Touch::Connect => Answer::Missing,
            _ if is_own => return None,
            Some(_) | None => Answer::Allowed,
        };
        let target = format!("unix:{}", self.places.show(&path));
        Some(CallFinding::Attempt(ObservedAttempt { touch, target, answer }))
    }
}

fn is_own(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

/// The address of a call; as long as the call says, but no longer than addresses are.
fn address_at(tool: &mut dyn Tool, pid: u32, address: u64, length: u64) -> Address {
    if address == 0 || length == 0 {
        return Address::None;
    }
    let length = usize::try_from(length).unwrap_or(MAX_ADDRESS).min(MAX_ADDRESS);
    address_of(&read_bytes(tool, pid, address, length))
}

/// The address in the kernel's form.
pub(super) fn address_of(bytes: &[u8]) -> Address {
    let Some((family, rest)) = bytes.split_first_chunk::<2>() else {
        return Address::Unreadable;
    };
    let family = u16::from_ne_bytes(*family);
    let port = || rest.first_chunk::<2>().map(|port| u16::from_be_bytes(*port));
    match i32::from(family) {
        libc::AF_INET => match (port(), rest.get(2..6).and_then(|ip| <[u8; 4]>::try_from(ip).ok())) {
            (Some(port), Some(ip)) => Address::Internet(SocketAddr::new(Ipv4Addr::from(ip).into(), port)),
            _ => Address::Unreadable,
        },
        libc::AF_INET6 => match (port(), rest.get(6..22).and_then(|ip| <[u8; 16]>::try_from(ip).ok())) {
            (Some(port), Some(ip)) => {
                Address::Internet(SocketAddr::new(IpAddr::from(Ipv6Addr::from(ip)).to_canonical(), port))
            }
            _ => Address::Unreadable,
        },
        libc::AF_UNIX => match rest.split_first() {
            Some((0, name)) => Address::Abstract(name.to_vec()),
            Some(_) => {
                let end = memchr::memchr(0, rest).unwrap_or(rest.len());
                Address::Path(rest[..end].to_vec())
            }
            None => Address::Abstract(Vec::new()),
        },
        _ => Address::Other(family),
    }
}
