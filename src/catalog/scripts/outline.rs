//! What a script is, in a line, where it has no words of its own: what it defines, or what it runs first.

use super::scanner::{calls, signs};
use super::shell_code::function_spans;
use super::{Declared, NAMED, ScriptText, docstring, literal, own_words, python, web_service, words_of_names};
use crate::catalog::description;
use crate::domain::source::Language;
use serde_json::Value;

/// Lines that are looked at.
const MAX_LINES: usize = 2_000;

/// Characters of a line that stands for a description.
const LINE_CHARS: usize = 100;

/// Words before the one that says what is defined.
const BEFORE: &[&str] = &["export ", "default ", "async ", "local ", "abstract ", "public ", "static "];

/// Words behind which a name is defined.
const DEFINING: &[(&str, usize)] =
    &[("def ", FUNCTION), ("class ", CLASS), ("function ", FUNCTION), ("sub ", FUNCTION), ("module ", CLASS)];

/// How much a name tells, the least number first; what is called as its file is tells most.
const STARTED: usize = 1;
const FUNCTION: usize = 2;
const CLASS: usize = 3;
const VALUE: usize = 4;

/// Words that a line of shell begins with that only prepares or asks something.
const PREPARING: &[&str] = &[
    "set", "shopt", "export", "declare", "local", "readonly", "if", "then", "else", "elif", "fi", "for", "while",
    "until", "do", "done", "case", "esac", "function", "trap", "cd", "echo", "printf", "exit", "return", "shift",
    "source", ".", "alias", "umask", "[", "[[", "{", "}", "(", ")", "unset", "pushd", "popd", "exec", "read", "test",
    "true", ":", "continue", "break",
];

/// Describes a script by its code.
pub(super) fn describe(script: &ScriptText<'_>, declared: &mut Declared) {
    if declared.description.is_none() {
        let words = own_words::description(script)
            .or_else(|| web_service::words(script))
            .or_else(|| of_main(script))
            .or_else(|| of_field(script))
            .or_else(|| commands(declared));
        declared.contents = words.or(declared.contents.take()).or_else(|| outline(script));
    }
}

/// The names of the commands of a program with several.
fn commands(declared: &Declared) -> Option<String> {
    let command = declared.inputs.iter().find(|input| input.name == "command")?;
    let names: Vec<&str> = command.schema.get("enum")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let more = if names.len() > NAMED { ", …" } else { "" };
    (!names.is_empty()).then(|| format!("Commands: {}{more}", names[..names.len().min(NAMED)].join(", ")))
}

/// The text of a field by which code describes itself: `meta: { description: "…" }`, `exports.desc = "…"`.
fn of_field(script: &ScriptText<'_>) -> Option<String> {
    let language = script.language.filter(|language| language.is_javascript())?;
    let text = script.text;
    let field = |(at, key): (usize, &str)| {
        let before = text[..at].trim_end();
        let rest = text[at + key.len()..].trim_start_matches(['\'', '"']).trim_start();
        let is_field = before.ends_with(['{', ',', '.']) || before.ends_with("export const");
        let value = rest.strip_prefix([':', '=']).filter(|_| is_field)?.trim_start();
        let end = value.find(['\n', ';']).unwrap_or(value.len());
        literal::text(value[..end].trim_end().trim_end_matches([',', '}', ' ']), language)
    };
    // What describes an option stands behind what describes the program.
    let begin = ["defineCommand(", "exports.", "export const "].iter().filter_map(|mark| text.find(mark)).min()?;
    let keys = ["description", "describe", "desc"];
    let found =
        keys.iter().flat_map(|key| text[begin..].match_indices(key).take(2).map(move |(at, _)| (begin + at, *key)));
    let mut found: Vec<(usize, &str)> = found.collect();
    found.sort_unstable();
    // One key may be the begin of another.
    let first = found.first()?.0;
    if !is_of_whole(&text[begin..first]) {
        return None;
    }
    let words = found.into_iter().filter(|(at, _)| *at == first).find_map(field);
    words.and_then(|words| description::first_paragraph(&words))
}

