//! commander of JavaScript: `.option("-p, --port <number>", "words", default)`, `.argument("<file>", "words")`, and commands
//! in chains of calls. Which command a call belongs to is told by the chain that it stands in.

use super::commands::{CommandTree, NodeId, ROOT};
use super::option_words::{Takes, finished, one_line, rule_of, type_word};
use super::scanner::{calls, signs, split};
use super::{Declared, DeclaredInput, literal, rest_words};
use crate::domain::ArgRule;
use crate::domain::source::Language;
use serde_json::{Value, json};
use std::collections::HashMap;

const JS: Language = Language::JavaScript;

/// A call of a chain.
struct Link<'t> {
    name: &'t str,
    at: usize,
    inner: &'t str,
}

/// Reads a script that uses commander.
pub(super) fn read(text: &str) -> Declared {
    const NAMES: [&str; 10] = [
        "option",
        "requiredOption",
        "argument",
        "arguments",
        "addOption",
        "addArgument",
        "command",
        "addCommand",
        "description",
        "Command",
    ];
    let found = |name: &'static str| calls(text, name, JS).map(move |(at, inner)| Link { name, at, inner });
    let mut links: Vec<Link<'_>> = NAMES.into_iter().flat_map(found).collect();
    links.sort_by_key(|link| link.at);
    let mut reader = Reader {
        text,
        tree: CommandTree::default(),
        names: HashMap::new(),
        node: ROOT,
        end: 0,
        target: None,
        words: HashMap::new(),
        added: Vec::new(),
    };
    for link in &links {
        reader.take(link);
    }
    reader.declared()
}

struct Reader<'t> {
    text: &'t str,
    tree: CommandTree,
    /// The command that a variable holds.
    names: HashMap<&'t str, NodeId>,
    /// The command that the chain is at.
    node: NodeId,
    /// Where the call before ends.
    end: usize,
    /// The variable that the chain is given to.
    target: Option<&'t str>,
    /// The words of each command.
    words: HashMap<NodeId, String>,
    /// Commands by parent, with their names.
    added: Vec<(NodeId, NodeId, String)>,
}

impl<'t> Reader<'t> {
    fn take(&mut self, link: &Link<'t>) {
        self.begin(link);
        let parts = split(link.inner, b',', JS);
        let first = parts.first().and_then(|part| literal::text(part, JS));
        match (link.name, first) {
            ("Command", Some(name)) => {
                self.node = self.tree.add_apart();
                self.added.push((self.node, self.node, name));
            }
            ("Command", None) => self.node = ROOT,
            ("addCommand", _) => {
                let node = parts.first().and_then(|part| self.names.get(part)).copied();
                let known = self.added.iter_mut().find(|(_, child, _)| Some(*child) == node);
                match known {
                    Some((parent, ..)) => *parent = self.node,
                    // What another file defines, or a function makes.
                    None if node.is_none() && !link.inner.contains("Command(") => self.note_computed(link),
                    None => {}
                }
            }
            ("description", Some(words)) => {
                self.words.entry(self.node).or_insert_with(|| one_line(&words));
            }
            ("command", Some(spec)) => self.command(&spec, parts.get(1).and_then(|part| literal::text(part, JS))),
            ("addOption" | "addArgument", _) => self.made(link),
            (name, Some(spec)) => {
                let words = parts.get(1).and_then(|part| literal::text(part, JS)).unwrap_or_default();
                let default = parts.get(2..).into_iter().flatten().find_map(|part| literal::value(part, JS));
                let is_kept = default.as_ref().is_some_and(Value::is_array);
                for mut input in inputs(name, &spec, self.tree.inputs(self.node)) {
                    let is_counted = default.as_ref().is_some_and(Value::is_number) && parts.len() > 3;
                    if is_counted && input.schema.get("type") == Some(&json!("boolean")) {
                        input.takes(Takes::Times);
                    }
                    // A function that adds to a list is given one to begin with.
                    if is_kept && input.schema.get("type") != Some(&json!("array")) {
                        input.takes(Takes::Repeated);
                    }
                    self.tree.push(self.node, finished(input, &words, default.clone()));
                }
            }
            ("command", None) => self.note_computed(link),
            ("option" | "requiredOption" | "argument" | "arguments", None) if self.is_method(link) => {
                self.tree.push_computed(self.node);
            }
            (_, None) => {}
        }
        self.names.extend(self.target.map(|target| (target, self.node)));
        self.end = link.at + link.name.len() + link.inner.len();
    }

