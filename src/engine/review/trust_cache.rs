//! What is known of signatures, so that the same one is not asked for twice.

use crate::domain::{Digest, OperationId};
use crate::engine::locks::Ranked;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What of the log counts.
#[derive(Debug, Default)]
pub(in crate::engine) struct Trust {
    /// Why nothing of it does.
    pub(in crate::engine) whole: Option<String>,
    pub(super) unsigned: Vec<Unsigned>,
}

/// An entry that counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unsigned {
    /// Number of the entry in the log.
    pub operation: OperationId,
    /// What was done, as the entry names it.
    pub verb: String,
    /// What it is about.
    pub subject: String,
    /// Who is named in it.
    pub who: String,
    /// Why it does not count.
    pub why: String,
    /// What the entry that it undid was about.
    #[serde(skip)]
    pub target: Option<String>,
}

/// Answers about signatures and the log.
pub(in crate::engine) struct TrustCache {
    /// What this process found out of signatures.
    pub(super) signatures: Ranked<HashMap<Digest, Result<(), String>>>,
    /// Signatures that some process found good; read when it is first asked for.
    pub(super) verified: Ranked<Option<HashSet<Digest>>>,
    /// What of the log counts, for a version of the data and the allowed signers.
    pub(super) trust: Ranked<Option<(i64, Digest, Arc<Trust>)>>,
}

impl Default for TrustCache {
    fn default() -> TrustCache {
        TrustCache { signatures: Ranked::leaf(HashMap::new()), verified: Ranked::leaf(None), trust: Ranked::leaf(None) }
    }
}
