//! What a script is, in a line, where it has no words of its own: what it defines, or what it runs first.

use super::{Declared, NAMED, ScriptText, docstring, python, words_of_names};
use crate::domain::source::Language;

/// Lines that are looked at.
const MAX_LINES: usize = 2_000;

/// Characters of a line that stands for a description.
const LINE_CHARS: usize = 100;

/// Words before the one that says what is defined.
const BEFORE: &[&str] = &["export ", "default ", "async ", "local ", "abstract ", "public ", "static "];

/// Words behind which a name is defined.
const DEFINING: &[&str] = &["def ", "class ", "function ", "sub ", "module "];

/// Words that a line of shell begins with that only prepares or asks something.
const PREPARING: &[&str] = &[
    "set", "shopt", "export", "declare", "local", "readonly", "if", "then", "else", "elif", "fi", "for", "while",
    "until", "do", "done", "case", "esac", "function", "trap", "cd", "echo", "printf", "exit", "return", "shift",
    "source", ".", "alias", "umask", "[", "[[", "{", "}", "(", ")", "unset", "pushd", "popd", "exec", "read", "test",
    "true", ":",
];

/// Describes a script by its code.
pub(super) fn describe(script: &ScriptText<'_>, declared: &mut Declared) {
    if declared.description.is_none() && declared.contents.is_none() {
        declared.contents = of_main(script).or_else(|| outline(script));
    }
}

/// What the docstring of the main function says.
fn of_main(script: &ScriptText<'_>) -> Option<String> {
    if script.language != Some(Language::Python)
        || !(script.text.contains("def main") || script.text.contains("def run"))
    {
        return None;
    }
    let definitions = python::definitions(&python::blocks(script.text));
    let main = definitions.iter().find(|one| !one.is_class && matches!(one.name, "main" | "run"))?;
    let words = docstring::read(&python::docstring(main.body)?).summary;
    (!words.is_empty()).then_some(words)
}

fn outline(script: &ScriptText<'_>) -> Option<String> {
    let lines = || script.text.lines().take(MAX_LINES);
    if script.language == Some(Language::Bash) {
        let says =
            |line: &&str| ["echo ", "exec ", "printf ", "exit "].iter().any(|word| line.trim().starts_with(word));
        let command = lines().find(|line| is_command(line)).or_else(|| lines().find(|line| is_command(line.trim())));
        return command.or_else(|| lines().find(says)).map(runs);
    }
    let mut names: Vec<&str> = lines().filter_map(defined).collect();
    names.dedup();
    let public: Vec<&str> = names.iter().copied().filter(|name| !name.starts_with('_') && *name != "main").collect();
    let names = if public.is_empty() { names } else { public };
    if !names.is_empty() {
        return Some(words_of_names(names.into_iter().take(NAMED + 1)));
    }
    let call = lines().find(|line| is_call(line)).or_else(|| lines().find_map(assigned_call));
    let call = call.or_else(|| lines().map(str::trim).find(|line| is_call(line)));
    call.map(runs).or_else(|| {
        let names: Vec<&str> = lines().filter_map(|line| assigned(line).map(|(name, _)| name)).collect();
        (!names.is_empty()).then(|| words_of_names(names.into_iter().take(NAMED + 1)))
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

/// The name that a line defines.
fn defined(line: &str) -> Option<&str> {
    let mut rest = line;
    while let Some(after) = BEFORE.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = after;
    }
    let rest = DEFINING.iter().find_map(|word| rest.strip_prefix(word)).or_else(|| constant(line))?;
    let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '$'))).unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches([':', '.'])).filter(|name| !name.is_empty())
}

/// The text from the name of a constant on: `export const a = …`, `LIMIT = …`.
fn constant(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("export const ").unwrap_or(line);
    let name = rest.split([' ', ':', '=']).next().filter(|name| name.len() > 1 || rest.len() < line.len())?;
    let is_loud = name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    (rest.contains('=') && (is_loud || rest.len() < line.len())).then_some(rest)
}

/// Whether a line of shell calls something.
fn is_command(line: &str) -> bool {
    let word = line.split(char::is_whitespace).next().unwrap_or_default();
    word.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/' | '"' | '$'))
        && !PREPARING.contains(&word)
        && !word.contains(['=', '(', ')', ';'])
}

/// Whether a line of code calls something: `name(…)`, `a.b(…)`.
fn is_call(line: &str) -> bool {
    let head = line.split('(').next().unwrap_or_default();
    let head = head.strip_prefix("await ").unwrap_or(head);
    head.len() < line.len()
        && !matches!(
            head,
            "if" | "for" | "while" | "switch" | "catch" | "return" | "elif" | "with" | "require" | "super"
        )
        && head.starts_with(|c: char| c.is_alphabetic())
        && head.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'))
}

fn runs(line: &str) -> String {
    let line = line.trim().trim_end_matches('\\').trim_end();
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
        describe(&ScriptText { path, text, language: Language::of(path, text) }, &mut declared);
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
            ("x.sh", "#!/bin/sh\necho hi\n", "Runs echo hi"),
        ] {
            assert_eq!(of(path, text).as_deref(), Some(expected), "{text}");
        }
        for (path, text, expected) in [
            ("x.py", "import time\nnum = input('Number? ')\n", "Runs input('Number? ')"),
            ("x.py", "for i in range(6):\n    if i:\n        continue\n    print(i)\n", "Runs print(i)"),
            ("x.js", "const fs = require('fs');\nconst router = createRouter({\n", "Runs createRouter({"),
            ("x.js", "if(a) {\n  go(1);\n}\n", "Runs go(1);"),
            ("x.py", "key = ''\nlimits: dict = {}\n", "Defines key, limits"),
        ] {
            assert_eq!(of(path, text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(of("x.py", "x = 1\n"), None);
    }
}
