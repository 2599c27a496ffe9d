//! Asking a program of the user's: the system text and the request go to its standard input as one text, and what it
//! prints is the answer.

use super::message::{last_line, one_line};
use super::text::Characters;
use super::{MAX_ANSWER, NoAnswer, PATIENCE, Program, Question, Written};
use crate::domain::{Redactor, Secret};
use crate::evolve::course::{Trouble, Usage};
use crate::runner::{ERROR_TAIL, Talk, TalkEnd, Talked, converse};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What every program needs to find its way: agents keep their sign-in below the home folder.
const COMMON: &[&str] = &["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"];

/// Where programs are looked for when no `PATH` says it.
const NO_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// `EX_TEMPFAIL` of sysexits.h: trouble for a while.
const FOR_A_WHILE: i32 = 75;

pub(super) fn ask(
    program: &Program,
    timeout: Duration,
    question: &Question<'_>,
    on_text: &mut dyn FnMut(&str),
    stop: &AtomicBool,
) -> Result<Written, NoAnswer> {
    let input = format!("{}\n\n{}\n", question.system.trim_end(), question.request.trim_end());
    let env = environment(program);
    let talk = Talk {
        argv: &program.argv,
        env: &env,
        input: input.as_bytes(),
        keeper: program.keeper.as_deref(),
        silence: timeout,
        longest: timeout.saturating_mul(PATIENCE),
        most: MAX_ANSWER,
    };
    let (mut characters, mut text) = (Characters::default(), String::new());
    let talked = converse(&talk, &mut |piece| hand_on(&characters.push(piece), &mut text, on_text), stop)
        .map_err(|error| NoAnswer::new(Trouble::Broke, format!("{} could not be asked: {error}", name(program))))?;
    hand_on(characters.finish(), &mut text, on_text);
    judge(program, timeout, &talked, text)
}

fn hand_on(piece: &str, text: &mut String, on_text: &mut dyn FnMut(&str)) {
    if !piece.is_empty() {
        text.push_str(piece);
        on_text(piece);
    }
}

/// What the end of the program makes of its text.
fn judge(program: &Program, timeout: Duration, talked: &Talked, text: String) -> Result<Written, NoAnswer> {
    let redactor = Redactor::new(program.env.iter().map(|(name, value)| (name.as_str(), value)));
    let errors = String::from_utf8_lossy(whole(program, &talked.error_tail));
    let said = last_line(&errors).map(|line| format!(": {}", one_line(line, &redactor))).unwrap_or_default();
    let name = name(program);
    let seconds = timeout.as_secs_f64();
    let (trouble, message) = match talked.end {
        TalkEnd::Code(0) if text.trim().is_empty() => (Trouble::Refused, format!("{name} printed nothing{said}")),
        TalkEnd::Code(0) => return Ok(Written { text, usage: Usage::default(), model: None }),
        TalkEnd::Code(code) => {
            let trouble = if code == FOR_A_WHILE { Trouble::Broke } else { Trouble::Refused };
            (trouble, format!("{name} ended with code {code}{said}"))
        }
        TalkEnd::Signal(signal) => (Trouble::Broke, format!("{name} was ended by signal {signal}{said}")),
        TalkEnd::NotStarted(errno) => (Trouble::Refused, not_started(program, errno)),
        TalkEnd::Silent => (Trouble::TimedOut, format!("{name} said nothing for {seconds} s{said}")),
        TalkEnd::TooLong => {
            let seconds = timeout.saturating_mul(PATIENCE).as_secs_f64();
            (Trouble::TimedOut, format!("{name} was not done after {seconds} s{said}"))
        }
        TalkEnd::TooMuch => (Trouble::Refused, format!("{name} printed more than {} MiB", MAX_ANSWER >> 20)),
        TalkEnd::Stopped => return Err(NoAnswer::stopped()),
    };
    Err(NoAnswer::new(trouble, message))
}

/// The end of what was written, without what may be the second half of a secret at its beginning.
fn whole<'a>(program: &Program, tail: &'a [u8]) -> &'a [u8] {
    let longest = program.env.iter().map(|(_, value)| value.expose().len()).max().unwrap_or(0);
    let is_cut = tail.len() >= ERROR_TAIL;
    // Written as hexadecimal or escaped it is longer.
    if is_cut { tail.get(longest.saturating_mul(6)..).unwrap_or_default() } else { tail }
}

fn name(program: &Program) -> &str {
    program.argv.first().map_or("the command", String::as_str)
}

fn not_started(program: &Program, errno: i32) -> String {
    match find(program) {
        Err(why) => why,
        Ok(path) => {
            format!("{} could not be started: {}", path.display(), std::io::Error::from_raw_os_error(errno))
        }
    }
}

/// The few variables that every program gets, and those that the settings name, which go before.
fn environment(program: &Program) -> Vec<(String, String)> {
    let named = program.env.iter().map(|(name, value)| (name.clone(), text_of(value)));
    let mut env: Vec<(String, String)> = named.collect();
    let common = COMMON.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let fixed = [("TERM", "dumb"), ("NO_COLOR", "1"), ("PATH", NO_PATH)];
    for (name, value) in common.chain(fixed.map(|(name, value)| (name.to_owned(), value.to_owned()))) {
        if !env.iter().any(|(known, _)| *known == name) {
            env.push((name, value));
        }
    }
    env
}

fn text_of(value: &Secret) -> String {
    value.expose().to_string_lossy().into_owned()
}

/// The program's file, looked for as the system does it.
///
/// # Errors
/// One line that says what is missing.
fn find(program: &Program) -> Result<PathBuf, String> {
    let name = name(program);
    let may_start = |path: &Path| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    if name.contains('/') {
        let path = PathBuf::from(name);
        return match path.try_exists() {
            Ok(true) if may_start(&path) => Ok(path),
            Ok(true) => Err(format!("{name} may not be executed")),
            _ => Err(format!("there is no {name}")),
        };
    }
    let env = environment(program);
    let folders = env.iter().find(|(name, _)| name == "PATH").map_or(NO_PATH, |(_, value)| value.as_str());
    let found = std::env::split_paths(folders).map(|folder| folder.join(name)).find(|path| may_start(path));
    found.ok_or_else(|| format!("there is no program {name} on the PATH"))
}

pub(super) fn reach(program: &Program, _stop: &AtomicBool) -> Result<String, String> {
    find(program).map(|path| format!("{}, runs as you, outside of the sandbox", path.display()))
}
