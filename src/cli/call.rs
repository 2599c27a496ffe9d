//! One call of the program: its verb, its caller and its output.

use super::build::global;
use super::outlet;
use super::print_text::now;
use super::print_text::{Ink, Page, StyledLine};
use super::settings;
use crate::action::{Arg, ArgKind, Risk, Spec};
use crate::domain::{Caller, CostTier, Digest, Instant, SafeText, Stream, ToolName, VerbCall, agent_name};
use crate::engine::{
    AGENT_VARIABLE, Asker, CatalogView, Clients, Engine, EngineError, ErrorCode, FoundAgent, Home, Limits, OpenOptions,
    UNNAMED_AGENT, UnknownCaller, back_up_if_due, find_agent, find_workspace, is_workspace, unknown_caller,
};
use clap::ArgMatches;
use clap::parser::ValueSource;
use serde::Serialize;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The arguments of every verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Globals {
    /// The given folder; `None` searches from the current folder upward.
    pub(super) workspace: Option<PathBuf>,
    /// Print one JSON object instead of text.
    pub(super) json: bool,
    /// Whether colours are on.
    pub(super) color: bool,
    /// Whether the screen is for a screen reader.
    pub(super) accessible: bool,
    /// The calling agent; `None` for a human.
    pub(super) agent: Option<String>,
    /// Where that agent was detected, if it did not identify itself or gave another name.
    pub(super) found: Option<FoundAgent>,
    /// Another name that the agent gave itself; it is not used.
    pub(super) unused_name: Option<String>,
    pub(super) limits: Limits,
}

/// The records about clients; `None` without a home folder.
fn clients() -> Option<Clients> {
    Home::discover(&|name| std::env::var_os(name)).ok().map(|home| home.clients())
}

/// Refuses actions reserved for humans if the caller at this terminal cannot be determined.
///
/// # Errors
/// [`ErrorCode::HumanNeeded`] with what a human can do.
pub(super) fn demand_known_caller(what: &str) -> Result<(), EngineError> {
    let Some(unknown) = unknown_caller(clients().as_ref()) else { return Ok(()) };
    let (reason, hint) = match unknown {
        UnknownCaller::ParentEnded => (
            "the calling program has ended".to_owned(),
            "run it from a shell in a terminal, in the foreground".to_owned(),
        ),
        UnknownCaller::Detached { root, agent, is_own_terminal } => {
            let (root, agent) = (SafeText::new(&root), SafeText::new(&agent));
            let where_to = if is_own_terminal {
                format!(
                    "use a terminal program that root installed ({root} lies where an agent can write), log in by ssh"
                )
            } else {
                format!("open a new terminal outside {root}")
            };
            (
                format!("the agent {agent} may have started {root}, in which this runs"),
                format!("{where_to}, or end the agent {agent}"),
            )
        }
        UnknownCaller::OutsideContainer { agent } => (
            format!("this runs in a container, and the agent {} outside of it", SafeText::new(&agent)),
            "run it in a terminal outside the container".to_owned(),
        ),
    };
    let message = format!("{what} needs a human at a terminal, but {reason}");
    Err(EngineError::new(ErrorCode::HumanNeeded, message, hint))
}

impl Globals {
    /// Reads the global arguments, and the environment for those that are missing.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Usage`] if `TOOLSMITH_AGENT` contains an invalid agent name.
    pub(super) fn new(matches: &ArgMatches) -> Result<Globals, EngineError> {
        let said = match matches.get_one::<String>(global::AS_AGENT) {
            Some(name) => Some(name.clone()),
            None => agent_of_environment()?,
        };
        let name = |found: &FoundAgent| agent_name(&found.agent).unwrap_or_else(|_| UNNAMED_AGENT.to_owned());
        let clients = clients();
        // If an agent could choose another name than its starter gave it, it could use another agent's grants.
        let is_news = |found: &FoundAgent| match &said {
            Some(said) => !found.is_client && *said != name(found),
            None => true,
        };
        let found = find_agent(clients.as_ref()).filter(is_news);
        let unused_name = said.clone().filter(|_| found.is_some());
        let agent = found.as_ref().map(name).or(said);
        Ok(Globals {
            workspace: matches.get_one::<PathBuf>(global::WORKSPACE).cloned(),
            json: matches.get_flag(global::JSON),
            color: !matches.get_flag(global::NO_COLOR) && environment_allows_color(),
            accessible: matches.get_flag(global::ACCESSIBLE)
                || std::env::var_os("ACCESSIBLE").is_some_and(|value| !value.is_empty() && value != "0"),
            agent,
            found,
            unused_name,
            limits: limits(matches)?,
        })
    }

