//! Input and output descriptions as real definitions write them, translated to JSON Schema 2020-12.
//!
//! Three habits are known: JSON Schema with slips (`required: true` inside a property, `type: any`), a table of `field:
//! "str - What it is"`, and a list of `{name, type, required, default}`. Unknown parts are kept as annotations; the
//! result is never stricter than the original.

use serde_json::{Map, Value, json};

/// Schemas nested deeper than this are kept unchanged, because nobody fills in such a form.
const DEPTH: usize = 24;

/// Translates a description of an object's fields.
pub(super) fn translate(written: &Value) -> Value {
    match written {
        Value::Object(table) if is_schema(table) && uses_rare(written, 0) && is_valid(written) => written.clone(),
        Value::Object(table) if is_schema(table) => property(written, 0).schema,
        Value::Object(table) => {
            object(table.iter().map(|(name, field)| (name.clone(), property(field, 0))), Map::new())
        }
        Value::Array(fields) => object(fields.iter().filter_map(named), Map::new()),
        Value::String(text) => json!({ "description": text }),
        _ => json!({}),
    }
}

/// Keywords that the mending below does not know. Who writes them writes real JSON Schema, so such a
/// schema is kept untouched when it is valid.
const RARE: &[&str] = &[
    "pattern",
    "patternProperties",
    "$defs",
    "definitions",
    "if",
    "prefixItems",
    "contains",
    "propertyNames",
    "dependentSchemas",
    "dependentRequired",
    "unevaluatedProperties",
    "unevaluatedItems",
];

fn uses_rare(schema: &Value, depth: usize) -> bool {
    match schema {
        Value::Object(table) if depth <= DEPTH => {
            table.iter().any(|(key, value)| RARE.contains(&key.as_str()) || uses_rare(value, depth + 1))
        }
        Value::Array(items) if depth <= DEPTH => items.iter().any(|item| uses_rare(item, depth + 1)),
        _ => false,
    }
}

fn is_valid(schema: &Value) -> bool {
    let meta = json!({ "$ref": "https://json-schema.org/draft/2020-12/schema" });
    crate::domain::validate(&meta, schema).is_empty()
}

/// Adds the inputs that a command asks for and no description names, as required text.
pub(super) fn with_inputs(schema: Option<Value>, names: &[String]) -> Option<Value> {
    let known = |name: &String| schema.as_ref().is_some_and(|schema| schema["properties"].get(name).is_some());
    let missing: Vec<&String> = names.iter().filter(|name| !known(name)).collect();
    if missing.is_empty() {
        return schema;
    }
    let mut table = match schema {
        Some(Value::Object(table)) => table,
        _ => Map::new(),
    };
    table.insert("type".to_owned(), json!("object"));
    for name in missing {
        if let Some(fields) = entry(&mut table, "properties", json!({})).as_object_mut() {
            fields.insert(name.clone(), json!({"type": "string"}));
        }
        if let Some(required) = entry(&mut table, "required", json!([])).as_array_mut() {
            required.push(json!(name));
        }
    }
    Some(Value::Object(table))
}

/// A schema of an object with one property more, which need not be given.
pub(super) fn with_property(schema: Option<Value>, name: &str, property: Value) -> Value {
    let mut table = match schema {
        Some(Value::Object(table)) => table,
        _ => Map::new(),
    };
    table.insert("type".to_owned(), json!("object"));
    if let Some(fields) = entry(&mut table, "properties", json!({})).as_object_mut() {
        fields.insert(name.to_owned(), property);
    }
    Value::Object(table)
}

fn entry<'a>(table: &'a mut Map<String, Value>, key: &str, empty: Value) -> &'a mut Value {
    let slot = table.entry(key).or_insert_with(|| empty.clone());
    if std::mem::discriminant(slot) != std::mem::discriminant(&empty) {
        *slot = empty;
    }
    slot
}

const TYPES: &[&str] = &["string", "integer", "number", "boolean", "array", "object", "null"];
/// Keywords with data as values, not schemas.
const DATA: &[&str] = &["default", "const", "enum", "example", "examples"];

