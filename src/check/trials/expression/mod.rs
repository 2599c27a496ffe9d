//! Rules about the input and output of a trial, used in properties, relations and sanity rules.
//!
//! The language is a subset of CEL, the Common Expression Language.
//!
//! ```text
//! rule    = either [ "?" rule ":" rule ]    either = both { "||" both }       both = not { "&&" not }
//! compare = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") sum ]
//! sum     = term { ("+" | "-") term }       term = value { ("*" | "/" | "%") value }
//! value   = number | "text" | 'text' | true | false | null | [ rule, … ] | ( rule ) | - value | ! value | path | call
//! path    = ("input" | "output" | "other" | "steps" | "exit" | NAME) { .name | [ rule ] | .call }
//! call    = size(x) has(path) string(x) int(x) double(x) type(x)
//!           x.size() x.startsWith(y) x.endsWith(y) x.contains(y) x.lowerAscii() x.upperAscii() x.trim()
//!           x.all(NAME, rule) x.exists(NAME, rule) x.exists_one(NAME, rule) x.map(NAME, rule) x.filter(NAME, rule)
//! ```
//!
//! Additions to CEL, which are older than the use of CEL here: `and`, `or`, `not`; `list.0` for `list[0]`, and
//! `list[-1]` for the last one; `len sorted unique abs min max sum round lower upper trim keys starts ends` as
//! functions, `all(list, rule over item)`, `any(list, rule over item)` and `exists(path)`. `sorted` and `unique` test a
//! list. Differences from CEL: all numbers are JSON numbers, so `1` is `1.0` and `7 / 2` is `3.5`. Not supported: maps,
//! bytes, times, `matches`.
//!
//! A path that does not exist is an error, returned by [`Expression::holds`]; `has` and `exists` test for it. If one
//! side of `&&` or `||` decides, an error of the other does not count.
//!
//! A rule comes from a tool, so its length, depth and evaluation steps are limited. The crate `cel` (0.15) is not used
//! because its interpreter limits neither steps nor time nor the results of `map`, and of its two parsers the public
//! one overflows the stack on nested text. It would also add 35 CPU seconds to a clean release build, for the runtime
//! of a parser generator.

mod read;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use serde_json::Value;

pub(super) use value::{equal, quote};

/// The longest rule in bytes.
const MAX_TEXT: usize = 2000;

/// The deepest nesting of a rule.
const MAX_DEPTH: usize = 40;

/// The most levels of a tree: `1 + 1 + 1 + …` is nested too, and is evaluated recursively.
const MAX_LEVELS: usize = 150;

/// The most steps of one evaluation, including traversed values: nested `all` multiplies them.
const MAX_STEPS: usize = 500_000;

/// A parsed rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    text: String,
    root: Node,
}

/// The values that a rule can use.
#[derive(Debug, Clone, Copy)]
pub(super) struct EvaluationScope<'a> {
    pub(super) input: &'a Value,
    /// The output: JSON, or plain text.
    pub(super) output: &'a Value,
    /// The output of the other trial of a relation.
    pub(super) other: Option<&'a Value>,
    /// The results of a composite's steps, by name.
    pub(super) steps: Option<&'a Value>,
    pub(super) exit: i32,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    List(Vec<Node>),
    Root(ValueRoot),
    /// What goes through a list, by its name.
    Name(String),
    Field(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Negative(Box<Node>),
    Not(Box<Node>),
    Both(Box<Node>, Box<Node>),
    Either(Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Compare(Box<Node>, Compare, Box<Node>),
    Reckon(Box<Node>, ArithmeticOp, Box<Node>),
    Call(Function, Vec<Node>),
    /// Whether there is such a value.
    Has(Box<Node>),
    /// A rule for each element of a list.
    Each {
        over: Box<Node>,
        way: ListOperation,
        name: String,
        rule: Box<Node>,
    },
}

/// What is made of a rule for each element of a list.
#[derive(Debug, Clone, Copy, PartialEq)]
enum ListOperation {
    All,
    Any,
    One,
    Map,
    Filter,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum ValueRoot {
    Input,
    Output,
    Other,
    Steps,
    Exit,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Compare {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    In,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum ArithmeticOp {
    Plus,
    Minus,
    Times,
    Through,
    Rest,
}

/// A function of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Size,
    Sorted,
    Unique,
    Abs,
    Min,
    Max,
    Sum,
    Round,
    Lower,
    Upper,
    Trim,
    Keys,
    Type,
    Starts,
    Ends,
    Contains,
    Text,
    Whole,
    Number,
}

impl Expression {
    /// Parses a rule.
    ///
    /// # Errors
    /// The fault and its position, in one line.
    pub(super) fn parse(text: &str) -> Result<Expression, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("the rule is longer than {MAX_TEXT} bytes"));
        }
        Ok(Expression { text: text.trim().to_owned(), root: read::read(text)? })
    }

    /// The rule as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is true.
    ///
    /// # Errors
    /// Why this cannot be determined: a path that does not exist, values that cannot be compared, a result that is not
    /// a boolean.
    pub(super) fn holds(&self, scope: &EvaluationScope<'_>) -> Result<bool, String> {
        walk::holds(&self.root, scope)
    }
}
