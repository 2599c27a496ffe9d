//! Modules that a Python script certainly imports, and those that an interpreter has: read from lines and folders.
//!
//! Nothing is parsed or started, so this adds little to the time of a scan. For unexpected lines or folders, nothing is
//! reported: `show`, a review and a run query the interpreter itself.

use super::document::{Document, Syntax};
use crate::code::metadata::ScriptBlock;
use crate::domain::{CALL_MODULES, Manifest, NEEDS_PACKAGE, VersionFile, standard};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Words in a source after which nothing is certain: they change how modules are found, or fetch packages.
const MOVING: [&str; 3] = ["meta_path", "path_hooks", "# /// script"];

/// Words in a source that add a folder to the module path.
const ADDING: [&str; 2] = ["sys.path", "addsitedir"];

/// How many modules of one version are checked.
const MAX_MODULES: usize = 40;

/// Words in a `.pth` file that may create modules or change where they are found, as in editable installations.
const FINDERS: [&str; 6] = ["finder", "meta_path", "path_hooks", "editable", "sys.path", "addsitedir"];

/// A larger `.pth` file is not read, in bytes.
const MAX_PATH_FILE: u64 = 64 * 1024;

/// How many folders above a tool are searched for its project.
const MAX_ABOVE: usize = 12;

/// Folders that `.pth` files may add.
const MAX_ADDED: usize = 64;

/// The external modules that the entry of a version always imports: in lines that are not indented.
pub(super) fn imported(manifest: &Manifest, files: &[VersionFile]) -> Vec<String> {
    let Some(recipe) = &manifest.recipe else { return Vec::new() };
    let is_python = recipe.command.first().is_some_and(|word| matches!(word.as_str(), "python" | "python3"));
    let moves =
        recipe.env.contains_key("PYTHONPATH") || manifest.permissions.env.iter().any(|name| name == "PYTHONPATH");
    let entry = recipe.entry.as_ref().and_then(|entry| files.iter().find(|file| file.path == *entry));
    let Some(entry) = entry.filter(|_| is_python && !moves) else { return Vec::new() };
    let Ok(text) = std::str::from_utf8(&entry.bytes) else { return Vec::new() };
    let is_own = |module: &str| {
        let is_named = |part: &str| part == module || part.split('.').next() == Some(module);
        files.iter().any(|file| file.path.split('/').any(is_named))
    };
    let found = certain_of_all(&entry.path, text, files).into_iter();
    // A folder that is added holds modules of the project; a package that many programs take is seldom one of them.
    let adds = ADDING.iter().any(|word| text.contains(word));
    let foreign = found.filter(|module| !adds || standard::known_package(module).is_some()).filter(|module| {
        // Modules provided by Toolsmith are on the path of every run that names them.
        let is_ours = CALL_MODULES.contains(module);
        !module.starts_with('_') && !is_ours && !standard::PYTHON.contains(module) && !is_own(module)
    });
    foreign.take(MAX_MODULES).map(str::to_owned).collect()
}

/// The packages that the block of a script (PEP 723) declares, as names.
pub(super) fn declared(manifest: &Manifest, files: &[VersionFile]) -> Vec<String> {
    let entry = manifest.recipe.as_ref().and_then(|recipe| recipe.entry.as_ref());
    let file = entry.and_then(|entry| files.iter().find(|file| file.path == *entry));
    let text = file.and_then(|file| std::str::from_utf8(&file.bytes).ok()).filter(|text| text.contains("# /// script"));
    let block = text.and_then(ScriptBlock::of);
    block
        .map(|block| block.dependencies().iter().filter_map(|written| requirement(written)).collect())
        .unwrap_or_default()
}

/// The modules that a script and its certain imports always import. Empty if one of them is unclear.
fn certain_of_all<'f>(entry: &'f str, text: &'f str, files: &'f [VersionFile]) -> BTreeSet<&'f str> {
    let folder_of_entry = entry.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folder = if folder_of_entry.is_empty() { String::new() } else { format!("{folder_of_entry}/") };
    let own = |module: &str| {
        let places = [format!("{folder}{module}.py"), format!("{folder}{module}/__init__.py")];
        files.iter().find(|file| places.contains(&file.path))
    };
    let folder_of = |path: &'f str| path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (mut found, mut read) = (BTreeSet::new(), BTreeSet::new());
    let mut waiting = vec![(folder_of_entry, text)];
    while let Some((folder, text)) = waiting.pop() {
        let Some(modules) = certain(text) else { return BTreeSet::new() };
        let new = modules.into_iter().filter(|module| found.insert(*module));
        let inner = import_lines(text).unwrap_or_default().into_iter().flat_map(|line| of_package(folder, line));
        let files = new.filter_map(own).chain(inner.filter_map(|path| files.iter().find(|file| file.path == path)));
        for file in files.filter(|file| read.insert(&file.path)) {
            waiting.extend(std::str::from_utf8(&file.bytes).ok().map(|text| (folder_of(&file.path), text)));
        }
    }
    found
}

