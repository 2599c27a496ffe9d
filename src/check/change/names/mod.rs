//! The origin of a value, described without the local names of a program.
//!
//! Renaming, extracting a function and naming a constant change only names. So a name is resolved to its value: an
//! assignment, the argument of a call, an iterated value. The remaining words do not change in a refactoring: keys,
//! attributes, external functions, texts and numbers ([`Tokens`]).

pub(super) mod constant;
mod told;
pub(super) mod walk;

use crate::code::program::{Act, Argument, Expr, Function, Handler, Parameter, Sort, Statement};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

/// The words that describe a value.
pub(super) type Tokens = BTreeSet<String>;

/// How many names in a chain are followed.
const MAX_STEPS: usize = 7;

/// How many origins of one name are followed.
const MAX_ORIGINS: usize = 6;

/// Where a name gets its value.
#[derive(Clone, Copy)]
enum NameOrigin<'a> {
    /// This value, in that scope.
    Value(&'a Expr, usize),
    /// An element of it, in a loop.
    Part(&'a Expr, usize),
    /// The parameter of a function.
    Given(usize, usize),
    /// An external name, with its full name.
    Full(&'a str),
    /// A function of the program.
    Function(usize),
}

struct NameScope<'a> {
    parent: Option<usize>,
    names: HashMap<&'a str, Vec<NameOrigin<'a>>>,
}

struct KnownFunction<'a> {
    function: &'a Function,
    scope: usize,
    /// The calls: arguments and the scope of the call.
    calls: Vec<(&'a [Argument], usize)>,
}

/// The names of one file.
pub(super) struct FileNames<'a> {
    scopes: Vec<NameScope<'a>>,
    functions: Vec<KnownFunction<'a>>,
    scope_of: HashMap<*const Function, usize>,
    /// Values assigned to attributes of the object itself.
    members: HashMap<&'a str, Vec<(&'a Expr, usize)>>,
    /// The attributes set by a constructor: the class and the position of the parameter.
    fields: HashMap<&'a str, Vec<(usize, usize)>>,
    by_name: HashMap<&'a str, Vec<usize>>,
    /// In a shell every name belongs to the whole file.
    is_flat: bool,
    told: RefCell<NameAnswers>,
    /// Steps left for describing one value.
    left: Cell<usize>,
}

/// The description of a name in a scope, by the line of the query.
type NameAnswers = HashMap<((usize, String), u64), Tokens>;

/// The target of a call.
pub(super) enum Callee<'a> {
    /// A function of the program.
    Own(&'a Function),
    /// An external function: its dotted name, or `.name` for the method of a value.
    Other(String),
}

/// A value that is known without running the program.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Constant {
    /// Its display form: `30`, `true`, `"text"`.
    pub(super) shown: String,
    /// The line where it is written.
    pub(super) line: u64,
}

