//! Standard output and standard error: the only place where the command line writes to them.
//!
//! Three kinds of output are written: lines of a [`Page`], which escapes them; JSON, in which hidden characters are
//! escaped; and the output bytes of a tool, unchanged to a file or pipe and through a [`Cleaner`] to a terminal. No
//! other file of this module uses the streams; a test checks the sources.

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

/// A stream of this process for the output bytes of a tool.
pub(super) struct Outlet {
    stream: Stream,
    cleaner: Option<Cleaner>,
    /// Whether the last output on a terminal did not end with a line break.
    within_line: bool,
}

impl Outlet {
    /// A stream; in colour if `color` is set and it is a terminal.
    pub(super) fn new(stream: Stream, color: bool) -> Outlet {
        let cleaner = is_terminal(stream).then(|| Cleaner::new(look(stream, color).color));
        Outlet { stream, cleaner, within_line: false }
    }

    /// Writes output bytes of a tool.
    ///
    /// # Errors
    ///
    /// When the stream cannot be written.
    pub(super) fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(cleaner) = &mut self.cleaner else { return pass(self.stream, bytes) };
        let clean = cleaner.push(bytes);
        if !clean.is_empty() {
            self.within_line = !clean.ends_with('\n');
        }
        pass(self.stream, clean.as_bytes())
    }

    /// Writes the bytes that are held back. Returns whether a terminal is left in the middle of a line.
    ///
    /// # Errors
    ///
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

/// Both streams of a run, separately.
pub(super) struct Outlets {
    stdout: Outlet,
    stderr: Outlet,
}

impl Outlets {
    /// Both streams; in colour if `color` is set and they are terminals.
    pub(super) fn new(color: bool) -> Outlets {
        Outlets { stdout: Outlet::new(Stream::Stdout, color), stderr: Outlet::new(Stream::Stderr, color) }
    }

    /// Writes the bytes that are held back, and ends the current line so that the summary of the run begins on its own
    /// line.
    ///
    /// # Errors
    ///
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
                // Messages on standard error begin on a new line, even after output that does not end with a line
                // break.
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

/// Whether a stream is a terminal.
pub(super) fn is_terminal(stream: Stream) -> bool {
    match stream {
        Stream::Stdout => io::stdout().is_terminal(),
        Stream::Stderr => io::stderr().is_terminal(),
    }
}

/// Replaces the current line on standard error, which is `before` columns wide, with a text, and returns the width of
/// the text. An empty text removes the line. Writes nothing unless standard error is a terminal.
pub(super) fn progress(text: &str, before: usize) -> usize {
    if !is_terminal(Stream::Stderr) {
        return 0;
    }
    let text = SafeText::new(text).to_string();
    let columns = text.chars().count();
    let blanks = " ".repeat(before.saturating_sub(columns));
    let end = if columns == 0 { "\r" } else { "" };
    // A failure to write progress is ignored.
    let _ = pass(Stream::Stderr, format!("\r{text}{blanks}{end}").as_bytes());
    columns
}

/// How to format text on a stream.
pub(super) fn look(stream: Stream, color: bool) -> Look {
    let columns = match stream {
        Stream::Stdout => rustix::termios::tcgetwinsize(io::stdout()),
        Stream::Stderr => rustix::termios::tcgetwinsize(io::stderr()),
    };
    // A terminal that does not know its width reports 0.
    let columns = columns.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80);
    let terminal = is_terminal(stream);
    Look { color: color && terminal, width: terminal.then_some(columns), now: now(), accessible: false }
}

/// Prints the answer of clap to `--help` and `--version`, which contains only text of this program.
pub(super) fn own_words(answer: &clap::Error) -> io::Result<()> {
    answer.print()?;
    io::stdout().flush()
}

/// Prints panics escaped, like any other error: a panic message may quote a tool.
pub(super) fn report_panics_escaped() {
    panic::set_hook(Box::new(|info| {
        let trace = Backtrace::capture();
        // If standard error is gone, there is no other place to report it.
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

/// Duplicates of standard input and output, for a protocol with a program on the other side.
///
/// # Errors
///
/// When this process has too many open files.
pub(super) fn own_streams() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok((io::stdin().as_fd().try_clone_to_owned()?, io::stdout().as_fd().try_clone_to_owned()?))
}
