//! The inner stage as a copy of the supervisor that joins the view made by bubblewrap.
//!
//! Starting this program again behind bubblewrap costs more than everything else that the inner stage does. So
//! bubblewrap creates the namespaces and mounts but starts nothing. It reports the user mapping, and waits for a byte
//! when everything is ready. The byte is sent once the namespaces are open here; they then remain when their first
//! process ends. bubblewrap closes the socket that the byte came through, which signals that everything is ready.
//!
//! Meanwhile, the parts that change from run to run, or are slow in bubblewrap, are prepared here: devices, `/etc`, the
//! scratch folder, the version's files.
//!
//! The inner stage is in the PID namespace of the supervisor, not of bubblewrap: no process inside can number it. Its
//! signals reach only its children.
//!
//! Not used for staged writes and trials, which need a `/proc` that shows the inner stage.

use super::inner::{Kit, begin, mount_scratch, mount_tool, raise_oom_score, refuse};
use super::mounts::SEALED;
use super::plan::RunPlan;
use super::wire::{Inside, send_packet};
use super::{devices, etc};
use crate::domain::Network;
use crate::runner::overlay::Layers;
use crate::runner::sandbox::{self, Namespaces};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::CWD;
use rustix::io::{Errno, FdFlags};
use rustix::mount::{MountFlags, MoveMountFlags, OpenTreeFlags};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;
use rustix::process::{Gid, Pid, PidfdFlags, Signal, Uid};
use serde::Deserialize;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// The maximum size of bubblewrap's report, in bytes.
const MAX_INFO: u64 = 4096;

/// A folder that exists on every system, used as a mount point in a separate mount namespace. bubblewrap needs it as
/// well.
const BENCH: &str = "/tmp";

/// The user ID without a mapping in a user namespace (`/proc/sys/kernel/overflowuid`, unless changed).
const NOBODY: u32 = 65_534;

/// How often it is checked whether bubblewrap has mapped the user, because there is no notification.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000 };

/// Whether the inner stage of this run can be a copy.
pub(super) fn is_possible(plan: &RunPlan) -> bool {
    plan.trials.is_none() && plan.view.stages.is_empty()
}

/// The descriptors through which bubblewrap reports.
#[derive(Debug)]
pub(super) struct JoinPipes {
    /// The report about the namespaces.
    info: OwnedFd,
    /// Signals that the view is ready.
    ready: OwnedFd,
}

