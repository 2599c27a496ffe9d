//! The values that an argument of a verb can name. Shell completions offer them, and the palette lists them with
//! descriptions.

use super::{Engine, EngineError, ErrorCode, ReviewFilter, RunFilter};
use crate::domain::{
    FailureGroup, GrantKey, GroupState, Instant, Operation, OpportunitySources, Review, Run, RunOutcome, plural,
};
use std::fmt::Display;

/// The most records offered from unbounded lists; older ones must be typed.
const MOST: usize = 200;

/// One value of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// Its description, in one line.
    pub about: String,
    /// When it was created, if that helps to identify it.
    pub at: Option<Instant>,
}

impl Choice {
    fn new(value: impl Display, about: impl Display, at: Option<Instant>) -> Choice {
        Choice { value: value.to_string(), about: about.to_string(), at }
    }
}

/// The possible values for a word of `candidates`, the most likely first; for versions and tags, those of a tool.
///
/// # Errors
/// Errors of reading records; `Usage` for an unknown word, `NotFound` for an unknown tool.
// size: one arm for each word
pub fn choices(engine: &Engine, what: &str, of: Option<&str>) -> Result<Vec<Choice>, EngineError> {
    let list = match what {
        "tools" => {
            let view = engine.library().catalog();
            view.tools.iter().map(|tool| Choice::new(&tool.name, &tool.description, None)).collect()
        }
        "reviews" => engine.reviews().list(ReviewFilter::Waiting)?.iter().map(of_review).collect(),
        "runs" => runs(engine, None)?,
        "live-runs" => runs(engine, Some(RunOutcome::Running))?,
        "outputs" => instances(engine)?.into_iter().chain(runs(engine, None)?).collect(),
        "instances" => instances(engine)?,
        "failures" => {
            let open = |group: &&FailureGroup| group.state == GroupState::Open;
            engine.failures().list(None)?.iter().filter(open).map(of_failure).collect()
        }
        "operations" => {
            let can = |entry: &&Operation| entry.reversible && entry.undone_by.is_none();
            engine.history().operations(MOST, None)?.iter().filter(can).map(of_operation).collect()
        }
        "grants" => grants(engine)?,
        "marks" => marks(engine)?,
        "comments" => comments(engine)?,
        "tags" => tags(engine, of)?,
        "tagged-tools" => tagged_tools(engine)?,
        "versions" => of.map(|tool| versions(engine, tool)).transpose()?.unwrap_or_default(),
        "evolutions" => evolutions(engine)?,
        "opportunities" => {
            let found = engine.opportunities().list(&OpportunitySources::default(), MOST)?;
            found.opportunities.iter().map(|one| Choice::new(&one.key, &one.title, None)).collect()
        }
        "connections" => connections(engine)?,
        "tokens" => {
            let tokens = engine.agents().tokens()?.tokens;
            let about = |agent: &str| format!("token of {agent}");
            tokens.iter().map(|one| Choice::new(one.token, about(&one.agent), Some(one.created))).collect()
        }
        "sets" => {
            let saved = engine.tool_sets().list()?.into_iter().filter(|set| set.saved_by.is_some());
            saved.map(|set| Choice::new(&set.name, &set.holds, None)).collect()
        }
        "workers" => engine.settings().workers.keys().map(|name| Choice::new(name, "", None)).collect(),
        other => {
            let message = format!("nothing is listed under {other:?}");
            return Err(EngineError::new(ErrorCode::Usage, message, "`toolsmith help candidates` lists the words"));
        }
    };
    Ok(list)
}

fn of_review(review: &Review) -> Choice {
    let about = format!("{} {} {} · risk {}", review.kind, review.tool, review.version, review.risk);
    Choice::new(review.id, about, Some(review.created_at))
}

fn runs(engine: &Engine, outcome: Option<RunOutcome>) -> Result<Vec<Choice>, EngineError> {
    let filter = RunFilter { outcome, limit: MOST, ..RunFilter::default() };
    let about = |run: &Run| {
        let why = run.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
        format!("{} {} · {} · {}{why}", run.tool, run.version, run.caller, run.outcome)
    };
    Ok(engine.runs().list(&filter)?.iter().map(|run| Choice::new(run.id, about(run), Some(run.started_at))).collect())
}

fn instances(engine: &Engine) -> Result<Vec<Choice>, EngineError> {
    let list = engine.services().list(None)?.services;
    let about = |view: &super::InstanceView| format!("instance of {} · {}", view.instance.tool, view.now);
    Ok(list.iter().map(|view| Choice::new(&view.instance.name, about(view), Some(view.instance.created_at))).collect())
}

fn of_failure(group: &FailureGroup) -> Choice {
    let about = format!("{} · {}× {} · {}", group.tool, group.count, group.outcome, group.sample_message);
    Choice::new(group.short(), about, Some(group.last_at))
}

fn of_operation(entry: &Operation) -> Choice {
    let said = entry.said().map(|said| format!(" · {said}")).unwrap_or_default();
    let about = format!("{} {} · {}{said}", entry.verb, entry.subject, entry.who);
    Choice::new(entry.id, about, Some(entry.at))
}

