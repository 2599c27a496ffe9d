//! Tools that call other tools through the modules that the sandbox offers.

use super::Shell;
use serde_json::{Value, json};

/// A workspace with an approved tool `twice`, which doubles `n`, and git.
fn workspace() -> Shell {
    let shell = Shell::new();
    python(&shell, "twice", "import json, sys\nprint(json.dumps({'n': 2 * json.load(sys.stdin)['n']}))\n", "");
    python(&shell, "other", "import json, sys\njson.load(sys.stdin)\nprint('other')\n", "");
    shell
}

fn python(shell: &Shell, name: &str, code: &str, more: &str) {
    shell.write(&format!("tools/experimental/{name}/{name}.py"), code);
    let manifest = format!(
        "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"{name}\"\ncost_tier = \"low\"\n[run]\n\
         command = [\"python3\", \"{{file}}\"]\nentry = \"{name}.py\"\ninput = \"stdin-json\"\n{more}"
    );
    shell.write(&format!("tools/experimental/{name}/tool.toml"), &manifest);
}

const DECLARED: &str = "[permissions]\nrun = [\"tool:twice\"]\n";

fn approve(shell: &Shell, names: &[&str]) {
    shell.git();
    shell.call(&["list"]).exits(0);
    for name in names {
        let reviews = shell.call(&["reviews", "--json"]).exits(0).json()["reviews"].clone();
        let review = reviews.as_array().unwrap().iter().find(|review| review["tool"] == *name).unwrap().clone();
        let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
        shell.call_by_human(&["approve", &id, "--digest", &digest, "--unread", "--reason", "test"]).exits(0);
    }
}

/// Runs as a human who allows what is declared.
fn run(shell: &Shell, name: &str) -> Value {
    let answered = shell.call_by_human(&["run", name, "--allow", "--json"]);
    answered.json()
}

fn runs(shell: &Shell) -> Vec<Value> {
    shell.call(&["runs", "--json"]).exits(0).json()["runs"].as_array().unwrap().clone()
}

#[test]
fn an_approved_tool_calls_what_it_declares_and_each_call_is_a_run() {
    let shell = workspace();
    let code = "import json\nfrom node_runtime import call_tool, call_tool_resilient\n\
                one = json.loads(call_tool('twice', json.dumps({'n': 3})))['n']\n\
                two = json.loads(call_tool('twice', {'n': one}))['n']\n\
                three = json.loads(call_tool_resilient('twice', {'n': two}, tags=[], max_attempts=2))['n']\n\
                print(three)\n";
    python(&shell, "caller", code, DECLARED);
    approve(&shell, &["caller", "twice"]);
    let answer = run(&shell, "caller");
    assert_eq!((&answer["run"]["outcome"], &answer["stdout"]), (&json!("succeeded"), &json!("24\n")), "{answer}");
    let children: Vec<Value> = runs(&shell).into_iter().filter(|run| run["parent"] == answer["run"]["id"]).collect();
    assert_eq!(children.len(), 3);
    assert!(children.iter().all(|run| run["tool"] == "twice" && run["outcome"] == "succeeded"), "{children:?}");
}

#[test]
fn javascript_calls_tools_too() {
    let shell = workspace();
    let code = "const { callTool, call_tool_resilient } = require('toolsmith_call');\n\
                const one = JSON.parse(callTool('twice', { n: 5 })).n;\n\
                console.log(JSON.parse(call_tool_resilient('twice', JSON.stringify({ n: one }))).n);\n";
    shell.write("tools/experimental/caller/caller.cjs", code);
    shell.write(
        "tools/experimental/caller/tool.toml",
        &format!(
            "name = \"caller\"\ndescription = \"c\"\ncost_tier = \"low\"\n[run]\ncommand = [\"node\", \"{{file}}\"]\n\
             entry = \"caller.cjs\"\n{DECLARED}"
        ),
    );
    approve(&shell, &["caller", "twice"]);
    let answer = run(&shell, "caller");
    assert_eq!(answer["stdout"], json!("20\n"), "{answer}");
}

/// Waits until so many runs of a tool run at the same time.
fn until_running(shell: &Shell, tool: &str, wanted: usize) {
    let give_up = std::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let runs = runs(shell);
        if runs.iter().filter(|run| run["tool"] == tool && run["outcome"] == "running").count() == wanted {
            return;
        }
        assert!(std::time::Instant::now() < give_up, "never {wanted} at the same time: {runs:?}");
    }
}

