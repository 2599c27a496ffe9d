//! Shell scripts as a tree of [`Node`]s. Comments and layout are left out; what is not listed here is opaque.
//!
//! Variables of a shell belong to the whole script and keep their names, so they are no [`Kind::Name`]: they stand in the
//! texts of nodes. An exit status counts wherever something could see it: a loop whose status may be seen has the text
//! `status`, and `a && b` is an `if` only where nothing sees that `a` failed.

pub(super) mod calls;
mod case;
pub(super) mod locals;
mod test;

use super::lower::{Lower, fields, named, placed, starts_with};
use super::tree::{Kind, Node};
use crate::code::escape::{EscapeRules, unescaped};
use tree_sitter::Node as Syntax;

/// Words by which a script notices how its commands are written or nested, beside `$?`.
const NOTICES: &[&str] = &["PIPESTATUS", "LINENO", "BASH_LINENO", "FUNCNAME", "BASH_COMMAND", "caller"];

/// Signals of `trap` that are sent for single commands.
const SIGNALS: &[&str] = &["ERR", "DEBUG", "RETURN"];

/// Whether a script can notice changes that keep what its commands do.
pub(super) fn notices(text: &str) -> bool {
    let has = |words: &[&str]| super::tree::words(text).any(|word| words.contains(&word));
    // To leave with the last status is what happens without saying so.
    let other_statuses = text.replace("return $?", "").replace("exit $?", "");
    has(&["eval"])
        || reads_itself(text)
        || other_statuses.contains("$?")
        || text.contains("${?")
        || has(NOTICES)
        || has(&["trap"]) && has(SIGNALS)
}

/// Whether a line gives the script's own file to a program that reads it.
fn reads_itself(text: &str) -> bool {
    const READERS: &[&str] = &["sed", "awk", "grep", "head", "tail", "cat", "perl", "cut", "tar"];
    let is_own = |line: &str| ["$0", "${0}", "BASH_SOURCE"].iter().any(|own| line.contains(own));
    text.lines().any(|line| is_own(line) && super::tree::words(line).any(|word| READERS.contains(&word)))
}

/// The program of a file.
pub(super) fn program(lower: &mut Lower<'_>, root: Syntax<'_>) -> Node {
    let kids = all(root);
    let kids = statements(lower, &kids, true);
    placed(root, Node::block(kids))
}

/// The children with their signs, without comments.
fn all(node: Syntax<'_>) -> Vec<Syntax<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).filter(|kid| kid.kind() != "comment").collect()
}

/// Statements side by side. `counts`: whether something may see the status of the last one.
fn statements(lower: &mut Lower<'_>, kids: &[Syntax<'_>], counts: bool) -> Vec<Node> {
    let last = kids.iter().rposition(Syntax::is_named);
    let mut made = Vec::new();
    for (at, kid) in kids.iter().enumerate().filter(|(_, kid)| kid.is_named()) {
        let next = kids[at + 1..].iter().find(|next| next.is_named());
        let counts = counts && Some(at) == last || next.is_some_and(|next| gives_last_status(lower, *next));
        let is_behind = kids.get(at + 1).is_some_and(|next| next.kind() == "&");
        let steps = lower.deeper(*kid, |lower| {
            let steps = statement(lower, *kid, counts || is_behind);
            steps.into_iter().map(|step| placed(*kid, step)).collect()
        });
        if is_behind {
            made.push(placed(*kid, Node::new(Kind::Raw, "&", vec![Node::block(steps)])));
        } else {
            made.extend(steps);
        }
    }
    made
}

/// Whether a command leaves with the status of the one before it: `return`, `exit $?`.
fn gives_last_status(lower: &Lower<'_>, node: Syntax<'_>) -> bool {
    let given = fields(node, "argument");
    node.kind() == "command"
        && matches!(plain_name(lower, node), "exit" | "return")
        && given.iter().all(|one| matches!(lower.text(*one), "$?" | "\"$?\""))
        && given.len() < 2
}

fn block(lower: &mut Lower<'_>, kids: &[Syntax<'_>], counts: bool) -> Node {
    let made = statements(lower, kids, counts);
    match made.as_slice() {
        // In a branch, `:` stands for nothing.
        [only] if only.is(Kind::Raw) && only.text == "true" => Node::block(Vec::new()),
        _ => Node::block(made),
    }
}

