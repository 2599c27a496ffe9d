//! Converts a request to run a version with an input into exactly what will be started.
//!
//! Pure, except for looking up programs on `PATH`. All errors that can be detected before a process exists are detected
//! here; nothing has been started yet.

mod arguments;
pub(super) mod calls;
pub(in crate::runner) mod function;
pub(super) mod given;
pub(super) mod mcp;
pub(super) mod own;
pub(super) mod preview;
pub(super) mod request;
pub(super) mod service;
pub(super) mod spec;
pub(super) mod template;

use super::dependencies::equip;
use super::grants::{self, Grants, WritePath};
use super::interpreter::{ResolvedProgram, SearchPath, Seeker, Who};
use super::isolation;
use super::machine::Means;
use super::machine::open_files::open_files_shortage;
use super::observer::{Policy, name_servers};
use super::overlay::{self, Stage};
use super::process::clear::outer_folder;
use super::process::group::LEAST_TASKS;
use super::process::limits::{RunLimits, Wall};
use super::process::processes::{RUN_VARIABLE, threads_of_user};
use super::result::success::OutputRule;
use super::result::violations::violations_line;
use super::sandbox::{HostFacts, ProcessLimits, USUAL_FILES, WallPlan};
use super::supervisor::{Environment, Packed, RunPlan, RunView, StartInput};
use super::tool_state::{KeptState, STATE_VARIABLE, StateView};
use crate::domain::service::StopSignal;
use crate::domain::{
    CostTier, Dialect, FileMode, InputMode, IsolationLevel, Kind, Manifest, Network, Profile, Recipe, RunEnd,
    VersionFile, WriteMode, validate,
};
use arguments::PassedInput;
use given::RunEnvironment;
use request::StartRequest;
use serde_json::{Map, Value};
use spec::{Handed, RunTerms, Spec};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use template::{PlaceholderContext, as_variables, expand};

/// The kernel's limit for one argument or variable, in bytes, including the terminating zero.
const MAX_ARGUMENT: usize = 128 * 1024;

/// The kernel limits processes and threads of a user to this many times the declared limit. The declared limit counts
/// processes, and there are never more than twice as many between two samples of the supervisor.
const TASKS_PER_PROCESS: u64 = 2;

/// The number of Toolsmith's processes inside, which the kernel also counts.
const OWN_TASKS: u64 = 4;

/// The time for a tool to clean up between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);

/// Determines what to start.
///
/// # Errors
/// [`RunEnd::InvalidInput`] when the input does not match its schema or a placeholder has no value,
/// [`RunEnd::SpawnFailed`] when the program is missing (with what to install), [`RunEnd::Refused`] when the version
/// cannot be started, or is prohibited.
pub fn prepare(request: &StartRequest) -> Result<Spec, RunEnd> {
    let caller = std::env::vars_os().collect();
    prepare_for(request, &caller)
}

/// [`prepare`] with a given environment of the caller.
pub(super) fn prepare_for(request: &StartRequest, caller: &BTreeMap<OsString, OsString>) -> Result<Spec, RunEnd> {
    if request.manifest.kind == Kind::Http {
        return own::http(request, caller);
    }
    if request.manifest.kind == Kind::Mcp {
        return mcp::server(request, caller);
    }
    prepare_with(request, caller, &[]).map(|(spec, _)| spec)
}

