//! The capabilities of JavaScript and TypeScript source.

mod fold;
mod hiding;
mod names;

use super::finder::{Finder, KnownConstants, rule_for};
use super::javascript_rules::RULES;
use super::literals;
use super::python::{first_word, is_shell};
use crate::check::source::{children, excerpt, nodes};
use crate::code::javascript::scope::JavaScriptNames;
use crate::domain::CapabilityKind as Kind;
use std::collections::HashSet;
use tree_sitter::Node;

/// Modules for which a member name composed at run time hides the call.
const ABLE: &[&str] = &["child_process", "fs", "process", "vm", "http", "https", "net"];

struct JavaScriptScanner<'f, 'a, 'n> {
    finder: &'f mut Finder<'a>,
    /// The names that the file binds, and where.
    names: &'n JavaScriptNames<'n>,
    constants: KnownConstants,
    /// Functions and classes at the top level of the file; they are not globals.
    own: HashSet<&'a str>,
}

/// Collects the capabilities in a syntax tree of JavaScript or TypeScript.
pub(super) fn scan(root: Node<'_>, finder: &mut Finder<'_>) {
    let names = JavaScriptNames::of(root, finder.text);
    let constants = KnownConstants::default();
    let mut scanner = JavaScriptScanner { finder, names: &names, constants, own: HashSet::new() };
    let definitions = children(root).into_iter().map(|node| {
        if node.kind() == "export_statement" { node.child_by_field_name("declaration").unwrap_or(node) } else { node }
    });
    let definitions = definitions.filter(|node| {
        matches!(node.kind(), "function_declaration" | "class_declaration" | "generator_function_declaration")
    });
    scanner.own =
        definitions.filter_map(|node| Some(scanner.finder.text_of(node.child_by_field_name("name")?))).collect();
    // Twice, because a name may be bound to one that is bound later.
    for _ in 0..2 {
        nodes(root).for_each(|node| scanner.bind(node));
        scanner.constants.clear();
    }
    nodes(root).for_each(|node| scanner.look(node));
}

