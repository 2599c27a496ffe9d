//! The ranked candidates of a call, with reasons, and the tools that were left out.
//!
//! The rank of a candidate is (similarity - failure demotion) x quality. The similarity says how well the tool matches
//! the scenario. The demotion is 0.3 for each mark of this version in a similar scenario. The quality is the
//! probability that the next run of this version succeeds ([`expected_success`]), reduced by its marks
//! ([`crate::insight::demotion`]). A run that failed because of its input does not count, because the next input may be
//! valid. A proven tool, one that succeeded more often than not, comes before others of about the same similarity,
//! tried or not; tools with little similarity come last. The tool that succeeded in the same call the last time, and
//! was not marked since, comes before all others. Tools that a negative tag rules out come after all others.

use super::{CallRequest, LEARN_FROM, check};
use crate::domain::service::InstanceState;
use crate::domain::{
    Caller, Checker, CostTier, Digest, Kind, Permissions, RunId, Stage, Tool, ToolDetail, ToolName, Winner, count,
};
use crate::engine::Calls;
use crate::engine::core::{Question, RunPolicy};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::searching::{Memory, is_offered, rounded, told};
use crate::engine::run::inputs::fitted;
use crate::engine::settings::review::DeprecatedPolicy;
use crate::insight::{FAILURE_DEMOTION, Relevant, Scenario, demoted, rank};
use serde::Serialize;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;

/// The probability that the next run of a tool succeeds, 0 to 1, from its observed runs: Laplace's rule of succession.
/// A tool that never ran gets one half, less than a tool that succeeded more often than not. A single failure has
/// little effect.
fn expected_success(succeeded: f64, runs: f64) -> f64 {
    (succeeded + 1.0) / (runs + 2.0)
}

/// Below this similarity, a match is chance. Requested tags or capabilities replace it.
const LEAST_SIMILARITY: f64 = 0.2;

/// The fraction of the greatest similarity that a proven tool needs to come before the others.
const ABOUT_AS_SIMILAR: f64 = 0.5;

/// Maximum number of tools whose definitions are read from disk.
const MOST_LOOKED_AT: usize = 60;

/// Maximum length of a chain of successors.
const MOST_SUCCESSORS: usize = 8;

/// A tool that may be able to do it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// Name to run it by.
    pub tool: ToolName,
    /// Version that the manifest states.
    pub version: semver::Version,
    /// Digest of the version that was ranked.
    pub digest: Digest,
    /// Stage of its folder.
    pub stage: Stage,
    /// Path of its definition.
    pub path: String,
    /// The rank, 0 to 1.
    pub rank: f64,
    /// How well it matches the scenario, 0 to 1.
    pub similarity: f64,
    /// Whether its quality is above one half, marks included.
    #[serde(skip)]
    pub is_proven: bool,
    /// How often this version failed in a similar scenario.
    pub failures_alike: usize,
    /// The demotion of its similarity for these failures.
    pub failure_demotion: f64,
    /// Its quality, 0 to 1, reduced by its marks.
    pub quality: f64,
    /// Whether it succeeded in the same call the last time.
    pub won_before: bool,
    /// The negative tag that rules it out.
    pub ruled_out_by: Option<String>,
    /// The reason for the rank, in words.
    pub why: String,
}

/// A service that could answer a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceOffer {
    /// Name of the service.
    pub tool: ToolName,
    /// The instance that would answer. If it does not exist, it would be launched under this name.
    pub instance: ToolName,
    /// The state of the instance; `None` when it does not exist.
    pub state: Option<InstanceState>,
    /// Whether it is asked before tools are run. Other services are launched and asked only when nothing else fits.
    pub goes_first: bool,
    /// Why it fits, in words.
    pub why: String,
    /// Path of its definition.
    pub path: String,
}

/// A service whose description or capabilities fit a call.
pub(in crate::engine) struct FittingService {
    pub(in crate::engine) tool: Arc<Tool>,
    /// Why it fits, for example `claims code_generation`.
    pub(in crate::engine) reason: String,
    /// Whether it fits at least as well as every tool.
    pub(in crate::engine) is_best: bool,
}

/// A tool that cannot be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Name of the tool that matched.
    pub tool: ToolName,
    /// Path of its definition.
    pub path: String,
    /// Reason in one sentence, for the caller.
    pub why: String,
    /// Whether the policy is the cause, not the tool.
    pub refused: bool,
    /// Whether a human could permit the run.
    #[serde(skip)]
    pub needs_permit: bool,
}

