//! Which folders are read, and what the layout says about a tool.

use super::draft::script_name;
use super::run_python::RunPython;
use crate::domain::{Category, Placement, Stage};
use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

/// A folder of tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRoot {
    /// Relative to the workspace, or an absolute folder outside it.
    pub path: PathBuf,
    /// The stage of everything in it; `None` takes the sub-folder `core`, `approved`, `experimental`
    /// or `archived`, and experimental elsewhere.
    pub stage: Option<Stage>,
}

/// The folders of a scan, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanPlan {
    /// Folder of the workspace; paths of rows are relative to it.
    pub workspace: PathBuf,
    /// Its folders of tools.
    pub roots: Vec<ToolRoot>,
    /// Where Python packages are searched.
    pub python: RunPython,
}

impl ScanPlan {
    /// The plan of a workspace without settings: its `tools/`.
    pub fn standard(workspace: impl Into<PathBuf>) -> ScanPlan {
        let roots = vec![ToolRoot { path: PathBuf::from("tools"), stage: None }];
        ScanPlan { workspace: workspace.into(), roots, python: RunPython::default() }
    }

    /// The place on disk of a path as rows write it.
    pub(super) fn on_disk(&self, path: &str) -> PathBuf {
        self.workspace.join(path)
    }

    /// The path of a root in rows: relative to the workspace if it is inside.
    pub(super) fn root_path<'r>(&self, root: &'r ToolRoot) -> Cow<'r, str> {
        // Asked of every row, and nearly always written like this.
        let is_below = self.workspace.is_absolute() && root.path.is_relative();
        let inside = if is_below { None } else { root.path.strip_prefix(&self.workspace).ok() };
        let path = inside.unwrap_or(&root.path);
        let is_clean = |text: &&str| text.split('/').all(|part| !part.is_empty() && part != ".");
        if let Some(text) = path.to_str().filter(is_clean) {
            return Cow::Borrowed(text);
        }
        let parts = path.components().filter(|part| !matches!(part, Component::CurDir));
        Cow::Owned(parts.collect::<PathBuf>().to_string_lossy().into_owned())
    }

    /// The roots as in row paths, with the stage of the tools in each.
    pub(super) fn stages_of_roots(&self) -> Vec<(String, Option<Stage>)> {
        self.roots.iter().map(|root| (self.root_path(root).into_owned(), root.stage)).collect()
    }

    /// The root that contains a path, the most specific one.
    pub(super) fn root_of(&self, path: &str) -> Option<(&ToolRoot, Cow<'_, str>)> {
        let roots = self.roots.iter().map(|root| (root, self.root_path(root)));
        roots.filter(|(_, at)| below(at, path).is_some()).max_by_key(|(_, at)| at.len())
    }

    /// The stage of a definition, by its place.
    ///
    /// A version in the `versions/` folder of a tool is always experimental, because approving the tool does not
    /// approve it. So is a tool in a file with several tools: its approved form is a copy.
    pub(super) fn stage_of(&self, path: &str, placement: &Placement) -> Stage {
        let Some((root, at)) = self.root_of(path) else { return Stage::Experimental };
        let inside = below(&at, path).unwrap_or(path);
        let by_folder = inside.split_once('/').and_then(|(folder, _)| Stage::of_word(folder));
        let stage = root.stage.or(by_folder).unwrap_or(Stage::Experimental);
        let is_part = home_of_version(placement).is_some() || placement.entry().is_some();
        if is_part && stage != Stage::Archived { Stage::Experimental } else { stage }
    }

    /// The category given by the folders below the root: the closest one that is neither the tool's own nor has a
    /// generic name. So it does not depend on folders above. `None` if there is none.
    pub fn category_of(&self, path: &str, placement: &Placement) -> Option<Category> {
        let base = match (home_of_version(placement), placement.entry()) {
            (Some((home, _)), _) => folder_of(home),
            (None, Some((file, _))) => folder_of(file),
            (None, None) if placement.exclusive => folder_of(&placement.base),
            (None, None) => folder_of(path),
        };
        self.folders_of(path, base).last().map(|folder| Category::new(folder))
    }

    /// The folders of a version with descriptive names, outermost first; without its own.
    pub(super) fn folders_above<'f>(&self, path: &'f str, placement: &'f Placement) -> Vec<&'f str> {
        self.folders_of(path, folder_of(if placement.exclusive { &placement.base } else { path }))
    }

    /// The name of the closest folder that describes what is in it, from `base` up to the root of a definition; `None` if
    /// there is none.
    pub(super) fn naming_folder<'f>(&self, path: &str, base: &'f str) -> Option<&'f str> {
        self.folders_of(path, base).last().copied()
    }

    /// The folders with descriptive names from the root of a definition to a folder, outermost first.
    fn folders_of<'f>(&self, path: &str, base: &'f str) -> Vec<&'f str> {
        let below_root = self.root_of(path).and_then(|(_, at)| below(&at, base));
        let folders: Vec<&str> =
            below_root.unwrap_or_default().split('/').filter(|folder| !folder.is_empty()).collect();
        let stages = usize::from(folders.first().is_some_and(|folder| Stage::of_word(folder).is_some()));
        let says = |folder: &&str| !CONTAINERS.contains(&folder.to_ascii_lowercase().as_str());
        folders[stages..].iter().copied().filter(says).collect()
    }

    /// Whether a folder is a root or a stage folder in one: such a folder never belongs to one tool.
    pub(super) fn is_shared_folder(&self, path: &str) -> bool {
        let Some((_, at)) = self.root_of(path) else { return true };
        let inside = below(&at, path).unwrap_or_default();
        inside.is_empty() || Stage::of_word(inside).is_some()
    }
}

