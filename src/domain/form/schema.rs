//! From a schema to fields.

use super::entry::{self, plain};
use super::field::{Field, FieldKind, Scalar, State};
use serde_json::{Map, Value};

/// Nested objects become fields up to this depth; below it, they are JSON. Circular references end here too.
const MAX_DEPTH: usize = 6;
/// The maximum number of references and `allOf` followed for one field.
const MAX_HOPS: usize = 16;
/// The maximum number of fields of a form; the rest stays in the JSON.
const MAX_FIELDS: usize = 400;
/// A reference to something larger is ignored, because each use of it is a copy.
const MAX_REFERRED: usize = 2000;
/// The maximum depth to which a schema is normalised.
const MAX_TIDY: usize = 48;

/// The fields of a form and the values without a field.
pub(super) struct FormPlan {
    pub(super) fields: Vec<Field>,
    pub(super) extra: Map<String, Value>,
}

/// Normalises loose schemas: types of other languages, `required: true` inside a property, keywords with an invalid
/// value. Unknown parts are left out rather than guessed.
pub(super) fn tidy(schema: &Value) -> Value {
    tidy_at(schema, 0)
}

fn tidy_at(schema: &Value, depth: usize) -> Value {
    let Value::Object(object) = schema else {
        return if schema.is_boolean() { schema.clone() } else { Value::Bool(true) };
    };
    if depth > MAX_TIDY {
        return Value::Bool(true);
    }
    let mut tidied = Map::new();
    for (key, value) in object {
        let value = match (key.as_str(), value) {
            ("type", value) => tidy_type(value),
            ("properties" | "$defs" | "definitions" | "patternProperties", Value::Object(members)) => {
                let tidy_member = |(name, member): (&String, &Value)| (name.clone(), tidy_at(member, depth + 1));
                Some(Value::Object(members.iter().map(tidy_member).collect()))
            }
            ("oneOf" | "anyOf" | "allOf" | "prefixItems", Value::Array(members)) if !members.is_empty() => {
                Some(Value::Array(members.iter().map(|member| tidy_at(member, depth + 1)).collect()))
            }
            ("items" | "additionalProperties" | "not" | "if" | "then" | "else" | "contains", member) => {
                (member.is_object() || member.is_boolean()).then(|| tidy_at(member, depth + 1))
            }
            ("required", Value::Array(names)) => Some(names.iter().filter(|name| name.is_string()).cloned().collect()),
            ("enum", Value::Array(values)) if !values.is_empty() => Some(Value::Array(values.clone())),
            (
                "properties" | "$defs" | "definitions" | "patternProperties" | "oneOf" | "anyOf" | "allOf"
                | "prefixItems" | "required" | "enum",
                _,
            ) => None,
            ("minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum", value) if !value.is_number() => None,
            (_, value) => Some(value.clone()),
        };
        if let Some(value) = value {
            tidied.insert(key.clone(), value);
        }
    }
    lift_required(object, &mut tidied);
    Value::Object(tidied)
}

/// Moves `required: true` of a property to the list of its object.
fn lift_required(object: &Map<String, Value>, tidied: &mut Map<String, Value>) {
    let Some(Value::Object(members)) = object.get("properties") else { return };
    let marked = members.iter().filter(|(_, member)| member.get("required") == Some(&Value::Bool(true)));
    for (name, _) in marked {
        let list = tidied.entry("required").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(names) = list
            && !names.iter().any(|known| known == name.as_str())
        {
            names.push(Value::String(name.clone()));
        }
    }
}

fn tidy_type(value: &Value) -> Option<Value> {
    match value {
        Value::String(word) => known_type(word).map(Value::from),
        Value::Array(words) => {
            let mut known: Vec<Value> = Vec::new();
            for word in words {
                let word = Value::from(known_type(word.as_str()?)?);
                if !known.contains(&word) {
                    known.push(word);
                }
            }
            (!known.is_empty()).then_some(Value::Array(known))
        }
        _ => None,
    }
}

fn known_type(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "string" | "str" | "text" | "char" | "varchar" => "string",
        "integer" | "int" | "long" | "int32" | "int64" | "uint" | "short" => "integer",
        "number" | "float" | "double" | "decimal" | "numeric" => "number",
        "boolean" | "bool" => "boolean",
        "array" | "list" | "tuple" | "set" | "arraylist" => "array",
        "object" | "dict" | "map" | "hashmap" | "mapping" | "record" => "object",
        "null" | "none" => "null",
        _ => return None,
    })
}

