//! What the process that becomes the tool is to build around itself, and what then really stands.

use crate::domain::{IsolationLevel, Network};
use rustix::process::Resource;
use serde::{Deserialize, Serialize};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// The namespaces that a view of its own is made of, as `/proc/self/ns` names them.
pub(super) const NAMESPACES: [&str; 6] = ["user", "pid", "mnt", "net", "ipc", "uts"];

/// Open files of one process of a run.
pub(in crate::runner) const USUAL_FILES: u64 = 256;

/// Open files of one process of a service, which may serve many connections at one time.
const SERVICE_FILES: u64 = 4096;

/// Places above those files that the process needs before it becomes the tool.
const SPARE_FILES: u64 = 64;

/// The least number at which the socket to the supervisor is.
const LEAST_STATUS_FD: u64 = 1000;

/// The first number behind the standard three: there the inherited listeners are.
pub(in crate::runner) const FIRST_INHERITED: i32 = 3;

/// What the process that becomes the tool builds around itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::runner) struct WallPlan {
    /// What to raise: `isolated` and `confined` everything, `limits-only` limits, no new privileges and closed
    /// files only. Namespaces are not raised here, only checked.
    pub(in crate::runner) level: IsolationLevel,
    /// What one process may use.
    pub(in crate::runner) limits: ProcessLimits,
    /// Files and folders it may read and execute, with all below; what does not exist is passed over.
    pub(in crate::runner) read: Vec<PathBuf>,
    /// Files and folders it may read, execute and write, with all below; what does not exist is passed over.
    pub(in crate::runner) write: Vec<PathBuf>,
    /// Which addresses it may reach.
    pub(in crate::runner) network: Network,
    /// How many listening sockets of the host it inherits, from [`FIRST_INHERITED`] on.
    pub(in crate::runner) inherited: u16,
    /// How many ends of pipes it inherits behind those, to ask for calls of other tools.
    pub(in crate::runner) channel: u16,
    /// Whether somebody takes the listener of the filter and answers it.
    pub(in crate::runner) observe: bool,
    /// How the host looks from outside.
    pub(in crate::runner) host: HostFacts,
    /// Sandbox layers to leave out, to prove that they are what holds.
    #[cfg(test)]
    #[serde(default)]
    pub(in crate::runner) without: Vec<Layer>,
}

impl WallPlan {
    /// Whether a sandbox layer is to be set up. Always, but in tests that prove what each of them holds.
    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests leave walls out")]
    pub(super) fn has(&self, _layer: Layer) -> bool {
        true
    }

    /// Whether a sandbox layer is to be set up.
    #[cfg(test)]
    pub(super) fn has(&self, layer: Layer) -> bool {
        !self.without.contains(&layer)
    }
}

/// Limits of one process, as the kernel understands them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) struct ProcessLimits {
    /// Private memory in bytes.
    pub(in crate::runner) data_bytes: u64,
    /// Each file written, in bytes.
    pub(in crate::runner) file_bytes: u64,
    /// CPU time in seconds; a second later it is killed. `u64::MAX` for no limit.
    pub(in crate::runner) cpu_seconds: u64,
    /// Threads that the user may have in all; `None` for no bound.
    pub(in crate::runner) threads: Option<u64>,
    /// Open files.
    pub(in crate::runner) files: u64,
}

impl ProcessLimits {
    /// Where the socket to the supervisor is in the process that becomes the tool: above the numbers of the files that
    /// the tool may open, so that it cannot put something else there. The filter lets messages through it pass.
    pub(in crate::runner) fn status_fd(&self) -> i32 {
        self.files.max(LEAST_STATUS_FD) as i32
    }

    /// Open files of each process of a service: as many as this process could give.
    pub(in crate::runner) fn service_files() -> u64 {
        let most = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        if most >= SERVICE_FILES + SPARE_FILES { SERVICE_FILES } else { LEAST_STATUS_FD - 1 }
    }
}

