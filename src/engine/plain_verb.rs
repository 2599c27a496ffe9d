//! Verbs that need only their arguments as text. Each subject lists its own verbs, and `commands` finds them by their
//! name in the table of verbs; the command line and the workbench need no code for them.

use super::Engine;
use super::error::{EngineError, ErrorCode};
use super::view::Preview;
use crate::domain::description::{Describe, Description};
use crate::domain::{Caller, Outcome, VerbCall};
use serde::Serialize;
use serde_json::Value;
use std::str::FromStr;

/// A verb that changes something.
pub struct PlainVerb {
    /// Its name in the table of verbs.
    pub name: &'static str,
    /// Whether its effect depends on the current files of tools: the folders are read first.
    pub needs_catalog: bool,
    /// What it would change.
    pub(super) preview: fn(&Engine, &VerbCall) -> Result<Preview, EngineError>,
    pub(super) perform: Perform,
}

/// How the change is made, and by whom.
pub(super) enum Perform {
    /// For a human with this identity; the lock for moving files is held.
    Human(fn(&Engine, &str, &VerbCall) -> Result<Outcome, EngineError>),
    /// For a human, if the verb waits for a program: the verb takes the lock for moving files itself, after the program
    /// has ended.
    LongHuman(fn(&Engine, &str, &VerbCall) -> Result<Outcome, EngineError>),
    /// For any caller: the verb itself checks what an agent may do, and it moves no files.
    Anyone(fn(&Engine, &Caller, &VerbCall) -> Result<Outcome, EngineError>),
}

/// A verb that changes nothing.
pub struct PlainQuery {
    /// Its name in the table of verbs.
    pub name: &'static str,
    /// Whether the answer depends on the current files of tools: the folders are read first.
    pub needs_catalog: bool,
    pub(super) answer: fn(&Engine, &VerbCall, &Caller) -> Result<Described, EngineError>,
}

/// The answer of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// For scripts: the serialised result, an object.
    pub json: Value,
    /// For a human: the same as lines and tables.
    pub description: Description,
    /// Whether the result is negative: the command line then exits with 1.
    pub is_bad: bool,
}

impl Described {
    /// Converts a result into an answer.
    ///
    /// # Errors
    /// `Internal` for a result that cannot be serialised.
    pub fn of(result: &(impl Serialize + Describe)) -> Result<Described, EngineError> {
        let json = serde_json::to_value(result).map_err(EngineError::internal)?;
        Ok(Described { json, description: result.describe(), is_bad: result.is_bad() })
    }
}

/// A required argument.
pub(super) fn argument<'c>(call: &'c VerbCall, name: &str) -> Result<&'c str, EngineError> {
    call.get(name).ok_or_else(|| usage(call, format!("{} needs {}", call.verb(), name.to_uppercase())))
}

/// An optional argument of another type than text. The number of a run may begin with `#`.
pub(super) fn parsed<T: FromStr>(call: &VerbCall, name: &str) -> Result<Option<T>, EngineError> {
    let parse = |text: &str| {
        let wrong = |_| usage(call, format!("{text:?} is not a value for {}", name.to_uppercase()));
        text.trim_start_matches('#').parse().map_err(wrong)
    };
    call.get(name).map(parse).transpose()
}

fn usage(call: &VerbCall, message: String) -> EngineError {
    EngineError::new(ErrorCode::Usage, message, format!("`toolsmith help {}` names the arguments", call.verb()))
}
