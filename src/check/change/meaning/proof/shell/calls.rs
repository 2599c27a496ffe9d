//! Functions and constants of a shell script of which only one version knows the name: their bodies and values are put where
//! they are used.
//!
//! Only functions that nothing but such calls can notice: they use `$1` to `$9` and no other way to look at their arguments,
//! do not return early, have no variables of their own, and change no variable that a call gives them.

use super::super::tree::{Kind, Node};
use super::is_literal;
use std::collections::HashSet;

/// Largest body that is put in, in nodes.
const MAX_BODY: usize = 1_500;

/// Commands that look at arguments, set variables by name, or run text.
pub(super) const NOTICING: &[&str] = &[
    "shift",
    "set",
    "eval",
    "source",
    ".",
    "unset",
    "read",
    "printf",
    "mapfile",
    "readarray",
    "getopts",
    "let",
    "local",
    "exec",
    "trap",
];

/// Puts one of the functions or constants with these names where it is used. Says whether it did.
pub(in super::super) fn inline(root: &mut Node, names: &HashSet<String>, max_size: usize) -> bool {
    for at in 0..root.kids.len() {
        let function = &root.kids[at];
        if !function.is(Kind::Def) || !names.contains(&function.text) || !is_simple(&function.kids[1]) {
            continue;
        }
        let name = function.text.clone();
        if is_early(root, at, &name) {
            continue;
        }
        let mut made = root.clone();
        let body = made.kids.remove(at).kids.swap_remove(1);
        // A function that the body calls could change what a call gives; so could the shell itself with `$PWD` or `$RANDOM`.
        let calls = root.kids.iter().any(|kid| kid.is(Kind::Def) && mentions(&body, &kid.text));
        let mut steady = HashSet::new();
        root.each(&mut |inner| {
            let name = inner.text.strip_prefix("set ").or_else(|| inner.text.strip_prefix("variable "));
            steady
                .extend(name.filter(|_| inner.is(Kind::Raw)).map(|name| name.trim_end_matches(['=', '+']).to_owned()));
            if run(inner) == Some("read") {
                steady.extend(inner.kids[1..].iter().filter(|word| is_name(&word.text)).map(|word| word.text.clone()));
            }
        });
        let moves = ["cd", "pushd", "popd"].iter().any(|command| mentions(&body, command));
        if calls {
            steady.clear();
        } else if !moves {
            steady.insert("PWD".to_owned());
        }
        // The shell itself calls some functions, such as `command_not_found_handle`.
        if !mentions(&made, &name) {
            continue;
        }
        put(&mut made, &name, &body, &steady);
        if !mentions(&made, &name) && made.measure().0 <= max_size {
            *root = made;
            return true;
        }
    }
    inline_constant(root, names)
}

/// The variable that a statement gives a value.
pub(in super::super) fn variable(node: &Node) -> Option<&str> {
    node.text.strip_prefix("set ").and_then(|set| set.strip_suffix('=')).filter(|_| node.is(Kind::Raw))
}

/// Puts one of the constants with these names where it is used: a fixed text that a variable gets once, before anything else
/// can look at it. Says whether it did.
fn inline_constant(root: &mut Node, names: &HashSet<String>) -> bool {
    for at in 0..root.kids.len() {
        let step = &root.kids[at];
        let Some(name) = variable(step).filter(|name| names.contains(*name)).map(str::to_owned) else { continue };
        let [value] = step.kids.as_slice() else { continue };
        if !value.is(Kind::Str) || is_early(root, at, &name) || is_known(&name) {
            continue;
        }
        let mut made = root.clone();
        let value = made.kids.remove(at).kids.swap_remove(0);
        if !mentions(&made, &name) {
            continue;
        }
        let written = format!("${name}");
        made.rewrite(&mut |node| {
            let is_use = |node: &Node| node.is(Kind::Hole) && node.kids.len() == 1 && node.kids[0].text == written;
            if node.is(Kind::Text) {
                node.kids.iter_mut().filter(|part| is_use(part)).for_each(|part| *part = value.clone());
            } else if node.text == "parted" && node.kids.first().is_some_and(is_use) && is_literal(&value.text) {
                *node = value.clone();
            } else if node.is(Kind::Raw) && node.text.ends_with(" =~") && node.kids.len() == 2 {
                let pattern = &mut node.kids[1];
                if pattern.text == "parted" && pattern.kids.first().is_some_and(is_use) && is_plain_pattern(&value.text)
                {
                    *pattern = Node::leaf(Kind::Raw, &value.text);
                }
            }
        });
        if !mentions(&made, &name) {
            *root = made;
            return true;
        }
    }
    false
}

/// Whether a pattern means the same where it is written and where it is the value of a variable.
fn is_plain_pattern(text: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "_-.,:/^$*+?[]{}()|".contains(c);
    !text.is_empty() && text.chars().all(is_sign) && !text.contains("$(") && !text.contains("${")
}

