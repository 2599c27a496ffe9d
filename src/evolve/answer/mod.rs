//! The text of a generator as files; or why it is unusable, in words that are sent back.
//!
//! A whole file at a time, never a difference: what is not written out cannot be examined. Nothing is guessed: two
//! versions of one file, a block that does not end, a part left out with dots make an answer unusable.

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
        /// There is no code in it.
        NoCode = "no-code",
        /// It ends in the middle.
        Cut = "cut",
        /// It has two versions of one file.
        Alternatives = "alternatives",
        /// A code block does not say which file it is.
        Unnamed = "unnamed",
        /// A path leaves the folder, is hidden or belongs to the workbench.
        BadPath = "bad-path",
        /// Too many files, or too many bytes.
        TooLarge = "too-large",
        /// It is a difference instead of a whole file.
        Difference = "difference",
        /// It leaves parts out with dots.
        Elided = "elided",
        /// It is JSON of another form.
        OtherJson = "other-json",
        /// Its files are those that the tool has already.
        Unchanged = "unchanged",
        /// Its files are no version of the tool.
        NoVersion = "no-version",
    }
);

/// What is known before the answer is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Want {
    /// The file of a code block without a name.
    pub entry: Option<String>,
    /// The files as they were, each path with its text; the manifest is not among them.
    pub files: BTreeMap<String, String>,
    /// The path of the manifest, and its text.
    pub manifest: Option<(String, String)>,
    /// Files of which the generator saw a part only: it cannot have written the whole.
    pub cut: Vec<String>,
    /// The limits of an answer.
    pub bounds: AnswerLimits,
}

/// The limits of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerLimits {
    /// Most files in one answer.
    pub files: usize,
    /// Most text in all files together, in bytes.
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
    /// Each file that is new or changed: path and whole text, in the order of the answer; one without a name first.
    pub files: Vec<(String, String)>,
    /// The manifest, when it is written anew.
    pub manifest: Option<String>,
    /// The text around the code: explanations of the generator, at most 4,000 bytes, not escaped.
    pub notes: String,
}

/// Why an answer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{why}")]
pub struct Unusable {
    /// Why, as one word.
    pub fault: Fault,
    /// Why, in a sentence that a generator can act on.
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
    /// The text of a file as it was.
    fn before(&self, path: &str) -> Option<&str> {
        let manifest = self.manifest.as_ref().filter(|(name, _)| name == path).map(|(_, text)| text);
        self.files.get(path).or(manifest).map(String::as_str)
    }

    fn is_manifest(&self, path: &str) -> bool {
        self.manifest.as_ref().is_some_and(|(name, _)| name == path)
    }
}

impl AnswerFiles {
    /// This answer over an earlier one: files that only the earlier one has stay. What a round changes is relative to the
    /// attempt that its generator was shown.
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
/// [`Unusable`] when it holds no files, is cut off, or holds something that no version may have.
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

/// Whether files like these may be made into a version.
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
    // An empty __init__.py is right, an empty entry is not.
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
