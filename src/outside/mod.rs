//! Programs that are started outside of the sandbox: the register of them, where each is found, which are trusted, and
//! the only constructor of a process for them.
//!
//! ```text
//!   a name ──Programs::find──▶ Trusted (judged, held open) ──Programs::launch──▶ Launch ──▶ the process
//!             settings, PATH                                  folder, variables: as its row of the register says
//! ```

mod account;
#[cfg(test)]
pub mod fixture;
mod groups;
mod launch;
mod mounts;
mod programs;
mod register;
mod shims;
mod surroundings;
mod trust;
mod variables;

pub use launch::{Launch, Unfinished};
pub use programs::{Asker, NoProgram, Programs, new_folder};
pub use register::{ExternalProgram, ProgramEntry, ProgramLookup, REGISTER, StartFolder, table};
pub use shims::behind as behind_shim;
pub use surroundings::{holds_more, surroundings};
pub use trust::{Distrust, Trust, Trusted};
pub use variables::{loads_code, steers_programs};

/// The folders in which programs are searched if the caller's `PATH` does not count. Only the system's owner writes to
/// them.
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
