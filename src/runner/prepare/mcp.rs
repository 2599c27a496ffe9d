//! Runs that call a tool of an MCP server, or list its tools: the program is this program in a part of its own, which
//! starts the server inside the sandbox. What the server's own command needs is found as for any command.

use super::own::this_program;
use super::request::StartRequest;
use super::spec::Spec;
use super::{object, prepare_with};
use crate::domain::mcp::{McpCall, McpDefinition, McpOrder, ToolLock};
use crate::domain::{RunEnd, SuccessRule};
use crate::runner::result::success::OutputRule;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// The first argument that makes this program carry out the order on its standard input, a [`McpOrder`] in JSON.
pub const CALL_SERVER: &str = "--as-mcp-client";

/// Works out how a server is started, and what it is asked. The server itself is asked for its tools.
///
/// # Errors
/// [`RunEnd::Refused`] when nothing is recorded of the server, or not this tool; as [`super::prepare`] otherwise.
pub(super) fn server(request: &StartRequest, caller: &BTreeMap<OsString, OsString>) -> Result<Spec, RunEnd> {
    let refused = |message: String| RunEnd::Refused { message };
    let manifest = request.manifest;
    let definition = manifest.mcp.as_ref().ok_or_else(|| refused("it names no command to start".to_owned()))?;
    let call = definition.tool.as_ref().map(|tool| call_of(request, definition, tool)).transpose()?;
    let (mut spec, _) = prepare_with(request, caller, &[])?;
    let program = this_program(request)?.path;
    let words = std::iter::once(spec.plan.program.clone().into_os_string()).chain(spec.plan.args.iter().cloned());
    let command: Result<Vec<String>, OsString> = words.map(OsString::into_string).collect();
    let command = command.map_err(|word| refused(format!("{} is not valid UTF-8", word.to_string_lossy())))?;
    let server = definition.server.as_ref().unwrap_or(&manifest.name);
    let order = McpOrder { server: server.to_string(), command, protocol: definition.protocol, call };
    let order = serde_json::to_vec(&order).map_err(|error| refused(error.to_string()))?;
    let plan = &mut spec.plan;
    plan.args = vec![CALL_SERVER.into()];
    // It sees itself, as every run sees its program.
    plan.view.read.push(program.clone());
    plan.walls.read.push(program.clone());
    plan.policy.silent.push(program.clone());
    plan.program = program;
    spec.lead = 0;
    spec.stdin = Some(order);
    // The list of tools is no output of a tool.
    if definition.tool.is_none() {
        let recipe =
            manifest.recipe.clone().unwrap_or_else(|| crate::domain::Recipe::blank(crate::domain::InputMode::None));
        let success = SuccessRule { check_json: false, require_json: false, ..recipe.success };
        spec.rule = OutputRule::of(&crate::domain::Recipe { success, ..recipe }, None);
    }
    Ok(spec)
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