fn grants(engine: &Engine) -> Result<Vec<Choice>, EngineError> {
    let list = engine.grants().list()?;
    let agents = list.agents.iter().map(|grant| {
        let version = format!("{} {}", grant.tool, grant.digest.short());
        let about = if grant.is_use() {
            format!("{version} is used instead of the usual version · {}", grant.scope)
        } else {
            format!("agent {} may run {version} · {}", grant.agent, grant.scope)
        };
        Choice::new(grant.id, about, Some(grant.at))
    });
    let allowed = list.allowed.iter().map(|grant| {
        let about = format!("permissions: {}", grant.allowed.permissions.summary());
        Choice::new(GrantKey::Allow(grant.tool.clone(), grant.digest), about, Some(grant.at))
    });
    let unlocks = list.unlocks.iter().map(|unlock| {
        let about = format!("{} may run at cost tier {} · {}", unlock.subject(), unlock.tier, unlock.scope);
        Choice::new(GrantKey::Unlock(unlock.id), about, Some(unlock.at))
    });
    Ok(agents.chain(allowed).chain(unlocks).collect())
}

fn marks(engine: &Engine) -> Result<Vec<Choice>, EngineError> {
    let marks = engine.failures().marks(None)?;
    let counting = marks.iter().filter(|mark| !mark.withdrawn);
    let about = |mark: &crate::domain::FailureMark| {
        format!("{} failed at {:?} · {} · {}", mark.tool, mark.scenario, mark.severity, mark.who)
    };
    Ok(counting.map(|mark| Choice::new(mark.id, about(mark), Some(mark.at))).collect())
}

/// The caller's comments on pending reviews, the newest first.
fn comments(engine: &Engine) -> Result<Vec<Choice>, EngineError> {
    let me = engine.identity();
    let mut found = Vec::new();
    for review in engine.reviews().list(ReviewFilter::Waiting)? {
        let mut own = engine.reviews().comments_of(&review)?;
        own.retain(|comment| comment.who == me);
        found.extend(own.into_iter().map(|comment| {
            let place = comment.spot.path.map(|path| format!(" {path}")).unwrap_or_default();
            let about = format!("{} on {}{place}: {}", comment.kind, review.tool, comment.body);
            Choice::new(comment.id, about, Some(comment.at))
        }));
    }
    found.reverse();
    Ok(found)
}

/// Negative tags that marks added, of one tool or of all.
fn tags(engine: &Engine, of: Option<&str>) -> Result<Vec<Choice>, EngineError> {
    let tool = of.map(|text| engine.library().resolve(text)).transpose()?;
    let mut found: Vec<Choice> = Vec::new();
    let marks = engine.failures().marks(tool.as_ref().map(|tool| &tool.name))?;
    for mark in marks.iter().filter(|mark| !mark.withdrawn) {
        for tag in &mark.tags {
            if !found.iter().any(|known| known.value == *tag && tool.is_some()) {
                found.push(Choice::new(tag, format!("{} failed at {:?}", mark.tool, mark.scenario), Some(mark.at)));
            }
        }
    }
    Ok(found)
}

/// Tools with negative tags, each once, with its tags. The most recently marked tool comes first.
fn tagged_tools(engine: &Engine) -> Result<Vec<Choice>, EngineError> {
    let mut found: Vec<(Choice, Vec<String>)> = Vec::new();
    for mark in engine.failures().marks(None)?.into_iter().filter(|mark| !mark.withdrawn && !mark.tags.is_empty()) {
        let at = found.iter().position(|(known, _)| known.value == mark.tool.as_str()).unwrap_or_else(|| {
            found.push((Choice::new(&mark.tool, "", Some(mark.at)), Vec::new()));
            found.len() - 1
        });
        let tags = &mut found[at].1;
        tags.extend(mark.tags);
        tags.sort();
        tags.dedup();
    }
    Ok(found.into_iter().map(|(choice, tags)| Choice { about: tags.join(", "), ..choice }).collect())
}

/// The approved versions of a tool that can be restored, the newest first.
fn versions(engine: &Engine, tool: &str) -> Result<Vec<Choice>, EngineError> {
    let tool = engine.library().resolve(tool)?;
    let mut kept = engine.versions().list(&tool.name)?;
    kept.retain(|one| one.approved && one.kept && one.digest != tool.digest);
    kept.sort_by_key(|one| std::cmp::Reverse(one.first_seen_at));
    let about = |one: &super::VersionInfo| format!("version {} · {}", one.version, one.stage);
    Ok(kept.iter().map(|one| Choice::new(one.digest.short(), about(one), Some(one.first_seen_at))).collect())
}

fn evolutions(engine: &Engine) -> Result<Vec<Choice>, EngineError> {
    let list = engine.evolutions().list(None, MOST)?;
    let about =
        |one: &crate::domain::Evolution| format!("{} {} · {} · {}", one.tool, one.version, one.state, one.message);
    Ok(list.iter().map(|one| Choice::new(one.id, about(one), Some(one.started_at))).collect())
}

fn connections(engine: &Engine) -> Result<Vec<Choice>, EngineError> {
    let about =
        |one: &super::ConnectedAgent| format!("{} · {} · {}", one.agent, one.client, plural(one.runs, "run", "runs"));
    Ok(engine.agents().list()?.iter().map(|one| Choice::new(one.connection, about(one), Some(one.since))).collect())
}
