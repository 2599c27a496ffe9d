//! Which programs a shell script calls.
//!
//! A call is certain only if the script always makes it: at the top level, before anything that may end it, and without
//! an alternative. Other programs may be missing without effect on the script's work.

use crate::domain::source::Language;
use std::collections::{BTreeMap, BTreeSet};
use tree_sitter::Node;

/// Builtins of bash, zsh and dash.
const BUILTINS: &[&str] = &[
    ".",
    ":",
    "[",
    "[[",
    "alias",
    "autoload",
    "bg",
    "bind",
    "bindkey",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "compadd",
    "compdef",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "echo",
    "emulate",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "float",
    "functions",
    "getopts",
    "hash",
    "help",
    "history",
    "integer",
    "jobs",
    "kill",
    "let",
    "limit",
    "local",
    "logout",
    "mapfile",
    "noglob",
    "popd",
    "print",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "rehash",
    "return",
    "select",
    "set",
    "setopt",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unfunction",
    "unset",
    "unsetopt",
    "vared",
    "wait",
    "whence",
    "where",
    "which",
    "zcompile",
    "zle",
    "zmodload",
    "zparseopts",
    "zstyle",
];

/// Whether the shell itself performs a word, or the word belongs to the language.
pub(crate) fn is_builtin(word: &str) -> bool {
    BUILTINS.contains(&word) || RESERVED.contains(&word)
}

/// Words of the language that are never the name of a program.
const RESERVED: &[&str] =
    &["case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "then", "until", "while"];

/// Programs that start the program named in their arguments.
const WRAPPERS: &[&str] = &["exec", "env", "nohup", "time", "nice", "sudo", "command", "builtin", "noglob"];

/// Commands that test whether a program exists.
const QUESTIONS: &[&str] = &["which", "type", "hash", "whence", "where", "command"];

/// Finds the programs that a script may call, faster than a parser: everything that [`Calls::of`] can be certain of,
/// and words in the position of a call. Quotes are ignored, so a quoted word counts like any other.
pub(crate) fn candidates(text: &str) -> BTreeSet<&str> {
    // The definition names the interpreter of the script.
    let text = if text.starts_with("#!") { text.split_once('\n').map_or("", |(_, rest)| rest) } else { text };
    let (mut found, mut functions) = (BTreeSet::new(), BTreeSet::new());
    // Whether the next word may be the name of a program, and the preceding text that decides it.
    let (mut is_open, mut has_comment, mut before) = (true, false, "");
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c == ' ' {
            // Most of a script is indented, and blanks decide nothing.
            at += 1;
            continue;
        }
        let end = text[at..].find(parts_words).map_or(text.len(), |end| at + end);
        if end == at {
            is_open = opens(c, &text[..at], is_open, has_comment);
            has_comment &= c != '\n';
            at += c.len_utf8();
            continue;
        }
        let word = &text[at..end];
        has_comment |= word.contains('#');
        if before == "function" || text[end..].starts_with("()") {
            functions.insert(word);
        } else if is_open {
            if (is_name(word) && !word.bytes().all(|byte| byte.is_ascii_digit())) || is_installed(word) {
                found.insert(word);
            }
            let ends = is_name(word) || is_installed(word) || BUILTINS.contains(&word) || word.starts_with('#');
            is_open = !ends || WRAPPERS.contains(&word) || before.ends_with(['<', '>']);
        }
        (before, at) = (word, end);
    }
    found.retain(|word| !functions.contains(word) && !BUILTINS.contains(word) && !RESERVED.contains(word));
    found
}

fn parts_words(c: char) -> bool {
    matches!(c, '|' | '&' | ';' | '(' | ')' | '`' | '{' | '!') || c.is_whitespace()
}

/// Whether a name may follow a character between words.
fn opens(c: char, before: &str, is_open: bool, has_comment: bool) -> bool {
    match c {
        // A command continues after a trailing `\`, unless that is in a comment.
        '\n' => is_open || has_comment || !before.ends_with('\\'),
        // `$((…))` is arithmetic.
        '(' => !before.ends_with("$("),
        '{' => is_open || !before.ends_with('$'),
        '&' => is_open || !before.ends_with(['<', '>']),
        c if c.is_whitespace() => is_open,
        _ => true,
    }
}

