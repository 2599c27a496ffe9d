//! The kind of a file in a shared folder, if its name alone does not tell.

use super::document::Syntax;
use super::files::{self, is_passed_over};
use super::plan::{ScanPlan, join};
use super::skipped;
use crate::domain::source::Language;
use crate::domain::{Problem, ProblemCode};
use std::fs::FileType;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Interpreters of languages that no grammar reads.
const OTHER_INTERPRETERS: &[&str] = &["perl", "ruby", "lua", "php", "zsh"];

/// Bytes of a first line that may name an interpreter.
const FIRST_LINE: u64 = 128;

/// The kind of a file or folder whose name is usually skipped.
pub(super) enum Passed {
    /// A script all the same.
    Script,
    /// Of this kind, and skipped.
    Skipped(&'static str),
    /// Not reported.
    Untold,
}

/// The kind of a file or folder whose name is usually skipped.
pub(super) fn passed_over(plan: &ScanPlan, at: &str, name: &str, kind: FileType) -> Passed {
    let is_file = kind.is_file();
    if name == "__init__.py" && is_file && skipped::starts_command_line(plan, at, name) {
        return Passed::Script;
    }
    if files::is_configuration(name) && is_file {
        return Passed::Skipped("config");
    }
    skipped::passed_over(name, kind.is_dir()).map_or(Passed::Untold, Passed::Skipped)
}

/// The kind of a document that is not a manifest, by its name or beginning; `None` if it may be one.
pub(super) fn no_manifest(plan: &ScanPlan, at: &str, name: &str, syntax: Syntax) -> Option<&'static str> {
    if name.starts_with("tsconfig.") {
        return Some("config");
    }
    // An empty JSON document is not even valid: programs that write their data or log there leave one.
    let is_empty = || plan.on_disk(&join(at, name)).metadata().is_ok_and(|meta| meta.is_file() && meta.len() == 0);
    if syntax == Syntax::Json && is_empty() {
        return Some(skipped::DATA);
    }
    let is_manifest = syntax != Syntax::JsonLines || skipped::describes_tools(plan, at, name);
    (name == crate::domain::mcp::LOCK_FILE || !is_manifest).then_some(skipped::DATA)
}

/// The fault of a link to a folder; `None` if that is a folder of a root, which is searched at its own place.
pub(super) fn leads_out(plan: &ScanPlan, link: &str) -> Option<Problem> {
    let message = "the link points to a folder; links are not followed".to_owned();
    let hint = "add the real folder to the roots in toolsmith.toml";
    (!is_searched(plan, link)).then(|| files::problem(link, ProblemCode::UnsafeLink, message, hint))
}

fn is_searched(plan: &ScanPlan, link: &str) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let Some(folder) = real(&plan.on_disk(link)).filter(|folder| folder.is_dir()) else { return false };
    let roots = plan.roots.iter().filter_map(|root| real(&plan.on_disk(&plan.root_path(root))));
    let is_open = |inside: &Path| inside.iter().all(|part| !is_passed_over(&part.to_string_lossy()));
    roots.into_iter().any(|root| folder.strip_prefix(root).is_ok_and(is_open))
}

/// The fault of a dangling or circular link.
pub(super) fn points_to_nothing(plan: &ScanPlan, path: &str) -> Option<Problem> {
    let message = "the link points to nothing".to_owned();
    let hint = "restore the file that it points to, or delete the link";
    let is_there = plan.on_disk(path).metadata().is_ok();
    (!is_there).then(|| files::problem(path, ProblemCode::UnsafeLink, message, hint))
}

/// A file without an extension that begins with `#!` and is executable, or names an interpreter that is known: archives and
/// some file systems lose the mode.
pub(super) fn is_program(plan: &ScanPlan, at: &str, name: &str) -> bool {
    use std::io::Read;
    let path = plan.on_disk(&join(at, name));
    let Some(meta) = path.metadata().ok().filter(|meta| meta.is_file() && !name.contains('.')) else { return false };
    let mut begin = Vec::new();
    let read = std::fs::File::open(&path).and_then(|file| file.take(FIRST_LINE).read_to_end(&mut begin));
    let begin = String::from_utf8_lossy(&begin);
    let line = begin.lines().next().unwrap_or_default();
    let is_executable = meta.permissions().mode() & 0o111 != 0;
    let is_known =
        || Language::of(name, &begin).is_some() || OTHER_INTERPRETERS.iter().any(|program| line.contains(program));
    read.is_ok() && line.starts_with("#!") && (is_executable || is_known())
}