/// The possible files of what a line takes from its own package: `from .words import x`, `from . import words`.
fn of_package(folder: &str, line: &str) -> Vec<String> {
    let Some((written, names)) = line.strip_prefix("from .").and_then(|rest| rest.split_once(" import ")) else {
        return Vec::new();
    };
    let module = written.trim_start_matches('.');
    let mut folder = folder;
    for _ in 0..written.len() - module.len() {
        folder = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
    }
    let names = names.split(['#', ';', '\\']).next().unwrap_or_default().trim_matches(['(', ')', ' ']);
    let names: Vec<&str> = if module.trim().is_empty() {
        names.split(',').filter_map(|name| name.split_whitespace().next()).collect()
    } else {
        vec![module.trim()]
    };
    let of = |name: &str| {
        let name = name.replace('.', "/");
        let base = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        [format!("{base}.py"), format!("{base}/__init__.py")]
    };
    names.into_iter().flat_map(of).collect()
}

/// The top-level modules of imports that are not indented; `None` when nothing is certain.
fn certain(text: &str) -> Option<BTreeSet<&str>> {
    if MOVING.iter().any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some()) {
        return None;
    }
    let mut found = BTreeSet::new();
    for line in import_lines(text)? {
        if let Some(rest) = line.strip_prefix("import ") {
            let code = rest.split(['#', ';', '\\']).next().unwrap_or_default();
            found.extend(code.split(',').filter_map(top));
        } else if let Some(rest) = line.strip_prefix("from ") {
            found.extend(rest.split_once(" import").and_then(|(module, _)| top(module)));
        }
    }
    Some(found)
}

/// The relative module of its own package that a file always imports, as written: `.x`. Python refuses such imports in
/// a file that it starts.
pub(super) fn of_own_package(text: &str) -> Option<&str> {
    if !text.starts_with("from .") && memchr::memmem::find(text.as_bytes(), b"\nfrom .").is_none() {
        return None;
    }
    let found = import_lines(text)?
        .into_iter()
        .find_map(|line| line.strip_prefix("from ").filter(|rest| rest.starts_with('.')))?;
    found.split(' ').next()
}

/// The import lines that are not indented and not inside a text; `None` if this is unclear.
fn import_lines(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut quote: Option<&str> = None;
    for line in text.lines() {
        if let Some(sign) = quote {
            if let Some(end) = line.find(sign) {
                quote = opened(&line[end + sign.len()..])?;
            }
            continue;
        }
        if line.starts_with("import ") || line.starts_with("from ") {
            found.push(line);
        }
        quote = opened(line)?;
    }
    Some(found)
}

/// The sign of a text over several lines that a line opens; `None` when that is not clear. Reads each byte of the line
/// once, because a line may be as long as its file.
#[expect(clippy::option_option, reason = "not clear, none, or which")]
fn opened(line: &str) -> Option<Option<&'static str>> {
    let bytes = line.as_bytes();
    let (mut at, mut is_in_short_text) = (0, false);
    while let Some(next) = memchr::memchr3(b'#', b'"', b'\'', &bytes[at..]).map(|found| at + found) {
        let sign = match &bytes[next..] {
            [b'#', ..] => {
                // A comment sign may be inside a text, and the characters after it may count.
                let rest = &line[next..];
                return (!rest.contains("\"\"\"") && !rest.contains("'''")).then_some(None);
            }
            [b'"', b'"', b'"', ..] => "\"\"\"",
            [b'\'', b'\'', b'\'', ..] => "'''",
            _ => {
                is_in_short_text = !is_in_short_text;
                at = next + 1;
                continue;
            }
        };
        if is_in_short_text || line[..next].ends_with('\\') {
            return None;
        }
        let inner = next + sign.len();
        match memchr::memmem::find(&bytes[inner..], sign.as_bytes()) {
            Some(end) => at = inner + end + sign.len(),
            None => return Some(Some(sign)),
        }
    }
    Some(None)
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The folders that a `.pth` file adds; `None` when its code may make modules, or it is too long.
fn added(folder: &Path, name: &str) -> Option<Vec<PathBuf>> {
    let file = folder.join(name);
    let is_short = std::fs::metadata(&file).is_ok_and(|meta| meta.len() <= MAX_PATH_FILE);
    let text = if is_short { std::fs::read_to_string(&file).ok()? } else { return None };
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    if FINDERS.iter().any(|word| text.contains(word)) || lines().count() > MAX_ADDED {
        return None;
    }
    Some(lines().map(|line| folder.join(line)).filter(|path| path.is_dir()).collect())
}

