//! Integrity of approvals: signatures, the log, and approval files.

use crate::engine::Engine;
use crate::engine::review::trust_cache::TrustCache;
use crate::engine::workspace::Workspace;

/// Integrity of approvals: signatures, the log, and approval files.
#[derive(Clone, Copy)]
pub struct Integrity<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
    pub(in crate::engine) state: &'e TrustCache,
}
