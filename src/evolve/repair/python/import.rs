//! Adds missing imports: names that are used but not bound anywhere, and that are well known from the standard library
//! or from a very common package.

use super::super::edit::line_end;
use super::super::{Edit, Fix, Patient};
use super::known::{
    BOTH, FOREIGN, INNER, MODULES, MODULES_WITH, NAMES, OF_DATETIME, ONLY_INNER, PACKAGE_MODULES, PACKAGE_NAMES,
    PACKAGE_WORDS,
};
use super::place::for_import;
use crate::code::python::scope::PythonNames;
use crate::domain::source::text;
use std::collections::{BTreeMap, BTreeSet};
use tree_sitter::Node;

/// More missing names than this are not an oversight.
const MOST: usize = 20;

/// How a name is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameUse<'a> {
    /// A field of it is read.
    Field(&'a str),
    /// It is called.
    Call,
    /// It is passed as an object whose fields are accessed by name.
    Object,
    /// Anything else: a base class, an annotation, an argument.
    Other,
}

/// The imports to add.
#[derive(Debug, Default)]
struct MissingImports<'a> {
    modules: BTreeSet<String>,
    names: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Import statements for packages.
    foreign: BTreeSet<&'static str>,
    /// Each missing name, with the line of its first use.
    reasons: Vec<(&'a str, usize)>,
}

pub(in crate::evolve::repair) fn propose(patient: &Patient<'_>) -> Option<Fix> {
    if !patient.is_python() {
        return None;
    }
    let tree = patient.language?.parse(patient.text).filter(|tree| !tree.root_node().has_error())?;
    let root = tree.root_node();
    let names = PythonNames::of(root, patient.text);
    let mut wanted = MissingImports::default();
    let packages = PackageUse::of(patient, &names);
    for (name, uses) in names.unbound() {
        // If names may come from elsewhere, or may be missing on purpose, a failure must show that one is missing.
        let is_in_doubt = names.takes_names || patient.text.contains("NameError");
        if is_in_doubt && !patient.fails_with(&["NameError", &format!("'{name}'")]) {
            continue;
        }
        if patient.is_own_module(name) {
            continue;
        }
        match packages.of_name(name) {
            Some(source) if patient.is_installed(source.package()) => wanted.add_package(name, source, &uses),
            _ => wanted.add(name, &uses, patient.text),
        }
    }
    if wanted.reasons.is_empty() || wanted.reasons.len() > MOST {
        return None;
    }
    let place = for_import(root, patient.text)?;
    let end = line_end(patient.text);
    let lines = wanted.lines();
    let mut text: String = lines.iter().flat_map(|line| [line.as_str(), end]).collect();
    if place.wants_blank {
        text.push_str(end);
    }
    Some(Fix { edits: vec![Edit::insert(place.at, text)], said: wanted.said(&lines) })
}

/// The import statement of one module, for another repair that needs it.
pub(super) fn import_line(root: Node<'_>, source: &str, module: &str) -> Option<Edit> {
    let place = for_import(root, source)?;
    let end = line_end(source);
    let blank = if place.wants_blank { end } else { "" };
    Some(Edit::insert(place.at, format!("import {module}{end}{blank}")))
}

/// Packages that this file uses but that are not installed, each with a name from it.
pub(in crate::evolve::repair) fn absent(patient: &Patient<'_>) -> Vec<(&'static str, String)> {
    let parsed = patient.language.filter(|_| patient.is_python()).and_then(|language| language.parse(patient.text));
    let Some(tree) = parsed else { return Vec::new() };
    let names = PythonNames::of(tree.root_node(), patient.text);
    let packages = PackageUse::of(patient, &names);
    let mut found: Vec<(&str, String)> = Vec::new();
    for (name, _) in names.unbound() {
        if let Some(package) = packages.of_name(name).map(PackageSource::package)
            && patient.is_absent(package)
            && !found.iter().any(|(known, _)| *known == package)
        {
            found.push((package, name.to_owned()));
        }
    }
    for package in super::known::ASKED {
        let is_told = patient.fails_with(&["No module named", &format!("'{package}")]);
        if is_told && patient.is_absent(package) && !found.iter().any(|(known, _)| known == package) {
            found.push((package, (*package).to_owned()));
        }
    }
    found
}

