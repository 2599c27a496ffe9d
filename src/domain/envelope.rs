//! The combined behaviour of all observed runs of one version: what is normal for it, what departs from that, and how
//! it compares with the declaration in the manifest.
//!
//! The envelope grows with kinds of behaviour, not with runs: targets are generalised, many allowed files of one folder
//! become the folder, and there is a limit. Whatever exceeds the limit is counted, never dropped silently. A version
//! that exceeded the limit keeps departing from its envelope, because its normal behaviour is unknown.
//!
//! It is domain data: the store folds a run into it in the transaction that ends the run, and the checks compare trials
//! with it.

mod declared;

use super::digest::Digest;
use super::ids::RunId;
use super::manifest::Permissions;
use super::observation::{Answer, Attempt, Observation, Observer, Touch};
use super::place::{USER_NAMES, generalise, is_step_to_names, place, program};
use declared::{items, lies_in};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub use declared::{PermissionLine, PermissionUse};

/// The maximum number of kinds of behaviour in one envelope.
const MAX_SEEN: usize = 500;

/// The maximum number of allowed targets in one folder; beyond that, the folder is kept.
const MAX_IN_PLACE: usize = 20;

/// The maximum number of files loaded as code in one envelope.
const MAX_LOADED: usize = 2000;

/// The combined behaviour of all observed runs of one version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// Observed runs.
    pub observed: u64,
    /// Runs that were not observed, or not to the end.
    pub unobserved: u64,
    /// All attempts, by kind, answer and target.
    pub seen: BTreeMap<String, SeenAttempt>,
    /// Attempts that exceeded the limit of the envelope, or of the list of a run.
    pub cut: u64,
    /// Files that were loaded as code through declared paths, by path, as the last run that loaded them found them.
    #[serde(default)]
    pub loaded: BTreeMap<String, LoadedCode>,
    /// Whether any observed run recorded such files; runs of earlier releases did not.
    #[serde(default)]
    pub knows_loaded: bool,
}

/// A file in an [`Envelope`] that was loaded as code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedCode {
    /// Digest of its content, as the last run loaded it.
    pub digest: Digest,
    /// The first run that loaded it.
    pub first_run: RunId,
    /// The last run that loaded it.
    pub last_run: RunId,
}

/// One kind of attempt in an [`Envelope`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenAttempt {
    /// Kind of access that was attempted.
    pub touch: Touch,
    /// The target, generalised: `{n}` is a number, `{id}` a generated name, `FOLDER/*` anything in it.
    pub target: String,
    /// The result of the attempt.
    pub answer: Answer,
    /// The number of runs with it.
    pub runs: u64,
    /// The first run with it.
    pub first_run: RunId,
    /// The last run with it.
    pub last_run: RunId,
}

impl Envelope {
    /// Folds in one more run.
    pub fn fold(&mut self, run: RunId, observation: &Observation) {
        match observation.observer {
            Observer::On => self.observed += 1,
            Observer::Off(_) => self.unobserved += 1,
        }
        self.cut += observation.attempts_cut;
        let looks_up = looks_up_users(&observation.attempts);
        let kinds: BTreeSet<(Touch, Answer, String)> =
            observation.attempts.iter().map(|attempt| kind(attempt, looks_up)).collect();
        for (touch, answer, target) in kinds {
            self.take(run, touch, answer, target);
        }
        self.cut += observation.loaded_cut;
        self.knows_loaded |= observation.observer == Observer::On;
        for file in &observation.loaded {
            if let Some(known) = self.loaded.get_mut(&file.path) {
                (known.digest, known.last_run) = (file.digest, run);
            } else if self.loaded.len() < MAX_LOADED {
                let loaded = LoadedCode { digest: file.digest, first_run: run, last_run: run };
                self.loaded.insert(file.path.clone(), loaded);
            } else {
                self.cut += 1;
            }
        }
    }

    /// The files that a run loaded as code and no earlier run loaded in this version; changed files with both digests.
    pub fn newly_loaded(&self, observation: &Observation) -> Vec<String> {
        if !self.knows_loaded {
            return Vec::new();
        }
        let news = observation.loaded.iter().filter_map(|file| match self.loaded.get(&file.path) {
            Some(known) if known.digest == file.digest => None,
            Some(known) => {
                let (before, now) = (known.digest.short(), file.digest.short());
                Some(format!("load code {}, which changed from {before} to {now}", file.path))
            }
            None => Some(format!("load code {} ({})", file.path, file.digest.short())),
        });
        news.collect()
    }

