//! The cost of a schema, counted before a validator runs, because schemas come from others.
//!
//! References let a schema of one kibibyte expand to millions of parts, and each of them may be tried on each part of a
//! value. A validator cannot be interrupted, so its steps are counted beforehand by following the same paths.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// The maximum number of parts of a schema with each reference followed once on every path; real schemas have a few
/// hundred.
const MAX_PARTS: usize = 20_000;

/// The maximum number of steps for one value: 1,000 entries of 20 fields with 10 rules each.
const MAX_STEPS: usize = 200_000;

/// The maximum nesting of a schema, because validators are recursive.
const MAX_DEPTH: usize = 128;

/// The maximum length of a `pattern` in bytes.
const MAX_PATTERN: usize = 4_096;

/// Keywords with one schema for the same value.
const ONE: &[&str] = &["not", "if", "then", "else"];
/// Keywords with a list of schemas for the same value.
const LISTS: &[&str] = &["allOf", "anyOf", "oneOf"];
/// Keywords with a table of schemas for the same value.
const TABLES: &[&str] = &["dependentSchemas", "dependencies"];
/// Keywords with one schema for each entry of a list.
const ENTRIES: &[&str] = &["items", "contains", "additionalItems", "unevaluatedItems"];
/// Keywords with one schema for each field of an object.
const FIELDS: &[&str] = &["additionalProperties", "unevaluatedProperties"];
/// Keywords that refer to another part.
const REFERENCES: &[&str] = &["$ref", "$dynamicRef", "$recursiveRef"];

/// Why a schema is too large, for a reader.
pub(super) fn too_much(schema: &Value) -> Option<String> {
    Count::new(schema).unfold(schema, 0).err()
}

/// Why validating this value takes too many steps.
pub(super) fn too_much_for(schema: &Value, value: &Value) -> Option<String> {
    Count::new(schema).check(schema, value, 0).err()
}

struct Count<'s> {
    root: &'s Value,
    /// Parts by `$id`, `$anchor` and `$dynamicAnchor`.
    named: HashMap<&'s str, &'s Value>,
    left: usize,
    /// References that are being followed.
    open: Vec<&'s str>,
    /// The same during validation, each with its value: a reference that leads back to itself has no effect.
    followed: Vec<(&'s str, *const Value)>,
}

impl<'s> Count<'s> {
    fn new(root: &'s Value) -> Count<'s> {
        let mut named = HashMap::new();
        let mut parts = vec![root];
        while let Some(part) = parts.pop() {
            match part {
                Value::Object(object) => {
                    for key in ["$id", "$anchor", "$dynamicAnchor"] {
                        named.extend(object.get(key).and_then(Value::as_str).map(|name| (name, part)));
                    }
                    parts.extend(object.values());
                }
                Value::Array(list) => parts.extend(list),
                _ => {}
            }
        }
        Count { root, named, left: MAX_PARTS, open: Vec::new(), followed: Vec::new() }
    }

    /// The target of a reference; `None` for one outside this schema, which is never followed.
    fn target(&self, reference: &'s str) -> Option<&'s Value> {
        let (base, place) = reference.split_once('#').unwrap_or((reference, ""));
        let base = if base.is_empty() {
            self.root
        } else {
            let name = |name: &&&str| **name == base || name.ends_with(base);
            self.named.keys().find(name).and_then(|name| self.named.get(name)).copied()?
        };
        match place {
            "" => Some(base),
            _ if place.starts_with('/') => base.pointer(place).or_else(|| base.pointer(&plain(place))),
            _ => self.named.get(place).copied(),
        }
    }

    fn step(&mut self, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} levels deep"));
        }
        self.left = self.left.checked_sub(1).ok_or("its references expand to too many parts")?;
        Ok(())
    }

