//! Adds versions to the workspace that the team approved or that others want reviewed: the newest of each tool, and
//! nothing older than the present version. They get a review like any new version. If the user trusts the team, an
//! approved version replaces an older one at once.

use super::Teams;
use super::carrier::{Carrier, VERSIONS, VersionAnswer};
use super::choice::{Offer, newest, stage_of};
use super::report::names;
use crate::domain::team::TeamVersion;
use crate::domain::{Digest, Placement, Stage, Tool, ToolName, VersionFile, is_followed_anywhere};
use crate::engine::core::{self, TeamApproval};
use crate::engine::error::EngineError;
use crate::engine::version::landing::Landing;
use crate::engine::view::CatalogView;
use crate::objects::is_carried;
use crate::store::{Queries, StoreError, TeamFiles};
use std::collections::HashMap;
use std::sync::Arc;

/// Maximum number of versions that one transaction adds.
const AT_ONCE: usize = 100;

/// Occurs in the stored state of a version if a key that decided about it expires.
const UNTIL: &str = "\"until\":";

/// Where a version is added.
#[derive(Debug, Clone)]
struct Plan {
    offer: Offer,
    stage: Stage,
    placement: Placement,
    /// The version that it replaces.
    over: Option<Arc<Tool>>,
    /// Experimental versions to remove, because this one counts at once.
    away: Vec<Arc<Tool>>,
    /// Whether it counts at once, because the user trusts the team.
    counts: bool,
}

impl Plan {
    /// The version in a new folder of its stage.
    fn new(offer: Offer, stage: Stage) -> Plan {
        let placement = core::stage_placement(stage, &offer.version.tool);
        Plan { offer, stage, placement, over: None, away: Vec::new(), counts: false }
    }

    /// The version in place of another one.
    fn over(offer: Offer, old: &Arc<Tool>) -> Plan {
        let (placement, over) = (old.placement.clone(), Some(Arc::clone(old)));
        Plan { placement, over, ..Plan::new(offer, old.stage) }
    }

    /// Name and version.
    fn named(&self) -> String {
        format!("{} {}", self.offer.version.tool, self.offer.version.version)
    }

    /// The planned change, for a dry run.
    fn intent(&self) -> String {
        let (tool, version) = (&self.offer.version.tool, &self.offer.version.version);
        match &self.over {
            Some(old) => format!("{tool} {version} would replace {} in {}", old.version, self.placement.base),
            None => format!("{tool} {version} would be added"),
        }
    }

    fn told(&self) -> String {
        let (tool, version, base) = (&self.offer.version.tool, &self.offer.version.version, &self.placement.base);
        match (&self.over, self.counts) {
            (Some(old), true) => format!("{tool} {version} replaces {} in {base}: the team approved it", old.version),
            (Some(old), false) => format!("{tool} {version} is new in {base}, in place of {}", old.version),
            (None, _) => format!("{tool} {version} is new in {base}"),
        }
    }
}

/// The local data about the tools that the team decides about.
struct Here<'a> {
    q: &'a Queries,
    rows: HashMap<&'a ToolName, Vec<&'a Arc<Tool>>>,
    approvals: core::Approvals,
}

