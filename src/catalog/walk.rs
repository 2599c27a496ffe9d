//! Walking the tools folders: where the definitions are and which files belong to each.
//!
//! Git's ignore rules do not apply: experimental tools are ignored by git and are the very ones to
//! show. Nothing is opened here, only looked at.

use super::document::Syntax;
use super::documents::feature;
use super::draft::stem_of;
use super::entries;
use super::family::Kin;
use super::files::{self, Member, OpenFolder, is_left_out, is_passed_over, unreadable};
use super::limits;
use super::local_modules;
use super::looks::{self, Passed};
use super::places::PlaceStamp;
use super::plan::{self, ScanPlan, ToolRoot, join};
use super::programs::{is_script, script_extensions, script_rank};
use super::skill;
use super::skipped;
use crate::domain::{
    Format, PROMOTIONS_FILE, Placement, Problem, ProblemCode, SafeText, SkippedFile, is_hidden, versioned,
};
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;

/// A definition and the files that belong to it by their place.
#[derive(Debug, Clone)]
pub(super) struct DefinitionCandidate {
    /// Path of the definition as rows write it.
    pub(super) definition: String,
    pub(super) format: Format,
    pub(super) placement: Placement,
    /// Which files belong to it by their place.
    pub(super) belonging: Belonging,
    /// That it is a version of another definition, by its place.
    pub(super) kin: Option<Kin>,
}

/// The files that belong to a definition by their place. The walk only names them: whoever reads the definition looks at
/// them, with others at the same time.
#[derive(Debug, Clone)]
pub(super) enum Belonging {
    /// All files of its own folder.
    WholeFolder,
    /// These, as paths inside the folder that it shares with others.
    Named(Vec<String>),
}

