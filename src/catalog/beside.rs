//! What the other files of a package contribute to the inputs of a Python script: the types and constants that its
//! functions name, and a function of another file that the script starts.
//!
//! A form counts only what files of the version say: see [`Beside::is_among`].

use super::files;
use super::limits;
use super::looked_at::LookedAt;
use super::plan::{ScanPlan, below, file_of, folder_of, join};
use super::scripts;
use crate::domain::source::{Language, text_of};
use crate::domain::{VersionFile, standard};

/// Names that are looked up for one script.
const MAX_NAMES: usize = 12;

/// The most paths examined for one script, existing or not, because packages may refer to each other in cycles.
const MAX_LOOKS: usize = 64;

/// Bytes that are kept of the files in which names were found.
const MAX_BYTES: usize = 512 * 1024;

/// Files through which a name may be re-exported: `from .server import main` in an `__init__.py`.
const MAX_REEXPORTS: usize = 3;

/// Names of a function that starts a program.
const STARTS: &[&str] = &["main", "cli", "run", "app", "entry_point", "entrypoint", "start", "cmd", "serve"];

/// Modules that parse a command line.
const PARSERS: &[&str] = &["argparse", "click", "typer", "docopt", "import fire", "from fire", "sys.argv", "getopt"];

/// Facts from the other files of a package.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The texts of the files that define the imported names.
    names: String,
    /// The text that defines the started function, and the function's name in it.
    start: Option<(String, String)>,
    /// The files that these come from.
    paths: Vec<String>,
}

impl Beside {
    /// Reads from disk: in the folder of a definition, and in the packages that contain it. Every examined path is
    /// recorded in `looked_at`.
    pub(super) fn on_disk(
        plan: &ScanPlan,
        (base, is_exclusive): (&str, bool),
        file: &VersionFile,
        looked_at: &mut LookedAt,
    ) -> Beside {
        let root = plan.root_of(base).map(|(_, root)| root).unwrap_or_default();
        let most = if is_exclusive { base } else { &root };
        let look = &mut |path: &str| {
            below(most, path)?;
            looked_at.note(plan, path);
            files::small_text(&plan.on_disk(path), limits::SOURCE_BYTES).ok().flatten()
        };
        Beside::of(file, base, look)
    }

    /// Looks among the files of a version.
    pub(super) fn among(files: &[VersionFile], file: &VersionFile) -> Beside {
        let look = &mut |path: &str| text_of(files.iter().find(|file| file.path == path)?).map(str::to_owned);
        Beside::of(file, "", look)
    }

    fn of(file: &VersionFile, base: &str, look: &mut dyn FnMut(&str) -> Option<String>) -> Beside {
        let is_python = || Language::of(&file.path, text_of(file).unwrap_or_default()) == Some(Language::Python);
        let Some(text) = text_of(file).filter(|_| is_python()) else { return Beside::default() };
        let folder = join(base, folder_of(&file.path));
        let folder = folder.trim_end_matches('/');
        let has_parser = || PARSERS.iter().any(|mark| text.contains(mark));
        let (mut found, mut seen, mut names, mut looks) = (Beside::default(), Vec::new(), 0, 0);
        let look = &mut |path: &str| {
            looks += 1;
            if looks > MAX_LOOKS { None } else { look(path) }
        };
        for import in imports(text).filter(|import| !import.is_of_library()) {
            for taken in import.names() {
                let is_start = STARTS.contains(&taken.name) && calls(text, taken.alias) && !has_parser();
                if names >= MAX_NAMES || !is_start && !describes(text, taken.alias) {
                    continue;
                }
                names += 1;
                let Some((path, source)) = source_of(&import, taken.name, folder, look, 0) else { continue };
                if is_start && found.start.is_none() {
                    found.paths.push(path);
                    found.start = Some((source, taken.name.to_owned()));
                } else if !is_start && !seen.contains(&path) && found.names.len() + source.len() <= MAX_BYTES {
                    found.names.push_str(&source);
                    found.names.push('\n');
                    found.paths.push(path.clone());
                    seen.push(path);
                }
            }
        }
        found
    }

    /// Whether all of it comes from files of the version in this folder: nothing else may change what was approved.
    pub(super) fn is_among(&self, base: &str, files: &[VersionFile]) -> bool {
        let is_one = |path: &String| below(base, path).is_some_and(|path| files.iter().any(|file| file.path == path));
        self.paths.iter().all(is_one)
    }