impl<'a> FileNames<'a> {
    /// Reads the names of a file.
    pub(super) fn of(steps: &'a [Statement], is_flat: bool) -> FileNames<'a> {
        let mut names = FileNames {
            scopes: vec![NameScope { parent: None, names: HashMap::new() }],
            functions: Vec::new(),
            scope_of: HashMap::new(),
            members: HashMap::new(),
            fields: HashMap::new(),
            by_name: HashMap::new(),
            is_flat,
            told: RefCell::new(HashMap::new()),
            left: Cell::new(0),
        };
        names.block(steps, 0);
        names.calls(steps, 0);
        names
    }

    /// The scope of a function's inside.
    pub(super) fn inside(&self, function: &Function) -> usize {
        self.scope_of.get(&std::ptr::from_ref(function)).copied().unwrap_or(0)
    }

    fn bind(&mut self, scope: usize, name: &'a str, origin: NameOrigin<'a>) {
        let scope = if self.is_flat && !matches!(origin, NameOrigin::Given(..)) { 0 } else { scope };
        self.scopes[scope].names.entry(name).or_default().push(origin);
    }

    fn block(&mut self, steps: &'a [Statement], scope: usize) {
        for step in steps {
            self.step(&step.act, scope);
        }
    }

    fn step(&mut self, act: &'a Act, scope: usize) {
        match act {
            Act::Let(targets, value) => {
                self.value(value, scope);
                for target in targets {
                    self.target(target, value, scope);
                }
            }
            Act::Change(target, _, value) => {
                self.value(value, scope);
                self.target(target, value, scope);
            }
            Act::Do(value) | Act::Assert(value) | Act::Give(value) => self.value(value, scope),
            Act::If(condition, then, otherwise) => {
                self.value(condition, scope);
                self.block(then, scope);
                self.block(otherwise, scope);
            }
            Act::For(names, over, body) => {
                self.value(over, scope);
                for name in names {
                    self.bind(scope, name, NameOrigin::Part(over, scope));
                }
                self.block(body, scope);
            }
            Act::While(condition, body) => {
                self.value(condition, scope);
                self.block(body, scope);
            }
            Act::Try(body, handlers, last) => {
                self.block(body, scope);
                for Handler { body, .. } in handlers {
                    self.block(body, scope);
                }
                self.block(last, scope);
            }
            Act::Raise(value) | Act::Return(value) => {
                if let Some(value) = value {
                    self.value(value, scope);
                }
            }
            Act::Define(function) => {
                let id = self.function(function, scope);
                self.bind(scope, &function.name, NameOrigin::Function(id));
                self.by_name.entry(&function.name).or_default().push(id);
            }
            Act::Import(pairs) => {
                for (here, full) in pairs {
                    self.bind(scope, here, NameOrigin::Full(full));
                }
            }
            Act::Block(steps) => self.block(steps, scope),
            Act::Break | Act::Continue => {}
        }
    }

    fn target(&mut self, target: &'a Expr, value: &'a Expr, scope: usize) {
        match &target.sort {
            Sort::Name(name) => self.bind(scope, name, NameOrigin::Value(value, scope)),
            Sort::Member(object, name) if matches!(object.name(), Some("self" | "this" | "cls")) => {
                self.members.entry(name).or_default().push((value, scope));
            }
            // `found[key] = value` adds it to `found`.
            Sort::Item(object, _) | Sort::Member(object, _) => {
                if let Sort::Name(name) = &object.sort {
                    self.bind(scope, name, NameOrigin::Part(value, scope));
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, function: &'a Function, parent: usize) -> usize {
        let scope = self.scopes.len();
        self.scopes.push(NameScope { parent: Some(parent), names: HashMap::new() });
        self.scope_of.insert(std::ptr::from_ref(function), scope);
        let id = self.functions.len();
        self.functions.push(KnownFunction { function, scope, calls: Vec::new() });
        for (index, Parameter { name, default, .. }) in function.parameters.iter().enumerate() {
            self.bind(scope, name, NameOrigin::Given(id, index));
            if let Some(default) = default {
                self.value(default, parent);
            }
        }
        if function.is_class {
            self.bind(scope, "cls", NameOrigin::Function(id));
            for (index, parameter) in function.parameters.iter().enumerate() {
                self.fields.entry(&parameter.name).or_default().push((id, index));
            }
            for step in &function.body {
                if let Act::Let(targets, value) = &step.act {
                    for name in targets.iter().filter_map(Expr::name) {
                        self.members.entry(name).or_default().push((value, scope));
                    }
                }
            }
        }
        self.block(&function.body, scope);
        id
    }

    /// Finds the functions and rounds inside a value.
    fn value(&mut self, value: &'a Expr, scope: usize) {
        match &value.sort {
            Sort::Function(function) => {
                self.function(function, scope);
            }
            Sort::Each(_, rounds, _) => {
                for round in rounds {
                    for name in &round.names {
                        self.bind(scope, name, NameOrigin::Part(&round.over, scope));
                    }
                }
            }
            _ => {}
        }
        for part in value.parts() {
            self.value(part, scope);
        }
        // `rows.map((row) => …)` iterates over the rows; an added value is in the list.
        let Sort::Call(target, arguments) = &value.sort else { return };
        let Sort::Member(object, method) = &target.sort else { return };
        for argument in arguments {
            if let Sort::Function(function) = &argument.value.sort {
                let inside = self.inside(function);
                for parameter in &function.parameters {
                    self.scopes[inside].names.insert(&parameter.name, vec![NameOrigin::Part(object, scope)]);
                }
            }
        }
        let ("append" | "push" | "add" | "extend", [one]) = (method.as_str(), arguments.as_slice()) else { return };
        match &object.sort {
            Sort::Name(name) => self.bind(scope, name, NameOrigin::Part(&one.value, scope)),
            Sort::Member(owner, name) if matches!(owner.name(), Some("self" | "this")) => {
                self.members.entry(name).or_default().push((&one.value, scope));
            }
            _ => {}
        }
    }

    /// Records the arguments of calls of the program's functions.
    fn calls(&mut self, steps: &'a [Statement], scope: usize) {
        let mut found = Vec::new();
        each_call(steps, scope, self, &mut found);
        for (id, arguments, scope) in found {
            self.functions[id].calls.push((arguments, scope));
            if let Some(maker) = self.maker(id) {
                self.functions[maker].calls.push((arguments, scope));
            }
        }
    }

    /// The constructor of a class.
    fn maker(&self, class: usize) -> Option<usize> {
        let known = &self.functions[class];
        let is_maker = |other: &KnownFunction<'_>| {
            matches!(other.function.name.as_str(), "__init__" | "constructor")
                && self.scopes[other.scope].parent == Some(known.scope)
        };
        known.function.is_class.then(|| self.functions.iter().position(is_maker))?
    }

    fn origins(&self, name: &str, scope: usize) -> (&[NameOrigin<'a>], usize) {
        let mut at = Some(scope);
        while let Some(scope) = at {
            if let Some(origins) = self.scopes[scope].names.get(name) {
                return (origins, scope);
            }
            at = self.scopes[scope].parent;
        }
        (&[], 0)
    }

    fn own(&self, target: &Expr, scope: usize) -> Option<usize> {
        match &target.sort {
            Sort::Name(name) => self.origins(name, scope).0.iter().find_map(|origin| match origin {
                NameOrigin::Function(id) => Some(*id),
                _ => None,
            }),
            Sort::Member(object, name) => {
                // A method is found by its name if the program has one of that name and the object is not a module.
                let is_module = object.name().is_some_and(|name| self.full(name, scope).is_some());
                match self.by_name.get(name.as_str()).map(Vec::as_slice) {
                    Some([id]) if !is_module => Some(*id),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The full name of an external name.
    fn full(&self, name: &str, scope: usize) -> Option<&'a str> {
        self.origins(name, scope).0.iter().find_map(|origin| match origin {
            NameOrigin::Full(full) => Some(*full),
            _ => None,
        })
    }

    /// The dotted name of an external object.
    pub(super) fn dotted(&self, expr: &Expr, scope: usize) -> Option<String> {
        match &expr.sort {
            Sort::Name(name) => match self.full(name, scope) {
                Some(full) => Some(full.to_owned()),
                None => self.origins(name, scope).0.is_empty().then(|| name.clone()),
            },
            Sort::Member(object, name) => Some(format!("{}.{name}", self.dotted(object, scope)?)),
            _ => None,
        }
    }

    /// What a call calls.
    pub(super) fn callee(&self, target: &Expr, scope: usize) -> Callee<'a> {
        if let Some(id) = self.own(target, scope) {
            return Callee::Own(self.functions[id].function);
        }
        if let Some(dotted) = self.dotted(target, scope) {
            return Callee::Other(dotted);
        }
        match &target.sort {
            Sort::Member(_, name) => Callee::Other(format!(".{name}")),
            Sort::Name(name) => Callee::Other(name.clone()),
            _ => Callee::Other(String::new()),
        }
    }

    /// The only value of a name, with its scope.
    pub(super) fn stands_for(&self, expr: &Expr, scope: usize) -> Option<(&'a Expr, usize)> {
        match &expr.sort {
            Sort::Name(name) => match self.origins(name, scope).0 {
                [NameOrigin::Value(value, scope)] => Some((value, *scope)),
                [NameOrigin::Given(id, index)] => {
                    let known = &self.functions[*id];
                    let parameter = known.function.parameters.get(*index)?;
                    match known.calls.as_slice() {
                        [(arguments, scope)] => {
                            argument_of(arguments, &parameter.name, *index).map(|argument| (argument, *scope))
                        }
                        _ => None,
                    }
                }
                _ => None,
            },
            Sort::Member(object, name) => {
                if let (Some("self" | "this" | "cls"), Some([one])) =
                    (object.name(), self.members.get(name.as_str()).map(Vec::as_slice))
                {
                    return Some(*one);
                }
                let (value, scope) = self.stands_for(object, scope)?;
                let Sort::Pairs(pairs) = &value.sort else { return None };
                let found = pairs.iter().find(|(key, _)| key.fixed().as_deref() == Some(name))?;
                Some((&found.1, scope))
            }
            Sort::Item(object, index) => {
                let (value, scope) = self.stands_for(object, scope)?;
                let (Sort::Pairs(pairs), Some(name)) = (&value.sort, index.fixed()) else { return None };
                let found = pairs.iter().find(|(key, _)| key.fixed().as_ref() == Some(&name))?;
                Some((&found.1, scope))
            }
            _ => None,
        }
    }

    /// The line of the call that passes a parameter in, followed to the outermost call.
    pub(super) fn handed(&self, expr: &Expr, scope: usize) -> Option<u64> {
        let (mut expr, mut scope, mut line) = (expr, scope, None);
        for _ in 0..MAX_STEPS {
            let Sort::Name(name) = &expr.sort else { break };
            let [NameOrigin::Given(..)] = self.origins(name, scope).0 else { break };
            let Some((argument, outer)) = self.stands_for(expr, scope) else { break };
            line = Some(argument.line);
            (expr, scope) = (argument, outer);
        }
        line
    }

    /// The only value that the called function of the program returns.
    pub(super) fn result(&self, target: &Expr, scope: usize) -> Option<(&'a Expr, usize)> {
        let known = &self.functions[self.own(target, scope)?];
        let mut results = Vec::new();
        returned(&known.function.body, &mut results);
        match results.as_slice() {
            [one] => Some((one, known.scope)),
            _ => None,
        }
    }
}

fn argument_of<'a>(arguments: &'a [Argument], name: &str, index: usize) -> Option<&'a Expr> {
    let by_name = arguments.iter().find(|argument| argument.name.as_deref() == Some(name));
    let by_place = || arguments.iter().filter(|argument| argument.name.is_none()).nth(index);
    by_name.or_else(by_place).map(|argument| &argument.value)
}

/// The values that a function returns, without inner functions.
fn returned<'a>(steps: &'a [Statement], found: &mut Vec<&'a Expr>) {
    for step in steps {
        match &step.act {
            Act::Return(Some(value)) | Act::Give(value) => found.push(value),
            Act::If(_, then, otherwise) => {
                returned(then, found);
                returned(otherwise, found);
            }
            Act::For(_, _, body) | Act::While(_, body) | Act::Block(body) => returned(body, found),
            Act::Try(body, handlers, last) => {
                returned(body, found);
                for handler in handlers {
                    returned(&handler.body, found);
                }
                returned(last, found);
            }
            _ => {}
        }
    }
}

type FoundCalls<'a> = Vec<(usize, &'a [Argument], usize)>;

/// Every call of a function of the program.
fn each_call<'a>(steps: &'a [Statement], scope: usize, names: &FileNames<'a>, found: &mut FoundCalls<'a>) {
    walk::each_expr(steps, scope, names, &mut |expr, scope| {
        if let Sort::Call(target, arguments) = &expr.sort
            && let Some(id) = names.own(target, scope)
        {
            found.push((id, arguments.as_slice(), scope));
        }
    });
}

/// The similarity of two values: the share of common words, 0 to 1; 1 if one is part of the other.
pub(super) fn likeness(a: &Tokens, b: &Tokens) -> f64 {
    if a.is_empty() || b.is_empty() {
        return if a.is_empty() && b.is_empty() { 1.0 } else { 0.0 };
    }
    let common = a.intersection(b).count();
    if common == a.len().min(b.len()) {
        return 1.0 - 0.01 * a.len().abs_diff(b.len()) as f64;
    }
    common as f64 / (a.len() + b.len() - common) as f64
}
