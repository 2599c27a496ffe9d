//! Scripts that read their command line in a way that nobody knows here: their words are passed as they are.

use super::scanner::{is_word, split_once};
use super::shell_code::own_code;
use super::{Declared, ScriptText, python, rest_words};
use crate::domain::source::Language;
use crate::domain::{InputMode, standard};
use std::collections::HashSet;

/// What is said of such words.
const WORDS: &str = "Words of its command line, passed as they are";

/// How code names its command line.
const COMMAND_LINE: &[&str] = &["argv", "Deno.args", "Bun.args", "parse_args(", "parseArgs(", "OptionParser("];

/// Reads a script whose parser is not known; `None` for one that reads no words.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let language = script.language?;
    let reads = match language {
        Language::Bash => reads_shell(script.text),
        Language::Python => names_command_line(script.text) || starts_foreign_python(script.text),
        _ => names_command_line(script.text) || starts_foreign_javascript(script.text),
    };
    // Who reads text reads it from its standard input, unless it names its command line.
    let is_shell = language == Language::Bash;
    if !reads || !is_shell && script.text.contains("stdin") && !names_command_line(script.text) {
        return None;
    }
    let mut rest = rest_words(&[]);
    rest.put("description", WORDS);
    Some(Declared { inputs: vec![rest], input: Some(InputMode::Args), ..Declared::default() })
}

fn names_command_line(text: &str) -> bool {
    COMMAND_LINE.iter().any(|mark| text.contains(mark))
}

/// Whether a shell script looks at its words outside of functions, or in one that is given them.
fn reads_shell(text: &str) -> bool {
    let reads = |text: &str| ["$@", "$*", "${@", "${*", "$#", "${#}"].iter().any(|mark| text.contains(mark));
    reads(text) && reads(&own_code(text))
}

/// Whether what a Python script does first of all is to call something that is not its own and not of the library.
fn starts_foreign_python(text: &str) -> bool {
    let blocks = python::blocks(text);
    let mut foreign: HashSet<&str> = HashSet::new();
    for block in &blocks {
        foreign.extend(imported(block.text));
        // `app = other.App()` is as little known as what made it.
        if let Some((name, value)) = split_once(block.text, b'=', Language::Python)
            && is_word(name)
            && foreign.contains(root(value))
        {
            foreign.insert(name);
        }
    }
    let marked = python::definitions(&blocks)
        .into_iter()
        .filter(|one| one.decorators.iter().any(|mark| foreign.contains(root(mark))));
    let marked: Vec<&str> = marked.map(|one| one.name).collect();
    let is_foreign = |call: &str| {
        let call = call.trim().trim_start_matches("raise ").trim_start_matches("await ");
        let wrapped = ["SystemExit(", "sys.exit(", "exit(", "asyncio.run("];
        let call = wrapped.iter().find_map(|head| call.strip_prefix(head)).unwrap_or(call);
        let is_call = call.contains('(');
        is_call && (foreign.contains(root(call)) || marked.contains(&root(call)))
    };
    // `sys.exit(main())` at the top of a `__main__.py`.
    let is_start = |block: &&python::Block<'_>| {
        let call = block.text.strip_prefix("sys.exit(").unwrap_or(block.text);
        ["main(", "cli(", "app("].iter().any(|begin| call.starts_with(begin))
    };
    let is_at_top = || blocks.iter().filter(is_start).any(|block| is_foreign(block.text));
    let mut mains = blocks.iter().filter(|block| block.text.starts_with("if __name__"));
    mains.any(|block| block.text.lines().skip(1).any(is_foreign)) || is_at_top()
}

/// The names that an import of another package gives.
fn imported(statement: &str) -> Vec<&str> {
    let is_own = |module: &str| standard::PYTHON.contains(&module.split('.').next().unwrap_or(module));
    let last = |part: &str| -> usize { part.find(" as ").map_or(0, |at| at + 4) };
    if let Some(rest) = statement.strip_prefix("import ") {
        let parts = rest.split(',').map(str::trim).filter(|part| !is_own(part.split(' ').next().unwrap_or(part)));
        return parts.map(|part| part[last(part)..].split(['.', ' ', '#']).next().unwrap_or(part)).collect();
    }
    let Some((module, names)) = statement.strip_prefix("from ").and_then(|rest| rest.split_once(" import ")) else {
        return Vec::new();
    };
    if is_own(module.trim()) {
        return Vec::new();
    }
    let names = names.split([',', '(', ')', '\n']).map(str::trim).filter(|name| !name.is_empty());
    names.map(|part| part[last(part)..].trim()).collect()
}

/// The first name of a call: `app` of `app.cli.main()`.
fn root(written: &str) -> &str {
    let end = written.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(written.len());
    &written[..end]
}

/// Whether a script calls, at its top, something that another package gives it to run a command: `runMain(main)`,
/// `cli.parse()`.
fn starts_foreign_javascript(text: &str) -> bool {
    const STARTS: &[&str] = &["run", "runMain", "main", "parse", "cli", "execute", "start"];
    let foreign: Vec<&str> =
        text.lines().filter(|line| line.starts_with("import ")).flat_map(names_of_import).collect();
    text.lines().any(|line| {
        let code = line.trim_start_matches("await ").trim();
        let head = code.split('(').next().unwrap_or_default();
        let is_call = code.contains('(') && !line.starts_with(char::is_whitespace);
        let last = head.rsplit('.').next().unwrap_or_default();
        is_call && foreign.contains(&root(head)) && STARTS.contains(&last)
    })
}

/// The names that a line `import … from "package"` gives, for packages from outside.
fn names_of_import(line: &str) -> Vec<&str> {
    let Some((names, module)) = line["import ".len()..].split_once(" from ") else { return Vec::new() };
    if module.trim_start_matches(['"', '\'']).starts_with("node:") {
        return Vec::new();
    }
    let names = names.split(['{', '}', ',']).map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| name.rsplit(' ').next().unwrap_or(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(path: &str, text: &str) -> bool {
        read(&ScriptText::new(path, text, Language::of(path, text))).is_some()
    }

    #[test]
    fn words_are_passed_where_the_parser_is_not_known() {
        for (path, text) in [
            ("x.py", "import tyro\ndef main(a: int):\n    pass\nif __name__ == '__main__':\n    tyro.cli(main)\n"),
            ("x.py", "from mytool.cli import run\nif __name__ == '__main__':\n    raise SystemExit(run())\n"),
            ("x.py", "import cyclopts\napp = cyclopts.App()\nif __name__ == '__main__':\n    app()\n"),
            ("x.py", "import hydra\n@hydra.main()\ndef go(cfg):\n    pass\nif __name__ == '__main__':\n    go()\n"),
            ("x.py", "import sys\nprint(len(sys.argv))\n"),
            ("x.sh", "test $# -gt 0 && echo yes\n"),
            ("x.sh", "# or stdin\nfor f in \"$@\"; do echo \"$f\"; done\n"),
            ("x.mjs", "import cac from 'cac';\nconst cli = cac();\nconsole.log(process.argv);\n"),
            ("x.mjs", "import { runMain } from 'other';\nrunMain({});\n"),
        ] {
            assert!(passes(path, text), "{text}");
        }
        for (path, text) in [
            ("x.py", "import requests\nprint(requests.get('http://x').text)\n"),
            ("x.py", "import json\ndef main():\n    pass\nif __name__ == '__main__':\n    main()\n"),
            ("x.sh", "ls\n"),
            ("x.mjs", "import fs from 'node:fs';\nfs.run();\n"),
        ] {
            assert!(!passes(path, text), "{text}");
        }
    }
}
