//! Parses the text of a generator as files. If it is unusable, the reason is sent back.
//!
//! An answer contains whole files, never differences, because omitted parts cannot be examined. Nothing is guessed: two
//! versions of one file, an unclosed block, or a part omitted with dots make an answer unusable.

mod blocks;
mod elided;
mod fence;
mod json;
mod path;
mod shown;
#[cfg(test)]
mod tests;
mod thinking;

pub use shown::readable;

use super::cut::{Keep, cut};
use crate::domain::words::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much of an unusable answer is shown, in bytes.
const MAX_SHOWN: usize = 2000;

/// How much of the text around the code is kept, in bytes.
const MAX_NOTES: usize = 4000;

words!(
    /// Why an answer cannot be used.
    Fault {
        /// It contains no code.
        NoCode = "no-code",
        /// It is truncated.
        Cut = "cut",
        /// It contains two versions of one file.
        Alternatives = "alternatives",
        /// The file of a code block is not stated.
        Unnamed = "unnamed",
        /// A path leaves the folder, is hidden or belongs to the workbench.
        BadPath = "bad-path",
        /// Too many files, or too many bytes.
        TooLarge = "too-large",
        /// It is a difference, not a whole file.
        Difference = "difference",
        /// It omits parts with dots.
        Elided = "elided",
        /// It is JSON of another form.
        OtherJson = "other-json",
        /// Its files equal the existing ones.
        Unchanged = "unchanged",
        /// Its files do not form a version of the tool.
        NoVersion = "no-version",
    }
);

/// The known facts about the tool before the answer is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Want {
    /// The file of a code block without a name.
    pub entry: Option<String>,
    /// The existing files, each path with its text, without the manifest.
    pub files: BTreeMap<String, String>,
    /// The path of the manifest, and its text.
    pub manifest: Option<(String, String)>,
    /// Files of which the generator saw only a part, so that it cannot have written the whole file.
    pub cut: Vec<String>,
    /// The limits of an answer.
    pub bounds: AnswerLimits,
}

/// The limits of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerLimits {
    /// The maximum number of files in one answer.
    pub files: usize,
    /// The maximum total size of the text in all files, in bytes.
    pub bytes: usize,
}

impl Default for AnswerLimits {
    fn default() -> AnswerLimits {
        AnswerLimits { files: 50, bytes: 1024 * 1024 }
    }
}

/// The files of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerFiles {
    /// Each new or changed file: path and whole text, in the order of the answer; a file without a name comes first.
    pub files: Vec<(String, String)>,
    /// The new manifest, if it was rewritten.
    pub manifest: Option<String>,
    /// The text around the code: explanations of the generator, at most 4,000 bytes, not escaped.
    pub notes: String,
}

/// Why an answer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{why}")]
pub struct Unusable {
    /// The reason, as one word.
    pub fault: Fault,
    /// The reason, in a sentence that a generator can act on.
    pub why: String,
    /// The answer, at most 2,000 bytes of it, not escaped.
    pub shown: String,
}

/// An objection to an answer, before its text is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Objection {
    fault: Fault,
    why: String,
}

/// The content of an answer before it is checked.
#[derive(Debug, Default, PartialEq, Eq)]
struct RawAnswer {
    /// Path and text as written; a path may be repeated.
    files: Vec<(String, String)>,
    manifest: Option<String>,
    notes: String,
}

impl Objection {
    fn new(fault: Fault, why: impl Into<String>) -> Objection {
        Objection { fault, why: why.into() }
    }
}

impl Want {
    /// The previous text of a file.
    fn before(&self, path: &str) -> Option<&str> {
        let manifest = self.manifest.as_ref().filter(|(name, _)| name == path).map(|(_, text)| text);
        self.files.get(path).or(manifest).map(String::as_str)
    }

    fn is_manifest(&self, path: &str) -> bool {
        self.manifest.as_ref().is_some_and(|(name, _)| name == path)
    }
}

impl AnswerFiles {
    /// This answer combined with an earlier one: files that only the earlier answer has are kept. The changes of a
    /// round are relative to the attempt that its generator was shown.
    pub fn over(&self, earlier: &AnswerFiles) -> AnswerFiles {
        let mut files = earlier.files.clone();
        for (path, text) in &self.files {
            match files.iter_mut().find(|(other, _)| other == path) {
                Some((_, old)) => old.clone_from(text),
                None => files.push((path.clone(), text.clone())),
            }
        }
        let manifest = self.manifest.clone().or_else(|| earlier.manifest.clone());
        AnswerFiles { files, manifest, notes: self.notes.clone() }
    }
}