/// The first part of a module's name; `None` for a relative one, and for an invalid name.
fn top(written: &str) -> Option<&str> {
    let name = written.trim().split([' ', '.', '\t']).next()?;
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then_some(name)
}

/// The modules that the Python of a search path has.
#[derive(Debug)]
pub(super) struct Installed {
    program: PathBuf,
    modules: BTreeSet<String>,
}

/// Whether a path is an executable file.
pub(super) fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

impl Installed {
    /// The content of the folders of a Python 3; `None` if they are not in the usual places, or modules may come from
    /// elsewhere.
    pub(super) fn of(program: &Path) -> Option<Installed> {
        let program = program.to_owned();
        let real = program.canonicalize().ok()?;
        let version = real.file_name()?.to_str()?.strip_prefix("python")?;
        if !version.starts_with("3.") || !version[2..].chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let prefix = real.parent()?.parent()?;
        let is_environment = program.parent()?.parent()?.join("pyvenv.cfg").exists();
        let library = prefix.join("lib").join(format!("python{version}"));
        if is_environment || !library.join("os.py").is_file() {
            return None;
        }
        let own = format!("lib/python{version}");
        let packages = [prefix.join(&own), prefix.join("local").join(&own)]
            .into_iter()
            .flat_map(|folder| ["site-packages", "dist-packages"].map(|name| folder.join(name)))
            .chain([prefix.join("lib/python3/dist-packages")]);
        let mut modules = BTreeSet::new();
        let mut more = Vec::new();
        for folder in [library.clone(), library.join("lib-dynload")].into_iter().chain(packages) {
            let names = names_in(&folder);
            for name in names.iter().filter(|name| Path::new(name).extension() == Some(OsStr::new("pth"))) {
                more.extend(added(&folder, name)?);
            }
            modules.extend(names);
        }
        modules.extend(more.iter().flat_map(|folder| names_in(folder)));
        let modules = modules.iter().map(|name| name.split('.').next().unwrap_or_default().to_owned()).collect();
        Some(Installed { program, modules })
    }

