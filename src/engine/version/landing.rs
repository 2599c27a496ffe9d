//! A version that the team shares is put where nothing lies.

use crate::domain::{Digest, Placement, Stage, ToolName, VersionFile};
use crate::engine::Versions;
use crate::engine::core::{self, Placed};
use crate::engine::error::EngineError;
use crate::engine::links::refuse_links;
use crate::engine::relocate;
use std::path::Path;

/// A version of the team.
pub(in crate::engine) struct Landing<'a> {
    pub(in crate::engine) tool: &'a ToolName,
    pub(in crate::engine) version: &'a semver::Version,
    pub(in crate::engine) digest: Digest,
    /// The stage for which the team approved it; `None` where it waits for a review.
    pub(in crate::engine) approved: Option<Stage>,
    pub(in crate::engine) files: &'a [VersionFile],
}

impl Versions<'_> {
    /// Puts a version of the team where nothing lies, and gives the place; nothing is written over. One that the team
    /// approved lies among the approved where its name is free; any other is experimental and gets a review. The caller
    /// has the turn, and scans afterwards.
    ///
    /// # Errors
    /// `Failed` when the files are not that version; `Internal` for trouble with the store. Inside, one line that says why
    /// it was not put anywhere.
    pub(in crate::engine) fn land(
        &self,
        who: &str,
        landing: &Landing<'_>,
    ) -> Result<Result<Placement, String>, EngineError> {
        let view = self.engine.library().catalog();
        let named: Vec<_> = view.tools.iter().filter(|tool| tool.name == *landing.tool).collect();
        let is_new = named.is_empty();
        if let Some(other) = named.iter().find(|tool| !tool.stage.is_vouched()) {
            return Ok(Err(format!("{} is here as {} {}", other.name, other.stage, other.version)));
        }
        let stage = landing.approved.filter(|stage| is_new && stage.is_vouched()).unwrap_or(Stage::Experimental);
        let placement = core::stage_placement(stage, landing.tool);
        if let Err(why) = refuse_links(self.workspace.folder(), Path::new(&placement.base)) {
            return Ok(Err(why.message));
        }
        let tool = match self.read_placed(&placement, landing.files) {
            Ok(tool) => tool,
            Err(why) => return Ok(Err(why.message)),
        };
        if tool.name != *landing.tool || tool.version != *landing.version || tool.digest != landing.digest {
            return Ok(Err(format!("its files are {} {}", tool.name, tool.version)));
        }
        if self.workspace.folder().join(&placement.base).exists() {
            return Ok(Err(format!("{} exists already", placement.base)));
        }
        let taken = relocate::conflicts(self.workspace.folder(), landing.files, &placement);
        if !taken.is_empty() {
            return Ok(Err(format!("{} already exists with different content", taken.join(", "))));
        }
        self.workspace.copies.put(landing.digest, landing.files)?;
        let placed = Placed {
            tool: landing.tool.clone(),
            version: landing.version.clone(),
            digest: landing.digest,
            stage,
            placement: placement.clone(),
            files: landing.files.iter().map(|file| file.path.clone()).collect(),
            approval: core::Beside::Nothing,
        };
        let step = self.workspace.transact(|tx| core::bring(tx, self.workspace.actor(who), &placed))?;
        for (intent, work) in step.intents {
            self.engine.perform(intent, &work)?;
        }
        Ok(Ok(placement))
    }
}
