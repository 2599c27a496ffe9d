//! From a call to its answer and what it shows: no kernel in here but what [`Tool`] tells.

use super::loaded::Loaded;
use super::log::{Found, Log, cut};
use super::network::Server;
use super::paths::{Places, Realm};
use super::process::Tool;
use super::{Policy, dns};
use crate::domain::{Answer, Attempt, IsolationLevel, LoadedFile, Network, Touch, generalise};
use crate::runner::sandbox::{Call, Group, Notification, Verdict};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

/// What stands where the tool's memory could not be read.
pub(super) const UNREADABLE: &str = "{unreadable}";

/// One process or thread, for `ioprio_set`.
const IOPRIO_WHO_PROCESS: u32 = 1;

/// Bytes of a page: what is there of memory is there by pages.
const PAGE: u64 = 4096;

/// Bytes of a string that are read at once; nearly every path fits.
const CHUNK: usize = 256;

/// Names of programs that were looked for in vain, and descriptors of name servers: more are not kept.
const MAX_NAMES: usize = 100;

/// What one run did so far, and what is allowed to it.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) level: IsolationLevel,
    pub(super) network: Network,
    pub(super) places: Places,
    baseline: HashSet<(Touch, String)>,
    log: Log,
    /// The first program is the tool itself.
    started: bool,
    /// Programs not found in a folder of the system, with how often: news only if none of that name was.
    searched: BTreeMap<String, u64>,
    found_programs: BTreeSet<String>,
    /// Descriptors that were connected to a name server.
    pub(super) resolvers: BTreeMap<i32, Server>,
    /// Name servers of the machine.
    pub(super) servers: Vec<IpAddr>,
    /// Whether the tool was seen to bind an address, so that listening on it is no news.
    pub(super) bound: bool,
    /// Where strings are read into, so that a call costs no allocation.
    pub(super) text: Vec<u8>,
    /// Code that was loaded through declared paths.
    pub(super) loaded: Loaded,
}

/// Everything that one run was seen to do.
#[derive(Debug)]
pub(super) struct Told {
    /// Every attempt.
    pub(super) attempts: Vec<Attempt>,
    /// How many more there were.
    pub(super) attempts_cut: u64,
    /// Every file that was loaded as code.
    pub(super) loaded: Vec<LoadedFile>,
    /// How many more there were.
    pub(super) loaded_cut: u64,
}

/// What a call shows.
pub(super) type Findings = Vec<Finding>;

/// One thing a call shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// An attempt.
    Attempt(Found),
    /// A program that the folder of the system it was looked for in does not have.
    NotInFolder(String),
    /// A program that was found.
    Program(String),
    /// A file that was loaded as code.
    Loaded(LoadedFile),
}

impl Judge {
    pub(super) fn new(policy: Policy) -> Judge {
        // Loopback needs a network of its own; without one the run reaches nothing.
        let network = match (policy.network, policy.level) {
            (Network::Loopback, IsolationLevel::Isolated) => Network::Loopback,
            (Network::Loopback | Network::None, _) => Network::None,
            (Network::Full, _) => Network::Full,
        };
        Judge {
            level: policy.level,
            network,
            places: Places::new(&policy),
            baseline: policy.baseline.into_iter().collect(),
            log: Log::new(),
            started: false,
            searched: BTreeMap::new(),
            found_programs: BTreeSet::new(),
            resolvers: BTreeMap::new(),
            servers: policy.name_servers,
            bound: false,
            text: Vec::new(),
            loaded: Loaded::default(),
        }
    }

    /// Whether the program was seen to start.
    pub(super) fn has_started(&self) -> bool {
        self.started
    }

    /// The answer to a call, and what it shows if it is still the call that waits.
    pub(super) fn judge(&mut self, call: &Notification, tool: &mut dyn Tool) -> (Verdict, Findings) {
        let mut findings = Vec::new();
        let verdict = match call.call.group() {
            Group::File => {
                self.file(call, tool, &mut findings);
                Verdict::Continue
            }
            Group::Exec => {
                if std::mem::replace(&mut self.started, true) {
                    self.program(call, tool, &mut findings);
                }
                self.started_code(call, tool, &mut findings);
                tool.forget();
                Verdict::Continue
            }
            Group::Network => self.address(call, tool, &mut findings),
            Group::Forbidden => match named_process(call) {
                Some(number) if number == call.pid || tool.process_of(call.pid) == Some(number) => Verdict::Continue,
                // Programs with threads do it to each thread by its number; that it is refused is no sign of anything.
                Some(number) if tool.process_of(number).is_some_and(|of| tool.process_of(call.pid) == Some(of)) => {
                    Verdict::Errno(libc::EPERM)
                }
                _ => {
                    findings.extend(forbidden(call, self.network));
                    Verdict::Errno(libc::EPERM)
                }
            },
        };
        (verdict, findings)
    }

    /// Counts what a call showed.
    pub(super) fn take(&mut self, findings: Findings) {
        for finding in findings {
            match finding {
                Finding::Attempt(found) => self.count(found),
                Finding::Loaded(file) => self.loaded.take(file),
                Finding::NotInFolder(name) => {
                    if let Some(count) = self.searched.get_mut(&name) {
                        *count += 1;
                    } else if self.searched.len() < MAX_NAMES {
                        self.searched.insert(name, 1);
                    }
                }
                Finding::Program(name) => {
                    if self.found_programs.len() < MAX_NAMES {
                        self.found_programs.insert(name);
                    }
                }
            }
        }
    }