/// The origin of a name from a package.
#[derive(Debug, Clone, Copy)]
enum PackageSource {
    /// The package itself, with the statement that imports it.
    Module(&'static str, &'static str),
    /// A name in the package.
    Name(&'static str),
}

impl PackageSource {
    const fn package(self) -> &'static str {
        match self {
            PackageSource::Module(package, _) | PackageSource::Name(package) => package,
        }
    }
}

/// Packages that a file certainly uses, so that less specific names may also come from them.
struct PackageUse<'a> {
    sure: BTreeSet<&'static str>,
    patient: &'a Patient<'a>,
}

impl<'a> PackageUse<'a> {
    fn of(patient: &'a Patient<'a>, names: &PythonNames<'_>) -> PackageUse<'a> {
        let unbound: Vec<&str> = names.unbound().keys().copied().collect();
        let is_imported = |package: &str| patient.text.contains(&format!("from {package} import"));
        let is_sure = |(package, known): &&(&'static str, &[&str])| {
            is_imported(package) || unbound.iter().any(|name| known.contains(name))
        };
        PackageUse { sure: PACKAGE_NAMES.iter().filter(is_sure).map(|(package, _)| *package).collect(), patient }
    }

    fn of_name(&self, name: &str) -> Option<PackageSource> {
        if let Some((_, package, statement)) = PACKAGE_MODULES.iter().find(|(module, _, _)| *module == name) {
            return Some(PackageSource::Module(package, statement));
        }
        let of = |list: &[(&'static str, &[&str])], is_wanted: &dyn Fn(&str) -> bool| {
            list.iter()
                .find(|(package, names)| names.contains(&name) && is_wanted(package))
                .map(|(package, _)| *package)
        };
        let is_library = NAMES.iter().any(|(_, names)| names.contains(&name));
        let is_missing = self.patient.fails_with(&["NameError", &format!("'{name}'")]) && !is_library;
        of(PACKAGE_NAMES, &|_| true)
            .or_else(|| of(PACKAGE_WORDS, &|package| self.sure.contains(package)))
            .or_else(|| of(PACKAGE_WORDS, &|package| is_missing && self.patient.is_installed(package)))
            .map(PackageSource::Name)
    }
}

impl<'a> MissingImports<'a> {
    fn add_package(&mut self, name: &'a str, source: PackageSource, uses: &[Node<'_>]) {
        match source {
            PackageSource::Module(_, statement) => {
                self.foreign.insert(statement);
            }
            PackageSource::Name(package) => {
                self.names.entry(package).or_default().insert(name);
            }
        }
        let line = uses.first().map_or(1, |node| node.start_position().row + 1);
        self.reasons.push((name, line));
    }

    fn add(&mut self, name: &'a str, uses: &[Node<'_>], source: &'a str) {
        let used: Vec<NameUse<'a>> = uses.iter().map(|node| use_of(*node, source)).collect();
        let fields: Option<Vec<&str>> = used
            .iter()
            .filter(|one| **one != NameUse::Object)
            .map(|one| if let NameUse::Field(field) = one { Some(*field) } else { None })
            .collect();
        let from = NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(module, _)| *module);
        let is_called = used.iter().all(|one| *one == NameUse::Call);
        let foreign = FOREIGN.iter().find(|(known, _, asked)| {
            *known == name
                && fields
                    .as_ref()
                    .is_some_and(|fields| !fields.is_empty() && fields.iter().all(|field| asked.contains(field)))
        });
        if let Some((_, statement, _)) = foreign {
            self.foreign.insert(statement);
        } else if name == "datetime" && is_class_datetime(&used) {
            self.names.entry("datetime").or_default().insert("datetime");
        } else if let Some(modules) = fields.and_then(|fields| modules_for(name, &fields)) {
            self.modules.extend(modules);
        } else if BOTH.contains(&name) && is_called {
            self.names.entry(name).or_default().insert(name);
        } else if let Some(module) = from {
            self.names.entry(module).or_default().insert(name);
        } else {
            return;
        }
        let line = uses.first().map_or(1, |node| node.start_position().row + 1);
        self.reasons.push((name, line));
    }

    fn lines(&self) -> Vec<String> {
        let modules = self.modules.iter().map(|module| format!("import {module}"));
        let names = self.names.iter().map(|(module, names)| {
            format!("from {module} import {}", names.iter().copied().collect::<Vec<_>>().join(", "))
        });
        modules.chain(names).chain(self.foreign.iter().map(|line| (*line).to_owned())).collect()
    }

    fn said(&self, lines: &[String]) -> String {
        let mut reasons = self.reasons.clone();
        reasons.sort_by_key(|(_, line)| *line);
        let used: Vec<String> = reasons.iter().map(|(name, line)| format!("{name} is used in line {line}")).collect();
        format!("add `{}`: {} but not defined", lines.join("; "), used.join(", "))
    }
}

