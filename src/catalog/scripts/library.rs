//! Files of shell and JavaScript that only define what other files take: functions, classes, variables, aliases. Started by
//! themselves, they do nothing.
//!
//! Whatever is not clearly a definition counts as work, so that nothing that runs is taken for a library.

use super::javascript_function::{function_parameters, statements};
use super::outline::without_heredocs;
use super::scanner::{is_word, split_once};
use super::{Declared, ScriptText, only_defines};
use crate::domain::source::Language;

const JS: Language = Language::TypeScript;

/// Words with which a statement of JavaScript only defines.
const DEFINING: &[&str] =
    &["function", "class", "type", "interface", "enum", "declare", "abstract", "namespace", "module"];

/// How JavaScript reads what it is started with.
const STARTED_WITH: &[&str] = &["process.argv", "process.stdin", "Deno.args", "Bun.argv", ".listen("];

/// Commands of a shell that only change the shell which they stand in.
const OF_SHELL: &[&str] = &[
    "alias", "autoload", "bind", "bindkey", "compdef", "complete", "declare", "export", "readonly", "return", "set",
    "setopt", "shopt", "typeset", "umask", "unalias", "unset", "unsetopt", ":", "true",
];

/// What a shell file is that defines and calls nothing.
pub(super) fn shell(script: &ScriptText<'_>) -> Option<Declared> {
    if script.language != Some(Language::Bash) {
        return None;
    }
    let found = ShellNames::of(script.text)?;
    if !found.functions.is_empty() {
        let hint = "it defines functions but calls none; call one at the end of the script";
        return Some(only_defines(found.functions.into_iter(), hint));
    }
    let hint = "it only sets variables and aliases for the shell that sources it";
    (!found.set.is_empty()).then(|| only_defines(found.set.into_iter(), hint))
}

/// What a file of JavaScript is that defines and calls nothing.
pub(super) fn javascript_module(script: &ScriptText<'_>) -> Option<Declared> {
    let found = javascript(script)?;
    let hint = match (found.functions.is_empty(), found.has_class) {
        (false, _) => {
            "it defines functions but calls none; export one of them as run, or call it at the end of the script"
        }
        (_, true) => {
            "it defines classes but starts nothing; export a function run, or start one at the end of the script"
        }
        _ => "it only defines values for other files",
    };
    let names = if found.functions.is_empty() { found.values } else { found.functions };
    let mut declared = only_defines(names.iter().copied(), hint);
    declared.contents = declared.contents.filter(|_| !names.is_empty());
    Some(declared)
}

/// What a file of JavaScript defines.
#[derive(Default)]
pub(super) struct JavaScriptNames<'t> {
    /// Functions and classes.
    functions: Vec<&'t str>,
    has_class: bool,
    values: Vec<&'t str>,
    has_exports: bool,
}

/// What a file of JavaScript defines; `None` where it does more, or defines nothing for others.
pub(super) fn javascript<'t>(script: &ScriptText<'t>) -> Option<JavaScriptNames<'t>> {
    if !script.language.is_some_and(Language::is_javascript) || script.text.starts_with("#!") {
        return None;
    }
    let mut found = JavaScriptNames::default();
    for (_, statement) in statements(script.text) {
        found.add(statement)?;
    }
    // Code of a web page exports nothing either, and defines no values for others.
    (found.has_exports || !found.functions.is_empty()).then_some(found)
}

impl<'t> JavaScriptNames<'t> {
    /// Adds a statement, or a line that goes on with the one before; `None` for work.
    fn add(&mut self, statement: &'t str) -> Option<()> {
        let line = statement.lines().next().unwrap_or_default();
        let goes_on = ['}', ')', ']', '.', '?', ':', '|', '&', '+', '-', '*', '/', ',', '=', '<', '"', '\'', '@'];
        if STARTED_WITH.iter().any(|mark| line.contains(mark)) {
            return None;
        }
        if line.starts_with(goes_on) {
            return Some(());
        }
        let mut rest = statement;
        if let Some(exported) = rest.strip_prefix("export ") {
            self.has_exports = true;
            rest = exported.trim_start();
            if rest.starts_with(['{', '*']) || rest.starts_with("type ") {
                return Some(());
            }
            if let Some(value) = rest.strip_prefix("default ") {
                let is_definition = ["function", "async ", "class"].iter().any(|word| value.starts_with(word));
                return if is_definition { self.define(value.trim_start()) } else { self.value(value) };
            }
        }
        self.define(rest)
    }

