//! The capabilities of shell scripts.

mod hiding;

use super::bash_rules::{GIVEN, HARMLESS, LEADS, RULES};
use super::finder::{Finder, MAX_DEPTH};
use super::literals;
use super::python::is_shell;
use crate::check::source::{children, nodes};
use crate::code::escape::{EscapeRules, unescaped};
use crate::domain::{CapabilityKind as Kind, only_reads};
use std::collections::HashSet;
use tree_sitter::Node;

/// Commands whose arguments are not files that they read.
const NO_FILES: &[&str] = &[
    "echo", "printf", "test", "[", "cd", "basename", "dirname", "export", "set", "tr", "trap", "command", "type",
    "which",
];

struct BashScanner<'f, 'a> {
    finder: &'f mut Finder<'a>,
    functions: HashSet<&'a str>,
    /// Variables that the script assigns.
    assigned: HashSet<&'a str>,
    /// Environment variables that were already reported.
    told: HashSet<&'a str>,
}

/// Collects the capabilities in the syntax tree of a shell script.
pub(super) fn scan(root: Node<'_>, finder: &mut Finder<'_>) {
    let mut scanner = BashScanner { finder, functions: HashSet::new(), assigned: HashSet::new(), told: HashSet::new() };
    nodes(root).for_each(|node| scanner.bind(node));
    nodes(root).for_each(|node| scanner.look(node));
}

/// A command as it is started: what stands before it (`sudo`, `env`) left out.
/// Programs that print code of a shell about words, keys and settings, to be run by it.
const PRINT_SETUP: &[&str] = &[
    "argc",
    "brew",
    "dircolors",
    "direnv",
    "fnm",
    "getopt",
    "keychain",
    "lesspipe",
    "mise",
    "nodenv",
    "opam",
    "pyenv",
    "rbenv",
    "register-python-argcomplete",
    "resize",
    "ssh-agent",
    "starship",
    "zoxide",
];

struct BashCommand<'t> {
    /// The word that names the program.
    word: Node<'t>,
    name: String,
    arguments: Vec<Node<'t>>,
}

impl BashScanner<'_, '_> {
    fn bind(&mut self, node: Node<'_>) {
        match node.kind() {
            "function_definition" => {
                self.functions.extend(node.child_by_field_name("name").map(|name| self.finder.text_of(name)));
            }
            "variable_assignment" => {
                let Some(name) = node.child_by_field_name("name") else { return };
                let name = self.finder.text_of(name).split('[').next().unwrap_or_default();
                // `x="${x:-1}"` still reads the x of the environment.
                let value = node.child_by_field_name("value");
                let reads_itself = value.is_some_and(|value| {
                    nodes(value).any(|part| part.kind() == "variable_name" && self.finder.text_of(part) == name)
                });
                if !reads_itself {
                    self.assigned.insert(name);
                }
                let value = value.and_then(|value| self.whole(value, 0));
                self.finder.bind(name, value);
            }
            "for_statement" | "c_style_for_statement" | "select_statement" => {
                let name = node.child_by_field_name("variable").map(|name| self.finder.text_of(name));
                self.assigned.extend(name);
            }
            "command" => {
                let name = node.child_by_field_name("name").map(|name| self.finder.text_of(name)).unwrap_or_default();
                if matches!(name, "read" | "mapfile" | "readarray" | "getopts" | "printf") {
                    self.assigned.extend(arguments_of(node).into_iter().map(|word| self.finder.text_of(word)));
                }
            }
            "declaration_command" => {
                let names = children(node).into_iter().filter(|child| child.kind() == "variable_name");
                if !self.finder.text_of(node).starts_with("export") {
                    self.assigned.extend(names.map(|name| self.finder.text_of(name)));
                }
            }
            _ => {}
        }
    }

    /// The text of a word, if it is certain.
    fn whole(&self, node: Node<'_>, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let text = self.finder.text_of(node);
        match node.kind() {
            "word" | "extglob_pattern" | "regex" => Some(text.replace('\\', "")),
            "number" | "string_content" | "heredoc_body" => Some(text.to_owned()),
            "raw_string" => Some(text.trim_matches('\'').to_owned()),
            "ansi_c_string" => Some(unescaped(text.trim_start_matches('$').trim_matches('\''), EscapeRules::Shell)),
            "string" | "concatenation" | "command_name" => children(node)
                .into_iter()
                .map(|part| self.whole(part, depth + 1))
                .collect::<Option<Vec<_>>>()
                .map(|p| p.concat()),
            "simple_expansion" | "expansion" => {
                let parts = children(node);
                let [name] = parts.as_slice() else { return None };
                let is_plain = node.kind() == "simple_expansion" || text.len() == self.finder.text_of(*name).len() + 3;
                self.finder.constant(self.finder.text_of(*name)).filter(|_| is_plain).map(str::to_owned)
            }
            _ => None,
        }
    }

