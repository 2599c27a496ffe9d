//! Which files a process may touch, held by the kernel (Landlock), with the two other things that Landlock can
//! hold: TCP, and signals and abstract sockets of processes outside.

use super::places::{DEVICES, ETC, ETC_NETWORK, PROC, SELF, SYSTEM};
use super::plan::WallPlan;
use crate::domain::{IsolationLevel, Network};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use rustix::fs::{Mode, OFlags};
use std::path::Path;

/// The newest version that is known here; what the kernel does not know of it is left out.
const NEWEST: ABI = ABI::V9;

/// The version that a level without a view of its own needs: it holds TCP, devices, and signals and abstract
/// sockets of others, each of which a namespace holds otherwise.
const NEEDED: ABI = ABI::V6;

/// The number of that version.
pub(super) const COMPLETE: u32 = NEEDED as u32;

/// What Landlock came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LandlockResult {
    /// Everything that the level needs.
    Fully,
    /// Less, or nothing: why, in words.
    Less(String),
}

/// The version of Landlock that this kernel offers; 0 for none.
pub(in crate::runner) fn landlock_version() -> u32 {
    const ASK_VERSION: u32 = 1;
    // SAFETY: with this flag the call takes no pointer and makes nothing.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0usize, ASK_VERSION) };
    u32::try_from(version).unwrap_or(0)
}

/// Confines this process and its descendants to the files of the plan, for good.
pub(super) fn hold(plan: &WallPlan) -> LandlockResult {
    let needed = needed(plan);
    let Err(error) = enforce(plan, needed) else { return LandlockResult::Fully };
    let why = match landlock_version() {
        0 => {
            "this kernel has no Landlock, or it is disabled (add lsm=landlock,… to the kernel command line)".to_owned()
        }
        offered if offered < needed as u32 => {
            format!("this kernel has Landlock version {offered}, but {} is required (Linux 6.12)", needed as u32)
        }
        offered => format!("Landlock version {offered} rejected the rules: {error}"),
    };
    // What there is, is better than nothing; it does not count.
    let _ = enforce(plan, ABI::Unsupported);
    LandlockResult::Less(why)
}

fn needed(plan: &WallPlan) -> ABI {
    let own_network = plan.network != Network::Full;
    if plan.level == IsolationLevel::Isolated && own_network { ABI::V1 } else { NEEDED }
}

fn enforce(plan: &WallPlan, needed: ABI) -> Result<(), RulesetError> {
    let mut ruleset = Ruleset::default();
    if needed != ABI::Unsupported {
        ruleset = ruleset.set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::from_all(needed))?;
        if holds_tcp(plan) && !AccessNet::from_all(needed).is_empty() {
            ruleset = ruleset.handle_access(AccessNet::from_all(needed))?;
        }
        if !Scope::from_all(needed).is_empty() {
            ruleset = ruleset.scope(Scope::from_all(needed))?;
        }
    }
    ruleset = ruleset.set_compatibility(CompatLevel::BestEffort).handle_access(AccessFs::from_all(NEWEST))?;
    if holds_tcp(plan) {
        ruleset = ruleset.handle_access(AccessNet::from_all(NEWEST))?;
    }
    let mut rules = ruleset.scope(Scope::from_all(NEWEST))?.create()?.set_compatibility(CompatLevel::BestEffort);
    for (path, access) in grants(plan) {
        rules = grant(rules, path, access)?;
    }
    rules.restrict_self()?;
    Ok(())
}

/// Whether TCP is refused. In a network of its own for loopback, and with the whole network, it is not.
fn holds_tcp(plan: &WallPlan) -> bool {
    match plan.network {
        Network::None => true,
        Network::Loopback => plan.level != IsolationLevel::Isolated,
        Network::Full => false,
    }
}

fn grants(plan: &WallPlan) -> Vec<(&Path, BitFlags<AccessFs>)> {
    let read = AccessFs::from_read(NEWEST);
    let look = AccessFs::ReadFile | AccessFs::ReadDir;
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    let mut grants: Vec<(&Path, BitFlags<AccessFs>)> = Vec::new();
    let mut put = |paths: &[&'static str], access| grants.extend(paths.iter().map(|path| (Path::new(*path), access)));
    put(SYSTEM, read);
    put(DEVICES, device);
    if plan.network == Network::Full {
        put(ETC_NETWORK, look);
    }
    if plan.level == IsolationLevel::Isolated {
        // Only what is on the list is there.
        put(&["/etc"], look);
        // Its own: only its processes are there, and what would change the machine is not writable.
        put(&["/proc"], look);
        put(&["/sys"], look);
        put(&["/dev/shm"], writing());
        // Terminals of its own; the one of whoever watches it is not among them.
        put(&["/dev/ptmx", "/dev/pts", "/dev/tty"], device);
    } else {
        put(ETC, look);
        put(PROC, look);
        put(SELF, look);
    }
    grants.extend(plan.read.iter().map(|path| (path.as_path(), read)));
    grants.extend(plan.write.iter().map(|path| {
        // A terminal that the run was given must also answer questions about itself.
        let is_device = path.starts_with("/dev") && path.as_path() != Path::new("/dev/shm");
        (path.as_path(), if is_device { device } else { writing() })
    }));
    grants
}

/// Everything but devices, and connecting to sockets that others may have put there.
fn writing() -> BitFlags<AccessFs> {
    let devices = AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev;
    AccessFs::from_all(NEWEST) & !(devices | AccessFs::ResolveUnix)
}

/// Adds a rule. A path that does not exist, or that cannot be opened, grants nothing. Rights that make no sense
/// for a file are left out by the library.
fn grant(rules: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> Result<RulesetCreated, RulesetError> {
    let Ok(fd) = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) else { return Ok(rules) };
    rules.add_rule(PathBeneath::new(fd, access))
}
