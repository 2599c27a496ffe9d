//! The files that a script imports, directly or through others: they are part of its version.
//!
//! They are found in the text; nothing is executed. Files outside the folder of the definition, reached by a link out
//! of it, or never part of a version (`node_modules`) are not included. Several scripts may import the same file: each
//! version has it, and a move of one version leaves it where it is ([`imported_among`], [`importer`]).

use super::files::{self, is_left_out};
use super::limits;
use super::looked_at::LookedAt;
use super::plan::{ScanPlan, folder_of, join};
use crate::code::{PathKind, certain_files, local_imports};
use crate::domain::source::{Language, text_of};
use crate::domain::{NEEDS_FILE, Problem, SafeText, VersionFile, is_hidden};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Scripts of one folder that are looked into for imports of a file that moves away.
const MAX_SCRIPTS: usize = 2_000;

/// A folder with files that import one another, by paths relative to it.
trait Folder {
    /// The kind of entry at a path.
    fn look(&mut self, path: &str) -> PathKind;
    /// The file at a path; `None` ends the search.
    fn read(&mut self, path: &str) -> Option<VersionFile>;
}

/// Hands each file over that these files import, directly or not, but for themselves. Ends when reading one fails.
fn follow(starts: &[VersionFile], folder: &mut dyn Folder) -> Vec<VersionFile> {
    let mut known: BTreeSet<String> = starts.iter().map(|file| file.path.clone()).collect();
    let mut found: Vec<VersionFile> = Vec::new();
    for start in starts {
        let root = folder_of(&start.path);
        let mut waiting = taken(start, root, folder);
        while let Some(path) = waiting.pop() {
            if !known.insert(path.clone()) {
                continue;
            }
            let Some(file) = folder.read(&path) else { return found };
            waiting.extend(taken(&file, root, folder));
            found.push(file);
        }
    }
    found
}

fn taken(file: &VersionFile, root: &str, folder: &mut dyn Folder) -> Vec<String> {
    let Some(text) = text_of(file) else { return Vec::new() };
    local_imports(&file.path, text, root, &mut |path| folder.look(path))
}

/// The folder of a definition on disk.
struct OnDisk<'a> {
    plan: &'a ScanPlan,
    base: &'a str,
    looked_at: &'a mut LookedAt,
    bytes: usize,
    files: usize,
    /// Why not all that is imported can be part of the version.
    fault: Option<String>,
}

impl OnDisk<'_> {
    /// The folder that a path is relative to, and the path in it. `@/` marks paths elsewhere in the workspace.
    fn place<'p>(&self, path: &'p str) -> Option<(String, &'p str)> {
        match path.strip_prefix("@/") {
            // These paths are not relative to the workspace.
            Some(_) if self.base.starts_with('/') => None,
            Some(elsewhere) => Some((String::new(), elsewhere)),
            None => Some((self.base.to_owned(), path)),
        }
    }

    fn refuse(&mut self, path: &str, problem: &Problem) {
        let Problem { message, hint, .. } = problem;
        self.fault.get_or_insert_with(|| format!("it imports {path}, but {message}; {hint}"));
    }
}

impl Folder for OnDisk<'_> {
    fn look(&mut self, path: &str) -> PathKind {
        let is_part = |part: &str| !part.is_empty() && !is_left_out(part) && !part.chars().any(is_hidden);
        let Some((base, inside)) = self.place(path).filter(|_| path.split('/').all(is_part)) else {
            return PathKind::Absent;
        };
        self.looked_at.note(self.plan, &join(&base, inside));
        let is_real = |(end, _): (usize, &str)| {
            let above = self.plan.on_disk(&join(&base, &inside[..end]));
            above.symlink_metadata().is_ok_and(|meta| meta.is_dir())
        };
        if !inside.match_indices('/').all(is_real) {
            return PathKind::Absent;
        }
        let Ok(meta) = self.plan.on_disk(&join(&base, inside)).symlink_metadata() else { return PathKind::Absent };
        if meta.is_dir() {
            return PathKind::Folder;
        }
        match files::member(self.plan, &base, inside) {
            Ok(_) => PathKind::File,
            Err(problem) => {
                self.refuse(path, &problem);
                PathKind::Absent
            }
        }
    }

    fn read(&mut self, path: &str) -> Option<VersionFile> {
        let (base, inside) = self.place(path)?;
        let file = files::member(self.plan, &base, inside).and_then(|member| files::read(self.plan, &member));
        let file = file.map_err(|problem| self.refuse(path, &problem)).ok()?;
        self.files += 1;
        self.bytes += file.bytes.len();
        if self.files > limits::MODULES || self.bytes > limits::MODULE_BYTES {
            let most = format!("{} files or {} MiB", limits::MODULES, limits::MODULE_BYTES >> 20);
            let hint = "move it and them into a folder of their own and add a tool.toml (name, description)";
            self.fault.get_or_insert_with(|| format!("it imports more than {most} of the files beside it; {hint}"));
            return None;
        }
        Some(VersionFile { path: path.to_owned(), ..file })
    }
}

