//! What a version needs beside itself and whether this machine has it, known before anything starts.
//!
//! Sources are read, never executed; the interpreter is asked what it has, once. What is certainly
//! missing blocks a run, what may be missing is only said. A script that declares its packages
//! (PEP 723) gets an environment of its own from uv where that is installed.

mod environment;
mod imports;
mod node;
mod python;
mod script;
#[cfg(test)]
mod tests;

use super::interpreter::{FirstLine, Interpreters, Program, SearchPath, Seeker, Who};
use crate::domain::{Kind, Manifest, Missing, VersionFile};
use environment::Uv;
use script::Block;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// A version whose needs are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Need<'a> {
    /// What it says of itself.
    pub manifest: &'a Manifest,
    /// Its files.
    pub files: &'a [VersionFile],
    /// Where its files lie in the workspace, for what a human is told to do.
    pub origin: &'a Path,
    /// The workspace; no program in it counts.
    pub workspace: &'a Path,
    /// What is known of interpreters.
    pub interpreters: &'a Interpreters,
}

/// What a version needs and this machine lacks. Starts nothing but interpreters, to ask them, and uv,
/// to hear whether it has the packages; makes nothing.
pub fn missing(need: &Need<'_>) -> Vec<Missing> {
    let caller = std::env::vars_os().collect();
    let (who, workspace) = (Who::of_this_process(), Some(need.workspace));
    missing_for(&SearchPath::new(Seeker { caller: &caller, who, workspace, interpreters: need.interpreters }), need)
}

fn missing_for(path: &SearchPath<'_>, need: &Need<'_>) -> Vec<Missing> {
    let program = match need.program(path) {
        Ok(Some(program)) => program,
        Ok(None) => return Vec::new(),
        Err(missing) => return vec![missing],
    };
    let Some(entry) = need.entry() else { return need.undeclared(&program, &[]) };
    let mut found = match need.environment(path, &program) {
        Wanted::Nothing => need.imports(&entry.path, &program, None),
        // What the environment will hold is known when it is made.
        Wanted::Environment(uv, python) => {
            need.looked_at(&uv, &python, entry).err().map(|cause| need.unfetched(entry, &cause)).into_iter().collect()
        }
        Wanted::Lacking(missing) => vec![missing],
    };
    let more = need.undeclared(&program, &found);
    found.extend(more);
    found
}

/// Gives a program what the version needs: the environment of its own where it declares one. `kept` is
/// the folder of the kept copy.
///
/// # Errors
/// What is missing, one line.
pub(super) fn equip(path: &SearchPath<'_>, need: &Need<'_>, program: Program, kept: &Path) -> Result<Program, String> {
    let Some(entry) = need.entry() else { return Ok(program) };
    let (program, missing) = match need.environment(path, &program) {
        Wanted::Nothing => {
            let missing = need.imports(&entry.path, &program, None);
            (program, missing)
        }
        Wanted::Lacking(missing) => return Err(missing.message),
        Wanted::Environment(uv, python) => {
            let made = uv.make(&python, &kept.join(&entry.path));
            let python = made.map_err(|cause| need.unfetched(entry, &cause).message)?;
            let mut own = path.program_at(&python).ok_or_else(|| unreachable(&python))?;
            let environment = python.parent().and_then(Path::parent).ok_or_else(|| unreachable(&python))?;
            if let Some(facts) = &mut own.facts {
                (facts.packages, facts.lock) = environment::contents(environment);
                facts.prefix = Some(environment.to_string_lossy().into_owned());
            }
            let missing = need.imports(&entry.path, &program, Some(environment));
            (Program { lead: program.lead, ..own }, missing)
        }
    };
    match missing.into_iter().find(|missing| missing.blocks) {
        Some(missing) => Err(missing.message),
        None => Ok(program),
    }
}

fn unreachable(python: &Path) -> String {
    let place = python.display();
    format!(
        "the environment at {place} cannot be seen by the user that tools run as; set UV_CACHE_DIR to a folder that others may read"
    )
}

/// What a script's block comes down to on this machine.
enum Wanted {
    /// There is no block, or all it names is installed.
    Nothing,
    /// An environment of its own, made by this uv for this Python.
    Environment(Uv, std::path::PathBuf),
    /// It cannot have one.
    Lacking(Missing),
}

