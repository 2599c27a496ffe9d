//! The local files that a script uses: Python modules that an import finds in the folder of the script, files that
//! JavaScript and TypeScript import by a relative path, files that a shell script sources or starts relative to its own
//! folder.
//!
//! Only statements and calls with a fixed text are read. Names that a program computes at run time are not found.

use super::WhenRun;
use super::javascript;
use super::javascript::imports::ImportForm;
use super::python::imports::{PythonImport, PythonTaken, imports};
use super::relative::{folder_of, join};
use super::shell::files::named_files;
use crate::domain::source::Language;
use crate::domain::{clean_path, standard};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// The kind of entry at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// A file that may be imported.
    File,
    /// A folder that may be searched.
    Folder,
    /// Neither of them.
    Absent,
}

/// How many texts are cached.
const MAX_KNOWN: usize = 4_096;

/// File extensions that JavaScript can omit, in the order in which they are tried.
const ENDINGS: [&str; 9] = ["js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx", "json"];

/// File extensions in TypeScript imports, with the extensions of the real files.
const WRITTEN: [(&str, &[&str]); 4] =
    [(".js", &[".ts", ".tsx"]), (".mjs", &[".mts"]), (".cjs", &[".cts"]), (".jsx", &[".tsx"])];

/// The files that the file at `path` uses. Paths have `/` between parts and are relative to one folder; no path leads
/// out of it. `root` is the folder in which Python looks for modules: that of the started script. `look` returns the
/// kind of entry at a path.
pub fn local_imports(path: &str, text: &str, root: &str, look: &mut dyn FnMut(&str) -> PathKind) -> Vec<String> {
    let mut found = Vec::new();
    match Language::of(path, text) {
        Some(Language::Python) => python(path, text, root, look, &mut found),
        Some(language) if language.is_javascript() => javascript(path, text, language, look, &mut found),
        Some(Language::Bash) => {
            let named = named_files(path, text, root).into_iter().map(|one| one.path);
            found.extend(named.filter(|path| is_inside(path, root) && look(path) == PathKind::File));
        }
        _ => {}
    }
    found.sort_unstable();
    found.dedup();
    found.retain(|other| other != path);
    found
}

/// Whether a path stays where the paths of the script at `from` are: in the folder of its definition, or elsewhere in the workspace.
fn is_inside(path: &str, from: &str) -> bool {
    !path.starts_with("..") && (from == "@" || from.starts_with("@/")) == path.starts_with("@/")
}

/// A file that a script certainly uses by a relative path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertainFile {
    /// As written, or relative to the folder of the script's definition.
    pub name: String,
    /// The file, if it exists.
    pub path: Option<String>,
}

/// The files that the file at `path` always uses by relative paths. For Python the result is empty, because Python's
/// own error names a missing module.
pub fn certain_files(path: &str, text: &str, root: &str, look: &mut dyn FnMut(&str) -> PathKind) -> Vec<CertainFile> {
    match Language::of(path, text) {
        Some(Language::Bash) => {
            let named = named_files(path, text, root).into_iter().filter(|one| one.is_certain);
            let file = |name: String| {
                let is_there = is_inside(&name, root) && look(&name) != PathKind::Absent;
                CertainFile { path: is_there.then(|| name.clone()), name }
            };
            named.map(|one| one.path).map(file).collect()
        }
        Some(language) if language.is_javascript() && names_relative(text) => {
            let imports = written(text, language);
            let certain = imports.iter().filter(|import| import.is_certain && is_relative(&import.module));
            let file = |import: &WrittenImport| {
                let place = resolved(folder_of(path), &import.module);
                let found = place.and_then(|place| {
                    file_at(&place, look).or_else(|| Some(place).filter(|place| look(place) == PathKind::Folder))
                });
                CertainFile { name: import.module.clone(), path: found }
            };
            certain.map(file).collect()
        }
        _ => Vec::new(),
    }
}

/// The maximum number of texts in a line that may form a file name together.
const MAX_PARTS: usize = 8;

/// The maximum number of variables for the script's own folder.
const MAX_FOLDER_VARIABLES: usize = 16;

/// The most paths examined for one script.
const MAX_LOOKS: usize = 400;

