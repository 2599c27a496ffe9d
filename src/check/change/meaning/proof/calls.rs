//! Functions and constants of which only one version knows the name: their bodies and values are put where they are used.
//!
//! A call is replaced by its parameters as temporary variables and the body, and the rules for those say whether the values
//! may stand in place of the parameters. A function is put in at all its calls or at none.

use super::effects::of;
use super::temps::{Counts, block};
use super::tree::{Kind, Node, is_local, plain};
use super::values::Known;
use std::collections::{HashMap, HashSet};

/// Largest body that is put in, in nodes.
const MAX_BODY: usize = 1_500;

/// Puts a function with one of these names where it is called, unless the program would have more than `max_size` nodes.
/// Says whether it changed something.
pub(super) fn inline_functions(
    root: &mut Node,
    names: &HashSet<String>,
    known: &Known,
    (next, max_size): (&mut usize, usize),
) -> bool {
    let mut found: Vec<Node> = Vec::new();
    root.each(&mut |node| {
        let of = function_of(node);
        if let Some((name, _, _, _)) = of
            && names.contains(plain(name))
            && is_simple(node, known)
        {
            found.push(node.clone());
        }
    });
    for function in found {
        let Some((name, _, body, _)) = function_of(&function) else { continue };
        if root.count(name).saturating_mul(body.measure().0) > max_size {
            continue;
        }
        let mut made = root.clone();
        let mut put = Put { function: &function, name: name.to_owned(), known, next: *next, left: 0 };
        put.statements(&mut made);
        let uses = made.count(name);
        // What nothing in the file calls may be called from outside.
        let is_used = root.count(name) > usize::from(function.is(Kind::Assign));
        let fits = made.measure().0 <= max_size;
        if is_used && put.left == 0 && uses == usize::from(function.is(Kind::Assign)) && fits {
            *next = put.next;
            made.rewrite(&mut |node| {
                if node.is(Kind::Block) {
                    node.kids.retain(|kid| function_of(kid).is_none_or(|(other, ..)| other != name));
                }
            });
            *root = made;
            return true;
        }
    }
    false
}

/// The name, parameters, body and sort of a function, also of one that is the value of a constant.
fn function_of(node: &Node) -> Option<(&str, &Node, &Node, &str)> {
    match node.kind {
        Kind::Def if node.kids[2].kids.is_empty() => {
            Some((&node.text, &node.kids[0], &node.kids[1], &node.kids[2].text))
        }
        Kind::Assign if node.kids[0].is(Kind::Name) && node.kids[1].is(Kind::Lambda) => {
            let value = &node.kids[1];
            Some((&node.kids[0].text, &value.kids[0], &value.kids[1], &value.text))
        }
        _ => None,
    }
}

/// Whether a function can stand in place of its calls: it is known by one name, does not call itself, and its body is
/// nothing that only a function can be.
fn is_simple(node: &Node, known: &Known) -> bool {
    let Some((name, params, body, sort)) = function_of(node) else { return false };
    let simple_param = |param: &Node| {
        param.is(Kind::Param)
            && param.kids.get(2).is_none_or(|sort| sort.text.is_empty())
            && param.kids[1].kids.is_empty()
            && !known.pinned.contains(plain(&param.text))
    };
    let is_strange = body.any(&|inner| {
        // In a loop, each call has variables of its own, which a function inside keeps.
        matches!(inner.kind, Kind::Opaque | Kind::Global | Kind::Class | Kind::Def | Kind::Lambda)
            || inner.is(Kind::Each) && inner.text == "gen"
            || inner.text.contains("var") && matches!(inner.kind, Kind::Assign | Kind::Raw | Kind::For)
            || inner.is(Kind::Raw) && inner.text.starts_with("yield")
            || inner.is(Kind::Name) && matches!(inner.text.as_str(), "this" | "arguments" | "super")
    });
    matches!(sort, "" | "async" | "arrow" | "async arrow")
        && known.bound.get(name) == Some(&1)
        && !known.pinned.contains(plain(name))
        && params.kids.iter().all(simple_param)
        && !is_strange
        && body.count(name) == 0
        && body.measure().0 < MAX_BODY
}

