//! Tools that do what another tool does: copies byte by byte, and the same thing written once more.
//!
//! Agents write a tool again because they did not find the first one. How much two tools are alike, and from where on
//! that is too much, is said by [`crate::insight::alike`] alone, which `similar` and upkeep ask as well.

#[cfg(test)]
mod tests;

use super::started::sources;
use super::{CheckContext, Library};
use crate::domain::source::{self, Language, text_of};
use crate::domain::{CheckReport, Finding, Severity, Tool, ToolDetail, VersionFile};
use crate::insight::alike::{CodeFingerprint, Likeness, NEAR};
use std::collections::HashMap;
use std::sync::Arc;
use tree_sitter::Node;

/// How many similar tools are told.
const MAX_TOLD: usize = 5;

/// A script of fewer words may only start another file.
const STARTER: usize = 30;

/// A tool that resembles another.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// The row of it.
    pub tool: Arc<Tool>,
    /// How much, and what it shares.
    pub likeness: Likeness,
    /// Whether all files are the same.
    pub is_copy: bool,
}

/// What a version executes as far as it is compared: the code of its script, and of its other files where that is too
/// little (those may be files that several tools share); the words of its script where no grammar reads that, and of its
/// command where it has no script. `None` when it is too little.
pub fn code_of(version: &ToolDetail) -> Option<CodeFingerprint> {
    let recipe = version.manifest.recipe.as_ref();
    let entry = recipe.and_then(|recipe| recipe.entry.as_deref());
    // One of several in a file: the file is that of all of them.
    let is_one_of_several = version.tool.placement.entry().is_some();
    if let Some(function) = recipe.and_then(|recipe| recipe.function.as_deref()).filter(|_| is_one_of_several) {
        return code_of_function(version, entry?, function);
    }
    // `make install` says nothing of what the file does.
    if is_one_of_several {
        return None;
    }
    let sources = sources(version);
    if !sources.is_empty() {
        let of_files = |is_meant: &dyn Fn(&str) -> bool| {
            let meant = sources.iter().filter(|(path, ..)| is_meant(path));
            CodeFingerprint::of(meant.map(|(_, language, text)| (*language, *text)))
        };
        // A few lines that start another file of the version say nothing without it.
        let started = sources.iter().find(|(path, ..)| Some(*path) == entry).map_or("", |(.., text)| *text);
        let words = || started.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        let is_starter = words().filter(|word| !word.is_empty()).count() < STARTER;
        let is_named = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            is_starter && words().any(|word| word == name.split('.').next().unwrap_or(name))
        };
        return of_files(&|path| Some(path) == entry || is_named(path)).or_else(|| of_files(&|_| true));
    }
    let is_script = |file: &&VersionFile| Some(file.path.as_str()) == entry;
    let script = version.files.iter().find(is_script);
    match script.and_then(|file| std::str::from_utf8(&file.bytes).ok()) {
        Some(text) => CodeFingerprint::of_words(text),
        None => CodeFingerprint::of_words(&recipe?.command.join(" ")),
    }
}

/// The code of one function of a file; `None` if it is not found, or has too little of it.
fn code_of_function(version: &ToolDetail, entry: &str, function: &str) -> Option<CodeFingerprint> {
    let file = version.files.iter().find(|file| file.path == entry)?;
    let text = text_of(file)?;
    let language = Language::of(entry, text)?;
    let tree = language.parse(text)?;
    let name = function.rsplit('.').next().unwrap_or(function);
    let is_it = |node: &Node<'_>| {
        let named = node.child_by_field_name("name").is_some_and(|own| source::text(own, text) == name);
        named && node.kind() != "class_definition"
    };
    let found = source::nodes(tree.root_node()).find(is_it)?;
    CodeFingerprint::of(std::iter::once((language, source::text(found, text))))
}

/// The tools that resemble a version, the most alike first; at most `limit`, none below `least`.
pub fn similar(version: &ToolDetail, library: &dyn Library, least: f64, limit: usize) -> Vec<Similar> {
    let mut index = library.index();
    let place = index.place_of(&version.tool).or_else(|| {
        // A version that the catalog does not have, or not yet.
        index = Arc::new(index.with(&version.tool));
        index.place_of(&version.tool)
    });
    let Some(own) = place else { return Vec::new() };
    let tools = index.tools();
    let mut read: HashMap<usize, Option<Arc<CodeFingerprint>>> = HashMap::new();
    let mut code = |tool: usize| {
        let fresh = || {
            let code = if tool == own { code_of(version) } else { code_of(&library.read(&tools[tool])?) };
            code.map(Arc::new)
        };
        read.entry(tool).or_insert_with(fresh).clone()
    };
    let found = index.resemblance().resembling(own, least, limit, &mut code);
    let similar = found.into_iter().map(|other| Similar {
        tool: Arc::clone(&tools[other.tool]),
        likeness: other.likeness,
        is_copy: other.is_copy,
    });
    similar.collect()
}

/// Examines whether another tool does the same.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let all = similar(context.version, context.library, NEAR, MAX_TOLD);
    let findings = all.into_iter().map(|similar| {
        let place = format!("{} ({}, {})", similar.tool.name, similar.tool.stage, similar.tool.path);
        let Likeness { likeness, why, .. } = similar.likeness;
        if similar.is_copy {
            Finding::new("copy", Severity::Medium, format!("it is a copy of {place}: {why}"))
        } else {
            let percent = (likeness * 100.0).round();
            Finding::new(
                "near-duplicate",
                Severity::Medium,
                format!("{place} seems to do the same thing ({percent}% similar): {why}"),
            )
        }
    });
    CheckReport::of("duplicates", findings.collect())
}