/// The files that a Python script names relative to its own folder: `open(os.path.join(os.path.dirname(__file__), "words.txt"))`,
/// `HERE / "data" / "words.json"`.
fn named_by_python(path: &str, text: &str, look: &mut dyn FnMut(&str) -> PathKind, found: &mut Vec<String>) {
    if memchr::memmem::find(text.as_bytes(), b"__file__").is_none() {
        return;
    }
    let (mut places, mut looks): (Vec<&str>, usize) = (vec!["__file__"], 0);
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if !places.iter().any(|place| line.contains(place)) {
            continue;
        }
        let parts: Vec<&str> = texts_in(line).take(MAX_PARTS).collect();
        if let Some((name, _)) =
            line.split_once(" = ").filter(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
            && places.len() <= MAX_FOLDER_VARIABLES
        {
            places.push(name);
        }
        for begin in 0..parts.len() {
            for end in begin + 1..=parts.len() {
                looks += 1;
                if looks > MAX_LOOKS {
                    return;
                }
                let place = clean_path(&join(folder_of(path), &parts[begin..end].join("/")));
                found.extend(place.filter(|place| look(place) == PathKind::File));
            }
        }
    }
}

/// The short texts of a line that could be parts of a relative path.
fn texts_in(line: &str) -> impl Iterator<Item = &str> {
    let quoted = ['"', '\''].into_iter().flat_map(|sign| line.split(sign).skip(1).step_by(2));
    quoted.filter(|part| {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ');
        !part.is_empty()
            && part.len() < 100
            && !part.starts_with('/')
            && !part.contains("..")
            && part.chars().all(is_part)
    })
}

fn python(path: &str, text: &str, root: &str, look: &mut dyn FnMut(&str) -> PathKind, found: &mut Vec<String>) {
    named_by_python(path, text, look, found);
    // Parsing takes longer than searching lines and folders.
    if !mentioned(text).any(|top| {
        let place = join(root, top);
        top.is_empty() || look(&place) == PathKind::Folder || look(&format!("{place}.py")) == PathKind::File
    }) {
        return;
    }
    for import in written(text, Language::Python).iter() {
        let Some(place) = place_of(import, path, root) else { continue };
        modules(place, &import.module, &import.names, look, found);
    }
}

/// A module that a text imports, as written.
struct WrittenImport {
    /// The number of dots before a Python module.
    level: usize,
    module: String,
    /// Names that Python imports from it; each may be a module itself.
    names: Vec<String>,
    /// Whether JavaScript certainly imports it.
    is_certain: bool,
}

/// The imports of texts, by the hash of language and text.
type KnownImports = HashMap<[u8; 32], Arc<[WrittenImport]>>;

/// A cache: many scripts of a folder import the same files, and parsing takes longer than reading.
static KNOWN: LazyLock<Mutex<KnownImports>> = LazyLock::new(Mutex::default);

/// The modules that a text imports; empty if it cannot be parsed.
fn written(text: &str, language: Language) -> Arc<[WrittenImport]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{language:?}").as_bytes());
    let hash = *hasher.update(&[0]).update(text.as_bytes()).finalize().as_bytes();
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(imports) = known().get(&hash) {
        return Arc::clone(imports);
    }
    let Some(tree) = language.parse(text) else { return Arc::default() };
    let root = tree.root_node();
    let found: Arc<[WrittenImport]> = if language == Language::Python {
        imports(root, text).into_iter().map(|(import, _)| of_python(import)).collect()
    } else {
        let of = |(import, when): (javascript::imports::JavaScriptImport<'_>, WhenRun)| {
            let is_certain = when == WhenRun::Always && !import.is_type_only && import.form != ImportForm::Dynamic;
            WrittenImport { level: 0, module: import.module, names: Vec::new(), is_certain }
        };
        javascript::imports::imports(root, text).into_iter().map(of).collect()
    };
    let mut known = known();
    if known.len() >= MAX_KNOWN {
        known.clear();
    }
    known.insert(hash, Arc::clone(&found));
    found
}

fn of_python(import: PythonImport<'_, '_>) -> WrittenImport {
    let names = match import.taken {
        PythonTaken::Names(names) => names.into_iter().map(|name| name.name).collect(),
        PythonTaken::Module { .. } | PythonTaken::Everything => Vec::new(),
    };
    WrittenImport { level: import.level, module: import.module, names, is_certain: false }
}

/// The first parts of the modules that lines may import; empty for a relative import.
fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    // Few lines are imports.
    let lines = |begin: &'static str| {
        memchr::memmem::find_iter(text.as_bytes(), begin).filter_map(move |at| {
            let line = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |end| end + 1);
            text[line..at].trim_start().is_empty().then(|| text[at + begin.len()..].lines().next().unwrap_or_default())
        })
    };
    let written = lines("import ").flat_map(|rest| rest.split([',', ';'])).chain(lines("from "));
    written.filter_map(|module| {
        let module = module.trim_start();
        let end = module.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(module.len());
        let name = &module[..end];
        let is_relative = module.starts_with('.');
        (is_relative || !name.is_empty() && !standard::PYTHON.contains(&name)).then_some(name)
    })
}