/// A type in a schema that JSON Schema does not have.
pub(super) fn odd_type(schema: &Value) -> Option<&Value> {
    let is_odd = |kind: &Value| match kind {
        Value::String(word) => !TYPES.contains(&word.as_str()),
        Value::Array(words) => words.iter().any(|word| word.as_str().is_none_or(|word| !TYPES.contains(&word))),
        _ => false,
    };
    find_keyword(schema, &|key, value| key == "type" && is_odd(value), 0)
}

/// A type that the translation could not read.
pub(super) fn unknown_type(schema: &Value) -> Option<&Value> {
    find_keyword(schema, &|key, value| key == "x-type" && !value.is_object(), 0)
}

fn find_keyword<'v>(schema: &'v Value, wanted: &dyn Fn(&str, &Value) -> bool, depth: usize) -> Option<&'v Value> {
    match schema {
        _ if depth > DEPTH => None,
        Value::Object(table) => table.iter().find_map(|(key, value)| {
            if wanted(key, value) {
                return Some(value);
            }
            if DATA.contains(&key.as_str()) { None } else { find_keyword(value, wanted, depth + 1) }
        }),
        Value::Array(items) => items.iter().find_map(|item| find_keyword(item, wanted, depth + 1)),
        _ => None,
    }
}

/// Whether a table is meant as a schema, not as a list of fields.
fn is_schema(table: &Map<String, Value>) -> bool {
    let fields =
        table.get("properties").is_some_and(|fields| fields.as_object().is_some_and(|f| f.values().all(is_field)));
    let typed = table.get("type").and_then(Value::as_str).is_some_and(|word| types(word).is_some() || word == "stream");
    fields || typed || ["oneOf", "anyOf", "allOf", "$ref"].iter().any(|key| table.contains_key(*key))
}

fn is_field(field: &Value) -> bool {
    field.is_object() || field.is_string() || field.is_boolean()
}

/// One field: its schema, and whether the object needs it.
struct LooseField {
    schema: Value,
    required: bool,
}

fn named(field: &Value) -> Option<(String, LooseField)> {
    match field {
        Value::String(name) => Some((name.clone(), LooseField { schema: json!({}), required: false })),
        Value::Object(table) => {
            let name = table.get("name")?.as_str()?.to_owned();
            let rest: Map<String, Value> =
                table.iter().filter(|(key, _)| *key != "name").map(|(k, v)| (k.clone(), v.clone())).collect();
            Some((name, property(&Value::Object(rest), 1)))
        }
        _ => None,
    }
}

/// An object schema of these fields; `schema` contains the other properties of the object.
fn object(fields: impl Iterator<Item = (String, LooseField)>, mut schema: Map<String, Value>) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<Value> = match schema.remove("required") {
        Some(Value::Array(names)) => names.into_iter().filter(Value::is_string).collect(),
        _ => Vec::new(),
    };
    for (name, field) in fields {
        let listed = required.iter().any(|known| known.as_str() == Some(&name));
        if field.required && !listed {
            required.push(Value::String(name.clone()));
        }
        properties.insert(name, field.schema);
    }
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    Value::Object(schema)
}

fn property(written: &Value, depth: usize) -> LooseField {
    match written {
        _ if depth > DEPTH => LooseField { schema: json!({}), required: false },
        Value::String(text) => shorthand(text),
        Value::Object(table) => from_table(table, depth),
        Value::Bool(flag) => LooseField { schema: Value::Bool(*flag), required: false },
        Value::Array(options) => LooseField { schema: json!({ "examples": options }), required: false },
        other => LooseField { schema: json!({ "default": other }), required: false },
    }
}