/// Whether the shell, or programs that it starts, look at a variable by themselves. Others are not in the environment of a
/// tool unless it exports them.
pub(super) fn is_known(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "IFS",
        "PATH",
        "HOME",
        "LANG",
        "LANGUAGE",
        "TMPDIR",
        "TMP",
        "TEMP",
        "TZ",
        "TERM",
        "USER",
        "LOGNAME",
        "SHELL",
        "ENV",
        "PWD",
        "OLDPWD",
        "CDPATH",
        "GLOBIGNORE",
        "GLOBSORT",
        "OPTIND",
        "OPTARG",
        "OPTERR",
        "SHELLOPTS",
        "EXECIGNORE",
        "FIGNORE",
        "RANDOM",
        "SECONDS",
        "SRANDOM",
        "REPLY",
        "TIMEFORMAT",
        "TMOUT",
        "HOSTFILE",
        "INPUTRC",
        "FCEDIT",
        "EDITOR",
        "VISUAL",
        "PAGER",
        "POSIXLY_CORRECT",
        "COLUMNS",
        "LINES",
        "UID",
        "EUID",
        "FUNCNEST",
    ];
    const BEGINS: &[&str] =
        &["LC_", "PS", "BASH", "LD_", "PYTHON", "NODE_", "XDG_", "TOOLSMITH", "HIST", "COMP", "MAIL", "ZSH"];
    NAMES.contains(&name) || BEGINS.iter().any(|begin| name.starts_with(begin))
}

/// Whether a statement before this one could use a name, or call a function that does.
fn is_early(root: &Node, at: usize, name: &str) -> bool {
    let defined: Vec<&str> = root.kids.iter().filter(|kid| kid.is(Kind::Def)).map(|kid| kid.text.as_str()).collect();
    let looks = |step: &Node| mentions(step, name) || defined.iter().any(|other| mentions(step, other));
    root.kids[..at].iter().any(|step| !step.is(Kind::Def) && looks(step))
}

/// Whether a word stands anywhere in it.
pub(super) fn mentions(node: &Node, name: &str) -> bool {
    let parts = |text: &str| text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name);
    node.any(&|inner| parts(&inner.text) || inner.text.contains(name) && !is_name(name))
}

/// Whether a name is one word.
pub(super) fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The name of the command that a node runs.
pub(super) fn run(node: &Node) -> Option<&str> {
    let name = node.kids.first().filter(|_| node.is(Kind::Raw) && node.text == "run")?;
    name.is(Kind::Str).then_some(name.text.as_str())
}

/// The number of the argument that a value is: `$1`.
fn argument(node: &Node) -> Option<usize> {
    let number = node.text.strip_prefix('$').filter(|_| node.is(Kind::Raw) && node.kids.is_empty())?;
    number.parse().ok().filter(|number| (1..=9).contains(number) && node.text.len() == 2)
}

/// Whether a body does the same in place of a call.
fn is_simple(body: &Node) -> bool {
    let is_strange = |inner: &Node| match inner.kind {
        Kind::Return | Kind::Def | Kind::Opaque => true,
        Kind::Raw if inner.text.starts_with("declare ") => true,
        Kind::Raw if run(inner).is_some_and(|name| NOTICING.contains(&name)) => true,
        Kind::Raw if inner.text == "run" => !inner.kids.first().is_some_and(|name| name.is(Kind::Str)),
        // `$@`, `$#`, `${1:-a}`, arithmetic and whatever else may look at arguments.
        Kind::Raw if inner.text.contains('$') && inner.text != "$( )" => {
            let name = inner.text.trim_start_matches('$');
            argument(inner).is_none()
                && inner.text != "$@"
                && (!is_name(name) || name.starts_with(|c: char| c.is_ascii_digit()))
        }
        _ => false,
    };
    let is_all = |inner: &Node| inner.is(Kind::Raw) && inner.text == "$@";
    let (mut all, mut handed_on) = (0, 0);
    body.each(&mut |inner| {
        all += usize::from(is_all(inner));
        if run(inner).is_some() {
            handed_on += inner.kids[1..].iter().filter(|word| gives_all(word)).count();
        }
    });
    // A function is no loop: what would leave a loop around the call does not.
    all == handed_on
        && !leaves_loop(body)
        && !body.any(&is_strange)
        && body.measure().0 < MAX_BODY
        && !body.kids.is_empty()
}

/// Whether a word is `"$@"`: all arguments, each as one word.
fn gives_all(word: &Node) -> bool {
    let mut parts = word.kids.iter().filter(|part| !(part.is(Kind::Str) && part.text.is_empty()));
    let (Some(only), None) = (parts.next(), parts.next()) else { return false };
    word.is(Kind::Text) && only.is(Kind::Hole) && only.kids.len() == 1 && only.kids[0].text == "$@"
}

