//! Compares the files at the team's carrier with the local ones. Changes nothing.

use super::carrier::{Carried, Carrier};
use super::{Teams, Verifying};
use crate::domain::team::{DecisionText, FileName, MAX_FILE_BYTES, MAX_POLICY_BYTES, TeamDecision, UnsignedFile};
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::outside::Programs;
use crate::runner;
use crate::store::{TeamFile, TeamFiles};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Maximum number of signatures verified at the same time, whatever the number of processors.
const MOST_THREADS: usize = 16;

/// Maximum bytes of new files read at once: they are held in memory until they are stored.
const PORTION_BYTES: u64 = 16 << 20;

/// Maximum number of new files read at once.
const PORTION_FILES: usize = 10_000;

/// The files at the carrier, compared with the local ones.
#[derive(Debug, Default)]
pub(super) struct Examined {
    /// Where the next listing continues; `None` if the carrier is empty.
    pub(super) mark: Option<String>,
    /// Verified files that are new here.
    pub(super) new: Vec<TeamFile>,
    /// The new decisions, by name.
    pub(super) decisions: BTreeMap<FileName, TeamDecision>,
    /// Files that do not count: path, object and the reason.
    pub(super) refused: Vec<(String, String, String)>,
    /// Files of this workspace that have arrived there: name and object.
    pub(super) arrived: Vec<(String, String)>,
    /// Names of known files that are there.
    pub(super) seen: BTreeSet<String>,
    /// Files that were there before and are missing now: name, and whether it is an unsigned kind.
    pub(super) gone: Vec<(String, bool)>,
    /// Files that do not count and were not known before: path and the reason.
    pub(super) newly_refused: Vec<(String, String)>,
    /// Whether more files wait, because the limit was reached or a user stopped the verification. Examine again after
    /// these were stored.
    pub(super) has_more: bool,
}

/// A file with a valid name of a team file.
struct Candidate {
    name: FileName,
    file: Carried,
}

