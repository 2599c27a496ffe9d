//! Restricts the files that a process may access, and also TCP, signals and abstract sockets of other processes. The
//! kernel enforces this (Landlock).

use super::places::{DEVICES, ETC, ETC_NETWORK, PROC, SELF, SYSTEM};
use super::plan::WallPlan;
use crate::domain::{IsolationLevel, Network};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use rustix::fs::{Mode, OFlags};
use std::path::Path;

/// The newest version that this code uses; features that the kernel does not know are left out.
const NEWEST: ABI = ABI::V9;

/// The version required by a level without a separate view: it controls TCP, devices, and signals and abstract sockets
/// of other processes, which are otherwise each isolated by a namespace.
const NEEDED: ABI = ABI::V6;

/// The number of that version.
pub(super) const COMPLETE: u32 = NEEDED as u32;

/// The effect of Landlock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LandlockResult {
    /// Everything that the level requires.
    Fully,
    /// Less, or nothing, with the reason.
    Less(String),
}

/// The version of Landlock that this kernel offers; 0 for none.
pub(in crate::runner) fn landlock_version() -> u32 {
    const ASK_VERSION: u32 = 1;
    // SAFETY: with this flag the call uses no pointer and creates nothing.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0usize, ASK_VERSION) };
    u32::try_from(version).unwrap_or(0)
}

/// Confines this process and its descendants to the files of the plan, permanently.
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
    // Partial protection is better than none; it does not count.
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

/// Whether TCP is refused. It is allowed in a separate network for loopback, and with the whole network.
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
        // Only listed files are visible.
        put(&["/etc"], look);
        // A separate `/proc`: it shows only the run's processes, and files that would change the machine are not
        // writable.
        put(&["/proc"], look);
        put(&["/sys"], look);
        put(&["/dev/shm"], writing());
        // Separate terminals; the terminal of the viewer is not among them.
        put(&["/dev/ptmx", "/dev/pts", "/dev/tty"], device);
    } else {
        put(ETC, look);
        put(PROC, look);
        put(SELF, look);
    }
    grants.extend(plan.read.iter().map(|path| (path.as_path(), read)));
    grants.extend(plan.write.iter().map(|path| {
        // Ioctl requests must also work on a terminal that the run received.
        let is_device = path.starts_with("/dev") && path.as_path() != Path::new("/dev/shm");
        (path.as_path(), if is_device { device } else { writing() })
    }));
    grants
}

/// Everything except creating devices, and connecting to sockets that other processes may have created.
fn writing() -> BitFlags<AccessFs> {
    let devices = AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev;
    AccessFs::from_all(NEWEST) & !(devices | AccessFs::ResolveUnix)
}

/// Adds a rule. A path that does not exist, or that cannot be opened, grants nothing. The library omits rights that
/// make no sense for a file.
fn grant(rules: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> Result<RulesetCreated, RulesetError> {
    let Ok(fd) = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) else { return Ok(rules) };
    rules.add_rule(PathBeneath::new(fd, access))
}
