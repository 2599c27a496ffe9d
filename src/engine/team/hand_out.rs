//! Handing out: one commit with what the team's repository does not have.

use super::Teams;
use super::examine::{Examined, VERSIONS, git_failed, path_of};
use crate::domain::team::TeamKind;
use crate::domain::{Digest, FileMode, VersionFile, count};
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::store::{TeamFile, TeamFiles};
use crate::vcs::{Exchange, NewFile};
use std::collections::BTreeSet;

/// The most bytes of one version that are handed out and taken in.
pub(super) const MAX_VERSION_BYTES: u64 = 32 << 20;

/// A commit that is ready to be pushed.
pub(super) struct HandedOut {
    pub(super) commit: String,
    /// Name and path of each decision and policy in it.
    pub(super) names: Vec<(String, String)>,
}

impl Teams<'_> {
    /// Writes a commit with all that waits here; `None` when nothing does.
    ///
    /// # Errors
    /// `Failed` when git cannot write it; `Internal` for trouble with the store.
    pub(super) fn hand_out(
        &self,
        who: &str,
        exchange: &Exchange,
        examined: &Examined,
        notes: &mut Vec<String>,
    ) -> Result<Option<HandedOut>, EngineError> {
        let waiting = self.workspace.read(|q| Ok(TeamFiles(q).waiting()?))?;
        if waiting.is_empty() {
            return Ok(None);
        }
        let mut files = Vec::new();
        let mut names = Vec::new();
        let carried = [TeamKind::Approve.word(), TeamKind::Request.word()];
        let digests: BTreeSet<Digest> = waiting
            .iter()
            .filter(|file| carried.contains(&file.kind.as_str()))
            .filter_map(|file| file.digest)
            .collect();
        for TeamFile { name, bytes, key, .. } in waiting {
            let path = path_of(&name, key.is_none());
            files.push(NewFile { path: path.clone(), mode: FileMode::Plain, bytes });
            names.push((name, path));
        }
        for digest in digests.into_iter().filter(|digest| !examined.versions.contains_key(digest)) {
            match self.version_files(digest) {
                Ok(version) => files.extend(version),
                Err(why) => notes.push(format!("the files of {} are not handed out: {why}", digest.short())),
            }
        }
        let message = format!("{} by Toolsmith", count(names.len(), "decision"));
        let at = now().0 / 1_000;
        let commit = exchange.commit(examined.commit.as_deref(), &files, (who, at), &message).map_err(git_failed)?;
        Ok(Some(HandedOut { commit, names }))
    }

    /// The files of a kept version, as they lie in the team's repository.
    fn version_files(&self, digest: Digest) -> Result<Vec<NewFile>, String> {
        let files = self.workspace.copies.get(digest).map_err(|error| error.to_string())?;
        let size: u64 = files.iter().map(|file| file.bytes.len() as u64).sum();
        if size > MAX_VERSION_BYTES {
            return Err(format!("they have {} MiB, at most {} are shared", size >> 20, MAX_VERSION_BYTES >> 20));
        }
        let carried = |file: VersionFile| {
            if !is_carried(&file.path) {
                return Err(format!("git does not keep the path {}", file.path));
            }
            let path = format!("{VERSIONS}/{}/{}", digest.hex(), file.path);
            Ok(NewFile { path, mode: file.mode, bytes: file.bytes })
        };
        files.into_iter().map(carried).collect()
    }
}

/// Whether git keeps a file with this path, and nobody takes it for something else on the way.
pub(super) fn is_carried(path: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.eq_ignore_ascii_case(".git");
    path.split('/').all(is_plain) && !path.contains(['\\', '\n', '\0'])
}