/// The fields of a normalised schema. With `given`, exactly its values are entered, without it the defaults.
pub(super) fn plan(schema: &Value, given: Option<&Value>, examples: &[Value]) -> FormPlan {
    let mut planner = Planner { root: schema, examples, fields: Vec::new() };
    let resolved = planner.resolve(schema);
    let members = resolved.get("properties").and_then(Value::as_object);
    let is_closed = resolved.get("additionalProperties") == Some(&Value::Bool(false));
    let has_members = members.is_some_and(|members| !members.is_empty() || is_closed);
    let fill = if given.is_some() { Fill::Exactly } else { Fill::Defaults };
    let given = given.cloned().or_else(|| resolved.get("default").filter(|value| value.is_object()).cloned());
    if !has_members || given.as_ref().is_some_and(|given| !given.is_object()) || is_choice_of_forms(&resolved) {
        let mut whole = Field::new(Vec::new(), "input".to_owned(), FieldKind::Json);
        describe(&mut whole, &resolved);
        whole.example = examples.first().cloned();
        whole.state = given.map(State::given).unwrap_or_default();
        return FormPlan { fields: vec![whole], extra: Map::new() };
    }
    let extra = planner.members(&resolved, &[], given.as_ref(), fill);
    FormPlan { fields: planner.fields, extra }
}

/// The members of a variant if the form at `chosen` is selected.
pub(super) fn variant_members(root: &Value, variant: &Field, chosen: Option<usize>) -> Vec<Field> {
    let Some(schema) = chosen.and_then(|index| branches(&variant.schema)?.get(index)) else { return Vec::new() };
    let mut planner = Planner { root, examples: &[], fields: Vec::new() };
    let schema = planner.resolve(schema);
    planner.members(&schema, &variant.path, None, Fill::Defaults);
    planner.fields
}

/// A group or variant and its members, made from a value.
pub(super) fn replant(root: &Value, field: &Field, value: Option<&Value>) -> Vec<Field> {
    let mut planner = Planner { root, examples: &[], fields: Vec::new() };
    let fill = if value.is_some() { Fill::Exactly } else { Fill::Nothing };
    planner.field(&field.schema, &field.path, field.required, value, fill);
    planner.fields
}

/// What is entered if nothing is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fill {
    Defaults,
    /// Nothing: the given value is meant exactly.
    Exactly,
    /// Nothing, because the object around it may be left out.
    Nothing,
}

struct Planner<'a> {
    root: &'a Value,
    examples: &'a [Value],
    fields: Vec<Field>,
}

