//! What may describe a tool. Headers, docstrings and fields of parsers are all judged here: a licence, a directive of
//! another program, a line of code or a usage line is no description, and the next paragraph is looked at.

use super::limits;

/// A description as long as a row may hold.
pub(super) fn cut(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(limits::ROW_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Words of a paragraph about who may use a file, in lower case.
const LICENSE: &[&str] = &[
    "copyright ",
    "spdx-license-identifier",
    "licensed under",
    "the license",
    "all rights reserved",
    "permission is hereby granted",
    "redistribution and use",
    "without warranty",
    "warranties or conditions",
    "unless required by applicable law",
    "you may obtain a copy",
    "general public license",
    "is free software",
    "redistributed",
    "redistributions",
    "you can redistribute",
    "distributed under",
    "released under",
    "this software is provided",
    "public domain",
];

/// How comments begin that are for an editor or another program.
const FOR_PROGRAMS: &[&str] = &[
    "-*-",
    "shellcheck ",
    "eslint-",
    "prettier-",
    "ts-check",
    "ts-nocheck",
    "biome-",
    "pylint:",
    "ruff:",
    "flake8:",
    "mypy:",
    "noqa",
    "type:",
    "fmt:",
    "isort:",
    "vim:",
    "rubocop:",
    "<reference",
    "jshint",
    "coding:",
    "coding=",
    "global ",
    "globals ",
];

/// Words of keys behind which a description stands.
const DESCRIBING: &[&str] = &["description", "summary", "desc", "describe", "about"];

/// Tags of a documentation comment behind which a description stands.
const TAGS: &[&str] = &["@description ", "@fileoverview ", "@file ", "@overview ", "@summary ", "@brief ", "@desc "];

/// Titles of paragraphs that say how a program is called or what it needs, not what it does.
const SECTIONS: &[&str] = &[
    "usage",
    "synopsis",
    "options",
    "arguments",
    "args",
    "parameters",
    "required parameters",
    "optional parameters",
    "commands",
    "flags",
    "examples",
    "example",
    "environment",
    "requirements",
    "dependencies",
    "returns",
    "see also",
    "author",
    "authors",
    "license",
];

/// Comments above a piece of code, and titles, in lower case: they say nothing of the whole.
const HEADINGS: &[&str] = &[
    "allow direct execution",
    "external packages",
    "standard library",
    "stdlib",
    "third party",
    "third-party",
    "third party imports",
    "third party packages",
    "local imports",
    "imports",
    "sanity checks",
    "script version",
    "version",
    "readme",
    "todo",
    "incoming environment variables",
    "environment variables",
    "global variables",
    "constants",
    "configuration",
    "settings",
];

/// How lines begin that say where a file comes from, who is greeted, or why the first line of code is there, in lower case.
const ASIDES: &[&str] = &[
    "(c) ",
    "©",
    "adapted from ",
    "copied from ",
    "feel free ",
    "follow me",
    "forked from ",
    "if you are using my ",
    "if you're using my ",
    "maintained by ",
    "modified by ",
    "original author",
    "originally by ",
    "originally from ",
    "originally written ",
    "ported from ",
    "scriptified by ",
    "stolen from ",
    "taken from ",
    "thanks to ",
];

/// Titles behind which a fact about the file stands, not what it does.
const FACTS: &[&str] = &[
    "args",
    "arguments",
    "contact",
    "credit",
    "credits",
    "dependencies",
    "email",
    "github",
    "homepage",
    "link",
    "maintainer",
    "original",
    "original source",
    "reference",
    "references",
    "repository",
    "requirements",
    "requires",
    "source",
    "source code",
    "url",
    "website",
    "license",
    "licence",
    "author",
    "authors",
    "version",
    "script version",
    "date",
    "created",
    "modified",
    "copyright",
];

/// Words that begin a line about who wrote a file, or when.
const WRITTEN: &[&str] = &["created ", "written ", "modified ", "last modified ", "updated ", "last updated "];

/// How lines for a terminal begin that install something.
const INSTALLING: &[&str] = &[
    "pip install ",
    "pip3 install ",
    "python -m pip ",
    "python3 -m pip ",
    "uv pip install ",
    "npm install ",
    "npm i ",
    "yarn add ",
    "brew install ",
    "apt install ",
    "apt-get install ",
    "sudo apt",
    "gem install ",
    "cargo install ",
    "go install ",
];

/// Whether a line is a title, or a fact about the file and not about what it does.
fn is_heading(line: &str) -> bool {
    let lower = line.trim().to_ascii_lowercase();
    let title = lower.trim_end_matches([':', '.']).trim_end();
    let is_fact = || lower.split_once(':').is_some_and(|(title, _)| FACTS.contains(&title.trim()));
    let is_dated = || {
        let rest = WRITTEN.iter().find_map(|word| lower.strip_prefix(word));
        rest.is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_digit())
                || ["by ", "on ", "at "].iter().any(|word| rest.starts_with(word))
        })
    };
    // What other programs keep up to date: `$Id$`.
    let is_kept = lower.len() > 2 && lower.starts_with('$') && lower.ends_with('$') && !lower[1..].starts_with(' ');
    HEADINGS.contains(&title) || is_kept || is_fact() || is_dated() || is_banner(&lower) || is_origin(&lower)
}

