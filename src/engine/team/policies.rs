//! `team-policy`: starting with the first policy, proposing the next one, and agreeing to one.

use super::Teams;
use crate::domain::team::{FileName, MAX_POLICY_BYTES, Subject, TeamKind, TeamPolicy};
use crate::domain::{Outcome, VerbCall, count};
use crate::engine::core::{self, Step};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::view::Preview;
use crate::store::{Queries, StoreError, TeamFiles, TeamWriter};
use serde_json::json;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Proposes a policy, or agrees to one.
pub(super) const TEAM_POLICY: PlainVerb = PlainVerb {
    name: "team-policy",
    needs_catalog: false,
    preview: |engine, call| engine.teams().preview_policy(call),
    perform: Perform::Human(|engine, who, call| engine.teams().decide_policy(who, call)),
};

/// The fewest digits that name a policy.
const FEWEST_DIGITS: usize = 8;

/// The message about the policy in force, or about conflicting policies; `None` if the first policy is in force.
///
/// # Errors
/// Any failed read of the store.
pub(super) fn policy_news(q: &Queries, pin: FileName) -> Result<Option<String>, StoreError> {
    let (chain, policies) = core::policies_of(q, pin)?;
    let short = |name: &FileName| name.short();
    if let (Some(head), false) = (chain.head(), chain.fork.is_empty()) {
        let fork: Vec<String> = chain.fork.iter().map(short).collect();
        let next = "nothing is approved by the team until one of them is pinned (`toolsmith team`)";
        return Ok(Some(format!(
            "the policies {} exclude each other, and all replace {}: {next}",
            fork.join(" and "),
            head.short()
        )));
    }
    let [.., before, head] = chain.policies.as_slice() else { return Ok(None) };
    let Some(policy) = policies.get(head) else { return Ok(None) };
    let changes = policy.changes_from(policies.get(before));
    let what =
        if changes.is_empty() { "signers and approvals stay as they are".to_owned() } else { changes.join("; ") };
    Ok(Some(format!("another policy is in force ({}): {what}", head.short())))
}

/// The policies that were shown before a question, by source, because a file may change while it is read.
#[derive(Default)]
pub(in crate::engine) struct ShownPolicies(Mutex<HashMap<String, FileName>>);

impl ShownPolicies {
    fn shown(&self, text: &str, policy: FileName) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(text.to_owned(), policy);
    }

    /// Refuses a policy that differs from the one shown under this name. Accepts one that was not shown.
    fn demand_shown(&self, text: &str, policy: FileName) -> Result<(), EngineError> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(text);
        if shown.is_none_or(|shown| shown == policy) {
            return Ok(());
        }
        let message = format!("{text} changed after it was shown");
        Err(EngineError::new(ErrorCode::Conflict, message, "repeat the command and read what it changes now"))
    }
}

/// A policy given by the user.
struct Named {
    name: FileName,
    policy: TeamPolicy,
    bytes: Vec<u8>,
}

/// The effect of a call.
enum PolicyStep {
    /// Stores the first policy of a team.
    Begin(Named),
    /// Agrees that a policy replaces the one in force.
    Agree {
        named: Named,
        /// The policy that was pinned by hand.
        pin: FileName,
        /// The policy in force.
        current: Box<TeamPolicy>,
        /// Number of administrators who still have to agree.
        missing: usize,
    },
}

impl PolicyStep {
    fn named(&self) -> &Named {
        match self {
            PolicyStep::Begin(named) | PolicyStep::Agree { named, .. } => named,
        }
    }
}

