//! The inner stage: the parent of the tool. It prepares what must be prepared inside (its own mounts, the version's
//! files), starts the process that becomes the tool, waits for it, ends all remaining processes, and reports the
//! result. It is a fork of the supervisor that joins the view of bubblewrap if there is one ([`super::join`]), or the
//! first process that bubblewrap starts inside. In the second case, the tool of a run is in a further PID namespace
//! without the inner stage ([`Nest`]).
//!
//! It has no rights that the tool could use: no capabilities once the tool starts, no memory that others may read, and
//! signals of the tool do not reach it (Landlock restricts them).

use super::connect_server::ConnectServer;
use super::mounts::{SEALED, mount_tmpfs};
use super::nest::{Nest, ProcVisibility};
use super::plan::{Packed, RunPlan};
use super::tool::{LINGER, LOOK, Streams, become_tool};
use super::wire::{Inside, SupervisorOrder, receive_parcel, send_packet};
use super::{disk, etc, trials};
use crate::domain::service::StopSignal;
use crate::runner::overlay::Layers;
use crate::runner::process::limits::RunLimits;
use crate::runner::result::difference::{FolderSnapshot, differences};
use crate::runner::sandbox::{self, Reaped};
use crate::runner::tool_state;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::mount::MountFlags;
use rustix::net::RecvFlags;
use rustix::process::{DumpableBehavior, Pid, PidfdFlags, Signal};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Makes the kernel choose the run, not the workbench, when memory runs out (-1000 to 1000).
const OOM_SCORE: &str = "500";

/// How many changes certainly fit into one packet: escaping can make a path of 1,024 bytes six times as long.
const CHANGES_PER_PACKET: usize = 8;

/// What the supervisor passes in addition to the plan.
#[derive(Debug)]
pub(super) struct Kit {
    pub(super) plan: RunPlan,
    pub(super) streams: Streams,
    /// The packed files of the version.
    pub(super) files: OwnedFd,
    /// The request socket of its connector, if it has one.
    pub(super) connector: Option<OwnedFd>,
    /// The kept state of the tool, if any; the final state is written back to it.
    pub(super) state: Option<OwnedFd>,
    /// The file for staged writes, if there are any.
    pub(super) bundle: Option<OwnedFd>,
}

impl Kit {
    /// Receives everything from the socket. The plan is in a separate file, because packets are short.
    ///
    /// # Errors
    /// If it is not complete.
    fn receive(socket: &OwnedFd) -> io::Result<Kit> {
        let mut fds = receive_parcel(socket, RecvFlags::empty())?.fds;
        if fds.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut text = Vec::new();
        File::from(fds.remove(0)).read_to_end(&mut text)?;
        Kit::of(serde_json::from_slice(&text)?, fds)
    }

    /// A kit of descriptors in the order of [`Kit::descriptors`].
    ///
    /// # Errors
    /// If there are more or fewer than the plan requires.
    pub(super) fn of(plan: RunPlan, fds: Vec<OwnedFd>) -> io::Result<Kit> {
        let listeners = plan.listeners.len() + usize::from(plan.walls.channel);
        let wanted = listeners;
        let mut fds = fds.into_iter();
        let mut next = || fds.next().ok_or(io::ErrorKind::UnexpectedEof);
        let (stdin, stdout, stderr, files) = (next()?, next()?, next()?, next()?);
        let listeners: Vec<OwnedFd> = fds.by_ref().take(listeners).collect();
        let connector =
            if plan.connector.is_some() { Some(fds.next().ok_or(io::ErrorKind::UnexpectedEof)?) } else { None };
        let mut next = || fds.next().ok_or(io::ErrorKind::UnexpectedEof);
        let state = if plan.view.state.is_some() { Some(next()?) } else { None };
        let bundle = fds.next();
        if listeners.len() < wanted || fds.next().is_some() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Kit { plan, streams: Streams { stdin, stdout, stderr, listeners }, files, connector, state, bundle })
    }

    /// Everything but the plan.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let Streams { stdin, stdout, stderr, listeners } = &self.streams;
        let all = [stdin, stdout, stderr, &self.files]
            .into_iter()
            .chain(listeners)
            .chain(&self.connector)
            .chain(&self.state)
            .chain(&self.bundle);
        all.map(AsFd::as_fd)
    }

    /// Writes the kept files below the working folder, for the tool's user if that is another user.
    ///
    /// # Errors
    /// If one cannot be written.
    pub(super) fn lay_out_state(&self, scratch: &Path, user: Option<u32>) -> io::Result<()> {
        match (&self.plan.view.state, &self.state) {
            (Some(view), Some(from)) => tool_state::lay_out(view, from, scratch, user),
            _ => Ok(()),
        }
    }

    /// Creates the links to kept files in the folder of the tool.
    ///
    /// # Errors
    /// If one cannot be created.
    pub(super) fn link_state(&self, tool: &Path) -> io::Result<()> {
        self.plan.view.state.as_ref().map_or(Ok(()), |view| tool_state::link(view, tool, &self.plan.view.scratch))
    }
}

