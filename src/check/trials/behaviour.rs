//! Compares the observed behaviour of the version with its declarations.
//!
//! The observer reports data from the kernel. A tool with two threads can falsify it, and a trial shows only one path
//! through the code. So this check never shows that a version is harmless.

use super::{cannot_start, crash, inputs, unavailable};
use crate::check::started::Started;
use crate::check::{Batch, CheckContext, Language};
use crate::domain::{
    CheckReport, Dialect, Envelope, Finding, Observer, PermissionUse, RunId, Severity, ToolDetail, Touch,
    names_secrets, only_reads, plural,
};
use crate::runner::Pace;

/// How many attempts are reported separately.
const MAX_TOLD: usize = 20;

/// Watches the examples and tests.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "behaviour";
    if let Some(why) = cannot_start(context.version) {
        return CheckReport::skipped(name, why);
    }
    let inputs = inputs(context.version);
    let batch = Batch::new(context.version, &inputs, Pace::Watched);
    let tried = match context.trials.start(&batch) {
        Ok(tried) => tried,
        Err(why) => return unavailable(name, why),
    };
    let mut envelope = Envelope::default();
    let mut off = None;
    for (at, tried) in tried.iter().enumerate() {
        match &tried.observation.observer {
            Observer::On => envelope.fold(RunId(at as i64), &tried.observation),
            Observer::Off(why) => off = off.or(Some(why.clone())),
        }
    }
    if envelope.observed == 0 {
        return unavailable(name, off.unwrap_or_else(|| "nothing was run".to_owned()));
    }
    let crashed = tried.iter().filter(|tried| crash::of(tried).is_some()).count();
    let mut findings = Vec::new();
    for seen in envelope.tried() {
        if seen.touch == Touch::Forbidden {
            let message = format!("it tried {}, which no tool should need", seen.target);
            findings.push(Finding::new("forbidden-call", Severity::High, message));
        } else if names_secrets(&seen.target) {
            let message = format!("it tried to {} {}, where secrets are stored", seen.touch, seen.target);
            findings.push(Finding::new("secrets", Severity::High, message));
        }
    }
    let is_shell = is_shell_script(context.version);
    let mut utilities = Vec::new();
    let lines = envelope.against(&context.version.manifest.permissions);
    for line in lines.into_iter().filter(|line| line.verdict == PermissionUse::Undeclared) {
        if line.permission.split_once(' ').is_some_and(|(_, place)| names_secrets(place)) {
            // Already reported above, with details.
            continue;
        }
        let program = line.permission.strip_prefix("run ").filter(|program| is_shell && only_reads(program));
        if let Some(program) = program {
            utilities.push(program.rsplit('/').next().unwrap_or(program).to_owned());
            continue;
        }
        let seen = if line.seen.is_empty() { String::new() } else { format!(": tried {}", line.seen.join(", ")) };
        // Only native definitions can declare permissions.
        let (severity, word) = match context.version.manifest.dialect {
            Dialect::Native => (Severity::Medium, "undeclared "),
            _ => (Severity::Low, ""),
        };
        findings.push(Finding::new("undeclared", severity, format!("{word}{}{seen}", line.permission)));
    }
    if !utilities.is_empty() {
        let message = format!("starts {}: standard utilities that only read and transform text", utilities.join(", "));
        findings.push(Finding::new("utilities", Severity::Low, message));
    }
    if crashed == tried.len() && findings.is_empty() {
        // Code after the crash was never reached.
        return unavailable(name, "every trial crashed, so little was seen".to_owned());
    }
    let count = findings.len();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings.truncate(MAX_TOLD);
    if count > MAX_TOLD {
        let more = format!("{} more attempts that are not declared", count - MAX_TOLD);
        findings.push(Finding::new("undeclared", Severity::Low, more));
    }
    CheckReport::of(name, findings)
        .noted(format!("{} observed; may be incomplete", plural(envelope.observed as usize, "trial", "trials")))
}

/// Whether a version is a shell script: such scripts consist of system utilities.
fn is_shell_script(version: &ToolDetail) -> bool {
    let entry = version.manifest.recipe.as_ref().and_then(|recipe| recipe.entry.as_deref());
    let file = entry.and_then(|entry| version.files.iter().find(|file| file.path == entry.trim_start_matches("./")));
    file.is_some_and(|file| Started::of(version).language_of(file) == Some(Language::Bash))
}
