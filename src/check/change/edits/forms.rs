//! Normalises equivalent blocks: nested conditions, early returns, branches after an exit, loops that only collect,
//! search or add up.
//!
//! Both versions are normalised before they are compared. A step is applied only if the tokens show that the meaning
//! stays the same; everything else is unchanged.

use super::blocks::{Block, blocks, statements};
use super::habits;
use super::pieces::{method_like, name_like, sign_like, value_length};
use super::{shell, spelled};
use crate::code::statements::{Context, Statement, StatementKind, Token, TokenKind};
use crate::domain::source::Language;

/// The longest expressions that are combined, in tokens.
const MAX_JOINED: usize = 40;

/// The maximum nesting of blocks.
const MAX_DEPTH: usize = 60;

/// The normalised statements.
pub(super) fn formed(all: Vec<Statement>, language: Language) -> Vec<Statement> {
    let (all, words) = match language {
        Language::Bash => (shell::formed(all), &SHELL),
        Language::Python => (all, &PYTHON),
        Language::JavaScript | Language::TypeScript | Language::Tsx => (all, &SCRIPT),
    };
    let all = if words.dialect == Dialect::Python { habits::without_exit_code(all) } else { all };
    let formed = list(blocks(all), Place::Module, words, 0);
    statements(formed)
}

/// The keywords of a language.
struct Words {
    and: &'static str,
    or: &'static str,
    not: &'static str,
    truth: [&'static str; 2],
    dialect: Dialect,
}

#[derive(Clone, Copy, PartialEq)]
enum Dialect {
    Python,
    Script,
    Shell,
}

const PYTHON: Words = Words { and: "and", or: "or", not: "not", truth: ["True", "False"], dialect: Dialect::Python };
const SCRIPT: Words = Words { and: "&&", or: "||", not: "!", truth: ["true", "false"], dialect: Dialect::Script };
const SHELL: Words = Words { and: "&&", or: "||", not: "!", truth: ["true", "false"], dialect: Dialect::Shell };

/// What kind of body a list of statements is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Module,
    Function,
    Loop,
    Other,
}

fn list(all: Vec<Block>, place: Place, words: &Words, depth: usize) -> Vec<Block> {
    if depth > MAX_DEPTH {
        return all;
    }
    let inner = |mut block: Block| {
        let place = match block.head.kind {
            StatementKind::Define => Place::Function,
            _ if block.begins_with("for") || block.begins_with("while") => Place::Loop,
            _ => Place::Other,
        };
        block.body = block.body.map(|(inside, end)| (list(inside, place, words, depth + 1), end));
        block
    };
    let negate = |condition: &[Token]| negated(condition, words);
    let is_python = words.dialect == Dialect::Python;
    let turned = |block: Block| if is_python { spelled::chosen_in_order(block, &negate) } else { block };
    let all = all.into_iter().map(inner).map(turned).map(|block| spelled::without_empty(block, &negate));
    let all: Vec<Block> = spelled::without_dead(all.map(|block| joined(block, words)).collect());
    let all = if place == Place::Module { without_main(all) } else { all };
    let all = match words.dialect {
        Dialect::Python => habits::of_python(all),
        Dialect::Script => habits::of_script(all),
        Dialect::Shell => habits::of_shell(all),
    };
    let all = habits::reached(all, place == Place::Function);
    let all: Vec<Block> = without_else(all).into_iter().map(|block| ordered(block, words)).collect();
    let all = inverted(all, place, words);
    if words.dialect == Dialect::Shell {
        return all;
    }
    returned(loops(chosen(all, words), words), words)
}

/// `if not a: b else: c` becomes `if a: c else: b`: of a condition and its negation, the one that sorts first.
fn ordered(mut block: Block, words: &Words) -> Block {
    let [.., last] = block.inside() else { return block };
    let branches = block.inside().iter().filter(|one| is_else(one)).count();
    if !block.begins_with("if") || branches != 1 || last.words() != ["else"] {
        return block;
    }
    let opposite = negated(&block.head.tokens[1..], words);
    let key = |tokens: &[Token]| tokens.iter().map(|token| token.text.clone()).collect::<Vec<_>>();
    if opposite.len() > block.head.tokens.len() || key(&opposite) >= key(&block.head.tokens[1..]) {
        return block;
    }
    block.head.tokens.truncate(1);
    block.head.tokens.extend(opposite);
    if let Some((inside, _)) = block.body.as_mut()
        && let Some(mut other) = inside.pop()
        && let Some((instead, end)) = other.body.take()
    {
        let first = std::mem::replace(inside, instead);
        inside.push(Block { head: other.head, body: Some((first, end)) });
    }
    block
}