/// The inner stage started by bubblewrap: standard input is the socket to the supervisor.
pub(in crate::runner) fn play() -> i32 {
    raise_oom_score();
    let Ok(socket) = rustix::io::fcntl_dupfd_cloexec(std::io::stdin(), 3) else { return 1 };
    let kit = match Kit::receive(&socket) {
        Ok(kit) => kit,
        Err(error) => {
            return refuse(&socket, format!("the inner stage received no start request: {error}"));
        }
    };
    match furnish(&kit) {
        Ok(layers) => begin(kit, &socket, &layers),
        Err(error) => refuse(&socket, format!("the sandbox could not be prepared: {error}")),
    }
}

/// Runs the tool in a complete view, and returns the exit code when all processes of the tool have ended.
pub(super) fn begin(kit: Kit, socket: &OwnedFd, layers: &Layers) -> i32 {
    // Trials start one after the other from here, so the right to create namespaces would have to be kept.
    let nest = if kit.plan.trials.is_none() {
        let view = if layers.is_empty() { ProcVisibility::Everybody } else { ProcVisibility::Tool };
        Nest::make(socket, view).map(Some)
    } else {
        sandbox::drop_capabilities().map(|()| None)
    };
    match nest {
        Ok(nest) => look_after(kit, socket, layers, nest),
        Err(error) => refuse(socket, format!("its processes could not be separated: {error}")),
    }
}

/// Reports that nothing was started. Returns the exit code.
pub(super) fn refuse(socket: &OwnedFd, cause: String) -> i32 {
    // If the socket is broken, the supervisor sees the end itself.
    let _ = send_packet(socket, &Inside::Refused { cause }, &[]);
    1
}

/// Makes the kernel end this process and its children before others when memory runs out. Works only while the process
/// is not hidden and has its own `/proc`.
pub(super) fn raise_oom_score() {
    // If it is refused, the kernel chooses by size alone, which does not weaken isolation.
    let _ = fs::write("/proc/self/oom_score_adj", OOM_SCORE);
}

/// Starts the tool, in its own PID namespace if there is one, and stays until all its processes have ended. Returns the
/// exit code.
pub(super) fn look_after(kit: Kit, socket: &OwnedFd, layers: &Layers, nest: Option<Nest>) -> i32 {
    let Kit { plan, streams, files, connector, state, bundle } = kit;
    drop(files);
    // Orphans of the tool are then adopted by this process, not by the host's first process.
    let adopted = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    if let Err(error) = adopted.and_then(|()| hide()) {
        return refuse(socket, format!("the inner stage could not protect itself: {error}"));
    }
    if let Some(terms) = &plan.trials {
        return match trials::make_all(&plan, (terms, state.as_ref()), streams, socket) {
            Ok(tool) => {
                // Disk use is not measured for trials.
                let over = Inside::Over { tool, disk: disk::inside(&plan), uncollected: None };
                i32::from(send_packet(socket, &over, &[]).is_err())
            }
            Err(error) => refuse(socket, format!("its trials could not be run: {error}")),
        };
    }
    let before = snapshot_before(&plan);
    let tool = || become_tool(&plan, &streams, socket, nest.as_ref());
    let started = match &nest {
        Some(nest) => nest.start(tool),
        None => sandbox::start_in_our_memory(tool),
    };
    let pid = match started {
        Ok(pid) => pid,
        Err(error) => return refuse(socket, format!("its process could not be started: {error}")),
    };
    // Writers must see when the tool no longer reads.
    drop(streams);
    if let Err(error) = send_packet(socket, &Inside::Executed, &[]) {
        return refuse(socket, format!("its start could not be reported: {error}"));
    }
    // The tool's process changed its user in shared memory, which may have made that readable.
    if let Err(error) = hide() {
        return refuse(socket, format!("the inner stage could not protect itself: {error}"));
    }
    let connects = ConnectServer::new(connector, plan.connector);
    let reaped = match wait_for(pid, socket, (nest, plan.stop), connects) {
        Ok(reaped) => reaped,
        Err(error) => return refuse(socket, format!("it could not be monitored: {error}")),
    };
    if let Some(bundle) = bundle.filter(|_| !layers.is_empty()) {
        // An incomplete bundle is detected when it is unpacked.
        let _ = layers.read_out(bundle);
    }
    if let (Some(view), Some(into)) = (&plan.view.state, &state) {
        // Missing state is detected by the workbench.
        let _ = tool_state::gather(view, into, &plan.view.scratch, plan.user);
    }
    let uncollected = tell_changes(&plan, &before, socket).err();
    let over = Inside::Over { tool: reaped, disk: disk::inside(&plan), uncollected };
    i32::from(send_packet(socket, &over, &[]).is_err())
}

