//! Standard output and standard error: the only way out of the command line.
//!
//! Three kinds of things leave: lines of a [`Page`], which escapes them; JSON, in which hidden
//! characters are escapes; and the bytes of a tool, which go raw into a file or pipe and through a
//! [`Cleaner`] to a terminal. Nothing else in this module has the streams; a test reads the sources.

use super::cleaner::{Cleaner, Sink};
use super::print_json;
use super::print_text::now;
use super::print_text::{Look, Page};
use crate::domain::{SafeText, Stream};
use serde::Serialize;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{self, PanicHookInfo};

/// A stream of this process that takes the bytes of a tool.
pub(super) struct Outlet {
    stream: Stream,
    cleaner: Option<Cleaner>,
    /// Whether the last thing written to a terminal was not the end of a line.
    within_line: bool,
}

impl Outlet {
    /// A stream with colours where they are wanted and it is a terminal.
    pub(super) fn new(stream: Stream, color: bool) -> Outlet {
        let cleaner = is_terminal(stream).then(|| Cleaner::new(look(stream, color).color));
        Outlet { stream, cleaner, within_line: false }
    }

    /// Writes bytes of a tool.
    ///
    /// # Errors
    /// When the stream cannot be written.
    pub(super) fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(cleaner) = &mut self.cleaner else { return pass(self.stream, bytes) };
        let clean = cleaner.push(bytes);
        if !clean.is_empty() {
            self.within_line = !clean.ends_with('\n');
        }
        pass(self.stream, clean.as_bytes())
    }

    /// Writes what was held back, and says whether it left a terminal within a line.
    ///
    /// # Errors
    /// When the stream cannot be written.
    pub(super) fn finish(&mut self) -> io::Result<bool> {
        if let Some(cleaner) = &mut self.cleaner {
            let rest = cleaner.finish();
            pass(self.stream, rest.as_bytes())?;
            self.within_line |= !rest.is_empty() && !rest.ends_with('\n');
        }
        Ok(self.within_line)
    }
}

/// Both streams of a run, each on its own.
pub(super) struct Outlets {
    stdout: Outlet,
    stderr: Outlet,
}

impl Outlets {
    /// The streams, with colours where they are wanted.
    pub(super) fn new(color: bool) -> Outlets {
        Outlets { stdout: Outlet::new(Stream::Stdout, color), stderr: Outlet::new(Stream::Stderr, color) }
    }

    /// Writes what was held back; what is said of the run begins on a line of its own.
    ///
    /// # Errors
    /// When a stream cannot be written.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let open = self.stdout.finish()? | self.stderr.finish()?;
        if open && is_terminal(Stream::Stderr) {
            pass(Stream::Stderr, b"\n")?;
        }
        Ok(())
    }
}

impl Sink for Outlets {
    fn take(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        match stream {
            Stream::Stdout => self.stdout.take(bytes),
            Stream::Stderr => {
                // What a program says of its output does not stick to output that ends within a line.
                if self.stdout.within_line && is_terminal(Stream::Stderr) && !self.stderr.within_line {
                    pass(Stream::Stderr, b"\n")?;
                    self.stdout.within_line = false;
                }
                self.stderr.take(bytes)
            }
        }
    }
}

fn pass(stream: Stream, bytes: &[u8]) -> io::Result<()> {
    match stream {
        Stream::Stdout => {
            let mut out = io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()
        }
        Stream::Stderr => io::stderr().lock().write_all(bytes),
    }
}

/// Writes lines to a stream.
///
/// # Errors
/// When the stream cannot be written.
pub(super) fn page(stream: Stream, color: bool, write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> io::Result<()> {
    let look = look(stream, color);
    match stream {
        Stream::Stdout => {
            let mut out = BufWriter::new(io::stdout().lock());
            write(&mut Page::new(&mut out, look))?;
            out.flush()
        }
        Stream::Stderr => write(&mut Page::new(&mut io::stderr().lock(), look)),
    }
}

/// Writes one JSON object to standard output.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn object(object: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    print_json::write_object(&mut out, object)?;
    out.flush()
}

/// Writes objects to standard output, one a line.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn objects(objects: &[impl Serialize]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    objects.iter().try_for_each(|object| print_json::write_object(&mut out, object))?;
    out.flush()
}

/// Writes values to standard output, one a line.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn values(values: &[impl Serialize]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    values.iter().try_for_each(|value| print_json::write_line(&mut out, value))?;
    out.flush()
}

/// Whether a stream goes to a terminal.
pub(super) fn is_terminal(stream: Stream) -> bool {
    match stream {
        Stream::Stdout => io::stdout().is_terminal(),
        Stream::Stderr => io::stderr().is_terminal(),
    }
}

/// Writes a line on the terminal of standard error in place of the one before, which had so many columns; returns how many
/// this one has. An empty text takes the line away. Where standard error is no terminal, nothing is written.
pub(super) fn progress(text: &str, before: usize) -> usize {
    if !is_terminal(Stream::Stderr) {
        return 0;
    }
    let text = SafeText::new(text).to_string();
    let columns = text.chars().count();
    let blanks = " ".repeat(before.saturating_sub(columns));
    let end = if columns == 0 { "\r" } else { "" };
    // Nobody there to read it is no failure.
    let _ = pass(Stream::Stderr, format!("\r{text}{blanks}{end}").as_bytes());
    columns
}

/// How text on a stream looks.
pub(super) fn look(stream: Stream, color: bool) -> Look {
    let columns = match stream {
        Stream::Stdout => rustix::termios::tcgetwinsize(io::stdout()),
        Stream::Stderr => rustix::termios::tcgetwinsize(io::stderr()),
    };
    // A terminal that does not know its width says 0.
    let columns = columns.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80);
    let terminal = is_terminal(stream);
    Look { color: color && terminal, width: terminal.then_some(columns), now: now(), accessible: false }
}

/// Prints what clap answers to `--help` and `--version`: text of ours only.
pub(super) fn own_words(answer: &clap::Error) -> io::Result<()> {
    answer.print()?;
    io::stdout().flush()
}

/// Lets a panic be reported like any other error: what it quotes may come from a tool.
pub(super) fn report_panics_escaped() {
    panic::set_hook(Box::new(|info| {
        let trace = Backtrace::capture();
        // Nothing is left to tell when standard error is gone.
        let _ = page(Stream::Stderr, false, |page| {
            page.block(0, super::print_text::Ink::Plain, &panic_text(info))?;
            match trace.status() {
                BacktraceStatus::Captured => page.block(0, super::print_text::Ink::Plain, &trace.to_string()),
                _ => Ok(()),
            }
        });
    }));
}

fn panic_text(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let message = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(|s| &**s));
    let place = info.location().map_or_else(String::new, |place| format!(" at {place}"));
    let thread = std::thread::current();
    let thread = SafeText::new(thread.name().unwrap_or("unnamed"));
    format!("thread {thread} panicked{place}:\n{}", message.unwrap_or("no message"))
}

/// Standard input and output themselves, for who speaks with a program on the other side.
///
/// # Errors
/// When this process has no room for more open files.
pub(super) fn own_streams() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok((io::stdin().as_fd().try_clone_to_owned()?, io::stdout().as_fd().try_clone_to_owned()?))
}
