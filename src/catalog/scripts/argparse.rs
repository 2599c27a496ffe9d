//! argparse of Python: parsers, their sub-commands, and the arguments of each. Which parser a call belongs to is told by the
//! name in front of it.

use super::commands::{CommandTree, NodeId, ROOT};
use super::option_words::{Named, one_line, rule_of, type_word};
use super::scanner::{calls, inside, split};
use super::{Declared, DeclaredInput};
use crate::domain::source::Language;
use serde_json::Value;
use std::collections::HashMap;

const PYTHON: Language = Language::Python;

/// Reads a script that calls `add_argument`.
pub(super) fn read(text: &str) -> Declared {
    const METHODS: [&str; 6] = [
        "ArgumentParser",
        "add_subparsers",
        "add_parser",
        "add_argument_group",
        "add_mutually_exclusive_group",
        "add_argument",
    ];
    let mut found: Vec<ParserCall<'_>> = METHODS
        .into_iter()
        .flat_map(|method| calls(text, method, PYTHON).map(move |(at, inner)| ParserCall { method, at, inner }))
        .collect();
    found.sort_by_key(|call| call.at);
    let mut reader = Reader {
        text,
        tree: CommandTree::default(),
        names: HashMap::new(),
        last: ROOT,
        has_commands: found.iter().any(|call| call.method == "add_parser"),
        description: None,
    };
    for call in &found {
        reader.take(call);
    }
    reader.tree.declared(reader.description)
}

struct ParserCall<'t> {
    method: &'t str,
    at: usize,
    inner: &'t str,
}

struct Reader<'t> {
    text: &'t str,
    tree: CommandTree,
    /// What a variable holds: a parser, a group of one, or the commands of one.
    names: HashMap<&'t str, NodeId>,
    /// The parser of the call before.
    last: NodeId,
    has_commands: bool,
    description: Option<String>,
}

