//! Generates inputs that match a JSON Schema: first edge values, one at a time, then mixtures.
//!
//! The same schema and seed give the same inputs, so that a verdict can be reproduced. Generated inputs are validated
//! against the schema: unsupported keywords (mainly patterns) only reduce the number of matches.

use crate::domain::{Checker, Digest};
use serde_json::{Map, Number, Value, json};
use std::cell::Cell;
use std::collections::BTreeSet;

/// The deepest nesting of generated values.
const MAX_DEPTH: u32 = 4;

/// The longest generated text or list.
const MAX_LENGTH: usize = 300;

/// Most lists have at most this many items beyond the minimum.
const FEW: usize = 8;

/// How many invalid mixtures are allowed for each wanted one.
const TRIES: usize = 8;

/// The most edges of one nested schema, and of the whole.
const MAX_EDGES: usize = 40;
const MAX_ROOT_EDGES: usize = 400;

/// The most schemas visited for all inputs together, because a recursive schema would never end.
const MAX_STEPS: u32 = 200_000;

/// Numbers from a seed (splitmix64): the same everywhere.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    /// A generator seeded by a digest.
    pub(super) fn of(digest: Digest) -> Rng {
        let seed = digest.hex().bytes().fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        Rng(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or_default()
    }

    /// A random length up to the limit: mostly short, because long lists show hardly more and take longer.
    fn length(&mut self, most: usize) -> usize {
        let end = if self.is_one_of(8) { most } else { most.min(FEW) };
        self.below(end + 1)
    }

    fn is_one_of(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }

    fn pick<'v>(&mut self, values: &'v [Value]) -> Option<&'v Value> {
        values.get(self.below(values.len()))
    }
}

/// At most `count` different valid inputs; fewer if there are no more, or too few are found.
pub(super) fn inputs(schema: &Value, dice: &mut Rng, count: usize) -> Vec<Value> {
    let Ok(checker) = Checker::new(schema) else { return Vec::new() };
    let mut made = GeneratedInputs { checker, seen: BTreeSet::new(), inputs: Vec::new() };
    let budget = Cell::new(MAX_STEPS);
    let root = Schema { root: schema, node: schema, budget: &budget };
    made.take(root.simple(0));
    made.take(root.least(0));
    for input in root.edges(0) {
        // Leave room for mixtures.
        if made.inputs.len() < count * 3 / 4 {
            made.take(input);
        }
    }
    for _ in 0..count * TRIES {
        if made.inputs.len() >= count || budget.get() == 0 {
            break;
        }
        made.take(root.any(dice, 0));
    }
    made.inputs.truncate(count);
    made.inputs
}

/// The simplest valid input, if one is found.
pub fn simplest(schema: &Value) -> Value {
    let budget = Cell::new(MAX_STEPS);
    let root = Schema { root: schema, node: schema, budget: &budget };
    let fits = |value: &Value| Checker::new(schema).is_ok_and(|checker| checker.violations(value).is_empty());
    [root.simple(0), root.least(0)].into_iter().find(fits).unwrap_or_else(|| json!({}))
}

struct GeneratedInputs {
    checker: Checker,
    seen: BTreeSet<String>,
    inputs: Vec<Value>,
}

impl GeneratedInputs {
    fn take(&mut self, input: Value) {
        if input.is_object() && self.checker.violations(&input).is_empty() && self.seen.insert(input.to_string()) {
            self.inputs.push(input);
        }
    }
}

/// A schema inside a document; local references are followed.
#[derive(Clone, Copy)]
struct Schema<'a> {
    root: &'a Value,
    node: &'a Value,
    /// How many more schemas may be visited.
    budget: &'a Cell<u32>,
}

