//! `list-tools`: the server of a definition is started in a sandbox and lists its tools, and the list becomes a part of
//! its version, which needs its review like any change.

use super::import::{self, Definition};
use super::{Defined, Definitions, defined, demand_own_folder};
use crate::catalog;
use crate::domain::mcp::{LOCK_FILE, LockError, ToolLock, differences, starts_toolsmith};
use crate::domain::{Caller, Command, Kind, Outcome, SafeText, Stage, Tool, ToolDetail, VerbCall, VersionFile, plural};
use crate::engine::Engine;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::resolve::tool_name;
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::view::Preview;
use serde_json::json;

/// Largest list that is kept, in bytes: the catalog reads no larger definitions.
const MOST_LIST: usize = 256 * 1024;

/// Changes that are told in one line.
const MOST_TOLD: usize = 8;

/// The verb.
pub(super) const LIST_TOOLS: PlainVerb =
    PlainVerb { name: "list-tools", needs_catalog: true, preview, perform: Perform::LongHuman(perform) };

fn preview(engine: &Engine, call: &VerbCall) -> Result<Preview, EngineError> {
    let name = argument(call, "tool")?;
    let mut lines = match call.get("allow") {
        Some(_) => engine.preview(&allow(&*engine.library().resolve(name)?))?.lines,
        None => vec!["its server is started in a sandbox, with no more than a human allowed it".to_owned()],
    };
    lines.push(format!("the list is kept in {LOCK_FILE} beside its definition, and waits for a review"));
    Ok(Preview { title: format!("List the tools of {name}?"), lines, undo: "u (undo) reverts it".to_owned() })
}

/// That a server may do what it declares.
fn allow(server: &Tool) -> Command {
    Command::Allow { tool: server.definition().to_owned(), digest: server.digest }
}

fn perform(engine: &Engine, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
    let (name, allows, caller) = (argument(call, "tool")?, call.get("allow").is_some(), Caller::Human(who.to_owned()));
    let Defined { outcome, name, version, path, notes, .. } = engine.definitions().list_tools(name, allows, &caller)?;
    let told: Vec<&str> = notes.iter().take(MOST_TOLD).map(String::as_str).collect();
    let more = notes.len().saturating_sub(MOST_TOLD);
    let more = if more > 0 { format!("; {more} more changes") } else { String::new() };
    let told = if told.is_empty() { String::new() } else { format!(". {}{more}", told.join("; ")) };
    let message = format!("{}{told}", outcome.message);
    let detail = json!({ "name": name, "version": version, "path": path, "notes": notes });
    Ok(Outcome { message, detail, ..outcome })
}

