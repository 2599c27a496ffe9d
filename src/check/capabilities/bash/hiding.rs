//! Ways in which a shell script starts programs without naming them: words composed of pieces, and code from elsewhere.

use super::{BashCommand, BashScanner};
use crate::check::capabilities::python::is_shell;
use crate::check::capabilities::scan as scan_text_at;
use crate::check::source::{Language, children, nodes, program_name};
use crate::domain::{Capability, CapabilityKind as Kind};
use std::cell::Cell;
use tree_sitter::Node;

/// The maximum nesting of code texts that is read.
const MAX_INNER: usize = 4;

/// Interpreters, and their options that take code as a text.
const INTERPRETERS: &[(&str, &[&str])] = &[
    ("python", &["-c"]),
    ("python3", &["-c"]),
    ("perl", &["-e", "-E"]),
    ("ruby", &["-e"]),
    ("node", &["-e", "--eval", "-p", "--print"]),
    ("php", &["-r"]),
];

/// Commands that print the path of a program: `$(command -v python3) x.py` hides nothing.
const FINDING: &[&str] = &["which", "command", "type", "realpath", "readlink"];

impl BashScanner<'_, '_> {
    /// Reads code in a fixed text after an interpreter, in its language; `true` if nothing more must be reported.
    pub(super) fn reads_code(&mut self, node: Node<'_>, name: &str, words: &[Option<String>]) -> bool {
        let name = program_name(name);
        let language = Language::of_program(name).or_else(|| is_shell(name).then_some(Language::Bash));
        if language.is_none() && !UNREAD.contains(&name) {
            return false;
        }
        // Words after the script belong to the script.
        let options = words.iter().take_while(|word| word.as_deref().is_none_or(|word| word.starts_with('-'))).count();
        let at = words[..options].iter().position(|word| word.as_deref().is_some_and(takes_text));
        let Some(Some(code)) = at.and_then(|at| words.get(at + 1)) else { return false };
        let Some(language) = language else {
            self.finder.add(node, Kind::Eval, None);
            return true;
        };
        for found in scan_text(language, code) {
            let shown = found.words.split_once(": ").map_or(found.words.as_str(), |(_, code)| code).to_owned();
            self.finder.add_shown(node, found.kind, found.argument, &shown);
        }
        false
    }

    /// How a word hides the name of a program; `None` for an ordinary word.
    ///
    /// One variable alone is an ordinary setting (`"$PYTHON" x.py`), and so is a folder before a name. A name composed
    /// of pieces is not.
    pub(super) fn hides_name(&self, word: Node<'_>) -> Option<Kind> {
        let word = if word.kind() == "command_name" { word.named_child(0)? } else { word };
        let parts = match word.kind() {
            "string" | "concatenation" => flattened(word),
            _ => vec![word],
        };
        let text = |node: &Node<'_>| self.finder.text_of(*node);
        let is_variable = |node: &Node<'_>| matches!(node.kind(), "simple_expansion" | "expansion");
        if let Some(command) = parts.iter().find(|part| part.kind() == "command_substitution") {
            let finds =
                nodes(*command).filter(|node| node.kind() == "command_name").any(|name| FINDING.contains(&text(&name)));
            let is_folder = parts.iter().any(|part| text(part).starts_with('/'));
            return (!finds && !is_folder).then_some(Kind::Eval);
        }
        let is_escaped = |part: &Node<'_>| part.kind() == "ansi_c_string" && text(part).contains('\\');
        let is_reshaped = |part: &Node<'_>| {
            let inner = text(part).trim_start_matches("${").trim_end_matches('}');
            let rest = inner.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            part.kind() == "expansion"
                && (inner.starts_with('!')
                    || rest.starts_with('/')
                    || rest.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
        };
        // `rm$IFS-rf` is two words that look like one.
        let separates = |part: &Node<'_>| is_variable(part) && matches!(text(part), "$IFS" | "${IFS}");
        if parts.iter().any(|part| is_escaped(part) || is_reshaped(part) || separates(part)) {
            return Some(Kind::Obfuscation);
        }
        let is_path = parts.iter().any(|part| !is_variable(part) && text(part).contains('/'));
        let variables = parts.iter().filter(|part| is_variable(part)).count();
        // `python$VERSION` names the program.
        let says = parts.first().filter(|part| !is_variable(part)).map_or(0, |part| text(part).len());
        (parts.len() > 1 && variables > 0 && !is_path && says < 3).then_some(Kind::Obfuscation)
    }

    /// Whether an interpreter gets code that is not in the script: the output of another command, or composed text.
    pub(super) fn takes_code(&self, node: Node<'_>, call: &BashCommand<'_>, words: &[Option<String>]) -> bool {
        let is_source = matches!(call.name.as_str(), "source" | ".");
        let interpreter = INTERPRETERS.iter().find(|(name, _)| *name == call.name);
        if !is_source && interpreter.is_none() && !is_shell(&call.name) {
            return false;
        }
        let options = interpreter.map(|(_, options)| *options).unwrap_or_default();
        let at = words.iter().position(|word| word.as_deref().is_some_and(|word| options.contains(&word)));
        if at.is_some_and(|at| words.get(at + 1).is_some_and(Option::is_none)) {
            return true;
        }
        let is_fed = node.parent().filter(|parent| parent.kind() == "redirected_statement").unwrap_or(node);
        let feeds = children(is_fed).into_iter().chain(children(node)).any(|child| {
            child.kind() == "herestring_redirect"
                && child.named_child(0).is_some_and(|text| self.whole(text, 0).is_none())
        });
        let reads_input = words.iter().flatten().all(|word| word.starts_with('-') || word == "/dev/stdin");
        let from_process = call.arguments.first().is_some_and(|word| word.kind() == "process_substitution");
        feeds && (reads_input || is_source) || from_process
    }
}

/// Interpreters of languages that are not analysed.
const UNREAD: &[&str] = &[
    "perl",
    "raku",
    "ruby",
    "jruby",
    "php",
    "lua",
    "luajit",
    "Rscript",
    "julia",
    "tclsh",
    "fish",
    "csh",
    "tcsh",
    "pwsh",
    "powershell",
    "nu",
    "xonsh",
    "elvish",
    "guile",
    "racket",
    "sbcl",
    "emacs",
    "octave",
    "osascript",
    "groovy",
    "elixir",
    "erl",
    "gdb",
];

/// The capabilities of a fixed text; deeply nested code is not followed.
fn scan_text(language: Language, code: &str) -> Vec<Capability> {
    thread_local! {
        static DEPTH: Cell<usize> = const { Cell::new(0) };
    }
    DEPTH.with(|depth| {
        if depth.get() >= MAX_INNER {
            return Vec::new();
        }
        depth.set(depth.get() + 1);
        let found = scan_text_at("", language, code);
        depth.set(depth.get() - 1);
        found
    })
}

/// Whether an option of an interpreter takes code: `-c`, `-pe`, `--eval`.
fn takes_text(word: &str) -> bool {
    let is_cluster = word.len() < 5 && !word.starts_with("--");
    matches!(word, "--eval" | "--print" | "--exec" | "--command" | "-Command" | "-eval" | "-ex")
        || is_cluster && word.starts_with('-') && word.ends_with(['c', 'e', 'E', 'r', 'p'])
}

/// The pieces of a word, including quoted ones.
fn flattened(word: Node<'_>) -> Vec<Node<'_>> {
    let parts = children(word).into_iter();
    parts
        .flat_map(|part| if matches!(part.kind(), "string" | "concatenation") { children(part) } else { vec![part] })
        .collect()
}
