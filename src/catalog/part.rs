//! One of several tools in a file.

use super::looked_at::LookedAt;
use super::obstacle::Obstacle;
use super::plan::{ScanPlan, join};
use super::reading::ParsedVersion;
use super::walk::DefinitionCandidate;
use super::{entries, files, header, local_modules, programs};
use crate::domain::{Format, Kind, NEEDS_FILE, Problem, SafeText, VersionFile};

/// What its file says of all tools in it: read once, because a file may hold hundreds.
pub(super) struct SharedFacts {
    /// The line that does something else when the file is loaded.
    does_first: Option<usize>,
    /// Why the file cannot be loaded by its path.
    of_package: Option<String>,
    is_code: bool,
}

impl SharedFacts {
    pub(super) fn of(files: &[VersionFile]) -> SharedFacts {
        SharedFacts {
            does_first: entries::does_first(files),
            of_package: header::part_of_package(files),
            is_code: files.iter().any(|file| programs::is_script(&file.path)),
        }
    }

    /// What keeps one of several tools in a file from running: its own obstacle, or what loading the file would do.
    pub(super) fn obstacle(&self, own: Option<Obstacle>) -> Option<Obstacle> {
        if let Some(line) = self.does_first {
            let why = format!(
                "line {line} of its file does something else when it is loaded; move the function into a file of its own"
            );
            return Some(Obstacle::Incomplete(why));
        }
        if own == Some(Obstacle::NoCommand) {
            let why = if self.is_code {
                "only its framework can start it; call it in a script of its own"
            } else {
                "its list describes it and holds no code; write a definition with a command, or one with kind = \"mcp\" that starts its server"
            };
            return Some(Obstacle::Incomplete(why.to_owned()));
        }
        own.or_else(|| self.of_package.clone().map(Obstacle::Unsupported))
    }
}

/// Adds to the version of an entry the script that it starts, and the files that this imports. What keeps it from running where
/// that is not possible.
pub(super) fn add_script(
    plan: &ScanPlan,
    folder: &str,
    version: &mut entries::EntryVersion,
    looked_at: &mut LookedAt,
) -> Option<Obstacle> {
    let script = version.script.as_deref()?;
    looked_at.note(plan, &join(folder, script));
    if plan.on_disk(&join(folder, script)).symlink_metadata().is_err() {
        return Some(Obstacle::Incomplete(format!("{NEEDS_FILE} {script}, which its package makes when it is built")));
    }
    match files::member(plan, folder, script).and_then(|member| files::read(plan, &member)) {
        Ok(file) => version.files.push(file),
        Err(Problem { message, hint, .. }) => {
            return Some(Obstacle::Incomplete(format!("it starts {}, but {message}; {hint}", SafeText::new(script))));
        }
    }
    let fault = local_modules::add(plan, folder, &mut version.files, looked_at);
    version.files.sort_by(|a, b| a.path.cmp(&b.path));
    fault.map(Obstacle::Incomplete)
}

/// Whether a file that holds tools is one as well: a script that runs something, or that is a server.
pub(super) fn starts_itself(candidate: &DefinitionCandidate, reading: &ParsedVersion) -> bool {
    let manifest = &reading.manifest;
    let calls_function = manifest.recipe.as_ref().is_some_and(|recipe| recipe.function.is_some());
    let is_unsupported = matches!(reading.obstacle, Some(Obstacle::Unsupported(_)));
    candidate.format == Format::Header && !calls_function && (manifest.kind == Kind::Mcp || !is_unsupported)
}
