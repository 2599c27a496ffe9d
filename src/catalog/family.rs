//! Versions next to the original: `csv_parser_v1_1_0.py` next to `csv_parser.py`, or `versions/1.1.0/` in the
//! original's folder.
//!
//! The location and name of a file identify it as a version; its content may still contain another name, because it was
//! copied. The original and its digest are not affected.

use super::draft::{script_name, stem_of};
use super::files;
use super::header::FolderName;
use super::plan::{ScanPlan, below, file_of, folder_of, home_of_version};
use crate::domain::{
    Format, PROMOTIONS_FILE, Problem, ProblemCode, Promotion, Promotions, Stage, Tool, ToolName, versioned,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The folder of a tool's versions, in its own.
const VERSIONS: &str = "versions";

/// That a definition is a version of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kin {
    /// The stem or folder that the original has.
    pub(super) of: String,
    /// The version that its place states.
    pub(super) version: semver::Version,
    /// Path of the original's definition, where the walk saw it.
    pub(super) original: Option<String>,
}

/// Gives a version with its own folder the name of that folder: an approved `csv_parser_v1_1_0.py` is in
/// `tools/approved/csv_parser/`, and an archived one is in `tools/archived/csv_parser-1a2b3c4d/`.
pub(super) fn name_by_folder(tool: &mut Tool) {
    let Some((stem, version)) = versioned(stem_of(&tool.path)).filter(|_| tool.placement.exclusive) else { return };
    if !script_name(stem_of(&tool.path)).is_ok_and(|name| name == tool.name) {
        return;
    }
    let plain = without_digest(file_of(&tool.placement.base));
    let decided = tool.stage.is_vouched() || tool.stage == Stage::Archived;
    let Ok(name) = ToolName::new(plain) else { return };
    if decided || script_name(stem).is_ok_and(|stem| stem == name) {
        tool.name = name;
        tool.version = version;
    }
}

/// The name of a tool that its folder names; `None` if no folder below its root says anything. The name is the same after
/// an approval has moved the tool into a folder of this name.
pub(super) fn named_by_folder(plan: &ScanPlan, tool: &Tool) -> Option<ToolName> {
    let stem = stem_of(&tool.path);
    let base = home_of_version(&tool.placement).map_or(tool.placement.base.as_str(), |(home, _)| home);
    let is_package = super::header::is_package(stem);
    let folder = match plan.naming_folder(&tool.path, base) {
        // A package is named by its folder, whatever that is called.
        None if is_package => file_of(base),
        folder => folder?,
    };
    let folder = if tool.stage == Stage::Archived { without_digest(folder) } else { folder };
    let folder = ToolName::of_title(folder)?;
    let with_stem = tool.format != Format::Header && tool.format != Format::Pair
        || super::header::named_by_folder(stem) == Some(FolderName::WithStem);
    let is_told = || folder.as_str() == tool.name.as_str() || folder.as_str().ends_with(&format!("_{}", tool.name));
    if !with_stem || is_told() {
        return Some(folder);
    }
    ToolName::of_title(&format!("{folder}_{}", tool.name))
}

/// The name of a folder without the digits of a digest that archiving appends.
fn without_digest(folder: &str) -> &str {
    let is_digest = |digits: &str| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    folder.rsplit_once('-').filter(|(_, digits)| is_digest(digits)).map_or(folder, |(name, _)| name)
}

/// Names versions after their originals. `kin` are the versions that the walk found, by path.
pub(super) fn settle(tools: &mut [Arc<Tool>], kin: &HashMap<&str, &Kin>) {
    if kin.is_empty() {
        return;
    }
    let is_original = |tool: &&Arc<Tool>| !kin.contains_key(tool.path.as_str());
    let by_path: HashMap<&str, &ToolName> =
        tools.iter().filter(is_original).map(|tool| (tool.path.as_str(), &tool.name)).collect();
    let vouched: HashMap<&str, &str> = tools
        .iter()
        .filter(is_original)
        .filter(|tool| tool.stage.is_vouched())
        .map(|tool| (tool.name.as_str(), tool.path.as_str()))
        .collect();
    let settled: Vec<(String, ToolName, semver::Version, String)> = kin
        .iter()
        .filter_map(|(path, kin)| {
            let own = script_name(&kin.of).ok();
            let (name, original) = if let Some(original) = &kin.original {
                // An original that cannot be read has still got a name by its file.
                (by_path.get(original.as_str()).copied().cloned().or(own)?, original.clone())
            } else {
                // The original went to the approved ones; its versions stayed.
                let own = own?;
                let original = (*vouched.get(own.as_str())?).to_owned();
                (own, original)
            };
            Some(((*path).to_owned(), name, kin.version.clone(), original))
        })
        .collect();
    let mut settled: HashMap<String, _> =
        settled.into_iter().map(|(path, name, version, original)| (path, (name, version, original))).collect();
    for tool in tools {
        if let Some((name, version, original)) = settled.remove(&tool.path) {
            let tool = Arc::make_mut(tool);
            (tool.name, tool.version, tool.evolved_from) = (name, version, Some(original));
        }
    }
}

/// Sets the name and version of a row that is read alone, from the known row.
pub(super) fn lend(tool: &mut Tool, known: &Tool) {
    if known.evolved_from.is_some() {
        tool.name.clone_from(&known.name);
        tool.version.clone_from(&known.version);
        tool.evolved_from.clone_from(&known.evolved_from);
    }
}

