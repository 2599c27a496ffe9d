//! Commands that were found to execute a value, and commands that must go on taking any text.

use crate::catalog::document::{Document, Syntax};
use crate::catalog::draft::Draft;
use crate::domain::validate;
use serde_json::{Value, json};

/// The table that the integration tests run with a real shell, too.
const ATTACKS: &str = include_str!("../../../tests/data/workflow_attacks.txt");

/// What is executed where each kind of value is.
fn payload(kind: &str) -> &'static str {
    match kind {
        "sub" => "$(echo PW$((40+2))NED)",
        "word" => "echo",
        "index" => "a[$(echo PW$((40+2))NED >&2)]",
        "awk" => "a\"; system(\"echo PW$((40+2))NED\"); x=\"",
        "sed" => "1e echo PW$((40+2))NED",
        "action" => "exec=echo PW$((40+2))NED",
        "program" => "BEGIN{system(\"echo PW$((40+2))NED\")}",
        "python" => "print(\"PW\"+str(42)+\"NED\")",
        "node" => "process.exit(console.log(\"PW\"+42+\"NED\"))",
        "make" => "--eval=$(info PW$(shell echo 42)NED)",
        "path" => "/workspace/evil",
        "option" => "--x",
        other => panic!("{other}"),
    }
}

fn draft(command: &str) -> Draft {
    let text = json!({"name": "one", "command": command, "arguments": [{"name": "x"}]}).to_string();
    let document = Document::parse("one.json", Syntax::Json, text.as_bytes()).unwrap();
    Draft::of(&document).unwrap()
}

fn takes(draft: &Draft, value: &str) -> bool {
    let schema = draft.manifest.input.as_ref().unwrap();
    draft.unsupported.is_none() && validate(schema, &json!({"x": value})).is_empty()
}

#[test]
fn no_value_is_executed() {
    let rows = ATTACKS.lines().filter(|line| !line.starts_with('#'));
    let mut wrong = Vec::new();
    let mut count = 0;
    for (kind, command) in rows.map(|line| line[2..].split_once('\t').unwrap()) {
        count += 1;
        let command = command.replace("{NL}", "\n");
        if takes(&draft(&command), payload(kind)) {
            wrong.push(command);
        }
    }
    assert!(wrong.is_empty(), "{} of {count} commands execute a value:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 100);
}

#[test]
fn ordinary_commands_take_any_text() {
    let text = "it's a \"text\"; $(with) `signs` | > & and\nlines";
    for command in [
        "echo {{x}}",
        "grep -rn {{x}} . | sort | head -5",
        "git commit -m \"{{x}}\"",
        "git commit -m '{{x}}' && git push",
        "docker build -t app --label note={{x}} .",
        "find . -name {{x}} | wc -l",
        "curl -s -d {{x}} https://example.com 2>/dev/null",
        "sudo systemctl restart {{x}}",
        "kubectl get pods -l app={{x}} | grep Running | awk '{print $1}'",
        "if ls; then echo {{x}}; else printf %s {{x}}; fi",
        "while true; do echo {{x}}; break; done",
        "cd {{x}} && ls",
        "echo \"a {{x}} b\" | sed 's/a/b/' | jq -R .",
    ] {
        let draft = draft(command);
        assert!(takes(&draft, text), "{command}: {:?} {:?}", draft.unsupported, draft.manifest.input);
    }
}

#[test]
fn other_places_take_plain_words_and_what_the_author_wrote() {
    for (command, fits, not) in [
        ("echo hi > {{x}}", "out/a.txt", "a b"),
        ("y={{x}}; cat \"$y\"", "a/b", "arg_x"),
        ("python3 {{x}}", "tool.py", "/tmp/tool.py"),
        ("ssh -i {{x}} host", "/home/a/.ssh/key", "-oProxyCommand=x"),
        ("[[ -f {{x}} ]] && echo y", "a/b.txt", "a[0]"),
        ("head -n $(( {{x}} + 1 )) a", "5", "5x"),
        ("f() { echo $1; }; f {{x}}", "word", "$(a)"),
    ] {
        let draft = draft(command);
        let schema = draft.manifest.input.as_ref().unwrap();
        let value = |text: &str| match schema["properties"]["x"]["type"].as_str() {
            Some("integer") => text.parse::<i64>().map_or(json!(text), Value::from),
            _ => json!(text),
        };
        let fit = |text: &str| draft.unsupported.is_none() && validate(schema, &json!({"x": value(text)})).is_empty();
        assert!(fit(fits), "{command}: {:?} {schema}", draft.unsupported);
        assert!(!fit(not), "{command}: {schema}");
    }
    let text = json!({"name": "one", "command": "{{x}} -la; ls {{y}}", "arguments": [
        {"name": "x", "default_value": "ls"}, {"name": "y", "default_value": "-a (b)*"}]});
    let text = text.to_string();
    let draft = Draft::of(&Document::parse("one.json", Syntax::Json, text.as_bytes()).unwrap()).unwrap();
    let schema = draft.manifest.input.as_ref().unwrap();
    let fits = |x: &str, y: &str| validate(schema, &json!({"x": x, "y": y})).is_empty();
    assert!(fits("ls", "-a (b)*") && fits("ls", "b") && !fits("rm", "b") && !fits("ls", "-b"), "{schema}");
}