/// Whether a field behind this code describes the whole, and not one of its parts: it stands in the first table, or in its `meta`.
fn is_of_whole(before: &str) -> bool {
    let mut open: Vec<usize> = Vec::new();
    for sign in signs(before, Language::TypeScript) {
        match sign.byte {
            b'{' => open.push(sign.at),
            b'}' => {
                open.pop();
            }
            _ => {}
        }
    }
    match open[..] {
        [] | [_] => true,
        [_, inner] => before[..inner].trim_end().ends_with("meta:"),
        _ => false,
    }
}

/// The name of a script's file, as a name of code.
fn stem_of(script: &ScriptText<'_>) -> String {
    crate::catalog::draft::stem_of(script.path).replace('-', "_")
}

/// What the docstring says of the function or class that a script starts: its main function, what it hands to a maker of
/// command lines, or all that it defines.
fn of_main(script: &ScriptText<'_>) -> Option<String> {
    let text = script.text;
    if script.language != Some(Language::Python) || !(text.contains("def ") || text.contains("class ")) {
        return None;
    }
    let definitions = python::definitions(&python::blocks(text));
    let words = |one: &python::Definition<'_>| {
        let words = docstring::read(&python::docstring(one.body)?).summary;
        (!words.is_empty()).then_some(words)
    };
    let main = definitions.iter().find(|one| !one.is_class && matches!(one.name, "main" | "run"));
    let stem = stem_of(script);
    let named = || definitions.iter().find(|one| !one.is_class && one.name == stem);
    let handed = || {
        let inner = calls(text, "Fire", Language::Python).next()?.1;
        definitions.iter().find(|one| inner.split(',').next().is_some_and(|first| first.trim() == one.name))
    };
    let only = || {
        let mut public = definitions.iter().filter(|one| !one.name.starts_with('_'));
        public.next().filter(|_| public.next().is_none())
    };
    main.and_then(words)
        .or_else(|| named().and_then(words))
        .or_else(|| handed().and_then(words))
        .or_else(|| only().and_then(words))
}

fn outline(script: &ScriptText<'_>) -> Option<String> {
    if script.language == Some(Language::Bash) {
        return of_shell(script.text).map(runs);
    }
    let lines = || without_texts(script.text);
    let names = names(script);
    if !names.is_empty() {
        return Some(words_of_names(names.into_iter().take(NAMED + 1)));
    }
    // What is called first may only say something, or hand over what is to be done later.
    let opens = |line: &str| line.trim_end().ends_with('{') && (line.contains("=>") || line.contains("function"));
    let does = |line: &&str| !opens(line) && !says_it(line);
    let top = || lines().filter(|line| is_call(line));
    let given = || lines().filter_map(assigned_call);
    let call = top().find(does).or_else(|| given().find(does)).or_else(|| top().find(|line| !says_it(line)));
    let call = call.or_else(|| lines().map(str::trim).filter(|line| is_call(line)).find(does));
    let call = call.or_else(|| top().chain(given()).next());
    let call = call.or_else(|| lines().map(str::trim).find(|line| is_call(line)));
    let call = call.or_else(|| lines().map(str::trim).find_map(assigned_call));
    call.map(runs).or_else(|| {
        let names: Vec<&str> = lines().filter_map(|line| assigned(line).map(|(name, _)| name)).collect();
        let handed = || -> Vec<&str> { lines().filter_map(handed_on).take(NAMED).collect() };
        let named = (!names.is_empty()).then(|| words_of_names(names.into_iter().take(NAMED + 1)));
        named.or_else(|| {
            Some(handed()).filter(|names| !names.is_empty()).map(|names| format!("Exports {}", names.join(", ")))
        })
    })
}

