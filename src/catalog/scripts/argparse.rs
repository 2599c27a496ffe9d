//! argparse of Python: parsers, their sub-commands, and the arguments of each. Which parser a call belongs to is told by the
//! name in front of it.

use super::commands::{CommandTree, NodeId, ROOT};
use super::option_words::{
    Constants, Named, Takes, computed_words, one_line, rule_of, truth_default, truth_word, type_word,
};
use super::scanner::{calls, inside, split};
use super::{Declared, DeclaredInput};
use crate::domain::ArgRule;
use crate::domain::source::Language;
use serde_json::{Value, json};
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
        .chain(under_other_names(text))
        .collect();
    found.sort_by_key(|call| call.at);
    let parsers: Vec<&str> =
        found.iter().filter(|call| call.method != "add_argument").filter_map(|call| around(text, call.at).1).collect();
    found.retain(|call| call.method != "add_argument" || is_of_parser(text, call.at, &parsers));
    let mut reader = Reader {
        text,
        tree: CommandTree::default(),
        names: HashMap::new(),
        last: ROOT,
        has_commands: found.iter().any(|call| call.method == "add_parser"),
        description: None,
        constants: Constants::of(text),
        alternatives: Vec::new(),
    };
    for call in &found {
        reader.take(call);
    }
    let one_of = reader.alternatives.into_iter().map(|(_, names)| names).filter(|names| !names.is_empty()).collect();
    Declared { one_of, ..reader.tree.declared(reader.description) }
}

/// Whether a script parses its command line with this module, and not only calls a method of the same name.
pub(super) fn is_used(text: &str) -> bool {
    let is_other = || ["click", "typer", "docopt", "selenium", "ChromeOptions"].iter().any(|word| text.contains(word));
    text.contains("add_argument") && (text.contains("argparse") || text.contains("ArgumentParser") || !is_other())
}

