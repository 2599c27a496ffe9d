//! Versions that others ask about, or that the team approved, are put into the workspace when they are not here: they get
//! a review like everything that is new.

use super::Teams;
use super::carrier::{Carrier, VERSIONS};
use crate::domain::team::TeamVersion;
use crate::domain::{Digest, Stage, Tool, VersionFile, is_followed_anywhere};
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::engine::version::landing::Landing;
use crate::objects::is_carried;
use crate::store::{Queries, StoreError, TeamFiles};
use std::collections::{BTreeSet, HashMap};

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
        for version in self.workspace.read(|q| self.absent(q))? {
            if let Some(files) = carrier.bytes(version.digest)? {
                let files = files.and_then(|files| checked(version.digest, files));
                let files = files.and_then(|files| harmless(&version, files));
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
    pub(super) fn absent(&self, q: &Queries) -> Result<Vec<TeamVersion>, EngineError> {
        let view = self.engine.library().catalog();
        let here: BTreeSet<Digest> = view.tools.iter().map(|tool| tool.digest).collect();
        let mut absent = Vec::new();
        for (digest, _) in TeamFiles(q).states(&["open", "partly approved", "approved"])? {
            if here.contains(&digest) || TeamFiles(q).has_landed(digest)? {
                continue;
            }
            let Some(version) = self.version_in(q, digest)? else { continue };
            let was_here = q.version(&version.tool, digest)?.is_some();
            let is_wanted = version.is_requested() || stage_of(&version).is_some();
            // What only another team approved is in its repository, and nobody here asked for it.
            if !was_here && is_wanted && version.is_of_own_team() {
                absent.push(version);
            }
        }
        Ok(absent)
    }

    /// The version that the team decided about; `None` where there is no team, or nobody decided.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    pub(in crate::engine) fn version(&self, digest: Digest) -> Result<Option<TeamVersion>, EngineError> {
        if self.remote().is_none() {
            return Ok(None);
        }
        self.workspace.read(|q| Ok(self.version_in(q, digest)?))
    }

    /// The version that the team decided about, as far as it counts here.
    ///
    /// # Errors
    /// Any failed read of the store.
    pub(super) fn version_in(&self, q: &Queries, digest: Digest) -> Result<Option<TeamVersion>, StoreError> {
        match self.workspace.settings.team.policy {
            Some(pin) => core::team_version_here(q, pin, digest),
            None => core::team_version(q, digest),
        }
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
        Ok(self.version(tool.digest)?.and_then(|version| version.why_stopped(&tool.name, tool.stage)))
    }

    /// What the team decided about the versions that it stopped, by digest.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    pub(in crate::engine) fn all_stopped(&self) -> Result<HashMap<Digest, TeamVersion>, EngineError> {
        if self.remote().is_none() {
            return Ok(HashMap::new());
        }
        self.workspace.read(|q| {
            let mut stopped = HashMap::new();
            for digest in TeamFiles(q).perhaps_stopped()? {
                let version = self.version_in(q, digest)?.filter(|version| version.stopped_by().is_some());
                stopped.extend(version.map(|version| (digest, version)));
            }
            Ok(stopped)
        })
    }
}

/// The stage for which the team approved a version.
fn stage_of(version: &TeamVersion) -> Option<Stage> {
    let stages = [Stage::Core, Stage::Approved];
    stages.into_iter().find(|stage| version.approved_as(&version.tool, *stage).is_some())
}

/// The files of a version, unless agents or other programs would follow one of them as soon as it lies in the workspace: a
/// human has to look first. What the team approved was looked at.
fn harmless(version: &TeamVersion, files: Vec<VersionFile>) -> Result<Vec<VersionFile>, String> {
    let is_followed = |file: &&VersionFile| file.path.split('/').any(is_followed_anywhere);
    match files.iter().find(is_followed).filter(|_| stage_of(version).is_none()) {
        Some(file) => {
            let next = "read it in the team's repository, or ask for a version without it";
            Err(format!("{} is a file that agents or other programs follow at once; {next}", file.path))
        }
        None => Ok(files),
    }
}

/// The files of a version, checked against its digest.
fn checked(digest: Digest, files: Vec<VersionFile>) -> Result<Vec<VersionFile>, String> {
    if let Some(odd) = files.iter().find(|file| !is_carried(&file.path) || file.path.starts_with("@/")) {
        return Err(format!("{} is not a plain file of a version", odd.path));
    }
    let is = Digest::of_files(&files);
    if is == digest { Ok(files) } else { Err(format!("its files have the digest {}", is.short())) }
}
