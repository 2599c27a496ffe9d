//! Guesses from the code which data a program reads: the keys that it looks up in objects, and how it uses each.
//!
//! This matches text, not syntax: a few patterns work for Python, JavaScript, Ruby and jq. A wrong guess costs a few
//! starts with data that the program refuses.

use regex::Regex;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// How many keys one document has.
const MAX_KEYS: usize = 24;

/// Objects within objects.
const MAX_DEPTH: usize = 3;

/// How many values one document has, unless its own keys are more: each level of lists multiplies them.
const MAX_VALUES: usize = 400;

/// How a program uses the value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Unknown,
    List,
    Object,
    Number,
    Text,
    Flag,
}

/// A key, and the known facts about its values.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    name: String,
    taken_as: Use,
    /// A text that the program compares it with.
    word: Option<String>,
}

/// `x["key"]`, `x.get("key", …)`, `"key" in x`.
static KEYED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?:\[\s*|\.(?:get|pop|has|fetch|dig|setdefault)\(\s*)["']([A-Za-z_@$][\w .@$-]{0,39})["']\s*([\]),])|["']([A-Za-z_][\w-]{0,39})["']\s+(?:not\s+)?in\b"#,
    )
    .ok()
});

/// `data.key` in JavaScript, and `.key` in a jq program.
static DOTTED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\.([A-Za-z_]\w{1,39})").ok());

/// The value that a text is compared with.
static COMPARED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^[\])]*\s*(?:===?|!==?|in|not in)\s*[(\[{]?\s*["']([^"']{1,40})["']"#).ok());

/// Properties of built-in JavaScript objects, which documents do not have.
const OWN: &[&str] = &[
    "length",
    "argv",
    "env",
    "stdout",
    "stderr",
    "stdin",
    "exports",
    "message",
    "prototype",
    "default",
    "then",
    "catch",
    "code",
    "exit",
    "log",
    "error",
    "warn",
    "main",
    "meta",
    "url",
    "stack",
    "promises",
];

/// A document with every key that this code looks up; `None` if there is none.
pub(super) fn document(code: &str, is_dotted: bool) -> Option<Value> {
    let keys = keys(code, is_dotted);
    (!keys.is_empty()).then(|| {
        let mut document = object(&keys, 0, 0);
        for deepest in 1..=MAX_DEPTH {
            let deeper = object(&keys, 0, deepest);
            if values(&deeper) > MAX_VALUES {
                break;
            }
            document = deeper;
        }
        document
    })
}

/// How many values there are in a document.
fn values(document: &Value) -> usize {
    let below: usize = match document {
        Value::Object(map) => map.values().map(values).sum(),
        Value::Array(items) => items.iter().map(values).sum(),
        _ => 0,
    };
    1 + below
}

/// The names of the keys, as table columns.
pub(super) fn columns(code: &str, is_dotted: bool) -> Vec<String> {
    keys(code, is_dotted).into_iter().map(|key| key.name).collect()
}

fn keys(code: &str, is_dotted: bool) -> Vec<Key> {
    let mut keys = Keys::default();
    for line in code.lines() {
        keys.read_keyed(line);
        if is_dotted || line.contains("jq ") {
            keys.read_dotted(line);
        }
    }
    keys.0
}

#[derive(Default)]
struct Keys(Vec<Key>);

impl Keys {
    fn add(&mut self, name: &str, taken_as: Use, word: Option<String>) {
        if let Some(known) = self.0.iter_mut().find(|key| key.name == name) {
            if known.taken_as == Use::Unknown {
                known.taken_as = taken_as;
            }
            known.word = known.word.take().or(word);
        } else if self.0.len() < MAX_KEYS {
            self.0.push(Key { name: name.to_owned(), taken_as, word });
        }
    }

    fn read_keyed(&mut self, line: &str) {
        for found in KEYED.iter().flat_map(|keyed| keyed.captures_iter(line)) {
            if let Some(name) = found.get(3) {
                self.add(name.as_str(), Use::Unknown, None);
                continue;
            }
            let (Some(all), Some(name), Some(close)) = (found.get(0), found.get(1), found.get(2)) else { continue };
            let (before, rest) = (&line[..all.start()], &line[all.end()..]);
            let taken_as = if close.as_str() == "," { of_default(rest) } else { of_use(before, rest) };
            self.add(name.as_str(), taken_as, word(rest));
        }
    }

    fn read_dotted(&mut self, line: &str) {
        for found in DOTTED.iter().flat_map(|dotted| dotted.captures_iter(line)) {
            let (Some(all), Some(name)) = (found.get(0), found.get(1)) else { continue };
            let (before, rest) = (&line[..all.start()], &line[all.end()..]);
            if !rest.starts_with('(') && !OWN.contains(&name.as_str()) {
                self.add(name.as_str(), of_use(before, rest), word(rest));
            }
        }
    }
}

/// The kind of values that a default suggests.
fn of_default(rest: &str) -> Use {
    let rest = rest.trim_start();
    match rest.chars().next() {
        Some('[') => Use::List,
        Some('{') => Use::Object,
        Some('"' | '\'') => Use::Text,
        Some(c) if c.is_ascii_digit() || c == '-' => Use::Number,
        Some('F' | 'T' | 'f' | 't')
            if rest.to_lowercase().starts_with("false") || rest.to_lowercase().starts_with("true") =>
        {
            Use::Flag
        }
        _ => Use::Unknown,
    }
}

/// The kind of a value that the surrounding code suggests.
fn of_use(before: &str, rest: &str) -> Use {
    const OF_LISTS: &[&str] = &[
        ".append",
        ".length",
        ".map(",
        ".forEach(",
        ".filter(",
        ".reduce(",
        ".some(",
        ".every(",
        ".join(",
        ".sort(",
        ".push(",
        ".find(",
        ".each",
        "[]",
        ".slice(",
        ".extend(",
        ".flatMap(",
    ];
    const OF_OBJECTS: &[&str] = &["[\"", "['", ".get(", ".items()", ".keys()", ".values()", ".update("];
    const OF_TEXTS: &[&str] = &[
        ".strip",
        ".lower",
        ".upper",
        ".split",
        ".replace",
        ".startswith",
        ".endswith",
        ".trim",
        ".toLowerCase",
        ".toUpperCase",
        ".startsWith",
        ".endsWith",
        ".encode",
        ".match",
    ];
    let rest = rest.trim_start_matches([')', ']', '?', ' ']);
    let starts = |words: &[&str]| words.iter().any(|word| rest.starts_with(word));
    let is_index = rest.starts_with('[') && rest[1..].starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == ':');
    let is_counted = before.contains("len(") || before.contains("enumerate(");
    let is_name = |text: &str| {
        text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '"' | '\'' | '(' | '*'))
    };
    let is_looped =
        [" in ", " of "].iter().any(|word| before.rsplit_once(word).is_some_and(|(_, after)| is_name(after)));
    if is_index || is_counted || is_looped || starts(OF_LISTS) {
        return Use::List;
    }
    if starts(OF_OBJECTS) {
        return Use::Object;
    }
    if starts(OF_TEXTS) {
        return Use::Text;
    }
    let mut signs = rest.chars();
    let is_sum = matches!(signs.next(), Some('+' | '-' | '*' | '/' | '<' | '>' | '%'));
    let before = before.trim_end();
    if is_sum && !rest.starts_with("->")
        || ["int(", "float(", "sum(", "Number(", "round("].iter().any(|word| before.contains(word))
    {
        return Use::Number;
    }
    Use::Unknown
}