/// What a script defines, the most telling first: what is called as its file is, what it exports or starts, other functions, classes.
/// Values count where there is nothing else.
fn names<'t>(script: &ScriptText<'t>) -> Vec<&'t str> {
    let stem = stem_of(script);
    let (mut exported, mut started): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut found: Vec<(usize, &str)> = Vec::new();
    for line in without_texts(script.text) {
        exported.extend(exports(line));
        started.extend(line.trim().split_once('(').map(|(head, _)| head.trim_start_matches("await ")));
        if let Some((rank, name)) = defined(line) {
            found.push((rank, name));
        }
    }
    let is_public = |name: &str| !name.starts_with('_') && name != "main";
    if found.iter().any(|(_, name)| is_public(name)) {
        found.retain(|(_, name)| is_public(name));
    }
    // What a file exports has its helpers behind it.
    if exported.iter().any(|name| is_public(name)) {
        found.retain(|(_, name)| exported.contains(name));
        found.extend(exported.iter().filter(|name| is_public(name)).map(|name| (FUNCTION, *name)));
    }
    if found.iter().any(|(rank, _)| *rank < VALUE) {
        found.retain(|(rank, _)| *rank < VALUE);
    }
    for (rank, name) in &mut found {
        if *name == stem {
            *rank = 0;
        } else if *rank == FUNCTION && started.contains(name) {
            *rank = STARTED;
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    let mut names: Vec<&str> = Vec::new();
    found.into_iter().filter(|(_, name)| !name.is_empty()).for_each(|(_, name)| {
        if names.len() <= NAMED && !names.contains(&name) {
            names.push(name);
        }
    });
    names
}

/// The names that a line of JavaScript gives to other files: `exports.parse = …`, `module.exports = { a, b }`.
fn exports(line: &str) -> Vec<&str> {
    let line = line.trim_end().trim_end_matches(';');
    let word =
        |text: &'_ str| text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'))).unwrap_or(text.len());
    if let Some(list) = line.strip_prefix("module.exports").map(|rest| rest.trim_start_matches([' ', '='])) {
        let list = list.strip_prefix('{').map(|list| list.trim_end_matches('}'));
        let names = list.unwrap_or_default().split(',').map(|name| name.split(':').next().unwrap_or_default().trim());
        return names.filter(|name| !name.is_empty() && word(name) == name.len()).collect();
    }
    let name = line.strip_prefix("exports.").filter(|rest| rest.contains('='));
    name.map(|rest| &rest[..word(rest)])
        .filter(|name| !matches!(*name, "" | "default" | "__esModule"))
        .into_iter()
        .collect()
}

/// The module whose names a line of JavaScript hands on: `export * from './a'`.
fn handed_on(line: &str) -> Option<&str> {
    let (_, module) = line.strip_prefix("export ")?.split_once(" from ")?;
    Some(module.trim().trim_end_matches(';').trim_matches(['"', '\'']))
}

/// Whether a call only writes something for who is watching.
fn says_it(line: &str) -> bool {
    let line = line.trim();
    let line = line.strip_prefix("await ").unwrap_or(line);
    ["console.", "print(", "echo(", "log(", "logger.", "logging."].iter().any(|begin| line.starts_with(begin))
}

/// The line of a shell script that says best what it runs: a command outside of its functions, else one in the function that
/// is called there.
fn of_shell(text: &str) -> Option<&str> {
    let functions = function_spans(text);
    let at = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
    let first_word = |line: &str| line.split_whitespace().next().map(|word| word.trim_end_matches(';').to_owned());
    let lines: Vec<&str> = without_lists(without_heredocs(text)).collect();
    let within = |line: &str| functions.iter().find(|(_, (from, to))| (*from..*to).contains(&at(line)));
    let (inner, top): (Vec<&str>, Vec<&str>) = lines.iter().copied().partition(|line| within(line).is_some());
    // A call of its own function says less than what that function runs.
    let is_own = |line: &str| first_word(line).is_some_and(|word| functions.iter().any(|(name, _)| *name == word));
    let called: Vec<String> = top.iter().filter(|line| is_own(line)).filter_map(|line| first_word(line)).collect();
    let is_called = |line: &&&str| within(line).is_some_and(|(name, _)| called.iter().any(|word| word == name));
    let called: Vec<&str> = inner.iter().filter(is_called).copied().collect();
    let is_named = |line: &str| is_command(line) && !is_own(line) && !line.starts_with(['$', '"']);
    let is_foreign = |line: &str| is_command(line) && !is_own(line);
    let first = |lines: &[&'_ str], is: &dyn Fn(&str) -> bool| -> Option<usize> {
        let found = lines.iter().find(|line| is(line)).or_else(|| lines.iter().find(|line| is(line.trim())));
        found.map(|line| at(line))
    };
    let places = [&top, &called, &inner];
    let named = || places.iter().find_map(|lines| first(lines, &is_named));
    let foreign = || places.iter().find_map(|lines| first(lines, &is_foreign));
    let own = || first(&top, &is_command);
    let begins = |line: &str, words: &[&str]| words.iter().any(|word| line.trim().starts_with(word));
    let says = || lines.iter().find(|line| begins(line, &["echo ", "printf ", "exec ", "cat <<"])).map(|line| at(line));
    let asks =
        || lines.iter().find(|line| is_condition_of_command(line) || begins(line, &["read "])).map(|line| at(line));
    // A script that only hands over to another file says at least to which one.
    let hands_over = || lines.iter().find(|line| takes_file(line) || begins(line, &["\"$("])).map(|line| at(line));
    let fills = || top.iter().find(|line| line.contains("=$(") || line.contains("=\"$(")).map(|line| at(line));
    let ends = || lines.iter().find(|line| begins(line, &["exit "])).map(|line| at(line));
    let found = named()
        .or_else(foreign)
        .or_else(says)
        .or_else(own)
        .or_else(asks)
        .or_else(hands_over)
        .or_else(fills)
        .or_else(ends)?;
    text[found..].lines().next()
}

