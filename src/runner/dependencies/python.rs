//! Which packages of Python a version takes, and which of them an interpreter has.

use super::Need;
use super::packages::{distributions, names_in, normal, site_packages};
use crate::code::WhenRun;
use crate::code::python::imports::{PythonImport, PythonTaken, imports};
use crate::domain::Missing;
use crate::domain::source::Language;
use crate::domain::standard::{known_package, package_of};
use crate::runner::interpreter::{Interpreters, ResolvedProgram, is_system};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Asked in isolated mode (no variables, no folder of the user's, none of the script's) and without its site: a `.pth`
/// file and `sitecustomize` are code of packages, and would run.
const QUESTION: &[&str] = &[
    "-I",
    "-S",
    "-c",
    "import sys, json, site; print(json.dumps([sys.path, site.getsitepackages(), sorted(getattr(sys, \
     'stdlib_module_names', sys.builtin_module_names))]))",
];

/// Asks for each name whether there is a module of it on a path, without importing it.
const LOOK: &str = "import importlib.util as u, sys, json\nsys.path[:] = json.loads(sys.argv[1])\n\
                    print(json.dumps([n for n in sys.argv[2:] if u.find_spec(n) is not None]))";

/// Words in the code of a `.pth` file that makes modules or moves where they are looked for: editable installations do.
const FINDERS: &[&str] = &["finder", "meta_path", "path_hooks", "editable", "sys.path", "addsitedir"];

/// More of a `.pth` file is not read, in bytes.
const MAX_PATH_FILE: u64 = 64 * 1024;

/// Modules of every Python 3, so that most tools need no question.
const EVERYWHERE: &[&str] = &[
    "__future__",
    "abc",
    "argparse",
    "ast",
    "asyncio",
    "base64",
    "bisect",
    "collections",
    "concurrent",
    "configparser",
    "contextlib",
    "copy",
    "csv",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fnmatch",
    "functools",
    "getpass",
    "glob",
    "hashlib",
    "heapq",
    "html",
    "http",
    "importlib",
    "inspect",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "multiprocessing",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "platform",
    "queue",
    "random",
    "re",
    "secrets",
    "select",
    "shlex",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "sys",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "traceback",
    "types",
    "typing",
    "unittest",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "xml",
    "zipfile",
    "zlib",
];

/// What an interpreter has.
#[derive(Debug)]
pub(super) struct Python {
    program: PathBuf,
    /// Its word and version, for messages: `python3 3.11.2`.
    shown: String,
    path: Vec<PathBuf>,
    standard: BTreeSet<String>,
}

impl Python {
    /// Asks an interpreter, once; `None` when it is no Python 3 or does not answer.
    pub(super) fn of(program: &ResolvedProgram, interpreters: &Interpreters) -> Option<Python> {
        let start = program.interpreter.as_ref()?;
        let answer = interpreters.answer(start, QUESTION)?;
        let (mut path, shared, standard): (Vec<PathBuf>, Vec<PathBuf>, _) = serde_json::from_str(&answer).ok()?;
        let facts = program.facts.as_ref()?;
        // What was asked is the Python behind an environment, never the environment's own.
        let environment = start.parent().and_then(Path::parent).filter(|prefix| prefix.join("pyvenv.cfg").is_file());
        path.extend(environment.into_iter().flat_map(site_packages));
        if environment.is_none_or(shares_packages) {
            path.extend(shared);
        }
        for folder in path.clone() {
            path.extend(added_by_path_files(&folder));
        }
        Some(Python { program: start.clone(), shown: format!("python3 {}", facts.version), path, standard })
    }

    /// The same Python in an environment of its own. That one is never started to be asked: Python runs
    /// what the `.pth` files of its packages say.
    fn within(self, environment: &Path) -> Python {
        Python { path: site_packages(environment), ..self }
    }

    /// Whether a file of its own may add to its path; `_virtualenv.pth` is uv's.
    fn has_path_files(&self) -> bool {
        let is_path_file = |entry: String| entry != "_virtualenv.pth" && has_ending(&entry, "pth");
        self.path.iter().any(|dir| names_in(dir).any(is_path_file))
    }

