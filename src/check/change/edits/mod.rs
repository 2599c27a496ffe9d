//! Every change of the program, statement by statement: the list for the reviewer, and which changes affect what the
//! program computes.
//!
//! ```text
//!   code::statements ──▶ forms, rules, shell ──▶ align ──▶ normal ──▶ classify, judge
//!   both versions        blocks and              what      one form   what each
//!                        expressions             changed   for equals change is
//! ```
//!
//! `additions` decides which added statements do not affect existing behaviour, and `habits` belongs to `forms`.
//! `brackets` compares the brackets of unchanged statements, because brackets are not tokens. `acts` counts the
//! external effects of both versions, and `order` and `moved` evaluate moved code. `usage` recognises words for the user.
//!
//! They are compared twice: as written, which is what a reader sees, and as normalised by `forms`, `rules` and `shell`,
//! which shows whether they are equivalent. If the numbers of warnings differ, the second comparison counts.
//!
//! Both versions are read as statements of tokens. Layout, comments, docstrings, type annotations and quotes are gone
//! by then. Names that were replaced everywhere count as renamed, and statements in another place as moved. Each
//! remaining difference is a line for the reader. A change of an operator, a number, a condition, an exit, a call is a
//! warning, since the program computes something else; a message, one more entry of a list, an option of a command is a
//! plain fact.

mod acts;
mod additions;
mod align;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod attacks_names;
mod bindings;
mod blocks;
mod brackets;
mod classify;
mod commands;
mod exits;
mod forms;
mod habits;
#[cfg(test)]
mod idioms;
mod judge;
mod lifetimes;
#[cfg(test)]
mod likenesses;
mod moved;
mod normal;
mod order;
mod pieces;
mod plain;
mod rebound;
mod renamed;
mod rules;
mod shell;
mod spelled;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twins;
mod unrolled;
mod usage;
#[cfg(test)]
mod usage_tests;
mod variables;

use crate::code::statements;
use crate::domain::source::{Language, text_of};
use crate::domain::{Finding, Severity, ToolDetail, VersionFile, count};
use std::collections::HashSet;

/// The longest text from the code that is used as an input, in bytes.
const MAX_LITERAL: usize = 40;

/// How many numbers, and texts, from the code are used as inputs.
const MAX_LITERALS: usize = 24;

/// How many changed statements of one file are reported separately.
const MAX_STEPS: usize = 400;

/// A file with more changed statements than these, and more than a third of all, was rewritten: its changes are lines
/// to read, and the facts say more than each of them.
const REWRITTEN: usize = 12;

/// How many lines are reported for one version.
const MAX_LINES: usize = 200;

/// Numbers and texts in the code of a version.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::check) struct Literals {
    /// Those of changed lines come first.
    pub(in crate::check) numbers: Vec<f64>,
    /// Those of changed lines come first.
    pub(in crate::check) texts: Vec<String>,
}

/// The evidence that shows that a change has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::check) enum Settling {
    /// None: outputs do not show what the code does.
    Never,
    /// Equal outputs for inputs that detect small faults in its lines.
    Faults,
    /// Equal outputs of runs that executed it.
    Runs,
}

/// A change of one statement.
#[derive(Debug, Clone)]
pub(in crate::check) struct Edited {
    /// Its finding.
    pub(in crate::check) finding: Finding,
    /// The first and last line of the statement in the old version; `None` if it is new.
    pub(in crate::check) before: Option<(u64, u64)>,
    /// The same in the new version; `None` if it was removed.
    pub(in crate::check) after: Option<(u64, u64)>,
    /// The lines of the branch of a changed condition, in the version whose runs are examined.
    pub(in crate::check) branch: Option<(u64, u64)>,
    /// The evidence that it has no effect.
    pub(in crate::check) settling: Settling,
    /// Whether it changes a choice between two values: runs must have chosen both.
    pub(in crate::check) chooses: bool,
    /// Whether it is a warning even if the program was rewritten.
    pub(in crate::check) stays: bool,
}

