//! Definitions of services: created and changed with the options of `define`, or imported under a name.
//!
//! This approves nothing: it writes an experimental tool, which waits for its review like any other. It runs nothing,
//! except for `probe`, which asks a defined program for its capabilities.
//!
//! | file | is for |
//! | --- | --- |
//! | `changes` | options, and how they are written into a definition |
//! | `import` | definitions as text |
//! | `verbs` | `define` as the workbench calls it |
//! | `probe` | asking a program for its capabilities |
//! | `discovery` | finding capabilities in its texts |
//! | `help_text` | parsing commands and descriptions in a help text |
//! | `mcp` | listing its tools with the Model Context Protocol |
//! | `listing` | recording the tools of a server, `list-tools` |

mod changes;
mod discovery;
mod help_text;
mod import;
mod listing;
mod mcp;
mod probe;
mod verbs;

pub use changes::DefineOptions;
pub use discovery::{FoundCapability, ProbeSource};
pub use import::{Import, definition_of, read_definition};
pub(super) use verbs::VERBS;

use crate::catalog;
use crate::domain::service::PortPass;
use crate::domain::{
    Caller, Digest, FileMode, Kind, Manifest, Outcome, Request, RequestKind, ReviewId, ReviewState, Stage, Tool,
    ToolDetail, ToolName, VersionFile, is_secret_variable, propose, rfc3339,
};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::core::{self, Placed};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::resolve::tool_name;
use crate::engine::review::requests::Posting;
use crate::engine::workspace::Workspace;
use crate::runner;
use changes::Changes;
use import::Definition;
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A new definition before any option is applied. The name and the provenance are filled in.
const BLANK: &str = "version = \"0.1.0\"\ndescription = \"\"\nkind = \"service\"\n\
    capabilities = []\n\n[run]\ncommand = []\n\n[service]\nadapter = \"generic\"\n\n\
    [permissions]\nnetwork = []\nread = []\nwrite = []\nenv = []\nrun = []\n\n[provenance]\n";

/// The result of `define`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Defined {
    /// The operation, the review and a line for a human.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Name of the service.
    pub name: ToolName,
    /// The version that its definition states now.
    pub version: String,
    /// Path of the definition, relative to the workspace.
    pub path: String,
    /// Warnings about the definition, one sentence each.
    pub notes: Vec<String>,
    /// The capabilities that its program reports; empty if it was not asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<FoundCapability>,
}

