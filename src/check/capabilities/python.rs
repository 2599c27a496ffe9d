//! The capabilities of Python source.

mod hiding;
mod names;

use super::finder::{Finder, KnownConstants, rule_for};
use super::literals;
use super::python_rules::{HARMLESS_ENDS, OPENERS, RULES};
use crate::check::source::{children, nodes};
use crate::code::python::scope::PythonNames;
use crate::domain::CapabilityKind as Kind;
use std::collections::HashSet;
use tree_sitter::Node;

/// Keyword arguments that name the object of a call.
const SUBJECTS: &[&str] = &[
    "url", "path", "file", "filename", "host", "address", "args", "cmd", "command", "name", "key", "program", "src",
    "database",
];

/// Programs that execute a text after `-c`.
pub(super) const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "cmd", "powershell", "pwsh"];

/// Functions that turn unreadable text into readable text.
const DECODERS: &[&str] = &[
    "base64.*",
    "binascii.*",
    "codecs.decode",
    "zlib.decompress",
    "bz2.decompress",
    "lzma.decompress",
    "gzip.decompress",
    "marshal.loads",
    "bytes.fromhex",
    "bytearray.fromhex",
];

pub(super) struct PythonScanner<'f, 'a, 'n> {
    finder: &'f mut Finder<'a>,
    /// The names that the file binds, and where.
    names: &'n PythonNames<'n>,
    constants: KnownConstants,
    /// Names that the file itself defines at its top level; they are not builtins.
    own: HashSet<&'a str>,
    /// Modules imported with `*`.
    stars: Vec<String>,
}

/// Collects the capabilities in a Python syntax tree.
pub(super) fn scan(root: Node<'_>, finder: &mut Finder<'_>) {
    let names = PythonNames::of(root, finder.text);
    let constants = KnownConstants::default();
    let mut scanner = PythonScanner { finder, names: &names, constants, own: HashSet::new(), stars: Vec::new() };
    scanner.own = scanner.defined(root);
    // Twice, because a name may be bound to one that is bound later.
    for _ in 0..2 {
        nodes(root).for_each(|node| scanner.bind(node));
        scanner.constants.clear();
    }
    nodes(root).for_each(|node| scanner.look(node));
}

