//! Ways in: plain text on standard input, what is piped into a run, and the command line before it runs.

use super::{Answered, Shell};
use serde_json::json;
use std::io::Write;
use std::process::Stdio;

const SHOUT: &str = "\"\"\"Print the text in capitals.\"\"\"\nimport sys\nprint(sys.stdin.read().upper(), end='')\n";

/// Runs the program with this text piped into it.
fn piped(shell: &Shell, args: &[&str], text: &str) -> Answered {
    let mut child = shell.command(args).stdin(Stdio::piped()).spawn().unwrap();
    // It may not read all of it.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    let done = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Answered { code: done.status.code().unwrap_or(-1), stdout: text(&done.stdout), stderr: text(&done.stderr) }
}

#[test]
fn what_is_piped_reaches_a_script_that_reads_text_without_a_manifest() {
    let shell = Shell::new();
    shell.write("tools/experimental/shout.py", SHOUT);
    shell.write("tools/experimental/lines.sh", "#!/bin/bash\nwhile read -r line; do echo \"<$line>\"; done\n");
    assert_eq!(piped(&shell, &["run", "shout"], "hi ünï\n").exits(0).stdout, "HI ÜNÏ\n");
    assert_eq!(piped(&shell, &["run", "lines"], "a\nb\n").exits(0).stdout, "<a>\n<b>\n");
    // The same by name, and as a plain word.
    assert_eq!(shell.call(&["run", "shout", "--set", "text=x"]).exits(0).stdout, "X");
    assert_eq!(shell.call(&["run", "shout", "hello"]).exits(0).stdout, "HELLO");
    assert_eq!(shell.call(&["run", "shout"]).exits(0).stdout, "", "nothing is piped");
}

#[test]
fn a_piped_object_is_the_input_of_a_tool_that_reads_json_and_of_no_other() {
    let shell = Shell::new();
    let script = "import json, sys\nprint(json.load(sys.stdin)['a'])\n";
    shell.write("tools/experimental/field.py", script);
    let silent = "name = \"still\"\n[run]\ncommand = [\"python3\", \"{file}\"]\ninput = \"none\"\n";
    shell.write("tools/experimental/still.py", "print('still')\n");
    shell.write("tools/experimental/still.toml", silent);
    assert_eq!(piped(&shell, &["run", "field"], "{\"a\": 7}").exits(0).stdout, "7\n");
    let refused = piped(&shell, &["run", "field"], "no json").exits(2);
    assert!(refused.stderr.contains("standard input is not valid JSON"), "{}", refused.stderr);
    let unused = piped(&shell, &["run", "still"], "dropped").exits(0);
    assert!(unused.stderr.contains("standard input was not used"), "{}", unused.stderr);
    let given = piped(&shell, &["run", "field", "--input", "{\"a\": 1}"], "{\"a\": 2}").exits(0);
    assert_eq!(given.stdout, "1\n");
    assert!(given.stderr.contains("standard input was not used"), "{}", given.stderr);
}

#[test]
fn what_is_piped_reaches_a_script_that_does_not_say_how_it_takes_input() {
    let shell = Shell::new();
    for (name, script, said) in [
        ("lines.sh", "#!/bin/bash\n# Count lines\nwc -l\n", "3\n"),
        ("each.sh", "#!/bin/bash\nsort | uniq -c | awk '{print $2}'\n", "a\nb\n"),
        ("asks.sh", "#!/bin/bash\nread -p 'x? ' v\necho \"<$v>\"\n", "<b>\n"),
        ("reads.py", "from sys import stdin\nprint(len(stdin.read()))\n", "6\n"),
        ("named.py", "name = input('Name? ')\nprint(name)\n", "Name? b\n"),
        (
            "option.py",
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--text')\np.parse_args()\nprint(input())\n",
            "b\n",
        ),
    ] {
        shell.write(&format!("tools/experimental/{name}"), script);
        let tool = name.split('.').next().unwrap();
        let done = piped(&shell, &["run", tool], "b\na\nb\n").exits(0);
        assert_eq!(done.stdout, said, "{name}");
        assert!(!done.stderr.contains("was not used"), "{}", done.stderr);
    }
    // The same again, with the text that was piped then.
    assert_eq!(shell.call(&["rerun", "1"]).exits(0).stdout, "3\n");
}

#[test]
fn a_manifest_names_the_input_that_is_the_text() {
    let shell = Shell::new();
    shell.write("tools/experimental/count.py", "import sys\nprint(sys.argv[1:], sys.stdin.read())\n");
    let manifest = "name = \"count\"\nversion = \"1.0.0\"\n[run]\ncommand = [\"python3\", \"{file}\"]\n\
                    input = \"stdin-text\"\nargs = [\"--upper\", \"< body\"]\n";
    shell.write("tools/experimental/count.toml", manifest);
    let sent = shell.call(&["run", "count", "--set", "body=one two", "--set", "upper=3"]).exits(0);
    assert_eq!(sent.stdout, "['--upper', '3'] one two\n");
}

#[test]
fn the_command_line_is_shown_and_nothing_is_started() {
    let shell = Shell::new();
    shell.tool(
        "experimental",
        "fetch",
        "touch ran; echo \"$@\"\n",
        "[run]\ncommand = [\"sh\", \"{file}\"]\nentry = \"fetch.sh\"\ninput = \"args\"\n\
         args = [\"--count\", \"$API_KEY api_key\", \"path\"]\n[input.properties]\ncount = {type = \"integer\"}\n\
         api_key = {type = \"string\"}\npath = {type = \"string\"}\n",
    );
    let input = "{\"count\": 3, \"api_key\": \"s3cret-value\", \"path\": \"a b\"}";
    let shown = shell.call(&["run", "fetch", "--show", "--input", input, "--json"]).exits(0);
    assert!(!shown.stdout.contains("s3cret"), "{}", shown.stdout);
    let shown = shown.json();
    let line = shown["line"].as_str().unwrap();
    assert!(line.starts_with("API_KEY=••• ") && line.ends_with("fetch.sh --count 3 'a b'"), "{line}");
    assert_eq!(shown["inputs"][1], json!({"input": "api_key", "way": "$API_KEY"}));
    assert_eq!(shell.call(&["runs", "--json"]).json()["runs"], json!([]));
    let wrong = shell.call(&["run", "fetch", "--show", "--input", "{\"count\": \"x\"}"]).exits(1);
    assert!(wrong.stdout.contains("invalid") && wrong.stdout.contains("nothing was started"), "{}", wrong.stdout);
}