struct Put<'a> {
    function: &'a Node,
    name: String,
    known: &'a Known,
    next: usize,
    /// Calls that could not be replaced.
    left: usize,
}

impl Put<'_> {
    fn statements(&mut self, node: &mut Node) {
        for kid in &mut node.kids {
            self.statements(kid);
        }
        if node.is(Kind::Block) {
            let kids = std::mem::take(&mut node.kids);
            for kid in kids {
                self.statement(kid, &mut node.kids);
            }
        } else if self.is_call(node) || self.is_waited(node) {
            if let Some(value) = self.as_value(node) {
                *node = value;
            }
        } else if node.is(Kind::Call) && self.known.is_script {
            self.callbacks(node);
        }
    }

    fn is_call(&self, node: &Node) -> bool {
        node.is(Kind::Call) && node.kids[0].is_name(&self.name)
    }

    fn is_async(&self) -> bool {
        function_of(self.function).is_some_and(|(.., sort)| sort.contains("async"))
    }

    fn is_waited(&self, node: &Node) -> bool {
        node.is(Kind::Await) && node.kids.first().is_some_and(|inner| self.is_call(inner))
    }

    /// The call in a statement that is nothing but it.
    fn call_of<'n>(&self, value: &'n Node) -> Option<&'n Node> {
        match self.is_async() {
            true if self.is_waited(value) => value.kids.first(),
            false if self.is_call(value) => Some(value),
            _ => None,
        }
    }

    fn statement(&mut self, step: Node, made: &mut Vec<Node>) {
        let value = match step.kind {
            Kind::Do | Kind::Return => step.kids.first(),
            Kind::Assign if step.kids[0].is(Kind::Name) => step.kids.get(1),
            _ => None,
        };
        let Some(call) = value.and_then(|value| self.call_of(value)).cloned() else {
            made.push(step);
            return;
        };
        let Some((params, mut body)) = self.spliced(&call) else {
            made.push(step);
            return;
        };
        let word = if self.known.is_script { "undefined" } else { "None" };
        let is_fine = match step.kind {
            Kind::Return => {
                if !super::flow::leaves(&body) {
                    body.kids.push(Node::of(Kind::Return, Vec::new()));
                }
                true
            }
            Kind::Do => to_result(&mut body, &mut |_| Vec::new(), word),
            _ => {
                let (target, sort) = (step.kids[0].clone(), step.text.clone());
                let mut assign = |value: Node| vec![Node::new(Kind::Assign, &sort, vec![target.clone(), value])];
                let is_straight = sort.is_empty() || body.kids.iter().all(|kid| !kid.is(Kind::If));
                is_straight && to_result(&mut body, &mut assign, word)
            }
        };
        if !is_fine {
            made.push(step);
            return;
        }
        made.extend(params);
        made.extend(body.kids);
    }

    /// The parameters as variables, and a copy of the body, with names of its own.
    fn spliced(&mut self, call: &Node) -> Option<(Vec<Node>, Node)> {
        let (_, params, body, _) = function_of(self.function)?;
        let values = arguments(params, call)?;
        let mut inner = Node::block(vec![params.clone(), body.clone()]);
        self.next += 1;
        rename(&mut inner, self.next);
        let body = inner.kids.pop()?;
        let params = inner.kids.pop()?;
        let names = params.kids.iter().map(|param| Node::name(&param.text));
        let lines = call.lines;
        let let_word = if self.known.is_script { "let" } else { "" };
        let steps = names
            .zip(values)
            .map(|(name, value)| Node { lines, ..Node::new(Kind::Assign, let_word, vec![name, value]) });
        Some((steps.collect(), body))
    }

    /// The call as a value: of a function that only returns one.
    fn as_value(&mut self, node: &Node) -> Option<Node> {
        let call = if self.is_call(node) { node } else { &node.kids[0] };
        if self.is_async() != self.is_waited(node) {
            return None;
        }
        let (mut steps, body) = self.spliced(call)?;
        steps.extend(body.kids);
        let mut whole = Node::block(steps);
        let known = {
            let mut known = Known::of(&whole, &self.known.pinned, self.known.is_script);
            for (name, count) in &self.known.bound {
                known.bound.entry(name.clone()).or_insert(*count);
            }
            known.captured.extend(self.known.captured.iter().cloned());
            known
        };
        for _ in 0..whole.kids.len() {
            let counts = Counts::of(&whole);
            block(&mut whole, &known, &counts);
        }
        match whole.kids.as_slice() {
            [only] if only.is(Kind::Return) && only.kids.len() == 1 => Some(only.kids[0].clone()),
            _ => None,
        }
    }

    /// A function that is given to another one stands there as a function without a name.
    fn callbacks(&mut self, node: &mut Node) {
        let Some((_, params, body, sort)) = function_of(self.function) else { return };
        let uses = body.any(&|inner| inner.is_name("this") || inner.is_name("arguments"));
        for arg in node.kids.iter_mut().skip(1).filter(|arg| arg.is_name(&self.name)) {
            if uses || !sort.trim_start_matches("async").trim().is_empty() && !sort.contains("arrow") {
                self.left += 1;
                continue;
            }
            self.next += 1;
            let sort = if sort.contains("async") { "async" } else { "" };
            *arg = Node::new(Kind::Lambda, sort, vec![params.clone(), body.clone()]);
            rename(arg, self.next);
        }
    }
}

