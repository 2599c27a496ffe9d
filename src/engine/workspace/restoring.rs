//! What a human does about a database that is gone, damaged or older than it was: put a backup back, save what can be
//! saved, or continue what is there. First it is said what that would lose, then it is done; the old database stays
//! aside.

use crate::domain::{Digest, Instant, Operation, plural, rfc3339};
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::settings::Settings;
use crate::engine::small_file::read_small;
use crate::engine::state::identity::locate;
use crate::engine::workspace::{OpenOptions, programs};
use crate::store::{self, Copies, NewOperation, Queries, RestoreSource, Store};
use crate::vcs::{Git, system_user};
use serde_json::json;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many lost entries are named one by one.
const NAMED: usize = 12;

/// What to do about the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Put this backup back, or the newest one that holds together.
    Restore(Option<PathBuf>),
    /// Save the rows that can be read and rebuild what log and files tell.
    Rebuild,
    /// Go on with what is there.
    AcceptLoss,
}

/// What it would do, to be agreed to.
#[derive(Debug, Clone, PartialEq)]
pub struct RecoveryPlan {
    /// Question that the user has to agree to.
    pub title: String,
    /// What would be lost and what stays.
    pub lines: Vec<String>,
    verb: &'static str,
    source: RestoreSource,
}

/// Says what a recovery would do. Changes nothing.
///
/// # Errors
/// `NotFound` when there is no backup to put back; `Internal` when the file is not a database that holds together.
pub fn plan_recovery(options: &OpenOptions, wanted: &Recovery) -> Result<RecoveryPlan, EngineError> {
    let dir = locate(&options.home, &options.workspace).dir;
    let (verb, source, mut lines) = match wanted {
        Recovery::Restore(file) => {
            let (source, lines) = choose_backup(&dir, file.as_deref())?;
            ("restore-state", source, lines)
        }
        Recovery::Rebuild => {
            let (source, lines) = rebuild_from(&dir);
            ("rebuild-state", source, lines)
        }
        Recovery::AcceptLoss if is_readable(&dir) => ("accept-loss", RestoreSource::Present, Vec::new()),
        Recovery::AcceptLoss => ("accept-loss", RestoreSource::Empty, Vec::new()),
    };
    let title = match (&source, wanted) {
        (RestoreSource::Backup(file) | RestoreSource::Salvage(file), Recovery::Restore(_)) => {
            format!("Replace the database with {}?", file.display())
        }
        (RestoreSource::Salvage(file), _) => {
            format!("Rebuild the database from the readable parts of {}?", file.display())
        }
        (RestoreSource::Present, _) => "Continue with the current database?".to_owned(),
        _ => "Start with an empty database?".to_owned(),
    };
    lines.extend(lost_with(options, &dir, &source));
    lines.push("the replaced files are kept in replaced/ in the state folder".to_owned());
    Ok(RecoveryPlan { title, lines, verb, source })
}

/// Does what was agreed to, and says the result.
///
/// # Errors
/// `Internal` while another toolsmith has the state open and errors of the store; then everything is as it was.
pub fn recover_state(options: &OpenOptions, plan: &RecoveryPlan) -> Result<Vec<String>, EngineError> {
    let dir = locate(&options.home, &options.workspace).dir;
    let (settings, _) = Settings::load(&options.workspace, &options.home);
    let programs = Arc::new(programs(&options.workspace, &options.home, &settings, options.asker));
    let who = Git::discover(&options.workspace, &programs).as_ref().and_then(Git::identity).unwrap_or_else(system_user);
    let mut lost = Vec::new();
    let done = store::replace(&dir, &plan.source, now(), |tx, incomplete| -> Result<NewOperation, EngineError> {
        if plan.verb == "rebuild-state" {
            lost = core::rebuild(tx, incomplete)?;
        }
        let detail = json!({"said": plan.lines, "incomplete": incomplete, "lost": lost});
        let (verb, subject) = (plan.verb.to_owned(), "state".to_owned());
        Ok(NewOperation { who, verb, subject, detail, reversible: false })
    })?;
    let mut lines = Vec::new();
    if !done.incomplete.is_empty() {
        lines.push(format!("could not be fully read: {}", done.incomplete.join(", ")));
        let made: Vec<&str> =
            core::FROM_LOG.iter().copied().filter(|table| done.incomplete.iter().any(|name| name == table)).collect();
        if !made.is_empty() {
            lines.push(format!("rebuilt from the log: {}", made.join(", ")));
        }
        if !lost.is_empty() {
            lines.push(format!("lost where unreadable: {}", lost.join(", ")));
        }
    }
    lines.extend(done.aside.map(|aside| format!("previous files: {}", aside.display())));
    Ok(lines)
}

/// The backup to put back, and what to say of newer ones that do not hold together.
fn choose_backup(dir: &Path, file: Option<&Path>) -> Result<(RestoreSource, Vec<String>), EngineError> {
    if let Some(file) = file {
        let file = std::path::absolute(file).map_err(EngineError::internal)?;
        if !file.is_file() {
            let message = format!("there is no backup {}", file.display());
            return Err(EngineError::new(ErrorCode::NotFound, message, "`toolsmith doctor` shows the newest"));
        }
        store::look_into(&file)?;
        return Ok((RestoreSource::Backup(file), Vec::new()));
    }
    let mut lines = Vec::new();
    for backup in store::backups(dir) {
        match store::look_into(&backup.path) {
            Ok(_) => {
                lines.push(format!("made at {}", rfc3339(Instant(backup.at_ms))));
                return Ok((RestoreSource::Backup(backup.path), lines));
            }
            Err(error) => lines.push(format!("the newer {} is skipped: {error}", backup.path.display())),
        }
    }
    let message = format!("there is no backup in {}", dir.join("backups").display());
    let hint = "`toolsmith doctor --rebuild` rebuilds the state from the log and files";
    Err(EngineError::new(ErrorCode::NotFound, message, hint))
}

