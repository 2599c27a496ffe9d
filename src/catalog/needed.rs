//! What a version certainly needs from the machine that it runs on. Its files say it once; whether it is there is looked up
//! anew in every scan.
//!
//! Nothing is started, so that packages may be elsewhere than where they are looked for: `show`, a review and a run ask the
//! interpreter itself.

use super::entries::RecipeNeeds;
use super::modules;
use super::node_packages;
use super::plan::{ScanPlan, file_of, folder_of};
use super::programs::Programs;
use crate::code::shell::calls::{self, Calls};
use crate::code::started::started;
use crate::domain::source::Language;
use crate::domain::{
    Manifest, NEEDS_FILES, NEEDS_PROGRAM, NOT_ON_PATH, SafeText, Texts, Tool, VersionFile, kept_texts,
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A longer shell script is not looked into, in bytes: a scan reads thousands of them.
const MAX_SHELL: usize = 32 * 1024;

/// Programs that only macOS has.
const MACOS: &[&str] =
    &["osascript", "pbcopy", "pbpaste", "defaults", "networksetup", "pmset", "mdfind", "screencapture", "launchctl"];

/// Words of a script that looks which system it runs on.
const ELSEWHERE: &[&str] = &["uname", "OSTYPE", "xclip", "wl-copy", "command -v", "which "];

/// The programs that a script calls. To parse a shell script takes as long as the rest of a scan, so that it is parsed only where
/// a word that may be the name of a program leads to none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum ScriptCalls {
    /// What it may call; when it was read, all of it was there.
    There(#[serde(with = "kept_texts")] Texts),
    /// What it calls whatever happens.
    Certain(#[serde(with = "kept_texts")] Texts),
}

impl Default for ScriptCalls {
    fn default() -> ScriptCalls {
        ScriptCalls::There(Texts::default())
    }
}

/// What a version needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Needed {
    /// The programs that its definition names, the one that starts first.
    #[serde(with = "kept_texts")]
    programs: Texts,
    /// The programs that its shell script calls.
    calls: ScriptCalls,
    /// The modules of Python that it certainly imports and that are not its own.
    modules: Vec<String>,
    /// The packages that the block of its script declares.
    declared: Vec<String>,
    /// The packages of node that it certainly imports.
    packages: Vec<String>,
    /// What the recipe of its task needs.
    recipe: RecipeNeeds,
    /// Whether node starts it as TypeScript.
    is_typescript: bool,
}

impl Needed {
    /// What a version needs; `named` are the programs that its definition names.
    pub(super) fn of(manifest: &Manifest, files: &[VersionFile], named: Vec<String>, programs: &Programs) -> Needed {
        Needed {
            programs: named.into(),
            calls: script_calls(manifest, files, programs),
            modules: modules::imported(manifest, files),
            declared: modules::declared(manifest, files),
            packages: node_packages::imported(manifest, files),
            recipe: RecipeNeeds::default(),
            is_typescript: is_typescript(manifest),
        }
    }

    /// With what the recipe of its task needs.
    pub(super) fn with_recipe(self, recipe: RecipeNeeds) -> Needed {
        Needed { recipe, ..self }
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
            return Some(
                out_of_reach(missing, programs).unwrap_or_else(|| format!("{}{NOT_ON_PATH}", SafeText::new(missing))),
            );
        }
        if let ScriptCalls::Certain(names) = &self.calls
            && let Some(missing) = names.iter().find(|program| !programs.has(program))
        {
            if let Some(why) = out_of_reach(missing, programs) {
                return Some(why);
            }
            let is_beside = folder_of_tool(tool, plan).join(missing).is_file();
            let why = if is_beside {
                "which is a script in the same folder; move both into a folder with a tool.toml and call it by its path"
            } else {
                "which its script calls; install it"
            };
            return Some(format!("{NEEDS_PROGRAM} {missing}, {why}"));
        }
        if let Some(missing) = self.recipe.programs.iter().find(|program| !programs.has(program)) {
            let absent = || format!("{NEEDS_PROGRAM} {}, which its recipe calls; install it", SafeText::new(missing));
            return Some(out_of_reach(missing, programs).unwrap_or_else(absent));
        }
        let files = self.project_files(tool, plan);
        if !files.is_empty() {
            let files = SafeText::new(&files.join(", "));
            return Some(format!(
                "{NEEDS_FILES} {files}; a run has the task file only: give the approved copy access to the project"
            ));
        }
        if self.is_typescript
            && let Some(reason) = programs.typescript_lack()
        {
            return Some(reason.to_owned());
        }
        node_packages::lack(&self.packages).or_else(|| {
            if !self.declared.is_empty() && !programs.has("uv") && !plan.python.has_environments {
                return programs.python(tool.stage)?.lack_of_declared(&self.declared);
            }
            if self.modules.is_empty() {
                return None;
            }
            programs.python(tool.stage)?.lack(&self.modules, &folder_of_tool(tool, plan))
        })
    }
}

