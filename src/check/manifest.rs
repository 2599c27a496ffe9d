//! What the definition says of itself, and whether it can be held to it.

use super::Desk;
use crate::domain::{CheckReport, Finding, Severity};

/// Examines the manifest.
pub fn examine(desk: &Desk<'_>) -> CheckReport {
    let manifest = &desk.version.manifest;
    let mut findings: Vec<Finding> = manifest
        .permissions
        .faults()
        .iter()
        .map(|fault| Finding::new("never-granted", Severity::High, fault.to_string()))
        .collect();
    if manifest.description.trim().is_empty() {
        findings.push(Finding::new("no-description", Severity::Medium, "it does not say what it does"));
    }
    CheckReport::of("manifest", findings)
}
