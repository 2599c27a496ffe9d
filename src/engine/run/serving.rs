//! Runs that keep running, started by the keeper of a service.

use super::interpreters::sources_of;
use super::occasion::InputFrom;
use super::running::{Ready, RunHandle};
use super::scratch::Scratch;
use super::service_start::ServiceStart;
use super::start_with::StartWith;
use crate::domain::{Caller, InputMode, Profile, RunEnd, Stream, ToolDetail};
use crate::engine::Runs;
use crate::engine::core::RunPolicy;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::settings::secrets;
use crate::engine::view::RunRequest;
use crate::runner::{self, Hooks, RunEnvironment, Running, ServiceTerms, Spec, Spool};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Maximum kept output of a check, in bytes.
const MAX_OUTPUT: u64 = 4096;

/// Maximum kept output of a help command, in bytes.
const MAX_HELP: u64 = 64 * 1024;

/// The default time limit for listing the tools of a server.
const LONGEST_LISTING: Duration = Duration::from_mins(1);

/// Maximum size of a list that is read, in bytes.
const MAX_LIST: u64 = 16 << 20;

/// The rules for another command of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum CommandRules {
    /// The rules of its service.
    OfService,
    /// The strictest rules, whatever was granted.
    Strict,
    /// The rules of its runs if a human granted its permissions, otherwise the strictest.
    Listing,
}