/// `if a: if b: …` becomes `if a and b: …`.
fn joined(block: Block, words: &Words) -> Block {
    let is_if = |block: &Block| block.begins_with("if") && block.inside().iter().all(|one| !is_else(one));
    let joins = |block: &Block| {
        let others = ["?", "??", "else", "lambda", "=", ":="];
        block.head.has(words.or) || others.iter().any(|sign| block.head.has(sign))
    };
    match block.inside() {
        [only] if is_if(&block) && is_if(only) && !joins(&block) && !joins(only) && only.body.is_some() => {}
        _ => return block,
    }
    let Block { mut head, body } = block;
    let Some(only) = body.and_then(|(mut inside, _)| inside.pop()) else { return Block { head, body: None } };
    head.tokens.push(sign_like(&head.tokens[0], words.and));
    head.tokens.extend(only.head.tokens.into_iter().skip(1));
    Block { head, body: only.body }
}

/// Removes the condition that the module is not imported.
fn without_main(all: Vec<Block>) -> Vec<Block> {
    let is_main = |block: &Block| {
        let words = block.words();
        let is_python =
            matches!(words.as_slice(), ["if", "__name__", "__main__"] | ["if", "__name__", "==", "__main__"]);
        let is_script = matches!(words.as_slice(), ["if", "require", "main", "===" | "==", "module"]);
        block.begins_with("if") && (is_python || is_script) && !block.inside().iter().any(is_else)
    };
    let inside = |block: Block| match block {
        block if !is_main(&block) => vec![block],
        Block { body, .. } => body.map(|(inside, _)| inside).unwrap_or_default(),
    };
    all.into_iter().flat_map(inside).collect()
}

/// Moves the statements of an `else` after the condition if the branch before it always exits.
fn without_else(all: Vec<Block>) -> Vec<Block> {
    let mut result = Vec::new();
    for block in all {
        let mut next = Some(block);
        while let Some(mut block) = next.take() {
            let begins = block.begins_with("if");
            let Some((inside, _)) = block.body.as_mut().filter(|_| begins) else {
                result.push(block);
                break;
            };
            let at = inside.iter().position(is_else).filter(|at| *at > 0 && inside[..*at].last().is_some_and(leaves));
            let Some(at) = at else {
                result.push(block);
                break;
            };
            let mut branches: Vec<Block> = inside.drain(at..).collect();
            result.push(block);
            let mut first = branches.remove(0);
            if first.begins_with("elif") {
                "if".clone_into(&mut first.head.tokens[0].text);
                // The branches after it now belong to it.
                if let Some((inside, _)) = first.body.as_mut() {
                    inside.append(&mut branches);
                }
                next = Some(first);
            } else if let Some((inside, _)) = first.body {
                result.extend(without_else(inside));
                result.append(&mut branches);
            }
        }
    }
    result
}

fn is_else(block: &Block) -> bool {
    block.begins_with("else") || block.begins_with("elif")
}

fn leaves(block: &Block) -> bool {
    block.is_plain(StatementKind::Exit) || block.is_plain(StatementKind::Raise)
}

/// `if c: y = a else: y = b` becomes `y = a if c else b`.
fn chosen(all: Vec<Block>, words: &Words) -> Vec<Block> {
    all.into_iter()
        .map(|block| {
            let [one, other] = block.inside() else { return block };
            let [last] = other.inside() else { return block };
            let is_it = block.begins_with("if")
                && other.begins_with("else")
                && one.is_plain(StatementKind::Assign)
                && last.is_plain(StatementKind::Assign);
            let Some(((target, value), (same, instead))) =
                assigned(&one.head).zip(assigned(&last.head)).filter(|_| is_it)
            else {
                return block;
            };
            let is_same = target.iter().map(|token| &token.text).eq(same.iter().map(|token| &token.text));
            let condition = &block.head.tokens[1..];
            if !is_same || value.len() + instead.len() + condition.len() > MAX_JOINED {
                return block;
            }
            let mut tokens = target.to_vec();
            tokens.push(sign_like(&block.head.tokens[0], "="));
            tokens.extend(either(condition, value, instead, words));
            let head = Statement { kind: StatementKind::Assign, tokens, ..block.head.clone() };
            Block { head, body: None }
        })
        .collect()
}

