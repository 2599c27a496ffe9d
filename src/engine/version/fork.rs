//! Makes the changed files of an approved tool a separate tool.

use super::rollback::Place;
use crate::catalog::{self, Cache, ScanPlan};
use crate::domain::{Digest, FileMode, Outcome, Placement, Stage, Tool, ToolName, VerbCall, VersionFile};
use crate::engine::Versions;
use crate::engine::core::{self, Fork, Placed};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::resolve::{refuse_unusable_name, tool_name};
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::view::Preview;
use crate::objects::is_carried;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

/// The data for a fork.
struct Ways {
    place: Place,
    before: Placed,
    after: Placed,
    fork: Placed,
}

/// Makes the changed files of an approved tool a new tool.
pub(super) const FORK: PlainVerb = PlainVerb {
    name: "fork",
    needs_catalog: true,
    preview: |engine, call| engine.versions().preview_fork(call),
    perform: Perform::Human(|engine, who, call| engine.versions().fork(who, call)),
};

impl Versions<'_> {
    fn fork(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let Ways { before, after, fork, .. } = self.plan_fork(call)?;
        let step = self.workspace.transact(|tx| {
            core::fork(tx, self.workspace.actor(who), Fork { before: &before, after: &after, made: &fork })
        })?;
        self.engine.finish(step)
    }

    fn preview_fork(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let Ways { place, before, after, fork } = self.plan_fork(call)?;
        Ok(Preview {
            title: format!("Fork the changed files of {} as {}?", place.tool, fork.tool),
            lines: vec![
                format!("{} → {}, with the new name in its manifest", before.placement.base, fork.placement.base),
                format!("the approved files of {} are restored ({})", after.placement.base, after.digest.short()),
                "the new tool needs a review like any other".to_owned(),
            ],
            undo: "u (undo) removes the new tool and restores the changed files".to_owned(),
        })
    }

    /// Without a name, the new tool gets a name that shows its origin.
    fn plan_fork(&self, call: &VerbCall) -> Result<Ways, EngineError> {
        let place = self.place_named(argument(call, "tool")?)?;
        let name = call.get("name").map_or_else(|| format!("{}-fork", place.tool), str::to_owned);
        let name = tool_name(&name)?;
        self.refuse_known_name(&name)?;
        if place.is_as_approved() {
            let message = format!("the files of {} are unchanged since approval: there is nothing to fork", place.tool);
            return Err(EngineError::new(ErrorCode::Conflict, message, ""));
        }
        let before = place.lies.clone().ok_or_else(|| {
            let message = format!("the files of {} cannot be read as a tool", place.tool);
            EngineError::new(ErrorCode::Conflict, message, "`toolsmith restore-files` restores the approved files")
        })?;
        let after = self.approved_of(&place)?;
        let files = renamed(self.files(before.digest)?, place.tool.as_str(), name.as_str());
        let read = self.read_as_experimental(&name, &files)?;
        self.workspace.copies.put(read.digest, &files)?;
        let fork = Placed::of(&read, &files);
        Ok(Ways { place, before, after, fork })
    }

    /// Refuses a name that a tool at any stage has as its name or alias, that a folder has, or under which no tool
    /// would be found.
    pub(in crate::engine) fn refuse_known_name(&self, name: &ToolName) -> Result<(), EngineError> {
        refuse_unusable_name(name.as_str())?;
        let view = self.engine.library().catalog();
        let known =
            view.tools.iter().find(|tool| tool.name == *name || tool.aliases.iter().any(|a| a == name.as_str()));
        let folder = core::stage_placement(Stage::Experimental, name).base;
        let taken = match known {
            Some(tool) => Some(tool.path.clone()),
            None => std::fs::symlink_metadata(self.workspace.folder().join(&folder)).is_ok().then_some(folder),
        };
        taken.map_or(Ok(()), |path| {
            let message = format!("{name} already exists: {path}");
            Err(EngineError::new(
                ErrorCode::Conflict,
                message,
                "choose another name; existing files are not overwritten",
            ))
        })
    }

    /// Reads files as the experimental tool that they would be, without putting them where a scan finds them.
    ///
    /// # Errors
    /// `Failed` with the problem when they are not a tool, are several tools, or are a tool of another name.
    pub(in crate::engine) fn read_as_experimental(
        &self,
        name: &ToolName,
        files: &[VersionFile],
    ) -> Result<Tool, EngineError> {
        let placement = core::stage_placement(Stage::Experimental, name);
        let no_tool = |message: String, hint: &str| EngineError::new(ErrorCode::Failed, message, hint);
        let tool = self.read_placed(&placement, files)?;
        if tool.name != *name {
            return Err(no_tool(
                format!("the files are the tool {}, not {name}", tool.name),
                "use the same name in both places",
            ));
        }
        if tool.placement != placement || tool.digest != Digest::of_files(files) {
            return Err(no_tool("some of the files are not part of the tool".to_owned(), "send only its own files"));
        }
        Ok(tool)
    }

    /// Reads files as the tool that they would be in a place, without putting them there.
    ///
    /// # Errors
    /// `Failed` with the problem when they are not exactly one tool; `Usage` for a folder that scans ignore.
    pub(super) fn read_placed(&self, placement: &Placement, files: &[VersionFile]) -> Result<Tool, EngineError> {
        if placement.exclusive {
            refuse_unusable_name(placement.base.rsplit('/').next().unwrap_or_default())?;
        }
        let room = tempfile::Builder::new()
            .prefix("incoming-")
            .tempdir_in(&self.workspace.state_dir)
            .map_err(EngineError::internal)?;
        let folder = room.path().join(&placement.base);
        std::fs::create_dir_all(&folder).map_err(EngineError::internal)?;
        for file in files {
            lay(&folder, file)?;
        }
        let scan = catalog::scan(&ScanPlan::standard(room.path()), &Cache::default(), &mut |_| {});
        let no_tool = |message: String, hint: &str| EngineError::new(ErrorCode::Failed, message, hint);
        if let Some(problem) = scan.problems.first() {
            let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
            return Err(no_tool(format!("{}{line}: {}", problem.path, problem.message), &problem.hint));
        }
        // Imported scripts may also look like tools: the tool is the one that all files belong to.
        let (found, whole) = (scan.tools.len(), Digest::of_files(files));
        let mut tools = scan.tools.into_iter().filter(|tool| found == 1 || tool.digest == whole);
        if let (Some(tool), None) = (tools.next(), tools.next()) {
            return Ok(Arc::unwrap_or_clone(tool));
        }
        let hint = "send one tool: a tool.toml and its files, or one script and the files that it imports";
        Err(no_tool(format!("the files are {found} tools, one is needed"), hint))
    }
}