    fn define(&mut self, statement: &'t str) -> Option<()> {
        let plain =
            ["async ", "default ", "declare ", "abstract "].iter().find_map(|word| statement.strip_prefix(word));
        let plain = plain.unwrap_or(statement).trim_start();
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let word = &plain[..plain.find(|c: char| !(is_part(c) || c == '.')).unwrap_or(plain.len())];
        let rest = plain[word.len()..].trim_start_matches(['*', ' ']);
        let name = |text: &'t str| &text[..text.find(|c: char| !is_part(c)).unwrap_or(text.len())];
        match word {
            // What is imported for what it does.
            "import" => (!rest.starts_with(['"', '\'', '('])).then_some(()),
            "function" | "class" => {
                self.has_class |= word == "class";
                self.functions.push(name(rest));
                Some(())
            }
            _ if DEFINING.contains(&word) && rest.starts_with(is_part) => Some(()),
            "const" | "let" | "var" => {
                let Some((_, value)) = split_once(head(rest), b'=', JS) else { return Some(()) };
                let name = name(rest);
                let is_function = is_word(name) && function_parameters(value).is_some();
                if is_function {
                    self.functions.push(name);
                } else if !name.is_empty() {
                    self.values.push(name);
                }
                self.value(value)
            }
            "" => None,
            _ => {
                self.has_exports |= word.starts_with("module.exports") || word.starts_with("exports");
                let is_plumbing = word == "Object.defineProperty" || word.starts_with("__export");
                if is_plumbing {
                    return Some(());
                }
                let line = plain.lines().next().unwrap_or_default();
                // Only a value that is given to a name defines; a bare name does nothing.
                let Some((_, value)) = split_once(line, b'=', JS).filter(|_| !rest.starts_with('(')) else {
                    return (!line.contains(['(', '`'])).then_some(());
                };
                self.value(value)
            }
        }
    }

    /// Whether a value is only made, not worked for.
    fn value(&mut self, written: &'t str) -> Option<()> {
        let value = written.trim_start();
        let plain = ["function", "async", "class ", "class{", "new ", "require(", "null", "true", "false", "Object."];
        let signs = ['"', '\'', '`', '{', '[', '/'];
        if value.is_empty() || value.starts_with(signs) || plain.iter().any(|begin| value.starts_with(begin)) {
            return Some(());
        }
        if value.starts_with('(') {
            return function_parameters(value).map(|_| ());
        }
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
        let word = &value[..value.find(|c: char| !is_part(c)).unwrap_or(value.len())];
        let is_call = value[word.len()..].trim_start().starts_with(['(', '`']);
        // What a file that exports computes is for those that import it.
        let may_call = self.has_exports && !matches!(word, "main" | "run" | "start" | "init");
        (word != "await" && (!is_call || may_call)).then_some(())
    }
}

/// The begin of a statement, as far as it is looked at for its value.
fn head(statement: &str) -> &str {
    let end = statement.char_indices().nth(600).map_or(statement.len(), |(end, _)| end);
    &statement[..end]
}

/// What a shell file defines.
#[derive(Default)]
struct ShellNames<'t> {
    functions: Vec<&'t str>,
    /// Aliases and exported variables.
    set: Vec<&'t str>,
}

impl<'t> ShellNames<'t> {
    /// What a file defines; `None` where it does more. What is indented belongs to the line in front of it.
    fn of(text: &'t str) -> Option<ShellNames<'t>> {
        let mut found = ShellNames::default();
        let (mut goes_on, mut is_list, mut is_header) = (false, false, false);
        for line in without_heredocs(text) {
            let begins = !goes_on && !line.starts_with(char::is_whitespace);
            goes_on = line.ends_with('\\');
            let line = line.trim_end();
            if is_list {
                is_list = !line.ends_with(')');
                continue;
            }
            if !begins || line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line = line.split(" #").next().unwrap_or(line).trim_end();
            if matches!(line, "}" | ")" | "};") || line == "{" && is_header {
                is_header = false;
                continue;
            }
            is_header = false;
            if let Some(name) = function_name(line) {
                found.functions.push(name);
                is_header = !line.ends_with(['{', '}', '(']);
                continue;
            }
            let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let is_joined = ["&&", "||", ";", "|"].iter().any(|sign| rest.contains(sign)) && !rest.contains("$(");
            let is_guard = word.starts_with('[') && line.contains(" return");
            match word {
                // What is sourced below functions may call them.
                "source" | "." if found.functions.is_empty() => {}
                _ if is_guard => {}
                _ if OF_SHELL.contains(&word) && (!is_joined || word == "alias") => found.note(word, rest),
                _ if is_assignment(line) => is_list = line.contains("=(") && !line.ends_with(')'),
                _ => return None,
            }
        }
        Some(found)
    }

    fn note(&mut self, word: &str, rest: &'t str) {
        if matches!(word, "alias" | "export") {
            let name = rest.split('=').next().unwrap_or_default().trim();
            self.set.extend(Some(name).filter(|name| !name.is_empty() && !name.contains(' ')));
        }
    }
}

/// The name of the function that a line begins, and perhaps ends.
fn function_name(line: &str) -> Option<&str> {
    let (name, rest) = match line.strip_prefix("function ") {
        Some(rest) => {
            let rest = rest.trim_start();
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | '{')).unwrap_or(rest.len());
            rest.split_at(end)
        }
        None => line.split_at(line.find('(').filter(|at| line[at + 1..].trim_start().starts_with(')'))?),
    };
    let name = name.trim();
    let is_name = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || matches!(c, '$' | '=' | '"'));
    let body = rest.trim_start().trim_start_matches(['(', ')', ' ']);
    let is_whole = body.is_empty() || matches!(body, "{" | "(") || body.ends_with(['}', '{']);
    (is_name && is_whole).then_some(name)
}