impl Planner<'_> {
    /// Makes a field for each property; returns the part of `given` without a property.
    fn members(&mut self, schema: &Value, path: &[String], given: Option<&Value>, fill: Fill) -> Map<String, Value> {
        let mut extra = given.and_then(Value::as_object).cloned().unwrap_or_default();
        let Some(members) = schema.get("properties").and_then(Value::as_object) else { return extra };
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, member) in members {
            if self.fields.len() >= MAX_FIELDS {
                break;
            }
            let value = extra.shift_remove(key);
            let mut below = path.to_vec();
            below.push(key.clone());
            self.field(member, &below, required.contains(&key.as_str()), value.as_ref(), fill);
        }
        extra
    }

    fn field(&mut self, schema: &Value, path: &[String], required: bool, given: Option<&Value>, fill: Fill) {
        let resolved = self.resolve(schema);
        let mut kind = kind_of(&resolved, path);
        let is_deep = path.len() >= MAX_DEPTH;
        let chosen = branch_of(self, &resolved, given);
        match &kind {
            FieldKind::Group if is_deep || given.is_some_and(|value| !value.is_object()) => kind = FieldKind::Json,
            FieldKind::Variant(_) if is_deep || (given.is_some() && chosen.is_none()) => kind = FieldKind::Json,
            _ => {}
        }
        let key = path.last().cloned().unwrap_or_default();
        let mut field = Field::new(path.to_vec(), key, kind);
        field.required = required;
        describe(&mut field, &resolved);
        field.example = self.examples.iter().find_map(|example| at_path(example, path)).cloned();
        let is_object = matches!(field.kind, FieldKind::Group | FieldKind::Variant(_));
        if is_object {
            self.object(field, &resolved, given, chosen, fill);
            return;
        }
        let preset = match fill {
            Fill::Defaults => {
                let default = field.default.clone().filter(|value| required || !value.is_null());
                default.or_else(|| preset(&field))
            }
            Fill::Exactly | Fill::Nothing => None,
        };
        field.state = given.cloned().or(preset).map(State::given).unwrap_or_default();
        self.fields.push(field);
    }

    fn object(&mut self, mut field: Field, schema: &Value, given: Option<&Value>, chosen: Option<usize>, fill: Fill) {
        let given = match fill {
            Fill::Defaults => given.or(field.default.as_ref().filter(|value| value.is_object())).cloned(),
            Fill::Exactly | Fill::Nothing => given.cloned(),
        };
        let fill = match fill {
            Fill::Defaults if !field.required && given.is_none() => Fill::Nothing,
            fill => fill,
        };
        field.present = given.is_some() || (field.required && fill == Fill::Defaults);
        field.schema = schema.clone();
        let is_variant = matches!(field.kind, FieldKind::Variant(_));
        let schema = match chosen.and_then(|index| branches(schema)?.get(index)) {
            Some(branch) => self.resolve(branch),
            None => schema.clone(),
        };
        field.takes_extra = schema.get("additionalProperties") != Some(&Value::Bool(false));
        let path = field.path.clone();
        let index = self.fields.len();
        if is_variant {
            let present = field.present && chosen.is_some();
            field.choose(chosen);
            field.present = present;
        }
        self.fields.push(field);
        if !is_variant || chosen.is_some() {
            let extra = self.members(&schema, &path, given.as_ref(), fill);
            self.fields[index].extra = extra;
        }
    }

    /// Follows references within the document and merges `allOf`; properties beside them take precedence.
    fn resolve(&self, schema: &Value) -> Value {
        let mut current = schema.clone();
        for _ in 0..MAX_HOPS {
            let Value::Object(mut object) = current else { return current };
            let target = object.shift_remove("$ref").or_else(|| object.shift_remove("$dynamicRef"));
            let parts = object.shift_remove("allOf");
            if target.is_none() && parts.is_none() {
                return self.resolve_branches(object);
            }
            let referred = target.as_ref().and_then(Value::as_str).and_then(|pointer| self.at_pointer(pointer));
            let parts = parts.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
            for part in referred.into_iter().chain(parts) {
                merge(&mut object, part);
            }
            current = Value::Object(object);
        }
        // A reference to itself is ignored.
        let Value::Object(mut object) = current else { return current };
        object.shift_remove("$ref");
        object.shift_remove("allOf");
        Value::Object(object)
    }

    /// Follows references of `oneOf` and `anyOf`, and removes branches that only allow null.
    fn resolve_branches(&self, mut object: Map<String, Value>) -> Value {
        for key in ["oneOf", "anyOf"] {
            let Some(Value::Array(branches)) = object.get(key) else { continue };
            let mut resolved: Vec<Value> = branches.iter().map(|branch| self.refer(branch)).collect();
            if resolved.len() > 1 {
                resolved.retain(|branch| branch.get("type").is_none_or(|word| word != "null"));
            }
            match resolved.as_slice() {
                [only] => {
                    let only = only.clone();
                    object.shift_remove(key);
                    merge(&mut object, only);
                }
                _ => {
                    object.insert(key.to_owned(), Value::Array(resolved));
                }
            }
        }
        Value::Object(object)
    }

    /// The target of a branch's reference, combined with the keywords beside the reference.
    fn refer(&self, branch: &Value) -> Value {
        let Some(target) = branch.get("$ref").and_then(Value::as_str).and_then(|pointer| self.at_pointer(pointer))
        else {
            return branch.clone();
        };
        let mut object = branch.as_object().cloned().unwrap_or_default();
        object.shift_remove("$ref");
        merge(&mut object, target);
        Value::Object(object)
    }

    fn at_pointer(&self, pointer: &str) -> Option<Value> {
        self.root.pointer(pointer.strip_prefix('#')?).filter(|value| nodes(value) <= MAX_REFERRED).cloned()
    }
}

