//! Tests that the JSON Schemas of the settings files and the reader of these files accept the same files.

use super::*;
use serde_json::{Value, json};

/// The settings of a file as JSON.
fn as_json(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

fn schema(text: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

/// Each schema with the shipped file, in which all examples are enabled.
fn files() -> [(jsonschema::Validator, String, bool); 2] {
    let user = schema(include_str!("../../../assets/config.schema.json"));
    let workspace = schema(include_str!("../../../assets/toolsmith.schema.json"));
    // A check with two gates would be an error of the test.
    let more = "[checks]\nruff = \"off\"\ntests = { approved = \"show\", core = \"require\" }\n";
    let own = format!("{}\n{more}", tests::uncommented(DEFAULT_WORKSPACE));
    [(user, tests::uncommented(DEFAULT_CONFIG), true), (workspace, own, false)]
}

fn problems(settings: &Value, is_user: bool) -> Vec<String> {
    let text = toml::to_string(settings).unwrap();
    let (_, problems) = if is_user { tests::load("", &text) } else { tests::load(&text, "") };
    problems.iter().map(Problem::placed).collect()
}

/// Every JSON pointer in a value, starting with the value itself.
fn places(value: &Value, way: &str, found: &mut Vec<String>) {
    found.push(way.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| places(value, &format!("{way}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| places(value, &format!("{way}/{at}"), found));
        }
        _ => {}
    }
}

#[test]
fn the_shipped_files_fit_their_schemas() {
    for (schema, text, is_user) in files() {
        let settings = as_json(&text);
        let errors: Vec<String> = schema.iter_errors(&settings).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(problems(&settings, is_user), Vec::<String>::new());
    }
}

/// Puts many values into each place of a file. Both must refuse a wrong type of a known setting, and the schema must
/// not refuse what the reader accepts. The reader may refuse more, because it knows the machine and the other tables.
#[test]
fn a_changed_setting_is_refused_by_both_or_by_the_reader_alone() {
    let values = [
        json!(true),
        json!(0),
        json!(3),
        json!(4000),
        json!(2.5),
        json!(""),
        json!("auto"),
        json!("high"),
        json!("30s"),
        json!("1h 30m"),
        json!("never"),
        json!("core"),
        json!("/opt/bin/x"),
        json!([]),
        json!(["a"]),
        json!([3]),
        json!({}),
        json!({"env": "A"}),
        json!({"surprise": 1}),
    ];
    let (mut tried, mut refused) = (0, 0);
    for (schema, text, is_user) in files() {
        let settings = as_json(&text);
        let mut all = Vec::new();
        places(&settings, "", &mut all);
        for place in all.iter().skip(1) {
            for value in &values {
                let mut changed = settings.clone();
                *changed.pointer_mut(place).unwrap() = value.clone();
                let found = problems(&changed, is_user);
                let fits = schema.is_valid(&changed);
                assert!(fits || !found.is_empty(), "only the schema refuses {place} = {value}");
                // A schema cannot express all rules for texts; for other types it can.
                let is_plain = value.is_boolean() || value.is_number() || value.pointer("/surprise").is_some();
                assert!(!fits || found.is_empty() || !is_plain, "only the reader refuses {place} = {value}: {found:?}");
                tried += 1;
                refused += usize::from(!fits);
            }
        }
    }
    assert!(tried > 1000 && refused > tried / 2, "{refused} of {tried}");
}

#[test]
fn a_setting_that_does_not_exist_is_refused_by_both() {
    for (schema, text, is_user) in files() {
        let settings = as_json(&text);
        let mut all = Vec::new();
        places(&settings, "", &mut all);
        // The user chooses these names freely.
        let free = ["/keys", "/secrets", "/programs", "/generators"];
        for place in all.iter().filter(|place| !free.contains(&place.as_str())) {
            let mut changed = settings.clone();
            let Some(table) = changed.pointer_mut(place).unwrap().as_object_mut() else { continue };
            table.insert("surprise".to_owned(), json!(1));
            assert!(!schema.is_valid(&changed), "the schema takes {place}/surprise");
            assert_ne!(problems(&changed, is_user), Vec::<String>::new(), "the reader takes {place}/surprise");
        }
    }
}
