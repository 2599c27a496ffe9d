//! Determines whether a process that ended by itself succeeded, from its exit code and its output.

use super::stated::stated_failure;
use super::violations::violations_line;
use crate::domain::{Recipe, RunEnd, SuccessRule, validate};
use serde_json::Value;

/// Longer reasons are cut, in characters.
const MAX_REASON: usize = 300;

/// Larger output is not examined, in bytes.
pub(in crate::runner) const MAX_JSON: u64 = 16 << 20;

/// What counts as success.
#[derive(Debug, Clone)]
pub(in crate::runner) struct OutputRule {
    success: SuccessRule,
    schema: Option<Value>,
}

/// The known standard output.
#[derive(Debug)]
pub(in crate::runner) enum Output {
    Whole(Vec<u8>),
    /// It is larger than [`MAX_JSON`].
    TooLarge,
    /// Part of it was not stored.
    Lost,
}

impl OutputRule {
    /// The rule of a recipe; an output schema means that the output must be JSON.
    pub(in crate::runner) fn of(recipe: &Recipe, schema: Option<&Value>) -> OutputRule {
        OutputRule { success: recipe.success.clone(), schema: schema.cloned() }
    }

    /// The same rule for a run whose output is not examined.
    pub(in crate::runner) fn by_exit_code(self) -> OutputRule {
        let success = SuccessRule { check_json: false, require_json: false, ..self.success };
        OutputRule { success, schema: None }
    }

    fn needs_json(&self) -> bool {
        self.success.require_json || self.schema.is_some()
    }

    /// Evaluates a process that ended with `exit_code`. `last_words` is the end of standard error.
    pub(in crate::runner) fn judge(&self, exit_code: i32, output: &Output, last_words: &str) -> RunEnd {
        let failed = |reason: String| RunEnd::Failed { exit_code, reason: shorten(&reason) };
        let stated = match output {
            Output::Whole(bytes) if self.success.check_json => stated_failure(bytes, self.schema.as_ref()),
            _ => None,
        };
        if !self.success.exit_codes.contains(&exit_code) {
            let reason = stated.or_else(|| last_line(last_words)).unwrap_or_else(|| format!("exit code {exit_code}"));
            return failed(reason);
        }
        if let Some(reason) = stated {
            return failed(reason);
        }
        match self.wrong_output(output) {
            Some(message) => RunEnd::InvalidOutput { exit_code, message: shorten(&message) },
            None => RunEnd::Succeeded { exit_code },
        }
    }

    fn wrong_output(&self, output: &Output) -> Option<String> {
        if !self.needs_json() {
            return None;
        }
        let bytes = match output {
            Output::Whole(bytes) => bytes,
            Output::TooLarge => {
                return Some("output: larger than 16 MiB, too large to be validated as JSON".to_owned());
            }
            Output::Lost => return Some("output: could not be stored, so it cannot be validated".to_owned()),
        };
        let value = match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => value,
            Err(error) => return Some(not_json(bytes, &error)),
        };
        let violations = validate(self.schema.as_ref()?, &value);
        (!violations.is_empty()).then(|| violations_line("output", &violations))
    }
}

/// Why a text is not JSON: the token, its line and column.
fn not_json(bytes: &[u8], error: &serde_json::Error) -> String {
    if bytes.trim_ascii().is_empty() {
        return "output: empty, expected a JSON value".to_owned();
    }
    let (line, column) = (error.line(), error.column());
    let text = bytes.split(|b| *b == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let place = format!("line {line}, column {column}");
    if let Err(error) = std::str::from_utf8(bytes) {
        let line = bytes[..error.valid_up_to()].split(|b| *b == b'\n').count();
        return format!("output: not UTF-8, so not JSON (line {line})");
    }
    let token = token_at(text, column);
    if error.is_eof() {
        return format!("output: the JSON ends too early ({place})");
    }
    if token.is_empty() {
        return format!("output: not JSON ({place})");
    }
    format!("output: {token} is not JSON ({place})")
}

/// The word around a column (1 is the first byte), at most 40 characters of it.
fn token_at(line: &[u8], column: usize) -> String {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-' | b'.');
    let at = column.saturating_sub(1).min(line.len().saturating_sub(1));
    let start = line[..at].iter().rposition(|b| !is_word(b)).map_or(0, |i| i + 1);
    let len = line[start..].iter().take_while(|b| is_word(b)).count();
    // Not a word: the character itself.
    let end = if len == 0 { (start + 1).min(line.len()) } else { start + len };
    String::from_utf8_lossy(&line[start..end]).chars().take(40).collect()
}

/// The line with the reason: the last nonblank one, skipping the stack trace that node prints.
fn last_line(text: &str) -> Option<String> {
    let plain = without_colours(text);
    let lines: Vec<&str> = plain.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    let last = *lines.last()?;
    let is_frame = |line: &str| line.trim_start() != line && line.trim_start().starts_with("at ");
    if !(last.starts_with("Node.js v") || is_frame(last)) {
        return Some(last.trim().to_owned());
    }
    let before_stack = lines.windows(2).rev().find(|pair| !is_frame(pair[0]) && is_frame(pair[1])).map(|pair| pair[0]);
    let said = before_stack.or_else(|| lines.iter().rev().find(|line| !line.starts_with("Node.js v")).copied());
    said.map(|line| line.trim().to_owned())
}

/// Removes colour sequences, because a reason is shown as one line among others.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        let sequence = &rest[at + 2..];
        let len = sequence.find(|c: char| !(c.is_ascii_digit() || matches!(c, ';' | ':'))).unwrap_or(sequence.len());
        if let Some(after) = sequence[len..].strip_prefix('m') {
            rest = after;
        } else {
            plain.push_str("\u{1b}[");
            rest = sequence;
        }
    }
    plain.push_str(rest);
    plain
}

