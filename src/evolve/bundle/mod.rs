//! The input of a generator: everything needed for a better version, within a size limit.
//!
//! A bundle is plain data. The engine fills it, masks secrets in it ([`Bundle::masked`]), limits its size
//! ([`Bundle::bounded`]), shows it and stores it under its [digest](Bundle::digest); the
//! [templates](crate::evolve::prompt) turn it into text. It states its omissions in words.

mod bound;
mod canonical;
mod guidelines;
mod mask;
#[cfg(test)]
mod tests;

pub use canonical::canonical;
pub use guidelines::guidelines;

use super::answer::AnswerFiles;
use crate::domain::source::Language;
use crate::domain::{
    Comment, CommentKind, Digest, Example, LimitsDeclared, Mutation, Permissions, RunId, TestCase, ToolDetail,
    VersionFile,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the storage format of bundles.
pub const FORMAT: u32 = 1;

/// The default size limit of a bundle's text, in bytes.
pub const DEFAULT_LIMIT: usize = 64 * 1024;

/// The input of a generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// Version of this form: [`FORMAT`].
    pub format: u32,
    /// Name of the tool.
    pub tool: String,
    /// The version to improve; for a new tool, its first version.
    pub version: semver::Version,
    /// The language in words: `Python`, `TypeScript`, `shell`; empty if unknown.
    #[serde(default)]
    pub language: String,
    /// The started file; a code block without a name is this file.
    #[serde(default)]
    pub entry: Option<String>,
    /// The purpose of the tool.
    #[serde(default)]
    pub description: String,
    /// The request, in the user's words.
    #[serde(default)]
    pub hint: String,
    /// The approved specification that a new tool is written from; empty when a version is evolved.
    #[serde(default)]
    pub specification: String,
    /// The requested kind of change.
    #[serde(default)]
    pub wanted: Option<Mutation>,
    /// Whether the output may have further fields.
    #[serde(default)]
    pub dynamic_schema: bool,
    /// The files, the one that is started first.
    #[serde(default)]
    pub files: Vec<BundleFile>,
    /// The manifest as it is written.
    #[serde(default)]
    pub manifest: Option<BundleFile>,
    /// JSON Schema of the input.
    #[serde(default)]
    pub input: Option<Value>,
    /// JSON Schema of the output.
    #[serde(default)]
    pub output: Option<Value>,
    /// Tests in the manifest.
    #[serde(default)]
    pub tests: Vec<TestCase>,
    /// Examples in the manifest.
    #[serde(default)]
    pub examples: Vec<Example>,
    /// Failures that the new version should not have.
    #[serde(default)]
    pub failures: Vec<BundleFailure>,
    /// Comments of reviewers on this version.
    #[serde(default)]
    pub comments: Vec<BundleComment>,
    /// Its permissions.
    #[serde(default)]
    pub permissions: Permissions,
    /// The limits it runs under.
    #[serde(default)]
    pub limits: LimitsDeclared,
    /// Packages that it declares.
    #[serde(default)]
    pub dependencies: Vec<String>,
    /// Well-known packages on this machine that repairs can import; `None` if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<Vec<String>>,
    /// Coding guidelines.
    #[serde(default)]
    pub guidelines: Vec<String>,
    /// What helped against similar failures before, one line each.
    #[serde(default)]
    pub learnt: Vec<String>,
    /// Approved tools as examples.
    #[serde(default)]
    pub few_shot: Vec<FewShot>,
    /// The faults of the previous round's answer, worst first.
    #[serde(default)]
    pub feedback: String,
    /// Whether files and manifest are those of the last attempt instead of the version.
    #[serde(default)]
    pub is_attempt: bool,
    /// What is missing here, one line each: cut, masked, not text.
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// A file of the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleFile {
    /// Its path inside the version.
    pub path: String,
    /// Its text, with a mark at each cut.
    pub text: String,
    /// How much of it is missing, in bytes.
    #[serde(default)]
    pub left_out_bytes: u64,
}

/// A failure that the new version should not have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BundleFailure {
    /// The run; `None` for a failure that was only described.
    pub run: Option<RunId>,
    /// The input, as JSON or as the words of the command line.
    pub input: String,
    /// The end of its output, standard error last.
    pub output: String,
    /// How the run ended, in one line.
    pub error: String,
    /// When it happens, in the words of the person who marked it.
    pub scenario: String,
}

/// A reviewer's comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleComment {
    /// The file; `None` for the tool as a whole.
    #[serde(default)]
    pub path: Option<String>,
    /// First and last line, counted from 1.
    #[serde(default)]
    pub lines: Option<(u64, u64)>,
    /// Whether the reviewer demands, asks or remarks.
    pub kind: CommentKind,
    /// The comment as the reviewer wrote it.
    pub text: String,
    /// Whether its lines have changed since.
    #[serde(default)]
    pub outdated: bool,
}

/// An approved tool as an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FewShot {
    /// Name of the approved tool.
    pub tool: String,
    /// Description from its manifest.
    pub description: String,
    /// The started file.
    pub code: String,
}

