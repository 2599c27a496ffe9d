//! The environment of one version: the packages that its block declares, in a folder of ours.
//!
//! It is made by [`super::super::fetch()`], inside the sandbox, after a human agreed, and only looked at here: no
//! program of it is ever started outside the sandbox. Its key is what it was made from (the block, the lock, the
//! Python), so another version of the tool has another environment.

use super::lock::PackageLock;
use super::packages::{distributions, site_packages};
use super::script::ScriptMetadata;
use crate::domain::Digest;
use crate::runner::interpreter::ResolvedProgram;
use std::fs;
use std::path::{Path, PathBuf};

/// The file in an environment with the lock that it was made from. It is written last.
pub(in crate::runner) const LOCK: &str = "uv.lock";

/// What a version's environment is made from, and where it is.
#[derive(Debug)]
pub(in crate::runner) struct Wish {
    /// What the script declares.
    pub(in crate::runner) block: ScriptMetadata,
    /// Its lock; `None` when there is none next to it.
    pub(in crate::runner) lock: Option<PackageLock>,
    /// The folder of the environment, once it is made.
    pub(in crate::runner) folder: PathBuf,
    /// The Python that it is made from.
    pub(in crate::runner) python: PathBuf,
}

impl Wish {
    /// Works out where the environment is among all of them; `None` when the program is not a known Python.
    pub(in crate::runner) fn of(
        block: ScriptMetadata,
        lock: Option<PackageLock>,
        program: &ResolvedProgram,
        environments: &Path,
    ) -> Option<Wish> {
        let python = program.interpreter.clone()?;
        let facts = program.facts.as_ref()?;
        let mut hasher = blake3::Hasher::new();
        let lock_text = lock.as_ref().map(|lock| lock.text.as_str()).unwrap_or_default();
        for part in [&block.script(), lock_text, &python.to_string_lossy(), &facts.path, &facts.version] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let key = Digest(*hasher.finalize().as_bytes()).hex();
        Some(Wish { block, lock, folder: environments.join(&key[..32]), python })
    }

    /// Whether the environment is there, whole.
    pub(in crate::runner) fn is_made(&self) -> bool {
        self.folder.join(LOCK).is_file()
    }

    /// The program of a version with this environment: its Python is started by the path in the environment, which is
    /// how it finds the packages. What is recorded of the interpreter was learnt from the one it is made from.
    pub(in crate::runner) fn equip(&self, base: ResolvedProgram) -> ResolvedProgram {
        let mut facts = base.facts;
        if let Some(facts) = &mut facts {
            (facts.packages, facts.lock) = contents(&self.folder);
            facts.prefix = Some(self.folder.to_string_lossy().into_owned());
        }
        let visible = std::iter::once(self.folder.clone()).chain(base.visible).collect();
        ResolvedProgram { path: self.folder.join("bin/python3"), visible, facts, ..base }
    }
}

/// What an environment holds: each package as `name version`, and the digest of them all.
pub(in crate::runner) fn contents(environment: &Path) -> (Vec<String>, Option<Digest>) {
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
