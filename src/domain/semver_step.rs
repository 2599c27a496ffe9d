//! How large a version step must be, judged by what callers see: the schemas of input and output.
//!
//! A version promises its callers which inputs it accepts and what it returns. Breaking that promise is a major step,
//! extending it a minor one, and everything else a patch. Schemas are compared by what they accept, as far as their
//! common keywords show; unknown keywords count as breaking.

use super::manifest::Manifest;
use super::words::words;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Schemas nested deeper are compared as a whole.
const MAX_DEPTH: usize = 12;

words!(
    /// A step between two versions.
    Step {
        /// Only the implementation changed.
        Patch = "patch",
        /// Callers can do more than before.
        Minor = "minor",
        /// A caller of the previous version may fail.
        Major = "major",
    }
);

/// A step and its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The largest step of all reasons.
    pub step: Step,
    /// The reasons, the largest step first; empty if only the implementation changed.
    pub reasons: Vec<(Step, String)>,
}

impl Proposal {
    /// The lowest version that may follow `base`. Before 1.0.0, the second number indicates breaking changes, as usual.
    pub fn after(&self, base: &semver::Version) -> semver::Version {
        match self.step {
            Step::Major if base.major > 0 => semver::Version::new(base.major + 1, 0, 0),
            Step::Minor if base.major > 0 => semver::Version::new(base.major, base.minor + 1, 0),
            Step::Major => semver::Version::new(0, base.minor + 1, 0),
            Step::Minor | Step::Patch if base.pre.is_empty() => {
                semver::Version::new(base.major, base.minor, base.patch + 1)
            }
            Step::Minor | Step::Patch => semver::Version::new(base.major, base.minor, base.patch),
        }
    }
}

/// Proposes the step from one version to another whose files differ.
pub fn propose(base: &Manifest, new: &Manifest) -> Proposal {
    let mut comparison = SchemaComparison { reasons: Vec::new(), side: SchemaDirection::Input };
    comparison.schemas("the input", base.input.as_ref(), new.input.as_ref());
    comparison.side = SchemaDirection::Output;
    comparison.schemas("the output", base.output.as_ref(), new.output.as_ref());
    if base.kind != new.kind {
        comparison.because(Step::Major, format!("it changed from a {} to a {}", base.kind, new.kind));
    }
    for alias in base.aliases.iter().filter(|alias| !new.aliases.contains(alias) && **alias != new.name.as_str()) {
        comparison.because(Step::Major, format!("the name {alias} was removed"));
    }
    let mut reasons = comparison.reasons;
    reasons.sort_by_key(|(step, _)| std::cmp::Reverse(*step));
    let step = reasons.first().map_or(Step::Patch, |(step, _)| *step);
    Proposal { step, reasons }
}

/// Which side the schema binds: the caller gives inputs and reads outputs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SchemaDirection {
    Input,
    Output,
}

struct SchemaComparison {
    reasons: Vec<(Step, String)>,
    side: SchemaDirection,
}

impl SchemaComparison {
    fn because(&mut self, step: Step, reason: String) {
        self.reasons.push((step, reason));
    }

    /// Fewer values are accepted: bad for callers that give them, better for callers that read them.
    fn narrowed(&mut self, reason: String) {
        let step = if self.side == SchemaDirection::Input { Step::Major } else { Step::Minor };
        self.because(step, reason);
    }

    /// More values are accepted: good for callers that give them, unexpected for callers that read them.
    fn widened(&mut self, reason: String) {
        let step = if self.side == SchemaDirection::Input { Step::Minor } else { Step::Major };
        self.because(step, reason);
    }

    fn schemas(&mut self, place: &str, base: Option<&Value>, new: Option<&Value>) {
        match (base, new) {
            (None, None) => {}
            (None, Some(_)) => self.narrowed(format!("{place} now has a schema")),
            (Some(_), None) => self.widened(format!("{place} no longer has a schema")),
            (Some(base), Some(new)) => self.nodes(place, base, new, 0),
        }
    }

