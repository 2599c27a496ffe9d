//! Normalises idioms of libraries and languages: files read with `pathlib`, loops over indexes, folders that may
//! already exist, unused names of errors.

use super::blocks::Block;
use super::pieces::{method_like, name_like, sign_like, value_length};
use super::spelled;
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use std::collections::BTreeSet;

/// Normalised Python statements.
pub(super) fn of_python(all: Vec<Block>) -> Vec<Block> {
    let all = opened(all).into_iter().map(with_path).map(spelled::existing).map(over_values).map(spelled::counted);
    let all = all.map(without_name).collect();
    with_default_entry(assigned_in_condition(all))
}

/// Normalised JavaScript statements.
pub(super) fn of_script(all: Vec<Block>) -> Vec<Block> {
    all.into_iter().map(spelled::existing).map(over_values).map(without_name).map(uncaught).collect()
}

/// `main().catch((e) => { console.error(e); process.exit(1); })` ends like `main()` with an uncaught error.
fn uncaught(mut block: Block) -> Block {
    let tokens = &block.head.tokens;
    let Some(at) = tokens.iter().position(|token| token.text == "catch" && token.context.fixed) else { return block };
    let (name, rest) = match &tokens[at + 1..] {
        [name, rest @ ..] => (name.text.clone(), rest),
        [] => return block,
    };
    let is_told = |token: &Token| {
        matches!(token.kind, TokenKind::Text | TokenKind::End)
            || token.text == name
            || matches!(token.text.as_str(), "console" | "error" | "process" | "exit" | "message" | "stack" | "quotes")
            || token.kind == TokenKind::Number && token.text != "0"
    };
    let ends = rest
        .windows(3)
        .any(|three| three[0].text == "process" && three[1].text == "exit" && three[2].kind == TokenKind::Number);
    if block.body.is_none() && at > 0 && ends && rest.iter().all(is_told) {
        block.head.tokens.truncate(at);
    }
    block
}

/// Normalised shell statements: `x=$1` before `[ -z "$x" ] && x=5` becomes `x=${1:-5}`.
pub(super) fn of_shell(all: Vec<Block>) -> Vec<Block> {
    let mut result: Vec<Block> = Vec::new();
    for block in all.into_iter().map(spelled::existing) {
        let set = result.last().and_then(|before| with_default(before, &block));
        match (set, result.last_mut()) {
            (Some(tokens), Some(before)) => before.head.tokens = tokens,
            _ => result.push(block),
        }
    }
    result
}

fn with_default(before: &Block, block: &Block) -> Option<Vec<Token>> {
    let [name, sign, value] = before.head.tokens.as_slice() else { return None };
    let [only] = block.inside() else { return None };
    let [again, equals, default @ ..] = only.head.tokens.as_slice() else { return None };
    let tested: Vec<&str> = block.words().into_iter().filter(|word| *word != "quotes").collect();
    let is_it = before.is_plain(StatementKind::Assign)
        && only.is_plain(StatementKind::Assign)
        && block.begins_with("if")
        && tested == ["if", "-z", name.text.as_str()]
        && sign.text == "="
        && equals.text == "="
        && again.text == name.text
        && value.kind != TokenKind::Text
        && value_length(default) == default.len();
    let empty = sign_like(name, ":-");
    is_it.then(|| before.head.tokens.iter().cloned().chain([empty]).chain(default.iter().cloned()).collect())
}

/// Removes unreachable statements after an exit, except functions, and an exit at the end of a function.
pub(super) fn reached(mut all: Vec<Block>, is_function: bool) -> Vec<Block> {
    let leaves = |block: &Block| block.is_plain(StatementKind::Exit) || block.is_plain(StatementKind::Raise);
    // In a shell, a line that exits may contain more, and so may a condition.
    let is_whole = |block: &Block| {
        let joins = |token: &Token| matches!(token.text.as_str(), "&&" | "||" | "if" | "unless");
        leaves(block) && !block.head.tokens.iter().any(joins)
    };
    if let Some(at) = all.iter().position(is_whole) {
        // A branch after it is another path.
        let gone = all[at + 1..].iter().take_while(|block| is_statement(block)).count();
        all.drain(at + 1..at + 1 + gone);
    }
    if is_function && all.last().is_some_and(|last| last.is_plain(StatementKind::Exit) && last.words() == ["return"]) {
        all.pop();
    }
    all
}

