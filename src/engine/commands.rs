//! Executes commands from the front ends: collects the data for the rules, applies the rules in one transaction, and
//! performs the file moves.

use super::Engine;
use super::core;
use super::error::{EngineError, ErrorCode};
use super::plain_verb::{Described, Perform, PlainQuery, PlainVerb};
use super::review::requests::preview_proposals;
use super::view::Preview;
use super::{agents, defining, doctor, library, review, run, service, team, tokens, version};
use crate::domain::{Allowed, Caller, Command, Outcome, VerbCall, WriteMode, visible_words};

/// The verbs that need only their arguments as text, by subject.
const PLAIN_VERBS: &[&[PlainVerb]] = &[
    version::VERBS,
    run::VERBS,
    review::VERBS,
    defining::VERBS,
    service::VERBS,
    team::VERBS,
    &[agents::DISCONNECT, tokens::TOKEN, tokens::REVOKE_TOKEN],
];

/// The verbs that change nothing and need only their arguments as text, by subject.
const PLAIN_QUERIES: &[&[PlainQuery]] = &[
    library::QUERIES,
    version::QUERIES,
    run::QUERIES,
    review::QUERIES,
    service::QUERIES,
    team::QUERIES,
    &[doctor::DOCTOR, agents::AGENTS, tokens::TOKENS],
];

/// The query of this name; `None` for any other verb.
pub fn plain_query(name: &str) -> Option<&'static PlainQuery> {
    PLAIN_QUERIES.iter().copied().flatten().find(|query| query.name == name)
}

/// Names of the queries.
#[cfg(test)]
pub(super) fn plain_queries() -> impl Iterator<Item = &'static str> {
    PLAIN_QUERIES.iter().copied().flatten().map(|query| query.name)
}

/// The verb of this name that changes something; `None` for any other verb.
pub fn plain_verb(name: &str) -> Option<&'static PlainVerb> {
    PLAIN_VERBS.iter().copied().flatten().find(|verb| verb.name == name)
}

/// The verb of a call.
fn called(call: &VerbCall) -> Result<&'static PlainVerb, EngineError> {
    let unknown = || EngineError::internal(format!("the engine does not know the verb {}", call.verb()));
    plain_verb(call.verb()).ok_or_else(unknown)
}

/// Names of the verbs that change something, and whether each is only for humans.
#[cfg(test)]
pub(crate) fn plain_verbs() -> impl Iterator<Item = (&'static str, bool)> {
    PLAIN_VERBS.iter().copied().flatten().map(|verb| (verb.name, !matches!(verb.perform, Perform::Anyone(_))))
}

impl Engine {
    /// Answers a [`PlainQuery`].
    ///
    /// # Errors
    /// Those of the query; `Usage` for a missing or invalid argument.
    pub fn query(&self, call: &VerbCall, caller: &Caller) -> Result<Described, EngineError> {
        let unknown = || EngineError::internal(format!("the engine does not know the query {}", call.verb()));
        (plain_query(call.verb()).ok_or_else(unknown)?.answer)(self, call, caller)
    }

