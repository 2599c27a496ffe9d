//! Setting up the sandbox layers around the process that becomes the tool, and checking from inside that they are in
//! force.
//!
//! A level is not what was asked for but what was verified here, just before the program starts: what cannot be
//! shown to hold does not count, and the level sinks to the next one whose facts all hold.

use super::files::{COMPLETE, LandlockResult, hold, landlock_version};
use super::filter::{Terms, install};
use super::plan::{FIRST_INHERITED, Layer, ProcessLimits, Raised, WallError, WallPlan, namespaces};
use crate::domain::{IsolationLevel, Network};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Resource, Rlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, SecureComputingMode, capabilities, clear_ambient_capability_set, no_new_privs,
    remove_capability_from_bounding_set, secure_computing_mode, set_capabilities, set_no_new_privs,
};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Builds around this process what the plan says, and verifies it. Cannot be undone, and holds for everything that this
/// process starts. The process must have one thread.
///
/// With a listener in the result, hand it over before anything else: calls that open files wait for its answers.
///
/// # Errors
/// When not even the weakest level, `limits-only`, can be had. Anything else that does not stand lowers the level.
pub(in crate::runner) fn raise(plan: &WallPlan) -> Result<Raised, WallError> {
    let mut facts = RaisedLayers::default();
    limit(plan, &mut facts)?;
    let level = if plan.level == IsolationLevel::Isolated && !look_at_namespaces(plan, &mut facts) {
        // Not what was asked for: then the sandbox layers must be those that hold without namespaces.
        IsolationLevel::Confined
    } else {
        plan.level
    };
    if !level.reaches(IsolationLevel::Confined) {
        return Ok(facts.into_raised(IsolationLevel::LimitsOnly, None));
    }
    let is_sunk = level != plan.level;
    let plan = &WallPlan { level, ..plan.clone() };
    let is_plain = give_up_rights(plan, &mut facts);
    let is_held = hold_files(plan, &mut facts);
    let (is_filtered, listener) = filter(plan, is_sunk, &mut facts);
    let reached = if is_plain && is_held && is_filtered { level } else { IsolationLevel::LimitsOnly };
    if reached == IsolationLevel::Confined {
        facts.state_gaps(plan);
    }
    Ok(facts.into_raised(reached, listener))
}

/// What was found to hold, and what was not.
#[derive(Debug, Default)]
struct RaisedLayers {
    layers: Vec<Layer>,
    missing: Vec<String>,
}

impl RaisedLayers {
    /// Records whether a layer holds; `why_not` says in words what follows when it does not.
    fn note(&mut self, layer: Layer, holds: bool, why_not: &str) -> bool {
        if holds {
            self.layers.push(layer);
        } else {
            self.missing.push(why_not.to_owned());
        }
        holds
    }

    fn into_raised(self, level: IsolationLevel, listener: Option<OwnedFd>) -> Raised {
        let layers = self.layers.iter().map(|layer| layer.word().to_owned()).collect();
        Raised { level, layers, missing: self.missing, listener }
    }

    /// What `confined` does not hold even when everything of it stands.
    fn state_gaps(&mut self, plan: &WallPlan) {
        self.missing.push("names: it can see names, sizes and times of files that it cannot read".to_owned());
        let owner = std::fs::metadata(&plan.host.canary).map(|meta| meta.uid());
        if owner.ok() == Some(rustix::process::getuid().as_raw()) {
            let gap = "modes: it can change modes and times of the user's files anywhere (chmod, touch)";
            self.missing.push(gap.to_owned());
        }
        if plan.network == Network::Loopback {
            let gap = "network: loopback needs its own network namespace; this run has no network";
            self.missing.push(gap.to_owned());
        }
    }
}