    /// The message about declared packages that are missing and that nothing on this machine fetches; `None` if all are
    /// present.
    pub(super) fn lack_of_declared(&self, declared: &[String]) -> Option<String> {
        let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '.'], "-");
        let has = |package: &str| {
            // A folder of facts is named `six-1.16.0.dist-info`, of which the part in front of the first dot is kept.
            let begin = format!("{}-", plain(package));
            let is_facts = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
            self.modules.iter().map(|name| plain(name)).any(|name| name.strip_prefix(&begin).is_some_and(is_facts))
        };
        let absent: Vec<&str> = declared.iter().map(String::as_str).filter(|name| !has(name)).collect();
        let names = absent.join(" ");
        let how = format!("install uv (see docs.astral.sh/uv), or {} -m pip install {names}", self.program.display());
        (!absent.is_empty()).then(|| format!("{NEEDS_PACKAGE} {} ({how})", absent.join(", ")))
    }

    /// The message about missing modules; `None` if all are present. `folder` is the folder of the tool.
    pub(super) fn lack(&self, wanted: &[String], folder: &Path) -> Option<String> {
        let absent = wanted.iter().map(String::as_str).filter(|name| !self.modules.contains(*name));
        let (beside, absent): (Vec<&str>, Vec<&str>) = absent.partition(|name| lying(folder, name).is_some());
        if absent.is_empty() {
            let file = beside.first().and_then(|name| lying(folder, name))?;
            return Some(format!(
                "{file} lies beside it but is not one of its files; move both into a folder and add a tool.toml (name, description)"
            ));
        }
        let pip = |what: &str| format!("{} -m pip install {what}", self.program.display());
        if let Some(project) = absent.iter().find_map(|name| project_of(folder, name)) {
            return Some(format!("{NEEDS_PACKAGE} {} ({})", absent.join(", "), pip(&project.to_string_lossy())));
        }
        let declared = declared_near(folder);
        // A package with the name of the module may have a different author.
        let provider = |module: &str| {
            let own = declared.iter().find(|name| provides(name, module)).cloned();
            own.or_else(|| standard::known_package(module).map(str::to_owned))
        };
        let packages: Vec<(&str, Option<String>)> = absent.into_iter().map(|name| (name, provider(name))).collect();
        let named: Vec<&str> = packages.iter().map(|(name, found)| found.as_deref().unwrap_or(name)).collect();
        let known: Vec<&str> = packages.iter().filter_map(|(_, found)| found.as_deref()).collect();
        let unknown: Vec<&str> = packages.iter().filter(|(_, found)| found.is_none()).map(|(name, _)| *name).collect();
        let find = format!("find out which package provides {}", unknown.join(", "));
        let how = match (known.is_empty(), unknown.is_empty()) {
            (true, _) => format!("{find}, and install that"),
            (false, true) => pip(&known.join(" ")),
            (false, false) => format!("{}; {find}", pip(&known.join(" "))),
        };
        Some(format!("{NEEDS_PACKAGE} {} ({how})", named.join(", ")))
    }
}

/// A longer file of a project is not read, in bytes.
const MAX_PROJECT_FILE: u64 = 256 * 1024;

/// The packages that a folder and the project around it name, as written: also the project itself.
fn declared_near(folder: &Path) -> Vec<String> {
    let is_project = |place: &Path| ["pyproject.toml", "setup.py", ".git"].iter().any(|name| place.join(name).exists());
    let read = |file: PathBuf| {
        let is_short = std::fs::metadata(&file).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_PROJECT_FILE);
        is_short.then(|| std::fs::read_to_string(&file).ok()).flatten().unwrap_or_default()
    };
    let mut found = Vec::new();
    for place in folder.ancestors().take(MAX_ABOVE) {
        found.extend(read(place.join("requirements.txt")).lines().filter_map(requirement));
        found.extend(of_project(&read(place.join("pyproject.toml"))));
        if is_project(place) {
            break;
        }
    }
    found
}

/// The packages that a `pyproject.toml` names.
fn of_project(text: &str) -> Vec<String> {
    let Ok(document) = Document::parse("pyproject.toml", Syntax::Toml, text.as_bytes()) else { return Vec::new() };
    let fields = Value::Object(document.fields);
    let project = &fields["project"];
    let groups = [&project["optional-dependencies"], &fields["dependency-groups"]];
    let groups = groups.into_iter().filter_map(Value::as_object).flat_map(|table| table.values());
    let lists = groups.chain([&project["dependencies"]]).filter_map(Value::as_array).flatten();
    let written = lists.chain([&project["name"]]).filter_map(Value::as_str);
    let of_poetry = fields["tool"]["poetry"]["dependencies"].as_object().into_iter().flat_map(|table| table.keys());
    written.chain(of_poetry.map(String::as_str)).filter_map(requirement).collect()
}

/// The name of the package in a requirement: `strands-agents[x]>=1`.
fn requirement(written: &str) -> Option<String> {
    let written = written.trim();
    let end = written.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    let name = &written[..end.unwrap_or(written.len())];
    name.starts_with(|c: char| c.is_ascii_alphanumeric()).then(|| name.to_owned())
}

/// Whether a package brings a module, by its name: `python-slugify` brings `slugify`, `strands-agents` brings `strands`.
fn provides(package: &str, module: &str) -> bool {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '.'], "-");
    let (package, module) = (plain(package), plain(module));
    let bare = package.strip_prefix("python-").or_else(|| package.strip_suffix("-python")).unwrap_or(&package);
    bare == module || package == plain(standard::package_of(&module)) || package.split('-').next() == Some(&module)
}

/// The file of a module next to a tool.
fn lying(folder: &Path, module: &str) -> Option<String> {
    let names = [format!("{module}.py"), format!("{module}/__init__.py")];
    names.into_iter().find(|name| folder.join(name).exists())
}

