//! The parts of the system that every run may read. One list for both levels: bubblewrap binds and Landlock grants the
//! same paths.

/// Programs and libraries that every user of the machine may read and only root changes. `/bin` and its like are links
/// into `/usr` on most systems, and into `/nix/store` on NixOS. Folders in which programs keep data and sockets, such
/// as `/opt`, `/srv`, `/var`, `/snap` and `/home/linuxbrew`, are not included. From those, a run sees only the
/// installation of its interpreter, which its plan names.
pub(in crate::runner) const SYSTEM: &[&str] =
    &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"];

/// The parts of `/etc` that programs need: nothing secret, nothing that identifies this machine, its hosts or its
/// users' keys.
pub(in crate::runner) const ETC: &[&str] = &[
    // The loader: the locations of libraries, and the alternatives of programs.
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    // Time zone.
    "/etc/localtime",
    "/etc/timezone",
    // Names of users and groups, without passwords.
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/group",
    // Certificates for verifying others; private keys are in /etc/ssl/private.
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust",
    // Names of file types, protocols and services, and the identification of this system.
    "/etc/mime.types",
    "/etc/magic",
    "/etc/protocols",
    "/etc/services",
    "/etc/os-release",
    // Settings of interpreters, which fail to start if these are unreadable.
    "/etc/python3",
    "/etc/python3.11",
    "/etc/python3.12",
    "/etc/python3.13",
    "/etc/inputrc",
    // git fails if it may not read this file, which every user of the machine can read.
    "/etc/gitconfig",
    "/etc/terminfo",
];

/// The files that a run with the whole network needs to find hosts.
pub(in crate::runner) const ETC_NETWORK: &[&str] =
    &["/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/run/systemd/resolve/stub-resolv.conf"];

/// The files about itself that the tool's first process may read. Not the whole folder: its `net` is the host's
/// network, and its mounts reveal the locations of other files.
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

/// Numbers about the whole machine that interpreters and allocators read at start.
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

/// Devices without content. Not the terminal: a run receives its own as an open file, or none.
pub(in crate::runner) const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