    /// Visits every part, and follows each reference unless it is already being followed.
    fn unfold(&mut self, part: &'s Value, depth: usize) -> Result<(), String> {
        self.step(depth)?;
        match part {
            Value::Object(object) => {
                if let Some(pattern) = object.get("pattern").and_then(Value::as_str) {
                    check_pattern(pattern)?;
                }
                let patterns = object.get("patternProperties").and_then(Value::as_object);
                patterns.into_iter().flat_map(Map::keys).try_for_each(|pattern| check_pattern(pattern))?;
                for reference in REFERENCES.iter().filter_map(|key| object.get(*key)?.as_str()) {
                    if self.open.contains(&reference) {
                        continue;
                    }
                    self.open.push(reference);
                    if let Some(target) = self.target(reference) {
                        self.unfold(target, depth + 1)?;
                    }
                    self.open.pop();
                }
                // Values are data, and definitions count where they are used.
                let data = ["const", "enum", "default", "examples", "$defs", "definitions"];
                let parts = object.iter().filter(|(key, _)| !data.contains(&key.as_str()));
                parts.into_iter().try_for_each(|(_, part)| self.unfold(part, depth + 1))
            }
            Value::Array(list) => list.iter().try_for_each(|part| self.unfold(part, depth + 1)),
            _ => Ok(()),
        }
    }

    /// Follows the paths of a validator with this value.
    fn check(&mut self, part: &'s Value, value: &Value, depth: usize) -> Result<(), String> {
        if depth == 0 {
            self.left = MAX_STEPS;
        }
        self.step(depth)?;
        let Value::Object(object) = part else { return Ok(()) };
        for reference in REFERENCES.iter().filter_map(|key| object.get(*key)?.as_str()) {
            let step = (reference, std::ptr::from_ref(value));
            if let Some(target) = self.target(reference).filter(|_| !self.followed.contains(&step)) {
                self.followed.push(step);
                self.check(target, value, depth + 1)?;
                self.followed.pop();
            }
        }
        let same: Vec<&Value> = std::iter::empty()
            .chain(ONE.iter().filter_map(|key| object.get(*key)))
            .chain(LISTS.iter().filter_map(|key| object.get(*key)?.as_array()).flatten())
            .chain(TABLES.iter().filter_map(|key| object.get(*key)?.as_object()).flat_map(Map::values))
            .collect();
        // Validators evaluate again to find out which parts were evaluated.
        let is_again = object.contains_key("unevaluatedProperties") || object.contains_key("unevaluatedItems");
        for part in same {
            for _ in 0..=usize::from(is_again) {
                self.check(part, value, depth + 1)?;
            }
        }
        match value {
            Value::Array(list) => self.entries(object, list, depth),
            Value::Object(fields) => self.fields(object, fields, depth),
            _ => Ok(()),
        }
    }

    fn entries(&mut self, object: &'s Map<String, Value>, list: &[Value], depth: usize) -> Result<(), String> {
        for part in ENTRIES.iter().filter_map(|key| object.get(*key)).filter(|part| !part.is_array()) {
            list.iter().try_for_each(|entry| self.check(part, entry, depth + 1))?;
        }
        for parts in ["prefixItems", "items"].iter().filter_map(|key| object.get(*key)?.as_array()) {
            parts.iter().zip(list).try_for_each(|(part, entry)| self.check(part, entry, depth + 1))?;
        }
        Ok(())
    }

    fn fields(
        &mut self,
        object: &'s Map<String, Value>,
        fields: &Map<String, Value>,
        depth: usize,
    ) -> Result<(), String> {
        for (name, part) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
            fields.get(name).map_or(Ok(()), |field| self.check(part, field, depth + 1))?;
        }
        let patterns = object.get("patternProperties").and_then(Value::as_object);
        let each = patterns.into_iter().flat_map(Map::values).chain(FIELDS.iter().filter_map(|key| object.get(*key)));
        for part in each {
            fields.values().try_for_each(|field| self.check(part, field, depth + 1))?;
        }
        if let Some(part) = object.get("propertyNames") {
            fields.keys().try_for_each(|_| self.check(part, &Value::Null, depth + 1))?;
        }
        Ok(())
    }
}