/// The sandbox layers of every level: limits, closed files, no new privileges.
fn limit(plan: &WallPlan, facts: &mut RaisedLayers) -> Result<(), WallError> {
    let failed = |layer, remedy| move |cause: io::Error| WallError { layer, cause, remedy };
    if plan.has(Layer::Rlimits) {
        set_limits(&plan.limits)
            .map_err(failed(Layer::Rlimits, "start the workbench with higher limits (ulimit -a)"))?;
        facts.layers.push(Layer::Rlimits);
        if plan.limits.threads.is_none() {
            let gap =
                "process limit: not enforced by the kernel for this user; processes are counted a few times per second";
            facts.missing.push(gap.to_owned());
        }
    }
    if plan.has(Layer::ClosedFds) {
        close_files(plan).map_err(failed(Layer::ClosedFds, "Linux 5.11 or newer is required"))?;
        facts.layers.push(Layer::ClosedFds);
    }
    if plan.has(Layer::NoNewPrivs) {
        set_no_new_privs(true)
            .map_err(io::Error::from)
            .map_err(failed(Layer::NoNewPrivs, "Linux 3.5 or newer is required"))?;
        facts.note(
            Layer::NoNewPrivs,
            no_new_privs().unwrap_or(false),
            "privileges: a program may still gain privileges",
        );
    }
    Ok(())
}

fn set_limits(bounds: &ProcessLimits) -> io::Result<()> {
    let set = |resource, soft: u64, hard: u64| {
        // A limit that we have ourselves cannot be raised.
        let most = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let finite = |value: u64| (value != u64::MAX).then_some(value);
        let limit = Rlimit { current: finite(soft.min(most)), maximum: finite(hard.min(most)) };
        rustix::process::setrlimit(resource, limit)?;
        if rustix::process::getrlimit(resource) == limit { Ok(()) } else { Err(io::Error::from(io::ErrorKind::Other)) }
    };
    let equal = |resource, value| set(resource, value, value);
    equal(Resource::Core, 0)?;
    // SIGXCPU first, so that the cause is visible; SIGKILL a second later.
    set(Resource::Cpu, bounds.cpu_seconds, bounds.cpu_seconds.saturating_add(1))?;
    // Not the address space: node reserves gigabytes it never touches.
    equal(Resource::Data, bounds.data_bytes)?;
    equal(Resource::Fsize, bounds.file_bytes)?;
    equal(Resource::Nofile, bounds.files)?;
    equal(Resource::Nproc, bounds.threads.unwrap_or(u64::MAX))
}

/// Marks every file but the standard three and what it inherits to be closed when the program starts, and checks
/// whether it took. Marked, not closed: the listener and the socket to the supervisor are needed until then.
fn close_files(plan: &WallPlan) -> io::Result<()> {
    let first = FIRST_INHERITED + i32::from(plan.inherited + plan.channel);
    // SAFETY: only sets a flag on descriptors.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    // Asked for by number, because a process that changed its user may not list its own files; those that it could
    // have opened itself, and the socket.
    let mut open: Vec<libc::pollfd> = (first..plan.limits.files as i32)
        .chain([plan.limits.status_fd()])
        .map(|fd| libc::pollfd { fd, events: 0, revents: 0 })
        .collect();
    // SAFETY: the pointer is to that many live entries; with no time to wait it returns at once.
    if unsafe { libc::poll(open.as_mut_ptr(), open.len() as libc::nfds_t, 0) } == -1 {
        return Err(io::Error::last_os_error());
    }
    for entry in open.iter().filter(|entry| entry.revents & libc::POLLNVAL == 0) {
        // SAFETY: asks for a flag, whatever the number is.
        let flags = unsafe { libc::fcntl(entry.fd, libc::F_GETFD) };
        if flags != -1 && flags & libc::FD_CLOEXEC == 0 {
            return Err(io::Error::other(format!("file {} would stay open", entry.fd)));
        }
    }
    Ok(())
}

/// Whether this process has everything of its own that `isolated` promises.
fn look_at_namespaces(plan: &WallPlan, facts: &mut RaisedLayers) -> bool {
    let ours = namespaces();
    let differs = |name: &str| {
        let number = |list: &[(String, u64)]| list.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
        matches!((number(&ours), number(&plan.host.namespaces)), (Some(ours), Some(hosts)) if ours != hosts)
    };
    let sees_own_processes =
        std::fs::read_link("/proc/self").is_ok_and(|own| own == Path::new(&std::process::id().to_string()));
    let own = [
        (Layer::UserNamespace, differs("user"), "users: it shares the users of the host"),
        (
            Layer::PidNamespace,
            differs("pid") && sees_own_processes && is_among_its_own(),
            "processes: it shares the process table of the host",
        ),
        (Layer::MountNamespace, differs("mnt"), "file view: it sees the host's files"),
        (Layer::IpcNamespace, differs("ipc"), "shared memory: it shares that of the host"),
        (Layer::UtsNamespace, differs("uts"), "host name: it sees that of the host"),
    ];
    let mut all = own.into_iter().fold(true, |all, (layer, holds, why_not)| facts.note(layer, holds, why_not) && all);
    if plan.network != Network::Full {
        let why_not = "network: it has no network namespace";
        all &= facts.note(Layer::NetworkNamespace, differs("net"), why_not);
    }
    all
}

