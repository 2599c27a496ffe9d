//! Scripts that read plain text on standard input, without a manifest that says so.

use super::draft::TEXT_INPUT;
use super::schema_loose;
use super::scripts::{self, ScriptText};
use crate::domain::source::Language;
use crate::domain::{ArgRule, InputMode, Manifest, Recipe};
use serde_json::json;

/// What reads standard input, in any language.
const READS: &[&str] = &[
    "sys.stdin",
    "fileinput.",
    "open(0)",
    "process.stdin",
    "readFileSync(0",
    "Deno.stdin",
    "Bun.stdin",
    "/dev/stdin",
    "$stdin",
    "STDIN",
    "<STDIN>",
    "input()",
];

/// What in a script says that the text is JSON: it is passed as JSON then.
const JSON: &[&str] = &["json", "JSON", "jq "];

/// Whether a script reads standard input, and not as JSON. What only asks whether it is a terminal does not read it.
pub(super) fn reads_text(script: &ScriptText<'_>) -> bool {
    let has = |marks: &[&str]| marks.iter().any(|mark| script.text.contains(mark));
    if has(JSON) {
        return false;
    }
    if script.language == Some(Language::Bash) {
        if has(&["/dev/stdin"]) {
            return true;
        }
        let text = script.text;
        if has(&["exec </dev/tty", "exec < /dev/tty", "exec 0</dev/tty", "exec 0< /dev/tty"]) {
            return false;
        }
        if !text.lines().any(|line| shell_line_reads(line, text)) {
            return false;
        }
        let own = if text.contains('|') { scripts::without_fed(text) } else { text.to_owned() };
        return own.lines().any(|line| shell_line_reads(line, &own));
    }
    let code = script.text.replace("stdin.isatty", "").replace("stdin.isTTY", "");
    if script.language == Some(Language::Python) && script.text.lines().any(asks) {
        return true;
    }
    READS.iter().any(|mark| code.contains(mark))
}

/// Whether a line of Python asks for a line of text: `name = input("Name? ")`.
fn asks(line: &str) -> bool {
    let code = line.split('#').next().unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    code.match_indices("input(").any(|(at, _)| !code[..at].ends_with(is_word) && !code[..at].ends_with("def "))
}

/// Whether a line of a shell script reads what the script is given: `cat` without a file, `read` in a loop that no file is
/// put into.
fn shell_line_reads(line: &str, text: &str) -> bool {
    let line = line.split_once(" #").map_or(line, |(code, _)| code).trim();
    if line.starts_with('#') {
        return false;
    }
    let loops = ["while read ", "while IFS= read ", "while IFS='' read ", "while IFS=\"\" read "];
    if loops.iter().any(|start| line.contains(start)) {
        // Fed by a file, by a command, or by what stands in front of it.
        return !text.contains("done <") && !line.replace("||", "").contains('|');
    }
    // `read -p "Name? " name` asks for a line.
    let is_fed = line.contains('<') || line.contains("| read") || text.contains("done <");
    if (line.starts_with("read ") || line == "read") && !is_fed {
        return true;
    }
    let fills_list = line.contains("mapfile -t") && !text.contains("< ");
    fills_list || line.contains("$(cat)") || line == "cat" || line.starts_with("cat |") || line.starts_with("cat - ")
}

/// How a script that reads text gets the one input that a document declares of it; `None` where it declares more, or none
/// that is a text.
pub(super) fn only_text(manifest: &Manifest) -> Option<Recipe> {
    let fields = manifest.input.as_ref()?["properties"].as_object()?;
    let (name, schema) = fields.iter().next().filter(|_| fields.len() == 1)?;
    let recipe = || Recipe { args: vec![ArgRule::stdin(name)], ..Recipe::blank(InputMode::StdinText) };
    (schema["type"] == "string").then(recipe)
}

/// Whether its function is given the input as a JSON object.
fn is_called(recipe: &Recipe) -> bool {
    recipe.function.is_some() && !recipe.calls_with_words()
}

/// Adds the text on standard input to what a script takes; its other inputs stay as they are.
pub(super) fn declare(manifest: &mut Manifest) {
    let Some(recipe) = manifest.recipe.as_mut().filter(|recipe| !is_called(recipe)) else { return };
    let properties = manifest.input.as_ref().map(|schema| &schema["properties"]);
    if properties.is_some_and(|properties| properties.get(TEXT_INPUT).is_some()) {
        return;
    }
    // Without rules all inputs would be passed as options, which nobody said of these.
    if !recipe.args.is_empty() || manifest.input.is_none() {
        recipe.input = InputMode::StdinText;
        recipe.args.push(ArgRule::stdin(TEXT_INPUT));
        let text = json!({"type": "string", "description": "Text on its standard input"});
        manifest.input = Some(schema_loose::with_property(manifest.input.take(), TEXT_INPUT, text));
    }
}