/// [`prepare`], plus the inputs of further starts of the same program: one for each of `others`, or the reason why it
/// cannot be started.
pub(super) fn prepare_with(
    request: &StartRequest,
    caller: &BTreeMap<OsString, OsString>,
    others: &[Value],
) -> Result<(Spec, Vec<Result<StartInput, RunEnd>>), RunEnd> {
    if let Some(message) = open_files_shortage() {
        return Err(RunEnd::SpawnFailed { message });
    }
    let recipe = startable(request.manifest)?;
    let fault = request.manifest.state.as_ref().and_then(|rule| rule.fault(request.files, recipe.entry.as_deref()));
    fault.map_or(Ok(()), |message| Err(RunEnd::Refused { message }))?;
    let grants = granted(request, caller)?;
    let empty = Value::Object(Map::new());
    let input = request.input.unwrap_or(&empty);
    check_input(request, recipe, input)?;
    let means = request.machine.means(request.least).map_err(|message| RunEnd::Uncontained { message })?;
    if means.level != IsolationLevel::Isolated
        && let Some(message) = grants.needs_isolated(request.machine.isolated_remedy())
    {
        return Err(RunEnd::Uncontained { message });
    }
    let place = RunFolders::of(request, &means);
    let words = ExpandedCommand::of(request.manifest, (&place.tool, request.workspace), recipe, input)?;
    let (who, workspace) = (Who::of_this_process(), Some(request.workspace));
    let path = SearchPath::new(Seeker {
        caller,
        who,
        workspace,
        interpreters: request.interpreters,
        sources: request.sources,
    });
    let program = locate(&path, &words, request.version_dir, &place)?;
    let program = equip(&path, &request.need(), program).map_err(|message| RunEnd::SpawnFailed { message })?;
    let env = environment(request, &place, recipe, &path, passed(&grants, request.given));
    check_sizes(&[], env.iter())?;
    let call = |input: &Value| {
        check_input(request, recipe, input)?;
        let other = ExpandedCommand::of(request.manifest, (&place.tool, request.workspace), recipe, input)?;
        if other.words.first() != words.words.first() {
            return Err(invalid("input: it would change the program to start"));
        }
        other.call(recipe, &program.lead, input)
    };
    let others = others.iter().map(call).collect();
    let call = words.call(recipe, &program.lead, input)?;
    let found = ResolvedStart { recipe, grants, means, place, program, env };
    let spec = found.spec(request, call)?;
    let permissions = &request.manifest.permissions;
    let spec = if calls::mentions_calls(permissions, request.files) {
        spec.with_call_modules(permissions, request.state)
    } else {
        spec
    };
    Ok((spec, others))
}

fn granted(request: &StartRequest, caller: &BTreeMap<OsString, OsString>) -> Result<Grants, RunEnd> {
    // It gets no grants, so this machine need not be examined.
    if request.profile == Profile::Strict {
        return Ok(Grants::NOTHING);
    }
    let permissions = &request.manifest.permissions;
    grants::resolve(&grants::Asked {
        permissions,
        profile: request.profile,
        writes: request.writes,
        ground: &grants::ground(permissions, request.workspace, request.ours, caller),
    })
}

/// The resolved parts of a start.
struct ResolvedStart<'a> {
    recipe: &'a Recipe,
    grants: Grants,
    means: Means,
    place: RunFolders,
    program: ResolvedProgram,
    env: BTreeMap<OsString, OsString>,
}

impl ResolvedStart<'_> {
    fn spec(self, request: &StartRequest, call: StartInput) -> Result<Spec, RunEnd> {
        let ResolvedStart { recipe, grants, means, place, program, mut env } = self;
        env.extend(call.env);
        let limits = limits(request, recipe);
        let (packed, files) = if place.is_copied { pack(request) } else { (Vec::new(), Vec::new()) };
        let state = request.manifest.state.as_ref().map(|rule| KeptState::load(rule, request.kept, request.files));
        let state = state.transpose().map_err(|message| RunEnd::SpawnFailed { message })?;
        let silent = program.visible.clone();
        let read: Vec<PathBuf> = program.visible.into_iter().chain(grants.read.iter().cloned()).collect();
        let view = RunView { state: kept_paths(request), ..view(&place, read, &grants.write, packed)? };
        let plan = RunPlan {
            program: place.seen(&program.path, request.version_dir),
            args: call.args,
            env: Environment(env.into_iter().collect()),
            profile: request.profile,
            level: means.level,
            least: request.least,
            user: means.user,
            limits,
            network: grants.network,
            walls: walls(request, &means, &view, (&limits, grants.network)),
            policy: policy(request, &means, &view, (&grants, silent)),
            view,
            bubblewrap: means.bubblewrap,
            mark: request.scratch.as_os_str().to_owned(),
            trials: None,
            stop: StopSignal::Term,
            listeners: Vec::new(),
            connector: None,
            is_service: false,
        };
        Ok(Spec {
            plan,
            starter: request.machine.starter(),
            program: program.path,
            interpreter: program.facts,
            lead: program.lead.len(),
            files,
            stdin: call.stdin.map(String::into_bytes),
            terms: terms(request, recipe, limits),
            grants,
            staged: request.staged.to_owned(),
            state,
            handed: Handed::default(),
        })
    }
}