fn statement(lower: &mut Lower<'_>, node: Syntax<'_>, counts: bool) -> Vec<Node> {
    let made = match node.kind() {
        "if_statement" => condition(lower, node, counts),
        "while_statement" => repeat(lower, node, counts),
        "for_statement" => for_each(lower, node, counts),
        "c_style_for_statement" => {
            let Some(inner) = node.child_by_field_name("body") else { return vec![lower.opaque(node)] };
            let head = lower.between(node.start_byte(), inner.start_byte());
            let head = head.split_whitespace().collect::<Vec<_>>().join(" ");
            let kids = all(inner);
            Node::new(Kind::Raw, &head, vec![block(lower, &kids, true)])
        }
        "case_statement" => case::case(lower, node, counts),
        "function_definition" => function(lower, node),
        "compound_statement" if starts_with(node, "{") => {
            let kids = all(node);
            return statements(lower, &kids, counts);
        }
        "list" => return list(lower, node, counts),
        "command" => match (plain_name(lower, node), arguments(lower, node)) {
            ("exit" | "return", _) if gives_last_status(lower, node) => {
                let kind = if plain_name(lower, node) == "exit" { Kind::Raise } else { Kind::Return };
                Node::leaf(kind, if kind == Kind::Raise { "exit" } else { "" })
            }
            ("exit", given) => Node::new(Kind::Raise, "exit", given),
            ("return", given) => Node::of(Kind::Return, given),
            ("break", given) if given.is_empty() => Node::of(Kind::Break, Vec::new()),
            ("continue", given) if given.is_empty() => Node::of(Kind::Continue, Vec::new()),
            ("break" | "continue", _) => lower.opaque(node),
            _ => as_step(value(lower, node)),
        },
        _ => as_step(value(lower, node)),
    };
    vec![made]
}

/// A value for its effect; `true` and `false` set the status.
fn as_step(value: Node) -> Node {
    match value.kind {
        Kind::Word => Node::leaf(Kind::Raw, &value.text),
        Kind::Raw if value.text.starts_with("set ") || value.text.starts_with("declare ") => value,
        Kind::Opaque => value,
        _ => Node::of(Kind::Do, vec![value]),
    }
}

/// `a || b` runs `b` if `a` failed, and has the status of the last that ran: so has `if ! a; then b; fi`. Where `a` fails, the
/// status of `a && b` is another one than that of an `if`.
fn list(lower: &mut Lower<'_>, node: Syntax<'_>, counts: bool) -> Vec<Node> {
    let signs = lower.signs(node);
    let parts = named(node);
    let ([left, right], [sign]) = (parts.as_slice(), signs.as_slice()) else { return vec![lower.opaque(node)] };
    if sign == "||" || sign == "&&" && !counts {
        let test = value(lower, *left);
        let then = block(lower, &[*right], counts);
        let test = if sign == "||" { test.negated() } else { test };
        return vec![Node::of(Kind::If, vec![test, then, Node::block(Vec::new())])];
    }
    vec![as_step(value(lower, node))]
}

/// The commands of a condition up to the sign that ends it: one, or nothing that is understood.
fn tested(lower: &mut Lower<'_>, kids: &[Syntax<'_>]) -> Option<Node> {
    let named: Vec<Syntax<'_>> = kids.iter().copied().filter(Syntax::is_named).collect();
    match named.as_slice() {
        [only] if !kids.iter().any(|kid| kid.kind() == "&") => Some(value(lower, *only)),
        _ => None,
    }
}

fn condition(lower: &mut Lower<'_>, node: Syntax<'_>, counts: bool) -> Node {
    let kids = all(node);
    let Some(first) = branch(lower, &kids, counts) else { return lower.opaque(node) };
    let mut made = vec![(node, first)];
    let mut other = Node::block(Vec::new());
    for kid in &kids {
        match kid.kind() {
            "elif_clause" => {
                let inner = all(*kid);
                let Some(branch) = branch(lower, &inner, counts) else { return lower.opaque(node) };
                made.push((*kid, branch));
            }
            "else_clause" => {
                let inner = all(*kid);
                other = block(lower, &inner, counts);
            }
            _ => {}
        }
    }
    let mut step = Node::empty();
    for (at, (test, then)) in made.into_iter().rev() {
        step = placed(at, Node::of(Kind::If, vec![test, then, other]));
        other = Node::block(vec![step.clone()]);
    }
    step
}

