//! Finds the programs that are started outside of the sandbox, for one workspace and one caller.

use super::launch::Launch;
use super::register::{ExternalProgram, ProgramLookup, StartFolder};
use super::trust::{Distrust, Trust, Trusted};
use super::{FOLDERS, account, shims, variables};
use rustix::fs::{Access, access};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The caller that needs a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asker {
    /// A human: the caller's `PATH` and home count if they are trusted.
    #[default]
    Human,
    /// An agent, which can set its variables freely: only the system's folders and the home of the account count.
    Agent,
}

/// Finds programs, and starts them as the register specifies.
#[derive(Debug, Clone)]
pub struct Programs {
    trust: Trust,
    /// The programs in the user's settings, by name.
    named: BTreeMap<String, PathBuf>,
    asker: Asker,
    caller: BTreeMap<OsString, OsString>,
    /// The user's data folder, a place for temporary folders.
    data: Option<PathBuf>,
}

/// Why a program is unavailable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProgram {
    /// No program of this name was found in the searched folders.
    #[error("there is no program {0} {1}")]
    Absent(String, &'static str),
    /// A program exists but is not used: its path and the reason.
    #[error("{0} is not used: {1}")]
    Distrusted(String, String),
}

const ON_PATH: &str = "on the PATH";
const FOR_AGENTS: &str =
    "in the system folders, the only ones searched for agents: set its path in [programs] in config.toml";

impl Default for Programs {
    /// Programs for this process, without any tool folder.
    fn default() -> Programs {
        let caller = std::env::vars_os().collect();
        Programs { trust: Trust::default(), named: BTreeMap::new(), asker: Asker::Human, caller, data: None }
    }
}

impl Programs {
    /// Programs that are not from these tool folders: the workspace, further folders with tools, the state.
    pub fn new(foreign: impl IntoIterator<Item = PathBuf>) -> Programs {
        Programs { trust: Trust::new(foreign), ..Programs::default() }
    }

    /// Prefers these programs, which the user named, over all others with their names.
    #[must_use]
    pub fn with_named(self, named: BTreeMap<String, PathBuf>) -> Programs {
        Programs { named, ..self }
    }

    /// Sets the caller: a human or an agent.
    #[must_use]
    pub fn for_asker(self, asker: Asker) -> Programs {
        Programs { asker, ..self }
    }

    /// Creates its folders in this folder of the user, if there is no better place.
    #[must_use]
    pub fn with_data(self, data: PathBuf) -> Programs {
        Programs { data: Some(data), ..self }
    }

    /// Uses these variables of the caller instead of its own.
    #[must_use]
    pub fn with_variables(mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Programs {
        self.caller.extend(variables);
        self
    }

    /// Treats these folders as tool folders, too.
    #[must_use]
    pub fn distrusting(self, foreign: impl IntoIterator<Item = PathBuf>) -> Programs {
        Programs { trust: self.trust.and(foreign), ..self }
    }

    /// The rule that decides which programs may be started.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The programs in the user's settings.
    pub fn named(&self) -> &BTreeMap<String, PathBuf> {
        &self.named
    }

    /// The caller on whose behalf programs are started.
    pub fn asker(&self) -> Asker {
        self.asker
    }

    /// A variable of the caller.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.caller.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The caller's home according to its variables.
    pub fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
    }

    /// A path that the user wrote: absolute, or relative to the home with `~`. `None` for any other relative path,
    /// which could lead into a workspace.
    pub fn whole(&self, written: &OsStr) -> Option<PathBuf> {
        match Path::new(written).strip_prefix("~") {
            Ok(rest) => Some(self.home()?.join(rest)),
            Err(_) => Some(PathBuf::from(written)).filter(|path| path.is_absolute()),
        }
    }

    /// Finds a program by name, or at a path that the user wrote, as the row of the register specifies.
    ///
    /// # Errors
    /// Why there is none, or why the found one is not used.
    pub fn find(&self, row: ExternalProgram, name: &OsStr) -> Result<Trusted, NoProgram> {
        let shown = || name.to_string_lossy().into_owned();
        let is_path = name.as_encoded_bytes().contains(&b'/');
        let written =
            if is_path { self.whole(name) } else { name.to_str().and_then(|name| self.named.get(name)).cloned() };
        if is_path && written.is_none() {
            let why = "its path is relative, so it depends on the current folder".to_owned();
            return Err(NoProgram::Distrusted(shown(), why));
        }
        if let Some(path) = written {
            // The user named it, so it may belong to the user.
            return self.judge(None, &path).map_err(|distrust| match distrust {
                Distrust::Absent(_) if !path.exists() => NoProgram::Absent(path.display().to_string(), "any longer"),
                other => NoProgram::Distrusted(path.display().to_string(), other.to_string()),
            });
        }
        let mut passed_over = None;
        for path in self.folders().into_iter().map(|folder| folder.join(name)).filter(|path| may_start(path)) {
            match self.judge(Some(row.entry().found), &path) {
                Ok(program) => return Ok(program),
                Err(why) => {
                    passed_over =
                        passed_over.or(Some(NoProgram::Distrusted(path.display().to_string(), why.to_string())));
                }
            }
        }
        let place = if self.asker == Asker::Agent { FOR_AGENTS } else { ON_PATH };
        Err(passed_over.unwrap_or_else(|| NoProgram::Absent(shown(), place)))
    }

