//! The words that describe a value after its names are resolved.

use super::{FileNames, MAX_ORIGINS, MAX_STEPS, NameOrigin, Tokens, argument_of, returned};
use crate::code::program::{Act, Expr, Sort, TextPiece};

/// The most words of a description.
const MAX_TOKENS: usize = 24;

/// The most steps for describing one value, because names may lead everywhere.
const MAX_WORK: usize = 600;

/// Functions and attributes that do not change what a value is, or stand for "the input".
const TRANSPARENT: &[&str] = &[
    "str",
    "int",
    "float",
    "bool",
    "list",
    "tuple",
    "set",
    "dict",
    "Path",
    "String",
    "Number",
    "Boolean",
    "Array",
    "from",
    "sorted",
    "enumerate",
    "iter",
    "reversed",
    "items",
    "keys",
    "values",
    "entries",
    "get",
    "strip",
    "trim",
    "toString",
    "decode",
    "encode",
    "copy",
    "parse",
    "loads",
    "load",
    "stdin",
    "sys",
    "json",
    "JSON",
    "read",
    "readFileSync",
    "params",
    "args",
    "argv",
    "input",
    "parse_args",
    "cast",
    "Decimal",
    "isoformat",
    "append",
    "push",
    "extend",
    "add",
    "join",
    "format",
    "split",
    "splitlines",
    "this",
    "self",
    "console",
    "process",
    "Object",
    "Promise",
    "all",
    "map",
    "filter",
    "range",
    "zip",
    "next",
    "os",
    "path",
    "fs",
    "abspath",
    "realpath",
    "normpath",
    "resolve",
    "relpath",
    "relative",
    "walk",
    "glob",
    "listdir",
    "readdir",
    "readdirSync",
    "open",
    "len",
    "length",
    "size",
    "cls",
    "printf",
    "echo",
    "cat",
    "local",
    "test",
    "true",
    "false",
    "pathlib",
    "await",
    "Buffer",
];