    /// The workspace folder.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] if the given folder does not exist.
    pub(super) fn workspace(&self) -> Result<PathBuf, EngineError> {
        let Some(dir) = &self.workspace else {
            let here = std::env::current_dir().map_err(|error| {
                EngineError::new(
                    ErrorCode::NotFound,
                    format!("the current folder no longer exists: {error}"),
                    "change to another folder",
                )
            })?;
            return Ok(find_workspace(&here));
        };
        dir.canonicalize().map_err(|error| {
            let message = format!("cannot open the workspace {}: {error}", dir.display());
            EngineError::new(ErrorCode::NotFound, message, "`toolsmith init DIR` creates a workspace")
        })
    }

    pub(super) fn asker(&self) -> Asker {
        if self.agent.is_some() { Asker::Agent } else { Asker::Human }
    }

    /// The options for opening the workspace of this call.
    ///
    /// # Errors
    ///
    /// Those of [`Globals::workspace`]; also if the user has no home folder.
    pub(super) fn options(&self) -> Result<OpenOptions, EngineError> {
        let home = Home::discover(&|name| std::env::var_os(name))?;
        Ok(OpenOptions { workspace: self.workspace()?, home, program: None, asker: self.asker() })
    }
}

/// Why a verb returns no answer.
#[derive(Debug)]
pub(super) enum Stop {
    /// The operation failed.
    Error(EngineError),
    /// The answer cannot be written.
    Output(io::Error),
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Stop {
        Stop::Error(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Output(error)
    }
}

/// The exit code of an answer, even if the reader closed the output early.
///
/// # Errors
/// If standard output cannot be written.
pub(super) fn answered(code: u8, printed: io::Result<()>) -> Result<u8, Stop> {
    match printed {
        // The reader closed the pipe (`| head`): the result is the same.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(code),
    }
}

/// The answer of a verb: an object for scripts (its serialized fields), text for humans.
pub(super) trait Answer: Serialize {
    /// Writes the answer for a human.
    fn text(&self, page: &mut Page<'_>) -> io::Result<()>;

    /// The exit code for this answer.
    fn exit_code(&self) -> u8 {
        0
    }
}

/// A tool that is named in a filter.
pub(super) struct NamedTool {
    pub(super) name: ToolName,
    /// The version, if one was named.
    pub(super) digest: Option<Digest>,
}

/// A call of one verb.
pub(super) struct Call<'a> {
    pub(super) globals: &'a Globals,
    row: &'static Spec,
    matches: &'a ArgMatches,
    /// The state folder, once a workspace was opened for writing.
    opened: OnceLock<PathBuf>,
}

impl<'a> Call<'a> {
    /// A call of the verb in `row` with these arguments.
    pub(super) fn new(globals: &'a Globals, row: &'static Spec, matches: &'a ArgMatches) -> Call<'a> {
        Call { globals, row, matches, opened: OnceLock::new() }
    }

    fn missing(&self, name: &str) -> EngineError {
        let hint = format!("`toolsmith help {}` lists the arguments", self.row.name);
        EngineError::new(ErrorCode::Usage, format!("{name} is missing"), hint)
    }

    /// The value of an argument as text.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.matches.get_one::<String>(name).map(String::as_str)
    }

    /// The values of an argument that may be repeated.
    pub(super) fn texts(&self, name: &str) -> Vec<&'a str> {
        self.matches.get_many::<String>(name).into_iter().flatten().map(String::as_str).collect()
    }

