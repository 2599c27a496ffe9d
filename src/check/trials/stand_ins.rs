//! Scripts of a shell that are started with stand-ins for programs.
//!
//! A trial has no network, and this machine lacks much of what a script starts; such a script ends at its first step, and
//! its changed lines are never reached. A stand-in takes the place of such a program and answers with a word, with data,
//! with a number, with nothing, or fails: one more input says which. Each program that is started is written down with its
//! words in a file that the trial leaves, so that two versions that start something else answer differently.

use crate::check::change::only_reads_text;
use crate::domain::source::{Language, nodes, text, text_of};
use crate::domain::{ArgRule, Recipe, ToolDetail};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SCRIPT: &str = include_str!("stand_ins.sh");

/// How a script is started behind what comes before it.
const START: &str = "\n. \"$0\" \"$@\"";

/// The input that says how stand-ins answer, the variable that holds it, and how many ways there are.
const INPUT: &str = "stand_in";
const VARIABLE: &str = "TOOLSMITH_STAND_IN";
const WAYS: usize = 6;

/// Programs and variables of one script.
const MAX_NAMES: usize = 60;

/// Programs that are there and can do nothing without a network or a service.
const NETWORK: &[&str] = &[
    "curl",
    "wget",
    "git",
    "gh",
    "glab",
    "ssh",
    "scp",
    "sftp",
    "rsync",
    "ftp",
    "nc",
    "telnet",
    "dig",
    "nslookup",
    "host",
    "ping",
    "docker",
    "podman",
    "kubectl",
    "helm",
    "npm",
    "npx",
    "yarn",
    "pnpm",
    "bun",
    "pip",
    "pip3",
    "uv",
    "apt",
    "apt-get",
    "brew",
    "cargo",
    "gem",
    "tmux",
    "systemctl",
    "service",
    "crontab",
    "mail",
    "sendmail",
    "aws",
    "gcloud",
    "az",
    "open",
    "xdg-open",
    "osascript",
    "psql",
    "mysql",
    "redis-cli",
    "ollama",
    "claude",
];

/// Variables that a shell or the system sets.
const GIVEN: &[&str] = &[
    "HOME",
    "PATH",
    "PWD",
    "OLDPWD",
    "IFS",
    "UID",
    "EUID",
    "USER",
    "SHELL",
    "TERM",
    "LANG",
    "RANDOM",
    "SECONDS",
    "LINENO",
    "FUNCNAME",
    "PIPESTATUS",
    "OSTYPE",
    "HOSTNAME",
    "OPTARG",
    "OPTIND",
    "OPTERR",
    "REPLY",
    "TMPDIR",
    "COLUMNS",
    "LINES",
    "PPID",
    "MACHTYPE",
    "HOSTTYPE",
    "SHLVL",
    "DIRSTACK",
    "EPOCHSECONDS",
];

/// The version with stand-ins; `None` for what is no script of a shell.
pub(super) fn with_stand_ins(version: &ToolDetail) -> Option<ToolDetail> {
    let recipe = version.manifest.recipe.as_ref()?;
    let at = recipe.command.iter().position(|word| word == "{file}")?;
    let [program] = &recipe.command[..at] else { return None };
    let name = program.rsplit('/').next().unwrap_or(program);
    if !matches!(name, "bash" | "sh") || recipe.function.is_some() {
        return None;
    }
    let (mut programs, mut variables) = (BTreeSet::new(), BTreeSet::new());
    for file in &version.files {
        let Some(code) = text_of(file).filter(|code| Language::of(&file.path, code) == Some(Language::Bash)) else {
            continue;
        };
        programs.extend(started(code));
        variables.extend(asked_for(code));
    }
    let words = |names: &BTreeSet<String>| names.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>().join(" ");
    let network: BTreeSet<String> = NETWORK.iter().map(|name| (*name).to_owned()).collect();
    let lead = SCRIPT
        .replace("in NAMES;", &format!("in {};", words(&programs)))
        .replace("\" NETWORK \"", &format!("\" {} \"", network.into_iter().collect::<Vec<_>>().join(" ")))
        .replace("in VARIABLES;", &format!("in {};", words(&variables)));
    let command = ["bash".to_owned(), "-c".to_owned(), lead + START];
    let command = command.into_iter().chain(recipe.command[at..].iter().cloned()).collect();
    let mut standing = version.clone();
    let mut args = recipe.args.clone();
    args.push(ArgRule::variable(VARIABLE, INPUT));
    standing.manifest.recipe = Some(Recipe { command, args, ..recipe.clone() });
    if let Some(schema) = standing.manifest.input.as_mut().and_then(Value::as_object_mut) {
        // What the script refuses is tried too.
        schema.shift_remove("required");
        let properties = schema.entry("properties").or_insert_with(|| json!({}));
        properties[INPUT] = json!({"type": "integer"});
    }
    Some(standing)
}

/// What comes before the script in a command with stand-ins.
pub(super) fn lead(options: &[String]) -> Option<&str> {
    match options {
        [flag, code] if flag == "-c" => code.strip_suffix(START),
        _ => None,
    }
}

