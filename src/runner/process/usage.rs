//! The resource use of this process, for the reading budgets.

use crate::domain::budget::{self, Usage};
use std::fs;
use std::sync::LazyLock;
use std::time::Instant;

/// Enables time and memory limits of the reading budgets in the whole program from now on.
pub fn measure_reading() {
    budget::measure_with(usage);
}

fn usage() -> Usage {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Usage { elapsed: BEGUN.elapsed(), resident: resident().unwrap_or(0) }
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
}
