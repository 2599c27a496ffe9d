//! Import cycles: no two files, and no two folders beside each other, may need one another.
//!
//! A file and the files in the folder of its name are one idea: a `mod.rs` and what lies below it may import each other.
//! Beside that, what lies in one folder (files and folders alike) has an order: whoever reads it can begin with what
//! imports nothing. A name that a `mod.rs` passes on counts for the file that defines it.

use super::mask::is_word;
use super::paths::Named;
use super::source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// Two modules beside each other that are one idea in two files, and why.
const PAIRS: &[(&str, &str, &str)] = &[
    ("action::spec", "action::table", "a verb and the shape of its row"),
    ("domain::form::entry", "domain::form::field", "a form's field and what is typed into it"),
    ("domain::redact::made", "domain::redact::tokens", "rules for tokens, and the same tokens in other spellings"),
    ("tui::widget::diff", "tui::widget::diff_lines", "compared files and their lines"),
    ("tui::widget::form", "tui::widget::form_rows", "a form and its rows"),
    ("tui::widget::text", "tui::widget::text_cursor", "a text view and its cursor"),
];

/// How often a name that is passed on is followed.
const MOST_STEPS: usize = 8;

/// What keeps modules from having an order, one line each.
pub fn cycles(sources: &[Source]) -> Vec<String> {
    let modules = Modules::of(sources);
    let (mut found, mut used) = (Vec::new(), BTreeSet::new());
    for (folder, graph) in modules.graphs() {
        for circle in circles(&graph) {
            let names: Vec<String> =
                circle.iter().map(|name| [folder.clone(), vec![name.clone()]].concat().join("::")).collect();
            let is_pair = |(a, b, _): &&(&str, &str, &str)| names == [*a, *b];
            match PAIRS.iter().find(is_pair) {
                Some((a, ..)) => {
                    used.insert(*a);
                }
                None => found.push(format!("{} need each other: {}", names.join(", "), graph.reasons(&circle))),
            }
        }
    }
    // What the table of pairs says of modules that are here has to be so.
    let is_here = |name: &str| modules.all.contains_key(&name.split("::").map(str::to_owned).collect::<Vec<_>>());
    let stale = PAIRS.iter().filter(|(a, b, _)| is_here(a) && is_here(b) && !used.contains(a));
    found.extend(stale.map(|(a, b, _)| format!("{a} and {b} do not need each other: take them out of PAIRS")));
    found
}

/// The modules of the source, by path.
struct Modules<'a> {
    all: BTreeMap<Vec<String>, Module<'a>>,
}

struct Module<'a> {
    file: &'a str,
    /// Every path that it names.
    named: Vec<Named>,
    /// The names of items that it defines.
    defined: BTreeSet<String>,
}

/// Which of the modules in a folder import which, and a line that says where.
#[derive(Default)]
struct Graph(BTreeMap<String, BTreeMap<String, String>>);

impl Graph {
    fn reasons(&self, circle: &[String]) -> String {
        let inside = circle.iter().flat_map(|from| self.0.get(from).into_iter().flatten());
        inside.filter(|(to, _)| circle.contains(to)).map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("; ")
    }

    /// Everything that a module needs, whatever is between.
    fn reached(&self, from: &str) -> BTreeSet<&String> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(next) = waiting.pop() {
            for to in self.0.get(next).into_iter().flat_map(BTreeMap::keys) {
                if reached.insert(to) {
                    waiting.push(to);
                }
            }
        }
        reached
    }
}

/// The groups of modules that all need one another, by name.
fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        graph.0.keys().map(|name| (name, graph.reached(name))).collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (name, reaches) in &reached {
        let back = |other: &&&String| reached.get(**other).is_some_and(|of| of.contains(*name));
        let circle: BTreeSet<String> = reaches.iter().filter(back).map(|other| (*other).clone()).collect();
        if circle.len() > 1 {
            found.insert(circle.into_iter().collect());
        }
    }
    found.into_iter().collect()
}

impl<'a> Modules<'a> {
    fn of(sources: &'a [Source]) -> Modules<'a> {
        let module = |source: &'a Source| {
            let defined = definitions(&source.code);
            (source.module.clone(), Module { file: &source.path, named: source.named(), defined })
        };
        Modules { all: sources.iter().filter(|source| source.path != "main.rs").map(module).collect() }
    }

    /// For each folder, what in it imports what else in it.
    fn graphs(&self) -> BTreeMap<Vec<String>, Graph> {
        let mut graphs: BTreeMap<Vec<String>, Graph> = BTreeMap::new();
        for (path, module) in &self.all {
            if path.is_empty() {
                continue;
            }
            for named in &module.named {
                let Some(target) = self.target(&named.parts, 0) else { continue };
                let common = path.iter().zip(&target).take_while(|(a, b)| a == b).count();
                // Of one idea: the file of a folder and what lies in it. The layering table has the folders at the top.
                if common == 0 || common == path.len() || common == target.len() {
                    continue;
                }
                let graph = graphs.entry(path[..common].to_vec()).or_default();
                let line = || format!("{}:{} names {}", module.file, named.line, named.text());
                let edges = graph.0.entry(path[common].clone()).or_default();
                edges.entry(target[common].clone()).or_insert_with(line);
            }
        }
        graphs
    }

