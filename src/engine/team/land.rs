//! Versions that others ask about, or that the team approved, are put into the workspace when they are not here: they get
//! a review like everything that is new.

use super::Teams;
use super::carrier::{Carrier, VERSIONS};
use crate::domain::team::{Statement, TeamKind, TeamVersion};
use crate::domain::{Digest, Stage, Tool, VersionFile};
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::engine::version::landing::Landing;
use crate::objects::is_carried;
use crate::store::TeamFiles;
use std::collections::BTreeSet;

impl Teams<'_> {
    /// Puts versions into the workspace, each once.
    pub(super) fn land(
        &self,
        who: &str,
        carrier: &dyn Carrier,
        landed: &mut Vec<String>,
        notes: &mut Vec<String>,
    ) -> Result<(), EngineError> {
        let mut wanted = Vec::new();
        for version in self.absent()? {
            if let Some(files) = carrier.bytes(version.digest)? {
                let files = files.and_then(|files| checked(version.digest, files));
                wanted.push((version, files));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let _turn = self.engine.take_turn()?;
        let mut any = false;
        for (version, files) in &wanted {
            let files = match files {
                Ok(files) => files,
                Err(why) => {
                    notes.push(format!("{VERSIONS}/{} refused: {why}", version.digest.hex()));
                    continue;
                }
            };
            let landing = Landing {
                tool: &version.tool,
                version: &version.version,
                digest: version.digest,
                approved: stage_of(version),
                files,
            };
            match self.engine.versions().land(who, &landing)? {
                Ok(place) => {
                    any = true;
                    landed.push(format!("{} {} is new in {}", version.tool, version.version, place.base));
                }
                Err(why) => notes.push(format!("{} {} was not added: {why}", version.tool, version.version)),
            }
        }
        if any {
            self.engine.library().scan(&mut |_| {})?;
        }
        Ok(())
    }

    /// Versions that others ask about or that the team approved, and that were never here.
    pub(super) fn absent(&self) -> Result<Vec<TeamVersion>, EngineError> {
        let view = self.engine.library().catalog();
        let here: BTreeSet<Digest> = view.tools.iter().map(|tool| tool.digest).collect();
        self.workspace.read(|q| {
            let mut absent = Vec::new();
            for (digest, text) in TeamFiles(q).states(&["open", "partly approved", "approved"])? {
                if here.contains(&digest) || TeamFiles(q).has_landed(digest)? {
                    continue;
                }
                let Ok(version) = serde_json::from_str::<TeamVersion>(&text) else { continue };
                let was_here = q.version(&version.tool, digest)?.is_some();
                let is_wanted = version.is_requested() || stage_of(&version).is_some();
                // What only another team approved is in its repository, and nobody here asked for it.
                if !was_here && is_wanted && version.is_of_own_team() {
                    absent.push(version);
                }
            }
            Ok(absent)
        })
    }

    /// The version that the team decided about; `None` where there is no team, or nobody decided.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    pub(in crate::engine) fn version(&self, digest: Digest) -> Result<Option<TeamVersion>, EngineError> {
        if self.remote().is_none() {
            return Ok(None);
        }
        self.workspace.read(|q| Ok(core::team_version(q, digest)?))
    }

    /// That somebody decided against a version, for whoever has a workbench open; names its runs, which go on. `None` where
    /// the decision does not stand any more, or the version was never here.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    pub(in crate::engine) fn news_of_stop(&self, digest: Digest) -> Result<Option<String>, EngineError> {
        let Some(version) = self.version(digest)? else { return Ok(None) };
        let Some(no) = version.stopped_by() else { return Ok(None) };
        let (is_known, runs) = self.workspace.read(|q| {
            let mut runs = Vec::new();
            for row in q.running()? {
                let run = q.run(row.run)?.filter(|run| run.digest == digest);
                runs.extend(run.map(|run| run.id.to_string()));
            }
            Ok((q.version(&version.tool, digest)?.is_some(), runs))
        })?;
        if !is_known {
            return Ok(None);
        }
        let reason = super::sync::because(no.reason.as_deref());
        let (name, number) = (&version.tool, &version.version);
        let mut text = format!("{name} {number} ({}): {} by {}{reason}", digest.short(), version.status(), no.signer);
        if !runs.is_empty() {
            let which = if runs.len() == 1 { "run" } else { "runs" };
            text = format!("{text}; {which} {} of it continue: cancel what should not", runs.join(", "));
        }
        Ok(Some(text))
    }

    /// Why a version must not run: the team revoked it, or rejected what is approved here. `None` where it may.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    pub(in crate::engine) fn stopped(&self, tool: &Tool) -> Result<Option<String>, EngineError> {
        let Some(version) = self.version(tool.digest)? else { return Ok(None) };
        let stops = |no: &&Statement| no.kind == TeamKind::Revoke || tool.stage.is_vouched();
        let (name, digest) = (&tool.name, tool.digest);
        Ok(version.stopped_by().filter(stops).map(|no| {
            let reason = super::sync::because(no.reason.as_deref());
            let what = if no.kind == TeamKind::Revoke { "revoked" } else { "rejected" };
            let next = "an approval of a signer that answers this lets it run again";
            format!("{name} ({}) was {what} by {}{reason}; {next}", digest.short(), no.signer)
        }))
    }
}

/// The stage for which the team approved a version.
fn stage_of(version: &TeamVersion) -> Option<Stage> {
    let stages = [Stage::Core, Stage::Approved];
    stages.into_iter().find(|stage| version.approved_as(&version.tool, *stage).is_some())
}

/// The files of a version, checked against its digest.
fn checked(digest: Digest, files: Vec<VersionFile>) -> Result<Vec<VersionFile>, String> {
    if let Some(odd) = files.iter().find(|file| !is_carried(&file.path) || file.path.starts_with("@/")) {
        return Err(format!("{} is not a plain file of a version", odd.path));
    }
    let is = Digest::of_files(&files);
    if is == digest { Ok(files) } else { Err(format!("its files have the digest {}", is.short())) }
}
