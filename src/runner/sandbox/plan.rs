//! The plan of the sandbox that the process of the tool sets up around itself, and the verified result.

use crate::domain::{IsolationLevel, Network};
use rustix::process::Resource;
use serde::{Deserialize, Serialize};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// The namespaces of a separate view, as named in `/proc/self/ns`.
pub(super) const NAMESPACES: [&str; 6] = ["user", "pid", "mnt", "net", "ipc", "uts"];

/// The open file limit of one process of a run.
pub(in crate::runner) const USUAL_FILES: u64 = 256;

/// The open file limit of one process of a service, which may serve many connections at one time.
const SERVICE_FILES: u64 = 4096;

/// Descriptors above those that the process needs before it becomes the tool.
const SPARE_FILES: u64 = 64;

/// The lowest number of the descriptor for the socket to the supervisor.
const LEAST_STATUS_FD: u64 = 1000;

/// The first descriptor after the standard three: inherited listeners start there.
pub(in crate::runner) const FIRST_INHERITED: i32 = 3;

/// The sandbox that the process of the tool sets up around itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::runner) struct WallPlan {
    /// What to set up: `isolated` and `confined` everything; `limits-only` only limits, no new privileges and closed
    /// files. Namespaces are only checked here.
    pub(in crate::runner) level: IsolationLevel,
    /// The resource limits of one process.
    pub(in crate::runner) limits: ProcessLimits,
    /// Files and folders it may read and execute, recursively; nonexistent ones are skipped.
    pub(in crate::runner) read: Vec<PathBuf>,
    /// Files and folders it may read, execute and write, recursively; nonexistent ones are skipped.
    pub(in crate::runner) write: Vec<PathBuf>,
    /// The addresses it may reach.
    pub(in crate::runner) network: Network,
    /// How many listening sockets of the host it inherits, from [`FIRST_INHERITED`] on.
    pub(in crate::runner) inherited: u16,
    /// How many pipe ends it inherits after those, for calls of other tools.
    pub(in crate::runner) channel: u16,
    /// Whether another process receives the listener of the filter and answers it.
    pub(in crate::runner) observe: bool,
    /// Facts about the host outside the sandbox.
    pub(in crate::runner) host: HostFacts,
    /// Sandbox layers to leave out, in tests that prove their effect.
    #[cfg(test)]
    #[serde(default)]
    pub(in crate::runner) without: Vec<Layer>,
}

impl WallPlan {
    /// Whether a sandbox layer is set up. Always, except in tests that prove the effect of each.
    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests leave walls out")]
    pub(super) fn has(&self, _layer: Layer) -> bool {
        true
    }

    /// Whether a sandbox layer is set up.
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
    /// CPU time in seconds; it is killed one second later. `u64::MAX` for no limit.
    pub(in crate::runner) cpu_seconds: u64,
    /// The most threads of the user in total; `None` for no limit.
    pub(in crate::runner) threads: Option<u64>,
    /// Open files.
    pub(in crate::runner) files: u64,
}

impl ProcessLimits {
    /// The descriptor of the socket to the supervisor in the process that becomes the tool. It is above the highest
    /// descriptor of the tool, so that the tool cannot replace it. The filter allows messages through it.
    pub(in crate::runner) fn status_fd(&self) -> i32 {
        self.files.max(LEAST_STATUS_FD) as i32
    }

    /// Open files of each process of a service: as many as this process could give.
    pub(in crate::runner) fn service_files() -> u64 {
        let most = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        if most >= SERVICE_FILES + SPARE_FILES { SERVICE_FILES } else { LEAST_STATUS_FD - 1 }
    }
}

/// Facts about the host from the process that starts the tool, to distinguish the inside from the outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) struct HostFacts {
    /// The number of each namespace, by its name in `/proc/self/ns`.
    pub(in crate::runner) namespaces: Vec<(String, u64)>,
    /// A folder that exists outside and that the tool must not be able to read.
    pub(in crate::runner) canary: PathBuf,
}

impl HostFacts {
    /// The host as this process currently sees it.
    pub(in crate::runner) fn read(canary: PathBuf) -> HostFacts {
        HostFacts { namespaces: namespaces(), canary }
    }
}

/// The numbers of this process's namespaces; unreadable ones are left out.
pub(super) fn namespaces() -> Vec<(String, u64)> {
    let number = |name: &str| std::fs::metadata(format!("/proc/self/ns/{name}")).ok().map(|meta| meta.ino());
    NAMESPACES.iter().filter_map(|name| Some(((*name).to_owned(), number(name)?))).collect()
}

/// One sandbox layer, or one fact about the process, that was set up and then verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) enum Layer {
    /// Limits on memory, files, CPU time and threads.
    Rlimits,
    /// No inherited file stays open, except the standard three.
    ClosedFds,
    /// Programs cannot gain privileges.
    NoNewPrivs,
    /// It holds no capability.
    NoCapabilities,
    /// It does not run as root.
    UnprivilegedUser,
    /// The kernel opens only granted files for it.
    Landlock,
    /// The kernel refuses calls that no tool needs.
    Seccomp,
    /// Its calls are reported to an observer.
    Observer,
    /// The content of the state folder cannot be read.
    FileView,
    /// Separate user namespace.
    UserNamespace,
    /// Separate process namespace.
    PidNamespace,
    /// Separate mounts.
    MountNamespace,
    /// Separate network.
    NetworkNamespace,
    /// Separate shared memory and queues.
    IpcNamespace,
    /// Separate host name.
    UtsNamespace,
}

impl Layer {
    /// Its name in the record of a run.
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

/// The sandbox around the process now.
#[derive(Debug)]
pub(in crate::runner) struct Raised {
    /// The level that was verified.
    pub(in crate::runner) level: IsolationLevel,
    /// The names of the verified layers.
    pub(in crate::runner) layers: Vec<String>,
    /// What is weaker than the requested level or its name suggests, in words.
    pub(in crate::runner) missing: Vec<String>,
    /// The listener of the filter, if the run is observed; calls wait until it is answered.
    pub(in crate::runner) listener: Option<OwnedFd>,
}

/// Why not even the weakest level could be set up.
#[derive(Debug, thiserror::Error)]
#[error("set up the isolation layer {}: {cause}; {remedy}", layer.word())]
pub(in crate::runner) struct WallError {
    pub(in crate::runner) layer: Layer,
    /// The error of the kernel.
    #[source]
    pub(in crate::runner) cause: std::io::Error,
    pub(in crate::runner) remedy: &'static str,
}
