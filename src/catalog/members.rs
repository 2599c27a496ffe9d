//! Rows of tools that MCP servers list. They come from the list stored next to the definition of the server; nothing is
//! started.
//!
//! Such a row is a part of the version of its server: same files, same digest, same place, one approval for all.

use super::cache::Scanned;
use super::limits;
use super::mcp::is_about_server_only;
use super::obstacle::Obstacle;
use super::other_words;
use super::reading::ParsedVersion;
use crate::domain::mcp::{LOCK_FILE, LockedTool, McpDefinition, ToolLock, member_names};
use crate::domain::{
    Manifest, Problem, ProblemCode, SafeText, Texts, Tool, ToolName, VersionFile, hidden_label, schema_fault,
    unusable_schema,
};

/// The row of a version, and where it is a server those of its tools.
pub(super) fn scanned(tool: Tool, reading: ParsedVersion, files: &[VersionFile]) -> Vec<Scanned> {
    let ParsedVersion { manifest, needed, obstacle, .. } = reading;
    let members: Vec<Scanned> = members(&tool, &manifest, files)
        .into_iter()
        .map(|member| match member {
            Ok((tool, own)) => {
                let shared = obstacle.clone().filter(|obstacle| !is_about_server_only(obstacle));
                Scanned::Tool { tool: Box::new(tool), needed: needed.clone(), obstacle: shared.or(own) }
            }
            Err(problem) => Scanned::Problem(problem),
        })
        .collect();
    let own = Scanned::Tool { tool: Box::new(tool), needed, obstacle };
    std::iter::once(own).chain(members).collect()
}

/// Makes of what was read of a server what is known of one of its tools; `known` is the row of the tool.
///
/// # Errors
/// A [`Problem`] when the server does not list the tool any more.
pub(super) fn narrow(
    row: &mut Tool,
    reading: &mut ParsedVersion,
    known: &Tool,
    files: &[VersionFile],
) -> Result<(), Problem> {
    let Some(server) = &known.server else { return Ok(()) };
    let found = lock_of(&reading.manifest, files).and_then(|(definition, lock)| {
        let wire = member_names(server, &lock).into_iter().find(|member| member.name.as_ref() == Ok(&known.name))?.wire;
        Some((lock.tool(&wire)?.clone(), definition)).filter(|_| definition.offers(&wire))
    });
    let Some((locked, definition)) = found else {
        let message = format!("{server} has no tool {} in {LOCK_FILE}", known.name);
        return Err(problem(&known.path, message, server));
    };
    let definition = definition.clone();
    row.name.clone_from(server);
    let own = become_member(row, &locked, known.name.clone());
    reading.manifest = manifest_of(&reading.manifest, (server, &definition), &locked, &known.name);
    let shared = reading.obstacle.take().filter(|obstacle| !is_about_server_only(obstacle));
    reading.obstacle = shared.or(own);
    Ok(())
}

fn lock_of<'m>(manifest: &'m Manifest, files: &[VersionFile]) -> Option<(&'m McpDefinition, ToolLock)> {
    Some((manifest.mcp.as_ref()?, ToolLock::in_files(files)?.ok()?))
}

type Member = Result<(Tool, Option<Obstacle>), Problem>;

fn members(server: &Tool, manifest: &Manifest, files: &[VersionFile]) -> Vec<Member> {
    let Some((definition, lock)) = lock_of(manifest, files) else { return Vec::new() };
    let chosen = member_names(&server.name, &lock).into_iter().filter(|member| definition.offers(&member.wire));
    let of_member = |member: crate::domain::mcp::MemberName| {
        let locked = lock.tool(&member.wire)?;
        Some(
            member
                .name
                .map_err(|why| {
                    let wire = SafeText::new(&member.wire).to_string();
                    let message = format!("the tool {wire} of {} has no row: {}", server.name, SafeText::new(&why));
                    let hint = "choose tools by their names in `tools` of [mcp], so that names are unique".to_owned();
                    Problem { path: server.path.clone(), line: None, code: ProblemCode::NameClash, message, hint }
                })
                .map(|name| {
                    let mut row = server.clone();
                    let obstacle = become_member(&mut row, locked, name);
                    (row, obstacle)
                }),
        )
    };
    let missing = definition.tools.iter().filter(|wire| lock.tool(wire).is_none()).map(|wire| {
        let wire = SafeText::new(wire).to_string();
        Err(problem(&server.path, format!("{} has no tool {wire}, which `tools` names", server.name), &server.name))
    });
    chosen.filter_map(of_member).chain(missing).collect()
}

fn problem(path: &str, message: String, server: &ToolName) -> Problem {
    let hint = format!("remove it from `tools`, or list the tools again: `toolsmith list-tools {server}`");
    Problem { path: path.to_owned(), line: None, code: ProblemCode::MissingField, message, hint }
}

/// Makes the row of a server that of one of its tools; what keeps that tool from being run.
fn become_member(row: &mut Tool, locked: &LockedTool, name: ToolName) -> Option<Obstacle> {
    row.path = Tool::member_path(&row.path, &name);
    row.server = Some(std::mem::replace(&mut row.name, name));
    row.title = None;
    row.description = match locked.description().trim().char_indices().nth(limits::ROW_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &locked.description().trim()[..end]),
        None => locked.description().trim().to_owned(),
    };
    row.idempotent = locked.is_idempotent();
    row.keywords = Texts::default();
    row.use_cases = Texts::default();
    row.capabilities.clear();
    row.aliases.clear();
    row.other_words = other_words::of_schema(locked.schema("inputSchema"));
    let schema = locked.schema("inputSchema")?;
    if let Some(label) = hidden_label(schema) {
        let label = SafeText::new(label);
        return Some(Obstacle::Incomplete(format!("a name or title in its schema has hidden characters: {label}")));
    }
    if let Some(fault) = schema_fault(schema) {
        return Some(Obstacle::Incomplete(format!("no input fits its schema: {}", SafeText::new(&fault))));
    }
    let why = unusable_schema(schema)?;
    Some(Obstacle::Incomplete(format!("its input schema is not valid: {}", SafeText::new(&why))))
}

fn manifest_of(
    whole: &Manifest,
    (server, definition): (&ToolName, &McpDefinition),
    locked: &LockedTool,
    name: &ToolName,
) -> Manifest {
    let mut manifest = whole.clone();
    manifest.name = name.clone();
    manifest.title = None;
    locked.description().clone_into(&mut manifest.description);
    manifest.idempotent = locked.is_idempotent();
    for words in [&mut manifest.keywords, &mut manifest.use_cases, &mut manifest.capabilities, &mut manifest.aliases] {
        words.clear();
    }
    manifest.examples.clear();
    manifest.tests.clear();
    manifest.input = locked.schema("inputSchema").cloned();
    manifest.output = locked.schema("outputSchema").cloned();
    if let Some(recipe) = &mut manifest.recipe {
        recipe.success.require_json = manifest.output.is_some();
    }
    manifest.mcp = Some(McpDefinition {
        server: Some(server.clone()),
        tool: Some(locked.name().to_owned()),
        ..definition.clone()
    });
    manifest
}
