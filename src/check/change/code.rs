//! What changed in the behaviour of the version since the one that was approved.
//!
//! Each language is compared as a whole, so that a function may move to another file. Nothing is executed.

use super::compare::{bounded, compare};
use super::edits::Edited;
use super::facts::collect::Collector;
use super::facts::fact::ProgramFacts;
use super::names::FileNames;
use super::names::walk::each_expr;
use crate::check::CheckContext;
use crate::code::program::{Expr, Sort, Statement};
use crate::code::{javascript, python, shell};
use crate::domain::NO_BASE;
use crate::domain::{CheckReport, Finding, Severity, ToolDetail, VersionFile};
use std::collections::HashSet;

/// Changes that are warnings one by one; a version with more of them was rewritten.
const MAX_WARNINGS: usize = 6;

/// The languages that are compared by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ComparedLanguage {
    Python,
    Script,
    Shell,
}

/// Compares the code with the approved version, and reports what it does anew.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let Some(base) = context.base else {
        return CheckReport::skipped("change", NO_BASE);
    };
    let (findings, note) = differences(base, context.version);
    CheckReport::of("change", findings).noted(note)
}

/// What changed from one version to another, worst first, and what could not be compared.
pub fn differences(base: &ToolDetail, new: &ToolDetail) -> (Vec<Finding>, String) {
    let mut findings = Vec::new();
    let mut cut = Vec::new();
    for language in [ComparedLanguage::Python, ComparedLanguage::Script, ComparedLanguage::Shell] {
        let (old, now) = (programs(base, language), programs(new, language));
        if old.is_empty() && now.is_empty() {
            continue;
        }
        let is_equal =
            old.len() == now.len() && old.iter().zip(&now).all(|(a, b)| a.bytes == b.bytes && a.path == b.path);
        if is_equal {
            continue;
        }
        let (old, now) = (LanguagePrograms::read(&old, language), LanguagePrograms::read(&now, language));
        cut.extend(old.cut.iter().chain(&now.cut).cloned());
        let unused: HashSet<String> =
            now.unused().difference(&old.unused()).filter(|name| old.defines(name)).cloned().collect();
        let (before, after) = (old.facts(language, &HashSet::new()), now.facts(language, &unused));
        findings.extend(compare(&before, &after, language == ComparedLanguage::Shell));
        for name in &unused {
            findings.push(Finding::new("unused", Severity::Low, format!("`{name}` is no longer called")));
        }
    }
    findings.extend(super::compare::data::compare(base, new, |file| {
        language_of(file).is_some() || super::edits::is_code(file)
    }));
    let (edits, unread) = super::edits::compare(base, new);
    let is_read = |path: Option<&str>| path.map_or(unread.is_empty(), |path| !unread.iter().any(|one| one == path));
    let mut findings = merged(findings, edits.clone(), |fact| stands_in(base, new, fact), is_read);
    super::meaning::settle(base, new, &edits, &mut findings);
    cut.extend(unread);
    findings.extend(super::compare::hidden::compare(base, new));
    cut.sort();
    cut.dedup();
    let note = if cut.is_empty() { String::new() } else { format!("not fully compared: {}", cut.join(", ")) };
    (bounded(findings), note)
}

/// Whether the line of a finding stands in the same file of the base, too.
fn stands_in(base: &ToolDetail, new: &ToolDetail, finding: &Finding) -> bool {
    let (Some(path), Some(line)) = (&finding.path, finding.line) else { return false };
    let text = |version: &ToolDetail| {
        let file = version.files.iter().find(|file| file.path == *path)?;
        Some(String::from_utf8_lossy(&file.bytes).into_owned())
    };
    let (Some(old), Some(now)) = (text(base), text(new)) else { return false };
    let line = usize::try_from(line).ok().and_then(|line| now.lines().nth(line.checked_sub(1)?));
    line.is_some_and(|line| old.lines().any(|other| other.trim() == line.trim()))
}

/// Facts about what a program computes, as opposed to what it reaches: each change of that is among the edits too.
const LOGIC: &[&str] =
    &["condition", "check-gone", "pattern", "argument", "part", "list", "comparison", "calculation", "option"];

