//! What the run uses, looked at a few times a second from outside, and the limits that only somebody
//! who sees all its processes together can hold.

use super::disk::{self, Disk};
use super::plan::RunPlan;
use crate::domain::{IsolationLevel, Network, Sample};
use crate::runner::process::group::{Cgroup, Totals};
use crate::runner::process::processes::{
    Process, descendants, face, kill_all, parent, proportional_bytes, signal_all, table_bytes,
};
use crate::runner::result::ending::StopReason;
use crate::runner::sandbox::{self, Exit};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// How often it is looked.
const WATCH: Duration = Duration::from_millis(20);

/// How often near a limit: some processes fill memory with gigabytes a second.
const WATCH_CLOSELY: Duration = Duration::from_millis(4);

/// How seldom a service is looked at that has done nothing for a while, where the kernel holds its totals.
const WATCH_CALM: Duration = Duration::from_secs(1);

/// The same where nobody else holds them: what it begins in between is bounded only for each of its processes.
const WATCH_CALM_ALONE: Duration = Duration::from_millis(100);

/// How often what was seen is told.
const TELL: Duration = Duration::from_millis(100);

/// Looking may take one part in this many of the time.
const WATCH_SHARE: u32 = 20;

/// The same near a limit.
const CLOSE_SHARE: u32 = 3;

/// How many looks ahead growth counts: of the number of processes, and of memory.
const LOOKS_AHEAD: u64 = 4;

/// Of each address space the kernel keeps at most one part in this many as tables.
const TABLE_SHARE: u64 = 512;

/// What is over sooner is not worth a group: making one takes half a millisecond, and moving processes there takes the
/// kernel up to 10 ms.
const SETTLE: Duration = Duration::from_millis(20);

/// What holds the totals of a run in the kernel.
#[derive(Debug)]
enum Holder {
    Due(Totals),
    There(Cgroup),
    /// There can be none here: what the run uses is only watched.
    Impossible,
}

impl Holder {
    /// The group; made if it is due.
    fn group(&mut self) -> Option<&Cgroup> {
        if let Holder::Due(totals) = self {
            *self = Cgroup::make(*totals).map_or(Holder::Impossible, Holder::There);
        }
        self.made()
    }

    /// The group, if it was made.
    fn made(&self) -> Option<&Cgroup> {
        match self {
            Holder::There(group) => Some(group),
            Holder::Due(_) | Holder::Impossible => None,
        }
    }
}

/// Samples and what they exceeded first.
#[derive(Debug)]
pub(super) struct Watcher {
    /// The inner stage and bubblewrap around it; everybody else in the tree is the tool's.
    ours: Vec<i32>,
    /// bubblewrap beside the inner stage. It and what it starts are ours.
    builder: Option<i32>,
    /// The process of ours that takes in the tool's orphans, where there is one.
    first: Option<i32>,
    /// The tool's first process.
    tool: Option<i32>,
    disk: Disk,
    begun: Instant,
    next: Instant,
    /// When what was seen is told again.
    tell: Instant,
    holder: Holder,
    /// The process that moves others into the group.
    mover: Option<i32>,
    /// The tool's processes as they were seen last.
    tools: Vec<Process>,
    /// What was seen last.
    last: Sample,
    /// The memory that was seen last, with what the kernel may hold in addition.
    last_bytes: u64,
    /// How long after it was looked, while nothing is near a limit.
    pace: Duration,
    peak: Sample,
    stop: Option<StopReason>,
}

impl Watcher {
    /// Begins to watch a run that was just started; once it has settled it is held below these totals.
    pub(super) fn new(totals: Totals) -> Watcher {
        let now = Instant::now();
        Watcher {
            ours: Vec::new(),
            builder: None,
            first: None,
            tool: None,
            disk: Disk::default(),
            begun: now,
            next: now + WATCH,
            tell: now + TELL,
            holder: Holder::Due(totals),
            mover: None,
            tools: Vec::new(),
            last: Sample::default(),
            last_bytes: 0,
            pace: WATCH,
            peak: Sample::default(),
            stop: None,
        }
    }

    /// Learns which process becomes the tool: those between us and it are our own.
    pub(super) fn tool(&mut self, pid: i32) {
        self.tool = Some(pid);
        // They stay the same from trial to trial; a short one may be over before it is looked at.
        if self.ours.is_empty() {
            let me = rustix::process::getpid().as_raw_nonzero().get();
            let parent = |pid: i32| parent(pid).filter(|parent| *parent != me);
            self.ours = std::iter::successors(parent(pid), |pid| parent(*pid)).collect();
        }
    }

    /// Learns that only this process is between us and the tool.
    pub(super) fn inner(&mut self, pid: i32) {
        self.ours = vec![pid];
    }

    /// Learns which process builds what the inner stage joins.
    pub(super) fn builder(&mut self, pid: i32) {
        self.builder = Some(pid);
    }

    /// Learns which process takes in the tool's orphans: it is one of our own.
    pub(super) fn first(&mut self, pid: i32) {
        self.first = Some(pid);
    }