/// The folder in which Python searches an import; `None` for the standard library, and outside `root`.
fn place_of<'p>(import: &WrittenImport, path: &'p str, root: &'p str) -> Option<&'p str> {
    if import.level == 0 {
        let top = import.module.split('.').next().unwrap_or_default();
        return (!standard::PYTHON.contains(&top)).then_some(root);
    }
    let mut place = folder_of(path);
    for _ in 1..import.level {
        if place == root {
            return None;
        }
        place = folder_of(place);
    }
    Some(place)
}

/// The files of a dotted module, and of the imported names that are modules themselves.
fn modules(
    place: &str,
    module: &str,
    names: &[String],
    look: &mut dyn FnMut(&str) -> PathKind,
    found: &mut Vec<String>,
) {
    let mut place = place.to_owned();
    for part in module.split('.').filter(|part| !part.is_empty()) {
        place = join(&place, part);
        if !module_at(&place, look, found) {
            return;
        }
    }
    for name in names {
        module_at(&join(&place, name), look, found);
    }
}

/// Adds the file of the module at a place. Returns whether it is a package, which may contain modules.
fn module_at(place: &str, look: &mut dyn FnMut(&str) -> PathKind, found: &mut Vec<String>) -> bool {
    let is_folder = look(place) == PathKind::Folder;
    let init = format!("{place}/__init__.py");
    if is_folder && look(&init) == PathKind::File {
        found.push(init);
        return true;
    }
    let file = format!("{place}.py");
    if look(&file) == PathKind::File {
        found.push(file);
        return false;
    }
    is_folder
}

fn javascript(
    path: &str,
    text: &str,
    language: Language,
    look: &mut dyn FnMut(&str) -> PathKind,
    found: &mut Vec<String>,
) {
    if !names_relative(text) {
        return;
    }
    for import in written(text, language).iter() {
        if let Some(place) = resolved(folder_of(path), &import.module).filter(|_| is_relative(&import.module)) {
            found.extend(file_at(&place, look));
        }
    }
}

/// Whether a text may contain a relative path of a module.
fn names_relative(text: &str) -> bool {
    ["'.", "\".", "`."].into_iter().any(|sign| memchr::memmem::find(text.as_bytes(), sign.as_bytes()).is_some())
}

fn is_relative(module: &str) -> bool {
    matches!(module.split('/').next(), Some("." | ".."))
}

/// A relative path from a folder, without `.` and `..`; `None` if it leads out of the folder.
fn resolved(folder: &str, written: &str) -> Option<String> {
    let path = clean_path(&join(folder, written))?;
    // Files elsewhere in the workspace stay there.
    (folder.starts_with("@/") == path.starts_with("@/")).then_some(path)
}

