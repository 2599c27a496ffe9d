//! Files that the user names in addition to local records: shell histories, agent logs, API documents. They are read,
//! redacted and not stored.

use crate::domain::{Opportunity, OpportunitySources, Redactor, SafeText, Tool, ToolName};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::evolving::making::structured;
use crate::insight::mine::{self, MiningInput};
use serde::Serialize;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest file, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// Maximum total size of all files, in bytes.
const MAX_ALL: u64 = 256 << 20;

/// Maximum number of files in a folder; if there are more, none is read.
const MAX_FILES: usize = 1_000;

/// Maximum depth of folders.
const MAX_DEPTH: usize = 8;

/// Extensions of logs.
const LOGS: [&str; 4] = ["jsonl", "ndjson", "json", "log"];

/// Extensions of documents.
const DOCUMENTS: [&str; 3] = ["json", "yaml", "yml"];

/// The result for a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Imported {
    /// Its name; for a file in a named folder, its path in the folder.
    pub file: String,
    /// `history`, `log` or `openapi`.
    pub kind: &'static str,
    /// Commands, calls or operations that were read.
    pub read: usize,
    /// The number of lines that could not be read.
    pub unreadable: usize,
}

/// Reads the files; unreadable parts are counted.
pub(super) fn import(
    tools: &[Arc<Tool>],
    from: &OpportunitySources,
    material: &mut MiningInput,
) -> Result<Vec<Imported>, EngineError> {
    let redactor = Redactor::new([]);
    let mask = |line: &str| redactor.text(line);
    let mut imported = Vec::new();
    let mut left = MAX_ALL;
    for named in files(&from.history, &[])? {
        let read = mine::read_history(&named.name, &named.bytes(&mut left)?, &mask);
        material.imported.extend(read.sessions);
        let (file, read, unreadable) = (named.name, read.commands, read.unreadable);
        imported.push(Imported { file, kind: "history", read, unreadable });
    }
    for named in files(&from.log, &LOGS)? {
        let read = mine::read_agent_log(&named.name, &named.bytes(&mut left)?, &mask);
        material.imported.extend(read.sessions);
        material.tasks.extend(read.tasks);
        let (file, read, unreadable) = (named.name, read.calls, read.unreadable);
        imported.push(Imported { file, kind: "log", read, unreadable });
    }
    for named in files(&from.openapi, &DOCUMENTS)? {
        let wrappers = operations(tools, &named, &mut left);
        // A folder may also contain other documents.
        let wrappers = match wrappers {
            Err(why) if named.is_of_folder && why.code == ErrorCode::Usage => continue,
            found => found?,
        };
        let (file, read) = (named.name, wrappers.len());
        material.wrappers.extend(wrappers);
        imported.push(Imported { file, kind: "openapi", read, unreadable: 0 });
    }
    Ok(imported)
}

/// The operations of a document that no tool wraps.
fn operations(tools: &[Arc<Tool>], named: &NamedFile, left: &mut u64) -> Result<Vec<Opportunity>, EngineError> {
    let no_operations = |why: &str| {
        let hint = "an OpenAPI document with paths, or a definition with code_template, as .json, .yaml or .yml";
        EngineError::new(ErrorCode::Usage, format!("{} describes no operations{why}", named.name), hint)
    };
    let document = structured(&named.name, &named.bytes(left)?)?;
    let document = document.ok_or_else(|| no_operations(": its file extension is not supported"))?;
    let known = |name: &str| {
        let name = ToolName::of_words(name);
        tools.iter().any(|tool| ToolName::of_words(tool.name.as_str()) == name)
    };
    mine::wrappers(&named.name, &document, &known).ok_or_else(|| no_operations(""))
}

/// A file to read.
struct NamedFile {
    path: PathBuf,
    /// Its name in displays and evidence.
    name: String,
    is_of_folder: bool,
}

