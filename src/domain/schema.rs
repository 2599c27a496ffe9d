//! JSON Schema 2020-12: whether a value fits, and where it does not.

use super::schema_cost;
use serde_json::Value;

/// The maximum number of reported violations of one value.
const MAX_VIOLATIONS: usize = 1_000;

/// The maximum number of backtracks of a pattern on one text.
const MAX_BACKTRACKS: usize = 100_000;

/// The maximum size of a pattern's automaton in bytes.
const MAX_AUTOMATON: usize = 2 << 20;

/// Where and why a value does not fit its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer into the value; empty for the whole.
    pub path: String,
    /// What the schema requires there, in one line.
    pub message: String,
}

/// Validates `value` against `schema` (2020-12 unless it names another draft). References to other documents are never
/// followed. A schema that is invalid, or takes too many steps, gives one violation with that message.
pub fn validate(schema: &Value, value: &Value) -> Vec<Violation> {
    let whole = |message: String| vec![Violation { path: String::new(), message }];
    let validator = match build(schema) {
        Ok(validator) => validator,
        Err(error) => return whole(format!("the schema is not valid: {error}")),
    };
    if let Some(why) = schema_cost::too_much_for(schema, value) {
        return whole(not_checked(&why));
    }
    let errors = validator.iter_errors(value).take(MAX_VIOLATIONS);
    errors.map(|error| Violation { path: error.instance_path().to_string(), message: error.to_string() }).collect()
}

/// Why a schema cannot be used for validation, as in [`validate`]; `None` if it can. Cheap for most schemas: only
/// references and patterns need a validator to be built.
pub fn unusable_schema(schema: &Value) -> Option<String> {
    let needs_building = mentions(schema, &["$schema", "$ref", "$dynamicRef", "pattern", "patternProperties"]);
    if !needs_building && jsonschema::draft202012::meta::is_valid(schema) {
        return schema_cost::too_much(schema);
    }
    // The text after the first sentence is for programmers of the validator.
    build(schema).err().map(|error| error.split(". ").next().unwrap_or_default().to_owned())
}

/// Whether an object in the value has a field of one of these names.
fn mentions(value: &Value, names: &[&str]) -> bool {
    match value {
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| names.contains(&name.as_str()) || mentions(value, names))
        }
        Value::Array(items) => items.iter().any(|item| mentions(item, names)),
        _ => false,
    }
}

fn not_checked(why: &str) -> String {
    format!("not validated against the schema: {why}")
}

/// A validator whose patterns terminate: the engine stops after a number of backtracks, and builds no large automaton.
fn build(schema: &Value) -> Result<jsonschema::Validator, String> {
    if let Some(why) = schema_cost::too_much(schema) {
        return Err(why);
    }
    let patterns = jsonschema::PatternOptions::fancy_regex();
    let patterns = patterns.backtrack_limit(MAX_BACKTRACKS).size_limit(MAX_AUTOMATON).dfa_size_limit(MAX_AUTOMATON);
    jsonschema::options().with_pattern_options(patterns).build(schema).map_err(|error| error.to_string())
}

/// A schema prepared for many values: a form validates after every key.
#[derive(Debug)]
pub struct Checker {
    validator: jsonschema::Validator,
    schema: Value,
}

/// Longer messages quote a whole value; they are shortened.
const MAX_MESSAGE: usize = 160;

impl Checker {
    /// Prepares a schema.
    ///
    /// # Errors
    /// An invalid schema, with the reason.
    pub fn new(schema: &Value) -> Result<Checker, String> {
        build(schema).map(|validator| Checker { validator, schema: schema.clone() })
    }

    /// The violations of `value`. A missing property is reported at its own path.
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        if let Some(why) = schema_cost::too_much_for(&self.schema, value) {
            return vec![Violation { path: String::new(), message: not_checked(&why) }];
        }
        self.validator.iter_errors(value).take(MAX_VIOLATIONS).map(|error| violation_at_place(&error)).collect()
    }
}

fn violation_at_place(error: &jsonschema::ValidationError<'_>) -> Violation {
    let place = error.instance_path().to_string();
    if let jsonschema::error::ValidationErrorKind::Required { property: Value::String(name) } = error.kind() {
        let token = name.replace('~', "~0").replace('/', "~1");
        return Violation { path: format!("{place}/{token}"), message: "is required".to_owned() };
    }
    let mut message = error.to_string();
    if message.len() > MAX_MESSAGE {
        message = error.masked().to_string();
    }
    Violation { path: place, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_that_checks_nothing_is_unusable() {
        let field = |schema: Value| json!({"type": "object", "properties": {"a": schema}});
        for fine in [json!({"type": "string", "format": "iso8601"}), json!({"$ref": "#"}), json!({"pattern": "^a+$"})] {
            assert_eq!(unusable_schema(&field(fine.clone())), None, "{fine}");
        }
        for wrong in [json!({"type": "strng"}), json!({"$ref": "#/$defs/gone"}), json!({"pattern": "("}), json!(7)] {
            let schema = field(wrong.clone());
            let why = unusable_schema(&schema).unwrap();
            let told = &validate(&schema, &json!({"a": "x"}))[0].message;
            assert!(told.starts_with(&format!("the schema is not valid: {why}")), "{told}");
        }
    }

    #[test]
    fn violations_name_the_place() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        assert_eq!(validate(&schema, &json!({"n": 1})), vec![]);
        assert_eq!(validate(&schema, &json!({"n": "x"}))[0].path, "/n");
        assert_eq!(validate(&schema, &json!({})).len(), 1);
        assert_eq!(validate(&json!({"type": 7}), &json!({})).len(), 1);
    }
}
