//! Composite tools: steps that call other tools, as runs of their own.

use super::Shell;
use serde_json::{Value, json};

/// A pipeline of three steps: numbers, their doubles, a sum; `double` fails where a file says so.
fn pipeline() -> Shell {
    let shell = Shell::new();
    let python = |name: &str, body: &str| {
        let code = format!("import json, sys\ninput = json.load(sys.stdin)\n{body}\n");
        shell.write(&format!("tools/experimental/{name}/{name}.py"), &code);
        let manifest = format!(
            "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"{name}\"\ncost_tier = \"low\"\n[run]\n\
             command = [\"python3\", \"{{file}}\"]\nentry = \"{name}.py\"\ninput = \"stdin-json\"\n"
        );
        shell.write(&format!("tools/experimental/{name}/tool.toml"), &manifest);
    };
    python("numbers", "print(json.dumps({'items': list(range(input['n']))}))");
    python(
        "double",
        "if input.get('bad'): sys.exit('no doubles today')\nprint(json.dumps([2 * n for n in input['of']]))",
    );
    python("total", "print(json.dumps({'total': sum(input['items']), 'label': input.get('label', 'none')}))");
    composite(&shell, "sums", SUMS);
    shell
}

const SUMS: &str = r#"
[[steps]]
id = "make"
tool = "numbers"
input = { n = "{input.n}" }
[[steps]]
id = "twice"
tool = "double"
input = { of = "{steps.make.output.items}", bad = "{input.bad}" }
[[steps]]
id = "sum"
tool = "total"
input = { items = "{steps.twice.output}", label = "of {input.n}" }
"#;

fn composite(shell: &Shell, name: &str, steps: &str) {
    let manifest =
        format!("name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"{name}\"\nkind = \"composite\"\n{steps}");
    shell.write(&format!("tools/experimental/{name}/tool.toml"), &manifest);
}

/// Step, state and run of the steps that an answer tells.
fn states(answer: &Value) -> Vec<(String, String, Value)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let steps = answer["steps"].as_array().cloned().unwrap_or_default();
    steps.iter().map(|step| (text(&step["id"]), text(&step["state"]), step["run"].clone())).collect()
}

fn state(id: &str, state: &str, run: impl Into<Value>) -> (String, String, Value) {
    (id.to_owned(), state.to_owned(), run.into())
}