/// The value of each parameter, as the call gives it, in the order in which they are computed.
fn arguments(params: &Node, call: &Node) -> Option<Vec<Node>> {
    let given = &call.kids[1..];
    if given.len() > params.kids.len() || given.iter().any(|arg| arg.is(Kind::Spread)) {
        return None;
    }
    let mut values = Vec::new();
    for (at, param) in params.kids.iter().enumerate() {
        let caller = param.kids[1].text.trim_start_matches("caller").trim();
        let by_place = given.get(at).filter(|arg| !arg.is(Kind::Kw));
        // Named arguments keep their order when they stand in the order of the parameters.
        let by_name = given.get(at).filter(|arg| arg.is(Kind::Kw) && arg.text == caller).map(|arg| &arg.kids[0]);
        let default = Some(&param.kids[0]).filter(|_| at >= given.len());
        let default = default.filter(|value| matches!(value.kind, Kind::Num | Kind::Str | Kind::Word));
        values.push(by_place.or(by_name).or(default)?.clone());
    }
    Some(values)
}

/// Gives all variables of a copy names of their own.
fn rename(node: &mut Node, number: usize) {
    let mut own: HashMap<String, String> = HashMap::new();
    node.each(&mut |inner| {
        let bound = super::values::binds(inner);
        for name in bound.into_iter().filter(|name| is_local(name)) {
            let fresh = format!("{}#{number}", name.replace('#', "_"));
            own.insert(name, fresh);
        }
    });
    node.rewrite(&mut |inner| {
        if matches!(inner.kind, Kind::Name | Kind::Param | Kind::Def)
            && let Some(fresh) = own.get(&inner.text)
        {
            inner.text.clone_from(fresh);
        }
    });
}

