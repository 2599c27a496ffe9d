//! Reviews: the evidence for decisions and their record, checks, approval files next to tools, signatures of decisions,
//! requests from agents, and verifying all of that against the log (`verify`).

pub(super) mod approval_file;
pub(super) mod approval_status;
pub(super) mod bulk;
pub(super) mod check_order;
pub(super) mod check_queue;
pub(super) mod check_runs;
pub(super) mod checking;
#[cfg(test)]
mod checking_tests;
mod comments;
pub(super) mod deciding;
pub(super) mod decision_inputs;
#[cfg(test)]
mod decision_inputs_tests;
mod detail;
pub(super) mod evidence;
mod feedback;
mod groups;
pub(super) mod history_evidence;
pub(super) mod integrity;
pub(super) mod log_trust;
#[cfg(test)]
mod reading_tests;
pub(super) mod requester_evidence;
pub(super) mod requests;
pub(super) mod signature_evidence;
pub(super) mod signing;
pub(super) mod starter;
pub(super) mod trust_cache;
mod verify;
mod waiting;

pub use bulk::{BulkResult, PreflightRow};
pub use checking::{OnVerdict, checks};
pub use evidence::{MADE, MADE_BECAUSE};
pub use groups::{EvidenceGroup, EvidenceItem, Known, is_difference};
pub use log_trust::UnsignedLog;
pub use requester_evidence::REQUESTED_BY;
pub use requests::{MAX_REQUEST_BYTES, REQUEST_SCHEMA};
pub use signature_evidence::SIGNED_BY;
pub use starter::{StarterRow, StarterState};
pub use trust_cache::Unsigned;

use crate::engine::Engine;
use crate::engine::plain_verb::{PlainQuery, PlainVerb};
use crate::engine::workspace::Workspace;

/// Commands about decisions that need only their arguments.
pub(super) const VERBS: &[PlainVerb] = &[starter::STARTER];

/// Queries about the record of decisions that need only their arguments.
pub(super) const QUERIES: &[PlainQuery] = &[verify::VERIFY];

/// Reviews: pending decisions, the evidence for them, and deciding.
#[derive(Clone, Copy)]
pub struct Reviews<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}
