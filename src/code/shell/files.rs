//! The files that a shell script uses relative to its location: `source "$(dirname "$0")/lib.sh"`, `. "$DIR/lib.sh"`,
//! `"$DIR/helper.py" a b`, and relative paths after `cd "$(dirname "$0")"`.
//!
//! Only paths that are fixed in the text are read. Nothing is executed.

use crate::code::relative::{folder_of, join};
use memchr::memmem;
use std::collections::HashMap;

/// The maximum size of a script that is examined, in bytes.
const MAX_TEXT: usize = 256 * 1024;

/// The maximum nesting of substitutions that is followed.
const MAX_DEPTH: usize = 8;

/// The maximum number of files recorded for one script.
const MAX_FILES: usize = 1_000;

/// Signs of a script's own location. A script that uses a file contains one of them, or has one of [`TAKERS`] as a
/// word.
const SIGNS: &[&str] = &["dirname", "${0", "BASH_SOURCE", "(%):-%"];

/// Commands that read a file as part of the script.
const TAKERS: &[&str] = &["source ", ". "];

/// Programs that start the file in their first argument.
const STARTERS: &[&str] = &[
    "exec", "env", "time", "sudo", "command", "nohup", "bash", "sh", "zsh", "dash", "ksh", "python", "python3", "node",
    "ruby", "perl", "php", "lua",
];

/// Expressions for the script file itself.
const ITSELF: &[&str] = &[
    "BASH_SOURCE",
    "BASH_SOURCE[0]",
    "BASH_SOURCE[0]:-$0",
    "BASH_SOURCE:-$0",
    "BASH_SOURCE[0]:-${0}",
    "(%):-%x",
    "(%):-%N",
];

/// Suffixes of an expansion that reduce a path to its folder.
const FOLDER_ENDS: &[&str] = &["%/*", ":A:h", ":a:h", ":P:h", ":h"];

/// A file that a script uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedFile {
    /// Relative to the base folder of the script's paths; begins with `../` outside of it.
    pub(crate) path: String,
    /// Whether the script always uses it, and always this one.
    pub(crate) is_certain: bool,
}

/// The files that the script at `path` uses. `root` is the folder of the started script.
pub(crate) fn named_files(path: &str, text: &str, root: &str) -> Vec<NamedFile> {
    if text.len() > MAX_TEXT || !may_take_files(text.as_bytes()) {
        return Vec::new();
    }
    let started = join(root, if folder_of(path) == root { path.rsplit('/').next().unwrap_or(path) } else { "-" });
    let mut reader = Reader {
        file: path,
        started,
        folders: HashMap::new(),
        at: None,
        depth: 0,
        seen: String::new(),
        found: Vec::new(),
    };
    for command in commands(text) {
        if reader.depth == 0 && !command.is_chained && matches!(command.text.split_whitespace().next(), Some("exit")) {
            break;
        }
        reader.command(&command);
        reader.seen.push_str(&command.text);
        reader.seen.push('\n');
    }
    let mut found = reader.found;
    found.retain(|one| one.path != path && one.path != reader.started);
    found
}

/// Whether the whole script must be read for files. The full stop at the end of a sentence is not a command.
fn may_take_files(text: &[u8]) -> bool {
    let is_in_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    SIGNS.iter().any(|sign| memmem::find(text, sign.as_bytes()).is_some())
        || TAKERS
            .iter()
            .any(|taker| memmem::find_iter(text, taker.as_bytes()).any(|at| !text[..at].last().is_some_and(is_in_word)))
}

/// A command as written, and its context.
struct Command {
    text: String,
    /// Whether an earlier command decides whether it runs.
    is_chained: bool,
    /// Whether its failure is handled.
    is_tried: bool,
}