/// The number of values in a value, including itself; counting stops soon after [`MAX_REFERRED`].
fn nodes(value: &Value) -> usize {
    let mut count = 0;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        count += 1;
        if count > MAX_REFERRED {
            break;
        }
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    count
}

/// Adds keywords of `part` that `object` does not have; properties and required names are combined.
fn merge(object: &mut Map<String, Value>, part: Value) {
    let Value::Object(part) = part else { return };
    for (key, value) in part {
        match (object.get_mut(&key), value) {
            (Some(Value::Object(mine)), Value::Object(theirs)) if key == "properties" => {
                for (name, member) in theirs {
                    mine.entry(name).or_insert(member);
                }
            }
            (Some(Value::Array(mine)), Value::Array(theirs)) if key == "required" || key == "allOf" => {
                mine.extend(theirs);
            }
            (Some(_), _) => {}
            (None, value) => {
                object.insert(key, value);
            }
        }
    }
}

/// The kind of field for a resolved schema.
fn kind_of(schema: &Value, path: &[String]) -> FieldKind {
    if let Some(value) = schema.get("const") {
        return FieldKind::Choice(vec![value.clone()]);
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return FieldKind::Choice(values.clone());
    }
    if let Some(branches) = branches(schema) {
        return kind_of_branches(branches);
    }
    let types = types_of(schema);
    match types.as_slice() {
        ["string"] => FieldKind::Text { multiline: is_multiline(schema, path) },
        ["integer"] => FieldKind::Integer,
        ["number" | "integer", "number" | "integer"] | ["number"] => FieldKind::Number,
        ["boolean"] => FieldKind::Switch,
        ["array"] => list_kind(schema),
        ["object"] if has_properties(schema) => FieldKind::Group,
        ["null"] => FieldKind::Choice(vec![Value::Null]),
        types if types.is_empty() || types.contains(&"string") => FieldKind::Any,
        _ => FieldKind::Json,
    }
}

fn kind_of_branches(branches: &[Value]) -> FieldKind {
    let constants: Option<Vec<Value>> = branches.iter().map(constant).collect();
    if let Some(values) = constants {
        return FieldKind::Choice(values);
    }
    if branches.iter().all(has_properties) {
        return FieldKind::Variant(branches.iter().enumerate().map(|(at, branch)| branch_label(at, branch)).collect());
    }
    let takes_text = |branch: &Value| types_of(branch).contains(&"string");
    if branches.iter().any(takes_text) { FieldKind::Any } else { FieldKind::Json }
}

fn branches(schema: &Value) -> Option<&Vec<Value>> {
    if has_properties(schema) {
        return None;
    }
    schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array)
}

/// Whether the whole input is one of several forms; those are edited as JSON.
fn is_choice_of_forms(schema: &Value) -> bool {
    branches(schema).is_some()
}

fn constant(branch: &Value) -> Option<Value> {
    match (branch.get("const"), branch.get("enum").and_then(Value::as_array).map(Vec::as_slice)) {
        (Some(value), _) | (None, Some([value])) => Some(value.clone()),
        _ => None,
    }
}

fn has_properties(schema: &Value) -> bool {
    schema.get("properties").and_then(Value::as_object).is_some_and(|members| !members.is_empty())
}

fn branch_label(at: usize, branch: &Value) -> String {
    let title = branch.get("title").and_then(Value::as_str).map(str::to_owned);
    let discriminator = || {
        let members = branch.get("properties").and_then(Value::as_object)?;
        members.values().find_map(constant).map(|value| plain(&value))
    };
    title.or_else(discriminator).unwrap_or_else(|| format!("form {}", at + 1))
}

/// The form of a value: the first whose constants and required properties it has.
fn branch_of(planner: &Planner<'_>, schema: &Value, given: Option<&Value>) -> Option<usize> {
    let given = given?.as_object()?;
    branches(schema)?.iter().position(|branch| {
        let branch = planner.resolve(branch);
        let members = branch.get("properties").and_then(Value::as_object);
        let required = branch.get("required").and_then(Value::as_array);
        let fits = |(key, member): (&String, &Value)| {
            constant(member).is_none_or(|value| given.get(key).is_none_or(|held| *held == value))
        };
        let names = required.into_iter().flatten().filter_map(Value::as_str);
        members.into_iter().flatten().all(fits) && names.into_iter().all(|name| given.contains_key(name))
    })
}