/// The target and the value of an assignment.
fn assigned(statement: &Statement) -> Option<(&[Token], &[Token])> {
    let at = statement.tokens.iter().position(|token| token.kind == TokenKind::Sign && token.text == "=")?;
    let (target, rest) = statement.tokens.split_at(at);
    let is_plain = !target.is_empty() && rest.len() > 1 && !rest[1..].iter().any(|token| token.text == "=");
    is_plain.then_some((target, &rest[1..]))
}

/// One of two values by a condition, as the language writes it.
fn either(condition: &[Token], value: &[Token], instead: &[Token], words: &Words) -> Vec<Token> {
    let condition =
        condition.iter().cloned().map(|token| Token { context: Context { condition: true, ..token.context }, ..token });
    let Some(first) = value.first() else { return Vec::new() };
    let sign = |text: &str| sign_like(first, text);
    if words.dialect == Dialect::Script {
        condition.chain([sign("?")]).chain(value.iter().cloned()).chain(instead.iter().cloned()).collect()
    } else {
        let value = value.iter().cloned().chain([sign("if")]).chain(condition);
        value.chain([sign("else")]).chain(instead.iter().cloned()).collect()
    }
}

/// `if c: return a` before `return b` becomes `return a if c else b`; for true and false, only the condition remains.
fn returned(all: Vec<Block>, words: &Words) -> Vec<Block> {
    let mut all = constants_before(all);
    while let [.., block, last] = all.as_slice() {
        let Some(tokens) = one_of_two(block, last, words) else { break };
        let head = Statement { tokens, ..last.head.clone() };
        all.truncate(all.len() - 2);
        all.push(Block { head, body: None });
    }
    all
}

/// Moves the naming of constants from between a condition and the last return to before the condition.
fn constants_before(mut all: Vec<Block>) -> Vec<Block> {
    let is_constant = |block: &Block| {
        let value =
            assigned(&block.head).filter(|(target, _)| block.is_plain(StatementKind::Assign) && target.len() == 1);
        value.is_some_and(|(_, value)| {
            value.iter().all(|token| matches!(token.kind, TokenKind::Text | TokenKind::Number))
        })
    };
    let Some(end) = all.len().checked_sub(1) else { return all };
    let constants = all[..end].iter().rev().take_while(|block| is_constant(block)).count();
    let begin = end - constants;
    let is_used = |block: &Block| all[begin..end].iter().any(|constant| mentions(block, &constant.head.tokens[0].text));
    if constants > 0 && begin > 0 && all[begin - 1].begins_with("if") && !is_used(&all[begin - 1]) {
        all[begin - 1..end].rotate_left(1);
    }
    all
}

/// Whether a name stands in a block.
fn mentions(block: &Block, name: &str) -> bool {
    block.head.has(name) || block.inside().iter().any(|inside| mentions(inside, name))
}

fn one_of_two(block: &Block, last: &Block, words: &Words) -> Option<Vec<Token>> {
    let [only] = block.inside() else { return None };
    let [value, instead] = [returned_value(only)?, returned_value(last)?];
    let condition = block.head.tokens.get(1..).filter(|_| block.begins_with("if"))?;
    if value.len() + instead.len() + condition.len() > MAX_JOINED {
        return None;
    }
    let mut first = only.head.tokens[0].clone();
    first.line = block.head.line();
    let rest = match truth(value, instead, words) {
        Some(true) => condition.to_vec(),
        Some(false) => negated(condition, words),
        None => either(condition, value, instead, words),
    };
    let plain = |token: Token| match truth(value, instead, words) {
        Some(_) => Token { context: Context { condition: false, ..token.context }, ..token },
        None => token,
    };
    Some(std::iter::once(first).chain(rest.into_iter().map(plain)).collect())
}

