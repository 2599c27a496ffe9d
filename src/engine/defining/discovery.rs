//! What a program says of itself, read for what it can do: its help text, the tools that it lists.
//!
//! All of it is text of a stranger. Names keep letters, digits, `_`, `-` and `.` only; sentences become one short line
//! without escape sequences and hidden characters; everything is bounded.

use super::help_text;
use crate::domain::SafeText;
use crate::domain::ansi::{AnsiPiece, AnsiScanner};
use crate::domain::words::words;
use crate::insight::terms::{terms, words as words_of};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Capabilities that one way of asking proposes at most.
const MOST_FOUND: usize = 64;

/// Characters of the name of a capability.
const NAME_CHARS: usize = 48;

/// Characters of a sentence that is shown.
const SENTENCE_CHARS: usize = 120;

/// Words for what programs of this kind do, looked for in sentences. Names of several words that other tools of the
/// workspace claim are looked for as well.
const KNOWN: &[&str] = &[
    "code_generation",
    "code_review",
    "code_analysis",
    "code_completion",
    "code_explanation",
    "code_search",
    "test_generation",
    "image_generation",
    "pattern_detection",
    "web_search",
    "debugging",
    "refactoring",
    "linting",
    "translation",
    "transcription",
    "summarization",
    "classification",
    "embedding",
    "chat",
];

/// Other words for some of them, which have another stem.
const ALSO_KNOWN: &[(&str, &str)] = &[
    ("code_explanation", "explain code"),
    ("transcription", "transcribe"),
    ("summarization", "summarize"),
    ("classification", "classify"),
];

/// Subcommands that every program has, which say nothing of it.
const ORDINARY: &[&str] = &["help", "version", "completion", "completions", "man"];

/// Programs that start another program, named in their arguments.
const LAUNCHERS: &[&str] = &["npx", "bunx", "pnpx", "uvx", "uv", "pipx", "env", "docker", "podman", "deno", "bun"];

/// Programs that run a file.
const INTERPRETERS: &[&str] = &["python", "pypy", "node", "ruby", "perl", "php", "java", "bash", "sh", "dash", "zsh"];

words!(
    /// Where it was said.
    ProbeSource {
        /// In the help text of the command.
        Help = "help",
        /// In the list of its tools, by the Model Context Protocol.
        Mcp = "mcp",
    }
);

impl ProbeSource {
    /// What was asked, in words.
    pub const fn phrase(self) -> &'static str {
        match self {
            ProbeSource::Help => "--help",
            ProbeSource::Mcp => "tools/list",
        }
    }
}

/// Something that a program says it can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundCapability {
    /// The word for it.
    pub capability: String,
    /// Where it was said.
    pub source: ProbeSource,
    /// What was said there, one line made safe to draw; empty when it was only a name.
    pub sentence: String,
    /// Whether the definition claimed it already.
    pub is_claimed: bool,
}

/// What was found, and how much more there was than is proposed.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub found: Vec<FoundCapability>,
    pub left_out: usize,
}

/// What is found, without repetitions.
struct Collector {
    source: ProbeSource,
    /// The words that are looked for in sentences, each with its terms.
    known: Vec<(String, Vec<String>)>,
    findings: Findings,
}

impl Collector {
    /// Of what other tools claim, only names of several words are looked for: a single one, such as `show`, is in
    /// sentences that mean something else.
    fn new(source: ProbeSource, claimed: &[String]) -> Collector {
        let ours = KNOWN.iter().map(|word| (*word, terms(word)));
        let others = claimed.iter().map(|word| (word.as_str(), terms(word))).filter(|(_, parts)| parts.len() > 1);
        let mut known: Vec<(String, Vec<String>)> = Vec::new();
        let also = ALSO_KNOWN.iter().map(|(word, text)| (*word, terms(text)));
        for (word, parts) in ours.chain(also).chain(others) {
            if !known.iter().any(|(_, other)| *other == parts) {
                known.extend(name_of(word).map(|name| (name, parts)));
            }
        }
        Collector { source, known, findings: Findings::default() }
    }

    fn add(&mut self, capability: String, sentence: &str) {
        let found = &mut self.findings.found;
        if found.iter().any(|known| known.capability == capability) {
            return;
        }
        if found.len() < MOST_FOUND {
            found.push(FoundCapability {
                capability,
                source: self.source,
                sentence: sentence.to_owned(),
                is_claimed: false,
            });
        } else {
            self.findings.left_out += 1;
        }
    }

    /// Takes the name of a subcommand or a tool, and what is said of it.
    fn take_named(&mut self, name: &str, sentence: &str) {
        let Some(name) = name_of(name).filter(|name| !ORDINARY.contains(&name.as_str())) else { return };
        self.add(name, sentence);
        let said = terms(sentence);
        // A single word must be what the sentence begins with: that is what is done.
        self.take_known(sentence, &|parts| match parts {
            [only] => said.first() == Some(only),
            parts => parts.iter().all(|part| said.contains(part)),
        });
    }

