//! What computing a value or running a statement does: whether it may be computed elsewhere, or not at all.

use super::scope::targets;
use super::tree::{Kind, Node, is_local, plain};
use super::values::{Known, Type, is_builtin, iterates_safely};
use std::collections::HashSet;

/// What something does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Acts {
    /// Nothing.
    No,
    /// It writes to the user or leaves the place where it stands: values of the program stay as they are.
    Output,
    /// Anything.
    Any,
}

/// Whether something can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Raises {
    No,
    /// Where an attribute does not exist.
    Soft,
    Hard,
}

/// What something does.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    pub(super) acts: Acts,
    pub(super) raises: Raises,
    /// Whether it looks into values that something else can change.
    pub(super) state: bool,
    /// Whether its value is a new object each time.
    pub(super) fresh: bool,
    pub(super) reads: HashSet<String>,
    pub(super) writes: HashSet<String>,
}

impl Effect {
    pub(super) fn none() -> Effect {
        Effect {
            acts: Acts::No,
            raises: Raises::No,
            state: false,
            fresh: false,
            reads: HashSet::new(),
            writes: HashSet::new(),
        }
    }

    pub(super) fn and(&mut self, other: Effect) {
        self.acts = self.acts.max(other.acts);
        self.raises = self.raises.max(other.raises);
        self.state |= other.state;
        self.reads.extend(other.reads);
        self.writes.extend(other.writes);
    }

    fn at_least(mut self, acts: Acts, raises: Raises, state: bool) -> Effect {
        self.acts = self.acts.max(acts);
        self.raises = self.raises.max(raises);
        self.state |= state;
        self
    }

    /// Whether computing it or not makes no difference.
    pub(super) fn is_quiet(&self) -> bool {
        self.acts == Acts::No && self.raises == Raises::No && self.writes.is_empty()
    }

    /// Whether its value is the same wherever it is computed, as long as its names keep their values.
    pub(super) fn is_stable(&self) -> bool {
        self.is_quiet() && !self.state && !self.fresh
    }

    /// Whether this value may be computed after `other` instead of before it.
    pub(super) fn passes(&self, other: &Effect) -> bool {
        if !self.writes.is_empty() || self.reads.iter().any(|name| other.writes.contains(name)) {
            return false;
        }
        match other.acts {
            Acts::Any => self.is_quiet() && !self.state,
            Acts::Output => self.is_quiet(),
            Acts::No if self.acts == Acts::No => self.raises != Raises::Hard || other.raises != Raises::Hard,
            Acts::No => other.is_quiet() && !other.state,
        }
    }
}

/// What all parts do together.
pub(super) fn of_all<'n>(nodes: impl IntoIterator<Item = &'n Node>, known: &Known) -> Effect {
    let mut effect = Effect::none();
    for node in nodes {
        effect.and(of(node, known));
    }
    effect
}

