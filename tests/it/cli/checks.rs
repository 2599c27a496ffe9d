//! Checks that start a version, and what they do to an approval.

use super::Shell;
use serde_json::{Value, json};

const UPPER: &str = "import json, sys\nprint(json.dumps({'text': json.load(sys.stdin)['text'].upper()}))\n";

/// A Python tool with one example, whose recorded answer is `output`.
fn tool(shell: &Shell, script: &str, output: &str) {
    shell.write("tools/experimental/upper/upper.py", script);
    let manifest = format!(
        "name = \"upper\"\nversion = \"1.0.0\"\ndescription = \"Upper case\"\ncost_tier = \"low\"\n[run]\n\
         command = [\"python3\", \"{{file}}\"]\nentry = \"upper.py\"\ninput = \"stdin-json\"\n[input]\ntype = \"object\"\n\
         required = [\"text\"]\n[input.properties.text]\ntype = \"string\"\n[[examples]]\ndescription = \"a word\"\n\
         input = {{ text = \"abc\" }}\noutput = {{ text = \"{output}\" }}\n"
    );
    shell.write("tools/experimental/upper/tool.toml", &manifest);
}

fn check<'a>(verdict: &'a Value, name: &str) -> &'a Value {
    let checks = verdict["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {verdict:#}"))
}

#[test]
fn nothing_is_approved_while_its_examples_fail() {
    let shell = Shell::new();
    tool(&shell, UPPER, "Abc");
    let review = shell.waiting_review();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
    let refused = shell.at_terminal(&["approve", &id, "--digest", &digest]).exits(4);
    assert!(refused.stdout.contains("examples"), "the check is named: {}", refused.stdout);
    let announced = ["approve review", "move tools/", &digest];
    let told = announced.iter().find(|line| refused.stdout.contains(**line));
    assert_eq!(told, None, "nothing is announced before it is decided: {}", refused.stdout);
    assert_eq!(shell.call(&["show", "upper", "--json"]).exits(0).json()["tool"]["stage"], "experimental");
    let reason = "the example is wrong, not the tool";
    shell.at_terminal(&["approve", &id, "--digest", &digest, "--override", reason]).exits(0);
    assert_eq!(shell.call(&["show", "upper", "--json"]).exits(0).json()["tool"]["stage"], "approved");
}

#[test]
fn an_override_is_shown_in_every_list_with_its_checks_and_its_reason() {
    let shell = Shell::new();
    tool(&shell, UPPER, "Abc");
    let review = shell.waiting_review();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
    let reason = "the example is wrong, not the tool";
    shell.at_terminal(&["approve", &id, "--digest", &digest, "--override", reason]).exits(0);
    let log = shell.call(&["log"]).exits(0).stdout;
    assert!(log.contains("overrode examples") && log.contains(reason), "{log}");
    let entry = shell.call(&["log", "--json"]).exits(0).json()["operations"][0]["detail"]["override"].clone();
    assert_eq!(entry["reason"], reason);
    assert!(entry["checks"].as_array().unwrap().contains(&json!("examples")), "{entry}");
    let list = shell.call(&["list"]).exits(0).stdout;
    assert!(list.contains("overridden"), "{list}");
    for shown in [shell.call(&["show", "upper"]), shell.call(&["review", &id])] {
        assert!(shown.exits(0).stdout.contains(reason));
    }
}

#[test]
fn what_passes_its_checks_is_approved() {
    let shell = Shell::new();
    tool(&shell, UPPER, "ABC");
    let review = shell.waiting_review();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
    shell.at_terminal(&["approve", &id, "--digest", &digest]).exits(0);
}

#[test]
fn trials_are_no_runs_and_leave_nothing() {
    let shell = Shell::new();
    tool(
        &shell,
        "import json, sys\nv = json.load(sys.stdin)\nprint(json.dumps({'text': v['text'][0].upper()}))\n",
        "A",
    );
    let answer = shell.call(&["check", "upper", "--json"]).json();
    let verdict = &answer["verdict"];
    assert_eq!(check(verdict, "examples")["state"], "passed", "{verdict:#}");
    let property = check(verdict, "property");
    let message = "the input text = \"\" makes it crash: IndexError: string index out of range";
    assert_eq!((&property["state"], &property["findings"][0]["message"]), (&json!("failed"), &json!(message)));
    assert_eq!(shell.call(&["runs", "--json"]).exits(0).json()["runs"], json!([]));
    assert_eq!(shell.call(&["failures", "--json"]).exits(0).json()["failures"], json!([]));
    let left: Vec<_> = walk(&shell.home()).into_iter().filter(|path| path.contains("/scratch/")).collect();
    assert_eq!(left, Vec::<String>::new());
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            let inner = if path.is_dir() { walk(&path) } else { Vec::new() };
            inner.into_iter().chain([path.display().to_string()])
        })
        .collect()
}

#[test]
fn the_bundled_division_tells_what_it_refuses() {
    let shell = Shell::new();
    for file in ["divide.py", "divide.yaml"] {
        let path = format!("tools/experimental/{file}");
        let text = std::fs::read_to_string(crate::support::repository().join(&path)).unwrap();
        shell.write(&path, &text);
    }
    let answer = shell.call(&["check", "divide", "--json"]).exits(0).json();
    let verdict = &answer["verdict"];
    assert_eq!(check(verdict, "examples")["note"], "2 of 2 passed", "{verdict:#}");
    assert_eq!(check(verdict, "tests")["note"], "2 of 2 passed", "{verdict:#}");
    let property = check(verdict, "property");
    assert_eq!(property["state"], "passed", "{verdict:#}");
    let messages: Vec<&str> =
        property["findings"].as_array().unwrap().iter().map(|found| found["message"].as_str().unwrap()).collect();
    assert!(
        messages.iter().any(|message| message.contains("b = 0 is rejected with: output says \"success\": false: division by zero")),
        "{messages:?}"
    );
}
