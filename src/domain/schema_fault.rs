//! Finds schemas that no value fits, and invalid schemas, by reading the schema without a value.
//!
//! Reported faults are certain. A schema without a reported fault may still fit no value: patterns, formats, `not`,
//! `if`, and combined requirements of several parts beyond types and bounds are not analysed.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The maximum nesting that is examined.
const MAX_DEPTH: usize = 32;

/// The maximum number of steps for one schema.
const MAX_STEPS: usize = 20_000;

const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "array", "object", "null"];

/// Keywords whose value must be a number.
const NUMBERS: [&str; 5] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const COUNTS: [&str; 6] = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];
const OBJECTS: [&str; 4] = ["properties", "patternProperties", "$defs", "dependentSchemas"];
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "enum"];

/// Why no value fits a schema, with the place; `None` if a value may fit.
pub fn schema_fault(schema: &Value) -> Option<String> {
    let mut search = Search { root: schema, steps: 0, trail: vec![std::ptr::from_ref(schema)] };
    search.fault(schema, &mut String::new(), 0).map(|fault| fault.words)
}

/// Why a schema fits nothing.
struct Fault {
    words: String,
}

struct Search<'s> {
    root: &'s Value,
    steps: usize,
    /// The referenced schemas on the current path, as long as each part of the path is required: a repeated one is an
    /// infinite recursion.
    trail: Vec<*const Value>,
}

/// A fault at a place.
fn at(place: &str, what: &str) -> Fault {
    Fault { words: if place.is_empty() { what.to_owned() } else { format!("{place}: {what}") } }
}

impl Search<'_> {
    fn fault(&mut self, schema: &Value, place: &mut String, depth: usize) -> Option<Fault> {
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return None;
        }
        let table = match schema {
            Value::Bool(true) => return None,
            Value::Bool(false) => return Some(at(place, "its schema is false, which no value fits")),
            Value::Object(table) => table,
            _ => return Some(at(place, "it is not a JSON Schema")),
        };
        malformed(table, place)
            .or_else(|| narrow(table, place))
            .or_else(|| self.properties(table, place, depth))
            .or_else(|| self.items(table, place, depth))
            .or_else(|| self.parts(table, place, depth))
    }

    /// The fault of a part of a value. If the part may be absent, recursion is allowed in it.
    fn fault_within(&mut self, part: &Value, place: &mut String, depth: usize, is_needed: bool) -> Option<Fault> {
        if is_needed {
            return self.fault(part, place, depth);
        }
        let trail = std::mem::take(&mut self.trail);
        let fault = self.fault(part, place, depth);
        self.trail = trail;
        fault
    }

    /// A required property that no value fits.
    fn properties(&mut self, table: &Map<String, Value>, place: &mut String, depth: usize) -> Option<Fault> {
        let required: BTreeSet<&str> = names(table.get("required"));
        let properties = table.get("properties").and_then(Value::as_object);
        let is_closed = table.get("additionalProperties") == Some(&Value::Bool(false))
            && table.get("patternProperties").and_then(Value::as_object).is_none_or(Map::is_empty);
        // Only an object has properties.
        let is_object =
            table.get("type").is_some_and(|kinds| *kinds == "object" || *kinds == serde_json::json!(["object"]));
        let length = place.len();
        for (name, property) in properties.into_iter().flatten() {
            place.push_str(if length == 0 { "" } else { "." });
            place.push_str(name);
            let is_needed = is_object && required.contains(name.as_str());
            let found = self.fault_within(property, place, depth + 1, is_needed);
            let invalid = found.as_ref().is_some_and(|_| is_malformed_below(property, 0));
            place.truncate(length);
            if found.is_some() && (invalid || is_needed) {
                return found;
            }
        }
        if is_object && is_closed {
            let unknown = required.iter().find(|name| properties.is_none_or(|known| !known.contains_key(**name)));
            if let Some(name) = unknown {
                return Some(at(place, &format!("it requires {name}, which additionalProperties = false forbids")));
            }
            let (least, most) = (count(table, "minProperties"), properties.map_or(0, Map::len));
            if least.is_some_and(|least| least > most as u64) {
                return Some(at(place, &format!("minProperties is more than its {most} properties")));
            }
        }
        None
    }

    /// Required items that no value fits.
    fn items(&mut self, table: &Map<String, Value>, place: &mut String, depth: usize) -> Option<Fault> {
        let items = table.get("items").filter(|items| !items.is_array())?;
        let length = place.len();
        place.push_str("[]");
        let is_array = table.get("type").is_some_and(|kind| kind == "array");
        let is_needed =
            is_array && count(table, "minItems").is_some_and(|least| least > 0) && !table.contains_key("prefixItems");
        let found = self.fault_within(items, place, depth + 1, is_needed);
        place.truncate(length);
        found.filter(|_| is_needed || is_malformed_below(items, 0))
    }

    /// Parts of which all, or one, must fit, and the targets of references.
    fn parts(&mut self, table: &Map<String, Value>, place: &mut String, depth: usize) -> Option<Fault> {
        for part in table.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if let Some(fault) = self.fault(part, place, depth + 1) {
                return Some(fault);
            }
        }
        for key in ["anyOf", "oneOf"] {
            let Some(parts) = table.get(key).and_then(Value::as_array) else { continue };
            let faults: Vec<Option<Fault>> = parts.iter().map(|part| self.fault(part, place, depth + 1)).collect();
            if !faults.is_empty() && faults.iter().all(Option::is_some) {
                return faults.into_iter().next().flatten();
            }
        }
        let target = table.get("$ref").and_then(Value::as_str)?;
        let pointer = target.strip_prefix('#').filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        match self.root.pointer(pointer) {
            Some(found) if self.trail.contains(&std::ptr::from_ref(found)) => {
                Some(at(place, &format!("$ref leads to {target} again, without an end")))
            }
            Some(found) => {
                self.trail.push(std::ptr::from_ref(found));
                let fault = self.fault(found, place, depth + 1);
                self.trail.pop();
                fault
            }
            None => Some(at(place, &format!("$ref leads to {target}, which does not exist"))),
        }
    }
}