#[test]
fn three_steps_pass_values_on_and_each_is_a_run_of_its_own() {
    let shell = pipeline();
    let answered = shell.call(&["run", "sums", "--input", r#"{"n": 4}"#]).exits(0);
    assert_eq!(answered.stdout, "{\"total\":12,\"label\":\"of 4\"}\n");
    for line in ["step make · numbers · succeeded · run 2", "step sum · total · succeeded · run 4"] {
        assert!(answered.stderr.contains(line), "{line}: {}", answered.stderr);
    }
    let runs = shell.call(&["runs", "--json"]).exits(0).json()["runs"].clone();
    let told: Vec<_> =
        runs.as_array().unwrap().iter().map(|run| (&run["tool"], &run["parent"], &run["step"])).collect();
    let (one, none) = (json!(1), Value::Null);
    let wanted = [("total", &one, json!("sum")), ("double", &one, json!("twice")), ("numbers", &one, json!("make"))];
    for ((tool, parent, step), wanted) in told.iter().zip(&wanted) {
        assert_eq!((*tool, *parent, *step), (&json!(wanted.0), wanted.1, &wanted.2));
    }
    assert_eq!((told[3].0, told[3].1), (&json!("sums"), &none));
    let shown = shell.call(&["output", "1", "--json"]).exits(0).json();
    assert_eq!(
        states(&shown),
        [state("make", "succeeded", 2), state("twice", "succeeded", 3), state("sum", "succeeded", 4)]
    );
    let show = shell.call(&["show", "sums"]).exits(0).stdout;
    assert!(show.contains("make") && show.contains("numbers"), "{show}");
    assert_eq!(shell.call(&["show", "sums", "--json"]).json()["tool"]["cost_tier"], json!("low"));
}

#[test]
fn a_failing_step_is_marked_the_rest_is_not_run_and_the_run_goes_on_from_there() {
    let shell = pipeline();
    let failed = shell.call(&["run", "sums", "--input", r#"{"n": 3, "bad": true}"#]).exits(1);
    assert!(failed.stderr.contains("step sum · total · not-run"), "{}", failed.stderr);
    assert!(failed.stderr.contains("next: `toolsmith continue 1` runs what did not succeed"), "{}", failed.stderr);
    assert!(failed.stderr.contains("step twice (double, run 3) failed: "), "{}", failed.stderr);
    let shown = shell.call(&["output", "1", "--json"]).json();
    assert_eq!(
        states(&shown),
        [state("make", "succeeded", 2), state("twice", "failed", 3), state("sum", "not-run", Value::Null)]
    );
    let failures = shell.call(&["failures", "--json"]).json()["failures"].clone();
    let names: Vec<_> = failures.as_array().unwrap().iter().map(|group| group["tool"].clone()).collect();
    assert!(names.contains(&json!("sums")) && names.contains(&json!("double")), "{failures}");

    // The same input fails again, at the step that failed; what came before is not run a second time.
    let again = shell.call(&["continue", "1", "--json"]).exits(1).json();
    assert_eq!(
        states(&again),
        [state("make", "reused", 2), state("twice", "failed", 5), state("sum", "not-run", Value::Null)]
    );
    // With another input the outputs of earlier steps still count.
    let good = shell
        .call(&["run", "sums", "--from", "twice", "--of", "1", "--input", r#"{"n": 3}"#, "--json"])
        .exits(0)
        .json();
    assert_eq!(
        states(&good),
        [state("make", "reused", 2), state("twice", "succeeded", 7), state("sum", "succeeded", 8)]
    );
    assert_eq!(good["stdout"], json!("{\"total\":6,\"label\":\"of 3\"}\n"));
    // Without a run the newest one with steps is meant.
    let last = shell.call(&["run", "sums", "--from", "sum", "--json"]).exits(0).json();
    assert_eq!(states(&last), [state("make", "reused", 2), state("twice", "reused", 7), state("sum", "succeeded", 10)]);
    let unknown = shell.call(&["run", "sums", "--from", "nothing", "--json"]);
    assert_eq!(unknown.error_code(), "not-found");
    assert_eq!(shell.call(&["continue", "2", "--json"]).error_code(), "usage");
}

/// A composite `flow`, approved, of `begin`, the branches `good` and `bad`, and `join`. `good` ends when the test has written
/// the file `open` into the folder `gate`; `bad` fails while the file `broken` has a word in it.
fn branches() -> Shell {
    let shell = Shell::new();
    shell.write("gate/closed", "");
    shell.write("broken", "yes\n");
    let place = shell.workspace();
    let reads = |path: &str| format!("[permissions]\nread = [\"{{workspace}}/{path}\"]\n");
    let waits = format!("cat > /dev/null\nuntil [ -e '{}/gate/open' ]; do sleep 0.05; done\n", place.display());
    shell.tool("experimental", "note", "cat > /dev/null\n", "");
    shell.tool("experimental", "waits", &waits, &reads("gate"));
    let breaks = format!("cat > /dev/null\ngrep -v yes '{}/broken'\n", place.display());
    shell.tool("experimental", "breaks", &breaks, &reads("broken"));
    let step = |id: &str, tool: &str, more: &str| {
        format!("[[steps]]\nid = \"{id}\"\ntool = \"{tool}\"\ninput = {{}}\n{more}\n")
    };
    let branch = "parallel = \"both\"";
    let steps = [
        step("begin", "note", ""),
        step("good", "waits", branch),
        step("bad", "breaks", branch),
        step("join", "note", ""),
    ];
    composite(&shell, "flow", &format!("cost_tier = \"low\"\n{}", steps.concat()));
    shell.git();
    shell.call(&["list"]).exits(0);
    for name in ["note", "waits", "breaks", "flow"] {
        approve(&shell, name);
    }
    shell
}

fn approve(shell: &Shell, name: &str) {
    let reviews = shell.call(&["reviews", "--json"]).exits(0).json()["reviews"].clone();
    let review = reviews.as_array().unwrap().iter().find(|review| review["tool"] == name).unwrap().clone();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
    shell.call_by_human(&["approve", &id, "--digest", &digest, "--unread", "--reason", "test"]).exits(0);
}

/// Waits until the newest run of a step has an outcome.
fn until(shell: &Shell, step: &str, outcome: &str) {
    let give_up = std::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let runs = shell.call(&["runs", "--json"]).exits(0).json()["runs"].clone();
        if runs.as_array().unwrap().iter().any(|run| run["step"] == step && run["outcome"] == outcome) {
            return;
        }
        assert!(std::time::Instant::now() < give_up, "step {step} is never {outcome}: {runs}");
    }
}

#[test]
fn branches_overlap_a_failing_one_lets_the_others_finish_and_what_succeeded_is_reused() {
    let shell = branches();
    let (_terminal, input) = crate::support::terminal_input();
    let mut child = shell.command(&["run", "flow", "--allow"]).stdin(input).spawn().unwrap();
    // One branch began and ended while the other one runs: in a row, either would wait for the other for ever.
    until(&shell, "bad", "failed");
    until(&shell, "good", "running");
    shell.write("gate/open", "");
    assert!(!child.wait().unwrap().success());
    let shown = states(&shell.call(&["output", "1", "--json"]).json());
    let words: Vec<_> = shown.iter().map(|(id, state, _)| (id.as_str(), state.as_str())).collect();
    assert_eq!(words, [("begin", "succeeded"), ("good", "succeeded"), ("bad", "failed"), ("join", "not-run")]);

    shell.write("broken", "no\n");
    let again = shell.call_by_human(&["continue", "1", "--json"]).exits(0).json();
    let words: Vec<_> = states(&again).into_iter().map(|(id, state, _)| (id, state)).collect();
    let wanted = [("begin", "reused"), ("good", "reused"), ("bad", "succeeded"), ("join", "succeeded")];
    assert_eq!(words, wanted.map(|(id, state)| (id.to_owned(), state.to_owned())));
}

#[test]
fn conditions_skip_steps_and_what_was_skipped_is_left_out() {
    let shell = pipeline();
    let steps = r#"
[[steps]]
id = "make"
tool = "numbers"
input = { n = "{input.n}" }
[[steps]]
id = "many"
tool = "double"
when = "size(steps.make.output.items) > 3"
input = { of = "{steps.make.output.items}" }
[result]
made = "{steps.make.output.items}"
many = "{steps.many.output}"
"#;
    composite(&shell, "maybe", steps);
    let few = shell.call(&["run", "maybe", "--input", r#"{"n": 2}"#, "--json"]).exits(0).json();
    assert_eq!(few["stdout"], json!("{\"made\":[0,1]}\n"));
    assert_eq!(states(&few), [state("make", "succeeded", 2), state("many", "skipped", Value::Null)]);
    let many = shell.call(&["run", "maybe", "--input", r#"{"n": 4}"#]).exits(0);
    assert_eq!(many.stdout, "{\"made\":[0,1,2,3],\"many\":[0,2,4,6]}\n");
}

#[test]
fn an_agent_runs_a_composite_only_when_each_step_is_approved() {
    let shell = pipeline();
    shell.git();
    shell.call(&["list"]).exits(0);
    approve(&shell, "sums");
    let agent = |shell: &Shell| shell.call(&["run", "sums", "--input", r#"{"n": 2}"#, "--as-agent", "bot", "--json"]);
    let refused = agent(&shell).exits(4).json();
    assert!(refused["run"]["error"].as_str().unwrap().contains("step make: numbers is not approved"), "{refused}");
    assert_eq!(states(&refused), [], "nothing began");
    for name in ["numbers", "double", "total"] {
        approve(&shell, name);
    }
    agent(&shell).exits(0);
    // The approval of the composite covers the names of its tools; a changed tool loses its own.
    let path = shell.workspace().join("tools/approved/double/double.py");
    let code = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{code}\n# changed\n")).unwrap();
    let changed = agent(&shell).exits(4).json();
    assert!(changed["run"]["error"].as_str().unwrap().contains("step twice: "), "{changed}");
    // A human is told, and decides.
    let told = shell.call(&["run", "sums", "--input", r#"{"n": 2}"#]).exits(0);
    assert!(
        told.stderr.contains("step twice: ") && told.stderr.contains("changed on disk since the approval"),
        "{}",
        told.stderr
    );
}

#[test]
fn what_steps_name_decides_whether_a_composite_runs() {
    let shell = pipeline();
    composite(&shell, "lost", "[[steps]]\nid = \"a\"\ntool = \"nowhere\"\n");
    composite(&shell, "ring", "[[steps]]\nid = \"a\"\ntool = \"ring\"\n");
    composite(&shell, "outer", "[[steps]]\nid = \"in\"\ntool = \"sums\"\ninput = { n = 2 }\n");
    let reason = |name: &str| shell.call(&["show", name, "--json"]).exits(0).json()["tool"]["reason"].clone();
    assert_eq!(reason("lost"), json!("step a: there is no tool \"nowhere\""));
    assert_eq!(reason("ring"), json!("step a: ring calls itself, or a tool that does"));
    assert_eq!(reason("outer"), Value::Null);
    let nested = shell.call(&["run", "outer", "--json"]).exits(0).json();
    assert_eq!(nested["stdout"], json!("{\"total\":2,\"label\":\"of 2\"}\n"));
    shell.call(&["run", "lost"]).exits(4);
}

#[test]
fn a_workflow_of_another_program_runs_as_it_lies() {
    let shell = pipeline();
    let workflow = "name: Sum It Up\ntype: workflow\ndescription: d\nworkflow:\n  steps:\n    - name: make\n      tool: numbers\n\
                    \x20   - name: sum\n      tool: total\n";
    shell.write("tools/experimental/sum_it_up.yaml", workflow);
    let answered = shell.call(&["run", "sum_it_up", "--input", r#"{"n": 4}"#]).exits(0);
    assert_eq!(answered.stdout, "{\"total\":6,\"label\":\"none\"}\n");
}

#[test]
fn a_composite_whose_process_is_killed_is_interrupted_with_its_steps() {
    let shell = Shell::new();
    shell.tool("experimental", "sleeper", "cat > /dev/null; echo on; exec sleep 100\n", "");
    let steps = "[[steps]]\nid = \"a\"\ntool = \"sleeper\"\n[[steps]]\nid = \"b\"\ntool = \"sleeper\"\n";
    composite(&shell, "long", steps);
    let mut child = shell.command(&["run", "long"]).spawn().unwrap();
    let give_up = std::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let runs = shell.call(&["runs", "--json"]).exits(0).json()["runs"].clone();
        let is_step = |run: &Value| run["step"] == "a" && run["isolation"]["level"] != "none";
        if runs.as_array().unwrap().iter().any(is_step) {
            break;
        }
        assert!(std::time::Instant::now() < give_up, "the step never began: {runs}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let runs = shell.call(&["runs", "--json"]).exits(0).json()["runs"].clone();
    let outcomes: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["outcome"].clone()).collect();
    assert_eq!(outcomes, [json!("interrupted"), json!("interrupted")], "{runs}");
    let shown = shell.call(&["output", "1", "--json"]).json();
    assert_eq!(states(&shown), [state("a", "interrupted", 2), state("b", "not-run", Value::Null)]);
}

#[test]
fn cancelling_a_composite_ends_its_steps() {
    let shell = Shell::new();
    shell.tool("experimental", "sleeper", "cat > /dev/null; exec sleep 100\n", "");
    composite(&shell, "long", "[[steps]]\nid = \"a\"\ntool = \"sleeper\"\n");
    let mut child = shell.command(&["run", "long"]).spawn().unwrap();
    let give_up = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while shell.call(&["runs", "--json"]).json()["runs"].as_array().is_none_or(|runs| runs.len() < 2) {
        assert!(std::time::Instant::now() < give_up);
    }
    shell.call(&["cancel", "1"]).exits(0);
    assert!(!child.wait().unwrap().success());
    let runs = shell.call(&["runs", "--json"]).json()["runs"].clone();
    assert!(runs.as_array().unwrap().iter().all(|run| run["outcome"] == "cancelled"), "{runs}");
}

#[test]
fn steps_of_a_composite_that_nobody_approved_run_strictly() {
    let shell = Shell::new();
    shell.write("data.txt", "the data\n");
    let read = "name = \"reader\"\nversion = \"1.0.0\"\ndescription = \"r\"\ncost_tier = \"low\"\n[run]\n\
                command = [\"cat\", \"{workspace}/data.txt\"]\ninput = \"none\"\n[permissions]\nread = [\"{workspace}/data.txt\"]\n";
    shell.write("tools/experimental/reader/tool.toml", read);
    composite(&shell, "carrier", "cost_tier = \"low\"\n[[steps]]\nid = \"a\"\ntool = \"reader\"\ninput = {}\n");
    shell.git();
    shell.call(&["list"]).exits(0);
    approve(&shell, "reader");
    // The positive control: approved and allowed, the tool reads the file.
    assert_eq!(shell.call_by_human(&["run", "reader", "--allow"]).exits(0).stdout, "the data\n");
    let strict = shell.call(&["run", "carrier", "--json"]).json();
    assert_eq!(strict["run"]["outcome"], json!("failed"), "{strict}");
    approve(&shell, "carrier");
    assert_eq!(shell.call(&["run", "carrier"]).exits(0).stdout, "the data\n");
}
