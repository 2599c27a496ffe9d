//! Collects the facts of one file.

mod condition;
mod ending;
mod value;

use super::fact::{Fact, ProgramFacts, Sort as FactSort, SourceLocation, Weight};
use crate::check::change::names::{FileNames, Tokens};
use crate::code::program::{Act, Expr, Function, Handler, Sort, Statement};
use condition::{gives_flag, gives_nothing};
use std::collections::HashSet;

/// How many names and functions in a chain are followed for a condition.
const MAX_STEPS: usize = 5;

/// The longest quoted code, in characters.
const MAX_WORDS: usize = 70;

/// A file whose facts are collected.
pub(in crate::check::change) struct Collector<'a> {
    pub(in crate::check::change) names: &'a FileNames<'a>,
    pub(in crate::check::change) text: &'a str,
    pub(in crate::check::change) path: &'a str,
    /// Whether it is a shell script.
    pub(in crate::check::change) is_shell: bool,
    /// Functions that are no longer called: their code does not run.
    pub(in crate::check::change) unused: &'a HashSet<String>,
    pub(in crate::check::change) found: &'a mut ProgramFacts,
}

/// The context of a value.
#[derive(Clone)]
struct ValueContext {
    scope: usize,
    /// Its use: `test`, `copy:0`, `range:0`.
    used: String,
    /// The other values in that use.
    with: Tokens,
    /// Whether its result is awaited; `None` if it is passed on.
    is_awaited: Option<bool>,
}

/// The answers with which a condition ends something.
#[derive(Clone, Copy, Default)]
struct ExitAnswers {
    /// The program ends.
    stops: Option<bool>,
    /// A loop turn or the function ends.
    leaves: Option<bool>,
}

impl ExitAnswers {
    fn turned(self) -> ExitAnswers {
        ExitAnswers { stops: self.stops.map(|answer| !answer), leaves: self.leaves.map(|answer| !answer) }
    }
}

/// How a condition is combined with others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connective {
    /// It stands alone.
    Alone,
    /// All must hold.
    All,
    /// One is enough.
    Any,
}

