//! Sample documents of common formats, and small changes of a document.

use super::keys;
use crate::check::change::Literals;
use serde_json::{Value, json};

/// How many numbers of a document are changed, and how many lines are removed, one at a time.
const EACH: usize = 4;

/// Longest document that is made because a number of the code may be a length, in bytes.
const MAX_LENGTH: f64 = 20_000.0;

/// A document and its file extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) ending: String,
    pub(super) text: String,
}

/// One document of each format, containing the names in the code.
pub(super) fn usual(code: &str, is_dotted: bool, literals: &Literals) -> Vec<Document> {
    let of = |ending: &str, text: String| Document { ending: ending.to_owned(), text };
    let data = keys::document(code, is_dotted);
    let rows = data.clone().unwrap_or_else(|| json!({"name": "alpha", "value": 3}));
    let words = literals.texts.iter().filter(|text| !text.trim().is_empty() && !text.contains('\n'));
    let named: Vec<String> = words.map(|text| format!("{text} alpha {text}\n{text}\n")).collect();
    let mut all = vec![
        of("json", pretty(&rows)),
        of("txt", format!("{PROSE}{}", named.concat())),
        of("csv", table(&keys::columns(code, is_dotted))),
        of("md", MARKDOWN.to_owned()),
        of("log", LOG.to_owned()),
        of("yaml", yaml(&rows, 0)),
        of("json", pretty(&json!([rows, {"name": "beta", "value": -1}]))),
        of("json", pretty(&json!({"gamma": ["beta", "alpha"], "alpha": [], "beta": ["alpha"]}))),
        of("ini", INI.to_owned()),
        of("py", PYTHON.to_owned()),
        of("html", HTML.to_owned()),
        of("srt", SUBTITLES.to_owned()),
        of("jsonl", format!("{rows}\n{}\n", json!({"name": "beta", "value": -1}))),
        of("txt", "3\n1\n2\n10\n-4\n2.5\n".to_owned()),
        of("txt", String::new()),
    ];
    // A number in the code may be a length; test the code after it.
    for length in literals.numbers.iter().filter(|number| (16.0..=MAX_LENGTH).contains(*number)).take(2) {
        let filler = PROSE.repeat(*length as usize / PROSE.len() + 1);
        all.extend(literals.texts.iter().take(3).map(|word| of("txt", format!("{filler}{word}\n"))));
        all.push(of("txt", filler));
    }
    // A file extension in the code that is not among these.
    let others = literals.texts.iter().filter_map(|text| text.strip_prefix('.'));
    let is_ending = |text: &&str| (1..=5).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric());
    let others: Vec<&str> =
        others.filter(is_ending).filter(|ending| all.iter().all(|one| one.ending != *ending)).collect();
    all.extend(others.into_iter().take(3).map(|ending| of(ending, format!("{PROSE}{}", named.concat()))));
    all
}

/// Documents with a value after a name that is as long as a number in the code, and one longer.
pub(super) fn lengthened(document: &Document, literals: &Literals) -> Vec<String> {
    let lengths = literals.numbers.iter().filter(|number| (8.0..=MAX_LENGTH).contains(*number)).take(3);
    let lines: Vec<&str> = document.text.lines().collect();
    let values: Vec<usize> = (0..lines.len())
        .filter(|at| {
            lines[*at].split_once(": ").is_some_and(|(name, _)| name.trim().chars().all(char::is_alphanumeric))
        })
        .take(EACH)
        .collect();
    let mut made = Vec::new();
    for length in lengths.flat_map(|length| [0, 1, 7, *length as usize].map(|more| *length as usize + more)) {
        for at in &values {
            let with = |(number, line): (usize, &&str)| match line.split_once(": ") {
                Some((name, _)) if number == *at => format!("{name}: {}\n", "x".repeat(length)),
                _ => format!("{line}\n"),
            };
            made.push(lines.iter().enumerate().map(with).collect());
        }
    }
    made
}