fn is_statement(block: &Block) -> bool {
    use StatementKind::{Assign, Exit, Message, Other, Raise};
    block.body.is_none() && matches!(block.head.kind, Assign | Exit | Message | Other | Raise)
}

/// A file that is opened, used once and closed, even in a `finally`, becomes a `with`.
fn opened(all: Vec<Block>) -> Vec<Block> {
    let mut result: Vec<Block> = Vec::new();
    let mut rest = all.into_iter().peekable();
    while let Some(block) = rest.next() {
        let [name, sign, open, ..] = block.head.tokens.as_slice() else {
            result.push(block);
            continue;
        };
        if !block.is_plain(StatementKind::Assign) || sign.text != "=" || open.text != "open" {
            result.push(block);
            continue;
        }
        let closes = |block: &Block| block.words() == [name.text.as_str(), "close"];
        let with = |done: &Block| {
            let head = [sign_like(name, "with")]
                .into_iter()
                .chain(block.head.tokens[2..].iter().cloned())
                .chain([name.clone()]);
            let head = Statement { kind: StatementKind::Head, tokens: head.collect(), ..block.head.clone() };
            Block { body: Some((vec![done.clone()], head.clone())), head }
        };
        let tried = rest.peek().and_then(|next| match next.inside() {
            [done, last] if next.words() == ["try"] && last.words() == ["finally"] => {
                matches!(last.inside(), [close] if closes(close)).then(|| with(done))
            }
            _ => None,
        });
        if let Some(whole) = tried.as_ref().and_then(whole_file) {
            rest.next();
            result.push(Block { head: whole, body: None });
            continue;
        }
        let Some(done) = rest.next() else {
            result.push(block);
            break;
        };
        match whole_file(&with(&done)).filter(|_| rest.peek().is_some_and(&closes)) {
            Some(whole) => {
                rest.next();
                result.push(Block { head: whole, body: None });
            }
            None => result.extend([block, done]),
        }
    }
    result
}

/// `with open(p) as f: t = f.read()` becomes `t = p.read_text()`, which is also the form of `Path(p).read_text()`;
/// similarly for writing.
fn with_path(block: Block) -> Block {
    let Some(head) = whole_file(&block) else { return block };
    Block { head, body: None }
}

fn whole_file(block: &Block) -> Option<Statement> {
    let tokens = block.head.tokens.as_slice();
    let (["with", "open"], [only]) = (block.words().get(..2)?, block.inside()) else { return None };
    let [arguments @ .., file] = tokens.get(2..)? else { return None };
    let length = value_length(arguments);
    let mode = match &arguments[length..] {
        [] => "r",
        [mode] if mode.kind == TokenKind::Text => mode.text.as_str(),
        _ => return None,
    };
    let path = &arguments[..length];
    if path.is_empty() || file.kind != TokenKind::Name || only.body.is_some() {
        return None;
    }
    let done = only.head.tokens.as_slice();
    let at = done.iter().position(|token| token.kind == TokenKind::Name && token.text == file.text)?;
    let is_used_once = !done[at + 1..].iter().any(|token| token.text == file.text);
    let word = |at: usize| done.get(at).map_or("", |token| token.text.as_str());
    let method = |name: &str| method_like(&tokens[0], name);
    let made: Vec<Token> = match mode {
        "r" if word(at + 1) == "read" && at + 2 == done.len() => {
            done[..at].iter().chain(path).cloned().chain([method("read_text")]).collect()
        }
        "r" if at >= 2 && at + 1 == done.len() && word(at - 2) == "json" && word(at - 1) == "load" => {
            let loads = method("loads");
            done[..at - 1]
                .iter()
                .cloned()
                .chain([loads])
                .chain(path.iter().cloned())
                .chain([method("read_text")])
                .collect()
        }
        "w" if at == 0 && word(1) == "write" && done.len() > 2 => {
            path.iter().cloned().chain([method("write_text")]).chain(done[2..].iter().cloned()).collect()
        }
        "w" if at > 2 && word(0) == "json" && word(1) == "dump" && value_length(&done[2..at]) == at - 2 => {
            let dumps = [name_like(&tokens[0], "json"), method("dumps")];
            let rest = done[2..at].iter().chain(&done[at + 1..]).cloned();
            path.iter().cloned().chain([method("write_text")]).chain(dumps).chain(rest).collect()
        }
        _ => return None,
    };
    is_used_once.then(|| Statement {
        tokens: made,
        function: block.head.function.clone(),
        depth: block.head.depth,
        ..only.head.clone()
    })
}

