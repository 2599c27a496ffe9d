//! Collects the parts of values: texts, numbers, calls with their arguments.

use super::{Collector, Connective, ExitAnswers, ValueContext};
use crate::check::change::facts::fact::{CallArgument, CallFact, Collection, Sort as FactSort, Weight};
use crate::check::change::facts::{lists, texts};
use crate::check::change::names::constant::{Bit, shown};
use crate::check::change::names::{Callee, Tokens};
use crate::code::program::{Argument, Expr, Sort};

impl<'a> Collector<'a> {
    /// Collects from a value.
    pub(super) fn expr(&mut self, expr: &'a Expr, at: &ValueContext) {
        let scope = at.scope;
        if let Some(bits) = self.names.text(expr, scope) {
            return self.text(expr, &bits, at);
        }
        match &expr.sort {
            Sort::Number(_) => return self.number(expr, at),
            Sort::Math(sign, a, b) => {
                if self.names.constant(expr, scope).is_some() {
                    return self.number(expr, at);
                }
                let words = self.words(expr);
                self.math(sign, a, b, expr.line, words, scope);
                let about = |side| self.names.tokens(side, scope);
                let (with_a, with_b) = (about(b), about(a));
                self.expr(a, &at.used(format!("math:{sign}"), with_a));
                return self.expr(b, &at.used(format!("math:{sign}"), with_b));
            }
            Sort::Compare(_, a, b) => {
                if !matches!(at.used.as_str(), "condition" | "loop" | "result") {
                    self.test(expr, true, Weight::Result, ExitAnswers::default(), Connective::Alone, scope, 0);
                }
                let (with_a, with_b) = (self.names.tokens(b, scope), self.names.tokens(a, scope));
                self.expr(a, &at.used("test", with_a));
                return self.expr(b, &at.used("test", with_b));
            }
            Sort::Name(_) | Sort::Member(..) => {
                if let Sort::Member(_, name) = &expr.sort {
                    self.found.members.insert(name.clone());
                }
                self.constant_behind(expr, at);
                self.environment(expr, scope);
            }
            Sort::Call(target, arguments) => return self.call(expr, target, arguments, at),
            Sort::Await(inner) => return self.expr(inner, &ValueContext { is_awaited: Some(true), ..at.clone() }),
            Sort::Slice(object, from, to) => self.slice(expr, object, [from.as_deref(), to.as_deref()], scope),
            Sort::Many(list) => self.collection(expr, list.iter(), scope),
            Sort::Pairs(pairs) => self.pairs(expr, pairs, scope),
            Sort::Choice(condition, ..) => {
                self.test(condition, true, Weight::Plain, ExitAnswers::default(), Connective::Alone, scope, 0);
            }
            Sort::Each(_, rounds, conditions) => {
                for condition in conditions {
                    self.test(condition, true, Weight::Skip, ExitAnswers::default(), Connective::Alone, scope, 0);
                }
                for round in rounds {
                    self.bound(&round.over, scope);
                }
            }
            Sort::Pattern(pattern) => {
                self.fact(FactSort::Pattern, "", Tokens::new(), pattern, pattern.clone(), expr.line);
            }
            Sort::Function(function) => {
                let inside = self.names.inside(function);
                return self.block(&function.body, inside);
            }
            Sort::Item(..) => self.environment(expr, scope),
            _ => {}
        }
        // Awaiting a list awaits its entries.
        let is_joint = matches!(expr.sort, Sort::All(_) | Sort::Any(_) | Sort::Not(_));
        let used = if is_joint { at.used.clone() } else { String::new() };
        let inner = ValueContext { used, with: Tokens::new(), ..at.clone() };
        expr.parts().into_iter().for_each(|part| self.expr(part, &inner));
    }

    pub(super) fn number(&mut self, expr: &Expr, at: &ValueContext) {
        let Some(constant) = self.names.constant(expr, at.scope) else { return };
        let words = self.words(expr);
        self.fact(FactSort::Number, &at.used, at.with.clone(), &constant.shown, words, constant.line);
    }

    /// A name of a number counts as that number where it is used.
    pub(super) fn constant_behind(&mut self, expr: &Expr, at: &ValueContext) {
        if at.used.is_empty() {
            return;
        }
        if let Some(constant) =
            self.names.constant(expr, at.scope).filter(|constant| constant.shown.parse::<f64>().is_ok())
        {
            let words = self.words(expr);
            self.fact(FactSort::Number, &at.used, at.with.clone(), &constant.shown, words, constant.line);
        }
    }

