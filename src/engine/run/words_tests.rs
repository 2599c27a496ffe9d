use super::*;
use crate::domain::{Dialect, InputMode, Recipe, ToolName};
use serde_json::json;

fn tool(rules: &[&str], schema: Value) -> Manifest {
    let mut manifest = Manifest::blank(ToolName::new("t").unwrap(), Dialect::Native);
    let args = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    manifest.recipe = Some(Recipe { args, ..Recipe::blank(InputMode::Args) });
    manifest.input = Some(schema);
    manifest
}

fn resize() -> Manifest {
    let properties = json!({"path": {"type": "string"}, "width": {"type": "integer"}, "all": {"type": "boolean"},
        "tag": {"type": "array"}, "more": {"type": "array"}});
    tool(&["-w width", "--all", "--tag", "path", "more"], json!({"properties": properties}))
}

#[test]
fn words_are_inputs_by_the_rules_of_the_tool() {
    let of = |words: &[&str]| assignments(&resize(), words).unwrap();
    assert_eq!(of(&["a b", "c", "d"]), ["path=a b", r#"more=["c","d"]"#]);
    assert_eq!(of(&["-w", "3", "--all", "a", "--tag=x"]), ["width=3", "all=true", "path=a", r#"tag=["x"]"#]);
    assert_eq!(of(&["a", "b", "--all", "c"]), ["path=a", r#"more=["b","c"]"#, "all=true"]);
    assert_eq!(of(&["--width", "3", "--", "-rf"]), ["width=3", "path=-rf"]);
    assert_eq!(of(&["-5"]), ["path=-5"]);
}

#[test]
fn without_rules_the_needed_inputs_come_first() {
    let schema = json!({"properties": {"a": {}, "b": {}}, "required": ["b"]});
    assert_eq!(assignments(&tool(&[], schema), &["1", "2"]).unwrap(), ["b=1", "a=2"]);
}

#[test]
fn what_the_tool_does_not_take_is_refused_with_what_it_takes() {
    let of = |words: &[&str]| {
        assignments(&tool(&["--n", "a"], json!({"properties": {"a": {}, "n": {}}})), words).unwrap_err().message
    };
    assert_eq!(of(&["1", "2"]), "\"2\" is one word too many; t takes one word: a");
    assert_eq!(of(&["--x"]), "t has no option --x; its options: --n");
    assert_eq!(of(&["--n"]), "--n needs a value");
}

#[test]
fn items_of_a_list_have_its_type() {
    let schema = json!({"properties": {"nums": {"type": "array", "items": {"type": "integer"}}}});
    assert_eq!(assignments(&tool(&["nums"], schema), &["1", "x"]).unwrap(), [r#"nums=[1,"x"]"#]);
    let schema = json!({"properties": {"size": {"type": "array", "items": {"type": "number"}, "maxItems": 2},
        "tag": {"type": "array"}, "path": {}}});
    let tool = tool(&["--size,-s size...", "--tag", "path"], schema);
    let of = |words: &[&str]| assignments(&tool, words).unwrap();
    assert_eq!(of(&["-s", "1", "2.5", "p"]), ["size=[1,2.5]", "path=p"]);
    assert_eq!(of(&["--tag", "a", "p", "--tag", "b"]), [r#"tag=["a","b"]"#, "path=p"]);
}

#[test]
fn short_options_and_those_for_false_are_understood() {
    let properties = json!({"n": {"type": "integer"}, "v": {"type": "boolean"}, "color": {"type": "boolean"}, "a": {}});
    let tool = tool(&["--times,-n n", "-v", "--color/--no-color", "a"], json!({"properties": properties}));
    let of = |words: &[&str]| assignments(&tool, words).unwrap();
    assert_eq!(of(&["-n", "2", "x"]), ["n=2", "a=x"]);
    assert_eq!(of(&["-vn5", "--no-color"]), ["v=true", "n=5", "color=false"]);
    assert_eq!(of(&["--times=3"]), ["n=3"]);
    assert_eq!(
        assignments(&tool, &["-vz"]).unwrap_err().message,
        "t has no option -vz; its options: --times, -v, --color"
    );
}

#[test]
fn options_are_counted_grouped_and_given_without_a_value() {
    let pair = json!({"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string"}});
    let properties = json!({"level": {"type": "integer"}, "config": {"type": "array", "items": pair},
        "cheese": {"type": ["boolean", "string"]}, "a": {}});
    let rules = ["--verbose,-v level times", "--config config...", "--cheese,-c cheese", "a"];
    let tool = tool(&rules, json!({"properties": properties}));
    let of = |words: &[&str]| assignments(&tool, words).unwrap();
    assert_eq!(of(&["-vv", "--verbose", "x"]), ["level=3", "a=x"]);
    let pairs = ["--config", "k", "v", "--config", "k2", "v2", "x"];
    assert_eq!(of(&pairs), [r#"config=[["k","v"],["k2","v2"]]"#, "a=x"]);
    assert_eq!(of(&["-vc"]), ["level=1", "cheese=true"]);
    assert_eq!(of(&["--cheese", "blue"]), ["cheese=blue"]);
    assert_eq!(of(&["--cheese", "-v"]), ["cheese=true", "level=1"]);
}

#[test]
fn behind_a_command_only_what_belongs_to_it_counts() {
    let properties =
        json!({"db": {}, "command": {"enum": ["add", "rm"]}, "age": {}, "name": {}, "ids": {"type": "array"}});
    let rules = ["--db", "command", "--age if command=add", "name if command=add", "ids if command=rm"];
    let tool = tool(&rules, json!({"properties": properties}));
    let of = |words: &[&str]| assignments(&tool, words);
    assert_eq!(of(&["--db", "x", "add", "--age", "3", "Bob"]).unwrap(), ["db=x", "command=add", "age=3", "name=Bob"]);
    assert_eq!(of(&["rm", "1", "2"]).unwrap(), ["command=rm", r#"ids=["1","2"]"#]);
    assert_eq!(of(&["--age", "3", "add"]).unwrap(), ["age=3", "command=add"]);
    assert_eq!(of(&["rm", "--age", "3"]).unwrap_err().message, "t has no option --age; its options: --db");
}

#[test]
fn what_no_input_can_hold_is_passed_as_it_was_typed() {
    let properties = json!({"n": {"type": "integer"}, "all": {"type": "boolean"}, "file": {},
        "tag": {"type": "array"}, "args": {"type": "array"}});
    let tool = tool(&["--count,-n n", "--all,-a", "--tag", "file", "args..."], json!({"properties": properties}));
    let of = |words: &[&str]| assignments(&tool, words).unwrap();
    // For comparison: inputs of the form are filled.
    assert_eq!(of(&["-an5", "--tag", "x", "f", "y"]), ["all=true", "n=5", r#"tag=["x"]"#, "file=f", r#"args=["y"]"#]);
    assert_eq!(of(&["f", "y", "-n", "5"]), ["file=f", r#"args=["y","-n","5"]"#]);
    assert_eq!(of(&["--odd", "-n", "5", "x"]), [r#"args=["--odd","-n","5","x"]"#]);
    assert_eq!(of(&["-n", "1", "-n", "2", "x"]), ["n=1", r#"args=["-n","2","x"]"#]);
    assert_eq!(of(&["f", "--", "-n", "--", "x"]), ["file=f", r#"args=["--","-n","--","x"]"#]);
    assert_eq!(of(&["-qz"]), [r#"args=["-qz"]"#]);
}

#[test]
fn where_options_come_first_a_word_ends_them() {
    let properties = json!({"v": {"type": "boolean"}, "n": {}, "file": {}, "args": {"type": "array"}});
    let first = |rules: &[&str]| {
        let mut tool = tool(rules, json!({"properties": properties}));
        tool.extra.insert(OPTIONS_FIRST.to_owned(), json!(true));
        tool
    };
    let with_rest = first(&["-v", "-n", "file", "args..."]);
    let of = |words: &[&str]| assignments(&with_rest, words).unwrap();
    assert_eq!(of(&["-v", "-n", "5", "f", "-v", "x"]), ["v=true", "n=5", "file=f", r#"args=["-v","x"]"#]);
    assert_eq!(of(&["f", "-n", "5"]), ["file=f", r#"args=["-n","5"]"#]);
    let alone = first(&["-v", "-n", "file"]);
    let refused = assignments(&alone, &["f", "-v"]).unwrap_err().message;
    assert_eq!(refused, "-v comes after a positional argument, where t reads no options; put it first");
    assert_eq!(assignments(&alone, &["--", "-v"]).unwrap(), ["file=-v"]);
}

#[test]
fn an_option_that_the_tool_needs_is_read_behind_words_too() {
    let schema = json!({"properties": {"key": {}, "args": {"type": "array"}}, "required": ["key"]});
    let tool = tool(&["--key", "args..."], schema);
    assert_eq!(assignments(&tool, &["x", "--key", "k", "y"]).unwrap(), [r#"args=["x","y"]"#, "key=k"]);
}

#[test]
fn a_value_that_is_given_twice_is_refused() {
    let error = assignments(&resize(), &["-w", "1", "--width=2"]).unwrap_err();
    assert_eq!(error.message, "--width is given twice; t takes one value for width");
    assert_eq!(
        assignments(&resize(), &["--all", "--all"]).unwrap_err().message,
        "--all is given twice; t takes one value for all"
    );
}

#[test]
fn a_value_that_must_be_joined_is_no_word() {
    let schema = json!({"properties": {"tag": {"type": ["boolean", "string"]}, "file": {}}});
    let tool = tool(&["--tag=", "file"], schema);
    assert_eq!(assignments(&tool, &["--tag", "x"]).unwrap(), ["tag=true", "file=x"]);
    assert_eq!(assignments(&tool, &["--tag=t", "x"]).unwrap(), ["tag=t", "file=x"]);
}

#[test]
fn a_tool_that_takes_all_words_takes_options_as_words() {
    let tool = tool(&["a", "args"], json!({"properties": {"a": {}, "args": {"type": "array"}}}));
    assert_eq!(assignments(&tool, &["x", "-la", "--all=1"]).unwrap(), ["a=x", r#"args=["-la","--all=1"]"#]);
}

#[test]
fn a_tool_without_words_says_how_its_inputs_are_given() {
    let tool = tool(&["$WHERE where"], json!({"properties": {"where": {}}}));
    let error = assignments(&tool, &["prod"]).unwrap_err();
    assert_eq!(
        error.message,
        "\"prod\" is one word too many; t takes no words; its inputs are given by name: --set where=…"
    );
}
