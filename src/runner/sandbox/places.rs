//! What of the system every run may read. One list for both levels: what bubblewrap binds and what Landlock
//! grants are the same.

/// Programs and libraries that every user of the machine may read and only root changes. `/bin` and its like are links
/// into `/usr` on most systems, and into `/nix/store` on NixOS. Folders that programs keep data and sockets in, such as
/// `/opt`, `/srv`, `/var`, `/snap` and `/home/linuxbrew`, are not among them: of those a run sees the installation of its
/// interpreter, which its plan names.
pub(in crate::runner) const SYSTEM: &[&str] =
    &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"];

/// What programs need of `/etc`: nothing secret, nothing that names this machine, its hosts or its users' keys.
pub(in crate::runner) const ETC: &[&str] = &[
    // The loader: where libraries are, and which program a general name stands for.
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    // The time of day.
    "/etc/localtime",
    "/etc/timezone",
    // Names of users and groups; passwords are elsewhere.
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/group",
    // Certificates to check others by; private keys lie in /etc/ssl/private.
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust",
    // Kinds of files, protocols and services by name, and which system this is.
    "/etc/mime.types",
    "/etc/magic",
    "/etc/protocols",
    "/etc/services",
    "/etc/os-release",
    // Settings of interpreters, which fail to start where they cannot be read.
    "/etc/python3",
    "/etc/python3.11",
    "/etc/python3.12",
    "/etc/python3.13",
    "/etc/inputrc",
    // git stops where it may not read this; a file that every user of the machine can read.
    "/etc/gitconfig",
    "/etc/terminfo",
];

/// What a run with the whole network needs to find hosts.
pub(in crate::runner) const ETC_NETWORK: &[&str] =
    &["/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/run/systemd/resolve/stub-resolv.conf"];

/// What the tool's first process may read about itself. Not the whole folder: `net` in it is the host's network, and
/// its mounts say what else is where.
pub(in crate::runner) const SELF: &[&str] = &[
    "/proc/self/auxv",
    "/proc/self/cgroup",
    "/proc/self/cmdline",
    "/proc/self/comm",
    "/proc/self/environ",
    "/proc/self/fd",
    "/proc/self/io",
    "/proc/self/limits",
    "/proc/self/maps",
    "/proc/self/smaps",
    "/proc/self/stat",
    "/proc/self/statm",
    "/proc/self/status",
];

/// Numbers about the whole machine that interpreters and allocators ask for at their start.
pub(in crate::runner) const PROC: &[&str] = &[
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/version",
    "/proc/filesystems",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/ngroups_max",
    "/proc/sys/kernel/cap_last_cap",
    "/proc/sys/kernel/pid_max",
    "/proc/sys/kernel/random/uuid",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/vm/max_map_count",
    "/proc/sys/fs/pipe-max-size",
    "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/possible",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
];

/// Devices that hold nothing. Not the terminal: a run gets its own as an open file, or none.
pub(in crate::runner) const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
