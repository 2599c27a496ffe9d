//! Text that does not say what it seems to: characters that hide or reorder, letters that look like others, code
//! pushed out of sight.

use super::CheckContext;
use super::source::{Language, excerpt, line as line_of, nodes, text as text_at, text_of};
use super::started::{Started, encoding};
use crate::domain::{CheckReport, Finding, Severity, VersionFile, count, escape_char, hidden_in, is_hidden};
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};
use unicode_security::skeleton;

/// Code that begins right of this column, behind blanks, is out of sight on every screen.
const OUT_OF_SIGHT: usize = 200;

/// As many blanks within a line are no indentation and no table.
const LONG_BLANKS: usize = 60;

/// Longer lines of code are not read to their end, in characters.
const MAX_LINE: usize = 1_000;

/// Findings of one sort for one file; the rest is counted.
const MAX_OF_SORT: usize = 5;

/// Examines all text of the version.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let started = Started::of(context.version);
    let mut findings = Vec::new();
    for file in &context.version.files {
        findings.extend(file_findings(file, started.language_of(file), started.executes(&file.path)));
    }
    CheckReport::of("hidden-text", findings)
}

fn file_findings(file: &VersionFile, language: Option<Language>, is_executed: bool) -> Vec<Finding> {
    let encoded = encoding(file, language)
        .map(|(line, words)| Finding::new("encoding", Severity::High, words).at(&file.path, line));
    let Some(text) = text_of(file) else {
        return encoded.map_or_else(|| vec![binary(file, is_executed)], |it| vec![it]);
    };
    let mut findings: Vec<Finding> = encoded.into_iter().collect();
    for (line, number) in text.lines().zip(1_u64..) {
        let at = |finding: Finding| finding.at(&file.path, number);
        findings.extend(hidden(line).map(at));
        if language.is_some() {
            findings.extend(out_of_sight(line).map(at));
        }
        findings.extend(lookalike_word(line).map(at));
    }
    if let Some(language) = language {
        findings.extend(identifiers(&file.path, language, text));
    }
    few_of_each(&findings)
}

/// What is not text: a compiled program cannot be reviewed, other files are told.
fn binary(file: &VersionFile, is_executed: bool) -> Finding {
    const PROGRAMS: &[&[u8]] = &[
        b"\x7fELF",
        b"MZ",
        b"\0asm",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"!<arch>",
        b"\x1bLua",
        b"\x1bLJ",
        b"BC\xc0\xde",
        b"dex\n",
    ];
    const ENDINGS: &[&str] = &["pyc", "pyo", "pyd", "so", "dll", "dylib", "jar", "class", "jsc", "node", "exe"];
    let ending = file.path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_program = PROGRAMS.iter().any(|magic| file.bytes.starts_with(magic))
        || ENDINGS.contains(&ending.as_str())
        // Bytecode of Python: a number of its version, then these.
        || file.bytes.get(2..4) == Some(b"\r\n");
    let finding = if is_program {
        Finding::new("compiled", Severity::High, "a compiled program: its code cannot be reviewed")
    } else if holds_code(&file.bytes) {
        Finding::new("archive", Severity::High, "an archive that contains code: its code cannot be reviewed")
    } else if is_executed {
        Finding::new("not-text", Severity::High, "it is executed but is not text: its code cannot be reviewed")
    } else {
        Finding::new(
            "binary",
            Severity::Low,
            format!("not text, {}: it cannot be reviewed here", count(file.bytes.len(), "byte")),
        )
    };
    Finding { path: Some(file.path.clone()), ..finding }
}

/// Whether bytes are an archive (zip) in which a file has the name of code; an interpreter may load such a file.
fn holds_code(bytes: &[u8]) -> bool {
    // The list of the files ends an archive; bytes may stand before it.
    if memchr::memmem::find(bytes, b"PK\x05\x06").is_none() {
        return false;
    }
    let names = memchr::memmem::find_iter(bytes, b"PK\x01\x02").filter_map(|at| {
        let len = u16::from_le_bytes(bytes.get(at + 28..at + 30)?.try_into().ok()?);
        std::str::from_utf8(bytes.get(at + 46..at + 46 + usize::from(len))?).ok()
    });
    let is_code = |name: &str| {
        let ending = name.rsplit('.').next().unwrap_or_default();
        Language::of(name, "").is_some() || matches!(ending, "pyc" | "class" | "so" | "lua" | "pl" | "rb" | "php")
    };
    names.take(10_000).any(is_code)
}