    /// The module whose file defines what a path from the root of the crate names.
    fn target(&self, parts: &[String], steps: usize) -> Option<Vec<String>> {
        let (first, rest) = parts.split_first()?;
        if first != "crate" || steps > MOST_STEPS {
            return None;
        }
        let mut at: Vec<String> = Vec::new();
        for (index, part) in rest.iter().enumerate() {
            let below = [at.as_slice(), std::slice::from_ref(part)].concat();
            if self.all.contains_key(&below) {
                at = below;
                continue;
            }
            let module = self.all.get(&at)?;
            if module.defined.contains(part) {
                break;
            }
            if let Some(passed) = self.passed_on(&at, module, part) {
                return self.target(&[passed, rest[index + 1..].to_vec()].concat(), steps + 1).or(Some(at));
            }
            break;
        }
        Some(at)
    }

    /// Where a module has a name from that it does not define.
    fn passed_on(&self, at: &[String], module: &Module<'_>, name: &str) -> Option<Vec<String>> {
        module.named.iter().find_map(|named| {
            let is_it = named.parts.len() > 1 && named.parts.last().is_some_and(|last| last == name);
            let from_root = || named.parts[0] == "crate";
            let child = [at, std::slice::from_ref(&named.parts[0])].concat();
            if !is_it {
                None
            } else if from_root() {
                let itself = [&["crate".to_owned()], at, &[name.to_owned()]].concat();
                (named.parts != itself).then(|| named.parts.clone())
            } else {
                self.all.contains_key(&child).then(|| [&["crate".to_owned()], at, &named.parts].concat())
            }
        })
    }
}

/// The names of the items that blanked code defines.
fn definitions(code: &[char]) -> BTreeSet<String> {
    let text: String = code.iter().map(|c| if is_word(*c) { *c } else { ' ' }).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let kinds = ["struct", "enum", "union", "trait", "type", "fn", "const", "static"];
    words.windows(2).filter(|pair| kinds.contains(&pair[0])).map(|pair| pair[1].to_owned()).collect()
}

#[cfg(test)]
fn found_in(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    cycles(&sources)
}

#[test]
fn files_that_import_each_other_are_found() {
    let found = found_in(&[
        ("runner/mod.rs", "mod a; mod b;"),
        ("runner/a.rs", "use super::b::B; pub struct A;"),
        ("runner/b.rs", "pub struct B; fn f(_: &crate::runner::a::A) {}"),
    ]);
    let expected = "runner::a, runner::b need each other: runner/a.rs:1 names crate::runner::b::B; \
                    runner/b.rs:1 names crate::runner::a::A";
    assert_eq!(found, [expected]);
}

#[test]
fn a_circle_of_three_folders_is_found_through_what_their_modules_pass_on() {
    let found = found_in(&[
        ("runner/mod.rs", "mod a; mod b; mod c; pub use c::deep::C;"),
        ("runner/a/mod.rs", "pub mod one;"),
        ("runner/a/one.rs", "use crate::runner::b::B; pub struct A;"),
        ("runner/b/mod.rs", "mod two; pub use two::B;"),
        ("runner/b/two.rs", "use crate::runner::C; pub struct B;"),
        ("runner/c/mod.rs", "pub mod deep;"),
        ("runner/c/deep.rs", "use super::super::a::one::A; pub struct C;"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("runner::a, runner::b, runner::c need each other: runner/a/one.rs:1"), "{found:?}");
}

#[test]
fn a_module_and_what_lies_in_its_folder_are_one_idea_and_tests_do_not_count() {
    let found = found_in(&[
        ("runner/mod.rs", "mod a; mod b; use a::A; pub fn f(_: A) {}"),
        ("runner/a.rs", "use super::f; pub struct A;"),
        ("runner/b.rs", "use super::a::A;\n#[cfg(test)]\nmod tests { use super::super::a::A; }"),
        ("runner/c.rs", "use super::b; use crate::domain::d;"),
        ("domain/d.rs", "use crate::runner::c;"),
    ]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_pair_that_is_allowed_may_not_grow_and_must_be_one() {
    let folder = ("action/mod.rs", "mod other; mod spec; mod table;");
    let pair = ("action/spec.rs", "use super::table::Verb; pub struct Spec;");
    let table = ("action/table.rs", "use super::spec::Spec; pub struct Verb;");
    assert_eq!(found_in(&[folder, pair, table]), Vec::<String>::new());
    let more = ("action/table.rs", "use super::spec::Spec; use super::other::X; pub struct Verb;");
    let grown = found_in(&[folder, pair, more, ("action/other.rs", "use super::spec::Spec; pub struct X;")]);
    assert!(grown[0].starts_with("action::other, action::spec, action::table need each other"), "{grown:?}");
    let stale = found_in(&[folder, pair, ("action/table.rs", "pub struct Verb;")]);
    assert_eq!(stale, ["action::spec and action::table do not need each other: take them out of PAIRS"]);
}
