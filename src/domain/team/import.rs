//! Decisions of another team: which of them are pinned, and their effect here.
//!
//! A policy names another team and the lock of its decisions. The lock is a file of our own set, named by its content.
//! It states where they came from and under which policy they count, and lists all of them. The decisions themselves
//! are in our set, too, so that everybody computes the same state without asking the other team.

use super::decision::SignedDecision;
use super::file_name::FileName;
use super::policy::{Import, TeamPolicy};
use super::signature::SigningKey;
use crate::domain::hidden::is_hidden;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The beginning of a lock, which no policy has.
const BEGINNING: &str = "remote = ";

/// The maximum number of decisions in a lock.
pub const MAX_LOCKED: usize = 15_000;

/// The longest address, in characters.
const MAX_REMOTE_CHARS: usize = 500;

/// The pinned decisions of another team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportLock {
    /// Where they came from.
    pub remote: String,
    /// The policy of that team under which they count.
    pub policy: FileName,
    /// Their names, ascending.
    pub decisions: Vec<FileName>,
}

/// A file of a team without a signature: signed files name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnsignedFile {
    /// A policy.
    Policy(Box<TeamPolicy>),
    /// The decisions of another team.
    Lock(ImportLock),
}

/// The combined rules of policies and locks: whose decisions count here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRules {
    /// The policy in force.
    pub policy: TeamPolicy,
    /// Conflicting successors of the policy: while there are any, nothing is approved, and each of them can reject a
    /// version.
    pub rivals: Vec<TeamPolicy>,
    /// Other teams whose decisions count; all decisions in their locks are present.
    pub imports: Vec<ImportedRules>,
    /// Other teams whose decisions do not count yet: name, and what is missing.
    pub incomplete: Vec<(String, String)>,
}

/// The decisions of another team, with the rules by which they count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRules {
    /// How our policy counts them.
    pub import: Import,
    /// Their list.
    pub lock: ImportLock,
    /// The rules of the other team, without its own imports.
    pub rules: Box<TeamRules>,
}

impl ImportLock {
    /// Its canonical form.
    pub fn text(&self) -> String {
        let mut text = format!("{BEGINNING}\"{}\"\npolicy = \"{}\"\ndecisions = [\n", self.remote, self.policy);
        for name in &self.decisions {
            // Writing to memory cannot fail.
            let _ = writeln!(text, "    \"{name}\",");
        }
        text.push_str("]\n");
        text
    }

    fn fault(&self) -> Option<String> {
        let is_bad = |c: char| is_hidden(c) || c.is_whitespace() || matches!(c, '"' | '\\');
        if self.remote.is_empty() || self.remote.len() > MAX_REMOTE_CHARS || self.remote.chars().any(is_bad) {
            return Some("its remote is not a plain address".to_owned());
        }
        if self.decisions.len() > MAX_LOCKED {
            return Some(format!("it lists more than {MAX_LOCKED} decisions"));
        }
        let is_sorted = self.decisions.is_sorted_by(|one, other| one < other);
        (!is_sorted).then(|| "its decisions are not in ascending order".to_owned())
    }

    fn read(text: &str) -> Result<ImportLock, String> {
        let lock: ImportLock = toml::from_str(text)
            .map_err(|error| format!("it cannot be read: {}", error.message().replace('\n', ", ")))?;
        match lock.fault() {
            Some(fault) => Err(fault),
            None if lock.text() != text => Err("it is not written in the form of locks".to_owned()),
            None => Ok(lock),
        }
    }
}

impl UnsignedFile {
    /// Reads a policy or a lock.
    ///
    /// # Errors
    /// One line with the reason for the refusal.
    pub fn read(bytes: &[u8]) -> Result<UnsignedFile, String> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.starts_with(BEGINNING) => ImportLock::read(text).map(UnsignedFile::Lock),
            _ => TeamPolicy::read(bytes).map(|policy| UnsignedFile::Policy(Box::new(policy))),
        }
    }
}

impl TeamRules {
    /// The rules of a policy without imports.
    pub fn alone(policy: TeamPolicy) -> TeamRules {
        TeamRules { policy, rivals: Vec::new(), imports: Vec::new(), incomplete: Vec::new() }
    }

    /// The rules of a policy. Another team counts only if everything in its lock is present: an incomplete set could
    /// lack a revocation.
    pub fn of(
        policy: TeamPolicy,
        policies: &BTreeMap<FileName, TeamPolicy>,
        locks: &BTreeMap<FileName, ImportLock>,
        is_here: impl Fn(&FileName) -> bool,
    ) -> TeamRules {
        let mut rules = TeamRules::alone(policy);
        for import in &rules.policy.imports {
            match imported(import, policies, locks, &is_here) {
                Ok(found) => rules.imports.push(found),
                Err(absent) => rules.incomplete.push((import.name.clone(), absent)),
            }
        }
        rules
    }

    /// Whether a key belongs to a signer, here or of another team.
    pub fn knows(&self, key: &SigningKey) -> bool {
        self.policy.signer(key).is_some() || self.imports.iter().any(|import| import.rules.knows(key))
    }

    /// Whether a decision is from another team.
    pub fn is_imported(&self, name: &FileName) -> bool {
        self.imports.iter().any(|import| import.has(name))
    }
}

fn imported(
    import: &Import,
    policies: &BTreeMap<FileName, TeamPolicy>,
    locks: &BTreeMap<FileName, ImportLock>,
    is_here: impl Fn(&FileName) -> bool,
) -> Result<ImportedRules, String> {
    let lock = locks.get(&import.lock).ok_or_else(|| format!("the lock {}", import.lock.short()))?;
    let policy = policies.get(&lock.policy).ok_or_else(|| format!("their policy {}", lock.policy.short()))?;
    let absent = lock.decisions.iter().filter(|name| !is_here(name)).count();
    if absent > 0 {
        return Err(format!("{absent} of {} decisions", lock.decisions.len()));
    }
    let theirs = TeamPolicy { imports: Vec::new(), ..policy.clone() };
    Ok(ImportedRules { import: import.clone(), lock: lock.clone(), rules: Box::new(TeamRules::alone(theirs)) })
}

impl ImportedRules {
    /// Whether a decision is a pinned one of this team.
    pub fn has(&self, name: &FileName) -> bool {
        self.lock.decisions.binary_search(name).is_ok()
    }

    /// Their decisions among some files.
    pub(super) fn among<'f>(
        &self,
        files: &BTreeMap<FileName, &'f SignedDecision>,
    ) -> BTreeMap<FileName, &'f SignedDecision> {
        files.iter().filter(|(name, _)| self.has(name)).map(|(name, file)| (*name, *file)).collect()
    }

    /// The criteria of our team for which one of theirs counts.
    pub(super) fn counts_for(&self, theirs: &str) -> impl Iterator<Item = &str> {
        self.import.criteria.get(theirs).into_iter().flatten().map(String::as_str)
    }
}

impl TeamPolicy {
    /// What is wrong with the imports; one line.
    pub(super) fn fault_of_imports(&self) -> Option<String> {
        let mut names = BTreeSet::new();
        self.imports.iter().find_map(|import| {
            let name = &import.name;
            if name.trim().is_empty() || name.chars().any(is_hidden) {
                return Some("the name of an import is empty or has hidden characters".to_owned());
            }
            (!names.insert(name)).then(|| format!("the import {name} is named twice"))
        })
    }
}