/// Generic folder names that do not describe their content.
const CONTAINERS: &[&str] = &[
    "tools", "tool", "scripts", "script", "src", "lib", "libs", "bin", "cmd", "commands", "versions", "examples",
    "skills", "packages",
];

/// The tool's own folder and the version, of a folder `versions/1.1.0` in it.
pub(super) fn home_of_version(placement: &Placement) -> Option<(&str, semver::Version)> {
    let (folder, version) = placement.base.rsplit_once('/').filter(|_| placement.exclusive)?;
    Some((folder.strip_suffix("/versions")?, semver::Version::parse(version).ok()?))
}

/// Joins two paths as rows write them.
pub(super) fn join(base: &str, path: &str) -> String {
    if base.is_empty() { path.to_owned() } else { format!("{base}/{path}") }
}

/// A path relative to a folder: empty for the folder itself, `None` outside.
pub(super) fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    if folder.is_empty() {
        return (!path.starts_with('/')).then_some(path);
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// The folder of a path; empty at the top.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(super) fn file_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a folder is called like the tool in it.
pub(super) fn is_called(folder: &str, stem: &str) -> bool {
    script_name(stem).is_ok_and(|name| name.as_str() == file_of(folder)) || stem == file_of(folder)
}

/// A path on disk as text; what is not UTF-8 is replaced, so it is good for messages only.
pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Whether a folder was approved as a whole, or is where approvals move tools.
pub(super) fn is_vouched(plan: &ScanPlan, at: &str) -> bool {
    is_of_moved_tool(plan, at) || plan.on_disk(&join(at, "approval.toml")).exists()
}

/// Whether a folder is one of those into which approvals and archiving move tools.
pub(super) fn is_of_moved_tool(plan: &ScanPlan, at: &str) -> bool {
    let parent = folder_of(at);
    plan.is_shared_folder(parent) && matches!(file_of(parent), "approved" | "core" | "archived")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_and_category_come_from_the_folders_below_the_root() {
        let mut plan = ScanPlan::standard("/w");
        plan.roots.push(ToolRoot { path: "/elsewhere/lib".into(), stage: Some(Stage::Core) });
        plan.roots.push(ToolRoot { path: "./tools/vendor".into(), stage: Some(Stage::Approved) });
        let class = |path: &str, exclusive| {
            let placement = Placement { base: folder_of(path).to_owned(), exclusive };
            let category = plan.category_of(path, &placement);
            (plan.stage_of(path, &placement), category.map(|category| category.0))
        };
        let some = |word: &str| Some(word.to_owned());
        assert_eq!(class("tools/x.py", false), (Stage::Experimental, None));
        assert_eq!(class("tools/git/x.py", false), (Stage::Experimental, some("git")));
        assert_eq!(class("tools/approved/x/tool.toml", true), (Stage::Approved, None));
        assert_eq!(class("tools/core/git/x/tool.toml", true), (Stage::Core, some("git")));
        assert_eq!(class("tools/vendor/a/x.py", false), (Stage::Approved, some("a")));
        assert_eq!(class("/elsewhere/lib/x.py", false), (Stage::Core, None));
        for (path, category) in [
            ("tools/all/more/git/scripts/x.py", some("git")),
            ("tools/all/x/x.py", some("x")),
            ("tools/scripts/x.py", None),
            ("tools/core/src/x.py", None),
        ] {
            assert_eq!(class(path, false).1, category, "{path}");
        }
        let entry = Placement::of_entry("tools/core/git/Makefile", &crate::domain::ToolName::new("x").unwrap());
        let (stage, category) = (plan.stage_of(&entry.base, &entry), plan.category_of(&entry.base, &entry));
        assert_eq!((stage, category.map(|category| category.0)), (Stage::Experimental, some("git")));
        let version = Placement { base: "tools/approved/git/x/versions/1.1.0".to_owned(), exclusive: true };
        let path = "tools/approved/git/x/versions/1.1.0/tool.toml";
        let (stage, category) = (plan.stage_of(path, &version), plan.category_of(path, &version));
        assert_eq!((stage, category.map(|category| category.0)), (Stage::Experimental, some("git")));
        assert!(plan.is_shared_folder("tools") && plan.is_shared_folder("tools/core"));
        assert!(!plan.is_shared_folder("tools/core/x"));
    }

    #[test]
    fn paths_are_cleaned_by_text() {
        assert_eq!(below("tools", "tools2/x"), None);
        assert_eq!(below("", "x"), Some("x"));
    }
}
