//! Cached results about signatures, so that none is verified twice.

use crate::domain::{Digest, OperationId};
use crate::engine::locks::Ranked;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Which entries of the log count.
#[derive(Debug, Default)]
pub(in crate::engine) struct Trust {
    /// Why the whole log does not count.
    pub(in crate::engine) whole: Option<String>,
    pub(super) unsigned: Vec<Unsigned>,
}

/// An entry that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unsigned {
    /// Number of the entry in the log.
    pub operation: OperationId,
    /// The verb of the entry.
    pub verb: String,
    /// Its subject.
    pub subject: String,
    /// The person or agent named in it.
    pub who: String,
    /// Why it does not count.
    pub why: String,
    /// The subject of the entry that it undid.
    #[serde(skip)]
    pub target: Option<String>,
}

/// Answers about signatures and the log.
pub(in crate::engine) struct TrustCache {
    /// Signatures that this process has verified.
    pub(super) signatures: Ranked<HashMap<Digest, Result<(), String>>>,
    /// Signatures that any process has verified; read on first use.
    pub(super) verified: Ranked<Option<HashSet<Digest>>>,
    /// Which entries count, for a version of the data and the allowed signers.
    pub(super) trust: Ranked<Option<(i64, Digest, Arc<Trust>)>>,
}

impl Default for TrustCache {
    fn default() -> TrustCache {
        TrustCache { signatures: Ranked::leaf(HashMap::new()), verified: Ranked::leaf(None), trust: Ranked::leaf(None) }
    }
}
