//! What a script says about itself below its header: a variable with a description, the text of its help, a page of
//! documentation in the code, a docstring behind the imports.

use super::ScriptText;
use crate::catalog::description;
use crate::domain::source::Language;
use std::borrow::Cow;

/// Ends of names of variables that hold a description or a help text, in lower case.
const NAMES: &[&str] = &["description", "__doc__", "help", "usage", "synopsis", "help_text", "usage_text"];

/// Parts of names of functions of shell that print a help text, in lower case.
const FUNCTIONS: &[&str] = &["usage", "help"];

/// Lines of a text that are read.
const MAX_LINES: usize = 40;

/// The texts in which a script describes itself, the best first.
pub(in crate::catalog) fn texts<'t>(script: &ScriptText<'t>) -> Vec<Cow<'t, str>> {
    let text = script.text;
    let mut found: Vec<Cow<'_, str>> = Vec::new();
    found.extend(of_pod(text).map(Cow::Borrowed));
    found.extend(of_variables(text).map(Cow::Borrowed));
    if script.language == Some(Language::Bash) {
        found.extend(of_functions(text));
    }
    if script.language == Some(Language::Python) {
        found.extend(late_docstring(text).map(Cow::Borrowed));
    }
    found
}

/// The first words of these texts that describe.
pub(super) fn description(script: &ScriptText<'_>) -> Option<String> {
    let file = script.path.rsplit('/').next().unwrap_or(script.path);
    texts(script).into_iter().find_map(|text| description::first_words(&text, file))
}

/// What stands below `=head1 NAME` in a page of documentation of Perl.
fn of_pod(text: &str) -> Option<&str> {
    let begin = text.find("\n=head1 NAME").or_else(|| text.starts_with("=head1 NAME").then_some(0))?;
    let rest = text[begin..].trim_start();
    let rest = rest.split_once('\n')?.1;
    Some(rest[..rest.find("\n=").unwrap_or(rest.len())].trim())
}

/// The values of variables that are named for what they hold.
fn of_variables(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let begin = at;
        at += line.len();
        let (name, value) = line.split_once('=')?;
        let name = name.trim_end();
        if !NAMES.iter().any(|end| ends_with(name, end)) {
            return None;
        }
        let words = ["const ", "let ", "var ", "my ", "our ", "readonly ", "local ", "export "];
        let name = words.iter().find_map(|word| name.strip_prefix(word)).unwrap_or(name);
        let name = name.trim_start_matches('$');
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if is_name { quoted(&text[begin + line.len() - value.len()..]) } else { None }
    })
}

/// Whether a text has this end, in upper or lower case.
fn ends_with(text: &str, end: &str) -> bool {
    let tail = text.len().checked_sub(end.len()).map(|at| &text.as_bytes()[at..]);
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

/// The text in quotes at the beginning of code.
fn quoted(code: &str) -> Option<&str> {
    let code = code.trim_start_matches([' ', '\t', '(']).trim_start_matches(['f', 'r', 'u', 'R']);
    let code = code.strip_prefix('\n').map_or(code, str::trim_start);
    let sign = ["\"\"\"", "'''", "\"", "'", "`"].into_iter().find(|sign| code.starts_with(sign))?;
    let inner = &code[sign.len()..];
    let text = &inner[..inner.find(sign)?];
    let is_short = text.lines().take(MAX_LINES + 1).count() <= MAX_LINES || sign.len() == 3;
    is_short.then(|| text.trim_start_matches('\\').trim()).filter(|text| !text.is_empty())
}

/// The document that a function for help prints.
fn of_functions(text: &str) -> Option<Cow<'_, str>> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let code = line.trim_start();
        let is_function = code.starts_with("function ") || (line.contains('(') && line.contains("()"));
        if !is_function {
            continue;
        }
        let head = code.trim_start_matches("function ").split(['(', ' ', '{']).next().unwrap_or_default();
        let lower = head.to_ascii_lowercase();
        if FUNCTIONS.iter().any(|part| lower.contains(part)) {
            let function = &text[at - line.len()..];
            return here_document(function).map(Cow::Borrowed).or_else(|| lines_of_echo(function).map(Cow::Owned));
        }
    }
    None
}

/// The first document of a function: `cat <<EOF`, or the text of `echo "…"` over several lines.
fn here_document(function: &str) -> Option<&str> {
    let body = &function[..function.find("\n}").unwrap_or(function.len())];
    let Some((_, rest)) = body.split_once("<<") else {
        let (_, text) = body.split_once("echo ").or_else(|| body.split_once("printf "))?;
        return quoted(text.trim_start_matches("-e ")).filter(|text| text.contains('\n'));
    };
    let rest = rest.trim_start_matches('-').trim_start();
    let mark: &str = rest.split(char::is_whitespace).next()?.trim_matches(['\'', '"', '\\']);
    let inner = rest.split_once('\n')?.1;
    let mut end = 0;
    for line in inner.split_inclusive('\n') {
        if line.trim() == mark {
            break;
        }
        end += line.len();
    }
    Some(inner[..end].trim()).filter(|_| !mark.is_empty())
}

