//! Checks whether the change of the stated version matches the visible changes for callers.

use super::definition::Definition;
use crate::check::CheckContext;
use crate::domain::NO_BASE;
use crate::domain::{CheckReport, Dialect, Finding, Severity, Step, propose};

/// Examines the stated version.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let Some(base) = context.base else {
        return CheckReport::skipped("version", NO_BASE);
    };
    let (before, now) = (&base.manifest.version, &context.version.manifest.version);
    let proposal = propose(&base.manifest, &context.version.manifest);
    let least = proposal.after(before);
    let mut findings: Vec<Finding> = proposal
        .reasons
        .iter()
        .map(|(step, reason)| Finding::new("schema", Severity::Low, format!("{step}: {reason}")))
        .collect();
    let is_same = base.tool.digest == context.version.tool.digest;
    if *now < least && !is_same {
        let why = proposal.reasons.first().map_or("its files changed", |(_, reason)| reason.as_str());
        let states = if now == before {
            format!("its version is still {now}")
        } else {
            format!("its version went from {before} back to {now}")
        };
        let message = format!("{states}; a {} bump to {least} is needed because {why}", proposal.step);
        // A definition without a version is not at fault, and a patch changes nothing for callers.
        let is_stated = context.version.manifest.dialect == Dialect::Native;
        let severity = if is_stated && proposal.step > Step::Patch { Severity::Medium } else { Severity::Low };
        findings.push(Definition::of(context.version).finding("version", severity, "version", message));
    }
    CheckReport::of("version", findings).noted(format!("{before} -> {now}, {} bump", proposal.step))
}