fn returned_value(block: &Block) -> Option<&[Token]> {
    let [first, value @ ..] = block.head.tokens.as_slice() else { return None };
    (block.is_plain(StatementKind::Exit) && first.text == "return" && !value.is_empty()).then_some(value)
}

/// Whether the two values are true and false, or false and true.
fn truth(value: &[Token], instead: &[Token], words: &Words) -> Option<bool> {
    let is =
        |tokens: &[Token], word: &str| matches!(tokens, [only] if only.kind == TokenKind::Sign && only.text == word);
    match words.truth {
        [yes, no] if is(value, yes) && is(instead, no) => Some(true),
        [yes, no] if is(value, no) && is(instead, yes) => Some(false),
        _ => None,
    }
}

/// `if c: return` before the rest of a function becomes `if not c: …`, and so does `continue` in a loop.
fn inverted(mut all: Vec<Block>, place: Place, words: &Words) -> Vec<Block> {
    let word = match place {
        Place::Function => "return",
        Place::Loop => "continue",
        Place::Module | Place::Other => return all,
    };
    let is_it = |block: &Block| {
        let is_leaving =
            matches!(block.inside(), [only] if only.is_plain(StatementKind::Exit) && only.words() == [word]);
        block.begins_with("if") && is_leaving
    };
    // From the last one, so that the statements after it are already normalised.
    while let Some(at) = all.iter().rposition(is_it).filter(|at| at + 1 < all.len()) {
        let rest: Vec<Block> = all.drain(at + 1..).collect();
        let Some(Block { mut head, body }) = all.pop() else { break };
        let condition = negated(&head.tokens[1..], words);
        head.tokens.truncate(1);
        head.tokens.extend(condition);
        let block = Block { head, body: body.map(|(_, end)| (rest, end)) };
        all.push(joined(block, words));
    }
    all
}

/// The opposite of a condition.
fn negated(condition: &[Token], words: &Words) -> Vec<Token> {
    const PAIRS: &[(&str, &str)] = &[
        ("==", "!="),
        ("===", "!=="),
        ("<", ">="),
        (">", "<="),
        ("-eq", "-ne"),
        ("-lt", "-ge"),
        ("-gt", "-le"),
        ("-z", "-n"),
    ];
    let Some(first) = condition.first() else { return Vec::new() };
    let is_joined = condition.iter().any(|token| {
        token.kind == TokenKind::Sign && [words.and, words.or, "?", "if", "for"].contains(&token.text.as_str())
    });
    if first.text == words.not && !is_joined && first.kind == TokenKind::Sign {
        return condition[1..].to_vec();
    }
    if let Some(turned) = spelled::other_identity(condition) {
        return turned;
    }
    let opposite = |text: &str| {
        PAIRS.iter().find_map(|(one, other)| match text {
            _ if text == *one => Some(*other),
            _ if text == *other => Some(*one),
            _ => None,
        })
    };
    // In a shell, some operators are words.
    let compares = |token: &Token| {
        let is_word = words.dialect == Dialect::Shell && token.kind == TokenKind::Text && token.text.starts_with('-');
        (token.kind == TokenKind::Sign || is_word) && opposite(&token.text).is_some()
    };
    let comparisons = condition.iter().filter(|token| compares(token)).count();
    // A comparison inside a call is not the condition.
    let place = condition.iter().position(&compares).unwrap_or(0);
    let is_one_value = |tokens: &[Token]| value_length(tokens) == tokens.len() || spelled::is_word_of_language(tokens);
    let is_unary = |token: &Token| matches!(token.text.as_str(), "-z" | "-n");
    let is_whole = condition.get(place + 1..).is_some_and(is_one_value)
        && (is_one_value(&condition[..place]) && place > 0 || place == 0 && is_unary(first));
    if comparisons == 1 && !is_joined && is_whole {
        let turn = |token: &Token| match opposite(&token.text).filter(|_| compares(token)) {
            Some(text) => Token { text: text.to_owned(), ..token.clone() },
            None => token.clone(),
        };
        return condition.iter().map(turn).collect();
    }
    if let Some(apart) = each_negated(condition, words) {
        return apart;
    }
    let sign = |text: &str| sign_like(first, text);
    let mut result = vec![sign(words.not)];
    if is_joined {
        result.push(sign("("));
        result.extend(condition.iter().cloned());
        result.push(sign(")"));
    } else {
        result.extend(condition.iter().cloned());
    }
    result
}