/// `=== Settings ===`, `---- functions ----`: the title of a part.
fn is_banner(line: &str) -> bool {
    let signs = |c: char| matches!(c, '=' | '-' | '*' | '~' | '+' | '_' | '#');
    let (begin, end) = (line.trim_start_matches(signs), line.trim_end_matches(signs));
    line.len() - begin.len() > 1 && line.len() - end.len() > 1
}

/// Whether a line, in lower case, says where a file comes from, which version it is, or what an option of the shell is for.
fn is_origin(line: &str) -> bool {
    let version = ["version ", "ver. ", "v"].iter().find_map(|word| line.strip_prefix(word));
    let is_version = version.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let names_work = || [" by ", "://", " script", " code ", "gist"].iter().any(|mark| line.contains(mark));
    let is_based = line.starts_with("based on ") && names_work();
    let stops = ["exit ", "fail ", "stop ", "abort ", "halt "].iter().any(|word| line.starts_with(word));
    let is_of_option = stops && ["error", "fail", "unset", "undefined"].iter().any(|word| line.contains(word));
    let is_file = !line.contains(char::is_whitespace) && super::programs::is_script(line);
    let is_profile = ["linkedin.com/", "buymeacoffee", "patreon.com/"].iter().any(|site| line.contains(site));
    let is_person = line.split_whitespace().count() < 6
        && line
            .split(|c: char| c.is_whitespace() || "()<>,".contains(c))
            .any(|word| word.contains('@') && word.contains('.') && !word.starts_with('@'));
    let is_strict = line.contains("strict mode") && line.split_whitespace().count() < 6;
    ASIDES.iter().any(|begin| line.starts_with(begin))
        || is_version
        || is_based
        || is_of_option
        || is_file
        || is_profile
        || is_strict
        || is_person
}

/// Whether a paragraph says who may use the file.
pub(super) fn is_license(paragraph: &[&str]) -> bool {
    paragraph.iter().any(|line| {
        let line = line.to_ascii_lowercase();
        LICENSE.iter().any(|words| line.contains(words))
    })
}

/// Whether a paragraph says something else than what the file does: who may use it, or how it is called.
pub(super) fn is_aside(paragraph: &[&str]) -> bool {
    paragraph.first().is_some_and(|line| is_section(line)) || is_license(paragraph)
}

/// Whether a line begins a part about the call of a program: `Usage: x [FILE]`, `Options:`.
fn is_section(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['#', '*', '=', ' ']);
    let (title, rest) = line.split_once(':').unwrap_or((line, ""));
    let title = title.trim().trim_matches('*').to_ascii_lowercase();
    let is_call = matches!(title.as_str(), "usage" | "synopsis" | "example" | "examples");
    SECTIONS.contains(&title.as_str()) && (is_call || rest.trim().is_empty())
}

/// Whether a line shows how a program is called: `Usage: x [FILE]`.
pub(super) fn is_call(line: &str) -> bool {
    is_section(line) && line.split_once(':').is_some_and(|(_, rest)| !rest.trim().is_empty())
}

/// Whether a line is a whole sentence, and no sign of a command line stands in it.
pub(super) fn is_sentence(line: &str) -> bool {
    line.starts_with(char::is_uppercase)
        && line.trim_end().ends_with('.')
        && line.split_whitespace().count() > 2
        && !line.contains(['<', '[', '|', '$'])
}

/// Whether a line is words for people.
pub(super) fn is_words(line: &str) -> bool {
    let line = line.trim();
    line.chars().any(char::is_alphabetic)
        && !FOR_PROGRAMS.iter().any(|begin| line.starts_with(begin))
        && !is_tag(line)
        && !is_address(line)
        && !is_code(line)
        && !is_section(line)
        && !is_heading(line)
}