/// `str - Operation: 'add', 'subtract'`.
fn shorthand(text: &str) -> LooseField {
    let (word, about) = text.split_once(" - ").unwrap_or((text, ""));
    let Some(kinds) = types(word.trim()) else {
        return LooseField { schema: json!({ "description": text }), required: false };
    };
    let mut schema = Map::new();
    set_types(&mut schema, kinds);
    if !about.is_empty() {
        schema.insert("description".to_owned(), json!(about.trim()));
    }
    if let Some(options) = quoted_options(about) {
        schema.insert("enum".to_owned(), json!(options));
    }
    LooseField { schema: Value::Object(schema), required: about.trim_end().ends_with("(required)") }
}

/// The words of `…: 'a', 'b' or 'c'` when nothing else follows the colon.
fn quoted_options(about: &str) -> Option<Vec<&str>> {
    let list = about.rsplit_once(": ").map_or(about, |(_, list)| list);
    let parts: Vec<&str> = list.split('\'').collect();
    let between = parts.iter().step_by(2).all(|gap| matches!(gap.trim(), "" | "," | "or" | ", or" | "and" | "|"));
    let options: Vec<&str> = parts.into_iter().skip(1).step_by(2).collect();
    (between && options.len() > 1).then_some(options)
}

fn from_table(table: &Map<String, Value>, depth: usize) -> LooseField {
    let mut schema = Map::new();
    let mut required = false;
    for (key, value) in table {
        match (key.as_str(), value) {
            ("required", Value::Bool(flag)) => required = *flag,
            ("optional", Value::Bool(flag)) => required = !*flag,
            ("properties" | "schema", Value::Object(_)) => {}
            _ => keyword(&mut schema, key, value, depth),
        }
    }
    let fields = ["properties", "schema"].iter().find_map(|key| table.get(*key)?.as_object());
    if let Some(fields) = fields {
        let kind = schema.get("type").cloned();
        let fields = fields.iter().map(|(name, field)| (name.clone(), property(field, depth + 1)));
        if let Value::Object(mut with_fields) = object(fields, schema) {
            // A nullable object stays nullable.
            with_fields.extend(kind.filter(Value::is_array).map(|kind| ("type".to_owned(), kind)));
            schema = with_fields;
        } else {
            schema = Map::new();
        }
    } else if !table.contains_key("type")
        && !table.is_empty()
        && !table.keys().any(|key| KEYWORDS.contains(&key.as_str()))
    {
        // A table of fields without saying so.
        let fields = table.iter().map(|(name, field)| (name.clone(), property(field, depth + 1)));
        return LooseField { schema: object(fields, Map::new()), required: false };
    }
    if table.get("default").is_some_and(Value::is_null) {
        allow_null(&mut schema);
    }
    LooseField { schema: Value::Object(schema), required }
}

/// Keywords that identify a table as a schema.
const KEYWORDS: &[&str] = &[
    "description",
    "enum",
    "default",
    "items",
    "required",
    "optional",
    "example",
    "examples",
    "options",
    "range",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "const",
    "$ref",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "title",
    "additionalProperties",
];

/// Takes one keyword over, repaired where JSON Schema would refuse it.
fn keyword(schema: &mut Map<String, Value>, key: &str, value: &Value, depth: usize) {
    let keep = |schema: &mut Map<String, Value>, key: &str, value: Value| {
        schema.insert(key.to_owned(), value);
    };
    match (key, value) {
        ("type", value) => kind(schema, value),
        ("example", value) => {
            schema.entry("examples").or_insert_with(|| json!([value]));
        }
        ("examples" | "enum", value) if !value.is_array() => keep(schema, key, json!([value])),
        ("options" | "choices", Value::Array(options)) => {
            schema.entry("enum").or_insert_with(|| json!(options));
        }
        ("range", Value::Array(ends)) if ends.len() == 2 && ends.iter().all(Value::is_number) => {
            keep(schema, "minimum", ends[0].clone());
            keep(schema, "maximum", ends[1].clone());
        }
        ("nullable", Value::Bool(true)) => allow_null(schema),
        ("items" | "additionalProperties" | "not", value) => keep(schema, key, property(value, depth + 1).schema),
        ("oneOf" | "anyOf" | "allOf", Value::Array(list)) => {
            let list: Vec<Value> = list.iter().map(|part| property(part, depth + 1).schema).collect();
            keep(schema, key, Value::Array(list));
        }
        (key, value) if fits_keyword(key, value) => keep(schema, key, value.clone()),
        (key, value) => keep(schema, &format!("x-{key}"), value.clone()),
    }
}