/// The commands of a script. Bracketed or quoted parts are not split.
fn commands(text: &str) -> Vec<Command> {
    let text = text.replace("\\\n", " ");
    let mut found: Vec<Command> = Vec::new();
    let (mut depth, mut quote, mut is_ticked) = (0usize, None, false);
    let (mut current, mut is_chained, mut ends_at) = (String::new(), false, None::<String>);
    for line in text.split_inclusive('\n') {
        if let Some(end) = &ends_at {
            if line.trim() == end {
                ends_at = None;
            }
            continue;
        }
        let mut chars = line.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = line[at + c.len_utf8()..].chars().next();
            let is_open = depth == 0 && quote.is_none() && !is_ticked;
            match c {
                '\\' if quote != Some('\'') => {
                    current.push(c);
                    if let Some((_, escaped)) = chars.next() {
                        current.push(escaped);
                    }
                    continue;
                }
                '\'' if depth == 0 && quote != Some('"') => quote = if quote.is_some() { None } else { Some('\'') },
                '"' if depth == 0 && quote != Some('\'') => quote = if quote.is_some() { None } else { Some('"') },
                '`' if quote != Some('\'') => is_ticked = !is_ticked,
                '(' if quote != Some('\'') && (depth > 0 || quote.is_none() || current.ends_with('$')) => depth += 1,
                ')' if quote != Some('\'') => depth = depth.saturating_sub(1),
                '#' if is_open && (current.is_empty() || current.ends_with(char::is_whitespace)) => break,
                ';' | '\n' if is_open => {
                    push(&mut found, &mut current, &mut is_chained, false);
                    continue;
                }
                '&' | '|' if is_open && !current.ends_with(['<', '>']) => {
                    let is_double = next == Some(c);
                    if is_double {
                        chars.next();
                    } else if next == Some('>') {
                        current.push(c);
                        continue;
                    }
                    push(&mut found, &mut current, &mut is_chained, is_double && c == '|');
                    is_chained = is_double;
                    continue;
                }
                _ => {}
            }
            current.push(c);
        }
        if quote.is_none() && depth == 0 {
            ends_at = here_document(line);
            push(&mut found, &mut current, &mut is_chained, false);
        }
    }
    push(&mut found, &mut current, &mut is_chained, false);
    found
}

fn push(found: &mut Vec<Command>, current: &mut String, is_chained: &mut bool, is_tried: bool) {
    let text = std::mem::take(current).trim().to_owned();
    if !text.is_empty() {
        found.push(Command { text, is_chained: std::mem::take(is_chained), is_tried });
    }
}

/// The word that ends the here-document that begins in a line.
fn here_document(line: &str) -> Option<String> {
    let (before, rest) = line.split_once("<<")?;
    if rest.starts_with('<') || before.trim_start().starts_with('#') {
        return None;
    }
    let word = rest.trim_start_matches('-').trim_start().trim_start_matches(['\'', '"', '\\']);
    let end = word.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(word.len());
    (end > 0).then(|| word[..end].to_owned())
}

struct Reader<'a> {
    file: &'a str,
    /// The started script: `$0`.
    started: String,
    /// Variables that contain a path relative to the script.
    folders: HashMap<String, String>,
    /// The working directory, once the script has changed to a known folder.
    at: Option<String>,
    /// The number of open blocks: functions, conditions, loops.
    depth: usize,
    /// The commands read so far.
    seen: String,
    found: Vec<NamedFile>,
}