impl<'a> Here<'a> {
    fn of(q: &'a Queries, view: &'a CatalogView) -> Result<Here<'a>, StoreError> {
        let mut rows: HashMap<&ToolName, Vec<&Arc<Tool>>> = HashMap::new();
        for tool in view.tools.iter().filter(|tool| tool.server.is_none()) {
            rows.entry(&tool.name).or_default().push(tool);
        }
        Ok(Here { q, rows, approvals: core::Approvals::read(q)? })
    }

    fn rows(&self, tool: &ToolName) -> &[&'a Arc<Tool>] {
        self.rows.get(tool).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Teams<'_> {
    /// Adds versions to the workspace, each at most once.
    pub(super) fn land(
        &self,
        who: &str,
        carrier: &dyn Carrier,
        landed: &mut Vec<String>,
        notes: &mut Vec<String>,
    ) -> Result<(), EngineError> {
        let (plans, left) = self.workspace.read(|q| self.plans(q))?;
        notes.extend(left);
        let mut any = false;
        // Approved versions first: a requested version of the same tool may be added next to it.
        let (approved, asked): (Vec<Plan>, Vec<Plan>) = plans.into_iter().partition(|plan| plan.offer.stage.is_some());
        for mut plans in [approved, asked] {
            while !plans.is_empty() {
                let digests: Vec<Digest> = plans.iter().take(AT_ONCE).map(|plan| plan.offer.version.digest).collect();
                let read = carrier.bytes_of(&digests)?;
                let portion: Vec<Plan> = plans.drain(..read.len().clamp(1, digests.len())).collect();
                any |= self.land_portion(who, portion.into_iter().zip(read), landed, notes)?;
            }
        }
        if any {
            self.engine.library().scan(&mut |_| {})?;
        }
        Ok(())
    }

    /// Adds versions to the workspace in one transaction; returns whether any was added.
    fn land_portion(
        &self,
        who: &str,
        read: impl Iterator<Item = (Plan, Option<VersionAnswer>)>,
        landed: &mut Vec<String>,
        notes: &mut Vec<String>,
    ) -> Result<bool, EngineError> {
        let (mut told, mut landings) = (Vec::new(), Vec::new());
        for (plan, files) in read {
            let Some(files) = files else { continue };
            let version = &plan.offer.version;
            let files = files.and_then(|files| checked(version.digest, files));
            match files.and_then(|files| harmless(&plan.offer, files)) {
                Ok(files) => {
                    told.push(plan.told());
                    landings.push(landing(plan, files));
                }
                Err(why) => notes.push(format!("{VERSIONS}/{} refused: {why}", version.digest.hex())),
            }
        }
        if landings.is_empty() {
            return Ok(false);
        }
        let _turn = self.engine.take_turn()?;
        let mut any = false;
        for ((landing, told), answer) in landings.iter().zip(told).zip(self.engine.versions().land(who, &landings)?) {
            match answer {
                Ok(()) => {
                    any = true;
                    landed.push(told);
                }
                Err(why) => notes.push(format!("{} {} was not added: {why}", landing.tool, landing.version)),
            }
        }
        Ok(any)
    }

    /// The versions that would be added, and those that would be left out, one line each.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(super) fn intents(&self, q: &Queries) -> Result<(Vec<String>, Vec<String>), EngineError> {
        let (plans, left) = self.plans(q)?;
        Ok((plans.iter().map(Plan::intent).collect(), left))
    }

    /// The versions that would be added.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(super) fn awaited(&self, q: &Queries) -> Result<Vec<String>, EngineError> {
        Ok(self.plans(q)?.0.iter().map(Plan::named).collect())
    }

    /// The versions to add, and where. Also returns the newest versions that are left out, with the reason.
    fn plans(&self, q: &Queries) -> Result<(Vec<Plan>, Vec<String>), EngineError> {
        let mut offers = Vec::new();
        for (digest, state) in TeamFiles(q).states(&["open", "partly approved", "approved"])? {
            // Machines can disagree only about a key that expires.
            let version =
                if state.contains(UNTIL) { self.version_in(q, digest)? } else { serde_json::from_str(&state).ok() };
            offers.extend(version.and_then(Offer::of));
        }
        let view = self.engine.library().catalog();
        let here = Here::of(q, &view)?;
        let (mut plans, mut left) = (Vec::new(), Vec::new());
        for offer in newest(offers) {
            let (tool, version) = (offer.version.tool.clone(), offer.version.version.clone());
            match self.place_for(&here, offer)? {
                Ok(plan) => plans.extend(plan),
                Err(why) => left.push(format!("{tool} {version} was not added: {why}")),
            }
        }
        Ok((plans, left))
    }

    /// Where to add a version; `None` if it is not needed. The inner error is one line that says why it cannot be
    /// added.
    fn place_for(&self, here: &Here<'_>, offer: Offer) -> Result<Result<Option<Plan>, String>, EngineError> {
        let Here { q, approvals, .. } = here;
        let (name, digest) = (&offer.version.tool, offer.version.digest);
        let rows = || here.rows(name).iter().copied();
        if rows().any(|tool| tool.digest == digest && tool.stage != Stage::Experimental) {
            return Ok(Ok(None));
        }
        let was_here = TeamFiles(q).has_landed(digest)? || q.version(name, digest)?.is_some();
        let is_here = rows().any(|tool| tool.digest == digest);
        let is_known = was_here || is_here;
        let vouched = rows().find(|tool| tool.stage.is_vouched());
        if let (Some(_), Some(old)) = (offer.stage, vouched) {
            let when = approvals.newest_at(name).unwrap_or_default();
            if old.version > offer.version.version {
                return Ok(Ok(None));
            }
            let fits = old.placement.exclusive && offer.version.approved_as(name, old.stage).is_some();
            let is_trusted = self.is_trusted(&offer.version, name, old.stage) && approvals.covers(old);
            let is_newer = offer.rank() > (&old.version, when);
            let is_away = was_here && !is_here;
            if fits && is_trusted && is_newer && !is_away && !core::was_taken_back(q, name, digest)? {
                let goes = |tool: &&Arc<Tool>| -> Result<bool, EngineError> {
                    let is_same = tool.digest == digest;
                    Ok(tool.stage == Stage::Experimental && (is_same || came_and_is_older(q, tool, &offer)?))
                };
                let mut away = Vec::new();
                for tool in rows() {
                    if goes(&tool)? {
                        away.push(Arc::clone(tool));
                    }
                }
                return Ok(Ok(Some(Plan { away, counts: true, ..Plan::over(offer, old) })));
            }
            // The older version came the same way, and nobody here decided about it.
            if fits && !is_known && !approvals.knows(name) && came_and_is_older(q, old, &offer)? {
                return Ok(Ok(Some(Plan::over(offer, old))));
            }
        }
        if is_known || rows().any(|tool| tool.stage != Stage::Archived && tool.version > offer.version.version) {
            return Ok(Ok(None));
        }
        self.place_as_review(here, offer)
    }

    /// The place of a version that needs a local review.
    fn place_as_review(&self, here: &Here<'_>, offer: Offer) -> Result<Result<Option<Plan>, String>, EngineError> {
        let name = &offer.version.tool;
        let rows = here.rows(name);
        let Some(tool) = rows.iter().find(|tool| !tool.stage.is_vouched()) else {
            let stage = offer.stage.filter(|_| rows.is_empty()).unwrap_or(Stage::Experimental);
            return Ok(Ok(Some(Plan::new(offer, stage))));
        };
        if tool.stage == Stage::Archived {
            // An archived tool is not updated.
            return Ok(Ok(None));
        }
        // A requested version does not replace an approved one.
        let is_weaker =
            offer.stage.is_none() && self.version_in(here.q, tool.digest)?.is_some_and(|old| stage_of(&old).is_some());
        if tool.placement.exclusive && !is_weaker && came_and_is_older(here.q, tool, &offer)? {
            return Ok(Ok(Some(Plan::over(offer, tool))));
        }
        Ok(Err(format!("{} is here as {} {}", tool.name, tool.stage, tool.version)))
    }

    /// The team's decisions about a version; `None` if there is no team, or no decision.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn version(&self, digest: Digest) -> Result<Option<TeamVersion>, EngineError> {
        if self.remote().is_none() {
            return Ok(None);
        }
        self.workspace.read(|q| Ok(self.version_in(q, digest)?))
    }

    /// The team's decisions about a version, as far as they count here.
    ///
    /// # Errors
    /// Any failed read of the store.
    pub(super) fn version_in(&self, q: &Queries, digest: Digest) -> Result<Option<TeamVersion>, StoreError> {
        match self.workspace.settings.team.policy {
            Some(pin) => core::team_version_here(q, pin, digest),
            None => core::team_version(q, digest),
        }
    }

    /// The message for open workbenches that somebody decided against a version; names its runs, which continue. `None`
    /// if the decision no longer holds, or the version was never here.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
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

    /// Why a version must not run: the team revoked it, or rejected it at its present stage. `None` if it may run.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn stopped(&self, tool: &Tool) -> Result<Option<String>, EngineError> {
        Ok(self.version(tool.digest)?.and_then(|version| version.why_stopped(&tool.name, tool.stage)))
    }

    /// The decisions about all versions that the team stopped, by digest.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
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

