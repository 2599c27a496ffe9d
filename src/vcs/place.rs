//! The folder in which git works, and which programs it may use there.

use crate::outside::{Distrust, ExternalProgram, Programs};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The folder of a call, its additional environment, and the source of programs.
pub(super) struct GitContext<'a> {
    pub(super) folder: &'a Path,
    pub(super) env: &'a [(OsString, OsString)],
    pub(super) programs: Programs,
}

impl<'a> GitContext<'a> {
    /// A context in which neither the workspace nor its work tree is trusted; an empty `toplevel` means that there is
    /// no work tree.
    pub(super) fn new(
        folder: &'a Path,
        toplevel: &Path,
        env: &'a [(OsString, OsString)],
        programs: &Programs,
    ) -> GitContext<'a> {
        let programs = programs.clone().with_variables(env.iter().cloned());
        let mut foreign = vec![folder.to_owned()];
        // If the whole home folder is in git, it contains the user's own programs.
        let holds_home = programs.home().is_some_and(|home| home.starts_with(toplevel));
        if !toplevel.as_os_str().is_empty() && !holds_home {
            foreign.push(toplevel.to_owned());
        }
        GitContext { folder, env, programs: programs.distrusting(foreign) }
    }

    /// The trusted program in a setting of the user: by its name, by an absolute path, or relative to the home folder.
    pub(super) fn named(&self, value: &OsStr) -> Option<PathBuf> {
        self.programs.find(ExternalProgram::GitSigner, value).ok().map(|program| program.path().to_owned())
    }

    /// The trusted folder in a setting of the user.
    pub(super) fn named_folder(&self, value: &OsStr) -> Result<PathBuf, Distrust> {
        match self.programs.whole(value) {
            Some(path) => self.programs.trust().folder(&path),
            None => Err(Distrust::Place("its path is relative to the workspace".to_owned())),
        }
    }
}