/// A tag of a documentation comment, or of a program that reads comments: `@cmd`, `@lint-avoid-x`.
fn is_tag(line: &str) -> bool {
    let is_marked = line.strip_prefix('@').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    is_marked || is_magic(line) || directive(line).is_some()
}

/// `frozen_string_literal: true`: a key that is no word of prose, and one value.
fn is_magic(line: &str) -> bool {
    let Some((key, value)) = line.split_once(':') else { return false };
    key.contains('_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && value.split_whitespace().count() == 1
}

fn is_address(line: &str) -> bool {
    let line = line.trim_start_matches(['<', '-', '*', ' ']);
    let is_web = line.starts_with("http://") || line.starts_with("https://");
    let is_one = |word: &str| !word.contains(char::is_whitespace) && (word.contains("://") || word.contains("///"));
    // `Docs: https://…`, `See https://…`, `host/path/page`.
    let names_it = |word: &str| {
        let word = word.trim().to_ascii_lowercase();
        word.ends_with(':') && !word.contains(' ')
            || ["see", "from", "source", "docs", "at", "via"].contains(&word.as_str())
    };
    let is_path = !line.contains(char::is_whitespace) && line.contains('/');
    let is_named = line.rsplit_once(char::is_whitespace).is_some_and(|(word, rest)| names_it(word) && is_one(rest));
    is_web || is_one(line) || is_path || is_named
}

/// Code that somebody turned off, or a line for a terminal.
fn is_code(line: &str) -> bool {
    let begins = ["$ ", "import ", "#include", "const ", "require(", "export ", "```", "<?", "#!"];
    let is_call = line.ends_with(')')
        && line.split('(').next().is_some_and(|head| !head.is_empty() && !head.contains(char::is_whitespace));
    let is_import = line.starts_with("from ") && line.contains(" import ");
    let installs = INSTALLING.iter().any(|begin| line.starts_with(begin));
    line.ends_with(['{', ';', '}', '\\'])
        || is_call
        || is_import
        || installs
        || begins.iter().any(|begin| line.starts_with(begin))
}

/// The key and the value of a line for a program that reads comments: `MISE description="Builds it"`,
/// `runner:summary=Builds it`.
fn directive(line: &str) -> Option<(&str, &str)> {
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    for mark in ["MISE ", "[MISE] ", "USAGE ", "[USAGE] "] {
        if let Some(written) = line.strip_prefix(mark) {
            return Some(written.split_once('=').unwrap_or((written, "")));
        }
    }
    let (owner, rest) = line.split_once(':')?;
    let (key, value) = rest.split_once('=')?;
    (is_name(owner) && is_name(key)).then_some((key, value))
}

/// The description that a line states behind a key or a tag.
pub(super) fn stated(line: &str) -> Option<&str> {
    let line = line.trim();
    let tagged = TAGS.iter().find_map(|tag| line.strip_prefix(tag));
    let keyed = || directive(line).filter(|(key, _)| DESCRIBING.contains(&key.trim())).map(|(_, value)| value);
    let value = tagged.or_else(keyed)?.trim().trim_matches(['"', '\'']).trim();
    (!value.is_empty()).then_some(value)
}

/// Whether a line is a directive of another program, whatever it states.
pub(super) fn is_directive(line: &str) -> bool {
    directive(line).is_some()
}

/// The words of a line without the name of the file that some repeat in front: `x.py - Does it`, `x    Does it`.
pub(super) fn without_name<'l>(line: &'l str, file: &str) -> &'l str {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let rest = [file, stem].into_iter().filter(|name| !name.is_empty()).find_map(|name| line.strip_prefix(name));
    let Some(rest) = rest else { return line };
    let behind = ["  ", "\t", " - ", " -- ", " – ", " — ", ": "].iter().find_map(|sign| rest.strip_prefix(sign));
    match behind.map(str::trim) {
        Some(words) if !words.is_empty() => words,
        None if rest.trim().is_empty() => "",
        _ => line,
    }
}