    /// Checks a program that was found in this way; `None` for one that the user named.
    fn judge(&self, found: Option<ProgramLookup>, path: &Path) -> Result<Trusted, Distrust> {
        let program = match found {
            None => self.trust.named_program(path)?,
            Some(ProgramLookup::System) => self.trust.program_of_root(path)?,
            Some(ProgramLookup::Path | ProgramLookup::OfTool | ProgramLookup::Ourselves) => self.trust.program(path)?,
        };
        if !may_start(path) {
            return Err(Distrust::Absent("it is not executable".to_owned()));
        }
        // A script that starts its interpreter with `env` runs the first one on the `PATH`.
        if let Some(interpreter) = program.interpreter_by_name() {
            let path = self.path(program.found_at().parent());
            let first =
                std::env::split_paths(&path).map(|folder| folder.join(&interpreter)).find(|path| may_start(path));
            first.map_or(Ok(()), |path| self.trust.program(&path).map(drop))?;
        }
        Ok(program)
    }

    /// Prepares the start of a program as the row of the register specifies.
    ///
    /// # Errors
    /// When its folder cannot be created.
    pub fn launch(&self, row: ExternalProgram, program: Trusted) -> io::Result<Launch> {
        let entry = row.entry();
        let variables = self.variables(row, &program);
        let launch = Launch::new(program).envs(variables);
        match entry.folder {
            StartFolder::Empty => Ok(launch.within(self.empty_folder()?)),
            StartFolder::Copies | StartFolder::Workspace | StartFolder::Root => Ok(launch),
        }
    }

    /// The variables that a program gets according to its row of the register.
    pub fn variables(&self, row: ExternalProgram, program: &Trusted) -> Vec<(OsString, OsString)> {
        let entry = row.entry();
        let names = entry.variables.iter().copied();
        let mut all: Vec<(OsString, OsString)> =
            names.filter_map(|name| Some((name.into(), self.handed_on(row, name)?))).collect();
        if entry.path {
            all.push(("PATH".into(), self.path(program.found_at().parent())));
        }
        all
    }

    /// The value of a caller's variable that is passed on, if any.
    fn handed_on(&self, row: ExternalProgram, name: &str) -> Option<OsString> {
        let value = self.variable(name).filter(|value| !value.is_empty());
        // For git, the files that these variables name are checked separately.
        if matches!(row, ExternalProgram::Git | ExternalProgram::GitSigner) || !variables::is_place(name) {
            return value.map(OsStr::to_owned);
        }
        let is_ours = |path: &&Path| path.is_absolute() && !self.trust.is_of_tools(path);
        if name == "SSH_SK_PROVIDER" {
            // This is a library that the program loads.
            let is_human = self.asker == Asker::Human;
            let is_trusted = |path: &&OsStr| is_human && self.trust.named_program(Path::new(path)).is_ok();
            return value.filter(|path| *path == "internal" || is_trusted(path)).map(Into::into);
        }
        if name == "HOME" && self.asker == Asker::Agent {
            let of_variable = || value.map(PathBuf::from).filter(|home| self.trust.folder(home).is_ok());
            return account::home().or_else(of_variable).map(OsString::from);
        }
        if self.asker == Asker::Agent {
            return None;
        }
        value.map(Path::new).filter(is_ours).map(Into::into)
    }

    /// `PATH` without folders to which another user or a workspace could add a program. If the folder of the program is
    /// missing, it comes first, because the programs that it starts are usually next to it.
    pub fn path(&self, of_program: Option<&Path>) -> OsString {
        let known = self.folders();
        let first = of_program.map(Path::to_owned).filter(|folder| !known.contains(folder));
        let folders = first.into_iter().chain(known);
        let mut trusted: Vec<PathBuf> = Vec::new();
        for folder in folders {
            if !trusted.contains(&folder) && self.trust.folder(&folder).is_ok() {
                trusted.push(folder);
            }
        }
        let joined = std::env::join_paths(trusted).unwrap_or_default();
        // An empty path would mean the current folder.
        if joined.is_empty() { OsString::from(FOLDERS.join(":")) } else { joined }
    }

