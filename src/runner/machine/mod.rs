//! The isolation that this machine can provide, determined once, and the level that a run gets.
//!
//! This is a plan, not a guarantee: the actual isolation of a run is verified in its own process.

pub(super) mod detached;
pub(super) mod open_files;
pub(super) mod proven;

use super::process::group::Cgroup;
use super::sandbox;
use super::supervisor::starter::Starter;
use super::supervisor::{self, find, needs, try_out};
use crate::domain::{IsolationLevel, WriteMode};
use crate::outside::Programs;
use proven::Proof;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// Users that no account has: systemd's range for users that exist only while a service runs
/// (`DynamicUser=`, systemd.io/UIDS-GIDS).
const USERS: std::ops::Range<u32> = 61_184..65_520;

const WITHOUT_BUBBLEWRAP: &str =
    "runs are confined at most, so a tool sees which files exist, and its writes cannot be staged";
const INSTALL_BUBBLEWRAP: &str = "install it: `apt-get install bubblewrap` (dnf, pacman and zypper use the same name)";

/// Why root of a small user namespace cannot run tools, and what to do.
const NO_USERS: &str = "this user namespace has no unused user IDs (61184 to 65519)";
const MAP_USERS: &str = "start Toolsmith as a normal user, or map 65536 users (`unshare --map-auto --map-root-user`)";

/// Landlock that also scopes signals and abstract sockets (Linux 6.12).
const LEAST_LANDLOCK: u32 = 6;

/// Which bubblewrap to use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Bubblewrap {
    /// The system's own, found on `PATH`.
    #[default]
    Auto,
    /// No bubblewrap: runs are at most confined.
    Off,
    /// The program at this absolute path.
    At(PathBuf),
}

/// The isolation of runs on this machine.
#[derive(Debug)]
pub struct Machine {
    wish: Bubblewrap,
    /// Starts this program again.
    starter: Arc<Starter>,
    /// The stored proof that bubblewrap works here.
    proof: Option<Proof>,
    programs: Arc<Programs>,
    bubblewrap: OnceLock<Result<PathBuf, String>>,
    landlock: OnceLock<u32>,
    next_user: AtomicU32,
}

/// One layer for `doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerFact {
    /// Name of the layer, such as `landlock`.
    pub name: &'static str,
    /// What it provides, or what is missing.
    pub state: Result<String, MissingLayer>,
}

/// A layer that this machine does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLayer {
    /// Why it is missing, and the consequences.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
}

/// How a run is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Means {
    pub(super) level: IsolationLevel,
    pub(super) bubblewrap: Option<PathBuf>,
    /// The user of the tool if Toolsmith runs as root.
    pub(super) user: Option<u32>,
}

impl Machine {
    /// Examines nothing yet. `program` is this program, which is started again for each run; `None` uses the running
    /// program.
    pub fn new(wish: Bubblewrap, program: Option<PathBuf>) -> Machine {
        let offset = std::process::id() % (USERS.end - USERS.start);
        let program = program.unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
        Machine {
            wish,
            starter: Arc::new(Starter::new(program)),
            proof: None,
            programs: Arc::default(),
            bubblewrap: OnceLock::new(),
            landlock: OnceLock::new(),
            next_user: AtomicU32::new(offset),
        }
    }

    /// Stores in this file that bubblewrap works here. No tool may be able to write to the file.
    #[must_use]
    pub fn remembering(self, file: PathBuf) -> Machine {
        Machine { proof: Some(Proof::at(file)), ..self }
    }

    /// Looks up bubblewrap with these programs.
    #[must_use]
    pub fn finding(self, programs: Arc<Programs>) -> Machine {
        Machine { programs, ..self }
    }

    /// Keeps no process ready for the next run: for processes that rarely start runs and must use little memory.
    #[must_use]
    pub fn keeping_nothing(self) -> Machine {
        let program = self.starter.program().clone();
        Machine { starter: Arc::new(Starter::keeping_nothing(program)), ..self }
    }

    pub(super) fn program(&self) -> &PathBuf {
        self.starter.program()
    }

    pub(super) fn starter(&self) -> Arc<Starter> {
        self.starter.clone()
    }

    /// The strongest level that this machine provides.
    pub fn level(&self) -> IsolationLevel {
        match (self.bubblewrap(), self.landlock()) {
            (Ok(_), LEAST_LANDLOCK..) => IsolationLevel::Isolated,
            (Err(_), LEAST_LANDLOCK..) => IsolationLevel::Confined,
            (_, _) => IsolationLevel::LimitsOnly,
        }
    }

    /// How to start a run that needs at least this level.
    ///
    /// # Errors
    /// One line that says why this level is not available here, and what to do.
    pub(super) fn means(&self, least: IsolationLevel) -> Result<Means, String> {
        let level = self.level();
        if !level.reaches(least) {
            let why = match (self.bubblewrap(), self.landlock()) {
                (_, abi @ ..LEAST_LANDLOCK) => {
                    format!("the kernel has Landlock version {abi}, but {LEAST_LANDLOCK} is required")
                }
                (Err(why), _) => why.clone(),
                (Ok(_), _) => "the isolation layers are not complete".to_owned(),
            };
            return Err(format!(
                "isolation {least} is required, but this machine provides {level}: {why}; {}, or lower the level for this stage in [isolation] in config.toml",
                needs(least)
            ));
        }
        if is_root_without_users() {
            return Err(format!("{NO_USERS}, which is required to run a tool as root; {MAP_USERS}"));
        }
        let bubblewrap = if level == IsolationLevel::Isolated { self.bubblewrap().clone().ok() } else { None };
        let user = rustix::process::getuid().is_root().then(|| self.user());
        Ok(Means { level, bubblewrap, user })
    }