impl NamedFile {
    /// Its bytes, whose number is subtracted from `left`.
    fn bytes(&self, left: &mut u64) -> Result<Vec<u8>, EngineError> {
        let shown = SafeText::visible(&self.path.display().to_string()).into_owned();
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
        read.map_err(|error| unreadable(&self.path, &error))?;
        let too_large = |what: String| {
            let hint = "pass only the newest part, for example with `tail`";
            EngineError::new(ErrorCode::Refused, what, hint)
        };
        let size = bytes.len() as u64;
        if size > MAX_FILE {
            return Err(too_large(format!("{shown} has more than {} MiB", MAX_FILE >> 20)));
        }
        let rest = left.checked_sub(size);
        *left = rest.ok_or_else(|| too_large(format!("the files have more than {} MiB together", MAX_ALL >> 20)))?;
        Ok(bytes)
    }
}

/// Files, and instead of folders the regular files below them with one of the `endings`, ordered by path. Links in
/// folders are not followed.
fn files(named: &[PathBuf], endings: &[&str]) -> Result<Vec<NamedFile>, EngineError> {
    let mut found = Vec::new();
    for path in named {
        let shown = |path: &Path| SafeText::visible(&path.to_string_lossy()).into_owned();
        if !path.is_dir() {
            let name = shown(Path::new(path.file_name().unwrap_or(path.as_os_str())));
            found.push(NamedFile { path: path.clone(), name, is_of_folder: false });
            continue;
        }
        let mut below = Vec::new();
        collect(path, endings, MAX_DEPTH, &mut below)?;
        if below.is_empty() {
            let message = format!("{} holds no file to read", shown(path));
            return Err(EngineError::new(ErrorCode::NotFound, message, "name a file, or the folder that holds some"));
        }
        below.sort();
        found.extend(below.into_iter().map(|file| {
            let name = shown(file.strip_prefix(path).unwrap_or(&file));
            NamedFile { path: file, name, is_of_folder: true }
        }));
    }
    if found.len() > MAX_FILES {
        let message = format!("{} files to read, at most {MAX_FILES} are allowed", found.len());
        return Err(EngineError::new(ErrorCode::Refused, message, "name a smaller folder"));
    }
    Ok(found)
}

fn collect(folder: &Path, endings: &[&str], depth: usize, into: &mut Vec<PathBuf>) -> Result<(), EngineError> {
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let kind = entry.file_type().map_err(|error| unreadable(folder, &error))?;
        let path = entry.path();
        let ends_so = |ending: &str| endings.is_empty() || endings.contains(&ending);
        if kind.is_dir() && depth > 0 {
            collect(&path, endings, depth - 1, into)?;
        } else if kind.is_file() && ends_so(path.extension().and_then(|ending| ending.to_str()).unwrap_or_default()) {
            into.push(path);
        }
        if into.len() > MAX_FILES {
            break;
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> EngineError {
    let code = if error.kind() == std::io::ErrorKind::NotFound { ErrorCode::NotFound } else { ErrorCode::Failed };
    let shown = SafeText::visible(&path.display().to_string()).into_owned();
    EngineError::new(code, format!("cannot read {shown}: {error}"), "name a readable file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_files_by_path_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, name).unwrap();
            path
        };
        let single = write("single.txt");
        for name in ["logs/b/two.jsonl", "logs/one.ndjson", "logs/readme.md"] {
            write(name);
        }
        std::os::unix::fs::symlink(&single, dir.path().join("logs/link.jsonl")).unwrap();
        let found = files(&[dir.path().join("logs"), single], &LOGS).unwrap();
        let names: Vec<_> = found.iter().map(|file| (file.name.as_str(), file.is_of_folder)).collect();
        assert_eq!(names, [("b/two.jsonl", true), ("one.ndjson", true), ("single.txt", false)]);
        let mut left = 20;
        assert_eq!(found[0].bytes(&mut left).unwrap(), b"logs/b/two.jsonl");
        assert_eq!(found[1].bytes(&mut left).unwrap_err().code, ErrorCode::Refused, "together they are too large");
        std::fs::create_dir(dir.path().join("none")).unwrap();
        for missing in ["none", "gone"] {
            let files = files(&[dir.path().join(missing)], &LOGS);
            let read = files.and_then(|files| files[0].bytes(&mut 9_000));
            assert_eq!(read.unwrap_err().code, ErrorCode::NotFound, "{missing}");
        }
    }
}