    /// The beginning of a word, if it is a fixed text.
    fn beginning(&self, node: Node<'_>) -> Option<String> {
        if let Some(whole) = self.whole(node, 0) {
            return Some(whole);
        }
        let mut text = String::new();
        let parts = if matches!(node.kind(), "string" | "concatenation") { children(node) } else { vec![node] };
        for part in parts {
            match self.whole(part, 0) {
                Some(fixed) => text.push_str(&fixed),
                None if text.is_empty() && matches!(self.finder.text_of(part), "$HOME" | "${HOME}") => text.push('~'),
                None => {
                    if !text.is_empty() {
                        text.push_str("{}");
                    }
                    break;
                }
            }
        }
        (!text.is_empty()).then_some(text)
    }

    fn look(&mut self, node: Node<'_>) {
        match node.kind() {
            "command" => self.command(node),
            "file_redirect" => self.redirect(node),
            "simple_expansion" | "expansion" => self.variable(node),
            "pipeline" => self.pipeline(node),
            "variable_assignment" => {
                let (name, value) = (node.child_by_field_name("name"), node.child_by_field_name("value"));
                if let (Some(name), Some(value)) = (name, value) {
                    let text = self.whole(value, 0).unwrap_or_default();
                    self.finder.named_literal(value, self.finder.text_of(name), &text);
                }
            }
            "string" | "raw_string" | "word" | "ansi_c_string" | "heredoc_body" => {
                let text = self.finder.text_of(node);
                let inner = text.trim_matches(['"', '\'']);
                self.finder.literal(node, inner);
            }
            _ => {}
        }
    }

    fn variable(&mut self, node: Node<'_>) {
        let name = children(node).into_iter().find(|child| child.kind() == "variable_name");
        let Some(name) = name.map(|name| self.finder.text_of(name)) else { return };
        let is_given =
            GIVEN.contains(&name) || name.starts_with(|c: char| c.is_ascii_digit()) || name.starts_with("BASH");
        if !is_given && !self.assigned.contains(name) && self.told.insert(name) {
            self.finder.add(node, Kind::ReadsEnvironment, Some(name.to_owned()));
        }
    }

    fn redirect(&mut self, node: Node<'_>) {
        let Some(target) = node.child_by_field_name("destination") else { return };
        let path = self.beginning(target);
        let text = self.finder.text_of(node);
        let operator: String =
            text.chars().skip_while(char::is_ascii_digit).take_while(|c| matches!(c, '<' | '>' | '&' | '|')).collect();
        let known = path.as_deref().unwrap_or_default();
        if known.starts_with("/dev/tcp/") || known.starts_with("/dev/udp/") {
            let host = known.splitn(4, '/').nth(3).map(|rest| rest.replacen('/', ":", 1));
            self.finder.add(node, Kind::Network, host);
            return;
        }
        // `2>&1` names a stream, not a file.
        let is_stream = operator.ends_with('&') && known.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if is_stream || matches!(known, "/dev/null" | "/dev/stdin" | "/dev/stdout" | "/dev/stderr" | "/dev/tty") {
            return;
        }
        let kind = match operator.contains('>') {
            true => Kind::WritesFiles,
            false if literals::is_outside(known) => Kind::ReadsOutside,
            false => Kind::ReadsFiles,
        };
        self.finder.add(node, kind, path);
    }

    /// `curl … | sh`: the received text is executed.
    fn pipeline(&mut self, node: Node<'_>) {
        let parts: Vec<Node<'_>> = children(node).into_iter().collect();
        let Some((last, before)) = parts.split_last() else { return };
        let Some(call) = self.call_of(*last) else { return };
        let is_program =
            is_shell(&call.name) || ["python", "python3", "node", "perl", "ruby"].contains(&call.name.as_str());
        let reads_code = call.arguments.iter().all(|word| {
            let word = self.whole(*word, 0).unwrap_or_default();
            matches!(word.as_str(), "-" | "-s" | "-e" | "-x" | "/dev/stdin")
        });
        if !is_program || !reads_code {
            return;
        }
        self.finder.add(node, Kind::Eval, None);
        let text = before.iter().map(|part| self.finder.text_of(*part)).collect::<String>();
        if ["base64", "xxd", "openssl enc", "rev", "gunzip", "gzip -d", "zcat", "tr "]
            .iter()
            .any(|word| text.contains(word))
        {
            self.finder.add(node, Kind::Obfuscation, None);
        }
    }