    /// Whether code in a `.pth` file may make modules that nobody sees who does not run it.
    fn has_finders(&self) -> bool {
        let is_path_file = |entry: &String| has_ending(entry, "pth");
        self.path.iter().any(|dir| names_in(dir).filter(is_path_file).any(|name| makes_modules(&dir.join(name))))
    }

    /// The packages among `wanted`, requirements as written, that are not installed.
    pub(super) fn lacks<'a>(&self, wanted: &'a [String]) -> Vec<&'a str> {
        let installed: BTreeSet<String> =
            self.path.iter().flat_map(|dir| distributions(dir)).map(|(name, _)| normal(&name)).collect();
        let names = wanted.iter().filter(|wanted| !wanted.contains(';')).map(|wanted| requirement(wanted));
        names.filter(|name| !name.is_empty() && !installed.contains(&normal(name))).collect()
    }

    /// The command that installs packages for this Python and no other.
    pub(super) fn install(&self, packages: &str) -> String {
        format!("{} -m pip install {packages}", self.program.display())
    }

    /// The same, or the other way to get a package.
    fn or_declared(&self, package: &str) -> String {
        format!("{}, or declare it in a PEP 723 block and install uv", self.install(package))
    }

    /// Its word and version.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Where on its path a module is.
    fn folder_of(&self, module: &str) -> Option<&Path> {
        let holds = |dir: &&PathBuf| {
            let begins = |entry: &str| entry.starts_with(&format!("{module}."));
            dir.join(module).is_dir()
                || dir.join(format!("{module}.py")).is_file()
                || names_in(dir).any(|entry| begins(&entry) && is_compiled(&entry))
        };
        self.path.iter().find(holds).map(PathBuf::as_path)
    }

    /// The modules among `names` that it finds by itself: through archives and import hooks.
    fn finds(&self, names: &[&str], interpreters: &Interpreters) -> Vec<String> {
        let path = serde_json::to_string(&self.path).unwrap_or_default();
        let first = ["-I", "-S", "-c", LOOK, &path];
        let arguments: Vec<&str> = first.into_iter().chain(names.iter().copied()).collect();
        let answer = interpreters.answer_anew(&self.program, &arguments);
        // One that cannot answer now may have them all.
        let all = || names.iter().map(|name| (*name).to_owned()).collect();
        answer.and_then(|answer| serde_json::from_str(&answer).ok()).unwrap_or_else(all)
    }
}

/// The packages that a version's entry takes, with what it takes of the version itself, and that are
/// not there: not on the program's own path, or not in an environment made from it.
pub(super) fn missing(
    need: &Need<'_>,
    entry: &str,
    program: &ResolvedProgram,
    environment: Option<&Path>,
) -> Vec<Missing> {
    let taken = ForeignImports::by(need, entry);
    let wanted: Vec<&str> = taken.modules.iter().map(String::as_str).filter(|n| !EVERYWHERE.contains(n)).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let Some(mut python) = Python::of(program, need.interpreters) else { return Vec::new() };
    let mut is_certain = true;
    if let Some(environment) = environment {
        python = python.within(environment);
        is_certain &= !python.has_path_files();
    }
    is_certain &= !python.has_finders();
    let mut absent = Vec::new();
    let mut missing = Vec::new();
    for name in wanted.into_iter().filter(|name| !python.standard.contains(*name)) {
        match python.folder_of(name) {
            None => absent.push(name),
            Some(_) if environment.is_some() => {}
            Some(folder) if is_system(folder) || program.visible.iter().any(|path| folder.starts_with(path)) => {}
            Some(folder) => missing.push(Missing {
                name: name.to_owned(),
                message: format!("python package {name} is in {}, which a run cannot access", folder.display()),
                blocks: false,
            }),
        }
    }
    let found =
        if absent.is_empty() || environment.is_some() { Vec::new() } else { python.finds(&absent, need.interpreters) };
    absent.retain(|name| !found.iter().any(|found| found == name));
    missing.extend(absent.into_iter().map(|name| {
        let message = beside(need, entry, name).unwrap_or_else(|| {
            let next = match known_package(name) {
                Some(package) => python.or_declared(package),
                None => {
                    format!("find out which package provides {name}, and install that or declare it in a PEP 723 block")
                }
            };
            format!("{}; {next}", not_installed(name, &python.shown))
        });
        // An added folder holds modules of the project, seldom a package that many programs take.
        let is_found_elsewhere = taken.moves_path || taken.adds_folders && known_package(name).is_none();
        Missing { name: name.to_owned(), message, blocks: is_certain && !is_found_elsewhere }
    }));
    missing
}

