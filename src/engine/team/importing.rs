//! `team-import`: stores the decisions of another team, and the list that pins them. They count once a policy of the
//! own team names the list. Nothing else contacts the other team.

use super::Teams;
use super::carrier;
use super::examine::Examined;
use crate::domain::team::{
    FileName, ImportLock, MAX_LOCKED, PolicyChain, SignedDecision, TeamKind, TeamPolicy, UnsignedFile, UnsignedFiles,
};
use crate::domain::{Digest, Outcome, VerbCall, count, plural};
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb, argument, parsed};
use crate::engine::settings::team_address;
use crate::engine::view::Preview;
use crate::store::{TeamFile, TeamFiles};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Stores the decisions of another team.
pub(super) const TEAM_IMPORT: PlainVerb = PlainVerb {
    name: "team-import",
    needs_catalog: false,
    preview: |engine, call| engine.teams().preview_import(call),
    perform: Perform::LongHuman(|engine, who, call| engine.teams().import(who, call)),
};

/// The files at the carrier of another team.
struct Theirs {
    policy: (FileName, TeamPolicy),
    /// Their decisions that count under this policy and say whether a version is approved.
    decisions: BTreeMap<FileName, SignedDecision>,
    /// The files of both.
    files: BTreeMap<FileName, TeamFile>,
}

