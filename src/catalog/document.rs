//! TOML, YAML and JSON texts as one kind of value, with the line of what is wrong.
//!
//! Strict where silence would lose something: a repeated key is an error in all three. It knows
//! nothing about tools.

use super::limits;
use crate::domain::{Problem, ProblemCode};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The format of a manifest, by the extension of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Toml,
    Yaml,
    Json,
    /// One JSON value a line.
    JsonLines,
}

impl Syntax {
    /// The syntax of a file name; `None` if it is not a manifest.
    pub(super) fn of(file_name: &str) -> Option<Syntax> {
        let (_, extension) = file_name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "toml" => Some(Syntax::Toml),
            "yaml" | "yml" => Some(Syntax::Yaml),
            "json" => Some(Syntax::Json),
            "jsonl" => Some(Syntax::JsonLines),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Syntax::Toml => "TOML",
            Syntax::Yaml => "YAML",
            Syntax::Json | Syntax::JsonLines => "JSON",
        }
    }
}

/// A manifest as it was written: its fields in order, and its text to find lines in.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    pub(super) fields: Map<String, Value>,
}

/// Reads a text as UTF-8 without its byte order mark.
pub(super) fn text<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = line_at(&String::from_utf8_lossy(&bytes[..error.valid_up_to()]), usize::MAX);
        Problem {
            path: path.to_owned(),
            line: Some(line),
            code: ProblemCode::NotUtf8,
            message: format!("byte {} is not UTF-8", error.valid_up_to() + 1),
            hint: "save the file as UTF-8".to_owned(),
        }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

impl<'a> Document<'a> {
    /// Parses a manifest.
    ///
    /// # Errors
    /// A [`Problem`] for anything but a table of fields: not UTF-8, empty, bad syntax, a key twice,
    /// aliases or nesting beyond the limits.
    pub(super) fn parse(path: &'a str, syntax: Syntax, bytes: &'a [u8]) -> Result<Document<'a>, Problem> {
        let (document, value) = Document::parse_any(path, syntax, bytes)?;
        if value.is_none() {
            return Ok(document);
        }
        let message = format!("the {} has no fields at its top level", syntax.word());
        let hint = "a manifest has fields such as name and description";
        Err(Problem { line: Some(1), ..document.problem(&[], ProblemCode::BadSyntax, message, hint) })
    }

    /// Parses a document that may contain something other than fields: that value is returned next to a document
    /// without fields.
    ///
    /// # Errors
    /// A [`Problem`] for anything that cannot be parsed.
    pub(super) fn parse_any(
        path: &'a str,
        syntax: Syntax,
        bytes: &'a [u8],
    ) -> Result<(Document<'a>, Option<Value>), Problem> {
        let text = text(path, bytes)?;
        let problem = |line: Option<u64>, code, message: String, hint: &str| Problem {
            path: path.to_owned(),
            line,
            code,
            message,
            hint: hint.to_owned(),
        };
        if text.trim().is_empty() {
            let hint = "write at least a name and a description, or delete the file";
            return Err(problem(None, ProblemCode::Empty, "the manifest is empty".to_owned(), hint));
        }
        let parsed = match syntax {
            Syntax::Toml => parse_toml(text),
            Syntax::Yaml => parse_yaml(text),
            Syntax::Json => parse_json(text).or_else(|fault| {
                let plain = || parse_json(&without_comments(text)?).ok();
                parse_lines(text).ok().or_else(plain).ok_or(fault)
            }),
            Syntax::JsonLines => parse_lines(text),
        };
        let hint = format!("fix the {} at that place; the file is read again automatically", syntax.word());
        match parsed {
            Ok(Value::Object(fields)) => Ok((Document { path, text, fields }, None)),
            Ok(other) => Ok((Document { path, text, fields: Map::new() }, Some(other))),
            Err(fault) => Err(problem(fault.line, fault.code, fault.message, &hint)),
        }
    }

    /// The line of a key given by its path from the top, counted from 1. Found by text, so a key that
    /// is written in an unusual way may give the line of its parent. `item` is the number, from 0, of the table in a
    /// list of tables that the key is in, where TOML writes such a list as `[[parent.list]]`; else 0.
    fn line_in(&self, keys: &[&str], item: usize) -> Option<u64> {
        let lines: Vec<&str> = self.text.lines().collect();
        let mut found = None;
        let mut from = 0;
        for (depth, key) in keys.iter().enumerate() {
            let Some(offset) = lines[from..].iter().position(|line| names_key(line, key)) else { break };
            from += offset;
            if item > 0 && depth + 2 == keys.len() && lines[from].trim_start().starts_with("[[") {
                let mut items = (from..lines.len()).filter(|at| lines[*at].trim() == lines[from].trim());
                from = items.nth(item).unwrap_or(from);
            }
            found = Some(from as u64 + 1);
        }
        found
    }

    /// A problem with one field.
    pub(super) fn problem(&self, keys: &[&str], code: ProblemCode, message: String, hint: &str) -> Problem {
        self.problem_in(keys, 0, code, message, hint)
    }

    /// A problem with one field of the table number `item` (from 0) of a list of tables.
    pub(super) fn problem_in(
        &self,
        keys: &[&str],
        item: usize,
        code: ProblemCode,
        message: String,
        hint: &str,
    ) -> Problem {
        Problem { path: self.path.to_owned(), line: self.line_in(keys, item), code, message, hint: hint.to_owned() }
    }
}

