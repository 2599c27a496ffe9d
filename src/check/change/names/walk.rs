//! Traverses a whole program.

use super::FileNames;
use crate::code::program::{Act, Expr, Function, Sort, Statement};

/// Calls `see` with every value of a program and its scope, outer ones first.
pub(in crate::check::change) fn each_expr<'a>(
    steps: &'a [Statement],
    scope: usize,
    names: &FileNames<'_>,
    see: &mut dyn FnMut(&'a Expr, usize),
) {
    for step in steps {
        match &step.act {
            Act::Let(targets, value) => {
                each_part(value, scope, names, see);
                for target in targets {
                    each_part(target, scope, names, see);
                }
            }
            Act::Change(target, _, value) => {
                each_part(target, scope, names, see);
                each_part(value, scope, names, see);
            }
            Act::Do(value)
            | Act::Give(value)
            | Act::Assert(value)
            | Act::Raise(Some(value))
            | Act::Return(Some(value)) => {
                each_part(value, scope, names, see);
            }
            Act::If(condition, then, otherwise) => {
                each_part(condition, scope, names, see);
                each_expr(then, scope, names, see);
                each_expr(otherwise, scope, names, see);
            }
            Act::For(_, over, body) => {
                each_part(over, scope, names, see);
                each_expr(body, scope, names, see);
            }
            Act::While(condition, body) => {
                each_part(condition, scope, names, see);
                each_expr(body, scope, names, see);
            }
            Act::Try(body, handlers, last) => {
                each_expr(body, scope, names, see);
                for handler in handlers {
                    each_expr(&handler.body, scope, names, see);
                }
                each_expr(last, scope, names, see);
            }
            Act::Define(function) => {
                for default in function.parameters.iter().filter_map(|parameter| parameter.default.as_ref()) {
                    each_part(default, scope, names, see);
                }
                each_expr(&function.body, names.inside(function), names, see);
            }
            Act::Block(steps) => each_expr(steps, scope, names, see),
            Act::Raise(None) | Act::Return(None) | Act::Break | Act::Continue | Act::Import(_) => {}
        }
    }
}

fn each_part<'a>(expr: &'a Expr, scope: usize, names: &FileNames<'_>, see: &mut dyn FnMut(&'a Expr, usize)) {
    see(expr, scope);
    if let Sort::Function(function) = &expr.sort {
        each_expr(&function.body, names.inside(function), names, see);
    }
    expr.parts().into_iter().for_each(|part| each_part(part, scope, names, see));
}

/// Calls `see` with every function that has a name.
pub(in crate::check::change) fn each_function<'a>(steps: &'a [Statement], see: &mut dyn FnMut(&'a Function)) {
    for step in steps {
        match &step.act {
            Act::Define(function) => {
                see(function);
                each_function(&function.body, see);
            }
            Act::If(_, then, otherwise) => {
                each_function(then, see);
                each_function(otherwise, see);
            }
            Act::For(_, _, body) | Act::While(_, body) | Act::Block(body) => each_function(body, see),
            Act::Try(body, handlers, last) => {
                each_function(body, see);
                for handler in handlers {
                    each_function(&handler.body, see);
                }
                each_function(last, see);
            }
            _ => {}
        }
    }
}
