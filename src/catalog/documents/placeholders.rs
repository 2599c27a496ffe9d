//! Commands of a shell with `{{name}}` in them, rewritten so that a value can never become code.
//!
//! Each placeholder becomes a reference to a variable, quoted for its place: `"${arg_x}"`, `${arg_x}` inside double
//! quotes, `'"${arg_x}"'` inside single quotes. A shell does not read the value of a variable again, so this holds even
//! where the quotes are counted wrongly. What a program does with the value is another question: [`places`] says for
//! each place how much of a language a value may use there, and the caller lets nothing else in. A few places, such as
//! the argument of `eval`, are refused here at once.

use super::places::{self, Reference};
use crate::code::shell::calls;
use crate::domain::evaluators::Freedom;
use std::collections::BTreeMap;

/// Placeholders in a command.
const MOST: usize = 200;

/// A command that takes its values from variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReferencedCommand {
    pub(super) code: String,
    /// The names in the placeholders, in order, each once.
    pub(super) names: Vec<String>,
    /// What the value of each name may contain, for all its places together.
    pub(super) freedoms: BTreeMap<String, Freedom>,
    /// The programs that the first pipeline starts, where they are plain words.
    pub(super) programs: Vec<String>,
}

/// How a value would be interpreted if it is parsed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Code, or part of it: in words.
    Code(&'static str),
    /// Code, unless it is a number.
    Number,
}

/// Replaces the placeholders of a command by references to the variables that `variable` names.
///
/// # Errors
/// The names that were found, and why a value would become code.
pub(super) fn by_reference(
    command: &str,
    variable: &dyn Fn(&str) -> String,
) -> Result<ReferencedCommand, (Vec<String>, String)> {
    let programs = first_programs(command);
    let mut scan =
        Scan { text: command, at: 0, code: String::new(), stack: Vec::new(), start: 0, here_document: false };
    let (mut names, mut freedoms): (Vec<String>, BTreeMap<String, Freedom>) = (Vec::new(), BTreeMap::new());
    let (mut owners, mut references): (Vec<(String, bool)>, Vec<Reference>) = (Vec::new(), Vec::new());
    let (mut fault, mut count) = (None, 0);
    while scan.at < command.len() {
        let Some((name, length)) = placeholder(&command[scan.at..]).filter(|_| !scan.is_comment()) else {
            scan.step();
            continue;
        };
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
        count += 1;
        if count > MOST {
            return Err((names, format!("its command has more than {MOST} placeholders")));
        }
        let found = scan.fault(length);
        if let Some(Fault::Code(why)) = found {
            fault = fault.or_else(|| Some(format!("the value of {name} would be {why}")));
        }
        let variable = variable(name);
        let reference = match scan.stack.last() {
            Some(Context::Double) => format!("${{{variable}}}"),
            Some(Context::Single) => format!("'\"${{{variable}}}\"'"),
            Some(Context::Escaped) => format!("'\"${{{variable}}}\"$'"),
            _ => format!("\"${{{variable}}}\""),
        };
        let at = scan.code.len() + reference.find('$').unwrap_or_default();
        // An integer is harmless for every reader.
        owners.push((name.to_owned(), found == Some(Fault::Number)));
        references.push(Reference { at, text: format!("${{{variable}}}") });
        scan.code.push_str(&reference);
        scan.at += length;
    }
    if let Some(fault) = fault {
        return Err((names, fault));
    }
    for ((name, is_number), freedom) in owners.iter().zip(places::freedoms(&scan.code, &references)) {
        let known = freedoms.entry(name.clone()).or_insert(Freedom::Text);
        *known = (*known).max(if *is_number { Freedom::Number } else { freedom });
    }
    Ok(ReferencedCommand { code: scan.code, names, freedoms, programs })
}

/// The name in a placeholder that a text begins with, and how long the placeholder is.
fn placeholder(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix("{{")?;
    let end = inner.find("}}")?;
    let name = inner[..end].trim();
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || "_- .".contains(c));
    is_name.then_some((name, end + 4))
}

/// The context of a place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Single,
    Double,
    /// `$'…'`
    Escaped,
    /// `$(…)` or `(…)`, with the begin of the command around it.
    Commands(usize),
    Backtick,
    /// `${…}`
    Variable,
    /// `((…))` or `$[…]`, with its closing character.
    Arithmetic(char),
    Comment,
}

struct Scan<'c> {
    text: &'c str,
    at: usize,
    code: String,
    stack: Vec<Context>,
    /// The start of the simple command that contains the place.
    start: usize,
    here_document: bool,
}