impl DefinitionCandidate {
    /// Looks at its files, in ascending order of path.
    ///
    /// # Errors
    /// A [`Problem`] that says why they are no version.
    pub(super) fn members(&self, plan: &ScanPlan, folder: &mut OpenFolder) -> Result<Vec<Member>, Problem> {
        let base = &self.placement.base;
        match &self.belonging {
            Belonging::WholeFolder => {
                let name = plan::file_of(base);
                if Placement::looks_like_entry(name) {
                    let message =
                        format!("the folder name {:?} means a tool in a file", SafeText::new(name).to_string());
                    return Err(files::problem(base, ProblemCode::BadName, message, "rename the folder: use no #"));
                }
                files::all_below(plan, base)
            }
            Belonging::Named(names) => names.iter().map(|name| folder.member(plan, base, name)).collect(),
        }
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct WalkResult {
    pub(super) candidates: Vec<DefinitionCandidate>,
    pub(super) problems: Vec<Problem>,
    /// Files that look like tools and are none.
    pub(super) skipped: Vec<SkippedFile>,
    /// The folders that were listed, and what decided beside them, as they were before.
    pub(super) places: Vec<PlaceStamp>,
}

/// Folders in a tool's folder whose manifests and scripts are its own.
const OWN_FOLDERS: &[&str] = &["@", "test", "tests", "fixtures", "examples", "data", "docs", "lib", "src"];

/// Folders of texts that describe the scripts beside them.
pub(super) const DESCRIPTIONS: &[&str] = &["description", "descriptions"];

/// Extensions of manifests, in the order in which they take a script of their stem.
const EXTENSIONS: &[&str] = &["toml", "yaml", "yml", "json", "jsonl"];

/// Walks all roots of a plan.
pub(super) fn walk(plan: &ScanPlan) -> WalkResult {
    let mut found = WalkResult::default();
    found.places.push(PlaceStamp::of(plan, PROMOTIONS_FILE));
    let mut seen: Vec<String> = Vec::new();
    for root in &plan.roots {
        let at = plan.root_path(root).into_owned();
        if !seen.contains(&at) {
            walk_root(plan, root, &at, &mut found);
            seen.push(at);
        }
    }
    // A root inside another one is met twice.
    found.candidates.sort_by(|a, b| a.definition.cmp(&b.definition));
    found.candidates.dedup_by(|a, b| a.definition == b.definition);
    found.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    found.skipped.dedup();
    found
}

fn walk_root(plan: &ScanPlan, root: &ToolRoot, at: &str, found: &mut WalkResult) {
    let is_standard = root.path == Path::new("tools");
    found.places.push(PlaceStamp::of(plan, at));
    match std::fs::metadata(plan.on_disk(at)) {
        Ok(meta) if meta.is_dir() => folder(plan, at, 0, None, found),
        Ok(_) => found.problems.push(files::problem(
            at,
            ProblemCode::Unreadable,
            "it is not a folder".to_owned(),
            "use a folder as root",
        )),
        // A workspace without tools is empty, not broken.
        Err(error) if is_standard && error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => found.problems.push(unreadable(at, &error)),
    }
}

/// What lies directly in a folder.
#[derive(Default)]
struct FolderListing {
    folders: Vec<String>,
    manifests: Vec<String>,
    scripts: Vec<String>,
    /// Files that hold several tools.
    several: Vec<String>,
    /// Whether there is a `SKILL.md`.
    skill: bool,
    approved: bool,
    /// Whether there is a folder `versions`.
    versions: bool,
    /// Files that look like tools and are none.
    skipped: Vec<SkippedFile>,
}

/// Looks for definitions in a folder; `unclaimed` is the path of one that takes nothing by its name.
pub(super) fn folder(plan: &ScanPlan, at: &str, depth: usize, unclaimed: Option<&str>, found: &mut WalkResult) {
    if depth > limits::DEPTH {
        let message = format!("folders are nested more than {} levels deep", limits::DEPTH);
        found.problems.push(files::problem(at, ProblemCode::TooLarge, message, "move the tools up"));
        return;
    }
    let listing = match list(plan, at, found) {
        Ok(listing) => listing,
        Err(problem) => return found.problems.push(problem),
    };
    let native = native_manifest(&listing);
    if let Some(manifest) = native.filter(|_| depth > 0 || listing.manifests.iter().any(|name| name == "tool.toml")) {
        found.candidates.push(own_folder(at, manifest, Format::Native));
        versions(plan, at, &listing, Some(manifest), found);
        return;
    }
    if listing.skill && !plan.is_shared_folder(at) {
        found.candidates.push(own_folder(at, skill::FILE, Format::Skill));
        versions(plan, at, &listing, Some(skill::FILE), found);
        return;
    }
    let mut inner = WalkResult::default();
    for name in &listing.folders {
        folder(plan, &join(at, name), depth + 1, None, &mut inner);
    }
    found.places.append(&mut inner.places);
    let groups = groups(&listing, unclaimed.map(plan::file_of));
    let owner = owner(plan, at, &listing, &groups, &inner).or_else(|| main_script(plan, at, &listing, &groups, &inner));
    if let Some(owner) = owner.filter(|_| unclaimed.is_none()) {
        let scripts = groups.iter().filter(|_| groups.len() > 1 || !inner.candidates.is_empty());
        found.places.extend(scripts.map(|group| PlaceStamp::of(plan, &join(at, &group.definition))));
        found.candidates.push(own_folder(at, &owner.definition, owner.format));
        versions(plan, at, &listing, Some(&owner.definition), found);
        return;
    }
    if !plan.is_shared_folder(at) {
        versions(plan, at, &listing, None, found);
    } else if listing.versions {
        found.skipped.push(unsearched(&join(at, "versions")));
    }
    let parts = bashly_parts(at, &listing, &mut inner);
    let originals = originals(&groups);
    let is_described = listing.folders.iter().any(|name| DESCRIPTIONS.contains(&name.as_str()));
    found.skipped.extend(listing.skipped.iter().cloned());
    for group in &groups {
        if group.format == Format::Header
            && !listing.approved
            && let Some(kind) =
                skipped::no_tool(plan, at, &group.definition).or(parts.filter(|_| is_shell(&group.definition)))
        {
            found.places.push(PlaceStamp::of(plan, &join(at, &group.definition)));
            found.skipped.push(SkippedFile { path: join(at, &group.definition), kind });
            continue;
        }
        let description = is_described.then(|| description_file(plan, at, &group.definition)).flatten();
        if let Some(text) = &description {
            let path = join(at, text);
            inner.skipped.retain(|file| file.path != path);
        }
        found.candidates.push(shared_candidate(at, group, description, &originals));
    }
    for name in &listing.several {
        found.candidates.push(DefinitionCandidate {
            definition: join(at, name),
            format: Format::Entry,
            placement: Placement { base: at.to_owned(), exclusive: false },
            belonging: Belonging::Named(vec![name.clone()]),
            kin: None,
        });
    }
    found.candidates.append(&mut inner.candidates);
    found.problems.append(&mut inner.problems);
    found.skipped.append(&mut inner.skipped);
}

/// What the shell files beside a definition of bashly are, and those in the folders below: parts of the script that it makes.
fn bashly_parts(at: &str, listing: &FolderListing, inner: &mut WalkResult) -> Option<&'static str> {
    listing.manifests.iter().find(|name| stem_of(name) == "bashly")?;
    let is_part = |one: &DefinitionCandidate| one.format == Format::Header && is_shell(&one.definition);
    let is_below = |one: &DefinitionCandidate| plan::below(at, &one.definition).is_some();
    let (parts, rest) =
        std::mem::take(&mut inner.candidates).into_iter().partition(|one| is_part(one) && is_below(one));
    inner.candidates = rest;
    let parts: Vec<DefinitionCandidate> = parts;
    inner.skipped.extend(parts.into_iter().map(|one| SkippedFile { path: one.definition, kind: skipped::MODULE }));
    Some(skipped::MODULE)
}

fn is_shell(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "sh")
}

