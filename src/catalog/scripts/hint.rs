//! Type hints of Python and TypeScript, and types as docstrings name them, as JSON Schema.

use super::literal;
use super::scanner::{arguments, split, split_once};
use crate::domain::source::Language;
use serde_json::{Map, Value, json};

/// Types inside of types are read so deep.
const MAX_DEPTH: usize = 8;

/// The content of a type hint.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Hint {
    pub(super) schema: Map<String, Value>,
    /// Whether a value may be left out: `Optional[int]`, `int | None`, `number | undefined`.
    pub(super) is_optional: bool,
}

/// Looks up the fields of a type that the script itself defines, by name.
pub(super) type Types<'a> = &'a dyn Fn(&str) -> Option<Map<String, Value>>;

/// Reads a type hint.
pub(super) fn read(text: &str, language: Language, types: Types<'_>) -> Hint {
    Reader { language, types }.hint(text, 0)
}

/// A schema with a `type`, in the words of any language; `None` for others.
pub(super) fn of_word(word: &str) -> Option<Map<String, Value>> {
    let lower = word.to_ascii_lowercase();
    let name = match lower.as_str() {
        "str" | "string" | "text" | "char" | "bytes" | "path" | "pathlike" | "filepath" | "anystr" | "secretstr" => {
            "string"
        }
        "int" | "integer" | "long" | "bigint" | "positiveint" => "integer",
        "float" | "double" | "number" | "decimal" | "real" | "num" => "number",
        "bool" | "boolean" => "boolean",
        "dict" | "object" | "mapping" | "map" | "record" | "json" | "ordereddict" | "defaultdict"
        | "mutablemapping" => "object",
        "list" | "array" | "tuple" | "sequence" | "set" | "frozenset" | "iterable" | "collection" | "readonlyarray"
        | "generator" | "iterator" => "array",
        "datetime" => return Some(object(&[("type", "string"), ("format", "date-time")])),
        "date" => return Some(object(&[("type", "string"), ("format", "date")])),
        "url" | "anyurl" | "httpurl" => return Some(object(&[("type", "string"), ("format", "uri")])),
        "uuid" => return Some(object(&[("type", "string"), ("format", "uuid")])),
        "any" | "unknown" => return Some(Map::new()),
        _ => return None,
    };
    Some(object(&[("type", name)]))
}

fn object(pairs: &[(&str, &str)]) -> Map<String, Value> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect()
}

struct Reader<'a> {
    language: Language,
    types: Types<'a>,
}

impl Reader<'_> {
    fn hint(&self, text: &str, depth: usize) -> Hint {
        let text = text.trim().trim_end_matches(';').trim();
        if depth > MAX_DEPTH || text.is_empty() {
            return Hint::default();
        }
        let parts: Vec<&str> = split(text, b'|', self.language).into_iter().filter(|part| !part.is_empty()).collect();
        if parts.len() > 1 {
            return self.union(&parts, depth);
        }
        // A forward reference of Python is a text.
        if self.language == Language::Python
            && let Some(inner) = literal::text(text, self.language)
        {
            return self.hint(&inner, depth + 1);
        }
        if let Some(value) = literal::value(text, self.language).filter(|value| !value.is_object()) {
            return Hint {
                schema: Map::from_iter([("enum".to_owned(), json!([value]))]),
                is_optional: value.is_null(),
            };
        }
        if let Some(items) = text.strip_suffix("[]") {
            return plain(array(self.hint(items, depth + 1).schema));
        }
        if let Some(fields) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            return plain(self.fields(fields, depth));
        }
        self.named(text, depth)
    }

    fn union(&self, parts: &[&str], depth: usize) -> Hint {
        let is_nothing = |part: &&&str| matches!(**part, "None" | "null" | "undefined" | "NoneType" | "void");
        let is_optional = parts.iter().any(|part| is_nothing(&part));
        let rest: Vec<Map<String, Value>> =
            parts.iter().filter(|part| !is_nothing(part)).map(|part| self.hint(part, depth + 1).schema).collect();
        Hint { schema: any_of(rest), is_optional }
    }

    /// A name, perhaps with parts in brackets: `List[str]`, `Array<string>`, `typing.Optional[int]`.
    fn named(&self, text: &str, depth: usize) -> Hint {
        let (name, inner) = match text.find(['[', '<']) {
            Some(at) if text.ends_with([']', '>']) => (&text[..at], &text[at + 1..text.len() - 1]),
            _ => (text, ""),
        };
        let short = name.rsplit('.').next().unwrap_or(name).trim();
        let parts = split(inner, b',', self.language);
        let part = |index: usize| parts.get(index).copied().unwrap_or_default();
        match short {
            "Optional" => return Hint { is_optional: true, ..self.hint(inner, depth + 1) },
            "Union" => return self.union(&parts, depth),
            "Literal" => return plain(choices(&parts, self.language)),
            "Annotated" => return self.annotated(&parts, depth),
            "Required" | "NotRequired" | "Readonly" | "Partial" | "Promise" | "Awaited" | "Final" | "Unpack" => {
                let inner = self.hint(part(0), depth + 1);
                return Hint { is_optional: inner.is_optional || short == "NotRequired", ..inner };
            }
            "Enum" => return plain(Map::new()),
            _ => {}
        }
        if let Some(schema) = (self.types)(short) {
            return plain(schema);
        }
        let Some(mut schema) = of_word(short) else { return Hint::default() };
        if schema.get("type") == Some(&json!("array")) {
            return plain(array(self.hint(part(0), depth + 1).schema));
        }
        let of_values = self.hint(part(1), depth + 1).schema;
        if schema.get("type") == Some(&json!("object")) && !of_values.is_empty() {
            schema.insert("additionalProperties".to_owned(), Value::Object(of_values));
        }
        plain(schema)
    }

    /// `Annotated[int, "what it is"]`, `Annotated[int, Field(description="what it is", ge=1)]`.
    fn annotated(&self, parts: &[&str], depth: usize) -> Hint {
        let mut hint = self.hint(parts.first().copied().unwrap_or_default(), depth + 1);
        for part in &parts[1.min(parts.len())..] {
            if let Some(text) = literal::text(part, self.language) {
                hint.schema.insert("description".to_owned(), json!(text));
            } else {
                annotate(&mut hint.schema, part, self.language);
            }
        }
        hint
    }

    /// Fields between braces of TypeScript: `a: string; b?: number`.
    fn fields(&self, text: &str, depth: usize) -> Map<String, Value> {
        fields_schema(fields_of(text), |hint| self.hint(hint, depth + 1))
    }
}