impl Runs<'_> {
    /// Starts a service as a run of this caller. The policy is checked at each start, because the grants may have
    /// changed.
    ///
    /// # Errors
    /// `Refused` or `HumanNeeded` if the policy refuses; `Failed` if it cannot be started.
    pub(in crate::engine) fn serve(
        &self,
        detail: &ToolDetail,
        caller: &Caller,
        service: ServiceStart,
    ) -> Result<RunHandle, EngineError> {
        let RunPolicy::Allow { profile, warning } = self.may_go_on(detail, caller)? else {
            return Err(self.refused(detail, caller)?);
        };
        let mut detail = detail.clone();
        let input = ports_as_input(&detail, &service.env);
        if let Some(recipe) = &mut detail.manifest.recipe {
            recipe.env.extend(service.env.iter().cloned());
        }
        let request =
            RunRequest { tool: Arc::new(detail.tool.clone()), input, timeout: None, again: None, worker: None };
        let (occasion, with) = (InputFrom::Nobody.into(), StartWith::Service(Box::new(service)));
        let ready = Ready { detail, profile, warning, occasion, with };
        let handle = self.launch(&request, caller, ready)?;
        if handle.tail().is_some() {
            return Ok(handle);
        }
        let record = self.record(handle.id)?;
        Err(EngineError::new(ErrorCode::Failed, record.error.unwrap_or_else(|| record.outcome.to_string()), ""))
    }

    /// Why the policy refuses.
    fn refused(&self, detail: &ToolDetail, caller: &Caller) -> Result<EngineError, EngineError> {
        Ok(match self.may_go_on(detail, caller)? {
            RunPolicy::Ask { message, .. } => EngineError::new(ErrorCode::HumanNeeded, message, ""),
            RunPolicy::Refuse { code, message } => EngineError::new(code, message, ""),
            RunPolicy::Allow { .. } => EngineError::internal("it was refused a moment ago"),
        })
    }

    /// Starts another command of a version, in a sandbox like that of its service; returns whether it succeeded, and
    /// its output. Without words, the command of the version with `--version`. Not recorded, because it is repeated
    /// every few seconds.
    ///
    /// # Errors
    /// `Failed` when it cannot be started.
    pub(in crate::engine) fn try_command(
        &self,
        detail: &ToolDetail,
        caller: &Caller,
        words: Option<&[String]>,
        timeout: Duration,
    ) -> Result<(bool, String), EngineError> {
        self.attempt((detail, words, CommandRules::OfService), caller, (timeout, MAX_OUTPUT))
    }

    /// Starts another command of a version under the strictest rules to query it; returns whether it succeeded, and its
    /// output. Not recorded.
    ///
    /// # Errors
    /// `Refused` or `HumanNeeded` if the policy refuses; `Failed` if it cannot be started.
    pub(in crate::engine) fn ask_command(
        &self,
        detail: &ToolDetail,
        caller: &Caller,
        words: &[String],
        timeout: Duration,
    ) -> Result<(bool, String), EngineError> {
        self.attempt((detail, Some(words), CommandRules::Strict), caller, (timeout, MAX_HELP))
    }

    /// Whether runs of a version get their declared permissions without a further grant.
    ///
    /// # Errors
    /// `Internal` for trouble with the state folder.
    pub(in crate::engine) fn is_allowed(&self, detail: &ToolDetail, caller: &Caller) -> Result<bool, EngineError> {
        let policy = self.may_go_on(detail, caller)?;
        Ok(matches!(policy, RunPolicy::Allow { profile: Profile::Declared, .. }))
    }

    /// Starts the server of a definition and asks for its tools; returns the list, or in one line why there is none.
    /// Not recorded.
    ///
    /// # Errors
    /// `Refused` or `HumanNeeded` if the policy refuses; `Failed` if it cannot be started.
    pub(in crate::engine) fn ask_server(
        &self,
        detail: &ToolDetail,
        caller: &Caller,
    ) -> Result<Result<Vec<u8>, String>, EngineError> {
        let scratch = Scratch::make(self.engine).map_err(EngineError::internal)?;
        let spool = scratch.path().with_extension("spool");
        let recipe = detail.manifest.recipe.as_ref();
        let words = recipe.map(|recipe| recipe.command.as_slice()).unwrap_or_default();
        let remote = detail.manifest.mcp.as_ref().and_then(|mcp| mcp.remote.as_ref());
        let stated = recipe.and_then(|recipe| recipe.timeout_ms).or(remote.and_then(|remote| remote.timeout_ms));
        let stated = stated.map(Duration::from_millis);
        let rules = (Some(words), Some(stated.unwrap_or(LONGEST_LISTING)), CommandRules::Listing);
        let spec = self.prepare_command(detail, caller, rules, (&scratch, &spool))?;
        let report = runner::start(spec, Hooks::default()).wait();
        let mut list = Vec::new();
        let read =
            Spool::open(&spool).map(|spool| spool.bytes(Some(Stream::Stdout)).take(MAX_LIST).read_to_end(&mut list));
        // If it cannot be removed now, it is removed with the scratch folders at the next start.
        let _ = Spool::remove(&spool);
        Ok(match (report.end, read) {
            (RunEnd::Succeeded { .. }, Ok(Ok(_))) => Ok(list),
            (RunEnd::Succeeded { .. }, Ok(Err(error))) => Err(error.to_string()),
            (RunEnd::Succeeded { .. }, Err(error)) => Err(error.to_string()),
            (end, _) => Err(end.message().unwrap_or_else(|| end.outcome().to_string())),
        })
    }

    fn attempt(
        &self,
        (detail, words, rules): (&ToolDetail, Option<&[String]>, CommandRules),
        caller: &Caller,
        (timeout, most): (Duration, u64),
    ) -> Result<(bool, String), EngineError> {
        let scratch = Scratch::make(self.engine).map_err(EngineError::internal)?;
        let spool = scratch.path().with_extension("spool");
        let spec = self.prepare_command(detail, caller, (words, Some(timeout), rules), (&scratch, &spool))?;
        let report = runner::start(spec, Hooks::default()).wait();
        let output = output_of(&spool, most);
        // If it cannot be removed now, it is removed with the scratch folders at the next start.
        let _ = Spool::remove(&spool);
        match report.end {
            RunEnd::Succeeded { .. } => Ok((true, output)),
            end if output.trim().is_empty() => Ok((false, end.message().unwrap_or_default())),
            _ => Ok((false, output)),
        }
    }

    /// Starts a program of a version that helps its service, or is queried, until the helper is dropped. Not recorded.
    ///
    /// # Errors
    /// `Failed` when it cannot be started.
    pub(in crate::engine) fn help(
        &self,
        detail: &ToolDetail,
        caller: &Caller,
        (words, rules): (&[String], CommandRules),
        (terms, hooks): (ServiceTerms, Hooks),
    ) -> Result<Helper, EngineError> {
        let scratch = Scratch::make(self.engine).map_err(EngineError::internal)?;
        let spool = scratch.path().with_extension("spool");
        let spec = self.prepare_command(detail, caller, (Some(words), None, rules), (&scratch, &spool))?;
        let running = runner::start(spec.as_service(terms), hooks);
        Ok(Helper { running: Some(running), spool, _scratch: scratch })
    }

    /// The start of another command of a version. Without words, the command of the version with `--version`.
    fn prepare_command(
        &self,
        detail: &ToolDetail,
        caller: &Caller,
        (words, timeout, rules): (Option<&[String]>, Option<Duration>, CommandRules),
        (scratch, spool): (&Scratch, &Path),
    ) -> Result<Spec, EngineError> {
        let profile = match self.may_go_on(detail, caller)? {
            RunPolicy::Allow { profile, .. } => profile,
            RunPolicy::Ask { .. } if rules == CommandRules::Listing => Profile::Strict,
            RunPolicy::Ask { .. } | RunPolicy::Refuse { .. } => return Err(self.refused(detail, caller)?),
        };
        let profile = if rules == CommandRules::Strict { Profile::Strict } else { profile };
        let mut manifest = detail.manifest.clone();
        if let Some(recipe) = &mut manifest.recipe {
            if let Some(words) = words {
                recipe.command = words.to_vec();
            } else {
                // The words before the arguments of the service: its program, and the file that an interpreter runs.
                let program = 1 + usize::from(recipe.command.get(1).is_some_and(|word| word.contains("{file}")));
                recipe.command.truncate(program);
                recipe.command.push("--version".to_owned());
            }
            recipe.input = InputMode::None;
        }
        manifest.input = None;
        let given = match profile {
            Profile::Strict => RunEnvironment::default(),
            Profile::Declared => {
                let (declared, settings) = (&manifest.permissions.env, &self.workspace.settings);
                // A command that is repeated every few seconds gets no secrets.
                let secrets = match rules {
                    CommandRules::Listing => secrets::gather(declared, &settings.secrets, &self.workspace.programs)
                        .map_err(|end| EngineError::new(ErrorCode::Failed, end.message().unwrap_or_default(), ""))?,
                    CommandRules::OfService | CommandRules::Strict => BTreeMap::new(),
                };
                RunEnvironment::gather(declared, secrets)
            }
        };
        let version_dir = self.workspace.copies.put(detail.tool.digest, &detail.files)?;
        let request = runner::StartRequest {
            manifest: &manifest,
            version_dir: &version_dir,
            files: &detail.files,
            workspace: self.workspace.folder(),
            scratch: scratch.path(),
            input: None,
            timeout,
            usual_timeout: None,
            profile,
            writes: self.write_mode(detail.tool.stage),
            ours: &self.ours(),
            spool,
            origin: &self.origin(&detail.tool),
            given: &given,
            interpreters: &self.workspace.interpreters,
            sources: sources_of(detail.tool.stage),
            machine: &self.workspace.machine,
            least: self.workspace.settings.least_isolation(detail.tool.stage),
            observe: false,
            state: &self.workspace.state_dir,
            staged: &scratch.path().with_extension("staged"),
            kept: None,
            environments: &self.workspace.options.home.environments(),
        };
        let failed = |end: RunEnd| EngineError::new(ErrorCode::Failed, end.message().unwrap_or_default(), "");
        runner::prepare(&request).map_err(failed)
    }
}

/// A program that helps a service; ended when dropped.
pub(in crate::engine) struct Helper {
    running: Option<Running>,
    spool: PathBuf,
    _scratch: Scratch,
}

impl Drop for Helper {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.cancel();
        running.wait();
        // If it cannot be removed now, it is removed with the scratch folders at the next start.
        let _ = Spool::remove(&self.spool);
    }
}

/// The beginning of a command's output.
fn output_of(spool: &Path, most: u64) -> String {
    let mut bytes = Vec::new();
    let read = Spool::open(spool).map(|spool| spool.bytes(None).take(most).read_to_end(&mut bytes));
    match read {
        Ok(Ok(_)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    }
}

/// The numbers of ports for the placeholders in a command that name them: `{port}`, `{port_http}`.
fn ports_as_input(detail: &ToolDetail, env: &[(String, String)]) -> Option<Value> {
    let named = detail.manifest.input.as_ref()?.get("properties")?.as_object()?;
    let ports = env.iter().map(|(name, number)| (name.to_ascii_lowercase(), Value::String(number.clone())));
    let ports: Map<String, Value> = ports.filter(|(name, _)| named.contains_key(name)).collect();
    (!ports.is_empty()).then_some(Value::Object(ports))
}