    /// The value of an argument that clap requires.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Usage`] if it is missing nevertheless.
    pub(super) fn required(&self, name: &str) -> Result<&'a str, EngineError> {
        self.text(name).ok_or_else(|| self.missing(name))
    }

    /// The number of a run, review or operation, if given.
    pub(super) fn id(&self, name: &str) -> Option<i64> {
        self.matches.get_one::<i64>(name).copied()
    }

    /// The number of a run, review or operation that clap requires.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Usage`] if it is missing nevertheless.
    pub(super) fn required_id(&self, name: &str) -> Result<i64, EngineError> {
        self.id(name).ok_or_else(|| self.missing(name))
    }

    /// The values of an argument that may be repeated, as another type.
    pub(super) fn many<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Vec<T> {
        self.matches.get_many::<T>(name).into_iter().flatten().cloned().collect()
    }

    /// The point in time of `--since`; `None` if it was not given.
    pub(super) fn since(&self) -> Option<Instant> {
        let ago = self.get::<Duration>("since")?;
        Some(Instant(now().0.saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX))))
    }

    /// The value of an argument as another type.
    pub(super) fn get<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<T> {
        self.matches.get_one::<T>(name).cloned()
    }

    /// The verb and its arguments as text.
    pub(super) fn as_typed(&self) -> VerbCall {
        let mut typed = VerbCall::new(self.row.name, &[]);
        for arg in self.row.args {
            let values = self.matches.get_raw(arg.name).into_iter().flatten();
            if let Some(value) = values.last().filter(|value| *value != "false" || arg.kind != ArgKind::Switch) {
                typed.set(arg.name, value.to_string_lossy().into_owned());
            }
        }
        typed
    }

    /// Whether this is a dry run.
    pub(super) fn is_dry(&self) -> bool {
        self.takes("dry-run") && self.switch("dry-run")
    }

    /// Whether the verb has an argument of this name.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.row.args.iter().any(|arg| arg.name == name)
    }

    /// Whether a switch is on.
    pub(super) fn switch(&self, name: &str) -> bool {
        self.matches.get_flag(name)
    }

    /// A word of a fixed list, if given.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Usage`] for a word of the table that the domain does not know.
    pub(super) fn word<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, EngineError> {
        let usage = |error: T::Err| EngineError::new(ErrorCode::Usage, error.to_string(), "");
        self.text(name).map(|word| word.parse().map_err(usage)).transpose()
    }

    /// Opens the workspace.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] if there is no workspace; otherwise the error of opening it.
    pub(super) fn open(&self) -> Result<Engine, EngineError> {
        let engine = self.open_plainly()?;
        engine.grants().enter_session(session_of_environment());
        engine.tool_sets().limit(&self.globals.limits)?;
        if self.row.risk != Risk::View {
            self.log_found_agent(&engine, self.row.name, false);
        }
        self.tell_trouble(&engine);
        let lists_problems = self.row.name == "list" && self.switch("problems");
        if !lists_problems {
            self.tell_settings(&engine);
        }
        Ok(engine)
    }

    /// The options for opening the workspace of this call.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] if there is no workspace.
    pub(super) fn workspace_options(&self) -> Result<OpenOptions, EngineError> {
        let options = self.globals.options()?;
        if !is_workspace(&options.workspace) {
            let message = format!("no workspace at or above {}: no tools folder found", options.workspace.display());
            return Err(EngineError::new(
                ErrorCode::NotFound,
                message,
                "`toolsmith init` creates one; --workspace DIR selects one",
            ));
        }
        Ok(options)
    }

    fn open_plainly(&self) -> Result<Engine, EngineError> {
        let engine = Engine::open(self.workspace_options()?)?;
        if engine.viewing().is_none() {
            self.opened.get_or_init(|| engine.state_dir().to_owned());
        }
        Ok(engine)
    }

    /// Does the remaining work after the answer: the daily backup, if the verb may have changed something.
    pub(super) fn wind_up(&self) {
        if self.row.risk == Risk::View {
            return;
        }
        let Some(Err(error)) = self.opened.get().map(|state_dir| back_up_if_due(state_dir)) else { return };
        self.note(&StyledLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, &error.message));
        self.note(&StyledLine::new().put(Ink::Accent, "hint: ").put(Ink::Plain, &error.hint));
    }

    /// Reports other problems on standard error, for example a move of a killed process that still cannot be finished.
    pub(super) fn tell_trouble(&self, engine: &Engine) {
        for trouble in engine.take_trouble() {
            self.note(&StyledLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, &trouble.message));
            if !trouble.hint.is_empty() {
                self.note(&StyledLine::new().put(Ink::Accent, "hint: ").put(Ink::Plain, &trouble.hint));
            }
        }
    }

    /// Reports errors in the settings on standard error: file, line, cause, next step.
    fn tell_settings(&self, engine: &Engine) {
        for problem in settings::problems(engine) {
            let place = SafeText::new(&problem.placed()).to_string();
            self.note(&StyledLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, place));
            self.note(&StyledLine::new().put(Ink::Accent, "hint: ").put(Ink::Plain, &problem.hint));
        }
    }

    /// Opens the workspace and reads its tools.
    ///
    /// # Errors
    /// Those of [`Call::open`]; also the errors of reading.
    pub(super) fn open_catalog(&self) -> Result<(Engine, Arc<CatalogView>), EngineError> {
        let engine = self.open()?;
        let catalog = engine.library().scan_for_one_answer()?;
        engine.tool_sets().unknown_choice().map_or(Ok((engine, catalog)), Err)
    }

    /// Opens the workspace for one tool: if the folders are unchanged, only the rows around its name are read.
    ///
    /// # Errors
    ///
    /// Those of [`Call::open_catalog`].
    pub(super) fn open_around(&self, tool: &str) -> Result<Engine, EngineError> {
        let engine = self.open()?;
        engine.library().look_up(tool)?;
        engine.tool_sets().unknown_choice().map_or(Ok(engine), Err)
    }

    /// The tool in a filter, if given. Its history outlives its files: a tool may be in the store but no longer in the
    /// catalog.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] for a tool that was never stored.
    pub(super) fn named_tool(&self, engine: &Engine) -> Result<Option<NamedTool>, EngineError> {
        let Some(text) = self.text("tool") else { return Ok(None) };
        if let Ok(name) = ToolName::new(text)
            && !engine.versions().list(&name)?.is_empty()
        {
            return Ok(Some(NamedTool { name, digest: None }));
        }
        engine.library().scan(&mut |_| {})?;
        let tool = engine.library().resolve(text)?;
        let digest = text.contains('@').then_some(tool.digest);
        Ok(Some(NamedTool { name: tool.name.clone(), digest }))
    }

    pub(super) fn caller(&self, engine: &Engine) -> Caller {
        match &self.globals.agent {
            Some(name) => Caller::Agent(name.clone()),
            None => Caller::Human(engine.identity()),
        }
    }

    /// Refuses a verb or argument that is reserved for a human at a terminal.
    ///
    /// # Errors
    /// Those of [`Call::demand_human_for`].
    pub(super) fn demand_human(&self) -> Result<(), EngineError> {
        let given = |arg: &Arg| self.matches.value_source(arg.name) == Some(ValueSource::CommandLine);
        self.row.human_only(given).map_or(Ok(()), |what| self.demand_human_for(&what))
    }

    /// Refuses `what` to every caller except a human at a terminal. `what` is written as on the command line.
    ///
    /// # Errors
    /// [`ErrorCode::HumanNeeded`] for an agent, if standard input is not a terminal, and if the calling process has
    /// ended, so that the caller cannot be determined.
    pub(super) fn demand_human_for(&self, what: &str) -> Result<(), EngineError> {
        let refused = |message, hint| Err(EngineError::new(ErrorCode::HumanNeeded, message, hint));
        if let Some(agent) = &self.globals.agent {
            let place = match &self.globals.found {
                Some(found) => format!(" (found in {})", SafeText::new(&found.place)),
                None => String::new(),
            };
            // The call is refused even if the refusal cannot be logged.
            if self.globals.found.is_some()
                && let Ok(engine) = self.open_plainly()
            {
                self.log_found_agent(&engine, what, true);
            }
            let message = format!("{what} is for humans only, and {} is an agent{place}", SafeText::new(agent));
            let hint = match &self.globals.found {
                Some(_) => "ask the human who runs the workbench; a human uses a terminal that the agent did not start",
                None => "ask the human who runs the workbench",
            };
            return refused(message, hint);
        }
        if !io::stdin().is_terminal() {
            let message = format!("{what} needs a human at a terminal, but stdin is not a terminal");
            return refused(message, "run it in a terminal, or open the workbench with `toolsmith`");
        }
        demand_known_caller(what)
    }

    /// Whether there is a human at a terminal to ask.
    pub(super) fn has_human(&self) -> bool {
        self.globals.agent.is_none() && io::stdin().is_terminal() && demand_known_caller("").is_ok()
    }

    /// Logs where the calling agent was detected, if it did not identify itself.
    fn log_found_agent(&self, engine: &Engine, asked: &str, refused: bool) {
        let (Some(agent), Some(found)) = (&self.globals.agent, &self.globals.found) else { return };
        if let Err(error) = engine.runs().log_found_agent(agent, found, asked, refused) {
            self.note(&StyledLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, &error.message));
        }
    }

    /// Prints an answer on standard output and returns its exit code.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(super) fn print(&self, answer: &impl Answer) -> Result<u8, Stop> {
        let printed = if self.globals.json {
            outlet::object(answer)
        } else {
            outlet::page(Stream::Stdout, self.globals.color, |page| {
                answer.text(page.read_aloud(self.globals.accessible))
            })
        };
        answered(answer.exit_code(), printed)
    }

    /// [`Call::print`] for an answer of many rows. The answer is not freed: for 100,000 rows that takes 0.1 s, and the
    /// process ends anyway.
    pub(super) fn print_large(&self, answer: impl Answer) -> Result<u8, Stop> {
        let printed = self.print(&answer);
        std::mem::forget(answer);
        printed
    }

    /// Writes several lines to standard error.
    pub(super) fn note_page(&self, write: impl Fn(&mut Page<'_>) -> io::Result<()>) {
        // A closed standard error is not a failure.
        let _ = outlet::page(Stream::Stderr, self.globals.color, |page| write(page));
    }

    /// Writes a line to standard error. A closed standard error is not a failure.
    pub(super) fn note(&self, line: &StyledLine) {
        let _ = outlet::page(Stream::Stderr, self.globals.color, |page| page.line(line));
    }
}