impl<'a> Schema<'a> {
    fn at(self, node: &'a Value) -> Schema<'a> {
        Schema { node, ..self }.resolved()
    }

    /// Whether there is still something to spend.
    fn spend(self) -> bool {
        self.budget.replace(self.budget.get().saturating_sub(1)) > 0
    }

    /// The target of a local reference, after a few steps.
    fn resolved(self) -> Schema<'a> {
        let mut node = self.node;
        for _ in 0..8 {
            let Some(path) = node.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#')) else {
                break;
            };
            match self.root.pointer(path) {
                Some(target) => node = target,
                None => break,
            }
        }
        Schema { node, ..self }
    }

    fn get(self, key: &str) -> Option<&'a Value> {
        self.node.get(key)
    }

    fn list(self, key: &str) -> &'a [Value] {
        self.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn number(self, key: &str) -> Option<f64> {
        self.get(key).and_then(Value::as_f64)
    }

    fn length(self, key: &str) -> Option<usize> {
        self.get(key).and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok())
    }

    /// The values written in the schema.
    fn written(self) -> Vec<Value> {
        let mut values: Vec<Value> = self.list("enum").to_vec();
        values.extend(self.get("const").cloned());
        if values.is_empty() {
            values.extend(self.get("default").filter(|value| !value.is_null()).cloned());
            values.extend(self.list("examples").iter().cloned());
        }
        values.truncate(MAX_EDGES);
        values
    }

    fn is_closed(self) -> bool {
        self.get("enum").is_some() || self.get("const").is_some()
    }

    /// The alternatives of the schema.
    fn choices(self) -> Vec<Schema<'a>> {
        ["anyOf", "oneOf", "allOf"].into_iter().flat_map(|key| self.list(key)).map(|node| self.at(node)).collect()
    }

    fn types(self) -> Vec<&'a str> {
        match self.get("type") {
            Some(Value::String(word)) => vec![word],
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            _ if self.get("properties").is_some() => vec!["object"],
            _ if self.get("items").is_some() => vec!["array"],
            _ if self.number("minimum").or(self.number("maximum")).is_some() => vec!["number"],
            _ => Vec::new(),
        }
    }

    fn properties(self) -> impl Iterator<Item = (&'a String, Schema<'a>)> {
        let map = self.get("properties").and_then(Value::as_object);
        map.into_iter().flatten().map(move |(name, node)| (name, self.at(node)))
    }

    fn is_required(self, name: &str) -> bool {
        self.list("required").iter().any(|required| required == name)
    }

    /// A plain value: every property, each with the smallest valid value.
    fn simple(self, depth: u32) -> Value {
        self.plain(depth, true)
    }

    /// A plain value without optional parts.
    fn least(self, depth: u32) -> Value {
        self.plain(depth, false)
    }

    fn plain(self, depth: u32, is_full: bool) -> Value {
        if !self.spend() {
            return Value::Null;
        }
        let own = self.resolved();
        if let Some(value) = own.written().into_iter().next() {
            return value;
        }
        if own.types().is_empty()
            && let Some(choice) = own.choices().first()
        {
            return if depth < MAX_DEPTH { choice.plain(depth + 1, is_full) } else { Value::Null };
        }
        match own.types().first().copied() {
            Some("object") => {
                let mut map = Map::new();
                if depth < MAX_DEPTH {
                    for (name, schema) in own.properties() {
                        if is_full || own.is_required(name) {
                            map.insert(name.clone(), schema.plain(depth + 1, is_full));
                        }
                    }
                }
                Value::Object(map)
            }
            Some("array") => {
                let least = own.length("minItems").unwrap_or(usize::from(is_full)).min(MAX_LENGTH);
                let item = own.get("items").map_or(json!("a"), |node| own.at(node).plain(depth + 1, is_full));
                if depth < MAX_DEPTH { Value::Array(vec![item; least]) } else { json!([]) }
            }
            Some("integer") => own.whole(1.0),
            Some("number") => own.real(1.0),
            Some("boolean") => Value::Bool(false),
            Some("null") => Value::Null,
            Some(_) => own.text("a"),
            None => Value::from("a"),
        }
    }

    /// The minimum and maximum that it allows.
    fn bounds(self) -> (f64, f64) {
        let step = if self.types().first() == Some(&"integer") { 1.0 } else { 0.5 };
        let least = self.number("minimum").or(self.number("exclusiveMinimum").map(|least| least + step));
        let most = self.number("maximum").or(self.number("exclusiveMaximum").map(|most| most - step));
        (least.unwrap_or(f64::MIN), most.unwrap_or(f64::MAX))
    }

    fn whole(self, wanted: f64) -> Value {
        let (least, most) = self.bounds();
        let step = self.number("multipleOf").filter(|step| *step >= 1.0).unwrap_or(1.0);
        let value = (wanted.max(least).min(most) / step).ceil() * step;
        Value::from(value.clamp(-9e15, 9e15) as i64)
    }

    fn real(self, wanted: f64) -> Value {
        let (least, most) = self.bounds();
        let step = self.number("multipleOf").filter(|step| *step > 0.0);
        let value = wanted.max(least).min(most);
        let value = step.map_or(value, |step| (value / step).ceil() * step);
        if value.fract() == 0.0 && value.abs() < 9e15 {
            return Value::from(value as i64);
        }
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }

    /// A text of an allowed length, based on another.
    fn text(self, wanted: &str) -> Value {
        if let Some(text) = self.get("format").and_then(Value::as_str).and_then(of_format) {
            return Value::from(text);
        }
        let least = self.length("minLength").unwrap_or(0).min(MAX_LENGTH);
        let most = self.length("maxLength").unwrap_or(usize::MAX);
        let long = if wanted.is_empty() { "a" } else { wanted };
        let count = wanted.chars().count().max(least).min(most);
        let text: String = if count == 0 { String::new() } else { long.chars().cycle().take(count).collect() };
        Value::from(text)
    }

    /// Edge values: for an object, the simple one with one property at an edge or omitted.
    fn edges(self, depth: u32) -> Vec<Value> {
        let own = self.resolved();
        let mut values = own.written();
        if own.is_closed() || depth > MAX_DEPTH || !self.spend() {
            return values;
        }
        for choice in own.choices() {
            values.extend(choice.edges(depth + 1));
        }
        for word in own.types() {
            match word {
                "object" => values.extend(own.object_edges(depth)),
                "array" => values.extend(own.array_edges(depth)),
                "integer" | "number" => values.extend(own.number_edges(word == "integer")),
                "boolean" => values.extend([json!(false), json!(true)]),
                "null" => values.push(Value::Null),
                _ => values.extend(own.text_edges()),
            }
        }
        if own.types().is_empty() && own.choices().is_empty() {
            values.extend([json!("a"), json!(0), json!(null), json!([]), json!({}), json!(true), json!("")]);
        }
        values.truncate(if depth > 0 { MAX_EDGES } else { MAX_ROOT_EDGES });
        values
    }

    fn object_edges(self, depth: u32) -> Vec<Value> {
        let Value::Object(simple) = self.simple(depth) else { return Vec::new() };
        // `None`: the property is omitted.
        let columns: Vec<(&String, Vec<Option<Value>>)> = self
            .properties()
            .map(|(name, schema)| {
                let left_out = (!self.is_required(name)).then_some(None);
                (name, left_out.into_iter().chain(schema.edges(depth + 1).into_iter().map(Some)).collect())
            })
            .collect();
        let with = |name: &String, value: &Option<Value>| {
            let mut map = simple.clone();
            match value {
                Some(value) => map.insert(name.clone(), value.clone()),
                None => map.shift_remove(name),
            };
            Value::Object(map)
        };
        // The first edges of all properties come before the last ones of the first property.
        let most = columns.iter().map(|(_, column)| column.len()).max().unwrap_or(0);
        let rows =
            (0..most).flat_map(|at| columns.iter().filter_map(move |(name, column)| Some((*name, column.get(at)?))));
        let room = if depth > 0 { MAX_EDGES } else { MAX_ROOT_EDGES };
        rows.take(room).map(|(name, value)| with(name, value)).collect()
    }

    fn array_edges(self, depth: u32) -> Vec<Value> {
        let items = self.get("items").map(|node| self.at(node));
        let edges = items.map_or_else(|| vec![json!("a")], |items| items.edges(depth + 1));
        let simple = items.map_or(json!("a"), |items| items.simple(depth + 1));
        let many = self.length("maxItems").unwrap_or(20).min(MAX_LENGTH);
        let mut values = vec![json!([]), Value::Array(vec![simple.clone(); many])];
        values.extend(edges.iter().take(10).map(|edge| json!([edge])));
        values.extend(edges.iter().take(5).map(|edge| json!([simple, edge])));
        values
    }

    fn number_edges(self, is_whole: bool) -> Vec<Value> {
        let (least, most) = self.bounds();
        let mut wanted = vec![0.0, 1.0, -1.0, 2.0, 10.0, 100.0, -100.0, 1e6, -1e6, 1e9, 2_147_483_648.0];
        wanted.extend([least, least + 1.0, most - 1.0, most].into_iter().filter(|value| value.abs() < 1e15));
        if !is_whole {
            wanted.extend([0.5, -0.5, 0.1, 1e-9, 3.333]);
        }
        wanted.into_iter().map(|value| if is_whole { self.whole(value) } else { self.real(value) }).collect()
    }

    fn text_edges(self) -> Vec<Value> {
        let samples = TEXTS.iter().map(|text| Value::from(*text));
        let long = self.length("maxLength").unwrap_or(MAX_LENGTH).min(MAX_LENGTH);
        let shortest = self.length("minLength").unwrap_or(0).min(MAX_LENGTH);
        let formatted = self.get("format").and_then(Value::as_str).and_then(of_format).map(Value::from);
        formatted
            .into_iter()
            .chain([Value::from("x".repeat(shortest))])
            .chain(samples)
            .chain([Value::from("x".repeat(long))])
            .collect()
    }

    fn any(self, dice: &mut Rng, depth: u32) -> Value {
        let own = self.resolved();
        let written = own.written();
        if own.is_closed() || (!written.is_empty() && dice.is_one_of(4)) {
            return dice.pick(&written).cloned().unwrap_or_default();
        }
        if depth > MAX_DEPTH || !self.spend() {
            return own.least(depth);
        }
        let types = own.types();
        if types.is_empty() {
            let choices = own.choices();
            if choices.is_empty() {
                return dice.pick(&own.edges(depth)).cloned().unwrap_or_default();
            }
            return choices[dice.below(choices.len())].any(dice, depth + 1);
        }
        match types[dice.below(types.len())] {
            "object" => {
                let mut map = Map::new();
                for (name, schema) in own.properties() {
                    if own.is_required(name) || !dice.is_one_of(3) {
                        map.insert(name.clone(), schema.any(dice, depth + 1));
                    }
                }
                Value::Object(map)
            }
            "array" => {
                let least = own.length("minItems").unwrap_or(0);
                let most = own.length("maxItems").unwrap_or(8).min(MAX_LENGTH).max(least);
                let count = least + dice.length(most - least);
                let items = own.get("items").map(|node| own.at(node));
                let item = |dice: &mut Rng| items.map_or_else(|| json!("a"), |items| items.any(dice, depth + 1));
                Value::Array((0..count.min(MAX_LENGTH)).map(|_| item(dice)).collect())
            }
            "boolean" => Value::Bool(dice.is_one_of(2)),
            "null" => Value::Null,
            word @ ("integer" | "number") => own.any_number(dice, word == "integer"),
            _ => own.any_text(dice),
        }
    }

    fn any_number(self, dice: &mut Rng, is_whole: bool) -> Value {
        if dice.is_one_of(2) {
            let edges = self.number_edges(is_whole);
            return dice.pick(&edges).cloned().unwrap_or_default();
        }
        let (least, most) = self.bounds();
        let (least, most) = (least.max(-1000.0), most.min(1000.0));
        let value = least + (most - least) * (dice.below(1_000_001) as f64 / 1e6);
        if is_whole { self.whole(value.floor()) } else { self.real((value * 1000.0).round() / 1000.0) }
    }

    fn any_text(self, dice: &mut Rng) -> Value {
        let is_formatted = self.get("format").and_then(Value::as_str).and_then(of_format).is_some();
        if is_formatted || dice.is_one_of(3) {
            let edges = self.text_edges();
            return dice.pick(&edges).cloned().unwrap_or_default();
        }
        let signs: Vec<char> = "abcxyzABC 0123456789-_.,:/\\'\"{}[]<>\n\té€日".chars().collect();
        let count = dice.below(24);
        let text: String = (0..count).map(|_| signs[dice.below(signs.len())]).collect();
        self.text(&text)
    }
}