impl Connective {
    /// The negation of "all" is "any negated".
    fn turned(self) -> Connective {
        match self {
            Connective::Alone => Connective::Alone,
            Connective::All => Connective::Any,
            Connective::Any => Connective::All,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The program ends.
    Stop,
    /// A loop turn or the function ends.
    Skip,
    /// The following steps run.
    Open,
}

impl ValueContext {
    fn new(scope: usize) -> ValueContext {
        ValueContext { scope, used: String::new(), with: Tokens::new(), is_awaited: Some(false) }
    }

    fn used(&self, used: impl Into<String>, with: Tokens) -> ValueContext {
        ValueContext { scope: self.scope, used: used.into(), with, is_awaited: Some(false) }
    }
}

impl<'a> Collector<'a> {
    fn words(&self, expr: &Expr) -> String {
        let text = self.text.get(expr.span.0..expr.span.1).unwrap_or_default();
        let line: Vec<&str> = text.split_whitespace().collect();
        let line = line.join(" ");
        if line.chars().count() <= MAX_WORDS {
            return line;
        }
        line.chars().take(MAX_WORDS - 1).chain(['…']).collect()
    }

    /// A line of the file without surrounding blanks.
    fn line(&self, line: u64) -> String {
        let index = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        self.text.lines().nth(index).unwrap_or_default().trim().to_owned()
    }

    fn place(&self, line: u64) -> SourceLocation {
        SourceLocation { path: self.path.to_owned(), line }
    }

    fn fact(&mut self, sort: FactSort, group: &str, about: Tokens, detail: &str, words: String, line: u64) {
        let place = self.place(line);
        let (group, detail) = (group.to_owned(), detail.to_owned());
        self.found.plain.push(Fact { sort, group, about, beside: Tokens::new(), detail, words, place });
    }

    /// Collects from a sequence of steps.
    pub(in crate::check::change) fn block(&mut self, steps: &'a [Statement], scope: usize) {
        for (index, step) in steps.iter().enumerate() {
            self.step(step, &steps[index + 1..], scope);
        }
    }

    fn step(&mut self, step: &'a Statement, rest: &'a [Statement], scope: usize) {
        let at = ValueContext::new(scope);
        match &step.act {
            Act::Let(targets, value) => {
                let named = targets.iter().find_map(Expr::name).unwrap_or_default().to_lowercase();
                self.expr(value, &at.used("named", named.split('_').map(str::to_owned).collect()));
                for target in targets {
                    self.target(target, scope);
                }
                self.default(value, targets.first().and_then(Expr::name), scope);
            }
            Act::Change(target, sign, value) => {
                self.math(
                    sign,
                    target,
                    value,
                    step.line,
                    format!("{} {sign}= {}", self.words(target), self.words(value)),
                    scope,
                );
                self.expr(value, &at.used(format!("math:{sign}"), self.names.tokens(target, scope)));
            }
            // A text as a statement is a comment.
            Act::Do(Expr { sort: Sort::Text(_), .. }) if !self.is_shell => {}
            Act::Do(value) => self.expr(value, &at),
            Act::Assert(value) => {
                self.test(
                    value,
                    true,
                    Weight::Stop,
                    ExitAnswers { stops: Some(false), leaves: None },
                    Connective::Alone,
                    scope,
                    0,
                );
                self.expr(value, &at);
            }
            Act::If(condition, then, otherwise) => self.branch(condition, then, otherwise, rest, scope),
            Act::For(_, over, body) => self.rounds(step.line, over, body, scope),
            Act::While(condition, body) => {
                self.test(condition, true, Weight::Loop, ExitAnswers::default(), Connective::Alone, scope, 0);
                self.expr(condition, &at.used("loop", Tokens::new()));
                self.bound(condition, scope);
                self.cut(step.line, body);
                self.block(body, scope);
            }
            Act::Try(body, handlers, last) => self.attempt(step.line, body, handlers, last, scope),
            Act::Raise(value) => {
                if let Some(value) = value {
                    self.expr(value, &at);
                }
            }
            Act::Return(value) => {
                if let Some(value) = value {
                    self.test(value, true, Weight::Result, ExitAnswers::default(), Connective::Alone, scope, 0);
                    self.expr(value, &ValueContext { is_awaited: None, ..at.used("result", Tokens::new()) });
                }
            }
            Act::Give(value) => {
                self.expr(value, &ValueContext { is_awaited: None, ..at.used("result", Tokens::new()) });
            }
            Act::Define(function) => self.function(function, scope),
            Act::Import(pairs) => {
                for (_, full) in pairs {
                    let module = full.trim_start_matches('.').split('.').next().unwrap_or(full);
                    self.fact(FactSort::Import, "", Tokens::new(), module, full.clone(), step.line);
                }
            }
            Act::Block(steps) => {
                self.block(steps, scope);
            }
            Act::Break | Act::Continue => {}
        }
    }

    fn target(&mut self, target: &'a Expr, scope: usize) {
        if let Sort::Item(object, index) = &target.sort {
            let at = ValueContext::new(scope);
            self.expr(object, &at);
            self.expr(index, &at);
        }
    }

    fn function(&mut self, function: &'a Function, scope: usize) {
        if self.unused.contains(&function.name) {
            return;
        }
        for parameter in &function.parameters {
            let Some(default) = &parameter.default else { continue };
            let shown =
                self.names.constant(default, scope).map_or_else(|| self.words(default), |constant| constant.shown);
            self.fact(
                FactSort::Default,
                &parameter.name,
                Tokens::new(),
                &shown,
                parameter.name.clone(),
                parameter.line,
            );
            self.expr(default, &ValueContext::new(scope).used("default", Tokens::from([parameter.name.clone()])));
        }
        self.block(&function.body, self.names.inside(function));
    }

    fn branch(
        &mut self,
        condition: &'a Expr,
        then: &'a [Statement],
        otherwise: &'a [Statement],
        rest: &'a [Statement],
        scope: usize,
    ) {
        let (yes, no) = (self.end(then, scope, 0), self.end(otherwise, scope, 0));
        // `if ok: return x` before a stop means a stop if not ok.
        let follows = if yes == End::Skip && otherwise.is_empty() {
            self.end(&rest[..rest.len().min(1)], scope, 0)
        } else {
            End::Open
        };
        // `if a: return True` before `return False` is `return a`.
        let is_result = gives_flag(then) && gives_flag(rest);
        let stops = match (yes, no) {
            (End::Stop, End::Stop) => None,
            (End::Stop, _) => Some(true),
            (_, End::Stop) => Some(false),
            _ if follows == End::Stop && !is_result && !gives_nothing(rest) => Some(false),
            _ => None,
        };
        let weight = match (stops, yes, no) {
            _ if is_result => Weight::Result,
            (Some(_), ..) => Weight::Stop,
            (None, End::Skip, _) | (None, _, End::Skip) => Weight::Skip,
            _ => Weight::Plain,
        };
        let leaves = match (yes, no) {
            (End::Skip | End::Stop, End::Open) => Some(true),
            (End::Open, End::Skip | End::Stop) => Some(false),
            _ => None,
        };
        self.swallowed_by_branch(condition, then, scope);
        self.test(condition, true, weight, ExitAnswers { stops, leaves }, Connective::Alone, scope, 0);
        self.expr(condition, &ValueContext::new(scope).used("condition", Tokens::new()));
        self.block(then, scope);
        self.block(otherwise, scope);
    }

    /// `command || true` hides that the command failed.
    fn swallowed_by_branch(&mut self, condition: &'a Expr, then: &'a [Statement], scope: usize) {
        let (Sort::Not(command), [Statement { act: Act::Do(only), .. }]) = (&condition.sort, then) else { return };
        let Sort::Call(target, _) = &only.sort else { return };
        if self.is_shell && matches!(target.name(), Some("true" | ":")) {
            let about = self.names.tokens(command, scope);
            let words = self.words(command);
            // A calculation with the result zero is not an error.
            if !words.starts_with("((") {
                self.fact(FactSort::Handler, "error", about, "swallowed", words, condition.line);
            }
        }
    }

    fn rounds(&mut self, line: u64, over: &'a Expr, body: &'a [Statement], scope: usize) {
        self.expr(over, &ValueContext::new(scope).used("rounds", Tokens::new()));
        self.bound(over, scope);
        self.cut(line, body);
        self.block(body, scope);
    }

    /// A loop that always ends in its first turn is not a loop.
    fn cut(&mut self, line: u64, body: &[Statement]) {
        let last = body.last().map(|step| (&step.act, step.line));
        if let Some((Act::Break | Act::Return(_), at)) = last {
            let is_going_on = body.iter().any(|step| matches!(&step.act, Act::If(_, then, _) if then.iter().any(|step| matches!(step.act, Act::Continue))));
            if !is_going_on {
                self.fact(FactSort::Cut, "", Tokens::new(), "", format!("the loop in line {line}"), at);
            }
        }
    }

    /// Ends of loops and slices with an added number.
    fn bound(&mut self, expr: &'a Expr, scope: usize) {
        if let Sort::Math(sign, a, b) = &expr.sort
            && let (true, Sort::Number(number)) = (matches!(sign.as_str(), "+" | "-"), &b.sort)
        {
            let about = self.names.tokens(a, scope);
            let words = self.words(expr);
            self.fact(FactSort::Bound, "", about, &format!("{sign}{number}"), words, expr.line);
        }
        if !matches!(expr.sort, Sort::Function(_)) {
            expr.parts().into_iter().for_each(|part| self.bound(part, scope));
        }
    }

    fn attempt(
        &mut self,
        line: u64,
        body: &'a [Statement],
        handlers: &'a [Handler],
        last: &'a [Statement],
        scope: usize,
    ) {
        self.block(body, scope);
        for handler in handlers {
            self.handler(handler, scope);
            self.block(&handler.body, scope);
        }
        if !last.is_empty() {
            let at = last.first().map_or(line, |step| step.line);
            self.fact(FactSort::Handler, "finally", Tokens::new(), "done in any case", "finally".to_owned(), at);
            self.block(last, scope);
        }
    }

    fn handler(&mut self, handler: &'a Handler, scope: usize) {
        let about = handler.of.as_ref().map_or_else(Tokens::new, |of| self.names.tokens(of, scope));
        let words = handler.of.as_ref().map_or_else(|| "every error".to_owned(), |of| self.words(of));
        let detail = self.handling(&handler.body, handler.name.as_deref(), scope);
        self.fact(FactSort::Handler, "error", about, detail, words, handler.line);
    }
}
