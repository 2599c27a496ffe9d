//! Decisions of the team: what comes in changes the state of versions, and what is decided here is written as a file.

use super::step::Actor;
use crate::domain::team::{
    DecisionText, FileName, PolicyChain, SignedDecision, SigningKey, TeamDecision, TeamKind, TeamPolicy, TeamStatus,
    TeamVersion,
};
use crate::domain::{Digest, EventKind, OperationId};
use crate::engine::error::EngineError;
use crate::store::{NewOperation, Queries, StoreError, TeamFile, TeamFiles, TeamWriter, Tx};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the store calls a policy file.
const RULES: &str = "rules";

/// The most decisions that a new one answers; those against a version come first.
const MAX_ANSWERS: usize = 400;

/// The team of this machine, as far as decisions made here need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamContext {
    /// The first policy, pinned by hand.
    pub pin: FileName,
    /// The policy in force; `None` while the pinned one is not here.
    pub policy: Option<TeamPolicy>,
    /// The user's own key.
    pub key: SigningKey,
}

/// An approval that a colleague gave on another machine, and that counts here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamVote {
    /// Who signed it.
    pub signer: String,
    /// The role in which it is given.
    pub role: Option<String>,
}

/// What became of a decision that was made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shared {
    /// It is written, and waits to be handed out.
    Written(FileName),
    /// What has to be signed is known now; nothing is written.
    Rehearsed,
    /// It stays here: why.
    Kept(String),
}

/// A version whose place in the team changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamChange {
    pub digest: Digest,
    pub before: TeamStatus,
    pub after: TeamVersion,
}

/// What a kept file says; `None` for a policy, and for bytes that are not what was kept.
pub fn decision_of(file: &TeamFile) -> Option<(FileName, SignedDecision)> {
    let name = FileName::of(&file.bytes);
    let text = DecisionText::read(&file.bytes).ok().filter(|_| name.hex() == file.name)?;
    let key = file.key.as_deref().filter(|key| *key == text.key.as_str())?;
    let key = SigningKey::new(key).ok()?;
    Some((name, SignedDecision { decision: text.decision, key }))
}

/// The chain of policies from a pinned one, and the policy in force.
///
/// # Errors
/// Any failed read of the store.
pub fn chain_of(q: &Queries, pin: FileName) -> Result<(PolicyChain, Option<TeamPolicy>), StoreError> {
    let (mut policies, mut agreements) = (BTreeMap::new(), BTreeMap::new());
    for file in TeamFiles(q).without_version()? {
        if file.kind == RULES {
            let name = FileName::of(&file.bytes);
            let policy = TeamPolicy::read(&file.bytes).ok().filter(|_| name.hex() == file.name);
            policies.extend(policy.map(|policy| (name, policy)));
        } else {
            agreements.extend(decision_of(&file));
        }
    }
    let chain = PolicyChain::of(pin, &policies, &agreements);
    let policy = chain.head().and_then(|head| policies.remove(&head));
    Ok((chain, policy))
}

