//! The supervisor of one run: this program started again, alone, between the workbench and the tool.
//!
//! It starts the inner stage (behind bubblewrap or as a fork), monitors the resource use of the run, answers for the
//! observer, and ends everything at the end. It also does so if the workbench is killed, because that closes the
//! control socket. As the reaper of orphans, it finds all processes that a tool forks.
//!
//! It has one thread, does not write to the tool's streams, decides no policy and does not use the store.

mod bubblewrap;
mod connect_server;
mod devices;
mod disk;
mod etc;
mod inner;
mod join;
mod mounts;
mod nest;
mod observing;
mod plan;
mod reach;
pub(super) mod starter;
mod tool;
mod trials;
mod watch;
mod wire;

pub(super) use bubblewrap::{NOT_INSTALLED, find, needs, try_out};
pub(super) use inner::play as play_inside;
pub(super) use plan::{Environment, Packed, RunPlan, RunView, StartInput, Terms};
pub(super) use trials::READY;
pub(super) use wire::{Ended, Heard, Inbox, Message, SupervisorOrder, TrialEnd, receive_parcel, send, send_fds};

use super::overlay::Layers;
use super::process::clear::remove;
use super::process::group::Totals;
use super::process::processes::{descendants, kill_all};
use super::sandbox::{self, Exit, Reaped};
use crate::domain::{FileChange, IsolationLevel, Observation};
use crate::outside::{Launch, Trust};
use bubblewrap::{Then, explain};
use inner::{Kit, look_after, raise_oom_score, unpack};
use observing::ObserverState;
use reach::Reach;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{MemfdFlags, Mode, OFlags};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;
use rustix::process::{Pid, PidfdFlags};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::Stdio;
use std::time::{Duration, Instant};
use watch::Watcher;
use wire::{Inside, Parcel, SandboxReport, send_packet};

/// The first argument that makes this program a supervisor. No verb begins with it.
pub(super) const SUPERVISE: &str = "--as-supervisor";

/// The first argument that makes it the inner stage.
pub(super) const INSIDE: &str = "--as-inner-stage";

/// How long the inner stage may take to end after a kill order; then everything around it is ended.
const KILL_TIME: Duration = Duration::from_secs(1);

/// How much of bubblewrap's messages is kept, in bytes.
const MAX_SAID: usize = 4096;

/// Acts as the supervisor whose control socket is standard input. Returns the exit code.
pub(super) fn play() -> i32 {
    match rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3) {
        Ok(control) => supervise(&control),
        Err(_) => 1,
    }
}

/// The supervisor, with its control socket. Returns the exit code.
pub(super) fn supervise(control: &OwnedFd) -> i32 {
    // It must outlive the terminal and the signals of the workbench to clean up after them.
    let _ = rustix::process::setsid();
    sandbox::ignore_stop_signals();
    let done = receive(control).and_then(|(kit, inbox)| {
        let stand = Stand::make(&kit)?;
        let followed = Supervisor::begin(kit, control.try_clone()?, inbox).map(Supervisor::follow);
        drop(stand);
        followed
    });
    match done {
        // The mounts are dropped after the message, because unmounting takes the kernel some time.
        Ok((message, _mounts)) => i32::from(send(control, &message).is_err()),
        Err(error) => {
            let cause = format!("its supervisor could not start it: {error}");
            i32::from(send(control, &Message::Refused { cause }).is_err())
        }
    }
}

fn receive(control: &OwnedFd) -> io::Result<(Kit, Inbox)> {
    let parcel = receive_parcel(control, RecvFlags::empty())?;
    let mut inbox = Inbox::after(parcel.bytes.get(1..).unwrap_or_default());
    let plan: RunPlan = inbox.wait(control)?;
    Ok((Kit::of(plan, parcel.fds)?, inbox))
}

/// The folder of a run whose user cannot access the state folder; removed when dropped.
struct Stand(Option<std::path::PathBuf>);