/// What to do about a module that is in the workspace next to the entry and is a tool of its own there. To install a
/// package of that name would get other code.
fn beside(need: &Need<'_>, entry: &str, module: &str) -> Option<String> {
    let folder = need.origin.join(entry).parent()?.to_owned();
    let file = [format!("{module}.py"), format!("{module}/__init__.py")]
        .into_iter()
        .find(|file| folder.join(file).symlink_metadata().is_ok())?;
    let entry = Path::new(entry);
    let (name, stem) = (entry.file_name()?.to_str()?, entry.file_stem()?.to_str()?);
    Some(format!(
        "{file} lies beside {name} but is not a file of this tool; move both into a folder {stem}/ and add a tool.toml (name, description)"
    ))
}

fn not_installed(module: &str, shown: &str) -> String {
    match package_of(module) {
        package if package == module => format!("python package {module} is not installed for {shown}"),
        package => format!("python package {package} (import {module}) is not installed for {shown}"),
    }
}

/// What is taken from outside of the version.
#[derive(Debug, Default)]
struct ForeignImports {
    /// Top-level modules.
    modules: BTreeSet<String>,
    /// Whether the sources change how modules are found: then nothing is certain.
    moves_path: bool,
    /// Whether the sources add a folder in which modules are looked for: it may hold those that nobody knows.
    adds_folders: bool,
}

impl ForeignImports {
    fn by(need: &Need<'_>, entry: &str) -> ForeignImports {
        let files: BTreeMap<&str, &[u8]> =
            need.files.iter().map(|file| (file.path.as_str(), file.bytes.as_slice())).collect();
        let moves_path = need.manifest.recipe.as_ref().is_some_and(|recipe| recipe.env.contains_key("PYTHONPATH"))
            || need.manifest.permissions.env.iter().any(|name| name == "PYTHONPATH");
        ForeignImports::of(&files, entry, moves_path)
    }

    /// By the files of a version, from its entry on.
    fn of(files: &BTreeMap<&str, &[u8]>, entry: &str, moves_path: bool) -> ForeignImports {
        let mut taken = ForeignImports { modules: BTreeSet::new(), moves_path, adds_folders: false };
        let home = folder(entry);
        let mut open = vec![entry.to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(path) = open.pop() {
            let Some(source) = files.get(path.as_str()).filter(|_| seen.insert(path.clone())) else { continue };
            let says = |word: &str| memchr::memmem::find(source, word.as_bytes()).is_some();
            taken.moves_path |= says("sys.meta_path");
            taken.adds_folders |= says("sys.path") || says("addsitedir");
            let text = String::from_utf8_lossy(source);
            let Some(tree) = Language::Python.parse(&text) else { continue };
            // Only what certainly runs: the program may do without the rest.
            let certain = imports(tree.root_node(), &text).into_iter().filter(|(_, when)| *when == WhenRun::Always);
            for (import, _) in certain {
                open.extend(taken.follow(&import, &path, home, files));
            }
        }
        taken
    }

    /// Notes an import from outside; answers the files of the version that any other one leads to.
    fn follow(
        &mut self,
        import: &PythonImport<'_, '_>,
        path: &str,
        home: &str,
        files: &BTreeMap<&str, &[u8]>,
    ) -> Vec<String> {
        let mut base = if import.level == 0 { home.to_owned() } else { folder(path).to_owned() };
        for _ in 1..import.level.max(1) {
            base = folder(base.trim_end_matches('/')).to_owned();
        }
        if let Some(top) = import.top().filter(|top| !is_own(top, files)) {
            self.modules.insert(top.to_owned());
            return Vec::new();
        }
        let mut dotted = Vec::new();
        let mut so_far = String::new();
        for part in import.module.split('.').filter(|part| !part.is_empty()) {
            so_far = if so_far.is_empty() { part.to_owned() } else { format!("{so_far}/{part}") };
            dotted.push(so_far.clone());
        }
        let within = |name: &str| if so_far.is_empty() { name.to_owned() } else { format!("{so_far}/{name}") };
        if let PythonTaken::Names(names) = &import.taken {
            dotted.extend(names.iter().map(|name| within(&name.name)));
        }
        let candidates =
            dotted.iter().flat_map(|name| [format!("{base}{name}.py"), format!("{base}{name}/__init__.py")]);
        candidates.filter(|path| files.contains_key(path.as_str())).collect()
    }
}

/// The folder of a file, with its closing `/`; empty at the top.
fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |end| &path[..=end])
}

