//! Normalises further equivalent forms: a folder that is created if absent, counting from one, empty branches, and
//! unread values.

use super::blocks::Block;
use super::pieces::{method_like, sign_like, value_length};
use super::variables::is_variable;
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};

/// How creating a folder that may already exist is tested and done: the words before the folder in the condition and in
/// the command, and the argument that is then added to the command.
const FOLDERS: &[(&[&str], &[&str], &[&str])] = &[
    (&["if", "not"], &["os", "makedirs"], &["exist_ok", "=", "True"]),
    (&["if", "!", "fs", "existsSync"], &["fs", "mkdirSync"], &["recursive", "true"]),
    (&["if", "!", "existsSync"], &["mkdirSync"], &["recursive", "true"]),
    (&["if", "!", "-d"], &["mkdir", "-p"], &[]),
    (&["if", "!", "-e"], &["mkdir", "-p"], &[]),
];

/// `if not os.path.exists(d): os.makedirs(d)` becomes `os.makedirs(d, exist_ok=True)`, and so in other languages.
pub(super) fn existing(block: Block) -> Block {
    let mut words = block.words();
    let [only] = block.inside() else { return block };
    let made = only.words();
    // In Python, the test stands behind the folder.
    let is_python = words.starts_with(&["if", "not"]);
    if is_python && words.pop_if(|last| matches!(*last, "exists" | "is_dir")).is_none() {
        return block;
    }
    let is_it = |(asked, command, given): &&(&[&str], &[&str], &[&str])| {
        let (Some(folder), Some(same)) = (words.strip_prefix(*asked), made.strip_prefix(*command)) else {
            return false;
        };
        // An argument that is already present is not added again.
        let same = same.strip_suffix(*given).unwrap_or(same);
        !folder.is_empty() && folder == same
    };
    let Some((_, _, given)) = FOLDERS.iter().find(is_it).filter(|_| only.body.is_none()) else { return block };
    let first = &only.head.tokens[0];
    let put = |text: &&str| match *text {
        "exist_ok" | "recursive" => method_like(first, text),
        _ => sign_like(first, text),
    };
    let given = given.iter().filter(|_| !made.ends_with(given)).map(put);
    let tokens = only.head.tokens.iter().cloned().chain(given).collect();
    Block { head: Statement { tokens, depth: block.head.depth, ..only.head.clone() }, body: None }
}

/// `for i, x in enumerate(xs)` in which `i` is used as `i + 1` only becomes `for i, x in enumerate(xs, start=1)`.
pub(super) fn counted(mut block: Block) -> Block {
    let words = block.words();
    let Some(name) = words.get(1).filter(|_| words.first() == Some(&"for")).map(|name| (*name).to_owned()) else {
        return block;
    };
    let is_counting = words.get(3) == Some(&"enumerate") && !words.contains(&"start");
    if !is_counting || !block.inside().iter().all(|one| adds_one(one, &name)) {
        return block;
    }
    if !block.inside().iter().any(|one| mentions(one, &name)) {
        return block;
    }
    let first = block.head.tokens[0].clone();
    let mut given = [method_like(&first, "start"), sign_like(&first, "="), sign_like(&first, "1")];
    given[2].kind = TokenKind::Number;
    block.head.tokens.extend(given);
    block.body = block.body.map(|(inside, end)| (inside.into_iter().map(|one| without_one(one, &name)).collect(), end));
    block
}

/// Whether each use of a variable is followed by `+ 1`, and by nothing that binds more tightly.
fn adds_one(block: &Block, name: &str) -> bool {
    const TIGHT: &[&str] = &["*", "/", "//", "%", "**", "-", "[", ":"];
    let tokens = &block.head.tokens;
    let is_tight = |token: Option<&Token>| {
        token.is_some_and(|one| one.kind == TokenKind::Sign && TIGHT.contains(&one.text.as_str()))
    };
    let fits = |at: usize| {
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
        text(at + 1) == "+"
            && text(at + 2) == "1"
            && !is_tight(tokens.get(at + 3))
            && !is_tight(at.checked_sub(1).and_then(|at| tokens.get(at)))
    };
    let uses = (0..tokens.len()).filter(|at| is_variable(&tokens[*at], name));
    let is_set = block.head.kind == StatementKind::Assign && tokens.first().is_some_and(|one| is_variable(one, name));
    !is_set && uses.into_iter().all(fits) && block.inside().iter().all(|one| adds_one(one, name))
}

