//! Asks a program of the user: the system text and the request go to its standard input as one text, and its output is
//! the answer.

use super::message::{last_line, one_line};
use super::text::Characters;
use super::{GeneratorAnswer, GeneratorProgram, GeneratorRequest, MAX_ANSWER, NoAnswer, PATIENCE};
use crate::domain::{Redactor, Secret};
use crate::evolve::course::{Trouble, Usage};
use crate::outside::{ExternalProgram, Trusted};
use crate::runner::{ERROR_TAIL, Talk, TalkEnd, Talked, converse};
use std::ffi::{OsStr, OsString};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// `EX_TEMPFAIL` of sysexits.h: a temporary failure.
const FOR_A_WHILE: i32 = 75;

pub(super) fn ask(
    program: &GeneratorProgram,
    timeout: Duration,
    question: &GeneratorRequest<'_>,
    on_text: &mut dyn FnMut(&str),
    stop: &AtomicBool,
) -> Result<GeneratorAnswer, NoAnswer> {
    let found = find(program).map_err(|why| NoAnswer::new(Trouble::Refused, why))?;
    let input = format!("{}\n\n{}\n", question.system.trim_end(), question.request.trim_end());
    let env = environment(program, &found);
    let talk = Talk {
        program: &found,
        args: program.argv.get(1..).unwrap_or_default(),
        programs: &program.programs,
        env: &env,
        input: input.as_bytes(),
        keeper: program.keeper.as_deref(),
        silence: timeout,
        longest: timeout.saturating_mul(PATIENCE),
        most: MAX_ANSWER,
    };
    let (mut characters, mut text) = (Characters::default(), String::new());
    let talked = converse(&talk, &mut |piece| hand_on(&characters.push(piece), &mut text, on_text), stop)
        .map_err(|error| NoAnswer::new(Trouble::Broke, format!("{} could not be called: {error}", name(program))))?;
    hand_on(characters.finish(), &mut text, on_text);
    judge(program, &found, timeout, &talked, text)
}

fn hand_on(piece: &str, text: &mut String, on_text: &mut dyn FnMut(&str)) {
    if !piece.is_empty() {
        text.push_str(piece);
        on_text(piece);
    }
}

/// Judges the output by how the program ended.
fn judge(
    program: &GeneratorProgram,
    found: &Trusted,
    timeout: Duration,
    talked: &Talked,
    text: String,
) -> Result<GeneratorAnswer, NoAnswer> {
    let redactor = Redactor::new(program.env.iter().map(|(name, value)| (name.as_str(), value)));
    let errors = String::from_utf8_lossy(whole(program, &talked.error_tail));
    let said = last_line(&errors).map(|line| format!(": {}", one_line(line, &redactor))).unwrap_or_default();
    let name = name(program);
    let seconds = timeout.as_secs_f64();
    let (trouble, message) = match talked.end {
        TalkEnd::Code(0) if text.trim().is_empty() => (Trouble::Refused, format!("{name} printed nothing{said}")),
        TalkEnd::Code(0) => return Ok(GeneratorAnswer { text, usage: Usage::default(), model: None }),
        TalkEnd::Code(code) => {
            let trouble = if code == FOR_A_WHILE { Trouble::Broke } else { Trouble::Refused };
            (trouble, format!("{name} exited with code {code}{said}"))
        }
        TalkEnd::Signal(signal) => (Trouble::Broke, format!("{name} was killed by signal {signal}{said}")),
        TalkEnd::NotStarted(errno) => {
            let (path, why) = (found.found_at().display(), std::io::Error::from_raw_os_error(errno));
            (Trouble::Refused, format!("{path} could not be started: {why}"))
        }
        TalkEnd::Silent => (Trouble::TimedOut, format!("{name} printed nothing for {seconds}s{said}")),
        TalkEnd::TooLong => {
            let seconds = timeout.saturating_mul(PATIENCE).as_secs_f64();
            (Trouble::TimedOut, format!("{name} did not finish within {seconds}s{said}"))
        }
        TalkEnd::TooMuch => (Trouble::Refused, format!("{name} printed more than {} MiB", MAX_ANSWER >> 20)),
        TalkEnd::Stopped => return Err(NoAnswer::stopped()),
    };
    Err(NoAnswer::new(trouble, message))
}

/// The end of the output. If it was cut, a possible second half of a secret at its beginning is removed.
fn whole<'a>(program: &GeneratorProgram, tail: &'a [u8]) -> &'a [u8] {
    let longest = program.env.iter().map(|(_, value)| value.expose().len()).max().unwrap_or(0);
    let is_cut = tail.len() >= ERROR_TAIL;
    // In hexadecimal or escaped form, a secret is longer.
    if is_cut { tail.get(longest.saturating_mul(6)..).unwrap_or_default() } else { tail }
}

fn name(program: &GeneratorProgram) -> &str {
    program.argv.first().map_or("the command", String::as_str)
}

/// The program's default variables, and those of the settings, which take precedence.
fn environment(program: &GeneratorProgram, found: &Trusted) -> Vec<(String, String)> {
    let named = program.env.iter().map(|(name, value)| (name.clone(), text_of(value)));
    let mut env: Vec<(String, String)> = named.collect();
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let common = program.programs.variables(ExternalProgram::Generator, found);
    let common = common.into_iter().map(|(name, value)| (text(name), text(value)));
    let fixed = [("TERM", "dumb"), ("NO_COLOR", "1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, value) in common.chain(fixed) {
        if !env.iter().any(|(known, _)| *known == name) {
            env.push((name, value));
        }
    }
    env
}

fn text_of(value: &Secret) -> String {
    value.expose().to_string_lossy().into_owned()
}

/// The path of the program.
///
/// # Errors
///
/// One line with what is missing, or why the program is not used.
fn find(program: &GeneratorProgram) -> Result<Trusted, String> {
    program.programs.find(ExternalProgram::Generator, OsStr::new(name(program))).map_err(|why| why.to_string())
}

pub(super) fn reach(program: &GeneratorProgram, _stop: &AtomicBool) -> Result<String, String> {
    let shown = |found: Trusted| format!("{}, runs as you, outside the sandbox", found.found_at().display());
    find(program).map(shown)
}
