//! `hook CLIENT`: answers the hooks of an agent's client. Calls of this program that the policy allows need no question
//! by the client, and a newly written tool is queued for review at once.
//!
//! Questions and answers have the forms that Claude Code documents for `PreToolUse` and `PostToolUse`. Codex uses the
//! same forms, except for the answer `ask`, and rejects objects with unknown fields. Other questions get no answer, so
//! the client acts as without a hook.

use super::build::global;
use super::call::{Call, Stop, agent_of_environment};
use super::outlet;
use super::print_text::{Ink, StyledLine};
use super::started_files::StartedFiles;
use crate::action::{self, Arg, Verb};
use crate::domain::{Caller, Review, ReviewId, Tool};
use crate::engine::{CatalogView, EngineError, MayRun, ReviewFilter, find_workspace};
use clap::ArgMatches;
use clap::parser::ValueSource;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The maximum size of a question, in bytes.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The answer in the form of the clients.
#[derive(Serialize)]
struct Reply {
    #[serde(rename = "hookSpecificOutput")]
    output: Output,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Output {
    hook_event_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission_decision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission_decision_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_context: Option<String>,
}

pub(super) fn hook(call: &Call<'_>) -> Result<u8, Stop> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MOST_BYTES).read_to_string(&mut text);
    let question: Value = read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default();
    let event = question["hook_event_name"].as_str().unwrap_or_default().to_owned();
    let answered = match event.as_str() {
        _ if !is_here(call, &question) => Ok(None),
        "PreToolUse" if question["tool_name"] == "Bash" => before(call, &question),
        "PostToolUse" => after(call, &question),
        _ => Ok(None),
    };
    match answered {
        Ok(Some(output)) => {
            // Exactly the client's object, without a schema version of this program.
            outlet::values(&[Reply { output: Output { hook_event_name: event, ..output } }])?;
            Ok(0)
        }
        Ok(None) => Ok(0),
        Err(error) => {
            // Not the usual exit code: for these clients, 2 means that the call is blocked.
            call.note(&StyledLine::new().put(Ink::Bad, "error: ").put(Ink::Plain, &error.message));
            Ok(1)
        }
    }
}

/// Whether the client works in the workspace of this process; without a workspace the answer is no.
fn is_here(call: &Call<'_>, question: &Value) -> bool {
    let Ok(options) = call.workspace_options() else { return false };
    question["cwd"].as_str().is_none_or(|cwd| find_workspace(Path::new(cwd)) == options.workspace)
}

/// Answers the question before a command runs.
fn before(call: &Call<'_>, question: &Value) -> Result<Option<Output>, EngineError> {
    let Some(command) = question["tool_input"]["command"].as_str() else { return Ok(None) };
    let decided = |decision, reason: String| {
        Some(Output {
            permission_decision: Some(decision),
            permission_decision_reason: Some(reason),
            ..Output::default()
        })
    };
    let words = plain_words(command).unwrap_or_default();
    let (meaning, named) = meaning(&words);
    if meaning == Meaning::Other {
        let workspace = call.workspace_options()?.workspace;
        let files = StartedFiles::of(command, &workspace, question["cwd"].as_str().map(Path::new));
        if files.is_empty() {
            return Ok(None);
        }
        let (_engine, catalog) = call.open_catalog()?;
        return Ok(direct(&catalog, &files).and_then(|tool| {
            let reason =
                format!("{} belongs to the tool {1}; `toolsmith run {1}` runs it in the sandbox", tool.path, tool.name);
            // Codex runs a command even if a hook answers "ask".
            decided(if call.text("client") == Some("codex") { "deny" } else { "ask" }, reason)
        }));
    }
    if is_shadowed() {
        // A different program of this name would run, so the client should ask about it.
        return Ok(None);
    }
    let (engine, _catalog) = call.open_catalog()?;
    // The command must run as the caller that is judged here, because a human may do more.
    let ours = call.globals.found.as_ref().map(|found| found.agent.clone()).or(agent_of_environment()?);
    let Some(agent) = (match (ours, named) {
        (Some(ours), Some(named)) => Some(ours).filter(|ours| *ours == named),
        (ours, named) => ours.or(named),
    }) else {
        return Ok(None);
    };
    let caller = Caller::Agent(agent);
    Ok(match meaning {
        Meaning::Run(name) => match engine.library().resolve(&name) {
            Ok(tool) => match engine.runs().may(&engine.library().detail(&tool)?, &caller)? {
                MayRun::Yes => decided("allow", format!("{name} is approved and runs in the sandbox")),
                MayRun::AfterPermit { why } => decided("allow", why),
                MayRun::No { why, .. } => decided("deny", why),
            },
            Err(error) => decided("deny", error.message),
        },
        Meaning::Harmless | Meaning::Other => decided("allow", "toolsmith decides what an agent may do".to_owned()),
    })
}

/// Whether `toolsmith` in a shell is a different program.
fn is_shadowed() -> bool {
    let found = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|folder| folder.join("toolsmith")).find(|file| file.is_file())
    });
    let real = |path: PathBuf| path.canonicalize().ok();
    found.is_some_and(|found| real(found) != std::env::current_exe().ok().and_then(real))
}

