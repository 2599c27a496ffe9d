//! The command line: the verbs of the table of actions for scripts and shells.
//!
//! `build` turns the table into clap commands. One file for each group of verbs calls the
//! [engine](crate::engine::Engine) and returns an answer, and two printers write the answer: as text for humans, or as
//! one JSON object for scripts. This module contains no rules of the product: the engine decides what is allowed and
//! what a call means. The one exception is that this module demands a terminal on standard input for verbs for humans.

mod behaviour;
mod buffer;
mod buffer_stream;
mod build;
mod bulk;
mod bundle;
mod call;
mod calling;
mod catalog;
mod check;
mod cleaner;
mod completing;
mod defining;
mod docs;
mod done;
mod edit;
mod evidence;
mod evolve;
mod failures;
mod feedback;
mod files;
mod grants;
mod history;
mod hook;
mod input;
mod kept;
mod lifecycle;
mod live;
mod making;
mod markdown;
mod mcp;
mod opportunities;
mod outlet;
mod pager;
mod parse;
mod permission;
mod piped;
mod print_json;
mod print_text;
mod reading;
mod request;
mod review;
mod review_answer;
mod run;
mod runs;
mod scores;
mod services;
mod settings;
mod shared;
mod sign;
mod similar;
mod spec;
mod started_files;
mod starter;
mod stop_signals;
mod tiers;
mod upkeep;
mod usage;
mod versions;
mod workbench;
mod workers;

pub use build::{EXIT_CODES, VARIABLES, command};
pub use markdown::{checks_markdown, verbs_markdown};

use crate::action::{self, Verb};
use crate::domain::{DecisionKind, SafeText};
use crate::engine::{EngineError, ErrorCode, FoundAgent, Limits, OpenOptions, plain_query, plain_verb};
use call::{Call, Globals, Stop};
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

/// How a call without a verb opens the workbench.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The workspace and folders to open.
    pub options: OpenOptions,
    /// The agent at the keyboard; `None` for a human.
    pub agent: Option<String>,
    /// Where the agent was detected, if it did not identify itself.
    pub found: Option<FoundAgent>,
    /// Whether colours are wanted.
    pub color: bool,
    /// Whether a screen reader is in use.
    pub accessible: bool,
    /// The tools and tiers that this process may use.
    pub limits: Limits,
}

/// The functions that need a screen or serve agents. The caller passes them in, because this module does not depend on
/// them.
#[derive(Clone, Copy)]
pub struct Screen {
    /// Shows the workbench until its user leaves. Returns an error without a terminal.
    pub workbench: fn(Opening) -> io::Result<ExitCode>,
    /// Serves agents: one on standard input and output until it leaves, or several over HTTP.
    pub agents: fn(Opening, AgentServer) -> Result<(), EngineError>,
}

/// How to serve agents.
pub struct AgentServer {
    /// The session of the agent.
    pub session: Option<String>,
    /// The tools of the library to list by name.
    pub listed: Option<String>,
    /// The address to listen on, and additional host names that clients may use; `None` for standard input and output.
    pub http: Option<(std::net::SocketAddr, Vec<String>)>,
    /// Receives the address of an HTTP server.
    pub tell: Box<dyn Fn(&str)>,
    /// Prints a warning on standard error.
    pub warn: fn(&str),
}

/// Runs the verb in the arguments of this process; opens the workbench without a verb.
pub fn main(screen: Screen) -> ExitCode {
    outlet::report_panics_escaped();
    let args = whole_help(std::env::args_os().collect());
    run_with(&args, screen)
}

/// Turns `help all` into a call for the long help: `-h` shows only the most important parts.
fn whole_help(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_plain = |args: &[OsString]| args.iter().skip(1).all(|arg| arg.to_string_lossy().starts_with('-'));
    if let [before @ .., help, all] = args.as_slice()
        && (help == "help" && all == "all" && is_plain(before))
    {
        args.truncate(args.len() - 2);
        args.push("--help".into());
    }
    args
}

