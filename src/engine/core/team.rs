//! Decisions of the team: received decisions change the state of versions, and decisions made here are written as
//! files.

use super::step::Actor;
use crate::domain::team::{
    DecisionText, FileName, PolicyChain, SignedDecision, SigningKey, TeamDecision, TeamKind, TeamPolicy, TeamRules,
    TeamStatus, TeamVersion, UnsignedFiles,
};
use crate::domain::{Digest, EventKind, OperationId, rfc3339};
use crate::engine::error::EngineError;
use crate::store::{NewOperation, Queries, StoreError, TeamFile, TeamFiles, TeamWriter, Tx};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The kind of an unsigned file in the store.
const RULES: &str = "rules";

/// The subject of the event that the policy changed, or that policies conflict.
pub const POLICY_IN_FORCE: &str = "policy-in-force";

/// The format of the computed results of versions; results of another format are computed again.
const FORM: &str = "3";

/// Occurs in the stored result of every version with an approval that covers only a difference.
const BASE: &str = "\"base\":\"";

/// The maximum number of decisions that a new one answers; objections come first.
const MAX_ANSWERS: usize = 400;

/// The team of this machine, as far as decisions made here need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamContext {
    /// The first policy, pinned by hand.
    pub pin: FileName,
    /// The policy in force; `None` if the pinned one is absent.
    pub policy: Option<TeamPolicy>,
    /// The user's own key.
    pub key: SigningKey,
}

/// An approval that somebody gave on another machine, and that counts here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamVote {
    /// Who signed it.
    pub signer: String,
    /// The role in which it is given.
    pub role: Option<String>,
}

/// The result of sharing a decision that was made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shared {
    /// It was written, and will be exported.
    Written(FileName),
    /// The texts to sign were collected; nothing was written.
    Rehearsed,
    /// It is not shared; contains the reason.
    Kept(String),
}

/// A version whose state in the team changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamChange {
    pub digest: Digest,
    pub before: TeamStatus,
    pub after: TeamVersion,
}

/// The content of a stored decision file; `None` for a policy, and for bytes that differ from the stored ones.
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
    let (chain, mut unsigned) = unsigned_of(q, pin)?;
    let policy = chain.head().and_then(|head| unsigned.policies.remove(&head));
    Ok((chain, policy))
}

/// The chain of policies from a pinned one, and all policies.
///
/// # Errors
/// Any failed read of the store.
pub fn policies_of(q: &Queries, pin: FileName) -> Result<(PolicyChain, BTreeMap<FileName, TeamPolicy>), StoreError> {
    let (chain, unsigned) = unsigned_of(q, pin)?;
    Ok((chain, unsigned.policies))
}

/// The chain of policies from a pinned one, and the rules by which decisions count.
///
/// # Errors
/// Any failed read of the store.
pub fn rules_of(q: &Queries, pin: FileName) -> Result<(PolicyChain, Option<TeamRules>), StoreError> {
    let (chain, unsigned) = unsigned_of(q, pin)?;
    let imports = chain.head().and_then(|head| Some(unsigned.policies.get(&head)?.imports.len())).unwrap_or(0);
    let here = if imports > 0 { TeamFiles(q).objects()? } else { HashMap::new() };
    let rules = unsigned.rules(&chain, |name| here.contains_key(&name.hex()));
    Ok((chain, rules))
}

fn unsigned_of(q: &Queries, pin: FileName) -> Result<(PolicyChain, UnsignedFiles), StoreError> {
    let (mut unsigned, mut agreements) = (UnsignedFiles::default(), BTreeMap::new());
    for file in TeamFiles(q).without_version()? {
        if file.kind != RULES {
            agreements.extend(decision_of(&file));
        } else if FileName::of(&file.bytes).hex() == file.name {
            unsigned.add(&file.bytes);
        }
    }
    Ok((PolicyChain::of(pin, &unsigned.policies, &agreements), unsigned))
}

/// The basis of the computed versions: if it changes, all of them are computed again.
pub fn basis_of(chain: &PolicyChain, rules: &TeamRules) -> String {
    let head = chain.head().map(|head| head.hex()).unwrap_or_default();
    let locks = rules.imports.iter().map(|import| import.import.lock.hex());
    let fork = chain.fork.iter().map(FileName::hex);
    [FORM.to_owned(), head].into_iter().chain(locks).chain(fork).collect::<Vec<_>>().join(" ")
}

