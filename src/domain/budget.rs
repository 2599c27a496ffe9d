//! Limits for reading text from others: time, memory and depth.
//!
//! Code that reads for a check works [`within`] a budget. The parser checks the budget while it works, and so does
//! everything that walks a tree ([`super::source`]). When the budget is used up, the walk ends early and the unread
//! text is recorded, so that the check can report it. A budget belongs to a thread; without one, each parse has its own
//! [`ReadLimits::PARSE`].
//!
//! This module reads no clock: the program sets once how usage is measured ([`measure_with`]).

use super::quantity::{grouped, size, span};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

/// Reading the clock costs more than a step of a walk, so it is read once per this many steps.
const STEPS_PER_LOOK: u32 = 256;

/// The maximum number of unread texts recorded for one budget; a version has at most 2,000 files.
const MAX_UNREAD: usize = 100;

/// The time limit for a diff of two texts. After it, the diff is still correct, but shows more lines as changed than
/// needed.
pub const DIFF_TIME: Duration = Duration::from_millis(500);

/// Limits for reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Processor time of the reading thread until reading stops. Time in which other threads and programs run does not
    /// count: the result must not depend on how busy the machine is.
    pub time: Duration,
    /// Bytes by which the memory of the process may grow.
    pub memory: u64,
}

impl ReadLimits {
    /// One check over all files of a version. Including the usual memory of the program, it stays around 128 MiB.
    pub const CHECK: ReadLimits = ReadLimits { time: Duration::from_secs(5), memory: 88 << 20 };
    /// Parsing one text. 900 KiB of ordinary code take 64 MiB and less than half a second.
    pub const PARSE: ReadLimits = ReadLimits { time: Duration::from_secs(3), memory: 66 << 20 };
}

/// What the process has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Time since any fixed moment.
    pub elapsed: Duration,
    /// Processor time of this thread.
    pub processor: Duration,
    /// Resident memory in bytes; 0 if unknown.
    pub resident: u64,
}

/// Measures what the process has used.
pub type Meter = fn() -> Usage;

static METER: OnceLock<Meter> = OnceLock::new();

/// Sets how usage is measured, once for the program; a second meter is ignored. Without a meter, only steps are
/// counted.
pub fn measure_with(meter: Meter) {
    METER.get_or_init(|| meter);
}

/// What the process has used so far; `None` if no meter is set.
pub fn usage() -> Option<Usage> {
    METER.get().map(|meter| meter())
}

/// Why reading ended before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetStop {
    /// It took longer than this.
    Time(Duration),
    /// It took more memory than this many bytes.
    Memory(u64),
    /// The text is longer than this many bytes.
    Length(u64),
    /// More brackets are open at one time than this.
    Depth(usize),
    /// It took more parser steps than any real program needs.
    Steps,
}

impl BudgetStop {
    /// The reason, as a clause: `reading stopped after 3 s`.
    pub fn words(self) -> String {
        match self {
            BudgetStop::Time(limit) => {
                format!("reading stopped after {}", span(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)))
            }
            BudgetStop::Memory(limit) => format!("reading stopped when it had taken {} of memory", size(limit)),
            BudgetStop::Length(limit) => format!("files over {} are not read", size(limit)),
            BudgetStop::Depth(limit) => format!("brackets are nested more than {} levels deep", grouped(limit)),
            BudgetStop::Steps => "reading stopped because it took too many steps".to_owned(),
        }
    }
}

/// A text that was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// BLAKE3 of the text.
    pub text: [u8; 32],
    /// Bytes that were read.
    pub read: u64,
    /// Bytes of the text.
    pub of: u64,
    /// Limit that stopped the reading.
    pub stop: BudgetStop,
}

impl Unread {
    /// One line: `not fully examined: reading stopped after 3 s; 2,048 of 800,000 bytes read`.
    pub fn words(&self) -> String {
        let grouped = |bytes: u64| grouped(usize::try_from(bytes).unwrap_or(usize::MAX));
        let (read, of) = (grouped(self.read), grouped(self.of));
        format!("not fully examined: {}; {read} of {of} bytes read", self.stop.words())
    }
}

/// What did not fit into a budget.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shortfall {
    /// Why the work as a whole ended early.
    pub stop: Option<BudgetStop>,
    /// Texts that were not read to the end.
    pub unread: Vec<Unread>,
}

struct Budget {
    limits: ReadLimits,
    begun: Usage,
    steps: Cell<u32>,
    stop: Cell<Option<BudgetStop>>,
    unread: RefCell<Vec<Unread>>,
}