/// What is tested before `then`, and what follows it.
fn branch(lower: &mut Lower<'_>, kids: &[Syntax<'_>], counts: bool) -> Option<(Node, Node)> {
    let then = kids.iter().position(|kid| kid.kind() == "then")?;
    let end = kids.iter().position(|kid| matches!(kid.kind(), "elif_clause" | "else_clause")).unwrap_or(kids.len());
    let test = tested(lower, &kids[..then])?;
    Some((test, block(lower, &kids[then + 1..end], counts)))
}

fn repeat(lower: &mut Lower<'_>, node: Syntax<'_>, counts: bool) -> Node {
    let kids = all(node);
    let inner = node.child_by_field_name("body");
    let before = kids.iter().position(|kid| Some(*kid) == inner).unwrap_or(0);
    let (Some(test), Some(inner)) = (tested(lower, &kids[..before]), inner) else { return lower.opaque(node) };
    let test = if starts_with(node, "until") { test.negated() } else { test };
    let steps = all(inner);
    let steps = block(lower, &steps, true);
    Node::new(Kind::While, if counts { "status" } else { "" }, vec![test, steps, Node::block(Vec::new())])
}

fn for_each(lower: &mut Lower<'_>, node: Syntax<'_>, counts: bool) -> Node {
    let (Some(name), Some(inner)) = (node.child_by_field_name("variable"), node.child_by_field_name("body")) else {
        return lower.opaque(node);
    };
    if !starts_with(node, "for") {
        return lower.opaque(node);
    }
    let name = format!("variable {}", lower.text(name));
    let values: Vec<Node> = fields(node, "value").into_iter().map(|one| word(lower, one)).collect();
    let has_values = lower.signs(node).iter().any(|sign| sign == "in");
    let over = Node::new(Kind::Raw, if has_values { "in" } else { "all" }, values);
    let steps = all(inner);
    let steps = block(lower, &steps, true);
    let kids = vec![Node::leaf(Kind::Raw, &name), over, steps, Node::block(Vec::new())];
    Node::new(Kind::For, if counts { "status" } else { "" }, kids)
}

fn function(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let name = node.child_by_field_name("name").map_or("", |name| lower.text(name)).to_owned();
    let inner = node.child_by_field_name("body").filter(|inner| starts_with(*inner, "{"));
    let Some(inner) = inner.filter(|_| node.child_by_field_name("redirect").is_none()) else {
        return lower.opaque(node);
    };
    let steps = all(inner);
    let steps = Node::block(statements(lower, &steps, true));
    Node::new(Kind::Def, &name, vec![Node::of(Kind::Params, Vec::new()), steps, Node::leaf(Kind::Raw, "")])
}

fn field(lower: &mut Lower<'_>, node: Syntax<'_>, name: &str) -> Node {
    node.child_by_field_name(name).map_or_else(Node::empty, |child| word(lower, child))
}

/// The name of a command that is a plain word, with nothing before it.
fn plain_name<'s>(lower: &Lower<'s>, node: Syntax<'_>) -> &'s str {
    let name = node.child_by_field_name("name").and_then(|name| name.child(0));
    let is_first = node.child(0).is_some_and(|first| first.kind() == "command_name");
    name.filter(|name| is_first && name.kind() == "word" && node.child_by_field_name("redirect").is_none())
        .map_or("", |name| lower.text(name))
}

fn arguments(lower: &mut Lower<'_>, node: Syntax<'_>) -> Vec<Node> {
    fields(node, "argument").into_iter().map(|one| word(lower, one)).collect()
}

/// A command where its status is looked at.
fn value(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let made = lower.deeper(node, |lower| vec![one_value(lower, node)]).pop();
    made.map_or_else(Node::empty, |made| placed(node, made))
}

