//! Definitions whose files are no version, such as a link that leads nowhere: what shows that they still are none, for the
//! same reason. The cache holds nothing of them, and one of them shall not make every command read all folders.

use super::files::{self, OpenFolder};
use super::plan::{ScanPlan, file_of};
use super::walk::{Belonging, DefinitionCandidate};
use crate::domain::Problem;
use serde::{Deserialize, Serialize};

/// A definition whose files were no version when a scan looked at them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    base: String,
    /// The files in a folder that it shares with others; `None` where the whole folder is its own.
    names: Option<Vec<String>>,
    /// Path of the definition.
    definition: String,
    /// Its stamp; empty where it is the file that is none. What it says decides which files are its own.
    stamp: Vec<u8>,
    /// Why they were none.
    problem: Problem,
}

impl Unread {
    /// A candidate whose files are none for this reason; `None` where its definition changed so recently that a later
    /// change may not show. To be called before the definition is read.
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

/// The stamp of a file, empty where it is none; `None` where it is too young to count.
fn stamp(plan: &ScanPlan, base: &str, name: &str) -> Option<Vec<u8>> {
    match files::member(plan, base, name) {
        Err(_) => Some(Vec::new()),
        Ok(member) if files::is_young(&member.stamp) => None,
        Ok(member) => Some(member.stamp.bytes().to_vec()),
    }
}