/// The other ends, inherited by bubblewrap.
#[derive(Debug)]
pub(super) struct InheritedEnds {
    info: OwnedFd,
    ready: OwnedFd,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Info {
    child_pid: i32,
}

/// Why the view was not joined.
enum Shut {
    /// bubblewrap failed, and reports the reason itself.
    Failed,
    Broken(io::Error),
}

impl From<io::Error> for Shut {
    fn from(error: io::Error) -> Shut {
        Shut::Broken(error)
    }
}

impl From<Errno> for Shut {
    fn from(error: Errno) -> Shut {
        Shut::Broken(error.into())
    }
}

/// Creates both ends. The process must have one thread, because children inherit the second until it is closed.
///
/// # Errors
/// If no descriptor is left.
pub(super) fn pipes() -> io::Result<(JoinPipes, InheritedEnds)> {
    let (info, tell) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let (ready, close) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    for end in [&tell, &close] {
        rustix::io::fcntl_setfd(end, FdFlags::empty())?;
    }
    Ok((JoinPipes { info, ready }, InheritedEnds { info: tell, ready: close }))
}

impl InheritedEnds {
    /// The arguments of bubblewrap for them.
    pub(super) fn words(&self) -> [String; 4] {
        let number = |fd: &OwnedFd| fd.as_raw_fd().to_string();
        ["--info-fd".to_owned(), number(&self.info), "--block-fd".to_owned(), number(&self.ready)]
    }
}

/// The inner stage: a copy of the supervisor. Returns the exit code.
pub(super) fn play(kit: Kit, socket: &OwnedFd, pipes: JoinPipes) -> i32 {
    let supervisor = rustix::process::getppid();
    raise_oom_score();
    match enter(&kit, socket, pipes, supervisor) {
        Ok(()) => begin(kit, socket, &Layers::default()),
        Err(Shut::Failed) => 1,
        Err(Shut::Broken(error)) => {
            refuse(socket, format!("the namespaces of bubblewrap could not be joined: {error}"))
        }
    }
}

fn enter(kit: &Kit, socket: &OwnedFd, pipes: JoinPipes, supervisor: Option<Pid>) -> Result<(), Shut> {
    let plan = &kit.plan;
    let mut text = Vec::new();
    File::from(pipes.info).take(MAX_INFO).read_to_end(&mut text)?;
    let info: Info = serde_json::from_slice(&text).map_err(|_| Shut::Failed)?;
    let child = Pid::from_raw(info.child_pid).ok_or(Shut::Failed)?;
    let child = rustix::process::pidfd_open(child, PidfdFlags::empty()).map_err(|_| Shut::Failed)?;
    let namespaces = Namespaces::of(&child, plan.network != Network::Full)?;
    // bubblewrap may end from now on.
    rustix::net::send(&pipes.ready, &[1], SendFlags::NOSIGNAL).map_err(|_| Shut::Failed)?;
    if let Some(user) = plan.user {
        sandbox::become_user(user)?;
    }
    let own = (rustix::process::getuid(), rustix::process::getgid());
    namespaces.join_users()?;
    await_names(own, &pipes.ready)?;
    // In a separate mount namespace, while bubblewrap builds the rest.
    let trees = prepare(kit)?;
    let prepared_in = sandbox::present_mounts()?;
    wait(&pipes.ready)?;
    namespaces.join()?;
    for (place, tree) in trees {
        rustix::mount::move_mount(tree, "", CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    }
    rustix::mount::mount_remount("/", MountFlags::BIND | SEALED, c"")?;
    rustix::process::chdir("/")?;
    // Changing the user resets this, so it is set only now; the parent may have ended meanwhile.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if rustix::process::getppid() != supervisor {
        return Err(Shut::Failed);
    }
    sandbox::keep_signals_inside()?;
    // The supervisor keeps the mounts open, because unmounting takes longer than everything else at the end.
    send_packet(socket, &Inside::Joined, &[namespaces.mounts(), prepared_in.as_fd()])?;
    Ok(())
}

/// Prepares the mounts that bubblewrap does not make, with their targets.
fn prepare(kit: &Kit) -> io::Result<Vec<(&Path, OwnedFd)>> {
    let view = &kit.plan.view;
    sandbox::own_mounts()?;
    devices::make()?;
    let mut trees = vec![(Path::new("/dev"), copy("/dev")?)];
    if etc::is_chosen_inside(&kit.plan) {
        etc::choose(&kit.plan)?;
        trees.push((Path::new("/etc"), copy("/etc")?));
    }
    mount_scratch(&kit.plan.limits, Path::new(BENCH))?;
    kit.lay_out_state(Path::new(BENCH), None)?;
    trees.push((&view.scratch, copy(BENCH)?));
    mount_tool(kit, Path::new(BENCH))?;
    trees.push((&view.tool, copy(BENCH)?));
    Ok(trees)
}

/// The mounts at a path and below, detached.
fn copy(path: &str) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    Ok(rustix::mount::open_tree(CWD, path, flags)?)
}

/// Waits until bubblewrap has mapped this user, which it does first: an unmapped user cannot create files there. The
/// user ID is the same as outside.
fn await_names(own: (Uid, Gid), ready: &OwnedFd) -> Result<(), Shut> {
    let has_name = || (rustix::process::getuid(), rustix::process::getgid()) == own;
    // A user whose ID is that of unmapped users cannot detect the mapping, and waits until the view is ready.
    let can_tell = ![own.0.as_raw(), own.1.as_raw()].contains(&NOBODY);
    while !(can_tell && has_name()) {
        let mut wanted = [PollFd::new(ready, PollFlags::IN)];
        match rustix::event::poll(&mut wanted, Some(&LOOK)) {
            Ok(0) | Err(Errno::INTR) => {}
            // bubblewrap has ended or is done.
            Ok(_) => return if has_name() { Ok(()) } else { Err(Shut::Failed) },
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Waits until bubblewrap has read the byte and closed the socket. If bubblewrap fails, the byte remains unread.
fn wait(ready: &OwnedFd) -> Result<(), Shut> {
    loop {
        match rustix::io::read(ready, &mut [0; 1]) {
            Ok(0) => return Ok(()),
            Ok(_) | Err(Errno::CONNRESET) => return Err(Shut::Failed),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