/// What the team decided about a version; `None` where nobody did.
///
/// # Errors
/// Any failed read of the store.
pub fn team_version(q: &Queries, digest: Digest) -> Result<Option<TeamVersion>, StoreError> {
    Ok(TeamFiles(q).state(digest)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Takes in files and computes anew what they change; all of it where they change the policy. Nothing of it depends on
/// the order in which files come.
///
/// # Errors
/// Any failed read or write of the store.
pub fn take_in(tx: &Tx<'_>, pin: FileName, files: &[TeamFile]) -> Result<Vec<TeamChange>, EngineError> {
    let writer = TeamWriter(tx);
    let mut touched = BTreeSet::new();
    for file in files {
        writer.put(file)?;
        touched.extend(file.digest);
    }
    let (chain, policy) = chain_of(tx, pin)?;
    let head = chain.head().map(|head| head.hex());
    let mut sync = TeamFiles(tx).last_sync()?.unwrap_or_default();
    let mut before = BTreeMap::new();
    if sync.policy != head {
        for (digest, text) in TeamFiles(tx).states(&[])? {
            before.insert(digest, text);
        }
        writer.clear_states()?;
        touched = TeamFiles(tx).digests()?.into_iter().collect();
        sync.policy = head;
        writer.set_sync(&sync)?;
        tx.emit(EventKind::TeamChanged, "policy")?;
    }
    let mut changes = Vec::new();
    for digest in touched {
        let known = match before.remove(&digest) {
            Some(text) => Some(text),
            None => TeamFiles(tx).state(digest)?,
        };
        let Some(after) = version(tx, policy.as_ref(), digest)? else { continue };
        let text = serde_json::to_string(&after).map_err(EngineError::internal)?;
        writer.set_state(digest, &after.status().to_string(), &text)?;
        let known = known.and_then(|text| serde_json::from_str::<TeamVersion>(&text).ok());
        let before = known.map_or(TeamStatus::Open, |known| known.status());
        if before != after.status() {
            changes.push(TeamChange { digest, before, after });
        }
    }
    Ok(changes)
}

/// What the files about a version come to.
fn version(q: &Queries, policy: Option<&TeamPolicy>, digest: Digest) -> Result<Option<TeamVersion>, EngineError> {
    let Some(policy) = policy else { return Ok(None) };
    let files: BTreeMap<FileName, SignedDecision> =
        TeamFiles(q).about(digest)?.iter().filter_map(decision_of).collect();
    Ok(TeamVersion::of(policy, digest, &files))
}

/// The decisions that a new one about a version answers: what stands against it, and its requests.
///
/// # Errors
/// Any failed read of the store.
pub fn unanswered(q: &Queries, digest: Digest) -> Result<Vec<FileName>, StoreError> {
    let Some(version) = team_version(q, digest)? else { return Ok(Vec::new()) };
    let names = version.objections.iter().chain(&version.requests).take(MAX_ANSWERS).map(|known| known.name);
    Ok(in_order(names))
}

/// The user's own approvals of a version that stand.
///
/// # Errors
/// Any failed read of the store.
pub fn ours_for(q: &Queries, team: &TeamContext, digest: Digest) -> Result<Vec<FileName>, StoreError> {
    let Some(version) = team_version(q, digest)? else { return Ok(Vec::new()) };
    let approvals = version.scopes.iter().flat_map(|scope| &scope.approvals).map(|approval| approval.name);
    ours(q, team, in_order(approvals))
}

/// The user's own decisions against a version that stand.
///
/// # Errors
/// Any failed read of the store.
pub fn ours_against(q: &Queries, team: &TeamContext, digest: Digest) -> Result<Vec<FileName>, StoreError> {
    let Some(version) = team_version(q, digest)? else { return Ok(Vec::new()) };
    let kinds = [TeamKind::Reject, TeamKind::RequestChanges];
    let names = version.objections.iter().filter(|objection| kinds.contains(&objection.kind)).map(|no| no.name);
    ours(q, team, in_order(names))
}

/// Those of some files that the user's own key signed.
fn ours(q: &Queries, team: &TeamContext, names: Vec<FileName>) -> Result<Vec<FileName>, StoreError> {
    let mut found = Vec::new();
    for name in names {
        let file = TeamFiles(q).named(&name.hex())?;
        found.extend(file.filter(|file| file.key.as_deref() == Some(team.key.as_str())).map(|_| name));
    }
    Ok(found)
}

fn in_order(names: impl Iterator<Item = FileName>) -> Vec<FileName> {
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Writes a decision as a file, beside the entry of the log that this transaction writes. One that would not count is not
/// written.
///
/// # Errors
/// `Conflict` when what was signed is not what is written; `Internal` for trouble with the store.
pub fn share(tx: &Tx<'_>, actor: Actor<'_>, team: &TeamContext, decision: TeamDecision) -> Result<Shared, EngineError> {
    if let Some(policy) = &team.policy
        && let Err(why) = policy.counts(&team.key, &decision.reviewer, decision.role.as_deref(), decision.at)
    {
        return Ok(Shared::Kept(why));
    }
    let Some(pen) = actor.pen else { return Ok(Shared::Kept("nothing is signed here".to_owned())) };
    let subject = decision.digest().map_or_else(|| "the policy".to_owned(), |digest| digest.short());
    let Some(signature) = pen.sign_text(&decision.text(), &subject)? else {
        return Ok(Shared::Rehearsed);
    };
    let text = match DecisionText::sign(decision, &signature) {
        Ok(text) if text.key == team.key => text,
        Ok(text) => return Ok(Shared::Kept(format!("it was signed with another key, {}", text.key.fingerprint()))),
        Err(why) => return Ok(Shared::Kept(why)),
    };
    let bytes = text.bytes();
    let name = FileName::of(&bytes);
    let file = TeamFile {
        name: name.hex(),
        kind: text.decision.kind.word().to_owned(),
        digest: text.decision.digest(),
        key: Some(text.key.to_string()),
        object: None,
        bytes,
    };
    take_in(tx, team.pin, &[file])?;
    Ok(Shared::Written(name))
}

/// A policy file as it is kept; with an object where it lies in the team's repository.
pub fn policy_file(bytes: &[u8], object: Option<String>) -> TeamFile {
    let name = FileName::of(bytes).hex();
    TeamFile { name, kind: RULES.to_owned(), digest: None, bytes: bytes.to_vec(), key: None, object }
}

/// Writes an entry about the team into the log.
///
/// # Errors
/// `Internal` for trouble with the store.
pub fn log_team(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    (verb, subject): (&str, &str),
    detail: Value,
) -> Result<OperationId, EngineError> {
    let (who, verb, subject) = (actor.who.to_owned(), verb.to_owned(), subject.to_owned());
    actor.log(tx, &NewOperation { who, verb, subject, detail, reversible: false })
}
