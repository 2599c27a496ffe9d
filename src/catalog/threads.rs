//! How many threads read definitions.

/// The fewest threads that read definitions at the same time.
pub(super) const FEWEST: usize = 2;

/// The most threads that read definitions at the same time: beyond that, the disk and the writing of rows limit a scan.
const MOST: usize = 8;

/// Threads that read definitions: one for each processor, within limits.
pub(super) fn readers() -> usize {
    std::thread::available_parallelism().map_or(FEWEST, |cores| cores.get().clamp(FEWEST, MOST))
}