/// A definition in a folder that it shares with others; `description` is the file that describes it.
fn shared_candidate(
    at: &str,
    group: &SharedDefinition,
    description: Option<String>,
    originals: &HashMap<String, String>,
) -> DefinitionCandidate {
    let names = [Some(group.definition.clone()), group.script.clone(), description];
    let mut names: Vec<String> = names.into_iter().flatten().collect();
    names.sort_unstable();
    let kin = versioned(stem_of(&group.definition)).map(|(stem, version)| Kin {
        of: stem.to_owned(),
        version,
        original: originals.get(stem).map(|original| join(at, original)),
    });
    DefinitionCandidate {
        definition: join(at, &group.definition),
        format: group.format,
        placement: Placement { base: at.to_owned(), exclusive: false },
        belonging: Belonging::Named(names),
        kin,
    }
}

/// The files of a pair in a shared folder as two definitions.
pub(super) fn apart(plan: &ScanPlan, pair: &DefinitionCandidate, found: &mut WalkResult) {
    let (at, manifest) = (&pair.placement.base, plan::file_of(&pair.definition));
    let Belonging::Named(names) = &pair.belonging else { return };
    let scripts = names.iter().filter(|name| *name != manifest && !name.contains('/')).cloned().collect();
    let listing = FolderListing { scripts, ..FolderListing::default() };
    for group in groups(&listing, None) {
        if let Some(kind) = skipped::no_tool(plan, at, &group.definition) {
            found.skipped.push(SkippedFile { path: join(at, &group.definition), kind });
            continue;
        }
        let description = description_file(plan, at, &group.definition);
        let candidate = shared_candidate(at, &group, description, &HashMap::new());
        found.candidates.push(DefinitionCandidate { kin: pair.kin.clone(), ..candidate });
    }
}

/// The file in a folder of descriptions beside a definition that describes it.
pub(super) fn description_file(plan: &ScanPlan, at: &str, definition: &str) -> Option<String> {
    DESCRIPTIONS.iter().find_map(|folder| {
        let path = format!("{folder}/{}.txt", stem_of(definition));
        plan.on_disk(&join(at, &path)).symlink_metadata().is_ok_and(|meta| meta.is_file()).then_some(path)
    })
}

/// A definition that has its folder to itself.
fn own_folder(at: &str, definition: &str, format: Format) -> DefinitionCandidate {
    DefinitionCandidate {
        definition: join(at, definition),
        format,
        placement: Placement { base: at.to_owned(), exclusive: true },
        belonging: Belonging::WholeFolder,
        kin: None,
    }
}

/// The definitions of a shared folder that others may be versions of, by stem: those with a manifest first.
fn originals(groups: &[SharedDefinition]) -> HashMap<String, String> {
    let wanted: HashSet<&str> =
        groups.iter().filter_map(|group| Some(versioned(stem_of(&group.definition))?.0)).collect();
    let mut originals = HashMap::with_capacity(wanted.len());
    for group in groups.iter().filter(|group| wanted.contains(stem_of(&group.definition))) {
        originals.entry(stem_of(&group.definition).to_owned()).or_insert_with(|| group.definition.clone());
    }
    originals
}

