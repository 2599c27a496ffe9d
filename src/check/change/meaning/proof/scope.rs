//! Names: which of them belong to a function, so that the same name elsewhere is another variable.
//!
//! A variable of a function is called `name#number` after this, with a number of its own for each function. A name of the
//! file keeps its name. Names in syntax that is not understood keep theirs too, everywhere in the file.

use super::tree::{Kind, Node, words};
use std::collections::{HashMap, HashSet};

/// Names of one file.
pub(super) struct Scopes {
    /// Scopes from the file inwards.
    open: Vec<HashMap<String, String>>,
    /// Names that stand in syntax that is not understood.
    pub(super) pinned: HashSet<String>,
    next: usize,
    has_blocks: bool,
}

impl Scopes {
    /// Gives each variable of a function its own name. `has_blocks`: a block has variables of its own. `keeps_all`: each name may
    /// be asked for as a text.
    pub(super) fn resolve(root: &mut Node, has_blocks: bool, keeps_all: bool) -> Scopes {
        let mut pinned = HashSet::new();
        root.each(&mut |node| match node.kind {
            Kind::Name | Kind::Param | Kind::Def if keeps_all => {
                pinned.insert(node.text.clone());
            }
            Kind::Opaque | Kind::Global => pinned.extend(words(&node.text).map(str::to_owned)),
            // A variable of a class is no variable of the functions in it.
            Kind::Class => pinned.extend(bound_in(&node.kids[1..], has_blocks)),
            _ => {}
        });
        // What callers write is no syntax that hides a name.
        let mut scopes = Scopes { open: vec![HashMap::new()], pinned, next: 0, has_blocks };
        scopes.visit(root);
        scopes
    }

    fn name_of(&self, name: &str) -> Option<&String> {
        self.open.iter().rev().find_map(|scope| scope.get(name))
    }

    fn fresh(&mut self, names: impl IntoIterator<Item = String>) -> HashMap<String, String> {
        self.next += 1;
        let number = self.next;
        let own = |name: &String| !self.pinned.contains(name);
        names
            .into_iter()
            .map(|name| (name.clone(), if own(&name) { format!("{name}#{number}") } else { name }))
            .collect()
    }

    fn inside(&mut self, names: Vec<String>, visit: impl FnOnce(&mut Self)) {
        let scope = self.fresh(names);
        self.open.push(scope);
        visit(self);
        self.open.pop();
    }

    fn visit(&mut self, node: &mut Node) {
        match node.kind {
            Kind::Name => {
                if let Some(name) = self.name_of(&node.text) {
                    node.text.clone_from(name);
                }
            }
            Kind::Def => {
                let is_method = node.kids[2].text.contains("method");
                if let Some(name) = self.name_of(&node.text).filter(|_| !is_method) {
                    node.text.clone_from(name);
                }
                self.visit(&mut node.kids[2]);
                let (head, rest) = node.kids.split_at_mut(1);
                self.function(&mut head[0], &mut rest[0]);
            }
            Kind::Lambda => {
                let (head, rest) = node.kids.split_at_mut(1);
                self.function(&mut head[0], &mut rest[0]);
            }
            Kind::Each => {
                let bound =
                    node.kids[1..].iter().filter(|kid| kid.is(Kind::Round)).flat_map(|kid| targets(&kid.kids[0]));
                let bound: Vec<String> = bound.collect();
                // What is gone through first belongs to the scope around.
                self.visit(&mut node.kids[1].kids[1]);
                let first = node.kids[1].kids[1].take();
                self.inside(bound, |scopes| node.kids.iter_mut().for_each(|kid| scopes.visit(kid)));
                node.kids[1].kids[1] = first;
            }
            Kind::Class => {
                if let Some(name) = self.name_of(&node.text) {
                    node.text.clone_from(name);
                }
                node.kids.iter_mut().for_each(|kid| self.visit(kid));
            }
            Kind::Block if self.has_blocks => {
                let bound = declared(&node.kids);
                let is_outermost = self.open.len() == 1 && self.next == 0;
                if is_outermost {
                    self.next += 1;
                    node.kids.iter_mut().for_each(|kid| self.visit(kid));
                } else {
                    self.inside(bound, |scopes| node.kids.iter_mut().for_each(|kid| scopes.visit(kid)));
                }
            }
            Kind::For if self.has_blocks => {
                self.visit(&mut node.kids[1]);
                let bound = if node.text.contains("let") { targets(&node.kids[0]) } else { Vec::new() };
                self.inside(bound, |scopes| {
                    scopes.visit(&mut node.kids[0]);
                    scopes.visit(&mut node.kids[2]);
                });
            }
            Kind::Loop => {
                let bound = declared(&node.kids[0].kids);
                self.inside(bound, |scopes| {
                    let (first, rest) = node.kids.split_at_mut(1);
                    first[0].kids.iter_mut().for_each(|kid| scopes.visit(kid));
                    for kid in rest {
                        scopes.visit(kid);
                    }
                });
            }
            Kind::Handler if self.has_blocks => {
                let bound = targets(&node.kids[1]);
                self.inside(bound, |scopes| node.kids.iter_mut().for_each(|kid| scopes.visit(kid)));
            }
            _ => node.kids.iter_mut().for_each(|kid| self.visit(kid)),
        }
    }