/// The limits of a run.
pub(in crate::runner) fn limits(request: &StartRequest, recipe: &Recipe) -> RunLimits {
    let stated = recipe.timeout_ms.map(Duration::from_millis);
    let wall = Wall { asked: request.timeout, stated, usual: request.usual_timeout };
    RunLimits::of(request.profile, &request.manifest.limits, wall)
}

/// The terms under which a run is supervised.
pub(in crate::runner) fn terms(request: &StartRequest, recipe: &Recipe, limits: RunLimits) -> RunTerms {
    RunTerms {
        pty: recipe.pty,
        limits,
        grace: GRACE,
        spool: request.spool.to_owned(),
        rule: OutputRule::of(recipe, request.manifest.output.as_ref()),
        isolation: isolation(request.profile),
        redactor: request.given.redactor().clone(),
        log: None,
    }
}

fn invalid(message: impl Into<String>) -> RunEnd {
    RunEnd::InvalidInput { message: message.into() }
}

pub(in crate::runner) fn startable(manifest: &Manifest) -> Result<&Recipe, RunEnd> {
    let refused = |message: &str| RunEnd::Refused { message: message.to_owned() };
    if manifest.cost_tier == Some(CostTier::Prohibited) {
        return Err(refused("its cost tier is prohibited: it never runs"));
    }
    let recipe = manifest.recipe.as_ref().filter(|recipe| !recipe.command.is_empty());
    recipe.ok_or_else(|| refused("its manifest has no command to start"))
}

pub(in crate::runner) fn check_input(request: &StartRequest, recipe: &Recipe, input: &Value) -> Result<(), RunEnd> {
    // If a tool reads no input, the absence of input is not an error.
    let Some(schema) = &request.manifest.input else { return Ok(()) };
    if request.manifest.asked(input).is_some() {
        return Ok(());
    }
    if recipe.input == InputMode::None && request.input.is_none() {
        return Ok(());
    }
    let violations = validate(schema, &recipe.without_piped(input));
    if violations.is_empty() { Ok(()) } else { Err(invalid(violations_line("input", &violations))) }
}

/// Whether an input is empty.
fn is_empty(input: &Value) -> bool {
    input.is_null() || input.as_object().is_some_and(Map::is_empty)
}

fn object(input: &Value) -> Result<&Map<String, Value>, RunEnd> {
    input.as_object().ok_or_else(|| invalid("input: this tool needs a JSON object"))
}

/// The folders of a run: its version and its scratch folder.
struct RunFolders {
    tool: PathBuf,
    scratch: PathBuf,
    stand: Option<PathBuf>,
    /// Whether the files are passed to the run instead of read from the kept copy.
    is_copied: bool,
}

impl RunFolders {
    fn of(request: &StartRequest, means: &Means) -> RunFolders {
        if means.level == IsolationLevel::Isolated {
            return RunFolders { tool: "/tool".into(), scratch: "/scratch".into(), stand: None, is_copied: true };
        }
        if means.user.is_some() || request.manifest.state.is_some() {
            // An unprivileged user cannot access root's state folder, and the kept copy cannot contain links to kept
            // files.
            let stand = outer_folder(request.scratch);
            let [tool, scratch] = ["tool", "scratch"].map(|name| stand.join(name));
            return RunFolders { tool, scratch, stand: Some(stand), is_copied: true };
        }
        let [tool, scratch] = [request.version_dir, request.scratch].map(Path::to_owned);
        RunFolders { tool, scratch, stand: None, is_copied: false }
    }

    /// A path of this machine, as the run sees it.
    fn seen(&self, path: &Path, version_dir: &Path) -> PathBuf {
        path.strip_prefix(version_dir).map_or_else(|_| path.to_owned(), |rest| self.tool.join(rest))
    }
}

