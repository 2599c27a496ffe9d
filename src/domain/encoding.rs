//! Detects source files that an interpreter does not decode as UTF-8, which all code here assumes.
//!
//! A comment may name a codec (PEP 263), and some codecs turn part of a comment into code: `raw_unicode_escape`,
//! `utf-7`, or one that another file of the tool registers. Only codecs that decode the text in the same way as UTF-8
//! are accepted.

use super::source::Language;

/// A text that its interpreter decodes differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherEncoding {
    /// The line with the declaration, counted from 1.
    pub line: u64,
    /// The encoding, as written.
    pub name: String,
}

/// Byte order marks of other encodings, the longer ones first.
const MARKS: &[(&[u8], &str)] = &[
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"+/v", "UTF-7"),
    (b"\xdd\x73\x66\x73", "UTF-EBCDIC"),
    (b"\xf7\x64\x4c", "UTF-1"),
    (b"\x0e\xfe\xff", "SCSU"),
    (b"\xfb\xee\x28", "BOCU-1"),
    (b"\x84\x31\x95\x33", "GB 18030"),
];

/// Names of UTF-8, in lower case and with dashes.
const UTF_8: &[&str] =
    &["utf-8", "utf8", "utf-8-sig", "utf8-sig", "utf-8-unix", "utf-8-dos", "utf-8-mac", "u8", "utf", "cp65001"];

/// Names of ASCII and Latin-1: the same as UTF-8 if every byte is ASCII.
const ASCII_ALIKE: &[&str] = &[
    "ascii",
    "us-ascii",
    "646",
    "ansi-x3.4-1968",
    "iso646-us",
    "latin-1",
    "latin1",
    "latin",
    "l1",
    "iso-8859-1",
    "iso8859-1",
    "8859",
    "cp819",
    "iso-latin-1",
    "iso-8859-1-unix",
    "latin-1-unix",
];

/// File name endings of scripts in languages that are not parsed here, whose interpreters obey such a comment or
/// statement.
const OTHER_SCRIPTS: &[&str] =
    &["rb", "rake", "gemspec", "ru", "pl", "pm", "t", "php", "phtml", "inc", "lua", "tcl", "el"];

/// The encoding that a byte order mark indicates, if it is not UTF-8.
pub fn marked(bytes: &[u8]) -> Option<&'static str> {
    MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, name)| *name)
}

/// The encoding other than UTF-8 in which an interpreter decodes this text. `language` is the language in which it is
/// executed, `None` if unknown.
pub fn other_encoding(path: &str, language: Option<Language>, text: &str) -> Option<OtherEncoding> {
    let is_ascii = text.is_ascii();
    let is_other = |name: &str| {
        let plain = name.to_ascii_lowercase().replace('_', "-");
        !(UTF_8.contains(&plain.as_str()) || is_ascii && ASCII_ALIKE.contains(&plain.as_str()))
    };
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let is_python = language == Some(Language::Python) || matches!(ending.as_str(), "py" | "pyi" | "pyw" | "pyx");
    let is_other_script = language.is_none() && (OTHER_SCRIPTS.contains(&ending.as_str()) || text.starts_with("#!"));
    if !is_python && !is_other_script {
        return None;
    }
    let found = cookie(text).filter(|found| is_other(&found.name));
    found.or_else(|| statement(text).filter(|_| is_other_script).filter(|found| is_other(&found.name)))
}

/// The codec that a comment in the first two lines names, as Python reads it: in the second line only after an empty
/// line or another comment.
fn cookie(text: &str) -> Option<OtherEncoding> {
    // A lone carriage return ends a line too.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head: String = text.chars().take(64 * 1024).collect::<String>().replace("\r\n", "\n");
    for (line, number) in head.split(['\n', '\r']).take(2).zip(1_u64..) {
        let begin = line.trim_start_matches([' ', '\t', '\u{c}']);
        let Some(comment) = begin.strip_prefix('#') else {
            if begin.is_empty() {
                continue;
            }
            return None;
        };
        if let Some(name) = named(comment) {
            return Some(OtherEncoding { line: number, name });
        }
    }
    None
}

/// The name after the first `coding:` or `coding=` that has one.
fn named(comment: &str) -> Option<String> {
    comment.match_indices("coding").find_map(|(at, word)| {
        let rest = comment[at + word.len()..].strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
        let name: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
        (!name.is_empty()).then_some(name)
    })
}