    /// The folders in which programs are searched. Folders of version managers are replaced by the folders of the real
    /// programs.
    fn folders(&self) -> Vec<PathBuf> {
        let system = || FOLDERS.iter().map(PathBuf::from);
        if self.asker == Asker::Agent {
            let beside = self.named.values().filter_map(|path| path.parent()).map(Path::to_owned);
            return beside.chain(system()).filter(|folder| folder.is_dir()).collect();
        }
        let Some(path) = self.variable("PATH") else { return system().collect() };
        let home = self.home();
        let config = self.variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let config = config.or_else(|| Some(home.as_ref()?.join(".config")));
        let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        folders
            .flat_map(|folder| match shims::behind(&folder, home.as_deref(), config.as_deref()) {
                Some(real) => real,
                None => vec![folder],
            })
            .collect()
    }

    /// A new, empty folder that only the user may enter, below folders without files of others: programs search for
    /// settings in every folder above the one in which they start.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn empty_folder(&self) -> io::Result<TempDir> {
        new_folder(&self.place())
    }

    /// The place of such folders. It is `/tmp` for a user without a home, a runtime folder and a data folder.
    pub fn place(&self) -> PathBuf {
        let may_write = |place: &PathBuf| access(place, Access::WRITE_OK | Access::EXEC_OK).is_ok();
        self.places().into_iter().find(may_write).unwrap_or_else(|| "/tmp".into())
    }

    fn places(&self) -> Vec<PathBuf> {
        let user = rustix::process::geteuid();
        let runtime = if user.is_root() { "/run".to_owned() } else { format!("/run/user/{}", user.as_raw()) };
        let is_trusted = |place: &PathBuf| self.trust.folder(place).is_ok();
        // This folder counts as a tool folder only because the copies of tools are in it.
        let is_own = |place: &PathBuf| self.trust.without(place).folder(place).is_ok();
        let mut places: Vec<PathBuf> = Some(PathBuf::from(runtime)).filter(is_trusted).into_iter().collect();
        places.extend(self.data.clone().filter(is_own));
        places.extend(account::home().filter(is_trusted));
        places
    }
}

/// A new folder in a place that only this user may enter, whatever the umask is.
///
/// # Errors
/// When it cannot be created.
pub fn new_folder(place: &Path) -> io::Result<TempDir> {
    let own = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix("toolsmith-").permissions(own).tempdir_in(place)
}

