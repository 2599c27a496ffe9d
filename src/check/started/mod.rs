//! What a version executes, and in which language: followed from its command to the program that reads the code. The
//! executing program decides the language of a file, not the file name.
//!
//! Code that is executed but cannot be analysed (another language, bytes, code from an input, an unknown program) is a
//! finding that fails the check; it never counts as passed.

mod filters;
mod follow;
mod interpreters;
mod roles;
#[cfg(test)]
mod tests;

use super::source::{Language, text_of};
use crate::domain::{Finding, Severity, ToolDetail, VersionFile, marked_encoding, other_encoding};
use follow::Follower;

/// The code of findings about code that was not analysed.
pub(super) const CODE: &str = "not-examined";

/// Code inside a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inline {
    pub(super) language: Language,
    pub(super) text: String,
}

/// What a version executes.
#[derive(Debug, Default)]
pub(super) struct Started {
    /// Paths of files that the command leads to, and their languages; `None`: not analysed.
    files: Vec<(String, Option<Language>)>,
    /// Code in the command itself.
    pub(super) code: Vec<Inline>,
    /// System programs at the end of the command, each with its arguments.
    pub(super) programs: Vec<Vec<String>>,
    /// Executed code that was not analysed.
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

    /// The language of a file: that of the program that executes it, otherwise that of its extension or first line.
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

    /// The files with a known language, each with its text, except those in an encoding other than UTF-8.
    pub(super) fn sources<'v>(&self, files: &'v [VersionFile]) -> Vec<(&'v str, Language, &'v str)> {
        let sources = files.iter().filter_map(|file| {
            let text = text_of(file)?;
            let language = self.language_of(file)?;
            other_encoding(&file.path, Some(language), text).is_none().then_some((file.path.as_str(), language, text))
        });
        sources.collect()
    }

    /// Findings about executed code that was not analysed, in the command and in files; each fails a check.
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

/// The line and message of a finding about a file in another encoding; `None` if it is UTF-8.
pub(super) fn encoding(file: &VersionFile, language: Option<Language>) -> Option<(u64, String)> {
    let may_mark = |name: &str| name != "UTF-7" || language.is_some();
    if let Some(name) = marked_encoding(&file.bytes).filter(|name| may_mark(name)) {
        return Some((1, format!("text in {name}; only UTF-8 is supported")));
    }
    let other = other_encoding(&file.path, language, text_of(file)?)?;
    Some((other.line, format!("decoded as {}, so the executed code differs from the displayed text", other.name)))
}

/// The sources of a version by executing program: see [`Started::sources`].
pub(super) fn sources(version: &ToolDetail) -> Vec<(&str, Language, &str)> {
    Started::of(version).sources(&version.files)
}
