//! Taking fields out of a document: each with its type, what is left is kept as it was.

use super::document::Document;
use super::limits;
use crate::domain::{Problem, ProblemCode};
use serde_json::{Map, Value};

/// The fields of a table that were not consumed yet.
#[derive(Debug)]
pub(super) struct TableFields<'d, 'a> {
    document: &'d Document<'a>,
    parents: Vec<&'static str>,
    /// Its number in the list that the last of the parents is, from 0.
    item: usize,
    rest: Map<String, Value>,
}

impl<'d, 'a> TableFields<'d, 'a> {
    /// All fields of a document.
    pub(super) fn of(document: &'d Document<'a>) -> TableFields<'d, 'a> {
        TableFields { document, parents: Vec::new(), item: 0, rest: document.fields.clone() }
    }

    pub(super) fn rest(self) -> Map<String, Value> {
        self.rest
    }

    /// The names of the fields that were not consumed.
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.rest.keys()
    }

    pub(super) fn peek(&self, key: &str) -> Option<&Value> {
        self.rest.get(key).filter(|value| !value.is_null())
    }

    /// Takes a value of any type; null counts as absent.
    pub(super) fn any(&mut self, key: &str) -> Option<Value> {
        // `remove` keeps the order of the others only in its shifting form.
        self.rest.shift_remove(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, Problem> {
        match self.any(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(self.wrong(key, &other, "a quoted string")),
        }
    }

    /// Takes a list of words. One text counts as a list of its comma-separated parts.
    pub(super) fn words(&mut self, key: &'static str) -> Result<Vec<String>, Problem> {
        let value = self.any(key);
        let items = match value {
            None => return Ok(Vec::new()),
            Some(Value::String(text)) => {
                return Ok(text
                    .split(',')
                    .map(|word| word.trim().to_owned())
                    .filter(|word| !word.is_empty())
                    .collect());
            }
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.wrong(key, &other, "a list of strings")),
        };
        let mut words = Vec::with_capacity(items.len());
        for item in items.into_iter().take(limits::LIST_ITEMS) {
            match item {
                Value::String(word) => words.push(word),
                Value::Number(number) => words.push(number.to_string()),
                Value::Bool(flag) => words.push(flag.to_string()),
                other => return Err(self.wrong(key, &other, "a list of strings")),
            }
        }
        Ok(words)
    }

    /// Takes yes or no.
    pub(super) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, Problem> {
        match self.any(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            // A YAML 1.1 boolean, if a boolean is expected.
            Some(Value::String(word)) if is_yes(&word).is_some() => Ok(is_yes(&word)),
            Some(other) => Err(self.wrong(key, &other, "true or false")),
        }
    }

    /// Takes a length of time in milliseconds: a number of seconds, or `500ms`, `30s`, `2m`, `1h`.
    pub(super) fn milliseconds(&mut self, key: &'static str) -> Result<Option<u64>, Problem> {
        let Some(value) = self.any(key) else { return Ok(None) };
        quantity(&value, TIMES, 1_000.0).map(Some).ok_or_else(|| self.wrong(key, &value, "a duration such as \"30s\""))
    }

    /// Takes a number of bytes: a number, or `512KiB`, `64MB`, `1GiB`.
    pub(super) fn bytes(&mut self, key: &'static str) -> Result<Option<u64>, Problem> {
        let Some(value) = self.any(key) else { return Ok(None) };
        quantity(&value, SIZES, 1.0).map(Some).ok_or_else(|| self.wrong(key, &value, "a size such as \"64MiB\""))
    }

    /// Takes a whole number, 0 or more.
    pub(super) fn count(&mut self, key: &'static str) -> Result<Option<u64>, Problem> {
        match self.any(key) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| self.wrong(key, &value, "a whole number")),
        }
    }

    /// Takes a word of a closed list.
    pub(super) fn word<T: std::str::FromStr>(&mut self, key: &'static str) -> Result<Option<T>, Problem>
    where
        T::Err: std::fmt::Display,
    {
        let Some(text) = self.text(key)? else { return Ok(None) };
        text.parse()
            .map(Some)
            .map_err(|error: T::Err| self.bad(key, format!("{key}: {error}"), "use one of the allowed values"))
    }

    /// Takes a table; an absent one is empty.
    pub(super) fn table(&mut self, key: &'static str) -> Result<TableFields<'d, 'a>, Problem> {
        let rest = match self.any(key) {
            None => Map::new(),
            Some(Value::Object(table)) => table,
            Some(other) => return Err(self.wrong(key, &other, "a table")),
        };
        let mut parents = self.parents.clone();
        parents.push(key);
        Ok(TableFields { document: self.document, parents, item: self.item, rest })
    }

    /// Takes a list of tables; an absent one is empty.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<TableFields<'d, 'a>>, Problem> {
        let items = match self.any(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.wrong(key, &other, "a list of tables")),
        };
        let mut parents = self.parents.clone();
        parents.push(key);
        let tables = items.into_iter().take(limits::LIST_ITEMS).enumerate().map(|(item, table)| match table {
            Value::Object(rest) => Ok(TableFields { document: self.document, parents: parents.clone(), item, rest }),
            other => Err(self.wrong(key, &other, "a list of tables")),
        });
        tables.collect()
    }

    /// Gives a table's left-overs back, so that they are kept.
    pub(super) fn give_back(&mut self, key: &str, rest: Map<String, Value>) {
        if !rest.is_empty() {
            self.rest.insert(key.to_owned(), Value::Object(rest));
        }
    }

    /// Refuses left-overs, for tables in which an unknown word must not be mistaken for a restriction.
    pub(super) fn nothing_else(&self) -> Result<(), Problem> {
        let Some(key) = self.rest.keys().next() else { return Ok(()) };
        let table = self.parents.join(".");
        let key = key.clone();
        Err(self.bad(&key, format!("{table} has an unknown key {key:?}"), "remove it or correct its spelling"))
    }

    /// A problem with the value of a field.
    pub(super) fn bad(&self, key: &str, message: String, hint: &str) -> Problem {
        let mut keys = self.parents.clone();
        keys.push(key);
        self.document.problem_in(&keys, self.item, ProblemCode::BadField, message, hint)
    }

    fn wrong(&self, key: &str, got: &Value, wanted: &str) -> Problem {
        let mut keys = self.parents.join(".");
        if !keys.is_empty() {
            keys.push('.');
        }
        self.bad(key, format!("{keys}{key} is {}, expected {wanted}", kind_of(got)), &format!("write {wanted}"))
    }
}