/// The candidates of a call, and the tools that were left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Candidates {
    /// Candidates in the order of their attempts.
    pub candidates: Vec<Candidate>,
    /// Tools that fit but cannot be tried.
    pub left_out: Vec<LeftOut>,
    /// Services that could answer, running instances first.
    pub services: Vec<ServiceOffer>,
    #[serde(skip)]
    asked_for: String,
    #[serde(skip)]
    lacking: Lacking,
}

/// Why there is no candidate.
#[derive(Debug, Clone, PartialEq, Default)]
enum Lacking {
    /// No tool matches the description.
    #[default]
    Fitting,
    /// No tool claims the capabilities.
    Capabilities(Vec<String>),
    /// No tool has the tags.
    Tags(Vec<String>),
}

/// A candidate with the data for its attempt.
pub(super) struct Ranked {
    pub(super) tool: Arc<Tool>,
    pub(super) candidate: Candidate,
    pub(super) input: Option<Value>,
    pub(super) permissions: Permissions,
    /// Its run, once it was started.
    pub(super) run: Option<RunId>,
}

impl Candidate {
    /// A candidate for tests.
    #[cfg(test)]
    pub(crate) fn ordinary(name: &str) -> Candidate {
        let tool = Tool::ordinary(name);
        Candidate {
            tool: tool.name,
            version: tool.version,
            digest: tool.digest,
            stage: tool.stage,
            path: tool.path,
            rank: 0.5,
            similarity: 1.0,
            is_proven: false,
            failures_alike: 0,
            failure_demotion: 0.0,
            quality: 0.5,
            won_before: false,
            ruled_out_by: None,
            why: "it matches".to_owned(),
        }
    }
}

impl LeftOut {
    pub(super) fn new(tool: &Tool, unfit: impl Into<Unfit>) -> LeftOut {
        let Unfit { why, refused, needs_permit } = unfit.into();
        LeftOut { tool: tool.name.clone(), path: tool.path.clone(), why, refused, needs_permit }
    }

    /// A service that failed to answer.
    pub(in crate::engine) fn silent(offer: &ServiceOffer, error: &EngineError) -> LeftOut {
        let refused = matches!(error.code, ErrorCode::Refused | ErrorCode::HumanNeeded);
        let (tool, path) = (offer.tool.clone(), offer.path.clone());
        LeftOut {
            tool,
            path,
            why: format!("instance {}: {}", offer.instance, error.message),
            refused,
            needs_permit: false,
        }
    }
}

/// Why a tool cannot be tried.
pub(super) struct Unfit {
    why: String,
    refused: bool,
    needs_permit: bool,
}

impl From<String> for Unfit {
    fn from(why: String) -> Unfit {
        Unfit { why, refused: false, needs_permit: false }
    }
}

impl From<EngineError> for Unfit {
    fn from(error: EngineError) -> Unfit {
        error.message.into()
    }
}

impl Candidates {
    /// Candidates that are only services.
    pub(in crate::engine) fn of_services(services: Vec<ServiceOffer>) -> Candidates {
        Candidates { services, ..Candidates::default() }
    }

    /// Whether nothing can be tried: no tool and no service.
    pub fn is_empty(&self) -> bool {
        self.candidates.is_empty() && self.services.is_empty()
    }

    /// The error when nothing can be tried.
    pub(super) fn nobody(&self) -> EngineError {
        if let Some(first) = self.left_out.first() {
            let message = format!("no tool that matches {:?} can run: {}: {}", self.asked_for, first.tool, first.why);
            // If policy is the only obstacle, the call is refused as a run of the tool would be.
            let refused = self.left_out.iter().all(|left| left.refused);
            let code = if refused { ErrorCode::Refused } else { ErrorCode::NotFound };
            let hint = match self.left_out.len() {
                1 => format!("see `toolsmith show {}`", first.tool),
                all => format!("{all} were excluded; `toolsmith call --show` with the same words lists them"),
            };
            return EngineError::new(code, message, hint);
        }
        let (message, hint) = match &self.lacking {
            Lacking::Capabilities(words) => (
                format!("no available tool and no running service claims the capability {}", words.join(" and ")),
                "`toolsmith list --capability WORD` lists tools and services by capability".to_owned(),
            ),
            Lacking::Tags(tags) => (
                format!("no available tool has the tag {}", tags.join(" and ")),
                "`toolsmith list --tag TAG` lists tools by tag".to_owned(),
            ),
            Lacking::Fitting => (
                format!("no tool matches {:?}", self.asked_for),
                "try other words with `toolsmith search`, or request a new tool with `toolsmith new --describe`"
                    .to_owned(),
            ),
        };
        EngineError::new(ErrorCode::NotFound, message, hint)
    }
}