/// Whether a line of shell starts a command after a condition: `[ -n "$a" ] && git push`.
fn is_condition_of_command(line: &str) -> bool {
    let line = line.trim();
    let is_condition = ["[ ", "[[ ", "test "].iter().any(|begin| line.starts_with(begin));
    let command = line.split_once("&& ").or_else(|| line.split_once("|| ")).map(|(_, command)| command.trim_start());
    is_condition && command.is_some_and(is_command)
}

/// Whether a line of shell continues with the code of another file: `. "$(dirname "$0")/../template/help.sh"`.
fn takes_file(line: &str) -> bool {
    let line = without_variables(line.trim());
    let file = line.strip_prefix("source ").or_else(|| line.strip_prefix(". "));
    file.is_some_and(|file| file.trim_start().starts_with(['"', '\'', '$', '.', '/', '~']))
}

/// A command of shell without the variables that are set for it alone: `DISPLAY=:0 xset dpms force off`.
fn without_variables(mut line: &str) -> &str {
    while let Some((name, value)) = line.split_once('=') {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let end = match quote {
            Some(sign) => value[1..].find(sign).map(|at| at + 2),
            None => value.find(' '),
        };
        let rest = end.and_then(|end| value.get(end..)).filter(|rest| rest.starts_with(' '));
        let is_plain = !value[..end.unwrap_or(value.len())].contains(['(', '`']);
        match rest.map(str::trim_start).filter(|rest| is_name && is_plain && !rest.is_empty() && !rest.starts_with('#'))
        {
            Some(rest) => line = rest,
            None => break,
        }
    }
    line
}

/// What a function runs first, where nothing describes it.
pub(super) fn of_body(body: &str) -> Option<String> {
    let lines = || without_texts(body).map(str::trim).filter(|line| !line.starts_with('#'));
    let returned = |line: &'_ str| -> bool { line.strip_prefix("return ").is_some_and(is_call) };
    let call = lines().find(|line| is_call(line) && !says_it(line));
    let call = call.or_else(|| lines().find(|line| returned(line)).map(|line| &line["return ".len()..]));
    call.or_else(|| lines().find_map(assigned_call)).or_else(|| lines().find(|line| is_call(line))).map(runs)
}

/// The lines of code, without those within texts over several lines.
fn without_texts(text: &str) -> impl Iterator<Item = &str> {
    let mut open: Option<&str> = None;
    text.lines().take(MAX_LINES).filter(move |line| {
        let was_open = open.is_some();
        let mut rest = *line;
        loop {
            let next = match open {
                Some(sign) => rest.find(sign).map(|at| (at, sign)),
                None => ["\"\"\"", "'''", "`"].into_iter().filter_map(|sign| Some((rest.find(sign)?, sign))).min(),
            };
            let Some((at, sign)) = next else { break };
            open = if open.is_some() { None } else { Some(sign) };
            rest = &rest[at + sign.len()..];
        }
        !was_open
    })
}

/// Lines of shell without the items of lists that go over several: `names=(`.
fn without_lists<'t>(lines: impl Iterator<Item = &'t str>) -> impl Iterator<Item = &'t str> {
    let mut is_open = false;
    lines.filter(move |line| {
        let was_open = is_open;
        is_open = if is_open { !line.trim_end().ends_with(')') } else { line.trim_end().ends_with("=(") };
        !was_open
    })
}