/// Versions in `versions/X.Y.Z/` of a tool's own folder. `original` is the file name of the tool's definition; where
/// the tool itself went elsewhere there is none, and a folder of the name counts only when it holds versions.
fn versions(plan: &ScanPlan, home: &str, listing: &FolderListing, original: Option<&str>, found: &mut WalkResult) {
    if !listing.versions {
        return;
    }
    let at = join(home, "versions");
    let mut inner = WalkResult::default();
    found.places.push(PlaceStamp::of(plan, &at));
    let entries = match std::fs::read_dir(plan.on_disk(&at)) {
        Ok(entries) => entries,
        Err(error) => return found.problems.push(unreadable(&at, &error)),
    };
    for entry in entries {
        match entry {
            Ok(entry) => version(plan, home, original, &entry, &mut inner),
            Err(error) => inner.problems.push(unreadable(&at, &error)),
        }
    }
    found.places.append(&mut inner.places);
    if original.is_some() || !inner.candidates.is_empty() {
        inner.candidates.sort_by(|a, b| a.definition.cmp(&b.definition));
        found.candidates.append(&mut inner.candidates);
        found.problems.append(&mut inner.problems);
    } else {
        found.skipped.push(unsearched(&at));
    }
}

/// A folder that is not searched for tools.
fn unsearched(path: &str) -> SkippedFile {
    SkippedFile { path: format!("{path}/"), kind: SkippedFile::FOLDER }
}

fn version(plan: &ScanPlan, home: &str, original: Option<&str>, entry: &std::fs::DirEntry, found: &mut WalkResult) {
    let os_name = entry.file_name();
    let shown = plan::shown(Path::new(&os_name));
    let at = join(home, &format!("versions/{shown}"));
    if shown.starts_with('.') || is_left_out(&shown) {
        return;
    }
    let mut problem = |code, message: &str, hint: &str| {
        found.problems.push(files::problem(&at, code, message.to_owned(), hint));
    };
    if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
        let hint = "move it elsewhere; versions/ contains version folders only, such as versions/1.1.0";
        return problem(ProblemCode::UnknownDialect, "it is not a version folder", hint);
    }
    let Some(version) = os_name.to_str().and_then(|name| semver::Version::parse(name).ok()) else {
        return problem(
            ProblemCode::BadName,
            "its name is not a version number",
            "rename it to a version number such as 1.1.0",
        );
    };
    let listing = match list(plan, &at, found) {
        Ok(listing) => listing,
        Err(problem) => return found.problems.push(problem),
    };
    let groups = groups(&listing, None);
    let definition = native_manifest(&listing).map(|manifest| (manifest, Format::Native)).or_else(|| {
        let same = groups.iter().find(|group| Some(group.definition.as_str()) == original);
        let mut with_manifest = groups.iter().filter(|group| group.format != Format::Header);
        let only = match (with_manifest.next(), with_manifest.next(), groups.as_slice()) {
            (Some(one), None, _) | (None, None, [one]) => Some(one),
            (None, ..) => {
                let scripts: Vec<&str> = groups.iter().map(|group| group.definition.as_str()).collect();
                let main = local_modules::main_script(plan, &at, &scripts, &[]);
                groups.iter().find(|group| Some(group.definition.as_str()) == main)
            }
            _ => None,
        };
        same.or(only).map(|group| (group.definition.as_str(), group.format))
    });
    let Some((definition, format)) = definition else {
        let message = "it contains no manifest or script of the tool".to_owned();
        let hint = "copy all files of the tool into it, including the manifest or script";
        return found.problems.push(files::problem(&at, ProblemCode::UnknownDialect, message, hint));
    };
    let kin =
        Kin { of: plan::file_of(home).to_owned(), version, original: original.map(|original| join(home, original)) };
    found.candidates.push(DefinitionCandidate { kin: Some(kin), ..own_folder(&at, definition, format) });
}

