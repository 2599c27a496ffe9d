//! Options in the code of scripts that parse a command line: argparse, click, typer, docopt, fire, commander, yargs, citty,
//! `parseArgs` of node, getopts and loops of shells. Nothing is executed: what is computed is not known.

use super::option_words::table_input;
use super::scanner::{calls, split, split_once};
use super::{Declared, DeclaredInput, ScriptText, literal};
use crate::domain::source::Language;
use crate::domain::{ANSWERED, ArgRule, InputMode};
use serde_json::{Value, json};

const PYTHON: Language = Language::Python;
const JS: Language = Language::JavaScript;

/// How each parser is told in a script, and what reads it. The first that is found decides.
struct ParserMark {
    is_used: fn(&str) -> bool,
    read: fn(&str) -> Option<Declared>,
    /// Whether what it cannot read gets words as they are.
    passes_words: bool,
    /// The options that it answers itself and alone.
    answered: fn(&str) -> &'static [&'static str],
}

const PYTHON_PARSERS: &[ParserMark] = &[
    ParserMark {
        is_used: |text| super::argparse::is_used(text) || super::argparse::is_bare(text),
        read: |text| Some(super::argparse::read(text)),
        passes_words: false,
        answered: of_argparse,
    },
    ParserMark {
        is_used: |text| ["@click.", "import click", "from click"].iter().any(|mark| text.contains(mark)),
        read: super::click::click,
        passes_words: false,
        answered: of_click,
    },
    ParserMark {
        is_used: |text| text.contains("typer"),
        read: super::click::typer,
        passes_words: false,
        answered: |_| &["--help"],
    },
    ParserMark {
        is_used: |text| text.contains("docopt("),
        read: super::docopt::read,
        passes_words: true,
        answered: |_| &[],
    },
    ParserMark {
        is_used: |text| text.contains("fire.Fire(") || text.contains("import Fire"),
        read: super::fire::read,
        passes_words: true,
        answered: |_| &["--help"],
    },
];

const JAVASCRIPT_PARSERS: &[ParserMark] = &[
    ParserMark {
        is_used: |text| ["commander", ".parse(process.argv", ".requiredOption("].iter().any(|mark| text.contains(mark)),
        read: |text| Some(super::commander::read(text)),
        passes_words: false,
        answered: of_commander,
    },
    ParserMark {
        is_used: |text| text.contains("yargs"),
        read: super::yargs::read,
        passes_words: false,
        answered: |_| &["--help", "--version"],
    },
    ParserMark {
        is_used: |text| text.contains("defineCommand("),
        read: super::citty::read,
        passes_words: false,
        answered: |_| &["--help", "--version"],
    },
    ParserMark { is_used: |text| text.contains("parseArgs("), read: parse_args, passes_words: true, answered: |_| &[] },
];

const SHELL_PARSERS: &[ParserMark] = &[
    ParserMark {
        is_used: |text| text.contains("getopts "),
        read: super::shell::getopts,
        passes_words: false,
        answered: |_| &[],
    },
    ParserMark {
        is_used: |text| text.contains('-'),
        read: super::shell_options::read,
        passes_words: false,
        answered: |_| &[],
    },
];

fn of_argparse(text: &str) -> &'static [&'static str] {
    let has_version = ["action=\"version\"", "action='version'"].iter().any(|mark| text.contains(mark));
    match (text.contains("add_help=False"), has_version && text.contains("--version")) {
        (true, _) => &[],
        (false, true) => &["--help", "-h", "--version"],
        (false, false) => &["--help", "-h"],
    }
}

fn of_click(text: &str) -> &'static [&'static str] {
    if text.contains("version_option(") { &["--help", "--version"] } else { &["--help"] }
}

fn of_commander(text: &str) -> &'static [&'static str] {
    if text.contains(".version(") { &["--help", "-h", "--version", "-V"] } else { &["--help", "-h"] }
}

