//! click and typer of Python: functions whose decorators make them commands, and groups of commands.

use super::commands::{CommandTree, NodeId, ROOT};
use super::docstring;
use super::option_words::{Named, Takes, one_line, rule_of, truth_default, truth_word, type_word};
use super::python::{self, Definition, Module, Parameter};
use super::scanner::{arguments, calls, inside, split};
use super::{Declared, DeclaredInput, input_name, literal, rest_words};
use crate::domain::ArgRule;
use crate::domain::source::Language;
use serde_json::{Map, Value, json};
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
    let named = decorator_arguments(written);
    let (is_word, usual) = match head {
        "argument" => (true, None),
        "option" => (false, None),
        "confirmation_option" => (false, Some(("--yes", "Confirm the action without prompting."))),
        "password_option" => (false, Some(("--password", ""))),
        _ => return None,
    };
    let mut words = named.words();
    words.extend(usual.filter(|_| words.is_empty()).map(|(flag, _)| flag.to_owned()));
    let (name, rule) = rule_of(&words, taken)?;
    let count = named.value("nargs").and_then(|count| count.as_i64());
    let is_multiple = named.is("multiple");
    let mut input = DeclaredInput::text(&name, rule);
    let default = named.value("default").filter(|value| !value.is_null());
    let hint = named.written("type").unwrap_or_default();
    let is_flag = named.is("is_flag")
        || named.written("flag_value").is_some()
        || named.words().iter().any(|word| word.contains('/'));
    if is_flag {
        input.schema = type_word("bool");
    } else if let Some(choices) = calls(hint, "Choice", PYTHON).next() {
        let first = arguments(choices.1, PYTHON).first().and_then(|one| literal::value(one.value, PYTHON));
        input.put("enum", first.unwrap_or_else(|| json!([])));
    } else if let Some(range) = range(hint) {
        input.schema = range;
    } else if !hint.is_empty() {
        input.schema = type_word(hint.trim_end_matches(')').replace("click.", "").trim_end_matches("Range"));
    } else if let Some(value) = &default {
        input.schema = python::of_value(value);
    }
    let takes_truth = !is_word && !is_flag && head == "option" && input.schema.get("type") == Some(&json!("boolean"));
    if takes_truth {
        // Only a flag stands alone: this option takes a word.
        input.schema = truth_word("false");
    }
    let nargs_any = count == Some(-1);
    // `type=(str, int)` takes one of each.
    let tuple = hint.strip_prefix('(').map(|types| split(types.trim_end_matches(')'), b',', PYTHON).len());
    if tuple.is_some() {
        input.schema = Map::new();
    }
    let several = count.or(tuple.map(|count| i64::try_from(count).unwrap_or(i64::MAX)));
    let several = several.filter(|count| *count > 1).map(i64::unsigned_abs);
    let is_many = is_multiple || nargs_any || several.is_some();
    match several {
        _ if named.is("count") => input.takes(Takes::Times),
        Some(number) if is_multiple => input.takes(Takes::Groups(number)),
        Some(number) => input.takes(Takes::Exactly(number)),
        None if is_many && input.schema.get("type") != Some(&json!("array")) => input.takes(Takes::Repeated),
        None => {}
    }
    input.required = if is_word {
        default.is_none() && !nargs_any && named.value("required") != Some(json!(false))
    } else {
        named.is("required")
    };
    // Without a value it would be asked for at the terminal.
    input.required |= named.is("required") || named.is("prompt") && default.is_none();
    if named.is("hide_input") {
        input.put("format", "password");
    }
    if let Some(default) = default.filter(|value| value.is_array() == is_many) {
        input.put("default", if takes_truth { truth_default(&default, "false") } else { default });
    }
    if head == "confirmation_option" {
        input.schema = type_word("bool");
    }
    let help = named.text("help").or_else(|| usual.map(|(_, words)| words.to_owned()));
    input.describe(&one_line(&help.unwrap_or_default()));
    Some(input)
}

