//! Versions of a tool: bringing an approved one back, forks, where each comes from, deprecation, bundles, and the
//! promotions file.

pub(super) mod bundle;
mod deprecating;
#[cfg(test)]
mod family_tests;
pub(super) mod fork;
pub(super) mod promotions_file;
mod provenance;
mod rollback;
pub(super) mod versions;

pub use bundle::{Carried, CarriedTool, CarryReport};
pub use versions::{Lineage, LineageVersion};
