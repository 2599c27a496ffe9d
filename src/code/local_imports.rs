//! Which files beside it a script takes: modules of Python that an import finds in the folder of the script, files that
//! JavaScript and TypeScript name by a relative path.
//!
//! Only statements and calls with a fixed text are read. What a program works out while it runs is not known.

use super::javascript;
use super::python::imports::{PythonImport, PythonTaken, imports};
use crate::domain::source::Language;
use crate::domain::{clean_path, standard};

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// A file that may be taken.
    File,
    /// A folder that may be looked into.
    Folder,
    /// Neither.
    Absent,
}

/// Endings that JavaScript may leave out, in the order in which they are tried.
const ENDINGS: [&str; 9] = ["js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx", "json"];

/// Endings that TypeScript writes for files of another one.
const WRITTEN: [(&str, &[&str]); 4] =
    [(".js", &[".ts", ".tsx"]), (".mjs", &[".mts"]), (".cjs", &[".cts"]), (".jsx", &[".tsx"])];

/// The files that the file at `path` takes. Paths have `/` between parts and are relative to one folder; no path leads out
/// of it. `root` is the folder in which Python looks for modules: that of the script that is started. `look` tells what is
/// at a path.
pub fn local_imports(path: &str, text: &str, root: &str, look: &mut dyn FnMut(&str) -> PathKind) -> Vec<String> {
    let mut found = Vec::new();
    match Language::of(path, text) {
        Some(Language::Python) => python(path, text, root, look, &mut found),
        Some(language) if language.is_javascript() => javascript(path, text, language, look, &mut found),
        _ => {}
    }
    found.sort_unstable();
    found.dedup();
    found.retain(|other| other != path);
    found
}

fn python(path: &str, text: &str, root: &str, look: &mut dyn FnMut(&str) -> PathKind, found: &mut Vec<String>) {
    // To parse takes longer than to look at lines and folders.
    if !mentioned(text).any(|top| {
        let place = join(root, top);
        top.is_empty() || look(&place) == PathKind::Folder || look(&format!("{place}.py")) == PathKind::File
    }) {
        return;
    }
    let Some(tree) = Language::Python.parse(text) else { return };
    for (import, _) in imports(tree.root_node(), text) {
        let Some(place) = place_of(&import, path, root) else { continue };
        let names: Vec<&str> = match &import.taken {
            PythonTaken::Names(names) => names.iter().map(|name| name.name.as_str()).collect(),
            PythonTaken::Module { .. } | PythonTaken::Everything => Vec::new(),
        };
        modules(place, &import.module, &names, look, found);
    }
}

/// The first parts of the modules that lines may import; an empty one for a relative import.
fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim_start);
    let written = lines.flat_map(|line| {
        let several = line.strip_prefix("import ").unwrap_or_default().split([',', ';']);
        several.chain(line.strip_prefix("from "))
    });
    written.filter_map(|module| {
        let module = module.trim_start();
        let end = module.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(module.len());
        let name = &module[..end];
        let is_relative = module.starts_with('.');
        (is_relative || !name.is_empty() && !standard::PYTHON.contains(&name)).then_some(name)
    })
}

/// The folder in which Python looks for what an import names; `None` for the standard library, and outside `root`.
fn place_of<'p>(import: &PythonImport<'_, '_>, path: &'p str, root: &'p str) -> Option<&'p str> {
    if let Some(top) = import.top() {
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

/// The files of a dotted module and of the names that are taken of it, as far as they are modules themselves.
fn modules(place: &str, module: &str, names: &[&str], look: &mut dyn FnMut(&str) -> PathKind, found: &mut Vec<String>) {
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

/// Adds the file of the module at a place. Whether it is a package, which may have modules inside.
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
    let may_import = |sign: &str| memchr::memmem::find(text.as_bytes(), sign.as_bytes()).is_some();
    if !["'.", "\".", "`."].into_iter().any(may_import) {
        return;
    }
    let Some(tree) = language.parse(text) else { return };
    for (import, _) in javascript::imports::imports(tree.root_node(), text) {
        let is_relative = matches!(import.module.split('/').next(), Some("." | ".."));
        let Some(place) = is_relative.then(|| resolved(folder_of(path), &import.module)).flatten() else { continue };
        found.extend(file_at(&place, look));
    }
}

/// A relative path from a folder, without `.` and `..`; `None` where it leads out.
fn resolved(folder: &str, written: &str) -> Option<String> {
    let path = clean_path(&join(folder, written))?;
    // What lies elsewhere in the workspace stays there.
    (folder.starts_with("@/") == path.starts_with("@/")).then_some(path)
}

/// The file that a path of JavaScript means.
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

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file takes when these files are there.
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
    fn other_languages_take_nothing() {
        assert_eq!(of("x.sh", "import a\n. ./a.py\n", &["a.py"]), Vec::<String>::new());
    }
}
