//! fire of Python: the function, class, object or table that a script hands to `fire.Fire`, or all that it defines.

use super::commands::{CommandTree, NodeId, ROOT};
use super::python::{self, Definition, Module};
use super::python_alias::Aliases;
use super::scanner::{arguments, calls, is_word, split, split_once};
use super::{Declared, DeclaredInput, docstring, input_name, literal, rest_words};
use crate::domain::ArgRule;
use crate::domain::source::Language;

const PYTHON: Language = Language::Python;

/// Reads a script that calls `Fire`.
pub(super) fn read(text: &str) -> Option<Declared> {
    let (_, inner) = calls(text, "Fire", PYTHON).next()?;
    let blocks = python::blocks(text);
    let (definitions, aliases) = (python::definitions(&blocks), python::aliases(&blocks));
    let mut reader = Reader { text, definitions, aliases, tree: CommandTree::default() };
    let given = arguments(inner, PYTHON);
    let component =
        given.iter().find(|one| one.name == Some("component")).or(given.first().filter(|one| one.name.is_none()));
    let words = match component {
        Some(one) => reader.component(ROOT, one.value)?,
        None => reader.module()?,
    };
    Some(reader.tree.declared(Some(words).filter(|words| !words.is_empty())))
}

struct Reader<'t> {
    text: &'t str,
    definitions: Vec<Definition<'t>>,
    aliases: Aliases<'t>,
    tree: CommandTree,
}

impl<'t> Reader<'t> {
    /// The component: its words, `None` if unknown.
    fn component(&mut self, node: NodeId, written: &'t str) -> Option<String> {
        let written = written.trim();
        if let Some(fields) = written.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            for field in split(fields, b',', PYTHON) {
                let (name, value) = split_once(field, b':', PYTHON)?;
                self.command(node, &literal::text(name, PYTHON)?, value);
            }
            return Some(String::new());
        }
        let (name, is_object) = match written.find('(').filter(|_| written.ends_with(')')) {
            Some(open) => (&written[..open], true),
            None => (written, false),
        };
        if !is_word(name) {
            return None;
        }
        let Some(definition) = self.definitions.iter().find(|one| one.name == name).cloned() else {
            // The name of an object that the script creates.
            let value = self.assigned(name).filter(|value| *value != written)?;
            return self.component(node, value);
        };
        if definition.is_class {
            if !is_object && let Some(made) = definition.methods().iter().find(|one| one.name == "__init__") {
                self.parameters(node, made);
            }
            for method in definition.methods() {
                let is_property = method.decorators.iter().any(|mark| mark.contains("property"));
                if !method.name.starts_with('_') && !method.is_class && !is_property {
                    self.function(node, &method);
                }
            }
        } else if is_object {
            return None;
        } else {
            self.parameters(node, &definition);
        }
        Some(summary(&definition))
    }

    /// The value of a name at the top of the script.
    fn assigned(&self, name: &str) -> Option<&'t str> {
        let blocks = python::blocks(self.text);
        blocks
            .iter()
            .filter_map(|block| split_once(block.text, b'=', PYTHON))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// All that the script defines.
    fn module(&mut self) -> Option<String> {
        let public = |one: &&Definition<'_>| !one.name.starts_with('_') && one.name != "main";
        let names: Vec<&'t str> = self.definitions.iter().filter(public).map(|one| one.name).collect();
        if names.is_empty() {
            return None;
        }
        for name in names {
            self.command(ROOT, name, name);
        }
        Some(python::docstring(self.text).map(|words| docstring::read(&words).summary).unwrap_or_default())
    }

    fn command(&mut self, parent: NodeId, name: &str, written: &'t str) {
        let node = self.tree.add_command(parent, name, "");
        if let Some(words) = self.component(node, written) {
            self.tree.describe(node, &words);
        } else {
            let rest = rest_words(self.tree.inputs(node));
            self.tree.push(node, rest);
        }
    }

    fn function(&mut self, parent: NodeId, function: &Definition<'t>) {
        let node = self.tree.add_command(parent, function.name, &summary(function));
        self.parameters(node, function);
    }

    /// Each parameter as an option; `*args` as plain words, and `**options` as words that are passed as they are.
    fn parameters(&mut self, node: NodeId, function: &Definition<'_>) {
        let doc = docstring::read(&python::docstring(function.body).unwrap_or_default());
        let mut takes_rest = false;
        for one in function.parameters() {
            if one.name.starts_with('*') {
                takes_rest = true;
                continue;
            }
            let module = Module { definitions: &self.definitions, aliases: &self.aliases };
            let (schema, required) = python::value_schema(&one, module);
            let name = input_name(one.name, "value", self.tree.inputs(node));
            let rule = ArgRule::option(&format!("--{}", one.name), &name);
            let mut input = DeclaredInput { rule: Some(rule), name, schema, required };
            if let Some(known) = doc.param(one.name) {
                input.add_words(&known.hint, &known.text, PYTHON);
            }
            self.tree.push(node, input);
        }
        if takes_rest {
            let rest = rest_words(self.tree.inputs(node));
            self.tree.push(node, rest);
        }
    }
}

fn summary(definition: &Definition<'_>) -> String {
    docstring::read(&python::docstring(definition.body).unwrap_or_default()).summary
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;

    #[test]
    fn functions_classes_objects_and_tables_are_read() {
        let class = "import fire\nclass Widget:\n  \"\"\"Makes noise.\"\"\"\n  def __init__(self, size=1):\n    pass\n  def bang(self, noise='x'):\n    \"\"\"Loud.\"\"\"\n  def _own(self):\n    pass\n";
        let object = format!("{class}fire.Fire(Widget(), name='w')\n");
        let expected = [
            "# Makes noise.",
            r#"command! {"type":"string","enum":["bang"],"description":"bang: Loud."}"#,
            r#"noise {"type":"string","default":"x","description":"(for bang)"}"#,
            "= command, --noise if command=bang",
        ];
        assert_eq!(shown("x.py", &object), expected);
        let rules =
            |text: &str| shown("x.py", text).into_iter().find(|line| line.starts_with("= ")).unwrap_or_default();
        assert_eq!(rules(&format!("{class}fire.Fire(Widget)\n")), "= --size, command, --noise if command=bang");
        let module = "import fire\ndef add(a, b=1):\n  pass\ndef main():\n  fire.Fire(name='calc')\n";
        assert_eq!(rules(module), "= command, --a if command=add, --b if command=add");
        let table = "import fire\ndef add(a):\n  pass\nfire.Fire({'plus': add, 'more': other.thing})\n";
        assert_eq!(rules(table), "= command, --a if command=plus, args... if command=more");
        let function = "import fire\ndef add(a, *more):\n  pass\nfire.Fire(add, name='x')\n";
        let expected = [
            r"--a! {}",
            r#"args... {"type":"array","items":{"type":"string"},"description":"Words of its command line"}"#,
        ];
        assert_eq!(shown("x.py", function), expected);
    }

    #[test]
    fn what_is_not_known_gets_words_as_they_are() {
        let shown = shown("x.py", "import fire\nfrom tool import thing\nfire.Fire(thing)\n");
        assert_eq!(shown.len(), 1);
        assert!(shown[0].starts_with(r#"args... {"type":"array""#), "{shown:?}");
    }
}