/// Turns what a body returns into something else. Says whether each way through it ends with that, and nothing else leaves.
fn to_result(body: &mut Node, make: &mut dyn FnMut(Node) -> Vec<Node>, word: &str) -> bool {
    let returns = |node: &Node| {
        let mut count = 0;
        count_returns(node, &mut count);
        count
    };
    match body.kids.last() {
        Some(last) if last.is(Kind::Return) => {
            let last = body.kids.pop();
            if body.kids.iter().any(|kid| returns(kid) > 0) {
                return false;
            }
            let value = last.and_then(|mut last| last.kids.pop());
            let (kept, value) = (value.clone(), value.unwrap_or_else(|| Node::leaf(Kind::Word, word)));
            let made = make(value);
            match kept {
                // What is returned and not used is still computed.
                Some(value) if made.is_empty() => body.kids.push(Node::of(Kind::Do, vec![value])),
                _ => body.kids.extend(made),
            }
            true
        }
        Some(last) if last.is(Kind::If) && returns(last) > 0 => {
            let Some(mut last) = body.kids.pop() else { return false };
            if body.kids.iter().any(|kid| returns(kid) > 0) {
                return false;
            }
            let is_fine = to_result(&mut last.kids[1], make, word) && to_result(&mut last.kids[2], make, word);
            body.kids.push(last);
            is_fine
        }
        Some(last) if last.is(Kind::Raise) => body.kids.iter().all(|kid| returns(kid) == 0),
        _ => {
            if body.kids.iter().any(|kid| returns(kid) > 0) {
                return false;
            }
            body.kids.extend(make(Node::leaf(Kind::Word, word)));
            true
        }
    }
}

fn count_returns(node: &Node, count: &mut usize) {
    match node.kind {
        Kind::Lambda | Kind::Def | Kind::Class => {}
        Kind::Return => *count += 1,
        _ => node.kids.iter().for_each(|kid| count_returns(kid, count)),
    }
}

/// Puts constants of the file with these names where they are used.
pub(super) fn inline_constants(root: &mut Node, names: &HashSet<String>, known: &Known) -> bool {
    let mut changed = false;
    let mut at = 0;
    while at < root.kids.len() {
        let step = &root.kids[at];
        let name = match step.kind {
            Kind::Assign if step.kids[0].is(Kind::Name) => step.kids[0].text.clone(),
            _ => String::new(),
        };
        let is_wanted = names.contains(&name)
            && known.bound.get(&name) == Some(&1)
            && !known.pinned.contains(&name)
            && !root.kids[..at].iter().any(|kid| does_something(kid, &name, known));
        if is_wanted && is_constant(&step.kids[1], known) {
            let value = &step.kids[1];
            let uses = uses(root, &name);
            let is_flat = value
                .kids
                .iter()
                .all(|kid| kid.is(Kind::Pair) && is_unchanging(&kid.kids[1], known) || is_unchanging(kid, known));
            if is_unchanging(value, known) || is_flat && uses.total == uses.reading + 1 {
                let value = root.kids.remove(at).kids.swap_remove(1);
                root.put(&name, &value);
                changed = true;
                continue;
            }
        }
        at += 1;
    }
    changed
}

/// Whether a statement that stands before a constant could use it.
fn does_something(node: &Node, name: &str, known: &Known) -> bool {
    match node.kind {
        Kind::Def | Kind::Class => false,
        Kind::Raw if node.text == "import" => false,
        Kind::Assign => node.mentions(name) || !of(&node.kids[1], known).is_quiet() && calls_own(&node.kids[1], known),
        _ => node.mentions(name) || calls_own(node, known),
    }
}

/// Whether something is called that could be a function of the file.
fn calls_own(node: &Node, known: &Known) -> bool {
    node.any(&|inner| {
        inner.is(Kind::Opaque)
            || inner.is(Kind::Call) && !inner.kids[0].is(Kind::Member) && {
                let target = &inner.kids[0];
                !target.is(Kind::Name) || known.bound.contains_key(&target.text)
            }
    })
}