/// Whether any file or folder of the version has the name of a module: it may be that module.
fn is_own(module: &str, files: &BTreeMap<&str, &[u8]>) -> bool {
    let is_named = |part: &str| part == module || part.split('.').next() == Some(module);
    files.keys().any(|path| path.split('/').any(is_named))
}

/// The folders that the `.pth` files of a folder of packages add to the path; their lines of code are not run.
fn added_by_path_files(folder: &Path) -> Vec<PathBuf> {
    let mut added = Vec::new();
    for name in names_in(folder).filter(|name| has_ending(name, "pth")) {
        let text = path_file(&folder.join(name));
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        added.extend(lines.filter(|line| !is_code(line)).map(|line| folder.join(line)));
    }
    added.retain(|path| path.is_dir());
    added
}

fn makes_modules(file: &Path) -> bool {
    let code = path_file(file).to_ascii_lowercase();
    code.lines().filter(|line| is_code(line)).any(|line| FINDERS.iter().any(|word| line.contains(word)))
}

/// Whether Python would run a line of a `.pth` file (`site`).
fn is_code(line: &str) -> bool {
    line.starts_with("import ") || line.starts_with("import\t")
}

fn path_file(file: &Path) -> String {
    let mut text = String::new();
    let is_file = fs::metadata(file).is_ok_and(|meta| meta.is_file());
    let read = is_file.then(|| fs::File::open(file).ok()?.take(MAX_PATH_FILE).read_to_string(&mut text).ok()).flatten();
    if read.is_some() { text } else { String::new() }
}

/// Whether an environment also has the packages of the Python it was made from.
fn shares_packages(environment: &Path) -> bool {
    let settings = path_file(&environment.join("pyvenv.cfg"));
    let mut pairs = settings.lines().filter_map(|line| line.split_once('='));
    pairs.any(|(key, value)| key.trim() == "include-system-site-packages" && value.trim().eq_ignore_ascii_case("true"))
}

fn is_compiled(name: &str) -> bool {
    has_ending(name, "so") || has_ending(name, "pyc")
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == ending)
}

/// The name in a requirement: `requests` of `requests[socks]>=2`.
fn requirement(text: &str) -> &str {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_certainly_runs_is_taken() {
        let code = crate::code::tests::PYTHON_IMPORTS.as_bytes();
        let files: BTreeMap<&str, &[u8]> = BTreeMap::from([
            ("a/tool.py", code),
            ("a/own.py", b"import absent".as_slice()),
            ("a/main.py", b"from . import own\nimport tool".as_slice()),
        ]);
        let taken = |entry: &str| ForeignImports::of(&files, entry, false).modules.into_iter().collect::<Vec<_>>();
        assert_eq!(taken("a/tool.py"), ["httpx", "os", "requests", "yaml"]);
        assert_eq!(taken("a/main.py"), ["absent", "httpx", "os", "requests", "yaml"]);
    }

    #[test]
    fn names_of_packages_are_compared_in_one_form() {
        assert_eq!(requirement(" Foo.bar_baz[x,y]>=2 "), "Foo.bar_baz");
        assert_eq!(normal("Foo.bar__baz"), "foo-bar-baz");
        assert_eq!(requirement("; python_version < '3'"), "");
    }
}