/// The numbers that `IntRange(1, 5)` and `FloatRange(min=0)` allow.
fn range(hint: &str) -> Option<Map<String, Value>> {
    let found = [("IntRange", "int"), ("FloatRange", "float")].into_iter().find_map(|(name, word)| {
        let (_, inner) = calls(hint, name, PYTHON).next()?;
        Some((type_word(word), inner))
    });
    let (mut schema, inner) = found?;
    for (at, argument) in arguments(inner, PYTHON).into_iter().enumerate() {
        let key = match (argument.name, at) {
            (Some("min"), _) | (None, 0) => "minimum",
            (Some("max"), _) | (None, 1) => "maximum",
            _ => continue,
        };
        let value = literal::value(argument.value, PYTHON).filter(Value::is_number);
        schema.extend(value.map(|value| (key.to_owned(), value)));
    }
    Some(schema)
}

/// The functions that typer runs: `typer.run(f)`, `@app.command("name")`, `@app.callback()`, `app.add_typer(other, name="x")`.
pub(super) fn typer(text: &str) -> Option<Declared> {
    let blocks = python::blocks(text);
    let definitions = python::definitions(&blocks);
    let run = calls(text, "typer.run", PYTHON).next().map(|(_, inner)| inner.trim());
    let functions = || definitions.iter().filter(|one| !one.is_class);
    let commands: Vec<(&Definition<'_>, Mark<'_>)> =
        functions().filter_map(|one| Some((one, Mark::among(one, &["command", "callback"])?))).collect();
    let mut tree = CommandTree::default();
    let mut apps: HashMap<&str, NodeId> = HashMap::new();
    let mut added: Vec<(&str, &str, Option<String>)> = Vec::new();
    for (at, inner) in calls(text, "add_typer", PYTHON) {
        let owner = text[..at].trim_end_matches('.').rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next();
        let other = split(inner, b',', PYTHON).into_iter().next().unwrap_or_default();
        added.push((owner.unwrap_or_default(), other, app_name(text, &definitions, other, &Named::of(inner, PYTHON))));
    }
    for (_, other, _) in &added {
        apps.insert(other, tree.add_apart());
    }
    attach_apps(text, &added, &mut tree, &mut apps);
    let is_of_root = |mark: &Mark<'_>| !apps.contains_key(mark.owner);
    let of_root = commands.iter().filter(|(_, mark)| is_of_root(mark));
    // One command alone is the program itself.
    let root_app = of_root.clone().map(|(_, mark)| mark.owner).chain(added.iter().map(|(owner, ..)| *owner));
    let root_made = root_app.filter(|name| !apps.contains_key(name)).find_map(|name| made_with(text, name));
    let root_callback = root_made.as_ref().and_then(|named| named.written("callback"));
    let is_group = of_root.clone().count() > 1
        || !added.is_empty()
        || root_callback.is_some()
        || of_root.clone().any(|(_, mark)| mark.kind == "callback");
    let (mut description, mut computed) = (None, None);
    let aliases = python::aliases(&blocks);
    let module = Module { definitions: &definitions, aliases: &aliases };
    let mut take = |tree: &mut CommandTree, node: NodeId, function: &Definition<'_>| {
        for one in function.parameters().into_iter().filter(|one| !one.hint.ends_with("Context")) {
            let mut input = typer_input(&one, module, tree.inputs(node));
            if let Some(member) = enum_default(&one, &definitions).filter(|_| !input.schema.contains_key("default")) {
                input.put("default", member);
                input.required = false;
            }
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
                let input = typer_input(&one, module, tree.loose());
                tree.push_loose(input);
            }
            computed = computed.or_else(|| Some(summary(function)));
            continue;
        }
        let node = if is_own { owner } else { tree.add_command(owner, &mark.name(function), &summary(function)) };
        take(&mut tree, node, function);
    }
    for function in functions().filter(|one| run == Some(one.name) || root_callback == Some(one.name)) {
        take(&mut tree, ROOT, function);
    }
    let added_words = (!added.is_empty()).then(String::new);
    let words = description.or(computed).or(added_words)?;
    let description = help_of_app(text, &commands).or(Some(words).filter(|words| !words.is_empty() && !is_group));
    Some(tree.declared(description))
}