    fn nodes(&mut self, place: &str, base: &Value, new: &Value, depth: usize) {
        if base == new {
            return;
        }
        let (Some(old), Some(now)) = (base.as_object(), new.as_object()) else {
            return self.because(Step::Major, format!("{place} has a different schema"));
        };
        if depth >= MAX_DEPTH {
            return self.because(Step::Major, format!("{place} differs in a deeply nested part"));
        }
        self.types(place, old, now);
        self.choices(place, old, now);
        self.bounds(place, old, now);
        self.properties(place, old, now, depth);
        if old.contains_key("default") && old.get("default") != now.get("default") {
            let shown = |schema: &Map<String, Value>| schema.get("default").map_or("none".into(), Value::to_string);
            let reason = format!("the default of {place} changed from {} to {}", shown(old), shown(now));
            self.because(Step::Minor, reason);
        }
        match (old.get("items"), now.get("items")) {
            (Some(base), Some(new)) => self.nodes(&format!("an entry of {place}"), base, new, depth + 1),
            (None, Some(_)) => self.narrowed(format!("the entries of {place} are now described")),
            (Some(_), None) => self.widened(format!("the entries of {place} are no longer described")),
            (None, None) => {}
        }
        let is_read = |key: &str| UNDERSTOOD.contains(&key) || SAID_ONLY.contains(&key);
        let other = old.keys().chain(now.keys()).find(|key| !is_read(key) && old.get(*key) != now.get(*key));
        if let Some(key) = other {
            self.because(Step::Major, format!("{key} of {place} changed"));
        }
    }

    fn types(&mut self, place: &str, old: &Map<String, Value>, now: &Map<String, Value>) {
        let (base, new) = (types(old), types(now));
        let accepts = |list: &[&str], word: &str| {
            list.is_empty() || list.contains(&word) || (word == "integer" && list.contains(&"number"))
        };
        let shown = |list: &[&str]| if list.is_empty() { "anything".to_owned() } else { list.join(" or ") };
        let reason = || format!("the type of {place} changed from {} to {}", shown(&base), shown(&new));
        if (base.is_empty() && !new.is_empty()) || base.iter().any(|word| !accepts(&new, word)) {
            self.narrowed(reason());
        }
        if (new.is_empty() && !base.is_empty()) || new.iter().any(|word| !accepts(&base, word)) {
            self.widened(reason());
        }
    }

    fn choices(&mut self, place: &str, old: &Map<String, Value>, now: &Map<String, Value>) {
        match (choices(old), choices(now)) {
            (None, None) => {}
            (None, Some(_)) => self.narrowed(format!("{place} is now limited to a list of values")),
            (Some(_), None) => self.widened(format!("{place} is no longer limited to a list of values")),
            (Some(base), Some(new)) => {
                for value in base.iter().filter(|value| !new.contains(value)) {
                    self.narrowed(format!("{place} can no longer be {value}"));
                }
                for value in new.iter().filter(|value| !base.contains(value)) {
                    self.widened(format!("{place} can now be {value}"));
                }
            }
        }
    }

    fn bounds(&mut self, place: &str, old: &Map<String, Value>, now: &Map<String, Value>) {
        for (key, tighter) in BOUNDS {
            let (base, new) = (old.get(*key).and_then(Value::as_f64), now.get(*key).and_then(Value::as_f64));
            let reason = || match (old.get(*key), now.get(*key)) {
                (Some(base), Some(new)) => format!("{key} of {place} changed from {base} to {new}"),
                (None, Some(new)) => format!("{key} of {place} is now {new}"),
                (_, None) => format!("{key} of {place} was removed"),
            };
            match (base, new) {
                (Some(base), Some(new)) if (new - base) * tighter > 0.0 => self.narrowed(reason()),
                (Some(base), Some(new)) if (new - base) * tighter < 0.0 => self.widened(reason()),
                (None, Some(_)) => self.narrowed(reason()),
                (Some(_), None) => self.widened(reason()),
                (Some(_) | None, _) => {}
            }
        }
        for key in ["pattern", "multipleOf", "const", "uniqueItems"] {
            match (old.get(key), now.get(key)) {
                (base, new) if base == new => {}
                (_, Some(_)) => self.narrowed(format!("{key} of {place} changed")),
                (_, None) => self.widened(format!("{key} of {place} was removed")),
            }
        }
    }

