//! The roles of this program other than the workbench: for each, the program is started with a first argument that
//! cannot be a verb.

use super::run::buffering;
use super::service;
use crate::{request, runner};
use std::ffi::OsString;

/// The most arguments of a role, plus one to detect that there are too many.
const MOST_ARGUMENTS: usize = 8;

/// If this program was started as a supervisor, a keeper or the timer: plays that role and returns its exit code. Must
/// be called before anything else, while there is only one thread. For all other roles, it first raises the soft limit
/// of open files.
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