fn list(plan: &ScanPlan, at: &str, found: &mut WalkResult) -> Result<FolderListing, Problem> {
    let mut listing = FolderListing::default();
    found.places.push(PlaceStamp::of(plan, at));
    for entry in std::fs::read_dir(plan.on_disk(at)).map_err(|error| unreadable(at, &error))? {
        let entry = entry.map_err(|error| unreadable(at, &error))?;
        let os_name = entry.file_name();
        let Some(name) = os_name.to_str().filter(|name| !name.chars().any(is_hidden)) else {
            let path = join(at, &plan::shown(Path::new(&os_name)));
            let message = "its name contains hidden characters or is not UTF-8".to_owned();
            found.problems.push(files::problem(&path, ProblemCode::BadName, message, "rename it"));
            continue;
        };
        listing.approved |= name == "approval.toml";
        listing.skill |= name == skill::FILE && entry.file_type().is_ok_and(|kind| kind.is_file());
        listing.versions |= name == "versions" && entry.file_type().is_ok_and(|kind| kind.is_dir());
        let kind = entry.file_type().map_err(|error| unreadable(at, &error))?;
        let mut skip = |kind| {
            let path = join(at, name);
            let is_folder = kind == SkippedFile::FOLDER;
            listing.skipped.push(if is_folder { unsearched(&path) } else { SkippedFile { path, kind } });
        };
        if entries::is_entry_file(name) && !kind.is_dir() {
            listing.several.push(name.to_owned());
            continue;
        }
        if is_passed_over(name) {
            if name == "__init__.py" {
                // What it holds decides.
                found.places.push(PlaceStamp::of(plan, &join(at, name)));
            }
            match looks::passed_over(plan, at, name, kind) {
                Passed::Script => listing.scripts.push(name.to_owned()),
                Passed::Skipped(kind) => skip(kind),
                Passed::Untold => {}
            }
            continue;
        }
        let is_definition = is_script(name) || Syntax::of(name).is_some();
        if kind.is_symlink() || Syntax::of(name) == Some(Syntax::JsonLines) {
            // What a link leads to, and what such a file holds, decides as well.
            found.places.push(PlaceStamp::of(plan, &join(at, name)));
        }
        if kind.is_dir() {
            if name != "@" {
                listing.folders.push(name.to_owned());
            }
        } else if kind.is_symlink() && !is_definition && plan.on_disk(&join(at, name)).is_dir() {
            match looks::leads_out(plan, &join(at, name)) {
                Some(problem) => found.problems.push(problem),
                None => skip(skipped::LINK),
            }
        } else if let Some(syntax) = Syntax::of(name) {
            match looks::no_manifest(plan, at, name, syntax) {
                Some(kind) => skip(kind),
                None => listing.manifests.push(name.to_owned()),
            }
        } else if is_script(name) || (kind.is_file() && looks::is_program(plan, at, name)) {
            listing.scripts.push(name.to_owned());
        } else if let Some(kind) = skipped::other_file(name) {
            skip(kind);
        } else if kind.is_file() && !name.contains('.') {
            // Its mode or its first bytes can make it a program, and its folder does not show either.
            found.places.push(PlaceStamp::of(plan, &join(at, name)));
            skip(skipped::plain_file(name));
        } else if kind.is_file() || kind.is_symlink() && name.contains('.') {
            skip(skipped::plain_file(name));
        } else if kind.is_symlink() {
            match looks::points_to_nothing(plan, &join(at, name)) {
                Some(problem) => found.problems.push(problem),
                None => skip(skipped::LINK),
            }
        }
    }
    listing.folders.sort_unstable();
    listing.manifests.sort_unstable();
    listing.scripts.sort_unstable();
    listing.several.sort_unstable();
    Ok(listing)
}

/// The manifest that makes a folder a native tool: `tool.toml`, or `tool.yaml` and the like when it is
/// the only one.
fn native_manifest(listing: &FolderListing) -> Option<&str> {
    let toml = listing.manifests.iter().find(|name| *name == "tool.toml");
    let is_native = |name: &str| stem_of(name) == "tool" && Syntax::of(name) != Some(Syntax::JsonLines);
    let only = listing.manifests.first().filter(|name| listing.manifests.len() == 1 && is_native(name));
    toml.or(only).map(String::as_str)
}

/// A definition in a shared folder, and the script that belongs to it by name.
struct SharedDefinition {
    definition: String,
    script: Option<String>,
    format: Format,
}

/// The script that a manifest is about by its own name.
fn partner(manifest: &str) -> Option<&'static str> {
    (manifest == feature::FILE).then_some(feature::SCRIPT)
}

/// Joins manifests and scripts of one stem: the first manifest (TOML, YAML, JSON) takes the first
/// script; whatever is left over stands on its own, as does what the manifest `unclaimed` would take.
fn groups(listing: &FolderListing, unclaimed: Option<&str>) -> Vec<SharedDefinition> {
    let rank = |name: &str| EXTENSIONS.iter().position(|extension| name.ends_with(extension));
    let mut manifests: Vec<&String> = listing.manifests.iter().collect();
    manifests.sort_by_key(|name| (stem_of(name), rank(name)));
    let mut scripts: Vec<&String> = listing.scripts.iter().collect();
    scripts.sort_by_key(|name| (stem_of(name), script_rank(name)));
    let mut by_stem: HashMap<&str, VecDeque<&String>> = HashMap::with_capacity(scripts.len());
    for script in scripts {
        by_stem.entry(stem_of(script)).or_default().push_back(script);
    }
    let mut groups = Vec::with_capacity(manifests.len() + by_stem.len());
    for manifest in manifests {
        let named = partner(manifest);
        let scripts = by_stem.get_mut(named.map_or(stem_of(manifest), stem_of));
        let scripts = scripts.filter(|_| unclaimed != Some(manifest.as_str()));
        let script = scripts.and_then(|scripts| match named {
            Some(named) => scripts.remove(scripts.iter().position(|script| *script == named)?),
            None => scripts.pop_front(),
        });
        let script = script.cloned();
        let format = if script.is_some() { Format::Pair } else { Format::Manifest };
        groups.push(SharedDefinition { definition: manifest.clone(), script, format });
    }
    let rest = by_stem.into_values().flatten();
    groups.extend(rest.map(|script| SharedDefinition {
        definition: script.clone(),
        script: None,
        format: Format::Header,
    }));
    groups
}

