//! Repairs the first line, which names the interpreter.

use super::edit::line_end;
use super::{Edit, Fix, Patient};
use crate::domain::source::Language;

/// Errors of dash for bash syntax.
const NOT_BASH: &[&[&str]] = &[
    &["[[: not found"],
    &["Syntax error: \"(\" unexpected"],
    &["Bad substitution"],
    &["set: Illegal option -o pipefail"],
    &["declare: not found"],
    &["mapfile: not found"],
    &["shopt: not found"],
    &["Syntax error: redirection unexpected"],
];

pub(super) fn propose(patient: &Patient<'_>) -> Option<Fix> {
    if !patient.is_entry() {
        return None;
    }
    let first = patient.text.lines().next().unwrap_or_default();
    if first.starts_with("#!") { other_shell(patient, first) } else { missing(patient) }
}

/// Replaces `#!/bin/sh` if a failure shows that the shell does not know bash syntax.
fn other_shell(patient: &Patient<'_>, first: &str) -> Option<Fix> {
    let is_sh = matches!(first.trim(), "#!/bin/sh" | "#! /bin/sh" | "#!/usr/bin/env sh" | "#!/usr/bin/sh");
    if patient.language != Some(Language::Bash) || !is_sh {
        return None;
    }
    NOT_BASH.iter().find(|words| patient.fails_with(words))?;
    let said = "use bash instead of sh in the shebang line: the failure shows a shell without bash syntax";
    let edits = vec![Edit { range: 0..first.trim_end().len(), text: "#!/usr/bin/env bash".to_owned() }];
    Some(Fix { edits, said: said.to_owned() })
}

/// Adds a missing first line if a failure shows that the kernel could not start the file.
fn missing(patient: &Patient<'_>) -> Option<Fix> {
    let shows = patient.fails_with(&["Exec format error"]) || patient.fails_with(&["exec format error"]);
    let interpreter = match patient.language? {
        Language::Python => "python3",
        Language::Bash => "bash",
        Language::JavaScript => "node",
        Language::TypeScript | Language::Tsx => return None,
    };
    let said =
        format!("use {interpreter} in the shebang line: the failure shows that the kernel could not start the file");
    let line = format!("#!/usr/bin/env {interpreter}{}", line_end(patient.text));
    shows.then(|| Fix { edits: vec![Edit::insert(0, line)], said })
}