/// What a program of several commands says of itself: `Typer(help="…")`, else the docstring of its callback.
fn help_of_app(text: &str, commands: &[(&Definition<'_>, Mark<'_>)]) -> Option<String> {
    let help = calls(text, "Typer", PYTHON).find_map(|(_, inner)| Named::of(inner, PYTHON).text("help"));
    let callback = || commands.iter().find(|(_, mark)| mark.kind == "callback").map(|(function, _)| summary(function));
    help.map(|words| one_line(&words)).or_else(callback).filter(|words| !words.is_empty())
}

/// Puts the apps that are added to others below them, each with its name.
fn attach_apps<'t>(
    text: &str,
    added: &[(&'t str, &'t str, Option<String>)],
    tree: &mut CommandTree,
    apps: &mut HashMap<&'t str, NodeId>,
) {
    for (owner, other, name) in added {
        let parent = apps.get(owner).copied().unwrap_or(ROOT);
        let is_here = is_assigned(text, other);
        match (apps.get(other).copied(), name) {
            (Some(node), Some(name)) => {
                tree.attach(parent, node, name, "");
                if !is_here {
                    // Another file has its commands.
                    tree.push(node, rest_words(&[]));
                }
            }
            // Without a name its commands are those of its parent.
            (Some(_), None) if is_here => {
                apps.insert(other, parent);
            }
            _ => {
                tree.note_computed(parent);
                let rest = rest_words(tree.loose());
                tree.push_loose(rest);
            }
        }
    }
}

/// Whether a script makes what it gives a name.
fn is_assigned(text: &str, name: &str) -> bool {
    made_with(text, name).is_some()
}

/// What an app is made with: `app = Typer(name="x", callback=f)`.
fn made_with<'t>(text: &'t str, app: &str) -> Option<Named<'t>> {
    calls(text, "Typer", PYTHON).find_map(|(at, inner)| {
        let line = text[..at].rsplit('\n').next()?;
        let (name, _) = line.split_once('=')?;
        (name.split(':').next()?.trim() == app).then(|| Named::of(inner, PYTHON))
    })
}

/// The name that an app has: what it is added or made with, else that of its callback.
fn app_name(text: &str, definitions: &[Definition<'_>], app: &str, added: &Named<'_>) -> Option<String> {
    let made = made_with(text, app);
    let of_function = |name: &str| name.replace('_', "-");
    let marked = || {
        let mut functions = definitions.iter();
        functions.find_map(|one| {
            let mark = Mark::among(one, &["callback"]).filter(|mark| mark.owner == app)?;
            Some((mark.named.text("name"), one.name))
        })
    };
    let callback = |named: &Named<'_>| named.written("callback").map(of_function);
    added
        .text("name")
        .or_else(|| marked()?.0)
        .or_else(|| made.as_ref()?.text("name"))
        .or_else(|| callback(added))
        .or_else(|| Some(of_function(marked()?.1)))
        .or_else(|| callback(made.as_ref()?))
}

/// The value of a member of an enumeration that is a default: `Kind.big`.
fn enum_default(one: &Parameter<'_>, definitions: &[Definition<'_>]) -> Option<Value> {
    let written = one.default?;
    let (class, member) = written.rsplit('(').next()?.split([',', ')']).next()?.trim().split_once('.')?;
    definitions.iter().find(|known| known.is_class && known.name == class)?.field(member)
}