/// Whether a local version came from the team, unchanged, and is not newer than the offer.
fn came_and_is_older(q: &Queries, tool: &Tool, offer: &Offer) -> Result<bool, EngineError> {
    let is_older = tool.version <= offer.version.version;
    Ok(is_older && TeamFiles(q).has_landed(tool.digest)? && core::team_version(q, tool.digest)?.is_some())
}

/// The data for adding a version.
fn landing(plan: Plan, files: Vec<VersionFile>) -> Landing {
    let Plan { offer, stage, placement, over, away, counts } = plan;
    let version = offer.version;
    let approved = version.approved_as(&version.tool, stage).filter(|_| counts);
    let counts = approved.map(|(approvals, tier)| TeamApproval { by: names(&approvals), at: offer.at, tier });
    let TeamVersion { tool, version, digest, .. } = version;
    Landing { tool, version, digest, files, stage, placement, over, away, counts }
}

/// The files of a version. Refuses an unapproved version with a file that agents or other programs use as soon as it is
/// in the workspace, because a human must look first. The team has looked at approved versions.
fn harmless(offer: &Offer, files: Vec<VersionFile>) -> Result<Vec<VersionFile>, String> {
    let is_followed = |file: &&VersionFile| file.path.split('/').any(is_followed_anywhere);
    match files.iter().find(is_followed).filter(|_| offer.stage.is_none()) {
        Some(file) => {
            let next = "read it in the team's repository, or ask for a version without it";
            Err(format!("{} is a file that agents or other programs follow at once; {next}", file.path))
        }
        None => Ok(files),
    }
}

/// The files of a version, verified against its digest.
fn checked(digest: Digest, files: Vec<VersionFile>) -> Result<Vec<VersionFile>, String> {
    if let Some(odd) = files.iter().find(|file| !is_carried(&file.path) || file.path.starts_with("@/")) {
        return Err(format!("{} is not a plain file of a version", odd.path));
    }
    let is = Digest::of_files(&files);
    if is == digest { Ok(files) } else { Err(format!("its files have the digest {}", is.short())) }
}
