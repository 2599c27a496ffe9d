//! Makes a folder a workspace: stage folders, settings, lines for git, one sample tool.
//!
//! It changes no existing file, except for appending lines to `.gitignore`. It opens no state.

use super::DEFAULT_WORKSPACE;
use crate::domain::Stage;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::links::refuse_links;
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// The line before our lines in `.gitignore`.
const BEGIN: &str = "# begin toolsmith";

/// The line after our lines in `.gitignore`.
const END: &str = "# end toolsmith";

/// Later lines override earlier ones: kept files come after ignored ones, and files that nobody wants to keep come
/// last.
const RULES: &[&str] = &[
    "# Tools that are not reviewed yet; approving one moves it out of here and commits it.",
    "/tools/experimental/",
    "*_ai_generated_*",
    "# Reviewed tools are kept, whatever they are called.",
    "!/tools/core/**",
    "!/tools/approved/**",
    "# Leftovers of interpreters and interrupted moves.",
    "/tools/**/__pycache__/",
    "/tools/**/*.pyc",
    "/tools/**/node_modules/",
    ".toolsmith-*",
];

/// The sample tool: path in its folder, and text.
const SAMPLE: &[(&str, &str)] = &[
    ("hello.py", include_str!("../../../assets/sample/hello.py")),
    ("tool.toml", include_str!("../../../assets/sample/tool.toml")),
];

/// What `init` created and what existed before; paths are relative to the folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct InitReport {
    /// Created, or extended in the case of `.gitignore`.
    pub created: Vec<String>,
    /// Existed before and was left unchanged.
    pub kept: Vec<String>,
    /// Whether this is a plan: nothing was written.
    #[serde(default, rename = "dry_run", skip_serializing_if = "std::ops::Not::not")]
    pub is_dry: bool,
}

/// Makes a folder a workspace. Creates the folder itself if it is missing.
///
/// # Errors
/// [`ErrorCode::Failed`] when something cannot be written. What was created before stays, and a second call creates the
/// rest.
pub fn init(dir: &Path) -> Result<InitReport, EngineError> {
    let mut report = InitReport::default();
    fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    fill(dir, &mut report)?;
    Ok(report)
}

/// What [`init`] would create; writes nothing.
///
/// # Errors
/// As [`init`].
pub fn plan_init(dir: &Path) -> Result<InitReport, EngineError> {
    let mut report = InitReport { is_dry: true, ..InitReport::default() };
    fill(dir, &mut report)?;
    Ok(report)
}

fn fill(dir: &Path, report: &mut InitReport) -> Result<(), EngineError> {
    for stage in [Stage::Core, Stage::Approved, Stage::Archived] {
        // Git does not track empty folders.
        let folder = format!("tools/{stage}");
        let is_new = !dir.join(&folder).exists();
        if is_new {
            create(dir, &format!("{folder}/.gitkeep"), "", report)?;
        } else {
            report.kept.push(folder);
        }
    }
    sample(dir, report)?;
    create(dir, "toolsmith.toml", DEFAULT_WORKSPACE, report)?;
    ignore(dir, report)
}

/// Writes the sample completely or not at all: an existing folder of that name belongs to the user.
fn sample(dir: &Path, report: &mut InitReport) -> Result<(), EngineError> {
    let folder = format!("tools/{}/hello", Stage::Experimental);
    if fs::symlink_metadata(dir.join(&folder)).is_ok() {
        report.kept.push(folder);
        return Ok(());
    }
    for (name, text) in SAMPLE {
        create(dir, &format!("{folder}/{name}"), text, report)?;
    }
    Ok(())
}

/// Writes a file that does not exist yet, with the folders above it.
fn create(dir: &Path, path: &str, text: &str, report: &mut InitReport) -> Result<(), EngineError> {
    refuse_links(dir, Path::new(path))?;
    let full = dir.join(path);
    if report.is_dry {
        let list = if full.symlink_metadata().is_ok() { &mut report.kept } else { &mut report.created };
        list.push(path.to_owned());
        return Ok(());
    }
    if let Some(parent) = full.parent() {
        fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
    }
    match OpenOptions::new().write(true).create_new(true).open(&full) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).map_err(|error| failed(&full, &error))?;
            report.created.push(path.to_owned());
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => report.kept.push(path.to_owned()),
        Err(error) => return Err(failed(&full, &error)),
    }
    Ok(())
}

