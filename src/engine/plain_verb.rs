//! Verbs that change something and need nothing but their arguments as text. Each subject lists its own, and `commands`
//! finds them by their name in the table of verbs; the command line and the screen need no code for them.

use super::Engine;
use super::error::{EngineError, ErrorCode};
use super::view::Preview;
use crate::domain::{Outcome, VerbCall};

/// One such verb.
pub(super) struct PlainVerb {
    /// Its name in the table of verbs.
    pub(super) name: &'static str,
    /// What it would change.
    pub(super) preview: fn(&Engine, &VerbCall) -> Result<Preview, EngineError>,
    /// Does it for a human of this identity, who has the turn to move files.
    pub(super) perform: fn(&Engine, &str, &VerbCall) -> Result<Outcome, EngineError>,
}

/// An argument that must be given.
pub(super) fn argument<'c>(call: &'c VerbCall, name: &str) -> Result<&'c str, EngineError> {
    call.get(name).ok_or_else(|| {
        let message = format!("{} needs {}", call.verb(), name.to_uppercase());
        EngineError::new(ErrorCode::Usage, message, format!("`toolsmith help {}` names the arguments", call.verb()))
    })
}
