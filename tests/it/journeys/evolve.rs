//! From a run that fails to a repaired version that waits for a human, by keyboard alone.

use super::{LARGE, open};
use crate::support::{Workspace, key};
use serde_json::json;

const MANIFEST: &str = r#"name = "counter"
version = "1.0.0"
description = "Counts how often each word stands in a text"
kind = "command"

[run]
command = ["python3", "{file}"]
entry = "counter.py"
input = "stdin-json"

[output]
type = "object"

[[examples]]
input = { text = "a b a" }
output = { a = 2, b = 1 }
"#;

/// Crashes for want of an import.
const BROKEN: &str = r#"import sys

counts = {}
for word in json.load(sys.stdin)["text"].split():
    counts[word] = counts.get(word, 0) + 1
print(json.dumps(counts))
"#;

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/counter/tool.toml", MANIFEST);
    workspace.write("tools/experimental/counter/counter.py", BROKEN);
    let (run, code) = workspace.json(&["run", "counter", "--set", "text=a b a"]);
    assert_eq!((code, &run["run"]["outcome"]), (1, &json!("failed")), "{run:#}");
    workspace
}

#[test]
fn a_failing_tool_is_run_again_evolved_and_its_repair_opens_as_a_review() {
    let workspace = workspace();
    let mut terminal = open(&workspace, LARGE);
    terminal.send("3").wait_text("enter open output").send("r").wait_text("exit 1");
    terminal.send("e").wait_text("asks built-in: no model needed");
    terminal.send("\x10").wait_text("Request preview").send(key::ESC).wait_text("ctrl-p preview");
    terminal.send("\x13").wait_text("evolution 1").wait_text("saved, pending review: enter opens review");
    terminal.wait_text("to be fixed").wait_text("old version").wait_text("NameError");
    terminal.send(key::ENTER).wait_text("evidence").wait_text("counter 1.0.1");
    let (made, _) = workspace.json(&["evolutions", "1"]);
    assert_eq!(made["evolution"]["state"], json!("good"), "{made:#}");
    assert_eq!(made["evolution"]["asked"]["generators"], json!(["built-in"]));
    terminal.send("E").wait_text("round 1 built-in");
    let text = std::fs::read_to_string(workspace.path("tools/experimental/counter/counter.py")).unwrap();
    assert_eq!(text, BROKEN, "the original stays as it is");
}

#[test]
fn a_killed_workbench_leaves_an_evolution_that_a_key_resumes() {
    let workspace = workspace();
    let config = workspace.home().join("toolsmith/config");
    std::fs::create_dir_all(&config).unwrap();
    let gate = workspace.home().join("gate");
    // Writes something, then waits until the gate opens; each time it is asked.
    let script = format!(
        "cat > /dev/null; echo writing; while [ ! -e {0} ]; do sleep 0.05; done; \
         printf '```python counter.py\\nimport json\\n%s\\n```\\n' \"$(cat {0})\"",
        gate.display()
    );
    let command = json!(script);
    let text = format!("[generators.slow]\ncommand = [\"sh\", \"-c\", {command}]\n[evolve]\ngenerators = [\"slow\"]\n");
    std::fs::write(config.join("config.toml"), text).unwrap();

    let mut terminal = open(&workspace, LARGE);
    terminal.send("3").wait_text("enter open output").send("e").wait_text("asks built-in");
    terminal.send("use json").send("\x13").wait_text("asked").wait_text("writing").wait_text("S stop");
    terminal.signal(rustix::process::Signal::KILL).wait_end();

    let mut terminal = open(&workspace, LARGE);
    terminal.send("E").wait_text("interrupted").send(key::ENTER).wait_text("interrupted:");
    terminal.send("R").wait_text("S stop").wait_text("writing");
    std::fs::write(&gate, BROKEN).unwrap();
    terminal.wait_text("saved, pending review: enter opens review");
}
