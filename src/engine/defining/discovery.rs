//! Finds the capabilities of a program in its own texts: its help text, and the tools that it lists.
//!
//! All of this is untrusted text. Names keep only letters, digits, `_`, `-` and `.`; sentences become one short line
//! without escape sequences and hidden characters; everything has a maximum length.

use super::help_text;
use crate::domain::SafeText;
use crate::domain::ansi::{AnsiPiece, AnsiScanner};
use crate::domain::words::words;
use crate::insight::terms::{terms, words as words_of};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Maximum number of capabilities from one source.
const MOST_FOUND: usize = 64;

/// Maximum length of the name of a capability, in characters.
const NAME_CHARS: usize = 48;

/// Maximum length of a shown sentence, in characters.
const SENTENCE_CHARS: usize = 120;

/// Words for what programs of this kind do, searched in sentences. Multi-word capabilities of other tools in the
/// workspace are searched, too.
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

/// Synonyms with another stem.
const ALSO_KNOWN: &[(&str, &str)] = &[
    ("code_explanation", "explain code"),
    ("transcription", "transcribe"),
    ("summarization", "summarize"),
    ("classification", "classify"),
];

/// Subcommands that every program has, which are no capabilities.
const ORDINARY: &[&str] = &["help", "version", "completion", "completions", "man"];

/// Programs that start another program, named in their arguments.
const LAUNCHERS: &[&str] = &["npx", "bunx", "pnpx", "uvx", "uv", "pipx", "env", "docker", "podman", "deno", "bun"];

/// Programs that run a file.
const INTERPRETERS: &[&str] = &["python", "pypy", "node", "ruby", "perl", "php", "java", "bash", "sh", "dash", "zsh"];

words!(
    /// The source of a capability.
    ProbeSource {
        /// In the help text of the command.
        Help = "help",
        /// In the list of its tools, by the Model Context Protocol.
        Mcp = "mcp",
    }
);

impl ProbeSource {
    /// The source, in words.
    pub const fn phrase(self) -> &'static str {
        match self {
            ProbeSource::Help => "--help",
            ProbeSource::Mcp => "tools/list",
        }
    }
}

/// A capability that a program reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundCapability {
    /// The word for it.
    pub capability: String,
    /// The source.
    pub source: ProbeSource,
    /// The sentence about it, one line made safe to draw; empty if there was only a name.
    pub sentence: String,
    /// Whether the definition already states it.
    pub is_claimed: bool,
}

/// The capabilities, and how many more were not proposed.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub found: Vec<FoundCapability>,
    pub left_out: usize,
}

/// Collects capabilities without duplicates.
struct Collector {
    source: ProbeSource,
    /// The words that are searched in sentences, each with its terms.
    known: Vec<(String, Vec<String>)>,
    findings: Findings,
}

impl Collector {
    /// Only multi-word capabilities of other tools are searched: a single word such as `show` also occurs in sentences
    /// with another meaning.
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

    /// Takes the name and the description of a subcommand or a tool.
    fn take_named(&mut self, name: &str, sentence: &str) {
        let Some(name) = name_of(name).filter(|name| !ORDINARY.contains(&name.as_str())) else { return };
        self.add(name, sentence);
        let said = terms(sentence);
        // A single word must begin the sentence, as the verb does.
        self.take_known(sentence, &|parts| match parts {
            [only] => said.first() == Some(only),
            parts => parts.iter().all(|part| said.contains(part)),
        });
    }

    /// Searches known words in the description of the whole program.
    fn take_prose(&mut self, sentence: &str) {
        let said = terms(sentence);
        self.take_known(sentence, &|parts| parts.iter().all(|part| said.contains(part)));
    }

    /// Adds the known words that match, except those that only repeat a name.
    fn take_known(&mut self, sentence: &str, fits: &dyn Fn(&[String]) -> bool) {
        let repeats = |parts: &[String]| self.findings.found.iter().any(|known| terms(&known.capability) == parts);
        let fitting = self.known.iter().filter(|(_, parts)| fits(parts) && !repeats(parts));
        let names: Vec<String> = fitting.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.add(name, sentence);
        }
    }
}

/// The capabilities in a help text. `claimed` are the capabilities of other tools.
pub(super) fn capabilities_of_help(text: &str, claimed: &[String]) -> Findings {
    let mut found = Collector::new(ProbeSource::Help, claimed);
    let told = help_text::read(&plain(text));
    // An error message repeats unexpected words of the command line.
    let prose = told.prose.iter().filter(|line| !line.to_ascii_lowercase().contains("error:") && !is_contact(line));
    prose.for_each(|line| found.take_prose(&one_line(line)));
    told.commands.iter().for_each(|(name, sentence)| found.take_named(name, &one_line(sentence)));
    found.findings
}

/// Whether a line contains contact information: "Report any translation bugs to <https://…>" does not describe the
/// program.
fn is_contact(line: &str) -> bool {
    line.contains("://") || line.to_ascii_lowercase().contains("report bugs")
}

/// The capabilities in a list of tools: name and description of each.
pub(super) fn capabilities_of_tools(tools: &[(String, String)], claimed: &[String]) -> Findings {
    let mut found = Collector::new(ProbeSource::Mcp, claimed);
    for (name, description) in tools {
        found.take_named(name, &one_line(description));
    }
    found.findings
}

/// Whether a text is a help text, whatever the exit code.
pub(super) fn is_help(text: &str) -> bool {
    let text = plain(text).to_ascii_lowercase();
    ["usage", "commands:", "options:"].iter().any(|mark| text.contains(mark))
}

/// Whether a text mentions the Model Context Protocol.
pub(super) fn speaks_of_mcp(text: &str) -> bool {
    let words = words_of(text);
    words.iter().any(|word| word == "mcp") || words.windows(3).any(|three| three == ["model", "context", "protocol"])
}

/// The commands that print the help of a program, in the order in which to try them: the words before the first option,
/// followed by `--help`; then only the program, because some reject the words between. If that is only an interpreter,
/// or a program that starts another one, all words stay.
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

/// A text without escape sequences and control characters, except line ends and tabs.
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

/// A name in the form of a capability: `readFile` becomes `read_file`; `None` if nothing is left of it.
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
