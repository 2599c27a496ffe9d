//! The starter tools: the tools below `tools/core` and `tools/approved` in the repository of Toolsmith, compiled into
//! the program. Each is written completely or not at all, and nothing that exists is changed.
//!
//! This module does not approve them: a written tool waits for adoption like every tool that came with a workspace.

mod files;

use super::init::{InitReport, failed};
use crate::catalog::read_definition;
use crate::domain::{Digest, FileMode, Manifest, Problem, Stage, VersionFile};
use crate::engine::error::EngineError;
use crate::engine::links::refuse_links;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// The file that defines a starter tool.
const DEFINITION: &str = "tool.toml";

/// A tool that is compiled into this program.
#[derive(Debug)]
pub struct StarterTool {
    /// Its folder, relative to `tools/`: `core/csv-stats`.
    home: &'static str,
    /// Its files: the path in its folder, and the text.
    files: &'static [(&'static str, &'static str)],
}

impl StarterTool {
    /// Every starter tool, by folder.
    pub fn all() -> &'static [StarterTool] {
        files::TOOLS
    }

    /// Its name, which is the name of its folder.
    pub fn name(&self) -> &'static str {
        self.home.rsplit_once('/').map_or(self.home, |(_, name)| name)
    }

    /// Its folder, relative to the workspace.
    pub fn folder(&self) -> String {
        format!("tools/{}", self.home)
    }

    /// Its files, as files of a version.
    pub fn files(&self) -> Vec<VersionFile> {
        self.files
            .iter()
            .map(|(path, text)| VersionFile {
                path: (*path).to_owned(),
                mode: FileMode::Plain,
                bytes: text.as_bytes().to_vec(),
            })
            .collect()
    }

    /// The digest of its files.
    pub fn digest(&self) -> Digest {
        Digest::of_files(&self.files())
    }

    /// Whether a tool is a starter tool with exactly the compiled-in files.
    pub fn is_one(name: &str, digest: Digest) -> bool {
        static DIGESTS: OnceLock<HashMap<&str, Digest>> = OnceLock::new();
        let digests =
            DIGESTS.get_or_init(|| StarterTool::all().iter().map(|tool| (tool.name(), tool.digest())).collect());
        digests.get(name) == Some(&digest)
    }

    /// How many lines of text it has.
    pub fn lines(&self) -> u64 {
        self.files.iter().map(|(_, text)| text.lines().count() as u64).sum()
    }

    /// Its parsed manifest.
    ///
    /// # Errors
    /// A [`Problem`] with the first invalid field; tests ensure that there is none.
    pub fn manifest(&self) -> Result<Manifest, Problem> {
        let text = self.files.iter().find(|(path, _)| *path == DEFINITION).map_or("", |(_, text)| text);
        let (path, bytes) = (format!("{}/{DEFINITION}", self.folder()), text.as_bytes().to_vec());
        read_definition(&VersionFile { path, mode: FileMode::Plain, bytes })
    }
}

/// Writes the starter tools whose names are free.
///
/// # Errors
/// `Failed` when something cannot be written, `Refused` when a symbolic link is in the path. The tools written until
/// then stay, and a second call writes the rest.
pub fn write_starter(dir: &Path, report: &mut InitReport) -> Result<(), EngineError> {
    let holders = holders(dir);
    for tool in StarterTool::all() {
        if let Some(path) = holders.get(tool.name()) {
            report.kept.push(path.clone());
        } else {
            if !report.is_dry {
                write(dir, tool)?;
            }
            report.created.push(tool.folder());
        }
    }
    Ok(())
}

/// The entries of the stage folders, by tool name: the name of a folder, or of a file without its extensions.
fn holders(dir: &Path) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for stage in Stage::ALL {
        let folder = format!("tools/{stage}");
        // A folder that cannot be read causes an error when something is written into it.
        for entry in fs::read_dir(dir.join(&folder)).into_iter().flatten().filter_map(Result::ok) {
            let file = entry.file_name().to_string_lossy().into_owned();
            let stem = file.split('.').next().unwrap_or_default().to_owned();
            found.entry(stem).or_insert_with(|| format!("{folder}/{file}"));
        }
    }
    found
}

