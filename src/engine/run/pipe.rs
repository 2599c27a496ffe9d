//! Writing to the standard input of a process that may not read.

use crate::engine::error::EngineError;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Sender, channel};

/// Writes to a pipe on a thread of its own: a service that does not read keeps nobody waiting.
pub(in crate::engine) fn writer(writes: OwnedFd) -> Result<Sender<Vec<u8>>, EngineError> {
    let (sender, lines) = channel::<Vec<u8>>();
    let mut pipe = File::from(writes);
    let started = std::thread::Builder::new().name("input".to_owned()).spawn(move || {
        for line in lines {
            if pipe.write_all(&line).is_err() {
                return;
            }
        }
    });
    started.map_err(EngineError::internal)?;
    Ok(sender)
}
