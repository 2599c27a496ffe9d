//! Parses the output of linters, each in its own format.

use super::finding;
use crate::domain::{Finding, Severity};
use serde_json::Value;

/// The text of a field; empty if it is not a text.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(1)
}

// Linters are strict: on legitimate code, most of their findings are about style or missing types. A finding that stops
// a program fails, a probable fault warns, and the others are facts.

/// `ruff check --output-format=json`: a list. Syntax errors stop a program; undefined names may.
pub(super) fn ruff(answer: &str) -> Option<Vec<Finding>> {
    let list: Vec<Value> = serde_json::from_str(answer).ok()?;
    let findings = list.iter().map(|item| {
        let code = item.get("code").and_then(Value::as_str).unwrap_or("syntax");
        let breaks = code == "syntax" || code == "invalid-syntax" || code.starts_with("E9");
        let is_fault = code.starts_with("F82") || code.starts_with("PLE") || code.starts_with('S') && code != "S101";
        let severity = if breaks {
            Severity::High
        } else if is_fault {
            Severity::Medium
        } else {
            Severity::Low
        };
        finding(code, severity, text(item, "/message"), (text(item, "/filename"), number(item, "/location/row")))
    });
    Some(findings.collect())
}

/// The output of every mypy, including versions before 1.11 without JSON: `file:line: error: message  [code]`.
pub(super) fn mypy(answer: &str) -> Option<Vec<Finding>> {
    let mut findings = Vec::new();
    for line in answer.lines().filter(|line| !line.trim().is_empty()) {
        let known = [(": error: ", Severity::Medium), (": note: ", Severity::Low)];
        let found = known.into_iter().find_map(|(word, severity)| Some((line.split_once(word)?, severity)));
        let ((place, said), severity) = found?;
        let (path, at) = place.split_once(':')?;
        let at = at.split(':').next()?.parse().ok()?;
        let (message, code) = said.rsplit_once("  [").unwrap_or((said, "note]"));
        let code = code.trim_end_matches(']');
        let severity = if matches!(code, "syntax" | "name-defined") { severity } else { Severity::Low };
        findings.push(finding(code, severity, message, (path, at)));
    }
    Some(findings)
}

/// Files that a linter could not read: they are not examined, so the check does not pass.
fn unread<'a>(answer: &'a Value, path: &'a str, reason: &'a str) -> impl Iterator<Item = Finding> + 'a {
    let errors = answer.get("errors").and_then(Value::as_array).into_iter().flatten();
    let of_files = errors.filter(move |error| !text(error, path).is_empty());
    of_files.map(move |error| {
        let message = format!("this file was not examined: {}", text(error, reason));
        finding("unread", Severity::Medium, &message, (text(error, path), 1))
    })
}

/// `bandit --format=json`: severity and confidence.
pub(super) fn bandit(answer: &str) -> Option<Vec<Finding>> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let list = answer.get("results")?.as_array()?;
    let findings = list.iter().map(|item| {
        let is_sure = text(item, "/issue_confidence") != "LOW";
        // Only in Python 2 did `input` execute its text.
        let is_of_python_2 = text(item, "/test_id") == "B322";
        let severity = match text(item, "/issue_severity") {
            "HIGH" if is_sure && !is_of_python_2 => Severity::Medium,
            _ => Severity::Low,
        };
        let place = (text(item, "/filename"), number(item, "/line_number"));
        finding(text(item, "/test_id"), severity, text(item, "/issue_text"), place)
    });
    Some(findings.chain(unread(&answer, "/filename", "/reason")).collect())
}

pub(super) fn semgrep(answer: &str) -> Option<Vec<Finding>> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let list = answer.get("results")?.as_array()?;
    let findings = list.iter().map(|item| {
        let severity = match text(item, "/extra/severity") {
            "ERROR" | "HIGH" | "CRITICAL" => Severity::High,
            "WARNING" | "MEDIUM" => Severity::Medium,
            _ => Severity::Low,
        };
        let id = text(item, "/check_id").rsplit('.').next().unwrap_or_default();
        finding(id, severity, text(item, "/extra/message"), (text(item, "/path"), number(item, "/start/line")))
    });
    Some(findings.chain(unread(&answer, "/path", "/message")).collect())
}

/// `shellcheck --format=json1`: parse errors have numbers below 2000, notes are style. Its other errors affect some
/// inputs, or scripts that do not name their shell.
pub(super) fn shellcheck(answer: &str) -> Option<Vec<Finding>> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let list = answer.get("comments")?.as_array()?;
    let findings = list.iter().map(|item| {
        let code = number(item, "/code");
        let severity = match text(item, "/level") {
            "error" if (1000..2000).contains(&code) => Severity::High,
            "error" if code != 2148 => Severity::Medium,
            _ => Severity::Low,
        };
        let code = format!("SC{code}");
        finding(&code, severity, text(item, "/message"), (text(item, "/file"), number(item, "/line")))
    });
    Some(findings.collect())
}

/// `tsc --pretty false`: `file(line,column): error TS2322: message`; further lines belong to the previous one.
pub(super) fn tsc(answer: &str) -> Option<Vec<Finding>> {
    let mut findings = Vec::new();
    for line in answer.lines().filter(|line| !line.starts_with(' ') && !line.trim().is_empty()) {
        let Some((place, rest)) = line.split_once("): ") else {
            // An error about its arguments has no place: then nothing was examined.
            if line.starts_with("error ") {
                return None;
            }
            continue;
        };
        let (path, position) = place.rsplit_once('(')?;
        let at = position.split(',').next()?.parse().ok()?;
        let (kind, message) = rest.split_once(": ")?;
        let code = kind.rsplit(' ').next()?;
        // Most others are caused by types of modules and of Node.js that are not installed here.
        let is_syntax = code.len() == 6 && code.starts_with("TS1");
        let severity = if is_syntax { Severity::High } else { Severity::Low };
        findings.push(finding(code, severity, message, (path, at)));
    }
    Some(findings)
}

/// `eslint --format=json`: a list of files.
pub(super) fn eslint(answer: &str) -> Option<Vec<Finding>> {
    let files: Vec<Value> = serde_json::from_str(answer).ok()?;
    let mut findings = Vec::new();
    for file in &files {
        for item in file.get("messages")?.as_array()? {
            let is_error = item.get("severity").and_then(Value::as_u64) == Some(2);
            let code = item.get("ruleId").and_then(Value::as_str).unwrap_or("syntax");
            let severity = match (code, is_error) {
                ("syntax", true) => Severity::High,
                (_, true) => Severity::Medium,
                (_, false) => Severity::Low,
            };
            findings.push(finding(
                code,
                severity,
                text(item, "/message"),
                (text(file, "/filePath"), number(item, "/line")),
            ));
        }
    }
    Some(findings)
}
