//! What lies in the team's repository, held against what is known here. Looks only.

use super::Teams;
use crate::domain::team::{DecisionText, FileName, MAX_FILE_BYTES, TeamDecision, TeamPolicy};
use crate::domain::{Digest, FileMode};
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::outside::Programs;
use crate::runner;
use crate::store::{TeamFile, TeamFiles};
use crate::vcs::{Exchange, GitError, TreeFile};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// The folder of decisions.
const DECISIONS: &str = "decisions";

/// The folder of policies.
const POLICIES: &str = "policies";

/// The folder of the files of versions.
pub(super) const VERSIONS: &str = "versions";

/// The largest policy that is read, in bytes.
const MAX_POLICY_BYTES: u64 = 256 * 1024;

/// How many signatures are verified at a time, whatever the number of processors.
const MOST_THREADS: usize = 16;

/// What the team's repository has, held against what is known here.
#[derive(Debug, Default)]
pub(super) struct Examined {
    /// Its newest commit; `None` for an empty repository.
    pub(super) commit: Option<String>,
    /// Files that are new here, and checked.
    pub(super) new: Vec<TeamFile>,
    /// What the new decisions say, by name.
    pub(super) decisions: BTreeMap<FileName, TeamDecision>,
    /// What does not count: path, object and the reason.
    pub(super) refused: Vec<(String, String, String)>,
    /// Files of ours that arrived there: name and object.
    pub(super) arrived: Vec<(String, String)>,
    /// Files that were there and are not any more, by name.
    pub(super) gone: Vec<String>,
    /// The files of each version that lies there.
    pub(super) versions: BTreeMap<Digest, Vec<TreeFile>>,
}

/// A file that may be one of the team.
struct Candidate {
    name: FileName,
    is_policy: bool,
    file: TreeFile,
}

/// Where a file of the team lies in its repository.
pub(super) fn path_of(name: &str, is_policy: bool) -> String {
    if is_policy { format!("{POLICIES}/{name}.toml") } else { format!("{DECISIONS}/{}/{name}.toml", &name[..2]) }
}

impl Teams<'_> {
    /// Looks at a commit of the team's repository.
    ///
    /// # Errors
    /// `Failed` when git or `ssh-keygen` cannot be asked; `Internal` for trouble with the store.
    pub(super) fn examine(&self, exchange: &Exchange, commit: Option<String>) -> Result<Examined, EngineError> {
        let files = commit.as_deref().map_or(Ok(Vec::new()), |commit| exchange.files(commit)).map_err(git_failed)?;
        let (known, refused_before) =
            self.workspace.read(|q| Ok((TeamFiles(q).objects()?, TeamFiles(q).refused()?)))?;
        let refused_before: HashMap<(String, String), String> =
            refused_before.into_iter().map(|(path, object, why)| ((path, object), why)).collect();
        let mut found = Examined { commit, ..Examined::default() };
        let mut seen = BTreeSet::new();
        let mut candidates = Vec::new();
        for file in files {
            if let Some(digest) = version_of(&file.path) {
                found.versions.entry(digest).or_default().push(file);
                continue;
            }
            let Some(candidate) = candidate(&file) else { continue };
            let (name, is_policy) = match candidate {
                Ok(found) => found,
                Err(why) => {
                    found.refused.push((file.path, file.object, why));
                    continue;
                }
            };
            match known.get(&name.hex()) {
                Some(Some(object)) if *object == file.object => drop(seen.insert(name.hex())),
                _ => match refused_before.get(&(file.path.clone(), file.object.clone())) {
                    Some(why) => found.refused.push((file.path, file.object, why.clone())),
                    None => candidates.push(Candidate { name, is_policy, file }),
                },
            }
        }
        self.read_candidates(exchange, candidates, &known, (&mut found, &mut seen))?;
        let were_there = known.iter().filter(|(name, object)| object.is_some() && !seen.contains(*name));
        found.gone = were_there.map(|(name, _)| name.clone()).collect();
        found.gone.sort();
        Ok(found)
    }

    fn read_candidates(
        &self,
        exchange: &Exchange,
        candidates: Vec<Candidate>,
        known: &HashMap<String, Option<String>>,
        (found, seen): (&mut Examined, &mut BTreeSet<String>),
    ) -> Result<(), EngineError> {
        let mut readable = Vec::new();
        for candidate in candidates {
            match fault_of_size(&candidate) {
                Some(why) => found.refused.push((candidate.file.path, candidate.file.object, why)),
                None => readable.push(candidate),
            }
        }
        let objects: Vec<&str> = readable.iter().map(|candidate| candidate.file.object.as_str()).collect();
        let contents = exchange.contents(&objects).map_err(git_failed)?;
        let mut unverified = Vec::new();
        for (Candidate { name, is_policy, file }, bytes) in readable.into_iter().zip(contents) {
            let TreeFile { path, object, .. } = file;
            if FileName::of(&bytes) != name {
                found.refused.push((path, object, "its content is not what its name says".to_owned()));
            } else if known.contains_key(&name.hex()) {
                seen.insert(name.hex());
                found.arrived.push((name.hex(), object));
            } else if is_policy {
                match TeamPolicy::read(&bytes) {
                    Ok(_) => found.new.push(core::policy_file(&bytes, Some(object))),
                    Err(why) => found.refused.push((path, object, why)),
                }
            } else {
                match DecisionText::read(&bytes) {
                    Ok(text) => unverified.push(Unverified { name, path, object, bytes, text }),
                    Err(why) => found.refused.push((path, object, why)),
                }
            }
        }
        if !unverified.is_empty() {
            let absent = |why| EngineError::new(ErrorCode::Failed, why, "install it, then run `toolsmith sync` again");
            runner::can_sign(&self.workspace.programs).map_err(absent)?;
        }
        for (file, verdict) in verify_all(&self.workspace.programs, unverified) {
            match verdict {
                Ok(()) => {
                    found.decisions.insert(file.name, file.text.decision.clone());
                    found.new.push(file.into_kept());
                }
                Err(why) => found.refused.push((file.path, file.object, why)),
            }
        }
        Ok(())
    }
}