/// The team's decisions about a version, as far as they count on this machine; `None` if there are none. The time in a
/// decision is claimed by its signer. So an approval with an expired key counts only if it arrived before the expiry,
/// by the clock of this machine. This can only remove approvals, never add any.
///
/// # Errors
/// Any failed read of the store.
pub fn team_version_here(q: &Queries, pin: FileName, digest: Digest) -> Result<Option<TeamVersion>, StoreError> {
    let Some(version) = team_version(q, digest)? else { return Ok(None) };
    let late = late_approvals(q, &version)?;
    if late.is_empty() {
        return Ok(Some(version));
    }
    let Some(rules) = rules_of(q, pin)?.1 else { return Ok(Some(version)) };
    let about = |digest| -> Result<BTreeMap<FileName, SignedDecision>, StoreError> {
        let files = TeamFiles(q).about(digest)?;
        Ok(files.iter().filter_map(decision_of).filter(|(name, _)| !late.contains_key(name)).collect())
    };
    // If only late approvals of it are known, the result only states that they do not count.
    let nothing = TeamVersion { scopes: Vec::new(), unfounded: Vec::new(), ..version };
    let mut here = TeamVersion::of(&rules, digest, &with_bases(&rules, digest, about)?).unwrap_or(nothing);
    here.uncounted.extend(late);
    Ok(Some(here))
}

/// Approvals of a version, and of its bases, that arrived on this machine after their key had expired, each with the
/// reason why it does not count here.
///
/// # Errors
/// Any failed read of the store.
fn late_approvals(q: &Queries, version: &TeamVersion) -> Result<BTreeMap<FileName, String>, StoreError> {
    let (mut late, mut seen) = (BTreeMap::new(), BTreeSet::from([version.digest]));
    let mut open = vec![version.clone()];
    while let Some(version) = open.pop() {
        for approval in version.approvals() {
            let Some(until) = approval.until else { continue };
            let came = TeamFiles(q).added(&approval.name.hex())?;
            if let Some(came) = came.filter(|came| *came >= until) {
                let (came, until) = (rfc3339(came), rfc3339(until));
                let why = format!("it came here {came}, after the key of {} expired ({until})", approval.signer);
                late.insert(approval.name, why);
            }
        }
        for base in version.bases() {
            if seen.insert(base) {
                open.extend(team_version(q, base)?);
            }
        }
    }
    Ok(late)
}