/// A statement that changes how the rest is decoded: `use encoding 'x'` and source filters of Perl,
/// `declare(encoding='x')` of PHP.
fn statement(text: &str) -> Option<OtherEncoding> {
    text.lines().zip(1_u64..).find_map(|(line, number)| {
        let plain: String = line.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let after = if let Some(at) = plain.find("use encoding ") {
            &plain[at + "use encoding ".len()..]
        } else if let Some(at) = plain.find("use filter") {
            &plain[at + "use ".len()..]
        } else {
            let tight: String = plain.split(' ').collect();
            let at = tight.find("declare(encoding=")? + "declare(encoding=".len();
            return name_of(&tight[at..]).map(|name| OtherEncoding { line: number, name });
        };
        name_of(after).map(|name| OtherEncoding { line: number, name })
    })
}

fn name_of(text: &str) -> Option<String> {
    let begin = text.trim_start_matches(['"', '\'', ':', ' ', '(', 'q', '{']);
    let name: String =
        begin.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(text: &str) -> Option<(u64, String)> {
        other_encoding("main.dat", Some(Language::Python), text).map(|found| (found.line, found.name))
    }

    #[test]
    fn a_codec_other_than_utf_8_is_found_however_it_is_spelled() {
        for (text, line, name) in [
            ("# coding: raw_unicode_escape\nx = 1\n", 1, "raw_unicode_escape"),
            ("# coding: utf-7\n", 1, "utf-7"),
            ("#!/usr/bin/env python3\n# -*- coding: Unicode_Escape -*-\n", 2, "Unicode_Escape"),
            ("\n#vim: set fileencoding=UTF_7 :\n", 2, "UTF_7"),
            ("\u{c}\t # encoding=rot13\n", 1, "rot13"),
            ("# decoding coding coding:\t utf_16_le\n", 1, "utf_16_le"),
            ("# coding: U7\r# x\r", 1, "U7"),
            ("# x\r# coding: cp037\r", 2, "cp037"),
            ("\u{feff}# coding: idna\n", 1, "idna"),
            ("# coding: latin-1\nx = 'é'\n", 1, "latin-1"),
            ("# coding: utf8x\n", 1, "utf8x"),
            ("# coding: my.codec\n", 1, "my.codec"),
        ] {
            assert_eq!(python(text), Some((line, name.to_owned())), "{text:?}");
        }
        for (path, text) in [
            ("a.rb", "#!/usr/bin/ruby\n# -*- encoding: utf-7 -*-\n"),
            ("tool", "#!/usr/bin/ruby -w\n# coding: Shift_JIS\n"),
            ("a.pl", "use strict;\nuse encoding 'utf16';\n"),
            ("a.pl", "use Filter::decrypt;\n"),
            ("a.php", "<?php declare( encoding = 'UTF-7' );\n"),
        ] {
            assert!(other_encoding(path, None, text).is_some(), "{path} {text:?}");
        }
    }

    #[test]
    fn what_reads_the_same_in_utf_8_raises_nothing() {
        for text in [
            "# coding: utf-8\nx = 'é'\n",
            "# -*- coding: UTF8 -*-\n",
            "#!/usr/bin/python3\n# vim: fileencoding=utf_8\n",
            "# coding: latin-1\nx = 1\n",
            "# coding: US-ASCII\n",
            "# -*- coding: iso-8859-1 -*-\n",
            "x = 1\n# coding: utf-7\n",
            "# a\n# b\n# coding: utf-7\n",
            "'''\n# coding: utf-7\n'''\n",
            "# about coding\n# coding : utf-7\n",
            "# coding:\n",
            "x = 1  # coding: utf-7\n",
        ] {
            assert_eq!(python(text), None, "{text:?}");
        }
        assert_eq!(other_encoding("a.sh", Some(Language::Bash), "# coding: utf-7\n"), None);
        assert_eq!(other_encoding("README.md", None, "# coding: utf-7\n"), None);
        assert_eq!((marked(b"x = 1"), marked(b"\xef\xbb\xbfx")), (None, None));
        assert_eq!((marked(b"\xff\xfex\0"), marked(b"\xff\xfe\0\0")), (Some("UTF-16"), Some("UTF-32")));
    }
}
