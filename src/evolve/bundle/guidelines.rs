//! Coding guidelines, by language.

/// Guidelines for every language.
const COMMON: &[&str] = &[
    "Write the result to standard output and nothing else; messages and errors go to standard error.",
    "When an output schema is declared, the result is one JSON value that satisfies it.",
    "Exit with code 0 only when the work was done; otherwise exit with another code and write one line to standard error that says what was wrong and with which input.",
    "Validate the input before using it; report a missing or malformed field with such a line, never with a stack trace.",
    "Use only what the declared permissions allow: no other network, files, variables or programs. Do not request more.",
    "Write no secrets, keys or passwords into the code; read them from environment variables that are declared. Where the text shows [redacted NAME], a secret was masked.",
    "Never evaluate input as code, and never pass it to a shell.",
    "Keep what works: do not change names, input fields, output fields and exit codes that callers rely on, unless the task says so.",
    "Change only what the task needs.",
];

const PYTHON: &[&str] = &[
    "Python 3.11 or later, formatted by PEP 8, with type annotations on every function.",
    "Prefer the standard library; declare other packages in a PEP 723 header, and only those that are needed.",
    "No eval, exec, pickle of foreign data, os.system or subprocess with shell=True.",
    "Print JSON with json.dumps, never the repr of a dict or list. Open text files with encoding=\"utf-8\".",
    "Put the work into functions; `if __name__ == \"__main__\":` calls main.",
];

const TYPESCRIPT: &[&str] = &[
    "TypeScript that node runs without a build step: no enums, namespaces or parameter properties; strict types, no `any`.",
    "Prefer built-in modules, imported with `node:`; declare every other package.",
    "No eval, new Function or child_process.exec with input values.",
    "Print JSON with JSON.stringify. Await every promise; an error must end the process with a non-zero exit code.",
];

const JAVASCRIPT: &[&str] = &[
    "Modern JavaScript that node runs without a build step.",
    "Prefer built-in modules, imported with `node:`; declare every other package.",
    "No eval, new Function or child_process.exec with input values.",
    "Print JSON with JSON.stringify. Await every promise; an error must end the process with a non-zero exit code.",
];

const SHELL: &[&str] = &[
    "bash, starting with `#!/usr/bin/env bash` and `set -euo pipefail`; no shellcheck findings.",
    "Quote every expansion; end options with `--` before names that come from input.",
    "No eval, no curl piped into a shell; create temporary files with mktemp and remove them in a trap.",
    "Build JSON with jq if it is declared, never by concatenating strings.",
];

/// The guidelines for a language by its name ([`Language::name`](crate::domain::source::Language::name)): its own
/// first, then the common ones.
pub fn guidelines(language: &str) -> Vec<&'static str> {
    let own: &[&str] = match language {
        "Python" => PYTHON,
        "TypeScript" => TYPESCRIPT,
        "JavaScript" => JAVASCRIPT,
        "shell" => SHELL,
        _ => &[],
    };
    own.iter().chain(COMMON).copied().collect()
}