fn run_with(args: &[OsString], screen: Screen) -> ExitCode {
    let asked = Asked::of(args);
    let mut command = command();
    if !asked.color {
        command = command.color(clap::ColorChoice::Never);
    }
    let matches = match command.clone().try_get_matches_from(args) {
        Ok(matches) => matches,
        // clap removes control sequences from the arguments that it quotes. Parse again with them escaped, so that it
        // shows them.
        Err(error) => match command.try_get_matches_from(args.iter().map(visible)) {
            Err(escaped) => return refuse_usage(&escaped, asked),
            Ok(_) => return refuse_usage(&error, asked),
        },
    };
    let globals = match Globals::new(&matches) {
        Ok(globals) => globals,
        Err(error) => return finish(Err(Stop::Error(error)), asked),
    };
    let asked = Asked { json: globals.json, color: globals.color };
    match matches.subcommand() {
        None => match opening(globals) {
            Ok(opening) => (screen.workbench)(opening).unwrap_or_else(|error| finish(Err(no_terminal(&error)), asked)),
            Err(error) => finish(Err(Stop::Error(error)), asked),
        },
        Some((name, arguments)) => match action::by_name(name) {
            Some(row) => {
                let call = Call::new(&globals, row, arguments);
                let code = finish(dispatch(row.verb, &call, screen), asked);
                call.wind_up();
                code
            }
            None => finish(Err(Stop::Error(unknown(name))), asked),
        },
    }
}

/// An argument with its hidden characters escaped.
fn visible(arg: &OsString) -> String {
    SafeText::new(&arg.to_string_lossy()).into()
}

/// The output format that the caller wants. It is needed before the arguments are parsed, and also when they are
/// invalid.
#[derive(Debug, Clone, Copy)]
struct Asked {
    json: bool,
    color: bool,
}

impl Asked {
    fn of(args: &[OsString]) -> Asked {
        let has = |flag: &str| args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == flag);
        Asked { json: has("--json") || has("--jsonl"), color: !has("--no-color") }
    }
}

// size: one arm for each verb of the table
fn dispatch(verb: Verb, call: &Call<'_>, screen: Screen) -> Result<u8, Stop> {
    call.demand_human()?;
    match verb {
        Verb::Init => call.print(&catalog::init(call)?),
        Verb::List => call.print_large(catalog::list(call)?),
        Verb::Show => call.print(&catalog::show(call)?),
        Verb::Source => call.print(&files::source(call)?),
        Verb::Diff => call.print(&files::diff(call)?),
        Verb::Behaviour => call.print(&behaviour::behaviour(call)?),
        Verb::Run => run::run(call),
        Verb::RunStrict => run::run_strict(call),
        Verb::Mcp => mcp::mcp(call, screen),
        Verb::Hook => hook::hook(call),
        Verb::ServeRun => workers::serve_run(call),
        Verb::Call => calling::call(call),
        Verb::Rerun => run::rerun(call),
        Verb::Continue => run::go_on(call),
        Verb::Cancel => call.print(&runs::cancel(call)?),
        Verb::Runs => call.print(&runs::runs(call)?),
        Verb::Output => runs::output(call),
        Verb::Failures => failures::failures(call),
        Verb::Failure => call.print(&failures::failure(call)?),
        Verb::MarkFailure => call.print(&failures::mark_failure(call)?),
        Verb::Buffer => buffer::buffer(call),
        Verb::Launch => call.print(&services::launch(call)?),
        Verb::Say => call.print(&services::say(call)?),
        Verb::Attach => services::attach(call),
        Verb::Reviews => call.print(&review::reviews(call)?),
        Verb::Review => call.print(&review::review(call)?),
        Verb::New => making::new(call),
        Verb::Services => services::services(call),
        Verb::Edit => call.print(&edit::edit(call)?),
        Verb::Define => call.print(&defining::define(call)?),
        Verb::Spec => spec::spec(call),
        Verb::Evolve => evolve::evolve(call),
        Verb::Evolutions => evolve::evolutions(call),
        Verb::Opportunities => opportunities::opportunities(call),
        Verb::Accept => opportunities::accept(call, |words| again(call, words)),
        Verb::Dismiss => call.print(&opportunities::dismiss(call)?),
        Verb::Keep => call.print(&evolve::keep(call)?),
        Verb::Stop => call.print(&evolve::stop(call)?),
        Verb::Resume => evolve::resume(call),
        Verb::Dashboard => call.print(&scores::dashboard(call)?),
        Verb::Export => scores::export(call),
        Verb::Push => bundle::push(call),
        Verb::Pull => bundle::pull(call),
        Verb::Similar if call.text("tool").is_none() => similar::duplicates(call),
        Verb::Stale => upkeep::stale(call),
        Verb::Trim => call.print(&versions::trim(call)?),
        Verb::Check => call.print(&check::check(call)?),
        Verb::Comment => call.print(&check::comment(call)?),
        Verb::Withdraw => call.print(&check::withdraw(call)?),
        Verb::Approve => bulk::approve(call),
        Verb::Reject => bulk::decline(call, DecisionKind::Reject),
        Verb::RequestChanges => bulk::decline(call, DecisionKind::RequestChanges),
        Verb::Request => request::request(call),
        Verb::Wait => call.print(&request::wait(call)?),
        Verb::Starter => starter::starter(call),
        Verb::Promote => call.print(&lifecycle::promote(call)?),
        Verb::Grant => call.print(&grants::grant(call)?),
        Verb::Grants => call.print(&grants::grants(call)?),
        Verb::Revoke => call.print(&grants::revoke(call)?),
        Verb::Unlock => call.print(&tiers::unlock(call)?),
        Verb::Sets => call.print(&tiers::sets(call)?),
        Verb::Feedback => feedback::feedback(call),
        Verb::Docs => call.print(&docs::docs(call)?),
        Verb::Log => call.print(&history::log(call)?),
        Verb::Undo => call.print(&history::undo(call)?),
        Verb::Sign => call.print(&sign::sign(call)?),
        Verb::Doctor => workbench::doctor(call),
        Verb::Completions => call.print(&workbench::completions(call)?),
        Verb::Candidates => call.print(&workbench::candidates(call)?),
        Verb::Man => call.print(&workbench::man()?),
        verb if let Some(query) = plain_query(action::spec(verb).name) => call.print(&done::query(call, query)?),
        // All other verbs are changes that need only their arguments, or exist only on the screen.
        verb if let Some(plain) = plain_verb(action::spec(verb).name) => call.print(&done::plain(call, plain)?),
        verb => Err(Stop::Error(unknown(action::spec(verb).name))),
    }
}

