//! What each change is: something else is computed, or only something else is said.

use super::Edited;
use super::align::{Replaced, Step, replaced};
use super::judge::{guards, is_calculation, is_condition, is_flip, judge, tells_secrets};
use super::pieces::{constants, marks};
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use crate::domain::{Finding, Severity};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Longest piece of code that is quoted, in characters.
const MAX_QUOTED: usize = 80;

/// More tokens than these that went and that came are an expression written anew.
const REWRITTEN: usize = 4;

/// The edits of a file.
pub(super) fn edits(
    steps: &[Step<'_>],
    old: &[Statement],
    new: &[Statement],
    path: &str,
    is_shell: bool,
) -> Vec<Edited> {
    let functions = functions(old);
    let steps: Vec<Step<'_>> = steps.iter().flat_map(|step| apart(step, &functions)).collect();
    let steps = steps.as_slice();
    let explained = explained(steps, old);
    let renamed = renamed(steps, old, new);
    let filled = filled(steps, &explained, &functions).into_iter().chain(taken_out(new, old)).collect();
    let emptied = taken_out(old, new).collect();
    let branches = branches(steps, old, new);
    let own: HashSet<String> = functions.iter().copied().chain(self::functions(new)).map(str::to_owned).collect();
    let code = Code { old, new, explained, functions, filled, emptied, renamed, heads: heads(steps), branches };
    let regrouped = regrouped(steps, &code.explained);
    let mut edits = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let told = match step {
            Step::Changed(before, now) => code.changed(before, now),
            Step::Removed(statement) if !code.explained.contains(&at) => code.removed(statement).into_iter().collect(),
            Step::Added(statement) if !code.explained.contains(&at) => code.added(statement).into_iter().collect(),
            Step::Removed(_) | Step::Added(_) => Vec::new(),
        };
        let most = if regrouped.contains(&at) { Severity::Low } else { Severity::High };
        let (before, after) = match step {
            Step::Changed(before, now) => (Some(*before), Some(*now)),
            Step::Removed(before) => (Some(*before), None),
            Step::Added(now) => (None, Some(*now)),
        };
        // What a call did beside its output is not seen by comparing outputs.
        let is_own = |name: &str| own.contains(name);
        let acts = |statement: &Statement| {
            let is_seen = is_setup(statement) || is_shell && is_calculation(statement, is_own);
            statement.kind == StatementKind::Other && !is_seen
        };
        let acts = before.is_some_and(acts) && (is_shell || after.is_none()) || is_shell && after.is_some_and(acts);
        // An option of a command changes what it does with inputs that are rare.
        let has_other_options = is_shell && before.zip(after).is_some_and(|(old, new)| options(old) != options(new));
        edits.extend(told.into_iter().map(|edit| Edited {
            finding: Finding::new(edit.code, edit.severity.min(most), edit.words).at(path, edit.line),
            before: before.map(Statement::lines),
            after: after.map(Statement::lines),
            branch: after.map_or_else(|| before.and_then(|head| branch(head, old)), |head| branch(head, new)),
            can_settle: !edit.is_flip && !acts && !has_other_options,
        }));
    }
    edits.extend(nested(steps, old, new).map(|(line, words)| Edited {
        finding: Finding::new("block", Severity::Medium, words).at(path, line),
        before: None,
        after: Some((line, line)),
        branch: None,
        can_settle: true,
    }));
    edits
}

/// The options in a statement of a shell.
fn options(statement: &Statement) -> BTreeSet<&str> {
    statement.tokens.iter().map(|token| token.text.as_str()).filter(|text| text.starts_with('-')).collect()
}

/// The lines of the first statement behind a condition.
fn branch(head: &Statement, statements: &[Statement]) -> Option<(u64, u64)> {
    if head.kind != StatementKind::Head {
        return None;
    }
    let at = statements.iter().position(|other| std::ptr::eq(other, head))?;
    statements.get(at + 1).filter(|next| next.depth > head.depth).map(Statement::lines)
}

struct Edit {
    code: &'static str,
    severity: Severity,
    line: u64,
    words: String,
    /// Whether it only turned one operator or constant into another one, which no refactoring does.
    is_flip: bool,
}

struct Code<'a> {
    old: &'a [Statement],
    new: &'a [Statement],
    /// Places in the steps whose code was taken out of another statement, or put into one.
    explained: BTreeSet<usize>,
    /// Functions of the old version.
    functions: HashSet<&'a str>,
    /// Names of a function that took the place of another name in a part of it: the function, the old name, the new one.
    renamed: HashSet<(String, String, String)>,
    /// New functions that hold code which stood elsewhere before.
    filled: HashSet<String>,
    /// Old functions whose code stands elsewhere now.
    emptied: HashSet<String>,
    /// Lines of added heads after which nothing but a refusal follows.
    heads: HashSet<u64>,
    /// Lines of added branches for one more word.
    branches: Vec<(u64, u64)>,
}