/// One line of at most [`MAX_REASON`] characters.
fn shorten(text: &str) -> String {
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default();
    if line.len() == text.len() && line.chars().nth(MAX_REASON).is_none() {
        return line.to_owned();
    }
    line.chars().take(MAX_REASON - 1).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judge(rule: SuccessRule, schema: Option<Value>, exit_code: i32, stdout: &str, stderr: &str) -> RunEnd {
        OutputRule { success: rule, schema }.judge(exit_code, &Output::Whole(stdout.into()), stderr)
    }

    fn plain(exit_code: i32, stdout: &str, stderr: &str) -> RunEnd {
        judge(SuccessRule::default(), None, exit_code, stdout, stderr)
    }

    fn failed(exit_code: i32, reason: &str) -> RunEnd {
        RunEnd::Failed { exit_code, reason: reason.to_owned() }
    }

    #[test]
    fn exit_code_and_output_must_both_say_success() {
        let fine = RunEnd::Succeeded { exit_code: 0 };
        for stdout in ["", "text", "{\"error\": null}", "{\"success\": true}", "{\"success\": false", "[{\"error\":1}]"]
        {
            assert_eq!(plain(0, stdout, "warning"), fine, "{stdout}");
        }
        assert_eq!(plain(0, "{\"success\": false}", ""), failed(0, "output says \"success\": false"));
        assert_eq!(
            plain(0, "{\"success\": false, \"message\": \"no\"}", ""),
            failed(0, "output says \"success\": false: no")
        );
        assert_eq!(plain(0, "{\"error\": \"boom\"}\n", ""), failed(0, "output says \"error\": boom"));
        assert_eq!(plain(0, "{\"error\": {\"message\": \"deep\"}}", ""), failed(0, "output says \"error\": deep"));
        let unchecked = SuccessRule { check_json: false, ..SuccessRule::default() };
        assert_eq!(judge(unchecked, None, 0, "{\"error\": \"x\"}", ""), fine);
        let three = SuccessRule { exit_codes: vec![0, 3], ..SuccessRule::default() };
        assert_eq!(judge(three, None, 3, "", ""), RunEnd::Succeeded { exit_code: 3 });
    }

    #[test]
    fn the_reason_is_the_line_that_says_why() {
        let python =
            "Traceback (most recent call last):\n  File \"x.py\", line 1\nValueError: bad \u{1b}[31mred\u{1b}[0m\n\n";
        assert_eq!(plain(1, "", python), failed(1, "ValueError: bad red"));
        let node = "/x.js:1\nthrow new Error(\"no\")\n^\n\nError: no\n    at Object.<anonymous> (/x.js:1:7)\n    at y {\n  code: 1\n}\n\nNode.js v20.20.2\n";
        assert_eq!(plain(1, "", node), failed(1, "Error: no"));
        assert_eq!(plain(1, "{\"error\": \"why\"}", "noise"), failed(1, "output says \"error\": why"));
        assert_eq!(plain(4, "text", "\n \n"), failed(4, "exit code 4"));
        let RunEnd::Failed { reason, .. } = plain(1, "", &"é".repeat(500)) else { panic!("failed") };
        assert_eq!(reason.chars().count(), MAX_REASON);
    }

    #[test]
    fn output_that_must_be_json_names_the_token_that_is_not() {
        let required = || SuccessRule { require_json: true, ..SuccessRule::default() };
        let message = |stdout: &str| match judge(required(), None, 0, stdout, "") {
            RunEnd::InvalidOutput { message, .. } => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(message("{\n  \"a\": Infinity\n}"), "output: Infinity is not JSON (line 2, column 8)");
        assert!(message("{\"a\": NaN}").starts_with("output: NaN is not JSON"));
        assert!(message("[-Infinity]").starts_with("output: -Infinity is not JSON"));
        assert!(message("hello world").starts_with("output: hello is not JSON (line 1"));
        assert!(message("{} trailing").starts_with("output: trailing is not JSON"));
        assert!(message("{'a': 1}").starts_with("output: ' is not JSON"));
        assert_eq!(message(" \n"), "output: empty, expected a JSON value");
        assert!(message("{\"a\": [1,").starts_with("output: the JSON ends too early"));
        assert_eq!(judge(required(), None, 0, " 1 \n", ""), RunEnd::Succeeded { exit_code: 0 });
        let bad = OutputRule { success: required(), schema: None };
        assert!(matches!(bad.judge(0, &Output::Whole(vec![b'"', 0xff, b'"']), ""), RunEnd::InvalidOutput { .. }));
        assert!(matches!(bad.judge(0, &Output::TooLarge, ""), RunEnd::InvalidOutput { .. }));
        assert!(matches!(bad.judge(0, &Output::Lost, ""), RunEnd::InvalidOutput { .. }));
    }

    #[test]
    fn an_output_schema_is_checked_with_the_place() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
        let end = judge(SuccessRule::default(), Some(schema.clone()), 0, "{\"n\": \"x\"}", "");
        let RunEnd::InvalidOutput { message, .. } = end else { panic!("{end:?}") };
        assert!(message.starts_with("output/n: "), "{message}");
        assert_eq!(
            judge(SuccessRule::default(), Some(schema), 0, "{\"n\": 1}", ""),
            RunEnd::Succeeded { exit_code: 0 }
        );
    }
}
