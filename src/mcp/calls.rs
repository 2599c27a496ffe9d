//! The implementation of the tools that end by themselves: queries and changes. Runs, which may continue, are in
//! `running`.

use super::answer::{Answer, Refusal, for_agents, next};
use super::arguments::Arguments;
use super::own::demand_own;
use super::visible::{WARNING, visible_part};
use crate::domain::{
    Caller, Comment, CostTier, Decision, EvolutionState, Manifest, RequestKind, Review, ReviewId, ReviewKind,
    ReviewState, RunId, Severity, Tool, ToolDetail,
};
use crate::engine::{
    Engine, EngineError, ErrorCode, EvolveRequest, MarkRequest, MayRun, REQUEST_SCHEMA, SearchFor, SearchHit, SkillText,
};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The default number of hits of a search.
const HITS: usize = 10;
/// Maximum bytes of the text of a skill, as sent; its resource `source` allows twice as much.
const MOST_BODY: usize = 24_000;
/// Maximum number of hits of a search.
const MOST_HITS: u64 = 20;

/// `search`: finds tools for a purpose, and says which of them may run.
pub(super) fn search(engine: &Engine, caller: &Caller, given: &Arguments) -> Answer {
    let wanted = SearchFor {
        words: given.required("words")?.to_owned(),
        tag: given.text("tag").map(str::to_owned),
        kind: given.text("kind").and_then(|word| word.parse().ok()),
        limit: given.number("limit").map_or(HITS, |limit| limit.min(MOST_HITS) as usize),
    };
    let detail = given.text("detail").unwrap_or("summary");
    let library = engine.library();
    let (catalog, found) = match library.search_kept(&wanted, caller)? {
        Some(found) => found,
        None => (library.up_to_date()?, library.search(&wanted, caller)?),
    };
    let mut hits = Vec::new();
    for hit in found {
        // The searched rows may be outdated: a tool that was removed since is no longer a hit.
        let Some(tool) = catalog.tools.iter().find(|tool| tool.path == hit.path) else { continue };
        hits.push(told(engine, caller, &hit, tool, detail)?);
    }
    if hits.is_empty() {
        let hint = "search with other words, or write a tool and ask for its review with request";
        return Ok(json!({"hits": hits, "hint": hint}));
    }
    Ok(json!({"hits": hits}))
}

fn told(engine: &Engine, caller: &Caller, hit: &SearchHit, tool: &Tool, how: &str) -> Result<Value, EngineError> {
    if how == "names" {
        return Ok(json!({"name": hit.name, "score": hit.similarity}));
    }
    let mut told = json!({
        "name": hit.name,
        "version": hit.version,
        "digest": hit.digest.short(),
        "stage": hit.stage,
        "kind": tool.kind,
        "tier": tool.cost_tier,
        "description": hit.description,
        "why": hit.why,
        "score": hit.similarity,
    });
    let Some(fields) = told.as_object_mut() else { return Ok(told) };
    // The tool's files may have just changed; then it is not reported as runnable.
    let detail = engine.library().detail(tool);
    match &detail {
        Ok(detail) => standing(engine, caller, detail, fields)?,
        Err(error) => {
            fields.insert("may_run".to_owned(), json!(false));
            fields.insert("why_not".to_owned(), json!(error.message));
        }
    }
    if let Ok(detail) = &detail {
        warn_of_texts(engine, &detail.manifest, fields);
    }
    if let (Ok(detail), "full") = (&detail, how) {
        fields.insert("input".to_owned(), json!(detail.manifest.input));
    }
    if let Some(tag) = &hit.held_back {
        fields.insert("held_back".to_owned(), json!(tag));
    }
    Ok(told)
}

/// The warning that the texts of a tool address the model that reads them.
fn warn_of_texts(engine: &Engine, manifest: &Manifest, fields: &mut Map<String, Value>) {
    if engine.checks().speaks_to_models(manifest) {
        fields.insert("warnings".to_owned(), json!([WARNING]));
    }
}