/// Whether a word can be the name of a program without a folder.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && word.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b'+'))
}

/// Whether a word is the absolute path of a program in a folder for programs.
fn is_installed(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/');
    let is_in_bin = word.contains("/bin/") || word.contains("/sbin/");
    word.starts_with('/')
        && is_in_bin
        && !word.starts_with("/tmp/")
        && !word.ends_with('/')
        && word.chars().all(is_plain)
}

/// The maximum nesting of statements.
const MAX_DEPTH: usize = 60;

/// A call of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its line, from 1.
    pub(crate) line: usize,
    /// Whether it always happens.
    pub(crate) is_certain: bool,
}

/// The programs that a script calls, each with its first call; a certain call is preferred.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) programs: BTreeMap<String, Call>,
}

impl Calls {
    /// The calls of a script; empty if the script cannot be parsed.
    pub(crate) fn of(text: &str) -> Calls {
        // The grammar parses unknown syntax as commands, sometimes without an error.
        let Some(tree) = Language::Bash.parse(text).filter(|tree| !tree.root_node().has_error()) else {
            return Calls::default();
        };
        let mut walk = Walk { text, ..Walk::default() };
        walk.block(tree.root_node(), true, 0);
        let Walk { mut programs, functions, asked, is_open, takes_functions, .. } = walk;
        if programs.keys().any(|name| RESERVED.contains(&name.as_str())) {
            return Calls::default();
        }
        programs
            .retain(|name, _| !functions.contains(name) && !asked.contains(name) && !BUILTINS.contains(&name.as_str()));
        // The grammar takes the end of `local a; a=$b/$1` for a command `1`.
        programs.retain(|name, _| name.chars().any(char::is_alphabetic));
        if takes_functions {
            // Some of these may be functions of another file; names of programs seldom contain `_`.
            programs.retain(|name, _| !name.contains('_'));
        }
        // A file without a `#!` line is often part of another script, whose functions it calls. Names of programs
        // seldom contain `_`.
        let is_part = !text.starts_with("#!");
        for (name, call) in &mut programs {
            let is_of_others = is_part && name.contains('_');
            call.is_certain &= !(is_open || is_of_others);
        }
        Calls { programs }
    }
}

#[derive(Default)]
struct Walk<'t> {
    text: &'t str,
    programs: BTreeMap<String, Call>,
    functions: BTreeSet<String>,
    /// Programs whose existence the script tests itself.
    asked: BTreeSet<String>,
    /// Whether names may be defined elsewhere: in another script, by an alias, or on another search path.
    is_open: bool,
    /// Whether another script is sourced, which may define functions.
    takes_functions: bool,
    /// Whether an earlier command may have ended the script.
    may_be_over: bool,
}