fn without_one(mut block: Block, name: &str) -> Block {
    let tokens = &mut block.head.tokens;
    let uses: Vec<usize> = (0..tokens.len()).filter(|at| is_variable(&tokens[*at], name)).collect();
    for at in uses.into_iter().rev() {
        tokens.drain(at + 1..at + 3);
    }
    block.body = block.body.map(|(inside, end)| (inside.into_iter().map(|one| without_one(one, name)).collect(), end));
    block
}

fn mentions(block: &Block, name: &str) -> bool {
    block.head.tokens.iter().any(|token| is_variable(token, name))
        || block.inside().iter().any(|inside| mentions(inside, name))
}

/// `a if c else b` in Python becomes `b if not c else a`: of a condition and its negation, the one that sorts first.
pub(super) fn chosen_in_order(mut block: Block, negate: &dyn Fn(&[Token]) -> Vec<Token>) -> Block {
    let tokens = &block.head.tokens;
    let only = |text: &str| {
        let is_it = |token: &Token| token.kind == TokenKind::Sign && token.text == text;
        let mut found = tokens.iter().enumerate().filter(|(_, token)| is_it(token)).map(|(at, _)| at);
        found.next().filter(|_| found.next().is_none())
    };
    let begin = if tokens.first().is_some_and(|token| token.text == "return") { Some(0) } else { only("=") };
    let (Some(begin), Some(at), Some(other)) = (begin, only("if"), only("else")) else { return block };
    let opened = |token: &Token| token.context.nesting.opened;
    // Inside brackets it may be part of something else.
    if !(begin + 1 < at && at + 1 < other)
        || tokens[begin..].iter().any(|token| opened(token) != opened(&tokens[begin]))
    {
        return block;
    }
    let (value, condition, instead) = (&tokens[begin + 1..at], &tokens[at + 1..other], &tokens[other + 1..]);
    let opposite = negate(condition);
    let key = |tokens: &[Token]| tokens.iter().map(|token| token.text.clone()).collect::<Vec<_>>();
    if opposite.len() > condition.len() || key(&opposite) >= key(condition) {
        return block;
    }
    let (sign, last) = (tokens[at].clone(), tokens[other].clone());
    let turned = instead.iter().cloned().chain([sign]).chain(opposite).chain([last]).chain(value.iter().cloned());
    block.head.tokens = tokens[..=begin].iter().cloned().chain(turned).collect();
    block
}

/// `if a: pass else: b` becomes `if not a: b`, and so does a later branch before the last one.
pub(super) fn without_empty(mut block: Block, negate: &dyn Fn(&[Token]) -> Vec<Token>) -> Block {
    let does_nothing = |one: &Block| one.words() == ["pass"];
    if !block.begins_with("if") {
        return block;
    }
    let Some((inside, end)) = block.body.as_mut() else { return block };
    let [rest @ .., last] = inside.as_slice() else { return block };
    if !last.begins_with("else") || last.words() != ["else"] || last.body.is_none() {
        return block;
    }
    match rest {
        [] => {}
        [only] if does_nothing(only) => {}
        [.., before]
            if before.begins_with("elif") && before.inside().iter().all(does_nothing) && before.body.is_some() =>
        {
            let condition = negate(&before.head.tokens[1..]);
            let body = inside.pop().and_then(|last| last.body);
            if let Some(branch) = inside.last_mut() {
                branch.head.tokens.truncate(1);
                branch.head.tokens.extend(condition);
                branch.body = body;
            }
            return block;
        }
        _ => return block,
    }
    let Some(Block { body: Some((instead, _)), .. }) = inside.pop() else { return block };
    let body = Some((instead, end.clone()));
    let mut head = block.head;
    let condition = negate(&head.tokens[1..]);
    head.tokens.truncate(1);
    head.tokens.extend(condition);
    Block { head, body }
}

