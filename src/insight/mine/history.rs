//! Reads the history of a shell: bash (with or without times), zsh (plain or extended) and fish.

use super::shell::pipelines;
use super::step::{RecordedStep, Session, sessions, sorted};
use crate::domain::Instant;

/// Maximum length of a line, in characters.
const MAX_LINE: usize = 4_096;

/// Maximum number of commands of one history; of more, the newest.
pub const MAX_COMMANDS: usize = 200_000;

/// Commands that only inspect something, and are not work.
const LOOKING: [&str; 13] =
    ["ls", "ll", "la", "pwd", "clear", "history", "exit", "which", "man", "fg", "bg", "jobs", "reset"];

/// A typed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The line of the file on which it begins, from 1.
    pub line: u64,
    /// The time, if the file has it.
    pub at: Option<Instant>,
    /// The command line, without its time stamp.
    pub text: String,
}

/// The content of a history.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Its commands, oldest first.
    pub sessions: Vec<Session>,
    /// Number of commands.
    pub commands: usize,
    /// Number of unreadable lines: too long, not UTF-8, or with an unclosed quote.
    pub unreadable: usize,
}

/// Reads a history; `mask` removes secrets from each line before it is parsed.
pub fn read(name: &str, bytes: &[u8], mask: &dyn Fn(&str) -> String) -> History {
    let (typed, mut unreadable) = commands(bytes);
    let mut steps = Vec::new();
    let mut read = 0;
    let skipped = typed.len().saturating_sub(MAX_COMMANDS);
    for command in typed.iter().skip(skipped) {
        let masked = (command.text.len() <= MAX_LINE).then(|| mask(&command.text));
        let Some((line, found)) = masked.and_then(|line| Some((Box::<str>::from(&*line), pipelines(&line)?))) else {
            unreadable += 1;
            continue;
        };
        read += 1;
        let work =
            found.into_iter().filter(|made| made.programs.len() > 1 || !LOOKING.contains(&made.programs[0].as_str()));
        steps.extend(work.map(|made| RecordedStep {
            action: made.shape,
            number: command.line,
            at: command.at,
            given: sorted(made.fields.iter().filter_map(|field| field.token).collect()),
            fields: made.fields,
            line: Some(line.clone()),
            ..RecordedStep::default()
        }));
    }
    History { sessions: sessions(name, steps), commands: read, unreadable: unreadable + skipped }
}

/// The commands of a history in any format, and the number of lines that are not UTF-8.
pub fn commands(bytes: &[u8]) -> (Vec<Typed>, usize) {
    let mut unreadable = 0;
    let mut lines: Vec<(u64, &str)> = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        match std::str::from_utf8(line) {
            Ok(text) => lines.push((number, text.strip_suffix('\r').unwrap_or(text))),
            Err(_) => unreadable += 1,
        }
    }
    let is_fish =
        lines.iter().find(|(_, line)| !line.trim().is_empty()).is_some_and(|(_, line)| line.starts_with("- cmd: "));
    let typed = if is_fish { fish(&lines) } else { bash_or_zsh(&lines) };
    (typed, unreadable)
}

/// Reads `: 1700000000:0;command` of zsh, `#1700000000` before a command of bash, and plain lines. A line of zsh that
/// ends in a backslash continues on the next line.
fn bash_or_zsh(lines: &[(u64, &str)]) -> Vec<Typed> {
    let mut typed: Vec<Typed> = Vec::new();
    let mut at = None;
    let mut goes_on = false;
    for (number, line) in lines {
        if std::mem::take(&mut goes_on) {
            if let Some(last) = typed.last_mut() {
                goes_on = push_line(&mut last.text, line);
            }
            continue;
        }
        if let Some(seconds) = line.strip_prefix('#').and_then(|rest| rest.parse::<i64>().ok()).filter(|s| *s > 0) {
            at = Some(Instant(seconds.saturating_mul(1_000)));
            continue;
        }
        let (extended, text) = match zsh(line) {
            Some((seconds, text)) => (Some(Instant(seconds.saturating_mul(1_000))), text),
            None => (None, *line),
        };
        if text.trim().is_empty() {
            continue;
        }
        let mut whole = String::new();
        goes_on = push_line(&mut whole, text);
        typed.push(Typed { line: *number, at: extended.or(at), text: whole });
    }
    typed
}