/// Whether the value has the type that JSON Schema demands of this keyword; unknown keywords take all.
fn fits_keyword(key: &str, value: &Value) -> bool {
    match key {
        "required" => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
        "description" | "title" | "format" | "$ref" | "$id" | "$schema" | "$comment" | "$anchor" => value.is_string(),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
        "multipleOf" => value.as_f64().is_some_and(|number| number > 0.0),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => value.is_u64(),
        "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" => value.is_boolean(),
        "pattern"
        | "properties"
        | "schema"
        | "patternProperties"
        | "$defs"
        | "definitions"
        | "dependentSchemas"
        | "prefixItems"
        | "oneOf"
        | "anyOf"
        | "allOf"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "propertyNames"
        | "unevaluatedItems"
        | "unevaluatedProperties"
        | "dependentRequired"
        | "$dynamicRef"
        | "$dynamicAnchor"
        | "$vocabulary"
        | "dependencies"
        | "contentSchema"
        | "contentEncoding"
        | "contentMediaType" => false,
        _ => true,
    }
}

fn kind(schema: &mut Map<String, Value>, value: &Value) {
    let words: Vec<&str> = match value {
        Value::String(word) => vec![word],
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut kinds: Vec<Value> = Vec::new();
    for word in words {
        match types(word) {
            // One word that allows all makes the rest pointless.
            Some(Kinds { names, .. }) if names.is_empty() => return,
            Some(found) => {
                for name in found.names {
                    if !kinds.iter().any(|known| known == name) {
                        kinds.push(json!(name));
                    }
                }
                schema.extend(found.items.map(|items| ("items".to_owned(), items)));
            }
            None => {
                schema.insert("x-type".to_owned(), value.clone());
                return;
            }
        }
    }
    match kinds.len() {
        0 => {}
        1 => drop(schema.insert("type".to_owned(), kinds.remove(0))),
        _ => drop(schema.insert("type".to_owned(), Value::Array(kinds))),
    }
}

fn set_types(schema: &mut Map<String, Value>, kinds: Kinds) {
    match kinds.names.as_slice() {
        [] => {}
        [one] => drop(schema.insert("type".to_owned(), json!(one))),
        many => drop(schema.insert("type".to_owned(), json!(many))),
    }
    schema.extend(kinds.items.map(|items| ("items".to_owned(), items)));
}

fn allow_null(schema: &mut Map<String, Value>) {
    let Some(kind) = schema.get_mut("type") else { return };
    match kind {
        Value::Array(kinds) if !kinds.iter().any(|kind| kind == "null") => kinds.push(json!("null")),
        Value::String(word) if word != "null" => *kind = json!([word, "null"]),
        _ => {}
    }
}

/// The types that a type word allows; empty means all.
struct Kinds {
    names: Vec<&'static str>,
    items: Option<Value>,
}

/// The types of a word such as `str`, `list[int]`, `str | None`; `None` for an unknown word.
fn types(word: &str) -> Option<Kinds> {
    let word = word.trim().to_ascii_lowercase();
    if let Some(inner) = word.strip_prefix("optional[").and_then(|rest| rest.strip_suffix(']')) {
        let mut kinds = types(inner)?;
        kinds.names.push("null");
        return Some(kinds);
    }
    if let Some((_, inner)) = word.strip_suffix(']').and_then(|rest| rest.split_once('['))
        && (word.starts_with("list") || word.starts_with("array"))
    {
        let mut items = Map::new();
        set_types(&mut items, types(inner)?);
        return Some(Kinds { names: vec!["array"], items: Some(Value::Object(items)) });
    }
    if word.contains('|') && !word.contains('[') {
        let mut names = Vec::new();
        for part in word.split('|') {
            names.extend(types(part)?.names);
        }
        names.dedup();
        return Some(Kinds { names, items: None });
    }
    let name = match word.split('[').next().unwrap_or_default() {
        "str" | "string" | "text" | "enum" | "bytes" | "path" | "file" | "filepath" | "url" | "uri" | "date"
        | "datetime" | "choice" | "char" => "string",
        "int" | "integer" | "long" => "integer",
        "float" | "number" | "double" | "decimal" => "number",
        "bool" | "boolean" => "boolean",
        "list" | "array" | "tuple" | "set" => "array",
        "dict" | "object" | "map" | "mapping" | "struct" => "object",
        "none" | "null" => "null",
        "any" | "json" | "mixed" => return Some(Kinds { names: Vec::new(), items: None }),
        _ => return None,
    };
    Some(Kinds { names: vec![name], items: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::validate;

    fn check(written: &Value, wanted: &Value) {
        let schema = translate(written);
        assert_eq!(schema, *wanted);
        assert_eq!(validate(&json!({"$ref": "https://json-schema.org/draft/2020-12/schema"}), &schema), vec![]);
    }

    #[test]
    fn the_shorthand_of_type_and_text_is_understood() {
        check(
            &json!({"op": "str - Operation: 'add', 'sub' or 'mul'", "a": "number - First", "l": "list[int]", "x": "whatever it is"}),
            &json!({"type": "object", "properties": {
                "op": {"type": "string", "description": "Operation: 'add', 'sub' or 'mul'", "enum": ["add", "sub", "mul"]},
                "a": {"type": "number", "description": "First"},
                "l": {"type": "array", "items": {"type": "integer"}},
                "x": {"description": "whatever it is"}}}),
        );
    }

    #[test]
    fn slips_inside_a_schema_are_mended() {
        check(
            &json!({"data": {"type": "any", "required": true}, "n": {"type": "float", "range": [0, 1], "required": false},
                "o": {"type": "string", "options": ["a"], "example": "a"}, "t": {"type": "object", "default": null},
                "u": {"type": ["string", "bytes"], "enum": "one"}, "s": {"type": "stream", "pattern": "["}}),
            &json!({"type": "object", "properties": {
                "data": {}, "n": {"type": "number", "minimum": 0, "maximum": 1},
                "o": {"type": "string", "enum": ["a"], "examples": ["a"]}, "t": {"type": ["object", "null"], "default": null},
                "u": {"type": "string", "enum": ["one"]}, "s": {"x-type": "stream", "x-pattern": "["}},
                "required": ["data"]}),
        );
    }

    #[test]
    fn a_list_of_parameters_is_understood() {
        check(
            &json!([{"name": "a", "type": "int", "required": true, "default": 1}, "b"]),
            &json!({"type": "object", "properties": {"a": {"type": "integer", "default": 1}, "b": {}}, "required": ["a"]}),
        );
    }

    #[test]
    fn json_schema_is_kept_and_its_inner_slips_are_mended() {
        let proper = json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}, "required": ["a"],
            "additionalProperties": false});
        check(&proper, &proper);
        check(
            &json!({"type": "object", "properties": {"a": {"type": "string", "required": true}}}),
            &json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
        );
        check(
            &json!({"type": "object", "schema": {"id": "string", "sum": {"total": "integer"}}}),
            &json!({"type": "object", "properties": {"id": {"type": "string"},
                "sum": {"type": "object", "properties": {"total": {"type": "integer"}}}}}),
        );
    }

    #[test]
    fn inputs_that_only_the_command_names_are_required_text() {
        let schema = with_inputs(Some(json!({"type": "object", "properties": {"a": {}}})), &["a".into(), "b".into()]);
        assert_eq!(
            schema,
            Some(json!({"type": "object", "properties": {"a": {}, "b": {"type": "string"}}, "required": ["b"]}))
        );
        assert_eq!(with_inputs(None, &[]), None);
    }
}