/// The tool to which one of the started files or folders belongs.
fn direct<'c>(catalog: &'c CatalogView, started: &StartedFiles) -> Option<&'c Tool> {
    catalog.tools.iter().map(AsRef::as_ref).find(|tool: &&Tool| {
        let path = Path::new(&tool.path);
        let folder = path.parent().filter(|_| tool.path.ends_with("/tool.toml"));
        started.files.iter().any(|file| file == path || folder.is_some_and(|folder| file.starts_with(folder)))
            || started.folders.iter().any(|folder| path.starts_with(folder))
    })
}

/// After the client wrote files: a tool written below the tools folder gets its review now. A review that an open
/// workbench created first is reported as well, because the question names its file.
fn after(call: &Call<'_>, question: &Value) -> Result<Option<Output>, EngineError> {
    let engine = call.open()?;
    let waiting = || -> Result<Vec<Review>, EngineError> { engine.reviews().list(ReviewFilter::Waiting) };
    let before: BTreeSet<ReviewId> = waiting()?.iter().map(|review| review.id).collect();
    engine.library().scan_for_one_answer()?;
    let used = question["tool_input"].to_string();
    let is_named = |review: &Review| {
        let place = review.path.strip_suffix("tool.toml").filter(|folder| !folder.is_empty()).unwrap_or(&review.path);
        !place.is_empty() && used.contains(place)
    };
    let told: Vec<String> = waiting()?
        .iter()
        .filter(|review| !before.contains(&review.id) || is_named(review))
        .map(|review| format!("review {} of {} is pending: `toolsmith wait {}`", review.id, review.tool, review.id))
        .collect();
    Ok((!told.is_empty()).then(|| Output { additional_context: Some(told.join("\n")), ..Output::default() }))
}

/// What a command line means for this program.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// A call of this program that checks permissions of agents itself.
    Harmless,
    /// A run of the named tool.
    Run(String),
    /// Any other command.
    Other,
}

/// The meaning of a command line, and the agent it names. It is parsed as this program parses it. Every option must be
/// available to agents over MCP or be known to be harmless.
fn meaning(words: &[String]) -> (Meaning, Option<String>) {
    let other = (Meaning::Other, None);
    if words.first().is_none_or(|program| program != "toolsmith") {
        return other;
    }
    let Ok(matches) = super::command().try_get_matches_from(words) else { return other };
    let given = |matches: &ArgMatches, name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
    if [global::WORKSPACE, global::MAX_TIER, global::TOOLS].iter().any(|name| given(&matches, name)) {
        return other;
    }
    let Some((row, arguments)) = matches.subcommand().and_then(|(name, rest)| Some((action::by_name(name)?, rest)))
    else {
        return other;
    };
    let Some(agents) = row.agents else { return other };
    let is_known = |arg: &Arg| agents.shared.contains(&arg.name) || HARMLESS.contains(&arg.name);
    // Files that this program would read for the agent, and standard input, are decided by the client.
    let reads = |value: &OsStr| {
        let text = value.to_string_lossy();
        text.starts_with('@') || text.contains("=@") || text == "-"
    };
    for arg in row.args.iter().filter(|arg| given(arguments, arg.name)) {
        let values = arguments.get_raw(arg.name).into_iter().flatten();
        if !is_known(arg) || values.into_iter().any(reads) {
            return other;
        }
    }
    let named = matches.get_one::<String>(global::AS_AGENT).cloned();
    let meaning = match row.verb {
        Verb::Run | Verb::RunStrict => match arguments.get_one::<String>("tool") {
            Some(name) => Meaning::Run(name.clone()),
            None => Meaning::Other,
        },
        _ => Meaning::Harmless,
    };
    (meaning, named)
}

/// Options that, in a shell, do not change what an agent may do.
const HARMLESS: [&str; 7] = ["word", "set", "show", "jsonl", "run", "tool", "rationale"];