fn lay(folder: &Path, file: &VersionFile) -> Result<(), EngineError> {
    if !is_carried(&file.path) {
        let message = format!("{:?} is not a path of a version", file.path);
        return Err(EngineError::new(ErrorCode::Refused, message, "ask who made these files"));
    }
    let path = folder.join(&file.path);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(EngineError::internal)?;
    }
    std::fs::write(&path, &file.bytes).map_err(EngineError::internal)?;
    let mode = if file.mode == FileMode::Executable { 0o755 } else { 0o644 };
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).map_err(EngineError::internal)
}

/// The files of a tool under another name: the name in its manifest, and the stems of its files.
fn renamed(files: Vec<VersionFile>, old: &str, new: &str) -> Vec<VersionFile> {
    // A native folder has its name only in the manifest. Scripts and sidecars also have it in their file names, and
    // references between them must stay valid.
    let native = files.iter().any(|file| file.path == "tool.toml");
    let mut renamed: Vec<VersionFile> = files
        .into_iter()
        .map(|mut file| {
            let stem = file.path.split('.').next().unwrap_or_default();
            if !native && stem == old {
                file.path = format!("{new}{}", &file.path[old.len()..]);
            }
            if is_manifest(&file.path)
                && let Ok(text) = std::str::from_utf8(&file.bytes)
            {
                file.bytes = with_name(text, old, new, native).into_bytes();
            }
            file
        })
        .collect();
    renamed.sort_by(|a, b| a.path.cmp(&b.path));
    renamed
}

fn is_manifest(path: &str) -> bool {
    !path.contains('/') && [".toml", ".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

/// The text of a manifest with a new name, in the first line that states a name and in file names.
fn with_name(text: &str, old: &str, new: &str, native: bool) -> String {
    let mut named = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let key = line.trim_start().trim_start_matches('"');
        let says_name = !named
            && key
                .strip_prefix("name")
                .is_some_and(|rest| rest.trim_start_matches('"').trim_start().starts_with(['=', ':']));
        if says_name && let Some(split) = line.find(['=', ':']) {
            named = true;
            let (head, value) = line.split_at(split + 1);
            let end = value.trim_end_matches(['\n', '\r', ' ', ',']).len();
            return format!("{head} \"{new}\"{}", &value[end..]);
        }
        if native { line.to_owned() } else { line.replace(&format!("{old}."), &format!("{new}.")) }
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_gets_its_new_name_once_and_keeps_the_rest() {
        for (text, expected) in [
            ("name = \"adder\"\nfile = \"adder.py\"\n", "name = \"sum\"\nfile = \"sum.py\"\n"),
            ("# x\nname: adder # y\n", "# x\nname: \"sum\"\n"),
            ("{\n  \"name\": \"adder\",\n  \"names\": 1\n}\n", "{\n  \"name\": \"sum\",\n  \"names\": 1\n}\n"),
            ("names = 1\n[x]\nname = \"a\"\nname = \"b\"\n", "names = 1\n[x]\nname = \"sum\"\nname = \"b\"\n"),
        ] {
            assert_eq!(with_name(text, "adder", "sum", false), expected);
        }
    }
}