/// The characters of a line that nobody sees, or that change the order of what one sees.
pub(super) fn hidden(line: &str) -> Option<Finding> {
    let bad = hidden_in(line);
    let worst = bad.iter().copied().find(|c| !c.is_control()).or(bad.first().copied())?;
    let (what, severity) = match worst {
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}' => {
            ("reorders the displayed text", Severity::High)
        }
        '\u{E0000}'..='\u{E007F}' => ("is an invisible letter", Severity::High),
        '\0' => ("is not a text character", Severity::High),
        '\u{1b}' | '\r' | '\u{8}' => ("changes the terminal display", Severity::High),
        c if c.is_control() => ("is not a text character", Severity::Medium),
        _ => ("is invisible", Severity::High),
    };
    let many = if bad.len() > 1 { format!(", one of {} in this line", bad.len()) } else { String::new() };
    Some(Finding::new("hidden-character", severity, format!("{} {what}{many}", escape_char(worst))))
}

/// Code that no screen shows: behind a wall of blanks, or at the end of a line that never ends.
fn out_of_sight(line: &str) -> Option<Finding> {
    if line.len() <= OUT_OF_SIGHT {
        return None;
    }
    let (mut column, mut blanks) = (0_usize, 0_usize);
    for c in line.trim_end().chars() {
        if c.is_whitespace() || is_hidden(c) {
            blanks += 1;
        } else {
            if blanks >= LONG_BLANKS && column >= OUT_OF_SIGHT {
                let rest: String = line.chars().skip(column).collect();
                let message = format!("after {blanks} spaces, at column {}: {}", column + 1, excerpt(&rest, 60));
                return Some(Finding::new("long-blank", Severity::High, message));
            }
            blanks = 0;
        }
        column += 1;
    }
    (column > MAX_LINE).then(|| {
        Finding::new("long-line", Severity::High, format!("a line of {column} characters, too long to review"))
    })
}

/// A word of Latin letters with one of another script in it, that looks like a plain word.
fn lookalike_word(line: &str) -> Option<Finding> {
    if line.is_ascii() {
        return None;
    }
    let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    let mut bad = words.filter(|word| {
        let has_plain = word.bytes().any(|byte| byte.is_ascii_alphabetic());
        has_plain && word.chars().any(is_of_other_script) && skeleton(word).all(|c| c.is_ascii())
    });
    let word = bad.next()?;
    Some(Finding::new("lookalike", Severity::High, lookalike_words(word)))
}

fn lookalike_words(word: &str) -> String {
    let plain: String = skeleton(word).collect();
    let shown: String = word.chars().map(|c| if c.is_ascii() { c.to_string() } else { escape_char(c) }).collect();
    format!("{shown} looks like {plain} but is different")
}

fn is_of_other_script(c: char) -> bool {
    !c.is_ascii()
        && matches!(
            c.script(),
            Script::Cyrillic | Script::Greek | Script::Armenian | Script::Cherokee | Script::Coptic | Script::Lisu
        )
}

/// Names in the code that are read as other names: by Python, which folds letters, or by a human.
fn identifiers(path: &str, language: Language, text: &str) -> Vec<Finding> {
    if text.is_ascii() && !(language.is_javascript() && text.contains("\\u")) {
        return Vec::new();
    }
    let Some(tree) = language.parse(text) else { return Vec::new() };
    let names = nodes(tree.root_node()).filter(|node| {
        matches!(
            node.kind(),
            "identifier"
                | "property_identifier"
                | "shorthand_property_identifier"
                | "variable_name"
                | "type_identifier"
        )
    });
    let bad = names.filter_map(|node| {
        let name = text_at(node, text);
        if name.is_ascii() && !name.contains('\\') {
            return None;
        }
        let folded: String = name.nfkc().collect();
        let message = if name.contains('\\') {
            format!("the name {} is written with escapes", excerpt(name, 60))
        } else if folded != name && folded.is_ascii() {
            let shown: String = name.chars().map(escape_char).collect();
            format!("the name {shown} is interpreted as {folded}")
        } else if is_lookalike_name(name) {
            lookalike_words(name)
        } else {
            return None;
        };
        Some(Finding::new("lookalike-name", Severity::High, message).at(path, line_of(node)))
    });
    bad.collect()
}

/// A name that a reader takes for a plain one; Greek letters alone are what formulas are written in.
fn is_lookalike_name(name: &str) -> bool {
    let is_greek = name.chars().filter(|c| c.is_alphabetic()).all(|c| c.script() == Script::Greek);
    !is_greek && name.chars().any(is_of_other_script) && skeleton(name).all(|c| c.is_ascii())
}