/// Whether a text in quotes is open behind a line of shell, and which quotes it has.
fn open_quote(line: &str, mut open: Option<char>) -> Option<char> {
    let mut before = ' ';
    for c in line.chars() {
        match (c, open) {
            ('#', None) if before.is_whitespace() => break,
            ('\'' | '"', None) if before != '\\' => open = Some(c),
            (c, Some(sign)) if c == sign && (sign == '\'' || before != '\\') => open = None,
            _ => {}
        }
        before = if before == '\\' && c == '\\' { ' ' } else { c };
    }
    open
}

/// The lines of a shell script, without texts that it only passes on.
pub(super) fn without_heredocs(text: &str) -> impl Iterator<Item = &str> {
    let mut end: Option<&str> = None;
    let mut quote: Option<char> = None;
    text.lines().take(MAX_LINES).filter(move |line| {
        if let Some(mark) = end {
            end = end.filter(|_| line.trim() != mark);
            return false;
        }
        let was_quoted = quote.is_some();
        quote = open_quote(line, quote);
        if was_quoted {
            return false;
        }
        let behind = line.split_once("<<").map(|(_, rest)| rest).filter(|rest| !rest.starts_with('<'));
        let mark = behind.map(|rest| rest.trim_start_matches('-').trim_start().trim_start_matches(['\'', '"', '\\']));
        let mark = mark.and_then(|rest| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next());
        end = mark.filter(|mark| !mark.is_empty() && !mark.starts_with(|c: char| c.is_ascii_digit()));
        true
    })
}

/// The name that a line gives a value, and the value.
fn assigned(line: &str) -> Option<(&str, &str)> {
    let line =
        ["const ", "let ", "var ", "my ", "local "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.split(':').next().unwrap_or_default().trim_end();
    let is_name = name.len() > 1
        && name.starts_with(|c: char| c.is_alphabetic() || c == '$')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
    (is_name && !value.starts_with(['=', '>', '~'])).then(|| (name, value.trim()))
}

/// The call whose result a line gives a name.
fn assigned_call(line: &str) -> Option<&str> {
    assigned(line).map(|(_, value)| value).filter(|value| is_call(value))
}

/// The name that a line defines, and how much it tells.
fn defined(line: &str) -> Option<(usize, &str)> {
    let mut rest = line;
    while let Some(after) = BEFORE.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = after;
    }
    let definition = DEFINING.iter().find_map(|(word, rank)| Some((*rank, rest.strip_prefix(word)?)));
    let (rank, rest) = definition.or_else(|| constant(line))?;
    let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '$'))).unwrap_or(rest.len());
    Some((rank, rest[..end].trim_end_matches([':', '.']))).filter(|(_, name)| !name.is_empty())
}

/// The text from the name of a constant on: `export const a = …`, `LIMIT = …`.
fn constant(line: &str) -> Option<(usize, &str)> {
    let rest = line.strip_prefix("export const ").unwrap_or(line);
    let name = rest.split([' ', ':', '=']).next().filter(|name| name.len() > 1 || rest.len() < line.len())?;
    let is_loud = name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let value = rest.split_once('=').map(|(_, value)| value.trim_start())?;
    let is_function = ["(", "async ", "function", "async("].iter().any(|begin| value.starts_with(begin));
    // What is exported is there for others, whatever it is.
    let rank = if rest.len() < line.len() && is_function {
        FUNCTION
    } else if rest.len() < line.len() {
        CLASS
    } else {
        VALUE
    };
    (is_loud || rest.len() < line.len()).then_some((rank, rest))
}

/// Whether a line of shell calls something.
fn is_command(line: &str) -> bool {
    let line = without_variables(line);
    let word = line.split(char::is_whitespace).next().unwrap_or_default();
    // `name )` is an arm of a `case`, and a document is only printed.
    let is_arm = line.contains(')') && !line.split(')').next().unwrap_or_default().contains('(');
    !is_arm
        && !line.starts_with("cat <<")
        && word.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/' | '"' | '$' | '_'))
        && !PREPARING.contains(&word)
        && !word.contains(['=', '(', ')', ';'])
        && !line[word.len()..].trim_start().starts_with("()")
}