/// A loop over the indexes of a list in which each index only looks up its value becomes a loop over the values.
fn over_values(block: Block) -> Block {
    let words = block.words();
    let (name, list, is_script) = match words.as_slice() {
        ["for", name, "range", "len", list @ ..] => (*name, list, false),
        ["for", name, "=", "0", again, "<", list @ .., "length", third, "++"] if name == again && name == third => {
            (*name, list, true)
        }
        _ => return block,
    };
    let value: Vec<String> = list.iter().map(|word| (*word).to_owned()).chain(["[".to_owned()]).collect();
    let name = name.to_owned();
    let at = if is_script { 6 } else { 4 };
    let list = block.head.tokens[at..at + list.len()].to_vec();
    let fits = |block: &Block| finds_only(block, &name, &value);
    if list.is_empty() || value_length(&list) != list.len() || !block.inside().iter().all(fits) {
        return block;
    }
    let Block { mut head, body } = block;
    let of = is_script.then(|| sign_like(&head.tokens[0], "of"));
    head.tokens.truncate(2);
    head.tokens.extend(of.into_iter().chain(list));
    let body = body.map(|(inside, end)| (inside.into_iter().map(|block| found(block, &name, &value)).collect(), end));
    Block { head, body }
}

/// Where in the tokens a value of the list is looked up.
fn look_ups(tokens: &[Token], name: &str, value: &[String]) -> Vec<usize> {
    let is_it = |at: &usize| {
        let words = tokens[*at..].iter().map(|token| token.text.as_str());
        words.take(value.len()).eq(value.iter().map(String::as_str))
            && tokens.get(at + value.len()).is_some_and(|token| token.text == name)
    };
    (0..tokens.len()).filter(is_it).collect()
}

fn finds_only(block: &Block, name: &str, value: &[String]) -> bool {
    let tokens = &block.head.tokens;
    let found = look_ups(tokens, name, value);
    let uses = tokens.iter().filter(|token| token.text == name && !token.context.fixed).count();
    let lists = tokens.iter().filter(|token| token.text == value[0] && !token.context.fixed).count();
    let is_set = block.head.kind == StatementKind::Assign && found.first() == Some(&0);
    // A use of the list alone may change it.
    uses == found.len()
        && lists == found.len()
        && !is_set
        && block.inside().iter().all(|one| finds_only(one, name, value))
}

fn found(block: Block, name: &str, value: &[String]) -> Block {
    let Block { mut head, body } = block;
    for at in look_ups(&head.tokens, name, value).into_iter().rev() {
        head.tokens.drain(at..at + value.len());
    }
    let body = body.map(|(inside, end)| (inside.into_iter().map(|one| found(one, name, value)).collect(), end));
    Block { head, body }
}

/// Removes unused names and causes of errors.
fn without_name(mut block: Block) -> Block {
    if block.is_plain(StatementKind::Raise)
        && let Some(at) =
            block.head.tokens.iter().position(|token| token.kind == TokenKind::Sign && token.text == "from")
    {
        block.head.tokens.truncate(at);
    }
    let name = block.head.tokens.last().map_or("", |last| last.text.as_str());
    let is_handler = block.begins_with("except") || block.begins_with("catch");
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let least = if block.begins_with("except") { 2 } else { 1 };
    if is_handler && is_name && block.head.tokens.len() > least && !block.inside().iter().any(|one| mentions(one, name))
    {
        block.head.tokens.pop();
    }
    block
}

fn mentions(block: &Block, name: &str) -> bool {
    block.head.has(name) || block.inside().iter().any(|inside| mentions(inside, name))
}

