//! Which programs a shell script calls that are not there.

use super::Need;
use crate::code::shell::calls::Calls;
use crate::domain::Missing;
use crate::runner::interpreter::{SearchPath, missing as not_there};
use std::ffi::OsStr;

/// Programs that are told for one script.
const MAX_TOLD: usize = 10;

/// The programs that a script calls and that are not there.
pub(super) fn missing(need: &Need<'_>, entry: &str, path: &SearchPath<'_>) -> Vec<Missing> {
    let Some(file) = need.file(entry) else { return Vec::new() };
    let text = String::from_utf8_lossy(&file.bytes);
    let calls = Calls::of(&text);
    let absent = calls.programs.iter().filter(|(name, _)| path.for_ourselves(OsStr::new(name)).is_none());
    let told = absent.take(MAX_TOLD).map(|(name, call)| {
        let what = not_there(name);
        let how = if call.is_certain { "the script calls it" } else { "the script may call it" };
        Missing { name: name.clone(), message: format!("{what} ({how}, line {})", call.line), blocks: call.is_certain }
    });
    told.collect()
}
