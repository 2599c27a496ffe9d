//! What a change adds that the reader of the findings is told of anyway and that does no harm: other words in a message, a limit
//! of time, an option that only takes more care. A proof that leaves these out settles the rest.
//!
//! Words are left out of both versions: of messages on standard error, in logs, in errors, and before an exit that fails. What is
//! computed for them stays, and so does a value that could be a secret. Options are only left out of the new version, where the
//! old one has none of the same name.

use super::tree::{Kind, Node, plain};
use super::values::Known;
use crate::check::change::facts::lists::takes_care;
use std::collections::HashSet;

/// What is left out of a version.
#[derive(Debug, Clone, Default)]
pub(super) struct Leniency {
    /// Options that are left out wherever they stand, beside words; those of the old version are not.
    pub(super) kept_options: Option<HashSet<String>>,
}

/// Options of calls and commands, each with the name of what gets it.
pub(super) fn options(root: &Node) -> HashSet<String> {
    let mut found = HashSet::new();
    root.each(&mut |node| {
        if node.is(Kind::Kw) {
            found.insert(format!("= {}", node.text));
        }
        if let Some(command) = command_of(node) {
            let options = node.kids[1..].iter().filter(|word| word.is(Kind::Str) && word.text.starts_with('-'));
            found.extend(options.map(|word| format!("{command} {}", option_of(&word.text))));
        }
    });
    found
}

fn option_of(word: &str) -> &str {
    word.split('=').next().unwrap_or(word)
}

/// The command of a shell that a node runs.
fn command_of(node: &Node) -> Option<&str> {
    let name = node.kids.first().filter(|_| node.is(Kind::Raw) && node.text == "run")?;
    name.is(Kind::Str).then_some(name.text.as_str())
}

/// Leaves out what is told anyway; the parts of the node are in their form.
pub(super) fn form(node: &mut Node, known: &Known, leniency: &Leniency) {
    if let Some(kept) = &leniency.kept_options {
        without_care(node, kept);
    }
    if known.is_shell {
        shell(node);
    } else {
        call(node, known);
    }
}

/// Options that only take care, of which the old version has none.
fn without_care(node: &mut Node, kept: &HashSet<String>) {
    /// Commands that hand their words on to another one.
    const STARTERS: &[&str] = &["xargs", "ssh", "timeout", "python", "python3"];
    /// Options with a number behind them.
    const NUMBERED: &[&str] =
        &["--max-time", "-m", "--connect-timeout", "--retry", "--retry-delay", "--timeout", "--tries"];
    let is_number =
        |node: &Node| node.is(Kind::Num) || node.is(Kind::Tuple) && node.kids.iter().all(|kid| kid.is(Kind::Num));
    if node.is(Kind::Call) && !kept.contains("= timeout") {
        node.kids.retain(|kid| !(kid.is(Kind::Kw) && kid.text == "timeout" && is_number(&kid.kids[0])));
    }
    let Some(command) = command_of(node).filter(|name| !STARTERS.contains(name)).map(str::to_owned) else { return };
    let mut left = Vec::new();
    let mut words = std::mem::take(&mut node.kids).into_iter().peekable();
    while let Some(word) = words.next() {
        let option = option_of(&word.text);
        let is_end = option == "--"
            && matches!(
                command.as_str(),
                "rm" | "cp" | "mv" | "mkdir" | "grep" | "cat" | "cd" | "basename" | "dirname"
            );
        let is_careful = is_end || takes_care(&command, option);
        if !word.is(Kind::Str)
            || !option.starts_with('-')
            || !is_careful
            || kept.contains(&format!("{command} {option}"))
        {
            left.push(word);
        } else if NUMBERED.contains(&word.text.as_str()) {
            let is_next = |next: &Node| next.is(Kind::Str) && next.text.bytes().all(|byte| byte.is_ascii_digit());
            if words.next_if(is_next).is_none() {
                left.push(word);
            }
        }
    }
    node.kids = left;
}