/// What a run sees and writes.
fn view(place: &RunFolders, read: Vec<PathBuf>, write: &[WritePath], files: Vec<Packed>) -> Result<RunView, RunEnd> {
    Ok(RunView {
        tool: place.tool.clone(),
        scratch: place.scratch.clone(),
        stand: place.stand.clone(),
        stages: stages(write, &read)?,
        read,
        write: write.iter().filter(|write| write.mode == WriteMode::Direct).cloned().collect(),
        files,
        state: None,
    })
}

/// What the run keeps for the next run.
fn kept_paths(request: &StartRequest) -> Option<StateView> {
    let rule = request.manifest.state.as_ref()?;
    Some(StateView { paths: rule.paths.clone(), max_bytes: rule.max_bytes })
}

/// The stages of what may be written.
fn stages(write: &[WritePath], read: &[PathBuf]) -> Result<Vec<Stage>, RunEnd> {
    let refused = |message: String| Err(RunEnd::Refused { message });
    if let Some(path) = write.iter().find_map(|write| {
        let missing = |path: &&PathBuf| write.mode == WriteMode::Direct && !path.exists();
        write.protected.iter().find(missing)
    }) {
        let path = path.display();
        return refused(format!(
            "it may write directly around {path}, which must not be created; declare a narrower path"
        ));
    }
    let stages = overlay::stages(write, read);
    if stages.iter().any(|stage| stage.root.parent().is_none()) {
        return refused("a file directly in / cannot be staged; declare a folder".to_owned());
    }
    Ok(stages)
}

/// The files of the version, except those in kept paths, which come with the kept files.
fn pack(request: &StartRequest) -> (Vec<Packed>, Vec<Vec<u8>>) {
    let is_kept = |file: &VersionFile| request.manifest.state.as_ref().is_some_and(|rule| rule.keeps(&file.path));
    let files = || request.files.iter().filter(|file| !is_kept(file));
    let packed = |file: &VersionFile| Packed {
        path: file.path.clone(),
        executable: file.mode == FileMode::Executable,
        bytes: file.bytes.len() as u64,
    };
    (files().map(packed).collect(), files().map(|file| file.bytes.clone()).collect())
}

/// The sandbox layers of the process that becomes the tool.
fn walls(request: &StartRequest, means: &Means, view: &RunView, (limits, network): (&RunLimits, Network)) -> WallPlan {
    // In a user namespace, or for a user ID that nobody else uses, only the processes of the run are counted.
    let others = if means.level == IsolationLevel::Isolated || means.user.is_some() { 0 } else { threads_of_user() };
    WallPlan {
        level: means.level,
        limits: ProcessLimits {
            data_bytes: limits.memory_bytes,
            file_bytes: limits.file_bytes,
            cpu_seconds: limits.cpu_seconds,
            files: USUAL_FILES,
            threads: Some(others + OWN_TASKS + (limits.processes * TASKS_PER_PROCESS).max(LEAST_TASKS)),
        },
        read: std::iter::once(view.tool.clone()).chain(view.read.iter().cloned()).collect(),
        write: std::iter::once(&view.scratch)
            .chain(view.write.iter().map(|write| &write.path))
            .chain(view.stages.iter().map(|stage| &stage.root))
            .cloned()
            .collect(),
        network,
        inherited: 0,
        channel: 0,
        observe: request.observe,
        host: HostFacts::read(request.state.to_owned()),
        #[cfg(test)]
        without: Vec::new(),
    }
}

/// The observer's policy for the run.
fn policy(request: &StartRequest, means: &Means, view: &RunView, (grants, silent): (&Grants, Vec<PathBuf>)) -> Policy {
    let word = |path: &Path, word: &str| (path.to_owned(), word.to_owned());
    let mut names =
        vec![word(&view.tool, "{tool}"), word(&view.scratch, "{scratch}"), word(request.workspace, "{workspace}")];
    if means.level == IsolationLevel::Isolated {
        // The run has its own ones: a link to its scratch folder, and private memory.
        let own = ["/tmp", "/dev/shm"].into_iter().filter(|folder| view.leaves(folder));
        names.extend(own.map(|folder| word(Path::new(folder), "{scratch}")));
    }
    names.extend(std::env::home_dir().filter(|home| home.parent().is_some()).map(|home| word(&home, "~")));
    Policy {
        level: means.level,
        network: grants.network,
        silent,
        names,
        read: grants.read.clone(),
        write: grants.write.iter().map(|write| write.path.clone()).collect(),
        // If it cannot be read, name queries go to the loopback.
        name_servers: std::fs::read_to_string("/etc/resolv.conf").map(|text| name_servers(&text)).unwrap_or_default(),
        has_launcher: false,
        baseline: Vec::new(),
    }
}

