//! Specifications of usage (<https://usage.jdx.dev>): those of tasks of mise, and those in comments of a script, `#USAGE
//! flag "-f --force" help="Always"`, `#USAGE arg "<file>"`.
//!
//! Whoever starts a script with such comments through `usage` or mise gives it each value as the variable `usage_NAME`. A
//! script that asks for such variables gets them; another one gets its command line.

use super::commands::{CommandTree, NodeId, ROOT};
use super::{Declared, DeclaredInput, ScriptText};
use crate::domain::{ArgRule, InputMode};
use serde_json::{Map, Value, json};

/// Reads the comments of a script.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let lines: Vec<&str> = script.text.lines().filter_map(directive).collect();
    let specification = lines.join("\n");
    let mut declared = tree(&specification).declared(None);
    if declared.inputs.is_empty() {
        return None;
    }
    for input in declared.inputs.iter_mut().filter(|_| declared.rules.is_empty()) {
        let variable = format!("usage_{}", input.name.replace('-', "_"));
        if script.text.contains(&variable) {
            input.rule = Some(ArgRule::variable(&variable, &input.name));
        }
    }
    let words = |key: &str| lines.iter().find_map(|line| quoted(line.strip_prefix(key)?)).map(str::to_owned);
    let (title, description) = (words("name "), words("about "));
    Some(Declared { title, description, input: Some(InputMode::Args), ..declared })
}

/// What stands behind the mark in a comment: `#USAGE flag …`, `# [USAGE] flag …`, `//USAGE flag …`.
fn directive(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = ["#", "//", "--", "::"].iter().find_map(|sign| line.strip_prefix(sign))?.trim_start();
    let rest = rest.strip_prefix("USAGE").or_else(|| rest.strip_prefix("[USAGE]"))?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim())
}

/// Inputs of a usage specification: `arg "<file>" help="…"`, `flag "-f --force"`, `flag "--out <path>"`.
pub(in crate::catalog) fn usage(text: &str) -> Vec<DeclaredInput> {
    tree(text).inputs(ROOT).to_vec()
}