/// A decision whose signature was not verified yet.
struct Unverified {
    name: FileName,
    path: String,
    object: String,
    bytes: Vec<u8>,
    text: DecisionText,
}

impl Unverified {
    fn into_kept(self) -> TeamFile {
        TeamFile {
            name: self.name.hex(),
            kind: self.text.decision.kind.word().to_owned(),
            digest: self.text.decision.digest(),
            bytes: self.bytes,
            key: Some(self.text.key.to_string()),
            object: Some(self.object),
        }
    }
}

/// Whether the key that a signature names made it, over this text.
///
/// # Errors
/// One line that says what is wrong.
pub(super) fn verify_signature(programs: &Programs, text: &DecisionText) -> Result<(), String> {
    let key = runner::signed_by(programs, &text.signature, &text.signed)?;
    if key == text.key.fingerprint() { Ok(()) } else { Err(format!("the signature was made by another key, {key}")) }
}

/// Verifies the signatures of decisions, on all processors. A signature is verified once, when its file comes.
fn verify_all(programs: &Programs, files: Vec<Unverified>) -> Vec<(Unverified, Result<(), String>)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let share = files.len().div_ceil(threads).max(1);
    let verdicts: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let verify =
            |part: &[Unverified]| part.iter().map(|file| verify_signature(programs, &file.text)).collect::<Vec<_>>();
        let parts: Vec<_> = files.chunks(share).map(|part| (part, scope.spawn(move || verify(part)))).collect();
        let failed = |part: &[Unverified]| vec![Err("the signature could not be checked".to_owned()); part.len()];
        parts.into_iter().flat_map(|(part, thread)| thread.join().unwrap_or_else(|_| failed(part))).collect()
    });
    files.into_iter().zip(verdicts).collect()
}

fn fault_of_size(candidate: &Candidate) -> Option<String> {
    let most = if candidate.is_policy { MAX_POLICY_BYTES } else { MAX_FILE_BYTES as u64 };
    if candidate.file.mode != Some(FileMode::Plain) {
        return Some("it is not a regular file without execute permission".to_owned());
    }
    let size = candidate.file.size;
    (size > most).then(|| format!("it has {size} bytes, at most {most} are read"))
}

/// Which file of the team a path stands for; `None` for what is none of ours.
fn candidate(file: &TreeFile) -> Option<Result<(FileName, bool), String>> {
    let (folder, rest) = file.path.split_once('/')?;
    let is_policy = match folder {
        DECISIONS => false,
        POLICIES => true,
        _ => return None,
    };
    let name = rest.rsplit('/').next()?.strip_suffix(".toml").and_then(|name| name.parse::<FileName>().ok());
    // A name has one place only.
    let name = name.filter(|name| path_of(&name.hex(), is_policy) == file.path);
    Some(name.map(|name| (name, is_policy)).ok_or_else(|| "its name is not the SHA-256 of a file".to_owned()))
}

/// The version that a path belongs to.
fn version_of(path: &str) -> Option<Digest> {
    let digest: Digest = path.strip_prefix(VERSIONS)?.strip_prefix('/')?.split_once('/')?.0.parse().ok()?;
    path.starts_with(&format!("{VERSIONS}/{}/", digest.hex())).then_some(digest)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub(super) fn git_failed(error: GitError) -> EngineError {
    let hint = "nothing has changed here; check the address under [team] in config.toml, then try again";
    EngineError::new(ErrorCode::Failed, error.to_string(), hint)
}

/// The private clone of the team's repository, opened.
pub(super) fn open_clone(
    folder: &Path,
    remote: &str,
    programs: &std::sync::Arc<Programs>,
) -> Result<Exchange, EngineError> {
    Exchange::open(&folder.join("clone.git"), remote, super::BRANCH, programs).map_err(git_failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_place_and_what_is_elsewhere_is_not_ours() {
        let name = FileName::of(b"x");
        let file = |path: String| TreeFile { path, object: String::new(), mode: Some(FileMode::Plain), size: 1 };
        let found = |path: String| candidate(&file(path));
        assert_eq!(found(path_of(&name.hex(), false)), Some(Ok((name, false))));
        assert_eq!(found(path_of(&name.hex(), true)), Some(Ok((name, true))));
        for bad in [
            format!("decisions/{name}.toml"),
            format!("decisions/zz/{name}.toml"),
            format!("decisions/{}/{name}", &name.hex()[..2]),
            path_of(&name.hex(), false).to_uppercase().replace("DECISIONS", "decisions"),
            "policies/policy.toml".to_owned(),
        ] {
            assert!(matches!(found(bad.clone()), Some(Err(_))), "{bad}");
        }
        assert_eq!(found("README.md".to_owned()), None);
        assert_eq!(found("docs/decisions/x".to_owned()), None);
        let digest = Digest([0xab; 32]);
        assert_eq!(version_of(&format!("versions/{}/a/b", digest.hex())), Some(digest));
        assert_eq!(version_of(&format!("versions/{}/a", digest.hex().to_uppercase())), None);
        assert_eq!(version_of("versions/x/a"), None);
    }
}
