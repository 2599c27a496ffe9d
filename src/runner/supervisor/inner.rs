//! The inner stage: the parent of the tool. It prepares what only somebody inside can prepare (its own mounts, the
//! version's files), starts the process that becomes the tool, waits for it, ends whatever it left behind, and says the
//! result. It is a fork of the supervisor, which joins what bubblewrap made where there is one ([`super::join`]), or
//! the first process that bubblewrap starts inside. There the tool of a run is in a further namespace of processes that
//! it is not in ([`Nest`]).
//!
//! It holds no rights that the tool could use: no capabilities once the tool starts, no memory that others may
//! read, and signals of the tool do not reach it (Landlock scopes them).

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

/// Changes that fit into one packet for certain: a path of 1,024 bytes can become six times as long as text.
const CHANGES_PER_PACKET: usize = 8;

/// What the supervisor hands over beside the plan.
#[derive(Debug)]
pub(super) struct Kit {
    pub(super) plan: RunPlan,
    pub(super) streams: Streams,
    /// The packed files of the version.
    pub(super) files: OwnedFd,
    /// The request socket of its connector, if it has one.
    pub(super) connector: Option<OwnedFd>,
    /// What the tool keeps between its runs, when it keeps something; what is left of it goes back there.
    pub(super) state: Option<OwnedFd>,
    /// Where staged writes go, when there are any.
    pub(super) bundle: Option<OwnedFd>,
}

impl Kit {
    /// Takes the kit from the socket: the plan is in a file of its own, because packets are short.
    ///
    /// # Errors
    /// When it is not complete.
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
    /// When there are more or fewer than the plan says.
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

    /// Puts the kept files below the working folder, for the user that the tool gets when it is not ours.
    ///
    /// # Errors
    /// When one cannot be written.
    pub(super) fn lay_out_state(&self, scratch: &Path, user: Option<u32>) -> io::Result<()> {
        match (&self.plan.view.state, &self.state) {
            (Some(view), Some(from)) => tool_state::lay_out(view, from, scratch, user),
            _ => Ok(()),
        }
    }

    /// Makes the links to kept files in the folder of the tool.
    ///
    /// # Errors
    /// When one cannot be made.
    pub(super) fn link_state(&self, tool: &Path) -> io::Result<()> {
        self.plan.view.state.as_ref().map_or(Ok(()), |view| tool_state::link(view, tool, &self.plan.view.scratch))
    }
}

/// The inner stage behind bubblewrap: standard input is the socket to the supervisor.
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

/// Stays where bubblewrap made a view, which is furnished, until nothing of the tool is left. Returns what to exit with.
pub(super) fn begin(kit: Kit, socket: &OwnedFd, layers: &Layers) -> i32 {
    // Trials start one after the other from here, so that the right to make namespaces would have to be kept.
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

/// Says that nothing was started. Returns what to exit with.
pub(super) fn refuse(socket: &OwnedFd, cause: String) -> i32 {
    // A broken socket: the supervisor sees the end itself.
    let _ = send_packet(socket, &Inside::Refused { cause }, &[]);
    1
}

/// Has the kernel end this process, and what it starts, before others when memory runs out. Only possible while the
/// process is neither hidden nor away from its own `/proc`.
pub(super) fn raise_oom_score() {
    // Where it is refused, the kernel chooses by size alone, which is no hole.
    let _ = fs::write("/proc/self/oom_score_adj", OOM_SCORE);
}

/// Starts the tool, in a namespace of processes if there is one for it, and stays until nothing of it is left. Returns
/// what to exit with.
pub(super) fn look_after(kit: Kit, socket: &OwnedFd, layers: &Layers, nest: Option<Nest>) -> i32 {
    let Kit { plan, streams, files, connector, state, bundle } = kit;
    drop(files);
    // As a child of it, everything that loses its parent comes to us, not to the host's first process.
    let adopted = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    if let Err(error) = adopted.and_then(|()| hide()) {
        return refuse(socket, format!("the inner stage could not protect itself: {error}"));
    }
    if let Some(terms) = &plan.trials {
        return match trials::make_all(&plan, (terms, state.as_ref()), streams, socket) {
            Ok(tool) => {
                // Of trials it is not asked what lies on disk.
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
    // Whoever writes to it must see when the tool does not read any more.
    drop(streams);
    if let Err(error) = send_packet(socket, &Inside::Executed, &[]) {
        return refuse(socket, format!("its start could not be reported: {error}"));
    }
    // The tool's process changed its user in our memory, which may have shown it.
    if let Err(error) = hide() {
        return refuse(socket, format!("the inner stage could not protect itself: {error}"));
    }
    let connects = ConnectServer::new(connector, plan.connector);
    let reaped = match wait_for(pid, socket, (nest, plan.stop), connects) {
        Ok(reaped) => reaped,
        Err(error) => return refuse(socket, format!("it could not be monitored: {error}")),
    };
    if let Some(bundle) = bundle.filter(|_| !layers.is_empty()) {
        // One without an end is found by whoever unpacks it.
        let _ = layers.read_out(bundle);
    }
    if let (Some(view), Some(into)) = (&plan.view.state, &state) {
        // One that was not written back is seen by whoever takes it.
        let _ = tool_state::gather(view, into, &plan.view.scratch, plan.user);
    }
    let uncollected = tell_changes(&plan, &before, socket).err();
    let over = Inside::Over { tool: reaped, disk: disk::inside(&plan), uncollected };
    i32::from(send_packet(socket, &over, &[]).is_err())
}

/// Keeps others from reading the memory of this process.
fn hide() -> rustix::io::Result<()> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// What is on disk before the tool starts: what it may write directly, and what it keeps.
fn snapshot_before(plan: &RunPlan) -> FolderSnapshot {
    let view = &plan.view;
    let kept = view.state.iter().flat_map(|state| &state.paths).map(|path| view.scratch.join(&path.path));
    let kept: Vec<PathBuf> = kept.collect();
    FolderSnapshot::of(view.write.iter().map(|write| write.path.as_path()).chain(kept.iter().map(PathBuf::as_path)))
}

/// Says what is differently on disk now, in parts that fit.
///
/// # Errors
/// Why nobody knows, in words.
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

/// Follows the tool to its end and ends what it left.
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
    // Whoever asks for a connection now is told at once.
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
    // Who was asked to end may clean up as long as the workbench lets it: it then orders to kill.
    while is_somebody_left(&mut reaped)? && (is_asked || Instant::now() < deadline) {
        let pause = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
        let mut wanted = [PollFd::new(socket, PollFlags::IN)];
        match rustix::event::poll(&mut wanted, Some(&pause)) {
            Ok(0) | Err(Errno::INTR) => {}
            // Whatever is ordered now, it is what happens next anyway.
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
        // The supervisor is gone, and with it everybody who could want the result.
        let _ = rustix::process::kill_process_group(tool, Signal::KILL);
        return Ok(None);
    }
    let order: SupervisorOrder = serde_json::from_slice(&parcel.bytes)?;
    // It may just have ended: then there is nobody to tell.
    match order {
        SupervisorOrder::Term => {
            if rustix::process::kill_process_group(tool, signal_of(stop)) == Err(Errno::SRCH) {
                // It has no group yet, so the tool has not begun and has nothing to clean up.
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
    // bubblewrap mounts as a user that is root inside, then becomes another: its mounts are not ours to add to.
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
/// When the kernel refuses, or fewer bytes come than were said.
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
/// When one cannot be written, or fewer bytes come than were said.
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
