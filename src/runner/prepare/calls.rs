//! Calls of other tools from a tool: the modules that it loads, and the pipes through which it asks.
//!
//! Two pipes and nothing else: what it asks goes in through one, answers come back through the other. A pipe leads
//! nowhere, passes no descriptors, and cannot be pointed at an address.

use super::spec::Spec;
use crate::domain::{CALL_MODULES, Permissions, Profile, RunEnd, VersionFile};
use crate::runner::sandbox::FIRST_INHERITED;
use crate::runner::supervisor::Packed;
use rustix::pipe::PipeFlags;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The folder of the modules, below that of the version.
const FOLDER: &str = ".toolsmith-call";

/// The variable that tells the modules the numbers of their two pipes.
const CALLS: &str = "TOOLSMITH_CALLS";

/// The variable that tells them why there are none.
const NO_CALLS: &str = "TOOLSMITH_NO_CALLS";

/// The modules, by file name.
const MODULES: [(&str, &str); 4] = [
    ("toolsmith_call.py", include_str!("../../../assets/call/toolsmith_call.py")),
    ("node_runtime.py", include_str!("../../../assets/call/node_runtime.py")),
    ("toolsmith_call.js", include_str!("../../../assets/call/toolsmith_call.js")),
    ("node_runtime.js", include_str!("../../../assets/call/node_runtime.js")),
];

/// Our ends of the two pipes.
#[derive(Debug)]
pub struct CallChannel {
    /// What the tool asks, read without waiting.
    pub requests: OwnedFd,
    /// What it is answered, written without waiting.
    pub answers: OwnedFd,
}

/// Whether a version has use for the modules: it declares calls, or one of its files names a module.
pub fn mentions_calls(permissions: &Permissions, files: &[VersionFile]) -> bool {
    let names = |file: &VersionFile| {
        CALL_MODULES.iter().any(|name| memchr::memmem::find(&file.bytes, name.as_bytes()).is_some())
    };
    permissions.called_tools().next().is_some() || files.iter().any(names)
}

/// The folder of the modules in a state folder.
fn folder_in(state: &Path) -> PathBuf {
    state.join("call")
}

/// Writes the modules into the state folder, for runs that use the kept copy of their version itself.
///
/// # Errors
/// When they cannot be written.
pub fn write_modules(state: &Path) -> io::Result<()> {
    let folder = folder_in(state);
    std::fs::create_dir_all(&folder)?;
    for (name, code) in MODULES {
        let path = folder.join(name);
        if std::fs::read(&path).is_ok_and(|known| known == code.as_bytes()) {
            continue;
        }
        // Under another name first: a run that starts now reads the old one or the new one.
        let fresh = folder.join(format!(".{name}.{}", std::process::id()));
        std::fs::write(&fresh, code)?;
        std::fs::rename(&fresh, &path)?;
    }
    Ok(())
}

/// Why a version gets no pipes, for whoever calls `call_tool`.
fn why_not(permissions: &Permissions, profile: Profile) -> String {
    if permissions.called_tools().next().is_none() {
        return "this tool declares no calls of other tools: add run = [\"tool:NAME\"] to [permissions] in its manifest"
            .to_owned();
    }
    match profile {
        Profile::Strict => "calls of other tools are offered to approved tools only".to_owned(),
        Profile::Declared => "calls of other tools are not offered to this run".to_owned(),
    }
}

impl Spec {
    /// Lets the tool load the modules; it may call nothing until it has a channel. Where the kept copy of the version
    /// itself is used, they are in the state folder.
    pub(super) fn with_call_modules(mut self, permissions: &Permissions, state: &Path) -> Spec {
        let is_copied = !self.plan.view.files.is_empty();
        let place: PathBuf = if is_copied { self.plan.view.tool.join(FOLDER) } else { folder_in(state) };
        if is_copied {
            for (name, code) in MODULES {
                let path = format!("{FOLDER}/{name}");
                self.plan.view.files.push(Packed { path, executable: false, bytes: code.len() as u64 });
                self.files.push(code.as_bytes().to_vec());
            }
        } else {
            self.plan.view.read.push(place.clone());
            self.plan.walls.read.push(place.clone());
            self.plan.policy.silent.push(place.clone());
        }
        for name in ["PYTHONPATH", "NODE_PATH"] {
            let known = self.plan.env.0.iter_mut().find(|(known, _)| known == name);
            match known {
                Some((_, value)) => {
                    let rest = std::mem::replace(value, place.clone().into_os_string());
                    value.push(":");
                    value.push(rest);
                }
                None => self.plan.env.0.push((OsString::from(name), place.clone().into_os_string())),
            }
        }
        let why = why_not(permissions, self.plan.profile);
        self.plan.env.0.push((OsString::from(NO_CALLS), OsString::from(why)));
        self
    }

    /// Gives the tool a channel through which it may ask for calls of other tools.
    ///
    /// # Errors
    /// [`RunEnd::SpawnFailed`] when the system has no pipes left.
    pub fn with_calls(mut self) -> Result<(Spec, CallChannel), RunEnd> {
        let failed = |error: rustix::io::Errno| RunEnd::SpawnFailed {
            message: format!("the pipes for its calls of other tools cannot be created: {error}"),
        };
        let (requests, asks) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(failed)?;
        let (hears, answers) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(failed)?;
        for end in [&requests, &answers] {
            rustix::io::ioctl_fionbio(end, true).map_err(failed)?;
        }
        let first = FIRST_INHERITED + i32::from(self.plan.walls.inherited);
        self.plan.walls.channel = 2;
        self.handed.listeners.extend([asks, hears]);
        self.plan.env.0.retain(|(name, _)| name != NO_CALLS && name != CALLS);
        self.plan.env.0.push((OsString::from(CALLS), OsString::from(format!("{first},{}", first + 1))));
        Ok((self, CallChannel { requests, answers }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    #[test]
    fn a_version_that_names_no_module_and_declares_no_call_gets_nothing() {
        let file = |text: &str| VersionFile { path: "x.py".into(), mode: FileMode::Plain, bytes: text.into() };
        let declares = Permissions { run: vec!["tool:x".into()], ..Permissions::default() };
        assert!(!mentions_calls(&Permissions::default(), &[file("import os")]));
        assert!(mentions_calls(&Permissions::default(), &[file("from node_runtime import call_tool")]));
        assert!(mentions_calls(&declares, &[file("")]));
    }

    #[test]
    fn modules_are_written_once_and_repaired() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder_in(dir.path());
        write_modules(dir.path()).unwrap();
        std::fs::write(folder.join("node_runtime.py"), "broken").unwrap();
        write_modules(dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("node_runtime.py")).unwrap(), MODULES[1].1);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), MODULES.len());
    }
}