impl Teams<'_> {
    /// The policy that an argument names: a file, or the first digits of a proposed policy.
    fn named_policy(&self, text: &str) -> Result<Named, EngineError> {
        let wrong = |why: String| {
            EngineError::new(ErrorCode::Usage, format!("{text}: {why}"), "docs/teams.md shows what a policy looks like")
        };
        let bytes = if let Some(bytes) = self.proposed(text)? {
            bytes
        } else {
            let mut bytes = Vec::new();
            let read = std::fs::metadata(Path::new(text)).and_then(|facts| {
                if !facts.is_file() {
                    return Err(std::io::Error::other("it is not a file"));
                }
                std::fs::File::open(text)?.take(MAX_POLICY_BYTES).read_to_end(&mut bytes)
            });
            read.map_err(|why| wrong(format!("it cannot be read: {why}")))?;
            bytes
        };
        let policy = TeamPolicy::read(&bytes).map_err(wrong)?;
        Ok(Named { name: FileName::of(&bytes), policy, bytes })
    }

    fn proposed(&self, digits: &str) -> Result<Option<Vec<u8>>, EngineError> {
        if digits.len() < FEWEST_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let files = self.workspace.read(|q| Ok(TeamFiles(q).without_version()?))?;
        let mut found = files.into_iter().filter(|file| file.key.is_none() && file.name.starts_with(digits));
        Ok(found.next().map(|file| file.bytes))
    }

    /// The effect of a call. Refuses a policy that neither starts a team nor replaces the policy in force.
    fn policy_step(&self, call: &VerbCall) -> Result<PolicyStep, EngineError> {
        self.demand_exchange()?;
        let named = self.named_policy(argument(call, "policy")?)?;
        if let Some(fault) = named.policy.fault_of_succession() {
            let hint = "give enough administrators a key without `until`; docs/teams.md says why";
            return Err(EngineError::new(ErrorCode::Usage, format!("the policy is not usable: {fault}"), hint));
        }
        let pin = self.workspace.settings.team.policy;
        if named.policy.previous.is_none() && pin.is_none_or(|pin| pin == named.name) {
            return Ok(PolicyStep::Begin(named));
        }
        let pin = self.demand_pin()?;
        let (chain, current) = self.workspace.read(|q| Ok(core::chain_of(q, pin)?))?;
        if chain.policies.contains(&named.name) {
            let message = format!("the policy {} is in force already, or was", named.name.short());
            return Err(EngineError::new(ErrorCode::Conflict, message, "`toolsmith team` shows the chain of policies"));
        }
        let Some(current) = current.filter(|_| named.policy.previous == chain.head()) else {
            let head = chain.head().map_or_else(|| pin.hex(), |head| head.hex());
            let message = "the policy does not replace the one in force";
            let hint = format!("write `previous = \"{head}\"` at its top; `toolsmith sync` brings newer ones");
            return Err(EngineError::new(ErrorCode::Conflict, message, hint));
        };
        let proposed = chain.proposed.iter().find(|(name, _)| *name == named.name);
        let missing = proposed.map_or(current.administrators, |(_, missing)| *missing);
        Ok(PolicyStep::Agree { named, pin, current: Box::new(current), missing })
    }

    /// [`policy_news`], for open workbenches.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn news_of_policy(&self) -> Result<Option<String>, EngineError> {
        let Some(pin) = self.workspace.settings.team.policy.filter(|_| self.remote().is_some()) else {
            return Ok(None);
        };
        self.workspace.read(|q| Ok(policy_news(q, pin)?))
    }

    fn preview_policy(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let step = self.policy_step(call)?;
        self.state.shown(argument(call, "policy")?, step.named().name);
        let (title, mut lines, undo) = match step {
            PolicyStep::Begin(named) => {
                let undo = "the policy is kept here; `toolsmith sync` shares it once it is pinned".to_owned();
                (format!("Begin a team with the policy {}?", named.name), named.policy.changes_from(None), undo)
            }
            PolicyStep::Agree { named, current, missing, .. } => {
                let (name, old) =
                    (named.name.short(), named.policy.previous.map(|name| name.short()).unwrap_or_default());
                let mut lines = named.policy.changes_from(Some(&current));
                if lines.is_empty() {
                    lines.push("signers, roles and approvals stay as they are".to_owned());
                }
                lines.push(match missing {
                    1 => "it is in force once 1 more administrator agrees".to_owned(),
                    missing => format!("it is in force once {missing} more administrators agree"),
                });
                (
                    format!("Agree that the policy {name} replaces {old}?"),
                    lines,
                    "an agreement cannot be undone".to_owned(),
                )
            }
        };
        if let Some(reason) = call.get("reason") {
            lines.push(format!("reason: {reason}"));
        }
        Ok(Preview { title, lines, undo })
    }

    fn decide_policy(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let step = self.policy_step(call)?;
        self.state.demand_shown(argument(call, "policy")?, step.named().name)?;
        let (named, pin) = match step {
            PolicyStep::Begin(named) => return self.begin(who, &named, &core::unsigned_file(&named.bytes, None)),
            PolicyStep::Agree { named, pin, .. } => (named, pin),
        };
        let file = core::unsigned_file(&named.bytes, None);
        let shared = self.of_verb(TeamKind::Policy, Subject::Policy(named.name), call.get("reason"), None)?;
        let step = self.engine.step(who, |tx, actor| {
            core::take_in(tx, pin, std::slice::from_ref(&file))?;
            let detail = json!({"policy": named.name, "previous": named.policy.previous});
            let operation = core::log_team(tx, actor, ("team-policy", &named.name.short()), detail)?;
            let message = format!("you agree to the policy {}", named.name.short());
            let (operation, review, commit) = (Some(operation), None, None);
            let outcome = Outcome { operation, review, message, commit, detail: serde_json::Value::Null };
            shared.write(tx, actor, Step { outcome, intents: Vec::new() })
        })?;
        let (chain, _) = self.workspace.read(|q| Ok(core::chain_of(q, pin)?))?;
        let mut outcome = step.outcome;
        let missing = chain.proposed.iter().find(|(name, _)| *name == named.name);
        outcome.message = match missing {
            Some((_, missing)) => {
                format!("{}; {} more must agree", outcome.message, count(*missing, "administrator"))
            }
            None => format!("{}; it is in force", outcome.message),
        };
        Ok(outcome)
    }

    /// Stores the first policy of a team.
    fn begin(&self, who: &str, named: &Named, file: &crate::store::TeamFile) -> Result<Outcome, EngineError> {
        let pinned = self.workspace.settings.team.policy;
        let operation = self.workspace.transact(|tx| {
            match pinned {
                Some(pin) => drop(core::take_in(tx, pin, std::slice::from_ref(file))?),
                None => TeamWriter(tx).put(file)?,
            }
            let detail = json!({"policy": named.name});
            core::log_team(tx, self.workspace.actor(who), ("team-policy", &named.name.short()), detail)
        })?;
        let next = match pinned {
            Some(_) => "`toolsmith sync` shares it".to_owned(),
            None => format!(
                "put `policy = \"{}\"` under [team] in config.toml, here and on the machines of your colleagues, then \
                 `toolsmith sync` shares it",
                named.name
            ),
        };
        let message = format!("the first policy of the team is {}: {next}", named.name.short());
        let detail = json!({"policy": named.name});
        Ok(Outcome { operation: Some(operation), review: None, message, commit: None, detail })
    }
}