/// That a program is on this machine and not for runs.
fn out_of_reach(name: &str, programs: &Programs) -> Option<String> {
    let at = programs.out_of_reach(name)?;
    let (name, at) = (SafeText::new(name), at.display().to_string());
    let at = SafeText::new(&at);
    Some(format!("{NEEDS_PROGRAM} {name}, which is only at {at}, where no run can reach it; install it for all users"))
}

/// The folder on disk that a tool lies in.
fn folder_of_tool(tool: &Tool, plan: &ScanPlan) -> PathBuf {
    plan.on_disk(tool.placement.entry().map_or(&tool.placement.base, |(file, _)| folder_of(file)))
}

impl Needed {
    /// The files of its project that a task works on: those without which its recipe fails, and those that it names and that
    /// lie beside its file.
    fn project_files(&self, tool: &Tool, plan: &ScanPlan) -> Vec<&str> {
        let Some((file, _)) = tool.placement.entry() else { return Vec::new() };
        let folder = folder_of_tool(tool, plan);
        let named = self.recipe.words.iter().filter(|word| folder.join(word).exists());
        let mut files: Vec<&str> = self.recipe.files.iter().chain(named).map(String::as_str).collect();
        files.retain(|name| *name != file_of(file));
        files
    }
}

/// Whether node would start TypeScript.
fn is_typescript(manifest: &Manifest) -> bool {
    let Some(recipe) = &manifest.recipe else { return false };
    let entry = recipe.entry.as_deref().unwrap_or_default();
    recipe.command.first().is_some_and(|word| word == "node") && [".ts", ".mts"].iter().any(|end| entry.ends_with(end))
}

/// Functions that shell files define for others to call, by the words that people choose for them.
const FUNCTIONS: &[&str] = &["assert", "debug", "die", "error", "fail", "info", "log", "say", "success", "warn"];

/// Programs with a name that a function could have.
const PROGRAMS: &[&str] = &["pg_", "mysql_", "ecryptfs_", "apt_", "update_"];

/// Whether a name that leads to no program is rather that of a function: whoever starts the script may have sourced the file that
/// defines it, or put both into one.
fn may_be_function(name: &str) -> bool {
    let is_program = name.contains('/') || PROGRAMS.iter().any(|begin| name.starts_with(begin));
    !is_program && (FUNCTIONS.contains(&name) || name.contains('_') || name.contains("::"))
}

