//! `list-tools`: the server of a definition is started in a sandbox and lists its tools, and the list becomes a part of
//! its version, which needs its review like any change.

use super::import::{self, Definition};
use super::{Defined, Definitions, defined, demand_own_folder};
use crate::catalog;
use crate::domain::mcp::{LOCK_FILE, LockedTool, ToolLock, command_fault, differences};
use crate::domain::{
    Caller, Command, Kind, Manifest, Outcome, SafeText, Stage, Tool, ToolDetail, VerbCall, VersionFile, plural,
};
use crate::engine::Engine;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::resolve::tool_name;
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::view::Preview;
use serde_json::json;
use std::sync::Arc;

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
        Some(_) => {
            let definitions = engine.definitions();
            let Versions { kept, approved } = definitions.versions_of(name)?;
            engine.preview(&allow(&approved.unwrap_or(kept)))?.lines
        }
        None => vec!["its server is started or asked in a sandbox, with no more than a human allowed it".to_owned()],
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
    /// `NotFound` for an unknown name; `Conflict` for what is not a server, or has no folder of its own; `Refused`
    /// where it may not be started; `Failed` when it lists no tools.
    pub fn list_tools(&self, name: &str, allows: bool, caller: &Caller) -> Result<Defined, EngineError> {
        let versions = self.versions_of(name)?;
        let Versions { kept, approved } = &versions;
        let detail = self.engine.library().detail(kept)?;
        demand_server(&detail)?;
        demand_own_folder(kept)?;
        // A list that waits is taken again as the approved version is started: the other one may do nothing yet.
        let approved = approved.as_ref().map(|row| self.engine.library().detail(row)).transpose()?;
        let started = approved.as_ref().filter(|approved| starts_alike(approved, &detail)).unwrap_or(&detail);
        let started = demand_server(started)?;
        if allows && !self.engine.runs().is_allowed(&started, caller)? {
            self.engine.execute(allow(&started.tool), caller)?;
        }
        let base = catalog::read_files(self.engine.library().files_on_disk(kept)?, kept)
            .map_err(|problem| EngineError::new(ErrorCode::Conflict, problem.message, problem.hint))?;
        if base.tool.digest != detail.tool.digest {
            let message = format!("the files of {} changed just now", kept.name);
            return Err(EngineError::new(ErrorCode::Conflict, message, "check it again, then retry"));
        }
        let failed = |why: String| {
            let message = format!("{} could not list its tools: {why}", kept.name);
            let hint = "check its command or URL; if it needs its permissions to list tools, approve it, then run list-tools with --allow";
            EngineError::new(ErrorCode::Failed, message, hint)
        };
        let answer = self.engine.runs().ask_server(&started, caller)?.map_err(failed)?;
        // The values of variables, and what looks like a secret, are taken out of what a run writes.
        let lock = ToolLock::received(&answer);
        let lock = lock.map_err(|error| failed(SafeText::new(&error.to_string()).to_string()))?;
        let reviewed = approved.as_ref().and_then(|approved| ToolLock::in_files(&approved.files)?.ok());
        self.keep_list((kept, &base), &lock, reviewed.as_ref(), caller)
    }

    /// The version of a server whose list is written, and the approved one next to it.
    fn versions_of(&self, name: &str) -> Result<Versions, EngineError> {
        let there = match tool_name(name) {
            Ok(name) => self.there(&name)?,
            Err(_) => None,
        };
        let there = there.map_or_else(|| self.engine.library().resolve(name), Ok)?;
        let view = self.engine.library().catalog();
        let at = |wanted: fn(Stage) -> bool| {
            view.tools.iter().find(|tool| tool.name == there.name && wanted(tool.stage)).cloned()
        };
        let approved = at(Stage::is_vouched);
        // A version that waits beside the approved one is rewritten.
        let waits = at(|stage| stage == Stage::Experimental);
        Ok(Versions { kept: waits.unwrap_or(there), approved })
    }

    /// Writes the list, unless it is there already.
    fn keep_list(
        &self,
        (there, base): (&Tool, &ToolDetail),
        lock: &ToolLock,
        reviewed: Option<&ToolLock>,
        caller: &Caller,
    ) -> Result<Defined, EngineError> {
        let name = &there.name;
        let before = ToolLock::in_files(&base.files).and_then(Result::ok);
        if before.as_ref() == Some(lock) {
            let message = format!("{name} lists the recorded {}; nothing was written", tools(lock));
            let outcome = Outcome { operation: None, review: None, message, commit: None, detail: json!({}) };
            return Ok(defined(outcome, name, there.path.clone(), &base.manifest));
        }
        // What was approved is what a human knows.
        let mut notes = differences(reviewed.or(before.as_ref()), lock);
        notes.extend(lock.tools.iter().filter(|tool| tool.redacted_sha256.is_some()).map(redacted));
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

/// The versions of a server that matter when it lists its tools.
struct Versions {
    /// The one whose list is written.
    kept: Arc<Tool>,
    /// The one that humans approved.
    approved: Option<Arc<Tool>>,
}

/// Whether two versions start the same server: they differ in their lists and in their numbers only.
fn starts_alike(one: &ToolDetail, other: &ToolDetail) -> bool {
    let code = |detail: &ToolDetail| {
        let definition = import::definition_file(detail).map(|(path, _)| path.to_owned());
        let is_other = |file: &&VersionFile| file.path != LOCK_FILE && Some(&file.path) != definition.as_ref();
        let mut files: Vec<VersionFile> = detail.files.iter().filter(is_other).cloned().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    };
    let manifest = Manifest { version: one.manifest.version.clone(), ..other.manifest.clone() };
    one.manifest == manifest && code(one) == code(other)
}

fn redacted(tool: &LockedTool) -> String {
    let name = SafeText::new(tool.name());
    format!("{name} holds text that looks like a secret: it is shown redacted, and recorded by its digest")
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
        let hint = "write kind = \"mcp\" and the command or url of the server in [mcp]".to_owned();
        return conflict(format!("{name} is not an MCP server that can be started"), hint);
    }
    let command = detail.manifest.recipe.as_ref().map(|recipe| recipe.command.as_slice()).unwrap_or_default();
    if let Some(why) = command_fault(command) {
        return Err(EngineError::new(ErrorCode::Refused, format!("the command of {name} {why}"), "change its command"));
    }
    let mut started = detail.clone();
    if started.tool.stage != Stage::Archived {
        (started.tool.runnable, started.tool.reason) = (true, None);
    }
    Ok(started)
}
