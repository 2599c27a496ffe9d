//! `hook CLIENT`: answers the hooks of an agent's client. Calls of this program that policy lets run need no question of
//! the client's own, and a tool that was just written is in the queue at once.
//!
//! The forms of question and answer are those that Claude Code documents for `PreToolUse` and `PostToolUse`; Codex has
//! taken them over. A question that is none of ours gets no answer, so the client does what it would do without us.

use super::call::{Call, Stop};
use super::outlet;
use crate::action::{self, Verb};
use crate::domain::{Caller, Review, ReviewId, Tool};
use crate::engine::{CatalogView, Engine, EngineError, ErrorCode, MayRun, ReviewFilter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// The longest question that is read, in bytes.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The part of a question that matters here.
#[derive(Deserialize)]
struct Question {
    hook_event_name: String,
    #[serde(default)]
    tool_name: String,
    #[serde(default)]
    tool_input: Input,
}

#[derive(Deserialize, Default)]
struct Input {
    #[serde(default)]
    command: serde_json::Value,
}

impl Input {
    /// The command line; some clients give it as a list of words, which is none.
    fn command(&self) -> Option<&str> {
        self.command.as_str()
    }
}

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
    std::io::stdin().lock().take(MOST_BYTES).read_to_string(&mut text).map_err(|error| unread(&error))?;
    let question: Question = serde_json::from_str(&text).map_err(|error| unread(&error))?;
    let output = match question.hook_event_name.as_str() {
        "PreToolUse" if question.tool_name == "Bash" => before(call, &question)?,
        "PostToolUse" => after(call)?,
        _ => None,
    };
    if let Some(output) = output {
        outlet::object(&Reply { output: Output { hook_event_name: question.hook_event_name, ..output } })?;
    }
    Ok(0)
}

fn unread(error: &dyn std::fmt::Display) -> EngineError {
    let message = format!("the question of the client cannot be read: {error}");
    EngineError::new(ErrorCode::Usage, message, "`toolsmith hook` is started by a client; docs/agents.md shows how")
}

/// Before a command runs.
fn before(call: &Call<'_>, question: &Question) -> Result<Option<Output>, EngineError> {
    let Some(words) = question.tool_input.command().and_then(plain_words) else { return Ok(None) };
    let decided = |decision, reason: String| {
        Some(Output {
            permission_decision: Some(decision),
            permission_decision_reason: Some(reason),
            ..Output::default()
        })
    };
    let meaning = meaning(&words);
    if meaning == Meaning::Other && !words.iter().any(|word| word.contains("tools/")) {
        return Ok(None);
    }
    let (engine, catalog) = call.open_catalog()?;
    Ok(match meaning {
        Meaning::Harmless => decided("allow", "toolsmith decides what an agent may do".to_owned()),
        Meaning::Run(name) => match engine.library().resolve(&name) {
            Ok(tool) => match may(&engine, &tool, &agent(call))? {
                MayRun::Yes => decided("allow", format!("{name} is approved and runs in the sandbox")),
                MayRun::No { why, .. } => decided("deny", why),
            },
            Err(error) => decided("deny", error.message),
        },
        Meaning::Other => direct(&catalog, engine.workspace(), &words).and_then(|tool| {
            let reason =
                format!("{} belongs to the tool {1}; `toolsmith run {1}` runs it in the sandbox", tool.path, tool.name);
            decided("ask", reason)
        }),
    })
}

/// Who is asked for: an agent in any case.
fn agent(call: &Call<'_>) -> Caller {
    Caller::Agent(call.globals.agent.clone().unwrap_or_else(|| "agent".to_owned()))
}

fn may(engine: &Engine, tool: &Tool, caller: &Caller) -> Result<MayRun, EngineError> {
    engine.runs().may(&engine.library().detail(tool)?, caller)
}

/// The tool whose file is started without this program.
fn direct<'c>(catalog: &'c CatalogView, workspace: &Path, words: &[String]) -> Option<&'c Tool> {
    // The program itself, or what an interpreter is given.
    let started = words.iter().take(2).map(|word| {
        let word = Path::new(word).strip_prefix(workspace).unwrap_or(Path::new(word));
        word.strip_prefix("./").unwrap_or(word).to_owned()
    });
    let started: Vec<_> = started.collect();
    catalog.tools.iter().map(AsRef::as_ref).find(|tool: &&Tool| {
        let folder = Path::new(&tool.path).parent().filter(|_| tool.path.ends_with("/tool.toml"));
        started
            .iter()
            .any(|file| file == Path::new(&tool.path) || folder.is_some_and(|folder| file.starts_with(folder)))
    })
}

/// After a tool of the client was used: what it wrote below the tools folder gets its review now.
fn after(call: &Call<'_>) -> Result<Option<Output>, EngineError> {
    let engine = call.open()?;
    let waiting = || -> Result<Vec<Review>, EngineError> { engine.reviews().list(ReviewFilter::Waiting) };
    let before: BTreeSet<ReviewId> = waiting()?.iter().map(|review| review.id).collect();
    engine.library().scan_for_one_answer()?;
    let new: Vec<String> = waiting()?
        .iter()
        .filter(|review| !before.contains(&review.id))
        .map(|review| format!("review {} of {} is pending: `toolsmith wait {}`", review.id, review.tool, review.id))
        .collect();
    Ok((!new.is_empty()).then(|| Output { additional_context: Some(new.join("\n")), ..Output::default() }))
}

/// What a command line is to this program.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// A call of this program that decides by itself what an agent may.
    Harmless,
    /// A run of this tool.
    Run(String),
    /// Something else.
    Other,
}

fn meaning(words: &[String]) -> Meaning {
    let [program, rest @ ..] = words else { return Meaning::Other };
    if program != "toolsmith" {
        return Meaning::Other;
    }
    // A file that this program would read for the agent is a question for the client.
    if rest.iter().any(|word| word.starts_with('@') || word.contains("=@") || word == "--file") {
        return Meaning::Other;
    }
    let mut rest = rest.iter().skip_while(|word| *word == "--json" || *word == "--no-color");
    let Some(row) = rest.next().and_then(|verb| action::by_name(verb)) else { return Meaning::Other };
    match (row.verb, row.agents) {
        (Verb::Run | Verb::RunStrict, _) => match rest.find(|word| !word.starts_with('-')) {
            Some(name) => Meaning::Run(name.clone()),
            None => Meaning::Other,
        },
        (_, Some(_)) => Meaning::Harmless,
        (_, None) => Meaning::Other,
    }
}

/// The words of a command line in which a shell replaces nothing, starts nothing else and redirects nothing.
fn plain_words(command: &str) -> Option<Vec<String>> {
    let mut quote = None;
    for c in command.trim().chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some('\''), '\n' | '\r') | (Some('"'), '$' | '`' | '\\' | '!' | '\n' | '\r') => return None,
            (Some(_), _) => {}
            (None, c) if c.is_ascii_alphanumeric() || " _./:=@,+%-".contains(c) => {}
            (None, _) => return None,
        }
    }
    let words = shell_words::split(command.trim()).ok()?;
    // `NAME=value program` sets a variable for it.
    (quote.is_none() && words.first().is_some_and(|first| !first.contains('='))).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str) -> Option<Meaning> {
        plain_words(command).map(|words| meaning(&words))
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
        ] {
            assert_eq!(of(command), None, "{command}");
        }
    }
}