/// Scenario and tags of a call in normalized form, to compare two calls.
pub(in crate::engine) fn key(scenario: &str, tags: &[String]) -> (String, String) {
    let mut tags: Vec<String> = tags.iter().map(|tag| tag.to_lowercase()).collect();
    tags.sort();
    tags.dedup();
    (Scenario::new(scenario).key(), tags.join(","))
}

impl Calls<'_> {
    /// The candidates of a call in order, at most as many as attempts are allowed, and the tools that were left out.
    pub(super) fn ranked(
        &self,
        request: &CallRequest,
        caller: &Caller,
    ) -> Result<(Vec<Ranked>, Candidates), EngineError> {
        check(request)?;
        let fitting = self.fitting(request)?;
        let mut found = Candidates { asked_for: request.scenario.clone(), ..Candidates::default() };
        if fitting.is_empty() && !(request.tags.is_empty() && request.capabilities.is_empty()) {
            found.lacking = if request.tags.is_empty() {
                Lacking::Capabilities(request.capabilities.clone())
            } else {
                Lacking::Tags(request.words())
            };
        }
        let (mut ranked, mut seen) = (Vec::new(), HashSet::new());
        // Services get messages; they are not run per call.
        let tools = fitting.into_iter().filter(|(tool, _)| tool.kind != Kind::Service);
        for (tool, candidate) in tools.take(MOST_LOOKED_AT) {
            if ranked.len() == request.max_attempts {
                break;
            }
            let (tool, candidate) = match self.successor(&tool) {
                Ok(Some(successor)) => {
                    let candidate = instead_of(&tool, &successor, candidate);
                    (successor, candidate)
                }
                Ok(None) => (tool, candidate),
                Err(why) => {
                    found.left_out.push(LeftOut::new(&tool, why));
                    continue;
                }
            };
            if !seen.insert(tool.path.clone()) {
                continue;
            }
            match self.readied(request, caller, &tool) {
                Ok((input, permissions)) => ranked.push(Ranked { tool, candidate, input, permissions, run: None }),
                Err(why) => found.left_out.push(LeftOut::new(&tool, why)),
            }
        }
        found.candidates = ranked.iter().map(|one| one.candidate.clone()).collect();
        Ok((ranked, found))
    }

    /// The tools that match the scenario and have the tags, in the order in which they would be tried.
    fn fitting(&self, request: &CallRequest) -> Result<Vec<(Arc<Tool>, Candidate)>, EngineError> {
        let (view, index) = self.engine.library().index();
        let memory = self.engine.library().memory()?;
        let (words, tags) = key(&request.scenario, &request.words());
        let winner = self.workspace.read(|q| Ok(q.winner(&words, &tags)?))?;
        let scenario = Scenario::new(&request.scenario);
        let mut fitting = Vec::new();
        for found in self.engine.library().relevance(&index).query(&request.scenario, view.tools.len()) {
            let Some(tool) = view.tools.get(found.position).filter(|tool| is_offered(tool)) else { continue };
            let is_named = !(request.tags.is_empty() && request.capabilities.is_empty());
            let found = found.by_direction(&request.scenario, tool);
            let enough = found.similarity >= LEAST_SIMILARITY || is_named;
            if enough && has_words(tool, request) {
                let judged = Judged { request, scenario: &scenario, memory: &memory, winner: winner.as_ref() };
                let on_input = match tool.facts.success_rate {
                    Some(rate) if rate < 1.0 => self.workspace.read(|q| Ok(q.failures_on_input(tool.digest)?))?,
                    _ => 0,
                };
                fitting.push((Arc::clone(tool), judged.candidate(tool, &found, on_input)));
            }
        }
        if let Some(winner) = winner
            && !fitting.iter().any(|(_, candidate)| candidate.won_before)
        {
            // The tool has another version or was removed, so its last success no longer applies.
            self.forget(&words, &tags, &winner)?;
        }
        let most = fitting.iter().map(|(_, candidate)| candidate.similarity).fold(0.0, f64::max);
        let least = (most * ABOUT_AS_SIMILAR).max(LEARN_FROM);
        // A stable sort: among equal ranks, the more similar tool stays first.
        fitting.sort_by(|(_, one), (_, other)| {
            let order = |candidate: &Candidate| {
                let is_proven = candidate.is_proven && candidate.similarity >= least && candidate.failures_alike == 0;
                let is_unlike = candidate.similarity < LEARN_FROM;
                (!candidate.won_before, candidate.ruled_out_by.is_some(), is_unlike, !is_proven)
            };
            order(one).cmp(&order(other)).then(other.rank.total_cmp(&one.rank))
        });
        Ok(fitting)
    }

    /// The services that fit a call, best first: those that claim every requested capability; without requested
    /// capabilities, those that match the scenario.
    pub(in crate::engine) fn fitting_services(
        &self,
        request: &CallRequest,
    ) -> Result<Vec<FittingService>, EngineError> {
        check(request)?;
        let is_claimed = !request.capabilities.is_empty();
        let fitting = self.fitting(request)?;
        let best =
            fitting.iter().map(|(tool, candidate)| (tool.kind, candidate)).find(|(kind, _)| *kind != Kind::Service);
        let is_best = |similarity: f64| {
            is_claimed || best.is_none_or(|(_, tool)| !tool.won_before && similarity >= tool.similarity)
        };
        let mut services = Vec::new();
        for (tool, candidate) in fitting.iter().filter(|(tool, _)| tool.kind == Kind::Service) {
            if candidate.ruled_out_by.is_none() {
                let reason = if is_claimed {
                    format!("claims {}", request.capabilities.join(" and "))
                } else {
                    format!("fits the words (similarity {})", candidate.similarity)
                };
                services.push(FittingService {
                    tool: Arc::clone(tool),
                    reason,
                    is_best: is_best(candidate.similarity),
                });
            }
        }
        if is_claimed {
            // A call that names a capability need not match the description.
            let view = self.engine.library().catalog();
            let others = view.tools.iter().filter(|tool| {
                let is_known = fitting.iter().any(|(known, _)| known.path == tool.path);
                tool.kind == Kind::Service && !is_known && is_offered(tool) && has_words(tool, request)
            });
            let reason = format!("claims {}", request.capabilities.join(" and "));
            let others = others.map(|tool| (Arc::clone(tool), reason.clone()));
            services.extend(others.map(|(tool, reason)| FittingService { tool, reason, is_best: true }));
        }
        services.retain(|service| service.tool.cost_tier != CostTier::Prohibited && service.tool.runnable);
        Ok(services)
    }

    fn forget(&self, scenario: &str, tags: &str, winner: &Winner) -> Result<(), EngineError> {
        let known = self
            .engine
            .library()
            .catalog()
            .tools
            .iter()
            .any(|tool| tool.name == winner.tool && tool.digest == winner.digest);
        if known {
            return Ok(());
        }
        self.workspace.transact(|tx| Ok(tx.forget_winner(crate::store::Lesson::Scenario(scenario, tags)).map(drop)?))
    }

    /// The successor to use instead of a deprecated tool; `None` to use the tool itself.
    ///
    /// # Errors
    /// Why it cannot be tried.
    fn successor(&self, tool: &Arc<Tool>) -> Result<Option<Arc<Tool>>, String> {
        let mut used = Arc::clone(tool);
        for _ in 0..MOST_SUCCESSORS {
            let Some(mark) = &used.facts.deprecated else { break };
            let Some(by) = &mark.by else {
                return match self.workspace.settings.deprecated {
                    DeprecatedPolicy::Ask => {
                        Err("it is deprecated without a successor; only a human may run it".to_owned())
                    }
                    DeprecatedPolicy::Refuse => Err("it is deprecated without a successor".to_owned()),
                    DeprecatedPolicy::Warn | DeprecatedPolicy::Follow => Ok((used.path != tool.path).then_some(used)),
                };
            };
            used = self.engine.library().resolve(by.as_str()).map_err(|error| format!("it is deprecated: {error}"))?;
        }
        Ok((used.path != tool.path).then_some(used))
    }

    /// The input that a tool would get, and its permissions.
    ///
    /// # Errors
    /// Why it cannot be tried.
    fn readied(
        &self,
        request: &CallRequest,
        caller: &Caller,
        tool: &Tool,
    ) -> Result<(Option<Value>, Permissions), Unfit> {
        let refused = |why: String| Unfit { why, refused: true, needs_permit: false };
        if tool.cost_tier == CostTier::Prohibited {
            return Err(refused("its cost tier is prohibited".to_owned()));
        }
        if !tool.runnable {
            return Err(tool.reason.clone().unwrap_or_else(|| "this kind of tool is not supported".to_owned()).into());
        }
        let detail = self.engine.library().detail(tool)?;
        match self.engine.runs().may_run(&detail, caller)? {
            RunPolicy::Allow { .. } => {}
            RunPolicy::Ask { question, message } => {
                return Err(Unfit { needs_permit: question == Question::Permit, ..refused(message) });
            }
            RunPolicy::Refuse { message, .. } => return Err(refused(message)),
        }
        let input = fitted(&detail.manifest, request.input.clone(), &request.sets)?;
        fits(&detail, input.as_ref())?;
        Ok((input, detail.manifest.permissions))
    }
}