/// Prints an error: an object on standard output for scripts, lines on standard error for humans.
pub(super) fn print_error(error: &EngineError, json: bool, color: bool) -> io::Result<()> {
    #[derive(Serialize)]
    struct Failed<'a> {
        error: &'a EngineError,
    }
    if json {
        return outlet::object(&Failed { error });
    }
    outlet::page(Stream::Stderr, color, |page| {
        let mut message = SafeText::lines(&error.message).into_iter();
        page.line(&StyledLine::new().put(Ink::Bad, "error: ").safe(Ink::Plain, message.next().unwrap_or_default()))?;
        for line in message {
            page.line(&StyledLine::new().safe(Ink::Plain, line))?;
        }
        if !error.hint.is_empty() {
            page.line(&StyledLine::new().put(Ink::Accent, "hint: ").put(Ink::Plain, &error.hint))?;
        }
        Ok(())
    })
}

pub(super) fn agent_of_environment() -> Result<Option<String>, EngineError> {
    let Some(name) = std::env::var_os(AGENT_VARIABLE).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let usage = |message| EngineError::new(ErrorCode::Usage, message, "change or unset TOOLSMITH_AGENT");
    let name = name.to_str().ok_or_else(|| usage("the name in TOOLSMITH_AGENT is not UTF-8".to_owned()))?;
    agent_name(name).map(Some).map_err(usage)
}