impl Code<'_> {
    fn changed(&self, before: &Statement, now: &Statement) -> Vec<Edit> {
        let mut edits: Vec<Edit> = Vec::new();
        let parts: Vec<Replaced<'_>> = replaced(before, now)
            .into_iter()
            .filter(|part| !is_moved(part, self) && !self.is_renamed(part, now) && !self.became_option(part))
            .collect();
        // Who writes an expression anew replaces much of it; who bends it replaces little.
        let size = |tokens: fn(&Replaced<'_>) -> usize| parts.iter().map(tokens).sum::<usize>();
        let (gone, come) = (size(|part| part.old.len()), size(|part| part.new.len()));
        // The same constants, put together in another way, are likely to come to the same.
        // Conditions put together in another way are not.
        let decides = |part: &Replaced<'_>| part.old.iter().chain(part.new).any(is_condition);
        let is_regrouped = gone.min(come) >= 2
            && gone + come > REWRITTEN
            && constants(before) == constants(now)
            && !parts.iter().any(decides);
        let is_rewritten = gone.min(come) > REWRITTEN || is_regrouped;
        // One line for each line of the statement, with the worst that happened in it.
        for part in &parts {
            let (code, severity) = match judge(part, before, now) {
                (_, Severity::Medium) if is_rewritten => ("rewritten", Severity::Low),
                other => other,
            };
            let line = part.new.first().or(part.before).map_or(now.line(), |token| token.line);
            match edits.last_mut().filter(|last| last.line == line) {
                Some(last) if last.severity < severity => (last.code, last.severity) = (code, severity),
                Some(_) => {}
                None => {
                    let words = format!("{} became {}", quoted(before, part.old), quoted(now, part.new));
                    edits.push(Edit { code, severity, line, words, is_flip: false });
                }
            }
        }
        let is_flip = !is_rewritten && parts.iter().any(is_flip);
        for edit in &mut edits {
            edit.is_flip = is_flip;
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
            _ if statement.tokens.iter().any(|token| self.emptied.contains(&token.text)) => Severity::Low,
            StatementKind::Exit if self.emptied.contains(last_name(&statement.function)) => Severity::Low,
            // What is set for other programs, or on an object, is used where nobody sees it.
            StatementKind::Assign if is_own_variable(statement) && !target(statement).is_some_and(is_used) => {
                Severity::Low
            }
            StatementKind::Head if statement.has("else") || statement.has("try") => Severity::Low,
            _ => Severity::Medium,
        };
        let words = format!("removed: {} (line {} of the previous version)", quoted(statement, &[]), statement.line());
        let code = if statement.kind == StatementKind::Message { "message" } else { "removed" };
        Some(Edit { code, severity, line: self.near(statement), words, is_flip: false })
    }

    /// The line of the new version where something old stood.
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
            StatementKind::Message if tells_secrets(&statement.tokens, None) => Severity::Medium,
            StatementKind::Message | StatementKind::Import | StatementKind::Define | StatementKind::Raise => {
                Severity::Low
            }
            _ if statement.tokens.iter().any(|token| self.filled.contains(&token.text)) => Severity::Low,
            StatementKind::Exit if is_own || self.follows_refusal(statement) => Severity::Low,
            StatementKind::Head if statement.has("else") || statement.has("try") => Severity::Low,
            StatementKind::Head if self.heads.contains(&statement.line()) => return Some(harmless("guard", statement)),
            _ if self.branches.iter().any(|(first, last)| (*first..=*last).contains(&statement.line())) => {
                return Some(harmless("entry", statement));
            }
            StatementKind::Assign if !target(statement).is_some_and(is_known) && !calls => Severity::Low,
            StatementKind::Other if is_setup(statement) => Severity::Low,
            _ => Severity::Medium,
        };
        Some(Edit {
            code: if statement.kind == StatementKind::Message { "message" } else { "added" },
            severity,
            line: statement.line(),
            words: format!("added: {}", quoted(statement, &[])),
            is_flip: false,
        })
    }

    /// Whether an exit stands in an added block that only refuses.
    fn follows_refusal(&self, statement: &Statement) -> bool {
        let at = self.new.iter().position(|other| std::ptr::eq(other, statement)).unwrap_or(0);
        let head = self.new[..at].iter().rev().find(|other| other.kind == StatementKind::Head);
        head.is_some_and(|head| self.heads.contains(&head.line()))
    }
}