/// A command with the values of one input.
struct ExpandedCommand {
    words: Vec<OsString>,
    /// The arguments and variables that its input adds.
    passed: PassedInput,
}

impl ExpandedCommand {
    fn of(
        manifest: &Manifest,
        (tool, workspace): (&Path, &Path),
        recipe: &Recipe,
        input: &Value,
    ) -> Result<ExpandedCommand, RunEnd> {
        let file = recipe.entry.as_ref().map(|entry| tool.join(entry));
        let none = Map::new();
        let scope = PlaceholderContext {
            file: file.as_deref(),
            dir: tool,
            workspace,
            input: input.as_object().unwrap_or(&none),
            schema: manifest.input.as_ref(),
        };
        let mut used = BTreeSet::new();
        let words = recipe.command.iter().map(|template| expand(template, &scope, &mut used));
        let words = words.collect::<Result<Vec<_>, _>>();
        let words = words.map_err(|name| invalid(format!("input/{name}: the command needs a value for it")))?;
        let piped = recipe.piped.as_ref().filter(|name| scope.input.contains_key(*name));
        let is_only_piped = piped.is_some() && scope.input.len() == 1;
        if recipe.input == InputMode::None && used.is_empty() && !is_empty(input) && !is_only_piped {
            return Err(invalid(match manifest.input {
                Some(_) => {
                    "its manifest does not say how inputs are passed: add [run] input = \"args\" or \"stdin-json\""
                }
                None => "it does not take input",
            }));
        }
        used.extend(piped.cloned());
        let mut passed = match recipe.input {
            _ if manifest.asked(input).is_some() => PassedInput {
                args: manifest.asked(input).map(OsString::from).into_iter().collect(),
                ..PassedInput::default()
            },
            InputMode::Args | InputMode::StdinText => {
                let (fields, value) = (object(input)?, |name: &str| scope.value(name));
                let undeclared = arguments::undeclared(&recipe.args, scope.schema, fields, &used);
                undeclared.map_or(Ok(()), |why| Err(invalid(why)))?;
                arguments::steering(&recipe.args).map_or(Ok(()), |why| Err(invalid(why)))?;
                arguments::misread(&recipe.args, fields, &value).map_or(Ok(()), |why| Err(invalid(why)))?;
                let knows_defaults = manifest.dialect == Dialect::Header;
                arguments::pass(&recipe.args, fields, &used, &value, knows_defaults)
            }
            InputMode::StdinJson => {
                PassedInput { stdin: function::with_defaults(manifest, recipe, input), ..PassedInput::default() }
            }
            InputMode::Env | InputMode::None => PassedInput::default(),
        };
        if let Some(text) = piped.and_then(|name| scope.input[name].as_str()) {
            passed.stdin = Some(text.to_owned());
        }
        Ok(ExpandedCommand { words, passed })
    }

    /// What a start with this input receives.
    fn call(&self, recipe: &Recipe, lead: &[OsString], input: &Value) -> Result<StartInput, RunEnd> {
        let mut args: Vec<OsString> = lead.iter().chain(self.words.iter().skip(1)).cloned().collect();
        if let Some(function) = &recipe.function {
            args = function::arguments(
                recipe,
                function,
                self.words.first().map_or(OsStr::new(""), OsString::as_os_str),
                &args,
            )?;
        }
        let mut env = Vec::new();
        match recipe.input {
            InputMode::Args | InputMode::StdinText => {
                args.extend(self.passed.args.iter().cloned());
                env.extend(self.passed.env.iter().cloned());
            }
            InputMode::Env => {
                let variables = as_variables(object(input)?).map_err(invalid)?;
                env.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
            }
            InputMode::StdinJson | InputMode::None => {}
        }
        check_sizes(&args, env.iter().map(|(name, value)| (name, value)))?;
        let stdin = match recipe.input {
            InputMode::StdinJson => Some(self.passed.stdin.clone().unwrap_or_else(|| input.to_string())),
            InputMode::Args | InputMode::StdinText | InputMode::Env | InputMode::None => self.passed.stdin.clone(),
        };
        Ok(StartInput { args, env, stdin, files: Vec::new() })
    }
}

