//! Runs that call a tool of an MCP server, or list its tools. The program is this program in another role: it starts
//! the server inside the sandbox, or connects to it from there by HTTP. The needs of the server's own command are found
//! as for any command.

use super::own::{OwnPart, of_part, this_program};
use super::request::StartRequest;
use super::spec::Spec;
use super::{check_input, object, prepare_with, startable};
use crate::domain::mcp::{McpCall, McpDefinition, McpOrder, ServerProgram, ToolLock, sha256_hex};
use crate::domain::{HttpDefinition, Manifest, Network, RunEnd, SuccessRule};
use crate::runner::observer::{is_code_name, is_interpreter};
use crate::runner::result::success::OutputRule;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// The first argument that makes this program carry out the order on its standard input, a [`McpOrder`] in JSON.
pub const CALL_SERVER: &str = "--as-mcp-client";

/// How much longer than its call a run may take, because the client itself reports a timeout.
const TO_TELL: Duration = Duration::from_secs(2);

/// The size above which programs are not compared, in bytes.
const MOST_PROGRAM: u64 = 256 << 20;

/// Prepares the start of a server, and the request to it. The server itself is asked for its tools.
///
/// # Errors
/// [`RunEnd::Refused`] if nothing is recorded about the server, or about this tool; otherwise as [`super::prepare`].
pub(super) fn server(request: &StartRequest, caller: &BTreeMap<OsString, OsString>) -> Result<Spec, RunEnd> {
    let refused = |message: String| RunEnd::Refused { message };
    let manifest = request.manifest;
    let definition = manifest.mcp.as_ref().ok_or_else(|| refused("it names no command to start".to_owned()))?;
    let call = definition.tool.as_ref().map(|tool| call_of(request, definition, tool)).transpose()?;
    if let Some(remote) = &definition.remote {
        return by_url(request, caller, (definition, remote, call));
    }
    let none = Value::Object(Map::new());
    check_input(request, startable(manifest)?, request.input.unwrap_or(&none))?;
    // The input is for the tool, and must not get into the command of the server.
    let bare = Manifest { input: None, ..manifest.clone() };
    let (mut spec, _) = prepare_with(&StartRequest { manifest: &bare, input: None, ..*request }, caller, &[])?;
    let program = this_program(request)?.path;
    let words = std::iter::once(spec.plan.program.clone().into_os_string()).chain(spec.plan.args.iter().cloned());
    let command: Result<Vec<String>, OsString> = words.map(OsString::into_string).collect();
    let command = command.map_err(|word| refused(format!("{} is not valid UTF-8", word.to_string_lossy())))?;
    let server = definition.server.as_ref().unwrap_or(&manifest.name);
    let programs = programs_of(&command, &spec.plan.view.tool);
    let order = McpOrder {
        server: server.to_string(),
        command,
        remote: None,
        limit_ms: limit(&mut spec, manifest.recipe.as_ref().and_then(|recipe| recipe.timeout_ms)),
        programs,
        protocol: definition.protocol,
        call,
    };
    let order = serde_json::to_vec(&order).map_err(|error| refused(error.to_string()))?;
    let plan = &mut spec.plan;
    plan.args = vec![CALL_SERVER.into()];
    // The run can see its own program, like every run.
    plan.view.read.push(program.clone());
    plan.walls.read.push(program.clone());
    plan.policy.silent.push(program.clone());
    plan.policy.has_launcher = true;
    plan.program = program;
    spec.lead = 0;
    spec.stdin = Some(order);
    // The list of tools is not the output of a tool.
    if definition.tool.is_none() {
        let recipe =
            manifest.recipe.clone().unwrap_or_else(|| crate::domain::Recipe::blank(crate::domain::InputMode::None));
        let success = SuccessRule { check_json: false, require_json: false, ..recipe.success };
        spec.terms.rule = OutputRule::of(&crate::domain::Recipe { success, ..recipe }, None);
    }
    Ok(spec)
}

