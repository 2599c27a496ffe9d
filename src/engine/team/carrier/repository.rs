//! A git repository as the carrier: one branch, and a private clone of it on this machine.

use super::{
    Batch, Carried, Carrier, DECISIONS, Expected, Look, MAX_VERSION_BYTES, POLICIES, Put, VERSIONS, VersionAnswer,
    failed, named, path_of,
};
use crate::domain::{Digest, FileMode, VersionFile, count};
use crate::engine::error::EngineError;
use crate::objects::is_carried;
use crate::outside::Programs;
use crate::vcs::{Exchange, GitError, MAX_DEPTH, NewFile, Pushed, TreeFile};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The branch of the team's files in the repository.
const BRANCH: &str = "toolsmith";

/// The folders in the repository that are read.
const FOLDERS: [&str; 3] = [DECISIONS, POLICIES, VERSIONS];

/// The folder of the private clone.
const CLONE: &str = "clone.git";

/// Maximum number of files of one version.
const MAX_FILES: usize = 2_000;

/// Maximum bytes of versions that are read at once, unless a single version is larger.
const PORTION_BYTES: u64 = 16 << 20;

/// A repository, with the result of the last listing.
pub(super) struct Repository {
    exchange: Exchange,
    commit: Option<String>,
    versions: BTreeMap<Digest, Vec<TreeFile>>,
    /// Versions whose files were changed or removed since the previous listing.
    changed: Vec<Digest>,
}

impl Repository {
    pub(super) fn open(folder: &Path, address: &str, programs: &Arc<Programs>) -> Result<Repository, EngineError> {
        let exchange = Exchange::open(&folder.join(CLONE), address, BRANCH, programs).map_err(git_failed)?;
        Ok(Repository { exchange, commit: None, versions: BTreeMap::new(), changed: Vec::new() })
    }

    /// Fetches. A clone that was damaged by a kill is rebuilt; everything in it is also in the team's repository.
    fn fetch(&self) -> Result<Option<String>, EngineError> {
        let error = match self.exchange.fetch() {
            Ok(commit) => return Ok(commit),
            Err(error) => error,
        };
        if !self.exchange.is_damaged(&error, &FOLDERS) {
            return Err(git_failed(error));
        }
        self.exchange.make().map_err(git_failed)?;
        self.exchange.fetch().map_err(git_failed)
    }
}

impl Repository {
    /// The files of a version, if they can be read.
    fn readable(digest: Digest, files: &[TreeFile]) -> Result<&[TreeFile], String> {
        let size: u64 = files.iter().map(|file| file.size).sum();
        if files.len() > MAX_FILES || size > MAX_VERSION_BYTES {
            let (count, most) = (files.len(), MAX_VERSION_BYTES >> 20);
            return Err(format!("it has {count} files and {size} bytes, at most {MAX_FILES} and {most} MiB are read"));
        }
        let prefix = format!("{VERSIONS}/{}/", digest.hex());
        let is_odd = |file: &&TreeFile| {
            let path = file.path.strip_prefix(&prefix).unwrap_or_default();
            file.mode.is_none() || !is_carried(path)
        };
        match files.iter().find(is_odd) {
            Some(odd) if odd.path.ends_with('/') => {
                Err(format!("its folders are nested more than {MAX_DEPTH} deep: {}", odd.path))
            }
            Some(odd) => Err(format!("{} is not a plain file of a version", odd.path)),
            None => Ok(files),
        }
    }
}