impl Scan<'_> {
    fn is_comment(&self) -> bool {
        self.stack.last() == Some(&Context::Comment)
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Takes the next `bytes` over as they are.
    fn take(&mut self, bytes: usize) {
        self.code.push_str(&self.text[self.at..self.at + bytes]);
        self.at += bytes;
    }

    fn open(&mut self, context: Context, bytes: usize) {
        self.stack.push(context);
        self.take(bytes);
    }

    fn close(&mut self, bytes: usize) {
        if let Some(Context::Commands(start)) = self.stack.pop() {
            self.start = start;
        }
        self.take(bytes);
    }

    /// One character, or two that belong together.
    fn step(&mut self) {
        let Some(c) = self.rest().chars().next() else { return };
        let width = c.len_utf8();
        match (self.stack.last().copied(), c) {
            (Some(Context::Single | Context::Escaped), '\'')
            | (Some(Context::Double), '"')
            | (Some(Context::Backtick), '`')
            | (Some(Context::Variable), '}')
            | (Some(Context::Comment), '\n')
            | (Some(Context::Commands(_)), ')') => self.close(width),
            (Some(Context::Arithmetic(end)), c) if c == end => self.close(width),
            (Some(Context::Single | Context::Comment), _) => self.take(width),
            (_, '\\') => {
                let next = self.rest()[width..].chars().next().filter(|_| placeholder(&self.rest()[width..]).is_none());
                self.take(width + next.map_or(0, char::len_utf8));
            }
            (Some(Context::Arithmetic(')')), '(') => self.open(Context::Arithmetic(')'), width),
            (Some(Context::Arithmetic(']')), '[') => self.open(Context::Arithmetic(']'), width),
            (Some(Context::Escaped | Context::Variable | Context::Arithmetic(_)), _) => self.take(width),
            (_, '$') => self.dollar(),
            (context, '`') if context != Some(Context::Backtick) => self.open(Context::Backtick, width),
            (Some(Context::Double), _) => self.take(width),
            _ => self.plain(c, width),
        }
    }

    fn dollar(&mut self) {
        let rest = self.rest();
        let is_double = self.stack.last() == Some(&Context::Double);
        if rest.starts_with("$((") {
            self.open(Context::Arithmetic(')'), 2);
            self.open(Context::Arithmetic(')'), 1);
        } else if rest.starts_with("$(") {
            self.commands(2);
        } else if rest.starts_with("$[") {
            self.open(Context::Arithmetic(']'), 2);
        } else if rest.starts_with("${") && placeholder(&rest[1..]).is_none() {
            self.open(Context::Variable, 2);
        } else if rest.starts_with("$'") && !is_double {
            self.open(Context::Escaped, 2);
        } else {
            self.take(1);
        }
    }

    fn commands(&mut self, bytes: usize) {
        let outer = self.start;
        self.open(Context::Commands(outer), bytes);
        self.start = self.at;
    }

    /// A character outside quotes.
    fn plain(&mut self, c: char, width: usize) {
        let rest = self.rest();
        let begins_word =
            self.text[..self.at].chars().next_back().is_none_or(|c| c.is_whitespace() || ";|&(".contains(c));
        match c {
            '\'' => self.open(Context::Single, width),
            '"' => self.open(Context::Double, width),
            '(' if rest.starts_with("((") => {
                self.open(Context::Arithmetic(')'), 1);
                self.open(Context::Arithmetic(')'), 1);
            }
            '(' => self.commands(1),
            '#' if begins_word => self.open(Context::Comment, width),
            '<' if rest.starts_with("<<<") => self.take(3),
            '<' if rest.starts_with("<<") => {
                self.here_document = true;
                self.take(2);
            }
            ';' | '|' | '&' | '\n' => {
                self.take(width);
                self.start = self.at;
            }
            _ => self.take(width),
        }
    }

    /// How the value of the placeholder here would be interpreted if a shell parses it again.
    fn fault(&self, length: usize) -> Option<Fault> {
        let before = &self.text[..self.at];
        let behind = &self.text[self.at + length..];
        if self.here_document {
            return Some(Fault::Code("part of a here-document"));
        }
        if before.ends_with(['$', '\\']) && self.stack.last() != Some(&Context::Single) {
            return Some(Fault::Code("part of the name of a variable"));
        }
        for context in &self.stack {
            match context {
                Context::Backtick => return Some(Fault::Code("code inside backticks")),
                Context::Variable => return Some(Fault::Code("part of the name of a variable")),
                Context::Arithmetic(_) => return Some(Fault::Number),
                _ => {}
            }
        }
        // The command around all nested ones sees what they print.
        let outermost = self.stack.iter().find_map(|context| match context {
            Context::Commands(start) => Some(*start),
            _ => None,
        });
        let command = &before[outermost.unwrap_or(self.start)..];
        let is_quoted = matches!(self.stack.last(), Some(Context::Single | Context::Double | Context::Escaped));
        let is_whole_word = before.ends_with(['\'', '"']) && behind.starts_with(['\'', '"']);
        read_again(command, behind, is_quoted, is_whole_word)
    }
}

const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "ash", "fish"];
/// Words after which a shell parses the following text as code.
const READ_AGAIN: &[&str] =
    &["eval", "trap", "su", "watch", "core.sshCommand", "core.editor", "core.pager", "GIT_SSH_COMMAND"];
/// Programs whose quoted argument is itself a program.
const OTHER_CODE: &[&str] = &["sed", "awk", "gawk", "perl", "python", "python3", "node", "ruby", "php", "osascript"];
/// Builtins that take an argument as the name of a variable, and compute an index in it.
const NAMES: &[&str] = &["let", "declare", "typeset", "local", "unset", "read", "readarray", "mapfile", "getopts"];
const SSH_WITH_VALUE: &str = "BbcDEeFIiJLlmOopQRSWw";

