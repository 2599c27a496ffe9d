//! The process that becomes the tool: takes its streams, loses its rights, sets up the sandbox layers, says what
//! is in force, and starts the program. Nothing after the sandbox layers allocates names or opens files.

use super::nest::Nest;
use super::plan::RunPlan;
use super::wire::{Inside, SandboxReport, send_packet};
use crate::runner::sandbox;
use rustix::fs::Mode;
use rustix::process::Signal;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// How much later than others the tool gets the processor (0 to 19): a screen goes before a spinning tool.
const NICENESS: i32 = 10;

/// What this process ends with when the program did not start; the packet says why.
const NOT_STARTED: i32 = 127;

/// How long background processes may finish writing after the tool's own process ended.
pub(super) const LINGER: Duration = Duration::from_millis(100);

/// How often it checks whether they have.
pub(super) const LOOK: Duration = Duration::from_millis(2);

/// The three streams of the tool, and what else it is given open.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
    /// Sockets of the host that it inherits, and the ends of its pipes, behind the standard three.
    pub(super) listeners: Vec<OwnedFd>,
}

/// Turns this process into the tool. Returns only when that failed, with what to exit with.
pub(super) fn become_tool(plan: &RunPlan, streams: &Streams, status: &OwnedFd, nest: Option<&Nest>) -> i32 {
    let prepared = nest.map_or(Ok(()), Nest::enter).and_then(|()| prepare(plan, streams, status));
    let told = match prepared {
        Ok(status) => {
            let (packet, listener, is_enough) = match sandbox::raise(&plan.walls) {
                Ok(raised) => {
                    let facts = SandboxReport { level: raised.level, layers: raised.layers, missing: raised.missing };
                    let is_enough = facts.level.reaches(plan.least);
                    let packet = if is_enough {
                        Inside::Raised(facts)
                    } else {
                        Inside::Refused { cause: too_weak(plan, &facts) }
                    };
                    (packet, raised.listener, is_enough)
                }
                Err(error) => (Inside::Refused { cause: error.to_string() }, None, false),
            };
            let fds: Vec<_> = listener.iter().map(AsFd::as_fd).collect();
            let sent = send_packet(&status, &packet, &fds);
            if !is_enough || sent.is_err() {
                return NOT_STARTED;
            }
            drop(listener);
            let error = start(plan);
            let errno = error.raw_os_error().unwrap_or(libc::EINVAL);
            send_packet(&status, &Inside::SpawnFailed { errno }, &[])
        }
        Err(error) => {
            send_packet(status, &Inside::Refused { cause: format!("its process could not be prepared: {error}") }, &[])
        }
    };
    // Nobody is left to tell when the socket is broken: the supervisor sees the end itself.
    let _ = told;
    NOT_STARTED
}

fn too_weak(plan: &RunPlan, facts: &SandboxReport) -> String {
    let why = if facts.missing.is_empty() { String::new() } else { format!(" ({})", facts.missing.join("; ")) };
    format!("this run would be only {}, but {} is required{why}", facts.level, plan.least)
}

/// Everything that needs rights or names which are gone behind the sandbox layers.
fn prepare(plan: &RunPlan, streams: &Streams, status: &OwnedFd) -> io::Result<OwnedFd> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::process::setsid()?;
    sandbox::default_signals();
    // A higher priority is no hole.
    let _ = rustix::process::nice(NICENESS);
    // As programs expect it: what they write to declared paths is read by others than their user.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    rustix::stdio::dup2_stdin(&streams.stdin)?;
    rustix::stdio::dup2_stdout(&streams.stdout)?;
    rustix::stdio::dup2_stderr(&streams.stderr)?;
    if let Some(user) = plan.user
        && rustix::process::getuid().is_root()
    {
        sandbox::become_user(user)?;
        // Changing the user takes the signal back.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    }
    rustix::process::chdir(&plan.view.scratch)?;
    // Last, for it may close what came before.
    sandbox::take_places(status, &streams.listeners, &plan.walls.limits)
}

fn start(plan: &RunPlan) -> io::Error {
    let mut command = Command::new(&plan.program);
    command.args(&plan.args).env_clear().envs(plan.env.0.iter().map(|(name, value)| (name, value)));
    if !plan.listeners.is_empty() {
        // As sd_listen_fds(3) wants it; the number is the one that this process has where the tool is.
        command.env("LISTEN_FDS", plan.listeners.len().to_string());
        command.env("LISTEN_FDNAMES", plan.listeners.join(":"));
        command.env("LISTEN_PID", rustix::process::getpid().to_string());
    }
    command.exec()
}