/// Creating and changing definitions of services.
#[derive(Clone, Copy)]
pub struct Definitions<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl Definitions<'_> {
    /// Creates the definition of a service, or changes the given options in the existing definition.
    ///
    /// # Errors
    /// `Usage` for an invalid name or option, or if no option is given; `Conflict` when the name belongs to a different
    /// tool, or the definition has a form that cannot be changed; `Refused` when it is archived; `Failed` when the
    /// result cannot be read as a tool.
    pub fn define(
        &self,
        name: &str,
        options: &DefineOptions,
        from: Option<&Import<'_>>,
        caller: &Caller,
    ) -> Result<Defined, EngineError> {
        let name = tool_name(name)?;
        let changes = Changes::of(options)?;
        let there = self.there(&name)?;
        match (there, from) {
            (None, from) => {
                let (definition, rationale) = match from {
                    Some(import) => (import::read(import, &name)?, "Imported as the definition of a service"),
                    None => (blank(&name, caller, &changes)?, "Defined as a service"),
                };
                self.make(&name, definition, &changes, rationale, caller)
            }
            (Some(there), Some(import)) => self.same_or_clash(&there, import::read(import, &name)?, &changes),
            (Some(there), None) => self.change(&there, &changes, "", caller),
        }
    }

    /// The version with this name that a change applies to: experimental versions take precedence, because they are the
    /// newest.
    fn there(&self, name: &ToolName) -> Result<Option<Arc<Tool>>, EngineError> {
        let view = self.engine.library().catalog();
        let rows: Vec<&Arc<Tool>> = view.tools.iter().filter(|tool| tool.name == *name).collect();
        let is_open = |tool: &&&Arc<Tool>| tool.stage == Stage::Experimental && tool.evolved_from.is_none();
        let open: Vec<&Arc<Tool>> = rows.iter().filter(is_open).copied().collect();
        match open.as_slice() {
            [only] => return Ok(Some(Arc::clone(only))),
            [] => {}
            [first, second, ..] => {
                let message = format!("{name} is defined more than once: {} and {}", first.path, second.path);
                return Err(EngineError::new(ErrorCode::Conflict, message, "archive or rename one of them"));
            }
        }
        if let Some(live) = rows.iter().find(|tool| tool.stage != Stage::Archived) {
            return Ok(Some(Arc::clone(live)));
        }
        match rows.first() {
            Some(archived) => {
                let message = format!("{name} is archived: {}", archived.path);
                Err(EngineError::new(ErrorCode::Refused, message, "ask a human to restore it, or choose another name"))
            }
            None => Ok(None),
        }
    }

    /// Writes a new definition as an experimental tool; never overwrites anything.
    fn make(
        &self,
        name: &ToolName,
        mut definition: Definition,
        changes: &Changes,
        rationale: &str,
        caller: &Caller,
    ) -> Result<Defined, EngineError> {
        self.engine.versions().refuse_known_name(name)?;
        definition.change(changes)?;
        let (path, text) = (definition.file_name(), definition.text());
        let manifest = read_alone(name, path, &text)?;
        let described = match manifest.description.trim() {
            "" => format!("Service {name}"),
            words => words.to_owned(),
        };
        let request = json!({
            "kind": "ToolReviewRequest",
            "tool": name,
            "description": described,
            "rationale": rationale,
            "files": [{"path": path, "content": text}],
        });
        let posting = Posting { verb: "define", expires_at: None, replaces: None };
        let outcome = self.engine.requests().post(&request, caller, posting)?;
        let folder = core::stage_placement(Stage::Experimental, name).base;
        let message = format!("{folder} is a new experimental service; {}", outcome.message);
        Ok(defined(Outcome { message, ..outcome }, name, format!("{folder}/{path}"), &manifest))
    }

    /// For a name that is taken: there is nothing to do if the existing definition is the same; otherwise, it is a
    /// conflict.
    fn same_or_clash(
        &self,
        there: &Tool,
        mut definition: Definition,
        changes: &Changes,
    ) -> Result<Defined, EngineError> {
        let detail = self.engine.library().detail(there)?;
        definition.change(changes)?;
        let wanted = catalog::definition_fields(definition.file_name(), definition.text().as_bytes()).ok();
        if wanted.is_none() || import::stated(&detail) != wanted {
            let message = format!("{} already exists: {}", there.name, there.path);
            return Err(EngineError::new(ErrorCode::Conflict, message, "import it under another name"));
        }
        let message = format!("{} is already defined so; nothing was written", there.name);
        let outcome = Outcome { operation: None, review: None, message, commit: None, detail: json!({}) };
        Ok(defined(outcome, &there.name, there.path.clone(), &detail.manifest))
    }

    /// Applies the given options as a new version: it replaces an experimental version, and is written next to an
    /// approved version. `why` is for the record; empty if the change is self-explanatory.
    fn change(&self, there: &Tool, changes: &Changes, why: &str, caller: &Caller) -> Result<Defined, EngineError> {
        let name = &there.name;
        let conflict = |message: String, hint: &str| EngineError::new(ErrorCode::Conflict, message, hint);
        demand_service(there)?;
        if changes.is_empty() {
            let message = format!("{name} is defined already, and no option says what to change");
            let hint = "add --type, --executable, --description, --port, --capabilities, --launch-args, --health-check or --env; --probe asks its program what it can do";
            return Err(EngineError::new(ErrorCode::Usage, message, hint));
        }
        demand_own_folder(there)?;
        let files = self.engine.library().files_on_disk(there)?;
        let base = catalog::read_files(files, there).map_err(|problem| conflict(problem.message, &problem.hint))?;
        let Some((path, at)) = import::definition_file(&base) else {
            return Err(conflict(format!("{} no longer exists", there.path), "restore the file"));
        };
        let mut definition = Definition::read(path, &base.files[at].bytes)?;
        let before = definition.text();
        definition.change(changes)?;
        if definition.text() == before {
            let message = format!("{name} is already defined so; nothing was written");
            let outcome = Outcome { operation: None, review: None, message, commit: None, detail: json!({}) };
            return Ok(defined(outcome, name, there.path.clone(), &base.manifest));
        }
        let new = read_alone(name, path, &definition.text())?;
        let version = propose(&base.manifest, &new).after(&base.tool.version);
        definition.set_version(&version);
        let mut files = base.files.clone();
        files[at].bytes = definition.text().into_bytes();
        if there.stage == Stage::Experimental {
            self.replace(there, &base, (files, why), caller)
        } else {
            self.bring_beside(there, (files, why), &version, caller)
        }
    }

    /// Replaces a definition that is not approved with the changed definition; the previous bytes are kept.
    fn replace(
        &self,
        there: &Tool,
        base: &ToolDetail,
        (files, why): (Vec<VersionFile>, &str),
        caller: &Caller,
    ) -> Result<Defined, EngineError> {
        let new = catalog::read_files(files, there)
            .map_err(|problem| EngineError::new(ErrorCode::Failed, problem.placed(), problem.hint))?;
        let turn = self.engine.take_turn()?;
        let now = self.engine.library().files_on_disk(there)?;
        if Digest::of_files(&now) != base.tool.digest {
            let message = format!("the files of {} changed just now", there.name);
            return Err(EngineError::new(ErrorCode::Conflict, message, "check it again, then retry"));
        }
        self.workspace.copies.put(base.tool.digest, &base.files)?;
        self.workspace.copies.put(new.tool.digest, &new.files)?;
        let (before, after) = (Placed::of(&base.tool, &base.files), Placed::of(&new.tool, &new.files));
        let asker = caller.identity();
        let is_human = matches!(caller, Caller::Human(_));
        let step = self
            .workspace
            .transact(|tx| core::redefine(tx, self.workspace.actor(&asker), (&before, &after), why, is_human))?;
        let outcome = self.engine.finish(step)?;
        drop(turn);
        let review = self.waiting(&new.tool)?;
        let message = match review {
            Some(review) => format!("{}; review {review} of {} is pending", outcome.message, there.name),
            None => outcome.message.clone(),
        };
        let outcome = Outcome { review, message, ..outcome };
        Ok(defined(outcome, &there.name, new.tool.path.clone(), &new.manifest))
    }

    /// Writes a changed definition of an approved service to the experimental folder; the approved version stays in
    /// use.
    fn bring_beside(
        &self,
        there: &Tool,
        (files, why): (Vec<VersionFile>, &str),
        version: &semver::Version,
        caller: &Caller,
    ) -> Result<Defined, EngineError> {
        let name = &there.name;
        let placement = core::stage_placement(Stage::Experimental, name);
        let file = there.path.rsplit('/').next().unwrap_or("tool.toml");
        let row = Tool {
            path: format!("{}/{file}", placement.base),
            placement,
            stage: Stage::Experimental,
            version: version.clone(),
            ..there.clone()
        };
        let new = catalog::read_files(files, &row)
            .map_err(|problem| EngineError::new(ErrorCode::Failed, problem.placed(), problem.hint))?;
        self.workspace.copies.put(new.tool.digest, &new.files)?;
        let mut rationale = format!("Changed by define; made from {} {}", there.version, there.digest.short());
        if !why.is_empty() {
            rationale = format!("{why}. {rationale}");
        }
        let request = Request {
            kind: RequestKind::Tool,
            tool: Some(name.clone()),
            plan: None,
            description: new.manifest.description.clone(),
            rationale,
            test_results: Vec::new(),
            changes: Vec::new(),
            specification: None,
            successor: None,
            metadata: serde_json::Map::new(),
        };
        let outcome = self.engine.requests().bring(&request, &new, caller, "define", (None, &|| Ok(())))?;
        let message = format!(
            "{name} {version} is in {}; {} {} stays in use; {}",
            new.tool.placement.base, there.stage, there.version, outcome.message
        );
        Ok(defined(Outcome { message, ..outcome }, name, new.tool.path.clone(), &new.manifest))
    }

    /// The pending review of exactly this version.
    fn waiting(&self, tool: &Tool) -> Result<Option<ReviewId>, EngineError> {
        let waiting = self.workspace.read(|q| Ok(q.reviews(&[ReviewState::Waiting])?))?;
        let of_tool = |review: &&crate::domain::Review| review.tool == tool.name && review.digest == tool.digest;
        Ok(waiting.iter().find(of_tool).map(|review| review.id))
    }
}

