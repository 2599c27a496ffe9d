//! bubblewrap: which program it is, whether it works here, and its arguments.
//!
//! It is an installed program that is never bundled or trusted: its result is verified from inside.

use super::plan::RunPlan;
use super::reach::Reach;
use super::{devices, etc, join};
use crate::domain::{IsolationLevel, Network};
use crate::outside::{ExternalProgram, Launch, NoProgram, Programs, Trust};
use crate::runner::overlay;
use crate::runner::sandbox::SYSTEM;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The time limit of a test run.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no bubblewrap on most machines without it.
pub(in crate::runner) const NOT_INSTALLED: &str = "bubblewrap is not installed";

/// Finds bubblewrap: the one at a path named by the user, otherwise the system's own.
///
/// # Errors
/// Why there is none, in words.
pub(in crate::runner) fn find(programs: &Programs, named: Option<&Path>) -> Result<PathBuf, String> {
    let name = named.unwrap_or(Path::new("bwrap"));
    let found = programs.find(ExternalProgram::Bubblewrap, name.as_os_str()).map_err(|why| match why {
        NoProgram::Absent(..) => NOT_INSTALLED.to_owned(),
        NoProgram::Distrusted(path, why) => format!("bubblewrap is not used, {path}: {why}"),
    });
    found.map(|program| program.path().to_owned())
}

