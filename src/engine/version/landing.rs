//! Adds versions that the team shares to the workspace, as new tools or in place of older versions.

use crate::domain::{Digest, Placement, Stage, Tool, ToolName, VersionFile};
use crate::engine::Versions;
use crate::engine::core::{self, Placed, TeamApproval};
use crate::engine::error::EngineError;
use crate::engine::links::refuse_links;
use crate::engine::relocate;
use std::path::Path;
use std::sync::Arc;

/// A version of the team, and its place.
#[derive(Debug)]
pub(in crate::engine) struct Landing {
    pub(in crate::engine) tool: ToolName,
    pub(in crate::engine) version: semver::Version,
    pub(in crate::engine) digest: Digest,
    pub(in crate::engine) files: Vec<VersionFile>,
    pub(in crate::engine) stage: Stage,
    pub(in crate::engine) placement: Placement,
    /// The tool that it replaces; `None` if the place is free.
    pub(in crate::engine) over: Option<Arc<Tool>>,
    /// Experimental versions to remove, because this one counts at once.
    pub(in crate::engine) away: Vec<Arc<Tool>>,
    /// The approval by which it counts at once; `None` if a local decision is needed.
    pub(in crate::engine) counts: Option<TeamApproval>,
}

/// A checked version, and its changes.
struct Prepared<'a> {
    landing: &'a Landing,
    after: Placed,
    before: Option<Placed>,
    taken: Vec<Placed>,
    /// Versions to keep copies of.
    kept: Vec<(Digest, Vec<VersionFile>)>,
}

impl Versions<'_> {
    /// Adds versions of the team to the workspace, in one transaction. Keeps copies of everything that it overwrites.
    /// The caller holds the lock, and scans afterwards.
    ///
    /// # Errors
    /// `Failed` for errors of the disk; `Internal` for errors of the store. The inner error is one line for each
    /// version that says why it was not added.
    pub(in crate::engine) fn land(
        &self,
        who: &str,
        landings: &[Landing],
    ) -> Result<Vec<Result<(), String>>, EngineError> {
        let (mut answers, mut prepared) = (Vec::with_capacity(landings.len()), Vec::with_capacity(landings.len()));
        for landing in landings {
            match self.prepare(landing) {
                Ok(one) => {
                    prepared.push(one);
                    answers.push(Ok(()));
                }
                Err(why) => answers.push(Err(why)),
            }
        }
        let copies = prepared.iter().flat_map(|one| {
            let others = one.kept.iter().map(|(digest, files)| (*digest, files.as_slice()));
            others.chain([(one.landing.digest, one.landing.files.as_slice())])
        });
        self.workspace.copies.put_all(&copies.collect::<Vec<_>>())?;
        let intents = self.workspace.transact(|tx| {
            let actor = self.workspace.actor(who);
            let mut intents = Vec::new();
            for Prepared { landing, after, before, taken, .. } in &prepared {
                let step = match (&landing.counts, before) {
                    (Some(approval), Some(before)) => core::update(tx, actor, (before, after), taken, approval)?,
                    _ => core::bring(tx, actor, after, before.as_ref())?,
                };
                intents.extend(step.intents);
            }
            Ok(intents)
        })?;
        self.engine.perform_all(intents)?;
        Ok(answers)
    }

    fn prepare<'a>(&self, landing: &'a Landing) -> Result<Prepared<'a>, String> {
        let Landing { placement, files, .. } = landing;
        refuse_links(self.workspace.folder(), Path::new(&placement.base)).map_err(|why| why.message)?;
        let tool = self.read_placed(placement, files).map_err(|why| why.message)?;
        if tool.name != landing.tool || tool.version != landing.version || tool.digest != landing.digest {
            return Err(format!("its files are {} {}", tool.name, tool.version));
        }
        if let Some(approval) = landing.counts.as_ref().filter(|approval| approval.tier < tool.cost_tier) {
            return Err(format!("it costs {}, and the team approved it as {}", tool.cost_tier, approval.tier));
        }
        let mut kept = Vec::new();
        let mut lying = |tool: &Tool| {
            let files = self.engine.library().files_on_disk(tool).map_err(|why| why.message)?;
            if Digest::of_files(&files) != tool.digest {
                return Err(format!("the files of {} {} changed just now", tool.name, tool.version));
            }
            let placed = self.engine.integrity().placed(tool, &files);
            kept.push((tool.digest, files));
            Ok(placed)
        };
        let before = landing.over.as_deref().map(&mut lying).transpose()?;
        let taken = landing.away.iter().map(|tool| lying(tool)).collect::<Result<Vec<_>, String>>()?;
        if before.is_none() {
            if self.workspace.folder().join(&placement.base).exists() {
                return Err(format!("{} exists already", placement.base));
            }
            let taken = relocate::conflicts(self.workspace.folder(), files, placement);
            if !taken.is_empty() {
                return Err(format!("{} already exists with different content", taken.join(", ")));
            }
        }
        let after = Placed {
            tool: landing.tool.clone(),
            version: landing.version.clone(),
            digest: landing.digest,
            stage: landing.stage,
            placement: placement.clone(),
            files: files.iter().map(|file| file.path.clone()).collect(),
            approval: core::Beside::Nothing,
        };
        Ok(Prepared { landing, after, before, taken, kept })
    }
}