/// Whether whoever started this process is not in its namespace, or is the first there, which the filter knows by its
/// number: then everybody else there is started from here.
fn is_among_its_own() -> bool {
    rustix::process::getppid().is_none_or(Pid::is_init)
}

/// Gives up every capability; whether none is left, and no root either.
fn give_up_rights(plan: &WallPlan, facts: &mut RaisedLayers) -> bool {
    if plan.has(Layer::NoCapabilities) {
        // Each may be refused where there is nothing to give up; what counts is what is left.
        let _ = clear_ambient_capability_set();
        for capability in CapabilitySet::all().iter() {
            let _ = remove_capability_from_bounding_set(capability);
        }
        let none = CapabilitySet::empty();
        let _ = set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none });
    }
    let left = capabilities(None).map(|sets| sets.effective | sets.permitted | sets.inheritable);
    let has_none = left.is_ok_and(|left| left.is_empty());
    let is_root = rustix::process::getuid().is_root() || rustix::process::geteuid().is_root();
    let first = facts.note(Layer::NoCapabilities, has_none, "root: it keeps some privileges of root");
    facts.note(Layer::UnprivilegedUser, !is_root, "root: it runs as root; start the workbench as another user") && first
}

/// Raises Landlock; whether it holds everything that the level needs, and the state folder cannot be read.
fn hold_files(plan: &WallPlan, facts: &mut RaisedLayers) -> bool {
    let mut is_held = false;
    if plan.has(Layer::Landlock) {
        match hold(plan) {
            // Listing the root folder is granted to no run: a rule that the kernel took and holds.
            LandlockResult::Fully => {
                is_held = is_out_of_reach(Path::new("/"));
                facts.missing.extend(shortfall());
            }
            LandlockResult::Less(why) => facts.missing.push(format!("landlock: {why}")),
        }
    }
    if is_held {
        facts.layers.push(Layer::Landlock);
    } else if facts.missing.iter().all(|line| !line.starts_with("landlock")) {
        facts.missing.push("landlock: not effective".to_owned());
    }
    let canary = &plan.host.canary;
    let is_unseen = !canary.as_os_str().is_empty() && is_out_of_reach(canary);
    facts.note(Layer::FileView, is_unseen, "file view: it can read the workbench's own state") && is_held
}

/// What an older Landlock leaves to the namespaces, when it was enough.
fn shortfall() -> Option<String> {
    let version = landlock_version();
    (version < COMPLETE)
        .then(|| format!("landlock: version {version} of {COMPLETE}; the rest is enforced by namespaces only"))
}

fn is_out_of_reach(path: &Path) -> bool {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty()).is_err()
}

/// Installs the filter; whether it is there, and its listener.
fn filter(plan: &WallPlan, is_sunk: bool, facts: &mut RaisedLayers) -> (bool, Option<OwnedFd>) {
    let terms = Terms {
        level: plan.level,
        network: plan.network,
        observe: plan.observe,
        is_sunk,
        inherits: plan.inherited > 0,
        status_fd: plan.limits.status_fd(),
    };
    let bare = Terms { observe: false, ..terms };
    let mut listener = Ok(None);
    if plan.has(Layer::Seccomp) {
        listener = install(&terms.program(), terms.observe).or_else(|error| {
            if terms.observe {
                facts.missing.push(format!("observer: this run cannot be observed ({error})"));
            }
            install(&bare.program(), bare.observe)
        });
    }
    let is_filtering = matches!(secure_computing_mode(), Ok(SecureComputingMode::Filter));
    let is_filtered = facts.note(
        Layer::Seccomp,
        plan.has(Layer::Seccomp) && listener.is_ok() && is_filtering,
        "system calls: not filtered; the kernel has no seccomp filters, or a container forbids them",
    );
    let listener = listener.unwrap_or_default();
    if listener.is_some() {
        facts.layers.push(Layer::Observer);
    }
    (is_filtered, listener)
}