impl<'t> Walk<'t> {
    fn of(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Reads everything in a node. If the node is certain, so are its parts.
    fn block(&mut self, node: Node<'_>, is_certain: bool, depth: usize) {
        let children: Vec<Node<'_>> = node.named_children(&mut node.walk()).collect();
        for child in children {
            self.statement(child, is_certain, depth + 1);
        }
    }

    fn statement(&mut self, node: Node<'_>, is_certain: bool, depth: usize) {
        if depth > MAX_DEPTH {
            self.is_open = true;
            return;
        }
        match node.kind() {
            "comment" => {}
            "variable_assignment" => {
                self.is_open |= self.of(node).starts_with("PATH=");
                self.block(node, is_certain, depth);
            }
            "command" => self.command(node, is_certain, depth),
            "pipeline"
            | "redirected_statement"
            | "compound_statement"
            | "subshell"
            | "declaration_command"
            | "string"
            | "concatenation" => {
                self.block(node, is_certain, depth);
            }
            "command_substitution" => {
                // A script that discards error messages of a command does not need it. Its exit affects only itself.
                let over = self.may_be_over;
                self.block(node, is_certain && !self.of(node).contains("2>"), depth);
                self.may_be_over = over;
            }
            "list" => {
                let is_or = node.children(&mut node.walk()).any(|child| child.kind() == "||");
                let parts: Vec<Node<'_>> = node.named_children(&mut node.walk()).collect();
                for (at, part) in parts.into_iter().enumerate() {
                    self.statement(part, is_certain && at == 0 && !is_or, depth + 1);
                }
            }
            "function_definition" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.functions.insert(self.of(name).to_owned());
                }
                let over = self.may_be_over;
                self.block(node, false, depth);
                // An exit in a function takes effect when the function is called.
                self.may_be_over = over;
            }
            _ => self.block(node, false, depth),
        }
    }

    fn command(&mut self, node: Node<'_>, is_certain: bool, depth: usize) {
        let words: Vec<&str> = self.words(node);
        let line = node.start_position().row + 1;
        let mut rest = words.as_slice();
        while let [word, more @ ..] = rest {
            if QUESTIONS.contains(word)
                && (*word != "command"
                    || more.first().is_some_and(|flag| flag.starts_with("-v") || flag.starts_with("-V")))
            {
                self.asked.extend(more.iter().map(|name| (*name).to_owned()));
                break;
            }
            match *word {
                "." | "source" => (self.is_open, self.takes_functions) = (true, true),
                "eval" | "alias" | "autoload" => self.is_open = true,
                "exit" | "return" | "exec" if !is_certain || *word != "exec" => self.may_be_over = true,
                _ => {}
            }
            self.note(word, Call { line, is_certain: is_certain && !self.may_be_over });
            if !WRAPPERS.contains(word) {
                break;
            }
            let skipped = more.iter().take_while(|word| word.starts_with('-') || word.contains('=')).count();
            rest = &more[skipped..];
            if skipped > 0 && *word != "env" {
                // An option may take the next word.
                break;
            }
        }
        let inner: Vec<Node<'_>> = node.named_children(&mut node.walk()).collect();
        for child in inner {
            match child.kind() {
                "command_name" | "word" | "number" => {}
                "string" | "concatenation" | "command_substitution" => {
                    self.statement(child, is_certain && !self.may_be_over, depth + 1);
                }
                _ => self.statement(child, false, depth + 1),
            }
        }
    }

    /// The plain words of a command from its name on; an empty one for each computed word.
    fn words(&self, node: Node<'_>) -> Vec<&'t str> {
        let parts = node.named_children(&mut node.walk()).collect::<Vec<_>>();
        let parts = parts.into_iter().filter(|part| {
            !matches!(part.kind(), "variable_assignment" | "file_redirect" | "herestring_redirect" | "heredoc_redirect")
        });
        parts
            .map(|part| {
                let text = self.of(part);
                let is_plain = !text.contains(['$', '`', '"', '\'', '\\', '*', '?', '{', '~', '<', '>']);
                if is_plain { text } else { "" }
            })
            .collect()
    }

    fn note(&mut self, word: &str, call: Call) {
        // A path that occurs earlier may be created or tested there.
        let is_first = || self.text.find(word).is_some_and(|at| self.text[..at].matches('\n').count() + 1 == call.line);
        let is_program = is_name(word) || is_installed(word) && is_first();
        if !is_program {
            return;
        }
        let known = self.programs.entry(word.to_owned()).or_insert(call);
        if call.is_certain && !known.is_certain {
            *known = call;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names; certain ones have a mark after them.
    fn calls(text: &str) -> String {
        let calls = Calls::of(text).programs.into_iter();
        let named = calls.map(|(name, call)| if call.is_certain { format!("{name}!") } else { name });
        named.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_a_script_calls_whatever_happens_is_certain() {
        assert_eq!(calls("set -e\ncurl -s x | jq .a > out\nLANG=C sort a\n"), "curl! jq! sort!");
        assert_eq!(calls("a && b\nc || d\n! e\n"), "a! b c d e");
        assert_eq!(
            calls("if probe; then yes-tool; else no-tool; fi\nfor i in 1; do each; done\n"),
            "each no-tool probe yes-tool"
        );
        assert_eq!(calls("x=$(inner --a)\necho \"$(quoted)\"\n"), "inner! quoted!");
        assert_eq!(
            calls("x=$(jq . f 2>/dev/null)\nif [ \"$(uname)\" ]; then y=$(z); fi\ny=${x:-$(w)}\n"),
            "jq uname w z"
        );
        assert_eq!(
            calls("/opt/homebrew/bin/brew x\n[ -x /opt/x/bin/y ] || exit\n/opt/x/bin/y\n"),
            "/opt/homebrew/bin/brew!"
        );
        assert_eq!(calls("exec tool-a b\n"), "tool-a!");
        assert_eq!(calls("env A=1 tool-a\nnohup tool-b &\n"), "env! nohup! tool-a! tool-b!");
    }

    #[test]
    fn what_is_certain_is_always_a_candidate() {
        let texts = [
            "set -e\ncurl -s x | jq .a > out\nLANG=C sort a\n",
            "A=\"b c\" B=$(x y) C=`z` one d\n> out two\n2>/dev/null three \\\n  args\n# a \\\nfour\n",
            "n=${m} five; { six; }; (seven) && x || y\nA+=(p q) eight\nexec nine 2>&1\n",
            "cat <<EOF\nsome text\nEOF\nten # b \\\neleven\nenv -i A=1 twelve\nsudo thirteen\n",
            "f() { a; }\nf x\nwhile read -r l; do echo \"$l\"; done < <(ls)\nfourteen\n",
            include_str!("../../../tools/approved/semver-bump/semver_bump.sh"),
        ];
        for text in texts {
            let candidates = candidates(text);
            for (name, call) in Calls::of(text).programs {
                assert!(!call.is_certain || candidates.contains(name.as_str()), "{name}: {text}");
            }
        }
        assert_eq!(candidates(texts[0]).into_iter().collect::<Vec<_>>(), ["curl", "jq", "sort"]);
        let plain = "#!/bin/sh\n# Says (what) it does.\nsay() {\n  n=$((n + 1))\n  printf '%s\\n' \"$1\" >&2\n}\n[ -e x ] || exit 1\nsay x\n";
        assert_eq!(candidates(plain), BTreeSet::from(["it", "what"]), "words of a comment do no harm");
    }

    #[test]
    fn of_a_script_that_is_not_understood_nothing_is_said() {
        let regex = "n='(0|[1-9])'\nif [[ ! $v =~ ^$n\\.$n(-($i))?(\\+$i)?$ ]]; then\n    tool-a\nfi\ntool-b\n";
        let quoted = "while read -r p; do\n  if [[ $p == x ]]; then\n    a+=(\"{$(f \"${p#\"$t\"/}\")}\")\n  fi\ndone < <(tool-a)\n";
        let misread = include_str!("../../../tools/approved/semver-bump/semver_bump.sh");
        for text in [regex, quoted, misread, "if tool-a; then\n"] {
            let found = calls(text);
            let reserved = ["if", "then", "else", "fi", "while", "do", "done"];
            assert!(found.split(' ').all(|name| !reserved.contains(&name.trim_end_matches('!'))), "{text}{found}");
        }
        assert_eq!(calls("if tool-a; then\n"), "");
    }

    #[test]
    fn what_may_not_be_reached_or_comes_from_elsewhere_is_not_certain() {
        assert_eq!(calls("[ -z \"$1\" ] && exit 1\nlate-tool\n"), "late-tool");
        assert_eq!(calls("case $1 in -h) exit 0;; esac\nlate-tool\n"), "late-tool");
        assert_eq!(calls("usage() { exit 1; }\ntool-a\n"), "tool-a!");
        assert_eq!(calls(". ./lib.sh\ntool-a\n"), "tool-a");
        assert_eq!(calls("source lib.sh\nx=$(parse_field a)\ntool-a\n"), "tool-a");
        assert_eq!(
            calls("inspect_args\ntool-a\n"),
            "inspect_args tool-a!",
            "a part of a script calls functions of others"
        );
        assert_eq!(calls("#!/bin/bash\ninspect_args\n"), "inspect_args!");
        assert_eq!(calls("PATH=$PATH:/x tool-a\n"), "tool-a");
        assert_eq!(calls("export PATH=/x:$PATH\ntool-a\n"), "tool-a");
    }

    #[test]
    fn builtins_functions_paths_and_what_the_script_looks_for_are_no_programs() {
        assert_eq!(calls("f() { cd /; }\nf\nprintf x\n./own\n/bin/x\n$cmd a\n\"$x\"\n[[ a == b ]]\n"), "/bin/x!");
        assert_eq!(calls("command -v jq >/dev/null\nwhich yq\njq .\nyq .\n"), "");
        assert_eq!(calls("if ! command -v fzf; then echo no; fi\nfzf\n"), "");
        assert_eq!(calls("cat <<EOF\nnot-a-call\nEOF\n"), "cat!");
    }
}
