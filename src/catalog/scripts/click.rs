//! click and typer of Python: functions whose decorators make them commands, and groups of commands.

use super::commands::{CommandTree, NodeId, ROOT};
use super::docstring;
use super::option_words::{Named, one_line, rule_of, type_word};
use super::python::{self, Definition, Parameter};
use super::scanner::{arguments, calls, split};
use super::{Declared, DeclaredInput, input_name, literal};
use crate::domain::ArgRule;
use crate::domain::source::Language;
use serde_json::json;
use std::collections::HashMap;

const PYTHON: Language = Language::Python;

/// A decorator such as `@cli.command("name")`.
struct Mark<'t> {
    /// What stands in front of the dot.
    owner: &'t str,
    /// The last name.
    kind: &'t str,
    named: Named<'t>,
}

impl<'t> Mark<'t> {
    fn of(written: &'t str) -> Mark<'t> {
        let head = written.split('(').next().unwrap_or_default().trim();
        let (owner, kind) = head.rsplit_once('.').unwrap_or(("", head));
        Mark { owner, kind, named: decorator_arguments(written) }
    }

    /// The decorator among these names.
    fn among(function: &Definition<'t>, kinds: &[&str]) -> Option<Mark<'t>> {
        function.decorators.iter().map(|written| Mark::of(written)).find(|mark| kinds.contains(&mark.kind))
    }

    /// Whether its name is given, and not as a text.
    fn is_computed(&self) -> bool {
        let given = self.named.arguments.iter().find(|one| one.name.is_none() || one.name == Some("name"));
        given.is_some_and(|one| literal::text(one.value, PYTHON).is_none())
    }

    /// The name of the command: as given, else that of the function.
    fn name(&self, function: &Definition<'_>) -> String {
        let given = self.named.words().into_iter().next().or_else(|| self.named.text("name"));
        given.unwrap_or_else(|| function.name.replace('_', "-"))
    }
}

fn summary(function: &Definition<'_>) -> String {
    docstring::read(&python::docstring(function.body).unwrap_or_default()).summary
}

/// `@click.command`, `@click.group`, `@group.command`, `group.add_command(f)`.
pub(super) fn click(text: &str) -> Option<Declared> {
    let definitions = python::definitions(&python::blocks(text));
    let mut tree = CommandTree::default();
    let mut nodes: HashMap<&str, NodeId> = HashMap::new();
    let (mut description, mut has_root) = (None, false);
    let marked = || definitions.iter().filter_map(|one| Some((one, Mark::among(one, &["command", "group"])?)));
    let has_group = marked().any(|(_, mark)| mark.kind == "group");
    for (function, mark) in marked() {
        let words = summary(function);
        if let Some(parent) = nodes.get(mark.owner).filter(|_| mark.is_computed()) {
            tree.note_computed(*parent);
            for input in
                function.decorators.iter().filter_map(|written| click_input(written, tree.loose())).collect::<Vec<_>>()
            {
                tree.push_loose(input);
            }
            continue;
        }
        let id = match nodes.get(mark.owner) {
            Some(parent) => tree.add_command(*parent, &mark.name(function), &words),
            None if !has_root && (mark.kind == "group" || !has_group) => {
                has_root = true;
                description = Some(words);
                ROOT
            }
            None => tree.add_apart(),
        };
        nodes.insert(function.name, id);
        for written in &function.decorators {
            if let Some(input) = click_input(written, tree.inputs(id)) {
                tree.push(id, input);
            }
        }
    }
    for (at, inner) in calls(text, "add_command", PYTHON) {
        let owner = text[..at].trim_end_matches('.').rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next();
        let named = Named::of(inner, PYTHON);
        let added = split(inner, b',', PYTHON).into_iter().next().unwrap_or_default();
        let function = definitions.iter().find(|one| one.name == added);
        let (Some(function), Some(parent), Some(node)) =
            (function, owner.and_then(|name| nodes.get(name)), nodes.get(added))
        else {
            continue;
        };
        let own = || Mark::among(function, &["command", "group"]).map(|mark| mark.name(function));
        let name = named.words().into_iter().next().or_else(|| named.text("name")).or_else(own);
        tree.attach(*parent, *node, &name.unwrap_or_default(), &summary(function));
    }
    let description = description.filter(|words| !words.is_empty());
    (!definitions.is_empty()).then(|| tree.declared(description))
}

fn decorator_arguments(written: &str) -> Named<'_> {
    let inner = written.find('(').filter(|_| written.ends_with(')')).map(|open| &written[open + 1..written.len() - 1]);
    Named::of(inner.unwrap_or_default(), PYTHON)
}

fn click_input(written: &str, taken: &[DeclaredInput]) -> Option<DeclaredInput> {
    let head = written.split('(').next()?.trim().rsplit('.').next()?;
    let is_word = match head {
        "argument" => true,
        "option" => false,
        _ => return None,
    };
    let named = decorator_arguments(written);
    let (name, rule) = rule_of(&named.words(), taken)?;
    let count = named.value("nargs").and_then(|count| count.as_i64());
    let is_multiple = named.is("multiple");
    let is_together = !is_word && !is_multiple && count > Some(1);
    let rule = ArgRule { is_together, ..rule };
    let mut input = DeclaredInput::text(&name, rule);
    let default = named.value("default").filter(|value| !value.is_null());
    let hint = named.written("type").unwrap_or_default();
    if named.is("is_flag") || named.is("count") || named.words().iter().any(|word| word.contains('/')) {
        input.schema = type_word("bool");
    } else if let Some(choices) = calls(hint, "Choice", PYTHON).next() {
        let first = arguments(choices.1, PYTHON).first().and_then(|one| literal::value(one.value, PYTHON));
        input.put("enum", first.unwrap_or_else(|| json!([])));
    } else if !hint.is_empty() {
        input.schema = type_word(hint.trim_end_matches(')').replace("click.", "").trim_end_matches("Range"));
    } else if let Some(value) = &default {
        input.schema = python::of_value(value);
    }
    let nargs_any = count == Some(-1);
    let is_many = is_multiple || nargs_any || count > Some(1);
    if is_many && input.schema.get("type") != Some(&json!("array")) {
        input.make_array();
    }
    if let Some(number) = count.filter(|number| *number > 1 && !is_multiple) {
        input.put("minItems", number);
        input.put("maxItems", number);
    }
    input.required = if is_word {
        default.is_none() && !nargs_any && named.value("required") != Some(json!(false))
    } else {
        named.is("required")
    };
    input.required |= named.is("required");
    if let Some(default) = default.filter(|value| value.is_array() == is_many) {
        input.put("default", default);
    }
    if let Some(help) = named.text("help") {
        input.describe(&one_line(&help));
    }
    Some(input)
}

/// The functions that typer runs: `typer.run(f)`, `@app.command("name")`, `@app.callback()`, `app.add_typer(other, name="x")`.
pub(super) fn typer(text: &str) -> Option<Declared> {
    let definitions = python::definitions(&python::blocks(text));
    let run = calls(text, "typer.run", PYTHON).next().map(|(_, inner)| inner.trim());
    let functions = || definitions.iter().filter(|one| !one.is_class);
    let commands: Vec<(&Definition<'_>, Mark<'_>)> =
        functions().filter_map(|one| Some((one, Mark::among(one, &["command", "callback"])?))).collect();
    let mut tree = CommandTree::default();
    let mut apps: HashMap<&str, NodeId> = HashMap::new();
    let mut added: Vec<(&str, &str, String)> = Vec::new();
    for (at, inner) in calls(text, "add_typer", PYTHON) {
        let owner = text[..at].trim_end_matches('.').rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next();
        let other = split(inner, b',', PYTHON).into_iter().next().unwrap_or_default();
        let name = Named::of(inner, PYTHON).text("name").unwrap_or_else(|| other.to_owned());
        added.push((owner.unwrap_or_default(), other, name));
    }
    for (_, other, _) in &added {
        apps.insert(other, tree.add_apart());
    }
    for (owner, other, name) in &added {
        let parent = apps.get(owner).copied().unwrap_or(ROOT);
        if let Some(node) = apps.get(other) {
            tree.attach(parent, *node, name, "");
        }
    }
    let is_of_root = |mark: &Mark<'_>| !apps.contains_key(mark.owner);
    let of_root = commands.iter().filter(|(_, mark)| is_of_root(mark));
    // One command alone is the program itself.
    let is_group =
        of_root.clone().count() > 1 || !added.is_empty() || of_root.clone().any(|(_, mark)| mark.kind == "callback");
    let (mut description, mut computed) = (None, None);
    let types: super::hint::Types<'_> = &|name| python::class_schema(&definitions, name, 0);
    let mut take = |tree: &mut CommandTree, node: NodeId, function: &Definition<'_>| {
        for one in function.parameters() {
            let input = typer_input(&one, types, tree.inputs(node));
            tree.push(node, input);
        }
        if node == ROOT || description.is_none() {
            description = Some(summary(function));
        }
    };
    for (function, mark) in &commands {
        let owner = apps.get(mark.owner).copied().unwrap_or(ROOT);
        let is_own = mark.kind == "callback" || owner == ROOT && !is_group;
        if !is_own && mark.is_computed() {
            tree.note_computed(owner);
            for one in function.parameters() {
                let input = typer_input(&one, types, tree.loose());
                tree.push_loose(input);
            }
            computed = computed.or_else(|| Some(summary(function)));
            continue;
        }
        let node = if is_own { owner } else { tree.add_command(owner, &mark.name(function), &summary(function)) };
        take(&mut tree, node, function);
    }
    if let Some(function) = functions().find(|one| run == Some(one.name)) {
        take(&mut tree, ROOT, function);
    }
    let words = description.or(computed)?;
    let description = help_of_app(text, &commands).or(Some(words).filter(|words| !words.is_empty() && !is_group));
    Some(tree.declared(description))
}