impl FileNames<'_> {
    /// The words that describe a value.
    pub(in crate::check::change) fn tokens(&self, expr: &Expr, scope: usize) -> Tokens {
        let mut tokens = Tokens::new();
        self.left.set(MAX_WORK);
        self.tell(expr, scope, &mut Vec::new(), &mut tokens);
        tokens
    }

    fn tell(&self, expr: &Expr, scope: usize, path: &mut Vec<(usize, String)>, tokens: &mut Tokens) {
        if tokens.len() >= MAX_TOKENS || path.len() >= MAX_STEPS || self.left.get() == 0 {
            return;
        }
        self.left.set(self.left.get() - 1);
        match &expr.sort {
            Sort::Name(name) => self.tell_name(name, expr.line, scope, path, tokens),
            Sort::Text(pieces) => {
                for piece in pieces {
                    match piece {
                        TextPiece::Fixed(text) => tell_text(text, tokens),
                        TextPiece::Hole(hole) => self.tell(hole, scope, path, tokens),
                    }
                }
            }
            Sort::Number(number) => {
                tokens.insert(format!("#{number}"));
            }
            Sort::Flag(flag) => {
                tokens.insert(format!("#{flag}"));
            }
            Sort::Pattern(pattern) => {
                tokens.insert(pattern.clone());
            }
            Sort::Member(object, name) => {
                if let (Some("self" | "this" | "cls"), Some(values)) = (object.name(), self.members.get(name.as_str()))
                {
                    for (value, scope) in values.iter().take(MAX_ORIGINS) {
                        self.follow((0, format!(".{name}")), value, *scope, path, tokens);
                    }
                    return;
                }
                self.tell_member(object, name, scope, path, tokens);
            }
            Sort::Call(target, arguments) => {
                match self.own(target, scope) {
                    Some(id) => self.tell_result(id, path, tokens),
                    None => self.tell(target, scope, path, tokens),
                }
                for argument in arguments {
                    self.tell(&argument.value, scope, path, tokens);
                }
            }
            Sort::Each(element, rounds, _) => {
                self.tell(element, scope, path, tokens);
                for round in rounds {
                    self.tell(&round.over, scope, path, tokens);
                }
            }
            Sort::Function(function) => {
                let inside = self.inside(function);
                for step in &function.body {
                    if let Act::Return(Some(value)) | Act::Do(value) = &step.act {
                        self.tell(value, inside, path, tokens);
                    }
                }
            }
            _ => expr.parts().into_iter().for_each(|part| self.tell(part, scope, path, tokens)),
        }
    }

    /// An attribute: the value that the object was constructed with under that name, otherwise the object and the name.
    fn tell_member(
        &self,
        object: &Expr,
        name: &str,
        scope: usize,
        path: &mut Vec<(usize, String)>,
        tokens: &mut Tokens,
    ) {
        let Some(fields) = self.fields.get(name) else {
            self.tell(object, scope, path, tokens);
            return tell_word(name, tokens);
        };
        let mut own = Tokens::new();
        for (id, index) in fields.iter().take(MAX_ORIGINS) {
            self.tell_given(&(0, format!(".{name}")), *id, *index, path, &mut own);
        }
        if own.is_empty() {
            tell_word(name, &mut own);
        }
        tokens.extend(own);
    }

    fn tell_name(&self, name: &str, line: u64, scope: usize, path: &mut Vec<(usize, String)>, tokens: &mut Tokens) {
        let (origins, at) = self.origins(name, scope);
        if origins.is_empty() {
            return tell_word(name, tokens);
        }
        let key = (at, name.to_owned());
        if path.contains(&key) {
            return;
        }
        // Only a description from the start is complete; one that was cut is not cached.
        if path.is_empty()
            && let Some(known) = self.told.borrow().get(&(key.clone(), line))
        {
            tokens.extend(known.iter().cloned());
            return;
        }
        let mut own = Tokens::new();
        // `total = total + more` refers to the previous total, if there is one.
        let is_earlier = |origin: &&NameOrigin<'_>| match origin {
            NameOrigin::Value(value, of) => *of == scope && value.line < line,
            NameOrigin::Part(value, of) => *of == scope && value.line <= line,
            NameOrigin::Given(..) | NameOrigin::Full(_) | NameOrigin::Function(_) => true,
        };
        let is_ordered = !self.is_flat && origins.iter().any(|origin| is_earlier(&origin));
        for origin in origins.iter().filter(|origin| !is_ordered || is_earlier(origin)).take(MAX_ORIGINS) {
            match origin {
                NameOrigin::Value(value, scope) | NameOrigin::Part(value, scope) => {
                    self.follow(key.clone(), value, *scope, path, &mut own);
                }
                NameOrigin::Given(id, index) => self.tell_given(&key, *id, *index, path, &mut own),
                NameOrigin::Full(full) => full.split(['.', '/']).for_each(|word| tell_word(word, &mut own)),
                NameOrigin::Function(id) => self.tell_result(*id, path, &mut own),
            }
        }
        if path.is_empty() {
            self.told.borrow_mut().insert((key, line), own.clone());
        }
        tokens.extend(own);
    }

    fn follow(
        &self,
        key: (usize, String),
        value: &Expr,
        scope: usize,
        path: &mut Vec<(usize, String)>,
        tokens: &mut Tokens,
    ) {
        if path.contains(&key) {
            return;
        }
        path.push(key);
        self.tell(value, scope, path, tokens);
        path.pop();
    }

    fn tell_given(
        &self,
        key: &(usize, String),
        id: usize,
        index: usize,
        path: &mut Vec<(usize, String)>,
        tokens: &mut Tokens,
    ) {
        let known = &self.functions[id];
        let Some(parameter) = known.function.parameters.get(index) else { return };
        // Inside a call that is being described, its own arguments count, and they are described with it.
        if path.iter().any(|(scope, name)| *scope == known.scope && name == "()") {
            return;
        }
        for (arguments, scope) in known.calls.iter().take(MAX_ORIGINS) {
            if let Some(argument) = argument_of(arguments, &parameter.name, index) {
                self.follow(key.clone(), argument, *scope, path, tokens);
            }
        }
    }

    fn tell_result(&self, id: usize, path: &mut Vec<(usize, String)>, tokens: &mut Tokens) {
        let known = &self.functions[id];
        let key = (known.scope, "()".to_owned());
        let mut results = Vec::new();
        returned(&known.function.body, &mut results);
        for value in results.into_iter().take(MAX_ORIGINS) {
            self.follow(key.clone(), value, known.scope, path, tokens);
        }
    }
}

fn tell_word(word: &str, tokens: &mut Tokens) {
    if !word.is_empty() && !TRANSPARENT.contains(&word) {
        tokens.insert(word.to_owned());
    }
}

fn tell_text(text: &str, tokens: &mut Tokens) {
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '*')));
    for word in words.filter(|word| word.len() > 1).take(8) {
        tokens.insert(word.to_owned());
    }
}