    pub(super) fn view(&self) -> scripts::Beside<'_> {
        let start = self.start.as_ref().map(|(text, name)| (text.as_str(), name.as_str()));
        scripts::Beside { names: &self.names, start }
    }
}

/// `from MODULE import NAMES` at the beginning of a line.
struct Import<'t> {
    /// Dots in front of the module.
    level: usize,
    module: &'t str,
    names: &'t str,
}

struct Taken<'t> {
    name: &'t str,
    /// Its name in the script.
    alias: &'t str,
}

fn imports(text: &str) -> impl Iterator<Item = Import<'_>> {
    let begins = std::iter::once(0).chain(memchr::memmem::find_iter(text.as_bytes(), b"\nfrom ").map(|at| at + 1));
    begins.filter_map(move |at| {
        let rest = text[at..].strip_prefix("from ")?;
        let line = rest.lines().next()?;
        let (module, names) = line.split_once(" import ")?;
        let names = match names.trim_start().strip_prefix('(') {
            Some(_) => {
                let open = rest.find('(')? + 1;
                &rest[open..open + rest[open..].find(')')?]
            }
            None => names,
        };
        let module = module.trim();
        let level = module.bytes().take_while(|byte| *byte == b'.').count();
        Some(Import { level, module: &module[level..], names })
    })
}

impl<'t> Import<'t> {
    fn is_of_library(&self) -> bool {
        self.level == 0 && standard::PYTHON.contains(&self.module.split('.').next().unwrap_or_default())
    }

    fn names(&self) -> impl Iterator<Item = Taken<'t>> + use<'t> {
        let parts = self.names.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split(','));
        parts.map(str::trim).filter(|part| !part.is_empty()).map(|part| {
            let (name, alias) = part.split_once(" as ").unwrap_or((part, part));
            Taken { name: name.trim(), alias: alias.trim() }
        })
    }

    /// The possible paths of the module for a file in this folder, without the extension.
    fn places(&self, folder: &str) -> Vec<String> {
        let inside = self.module.replace('.', "/");
        if self.level > 0 {
            let place = (1..self.level).fold(folder, |place, _| folder_of(place));
            return vec![join(place, &inside).trim_end_matches('/').to_owned()];
        }
        let (top, rest) = inside.split_once('/').unwrap_or((&inside, ""));
        let mut places = vec![join(folder, &inside)];
        let mut above = folder;
        while !above.is_empty() && above != folder_of(above) {
            if file_of(above) == top {
                places.push(join(above, rest).trim_end_matches('/').to_owned());
            }
            above = folder_of(above);
        }
        places
    }
}

/// The file that defines a name of an import, and its text.
fn source_of(
    import: &Import<'_>,
    name: &str,
    folder: &str,
    look: &mut dyn FnMut(&str) -> Option<String>,
    reexports: usize,
) -> Option<(String, String)> {
    let found = import.places(folder).into_iter().find_map(|place| {
        let paths = [format!("{place}.py"), join(&place, "__init__.py")];
        paths.into_iter().filter(|path| !path.starts_with('.')).find_map(|path| look(&path).map(|text| (path, text)))
    });
    let (path, text) = found?;
    if defines(&text, name) {
        return Some((path, text));
    }
    let mut more = imports(&text).filter(|_| reexports < MAX_REEXPORTS);
    more.find_map(|import| {
        let taken = import.names().find(|taken| taken.alias == name)?;
        source_of(&import, taken.name, folder_of(&path), look, reexports + 1)
    })
}

/// Whether a file defines a name at the top level.
fn defines(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let words = ["async def ", "def ", "class ", "type "];
        let rest = words.iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
        let behind = rest.strip_prefix(name).map(str::trim_start);
        behind.is_some_and(|behind| behind.starts_with(['(', ':', '=']) && !behind.starts_with("=="))
    })
}

/// The offsets at which a name occurs in a text as a whole word.
fn places<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    memchr::memmem::find_iter(text.as_bytes(), name.as_bytes()).filter(move |at| {
        !text[..*at].ends_with(|c| is_part(c) || c == '.') && !text[at + name.len()..].starts_with(is_part)
    })
}