/// Whether a line gives a name a value and does nothing else.
fn is_assignment(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    let name = name.trim_end_matches('+');
    let name = name.split('[').next().unwrap_or(name);
    let is_name = is_word(name);
    let whole = |open: &str, close: &str| value.starts_with(open) && value.ends_with(close);
    is_name
        && (!value.contains(char::is_whitespace)
            || whole("\"", "\"") && value.matches('"').count() == 2
            || whole("'", "'") && value.matches('\'').count() == 2
            || whole("\"$(", ")\"")
            || whole("$(", ")")
            || value.starts_with('('))
        && !value.contains(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script<'t>(path: &'t str, text: &'t str) -> ScriptText<'t> {
        ScriptText::new(path, text, Language::of(path, text))
    }

    #[test]
    fn a_shell_file_that_only_defines_is_told_from_one_that_runs() {
        for text in [
            "#!/bin/bash\n# Words.\nset -e\nA=1\nB=\"a b\"\nLIST=(\n  a\nb\n)\nf() {\n  ls\n}\nfunction g { date; }\n",
            "[[ -n $LOADED ]] && return 0\nLOADED=1\n. \"$DIR/x.sh\"\nlog::info () \n{\n  echo \"$1\"\n}\n",
            "usage() {\n  cat <<EOF\nUsage: x\nEOF\n}\n",
            "alias ll='ls -l; date'\nexport A=1\n",
        ] {
            assert!(shell(&script("x.sh", text)).is_some_and(|one| one.unsupported.is_some()), "{text}");
        }
        for text in [
            "f() {\n  ls\n}\nf\n",
            "f() {\n  ls\n}; f\n",
            "f() {\n  ls\n}\n. ./main.sh\n",
            "A=1 ls\n",
            "A=1\n",
            "if true; then\n  ls\nfi\nf() {\n  ls\n}\n",
            "f() { ls; }\ncd x && f\n",
            "f() {\nls\n}\n",
            "export A=1 && ls\n",
            "ls\n",
        ] {
            assert!(shell(&script("x.sh", text)).is_none(), "{text}");
        }
    }

    #[test]
    fn a_javascript_file_that_only_defines_is_told_from_one_that_runs() {
        for text in [
            "'use strict';\nconst os = require('os');\n\nclass A extends Error {\n  constructor() { super(); go(); }\n}\nexports.A = A;\n",
            "class A {}\nfunction b(x) {\n  return x\n}\nmodule.exports = { A, b };\n",
            "import x from 'x';\nexport const A = 1,\n  B = 2;\nexport class C {}\n",
            "const a = (b) =>\n  b;\nconst c = async function () {};\nfunction d() {}\nA.prototype.x = function () {};\n",
            "export const schema = z.object({ a: z.string() });\nexport class Tool {}\n",
            "import { a } from './a.js';\nexport const commands = [a];\n",
        ] {
            assert!(javascript_module(&script("x.js", text)).is_some_and(|one| one.unsupported.is_some()), "{text}");
        }
        for text in [
            "function a() {}\na();\n",
            "class A {}\nnew A().run();\n",
            "import './setup.js';\nexport const a = 1;\n",
            "(function () { go(); })();\n",
            "const words = process.argv.slice(2);\nfunction a() {}\n",
            "export const x = await load();\n",
            "function a() {}\nconst b = a();\n",
            "const a = 1;\n",
            "const app = express();\napp.listen(80);\nmodule.exports = app;\n",
            "if (x) {\n  go();\n}\nexport function a() {}\n",
            "#!/usr/bin/env node\nexport class A {}\n",
        ] {
            assert!(javascript_module(&script("x.js", text)).is_none(), "{text}");
        }
    }
}
