//! Resolves a name typed by a human to one tool.

use crate::catalog;
use crate::domain::{Stage, Tool, ToolName, nearest_word, skipped_because};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::CatalogView;
use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Splits `NAME@VERSION` at the last `@`; a path may contain none.
pub fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() && !version.is_empty() => (name, Some(version)),
        _ => (text, None),
    }
}

/// Finds the row for a name, alias or path. A version after `@` narrows it by stated version or digest prefix; `None`
/// if the name exists but no row on disk has that version.
///
/// # Errors
/// `NotFound` for an unknown name, `Ambiguous` if rows of one stage with different content share it.
pub fn resolve(view: &CatalogView, text: &str) -> Result<Option<Arc<Tool>>, EngineError> {
    if let Some(tool) = view.tools.iter().find(|tool| tool.path == text) {
        return Ok(Some(Arc::clone(tool)));
    }
    let (name, version) = split(text);
    let owners = || view.tools.iter().filter(|tool| tool.facts.reserved.is_none());
    let named = |name: &str| -> Vec<&Arc<Tool>> { owners().filter(|tool| tool.name.as_str() == name).collect() };
    let mut rows = named(name);
    if rows.is_empty() {
        // The display name of another version may contain the name in capitals.
        rows = named(&name.trim().to_lowercase());
    }
    if rows.is_empty() {
        // An alias leads to the tools with that name, and the choice among them does not depend on the alias.
        // Otherwise, a proposed version could introduce an alias that runs it.
        let names: BTreeSet<&ToolName> =
            owners().filter(|tool| answers_to(tool, name)).map(|tool| &tool.name).collect();
        rows = owners().filter(|tool| names.contains(&tool.name)).collect();
    }
    if rows.is_empty() {
        return Err(reserved(view, name).unwrap_or_else(|| unknown(view, name)));
    }
    pick(rows, name, version)
}

/// The row of the file at a path relative to a folder. The path may contain `.` and `..`: `../x/tool.sh`.
pub fn at_path(tools: &[Arc<Tool>], workspace: &Path, folder: &Path, text: &str) -> Option<Arc<Tool>> {
    let wanted = clean(&folder.join(text));
    let mut found = tools
        .iter()
        .filter(|_| text.contains('/'))
        .filter(|tool| clean(&folder.join(workspace).join(&tool.path)) == wanted);
    found.next().map(Arc::clone)
}

/// A path without `.` and `..`. Links are not followed, as in rows.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

/// Chooses among the rows of a name.
fn pick(mut rows: Vec<&Arc<Tool>>, name: &str, version: Option<&str>) -> Result<Option<Arc<Tool>>, EngineError> {
    if version.is_none()
        && let Some(used) = rows.iter().find(|tool| tool.facts.in_session)
    {
        return Ok(Some(Arc::clone(used)));
    }
    if let Some(version) = version {
        rows.retain(|tool| tool.version.to_string() == version || tool.digest.starts_with(version));
    }
    let best = rows.iter().map(|tool| tool.stage.precedence()).max();
    rows.retain(|tool| Some(tool.stage.precedence()) == best);
    if rows.iter().any(|tool| tool.facts.approved) {
        // Other rows at the same stage are not approved.
        rows.retain(|tool| tool.facts.approved);
    }
    if rows.iter().any(|tool| tool.shadowed_by.is_none()) {
        // Among versions at the same stage, the one in use is chosen.
        rows.retain(|tool| tool.shadowed_by.is_none());
    }
    let Some(first) = rows.first() else { return Ok(None) };
    if rows.iter().any(|tool| tool.digest != first.digest) {
        let paths: Vec<&str> = rows.iter().map(|tool| tool.path.as_str()).collect();
        return Err(EngineError::new(
            ErrorCode::Ambiguous,
            format!("{name} matches {} different tools", rows.len()),
            format!("use a path: {}", paths.join(", ")),
        ));
    }
    Ok(Some(Arc::clone(first)))
}

/// The rows of a catalog by name, for many names at once.
pub struct Names<'v> {
    paths: HashMap<&'v str, &'v Arc<Tool>>,
    rows: HashMap<&'v str, Vec<&'v Arc<Tool>>>,
    /// The names of the tools with an alias.
    others: HashMap<&'v str, BTreeSet<&'v str>>,
}

