//! Classifies each change: whether it affects what is computed, or only messages.

use super::acts::{Acts, acts};
use super::additions::{Speakers, became_argument, ends_with_error, heads, is_guarded, refuse_as_often, spared};
use super::align::{Replaced, Step, replaced};
use super::bindings::{
    calls, collects, functions, imported, is_dead, is_given, is_own_variable, is_shared, names, target,
};
use super::judge::{
    chooses, chooses_value, guards, has_choice, is_calculation, is_condition, is_flip, is_other_operator,
    is_other_value, judge, tells_secrets, tests,
};
use super::moved::{explained, filled, is_moved, last_name, taken_out};
use super::order::consumes;
use super::pieces::{constants, marks};
use super::renamed::renamed;
use super::usage::{Readers, are_words};
use super::{Edited, Settling};
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use crate::domain::source::Language;
use crate::domain::{Finding, Severity};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The longest quoted code, in characters.
const MAX_QUOTED: usize = 80;

/// An expression with more removed and added tokens than these was rewritten.
const REWRITTEN: usize = 4;

/// The edits of a file.
pub(super) fn edits(
    steps: &[Step<'_>],
    old: &[Statement],
    new: &[Statement],
    path: &str,
    language: Option<Language>,
) -> Vec<Edited> {
    let is_shell = language == Some(Language::Bash);
    let functions = functions(old);
    let steps: &[Step<'_>] = &steps.iter().flat_map(|step| apart(step, &functions)).collect::<Vec<_>>();
    let explained = explained(steps, old, new, language);
    let renamed = renamed(steps, old, new, language);
    let filled = filled(steps, &explained, &functions).into_iter().chain(taken_out(new, old)).collect();
    let emptied = taken_out(old, new).collect();
    let branches = branches(steps, old, new);
    let own: HashSet<String> = functions.iter().copied().chain(self::functions(new)).map(str::to_owned).collect();
    let speakers = Speakers::of(new);
    let heads = heads(steps, &speakers);
    let spared = spared(steps, old, new, &speakers);
    let acts = Acts::of(old, new, own.clone(), is_shell);
    let readers = [Readers::of(old, is_shell), Readers::of(new, is_shell)];
    let code =
        Code { old, new, explained, functions, renamed, filled, emptied, heads, branches, acts, readers, is_shell };
    let regrouped = regrouped(steps, &code, &own);
    let mut edits = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let told = match step {
            Step::Changed(before, now) => code.changed(before, now),
            Step::Moved(_, now) => vec![other_order(now)],
            Step::Removed(statement) if !code.explained.contains(&at) => code.removed(statement).into_iter().collect(),
            Step::Added(statement) if !code.explained.contains(&at) => match spared.get(&at) {
                Some(sort) if !code.acts.are_more_in(statement) => vec![harmless(sort, statement)],
                _ => code.added(statement).into_iter().collect(),
            },
            Step::Removed(_) | Step::Added(_) => Vec::new(),
        };
        let acts_anew = matches!(step, Step::Added(now) | Step::Changed(_, now) if code.acts.are_more_in(now));
        let most = if regrouped.contains(&at) && !acts_anew { Severity::Low } else { Severity::High };
        let (before, after) = step.sides();
        // Comparing outputs does not show other effects of a call.
        let does = |statement: &Statement| {
            let is_seen = is_setup(statement)
                || is_shell && is_calculation(statement, |name| own.contains(name))
                || !is_shell
                    && collects(statement, old, new)
                    && super::acts::acts(statement, &own, is_shell).is_empty();
            statement.kind == StatementKind::Other && !is_seen
        };
        let does = before.is_some_and(does) && (is_shell || after.is_none()) || is_shell && after.is_some_and(does);
        let reaches = does || acts_anew;
        // An option changes what a command does with rare inputs.
        let has_other_options = is_shell && before.zip(after).is_some_and(|(old, new)| options(old) != options(new));
        edits.extend(told.into_iter().map(|edit| Edited {
            finding: Finding::new(edit.code, edit.severity.min(most), edit.words).at(path, edit.line),
            before: before.map(Statement::lines),
            after: after.map(Statement::lines),
            branch: after.map_or_else(|| before.and_then(|head| branch(head, old)), |head| branch(head, new)),
            settling: match edit.is_flip {
                _ if reaches || has_other_options => Settling::Never,
                true => Settling::Faults,
                false => Settling::Runs,
            },
            // If a line is all that is known about a statement, a trailing condition is also a choice.
            chooses: edit.chooses || language.is_none() && before.into_iter().chain(after).any(has_choice),
            stays: acts_anew || edit.is_flip && edit.is_alone,
        }));
    }
    edits.extend(nested(steps, old, new).map(|(line, words)| Edited {
        finding: Finding::new("block", Severity::Medium, words).at(path, line),
        before: None,
        after: Some((line, line)),
        branch: None,
        settling: Settling::Runs,
        chooses: false,
        stays: false,
    }));
    edits
}

/// The options in a shell statement.
fn options(statement: &Statement) -> BTreeSet<&str> {
    statement.tokens.iter().map(|token| token.text.as_str()).filter(|text| text.starts_with('-')).collect()
}

/// The lines of the first statement after a condition.
fn branch(head: &Statement, statements: &[Statement]) -> Option<(u64, u64)> {
    if head.kind != StatementKind::Head || is_iteration(head) {
        return None;
    }
    let at = statements.iter().position(|other| std::ptr::eq(other, head))?;
    statements.get(at + 1).filter(|next| next.depth > head.depth).map(Statement::lines)
}

/// Whether a head iterates over all values and decides nothing.
fn is_iteration(head: &Statement) -> bool {
    const DECIDING: &[&str] =
        &["<", ">", "<=", ">=", "==", "!=", "===", "!==", "=", "&&", "||", "and", "or", "not", "if"];
    let decides = |token: &Token| token.kind == TokenKind::Sign && DECIDING.contains(&token.text.as_str());
    head.tokens.first().is_some_and(|first| first.text == "for") && !head.tokens.iter().any(decides)
}

struct Edit {
    code: &'static str,
    severity: Severity,
    line: u64,
    words: String,
    /// Whether it only changed one operator or constant into another, which a refactoring does not do.
    is_flip: bool,
    /// Whether it changes a choice between two values.
    chooses: bool,
    /// Whether it is the only change in the statement, and is an operator.
    is_alone: bool,
}

struct Code<'a> {
    old: &'a [Statement],
    new: &'a [Statement],
    /// Steps whose code was moved out of or into another statement.
    explained: BTreeSet<usize>,
    /// Functions of the old version.
    functions: HashSet<&'a str>,
    /// Names that replaced another name in part of a function: the function, the old name, the new one.
    renamed: HashSet<(String, String, String)>,
    /// New functions that contain moved code.
    filled: HashSet<String>,
    /// Old functions whose code was moved.
    emptied: HashSet<String>,
    /// Lines of added conditions that lead only to a refusal.
    heads: HashSet<u64>,
    /// Lines of added branches for one more word.
    branches: Vec<(u64, u64)>,
    /// Effects that are more frequent in the new version.
    acts: Acts,
    /// What both versions print for their users.
    readers: [Readers<'a>; 2],
    is_shell: bool,
}

impl Code<'_> {
    fn changed(&self, before: &Statement, now: &Statement) -> Vec<Edit> {
        let mut edits: Vec<Edit> = Vec::new();
        let parts: Vec<Replaced<'_>> = replaced(before, now)
            .into_iter()
            .filter(|part| {
                !is_moved(part, (before, now), (self.old, self.new), self.is_shell)
                    && !self.is_renamed(part, now)
                    && !self.became_option(part)
                    && !became_argument(part, now, self.old)
            })
            .collect();
        // A rewrite replaces much of an expression; a manipulation replaces little.
        let size = |tokens: fn(&Replaced<'_>) -> usize| parts.iter().map(tokens).sum::<usize>();
        let (gone, come) = (size(|part| part.old.len()), size(|part| part.new.len()));
        // The same constants in another composition probably give the same result. This does not hold for conditions.
        let decides = |part: &Replaced<'_>| part.old.iter().chain(part.new).any(is_condition);
        let is_regrouped = gone.min(come) >= 2
            && gone + come > REWRITTEN
            && constants(before) == constants(now)
            && !parts.iter().any(decides)
            && !chooses_value(before)
            && !chooses_value(now);
        let is_rewritten = gone.min(come) > REWRITTEN || is_regrouped;
        // One edit for each line of the statement, with the most severe change in it.
        for part in &parts {
            let (code, severity) = match judge(part, before, now) {
                (_, Severity::Medium) if are_words(part, (before, now), &self.readers) => ("message", Severity::Low),
                (_, Severity::Medium) if is_rewritten => ("rewritten", Severity::Low),
                other => other,
            };
            let line = part.new.first().or(part.before).map_or(now.line(), |token| token.line);
            match edits.last_mut().filter(|last| last.line == line) {
                Some(last) if last.severity < severity => (last.code, last.severity) = (code, severity),
                Some(_) => {}
                None => {
                    let words = format!("{} became {}", quoted(before, part.old), quoted(now, part.new));
                    edits.push(Edit { code, severity, line, words, is_flip: false, chooses: false, is_alone: false });
                }
            }
        }
        let is_flip = !is_rewritten && parts.iter().any(is_flip)
            || tests(before) != tests(now)
            || parts.iter().any(|part| is_other_value(part, now, self.old, self.new));
        let chooses = !is_rewritten && parts.iter().any(chooses);
        let is_alone = matches!(parts.as_slice(), [only] if is_other_operator(only)) && now.tokens.len() > 3;
        for edit in &mut edits {
            (edit.is_flip, edit.chooses, edit.is_alone) = (is_flip, chooses, is_alone);
        }
        edits
    }

    fn is_renamed(&self, part: &Replaced<'_>, now: &Statement) -> bool {
        let pair = |(old, new): (&Token, &Token)| (now.function.clone(), old.text.clone(), new.text.clone());
        part.old.len() == part.new.len() && part.old.iter().zip(part.new).all(|both| self.renamed.contains(&pair(both)))
    }

    /// Whether a constant became an option or a parameter whose default is that constant.
    fn became_option(&self, part: &Replaced<'_>) -> bool {
        let ([constant], Some(name)) = (part.old, part.new.last()) else { return false };
        let is_constant = matches!(constant.kind, TokenKind::Number | TokenKind::Text);
        let is_named = part.new.iter().all(|token| token.kind == TokenKind::Name) && part.new.len() <= 3;
        let is_it = |token: &Token| {
            let text = token.text.trim_start_matches('-').replace('-', "_");
            text == name.text && matches!(token.kind, TokenKind::Name | TokenKind::Text)
        };
        let holds_both = |statement: &Statement| {
            statement.tokens.iter().any(is_it)
                && statement.has(&constant.text)
                && !self.old.iter().any(|other| other.key() == statement.key())
        };
        is_constant && is_named && constant.text != name.text && self.new.iter().any(holds_both)
    }

    fn removed(&self, statement: &Statement) -> Option<Edit> {
        let is_used = |name: &str| self.new.iter().any(|other| other.has(name));
        let severity = match statement.kind {
            StatementKind::End => return None,
            StatementKind::Message | StatementKind::Import | StatementKind::Define => Severity::Low,
            _ if names(statement).any(|name| self.emptied.contains(name)) => Severity::Low,
            StatementKind::Exit if self.emptied.contains(last_name(&statement.function)) => Severity::Low,
            _ if is_guarded(statement, self.new, &self.heads) || self.readers[0].is_usage(statement) => Severity::Low,
            // A function of the program does it instead.
            StatementKind::Exit
                if self.is_shell && ends_with_error(statement) && refuse_as_often(self.old, self.new) =>
            {
                Severity::Low
            }
            // Values set for other programs, or on an object, are used elsewhere.
            StatementKind::Assign
                if is_own_variable(statement)
                    && (!target(statement).is_some_and(is_used)
                        || !self.is_shell && is_dead(statement, self.old)
                        || !self.is_shell && is_shared(statement, self.new))
                    && !consumes(&statement.tokens)
                    && acts(statement, &HashSet::new(), self.is_shell).is_empty() =>
            {
                Severity::Low
            }
            StatementKind::Head if leaves_else(statement, self.old, self.new) => Severity::Medium,
            StatementKind::Head if ["else", "try else", "try"].iter().any(|word| statement.has(word)) => Severity::Low,
            _ => Severity::Medium,
        };
        let words = format!("removed: {} (line {} of the previous version)", quoted(statement, &[]), statement.line());
        let code = match statement.kind {
            StatementKind::Message => "message",
            StatementKind::Import => "import",
            _ if self.readers[0].is_usage(statement) => "message",
            _ => "removed",
        };
        Some(Edit {
            code,
            severity,
            line: self.near(statement),
            words,
            is_flip: false,
            chooses: false,
            is_alone: false,
        })
    }

    /// The line of the new version near an old statement.
    fn near(&self, statement: &Statement) -> u64 {
        let at = self.old.iter().position(|other| std::ptr::eq(other, statement)).unwrap_or(0);
        let before = self.old[..at]
            .iter()
            .rev()
            .find_map(|other| self.new.iter().find(|now| now.key() == other.key() && now.function == other.function));
        before.map_or(1, Statement::line)
    }

    fn added(&self, statement: &Statement) -> Option<Edit> {
        let is_known = |name: &str| self.old.iter().any(|other| other.has(name));
        let is_own = !statement.function.is_empty() && !self.functions.contains(statement.function.as_str());
        let calls = statement.tokens.iter().any(|token| token.text == "$(") || statement.kind == StatementKind::Other;
        let severity = match statement.kind {
            StatementKind::End => return None,
            _ if self.acts.are_more_in(statement) || self.takes_a_name(statement) => Severity::Medium,
            StatementKind::Message if tells_secrets(&statement.tokens, None) => Severity::Medium,
            _ if self.readers[1].is_usage(statement) => return Some(harmless("message", statement)),
            // It ends every run, or removes something before others see it.
            StatementKind::Raise if statement.depth == 0 && !is_own && !is_conditional(statement) => Severity::Medium,
            StatementKind::Assign if consumes(&statement.tokens) && !is_own => Severity::Medium,
            // It may give any name another meaning.
            StatementKind::Import if statement.tokens.last().is_some_and(|last| last.text == "*") => Severity::Medium,
            StatementKind::Assign if self.is_shell && target(statement).is_some_and(is_given) => Severity::Medium,
            StatementKind::Message | StatementKind::Import | StatementKind::Define | StatementKind::Raise => {
                Severity::Low
            }
            _ if names(statement).any(|name| self.filled.contains(name)) => Severity::Low,
            StatementKind::Exit if is_own || self.follows_refusal(statement) => Severity::Low,
            StatementKind::Head if leaves_else(statement, self.new, self.old) => Severity::Medium,
            StatementKind::Head if ["else", "try else", "try"].iter().any(|word| statement.has(word)) => Severity::Low,
            StatementKind::Head if self.heads.contains(&statement.line()) => return Some(harmless("guard", statement)),
            _ if self.branches.iter().any(|(first, last)| (*first..=*last).contains(&statement.line())) => {
                return Some(harmless("entry", statement));
            }
            StatementKind::Assign if !target(statement).is_some_and(is_known) && !calls => Severity::Low,
            StatementKind::Other if is_setup(statement) => Severity::Low,
            _ => Severity::Medium,
        };
        Some(Edit {
            code: match statement.kind {
                StatementKind::Message => "message",
                StatementKind::Import => "import",
                _ => "added",
            },
            severity,
            line: statement.line(),
            words: format!("added: {}", quoted(statement, &[])),
            is_flip: false,
            chooses: false,
            is_alone: false,
        })
    }

    /// Whether an added statement redefines a function that the old version calls: it defines or imports it again, or
    /// sets an attribute of a module or an entry of its namespace.
    fn takes_a_name(&self, statement: &Statement) -> bool {
        let names: Vec<&str> = match statement.kind {
            StatementKind::Import => imported(statement),
            StatementKind::Define => names(statement).take(1).collect(),
            StatementKind::Assign => return self.sets_a_part(statement),
            _ => return false,
        };
        let binds = |one: &Statement, name: &str| match one.kind {
            StatementKind::Import => imported(one).contains(&name),
            StatementKind::Define => self::names(one).next() == Some(name),
            _ => false,
        };
        let is_taken = |name: &&str| {
            let was_bound = self.old.iter().any(|one| binds(one, name));
            let is_twice = self.new.iter().filter(|one| binds(one, name)).count() > 1;
            (!was_bound || is_twice) && self.old.iter().any(|one| calls(one, name))
        };
        names.iter().any(is_taken)
    }

    /// Whether it sets an attribute or entry of an object that the program did not create.
    fn sets_a_part(&self, statement: &Statement) -> bool {
        let [base, next, ..] = statement.tokens.as_slice() else { return false };
        let is_part = next.context.fixed || next.text == "[" || base.context.nesting.calls > 0;
        let is_made = |one: &Statement| {
            let sets = matches!(one.kind, StatementKind::Assign | StatementKind::Head | StatementKind::Define);
            sets && !std::ptr::eq(one, statement) && one.tokens.iter().take(8).any(|token| token.text == base.text)
        };
        base.kind == TokenKind::Name && is_part && !self.is_shell && !self.new.iter().any(is_made)
    }

    /// Whether an exit is in an added block that only refuses.
    fn follows_refusal(&self, statement: &Statement) -> bool {
        let at = self.new.iter().position(|other| std::ptr::eq(other, statement)).unwrap_or(0);
        let head = self.new[..at].iter().rev().find(|other| other.kind == StatementKind::Head);
        head.is_some_and(|head| self.heads.contains(&head.line()))
    }
}

/// Whether the statements of an `else` follow it in the other version, where they run in any case.
fn leaves_else(head: &Statement, here: &[Statement], there: &[Statement]) -> bool {
    let at = here.iter().position(|one| std::ptr::eq(one, head)).unwrap_or(here.len());
    // The statements after a branch that exits are its else branch.
    let is_left = |one: &Statement| matches!(one.kind, StatementKind::Exit | StatementKind::Raise);
    let before = here[..at].iter().rev().find(|one| one.kind != StatementKind::End);
    let is_else = head.has("else") || head.has("try else");
    if !is_else || head.has("else") && before.is_some_and(is_left) {
        return false;
    }
    let first = here.get(at + 1).filter(|first| first.depth > head.depth);
    let other = first.and_then(|first| there.iter().find(|one| one.key() == first.key()));
    first.zip(other).is_some_and(|(first, other)| other.depth < first.depth)
}

/// Whether a condition follows a statement, as in Perl and Ruby.
fn is_conditional(statement: &Statement) -> bool {
    (statement.has("if") || statement.has("unless")) && !statement.has("else")
}

/// A statement that changed its order with one that depends on it.
fn other_order(statement: &Statement) -> Edit {
    Edit {
        code: "order",
        severity: Severity::Medium,
        line: statement.line(),
        words: format!("{} now runs in another order", quoted(statement, &[])),
        is_flip: false,
        chooses: false,
        is_alone: false,
    }
}

/// An added statement that only accepts or refuses more.
fn harmless(code: &'static str, statement: &Statement) -> Edit {
    let words = format!("added: {}", quoted(statement, &[]));
    Edit {
        code,
        severity: Severity::Low,
        line: statement.line(),
        words,
        is_flip: false,
        chooses: false,
        is_alone: false,
    }
}

/// Shell options that make it stricter.
fn is_setup(statement: &Statement) -> bool {
    const STRICTER: &[&str] = &["set", "-e", "-u", "-x", "-o", "-E", "pipefail", "errexit", "nounset", "xtrace"];
    statement.tokens.first().is_some_and(|token| token.text == "set")
        && statement.tokens.iter().all(|token| STRICTER.contains(&token.text.as_str()))
}

/// Splits a statement that moved to a new function, unchanged except for names, into a removal and an addition.
fn apart<'a>(step: &Step<'a>, functions: &HashSet<&str>) -> Vec<Step<'a>> {
    match step {
        Step::Changed(before, now)
            if !now.function.is_empty()
                && !functions.contains(now.function.as_str())
                && marks(&before.tokens) == marks(&now.tokens) =>
        {
            vec![Step::Removed(before), Step::Added(now)]
        }
        other => vec![other.clone()],
    }
}