impl Definitions<'_> {
    /// Starts the server of a definition and records the tools that it lists. With `allows` a human lets an approved server do
    /// what it declares.
    ///
    /// # Errors
    /// `NotFound` for an unknown name; `Conflict` for what is no server, or has no folder of its own; `Refused` where it may
    /// not be started; `Failed` when it lists no tools.
    pub fn list_tools(&self, name: &str, allows: bool, caller: &Caller) -> Result<Defined, EngineError> {
        let there = match tool_name(name) {
            Ok(name) => self.there(&name)?,
            Err(_) => None,
        };
        let there = there.map_or_else(|| self.engine.library().resolve(name), Ok)?;
        let detail = self.engine.library().detail(&there)?;
        let started = demand_server(&detail)?;
        demand_own_folder(&there)?;
        if allows {
            self.engine.execute(allow(&there), caller)?;
        }
        let base = catalog::read_files(self.engine.library().files_on_disk(&there)?, &there)
            .map_err(|problem| EngineError::new(ErrorCode::Conflict, problem.message, problem.hint))?;
        if base.tool.digest != detail.tool.digest {
            let message = format!("the files of {} changed just now", there.name);
            return Err(EngineError::new(ErrorCode::Conflict, message, "check it again, then retry"));
        }
        let failed = |why: String| {
            let message = format!("{} could not list its tools: {why}", there.name);
            let hint = "check its command; if it needs its permissions to list tools, approve it, then run list-tools with --allow";
            EngineError::new(ErrorCode::Failed, message, hint)
        };
        let answer = self.engine.runs().ask_server(&started, caller)?.map_err(failed)?;
        let lock = ToolLock::parse(&answer).map_err(|error| {
            failed(match error {
                // Its digests were made before the values of variables were taken out.
                LockError::Edited(tool) => {
                    format!("the tool {} contains a value that is redacted as a secret", SafeText::new(&tool))
                }
                other => SafeText::new(&other.to_string()).to_string(),
            })
        })?;
        self.keep_list(&there, &base, &lock, caller)
    }

    /// Writes the list, unless it is there already.
    fn keep_list(
        &self,
        there: &Tool,
        base: &ToolDetail,
        lock: &ToolLock,
        caller: &Caller,
    ) -> Result<Defined, EngineError> {
        let name = &there.name;
        let before = ToolLock::in_files(&base.files).and_then(Result::ok);
        if before.as_ref() == Some(lock) {
            let message = format!("{name} lists the recorded {}; nothing was written", tools(lock));
            let outcome = Outcome { operation: None, review: None, message, commit: None, detail: json!({}) };
            return Ok(defined(outcome, name, there.path.clone(), &base.manifest));
        }
        let mut notes = differences(before.as_ref(), lock);
        let mut files: Vec<VersionFile> = base.files.iter().filter(|file| file.path != LOCK_FILE).cloned().collect();
        let list = lock.file();
        if list.bytes.len() > MOST_LIST {
            let message =
                format!("the list of {name} has {} KiB; at most 256 KiB can be kept", list.bytes.len() / 1024);
            return Err(EngineError::new(ErrorCode::Failed, message, "let the server offer fewer tools"));
        }
        files.push(list);
        let why = format!("Tools listed by the server: {}", lock.tools.len());
        let kept = if there.stage == Stage::Experimental {
            files.sort_by(|a, b| a.path.cmp(&b.path));
            self.replace(there, base, (files, &why), caller)?
        } else {
            let mut version = there.version.clone();
            version = semver::Version::new(version.major, version.minor + 1, 0);
            if let Some(definition) = versioned_definition(base, &version) {
                files.retain(|file| file.path != definition.path);
                files.push(definition);
            }
            files.sort_by(|a, b| a.path.cmp(&b.path));
            self.bring_beside(there, (files, &why), &version, caller)?
        };
        let message = format!("recorded {} of {name}; {}", tools(lock), kept.outcome.message);
        notes.extend(kept.notes);
        Ok(Defined { outcome: Outcome { message, ..kept.outcome }, notes, ..kept })
    }
}

fn tools(lock: &ToolLock) -> String {
    plural(lock.tools.len(), "tool", "tools")
}

/// The definition with another version, where it can be written.
fn versioned_definition(base: &ToolDetail, version: &semver::Version) -> Option<VersionFile> {
    let (path, at) = import::definition_file(base)?;
    let mut definition = Definition::read(path, &base.files[at].bytes).ok()?;
    definition.set_version(version);
    Some(VersionFile { bytes: definition.text().into_bytes(), ..base.files[at].clone() })
}

/// The server as it is started to list its tools, although it is not run itself.
fn demand_server(detail: &ToolDetail) -> Result<ToolDetail, EngineError> {
    let name = &detail.tool.name;
    let conflict = |message: String, hint: String| Err(EngineError::new(ErrorCode::Conflict, message, hint));
    if let Some(server) = &detail.tool.server {
        return conflict(
            format!("{name} is a tool of the server {server}"),
            format!("`toolsmith list-tools {server}`"),
        );
    }
    if detail.tool.kind != Kind::Mcp || detail.manifest.mcp.is_none() {
        let hint = "write kind = \"mcp\" and the command of the server in [mcp]".to_owned();
        return conflict(format!("{name} is not an MCP server that can be started"), hint);
    }
    let command = detail.manifest.recipe.as_ref().map(|recipe| recipe.command.as_slice()).unwrap_or_default();
    if starts_toolsmith(command) {
        let message = format!("{name} starts `toolsmith mcp`: Toolsmith does not call itself as a server");
        return Err(EngineError::new(ErrorCode::Refused, message, "name another server"));
    }
    let mut started = detail.clone();
    if started.tool.stage != Stage::Archived {
        (started.tool.runnable, started.tool.reason) = (true, None);
    }
    Ok(started)
}
