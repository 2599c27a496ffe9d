//! Packages that a script of node certainly imports, read from lines that are not indented. A version holds no
//! `node_modules`, so only what the system has for every node is there.
//!
//! Nothing is parsed and nothing is started, as for [`super::modules`].

use crate::domain::{Manifest, NEEDS_NODE_PACKAGE, VersionFile, standard};
use std::collections::BTreeSet;
use std::path::Path;

/// How many packages are reported for one version.
const MAX_PACKAGES: usize = 10;

/// System-wide package folders of node.
const SYSTEM: [&str; 4] = ["/usr/share/nodejs", "/usr/lib/nodejs", "/usr/lib/node", "/usr/local/lib/node"];

/// The packages that the entry of a version always imports.
pub(super) fn imported(manifest: &Manifest, files: &[VersionFile]) -> Vec<String> {
    let Some(recipe) = &manifest.recipe else { return Vec::new() };
    let is_node = recipe.command.first().is_some_and(|word| word == "node");
    let moves = recipe.env.contains_key("NODE_PATH") || manifest.permissions.env.iter().any(|name| name == "NODE_PATH");
    let entry = recipe.entry.as_ref().and_then(|entry| files.iter().find(|file| file.path == *entry));
    let Some(entry) = entry.filter(|_| is_node && !moves) else { return Vec::new() };
    let Ok(text) = std::str::from_utf8(&entry.bytes) else { return Vec::new() };
    // A package may import itself by its name.
    let is_package = files.iter().any(|file| file.path == "package.json");
    if is_package { Vec::new() } else { certain(text).into_iter().take(MAX_PACKAGES).collect() }
}

/// The message about missing packages; `None` if all are present.
pub(super) fn lack(wanted: &[String]) -> Option<String> {
    let is_there = |name: &String| SYSTEM.iter().any(|folder| Path::new(folder).join(name).exists());
    let absent: Vec<&str> = wanted.iter().filter(|name| !is_there(name)).map(String::as_str).collect();
    let how = "bundle it into the tool's file, for example with npx esbuild --bundle";
    (!absent.is_empty()).then(|| format!("{NEEDS_NODE_PACKAGE} {}; {how}", absent.join(", ")))
}

fn certain(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let (mut is_comment, mut is_template, mut is_type) = (false, false, false);
    for line in text.lines() {
        if is_comment {
            is_comment = !line.contains("*/");
            continue;
        }
        if line.starts_with("/*") {
            is_comment = !line.contains("*/");
            continue;
        }
        let was_template = is_template;
        is_template ^= memchr::memchr_iter(b'`', line.as_bytes()).count() % 2 == 1;
        if was_template {
            continue;
        }
        if line.starts_with(['i', 'e', '}', 'c', 'l', 'v', 'r']) {
            found.extend(imported_by(line, is_type).and_then(package));
        }
        // `import type {` over several lines.
        is_type = is_type && !line.contains(" from ")
            || (line.starts_with("import type ") || line.starts_with("export type ")) && !line.contains(" from ");
    }
    found
}

/// The module that a line imports. `is_type` is set if a type-only import began above.
fn imported_by(line: &str, is_type: bool) -> Option<&str> {
    let is_statement =
        ["import ", "import{", "export {", "export * ", "export{"].iter().any(|word| line.starts_with(word));
    if is_statement || line.starts_with('}') && !is_type {
        if line.starts_with("import type ") || line.contains("{ type ") || line.contains("{type ") {
            return None;
        }
        let named = line.split_once(" from ").map(|(_, rest)| rest);
        return quoted(named.or_else(|| line.strip_prefix("import "))?);
    }
    if is_type || !["const ", "let ", "var ", "require("].iter().any(|word| line.starts_with(word)) {
        return None;
    }
    let (before, rest) = line.split_once("require(")?;
    // In a function or in brackets it may never be called.
    (before.is_empty() || before.trim_end().ends_with('=')).then(|| quoted(rest)).flatten()
}

/// The text in quotes that something begins with.
fn quoted(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote).map(|(inner, _)| inner)
}

/// The package that a module belongs to; `None` for what node brings, for addresses, and for files.
fn package(module: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "@/._-".contains(c);
    if module.starts_with(['.', '/', '#']) || !module.chars().all(is_name) {
        return None;
    }
    let parts = if module.starts_with('@') { 2 } else { 1 };
    let name = module.split('/').take(parts).collect::<Vec<_>>().join("/");
    (!name.is_empty() && !standard::NODE.contains(&name.as_str())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        certain(text).into_iter().collect()
    }

    #[test]
    fn packages_of_imports_and_requires_are_found() {
        let text = "import { z } from \"zod\";\nimport fs from 'fs';\nimport 'node:test';\nimport {\n  A,\n} from '@scope/pkg/deep.js';\n\
                    export { x } from 'out';\nconst axios = require('axios');\nconst own = require('./own');\nimport x from 'https://x.y/z';\n";
        assert_eq!(of(text), ["@scope/pkg", "axios", "out", "zod"]);
    }

    #[test]
    fn types_texts_and_what_may_not_run_need_no_package() {
        let text = "import type { A } from 'a';\nimport type {\n  B\n} from 'b';\nimport { type C } from 'c';\n/*\nimport d from 'd';\n*/\n\
                    const t = `\nimport e from 'e';\n`;\nfunction f() {\n  require('g');\n}\nconst h = () => require('h');\nif (x) require('i');\n";
        assert_eq!(of(text), Vec::<String>::new());
    }

    #[test]
    fn what_is_missing_is_said_with_the_way_out() {
        let wanted = vec!["no-such-package-of-node".to_owned()];
        assert!(lack(&wanted).unwrap().starts_with("needs node package no-such-package-of-node; bundle it"));
        assert_eq!(lack(&[]), None);
    }
}
