//! The missing programs that a script calls.

use super::Need;
use crate::code::shell::calls::Calls;
use crate::code::started::started;
use crate::domain::Missing;
use crate::domain::source::Language;
use crate::runner::interpreter::{SearchPath, missing as not_there};
use std::ffi::OsStr;
use std::path::Path;

/// The most programs reported for one script.
const MAX_TOLD: usize = 10;

/// The programs that a script calls and that are not installed.
pub(super) fn missing(need: &Need<'_>, entry: &str, path: &SearchPath<'_>) -> Vec<Missing> {
    let Some(file) = need.file(entry) else { return Vec::new() };
    let text = String::from_utf8_lossy(&file.bytes);
    let calls = Calls::of(&text).programs.into_iter();
    told(calls.map(|(name, call)| (name, call.line, call.is_certain)), path)
}

/// The programs that a Python or JavaScript script starts by name and that are not installed.
pub(super) fn missing_started(need: &Need<'_>, entry: &str, path: &SearchPath<'_>) -> Vec<Missing> {
    let Some(file) = need.file(entry) else { return Vec::new() };
    let text = String::from_utf8_lossy(&file.bytes);
    let Some(language) = Language::of(entry, &text) else { return Vec::new() };
    told(started(&text, language).into_iter().map(|one| (one.name, one.line, one.is_certain)), path)
}

/// The missing programs, each with its line and whether it is always started.
fn told(programs: impl Iterator<Item = (String, usize, bool)>, path: &SearchPath<'_>) -> Vec<Missing> {
    let is_there = |name: &str| {
        if name.starts_with('/') { Path::new(name).exists() } else { path.for_ourselves(OsStr::new(name)).is_some() }
    };
    let absent = programs.filter(|(name, _, _)| !is_there(name)).take(MAX_TOLD);
    let told = absent.map(|(name, line, is_certain)| {
        let how = if is_certain { "the script calls it" } else { "the script may call it" };
        Missing { message: format!("{} ({how}, line {line})", not_there(&name)), name, blocks: is_certain }
    });
    told.collect()
}