impl<'t> Reader<'t> {
    fn take(&mut self, call: &ParserCall<'t>) {
        let named = Named::of(call.inner, PYTHON);
        let (receiver, target) = around(self.text, call.at);
        let owner = self.owner(receiver, call.at);
        match call.method {
            "ArgumentParser" => {
                let is_part = target.is_some_and(|name| self.is_parent(name));
                self.last = if is_part { self.tree.add_apart() } else { ROOT };
                if !is_part {
                    let words = named.text("description").map(|words| one_line(&words));
                    self.description = self.description.take().or(words);
                }
                self.inherit(&named);
            }
            "add_parser" => {
                let Some(name) = named.words().into_iter().next() else {
                    // Its name is computed: what is added to it is passed where it is given.
                    self.tree.note_computed(owner.unwrap_or(ROOT));
                    target.map(|target| self.names.remove(target));
                    return;
                };
                let help = named.text("help").or_else(|| named.text("description")).unwrap_or_default();
                self.last = self.tree.add_command(owner.unwrap_or(ROOT), &name, &one_line(&help));
                if let Some(Value::Array(aliases)) = named.value("aliases") {
                    self.tree.add_aliases(self.last, aliases.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                self.inherit(&named);
            }
            "add_argument" => {
                self.add(owner, &named);
                return;
            }
            _ => match owner {
                Some(owner) => self.last = owner,
                None => return,
            },
        }
        self.names.extend(target.map(|target| (target, self.last)));
    }

    fn add(&mut self, owner: Option<NodeId>, named: &Named<'_>) {
        if let Some(owner) = owner {
            self.last = owner;
            if let Some(input) = input_of(named, self.tree.inputs(owner)) {
                self.tree.push(owner, input);
            }
        } else if let Some(input) = input_of(named, self.tree.loose()) {
            self.tree.push_loose(input);
        }
    }

    /// The parser that a name in front of a call means; `None` where nobody knows.
    fn owner(&self, receiver: Receiver<'t>, at: usize) -> Option<NodeId> {
        if !self.has_commands {
            return Some(ROOT);
        }
        match receiver {
            Receiver::Call => Some(self.last),
            Receiver::Name(name) if is_parameter(self.text, at, name) => None,
            Receiver::Name(name) => self.names.get(name).copied(),
        }
    }

    /// Adds what the parsers in `parents=[…]` have.
    fn inherit(&mut self, named: &Named<'_>) {
        let parents = named.written("parents").and_then(|list| inside(list, 0, PYTHON)).unwrap_or_default();
        for parent in split(parents, b',', PYTHON) {
            let Some(known) = self.names.get(parent).filter(|id| **id != self.last) else { continue };
            for input in self.tree.inputs(*known).to_vec() {
                self.tree.push(self.last, input);
            }
        }
    }

    /// Whether a parser is only there for others to have its arguments.
    fn is_parent(&self, name: &str) -> bool {
        self.text.match_indices("parents=[").any(|(at, mark)| {
            let list = inside(self.text, at + mark.len() - 1, PYTHON).unwrap_or_default();
            split(list, b',', PYTHON).contains(&name)
        })
    }
}

/// What stands in front of a method.
#[derive(Clone, Copy)]
enum Receiver<'t> {
    Name(&'t str),
    /// Another call.
    Call,
}

/// What stands in front of the call at an offset, and the variable that it is given to.
fn around(text: &str, at: usize) -> (Receiver<'_>, Option<&str>) {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let before = &text[..at];
    let start = before.trim_end_matches(is_name).len();
    let receiver = before[start..].trim_end_matches('.');
    let receiver = if receiver.is_empty() { Receiver::Call } else { Receiver::Name(receiver) };
    let line = &before[before[..start].rfind('\n').map_or(0, |at| at + 1)..start];
    let target = line.trim().strip_suffix('=').map(|target| target.split(':').next().unwrap_or(target).trim());
    (receiver, target.filter(|target| !target.is_empty() && target.chars().all(is_name)))
}

/// Whether a name at an offset is a parameter of the function around it: what it holds depends on who calls.
fn is_parameter(text: &str, at: usize, name: &str) -> bool {
    let indent = |at: usize| {
        let line = &text[text[..at].rfind('\n').map_or(0, |at| at + 1)..];
        line.len() - line.trim_start().len()
    };
    let Some(start) = text[..at].rfind("def ").filter(|start| indent(*start) < indent(at)) else { return false };
    let Some(open) = text[start..at].find('(').map(|open| start + open) else { return false };
    super::python::parameters(inside(super::scanner::window(text, open), 0, PYTHON).unwrap_or_default())
        .iter()
        .any(|one| one.name == name)
}

/// The input of one `add_argument`.
fn input_of(named: &Named<'_>, taken: &[DeclaredInput]) -> Option<DeclaredInput> {
    let takes_no = named.written("action").is_some_and(|action| action.ends_with("BooleanOptionalAction"));
    let mut words = named.words();
    if takes_no && let Some(long) = words.iter_mut().find(|word| word.starts_with("--")) {
        *long = format!("{long}/--no-{}", long.trim_start_matches('-'));
    }
    let (name, rule) = rule_of(&words, taken)?;
    let is_word = rule.is_position();
    let action = named.text("action").unwrap_or_default();
    let mut input = DeclaredInput::text(&name, rule);
    input.schema = match action.as_str() {
        "store_true" | "store_false" | "count" | "store_const" => type_word("bool"),
        _ if takes_no => type_word("bool"),
        // `type=bool` takes any text.
        _ => named.written("type").filter(|name| *name != "bool").map_or_else(|| type_word("str"), type_word),
    };
    if let Some(Value::Array(choices)) = named.value("choices") {
        input.put("enum", choices);
    }
    let count = named.value("nargs");
    let takes_rest = named.written("nargs").is_some_and(|count| count.ends_with("REMAINDER"));
    let takes_several = matches!(count.as_ref().and_then(Value::as_str), Some("*" | "+"))
        || count.as_ref().is_some_and(Value::is_number)
        || takes_rest;
    let is_many = takes_several || matches!(action.as_str(), "append" | "extend");
    if is_many {
        input.make_array();
    }
    if let Some(number) = count.as_ref().and_then(Value::as_u64) {
        input.put("minItems", number);
        input.put("maxItems", number);
    }
    if let Some(rule) = input.rule.as_mut().filter(|_| takes_several && !is_word && action != "append") {
        rule.is_together = true;
    }
    let may_be_left_out = takes_rest || matches!(count.as_ref().and_then(Value::as_str), Some("*" | "?"));
    let default = named.value("default").filter(|value| !value.is_null());
    input.required =
        if is_word { !may_be_left_out && named.written("default").is_none() } else { named.is("required") };
    if let Some(default) = default.filter(|value| action.is_empty() && value.is_array() == is_many) {
        input.put("default", default);
    }
    if let Some(help) = named.text("help") {
        input.describe(&one_line(&help));
    }
    Some(input)
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;

    #[test]
    fn each_command_has_its_arguments_and_the_program_its_own() {
        let text = "p = argparse.ArgumentParser(description='Accounts')\np.add_argument('--db', default='main.db')\n\
            s = p.add_subparsers(dest='what')\na = s.add_parser('add', help='Adds')\na.add_argument('name')\n\
            a.add_argument('--age', '-a', type=int, default=3)\nr = s.add_parser('rm')\nr.add_argument('name', help='Who')\n\
            r.add_argument('--age', type=str)\n";
        let expected = [
            "# Accounts",
            r#"command! {"type":"string","enum":["add","rm"],"description":"add: Adds"}"#,
            r#"db {"type":"string","default":"main.db"}"#,
            r#"age {"type":"integer","default":3,"description":"(for add)"}"#,
            r#"name {"type":"string","description":"(for add, rm)"}"#,
            r#"rm_age {"type":"string","description":"(for rm)"}"#,
            "= --db, command, --age,-a if command=add, name if command=add, --age rm_age if command=rm, name if command=rm",
            "! command=add: name",
            "! command=rm: name",
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn commands_of_commands_and_arguments_of_several_are_told_apart() {
        let text = "def more(q):\n    q.add_argument('--deep', default='x')\ncommon = ArgumentParser(add_help=False)\ncommon.add_argument('--dry', action='store_true')\n\
            p = ArgumentParser()\ng = p.add_argument_group('x')\ng.add_argument('-v', action='count')\ns = p.add_subparsers()\n\
            r = s.add_parser('remote', parents=[common])\nt = r.add_subparsers()\nt.add_parser('add').add_argument('url')\nl = s.add_parser('ls')\nl.add_argument('name')\n";
        let shown = shown("x.py", text);
        let rules = "= -v, command, --dry if command=remote, remote_command if command=remote, url if remote_command=add, name if command=ls, --deep";
        assert!(shown.contains(&rules.to_owned()), "{shown:#?}");
        assert!(shown.contains(&"! command=remote: remote_command".to_owned()), "{shown:#?}");
        assert!(shown.contains(&r#"deep {"type":"string"}"#.to_owned()), "{shown:#?}");
    }

    #[test]
    fn other_names_of_a_command_mean_the_same() {
        let text = "p = ArgumentParser()\ns = p.add_subparsers()\nr = s.add_parser('remove', aliases=['rm', 'del'], help='Removes')\n\
            r.add_argument('name')\nl = s.add_parser('list', aliases=('ls',))\n";
        let expected = [
            r#"command! {"type":"string","enum":["remove","rm","del","list","ls"],"description":"remove (also rm, del): Removes; list (also ls)"}"#,
            r#"name {"type":"string","description":"(for remove, rm, del)"}"#,
            "= command, name if command=remove, name if command=rm, name if command=del",
            "! command=remove: name",
            "! command=rm: name",
            "! command=del: name",
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn names_that_are_computed_are_said_to_be() {
        let text = "p = ArgumentParser()\ns = p.add_subparsers()\na = s.add_parser('add')\nfor c in COMMANDS:\n    q = s.add_parser(c.name)\n    q.add_argument('--deep')\n";
        let expected = [
            r#"command! {"type":"string","examples":["add"],"description":"and names that the script computes"}"#,
            r#"deep {"type":"string"}"#,
            "= command, --deep",
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn options_with_several_values_and_a_form_for_no_are_read() {
        let text = "p.add_argument('--files', nargs='+')\np.add_argument('--size', nargs=2, type=int)\np.add_argument('-t', '--tag', action='append')\n\
            p.add_argument('--color', action=argparse.BooleanOptionalAction, default=True)\np.add_argument('--strict', type=bool)\np.add_argument('rest', nargs=argparse.REMAINDER)\n";
        let expected = [
            r#"--files files... {"type":"array","items":{"type":"string"}}"#,
            r#"--size size... {"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":2}"#,
            r#"--tag,-t {"type":"array","items":{"type":"string"}}"#,
            r#"--color/--no-color {"type":"boolean","default":true}"#,
            r#"--strict {"type":"string"}"#,
            r#"rest {"type":"array","items":{"type":"string"}}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }
}