fn check_pattern(pattern: &str) -> Result<(), String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("a pattern is longer than {MAX_PATTERN} bytes"));
    }
    Ok(())
}

/// A percent-decoded fragment of a reference.
fn plain(place: &str) -> String {
    let mut bytes = Vec::with_capacity(place.len());
    let mut rest = place.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        if let Some(byte) = hex.filter(|_| *first == b'%') {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::schema::{Checker, validate};
    use serde_json::{Value, json};
    use std::time::{Duration, Instant};

    /// Each definition refers to the next one twice: 2^40 parts.
    fn doubling(keyword: &str) -> Value {
        let mut definitions = json!({"d40": {"type": "integer"}});
        for n in 0..40 {
            let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
            definitions[format!("d{n}")] = json!({keyword: [next, next]});
        }
        json!({"$ref": "#/$defs/d0", "$defs": definitions})
    }

    /// Two rules for the same field, each of which is the whole schema again: the number of steps doubles with each
    /// level of the value.
    fn doubling_with_the_value() -> (Value, Value) {
        let schema = json!({"allOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}]});
        let value = (0..60).fold(json!(1), |inner, _| json!({"a": inner}));
        (schema, value)
    }

    #[test]
    fn a_schema_that_unfolds_without_end_is_refused_before_it_is_built() {
        let begun = Instant::now();
        for schema in [doubling("allOf"), doubling("anyOf"), doubling("oneOf")] {
            let message = Checker::new(&schema).unwrap_err();
            assert!(message.contains("expand"), "{message}");
            assert!(validate(&schema, &json!(1))[0].message.contains("expand"));
        }
        let deep = (0..125).fold(json!({}), |inner, _| json!({"not": inner}));
        Checker::new(&deep).unwrap();
        let deeper = (0..200).fold(json!({}), |inner, _| json!({"not": inner}));
        assert!(Checker::new(&deeper).unwrap_err().contains("nested more than"));
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_value_that_takes_too_many_steps_is_not_checked_and_does_not_fit() {
        let begun = Instant::now();
        let (schema, value) = doubling_with_the_value();
        let checker = Checker::new(&schema).unwrap();
        for violations in [checker.violations(&value), validate(&schema, &value)] {
            assert_eq!(violations.len(), 1, "{violations:?}");
            assert!(violations[0].message.contains("not validated"), "{violations:?}");
        }
        for myself in [json!({"$ref": "#"}), json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]})] {
            assert_eq!(validate(&myself, &json!(1)), [], "a reference to itself says nothing");
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn patterns_that_backtrack_without_end_are_stopped() {
        let begun = Instant::now();
        let long = "a".repeat(5_000) + "!";
        for pattern in ["(a+)+$", "^(a|aa)+$", "(?=(a+)+$)a", "^(a+)+(?<!b)$", r"^(a*)*\1$", "(a{1,100}){1,100}{1,100}"]
        {
            let schema = json!({"type": "string", "pattern": pattern});
            // The result is irrelevant here; the call must return.
            let _ = validate(&schema, &json!(long));
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        assert!(Checker::new(&json!({"pattern": "a".repeat(5_000)})).is_err());
    }

    #[test]
    fn ordinary_schemas_and_values_are_checked() {
        let schema = json!({
            "type": "array", "items": {"$ref": "#/$defs/node"},
            "$defs": {"node": {"type": "object", "required": ["id"], "additionalProperties": false,
                "properties": {"id": {"type": "integer"}, "next": {"$ref": "#/$defs/node"},
                    "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}}}}}
        });
        let list: Vec<Value> = (0..2_000).map(|id| json!({"id": id, "next": {"id": 1}, "tags": ["a", "b"]})).collect();
        assert_eq!(validate(&schema, &json!(list)), []);
        assert_eq!(validate(&schema, &json!([{"id": "x"}])).len(), 1);
    }
}