/// The tools that may run, according to the arguments and the environment. The environment sets the limit, and the
/// arguments select within it.
fn limits(matches: &ArgMatches) -> Result<Limits, EngineError> {
    let word = |word: &str| {
        let tier: CostTier = word.parse().ok()?;
        (tier != CostTier::Prohibited).then_some(tier)
    };
    let asked = matches.get_one::<String>(global::MAX_TIER).and_then(|tier| word(tier));
    let given = match std::env::var_os("TOOLSMITH_MAX_TIER").filter(|value| !value.is_empty()) {
        None => None,
        Some(value) => Some(value.to_str().and_then(word).ok_or_else(|| {
            let message = "TOOLSMITH_MAX_TIER is not a cost tier".to_owned();
            EngineError::new(ErrorCode::Usage, message, "set it to low, medium or high, or unset it")
        })?),
    };
    let fence = match std::env::var("TOOLSMITH_TOOLS") {
        Ok(value) => Some(value).filter(|value| !value.is_empty()),
        Err(std::env::VarError::NotPresent) => None,
        Err(std::env::VarError::NotUnicode(_)) => {
            let message = "the names in TOOLSMITH_TOOLS are not UTF-8".to_owned();
            return Err(EngineError::new(ErrorCode::Usage, message, "change or unset TOOLSMITH_TOOLS"));
        }
    };
    let tools = matches.get_one::<String>(global::TOOLS).cloned();
    Ok(Limits { max_tier: asked.into_iter().chain(given).min(), tools, fence })
}

/// The session of the calling process; a program that starts agents can set one for each agent.
pub(super) fn session_of_environment() -> Option<String> {
    std::env::var("TOOLSMITH_SESSION").ok().filter(|name| !name.is_empty())
}

fn environment_allows_color() -> bool {
    let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    unset("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
