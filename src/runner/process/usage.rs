//! The resource use of this process and of its threads, for the reading budgets and for the samples of runs.

use crate::domain::budget::{self, Usage};
use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Enables time and memory limits of the reading budgets in the whole program from now on.
pub fn measure_reading() {
    budget::measure_with(usage);
}

fn usage() -> Usage {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Usage { elapsed: BEGUN.elapsed(), processor: processor_time(), resident: resident().unwrap_or(0) }
}

/// The processor time of this thread.
pub(in crate::runner) fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Resident memory in bytes, without file-backed pages, because the pages of this program are loaded on use.
fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = text.split(' ').skip(1).map_while(|word| word.parse::<u64>().ok());
    let (resident, shared) = (pages.next()?, pages.next()?);
    Some(resident.saturating_sub(shared) * rustix::param::page_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_written_to_is_counted() {
        let before = usage();
        let held = std::hint::black_box(vec![1_u8; 64 << 20]);
        let after = usage();
        assert!(after.resident >= before.resident + (48 << 20), "{before:?} {after:?}");
        assert!(after.elapsed >= before.elapsed);
        drop(held);
    }

    #[test]
    fn waiting_is_no_processor_time_and_work_is() {
        let (before, begun) = (processor_time(), Instant::now());
        let waiting = std::thread::spawn(move || while begun.elapsed() < Duration::from_millis(200) {});
        waiting.join().unwrap();
        let waited = processor_time().saturating_sub(before);
        assert!(waited < Duration::from_millis(100), "{waited:?}");
        let before = processor_time();
        while processor_time().saturating_sub(before) < Duration::from_millis(5) {}
    }
}