fn locate(
    path: &SearchPath<'_>,
    words: &ExpandedCommand,
    version: &Path,
    place: &RunFolders,
) -> Result<ResolvedProgram, RunEnd> {
    let [word, rest @ ..] = &words.words[..] else {
        return Err(RunEnd::Refused { message: "its manifest has no command to start".to_owned() });
    };
    // Looked up at its path outside the sandbox.
    let own = Path::new(word).strip_prefix(&place.tool).map(|rest| version.join(rest).into_os_string());
    let word = own.as_ref().unwrap_or(word);
    let script = rest.first().map(OsString::as_os_str);
    path.program(word, version, script).map_err(|message| RunEnd::SpawnFailed { message })
}

/// The granted variables, by name.
fn passed(grants: &Grants, given: &RunEnvironment) -> BTreeMap<OsString, OsString> {
    let named = grants.env.iter().filter_map(|name| Some((name, given.value(name)?)));
    named.map(|(name, value)| (name.into(), value.to_owned())).collect()
}

/// The complete environment of the run; it contains nothing from the caller unless it is named here.
fn environment(
    request: &StartRequest,
    place: &RunFolders,
    recipe: &Recipe,
    path: &SearchPath<'_>,
    passed: BTreeMap<OsString, OsString>,
) -> BTreeMap<OsString, OsString> {
    let scratch = place.scratch.as_os_str();
    let term = if recipe.pty { "xterm-256color" } else { "dumb" };
    let mut env: BTreeMap<OsString, OsString> = [
        ("HOME", scratch.to_owned()),
        ("TMPDIR", scratch.to_owned()),
        ("PATH", path.join()),
        ("LANG", "C.UTF-8".into()),
        ("TERM", term.into()),
        // Unbuffered output, and no compiled files next to the sources.
        ("PYTHONUNBUFFERED", "1".into()),
        ("PYTHONDONTWRITEBYTECODE", "1".into()),
    ]
    .map(|(name, value)| (name.into(), value))
    .into();
    env.extend(passed);
    env.extend(recipe.env.iter().map(|(name, value)| (name.into(), value.into())));
    // A tool that calls Toolsmith is an agent, even if a human started it.
    env.insert("TOOLSMITH_AGENT".into(), request.manifest.name.to_string().into());
    env.insert(RUN_VARIABLE.into(), request.scratch.as_os_str().to_owned());
    if let Some(first) = request.manifest.state.as_ref().and_then(|rule| rule.paths.first()) {
        env.insert(STATE_VARIABLE.into(), place.scratch.join(&first.path).into());
    }
    env
}

fn check_sizes<'a>(args: &[OsString], env: impl Iterator<Item = (&'a OsString, &'a OsString)>) -> Result<(), RunEnd> {
    let has_nul = |text: &OsStr| text.as_bytes().contains(&0);
    let hint = "use input = \"stdin-json\" instead";
    for arg in args {
        if has_nul(arg) {
            return Err(invalid("input: a value with a zero byte cannot be an argument"));
        }
        if arg.len() >= MAX_ARGUMENT {
            return Err(invalid(format!("input: an argument of {} bytes is longer than 131071; {hint}", arg.len())));
        }
    }
    for (name, value) in env {
        let (shown, size) = (name.to_string_lossy(), name.len() + value.len() + 1);
        if has_nul(name) || has_nul(value) {
            return Err(invalid(format!("input: the variable {shown} would hold a zero byte")));
        }
        if size >= MAX_ARGUMENT {
            return Err(invalid(format!("input: the variable {shown} of {size} bytes is longer than 131071; {hint}")));
        }
    }
    Ok(())
}