/// Whether a line of code calls something: `name(…)`, `a.b(…)`.
fn is_call(line: &str) -> bool {
    let head = line.split('(').next().unwrap_or_default();
    let head = head.strip_prefix("await ").unwrap_or(head);
    let is_method = line.ends_with(") {") && head.len() < line.len();
    head.len() < line.len()
        && !is_method
        && !matches!(head.rsplit_once('.'), Some((_, "parse" | "parseAsync")))
        && !matches!(
            head,
            "if" | "for" | "while" | "switch" | "catch" | "return" | "elif" | "with" | "require" | "super"
        )
        && head.starts_with(|c: char| c.is_alphabetic())
        && head.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'))
}

fn runs(line: &str) -> String {
    let line = line.trim().trim_end_matches(['\\', '(', '{', '[', ',', ' ']);
    match line.char_indices().nth(LINE_CHARS) {
        Some((end, _)) => format!("Runs {}…", &line[..end]),
        None => format!("Runs {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Option<String> {
        let mut declared = Declared::default();
        describe(&ScriptText::new(path, text, Language::of(path, text)), &mut declared);
        declared.contents
    }

    #[test]
    fn a_script_without_words_is_described_by_its_code() {
        for (path, text, expected) in [
            ("x.sh", "#!/bin/sh\nset -e\nA=1\nif x; then\n  y\nfi\naws s3 ls \\\n  x\n", "Runs aws s3 ls"),
            ("x.sh", "for f in *; do\n  gzip \"$f\"\ndone\n", "Runs gzip \"$f\""),
            (
                "x.py",
                "import os\nclass A:\n    def m(self): pass\ndef _h(): pass\ndef main(): A()\nmain()\n",
                "Defines A",
            ),
            ("x.py", "def main():\n    \"\"\"Sends a mail.\n\n    More.\n    \"\"\"\nmain()\n", "Sends a mail."),
            ("x.py", "import os\nos.system('ls')\n", "Runs os.system('ls')"),
            (
                "x.ts",
                "import x from 'y';\nexport default async function go() {}\nexport const b = 1;\n",
                "Defines go, b",
            ),
            ("x.lua", "function PLUGIN:Available(ctx)\nend\n", "Defines PLUGIN:Available"),
            ("x.lua", "PLUGIN = {}\nPLUGIN.name = \"x\"\n", "Defines PLUGIN"),
            (
                "x.js",
                "export const meta = {\n  name: 'a',\n  description: 'Ports a rule',\n}\nrun();\n",
                "Ports a rule",
            ),
            ("x.sh", "#!/bin/sh\necho hi\n", "Runs echo hi"),
            ("x.sh", "help() {\n  cat x\n}\nmain() {\n  git log\n}\nmain \"$@\"\n", "Runs git log"),
            ("x.sh", "hide() { printf x; }\nhide\nfor i in 1; do\n  git fetch \"$i\"\ndone\n", "Runs git fetch \"$i\""),
            ("x.sh", "hook=$1\n$hook \"$@\"\ngit push\n", "Runs git push"),
            ("x.sh", "\"$EDITOR\" notes\n", "Runs \"$EDITOR\" notes"),
            ("x.sh", "go() {\n  echo 1\n}\ngo\n", "Runs echo 1"),
            ("x.js", "console.log('a', 'b')\nfs.rmSync('x')\n", "Runs fs.rmSync('x')"),
            (
                "x.js",
                "const app = make();\napp.get('/', (a, b) => {\n    b.send(a);\n});\napp.listen(30);\n",
                "Runs app.listen(30);",
            ),
            ("x.js", "console.log('a')\n", "Runs console.log('a')"),
            ("x.ts", "export * from './a.js';\nexport { b } from './b.js';\n", "Exports ./a.js, ./b.js"),
            ("x.sh", "_write_env A b\n", "Runs _write_env A b"),
            (
                "x.sh",
                "names=(\n  one.service\n)\ncase $1 in\n  major ) a=1 ;;\nesac\ncat <<E\nx\nE\ngit tag\n",
                "Runs git tag",
            ),
            ("x.sh", "err() {\n  echo \"$1\"\n  exit 1\n}\nif x; then\n  err bad\nfi\n", "Runs echo \"$1\""),
            ("x.sh", "A=\"one\ntwo words\n\"\nawk '\n  print it\n' \"$A\"\n", "Runs awk '"),
            ("x.sh", "A=1\nDISPLAY=:0 B=\"a b\" xset dpms off\n", "Runs DISPLAY=:0 B=\"a b\" xset dpms off"),
            ("x.sh", "A=1\n. \"$(dirname \"$0\")/../lib/a.sh\"\n", "Runs . \"$(dirname \"$0\")/../lib/a.sh\""),
            ("x.sh", "A=1 source \"$(dirname \"$0\")/a.sh\"\n", "Runs A=1 source \"$(dirname \"$0\")/a.sh\""),
            ("x.sh", ". ./a.sh\ngit log\n", "Runs git log"),
            ("x.sh", "a=$(b | c)\n[[ -n \"$a\" ]] && d -R \"$a\"\n", "Runs [[ -n \"$a\" ]] && d -R \"$a\""),
            ("x.sh", "a=$(systemctl list-units)\n", "Runs a=$(systemctl list-units)"),
            ("x.sh", "set -e\n\"$(dirname \"$0\")/b\" \"$@\"\n", "Runs \"$(dirname \"$0\")/b\" \"$@\""),
            ("x.py", "from a import b\nif __name__ == '__main__':\n    ab = b()\n", "Runs b()"),
            ("x.py", "qq = f(1)\nx = \"\"\"\nprint(no)\n\"\"\"\n", "Runs f(1)"),
        ] {
            assert_eq!(of(path, text).as_deref(), Some(expected), "{text}");
        }
        for (path, text, expected) in [
            ("x.py", "import time\nnum = input('Number? ')\n", "Runs input('Number? ')"),
            ("x.py", "for i in range(6):\n    if i:\n        continue\n    print(i)\n", "Runs print(i)"),
            ("x.js", "const fs = require('fs');\nconst router = createRouter({\n", "Runs createRouter"),
            ("x.js", "if(a) {\n  go(1);\n}\n", "Runs go(1);"),
            ("x.py", "key = ''\nlimits: dict = {}\n", "Defines key, limits"),
        ] {
            assert_eq!(of(path, text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(of("x.py", "x = 1\n"), None);
        assert_eq!(of("x.sh", "A=1\nB=\"a b\"\n"), None);
    }

    #[test]
    fn a_function_without_words_is_described_by_its_first_call() {
        for (body, expected) in [
            ("\n    # Packs\n    print(1)\n    add([\"a\"], dev=True)\n", Some("Runs add([\"a\"], dev=True)")),
            ("\n    return fetch(url)\n", Some("Runs fetch(url)")),
            ("\n    aa = fetch(url)\n    return aa\n", Some("Runs fetch(url)")),
            ("\n    return 1\n", None),
            (" pass\n", None),
        ] {
            assert_eq!(of_body(body).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn what_tells_most_is_named_first() {
        for (path, text, expected) in [
            (
                "x.py",
                "MAX = 1\nMIN = 0\ndef main():\n    helper()\ndef helper():\n    pass\nmain()\n",
                "Defines helper",
            ),
            ("x.py", "PASS = 1\nFAIL = 0\n", "Defines PASS, FAIL"),
            ("x.py", "class A:\n    pass\ndef b(): pass\ndef go(): pass\ngo()\n", "Defines go, b, A"),
            ("to-text.py", "def a(): pass\ndef to_text(): pass\n", "Defines to_text, a"),
            ("x.js", "function unhtml(t) { return t; }\nexports.parse = (text) => unhtml(text);\n", "Defines parse"),
            (
                "x.js",
                "function a() {}\nfunction b() {}\nfunction c() {}\nmodule.exports = { b, d: c, a };\n",
                "Defines a, b, d",
            ),
            ("check.py", "def check():\n    \"\"\"Checks it.\"\"\"\ndef main():\n    check()\nmain()\n", "Checks it."),
            ("x.ts", "export const tools = {\n  click: {\n    description: 'Clicks',\n  },\n};\n", "Defines tools"),
            (
                "x.ts",
                "export default defineCommand({\n  meta: {\n    description: 'Draws it',\n  },\n});\n",
                "Draws it",
            ),
        ] {
            assert_eq!(of(path, text).as_deref(), Some(expected), "{text}");
        }
    }
}
