//! The facts that are compared; a refactoring does not change them.

use crate::check::change::names::{Constant, Tokens, likeness};

/// The kinds of facts that are described by a word and their subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::check::change) enum Sort {
    /// A server.
    Host,
    /// A mail address.
    Address,
    /// A path or a pattern of paths.
    Path,
    /// A regular expression.
    Pattern,
    /// An environment variable.
    Environment,
    /// A number and its use.
    Number,
    /// A default value.
    Default,
    /// An error handler or a `finally`.
    Handler,
    /// A calculation.
    Math,
    /// A part of a list or text.
    Slice,
    /// A loop end with an offset.
    Bound,
    /// A constant condition.
    Constant,
    /// An unquoted shell variable.
    Bare,
    /// A module from elsewhere.
    Import,
    /// A hard-coded secret.
    Secret,
    /// A loop that ends in its first turn.
    Cut,
}

#[derive(Debug, Clone)]
pub(in crate::check::change) struct Fact {
    pub(in crate::check::change) sort: Sort,
    /// Facts of different groups are not compared.
    pub(in crate::check::change) group: String,
    /// Its subject.
    pub(in crate::check::change) about: Tokens,
    /// The other side of a calculation.
    pub(in crate::check::change) beside: Tokens,
    /// The part that must not change.
    pub(in crate::check::change) detail: String,
    /// Its source text.
    pub(in crate::check::change) words: String,
    pub(in crate::check::change) place: SourceLocation,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::check::change) struct SourceLocation {
    /// The file inside the version.
    pub(in crate::check::change) path: String,
    /// The line, counted from 1.
    pub(in crate::check::change) line: u64,
}

/// The weight of a condition, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::check::change) enum Weight {
    /// It continues a loop.
    Loop,
    /// It selects an action.
    Plain,
    /// It is a result.
    Result,
    /// It ends a loop turn or returns something else.
    Skip,
    /// It ends the program.
    Stop,
}

/// A test and its consequences.
#[derive(Debug, Clone)]
pub(in crate::check::change) struct Test {
    /// `order`, `equal`, `truth`, `in`, `match`.
    pub(in crate::check::change) group: &'static str,
    /// The lesser and the greater side of an order comparison; otherwise the tested value, and nothing.
    pub(in crate::check::change) sides: (Tokens, Tokens),
    /// Its weight.
    pub(in crate::check::change) weight: Weight,
    /// The answer with which the program ends.
    pub(in crate::check::change) stops: Option<bool>,
    /// The answer with which a loop turn or the function ends.
    pub(in crate::check::change) leaves: Option<bool>,
    /// Whether it is one of several conditions joined by `and` or `or`.
    pub(in crate::check::change) is_joined: bool,
    /// Whether the operator is `or`.
    pub(in crate::check::change) is_any: bool,
    /// Whether a call gives the answer.
    pub(in crate::check::change) is_asked: bool,
    /// The text that it is compared with, if any.
    pub(in crate::check::change) constant: Option<String>,
    /// Its source text.
    pub(in crate::check::change) words: String,
    pub(in crate::check::change) place: SourceLocation,
}

/// An argument of a call.
#[derive(Debug, Clone)]
pub(in crate::check::change) struct CallArgument {
    /// Its name, if it is a named argument.
    pub(in crate::check::change) name: Option<String>,
    /// Its parts.
    pub(in crate::check::change) about: Tokens,
    /// Its value, if known.
    pub(in crate::check::change) constant: Option<Constant>,
    /// For a parameter, the line where it is passed in, and its text.
    pub(in crate::check::change) from: Option<(u64, String)>,
}

#[derive(Debug, Clone)]
pub(in crate::check::change) struct CallFact {
    /// The last word of the called name.
    pub(in crate::check::change) name: String,
    /// The full name: `os.remove`, `.unlink`.
    pub(in crate::check::change) full: String,
    /// Whether it is a function of the program.
    pub(in crate::check::change) is_own: bool,
    /// Whether its end is awaited; `None` if that is left to others.
    pub(in crate::check::change) is_awaited: Option<bool>,
    /// The object of the call, and the words of its arguments.
    pub(in crate::check::change) on: Tokens,
    pub(in crate::check::change) given: Vec<CallArgument>,
    /// Its source text.
    pub(in crate::check::change) words: String,
    pub(in crate::check::change) place: SourceLocation,
}

/// Constants that belong together.
#[derive(Debug, Clone)]
pub(in crate::check::change) struct Collection {
    /// The constants, as shown.
    pub(in crate::check::change) entries: Tokens,
    pub(in crate::check::change) place: SourceLocation,
}

/// All facts of the programs of a version in one language.
#[derive(Debug, Default)]
pub(in crate::check::change) struct ProgramFacts {
    pub(in crate::check::change) plain: Vec<Fact>,
    pub(in crate::check::change) tests: Vec<Test>,
    pub(in crate::check::change) calls: Vec<CallFact>,
    pub(in crate::check::change) collections: Vec<Collection>,
    /// Composed texts, for paths and hosts that are only a part.
    pub(in crate::check::change) texts: Tokens,
    /// Attributes that are read.
    pub(in crate::check::change) members: Tokens,
}

impl CallFact {
    /// Its subject: its object and arguments.
    pub(in crate::check::change) fn about(&self) -> Tokens {
        self.given.iter().flat_map(|given| &given.about).chain(&self.on).cloned().collect()
    }

    /// The known parts of its arguments, for an exact comparison.
    pub(in crate::check::change) fn key(&self) -> String {
        let given = self.given.iter().map(|given| {
            let name = given.name.as_deref().unwrap_or_default();
            let value = given.constant.as_ref().map_or_else(
                || given.about.iter().cloned().collect::<Vec<_>>().join(" "),
                |constant| constant.shown.clone(),
            );
            format!("{name}={value}")
        });
        format!("{}({})", self.name, given.collect::<Vec<_>>().join(","))
    }
}

impl Test {
    /// All its known parts except position and source text.
    pub(in crate::check::change) fn key(&self) -> String {
        let Test { group, sides, weight, stops, leaves, is_joined, is_any, is_asked, constant, .. } = self;
        format!("{:?}", (group, sides, weight, stops, leaves, is_joined, is_any, is_asked, constant))
    }

    /// Its subject.
    pub(in crate::check::change) fn about(&self) -> Tokens {
        self.sides.0.union(&self.sides.1).cloned().collect()
    }

    /// Whether the sides of two order comparisons have the same direction.
    pub(in crate::check::change) fn stands_as(&self, other: &Test) -> bool {
        let straight = likeness(&self.sides.0, &other.sides.0) + likeness(&self.sides.1, &other.sides.1);
        let crossed = likeness(&self.sides.0, &other.sides.1) + likeness(&self.sides.1, &other.sides.0);
        straight >= crossed
    }
}
