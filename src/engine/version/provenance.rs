//! The origin of each version of a tool, from its kept files and the decisions about it.

use crate::catalog;
use crate::domain::{
    DecisionKind, Digest, Evolution, Manifest, OriginDecision, OriginEvolution, Review, ToolName, Unread,
    VersionOrigin, rfc3339,
};
use crate::engine::Versions;
use crate::engine::core;
use crate::engine::error::EngineError;
use std::collections::HashMap;

impl Versions<'_> {
    /// The origin of each of these versions of a tool.
    ///
    /// # Errors
    /// `Internal` for errors of the store. An unreadable version has only its decision.
    pub(in crate::engine) fn origins(
        &self,
        tool: &ToolName,
        digests: &[Digest],
    ) -> Result<HashMap<Digest, VersionOrigin>, EngineError> {
        let reviews = self.workspace.read(|q| Ok(core::reviews_about(q, tool, |_| true)?))?;
        let origin = |digest: &Digest| {
            let manifest = self.manifest_of_version(tool, *digest);
            let mut origin = manifest.as_ref().map(stated).unwrap_or_default();
            origin.decision = newest_decision(&reviews, tool, *digest);
            if let Some(made) = self.workspace.read(|q| Ok(q.evolution_that_made(tool, *digest)?))? {
                self.add_evolution(&mut origin, &made, *digest)?;
            }
            Ok((*digest, origin))
        };
        digests.iter().map(origin).collect()
    }

    /// Adds the recorded evolution of a version; its own statements are kept.
    fn add_evolution(&self, origin: &mut VersionOrigin, row: &Evolution, digest: Digest) -> Result<(), EngineError> {
        let examined = self.workspace.read(|q| Ok(q.examined_answers(row.id)?))?;
        let Some(found) = examined.iter().find(|one| one.digest == digest) else { return Ok(()) };
        let lane = crate::engine::evolving::lane_of(row, found)?;
        let wanted = match (row.asked.hint.lines().next(), row.asked.failures.first()) {
            (Some(hint), _) if !hint.trim().is_empty() => Some(hint.to_owned()),
            (_, Some(run)) => Some(format!("to fix the failure of run {run}")),
            _ => None,
        };
        origin.creator.get_or_insert_with(|| row.who.clone());
        if let Some(lane) = &lane {
            origin.generator.get_or_insert_with(|| lane.generator.clone());
        }
        origin.created_at.get_or_insert_with(|| rfc3339(row.ended_at.unwrap_or(row.started_at)));
        origin.request = origin.request.take().or(wanted);
        origin.parent.get_or_insert_with(|| format!("{} ({})", row.version, row.digest.short()));
        origin.prompt = origin.prompt.or_else(|| lane.and_then(|lane| lane.prompt));
        origin.evolution = Some(OriginEvolution { number: row.id, round: found.round, bundle: row.bundle });
        Ok(())
    }

    fn manifest_of_version(&self, tool: &ToolName, digest: Digest) -> Option<Manifest> {
        let view = self.engine.library().around(tool);
        let here = view.tools.iter().find(|row| row.name == *tool && row.digest == digest);
        if let Some(row) = here {
            return self.engine.library().detail(row).ok().map(|detail| detail.manifest);
        }
        let row = view.tools.iter().find(|row| row.name == *tool)?;
        let files = self.files(digest).ok()?;
        catalog::read_files(files, row).ok().map(|detail| detail.manifest)
    }
}

/// The provenance in a manifest.
fn stated(manifest: &Manifest) -> VersionOrigin {
    let said = &manifest.provenance;
    VersionOrigin {
        creator: said.created_by.clone(),
        generator: said.generator.clone(),
        created_at: said.created_at.clone(),
        request: said.reason.clone(),
        parent: said.parent.clone(),
        prompt: said.prompt,
        examples: manifest.examples.len(),
        tests: manifest.tests.len(),
        evolution: None,
        decision: None,
    }
}

fn newest_decision(reviews: &[Review], tool: &ToolName, digest: Digest) -> Option<OriginDecision> {
    let is_about = |review: &&Review| {
        let member = review.members.iter().any(|(name, of)| name == tool && *of == digest);
        (review.tool == *tool && review.digest == digest) || member
    };
    let made = reviews.iter().filter(is_about).flat_map(|review| {
        review.decisions.iter().filter(|decision| !decision.undone).map(move |decision| (review, decision))
    });
    made.max_by_key(|(_, decision)| decision.operation).map(|(review, decision)| OriginDecision {
        review: review.id,
        kind: decision.kind,
        reviewer: decision.reviewer.clone(),
        at: decision.at,
        reason: decision.reason.clone(),
        unread: Unread::of(&decision.shown).filter(|_| decision.kind == DecisionKind::Approve).map(|it| it.to_string()),
        override_reason: decision.override_reason.clone(),
    })
}
