//! What is compared: facts of a program that a refactoring leaves alone.

use crate::check::change::names::{Constant, Tokens, likeness};

/// The sorts of facts that are told by a word and what they are about.
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
    /// A variable of the environment.
    Environment,
    /// A number and where it is used.
    Number,
    /// What is taken when nothing is given.
    Default,
    /// What is done about an error, or in any case.
    Handler,
    /// A calculation.
    Math,
    /// A part of a list or text.
    Slice,
    /// An end of a loop that is moved.
    Bound,
    /// A condition that says nothing.
    Constant,
    /// A variable of a shell outside quotes.
    Bare,
    /// A module from elsewhere.
    Import,
    /// A secret that is written out.
    Secret,
    /// A loop that ends in its first round.
    Cut,
}

#[derive(Debug, Clone)]
pub(in crate::check::change) struct Fact {
    pub(in crate::check::change) sort: Sort,
    /// Facts of different groups have nothing to do with each other.
    pub(in crate::check::change) group: String,
    /// What it is about.
    pub(in crate::check::change) about: Tokens,
    /// The other side of a calculation.
    pub(in crate::check::change) beside: Tokens,
    /// What must not change.
    pub(in crate::check::change) detail: String,
    /// How it is written.
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

/// How much hangs on a condition, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::check::change) enum Weight {
    /// It keeps a loop going.
    Loop,
    /// It chooses what is done.
    Plain,
    /// It is a result.
    Result,
    /// It leaves a round or gives back something else.
    Skip,
    /// It stops the work.
    Stop,
}

/// What is tested, and what follows from it.
#[derive(Debug, Clone)]
pub(in crate::check::change) struct Test {
    /// `order`, `equal`, `truth`, `in`, `match`.
    pub(in crate::check::change) group: &'static str,
    /// The lesser and the greater side of an order; what is tested, and nothing, for others.
    pub(in crate::check::change) sides: (Tokens, Tokens),
    /// How much hangs on it.
    pub(in crate::check::change) weight: Weight,
    /// The answer with which the work is stopped.
    pub(in crate::check::change) stops: Option<bool>,
    /// The answer with which a round or the function is left.
    pub(in crate::check::change) leaves: Option<bool>,
    /// Whether it is one of several conditions joined by `and` or `or`.
    pub(in crate::check::change) is_joined: bool,
    /// Whether one of those is enough.
    pub(in crate::check::change) is_any: bool,
    /// Whether a call is asked for the answer.
    pub(in crate::check::change) is_asked: bool,
    /// What it is compared with, where that is a text.
    pub(in crate::check::change) constant: Option<String>,
    /// How it is written.
    pub(in crate::check::change) words: String,
    pub(in crate::check::change) place: SourceLocation,
}

/// An argument of a call.
#[derive(Debug, Clone)]
pub(in crate::check::change) struct CallArgument {
    /// Its name where it is given by name.
    pub(in crate::check::change) name: Option<String>,
    /// What it is made of.
    pub(in crate::check::change) about: Tokens,
    /// Its value, where that is known.
    pub(in crate::check::change) constant: Option<Constant>,
    /// The line, and its text, in which it was handed in where it is a parameter.
    pub(in crate::check::change) from: Option<(u64, String)>,
}

#[derive(Debug, Clone)]
pub(in crate::check::change) struct CallFact {
    /// The last word of what is called.
    pub(in crate::check::change) name: String,
    /// The full name: `os.remove`, `.unlink`.
    pub(in crate::check::change) full: String,
    /// Whether it is a function of the program.
    pub(in crate::check::change) is_own: bool,
    /// Whether its end is waited for; `None` where that is left to others.
    pub(in crate::check::change) is_awaited: Option<bool>,
    /// What it is called on, and the arguments of it.
    pub(in crate::check::change) on: Tokens,
    pub(in crate::check::change) given: Vec<CallArgument>,
    /// How it is written.
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
    /// Texts as put together, for paths and hosts that are only a part.
    pub(in crate::check::change) texts: Tokens,
    /// Attributes that are read.
    pub(in crate::check::change) members: Tokens,
}

impl CallFact {
    /// What it is about: what it is called on and its arguments.
    pub(in crate::check::change) fn about(&self) -> Tokens {
        self.given.iter().flat_map(|given| &given.about).chain(&self.on).cloned().collect()
    }

    /// What is known of its arguments, for an exact comparison.
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
    /// All that is known of it but where it stands and how it is written.
    pub(in crate::check::change) fn key(&self) -> String {
        let Test { group, sides, weight, stops, leaves, is_joined, is_any, is_asked, constant, .. } = self;
        format!("{:?}", (group, sides, weight, stops, leaves, is_joined, is_any, is_asked, constant))
    }

    /// What it is about.
    pub(in crate::check::change) fn about(&self) -> Tokens {
        self.sides.0.union(&self.sides.1).cloned().collect()
    }

    /// Whether the sides of two orders stand the same way round.
    pub(in crate::check::change) fn stands_as(&self, other: &Test) -> bool {
        let straight = likeness(&self.sides.0, &other.sides.0) + likeness(&self.sides.1, &other.sides.1);
        let crossed = likeness(&self.sides.0, &other.sides.1) + likeness(&self.sides.1, &other.sides.0);
        straight >= crossed
    }
}