/// The lines that a function writes one by one: `echo "Packs it"`, `echo`, `printf 'usage: …\n'`.
fn lines_of_echo(function: &str) -> Option<String> {
    let first = function.lines().next()?;
    let end =
        if first.trim_end().ends_with('}') { first.len() } else { function.find("\n}").unwrap_or(function.len()) };
    let mut found: Vec<String> = Vec::new();
    for line in function[..end].lines().take(MAX_LINES).map(str::trim) {
        let line = line.split_once('{').filter(|_| line == first.trim()).map_or(line, |(_, body)| body.trim());
        let Some(word) = ["echo", "printf"].into_iter().find(|word| line.starts_with(word)) else {
            // Whatever else it does first is not known.
            if found.is_empty()
                && !line.is_empty()
                && line != first.trim()
                && !line.starts_with(['#', '{'])
                && !line.starts_with("local ")
            {
                return None;
            }
            continue;
        };
        let rest = line[word.len()..].trim_start().trim_start_matches("-e ").trim_start_matches("-n ").trim_start();
        let plain = || rest.split(['>', ';', '|']).next().unwrap_or_default().trim();
        let text = quoted(rest).unwrap_or_else(plain);
        found.push(text.trim_end_matches("\\n").replace("\\n", "\n").replace("\\t", "\t"));
    }
    (!found.is_empty()).then(|| found.join("\n"))
}

/// A text that stands alone behind the imports of Python.
fn late_docstring(text: &str) -> Option<&str> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("\"\"\"") || line.starts_with("'''") {
            return quoted(&text[at..]);
        }
        let is_before =
            line.trim().is_empty() || ["import ", "from ", "#", " ", ")"].iter().any(|begin| line.starts_with(begin));
        if !is_before {
            return None;
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Option<String> {
        description(&ScriptText::new(path, text, Language::of(path, text)))
    }

    #[test]
    fn a_script_describes_itself_below_its_header() {
        for (path, text, expected) in [
            ("x.sh", "set -e\nusage_description=\"Packs a folder\"\nls\n", "Packs a folder"),
            ("x.sh", "#!/bin/sh\n\ntest_description='Tests of the store\n\nMore.'\n. ./lib.sh\n", "Tests of the store"),
            (
                "x.sh",
                "usage() {\n  cat <<EOF\nUsage: x [options] FILE\n\nPacks a folder into\none file.\n\nOptions:\n  -h  Help\nEOF\n}\n",
                "Packs a folder into one file.",
            ),
            ("x.sh", "show_help() {\n  cat << 'END'\nx - packs a folder\nUsage: x\nEND\n}\n", "packs a folder"),
            ("x.sh", "usage() {\n  echo \"Usage: x FILE\n\nPacks it well.\"\n}\n", "Packs it well."),
            (
                "x.pl",
                "use strict;\n\n=head1 NAME\n\nx.pl - counts the words\n\n=head1 SYNOPSIS\n\nx\n\n=cut\n",
                "counts the words",
            ),
            ("x.py", "import os\n__doc__ = \"\"\"Counts all words.\n\nMore.\"\"\"\n", "Counts all words."),
            ("x.py", "import os\nHELP = 'Counts all words'\n", "Counts all words"),
            (
                "x.sh",
                "usage(){\n    echo \"Installs packages of x\"\n    echo\n    echo \"usage: ${0##*} <list>\"\n    exit 3\n}\n",
                "Installs packages of x",
            ),
            (
                "x.sh",
                "function usage {\n  printf 'Usage: x FILE\\n\\n'\n  echo \"Packs all files\" >&2\n}\n",
                "Packs all files",
            ),
            (
                "x.py",
                "import os\nfrom a import (\n    b,\n)\n\n'''\nCounts all words.\n'''\nx = 1\n",
                "Counts all words.",
            ),
        ] {
            assert_eq!(of(path, text).as_deref(), Some(expected), "{text}");
        }
        for (path, text) in [
            ("x.py", "import os\nx = 1\n\"\"\"Not that.\"\"\"\n"),
            ("x.sh", "usage() {\n  cat <<EOF\nUsage: x FILE\n  -h help\nEOF\n}\n"),
            ("x.sh", "description=$1\n"),
            ("x.sh", "usage() { echo \"Usage: x\"; exit 1; }\nrun() {\n  echo \"Runs it now\"\n}\n"),
        ] {
            assert_eq!(of(path, text), None, "{text}");
        }
    }
}
