//! Pinned versions, which trim keeps.

use crate::domain::{Outcome, VerbCall};
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::version::Versions;
use crate::engine::view::Preview;

/// Pins a version, so that trim keeps it.
pub(in crate::engine) const PIN: PlainVerb = PlainVerb {
    name: "pin",
    needs_catalog: true,
    preview: |engine, call| engine.versions().preview_pin(call, true),
    perform: Perform::Human(|engine, who, call| engine.versions().pin(who, call, true)),
};
/// Removes a pin, so that trim may remove the version.
pub(in crate::engine) const UNPIN: PlainVerb = PlainVerb {
    name: "unpin",
    needs_catalog: true,
    preview: |engine, call| engine.versions().preview_pin(call, false),
    perform: Perform::Human(|engine, who, call| engine.versions().pin(who, call, false)),
};

impl Versions<'_> {
    fn pin(&self, who: &str, call: &VerbCall, pinned: bool) -> Result<Outcome, EngineError> {
        let tool = self.engine.library().resolve(argument(call, "tool")?)?;
        if pinned {
            self.workspace.copies.put(tool.digest, &self.engine.library().files_of(&tool)?)?;
        }
        self.engine.finish(self.workspace.transact(|tx| core::pin(tx, self.workspace.actor(who), &tool, pinned))?)
    }

    fn preview_pin(&self, call: &VerbCall, pinned: bool) -> Result<Preview, EngineError> {
        let tool = self.engine.library().resolve(argument(call, "tool")?)?;
        let (verb, line) = if pinned {
            ("Pin", "trim keeps it, regardless of newer versions")
        } else {
            ("Unpin", "trim may remove it")
        };
        Ok(Preview {
            title: format!("{verb} {} {}?", tool.name, tool.version),
            lines: vec![line.to_owned()],
            undo: "u (undo) reverts it".to_owned(),
        })
    }
}