/// The words of a command line without shell expansions, further commands and redirections.
fn plain_words(command: &str) -> Option<Vec<String>> {
    let mut quote = None;
    // Trims only the blanks that a shell also removes: other blanks belong to the program's name.
    let command = command.trim_matches([' ', '\t', '\n']);
    for c in command.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some('\''), '\n' | '\r') | (Some('"'), '$' | '`' | '\\' | '!' | '\n' | '\r') => return None,
            (Some(_), _) => {}
            (None, c) if c.is_ascii_alphanumeric() || " _./:=@,+%-".contains(c) => {}
            (None, _) => return None,
        }
    }
    let words = shell_words::split(command).ok()?;
    // `NAME=value program` sets a variable for the program.
    (quote.is_none() && words.first().is_some_and(|first| !first.contains('='))).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str) -> Option<Meaning> {
        plain_words(command).map(|words| meaning(&words).0)
    }

    #[test]
    fn a_call_of_this_program_is_known_by_its_words() {
        for (command, wanted) in [
            ("toolsmith run greet", Meaning::Run("greet".into())),
            ("toolsmith --json run greet --input '{\"a\": \"$x; rm\"}'", Meaning::Run("greet".into())),
            ("toolsmith run-strict greet a b", Meaning::Run("greet".into())),
            ("toolsmith search \"json files\"", Meaning::Harmless),
            ("toolsmith wait 3", Meaning::Harmless),
            ("toolsmith approve 3", Meaning::Other),
            ("toolsmith --workspace /tmp run greet", Meaning::Other),
            ("toolsmith run", Meaning::Other),
            ("toolsmith run greet --input @/etc/shadow", Meaning::Other),
            ("toolsmith run greet --set text=@/etc/shadow", Meaning::Other),
            ("toolsmith request --file /etc/shadow", Meaning::Other),
            ("./toolsmith run greet", Meaning::Other),
            ("ls tools", Meaning::Other),
            ("toolsmith run --scenario hello evil", Meaning::Run("evil".into())),
            ("toolsmith run --input '{}' hello", Meaning::Run("hello".into())),
            ("toolsmith run --set a=b hello", Meaning::Run("hello".into())),
            ("toolsmith run --tools hello evil", Meaning::Other),
            ("toolsmith run hello --workspace /tmp", Meaning::Other),
            ("toolsmith run hello --timeout 5h", Meaning::Other),
            ("toolsmith run hello --allow", Meaning::Other),
            ("toolsmith run hello --from x", Meaning::Other),
            ("toolsmith run hello --input -", Meaning::Other),
            ("toolsmith request --file=/etc/shadow", Meaning::Other),
            ("toolsmith request greet --rationale 'it greets'", Meaning::Harmless),
            ("toolsmith request greet --rationale x --file /etc/shadow", Meaning::Other),
            ("toolsmith request greet --rationale @/etc/shadow", Meaning::Other),
            ("toolsmith evolve hello --request /etc/shadow", Meaning::Other),
            ("toolsmith evolve hello --request=/etc/shadow", Meaning::Other),
            ("toolsmith evolve hello --generator paid", Meaning::Other),
            ("toolsmith evolve hello 'be faster'", Meaning::Harmless),
            ("toolsmith output 1 --workspace /root", Meaning::Other),
            ("toolsmith output 1", Meaning::Harmless),
        ] {
            assert_eq!(of(command), Some(wanted), "{command}");
        }
    }

    #[test]
    fn what_a_shell_would_do_more_with_is_never_let_through() {
        for command in [
            "toolsmith run greet; rm -rf /",
            "toolsmith run greet && id",
            "toolsmith run greet | sh",
            "toolsmith run $(id)",
            "toolsmith run `id`",
            "toolsmith run \"$(id)\"",
            "toolsmith run \"`id`\"",
            "toolsmith run greet > /etc/passwd",
            "toolsmith run greet < /etc/passwd",
            "toolsmith run greet\nid",
            "toolsmith run greet &",
            "toolsmith run {a,b}",
            "toolsmith run ~root",
            "toolsmith run *",
            "PATH=/tmp toolsmith run greet",
            "toolsmith run greet \\\nid",
            "toolsmith run 'greet",
            "toolsmith run $'greet'",
            "toolsmith run greet #x",
            "\u{a0}toolsmith run greet",
            "\u{c}toolsmith run greet",
            "\u{85}toolsmith run greet",
        ] {
            assert_eq!(of(command), None, "{command}");
        }
    }
}