/// What happens in the view after it is built.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then<'a> {
    /// bubblewrap starts this command there.
    Start(&'a [OsString]),
    /// bubblewrap reports through these descriptors that the view is ready, and the inner stage joins it.
    Tell(&'a join::InheritedEnds),
}

/// The arguments that build the view of a plan.
pub(super) fn arguments(plan: &RunPlan, reach: &Reach, then: Then<'_>) -> Vec<OsString> {
    let mut args = Args::default();
    args.put(&["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]);
    if plan.network != Network::Full {
        args.put(&["--unshare-net"]);
    }
    // The inner stage adopts orphans itself; an extra bubblewrap process for that would only cost time.
    args.put(&["--as-pid-1"]);
    args.put(&["--die-with-parent", "--new-session", "--hostname", "toolsmith", "--clearenv", "--cap-drop", "ALL"]);
    match then {
        Then::Start(_) => args.put(&["--cap-add", "CAP_SYS_ADMIN"]),
        Then::Tell(ends) => args.0.extend(ends.words().map(OsString::from)),
    }
    if !plan.view.stages.is_empty() {
        // Measured: overlayfs works in a folder of mode 0 and answers EACCES to a mounter without this.
        args.put(&["--cap-add", "CAP_DAC_OVERRIDE"]);
    }
    for folder in SYSTEM {
        args.system(Path::new(folder));
    }
    if etc::is_chosen_inside(plan) {
        match then {
            Then::Start(_) => args.put(&["--ro-bind", "/etc", "/etc"]),
            // The inner stage mounts its own.
            Then::Tell(_) => args.put(&["--dir", "/etc"]),
        }
    } else {
        args.put(&["--dir", "/etc"]);
        for file in etc::files(plan) {
            args.bind("--ro-bind-try", file);
        }
    }
    args.put(&["--proc", "/proc"]);
    match then {
        Then::Start(_) => {
            let size = devices::SHARED_MEMORY.to_string();
            args.put(&["--dev", "/dev", "--size", &size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]);
        }
        Then::Tell(_) => args.put(&["--dir", "/dev"]),
    }
    for path in overlay::visible(&plan.view.stages, &plan.view.read) {
        args.0.extend(["--ro-bind".into(), reach.source(&path).into(), path.into()]);
    }
    for stage in plan.view.stages.iter().filter(|stage| !stage.shows) {
        args.0.extend(["--dir".into(), (&stage.root).into()]);
    }
    for write in &plan.view.write {
        args.bind("--bind", &write.path);
        for path in write.protected.iter().filter(|path| path.exists()) {
            args.bind("--ro-bind", path);
        }
    }
    for folder in [&plan.view.tool, &plan.view.scratch] {
        args.0.extend(["--dir".into(), folder.into()]);
    }
    // A folder with declared paths in it cannot also be a link; then only TMPDIR leads to the scratch folder.
    if plan.view.leaves("/tmp") {
        args.0.extend(["--symlink".into(), plan.view.scratch.clone().into_os_string(), "/tmp".into()]);
    }
    match then {
        Then::Start(command) => {
            args.put(&["--chdir", "/", "--remount-ro", "/", "--"]);
            args.0.extend(command.iter().cloned());
        }
        // An invalid program: bubblewrap ends there, and its message is ignored.
        Then::Tell(_) => args.put(&["--chdir", "/", "--", "/"]),
    }
    args.0
}

#[derive(Default)]
struct Args(Vec<OsString>);

impl Args {
    fn put(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn bind(&mut self, how: &str, path: &Path) {
        self.0.extend([how.into(), path.into(), path.into()]);
    }

    /// Binds a system folder, or creates the link that it is.
    fn system(&mut self, folder: &Path) {
        match std::fs::read_link(folder) {
            Ok(target) => self.0.extend(["--symlink".into(), target.into_os_string(), folder.into()]),
            Err(_) => self.bind("--ro-bind-try", folder),
        }
    }
}

/// Identifies the PID namespace of a process (`namespaces(7)`).
const OWN_PROCESSES: &str = "/proc/self/ns/pid";

/// Tests whether bubblewrap works here: starts a program that reports whether its namespaces are separate.
///
/// # Errors
/// The message of bubblewrap, with a remedy if known.
pub(in crate::runner) fn try_out(program: &Path, user: Option<u32>) -> Result<(), String> {
    let found = Trust::default().named_program(program).map_err(|why| format!("bubblewrap is not used: {why}"))?;
    // As the first process there, it leaves no orphans that only the host's first process could reap.
    let mut bubblewrap = Launch::new(found).args([
        "--unshare-user",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--die-with-parent",
        "--as-pid-1",
        "--cap-drop",
        "ALL",
        "--cap-add",
        "CAP_SYS_ADMIN",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--",
        "/bin/readlink",
        OWN_PROCESSES,
    ]);
    if let Some(user) = user {
        bubblewrap = bubblewrap.user(user);
    }
    let answer = bubblewrap.finish(None, PATIENCE).map_err(|why| format!("bubblewrap could not be started: {why}"))?;
    if !answer.status.success() {
        return Err(explain(&String::from_utf8_lossy(&answer.stderr)));
    }
    // A program of that name that builds nothing also succeeds.
    let inside = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    let here = std::fs::read_link(OWN_PROCESSES).unwrap_or_default();
    if inside.starts_with("pid:") && Path::new(&inside) != here {
        return Ok(());
    }
    Err(format!(
        "{} is not bubblewrap or has no effect: the started program had no separate namespaces",
        program.display()
    ))
}

/// The message of bubblewrap, with its usual cause and remedy.
pub(in crate::runner) fn explain(said: &str) -> String {
    let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it ended without a message").trim();
    let remedy = if said.contains("No permissions to create new namespace") || said.contains("user namespace") {
        "; user namespaces are disabled: set sysctl kernel.unprivileged_userns_clone=1, or allow them in the container"
    } else if said.contains("setting up uid map") || said.contains("RTM_NEWADDR") || said.contains("Permission denied")
    {
        "; on Ubuntu 24.04 and later AppArmor forbids it: install and load the profile bwrap-userns-restrict"
    } else if said.contains("proc") {
        "; this container hides parts of /proc: run it with an unmasked /proc"
    } else {
        ""
    };
    format!("bubblewrap does not work here: {said}{remedy}")
}

/// What a level needs, if it is unavailable.
pub(in crate::runner) fn needs(level: IsolationLevel) -> &'static str {
    match level {
        IsolationLevel::Isolated => "install bubblewrap",
        IsolationLevel::Confined => "use a kernel with Landlock (5.13 or newer, 6.12 for signals)",
        IsolationLevel::LimitsOnly | IsolationLevel::None => "nothing to do",
    }
}