/// Reads an answer: JSON with files, or code blocks with any text around them. A code block gets the line ends of the
/// existing file, or `\n` in a new one; JSON is not changed.
///
/// # Errors
/// [`Unusable`] if it contains no files, is truncated, or contains something that no version may have.
pub fn read(text: &str, want: &Want) -> Result<AnswerFiles, Unusable> {
    let usable = || -> Result<AnswerFiles, Objection> {
        if text.len() > 4 * want.bounds.bytes {
            let why = format!("the answer has {} bytes, the limit is {}", text.len(), 4 * want.bounds.bytes);
            return Err(Objection::new(Fault::TooLarge, why));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        let said = thinking::without(&text)?;
        let taken = match json::whole(said)? {
            Some(taken) => taken,
            None => blocks::take(said, want)?,
        };
        judge(taken, want)
    };
    usable().map_err(|Objection { fault, why }| Unusable { fault, why, shown: cut(text, MAX_SHOWN, Keep::Both).0 })
}

/// Checks whether these files may become a version.
fn judge(taken: RawAnswer, want: &Want) -> Result<AnswerFiles, Objection> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut manifest = taken.manifest;
    for (written, text) in taken.files {
        let path = path::checked(&written)?;
        if want.is_manifest(&path) {
            if manifest.as_ref().is_some_and(|other| *other != text) {
                return Err(twice(&path));
            }
            manifest = Some(text);
            continue;
        }
        match files.iter().find(|(other, _)| other.eq_ignore_ascii_case(&path)) {
            Some((other, _)) if *other != path => {
                let why = format!("{path} and {other} differ only in case; use one of the two names");
                return Err(Objection::new(Fault::BadPath, why));
            }
            Some((_, other)) if *other != text => return Err(twice(&path)),
            Some(_) => {}
            None => files.push((path, text)),
        }
    }
    path::check_folders(&files.iter().map(|(path, _)| path.as_str()))?;
    let texts = || {
        let manifest = manifest.iter().zip(&want.manifest).map(|(text, (path, _))| (path.as_str(), text.as_str()));
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).chain(manifest)
    };
    check_size(files.len(), texts().map(|(_, text)| text.len()).sum(), want.bounds)?;
    for (path, text) in texts() {
        check_text(path, text, want)?;
    }
    let is_same = texts().all(|(path, text)| want.before(path).map(str::trim_end) == Some(text.trim_end()))
        && (want.manifest.is_some() || manifest.is_none());
    if files.is_empty() && manifest.is_none() {
        return Err(Objection::new(Fault::NoCode, "the answer contains no file"));
    }
    if is_same {
        return Err(Objection::new(Fault::Unchanged, "all files in the answer are unchanged"));
    }
    Ok(AnswerFiles { files, manifest, notes: cut(taken.notes.trim(), MAX_NOTES, Keep::Head).0 })
}

fn twice(path: &str) -> Objection {
    Objection::new(Fault::Alternatives, format!("the answer contains {path} twice; write it once"))
}

fn check_size(files: usize, bytes: usize, bounds: AnswerLimits) -> Result<(), Objection> {
    if files > bounds.files {
        let why = format!("the answer has {files} files, a tool may have at most {}", bounds.files);
        return Err(Objection::new(Fault::TooLarge, why));
    }
    if bytes > bounds.bytes {
        let why = format!("the files have {bytes} bytes in total, a tool may have at most {}", bounds.bytes);
        return Err(Objection::new(Fault::TooLarge, why));
    }
    Ok(())
}

fn check_text(path: &str, text: &str, want: &Want) -> Result<(), Objection> {
    let before = want.before(path);
    if text.contains('\0') {
        return Err(Objection::new(Fault::NoCode, format!("{path} contains a zero byte, so it is not text")));
    }
    // An empty `__init__.py` is valid; an empty entry file is not.
    if text.trim().is_empty()
        && (want.entry.as_deref() == Some(path) || before.is_some_and(|text| !text.trim().is_empty()))
    {
        return Err(Objection::new(Fault::NoCode, format!("{path} is empty; write the complete file")));
    }
    if want.cut.iter().any(|name| name == path) {
        let why = format!("only a part of {path} was shown, so it cannot be replaced; change another file");
        return Err(Objection::new(Fault::Elided, why));
    }
    if let Some(line) = elided::line(text, before.unwrap_or_default()) {
        let why = format!("{path} omits a part ({line}); write the complete file");
        return Err(Objection::new(Fault::Elided, why));
    }
    Ok(())
}