/// The first findings of each sort; how many more there are is said by the last.
fn few_of_each(findings: &[Finding]) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for finding in findings {
        let count = counts.entry(finding.code.clone()).or_default();
        *count += 1;
        if *count <= MAX_OF_SORT {
            kept.push(finding.clone());
        }
    }
    for (code, count) in counts.into_iter().filter(|(_, count)| *count > MAX_OF_SORT) {
        if let Some(last) = kept.iter_mut().rev().find(|finding| finding.code == code) {
            last.message = format!("{}; and {} more lines like this", last.message, count - MAX_OF_SORT);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    fn found(path: &str, text: &str) -> Vec<(String, u64)> {
        let file = VersionFile { path: path.to_owned(), mode: FileMode::Plain, bytes: text.as_bytes().to_vec() };
        let language = Language::of(path, text);
        file_findings(&file, language, false)
            .into_iter()
            .map(|finding| (finding.code, finding.line.unwrap_or(0)))
            .collect()
    }

    fn one(code: &str, line: u64) -> Vec<(String, u64)> {
        vec![(code.to_owned(), line)]
    }

    #[test]
    fn what_hides_or_reorders_is_found_at_its_line() {
        for text in [
            "x = 1\nif a:\u{202e} # b\n",
            "a\nb\u{200b}c",
            "a\n\u{e0041}\u{e0042}",
            "a\nb\u{2066}c",
            "a\nx\u{ad}y",
            "a\n\u{1b}[8m",
            "a\nb\rc",
        ] {
            assert_eq!(found("a.py", text), one("hidden-character", 2), "{text:?}");
            assert_eq!(found("README.md", text), one("hidden-character", 2), "{text:?}");
        }
        assert_eq!(found("a.py", &format!("x = 1{}import os", " ".repeat(230))), one("long-blank", 1));
        assert_eq!(found("a.py", &format!("x = '{}'", "ab ".repeat(400))), one("long-line", 1));
        assert_eq!(found("data.json", &format!("[\"{}\"]", "ab ".repeat(400))), []);
    }

    #[test]
    fn letters_that_look_like_others_are_found() {
        assert_eq!(found("a.md", "see p\u{0430}ypal.com"), one("lookalike", 1));
        assert_eq!(found("a.py", "\u{0435}\u{0445}\u{0435}\u{0441} = 1"), one("lookalike-name", 1));
        assert_eq!(found("a.py", "\u{1d41e}xec(x)"), one("lookalike-name", 1));
        assert_eq!(found("a.js", "\\u0065val(x)"), one("lookalike-name", 1));
    }

    #[test]
    fn a_binary_file_is_told_and_a_compiled_one_fails() {
        let file =
            |path: &str, bytes: &[u8]| VersionFile { path: path.into(), mode: FileMode::Plain, bytes: bytes.to_vec() };
        let severity = |path, bytes, is_executed| file_findings(&file(path, bytes), None, is_executed)[0].severity;
        assert_eq!(severity("x", b"\x7fELF\x02\xff\xfe", false), Severity::High);
        assert_eq!(severity("x", b"\xcb\x0d\x0d\x0a\0\xff", true), Severity::High);
        assert_eq!(severity("x.png", b"\x89PNG\xff", false), Severity::Low);
        assert_eq!(severity("x.dat", b"\x89PNG\xff", true), Severity::High);
        assert_eq!(severity("notes.txt", b"\xff\xfea\0", false), Severity::High);
    }

    #[test]
    fn what_people_write_raises_nothing() {
        for text in [
            "caf\u{e9} \u{2014} na\u{ef}ve stra\u{df}e \u{131}l\u{131}k \u{3c0} \u{b5}s \u{394}x \u{2264} 5 \u{2192} ok\r\n\tindented\n",
            "\u{26a0}\u{fe0f} warning \u{1f468}\u{200d}\u{1f4bb} \u{31}\u{fe0f}\u{20e3} \u{1f468}\u{1f3fd}\u{200d}\u{1f4bb}",
            "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{43c}\u{438}\u{440} \u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{feff}# begins with a mark of order",
            "x = 1  # aligned far to the right                                        # but to be seen",
            "na\u{ef}ve = 1\nfor \u{3b1} in x: pass",
        ] {
            assert_eq!(found("a.py", text), [], "{text}");
        }
    }
}
