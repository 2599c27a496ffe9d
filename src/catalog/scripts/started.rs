//! Python files that only start the command line of another file: `from .server import main` and `main()`, as in a `__main__.py`.
//! What that file reads are the inputs.

use super::{Declared, ScriptText, docstring, options, python, words};
use crate::domain::source::Language;

/// Reads such a file by the code that it starts.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let (text, name) = script.beside.start?;
    let other = ScriptText::new(script.path, text, Some(Language::Python));
    let mut declared = options::read(&other).or_else(|| words::read(&other))?;
    (declared.function, declared.unsupported) = (None, None);
    let definitions = python::definitions(&python::blocks(text));
    let body = definitions.iter().find(|one| one.name == name).map_or("", |one| one.body);
    let summary = |body: &str| docstring::read(&python::docstring(body).unwrap_or_default()).summary;
    let words = [summary(body), summary(text)].into_iter().find(|words| !words.is_empty());
    declared.contents = words.or(declared.contents);
    Some(declared)
}

#[cfg(test)]
mod tests {
    use super::super::Beside;
    use super::*;
    use crate::domain::InputMode;

    #[test]
    fn the_parser_of_the_file_that_is_started_is_read() {
        let of = |text: &'static str| {
            let beside = Beside { start: Some((text, "main")), ..Beside::default() };
            let start = "import sys\nfrom .cli import main\nsys.exit(main())\n";
            read(&ScriptText { beside, ..ScriptText::new("__main__.py", start, Some(Language::Python)) })
        };
        let click = "import click\n@click.command()\n@click.option('--port', default=80)\ndef main(port):\n    \"\"\"Serves it.\"\"\"\n";
        let declared = of(click).unwrap();
        assert_eq!((declared.inputs[0].name.as_str(), declared.description.as_deref()), ("port", Some("Serves it.")));
        assert_eq!((declared.input, declared.function, declared.unsupported), (Some(InputMode::Args), None, None));
        let argparse = "import argparse\ndef main():\n    \"\"\"Counts.\"\"\"\n    p = argparse.ArgumentParser()\n    p.add_argument('path')\n    p.parse_args()\n";
        let declared = of(argparse).unwrap();
        assert_eq!((declared.inputs[0].name.as_str(), declared.contents.as_deref()), ("path", Some("Counts.")));
        assert_eq!(of("def main():\n    serve()\n"), None);
    }
}