/// At most this many variations of the document.
pub(super) fn near(document: &Document, literals: &Literals, most: usize) -> Vec<Document> {
    let texts: Vec<String> = match serde_json::from_str::<Value>(&document.text) {
        Ok(value) if document.ending == "json" => near_value(&value, literals, most).iter().map(pretty).collect(),
        _ => near_text(&document.text, literals),
    };
    texts.into_iter().take(most).map(|text| Document { ending: document.ending.clone(), text }).collect()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// At most this many documents, each with one value replaced or removed, alternating over all positions. Each is a copy
/// of the whole document, which may have thousands of positions.
fn near_value(value: &Value, literals: &Literals, most: usize) -> Vec<Value> {
    let mut places = Vec::new();
    collect(value, String::new(), &mut places);
    let replacements: Vec<Vec<Option<Value>>> =
        places.iter().map(|place| value.pointer(place).map_or(Vec::new(), |old| instead(old, literals))).collect();
    let rounds = replacements.iter().map(Vec::len).max().unwrap_or(0);
    let turns = (0..rounds)
        .flat_map(|at| places.iter().zip(&replacements).filter_map(move |(place, all)| Some((place, all.get(at)?))));
    turns.filter_map(|(place, new)| replaced(value, place, new.as_ref())).take(most).collect()
}

fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| collect(value, format!("{place}/{}", escaped(name)), places));
        }
        Value::Array(items) => {
            items.iter().take(2).enumerate().for_each(|(at, item)| collect(item, format!("{place}/{at}"), places));
        }
        _ => {}
    }
    if !place.is_empty() {
        places.push(place);
    }
}

/// Replacements for a value, the most informative first; `None` removes it.
fn instead(old: &Value, literals: &Literals) -> Vec<Option<Value>> {
    let mut values: Vec<Option<Value>> = match old {
        Value::Bool(flag) => vec![Some(json!(!flag)), None],
        Value::Number(number) => {
            let known = number.as_f64().unwrap_or_default();
            let edges = literals.numbers.iter().flat_map(|edge| [*edge, edge + 1.0, edge - 1.0]).take(9);
            let mut values = vec![Some(json!(0)), None, Some(json!(-(known as i64)))];
            values.extend(edges.map(|edge| Some(if edge.fract() == 0.0 { json!(edge as i64) } else { json!(edge) })));
            values
        }
        Value::String(text) => {
            let mut values = vec![None, Some(json!(""))];
            values.extend(literals.texts.iter().filter(|word| *word != text).take(12).map(|word| Some(json!(word))));
            values.extend([Some(json!(format!("{text} {text}"))), Some(json!(3))]);
            values
        }
        Value::Array(items) => vec![
            Some(json!([])),
            None,
            items.first().map(|item| json!([item, item])),
            Some(json!([1, 2, 3, 4])),
            Some(json!(["alpha", "beta", "alpha"])),
            Some(json!([10, 20, 30, 40, 50])),
        ],
        Value::Object(_) => vec![Some(json!({})), None, Some(json!("alpha"))],
        Value::Null => vec![Some(json!("alpha"))],
    };
    values.dedup();
    values
}

fn replaced(value: &Value, place: &str, new: Option<&Value>) -> Option<Value> {
    let mut value = value.clone();
    if let Some(new) = new {
        *value.pointer_mut(place)? = new.clone();
        return Some(value);
    }
    let (parent, name) = place.rsplit_once('/')?;
    match value.pointer_mut(parent)? {
        Value::Object(map) => drop(map.shift_remove(&name.replace("~1", "/").replace("~0", "~"))),
        Value::Array(items) => drop(items.remove(name.parse().ok()?)),
        _ => return None,
    }
    Some(value)
}