fn one_value(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    match node.kind() {
        "command" => command(lower, node),
        "negated_command" => match named(node).as_slice() {
            [only] => value(lower, *only).negated(),
            _ => lower.opaque(node),
        },
        "list" => {
            let signs = lower.signs(node);
            let parts = named(node);
            let ([left, right], [sign]) = (parts.as_slice(), signs.as_slice()) else { return lower.opaque(node) };
            let kind = match sign.as_str() {
                "&&" => Kind::And,
                "||" => Kind::Or,
                _ => return lower.opaque(node),
            };
            let left = value(lower, *left);
            Node::of(kind, vec![left, value(lower, *right)])
        }
        "pipeline" => {
            let sort = lower.signs(node).join(" ");
            let parts = named(node);
            Node::new(Kind::Raw, &sort, parts.into_iter().map(|part| value(lower, part)).collect())
        }
        "redirected_statement" => redirected(lower, node),
        "test_command" => test::test(lower, node),
        "subshell" => {
            let kids = all(node);
            Node::new(Kind::Raw, "( )", vec![Node::block(statements(lower, &kids, true))])
        }
        "variable_assignment" => assignment(lower, node),
        "declaration_command" | "unset_command" => {
            let sort = node.child(0).map_or("", |first| lower.text(first));
            let parts = named(node);
            let parts = parts.into_iter().map(|part| match part.kind() {
                "variable_assignment" => assignment(lower, part),
                _ => word(lower, part),
            });
            Node::new(Kind::Raw, &format!("declare {sort}"), parts.collect())
        }
        "compound_statement" if starts_with(node, "((") => {
            test::arithmetic(lower, node).unwrap_or_else(|| lower.opaque(node))
        }
        "compound_statement" | "if_statement" | "while_statement" | "for_statement" | "case_statement" => {
            let made = statement(lower, node, true);
            if made.iter().any(|step| step.is(Kind::Opaque)) {
                return lower.opaque(node);
            }
            Node::new(Kind::Raw, "{ }", vec![Node::block(made)])
        }
        _ => lower.opaque(node),
    }
}

fn command(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let name = plain_name(lower, node);
    if named(node).len() == 1 && matches!(name, ":" | "true" | "false") {
        return Node::leaf(Kind::Word, if name == "false" { "false" } else { "true" });
    }
    let parts = named(node);
    let parts = parts.into_iter().map(|part| match part.kind() {
        "command_name" => part.child(0).map_or_else(Node::empty, |name| word(lower, name)),
        "variable_assignment" => assignment(lower, part),
        "file_redirect" | "herestring_redirect" => redirect(lower, part),
        _ => word(lower, part),
    });
    Node::new(Kind::Raw, "run", parts.collect())
}

fn assignment(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let (Some(name), Some(given)) = (node.child_by_field_name("name"), node.child_by_field_name("value")) else {
        // Nothing after the sign is an empty text.
        return match node.child_by_field_name("name").filter(|name| name.kind() == "variable_name") {
            Some(_) => Node::new(Kind::Raw, &format!("set {}", lower.text(node)), vec![Node::leaf(Kind::Str, "")]),
            None => lower.opaque(node),
        };
    };
    if name.kind() != "variable_name" {
        return lower.opaque(node);
    }
    let sign = lower.signs(node).join("");
    let given = match given.kind() {
        "array" => {
            let parts = named(given);
            Node::new(Kind::Raw, "array", parts.into_iter().map(|part| word(lower, part)).collect())
        }
        // A value is not parted into words.
        _ => unparted(word(lower, given)),
    };
    Node::new(Kind::Raw, &format!("set {}{sign}", lower.text(name)), vec![given])
}

/// A word in a place where the shell does not part it at blanks.
pub(super) fn unparted(word: Node) -> Node {
    match word.kind {
        Kind::Raw if word.text == "parted" => Node::of(Kind::Text, word.kids),
        _ => word,
    }
}

fn redirected(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let mut kids = vec![node.child_by_field_name("body").map_or_else(Node::empty, |inner| value(lower, inner))];
    for part in fields(node, "redirect") {
        if !matches!(part.kind(), "file_redirect" | "herestring_redirect") {
            return lower.opaque(node);
        }
        kids.push(redirect(lower, part));
    }
    Node::new(Kind::Raw, "redirect", kids)
}

fn redirect(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let descriptor = node.child_by_field_name("descriptor").map_or("", |one| lower.text(one));
    let sort = format!("{descriptor}{}", lower.signs(node).join(" "));
    let parts = named(node).into_iter().filter(|part| part.kind() != "file_descriptor");
    let parts: Vec<Syntax<'_>> = parts.collect();
    // What is written to it goes where standard error goes.
    if matches!(sort.as_str(), ">" | ">>") && matches!(parts.as_slice(), [only] if lower.text(*only) == "/dev/stderr") {
        return Node::new(Kind::Raw, ">&", vec![Node::leaf(Kind::Str, "2")]);
    }
    Node::new(Kind::Raw, &sort, parts.into_iter().map(|part| word(lower, part)).collect())
}

