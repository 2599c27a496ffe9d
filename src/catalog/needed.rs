//! What a version certainly needs from the machine that it runs on. Its files say it once; whether it is there is looked up
//! anew in every scan.
//!
//! Nothing is started, so that packages may be elsewhere than where they are looked for: `show`, a review and a run ask the
//! interpreter itself.

use super::modules;
use super::node_packages;
use super::plan::ScanPlan;
use super::programs::Programs;
use crate::code::shell::calls::{self, Calls};
use crate::domain::source::Language;
use crate::domain::{Manifest, NEEDS_PROGRAM, NOT_ON_PATH, SafeText, Tool, VersionFile};
use serde::{Deserialize, Serialize};

/// A longer shell script is not looked into, in bytes: a scan reads thousands of them.
const MAX_SHELL: usize = 32 * 1024;

/// The programs that a shell script calls. To parse it takes as long as the rest of a scan, so that it is parsed only where
/// a word that may be the name of a program leads to none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum ScriptCalls {
    /// What it may call; when it was read, all of it was there.
    There(Vec<String>),
    /// What it calls whatever happens.
    Certain(Vec<String>),
}

impl Default for ScriptCalls {
    fn default() -> ScriptCalls {
        ScriptCalls::There(Vec::new())
    }
}

/// What a version needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Needed {
    /// The programs that its definition names, the one that starts first.
    programs: Vec<String>,
    /// The programs that its shell script calls.
    calls: ScriptCalls,
    /// The modules of Python that it certainly imports and that are not its own.
    modules: Vec<String>,
    /// The packages of node that it certainly imports.
    packages: Vec<String>,
}

impl Needed {
    /// What a version needs; `named` are the programs that its definition names.
    pub(super) fn of(manifest: &Manifest, files: &[VersionFile], named: Vec<String>, programs: &Programs) -> Needed {
        Needed {
            programs: named,
            calls: script_calls(manifest, files, programs),
            modules: modules::imported(manifest, files),
            packages: node_packages::imported(manifest, files),
        }
    }

    /// Whether it says what is not there on this machine; else its files must be read again, because something went away.
    pub(super) fn is_known(&self, programs: &Programs) -> bool {
        match &self.calls {
            ScriptCalls::There(names) => names.iter().all(|name| programs.has(name)),
            ScriptCalls::Certain(_) => true,
        }
    }

    /// What of it is not there, in words; `None` when all is.
    pub(super) fn lack(&self, tool: &Tool, programs: &Programs, plan: &ScanPlan) -> Option<String> {
        if let Some(missing) = self.programs.iter().find(|program| !programs.has(program)) {
            return Some(format!("{}{NOT_ON_PATH}", SafeText::new(missing)));
        }
        if let ScriptCalls::Certain(names) = &self.calls
            && let Some(missing) = names.iter().find(|program| !programs.has(program))
        {
            return Some(format!("{NEEDS_PROGRAM} {missing}, which its script calls; install it"));
        }
        node_packages::lack(&self.packages).or_else(|| {
            if self.modules.is_empty() {
                return None;
            }
            programs.python(tool.stage)?.lack(&self.modules, &plan.on_disk(&tool.placement.base))
        })
    }
}

/// The programs that the shell script of a version calls.
fn script_calls(manifest: &Manifest, files: &[VersionFile], programs: &Programs) -> ScriptCalls {
    let entry = manifest.recipe.as_ref().and_then(|recipe| recipe.entry.as_ref());
    let file = entry.and_then(|entry| files.iter().find(|file| file.path == *entry));
    let text = file.and_then(|file| Some((file, std::str::from_utf8(&file.bytes).ok()?)));
    let is_script = |(file, text): &(&VersionFile, &str)| {
        text.len() <= MAX_SHELL && Language::of(&file.path, text) == Some(Language::Bash)
    };
    let Some((_, text)) = text.filter(is_script) else { return ScriptCalls::default() };
    let may = calls::candidates(text);
    if may.iter().all(|name| programs.has(name)) {
        return ScriptCalls::There(may.into_iter().map(str::to_owned).collect());
    }
    let calls = Calls::of(text).programs.into_iter().filter(|(_, call)| call.is_certain);
    ScriptCalls::Certain(calls.map(|(name, _)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Dialect, FileMode, InputMode, Recipe, ToolName};

    #[test]
    fn programs_that_a_shell_script_certainly_calls_are_needed() {
        let mut manifest = Manifest::blank(ToolName::new("t").unwrap(), Dialect::Header);
        manifest.recipe = Some(Recipe {
            command: vec!["bash".to_owned(), "{file}".to_owned()],
            entry: Some("t.sh".to_owned()),
            ..Recipe::blank(InputMode::None)
        });
        let text = "known-a -s x | known-b .\nif y; then maybe; fi\n";
        let file = |text: &str| VersionFile { path: "t.sh".to_owned(), mode: FileMode::Plain, bytes: text.into() };
        let place = tempfile::tempdir().unwrap();
        let install = |name: &str| {
            let path = place.path().join(name);
            std::fs::write(&path, "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        };
        let programs = || Programs::on(&place.path().as_os_str().to_owned());
        let read = |text: &str| Needed::of(&manifest, &[file(text)], vec!["bash".to_owned()], &programs());
        install("known-a");
        let parsed = read(text);
        assert_eq!(parsed.calls, ScriptCalls::Certain(vec!["known-a".to_owned(), "known-b".to_owned()]));
        assert!(parsed.is_known(&programs()));

        for name in ["known-b", "y"] {
            install(name);
        }
        let there = read(text);
        assert!(
            matches!(&there.calls, ScriptCalls::There(names) if names.contains(&"known-b".to_owned())),
            "{there:?}"
        );
        assert!(there.is_known(&programs()));
        std::fs::remove_file(place.path().join("known-b")).unwrap();
        assert!(!there.is_known(&programs()), "what went away is looked for again");
    }
}