fn typer_input(one: &Parameter<'_>, module: Module<'_, '_>, taken: &[DeclaredInput]) -> DeclaredInput {
    let (schema, is_needed) = python::value_schema(one, module);
    let spec = [one.default.unwrap_or_default(), one.hint]
        .into_iter()
        .find(|text| text.contains("Option(") || text.contains("Argument("));
    let spec = spec.unwrap_or_default();
    let is_word = spec.contains("Argument(") || spec.is_empty() && is_needed;
    let schema = if schema.is_empty() { type_word("str") } else { schema };
    let inner = calls(spec, "Option", PYTHON).next().map(|(_, inner)| Named::of(inner, PYTHON));
    let mut flags: Vec<String> = inner.iter().flat_map(Named::words).collect();
    flags.retain(|text| text.trim().starts_with(['-', '/']));
    // `" /--demo"` has a form for no only: it is a switch of that name.
    let is_off_only = !flags.is_empty() && flags.iter().all(|text| text.trim().starts_with('/'));
    if is_off_only {
        for flag in &mut flags {
            *flag = flag.trim().trim_start_matches('/').trim().to_owned();
        }
    }
    if flags.is_empty() {
        let flag = one.name.replace('_', "-");
        let is_switch = schema.get("type") == Some(&json!("boolean"));
        flags.push(if is_switch { format!("--{flag}/--no-{flag}") } else { format!("--{flag}") });
    }
    // An option that has a name of its own is known by it.
    let own = flags.iter().find(|flag| flag.trim().starts_with("--"));
    let name = input_name(
        own.filter(|_| !is_word).map_or(one.name, |flag| flag.split('/').next().unwrap_or(flag)),
        "value",
        taken,
    );
    let option = rule_of(&flags, &[]).map(|(_, rule)| ArgRule { input: name.clone(), ..rule });
    let rule = option.filter(|_| !is_word).unwrap_or_else(|| ArgRule::position(&name));
    let required = is_needed && !spec.contains("default_factory");
    let mut input = DeclaredInput { name, schema, required, rule: Some(rule) };
    let is_counted = inner.as_ref().is_some_and(|named| named.is("count"));
    let tuple = hint_parts(one.hint, "uple[").map(|types| split(types, b',', PYTHON));
    match tuple {
        _ if is_counted => input.takes(Takes::Times),
        Some(types) if types.len() > 1 && !types.contains(&"...") => {
            let groups = hint_parts(one.hint, "ist[").is_some();
            let default = input.schema.remove("default");
            input.schema.shift_remove("items");
            let count = u64::try_from(types.len()).unwrap_or(u64::MAX);
            input.takes(if groups { Takes::Groups(count) } else { Takes::Exactly(count) });
            if let Some(default) = default.filter(|value| {
                value.as_array().is_some_and(|all| all.len() == types.len() && !all.iter().all(Value::is_null))
            }) {
                input.put("default", default);
            }
        }
        _ => {}
    }
    if is_off_only {
        input.schema.shift_remove("default");
        let words = format!("Says no to {}", one.name);
        input.describe(&words);
    }
    input
}

