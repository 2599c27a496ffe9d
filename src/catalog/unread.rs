//! Definitions whose files are not a version, for example with a dangling link: detects that this is unchanged. The
//! cache does not contain them, and a single one must not make every command read all folders.

use super::files::{self, OpenFolder};
use super::plan::{ScanPlan, file_of};
use super::walk::{Belonging, DefinitionCandidate};
use crate::domain::Problem;
use serde::{Deserialize, Serialize};

/// A definition whose files were not a version when a scan examined them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    base: String,
    /// The files in a folder that it shares with others; `None` where the whole folder is its own.
    names: Option<Vec<String>>,
    /// Path of the definition.
    definition: String,
    /// Its stamp; empty if it is the invalid file. Its content decides which files belong to it.
    stamp: Vec<u8>,
    /// Why they were none.
    problem: Problem,
}

impl Unread {
    /// A candidate whose files are invalid for this reason; `None` if its definition changed so recently that a later
    /// change may be undetected. Call it before the definition is read.
    pub(super) fn of(plan: &ScanPlan, candidate: &DefinitionCandidate, problem: &Problem) -> Option<Unread> {
        let names = match &candidate.belonging {
            Belonging::WholeFolder => None,
            Belonging::Named(names) => Some(names.clone()),
        };
        let base = candidate.placement.base.clone();
        let stamp = stamp(plan, &base, file_of(&candidate.definition))?;
        Some(Unread { base, names, definition: candidate.definition.clone(), stamp, problem: problem.clone() })
    }

    /// Path of the definition.
    pub(super) fn path(&self) -> &str {
        &self.definition
    }

    /// Whether a scan would find the same.
    pub(super) fn is_same(&self, plan: &ScanPlan) -> bool {
        let mut folder = OpenFolder::default();
        let found = match &self.names {
            None => files::all_below(plan, &self.base).map(drop),
            Some(names) => names.iter().try_for_each(|name| folder.stamp(plan, &self.base, name).map(drop)),
        };
        found.as_ref() == Err(&self.problem)
            && stamp(plan, &self.base, file_of(&self.definition)).as_ref() == Some(&self.stamp)
    }
}

/// The stamp of a file, empty if it is invalid; `None` if it is too young to count.
fn stamp(plan: &ScanPlan, base: &str, name: &str) -> Option<Vec<u8>> {
    match files::member(plan, base, name) {
        Err(_) => Some(Vec::new()),
        Ok(member) if files::is_young(&member.stamp) => None,
        Ok(member) => Some(member.stamp.bytes().to_vec()),
    }
}