/// Whether a line begins with `key:`, `key =`, `"key":`, `[key]` or `[…key]`.
fn names_key(line: &str, key: &str) -> bool {
    let line = line.trim_start().trim_start_matches("- ");
    if let Some(header) = line.strip_prefix('[') {
        let header = header.trim_start_matches('[').split(']').next().unwrap_or_default();
        return header.split('.').any(|part| part.trim().trim_matches('"') == key);
    }
    let bare = line.trim_start_matches(['"', '\'', '{', ' ']);
    bare.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with([':', '=']))
}

/// The message of a parser.
struct Fault {
    line: Option<u64>,
    code: ProblemCode,
    message: String,
}

impl Fault {
    fn syntax(line: Option<u64>, message: &str) -> Fault {
        let message = message.lines().next().unwrap_or_default().trim().trim_end_matches('.').to_owned();
        Fault { line, code: ProblemCode::BadSyntax, message }
    }
}

/// JSON without comments and trailing commas, which editors write; `None` if it has none.
fn without_comments(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut plain, mut at, mut comma) = (Vec::with_capacity(bytes.len()), 0, None);
    while let Some(byte) = bytes.get(at).copied() {
        let rest = &bytes[at..];
        let end = match byte {
            b'"' => {
                let mut is_escaped = false;
                let end = rest[1..].iter().position(|byte| {
                    let ends = *byte == b'"' && !is_escaped;
                    is_escaped = *byte == b'\\' && !is_escaped;
                    ends
                });
                end.map_or(rest.len(), |end| end + 2)
            }
            b'/' if rest.starts_with(b"//") => {
                at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                continue;
            }
            b'/' if rest.starts_with(b"/*") => {
                let end = rest.windows(2).skip(2).position(|pair| pair == b"*/").map_or(rest.len(), |end| end + 4);
                plain.extend(rest[..end].iter().filter(|byte| **byte == b'\n'));
                at += end;
                continue;
            }
            _ => 1,
        };
        match byte {
            b'}' | b']' => {
                if let Some(place) = comma.take() {
                    plain[place] = b' ';
                }
            }
            b',' => comma = Some(plain.len()),
            _ if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        plain.extend_from_slice(&rest[..end]);
        at += end;
    }
    let plain = String::from_utf8(plain).ok()?;
    (plain != text).then_some(plain)
}

/// The line of a byte position, counted from 1.
fn line_at(text: &str, position: usize) -> u64 {
    let end = position.min(text.len());
    memchr::memchr_iter(b'\n', &text.as_bytes()[..end]).count() as u64 + 1
}

fn parse_toml(text: &str) -> Result<Value, Fault> {
    let table = DeTable::parse(text)
        .map_err(|error| Fault::syntax(error.span().map(|span| line_at(text, span.start)), error.message()))?;
    table_of_toml(text, table.into_inner())
}

fn table_of_toml(text: &str, table: DeTable<'_>) -> Result<Value, Fault> {
    let fields = table.into_iter().map(|(key, value)| Ok((key.into_inner().into_owned(), from_toml(text, value)?)));
    fields.collect::<Result<_, _>>().map(Value::Object)
}

/// Dates become text, floats that JSON cannot hold too.
fn from_toml(text: &str, value: Spanned<DeValue<'_>>) -> Result<Value, Fault> {
    let start = value.span().start;
    let too_large = || Fault::syntax(Some(line_at(text, start)), "the number is too large");
    Ok(match value.into_inner() {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map(Value::from).map_err(|_| too_large())?
        }
        DeValue::Float(written) => {
            let number: f64 = written.as_str().parse().map_err(|_| too_large())?;
            if number.is_infinite() && !written.as_str().contains("inf") {
                return Err(too_large());
            }
            float(number)
        }
        DeValue::Boolean(flag) => Value::Bool(flag),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => {
            Value::Array(items.into_iter().map(|item| from_toml(text, item)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => table_of_toml(text, table)?,
    })
}

fn float(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

fn parse_json(text: &str) -> Result<Value, Fault> {
    let Strict(value) = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        Fault::syntax(Some(error.line() as u64), &message.replace(&place, ""))
    })?;
    Ok(value)
}

/// One table a line; empty lines count for nothing.
fn parse_lines(text: &str) -> Result<Value, Fault> {
    let mut items = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let item = parse_json(line).map_err(|fault| Fault { line: Some(number as u64 + 1), ..fault })?;
        if !item.is_object() {
            return Err(Fault::syntax(Some(number as u64 + 1), "it is not a table"));
        }
        items.push(item);
    }
    Ok(Value::Array(items))
}