fn word(rest: &str) -> Option<String> {
    let found = COMPARED.as_ref()?.captures(rest.trim_start())?;
    Some(found.get(1)?.as_str().to_owned())
}

fn object(keys: &[Key], depth: usize, deepest: usize) -> Value {
    let mut map = Map::new();
    for key in keys {
        let is_nested = matches!(key.kind(), Use::List | Use::Object);
        if is_nested && depth > 0 && key.taken_as == Use::Unknown {
            continue;
        }
        map.insert(key.name.clone(), key.value(keys, depth, deepest));
    }
    Value::Object(map)
}

impl Key {
    /// Its use in the code, otherwise the kind that its name suggests.
    fn kind(&self) -> Use {
        const NUMBERS: &[&str] = &[
            "count", "num", "size", "age", "page", "id", "year", "price", "amount", "total", "width", "height",
            "score", "rate", "limit", "duration", "weight", "x", "y", "min", "max", "port", "line", "level", "value",
            "quantity", "qty", "cost", "balance", "bytes", "seconds", "ms", "index", "rank", "percent",
        ];
        const FLAGS: &[&str] = &["is", "has", "enabled", "disabled", "active", "done", "required", "optional", "ok"];
        const TEXTS: &[&str] = &["status", "address", "class", "alias", "access", "process", "canvas", "pass", "https"];
        if self.taken_as != Use::Unknown {
            return self.taken_as;
        }
        if self.word.is_some() {
            return Use::Text;
        }
        let words = words(&self.name);
        let last = words.last().map_or("", String::as_str);
        let first = words.first().map_or("", String::as_str);
        if self.holds_numbers() {
            Use::List
        } else if NUMBERS.contains(&last) {
            Use::Number
        } else if FLAGS.contains(&last) || FLAGS[..2].contains(&first) && words.len() > 1 {
            Use::Flag
        } else if last.len() > 3 && last.ends_with('s') && !last.ends_with("ss") && !TEXTS.contains(&last) {
            Use::List
        } else {
            Use::Unknown
        }
    }

