//! Keeps the promotions file up to date with decisions. When an evolved version of a name is approved, other runtimes
//! read that in `.tool_promotions.json`; when the approval ends, the entry is removed.
//!
//! The content follows from the approvals in force and the log, never from the file itself, so repeating the update
//! after a crash gives the same text. A damaged file is left alone and reported.

use crate::catalog;
use crate::domain::{
    Operation, PROMOTIONS_FILE, Placement, Promotion, Promotions, Review, ReviewKind, Stage, ToolName, rfc3339,
};
use crate::engine::Versions;
use crate::engine::core::{self, Promoted, Relocation, Touched, UndoNote};
use crate::engine::error::EngineError;
use std::io::Write;
use std::path::Path;

/// The wanted content of the file for a tool.
enum Wanted {
    /// No decision about the tool ever concerned the file.
    Anything,
    Entry(Promotion),
    Nothing,
}

impl Versions<'_> {
    /// The entry for the approval of an evolved version; `None` for other versions.
    pub(in crate::engine) fn promotion_by(&self, review: &Review, reason: Option<&str>) -> Option<Promoted> {
        if !matches!(review.kind, ReviewKind::New | ReviewKind::Evolved) {
            return None;
        }
        let view = self.engine.library().catalog();
        let row = view.tools.iter().find(|row| row.name == review.tool && row.digest == review.digest)?;
        let used = view.tools.iter().find(|other| other.name == review.tool && other.stage.is_vouched());
        // If no version of the name is in use yet, the original is the version that this one was made from.
        let parent = row.evolved_from.as_ref().and_then(|path| view.tools.iter().find(|other| other.path == *path));
        let original = used.or(parent)?;
        if row.evolved_from.is_none() && row.version <= original.version {
            // Changed files with the same version number are the same version for other runtimes.
            return None;
        }
        let detail = self.engine.library().detail(row).ok()?;
        let made = &detail.manifest.provenance;
        let file = detail.manifest.recipe.as_ref().and_then(|recipe| recipe.entry.clone());
        let file = file.or_else(|| row.path.rsplit('/').next().map(str::to_owned))?;
        let entry = Promotion {
            evolved_version: row.version.to_string(),
            evolved_file: file,
            original_version: original.version.to_string(),
            reason: reason.map(str::to_owned).or_else(|| made.reason.clone()).unwrap_or_default(),
            mutation: made.reason.clone().unwrap_or_default(),
            promoted_at: rfc3339(crate::engine::clock::now()),
        };
        let before = catalog::promotions(self.workspace.folder()).ok().and_then(|file| file.get(review.tool.as_str()));
        Some(Promoted { entry, before })
    }

    /// Updates the entry of a tool before its files move, so that one commit contains both. An error becomes a note,
    /// because a decision never waits for this file.
    pub(in crate::engine) fn follow_promotion(
        &self,
        relocation: &Relocation,
        notes: &mut Vec<String>,
    ) -> Option<Relocation> {
        let wanted = match self.wanted_promotion(relocation) {
            Ok(Wanted::Anything) => return None,
            Ok(wanted) => wanted,
            Err(error) => {
                notes.push(format!("{PROMOTIONS_FILE} was not updated: {}", error.message));
                return None;
            }
        };
        let name = relocation.tool.as_str();
        let changed =
            change(self.workspace.folder(), &self.workspace.state_dir, &mut |file: &mut Promotions| match &wanted {
                Wanted::Entry(entry) => file.set(name, entry),
                Wanted::Anything | Wanted::Nothing => {
                    // The origin of other entries is unknown: only an entry with a path of approved versions is ours.
                    if file.get(name).is_some_and(|entry| is_ours(&relocation.tool, &entry.evolved_file)) {
                        file.remove(name);
                    }
                }
            });
        if let Err(why) = changed {
            notes.push(format!("{PROMOTIONS_FILE} was not updated: {why}"));
            return None;
        }
        let place = Placement { base: String::new(), exclusive: false };
        let mut joined = relocation.joined.clone();
        joined.push(Touched { place, files: vec![PROMOTIONS_FILE.to_owned()] });
        Some(Relocation { joined, ..relocation.clone() })
    }

    fn wanted_promotion(&self, relocation: &Relocation) -> Result<Wanted, EngineError> {
        let tool = &relocation.tool;
        self.workspace.read(|q| {
            let entries = q.approval_entries(Some(tool))?;
            let decided: Vec<(&Operation, Promoted)> =
                entries.iter().filter_map(|entry| Some((entry, Promoted::of(entry)?))).collect();
            if decided.is_empty() {
                return Ok(Wanted::Anything);
            }
            let approvals = q.approvals_of(tool)?;
            let in_force = approvals.iter().max_by_key(|approval| (approval.stage.precedence(), approval.at));
            let standing = in_force.and_then(|approval| {
                let of_it = |entry: &&(&Operation, Promoted)| {
                    entry.0.undone_by.is_none()
                        && UndoNote::of(entry.0).is_some_and(|note| note.approved(tool, approval.digest))
                };
                let promoted = &decided.iter().rev().find(of_it)?.1;
                let base = approval.base.clone().unwrap_or_else(|| core::stage_placement(approval.stage, tool).base);
                let evolved_file = format!("{base}/{}", promoted.entry.evolved_file);
                Some(Promotion { evolved_file, ..promoted.entry.clone() })
            });
            if let Some(entry) = standing {
                return Ok(Wanted::Entry(entry));
            }
            // Undone: an earlier entry is restored if somebody else wrote it.
            let undone = q.operation(relocation.operation)?.filter(|entry| entry.verb == "undo");
            let target = undone.and_then(|entry| entry.detail.get("operation")?.as_i64());
            let taken = decided.iter().find(|(entry, _)| Some(entry.id.0) == target);
            let before = taken.and_then(|(_, promoted)| promoted.before.clone());
            let theirs = before.filter(|entry| !is_ours(tool, &entry.evolved_file));
            Ok(theirs.map_or(Wanted::Nothing, Wanted::Entry))
        })
    }
}