/// The commands of a specification, each with what stands in its braces.
fn tree(text: &str) -> CommandTree {
    let mut tree = CommandTree::default();
    // The command of each open brace; `None` for one that is no command.
    let mut open: Vec<Option<NodeId>> = Vec::new();
    for line in text.lines().map(str::trim) {
        let node = open.iter().rev().find_map(|node| *node).unwrap_or(ROOT);
        if line == "}" {
            open.pop();
            continue;
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let begins = line.ends_with('{');
        if word == "cmd" {
            let name = quoted(rest).or_else(|| rest.split_whitespace().next()).unwrap_or_default();
            let words = rest.split_once(" help=").and_then(|(_, words)| quoted(words)).unwrap_or_default();
            let child = tree.add_command(node, name, words);
            open.extend(begins.then_some(Some(child)));
            continue;
        }
        if word == "choices" {
            let choices: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
            tree.last_mut(node).map(|input| input.schema.insert("enum".to_owned(), json!(choices)));
            continue;
        }
        open.extend(begins.then_some(None));
        let Some(spec) = quoted(rest) else { continue };
        let input = match word {
            "arg" => argument(spec),
            "flag" | "option" => flag(spec),
            _ => None,
        };
        let Some(mut input) = input else { continue };
        let property = |key: &str| rest.split_once(&format!(" {key}=")).and_then(|(_, value)| quoted(value));
        if let Some(help) = property("help") {
            input.schema.insert("description".to_owned(), json!(help));
        }
        if let Some(default) = property("default") {
            input.schema.insert("default".to_owned(), json!(default));
            input.required = false;
        }
        tree.push(node, input);
    }
    tree
}

fn argument(spec: &str) -> Option<DeclaredInput> {
    let is_many = spec.ends_with('…') || spec.ends_with("...");
    let spec = spec.trim_end_matches(['…', '.']);
    let is_required = spec.starts_with('<') || !spec.starts_with('[');
    let name = input_name(spec.trim_matches(['<', '>', '[', ']']))?;
    Some(DeclaredInput { rule: Some(ArgRule::position(&name)), schema: schema(is_many), required: is_required, name })
}

fn flag(spec: &str) -> Option<DeclaredInput> {
    let long = spec.split_whitespace().find(|word| word.starts_with("--"));
    let option = long.or_else(|| spec.split_whitespace().find(|word| word.starts_with('-')))?;
    let name = input_name(option.trim_start_matches('-').trim_end_matches(['…', '.']))?;
    let takes_value = spec.contains(['<', '[']);
    let schema = if takes_value { schema(false) } else { Map::from_iter([("type".to_owned(), json!("boolean"))]) };
    let rule = Some(ArgRule::option(option.trim_end_matches(['…', '.']), &name));
    Some(DeclaredInput { rule, schema, required: false, name })
}

pub(in crate::catalog) fn schema(is_many: bool) -> Map<String, Value> {
    let text = Map::from_iter([("type".to_owned(), json!("string"))]);
    if !is_many {
        return text;
    }
    Map::from_iter([("type".to_owned(), json!("array")), ("items".to_owned(), Value::Object(text))])
}

/// The text between the first quotes.
pub(in crate::catalog) fn quoted(text: &str) -> Option<&str> {
    let at = text.find(['"', '\''])?;
    let (sign, rest) = text[at..].split_at(1);
    rest.split_once(sign).map(|(inside, _)| inside)
}

pub(in crate::catalog) fn input_name(word: &str) -> Option<String> {
    let is_name = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    (is_name && !word.starts_with('-')).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let declared = read(&ScriptText::new("a.sh", text, None)).unwrap_or_default();
        let line = |input: &DeclaredInput| {
            let rule = input.rule.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{rule}{} {}", if input.required { "!" } else { "" }, json!(input.schema))
        };
        declared.description.iter().cloned().chain(declared.inputs.iter().map(line)).collect()
    }

    #[test]
    fn comments_declare_options_and_words() {
        let text = "#!/usr/bin/env bash\n#USAGE about \"Sends it\"\n#USAGE flag \"-f --force\" help=\"Always\"\n# USAGE flag \"--to <who>\" default=\"all\"\n\
                    # [USAGE] arg \"<file>\" help=\"Which\"\n#USAGE arg \"[rest]...\"\n#USAGE_ARG x\necho \"$@\"\n";
        let wanted = [
            "Sends it",
            r#"--force {"type":"boolean","description":"Always"}"#,
            r#"--to {"type":"string","default":"all"}"#,
            r#"file! {"type":"string","description":"Which"}"#,
            r#"rest {"type":"array","items":{"type":"string"}}"#,
        ];
        assert_eq!(shown(text), wanted);
        assert_eq!(shown("# usage: a.sh FILE\necho USAGE\n"), Vec::<String>::new());
    }

    #[test]
    fn commands_have_what_stands_in_their_braces() {
        let text =
            "#USAGE cmd \"apply\" help=\"Applies\" {\n#USAGE   arg \"<file>\"\n#USAGE }\n#USAGE flag \"--all\"\n";
        let declared = read(&ScriptText::new("a.sh", text, None)).unwrap();
        let rules: Vec<String> = declared.rules.iter().map(ToString::to_string).collect();
        assert_eq!(rules, ["--all", "command", "file if command=apply"]);
    }

    #[test]
    fn a_script_that_asks_for_variables_gets_them() {
        let text = "#USAGE flag \"--user-name <name>\" {\n#USAGE   choices \"a\" \"b\"\n#USAGE }\necho \"${usage_user_name?}\"\n";
        assert_eq!(shown(text), [r#"$usage_user_name user-name {"type":"string","enum":["a","b"]}"#]);
    }
}