    /// Executes a command.
    ///
    /// # Errors
    /// See [`ErrorCode`]. On an error, nothing has changed, except that a move which could not be finished stays
    /// pending and is finished at the next start.
    // size: one arm for each command
    pub fn execute(&self, command: Command, caller: &Caller) -> Result<Outcome, EngineError> {
        if let Command::Verb(call) = &command
            && let Perform::Anyone(perform) = called(call)?.perform
        {
            return perform(self, caller, call);
        }
        let is_anybodys = matches!(command, Command::Cancel { .. } | Command::Propose { .. });
        if let (Caller::Agent(name), false) = (caller, is_anybodys) {
            return Err(EngineError::new(
                ErrorCode::HumanNeeded,
                format!("agent {name} cannot do this; only humans decide"),
                "ask a human to decide in the workbench or at a terminal",
            ));
        }
        if let Command::Undo { operation } = &command
            && let Some(again) = self.history().repeated(*operation)?
        {
            return self.execute(again, caller);
        }
        refuse_unseen(&command)?;
        self.refuse_members(&command)?;
        let who = caller.identity();
        if let Command::Decide(request) = &command
            && request.approves()
            && !self.workspace.rehearsal.is_on()
        {
            // Before the lock, so that others need not wait for the checks.
            self.checks().ensure(request.review, &mut |_| {})?;
        }
        let is_long = matches!(&command, Command::Verb(call) if matches!(called(call)?.perform, Perform::LongHuman(_)));
        let _turn = match command {
            _ if is_long || self.workspace.rehearsal.is_on() => None,
            // These commands take the lock for moving files themselves, if they need it.
            Command::Cancel { .. }
            | Command::Mark { .. }
            | Command::Recheck { .. }
            | Command::New { .. }
            | Command::Propose { .. }
            | Command::AcceptOpportunity { .. }
            | Command::FetchPackages { .. } => None,
            _ => Some(self.take_turn()?),
        };
        match command {
            Command::Verb(call) => match called(&call)?.perform {
                Perform::Human(perform) | Perform::LongHuman(perform) => perform(self, &who, &call),
                Perform::Anyone(perform) => perform(self, caller, &call),
            },
            Command::Decide(request) => self.reviews().decide(&who, &request),
            Command::Comment { review, spot, kind, body } => self.reviews().comment(&who, review, &spot, kind, &body),
            Command::Withdraw { comment } => {
                Ok(self.workspace.transact(|tx| core::withdraw(tx, self.workspace.actor(&who), comment))?.outcome)
            }
            Command::Mark { review, mark, on } => {
                let review = self.reviews().row(review)?;
                Ok(self
                    .workspace
                    .transact(|tx| core::mark(tx, self.workspace.actor(&who), &review, &mark, on))?
                    .outcome)
            }
            Command::Recheck { tool, worker } => self.checks().recheck(&tool, worker, caller),
            Command::Promote { tool, to } => {
                let tool = self.library().resolve(&tool)?;
                let files = self.library().files_of(&tool)?;
                self.workspace.copies.put(tool.digest, &files)?;
                self.finish(self.step(&who, |tx, actor| core::promote(tx, actor, &tool, to))?)
            }
            Command::UseInSession { tool, digest, scope } => self.versions().use_in_session(&who, &tool, digest, scope),
            Command::Trim { tool, versions } => self.versions().trim(&who, &tool, &versions),
            Command::Propose { proposals } => self.requests().propose(&proposals, caller),
            Command::New { name, template, language, words } => {
                self.new_tools().make(name, template, language, words, caller)
            }
            Command::AcceptOpportunity { key, from } => {
                Ok(self.opportunities().accept(&key, &from, None, caller)?.outcome)
            }
            Command::DismissOpportunity { key, from, reason } => {
                self.opportunities().dismiss(&who, &key, &from, reason.as_deref())
            }
            Command::Allow { tool, digest } => {
                let detail = self.library().asked_about(&tool, digest)?;
                let allowed = Allowed::new(&detail.manifest.permissions, self.runs().write_mode(detail.tool.stage));
                self.finish(self.step(&who, |tx, actor| core::allow(tx, actor, &detail.tool, &allowed))?)
            }
            Command::FetchPackages { tool, digest } => self.dependencies().fetch_packages(&who, &tool, digest),
            Command::Grant { tool, digest, agent, scope } => {
                let tool = self.library().asked_about(&tool, digest)?.tool;
                let scope = self.grants().owned(scope);
                self.finish(self.step(&who, |tx, actor| core::grant(tx, actor, &tool, &agent, scope.clone()))?)
            }
            Command::Unlock { tool, tier, scope, lasting } => {
                self.tool_sets().unlock(&who, (tool.as_deref(), tier), scope, lasting)
            }
            Command::Revoke { grant } => self.finish(self.step(&who, |tx, actor| core::revoke(tx, actor, &grant))?),
            Command::Undo { operation } => {
                self.history().refuse_if_in_the_way(operation)?;
                let shared = self.teams().of_undo(operation)?;
                self.finish(self.step(&who, |tx, actor| shared.write(tx, actor, core::undo(tx, actor, operation)?))?)
            }
            Command::Cancel { run } => match self.services().with_run(run)? {
                Some(instance) => self.services().terminate_instance(instance, false, caller),
                None => self.runs().cancel(run),
            },
        }
    }

    /// Refuses a decision about one tool of a server: decisions apply to the whole server.
    fn refuse_members(&self, command: &Command) -> Result<(), EngineError> {
        let named = match command {
            Command::Verb(call) => call.get("tool"),
            Command::Promote { tool, .. }
            | Command::UseInSession { tool, .. }
            | Command::Trim { tool, .. }
            | Command::Recheck { tool, .. } => Some(tool.as_str()),
            Command::Unlock { tool, .. } => tool.as_deref(),
            _ => None,
        };
        let row = named.and_then(|named| self.library().resolve(named).ok());
        let Some((row, server)) = row.as_ref().and_then(|row| Some((row, row.server.as_ref()?))) else { return Ok(()) };
        let message = format!("{} is a tool of the server {server}, which is reviewed as a whole", row.name);
        Err(EngineError::new(ErrorCode::Refused, message, format!("name the server: {server}")))
    }

