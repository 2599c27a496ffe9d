//! Finds the program of a tool: PATH look-up, version managers, the files that must be visible for it to run, and what
//! to install if it is missing.
//!
//! Shims of version managers are replaced by their targets ([`behind_shim`]). Programs that the tool's user could not
//! start are skipped ([`Who`]). Programs in the workspace are never used, because a tool could have written them. This
//! module starts a program only to ask a known interpreter for its version ([`Interpreters`]).

mod access;
mod ask;
mod facts;
mod first_line;
pub(super) mod probe;
#[cfg(test)]
mod tests;
mod view;

pub use access::Who;
pub use facts::Interpreters;
pub(super) use first_line::{FirstLine, shebang};

use crate::domain::{InterpreterFacts, NODE_WITH_TYPES, no_typescript};
use crate::outside::{Distrust, FOLDERS, behind_shim};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
pub(super) use view::{InterpreterView, is_system};

/// The folders that are searched for programs, in order; also the `PATH` of the run.
#[derive(Debug)]
pub(super) struct SearchPath<'a> {
    folders: Vec<PathBuf>,
    /// Folders of shims, and their targets.
    shims: Vec<(PathBuf, Vec<PathBuf>)>,
    home: Option<PathBuf>,
    who: Who,
    workspace: Option<&'a Path>,
    interpreters: &'a Interpreters,
    caller: &'a BTreeMap<OsString, OsString>,
    sources: Sources,
}

/// Where programs may come from. Programs named in the user's settings always come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sources {
    /// The caller's `PATH`, as for any program.
    Caller,
    /// System folders, for every caller, so that an approval does not depend on a variable. Only trusted programs
    /// count.
    System,
}

/// The input of a search for programs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seeker<'a> {
    /// The environment of the caller: `PATH`, `HOME`, `XDG_CONFIG_HOME`.
    pub(super) caller: &'a BTreeMap<OsString, OsString>,
    /// The user that will run the program.
    pub(super) who: Who,
    /// Programs in this folder are ignored.
    pub(super) workspace: Option<&'a Path>,
    /// The known interpreters and their recorded facts.
    pub(super) interpreters: &'a Interpreters,
    /// Where programs may come from.
    pub(super) sources: Sources,
}

/// A program to start, and everything that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResolvedProgram {
    pub(super) path: PathBuf,
    /// Arguments before the tool's own.
    pub(super) lead: Vec<OsString>,
    /// Files and folders, in addition to the version and the system folders, that must be visible at their own path for
    /// it to run; read-only.
    pub(super) visible: Vec<PathBuf>,
    /// What is recorded about it; `None` if it is part of the version and needs no interpreter.
    pub(super) facts: Option<InterpreterFacts>,
    /// The interpreter itself, for queries: the program, or the one that its first line names.
    pub(super) interpreter: Option<PathBuf>,
}

/// The hints for missing programs.
const INSTALL: &[(&str, &str)] = &[
    ("python3", "apt install python3"),
    ("python", "apt install python3"),
    ("node", "apt install nodejs"),
    ("npx", "apt install npm"),
    ("bash", "apt install bash"),
    ("ruby", "apt install ruby"),
    ("perl", "apt install perl"),
    ("php", "apt install php-cli"),
    ("jq", "apt install jq"),
    ("git", "apt install git"),
    ("deno", "see deno.com"),
    ("bun", "see bun.sh"),
    ("tsx", "npm install -g tsx"),
    ("zx", "npm install -g zx"),
    ("go", "apt install golang"),
    ("uv", "see docs.astral.sh/uv"),
];

