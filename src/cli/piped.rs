//! Text piped into the program: input for a tool that reads it. Piped text is never discarded silently.

use super::input::{Given, for_tool, parse, read};
use crate::domain::{InputMode, Manifest, validate};
use crate::engine::{EngineError, ErrorCode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat, tell};
use serde_json::Value;
use std::io::Stdin;
use std::os::fd::AsFd;
use std::time::Duration;

/// How long to wait for the first byte if the tool works without it: a program that starts this one may leave a pipe
/// open without writing to it.
const SHORT: Duration = Duration::from_secs(1);

/// How long to wait if the tool has no other input.
const LONG: Duration = Duration::from_secs(10);

/// Whether a tool needs piped text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The tool has no other input, or is a tool that reads text.
    Needed,
    /// The tool works without it.
    Welcome,
}

/// The text piped into this program. `None` for a terminal, for no text, and, with `Wanted::Welcome`, for a pipe that
/// stays silent.
///
/// # Errors
///
/// As for an input that cannot be read: not UTF-8, or larger than 16 MiB. [`ErrorCode::Usage`] if the text is needed
/// and the pipe stays silent.
pub(super) fn text(wanted: Wanted) -> Result<Option<String>, EngineError> {
    let stdin = std::io::stdin();
    let patience = match wanted {
        Wanted::Needed => LONG,
        Wanted::Welcome => SHORT,
    };
    if !is_piped(&stdin) {
        return Ok(None);
    }
    if !is_ready(&stdin, patience) {
        return match wanted {
            Wanted::Welcome => Ok(None),
            Wanted::Needed => {
                let message = format!("nothing arrived on standard input within {}s", patience.as_secs());
                let hint = "pass the input with --set or --input, or close standard input (</dev/null)";
                Err(EngineError::new(ErrorCode::Usage, message, hint))
            }
        };
    }
    let text = read(stdin.lock(), "standard input")?;
    Ok((!text.is_empty()).then_some(text))
}

/// [`for_tool`], with piped text if the tool reads its standard input: as the text input of the tool, or as the whole
/// input if no other input is given.
///
/// # Errors
///
/// Those of [`for_tool`]; [`ErrorCode::Usage`] for piped text that is not a JSON object if the tool takes one.
pub(super) fn with_piped(manifest: &Manifest, given: Given) -> Result<Option<Value>, EngineError> {
    let is_given = given != Given::default();
    let input = for_tool(manifest, given)?;
    let Some(recipe) = &manifest.recipe else { return Ok(input) };
    if input.as_ref().is_some_and(|input| manifest.asked(input).is_some()) {
        return Ok(input);
    }
    let fits = |input: &Option<Value>| {
        let empty = Value::Object(serde_json::Map::new());
        manifest.input.as_ref().is_none_or(|schema| validate(schema, input.as_ref().unwrap_or(&empty)).is_empty())
    };
    let wanted = if fits(&input) { Wanted::Welcome } else { Wanted::Needed };
    let asked = recipe.text_input().map(|name| (name, Wanted::Needed));
    // If the tool does not declare whether it reads standard input, the text is passed to it.
    if let Some((name, wanted)) = asked.or(recipe.piped.as_deref().map(|name| (name, Wanted::Welcome))) {
        let has_text = input.as_ref().is_some_and(|input| !input[name].is_null());
        let text = (!has_text).then(|| text(wanted)).transpose()?.flatten();
        let Some(text) = text else { return Ok(input) };
        let mut fields = input.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        fields[name] = Value::String(text);
        return Ok(Some(fields));
    }
    let takes_json = recipe.input == InputMode::StdinJson && !is_given;
    let Some(piped) = takes_json.then(|| text(wanted)).transpose()?.flatten() else { return Ok(input) };
    if piped.trim().is_empty() {
        return Ok(input);
    }
    for_tool(manifest, Given::of(parse(&piped, "standard input")?))
}

/// Whether piped text is left unread.
pub(super) fn is_left() -> bool {
    let stdin = std::io::stdin();
    if !is_piped(&stdin) {
        return false;
    }
    match fstat(stdin.as_fd()) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
            let size = u64::try_from(stat.st_size).unwrap_or(0);
            tell(stdin.as_fd()).is_ok_and(|at| at < size)
        }
        _ => rustix::io::ioctl_fionread(stdin.as_fd()).is_ok_and(|waiting| waiting > 0),
    }
}

/// Whether standard input is a pipe or a file, not a terminal or a device.
fn is_piped(stdin: &Stdin) -> bool {
    let kind = fstat(stdin.as_fd()).map(|stat| FileType::from_raw_mode(stat.st_mode));
    matches!(kind, Ok(FileType::Fifo | FileType::RegularFile | FileType::Socket))
}

/// Whether data or the end of input arrives within `patience`.
fn is_ready(stdin: &Stdin, patience: Duration) -> bool {
    let Ok(timeout) = Timespec::try_from(patience) else { return false };
    let mut fds = [PollFd::new(stdin, PollFlags::IN)];
    poll(&mut fds, Some(&timeout)).is_ok_and(|ready| ready > 0)
}