impl Bundle {
    /// A bundle with only the tool and its version.
    pub fn blank(tool: &str, version: semver::Version) -> Bundle {
        Bundle {
            format: FORMAT,
            tool: tool.to_owned(),
            version,
            language: String::new(),
            entry: None,
            description: String::new(),
            hint: String::new(),
            specification: String::new(),
            wanted: None,
            dynamic_schema: false,
            files: Vec::new(),
            manifest: None,
            input: None,
            output: None,
            tests: Vec::new(),
            examples: Vec::new(),
            failures: Vec::new(),
            comments: Vec::new(),
            permissions: Permissions::default(),
            limits: LimitsDeclared::default(),
            dependencies: Vec::new(),
            installed: None,
            guidelines: Vec::new(),
            learnt: Vec::new(),
            few_shot: Vec::new(),
            feedback: String::new(),
            is_attempt: false,
            left_out: Vec::new(),
        }
    }

    /// The facts of a version: its files, manifest, schemas, tests, examples, permissions and limits, with the
    /// guidelines of its language. Binary files are named in `left_out`.
    pub fn of(detail: &ToolDetail) -> Bundle {
        let manifest = &detail.manifest;
        let entry = detail.main_file().map(|file| file.path.clone());
        let mut bundle = Bundle {
            description: manifest.description.clone(),
            input: manifest.input.clone(),
            output: manifest.output.clone(),
            tests: manifest.tests.clone(),
            examples: manifest.examples.clone(),
            permissions: manifest.permissions.clone(),
            limits: manifest.limits.clone(),
            dependencies: manifest.dependencies.clone(),
            entry: entry.clone(),
            ..Bundle::blank(manifest.name.as_str(), manifest.version.clone())
        };
        for file in &detail.files {
            // Not with `text_of`, because the file must be written back with its byte order mark.
            let Ok(text) = std::str::from_utf8(&file.bytes) else {
                bundle.left_out.push(format!("{} is not UTF-8 text ({} bytes)", file.path, file.bytes.len()));
                continue;
            };
            let told = BundleFile { path: file.path.clone(), text: text.to_owned(), left_out_bytes: 0 };
            if bundle.manifest.is_none() && is_manifest(file, entry.as_deref()) {
                bundle.manifest = Some(told);
            } else {
                bundle.files.push(told);
            }
        }
        bundle.files.sort_by_key(|file| Some(&file.path) != entry.as_ref());
        let language = bundle.files.first().and_then(|file| Language::of(&file.path, &file.text));
        bundle.language = language.map_or(String::new(), |language| language.name().to_owned());
        bundle.guidelines = guidelines(&bundle.language).into_iter().map(str::to_owned).collect();
        bundle
    }

    /// The same bundle for another round: with the files of the attempt instead of the earlier ones, and the faults of
    /// the attempt. It must be masked and limited like the first one.
    pub fn with_attempt(mut self, attempt: &AnswerFiles, feedback: String) -> Bundle {
        let whole =
            |path: &str, text: &str| BundleFile { path: path.to_owned(), text: text.to_owned(), left_out_bytes: 0 };
        for (path, text) in &attempt.files {
            match self.files.iter_mut().find(|file| file.path == *path) {
                Some(file) => *file = whole(path, text),
                None => self.files.push(whole(path, text)),
            }
        }
        if let Some(text) = &attempt.manifest {
            let path = self.manifest.as_ref().map_or("tool.toml", |file| file.path.as_str()).to_owned();
            self.manifest = Some(whole(&path, text));
        }
        Bundle { feedback, is_attempt: true, ..self }
    }

    /// The text of one of its files, including the manifest.
    pub fn text_of(&self, path: &str) -> Option<&str> {
        self.files.iter().chain(&self.manifest).find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// The bundle as canonical JSON: no spaces, keys in order of their bytes. This form is stored and hashed.
    pub fn json(&self) -> String {
        serde_json::to_value(self).map(|value| canonical(&value)).unwrap_or_default()
    }

    /// The digest of its canonical JSON.
    pub fn digest(&self) -> Digest {
        Digest::of_bytes(self.json().as_bytes())
    }
}

impl From<&Comment> for BundleComment {
    fn from(comment: &Comment) -> BundleComment {
        BundleComment {
            path: comment.spot.path.clone(),
            lines: comment.spot.lines,
            kind: comment.kind,
            text: comment.body.clone(),
            outdated: comment.outdated,
        }
    }
}

/// Whether a file is the manifest: `tool.toml`, or the entry's name with the extension of a manifest.
fn is_manifest(file: &VersionFile, entry: Option<&str>) -> bool {
    let stem = |path: &str| path.rsplit_once('.').map_or(path, |(stem, _)| stem).to_owned();
    let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending);
    file.path == "tool.toml"
        || matches!(ending, "toml" | "yaml" | "yml" | "json")
            && entry.is_some_and(|entry| entry != file.path && stem(entry) == stem(&file.path))
}