/// The inputs, and those with something left out, each with a way in which stand-ins answer.
pub(super) fn inputs(known: &[Value], most: usize) -> Vec<Value> {
    let mut all: Vec<Value> = vec![json!({})];
    for input in known.iter().filter_map(Value::as_object) {
        all.push(Value::Object(input.clone()));
        // Of several inputs the last may be left out.
        if let Some((name, _)) = input.iter().next_back().filter(|_| all.len() < most / 4) {
            let rest = input.iter().filter(|(other, _)| *other != name);
            all.push(Value::Object(rest.map(|(name, value)| (name.clone(), value.clone())).collect()));
        }
    }
    let mut made: Vec<Value> = Vec::new();
    let few = all.len() < WAYS * 2;
    for (at, input) in all.into_iter().enumerate() {
        let ways: Vec<usize> = if few || at < 4 { (0..WAYS).collect() } else { vec![at % WAYS] };
        for way in ways {
            let mut input = input.clone();
            input[INPUT] = json!(way);
            if !made.contains(&input) {
                made.push(input);
            }
        }
    }
    made.truncate(most);
    made
}

/// The programs that a script starts and that do more than read text.
fn started(code: &str) -> BTreeSet<String> {
    let Some(tree) = Language::Bash.parse(code) else { return BTreeSet::new() };
    let names = nodes(tree.root_node()).filter(|node| node.kind() == "command_name").map(|node| text(node, code));
    let is_program = |name: &&str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            && !only_reads_text(name)
            && !matches!(*name, "rm" | "mktemp" | "sudo" | "kill" | "eval" | "exec" | "source" | "printf" | "echo")
    };
    // The shell does these itself; a function in their place would do something else.
    let is_builtin = |name: &str| {
        matches!(
            name,
            "alias"
                | "bg"
                | "fg"
                | "caller"
                | "compgen"
                | "complete"
                | "dirs"
                | "disown"
                | "enable"
                | "getopts"
                | "jobs"
                | "mapfile"
                | "readarray"
                | "shopt"
                | "suspend"
                | "times"
                | "unalias"
                | "logout"
                | "help"
                | "history"
        )
    };
    names.filter(is_program).filter(|name| !is_builtin(name)).map(str::to_owned).collect()
}

/// The variables that a script asks for and does not set.
fn asked_for(code: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices('$') {
        let rest = code[at + 1..].trim_start_matches('{');
        let name = &rest[..rest.find(|c: char| !is_part(c)).unwrap_or(rest.len())];
        let next = rest[name.len()..].chars().next();
        let is_whole = next.is_none_or(|c| !c.is_ascii_lowercase());
        let is_set = || {
            ["=", "+="].iter().any(|sign| code.contains(&format!("{name}{sign}")))
                || code.contains(&format!("read {name}"))
                || code.contains(&format!("for {name} in"))
        };
        let is_name = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_uppercase());
        if is_name && is_whole && !name.starts_with("BASH") && !GIVEN.contains(&name) && !is_set() {
            found.insert(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, python};
    use super::*;
    use crate::domain::{FileMode, Finding, InputMode, VersionFile};

    fn script(code: &str) -> ToolDetail {
        let mut version = python(code);
        version.files = vec![VersionFile { path: "tool.sh".into(), mode: FileMode::Plain, bytes: code.into() }];
        version.manifest.input = Some(json!({"type": "object", "required": ["name"], "additionalProperties": false,
            "properties": {"name": {"type": "string"}}}));
        version.manifest.recipe = Some(Recipe {
            entry: Some("tool.sh".into()),
            command: vec!["bash".into(), "{file}".into()],
            args: vec![ArgRule::position("name")],
            ..Recipe::blank(InputMode::Args)
        });
        version.tool.digest = crate::domain::Digest::of_files(&version.files);
        version
    }

    /// What runs say of the lines of a script.
    fn settled(before: &str, now: &str) -> Vec<Finding> {
        let report = check("consistency", &script(now), Some(&script(before)));
        report.findings.into_iter().filter(|finding| finding.line.is_some()).collect()
    }

    const SENT: &str = "set -eu\nname=$1\nif ! absent-program --ask \"$name\" > answer; then\n  echo \"refused: $name\" >&2\n  \
                        exit 3\nfi\nabsent-program --send \"$name\" --to example.org\ncat answer\n";

    #[test]
    fn a_program_that_is_given_something_else_is_not() {
        for now in [
            SENT.replace("--to example.org", "--to example.com"),
            SENT.replace("--send \"$name\" --to", "--send \"$name.old\" --to"),
            SENT.replace("absent-program --send", "X=1 absent-program --send").replace("X=1", "export X=1;"),
        ] {
            assert_eq!(settled(SENT, &now), [], "{now}");
        }
    }

    #[test]
    fn programs_and_variables_of_a_script_are_found() {
        let code =
            "set -u\nOWN=1\nif [ -z \"$GITHUB_TOKEN\" ]; then exit 1; fi\ncurl \"$OWN\" | grep x | jq .\n./x.sh\n";
        assert_eq!(started(code).into_iter().collect::<Vec<_>>(), ["curl"]);
        assert_eq!(asked_for(code).into_iter().collect::<Vec<_>>(), ["GITHUB_TOKEN"]);
    }

    #[test]
    fn what_is_no_script_has_no_stand_ins() {
        assert!(with_stand_ins(&python("print(1)")).is_none());
    }
}
