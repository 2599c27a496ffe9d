//! What the run uses, looked at a few times a second from outside, and the limits that only somebody
//! who sees all its processes together can hold.

use super::disk::{self, Disk};
use super::plan::Plan;
use crate::domain::Sample;
use crate::runner::ending::Stop;
use crate::runner::processes::{descendants, parent, proportional_bytes};
use crate::runner::sandbox::Exit;
use std::time::{Duration, Instant};

/// How often it is looked.
const WATCH: Duration = Duration::from_millis(100);

/// Looking may take one part in this many of the time.
const WATCH_SHARE: u32 = 20;

/// Samples and what they exceeded first.
#[derive(Debug)]
pub(super) struct Watcher {
    /// The inner stage and bubblewrap; everybody else in the tree is the tool's.
    ours: Vec<i32>,
    /// The process of ours that takes in the tool's orphans, where there is one.
    first: Option<i32>,
    /// The tool's first process.
    tool: Option<i32>,
    disk: Disk,
    next: Instant,
    peak: Sample,
    stop: Option<Stop>,
}

impl Watcher {
    pub(super) fn new() -> Watcher {
        Watcher {
            ours: Vec::new(),
            first: None,
            tool: None,
            disk: Disk::default(),
            next: Instant::now() + WATCH,
            peak: Sample::default(),
            stop: None,
        }
    }

    /// Learns which process becomes the tool: those between us and it are our own.
    pub(super) fn tool(&mut self, pid: i32) {
        let me = rustix::process::getpid().as_raw_nonzero().get();
        let parent = |pid: i32| parent(pid).filter(|parent| *parent != me);
        self.tool = Some(pid);
        // A short trial may be over before it is looked at; ours stay the same.
        let above: Vec<i32> = std::iter::successors(parent(pid), |pid| parent(*pid)).collect();
        if !above.is_empty() {
            self.ours = above;
        }
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
    pub(super) fn stop(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Takes in what lies on disk at the end; a failure on a full disk is the disk's.
    pub(super) fn last_disk(&mut self, plan: &Plan, disk: Disk, exit: Exit) {
        let is_over = disk.is_full || disk.bytes > plan.limits.disk_bytes || disk.entries > plan.limits.inodes;
        if is_over && exit != Exit::Code(0) {
            self.stop = self.stop.take().or(Some(Stop::Disk));
        }
        self.peak.disk_bytes = self.peak.disk_bytes.max(disk.bytes);
    }

    /// Looks once.
    pub(super) fn look(&mut self, plan: &Plan) -> Sample {
        let begun = Instant::now();
        let limits = &plan.limits;
        if let Some(disk) = self.tool.and_then(|tool| disk::outside(plan, tool)) {
            self.disk = disk;
        }
        let page = rustix::param::page_size() as u64;
        let all = descendants(rustix::process::getpid().as_raw_nonzero().get());
        // Before it is known which process becomes the tool, all of them are our own.
        let is_ours = |pid: i32| self.first == Some(pid) || self.ours.contains(&pid);
        let is_tools = |pid: i32| self.tool.is_some() && !is_ours(pid);
        let tools: Vec<_> = all.iter().filter(|process| is_tools(process.pid)).collect();
        let resident: u64 = tools.iter().map(|process| process.resident_pages * page).sum();
        let pids: Vec<i32> = tools.iter().map(|process| process.pid).collect();
        // Counting shared pages once is dear, so only when the cheap sum is over.
        let memory_bytes =
            if resident > limits.memory_bytes && pids.len() > 1 { proportional_bytes(&pids) } else { resident };
        let ticks: u64 = all.iter().map(|process| process.cpu_ticks).sum();
        let sample = Sample {
            cpu_ms: ticks * 1000 / rustix::param::clock_ticks_per_second(),
            memory_bytes,
            processes: tools.len() as u64,
            disk_bytes: self.disk.bytes,
        };
        self.judge(plan, sample);
        self.peak = Sample {
            cpu_ms: self.peak.cpu_ms.max(sample.cpu_ms),
            memory_bytes: self.peak.memory_bytes.max(sample.memory_bytes),
            processes: self.peak.processes.max(sample.processes),
            disk_bytes: self.peak.disk_bytes.max(sample.disk_bytes),
        };
        self.next = Instant::now() + WATCH.max(begun.elapsed() * WATCH_SHARE);
        sample
    }

    fn judge(&mut self, plan: &Plan, sample: Sample) {
        let limits = &plan.limits;
        let found = if sample.processes > limits.processes {
            Some(Stop::Processes)
        } else if sample.memory_bytes > limits.memory_bytes {
            Some(Stop::Memory)
        } else if sample.cpu_ms > limits.cpu_seconds * 1000 {
            Some(Stop::Cpu)
        } else if self.disk.bytes > limits.disk_bytes || self.disk.entries > limits.inodes {
            Some(Stop::Disk)
        } else {
            None
        };
        self.stop = self.stop.take().or(found);
    }

    /// The limit and the peaks.
    pub(super) fn finish(self) -> (Option<Stop>, Sample) {
        (self.stop, self.peak)
    }
}