impl PythonScanner<'_, '_, '_> {
    fn look(&mut self, node: Node<'_>) {
        match node.kind() {
            "call" => self.call(node),
            "attribute" | "identifier" => self.reference(node),
            "subscript" => self.subscript(node),
            "string" => self.string(node),
            "assignment" => self.named_text(node.child_by_field_name("left"), node.child_by_field_name("right")),
            "keyword_argument" => {
                self.named_text(node.child_by_field_name("name"), node.child_by_field_name("value"));
                self.unverified(node);
            }
            "pair" => {
                let key = node.child_by_field_name("key").and_then(|key| self.whole(key, 0));
                let value = node.child_by_field_name("value").filter(|value| value.kind() == "string");
                if let (Some(key), Some(value)) = (key, value) {
                    let text = self.whole(value, 0).unwrap_or_default();
                    self.finder.named_literal(value, &key, &text);
                }
            }
            _ => {}
        }
    }

    fn named_text(&mut self, name: Option<Node<'_>>, value: Option<Node<'_>>) {
        let (Some(name), Some(value)) = (name, value.filter(|value| value.kind() == "string")) else { return };
        let text = self.whole(value, 0).unwrap_or_default();
        self.finder.named_literal(value, self.finder.text_of(name), &text);
    }

    /// `verify=False` and similar arguments.
    fn unverified(&mut self, keyword: Node<'_>) {
        let text =
            |field: &str| keyword.child_by_field_name(field).map(|node| self.finder.text_of(node)).unwrap_or_default();
        let is_off = matches!(
            (text("name"), text("value")),
            ("verify" | "verify_ssl" | "verify_tls" | "ssl_verify" | "validate_certs" | "check_hostname", "False")
        );
        if is_off {
            self.finder.add(keyword, Kind::UnverifiedTls, None);
        }
    }

    fn string(&mut self, node: Node<'_>) {
        // A text as a statement is a comment.
        if node.parent().is_some_and(|parent| parent.kind() == "expression_statement") {
            return;
        }
        let content = self.content(node);
        self.finder.literal(node, &content);
    }

    /// A name used without a call: passed on, or bound to another name.
    fn reference(&mut self, node: Node<'_>) {
        let Some(parent) = node.parent() else { return };
        let is_field = |name: &str| parent.child_by_field_name(name) == Some(node);
        let is_part = match parent.kind() {
            "attribute" => true,
            "call" => is_field("function"),
            "keyword_argument" | "function_definition" | "class_definition" | "named_expression" => is_field("name"),
            "assignment" => is_field("left") || is_field("type"),
            "subscript" => is_field("value"),
            kind => {
                kind.contains("import")
                    || kind.contains("parameter")
                    || matches!(
                        kind,
                        "dotted_name"
                            | "type"
                            | "as_pattern_target"
                            | "global_statement"
                            | "nonlocal_statement"
                            | "pattern_list"
                            | "delete_statement"
                    )
            }
        };
        let outermost = node.kind() == "attribute"
            && parent.kind() == "attribute"
            && parent.child_by_field_name("object") != Some(node);
        // `f.__globals__["os"]` also escapes the scope.
        if is_part && !outermost && !(parent.kind() == "subscript" && node.kind() == "attribute" && self.climbs(node)) {
            self.held_environment(node, parent);
            return;
        }
        if node.kind() == "attribute" && self.climbs(node) {
            self.finder.add(node, Kind::Obfuscation, None);
            return;
        }
        for path in self.paths(node, 0) {
            if let Some(rule) = rule_for(&[RULES], &path).filter(|rule| rule.by_name) {
                self.finder.add(node, rule.kind, None);
                return;
            }
        }
    }

    /// `os.environ.get("X")`, `os.environ.copy()`: the variable is named by the call around it.
    fn held_environment(&mut self, node: Node<'_>, parent: Node<'_>) {
        let is_object = parent.kind() == "attribute" && parent.child_by_field_name("object") == Some(node);
        if !is_object || !self.paths(node, 0).iter().any(|path| path == "os.environ" || path == "os.environb") {
            return;
        }
        let call = parent.parent().filter(|call| call.kind() == "call").unwrap_or(parent);
        let method = parent.child_by_field_name("attribute").map(|name| self.finder.text_of(name)).unwrap_or_default();
        if !matches!(method, "update" | "clear" | "pop" | "setdefault") {
            let name = self.argument(call, 0, &["key"]).and_then(|name| self.whole(name, 0));
            self.finder.add(call, Kind::ReadsEnvironment, name);
        }
    }

    fn subscript(&mut self, node: Node<'_>) {
        let Some(value) = node.child_by_field_name("value") else { return };
        let is_assigned = node.parent().is_some_and(|parent| {
            parent.kind() == "delete_statement"
                || parent.kind() == "assignment" && parent.child_by_field_name("left") == Some(node)
        });
        let key = node.child_by_field_name("subscript");
        let name = key.and_then(|key| self.whole(key, 0));
        for path in self.paths(value, 0) {
            match path.as_str() {
                "os.environ" | "os.environb" if !is_assigned => {
                    self.finder.add(node, Kind::ReadsEnvironment, name.clone());
                }
                path => self.table(node, path, name.as_deref(), is_assigned),
            }
        }
    }

    fn call(&mut self, node: Node<'_>) {
        let Some(function) = node.child_by_field_name("function") else { return };
        if self.climbs_by_call(function) || self.picks(node, function) {
            self.finder.add(node, Kind::Obfuscation, None);
            return;
        }
        for path in self.paths(function, 0) {
            if self.looks_up(node, &path) || self.special(node, &path) {
                return;
            }
            let Some(rule) = rule_for(&[RULES], &path) else { continue };
            if rule.kind == Kind::Network && !rule.by_name && HARMLESS_ENDS.iter().any(|end| path.ends_with(end)) {
                continue;
            }
            self.by_rule(node, &path, rule.kind);
            return;
        }
    }

    /// Calls whose arguments decide what they do; `true` if nothing more must be reported.
    fn special(&mut self, node: Node<'_>, path: &str) -> bool {
        if let Some((_, mode)) = OPENERS.iter().find(|(name, _)| *name == path) {
            self.open(node, *mode, 0);
            return true;
        }
        if path.starts_with("pathlib.") && path.rsplit('.').next() == Some("open") {
            self.open(node, 0, usize::MAX);
            return true;
        }
        let text = |name: &str| self.keyword(node, name).map(|value| self.finder.text_of(value)).unwrap_or_default();
        match path {
            "os.open" => {
                let flags =
                    self.argument(node, 1, &["flags"]).map(|flags| self.finder.text_of(flags)).unwrap_or_default();
                let writes =
                    ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"].iter().any(|flag| flags.contains(flag));
                self.on_file(node, if writes { Kind::WritesFiles } else { Kind::ReadsFiles }, self.subject(node));
            }
            "yaml.load" | "yaml.load_all" => {
                let loader =
                    self.argument(node, 1, &["Loader"]).map(|loader| self.finder.text_of(loader)).unwrap_or_default();
                let is_safe = ["SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"]
                    .iter()
                    .any(|safe| loader.ends_with(safe));
                if !is_safe {
                    self.finder.add(node, Kind::Unpickles, None);
                }
            }
            "torch.load" => {
                if text("weights_only") != "True" {
                    self.finder.add(node, Kind::Unpickles, None);
                }
            }
            "numpy.load" => {
                let is_pickled = text("allow_pickle") == "True";
                self.finder.add(node, if is_pickled { Kind::Unpickles } else { Kind::ReadsFiles }, self.subject(node));
            }
            path if takes_module(path) => {
                let module = self.argument(node, 0, &["name"]);
                if module.and_then(|module| self.whole(module, 0)).is_none() {
                    self.finder.add(node, Kind::Obfuscation, None);
                }
            }
            "getattr" | "builtins.getattr" => self.getattr(node),
            "sqlite3.connect" if self.subject(node).as_deref() == Some(":memory:") => {}
            "socket.gethostname" | "socket.getfqdn" | "os.execl" => return path != "os.execl",
            _ => return false,
        }
        true
    }

    fn open(&mut self, node: Node<'_>, mode_at: usize, path_at: usize) {
        let mode = self.argument(node, mode_at, &["mode"]);
        let writes = match mode.map(|mode| self.whole(mode, 0)) {
            None => false,
            Some(Some(mode)) => mode.contains(['w', 'a', 'x', '+']),
            // A computed mode may have any value.
            Some(None) => true,
        };
        let subject = if path_at == usize::MAX {
            node.child_by_field_name("function").and_then(|f| f.child_by_field_name("object"))
        } else {
            self.argument(node, path_at, &["file", "name", "filename"])
        };
        let path = subject.and_then(|path| self.beginning(path, 0));
        self.on_file(node, if writes { Kind::WritesFiles } else { Kind::ReadsFiles }, path);
    }

    fn on_file(&mut self, node: Node<'_>, kind: Kind, path: Option<String>) {
        if path.as_deref() == Some("/dev/null") {
            return;
        }
        let is_outside = path.as_deref().is_some_and(literals::is_outside);
        let kind = if kind == Kind::ReadsFiles && is_outside { Kind::ReadsOutside } else { kind };
        self.finder.add(node, kind, path);
    }

    /// The object of a call, if it is a fixed text.
    fn subject(&self, call: Node<'_>) -> Option<String> {
        self.argument(call, 0, SUBJECTS).and_then(|subject| self.beginning(subject, 0))
    }

    fn by_rule(&mut self, node: Node<'_>, path: &str, kind: Kind) {
        match kind {
            Kind::StartsPrograms | Kind::Shell => self.starts(node, path, kind),
            Kind::ReadsFiles | Kind::WritesFiles | Kind::DeletesFiles => {
                let object =
                    node.child_by_field_name("function").and_then(|function| function.child_by_field_name("object"));
                let of_object = || self.beginning(object?, 0);
                let subject = if path.starts_with("pathlib.") || path.starts_with('?') {
                    of_object()
                } else {
                    self.subject(node)
                };
                self.on_file(node, kind, subject);
            }
            Kind::Network => {
                // `session.get(url)` names the address, not the module.
                let subject =
                    self.subject(node).or_else(|| self.second(node)).and_then(|text| literals::host_or_text(&text));
                self.finder.add(node, kind, subject);
            }
            Kind::Eval => {
                let hidden = self.argument(node, 0, &[]).is_some_and(|held| self.is_decoded(held));
                self.finder.add(node, if hidden { Kind::Obfuscation } else { kind }, None);
                if hidden {
                    self.finder.add(node, kind, None);
                }
            }
            _ => self.finder.add(node, kind, self.subject(node)),
        }
    }

    /// `requests.request("GET", url)`: the address is the second argument.
    fn second(&self, call: Node<'_>) -> Option<String> {
        self.argument(call, 1, &["url"]).and_then(|subject| self.beginning(subject, 0))
    }

    /// Whether a text is decoded before it is executed.
    fn is_decoded(&self, held: Node<'_>) -> bool {
        let decodes = |node: Node<'_>| {
            let function = node.child_by_field_name("function").filter(|_| node.kind() == "call");
            let paths = function.map(|function| self.paths(function, 0)).unwrap_or_default();
            paths.iter().any(|path| {
                DECODERS
                    .iter()
                    .any(|known| known.strip_suffix('*').map_or(path == known, |start| path.starts_with(start)))
            })
        };
        let by_name = |node: Node<'_>| {
            let meanings = (node.kind() == "identifier").then(|| self.known(node)).flatten();
            let is_decoder = |path: &String| DECODERS.iter().any(|known| path.starts_with(known.trim_end_matches('*')));
            meanings.is_some_and(|meanings| meanings.iter().any(is_decoder))
        };
        nodes(held).take(500).any(|node| decodes(node) || by_name(node))
    }

    fn starts(&mut self, node: Node<'_>, path: &str, kind: Kind) {
        let command = self.argument(node, 0, &["args", "cmd", "command"]);
        let shell = self.keyword(node, "shell").map(|value| self.finder.text_of(value));
        let by_shell = kind == Kind::Shell || shell.is_some_and(|value| value != "False" && value != "0");
        let argv =
            command.filter(|command| matches!(command.kind(), "list" | "tuple")).map(children).unwrap_or_default();
        let first = argv.first().and_then(|first| self.whole(*first, 0));
        let text = command.and_then(|command| self.whole(command, 0));
        let program = first.clone().or_else(|| text.as_deref().and_then(first_word)).or_else(|| {
            command
                .and_then(|command| self.beginning(command, 0))
                .as_deref()
                .and_then(first_word)
                .filter(|word| !word.contains("{}"))
        });
        // What the shell executes: the whole text, or the word after `-c`.
        let executed = if by_shell { text.clone() } else { argv.last().and_then(|last| self.whole(*last, 0)) };
        let (kind, shown) = if by_shell {
            let kind = if text.is_some() || command.is_none() { Kind::Shell } else { Kind::ShellText };
            let name = node.child_by_field_name("function").map_or(path, |function| self.finder.text_of(function));
            let shown = if shell.is_some() { format!("{name}(…, shell=True)") } else { format!("{name}(…)") };
            (kind, text.as_deref().map_or(shown, |text| format!("{name}({text:?})")))
        } else if first.as_deref().is_some_and(is_shell) && argv.len() > 2 {
            let is_fixed = argv[1..].iter().all(|word| self.whole(*word, 0).is_some());
            let takes_text = argv[1..].iter().any(|word| {
                self.whole(*word, 0)
                    .is_some_and(|word| word.starts_with(['-', '/']) && word.to_ascii_lowercase().ends_with('c'))
            });
            let kind = if !takes_text {
                Kind::StartsPrograms
            } else if is_fixed {
                Kind::Shell
            } else {
                Kind::ShellText
            };
            (kind, self.finder.text_of(node).to_owned())
        } else {
            (Kind::StartsPrograms, self.finder.text_of(node).to_owned())
        };
        self.finder.add_shown(node, kind, program, &crate::check::source::excerpt(&shown, 72));
        if let (Kind::Shell, Some(executed)) = (kind, executed) {
            self.finder.add_shell_text(node, &executed);
        }
    }
}

/// Whether a program is a shell, by its name.
pub(super) fn is_shell(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    SHELLS.contains(&name.trim_end_matches(".exe"))
}

/// Whether this call returns a module by its name.
fn takes_module(path: &str) -> bool {
    matches!(path, "__import__" | "builtins.__import__" | "importlib.import_module" | "importlib.__import__")
}

/// The first word of a command line.
pub(super) fn first_word(line: &str) -> Option<String> {
    line.split_whitespace().next().map(str::to_owned)
}

fn joined(object: &str, name: &str) -> String {
    if object == "__builtins__" || object == "builtins" { name.to_owned() } else { format!("{object}.{name}") }
}