/// The script that a scan joins with a manifest in a shared folder. Looks only at names of its stem.
pub(super) fn script_of(plan: &ScanPlan, at: &str, manifest: &str) -> Option<String> {
    let stem = partner(manifest).map_or(stem_of(manifest), stem_of);
    let is_there = |name: &String| plan.on_disk(&join(at, name)).symlink_metadata().is_ok_and(|meta| !meta.is_dir());
    let named = |extension: &str| format!("{stem}.{extension}");
    let mut manifests: Vec<String> = EXTENSIONS.iter().copied().map(named).filter(is_there).collect();
    if !manifests.iter().any(|name| name == manifest) {
        manifests.push(manifest.to_owned());
    }
    let mut scripts: Vec<String> = script_extensions().map(named).filter(is_there).collect();
    if looks::is_program(plan, at, stem) {
        scripts.push(stem.to_owned());
    }
    let listing = FolderListing { manifests, scripts, ..FolderListing::default() };
    groups(&listing, None).into_iter().find(|group| group.definition == manifest)?.script
}

/// The definition that a folder belongs to: the only one with a manifest, or the only script, in a
/// folder of its own that is called like it, was approved with it, or lies in a folder of approved tools.
fn owner<'g>(
    plan: &ScanPlan,
    at: &str,
    listing: &FolderListing,
    groups: &'g [SharedDefinition],
    inner: &WalkResult,
) -> Option<&'g SharedDefinition> {
    let with_manifest = || groups.iter().filter(|group| group.format != Format::Header);
    let mut candidates: Box<dyn Iterator<Item = &SharedDefinition>> =
        if with_manifest().next().is_some() { Box::new(with_manifest()) } else { Box::new(groups.iter()) };
    let owner = candidates.next().filter(|_| candidates.next().is_none())?;
    if plan.is_shared_folder(at) {
        return None;
    }
    let is_own = |candidate: &DefinitionCandidate| {
        let inside = plan::below(at, &candidate.definition).unwrap_or_default();
        candidate.format == Format::Header || OWN_FOLDERS.contains(&inside.split('/').next().unwrap_or_default())
    };
    let named =
        (listing.approved || plan::is_called(at, stem_of(&owner.definition))) && inner.candidates.iter().all(is_own);
    let vouched = plan::is_of_moved_tool(plan, at) && groups.len() == 1 && inner.candidates.is_empty();
    (named || vouched).then_some(owner)
}

/// The script that a folder without a manifest belongs to when the other scripts in it are those that it imports: in a folder
/// that is called like it, was approved with it, or lies in a folder of approved tools.
fn main_script<'g>(
    plan: &ScanPlan,
    at: &str,
    listing: &FolderListing,
    groups: &'g [SharedDefinition],
    inner: &WalkResult,
) -> Option<&'g SharedDefinition> {
    let is_called = |group: &SharedDefinition| plan::is_called(at, stem_of(&group.definition));
    let is_moved = listing.approved || plan::is_of_moved_tool(plan, at);
    if plan.is_shared_folder(at)
        || !is_moved && !groups.iter().any(is_called)
        || groups.iter().any(|group| group.format != Format::Header)
    {
        return None;
    }
    let scripts: Vec<&str> = groups.iter().map(|group| group.definition.as_str()).collect();
    let inside = inner.candidates.iter().map(|one| plan::below(at, &one.definition).unwrap_or(&one.definition));
    let main = local_modules::main_script(plan, at, &scripts, &inside.collect::<Vec<_>>())?;
    groups.iter().find(|group| group.definition == main).filter(|main| is_moved || is_called(main))
}