/// Removes a constant that is assigned just before a condition both of whose branches assign the variable again.
pub(super) fn without_dead(mut all: Vec<Block>) -> Vec<Block> {
    let is_constant = |token: &Token| {
        matches!(token.kind, TokenKind::Text | TokenKind::Number)
            || matches!(token.text.as_str(), "None" | "null" | "undefined")
    };
    let mut at = 0;
    while at + 1 < all.len() {
        let (block, next) = (&all[at], &all[at + 1]);
        let is_dead = match block.head.tokens.as_slice() {
            [name, sign, value] => {
                block.is_plain(StatementKind::Assign)
                    && sign.text == "="
                    && name.kind == TokenKind::Name
                    && is_constant(value)
                    && next.begins_with("if")
                    && !next.head.has(&name.text)
                    && branches(next).is_some_and(|all| all.into_iter().all(|one| sets_first(one, &name.text)))
            }
            _ => false,
        };
        if is_dead {
            all.remove(at);
        } else {
            at += 1;
        }
    }
    all
}

/// Removes names that are bound inside an expression and never read.
pub(super) fn without_unread(mut all: Vec<Statement>) -> Vec<Statement> {
    for at in 0..all.len() {
        let sign = all[at].tokens.iter().position(|token| token.kind == TokenKind::Sign && token.text == ":=");
        let Some(place) = sign.and_then(|sign| sign.checked_sub(1)) else { continue };
        let name = all[at].tokens[place].text.clone();
        let uses = all.iter().flat_map(|one| &one.tokens).filter(|token| is_variable(token, &name)).count();
        if uses == 1 && is_variable(&all[at].tokens[place], &name) {
            all[at].tokens.drain(place..place + 2);
        }
    }
    all
}

/// The branches of a condition, if one of them is always taken.
fn branches(block: &Block) -> Option<Vec<&[Block]>> {
    let inside = block.inside();
    let at = inside.iter().position(|one| one.begins_with("else") || one.begins_with("elif"))?;
    let (first, others) = inside.split_at(at);
    let is_last = others.last().is_some_and(|last| last.words() == ["else"]);
    let is_plain = others.iter().all(|one| one.begins_with("else") || one.begins_with("elif"));
    (is_last && is_plain).then(|| std::iter::once(first).chain(others.iter().map(Block::inside)).collect())
}

/// Whether the first statement with this name assigns it without reading it.
fn sets_first(branch: &[Block], name: &str) -> bool {
    let Some(first) = branch.iter().find(|one| one.head.has(name) || mentions(one, name)) else { return false };
    let tokens = first.head.tokens.as_slice();
    first.is_plain(StatementKind::Assign)
        && matches!(tokens, [target, sign, value @ ..] if target.text == name && sign.text == "="
            && !value.iter().any(|token| token.text == name))
}

/// `a is b` becomes `a is not b`, and the other way round.
pub(super) fn other_identity(condition: &[Token]) -> Option<Vec<Token>> {
    let is_one_value =
        |tokens: &[Token]| !tokens.is_empty() && (value_length(tokens) == tokens.len() || is_word_of_language(tokens));
    let is_sign = |token: &Token, text: &str| token.kind == TokenKind::Sign && token.text == text;
    let at = condition.iter().position(|token| is_sign(token, "is") || is_sign(token, "is not"))?;
    let (left, right) = (&condition[..at], &condition[at + 1..]);
    let (is_not, right) = match right.split_first() {
        Some((not, rest)) if is_sign(not, "not") => (true, rest),
        _ => (is_sign(&condition[at], "is not"), right),
    };
    if !is_one_value(left) || !is_one_value(right) {
        return None;
    }
    let is = Token { text: "is".to_owned(), ..condition[at].clone() };
    let not = (!is_not).then(|| sign_like(&is, "not"));
    Some(left.iter().cloned().chain([is]).chain(not).chain(right.iter().cloned()).collect())
}

/// Whether it is one keyword that is a value: `None`, `null`, `true`.
pub(super) fn is_word_of_language(tokens: &[Token]) -> bool {
    const WORDS: &[&str] = &["None", "null", "undefined", "True", "False", "true", "false"];
    matches!(tokens, [only] if only.kind == TokenKind::Sign && WORDS.contains(&only.text.as_str()))
}