/// What a program of several commands says of itself: `Typer(help="…")`, else the docstring of its callback.
fn help_of_app(text: &str, commands: &[(&Definition<'_>, Mark<'_>)]) -> Option<String> {
    let help = calls(text, "Typer", PYTHON).find_map(|(_, inner)| Named::of(inner, PYTHON).text("help"));
    let callback = || commands.iter().find(|(_, mark)| mark.kind == "callback").map(|(function, _)| summary(function));
    help.map(|words| one_line(&words)).or_else(callback).filter(|words| !words.is_empty())
}

fn typer_input(one: &Parameter<'_>, types: super::hint::Types<'_>, taken: &[DeclaredInput]) -> DeclaredInput {
    let (schema, is_needed) = python::value_schema(one, types);
    let spec = [one.default.unwrap_or_default(), one.hint]
        .into_iter()
        .find(|text| text.contains("Option(") || text.contains("Argument("));
    let spec = spec.unwrap_or_default();
    let is_word = spec.contains("Argument(") || spec.is_empty() && is_needed;
    let schema = if schema.is_empty() { type_word("str") } else { schema };
    let inner = calls(spec, "Option", PYTHON).next().map(|(_, inner)| Named::of(inner, PYTHON));
    let mut flags: Vec<String> = inner.iter().flat_map(Named::words).filter(|text| text.starts_with('-')).collect();
    if flags.is_empty() {
        let flag = one.name.replace('_', "-");
        let is_switch = schema.get("type") == Some(&json!("boolean"));
        flags.push(if is_switch { format!("--{flag}/--no-{flag}") } else { format!("--{flag}") });
    }
    let name = input_name(one.name, "value", taken);
    let option = rule_of(&flags, &[]).map(|(_, rule)| ArgRule { input: name.clone(), ..rule });
    let rule = option.filter(|_| !is_word).unwrap_or_else(|| ArgRule::position(&name));
    DeclaredInput { name, schema, required: is_needed, rule: Some(rule) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;

    #[test]
    fn commands_of_click_have_their_names_and_options() {
        let text = "import click\n@click.group()\n@click.option('--verbose', '-v', is_flag=True)\ndef cli(verbose):\n    \"\"\"Notes.\"\"\"\n\
            @cli.command('strip')\n@click.argument('name')\n@click.option('--tag', '-t', multiple=True)\ndef strip_it(name, tag):\n    \"\"\"Strips.\"\"\"\n\
            @click.command()\n@click.option('--pair', nargs=2, type=int)\ndef do_add(pair):\n    pass\ncli.add_command(do_add)\n";
        let expected = [
            "# Notes.",
            r#"command! {"type":"string","enum":["strip","do-add"],"description":"strip: Strips."}"#,
            r#"verbose {"type":"boolean"}"#,
            r#"tag {"type":"array","items":{"type":"string"},"description":"(for strip)"}"#,
            r#"name {"type":"string","description":"(for strip)"}"#,
            r#"pair {"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":2,"description":"(for do-add)"}"#,
            "= --verbose,-v, command, --tag,-t if command=strip, name if command=strip, --pair pair... if command=do-add",
            "! command=strip: name",
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn names_that_are_computed_are_said_to_be() {
        let text = "import click\n@click.group()\ndef cli():\n    pass\n@cli.command('add')\ndef add():\n    pass\n\
            @cli.command(NAME)\n@click.option('--deep')\ndef other(deep):\n    pass\n";
        let expected = [
            r#"command! {"type":"string","examples":["add"],"description":"and names that the script computes"}"#,
            r#"deep {"type":"string"}"#,
            "= command, --deep",
        ];
        assert_eq!(shown("x.py", text), expected);
        let text = "import typer\napp = typer.Typer()\n@app.command('add')\ndef add():\n    pass\n@app.command(name=NAMES[0])\ndef other(deep: str = 'x'):\n    pass\n";
        let shown = shown("x.py", text);
        assert!(shown.iter().any(|line| line.contains("and names that the script computes")), "{shown:?}");
        assert!(shown.iter().any(|line| line.starts_with("deep ")), "{shown:?}");
    }

    #[test]
    fn commands_of_typer_have_their_names_and_options() {
        let text = "import typer\napp = typer.Typer()\n@app.callback()\ndef main(loud: bool = False):\n    \"\"\"Words.\"\"\"\n\
            @app.command('strip')\ndef strip_it(path: str, n: int = typer.Option(2, '--num', '-n')):\n    \"\"\"Strips.\"\"\"\n";
        let expected = [
            "# Words.",
            r#"command! {"type":"string","enum":["strip"],"description":"strip: Strips."}"#,
            r#"loud {"type":"boolean","default":false}"#,
            r#"n {"type":"integer","default":2,"description":"(for strip)"}"#,
            r#"path {"type":"string","description":"(for strip)"}"#,
            "= --loud/--no-loud, command, --num,-n n if command=strip, path if command=strip",
            "! command=strip: path",
        ];
        assert_eq!(shown("x.py", text), expected);
        let text = "import typer\napp = typer.Typer()\nusers = typer.Typer()\napp.add_typer(users, name='users')\n@users.command()\ndef add_one(name: str):\n    pass\n";
        assert!(
            shown("x.py", text)
                .contains(&"= command, users_command if command=users, name if users_command=add-one".to_owned())
        );
    }
}