/// The result of the decision files about a version, equal on every machine that has them; `None` if there are none.
///
/// # Errors
/// Any failed read of the store.
pub fn team_version(q: &Queries, digest: Digest) -> Result<Option<TeamVersion>, StoreError> {
    Ok(TeamFiles(q).state(digest)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Stores files and recomputes the affected versions; all of them if the policy changes. The result is independent of
/// the order of files.
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
    let (chain, rules) = rules_of(tx, pin)?;
    let basis = rules.as_ref().map(|rules| basis_of(&chain, rules));
    let mut sync = TeamFiles(tx).last_sync()?.unwrap_or_default();
    let mut before = BTreeMap::new();
    if sync.policy == basis {
        add_resting(tx, &mut touched)?;
    } else {
        for (digest, text) in TeamFiles(tx).states(&[])? {
            before.insert(digest, text);
        }
        writer.clear_states()?;
        touched = TeamFiles(tx).digests()?.into_iter().collect();
        sync.policy = basis;
        writer.set_sync(&sync)?;
        tx.emit(EventKind::TeamChanged, "policy")?;
    }
    let mut changes = Vec::new();
    for digest in touched {
        let known = match before.remove(&digest) {
            Some(text) => Some(text),
            None => TeamFiles(tx).state(digest)?,
        };
        let Some(after) = rules.as_ref().map(|rules| version(tx, rules, digest)).transpose()?.flatten() else {
            continue;
        };
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

/// Adds the versions whose direct or indirect base is one of these.
fn add_resting(q: &Queries, touched: &mut BTreeSet<Digest>) -> Result<(), StoreError> {
    let resting: Vec<(Digest, BTreeSet<Digest>)> = TeamFiles(q)
        .states_with(BASE)?
        .into_iter()
        .filter_map(|(digest, text)| Some((digest, serde_json::from_str::<TeamVersion>(&text).ok()?.bases())))
        .collect();
    loop {
        let new = resting.iter().filter(|(digest, bases)| !touched.contains(digest) && !touched.is_disjoint(bases));
        let new: Vec<Digest> = new.map(|(digest, _)| *digest).collect();
        if new.is_empty() {
            return Ok(());
        }
        touched.extend(new);
    }
}

/// The result of the files about a version.
fn version(q: &Queries, rules: &TeamRules, digest: Digest) -> Result<Option<TeamVersion>, StoreError> {
    let about = |digest| -> Result<BTreeMap<FileName, SignedDecision>, StoreError> {
        Ok(TeamFiles(q).about(digest)?.iter().filter_map(decision_of).collect())
    };
    Ok(TeamVersion::of(rules, digest, &with_bases(rules, digest, about)?))
}

/// The decisions about a version, and about its direct and indirect bases. `about` returns those about one version.
///
/// # Errors
/// Those of `about`.
pub fn with_bases<E>(
    rules: &TeamRules,
    digest: Digest,
    mut about: impl FnMut(Digest) -> Result<BTreeMap<FileName, SignedDecision>, E>,
) -> Result<BTreeMap<FileName, SignedDecision>, E> {
    let (mut files, mut open, mut seen) = (BTreeMap::new(), vec![digest], BTreeSet::new());
    while let Some(digest) = open.pop() {
        if seen.insert(digest) {
            let found = about(digest)?;
            open.extend(found.values().filter(|file| rules.knows(&file.key)).filter_map(|file| file.decision.base));
            files.extend(found);
        }
    }
    Ok(files)
}

/// The decisions that a new one about a version answers: objections and requests.
///
/// # Errors
/// Any failed read of the store.
pub fn unanswered(q: &Queries, pin: FileName, digest: Digest) -> Result<Vec<FileName>, StoreError> {
    let Some(version) = team_version_here(q, pin, digest)? else { return Ok(Vec::new()) };
    let names = version.objections.iter().chain(&version.requests).take(MAX_ANSWERS).map(|known| known.name);
    Ok(in_order(names))
}

/// The user's own approvals of a version that are in force.
///
/// # Errors
/// Any failed read of the store.
pub fn ours_for(q: &Queries, team: &TeamContext, digest: Digest) -> Result<Vec<FileName>, StoreError> {
    let Some(version) = team_version(q, digest)? else { return Ok(Vec::new()) };
    let approvals = version.approvals().map(|approval| approval.name);
    ours(q, team, in_order(approvals))
}

/// The user's own decisions against a version that are in force.
///
/// # Errors
/// Any failed read of the store.
pub fn ours_against(q: &Queries, team: &TeamContext, digest: Digest) -> Result<Vec<FileName>, StoreError> {
    let Some(version) = team_version(q, digest)? else { return Ok(Vec::new()) };
    let kinds = [TeamKind::Reject, TeamKind::RequestChanges];
    let names = version.objections.iter().filter(|objection| kinds.contains(&objection.kind)).map(|no| no.name);
    ours(q, team, in_order(names))
}

/// The files that the user's own key signed.
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

/// Writes a decision as a file, in the transaction of its log entry. A decision that would not count is not written.
///
/// # Errors
/// `Conflict` if the written text differs from the signed text; `Internal` for errors of the store.
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

/// A policy or a lock as stored; with an object if it is in the team's repository.
pub fn unsigned_file(bytes: &[u8], object: Option<String>) -> TeamFile {
    let name = FileName::of(bytes).hex();
    TeamFile { name, kind: RULES.to_owned(), digest: None, bytes: bytes.to_vec(), key: None, object }
}

/// Writes an entry about the team into the log.
///
/// # Errors
/// `Internal` for errors of the store.
pub fn log_team(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    (verb, subject): (&str, &str),
    detail: Value,
) -> Result<OperationId, EngineError> {
    let (who, verb, subject) = (actor.who.to_owned(), verb.to_owned(), subject.to_owned());
    actor.log(tx, &NewOperation { who, verb, subject, detail, reversible: false })
}