/// Whether a script makes a parser and starts it, and nothing in it could give that an argument.
pub(super) fn is_bare(text: &str) -> bool {
    let made = text.lines().find_map(|line| {
        let (name, value) = line.trim_start().split_once('=')?;
        let name = name.split(':').next().unwrap_or_default().trim();
        (value.contains("ArgumentParser(") && !name.is_empty()).then_some(name)
    });
    let hands_on = |name: &str| {
        ["(", ", ", "=", "return ", "["].iter().any(|begin| {
            let mark = format!("{begin}{name}");
            text.match_indices(&mark).any(|(at, _)| {
                !text[at + mark.len()..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'))
            })
        })
    };
    let gives = ["add_argument", "add_parser", "add_subparsers", "parents", "parse_known_args"];
    text.contains(".parse_args(")
        && !gives.iter().any(|mark| text.contains(mark))
        && made.is_some_and(|name| !hands_on(name))
}

/// Whether `add_argument` is called on a parser, or a part of one: browsers have options with a method of this name. What the
/// script makes otherwise is none; what comes from elsewhere is one by its name.
fn is_of_parser(text: &str, at: usize, parsers: &[&str]) -> bool {
    let Receiver::Name(name) = around(text, at).0 else {
        let before = text[..at].trim_end_matches('.');
        return !before.ends_with("Options()");
    };
    if parsers.contains(&name) {
        return true;
    }
    let may_be = |word: &str| ["pars", "arg", "group"].iter().any(|part| word.to_ascii_lowercase().contains(part));
    let made = text.lines().find_map(|line| line.trim_start().strip_prefix(name)?.trim_start().strip_prefix('='));
    match made.and_then(|value| value.split_once('(')) {
        Some((maker, _)) => may_be(maker),
        None => may_be(name) || !["option", "driver"].iter().any(|word| name.to_ascii_lowercase().contains(word)),
    }
}

/// The calls of `add_argument` under another name: `a = parser.add_argument`, `a('--all')`.
fn under_other_names(text: &str) -> Vec<ParserCall<'_>> {
    let names = text.lines().filter_map(|line| {
        let (name, method) = line.split_once('=')?;
        let parser = method.trim().strip_suffix(".add_argument")?;
        super::scanner::is_word(name.trim()).then_some(name.trim()).filter(|_| super::scanner::is_word(parser))
    });
    let calls = names.flat_map(|name| calls(text, name, PYTHON));
    calls.map(|(at, inner)| ParserCall { method: "add_argument", at, inner }).collect()
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
    constants: Constants<'t>,
    /// Groups of the program of which one input must be given, by the variable that holds the group.
    alternatives: Vec<(&'t str, Vec<String>)>,
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
                let known = self.tree.inputs(ROOT).len();
                self.add(owner, &named);
                let added = self.tree.inputs(ROOT).get(known).map(|input| input.name.clone());
                let holder =
                    |(name, _): &&mut (&str, Vec<String>)| matches!(receiver, Receiver::Name(own) if own == *name);
                if let Some((_, names)) = self.alternatives.iter_mut().find(holder) {
                    names.extend(added);
                }
                return;
            }
            _ => match owner {
                Some(owner) => {
                    self.last = owner;
                    let is_needed = call.method == "add_mutually_exclusive_group" && named.is("required");
                    let group = target.filter(|_| is_needed && owner == ROOT);
                    self.alternatives.extend(group.map(|target| (target, Vec::new())));
                }
                None => return,
            },
        }
        self.names.extend(target.map(|target| (target, self.last)));
    }

    fn add(&mut self, owner: Option<NodeId>, named: &Named<'_>) {
        let is_computed = named.words().is_empty() && named.arguments.iter().any(|one| one.name.is_none());
        if is_computed {
            // `add_argument(f"--{name}")`
            let owner = owner.unwrap_or(ROOT);
            let rest = computed_words(self.tree.inputs(owner));
            self.tree.push(owner, rest);
            return;
        }
        if let Some(owner) = owner {
            self.last = owner;
            if let Some(input) =
                input_of(named, &self.constants, self.tree.inputs(owner)).filter(|one| is_shown(named, one))
            {
                self.tree.push(owner, input);
            }
        } else if let Some(input) =
            input_of(named, &self.constants, self.tree.loose()).filter(|one| is_shown(named, one))
        {
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

/// The numbers of `range(1, 4)`: the first, and the one behind the last.
fn range(written: &str) -> Option<(i64, i64)> {
    let inner = written.strip_prefix("range(")?.strip_suffix(')')?;
    let numbers: Option<Vec<i64>> = inner.split(',').map(|part| part.trim().parse().ok()).collect();
    match numbers?[..] {
        [end] => Some((0, end)),
        [least, end] => Some((least, end)),
        _ => None,
    }
}

/// Whether the help of a script names an option; what it hides (`help=argparse.SUPPRESS`) is for nobody, unless it is needed.
fn is_shown(named: &Named<'_>, input: &DeclaredInput) -> bool {
    let is_hidden = named.written("help").is_some_and(|help| help.rsplit('.').next() == Some("SUPPRESS"));
    !is_hidden || input.required
}

/// The input of one `add_argument`.
fn input_of(named: &Named<'_>, constants: &Constants<'_>, taken: &[DeclaredInput]) -> Option<DeclaredInput> {
    let takes_no = named.written("action").is_some_and(|action| action.ends_with("BooleanOptionalAction"));
    let mut words = named.words();
    if takes_no && let Some(long) = words.iter_mut().find(|word| word.starts_with("--")) {
        *long = format!("{long}/--no-{}", long.trim_start_matches('-'));
    }
    // A plain word may be named by what it is kept in.
    words.extend(named.text("dest").filter(|_| named.arguments.iter().all(|one| one.name.is_some())));
    let (name, rule) = rule_of(&words, taken)?;
    let is_word = rule.is_position();
    let action = named.text("action").unwrap_or_default();
    let is_plain = matches!(action.as_str(), "" | "store") && !takes_no;
    let takes_truth = is_plain && named.written("type") == Some("bool") && named.written("nargs").is_none();
    let mut input = DeclaredInput::text(&name, rule);
    input.schema = match action.as_str() {
        "store_true" | "store_false" | "store_const" | "append_const" => type_word("bool"),
        _ if takes_no => type_word("bool"),
        // For `type=bool` only the empty text is no.
        _ if takes_truth => truth_word(""),
        _ => named.written("type").filter(|name| *name != "bool").map_or_else(|| type_word("str"), type_word),
    };
    if let Some(Value::Array(choices)) = constants.value(named.written("choices")) {
        input.put("enum", choices);
    } else if let Some((least, end)) = named.written("choices").and_then(range) {
        input.put("minimum", least);
        input.put("maximum", end - 1);
    }
    let count = named.value("nargs");
    let takes_rest = named.written("nargs").is_some_and(|count| count.ends_with("REMAINDER"));
    let takes_several = matches!(count.as_ref().and_then(Value::as_str), Some("*" | "+"))
        || count.as_ref().is_some_and(Value::is_number)
        || takes_rest;
    let is_repeated = matches!(action.as_str(), "append" | "extend");
    let is_many = takes_several || is_repeated;
    let exactly = count.as_ref().and_then(Value::as_u64);
    match exactly {
        _ if action == "count" => input.takes(Takes::Times),
        Some(number) if action == "append" => input.takes(Takes::Groups(number)),
        Some(number) => input.takes(Takes::Exactly(number)),
        None if takes_several && action != "append" => input.takes(Takes::Together),
        None if is_many => input.takes(Takes::Repeated),
        // With a constant the option alone has a meaning.
        None if !is_word && count == Some(json!("?")) && named.written("const").is_some() => {
            input.takes(Takes::OneOrNone);
        }
        None => {}
    }
    if takes_rest {
        // Options among them are not for this script.
        input.rule = input.rule.take().map(|rule| ArgRule { is_together: true, ..rule });
    }
    let may_be_left_out = takes_rest || matches!(count.as_ref().and_then(Value::as_str), Some("*" | "?"));
    let default = constants.value(named.written("default")).filter(|value| !value.is_null());
    input.required =
        // A plain word is needed even where it has a default.
        if is_word { !may_be_left_out } else { named.is("required") };
    // What `store_true` is without its option is no news, and `store_false` says the reverse.
    let is_shown = matches!(action.as_str(), "" | "store" | "count" | "append" | "extend");
    if let Some(default) = default.filter(|value| is_shown && value.is_array() == is_many) {
        input.put("default", if takes_truth { truth_default(&default, "") } else { default });
    }
    let help = named.text("help").map(|help| one_line(&help)).unwrap_or_default();
    let note = if takes_truth { "(empty for no)" } else { "" };
    input.describe(&format!("{help} {note}"));
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
        let rules = "= -v v times, command, --dry if command=remote, remote_command if command=remote, url if remote_command=add, name if command=ls, --deep";
        assert!(shown.contains(&rules.to_owned()), "{shown:#?}");
        assert!(shown.contains(&"! command=remote: remote_command".to_owned()), "{shown:#?}");
        assert!(shown.contains(&r#"deep {"type":"string"}"#.to_owned()), "{shown:#?}");
    }

    #[test]
    fn one_of_a_group_may_be_needed() {
        let text = "p = ArgumentParser()\ng = p.add_mutually_exclusive_group(required=True)\ng.add_argument('--celsius')\ng.add_argument('--kelvin')\n\
            h = p.add_mutually_exclusive_group()\nh.add_argument('--x')\np.add_argument('--y')\n";
        assert_eq!(super::read(text).one_of, [["celsius", "kelvin"]]);
    }

    #[test]
    fn choices_may_be_a_range() {
        let text = "p = ArgumentParser()\np.add_argument('--level', type=int, choices=range(1, 4))\n";
        assert_eq!(shown("x.py", text), [r#"--level {"type":"integer","minimum":1,"maximum":3}"#]);
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
    fn what_is_counted_named_elsewhere_or_kept_under_another_name_is_read() {
        let text = "KINDS = ['a', 'b']\np = argparse.ArgumentParser()\nadd = p.add_argument\nadd('-v', action='count', default=0)\nadd('--kind', choices=KINDS, default='a')\n\
            p.add_argument(dest='functions', nargs='*', help='Names')\np.add_argument('--out', action='store', default='x')\np.add_argument('--pair', nargs=2, action='append')\n\
            p.add_argument('--level', nargs='?', const=1, default=0)\np.add_argument('word', default='w')\n";
        let expected = [
            r#"-v v times {"type":"integer","minimum":0,"default":0}"#,
            r#"--kind {"type":"string","enum":["a","b"],"default":"a"}"#,
            r#"--out {"type":"string","default":"x"}"#,
            r#"--pair pair... {"type":"array","items":{"type":"array","items":{"type":"string"},"minItems":2,"maxItems":2}}"#,
            r#"--level {"type":["boolean","string","number"],"default":0}"#,
            r#"functions {"type":"array","items":{"type":"string"},"description":"Names"}"#,
            r#"word! {"type":"string","default":"w"}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn what_is_added_to_something_else_is_no_argument() {
        let text = "from selenium.webdriver import ChromeOptions\nopts = ChromeOptions()\nopts.add_argument('--headless')\n\
            def f(options):\n    options.add_argument('--no-sandbox')\np = argparse.ArgumentParser()\np.add_argument('url')\n";
        assert_eq!(shown("x.py", text), [r#"url! {"type":"string"}"#]);
        let text = "import click\nfrom selenium import webdriver\no = webdriver.ChromeOptions()\no.add_argument('--x')\n\
            @click.command()\n@click.option('--count')\ndef main(count):\n    pass\n";
        assert_eq!(shown("x.py", text), [r#"--count {"type":"string"}"#]);
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
            r#"--strict {"type":"string","enum":["true",""],"description":"(empty for no)"}"#,
            r#"rest... {"type":"array","items":{"type":"string"}}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn a_truth_that_is_read_from_a_word_is_passed_as_one() {
        let text = "p = ArgumentParser()\np.add_argument('--tag', type=bool, default=False, help='Tag it')\np.add_argument('--all', type=bool, nargs='?', const=True, default=False)\n";
        let expected = [
            r#"--tag {"type":"string","enum":["true",""],"default":"","description":"Tag it (empty for no)"}"#,
            r#"--all {"type":["boolean","string","number"],"default":false}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn hidden_options_are_not_offered() {
        let text = "p = argparse.ArgumentParser()\np.add_argument('--a', help=argparse.SUPPRESS)\np.add_argument('--b', help='b')\n\
            p.add_argument('c', help=SUPPRESS)\np.parse_args()\n";
        let shown = shown("x.py", text);
        assert!(shown.iter().all(|line| !line.starts_with("--a")), "{shown:#?}");
        assert!(
            shown.iter().any(|line| line.starts_with("--b")) && shown.iter().any(|line| line.starts_with("c! ")),
            "{shown:#?}"
        );
    }
}
