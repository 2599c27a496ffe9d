//! The files of this workspace that wait to be published.

use super::Teams;
use super::carrier::{Batch, Carrier, Handed, MAX_VERSION_BYTES, VERSIONS};
use crate::domain::team::{SigningKey, TeamKind, TeamPolicy};
use crate::domain::{Digest, VersionFile};
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::objects::is_carried;
use crate::store::{Queries, StoreResult, TeamFile, TeamFiles};
use std::collections::BTreeSet;

impl Teams<'_> {
    /// All waiting files, with the files of versions that are missing or damaged at the carrier; `None` if there is
    /// nothing. On the first listing, missing files are not reported as removed by somebody.
    ///
    /// # Errors
    /// `Failed` when the carrier cannot be asked; `Internal` for errors of the store.
    pub(super) fn batch(
        &self,
        who: &str,
        (carrier, was_seen): (&dyn Carrier, bool),
        notes: &mut Vec<String>,
    ) -> Result<Option<Batch>, EngineError> {
        let waiting = self.workspace.read(|q| Ok(TeamFiles(q).waiting()?))?;
        let changed = self.changed_versions(carrier)?;
        if waiting.is_empty() && changed.is_empty() {
            return Ok(None);
        }
        let policy = self.policy()?;
        let mut batch = Batch { by: (who.to_owned(), now().0 / 1_000), ..Batch::default() };
        let new: BTreeSet<Digest> = waiting
            .iter()
            .filter(|file| carries_version(file, policy.as_ref()))
            .filter_map(|file| file.digest)
            .collect();
        let waiting = waiting.into_iter();
        let handed = |TeamFile { name, bytes, key, .. }| Handed { name, is_policy: key.is_none(), bytes };
        batch.files = waiting.map(handed).collect();
        for digest in new.union(&changed).copied() {
            if carrier.has_version(digest)? {
                continue;
            }
            match self.version_files(digest) {
                Ok(files) => {
                    batch.versions.push((digest, files));
                    // A version that is published for the first time is not there yet; any object in its place is
                    // damaged.
                    if was_seen && (!new.contains(&digest) || carrier.bytes(digest)?.is_some()) {
                        let place = format!("{VERSIONS}/{}", digest.hex());
                        notes.push(format!("somebody changed or removed {place}: its files were put back"));
                    }
                }
                // This was reported when the decision was made.
                Err(_) if !new.contains(&digest) && self.workspace.copies.has(digest) => {}
                Err(why) => notes.push(format!("the files of {} are not handed out: {why}", digest.short())),
            }
        }
        Ok((!batch.files.is_empty() || !batch.versions.is_empty()).then_some(batch))
    }

    /// Versions that somebody damaged or removed at the carrier, as far as this shows without reading them. Contains
    /// only versions with a kept copy, because only these can be restored.
    pub(super) fn changed_versions(&self, carrier: &dyn Carrier) -> Result<BTreeSet<Digest>, EngineError> {
        let policy = self.policy()?;
        let is_carried = |q: &Queries, digest| -> StoreResult<bool> {
            let kept = self.workspace.copies.has(digest);
            Ok(kept && TeamFiles(q).about(digest)?.iter().any(|file| carries_version(file, policy.as_ref())))
        };
        let expected = || {
            self.workspace.read(|q| {
                let decided = TeamFiles(q).states(&["open", "partly approved", "approved"])?;
                let mut expected = Vec::new();
                for (digest, _) in decided {
                    if is_carried(q, digest)? {
                        expected.push(digest);
                    }
                }
                Ok(expected)
            })
        };
        Ok(carrier.changed_versions(&expected)?.into_iter().collect())
    }

    /// The files of a kept version, if every carrier can store them unchanged.
    fn version_files(&self, digest: Digest) -> Result<Vec<VersionFile>, String> {
        let files = self.workspace.copies.get(digest).map_err(|error| error.to_string())?;
        let size: u64 = files.iter().map(|file| file.bytes.len() as u64).sum();
        if size > MAX_VERSION_BYTES {
            return Err(format!("they have {} MiB, at most {} are shared", size >> 20, MAX_VERSION_BYTES >> 20));
        }
        match files.iter().find(|file| !is_carried(&file.path)) {
            Some(odd) => Err(format!("git does not keep the path {}", odd.path)),
            None => Ok(files),
        }
    }
}

/// Whether a decision is published with the files of its version. Files of versions that only another team approved are
/// in the repository of that team.
fn carries_version(file: &TeamFile, policy: Option<&TeamPolicy>) -> bool {
    let carried = [TeamKind::Approve.word(), TeamKind::Request.word()];
    let key = || file.key.as_deref().and_then(|key| SigningKey::new(key).ok());
    let is_imported = || policy.zip(key()).is_some_and(|(policy, key)| policy.signer(&key).is_none());
    carried.contains(&file.kind.as_str()) && !is_imported()
}