/// A value made of fixed values.
fn is_constant(node: &Node, known: &Known) -> bool {
    match node.kind {
        Kind::Num | Kind::Str | Kind::Word => true,
        Kind::Text | Kind::List | Kind::Tuple | Kind::Set | Kind::Dict | Kind::Pair => {
            node.kids.iter().all(|kid| is_constant(kid, known))
        }
        Kind::Binary if !known.is_script || node.text == "+" || node.text == "*" => {
            let number = |kid: &Node| kid.is(Kind::Num) || kid.is(Kind::Binary);
            let text = |kid: &Node| kid.is(Kind::Str) || kid.is(Kind::Text);
            matches!(node.text.as_str(), "+" | "*" | "-")
                && node.kids.iter().all(|kid| is_constant(kid, known))
                && (node.kids.iter().all(number) || node.text == "+" && node.kids.iter().all(text))
        }
        Kind::Call if !known.is_script => {
            let is_frozen = node.kids[0].is_name("frozenset") && super::values::is_builtin(&node.kids[0], known);
            let is_pattern = is_module_member(&node.kids[0], "re", "compile");
            (is_frozen || is_pattern) && node.kids[1..].iter().all(|kid| is_constant(kid, known) || is_flag(kid))
        }
        Kind::Raw => is_pattern(node),
        _ => false,
    }
}

fn is_flag(node: &Node) -> bool {
    node.is(Kind::Member) && node.kids[0].is_name("@re")
}

/// Whether a node is a function of a module of Python.
pub(super) fn is_module_member(node: &Node, module: &str, member: &str) -> bool {
    node.is(Kind::Member) && node.text == member && node.kids[0].is_name(&format!("@{module}"))
}

/// A value that nobody can change, and whose copies nobody can tell from it.
fn is_unchanging(node: &Node, known: &Known) -> bool {
    match node.kind {
        Kind::Num | Kind::Str | Kind::Word | Kind::Text | Kind::Binary | Kind::Call => true,
        Kind::Tuple => !known.is_script && node.kids.iter().all(|kid| is_unchanging(kid, known)),
        Kind::Raw => is_pattern(node),
        _ => false,
    }
}

/// A pattern of JavaScript that does not remember where it stopped.
fn is_pattern(node: &Node) -> bool {
    node.text
        .strip_prefix("regex ")
        .is_some_and(|written| written.rsplit('/').next().is_some_and(|flags| !flags.contains(['g', 'y'])))
}

struct Uses {
    total: usize,
    reading: usize,
}

/// How often a name stands in a file, and how often where its value is only looked at.
fn uses(root: &Node, name: &str) -> Uses {
    const FUNCTIONS: &[&str] =
        &["len", "sorted", "set", "tuple", "frozenset", "any", "all", "min", "max", "sum", "enumerate", "list"];
    const METHODS: &[&str] =
        &["get", "items", "keys", "values", "has", "includes", "indexOf", "join", "some", "every", "test"];
    let mut reading = 0;
    root.each(&mut |node| {
        let is = |at: usize| node.kids.get(at).is_some_and(|kid| kid.is_name(name));
        match node.kind {
            Kind::Compare if matches!(node.text.as_str(), "in" | "not in") && is(1) => reading += 1,
            Kind::For | Kind::Round if is(1) => reading += 1,
            Kind::Item if is(0) => reading += 1,
            Kind::Call => {
                let target = &node.kids[0];
                if target.is(Kind::Member) && METHODS.contains(&target.text.as_str()) && target.kids[0].is_name(name) {
                    reading += 1;
                }
                let is_looking = target.is(Kind::Name) && FUNCTIONS.contains(&target.text.as_str())
                    || is_module_member(target, "random", "choice")
                    || target.is(Kind::Member) && target.text == "join"
                    || target.is(Kind::Member) && target.text == "stringify" && target.kids[0].is_name("JSON");
                if is_looking && is(1) {
                    reading += 1;
                }
            }
            // What is given a value is no reading.
            Kind::Assign | Kind::Aug if node.kids[0].is(Kind::Item) && node.kids[0].kids[0].is_name(name) => {
                reading = usize::MAX / 2;
            }
            Kind::Raw if (node.text.contains("delete") || node.text.starts_with("update")) && node.mentions(name) => {
                reading = usize::MAX / 2;
            }
            _ => {}
        }
    });
    Uses { total: root.count(name), reading }
}