    fn function(&mut self, params: &mut Node, body: &mut Node) {
        // Defaults belong to the scope around, except for what they name of other parameters.
        for param in &mut params.kids {
            if param.is(Kind::Param) && !self.has_blocks {
                self.visit(&mut param.kids[0]);
            }
        }
        let mut bound: Vec<String> = params.kids.iter().flat_map(parameter_names).collect();
        if self.has_blocks {
            bound.extend(hoisted(body));
        } else {
            let inner = std::slice::from_ref(body);
            bound.extend(bound_in(inner, false));
        }
        let has_blocks = self.has_blocks;
        self.inside(bound, |scopes| {
            for param in &mut params.kids {
                if param.is(Kind::Param) {
                    if let Some(name) = scopes.name_of(&param.text) {
                        param.text.clone_from(name);
                    }
                    if has_blocks {
                        scopes.visit(&mut param.kids[0]);
                    }
                } else {
                    scopes.visit(param);
                }
            }
            scopes.visit(body);
        });
    }
}

fn parameter_names(param: &Node) -> Vec<String> {
    if param.is(Kind::Param) { vec![param.text.clone()] } else { targets(param) }
}

/// The names that a target gives a value.
pub(super) fn targets(target: &Node) -> Vec<String> {
    match target.kind {
        Kind::Name => vec![target.text.clone()],
        // Of a pattern of an object, the names are in its pairs.
        Kind::Tuple | Kind::List | Kind::Spread | Kind::Dict => target.kids.iter().flat_map(targets).collect(),
        Kind::Pair => target.kids[1..].iter().flat_map(targets).collect(),
        Kind::Raw if target.text == "default" => target.kids[..1].iter().flat_map(targets).collect(),
        _ => Vec::new(),
    }
}

/// The names that a block of JavaScript declares.
fn declared(kids: &[Node]) -> Vec<String> {
    let names = kids.iter().flat_map(|kid| match kid.kind {
        Kind::Assign if kid.text.ends_with("let") => targets(&kid.kids[0]),
        Kind::Def if !kid.kids[2].text.contains("method") => vec![kid.text.clone()],
        Kind::Class => vec![kid.text.clone()],
        Kind::Raw if kid.text == "declare" => kid.kids.iter().flat_map(targets).collect(),
        _ => Vec::new(),
    });
    names.collect()
}

/// The names that `var` declares anywhere in a function.
fn hoisted(node: &Node) -> Vec<String> {
    match node.kind {
        Kind::Def | Kind::Lambda | Kind::Class => Vec::new(),
        Kind::Assign if node.text == "var" => targets(&node.kids[0]),
        Kind::Raw if node.text == "declare var" => node.kids.iter().flat_map(targets).collect(),
        Kind::For if node.text.contains("var") => {
            targets(&node.kids[0]).into_iter().chain(node.kids.iter().flat_map(hoisted)).collect()
        }
        _ => node.kids.iter().flat_map(hoisted).collect(),
    }
}

/// The names that these statements of Python bind in their own scope.
fn bound_in(nodes: &[Node], has_blocks: bool) -> Vec<String> {
    let mut names = Vec::new();
    if !has_blocks {
        for node in nodes {
            bind(node, &mut names);
        }
    }
    names
}

fn bind(node: &Node, names: &mut Vec<String>) {
    match node.kind {
        Kind::Def | Kind::Class => {
            if !node.kids.get(2).is_some_and(|marks| marks.text.contains("method")) {
                names.push(node.text.clone());
            }
            return;
        }
        Kind::Lambda => return,
        Kind::Each => {
            // Its targets are its own; `:=` in it is not.
            for kid in &node.kids {
                let inner = if kid.is(Kind::Round) { &kid.kids[1..] } else { std::slice::from_ref(kid) };
                for inner in inner {
                    bind(inner, names);
                }
            }
            return;
        }
        Kind::Assign | Kind::Aug | Kind::For | Kind::Round => names.extend(targets(&node.kids[0])),
        Kind::Handler => names.extend(targets(&node.kids[1])),
        Kind::With => names.extend(node.kids[1..].chunks(2).filter_map(|item| item.get(1)).flat_map(targets)),
        Kind::Raw if node.text == "walrus" || node.text == "delete_statement" => names.extend(targets(&node.kids[0])),
        Kind::Raw if node.text == "import" => names.extend(node.kids.iter().flat_map(targets)),
        _ => {}
    }
    node.kids.iter().for_each(|kid| bind(kid, names));
}