/// Whether a path is in a folder of approved versions of a tool.
fn is_ours(tool: &ToolName, file: &str) -> bool {
    let places = [Stage::Approved, Stage::Core].map(|stage| core::stage_placement(stage, tool).base);
    places.iter().any(|base| file.strip_prefix(base.as_str()).is_some_and(|rest| rest.starts_with('/')))
}

/// Changes the promotions file of a workspace: reads it, changes it, writes a new file and renames it, under a lock.
/// Returns whether it changed.
///
/// # Errors
/// One line when the file is damaged or cannot be written; it is unchanged then.
pub(in crate::engine) fn change(
    workspace: &Path,
    state_dir: &Path,
    work: &mut dyn FnMut(&mut Promotions),
) -> Result<bool, String> {
    let text = |error: std::io::Error| error.to_string();
    let lock = std::fs::File::create(state_dir.join("promotions.lock")).map_err(text)?;
    lock.lock().map_err(text)?;
    let before = catalog::promotions(workspace).map_err(|problem| problem.placed())?;
    let mut after = before.clone();
    work(&mut after);
    let path = workspace.join(PROMOTIONS_FILE);
    if after == before {
        return Ok(false);
    }
    if after.is_empty() {
        std::fs::remove_file(&path).map_err(text)?;
    } else {
        let temporary = workspace.join(format!("{}{PROMOTIONS_FILE}.tmp", catalog::UNFINISHED));
        let mut file = std::fs::File::create(&temporary).map_err(text)?;
        file.write_all(after.render().as_bytes()).and_then(|()| file.sync_all()).map_err(text)?;
        std::fs::rename(&temporary, &path).map_err(text)?;
    }
    std::fs::File::open(workspace).and_then(|folder| folder.sync_all()).map_err(text)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Command, DecisionKind};
    use crate::engine::Engine;
    use crate::engine::tests::{MANIFEST, World, ada, decide};

    #[test]
    fn writers_at_the_same_time_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, state) = (dir.path().join("w"), dir.path().join("s"));
        std::fs::create_dir_all(&workspace).unwrap();
        std::fs::create_dir_all(&state).unwrap();
        std::fs::write(workspace.join(PROMOTIONS_FILE), "{\"theirs\": {\"x\": 1}}").unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let (workspace, state) = (&workspace, &state);
                scope.spawn(move || {
                    for number in 0..10 {
                        let name = format!("tool-{writer}-{number}");
                        let entry = Promotion { evolved_file: format!("tools/{name}.py"), ..Promotion::default() };
                        change(workspace, state, &mut |file: &mut Promotions| file.set(&name, &entry)).unwrap();
                    }
                });
            }
        });
        let file = catalog::promotions(&workspace).unwrap();
        assert_eq!(file.iter().count(), 40);
        assert!(file.render().contains("\"theirs\""));
        assert_eq!(std::fs::read_dir(&workspace).unwrap().count(), 1, "nothing unfinished is left");
    }

    #[test]
    fn a_damaged_file_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(PROMOTIONS_FILE), "{\"a\": ").unwrap();
        let refused =
            change(dir.path(), dir.path(), &mut |file: &mut Promotions| assert!(file.remove("a"))).unwrap_err();
        assert!(refused.contains(".tool_promotions.json:1"), "{refused}");
        assert_eq!(std::fs::read_to_string(dir.path().join(PROMOTIONS_FILE)).unwrap(), "{\"a\": ");
    }

    /// Adds an experimental version of a tool and approves it; returns the tool's entry in the file.
    fn approve_version(world: &World, engine: &Engine, name: &str, version: &str, script: &str) -> Option<Promotion> {
        let manifest = MANIFEST.replace("\"adder\"", &format!("\"{name}\"")).replace("1.0.0", version);
        world.write(&format!("tools/experimental/{name}.py"), script);
        world.write(&format!("tools/experimental/{name}.toml"), &manifest.replace("adder.py", &format!("{name}.py")));
        engine.library().scan(&mut |_| {}).unwrap();
        decide(engine, DecisionKind::Approve).unwrap();
        catalog::promotions(&world.root()).unwrap().get(name)
    }

    #[test]
    fn a_newer_version_of_an_approved_tool_is_an_entry_and_nothing_else_is() {
        let world = World::new();
        let engine = world.open();
        assert_eq!(approve_version(&world, &engine, "aaa", "9.0.0", "print(1)\n"), None, "the first of its name");
        assert_eq!(approve_version(&world, &engine, "adder", "1.0.0", "print(2)\n"), None);
        assert_eq!(approve_version(&world, &engine, "zzz", "8.0.0", "print(3)\n"), None);
        assert_eq!(approve_version(&world, &engine, "adder", "1.0.0", "print(4)\n"), None, "the same version, changed");
        let entry = approve_version(&world, &engine, "adder", "1.1.0", "print(5)\n").unwrap();
        assert_eq!((entry.evolved_version.as_str(), entry.original_version.as_str()), ("1.1.0", "1.0.0"));
        assert_eq!(entry.evolved_file, "tools/approved/adder/adder.py");
        engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
        assert_eq!(catalog::promotions(&world.root()).unwrap().get("adder"), None, "taken back");
        assert_eq!(catalog::promotions(&world.root()).unwrap().iter().count(), 0);
    }
}
