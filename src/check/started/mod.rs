//! What a version executes, and as what: followed from its command, through whatever stands before the program that reads
//! the code. Which language a file has is decided by who executes it, not by its name.
//!
//! What is executed and cannot be read here (another language, bytes, code out of an input, a program of nobody's) is a
//! finding that fails the check: it never counts as passed.

mod filters;
mod follow;
mod interpreters;
mod roles;
#[cfg(test)]
mod tests;

use super::source::{Language, text_of};
use crate::domain::{Finding, Severity, ToolDetail, VersionFile, marked_encoding, other_encoding};
use follow::Follower;

/// The code of findings about what was not read.
pub(super) const CODE: &str = "not-examined";

/// Code that stands in a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inline {
    pub(super) language: Language,
    pub(super) text: String,
}

/// What a version executes.
#[derive(Debug, Default)]
pub(super) struct Started {
    /// Paths of files that the command leads to, and as what they are executed; `None`: nobody reads it here.
    files: Vec<(String, Option<Language>)>,
    /// Code in the command itself.
    pub(super) code: Vec<Inline>,
    /// Programs of the system that it ends at, each with its words.
    pub(super) programs: Vec<Vec<String>>,
    /// What is executed and was not read.
    unread: Vec<Finding>,
}

impl Started {
    /// Follows the command of a version.
    pub(super) fn of(version: &ToolDetail) -> Started {
        let mut follower = Follower::new(version);
        if let Some(recipe) = &version.manifest.recipe {
            recipe.env.iter().for_each(|(name, value)| follower.variable(name, value));
            follower.command(&recipe.command, 0);
        }
        follower.finish()
    }

    /// The language that a file is read in: that of the program that executes it, else that of its ending or first line.
    pub(super) fn language_of(&self, file: &VersionFile) -> Option<Language> {
        match self.files.iter().find(|(path, _)| *path == file.path) {
            Some((_, language)) => *language,
            None => Language::of(&file.path, text_of(file).unwrap_or_default()),
        }
    }

    /// Whether the command leads to this file.
    pub(super) fn executes(&self, path: &str) -> bool {
        self.files.iter().any(|(known, _)| known == path)
    }

    /// The files whose language is known, each with its text; not those that are decoded otherwise than here.
    pub(super) fn sources<'v>(&self, files: &'v [VersionFile]) -> Vec<(&'v str, Language, &'v str)> {
        let sources = files.iter().filter_map(|file| {
            let text = text_of(file)?;
            let language = self.language_of(file)?;
            other_encoding(&file.path, Some(language), text).is_none().then_some((file.path.as_str(), language, text))
        });
        sources.collect()
    }

    /// What is executed and was not read, each a finding that fails a check: of the command, and of files.
    pub(super) fn unread(&self, files: &[VersionFile]) -> Vec<Finding> {
        let mut findings = self.unread.clone();
        for file in files {
            let language = self.language_of(file);
            let finding = encoding(file, language).map(|(line, words)| (line, format!("not examined: {words}")));
            let is_unread = || {
                let is_code = language.is_some() && self.executes(&file.path);
                (is_code && text_of(file).is_none())
                    .then(|| (1, "not examined: it is executed but is not text".to_owned()))
            };
            findings.extend(
                finding
                    .or_else(is_unread)
                    .map(|(line, words)| Finding::new(CODE, Severity::High, words).at(&file.path, line)),
            );
        }
        findings
    }
}

/// The line and words of a finding about a file that is decoded otherwise than here; `None` if it is UTF-8.
pub(super) fn encoding(file: &VersionFile, language: Option<Language>) -> Option<(u64, String)> {
    let may_mark = |name: &str| name != "UTF-7" || language.is_some();
    if let Some(name) = marked_encoding(&file.bytes).filter(|name| may_mark(name)) {
        return Some((1, format!("text in {name}; only UTF-8 is supported")));
    }
    let other = other_encoding(&file.path, language, text_of(file)?)?;
    Some((other.line, format!("decoded as {}, so the executed code differs from the displayed text", other.name)))
}

/// The sources of a version by who executes them: see [`Started::sources`].
pub(super) fn sources(version: &ToolDetail) -> Vec<(&str, Language, &str)> {
    Started::of(version).sources(&version.files)
}