impl Carrier for Repository {
    /// A commit names all of its files, so a listing is always complete.
    fn names_since(&mut self, mark: Option<&str>) -> Result<Look, EngineError> {
        self.commit = self.fetch()?;
        self.versions.clear();
        // A rebuilt clone does not have the commit of the previous listing.
        let before = mark.filter(|mark| self.commit.as_deref() != Some(*mark));
        let before = before.map_or(Ok(Vec::new()), |mark| self.exchange.files(mark, &FOLDERS)).unwrap_or_default();
        let commit = self.commit.as_deref();
        let files =
            commit.map_or(Ok(Vec::new()), |commit| self.exchange.files(commit, &FOLDERS)).map_err(git_failed)?;
        let mut look = Look { mark: self.commit.clone(), files: Vec::new(), is_complete: true };
        for file in files {
            match version_of(&file.path) {
                Some(digest) => self.versions.entry(digest).or_default().push(file),
                None => look.files.extend(carried(file)),
            }
        }
        let mut versions_before: BTreeMap<Digest, Vec<TreeFile>> = BTreeMap::new();
        for file in before {
            if let Some(digest) = version_of(&file.path) {
                versions_before.entry(digest).or_default().push(file);
            }
        }
        let is_changed = |(digest, files): &(Digest, Vec<TreeFile>)| self.versions.get(digest) != Some(files);
        self.changed = versions_before.into_iter().filter(is_changed).map(|(digest, _)| digest).collect();
        Ok(look)
    }

    fn get(&self, files: &[&Carried]) -> Result<Vec<Option<Vec<u8>>>, EngineError> {
        let objects: Vec<&str> = files.iter().map(|file| file.object.as_str()).collect();
        Ok(self.exchange.contents(&objects).map_err(git_failed)?.into_iter().map(Some).collect())
    }

    fn has_version(&self, digest: Digest) -> Result<bool, EngineError> {
        Ok(matches!(self.bytes(digest)?, Some(Ok(files)) if Digest::of_files(&files) == digest))
    }

    /// The result of comparing two commits.
    fn changed_versions(&self, _expected: &Expected<'_>) -> Result<Vec<Digest>, EngineError> {
        Ok(self.changed.clone())
    }

    fn bytes(&self, digest: Digest) -> Result<Option<VersionAnswer>, EngineError> {
        Ok(self.bytes_of(&[digest])?.pop().flatten())
    }

    /// One call of git for all of them.
    fn bytes_of(&self, digests: &[Digest]) -> Result<Vec<Option<VersionAnswer>>, EngineError> {
        let (mut wanted, mut size) = (Vec::new(), 0_u64);
        for digest in digests {
            let files = self.versions.get(digest).map(|files| Self::readable(*digest, files));
            let more = match &files {
                Some(Ok(files)) => files.iter().map(|file| file.size).sum(),
                _ => 0,
            };
            if !wanted.is_empty() && size + more > PORTION_BYTES {
                break;
            }
            size += more;
            wanted.push(files);
        }
        let read = wanted.iter().flatten().filter_map(|files| files.as_ref().ok());
        let objects: Vec<&str> = read.flat_map(|files| files.iter()).map(|file| file.object.as_str()).collect();
        let mut contents = self.exchange.contents(&objects).map_err(git_failed)?.into_iter();
        let mut answers = Vec::with_capacity(wanted.len());
        for (digest, files) in digests.iter().zip(wanted) {
            let prefix = format!("{VERSIONS}/{}/", digest.hex());
            let file = |(file, bytes): (&TreeFile, Vec<u8>)| {
                let path = file.path.strip_prefix(&prefix)?.to_owned();
                Some(VersionFile { path, mode: file.mode?, bytes })
            };
            answers.push(files.map(|files| {
                files.map(|files| files.iter().zip(contents.by_ref()).filter_map(file).collect::<Vec<_>>())
            }));
        }
        Ok(answers)
    }

    /// One commit, which is pushed or not. Wrong files in the place of a version are removed.
    fn put_new(&mut self, batch: &Batch) -> Result<Put, EngineError> {
        let (mut removed, mut files) = (Vec::new(), Vec::new());
        for (digest, version) in &batch.versions {
            if self.versions.contains_key(digest) {
                removed.push(format!("{VERSIONS}/{}", digest.hex()));
            }
            files.extend(version.iter().map(|file| {
                let path = format!("{VERSIONS}/{}/{}", digest.hex(), file.path);
                NewFile { path, mode: file.mode, bytes: file.bytes.clone() }
            }));
        }
        let paths: BTreeMap<String, &str> =
            batch.files.iter().map(|file| (path_of(&file.name, file.is_policy), file.name.as_str())).collect();
        files.extend(batch.files.iter().map(|file| {
            let path = path_of(&file.name, file.is_policy);
            NewFile { path, mode: FileMode::Plain, bytes: file.bytes.clone() }
        }));
        let what = match batch.files.len() {
            0 => format!("Files of {}", count(batch.versions.len(), "version")),
            decisions => count(decisions, "decision"),
        };
        let message = format!("{what} by Toolsmith");
        let by = (batch.by.0.as_str(), batch.by.1);
        let new = (removed.as_slice(), files.as_slice());
        let commit = self.exchange.commit(self.commit.as_deref(), new, by, &message).map_err(git_failed)?;
        if self.exchange.push(&commit).map_err(git_failed)? == Pushed::Outdated {
            return Ok(Put::Outdated);
        }
        let there = self.exchange.files(&commit, &FOLDERS).map_err(git_failed)?;
        let object = |file: TreeFile| Some(((*paths.get(&file.path)?).to_owned(), file.object));
        Ok(Put::Done(Some(commit), there.into_iter().filter_map(object).collect()))
    }