/// What a value or a statement does.
pub(super) fn of(node: &Node, known: &Known) -> Effect {
    let parts = || of_all(&node.kids, known);
    match node.kind {
        Kind::Empty | Kind::Num | Kind::Str | Kind::Word | Kind::Params => Effect::none(),
        Kind::Name => of_name(node, known),
        Kind::Not
        | Kind::And
        | Kind::Or
        | Kind::Nullish
        | Kind::Cond
        | Kind::Tuple
        | Kind::Pair
        | Kind::Kw
        | Kind::Block
        | Kind::Text
        | Kind::Filter => parts(),
        Kind::Hole if node.text.is_empty() || node.text == "!s" || node.text == "!r" => {
            let is_plain = known.type_of(&node.kids[0]).is_some();
            parts().at_least(Acts::No, if known.is_script && !is_plain { Raises::Hard } else { Raises::No }, !is_plain)
        }
        Kind::Hole | Kind::Item => parts().at_least(Acts::No, Raises::Hard, true),
        Kind::Member if node.kids[0].is(Kind::Name) && node.kids[0].text.starts_with('@') => {
            parts().at_least(Acts::No, Raises::No, true)
        }
        Kind::Member => parts().at_least(Acts::No, Raises::Soft, true),
        Kind::Compare => of_comparison(node, known),
        Kind::Unary | Kind::Binary => {
            let is_number = |kid: &Node| known.type_of(kid) == Some(Type::Int);
            let is_sure = matches!(node.text.as_str(), "+" | "-" | "*" | "!") && node.kids.iter().all(is_number);
            let is_typeof = node.text == "typeof" || node.text == "void";
            let raises = if is_sure || is_typeof { Raises::No } else { Raises::Hard };
            let acts = if node.text == "delete" { Acts::Any } else { Acts::No };
            parts().at_least(acts, raises, !is_sure)
        }
        Kind::List => Effect { fresh: true, ..parts() },
        Kind::Set | Kind::Dict => {
            let is_plain = |kid: &Node| {
                let key = if kid.is(Kind::Pair) { &kid.kids[0] } else { kid };
                known.is_script || matches!(key.kind, Kind::Num | Kind::Str | Kind::Word) || is_text(key)
            };
            let raises = if node.kids.iter().all(is_plain) { Raises::No } else { Raises::Hard };
            Effect { fresh: true, ..parts().at_least(Acts::No, raises, false) }
        }
        Kind::Spread => parts().at_least(Acts::Any, Raises::Hard, true),
        Kind::Each => {
            let is_lazy = node.text == "gen";
            let rounds = node.kids[1..].iter().filter(|kid| kid.is(Kind::Round));
            let is_safe = rounds.into_iter().all(|round| iterates_safely(&round.kids[1], known));
            let mut effect = of_all(&node.kids, known);
            let own: Vec<String> =
                node.kids[1..].iter().filter(|kid| kid.is(Kind::Round)).flat_map(|kid| targets(&kid.kids[0])).collect();
            effect.writes.retain(|name| !own.contains(name));
            let acts = if is_lazy || !is_safe { Acts::Any } else { Acts::No };
            Effect { fresh: true, ..effect.at_least(acts, Raises::Hard, true) }
        }
        Kind::Round => {
            let mut effect = parts();
            effect.writes.extend(targets(&node.kids[0]));
            effect.at_least(Acts::No, Raises::Hard, true)
        }
        Kind::Lambda => {
            let mut effect = Effect { fresh: true, state: true, ..Effect::none() };
            node.each(&mut |inner| {
                if inner.is(Kind::Name) {
                    effect.reads.insert(inner.text.clone());
                }
            });
            effect
        }
        Kind::Call => of_call(node, known),
        _ => of_statement(node, known),
    }
}

fn of_statement(node: &Node, known: &Known) -> Effect {
    let parts = || of_all(&node.kids, known);
    match node.kind {
        Kind::Do | Kind::If => parts(),
        Kind::Assign | Kind::Aug => {
            let mut effect = of(&node.kids[1], known);
            let names = targets(&node.kids[0]);
            let is_plain = node.kids[0].is(Kind::Name);
            if node.is(Kind::Aug) {
                effect = effect.at_least(Acts::No, Raises::Hard, true);
                effect.reads.extend(names.iter().cloned());
            }
            // Of a file everybody sees the variables; so does whoever holds on to a variable of a function.
            let is_seen = names.iter().any(|name| !is_local(name) || known.captured.contains(name));
            if is_seen || !is_plain {
                effect = effect.at_least(Acts::Any, Raises::Hard, true);
            }
            effect.and(of(&node.kids[0], known));
            effect.writes.extend(names);
            effect
        }
        Kind::Return | Kind::Break | Kind::Continue | Kind::Raise => {
            parts().at_least(Acts::Output, Raises::Hard, false)
        }
        Kind::For if node.text.is_empty() && !known.is_script => {
            let acts = if iterates_safely(&node.kids[1], known) { Acts::Output } else { Acts::Any };
            let mut effect = parts().at_least(acts, Raises::Hard, true);
            effect.writes.extend(targets(&node.kids[0]));
            effect
        }
        Kind::Raw if node.text.starts_with("slice") => parts(),
        _ => {
            let mut effect = parts().at_least(Acts::Any, Raises::Hard, true);
            node.each(&mut |inner| {
                effect.writes.extend(targets(inner));
            });
            effect
        }
    }
}

fn of_name(node: &Node, known: &Known) -> Effect {
    let mut effect = Effect::none();
    effect.state = !known.is_steady(&node.text);
    effect.reads.insert(node.text.clone());
    effect
}

fn of_comparison(node: &Node, known: &Known) -> Effect {
    let parts = of_all(&node.kids, known);
    let same = |of: Type| node.kids.iter().all(|kid| known.type_of(kid) == Some(of));
    let is_plain = known.is_script || same(Type::Int) || same(Type::Str);
    match node.text.as_str() {
        "is" | "is not" | "===" | "!==" => parts,
        "==" | "!=" => parts.at_least(Acts::No, Raises::No, !is_plain),
        _ if is_plain && node.text.starts_with(['<', '>']) => parts,
        _ => parts.at_least(Acts::No, Raises::Hard, true),
    }
}

fn is_text(node: &Node) -> bool {
    node.is(Kind::Text) && node.kids.iter().all(|kid| kid.is(Kind::Str))
}