/// Prevents other processes from reading the memory of this process.
fn hide() -> rustix::io::Result<()> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// The state on disk before the tool starts: paths that it may write directly, and kept files.
fn snapshot_before(plan: &RunPlan) -> FolderSnapshot {
    let view = &plan.view;
    let kept = view.state.iter().flat_map(|state| &state.paths).map(|path| view.scratch.join(&path.path));
    let kept: Vec<PathBuf> = kept.collect();
    FolderSnapshot::of(view.write.iter().map(|write| write.path.as_path()).chain(kept.iter().map(PathBuf::as_path)))
}

/// Reports the changes on disk, in packets.
///
/// # Errors
/// Why they are unknown, in words.
fn tell_changes(plan: &RunPlan, before: &FolderSnapshot, socket: &OwnedFd) -> Result<(), String> {
    let scratch = plan.view.scratch.as_path();
    let after = FolderSnapshot::of(plan.view.write.iter().map(|write| write.path.as_path()).chain([scratch]));
    if let Some(fault) = [before, &after].into_iter().find_map(FolderSnapshot::fault) {
        return Err(fault.to_owned());
    }
    tell_differences(before, &after, scratch, socket)
        .map_err(|error| format!("their results could not be sent: {error}"))
}

fn tell_differences(
    before: &FolderSnapshot,
    after: &FolderSnapshot,
    scratch: &Path,
    socket: &OwnedFd,
) -> io::Result<()> {
    let found = differences(before, after, scratch);
    let mut cut = found.cut;
    for part in found.changes.chunks(CHANGES_PER_PACKET) {
        send_packet(socket, &Inside::Changes { part: part.to_vec(), cut: std::mem::take(&mut cut) }, &[])?;
    }
    if cut > 0 {
        send_packet(socket, &Inside::Changes { part: Vec::new(), cut }, &[])?;
    }
    Ok(())
}

