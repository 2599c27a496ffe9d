//! What a version needs beside itself and whether this machine has it, known before anything starts.
//!
//! Sources are read, never executed; the interpreter is asked what it has, once. What is certainly
//! missing blocks a run, what may be missing is only said. A script that declares its packages
//! (PEP 723) gets an environment of its own: [`super::fetch()`] has uv make it, inside the sandbox, after a human agreed.

mod address;
mod environment;
mod lock;
mod node;
mod packages;
mod python;
mod script;
mod shell;
#[cfg(test)]
mod tests;

pub(super) use address::{Address, DEFAULT_REGISTRY};
pub(super) use environment::{LOCK, Wish, contents};
pub(super) use lock::PackageLock;
pub(super) use packages::{distributions, normal, site_packages};

use super::interpreter::{FirstLine, Interpreters, ResolvedProgram, SearchPath, Seeker, Sources, Who};
use crate::domain::{CALL_MODULES, InterpreterFacts, Manifest, Missing, VersionFile};
use script::ScriptMetadata;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// A version whose needs are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Need<'a> {
    /// What it says of itself.
    pub manifest: &'a Manifest,
    /// Its files.
    pub files: &'a [VersionFile],
    /// Where its files are in the workspace, for what a human is told to do.
    pub origin: &'a Path,
    /// The workspace; no program in it counts.
    pub workspace: &'a Path,
    /// What is known of interpreters.
    pub interpreters: &'a Interpreters,
    /// The folder of all environments of scripts.
    pub environments: &'a Path,
    /// Where its programs may come from.
    pub sources: Sources,
}

/// What a version needs and this machine lacks. Starts nothing but interpreters, to ask them; makes nothing.
pub fn missing(need: &Need<'_>) -> Vec<Missing> {
    let caller = std::env::vars_os().collect();
    missing_for(&need.path(&caller), need)
}

/// Whether a script declares packages in a block of its own.
pub(super) fn declares_packages(need: &Need<'_>) -> bool {
    need.block().is_some()
}

/// The interpreter that a version would run with; `None` when there is none, or the version is its own program.
pub fn interpreter_of(need: &Need<'_>) -> Option<InterpreterFacts> {
    let caller = std::env::vars_os().collect();
    need.program(&need.path(&caller)).ok()??.facts
}

fn missing_for(path: &SearchPath<'_>, need: &Need<'_>) -> Vec<Missing> {
    let program = match need.program(path) {
        Ok(Some(program)) => program,
        Ok(None) => return Vec::new(),
        Err(missing) => return vec![missing],
    };
    let mut all: Vec<Missing> = distrusted(&program).into_iter().collect();
    let Some(entry) = need.entry() else {
        all.extend(need.undeclared(&program, &[]));
        return all;
    };
    let found = match need.environment(&program) {
        DependencyNeed::Nothing => need.imports(path, &entry.path, (&program, None)),
        DependencyNeed::Environment(wish) if wish.is_made() => {
            need.imports(path, &entry.path, (&program, Some(&wish.folder)))
        }
        DependencyNeed::Environment(wish) => vec![need.lacking_packages(path, &wish)],
        DependencyNeed::Lacking(missing) => vec![missing],
    };
    all.extend(need.undeclared(&program, &found));
    all.splice(..0, found);
    all
}

/// Gives a program what the version needs: the environment of its own where it declares one.
///
/// # Errors
/// What is missing, one line.
pub(super) fn equip(
    path: &SearchPath<'_>,
    need: &Need<'_>,
    program: ResolvedProgram,
) -> Result<ResolvedProgram, String> {
    let Some(entry) = need.entry() else { return Ok(program) };
    let (program, missing) = match need.environment(&program) {
        DependencyNeed::Nothing => {
            let missing = need.imports(path, &entry.path, (&program, None));
            (program, missing)
        }
        DependencyNeed::Lacking(missing) => return Err(missing.message),
        DependencyNeed::Environment(wish) if !wish.is_made() => return Err(need.lacking_packages(path, &wish).message),
        DependencyNeed::Environment(wish) => {
            let missing = need.imports(path, &entry.path, (&program, Some(&wish.folder)));
            (wish.equip(program), missing)
        }
    };
    match missing.into_iter().find(|missing| missing.blocks) {
        Some(missing) => Err(missing.message),
        None => Ok(program),
    }
}

/// An interpreter that was not asked anything, because others could have changed it.
fn distrusted(program: &ResolvedProgram) -> Option<Missing> {
    let facts = program.facts.as_ref()?;
    let why = facts.untrusted.as_ref()?;
    let message = format!(
        "its interpreter {} is not trusted: {why}; it is never started outside the sandbox, so its version and packages are unknown",
        facts.path
    );
    Some(Missing { name: facts.path.clone(), message, blocks: false })
}

/// Where the environment of a version is once it is made; `None` when it gets none.
#[cfg(test)]
pub(super) fn place_of_environment(
    need: &Need<'_>,
    caller: &std::collections::BTreeMap<OsString, OsString>,
) -> Option<std::path::PathBuf> {
    let path = need.path(caller);
    let program = need.program(&path).ok().flatten()?;
    match need.environment(&program) {
        DependencyNeed::Environment(wish) => Some(wish.folder),
        DependencyNeed::Nothing | DependencyNeed::Lacking(_) => None,
    }
}

/// What a script's block comes down to on this machine.
pub(super) enum DependencyNeed {
    /// There is no block, or all it names is installed.
    Nothing,
    /// An environment of its own, made already or not.
    Environment(Wish),
    /// It cannot have one.
    Lacking(Missing),
}