/// Adds a line; returns whether the next line continues it.
fn push_line(whole: &mut String, line: &str) -> bool {
    let open = line.len() - line.trim_end_matches('\\').len();
    if open % 2 == 1 {
        whole.push_str(&line[..line.len() - 1]);
        whole.push(' ');
        return true;
    }
    whole.push_str(line);
    false
}

fn zsh(line: &str) -> Option<(i64, &str)> {
    let (head, text) = line.strip_prefix(": ")?.split_once(';')?;
    let (seconds, took) = head.split_once(':')?;
    took.parse::<u64>().ok()?;
    Some((seconds.trim().parse().ok()?, text))
}

/// Reads `- cmd: …` with `  when: …` below it; `
/// ` and `\\` are escapes.
fn fish(lines: &[(u64, &str)]) -> Vec<Typed> {
    let mut typed: Vec<Typed> = Vec::new();
    for (number, line) in lines {
        if let Some(text) = line.strip_prefix("- cmd: ") {
            let text = text.replace("\\\\", "\u{0}").replace("\\n", "\n").replace('\u{0}', "\\");
            typed.push(Typed { line: *number, at: None, text });
        } else if let (Some(when), Some(last)) = (line.trim().strip_prefix("when: "), typed.last_mut()) {
            last.at = when.trim().parse::<i64>().ok().map(|seconds| Instant(seconds.saturating_mul(1_000)));
        }
    }
    typed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Vec<(u64, Option<i64>, String)> {
        let read = commands(text.as_bytes()).0.into_iter();
        read.map(|one| (one.line, one.at.map(|at| at.0), one.text)).collect()
    }

    #[test]
    fn each_form_of_history_is_read() {
        let row = |line, at, text: &str| (line, at, text.to_owned());
        assert_eq!(typed("ls\n\ncat x\r\n"), [row(1, None, "ls"), row(3, None, "cat x")]);
        assert_eq!(
            typed("#1700000000\nls\n#note\n"),
            [row(2, Some(1_700_000_000_000), "ls"), row(3, Some(1_700_000_000_000), "#note")]
        );
        assert_eq!(
            typed(": 1700000000:0;for x in a\\\ndo y\n: 1700000009:3;ls\n"),
            [row(1, Some(1_700_000_000_000), "for x in a do y"), row(3, Some(1_700_000_009_000), "ls")]
        );
        assert_eq!(
            typed("- cmd: echo a\\nb \\\\x\n  when: 1700000000\n  paths:\n    - x\n- cmd: ls\n"),
            [row(1, Some(1_700_000_000_000), "echo a\nb \\x"), row(5, None, "ls")]
        );
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_the_rest_is_read() {
        let long = format!("echo {}", "x".repeat(MAX_LINE));
        let bytes = [b"sort a.txt\n\xff\xfe\necho 'open\n".as_slice(), long.as_bytes(), b"\nls\n"].concat();
        let history = read("h", &bytes, &str::to_owned);
        assert_eq!((history.commands, history.unreadable), (2, 3));
        assert_eq!(history.sessions[0].steps.len(), 1, "looking about is no work");
    }

    #[test]
    fn a_secret_is_masked_before_anything_is_made_of_it() {
        let mask = |line: &str| line.replace("hunter2", "[redacted]");
        let history = read("h", b"login hunter2\nlogin other\n", &mask);
        let steps = &history.sessions[0].steps;
        assert_eq!(steps[0].fields[0].token, super::super::step::token("[redacted]"));
        assert!(steps.iter().all(|step| step.action == "login <text>"));
    }
}