/// The type of a value, for a message.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

const TIMES: &[(&str, f64)] = &[("ms", 1.0), ("s", 1e3), ("sec", 1e3), ("m", 6e4), ("min", 6e4), ("h", 3.6e6)];
const SIZES: &[(&str, f64)] = &[
    ("", 1.0),
    ("b", 1.0),
    ("k", 1024.0),
    ("kb", 1e3),
    ("kib", 1024.0),
    ("m", 1_048_576.0),
    ("mb", 1e6),
    ("mib", 1_048_576.0),
    ("g", 1_073_741_824.0),
    ("gb", 1e9),
    ("gib", 1_073_741_824.0),
];

/// A number with a unit; a bare number counts in `bare` of the smallest unit.
fn quantity(value: &Value, units: &[(&str, f64)], bare: f64) -> Option<u64> {
    let (number, factor) = match value {
        Value::Number(number) => (number.as_f64()?, bare),
        Value::String(text) => {
            let text = text.trim().to_ascii_lowercase();
            let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
            let unit = text[end..].trim();
            let factor = units.iter().find(|(known, _)| *known == unit).map(|(_, factor)| *factor);
            (text[..end].parse::<f64>().ok()?, if unit.is_empty() { bare } else { factor? })
        }
        _ => return None,
    };
    let amount = number * factor;
    (amount.is_finite() && (0.0..9e15).contains(&amount)).then_some(amount as u64)
}

/// Whether a word of YAML 1.1 means true; `None` for any other text.
fn is_yes(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" => Some(true),
        "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_have_units() {
        for (value, wanted) in [
            (json!("30s"), 30_000),
            (json!(2.5), 2_500),
            (json!("500ms"), 500),
            (json!("2 m"), 120_000),
            (json!("7"), 7_000),
        ] {
            assert_eq!(quantity(&value, TIMES, 1_000.0), Some(wanted), "{value}");
        }
        assert_eq!(quantity(&json!("64MiB"), SIZES, 1.0), Some(64 << 20));
        for value in [json!([1, 2]), json!("soon"), json!(-1), json!("3 parsecs"), json!(1e300)] {
            assert_eq!(quantity(&value, TIMES, 1_000.0), None, "{value}");
        }
    }
}
