//! Compares the imports of the code with the declarations of the version and the packages on this machine.

mod launched;

use super::CheckContext;
use super::capabilities::is_test_only;
use super::source::{Language, line as line_of, text_of};
use super::started::sources;
use crate::code::metadata::ScriptBlock;
use crate::code::{WhenRun, javascript, python};
use crate::domain::{
    CheckReport, Dialect, Finding, Manifest, Severity, ToolDetail, VersionFile, standard, standard::package_of,
};
use std::collections::BTreeMap;

/// The most packages reported for one version; a tool with more has other faults.
const MAX_TOLD: usize = 40;

/// A package that the code imports.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ImportedPackage {
    /// The module as the code names it: `yaml`, `@scope/name`.
    module: String,
    path: String,
    line: u64,
    /// Whether the import is inside a condition, a loop or an error handler.
    is_optional: bool,
    is_test: bool,
    is_python: bool,
}

/// Examines imports, declarations and what is missing.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let version = context.version;
    let taken = taken(version);
    let declared = declared(&version.manifest, &version.files);
    let mut findings: Vec<Finding> = context
        .missing
        .iter()
        // A package missing on this machine does not count against the version: the checks that start it report that
        // they could not.
        .map(|missing| Finding::new("missing", Severity::Low, missing.message.clone()))
        .collect();
    findings.extend(launched::unpinned(&version.manifest));
    let is_declared = |taken: &&ImportedPackage| declared.iter().any(|(name, _)| same(name, taken));
    let mut undeclared: BTreeMap<&str, &ImportedPackage> = BTreeMap::new();
    for one in taken.iter().filter(|taken| !taken.is_test && !is_declared(taken)) {
        let known = undeclared.entry(&one.module).or_insert(one);
        if known.is_optional && !one.is_optional {
            *known = one;
        }
    }
    findings.extend(undeclared.values().take(MAX_TOLD).map(|one| {
        let how = if one.is_optional { "optionally imports" } else { "imports" };
        // A script without a package list cannot have forgotten a package in it.
        let has_list = version.manifest.dialect == Dialect::Native || !declared.is_empty();
        let severity = if one.is_optional || !has_list { Severity::Low } else { Severity::Medium };
        let message = format!("it {how} the package {} without declaring it", named(one));
        Finding::new("undeclared", severity, message).at(&one.path, one.line)
    }));
    if taken.iter().any(|taken| taken.is_python) || declared.iter().all(|(_, from)| *from != "the manifest") {
        let unused = declared.iter().filter(|(name, _)| !taken.iter().any(|taken| same(name, taken)));
        findings.extend(unused.take(MAX_TOLD).map(|(name, from)| {
            Finding::new("declared-unused", Severity::Low, format!("{from} declares {name}, which no code imports"))
        }));
    }
    let has_code = sources(version).iter().any(|(_, language, _)| *language != Language::Bash);
    if findings.is_empty() && !has_code && declared.is_empty() {
        return CheckReport::skipped("dependencies", "no code that imports packages, and none declared");
    }
    let packages: std::collections::BTreeSet<&str> = taken.iter().map(|taken| taken.module.as_str()).collect();
    let note = match packages.len() {
        0 => "standard library only".to_owned(),
        _ => format!("takes {}", packages.into_iter().collect::<Vec<_>>().join(", ")),
    };
    CheckReport::of("dependencies", findings).noted(super::source::excerpt(&note, 200))
}

fn named(taken: &ImportedPackage) -> String {
    let package = package_of(&taken.module);
    if taken.is_python && package != taken.module {
        format!("{package} (as {})", taken.module)
    } else {
        taken.module.clone()
    }
}

/// Whether a declared name is the imported package.
fn same(declared: &str, taken: &ImportedPackage) -> bool {
    if !taken.is_python {
        return declared == taken.module;
    }
    let (declared, module) = (normal(declared), normal(&taken.module));
    declared == module || declared == normal(package_of(&taken.module)) || declared.strip_prefix("python-") == Some(&module)
        // `google-cloud-storage` provides `google`; `types-x` provides nothing that runs.
        || declared.split('-').next() == Some(&module)
}

fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// The packages declared in the definition and in the lists next to the code, and where.
fn declared(manifest: &Manifest, files: &[VersionFile]) -> Vec<(String, &'static str)> {
    let mut declared: Vec<(String, &'static str)> = Vec::new();
    let mut add = |text: &str, from: &'static str| {
        let name = requirement(text);
        if !name.is_empty() && !declared.iter().any(|(known, _)| known == name) {
            declared.push((name.to_owned(), from));
        }
    };
    manifest.dependencies.iter().for_each(|text| add(text, "the manifest"));
    for file in files {
        let Some(text) = text_of(file) else { continue };
        let name = file.path.rsplit('/').next().unwrap_or_default();
        match name {
            "package.json" => {
                let package: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
                for key in ["dependencies", "peerDependencies", "optionalDependencies"] {
                    package[key].as_object().into_iter().flatten().for_each(|(name, _)| add(name, "package.json"));
                }
            }
            "pyproject.toml" => {
                let project: toml::Table = toml::from_str(text).unwrap_or_default();
                let list = project.get("project").and_then(|project| project.get("dependencies"));
                for item in list.and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str) {
                    add(item, "pyproject.toml");
                }
            }
            _ if name.starts_with("requirements") && file.path.rsplit('.').next() == Some("txt") => {
                let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
                lines.filter(|line| !line.starts_with('-')).for_each(|line| add(line, "requirements.txt"));
            }
            _ if Language::of(&file.path, text) == Some(Language::Python) => {
                for item in ScriptBlock::of(text).iter().flat_map(ScriptBlock::dependencies) {
                    add(&item, "the script header");
                }
            }
            _ => {}
        }
    }
    declared
}

/// The name in a requirement: `requests` in `requests[socks]>=2`; an npm name with its scope.
fn requirement(text: &str) -> &str {
    let text = text.trim();
    let scope = usize::from(text.starts_with('@'));
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c) || scope == 1 && c == '/';
    let end = text[scope..].find(|c| !is_part(c)).map_or(text.len(), |end| end + scope);
    &text[..end]
}

fn taken(version: &ToolDetail) -> Vec<ImportedPackage> {
    let files = &version.files;
    let mut all = Vec::new();
    for (path, language, text) in sources(version) {
        let is_python = language == Language::Python;
        if !is_python && !language.is_javascript() {
            continue;
        }
        let Some(tree) = language.parse(text) else { continue };
        let is_test = is_test_only(path, files);
        let root = tree.root_node();
        let modules: Vec<(String, u64, WhenRun)> = if is_python {
            let imports = python::imports::imports(root, text).into_iter();
            let packages = imports.filter_map(|(import, when)| {
                let module = import.top().filter(|module| is_foreign_python(module, files))?;
                Some((module.to_owned(), line_of(import.statement), when))
            });
            packages.collect()
        } else {
            let imports = javascript::imports::imports(root, text).into_iter();
            let left = imports.filter(|(import, _)| !import.is_type_only);
            left.filter_map(|(import, when)| Some((package(&import.module)?, line_of(import.node), when))).collect()
        };
        all.extend(modules.into_iter().map(|(module, line, when)| ImportedPackage {
            module,
            path: path.to_owned(),
            line,
            is_optional: when == WhenRun::Perhaps,
            is_test,
            is_python,
        }));
    }
    all
}

/// The package of a module; `None` for built-in modules, addresses and files.
fn package(module: &str) -> Option<String> {
    if module.is_empty() || module.starts_with(['.', '/', '#']) || module.contains(':') {
        return None;
    }
    let parts = if module.starts_with('@') { 2 } else { 1 };
    let name = module.split('/').take(parts).collect::<Vec<_>>().join("/");
    is_foreign_node(&name).then_some(name)
}

fn is_foreign_python(module: &str, files: &[VersionFile]) -> bool {
    let is_named = |part: &str| part == module || part.split('.').next() == Some(module);
    let is_own = files.iter().any(|file| file.path.split('/').any(is_named));
    !module.is_empty() && !module.starts_with('_') && !is_own && !standard::PYTHON.contains(&module)
}

