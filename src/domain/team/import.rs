//! Decisions of another team: which of them are pinned, and what they come to here.
//!
//! A policy names another team and the lock of its decisions. The lock is a file of our own set, named by its content: it
//! says where they came from, under which policy they count, and lists every one of them. The decisions themselves lie in
//! our set, too, so that everybody comes to the same state without asking the other team.

use super::decision::SignedDecision;
use super::file_name::FileName;
use super::policy::{Import, TeamPolicy};
use super::signature::SigningKey;
use crate::domain::hidden::is_hidden;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// How a lock begins; a policy does not.
const BEGINNING: &str = "remote = ";

/// The most decisions of a lock.
pub const MAX_LOCKED: usize = 15_000;

/// The longest address, in characters.
const MAX_REMOTE_CHARS: usize = 500;

/// The decisions of another team that are pinned.
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

/// A file of a team that nobody signs: what signs it names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnsignedFile {
    /// A policy.
    Policy(Box<TeamPolicy>),
    /// The decisions of another team.
    Lock(ImportLock),
}

/// What policies and locks come to: whose decisions count here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRules {
    /// The policy in force.
    pub policy: TeamPolicy,
    /// Policies that replace it and exclude each other: while there are some, nothing is approved, and decisions against a
    /// version count by each of them.
    pub rivals: Vec<TeamPolicy>,
    /// Other teams whose decisions count; all that their locks list is here.
    pub imports: Vec<ImportedRules>,
    /// Other teams whose decisions do not count yet: name, and what is not here.
    pub incomplete: Vec<(String, String)>,
}

/// The decisions of another team, and by which rules they count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRules {
    /// How our policy counts them.
    pub import: Import,
    /// Which they are.
    pub lock: ImportLock,
    /// The rules of the other team, without its own imports.
    pub rules: Box<TeamRules>,
}

impl ImportLock {
    /// Its only written form.
    pub fn text(&self) -> String {
        let mut text = format!("{BEGINNING}\"{}\"\npolicy = \"{}\"\ndecisions = [\n", self.remote, self.policy);
        for name in &self.decisions {
            // Writing into memory cannot fail.
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
    /// One line that says why it is refused.
    pub fn read(bytes: &[u8]) -> Result<UnsignedFile, String> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.starts_with(BEGINNING) => ImportLock::read(text).map(UnsignedFile::Lock),
            _ => TeamPolicy::read(bytes).map(|policy| UnsignedFile::Policy(Box::new(policy))),
        }
    }
}

impl TeamRules {
    /// The rules of a policy that imports nothing.
    pub fn alone(policy: TeamPolicy) -> TeamRules {
        TeamRules { policy, rivals: Vec::new(), imports: Vec::new(), incomplete: Vec::new() }
    }

    /// The rules of a policy. Another team counts once all that its lock lists is here: a part of its decisions could lack
    /// just the revocation.
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

    /// Whether a key is one of a signer, here or of another team.
    pub fn knows(&self, key: &SigningKey) -> bool {
        self.policy.signer(key).is_some() || self.imports.iter().any(|import| import.rules.knows(key))
    }

    /// Whether a decision is one of another team.
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
    /// Whether a decision is one of this team that is pinned.
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

    /// For which criteria of ours one of theirs counts.
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