/// Calls of which each ends when the test has opened a gate: if they ran in a row, the second would never begin.
fn calls_overlap(file: &str, command: &str, code: &str) {
    let shell = workspace();
    let waits = format!(
        "cat > /dev/null\nuntil [ -e '{}/gate/open' ]; do sleep 0.05; done\nprintf x\n",
        shell.workspace().display()
    );
    shell.tool("experimental", "waits", &waits, "[permissions]\nread = [\"{workspace}/gate\"]\n");
    shell.write("gate/open", "");
    shell.write(&format!("tools/experimental/caller/{file}"), code);
    let caller = format!(
        "name = \"caller\"\ndescription = \"c\"\ncost_tier = \"low\"\n[run]\ncommand = [\"{command}\", \"{{file}}\"]\n\
         entry = \"{file}\"\n[permissions]\nrun = [\"tool:waits\", \"tool:twice\"]\n"
    );
    shell.write("tools/experimental/caller/tool.toml", &caller);
    approve(&shell, &["caller", "waits", "twice"]);
    assert_eq!(run(&shell, "waits")["stdout"], "x");
    std::fs::remove_file(shell.workspace().join("gate/open")).unwrap();
    let (_terminal, input) = crate::support::terminal_input();
    let mut command = shell.command(&["run", "caller", "--allow"]);
    let child = command.stdin(input).stdout(std::process::Stdio::piped()).spawn().unwrap();
    until_running(&shell, "waits", 4);
    shell.write("gate/open", "");
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "xxxxx4 other is not declared\n");
}

#[test]
fn calls_at_the_same_time_overlap_and_are_answered_in_their_order() {
    let code = "import json\nfrom node_runtime import ToolError, call_tools_parallel\n\
                told = call_tools_parallel([('waits', {})] * 5 + [{'tool': 'twice', 'prompt': '{\"n\": 2}', 'kwargs': {}}])\n\
                assert call_tools_parallel([]) == [] and len(call_tools_parallel([('twice', None, {'n': 1})])) == 1\n\
                try:\n    call_tools_parallel([('other', {}), ('twice', {'n': 1})])\nexcept ToolError as error:\n    why = str(error)\n\
                print(''.join(told[:5]) + str(json.loads(told[5])['n']), why[:21])\n";
    calls_overlap("caller.py", "python3", code);
}

#[test]
fn calls_of_javascript_overlap_too() {
    let code = "const { callToolsParallel } = require('toolsmith_call');\n\
                const told = callToolsParallel([...Array(5).fill(['waits', {}]), { tool: 'twice', input: { n: 2 } }]);\n\
                let why = '';\ntry { callToolsParallel([['other'], ['twice', { n: 1 }]]); } catch (error) { why = error.message; }\n\
                console.log(told.slice(0, 5).join('') + JSON.parse(told[5]).n, why.slice(0, 21));\n";
    calls_overlap("caller.cjs", "node", code);
}

#[test]
fn what_is_not_declared_not_approved_or_not_allowed_is_refused_with_the_next_step() {
    let shell = workspace();
    let ask = |tool: &str| format!("from toolsmith_call import call_tool\nprint(call_tool('{tool}', {{'n': 1}}))\n");
    python(&shell, "undeclared", &ask("twice"), "");
    python(&shell, "wrong", &ask("other"), DECLARED);
    python(&shell, "unapproved", &ask("twice"), DECLARED);
    python(&shell, "right", &ask("twice"), DECLARED);
    python(&shell, "stars", &ask("twice"), "[permissions]\nrun = [\"tool:*\"]\n");
    approve(&shell, &["undeclared", "wrong", "right"]);
    let told = |name: &str| run(&shell, name)["stderr"].as_str().unwrap_or_default().to_owned();
    assert!(told("undeclared").contains("add run = [\"tool:NAME\"] to [permissions]"), "{}", told("undeclared"));
    assert!(told("wrong").contains("other is not declared: add \"tool:other\""), "{}", told("wrong"));
    assert!(told("unapproved").contains("approved tools only"), "{}", told("unapproved"));
    let stars = shell.call(&["show", "stars", "--json"]).json()["tool"]["reason"].clone();
    assert!(stars.as_str().unwrap().contains("tool:*"), "{stars}");
    // The positive control: a human may run what nobody approved, so the call of it works.
    let answer = run(&shell, "right");
    assert_eq!(answer["stdout"], json!("{\"n\": 2}\n\n"), "{answer}");
    // An agent may not, and the same call is refused.
    let agent = shell.call(&["run", "right", "--as-agent", "bot", "--json"]).json();
    assert!(agent["stderr"].as_str().unwrap().contains("twice is not approved"), "{agent}");
}

