//! Programs that are started outside of the sandbox: which of them are trusted, and how they are started.

#[cfg(test)]
pub mod fixture;
mod groups;
mod mounts;
mod surroundings;
mod trust;

pub use surroundings::{holds_more, surroundings};
pub use trust::{Distrust, Trust, Trusted};

/// Where programs are looked for when the caller's `PATH` does not count: folders that only the system's owner fills.
pub const FOLDERS: &[&str] = &[
    "/usr/local/bin",
    "/usr/bin",
    "/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
    "/run/current-system/sw/bin",
    "/nix/var/nix/profiles/default/bin",
    "/snap/bin",
];
