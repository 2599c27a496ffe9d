//! What the end of a run means for its version: the envelope grows, and what no run of an approved
//! version did before asks for a human.

use crate::domain::{Attempt, ReviewKind, ReviewState, Risk, Run, RunId, RunOutcome, Touch};
use crate::store::{FinishedRun, NewReview, StoreError, Tx};

/// Most departures that stand in the record of a run; the observation has them all.
const DEPARTURES: usize = 20;

/// Departures named in the summary of a review.
const NAMED: usize = 2;

/// Ends a run in the store. Folds what it was seen to do into the envelope of its version; marks it and opens a
/// drift review when the version is approved, was observed before, and this run did what none before it did.
/// Returns `false`, and changes nothing, when the run had
/// ended before.
///
/// # Errors
/// Any [`StoreError`] of a failed read or write.
pub fn end_run(tx: &Tx<'_>, id: RunId, finished: &FinishedRun) -> Result<bool, StoreError> {
    let Some(run) = tx.run(id)?.filter(|run| run.outcome == RunOutcome::Running) else { return Ok(false) };
    let Some(observation) = &finished.observation else { return tx.finish_run(id, finished) };
    let mut envelope = tx.envelope(&run.tool, run.digest)?;
    let mut finished = finished.clone();
    // The first observed run has nothing to depart from.
    if envelope.observed > 0 && is_approved(tx, &run)? {
        let departures = envelope.departures(&finished.declared, observation);
        if !departures.is_empty() {
            mark(&mut finished, &departures);
            open_review(tx, &run, &departures)?;
        }
    }
    envelope.fold(id, observation);
    tx.put_envelope(&run.tool, run.digest, &envelope)?;
    tx.finish_run(id, &finished)
}

fn is_approved(tx: &Tx<'_>, run: &Run) -> Result<bool, StoreError> {
    Ok(tx.approvals_of(&run.tool)?.iter().any(|approval| approval.digest == run.digest))
}

fn mark(finished: &mut FinishedRun, departures: &[&Attempt]) {
    finished.departed = departures.iter().take(DEPARTURES).map(|attempt| attempt.phrase()).collect();
    finished.notes.push(format!("outside the envelope of its version: {}", phrases(departures)));
}

/// The first departures in words, and how many more there are.
fn phrases(departures: &[&Attempt]) -> String {
    let named: Vec<String> = departures.iter().take(NAMED).map(|attempt| attempt.phrase()).collect();
    let more = match departures.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", named.join(", "))
}

/// Opens a drift review of the version, unless one waits already: that one shows the new evidence too. To approve
/// it is to accept the envelope as it is then; the departures are in it, so the same again asks nobody.
fn open_review(tx: &Tx<'_>, run: &Run, departures: &[&Attempt]) -> Result<(), StoreError> {
    let Some(version) = tx.version(&run.tool, run.digest)? else { return Ok(()) };
    let waits = tx
        .review_heads()?
        .into_iter()
        .any(|head| head.state == ReviewState::Waiting && head.tool == run.tool && head.digest == run.digest);
    if waits {
        return Ok(());
    }
    let harmless = departures.iter().all(|attempt| matches!(attempt.touch, Touch::Read | Touch::Resolve));
    tx.open_review(&NewReview {
        kind: ReviewKind::Drift,
        tool: run.tool.clone(),
        version: run.version.clone(),
        digest: run.digest,
        from_stage: version.stage,
        to_stage: version.stage,
        risk: if harmless { Risk::Medium } else { Risk::High },
        summary: format!("behaviour: it did {} that no run before did", phrases(departures)),
        path: version.path,
        base_digest: None,
        members: Vec::new(),
    })?;
    Ok(())
}