/// `not (a or b)` becomes `not a and not b` if each part has a negated operator.
fn each_negated(condition: &[Token], words: &Words) -> Option<Vec<Token>> {
    let is = |token: &Token, text: &str| token.kind == TokenKind::Sign && token.text == text;
    let has = |text: &str| condition.iter().any(|token| is(token, text));
    let (joint, other) = match (has(words.and), has(words.or)) {
        (true, false) => (words.and, words.or),
        (false, true) => (words.or, words.and),
        _ => return None,
    };
    // Inside brackets, a part may belong to something else.
    if ["(", "?", "if", "for", "lambda", ":=", "$("].iter().any(|sign| has(sign)) || words.dialect == Dialect::Shell {
        return None;
    }
    let mut result: Vec<Token> = Vec::new();
    for part in condition.split(|token| is(token, joint)) {
        let first = part.first()?;
        if !result.is_empty() {
            result.push(sign_like(first, other));
        }
        // `a not in b` is read without its `in`.
        let is_inner = |token: &Token| is(token, "not") && token.context.nesting.opened == 0;
        let inside = part.iter().skip(1).position(is_inner).map(|at| at + 1);
        if let Some(at) = inside {
            result.extend(part[..at].iter().chain(&part[at + 1..]).cloned());
        } else {
            let turned = negated(part, words);
            if turned.len() > part.len() {
                return None;
            }
            result.extend(turned);
        }
    }
    Some(result)
}

/// Converts loops that only search, collect or add up into one expression.
fn loops(all: Vec<Block>, words: &Words) -> Vec<Block> {
    let mut result: Vec<Block> = Vec::new();
    let mut rest = all.into_iter().peekable();
    while let Some(block) = rest.next() {
        let searched = rest.peek().and_then(|next| searched(&block, next, words));
        let collected = || result.last().and_then(|before| collected(before, &block, words));
        if let Some(head) = searched {
            rest.next();
            result.push(Block { head, body: None });
        } else if let Some(head) = collected() {
            result.pop();
            result.push(Block { head, body: None });
        } else {
            result.push(block);
        }
    }
    result
}

/// A loop without `async`: the words after `for`, the condition inside, and the body.
struct Loop<'b> {
    /// `x xs` in Python; `x`, `xs` in JavaScript.
    over: &'b [Token],
    condition: Option<&'b [Token]>,
    action: &'b Block,
}

