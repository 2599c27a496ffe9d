//! What is certain of the values of a file: their types, and which names keep their value.

use super::scope::targets;
use super::tree::{Kind, Node, is_local, plain};
use std::collections::{HashMap, HashSet};

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Int,
    Bool,
    Str,
    List,
    Dict,
    Set,
    /// A part of a list or a text.
    Sized,
}

/// What is certain of the names of a file.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Whether it is JavaScript or TypeScript.
    pub(super) is_script: bool,
    /// Whether it is a shell script: an exit status may count wherever a statement ends.
    pub(super) is_shell: bool,
    /// Whether no class of the file says how its objects are written in a text.
    pub(super) writes_plainly: bool,
    types: HashMap<String, Type>,
    /// How often each name is given a value or defined.
    pub(super) bound: HashMap<String, usize>,
    /// How often each name stands in the file.
    pub(super) mentions: HashMap<String, usize>,
    /// Variables of functions that a function inside uses, too.
    pub(super) captured: HashSet<String>,
    /// Names in what is not understood.
    pub(super) pinned: HashSet<String>,
}

impl Known {
    pub(super) fn of(root: &Node, pinned: &HashSet<String>, is_script: bool) -> Known {
        let mut known = Known { is_script, pinned: pinned.clone(), ..Known::default() };
        root.each(&mut |node| {
            for name in binds(node) {
                *known.bound.entry(name).or_default() += 1;
            }
            if node.is(Kind::Name) {
                *known.mentions.entry(node.text.clone()).or_default() += 1;
            }
        });
        captures(root, 0, &mut HashMap::new(), &mut known.captured);
        for _ in 0..3 {
            let mut found: HashMap<String, Option<Type>> = HashMap::new();
            root.each(&mut |node| {
                if node.is(Kind::Assign) && node.kids[0].is(Kind::Name) {
                    let value = &node.kids[1];
                    // `n = n + 1` keeps the type that `n` has otherwise.
                    let is_next = value.is(Kind::Binary)
                        && (value.text == "+" || is_number_sign(value, &known))
                        && value.kids[0] == node.kids[0];
                    let of = known.type_of(if is_next { &value.kids[1] } else { value });
                    let kept = found.entry(node.kids[0].text.clone()).or_insert(of);
                    *kept = kept.filter(|kept| Some(*kept) == of);
                } else if node.is(Kind::Aug) && node.kids[0].is(Kind::Name) {
                    let of = known.type_of(&node.kids[1]);
                    let is_same = matches!(node.text.as_str(), "+" | "-" | "*") && of == Some(Type::Int)
                        || node.text == "+" && of == Some(Type::Str);
                    let kept = found.entry(node.kids[0].text.clone()).or_insert(of);
                    *kept = kept.filter(|kept| is_same && Some(*kept) == of);
                } else {
                    for name in binds(node) {
                        found.insert(name, None);
                    }
                }
            });
            // A name that is bound otherwise, too, is of no certain type, whatever comes last.
            let mut others: HashMap<String, usize> = HashMap::new();
            root.each(&mut |node| {
                if matches!(node.kind, Kind::Assign | Kind::Aug) && node.kids[0].is(Kind::Name) {
                    *others.entry(node.kids[0].text.clone()).or_default() += 1;
                }
            });
            known.types = found
                .into_iter()
                .filter(|(name, _)| others.get(name) == known.bound.get(name) && !known.pinned.contains(plain(name)))
                .filter(|(name, _)| is_local(name) || others.get(name) == Some(&1))
                .filter_map(|(name, of)| Some((name, of?)))
                .collect();
        }
        known
    }

    /// Whether nothing can change the value of this name while something else is computed.
    pub(super) fn is_steady(&self, name: &str) -> bool {
        let bound = self.bound.get(name).copied().unwrap_or(0);
        if self.pinned.contains(plain(name)) {
            return false;
        }
        if is_local(name) { bound <= 1 || !self.captured.contains(name) } else { bound <= 1 }
    }

    /// Whether no argument is a function or spread.
    pub(super) fn has_plain_args(call: &Node) -> bool {
        call.kids[1..]
            .iter()
            .all(|arg| !(matches!(arg.kind, Kind::Lambda | Kind::Spread) || arg.is(Kind::Name) && !is_local(&arg.text)))
    }

    pub(super) fn type_of(&self, node: &Node) -> Option<Type> {
        match node.kind {
            Kind::Name => self.types.get(&node.text).copied(),
            Kind::Num if node.text.chars().all(|c| c.is_ascii_digit() || c == '-') => Some(Type::Int),
            Kind::Str | Kind::Text => Some(Type::Str),
            Kind::Word if matches!(node.text.as_str(), "True" | "False" | "true" | "false") => Some(Type::Bool),
            Kind::Not => Some(Type::Bool),
            Kind::Compare if self.is_script || matches!(node.text.as_str(), "in" | "not in" | "is" | "is not") => {
                Some(Type::Bool)
            }
            Kind::Item if !self.is_script && node.kids.len() == 2 && node.kids[1].text.starts_with("slice") => {
                Some(Type::Sized)
            }
            Kind::List => Some(Type::List),
            Kind::Dict => Some(Type::Dict),
            Kind::Set => Some(Type::Set),
            Kind::Each => match node.text.as_str() {
                "list" => Some(Type::List),
                "dict" => Some(Type::Dict),
                "set" => Some(Type::Set),
                _ => None,
            },
            Kind::Binary => {
                let (left, right) = (self.type_of(&node.kids[0]), self.type_of(&node.kids[1]));
                match node.text.as_str() {
                    "+" | "-" | "*" if left == Some(Type::Int) && right == Some(Type::Int) => Some(Type::Int),
                    "//" | "%" if !self.is_script && left == Some(Type::Int) && right == Some(Type::Int) => {
                        Some(Type::Int)
                    }
                    "+" if left == Some(Type::Str) && (right == Some(Type::Str) || self.is_script) => Some(Type::Str),
                    "+" if right == Some(Type::Str) && self.is_script => Some(Type::Str),
                    "%" if left == Some(Type::Str) => Some(Type::Str),
                    _ => None,
                }
            }
            Kind::Cond => self.type_of(&node.kids[1]).filter(|of| Some(*of) == self.type_of(&node.kids[2])),
            Kind::Call => self.type_of_call(node),
            _ => None,
        }
    }