impl<'a> SearchPath<'a> {
    /// Reads the caller's `PATH`. Relative entries are dropped, because the current folder of a run is the tool's own.
    pub(super) fn new(seeker: Seeker<'a>) -> SearchPath<'a> {
        let Seeker { caller, who, workspace, interpreters, sources } = seeker;
        let variable = |name: &str| caller.get(OsStr::new(name)).map(OsString::as_os_str);
        let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME");
        let config = folder("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
        let path = variable("PATH").unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"));
        let mut search =
            SearchPath { folders: vec![], shims: vec![], home, who, workspace, interpreters, caller, sources };
        // So that a script which looks up its interpreter finds the one in the settings.
        search.folders.extend(interpreters.named().values().filter_map(|path| path.parent()).map(Path::to_owned));
        if sources == Sources::System {
            search.folders.extend(FOLDERS.iter().map(PathBuf::from).filter(|folder| folder.is_dir()));
            return search;
        }
        for dir in std::env::split_paths(path).filter(|dir| dir.is_absolute()) {
            if search.is_of_workspace(&dir) {
                continue;
            }
            match behind_shim(&dir, search.home.as_deref(), config.as_deref()) {
                Some(real) => {
                    search.folders.extend(real.iter().cloned());
                    search.shims.push((dir, real));
                }
                None => search.folders.push(dir),
            }
        }
        search
    }

    /// The value of a `PATH` variable for the tool's user.
    pub(super) fn join(&self) -> OsString {
        let folders = self.folders.iter().filter(|folder| !folder.exists() || self.who.may_enter(folder));
        std::env::join_paths(folders).unwrap_or_default()
    }

    /// The first program of a name that the user of this process can start. It is started only inside the sandbox, so
    /// the caller's `PATH` is sufficient.
    pub(super) fn for_ourselves(&self, name: &OsStr) -> Option<PathBuf> {
        self.candidates(name).map(|view| view.path).next().or_else(|| self.only_on_path(name))
    }

    /// Whether a program on the path was found through a version manager's shim.
    pub(super) fn is_behind_shim(&self, program: &Path) -> bool {
        self.shims.iter().flat_map(|(_, real)| real).any(|folder| program.starts_with(folder))
    }

    /// The first program of a name that the tool's user can start.
    fn find(&self, name: &OsStr) -> Option<InterpreterView> {
        self.candidates(name).find(|view| self.may_start(view))
    }

    fn may_start(&self, view: &InterpreterView) -> bool {
        self.who.may_start(&view.path) && view.visible.iter().all(|path| !path.is_dir() || self.who.may_enter(path))
    }

    /// All programs of a name, best first, usable or not.
    fn candidates<'b>(&'b self, name: &'b OsStr) -> impl Iterator<Item = InterpreterView> + use<'a, 'b> {
        let named = name.to_str().and_then(|name| self.interpreters.named().get(name)).cloned();
        let found = self.folders.iter().map(move |dir| dir.join(name)).filter(|path| Who::Same.may_start(path));
        let found = named.into_iter().chain(found);
        let views = found.flat_map(|path| self.without_shim(path));
        let views = views.filter_map(|path| InterpreterView::of(&path, self.home.as_deref()));
        let views = views.filter(|view| !self.is_of_workspace(&view.real));
        views.filter(|view| self.sources == Sources::Caller || self.interpreters.trusted(view).is_ok())
    }

    fn is_of_workspace(&self, path: &Path) -> bool {
        self.workspace.is_some_and(|workspace| is_within(path, workspace))
    }

    /// A link to a shim counts as the target of the shim.
    fn without_shim(&self, path: PathBuf) -> Vec<PathBuf> {
        let real = fs::canonicalize(&path).unwrap_or_default();
        let shim = self.shims.iter().find(|(dir, _)| real.parent().is_some_and(|parent| parent == dir));
        match shim.zip(real.file_name()) {
            Some(((_, folders), name)) => {
                folders.iter().map(|dir| dir.join(name)).filter(|path| Who::Same.may_start(path)).collect()
            }
            None => vec![path],
        }
    }

    /// Finds the program that `word`, the first word of a command, refers to. `script` is the first argument:
    /// TypeScript needs more than its name says.
    ///
    /// # Errors
    /// One line that says what is missing and how to get it.
    pub(super) fn program(&self, word: &OsStr, dir: &Path, script: Option<&OsStr>) -> Result<ResolvedProgram, String> {
        if word.is_empty() {
            return Err("the command names no program".to_owned());
        }
        if Path::new(word).components().count() > 1 || word.as_encoded_bytes().contains(&b'/') {
            return self.own_program(&dir.join(word), Path::new(word));
        }
        let is_typescript =
            script.is_some_and(|s| Path::new(s).extension().is_some_and(|e| e == "ts" || e == "mts" || e == "cts"));
        if is_typescript && (word == "node" || (word == "tsx" && self.find(word).is_none())) {
            return self.typescript();
        }
        let other = match word.to_str() {
            Some("python") => Some("python3"),
            Some("python3") => Some("python"),
            _ => None,
        };
        let found = self.find(word).or_else(|| self.find(OsStr::new(other?)));
        found.map_or_else(|| Err(self.missing(word)), |view| self.start(&view, &[]))
    }

    /// A found program, with everything that it needs. A script also needs its interpreter.
    fn start(&self, view: &InterpreterView, lead: &[&str]) -> Result<ResolvedProgram, String> {
        let mut visible = view.visible.clone();
        let mut facts = self.facts(view);
        let mut interpreter = view.path.clone();
        if let Some(line) = shebang(&view.real) {
            let behind = self.behind_first_line(&file_name(&view.real), &line)?;
            facts = self.facts(&behind);
            interpreter = behind.path;
            visible.extend(behind.visible);
        }
        let lead = lead.iter().map(OsString::from).collect();
        Ok(ResolvedProgram { path: view.path.clone(), lead, visible, facts, interpreter: Some(interpreter) })
    }

    fn facts(&self, view: &InterpreterView) -> Option<InterpreterFacts> {
        self.interpreters.facts(view)
    }

    /// The first of node (new enough), tsx, deno and bun.
    fn typescript(&self) -> Result<ResolvedProgram, String> {
        let node = self.find(OsStr::new("node"));
        let version = node.as_ref().and_then(|node| major_minor(&self.interpreters.version(node)));
        if let (Some(view), Some(version)) = (&node, version)
            && version >= NODE_WITH_TYPES
        {
            return self.start(view, &["--experimental-strip-types"]);
        }
        let others: [(&str, &[&str]); 3] = [("tsx", &[]), ("deno", &["run", "-A", "--no-prompt"]), ("bun", &["run"])];
        for (name, lead) in others {
            if let Some(view) = self.find(OsStr::new(name)) {
                return self.start(&view, lead);
            }
        }
        let have = match (node, version) {
            (Some(_), Some((major, minor))) => format!("node is {major}.{minor}"),
            (Some(_), None) => "the node version is unknown".to_owned(),
            (None, _) => "node is not installed".to_owned(),
        };
        Err(no_typescript(&have))
    }

    /// A program given by its path, relative to the version.
    fn own_program(&self, path: &Path, word: &Path) -> Result<ResolvedProgram, String> {
        let name = file_name(word);
        if Who::Same.may_start(path) {
            if let Some(line) = shebang(path) {
                let program = self.of_first_line(&name, &line)?;
                return Ok(ResolvedProgram { path: path.to_owned(), ..program });
            }
            if has_loader(path) {
                let path = path.to_owned();
                return Ok(ResolvedProgram { path, lead: vec![], visible: vec![], facts: None, interpreter: None });
            }
            return Err(format!("{name} has no shebang line; start it with #!/usr/bin/env …"));
        }
        if path.is_file() {
            return Err(format!(
                "{name} is not executable; run chmod +x on it, or name its interpreter in the command"
            ));
        }
        Err(format!("{name} is not part of this version"))
    }

    /// The interpreter in the first line of a script of this name, as a program.
    ///
    /// # Errors
    /// One line that says what is missing and how to get it.
    pub(super) fn of_first_line(&self, script: &str, line: &FirstLine) -> Result<ResolvedProgram, String> {
        let view = self.behind_first_line(script, line)?;
        let (lead, facts, interpreter) = (Vec::new(), self.facts(&view), Some(view.path.clone()));
        Ok(ResolvedProgram { path: view.path, lead, visible: view.visible, facts, interpreter })
    }

    /// The target of a script's first line, as the kernel will find it.
    fn behind_first_line(&self, script: &str, line: &FirstLine) -> Result<InterpreterView, String> {
        if let Some(fault) = line.fault {
            return Err(format!("the shebang line of {script} is not supported: {fault}; name one program there"));
        }
        for path in line.env.iter().chain(&line.program) {
            self.refuse_places_of_tools(script, path)?;
        }
        let view = match &line.program {
            Some(path) => {
                let view = InterpreterView::of(path, self.home.as_deref()).filter(|view| self.may_start(view));
                if let Some(why) = view.as_ref().and_then(|view| self.refusal(view)) {
                    return Err(format!("the shebang line of {script} names {}: {why}", path.display()));
                }
                view
            }
            None => self.find(OsStr::new(&line.name)),
        };
        view.ok_or_else(|| {
            let why = self.missing(OsStr::new(&line.name));
            format!("the shebang line of {script} names {}: {why}", line.name)
        })
    }

    /// Why a program that a version names by its path is rejected.
    fn refusal(&self, view: &InterpreterView) -> Option<String> {
        let distrust = self.interpreters.trusted(view).err().filter(|_| self.sources == Sources::System)?;
        Some(format!("{distrust}; approved tools are started only by programs that only root and you can change"))
    }

    /// Refuses an interpreter that a first line names by a path inside a folder of tools. It is part of a tool but not
    /// of an approved version, and making it visible would expose its surroundings.
    fn refuse_places_of_tools(&self, script: &str, interpreter: &Path) -> Result<(), String> {
        let why = match self.interpreters.judge(interpreter) {
            Err(Distrust::Place(why)) => why,
            _ if self.is_of_workspace(interpreter) => "it is in the workspace".to_owned(),
            Ok(()) | Err(_) => return Ok(()),
        };
        let (interpreter, name) = (interpreter.display(), file_name(interpreter));
        Err(format!(
            "the shebang line of {script} names {interpreter}, which is in the tool folder but not part of a version ({why}), so it is never started; use #!/usr/bin/env {name}"
        ))
    }

    /// The path of a program that is on the caller's `PATH` but not in the system folders.
    pub(super) fn only_on_path(&self, word: &OsStr) -> Option<PathBuf> {
        if self.sources == Sources::Caller {
            return None;
        }
        let Self { caller, who, workspace, interpreters, .. } = *self;
        let path = SearchPath::new(Seeker { caller, who, workspace, interpreters, sources: Sources::Caller });
        path.find(word).map(|view| view.path)
    }

    /// Says that a program is missing, or that it exists but the tool's user cannot use it.
    fn missing(&self, word: &OsStr) -> String {
        let name = word.to_string_lossy();
        if let Some(elsewhere) = self.only_on_path(word) {
            return format!(
                "{name} is only on your PATH, at {}, but approved tools do not depend on PATH: add {name} = \"{0}\" to [programs] in config.toml",
                elsewhere.display()
            );
        }
        let Some(closed) = self.candidates(word).next() else { return missing(&name) };
        let where_to =
            INSTALL.iter().find(|(known, _)| *known == name).map_or(String::new(), |(_, hint)| format!("; {hint}"));
        let path = closed.path.display();
        format!("{name} is only at {path}, which the user that runs tools cannot access{where_to}")
    }
}

/// Says that a program is missing and, if known, how to get it.
pub(super) fn missing(name: &str) -> String {
    match INSTALL.iter().find(|(known, _)| *known == name) {
        Some((_, hint)) => format!("{name} is not installed; {hint}"),
        None => format!("{name} is not installed, or not on PATH"),
    }
}

/// The Python 3 that a run of a tool with programs from `sources` would use. Starts nothing.
pub fn python_of_runs(workspace: &Path, interpreters: &Interpreters, sources: Sources) -> Option<PathBuf> {
    let caller = std::env::vars_os().collect();
    let who = Who::of_this_process();
    let path = SearchPath::new(Seeker { caller: &caller, who, workspace: Some(workspace), interpreters, sources });
    ["python3", "python"].into_iter().find_map(|name| path.find(OsStr::new(name))).map(|view| view.path)
}

/// The folders of `PATH` that the user of runs cannot enter, such as those below `/root`.
pub fn folders_closed_to_runs() -> Vec<PathBuf> {
    let who = Who::of_this_process();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|folder| folder.is_dir() && !who.may_enter(folder)).collect()
}

/// Whether a folder is inside another, by name or through links.
fn is_within(dir: &Path, folder: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    dir.starts_with(folder) || real(dir).starts_with(real(folder))
}

/// Whether the kernel can start a file. The C library would pass anything else to a shell, whatever its language.
fn has_loader(path: &Path) -> bool {
    let head = first_line::head(path).unwrap_or_default();
    head.starts_with(b"#!") || head.starts_with(b"\x7fELF")
}

/// Major and minor number of a version.
fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