fn is_class_datetime(used: &[NameUse<'_>]) -> bool {
    used.iter().all(|one| match one {
        NameUse::Field(field) => OF_DATETIME.contains(field),
        NameUse::Call | NameUse::Object | NameUse::Other => true,
    })
}

/// The modules to import when a name is a module with these fields.
fn modules_for(name: &str, fields: &[&str]) -> Option<Vec<String>> {
    let inner = INNER.iter().find(|(module, _)| *module == name).map_or(&[] as &[&str], |(_, inner)| inner);
    if MODULES.contains(&name) {
        let needed: BTreeSet<&str> = fields.iter().copied().filter(|field| inner.contains(field)).collect();
        if ONLY_INNER.contains(&name) && fields.iter().any(|field| !inner.contains(field)) || name == "xml" {
            return None;
        }
        let whole = (needed.is_empty()).then(|| name.to_owned());
        return Some(needed.into_iter().map(|one| format!("{name}.{one}")).chain(whole).collect());
    }
    if fields.is_empty() {
        return None;
    }
    let (_, known) = MODULES_WITH.iter().find(|(module, _)| *module == name)?;
    fields.iter().all(|field| known.contains(field)).then(|| vec![name.to_owned()])
}

fn use_of<'a>(node: Node<'_>, source: &'a str) -> NameUse<'a> {
    let Some(parent) = node.parent() else { return NameUse::Other };
    match parent.kind() {
        "attribute" if parent.child_by_field_name("object") == Some(node) => {
            parent.child_by_field_name("attribute").map_or(NameUse::Other, |field| NameUse::Field(text(field, source)))
        }
        "call" if parent.child_by_field_name("function") == Some(node) => NameUse::Call,
        "argument_list" => object_use(node, parent, source),
        _ => NameUse::Other,
    }
}

/// The use of a name as an argument: for `getattr` and similar functions, it is an object with the given field.
fn object_use<'a>(node: Node<'_>, list: Node<'_>, source: &'a str) -> NameUse<'a> {
    const ASKING: &[&str] = &["getattr", "hasattr", "vars", "dir"];
    let called = list.parent().and_then(|call| call.child_by_field_name("function"));
    if list.named_child(0) != Some(node) || !called.is_some_and(|called| ASKING.contains(&text(called, source))) {
        return NameUse::Other;
    }
    let word = list.named_child(1).filter(|field| field.kind() == "string").and_then(|string| {
        let inner = string.named_child(1).filter(|inner| inner.kind() == "string_content")?;
        (string.named_child_count() == 3).then(|| text(inner, source))
    });
    word.map_or(NameUse::Object, NameUse::Field)
}
