//! One file for a repair, with what is known about the tool.

use super::super::bundle::{Bundle, BundleFailure};
use crate::domain::source::Language;

/// One file, and the evidence around it.
pub(super) struct Patient<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its text, without a byte order mark.
    pub text: &'a str,
    /// Its language.
    pub language: Option<Language>,
    bundle: &'a Bundle,
}

impl<'a> Patient<'a> {
    /// A file of a bundle. Its text may already contain earlier repairs.
    pub fn new(bundle: &'a Bundle, path: &'a str, text: &'a str) -> Patient<'a> {
        Patient { path, text, language: Language::of(path, text), bundle }
    }

    /// Whether this is the file that is started.
    pub fn is_entry(&self) -> bool {
        self.bundle.entry.as_deref().or(self.bundle.files.first().map(|file| file.path.as_str())) == Some(self.path)
    }

    /// Whether the output is declared to be a JSON object or array.
    pub fn prints_json(&self) -> bool {
        self.bundle
            .output
            .as_ref()
            .is_some_and(|schema| schema.get("type").is_none_or(|kind| kind == "object" || kind == "array"))
    }

    /// Whether it is Python.
    pub fn is_python(&self) -> bool {
        self.language == Some(Language::Python)
    }

    /// Whether a package is known to be installed here.
    pub fn is_installed(&self, package: &str) -> bool {
        self.bundle.installed.as_ref().is_some_and(|list| list.iter().any(|one| one == package))
    }

    /// Whether a package is known not to be installed here.
    pub fn is_absent(&self, package: &str) -> bool {
        self.bundle.installed.as_ref().is_some_and(|list| list.iter().all(|one| one != package))
    }

    /// The chosen failures.
    pub fn failures(&self) -> &'a [BundleFailure] {
        &self.bundle.failures
    }

    /// Whether the error or the output of a chosen failure has all of these words on one line.
    pub fn fails_with(&self, words: &[&str]) -> bool {
        self.failure_lines().any(|line| words.iter().all(|word| line.contains(word)))
    }

    /// Every line of the errors and outputs of the chosen failures.
    pub fn failure_lines(&self) -> impl Iterator<Item = &'a str> {
        self.failures().iter().flat_map(|failure| failure.error.split('\n').chain(failure.output.split('\n')))
    }

    /// Whether a module is a file or folder of the tool.
    pub fn is_own_module(&self, module: &str) -> bool {
        let is_named = |part: &str| part == module || part.split('.').next() == Some(module);
        self.bundle.files.iter().any(|file| file.path.split('/').any(is_named))
    }

    /// Whether a package is declared, in the manifest or in a file that lists packages.
    pub fn declares(&self, package: &str) -> bool {
        let wanted = plain(package);
        let listed = self.bundle.files.iter().filter(|file| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            name == "pyproject.toml" || name.starts_with("requirements") || name == "Pipfile" || name == "setup.py"
        });
        self.bundle.dependencies.iter().any(|line| plain(line) == wanted)
            || listed
                .into_iter()
                .any(|file| file.text.split([' ', '"', '\'', ',', '\n', '[']).any(|word| plain(word) == wanted))
    }
}

/// The normalized name of a package, without version and extras.
pub(super) fn plain(package: &str) -> String {
    let end = package.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(package.len());
    package[..end].to_ascii_lowercase().replace(['_', '.'], "-")
}
