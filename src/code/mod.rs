//! Analysis of source code: one reader for each question, shared by all callers. Nothing is executed or judged here.
//!
//! | question | answered by | asked by |
//! | --- | --- | --- |
//! | What does Python import, which names does that bind, does it certainly run? | [`python::imports`] | what is missing for a run; the checks `dependencies`, `capabilities`, `change`; repairs |
//! | The same for JavaScript and TypeScript | [`javascript::imports`] | the same |
//! | Which files next to it does a script use? | [`local_imports()`] | the catalog |
//! | Which programs does a shell script call, and which in any case? | [`shell::calls`] | what is missing for a run; the catalog |
//! | Which programs do Python and JavaScript start with a fixed text? | [`started`] | the same |
//! | What does a script declare in its header (PEP 723)? | [`metadata`] | the catalog, runs, the check `dependencies`, repairs |
//! | Which names are bound where, and what binds a name that is read? | [`python::scope`], [`javascript::scope`] | the check `capabilities`, repairs |
//! | What does a program do, in one form for all languages? | [`program`], made by `program` of each language with what [`lowering`] gives them | the check `change` |
//! | Which small faults could be in these lines? | [`mutants`] | the check `consistency` |
//! | What does a fixed text contain? | [`python::text`], [`javascript::text`], [`escape`] | the checks `capabilities` and `change` |
//!
//! The syntax trees come from [`crate::domain::source`], with its limits of time, memory and depth.

pub mod escape;
pub mod javascript;
mod local_imports;
pub(crate) mod lowering;
pub mod metadata;
pub mod mutants;
pub(crate) mod program;
pub mod python;
mod relative;
pub mod shell;
pub(crate) mod started;
pub mod statements;

pub use local_imports::{PathKind, certain_files, local_imports};

use tree_sitter::Node;

/// When a statement or an expression runs, if its file is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenRun {
    /// In every run of the file to its end.
    Always,
    /// When the enclosing function is called.
    WhenCalled,
    /// Depends on a condition, a loop or an error handler.
    Perhaps,
}

impl WhenRun {
    /// Combines the certainty of a part that would run at `inner` inside code that runs at `self`: the less certain of
    /// both.
    #[must_use]
    pub const fn and(self, inner: WhenRun) -> WhenRun {
        match (self, inner) {
            (WhenRun::Perhaps, _) | (_, WhenRun::Perhaps) => WhenRun::Perhaps,
            (WhenRun::WhenCalled, _) | (_, WhenRun::WhenCalled) => WhenRun::WhenCalled,
            (WhenRun::Always, WhenRun::Always) => WhenRun::Always,
        }
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart<'t, 's> {
    /// The same in every run.
    Fixed {
        /// As written, with its escapes.
        written: &'s str,
        /// The text that it denotes.
        says: String,
    },
    /// An inserted value.
    Hole(Node<'t>),
}

#[cfg(test)]
pub(crate) mod tests;