impl Reader<'_> {
    fn command(&mut self, command: &Command) {
        let mut rest = command.text.as_str();
        loop {
            let word = rest.split_whitespace().next().unwrap_or_default();
            match word {
                "if" | "while" | "until" | "for" | "case" | "select" | "{" => self.depth += 1,
                "fi" | "done" | "esac" | "}" => self.depth = self.depth.saturating_sub(1),
                "function" => {
                    self.depth += 1;
                    let Some((_, inner)) = rest.split_once('{') else { return };
                    rest = inner.trim_start();
                    continue;
                }
                _ if word.ends_with("()") || rest[word.len()..].trim_start().starts_with("()") => {
                    let Some((_, inner)) = rest.split_once('{') else { return };
                    self.depth += 1;
                    rest = inner.trim_start();
                    continue;
                }
                _ if is_before_a_command(word, self.depth) => {}
                _ => break,
            }
            rest = rest[word.len()..].trim_start();
        }
        let is_certain = self.depth == 0 && !command.is_tried && (!command.is_chained || self.is_after_cd());
        self.simple(rest, is_certain);
    }

    /// Whether the previous command only changed the directory.
    fn is_after_cd(&self) -> bool {
        self.seen.trim_end().rsplit('\n').next().is_some_and(|line| line.starts_with("cd "))
    }

    /// Reads a command without leading words of the language.
    fn simple(&mut self, text: &str, is_certain: bool) {
        let mut words = words(text);
        while matches!(words.first(), Some(&("local" | "export" | "readonly" | "declare" | "typeset"))) {
            words.remove(0);
            words.drain(..words.iter().take_while(|word| word.starts_with('-')).count());
        }
        if let [only] = words[..]
            && let Some((name, value)) = only.split_once('=')
            && is_name(name)
        {
            match self.path(value, 0) {
                Some(path) => self.folders.insert(name.to_owned(), path),
                None => self.folders.remove(name),
            };
            return;
        }
        match words.first().copied() {
            Some("cd" | "pushd") => {
                let to = words.iter().skip(1).find(|word| !word.starts_with('-'));
                let to = to.and_then(|word| self.path(word, 0).or_else(|| self.beside(word)));
                if self.depth == 0 {
                    self.at = to;
                }
            }
            Some("source" | ".") => {
                let Some(word) = words.get(1) else { return };
                if let Some(path) = self.path(word, 0).or_else(|| self.beside(word)) {
                    self.note(path, is_certain);
                } else if let Some(word) = plain(word).filter(|word| word.contains('/') || self.depth == 0) {
                    // The shell searches it in the working directory, which is unknown.
                    let folder = folder_of(&self.started).to_owned();
                    self.note(normal(&join(&folder, word)), false);
                }
            }
            _ => {
                self.started_file(&words, is_certain);
                // Its arguments may be files as well: `cat "$DIR/words.txt"`, `sort < "$DIR/words.txt"`.
                for (before, word) in words.iter().zip(words.iter().skip(1)) {
                    let path = self.path(word.trim_start_matches('<'), 0).filter(|_| !before.ends_with('>'));
                    if let Some(path) = path {
                        self.note(path, false);
                    }
                }
            }
        }
    }

    /// The file that a command starts: its first word, or the one after an interpreter.
    fn started_file(&mut self, words: &[&str], is_certain: bool) {
        for word in words {
            let path = self.path(word, 0).filter(|_| word.contains('/'));
            let path = path.or_else(|| self.beside(word).filter(|_| word.trim_matches('"').contains('/')));
            if let Some(path) = path {
                return self.note(path, is_certain);
            }
            let is_passed = STARTERS.contains(word) || word.starts_with('-') || word.contains('=');
            if !is_passed {
                return;
            }
        }
    }

    fn note(&mut self, path: String, is_certain: bool) {
        let name = path.rsplit('/').next().unwrap_or_default();
        if name.is_empty() || name == ".." {
            return;
        }
        // A file that is named earlier may be created or tested there.
        let is_certain = is_certain && !self.seen.contains(name);
        let has_room = self.found.len() < MAX_FILES;
        match self.found.iter_mut().find(|one| one.path == path) {
            Some(known) => known.is_certain |= is_certain,
            None if has_room => self.found.push(NamedFile { path, is_certain }),
            None => {}
        }
    }

    /// A plain relative path, if the working directory is known.
    fn beside(&self, word: &str) -> Option<String> {
        Some(normal(&join(self.at.as_deref()?, plain(word)?)))
    }

    /// The path in a word that begins with the location of the script.
    fn path(&self, word: &str, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let word: String = word.chars().filter(|c| *c != '"').collect();
        let (value, rest) = if let Some(inner) = word.strip_prefix("$(") {
            let end = closing(inner, '(', ')')?;
            (self.substituted(&inner[..end], depth + 1)?, &inner[end + 1..])
        } else if let Some(inner) = word.strip_prefix('`') {
            let (inner, rest) = inner.split_once('`')?;
            (self.substituted(inner, depth + 1)?, rest)
        } else if let Some(inner) = word.strip_prefix("${") {
            let end = closing(inner, '{', '}')?;
            (self.variable(&inner[..end])?, &inner[end + 1..])
        } else {
            let inner = word.strip_prefix('$')?;
            let end = inner.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(inner.len());
            (self.variable(&inner[..end])?, &inner[end..])
        };
        if rest.is_empty() {
            return Some(value);
        }
        let rest = plain(rest).filter(|_| rest.starts_with('/')).or_else(|| rest.strip_prefix('/').and_then(plain))?;
        Some(normal(&join(&value, rest.trim_start_matches('/'))))
    }

    fn variable(&self, name: &str) -> Option<String> {
        if let Some(inner) = FOLDER_ENDS.iter().find_map(|end| name.strip_suffix(end)) {
            let inner = inner.strip_prefix("${").and_then(|inner| inner.strip_suffix('}')).unwrap_or(inner);
            return self.variable(inner).map(|path| above(&path));
        }
        match name {
            "0" => Some(self.started.clone()),
            "PWD" => self.at.clone(),
            _ if ITSELF.contains(&name) => Some(self.file.to_owned()),
            _ => self.folders.get(name).cloned(),
        }
    }

    /// The path that a command substitution prints: `cd "$(dirname "$0")/.." && pwd`.
    fn substituted(&self, inner: &str, depth: usize) -> Option<String> {
        let mut at = self.at.clone();
        for command in commands(inner) {
            let words = words(&command.text);
            let (program, rest) = words.split_first()?;
            let is_operand = |word: &&&str| !word.starts_with('-') && !word.contains(['>', '<']);
            let operand = rest.iter().find(is_operand);
            let value = |reader: &Self| reader.path(operand?, depth);
            match *program {
                "cd" | "builtin" | "command" if *program == "cd" => at = Some(value(self)?),
                "pwd" => return at,
                "dirname" => return value(self).map(|path| above(&path)),
                "readlink" | "greadlink" | "realpath" | "grealpath" | "echo" => return value(self),
                _ => return None,
            }
        }
        None
    }
}