impl Need<'_> {
    /// The program of the command; `None` when it starts none or its name depends on the input.
    fn program(&self, path: &SearchPath<'_>) -> Result<Option<Program>, Missing> {
        let recipe = self.manifest.recipe.as_ref().filter(|_| self.manifest.kind == Kind::Command);
        let Some(word) = recipe.and_then(|recipe| recipe.command.first()) else { return Ok(None) };
        let lacking = |name: &str, message| Missing { name: name.to_owned(), message, blocks: true };
        if let Some(own) = self.own_file(word) {
            let Some(line) = FirstLine::parse(&own.bytes) else { return Ok(None) };
            return path.of_first_line(&own.path, &line).map(Some).map_err(|message| lacking(&line.name, message));
        }
        if word.contains(['/', '{']) {
            return Ok(None);
        }
        let script = self.entry().map(|entry| OsString::from(&entry.path));
        let found = path.program(OsStr::new(word), Path::new("/"), script.as_deref());
        found.map(Some).map_err(|message| lacking(word, message))
    }

    /// The file that runs: the entry, else the first word of the command that is a file of the version.
    fn entry(&self) -> Option<&VersionFile> {
        let recipe = self.manifest.recipe.as_ref()?;
        let named = recipe.entry.as_deref().and_then(|entry| self.file(entry));
        named.or_else(|| recipe.command.iter().take(2).find_map(|word| self.own_file(word)))
    }

    fn own_file(&self, word: &str) -> Option<&VersionFile> {
        if word == "{file}" {
            return self.file(self.manifest.recipe.as_ref()?.entry.as_deref()?);
        }
        let path = word.strip_prefix("{dir}/").or_else(|| word.strip_prefix("./")).unwrap_or(word);
        self.file(path).filter(|_| word.contains(['/', '.']))
    }

    fn file(&self, path: &str) -> Option<&VersionFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The packages that the sources take and that the interpreter does not have, or the environment
    /// made from it.
    fn imports(&self, entry: &str, program: &Program, environment: Option<&Path>) -> Vec<Missing> {
        match language_of(program) {
            Some(Language::Python) => python::missing(self, entry, program, environment),
            Some(Language::Node) => node::missing(self, entry, program),
            None => Vec::new(),
        }
    }

    fn environment(&self, path: &SearchPath<'_>, program: &Program) -> Wanted {
        let Some(entry) = self.entry().filter(|_| language_of(program) == Some(Language::Python)) else {
            return Wanted::Nothing;
        };
        let Some(block) = Block::read(&entry.bytes).filter(|block| !block.dependencies.is_empty()) else {
            return Wanted::Nothing;
        };
        let lacking = |names: &str, message| Wanted::Lacking(Missing { name: names.to_owned(), message, blocks: true });
        let Some(python) = python::Python::of(program, self.interpreters) else { return Wanted::Nothing };
        let absent = python.lacks(&block.dependencies).join(" ");
        if absent.is_empty() {
            return Wanted::Nothing;
        }
        let declares = "this script declares dependencies (PEP 723)";
        let lock = self.file(&format!("{}.lock", entry.path));
        let fault = block.fault.or_else(|| lock.and_then(|lock| script::fault_of_lock(&lock.bytes)));
        if let Some(fault) = fault {
            return lacking(
                &absent,
                format!("{declares}, but {fault}, which uv is not asked for; pip install {absent}"),
            );
        }
        match (Uv::find(path), &program.interpreter) {
            (Some(uv), Some(python)) => Wanted::Environment(uv, python.clone()),
            (None, _) | (_, None) => {
                lacking(&absent, format!("{declares}: install uv (see docs.astral.sh/uv), or pip install {absent}"))
            }
        }
    }

    /// Asks uv about a copy of the script in a folder of its own, so that it finds nothing beside it.
    fn looked_at(&self, uv: &Uv, python: &Path, entry: &VersionFile) -> Result<(), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let script = folder.path().join("script.py");
        std::fs::write(&script, &entry.bytes).map_err(|error| error.to_string())?;
        if let Some(lock) = self.file(&format!("{}.lock", entry.path)) {
            std::fs::write(environment::lock_of(&script), &lock.bytes).map_err(|error| error.to_string())?;
        }
        uv.could_make(python, &script)
    }

    fn unfetched(&self, entry: &VersionFile, cause: &str) -> Missing {
        let file = self.origin.join(&entry.path);
        let message =
            format!("uv has not fetched its packages yet: run 'uv sync --script {}' once ({cause})", file.display());
        Missing { name: "uv".to_owned(), message, blocks: true }
    }

    /// What the manifest or a list of requirements names beyond what was `found` missing already.
    fn undeclared(&self, program: &Program, found: &[Missing]) -> Vec<Missing> {
        let is_script = self.entry().is_some_and(|entry| Block::read(&entry.bytes).is_some());
        if language_of(program) != Some(Language::Python) || is_script {
            return Vec::new();
        }
        let lists = self.file("requirements.txt").map(|file| String::from_utf8_lossy(&file.bytes));
        let lines = lists.as_deref().unwrap_or_default().lines().map(|line| line.split('#').next().unwrap_or_default());
        let listed = lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('-'));
        let wanted: Vec<String> = self.manifest.dependencies.iter().cloned().chain(listed.map(str::to_owned)).collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let Some(python) = python::Python::of(program, self.interpreters) else { return Vec::new() };
        let absent = python.lacks(&wanted).into_iter().filter(|name| {
            !found.iter().any(|missing| missing.name.eq_ignore_ascii_case(name) || missing.message.contains(*name))
        });
        let missing = absent.map(|name| Missing {
            name: name.to_owned(),
            message: format!("it declares {name}, which is not installed for {}", python.shown()),
            blocks: false,
        });
        missing.collect()
    }
}

/// Languages whose packages are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    Node,
}

fn language_of(program: &Program) -> Option<Language> {
    let name = Path::new(&program.facts.as_ref()?.path).file_name()?.to_string_lossy().into_owned();
    if name.starts_with("python") || name.starts_with("pypy") {
        Some(Language::Python)
    } else if name == "node" || name == "nodejs" {
        Some(Language::Node)
    } else {
        None
    }
}