/// Lets what is piped into a run reach a tool that nobody said anything of: neither that it reads its standard input, nor
/// that it does not.
pub(super) fn leave_open(manifest: &mut Manifest) {
    let fields = manifest.input.as_ref().map(|schema| &schema["properties"]);
    let is_taken = |name: &str| fields.is_some_and(|fields| fields.get(name).is_some());
    let name = [TEXT_INPUT, "stdin", "piped_text"].into_iter().find(|name| !is_taken(name)).map(str::to_owned);
    let Some(recipe) = &mut manifest.recipe else { return };
    let is_open = matches!(recipe.input, InputMode::None | InputMode::Args) && !is_called(recipe);
    recipe.piped = name.filter(|_| is_open);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(path: &str, text: &str) -> bool {
        reads_text(&ScriptText::new(path, text, Language::of(path, text)))
    }

    #[test]
    fn scripts_that_read_text_are_told_from_those_that_read_json_or_nothing() {
        for (path, text) in [
            ("a.py", "import sys\nfor line in sys.stdin:\n    print(line.upper())\n"),
            ("a.py", "name = input()\n"),
            ("a.py", "name = input('Name? ')\n"),
            ("a.sh", "#!/bin/bash\nread -p 'Name? ' name\necho \"$name\"\n"),
            ("a.js", "process.stdin.on('data', d => n += d.length)\n"),
            ("a.sh", "#!/bin/bash\ntext=$(cat)\necho \"${#text}\"\n"),
            ("a.sh", "#!/bin/bash\nwhile read -r line; do echo \"$line\"; done\n"),
            ("a.sh", "#!/bin/sh\ncat | tr a-z A-Z\n"),
            ("a.rb", "puts STDIN.read.upcase\n"),
        ] {
            assert!(reads(path, text), "{text}");
        }
        for (path, text) in [
            ("a.py", "import json, sys\nprint(json.load(sys.stdin))\n"),
            ("a.py", "import sys\nif sys.stdin.isatty():\n    pass\n"),
            ("a.sh", "#!/bin/bash\nwhile read -r line; do echo; done < list.txt\n"),
            ("a.sh", "#!/bin/bash\nls | while read -r line; do echo; done\n"),
            ("a.sh", "#!/bin/bash\ncat file.txt\n# cat\n"),
            ("a.sh", "#!/bin/bash\nlist() {\n  while read -r x; do echo \"$x\"; done\n}\nls | list\n"),
            ("a.sh", "#!/bin/bash\nsort x | {\n  read n\n  while read -r x; do echo \"$x\"; done\n}\n"),
            ("a.sh", "#!/bin/bash\nbody=$(cat)\necho \"$body\" | jq .name\n"),
            ("a.sh", "#!/bin/bash\nexec < /dev/tty\nread -r answer\n"),
            ("a.py", "print('stdin')\n"),
            ("a.py", "def user_input(x):\n    return x\nuser_input(1)\n"),
            ("a.sh", "#!/bin/bash\nread -r first < list.txt\necho \"$first\"\n"),
        ] {
            assert!(!reads(path, text), "{text}");
        }
    }

    #[test]
    fn what_is_piped_reaches_a_script_that_does_not_say_how_it_takes_input() {
        let of = |text: &str| {
            let programs = super::super::programs::Programs::on(&std::ffi::OsString::new());
            super::super::header::read("a.py", text.as_bytes(), &programs).unwrap().manifest
        };
        let piped = |text: &str| of(text).recipe.unwrap().piped;
        assert_eq!(piped("from sys import stdin\nprint(len(stdin.read()))\n").as_deref(), Some("text"));
        assert_eq!(piped("import argparse\np.add_argument('text')\np.add_argument('n')\n").as_deref(), Some("stdin"));
        // It is known how these take their input.
        assert_eq!(piped("import sys\nprint(sys.stdin.read())\n"), None);
        assert_eq!(piped("name = input('Name? ')\n"), None);
        assert_eq!(piped("import json, sys\nprint(json.load(sys.stdin))\n"), None);
        assert_eq!(piped("def run(a: int):\n    return a\n"), None);
    }
}
