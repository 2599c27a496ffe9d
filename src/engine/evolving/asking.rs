//! Builds what is sent to a generator from a user's request: it can be viewed and edited before anything is sent.

use crate::domain::{Caller, EvolutionId, EvolveAsked, FailureKind, Redactor, ReviewId, RunId, Step, Tool, ToolDetail};
use crate::engine::Evolutions;
use crate::engine::clock::now;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::evolving::generators::look;
use crate::evolve::bundle::DEFAULT_LIMIT;
use crate::evolve::course::{EvolutionPlan, MOST};
use crate::evolve::prompt::{Prompt, TemplateName, Templates};
use crate::evolve::{Bundle, EvolutionProgress, mutation, repair};
use crate::store::NewEvolution;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A user's request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EvolveRequest {
    /// The tool: NAME, NAME@VERSION or path.
    pub tool: String,
    /// What is wanted, in words.
    pub hint: String,
    /// Failed runs that the new version should fix; if empty, the newest kinds of failure of the version.
    pub failures: Vec<RunId>,
    /// The generators; if empty, the built-in repairs if they apply, otherwise those of the settings.
    pub generators: Vec<String>,
    /// Maximum number of rounds; `None` means the setting.
    pub rounds: Option<u32>,
    /// The minimum version step; `None` derives it from the schemas and the hint.
    pub step: Option<Step>,
    /// Whether the output may have fields that are not declared.
    pub dynamic_schema: bool,
    /// An edited bundle to send, as JSON; secrets in it are masked, too.
    pub bundle: Option<Value>,
    /// The approved specification to implement; the tool is then its scaffold.
    pub specification: Option<ReviewId>,
    /// The worker that starts versions for checks and comparisons; `None` for this machine.
    pub worker: Option<String>,
}

/// What would be sent.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The version to improve.
    pub tool: Arc<Tool>,
    /// The bundle: masked, with limited size.
    pub bundle: Bundle,
    /// The same in words.
    pub prompt: Prompt,
    /// The generators, and how often each is asked.
    pub plan: EvolutionPlan,
    /// Why these generators were chosen, one line.
    pub chosen: String,
    /// The stored part of the request.
    pub asked: EvolveAsked,
}

