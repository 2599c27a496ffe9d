//! Whether what is here is what a human approved: signatures, the log, and the files beside them.

use crate::engine::Engine;
use crate::engine::review::trust_cache::TrustCache;
use crate::engine::workspace::Workspace;

/// Whether what is here is what a human approved: signatures, the log, and the files beside them.
#[derive(Clone, Copy)]
pub struct Integrity<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
    pub(in crate::engine) state: &'e TrustCache,
}