/// Whether the agent may run a tool, and the next step if not.
fn standing(
    engine: &Engine,
    caller: &Caller,
    detail: &ToolDetail,
    fields: &mut Map<String, Value>,
) -> Result<(), EngineError> {
    match engine.runs().may(detail, caller)? {
        MayRun::Yes => {
            fields.insert("may_run".to_owned(), json!(true));
        }
        MayRun::AfterPermit { why } => {
            fields.insert("may_run".to_owned(), json!("after-permit"));
            fields.insert("why_not".to_owned(), json!(format!("{why}; run asks for it")));
        }
        MayRun::No { why, .. } => {
            fields.insert("may_run".to_owned(), json!(false));
            fields.insert("why_not".to_owned(), json!(for_agents(&why)));
        }
    }
    Ok(())
}

/// The call that asks a human for what is missing to run this tool; `None` if a human cannot help by a review.
pub(super) fn help_for(engine: &Engine, tool: &Tool) -> Result<Option<Value>, EngineError> {
    // Decisions about a server apply to each tool that it lists.
    let judged = tool.reviewed();
    if let Some(review) = engine.reviews().waiting_of(&judged)? {
        return Ok(Some(next("wait", &json!({"review": review}))));
    }
    let is_asked = !tool.stage.is_vouched() && tool.may_start() && tool.cost_tier != CostTier::Prohibited;
    Ok(is_asked.then(|| {
        let arguments = json!({
            "kind": RequestKind::Tool,
            "tool": judged.name,
            "path": judged.path,
            "rationale": "say what you need it for",
        });
        next("request", &arguments)
    }))
}

/// `show`: what a model needs to call a tool.
pub(super) fn show(engine: &Engine, caller: &Caller, given: &Arguments) -> Answer {
    let name = given.required("tool")?;
    shown(engine, caller, name).map_err(|error| unknown(error, name))
}

/// A tool by name, with its schemas, and whether this agent may run it.
///
/// # Errors
/// `NotFound`; those of reading its files.
pub(super) fn shown(engine: &Engine, caller: &Caller, name: &str) -> Result<Value, EngineError> {
    engine.library().up_to_date_around(name)?;
    let tool = engine.library().resolve(name)?;
    let detail = engine.library().detail(&tool)?;
    let manifest = &detail.manifest;
    let mut shown = json!({
        "name": tool.name,
        "title": tool.title,
        "version": tool.version,
        "digest": tool.digest.hex(),
        "path": tool.path,
        "stage": tool.stage,
        "kind": tool.kind,
        "category": tool.category,
        "tier": tool.cost_tier,
        "description": tool.description,
        "tags": tool.tags,
        "permissions": manifest.permissions,
        "limits": manifest.limits,
        "input": manifest.input,
        "output": manifest.output,
        "examples": manifest.examples,
        "idempotent": tool.idempotent,
    });
    let Some(fields) = shown.as_object_mut() else { return Ok(shown) };
    fields.retain(|_, value| !value.is_null());
    standing(engine, caller, &detail, fields)?;
    warn_of_texts(engine, manifest, fields);
    if let Some(skill) = engine.library().skill_text(&detail) {
        if engine.checks().misleads_models(&skill.body) {
            fields.insert("warnings".to_owned(), json!([WARNING]));
        }
        if let Some(why) = engine.library().skill_doubt(&tool)? {
            fields.insert("why_not".to_owned(), json!(format!("its text is withheld: {why}")));
        } else {
            let body = visible_part(&skill.body, MOST_BODY);
            fields.insert("skill".to_owned(), json!(SkillText { body, ..skill }));
        }
    }
    let missing: Vec<String> = engine.dependencies().missing(&detail).into_iter().map(|one| one.message).collect();
    if !missing.is_empty() {
        fields.insert("missing".to_owned(), json!(missing));
    }
    let following = if fields.get("may_run") == Some(&json!(false)) {
        help_for(engine, &tool)?
    } else {
        let example = manifest.examples.first().map_or_else(|| json!({}), |example| json!(example.input));
        Some(next("run", &json!({"tool": tool.name, "input": example})))
    };
    if let Some(following) = following {
        fields.insert("next".to_owned(), following);
    }
    Ok(shown)
}