/// Writes a tool to a temporary folder, then moves it into place: no reader sees a partial tool, and a crash leaves
/// only a folder that scans ignore and the next call replaces.
fn write(dir: &Path, tool: &StarterTool) -> Result<(), EngineError> {
    let target = tool.folder();
    let (stage, name) = target.rsplit_once('/').unwrap_or(("tools", tool.name()));
    let unfinished = format!("{stage}/.toolsmith-starter-{name}.tmp");
    for path in [&unfinished, &target] {
        refuse_links(dir, Path::new(path))?;
    }
    let from = dir.join(&unfinished);
    if from.exists() {
        fs::remove_dir_all(&from).map_err(|error| failed(&from, &error))?;
    }
    for (path, text) in tool.files {
        let full = from.join(path);
        if let Some(parent) = full.parent() {
            fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
        }
        fs::write(&full, text).map_err(|error| failed(&full, &error))?;
    }
    let to = dir.join(&target);
    fs::rename(&from, &to).map_err(|error| failed(&to, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CostTier;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_starter_tool_has_a_definition_of_its_name_and_no_high_tier() {
        assert!(!StarterTool::all().is_empty());
        for tool in StarterTool::all() {
            let manifest = tool.manifest().unwrap_or_else(|problem| panic!("{}: {}", tool.home, problem.message));
            assert_eq!(manifest.name.as_str(), tool.name(), "{}", tool.home);
            // An adoption of the set counts as one vote; a tool of the high tier may need several.
            assert!(matches!(manifest.cost_tier, Some(CostTier::Low | CostTier::Medium)), "{}", tool.home);
            assert_eq!(manifest.permissions.faults(), vec![], "{}", tool.home);
        }
    }

    #[test]
    fn writing_twice_changes_nothing_and_a_second_call_writes_what_is_missing() {
        let temp = tempfile::tempdir().unwrap();
        let (mut first, mut second, mut third) = (InitReport::default(), InitReport::default(), InitReport::default());
        write_starter(temp.path(), &mut first).unwrap();
        assert_eq!(first.created.len(), StarterTool::all().len());
        write_starter(temp.path(), &mut second).unwrap();
        assert_eq!((second.created.len(), second.kept.len()), (0, StarterTool::all().len()));
        let (lost, changed) = (&StarterTool::all()[0], &StarterTool::all()[1]);
        fs::remove_dir_all(temp.path().join(lost.folder())).unwrap();
        let file = temp.path().join(changed.folder()).join(DEFINITION);
        fs::write(&file, "mine").unwrap();
        write_starter(temp.path(), &mut third).unwrap();
        assert_eq!(third.created, vec![lost.folder()]);
        assert_eq!(fs::read_to_string(file).unwrap(), "mine");
    }

    #[test]
    fn a_name_that_somebody_has_is_left_to_them() {
        let tool = &StarterTool::all()[0];
        for (taken, is_folder) in [
            (format!("tools/experimental/{}.py", tool.name()), false),
            (format!("tools/archived/{}", tool.name()), true),
            (format!("tools/core/{}.yaml", tool.name()), false),
        ] {
            let temp = tempfile::tempdir().unwrap();
            let path = temp.path().join(&taken);
            fs::create_dir_all(if is_folder { &path } else { path.parent().unwrap() }).unwrap();
            if !is_folder {
                fs::write(&path, "").unwrap();
            }
            let mut report = InitReport::default();
            write_starter(temp.path(), &mut report).unwrap();
            assert!(!temp.path().join(tool.folder()).exists() || is_folder && taken == tool.folder());
            assert_eq!(report.kept, vec![taken]);
        }
    }

    #[test]
    fn what_a_crash_left_is_replaced_and_a_link_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let tool = &StarterTool::all()[0];
        let (stage, name) = tool.home.split_once('/').unwrap();
        let left = temp.path().join(format!("tools/{stage}/.toolsmith-starter-{name}.tmp"));
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("half"), "").unwrap();
        write_starter(temp.path(), &mut InitReport::default()).unwrap();
        assert!(!left.exists() && !temp.path().join(tool.folder()).join("half").exists());

        let (temp, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(temp.path().join("tools")).unwrap();
        symlink(elsewhere.path(), temp.path().join("tools").join(stage)).unwrap();
        let error = write_starter(temp.path(), &mut InitReport::default()).unwrap_err();
        assert!(error.message.contains("symbolic link"), "{}", error.message);
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
