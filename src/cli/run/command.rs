//! `run --show`: shows what a run would start.

use crate::cli::call::{Answer, Call};
use crate::cli::print_text::{Ink, Page, StyledLine};
use crate::cli::{input, piped};
use crate::domain::{HttpRequest, Manifest, is_secret_input, validate};
use crate::engine::{CommandLine, EngineError, ErrorCode};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::io;

/// The maximum number of characters shown of standard input, or of the body of a request.
const SHOWN_STDIN: usize = 2_000;

/// How one input field is passed.
#[derive(Serialize)]
struct Way {
    input: String,
    way: String,
}

/// The replacement for a secret.
const MASK: &str = "masked";

/// What a run would do.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::cli) enum Shown {
    Command(ShownCommand),
    Request(ShownRequest),
    Prompt(ShownPrompt),
}

/// The request that a run would send, with the values of variables masked.
#[derive(Serialize)]
pub(in crate::cli) struct ShownRequest {
    tool: String,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    invalid: Option<String>,
}

/// The prompt that a run would send to a generator.
#[derive(Serialize)]
pub(in crate::cli) struct ShownPrompt {
    tool: String,
    system: String,
    prompt: String,
    invalid: Option<String>,
}

/// The command that a run would start, with secrets masked.
#[derive(Serialize)]
pub(in crate::cli) struct ShownCommand {
    tool: String,
    /// The command line, quoted for a shell.
    line: String,
    #[serde(flatten)]
    command: CommandLine,
    inputs: Vec<Way>,
    /// Why the run would not start with this input.
    invalid: Option<String>,
}

/// Determines what a run would start, send or ask.
///
/// # Errors
///
/// Those of finding a tool and reading its input, and [`ErrorCode::Usage`] for a missing value.
pub(super) fn shown(call: &Call<'_>) -> Result<Shown, EngineError> {
    let given = input::given(call)?.with_words(call.texts("word"));
    let (engine, _catalog) = call.open_catalog()?;
    let tool = engine.library().resolve(call.required("tool")?)?;
    let detail = engine.library().detail(&tool)?;
    let manifest = &detail.manifest;
    let input = piped::with_piped(manifest, given)?.unwrap_or_else(|| Value::Object(Map::new()));
    let schema = manifest.input.as_ref().filter(|_| manifest.asked(&input).is_none());
    let invalid = schema.and_then(|schema| {
        let judged = manifest.recipe.as_ref().map_or(Cow::Borrowed(&input), |recipe| recipe.without_piped(&input));
        let violation = validate(schema, &judged).into_iter().next()?;
        Some(format!("input{}: {}", violation.path, violation.message))
    });
    let none = |what: &str, why: String| {
        let hint = format!("`toolsmith show {}` lists its inputs", tool.name);
        EngineError::new(ErrorCode::Usage, format!("there is no {what}: {why}"), hint)
    };
    let name = tool.name.to_string();
    let schema = manifest.input.as_ref();
    let fields = &masked(&input, schema);
    if let Some(http) = &manifest.http {
        let request = http.request(fields, schema, &|_| Some(MASK.to_owned())).map_err(|why| none("request", why))?;
        let HttpRequest { method, url, headers, body, .. } = request;
        let body = body.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        return Ok(Shown::Request(ShownRequest { tool: name, method, url, headers, body, invalid }));
    }
    if let Some((definition, remote)) = manifest.mcp.as_ref().and_then(|mcp| Some((mcp, mcp.remote.as_ref()?))) {
        let request = remote.request(&Map::new(), None, &|_| Some(MASK.to_owned()));
        let HttpRequest { method, url, headers, .. } = request.map_err(|why| none("request", why))?;
        let params = json!({ "name": definition.tool, "arguments": fields });
        let body = Some(json!({ "method": "tools/call", "params": params }).to_string());
        return Ok(Shown::Request(ShownRequest { tool: name, method, url, headers, body, invalid }));
    }
    if let Some(prompt) = &manifest.prompt {
        let question = prompt.question(fields, schema).map_err(|why| none("prompt", why))?;
        let (system, prompt) = (question.system, question.request);
        return Ok(Shown::Prompt(ShownPrompt { tool: name, system, prompt, invalid }));
    }
    let view = engine.dependencies().command_view(&detail);
    let command = view.line(manifest, &input).map_err(|why| none("command line", why))?;
    Ok(Shown::Command(ShownCommand { tool: name, line: command.to_string(), command, inputs: ways(manifest), invalid }))
}

/// The fields of an input, with secrets masked.
fn masked(input: &Value, schema: Option<&Value>) -> Map<String, Value> {
    let fields = input.as_object().into_iter().flatten();
    let mask = |(name, value): (&String, &Value)| {
        let is_secret = is_secret_input(name, schema);
        (name.clone(), if is_secret { Value::String(MASK.to_owned()) } else { value.clone() })
    };
    fields.map(mask).collect()
}

fn ways(manifest: &Manifest) -> Vec<Way> {
    let Some(recipe) = &manifest.recipe else { return Vec::new() };
    let fields = manifest.input.as_ref().and_then(|schema| schema["properties"].as_object());
    fields.into_iter().flatten().map(|(name, _)| Way { input: name.clone(), way: recipe.way_of(name) }).collect()
}

impl Answer for Shown {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let (invalid, end) = match self {
            Shown::Command(shown) => {
                shown.lines(page)?;
                (&shown.invalid, "nothing was started")
            }
            Shown::Request(shown) => {
                shown.lines(page)?;
                (&shown.invalid, "nothing was sent; secrets are masked")
            }
            Shown::Prompt(shown) => {
                shown.lines(page)?;
                (&shown.invalid, "nothing was asked")
            }
        };
        if let Some(why) = invalid {
            page.field("invalid", Ink::Bad, why)?;
        }
        page.line(&StyledLine::new().put(Ink::Dim, end))
    }

    fn exit_code(&self) -> u8 {
        let (Shown::Command(ShownCommand { invalid, .. })
        | Shown::Request(ShownRequest { invalid, .. })
        | Shown::Prompt(ShownPrompt { invalid, .. })) = self;
        u8::from(invalid.is_some())
    }
}

impl ShownRequest {
    fn lines(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(&StyledLine::new().put(Ink::Strong, format!("{} {}", self.method, self.url)))?;
        for (name, value) in &self.headers {
            page.field(name, Ink::Plain, value)?;
        }
        if let Some(body) = &self.body {
            page.field("body", Ink::Plain, body.chars().take(SHOWN_STDIN).collect::<String>())?;
        }
        Ok(())
    }
}

impl ShownPrompt {
    fn lines(&self, page: &mut Page<'_>) -> io::Result<()> {
        for (name, text) in [("system", &self.system), ("prompt", &self.prompt)] {
            if text.is_empty() {
                continue;
            }
            page.line(&StyledLine::new().put(Ink::Strong, name))?;
            for line in text.lines() {
                page.line(&StyledLine::new().put(Ink::Plain, format!("  {line}")))?;
            }
        }
        Ok(())
    }
}

impl ShownCommand {
    fn lines(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(&StyledLine::new().put(Ink::Strong, &self.line))?;
        if let Some(stdin) = &self.command.stdin {
            page.field("stdin", Ink::Plain, stdin.chars().take(SHOWN_STDIN).collect::<String>())?;
        }
        for Way { input, way } in &self.inputs {
            page.field(input, Ink::Dim, way)?;
        }
        Ok(())
    }
}
