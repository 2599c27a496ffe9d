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

/// The key that leaves an instance from within a typed line: ctrl-].
const LEAVE: u8 = 0x1d;

/// Prints the instances, one of them, a user unit or a profile.
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

/// The text of a unit, alone on standard output, so that it can be redirected to a file.
#[derive(Serialize)]
struct Printed<'a>(&'a ServiceUnit);

impl Answer for Printed<'_> {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.0.unit.lines().try_for_each(|line| page.line(&StyledLine::of(line)))
    }
}

/// Launches an instance, after the same questions as before a run.
pub(super) fn launch(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _) = call.open_catalog()?;
    let tool = engine.library().resolve(call.required("tool")?)?;
    ask_first(call, &engine, &tool, call.globals.json)?;
    execute(call, &engine, Command::Verb(call.as_typed()))
}

/// An answer of an instance, alone on standard output.
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

/// Shows the live output of an instance and forwards typed input, until the instance ends or the user leaves.
pub(super) fn attach(call: &Call<'_>) -> Result<u8, Stop> {
    let engine = call.open()?;
    let name = call.required("instance")?;
    let stream = engine.services().attach(name, &call.caller(&engine))?;
    call.note(
        &StyledLine::new().put(Ink::Dim, format!("attached to {name}; ctrl-] and Enter, or ctrl-c, leaves it running")),
    );
    let typed = stream.try_clone()?;
    let is_person = io::IsTerminal::is_terminal(&io::stdin());
    // The thread waits for typed input; the exit of this process ends it.
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

/// Forwards lines of standard input. The end of input leaves the instance only if a person typed it: the output for the
/// last line of a script is still to come.
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
        // Ignored: the other end may be gone already.
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }
}