/// Adds the imported files to the files of a version in a shared folder. Returns a line that says why this is not
/// possible for all of them; then none is added.
pub(super) fn add(
    plan: &ScanPlan,
    base: &str,
    files: &mut Vec<VersionFile>,
    looked_at: &mut LookedAt,
) -> Option<String> {
    let mut folder = OnDisk { plan, base, looked_at, bytes: 0, files: 0, fault: None };
    let found = follow(files, &mut folder);
    if folder.fault.is_none() {
        files.extend(found);
    }
    folder.fault
}

/// The one script among these of a folder that imports all the others and the files in `more`, directly or not. Paths are
/// relative to the folder.
pub(super) fn main_script<'s>(plan: &ScanPlan, at: &str, scripts: &[&'s str], more: &[&str]) -> Option<&'s str> {
    if scripts.len() + more.len() > limits::MODULES {
        return None;
    }
    let reaches_all = |script: &&&str| {
        let start = files::member(plan, at, script).and_then(|member| files::read(plan, &member)).ok();
        let Some(start) = start else { return false };
        let mut folder =
            OnDisk { plan, base: at, looked_at: &mut LookedAt::default(), bytes: 0, files: 0, fault: None };
        let found = follow(std::slice::from_ref(&start), &mut folder);
        let has = |path: &&str| *path == **script || found.iter().any(|file| file.path == **path);
        scripts.iter().chain(more).all(has)
    };
    let found: Vec<&&str> = scripts.iter().filter(|script| reaches_all(script)).collect();
    match found.as_slice() {
        [only] => Some(**only),
        _ => None,
    }
}

/// Files that are in memory.
struct InMemory<'a>(BTreeMap<&'a str, &'a VersionFile>);

impl Folder for InMemory<'_> {
    fn look(&mut self, path: &str) -> PathKind {
        if self.0.contains_key(path) {
            return PathKind::File;
        }
        let inside = format!("{path}/");
        let next = self.0.range(inside.as_str()..).next();
        if next.is_some_and(|(other, _)| other.starts_with(&inside)) { PathKind::Folder } else { PathKind::Absent }
    }

    fn read(&mut self, path: &str) -> Option<VersionFile> {
        self.0.get(path).map(|file| (*file).clone())
    }
}

/// Why the script of a version cannot run: a file that it certainly takes is not among its files.
pub(super) fn missing(files: &[VersionFile], entry: &str) -> Option<String> {
    let mut folder = InMemory(files.iter().map(|file| (file.path.as_str(), file)).collect());
    let root = folder_of(entry);
    let (mut waiting, mut known) = (vec![entry.to_owned()], BTreeSet::new());
    while let Some(path) = waiting.pop() {
        let Some(file) = folder.0.get(path.as_str()).copied().filter(|_| known.insert(path.clone())) else { continue };
        let text = text_of(file)?;
        for taken in certain_files(&path, text, root, &mut |place| folder.look(place)) {
            let Some(found) = taken.path else {
                let (name, by) = (SafeText::new(&taken.name), SafeText::new(&path));
                return Some(format!(
                    "{NEEDS_FILE} {name}, which {by} takes and which is not part of the tool; put both into one folder with a tool.toml"
                ));
            };
            waiting.push(found);
        }
    }
    None
}

/// Which files of a version others of it import. In a shared folder other versions may import them as well.
pub fn imported_among(files: &[VersionFile]) -> BTreeSet<String> {
    let mut folder = InMemory(files.iter().map(|file| (file.path.as_str(), file)).collect());
    files.iter().flat_map(|file| taken(file, folder_of(&file.path), &mut folder)).collect()
}

/// The first script in a folder that imports the file `name` in it, but for those in `apart`.
pub fn importer(folder: &Path, name: &str, apart: &[String]) -> Option<String> {
    let stem = name.split('.').next().filter(|_| Language::of(name, "").is_some())?;
    let entries = std::fs::read_dir(folder).ok()?.flatten().take(MAX_SCRIPTS);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_other = |other: &String| other != name && !apart.contains(other) && Language::of(other, "").is_some();
    let mut scripts: Vec<String> = names.filter(is_other).collect();
    scripts.sort_unstable();
    scripts.into_iter().find(|script| {
        let text = files::small_text(&folder.join(script), limits::SOURCE_BYTES).ok().flatten();
        let text = text.filter(|text| memchr::memmem::find(text.as_bytes(), stem.as_bytes()).is_some());
        let Some(text) = text else { return false };
        local_imports(script, &text, "", &mut |path| kind_at(&folder.join(path))).iter().any(|path| path == name)
    })
}

fn kind_at(path: &Path) -> PathKind {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => PathKind::Folder,
        Ok(meta) if meta.is_file() => PathKind::File,
        _ => PathKind::Absent,
    }
}
