//! Programs in one form for all languages, with the details that a comparison needs.
//!
//! The readers of the languages ([`super::python::program`], [`super::javascript::program`], [`super::shell::program`])
//! create this form; its users need no knowledge of the language. Brackets, types, comments and layout are removed.
//! Anything that no rule needs becomes [`Sort::Other`] with its parts.

/// A value as written.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    /// The line where it begins, counted from 1.
    pub(crate) line: u64,
    /// Its range in the file, in bytes.
    pub(crate) span: (usize, usize),
    /// Its kind.
    pub(crate) sort: Sort,
}

/// The kinds of values.
#[derive(Debug, Clone)]
pub(crate) enum Sort {
    /// A variable, a parameter, a function.
    Name(String),
    /// Text with holes.
    Text(Vec<TextPiece>),
    /// A number, in its shortest form: `30`, `0.5`.
    Number(String),
    /// True or false.
    Flag(bool),
    /// None, null, undefined.
    Nothing,
    /// A regular expression literal: `/^a+$/`.
    Pattern(String),
    /// `object.name`.
    Member(Box<Expr>, String),
    /// `object[index]`.
    Item(Box<Expr>, Box<Expr>),
    /// `object[from:to]`.
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `target(arguments)`.
    Call(Box<Expr>, Vec<Argument>),
    /// `a + b` and similar operations.
    Math(String, Box<Expr>, Box<Expr>),
    /// `a < b` and similar comparisons.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// The opposite of a condition.
    Not(Box<Expr>),
    /// All of them are true.
    All(Vec<Expr>),
    /// One of them is true, or the first that exists.
    Any(Vec<Expr>),
    /// One of two values, depending on a condition.
    Choice(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A list, a tuple, a set.
    Many(Vec<Expr>),
    /// A dictionary, an object.
    Pairs(Vec<(Expr, Expr)>),
    /// A comprehension: the value of each iteration, the iterations, the conditions.
    Each(Box<Expr>, Vec<Round>, Vec<Expr>),
    /// A function without a name.
    Function(Box<Function>),
    /// An awaited value.
    Await(Box<Expr>),
    /// A shell variable that is split into words and expanded as a pattern.
    Bare(Box<Expr>),
    /// Anything else, by its parts.
    Other(Vec<Expr>),
}

/// A part of a text.
#[derive(Debug, Clone)]
pub(crate) enum TextPiece {
    /// As written, with its escapes.
    Fixed(String),
    /// An inserted value.
    Hole(Expr),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompareOp {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    Unequal,
    In,
    NotIn,
    /// Matches a pattern.
    Matches,
}

/// An argument of a call.
#[derive(Debug, Clone)]
pub(crate) struct Argument {
    /// Its name, if it is a named argument.
    pub(crate) name: Option<String>,
    /// Its value.
    pub(crate) value: Expr,
}

/// One `for` of a comprehension.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    /// The names that are set.
    pub(crate) names: Vec<String>,
    /// The iterated value.
    pub(crate) over: Expr,
}

#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// Its name; empty for one without.
    pub(crate) name: String,
    /// Its parameters, without `self`.
    pub(crate) parameters: Vec<Parameter>,
    /// Its body.
    pub(crate) body: Vec<Statement>,
    /// Whether it is a class: a call creates an object with the parameters as attributes.
    pub(crate) is_class: bool,
}

/// A parameter of a function.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: String,
    /// Its line.
    pub(crate) line: u64,
    /// Its default.
    pub(crate) default: Option<Expr>,
}

/// A statement of a program.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// The line where it begins, counted from 1.
    pub(crate) line: u64,
    /// Its action.
    pub(crate) act: Act,
}

