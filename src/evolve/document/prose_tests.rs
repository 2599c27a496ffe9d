//! Specifications read from sentences.

use super::*;
use serde_json::json;

fn said(text: &str) -> Vec<String> {
    let line = |p: &InputParameter| {
        let default = p.constraints.get("default").map(|value| format!(" = {value}")).unwrap_or_default();
        format!("{}: {}{}{default}", p.name, p.kind, if p.required { "" } else { "?" })
    };
    parameters(text).iter().map(line).collect()
}

#[test]
fn inputs_are_read_from_sentences() {
    for (text, wanted) in [
        (
            "Takes a string `text` and an integer `width` (default 80) and returns the wrapped text.",
            &["text: string", "width: integer? = 80"][..],
        ),
        ("Accepts path (string) and limit (integer, default 10).", &["path: string", "limit: integer? = 10"]),
        ("Given two numbers a and b, returns their sum", &["a: number", "b: number"]),
        ("It takes two integers, a and b, and gives the larger", &["a: integer", "b: integer"]),
        (
            "Takes a list of numbers called values and an optional boolean named strict.",
            &["values: array", "strict: boolean?"],
        ),
        ("Takes a URL and returns the page", &["url: string"]),
        ("Takes a file path and prints the lines", &["file_path: string"]),
        ("Inputs: path: text, limit: integer = 10", &["path: string", "limit: integer? = 10"]),
        ("Parameters: a, b", &["a: string", "b: string"]),
        (
            "Takes `text` and wraps it at `width` columns (integer, default 80).",
            &["text: string", "width: integer? = 80"],
        ),
        ("It expects the limit as an integer", &["limit: integer"]),
        ("Takes a file path and a delimiter.", &["file_path: string", "delimiter: string"]),
        ("Takes a list of numbers and a string separator", &["numbers: array", "separator: string"]),
        ("Takes a date string and returns its weekday", &["date: string"]),
        ("Takes care of old files and removes them.", &[]),
        ("Joins two CSV files by a key", &[]),
        ("This takes a long time.", &[]),
    ] {
        assert_eq!(said(text), wanted, "{text}");
    }
}

#[test]
fn the_output_is_what_a_sentence_says_of_it() {
    assert_eq!(output("Takes a and returns the sum of both. More."), Some("the sum of both".into()));
    assert_eq!(output("Output: one line for each file"), Some("one line for each file".into()));
    assert_eq!(output("Sorts lines."), None);
}

#[test]
fn examples_are_read_in_one_line_or_two_and_from_calls() {
    let known = parameters("takes two numbers a and b");
    let read = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        examples(&lines, &known).into_iter().map(|(_, e)| (e.input, e.output)).collect::<Vec<_>>()
    };
    let sum = vec![(json!({"a": 1, "b": 2}), Some(json!(3)))];
    for text in [
        "Input: {\"a\": 1, \"b\": 2}\nOutput: 3",
        "- Input: a=1, b=2\n- Output: `3`",
        "Input: {\"a\": 1, \"b\": 2} Output: 3.",
        "Example: {\"a\": 1, \"b\": 2} -> 3",
        "`{\"a\": 1, \"b\": 2}` → 3",
        "For example, add(1, 2) gives 3",
        "Example: a=1, b=2 => 3",
        "**Input:** `{\"a\": 1, \"b\": 2}`\n\n**Output:** `3`",
    ] {
        assert_eq!(read(text), sum, "{text}");
    }
    for text in ["Moves a file -> another place", "Input: nothing\nmore", "f(x) -> y is not one of 1, 2, 3(4", "a -> b"]
    {
        assert_eq!(read(text), [], "{text}");
    }
    let two = read("Example: a=1, b=2 -> 3; a=\"x; y\", b=2 -> \"4;\"");
    assert_eq!(two, [(json!({"a": 1, "b": 2}), Some(json!(3))), (json!({"a": "x; y", "b": 2}), Some(json!("4;")))]);
    let number = parameters("takes an integer `width`");
    assert_eq!(examples(&["Input: \"aa bb\" with width 8", "Output: x"], &number), []);
    let one = parameters("takes a string `text`");
    let read = examples(&["Input: hello", "Output: HELLO"], &one);
    assert_eq!(read[0].1.input, json!({"text": "hello"}));
    assert_eq!(read[0].1.output, Some(json!("HELLO")));
}

#[test]
fn no_text_ends_the_reader() {
    proptest::proptest!(|(text in "(takes|inputs:|returns|output:|->|→|ß| and |, |`|\"|\\(|\\)|=|a|int|integer|\\.| |\n){0,60}")| {
        let known = parameters(&text);
        let _ = output(&text);
        let lines: Vec<&str> = text.lines().collect();
        let _ = examples(&lines, &known);
    });
}