impl JavaScriptScanner<'_, '_, '_> {
    fn look(&mut self, node: Node<'_>) {
        match node.kind() {
            "call_expression" | "new_expression" => self.call(node),
            "identifier" | "shorthand_property_identifier" | "member_expression" => self.reference(node),
            "subscript_expression" => self.subscript(node),
            "string" | "template_string" => self.string(node),
            "variable_declarator" => {
                let (name, value) = (node.child_by_field_name("name"), node.child_by_field_name("value"));
                self.named_text(name, value);
                self.computed_pattern(name, value);
            }
            "with_statement" => self.with(node),
            "assignment_expression" => {
                let (left, right) = (node.child_by_field_name("left"), node.child_by_field_name("right"));
                self.named_text(left, right);
                self.computed_pattern(left, right);
                let is_off = self.finder.text_of(node).contains("NODE_TLS_REJECT_UNAUTHORIZED");
                if is_off {
                    self.finder.add(node, Kind::UnverifiedTls, None);
                }
            }
            "pair" => {
                let (key, value) = (node.child_by_field_name("key"), node.child_by_field_name("value"));
                self.named_text(key, value);
                let text = |node: Option<Node<'_>>| node.map(|node| self.finder.text_of(node)).unwrap_or_default();
                if matches!(text(key).trim_matches(['"', '\'']), "rejectUnauthorized" | "strictSSL")
                    && text(value) == "false"
                {
                    self.finder.add(node, Kind::UnverifiedTls, None);
                }
            }
            _ => {}
        }
    }

    fn named_text(&mut self, name: Option<Node<'_>>, value: Option<Node<'_>>) {
        let (Some(name), Some(value)) = (name, value.filter(|value| value.kind() == "string")) else { return };
        let text = self.whole(value, 0).unwrap_or_default();
        let name = self.finder.text_of(name).trim_matches(['"', '\'']);
        self.finder.named_literal(value, name, &text);
    }

    fn string(&mut self, node: Node<'_>) {
        if node.parent().is_some_and(|parent| matches!(parent.kind(), "expression_statement" | "import_statement")) {
            return;
        }
        let content = self.content(node);
        self.finder.literal(node, &content);
    }

    /// A name used without calling it.
    fn reference(&mut self, node: Node<'_>) {
        let Some(parent) = node.parent() else { return };
        let is_field = |name: &str| parent.child_by_field_name(name) == Some(node);
        let is_part = match parent.kind() {
            "member_expression" => true,
            "call_expression" => is_field("function"),
            "new_expression" => is_field("constructor"),
            "variable_declarator"
            | "function_declaration"
            | "class_declaration"
            | "function_expression"
            | "method_definition" => is_field("name"),
            "assignment_expression" => is_field("left"),
            "subscript_expression" => is_field("object"),
            "pair" => is_field("key"),
            // `x instanceof Function` tests; it creates nothing.
            "binary_expression" => self.operator(parent) == "instanceof",
            kind => {
                kind.contains("import")
                    || kind.contains("pattern")
                    || kind.contains("parameter")
                    || kind.contains("type")
            }
        };
        let paths = self.paths(node, 0);
        let is_environment = |path: &String| matches!(path.as_str(), "process.env" | "Deno.env" | "Bun.env");
        if paths.iter().any(is_environment) && node.kind() != "shorthand_property_identifier" {
            self.environment(node, parent);
            return;
        }
        if is_part {
            return;
        }
        if let Some(rule) = paths.iter().find_map(|path| rule_for(&[RULES], path).filter(|rule| rule.by_name)) {
            self.finder.add(node, rule.kind, None);
        }
    }

    fn environment(&mut self, node: Node<'_>, parent: Node<'_>) {
        let name = match parent.kind() {
            "member_expression" => {
                parent.child_by_field_name("property").map(|name| self.finder.text_of(name).to_owned())
            }
            "subscript_expression" => parent.child_by_field_name("index").and_then(|key| self.whole(key, 0)),
            _ => None,
        };
        let is_member = matches!(parent.kind(), "member_expression" | "subscript_expression");
        let held = if is_member { parent } else { node };
        let is_assigned = held.parent().is_some_and(|above| {
            above.kind() == "assignment_expression" && above.child_by_field_name("left") == Some(held)
        });
        if is_assigned {
            return;
        }
        // `Deno.env.get("X")`
        let call = held.parent().filter(|call| call.kind() == "call_expression");
        let name = if name.as_deref() == Some("get") {
            call.and_then(|call| argument(call, 0)).and_then(|name| self.whole(name, 0))
        } else {
            name
        };
        self.finder.add(held, Kind::ReadsEnvironment, name);
    }

    fn call(&mut self, node: Node<'_>) {
        let function = node.child_by_field_name("function").or_else(|| node.child_by_field_name("constructor"));
        let Some(function) = function else { return };
        if self.makes_function(node, function) {
            return;
        }
        for path in self.paths(function, 0) {
            let path = [".call", ".apply", ".bind"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(&path);
            if self.looks_up(node, path) || self.special(node, path) {
                return;
            }
            if let Some(rule) = rule_for(&[RULES], path) {
                self.by_rule(node, path, rule.kind);
                return;
            }
        }
    }

    fn special(&mut self, node: Node<'_>, path: &str) -> bool {
        let first = argument(node, 0);
        if takes_module(path) {
            let is_own = |text: String| text.starts_with("./") || text.starts_with("../");
            let module = first.and_then(|module| self.whole(module, 0));
            let is_computed = first.is_some() && module.is_none();
            // Such a name is composed only to hide it.
            let is_written = first.is_some_and(|module| matches!(module.kind(), "string" | "template_string"));
            let is_hidden = !is_written && module.is_some_and(|name| ABLE.contains(&module_name(&name).as_str()));
            if is_hidden || is_computed && !first.and_then(|module| self.beginning(module, 0)).is_some_and(is_own) {
                self.finder.add(node, Kind::Obfuscation, None);
            }
            return true;
        }
        match path {
            "setTimeout" | "setInterval" | "setImmediate" => {
                if first.is_some_and(|held| self.is_text(held)) {
                    self.finder.add(node, Kind::Eval, None);
                }
            }
            "fs.open" | "fs.openSync" => {
                let flags = argument(node, 1).map(|flags| self.whole(flags, 0));
                let writes = match flags {
                    Some(Some(flags)) => flags.contains(['w', 'a', '+']),
                    Some(None) => true,
                    None => false,
                };
                self.on_file(node, if writes { Kind::WritesFiles } else { Kind::ReadsFiles });
            }
            "worker_threads.Worker" => {
                if self.finder.text_of(node).contains("eval: true") {
                    self.finder.add(node, Kind::Eval, None);
                }
            }
            "Deno.env.get" | "net.isIP" | "net.isIPv4" | "net.isIPv6" => {}
            _ => return false,
        }
        true
    }

    fn by_rule(&mut self, node: Node<'_>, path: &str, kind: Kind) {
        let first = argument(node, 0);
        match kind {
            Kind::StartsPrograms | Kind::Shell => self.starts(node, path, kind),
            Kind::ReadsFiles | Kind::WritesFiles | Kind::DeletesFiles => self.on_file(node, kind),
            Kind::Network => {
                let subject = first.and_then(|subject| self.beginning(subject, 0));
                let host = subject.and_then(|text| literals::host_or_text(&text));
                self.finder.add(node, kind, host);
            }
            Kind::Eval => {
                let decodes = |node: Node<'_>| {
                    let text = self.finder.text_of(node);
                    node.kind() == "call_expression"
                        && (text.starts_with("atob(") || text.contains("'base64'") || text.contains("\"base64\""))
                };
                let named = |node: Node<'_>| {
                    let meanings = (node.kind() == "identifier").then(|| self.known(node)).flatten();
                    meanings.is_some_and(|all| {
                        all.iter().any(|path| path.starts_with("atob()") || path.starts_with("Buffer.from()"))
                    })
                };
                let arguments = node.child_by_field_name("arguments");
                let hidden =
                    arguments.is_some_and(|held| nodes(held).take(500).any(|node| decodes(node) || named(node)));
                self.finder.add(node, kind, None);
                if hidden {
                    self.finder.add(node, Kind::Obfuscation, None);
                }
            }
            _ => {
                let subject = first.and_then(|subject| self.beginning(subject, 0));
                self.finder.add(node, kind, subject);
            }
        }
    }

    fn on_file(&mut self, node: Node<'_>, kind: Kind) {
        let first = argument(node, 0);
        // Descriptors 0 to 2 are the standard streams.
        if first.is_some_and(|held| {
            matches!(self.finder.text_of(held), "0" | "1" | "2" | "process.stdin.fd" | "process.stdout.fd")
        }) {
            return;
        }
        let path = first.and_then(|path| self.beginning(path, 0));
        if path.as_deref().is_some_and(|path| matches!(path, "/dev/null" | "/dev/stdin" | "/dev/stdout")) {
            return;
        }
        let is_outside = path.as_deref().is_some_and(literals::is_outside);
        self.finder.add(node, if kind == Kind::ReadsFiles && is_outside { Kind::ReadsOutside } else { kind }, path);
    }

    fn starts(&mut self, node: Node<'_>, path: &str, kind: Kind) {
        let command = argument(node, 0);
        let text = command.and_then(|command| self.whole(command, 0));
        let beginning = command.and_then(|command| self.beginning(command, 0));
        let program = beginning.as_deref().and_then(first_word).filter(|word| !word.contains("{}"));
        let by_option = nodes(node).take(200).filter(|pair| pair.kind() == "pair").any(|pair| {
            let text: String = self.finder.text_of(pair).split_whitespace().collect();
            text.starts_with("shell:") && text != "shell:false"
        });
        let argv = argument(node, 1).filter(|argv| argv.kind() == "array").map(children).unwrap_or_default();
        let is_fixed = |node: &Node<'_>| self.whole(*node, 0).is_some();
        // What the shell executes: the whole text, or the word after `-c`.
        let by_shell = kind == Kind::Shell || by_option;
        let executed = if by_shell { text.clone() } else { argv.last().and_then(|last| self.whole(*last, 0)) };
        let kind = if by_shell {
            if text.is_some() && argv.iter().all(is_fixed) { Kind::Shell } else { Kind::ShellText }
        } else if program.as_deref().is_some_and(is_shell) && argv.len() > 1 {
            if argv.iter().all(is_fixed) { Kind::Shell } else { Kind::ShellText }
        } else {
            Kind::StartsPrograms
        };
        let name = path.strip_prefix("child_process.").unwrap_or(path);
        let shown =
            if by_option { format!("{name}(…, {{shell: true}})") } else { excerpt(self.finder.text_of(node), 72) };
        self.finder.add_shown(node, kind, program, &shown);
        if let (Kind::Shell, Some(executed)) = (kind, executed) {
            self.finder.add_shell_text(node, &executed);
        }
    }
}

fn argument(call: Node<'_>, at: usize) -> Option<Node<'_>> {
    let arguments = call.child_by_field_name("arguments")?;
    if arguments.kind() == "template_string" {
        return (at == 0).then_some(arguments);
    }
    children(arguments).get(at).copied()
}

/// Whether this call returns a module by its name.
fn takes_module(path: &str) -> bool {
    matches!(
        path,
        "require"
            | "import"
            | "module.createRequire()"
            | "module.require"
            | "process.getBuiltinModule"
            | "process.mainModule.require"
            | "require.main.require"
            | "module._load"
    )
}

/// A module by the name that the rules use.
fn module_name(module: &str) -> String {
    match module.strip_prefix("node:").unwrap_or(module) {
        "fs/promises" | "graceful-fs" => "fs".to_owned(),
        "dns/promises" => "dns".to_owned(),
        name => name.to_owned(),
    }
}

fn joined(object: &str, name: &str) -> String {
    match (object, name) {
        (_, "default") | ("fs", "promises") => object.to_owned(),
        ("globalThis" | "window" | "global" | "self", _) => name.to_owned(),
        _ => format!("{object}.{name}"),
    }
}
