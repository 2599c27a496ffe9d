//! Parts that a check could not read; they are reported, so that nothing unread counts as passed.

use super::CheckContext;
use super::source::text_of;
use crate::domain::budget::{Shortfall, Unread};
use crate::domain::{CheckReport, CheckState, Finding, Severity, ToolDetail};

/// The code of these findings.
const CODE: &str = "not-examined";

/// The report with the unread parts. For the version itself, they fail the check; for another version in a comparison,
/// they are a warning.
pub(super) fn told(report: CheckReport, shortfall: &Shortfall, context: &CheckContext<'_>) -> CheckReport {
    if shortfall.stop.is_none() && shortfall.unread.is_empty() {
        return report;
    }
    let mut findings: Vec<Finding> = shortfall.unread.iter().map(|unread| of_text(unread, context)).collect();
    findings.extend(shortfall.stop.map(|stop| {
        let message = format!("not fully examined: {}; the rest was skipped", stop.words());
        Finding::new(CODE, Severity::High, message)
    }));
    let note = if report.state == CheckState::Skipped { String::new() } else { report.note };
    findings.extend(report.findings);
    CheckReport::of(&report.name, findings).noted(note)
}

fn of_text(unread: &Unread, context: &CheckContext<'_>) -> Finding {
    if let Some(path) = path_of(unread, context.version) {
        return Finding::new(CODE, Severity::High, unread.words()).at(&path, 1);
    }
    let base = context.base.and_then(|base| path_of(unread, base));
    match base {
        Some(path) => {
            let message = format!("previously approved version, {path}: {}", unread.words());
            Finding::new(CODE, Severity::High, message)
        }
        // Code in its command, or a file of another tool.
        None => Finding::new(CODE, Severity::Medium, unread.words()),
    }
}

/// The file of a version that contains this text.
fn path_of(unread: &Unread, version: &ToolDetail) -> Option<String> {
    let is_it = |bytes: &[u8]| bytes.len() as u64 == unread.of && *blake3::hash(bytes).as_bytes() == unread.text;
    let holds = version
        .files
        .iter()
        .find(|file| is_it(&file.bytes) || text_of(file).is_some_and(|text| is_it(text.as_bytes())));
    holds.map(|file| file.path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::{LibraryFixture, NoTrials, version};
    use crate::check::{CHECKS, Cost, examine};

    #[test]
    fn no_reading_check_passes_or_is_skipped_on_a_file_that_nobody_read() {
        // One byte longer than the parsing limit.
        let text = format!("x = 'é'\n{}", "#".repeat(1024 * 1024));
        let version = version("t", &[("t.py", &text)]);
        let shelf = LibraryFixture::of(Vec::new());
        let context = CheckContext { version: &version, base: None, missing: &[], library: &shelf, trials: &NoTrials };
        for name in ["syntax", "capabilities", "complexity", "dependencies", "hidden-text", "injection"] {
            let check = CHECKS.iter().find(|check| check.name == name && check.cost == Cost::Reading).unwrap();
            let report = examine(check, &context);
            assert_eq!(report.state, CheckState::Failed, "{report:?}");
            let told = report.findings.iter().find(|finding| finding.code == CODE).unwrap();
            let expected = "not fully examined: files over 1.0 MiB are not read; 0 of 1,048,585 bytes read";
            assert_eq!((told.message.as_str(), told.path.as_deref()), (expected, Some("t.py")), "{name}");
        }
    }
}
