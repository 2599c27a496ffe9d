//! Files that make parsers slow or large: a check of each ends soon, stays small, and never passes what it did not
//! read. Measured on the program itself, by a parent that asks the kernel what its child used.

use crate::support::{Workspace, program};
use serde_json::Value;
use std::fs;
use std::process::{Command, Stdio};

/// Length of one input, in bytes.
const LENGTH: usize = 800_000;

/// Seconds of processor time that a check of one tool may take: three times what all its reading may take, for a program
/// without optimization.
const MOST_SECONDS: f64 = 45.0;

/// Memory of the program, in MiB: twice what reading may take. A heap keeps for a while what was freed, one for each
/// thread, and an unoptimized program takes 38 before it reads anything.
const MOST_MEMORY: u64 = 2 * 128;

/// Runs a program and says what it and its children took: its exit code, seconds of processor time, and the most memory
/// of one of them, in MiB.
const MEASURE: &str = "import json, resource, subprocess, sys\n\
                       done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)\n\
                       used = resource.getrusage(resource.RUSAGE_CHILDREN)\n\
                       print(json.dumps({'seconds': used.ru_utime + used.ru_stime, 'memory': used.ru_maxrss // 1024, \
                       'code': done.returncode, 'said': done.stdout.decode()}))\n";

/// Checks that start the version or another program; what they use is theirs.
const STARTING: &[&str] = &[
    "ruff",
    "mypy",
    "bandit",
    "semgrep",
    "shellcheck",
    "tsc",
    "eslint",
    "examples",
    "tests",
    "output",
    "sanity",
    "behaviour",
    "consistency",
    "replay",
    "benchmark",
    "load",
    "coverage",
    "property",
];

fn repeated(piece: &str) -> String {
    piece.repeat(LENGTH / piece.len())
}

/// Checks a tool whose script is `name`, with a further file beside it; the checks that read.
fn checked(name: &str, text: &str, beside: Option<(&str, &str)>) -> Value {
    let workspace = Workspace::new();
    let settings = STARTING.join(" = \"off\"\n") + " = \"off\"\n";
    let config = workspace.home().join("toolsmith/config");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), format!("[checks]\n{settings}")).unwrap();
    // What starts a file decides as what it is read.
    let starter = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js" | "mjs" | "ts") => "node",
        Some("sh") => "bash",
        _ => "python3",
    };
    let manifest = format!(
        "name = \"nasty\"\nversion = \"1.0.0\"\ndescription = \"A tool\"\n[run]\ncommand = [\"{starter}\", \"{{file}}\"]\n\
         entry = \"{name}\"\ninput = \"none\"\n"
    );
    workspace.write("tools/experimental/nasty/tool.toml", &manifest);
    workspace.write(&format!("tools/experimental/nasty/{name}"), text);
    if let Some((path, text)) = beside {
        workspace.write(&format!("tools/experimental/nasty/{path}"), text);
    }
    let mut python = Command::new("python3");
    python.args(["-c", MEASURE, program(), "check", "nasty", "--json"]).current_dir(workspace.root());
    python.env_clear().envs(workspace.environment()).stdin(Stdio::null());
    let output = python.output().unwrap();
    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = measured["said"].as_str().unwrap();
    let verdict: Value = serde_json::from_str(said).unwrap_or_else(|error| panic!("{error}: {said}"));
    eprintln!("{name}: {:.1} s, {} MiB", measured["seconds"], measured["memory"]);
    assert!(measured["seconds"].as_f64().unwrap() < MOST_SECONDS, "{name} took {} s", measured["seconds"]);
    assert!(measured["memory"].as_u64().unwrap() <= MOST_MEMORY, "{name} took {} MiB", measured["memory"]);
    verdict["verdict"].clone()
}

