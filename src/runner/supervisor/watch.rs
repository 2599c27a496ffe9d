//! Samples the resource use of a run from outside, a few times a second, and enforces the limits on all its processes
//! together.

use super::disk::{self, Disk};
use super::plan::RunPlan;
use crate::domain::{IsolationLevel, Network, Sample};
use crate::runner::process::group::{Cgroup, Totals};
use crate::runner::process::processes::{
    Process, descendants, face, kill_all, parent, proportional_bytes, signal_all, table_bytes,
};
use crate::runner::process::usage::processor_time;
use crate::runner::result::ending::StopReason;
use crate::runner::sandbox::{self, Exit};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// The sampling interval.
const WATCH: Duration = Duration::from_millis(20);

/// The interval near a limit: some processes fill memory at gigabytes per second.
const WATCH_CLOSELY: Duration = Duration::from_millis(4);

/// The interval for a service that has been idle for a while, if the kernel enforces its total limits.
const WATCH_CALM: Duration = Duration::from_secs(1);

/// The same if the kernel does not: growth between samples is then limited only for each process.
const WATCH_CALM_ALONE: Duration = Duration::from_millis(100);

/// The interval for reporting samples.
const TELL: Duration = Duration::from_millis(100);

/// Sampling may take one part in this many of the processor time of a core.
const WATCH_SHARE: u32 = 20;

/// The same near a limit.
const CLOSE_SHARE: u32 = 3;

/// How many samples ahead growth is extrapolated, for the number of processes and for memory.
const LOOKS_AHEAD: u64 = 4;

/// Page tables take at most one part in this many of an address space.
const TABLE_SHARE: u64 = 512;

/// The minimum duration of a run that is moved into a group: creating a group takes half a millisecond, and moving
/// processes into it can take the kernel up to 10 ms.
const SETTLE: Duration = Duration::from_millis(20);

/// How the kernel enforces the total limits of a run.
#[derive(Debug)]
enum Holder {
    Due(Totals),
    There(Cgroup),
    /// No group is possible here: the resource use is only monitored.
    Impossible,
}

impl Holder {
    /// The group; created if it is due.
    fn group(&mut self) -> Option<&Cgroup> {
        if let Holder::Due(totals) = self {
            *self = Cgroup::make(*totals).map_or(Holder::Impossible, Holder::There);
        }
        self.made()
    }

    /// The group, if it was created.
    fn made(&self) -> Option<&Cgroup> {
        match self {
            Holder::There(group) => Some(group),
            Holder::Due(_) | Holder::Impossible => None,
        }
    }
}

/// Samples, and the limit that was exceeded first.
#[derive(Debug)]
pub(super) struct Watcher {
    /// The inner stage and bubblewrap around it; all other processes in the tree belong to the tool.
    ours: Vec<i32>,
    /// bubblewrap next to the inner stage. It and its children belong to Toolsmith.
    builder: Option<i32>,
    /// Toolsmith's process that adopts the tool's orphans, if there is one.
    first: Option<i32>,
    /// The tool's first process.
    tool: Option<i32>,
    disk: Disk,
    begun: Instant,
    next: Instant,
    /// When the next sample is reported.
    tell: Instant,
    holder: Holder,
    /// The process that moves others into the group.
    mover: Option<i32>,
    /// The tool's processes in the last sample.
    tools: Vec<Process>,
    /// The last sample.
    last: Sample,
    /// The memory in the last sample, including kernel memory.
    last_bytes: u64,
    /// Whether memory or the number of processes was about to exceed its limit in the last sample: then the processes
    /// are stopped while they are sampled, because sampling is slow on a busy machine.
    is_near: bool,
    /// The interval while nothing is near a limit.
    pace: Duration,
    peak: Sample,
    stop: Option<StopReason>,
}