    fn properties(&mut self, place: &str, old: &Map<String, Value>, now: &Map<String, Value>, depth: usize) {
        let (base, new) = (properties(old), properties(now));
        let (needed, needs) = (required(old), required(now));
        for (name, schema) in base {
            match new.get(name) {
                None => self.because(Step::Major, format!("{name} of {place} was removed")),
                Some(other) => self.nodes(&format!("{name} of {place}"), schema, other, depth + 1),
            }
        }
        for (name, _) in new {
            let is_new = !base.contains_key(name);
            match (is_new, needed.contains(&name.as_str()), needs.contains(&name.as_str())) {
                (true, _, true) if self.side == SchemaDirection::Input => {
                    self.because(Step::Major, format!("{name} of {place} is new and required"));
                }
                (true, _, _) => self.because(Step::Minor, format!("{name} of {place} is new")),
                (false, false, true) => self.narrowed(format!("{name} of {place} is now required")),
                (false, true, false) => self.widened(format!("{name} of {place} is no longer required")),
                (false, _, _) => {}
            }
        }
        let closed = |schema: &Map<String, Value>| schema.get("additionalProperties") == Some(&Value::Bool(false));
        match (closed(old), closed(now)) {
            (false, true) => self.narrowed(format!("{place} no longer accepts other keys")),
            (true, false) => self.widened(format!("{place} now accepts other keys")),
            (true, true) | (false, false) => {}
        }
    }
}

/// Bounds, and the direction in which they become tighter.
const BOUNDS: &[(&str, f64)] = &[
    ("minimum", 1.0),
    ("exclusiveMinimum", 1.0),
    ("minLength", 1.0),
    ("minItems", 1.0),
    ("minProperties", 1.0),
    ("maximum", -1.0),
    ("exclusiveMaximum", -1.0),
    ("maxLength", -1.0),
    ("maxItems", -1.0),
    ("maxProperties", -1.0),
];

/// Keywords that are compared by meaning.
const UNDERSTOOD: &[&str] = &[
    "type",
    "enum",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "default",
    "pattern",
    "multipleOf",
    "const",
    "uniqueItems",
    "minimum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "minProperties",
    "maximum",
    "exclusiveMaximum",
    "maxLength",
    "maxItems",
    "maxProperties",
];

/// Keywords without effect on validation; `format` is one of them since 2019-09.
const SAID_ONLY: &[&str] = &[
    "$comment",
    "$id",
    "$schema",
    "deprecated",
    "description",
    "example",
    "examples",
    "format",
    "readOnly",
    "title",
    "writeOnly",
];

fn types(schema: &Map<String, Value>) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(word)) => vec![word.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn choices(schema: &Map<String, Value>) -> Option<&Vec<Value>> {
    schema.get("enum").and_then(Value::as_array)
}

fn properties(schema: &Map<String, Value>) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    schema.get("properties").and_then(Value::as_object).unwrap_or(&NONE)
}

