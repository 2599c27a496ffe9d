//! Tools folders in, catalog rows and problems out.
//!
//! [`scan()`] walks the folders of a [`ScanPlan`], reads what changed since the [`Cache`] was written, and
//! gives a [`Scan`]: every definition on disk is a row or a problem, none is absent. [`read`] opens
//! one tool as it is on disk now, [`read_files`] one that is kept elsewhere; both give the same
//! manifest for the same bytes. [`Watcher`] only hints that something changed: the scan is the truth.
//!
//! It writes nothing, starts nothing and knows no store: reviews and runs are laid over its rows by
//! others. Git's ignore rules never hide a tool. Nothing of a tool's code is executed to read it.

mod argv;
mod beside;
mod cache;
#[cfg(test)]
mod cache_tests;
mod caught;
mod ci_tool;
mod claims;
#[cfg(test)]
mod claims_tests;
mod definition;
mod description;
#[cfg(test)]
mod description_tests;
mod dialect;
mod document;
mod documents;
#[cfg(test)]
mod documents_tests;
mod draft;
mod entries;
#[cfg(test)]
mod entries_tests;
mod family;
#[cfg(test)]
mod family_tests;
mod fields;
mod files;
mod foreign;
mod found_definition;
mod header;
#[cfg(test)]
mod header_tests;
mod limits;
mod lineup;
mod local_modules;
mod looked_at;
mod looks;
mod mcp;
mod members;
mod modules;
#[cfg(test)]
mod naming_tests;
mod native;
mod needed;
mod no_definition;
mod node_packages;
mod notices;
mod obstacle;
mod other_words;
mod packed;
mod part;
mod places;
mod plan;
mod programs;
mod prompts;
mod reading;
mod recall;
mod requests;
mod run_python;
mod scan;
mod scan_result;
mod schema_loose;
mod script_places;
mod scripts;
mod search;
mod service;
mod skill;
mod skipped;
mod stdin;
mod steps;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod threads;
mod unread;
mod walk;
mod watch;

pub use cache::{Cache, CacheRow, remembered};
pub use definition::{
    DefinitionForm, adapter_of, definition_fields, definition_form, definitions_in, is_http_path, port_number,
    read_definition,
};
pub use family::promotions;
pub use files::{UNFINISHED, is_left_out, unusable_name};
pub use local_modules::{imported_among, importer};
pub use plan::{ScanPlan, ToolRoot};
pub use recall::{RowFrame, ScanFrame, recall, rows_are_unchanged, unchanged};
pub use run_python::RunPython;
pub use scan::{read, read_files, scan};
pub use scan_result::{Progress, Scan};
pub use search::{Hit, Index, Matches};
pub use skill::skill_body;
pub use watch::{Hint, Watcher};