/// The row of each name that the promotions file wants used, and what is wrong with the file's entries. Entries
/// about names that no tool has are another program's; what lies in a folder of the problems `known` was told of.
pub(super) fn chosen(
    tools: &[Arc<Tool>],
    promotions: &Promotions,
    known: &[Problem],
) -> (HashMap<ToolName, String>, Vec<Problem>) {
    let (mut chosen, mut problems) = (HashMap::new(), Vec::new());
    if promotions.is_empty() {
        return (chosen, problems);
    }
    let wanted: HashMap<&str, Promotion> = promotions.iter().collect();
    let mut rows: HashMap<&str, Vec<&Tool>> = HashMap::new();
    for tool in tools.iter().filter(|tool| wanted.contains_key(tool.name.as_str())) {
        rows.entry(tool.name.as_str()).or_default().push(tool);
    }
    for (name, promotion) in promotions.iter() {
        let Some(rows) = rows.get(name) else { continue };
        match row_of(rows, &promotion.evolved_file) {
            Ok(row) => drop(chosen.insert(row.name.clone(), row.path.clone())),
            Err(_) if known.iter().any(|of| folder_of(&of.path) == folder_of(&promotion.evolved_file)) => {}
            Err(message) => problems.push(Problem {
                path: PROMOTIONS_FILE.to_owned(),
                line: None,
                code: ProblemCode::UnknownDialect,
                message: format!("{name}: {message}"),
                hint: "correct or remove the entry; until then the original version is used".to_owned(),
            }),
        }
    }
    (chosen, problems)
}

/// The row that a path of the promotions file means, or why it means none.
fn row_of<'t>(rows: &[&'t Tool], file: &str) -> Result<&'t Tool, String> {
    let shown = crate::domain::SafeText::new(file).to_string();
    if file.starts_with(['/', '\\']) || file.contains(':') || file.split(['/', '\\']).any(|part| part == "..") {
        return Err(format!("evolved_file {shown:?} is outside the workspace and is ignored"));
    }
    let file = file.strip_prefix("./").unwrap_or(file);
    let lies_at = |row: &&&Tool| {
        let of_stem =
            stem_of(file) == stem_of(&row.path) && (folder_of(file) == folder_of(&row.path) || !file.contains('/'));
        // The `versions/` folder in the folder of an original does not belong to the original.
        let inside = row.placement.exclusive
            && below(&row.placement.base, file).is_some_and(|rest| {
                let is_own = !rest.is_empty() && rest.split('/').next() != Some(VERSIONS);
                is_own || home_of_version(&row.placement).is_some()
            });
        row.path == file || of_stem || inside
    };
    let mut found: Vec<&&Tool> = rows.iter().filter(lies_at).collect();
    found.sort_by_key(|row| (row.path != file, row.stage == Stage::Archived, &row.path));
    found
        .first()
        .map(|row| **row)
        .ok_or_else(|| format!("evolved_file {shown:?} is not a version of this tool in the workspace"))
}

/// Reads the promotions file of a workspace; a missing file is empty.
///
/// # Errors
/// A [`Problem`] when it is damaged or cannot be read.
pub fn promotions(workspace: &std::path::Path) -> Result<Promotions, Problem> {
    let problem = |line, message: String| Problem {
        path: PROMOTIONS_FILE.to_owned(),
        line,
        code: ProblemCode::Unreadable,
        message,
        hint: "fix or remove the file; until then it is not updated and the original versions are used".to_owned(),
    };
    let text = files::small_text(&workspace.join(PROMOTIONS_FILE), super::limits::PROMOTIONS_BYTES)
        .map_err(|message| problem(None, message))?;
    Promotions::parse(text.as_deref().unwrap_or_default()).map_err(|error| problem(error.line, error.message))
}

/// The rows of one name and stage that are versions of one another, as indices; only where there are several.
pub(super) fn families(tools: &[Arc<Tool>]) -> Vec<Vec<usize>> {
    let mut with_versions: HashSet<(&str, Stage, &str)> = HashSet::new();
    for tool in tools.iter().filter(|tool| tool.stage != Stage::Archived) {
        if let Some(original) = &tool.evolved_from {
            with_versions.insert((tool.name.as_str(), tool.stage, original));
        }
    }
    if with_versions.is_empty() {
        return Vec::new();
    }
    let mut families: HashMap<(&str, Stage, &str), Vec<usize>> = HashMap::with_capacity(with_versions.len());
    for (index, tool) in tools.iter().enumerate() {
        let key = (tool.name.as_str(), tool.stage, root_of(tool));
        if with_versions.contains(&key) {
            families.entry(key).or_default().push(index);
        }
    }
    families.into_values().filter(|members| members.len() > 1).collect()
}

/// Path of the original of a row's family; its own where it is one.
pub(super) fn root_of(tool: &Tool) -> &str {
    tool.evolved_from.as_deref().unwrap_or(&tool.path)
}

/// The member that is used: what was chosen, else the original, else the newest.
pub(super) fn active(tools: &[Arc<Tool>], members: &[usize], chosen: &HashMap<ToolName, String>) -> Option<usize> {
    let wanted = chosen.get(&tools.get(*members.first()?)?.name);
    let is_wanted = |index: &&usize| wanted.is_some_and(|path| tools[**index].path == *path);
    let original = members.iter().find(|index| tools[**index].evolved_from.is_none());
    let newest = || members.iter().max_by(|a, b| tools[**a].version.cmp(&tools[**b].version));
    members.iter().find(is_wanted).or(original).or_else(newest).copied()
}