/// How the host looks to whoever starts the tool, so that the inside can be told from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) struct HostFacts {
    /// The number of each namespace, by the name in `/proc/self/ns`.
    pub(in crate::runner) namespaces: Vec<(String, u64)>,
    /// A folder that exists outside and that the tool must not be able to read.
    pub(in crate::runner) canary: PathBuf,
}

impl HostFacts {
    /// The host as this process sees it now.
    pub(in crate::runner) fn read(canary: PathBuf) -> HostFacts {
        HostFacts { namespaces: namespaces(), canary }
    }
}

/// The numbers of this process's namespaces; what cannot be read is left out.
pub(super) fn namespaces() -> Vec<(String, u64)> {
    let number = |name: &str| std::fs::metadata(format!("/proc/self/ns/{name}")).ok().map(|meta| meta.ino());
    NAMESPACES.iter().filter_map(|name| Some(((*name).to_owned(), number(name)?))).collect()
}

/// One sandbox layer, or one fact about the process, that was raised and then verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) enum Layer {
    /// Limits on memory, files, CPU time and threads.
    Rlimits,
    /// No file of whoever started it stays open, but the standard three.
    ClosedFds,
    /// Programs cannot give it more rights than it has.
    NoNewPrivs,
    /// It holds no capability.
    NoCapabilities,
    /// It does not run as root.
    UnprivilegedUser,
    /// The kernel opens for it only the files that were granted.
    Landlock,
    /// The kernel refuses it the calls that no tool needs.
    Seccomp,
    /// Its calls are told to an observer.
    Observer,
    /// What the state folder holds cannot be read.
    FileView,
    /// Users of its own.
    UserNamespace,
    /// Processes of its own.
    PidNamespace,
    /// Mounts of its own.
    MountNamespace,
    /// A network of its own.
    NetworkNamespace,
    /// Shared memory and queues of its own.
    IpcNamespace,
    /// A host name of its own.
    UtsNamespace,
}

impl Layer {
    /// The word for it in the record of a run.
    pub(in crate::runner) const fn word(self) -> &'static str {
        match self {
            Layer::Rlimits => "rlimits",
            Layer::ClosedFds => "closed-fds",
            Layer::NoNewPrivs => "no-new-privs",
            Layer::NoCapabilities => "no-capabilities",
            Layer::UnprivilegedUser => "unprivileged-user",
            Layer::Landlock => "landlock",
            Layer::Seccomp => "seccomp",
            Layer::Observer => "observer",
            Layer::FileView => "file-view",
            Layer::UserNamespace => "user-namespace",
            Layer::PidNamespace => "pid-namespace",
            Layer::MountNamespace => "mount-namespace",
            Layer::NetworkNamespace => "network-namespace",
            Layer::IpcNamespace => "ipc-namespace",
            Layer::UtsNamespace => "uts-namespace",
        }
    }
}

/// What stands around the process now.
#[derive(Debug)]
pub(in crate::runner) struct Raised {
    /// The level that was verified.
    pub(in crate::runner) level: IsolationLevel,
    /// The layers that were verified, by their words.
    pub(in crate::runner) layers: Vec<String>,
    /// What is weaker than the level that was asked for, or than its name suggests, in words.
    pub(in crate::runner) missing: Vec<String>,
    /// The listener of the filter, when the run is observed; calls wait until somebody answers it.
    pub(in crate::runner) listener: Option<OwnedFd>,
}

/// Why not even the weakest level could be raised.
#[derive(Debug, thiserror::Error)]
#[error("set up the isolation layer {}: {cause}; {remedy}", layer.word())]
pub(in crate::runner) struct WallError {
    pub(in crate::runner) layer: Layer,
    /// What the kernel says.
    #[source]
    pub(in crate::runner) cause: std::io::Error,
    pub(in crate::runner) remedy: &'static str,
}
