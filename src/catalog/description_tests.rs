//! Tests of where the description of a tool comes from.

use super::description::*;

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
        "Sends the report of each night to everybody on the list (team@example.org)",
        "Python scripts are counted",
        "Gets one file of a mail: GET /messages/{message}/files/{file}",
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
        "interface Foo extends Bar {}",
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
        "python3 count.py \"C:\\data\" 5",
        "Code base of Ada Byron [ ada@example.org ]",
        "The work of Ada Byron <ada@example.org>.",
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
        "\"name\": \"Collapse lines\",",
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
    assert_eq!(first_paragraph("Gives the weather of:\n- a\n- b\n").as_deref(), Some("Gives the weather of: - a - b"));
    let list = "Deploys a library:\n\n1. Bump the version\n2. Tag it\n\nIt works.\n";
    assert_eq!(first_paragraph(list).as_deref(), Some("Deploys a library"));
    assert_eq!(first_paragraph("- a b\n- c d\n\nCounts words.\n").as_deref(), Some("Counts words."));
    assert_eq!(first_paragraph("- counts words\n").as_deref(), Some("- counts words"));
    assert_eq!(first_words("To control the cache:\n\n  $ x -u\n", ""), None);
    assert_eq!(first_words("x does two things:\n\n  - a b\n", "").as_deref(), Some("x does two things"));
    let command = "Run from the repository root:\n    uv run examples/x.py\n";
    assert_eq!(first_paragraph(command), None);
    assert_eq!(first_words(command, "x.py"), None);
    let labelled = "Code Maker\nDescription: Makes a code.\nUsage: make [words]\n  -u  Update\n";
    assert_eq!(first_words(labelled, "make").as_deref(), Some("Makes a code."));
    assert_eq!(first_words("About: \nMakes a code.\n", "make").as_deref(), Some("Makes a code."));
    let list = "Makes a bucket with:\n\nVersions\n";
    assert_eq!(first_words(list, "x.py").as_deref(), Some("Makes a bucket with:"));
    assert_eq!(first_words(&format!("{command}\nCounts words.\n"), "x.py").as_deref(), Some("Counts words."));
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