    /// The write mode of a tool that may write directly. If Toolsmith runs as root, the tool runs as another user and
    /// cannot create files of root; therefore, its writes are staged.
    pub fn write_mode(&self, wanted: WriteMode) -> WriteMode {
        if rustix::process::getuid().is_root() { WriteMode::Staged } else { wanted }
    }

    /// An unused user ID, different for each run.
    fn user(&self) -> u32 {
        USERS.start + self.next_user.fetch_add(1, Ordering::Relaxed) % (USERS.end - USERS.start)
    }

    fn bubblewrap(&self) -> &Result<PathBuf, String> {
        self.bubblewrap.get_or_init(|| {
            let program = match &self.wish {
                Bubblewrap::Off => return Err("bubblewrap is disabled in config.toml".to_owned()),
                Bubblewrap::At(path) => find(&self.programs, Some(path))?,
                Bubblewrap::Auto => find(&self.programs, None)?,
            };
            let user = rustix::process::getuid().is_root().then_some(USERS.start);
            if self.proof.as_ref().is_some_and(|proof| proof.holds(&program, user)) {
                return Ok(program);
            }
            try_out(&program, user)?;
            if let Some(proof) = &self.proof {
                proof.keep(&program, user);
            }
            Ok(program)
        })
    }

    fn landlock(&self) -> u32 {
        *self.landlock.get_or_init(sandbox::landlock_version)
    }

    /// What a user should know before the first run: bubblewrap is missing or does not work, so runs are less isolated than
    /// they could be. `None` when it works, and when the settings turn it off.
    pub fn missing_bubblewrap(&self) -> Option<MissingLayer> {
        if self.wish == Bubblewrap::Off {
            return None;
        }
        let why = self.bubblewrap().as_ref().err()?;
        let hint = if why == supervisor::NOT_INSTALLED { INSTALL_BUBBLEWRAP } else { "" };
        Some(MissingLayer { message: format!("{why}: {WITHOUT_BUBBLEWRAP}"), hint })
    }

    /// How to get the level `isolated` on this machine.
    pub fn isolated_remedy(&self) -> &'static str {
        match self.wish {
            Bubblewrap::Off => "remove `bubblewrap` from [isolation] in config.toml",
            Bubblewrap::At(_) | Bubblewrap::Auto => "install bubblewrap (`toolsmith doctor` explains)",
        }
    }

    /// The state of each layer on this machine.
    pub fn layers(&self) -> Vec<LayerFact> {
        let missing = |message: String, hint| Err(MissingLayer { message, hint });
        let bubblewrap = match (self.bubblewrap(), self.missing_bubblewrap()) {
            (Ok(path), _) => Ok(format!("{} gives each run its own namespaces and file view", path.display())),
            (Err(_), Some(layer)) => Err(layer),
            (Err(why), None) => missing(format!("{why}: {WITHOUT_BUBBLEWRAP}"), self.isolated_remedy()),
        };
        let landlock = match self.landlock() {
            0 => missing(
                "the kernel has no Landlock, or it is disabled (lsm= on the kernel command line)".to_owned(),
                needs(IsolationLevel::Confined),
            ),
            abi @ ..LEAST_LANDLOCK => missing(
                format!("the kernel has Landlock version {abi}; {LEAST_LANDLOCK} (Linux 6.12) is required"),
                needs(IsolationLevel::Confined),
            ),
            abi => Ok(format!("version {abi}: restricts files, TCP ports, signals and abstract sockets")),
        };
        let user = if is_root_without_users() {
            missing(format!("{NO_USERS}, so no tool can run"), MAP_USERS)
        } else if rustix::process::getuid().is_root() {
            Ok(format!("you are root: tools run as unused users from ID {}", USERS.start))
        } else {
            Ok("tools run as you, without capabilities".to_owned())
        };
        vec![
            LayerFact { name: "bubblewrap", state: bubblewrap },
            LayerFact { name: "landlock", state: landlock },
            LayerFact { name: "user", state: user },
            LayerFact { name: "totals", state: totals() },
        ]
    }
}

/// How the limits for the total memory and processes of a run are enforced here.
fn totals() -> Result<String, MissingLayer> {
    match Cgroup::try_out() {
        Ok(()) => Ok("each run gets a control group: the kernel enforces its memory and process limits".to_owned()),
        Err(why) => Err(MissingLayer {
            message: format!(
                "runs get no control group ({why}); totals are only monitored: a run may briefly use up to twice its process limit and 1.5 times its memory limit"
            ),
            hint: "start Toolsmith where systemd delegates a control group to you: `systemd-run --user --scope -p Delegate=yes toolsmith`",
        }),
    }
}

/// Whether this is root in a user namespace that maps only one user, as created by `unshare --map-root-user`: no other
/// user ID is available.
fn is_root_without_users() -> bool {
    let is_root = rustix::process::getuid().is_root();
    // Where the map cannot be read, the change of users fails by itself.
    is_root && std::fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| !maps_users(&map))
}

/// Whether a map of users (user_namespaces(7): first user inside, first user outside, count) has all of [`USERS`].
fn maps_users(map: &str) -> bool {
    map.lines().any(|line| {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [inside, _, count] = numbers[..] else { return false };
        inside <= u64::from(USERS.start) && inside + count >= u64::from(USERS.end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_one_user_has_no_unused_users() {
        for (map, is_whole) in [
            ("         0          0 4294967295\n", true),
            ("         0       1000          1\n         1     100000      65536\n", true),
            ("         0       1000          1\n", false),
            ("         0     100000      65000\n", false),
            ("", false),
        ] {
            assert_eq!(maps_users(map), is_whole, "{map}");
        }
    }
}