/// The text with a line removed, doubled or added, in another order, or with another number.
fn near_text(text: &str, literals: &Literals) -> Vec<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut made = vec![text.trim_end().to_owned(), format!("{text}{text}"), lines.iter().rev().copied().collect()];
    let step = lines.len().div_ceil(EACH).max(1);
    for at in (0..lines.len()).step_by(step) {
        let others = |kept: usize| -> String {
            lines
                .iter()
                .enumerate()
                .flat_map(|(n, line)| std::iter::repeat_n(*line, if n == at { kept } else { 1 }))
                .collect()
        };
        made.extend([others(0), others(2)]);
    }
    for word in literals.texts.iter().take(8) {
        made.push(format!("{word}\n{text}"));
        made.push(format!("{text}x{word} {word}y\n"));
    }
    let numbers: Vec<(usize, &str)> = numbers(text);
    let step = numbers.len().div_ceil(EACH).max(1);
    for (at, number) in numbers.iter().step_by(step) {
        let edges = literals.numbers.iter().take(3).map(f64::to_string);
        for new in ["0".to_owned(), format!("{number}9"), format!("-{number}")].into_iter().chain(edges) {
            made.push(format!("{}{new}{}", &text[..*at], &text[at + number.len()..]));
        }
    }
    made.extend([
        text.to_uppercase(),
        text.replacen('\n', "\r\n", 1),
        text.replace('\n', "\r\n"),
        text.replace('\n', "\n\n"),
        text.replace(' ', "  "),
    ]);
    made
}

/// The numbers in a text with their places.
fn numbers(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut begin = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_ascii_digit(), begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                found.push((from, &text[from..at]));
                begin = None;
            }
            _ => {}
        }
    }
    found
}

fn table(columns: &[String]) -> String {
    let usual = ["name", "date", "amount", "city"].map(str::to_owned);
    let columns = if columns.is_empty() { &usual[..] } else { columns };
    let cell = |name: &String, row: usize| match (name.as_str(), row) {
        (name, _) if name.contains("date") => format!("2024-0{}-15", row + 1),
        (name, 0) if name.ends_with("name") => "\"alpha, a\"".to_owned(),
        (name, _) if name.ends_with("name") || name.contains("city") => ["alpha", "beta", "gamma"][row % 3].to_owned(),
        (_, 2) => String::new(),
        (name, _) => (name.len() * (row + 1)).to_string(),
    };
    let mut text = columns.join(",") + "\n";
    for row in 0..4 {
        let cells: Vec<String> = columns.iter().map(|name| cell(name, row)).collect();
        text += &(cells.join(",") + "\n");
    }
    text
}

fn yaml(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            let entry = |(name, value): (&String, &Value)| match value {
                Value::Object(_) | Value::Array(_) => format!("{indent}{name}:\n{}", yaml(value, depth + 1)),
                _ => format!("{indent}{name}: {}\n", value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
            };
            map.iter().map(entry).collect()
        }
        Value::Array(items) => {
            items.iter().fold(String::new(), |text, item| text + &indent + "- " + &item.to_string() + "\n")
        }
        _ => format!("{indent}{value}\n"),
    }
}

const PROSE: &str = "The quick brown fox jumps over the lazy dog. It has 2 dogs, 10 foxes and 1 cat!\n\nalpha beta alpha\n  \
                     indented line  \nName: Alpha Beta\nmail user@example.org, see https://example.org/a?b=c (2024-01-15)\n\
                     TODO: check this\n# a comment\na=1\nThe end.\n";

const MARKDOWN: &str = "---\nname: alpha\ndescription: Does one thing. Use when asked.\ntitle: Alpha\ntags: [one, two]\n\
                        date: 2024-01-15\n---\n\n# Title\n\nSome *text* with a [link](https://example.org/a) and \
                        `code`.\n\n## Part one\n\n- one\n- two\n- [ ] open\n- [x] done\n\n| a | b |\n| --- | --- |\n| 1 | 2 \
                        |\n\n```python\nprint(1)\n```\n\n## Part two\n\n1. first\n2. second\n\n![image](a.png)\n";

const LOG: &str = "2024-01-15 12:34:56,789 INFO server: started on port 8080\n2024-01-15 12:34:57,001 WARNING disk: 91% used\n\
                   2024-01-15 12:35:10,120 ERROR db: connection to 192.0.2.1 failed after 30 s\n192.0.2.7 - - \
                   [15/Jan/2024:12:35:11 +0000] \"GET /a/b?c=d HTTP/1.1\" 200 512 \"-\" \"agent/1.0\"\n192.0.2.8 - - \
                   [15/Jan/2024:12:36:00 +0000] \"POST /login HTTP/1.1\" 500 20 \"-\" \"agent/1.0\"\nJan 15 12:37:01 host \
                   sshd[123]: Failed password for root from 192.0.2.9 port 22 ssh2\n2024-01-15T12:38:00Z DEBUG done in 12 ms\n";

