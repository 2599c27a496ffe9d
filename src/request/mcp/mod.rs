//! Calls a tool of an MCP server, or lists its tools: the part of this program inside the sandbox of such a run. It
//! starts the server as its child, so that untrusted code stays in the sandbox, or reaches it over HTTP with the
//! network of the run.
//!
//! The order comes on standard input. The result goes to standard output, errors go to standard error, and the exit
//! code distinguishes a tool that failed from one that was not called.

mod child;
#[cfg(feature = "http-generators")]
mod remote;
mod session;

use crate::domain::mcp::{DRIFTED, McpOrder, ToolLock, drift_reason, other_programs};
use child::{Heard, MAX_LINE, Server};
use session::{Session, SessionEnd};
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The variable by which `toolsmith mcp` detects that Toolsmith itself started it.
pub const CLIENT_VARIABLE: &str = "TOOLSMITH_MCP_CLIENT";

/// Exit codes: the tool failed; there was no valid answer from the server.
const TOOL_FAILED: i32 = 1;
const NO_ANSWER: i32 = 3;

/// Maximum bytes that a server may write.
const MOST_READ: usize = 64 << 20;

/// Time for a server that writes other lines to write its first message.
const PATIENCE: Duration = Duration::from_secs(5);

/// Executes the order; returns the exit code.
pub fn play() -> i32 {
    if !is_confined() {
        return complain("this part of Toolsmith works inside its sandbox only", NO_ANSWER);
    }
    let read = io::read_to_string(io::stdin()).map_err(|error| error.to_string());
    let order = read.and_then(|text| serde_json::from_str::<McpOrder>(&text).map_err(|error| error.to_string()));
    let order = match order {
        Ok(order) => order,
        Err(why) => return complain(&format!("the order could not be read: {why}"), NO_ANSWER),
    };
    let (server, programs) = (order.server.clone(), order.programs.clone());
    match converse(order) {
        SessionEnd::Listed { protocol, server, capabilities, instructions, tools } => {
            match ToolLock::of(protocol, (server, instructions), programs, tools) {
                Ok(lock) => tell(&lock.with_capabilities(capabilities).file().bytes),
                Err(why) => complain(&format!("the list of tools cannot be recorded: {why}"), NO_ANSWER),
            }
        }
        SessionEnd::Answered(text) => tell(text.as_bytes()),
        SessionEnd::ToolFailed(text) => complain(&text, TOOL_FAILED),
        SessionEnd::Drifted { why, list } => {
            let next = format!(
                "it was not called; a human lists the tools again with `toolsmith list-tools {server}` and reviews the change"
            );
            complain(&drift_reason(&list, &format!("{why}; {next}")), DRIFTED)
        }
        SessionEnd::Failed(why) => complain(&why, NO_ANSWER),
    }
}

/// Whether this process has a system call filter and cannot gain privileges, like every run. A caller that may start
/// this program must not be able to start any other program with it.
fn is_confined() -> bool {
    use rustix::thread::{SecureComputingMode, no_new_privs, secure_computing_mode};
    no_new_privs().unwrap_or(false) && secure_computing_mode().is_ok_and(|mode| mode == SecureComputingMode::Filter)
}

fn converse(order: McpOrder) -> SessionEnd {
    if order.remote.is_some() {
        #[cfg(feature = "http-generators")]
        return remote::converse(order, &mut |note| {
            // Without standard error, there is nowhere to report this.
            let _ = writeln!(io::stderr(), "{note}");
        });
        #[cfg(not(feature = "http-generators"))]
        return SessionEnd::Failed(super::NO_HTTP.to_owned());
    }
    let limit = Instant::now() + Duration::from_millis(order.limit_ms);
    let recorded = order.call.as_ref().map(|call| other_programs(&call.lock.programs, &order.programs));
    if let Some(changes) = recorded.filter(|changes| !changes.is_empty()) {
        let why = format!("the program of the server changed since its review: {}", changes.join(", "));
        let now: Vec<String> = order.programs.iter().map(|program| program.sha256.clone()).collect();
        return SessionEnd::Drifted { why, list: now.join(" ") };
    }
    let marks = [(CLIENT_VARIABLE, order.server.as_str())];
    let mut server = match Server::start(&order.command, &marks) {
        Ok(server) => server,
        Err(error) => return SessionEnd::Failed(format!("the server could not be started: {error}")),
    };
    let (mut session, first) = Session::begin(order);
    let (mut waiting, mut read, mut doubt) = (vec![first], 0, None);
    let end = loop {
        // A server that no longer reads is about to end, which is reported.
        let _ = waiting.drain(..).try_for_each(|message| server.say(&message));
        if let Some(note) = session.take_note() {
            let _ = writeln!(io::stderr(), "{note}");
        }
        doubt = session.is_in_doubt().then(|| doubt.unwrap_or_else(|| Instant::now() + PATIENCE));
        match server.hear(doubt.map_or(limit, |doubt: Instant| doubt.min(limit))) {
            Heard::Line(line) => {
                read += line.len();
                waiting = session.hear(&line);
            }
            Heard::Nothing if Instant::now() >= limit => session.give_up_on_time(),
            Heard::Nothing => session.give_up_on_noise(),
            Heard::TooLong => session.give_up(&format!("wrote a message of more than {} MiB", MAX_LINE >> 20)),
            Heard::End => session.give_up("ended"),
        }
        if read > MOST_READ {
            session.give_up(&format!("wrote more than {} MiB", MOST_READ >> 20));
        }
        if let Some(end) = session.take_end() {
            break end;
        }
    };
    let last_words = server.last_words();
    server.end();
    match (end, last_words.told()) {
        (SessionEnd::Failed(why), Some(words)) => SessionEnd::Failed(format!("{why}; it wrote: {words}")),
        (end, _) => end,
    }
}

fn tell(bytes: &[u8]) -> i32 {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(error) => complain(&format!("the result could not be written: {error}"), NO_ANSWER),
    }
}

fn complain(why: &str, code: i32) -> i32 {
    // Without standard error, there is nowhere to report this.
    let _ = writeln!(io::stderr(), "{why}");
    code
}