fn parse_yaml(text: &str) -> Result<Value, Fault> {
    let options = serde_saphyr::options! {
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: limits::YAML_REPLAYED_EVENTS,
            max_replay_stack_depth: 16,
        },
        with_snippet: false,
        // YAML 1.2: `n`, `y`, `no` and `on` are texts, which name properties.
        strict_booleans: true,
    };
    // Several documents in one file are data of other programs: a list, which no manifest is.
    let parsed = if has_several(text) {
        let items = serde_saphyr::from_multiple_with_options::<Strict>(text, options);
        items.map(|items| {
            // Nothing may follow after the last character.
            let mut items: Vec<Value> =
                items.into_iter().map(|Strict(item)| item).filter(|item| !item.is_null()).collect();
            if items.len() == 1 { items.remove(0) } else { Value::Array(items) }
        })
    } else {
        serde_saphyr::from_str_with_options::<Strict>(text, options).map(|Strict(value)| value)
    };
    parsed.map_err(|error| {
        let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
        let message = error.to_string();
        // Limits come wrapped in where they were met, so the text is what can be asked.
        let passed = ["limit exceeded", "budget", "depth exceeded"].iter().any(|word| message.contains(word));
        let code = if passed { ProblemCode::TooLarge } else { ProblemCode::BadSyntax };
        let message = message.split(" at line ").next().unwrap_or_default();
        Fault { code, ..Fault::syntax(line, message) }
    })
}

/// Whether a YAML text contains more than one document.
fn has_several(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end).skip_while(|line| line.is_empty() || line.starts_with(['#', '%']));
    // The first may begin with the sign as well.
    lines.next();
    lines.any(|line| line == "---")
}