    /// The command that a node starts, after commands that only lead to it.
    fn call_of<'t>(&self, node: Node<'t>) -> Option<BashCommand<'t>> {
        let command = match node.kind() {
            "command" => node,
            "redirected_statement" => node.child_by_field_name("body").filter(|body| body.kind() == "command")?,
            _ => return None,
        };
        let name = command.child_by_field_name("name")?;
        let mut words = vec![name];
        words.extend(arguments_of(command));
        let mut at = 0;
        while let Some(lead) = words.get(at).and_then(|word| self.whole(*word, 0)) {
            let base = lead.rsplit('/').next().unwrap_or_default().to_owned();
            if !LEADS.contains(&base.as_str()) || at + 1 >= words.len() {
                break;
            }
            at += 1;
            // Options, variables, durations before the program.
            while words.get(at).and_then(|word| self.whole(*word, 0)).is_some_and(|word| {
                word.starts_with(['-', '+']) || word.contains('=') || word.starts_with(|c: char| c.is_ascii_digit())
            }) {
                at += 1;
            }
        }
        let first = *words.get(at)?;
        let name = self.whole(first, 0).or_else(|| self.beginning(first)).unwrap_or_else(|| "{}".to_owned());
        let base =
            if name.contains("{}") { name.clone() } else { name.rsplit('/').next().unwrap_or_default().to_owned() };
        Some(BashCommand { word: first, name: base, arguments: words.split_off(at + 1) })
    }

    fn command(&mut self, node: Node<'_>) {
        let Some(call) = self.call_of(node) else { return };
        let name = call.name.as_str();
        // If the parser failed, keywords appear as commands.
        let is_word = matches!(
            name,
            "if" | "then"
                | "elif"
                | "else"
                | "fi"
                | "for"
                | "do"
                | "done"
                | "case"
                | "esac"
                | "while"
                | "in"
                | "{"
                | "}"
        );
        if is_word || self.functions.contains(name) {
            return;
        }
        let words: Vec<Option<String>> = call.arguments.iter().map(|word| self.whole(*word, 0)).collect();
        if let Some(kind) = self.hides_name(call.word) {
            self.finder.add(node, kind, None);
            return;
        }
        if self.takes_code(node, &call, &words) {
            self.finder.add(node, Kind::Eval, None);
            return;
        }
        if self.reads_code(node, name, &words) {
            return;
        }
        self.options(node, name, &words);
        if is_shell(name) {
            self.shell(node, name, &words);
            return;
        }
        if self.special(node, &call, &words) {
            return;
        }
        if let Some((_, kind)) = RULES.iter().find(|(known, _)| *known == name) {
            let operands =
                call.arguments.iter().filter_map(|word| self.beginning(*word)).filter(|word| !word.starts_with('-'));
            let operands: Vec<String> = operands.collect();
            let subject = match kind {
                Kind::Network => {
                    operands.iter().flat_map(|word| literals::hosts(word)).next().or_else(|| operands.first().cloned())
                }
                Kind::WritesFiles => operands.last().cloned(),
                _ => operands.first().cloned(),
            };
            self.finder.add(node, *kind, subject);
            return;
        }
        if HARMLESS.contains(&name) || only_reads(name) {
            let outside =
                call.arguments.iter().filter_map(|word| self.beginning(*word)).find(|word| literals::is_outside(word));
            if let Some(path) = outside.filter(|_| !NO_FILES.contains(&name)) {
                self.finder.add(node, Kind::ReadsOutside, Some(path));
            }
            return;
        }
        let program = (!name.contains("{}")).then(|| name.to_owned());
        self.finder.add(node, Kind::StartsPrograms, program);
    }

    /// The program in `eval "$(program …)"`, if its only purpose is to print code for that.
    fn prints_setup(&self, call: &BashCommand<'_>) -> Option<String> {
        // `eval set -- "$options"` splits the output of getopt.
        if let [set, dashes, _] = call.arguments.as_slice()
            && (self.finder.text_of(*set), self.finder.text_of(*dashes)) == ("set", "--")
        {
            return Some("getopt".to_owned());
        }
        let [word] = call.arguments.as_slice() else { return None };
        let inner = self.finder.text_of(*word).trim_matches('"').strip_prefix("$(")?.strip_suffix(')')?;
        let is_plain = !inner.contains(['|', ';', '&', '`', '<', '>']) && !inner.contains("$(");
        let program = inner.split_whitespace().next()?;
        (is_plain && PRINT_SETUP.contains(&program)).then(|| program.to_owned())
    }

    /// Commands whose arguments decide what they do; `true` if nothing more must be reported.
    fn special(&mut self, node: Node<'_>, call: &BashCommand<'_>, words: &[Option<String>]) -> bool {
        let has = |options: &[&str]| words.iter().flatten().any(|word| options.contains(&word.as_str()));
        let first = words.iter().flatten().find(|word| !word.starts_with('-')).cloned();
        match call.name.as_str() {
            "eval" => match self.prints_setup(call) {
                Some(program) => self.finder.add(node, Kind::StartsPrograms, Some(program)),
                None => self.finder.add(node, Kind::Eval, None),
            },
            "source" | "." => {
                if words.first().is_some_and(Option::is_none) {
                    self.finder.add(node, Kind::Eval, None);
                } else {
                    let kind = if first.as_deref().is_some_and(literals::is_outside) {
                        Kind::ReadsOutside
                    } else {
                        Kind::ReadsFiles
                    };
                    self.finder.add(node, kind, first);
                }
            }
            "env" | "printenv" => {
                self.finder.add(node, Kind::ReadsEnvironment, first.filter(|_| call.name == "printenv"));
            }
            "export" | "declare" if has(&["-p", "-xp"]) => self.finder.add(node, Kind::ReadsEnvironment, None),
            "sed" | "perl" if words.iter().flatten().any(|word| word.starts_with("-i") || word == "--in-place") => {
                self.finder.add(node, Kind::WritesFiles, words.last().cloned().flatten());
            }
            "find" => {
                if has(&["-delete"]) {
                    self.finder.add(node, Kind::DeletesFiles, first);
                } else if has(&["-exec", "-execdir", "-ok"]) {
                    let at = words.iter().position(|word| {
                        word.as_deref().is_some_and(|word| matches!(word, "-exec" | "-execdir" | "-ok"))
                    });
                    let program = at.and_then(|at| words.get(at + 1).cloned().flatten());
                    let deletes = program
                        .as_deref()
                        .is_some_and(|program| matches!(program, "rm" | "unlink" | "shred" | "rmdir"));
                    let kind = if program.as_deref().is_some_and(is_shell) {
                        let text = at.and_then(|at| words.get(at + 3));
                        if text.is_some_and(Option::is_none) { Kind::ShellText } else { Kind::Shell }
                    } else if deletes {
                        Kind::DeletesFiles
                    } else {
                        Kind::StartsPrograms
                    };
                    self.finder.add(node, kind, program);
                } else {
                    return false;
                }
            }
            "awk" | "gawk" | "mawk" => {
                let runs = call.arguments.iter().any(|word| {
                    let text = self.finder.text_of(*word);
                    text.contains("system(") || text.contains("| getline")
                });
                if !runs {
                    return false;
                }
                self.finder.add(node, Kind::ShellText, None);
            }
            "git" => {
                if has(&["clone", "fetch", "pull", "push", "ls-remote", "submodule"]) {
                    let host = words.iter().flatten().flat_map(|word| literals::hosts(word)).next();
                    self.finder.add(node, Kind::Network, host);
                }
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Options that disable the verification of the peer.
    fn options(&mut self, node: Node<'_>, name: &str, words: &[Option<String>]) {
        let any = |is: &dyn Fn(&str) -> bool| words.iter().flatten().any(|word| is(word));
        let short_k = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains('k');
        let is_off = match name {
            "curl" => any(&|word| word == "--insecure" || short_k(word)),
            "wget" => any(&|word| word == "--no-check-certificate"),
            "ssh" | "scp" | "sftp" => any(&|word| word.contains("StrictHostKeyChecking=no")),
            "git" => any(&|word| word.contains("http.sslVerify=false")),
            _ => false,
        };
        if is_off {
            self.finder.add(node, Kind::UnverifiedTls, None);
        }
    }

    fn shell(&mut self, node: Node<'_>, name: &str, words: &[Option<String>]) {
        let at = words.iter().position(|word| {
            word.as_deref().is_some_and(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))
        });
        let kind = match at.map(|at| words.get(at + 1)) {
            Some(Some(None)) => Kind::ShellText,
            Some(_) => Kind::Shell,
            None if words.is_empty() => return,
            None => Kind::StartsPrograms,
        };
        self.finder.add(node, kind, Some(name.to_owned()));
    }
}

fn arguments_of(command: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = command.walk();
    command.children_by_field_name("argument", &mut cursor).collect()
}
