//! The parts that this program plays beside the workbench: each is this program started again with a first argument that
//! no verb begins like.

use super::run::buffering;
use super::service;
use crate::{request, runner};
use std::ffi::OsString;

/// The most arguments that a role has, with one more to see that there are not too many.
const MOST_ARGUMENTS: usize = 8;

/// Plays the part of a supervisor, a keeper or the clock when that is what this program was started for; returns
/// what to exit with. Asked before anything else, while there is one thread. Raises the soft limit of open files of all other parts first.
pub fn play_role() -> Option<u8> {
    if let Some(code) = runner::play_role() {
        return Some(code);
    }
    if std::env::args_os().nth(1).is_some_and(|role| role == runner::SEND_REQUEST) {
        return Some(request::play());
    }
    if std::env::args_os().nth(1).is_some_and(|role| role == runner::CALL_SERVER) {
        return Some(u8::try_from(request::play_client()).unwrap_or(u8::MAX));
    }
    // A low soft limit alone stops nothing. If it cannot be raised, what fails says so.
    let _ = runner::raise_open_files(runner::NEEDED_FILES);
    let args: Vec<OsString> = std::env::args_os().skip(1).take(MOST_ARGUMENTS).collect();
    buffering::play_clock(&args).or_else(|| service::play(&args))
}