/// The error for an unknown name, or for a scenario that nothing fits; it suggests a search for its words.
pub(super) fn unknown(error: EngineError, asked: &str) -> Refusal {
    let words: Vec<&str> = asked.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if error.code == ErrorCode::NotFound && !words.is_empty() {
        return Refusal::then(error, "search", &json!({"words": words.join(" ")}));
    }
    error.into()
}

/// `cancel`: ends a run that this agent started.
pub(super) fn cancel(engine: &Engine, caller: &Caller, given: &Arguments) -> Answer {
    let run = RunId(given.id("run")?);
    demand_own(engine, caller, run)?;
    let outcome = engine.execute(crate::domain::Command::Cancel { run }, caller)?;
    Ok(json!({"run": run, "message": outcome.message}))
}

/// `request`: puts a request into the review queue, and returns the number of its review at once.
pub(super) fn request(engine: &Engine, caller: &Caller, given: &Arguments) -> Answer {
    engine.library().up_to_date()?;
    let sent = engine.requests().submit(given.whole().to_string().as_bytes(), caller);
    let outcome = sent.map_err(|error| match error.code {
        ErrorCode::Usage => EngineError { hint: fields_of_requests(), ..error },
        _ => error,
    })?;
    let Some(review) = outcome.review else { return Ok(json!({"message": outcome.message})) };
    Ok(json!({
        "review": review,
        "state": ReviewState::Waiting,
        "message": outcome.message,
        "next": next("wait", &json!({"review": review})),
    }))
}

/// The fields that a request of each kind needs.
fn fields_of_requests() -> String {
    let schema: Value = serde_json::from_str(REQUEST_SCHEMA).unwrap_or_default();
    let kinds = RequestKind::ALL.iter().filter_map(|kind| {
        let fields: Vec<&str> =
            schema["$defs"][kind.word()]["required"].as_array()?.iter().filter_map(Value::as_str).collect();
        let fields: Vec<&str> = fields.into_iter().filter(|field| *field != "kind").collect();
        Some(format!("{} needs {}", kind.word(), fields.join(", ")))
    });
    kinds.collect::<Vec<_>>().join("; ")
}

/// Interval after which `wait` asks to be called again if nobody has decided.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// `wait`: returns the decision of a human, or that there is none yet.
pub(super) fn wait(engine: &Engine, given: &Arguments) -> Answer {
    let id = ReviewId(given.id("review")?);
    let review = engine.reviews().wait_for_decision(id, Some(given.wait()))?;
    Ok(told_of(engine, &review)?)
}

