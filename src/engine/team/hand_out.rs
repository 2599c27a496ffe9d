//! What waits here to be handed out.

use super::Teams;
use super::carrier::{Batch, Carrier, Handed, MAX_VERSION_BYTES, VERSIONS};
use crate::domain::team::{SigningKey, TeamKind};
use crate::domain::{Digest, VersionFile};
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::objects::is_carried;
use crate::store::{TeamFile, TeamFiles};
use std::collections::BTreeSet;

impl Teams<'_> {
    /// All that waits here, with the files of versions that the carrier does not have; `None` when nothing waits.
    ///
    /// # Errors
    /// `Failed` when the carrier cannot be asked; `Internal` for trouble with the store.
    pub(super) fn batch(
        &self,
        who: &str,
        carrier: &dyn Carrier,
        notes: &mut Vec<String>,
    ) -> Result<Option<Batch>, EngineError> {
        let waiting = self.workspace.read(|q| Ok(TeamFiles(q).waiting()?))?;
        let changed: BTreeSet<Digest> = carrier.changed_versions().into_iter().collect();
        if waiting.is_empty() && changed.is_empty() {
            return Ok(None);
        }
        // The files of versions that only another team approved lie in its repository.
        let policy = self.policy()?;
        let is_imported = |file: &TeamFile| {
            let key = file.key.as_deref().and_then(|key| SigningKey::new(key).ok());
            policy.as_ref().zip(key).is_some_and(|(policy, key)| policy.signer(&key).is_none())
        };
        let mut batch = Batch { by: (who.to_owned(), now().0 / 1_000), ..Batch::default() };
        let carried = [TeamKind::Approve.word(), TeamKind::Request.word()];
        let digests: BTreeSet<Digest> = waiting
            .iter()
            .filter(|file| carried.contains(&file.kind.as_str()) && !is_imported(file))
            .filter_map(|file| file.digest)
            .chain(changed.iter().copied())
            .collect();
        let waiting = waiting.into_iter();
        let handed = |TeamFile { name, bytes, key, .. }| Handed { name, is_policy: key.is_none(), bytes };
        batch.files = waiting.map(handed).collect();
        for digest in digests {
            if carrier.has_version(digest)? {
                continue;
            }
            match self.version_files(digest) {
                Ok(files) => {
                    batch.versions.push((digest, files));
                    if changed.contains(&digest) {
                        let place = format!("{VERSIONS}/{}", digest.hex());
                        notes.push(format!("somebody changed or removed {place}: its files were put back"));
                    }
                }
                Err(why) => notes.push(format!("the files of {} are not handed out: {why}", digest.short())),
            }
        }
        Ok((!batch.files.is_empty() || !batch.versions.is_empty()).then_some(batch))
    }

    /// The files of a kept version, where all carriers keep them as they are.
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