/// What the facts say, and each change that they say nothing of. A fact about a statement that changed only in what is
/// said to a reader, or in one more entry or option, is no warning; neither is one about the logic of a file in which no
/// statement changed otherwise.
fn merged(
    mut facts: Vec<Finding>,
    mut edits: Vec<Edited>,
    is_unchanged: impl Fn(&Finding) -> bool,
    is_read: impl Fn(Option<&str>) -> bool,
) -> Vec<Finding> {
    let is_near = |edit: &Edited, fact: &Finding| {
        let (first, last) = edit.after.or(edit.finding.line.map(|line| (line, line))).unwrap_or((0, 0));
        edit.finding.path == fact.path && fact.line.is_some_and(|line| (first..=last).contains(&line))
    };
    for fact in &mut facts {
        // A server that is only named to a reader is not asked.
        let is_named = fact.code == "host" && fact.severity == Severity::High;
        let mut here = edits.iter().filter(|edit| is_near(edit, fact)).peekable();
        if is_named && here.peek().is_some() && here.all(|edit| edit.finding.code == "message") {
            fact.severity = Severity::Low;
        }
        // A check that is gone stands in the edits too, as what it became.
        if fact.severity != Severity::Medium && fact.code != "check-gone" {
            continue;
        }
        let mut here = edits.iter().filter(|edit| is_near(edit, fact)).peekable();
        let is_told = here.peek().is_some() && here.all(|edit| super::edits::is_harmless(&edit.finding));
        let mut file = edits.iter().filter(|edit| fact.path.is_none() || edit.finding.path == fact.path).peekable();
        // What is paired with another statement than it came from stands on a line that did not change.
        let is_elsewhere = LOGIC.contains(&fact.code.as_str()) && fact.code != "check-gone" && is_unchanged(fact);
        let is_logic = LOGIC.contains(&fact.code.as_str()) && (file.peek().is_some() || is_read(fact.path.as_deref()));
        let is_free = |edit: &Edited| super::edits::is_harmless(&edit.finding) || is_import(&edit.finding);
        if is_told || is_elsewhere || is_logic && file.all(is_free) {
            fact.severity = Severity::Low;
        }
    }
    // Many changes are a rewrite: each is a line to read, and what the facts say is worth more than each of them.
    if edits.iter().filter(|edit| edit.finding.severity > Severity::Low).count() > MAX_WARNINGS {
        for edit in edits.iter_mut().filter(|edit| !edit.stays) {
            edit.finding.severity = Severity::Low;
        }
    }
    let mut edits: Vec<Finding> = edits.into_iter().map(|edit| edit.finding).collect();
    let is_at = |a: &Finding, b: &Finding| a.line.is_some() && a.line == b.line && a.path == b.path;
    edits.retain(|edit| !facts.iter().any(|fact| is_at(fact, edit) && fact.severity >= edit.severity));
    facts.extend(edits);
    facts
}

/// Whether an edit only adds or removes an import, which changes no logic by itself.
fn is_import(edit: &Finding) -> bool {
    edit.severity == Severity::Low && edit.code == "import"
}

fn programs(version: &ToolDetail, language: ComparedLanguage) -> Vec<&VersionFile> {
    version.files.iter().filter(|file| language_of(file) == Some(language)).collect()
}

fn language_of(file: &VersionFile) -> Option<ComparedLanguage> {
    let ending = file.path.rsplit_once('.').map(|(_, ending)| ending);
    let first = file.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    match ending {
        Some("py" | "pyw") => Some(ComparedLanguage::Python),
        Some("js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx") => Some(ComparedLanguage::Script),
        Some("sh" | "bash") => Some(ComparedLanguage::Shell),
        _ if !first.starts_with("#!") => None,
        _ if first.contains("python") => Some(ComparedLanguage::Python),
        _ if first.contains("node") || first.contains("deno") || first.contains("bun") => {
            Some(ComparedLanguage::Script)
        }
        _ if first.contains("sh") => Some(ComparedLanguage::Shell),
        _ => None,
    }
}

/// The programs of a version in one language.
struct LanguagePrograms<'a> {
    files: Vec<(&'a str, String, Vec<Statement>)>,
    /// Files that were not read to the end.
    cut: Vec<String>,
}

impl<'a> LanguagePrograms<'a> {
    fn read(files: &[&'a VersionFile], language: ComparedLanguage) -> LanguagePrograms<'a> {
        let mut program = LanguagePrograms { files: Vec::new(), cut: Vec::new() };
        for file in files {
            let text = String::from_utf8_lossy(&file.bytes).into_owned();
            let read = match language {
                ComparedLanguage::Python => python::program::read(&text),
                ComparedLanguage::Script => javascript::program::read(&text, &file.path),
                ComparedLanguage::Shell => shell::program::read(&text),
            };
            match read {
                Some((steps, is_cut)) => {
                    if is_cut {
                        program.cut.push(file.path.clone());
                    }
                    program.files.push((&file.path, text, steps));
                }
                None => program.cut.push(file.path.clone()),
            }
        }
        program
    }

    /// Functions that nothing mentions.
    fn unused(&self) -> HashSet<String> {
        let (mut defined, mut used) = (HashSet::new(), HashSet::new());
        for (_, _, steps) in &self.files {
            let names = FileNames::of(steps, false);
            super::names::walk::each_function(steps, &mut |function| {
                defined.insert(function.name.clone());
            });
            each_expr(steps, 0, &names, &mut |expr: &Expr, _| match &expr.sort {
                Sort::Name(name) | Sort::Member(_, name) => {
                    used.insert(name.clone());
                }
                Sort::Text(_) => {
                    used.extend(expr.fixed());
                }
                _ => {}
            });
        }
        defined.difference(&used).cloned().collect()
    }

    fn defines(&self, name: &str) -> bool {
        let mut is_defined = false;
        for (_, _, steps) in &self.files {
            super::names::walk::each_function(steps, &mut |function| is_defined |= function.name == name);
        }
        is_defined
    }

    fn facts(&self, language: ComparedLanguage, unused: &HashSet<String>) -> ProgramFacts {
        let mut found = ProgramFacts::default();
        for (path, text, steps) in &self.files {
            let is_shell = language == ComparedLanguage::Shell;
            let names = FileNames::of(steps, is_shell);
            let mut collector = Collector { names: &names, text, path, is_shell, unused, found: &mut found };
            collector.block(steps, 0);
        }
        found
    }
}
