//! The function that starts the command line of a Python file which starts nothing itself: the one that its package installs as
//! a program (`[project.scripts]`, `console_scripts`).

use super::ScriptText;
use super::python::{self, Block, Definition, Parameter};
use super::scanner::calls;
use crate::domain::source::Language;

const PYTHON: Language = Language::Python;

/// Names of a function that starts a program.
const STARTS: &[&str] = &["main", "cli", "run", "app", "entry_point", "entrypoint", "start", "cmd"];

/// How a function reads the words that it is given.
const PARSES: &[&str] = &["parse_args(", "parse_known_args(", "docopt(", "Fire("];

/// The name of what starts the command line of a file; `None` where that is not clear.
pub(super) fn function(script: &ScriptText<'_>) -> Option<String> {
    let text = script.text;
    let blocks = python::blocks(text);
    let definitions = python::definitions(&blocks);
    let found = if text.contains("click") {
        of_click(&definitions)
    } else if text.contains("typer") {
        of_typer(text, &blocks)
    } else {
        of_parser(&definitions)
    };
    found.map(str::to_owned)
}

/// The group that is no command of another one; without groups the only command.
fn of_click<'t>(definitions: &[Definition<'t>]) -> Option<&'t str> {
    let is_own = |owner: &str| definitions.iter().any(|one| one.name == owner);
    let is_root = |one: &&Definition<'t>, kind: &str| {
        one.decorators.iter().any(|written| {
            let head = written.split('(').next().unwrap_or_default().trim();
            let (owner, last) = head.rsplit_once('.').unwrap_or(("", head));
            last == kind && !is_own(owner)
        })
    };
    let roots = |kind: &'static str| definitions.iter().filter(move |one| is_root(one, kind)).map(|one| one.name);
    roots("group").next().or_else(|| one_of(&roots("command").collect::<Vec<_>>()))
}

/// `app = typer.Typer()` that is part of no other one.
fn of_typer<'t>(text: &'t str, blocks: &[Block<'t>]) -> Option<&'t str> {
    let makes = |block: &&Block<'t>| calls(block.text, "Typer", PYTHON).next().is_some();
    let apps = blocks.iter().filter(|block| !block.is_definition()).filter(makes);
    let is_part = |name: &str| calls(text, "add_typer", PYTHON).any(|(_, inner)| inner.split(',').next() == Some(name));
    one_of(&apps.filter_map(|block| python::target(block.text)).filter(|name| !is_part(name)).collect::<Vec<_>>())
}

/// The function that needs nothing and reads the words that it is given, itself or by another function of the file.
fn of_parser<'t>(definitions: &[Definition<'t>]) -> Option<&'t str> {
    let functions = || definitions.iter().filter(|one| !one.is_class);
    let parses = |one: &&Definition<'t>| PARSES.iter().any(|mark| one.body.contains(mark));
    let readers: Vec<&str> = functions().filter(parses).map(|one| one.name).collect();
    let calls_reader = |one: &Definition<'t>| {
        readers.iter().any(|name| *name != one.name && calls(one.body, name, PYTHON).next().is_some())
    };
    let is_free = |one: &Parameter<'_>| one.default.is_some() || one.name.starts_with('*');
    let needs_nothing = |one: &&Definition<'t>| one.parameters().iter().all(is_free);
    let able = functions().filter(needs_nothing).filter(|one| parses(one) || calls_reader(one)).map(|one| one.name);
    one_of(&able.collect::<Vec<_>>())
}

/// The name that is meant to start a program, else the only one.
fn one_of<'n>(names: &[&'n str]) -> Option<&'n str> {
    let meant = STARTS.iter().find_map(|name| names.iter().find(|one| *one == name));
    meant.or(if let [only] = names { Some(only) } else { None }).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_that_starts_a_command_line_is_found() {
        for (text, expected) in [
            ("import click\n@click.command()\ndef greet(name): pass\n", Some("greet")),
            ("import click\n@click.group()\ndef cli(): pass\n@cli.command()\ndef add(): pass\n", Some("cli")),
            ("from click import command\n@command()\ndef a(): pass\n@command()\ndef b(): pass\n", None),
            (
                "import typer\napp = typer.Typer()\nsub = typer.Typer()\napp.add_typer(sub, name='x')\n@app.command()\ndef a(): pass\n",
                Some("app"),
            ),
            (
                "import argparse\ndef parser(): return argparse.ArgumentParser()\ndef main(argv=None):\n    args = parser().parse_args(argv)\n",
                Some("main"),
            ),
            (
                "import argparse\ndef parse():\n    return p.parse_args()\ndef main():\n    args = parse()\n",
                Some("main"),
            ),
            ("import argparse\ndef check(argv):\n    return p.parse_args(argv)\n", None),
        ] {
            let script = ScriptText::new("x.py", text, Some(PYTHON));
            assert_eq!(function(&script).as_deref(), expected, "{text}");
        }
    }
}
