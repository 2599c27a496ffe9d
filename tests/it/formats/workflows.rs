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
        "-n",
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
        "printf %s \"$(printf '%sx' {{a}})\" | sed 's/x$//'",
        "x={{a}}; printf %s \"$x\"",
        "if [[ -n {{a}} ]]; then printf %s {{a}}; fi",
        "f() { printf %s \"$1\"; }; f {{a}}",
        "# it's {{a}}\nprintf %s {{a}}",
        "cat <<< {{a}}x | head -c -2",
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
