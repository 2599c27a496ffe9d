//! The shared part of the scanners of all languages: names and their meanings, fixed texts, and findings.

use super::literals::{self, Opaque};
use crate::check::source::{self, Language};
use crate::domain::{Capability, CapabilityKind, Redactor};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use tree_sitter::Node;

/// The depth to which an expression is followed; real code is not deeper.
pub(super) const MAX_DEPTH: usize = 24;

/// The most meanings of one name that are distinguished.
const MAX_MEANINGS: usize = 6;

/// How many bindings of one name are compared; a name with more is not a constant.
const MAX_BINDINGS: usize = 64;

/// The most capabilities reported for one file.
const MAX_FOUND: usize = 2_000;

/// The longest code excerpt in a finding, in characters.
const MAX_EXCERPT: usize = 72;

/// A rule: the capability of a dotted name. One `*` in the name matches anything.
pub(super) struct CapabilityRule {
    pub(super) name: &'static str,
    pub(super) kind: CapabilityKind,
    /// Whether the name alone counts, or only a call of it.
    pub(super) by_name: bool,
}

/// The rule of a table that matches this name; an exact one takes precedence over one with a `*`.
pub(super) fn rule_for(tables: &[&'static [CapabilityRule]], name: &str) -> Option<&'static CapabilityRule> {
    let all = || tables.iter().copied().flatten();
    all().find(|rule| rule.name == name).or_else(|| all().find(|rule| is_like(rule.name, name)))
}

fn is_like(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return false };
    name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
}

fn add_meanings(meanings: &mut Vec<String>, new: impl IntoIterator<Item = String>) {
    for meaning in new {
        if meanings.len() < MAX_MEANINGS && meaning.len() < 200 && !meanings.contains(&meaning) {
            meanings.push(meaning);
        }
    }
}

/// The fixed texts of names in scopes, as far as they were requested.
#[derive(Default)]
pub(super) struct KnownConstants(RefCell<HashMap<(usize, String), Option<String>>>);

impl KnownConstants {
    /// The text of a name in a scope, if all its bindings have this text. `value` computes the text of one of its
    /// bindings, and may query other names. A name that is defined by itself has none.
    pub(super) fn text(
        &self,
        scope: usize,
        name: &str,
        bindings: &[Node<'_>],
        value: impl Fn(Node<'_>) -> Option<String>,
    ) -> Option<String> {
        let key = (scope, name.to_owned());
        if let Some(known) = self.0.borrow().get(&key) {
            return known.clone();
        }
        self.0.borrow_mut().insert(key.clone(), None);
        let (first, rest) = bindings.split_first().filter(|_| bindings.len() <= MAX_BINDINGS).unzip();
        let found = first.and_then(|first| value(*first));
        let is_same = |by: &Node<'_>| value(*by) == found;
        let found = found.clone().filter(|_| rest.is_some_and(|rest| rest.iter().all(is_same)));
        match &found {
            Some(_) => self.0.borrow_mut().insert(key, found.clone()),
            // It may have been requested in a computation that exceeded the limit.
            None => self.0.borrow_mut().remove(&key),
        };
        found
    }

    /// Clears the cache, because more is known about the names now.
    pub(super) fn clear(&mut self) {
        self.0.get_mut().clear();
    }
}

/// Collects the capabilities of one file.
pub(super) struct Finder<'a> {
    pub(super) text: &'a str,
    /// The meanings of a name: dotted names of modules and their members.
    names: HashMap<String, Vec<String>>,
    /// The same for the names of one scope.
    scoped: HashMap<(usize, String), Vec<String>>,
    /// Names that are bound only to one fixed text.
    constants: HashMap<String, Option<String>>,
    redactor: Option<Redactor>,
    found: Vec<Capability>,
    seen: HashSet<(CapabilityKind, u64, Option<String>)>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(text: &'a str) -> Finder<'a> {
        let redactor = Redactor::new([]);
        // Nearly all files contain no secret: then their pieces are not checked again.
        let redactor = (!redactor.counted(text).1.is_empty()).then_some(redactor);
        Finder {
            text,
            names: HashMap::new(),
            scoped: HashMap::new(),
            constants: HashMap::new(),
            redactor,
            found: Vec::new(),
            seen: HashSet::new(),
        }
    }

    pub(super) fn text_of(&self, node: Node<'_>) -> &'a str {
        source::text(node, self.text)
    }

    /// Adds a meaning of a name.
    pub(super) fn name(&mut self, name: &str, meaning: impl IntoIterator<Item = String>) {
        add_meanings(self.names.entry(name.to_owned()).or_default(), meaning);
    }

    /// The same for a name in a known scope.
    pub(super) fn name_in(&mut self, scope: Option<usize>, name: &str, meaning: impl IntoIterator<Item = String>) {
        let meaning: Vec<String> = meaning.into_iter().collect();
        if let Some(scope) = scope {
            add_meanings(self.scoped.entry((scope, name.to_owned())).or_default(), meaning.iter().cloned());
        }
        self.name(name, meaning);
    }

    /// The possible meanings of a name in a scope: first those of the scope, then all meanings of the name anywhere in
    /// the file. A scope never removes a meaning: one binding that is not understood (a parameter, a loop, a `with`)
    /// can give the name a value from elsewhere, and a check must rather report too much than miss something.
    pub(super) fn meanings_in(&self, scope: Option<usize>, name: &str) -> Option<Vec<String>> {
        let own = scope.and_then(|scope| self.scoped.get(&(scope, name.to_owned()))).map_or(&[][..], Vec::as_slice);
        let others = self.meanings(name).unwrap_or_default().iter().filter(|meaning| !own.contains(meaning));
        Some(own.iter().chain(others).cloned().collect()).filter(|all: &Vec<String>| !all.is_empty())
    }

    pub(super) fn meanings(&self, name: &str) -> Option<&[String]> {
        self.names.get(name).map(Vec::as_slice).filter(|meanings| !meanings.is_empty())
    }

    /// Records that a name is bound to a text, or to something else.
    pub(super) fn bind(&mut self, name: &str, value: Option<String>) {
        self.constants
            .entry(name.to_owned())
            .and_modify(|known| {
                if *known != value {
                    *known = None;
                }
            })
            .or_insert(value);
    }

    pub(super) fn constant(&self, name: &str) -> Option<&str> {
        self.constants.get(name)?.as_deref()
    }

    /// Adds a capability of a node, with its code as the excerpt.
    pub(super) fn add(&mut self, node: Node<'_>, kind: CapabilityKind, argument: Option<String>) {
        let code = source::excerpt(self.text_of(node), MAX_EXCERPT);
        self.add_shown(node, kind, argument, &code);
    }

    /// Adds a capability of a node, with these words as the excerpt.
    pub(super) fn add_shown(&mut self, node: Node<'_>, kind: CapabilityKind, argument: Option<String>, code: &str) {
        let line = source::line(node);
        let argument = argument.map(|text| source::excerpt(&self.masked(&text), 200)).filter(|text| !text.is_empty());
        if self.found.len() >= MAX_FOUND || !self.seen.insert((kind, line, argument.clone())) {
            return;
        }
        let start = node.start_position().column;
        let end = if node.end_position().row == node.start_position().row {
            node.end_position().column
        } else {
            let rest = self.text.get(node.start_byte()..).unwrap_or_default();
            start + rest.lines().next().map_or(0, str::len)
        };
        let words = format!("{}: {}", kind.phrase(), self.masked(code));
        self.found.push(Capability { kind, line, columns: start..end, words, argument });
    }

    /// Adds what a fixed text does that a shell executes, at the node that starts the shell. The start itself is added
    /// there.
    pub(super) fn add_shell_text(&mut self, node: Node<'_>, text: &str) {
        let is_start = |kind| matches!(kind, CapabilityKind::StartsPrograms | CapabilityKind::Shell);
        for inner in super::scan("", Language::Bash, text).into_iter().filter(|inner| !is_start(inner.kind)) {
            let code = inner.words.split_once(": ").map_or(inner.words.as_str(), |(_, code)| code);
            self.add_shown(node, inner.kind, inner.argument, code);
        }
    }

    /// Checks whether a fixed text looks like a key, an address, or opaque data.
    pub(super) fn literal(&mut self, node: Node<'_>, value: &str) {
        if let Some(masked) = self.redactor.as_ref().and_then(|redactor| literals::masked(redactor, value)) {
            let shown = source::excerpt(&masked, MAX_EXCERPT);
            self.add_shown(node, CapabilityKind::HardCodedSecret, None, &shown);
            return;
        }
        for host in literals::hosts(value) {
            self.add_shown(node, CapabilityKind::Address, Some(host.clone()), &host);
        }
        match literals::opaque(self.text_of(node), value) {
            Some(Opaque::Long) => {
                let shown = format!("{} ({} characters)", source::excerpt(value, 24), value.chars().count());
                self.add_shown(node, CapabilityKind::OpaqueLiteral, None, &shown);
            }
            Some(Opaque::Escaped) => {
                let shown = format!("a string written with escapes, {}", source::excerpt(self.text_of(node), 40));
                self.add_shown(node, CapabilityKind::Obfuscation, None, &shown);
            }
            None => {}
        }
    }

    /// Checks a text that is assigned to a name, as in `password = "…"`.
    pub(super) fn named_literal(&mut self, node: Node<'_>, name: &str, value: &str) {
        if literals::is_secret_name(name) && literals::is_secret_value(value) {
            self.add_shown(node, CapabilityKind::HardCodedSecret, Some(name.to_owned()), &format!("{name} = \"…\""));
        }
    }

    /// All findings, in the order of the text.
    pub(super) fn finish(mut self) -> Vec<Capability> {
        self.found.sort_by_key(|a| (a.line, a.columns.start, a.kind));
        self.found
    }

    fn masked(&self, text: &str) -> String {
        match &self.redactor {
            Some(redactor) => redactor.text(text),
            None => text.to_owned(),
        }
    }
}