    pub(super) fn environment(&mut self, expr: &Expr, scope: usize) {
        let is_all = |expr: &Expr| {
            matches!(self.names.dotted(expr, scope).as_deref(), Some("os.environ" | "process.env" | "os.environ.get"))
        };
        let name = match &expr.sort {
            Sort::Item(object, key) if is_all(object) => key.fixed(),
            Sort::Member(object, name) if is_all(object) => Some(name.clone()),
            Sort::Name(name) if self.is_shell => {
                let is_name =
                    name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
                let is_of_shell = matches!(
                    name.as_str(),
                    "IFS"
                        | "PWD"
                        | "BASH_SOURCE"
                        | "FUNCNAME"
                        | "LINENO"
                        | "RANDOM"
                        | "SECONDS"
                        | "OPTARG"
                        | "OPTIND"
                        | "REPLY"
                        | "PIPESTATUS"
                        | "EUID"
                        | "UID"
                );
                (is_name
                    && !is_of_shell
                    && self.names.dotted(expr, scope).is_some()
                    && !name.starts_with(|c: char| c.is_ascii_digit()))
                .then(|| name.clone())
            }
            _ => None,
        };
        if let Some(name) = name.filter(|name| !matches!(name.as_str(), "get" | "copy" | "items")) {
            self.fact(FactSort::Environment, "", Tokens::new(), &name, name.clone(), expr.line);
        }
    }

