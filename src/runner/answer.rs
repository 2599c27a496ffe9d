//! The answer of a generator as the output of a run. The workbench writes it frame by frame. This program, inside the
//! sandbox of the run, copies it to standard output, so that it is kept, shown, bounded and cancelled like any output.

use rustix::pipe::PipeFlags;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::OwnedFd;

/// The first argument that makes this program copy an answer.
pub(super) const ANSWER: &str = "--as-answer";

/// A piece of an answer, or its end; one line of JSON each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AnswerFrame {
    Text(String),
    /// Why there is no answer.
    Failed(String),
    Done,
}

/// The end of the pipe from which the run reads its answer; passed to [`super::prepare_answer`].
#[derive(Debug)]
pub struct AnswerInput(pub(in crate::runner) OwnedFd);

/// The end of the pipe to which the answer is written.
#[derive(Debug)]
pub struct AnswerOutput(File);

/// Both ends of an answer.
///
/// # Errors
/// When this process cannot open more files.
pub fn answer_pipe() -> io::Result<(AnswerInput, AnswerOutput)> {
    let (theirs, ours) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    Ok((AnswerInput(theirs), AnswerOutput(File::from(ours))))
}

impl AnswerOutput {
    /// Writes a piece of the answer.
    ///
    /// # Errors
    /// When the run is over.
    pub fn text(&mut self, piece: &str) -> io::Result<()> {
        self.send(&AnswerFrame::Text(piece.to_owned()))
    }

    /// Ends the answer. Contains the reason if there is none.
    ///
    /// # Errors
    /// When the run is over.
    pub fn end(mut self, outcome: Result<(), String>) -> io::Result<()> {
        self.send(&outcome.map_or_else(AnswerFrame::Failed, |()| AnswerFrame::Done))
    }

    fn send(&mut self, frame: &AnswerFrame) -> io::Result<()> {
        let mut line = serde_json::to_vec(frame)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}

/// Copies an answer. Returns the exit code.
pub(super) fn play() -> i32 {
    match copy(BufReader::new(io::stdin().lock()), io::stdout().lock()) {
        Ok(()) => 0,
        Err(why) => {
            // Nothing can be reported when standard error is closed.
            let _ = writeln!(io::stderr(), "{why}");
            1
        }
    }
}

fn copy(from: impl BufRead, mut to: impl Write) -> Result<(), String> {
    for line in from.lines() {
        let line = line.map_err(|error| error.to_string())?;
        match serde_json::from_str(&line).map_err(|error| error.to_string())? {
            AnswerFrame::Text(piece) => {
                to.write_all(piece.as_bytes()).and_then(|()| to.flush()).map_err(|error| error.to_string())?;
            }
            AnswerFrame::Failed(why) => return Err(why),
            AnswerFrame::Done => return Ok(()),
        }
    }
    Err("the answer was interrupted".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(write: impl FnOnce(AnswerOutput)) -> (Result<(), String>, String) {
        let (input, output) = answer_pipe().unwrap();
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut text = Vec::new();
                let end = copy(BufReader::new(File::from(input.0)), &mut text);
                (end, String::from_utf8(text).unwrap())
            });
            write(output);
            reader.join().unwrap()
        })
    }

    #[test]
    fn an_answer_is_copied_until_its_end() {
        let whole = copied(|mut output| {
            output.text("a\nb").unwrap();
            output.text("é").unwrap();
            output.end(Ok(())).unwrap();
        });
        assert_eq!(whole, (Ok(()), "a\nbé".to_owned()));
        let failed = copied(|mut output| {
            output.text("a").unwrap();
            output.end(Err("no key".to_owned())).unwrap();
        });
        assert_eq!(failed, (Err("no key".to_owned()), "a".to_owned()));
        assert_eq!(copied(drop), (Err("the answer was interrupted".to_owned()), String::new()));
    }
}
