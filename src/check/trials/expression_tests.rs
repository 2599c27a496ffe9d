use super::*;
use serde_json::json;

fn ask(rule: &str) -> Result<bool, String> {
    let input = json!({"limit": 3, "text": "Abc", "n": -2});
    let output = json!({"items": [1, 2, 2.0], "total": 5, "name": "ABC", "rows": [{"id": 1}, {"id": 2}], "a b": 1});
    let scope = Scope { input: &input, output: &output, other: None, exit: 0 };
    Expression::parse(rule)?.holds(&scope)
}

#[test]
fn rules_that_hold_hold_and_others_do_not() {
    for rule in [
        "output.total >= 0",
        "len(output.items) <= input.limit",
        "sorted(output.items)",
        "not unique(output.items)",
        "output.items[1] == output.items.2",
        "output.items[-1] == 2",
        "output['a b'] == 1 and exit == 0",
        "upper(input.text) == output.name",
        "all(output.rows, item.id > 0) and any(output.rows, item.id == 2)",
        "sum(output.items) == output.total",
        "1 + 2 * 3 == 7 and (1 + 2) * 3 == 9 and -2 == input.n and 7 % 2 == 1",
        "\"B\" in output.name and 2 in output.items and 'total' in output",
        "exists(output.total) and not exists(output.nothing)",
        "min(output.items) == 1 and max(output.items) == 2.0 and abs(input.n) == 2",
        "round(2.345, 1) == 2.3 and type(output) == 'object'",
        "output.total == 4 or output.total == 5",
        "[1, 2] + [3] == [1, 2, 3.0]",
    ] {
        assert_eq!(ask(rule), Ok(true), "{rule}");
    }
    for rule in ["output.total < 0", "len(output.items) == 4", "output.name == input.text", "not true"] {
        assert_eq!(ask(rule), Ok(false), "{rule}");
    }
}

#[test]
fn what_cannot_be_said_is_said() {
    for (rule, why) in [
        ("output.nothing == 1", "there is no output.nothing"),
        ("output.items[7] == 1", "there is no output.items[7]"),
        ("output.name < 3", "\"ABC\" and 3 have no order"),
        ("output.total", "5 is no yes or no"),
        ("1 / 0 == 1", "the result is no number"),
        ("import os", "import means nothing in a rule; paths begin with input or output"),
        ("output.total >", "the rule ends too early"),
        ("output.total > 1 2", "2 was not expected in the rule"),
        ("len(1, 2) == 1", "len takes 1, not 2"),
        ("'x", "a text in the rule does not end"),
        ("output.total & 1", "'&' means nothing in a rule"),
        ("item == 1", "item is of all and any"),
    ] {
        assert_eq!(ask(rule), Err(why.to_owned()), "{rule}");
    }
}

#[test]
fn a_hostile_rule_ends() {
    assert!(ask(&"(".repeat(1000)).is_err());
    assert!(ask(&"-".repeat(1000)).is_err());
    assert!(ask(&"not ".repeat(400)).is_err());
    assert!(ask(&"x".repeat(3000)).is_err());
    let long = json!({"items": vec![1; 1000]});
    let scope = Scope { input: &long, output: &long, other: None, exit: 0 };
    let rule = "all(output.items, all(output.items, all(output.items, item == 1)))";
    assert_eq!(Expression::parse(rule).unwrap().holds(&scope), Err("it takes too many steps to say".to_owned()));
    assert!(Expression::parse("é.é == 'é'").is_err());
}