impl Evolutions<'_> {
    /// Determines what would be sent, and to whom. Sends nothing.
    ///
    /// # Errors
    /// `NotFound` and `Ambiguous` for the tool; `Usage` for a run of another tool, an unknown generator, an invalid
    /// bundle or an invalid template of the user; `Failed` if the tool's files cannot be read.
    pub fn prepare(&self, request: &EvolveRequest) -> Result<Asking, EngineError> {
        self.asking(request, |bundle| self.chosen_generators(&request.generators, bundle))
    }

    /// The same for display only. If no generator was named and none can be chosen, `chosen` says why and the plan has
    /// no generators, because the request can be read without one.
    ///
    /// # Errors
    ///
    /// Those of [`Evolutions::prepare`], except that no generator can be chosen.
    pub fn preview(&self, request: &EvolveRequest) -> Result<Asking, EngineError> {
        self.asking(request, |bundle| match self.chosen_generators(&request.generators, bundle) {
            Err(none) if request.generators.is_empty() => Ok((Vec::new(), format!("{}; {}", none.message, none.hint))),
            other => other,
        })
    }

    fn asking(
        &self,
        request: &EvolveRequest,
        choose: impl FnOnce(&Bundle) -> Result<(Vec<String>, String), EngineError>,
    ) -> Result<Asking, EngineError> {
        let tool = self.engine.library().resolve(&request.tool)?;
        let detail = self.engine.library().detail(&tool)?;
        let failures = self.chosen_failures(&tool, &request.failures)?;
        let made = match &request.bundle {
            Some(value) => edited(value, &tool, &request.hint)?,
            None => self.bundle_of(&detail, request, &failures)?,
        };
        let hint = made.hint.clone();
        let (bundle, _) = made.masked(&Redactor::default());
        let bundle = bundle.bounded(DEFAULT_LIMIT);
        let templates = self.templates()?;
        let prompt =
            if request.specification.is_some() { templates.new_tool(&bundle) } else { templates.evolve(&bundle) };
        let (generators, chosen) = choose(&bundle)?;
        let settings = &self.workspace.settings.evolve;
        let rounds = request.rounds.unwrap_or(settings.rounds).clamp(1, MOST);
        let asked = EvolveAsked {
            hint,
            failures,
            generators: generators.clone(),
            rounds,
            step: request.step,
            dynamic_schema: request.dynamic_schema,
            specification: request.specification,
            worker: request.worker.clone(),
        };
        let plan = EvolutionPlan { rounds, generators, tries: settings.tries, ..EvolutionPlan::default() };
        Ok(Asking { tool, bundle, prompt, plan, chosen, asked })
    }

    /// The generators to ask, and why.
    fn chosen_generators(&self, asked: &[String], bundle: &Bundle) -> Result<(Vec<String>, String), EngineError> {
        let built_in = repair::GENERATOR;
        if !asked.is_empty() {
            for name in asked.iter().filter(|name| *name != built_in) {
                self.generator(name)?;
            }
            return Ok((asked.to_vec(), "as requested".to_owned()));
        }
        if bundle.hint.trim().is_empty()
            && let Some(repaired) = repair::repair(bundle)
        {
            return Ok((vec![built_in.to_owned()], format!("no model needed: it {}", repaired.deeds())));
        }
        match self.usual() {
            Ok(first) => Ok((vec![first.to_owned()], "first in the settings".to_owned())),
            Err(none) if repair::repair(bundle).is_some() => Ok((vec![built_in.to_owned()], none.message)),
            Err(none) => {
                let message = match repair::absent_packages(bundle).as_str() {
                    "" => format!("built-in repairs do not apply, and {}", none.message),
                    absent => format!("{absent}; other built-in repairs do not apply, and {}", none.message),
                };
                Err(EngineError { message, ..none })
            }
        }
    }

    /// The default generator.
    fn usual(&self) -> Result<&str, EngineError> {
        let mut others = self.workspace.settings.evolve.generators.iter().filter(|name| *name != repair::GENERATOR);
        others.next().map(String::as_str).ok_or_else(|| {
            let hint = match self.workspace.settings.generators.first() {
                Some(known) => format!(
                    "name it with --generator {0}, or for each time in {1}: [evolve] and below it generators = \
                     [\"{repair}\", \"{0}\"]",
                    known.name,
                    self.workspace.options.home.config_file().display(),
                    repair = repair::GENERATOR,
                ),
                None => self.where_generators_stand(),
            };
            EngineError::new(ErrorCode::Failed, self.no_other(), hint)
        })
    }

    /// Whether the default generator can be reached. Sends nothing to it.
    ///
    /// # Errors
    /// `Failed` if the settings have none, or if it cannot be reached.
    pub(super) fn usual_is_ready(&self) -> Result<(), EngineError> {
        let name = self.usual().map_err(|none| {
            let message = format!("no generator can write its code: {}", none.message);
            EngineError { message, ..none }
        })?;
        let settings = &self.workspace.settings;
        let Some(setting) = settings.generators.iter().find(|setting| setting.name == name) else {
            let message = format!("unknown generator {name}");
            return Err(EngineError::new(ErrorCode::NotFound, message, self.where_generators_stand()));
        };
        look(setting, settings, &self.workspace.programs, &AtomicBool::new(false)).map(drop).map_err(|why| {
            let hint = "`toolsmith doctor` checks each generator";
            EngineError::new(ErrorCode::Failed, format!("the generator {name} cannot be used: {why}"), hint)
        })
    }

    /// Why only the built-in repairs are asked.
    fn no_other(&self) -> String {
        let known: Vec<&str> = self.workspace.settings.generators.iter().map(|one| one.name.as_str()).collect();
        if known.is_empty() {
            return "the settings contain no other generator".to_owned();
        }
        format!("the setting evolve.generators names none of the configured generators: {}", known.join(", "))
    }

    /// The templates, including the user's own from the folder `prompts` of the settings.
    pub(super) fn templates(&self) -> Result<Templates, EngineError> {
        let folder = self.workspace.options.home.config.join("prompts");
        let mut own = BTreeMap::new();
        for name in TemplateName::ALL {
            let path = folder.join(format!("{name}.md"));
            match std::fs::read_to_string(&path) {
                Ok(text) => drop(own.insert(*name, text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    let message = format!("{} cannot be read: {error}", path.display());
                    return Err(EngineError::new(ErrorCode::Usage, message, "fix or remove it"));
                }
            }
        }
        Templates::with(&own).map_err(|(name, error)| {
            let message = format!("{}: {error}", folder.join(format!("{name}.md")).display());
            EngineError::new(ErrorCode::Usage, message, "fix it, or remove it to use the built-in one")
        })
    }

    /// Begins an evolution: stores what is sent and assigns its number. [`Self::drive`] does the rest.
    ///
    /// # Errors
    /// `Refused` for an agent that wants one of the user's generators; those of
    /// [`Checks::may_start_on`](crate::engine::Checks::may_start_on); `Internal` for problems with the state folder.
    pub fn begin(&self, asking: &Asking, caller: &Caller) -> Result<EvolutionId, EngineError> {
        refuse_generators(&asking.plan, caller)?;
        self.engine.checks().may_start_on(asking.asked.worker.as_deref(), caller)?;
        let tool = &asking.tool;
        let detail = self.engine.library().detail(tool)?;
        // Keeps the version readable, even if its files change meanwhile.
        self.workspace.copies.put(detail.tool.digest, &detail.files)?;
        let bundle = self.workspace.documents().put(asking.bundle.json().as_bytes())?;
        let course =
            serde_json::to_value(EvolutionProgress::new(asking.plan.clone())).map_err(EngineError::internal)?;
        self.workspace.transact(|tx| {
            Ok(tx.begin_evolution(&NewEvolution {
                tool: tool.name.clone(),
                version: tool.version.clone(),
                digest: detail.tool.digest,
                path: tool.path.clone(),
                asked: asking.asked.clone(),
                bundle,
                who: caller.identity(),
                course,
                owner: self.workspace.owner.clone(),
                failure_kind: failure_kind(&asking.bundle),
            })?)
        })
    }

    /// The version that an evolution started from.
    pub(super) fn evolved_detail(&self, row: &crate::domain::Evolution) -> Result<ToolDetail, EngineError> {
        let here = self
            .engine
            .library()
            .catalog()
            .tools
            .iter()
            .find(|tool| tool.path == row.path && tool.digest == row.digest)
            .cloned();
        if let Some(tool) = here {
            return self.engine.library().detail(&tool);
        }
        let near = self.engine.library().catalog().tools.iter().find(|tool| tool.name == row.tool).cloned();
        let near = near.ok_or_else(|| {
            let message = format!("{} is no longer in the workspace", row.tool);
            EngineError::new(ErrorCode::NotFound, message, "restore it; its files are kept")
        })?;
        self.engine.library().detail(&Tool { digest: row.digest, ..Tool::clone(&near) })
    }
}

