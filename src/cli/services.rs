//! Services: `launch`, `say`, `attach`.

use super::call::{Answer, Call, Stop};
use super::done::{self, Done, execute};
use super::outlet::{Outlet, is_terminal};
use super::permission::ask_first;
use super::print_text::{Ink, Page, StyledLine};
use crate::domain::{Command, Stream};
use crate::engine::{ANSWER_TIME, EngineError, Said, ServiceUnit, plain_query, unnamed_instance};
use serde::Serialize;
use std::io::{self, BufRead, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What leaves an instance in a line that is typed: ctrl-].
const LEAVE: u8 = 0x1d;

/// The instances, one of them, a user unit or a profile.
pub(super) fn services(call: &Call<'_>) -> Result<u8, Stop> {
    if !call.switch("unit") || call.globals.json {
        let query = plain_query("services").ok_or_else(|| EngineError::internal("services has no query"))?;
        return call.print(&done::query(call, query)?);
    }
    let (engine, _) = call.open_catalog()?;
    let name = call.text("instance").ok_or_else(unnamed_instance)?;
    let unit = engine.services().unit(name)?;
    let code = call.print(&Printed(&unit))?;
    for step in &unit.steps {
        call.note(&StyledLine::new().put(Ink::Accent, "hint: ").put(Ink::Plain, step));
    }
    Ok(code)
}

/// A unit: its text alone on standard output, so that it can be written to a file.
#[derive(Serialize)]
struct Printed<'a>(&'a ServiceUnit);

impl Answer for Printed<'_> {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.0.unit.lines().try_for_each(|line| page.line(&StyledLine::of(line)))
    }
}

/// Launches an instance, after the questions that a run has as well.
pub(super) fn launch(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _) = call.open_catalog()?;
    let tool = engine.library().resolve(call.required("tool")?)?;
    ask_first(call, &engine, &tool, call.globals.json)?;
    execute(call, &engine, Command::Verb(call.as_typed()))
}

/// An answer of an instance: alone on standard output.
#[derive(Serialize)]
pub(super) struct Answered {
    #[serde(flatten)]
    said: Said,
}

impl Answer for Answered {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.said.answer.lines().try_for_each(|line| page.line(&StyledLine::of(line)))
    }
}

pub(super) fn say(call: &Call<'_>) -> Result<Answered, EngineError> {
    let engine = call.open()?;
    let timeout = call.get::<Duration>("timeout").unwrap_or(ANSWER_TIME);
    let (name, message) = (call.required("instance")?, call.required("message")?);
    let said = engine.services().say(name, message, timeout, &call.caller(&engine));
    call.tell_trouble(&engine);
    Ok(Answered { said: said? })
}

/// Shows the output of an instance as it comes, and passes on what is typed, until it ends or somebody leaves.
pub(super) fn attach(call: &Call<'_>) -> Result<u8, Stop> {
    let engine = call.open()?;
    let name = call.required("instance")?;
    let stream = engine.services().attach(name, &call.caller(&engine))?;
    call.note(
        &StyledLine::new().put(Ink::Dim, format!("attached to {name}; ctrl-] and Enter, or ctrl-c, leaves it running")),
    );
    let typed = stream.try_clone()?;
    let is_person = io::IsTerminal::is_terminal(&io::stdin());
    // The end of this process ends the thread, which waits for somebody who types.
    std::thread::Builder::new().name("typed".to_owned()).spawn(move || pass_on(&typed, is_person))?;
    let mut out = Outlet::new(Stream::Stdout, call.globals.color && is_terminal(Stream::Stdout));
    let mut piece = vec![0; 64 * 1024];
    loop {
        match (&stream).read(&mut piece) {
            Ok(0) => break,
            Ok(got) => out.take(&piece[..got])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    out.finish()?;
    Ok(0)
}

/// Passes lines of standard input on. Its end leaves only when a person typed it: output of a script's last line is
/// still to come.
fn pass_on(mut stream: &UnixStream, is_person: bool) {
    for line in io::stdin().lock().split(b'\n') {
        let Ok(mut line) = line else { break };
        let leaves = line.contains(&LEAVE);
        line.retain(|byte| *byte != LEAVE);
        if !(leaves && line.is_empty()) {
            line.push(b'\n');
            if stream.write_all(&line).is_err() {
                return;
            }
        }
        if leaves {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
    if is_person {
        // Nothing is left to say when the other end is gone already.
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }
}