impl Teams<'_> {
    /// Compares the files at the team's carrier with the local ones: all of them, or those since an earlier listing.
    ///
    /// # Errors
    /// `Failed` when the carrier cannot be reached or `ssh-keygen` fails; `Internal` for errors of the store.
    pub(super) fn examine(&self, carrier: &mut dyn Carrier, since: Option<&str>) -> Result<Examined, EngineError> {
        let look = carrier.names_since(since)?;
        let (known, refused_before) =
            self.workspace.read(|q| Ok((TeamFiles(q).objects()?, TeamFiles(q).refused()?)))?;
        let mut refused_before: HashMap<(String, String), String> =
            refused_before.into_iter().map(|(path, object, why)| ((path, object), why)).collect();
        let mut found = Examined { mark: look.mark, ..Examined::default() };
        let (mut candidates, mut odd) = (Vec::new(), Vec::new());
        for file in look.files {
            let Some(name) = file.name else {
                let why = "its name is not the SHA-256 of a file".to_owned();
                if refused_before.remove(&(file.path.clone(), file.object.clone())).is_none() {
                    odd.push((file.path.clone(), why.clone()));
                }
                found.refused.push((file.path, file.object, why));
                continue;
            };
            match known.get(&name.hex()) {
                Some(Some(object)) if *object == file.object => drop(found.seen.insert(name.hex())),
                _ => match refused_before.remove(&(file.path.clone(), file.object.clone())) {
                    Some(why) => found.refused.push((file.path, file.object, why)),
                    None => candidates.push(Candidate { name, file }),
                },
            }
        }
        let known_refused = found.refused.len();
        self.read_candidates(&*carrier, candidates, &known, &mut found)?;
        let new = &found.refused[known_refused..];
        found.newly_refused = new.iter().map(|(path, _, why)| (path.clone(), why.clone())).chain(odd).collect();
        if found.has_more {
            // The next listing starts where this one did.
            found.mark = since.map(str::to_owned);
        } else if look.is_complete {
            let were_there = known.iter().filter(|(name, object)| object.is_some() && !found.seen.contains(*name));
            let is_unsigned = |name: &String| {
                self.workspace.read(|q| Ok(TeamFiles(q).named(name)?.is_some_and(|file| file.key.is_none())))
            };
            found.gone = were_there
                .map(|(name, _)| Ok((name.clone(), is_unsigned(name)?)))
                .collect::<Result<_, EngineError>>()?;
            found.gone.sort();
        }
        if found.has_more || !look.is_complete {
            // This listing does not contain the files that were refused earlier.
            found.refused.extend(refused_before.into_iter().map(|((path, object), why)| (path, object, why)));
            found.refused.sort();
        }
        Ok(found)
    }

    fn read_candidates(
        &self,
        carrier: &dyn Carrier,
        candidates: Vec<Candidate>,
        known: &HashMap<String, Option<String>>,
        found: &mut Examined,
    ) -> Result<(), EngineError> {
        let (waiting, refused) = (candidates.len(), found.refused.len());
        let readable = portion(candidates, found);
        self.verifying.expect(waiting + refused - found.refused.len());
        let contents = carrier.get(&readable.iter().map(|candidate| &candidate.file).collect::<Vec<_>>())?;
        let mut unverified = Vec::new();
        let count = readable.len();
        for (Candidate { name, file }, bytes) in readable.into_iter().zip(contents) {
            let Carried { path, object, is_policy, .. } = file;
            let Some(bytes) = bytes else {
                found.refused.push((path, object, "it is listed and cannot be read".to_owned()));
                continue;
            };
            if FileName::of(&bytes) != name {
                found.refused.push((path, object, "its content is not what its name says".to_owned()));
            } else if known.contains_key(&name.hex()) {
                found.seen.insert(name.hex());
                found.arrived.push((name.hex(), object));
            } else if is_policy {
                match UnsignedFile::read(&bytes) {
                    Ok(_) => found.new.push(core::unsigned_file(&bytes, Some(object))),
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
        (unverified.len()..count).for_each(|_| self.verifying.step());
        for (file, verdict) in verify_all(&self.workspace.programs, unverified, self.verifying) {
            let Some(verdict) = verdict else {
                found.has_more = true;
                continue;
            };
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

/// A decision with an unverified signature.
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

/// Checks that the key named in a signature made it over this text.
///
/// # Errors
/// One line that says what is wrong.
pub(super) fn verify_signature(programs: &Programs, text: &DecisionText) -> Result<(), String> {
    let key = runner::signed_by(programs, &text.signature, &text.signed)?;
    if key == text.key.fingerprint() { Ok(()) } else { Err(format!("the signature was made by another key, {key}")) }
}

/// The niceness of verification, because there may be thousands of signatures.
const NICENESS: i32 = 10;

/// Verifies the signatures of decisions on all processors. Each signature is verified once, when its file arrives. If a
/// user stops the verification, the remaining files have no verdict.
fn verify_all(
    programs: &Programs,
    files: Vec<Unverified>,
    verifying: &Verifying,
) -> Vec<(Unverified, Option<Result<(), String>>)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(files.len());
    let verdicts: Vec<OnceLock<Result<(), String>>> = files.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let verify = || {
        // On Linux this affects only this thread and the programs that it starts.
        let _ = rustix::process::setpriority_process(None, NICENESS);
        while !verifying.is_stopping() {
            let at = next.fetch_add(1, Ordering::SeqCst);
            let (Some(file), Some(verdict)) = (files.get(at), verdicts.get(at)) else { break };
            let _ = verdict.set(verify_signature(programs, &file.text));
            verifying.step();
        }
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(verify)).collect();
        for thread in running {
            drop(thread.join());
        }
    });
    let failed = || Err("the signature could not be checked".to_owned());
    let verdicts = verdicts.into_iter().map(|verdict| match verdict.into_inner() {
        None if !verifying.is_stopping() => Some(failed()),
        verdict => verdict,
    });
    files.into_iter().zip(verdicts).collect()
}

/// The files to read now. Records files that are never read, and whether more wait.
fn portion(candidates: Vec<Candidate>, found: &mut Examined) -> Vec<Candidate> {
    let (mut readable, mut bytes) = (Vec::new(), 0);
    for candidate in candidates {
        match fault_of_size(&candidate) {
            Some(why) => found.refused.push((candidate.file.path, candidate.file.object, why)),
            None if bytes < PORTION_BYTES && readable.len() < PORTION_FILES => {
                bytes += candidate.file.size;
                readable.push(candidate);
            }
            None => found.has_more = true,
        }
    }
    readable
}

fn fault_of_size(candidate: &Candidate) -> Option<String> {
    let most = if candidate.file.is_policy { MAX_POLICY_BYTES } else { MAX_FILE_BYTES as u64 };
    if !candidate.file.is_plain {
        return Some("it is not a regular file without execute permission".to_owned());
    }
    let size = candidate.file.size;
    (size > most).then(|| format!("it has {size} bytes, at most {most} are read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(count: usize, size: u64) -> Vec<Candidate> {
        let file =
            |path: String| Carried { path, name: None, is_policy: true, object: String::new(), is_plain: true, size };
        (0..count).map(|at| Candidate { name: FileName::of(b"x"), file: file(at.to_string()) }).collect()
    }

    #[test]
    fn new_files_are_read_in_portions_of_bounded_size() {
        for (count, size, read, has_more) in [
            (3, 10, 3, false),
            (20, MAX_POLICY_BYTES, 16, true),
            (PORTION_FILES + 1, 10, PORTION_FILES, true),
            // Files that are never read do not count towards the limit.
            (20, MAX_POLICY_BYTES + 1, 0, false),
        ] {
            let mut found = Examined::default();
            assert_eq!(
                (portion(candidates(count, size), &mut found).len(), found.has_more),
                (read, has_more),
                "{size}"
            );
            assert_eq!(found.refused.len(), if size > MAX_POLICY_BYTES { count } else { 0 });
        }
    }
}