    /// Whether a call is one of a method, with arguments.
    fn is_method(&self, link: &Link<'t>) -> bool {
        self.text[..link.at].trim_end().ends_with('.') && !link.inner.trim().is_empty()
    }

    /// Notes a command whose name is worked out while the script runs.
    fn note_computed(&mut self, link: &Link<'t>) {
        if self.is_method(link) {
            self.tree.note_computed_with_words(self.node);
        }
    }

    /// Whether the script takes the words that nothing names: it reads `program.args`.
    fn reads_more_words(&self) -> bool {
        let is_program = |before: &str| {
            let start = before.trim_end_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$')).len();
            let name = &before[start..];
            let is_parsed =
                || ["parse(", "version(", "option("].iter().any(|call| self.text.contains(&format!("{name}.{call}")));
            !name.is_empty() && (self.names.get(name) == Some(&ROOT) || !self.names.contains_key(name) && is_parsed())
        };
        let is_read = |(at, mark): (usize, &str)| {
            let rest = &self.text[at + mark.len()..];
            !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '('))
                && is_program(&self.text[..at])
        };
        let has_words = self.tree.inputs(ROOT).iter().any(|one| one.rule.as_ref().is_some_and(ArgRule::is_position));
        let forbids = || calls(self.text, "allowExcessArguments", JS).any(|(_, inner)| inner.trim() == "false");
        !has_words && !self.tree.has_commands(ROOT) && !forbids() && self.text.match_indices(".args").any(is_read)
    }

    /// `new Option("--size <n>", "words").choices(["1"]).default("1")`, and the like of an argument.
    fn made(&mut self, link: &Link<'t>) {
        let (class, call) = if link.name == "addOption" { ("Option", "option") } else { ("Argument", "argument") };
        let made = calls(link.inner, class, JS).next();
        let parts = made.map(|(_, inner)| split(inner, b',', JS)).unwrap_or_default();
        let text = |at: usize| parts.get(at).and_then(|part| literal::text(part, JS));
        let Some(spec) = text(0) else {
            self.tree.push_computed(self.node);
            return;
        };
        let given = |method: &'t str| {
            let (_, inner) = calls(link.inner, method, JS).next()?;
            literal::value(split(inner, b',', JS).into_iter().next()?, JS)
        };
        let is_needed = link.inner.contains(".makeOptionMandatory(") || link.inner.contains(".argRequired(");
        for mut input in inputs(call, &spec, self.tree.inputs(self.node)) {
            if let Some(choices) = given("choices").filter(Value::is_array) {
                // Choices say what it is better than the name of its value.
                input.schema = type_word("str");
                input.put("enum", choices);
            }
            input.required |= is_needed;
            input.required &= !link.inner.contains(".argOptional(");
            self.tree.push(self.node, finished(input, &text(1).unwrap_or_default(), given("default")));
        }
    }

    fn command(&mut self, spec: &str, program: Option<String>) {
        let mut words = spec.split_whitespace();
        let Some(name) = words.next() else { return };
        let parent = self.node;
        let child = self.tree.add_apart();
        self.added.push((parent, child, name.to_owned()));
        for word in words {
            for input in inputs("argument", word, self.tree.inputs(child)) {
                self.tree.push(child, input);
            }
        }
        // With words of its own it is another program, and the chain stays where it is.
        match program {
            Some(words) => self.words.extend([(child, one_line(&words))]),
            None => self.node = child,
        }
    }

    /// Finds the command that a call is made on: that of the variable in front of it, or of the call before.
    fn begin(&mut self, link: &Link<'t>) {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let before = self.text[..link.at].trim_end();
        let Some(chain) = before.strip_suffix('.').map(str::trim_end) else {
            self.target =
                if link.name == "Command" { target(before.strip_suffix("new").unwrap_or(before)) } else { None };
            return;
        };
        let start = chain.trim_end_matches(is_name).len();
        if start < chain.len() {
            let name = &chain[start..];
            self.node = self.names.get(name).copied().unwrap_or(ROOT);
            self.target = target(&chain[..start]);
            // `new commander.Command()`.
            if link.name == "Command" {
                self.target = target(chain[..start].trim_end().strip_suffix("new").unwrap_or_default());
            }
        } else if self
            .text
            .get(self.end..start)
            .is_some_and(|gap| signs(gap, JS).any(|sign| sign.depth == 0 && sign.byte == b';'))
        {
            (self.node, self.target) = (ROOT, None);
        }
    }

    fn declared(mut self) -> Declared {
        for (parent, child, name) in &self.added {
            let words = self.words.get(child).map(String::as_str).unwrap_or_default();
            self.tree.attach(*parent, *child, name, words);
        }
        if self.reads_more_words() {
            let rest = rest_words(self.tree.inputs(ROOT));
            self.tree.push(ROOT, rest);
        }
        let description = self.words.remove(&ROOT);
        self.tree.declared(description)
    }
}