/// The programs that the script of a version calls.
fn script_calls(manifest: &Manifest, files: &[VersionFile], programs: &Programs) -> ScriptCalls {
    let entry = manifest.recipe.as_ref().and_then(|recipe| recipe.entry.as_ref());
    let file = entry.and_then(|entry| files.iter().find(|file| file.path == *entry));
    let text = file.and_then(|file| Some((file, std::str::from_utf8(&file.bytes).ok()?)));
    let text = text.and_then(|(file, text)| Some((Language::of(&file.path, text)?, text)));
    let Some((language, text)) = text.filter(|(_, text)| text.len() <= MAX_SHELL) else {
        return ScriptCalls::default();
    };
    if language != Language::Bash {
        let certain = started(text, language).into_iter().filter(|one| one.is_certain);
        return ScriptCalls::Certain(certain.map(|one| one.name).collect());
    }
    let may = calls::candidates(text);
    if may.iter().all(|name| programs.has(name)) {
        return ScriptCalls::There(may.into_iter().collect());
    }
    // What only macOS has is needed wherever a script calls it, unless the script asks which system this is.
    let is_of_macos = |name: &str| MACOS.contains(&name) && !ELSEWHERE.iter().any(|word| text.contains(word));
    // Where a script takes no other file, nobody else can define a function for it.
    let sources = text.lines().any(|line| {
        let line = line.trim_start();
        ["source ", ". ", "eval ", "load "].iter().any(|begin| line.starts_with(begin))
    });
    let sources = sources || ["source ", "; . ", "&& . ", "eval "].iter().any(|mark| text.contains(mark));
    let is_certain = |name: &str, certain: bool| certain && !(sources && may_be_function(name));
    let calls = Calls::of(text).programs.into_iter();
    let calls = calls.filter(|(name, call)| is_certain(name, call.is_certain) || is_of_macos(name));
    ScriptCalls::Certain(calls.map(|(name, _)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Dialect, FileMode, InputMode, Recipe, ToolName};

    #[test]
    fn programs_of_macos_are_needed_wherever_they_are_called() {
        let mut manifest = Manifest::blank(ToolName::new("t").unwrap(), Dialect::Header);
        manifest.recipe = Some(Recipe { entry: Some("t.sh".to_owned()), ..Recipe::blank(InputMode::None) });
        let calls = |text: &str| {
            let file = VersionFile { path: "t.sh".into(), mode: FileMode::Plain, bytes: text.into() };
            script_calls(&manifest, &[file], &Programs::on(&std::ffi::OsString::new()))
        };
        let needs = |name: &str| ScriptCalls::Certain([name].into_iter().collect());
        assert_eq!(calls("f() {\n  osascript -e x\n}\nf\n"), needs("osascript"));
        assert_eq!(
            calls("x=$(osascript -e x)\n/opt/none/bin/y\n"),
            ScriptCalls::Certain(["/opt/none/bin/y", "osascript"].into_iter().collect())
        );
        assert_eq!(calls("if [ \"$(uname)\" = Darwin ]; then\n  pbcopy\nfi\n"), ScriptCalls::Certain(Texts::default()));
        assert_eq!(calls("#!/bin/sh\nprint_info x\n"), needs("print_info"));
        assert_eq!(calls("#!/bin/sh\n. ./lib.sh\nprint_info x\n"), ScriptCalls::Certain(Texts::default()));
    }

    #[test]
    fn a_name_that_a_sourced_file_may_define_is_not_certainly_a_program() {
        for (name, expected) in [
            ("assert", true),
            ("my_step", true),
            ("test::suite", true),
            ("jq", false),
            ("pg_dump", false),
            ("/opt/a_b", false),
        ] {
            assert_eq!(may_be_function(name), expected, "{name}");
        }
    }

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
        assert_eq!(parsed.calls, ScriptCalls::Certain(vec!["known-a".to_owned(), "known-b".to_owned()].into()));
        assert!(parsed.is_known(&programs()));

        for name in ["known-b", "y"] {
            install(name);
        }
        let there = read(text);
        assert!(
            matches!(&there.calls, ScriptCalls::There(names) if names.iter().any(|name| name == "known-b")),
            "{there:?}"
        );
        assert!(there.is_known(&programs()));
        std::fs::remove_file(place.path().join("known-b")).unwrap();
        assert!(!there.is_known(&programs()), "what went away is looked for again");
    }
}