/// Prepares the request to a server that is reached by HTTP.
fn by_url(
    request: &StartRequest,
    caller: &BTreeMap<OsString, OsString>,
    (definition, remote, call): (&McpDefinition, &HttpDefinition, Option<McpCall>),
) -> Result<Spec, RunEnd> {
    let refused = |message: String| RunEnd::Refused { message };
    let manifest = request.manifest;
    if let Some(fault) = remote.fault(None, &manifest.permissions.env) {
        return Err(refused(fault));
    }
    let part = OwnPart::new(CALL_SERVER, remote.timeout_ms, call.is_some() && manifest.output.is_some());
    let none = Value::Object(Map::new());
    check_input(request, part.recipe(), request.input.unwrap_or(&none))?;
    // The list of tools is not the output of a tool.
    let listing = Manifest { output: None, ..manifest.clone() };
    let shown = if call.is_some() { manifest } else { &listing };
    let mut spec = of_part(&StartRequest { manifest: shown, ..*request }, caller, part)?;
    let server = definition.server.as_ref().unwrap_or(&manifest.name);
    if spec.grants().network == Network::None {
        let next = match call {
            Some(_) => String::new(),
            None => format!("; approve it, then run `toolsmith list-tools {server} --allow`"),
        };
        let message = format!(
            "its server is {}, but this run gets no network: only a version that you approved gets the network that it declares{next}",
            remote.host_words()
        );
        return Err(refused(message));
    }
    let order = McpOrder {
        server: server.to_string(),
        command: Vec::new(),
        remote: Some(remote.clone()),
        limit_ms: limit(&mut spec, remote.timeout_ms),
        programs: Vec::new(),
        protocol: definition.protocol,
        call,
    };
    spec.stdin = Some(serde_json::to_vec(&order).map_err(|error| refused(error.to_string()))?);
    Ok(spec)
}

/// How long the conversation may take, in milliseconds: the time limit of the run, or the limit in the definition if
/// that is lower. The run itself gets some more time, in which the client reports what it was waiting for.
fn limit(spec: &mut Spec, stated_ms: Option<u64>) -> u64 {
    let wall = spec.plan.limits.wall;
    let limit = stated_ms.map_or(wall, |stated| wall.min(Duration::from_millis(stated)));
    let wall = limit.saturating_add(TO_TELL);
    (spec.plan.limits.wall, spec.terms.limits.wall) = (wall, wall);
    u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)
}

/// The files that a command starts a server from and that are not part of the version: its program, or the script of an
/// interpreter. Interpreters change with every system update and are not compared.
fn programs_of(command: &[String], tool: &Path) -> Vec<ServerProgram> {
    let mut words = command.iter();
    let first = words.next().filter(|program| !is_interpreter(program.as_bytes()));
    let is_script = |word: &&String| word.starts_with('/') && is_code_name(word.as_bytes());
    let file = if command.first() == first { first } else { words.find(is_script) };
    file.filter(|file| !Path::new(file).starts_with(tool)).and_then(|file| program_at(file)).into_iter().collect()
}

/// A file with its digest, if it can be read.
fn program_at(path: &str) -> Option<ServerProgram> {
    let size = Path::new(path).metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    let bytes = (size <= MOST_PROGRAM).then(|| std::fs::read(path).ok()).flatten()?;
    Some(ServerProgram { path: path.to_owned(), sha256: sha256_hex(&bytes) })
}

fn call_of(request: &StartRequest, definition: &McpDefinition, tool: &str) -> Result<McpCall, RunEnd> {
    let refused = |message: String| RunEnd::Refused { message };
    let lock = match ToolLock::in_files(request.files) {
        Some(Ok(lock)) => lock,
        Some(Err(error)) => return Err(refused(format!("the list of tools of its server: {error}"))),
        None => return Err(refused("the tools of its server are not listed yet".to_owned())),
    };
    if lock.tool(tool).is_none() || !definition.offers(tool) {
        return Err(refused("its server does not offer this tool".to_owned()));
    }
    let none = Value::Object(Map::new());
    let arguments = Value::Object(object(request.input.unwrap_or(&none))?.clone());
    Ok(McpCall { tool: tool.to_owned(), arguments, lock })
}
