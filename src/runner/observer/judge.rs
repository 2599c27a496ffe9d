//! What one run did so far, and what is allowed to it. How calls are answered by it is told in the files for each kind of
//! call: [`super::files`], [`super::code`], [`super::network`].

use super::Policy;
use super::finding::{CallFinding, Findings};
use super::loaded::LoadedFiles;
use super::log::{AttemptLog, ObservedAttempt, cut};
use super::paths::{Places, Realm};
use super::server::Server;
use crate::domain::{Answer, Attempt, IsolationLevel, LoadedFile, Network, Touch, generalise};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

/// Names of programs that were looked for in vain, and descriptors of name servers: more are not kept.
const MAX_NAMES: usize = 100;

/// What one run did so far, and what is allowed to it.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) level: IsolationLevel,
    pub(super) network: Network,
    pub(super) places: Places,
    baseline: HashSet<(Touch, String)>,
    log: AttemptLog,
    /// Whether a program was started: the first one is the tool itself, or what starts it.
    pub(super) started: bool,
    /// How many programs are still to be started before one is news.
    pub(super) own_starts: u8,
    /// Programs not found in a folder of the system, with how often: news only if none of that name was.
    searched: BTreeMap<String, u64>,
    found_programs: BTreeSet<String>,
    /// Descriptors that were connected to a name server.
    pub(super) resolvers: BTreeMap<i32, Server>,
    /// Name servers of the machine.
    pub(super) servers: Vec<IpAddr>,
    /// Whether the tool was seen to bind an address, so that listening on it is not new information.
    pub(super) bound: bool,
    /// Where strings are read into, so that a call costs no allocation.
    pub(super) text: Vec<u8>,
    /// Code that was loaded through declared paths.
    pub(super) loaded: LoadedFiles,
}

/// Everything that one run was seen to do.
#[derive(Debug)]
pub(super) struct RunObservation {
    pub(super) attempts: Vec<Attempt>,
    /// How many more there were.
    pub(super) attempts_cut: u64,
    /// Every file that was loaded as code.
    pub(super) loaded: Vec<LoadedFile>,
    /// How many more there were.
    pub(super) loaded_cut: u64,
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
            log: AttemptLog::new(),
            started: false,
            own_starts: 1 + u8::from(policy.has_launcher),
            searched: BTreeMap::new(),
            found_programs: BTreeSet::new(),
            resolvers: BTreeMap::new(),
            servers: policy.name_servers,
            bound: false,
            text: Vec::new(),
            loaded: LoadedFiles::default(),
        }
    }

    /// Whether the program was seen to start.
    pub(super) fn has_started(&self) -> bool {
        self.started
    }

    /// Counts what a call showed.
    pub(super) fn take(&mut self, findings: Findings) {
        for finding in findings {
            match finding {
                CallFinding::Attempt(found) => self.count(found),
                CallFinding::Loaded(file) => self.loaded.take(file),
                CallFinding::NotInFolder(name) => {
                    if let Some(count) = self.searched.get_mut(&name) {
                        *count += 1;
                    } else if self.searched.len() < MAX_NAMES {
                        self.searched.insert(name, 1);
                    }
                }
                CallFinding::Program(name) => {
                    if self.found_programs.len() < MAX_NAMES {
                        self.found_programs.insert(name);
                    }
                }
            }
        }
    }

    /// Everything that was seen.
    pub(super) fn finish(mut self) -> RunObservation {
        for (name, times) in std::mem::take(&mut self.searched) {
            if !self.found_programs.contains(&name) {
                self.log.add(ObservedAttempt { touch: Touch::Exec, target: name, answer: Answer::Missing }, times);
            }
        }
        for server in std::mem::take(&mut self.resolvers).into_values() {
            if let Some(found) = server.unexplained() {
                self.count(found);
            }
        }
        let (attempts, attempts_cut) = self.log.finish();
        let (loaded, loaded_cut) = self.loaded.finish();
        RunObservation { attempts, attempts_cut, loaded, loaded_cut }
    }

    fn count(&mut self, mut found: ObservedAttempt) {
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