    pub(super) fn text(&mut self, expr: &'a Expr, bits: &[Bit<'a>], at: &ValueContext) {
        let text = shown(bits);
        let line = expr.line;
        for host in texts::hosts(&text) {
            self.fact(FactSort::Host, "", Tokens::new(), &host, host.clone(), line);
        }
        for address in texts::addresses(&text) {
            self.fact(FactSort::Address, "", Tokens::new(), &address, address.clone(), line);
        }
        if texts::is_path(&text) {
            self.fact(FactSort::Path, "", Tokens::new(), &text, text.clone(), line);
        }
        self.found.texts.insert(text);
        for bit in bits {
            if let Bit::Hole(hole, scope) = bit {
                // The whole expression is not one of its own placeholders.
                if hole.span != expr.span {
                    self.expr(hole, &ValueContext { scope: *scope, ..at.used("text", Tokens::new()) });
                }
            }
        }
    }

    pub(super) fn math(&mut self, sign: &str, a: &Expr, b: &Expr, line: u64, words: String, scope: usize) {
        if !matches!(sign, "+" | "-" | "*" | "/" | "//" | "%") {
            return;
        }
        let told = |side: &Expr| -> Tokens {
            self.names.tokens(side, scope).into_iter().filter(|word| !word.starts_with('#')).collect()
        };
        let (about, beside) = (told(a), told(b));
        if !(about.is_empty() && beside.is_empty()) {
            self.fact(FactSort::Math, "", about, if sign == "//" { "/" } else { sign }, words, line);
            if let Some(fact) = self.found.plain.last_mut() {
                fact.beside = beside;
            }
        }
    }

    pub(super) fn slice(&mut self, expr: &'a Expr, object: &Expr, ends: [Option<&'a Expr>; 2], scope: usize) {
        let about = self.names.tokens(object, scope);
        let shown = ends.map(|end| {
            end.map_or_else(String::new, |end| {
                self.names.constant(end, scope).map_or_else(|| "?".to_owned(), |constant| constant.shown)
            })
        });
        let words = self.words(expr);
        self.fact(FactSort::Slice, "", about, &shown.join(":"), words, expr.line);
        ends.into_iter().flatten().for_each(|end| self.bound(end, scope));
    }

    pub(super) fn collection(&mut self, expr: &Expr, list: impl Iterator<Item = &'a Expr>, scope: usize) {
        let entries: Tokens =
            list.filter_map(|entry| self.names.constant(entry, scope)).map(|constant| constant.shown).collect();
        if entries.len() > 1 {
            let place = self.place(expr.line);
            self.found.collections.push(Collection { entries, place });
        }
    }

    pub(super) fn pairs(&mut self, expr: &'a Expr, pairs: &'a [(Expr, Expr)], scope: usize) {
        let entries = pairs.iter().filter_map(|(key, value)| {
            let key = key.fixed().or_else(|| self.names.constant(key, scope).map(|constant| constant.shown))?;
            let value = self.names.constant(value, scope)?;
            Some(format!("{key}: {}", value.shown))
        });
        let entries: Tokens = entries.collect();
        if entries.len() > 1 {
            let place = self.place(expr.line);
            self.found.collections.push(Collection { entries, place });
        }
    }

    /// Default values: `value or 3`, `given.get("key", 3)`.
    pub(super) fn default(&mut self, value: &Expr, name: Option<&str>, scope: usize) {
        let (key, default) = match &value.sort {
            Sort::Any(list) => match list.as_slice() {
                [first, default] => (last_word(first).or(name.map(str::to_owned)), default),
                _ => return,
            },
            Sort::Call(target, arguments) => match (&target.sort, arguments.as_slice()) {
                (Sort::Member(_, method), [key, default]) if matches!(method.as_str(), "get" | "pop" | "getenv") => {
                    (key.value.fixed(), &default.value)
                }
                _ => return,
            },
            _ => return,
        };
        let (Some(key), Some(constant)) = (key, self.names.constant(default, scope)) else { return };
        self.fact(FactSort::Default, &key, Tokens::new(), &constant.shown, key.clone(), default.line);
    }

    pub(super) fn call(&mut self, expr: &'a Expr, target: &'a Expr, arguments: &'a [Argument], at: &ValueContext) {
        let scope = at.scope;
        let (full, name, is_own) = match self.names.callee(target, scope) {
            Callee::Own(function) => (function.name.clone(), function.name.clone(), true),
            Callee::Other(full) => {
                let name = full.rsplit('.').next().unwrap_or(&full).to_owned();
                (full, name, false)
            }
        };
        let given: Vec<CallArgument> = arguments
            .iter()
            .map(|argument| CallArgument {
                name: argument.name.clone(),
                about: self.names.tokens(&argument.value, scope),
                constant: self.names.constant(&argument.value, scope),
                from: self.names.handed(&argument.value, scope).map(|line| (line, self.line(line))),
            })
            .collect();
        let on = match &target.sort {
            Sort::Member(object, _) => self.names.tokens(object, scope),
            _ => Tokens::new(),
        };
        self.special(expr, &full, &name, arguments, scope);
        let is_awaited = at.is_awaited;
        let place = self.place(expr.line);
        let words = self.words(expr);
        self.found.calls.push(CallFact {
            name: name.clone(),
            full: full.clone(),
            is_own,
            is_awaited,
            on,
            given,
            words,
            place,
        });
        // `Promise.all([...])` and `asyncio.gather(...)` await all of them.
        let waits = is_awaited != Some(false)
            && matches!(
                full.as_str(),
                "Promise.all" | "Promise.allSettled" | "Promise.race" | "asyncio.gather" | "asyncio.wait_for"
            );
        if let Sort::Member(object, _) = &target.sort {
            let chained = if matches!(name.as_str(), "then" | "catch" | "finally") { Some(true) } else { is_awaited };
            self.expr(object, &ValueContext { is_awaited: chained, ..at.used(String::new(), Tokens::new()) });
        }
        for (index, argument) in arguments.iter().enumerate() {
            let used = match &argument.name {
                Some(name) => format!("{}:{name}", if is_own { "" } else { &full }),
                None => format!("{}:{index}", if is_own { "" } else { &name }),
            };
            let is_range = matches!(name.as_str(), "range" | "slice");
            if is_range {
                self.bound(&argument.value, scope);
            }
            self.expr(&argument.value, &ValueContext { is_awaited: Some(waits), ..at.used(used, Tokens::new()) });
            if self.is_shell && !is_own {
                self.bare(&name, &argument.value, scope);
            }
        }
    }

    /// Calls that are separate facts.
    pub(super) fn special(&mut self, expr: &'a Expr, full: &str, name: &str, arguments: &'a [Argument], scope: usize) {
        let first = arguments.first().map(|argument| &argument.value);
        if matches!(full, "os.getenv" | "os.environ.get" | "os.environ.pop")
            && let Some(key) = first.and_then(Expr::fixed)
        {
            self.fact(FactSort::Environment, "", Tokens::new(), &key, key.clone(), expr.line);
        }
        let hands_all = arguments.iter().any(|argument| {
            matches!(self.names.dotted(&argument.value, scope).as_deref(), Some("os.environ" | "process.env"))
        });
        if (hands_all && !matches!(name, "run" | "Popen" | "check_output" | "spawn" | "exec"))
            || matches!(full, "os.environ.copy" | "os.environ.items")
            || (self.is_shell && matches!(full, "env" | "printenv") && arguments.is_empty())
        {
            let words = self.words(expr);
            self.fact(FactSort::Environment, "", Tokens::new(), "*", words, expr.line);
        }
        if (full.starts_with("re.") || name == "RegExp")
            && let Some(pattern) = first.and_then(|first| self.names.constant(first, scope))
        {
            self.fact(
                FactSort::Pattern,
                "",
                Tokens::new(),
                pattern.shown.trim_matches('"'),
                pattern.shown.clone(),
                pattern.line,
            );
        }
        if name == "suppress" {
            let about: Tokens =
                arguments.iter().flat_map(|argument| self.names.tokens(&argument.value, scope)).collect();
            let words = self.words(expr);
            self.fact(FactSort::Handler, "error", about, "swallowed", words, expr.line);
        }
        if let ("catch", Some(Expr { sort: Sort::Function(function), .. })) = (name, first) {
            let error = function.parameters.first().map(|parameter| parameter.name.as_str());
            let detail = self.handling(&function.body, error, self.names.inside(function));
            self.fact(FactSort::Handler, "error", Tokens::new(), detail, "every error".to_owned(), expr.line);
        }
        if matches!(name, "slice" | "substring" | "subarray") && !arguments.is_empty() {
            let ends: Vec<String> = arguments
                .iter()
                .map(|argument| {
                    self.names
                        .constant(&argument.value, scope)
                        .map_or_else(|| "?".to_owned(), |constant| constant.shown)
                })
                .collect();
            let detail = if ends.len() == 1 { format!("{}:", ends[0]) } else { ends.join(":") };
            let words = self.words(expr);
            let about = match &expr.sort {
                Sort::Call(target, _) => self.names.tokens(target, scope),
                _ => Tokens::new(),
            };
            self.fact(FactSort::Slice, "", about, &detail, words, expr.line);
        }
        if lists::is_output(full, name) {
            self.secrets(expr, arguments, scope);
        }
        if full == "add_argument" || name == "add_argument" {
            let option = first.and_then(Expr::fixed).unwrap_or_default();
            let default = arguments.iter().find(|argument| argument.name.as_deref() == Some("default"));
            if let Some(constant) = default.and_then(|default| self.names.constant(&default.value, scope)) {
                self.fact(FactSort::Default, &option, Tokens::new(), &constant.shown, option.clone(), constant.line);
            }
        }
    }

    /// Hard-coded secrets.
    pub(super) fn secrets(&mut self, expr: &'a Expr, arguments: &'a [Argument], scope: usize) {
        let mut names = Vec::new();
        for argument in arguments {
            holes(&argument.value, &mut names);
        }
        let mut told = Tokens::new();
        for hole in names {
            told.extend(last_word(hole));
            told.extend(self.names.stands_for(hole, scope).and_then(|(value, _)| last_word(value)));
        }
        let secrets: Tokens = told.into_iter().filter(|word| texts::is_secret(word) && !word.contains(' ')).collect();
        if !secrets.is_empty() {
            let words = self.words(expr);
            self.fact(FactSort::Secret, "", secrets, "", words, expr.line);
        }
    }

    /// Variables that a shell splits into words.
    pub(super) fn bare(&mut self, command: &str, value: &'a Expr, scope: usize) {
        match &value.sort {
            Sort::Bare(inner) => {
                let name = self.words(inner);
                let is_number = matches!(name.trim_matches(['$', '{', '}']), "#" | "?" | "$" | "!" | "" | "#*" | "#@");
                if !is_number {
                    let about = self.names.tokens(inner, scope);
                    let words = self.words(value);
                    self.fact(FactSort::Bare, command, about, "", words, value.line);
                }
            }
            Sort::Text(_) => value.parts().into_iter().for_each(|part| self.bare(command, part, scope)),
            _ => {}
        }
    }
}