/// Whether a command follows a word of the language: `then`, or a choice of `case` in a block.
fn is_before_a_command(word: &str, depth: usize) -> bool {
    let is_choice = depth > 0 && word.ends_with(')') && !word.contains('(');
    is_choice || matches!(word, "then" | "else" | "elif" | "do" | "!")
}

/// The words of a command. Bracketed or quoted parts are not split.
fn words(text: &str) -> Vec<&str> {
    let (mut found, mut begin) = (Vec::new(), None);
    let (mut depth, mut quote, mut is_ticked) = (0usize, None, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' | '"' if depth == 0 && quote.is_none_or(|open| open == c) => {
                quote = if quote.is_some() { None } else { Some(c) };
            }
            '`' => is_ticked = !is_ticked,
            '(' | '{' if quote != Some('\'') => depth += 1,
            ')' | '}' if quote != Some('\'') => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_gap = c.is_whitespace() && depth == 0 && quote.is_none() && !is_ticked;
        match (is_gap, begin) {
            (true, Some(from)) => {
                found.push(&text[from..at]);
                begin = None;
            }
            (false, None) => begin = Some(at),
            _ => {}
        }
    }
    found.extend(begin.map(|from| &text[from..]));
    found
}

/// The position at which a bracket opened before the text is closed.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == open) - i32::from(c == close);
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// A literal relative path; `None` for a path that the shell computes, and for an absolute path.
fn plain(word: &str) -> Option<&str> {
    let word = word.trim_matches(['"', '\'']);
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '+' | '@');
    let is_relative = !word.is_empty() && !word.starts_with(['/', '-']);
    (is_relative && word.chars().all(is_plain)).then_some(word)
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn above(path: &str) -> String {
    normal(&join(path, ".."))
}