fn required(schema: &Map<String, Value>) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Dialect;
    use super::super::name::ToolName;
    use super::*;
    use serde_json::json;

    fn input(schema: Value) -> Manifest {
        let name: ToolName = "x".parse().unwrap();
        Manifest { input: Some(schema), ..Manifest::blank(name, Dialect::Native) }
    }

    fn step(base: &Value, new: &Value) -> Step {
        propose(&input(base.clone()), &input(new.clone())).step
    }

    fn object(properties: &Value, required: &[&str]) -> Value {
        json!({"type": "object", "properties": properties, "required": required})
    }

    #[test]
    fn a_parameter_that_goes_or_becomes_required_is_a_major_step_an_optional_one_a_minor_the_code_alone_a_patch() {
        let text = json!({"type": "string"});
        let base = object(&json!({"a": text, "b": text}), &["a"]);
        assert_eq!(step(&base, &base), Step::Patch);
        assert_eq!(step(&base, &object(&json!({"a": text}), &["a"])), Step::Major);
        assert_eq!(step(&base, &object(&json!({"a": text, "b": text}), &["a", "b"])), Step::Major);
        assert_eq!(step(&base, &object(&json!({"a": text, "b": text, "c": text}), &["a", "c"])), Step::Major);
        assert_eq!(step(&base, &object(&json!({"a": text, "b": text, "c": text}), &["a"])), Step::Minor);
        assert_eq!(step(&base, &object(&json!({"a": text, "b": text}), &[])), Step::Minor);
    }

    #[test]
    fn what_accepts_less_is_a_major_step_and_what_accepts_more_a_minor_one() {
        let steps = [
            (json!({"type": "number"}), json!({"type": "integer"})),
            (json!({"type": ["string", "null"]}), json!({"type": "string"})),
            (json!({"type": "string"}), json!({"type": "string", "pattern": "^a"})),
            (json!({"enum": ["a", "b"]}), json!({"enum": ["a"]})),
            (json!({"type": "integer"}), json!({"type": "integer", "minimum": 3})),
            (json!({"maximum": 9}), json!({"maximum": 8})),
            (
                json!({"type": "array", "items": {"type": "number"}}),
                json!({"type": "array", "items": {"type": "integer"}}),
            ),
            (json!({}), json!({"additionalProperties": false})),
        ];
        for (wide, narrow) in steps {
            assert_eq!(step(&wide, &narrow), Step::Major, "{wide} -> {narrow}");
            assert_eq!(step(&narrow, &wide), Step::Minor, "{narrow} -> {wide}");
        }
    }

    #[test]
    fn words_for_readers_demand_nothing_and_what_is_not_understood_is_a_major_step() {
        let base = json!({"type": "string", "description": "old", "$ref": "#/a"});
        assert_eq!(step(&base, &json!({"type": "string", "description": "new", "$ref": "#/a"})), Step::Patch);
        assert_eq!(step(&base, &json!({"type": "string", "description": "old", "$ref": "#/b"})), Step::Major);
        assert_eq!(step(&json!({"default": 1}), &json!({"default": 2})), Step::Minor);
    }

    #[test]
    fn a_reader_of_the_output_is_broken_by_what_comes_new_and_not_by_what_is_promised_finer() {
        let output = |schema: Value| Manifest { output: Some(schema), ..input(json!({})) };
        let step = |base: Value, new: Value| propose(&output(base), &output(new)).step;
        assert_eq!(step(json!({"type": "integer"}), json!({"type": "number"})), Step::Major);
        assert_eq!(step(json!({"type": "number"}), json!({"type": "integer"})), Step::Minor);
        let a = object(&json!({"a": {}}), &["a"]);
        assert_eq!(step(a.clone(), object(&json!({}), &[])), Step::Major);
        assert_eq!(step(a.clone(), object(&json!({"a": {}, "b": {}}), &["a", "b"])), Step::Minor);
        assert_eq!(step(a, object(&json!({"a": {}}), &[])), Step::Major);
    }

    #[test]
    fn the_step_names_the_least_version_that_may_follow() {
        let after = |step, base: &str| Proposal { step, reasons: Vec::new() }.after(&base.parse().unwrap()).to_string();
        assert_eq!(after(Step::Patch, "1.2.3"), "1.2.4");
        assert_eq!(after(Step::Minor, "1.2.3"), "1.3.0");
        assert_eq!(after(Step::Major, "1.2.3"), "2.0.0");
        assert_eq!(after(Step::Major, "0.2.3"), "0.3.0");
        assert_eq!(after(Step::Minor, "0.2.3"), "0.2.4");
        assert_eq!(after(Step::Patch, "1.2.3-rc.1"), "1.2.3");
    }
}