/// A bundle edited by the user; additional words replace its hint.
fn edited(value: &Value, tool: &Tool, hint: &str) -> Result<Bundle, EngineError> {
    let show = || format!("`toolsmith evolve {} --show --json` prints one to start from", tool.name);
    let bundle: Bundle = serde_json::from_value(value.clone()).map_err(|error| {
        EngineError::new(ErrorCode::Usage, format!("the request is not a valid bundle: {error}"), show())
    })?;
    if bundle.tool != tool.name.as_str() {
        let message = format!("the request is about {}, not about {}", bundle.tool, tool.name);
        return Err(EngineError::new(ErrorCode::Conflict, message, show()));
    }
    Ok(if hint.trim().is_empty() { bundle } else { Bundle { hint: hint.to_owned(), ..bundle } })
}

/// Refuses an agent every generator except the built-in one.
pub(super) fn refuse_generators(plan: &EvolutionPlan, caller: &Caller) -> Result<(), EngineError> {
    let is_costly = plan.generators.iter().any(|name| name != repair::GENERATOR);
    if is_costly && matches!(caller, Caller::Agent(_)) {
        let hint = "submit your own version with `toolsmith request`, or ask a human to use generators";
        return Err(EngineError::new(ErrorCode::Refused, "agents may use the built-in generator only", hint));
    }
    Ok(())
}

fn failure_kind(bundle: &Bundle) -> FailureKind {
    let first = bundle.failures.first();
    first.map_or(FailureKind::Other, |failure| mutation::failure_kind(&failure.error, &failure.output))
}

/// The time of creation, as written in headers and manifests.
pub(super) fn stamp_time() -> String {
    crate::domain::rfc3339(now())
}