/// An added statement that only takes or refuses more.
fn harmless(code: &'static str, statement: &Statement) -> Edit {
    let words = format!("added: {}", quoted(statement, &[]));
    Edit { code, severity: Severity::Low, line: statement.line(), words, is_flip: false }
}

/// Options of a shell that make it stricter.
fn is_setup(statement: &Statement) -> bool {
    statement.tokens.first().is_some_and(|token| token.text == "set")
        && statement.tokens.iter().any(|token| token.text.starts_with('-'))
}

/// Whether an assignment sets a variable that only the program itself reads.
fn is_own_variable(statement: &Statement) -> bool {
    let is_shouted = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    target(statement).is_some_and(|name| !is_shouted(name))
        && statement.tokens.get(1).is_some_and(|token| !token.context.fixed)
}

/// The variable that an assignment sets.
fn target(statement: &Statement) -> Option<&str> {
    statement.tokens.iter().find(|token| token.kind == TokenKind::Name).map(|token| token.text.as_str())
}

fn functions(statements: &[Statement]) -> HashSet<&str> {
    statements.iter().map(|statement| statement.function.as_str()).collect()
}

/// A statement that stands in a new function now, but for names as it was, is one that went and one that came.
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

fn last_name(function: &str) -> &str {
    function.rsplit('.').next().unwrap_or(function)
}

/// The functions of a version that hold nothing but statements which stand elsewhere in the other one, and perhaps return
/// what came of them.
fn taken_out<'s>(here: &'s [Statement], there: &[Statement]) -> impl Iterator<Item = String> + use<'s> {
    let counted = |all: &[Statement]| -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for one in all {
            *counts.entry(one.key()).or_default() += 1;
        }
        counts
    };
    // What stands here more often than there is new code.
    let (mut known, most) = (counted(here), counted(there));
    known.retain(|key, count| most.get(key).is_some_and(|most| *count <= *most));
    let elsewhere = functions(there);
    let mut own: BTreeMap<&str, Vec<&Statement>> = BTreeMap::new();
    for statement in here.iter().filter(|one| !elsewhere.contains(one.function.as_str())) {
        own.entry(&statement.function).or_default().push(statement);
    }
    let is_taken = move |all: &[&Statement]| {
        let inside: Vec<&&Statement> =
            all.iter().filter(|one| !matches!(one.kind, StatementKind::Define | StatementKind::End)).collect();
        let returns = |one: &Statement| one.kind == StatementKind::Exit && one.has("return") && is_short(one);
        let body = match inside.split_last() {
            Some((last, rest)) if returns(last) => rest,
            _ => inside.as_slice(),
        };
        !body.is_empty() && body.iter().all(|one| known.contains_key(&one.key()))
    };
    own.into_iter().filter(move |(_, all)| is_taken(all)).map(|(name, _)| last_name(name).to_owned())
}

