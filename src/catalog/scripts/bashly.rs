//! The definition from which bashly makes a script: `name`, `help`, `args`, `flags`, `commands`.

use super::commands::{CommandTree, NodeId, ROOT};
use super::option_words::{Takes, finished, one_line, rule_of};
use super::{Declared, DeclaredInput, rest_words};
use crate::domain::InputMode;
use serde_json::{Map, Value, json};

/// Commands of commands are followed so deep.
const MAX_DEPTH: usize = 6;

/// The declarations of such a definition.
pub(in crate::catalog) fn declared(fields: &Map<String, Value>) -> Declared {
    let mut tree = CommandTree::default();
    let whole = Value::Object(fields.clone());
    add(&mut tree, ROOT, &whole, 0);
    let declared = tree.declared(Some(text(&whole, "help")).filter(|words| !words.is_empty()));
    let version = Some(text(&whole, "version")).filter(|version| !version.is_empty());
    let input = if declared.inputs.is_empty() { InputMode::None } else { InputMode::Args };
    Declared { version, input: Some(input), ..declared }
}

fn add(tree: &mut CommandTree, node: NodeId, said: &Value, depth: usize) {
    for flag in list(said, "flags") {
        let names: Vec<String> =
            ["long", "short"].iter().map(|key| text(flag, key)).filter(|name| !name.is_empty()).collect();
        let is_bare = text(flag, "arg").is_empty();
        if let Some(input) = input(flag, &names, is_bare, tree.inputs(node)) {
            tree.push(node, input);
        }
    }
    for word in list(said, "args") {
        if let Some(input) = input(word, &[text(word, "name")], false, tree.inputs(node)) {
            tree.push(node, input);
        }
    }
    if said.get("catch_all").is_some_and(|value| *value != json!(false)) {
        let rest = rest_words(tree.inputs(node));
        tree.push(node, rest);
    }
    for command in list(said, "commands").iter().filter(|_| depth < MAX_DEPTH) {
        let name = text(command, "name");
        if name.is_empty() || command["private"] == json!(true) {
            // One that another file defines.
            tree.note_computed(node);
            continue;
        }
        let id = tree.add_command(node, &name, &text(command, "help"));
        let aliases: Vec<String> = texts(command.get("alias")).collect();
        tree.add_aliases(id, aliases);
        add(tree, id, command, depth + 1);
    }
}

fn input(said: &Value, names: &[String], is_bare: bool, taken: &[DeclaredInput]) -> Option<DeclaredInput> {
    let (name, rule) = rule_of(names, taken)?;
    let mut input = DeclaredInput::text(&name, rule);
    let is = |key: &str| said[key] == json!(true);
    let allowed: Vec<Value> = texts(said.get("allowed")).map(Value::from).collect();
    if !allowed.is_empty() {
        input.put("enum", allowed);
    }
    match (is_bare, is("repeatable")) {
        (true, true) => input.takes(Takes::Times),
        (true, false) => input.takes(Takes::Nothing),
        (false, true) => input.takes(Takes::Repeated),
        (false, false) => {}
    }
    input.required = is("required");
    Some(finished(input, &text(said, "help"), said.get("default").cloned()))
}

fn list<'v>(said: &'v Value, key: &str) -> &'v [Value] {
    said.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A text or a list of texts.
fn texts(value: Option<&Value>) -> impl Iterator<Item = String> {
    let items = value.map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
    items.unwrap_or_default().iter().filter_map(Value::as_str).map(str::to_owned)
}

/// A text of a field, its first paragraph in one line.
fn text(said: &Value, key: &str) -> String {
    let written = said.get(key).and_then(Value::as_str).unwrap_or_default();
    one_line(written.trim().split("\n\n").next().unwrap_or_default())
}