/// Whether the fault of a part makes the whole schema invalid; its place is then irrelevant.
fn is_malformed_below(schema: &Value, depth: usize) -> bool {
    let Value::Object(table) = schema else { return !schema.is_boolean() };
    if depth > MAX_DEPTH || malformed(table, "").is_some() {
        return depth <= MAX_DEPTH;
    }
    let of = |key: &str| table.get(key).into_iter();
    let properties = of("properties").filter_map(Value::as_object).flat_map(Map::values);
    let lists = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(of).filter_map(Value::as_array).flatten();
    properties
        .chain(lists)
        .chain(of("items").filter(|items| !items.is_array()))
        .any(|part| is_malformed_below(part, depth + 1))
}

/// A keyword whose value is of the wrong type: then the schema is invalid, and nothing is validated against it.
fn malformed(table: &Map<String, Value>, place: &str) -> Option<Fault> {
    let wrong = |key: &str, wanted: &str| Some(at(place, &format!("{key} is not {wanted}, so the schema is invalid")));
    match table.get("type") {
        Some(Value::String(word)) if !TYPES.contains(&word.as_str()) => {
            return Some(at(place, &format!("JSON Schema has no type {word}")));
        }
        Some(Value::Array(words)) => {
            if words.is_empty() || words.iter().any(|word| word.as_str().is_none_or(|word| !TYPES.contains(&word))) {
                return wrong("type", "a list of types");
            }
        }
        None | Some(Value::String(_)) => {}
        Some(_) => return wrong("type", "a type"),
    }
    let find = |keys: &[&'static str], fits: fn(&Value) -> bool| {
        // A schema has few keywords, so most lists match none of them.
        let has_one = table.keys().any(|key| keys.contains(&key.as_str()));
        let mut keys = keys.iter().copied().filter(|_| has_one);
        keys.find(|key| table.get(*key).is_some_and(|value| !fits(value)))
    };
    // In older drafts, two of them are booleans.
    if let Some(key) = find(&NUMBERS, |value| value.is_number() || value.is_boolean()) {
        return wrong(key, "a number");
    }
    let is_count = |value: &Value| value.as_f64().is_some_and(|number| number >= 0.0 && number.fract() == 0.0);
    if let Some(key) = find(&COUNTS, is_count) {
        return wrong(key, "a whole number, 0 or more");
    }
    if let Some(key) = find(&OBJECTS, Value::is_object) {
        return wrong(key, "a table");
    }
    if let Some(key) = find(&LISTS, Value::is_array) {
        return wrong(key, "a list");
    }
    let is_names = |value: &Value| value.as_array().is_some_and(|names| names.iter().all(Value::is_string));
    if let Some(key) = find(&["required"], is_names) {
        return wrong(key, "a list of names");
    }
    find(&["pattern"], Value::is_string).and_then(|key| wrong(key, "a text"))
}

