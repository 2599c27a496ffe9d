use super::*;
use proptest::prelude::*;
use serde_json::json;

fn form(schema: &Value) -> Form {
    Form::from_schema(Some(schema), None, &[])
}

/// Each field as `path kind`, with `*` if it is required.
fn outline(form: &Form) -> Vec<String> {
    let line = |field: &Field| {
        let kind = match &field.kind {
            FieldKind::Text { multiline: false } => "text".to_owned(),
            FieldKind::Text { multiline: true } => "lines".to_owned(),
            FieldKind::Choice(values) => format!("choice{}", values.len()),
            FieldKind::List(item) => format!("list-{item:?}").to_lowercase(),
            FieldKind::Variant(labels) => format!("variant({})", labels.join("|")),
            other => format!("{other:?}").to_lowercase(),
        };
        format!("{}{} {kind}", field.dotted(), if field.required { "*" } else { "" })
    };
    form.fields().iter().map(line).collect()
}

fn kinds_of(properties: &Value) -> Vec<String> {
    outline(&form(&json!({"type": "object", "properties": properties})))
}

#[test]
fn each_schema_gives_its_kind_of_field() {
    let table = [
        (json!({"a": {"type": "string"}}), vec!["a text"]),
        (json!({"code": {"type": "string"}}), vec!["code lines"]),
        (json!({"a": {"type": "string", "default": "x\ny"}}), vec!["a lines"]),
        (json!({"a": {"type": ["string", "null"]}}), vec!["a text"]),
        (
            json!({"a": {"type": "integer"}, "b": {"type": "number"}, "c": {"type": "boolean"}}),
            vec!["a integer", "b number", "c switch"],
        ),
        (json!({"a": {"enum": ["x", 1, null]}}), vec!["a choice3"]),
        (json!({"a": {"oneOf": [{"const": "x", "title": "X"}, {"const": "y"}]}}), vec!["a choice2"]),
        (json!({"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}), vec!["a text"]),
        (json!({"a": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}), vec!["a any"]),
        (json!({"a": {"type": ["integer", "array"]}}), vec!["a json"]),
        (json!({"a": {"type": "array", "items": {"type": "string"}}}), vec!["a list-text"]),
        (json!({"a": {"type": "array", "items": {"type": "integer"}}}), vec!["a list-integer"]),
        (json!({"a": {"type": "array", "items": {"type": "object"}}}), vec!["a json"]),
        (json!({"a": {"type": "array"}}), vec!["a json"]),
        (json!({"a": {"type": "object"}}), vec!["a json"]),
        (json!({"a": {}}), vec!["a any"]),
        (json!({"a": true}), vec!["a any"]),
        (
            json!({"a": {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer"}}}}),
            vec!["a group", "a.b* integer"],
        ),
        (
            json!({"a": {"oneOf": [
                {"title": "One", "properties": {"x": {"type": "integer"}}},
                {"properties": {"kind": {"const": "two"}}},
            ]}}),
            vec!["a variant(One|two)"],
        ),
        // Type names from function-calling datasets.
        (
            json!({"a": {"type": "dict", "properties": {"b": {"type": "float"}}}, "c": {"type": "any"}}),
            vec!["a group", "a.b number", "c any"],
        ),
        (
            json!({"a": {"type": "tuple", "items": {"type": "float"}}, "b": {"type": "String"}}),
            vec!["a list-number", "b text"],
        ),
        (json!({"a": {"type": "string", "required": true}}), vec!["a* text"]),
    ];
    for (properties, expected) in table {
        assert_eq!(kinds_of(&properties), expected, "{properties}");
    }
}

#[test]
fn references_within_the_document_are_followed_and_rings_end() {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
            "c": {"$ref": "https://example.org/x"}, "d": {"allOf": [{"$ref": "#/$defs/N"}], "description": "D"}},
        "$defs": {"A": {"type": "object", "properties": {"x": {"type": "integer"}}}, "N": {"type": "integer"}},
    });
    assert_eq!(outline(&form(&schema)), ["a group", "a.x integer", "b group", "b.x integer", "c any", "d integer"]);
    let ring = form(&json!({"type": "object", "properties": {"next": {"$ref": "#"}, "n": {"$ref": "#/properties/n"}}}));
    assert_eq!(ring.fields().iter().filter(|field| field.kind == FieldKind::Group).count(), 5);
    assert_eq!(ring.value(), json!({}));
}

#[test]
fn without_properties_the_whole_input_is_one_field() {
    for schema in [json!({"type": "object"}), json!({"type": "array"}), json!(true), json!("odd"), json!({"oneOf": []})]
    {
        let form = form(&schema);
        assert_eq!((outline(&form), form.value()), (vec![" json".to_owned()], json!({})));
    }
    assert!(form(&json!({"type": "object", "properties": {}, "additionalProperties": false})).is_empty());
    let list = Form::from_schema(None, Some(&json!([1, 2])), &[]);
    assert_eq!(list.value(), json!([1, 2]));
}

#[test]
fn defaults_fill_a_new_form_and_a_last_input_fills_it_exactly() {
    let schema = json!({"type": "object", "required": ["flag", "one"], "properties": {
        "a": {"type": "integer", "default": 3}, "n": {"type": "string", "default": null},
        "flag": {"type": "boolean"}, "one": {"const": "only"},
        "opt": {"type": "object", "properties": {"x": {"type": "integer", "default": 9}}}}});
    assert_eq!(form(&schema).value(), json!({"a": 3, "flag": false, "one": "only"}));
    let last = json!({"flag": true, "one": "only", "opt": {}, "more": [1]});
    assert_eq!(Form::from_schema(Some(&schema), Some(&last), &[]).value(), last);
}

#[test]
fn texts_become_values_by_kind() {
    let schema = json!({"type": "object", "properties": {
        "s": {"type": "string"}, "i": {"type": "integer"}, "n": {"type": "number"}, "b": {"type": "boolean"},
        "e": {"enum": ["red", 2]}, "l": {"type": "array", "items": {"type": "string"}},
        "m": {"type": "array", "items": {"type": "integer"}}, "j": {"type": "object"}, "x": {}}});
    let table = [
        ("s", "5", Some(json!("5"))),
        ("s", "", None),
        ("i", " 42 ", Some(json!(42))),
        ("i", "18446744073709551615", Some(json!(u64::MAX))),
        ("i", "1e3", Some(json!(1000.0))),
        ("n", "1.50", Some(json!(1.5))),
        ("n", ".5", Some(json!(0.5))),
        ("b", "yes", Some(json!(true))),
        ("e", "2", Some(json!(2))),
        ("e", "RED", Some(json!("red"))),
        ("l", "a, b\nc", Some(json!(["a, b", "c"]))),
        ("l", "[]", Some(json!([]))),
        ("m", "1, 2\n3", Some(json!([1, 2, 3]))),
        ("j", "{\"k\": [1]}", Some(json!({"k": [1]}))),
        ("x", "plain", Some(json!("plain"))),
        ("x", "7", Some(json!(7))),
    ];
    for (path, text, expected) in table {
        let mut form = form(&schema);
        assert_eq!(form.set_text(path, text), Ok(()), "{path} {text}");
        assert_eq!(form.value().get(path), expected.as_ref(), "{path} {text}");
        assert_eq!(form.text_of(path), text);
    }
    for (path, text) in
        [("i", "1.5"), ("i", "x"), ("n", "NaN"), ("n", "inf"), ("b", "maybe"), ("e", "blue"), ("j", "{")]
    {
        let mut form = form(&schema);
        assert!(form.set_text(path, text).is_err(), "{path} {text}");
        assert_eq!(form.text_of(path), text, "what was typed stays");
        assert_eq!(form.violations().len(), 1, "{path} {text}");
    }
}

#[test]
fn violations_name_their_field() {
    let schema = json!({"type": "object", "required": ["path", "o"], "properties": {
        "path": {"type": "string"}, "n": {"type": "integer", "maximum": 5},
        "o": {"type": "object", "required": ["k"], "properties": {"k": {"type": "string", "minLength": 2}}}}});
    let mut form = form(&schema);
    let found = |form: &Form| -> Vec<(String, String)> {
        let path = |index: Option<usize>| index.map_or_else(String::new, |index| form.fields()[index].dotted());
        form.violations().into_iter().map(|violation| (path(violation.field), violation.message)).collect()
    };
    let required = "is required".to_owned();
    assert_eq!(found(&form), [("path".to_owned(), required.clone()), ("o.k".to_owned(), required)]);
    form.apply_set("path=x").unwrap();
    form.apply_set("n=9").unwrap();
    form.apply_set("o.k=a").unwrap();
    let places: Vec<String> = found(&form).into_iter().map(|(path, _)| path).collect();
    assert_eq!(places, ["n", "o.k"]);
    assert_eq!(form.value(), json!({"path": "x", "n": 9, "o": {"k": "a"}}));
}

#[test]
fn assignments_reach_fields_groups_and_what_no_field_stands_for() {
    let schema = json!({"type": "object", "properties": {
        "s": {"type": "string"}, "o": {"type": "object", "properties": {"k": {"type": "integer"}}},
        "j": {"type": "object"}}});
    let mut form = form(&schema);
    for assignment in ["s=", "o.k=1", "j.a.b=2", "new=[1]", "o.other=x=y", "deep.er=true"] {
        assert_eq!(form.apply_set(assignment), Ok(()), "{assignment}");
    }
    assert_eq!(
        form.value(),
        json!({"s": "", "o": {"k": 1, "other": "x=y"}, "j": {"a": {"b": 2}}, "new": [1], "deep": {"er": true}})
    );
    form.apply_set("o={\"k\": 5}").unwrap();
    assert_eq!(form.value()["o"], json!({"k": 5}));
    assert_eq!(form.apply_set("novalue"), Err(FormError::NotAnAssignment("novalue".to_owned())));
    assert!(form.apply_set("s.x=1").is_err());
    let closed = json!({"type": "object", "properties": {"s": {"type": "string"}}, "additionalProperties": false});
    let unknown = super::Form::from_schema(Some(&closed), None, &[]).apply_set("t=1");
    assert_eq!(unknown, Err(FormError::UnknownField { field: "t".to_owned(), known: "s".to_owned() }));
}

#[test]
fn a_variant_shows_the_fields_of_the_chosen_form() {
    let schema = json!({"type": "object", "properties": {"from": {"oneOf": [
        {"title": "File", "required": ["kind", "path"],
            "properties": {"kind": {"const": "file"}, "path": {"type": "string"}}},
        {"title": "Link", "required": ["kind", "url"],
            "properties": {"kind": {"const": "link"}, "url": {"type": "string"}}},
    ]}}});
    let mut form = form(&schema);
    assert_eq!(outline(&form), ["from variant(File|Link)"]);
    form.step_option(0, 1);
    assert_eq!(outline(&form), ["from variant(File|Link)", "from.kind* choice1", "from.path* text"]);
    form.step_option(0, 1);
    form.set_text("from.url", "http://x").unwrap();
    assert_eq!(form.value(), json!({"from": {"kind": "link", "url": "http://x"}}));
    assert_eq!(form.violations(), []);
    form.step_option(0, 1);
    assert_eq!((form.value(), form.text_of("from")), (json!({}), String::new()));
    let last = json!({"from": {"kind": "link", "url": "u", "extra": 1}});
    let again = Form::from_schema(Some(&schema), Some(&last), &[]);
    assert_eq!((again.text_of("from"), again.value()), ("Link".to_owned(), last));
    let odd = json!({"from": {"kind": "other"}});
    assert_eq!(Form::from_schema(Some(&schema), Some(&odd), &[]).value(), odd);
}

#[test]
fn examples_are_shown_and_filled_in_only_when_asked() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let example = Example { description: String::new(), input: json!({"a": 7}), output: None };
    let mut form = Form::from_schema(Some(&schema), None, &[example]);
    assert_eq!((form.value(), form.fields()[0].example.clone()), (json!({}), Some(json!(7))));
    assert!(form.fill_example(0) && !form.fill_example(1));
    assert_eq!(form.value(), json!({"a": 7}));
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("type"),
        Just("properties"),
        Just("items"),
        Just("oneOf"),
        Just("anyOf"),
        Just("allOf"),
        Just("enum"),
        Just("const"),
        Just("required"),
        Just("$ref"),
        Just("default"),
        Just("minimum"),
        Just("pattern"),
        Just("a"),
        Just("b"),
        Just("additionalProperties"),
        Just("title"),
        Just("$defs"),
    ];
    let text = prop_oneof![
        Just("object"),
        Just("string"),
        Just("dict"),
        Just("any"),
        Just("float"),
        Just("array"),
        Just("#"),
        Just("["),
        Just("#/$defs/a"),
        Just("#/properties/a"),
        Just("integer"),
        Just("null"),
        Just("a"),
        Just("1"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((word.clone(), inner), 0..5).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_a_schema_and_gives_back_any_input_unchanged(schema in any_json(), last in any_json(), text in ".{0,8}") {
        let mut form = Form::from_schema(Some(&schema), Some(&last), &[]);
        if !form.is_empty() || last.is_object() {
            prop_assert_eq!(&form.value(), &last);
        }
        form.violations();
        for index in 0..form.fields().len().min(8) {
            form.step_option(index, 1);
            let _ = form.set_text_at(index, &text);
        }
        let _ = form.apply_set(&format!("a.b={text}"));
        form.violations();
        let fresh = Form::from_schema(Some(&schema), None, &[]);
        fresh.violations();
    }

    #[test]
    fn what_a_field_shows_can_be_entered_again(kind in 0usize..6, value in any_json()) {
        let schema = [json!({"type": "string"}), json!({"type": "number"}), json!({}), json!({"type": "object"}),
            json!({"type": "array", "items": {"type": "string"}}), json!({"enum": [value, 1]})][kind].clone();
        let schema = json!({"type": "object", "properties": {"f": schema}});
        let last = json!({"f": value});
        let mut form = Form::from_schema(Some(&schema), Some(&last), &[]);
        let text = form.text_of("f");
        form.set_text("f", &text).ok();
        prop_assert_eq!(form.value(), last);
    }
}