/// Runs another verb with the same global options, as if it were typed next.
fn again(call: &Call<'_>, words: &[OsString]) -> Result<u8, Stop> {
    let internal = |error: &dyn std::fmt::Display| Stop::Error(EngineError::internal(error.to_string()));
    let matches = command().try_get_matches_from(words).map_err(|error| internal(&error))?;
    match matches.subcommand().and_then(|(name, arguments)| Some((action::by_name(name)?, arguments))) {
        Some((row, arguments)) if row.verb == Verb::Approve => {
            let next = Call::new(call.globals, row, arguments);
            next.demand_human()?;
            bulk::approve(&next)
        }
        _ => Err(internal(&"not a verb")),
    }
}

fn opening(globals: Globals) -> Result<Opening, EngineError> {
    if globals.json {
        return Err(EngineError::new(ErrorCode::Usage, "--json needs a verb", "`toolsmith --help` lists them"));
    }
    if globals.agent.is_none() {
        call::demand_known_caller("the workbench")?;
    }
    let options = globals.options()?;
    let Globals { agent, found, color, accessible, limits, .. } = globals;
    Ok(Opening { options, agent, found, color, accessible, limits })
}

fn no_terminal(error: &io::Error) -> Stop {
    let message = format!("cannot open the workbench: {error}");
    Stop::Error(EngineError::new(
        ErrorCode::HumanNeeded,
        message,
        "`toolsmith --help` lists the verbs for the command line",
    ))
}

fn unknown(name: &str) -> EngineError {
    EngineError::new(
        ErrorCode::Usage,
        format!("{name} works in the workbench only"),
        "`toolsmith --help` lists the verbs",
    )
}

/// Returns the exit code of a finished call, and prints its error.
fn finish(done: Result<u8, Stop>, asked: Asked) -> ExitCode {
    let error = match done {
        Ok(code) => return ExitCode::from(code),
        // The reader has closed the pipe (`| head`): it has all that it wants.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Err(Stop::Output(error)) => {
            EngineError::new(ErrorCode::Internal, format!("cannot write the output: {error}"), "")
        }
        Err(Stop::Error(error)) => error,
    };
    // If the error cannot be written either, there is no other place to report it.
    let _ = call::print_error(&error, asked.json, asked.color);
    ExitCode::from(error.code.exit_code())
}

/// Prints the output of clap: help and version are answers, everything else is a usage error.
fn refuse_usage(error: &clap::Error, asked: Asked) -> ExitCode {
    if !error.use_stderr() {
        // If the answer cannot be written, there is no other place to report it.
        let _ = outlet::own_words(error);
        return ExitCode::SUCCESS;
    }
    let error = usage::misunderstood(error);
    finish(Err(Stop::Error(error)), asked)
}

#[cfg(test)]
mod tests;