/// Bounds and choices that exclude every value.
fn narrow(table: &Map<String, Value>, place: &str) -> Option<Fault> {
    let kinds = names_or_one(table.get("type"));
    let only = |kind: &str| kinds.len() == 1 && kinds.contains(kind);
    let chosen = table.get("enum").and_then(Value::as_array).map(Vec::as_slice);
    let chosen = chosen.or_else(|| table.get("const").map(std::slice::from_ref));
    if let Some(values) = chosen {
        if values.is_empty() {
            return Some(at(place, "enum is empty"));
        }
        if !kinds.is_empty() && !values.iter().any(|value| kinds.iter().any(|kind| is_of(value, kind))) {
            let kinds: Vec<&str> = kinds.iter().copied().collect();
            return Some(at(place, &format!("none of its values is of the type {}", kinds.join(" or "))));
        }
    }
    if only("integer") || only("number") {
        let number = |key: &str| table.get(key).and_then(Value::as_f64);
        let least = number("minimum").into_iter().chain(number("exclusiveMinimum")).fold(f64::NEG_INFINITY, f64::max);
        let most = number("maximum").into_iter().chain(number("exclusiveMaximum")).fold(f64::INFINITY, f64::min);
        let is_open = number("exclusiveMinimum") == Some(least) || number("exclusiveMaximum") == Some(most);
        if least > most || least >= most && is_open {
            return Some(at(place, &format!("no number is above {least} and below {most}")));
        }
    }
    let bounds = [
        ("string", "minLength", "maxLength"),
        ("array", "minItems", "maxItems"),
        ("object", "minProperties", "maxProperties"),
    ];
    for (kind, least, most) in bounds {
        if only(kind)
            && let (Some(low), Some(high)) = (count(table, least), count(table, most))
            && low > high
        {
            return Some(at(place, &format!("{least} {low} is more than {most} {high}")));
        }
    }
    None
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

fn count(table: &Map<String, Value>, key: &str) -> Option<u64> {
    table.get(key)?.as_f64().map(|number| number as u64)
}

fn names(value: Option<&Value>) -> BTreeSet<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn names_or_one(value: Option<&Value>) -> BTreeSet<&str> {
    match value {
        Some(Value::String(word)) => BTreeSet::from([word.as_str()]),
        other => names(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::validate;
    use serde_json::json;

    fn of(schema: &Value) -> Option<String> {
        schema_fault(&json!({"type": "object", "properties": {"n": schema}, "required": ["n"]}))
    }

    #[test]
    fn what_no_value_fits_is_told_with_its_place() {
        for (schema, wanted) in [
            (json!(false), "n: its schema is false, which no value fits"),
            (json!({"type": "integer", "minimum": 5, "maximum": 3}), "n: no number is above 5 and below 3"),
            (json!({"type": "number", "exclusiveMinimum": 1, "maximum": 1}), "n: no number is above 1 and below 1"),
            (json!({"enum": []}), "n: enum is empty"),
            (json!({"type": "string", "enum": [1, 2]}), "n: none of its values is of the type string"),
            (json!({"type": "string", "minLength": 3, "maxLength": 2}), "n: minLength 3 is more than maxLength 2"),
            (json!({"type": "float"}), "n: JSON Schema has no type float"),
            (json!({"type": 7}), "n: type is not a type, so the schema is invalid"),
            (json!({"type": "array", "minItems": 1, "items": false}), "n[]: its schema is false, which no value fits"),
            (json!({"anyOf": [false, {"enum": []}]}), "n: its schema is false, which no value fits"),
            (json!({"$ref": "#/$defs/gone"}), "n: $ref leads to #/$defs/gone, which does not exist"),
            (
                json!({"type": "object", "required": ["a"], "additionalProperties": false}),
                "n: it requires a, which additionalProperties = false forbids",
            ),
        ] {
            assert_eq!(of(&schema).as_deref(), Some(wanted), "{schema}");
        }
        assert!(schema_fault(&json!({"properties": {"n": {"type": "string", "required": true}}})).is_some());
    }

    #[test]
    fn what_a_value_fits_is_not_told() {
        for (schema, value) in [
            (json!({"minimum": 5, "maximum": 3}), json!("text")),
            (json!({"type": ["integer", "null"], "minimum": 5, "maximum": 3}), json!(null)),
            (json!({"anyOf": [false, {"type": "string"}]}), json!("x")),
            (json!({"type": "array", "items": false}), json!([])),
            (json!({"type": "object", "properties": {"a": false}}), json!({})),
            (json!({"enum": [1.0], "type": "integer"}), json!(1)),
            (json!({"type": "number", "minimum": 1, "maximum": 1}), json!(1)),
        ] {
            assert_eq!(validate(&schema, &value), vec![], "{schema}");
            assert_eq!(of(&schema), None, "{schema}");
        }
        let list = json!({"type": "object", "properties": {"n": {"$ref": "#"}, "m": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}}, "required": ["m"]});
        assert_eq!(schema_fault(&list), None);
        let tree = json!({"type": "array", "items": {"$ref": "#"}});
        assert_eq!(schema_fault(&tree), None);
    }

    /// A hostile schema takes bounded time.
    #[test]
    fn a_schema_that_refers_to_itself_many_times_ends() {
        let refers = json!({"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]});
        let found = schema_fault(&json!({"$defs": {"a": refers.clone()}, "allOf": [refers]}));
        assert_eq!(found.as_deref(), Some("$ref leads to #/$defs/a again, without an end"));
        let may = json!({"type": "object", "properties": (0..9).map(|n| (n.to_string(), json!({"$ref": "#"}))).collect::<Map<_, _>>()});
        assert_eq!(schema_fault(&may), None);
    }

    #[test]
    fn what_only_refers_to_itself_is_told() {
        let node = json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]});
        for (schema, wanted) in [
            (json!({"$ref": "#"}), "$ref leads to # again, without an end"),
            (
                json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
                "$ref leads to #/$defs/a again, without an end",
            ),
            (
                json!({"$ref": "#/$defs/node", "$defs": {"node": node}}),
                "next: $ref leads to #/$defs/node again, without an end",
            ),
            (
                json!({"type": "array", "minItems": 1, "items": {"$ref": "#"}}),
                "[]: $ref leads to # again, without an end",
            ),
        ] {
            assert_eq!(schema_fault(&schema).as_deref(), Some(wanted), "{schema}");
        }
    }
}