/// The error for `--probe` together with other options.
pub fn not_alone(name: &str) -> EngineError {
    let hint = format!("change the definition first, then `toolsmith define {name} --probe`");
    EngineError::new(ErrorCode::Usage, "--probe takes no other option that changes the definition", hint)
}

/// Refuses a name that belongs to a tool which is not a service.
fn demand_service(there: &Tool) -> Result<(), EngineError> {
    if there.kind == Kind::Service {
        return Ok(());
    }
    let message = format!("{} is a {}, not a service: {}", there.name, there.kind, there.path);
    Err(EngineError::new(ErrorCode::Conflict, message, "choose another name"))
}

/// Refuses a definition that shares a file with others, or is not in its own folder.
fn demand_own_folder(there: &Tool) -> Result<(), EngineError> {
    if there.placement.exclusive && there.placement.entry().is_none() {
        return Ok(());
    }
    let message = format!("{} has no folder of its own: {}", there.name, there.path);
    let file = there.placement.entry().map_or(there.path.as_str(), |(file, _)| file);
    let hint = format!("change the file, or import it: `toolsmith define NEW-NAME --from {file}`");
    Err(EngineError::new(ErrorCode::Conflict, message, hint))
}

/// Parses a manifest on its own; its faults become the error for the caller.
fn read_alone(name: &ToolName, path: &str, text: &str) -> Result<Manifest, EngineError> {
    let file = VersionFile { path: path.to_owned(), mode: FileMode::Plain, bytes: text.as_bytes().to_vec() };
    let manifest = catalog::read_definition(&file)
        .map_err(|problem| EngineError::new(ErrorCode::Usage, format!("{name}: {}", problem.message), problem.hint))?;
    if manifest.kind == Kind::Service {
        return Ok(manifest);
    }
    let message = format!("{name}: its kind is {}, not service", manifest.kind);
    Err(EngineError::new(ErrorCode::Usage, message, "write kind = \"service\""))
}

