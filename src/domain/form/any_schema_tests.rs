//! Any schema results in a form: generated schemas, invalid ones, and all schemas that agents wrote.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z$~/.]{0,5}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Mostly valid schemas with invalid parts.
fn any_schema() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("string"),
        Just("integer"),
        Just("number"),
        Just("boolean"),
        Just("array"),
        Just("object"),
        Just("null"),
        Just("any"),
        Just("float"),
        Just("dict"),
    ];
    let leaf = prop_oneof![
        word.clone().prop_map(|word| json!({"type": word})),
        prop::collection::vec(word, 0..3).prop_map(|words| json!({"type": words})),
        prop::collection::vec(any_value(), 0..4).prop_map(|values| json!({"enum": values})),
        any_value().prop_map(|value| json!({"const": value})),
        any_value().prop_map(|value| json!({"type": "string", "default": value, "minLength": value, "pattern": value})),
        Just(json!({"$ref": "#"})),
        Just(json!({"$ref": "#/$defs/a"})),
        Just(json!({"$ref": "https://example.org/none.json"})),
        any::<bool>().prop_map(Value::from),
        any_value(),
    ];
    leaf.prop_recursive(4, 48, 5, |inner| {
        let named = prop::collection::vec(("[a-z$~/. =]{0,6}", inner.clone()), 0..5)
            .prop_map(|pairs| Value::Object(pairs.into_iter().collect()));
        let listed = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        prop_oneof![
            (named.clone(), any_value()).prop_map(|(properties, required)| json!({
                "type": "object", "properties": properties, "required": required, "$defs": {"a": {"$ref": "#/$defs/a"}}
            })),
            (named, inner.clone()).prop_map(|(defs, rest)| json!({"$defs": defs, "additionalProperties": rest})),
            inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            listed.clone().prop_map(|all| json!({"oneOf": all})),
            listed.clone().prop_map(|all| json!({"anyOf": all})),
            listed.prop_map(|all| json!({"allOf": all})),
            inner.prop_map(|not| json!({"not": not, "if": not, "then": not})),
        ]
    })
}

/// Does what a human does with a form.
fn use_form(schema: &Value, text: &str) {
    let mut form = Form::from_schema(Some(schema), None, &[]);
    for index in 0..form.fields().len() {
        let path = form.fields()[index].dotted();
        let _ = form.set_text_at(index, text);
        form.step_option(index, 1);
        let _ = form.apply_set(&format!("{path}={text}"));
        assert!(form.fields().len() < 10_000);
    }
    let value = form.value();
    let _ = form.violations();
    form.set_value(&value);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_schema_at_all_gives_a_form_that_can_be_used(schema in any_schema(), text in "\\PC{0,6}") {
        use_form(&schema, &text);
    }
}

#[test]
fn a_wrong_type_is_named_before_anything_runs() {
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}, "required": ["n"]});
    let mut form = Form::from_schema(Some(&schema), None, &[]);
    assert!(form.set_text("n", "seven").is_err() || !form.violations().is_empty());
    form.set_value(&json!({"n": "7"}));
    assert!(!form.violations().is_empty());
}

/// Every schema in the files of a folder. Schemas of tools are in YAML or JSON files with much other content.
fn schemas_below(folder: &std::path::Path, found: &mut Vec<Value>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            schemas_below(&path, found);
        } else if path.extension().is_some_and(|end| ["json", "yaml", "yml"].iter().any(|known| end == *known))
            && let Ok(text) = std::fs::read_to_string(&path)
            && let Ok(value) = serde_saphyr::from_str::<Value>(text.trim_start_matches('\u{feff}'))
        {
            collect(&value, found);
        }
    }
}

fn collect(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("properties") || fields.contains_key("type") {
                found.push(value.clone());
            }
            fields.values().for_each(|inner| collect(inner, found));
        }
        Value::Array(values) => values.iter().for_each(|inner| collect(inner, found)),
        _ => {}
    }
}

#[test]
fn every_schema_that_agents_wrote_gives_a_form() {
    let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("TOOLSMITH_SHARED").map(std::path::PathBuf::from);
    let folder = Some(named.unwrap_or_else(|| repository.join("../shared")));
    let ours = repository.join("assets");
    let mut found = Vec::new();
    for folder in [Some(ours), folder.map(|folder| folder.join("corpora"))].into_iter().flatten() {
        schemas_below(&folder, &mut found);
    }
    assert!(found.len() > 20, "{}", found.len());
    for schema in &found {
        use_form(schema, "1");
    }
}