/// The variable that the rest of a statement is given to.
fn target(before: &str) -> Option<&str> {
    let line = before.rsplit(['\n', ';']).next()?.trim();
    let name = line.strip_suffix('=')?.trim_end();
    let name = name.rsplit(char::is_whitespace).next()?;
    super::scanner::is_word(name).then_some(name)
}

fn inputs(call: &str, spec: &str, taken: &[DeclaredInput]) -> Vec<DeclaredInput> {
    let is_optional = |word: &str| word.starts_with('[');
    let is_many = |word: &str| word.trim_end_matches(['>', ']']).ends_with("...");
    let plain = |word: &str| word.trim_matches(['<', '>', '[', ']', '.']).to_owned();
    if call.starts_with("argument") {
        let words = spec.split_whitespace();
        return words
            .filter_map(|word| {
                let (name, rule) = rule_of(&[plain(word)], taken)?;
                let mut input = DeclaredInput::text(&name, rule);
                input.required = !is_optional(word);
                if is_many(word) {
                    input.make_array();
                }
                Some(input)
            })
            .collect();
    }
    let words: Vec<&str> = spec.split([',', ' ', '|']).filter(|word| !word.is_empty()).collect();
    let flags: Vec<String> = words.iter().filter(|word| word.starts_with('-')).map(|word| (*word).to_owned()).collect();
    let Some((name, rule)) = rule_of(&flags, taken) else { return Vec::new() };
    let mut input = DeclaredInput::text(&name, rule);
    match words.iter().find(|word| word.starts_with(['<', '['])) {
        None => input.schema = type_word("bool"),
        Some(value) if is_many(value) => input.takes(Takes::Together),
        Some(value) if is_optional(value) => input.takes(Takes::OneOrNone),
        Some(value) if ["number", "int", "port", "count", "n", "num"].contains(&plain(value).as_str()) => {
            input.schema = type_word("number");
        }
        Some(_) => {}
    }
    input.required = call == "requiredOption";
    vec![input]
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;

    const COMPUTED: &str = r#"args... {"type":"array","items":{"type":"string"},"description":"Options and words whose names the script computes"}"#;

    #[test]
    fn options_whose_names_are_computed_are_passed_as_they_are() {
        let text = "const {program} = require('commander');\nprogram.option('-l, --list', 'List');\nfor (const p of ps) { program.option(`--${p}`, `Use ${p}`); }\nprogram.parse();\n";
        assert_eq!(shown("x.js", text), [r#"--list,-l {"type":"boolean","description":"List"}"#, COMPUTED]);
        let text = "const {program} = require('commander');\nprogram.option('--list').addOption(makeOption());\nprogram.parse();\n";
        assert_eq!(shown("x.js", text), [r#"--list {"type":"boolean"}"#, COMPUTED]);
        let text = "const {program} = require('commander');\nprogram.command('add <name>');\nfor (const [n, d] of all) { program.command(n, d); }\nprogram.parse();\n";
        let shown = shown("x.js", text);
        assert!(
            shown[0].contains(r#""examples":["add"]"#) && shown[0].contains("names that the script computes"),
            "{shown:#?}"
        );
        assert!(shown.iter().any(|line| line.starts_with("= command") && line.ends_with("args...")), "{shown:#?}");
    }

    #[test]
    fn a_script_that_reads_its_words_takes_them() {
        let text = "const program = require('commander');\nprogram.version('1').option('-l, --list', 'List all').parse(process.argv);\nshow(program.args.join(' '));\n";
        let words = r#"args... {"type":"array","items":{"type":"string"},"description":"Words of its command line"}"#;
        assert_eq!(shown("x.js", text), [r#"--list,-l {"type":"boolean","description":"List all"}"#, words]);
        for text in [
            text.replace(".version", ".allowExcessArguments(false).version"),
            text.replace("program.args", "other.args"),
            text.replace("program.args", "program.argsOf"),
        ] {
            assert_eq!(shown("x.js", &text).len(), 1, "{text}");
        }
        assert_eq!(shown("x.js", &text.replace(".version", ".argument('<page>').version")).len(), 2);
    }

    #[test]
    fn options_that_are_made_first_counted_or_collected_are_read() {
        let text = "program\n  .addOption(new Option('-s, --size <n>', 'Size').choices(['S', 'L']).default('S'))\n  .addOption(new Option('--key <k>').makeOptionMandatory())\n\
            .addArgument(new commander.Argument('[dir]', 'Folder').default('.'))\n  .option('-v, --verbose', 'More', more, 0)\n  .option('-c, --collect <v>', 'Values', collect, [])\n  .option('--cheese [type]')\n  .requiredOption('--x <y>');\nprogram.parse(process.argv);\n";
        let expected = [
            r#"--size,-s {"type":"string","enum":["S","L"],"description":"Size","default":"S"}"#,
            r#"--key! {"type":"string"}"#,
            r#"--verbose,-v verbose times {"type":"integer","minimum":0,"description":"More"}"#,
            r#"--collect,-c {"type":"array","items":{"type":"string"},"description":"Values"}"#,
            r#"--cheese {"type":["boolean","string","number"]}"#,
            r#"--x! {"type":"string"}"#,
            r#"dir {"type":"string","description":"Folder","default":"."}"#,
        ];
        let shown: Vec<String> = shown("x.js", text);
        assert_eq!(shown.len(), expected.len(), "{shown:#?}");
        for (line, wanted) in shown.iter().zip(expected) {
            assert!(line.starts_with(wanted.trim_end_matches('}')), "{line} {wanted}");
        }
    }

    #[test]
    fn each_command_of_a_chain_has_its_options() {
        let text = "const { program } = require('commander');\nprogram.description('Notes').option('-d, --db <file>', 'Where', 'x.db');\n\
            program\n  .command('add <name>')\n  .description('Adds')\n  .option('-t, --tags <tag...>')\n  .action((name) => { go(name); });\n\
            const rm = program.command('rm');\nrm.argument('<name>');\nconst ls = new Command('ls').option('--all');\nprogram.addCommand(ls);\nprogram.parse(process.argv);\n";
        let expected = [
            "# Notes",
            r#"command! {"type":"string","enum":["add","rm","ls"],"description":"add: Adds"}"#,
            r#"db {"type":"string","description":"Where","default":"x.db"}"#,
            r#"tags {"type":"array","items":{"type":"string"},"description":"(for add)"}"#,
            r#"name {"type":"string","description":"(for add, rm)"}"#,
            r#"all {"type":"boolean","description":"(for ls)"}"#,
            "= --db,-d, command, --tags,-t tags... if command=add, name if command=add, name if command=rm, --all if command=ls",
            "! command=add: name",
            "! command=rm: name",
        ];
        assert_eq!(shown("x.js", text), expected);
    }
}