/// How a value after the words `command` would be interpreted, if something parses it again as code.
fn read_again(command: &str, behind: &str, is_quoted: bool, is_whole_word: bool) -> Option<Fault> {
    let words: Vec<&str> = words(command).collect();
    let last = words.last().copied().unwrap_or_default();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let shell = words.iter().position(|word| SHELLS.contains(word));
    let takes_code = |word: &&str| word.starts_with('-') && !word.starts_with("--") && word.contains('c');
    if shell.is_some_and(|at| words[at + 1..].iter().any(takes_code)) {
        return Some(Fault::Code("code of the shell that it starts"));
    }
    if has(READ_AGAIN) {
        return Some(Fault::Code("read again by a shell"));
    }
    if let Some(at) = words.iter().position(|word| *word == "ssh")
        && has_operand(&words[at + 1..])
    {
        return Some(Fault::Code("code of the shell on another machine"));
    }
    let mut piped = behind.split('|').skip(1).filter_map(|part| self::words(part).find(|word| *word != "sudo"));
    if piped.any(|word| SHELLS.contains(&word)) {
        return Some(Fault::Code("code of the shell behind the pipe"));
    }
    let is_code_option = ["-c", "-e", "-r", "--eval"].contains(&last);
    if has(OTHER_CODE) && (is_code_option || (is_quoted && !is_whole_word)) {
        let is_line = has(&["sed"]) && is_quoted && is_address(command, behind);
        return Some(if is_line { Fault::Number } else { Fault::Code("code of the program that it starts") });
    }
    if words.contains(&"[[") {
        let rest = behind.split("]]").next().unwrap_or_default();
        let holds = |list: &[&str]| has(list) || self::words(rest).any(|word| list.contains(&word));
        if holds(&["-v", "-R"]) {
            return Some(Fault::Code("the name of a variable, whose index can run commands"));
        }
        if holds(&["-eq", "-ne", "-lt", "-le", "-gt", "-ge"]) {
            return Some(Fault::Number);
        }
    }
    let is_index = command.rsplit(char::is_whitespace).next().is_some_and(|word| {
        word.split_once('[').is_some_and(|(name, _)| name.ends_with(|c: char| c.is_alphanumeric() || "_}".contains(c)))
    });
    if has(NAMES) || (last == "-v" && has(&["[", "test", "printf"])) || (is_index && !is_quoted) {
        return Some(Fault::Code("the name of a variable, whose index can run commands"));
    }
    matches!(last, "for" | "select").then_some(Fault::Code("the name of a variable, which a value cannot be"))
}

/// Whether a place in a script of sed is that of the number of a line: `'Np'`, `'1,Nd'`.
fn is_address(command: &str, behind: &str) -> bool {
    command.ends_with(['\'', '"', ',', ';']) && behind.starts_with(|c: char| c == ',' || c.is_ascii_alphabetic())
}

/// The words of a piece of a command, without folders of programs; quotes and `=` part words, too.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |c: char| c.is_whitespace() || "'\"`=;|&()<>$".contains(c);
    text.split(is_end)
        .filter(|word| !word.is_empty())
        .map(|word| if word.starts_with('-') { word } else { word.rsplit('/').next().unwrap_or(word) })
}

/// Whether the words after `ssh` already contain a host.
fn has_operand(words: &[&str]) -> bool {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix('-') else { return true };
        if option.chars().count() == 1 && SSH_WITH_VALUE.contains(option) {
            words.next();
        }
    }
    false
}

/// Words before a program that are not the program.
const LEADING: &[&str] = &["sudo", "env", "command", "exec", "nohup", "time", "nice", "!"];
/// The programs of the first pipeline that are plain words.
fn first_programs(command: &str) -> Vec<String> {
    let mut programs: Vec<String> = Vec::new();
    let mut quote = None;
    let mut parts = vec![String::new()];
    let mut chars = command.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '|') if chars.peek() != Some(&'|') => {
                parts.push(String::new());
                continue;
            }
            (None, ';' | '|' | '&' | '\n' | '(' | '`') => break,
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let is_function = |word: &str| {
        command.match_indices(word).any(|(at, _)| {
            let (before, behind) = (command[..at].trim_end(), command[at + word.len()..].trim_start());
            behind.starts_with("()") || before.ends_with("function")
        })
    };
    let is_plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "_+.-".contains(c));
    for part in parts {
        for word in part.split_whitespace() {
            let is_leading = LEADING.contains(&word);
            if is_leading && !matches!(word, "sudo" | "nohup" | "nice") {
                continue;
            }
            if is_plain(&word)
                && !word.starts_with('-')
                && !calls::is_builtin(word)
                && !is_function(word)
                && !programs.iter().any(|p| p == word)
            {
                programs.push(word.to_owned());
            }
            if !is_leading {
                break;
            }
        }
    }
    programs
}

#[cfg(test)]
#[path = "placeholders_tests.rs"]
mod tests;