/// A JSON value without duplicate keys and with limited nesting.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(float(number))
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }
    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut table = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if table.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate key {key:?}")));
            }
            let Strict(value) = entries.next_value()?;
            table.insert(key, value);
        }
        Ok(Value::Object(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(syntax: Syntax, text: &str) -> Result<Value, Problem> {
        Document::parse("x", syntax, text.as_bytes()).map(|document| Value::Object(document.fields))
    }

    #[test]
    fn json_with_comments_is_read() {
        let text = "// begin\n{\n  \"a\": \"x // no /* comment\\\" \", /* b\n */ \"b\": [1, 2,],\n}\n";
        let document = Document::parse("a.json", Syntax::Json, text.as_bytes()).map_err(|_| ()).unwrap();
        assert_eq!(Value::Object(document.fields), serde_json::json!({"a": "x // no /* comment\" ", "b": [1, 2]}));
        for text in ["{\"a\" 1,}", "/* {}", "{} // x\n}"] {
            assert!(Document::parse("a.json", Syntax::Json, text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn several_documents_of_yaml_are_a_list() {
        for (text, expected) in [
            ("a: 1\n---\nb: 2\n", true),
            ("---\n# x\na: 1\n---\nb: 2\n", true),
            ("# x\n---\na: 1\n", false),
            ("a: 1\n---\n", false),
            ("a: |\n  x\n  ---\n  y\n", false),
        ] {
            let (document, other) = Document::parse_any("x.yaml", Syntax::Yaml, text.as_bytes()).unwrap();
            assert_eq!(
                (other.is_some_and(|value| value.is_array()), document.fields.is_empty()),
                (expected, expected),
                "{text}"
            );
        }
    }

    #[test]
    fn the_three_syntaxes_give_equal_values() {
        let wanted = json!({"name": "x", "n": 1, "f": 0.5, "ok": true, "list": ["a", "b"], "t": {"k": "v"}});
        let toml = "name = \"x\"\nn = 1\nf = 0.5\nok = true\nlist = [\"a\", \"b\"]\n[t]\nk = \"v\"\n";
        let yaml = "\u{feff}name: x\nn: 1\nf: 0.5\nok: true\nlist: [a, b]\nt:\n  k: v\n";
        assert_eq!(parse(Syntax::Toml, toml).unwrap(), wanted);
        assert_eq!(parse(Syntax::Yaml, yaml).unwrap(), wanted);
        assert_eq!(parse(Syntax::Json, &wanted.to_string()).unwrap(), wanted);
    }

    #[test]
    fn a_key_that_is_there_twice_is_a_problem_with_its_line() {
        for (syntax, text) in [
            (Syntax::Toml, "name = \"a\"\nx = 1\nname = \"b\"\n"),
            (Syntax::Yaml, "name: a\nx: 1\nname: b\n"),
            (Syntax::Json, "{\"name\": \"a\",\n\"x\": 1,\n\"name\": \"b\"}"),
        ] {
            let problem = parse(syntax, text).unwrap_err();
            assert_eq!((problem.code, problem.line), (ProblemCode::BadSyntax, Some(3)), "{syntax:?}: {problem:?}");
        }
    }

    #[test]
    fn broken_texts_name_their_line() {
        for (syntax, text, line) in [
            (Syntax::Toml, "name = \"a\"\n= = =\n", 2),
            (Syntax::Yaml, "name: a\nb: [1, 2\nc: }\n", 3),
            (Syntax::Json, "{\n\"a\": 1,\n\"b\" 2}", 3),
            (Syntax::Yaml, "name: a\n\tb: c\n", 1),
        ] {
            let problem = parse(syntax, text).unwrap_err();
            assert_eq!(problem.line, Some(line), "{syntax:?}: {problem:?}");
            assert!(!problem.message.contains('\n') && !problem.hint.is_empty());
        }
        let not_utf8 = Document::parse("x", Syntax::Toml, b"a = 1\nb = \"\xff\"\n").unwrap_err();
        assert_eq!((not_utf8.code, not_utf8.line), (ProblemCode::NotUtf8, Some(2)));
        assert_eq!(parse(Syntax::Yaml, " \n").unwrap_err().code, ProblemCode::Empty);
    }

    #[test]
    fn alias_bombs_and_deep_nesting_end_early() {
        let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for pair in "abcdefghij".as_bytes().windows(2) {
            let (from, to) = (pair[0] as char, pair[1] as char);
            let list = vec![format!("*{from}"); 9].join(",");
            bomb = format!("{bomb}{to}: &{to} [{list}]\n");
        }
        let problem = parse(Syntax::Yaml, &bomb).unwrap_err();
        assert_eq!(problem.code, ProblemCode::TooLarge, "{problem:?}");
        let deep = "[".repeat(100_000);
        parse(Syntax::Yaml, &format!("a: {deep}")).unwrap_err();
        parse(Syntax::Json, &format!("{{\"a\": {deep}")).unwrap_err();
        parse(Syntax::Toml, &format!("a = {deep}")).unwrap_err();
        let indented: Vec<String> = (0..700).map(|n| format!("{}k:\n", " ".repeat(n))).collect();
        parse(Syntax::Yaml, &indented.concat()).unwrap_err();
    }

    #[test]
    fn numbers_as_keys_and_odd_floats_are_kept_as_text() {
        assert_eq!(
            parse(Syntax::Yaml, "codes:\n  0: ok\n  1: bad\nd: 2024-01-02\n").unwrap(),
            json!({"codes": {"0": "ok", "1": "bad"}, "d": "2024-01-02"})
        );
        assert_eq!(parse(Syntax::Toml, "d = 2024-01-02\nx = inf\n").unwrap(), json!({"d": "2024-01-02", "x": "inf"}));
    }

    #[test]
    fn numbers_of_toml_are_read_in_every_form_unless_they_are_too_large() {
        let text = "a = 0xff_ff\nb = 1_000\nc = +5\nd = -1.5e3\ne = 0b101\nf = [{g = 9223372036854775807}]\n";
        let wanted = json!({"a": 65535, "b": 1000, "c": 5, "d": -1500.0, "e": 5, "f": [{"g": i64::MAX}]});
        assert_eq!(parse(Syntax::Toml, text).unwrap(), wanted);
        for number in ["9223372036854775808", "0x1_0000_0000_0000_0000", "1e999"] {
            let problem = parse(Syntax::Toml, &format!("a = 1\n[b]\nc = {number}\n")).unwrap_err();
            assert_eq!((problem.line, problem.message.as_str()), (Some(3), "the number is too large"), "{number}");
        }
    }

    #[test]
    fn words_of_yaml_1_1_for_booleans_are_texts() {
        let read = parse(
            Syntax::Yaml,
            "n: {type: integer}\nrequired: [n, y, no, on]\nmode: off\nyes: True\nb: [true, False]\n",
        );
        assert_eq!(
            read.unwrap(),
            json!({"n": {"type": "integer"}, "required": ["n", "y", "no", "on"], "mode": "off", "yes": true, "b": [true, false]})
        );
    }

    #[test]
    fn every_real_definition_parses() {
        let Some(corpus) = crate::catalog::testing::corpus() else { return };
        let mut count = 0;
        for path in crate::catalog::testing::files_below(&corpus.join("tools")) {
            let bytes = std::fs::read(&path).unwrap();
            let document = Document::parse("x", Syntax::Yaml, &bytes);
            assert!(document.is_ok(), "{path:?}: {document:?}");
            count += 1;
        }
        assert_eq!(count, 242);
    }
}
