//! Versions of a tool: rollback, forks, provenance, deprecation, bundles, and the promotions file.

mod archiving;
pub(super) mod bundle;
mod bundle_signature;
mod deprecating;
#[cfg(test)]
mod family_tests;
pub(super) mod fork;
pub(super) mod landing;
mod pins;
pub(super) mod promotions_file;
mod provenance;
#[cfg(test)]
mod putting_back_tests;
mod rollback;
mod skills;
mod tool_figures;
pub(super) mod versions;

pub use bundle::{Carried, CarriedTool, CarryReport};
pub use versions::{Lineage, LineageVersion};

use crate::engine::Engine;
use crate::engine::plain_verb::{PlainQuery, PlainVerb};
use crate::engine::workspace::Workspace;

/// The verbs about versions that need only their arguments.
pub(super) const VERBS: &[PlainVerb] = &[
    pins::PIN,
    pins::UNPIN,
    archiving::ARCHIVE,
    archiving::RESTORE,
    deprecating::DEPRECATE,
    fork::FORK,
    rollback::ROLLBACK,
    rollback::RESTORE_FILES,
];

/// Queries about versions that need only their arguments.
pub(super) const QUERIES: &[PlainQuery] = &[versions::LINEAGE, tool_figures::FIGURES];

/// The versions of a tool: their origin, and restoring, copying or archiving a version.
#[derive(Clone, Copy)]
pub struct Versions<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}
