//! The locks of an open workspace, and the order in which threads take them.
//!
//! A thread takes a lock only if every lock that it holds has a lower [`Rank`], so that two threads never wait for each
//! other. Builds with debug assertions, which include all tests, check this at every lock. These locks are held
//! together:
//!
//! - `Keeper`, then `Live`: a starting run either sees the thread that renews leases, or starts it.
//! - `Live`, then `Store`: the entry of a run exists before its process can end.
//! - `Scanned`, then everything below it: one scan at a time reads the folders and writes what it found.
//! - `Picking`, then `Recheck` and everything below it: one worker at a time takes the next checks.
//! - `Store`, then `Reader`: rules read inside their transaction.
//! - A `Leaf` is held for a moment, and no other lock is taken in that time.
//!
//! The lock for moving files (`Workspace::move_turn`) is a file lock and is taken before all of these. Locks inside one
//! conversation with a generator or one batch of checks (`std::sync::Mutex`) are also leaves, and have no rank.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The position of a lock in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Whether the thread that renews the leases of runs exists.
    Keeper,
    /// The runs of this process.
    Live,
    /// Whether the folders were read; held while they are being read.
    Scanned,
    /// Held while the next version to check is chosen.
    Picking,
    /// Tools whose checks were requested again.
    Recheck,
    /// The connection that writes.
    Store,
    /// The connection that reads.
    Reader,
    /// Everything that is held only for a moment.
    Leaf,
}

/// A value behind a lock with a rank.
pub(super) struct Ranked<T> {
    rank: Rank,
    value: Mutex<T>,
}

impl<T> Ranked<T> {
    /// Puts a value behind a lock.
    pub(super) fn new(rank: Rank, value: T) -> Ranked<T> {
        Ranked { rank, value: Mutex::new(value) }
    }

    /// Puts a value behind a lock; no other lock is taken while it is held.
    pub(super) fn leaf(value: T) -> Ranked<T> {
        Ranked::new(Rank::Leaf, value)
    }
}

/// A value while its lock is held.
pub(super) struct Held<'a, T> {
    value: MutexGuard<'a, T>,
    _turn: Turn,
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

pub(super) trait Lock {
    type Held<'a>
    where
        Self: 'a;

    fn hold(&self) -> Self::Held<'_>;
}

impl<T> Lock for Mutex<T> {
    type Held<'a>
        = MutexGuard<'a, T>
    where
        Self: 'a;

    fn hold(&self) -> MutexGuard<'_, T> {
        self.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Lock for Ranked<T> {
    type Held<'a>
        = Held<'a, T>
    where
        Self: 'a;

    fn hold(&self) -> Held<'_, T> {
        let turn = Turn::take(self.rank);
        Held { value: self.value.hold(), _turn: turn }
    }
}

/// Takes a lock. If a thread panicked while holding it, the value is still usable, because all values are plain data.
pub(super) fn lock<L: Lock>(lock: &L) -> L::Held<'_> {
    lock.hold()
}

/// Records that this thread holds a lock of some rank; costs nothing without debug assertions.
#[cfg(not(debug_assertions))]
struct Turn;

#[cfg(not(debug_assertions))]
impl Turn {
    fn take(_rank: Rank) -> Turn {
        Turn
    }
}

#[cfg(debug_assertions)]
struct Turn(Rank);

#[cfg(debug_assertions)]
thread_local! {
    /// The ranks of the locks that this thread holds.
    static HELD: std::cell::RefCell<Vec<Rank>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(debug_assertions)]
impl Turn {
    fn take(rank: Rank) -> Turn {
        HELD.with_borrow_mut(|held| {
            debug_assert!(held.iter().all(|before| *before < rank), "{rank:?} is locked while {held:?} are held");
            held.push(rank);
        });
        Turn(rank)
    }
}

#[cfg(debug_assertions)]
impl Drop for Turn {
    fn drop(&mut self) {
        HELD.with_borrow_mut(|held| {
            if let Some(at) = held.iter().rposition(|rank| *rank == self.0) {
                held.remove(at);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn locks_are_taken_from_the_lowest_rank_to_the_highest() {
        let (store, reader) = (Ranked::new(Rank::Store, 1), Ranked::new(Rank::Reader, 2));
        let together = || *lock(&store) + *lock(&reader);
        assert_eq!((together(), together()), (3, 3), "what was given back can be taken again");
        let held = lock(&reader);
        assert!(catch_unwind(AssertUnwindSafe(|| *lock(&store))).is_err(), "the other way round");
        assert!(catch_unwind(AssertUnwindSafe(|| *lock(&reader))).is_err(), "twice");
        drop(held);
        assert_eq!(together(), 3);
    }

    #[test]
    fn each_thread_counts_for_itself() {
        let (store, leaf) = (Ranked::new(Rank::Store, 1), Ranked::leaf(2));
        let held = lock(&leaf);
        std::thread::scope(|scope| assert_eq!(scope.spawn(|| *lock(&store)).join().ok(), Some(1)));
        drop(held);
    }
}
