//! Finding the program of a tool: PATH look-up, version managers, and what to install when there
//! is none.
//!
//! Version managers put small scripts named like the interpreter on PATH. They look up which
//! version to run in the user's home, which a run does not see, and cost 100 ms. Those that keep
//! the usual layout (`shims/`, `version`, `versions/`) are resolved here by reading that one file.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where programs are looked for, in order; also the `PATH` of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SearchPath(Vec<PathBuf>);

/// A program to start, and arguments that go before the tool's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// Its path.
    pub(super) path: PathBuf,
    /// Arguments in front.
    pub(super) lead: Vec<OsString>,
}

/// What to say when a program is missing.
const INSTALL: &[(&str, &str)] = &[
    ("python3", "apt install python3"),
    ("python", "apt install python3"),
    ("node", "apt install nodejs"),
    ("npx", "apt install npm"),
    ("bash", "apt install bash"),
    ("ruby", "apt install ruby"),
    ("perl", "apt install perl"),
    ("php", "apt install php-cli"),
    ("jq", "apt install jq"),
    ("git", "apt install git"),
    ("deno", "see deno.com"),
    ("bun", "see bun.sh"),
    ("tsx", "npm install -g tsx"),
    ("go", "apt install golang"),
    ("uv", "see docs.astral.sh/uv"),
];

/// The first node that strips types, by a flag.
const NODE_WITH_TYPES: (u32, u32) = (22, 6);

impl SearchPath {
    /// Reads a `PATH`. Relative entries are dropped: the current folder of a run is the tool's own.
    pub(super) fn new(path: Option<&OsStr>) -> SearchPath {
        let path = path.unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"));
        let absolute = std::env::split_paths(path).filter(|dir| dir.is_absolute());
        SearchPath(absolute.flat_map(|dir| behind_shims(&dir).unwrap_or_else(|| vec![dir])).collect())
    }

    /// As the value of a `PATH` variable.
    pub(super) fn join(&self) -> OsString {
        std::env::join_paths(&self.0).unwrap_or_default()
    }

    fn find(&self, name: &OsStr) -> Option<PathBuf> {
        self.0.iter().map(|dir| dir.join(name)).find(|path| is_executable(path))
    }

    /// Finds the program that `word`, the first word of a command, means. `script` is the first
    /// argument: TypeScript needs more than its name says.
    ///
    /// # Errors
    /// One line that says what is missing and how to get it.
    pub(super) fn program(&self, word: &OsStr, dir: &Path, script: Option<&OsStr>) -> Result<Program, String> {
        if word.is_empty() {
            return Err("the command names no program".to_owned());
        }
        if Path::new(word).components().count() > 1 || word.as_encoded_bytes().contains(&b'/') {
            return own_program(&dir.join(word), Path::new(word));
        }
        let is_typescript =
            script.is_some_and(|s| Path::new(s).extension().is_some_and(|e| e == "ts" || e == "mts" || e == "cts"));
        if is_typescript && (word == "node" || (word == "tsx" && self.find(word).is_none())) {
            return self.typescript();
        }
        let other = match word.to_str() {
            Some("python") => Some("python3"),
            Some("python3") => Some("python"),
            _ => None,
        };
        let found = self.find(word).or_else(|| self.find(OsStr::new(other?)));
        found.map(|path| Program { path, lead: Vec::new() }).ok_or_else(|| missing(&word.to_string_lossy()))
    }

    /// The first of node (new enough), tsx, deno and bun.
    fn typescript(&self) -> Result<Program, String> {
        let node = self.find(OsStr::new("node"));
        let version = node.as_deref().and_then(node_version);
        if let (Some(path), Some(version)) = (&node, version)
            && version >= NODE_WITH_TYPES
        {
            return Ok(Program { path: path.clone(), lead: vec!["--experimental-strip-types".into()] });
        }
        let others: [(&str, &[&str]); 3] = [("tsx", &[]), ("deno", &["run", "-A", "--no-prompt"]), ("bun", &["run"])];
        for (name, lead) in others {
            if let Some(path) = self.find(OsStr::new(name)) {
                return Ok(Program { path, lead: lead.iter().map(OsString::from).collect() });
            }
        }
        let have = match (node, version) {
            (Some(_), Some((major, minor))) => format!("node is {major}.{minor}"),
            (Some(_), None) => "node does not tell its version".to_owned(),
            (None, _) => "node is not installed".to_owned(),
        };
        Err(format!("TypeScript needs node 22.6 or newer, tsx, deno or bun ({have}); npm install -g tsx"))
    }
}

/// A program given by path, relative to the version.
fn own_program(path: &Path, word: &Path) -> Result<Program, String> {
    let name = word.file_name().unwrap_or(word.as_os_str()).to_string_lossy();
    if is_executable(path) {
        if has_loader(path) {
            return Ok(Program { path: path.to_owned(), lead: Vec::new() });
        }
        return Err(format!("{name} has no first line naming its interpreter; begin it with #!/usr/bin/env …"));
    }
    if path.is_file() {
        return Err(format!("{name} may not be executed; chmod +x it, or name its interpreter in the command"));
    }
    Err(format!("{name} is not part of this version"))
}