/// A definition that contains only its name and its author.
fn blank(name: &ToolName, caller: &Caller, changes: &Changes) -> Result<Definition, EngineError> {
    if !changes.has_program() {
        let message = format!("{name} is not defined yet, and a new definition needs a program");
        return Err(EngineError::new(
            ErrorCode::Usage,
            message,
            "add --executable (the field executable of the form), or import one with --from",
        ));
    }
    let mut document: toml_edit::DocumentMut =
        format!("name = \"{name}\"\n{BLANK}").parse().map_err(EngineError::internal)?;
    let made = [
        ("created_by", caller.identity()),
        ("created_at", rfc3339(now())),
        ("generator", concat!("Toolsmith v", env!("CARGO_PKG_VERSION")).to_owned()),
    ];
    for (key, text) in made {
        document["provenance"][key] = toml_edit::value(text);
    }
    Ok(Definition::Native(document))
}

fn defined(outcome: Outcome, name: &ToolName, path: String, manifest: &Manifest) -> Defined {
    let (version, mut notes) = (manifest.version.to_string(), service_notes(manifest));
    notes.extend(program_note(manifest));
    Defined { outcome, name: name.clone(), version, path, notes, found: Vec::new() }
}

/// Why the program of a definition cannot be started, as far as this process can see.
fn program_note(manifest: &Manifest) -> Option<String> {
    let word = manifest.recipe.as_ref()?.command.first()?;
    let path = Path::new(word);
    if path.is_absolute() {
        if !path.is_file() {
            return Some(format!("there is no file {word}"));
        }
        // Which paths the others are is found out where they are granted.
        let is_declared = |declared: &String| !declared.starts_with('/') || path.starts_with(declared);
        let is_seen = runner::is_of_system(path) || manifest.permissions.read.iter().any(is_declared);
        return (!is_seen).then(|| runner::not_visible(path));
    }
    let is_name = !word.contains(['/', '{']);
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let is_missing = is_name && !folders.iter().any(|folder| folder.join(word).is_file());
    is_missing.then(|| format!("{word} is not installed, or not on PATH"))
}

/// Warnings about the definition of a service, one sentence each; empty for any other tool.
pub fn service_notes(manifest: &Manifest) -> Vec<String> {
    let Some(service) = &manifest.service else { return Vec::new() };
    let mut notes = Vec::new();
    if let Some(profile) = &service.profile {
        notes.push(format!("{profile:?} is not an adapter: the adapter {} is used", service.adapter));
    }
    if let Some(word) = manifest.extra.get("health_check") {
        notes.push(format!("the health check {word} is unknown: health is not checked"));
    }
    let env = manifest.recipe.iter().flat_map(|recipe| &recipe.env);
    for (name, _) in env.filter(|(name, value)| !value.is_empty() && is_secret_variable(name)) {
        notes.push(format!(
            "the value of {name} is in the definition for everybody to read: remove it, and name {name} in [permissions] env"
        ));
    }
    let reaches_host = service.ports.iter().any(|port| port.pass == PortPass::Bind);
    if reaches_host && !manifest.permissions.network.iter().any(|word| word == "full") {
        notes.push("a port with pass = \"bind\" needs network = [\"full\"] in [permissions]".to_owned());
    }
    notes
}