const INI: &str =
    "[main]\nname = alpha\nvalue = 3\ndebug = true\n# comment\n\n[other]\npath = /srv/data\nname = beta\nkey: value\n";

const PYTHON: &str = "import os\nimport json\n\nLIMIT = 10\n\n\nclass Alpha:\n    \"\"\"A class.\"\"\"\n\n    def run(self, a, \
                      b=2):\n        # TODO: better\n        if a > b:\n            return a\n        return b\n\n\ndef \
                      main(items):\n    for item in items:\n        print(item)\n    return len(items)\n";

const HTML: &str = "<!DOCTYPE html>\n<html><head><title>Alpha</title></head>\n<body class=\"a\"><h1>Title</h1><p>Some \
                    <b>text</b> &amp; more.</p><a href=\"https://example.org/a\">link</a><img src=\"a.png\" alt=\"x\">\
                    <ul><li>one</li><li>two</li></ul></body></html>\n";

const SUBTITLES: &str = "1\n00:00:01,000 --> 00:00:02,500\nHello there.\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo \
                         lines\nof text\n\n3\n00:01:00,250 --> 00:01:02,750\n<i>Bye.</i>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_of_a_document_is_changed_in_turn() {
        let literals = Literals { numbers: vec![7.0], texts: vec!["open".to_owned()] };
        let base = Document { ending: "json".to_owned(), text: pretty(&json!({"a": 1, "b": {"c": "x"}})) };
        let texts: Vec<Value> =
            near(&base, &literals, 100).iter().map(|one| serde_json::from_str(&one.text).unwrap()).collect();
        for wanted in [
            json!({"a": 0, "b": {"c": "x"}}),
            json!({"a": 8, "b": {"c": "x"}}),
            json!({"b": {"c": "x"}}),
            json!({"a": 1, "b": {}}),
            json!({"a": 1, "b": {"c": "open"}}),
        ] {
            assert!(texts.contains(&wanted), "{wanted}: {texts:?}");
        }
    }

    #[test]
    fn of_a_document_with_many_places_only_so_many_copies_are_made() {
        let rows: Vec<Value> = (0..40).map(|n| json!({"a": n})).collect();
        let wide: serde_json::Map<String, Value> = (0..40).map(|n| (format!("key{n}"), json!(rows))).collect();
        let literals = Literals { numbers: vec![7.0], texts: vec!["open".to_owned()] };
        assert_eq!(near_value(&Value::Object(wide), &literals, 24).len(), 24);
    }

    #[test]
    fn a_text_loses_and_gains_lines_and_changes_its_numbers() {
        let base = Document { ending: "txt".to_owned(), text: "a 5\nb\n".to_owned() };
        let literals = Literals { numbers: vec![18.0], texts: vec!["stop".to_owned()] };
        let texts: Vec<String> = near(&base, &literals, 100).into_iter().map(|one| one.text).collect();
        for wanted in ["b\n", "a 5\nb", "a 18\nb\n", "a -5\nb\n", "stop\na 5\nb\n", "b\na 5\n", "A 5\nB\n"] {
            assert!(texts.iter().any(|text| text == wanted), "{wanted:?}: {texts:?}");
        }
    }

    #[test]
    fn what_the_code_asks_for_is_in_the_documents() {
        let literals = Literals { numbers: Vec::new(), texts: vec![".foo".to_owned(), "MAGIC".to_owned()] };
        let all = usual("for r in rows: total += r['price']", false, &literals);
        assert!(all.iter().any(|one| one.ending == "foo" && one.text.contains("MAGIC")));
        assert!(all.iter().any(|one| one.ending == "csv" && one.text.starts_with("price\n")));
        assert!(all.iter().any(|one| one.ending == "json" && one.text.contains("\"price\": 6")));
    }
}