/// A review: its decision, or that it is pending.
///
/// # Errors
/// `Internal` for errors of the store.
pub(super) fn told_of(engine: &Engine, review: &Review) -> Result<Value, EngineError> {
    let id = review.id;
    let mut told = json!({"review": id, "kind": review.kind, "tool": review.tool, "digest": review.digest.hex(), "state": review.state});
    let Some(fields) = told.as_object_mut() else { return Ok(told) };
    if review.state == ReviewState::Waiting {
        fields.insert("retry_after_s".to_owned(), json!(RETRY_AFTER.as_secs()));
        fields.insert("next".to_owned(), next("wait", &json!({"review": id})));
        return Ok(told);
    }
    let decided: Option<&Decision> = review.decisions.iter().rev().find(|decision| !decision.undone);
    if let Some(decision) = decided {
        fields.insert("decision".to_owned(), json!(decision.kind));
        fields.insert("reason".to_owned(), json!(decision.reason));
    }
    let comments: Vec<Value> = engine.reviews().comments_of(review)?.iter().map(said).collect();
    fields.insert("comments".to_owned(), json!(comments));
    if matches!(review.state, ReviewState::Expired | ReviewState::Superseded) {
        let why = if review.state == ReviewState::Expired {
            "nobody decided in time"
        } else {
            "the files of the tool changed since"
        };
        let again = if review.kind == ReviewKind::Call { "run" } else { "show" };
        fields.insert("hint".to_owned(), json!(format!("{why}; {again} says how to ask again")));
        fields.insert("next".to_owned(), next(again, &json!({"tool": review.tool})));
    }
    if review.state == ReviewState::Approved {
        let tool = if review.kind == ReviewKind::Call { "run" } else { "show" };
        if review.kind == ReviewKind::Call {
            let hint = "call run again with exactly the same input, within 15 minutes of the decision";
            fields.insert("hint".to_owned(), json!(hint));
        }
        fields.insert("next".to_owned(), next(tool, &json!({"tool": review.tool})));
    }
    Ok(told)
}

fn said(comment: &Comment) -> Value {
    json!({"kind": comment.kind, "path": comment.spot.path, "text": comment.body})
}

/// The advice for an agent when the built-in repairs do not help.
const OWN_WORK: &str = "the built-in repairs do not help here; write a better version and ask for its review";

/// `evolve`: a better version by the built-in repairs.
pub(super) fn evolve(engine: &Engine, caller: &Caller, given: &Arguments) -> Answer {
    engine.library().up_to_date()?;
    let request = EvolveRequest {
        tool: given.required("tool")?.to_owned(),
        hint: given.text("hint").unwrap_or_default().to_owned(),
        failures: given.ids("failure").into_iter().map(RunId).collect(),
        generators: Vec::new(),
        rounds: None,
        step: None,
        dynamic_schema: false,
        bundle: None,
        specification: None,
        worker: None,
    };
    engine.library().resolve(&request.tool).map_err(|error| unknown(error, &request.tool))?;
    // Agents are not told how a human configures a generator, because a generator runs outside the sandbox.
    let own_work = |error: EngineError| EngineError { hint: OWN_WORK.to_owned(), ..error };
    let asking = engine.evolutions().prepare(&request).map_err(own_work)?;
    let id = engine.evolutions().begin(&asking, caller).map_err(own_work)?;
    let ended = engine.evolutions().drive(id, caller, &|_| {}).map_err(own_work)?;
    let hint = match ended.state {
        EvolutionState::Good => "a human may keep the new version; it is not in use before that",
        _ => OWN_WORK,
    };
    Ok(json!({"evolution": id, "state": ended.state, "asked": asking.chosen, "hint": hint}))
}

/// `mark-failure`: records that a tool failed at a scenario.
pub(super) fn mark_failure(engine: &Engine, caller: &Caller, given: &Arguments) -> Answer {
    engine.library().up_to_date()?;
    let run = given.number("run").map(|_| given.id("run")).transpose()?.map(RunId);
    if let Some(run) = run {
        demand_own(engine, caller, run)?;
    }
    let error = match (given.text("error"), run) {
        (Some(error), _) => error.to_owned(),
        (None, Some(run)) => engine.runs().record(run)?.error.unwrap_or_default(),
        (None, None) => String::new(),
    };
    let severity = given.text("severity").and_then(|word| word.parse().ok()).unwrap_or(Severity::Medium);
    let (tool, scenario) = (given.required("tool")?.to_owned(), given.required("scenario")?.to_owned());
    let wanted = MarkRequest { tool, run, scenario, error, severity };
    let marked = engine.failures().mark(&wanted, caller).map_err(|error| unknown(error, &wanted.tool))?;
    Ok(json!({"message": marked.message, "detail": marked.detail}))
}