/// The last word of `a.b.key`, `a["key"]`, `a.get("key")`, `key`.
fn last_word(expr: &Expr) -> Option<String> {
    match &expr.sort {
        Sort::Name(name) | Sort::Member(_, name) => Some(name.clone()),
        Sort::Item(_, key) => key.fixed(),
        Sort::Call(_, arguments) => arguments.first().and_then(|argument| argument.value.fixed()),
        _ => None,
    }
}

/// Functions that convert a value to text.
const SHOWING: &[&str] = &[
    "dumps",
    "str",
    "repr",
    "format",
    "String",
    "stringify",
    "join",
    "encode",
    "decode",
    "toString",
    "b64encode",
    "hexlify",
    "bytes",
];

/// Values that are inserted into a text or passed on, except measures of them.
fn holes<'e>(expr: &'e Expr, found: &mut Vec<&'e Expr>) {
    match &expr.sort {
        Sort::Call(target, arguments) => {
            if matches!(&target.sort, Sort::Name(name) | Sort::Member(_, name) if SHOWING.contains(&name.as_str())) {
                expr.parts().into_iter().skip(1).for_each(|part| holes(part, found));
                if let (Sort::Member(object, _), true) = (&target.sort, arguments.is_empty()) {
                    holes(object, found);
                }
            }
        }
        Sort::Member(_, name) if name == "length" => {}
        Sort::Name(_) | Sort::Member(..) | Sort::Item(..) => found.push(expr),
        _ => expr.parts().into_iter().for_each(|part| holes(part, found)),
    }
}