impl Stand {
    fn make(kit: &Kit) -> io::Result<Stand> {
        let Some(dir) = kit.plan.view.stand.clone() else { return Ok(Stand(None)) };
        let make = |path: &std::path::Path, mode| {
            rustix::fs::mkdir(path, Mode::from_raw_mode(mode))?;
            // The umask may have removed bits.
            rustix::fs::chmod(path, Mode::from_raw_mode(mode))
        };
        make(&dir, 0o711)?;
        let stand = Stand(Some(dir));
        make(&kit.plan.view.tool, 0o755)?;
        unpack(&kit.plan.view.files, &kit.files, &kit.plan.view.tool)?;
        kit.link_state(&kit.plan.view.tool)?;
        make(&kit.plan.view.scratch, 0o700)?;
        if let Some(user) = kit.plan.user {
            std::os::unix::fs::chown(&kit.plan.view.scratch, Some(user), Some(user))?;
        }
        kit.lay_out_state(&kit.plan.view.scratch, kit.plan.user)?;
        Ok(stand)
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if let Some(dir) = &self.0 {
            // A folder that remains is removed with the record of the run.
            let _ = remove(dir);
        }
    }
}

/// How far the run has been stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopPhase {
    Running,
    /// The inner stage was ordered to kill.
    Ordered {
        until: Instant,
    },
    /// Everything around it was ended.
    Ending,
}

struct Supervisor {
    plan: RunPlan,
    /// Kept until bubblewrap, which binds from it, has ended.
    _reach: Reach,
    control: OwnedFd,
    inbox: Inbox,
    /// This end of the socket to the inside; `None` when the inside closed it.
    status: Option<OwnedFd>,
    /// Becomes readable when the inner stage, or bubblewrap around it, ends.
    child_ended: OwnedFd,
    /// The mounts that the inner stage joined, and those in which it prepared parts.
    mounts: Vec<OwnedFd>,
    said_by: Option<OwnedFd>,
    said: Vec<u8>,
    has_started: bool,
    /// The layers of a process that has not started its program yet.
    raised: Option<SandboxReport>,
    refusal: Option<Message>,
    over: Option<Reaped>,
    phase: StopPhase,
    watcher: Watcher,
    observer: ObserverState,
    changes: Vec<FileChange>,
    changes_cut: u64,
    uncollected: Option<String>,
    is_alone: bool,
    notes: Vec<String>,
}

