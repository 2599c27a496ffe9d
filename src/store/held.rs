//! File locks that end at once when they are dropped.

use std::fs::File;
use std::ops::Deref;

/// A locked file. Dropping it releases the lock. Closing the file would not be enough: a child process that was just
/// started has it open until it executes its program, and with it the lock.
#[derive(Debug)]
pub struct HeldLock(File);

impl HeldLock {
    /// Takes a file that is locked.
    pub fn of(file: File) -> HeldLock {
        HeldLock(file)
    }
}

impl Deref for HeldLock {
    type Target = File;
    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        // If the system refuses, closing the file releases the lock soon.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_lock_is_free_even_while_somebody_has_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = HeldLock::of(File::create(&path).unwrap());
        held.lock().unwrap();
        // Like that of a child that was just started.
        let inherited = held.try_clone().unwrap();
        assert!(File::open(&path).unwrap().try_lock().is_err());
        drop(held);
        assert!(File::open(&path).unwrap().try_lock().is_ok());
        drop(inherited);
    }
}