/// A field of an interface or of an object type.
pub(super) struct TypeField<'t> {
    pub(super) name: &'t str,
    pub(super) hint: &'t str,
    pub(super) is_optional: bool,
    /// The comment in front of it.
    pub(super) comment: &'t str,
}

/// The fields between the braces of a TypeScript type. They end with `;`, `,` or the line.
pub(super) fn fields_of(text: &str) -> Vec<TypeField<'_>> {
    let language = Language::TypeScript;
    let mut ends: Vec<usize> = super::scanner::signs(text, language)
        .filter(|sign| sign.depth == 0 && matches!(sign.byte, b';' | b',' | b'\n'))
        .map(|sign| sign.at)
        .collect();
    ends.push(text.len());
    let (mut from, mut comment, mut fields) = (0, "", Vec::new());
    for end in ends {
        let line = text[from.min(end)..end].trim();
        let code = super::scanner::signs(line, language).find(|sign| !sign.byte.is_ascii_whitespace());
        from = end + 1;
        let Some(begin) = code.map(|sign| sign.at) else {
            comment = if line.is_empty() { comment } else { line };
            continue;
        };
        if begin > 0 {
            comment = line[..begin].trim();
        }
        let line = line[begin..].trim_start_matches("readonly ");
        if let Some((name, hint)) = split_once(line, b':', language) {
            let is_optional = name.ends_with('?');
            let name = name.trim_end_matches('?').trim_matches(['"', '\'']);
            if !name.is_empty() && !name.contains(['(', '[']) {
                fields.push(TypeField { name, hint, is_optional, comment });
            }
        }
        comment = "";
    }
    fields
}

/// The schema of an object with these fields.
pub(super) fn fields_schema<'t>(
    fields: impl IntoIterator<Item = TypeField<'t>>,
    read: impl Fn(&'t str) -> Hint,
) -> Map<String, Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in fields {
        let mut hint = read(field.hint);
        let words = super::docstring::comment_words(field.comment);
        if !words.is_empty() {
            hint.schema.insert("description".to_owned(), json!(words));
        }
        if !field.is_optional && !hint.is_optional {
            required.push(json!(field.name));
        }
        properties.insert(field.name.to_owned(), Value::Object(hint.schema));
    }
    let mut schema = object(&[("type", "object")]);
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