/// A path without `.`, and with `..` only at its beginning.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths; certain ones have a mark after them.
    fn of(path: &str, text: &str) -> String {
        let files = named_files(path, text, "").into_iter();
        files.map(|one| format!("{}{}", one.path, if one.is_certain { "!" } else { "" })).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn files_by_the_place_of_the_script_are_found() {
        for (text, expected) in [
            ("source \"$(dirname \"$0\")/x.sh\"\n", "x.sh!"),
            (
                "DIR=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" >/dev/null 2>&1 && pwd)\"\n. \"$DIR/lib/x.sh\"\n",
                "lib/x.sh!",
            ),
            ("lib=$(dirname $0)/lib\n$lib/ucalls.py -l java \"$@\"\n", "lib/ucalls.py!"),
            (
                "readonly ROOT=\"$(dirname \"$(dirname \"$(readlink -f \"$0\")\")\")\"\nsource \"${ROOT}/x.sh\"\n",
                "../x.sh!",
            ),
            ("cd \"$(dirname \"${BASH_SOURCE[0]}\")\" \\\n    && . \"../../utils.sh\"\n", "../../utils.sh!"),
            ("cd `dirname $0`\nbash ./go.sh a\npython3 \"${0%/*}/y.py\"\n", "go.sh! y.py!"),
            ("here=${0:A:h}\nsource $here/a.zsh\n", "a.zsh!"),
            ("main() {\n  . \"${BASH_SOURCE%/*}/f.sh\"\n}\nmain\n", "f.sh"),
            ("f() { . \"$(dirname \"$0\")/f.sh\"; }\n. \"$(dirname \"$0\")/g.sh\"\n", "f.sh g.sh!"),
        ] {
            assert_eq!(of("t.sh", text), expected, "{text}");
        }
        assert_eq!(
            of("lib/a.sh", ". \"$(dirname \"${BASH_SOURCE[0]}\")/b.sh\"\n. \"$(dirname \"$0\")/c.sh\"\n"),
            "lib/b.sh! c.sh!"
        );
    }

    #[test]
    fn what_may_be_left_out_or_be_elsewhere_is_not_certain() {
        for (text, expected) in [
            ("D=$(dirname \"$0\")\nif [ -f \"$D/x.sh\" ]; then\n  . \"$D/x.sh\"\nfi\n", "x.sh"),
            ("D=$(dirname \"$0\")\n[ -f \"$D/x.sh\" ] && . \"$D/x.sh\"\n", "x.sh"),
            (". \"$(dirname \"$0\")/x.sh\" || true\n", "x.sh"),
            ("D=$(dirname \"$0\")\nmake -o \"$D/x\"\n\"$D/x\"\n", "x"),
            (". ./lib/x.sh\nsource .env\n", "lib/x.sh .env"),
            ("exit\n. \"$(dirname \"$0\")/x.sh\"\n", ""),
            (". \"$HOME/x.sh\"\n. /etc/x.sh\n. \"$D/x.sh\"\nsource <(x)\n", ""),
            (
                "cat <<EOF\n. \"$(dirname \"$0\")/x.sh\"\nEOF\n# . \"$(dirname \"$0\")/y.sh\"\necho '\n. \"${0%/*}/z.sh\"\n'\n",
                "",
            ),
            ("D=$(dirname \"$0\")\necho x > \"$D/out.txt\"\ncat \"$D/in.txt\"\n", "in.txt"),
            ("echo \"(it's\"\n. \"$(dirname \"$0\")/x.sh\"\n", "x.sh!"),
        ] {
            assert_eq!(of("t.sh", text), expected, "{text}");
        }
    }
}