/// Appends our lines to `.gitignore`, unless it contains them.
fn ignore(dir: &Path, report: &mut InitReport) -> Result<(), EngineError> {
    refuse_links(dir, Path::new(".gitignore"))?;
    let path = dir.join(".gitignore");
    if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        // Reading a pipe would block.
        return Err(failed(&path, &ErrorKind::InvalidInput.into()));
    }
    let before = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(failed(&path, &error)),
    };
    let has = |line: &str| before.split(|byte| *byte == b'\n').any(|have| have.trim_ascii_end() == line.as_bytes());
    if has(BEGIN) && has(END) {
        report.kept.push(".gitignore".to_owned());
        return Ok(());
    }
    if report.is_dry {
        report.created.push(".gitignore".to_owned());
        return Ok(());
    }
    let line_end = if before.windows(2).any(|pair| pair == b"\r\n") { "\r\n" } else { "\n" };
    let mut block = String::new();
    if !before.is_empty() {
        block.push_str(if before.ends_with(b"\n") {
            line_end
        } else if line_end == "\n" {
            "\n\n"
        } else {
            "\r\n\r\n"
        });
    }
    for line in std::iter::once(&BEGIN).chain(RULES).chain([&END]) {
        block.push_str(line);
        block.push_str(line_end);
    }
    // Appended in one write, so that the user's own lines are never rewritten.
    let file = OpenOptions::new().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(block.as_bytes())).map_err(|error| failed(&path, &error))?;
    report.created.push(".gitignore".to_owned());
    Ok(())
}

pub(super) fn failed(path: &Path, error: &std::io::Error) -> EngineError {
    let message = format!("failed to write {}: {error}", path.display());
    EngineError::new(ErrorCode::Failed, message, "make the folder writable, then run init again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vcs::fixture::Repo;

    const MADE: &[&str] = &[
        "tools/core/.gitkeep",
        "tools/approved/.gitkeep",
        "tools/archived/.gitkeep",
        "tools/experimental/hello/hello.py",
        "tools/experimental/hello/tool.toml",
        "toolsmith.toml",
        ".gitignore",
    ];

    #[test]
    fn an_empty_folder_becomes_a_workspace_and_a_second_call_changes_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("new");
        let report = init(&dir).unwrap();
        assert_eq!(
            report,
            InitReport { created: MADE.iter().map(|path| (*path).to_owned()).collect(), kept: vec![], is_dry: false }
        );
        let before = fs::read_to_string(dir.join(".gitignore")).unwrap();
        let again = init(&dir).unwrap();
        assert_eq!(again.created, Vec::<String>::new());
        assert_eq!(fs::read_to_string(dir.join(".gitignore")).unwrap(), before);
    }

    #[test]
    fn what_exists_stays_as_it_is() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        fs::create_dir_all(dir.join("tools/core")).unwrap();
        fs::create_dir_all(dir.join("tools/experimental/hello")).unwrap();
        fs::write(dir.join("toolsmith.toml"), "# mine\n").unwrap();
        fs::write(dir.join(".gitignore"), "*.log\r\n/target").unwrap();
        let report = init(dir).unwrap();
        assert_eq!(report.kept, vec!["tools/core", "tools/experimental/hello", "toolsmith.toml"]);
        assert_eq!(fs::read_to_string(dir.join("toolsmith.toml")).unwrap(), "# mine\n");
        assert!(!dir.join("tools/core/.gitkeep").exists() && !dir.join("tools/experimental/hello/hello.py").exists());
        let ignore = fs::read_to_string(dir.join(".gitignore")).unwrap();
        assert!(ignore.starts_with("*.log\r\n/target\r\n\r\n# begin toolsmith\r\n"), "{ignore:?}");
        assert_eq!(ignore.matches('\n').count(), ignore.matches("\r\n").count());
    }

    #[test]
    fn git_ignores_what_nobody_reviewed_and_keeps_what_is_approved() {
        let repo = Repo::new();
        repo.write("sub/.gitignore", "*.log");
        init(&repo.path().join("sub")).unwrap();
        let git = repo.open_at("sub");
        for ignored in [
            "tools/experimental",
            "tools/experimental/hello/tool.toml",
            "tools/parser_ai_generated_20251028.py",
            "lib/parser_ai_generated_20251028.py",
            "tools/approved/x/__pycache__/x.cpython-311.pyc",
            "tools/approved/.toolsmith-7-x.tmp/x.py",
            "x.log",
        ] {
            assert_eq!(git.check_ignored(ignored), Ok(true), "{ignored}");
        }
        for kept in [
            "tools/core/x/x.py",
            "tools/approved/x_ai_generated_1/x_ai_generated_1.py",
            "tools/approved/x.py",
            "tools/archived/x/x.py",
            "tools/other/x.py",
            "toolsmith.toml",
        ] {
            assert_eq!(git.check_ignored(kept), Ok(false), "{kept}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("tools"), "").unwrap();
        let error = init(temp.path()).unwrap_err();
        assert_eq!(error.code, ErrorCode::Failed);
        assert!(error.message.contains("tools/core"), "{}", error.message);
    }
}