impl Budget {
    fn new(limits: ReadLimits) -> Budget {
        let begun = usage().unwrap_or_default();
        Budget { limits, begun, steps: Cell::new(0), stop: Cell::new(None), unread: RefCell::default() }
    }

    /// Why it is used up; `None` if it is not.
    fn look(&self) -> Option<BudgetStop> {
        if self.stop.get().is_none() {
            self.stop.set(usage().and_then(|now| spent(self.limits, self.begun, now)));
        }
        self.stop.get()
    }
}

/// The limit that was exceeded between two measurements.
pub(super) fn spent(limits: ReadLimits, begun: Usage, now: Usage) -> Option<BudgetStop> {
    if now.processor.saturating_sub(begun.processor) >= limits.time {
        return Some(BudgetStop::Time(limits.time));
    }
    (now.resident.saturating_sub(begun.resident) >= limits.memory).then_some(BudgetStop::Memory(limits.memory))
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Budget>>> = const { RefCell::new(None) };
}

/// Restores the outer budget, also if the work panics.
struct Restore(Option<Rc<Budget>>);

impl Drop for Restore {
    fn drop(&mut self) {
        let outer = self.0.take();
        CURRENT.with(|current| *current.borrow_mut() = outer);
    }
}

/// Runs work within a budget; also returns what did not fit into it.
pub fn within<T>(limits: ReadLimits, work: impl FnOnce() -> T) -> (T, Shortfall) {
    let budget = Rc::new(Budget::new(limits));
    let outer = CURRENT.with(|current| current.borrow_mut().replace(Rc::clone(&budget)));
    let restore = Restore(outer);
    let made = work();
    drop(restore);
    (made, Shortfall { stop: budget.stop.get(), unread: budget.unread.take() })
}

fn current() -> Option<Rc<Budget>> {
    CURRENT.with(|current| current.borrow().clone())
}

/// Counts one step of a walk; returns whether the budget of this thread is used up, so that the walk ends.
pub fn is_over() -> bool {
    CURRENT.with(|current| {
        let current = current.borrow();
        let Some(budget) = current.as_ref() else { return false };
        let steps = budget.steps.get().wrapping_add(1);
        budget.steps.set(steps);
        if steps % STEPS_PER_LOOK == 0 { budget.look().is_some() } else { budget.stop.get().is_some() }
    })
}

/// The same for work with long steps, such as that of a parser: the budget is checked each time.
pub(super) fn stopped() -> Option<BudgetStop> {
    current().and_then(|budget| budget.look())
}

/// Records a text as unread in the budget of this thread.
pub(super) fn left_unread(unread: Unread) {
    let Some(budget) = current() else { return };
    let mut all = budget.unread.borrow_mut();
    if all.len() < MAX_UNREAD && !all.contains(&unread) {
        all.push(unread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64, mebibytes: u64) -> Usage {
        let elapsed = Duration::from_secs(1_000);
        Usage { elapsed, processor: Duration::from_secs(seconds), resident: mebibytes << 20 }
    }

    #[test]
    fn a_budget_is_spent_by_time_or_by_growth_of_memory() {
        let limits = ReadLimits { time: Duration::from_secs(5), memory: 128 << 20 };
        assert_eq!(spent(limits, at(10, 100), at(14, 227)), None);
        assert_eq!(spent(limits, at(10, 100), at(15, 100)), Some(BudgetStop::Time(limits.time)));
        assert_eq!(spent(limits, at(10, 100), at(11, 228)), Some(BudgetStop::Memory(limits.memory)));
        assert_eq!(spent(limits, at(10, 100), at(11, 0)), None, "memory that shrinks is no growth");
    }

    #[test]
    fn what_was_not_read_is_told_to_the_innermost_budget_only() {
        let unread = |of| Unread { text: [0; 32], read: 1, of, stop: BudgetStop::Steps };
        let (inner, outer) = within(ReadLimits::CHECK, || {
            left_unread(unread(5));
            within(ReadLimits::CHECK, || left_unread(unread(2_000))).1
        });
        assert_eq!((inner.unread.as_slice(), outer.unread.as_slice()), (&[unread(2_000)][..], &[unread(5)][..]));
        left_unread(unread(7));
        assert!(!is_over(), "without a budget nothing is over");
        let expected = "not fully examined: reading stopped because it took too many steps; 1 of 2,000 bytes read";
        assert_eq!(unread(2_000).words(), expected);
    }
}