impl Watcher {
    /// Begins to monitor a run that was just started; later, these total limits are enforced.
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
            is_near: false,
            pace: WATCH,
            peak: Sample::default(),
            stop: None,
        }
    }

    /// Sets the process that becomes the tool; the processes between this one and it belong to Toolsmith.
    pub(super) fn tool(&mut self, pid: i32) {
        self.tool = Some(pid);
        // They stay the same in all trials; a short trial may end before it is sampled.
        if self.ours.is_empty() {
            let me = rustix::process::getpid().as_raw_nonzero().get();
            let parent = |pid: i32| parent(pid).filter(|parent| *parent != me);
            self.ours = std::iter::successors(parent(pid), |pid| parent(*pid)).collect();
        }
    }

    /// Sets the only process between this one and the tool.
    pub(super) fn inner(&mut self, pid: i32) {
        self.ours = vec![pid];
    }

    /// Sets the process that builds the view that the inner stage joins.
    pub(super) fn builder(&mut self, pid: i32) {
        self.builder = Some(pid);
    }

    /// Sets the process that adopts the tool's orphans; it belongs to Toolsmith.
    pub(super) fn first(&mut self, pid: i32) {
        self.first = Some(pid);
    }

    /// When to sample next.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// The limit that was exceeded first.
    pub(super) fn stop(&self) -> Option<&StopReason> {
        self.stop.as_ref()
    }

    /// Records the disk use at the end; a failure on a full disk is attributed to the disk.
    pub(super) fn last_disk(&mut self, plan: &RunPlan, disk: Disk, exit: Exit) {
        let is_over = disk.is_full || disk.bytes > plan.limits.disk_bytes || disk.entries > plan.limits.inodes;
        if is_over && exit != Exit::Code(0) {
            self.stop = self.stop.take().or(Some(StopReason::Disk));
        }
        self.peak.disk_bytes = self.peak.disk_bytes.max(disk.bytes);
    }

    /// Takes a sample; returns it if it is to be reported.
    pub(super) fn look(&mut self, plan: &RunPlan) -> Option<Sample> {
        // Time in which other processes ran is not the cost of sampling: on a busy machine the next sample would be late.
        let begun = processor_time();
        let limits = &plan.limits;
        let is_told = Instant::now() >= self.tell;
        if is_told && let Some(disk) = self.tool.and_then(|tool| disk::outside(plan, tool)) {
            self.disk = disk;
        }
        let all = descendants(rustix::process::getpid().as_raw_nonzero().get());
        self.hold(&all);
        // Until the tool's process is known, all processes belong to Toolsmith.
        let of_builder =
            |process: &Process| self.builder.is_some_and(|pid| [process.pid, process.parent].contains(&pid));
        let is_ours = |pid: i32| self.first == Some(pid) || self.mover == Some(pid) || self.ours.contains(&pid);
        let is_tools = |process: &Process| self.tool.is_some() && !is_ours(process.pid) && !of_builder(process);
        self.tools = all.iter().filter(|process| is_tools(process)).copied().collect();
        if self.is_near {
            signal_all(&self.tools, Signal::STOP);
        }
        let (memory_bytes, possible) = if self.tools.len() as u64 > limits.processes {
            // More processes would start during counting: end them first.
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
        self.is_near =
            grows_beyond(bytes, grown, limits.memory_bytes) || heads_beyond(sample.processes, more, limits.processes);
        let (least, share) = if self.is_near {
            // Fast growth must not get longer than this, however long sampling takes.
            (WATCH_CLOSELY, 1)
        } else if bytes >= limits.memory_bytes / 4 {
            (WATCH_CLOSELY, CLOSE_SHARE)
        } else {
            (self.pace, WATCH_SHARE)
        };
        let now = Instant::now();
        self.next = now + least.max(processor_time().saturating_sub(begun) * share);
        if is_told {
            self.tell = now + TELL;
        }
        // The keeper of a service sleeps while nothing happens.
        (is_told && !is_calm).then_some(sample)
    }

    /// The memory of the tool's processes, and the kernel memory for them: unread data in sockets and pipes, and page
    /// tables. Shared pages are counted once. Exact counting is expensive, so it is done only if the cheap sums exceed
    /// the limit; meanwhile the processes are stopped, or they would outgrow the count.
    fn memory(&mut self, plan: &RunPlan) -> (u64, u64) {
        let limit = plan.limits.memory_bytes;
        let resident = self.resident_bytes();
        let tables: u64 = self.tools.iter().map(|process| process.virtual_bytes / TABLE_SHARE).sum();
        let has_own_network = plan.level == IsolationLevel::Isolated && plan.network != Network::Full;
        let local = self.tools.first().filter(|_| has_own_network).map(|tool| sandbox::local_sockets(tool.pid));
        let faces = self.faces();
        let possible = tables + sandbox::possible_bytes(&faces, local, limit.saturating_sub(resident + tables));
        if resident + possible <= limit {
            if self.is_near {
                signal_all(&self.tools, Signal::CONT);
            }
            return (resident, possible);
        }
        if !self.is_near {
            signal_all(&self.tools, Signal::STOP);
        }
        let own = if faces.len() > 1 { proportional_bytes(&faces) } else { resident };
        let counted = own + sandbox::buffered_bytes(&faces, local) + table_bytes(&faces);
        if counted <= limit {
            signal_all(&self.tools, Signal::CONT);
        }
        (counted, possible)
    }

    /// The memory of the tool's processes; shared memory counts for each of them.
    fn resident_bytes(&self) -> u64 {
        let page = rustix::param::page_size() as u64;
        self.tools.iter().map(|process| process.resident_pages * page).sum()
    }

    /// The thread numbers through which the tool's processes can be examined.
    fn faces(&self) -> Vec<i32> {
        let of = |process: &Process| if process.resident_pages > 0 { Some(process.pid) } else { face(process.pid) };
        self.tools.iter().filter_map(of).collect()
    }

    /// Moves new processes into the group. A separate process does it, because the kernel may be slow, and the tool's
    /// calls wait for answers from this one.
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
                // It may not be moved after all: then it is monitored without a group.
                self.holder = Holder::Impossible;
                return;
            }
        }
        let Some(group) = self.holder.group() else { return };
        let inside = group.inside();
        let outside: Vec<i32> = all.iter().map(|process| process.pid).filter(|pid| !inside.contains(pid)).collect();
        if !outside.is_empty() {
            // If no process can be started for it, the next sample tries again.
            self.mover = sandbox::fork(|| i32::from(group.hold(&outside).is_err())).ok();
        }
    }

    /// Ends the tool's processes at once, because every moment over a limit counts.
    pub(super) fn end_tools(&self) {
        kill_all(&self.tools);
    }

    /// The limit that the kernel enforced, if any.
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

/// Whether a run with `count` processes, `more` than in the last sample, will exceed the limit within a few samples:
/// then the interval must not grow with the duration of sampling.
fn heads_beyond(count: u64, more: u64, limit: u64) -> bool {
    more > 0 && (count >= limit.div_ceil(2) || count.saturating_add(more.saturating_mul(LOOKS_AHEAD)) > limit)
}

/// Whether memory that grew by `grown` bytes since the last sample exceeds the limit, or will exceed it within a few
/// samples.
fn grows_beyond(bytes: u64, grown: u64, limit: u64) -> bool {
    bytes.saturating_add(grown.saturating_mul(LOOKS_AHEAD)) > limit
}

/// The interval for a run that is not near a limit: it grows while the run is idle.
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