/// Whether the verdict says of a file that it was not read, and passes nothing that did not read it.
fn is_said(verdict: &Value) -> bool {
    let checks = verdict["checks"].as_array().unwrap();
    let told = |check: &&Value| {
        let findings = check["findings"].as_array().unwrap();
        findings.iter().any(|finding| {
            finding["message"].as_str().unwrap().starts_with("not fully examined: ")
                && finding["path"].as_str().is_some()
        })
    };
    let unread: Vec<&Value> = checks.iter().filter(told).collect();
    assert!(unread.iter().all(|check| check["state"] == "failed"), "{verdict:#}");
    unread.iter().any(|check| check["name"] == "syntax")
}

#[test]
fn brackets_without_end_are_not_read_and_not_passed() {
    for (name, piece) in [
        ("nasty.py", "["),
        ("nasty.py", "(a,"),
        ("nasty.py", "{a:"),
        ("nasty.js", "([{"),
        ("nasty.js", "`${"),
        ("nasty.ts", "(a:"),
        ("nasty.sh", "$("),
        ("nasty.sh", "${a:-"),
    ] {
        let verdict = checked(name, &repeated(piece), None);
        assert_eq!(verdict["state"], "failed", "{name} {piece}");
        assert!(is_said(&verdict), "{name} {piece}: {verdict:#}");
    }
}

#[test]
fn code_that_takes_too_much_to_parse_is_not_passed() {
    for (name, piece) in
        [("nasty.py", "a,"), ("nasty.py", "\\\n"), ("nasty.js", "a."), ("nasty.ts", "A extends B?"), ("nasty.js", "- ")]
    {
        let verdict = checked(name, &repeated(piece), None);
        assert!(is_said(&verdict), "{name} {piece}: {verdict:#}");
    }
}

#[test]
fn whatever_is_repeated_is_read_within_the_budget() {
    for (name, piece) in [
        ("nasty.py", "not "),
        ("nasty.py", "~"),
        ("nasty.py", "a + "),
        ("nasty.py", "\""),
        ("nasty.py", "f\"{"),
        ("nasty.py", "lambda x:"),
        ("nasty.py", "def f():\n return 1\n"),
        ("nasty.js", "!"),
        ("nasty.js", "a=>"),
        ("nasty.js", "else if(a){}"),
        ("nasty.ts", "a<b,"),
        ("nasty.sh", "cat <<A\n"),
        ("nasty.sh", "if a; then "),
        ("nasty.sh", "a | "),
    ] {
        // None of it is a program, or all of it is: it ends either way.
        checked(name, &repeated(piece), None);
    }
}

#[test]
fn data_that_nests_or_unfolds_without_end_is_refused() {
    let bomb: String = (1..60).fold("a0: &a0 [x, x, x, x]\n".to_owned(), |text, n| {
        let before = vec![format!("*a{}", n - 1); 9].join(", ");
        format!("{text}a{n}: &a{n} [{before}]\n")
    });
    let indented = (0..1_200).map(|n| format!("{}k:\n", " ".repeat(n))).collect::<Vec<_>>().concat();
    for (path, text) in [
        ("data/data.json", repeated("[")),
        ("data/data.json", repeated("{\"a\":")),
        ("data/data.yaml", format!("a: {}", repeated("["))),
        ("data/data.yaml", bomb),
        ("data/data.yaml", indented),
        ("data/data.yaml", format!("a: {}", repeated("- "))),
        ("data/data.toml", format!("a = {}", repeated("["))),
        ("data/data.toml", format!("{} = 1", repeated("a.").trim_end_matches('.'))),
    ] {
        let verdict = checked("nasty.py", "print(1)\n", Some((path, &text)));
        assert_eq!(verdict["state"], "failed", "{path} {}: {verdict:#}", &text[..20]);
    }
}

#[test]
fn an_ordinary_large_file_is_read_to_its_end() {
    let functions: Vec<String> = (0..4_000)
        .map(|n| {
            format!("def f{n}(a, b=None):\n    \"\"\"Number {n}.\"\"\"\n    if a and b:\n        return [a, \"s{n}\"]\n    return {n}\n\n")
        })
        .collect();
    let verdict = checked("nasty.py", &functions.concat(), None);
    assert_ne!(verdict["state"], "failed", "{verdict:#}");
}
