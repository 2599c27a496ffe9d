//! Literals of Python and JavaScript as values: texts, numbers, flags, lists and tables of them.

use super::scanner::{is_word, signs, split, split_once};
use crate::domain::source::Language;
use serde_json::{Map, Number, Value};

/// Deeper literals are not read.
const MAX_DEPTH: usize = 16;

/// The value of a literal; `None` for anything that must be computed.
pub(super) fn value(text: &str, language: Language) -> Option<Value> {
    read(text, language, 0)
}

/// The text of a literal, where it is one. Texts side by side are joined, in Python also without a sign.
pub(super) fn text(written: &str, language: Language) -> Option<String> {
    let written = unwrapped(written.trim(), language);
    let mut whole = String::new();
    let mut rest = written;
    while !rest.is_empty() {
        let (piece, after) = one_text(rest, language)?;
        whole.push_str(&piece);
        rest = after.trim_start();
        rest = rest.strip_prefix('+').map_or(rest, str::trim_start);
    }
    (!written.is_empty()).then_some(whole)
}

/// Without brackets around the whole, and without the blanks and line ends that they allow.
fn unwrapped(text: &str, language: Language) -> &str {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let is_whole = || signs(text, language).filter(|sign| sign.depth == 0 && sign.byte == b')').count() == 1;
    inner.filter(|_| is_whole()).map_or(text, str::trim)
}

fn read(text: &str, language: Language, depth: usize) -> Option<Value> {
    let text = text.trim();
    let text = text.strip_suffix("as const").map_or(text, str::trim_end);
    if depth > MAX_DEPTH || text.is_empty() {
        return None;
    }
    match text {
        "True" | "true" => return Some(Value::Bool(true)),
        "False" | "false" => return Some(Value::Bool(false)),
        "None" | "null" | "undefined" => return Some(Value::Null),
        _ => {}
    }
    let inner = |open: char, close: char| text.strip_prefix(open)?.strip_suffix(close);
    if let Some(items) = inner('[', ']') {
        return list(items, language, depth);
    }
    if let Some(fields) = inner('{', '}') {
        return table(fields, language, depth);
    }
    if let Some(items) = inner('(', ')').filter(|items| split_once(items, b',', language).is_some()) {
        return list(items, language, depth);
    }
    number(text).or_else(|| self::text(text, language).map(Value::String))
}

fn list(items: &str, language: Language, depth: usize) -> Option<Value> {
    let items = split(items, b',', language);
    items.into_iter().map(|item| read(item, language, depth + 1)).collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// A table. Fields with a value that must be computed are left out.
fn table(fields: &str, language: Language, depth: usize) -> Option<Value> {
    let mut table = Map::new();
    let mut is_set = false;
    for field in split(fields, b',', language) {
        let Some((key, value)) = split_once(field, b':', language) else {
            // A set of Python is a list; `{ name }` of JavaScript must be computed.
            is_set = language == Language::Python;
            continue;
        };
        let key = text(key, language).or_else(|| is_word(key).then(|| key.to_owned()));
        if let Some((key, value)) = key.zip(read(value, language, depth + 1)) {
            table.insert(key, value);
        }
    }
    if is_set && table.is_empty() { list(fields, language, depth) } else { Some(Value::Object(table)) }
}

fn number(text: &str) -> Option<Value> {
    let plain = text.replace('_', "");
    if !plain.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return None;
    }
    let plain = plain.strip_prefix('+').unwrap_or(&plain);
    let whole = plain.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| Number::from_f64(plain.parse().ok()?)).map(Value::Number)
}

/// One quoted text at the beginning, and the text after it. Texts with inserted values do not count.
fn one_text(text: &str, language: Language) -> Option<(String, &str)> {
    let is_python = language == Language::Python;
    let marks = text.find(['"', '\'', '`']).filter(|at| *at <= 2)?;
    let prefix = text[..marks].to_ascii_lowercase();
    if !(prefix.is_empty() || is_python && matches!(prefix.as_str(), "r" | "u" | "b" | "rb" | "br" | "f")) {
        return None;
    }
    let rest = &text[marks..];
    let quote = rest.as_bytes()[0];
    let triple = String::from_utf8(vec![quote; 3]).ok()?;
    let mark = if is_python && rest.starts_with(&triple) { &triple[..] } else { &triple[..1] };
    let end = end_of(rest, mark)?;
    let written = &rest[mark.len()..end];
    let has_holes = (prefix == "f" && written.contains('{')) || (quote == b'`' && written.contains("${"));
    if has_holes {
        return None;
    }
    let says = if prefix.contains('r') { written.to_owned() } else { unescaped(written) };
    Some((says, &rest[end + mark.len()..]))
}

fn end_of(text: &str, mark: &str) -> Option<usize> {
    let mut at = mark.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(mark) {
            return Some(at);
        }
        let step = usize::from(rest.starts_with('\\'));
        at += rest.chars().take(1 + step).map(char::len_utf8).sum::<usize>();
    }
    None
}

fn unescaped(written: &str) -> String {
    if !written.contains('\\') {
        return written.to_owned();
    }
    let mut says = String::with_capacity(written.len());
    let mut signs = written.chars();
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            says.push(sign);
            continue;
        }
        match signs.next() {
            Some('n') => says.push('\n'),
            Some('t') => says.push('\t'),
            Some('r') => says.push('\r'),
            Some('\n') | None => {}
            Some(other) if matches!(other, '\\' | '\'' | '"' | '`' | '$') => says.push(other),
            Some(other) => says.extend(['\\', other]),
        }
    }
    says
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn literals_of_both_languages_are_values() {
        for (text, expected) in [
            ("'a\\'b'", json!("a'b")),
            ("r'\\d'", json!("\\d")),
            ("('a '\n 'b')", json!("a b")),
            ("\"\"\"x\ny\"\"\"", json!("x\ny")),
            ("1_000", json!(1000)),
            ("-1.5", json!(-1.5)),
            ("None", json!(null)),
            ("[True, 'a', (1, 2)]", json!([true, "a", [1, 2]])),
            ("{'a': {'b': 1}, 'c': f()}", json!({"a": {"b": 1}})),
            ("{'a', 'b'}", json!(["a", "b"])),
        ] {
            assert_eq!(value(text, Language::Python), Some(expected), "{text}");
        }
        let object = "{ type: 'object', 'enum': [`a`, \"b\"] as const, n: undefined, }";
        let expected = json!({"type": "object", "enum": ["a", "b"], "n": null});
        assert_eq!(value(object, Language::TypeScript), Some(expected));
        assert_eq!(text("'a ' + \"b\"", Language::JavaScript).as_deref(), Some("a b"));
    }

    #[test]
    fn what_must_be_computed_is_no_literal() {
        for text in ["f()", "a", "f'{x}'", "'a' + b", "[a]", "", "'open"] {
            assert_eq!(value(text, Language::Python), None, "{text}");
        }
        assert_eq!(value("`${x}`", Language::JavaScript), None);
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        assert_eq!(value(&deep, Language::Python), None);
    }
}