/// The kinds of statements.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// `targets = value`; several targets share the value.
    Let(Vec<Expr>, Expr),
    /// `target += value`.
    Change(Expr, String, Expr),
    /// An expression that is evaluated for its effect.
    Do(Expr),
    /// `if`.
    If(Expr, Vec<Statement>, Vec<Statement>),
    /// A loop over a value.
    For(Vec<String>, Expr, Vec<Statement>),
    /// A loop with a condition.
    While(Expr, Vec<Statement>),
    /// `try`: the body, the handlers, and the `finally` part.
    Try(Vec<Statement>, Vec<Handler>, Vec<Statement>),
    /// Raises an error.
    Raise(Option<Expr>),
    /// Returns from the function.
    Return(Option<Expr>),
    /// Yields a value.
    Give(Expr),
    /// Leaves the loop.
    Break,
    /// Continues with the next iteration.
    Continue,
    /// The definition of a function.
    Define(Function),
    /// Imports names: the name here, and the full name in the other module.
    Import(Vec<(String, String)>),
    /// A check that ends the program if it fails.
    Assert(Expr),
    /// Statements in a separate scope: a class, a `with`.
    Block(Vec<Statement>),
}

/// An error handler.
#[derive(Debug, Clone)]
pub(crate) struct Handler {
    /// The line where it begins.
    pub(crate) line: u64,
    /// The name of the error in it.
    pub(crate) name: Option<String>,
    /// The errors that it handles; `None` for all.
    pub(crate) of: Option<Expr>,
    /// Its body.
    pub(crate) body: Vec<Statement>,
}

impl Expr {
    /// The values inside it, in order.
    pub(crate) fn parts(&self) -> Vec<&Expr> {
        match &self.sort {
            Sort::Name(_) | Sort::Number(_) | Sort::Flag(_) | Sort::Nothing | Sort::Pattern(_) | Sort::Function(_) => {
                Vec::new()
            }
            Sort::Text(pieces) => pieces.iter().filter_map(TextPiece::hole).collect(),
            Sort::Member(one, _) | Sort::Not(one) | Sort::Await(one) | Sort::Bare(one) => vec![one],
            Sort::Item(a, b) | Sort::Math(_, a, b) | Sort::Compare(_, a, b) => vec![a, b],
            Sort::Slice(a, from, to) => {
                [Some(a), from.as_ref(), to.as_ref()].into_iter().flatten().map(|b| &**b).collect()
            }
            Sort::Call(target, arguments) => {
                std::iter::once(&**target).chain(arguments.iter().map(|argument| &argument.value)).collect()
            }
            Sort::All(list) | Sort::Any(list) | Sort::Many(list) | Sort::Other(list) => list.iter().collect(),
            Sort::Choice(a, b, c) => vec![a, b, c],
            Sort::Pairs(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
            Sort::Each(element, rounds, conditions) => {
                std::iter::once(&**element).chain(rounds.iter().map(|round| &round.over)).chain(conditions).collect()
            }
        }
    }

    /// Its name, if it is a name.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.sort {
            Sort::Name(name) => Some(name),
            _ => None,
        }
    }

    /// Its text, if it is a text without holes.
    pub(crate) fn fixed(&self) -> Option<String> {
        let Sort::Text(pieces) = &self.sort else { return None };
        pieces.iter().map(|piece| if let TextPiece::Fixed(text) = piece { Some(text.as_str()) } else { None }).collect()
    }
}

impl TextPiece {
    fn hole(&self) -> Option<&Expr> {
        match self {
            TextPiece::Hole(expr) => Some(expr),
            TextPiece::Fixed(_) => None,
        }
    }
}

impl CompareOp {
    /// The comparison for an operator.
    pub(crate) fn of(sign: &str) -> Option<CompareOp> {
        Some(match sign {
            "<" | "-lt" => CompareOp::Less,
            "<=" | "-le" => CompareOp::LessEqual,
            ">" | "-gt" => CompareOp::Greater,
            ">=" | "-ge" => CompareOp::GreaterEqual,
            "==" | "===" | "=" | "is" | "-eq" => CompareOp::Equal,
            "!=" | "!==" | "<>" | "is not" | "-ne" => CompareOp::Unequal,
            "in" => CompareOp::In,
            "not in" => CompareOp::NotIn,
            "=~" => CompareOp::Matches,
            _ => return None,
        })
    }
}
