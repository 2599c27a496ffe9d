//! The inner stage as a copy of the supervisor, which joins what bubblewrap made.
//!
//! To start this program again behind bubblewrap costs more than everything else that the inner stage does. So
//! bubblewrap makes the namespaces and mounts and starts nothing: it says who it makes them for, and when all is made
//! it waits for a byte. That comes as soon as we have opened the namespaces, which then stay when their first process
//! ends. It closes the socket that the byte came through, which tells us that all is made.
//!
//! Meanwhile we prepare what changes from run to run, or is dear for bubblewrap: devices, `/etc`, the scratch folder, the
//! version's files.
//!
//! The inner stage is in none of bubblewrap's processes, but where the supervisor is: no process inside can number it.
//! Its own signals reach only what it starts.
//!
//! Not for staged writes and trials, which need a `/proc` that shows the inner stage.

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

/// More than bubblewrap says of what it made, in bytes.
const MAX_INFO: u64 = 4096;

/// A folder that every system has, to mount on in mounts of our own. bubblewrap needs it as well.
const BENCH: &str = "/tmp";

/// What everybody is called who has no name in a user namespace (`/proc/sys/kernel/overflowuid`, unless changed).
const NOBODY: u32 = 65_534;

/// How often it is looked whether bubblewrap has said who we are, which nothing announces.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000 };

/// Whether the inner stage of this run can be a copy.
pub(super) fn is_possible(plan: &RunPlan) -> bool {
    plan.trials.is_none() && plan.view.stages.is_empty()
}

/// What bubblewrap tells us through.
#[derive(Debug)]
pub(super) struct JoinPipes {
    /// Who the namespaces are for.
    info: OwnedFd,
    /// That all is made.
    ready: OwnedFd,
}

/// The other ends, which bubblewrap inherits.
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

/// Why nothing was joined.
enum Shut {
    /// bubblewrap failed, and says why itself.
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

/// Makes both ends. The process must have one thread: whatever it starts before the second is closed inherits it.
///
/// # Errors
/// When no descriptor is left.
pub(super) fn pipes() -> io::Result<(JoinPipes, InheritedEnds)> {
    let (info, tell) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let (ready, close) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    for end in [&tell, &close] {
        rustix::io::fcntl_setfd(end, FdFlags::empty())?;
    }
    Ok((JoinPipes { info, ready }, InheritedEnds { info: tell, ready: close }))
}

impl InheritedEnds {
    /// What bubblewrap is told of them.
    pub(super) fn words(&self) -> [String; 4] {
        let number = |fd: &OwnedFd| fd.as_raw_fd().to_string();
        ["--info-fd".to_owned(), number(&self.info), "--block-fd".to_owned(), number(&self.ready)]
    }
}

/// The inner stage: a copy of the supervisor. Returns what to exit with.
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
    // It may end from now on.
    rustix::net::send(&pipes.ready, &[1], SendFlags::NOSIGNAL).map_err(|_| Shut::Failed)?;
    if let Some(user) = plan.user {
        sandbox::become_user(user)?;
    }
    let own = (rustix::process::getuid(), rustix::process::getgid());
    namespaces.join_users()?;
    await_names(own, &pipes.ready)?;
    // In mounts of our own, while bubblewrap makes the rest.
    let trees = prepare(kit)?;
    let prepared_in = sandbox::present_mounts()?;
    wait(&pipes.ready)?;
    namespaces.join()?;
    for (place, tree) in trees {
        rustix::mount::move_mount(tree, "", CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    }
    rustix::mount::mount_remount("/", MountFlags::BIND | SEALED, c"")?;
    rustix::process::chdir("/")?;
    // Changing users takes it back, so it is only said now; meanwhile it may have ended.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if rustix::process::getppid() != supervisor {
        return Err(Shut::Failed);
    }
    sandbox::keep_signals_inside()?;
    // It holds the mounts as well: to take them down takes longer than all else at the end.
    send_packet(socket, &Inside::Joined, &[namespaces.mounts(), prepared_in.as_fd()])?;
    Ok(())
}

/// Prepares what is not bubblewrap's, and where it belongs.
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

/// The mounts at a path and below, attached nowhere.
fn copy(path: &str) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    Ok(rustix::mount::open_tree(CWD, path, flags)?)
}

/// Waits until bubblewrap has said who we are among its users, which it does first of all: nobody without a name can
/// make a file there. It stays the number that it is outside.
fn await_names(own: (Uid, Gid), ready: &OwnedFd) -> Result<(), Shut> {
    let has_name = || (rustix::process::getuid(), rustix::process::getgid()) == own;
    // Whoever is called what all are called who have no name cannot tell, and waits until all is made.
    let can_tell = ![own.0.as_raw(), own.1.as_raw()].contains(&NOBODY);
    while !(can_tell && has_name()) {
        let mut wanted = [PollFd::new(ready, PollFlags::IN)];
        match rustix::event::poll(&mut wanted, Some(&LOOK)) {
            Ok(0) | Err(Errno::INTR) => {}
            // It is gone, or done.
            Ok(_) => return if has_name() { Ok(()) } else { Err(Shut::Failed) },
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Waits until bubblewrap has taken the byte and closed the socket. One that fails leaves the byte there.
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
