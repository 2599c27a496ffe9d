//! How steps end, and how errors are handled.

use super::{Collector, End, MAX_STEPS};
use crate::check::change::names::Callee;
use crate::code::program::{Act, Argument, Expr, Sort, Statement};

impl Collector<'_> {
    /// How an error is handled.
    pub(super) fn handling(&self, body: &[Statement], name: Option<&str>, scope: usize) -> &'static str {
        let is_told = name.is_some_and(|name| mentions(body, name));
        match self.end(body, scope, 0) {
            _ if raises(body) => "passed on",
            End::Stop if !body.iter().all(|step| matches!(step.act, Act::Return(_))) => "passed on",
            End::Stop | End::Skip if is_told => "returned",
            _ if is_told => "told",
            End::Stop | End::Skip => "replaced",
            End::Open if body.iter().any(|step| matches!(step.act, Act::Do(Expr { sort: Sort::Call(..), .. }))) => {
                "told"
            }
            End::Open if body.iter().any(|step| matches!(step.act, Act::Let(..) | Act::Change(..))) => "replaced",
            End::Open => "swallowed",
        }
    }

    pub(super) fn end(&self, steps: &[Statement], scope: usize, depth: usize) -> End {
        let Some(last) = steps.last() else { return End::Open };
        if depth > MAX_STEPS {
            return End::Open;
        }
        match &last.act {
            Act::Raise(_) | Act::Return(None) => End::Stop,
            Act::Return(Some(value)) => self.returned(value, scope, depth),
            Act::Break | Act::Continue => End::Skip,
            Act::Do(Expr { sort: Sort::Call(target, arguments), .. }) => self.called(target, arguments, scope, depth),
            Act::Do(Expr { sort: Sort::Await(inner), .. }) => match &inner.sort {
                Sort::Call(target, arguments) => self.called(target, arguments, scope, depth),
                _ => End::Open,
            },
            Act::Block(steps) => self.end(steps, scope, depth + 1),
            Act::If(_, then, otherwise) => {
                let (yes, no) = (self.end(then, scope, depth + 1), self.end(otherwise, scope, depth + 1));
                if yes == no { yes } else { End::Open }
            }
            _ => End::Open,
        }
    }

    pub(super) fn returned(&self, value: &Expr, scope: usize, depth: usize) -> End {
        if let Sort::Pairs(pairs) = &value.sort {
            let is_no = |value: &Expr| matches!(value.sort, Sort::Flag(false));
            let is_error = pairs.iter().any(|(key, value)| match key.fixed().as_deref() {
                Some("error" | "errors") => true,
                Some("ok" | "success" | "valid" | "allowed") => is_no(value),
                _ => false,
            });
            return if is_error { End::Stop } else { End::Skip };
        }
        // `return fail("…")` ends like that function.
        if let (Sort::Call(target, _), true) = (&value.sort, depth < MAX_STEPS)
            && let Callee::Own(function) = self.names.callee(target, scope)
        {
            let end = self.end(&function.body, self.names.inside(function), depth + 1);
            return if end == End::Stop { End::Stop } else { End::Skip };
        }
        match self.names.constant(value, scope).map(|constant| constant.shown) {
            Some(shown) if matches!(shown.as_str(), "false" | "none" | "\"\"") => End::Stop,
            Some(shown) => match shown.parse::<f64>() {
                Ok(number) if number != 0.0 => End::Stop,
                _ => End::Skip,
            },
            None => End::Skip,
        }
    }

    pub(super) fn called(&self, target: &Expr, arguments: &[Argument], scope: usize, depth: usize) -> End {
        match self.names.callee(target, scope) {
            Callee::Own(function) => match self.end(&function.body, self.names.inside(function), depth + 1) {
                // A return statement of the function ends only the function.
                End::Stop if !matches!(function.body.last().map(|step| &step.act), Some(Act::Return(_))) => End::Stop,
                _ => End::Open,
            },
            Callee::Other(full) => {
                let is_exit =
                    matches!(full.as_str(), "sys.exit" | "exit" | "quit" | "os._exit" | "process.exit" | "die")
                        || full.contains("parser") && full.rsplit('.').next() == Some("error");
                let is_well = arguments.first().is_some_and(|one| {
                    matches!(&one.value.sort, Sort::Number(number) if number == "0")
                        || one.value.fixed().as_deref() == Some("0")
                });
                match (is_exit, is_well) {
                    (true, false) => End::Stop,
                    (true, true) => End::Skip,
                    (false, _) => End::Open,
                }
            }
        }
    }
}

/// Whether an error is raised somewhere in these steps.
fn raises(steps: &[Statement]) -> bool {
    steps.iter().any(|step| match &step.act {
        Act::Raise(_) => true,
        Act::If(_, then, otherwise) => raises(then) || raises(otherwise),
        Act::Block(steps) | Act::For(_, _, steps) | Act::While(_, steps) => raises(steps),
        _ => false,
    })
}

/// Whether a name is used in these steps.
fn mentions(steps: &[Statement], name: &str) -> bool {
    fn in_expr(expr: &Expr, name: &str) -> bool {
        expr.name() == Some(name) || expr.parts().into_iter().any(|part| in_expr(part, name))
    }
    steps.iter().any(|step| match &step.act {
        Act::Do(value)
        | Act::Let(_, value)
        | Act::Return(Some(value))
        | Act::Raise(Some(value))
        | Act::Change(_, _, value) => in_expr(value, name),
        Act::If(condition, then, otherwise) => {
            in_expr(condition, name) || mentions(then, name) || mentions(otherwise, name)
        }
        Act::Block(steps) => mentions(steps, name),
        _ => false,
    })
}
