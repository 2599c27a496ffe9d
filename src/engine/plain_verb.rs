//! Verbs that need only their arguments as text. Each subject lists its own, and `commands` finds them by their name in
//! the table of verbs; the command line and the screen need no code for them.

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
    /// Whether what it does depends on the files of tools as they are now: the folders are read first.
    pub needs_catalog: bool,
    /// What it would change.
    pub(super) preview: fn(&Engine, &VerbCall) -> Result<Preview, EngineError>,
    pub(super) perform: Perform,
}

/// How a change is made, and who may make it.
pub(super) enum Perform {
    /// For a human of this identity, who has the turn to move files.
    Human(fn(&Engine, &str, &VerbCall) -> Result<Outcome, EngineError>),
    /// For a human, and it waits for a program: it takes the turn to move files itself, when that ended.
    LongHuman(fn(&Engine, &str, &VerbCall) -> Result<Outcome, EngineError>),
    /// For anybody: it decides itself what an agent may, and moves no files.
    Anyone(fn(&Engine, &Caller, &VerbCall) -> Result<Outcome, EngineError>),
}

/// A verb that changes nothing.
pub struct PlainQuery {
    /// Its name in the table of verbs.
    pub name: &'static str,
    /// Whether the answer depends on the files of tools as they are now: the folders are read first.
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
    /// Whether it is bad news: the command line exits with 1 then.
    pub is_bad: bool,
}

impl Described {
    /// The answer that this result is.
    ///
    /// # Errors
    /// `Internal` for a result that cannot be serialised.
    pub fn of(result: &(impl Serialize + Describe)) -> Result<Described, EngineError> {
        let json = serde_json::to_value(result).map_err(EngineError::internal)?;
        Ok(Described { json, description: result.describe(), is_bad: result.is_bad() })
    }
}

/// An argument that must be given.
pub(super) fn argument<'c>(call: &'c VerbCall, name: &str) -> Result<&'c str, EngineError> {
    call.get(name).ok_or_else(|| usage(call, format!("{} needs {}", call.verb(), name.to_uppercase())))
}

/// An argument of another type than text, where it was given. The number of a run may have its `#`.
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
