//! The definition file of a version, and positions in it.

use crate::domain::{Finding, Severity, ToolDetail, VersionFile};

/// The definition file of a version, if its files contain it.
pub(super) struct Definition<'a> {
    file: Option<&'a VersionFile>,
}

impl<'a> Definition<'a> {
    /// The definition of a version.
    pub(super) fn of(version: &'a ToolDetail) -> Definition<'a> {
        let is_it = |file: &&VersionFile| {
            version.tool.path.strip_suffix(&file.path).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        Definition { file: version.files.iter().find(is_it) }
    }

    /// A finding at the first line that contains `needle`; without a line if there is none.
    pub(super) fn finding(&self, code: &str, severity: Severity, needle: &str, message: impl Into<String>) -> Finding {
        let finding = Finding::new(code, severity, message);
        let Some(file) = self.file else { return finding };
        match line_of(&String::from_utf8_lossy(&file.bytes), needle) {
            Some(line) => finding.at(&file.path, line),
            None => Finding { path: Some(file.path.clone()), ..finding },
        }
    }

    /// The path of the file inside the version.
    pub(super) fn path(&self) -> Option<&'a str> {
        self.file.map(|file| file.path.as_str())
    }
}

/// The first line, counted from 1, that contains `needle`.
pub(super) fn line_of(text: &str, needle: &str) -> Option<u64> {
    text.lines().position(|line| line.contains(needle)).map(|index| index as u64 + 1)
}
