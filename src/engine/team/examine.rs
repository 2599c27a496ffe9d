//! What is at the team's carrier, held against what is known here. Looks only.

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

/// How many signatures are verified at a time, whatever the number of processors.
const MOST_THREADS: usize = 16;

/// How many bytes of new files are read at once: what comes is held in memory until it is taken in.
const PORTION_BYTES: u64 = 16 << 20;

/// How many new files are read at once.
const PORTION_FILES: usize = 10_000;

/// What the carrier has, held against what is known here.
#[derive(Debug, Default)]
pub(super) struct Examined {
    /// From where the next look continues; `None` if nothing is there.
    pub(super) mark: Option<String>,
    /// Files that are new here, and checked.
    pub(super) new: Vec<TeamFile>,
    /// What the new decisions say, by name.
    pub(super) decisions: BTreeMap<FileName, TeamDecision>,
    /// What does not count: path, object and the reason.
    pub(super) refused: Vec<(String, String, String)>,
    /// Files of ours that arrived there: name and object.
    pub(super) arrived: Vec<(String, String)>,
    /// Files that are known here and are there, by name.
    pub(super) seen: BTreeSet<String>,
    /// Files that were there and are not any more: name, and whether it is one that nobody signs.
    pub(super) gone: Vec<(String, bool)>,
    /// What does not count and was not known before: path and the reason.
    pub(super) newly_refused: Vec<(String, String)>,
    /// Whether more files wait than are read at once, or than were verified when somebody stopped it: look again after
    /// these were taken in.
    pub(super) has_more: bool,
}

/// A file whose name is one of a file of the team.
struct Candidate {
    name: FileName,
    file: Carried,
}

impl Teams<'_> {
    /// Looks at what is at the team's carrier: at all of it, or at what came since an earlier look.
    ///
    /// # Errors
    /// `Failed` when it cannot be reached or `ssh-keygen` cannot be asked; `Internal` for errors of the store.
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
            // The next look begins where this one did.
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
            // What was refused earlier is not listed again.
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

/// How much verifying gives way to other work: there may be thousands of signatures.
const NICENESS: i32 = 10;

/// Verifies the signatures of decisions, on all processors. A signature is verified once, when its file comes. There is no
/// verdict on files that were not looked at before somebody stopped it.
fn verify_all(
    programs: &Programs,
    files: Vec<Unverified>,
    verifying: &Verifying,
) -> Vec<(Unverified, Option<Result<(), String>>)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(files.len());
    let verdicts: Vec<OnceLock<Result<(), String>>> = files.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let verify = || {
        // On Linux this is about one thread, and about the programs that it starts.
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

/// The files that are read now. Notes those that are never read, and whether more wait.
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
            // What is never read does not fill a portion.
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
