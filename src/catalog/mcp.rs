//! The `[mcp]` table of our own manifests: a server of the Model Context Protocol that a run starts, or reaches by HTTP,
//! and what keeps its tools from being run.

use super::argv::CommandWords;
use super::fields::TableFields;
use super::obstacle::Obstacle;
use super::requests;
use crate::domain::mcp::{LOCK_FILE, McpDefinition, McpProtocol, ToolLock, command_fault, member_names};
use crate::domain::{
    HttpDefinition, IS_SERVER, InputMode, Kind, Manifest, Problem, Recipe, SafeText, SuccessRule, VersionFile,
};

/// Reads the `[mcp]` table of a manifest; returns the command that it names. Returns nothing for a definition without
/// one, or with another kind.
pub(super) fn table(
    fields: &mut TableFields<'_, '_>,
    manifest: &mut Manifest,
) -> Result<Option<CommandWords>, Problem> {
    if fields.peek("mcp").is_none() {
        return Ok(None);
    }
    let mut table = fields.table("mcp")?;
    if table.peek("command").is_none() && table.peek("url").is_none() {
        fields.give_back("mcp", table.rest());
        return Ok(None);
    }
    if table.peek("command").is_some() && table.peek("url").is_some() {
        return Err(table.bad("url", "mcp has both command and url".to_owned(), "keep one of the two"));
    }
    if table.peek("idle").is_some() {
        let message = "mcp.idle has no effect: each call starts the server, which ends with the call".to_owned();
        return Err(table.bad("idle", message, "remove idle; timeout limits a call"));
    }
    let mut definition = McpDefinition {
        tools: table.words("tools")?,
        protocol: table.word("protocol")?.unwrap_or(McpProtocol::Auto),
        remote: None,
        server: None,
        tool: None,
    };
    let timeout_ms = table.milliseconds("timeout")?;
    if let Some(url) = table.text("url")? {
        let headers = requests::headers(&mut table)?;
        table.nothing_else()?;
        let method = "POST".to_owned();
        definition.remote = Some(HttpDefinition { method, headers, timeout_ms, ..HttpDefinition::get(url) });
        manifest.mcp = Some(definition);
        if manifest.permissions.network.is_empty() && fields.peek("permissions").is_none() {
            manifest.permissions.network = vec!["full".to_owned()];
        }
        return Ok(None);
    }
    let command = CommandWords(table.words("command")?);
    table.nothing_else()?;
    if command.0.is_empty() {
        return Err(table.bad("command", "mcp.command is empty".to_owned(), "name the program of the server"));
    }
    let success = SuccessRule { check_json: false, ..SuccessRule::default() };
    manifest.recipe = Some(Recipe { timeout_ms, success, ..Recipe::blank(InputMode::StdinJson) });
    manifest.mcp = Some(definition);
    Ok(Some(command))
}

/// Why a server can never be started; `None` for every other kind.
pub(super) fn forbidden_command(manifest: &Manifest, command: &CommandWords) -> Option<Obstacle> {
    manifest.mcp.as_ref()?;
    let why = command_fault(&command.0)?;
    Some(Obstacle::Forbidden(format!("its command {why}")))
}

/// Why a server and its tools cannot run; `None` for every other kind.
pub(super) fn obstacle(manifest: &Manifest, files: &[VersionFile]) -> Option<Obstacle> {
    if manifest.kind != Kind::Mcp || manifest.mcp.is_none() {
        return None;
    }
    let name = &manifest.name;
    let incomplete = |why: String| Some(Obstacle::Incomplete(why));
    match ToolLock::in_files(files) {
        None => incomplete(format!("its tools are not listed yet: run `toolsmith list-tools {name}`")),
        Some(Err(error)) => {
            let error = SafeText::new(&error.to_string()).to_string();
            incomplete(format!("{LOCK_FILE}: {error}; run `toolsmith list-tools {name}`"))
        }
        Some(Ok(lock)) => {
            let names = member_names(name, &lock).into_iter().filter_map(|member| member.name.ok());
            let example = names.map(|name| format!(", for example {name}")).next().unwrap_or_default();
            incomplete(format!("{IS_SERVER}{example}"))
        }
    }
}

/// Whether this only says that a server itself is not run: its tools can run.
pub(super) fn is_about_server_only(obstacle: &Obstacle) -> bool {
    matches!(obstacle, Obstacle::Incomplete(why) if why.starts_with(IS_SERVER))
}