/// Says that a program is missing and how to get it, as far as known.
pub(super) fn missing(name: &str) -> String {
    match INSTALL.iter().find(|(known, _)| *known == name) {
        Some((_, hint)) => format!("{name} is not installed; {hint}"),
        None => format!("{name} is not installed, or not on PATH"),
    }
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Whether the kernel knows how to start a file. The C library would hand anything else to a shell,
/// line by line, whatever language it is.
fn has_loader(path: &Path) -> bool {
    let head = head(path).unwrap_or_default();
    head.starts_with(b"#!") || head.starts_with(b"\x7fELF")
}

/// The first 256 bytes of a file.
fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(256).read_to_end(&mut head).ok()?;
    Some(head)
}

/// The folders that a version manager's `shims` folder stands for; `None` when it is something else.
fn behind_shims(dir: &Path) -> Option<Vec<PathBuf>> {
    if dir.file_name()? != "shims" {
        return None;
    }
    let root = dir.parent()?;
    if !root.join("versions").is_dir() {
        return None;
    }
    let chosen = fs::read_to_string(root.join("version")).unwrap_or_default();
    let names = chosen.split_whitespace().filter(|name| !name.contains('/') && *name != "system");
    Some(names.map(|name| root.join("versions").join(name).join("bin")).filter(|bin| bin.is_dir()).collect())
}

/// Major and minor version of a node, by asking it (4 ms).
fn node_version(node: &Path) -> Option<(u32, u32)> {
    let mut ask = Command::new(node);
    ask.arg("--version").env_clear().stdin(Stdio::null()).stderr(Stdio::null());
    let answer = ask.output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The interpreter that a script's first line names: `python3` for `#!/usr/bin/env python3`.
pub(super) fn shebang(script: &Path) -> Option<String> {
    let head = head(script)?;
    let line = String::from_utf8_lossy(head.strip_prefix(b"#!")?).lines().next()?.to_owned();
    let mut words = line.split_whitespace();
    let first = Path::new(words.next()?).file_name()?.to_string_lossy().into_owned();
    if first != "env" {
        return Some(first);
    }
    words.find(|word| !word.starts_with('-') && !word.contains('=')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, text: &str, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn search(dirs: &[PathBuf]) -> SearchPath {
        SearchPath::new(Some(&std::env::join_paths(dirs).unwrap()))
    }

    #[test]
    fn python_and_python3_stand_in_for_each_other() {
        let dir = tempfile::tempdir().unwrap();
        put(&dir.path().join("bin/python3"), "", 0o755);
        put(&dir.path().join("bin/plain"), "", 0o644);
        let path = search(&[dir.path().join("bin")]);
        let program = |word: &str| path.program(OsStr::new(word), dir.path(), None).map(|p| p.path);
        assert_eq!(program("python"), Ok(dir.path().join("bin/python3")));
        assert_eq!(program("node"), Err("node is not installed; apt install nodejs".to_owned()));
        assert_eq!(program("plain"), Err("plain is not installed, or not on PATH".to_owned()));
    }

    #[test]
    fn shims_of_a_version_manager_are_replaced_by_what_they_stand_for() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join(".pyenv");
        put(&root.join("shims/python3"), "", 0o755);
        put(&root.join("versions/3.11.7/bin/python3"), "", 0o755);
        put(&root.join("version"), "3.11.7\nsystem\n", 0o644);
        let path = search(&[root.join("shims"), PathBuf::from("relative"), dir.path().join("bin")]);
        assert_eq!(path, SearchPath(vec![root.join("versions/3.11.7/bin"), dir.path().join("bin")]));
        let elsewhere = dir.path().join("other/shims");
        assert_eq!(search(std::slice::from_ref(&elsewhere)), SearchPath(vec![elsewhere]));
    }

    #[test]
    fn typescript_takes_the_first_runner_that_can() {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("bin");
        let path = search(std::slice::from_ref(&bin));
        let program = || path.program(OsStr::new("node"), dir.path(), Some(OsStr::new("x.ts")));
        assert!(program().unwrap_err().contains("node is not installed"));
        put(&bin.join("node"), "#!/bin/sh\necho v20.20.2\n", 0o755);
        assert!(program().unwrap_err().contains("node is 20.20"));
        put(&bin.join("deno"), "", 0o755);
        assert_eq!(program().unwrap().path, bin.join("deno"));
        put(&bin.join("node"), "#!/bin/sh\necho v22.6.0\n", 0o755);
        let lead = vec![OsString::from("--experimental-strip-types")];
        assert_eq!(program(), Ok(Program { path: bin.join("node"), lead }));
        let plain = path.program(OsStr::new("node"), dir.path(), Some(OsStr::new("x.js"))).unwrap();
        assert_eq!(plain.lead, Vec::<OsString>::new());
    }

    #[test]
    fn a_program_by_path_must_be_part_of_the_version_and_executable() {
        let dir = tempfile::tempdir().unwrap();
        put(&dir.path().join("run.sh"), "#!/usr/bin/env -S bash -e\n", 0o644);
        let path = search(&[]);
        let program = |word: &str| path.program(OsStr::new(word), dir.path(), None);
        assert!(program("./run.sh").unwrap_err().contains("chmod +x"));
        assert!(program("./none").unwrap_err().contains("not part of this version"));
        put(&dir.path().join("bare"), "import os\n", 0o755);
        assert!(program("./bare").unwrap_err().contains("has no first line"));
        put(&dir.path().join("run.sh"), "#!/usr/bin/env -S bash -e\n", 0o755);
        assert!(program("./run.sh").is_ok());
        assert_eq!(shebang(&dir.path().join("run.sh")), Some("bash".to_owned()));
    }
}
