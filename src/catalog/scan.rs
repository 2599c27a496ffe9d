//! Tools folders to rows: walk, read what changed, line up.

use super::argv::{Anchor, Script};
use super::cache::{self, Cache, CacheRow, CachedScan, Scanned};
use super::family;
use super::files::{self, Member};
use super::limits;
use super::lineup::{alias_clashes, line_up};
use super::plan::{ScanPlan, below, file_of, folder_of, join};
use super::programs::Programs;
use super::reading::{self, Obstacle, ParsedVersion};
use super::walk::{self, DefinitionCandidate};
use crate::domain::{
    Category, CostTier, Digest, Format, Instant, Need, Placement, Problem, Promotions, Risk, SafeText, SkippedFile,
    Tool, ToolDetail, ToolFacts, ToolName, ToolState, VersionFile, clean_path,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant as Clock};

/// How far a scan is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// Definitions read so far.
    pub done: usize,
    /// Definitions found by the walk.
    pub total: usize,
    /// Rows since the last call, not lined up yet.
    pub new_rows: &'a [Tool],
}

/// What a scan found.
#[derive(Debug, Default)]
pub struct Scan {
    /// Rows by name, then stage (higher first), then path; without the store's facts.
    pub tools: Vec<Tool>,
    /// Definitions that could not be read, in order of path.
    pub problems: Vec<Problem>,
    /// Files that look like tools and are none, in order of path.
    pub skipped: Vec<SkippedFile>,
    /// Cache rows to write.
    pub fresh: Vec<(String, CacheRow)>,
    /// Cache keys to drop.
    pub gone: Vec<String>,
}

/// Rows between two calls of `progress` at most.
const ROWS_PER_STEP: usize = 500;
/// Time between two calls of `progress` at most, while rows come in.
const STEP: Duration = Duration::from_millis(50);
/// Threads that read definitions at the same time.
const READERS: usize = 2;
/// A file that changed so recently may change again without its stamp showing it.
const TOO_YOUNG_NS: i128 = 100_000_000;