/// Whether a path is a file that this process may execute.
fn may_start(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::fixture;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A trusted folder with a workspace in it, and a program `tool` in each of these folders.
    struct ProgramsFixture {
        _dir: tempfile::TempDir,
        root: PathBuf,
    }

    impl ProgramsFixture {
        fn new(folders: &[&str]) -> ProgramsFixture {
            let dir = fixture::folder();
            let root = fs::canonicalize(dir.path()).unwrap();
            let place = ProgramsFixture { _dir: dir, root };
            for folder in folders {
                place.put(&format!("{folder}/tool"), "#!/bin/sh\n");
            }
            fs::create_dir_all(place.at("work")).unwrap();
            place
        }

        fn at(&self, path: &str) -> PathBuf {
            self.root.join(path)
        }

        fn put(&self, path: &str, text: &str) {
            fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
            crate::outside::fixture::executable(&self.at(path), text);
        }

        fn programs(&self, variables: &[(&str, &str)]) -> Programs {
            let filled = |text: &str| text.replace('@', self.root.to_str().unwrap());
            let variables = variables.iter().map(|(name, value)| (name.into(), filled(value).into()));
            Programs::new([self.at("work")]).with_variables(variables)
        }

        fn find(&self, path: &str) -> Result<PathBuf, String> {
            let found = self.programs(&[("PATH", path)]).find(ExternalProgram::Generator, OsStr::new("tool"));
            found.map(|tool| tool.found_at().to_owned()).map_err(|why| why.to_string())
        }
    }

    #[test]
    fn the_first_trusted_program_of_a_name_is_found_whatever_the_path_has_before_it() {
        let place = ProgramsFixture::new(&["work/bin", "open", "own"]);
        fs::set_permissions(place.at("open"), fs::Permissions::from_mode(0o777)).unwrap();
        symlink(place.at("work/bin"), place.at("linked")).unwrap();
        symlink(place.at("own"), place.at("also")).unwrap();
        for before in [
            "",
            ".",
            "bin",
            "./bin",
            "@/work/bin",
            "@/work/bin/",
            "@/work/./bin",
            "@/own/../work/bin",
            "@/linked",
            "@/open",
        ] {
            assert_eq!(place.find(&format!("{before}:@/own")), Ok(place.at("own/tool")), "{before}");
            assert!(place.find(before).is_err(), "{before}");
        }
        assert_eq!(place.find("@/also"), Ok(place.at("also/tool")));
        assert_eq!(place.find("@/none"), Err("there is no program tool on the PATH".to_owned()));
        assert!(place.find("@/open").unwrap_err().contains("everyone can change"));
    }

    #[test]
    fn a_setting_goes_before_the_path_and_what_it_names_has_to_be_trusted() {
        let place = ProgramsFixture::new(&["work/bin", "own", "other"]);
        let named = |path: &str| {
            let programs = place.programs(&[("PATH", "@/own"), ("HOME", "@")]);
            let programs = programs.with_named([("tool".to_owned(), place.at(path))].into());
            programs.find(ExternalProgram::Linter, OsStr::new("tool")).map(|tool| tool.found_at().to_owned())
        };
        assert_eq!(named("other/tool"), Ok(place.at("other/tool")));
        assert!(matches!(named("work/bin/tool"), Err(NoProgram::Distrusted(..))));
        assert!(matches!(named("gone/tool"), Err(NoProgram::Absent(..))));
        let programs = place.programs(&[("PATH", "@/own"), ("HOME", "@")]);
        let by_path = |path: &str| programs.find(ExternalProgram::Generator, OsStr::new(path)).is_ok();
        assert!(by_path("~/own/tool") && by_path(place.at("own/tool").to_str().unwrap()));
        assert!(!by_path("./tool") && !by_path("own/tool") && !by_path("~/work/bin/tool"));
    }

    #[test]
    fn for_an_agent_only_settings_the_system_and_the_home_of_the_account_count() {
        let place = ProgramsFixture::new(&["own"]);
        let variables = [("PATH", "@/own"), ("HOME", "@/work"), ("XDG_CONFIG_HOME", "@/own"), ("LANG", "C")];
        let programs = place.programs(&variables).for_asker(Asker::Agent);
        let absent = programs.find(ExternalProgram::Generator, OsStr::new("tool")).unwrap_err();
        assert!(absent.to_string().contains("[programs]"), "{absent}");
        let shell = programs.find(ExternalProgram::Generator, OsStr::new("sh")).unwrap();
        let given: BTreeMap<OsString, OsString> =
            programs.variables(ExternalProgram::Secret, &shell).into_iter().collect();
        let value = |name: &str| given.get(OsStr::new(name)).cloned();
        assert_eq!(value("HOME"), account::home().map(OsString::from));
        assert_eq!((value("XDG_CONFIG_HOME"), value("LANG")), (None, Some("C".into())));
        assert!(!value("PATH").unwrap().to_str().unwrap().contains("own"));
        let named = programs.with_named([("tool".to_owned(), place.at("own/tool"))].into());
        assert!(named.find(ExternalProgram::Generator, OsStr::new("tool")).is_ok());
    }

    #[test]
    fn a_script_whose_interpreter_the_path_finds_in_a_workspace_is_not_used() {
        let place = ProgramsFixture::new(&["own"]);
        place.put("own/tool", "#!/usr/bin/env -S speaker -x\n");
        place.put("work/speaker", "#!/bin/sh\n");
        // Such a folder is not added to the program's own path.
        assert_eq!(place.find("@/own:@/work"), Ok(place.at("own/tool")));
        // A link in a folder of the user leads there.
        symlink(place.at("work/speaker"), place.at("own/speaker")).unwrap();
        assert!(place.find("@/own").unwrap_err().contains("which holds this workspace or its tools"));
        fs::remove_file(place.at("own/speaker")).unwrap();
        place.put("own/speaker", "#!/bin/sh\n");
        assert_eq!(place.find("@/own"), Ok(place.at("own/tool")));
    }

    #[test]
    fn no_variable_leads_into_a_workspace_and_no_folder_of_ours_lies_in_one() {
        let place = ProgramsFixture::new(&["own"]);
        symlink(place.at("work"), place.at("linked")).unwrap();
        for bad in ["@/work", "@/work/none/yet", "@/linked", "@/own/../work", "work", ".", ""] {
            let programs = place.programs(&[("PATH", "/usr/bin:/bin"), ("HOME", bad), ("TMPDIR", bad)]);
            let shell = programs.find(ExternalProgram::Secret, OsStr::new("sh")).unwrap();
            let given = programs.variables(ExternalProgram::Secret, &shell);
            assert!(given.iter().all(|(name, _)| name != "HOME" && name != "TMPDIR"), "{bad}: {given:?}");
            let folder = programs.empty_folder().unwrap();
            assert!(!fs::canonicalize(folder.path()).unwrap().starts_with(place.at("work")), "{bad}");
            assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }
}