/// What stands in the brackets of a type: `str, int` of `Tuple[str, int]`.
fn hint_parts<'t>(hint: &'t str, mark: &str) -> Option<&'t str> {
    let open = hint.find(mark)? + mark.len() - 1;
    inside(hint, open, PYTHON)
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;

    #[test]
    fn only_a_flag_stands_alone() {
        let text = "import click\n@click.command()\n@click.option('--tag', type=bool, default=False)\n@click.option('--save', default=True)\n@click.option('--fl', is_flag=True)\n\
            @click.option('--on/--off', default=True)\n@click.option('--as', 'kind', flag_value='x', default=False)\n@click.argument('yes', type=bool)\ndef main(tag): pass\nmain()\n";
        let expected = [
            r#"--tag {"type":"string","enum":["true","false"],"default":"false"}"#,
            r#"--save {"type":"string","enum":["true","false"],"default":"true"}"#,
            r#"--fl {"type":"boolean"}"#,
            r#"--on/--off {"type":"boolean","default":true}"#,
            r#"--as {"type":"boolean","default":false}"#,
            r#"yes! {"type":"boolean"}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

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
    fn groups_of_values_counts_and_usual_options_of_click_are_read() {
        let text = "import click\n@click.command()\n@click.option('--config', nargs=2, multiple=True)\n@click.option('-v', '--verbose', count=True)\n\
            @click.option('--drifting', 'ty', flag_value='drifting')\n@click.option('--item', type=(str, int))\n@click.confirmation_option()\n@click.password_option()\ndef go():\n    \"\"\"Goes.\"\"\"\n";
        let expected = [
            "# Goes.",
            r#"--config config... {"type":"array","items":{"type":"array","items":{"type":"string"},"minItems":2,"maxItems":2}}"#,
            r#"--verbose,-v verbose times {"type":"integer","minimum":0}"#,
            r#"--drifting {"type":"boolean"}"#,
            r#"--item item... {"type":"array","items":{},"minItems":2,"maxItems":2}"#,
            r#"--yes {"type":"boolean","description":"Confirm the action without prompting."}"#,
            r#"--password {"type":"string"}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn ranges_and_what_is_asked_for_are_read() {
        let text = "import click\n@click.command()\n@click.option('--n', type=click.IntRange(1, 5), default=2)\n@click.option('--f', type=click.FloatRange(max=0.5))\n\
            @click.option('--pw', prompt=True, hide_input=True)\ndef go():\n    \"\"\"Goes.\"\"\"\n";
        let expected = [
            "# Goes.",
            r#"--n {"type":"integer","minimum":1,"maximum":5,"default":2}"#,
            r#"--f {"type":"number","maximum":0.5}"#,
            r#"--pw! {"type":"string","format":"password"}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn details_of_typer_are_read() {
        let text = "import typer\nclass Kind(str, Enum):\n    big = 'BIG'\n    small = 'SMALL'\ndef main(ctx: typer.Context, kind: Kind = Kind.big, user: Tuple[str, int, bool] = typer.Option((None, None, None)), user_name: Annotated[str, typer.Option('--name')] = 'x', in_prod: bool = typer.Option(True, ' /--demo', ' /-d'), loud: Annotated[int, typer.Option('--loud', '-l', count=True)] = 0):\n    pass\ntyper.run(main)\n";
        let expected = [
            r#"--kind {"type":"string","enum":["BIG","SMALL"],"default":"BIG"}"#,
            r#"--user user... {"type":"array","minItems":3,"maxItems":3}"#,
            r#"--name {"type":"string","default":"x"}"#,
            r#"--demo,-d {"type":"boolean","description":"Says no to in_prod"}"#,
            r#"--loud,-l loud times {"type":"integer","minimum":0}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn apps_of_typer_have_their_names_and_those_of_other_files_take_words() {
        let text = "import typer\nfrom . import items, lands\ndef call():\n    pass\napp = typer.Typer(help='Shop.')\nusers = typer.Typer(callback=call, name='people')\napp.add_typer(users)\napp.add_typer(items.app, name='items')\nplain = typer.Typer()\napp.add_typer(plain)\n@users.command()\ndef add(name: str):\n    pass\n@plain.command()\ndef top():\n    pass\n";
        let shown = shown("x.py", text);
        assert_eq!(shown[0], "# Shop.");
        assert!(shown[1].contains(r#""enum":["people","items","top"]"#), "{shown:#?}");
        let rules = "= command, people_command if command=people, name if people_command=add, args... if command=items";
        assert!(shown.contains(&rules.to_owned()), "{shown:#?}");
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
            r#"num {"type":"integer","default":2,"description":"(for strip)"}"#,
            r#"path {"type":"string","description":"(for strip)"}"#,
            "= --loud/--no-loud, command, --num,-n if command=strip, path if command=strip",
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