/// Follows the tool to its end and ends its remaining processes.
fn wait_for(
    pid: i32,
    socket: &OwnedFd,
    (nest, stop): (Option<Nest>, StopSignal),
    mut connects: ConnectServer,
) -> io::Result<Reaped> {
    let handle = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
    let ended = rustix::process::pidfd_open(handle, PidfdFlags::empty())?;
    let mut is_asked = false;
    loop {
        let mut wanted = vec![PollFd::new(&ended, PollFlags::IN), PollFd::new(socket, PollFlags::IN)];
        wanted.extend(connects.sources());
        match rustix::event::poll(&mut wanted, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [is_over, is_ordered] = [&wanted[0], &wanted[1]].map(|fd| !fd.revents().is_empty());
        drop(wanted);
        if is_over {
            break;
        }
        if is_ordered {
            is_asked |= obey(socket, handle, stop)? == Some(SupervisorOrder::Term);
        }
        connects.serve();
    }
    // Pending connection requests fail at once.
    drop(connects);
    let mut reaped = sandbox::reap(pid)?;
    let deadline = Instant::now() + LINGER;
    let mut left = 0;
    let mut is_somebody_left = |reaped: &mut Reaped| {
        left = match &nest {
            Some(nest) => nest.others(),
            None => u64::from(sandbox::has_children(reaped)?),
        };
        Ok::<_, io::Error>(left > 0)
    };
    // Processes that were asked to end may clean up until the workbench orders to kill them.
    while is_somebody_left(&mut reaped)? && (is_asked || Instant::now() < deadline) {
        let pause = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
        let mut wanted = [PollFd::new(socket, PollFlags::IN)];
        match rustix::event::poll(&mut wanted, Some(&pause)) {
            Ok(0) | Err(Errno::INTR) => {}
            // Any order would have the effect that follows anyway.
            Ok(_) => break,
            Err(error) => return Err(error.into()),
        }
    }
    match nest {
        Some(nest) => nest.end(left, &mut reaped)?,
        None => sandbox::end_descendants(&mut reaped)?,
    }
    Ok(reaped)
}

fn obey(socket: &OwnedFd, tool: Pid, stop: StopSignal) -> io::Result<Option<SupervisorOrder>> {
    let parcel = receive_parcel(socket, RecvFlags::DONTWAIT)?;
    if parcel.bytes.is_empty() {
        // The supervisor is gone, so the result is no longer needed.
        let _ = rustix::process::kill_process_group(tool, Signal::KILL);
        return Ok(None);
    }
    let order: SupervisorOrder = serde_json::from_slice(&parcel.bytes)?;
    // It may just have ended.
    match order {
        SupervisorOrder::Term => {
            if rustix::process::kill_process_group(tool, signal_of(stop)) == Err(Errno::SRCH) {
                // It has no process group yet, so the tool has not begun and has nothing to clean up.
                let _ = rustix::process::kill_process(tool, Signal::KILL);
            }
            // A stopped process does not see it.
            let _ = rustix::process::kill_process_group(tool, Signal::CONT);
        }
        SupervisorOrder::Kill => {
            let _ = rustix::process::kill_process_group(tool, Signal::KILL);
            let _ = rustix::process::kill_process(tool, Signal::KILL);
        }
    }
    Ok(Some(order))
}

fn signal_of(stop: StopSignal) -> Signal {
    match stop {
        StopSignal::Term => Signal::TERM,
        StopSignal::Int => Signal::INT,
        StopSignal::Quit => Signal::QUIT,
        StopSignal::Hup => Signal::HUP,
    }
}

/// Mounts the layers of staged writes, the scratch folder and the version's folder, and puts the files there.
fn furnish(kit: &Kit) -> io::Result<Layers> {
    // bubblewrap mounts as root of a user namespace and then changes user; this process may not add to its mounts.
    sandbox::own_mounts()?;
    if etc::is_chosen_inside(&kit.plan) {
        etc::choose(&kit.plan)?;
    }
    let view = &kit.plan.view;
    let layers = Layers::mount(&view.stages, &view.read, &view.scratch, &kit.plan.limits)?;
    mount_scratch(&kit.plan.limits, &view.scratch)?;
    kit.lay_out_state(&view.scratch, None)?;
    mount_tool(kit, &view.tool)?;
    Ok(layers)
}

/// Mounts the scratch folder of a run.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn mount_scratch(limits: &RunLimits, at: &Path) -> io::Result<()> {
    let options = format!("size={},nr_inodes={},mode=0700", limits.disk_bytes, limits.inodes);
    mount_tmpfs(at, &options, MountFlags::NOSUID | MountFlags::NODEV)
}

/// Mounts the version's folder, with its files in it, read-only.
///
/// # Errors
/// If the kernel refuses, or there are fewer bytes than stated.
pub(super) fn mount_tool(kit: &Kit, at: &Path) -> io::Result<()> {
    let files = &kit.plan.view.files;
    let size: u64 = files.iter().map(|file| file.bytes.next_multiple_of(4096)).sum();
    let options = format!("size={},mode=0755", size + (1 << 20));
    mount_tmpfs(at, &options, MountFlags::NOSUID | MountFlags::NODEV)?;
    unpack(files, &kit.files, at)?;
    kit.link_state(at)?;
    rustix::mount::mount_remount(at, SEALED, c"")?;
    Ok(())
}

/// Writes the packed files below `dir`: folders 0755, files 0444 or 0555.
///
/// # Errors
/// If one cannot be written, or there are fewer bytes than stated.
pub(super) fn unpack(files: &[Packed], from: &OwnedFd, dir: &Path) -> io::Result<()> {
    let mut source = File::from(from.try_clone()?);
    io::Seek::rewind(&mut source)?;
    let mask = rustix::process::umask(Mode::from_raw_mode(0o022));
    for file in files {
        let path = dir.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut bytes = vec![0; usize::try_from(file.bytes).map_err(|_| io::ErrorKind::InvalidInput)?];
        source.read_exact(&mut bytes)?;
        let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        target.write_all(&bytes)?;
        target.set_permissions(Permissions::from_mode(if file.executable { 0o555 } else { 0o444 }))?;
    }
    rustix::process::umask(mask);
    Ok(())
}