    /// When to look next.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// The limit that was exceeded first.
    pub(super) fn stop(&self) -> Option<&StopReason> {
        self.stop.as_ref()
    }

    /// Takes in what is on disk at the end; a failure on a full disk is the disk's.
    pub(super) fn last_disk(&mut self, plan: &RunPlan, disk: Disk, exit: Exit) {
        let is_over = disk.is_full || disk.bytes > plan.limits.disk_bytes || disk.entries > plan.limits.inodes;
        if is_over && exit != Exit::Code(0) {
            self.stop = self.stop.take().or(Some(StopReason::Disk));
        }
        self.peak.disk_bytes = self.peak.disk_bytes.max(disk.bytes);
    }

    /// Looks once; what was seen, when it is to be told.
    pub(super) fn look(&mut self, plan: &RunPlan) -> Option<Sample> {
        let begun = Instant::now();
        let limits = &plan.limits;
        let is_told = begun >= self.tell;
        if is_told && let Some(disk) = self.tool.and_then(|tool| disk::outside(plan, tool)) {
            self.disk = disk;
        }
        let all = descendants(rustix::process::getpid().as_raw_nonzero().get());
        self.hold(&all);
        // Before it is known which process becomes the tool, all of them are our own.
        let of_builder =
            |process: &Process| self.builder.is_some_and(|pid| [process.pid, process.parent].contains(&pid));
        let is_ours = |pid: i32| self.first == Some(pid) || self.mover == Some(pid) || self.ours.contains(&pid);
        let is_tools = |process: &Process| self.tool.is_some() && !is_ours(process.pid) && !of_builder(process);
        self.tools = all.iter().filter(|process| is_tools(process)).copied().collect();
        let (memory_bytes, possible) = if self.tools.len() as u64 > limits.processes {
            // Each moment of counting is another process: end them first.
            self.end_tools();
            (self.resident_bytes(), 0)
        } else {
            self.memory(plan)
        };
        let ticks: u64 = all.iter().map(|process| process.cpu_ticks).sum();
        let sample = Sample {
            cpu_ms: ticks * 1000 / rustix::param::clock_ticks_per_second(),
            memory_bytes,
            processes: self.tools.len() as u64,
            disk_bytes: self.disk.bytes,
        };
        self.judge(plan, sample);
        self.peak = Sample {
            cpu_ms: self.peak.cpu_ms.max(sample.cpu_ms),
            memory_bytes: self.peak.memory_bytes.max(sample.memory_bytes),
            processes: self.peak.processes.max(sample.processes),
            disk_bytes: self.peak.disk_bytes.max(sample.disk_bytes),
        };
        let is_calm = plan.is_service && sample == self.last;
        self.pace = paced(self.pace, is_calm, self.holder.made().is_some());
        let more = sample.processes.saturating_sub(self.last.processes);
        let bytes = memory_bytes + possible;
        let grown = bytes.saturating_sub(self.last_bytes);
        (self.last, self.last_bytes) = (sample, bytes);
        let (least, share) = if grows_beyond(bytes, grown, limits.memory_bytes)
            || heads_beyond(sample.processes, more, limits.processes)
        {
            // Over the memory limit nobody went on while it was counted. On a busy machine a look takes long: after a wait of
            // several times that, what grows fast is far beyond its limit.
            (WATCH_CLOSELY, 1)
        } else if bytes >= limits.memory_bytes / 4 {
            (WATCH_CLOSELY, CLOSE_SHARE)
        } else {
            (self.pace, WATCH_SHARE)
        };
        let now = Instant::now();
        self.next = now + least.max((now - begun) * share);
        if is_told {
            self.tell = now + TELL;
        }
        // Whoever keeps a service sleeps while nothing happens.
        (is_told && !is_calm).then_some(sample)
    }

    /// What the tool's processes hold in memory, and what the kernel may hold for them beside that: what they sent and
    /// nobody read, and tables of addresses. Pages that several share are counted once. To count is dear, so only when
    /// the cheap sums are over the limit; meanwhile nobody of them continues, or they would outgrow the count.
    fn memory(&mut self, plan: &RunPlan) -> (u64, u64) {
        let limit = plan.limits.memory_bytes;
        let resident = self.resident_bytes();
        let tables: u64 = self.tools.iter().map(|process| process.virtual_bytes / TABLE_SHARE).sum();
        let has_own_network = plan.level == IsolationLevel::Isolated && plan.network != Network::Full;
        let local = self.tools.first().filter(|_| has_own_network).map(|tool| sandbox::local_sockets(tool.pid));
        let faces = self.faces();
        let possible = tables + sandbox::possible_bytes(&faces, local, limit.saturating_sub(resident + tables));
        if resident + possible <= limit {
            return (resident, possible);
        }
        signal_all(&self.tools, Signal::STOP);
        let own = if faces.len() > 1 { proportional_bytes(&faces) } else { resident };
        let counted = own + sandbox::buffered_bytes(&faces, local) + table_bytes(&faces);
        if counted <= limit {
            signal_all(&self.tools, Signal::CONT);
        }
        (counted, possible)
    }

