//! The part of `verify` about the team: whether the stored files match their signatures, and whether one is missing.

use super::Teams;
use super::carrier::{fetched_paths, is_storage, path_of};
use super::examine::verify_signature;
use crate::domain::team::{DecisionText, FileName, SignedDecision, TeamVersion, UnsignedFile};
use crate::domain::{Digest, Tool};
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::store::{TeamFile, TeamFiles};
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of signatures that are verified again; each takes about 40 ms.
const MOST_SIGNATURES: usize = 200;

impl Teams<'_> {
    /// Faults of the stored files and of the team's repository as last fetched, and further notes.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn faults(
        &self,
        here: &[std::sync::Arc<Tool>],
    ) -> Result<(Vec<String>, Vec<String>), EngineError> {
        let (mut faults, mut notes) = (Vec::new(), Vec::new());
        if self.remote().is_none() {
            return Ok((faults, notes));
        }
        let here: BTreeSet<Digest> = here.iter().map(|tool| tool.digest).collect();
        let (mut kept, mut looked_at, mut texts) = (BTreeSet::new(), 0, Vec::new());
        let mut by_digest: BTreeMap<Digest, BTreeMap<FileName, SignedDecision>> = BTreeMap::new();
        self.workspace.read(|q| {
            Ok(TeamFiles(q).each(|file| {
                kept.insert(path_of(&file.name, file.key.is_none()));
                faults.extend(fault_of(&file));
                if let Some((name, decision)) = core::decision_of(&file) {
                    if decision.decision.digest().is_some_and(|digest| here.contains(&digest)) {
                        looked_at += 1;
                        if texts.len() < MOST_SIGNATURES {
                            texts.push(file);
                        }
                    }
                    if let Some(digest) = decision.decision.digest() {
                        by_digest.entry(digest).or_default().insert(name, decision);
                    }
                }
            })?)
        })?;
        for file in &texts {
            let verdict =
                DecisionText::read(&file.bytes).and_then(|text| verify_signature(&self.workspace.programs, &text));
            if let Err(why) = verdict {
                faults.push(format!("{}: {why}", path_of(&file.name, false)));
            }
        }
        if looked_at > texts.len() {
            notes.push(format!("{} of {looked_at} signatures of the team were verified again", texts.len()));
        }
        self.faults_of_states(&by_digest, (&mut faults, &mut notes))?;
        self.faults_of_repository(&kept, &mut faults)?;
        Ok((faults, notes))
    }

    /// Checks that the computed states of versions follow from the files, and that a policy is in force.
    fn faults_of_states(
        &self,
        by_digest: &BTreeMap<Digest, BTreeMap<FileName, SignedDecision>>,
        (faults, notes): (&mut Vec<String>, &mut Vec<String>),
    ) -> Result<(), EngineError> {
        let Some(pin) = self.workspace.settings.team.policy else {
            faults.push("the policy of the team is not pinned: set `policy` under [team] in config.toml".to_owned());
            return Ok(());
        };
        let (chain, rules) = self.workspace.read(|q| Ok(core::rules_of(q, pin)?))?;
        if !chain.fork.is_empty() {
            let names: Vec<String> = chain.fork.iter().map(|name| path_of(&name.hex(), true)).collect();
            faults.push(format!(
                "the policies {} exclude each other, and all replace {}: nothing is approved by the team until one of them \
                 is pinned in config.toml",
                names.join(" and "),
                chain.head().map(|head| head.short()).unwrap_or_default()
            ));
        }
        let last = self.workspace.read(|q| Ok(TeamFiles(q).last_sync()?))?.unwrap_or_default();
        let Some(rules) = rules else {
            if last.at.is_some() {
                faults.push(format!("the pinned policy {} is not in the team's repository", pin.short()));
            }
            return Ok(());
        };
        for (name, absent) in &rules.incomplete {
            faults.push(format!("the decisions of {name} do not count: {absent} of its import are not here"));
        }
        if last.policy != Some(core::basis_of(&chain, &rules)) {
            notes.push("what the team decided is computed again with the next `toolsmith sync`".to_owned());
            return Ok(());
        }
        let computed: BTreeMap<Digest, String> =
            self.workspace.read(|q| Ok(TeamFiles(q).states(&[])?))?.into_iter().collect();
        let about = |digest| Ok::<_, EngineError>(by_digest.get(&digest).cloned().unwrap_or_default());
        for digest in by_digest.keys().chain(computed.keys()).collect::<BTreeSet<_>>() {
            let expected = TeamVersion::of(&rules, *digest, &core::with_bases(&rules, *digest, about)?);
            let expected = expected.map(|version| serde_json::to_string(&version)).transpose();
            let expected = expected.map_err(EngineError::internal)?;
            if expected.as_ref() != computed.get(digest) {
                let digest = digest.short();
                faults.push(format!("the state of {digest} in the team does not follow from its decision files"));
            }
        }
        Ok(())
    }

    /// Checks that the files of the repository at the last exchange are stored here, and that published files are
    /// there.
    fn faults_of_repository(&self, kept: &BTreeSet<String>, faults: &mut Vec<String>) -> Result<(), EngineError> {
        let (refused, objects, last) = self.workspace.read(|q| {
            let files = TeamFiles(q);
            Ok((files.refused()?, files.objects()?, files.last_sync()?))
        })?;
        faults.extend(refused.iter().map(|(path, _, why)| format!("{path} in the team's repository: {why}")));
        let (Some(commit), Some(remote)) = (last.and_then(|sync| sync.mark), self.remote()) else { return Ok(()) };
        // There is no local copy of object storage to compare with; `sync` checks it once a day.
        if is_storage(remote) {
            return Ok(());
        }
        let files = match fetched_paths(&self.folder(), remote, &commit, &self.workspace.programs) {
            Ok(Some(files)) => files,
            Ok(None) => return Ok(()),
            Err(why) => {
                faults.push(format!("the clone of the team's repository cannot be read: {why}"));
                return Ok(());
            }
        };
        let refused: BTreeSet<&str> = refused.iter().map(|(path, ..)| path.as_str()).collect();
        let there: BTreeSet<&str> = files.iter().map(String::as_str).collect();
        let is_ours = |path: &str| path.starts_with("decisions/") || path.starts_with("policies/");
        for path in there.iter().filter(|path| is_ours(path) && !refused.contains(*path) && !kept.contains(**path)) {
            faults.push(format!("{path} was taken in, but the state of this workspace lost it"));
        }
        for path in kept.iter().filter(|path| !there.contains(path.as_str())) {
            let name = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".toml");
            if objects.get(name).is_some_and(Option::is_some) {
                faults.push(format!("{path} was removed from the team's repository; it still counts here"));
            }
        }
        Ok(())
    }
}

/// What is wrong with a stored file on its own.
fn fault_of(file: &TeamFile) -> Option<String> {
    let path = path_of(&file.name, file.key.is_none());
    if FileName::of(&file.bytes).hex() != file.name {
        return Some(format!("{path} is kept with other content than its name says"));
    }
    let read = match &file.key {
        None => UnsignedFile::read(&file.bytes).map(|_| true),
        Some(key) => DecisionText::read(&file.bytes).map(|text| text.key.as_str() == key),
    };
    match read {
        Ok(true) => None,
        Ok(false) => Some(format!("{path} is kept with another key than the one that signed it")),
        Err(why) => Some(format!("{path}: {why}")),
    }
}