/// Functions that look at their arguments and do nothing else.
const LOOKING: &[&str] = &[
    "len",
    "str",
    "repr",
    "int",
    "float",
    "bool",
    "isinstance",
    "abs",
    "round",
    "ord",
    "chr",
    "type",
    "id",
    "callable",
    "hasattr",
    "hex",
    "range",
];

/// Functions that go through their arguments.
const GOING_THROUGH: &[&str] =
    &["sorted", "list", "tuple", "set", "frozenset", "dict", "sum", "min", "max", "any", "all", "enumerate", "zip"];

/// Methods of texts: no other sort of object has methods of these names that do something.
const OF_TEXTS: &[&str] = &[
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "startswith",
    "endswith",
    "splitlines",
    "isdigit",
    "isalpha",
    "casefold",
    "title",
    "capitalize",
    "removeprefix",
    "removesuffix",
    "toLowerCase",
    "toUpperCase",
    "startsWith",
    "endsWith",
    "charCodeAt",
    "charAt",
    "padStart",
    "padEnd",
    "trimStart",
    "trimEnd",
];

/// Methods that only look, where the sort of the object is known.
const OF_KNOWN: &[&str] = &[
    "get",
    "items",
    "keys",
    "values",
    "copy",
    "split",
    "replace",
    "join",
    "find",
    "count",
    "index",
    "rsplit",
    "partition",
    "rpartition",
    "format",
    "zfill",
    "ljust",
    "rjust",
    "trim",
    "includes",
    "slice",
    "indexOf",
    "concat",
];

/// Functions of `os.path` that only look at the text of a path.
const OF_PATHS: &[&str] = &["join", "basename", "dirname", "splitext", "normpath", "split", "isabs", "commonprefix"];

fn of_call(node: &Node, known: &Known) -> Effect {
    let args = of_all(&node.kids[1..], known);
    let target = &node.kids[0];
    match target.kind {
        Kind::Name if !known.is_script && is_builtin(target, known) => {
            let name = plain(&target.text);
            if LOOKING.contains(&name) {
                let is_sure = match (name, node.kids.get(1).and_then(|arg| known.type_of(arg))) {
                    ("len", Some(of)) => of != Type::Int && of != Type::Bool,
                    ("str" | "bool", of) => of.is_some(),
                    ("isinstance" | "type" | "id" | "callable" | "repr", _) => true,
                    _ => false,
                };
                let raises = if is_sure { Raises::No } else { Raises::Hard };
                return Effect { fresh: false, ..args.at_least(Acts::No, raises, true) };
            }
            if GOING_THROUGH.contains(&name) {
                let plain_args = node.kids[1..].iter().filter(|arg| !arg.is(Kind::Kw));
                let named = node.kids[1..]
                    .iter()
                    .any(|arg| arg.is(Kind::Kw) && !matches!(arg.text.as_str(), "reverse" | "start"));
                let is_safe = !named && plain_args.clone().all(|arg| iterates_safely(arg, known) || arg.is(Kind::Num));
                if is_safe {
                    // A generator that is gone through at once is no effect of its own.
                    let mut effect = Effect::none();
                    for arg in &node.kids[1..] {
                        let inner = if arg.is(Kind::Each) {
                            Node { text: "list".to_owned(), ..arg.clone() }
                        } else {
                            arg.clone()
                        };
                        effect.and(of(&inner, known));
                    }
                    return Effect { fresh: true, ..effect.at_least(Acts::No, Raises::Hard, true) };
                }
            }
            let acts = if name == "print" { Acts::Output } else { Acts::Any };
            args.at_least(acts, Raises::Hard, true)
        }
        Kind::Member => {
            let name = target.text.as_str();
            let object = of(&target.kids[0], known);
            let of_object = known.type_of(&target.kids[0]);
            let mut effect = object;
            effect.and(args);
            let is_pure = target.kids[0].is_name("@math")
                || target.kids[0] == Node::new(Kind::Member, "path", vec![Node::name("@os")])
                    && OF_PATHS.contains(&name);
            if is_pure {
                return effect.at_least(Acts::No, Raises::Hard, true);
            }
            let is_console =
                target.kids[0].is_name("console") && known.is_script && !known.bound.contains_key("console");
            if OF_TEXTS.contains(&name)
                || of_object.is_some() && OF_KNOWN.contains(&name) && Known::has_plain_args(node)
            {
                let is_sure = of_object == Some(Type::Str) && node.kids.len() == 1;
                return effect.at_least(Acts::No, if is_sure { Raises::No } else { Raises::Hard }, true);
            }
            effect.at_least(if is_console { Acts::Output } else { Acts::Any }, Raises::Hard, true)
        }
        _ => args.at_least(Acts::Any, Raises::Hard, true),
    }
}