    /// What a command would change.
    ///
    /// # Errors
    /// Those errors of the command that can be detected in advance.
    // size: one arm for each command
    pub fn preview(&self, command: &Command) -> Result<Preview, EngineError> {
        match command {
            Command::Verb(call) => (called(call)?.preview)(self, call),
            Command::Decide(request) => self.reviews().preview_decision(request),
            Command::Promote { tool, to } => {
                let tool = self.library().resolve(tool)?;
                Ok(Preview {
                    title: format!("Request {} to become {to}?", tool.name),
                    lines: vec![
                        format!("opens a review, or names the pending one: {} {}", tool.name, tool.version),
                        "no file moves until a human approves it".to_owned(),
                    ],
                    undo: "rejecting the review cancels it".to_owned(),
                })
            }
            Command::UseInSession { tool, digest, scope } => self.versions().preview_use(tool, *digest, scope),
            Command::Trim { tool, .. } => self.versions().preview_trim(tool),
            Command::Propose { proposals } => Ok(preview_proposals(proposals)),
            Command::New { name, words, .. } => Ok(Preview {
                title: format!("Create {}?", name.as_ref().unwrap_or(words)),
                lines: vec!["it needs a review like any other tool".to_owned()],
                undo: "u (undo) removes it again".to_owned(),
            }),
            Command::AcceptOpportunity { key, from } => self.opportunities().preview_acceptance(key, from),
            Command::DismissOpportunity { key, from, .. } => self.opportunities().preview_dismissal(key, from),
            Command::Allow { tool, digest } => {
                let detail = self.library().asked_about(tool, *digest)?;
                let direct = self.runs().write_mode(detail.tool.stage) == WriteMode::Direct;
                let mut lines = vec!["it declares these permissions and gets no others:".to_owned()];
                lines.extend(detail.manifest.permissions.sentences(direct));
                Ok(Preview {
                    title: format!("Allow {} {} ({})?", detail.tool.name, detail.tool.version, digest.short()),
                    lines,
                    undo: "asked once per version; u (undo) reverts it".to_owned(),
                })
            }
            Command::FetchPackages { tool, digest } => self.dependencies().preview_packages(tool, *digest),
            Command::Grant { tool, digest, agent, scope } => self.grants().preview_grant(tool, *digest, agent, scope),
            Command::Unlock { tool, tier, scope, lasting } => {
                self.tool_sets().preview_unlock((tool.as_deref(), *tier), scope, *lasting)
            }
            Command::Revoke { grant } => self.grants().preview_revoke(grant),
            Command::Undo { operation } => self.history().preview_undo(*operation),
            Command::Comment { review, spot, kind, body } => {
                let path = spot.path.as_deref().map(|path| format!(" on {path}")).unwrap_or_default();
                Ok(Preview {
                    title: format!("Add a comment to review {review}?"),
                    lines: vec![format!("{kind}{path}: {body}")],
                    undo: "`withdraw` deletes it".to_owned(),
                })
            }
            Command::Withdraw { comment } => Ok(Preview {
                title: format!("Delete comment {comment}?"),
                lines: vec!["only its writer can delete it".to_owned()],
                undo: String::new(),
            }),
            Command::Mark { .. } | Command::Recheck { .. } => {
                Ok(Preview { title: "Continue?".to_owned(), lines: Vec::new(), undo: "u (undo) reverts it".to_owned() })
            }
            Command::Cancel { run } => Ok(Preview {
                title: format!("Stop run {run}?"),
                lines: vec!["its process group gets SIGTERM, then SIGKILL".to_owned()],
                undo: "a stopped run cannot be resumed; rerun starts it again".to_owned(),
            }),
        }
    }
}

/// Refuses a reason without visible characters.
fn refuse_unseen(command: &Command) -> Result<(), EngineError> {
    let reason = match command {
        Command::Verb(call) => call.get("reason"),
        Command::Decide(request) => request.reason.as_deref(),
        Command::DismissOpportunity { reason, .. } => reason.as_deref(),
        Command::Comment { .. }
        | Command::Withdraw { .. }
        | Command::Mark { .. }
        | Command::Recheck { .. }
        | Command::Promote { .. }
        | Command::UseInSession { .. }
        | Command::Trim { .. }
        | Command::Propose { .. }
        | Command::New { .. }
        | Command::AcceptOpportunity { .. }
        | Command::Allow { .. }
        | Command::FetchPackages { .. }
        | Command::Grant { .. }
        | Command::Unlock { .. }
        | Command::Revoke { .. }
        | Command::Undo { .. }
        | Command::Cancel { .. } => None,
    };
    match reason.filter(|text| !text.trim().is_empty() && visible_words(text).is_none()) {
        Some(_) => {
            let message = "the reason has no visible characters".to_owned();
            Err(EngineError::new(ErrorCode::Usage, message, "write a visible reason, or omit it"))
        }
        None => Ok(()),
    }
}