/// Reads the options of a script by the parser that it uses.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let parsers = match script.language? {
        PYTHON => PYTHON_PARSERS,
        Language::Bash => SHELL_PARSERS,
        language if language.is_javascript() => JAVASCRIPT_PARSERS,
        _ => return None,
    };
    let parser = parsers.iter().find(|parser| (parser.is_used)(script.text))?;
    let found = (parser.read)(script.text);
    let found = found.or_else(|| {
        let words = || Declared { inputs: vec![super::rest_words(&[])], ..Declared::default() };
        parser.passes_words.then(words)
    });
    let mut declared = found?;
    declared.input = Some(InputMode::Args);
    let is_input = |option: &str| {
        let rules = declared.inputs.iter().filter_map(|input| input.rule.as_ref());
        rules.chain(&declared.rules).filter_map(ArgRule::option_forms).any(|forms| forms.has(option))
    };
    let answered: Vec<&str> =
        (parser.answered)(script.text).iter().copied().filter(|option| !is_input(option)).collect();
    if !answered.is_empty() {
        declared.extra.insert(ANSWERED.to_owned(), json!(answered));
    }
    if script.language == Some(PYTHON) && super::argparse::is_bare(script.text) {
        // Nothing gives its parser an argument.
        declared.schema = Some(json!({"type": "object", "properties": {}, "additionalProperties": false}));
        return Some(declared);
    }
    (!declared.inputs.is_empty() || declared.description.is_some()).then_some(declared)
}

/// The inputs found so far.
#[derive(Default)]
struct Options {
    inputs: Vec<DeclaredInput>,
}

impl Options {
    fn push(&mut self, input: DeclaredInput) {
        let is_known = self.inputs.iter().any(|known| known.rule == input.rule);
        if !is_known {
            self.inputs.push(input);
        }
    }

    /// Options first and then plain words, as every parser reads them.
    fn declared(mut self, description: Option<String>) -> Declared {
        self.inputs.sort_by_key(|input| input.rule.as_ref().is_some_and(ArgRule::is_position));
        Declared { description, inputs: self.inputs, ..Declared::default() }
    }
}

/// `parseArgs({ options: { name: { type: "string", short: "n" } }, allowPositionals: true })`.
fn parse_args(text: &str) -> Option<Declared> {
    let (_, inner) = calls(text, "parseArgs", JS).next()?;
    let table = split(inner.trim().strip_prefix('{')?.strip_suffix('}')?, b',', JS);
    let value = table.iter().filter_map(|field| split_once(field, b':', JS)).find(|(key, _)| *key == "options")?.1;
    let mut options = Options::default();
    for (name, spec) in fields(value) {
        if let Some(input) = table_input(&name, &spec, false, &options.inputs) {
            options.push(input);
        }
    }
    let takes_words =
        table.iter().filter_map(|field| split_once(field, b':', JS)).any(|field| field == ("allowPositionals", "true"));
    if takes_words {
        options.push(super::rest_words(&options.inputs));
    }
    Some(options.declared(None))
}