/// Whether `break` or `continue` stands outside of a loop.
fn leaves_loop(node: &Node) -> bool {
    match node.kind {
        Kind::Break | Kind::Continue => true,
        Kind::For | Kind::While => false,
        _ => node.kids.iter().any(leaves_loop),
    }
}

/// Puts the body in place of all calls where that is possible; see [`called`].
fn put(node: &mut Node, name: &str, body: &Node, steady: &HashSet<String>) {
    for kid in &mut node.kids {
        put(kid, name, body, steady);
    }
    if node.is(Kind::Block) {
        let kids = std::mem::take(&mut node.kids);
        for kid in kids {
            let made =
                Some(&kid).filter(|kid| kid.is(Kind::Do)).and_then(|kid| called(kid.kids.first()?, name, body, steady));
            match made {
                Some(made) => node.kids.extend(made.kids),
                None => node.kids.push(kid),
            }
        }
    } else if let Some(mut made) = called(node, name, body, steady)
        && let [only] = made.kids.as_mut_slice()
        && only.is(Kind::Do)
        && only.text.is_empty()
    {
        *node = only.kids[0].take();
    }
}

/// The body with the arguments of a call in their places. `steady`: variables that only statements of the script change.
fn called(call: &Node, name: &str, body: &Node, steady: &HashSet<String>) -> Option<Node> {
    if run(call) != Some(name) {
        return None;
    }
    let given = &call.kids[1..];
    let is_fixed = |value: &Node| match value.kind {
        Kind::Str => true,
        Kind::Hole => value.kids.iter().all(|inner| {
            let name = inner.text.trim_start_matches('$');
            inner.is(Kind::Raw) && inner.kids.is_empty() && (argument(inner).is_some() || steady.contains(name))
        }),
        _ => false,
    };
    let is_plain = |value: &Node| value.is(Kind::Str) || value.is(Kind::Text) && value.kids.iter().all(is_fixed);
    let used: HashSet<String> = given.iter().flat_map(names_in).collect();
    let sets = |inner: &Node| {
        let name = inner.text.strip_prefix("set ").or_else(|| inner.text.strip_prefix("variable "));
        inner.is(Kind::Raw) && name.is_some_and(|name| used.contains(name.trim_end_matches(['=', '+'])))
    };
    if !given.iter().all(is_plain) || body.any(&sets) {
        return None;
    }
    let mut made = body.clone();
    let is_done = with(&mut made, given);
    is_done.then_some(made)
}

fn names_in(value: &Node) -> Vec<String> {
    let mut names = Vec::new();
    value.each(&mut |inner| {
        if inner.is(Kind::Raw) {
            names.push(inner.text.trim_start_matches('$').to_owned());
        }
    });
    names
}

/// Puts the given words in place of `$1` and so on. Says whether that was possible everywhere.
fn with(node: &mut Node, given: &[Node]) -> bool {
    let number = |hole: &Node| hole.kids.first().filter(|_| hole.is(Kind::Hole)).and_then(argument);
    match node.kind {
        Kind::Raw if node.text == "run" && node.kids.iter().any(gives_all) => {
            let words = std::mem::take(&mut node.kids);
            for mut word in words {
                if gives_all(&word) {
                    node.kids.extend(given.iter().cloned());
                } else if with(&mut word, given) {
                    node.kids.push(word);
                } else {
                    return false;
                }
            }
            true
        }
        Kind::Text if node.kids.iter().any(|part| number(part).is_some()) => {
            let parts = std::mem::take(&mut node.kids);
            for part in parts {
                match number(&part).map(|number| given.get(number - 1)) {
                    Some(Some(word)) if word.is(Kind::Str) => node.kids.push(word.clone()),
                    Some(Some(word)) => node.kids.extend(word.kids.iter().cloned()),
                    Some(None) => return false,
                    None => node.kids.push(part),
                }
            }
            node.kids.iter_mut().filter(|part| part.is(Kind::Hole)).all(|part| {
                // A value of the caller may be called `$1`, too.
                part.kids.iter_mut().all(|inner| argument(inner).is_some() || with(inner, given))
            })
        }
        Kind::Raw if node.text == "parted" && node.kids.first().is_some_and(|hole| number(hole).is_some()) => {
            let word = node.kids.first().and_then(number).and_then(|number| given.get(number - 1));
            match word.filter(|word| word.is(Kind::Str) && is_literal(&word.text)) {
                Some(word) => {
                    *node = word.clone();
                    true
                }
                None => false,
            }
        }
        _ if argument(node).is_some() => false,
        _ => node.kids.iter_mut().all(|kid| with(kid, given)),
    }
}
