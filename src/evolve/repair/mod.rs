//! Repairs without a model: small, certain and deterministic.
//!
//! Each repair has one row in [`REPAIRS`] and one file. A repair makes a proposal only if there is evidence in the
//! source or in a chosen failure. It changes only the bytes that it names, and states in one line what it changed and
//! why. Its result is treated like any answer of a generator: checked, replayed, and never used before a human approves
//! it.

mod edit;
mod encoding;
mod first_line;
mod line_ends;
mod patient;
mod python;
mod script_output;
#[cfg(test)]
mod tests;

use patient::Patient;

use super::answer::AnswerFiles;
use super::bundle::{Bundle, BundleFile};
use crate::domain::Mutation;
use edit::{Edit, apply};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use python::ASKED as ASKED_PACKAGES;

/// The name of repairs among generators.
pub const GENERATOR: &str = "built-in";

/// A kind of repair.
pub struct Repair {
    /// Unique name, kebab-case.
    pub name: &'static str,
    /// Its purpose, in one line.
    pub doc: &'static str,
    /// What it does, to follow the name of who does it.
    pub does: &'static str,
    /// The kind of change.
    pub mutation: Mutation,
    propose: fn(&Patient<'_>) -> Option<Fix>,
}

/// The change of a repair in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fix {
    edits: Vec<Edit>,
    /// The change and its reason, in one line.
    said: String,
}

/// A repair that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedRepair {
    /// The name of the repair.
    pub repair: String,
    /// File that was changed, inside the version.
    pub path: String,
    /// The change and its reason, in one line; names from the tool are not escaped.
    pub said: String,
    /// The kind of change.
    pub mutation: Mutation,
}

/// The result of repairs for a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repaired {
    /// The changed files, in the form of a generator's answer.
    pub answer: AnswerFiles,
    /// Each repair, in the order in which they were made.
    pub done: Vec<AppliedRepair>,
}

/// Every repair, in the order of execution.
pub const REPAIRS: &[Repair] = &[
    Repair {
        name: "line-ends",
        doc: "Windows line endings in scripts, if a failure shows them",
        does: "replaces Windows line endings",
        mutation: Mutation::FixStart,
        propose: line_ends::propose,
    },
    Repair {
        name: "first-line",
        doc: "the shebang line, if a failure shows that it is missing or names the wrong shell",
        does: "corrects the shebang line",
        mutation: Mutation::FixStart,
        propose: first_line::propose,
    },
    Repair {
        name: "import",
        doc: "missing imports of the Python standard library and of a few well-known packages",
        does: "adds missing imports",
        mutation: Mutation::FixImport,
        propose: python::import::propose,
    },
    Repair {
        name: "dependency",
        doc: "a missing script header (PEP 723) for well-known packages that Python code imports",
        does: "declares missing packages",
        mutation: Mutation::FixImport,
        propose: python::dependency::propose,
    },
    Repair {
        name: "json-output",
        doc: "missing json.dumps around a printed dict or list, if JSON output is declared",
        does: "prints the result as JSON",
        mutation: Mutation::FixOutput,
        propose: python::json_output::propose,
    },
    Repair {
        name: "main-call",
        doc: "a missing call of the Python function main",
        does: "calls the function main",
        mutation: Mutation::FixStart,
        propose: python::main_call::propose,
    },
    Repair {
        name: "encoding",
        doc: "missing encoding=\"utf-8\" in Python, if a failure shows another encoding",
        does: "reads and writes files as UTF-8",
        mutation: Mutation::FixEncoding,
        propose: encoding::propose,
    },
    Repair {
        name: "script-output",
        doc: "missing JSON.stringify around a printed object or array, if JSON output is declared",
        does: "prints the result as JSON",
        mutation: Mutation::FixOutput,
        propose: script_output::propose,
    },
];

/// Makes every repair with evidence; `None` if there is none. Leaves truncated files alone.
pub fn repair(bundle: &Bundle) -> Option<Repaired> {
    let mut done = Vec::new();
    let mut files = Vec::new();
    for file in bundle.files.iter().filter(|file| file.left_out_bytes == 0) {
        if let Some(text) = repair_file(bundle, file, &mut done) {
            files.push((file.path.clone(), text));
        }
    }
    let mut notes: Vec<String> = done.iter().map(|one: &AppliedRepair| format!("{}: {}", one.path, one.said)).collect();
    notes.extend(Some(absent_packages(bundle)).filter(|absent| !absent.is_empty()));
    let answer = AnswerFiles { files, manifest: None, notes: notes.join("\n") };
    (!done.is_empty()).then_some(Repaired { answer, done })
}

/// One line about packages that are not installed here, and that the code uses without an import or a failure names;
/// empty if there are none.
pub fn absent_packages(bundle: &Bundle) -> String {
    let mut told = BTreeMap::new();
    for file in bundle.files.iter().filter(|file| file.left_out_bytes == 0) {
        told.extend(python::import::absent(&Patient::new(bundle, &file.path, &file.text)));
    }
    let lines = told.iter().map(|(package, name)| {
        if *package == name.as_str() {
            format!("the package {package} is not installed")
        } else {
            format!("{name} comes from the package {package}, which is not installed")
        }
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// Names that a chosen failure reports as undefined.
pub fn unknown_names(bundle: &Bundle) -> Vec<String> {
    let texts = bundle.failures.iter().flat_map(|failure| [&failure.error, &failure.output]);
    let mut names: Vec<String> = Vec::new();
    for text in texts {
        for part in text.split("NameError: name '").skip(1) {
            let name = part.split('\'').next().unwrap_or_default();
            if !name.is_empty() && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

impl Repaired {
    /// What the repairs do, each kind once, to be read after "it": `adds missing imports, prints the result as JSON`.
    pub fn deeds(&self) -> String {
        let mut deeds: Vec<&str> = Vec::new();
        for done in &self.done {
            let known = REPAIRS.iter().find(|repair| repair.name == done.repair);
            let does = known.map_or(done.said.as_str(), |repair| repair.does);
            if !deeds.contains(&does) {
                deeds.push(does);
            }
        }
        deeds.join(", ")
    }

    /// The answer as text; [`answer::read`](super::answer::read) parses it back to the same bytes.
    pub fn text(&self) -> String {
        let files: serde_json::Map<String, serde_json::Value> =
            self.answer.files.iter().map(|(path, text)| (path.clone(), text.clone().into())).collect();
        serde_json::json!({"files": files, "notes": self.answer.notes}).to_string()
    }
}

/// One file after all repairs; `None` if no repair was made.
fn repair_file(bundle: &Bundle, file: &BundleFile, done: &mut Vec<AppliedRepair>) -> Option<String> {
    let mark = if file.text.starts_with('\u{feff}') { "\u{feff}" } else { "" };
    let mut text = file.text.get(mark.len()..)?.to_owned();
    let before = text.clone();
    for repair in REPAIRS {
        let patient = Patient::new(bundle, &file.path, &text);
        let Some(fix) = (repair.propose)(&patient) else { continue };
        let Some(fixed) = apply(&text, fix.edits).filter(|fixed| *fixed != text) else { continue };
        text = fixed;
        done.push(AppliedRepair {
            repair: repair.name.to_owned(),
            path: file.path.clone(),
            said: fix.said,
            mutation: repair.mutation,
        });
    }
    (text != before).then(|| format!("{mark}{text}"))
}
