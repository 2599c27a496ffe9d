//! Trials that end because a generated value names no file: they say nothing about a tool that reads files.

use crate::runner::Tried;
use serde_json::Value;

/// What runtimes call a path that names nothing that can be read.
const MARKS: &[&str] = &[
    "FileNotFoundError",
    "IsADirectoryError",
    "NotADirectoryError",
    "PermissionError",
    "ENOENT",
    "EISDIR",
    "ENOTDIR",
    "ENAMETOOLONG",
    "EACCES",
    "No such file or directory",
    "no such file or directory",
    "Is a directory",
    "Permission denied",
    "permission denied",
    "Not a directory",
    "File name too long",
    "file name too long",
    "os error 2)",
    "NoSuchFileException",
];

/// What runtimes say of a path with a null character, which no file can have.
const NULLS: &[&str] = &["embedded null", "null byte", "without null bytes", "null character"];

/// Number of last lines of standard error that are searched.
const LINES: usize = 12;

/// Whether a trial failed because it took a value of its input as the path of a file, and no such file exists. The
/// error must name exactly this value; a tool that looks for another file is not excused.
pub(super) fn is_named_by(input: &Value, tried: &Tried) -> bool {
    let reason = tried.end.message().unwrap_or_default();
    let stderr = String::from_utf8_lossy(&tried.stderr);
    let lines = stderr.lines().rev().take(LINES).chain(std::iter::once(reason.as_str()));
    let mut values = Vec::new();
    texts(input, &mut values);
    let has_null = values.iter().any(|value| value.contains('\0'));
    if has_null && stderr.lines().rev().take(LINES).any(|line| NULLS.iter().any(|mark| line.contains(mark))) {
        return true;
    }
    let mut errors = lines.filter(|line| MARKS.iter().any(|mark| line.contains(mark))).peekable();
    if errors.peek().is_none() {
        return false;
    }
    errors.any(|line| values.iter().any(|value| names(line, value)))
}

/// Every text and number in an input, as a tool would write it.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Whether an error names this value as a whole: in quotes, or after the last colon or dash.
fn names(line: &str, value: &str) -> bool {
    let quoted = ["'", "\"", "`"].iter().any(|quote| {
        let whole = |text: &str| line.contains(&format!("{quote}{text}{quote}"));
        // A relative path, made absolute.
        let below = |text: &str| !text.is_empty() && line.contains(&format!("/{text}{quote}"));
        [value.to_owned(), python(value, quote), json(value)].iter().any(|text| whole(text) || below(text))
    });
    let is_end = |rest: &str| rest.is_empty() || [": ", ", ", " ("].iter().any(|next| rest.starts_with(next));
    let bare = |lead: &str| {
        let lead = format!("{lead}{value}");
        line.match_indices(&lead).any(|(at, _)| is_end(&line[at + lead.len()..]))
    };
    quoted || !value.is_empty() && [": ", " - ", "open "].into_iter().any(bare)
}

/// A text as Python writes it between quotes.
fn python(text: &str, quote: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            _ if quote.contains(c) => written.extend(['\\', c]),
            _ if c.is_control() || c == '\u{a0}' || c == '\u{ad}' => {
                written.extend(format!("\\x{:02x}", c as u32).chars());
            }
            // What a terminal does not show is written as a number.
            _ if !c.is_ascii() && c.escape_debug().len() > 1 => {
                let number = c as u32;
                let text = if number > 0xffff { format!("\\U{number:08x}") } else { format!("\\u{number:04x}") };
                written.push_str(&text);
            }
            _ => written.push(c),
        }
    }
    written
}

/// A text as JSON writes it, without its quotes.
fn json(text: &str) -> String {
    let whole = Value::from(text).to_string();
    whole.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunEnd;
    use serde_json::json;

    fn tried(stderr: &str) -> Tried {
        let reason = stderr.lines().last().unwrap_or_default().to_owned();
        Tried { stderr: stderr.into(), ..Tried::unstarted(RunEnd::Failed { exit_code: 1, reason }) }
    }

    #[test]
    fn only_the_generated_value_itself_is_a_path_that_names_nothing() {
        let python = "Traceback (most recent call last):\n  File \"tool.py\", line 3\nFileNotFoundError: [Errno 2] No such file or directory: ";
        for (value, error) in [
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "\"it's\""),
            ("a\n\u{1}\\", "'a\\n\\x01\\\\'"),
            ("\u{200b}", "'\\u200b'"),
            ("né", "'/tmp/work/né'"),
        ] {
            assert!(is_named_by(&json!({"path": value}), &tried(&format!("{python}{error}"))), "{value:?}");
        }
        let node = "Error: ENOENT: no such file or directory, open 'x.json'\n    at Object.openSync (node:fs:1)\n\nNode.js v20";
        assert!(is_named_by(&json!({"files": ["x.json"]}), &tried(node)));
        assert!(is_named_by(&json!({"p": "x"}), &tried("cat: x: No such file or directory")));
        assert!(!is_named_by(&json!({"p": "x"}), &tried("cat: xy: No such file or directory")));
        assert!(!is_named_by(&json!({"path": "a"}), &tried(&format!("{python}'/etc/tool.conf'"))));
        assert!(!is_named_by(&json!({"path": ""}), &tried(&format!("{python}'settings.ini'"))));
        let root = "PermissionError: [Errno 13] Permission denied: '/'";
        assert!(is_named_by(&json!({"path": "/"}), &tried(root)));
        assert!(!is_named_by(&json!({"n": "x"}), &tried("ValueError: invalid literal: 'x'")));
    }
}
