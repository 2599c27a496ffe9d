//! The relations between rows: copies, shadows, clashes. All are kept and reported.

use super::family;
use crate::domain::{Problem, ProblemCode, SafeText, Stage, Tool, ToolName};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Sorts rows by name, stage (higher first) and path, and sets the relations: `copy_of` (same digest, the first path is
/// the original), `shadowed_by` and `shadows` (same name, other stage; or versions of one another, of which one is
/// used: the `chosen` one by name, else the original), `clashes` (same name or display name, same stage, other content,
/// no version of it). Archived rows neither shadow nor clash. Earlier relations are replaced.
pub(super) fn line_up(tools: &mut [Arc<Tool>], chosen: &HashMap<ToolName, String>) {
    tools.sort_by(|a, b| key(a).cmp(&key(b)));
    for tool in tools.iter_mut().filter(|tool| tool.is_related()).map(Arc::make_mut) {
        tool.copy_of = None;
        tool.shadowed_by = None;
        tool.shadows.clear();
        tool.clashes.clear();
    }
    copies(tools);
    let passive = versions(tools, chosen);
    shadows(tools);
    clashes(tools, &passive);
}

fn key(tool: &Tool) -> (&str, Reverse<u8>, &str) {
    (tool.name.as_str(), Reverse(tool.stage.precedence()), &tool.path)
}

fn copies(tools: &mut [Arc<Tool>]) {
    let mut first: HashMap<[u8; 32], usize> = HashMap::with_capacity(tools.len());
    // The tools of a server share its files, and so its digest.
    let is_whole = |tool: &Tool| tool.server.is_none();
    for index in (0..tools.len()).filter(|index| is_whole(&tools[*index])).collect::<Vec<_>>() {
        let original = first.entry(tools[index].digest.0).or_insert(index);
        if tools[index].path < tools[*original].path {
            *original = index;
        }
    }
    for index in 0..tools.len() {
        let Some(original) = first.get(&tools[index].digest.0).copied() else { continue };
        if original != index && is_whole(&tools[index]) {
            Arc::make_mut(&mut tools[index]).copy_of = Some(tools[original].path.clone());
        }
    }
}

/// Of versions that lie at one stage one is used; gives the others.
fn versions(tools: &mut [Arc<Tool>], chosen: &HashMap<ToolName, String>) -> HashSet<usize> {
    let mut passive = HashSet::new();
    for members in family::families(tools) {
        let Some(used) = family::active(tools, &members, chosen) else { continue };
        for index in members.into_iter().filter(|index| *index != used) {
            let path = tools[index].path.clone();
            Arc::make_mut(&mut tools[index]).shadowed_by = Some(tools[used].path.clone());
            Arc::make_mut(&mut tools[used]).shadows.push(path);
            passive.insert(index);
        }
    }
    passive
}

/// Rows are sorted by name and stage, so the rows of one name are neighbours and the first that no version of it is
/// used instead of is used.
fn shadows(tools: &mut [Arc<Tool>]) {
    for rows in tools.chunk_by_mut(|a, b| a.name == b.name) {
        let at = rows.iter().position(|row| row.shadowed_by.is_none()).unwrap_or_default();
        let Some(used) = rows.get(at).map(|row| (row.path.clone(), row.stage)) else { continue };
        let mut shadows = Vec::new();
        let others = rows.iter_mut().filter(|row| row.stage != Stage::Archived && row.stage != used.1);
        for row in others.map(Arc::make_mut) {
            row.shadowed_by = Some(used.0.clone());
            row.shadows = Vec::new();
            shadows.push(row.path.clone());
        }
        if !shadows.is_empty() {
            Arc::make_mut(&mut rows[at]).shadows.append(&mut shadows);
        }
    }
}

fn clashes(tools: &mut [Arc<Tool>], passive: &HashSet<usize>) {
    let mut groups: HashMap<(Stage, Cow<'_, str>), Vec<usize>> = HashMap::with_capacity(tools.len());
    let live = |(index, tool): &(usize, &Arc<Tool>)| tool.stage != Stage::Archived && !passive.contains(index);
    for (index, tool) in tools.iter().enumerate().filter(live) {
        let name = tool.name.as_str();
        groups.entry((tool.stage, Cow::Borrowed(name))).or_default().push(index);
        // A display name is compared as a reader would: without case and outer blanks.
        let title = tool.title.as_deref().map(|title| title.trim().to_lowercase()).filter(|title| title != name);
        if let Some(title) = title {
            groups.entry((tool.stage, Cow::Owned(title))).or_default().push(index);
        }
    }
    let mut found: Vec<(usize, String)> = Vec::new();
    for group in groups.values().filter(|group| group.len() > 1) {
        for &one in group {
            let others = group.iter().filter(|&&other| tools[other].digest != tools[one].digest);
            found.extend(others.map(|&other| (one, tools[other].path.clone())));
        }
    }
    drop(groups);
    for (index, path) in found {
        Arc::make_mut(&mut tools[index]).clashes.push(path);
    }
    for tool in tools.iter_mut().filter(|tool| tool.clashes.len() > 1).map(Arc::make_mut) {
        tool.clashes.sort_unstable();
        tool.clashes.dedup();
    }
}

/// Aliases of more than one tool, or equal to the name of another: a call gets the tool that comes first, so this is
/// reported. Archived rows have no aliases.
pub fn alias_clashes(tools: &[Arc<Tool>]) -> Vec<Problem> {
    let live = || tools.iter().filter(|tool| tool.stage != Stage::Archived);
    let mut owners: HashMap<&str, Vec<&Tool>> = HashMap::new();
    for tool in live().filter(|tool| !tool.aliases.is_empty()) {
        for alias in &tool.aliases {
            owners.entry(alias).or_default().push(tool);
        }
    }
    if owners.is_empty() {
        return Vec::new();
    }
    for tool in live() {
        if let Some(others) = owners.get_mut(tool.name.as_str()) {
            others.push(tool);
        }
    }
    let mut problems = Vec::new();
    for tool in live() {
        for alias in &tool.aliases {
            let others = owners.get(alias.as_str()).into_iter().flatten();
            let Some(other) = others.into_iter().find(|other| other.name != tool.name) else { continue };
            problems.push(Problem {
                path: tool.path.clone(),
                line: None,
                code: ProblemCode::NameClash,
                message: format!(
                    "the alias {:?} is also {} ({})",
                    SafeText::new(alias).to_string(),
                    other.name,
                    other.path
                ),
                hint: "remove the alias from one of the two; until then only one of them can be approved".to_owned(),
            });
        }
    }
    problems
}