impl<'b> Loop<'b> {
    fn of(block: &'b Block) -> Option<Loop<'b>> {
        let over = block.head.tokens.get(1..).filter(|_| block.begins_with("for"))?;
        let [only] = block.inside() else { return None };
        match only.inside() {
            [action] if only.begins_with("if") && !is_else(action) => {
                Some(Loop { over, condition: only.head.tokens.get(1..), action })
            }
            _ if only.body.is_none() => Some(Loop { over, condition: None, action: only }),
            _ => None,
        }
    }

    /// The variable and the iterated value, in JavaScript.
    fn of_script(&self) -> Option<(&'b Token, &'b [Token])> {
        let [name, of, values @ ..] = self.over else { return None };
        (of.text == "of" && !values.is_empty()).then_some((name, values))
    }

    /// `VALUE for x xs if CONDITION`, as Python writes it.
    fn with_value(&self, value: &[Token]) -> Vec<Token> {
        let sign = |text: &str| sign_like(&self.over[0], text);
        let mut tokens = value.to_vec();
        tokens.push(sign("for"));
        tokens.extend(self.over.iter().cloned());
        if let Some(condition) = self.condition {
            tokens.push(sign("if"));
            tokens.extend(condition.iter().cloned());
        }
        tokens
    }
}

/// `for x in xs: if c: return True` before `return False` is `return any(c for x in xs)`.
fn searched(block: &Block, next: &Block, words: &Words) -> Option<Statement> {
    let found = Loop::of(block)?;
    let condition = found.condition?;
    let is_any = truth(returned_value(found.action)?, returned_value(next)?, words)?;
    let first = Token { line: block.head.line(), ..next.head.tokens[0].clone() };
    let wanted = if is_any { condition.to_vec() } else { negated(condition, words) };
    let mut tokens = vec![first.clone()];
    if words.dialect == Dialect::Script {
        let (variable, values) = found.of_script()?;
        let method = method_like(&first, if is_any { "some" } else { "every" });
        tokens.extend(
            values.iter().cloned().chain([method, variable.clone()]).chain(wanted.into_iter().map(unconditional)),
        );
    } else {
        tokens.push(name_like(&first, if is_any { "any" } else { "all" }));
        let search = Loop { condition: None, ..found };
        tokens.extend(search.with_value(&wanted.into_iter().map(unconditional).collect::<Vec<_>>()));
    }
    Some(Statement { kind: StatementKind::Exit, tokens, ..next.head.clone() })
}

fn unconditional(token: Token) -> Token {
    Token { context: Context { condition: false, ..token.context }, ..token }
}

/// `out = []` before a loop that only appends to it is `out = [value for x in xs]`; the same for sets, dictionaries, sums.
fn collected(before: &Block, block: &Block, words: &Words) -> Option<Statement> {
    let [target, sign, empty @ ..] = before.head.tokens.as_slice() else { return None };
    if !before.is_plain(StatementKind::Assign) || sign.text != "=" || target.kind != TokenKind::Name {
        return None;
    }
    let found = Loop::of(block)?;
    let empty: Vec<&str> = empty.iter().map(|token| token.text.as_str()).collect();
    let done = found.action.head.tokens.as_slice();
    let [into, act, value @ ..] = done else { return None };
    let uses = |tokens: &[Token]| tokens.iter().any(|token| token.text == target.text && !token.context.fixed);
    if into.text != target.text || value.is_empty() || value.len() > MAX_JOINED || uses(value) || uses(found.over) {
        return None;
    }
    let is_used = found.condition.is_some_and(uses);
    let value = match (empty.as_slice(), act.text.as_str()) {
        // Each only once, in order.
        (["["], "append") if is_used && is_new(&found, target, value) => {
            let values = found.over.get(1..)?.iter().cloned();
            let distinct = [name_like(target, "list"), name_like(target, "dict"), method_like(target, "fromkeys")];
            distinct.into_iter().chain(values).collect()
        }
        _ if is_used => return None,
        (["["], "append") if words.dialect == Dialect::Python => {
            std::iter::once(sign_like(target, "[")).chain(found.with_value(value)).collect()
        }
        (["set"], "add") if words.dialect == Dialect::Python => found.with_value(value),
        (["0"], "+=") if words.dialect == Dialect::Python => {
            std::iter::once(name_like(target, "sum")).chain(found.with_value(value)).collect()
        }
        ([], "[") if words.dialect == Dialect::Python => {
            let at = value.iter().position(|token| token.text == "=")?;
            let pair: Vec<Token> = value[..at].iter().chain(&value[at + 1..]).cloned().collect();
            found.with_value(&pair)
        }
        (["["], "push") if words.dialect == Dialect::Script => mapped(&found, value)?,
        _ => return None,
    };
    let tokens = [target.clone(), sign.clone()].into_iter().chain(value).collect();
    Some(Statement { tokens, ..before.head.clone() })
}

/// Whether a loop collects only new values: `if x not in out`.
fn is_new(found: &Loop<'_>, target: &Token, value: &[Token]) -> bool {
    let (Some(condition), [variable, ..], [value]) = (found.condition, found.over, value) else { return false };
    let words: Vec<&str> = condition.iter().map(|token| token.text.as_str()).collect();
    value.text == variable.text && words == [variable.text.as_str(), "not", target.text.as_str()]
}

/// `xs.filter((x) => c).map((x) => value)` in JavaScript.
fn mapped(found: &Loop<'_>, value: &[Token]) -> Option<Vec<Token>> {
    let (variable, values) = found.of_script()?;
    let mut tokens = values.to_vec();
    if let Some(condition) = found.condition {
        tokens.extend([method_like(variable, "filter"), variable.clone()]);
        tokens.extend(condition.iter().cloned().map(unconditional));
    }
    let is_same = matches!(value, [only] if only.text == variable.text);
    if !is_same || found.condition.is_none() {
        tokens.extend([method_like(variable, "map"), variable.clone()]);
        tokens.extend(value.iter().cloned());
    }
    Some(tokens)
}