/// `m = f(x)` before `if m:` becomes `if m := f(x):`.
fn assigned_in_condition(all: Vec<Block>) -> Vec<Block> {
    let mut result: Vec<Block> = Vec::new();
    for mut block in all {
        let is_it = |before: &&Block| {
            let tokens = before.head.tokens.as_slice();
            before.is_plain(StatementKind::Assign)
                && matches!(tokens, [name, sign, value, ..] if sign.text == "=" && value.text != "["
                    && block.begins_with("if") && block.words() == ["if", name.text.as_str()])
        };
        if let Some(before) = result.last().filter(is_it) {
            let mut given = before.head.tokens.clone();
            given[1] = sign_like(&given[1], ":=");
            let condition = given.into_iter().map(|mut token| {
                token.context.condition = true;
                token
            });
            block.head.tokens.truncate(1);
            block.head.tokens.extend(condition);
            result.pop();
        }
        result.push(block);
    }
    result
}

/// `if k not in d: d[k] = []` before `d[k].append(x)` becomes `d.setdefault(k, []).append(x)`.
fn with_default_entry(all: Vec<Block>) -> Vec<Block> {
    let mut result: Vec<Block> = Vec::new();
    for block in all {
        let made = result.last().and_then(|before| default_entry(before, &block));
        match made {
            Some(tokens) => {
                result.pop();
                result.push(Block { head: Statement { tokens, ..block.head }, body: None });
            }
            None => result.push(block),
        }
    }
    result
}

fn default_entry(before: &Block, block: &Block) -> Option<Vec<Token>> {
    let [only] = before.inside() else { return None };
    let tokens = only.head.tokens.as_slice();
    let [target @ .., sign, list] = tokens else { return None };
    let at = target.iter().position(|token| token.text == "[")?;
    let (table, key) = (&target[..at], &target[at + 1..]);
    let words = |tokens: &[Token]| tokens.iter().map(|token| token.text.clone()).collect::<Vec<_>>();
    let tested: Vec<String> = before.words().into_iter().map(str::to_owned).collect();
    let wanted: Vec<String> =
        ["if".to_owned()].into_iter().chain(words(key)).chain(["not".to_owned()]).chain(words(table)).collect();
    let rest = block.head.tokens.get(target.len()..).filter(|_| block.is_plain(StatementKind::Other))?;
    let is_it = before.begins_with("if")
        && tested == wanted
        && only.is_plain(StatementKind::Assign)
        && sign.text == "="
        && list.text == "["
        && words(&block.head.tokens[..target.len()]) == words(target)
        && rest.first().is_some_and(|method| method.text == "append");
    let setdefault = method_like(sign, "setdefault");
    is_it.then(|| {
        table
            .iter()
            .cloned()
            .chain([setdefault])
            .chain(key.iter().cloned())
            .chain([list.clone()])
            .chain(rest.iter().cloned())
            .collect()
    })
}

/// `sys.exit(main())` becomes `main()` if `main` returns only 0.
pub(super) fn without_exit_code(mut all: Vec<Statement>) -> Vec<Statement> {
    let exits = |one: &Statement| matches!(one.tokens.as_slice(), [module, exit, name] if module.text == "sys" && exit.text == "exit" && name.kind == TokenKind::Name);
    let names: BTreeSet<String> = all.iter().filter(|one| exits(one)).map(|one| one.tokens[2].text.clone()).collect();
    for name in names {
        let is_zero = |one: &Statement| one.tokens.len() == 1 || one.tokens.len() == 2 && one.tokens[1].text == "0";
        let returns =
            |one: &Statement| one.function == name && one.tokens.first().is_some_and(|first| first.text == "return");
        let is_defined = all.iter().any(|one| one.function == name);
        if !is_defined || !all.iter().filter(|one| returns(one)).all(is_zero) {
            continue;
        }
        for one in &mut all {
            if exits(one) && one.tokens[2].text == name {
                one.tokens.drain(..2);
                one.kind = StatementKind::Other;
            } else if returns(one) {
                one.tokens.truncate(1);
            }
        }
    }
    all
}
