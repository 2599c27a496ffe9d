//! The environment of one version: the packages its block declares, put together by uv.
//!
//! uv cannot work inside the sandbox: it needs a cache that it can write (measured: `uv run` on a
//! read-only cache ends with "could not acquire lock"). So it works before the run, as the user, but
//! only with what the user has fetched before: offline, without building anything (a build runs
//! strangers' code), without settings of any folder. The run then starts the environment's own Python.
//! uv keys an environment by the path of the script, and a kept copy lies in a folder named by its
//! digest: each version has its own.

use super::python::distributions;
use crate::domain::Digest;
use crate::runner::interpreter::{SearchPath, ask};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

/// How long uv may take to put an environment together from its cache.
const PATIENCE: Duration = Duration::from_mins(1);

/// What uv needs of the caller's variables to find its cache and its Pythons.
const VARIABLES: &[&str] =
    &["HOME", "UV_CACHE_DIR", "UV_PYTHON_INSTALL_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"];

/// No network, no foreign code, no settings.
const QUIETLY: &[&str] = &["--offline", "--no-config", "--no-python-downloads"];

/// The user's uv.
#[derive(Debug)]
pub(super) struct Uv {
    program: PathBuf,
    env: Vec<(OsString, OsString)>,
}

impl Uv {
    /// Finds uv for the user of this process, who is the one that runs it.
    pub(super) fn find(path: &SearchPath<'_>) -> Option<Uv> {
        let program = path.for_ourselves(OsStr::new("uv"))?;
        let env = VARIABLES.iter().filter_map(|name| Some((name.into(), path.variable(name)?.to_owned())));
        Some(Uv { program, env: env.collect() })
    }

    /// Whether it could put the environment of a script together; makes none.
    ///
    /// # Errors
    /// Why not, in uv's words.
    pub(super) fn could_make(&self, python: &Path, script: &Path) -> Result<(), String> {
        self.sync(python, script, &["--dry-run"])
    }

    /// Puts the environment of a script together and answers its Python.
    ///
    /// # Errors
    /// Why not, in uv's words.
    pub(super) fn make(&self, python: &Path, script: &Path) -> Result<PathBuf, String> {
        self.sync(python, script, &[])?;
        let args = ["python", "find"].iter().chain(QUIETLY).chain(&["--script"]).map(OsStr::new);
        let output = self.call(&args.chain([script.as_os_str()]).collect::<Vec<_>>())?;
        let found = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        if found.is_absolute() { Ok(found) } else { Err("it does not tell where the environment is".to_owned()) }
    }

    fn sync(&self, python: &Path, script: &Path, more: &[&str]) -> Result<(), String> {
        // A lock of the version is taken as it is: uv would write a newer one into the kept copy.
        let frozen: &[&str] = if lock_of(script).exists() { &["--frozen"] } else { &[] };
        let options = ["sync", "--no-build"].iter().chain(QUIETLY).chain(frozen).chain(more).map(OsStr::new);
        let of = [OsStr::new("--python"), python.as_os_str(), OsStr::new("--script"), script.as_os_str()];
        self.call(&options.chain(of).collect::<Vec<_>>()).map(drop)
    }

    fn call(&self, args: &[&OsStr]) -> Result<Output, String> {
        let output = ask::call(&self.program, args, &self.env, PATIENCE)?;
        if output.status.success() { Ok(output) } else { Err(cause(&String::from_utf8_lossy(&output.stderr))) }
    }
}

/// Where uv keeps the lock of a script.
pub(super) fn lock_of(script: &Path) -> PathBuf {
    let mut name = script.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// The innermost cause in what uv says: its last `cause:` line, else its `error:` line.
fn cause(text: &str) -> String {
    let of = |word: &str| text.lines().rev().find_map(|line| line.trim().strip_prefix(word));
    of("cause:").or_else(|| of("error:")).unwrap_or("it does not say why").trim().to_owned()
}

/// The folders in which an environment keeps its packages.
pub(super) fn site_packages(environment: &Path) -> Vec<PathBuf> {
    let versions = fs::read_dir(environment.join("lib")).into_iter().flatten();
    versions.filter_map(|entry| Some(entry.ok()?.path().join("site-packages"))).collect()
}

/// What an environment holds: each package as `name version`, and the digest of them all.
pub(super) fn contents(environment: &Path) -> (Vec<String>, Option<Digest>) {
    let mut hasher = blake3::Hasher::new();
    let mut packages = Vec::new();
    for folder in site_packages(environment) {
        let mut found = distributions(&folder);
        found.sort();
        for (name, version) in found {
            // The record lists the digest of every file of the package.
            let record = folder.join(format!("{name}-{version}.dist-info/RECORD"));
            let bytes = fs::read(record).unwrap_or_default();
            for part in [name.as_bytes(), version.as_bytes(), &bytes] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
            packages.push(format!("{name} {version}"));
        }
    }
    let lock = (!packages.is_empty()).then(|| Digest(*hasher.finalize().as_bytes()));
    (packages, lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_cause_is_told() {
        let text = "Using script environment at: x\nerror: No solution found\n  cause: Because six was not found in \
                    the cache\n\nhint: the network was disabled\n";
        assert_eq!(cause(text), "Because six was not found in the cache");
        assert_eq!(cause("error: no such option"), "no such option");
    }

    #[test]
    fn the_lock_changes_with_any_file_of_any_package() {
        let dir = tempfile::tempdir().unwrap();
        let record = dir.path().join("lib/python3.11/site-packages/six-1.17.0.dist-info/RECORD");
        fs::create_dir_all(record.parent().unwrap()).unwrap();
        fs::write(&record, "six.py,sha256=aaa,1\n").unwrap();
        let (packages, lock) = contents(dir.path());
        assert_eq!((packages.as_slice(), lock.is_some()), (["six 1.17.0".to_owned()].as_slice(), true));
        fs::write(&record, "six.py,sha256=bbb,1\n").unwrap();
        assert_ne!(contents(dir.path()).1, lock);
        assert_eq!(contents(&dir.path().join("none")), (vec![], None));
    }
}
