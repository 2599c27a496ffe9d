//! Each way into a script: plain words, options, variables, and a function that is called with the input.

use crate::support::Workspace;
use serde_json::Value;

/// The standard output of a run that succeeds.
fn run(workspace: &Workspace, args: &[&str]) -> String {
    let output = workspace.toolsmith(&[&["run"], args].concat()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{args:?}: {shown}{}", String::from_utf8_lossy(&output.stderr));
    shown
}

/// What a run says that fails.
fn refused(workspace: &Workspace, args: &[&str]) -> String {
    let output = workspace.toolsmith(&[&["run"], args].concat()).output().unwrap();
    assert!(!output.status.success(), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const LAUNCHER: &str = r#"#!/bin/bash
# @raycast.schemaVersion 1
# @raycast.title Search for Words
# @raycast.mode fullOutput
# @raycast.argument1 { "type": "text", "placeholder": "Query", "percentEncoded": true }
# @raycast.argument2 { "type": "text", "placeholder": "Place", "optional": true }
printf '[%s]' "$@"
"#;

const PARSER: &str = r"import argparse
p = argparse.ArgumentParser(description='Repeats words')
p.add_argument('words', nargs='+')
p.add_argument('-n', '--count', type=int, default=1)
p.add_argument('--loud', action='store_true')
a = p.parse_args()
print(' '.join(a.words * a.count).upper() if a.loud else ' '.join(a.words * a.count))
";

#[test]
fn words_and_options_arrive_as_the_script_expects_them() {
    let workspace = Workspace::new();
    workspace.write("tools/search.sh", LAUNCHER);
    workspace.write("tools/repeat.py", PARSER);
    workspace.write("tools/all.sh", "#!/bin/sh\n# Shows its words.\nprintf '[%s]' \"$@\"\n");
    assert_eq!(run(&workspace, &["search", "a b/c"]), "[a%20b%2Fc][]");
    assert_eq!(run(&workspace, &["search", "x", "y z"]), "[x][y z]");
    assert_eq!(run(&workspace, &["search", "--input", r#"{"query": "x", "place": "-y"}"#]), "[x][-y]");
    assert_eq!(run(&workspace, &["repeat", "a", "b c", "--", "--count", "2"]).trim(), "a b c a b c");
    assert_eq!(run(&workspace, &["repeat", "--", "--count=2", "--loud", "a"]).trim(), "A A");
    assert_eq!(run(&workspace, &["repeat", "--set", "count=2", "--", "--", "-x"]).trim(), "-x -x");
    assert_eq!(run(&workspace, &["all", "a", "b c"]), "[a][b c]");
    assert_eq!(run(&workspace, &["all", "--", "-x", "b", "--", "-y=1"]), "[-x][b][--][-y=1]");
    let (shown, _) = workspace.json(&["show", "repeat"]);
    assert_eq!(shown["tool"]["description"], "Repeats words");
    assert_eq!(shown["input"]["required"], serde_json::json!(["words"]));
}

const LOOP: &str = r#"#!/bin/sh
# Joins tags and words.
while [ $# -gt 0 ]; do
  case "$1" in
    --tag) tags="$tags,$2"; shift 2 ;;
    *) words="$words $1"; shift ;;
  esac
done
echo "$tags|$words"
"#;

#[test]
fn what_the_form_cannot_hold_is_passed_on_as_it_was_typed() {
    let workspace = Workspace::new();
    workspace.write("tools/join.sh", LOOP);
    workspace.write("tools/repeat.py", PARSER);
    let join = |words: &[&str]| run(&workspace, &[&["join", "--"], words].concat()).trim().to_owned();
    assert_eq!(join(&["--tag", "a", "x"]), ",a| x");
    assert_eq!(join(&["--tag", "a", "--tag", "b", "x", "-y", "--tag", "c"]), ",a,b,c| x -y");
    assert_eq!(join(&["x", "--tag", "a", "--", "y"]), ",a| x -- y");
    // Who knows all options of a script refuses what it would have to drop.
    let said = refused(&workspace, &["repeat", "--", "--count=2", "--count=3", "a"]);
    assert!(said.contains("--count is given twice; repeat takes one value for count"), "{said}");
}

const COMMANDS: &str = r"import argparse
p = argparse.ArgumentParser()
p.add_argument('--db', default='main.db')
s = p.add_subparsers(dest='what', required=True)
a = s.add_parser('add')
a.add_argument('name')
a.add_argument('-a', '--age', type=int, default=3)
r = s.add_parser('rm')
r.add_argument('name')
m = s.add_parser('sum')
m.add_argument('nums', nargs='+', type=int)
m.add_argument('--files', nargs='+')
m.add_argument('--color', action=argparse.BooleanOptionalAction, default=True)
print(sorted(vars(p.parse_args()).items()))
";

#[test]
fn only_what_belongs_to_the_chosen_command_is_passed() {
    let workspace = Workspace::new();
    workspace.write("tools/two.py", COMMANDS);
    let two = |words: &[&str]| run(&workspace, &[&["two"], words].concat()).trim().to_owned();
    assert_eq!(two(&["rm", "Bob"]), "[('db', 'main.db'), ('name', 'Bob'), ('what', 'rm')]");
    assert_eq!(
        two(&["--set", "command=rm", "--set", "name=Bob"]),
        "[('db', 'main.db'), ('name', 'Bob'), ('what', 'rm')]"
    );
    assert_eq!(
        two(&["--", "--db", "x", "add", "-a4", "Bob"]),
        "[('age', 4), ('db', 'x'), ('name', 'Bob'), ('what', 'add')]"
    );
    assert_eq!(
        two(&["--", "sum", "1", "2", "--no-color", "--files", "a", "b"]),
        "[('color', False), ('db', 'main.db'), ('files', ['a', 'b']), ('nums', [1, 2]), ('what', 'sum')]"
    );
    assert!(refused(&workspace, &["two", "add"]).contains("\"name\" is a required property"));
}

#[test]
fn words_that_a_tool_does_not_take_are_refused_before_the_start() {
    let workspace = Workspace::new();
    workspace.write("tools/search.sh", LAUNCHER);
    let said = refused(&workspace, &["search", "a", "b", "c"]);
    assert!(said.contains("\"c\" is one word too many; search takes 2 words: query, place"), "{said}");
    assert!(refused(&workspace, &["search"]).contains("query"));
    let (runs, _) = workspace.json(&["runs"]);
    assert!(!runs.to_string().contains("succeeded"), "{runs}");
}

const FUNCTION: &str = r#"import dataclasses, enum, pathlib, sys
from typing import List, Optional

class Unit(enum.Enum):
    C = "c"
    F = "f"

@dataclasses.dataclass
class Place:
    name: str
    heights: List[float]

async def forecast(place: Place, unit: Unit = Unit.C, days: Optional[int] = None):
    """Forecasts the weather.

    Args:
        place: Where
        days: How many days
    """
    print("asked", pathlib.Path(sys.argv[0]).name, __name__)
    return {"place": place.name, "unit": unit.name, "days": days, "sum": sum(place.heights)}
"#;

#[test]
fn a_function_of_python_is_called_with_the_input() {
    let workspace = Workspace::new();
    workspace.write("tools/forecast.py", FUNCTION);
    workspace.write("tools/one.py", "def shout(text: str) -> str:\n    '''Shouts.'''\n    return text.upper()\n");
    workspace.write("tools/fails.py", "def run(a: int):\n    raise ValueError(f'bad {a}')\n");
    workspace.write("tools/helpers.py", "def a(): pass\ndef b(): pass\n");
    let input = r#"{"place": {"name": "Oslo", "heights": [1, 2.5]}, "unit": "f"}"#;
    let said = run(&workspace, &["forecast", "--input", input]);
    assert_eq!(
        said,
        "asked forecast.py forecast\n{\"place\": \"Oslo\", \"unit\": \"F\", \"days\": null, \"sum\": 3.5}\n"
    );
    assert_eq!(run(&workspace, &["one", "hello"]), "HELLO\n");
    assert!(refused(&workspace, &["forecast", "--input", r#"{"place": {"name": "x"}}"#]).contains("heights"));
    assert!(refused(&workspace, &["fails", "3"]).contains("ValueError: bad 3"));
    let (list, _) = workspace.json(&["list"]);
    let helpers = list["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "helpers").unwrap();
    assert_eq!(helpers["runnable"], Value::Bool(false));
    assert!(helpers["reason"].as_str().unwrap().starts_with("it defines functions but calls none"), "{helpers}");
}

#[test]
fn a_function_of_javascript_is_called_with_an_object_or_by_position() {
    let workspace = Workspace::new();
    let object = "/** Greets.\n * @typedef {Object} Args\n * @property {string} name - Who\n * @param {Args} args */\nexports.run = async function (args) { return { hello: args.name }; };\n";
    workspace.write("tools/greet.js", object);
    workspace.write("tools/add.mjs", "export default function add(a, b = 2) { return a + b; }\n");
    workspace.write("tools/cut.mjs", "export const cut = (text, to = 1) => text.slice(0, to);\n");
    assert_eq!(run(&workspace, &["greet", "Ada"]), "{\"hello\":\"Ada\"}\n");
    assert_eq!(run(&workspace, &["add", "--input", r#"{"a": 40}"#]), "42\n");
    assert_eq!(run(&workspace, &["cut", "abc", "2"]), "ab\n");
}

#[test]
fn a_manifest_can_say_how_each_input_is_passed() {
    let workspace = Workspace::new();
    let manifest = "name = 'show'\ndescription = 'Shows'\n[run]\ncommand = ['sh', '{file}']\nentry = 'show.sh'\ninput = 'args'\nargs = ['-n count', '$KEY key', 'path']\n\
        [input]\ntype = 'object'\n[input.properties]\ncount = {type = 'integer'}\npath = {type = 'string'}\nkey = {type = 'string'}\n";
    workspace.write("tools/experimental/show/tool.toml", manifest);
    workspace.write("tools/experimental/show/show.sh", "printf '[%s]' \"$@\" \"$KEY\"\n");
    assert_eq!(run(&workspace, &["show", "a b", "--set", "count=3", "--set", "key=k"]), "[-n][3][a b][k]");
    let function = "name = 'twice'\ndescription = 'Doubles'\n[run]\ncommand = ['python3', '{file}']\nentry = 'many.py'\nfunction = 'twice'\n[input]\ntype = 'object'\n\
        [input.properties]\nn = {type = 'integer'}\n";
    workspace.write("tools/experimental/twice/tool.toml", function);
    workspace.write("tools/experimental/twice/many.py", "def once(n): return n\ndef twice(n): return 2 * n\n");
    assert_eq!(run(&workspace, &["twice", "21"]), "42\n");
}

const INSTALLED: &str = r"import argparse, sys
def words():
    p = argparse.ArgumentParser(prog='installed')
    p.add_argument('name', help='whom to greet')
    p.add_argument('--loud', action='store_true')
    return p.parse_args()
def main():
    a = words()
    print(a.name.upper() if a.loud else a.name, len(sys.argv))
    return 0 if a.name != 'nobody' else 3
";

#[test]
fn a_program_that_only_its_package_starts_is_started_by_its_function() {
    let workspace = Workspace::new();
    workspace.write("tools/installed.py", INSTALLED);
    workspace.write("tools/repeat.py", PARSER);
    assert_eq!(run(&workspace, &["installed", "ada", "--", "--loud"]).trim(), "ADA 3");
    assert_eq!(run(&workspace, &["installed", "ada"]).trim(), "ada 2");
    assert!(run(&workspace, &["installed", "--", "--help"]).contains("whom to greet"));
    assert!(run(&workspace, &["repeat", "--", "-h"]).contains("Repeats words"));
    let shown = run(&workspace, &["repeat", "--show", "--", "--help"]);
    assert!(shown.contains("--help") && !shown.contains("not valid"), "{shown}");
    let output = workspace.toolsmith(&["run", "installed", "nobody"]).output().unwrap();
    assert!(!output.status.success());
    assert!(refused(&workspace, &["repeat", "--", "--version"]).contains("no option --version"));
}

const COMMAND_MODULE: &str = "exports.command = 'init [dir]';\nexports.desc = 'Creates it';\n\
    exports.builder = { dir: { default: '.', type: 'string' }, 'dry-run': { type: 'boolean' } };\n\
    exports.handler = argv => console.log(JSON.stringify(argv));\n";

#[test]
fn the_handler_of_a_command_gets_its_words_options_and_defaults() {
    let workspace = Workspace::new();
    workspace.write("tools/init.js", COMMAND_MODULE);
    let (shown, _) = workspace.json(&["show", "init"]);
    assert_eq!(shown["tool"]["description"], "Creates it");
    let of = |args: &[&str]| serde_json::from_str::<Value>(&run(&workspace, args)).unwrap();
    assert_eq!(of(&["init"]), serde_json::json!({"dir": "."}));
    assert_eq!(
        of(&["init", "--set", "dir=x", "--set", "dryRun=true"]),
        serde_json::json!({"dir": "x", "dryRun": true})
    );
}

#[test]
fn a_run_that_fails_for_want_of_a_file_says_what_hid_it() {
    let workspace = Workspace::new();
    workspace.write("text.txt", "hi\n");
    workspace.write(
        "tools/wordcount.py",
        "\"\"\"Counts.\"\"\"\nimport sys\npath = sys.argv[1]\nprint(len(open(path).read()))\n",
    );
    let said = refused(&workspace, &["wordcount", "text.txt"]);
    assert!(said.contains("give the whole path of text.txt"), "{said}");
    let whole = workspace.path("text.txt");
    let said = refused(&workspace, &["wordcount", whole.to_str().unwrap()]);
    assert!(said.contains("the sandbox hid text.txt") || said.contains("not isolated"), "{said}");
}