impl Edited {
    /// A warning that no run settles, because outputs of single runs do not show it. It stays if the file was rewritten.
    fn unsettled(finding: Finding, before: Option<(u64, u64)>, after: Option<(u64, u64)>) -> Edited {
        Edited { finding, before, after, branch: None, settling: Settling::Never, chooses: false, stays: true }
    }
}

/// Every change of the code since another version, by file and position; and the files that could not be read.
pub(in crate::check) fn compare(base: &ToolDetail, new: &ToolDetail) -> (Vec<Edited>, Vec<String>) {
    let (mut edits, mut unread) = (Vec::new(), Vec::new());
    for file in &new.files {
        let Some(before) = base.files.iter().find(|other| other.path == file.path) else { continue };
        if before.bytes == file.bytes || !is_code(file) {
            continue;
        }
        match (read(before), read(file)) {
            (Some(old), Some(now)) => {
                let language = text_of(file).and_then(|text| Language::of(&file.path, text));
                let as_written = between(&old, &now, &file.path, language, false);
                let warnings =
                    |edits: &[Edited]| edits.iter().filter(|edit| edit.finding.severity > Severity::Low).count();
                // A reader sees the statements as written, unless the normalised form shows that some are equivalent,
                // or are not. It shows nothing about rewritten code.
                let in_form = language.filter(|_| !as_written.is_rewritten);
                let in_form = in_form.map(|_| between(&old, &now, &file.path, language, true));
                let is_better = |form: &Comparison| warnings(&form.edits) != warnings(&as_written.edits);
                edits.extend(in_form.filter(is_better).unwrap_or(as_written).edits);
                let is_shell = language == Some(Language::Bash);
                let old = align::renamed(&old, &now, is_shell);
                edits.extend(brackets::edits(&old, &now, &file.path));
                edits.extend(exits::edits(&old, &now, &file.path));
                edits.extend(rebound::edits(&old, &now, &file.path, is_shell));
                if !is_shell {
                    edits.extend(lifetimes::edits(&old, &now, &file.path));
                }
            }
            _ => unread.push(file.path.clone()),
        }
    }
    (edits, unread)
}

/// The changes of a file.
struct Comparison {
    edits: Vec<Edited>,
    /// Whether so much changed that the changes are only lines to read.
    is_rewritten: bool,
}

/// Compares two versions of a file: as written, or normalised.
fn between(
    old: &[statements::Statement],
    now: &[statements::Statement],
    path: &str,
    language: Option<Language>,
    is_in_form: bool,
) -> Comparison {
    let is_shell = language == Some(Language::Bash);
    let formed = |all: Vec<statements::Statement>| match language.filter(|_| is_in_form) {
        Some(language) => formed(all, language),
        None => all,
    };
    let (old, now) = (formed(old.to_vec()), formed(now.to_vec()));
    let now = if is_shell && is_in_form { shell::without_new_ends(&old, now) } else { now };
    let old = align::renamed(&old, &now, is_shell);
    let (old, now) = (align::inlined(&old, &now, is_shell), align::inlined(&now, &old, is_shell));
    let is_python = language == Some(Language::Python);
    let written = |one: &[statements::Statement], other: &[statements::Statement]| {
        if is_in_form && !is_shell { unrolled::unrolled(one, other, is_python) } else { one.to_vec() }
    };
    let (old, now) = (written(&old, &now), written(&now, &old));
    // A named value may have been between statements that belong together.
    let (old, now) = (spelled::without_unread(formed(old)), spelled::without_unread(formed(now)));
    let (old, now) = (normal::normal(old), normal::normal(now));
    let steps = align::steps(&old, &now, is_shell);
    if steps.len() > MAX_STEPS {
        let message = format!("rewritten: {} changed, too many to list", count(steps.len(), "statement"));
        let finding = Finding::new("rewritten", Severity::Medium, message).at(path, 1);
        let edits = vec![Edited::unsettled(finding, None, None)];
        return Comparison { edits, is_rewritten: true };
    }
    let mut edits = classify::edits(&steps, &old, &now, path, language);
    let is_rewritten = steps.len() > REWRITTEN && steps.len() * 3 > old.len();
    if is_rewritten {
        for edit in edits.iter_mut().filter(|edit| !edit.stays) {
            edit.finding.severity = Severity::Low;
        }
    }
    edits.truncate(MAX_LINES);
    Comparison { edits, is_rewritten }
}