    fn take(&mut self, run: RunId, touch: Touch, answer: Answer, target: String) {
        let whole = place(touch, &target);
        for target in [&target, &whole] {
            if let Some(seen) = self.seen.get_mut(&key(touch, answer, target)) {
                // Two targets of one run may be generalised to the same folder.
                seen.runs += u64::from(seen.last_run != run);
                seen.last_run = run;
                return;
            }
        }
        let mut new = SeenAttempt { touch, target, answer, runs: 1, first_run: run, last_run: run };
        // Allowed access is the normal case and often covers thousands of files.
        if answer == Answer::Allowed && whole != new.target {
            let like = |seen: &SeenAttempt| {
                seen.touch == touch && seen.answer == answer && place(touch, &seen.target) == whole
            };
            let siblings: Vec<String> =
                self.seen.iter().filter(|(_, seen)| like(seen)).map(|(key, _)| key.clone()).collect();
            if siblings.len() >= MAX_IN_PLACE {
                for seen in siblings.iter().filter_map(|key| self.seen.remove(key)) {
                    new.first_run = new.first_run.min(seen.first_run);
                    new.runs = new.runs.max(seen.runs + u64::from(seen.last_run != run));
                }
                new.target = whole;
            }
        }
        if self.seen.len() < MAX_SEEN {
            self.seen.insert(key(touch, answer, &new.target), new);
        } else {
            self.cut += 1;
        }
    }

    /// All attempts, by answer and target; an attempt denied in some runs and missing in others is one line, denied.
    pub fn tried(&self) -> Vec<SeenAttempt> {
        let like = |seen: &SeenAttempt, answer| self.seen.get(&key(seen.touch, answer, &seen.target));
        let is_told = |seen: &&SeenAttempt| seen.answer != Answer::Missing || like(seen, Answer::Denied).is_none();
        let told = self.seen.values().filter(is_told);
        let whole = |seen: &SeenAttempt| match like(seen, Answer::Missing).filter(|_| seen.answer == Answer::Denied) {
            None => seen.clone(),
            Some(missing) => SeenAttempt {
                // One run may have had both answers.
                runs: (seen.runs + missing.runs).min(self.observed + self.unobserved),
                first_run: seen.first_run.min(missing.first_run),
                last_run: seen.last_run.max(missing.last_run),
                ..seen.clone()
            },
        };
        told.map(whole).collect()
    }

    /// What the run did that no earlier run did and no declaration covers: a place that no earlier run tried, or one
    /// that is allowed for the first time. One attempt represents its whole place. Denied and missing count as the
    /// same, because the isolation level decides which of them occurs.
    pub fn departures<'a>(&self, declared: &Permissions, observation: &'a Observation) -> Vec<&'a Attempt> {
        let mut known: BTreeSet<(Touch, bool, String)> = BTreeSet::new();
        for seen in self.seen.values() {
            learn(&mut known, seen.touch, seen.answer, place(seen.touch, &seen.target));
        }
        let mut departures = Vec::new();
        let looks_up = looks_up_users(&observation.attempts);
        for attempt in &observation.attempts {
            if kind(attempt, looks_up).2 == USER_NAMES
                || is_own(attempt.touch, &attempt.target, attempt.answer)
                || items(declared).any(|item| item.covers(attempt.touch, &attempt.target))
            {
                continue;
            }
            let place = place(attempt.touch, &generalise(attempt.touch, &attempt.target));
            if learn(&mut known, attempt.touch, attempt.answer, place) {
                departures.push(attempt);
            }
        }
        departures
    }
}

fn key(touch: Touch, answer: Answer, target: &str) -> String {
    format!("{touch} {answer} {target}")
}

/// How an attempt is classified; depends on whether the run looks up user names.
fn kind(attempt: &Attempt, looks_up: bool) -> (Touch, Answer, String) {
    let is_step = looks_up && attempt.touch == Touch::Read && is_step_to_names(&attempt.target);
    let target = if is_step { USER_NAMES.to_owned() } else { generalise(attempt.touch, &attempt.target) };
    (attempt.touch, attempt.answer, target)
}

fn looks_up_users(attempts: &[Attempt]) -> bool {
    attempts.iter().any(|attempt| generalise(attempt.touch, &attempt.target) == USER_NAMES)
}

/// Whether this is new. An allowed attempt shows both that the place was tried and that it is accessible.
fn learn(known: &mut BTreeSet<(Touch, bool, String)>, touch: Touch, answer: Answer, place: String) -> bool {
    let mut news = answer == Answer::Allowed && known.insert((touch, true, place.clone()));
    news |= known.insert((touch, false, place));
    news
}

/// What needs no permission: the tool's own files, its scratch folder, user names, and sockets inside its own
/// namespace.
fn is_own(touch: Touch, target: &str, answer: Answer) -> bool {
    if generalise(touch, target) == USER_NAMES {
        return true;
    }
    match touch {
        Touch::Read => lies_in(target, "{tool}") || lies_in(target, "{scratch}"),
        Touch::Write | Touch::Delete | Touch::Rename => lies_in(target, "{scratch}"),
        Touch::Exec => lies_in(&program(target), "{tool}") || lies_in(&program(target), "{scratch}"),
        Touch::Connect | Touch::Listen => answer == Answer::Allowed && target.starts_with("unix:"),
        Touch::Resolve | Touch::Forbidden => false,
    }
}

#[cfg(test)]
mod tests;