/// Whether a name is used as a type or a default: `a: NAME`, `a: list[NAME] = NAME`.
fn describes(text: &str, name: &str) -> bool {
    places(text, name).any(|at| {
        let before = text[..at].trim_end_matches(' ');
        before.ends_with([':', '=', '[', '|']) && !before.ends_with("==")
    })
}

/// Whether a name is called without arguments.
fn calls(text: &str, name: &str) -> bool {
    places(text, name).any(|at| text[at + name.len()..].starts_with("()"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    fn file(path: &str, text: &str) -> VersionFile {
        VersionFile { path: path.to_owned(), mode: FileMode::Plain, bytes: text.into() }
    }

    fn of(base: &str, text: &str, there: &[(&str, &str)]) -> Beside {
        let look = &mut |path: &str| Some(there.iter().find(|(at, _)| *at == path)?.1.to_owned());
        Beside::of(&file("x.py", text), base, look)
    }

    #[test]
    fn what_comes_from_a_file_outside_of_the_version_is_known() {
        let there = [("t/cli.py", "import argparse\ndef main(): argparse.ArgumentParser()\n")];
        let script = "\"\"\"\nfrom cli import main\n\"\"\"\nmain()\n";
        let beside = of("t", script, &there);
        assert!(beside.start.is_some(), "the import is read wherever it stands");
        let own = file("x.py", script);
        assert!(!beside.is_among("t", std::slice::from_ref(&own)));
        assert!(beside.is_among("t", &[own, file("cli.py", there[0].1)]));
        assert!(Beside::default().is_among("t", &[]));
    }

    #[test]
    fn names_of_the_package_are_looked_up() {
        let there = [
            ("r/own/pkg/models.py", "LIMIT = Field(...)\n"),
            ("r/own/pkg/sub/__init__.py", "from .deep import (\n    Query,  # a\n    Other as Named,\n)\n"),
            ("r/own/pkg/sub/deep.py", "class Query(BaseModel): pass\nclass Other(BaseModel): pass\n"),
            ("r/helper.py", "class H: pass\n"),
        ];
        let names = |text: &str| of("r/own/pkg", text, &there).names;
        assert_eq!(names("from own.pkg.models import LIMIT\ndef f(a: int = LIMIT): pass\n"), "LIMIT = Field(...)\n\n");
        assert!(names("import os\nfrom .models import (\n    LIMIT as L,\n)\ndef f(a=L): pass\n").contains("LIMIT"));
        assert!(names("from .sub import Query\ndef f(a: list[Query]): pass\n").contains("class Query"));
        assert!(names("from pkg.sub import Named\ndef f(a: Named): pass\n").contains("class Other"));
        for text in [
            "from .models import LIMIT\nprint(LIMIT)\n",
            "from .models import ABSENT\ndef f(a=ABSENT): pass\n",
            "from pathlib import Path\ndef f(a: Path): pass\n",
            "from .sub import sub\ndef f(a: sub): pass\n",
        ] {
            assert_eq!(names(text), "", "{text}");
        }
    }

    #[test]
    fn packages_that_re_export_each_other_in_circles_cost_a_bounded_number_of_looks() {
        let circle = "from .a import x\n".repeat(2_000);
        let mut looks = 0;
        let look = &mut |path: &str| {
            looks += 1;
            (path == "r/a.py").then(|| circle.clone())
        };
        let start = Beside::of(&file("x.py", "from .a import x\ndef f(v: x): pass\n"), "r", look);
        assert!(start.names.is_empty() && looks <= MAX_LOOKS, "{looks} looks");
    }

    #[test]
    fn what_a_script_starts_is_found_in_its_package() {
        let there = [
            ("r/pkg/cli.py", "def main():\n    pass\n"),
            ("r/pkg/__init__.py", "from .cli import main as go\ndef run(): pass\n"),
        ];
        let start = |text: &str| of("r/pkg", text, &there).start.map(|(_, name)| name);
        assert_eq!(start("import sys\nfrom .cli import main\nsys.exit(main())\n").as_deref(), Some("main"));
        assert_eq!(start("from pkg import run\nrun()\n").as_deref(), Some("run"));
        assert_eq!(
            start("from pkg.cli import main as m\nif __name__ == '__main__':\n    m()\n").as_deref(),
            Some("main")
        );
        assert_eq!(start("from .cli import main\n"), None);
        assert_eq!(start("import argparse\nfrom .cli import main\nmain()\n"), None, "it has a parser itself");
    }
}