    /// Looks for known words in what is said of the whole program.
    fn take_prose(&mut self, sentence: &str) {
        let said = terms(sentence);
        self.take_known(sentence, &|parts| parts.iter().all(|part| said.contains(part)));
    }

    /// Adds the known words that fit, but those that only repeat a name.
    fn take_known(&mut self, sentence: &str, fits: &dyn Fn(&[String]) -> bool) {
        let repeats = |parts: &[String]| self.findings.found.iter().any(|known| terms(&known.capability) == parts);
        let fitting = self.known.iter().filter(|(_, parts)| fits(parts) && !repeats(parts));
        let names: Vec<String> = fitting.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.add(name, sentence);
        }
    }
}

/// What a help text says that the program can do. `claimed` are capabilities that other tools claim.
pub(super) fn capabilities_of_help(text: &str, claimed: &[String]) -> Findings {
    let mut found = Collector::new(ProbeSource::Help, claimed);
    let told = help_text::read(&plain(text));
    // What is said of an error repeats the words that the program did not expect.
    let prose = told.prose.iter().filter(|line| !line.to_ascii_lowercase().contains("error:") && !is_contact(line));
    prose.for_each(|line| found.take_prose(&one_line(line)));
    told.commands.iter().for_each(|(name, sentence)| found.take_named(name, &one_line(sentence)));
    found.findings
}

/// Whether a line says where to turn to: "Report any translation bugs to <https://…>" says nothing of a program.
fn is_contact(line: &str) -> bool {
    line.contains("://") || line.to_ascii_lowercase().contains("report bugs")
}

/// What the tools that a program lists say that it can do: name and description of each.
pub(super) fn capabilities_of_tools(tools: &[(String, String)], claimed: &[String]) -> Findings {
    let mut found = Collector::new(ProbeSource::Mcp, claimed);
    for (name, description) in tools {
        found.take_named(name, &one_line(description));
    }
    found.findings
}

/// Whether a text is the help of a program, whatever its exit code was.
pub(super) fn is_help(text: &str) -> bool {
    let text = plain(text).to_ascii_lowercase();
    ["usage", "commands:", "options:"].iter().any(|mark| text.contains(mark))
}

/// Whether a text speaks of the Model Context Protocol.
pub(super) fn speaks_of_mcp(text: &str) -> bool {
    let words = words_of(text);
    words.iter().any(|word| word == "mcp") || words.windows(3).any(|three| three == ["model", "context", "protocol"])
}

/// The commands that print the help of a program, to be tried in this order: what precedes the first option, then
/// `--help`; the program alone, because some complain of the words between. Where that names only an interpreter, or a
/// program that starts another one, all words stay.
pub(super) fn help_commands(command: &[String]) -> Vec<Vec<String>> {
    let before = command.iter().skip(1).take_while(|word| !word.starts_with('-')).count() + 1;
    let program = command.first().and_then(|word| Path::new(word).file_name()).unwrap_or_default();
    let program = program.to_string_lossy();
    let base = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let is_interpreter = INTERPRETERS.contains(&base);
    let whole = LAUNCHERS.contains(&base) || (before == 1 && is_interpreter);
    let kept = if whole { command.len() } else { before.min(command.len()) };
    let alone = if is_interpreter { 2 } else { 1 };
    let lengths = [Some(kept), (!whole && alone < kept).then_some(alone)];
    let with_help = |length: usize| command[..length].iter().cloned().chain(["--help".to_owned()]).collect();
    lengths.into_iter().flatten().map(with_help).collect()
}

/// A text without escape sequences and control characters but ends of lines and tabs.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut scanner = AnsiScanner::default();
    let mut sink = |_: u64, piece: AnsiPiece<'_>| match piece {
        AnsiPiece::Text(text) => out.push_str(text),
        AnsiPiece::Control(control @ (b'\n' | b'\t')) => out.push(char::from(control)),
        _ => {}
    };
    scanner.push(text.as_bytes(), &mut sink);
    scanner.end(&mut sink);
    out
}

/// The beginning of a text as one line that is safe to draw.
fn one_line(text: &str) -> String {
    let text = plain(text);
    let words: Vec<&str> = text.split_whitespace().take(SENTENCE_CHARS).collect();
    let joined: String = words.join(" ").chars().take(SENTENCE_CHARS).collect();
    SafeText::new(&joined).into()
}

/// A name as the word for a capability: `readFile` is `read_file`; `None` when nothing is left of it.
fn name_of(name: &str) -> Option<String> {
    let mut word = String::new();
    let mut last = ' ';
    for c in name.trim().chars().take(NAME_CHARS) {
        if c.is_ascii_uppercase() && (last.is_ascii_lowercase() || last.is_ascii_digit()) {
            word.push('_');
        }
        if c.is_ascii_alphanumeric() || "_-.".contains(c) {
            word.push(c.to_ascii_lowercase());
        } else if c == ' ' || c == ':' || c == '/' {
            word.push('_');
        }
        last = c;
    }
    word.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some(word)
}

#[cfg(test)]
#[path = "discovery_tests.rs"]
mod tests;