/// The file that a JavaScript path refers to.
fn file_at(place: &str, look: &mut dyn FnMut(&str) -> PathKind) -> Option<String> {
    let mut is_file = |path: &str| !path.is_empty() && look(path) == PathKind::File;
    if is_file(place) {
        return Some(place.to_owned());
    }
    let written = WRITTEN.iter().filter_map(|(end, others)| Some((place.strip_suffix(end)?, others)));
    let others = written.flat_map(|(stem, others)| others.iter().map(move |end| format!("{stem}{end}")));
    let completed = ENDINGS.iter().map(|end| format!("{place}.{end}"));
    let inside = ENDINGS.iter().map(|end| join(place, &format!("index.{end}")));
    others.chain(completed).chain(inside).find(|path| is_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files that a file uses if these exist.
    fn of(path: &str, text: &str, there: &[&str]) -> Vec<String> {
        local_imports(path, text, "", &mut |place| {
            if there.contains(&place) {
                PathKind::File
            } else if there.iter().any(|file| file.starts_with(&format!("{place}/"))) {
                PathKind::Folder
            } else {
                PathKind::Absent
            }
        })
    }

    #[test]
    fn modules_of_python_beside_a_script_are_found() {
        let there = ["a.py", "b/__init__.py", "b/c.py", "b/d/__init__.py", "e/f.py", "json.py", "g.py", "g/h.py"];
        let takes = |text: &str| of("x.py", text, &there);
        assert_eq!(takes("import os, a as z\n"), ["a.py"]);
        assert_eq!(takes("def f():\n    from b import c, d, other\n"), ["b/__init__.py", "b/c.py", "b/d/__init__.py"]);
        assert_eq!(takes("import b.c\n"), ["b/__init__.py", "b/c.py"]);
        assert_eq!(takes("from e.f import x\n"), ["e/f.py"], "a folder without __init__.py is a package as well");
        assert_eq!(takes("import g\n"), ["g.py"], "a module comes before such a folder");
        assert_eq!(takes("import json\nimport absent\n'''\nimport a\n'''\n"), Vec::<String>::new());
    }

    #[test]
    fn relative_imports_stay_inside_the_folder() {
        let there = ["b/__init__.py", "b/c.py", "b/d.py", "a.py"];
        let takes = |text: &str| of("b/__init__.py", text, &there);
        assert_eq!(takes("from .c import x\nfrom . import d\n"), ["b/c.py", "b/d.py"]);
        assert_eq!(takes("from ..a import x\n"), ["a.py"]);
        assert_eq!(takes("from ...a import x\n"), Vec::<String>::new());
        assert_eq!(takes("import a\n"), ["a.py"], "modules are looked for in the folder of the script");
    }

    #[test]
    fn relative_paths_of_javascript_are_completed() {
        let there = ["a.js", "lib/index.ts", "lib/b.ts", "data.json", "c.mjs"];
        let takes = |path: &str, text: &str| of(path, text, &there);
        assert_eq!(
            takes("x.js", "const a = require('./a');\nconst d = require(\"./data.json\");\n"),
            ["a.js", "data.json"]
        );
        assert_eq!(
            takes("x.ts", "import { y } from './lib';\nexport * from './lib/b.js';\n"),
            ["lib/b.ts", "lib/index.ts"]
        );
        assert_eq!(takes("x.mjs", "const c = await import('./c.mjs');\nimport z from 'zod';\n"), ["c.mjs"]);
        assert_eq!(takes("lib/b.ts", "import '../a';\nimport '../../outside';\nimport(\"./\" + x);\n"), ["a.js"]);
    }

    #[test]
    fn files_that_python_names_by_its_place_are_found() {
        let there = ["words.txt", "data/a.json", "lib/x.py", "lib/own.txt"];
        let takes = |path: &str, text: &str| of(path, text, &there);
        let opened =
            "import os\nwith open(os.path.join(os.path.dirname(__file__), 'words.txt'), 'r') as f:\n    pass\n";
        assert_eq!(takes("x.py", opened), ["words.txt"]);
        let joined =
            "HERE = Path(__file__).parent\nload(HERE / \"data\" / \"a.json\", mode='r')\nload(HERE / 'absent.txt')\n";
        assert_eq!(takes("x.py", joined), ["data/a.json"]);
        assert_eq!(takes("lib/x.py", "open(Path(__file__).with_name('own.txt'))\n"), ["lib/own.txt"]);
        let looked = std::cell::Cell::new(0);
        let many = "a = __file__, 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'\n".repeat(1_000);
        let look = &mut |_: &str| {
            looked.set(looked.get() + 1);
            PathKind::Absent
        };
        named_by_python("x.py", &many, look, &mut Vec::new());
        assert!(looked.get() <= MAX_LOOKS, "{} looks", looked.get());
        for text in ["open('words.txt')\n", "# __file__ 'words.txt'\n", "open(__file__ + '/../words.txt')\n"] {
            assert_eq!(takes("x.py", text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn other_languages_take_nothing() {
        assert_eq!(of("x.lua", "import a\n. ./a.py\n", &["a.py"]), Vec::<String>::new());
    }

    #[test]
    fn files_that_a_shell_script_takes_by_its_place_are_found() {
        let words = "D=$(dirname \"$0\")\ncat \"$D/words.txt\"\nL=\"$D/list\"\nsort < \"$L\" > \"$D/out\"\n";
        assert_eq!(of("x.sh", words, &["words.txt", "list"]), ["list", "words.txt"]);
        let there = ["lib/a.sh", "b.sh"];
        let text =
            "D=\"$(dirname \"$0\")\"\n. \"$D/lib/a.sh\"\n[ -f \"$D/b.sh\" ] && . \"$D/b.sh\"\n. \"$D/../c.sh\"\n";
        assert_eq!(of("x.sh", text, &there), ["b.sh", "lib/a.sh"]);
        let certain = certain_files("x.sh", text, "", &mut |place| {
            if there.contains(&place) { PathKind::File } else { PathKind::Absent }
        });
        let told: Vec<_> = certain.iter().map(|one| (one.name.as_str(), one.path.is_some())).collect();
        assert_eq!(told, [("lib/a.sh", true), ("../c.sh", false)]);
    }

    #[test]
    fn relative_imports_that_certainly_run_are_told() {
        let text = "import x from '../x.js';\nimport y from './y.js';\nimport type { T } from './t';\nif (a) require('./z');\nimport('./w');\nimport fs from 'fs';\n";
        let certain = certain_files("m.ts", text, "", &mut |place| {
            if place == "y.ts" { PathKind::File } else { PathKind::Absent }
        });
        let told: Vec<_> = certain.iter().map(|one| (one.name.as_str(), one.path.as_deref())).collect();
        assert_eq!(told, [("../x.js", None), ("./y.js", Some("y.ts"))]);
    }
}