impl Teams<'_> {
    fn preview_import(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let (remote, pin) = self.import_of(call)?;
        let lines = vec![
            format!(
                "takes in the decisions that count by the policy {} of that team, after checking them",
                pin.short()
            ),
            "they count here once a policy of your own team names their list".to_owned(),
        ];
        let undo = "nothing has to be undone: a list that no policy names has no effect".to_owned();
        Ok(Preview { title: format!("Keep the decisions of the team at {remote}?"), lines, undo })
    }

    /// The address and policy that a call names; without a policy, that of an earlier import.
    fn import_of(&self, call: &VerbCall) -> Result<(String, FileName), EngineError> {
        self.demand_exchange()?;
        self.demand_pin()?;
        let text = argument(call, "remote")?;
        let remote = team_address(text).ok_or_else(|| {
            let hint = "write a URL, HOST:PATH, an absolute path, or the address of object storage";
            EngineError::new(ErrorCode::Usage, format!("{text:?} is not an address"), hint)
        })?;
        if Some(remote.as_str()) == self.remote() {
            let hint = "`toolsmith sync` exchanges decisions with your own team";
            return Err(EngineError::new(ErrorCode::Usage, format!("{remote} is your own team"), hint));
        }
        if let Some(pin) = parsed::<FileName>(call, "policy")? {
            return Ok((remote, pin));
        }
        let earlier = self.locks()?.into_iter().find(|lock| lock.remote == remote);
        earlier.map(|lock| (remote.clone(), lock.policy)).ok_or_else(|| {
            let hint = "add --policy with the 64 digits of their policy; get them by a way that you trust";
            EngineError::new(ErrorCode::Usage, format!("the policy of the team at {remote} is not known here"), hint)
        })
    }

    /// The lists that the policy in force names.
    fn locks(&self) -> Result<Vec<ImportLock>, EngineError> {
        let pin = self.demand_pin()?;
        let (_, rules) = self.workspace.read(|q| Ok(core::rules_of(q, pin)?))?;
        Ok(rules.into_iter().flat_map(|rules| rules.imports).map(|import| import.lock).collect())
    }

    fn import(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let ((remote, their_pin), pin) = (self.import_of(call)?, self.demand_pin()?);
        if let Some(why) = self.workspace.viewing() {
            return Err(why.clone());
        }
        let theirs = self.look_at(&remote, their_pin)?;
        let decisions: Vec<FileName> = theirs.decisions.keys().copied().collect();
        if decisions.len() > MAX_LOCKED {
            let message = format!("the team has {} decisions; at most {MAX_LOCKED} can be imported", decisions.len());
            return Err(EngineError::new(ErrorCode::Refused, message, "ask them to share fewer, older ones apart"));
        }
        let lock = ImportLock { remote: remote.clone(), policy: theirs.policy.0, decisions };
        let file = core::unsigned_file(lock.text().as_bytes(), None);
        UnsignedFile::read(&file.bytes)
            .map_err(|why| EngineError::new(ErrorCode::Usage, why, "name it by an address"))?;
        let known: BTreeSet<FileName> = self.locks()?.into_iter().flat_map(|lock| lock.decisions).collect();
        let new = lock.decisions.iter().filter(|name| !known.contains(name)).count();
        let versions: BTreeSet<Digest> = theirs.decisions.values().filter_map(|file| file.decision.digest()).collect();
        let what = format!(
            "{} ({new} new) about {} of {remote}",
            count(lock.decisions.len(), "decision"),
            count(versions.len(), "version")
        );
        let detail = json!({"lock": file.name, "remote": remote, "policy": lock.policy, "decisions": lock.decisions});
        let name = file.name.clone();
        let files: Vec<TeamFile> = theirs.files.into_values().chain([file]).collect();
        let operation = self.workspace.transact(|tx| {
            core::take_in(tx, pin, &files)?;
            let logged = json!({"lock": name, "remote": remote, "policy": lock.policy});
            core::log_team(tx, self.workspace.actor(who), ("team-import", &remote), logged)
        })?;
        let next = format!(
            "write `[[imports]]` with `name`, `lock = \"{name}\"` and `criteria` into the next policy, then `toolsmith \
             team-policy FILE`"
        );
        let message = format!("{what} are kept: {next}");
        Ok(Outcome { operation: Some(operation), review: None, message, commit: None, detail })
    }

    /// The decisions of another team, verified with its own policy.
    fn look_at(&self, remote: &str, pin: FileName) -> Result<Theirs, EngineError> {
        let folder = self.folder().join("imports").join(FileName::of(remote.as_bytes()).short());
        std::fs::create_dir_all(&folder).map_err(EngineError::internal)?;
        let mut carrier = carrier::open(&folder, remote, &self.workspace.programs)?;
        let _exchange = self.verifying.begin();
        let examined = self.examine(carrier.as_mut(), None)?;
        if self.verifying.is_stopping() {
            return Err(self.verifying.stopped(false));
        }
        if examined.has_more {
            let message = format!("the team at {remote} has more files than are read at once");
            return Err(EngineError::new(ErrorCode::Refused, message, "ask them to share fewer, older ones apart"));
        }
        let files = self.files_of(examined)?;
        let (mut unsigned, mut decisions) = (UnsignedFiles::default(), BTreeMap::new());
        for file in files.values() {
            match core::decision_of(file) {
                Some((name, decision)) => drop(decisions.insert(name, decision)),
                None => unsigned.add(&file.bytes),
            }
        }
        let chain = PolicyChain::of(pin, &unsigned.policies, &decisions);
        let head = chain.head().filter(|_| chain.fork.is_empty());
        let Some(policy) = head.and_then(|head| Some((head, unsigned.policies.remove(&head)?))) else {
            let (message, hint) = match chain.fork.as_slice() {
                [] => (format!("their policy {} is not at {remote}", pin.short()), "compare its digits with that team"),
                fork => (
                    format!("{} of that team replace the same one", plural(fork.len(), "policy", "policies")),
                    "name the one that they agree on with --policy",
                ),
            };
            return Err(EngineError::new(ErrorCode::Refused, message, hint));
        };
        let decides = [TeamKind::Approve, TeamKind::Reject, TeamKind::RequestChanges, TeamKind::Revoke];
        decisions.retain(|_, SignedDecision { decision, key }| {
            decides.contains(&decision.kind)
                && policy.1.counts(key, &decision.reviewer, decision.role.as_deref(), decision.at).is_ok()
        });
        let is_kept = |name: &FileName| *name == policy.0 || decisions.contains_key(name);
        let files = files.into_iter().filter(|(name, _)| is_kept(name)).collect();
        Ok(Theirs { policy, decisions, files })
    }

    /// The team's files in the local format: new files wait to be published to the own team.
    fn files_of(&self, examined: Examined) -> Result<BTreeMap<FileName, TeamFile>, EngineError> {
        let mut files = BTreeMap::new();
        for file in examined.new {
            files.insert(FileName::of(&file.bytes), TeamFile { object: None, ..file });
        }
        let known: BTreeSet<String> =
            examined.seen.into_iter().chain(examined.arrived.into_iter().map(|(name, _)| name)).collect();
        self.workspace.read(|q| {
            for name in &known {
                let file = TeamFiles(q).named(name)?;
                files.extend(file.map(|file| (FileName::of(&file.bytes), file)));
            }
            Ok(files)
        })
    }
}