    fn reach(&self) -> Result<(), EngineError> {
        self.exchange.reach().map_err(git_failed)
    }

    fn path_of(&self, name: &str, is_policy: bool) -> String {
        path_of(name, is_policy)
    }
}

/// The paths of a previously fetched commit. Makes no request; `None` if there is no clone.
///
/// # Errors
/// When git cannot read the clone.
pub(in crate::engine::team) fn fetched_paths(
    folder: &Path,
    address: &str,
    commit: &str,
    programs: &Arc<Programs>,
) -> Result<Option<Vec<String>>, GitError> {
    let clone = folder.join(CLONE);
    if !clone.join("HEAD").is_file() {
        return Ok(None);
    }
    let files = Exchange::open(&clone, address, BRANCH, programs)?.files(commit, &FOLDERS)?;
    Ok(Some(files.into_iter().map(|file| file.path).collect()))
}

/// The team file at a path; `None` for any other file.
fn carried(file: TreeFile) -> Option<Carried> {
    let (folder, rest) = file.path.split_once('/')?;
    let is_policy = match folder {
        DECISIONS => false,
        POLICIES => true,
        _ => return None,
    };
    // Each name has exactly one path.
    let name = named(rest.rsplit('/').next()?).filter(|name| path_of(&name.hex(), is_policy) == file.path);
    let TreeFile { path, object, mode, size } = file;
    Some(Carried { path, name, is_policy, object, is_plain: mode == Some(FileMode::Plain), size })
}

/// The version that a path belongs to.
fn version_of(path: &str) -> Option<Digest> {
    let digest: Digest = path.strip_prefix(VERSIONS)?.strip_prefix('/')?.split_once('/')?.0.parse().ok()?;
    path.starts_with(&format!("{VERSIONS}/{}/", digest.hex())).then_some(digest)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn git_failed(error: GitError) -> EngineError {
    failed(&error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::team::FileName;

    #[test]
    fn a_name_has_one_place_and_what_is_elsewhere_is_not_ours() {
        let name = FileName::of(b"x");
        let file = |path: String| TreeFile { path, object: String::new(), mode: Some(FileMode::Plain), size: 1 };
        let found = |path: String| carried(file(path)).map(|found| found.name.map(|name| (name, found.is_policy)));
        assert_eq!(found(path_of(&name.hex(), false)), Some(Some((name, false))));
        assert_eq!(found(path_of(&name.hex(), true)), Some(Some((name, true))));
        for bad in [
            format!("decisions/{name}.toml"),
            format!("decisions/zz/{name}.toml"),
            format!("decisions/{}/{name}", &name.hex()[..2]),
            path_of(&name.hex(), false).to_uppercase().replace("DECISIONS", "decisions"),
            "policies/policy.toml".to_owned(),
        ] {
            assert_eq!(found(bad.clone()), Some(None), "{bad}");
        }
        assert_eq!(found("README.md".to_owned()), None);
        assert_eq!(found("docs/decisions/x".to_owned()), None);
        let digest = Digest([0xab; 32]);
        assert_eq!(version_of(&format!("versions/{}/a/b", digest.hex())), Some(digest));
        assert_eq!(version_of(&format!("versions/{}/a", digest.hex().to_uppercase())), None);
        assert_eq!(version_of("versions/x/a"), None);
    }
}