/// The fields of a table as written, each with its value.
fn fields(written: &str) -> Vec<(String, Value)> {
    let value = literal::value(written, JS);
    let Some(Value::Object(table)) = value else { return Vec::new() };
    table.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;

    #[test]
    fn argparse_is_read() {
        let text = "import argparse\np = argparse.ArgumentParser(\n    description='Counts '\n    'words')\np.add_argument('path', type=Path, help='File (text)')\n\
            p.add_argument('-n', '--max-count', type=int, default=3, help=\"\"\"At\n most\"\"\")\np.add_argument('--kind', choices=['a', 'b'], required=True)\n\
            p.add_argument('-v', action='store_true')\np.add_argument('more', nargs='*')\n";
        let expected = [
            "# Counts words",
            r#"--max-count,-n {"type":"integer","default":3,"description":"At most"}"#,
            r#"--kind! {"type":"string","enum":["a","b"]}"#,
            r#"-v {"type":"boolean"}"#,
            r#"path! {"type":"string","description":"File (text)"}"#,
            r#"more {"type":"array","items":{"type":"string"}}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn click_and_typer_are_read() {
        let text = "import click\n\n@click.command()\n@click.option('--count', '-c', default=1, help='How often')\n@click.option('--shout/--no-shout')\n\
            @click.option('--kind', type=click.Choice(['a', 'b']))\n@click.argument('name')\n@click.argument('files', nargs=-1)\ndef hello(count, name):\n    \"\"\"Greets.\"\"\"\n";
        let expected = [
            "# Greets.",
            r#"--count,-c {"type":"integer","default":1,"description":"How often"}"#,
            r#"--shout/--no-shout {"type":"boolean"}"#,
            r#"--kind {"type":"string","enum":["a","b"]}"#,
            r#"name! {"type":"string"}"#,
            r#"files {"type":"array","items":{"type":"string"}}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
        let text = "import typer\ndef main(name: str, last: Annotated[str, typer.Option(help='Last')] = '', loud: bool = False, n: int = typer.Option(2, '--num', help='N')):\n    \
            \"\"\"Greets.\"\"\"\ntyper.run(main)\n";
        let expected = [
            "# Greets.",
            r#"--last {"type":"string","description":"Last","default":""}"#,
            r#"--loud/--no-loud {"type":"boolean","default":false}"#,
            r#"--num {"type":"integer","description":"N","default":2}"#,
            r#"name! {"type":"string"}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn commander_yargs_and_parse_args_are_read() {
        let text = "const { program } = require('commander');\nprogram.description('Serves').argument('<dir>', 'Folder').option('-p, --port <number>', 'Port', '80')\n  .option('--open')\n  .requiredOption('-k, --key <text>');\n";
        let expected = [
            "# Serves",
            r#"--port,-p {"type":"number","description":"Port","default":80}"#,
            r#"--open {"type":"boolean"}"#,
            r#"--key,-k! {"type":"string"}"#,
            r#"dir! {"type":"string","description":"Folder"}"#,
        ];
        assert_eq!(shown("x.js", text), expected);
        let text = "yargs(x).option('size', { alias: 's', type: 'number', describe: 'Size', demandOption: true }).options({ 'dry-run': { type: 'boolean', default: false } })";
        let expected =
            [r#"--size,-s! {"type":"number","description":"Size"}"#, r#"--dry-run {"type":"boolean","default":false}"#];
        assert_eq!(shown("x.js", text), expected);
        let text = "const { values } = parseArgs({ args, options: { name: { type: 'string', short: 'n' }, all: { type: 'boolean' } }, allowPositionals: true });";
        assert_eq!(
            shown("x.mjs", text),
            [
                r#"--name,-n {"type":"string"}"#,
                r#"--all {"type":"boolean"}"#,
                r#"args... {"type":"array","items":{"type":"string"},"description":"Words of its command line"}"#
            ]
        );
    }

    #[test]
    fn a_parser_without_arguments_takes_none() {
        let read = |text: &str| {
            super::read(&super::super::ScriptText::new("x.py", text, Some(crate::domain::source::Language::Python)))
        };
        let declared = read("import argparse\nparser = argparse.ArgumentParser()\nparser.parse_args()\n").unwrap();
        assert_eq!(
            (declared.inputs.len(), declared.schema.unwrap()["additionalProperties"].clone()),
            (0, false.into())
        );
        let text = "import argparse\nfrom x import add\nparser = add()\nparser.parse_args()\n";
        assert!(read(text).is_none_or(|declared| declared.schema.is_none()));
    }

    #[test]
    fn names_that_are_computed_are_passed_as_words() {
        let text =
            "p.add_argument(name)\np.add_argument('--x', type=lambda v: v, choices=list(A))\np.add_argument('--y'";
        let found = shown("x.py", text);
        assert!(found.contains(&r#"--x {"type":"string"}"#.to_owned()), "{found:?}");
        assert!(found.len() == 2 && found.iter().any(|one| one.starts_with("args... ")), "{found:?}");
    }
}