/// A word: what it says if it is quoted or has no signs, else how it is written.
pub(super) fn word(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let made = lower.deeper(node, |lower| vec![one_word(lower, node)]).pop();
    made.map_or_else(Node::empty, |made| placed(node, made))
}

fn one_word(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let written = lower.text(node);
    match node.kind() {
        "word" | "number" | "variable_name" | "test_operator" if is_literal(written) => Node::leaf(Kind::Str, written),
        "raw_string" => Node::leaf(Kind::Str, written.trim_start_matches('\'').trim_end_matches('\'')),
        "ansi_c_string" => {
            let inner = written.strip_prefix("$'").and_then(|inner| inner.strip_suffix('\''));
            inner.map_or_else(
                || lower.opaque(node),
                |inner| Node::leaf(Kind::Str, &unescaped(inner, EscapeRules::Shell)),
            )
        }
        "string" => text(lower, node),
        "simple_expansion" | "expansion" | "command_substitution" => {
            Node::new(Kind::Raw, "parted", vec![hole(lower, node)])
        }
        "concatenation" => {
            let parts = named(node);
            let parts: Vec<Node> = parts.into_iter().map(|part| word(lower, part)).collect();
            let is_whole = parts.iter().all(|part| matches!(part.kind, Kind::Str | Kind::Text));
            // Between parts that are not quoted, something may be left out by the reader of the syntax.
            let has_all = named(node).iter().map(|part| part.byte_range().len()).sum::<usize>() == written.len();
            match (has_all, is_whole) {
                (true, true) => Node::of(Kind::Text, parts),
                (true, false) => Node::new(Kind::Raw, "word", parts),
                (false, _) => lower.opaque(node),
            }
        }
        _ => Node::leaf(Kind::Opaque, &format!("{}: {written}", node.kind())),
    }
}

/// Whether a word that is not quoted says what is written.
pub(super) fn is_literal(written: &str) -> bool {
    !written.is_empty() && written.chars().all(|c| c.is_alphanumeric() || "_-./:,@%+=^".contains(c))
}

/// A text in double quotes.
fn text(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let (mut kids, mut at) = (Vec::new(), node.start_byte() + 1);
    let end = node.end_byte().saturating_sub(1);
    if !lower.text(node).starts_with('"') || !lower.text(node).ends_with('"') || end < at {
        return lower.opaque(node);
    }
    for part in named(node) {
        match part.kind() {
            "string_content" => {}
            "simple_expansion" | "expansion" | "command_substitution" | "arithmetic_expansion" => {
                kids.push(Node::leaf(Kind::Str, &said(lower.between(at, part.start_byte()))));
                kids.push(hole(lower, part));
                at = part.end_byte();
            }
            _ => return lower.opaque(node),
        }
    }
    kids.push(Node::leaf(Kind::Str, &said(lower.between(at, end))));
    Node::of(Kind::Text, kids)
}

/// What is written in double quotes: a backslash is only left out before few signs.
fn said(written: &str) -> String {
    let mut plain = String::with_capacity(written.len());
    let mut chars = written.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('$' | '`' | '"' | '\\')) => plain.extend(chars.next()),
            ('\\', Some('\n')) => {
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}

/// A value that is put into a word: a variable, or what a command writes.
fn hole(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let written = lower.text(node);
    let inner = match node.kind() {
        "expansion" => {
            let name = written.strip_prefix("${").and_then(|name| name.strip_suffix('}')).unwrap_or_default();
            // `$10` is the first word and a zero.
            let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && (name.len() == 1 || name.starts_with(|c: char| !c.is_ascii_digit()))
                && !name.is_empty();
            Node::leaf(Kind::Raw, &if is_name { format!("${name}") } else { written.to_owned() })
        }
        "command_substitution" if !(written.starts_with('`') && written.contains('\\')) => {
            let kids = all(node);
            Node::new(Kind::Raw, "$( )", vec![Node::block(statements(lower, &kids, true))])
        }
        _ => Node::leaf(Kind::Raw, written),
    };
    Node::of(Kind::Hole, vec![inner])
}