/// The schema keywords for arguments of a field.
const KEYS: &[(&str, &str)] = &[
    ("description", "description"),
    ("help", "description"),
    ("doc", "description"),
    ("ge", "minimum"),
    ("gt", "exclusiveMinimum"),
    ("min", "minimum"),
    ("le", "maximum"),
    ("lt", "exclusiveMaximum"),
    ("max", "maximum"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("pattern", "pattern"),
    ("examples", "examples"),
];

/// Bounds and words that `Field(...)`, `Query(...)` and their kin give a value.
pub(super) fn annotate(schema: &mut Map<String, Value>, call: &str, language: Language) {
    let Some(open) = call.find('(').filter(|_| call.ends_with(')')) else { return };
    for argument in arguments(&call[open + 1..call.len() - 1], language) {
        let key = KEYS.iter().find(|(written, _)| argument.name == Some(written)).map(|(_, key)| *key);
        if let Some((key, value)) = key.zip(literal::value(argument.value, language)) {
            schema.insert(key.to_owned(), value);
        }
    }
    // The length of a list is how many items it has.
    if schema.get("type") == Some(&json!("array")) {
        for (length, items) in [("minLength", "minItems"), ("maxLength", "maxItems")] {
            if let Some(value) = schema.remove(length) {
                schema.insert(items.to_owned(), value);
            }
        }
    }
}

fn plain(schema: Map<String, Value>) -> Hint {
    Hint { schema, is_optional: false }
}

fn array(items: Map<String, Value>) -> Map<String, Value> {
    let mut schema = object(&[("type", "array")]);
    if !items.is_empty() {
        schema.insert("items".to_owned(), Value::Object(items));
    }
    schema
}

/// One of these literals.
pub(super) fn choices(parts: &[&str], language: Language) -> Map<String, Value> {
    let values: Vec<Value> = parts.iter().filter_map(|part| literal::value(part, language)).collect();
    any_of(values.into_iter().map(|value| Map::from_iter([("enum".to_owned(), json!([value]))])).collect())
}

/// One schema for several: literals join into one `enum`, equal ones into one, others into `anyOf`.
fn any_of(schemas: Vec<Map<String, Value>>) -> Map<String, Value> {
    let is_choice = |schema: &Map<String, Value>| schema.len() == 1 && schema.contains_key("enum");
    if !schemas.is_empty() && schemas.iter().all(is_choice) {
        let values: Vec<Value> = schemas.into_iter().flat_map(|mut schema| items(schema.remove("enum"))).collect();
        let mut joined = Map::new();
        if values.iter().all(Value::is_string) {
            joined.insert("type".to_owned(), json!("string"));
        }
        joined.insert("enum".to_owned(), Value::Array(values));
        return joined;
    }
    let mut distinct: Vec<Map<String, Value>> = Vec::new();
    for schema in schemas {
        if schema.is_empty() {
            return Map::new();
        }
        if !distinct.contains(&schema) {
            distinct.push(schema);
        }
    }
    match distinct.len() {
        0 | 1 => distinct.pop().unwrap_or_default(),
        _ => Map::from_iter([("anyOf".to_owned(), json!(distinct))]),
    }
}

fn items(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, language: Language) -> (Value, bool) {
        let hint = read(text, language, &|name| (name == "Mine").then(|| object(&[("type", "object")])));
        (Value::Object(hint.schema), hint.is_optional)
    }

    #[test]
    fn hints_of_python_are_schemas() {
        for (text, expected) in [
            ("str", (json!({"type": "string"}), false)),
            ("Optional[int]", (json!({"type": "integer"}), true)),
            ("float | None", (json!({"type": "number"}), true)),
            ("typing.List[str]", (json!({"type": "array", "items": {"type": "string"}}), false)),
            (
                "dict[str, list[int]]",
                (
                    json!({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}}),
                    false,
                ),
            ),
            ("Literal['a', 'b']", (json!({"type": "string", "enum": ["a", "b"]}), false)),
            ("Union[int, str, None]", (json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}), true)),
            (
                "Annotated[int, Field(description='n', ge=1)]",
                (json!({"type": "integer", "description": "n", "minimum": 1}), false),
            ),
            ("'Mine'", (json!({"type": "object"}), false)),
            ("np.ndarray", (json!({}), false)),
            ("Any", (json!({}), false)),
        ] {
            assert_eq!(of(text, Language::Python), expected, "{text}");
        }
    }

    #[test]
    fn hints_of_typescript_are_schemas() {
        for (text, expected) in [
            ("string[]", (json!({"type": "array", "items": {"type": "string"}}), false)),
            ("Array<number>", (json!({"type": "array", "items": {"type": "number"}}), false)),
            ("'a' | 'b' | undefined", (json!({"type": "string", "enum": ["a", "b"]}), true)),
            (
                "Record<string, boolean>",
                (json!({"type": "object", "additionalProperties": {"type": "boolean"}}), false),
            ),
            (
                "{ a: string; /** why */ b?: number }",
                (
                    json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "number", "description": "why"}}, "required": ["a"]}),
                    false,
                ),
            ),
        ] {
            assert_eq!(of(text, Language::TypeScript), expected, "{text}");
        }
    }

    #[test]
    fn a_hint_without_end_is_no_hint() {
        for text in ["List[", "[[[[[[[[[[", "a <b> c>", "|", "Optional[]"] {
            let (schema, _) = of(text, Language::Python);
            assert!(schema.is_object(), "{text}");
        }
        assert!(of(&"List[".repeat(10_000), Language::Python).0.is_object());
    }
}
