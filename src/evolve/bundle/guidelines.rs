//! How code is to be written, by language.

/// What holds in every language.
const COMMON: &[&str] = &[
    "Write the result to standard output and nothing else; messages and errors go to standard error.",
    "When an output schema is declared, the result is one JSON value that satisfies it.",
    "End with exit code 0 only when the work was done; else with another one and one line on standard error that says what was wrong and with which input.",
    "Check the input before using it; answer a missing or malformed field with such a line, never with a stack trace.",
    "Use only what the declared permissions allow: no other network, files, variables or programs. Do not ask for more.",
    "Write no secrets, keys or passwords into the code; read them from environment variables that are declared. Where the text shows [redacted NAME], a secret was masked.",
    "Never evaluate input as code, and never pass it to a shell.",
    "Keep what works: names, input fields, output fields and exit codes that callers rely on stay as they are unless the task says otherwise.",
    "Change no more than the task needs.",
];

const PYTHON: &[&str] = &[
    "Python 3.11 or later, formatted by PEP 8, with type annotations on every function.",
    "Standard library first; every package from elsewhere is declared in a PEP 723 header, and only those that are needed.",
    "No eval, exec, pickle of foreign data, os.system or subprocess with shell=True.",
    "Print JSON with json.dumps, never the repr of a dict or list. Open text files with encoding=\"utf-8\".",
    "The work is in functions; `if __name__ == \"__main__\":` calls main.",
];

const TYPESCRIPT: &[&str] = &[
    "TypeScript that node runs as it is: no enums, namespaces or parameter properties; types are strict, no `any`.",
    "Built-in modules first, imported with `node:`; every package from elsewhere is declared.",
    "No eval, new Function or child_process.exec with input in it.",
    "Print JSON with JSON.stringify. Await every promise; an error ends the process with another exit code than 0.",
];

const JAVASCRIPT: &[&str] = &[
    "Modern JavaScript that node runs as it is.",
    "Built-in modules first, imported with `node:`; every package from elsewhere is declared.",
    "No eval, new Function or child_process.exec with input in it.",
    "Print JSON with JSON.stringify. Await every promise; an error ends the process with another exit code than 0.",
];

const SHELL: &[&str] = &[
    "bash, beginning with `#!/usr/bin/env bash` and `set -euo pipefail`; clean under shellcheck.",
    "Quote every expansion; end options with `--` before names that come from input.",
    "No eval, no curl piped into a shell; temporary files by mktemp, removed by a trap.",
    "Build JSON with jq when it is declared, never by pasting text together.",
];

/// The guidelines for a language by its name ([`Language::name`](crate::domain::source::Language::name)): its own
/// first, then what holds everywhere.
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