/// Whether a name could be that of a secret.
fn is_secret(name: &str) -> bool {
    const WORDS: &[&str] =
        &["pass", "pwd", "secret", "token", "key", "cred", "cookie", "session", "environ", "env", "auth", "private"];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// Whether a value that is put into a message is only a variable that is no secret.
fn is_plain_hole(node: &Node) -> bool {
    let [only] = node.kids.as_slice() else { return false };
    let name = match only.kind {
        Kind::Name => plain(&only.text),
        Kind::Raw if only.kids.is_empty() => only.text.trim_start_matches('$'),
        _ => return false,
    };
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.is_empty();
    node.is(Kind::Hole) && matches!(node.text.as_str(), "" | "!s" | "!r") && is_name && !is_secret(name)
}

/// A message without its words.
fn without_words(value: &mut Node) {
    match value.kind {
        Kind::Str => value.text.clear(),
        Kind::Text => {
            value.kids.retain(|part| !part.is(Kind::Str) && !is_plain_hole(part));
            if value.kids.is_empty() {
                *value = Node { lines: value.lines, ..Node::leaf(Kind::Str, "") };
            }
        }
        _ => {}
    }
}

/// Whether a text says to a reader what comes next: `Relay:`.
fn is_label(value: &Node) -> bool {
    value.is(Kind::Str) && value.text.trim_end().ends_with([':', '=', '…', '.'])
}

fn is_logger(object: &Node) -> bool {
    let name = plain(&object.text).to_ascii_lowercase();
    let is_word = |word: &str| matches!(word, "log" | "logs" | "logging" | "logger");
    matches!(object.kind, Kind::Name | Kind::Member)
        && (name.split(|c: char| !c.is_ascii_alphanumeric()).any(is_word) || name.ends_with("logger"))
}

/// Whether a text begins as the report of a failure does.
fn is_trouble(value: &Node) -> bool {
    let first = if value.is(Kind::Text) { value.kids.first() } else { Some(value) };
    first.filter(|first| first.is(Kind::Str)).is_some_and(|first| {
        let text = first.text.trim_start().to_ascii_lowercase();
        ["error", "usage", "warning", "fatal", "failed"].iter().any(|word| text.starts_with(word))
    })
}

/// A message of Python or JavaScript.
fn call(node: &mut Node, known: &Known) {
    const LOGS: &[&str] = &["debug", "info", "warning", "warn", "error", "critical", "exception", "log", "trace"];
    if node.is(Kind::Raise) {
        for made in &mut node.kids {
            let is_error = |name: &str| ["Error", "Exception", "Exit"].iter().any(|end| name.ends_with(end));
            let at = usize::from(made.is(Kind::Call) || made.is(Kind::Raw) && made.text == "new");
            let is_one = at == 1 && made.kids.first().is_some_and(|target| is_error(plain(&target.text)));
            if is_one {
                made.kids[1..].iter_mut().for_each(without_words);
            }
        }
        return;
    }
    if !node.is(Kind::Call) {
        return;
    }
    // How an object is written behind a label does not count; which one it is does.
    if super::texts::is_console(node, known) && is_label(&node.kids[1]) {
        super::texts::as_one_text(node, known);
    }
    let target = &node.kids[0];
    let is_of = |object: &Node, module: &str, member: &str| {
        object.is(Kind::Member) && object.text == member && object.kids[0].is_name(module)
    };
    let is_error_stream = |arg: &Node| arg.is(Kind::Kw) && arg.text == "file" && is_of(&arg.kids[0], "@sys", "stderr");
    let is_print = target.is_name("print") && !known.is_script && !known.bound.contains_key("print");
    let is_told = match target.kind {
        Kind::Name if is_print => {
            let (named, plain): (Vec<&Node>, Vec<&Node>) = node.kids[1..].iter().partition(|arg| arg.is(Kind::Kw));
            let is_error = named.iter().any(|arg| is_error_stream(arg));
            named.iter().all(|arg| is_error_stream(arg) || arg.text == "flush")
                && plain.len() == 1
                && (is_error || plain.iter().any(|arg| is_trouble(arg)))
        }
        Kind::Member => {
            let object = &target.kids[0];
            let name = target.text.as_str();
            let is_console = known.is_script && object.is_name("console") && matches!(name, "error" | "warn" | "debug");
            let is_text = |arg: &Node| matches!(arg.kind, Kind::Str | Kind::Text);
            is_console
                || LOGS.contains(&name) && is_logger(object) && !object.is_name("console")
                || name == "write" && (is_of(object, "@sys", "stderr") || is_of(object, "process", "stderr"))
                || name == "exit" && object.is_name("@sys") && node.kids[1..].iter().all(is_text)
                || name == "error" && plain(&object.text).contains("parser")
        }
        _ => false,
    };
    if !is_told {
        return;
    }
    if is_print {
        node.kids[0] = Node::name("print to the user");
        node.kids.retain(|arg| !arg.is(Kind::Kw));
    }
    node.kids[1..].iter_mut().for_each(without_words);
}

/// Commands of scripts that tell a failure and do nothing else with their words.
const TELLERS: &[&str] =
    &["die", "fail", "usage", "error", "err", "warn", "warning", "abort", "fatal", "bail", "panic", "croak"];

/// A message of a shell.
fn shell(node: &mut Node) {
    if node.is(Kind::Block) {
        for at in (0..node.kids.len().saturating_sub(1)).rev() {
            let next = &node.kids[at + 1];
            let fails = matches!(next.kids.as_slice(), [only] if only.is(Kind::Str) && only.text != "0");
            let is_end = matches!(next.kind, Kind::Raise | Kind::Return) && fails
                || next.kids.first().is_some_and(|one| one.text == "told");
            let step = &mut node.kids[at];
            if is_end && step.is(Kind::Do) && step.text.is_empty() && step.kids.first().is_some_and(writes) {
                told(&mut step.kids[0]);
            }
        }
        return;
    }
    if !node.is(Kind::Raw) {
        return;
    }
    if let ("redirect", [command, to]) = (node.text.as_str(), node.kids.as_slice())
        && matches!(to.text.as_str(), ">&" | "1>&")
        && matches!(to.kids.as_slice(), [only] if only.text == "2")
        && writes(command)
    {
        *node = node.kids.swap_remove(0);
        told(node);
        return;
    }
    if command_of(node).is_some_and(|command| TELLERS.contains(&command)) {
        let is_sentence = |word: &Node| {
            word.is(Kind::Str) && word.text.trim().contains(' ')
                || word.is(Kind::Text) && word.kids.iter().any(|part| part.is(Kind::Str) && part.text.contains(' '))
        };
        node.kids[1..].iter_mut().filter(|word| is_sentence(word)).for_each(without_words);
    }
}

/// Whether a command only writes its words.
fn writes(command: &Node) -> bool {
    let is_word =
        |word: &Node| matches!(word.kind, Kind::Str | Kind::Text) || word.is(Kind::Raw) && word.text == "parted";
    command_of(command).is_some_and(|name| matches!(name, "echo" | "printf")) && command.kids.iter().all(is_word)
}

/// What is left of words for the user: what is computed for them.
fn told(command: &mut Node) {
    let words = std::mem::take(&mut command.kids);
    let parts = words.into_iter().skip(1).flat_map(|word| if word.is(Kind::Str) { Vec::new() } else { word.kids });
    command.kids = parts.filter(|part| !part.is(Kind::Str) && !is_plain_hole(part)).collect();
    "told".clone_into(&mut command.text);
}