/// The data by which all candidates are judged.
struct Judged<'a> {
    request: &'a CallRequest,
    scenario: &'a Scenario,
    memory: &'a Memory,
    winner: Option<&'a Winner>,
}

impl Judged<'_> {
    /// Rates a tool. `on_input` is the number of its runs that failed because of their input.
    fn candidate(&self, tool: &Tool, found: &Relevant, on_input: u64) -> Candidate {
        let failures = self.scenario.failures_like(self.memory.scenarios(tool));
        let marks = self.memory.severities(tool).count();
        let succeeded = (tool.facts.success_rate.unwrap_or_default() * tool.facts.runs as f64).round();
        let runs = tool.facts.runs.saturating_sub(on_input);
        let expected = expected_success(succeeded, (runs as f64).max(succeeded));
        // Rounded as shown, so that a reader who repeats the calculation gets the same result.
        let quality = rounded(demoted(expected, self.memory.severities(tool)));
        let won = self.winner.is_some_and(|winner| {
            let is_it = winner.tool == tool.name && winner.digest == tool.digest;
            is_it && !self.memory.is_marked_since(tool, self.scenario, winner.at)
        });
        let similarity = rounded(found.similarity);
        let rank = rounded(rank(similarity, failures, quality));
        let ruled_out_by = self.memory.ruled_out(tool, &self.request.scenario);
        let demotion = rounded(FAILURE_DEMOTION * failures as f64);
        let all = |runs: u64| count(usize::try_from(runs).unwrap_or(usize::MAX), "run");
        let judged = match (tool.facts.runs, on_input) {
            (0, _) => "never run".to_owned(),
            (runs, 0) => format!("{succeeded:.0} of {} succeeded", all(runs)),
            (runs, on_input) => {
                format!("{succeeded:.0} of {} succeeded, the input of {on_input} was at fault", all(runs))
            }
        };
        let marked = if marks == 0 { String::new() } else { format!(", marked {marks}x") };
        let mut why = format!(
            "({similarity} - {demotion}) x {} = {rank}: {}; quality: {judged}{marked}",
            quality,
            told(&found.found)
        );
        if won {
            why = format!("succeeded last time; {why}");
        }
        if let Some(tag) = &ruled_out_by {
            why = format!("ranked last, tagged {tag}; {why}");
        }
        Candidate {
            tool: tool.name.clone(),
            version: tool.version.clone(),
            digest: tool.digest,
            stage: tool.stage,
            path: tool.path.clone(),
            rank,
            similarity,
            is_proven: quality > 0.5,
            failures_alike: failures,
            failure_demotion: demotion,
            quality,
            won_before: won,
            ruled_out_by,
            why,
        }
    }
}