/// Texts that often cause faults.
const TEXTS: &[&str] = &[
    "a",
    "",
    " ",
    "0",
    "-1",
    "null",
    "true",
    "Hello, World",
    "two words",
    "a\nb",
    "a\tb",
    "\u{e9}\u{20ac}\u{65e5}\u{672c}",
    "\u{1f600}",
    "'\"\\`$",
    "<b>&amp;</b>",
    "../../x",
    "/nowhere/x",
    "%s %d {} {0}",
    "1e309",
    "2024-02-30",
    "{\"a\": 1}",
    "[1, 2",
];

/// A text of a format.
fn of_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "date" => "2024-02-29",
        "date-time" => "2024-02-29T12:30:00Z",
        "time" => "12:30:00Z",
        "duration" => "P1DT2H",
        "email" | "idn-email" => "a@example.org",
        "hostname" | "idn-hostname" => "example.org",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" | "iri" | "url" => "https://example.org/a?b=c",
        "uri-reference" => "/a?b=c",
        "uuid" => "123e4567-e89b-12d3-a456-426614174000",
        "json-pointer" => "/a/0",
        "regex" => "a+b*",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::validate;

    fn made(schema: &Value) -> Vec<Value> {
        inputs(schema, &mut Rng::of(Digest::of_bytes(b"seed")), 200)
    }

    #[test]
    fn inputs_fit_their_schema_differ_and_come_again() {
        let schema = json!({
            "type": "object", "required": ["n", "rows"],
            "$defs": {"row": {"type": "object", "required": ["id"], "properties": {
                "id": {"type": "string", "format": "uuid"}, "next": {"$ref": "#/$defs/row"}}}},
            "properties": {
                "n": {"type": "integer", "minimum": 3, "exclusiveMaximum": 50, "multipleOf": 2},
                "x": {"type": ["number", "null"], "exclusiveMinimum": 0},
                "word": {"enum": ["a", "b"]},
                "text": {"type": "string", "minLength": 2, "maxLength": 5},
                "rows": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"$ref": "#/$defs/row"}},
                "either": {"anyOf": [{"type": "boolean"}, {"type": "string"}]},
                "open": {},
            }
        });
        let made_once = made(&schema);
        assert_eq!(made_once.len(), 200);
        for input in &made_once {
            assert_eq!(validate(&schema, input), vec![], "{input}");
        }
        assert_eq!(made_once, made(&schema));
        let has = |name: &str, value: Value| made_once.iter().any(|input| input.get(name) == Some(&value));
        assert!(has("n", json!(4)) && has("n", json!(48)) && has("word", json!("b")) && has("x", json!(null)));
        assert!(made_once.iter().any(|input| input.get("text").is_none()));
    }

    #[test]
    fn a_small_world_is_made_whole() {
        let schema = json!({"type": "object", "required": ["a"], "additionalProperties": false,
            "properties": {"a": {"type": "boolean"}, "b": {"enum": [1, 2]}}});
        assert_eq!(made(&schema).len(), 6);
    }

    #[test]
    fn both_numbers_of_a_division_meet_zero() {
        let schema = json!({"type": "object", "required": ["a", "b"],
            "properties": {"a": {"type": "number"}, "b": {"type": "number"}}});
        let all = made(&schema);
        assert_eq!(all.len(), 200);
        assert!(all.iter().any(|input| input["b"] == json!(0)));
    }

    #[test]
    fn schemas_that_lead_nowhere_make_nothing_and_end() {
        for schema in [json!({"type": 7}), json!(false), json!({"type": "string"})] {
            assert_eq!(made(&schema), Vec::<Value>::new(), "{schema}");
        }
        assert_eq!(made(&json!({"$ref": "#"})), [json!({})]);
        let circle = json!({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]});
        made(&circle);
        let names: Map<String, Value> = (0..60).map(|n| (format!("p{n}"), json!({"$ref": "#"}))).collect();
        let wide = json!({"type": "object", "properties": names});
        assert!(made(&wide).len() <= 200);
        let hard =
            json!({"type": "object", "required": ["p"], "properties": {"p": {"type": "string", "pattern": "^z{9}$"}}});
        assert_eq!(made(&hard), Vec::<Value>::new());
        let huge = json!({"type": "object", "properties": {"l": {"type": "array", "minItems": 1_000_000_000}}, "required": ["l"]});
        assert_eq!(made(&huge), Vec::<Value>::new());
    }

    #[test]
    fn the_simplest_input_fits() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "integer", "minimum": 5}, "b": {"type": "string"}}});
        assert_eq!(simplest(&schema), json!({"a": 5, "b": "a"}));
    }
}