impl<'v> Names<'v> {
    /// Reads every row once.
    pub fn of(tools: &'v [Arc<Tool>]) -> Names<'v> {
        let mut all = Names { paths: HashMap::new(), rows: HashMap::new(), others: HashMap::new() };
        for tool in tools {
            all.paths.insert(&tool.path, tool);
            if tool.facts.reserved.is_some() {
                continue;
            }
            all.rows.entry(tool.name.as_str()).or_default().push(tool);
            if tool.stage != Stage::Archived {
                for other in tool.aliases.iter().map(String::as_str).chain(tool.title.as_deref()) {
                    all.others.entry(other).or_default().insert(tool.name.as_str());
                }
            }
        }
        all
    }

    /// As [`resolve`], with a shorter error for an unknown name.
    ///
    /// # Errors
    /// Those of [`resolve`].
    pub fn resolve(&self, text: &str) -> Result<Option<Arc<Tool>>, EngineError> {
        if let Some(tool) = self.paths.get(text) {
            return Ok(Some(Arc::clone(tool)));
        }
        let (name, version) = split(text);
        let folded = name.trim().to_lowercase();
        let rows = self.rows.get(name).or_else(|| self.rows.get(folded.as_str())).cloned();
        let others = || {
            let names = self.others.get(name).into_iter().flatten();
            names.filter_map(|name| self.rows.get(name)).flatten().copied().collect()
        };
        let rows: Vec<&Arc<Tool>> = rows.unwrap_or_else(others);
        if rows.is_empty() {
            return Err(unknown_name(name, "`toolsmith list` shows every tool".to_owned()));
        }
        pick(rows, name, version)
    }
}

/// The row for a name without session selections; `None` if there is none or several.
pub fn usual(view: &CatalogView, name: &str) -> Option<Arc<Tool>> {
    let rows = view.tools.iter().filter(|tool| tool.name.as_str() == name && tool.stage != Stage::Archived);
    let mut used = rows.filter(|tool| tool.shadowed_by.is_none() && tool.facts.reserved.is_none());
    used.next().filter(|_| used.next().is_none()).map(Arc::clone)
}

/// Whether a tool has an alias.
fn answers_to(tool: &Tool, name: &str) -> bool {
    tool.stage != Stage::Archived
        && (tool.aliases.iter().any(|alias| alias == name) || tool.title.as_deref() == Some(name))
}

/// The error if a name matches only tools that may not use it.
fn reserved(view: &CatalogView, name: &str) -> Option<EngineError> {
    let goes_by = |tool: &&Arc<Tool>| tool.name.as_str() == name || answers_to(tool, name);
    let tool = view.tools.iter().filter(|tool| tool.facts.reserved.is_some()).find(goes_by)?;
    let message = format!("{name:?} does not refer to {}: {}", tool.path, tool.facts.reserved.as_deref()?);
    Some(EngineError::new(ErrorCode::NotFound, message, format!("use its path: {}", tool.path)))
}

fn unknown(view: &CatalogView, name: &str) -> EngineError {
    if let Some(error) = unknown_path(view, name) {
        return error;
    }
    let names: Vec<&str> = view.tools.iter().map(|tool| tool.name.as_str()).collect();
    let holds = |known: &&&str| known.contains(name) || name.contains(**known);
    let mut near: Vec<&str> = names.iter().filter(holds).take(3).copied().collect();
    if near.is_empty() {
        // A misspelt name has nearly the same length.
        let similar: Vec<&str> = names.into_iter().filter(|known| known.len().abs_diff(name.len()) <= 2).collect();
        near.extend(nearest_word(name, &similar));
    }
    let passed_over = view.skipped.iter().find(|file| is_called(&file.path, name));
    if let Some(file) = passed_over {
        let message = format!("{} is skipped: {}", file.path, skipped_because(file.kind));
        return EngineError::new(ErrorCode::NotFound, message, "`toolsmith list --skipped` lists all such files");
    }
    // A definition that cannot be read gives no tool.
    let stem = |path: &str| path.rsplit('/').any(|part| part.split('.').next() == Some(name));
    let is_broken = view.problems.iter().any(|problem| stem(&problem.path));
    let hint = if is_broken {
        format!("the definition of {name} has a problem: `toolsmith list --problems` shows it")
    } else if near.is_empty() {
        "`toolsmith list` shows every tool".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    unknown_name(name, hint)
}

/// The error for a path without a tool; `None` if the text is not a path, or if the file has a reported problem.
fn unknown_path(view: &CatalogView, path: &str) -> Option<EngineError> {
    let is_told = view.skipped.iter().any(|file| file.path == path) || view.problems.iter().any(|one| one.path == path);
    if is_told || !path.contains('/') {
        return None;
    }
    let is_outside = path.starts_with('/') || path.starts_with("../") || path.starts_with("~/");
    let hint = if is_outside {
        "copy the file to tools/experimental/, or add its folder to [[roots]] in toolsmith.toml; then `toolsmith list` shows it"
    } else {
        "write the path from the workspace folder, as `toolsmith list --json` shows it, or use the name of the tool"
    };
    let place = if is_outside { "the folders of this workspace have no tool at" } else { "there is no tool at" };
    Some(EngineError::new(ErrorCode::NotFound, format!("{place} {path}"), hint))
}

/// Whether a name refers to a file: its path, its name, or its name without the extension.
fn is_called(path: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    path == name || file == name || file.split('.').next() == Some(name)
}

fn unknown_name(name: &str, hint: String) -> EngineError {
    EngineError::new(ErrorCode::NotFound, format!("there is no tool {name:?}"), hint)
}

/// Refuses a name by which a new tool would not be found.
pub(in crate::engine) fn refuse_unusable_name(name: &str) -> Result<(), EngineError> {
    let refused = |message| Err(EngineError::new(ErrorCode::Usage, message, "choose another name"));
    catalog::unusable_name(name).map_or(Ok(()), refused)
}

/// Parses a tool name from a human or an agent.
pub(in crate::engine) fn tool_name(text: &str) -> Result<ToolName, EngineError> {
    ToolName::new(text).map_err(|error| {
        EngineError::new(ErrorCode::Usage, format!("{text:?} is not a tool name: {error}"), "use a-z 0-9 _ . - only")
    })
}
