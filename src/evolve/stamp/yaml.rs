//! Writes the stamp in YAML, line by line, because no YAML writer keeps comments.

use super::{ManifestStamp, OUTPUTS, write_in};
use serde_json::Value;

/// The text with the stamp.
///
/// # Errors
/// Why it cannot be written, one line.
pub(super) fn stamped(text: &str, stamp: &ManifestStamp<'_>) -> Result<String, String> {
    let mut wanted = read(text)?;
    write_in(wanted.as_object_mut().ok_or("it is not a YAML mapping")?, stamp);
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect();
    remove(&mut lines, "provenance");
    let version = format!("version: {}", quoted(&stamp.version.to_string()));
    match block(&lines, "version") {
        Some((from, to)) => drop(lines.splice(from..to, [version])),
        None => lines.push(version),
    }
    if stamp.dynamic_schema {
        open_output(&mut lines);
    }
    lines.push("provenance:".to_owned());
    lines.extend(stamp.provenance().into_iter().map(|(key, value)| format!("  {key}: {}", quoted(&value))));
    let made = lines.join(end) + end;
    // If the result is not as expected, the form was not understood.
    if read(&made).is_ok_and(|made| made == wanted) {
        Ok(made)
    } else {
        Err("the version cannot be added to the YAML; write it in block style with one key per line".to_owned())
    }
}

fn read(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())
}

/// A text in double quotes: JSON strings are valid in YAML.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// The lines of a top-level key: its own and the indented ones below it, without blank lines at the end.
fn block(lines: &[String], key: &str) -> Option<(usize, usize)> {
    let is_key = |line: &String| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
    let from = lines.iter().position(is_key)?;
    let inside = |line: &&String| line.starts_with([' ', '\t', '-']) || line.trim().is_empty();
    let under = lines[from + 1..].iter().take_while(inside).count();
    let blank = lines[from + 1..from + 1 + under].iter().rev().take_while(|line| line.trim().is_empty()).count();
    Some((from, from + 1 + under - blank))
}

fn remove(lines: &mut Vec<String>, key: &str) {
    if let Some((from, to)) = block(lines, key) {
        lines.drain(from..to);
        while lines.get(from).is_some_and(|line| line.trim().is_empty()) {
            lines.remove(from);
        }
    }
}

/// Allows additional fields in the output.
fn open_output(lines: &mut Vec<String>) {
    let Some((from, to)) = OUTPUTS.iter().find_map(|key| block(lines, key)) else { return };
    if let Some(first) = lines[from + 1..to].iter().find(|line| !line.trim().is_empty()) {
        let indent = first.len() - first.trim_start().len();
        let line = format!("{}additionalProperties: true", &first[..indent]);
        let is_old = |line: &String| {
            line.get(indent..).is_some_and(|rest| rest.starts_with("additionalProperties:"))
                && line[..indent].trim().is_empty()
        };
        match lines[from + 1..to].iter().position(is_old) {
            Some(at) => lines[from + 1 + at] = line,
            None => lines.insert(from + 1, line),
        }
    } else if let Some(open) = lines[from].strip_suffix('}') {
        let comma = if open.trim_end().ends_with('{') { "" } else { ", " };
        lines[from] = format!("{open}{comma}additionalProperties: true}}");
    }
}