#[test]
fn a_tool_that_calls_itself_is_stopped_at_a_depth() {
    let shell = workspace();
    let code = "from toolsmith_call import call_tool\nprint(call_tool('loop', {}))\n";
    python(&shell, "loop", code, "[permissions]\nrun = [\"tool:loop\"]\n");
    approve(&shell, &["loop"]);
    let answer = run(&shell, "loop");
    assert_eq!(answer["run"]["outcome"], json!("failed"));
    let all = runs(&shell);
    assert_eq!(all.len(), 10, "the first, eight below it, and the one that was refused");
    assert!(all[0]["error"].as_str().unwrap().contains("nested deeper than 8"), "{}", all[0]);
}

/// Everything that a tool can write into the channel.
#[test]
fn a_hostile_tool_gets_errors_and_nothing_else_through_the_channel() {
    let shell = workspace();
    let code = r#"
import json, os, sys, threading
ours, theirs = map(int, os.environ["TOOLSMITH_CALLS"].split(","))
rest = b""
def answer():
    global rest
    while b"\n" not in rest:
        piece = os.read(theirs, 65536)
        if not piece:
            return None
        rest += piece
    line, _, rest = rest.partition(b"\n")
    return json.loads(line)
def ask(data):
    while data:
        data = data[os.write(ours, data):]
    return answer()
garbage = [b"\n", b"garbage\n", b"\xff\xfe\x00\n", b"[]\n", b"{}\n", b"null\n", b'{"tool": 3}\n',
           b'{"tool": "twice", "need": "twice"}\n', b'{"tool": "twice", "input": [1]}\n',
           b'{"tool": "../../etc/passwd"}\n', b'{"tool": "tools/experimental/other/tool.toml"}\n',
           b'{"tool": "other"}\n', b'{"need": "other"}\n', b'{"run": "sh", "tool": null}\n',
           b'{"tool": "' + b"x" * 100000 + b'"}\n', b"[" * 100000 + b"\n"]
for line in garbage:
    told = ask(line)
    assert told["ok"] is False and told["error"] and told["run"] is None, (line[:50], told)
# Half a line and then the rest of it, and two requests at once.
os.write(ours, b'{"tool": "twi'); os.write(ours, b'ce", "input": {"n": 1}}\n{"tool": "twice", "input": {"n": 2}}\n')
first, second = answer(), answer()
assert [json.loads(one["output"])["n"] for one in (first, second)] == [2, 4], (first, second)
# Nothing else is open.
def is_open(number):
    try:
        os.fstat(number)
        return True
    except OSError:
        return False
others = [number for number in range(256) if number not in (0, 1, 2, ours, theirs) and is_open(number)]
assert others == [], others
# Requests without end, then a line without end: the channel closes, the run goes on.
count = 0
while True:
    told = ask(b'{"tool": "other"}\n')
    count += 1
    if "at most" in told["error"]:
        break
assert 900 < count <= 1001, count
try:
    block, sent = b"x" * (1 << 20), 0
    while sent < (64 << 20):
        sent += os.write(ours, block)
except OSError:
    pass
assert sent < (64 << 20), sent
print("done")
"#;
    python(&shell, "hostile", code, DECLARED);
    approve(&shell, &["hostile"]);
    let answer = run(&shell, "hostile");
    assert_eq!(answer["stdout"], json!("done\n"), "{answer}");
    let others = runs(&shell).into_iter().filter(|run| run["tool"] == "other").count();
    assert_eq!(others, 0);
}

#[test]
fn what_a_call_waits_for_ends_with_the_run_that_called() {
    let shell = workspace();
    python(&shell, "slow", "import time\ntime.sleep(100)\n", "");
    let code = "import threading, time\nfrom toolsmith_call import call_tool\n\
                threading.Thread(target=call_tool, args=('slow', {}), daemon=True).start()\ntime.sleep(100)\n";
    python(&shell, "caller", code, "[permissions]\nrun = [\"tool:slow\"]\n");
    approve(&shell, &["caller"]);
    let (_terminal, input) = crate::support::terminal_input();
    let mut child = shell.command(&["run", "caller", "--allow"]).stdin(input).spawn().unwrap();
    let give_up = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let parent = loop {
        if let Some(run) = runs(&shell).into_iter().find(|run| run["tool"] == "slow") {
            break run["parent"].to_string();
        }
        assert!(std::time::Instant::now() < give_up);
    };
    shell.call(&["cancel", &parent]).exits(0);
    child.wait().unwrap();
    let all = runs(&shell);
    assert!(all.iter().all(|run| run["outcome"] == "cancelled"), "{all:?}");
}