fn types_of(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).filter(|word| *word != "null").collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ if schema.get("items").is_some() => vec!["array"],
        _ if ["minLength", "maxLength", "pattern", "format"].iter().any(|key| schema.get(key).is_some()) => {
            vec!["string"]
        }
        _ if ["minimum", "maximum", "multipleOf"].iter().any(|key| schema.get(key).is_some()) => vec!["number"],
        _ => Vec::new(),
    }
}

fn list_kind(schema: &Value) -> FieldKind {
    let items = schema.get("items");
    if schema.get("prefixItems").is_some() || items.is_some_and(|items| branches(items).is_some()) {
        return FieldKind::Json;
    }
    match items.map(types_of).as_deref() {
        Some(["string"]) => FieldKind::List(Scalar::Text),
        Some(["integer"]) => FieldKind::List(Scalar::Integer),
        Some(["number"]) => FieldKind::List(Scalar::Number),
        Some(["boolean"]) => FieldKind::List(Scalar::Switch),
        _ => FieldKind::Json,
    }
}

/// Whether a text is likely to have several lines.
fn is_multiline(schema: &Value, path: &[String]) -> bool {
    const NAMES: [&str; 14] = [
        "text", "code", "content", "contents", "body", "prompt", "source", "script", "sql", "patch", "diff",
        "markdown", "html", "message",
    ];
    let word = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
    let is_short = schema.get("maxLength").and_then(Value::as_u64).is_some_and(|length| length <= 120);
    let name = path.last().map(String::as_str).unwrap_or_default().to_ascii_lowercase();
    let is_named = NAMES.iter().any(|known| name == *known || name.ends_with(&format!("_{known}")));
    let says_so = matches!(word("format"), "textarea" | "multiline" | "multi-line" | "markdown" | "code");
    says_so || word("default").contains('\n') || !word("contentMediaType").is_empty() || (is_named && !is_short)
}

/// A value that needs no choice: the only option of a required choice, and `false` for a required switch.
fn preset(field: &Field) -> Option<Value> {
    match &field.kind {
        FieldKind::Choice(values) if field.required && values.len() == 1 => values.first().cloned(),
        FieldKind::Switch if field.required => Some(Value::Bool(false)),
        _ => None,
    }
}

fn at_path<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

fn describe(field: &mut Field, schema: &Value) {
    if let Some(title) = schema.get("title").and_then(Value::as_str).filter(|title| !title.is_empty()) {
        title.clone_into(&mut field.label);
    }
    schema.get("description").and_then(Value::as_str).unwrap_or_default().clone_into(&mut field.description);
    field.default = schema.get("default").cloned();
    field.hint = hint(&field.kind, schema);
}

fn hint(kind: &FieldKind, schema: &Value) -> String {
    let mut parts: Vec<String> = vec![match kind {
        FieldKind::Text { multiline: false } => "text".to_owned(),
        FieldKind::Text { multiline: true } => "multi-line text".to_owned(),
        FieldKind::Integer => "whole number".to_owned(),
        FieldKind::Number => "number".to_owned(),
        FieldKind::Switch => "true or false".to_owned(),
        FieldKind::Choice(values) => format!("one of {}", values.len()),
        FieldKind::List(_) => "list, one item per line".to_owned(),
        FieldKind::Json => "JSON".to_owned(),
        FieldKind::Any => "JSON or text".to_owned(),
        FieldKind::Group => "object".to_owned(),
        FieldKind::Variant(labels) => format!("one of {} forms", labels.len()),
    }];
    let said = |key: &str| schema.get(key).map(entry::plain);
    let limits = [
        ("minimum", "at least "),
        ("exclusiveMinimum", "more than "),
        ("maximum", "at most "),
        ("exclusiveMaximum", "less than "),
        ("multipleOf", "a multiple of "),
        ("minLength", "minimum length "),
        ("maxLength", "maximum length "),
        ("minItems", "minimum items "),
        ("maxItems", "maximum items "),
        ("format", "format "),
        ("pattern", "pattern "),
        ("default", "default "),
    ];
    parts.extend(limits.into_iter().filter_map(|(key, words)| said(key).map(|limit| format!("{words}{limit}"))));
    parts.join(" · ")
}