/// The added branches for one more word, next to existing comparisons of the same value: first and last line.
fn branches(steps: &[Step<'_>], old: &[Statement], new: &[Statement]) -> Vec<(u64, u64)> {
    /// The compared value, without the texts; `None` for other comparisons.
    fn subject(statement: &Statement) -> Option<Vec<&str>> {
        let is_text = |token: &&Token| token.kind == TokenKind::Text || token.text == "|";
        let texts = statement.tokens.iter().rev().take_while(is_text).count();
        let rest = &statement.tokens[..statement.tokens.len() - texts];
        let is_case = rest.is_empty() && statement.tokens.iter().all(|token| token.context.list || token.text == "|");
        let names = rest.iter().filter(|token| token.kind == TokenKind::Name).count();
        let signs = rest.iter().filter(|token| token.kind == TokenKind::Sign);
        let is_plain =
            signs.clone().all(|sign| matches!(sign.text.as_str(), "if" | "elif" | "else" | "case" | "quotes"));
        let is_one_word = statement.tokens.iter().rev().take(texts).all(|token| !token.text.is_empty());
        let is_it =
            statement.kind == StatementKind::Head && texts > 0 && is_one_word && is_plain && (names > 0 || is_case);
        let words = rest.iter().filter(|token| token.kind == TokenKind::Name).map(|token| token.text.as_str());
        is_it.then(|| words.collect())
    }
    let mut branches = Vec::new();
    for step in steps {
        let Step::Added(head) = step else { continue };
        let Some(words) = subject(head).filter(|_| !guards(head)) else { continue };
        if !old.iter().any(|other| other.function == head.function && subject(other).is_some_and(|one| one == words)) {
            continue;
        }
        let at = new.iter().position(|other| std::ptr::eq(other, *head)).unwrap_or(new.len());
        let inside =
            new.iter().skip(at + 1).take_while(|other| other.depth > head.depth && other.function == head.function);
        let last = inside.last().map_or(head.line(), |last| last.lines().1);
        branches.push((head.line(), last));
    }
    branches
}

/// The removed and added statements of a function whose constants, exits and errors are unchanged: rewritten code.
fn regrouped(steps: &[Step<'_>], code: &Code<'_>, own: &HashSet<String>) -> BTreeSet<usize> {
    let mut groups: BTreeMap<&str, [Vec<(usize, &Statement)>; 2]> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate().filter(|(at, _)| !code.explained.contains(at)) {
        match step {
            Step::Removed(one) => groups.entry(&one.function).or_default()[0].push((at, *one)),
            Step::Added(one) => groups.entry(&one.function).or_default()[1].push((at, *one)),
            Step::Changed(..) | Step::Moved(..) => {}
        }
    }
    // External effects must be the same, with the same variables if both versions have them, and so must error
    // handling.
    let has_name = |all: &[Statement], name: &str| all.iter().any(|one| one.has(name));
    let is_kept = |name: &&str| has_name(code.old, name) && has_name(code.new, name);
    let kept = |one: &Statement| {
        let first = one.tokens.first().map_or("", |token| token.text.as_str());
        let acts = acts(one, own, code.is_shell);
        let is_list = code.is_shell && one.kind == StatementKind::Head && (one.has("&&") || one.has("||"));
        match first {
            "except" | "catch" => Some(first.to_owned()),
            _ if is_list => Some(one.key()),
            _ if acts.is_empty() => None,
            _ => Some(format!("{acts:?} {:?}", names(one).filter(is_kept).collect::<BTreeSet<_>>())),
        }
    };
    // A conditional command must stay conditional.
    let joints = |one: &Statement| {
        let is_joint = |token: &Token| is_condition(token) || matches!(token.text.as_str(), "elif" | "while");
        code.is_shell && one.tokens.iter().any(is_joint)
    };
    let all = |side: &[(usize, &Statement)]| {
        let words: BTreeSet<String> = side.iter().flat_map(|(_, one)| constants(one)).map(str::to_owned).collect();
        let count = |kind| side.iter().filter(|(_, one)| one.kind == kind).count();
        let kept: BTreeSet<String> = side.iter().filter_map(|(_, one)| kept(one)).collect();
        let joints = side.iter().any(|(_, one)| joints(one));
        (words, count(StatementKind::Exit), count(StatementKind::Raise), kept, joints)
    };
    let is_same =
        |[gone, come]: &[Vec<(usize, &Statement)>; 2]| !gone.is_empty() && !come.is_empty() && all(gone) == all(come);
    let same = groups.into_values().filter(is_same).flatten().flatten();
    same.map(|(at, _)| at).collect()
}

/// Statements that are in another block although no block was added or removed.
fn nested<'a>(
    steps: &'a [Step<'a>],
    old: &'a [Statement],
    new: &'a [Statement],
) -> impl Iterator<Item = (u64, String)> + 'a {
    let is_block = |step: &Step<'_>| match step {
        Step::Added(statement) | Step::Removed(statement) => {
            matches!(statement.kind, StatementKind::Head | StatementKind::Define)
        }
        Step::Changed(..) | Step::Moved(..) => false,
    };
    let is_same_shape = !steps.iter().any(is_block) && old.len() == new.len();
    let depths = |statements: &'a [Statement]| {
        let mut depths: BTreeMap<(String, String), Vec<&Statement>> = BTreeMap::new();
        for statement in statements.iter().filter(|statement| statement.kind != StatementKind::End) {
            depths.entry((statement.function.clone(), statement.key())).or_default().push(statement);
        }
        depths
    };
    let before = if is_same_shape { depths(old) } else { BTreeMap::new() };
    let after = if is_same_shape { depths(new) } else { BTreeMap::new() };
    let pairs: Vec<(u64, String)> = before
        .into_iter()
        .filter_map(|(key, olds)| Some((olds, after.get(&key)?.clone())))
        .filter(|(olds, news)| olds.len() == news.len())
        .flat_map(|(olds, news)| olds.into_iter().zip(news))
        .filter(|(was, is)| was.depth != is.depth)
        .map(|(_, is)| (is.line(), format!("{} stands in another block than before", quoted(is, &[]))))
        .collect();
    pairs.into_iter()
}

/// A statement as quoted, with the relevant part visible.
pub(super) fn quoted(statement: &Statement, part: &[Token]) -> String {
    let words: Vec<&str> = statement.tokens.iter().map(|token| token.text.as_str()).collect();
    let whole = words.join(" ");
    if whole.chars().count() <= MAX_QUOTED || part.is_empty() {
        let short: String = whole.chars().take(MAX_QUOTED).collect();
        let dots = if short.len() < whole.len() { " …" } else { "" };
        return format!("`{short}{dots}`");
    }
    let part: Vec<&str> = part.iter().map(|token| token.text.as_str()).collect();
    let short: String = part.join(" ").chars().take(MAX_QUOTED).collect();
    format!("`… {short} …`")
}
