//! Workflow files of terminals: values that would be code if they were text of the command.

use crate::support::Workspace;
use serde_json::json;

/// Prints a word that no value holds as text.
const CODE: &str = "printf PW; printf NED";

/// Values that end every kind of quote, with code behind it.
fn hostile() -> Vec<String> {
    let forms = [
        "$(CODE)",
        "`CODE`",
        "'; CODE; '",
        "\"; CODE; \"",
        "; CODE #",
        "| CODE",
        "\nCODE\n",
        "${x:-$(CODE)}",
        "x[$(CODE)]",
        "' \"$(CODE)\" '",
        "\\'; CODE; \\'",
        "<(CODE)",
        "*",
        "a  b",
    ];
    forms.iter().map(|form| form.replace("CODE", CODE)).collect()
}

fn write(workspace: &Workspace, name: &str, command: &str) {
    let text =
        json!({"name": name, "command": command, "arguments": [{"name": "a"}], "shells": ["zsh", "bash"]}).to_string();
    workspace.write(&format!("tools/experimental/{name}.json"), &text);
}

#[test]
fn hostile_values_arrive_as_they_are_and_start_nothing() {
    let workspace = Workspace::new();
    let commands = [
        "printf %s {{a}}",
        "printf %s \"{{a}}\"",
        "printf %s '{{a}}'",
        "printf %s $'{{a}}'",
        "if true; then printf %s {{a}}; fi",
        "# it's {{a}}\nprintf %s {{a}}",
    ];
    write(&workspace, "careful", &commands.join("\nprintf '\\n--\\n'\n"));
    for value in hostile() {
        let input = json!({"a": value}).to_string();
        let (answer, code) = workspace.json(&["run", "careful", "--input", &input]);
        let printed = answer["stdout"].as_str().unwrap_or_default();
        assert_eq!(
            (code, printed),
            (0, vec![value.as_str(); commands.len()].join("\n--\n").as_str()),
            "{value:?}: {answer}"
        );
    }
}

#[test]
fn where_a_value_could_be_read_again_only_a_plain_word_is_taken() {
    let workspace = Workspace::new();
    let commands = [
        "x={{a}}; printf %s \"$x\"",
        "printf %s \"$(printf '%s' {{a}})\"",
        "[[ -n {{a}} ]] && printf %s {{a}}",
        "f() { printf %s \"$1\"; }; f {{a}}",
        "cat <<< {{a}} | tr -d '\\n'",
    ];
    for (number, command) in commands.iter().enumerate() {
        let name = format!("plain{number}");
        write(&workspace, &name, command);
        let (answer, code) = workspace.json(&["run", &name, "--input", &json!({"a": "a/b.txt"}).to_string()]);
        assert_eq!((code, answer["stdout"].as_str().unwrap_or_default()), (0, "a/b.txt"), "{command}: {answer}");
        for value in ["$(printf PW)", "a b", "-n", "x[0]", "arg_a"] {
            let (answer, _) = workspace.json(&["run", &name, "--input", &json!({"a": value}).to_string()]);
            assert_eq!(answer["run"]["outcome"], json!("invalid-input"), "{command}: {value:?}: {answer}");
        }
    }
}

/// Commands that execute a value, with the value: a real shell executes it, and no run of the workflow does.
const ATTACKS: &str = include_str!("../../data/workflow_attacks.txt");

/// The command with the value where it is marked, as it was quoted before the place of each value was looked at.
fn quoted(command: &str) -> String {
    let mut parts = command.split("{{x}}");
    let mut made = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let outer = made.replace("\\\"", "").chars().fold(None, |open, c| match (open, c) {
            (None, '"' | '\'') => Some(c),
            (Some(sign), c) if sign == c => None,
            (open, _) => open,
        });
        made.push_str(match outer {
            Some('"') => "${arg_x}",
            Some(_) => "'\"${arg_x}\"'",
            None => "\"${arg_x}\"",
        });
        made.push_str(part);
    }
    made
}

#[test]
fn the_commands_of_the_table_execute_their_value_without_the_rules() {
    let rows = ATTACKS.lines().filter_map(|line| line.strip_prefix("! ")?.split_once('\t'));
    let (mut silent, mut count) = (Vec::new(), 0);
    for (kind, command) in rows {
        let value = match kind {
            "sub" => "$(echo PW$((40+2))NED)",
            "word" => "echo",
            "index" => "a[$(echo PW$((40+2))NED >&2)]",
            "awk" => "a\"; system(\"echo PW$((40+2))NED\"); x=\"",
            "sed" => "1e echo PW$((40+2))NED",
            _ => "exec=echo PW$((40+2))NED",
        };
        count += 1;
        let place = tempfile::tempdir().unwrap();
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &quoted(command)]).env("arg_x", value).env("SHELL", "bash").current_dir(place.path());
        let done = bash.stdin(std::process::Stdio::null()).output().unwrap();
        let printed = [done.stdout, done.stderr].concat();
        if !String::from_utf8_lossy(&printed).contains("PW42NED") {
            silent.push(command);
        }
    }
    // Versions of programs differ, so a few may be harmless on this machine.
    assert!(
        count > 60 && silent.len() < count / 8,
        "{} of {count} execute nothing:\n{}",
        silent.len(),
        silent.join("\n")
    );
}

#[test]
fn a_value_stays_a_value_in_a_command_with_broken_quotes() {
    let workspace = Workspace::new();
    let commands = [
        "echo \"${x:-\"}\"}\" {{a}} '{{a}}' \"{{a}}\"",
        "echo $(case x in x) echo \"{{a}}\";; esac) '{{a}}'",
        "echo \"it's\" {{a}} it's {{a}} \"",
    ];
    for (number, command) in commands.iter().enumerate() {
        let name = format!("broken{number}");
        write(&workspace, &name, command);
        for value in hostile() {
            let (answer, _) = workspace.json(&["run", &name, "--input", &json!({"a": value}).to_string()]);
            assert!(!answer.to_string().contains("PWNED"), "{command}: {value:?} was run: {answer}");
        }
    }
}