/// The database that is there, when anything can be read of it, else the newest backup, else nothing.
fn rebuild_from(dir: &Path) -> (RestoreSource, Vec<String>) {
    if is_readable(dir) {
        return (RestoreSource::Salvage(dir.join("store.db")), Vec::new());
    }
    let sound = store::backups(dir).into_iter().find(|backup| store::look_into(&backup.path).is_ok());
    let (from, source) = match sound {
        Some(backup) => ("the newest backup is used instead", RestoreSource::Salvage(backup.path)),
        None => ("there is no backup either", RestoreSource::Empty),
    };
    (source, vec![format!("nothing can be read in {}: {from}", dir.join("store.db").display())])
}

fn is_readable(dir: &Path) -> bool {
    let file = dir.join("store.db");
    store::has_database(dir) && store::read_backup(&file).is_ok_and(|queries| queries.damaged_tables().is_ok())
}

/// What is known to be newer than the source: entries of the log that is there, versions, runs, approvals beside tools.
fn lost_with(options: &OpenOptions, dir: &Path, source: &RestoreSource) -> Vec<String> {
    let kept = match source {
        RestoreSource::Backup(file) | RestoreSource::Salvage(file) => store::read_backup(file).ok(),
        RestoreSource::Present => store::read_backup(&dir.join("store.db")).ok(),
        RestoreSource::Empty => None,
    };
    let last = kept.as_ref().and_then(newest).map_or(0, |entry| entry.id.0);
    let mut lines = vec![match last {
        0 => "it has no log: all approvals, decisions, grants and runs are lost".to_owned(),
        last => format!("its log ends with entry {last}"),
    }];
    // A database that cannot be opened has no entries that could be named as lost.
    let there = Store::view(dir).ok();
    let newer = there.as_deref().map(|there| entries_after(there, last)).unwrap_or_default();
    lines.extend(newer.iter().take(NAMED).map(|entry| {
        let Operation { id, verb, subject, who, at, .. } = entry;
        format!("newer and lost: entry {id}, {verb} {subject} by {who} at {}", rfc3339(*at))
    }));
    if newer.len() > NAMED {
        lines.push(format!("and {} more entries", newer.len() - NAMED));
    }
    let seen = store::LogEnd::read(dir).map_or(0, |seen| seen.operations);
    let known = newer.last().map_or(last, |entry| entry.id.0);
    if seen > known {
        let (had, lost) = (plural(seen as usize, "entry", "entries"), seen - known);
        let are = if lost == 1 { "is" } else { "are" };
        lines.push(format!("the log had {had}; {lost} of them {are} lost"));
    }
    lines.extend(approvals_after(&options.workspace, last));
    let versions: HashSet<Digest> =
        kept.as_ref().and_then(|kept| kept.all_version_digests().ok()).unwrap_or_default().into_iter().collect();
    let copies = Copies::new(dir).all().unwrap_or_default();
    let unknown = copies.iter().filter(|digest| !versions.contains(digest)).count();
    let last_run = kept.as_ref().and_then(|kept| kept.last_run().ok().flatten()).map_or(0, |run| run.0);
    let runs = store::spools(dir).into_iter().filter(|run| *run > last_run).count();
    for (number, one, many) in [
        (unknown, "kept version is newer; its copy is kept", "kept versions are newer; their copies are kept"),
        (runs, "run is newer; its output is moved aside", "runs are newer; their output is moved aside"),
    ] {
        if number > 0 {
            lines.push(plural(number, one, many));
        }
    }
    lines
}

fn newest(queries: &Queries) -> Option<Operation> {
    queries.operations(1, None).ok()?.pop()
}

/// Entries with a higher number, oldest first.
fn entries_after(queries: &Queries, last: i64) -> Vec<Operation> {
    let mut entries = queries.whole_log().unwrap_or_default();
    entries.retain(|entry| entry.id.0 > last);
    entries
}

/// Approvals of which only the file next to the tool is left.
fn approvals_after(workspace: &Path, last: i64) -> Vec<String> {
    let mut lines = Vec::new();
    for stage in ["approved", "core"] {
        let folders = std::fs::read_dir(workspace.join("tools").join(stage)).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = folders.map(|folder| folder.path().join("approval.toml")).collect();
        paths.sort();
        for path in paths {
            let Some(table) = read_small(&path).and_then(|text| text.parse::<toml::Table>().ok()) else { continue };
            let (operation, reviewer) = (table.get("operation"), table.get("reviewer").and_then(toml::Value::as_str));
            let Some(operation) = operation.and_then(toml::Value::as_integer).filter(|id| *id > last) else { continue };
            let (path, who) = (path.strip_prefix(workspace).unwrap_or(&path).display(), reviewer.unwrap_or("nobody"));
            lines.push(format!("{path} says that {who} approved it with entry {operation}, which is not in that log"));
        }
    }
    lines
}
