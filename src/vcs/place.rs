//! Where git works, and which programs it may find there.

use crate::outside::{FOLDERS, Trust, Trusted};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The folder of a call, its further environment, and what is trusted there.
pub(super) struct Place<'a> {
    pub(super) folder: &'a Path,
    pub(super) env: &'a [(OsString, OsString)],
    trust: Trust,
}

impl<'a> Place<'a> {
    /// Nothing of the workspace is trusted, nor of the work tree around it; an empty `toplevel` is none.
    pub(super) fn new(folder: &'a Path, toplevel: &Path, env: &'a [(OsString, OsString)]) -> Place<'a> {
        let mut place = Place { folder, env, trust: Trust::default() };
        let mut foreign = vec![folder.to_owned()];
        // Whoever keeps the whole home in git has the own programs there.
        let holds_home = place.home().is_some_and(|home| home.starts_with(toplevel));
        if !toplevel.as_os_str().is_empty() && !holds_home {
            foreign.push(toplevel.to_owned());
        }
        place.trust = Trust::new(foreign);
        place
    }

    /// The first program of this name on `PATH` that nobody but root and the user can change and that lies in no
    /// workspace, and where it was found.
    pub(super) fn find(&self, name: &OsStr) -> Option<(Trusted, PathBuf)> {
        let mut places = self.folders().into_iter().map(|place| place.join(name));
        places.find_map(|place| Some((self.trust.program(&place.canonicalize().ok()?).ok()?, place)))
    }

    /// The trusted program that a setting of the user names: by its name alone, by a whole path, or from the home.
    pub(super) fn named(&self, value: &OsStr) -> Option<PathBuf> {
        if value.as_encoded_bytes().contains(&b'/') {
            return self.trust.program(&self.whole(value)?).ok().map(|program| program.path().to_owned());
        }
        self.find(value).map(|(program, _)| program.path().to_owned())
    }

    /// The trusted folder that a setting of the user names; a relative one would lie in the workspace.
    pub(super) fn named_folder(&self, value: &OsStr) -> Option<PathBuf> {
        self.trust.folder(&self.whole(value)?).ok()
    }

    /// `PATH` without the folders in which somebody else, or a workspace, could put a program.
    pub(super) fn path(&self) -> OsString {
        let trusted: Vec<PathBuf> =
            self.folders().into_iter().filter(|folder| self.trust.folder(folder).is_ok()).collect();
        let joined = std::env::join_paths(trusted).unwrap_or_default();
        // An empty path would mean the current folder.
        if joined.is_empty() { OsString::from(FOLDERS.join(":")) } else { joined }
    }

    fn folders(&self) -> Vec<PathBuf> {
        let path = self.variable("PATH").unwrap_or_else(|| FOLDERS.join(":").into());
        std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect()
    }

    fn whole(&self, value: &OsStr) -> Option<PathBuf> {
        match Path::new(value).strip_prefix("~") {
            Ok(rest) => Some(self.home()?.join(rest)),
            Err(_) => Some(PathBuf::from(value)).filter(|path| path.is_absolute()),
        }
    }

    fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        let named = self.env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        named.or_else(|| std::env::var_os(name))
    }
}