    /// Whether its name suggests a list of numbers.
    fn holds_numbers(&self) -> bool {
        const LISTS: &[&str] = &[
            "box",
            "bbox",
            "rect",
            "coords",
            "coordinates",
            "point",
            "position",
            "vector",
            "matrix",
            "numbers",
            "scores",
        ];
        words(&self.name).last().is_some_and(|last| LISTS.contains(&last.as_str()))
    }

    fn value(&self, keys: &[Key], depth: usize, deepest: usize) -> Value {
        match self.kind() {
            Use::Number => json!(1 + self.name.len() % 7),
            Use::Flag => json!(true),
            Use::Object if depth < deepest => object(&without(keys, self), depth + 1, deepest),
            Use::List if depth < deepest && !self.holds_numbers() => {
                let rest = without(keys, self);
                let (first, mut second) = (object(&rest, depth + 1, deepest), object(&rest, depth + 1, deepest));
                vary(&mut second);
                json!([first, second])
            }
            Use::List if self.holds_numbers() => json!([1, 2, 3, 4]),
            Use::Object => json!({}),
            Use::List => json!(["alpha", "beta"]),
            Use::Text | Use::Unknown => json!(self.word.clone().unwrap_or_else(|| of_name(&self.name))),
        }
    }
}

/// The other keys: no object contains one of its own kind.
fn without(keys: &[Key], key: &Key) -> Vec<Key> {
    keys.iter().filter(|other| other.name != key.name).cloned().collect()
}

/// Makes the second object of a list different.
fn vary(value: &mut Value) {
    let Value::Object(map) = value else { return };
    for value in map.values_mut() {
        match value {
            Value::Number(number) => *value = json!(number.as_i64().unwrap_or(0) + 3),
            Value::Bool(flag) => *value = json!(!*flag),
            Value::String(text) if text == "alpha" => *value = json!("beta"),
            _ => {}
        }
    }
}

/// `maxItems` and `max_items` as words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(last) = words.last_mut()
        {
            last.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A text of the kind that the name of a key suggests.
fn of_name(name: &str) -> String {
    let words = words(name);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let text = if has(&["date", "day", "created", "updated", "deadline", "due"]) {
        "2024-01-15"
    } else if has(&["time", "timestamp", "at", "start", "end"]) {
        "2024-01-15T12:30:00Z"
    } else if has(&["url", "link", "href", "uri", "website", "homepage"]) {
        "https://example.org/a"
    } else if has(&["email", "mail"]) {
        "user@example.org"
    } else if has(&["version"]) {
        "1.2.0"
    } else if has(&["path", "file", "filename", "folder", "dir"]) {
        "src/main.py"
    } else if has(&["ip", "host", "hostname"]) {
        "192.0.2.1"
    } else {
        "alpha"
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_nested_as_the_code_takes_them() {
        let code = "fields = json.load(f)\nfor f in fields[\"form_fields\"]:\n    if f[\"page_number\"] > 1:\n        \
                    print(f[\"label\"].upper(), f.get(\"tags\", []))\n";
        let document = document(code, false).unwrap();
        let first = &document["form_fields"][0];
        assert_eq!((&first["label"], &first["page_number"]), (&json!("alpha"), &json!(5)), "{document}");
        assert!(first["tags"].is_array() && document["form_fields"][1] != *first, "{document}");
    }

    #[test]
    fn many_lists_do_not_multiply_without_end() {
        let lines: Vec<String> =
            (0..20).map(|n| format!("for x in data['list_{n}']: print(x['name_{n}'])\n")).collect();
        let code = lines.concat();
        let document = document(&code, false).unwrap();
        assert!(values(&document) <= MAX_VALUES, "{}", values(&document));
        assert!(document["list_0"].is_array() && document.get("list_11").is_some(), "{document}");
    }

    #[test]
    fn a_compared_word_is_the_value() {
        let document = document("if row['state'] == 'open' and row.get('n', 0) > 3: pass", false).unwrap();
        assert_eq!(document, json!({"state": "open", "n": 2}));
    }

    #[test]
    fn properties_count_where_the_language_has_them() {
        let code = "const total = data.items.map(i => i.price * i.quantity); console.log(data.items.length)";
        let document = document(code, true).unwrap();
        assert!(document["items"][0]["price"].is_number(), "{document}");
        assert_eq!(super::document(code, false), None);
    }
}