    /// The memory of the tool's processes; what several share counts for each of them.
    fn resident_bytes(&self) -> u64 {
        let page = rustix::param::page_size() as u64;
        self.tools.iter().map(|process| process.resident_pages * page).sum()
    }

    /// Numbers by which the tool's processes can be looked at.
    fn faces(&self) -> Vec<i32> {
        let of = |process: &Process| if process.resident_pages > 0 { Some(process.pid) } else { face(process.pid) };
        self.tools.iter().filter_map(of).collect()
    }

    /// Moves into the group whoever is not there yet. A process of its own does it, because the kernel may take its
    /// time, and the tool's calls wait for our answers.
    fn hold(&mut self, all: &[Process]) {
        if self.begun.elapsed() < SETTLE {
            return;
        }
        if let Some(mover) = self.mover {
            if all.iter().any(|process| process.pid == mover) {
                return;
            }
            self.mover = None;
            if sandbox::reap(mover).is_ok_and(|reaped| reaped.exit != Exit::Code(0)) {
                // It may not be moved there after all: then it is watched like any other.
                self.holder = Holder::Impossible;
                return;
            }
        }
        let Some(group) = self.holder.group() else { return };
        let inside = group.inside();
        let outside: Vec<i32> = all.iter().map(|process| process.pid).filter(|pid| !inside.contains(pid)).collect();
        if !outside.is_empty() {
            // Without a process to move them, the next look tries again.
            self.mover = sandbox::fork(|| i32::from(group.hold(&outside).is_err())).ok();
        }
    }

    /// Ends the tool's processes at once: whoever is over a limit uses every moment.
    pub(super) fn end_tools(&self) {
        kill_all(&self.tools);
    }

    /// Which limit the kernel held, if it had to.
    fn refused(&self) -> Option<StopReason> {
        let refused = self.holder.made()?.refused();
        let memory = (refused.memory > 0).then_some(StopReason::Memory);
        memory.or((refused.processes > 0).then_some(StopReason::Processes))
    }

    fn judge(&mut self, plan: &RunPlan, sample: Sample) {
        let limits = &plan.limits;
        let found = if sample.processes > limits.processes {
            Some(StopReason::Processes)
        } else if sample.memory_bytes > limits.memory_bytes {
            Some(StopReason::Memory)
        } else if sample.cpu_ms > limits.cpu_seconds.saturating_mul(1000) {
            Some(StopReason::Cpu)
        } else if self.disk.bytes > limits.disk_bytes || self.disk.entries > limits.inodes {
            Some(StopReason::Disk)
        } else {
            None
        };
        self.stop = self.stop.take().or(found).or_else(|| self.refused());
    }

    /// The limit and the peaks.
    pub(super) fn finish(mut self) -> (Option<StopReason>, Sample) {
        let stop = self.stop.take().or_else(|| self.refused());
        (stop, self.peak)
    }
}

/// Whether a run that has `count` processes, `more` than at the last look, passes the limit within a few looks: then the
/// time between looks must not grow with the time that each takes.
fn heads_beyond(count: u64, more: u64, limit: u64) -> bool {
    more > 0 && (count >= limit.div_ceil(2) || count.saturating_add(more.saturating_mul(LOOKS_AHEAD)) > limit)
}

/// Whether memory that grew by `grown` bytes since the last look is beyond the limit, or passes it within a few looks.
fn grows_beyond(bytes: u64, grown: u64, limit: u64) -> bool {
    bytes.saturating_add(grown.saturating_mul(LOOKS_AHEAD)) > limit
}

/// How long until the next look at a run that is not near a limit: longer each time while it does nothing.
fn paced(pace: Duration, is_calm: bool, is_held: bool) -> Duration {
    let most = if is_held { WATCH_CALM } else { WATCH_CALM_ALONE };
    if is_calm { (pace * 2).min(most) } else { WATCH }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_processes_that_soon_passes_the_limit_is_looked_at_closely() {
        for (count, more, wanted) in [(12, 11, false), (14, 13, true), (32, 1, true), (33, 0, false), (64, 64, true)] {
            assert_eq!(heads_beyond(count, more, 64), wanted, "{count} processes, {more} more");
        }
    }

    #[test]
    fn memory_that_soon_passes_the_limit_is_looked_at_closely() {
        for (bytes, grown, wanted) in
            [(257, 0, true), (256, 0, false), (100, 39, false), (100, 40, true), (200, 14, false)]
        {
            assert_eq!(grows_beyond(bytes, grown, 256), wanted, "{bytes} bytes, {grown} more");
        }
    }

    #[test]
    fn a_service_that_does_nothing_is_looked_at_more_and_more_seldom() {
        for (is_held, most) in [(true, WATCH_CALM), (false, WATCH_CALM_ALONE)] {
            let paces: Vec<Duration> =
                std::iter::successors(Some(WATCH), |pace| Some(paced(*pace, true, is_held))).take(10).collect();
            assert!(paces.is_sorted() && paces[9] == most, "{paces:?}");
            assert_eq!(paced(most, false, is_held), WATCH);
        }
    }
}