/// A successor with the rank of the tool that it replaces.
fn instead_of(tool: &Tool, successor: &Tool, candidate: Candidate) -> Candidate {
    Candidate {
        tool: successor.name.clone(),
        version: successor.version.clone(),
        digest: successor.digest,
        stage: successor.stage,
        path: successor.path.clone(),
        why: format!("replaces the deprecated {}; {}", tool.name, candidate.why),
        ..candidate
    }
}

/// Whether a tool has every requested tag and claims every requested capability.
fn has_words(tool: &Tool, request: &CallRequest) -> bool {
    let claims = |wanted: &String| tool.capabilities.iter().any(|own| own.eq_ignore_ascii_case(wanted));
    has_tags(tool, &request.tags) && request.capabilities.iter().all(claims)
}

/// Whether a tool has every tag, among its tags or capabilities.
fn has_tags(tool: &Tool, tags: &[String]) -> bool {
    let mut own =
        tags.iter().map(|tag| tool.tags.iter().chain(&tool.capabilities).any(|own| own.eq_ignore_ascii_case(tag)));
    own.all(|has| has)
}

/// Whether the tool accepts this input. An invalid schema passes here: the run reports it.
fn fits(detail: &ToolDetail, input: Option<&Value>) -> Result<(), String> {
    let (Some(schema), Some(input)) = (&detail.manifest.input, input) else { return Ok(()) };
    let Ok(checker) = Checker::new(schema) else { return Ok(()) };
    match checker.violations(input).first() {
        Some(violation) => {
            let place = violation.path.trim_start_matches('/');
            Err(format!("the input does not match its schema: {place} {}", violation.message))
        }
        None => Ok(()),
    }
}