fn filled(steps: &[Step<'_>], explained: &BTreeSet<usize>, functions: &HashSet<&str>) -> HashSet<String> {
    let of = |at: &usize| match &steps[*at] {
        Step::Added(statement) if !functions.contains(statement.function.as_str()) => {
            statement.function.rsplit('.').next().map(str::to_owned)
        }
        _ => None,
    };
    explained.iter().filter_map(of).collect()
}

/// Variables that have another name in a part of a function: a name that the function did not have stands wherever the
/// same other one stood, and one of these places is where it gets its value.
fn renamed(steps: &[Step<'_>], old: &[Statement], new: &[Statement]) -> HashSet<(String, String, String)> {
    let mut pairs: BTreeMap<(String, String), (BTreeSet<String>, usize, bool)> = BTreeMap::new();
    for step in steps {
        let Step::Changed(before, now) = step else { continue };
        for part in replaced(before, now).iter().filter(|part| part.old.len() == part.new.len()) {
            for (from, to) in part.old.iter().zip(part.new) {
                if from.kind != TokenKind::Name || to.kind != TokenKind::Name || to.context.fixed {
                    continue;
                }
                let known = pairs.entry((now.function.clone(), to.text.clone())).or_default();
                known.0.insert(from.text.clone());
                known.1 += 1;
                let binds = now.kind == StatementKind::Assign && now.tokens.first() == Some(to)
                    || now.kind == StatementKind::Head && now.tokens.iter().take(4).any(|token| token.text == "for")
                    || now.kind == StatementKind::Define;
                known.2 |= binds;
            }
        }
    }
    let count = |statements: &[Statement], function: &str, name: &str| {
        let inside = statements.iter().filter(|one| one.function == function);
        inside.flat_map(|one| &one.tokens).filter(|token| token.text == name && !token.context.fixed).count()
    };
    let names = pairs.into_iter().filter_map(|((function, to), (from, uses, is_bound))| {
        let [from] = from.into_iter().collect::<Vec<_>>().try_into().ok().filter(|_: &[String; 1]| is_bound)?;
        let is_everywhere = count(new, &function, &to) == uses && count(old, &function, &to) == 0;
        is_everywhere.then_some((function, from, to))
    });
    names.collect()
}

/// The added conditions behind which the work ends with an error.
fn heads(steps: &[Step<'_>]) -> HashSet<u64> {
    let mut heads = HashSet::new();
    let added: Vec<&Statement> = steps
        .iter()
        .filter_map(|step| if let Step::Added(statement) = step { Some(*statement) } else { None })
        .collect();
    for (at, head) in added.iter().enumerate() {
        if head.kind != StatementKind::Head || !head.has("if") {
            continue;
        }
        let body: Vec<&&Statement> =
            added[at + 1..].iter().take_while(|other| other.kind != StatementKind::End).collect();
        let refuses = |statement: &Statement| {
            let is_error = statement.tokens.iter().any(|token| token.kind == TokenKind::Number && token.text != "0");
            match statement.kind {
                StatementKind::Raise => true,
                StatementKind::Exit => {
                    is_error && !statement.has("return") || statement.has("return") && is_error && is_short(statement)
                }
                _ => false,
            }
        };
        let is_quiet = |statement: &Statement| matches!(statement.kind, StatementKind::Message) || refuses(statement);
        if !body.is_empty() && body.iter().all(|one| is_quiet(one)) && body.iter().any(|one| refuses(one)) {
            heads.insert(head.line());
        }
    }
    heads
}

/// The added branches for one more word, where the same is compared with other words already: first and last line.
fn branches(steps: &[Step<'_>], old: &[Statement], new: &[Statement]) -> Vec<(u64, u64)> {
    /// What is compared with texts, without the texts; `None` where something else is.
    fn subject(statement: &Statement) -> Option<Vec<&str>> {
        let is_text = |token: &&Token| token.kind == TokenKind::Text || token.text == "|";
        let texts = statement.tokens.iter().rev().take_while(is_text).count();
        let rest = &statement.tokens[..statement.tokens.len() - texts];
        let is_case = rest.is_empty() && statement.tokens.iter().all(|token| token.context.list || token.text == "|");
        let names = rest.iter().filter(|token| token.kind == TokenKind::Name).count();
        let signs = rest.iter().filter(|token| token.kind == TokenKind::Sign);
        let is_plain =
            signs.clone().all(|sign| matches!(sign.text.as_str(), "if" | "elif" | "else" | "case" | "quotes"));
        let is_it = statement.kind == StatementKind::Head && texts > 0 && is_plain && (names > 0 || is_case);
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

fn is_short(statement: &Statement) -> bool {
    statement.tokens.len() <= 2
}

/// The statements of a function that went and came, where no constant, no exit and no error went or came with them: code
/// that was written anew.
fn regrouped(steps: &[Step<'_>], explained: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut groups: BTreeMap<&str, [Vec<(usize, &Statement)>; 2]> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate().filter(|(at, _)| !explained.contains(at)) {
        match step {
            Step::Removed(one) => groups.entry(&one.function).or_default()[0].push((at, *one)),
            Step::Added(one) => groups.entry(&one.function).or_default()[1].push((at, *one)),
            Step::Changed(..) => {}
        }
    }
    let all = |side: &[(usize, &Statement)]| -> (BTreeSet<String>, usize, usize) {
        let words = side.iter().flat_map(|(_, one)| constants(one)).map(str::to_owned).collect();
        let count = |kind| side.iter().filter(|(_, one)| one.kind == kind).count();
        (words, count(StatementKind::Exit), count(StatementKind::Raise))
    };
    let is_same =
        |[gone, come]: &[Vec<(usize, &Statement)>; 2]| !gone.is_empty() && !come.is_empty() && all(gone) == all(come);
    let same = groups.into_values().filter(is_same).flatten().flatten();
    same.map(|(at, _)| at).collect()
}

fn holds(whole: &[&str], part: &[&str]) -> bool {
    !part.is_empty() && whole.windows(part.len()).any(|window| window == part)
}

/// The steps whose code stands elsewhere in the other version: taken out into a function or a variable, or put in.
fn explained(steps: &[Step<'_>], old: &[Statement]) -> BTreeSet<usize> {
    let mut explained = BTreeSet::new();
    let words = |statement: &Statement| {
        // What is done with a value does not matter here, only how it comes about.
        let kept = marks(&statement.tokens)
            .into_iter()
            .filter(|word| !matches!(*word, "if" | "elif" | "while" | "return" | "="));
        kept.map(str::to_owned).collect::<Vec<_>>()
    };
    let of = |step: &Step<'_>, want_added: bool| match step {
        Step::Added(statement) if want_added => Some(words(statement)),
        Step::Removed(statement) if !want_added => Some(words(statement)),
        _ => None,
    };
    // Statements that are the same but for names.
    for (at, step) in steps.iter().enumerate() {
        let is_long = |step: &Step<'_>| matches!(step, Step::Removed(statement) if marks(&statement.tokens).len() > 1);
        let Some(words) = of(step, false).filter(|words| !words.is_empty() && is_long(step)) else { continue };
        let same = steps
            .iter()
            .enumerate()
            .find(|(other, step)| !explained.contains(other) && of(step, true).is_some_and(|added| added == words));
        if let Some((other, _)) = same {
            explained.extend([at, other]);
        }
    }
    // A line that stands in a function which was taken out, with other names.
    let known = functions(old);
    let shape = |statement: &Statement| -> Vec<String> {
        let token = |token: &Token| {
            if token.kind == TokenKind::Name && !token.context.fixed { String::new() } else { token.text.clone() }
        };
        statement.tokens.iter().map(token).collect()
    };
    for (at, step) in steps.iter().enumerate() {
        let Step::Removed(statement) = step else { continue };
        let is_long = statement.tokens.len() > 2 && !marks(&statement.tokens).is_empty();
        if explained.contains(&at) || !is_long {
            continue;
        }
        let is_it = |(other, step): &(usize, &Step<'_>)| {
            matches!(step, Step::Added(one) if !known.contains(one.function.as_str()) && shape(one) == shape(statement))
                && !explained.contains(other)
        };
        if let Some((other, _)) = steps.iter().enumerate().find(is_it) {
            explained.extend([at, other]);
        }
    }
    for step in steps {
        let Step::Changed(before, now) = step else { continue };
        for part in replaced(before, now) {
            for (tokens, want_added) in [(part.old, true), (part.new, false)] {
                let words = marks(tokens);
                let holder = steps.iter().enumerate().find(|(_, step)| {
                    of(step, want_added)
                        .is_some_and(|whole| holds(&whole.iter().map(String::as_str).collect::<Vec<_>>(), &words))
                });
                explained.extend(holder.map(|(at, _)| at));
            }
        }
    }
    explained
}

/// Whether what was replaced stands in a statement of its own now, or stood in one before.
fn is_moved(part: &Replaced<'_>, code: &Code<'_>) -> bool {
    let whole = |statements: &[Statement], words: &[&str]| {
        statements.iter().any(|statement| holds(&marks(&statement.tokens), words))
    };
    let (old, new) = (marks(part.old), marks(part.new));
    if part.new.is_empty() && old.len() > 1 {
        // What went stands in a statement of its own.
        let added = code.new.iter().filter(|statement| !code.old.iter().any(|other| other.key() == statement.key()));
        return added.into_iter().any(|statement| holds(&marks(&statement.tokens), &old));
    }
    // `10` became `limit`, and `limit = 10` stands elsewhere; a call of a new function takes the place of its body.
    let is_named = |tokens: &[Token], known: &[Statement]| {
        tokens.iter().any(|token| token.kind == TokenKind::Name && !known.iter().any(|other| other.has(&token.text)))
    };
    !old.is_empty() && new.len() < old.len() && is_named(part.new, code.old) && whole(code.new, &old)
        || !new.is_empty() && old.len() < new.len() && is_named(part.old, code.new) && whole(code.old, &new)
}

/// Statements that stand in another block although no block came or went.
fn nested<'a>(
    steps: &'a [Step<'a>],
    old: &'a [Statement],
    new: &'a [Statement],
) -> impl Iterator<Item = (u64, String)> + 'a {
    let is_block = |step: &Step<'_>| match step {
        Step::Added(statement) | Step::Removed(statement) => {
            matches!(statement.kind, StatementKind::Head | StatementKind::Define)
        }
        Step::Changed(..) => false,
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

/// A statement as it is told, with the part that matters in view.
fn quoted(statement: &Statement, part: &[Token]) -> String {
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