impl Supervisor {
    fn begin(kit: Kit, control: OwnedFd, inbox: Inbox) -> io::Result<Supervisor> {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        // So that the packet from the process that becomes the tool contains its number in this namespace.
        rustix::net::sockopt::set_socket_passcred(&ours, true)?;
        let plan = kit.plan.clone();
        let is_behind = plan.level == IsolationLevel::Isolated && plan.bubblewrap.is_some();
        let reach = if is_behind { Reach::make(&plan)? } else { Reach::default() };
        // If no group is possible, the resource use of the run is monitored.
        let totals =
            Totals { memory: plan.limits.memory_bytes.max(plan.limits.disk_bytes), processes: plan.limits.processes };
        let mut watcher = Watcher::new(totals);
        let (child, said_by) = match &plan.bubblewrap {
            Some(program) if plan.level == IsolationLevel::Isolated && join::is_possible(&plan) => {
                let (builder, said, pipes) = build(program, &plan, &reach)?;
                watcher.builder(builder);
                let pid = sandbox::fork(move || join::play(kit, &theirs, pipes))?;
                watcher.inner(pid);
                (pid, Some(said))
            }
            Some(program) if plan.level == IsolationLevel::Isolated => {
                let (pid, said) = start_behind(program, &kit, &reach, (&ours, theirs))?;
                (pid, Some(said))
            }
            _ => {
                // Descriptors that the tool's process does not close are close-on-exec.
                let pid = sandbox::fork(move || {
                    raise_oom_score();
                    look_after(kit, &theirs, &Layers::default(), None)
                })?;
                watcher.inner(pid);
                (pid, None)
            }
        };
        let handle = Pid::from_raw(child).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Supervisor {
            plan,
            _reach: reach,
            control,
            inbox,
            status: Some(ours),
            child_ended: rustix::process::pidfd_open(handle, PidfdFlags::empty())?,
            mounts: Vec::new(),
            said_by,
            said: Vec::new(),
            has_started: false,
            raised: None,
            refusal: None,
            over: None,
            phase: StopPhase::Running,
            watcher,
            observer: ObserverState::not_asked(),
            changes: Vec::new(),
            changes_cut: 0,
            uncollected: Some("the process that compares the files ended early".to_owned()),
            is_alone: false,
            notes: Vec::new(),
        })
    }

    /// Runs until only the mounts of the run remain; returns the last message.
    fn follow(mut self) -> (Message, Vec<OwnedFd>) {
        if let Err(error) = self.turn_until_over() {
            self.notes.push(format!("the run could not be monitored: {error}"));
        }
        self.end_everything();
        self.tell_started();
        let mounts = std::mem::take(&mut self.mounts);
        (self.last_word(), mounts)
    }

    fn turn_until_over(&mut self) -> io::Result<()> {
        // An order directly after the plan was read with it, so the socket does not signal it again.
        self.carry_out_orders()?;
        loop {
            let ready = self.wait()?;
            if ready.control {
                self.obey()?;
            }
            if ready.said {
                self.hear();
            }
            if ready.status {
                self.listen()?;
            }
            if ready.calls {
                self.observer.serve();
            }
            if ready.ended {
                // Its remaining messages, in order.
                while self.status.is_some() && self.listen()? {}
                return Ok(());
            }
            self.look();
        }
    }

    fn wait(&self) -> io::Result<ReadyEvents> {
        let until = match self.phase {
            StopPhase::Ordered { until } => until.min(self.watcher.next()),
            StopPhase::Running | StopPhase::Ending => self.watcher.next(),
        };
        let wait = until.saturating_duration_since(Instant::now());
        let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
        let control = (!self.is_alone).then_some(&self.control);
        let calls = self.observer.listener();
        let sources = [control, self.said_by.as_ref(), self.status.as_ref(), calls, Some(&self.child_ended)];
        let mut places = Vec::with_capacity(sources.len());
        let mut fds = Vec::with_capacity(sources.len());
        for (place, fd) in sources.into_iter().enumerate() {
            if let Some(fd) = fd {
                places.push(place);
                fds.push(PollFd::new(fd, PollFlags::IN));
            }
        }
        match rustix::event::poll(&mut fds, Some(&wait)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(ReadyEvents::default()),
            Err(error) => return Err(error.into()),
        }
        let mut ready = [false; 5];
        for (place, fd) in places.into_iter().zip(&fds) {
            ready[place] = !fd.revents().is_empty();
        }
        let [control, said, status, calls, ended] = ready;
        Ok(ReadyEvents { control, said, status, calls, ended })
    }

    /// Handles orders; the end of the workbench means the same as a kill order.
    fn obey(&mut self) -> io::Result<()> {
        let heard = self.inbox.read(&self.control)?;
        self.carry_out_orders()?;
        if heard == Heard::Gone {
            self.be_alone();
        }
        Ok(())
    }

    /// Executes the orders that were read.
    fn carry_out_orders(&mut self) -> io::Result<()> {
        while let Some(order) = self.inbox.next::<SupervisorOrder>()? {
            self.order(order);
        }
        Ok(())
    }

    /// Ends the run, because the workbench is gone: its end of the socket is closed, or messages cannot be sent.
    fn be_alone(&mut self) {
        self.is_alone = true;
        self.end_world();
    }

    /// Ends everything around the inner stage, and the inner stage.
    fn end_world(&mut self) {
        self.phase = StopPhase::Ending;
        kill_all(&descendants(rustix::process::getpid().as_raw_nonzero().get()));
    }

    fn order(&mut self, order: SupervisorOrder) {
        if let Some(status) = &self.status {
            // It may have ended already.
            let _ = send_packet(status, &order, &[]);
        }
        if order == SupervisorOrder::Kill && self.phase == StopPhase::Running {
            self.phase = StopPhase::Ordered { until: Instant::now() + KILL_TIME };
        }
    }

    /// Reads the error messages of bubblewrap.
    fn hear(&mut self) {
        let Some(from) = &self.said_by else { return };
        let mut piece = [0; 1024];
        match rustix::io::read(from, &mut piece) {
            Ok(0) | Err(_) => self.said_by = None,
            Ok(got) => {
                let room = MAX_SAID.saturating_sub(self.said.len());
                self.said.extend_from_slice(&piece[..got.min(room)]);
            }
        }
    }

    /// Receives one packet from inside; `false` if there is none.
    fn listen(&mut self) -> io::Result<bool> {
        let Some(status) = &self.status else { return Ok(false) };
        let mut parcel = match receive_parcel(status, RecvFlags::DONTWAIT) {
            Ok(parcel) => parcel,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            // The process at the other end was killed with unread data.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Parcel::default(),
            Err(error) => return Err(error),
        };
        if parcel.bytes.is_empty() {
            self.status = None;
            return Ok(false);
        }
        match serde_json::from_slice(&parcel.bytes)? {
            Inside::Raised(facts) => {
                if self.has_started && self.plan.walls.observe {
                    // The previous trial has ended.
                    let seen = std::mem::replace(&mut self.observer, ObserverState::Off(String::new())).finish();
                    self.tell(&Message::Observed(Box::new(seen)));
                }
                self.has_started = true;
                if let Some(pid) = parcel.sender {
                    self.watcher.tool(pid);
                }
                self.observer = ObserverState::begin(&self.plan, facts.level, parcel.fds.pop());
                self.raised = Some(facts);
                if self.plan.trials.is_some() {
                    self.tell_started();
                }
            }
            Inside::Refused { cause } => self.refusal = Some(Message::Refused { cause }),
            Inside::SpawnFailed { errno } => self.refusal = Some(Message::SpawnFailed { errno }),
            Inside::Executed => self.tell_started(),
            Inside::Joined => {
                self.mounts = parcel.fds;
                // It did its job; its complaint about the missing program is ignored.
                self.said_by = None;
            }
            Inside::First => {
                if let Some(pid) = parcel.sender {
                    self.watcher.first(pid);
                }
            }
            Inside::Over { tool, disk, uncollected } => {
                self.watcher.last_disk(&self.plan, disk, tool.exit);
                self.over = Some(tool);
                self.uncollected = uncollected;
            }
            Inside::Changes { part, cut } => {
                self.changes.extend(part);
                self.changes_cut += cut;
            }
        }
        Ok(true)
    }

    /// Reports that the program runs, unless that failed.
    fn tell_started(&mut self) {
        if let Some(facts) = self.raised.take().filter(|_| self.refusal.is_none()) {
            self.tell(&Message::Started(facts));
        }
    }

    fn tell(&mut self, message: &Message) {
        if !self.is_alone && send(&self.control, message).is_err() {
            self.be_alone();
        }
    }

    /// Samples the resource use of the run, if it is time.
    fn look(&mut self) {
        let now = Instant::now();
        if let StopPhase::Ordered { until } = self.phase
            && now >= until
        {
            self.end_world();
        }
        if now < self.watcher.next() {
            return;
        }
        // The mounts used for preparation contain all of the machine's; they are dropped now, when there is time for
        // unmounting.
        self.mounts.truncate(1);
        if let Some(sample) = self.watcher.look(&self.plan) {
            self.tell(&Message::Sample(sample));
        }
        if self.watcher.stop().is_some() && self.phase == StopPhase::Running {
            self.watcher.end_tools();
            self.order(SupervisorOrder::Kill);
        }
    }

    /// Nothing of a finished run remains: kills and waits until there is no descendant.
    fn end_everything(&mut self) {
        let mut last = Reaped { exit: Exit::Code(0), cpu_ms: 0, max_rss_bytes: 0, left: 0 };
        if let Err(error) = sandbox::end_descendants(&mut last) {
            self.notes.push(format!("not all its processes could be killed: {error}"));
        }
    }

    fn last_word(mut self) -> Message {
        if let Some(refusal) = self.refusal.take() {
            return refusal;
        }
        if !self.has_started {
            // No process is left that could write more.
            while self.said_by.is_some() {
                self.hear();
            }
            let said = String::from_utf8_lossy(&self.said).into_owned();
            let cause = if self.plan.level == IsolationLevel::Isolated && self.plan.bubblewrap.is_some() {
                explain(&said)
            } else {
                "its process ended before isolation was set up".to_owned()
            };
            return Message::Refused { cause };
        }
        let killed = Reaped { exit: Exit::Signal(libc::SIGKILL), cpu_ms: 0, max_rss_bytes: 0, left: 0 };
        if self.over.is_none() && self.phase == StopPhase::Running {
            self.notes.push("its inner stage was killed from outside".to_owned());
        }
        let (stop, peak) = self.watcher.finish();
        let seen = self.observer.finish();
        let Supervisor { changes, changes_cut, uncollected, .. } = self;
        let observation = Observation { changes, changes_cut, uncollected, ..seen };
        Message::Ended(Box::new(Ended {
            tool: self.over.unwrap_or(killed),
            stop,
            peak,
            observation,
            notes: self.notes,
        }))
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct ReadyEvents {
    control: bool,
    said: bool,
    status: bool,
    calls: bool,
    ended: bool,
}

/// Starts bubblewrap to build the view that the inner stage joins: its pid, its messages, and its ready signal.
fn build(program: &std::path::Path, plan: &RunPlan, reach: &Reach) -> io::Result<(i32, OwnedFd, join::JoinPipes)> {
    let (pipes, ends) = join::pipes()?;
    let (said, complaints) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let bubblewrap = bubblewrap(program, plan, reach, Then::Tell(&ends))?;
    let mut bubblewrap = bubblewrap.streams(Stdio::null(), Stdio::null(), complaints.try_clone()?);
    let pid = sandbox::start_in_our_memory(|| {
        let error = match plan.user.map(sandbox::become_user) {
            None | Some(Ok(())) => bubblewrap.exec(),
            Some(Err(error)) => error,
        };
        // Otherwise nothing would report why it did not start.
        let _ = rustix::io::write(&complaints, format!("it could not be started: {error}").as_bytes());
        1
    })?;
    Ok((pid, said, pipes))
}

/// bubblewrap with its arguments; the caller sets its user and streams.
fn bubblewrap(program: &std::path::Path, plan: &RunPlan, reach: &Reach, then: Then<'_>) -> io::Result<Launch> {
    // Checked again in this process, so that the checked file is executed.
    let program = Trust::default().named_program(program).map_err(io::Error::other)?;
    Ok(Launch::new(program).args(bubblewrap::arguments(plan, reach, then)))
}

/// Starts bubblewrap with the inner stage in it. Standard input of both is the socket; everything else for the inner
/// stage is sent over it, so that no descriptor is inherited by accident.
fn start_behind(
    program: &std::path::Path,
    kit: &Kit,
    reach: &Reach,
    (ours, theirs): (&OwnedFd, OwnedFd),
) -> io::Result<(i32, OwnedFd)> {
    // Through a descriptor, because the file itself may be deleted, or inaccessible to the tool's user.
    let me = rustix::fs::open("/proc/self/exe", OFlags::RDONLY, Mode::empty())?;
    let command = [format!("/proc/self/fd/{}", me.as_raw_fd()).into(), OsString::from(INSIDE)];
    let launch = bubblewrap(program, &kit.plan, reach, Then::Start(&command))?;
    let mut bubblewrap = launch.streams(theirs, Stdio::null(), Stdio::piped());
    if let Some(user) = kit.plan.user {
        bubblewrap = bubblewrap.user(user);
    }
    let mut child = bubblewrap.spawn()?;
    drop(bubblewrap);
    let said = child.stderr.take().map(OwnedFd::from).ok_or(io::ErrorKind::BrokenPipe)?;
    let mut plan = File::from(rustix::fs::memfd_create("plan", MemfdFlags::CLOEXEC)?);
    plan.write_all(&serde_json::to_vec(&kit.plan)?)?;
    plan.rewind()?;
    let fds: Vec<_> = std::iter::once(plan.as_fd()).chain(kit.descriptors()).collect();
    send_fds(ours, b"kit", &fds)?;
    Ok((child.id() as i32, said))
}