/// Scans all roots of a plan. Every definition on disk is a row or a problem of the result.
pub fn scan(plan: &ScanPlan, cache: &Cache, progress: &mut dyn FnMut(Progress<'_>)) -> Scan {
    let found = walk::walk(plan);
    let total = found.candidates.len();
    let mut scan = Scan { problems: found.problems, skipped: found.skipped, ..Scan::default() };
    progress(Progress { done: 0, total, new_rows: &[] });
    let candidates = &found.candidates;
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (tx, rx) = mpsc::channel();
        for _ in 0..READERS.min(total) {
            let (tx, next) = (tx.clone(), &next);
            scope.spawn(move || {
                let programs = Programs::of_this_process();
                while let Some(candidate) = candidates.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let definition = definition(plan, cache, candidate, &programs);
                    if tx.send((candidate, definition)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tx);
        receive(&rx, total, &mut scan, progress);
    });
    let found: std::collections::HashSet<&str> =
        candidates.iter().map(|candidate| candidate.definition.as_str()).collect();
    scan.gone = cache.0.keys().filter(|key| !found.contains(key.as_str())).cloned().collect();
    scan.gone.sort_unstable();
    let kin = candidates.iter().filter_map(|of| Some((of.definition.as_str(), of.kin.as_ref()?))).collect();
    family::settle(&mut scan.tools, &kin);
    let (promotions, damage) = match family::promotions(&plan.workspace) {
        Ok(promotions) => (promotions, None),
        Err(problem) => (Promotions::default(), Some(problem)),
    };
    let (chosen, faults) = family::chosen(&scan.tools, &promotions, &scan.problems);
    line_up(&mut scan.tools, &chosen);
    scan.problems.extend(alias_clashes(&scan.tools));
    scan.problems.extend(damage.into_iter().chain(faults));
    scan.problems.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    scan
}

fn receive(
    rx: &mpsc::Receiver<(&DefinitionCandidate, Definition)>,
    total: usize,
    scan: &mut Scan,
    progress: &mut dyn FnMut(Progress<'_>),
) {
    let (mut done, mut shown, mut step) = (0, 0, Clock::now());
    while let Ok((candidate, definition)) = rx.recv() {
        done += 1;
        match definition.result {
            Ok(tool) => scan.tools.push(*tool),
            Err(problem) => scan.problems.push(problem),
        }
        scan.fresh.extend(definition.fresh.map(|row| (candidate.definition.clone(), row)));
        if scan.tools.len() - shown >= ROWS_PER_STEP
            || (step.elapsed() >= STEP && scan.tools.len() > shown)
            || done == total
        {
            progress(Progress { done, total, new_rows: &scan.tools[shown..] });
            shown = scan.tools.len();
            step = Clock::now();
        }
    }
}

/// What one candidate gave.
struct Definition {
    result: Result<Box<Tool>, Problem>,
    fresh: Option<CacheRow>,
}

fn definition(plan: &ScanPlan, cache: &Cache, candidate: &DefinitionCandidate, programs: &Programs) -> Definition {
    let members = match &candidate.members {
        Ok(members) => members,
        Err(problem) => return Definition { result: Err(problem.clone()), fresh: None },
    };
    if let Some(row) = cache.hit(plan, candidate, members) {
        return Definition { result: settled(plan, candidate, row.result, programs), fresh: None };
    }
    let mut looked_at = Vec::new();
    let result = match load(plan, candidate, members, programs, &mut looked_at) {
        Ok(loaded) => {
            let needed = loaded.reading.programs.clone();
            let obstacle = loaded.reading.obstacle.clone();
            let newest = members.iter().map(|member| member.stamp.modified_ns).max().unwrap_or_default();
            let tool = row(plan, &candidate.definition, candidate.format, &candidate.placement, &loaded, newest);
            Scanned::Tool { tool: Box::new(tool), programs: needed, obstacle }
        }
        Err(problem) => Scanned::Problem(problem),
    };
    let row = CachedScan { looked_at, result };
    let fresh = (!is_young(members))
        .then(|| serde_json::to_string(&row).ok())
        .flatten()
        .map(|payload| CacheRow { fingerprint: cache::fingerprint(plan, candidate, members, &row.looked_at), payload });
    Definition { result: settled(plan, candidate, row.result, programs), fresh }
}

fn is_young(members: &[Member]) -> bool {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
    members.iter().any(|member| now - member.stamp.modified_ns < TOO_YOUNG_NS)
}

/// The row with what depends on the plan and on this machine now.
fn settled(
    plan: &ScanPlan,
    candidate: &DefinitionCandidate,
    scanned: Scanned,
    programs: &Programs,
) -> Result<Box<Tool>, Problem> {
    let (mut tool, needed, obstacle) = match scanned {
        Scanned::Tool { tool, programs, obstacle } => (tool, programs, obstacle),
        Scanned::Problem(problem) => return Err(problem),
    };
    tool.stage = plan.class_of(&candidate.definition, &candidate.placement).0;
    set_reason(&mut tool, obstacle.as_ref(), &needed, programs);
    Ok(tool)
}

fn set_reason(tool: &mut Tool, obstacle: Option<&Obstacle>, needed: &[String], programs: &Programs) {
    tool.reason = reading::reason(tool, obstacle, needed, programs);
    tool.runnable = tool.reason.is_none();
    let foreign_kind = !tool.kind.starts_process();
    tool.state = if foreign_kind || matches!(obstacle, Some(Obstacle::Unsupported(_))) {
        ToolState::Unsupported
    } else {
        ToolState::Ok
    };
}

/// The files of a version and what they say.
struct LoadedVersion {
    files: Vec<VersionFile>,
    reading: ParsedVersion,
}

/// Reads all files of a candidate, and the scripts that it names elsewhere in the workspace.
fn load(
    plan: &ScanPlan,
    candidate: &DefinitionCandidate,
    members: &[Member],
    programs: &Programs,
    looked_at: &mut Vec<String>,
) -> Result<LoadedVersion, Problem> {
    let base = &candidate.placement.base;
    let definition = below(base, &candidate.definition).unwrap_or(&candidate.definition);
    let mut files = Vec::with_capacity(members.len());
    for member in members {
        files.push(files::read(plan, member)?);
    }
    let at_home = |problem: Problem| Problem { path: join(base, &problem.path), ..problem };
    let Some(file) = files.iter().find(|file| file.path == definition) else {
        return Err(files::unreadable(&candidate.definition, &std::io::ErrorKind::NotFound.into()));
    };
    let draft = reading::draft(file, programs).map_err(at_home)?;
    if !candidate.placement.exclusive {
        for script in reading::scripts(&draft) {
            let Some(member) = look_for(plan, base, &candidate.definition, script, looked_at)? else { continue };
            if !files.iter().any(|file| file.path == member.path) {
                files.push(files::read(plan, &member)?);
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
    }
    let reading = reading::finish(draft, definition, candidate.format, &files, programs);
    Ok(LoadedVersion { files, reading })
}

/// Looks for a named script in the places where real definitions keep them. A script outside the
/// definition's folder is kept in the version as `@/` and its path in the workspace.
fn look_for(
    plan: &ScanPlan,
    base: &str,
    definition: &str,
    script: Script<'_>,
    looked_at: &mut Vec<String>,
) -> Result<Option<Member>, Problem> {
    let root = plan.root_of(definition).map(|(_, at)| at).unwrap_or_default();
    for place in places(script, base, &root) {
        if !looked_at.contains(&place) {
            looked_at.push(place.clone());
        }
        if plan.on_disk(&place).symlink_metadata().is_err() {
            continue;
        }
        if let Some(inside) = below(base, &place) {
            return files::member(plan, base, inside).map(Some);
        }
        let collection = folder_of(&root);
        let top = if place.starts_with('/') { collection } else { "" };
        let Some(inside) = below(top, &place) else { continue };
        let member = files::member(plan, top, inside)?;
        return Ok(Some(Member { path: format!("@/{inside}"), ..member }));
    }
    Ok(None)
}

/// Where a script may lie, in order.
fn places(script: Script<'_>, base: &str, root: &str) -> Vec<String> {
    let collection = folder_of(root);
    let tail = script.tail;
    let mut places = match script.anchor {
        Anchor::Tool => vec![join(base, tail)],
        Anchor::Outer => vec![join(root, tail), join(collection, tail), tail.to_owned()],
        Anchor::Anywhere => {
            let mut places = vec![tail.to_owned(), join(collection, tail), join(base, tail), join(root, tail)];
            // `PROJECT/tools/x.py`, written by somebody who stood one folder above.
            if let Some((_, rest)) = tail.split_once('/') {
                places.extend([rest.to_owned(), join(collection, rest)]);
            }
            places
        }
    };
    let mut seen = Vec::new();
    places.retain_mut(|place| {
        let Some(clean) = clean_path(place) else { return false };
        *place = clean;
        let is_new = !seen.contains(place);
        seen.push(place.clone());
        is_new
    });
    places
}

/// The catalog row of a loaded version.
fn row(
    plan: &ScanPlan,
    path: &str,
    format: Format,
    placement: &Placement,
    loaded: &LoadedVersion,
    modified_ns: i128,
) -> Tool {
    let manifest = &loaded.reading.manifest;
    let (stage, by_folder) = plan.class_of(path, placement);
    let category = manifest.category.clone().or(by_folder).unwrap_or_else(|| Category::new(""));
    let mut tool = Tool {
        name: manifest.name.clone(),
        title: manifest.title.clone(),
        version: manifest.version.clone(),
        digest: Digest::of_files(&loaded.files),
        stage,
        kind: manifest.kind,
        category,
        cost_tier: manifest.cost_tier.unwrap_or(CostTier::Medium),
        classified: manifest.cost_tier.is_some(),
        description: cut(&manifest.description),
        tags: manifest.tags.clone(),
        keywords: manifest.keywords.clone(),
        use_cases: manifest.use_cases.clone(),
        capabilities: manifest.capabilities.clone(),
        aliases: manifest.aliases.clone(),
        idempotent: manifest.idempotent,
        path: path.to_owned(),
        placement: placement.clone(),
        format,
        origin: loaded.reading.origin,
        state: ToolState::Ok,
        runnable: false,
        reason: None,
        needs: Need::of(&manifest.permissions),
        risk: Risk::of(manifest.cost_tier, &manifest.permissions, hidden(&loaded.files)),
        evolved_from: None,
        copy_of: None,
        shadowed_by: None,
        shadows: Vec::new(),
        clashes: Vec::new(),
        files: u32::try_from(loaded.files.len()).unwrap_or(u32::MAX),
        bytes: loaded.files.iter().map(|file| file.bytes.len() as u64).sum(),
        modified_at: Instant(i64::try_from(modified_ns / 1_000_000).unwrap_or_default()),
        facts: ToolFacts::default(),
    };
    family::name_by_folder(&mut tool);
    if loaded.reading.is_named_by_folder
        && let Some(name) = ToolName::of_title(&format!("{}_{}", file_of(&placement.base), tool.name))
    {
        tool.name = name;
    }
    tool
}

/// Characters in the files that a reader would not see. A file that is no text has none to read.
fn hidden(files: &[VersionFile]) -> usize {
    files.iter().filter_map(|file| std::str::from_utf8(&file.bytes).ok()).map(SafeText::count_hidden).sum()
}

/// A description as long as a row may hold.
fn cut(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(limits::ROW_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Reads everything about a tool from disk as it is now; its digest and row are made anew.
///
/// # Errors
/// A [`Problem`] when the definition is gone or is no tool any more.
pub fn read(plan: &ScanPlan, tool: &Tool) -> Result<ToolDetail, Problem> {
    let programs = Programs::of_this_process();
    let base = &tool.placement.base;
    let members = if tool.placement.exclusive { files::all_below(plan, base)? } else { shared_members(plan, tool)? };
    let newest = members.iter().map(|member| member.stamp.modified_ns).max().unwrap_or_default();
    let candidate = DefinitionCandidate {
        definition: tool.path.clone(),
        format: tool.format,
        placement: tool.placement.clone(),
        members: Ok(Vec::new()),
        kin: None,
    };
    let loaded = load(plan, &candidate, &members, &programs, &mut Vec::new())?;
    let mut row = row(plan, &tool.path, tool.format, &tool.placement, &loaded, newest);
    family::lend(&mut row, tool);
    Ok(detail(row, tool, loaded, &programs))
}

/// The definition and, for a pair, the script of its stem that the scan would take.
fn shared_members(plan: &ScanPlan, tool: &Tool) -> Result<Vec<Member>, Problem> {
    let base = &tool.placement.base;
    let definition = file_of(&tool.path);
    let mut members = vec![files::member(plan, base, definition)?];
    if tool.format == Format::Pair
        && let Some(script) = walk::script_of(plan, base, definition)
    {
        members.push(files::member(plan, base, &script)?);
    }
    if let Some(description) = walk::description_file(plan, base, definition) {
        members.push(files::member(plan, base, &description)?);
    }
    members.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(members)
}

/// Understands the files of a version that is kept elsewhere; `tool` is a row of that name, which
/// lends its place and what the store knows. The manifest is the one that [`read`] would give.
///
/// # Errors
/// A [`Problem`] when the files hold no definition.
pub fn read_files(files: Vec<VersionFile>, tool: &Tool) -> Result<ToolDetail, Problem> {
    let programs = Programs::of_this_process();
    let known = below(&tool.placement.base, &tool.path).unwrap_or(&tool.path);
    let Some((definition, format)) = reading::definition_of(&files, known, tool.format) else {
        return Err(files::unreadable(&tool.path, &std::io::ErrorKind::NotFound.into()));
    };
    let mut files = files;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let reading = reading::read(&files, &definition, format, &programs)?;
    let plan = ScanPlan { workspace: std::path::PathBuf::new(), roots: Vec::new() };
    let loaded = LoadedVersion { files, reading };
    let mut row = row(&plan, &tool.path, format, &tool.placement, &loaded, 0);
    row.modified_at = tool.modified_at;
    row.stage = tool.stage;
    row.name.clone_from(&tool.name);
    if row.digest == tool.digest {
        // What was copied may state the version that it was copied from; where it lay said which it is.
        row.version.clone_from(&tool.version);
        row.evolved_from.clone_from(&tool.evolved_from);
    }
    if loaded.reading.manifest.category.is_none() {
        row.category = tool.category.clone();
    }
    Ok(detail(row, tool, loaded, &programs))
}

fn detail(mut row: Tool, known: &Tool, loaded: LoadedVersion, programs: &Programs) -> ToolDetail {
    let LoadedVersion { files, mut reading } = loaded;
    reading.manifest.name.clone_from(&row.name);
    reading.manifest.version.clone_from(&row.version);
    set_reason(&mut row, reading.obstacle.as_ref(), &reading.programs, programs);
    row.copy_of.clone_from(&known.copy_of);
    row.shadowed_by.clone_from(&known.shadowed_by);
    row.shadows.clone_from(&known.shadows);
    row.clashes.clone_from(&known.clashes);
    row.facts.clone_from(&known.facts);
    if row.digest == known.digest && known.state == ToolState::Changed {
        // That it changed since its approval is known by the store alone.
        row.state = ToolState::Changed;
    }
    ToolDetail { tool: row, manifest: reading.manifest, files }
}
