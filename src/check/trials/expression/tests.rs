use super::*;
use serde_json::json;

fn ask(rule: &str) -> Result<bool, String> {
    let input = json!({"limit": 3, "text": "Abc", "n": -2});
    let output = json!({"items": [1, 2, 2.0], "total": 5, "name": "ABC", "rows": [{"id": 1}, {"id": 2}], "a b": 1});
    let scope = EvaluationScope { input: &input, output: &output, other: None, steps: None, exit: 0 };
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
        ("output.nothing == 1", "output.nothing does not exist"),
        ("output.items[7] == 1", "output.items[7] does not exist"),
        ("output.name < 3", "\"ABC\" and 3 cannot be compared"),
        ("output.total", "5 is not true or false"),
        ("1 / 0 == 1", "the result is not a number"),
        ("import os", "unknown name import; paths begin with input or output"),
        ("output.total >", "the rule is incomplete"),
        ("output.total > 1 2", "unexpected 2 in the rule"),
        ("len(1, 2) == 1", "len takes 1, not 2"),
        ("'x", "unterminated string in the rule"),
        ("output.total & 1", "'&' is not allowed in a rule"),
        ("item == 1", "item is available in all and any only"),
    ] {
        assert_eq!(ask(rule), Err(why.to_owned()), "{rule}");
    }
}

#[test]
fn rules_in_cel_hold_as_they_do_elsewhere() {
    for rule in [
        "size(output.items) <= input.limit && output.items.size() == 3",
        "output.rows.all(row, row.id > 0) && output.rows.exists(row, row.id == 2)",
        "output.rows.exists_one(r, r.id == 1) && !output.rows.existsOne(r, r.id > 0)",
        "output.rows.map(r, r.id * 2) == [2, 4]",
        "output.rows.filter(r, r.id > 1).size() == 1",
        "output.items.map(x, x * 2).filter(y, y > 2) == [4, 4]",
        "output.rows.all(a, output.rows.exists(b, a.id == b.id))",
        "has(output.total) && !has(output.nothing) && !(output.total < 0)",
        "output.name.startsWith('AB') && output.name.endsWith(\"C\") && output.name.contains('B')",
        "output.name.lowerAscii() == 'abc' && ' x '.trim() == 'x' && input.text.upperAscii() == output.name",
        "input.limit > 2 ? output.total == 5 : false",
        "false ? false : true ? true : false",
        "output.all(key, key != 'secret') && output.items.contains(2)",
        "string(output.total) == '5' && int('7') == 7 && double(\"1.5\") == 1.5 && int(2.9) == 2",
        "!true || 1u == 1",
        "output['rows'][0]['id'] == 1 && 2 in output.items",
        "type(output.rows) == 'array'",
        // If one side decides, an error of the other does not matter.
        "output.nothing == 1 || output.total == 5",
        "!(output.nothing == 1 && output.total == 4)",
        // A name may be that of a function, and hides an outer one.
        "output.rows.all(size, size.id > 0) && [1].all(x, [2].all(x, x == 2))",
    ] {
        assert_eq!(ask(rule), Ok(true), "{rule}");
    }
}

#[test]
fn what_is_wrong_with_cel_is_said() {
    for (rule, why) in [
        (
            "output.name.matches('A.*')",
            "there is no .matches(); there are size, startsWith, endsWith, contains, lowerAscii, upperAscii, trim, all, exists, exists_one, existsOne, map, filter",
        ),
        ("output.rows.all(output, true)", ".all() begins with a name for each element: .all(x, x > 0)"),
        ("output.rows.all(r, x.id)", "unknown name x; paths begin with input or output"),
        ("output.rows.all(r, true) && r.id == 1", "unknown name r; paths begin with input or output"),
        ("output.name.startsWith()", ".startsWith() takes 1, not 0"),
        ("output.total.all(x, true)", "5 is not a list"),
        ("has(output)", "has takes a path: has(output.name)"),
        ("true ? 1", "missing : in the rule"),
        ("output.nothing == 1 && true", "output.nothing does not exist"),
        ("output.total & 1 == 1", "'&' is not allowed in a rule"),
        ("{'a': 1}", "'{' is not allowed in a rule"),
    ] {
        assert_eq!(ask(rule), Err(why.to_owned()), "{rule}");
    }
}

#[test]
fn a_rule_that_builds_ends() {
    let long = json!({"items": vec!["x".repeat(100); 3000]});
    let scope = EvaluationScope { input: &long, output: &long, other: None, steps: None, exit: 0 };
    for rule in [
        "output.items.map(x, output.items).size() == 1",
        "output.items.map(x, output.items.map(y, output)).size() == 1",
        "output.items.map(x, [x, x]).map(x, [x, x, x]).map(x, [x, x, x, x]).all(x, x.all(y, y.all(z, z == x)))",
        "output.items.all(a, output.items.all(b, a == b))",
        "output.items.filter(a, output.items.exists(b, b == 'y')).size() == 0",
        "output.items.map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x).all(x, output.items.all(y, y != x))",
        "has(output.items[0]) && output.items.all(x, has(x.y) || output.items.all(z, z == x))",
    ] {
        let begun = std::time::Instant::now();
        assert_eq!(
            Expression::parse(rule).unwrap().holds(&scope),
            Err("it takes too many steps to evaluate".to_owned()),
            "{rule}"
        );
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{rule}");
    }
}

#[test]
fn a_hostile_rule_ends() {
    assert!(ask(&"!".repeat(1000)).is_err());
    assert!(ask(&"true ? ".repeat(250)).is_err());
    assert!(ask(&"[1].all(x, ".repeat(150)).is_err());
    assert!(ask(&format!("output{}", ".a".repeat(900))).is_err());
    assert!(ask(&format!("1{} == 1", "+1".repeat(900))).is_err());
    assert!(ask(&format!("true{}", " && true".repeat(200))).is_err());
    assert_eq!(ask(&format!("1{} == 101", "+1".repeat(100))), Ok(true));
    assert!(ask(&"(".repeat(1000)).is_err());
    assert!(ask(&"-".repeat(1000)).is_err());
    assert!(ask(&"not ".repeat(400)).is_err());
    assert!(ask(&"x".repeat(3000)).is_err());
    let long = json!({"items": vec![1; 1000]});
    let scope = EvaluationScope { input: &long, output: &long, other: None, steps: None, exit: 0 };
    let rule = "all(output.items, all(output.items, all(output.items, item == 1)))";
    assert_eq!(Expression::parse(rule).unwrap().holds(&scope), Err("it takes too many steps to evaluate".to_owned()));
    assert!(Expression::parse("é.é == 'é'").is_err());
}