/// The project that contains a tool, if it provides a module: installing another package of that name would be wrong.
fn project_of(folder: &Path, module: &str) -> Option<PathBuf> {
    let is_project = |place: &&Path| ["pyproject.toml", "setup.py"].iter().any(|name| place.join(name).is_file());
    let project = folder.ancestors().take(MAX_ABOVE).find(is_project)?;
    let has_it = |place: &PathBuf| lying(place, module).is_some() || place.join(module).is_dir();
    let is_there = [project.to_owned(), project.join("src")].iter().any(has_it);
    is_there.then(|| project.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Dialect, FileMode, InputMode, Recipe, ToolName};

    fn file(path: &str, text: &str) -> VersionFile {
        VersionFile { path: path.to_owned(), mode: FileMode::Plain, bytes: text.into() }
    }

    #[test]
    fn what_a_project_takes_is_read_as_names() {
        let requirements = ["python-slugify>=1", "a[b]~=1 ; c", "# words", "-r more.txt", ""];
        let found: Vec<String> = requirements.into_iter().filter_map(requirement).collect();
        assert_eq!(found, ["python-slugify", "a"]);
        let text = "[project]\nname = \"own-tools\"\ndescription = \"words\"\ndependencies = [\n  \"strands-agents[a2a]>=1\",\n]\n\
            [project.optional-dependencies]\nx = [\"more\"]\n[tool.ruff]\nsrc = [\"folder\"]\n[tool.poetry.dependencies]\nrich = \"^1\"\n";
        assert_eq!(of_project(text), ["more", "strands-agents", "own-tools", "rich"]);
        assert_eq!(of_project("[project"), Vec::<String>::new());
        for (package, module, expected) in [
            ("python-slugify", "slugify", true),
            ("strands-agents", "strands", true),
            ("PyYAML", "yaml", true),
            ("ruamel.yaml", "yaml", false),
            ("slug", "slugify", false),
        ] {
            assert_eq!(provides(package, module), expected, "{package} {module}");
        }
    }

    fn of(text: &str) -> Option<Vec<&str>> {
        certain(text).map(|found| found.into_iter().collect())
    }

    #[test]
    fn only_imports_that_certainly_run_are_taken() {
        let text = "#!/usr/bin/env python3\n\"\"\"Doc.\n\nimport prose\nfrom prose import more\n\"\"\"\nimport os, pandas as pd\nfrom a.b import c  # x\nfrom . import own\nfrom .own import x\ntry:\n    import optional\nexcept ImportError:\n    pass\nif True:\n    import later\nx = '''\nimport inside\n'''\nimport last; print(1)\n";
        assert_eq!(of(text).unwrap(), ["a", "last", "os", "pandas"]);
    }

    #[test]
    fn where_lines_are_not_clear_nothing_is_certain() {
        assert_eq!(of("import sys\nsys.meta_path.insert(0, x)\nimport helper\n"), None);
        assert_eq!(of("# /// script\n# dependencies = ['x']\n# ///\nimport x\n"), None);
        assert_eq!(of("x = '\"\"\"'\nimport y\n"), None);
        assert_eq!(of("x = \"#\" + \"\"\"\nimport prose\n\"\"\"\n"), None);
    }

    #[test]
    fn packages_that_a_script_declares_are_read() {
        let mut manifest = Manifest::blank(ToolName::new("t").unwrap(), Dialect::Native);
        manifest.recipe = Some(Recipe { entry: Some("t.py".to_owned()), ..Recipe::blank(InputMode::None) });
        let text = "# /// script\n# dependencies = ['rich>=13', \"httpx[http2]\"]\n# ///\nimport rich\n";
        assert_eq!(declared(&manifest, &[file("t.py", text)]), ["rich", "httpx"]);
        assert!(declared(&manifest, &[file("t.py", "import rich\n")]).is_empty());
    }

    #[test]
    fn an_import_from_the_own_package_is_found() {
        assert_eq!(of_own_package("import os\nfrom .own import x\n"), Some(".own"));
        assert_eq!(of_own_package("from ..a.b import (\n    c,\n)\n"), Some("..a.b"));
        assert_eq!(
            of_own_package(
                "\"\"\"\nfrom .prose\n\"\"\"\ntry:\n    from .own import x\nexcept ImportError:\n    pass\n"
            ),
            None
        );
    }

    #[test]
    fn files_of_the_version_and_the_library_are_not_needed() {
        let mut manifest = Manifest::blank(ToolName::new("t").unwrap(), Dialect::Native);
        let command = vec!["python3".to_owned(), "{file}".to_owned()];
        manifest.recipe = Some(Recipe { command, entry: Some("t.py".to_owned()), ..Recipe::blank(InputMode::None) });
        let files = [
            file("t.py", "import json, helper, lib.x, yaml\nfrom toolsmith_call import call_tool\n"),
            file("helper.py", "import requests, t\n"),
            file("lib/x.py", ""),
        ];
        assert_eq!(imported(&manifest, &files), ["requests", "yaml"]);
        // What a package of its own takes from itself is followed.
        let files = [
            file("t.py", "import kit\n"),
            file("kit/__init__.py", "from .core.work import (\n    run,\n)\n"),
            file("kit/core/work.py", "import cPickle\nfrom .. import other, none\n"),
            file("kit/other.py", "import polars\nfrom .core.work import run\n"),
            file("kit/unused.py", "import torch\n"),
        ];
        assert_eq!(imported(&manifest, &files), ["cPickle", "polars"]);
        let adds = [file("t.py", "import sys\nsys.path.insert(0, 'x')\nimport helper, requests\nfrom bs4 import x\n")];
        assert_eq!(imported(&manifest, &adds), ["bs4", "requests"], "the added folder may hold the helper");
    }

    #[test]
    fn what_is_missing_is_said_with_the_command_that_installs_it() {
        let dir = tempfile::tempdir().unwrap();
        let lib = dir.path().join("lib/python3.11");
        std::fs::create_dir_all(lib.join("site-packages/rich")).unwrap();
        std::fs::create_dir_all(dir.path().join("bin")).unwrap();
        std::fs::write(lib.join("os.py"), "").unwrap();
        std::fs::write(lib.join("site-packages/six.py"), "").unwrap();
        let program = dir.path().join("bin/python3.11");
        std::fs::write(&program, "").unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(&program, dir.path().join("bin/python3")).unwrap();
        let python = dir.path().join("bin/python3");
        let installed = Installed::of(&python).unwrap();
        let wanted = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let place = dir.path().join("project/tools");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("beside.py"), "").unwrap();
        assert_eq!(installed.lack(&wanted(&["rich", "six"]), &place), None);
        let said = installed.lack(&wanted(&["yaml", "beside", "absent"]), &place).unwrap();
        let pip = format!("{} -m pip install", python.display());
        let find = "find out which package provides absent";
        assert_eq!(said, format!("needs package PyYAML, absent ({pip} PyYAML; {find})"));
        let said = installed.lack(&wanted(&["absent"]), &place).unwrap();
        assert_eq!(said, format!("needs package absent ({find}, and install that)"));
        std::fs::write(place.join("requirements.txt"), "# all\npython-absent>=1\nabsenter\n").unwrap();
        let said = installed.lack(&wanted(&["absent"]), &place).unwrap();
        assert_eq!(said, format!("needs package python-absent ({pip} python-absent)"));
        let said = installed.lack(&wanted(&["beside"]), &place).unwrap();
        assert!(said.starts_with("beside.py lies beside it but is not one of its files; "), "{said}");
        let project = dir.path().join("project");
        std::fs::write(project.join("pyproject.toml"), "").unwrap();
        let said = installed.lack(&wanted(&["tools"]), &place).unwrap();
        assert!(said.ends_with(&format!("-m pip install {})", project.display())), "{said}");
        std::fs::create_dir_all(lib.join("site-packages/Py_YAML-6.0.dist-info")).unwrap();
        let installed = Installed::of(&python).unwrap();
        assert_eq!(installed.lack_of_declared(&wanted(&["py-yaml"])), None);
        let said = installed.lack_of_declared(&wanted(&["py-yaml", "six"])).unwrap();
        assert_eq!(
            said,
            format!(
                "needs package six (install uv (see docs.astral.sh/uv), or {} -m pip install six)",
                python.display()
            )
        );
        // An editable installation may bring any module.
        std::fs::write(lib.join("site-packages/__editable__.x.pth"), "import __editable___x_finder\n").unwrap();
        assert!(Installed::of(&python).is_none());
    }
}
