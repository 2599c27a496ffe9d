//! Inputs that are secrets: what of them is kept.

use crate::support::Workspace;
use serde_json::json;

/// What is a secret by its schema or its name is kept of no run, also of one that never started.
#[test]
fn secret_inputs_are_not_kept_in_the_record() {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/enter.py", "print('in')\n");
    workspace.write(
        "tools/experimental/enter.toml",
        "name = \"enter\"\ndescription = \"Enter with a number\"\n[run]\ncommand = [\"python3\", \"{file}\"]\ninput = \"stdin-json\"\n\
         [input.properties.pin]\nformat = \"password\"\n[input.properties.once]\nwriteOnly = true\n[input.properties.place]\n",
    );
    let input =
        json!({"pin": "hunter2-one", "once": "hunter2-two", "api_key": "hunter2-three", "place": "open"}).to_string();
    for args in [&["run", "enter", "--input", &input][..], &["run", "enter", "--as-agent", "a", "--input", &input]] {
        let (answer, _) = workspace.json(args);
        let (runs, _) = workspace.json(&["runs", "enter"]);
        // The control: what is no secret is kept.
        assert!(runs.to_string().contains("open"), "{answer}: {runs}");
        assert!(!runs.to_string().contains("hunter2"), "{runs}");
        assert!(runs.to_string().contains("[redacted pin]"), "{runs}");
    }
}