impl<'a> Need<'a> {
    /// The block of its script, when that names packages.
    pub(super) fn block(&self) -> Option<ScriptMetadata> {
        self.entry().and_then(|entry| ScriptMetadata::read(&entry.bytes)).filter(|block| !block.dependencies.is_empty())
    }

    fn path(&self, caller: &'a BTreeMap<OsString, OsString>) -> SearchPath<'a> {
        let Need { workspace, interpreters, sources, .. } = *self;
        SearchPath::new(Seeker {
            caller,
            who: Who::of_this_process(),
            workspace: Some(workspace),
            interpreters,
            sources,
        })
    }

    /// The program of the command; `None` when it starts none or its name depends on the input.
    pub(super) fn program(&self, path: &SearchPath<'_>) -> Result<Option<ResolvedProgram>, Missing> {
        let recipe = self.manifest.recipe.as_ref().filter(|_| self.manifest.kind.starts_process());
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

    /// The program of the command and what comes before its words, as this process would find it; `None` if the first
    /// word is the program, or nothing is found.
    pub(super) fn program_words(&self) -> Option<Vec<OsString>> {
        let word = self.manifest.recipe.as_ref()?.command.first()?;
        if self.own_file(word).is_some() {
            return None;
        }
        let caller = std::env::vars_os().collect();
        let path = self.path(&caller);
        let found = self.program(&path).ok().flatten()?;
        let program = match self.environment(&found) {
            DependencyNeed::Environment(wish) if wish.is_made() => wish.equip(found),
            DependencyNeed::Environment(_) | DependencyNeed::Lacking(_) | DependencyNeed::Nothing => found,
        };
        Some(std::iter::once(program.path.into_os_string()).chain(program.lead).collect())
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
    /// made from it; of a shell script the programs that it calls.
    fn imports(
        &self,
        path: &SearchPath<'_>,
        entry: &str,
        (program, environment): (&ResolvedProgram, Option<&Path>),
    ) -> Vec<Missing> {
        let mut missing = match language_of(program) {
            Some(PackageLanguage::Python) => python::missing(self, entry, program, environment),
            Some(PackageLanguage::Node) => node::missing(self, entry, program),
            Some(PackageLanguage::Shell) => shell::missing(self, entry, path),
            None => Vec::new(),
        };
        if matches!(language_of(program), Some(PackageLanguage::Python | PackageLanguage::Node)) {
            missing.extend(shell::missing_started(self, entry, path));
        }
        // The sandbox offers these itself.
        missing.retain(|missing| !CALL_MODULES.contains(&missing.name.as_str()));
        missing
    }

    pub(super) fn environment(&self, program: &ResolvedProgram) -> DependencyNeed {
        let Some(entry) = self.entry().filter(|_| language_of(program) == Some(PackageLanguage::Python)) else {
            return DependencyNeed::Nothing;
        };
        let Some(block) = self.block() else { return DependencyNeed::Nothing };
        let Some(python) = python::Python::of(program, self.interpreters) else { return DependencyNeed::Nothing };
        let absent = python.lacks(&block.dependencies).join(" ");
        if absent.is_empty() {
            return DependencyNeed::Nothing;
        }
        let lacking = |fault: &str| {
            let message = format!(
                "this script declares dependencies (PEP 723), but {fault}: they are not installed; {}",
                python.install(&absent)
            );
            DependencyNeed::Lacking(Missing { name: absent.clone(), message, blocks: true })
        };
        if let Some(fault) = block.fault {
            return lacking(fault);
        }
        let lock = self.file(&format!("{}.lock", entry.path)).map(|file| PackageLock::read(&file.bytes)).transpose();
        match lock {
            Err(fault) => lacking(&format!("its lock file {fault}")),
            Ok(lock) => match Wish::of(block, lock, program, self.environments) {
                Some(wish) => DependencyNeed::Environment(wish),
                None => lacking("its Python cannot be examined"),
            },
        }
    }

    /// What to do about an environment that is not made yet.
    fn lacking_packages(&self, path: &SearchPath<'_>, wish: &Wish) -> Missing {
        let names = wish.block.dependencies.join(" ");
        let how = match path.for_ourselves(OsStr::new("uv")) {
            Some(_) => format!("run `toolsmith run {}` at a terminal and agree to fetch them", self.manifest.name),
            None => format!("install uv (see docs.astral.sh/uv), or pip install {names}"),
        };
        let message = format!("this script declares dependencies (PEP 723) that are not installed: {how}");
        Missing { name: names, message, blocks: true }
    }

    /// What the manifest or a list of requirements names beyond what was `found` missing already.
    fn undeclared(&self, program: &ResolvedProgram, found: &[Missing]) -> Vec<Missing> {
        let is_script = self.entry().is_some_and(|entry| ScriptMetadata::read(&entry.bytes).is_some());
        if language_of(program) != Some(PackageLanguage::Python) || is_script {
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
enum PackageLanguage {
    Python,
    Node,
    /// Its packages are programs.
    Shell,
}

fn language_of(program: &ResolvedProgram) -> Option<PackageLanguage> {
    let name = Path::new(&program.facts.as_ref()?.path).file_name()?.to_string_lossy().into_owned();
    if name.starts_with("python") || name.starts_with("pypy") {
        Some(PackageLanguage::Python)
    } else if name == "node" || name == "nodejs" {
        Some(PackageLanguage::Node)
    } else if matches!(name.as_str(), "bash" | "sh" | "dash" | "zsh") {
        Some(PackageLanguage::Shell)
    } else {
        None
    }
}