    fn type_of_call(&self, node: &Node) -> Option<Type> {
        let target = &node.kids[0];
        if target.is(Kind::Name) && !self.is_script && is_builtin(target, self) {
            return match target.text.as_str() {
                "len" | "int" | "ord" => Some(Type::Int),
                "str" | "repr" | "chr" | "input" | "hex" => Some(Type::Str),
                "list" | "sorted" => Some(Type::List),
                "set" => Some(Type::Set),
                "dict" => Some(Type::Dict),
                "isinstance" | "bool" | "callable" | "any" | "all" | "hasattr" => Some(Type::Bool),
                _ => None,
            };
        }
        if !target.is(Kind::Member) || self.type_of(&target.kids[0]) != Some(Type::Str) {
            return None;
        }
        match target.text.as_str() {
            "strip" | "lstrip" | "rstrip" | "lower" | "upper" | "replace" | "join" | "title" | "format" | "zfill"
            | "toLowerCase" | "toUpperCase" | "trim" => Some(Type::Str),
            "split" | "splitlines" | "rsplit" => Some(Type::List),
            "startswith" | "endswith" | "isdigit" | "startsWith" | "endsWith" | "includes" => Some(Type::Bool),
            _ => None,
        }
    }
}

/// Whether a whole number stays one: `n - 1`, `n * 2`.
fn is_number_sign(value: &Node, known: &Known) -> bool {
    matches!(value.text.as_str(), "-" | "*") && known.type_of(&value.kids[1]) == Some(Type::Int)
}

/// Whether a name is the function of Python of that name: nothing in the file gives it another meaning.
pub(super) fn is_builtin(name: &Node, known: &Known) -> bool {
    name.is(Kind::Name)
        && !is_local(&name.text)
        && !known.bound.contains_key(&name.text)
        && !known.pinned.contains(&name.text)
}

/// Whether going through this value changes nothing: an iterator is used up by it, a list is not.
pub(super) fn iterates_safely(node: &Node, known: &Known) -> bool {
    match node.kind {
        Kind::List | Kind::Tuple | Kind::Set | Kind::Dict | Kind::Text | Kind::Str => true,
        Kind::Each => {
            let rounds = node.kids[1..].iter().filter(|kid| kid.is(Kind::Round));
            rounds.into_iter().all(|round| iterates_safely(&round.kids[1], known))
        }
        Kind::Call if node.kids[0].is(Kind::Member) && node.kids.len() == 1 => {
            matches!(node.kids[0].text.as_str(), "items" | "keys" | "values" | "splitlines" | "split")
        }
        Kind::Call if is_builtin(&node.kids[0], known) && !known.is_script => match node.kids[0].text.as_str() {
            "range" => true,
            "enumerate" | "zip" | "reversed" | "sorted" | "list" | "set" => {
                node.kids[1..].iter().filter(|arg| !arg.is(Kind::Kw)).all(|arg| iterates_safely(arg, known))
            }
            _ => false,
        },
        _ => known.type_of(node).is_some(),
    }
}

/// The names that a node gives a value, itself and not its parts.
pub(super) fn binds(node: &Node) -> Vec<String> {
    match node.kind {
        Kind::Assign | Kind::Aug | Kind::For | Kind::Round => targets(&node.kids[0]),
        Kind::Handler => targets(&node.kids[1]),
        Kind::With => node.kids[1..].chunks(2).filter_map(|item| item.get(1)).flat_map(targets).collect(),
        Kind::Def if node.kids[2].text.contains("method") => Vec::new(),
        Kind::Def | Kind::Class | Kind::Param => vec![node.text.clone()],
        Kind::Params => node.kids.iter().filter(|kid| !kid.is(Kind::Param)).flat_map(targets).collect(),
        Kind::Raw if matches!(node.text.as_str(), "walrus" | "delete_statement" | "assign") => targets(&node.kids[0]),
        Kind::Raw if node.text.starts_with("declare") || node.text.starts_with("update") || node.text == "import" => {
            node.kids.iter().flat_map(targets).collect()
        }
        _ => Vec::new(),
    }
}

/// Finds the variables that a function inside of theirs mentions.
fn captures(node: &Node, level: usize, seen: &mut HashMap<String, usize>, found: &mut HashSet<String>) {
    let names = binds(node).into_iter().chain(node.is(Kind::Name).then(|| node.text.clone()));
    // A function's own name belongs to where it is defined.
    for name in names.filter(|name| is_local(name)) {
        let first = *seen.entry(name.clone()).or_insert(level);
        if first != level {
            found.insert(name);
        }
    }
    let is_function =
        matches!(node.kind, Kind::Def | Kind::Lambda | Kind::Class) || node.is(Kind::Each) && node.text == "gen";
    let inner = if is_function { level + 1 + seen.len() * 1000 } else { level };
    for kid in &node.kids {
        captures(kid, inner, seen, found);
    }
}