    /// Everything that was seen.
    pub(super) fn finish(mut self) -> Told {
        for (name, times) in std::mem::take(&mut self.searched) {
            if !self.found_programs.contains(&name) {
                self.log.add(Found { touch: Touch::Exec, target: name, answer: Answer::Missing }, times);
            }
        }
        for server in std::mem::take(&mut self.resolvers).into_values() {
            if let Some(found) = server.unexplained() {
                self.count(found);
            }
        }
        let (attempts, attempts_cut) = self.log.finish();
        let (loaded, loaded_cut) = self.loaded.finish();
        Told { attempts, attempts_cut, loaded, loaded_cut }
    }

    fn count(&mut self, mut found: Found) {
        found.target = cut(found.target);
        if self.log.repeat(&found, 1) {
            return;
        }
        // Only what is new is compared: that costs more than counting.
        if !self.baseline.contains(&(found.touch, generalise(found.touch, &found.target))) {
            self.log.add(found, 1);
        }
    }

    /// What comes of reaching for a path outside of all that was granted.
    pub(super) fn outside(&self) -> Answer {
        match self.level {
            IsolationLevel::Isolated | IsolationLevel::Confined => Answer::Denied,
            IsolationLevel::LimitsOnly | IsolationLevel::None => Answer::Allowed,
        }
    }

    /// Whether the realm is one that a run of this level may start programs from.
    pub(super) fn may_start(&self, realm: &Realm) -> bool {
        match realm {
            Realm::Noise | Realm::Version | Realm::Scratch | Realm::Granted(_) => true,
            Realm::Outside => self.outside() == Answer::Allowed,
        }
    }
}

/// Reads a string of the tool up to its zero, a page at most at a time, into `text`.
pub(super) fn read_text(tool: &mut dyn Tool, pid: u32, address: u64, limit: usize, text: &mut Vec<u8>) -> bool {
    text.clear();
    if address == 0 {
        return false;
    }
    while text.len() < limit {
        let at = address.wrapping_add(text.len() as u64);
        let length = ((PAGE - at % PAGE) as usize).min(CHUNK).min(limit - text.len());
        let start = text.len();
        text.resize(start + length, 0);
        let got = tool.read(pid, at, &mut text[start..]).unwrap_or(0);
        text.truncate(start + got);
        if let Some(end) = memchr::memchr(0, &text[start..]) {
            text.truncate(start + end);
            return true;
        }
        if got < length {
            return false;
        }
    }
    // Longer than the kernel takes, or than is wanted.
    true
}

/// Reads so many bytes at most.
pub(super) fn read_bytes(tool: &mut dyn Tool, pid: u32, address: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let got = if address == 0 { 0 } else { tool.read(pid, address, &mut bytes).unwrap_or(0) };
    bytes.truncate(got);
    bytes
}

/// A number of the tool's memory.
pub(super) fn word_at(bytes: &[u8], offset: usize) -> Option<u64> {
    let bytes = bytes.get(offset..offset + 8)?;
    Some(u64::from_ne_bytes(bytes.try_into().ok()?))
}

/// The question of a payload in the tool's memory.
pub(super) fn question_at(tool: &mut dyn Tool, pid: u32, address: u64, length: u64) -> Option<String> {
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(dns::MAX_QUESTION);
    dns::question(&read_bytes(tool, pid, address, length))
}

/// The process that a call is to change, where it numbers one. A number is not behind a pointer, and nobody else can
/// get that of the process which waits for the answer; so for that one the call may be let through.
fn named_process(call: &Notification) -> Option<u32> {
    let number = match call.call {
        Call::Prlimit64
        | Call::SchedSetscheduler
        | Call::SchedSetparam
        | Call::SchedSetattr
        | Call::SchedSetaffinity => call.args[0],
        // Only where it numbers one process, not a group of them or all of a user.
        Call::Setpriority if call.args[0] as u32 == libc::PRIO_PROCESS => call.args[1],
        Call::IoprioSet if call.args[0] as u32 == IOPRIO_WHO_PROCESS => call.args[1],
        _ => return None,
    };
    // The kernel takes the low half.
    Some(number as u32)
}

fn forbidden(call: &Notification, network: Network) -> Option<Finding> {
    let target = match call.call {
        // The C library asks the kernel for its own addresses whenever it looks a name up.
        Call::Socket if call.args[0] as i32 == libc::AF_NETLINK => return None,
        // With a network, it also knocks at the name cache through one of these.
        Call::Socket if network != Network::None && call.args[0] as i32 == libc::AF_UNIX => return None,
        Call::Socket | Call::Socketpair => format!("{} family {}", call.call.word(), call.args[0] as i32),
        Call::Ioctl => format!("ioctl {:#x}", call.args[1] as u32),
        other => other.word().to_owned(),
    };
    Some(Finding::Attempt(Found { touch: Touch::Forbidden, target, answer: Answer::Denied }))
}