fn is_foreign_node(module: &str) -> bool {
    !standard::NODE.contains(&module)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::{LibraryFixture, codes, examined, examined_among, version};
    use crate::domain::{CheckState, Missing};

    fn messages(report: &CheckReport) -> Vec<&str> {
        report.findings.iter().map(|finding| finding.message.as_str()).collect()
    }

    #[test]
    fn what_is_taken_and_not_declared_is_a_warning() {
        let code = "import os, json, yaml\nfrom requests.adapters import X\nfrom . import own\nimport helper\ntry:\n    import orjson\nexcept ImportError:\n    pass\n";
        let report = examined(
            examine,
            &version("t", &[("t.py", code), ("helper.py", ""), ("tests/test_t.py", "import pytest\n")]),
        );
        let expected =
            [("undeclared", Severity::Medium), ("undeclared", Severity::Medium), ("undeclared", Severity::Low)];
        assert_eq!(codes(&report), expected);
        assert_eq!(report.findings[0].message, "it imports the package requests without declaring it");
        assert_eq!(report.findings[1].message, "it imports the package PyYAML (as yaml) without declaring it");
        assert_eq!((report.findings[1].line, report.findings[2].line), (Some(1), Some(6)));
    }

    #[test]
    fn what_may_be_absent_is_told_apart_in_every_sort_of_import() {
        use crate::code::tests::{PYTHON_IMPORTS, TYPESCRIPT_IMPORTS};
        for (path, code, needed, optional) in [
            ("t.py", PYTHON_IMPORTS, vec!["httpx", "requests", "rich", "PyYAML"], vec!["numpy", "psutil"]),
            ("t.ts", TYPESCRIPT_IMPORTS, vec!["axios", "express", "zod"], vec!["chalk", "lodash"]),
        ] {
            let report = examined(examine, &version("t", &[(path, code)]));
            let of = |severity| {
                let told = report.findings.iter().filter(move |finding| finding.severity == severity);
                let words = told.map(|finding| finding.message.split(" the package ").nth(1).unwrap_or_default());
                words.map(|words| words.split(' ').next().unwrap_or_default()).collect::<Vec<_>>()
            };
            assert_eq!((of(Severity::Medium), of(Severity::Low)), (needed, optional), "{:?}", messages(&report));
        }
    }

    #[test]
    fn what_is_declared_in_any_of_the_usual_places_is_fine() {
        let block = "# /// script\n# dependencies = ['requests[socks]>=2', \"rich\"]\n# ///\nimport requests, yaml, sklearn, google.cloud\n";
        let mut inside =
            version("t", &[("t.py", block), ("requirements.txt", "# x\nPyYAML==6 # y\nscikit_learn\n-r other\n")]);
        inside.manifest.dependencies = vec!["google-cloud-storage>=2".to_owned()];
        let report = examined(examine, &inside);
        assert_eq!(messages(&report), ["the script header declares rich, which no code imports"]);
        assert_eq!(report.state, CheckState::Passed);
        let package = ("package.json", "{\"dependencies\": {\"axios\": \"1\", \"@a/b\": \"2\"}}");
        let code = "import fs from 'node:fs'; import path from 'path'; import axios from 'axios'; import './x.js';\nconst c = require('@a/b/deep'), d = require('left-pad');\nimport type {T} from 'types';\n";
        let report = examined(examine, &version("t", &[("t.ts", code), package]));
        assert_eq!(messages(&report), ["it imports the package left-pad without declaring it"]);
    }

    #[test]
    fn what_the_machine_lacks_fails_when_it_cannot_start_without() {
        let missing = |blocks| Missing { name: "yaml".into(), message: "PyYAML is not installed".into(), blocks };
        let among = |blocks| {
            examined_among(examine, &version("t", &[("t.sh", "echo")]), &LibraryFixture::default(), &[missing(blocks)])
        };
        assert_eq!(codes(&among(true)), [("missing", Severity::Low)]);
        assert_eq!(codes(&among(false)), [("missing", Severity::Low)]);
        assert_eq!(examined(examine, &version("t", &[("t.sh", "echo")])).state, CheckState::Skipped);
    }
}
