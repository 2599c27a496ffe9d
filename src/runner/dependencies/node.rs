//! Which Node.js packages a version imports. A version contains no `node_modules`, so it can use only built-in modules
//! and system-wide packages.

use super::Need;
use crate::code::WhenRun;
use crate::code::javascript::imports::{ImportForm, imports};
use crate::domain::Missing;
use crate::domain::source::Language;
use crate::runner::interpreter::{ResolvedProgram, is_system};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Evaluated once for each node.
const QUESTION: &[&str] = &["-p", "JSON.stringify([require('module').builtinModules, require('module').globalPaths])"];

/// Modules of every node, so that most tools need no query.
const EVERYWHERE: &[&str] = &[
    "assert",
    "buffer",
    "child_process",
    "crypto",
    "events",
    "fs",
    "http",
    "https",
    "net",
    "os",
    "path",
    "readline",
    "stream",
    "url",
    "util",
    "zlib",
];

/// Extensions that node or a bundler tries if a module is named without one.
const ENDINGS: &[&str] = &["", ".js", ".mjs", ".cjs", ".ts", ".mts", ".json", "/index.js", "/index.ts"];

/// The packages that a version's entry imports and that are not installed.
pub(super) fn missing(need: &Need<'_>, entry: &str, program: &ResolvedProgram) -> Vec<Missing> {
    let files: BTreeMap<&str, &[u8]> = need.files.iter().map(|f| (f.path.as_str(), f.bytes.as_slice())).collect();
    let wanted = taken(entry, &files);
    if wanted.is_empty() {
        return Vec::new();
    }
    let answer = program.interpreter.as_ref().and_then(|node| need.interpreters.answer(node, QUESTION));
    let Some((own, folders)) =
        answer.and_then(|answer| serde_json::from_str::<(BTreeSet<String>, Vec<PathBuf>)>(&answer).ok())
    else {
        return Vec::new();
    };
    let is_there =
        |package: &str| own.contains(package) || folders.iter().any(|dir| is_system(dir) && dir.join(package).exists());
    let by_variable = need.manifest.recipe.as_ref().is_some_and(|recipe| recipe.env.contains_key("NODE_PATH"))
        || need.manifest.permissions.env.iter().any(|name| name == "NODE_PATH");
    let version = program.facts.as_ref().map(|facts| facts.version.as_str()).unwrap_or_default();
    let absent = wanted.into_iter().filter(|package| !is_there(package));
    let missing = absent.map(|package| {
        let how = "bundle it into the tool's file, for example with npx esbuild --bundle";
        let message = format!(
            "node package {package} is not available for node {version}: a tool version contains no node_modules"
        );
        Missing { message: format!("{message}; {how}"), name: package, blocks: !by_variable }
    });
    missing.collect()
}

/// The packages imported by a file and by the files of the version that it imports.
fn taken(entry: &str, files: &BTreeMap<&str, &[u8]>) -> BTreeSet<String> {
    let own = own_name(files);
    let (mut packages, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![entry.to_owned()]);
    while let Some(path) = open.pop() {
        let Some(source) = files.get(path.as_str()).filter(|_| seen.insert(path.clone())) else { continue };
        for module in certain(&path, source) {
            if module.starts_with("./") || module.starts_with("../") || module == "." || module == ".." {
                let target = joined(&path, &module);
                let found = ENDINGS.iter().map(|ending| format!("{target}{ending}"));
                open.extend(found.filter(|path| files.contains_key(path.as_str())));
            } else {
                packages.extend(package(&module).filter(|name| Some(name) != own.as_ref()));
            }
        }
    }
    packages
}

/// The modules that a file certainly imports when it is run, as written.
fn certain(path: &str, source: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(source);
    let language = Language::of(path, &text).filter(|language| language.is_javascript());
    let Some(tree) = language.unwrap_or(Language::JavaScript).parse(&text) else { return Vec::new() };
    let taken = imports(tree.root_node(), &text).into_iter().filter(|(import, when)| {
        *when == WhenRun::Always && !import.is_type_only && import.form != ImportForm::Dynamic
    });
    taken.map(|(import, _)| import.module).collect()
}

/// The package that contains a module; `None` for built-in modules, addresses and absolute paths.
fn package(module: &str) -> Option<String> {
    if module.is_empty() || module.contains(':') || module.starts_with(['/', '#']) {
        return None;
    }
    let parts = if module.starts_with('@') { 2 } else { 1 };
    let name = module.split('/').take(parts).collect::<Vec<_>>().join("/");
    (!EVERYWHERE.contains(&name.as_str())).then_some(name)
}

/// The name of the version's own package, which it may import by that name.
fn own_name(files: &BTreeMap<&str, &[u8]>) -> Option<String> {
    let package: serde_json::Value = serde_json::from_slice(files.get("package.json")?).ok()?;
    package.get("name")?.as_str().map(str::to_owned)
}

/// A relative module as a path inside the version.
fn joined(from: &str, module: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in module.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_certainly_runs_is_taken() {
        let code = crate::code::tests::TYPESCRIPT_IMPORTS.as_bytes();
        let files: BTreeMap<&str, &[u8]> = BTreeMap::from([("tool.ts", code)]);
        assert_eq!(taken("tool.ts", &files).into_iter().collect::<Vec<_>>(), ["axios", "express"]);
    }

    #[test]
    fn packages_are_collected_through_the_files_of_the_version() {
        let files: BTreeMap<&str, &[u8]> = BTreeMap::from([
            ("src/main.js", b"import x from './lib/x'; require('fs'); import 'node:test'; import '#own'".as_slice()),
            ("src/lib/x.ts", b"import {y} from '@scope/y/deep'; import me from 'me'; import '../main.js'".as_slice()),
            ("src/other.js", b"require('unused')".as_slice()),
            ("package.json", b"{\"name\": \"me\"}".as_slice()),
        ]);
        assert_eq!(taken("src/main.js", &files).into_iter().collect::<Vec<_>>(), ["@scope/y"]);
    }
}