/// The first words of a help text that describe: neither a usage line nor what belongs to it, nor a list of options. `file` is
/// the name of the script, which may stand in front of them.
pub(super) fn first_words(text: &str, file: &str) -> Option<String> {
    let mut is_aside = false;
    let mut found: Vec<&str> = Vec::new();
    for line in text.lines() {
        let words = line.trim();
        if words.is_empty() || is_section(words) {
            if !found.is_empty() {
                break;
            }
            is_aside = !words.is_empty();
            continue;
        }
        // What is indented below `Usage:` goes on with it.
        is_aside &= line.starts_with(char::is_whitespace);
        let words = if found.is_empty() { without_name(words, file) } else { words };
        let is_usable = !words.starts_with(['-', '$', '[', '<']) && is_words(words) && words.contains(' ');
        if !is_aside && is_usable {
            found.push(words);
        } else if !found.is_empty() {
            break;
        }
    }
    (!found.is_empty()).then(|| found.join(" ").split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The first paragraph of a text that may describe a tool, on one line.
pub(super) fn first_paragraph(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut paragraphs = lines.split(|line| line.is_empty()).filter(|paragraph| !paragraph.is_empty());
    let words = paragraphs.find_map(|paragraph| {
        // A line that only announces what follows says nothing.
        let is_title = matches!(paragraph, [only] if only.ends_with(':'));
        let is_usable = !is_title && !is_aside(paragraph) && paragraph.first().is_some_and(|line| is_words(line));
        is_usable.then(|| paragraph.join(" "))
    })?;
    Some(words.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_for_people_describe() {
        for line in [
            "Counts words.",
            "Note: it is slow",
            "e.g. a(b) and c",
            "See https://x.y for more",
            "[flags] count",
            "Created files are listed",
            "Settings of the screen are kept",
            "$HOME is cleaned",
            "Based on the size, sorts files",
            "Version numbers are counted",
            "Exit codes are listed",
            "-- Counts",
        ] {
            assert!(is_words(line), "{line}");
        }
        for line in [
            "----",
            "http://www.apache.org/licenses/LICENSE-2.0",
            "<https://x.y/z>",
            "@flag --all",
            "@lint-avoid-x",
            "frozen_string_literal: true",
            "runner:group=Media",
            "MISE alias=\"b\"",
            "usage: x [FILE]",
            "Options:",
            "import os",
            "from a import b",
            "print(x)",
            "if (a) {",
            "go();",
            "$ make install",
            "$Id: x.pl,v 1.2 $",
            "$Id$",
            "Allow direct execution",
            "external packages",
            "Sanity checks:",
            "README:",
            "created 01/28/02 for a friend",
            "Written by Ada",
            "License: LGPLv2",
            "pip install requests",
            "Original source: https://x.y/z",
            "Based on https://x.y/z",
            "Based on a script by Ada",
            "Originally from a friend",
            "version 2.0, by Ada",
            "v1.2",
            "backup.sh",
            "Scriptified by Ada",
            "=== Settings ===",
            "---- functions ----",
            "Exit on error",
            "Exit immediately if a command fails",
            "Unofficial bash strict mode",
            "If you're using my code, say hi",
            "https://x.y/z for more",
            "args: file, count",
            "(c) 2020 Ada",
            "coding=utf-8",
            "global describe, it",
            "Ada Lovelace (ada@x.org)",
            "-f alsa -i hw:0 \\",
        ] {
            assert!(!is_words(line), "{line}");
        }
    }

    #[test]
    fn the_words_behind_a_key_or_a_tag_are_stated() {
        for (line, expected) in [
            ("runner:summary=Turns a picture", Some("Turns a picture")),
            ("MISE description=\"Builds it\"", Some("Builds it")),
            ("@description Draws it", Some("Draws it")),
            ("runner:args=<file>", None),
            ("Time: a=b", None),
            ("@param x The x", None),
        ] {
            assert_eq!(stated(line), expected, "{line}");
        }
    }

    #[test]
    fn the_next_paragraph_is_looked_at() {
        let text = "Usage: x [options]\n  x --all\n\nOptions:\n  --all  All\n\nCounts\nwords.\n\nMore.\n";
        assert_eq!(first_paragraph(text).as_deref(), Some("Counts words."));
        assert_eq!(first_paragraph("How to run it:\n\nCounts words.\n").as_deref(), Some("Counts words."));
        assert_eq!(
            first_paragraph("Gives the weather of:\n- a\n- b\n").as_deref(),
            Some("Gives the weather of: - a - b")
        );
        assert_eq!(first_paragraph("Copyright (c) A\n\nhttp://x.y/z\n\nUsage:\n  x\n"), None);
    }

    #[test]
    fn the_name_of_the_file_is_no_part_of_its_words() {
        for (line, expected) in [
            ("slow    Shows what is slow", "Shows what is slow"),
            ("slow.py - Shows it", "Shows it"),
            ("slow: Shows it", "Shows it"),
            ("slow things are shown", "slow things are shown"),
            ("slow.py", ""),
        ] {
            assert_eq!(without_name(line, "slow.py"), expected, "{line}");
        }
    }
}