/// The normalised statements.
fn formed(all: Vec<statements::Statement>, language: Language) -> Vec<statements::Statement> {
    rules::applied(forms::formed(rules::applied(all, language), language), language)
}

/// The numbers and texts in the code of two versions; those of changed statements come first.
pub(in crate::check) fn literals(base: &ToolDetail, new: &ToolDetail) -> Literals {
    let (mut changed, mut others) = (Literals::default(), Literals::default());
    for file in &new.files {
        let before = base.files.iter().find(|other| other.path == file.path).and_then(read).unwrap_or_default();
        let now = read(file).unwrap_or_default();
        let of = |statement: &statements::Statement, found: &mut Literals| {
            for token in statement.tokens.iter().filter(|token| !token.context.message && !token.context.import) {
                match token.kind {
                    statements::TokenKind::Number => found.numbers.extend(token.text.parse::<f64>().ok()),
                    statements::TokenKind::Text if token.text.len() <= MAX_LITERAL => {
                        found.texts.push(token.text.clone());
                    }
                    _ => {}
                }
            }
        };
        for step in align::steps(&before, &now, false) {
            match step {
                align::Step::Changed(old, new) | align::Step::Moved(old, new) => {
                    for one in [old, new] {
                        of(one, &mut changed);
                    }
                }
                align::Step::Removed(one) | align::Step::Added(one) => of(one, &mut changed),
            }
        }
        for statement in &now {
            of(statement, &mut others);
        }
    }
    let mut seen = HashSet::new();
    let numbers = changed.numbers.into_iter().chain(others.numbers).filter(|number| seen.insert(number.to_string()));
    let numbers = numbers.take(MAX_LITERALS).collect();
    let texts = changed.texts.into_iter().chain(others.texts).filter(|text| seen.insert(format!("\"{text}")));
    Literals { numbers, texts: texts.take(MAX_LITERALS).collect() }
}

/// Texts that only the new version compares or uses.
pub(in crate::check) fn new_texts(base: &ToolDetail, new: &ToolDetail) -> HashSet<String> {
    let texts = |version: &ToolDetail| -> HashSet<String> {
        let statements = version.files.iter().filter_map(read).flatten();
        let tokens = statements.flat_map(|statement| statement.tokens);
        tokens.filter(|token| token.kind == statements::TokenKind::Text).map(|token| token.text).collect()
    };
    let old = texts(base);
    texts(new).into_iter().filter(|text| !old.contains(text)).collect()
}

/// Whether a change does not affect what a program computes.
pub(super) fn is_harmless(edit: &Finding) -> bool {
    edit.severity == Severity::Low && judge::HARMLESS.contains(&edit.code.as_str())
}

/// Whether a file contains code, in a language that is parsed or read token by token.
pub(super) fn is_code(file: &VersionFile) -> bool {
    let Some(text) = text_of(file) else { return false };
    Language::of(&file.path, text).is_some() || plain::Syntax::of(&file.path, text).is_some()
}

fn read(file: &VersionFile) -> Option<Vec<statements::Statement>> {
    let text = text_of(file)?;
    match Language::of(&file.path, text) {
        Some(language) => statements::read(text, language),
        None => plain::Syntax::of(&file.path, text).map(|syntax| plain::read(text, syntax)),
    }
}
