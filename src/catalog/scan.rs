//! Tools folders to rows: walk, read what changed, line up.

use super::argv::Script;
use super::cache::{self, Cache, CacheRow, CachedPlace, CachedScan, Scanned};
use super::caught::caught;
use super::claims::{self, Claim};
use super::description;
use super::document::Syntax;
use super::entries::{self, RecipeNeeds};
use super::family;
use super::files::{self, Member, OpenFolder};
use super::found_definition::Definition;
use super::lineup::{alias_clashes, line_up};
use super::local_modules;
use super::looked_at::LookedAt;
use super::members;
use super::needed::Needed;
use super::no_definition;
use super::other_words;
use super::plan::{ScanPlan, below, file_of, folder_of, join};
use super::programs::Programs;
use super::reading::{self, ParsedVersion};
use super::run_python::RunPython;
use super::scan_result::{Progress, Scan};
use super::script_places;
use super::walk::{self, Belonging, DefinitionCandidate};
use super::{beside::Beside, obstacle::Obstacle, part, skipped, steps, threads};
use crate::domain::{
    Category, CostTier, Digest, Format, Instant, NEEDS_FILE, Need, Placement, Problem, ProblemCode, Promotions, Risk,
    SkippedFile, Tool, ToolDetail, ToolExtras, ToolState, VersionFile,
};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant as Clock};

/// Rows between two calls of `progress` at most.
const ROWS_PER_STEP: usize = 500;
/// Time between two calls of `progress` at most, while rows come in.
const STEP: Duration = Duration::from_millis(50);
/// Definitions that a thread reads before it hands them over.
const BATCH: usize = 16;
/// Batches that wait until the scan takes them, so that threads that are ahead of it take no memory.
const WAITING: usize = 64;

/// Scans all roots of a plan. Every definition on disk is a row or a problem of the result.
pub fn scan(plan: &ScanPlan, cache: &Cache, progress: &mut dyn FnMut(Progress<'_>)) -> Scan {
    let found = walk::walk(plan);
    let mut scan = Scan {
        problems: found.problems,
        skipped: found.skipped,
        roots: plan.stages_of_roots(),
        places: found.places,
        is_whole: true,
        ..Scan::default()
    };
    progress(Progress { done: 0, total: found.candidates.len(), new_rows: &[], fresh: &mut scan.fresh });
    let mut candidates = found.candidates;
    let mut lost = read_all(plan, cache, &candidates, &mut scan, progress);
    while !lost.is_empty() {
        let more = claims::released(plan, &lost, &mut candidates, &mut scan);
        lost = read_all(plan, cache, &more, &mut scan, progress);
        candidates.extend(more);
    }
    let mut found: HashSet<&str> = candidates.iter().map(|candidate| candidate.definition.as_str()).collect();
    for unread in &scan.unread {
        // The earlier state is no longer valid.
        found.remove(unread.path());
    }
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
    scan.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    scan.skipped.dedup();
    scan
}

/// Reads candidates; gives those that lost what they took by their name.
fn read_all(
    plan: &ScanPlan,
    cache: &Cache,
    candidates: &[DefinitionCandidate],
    scan: &mut Scan,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Vec<(DefinitionCandidate, Claim)> {
    let total = candidates.len();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (tx, rx) = mpsc::sync_channel(WAITING);
        for _ in 0..threads::readers().min(candidates.chunks(BATCH).len()) {
            let (tx, next) = (tx.clone(), &next);
            scope.spawn(move || {
                let programs = Programs::for_runs(&plan.python);
                let mut folder = OpenFolder::default();
                while let Some(batch) = candidates.chunks(BATCH).nth(next.fetch_add(1, Ordering::Relaxed)) {
                    let read = |candidate| (candidate, definition(plan, cache, candidate, &programs, &mut folder));
                    if tx.send(batch.iter().map(read).collect()).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tx);
        receive(plan, &rx, total, scan, progress)
    })
}

fn receive(
    plan: &ScanPlan,
    rx: &mpsc::Receiver<Vec<(&DefinitionCandidate, Definition)>>,
    total: usize,
    scan: &mut Scan,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Vec<(DefinitionCandidate, Claim)> {
    let mut lost = Vec::new();
    let (mut done, mut shown, mut step) = (0, 0, Clock::now());
    while let Ok(batch) = rx.recv() {
        done += batch.len();
        for (candidate, definition) in batch {
            if definition.claim != Claim::Kept {
                lost.push((candidate.clone(), definition.claim));
            }
            scan.is_whole &= definition.is_kept;
            scan.unread.extend(definition.unread);
            if definition.results.is_empty() && definition.claim != Claim::Void {
                let kind = match candidate.format {
                    Format::Entry => skipped::NO_ENTRIES,
                    Format::Header => skipped::MODULE,
                    _ => skipped::data(plan, &candidate.definition),
                };
                scan.skipped.push(SkippedFile { path: candidate.definition.clone(), kind });
            }
            for result in definition.results {
                match result {
                    Ok(tool) => scan.tools.push(Arc::from(tool)),
                    Err(problem) => scan.problems.push(problem),
                }
            }
            scan.fresh.extend(definition.fresh.map(|row| (candidate.definition.clone(), row)));
        }
        if scan.tools.len() - shown >= ROWS_PER_STEP
            || (step.elapsed() >= STEP && scan.tools.len() > shown)
            || done == total
        {
            progress(Progress { done, total, new_rows: &scan.tools[shown..], fresh: &mut scan.fresh });
            shown = scan.tools.len();
            step = Clock::now();
        }
    }
    lost
}

fn definition(
    plan: &ScanPlan,
    cache: &Cache,
    candidate: &DefinitionCandidate,
    programs: &Programs,
    folder: &mut OpenFolder,
) -> Definition {
    let read = || read_definition(plan, cache, candidate, programs, folder);
    caught(&candidate.definition, read).unwrap_or_else(Definition::failed)
}

fn read_definition(
    plan: &ScanPlan,
    cache: &Cache,
    candidate: &DefinitionCandidate,
    programs: &Programs,
    folder: &mut OpenFolder,
) -> Definition {
    let members = match candidate.members(plan, folder) {
        Ok(members) => members,
        Err(problem) => return Definition::unread(plan, candidate, problem, programs),
    };
    let members = members.as_slice();
    let settle = |results: Vec<Scanned>| results.into_iter().map(|one| settled(plan, one, programs)).collect();
    if let Some(row) = cache.hit(plan, candidate, members).filter(|row| row.is_known(programs)) {
        let claim = claims::of(plan, candidate, members, &row.results);
        return Definition { results: settle(row.results), fresh: None, unread: None, is_kept: true, claim };
    }
    let mut looked_at = LookedAt::default();
    let results = if candidate.format == Format::Entry {
        entry_results(plan, candidate, members, programs, &mut looked_at)
            .unwrap_or_else(|problem| vec![Scanned::Problem(problem)])
    } else {
        match load(plan, candidate, members, programs, &mut looked_at) {
            Ok(loaded) if claims::hides(plan, candidate, &loaded.files, loaded.reading.is_module) => {
                return Definition::void();
            }
            Ok(loaded) => {
                let is_module = loaded.reading.is_module && no_definition::is_module(plan, candidate, &mut looked_at);
                let parts = parts(plan, candidate, members, programs, &loaded, &mut looked_at);
                let is_row = !is_module && (parts.is_empty() || part::starts_itself(candidate, &loaded.reading));
                let own = is_row.then(|| row(plan, &VersionPlace::of(candidate, members), &loaded));
                let own = own.map(|row| members::scanned(row, loaded.reading, &loaded.files));
                own.into_iter().flatten().chain(parts).collect()
            }
            Err(problem) => match definitions_in(plan, candidate, members, programs, &problem, &mut looked_at) {
                Some(definitions) => definitions,
                None if no_definition::is_data(plan, candidate, &problem) => Vec::new(),
                None => vec![Scanned::Problem(problem)],
            },
        }
    };
    let claim = claims::of(plan, candidate, members, &results);
    if claim == Claim::Void {
        return Definition::void();
    }
    let row = CachedScan { place: CachedPlace::of(candidate, members), looked_at: looked_at.paths(), results };
    let is_young = members.iter().map(|member| &member.stamp).chain(looked_at.stamps()).any(files::is_young);
    let fingerprint = || {
        let (format, exclusive) = (candidate.format.word(), candidate.placement.exclusive);
        cache::fingerprint(format, exclusive, members, &looked_at)
    };
    let payload = (!is_young).then(|| row.pack()).flatten();
    let fresh = payload.map(|payload| CacheRow { fingerprint: fingerprint(), payload });
    let is_kept = fresh.is_some();
    Definition { results: settle(row.results), fresh, unread: None, is_kept, claim }
}

/// The location and form of a version.
struct VersionPlace<'a> {
    path: &'a str,
    format: Format,
    placement: &'a Placement,
    /// The newest modification among its files.
    newest_ns: i128,
}

impl<'a> VersionPlace<'a> {
    fn of(candidate: &'a DefinitionCandidate, members: &[Member]) -> VersionPlace<'a> {
        let DefinitionCandidate { definition, format, placement, .. } = candidate;
        VersionPlace { path: definition, format: *format, placement, newest_ns: newest(members) }
    }
}

fn newest(members: &[Member]) -> i128 {
    members.iter().map(|member| member.stamp.modified_ns).max().unwrap_or_default()
}

fn scanned(plan: &ScanPlan, place: &VersionPlace<'_>, loaded: LoadedVersion) -> Scanned {
    let tool = Box::new(row(plan, place, &loaded));
    let ParsedVersion { needed, obstacle, .. } = loaded.reading;
    Scanned::Tool { tool, needed, obstacle }
}

/// The tools in a file that holds several.
fn entry_results(
    plan: &ScanPlan,
    candidate: &DefinitionCandidate,
    members: &[Member],
    programs: &Programs,
    looked_at: &mut LookedAt,
) -> Result<Vec<Scanned>, Problem> {
    let folder = folder_of(&candidate.definition);
    let at_home = |problem: Problem| Problem { path: join(folder, &problem.path), ..problem };
    let member = members.iter().find(|member| member.at == candidate.definition);
    let member =
        member.ok_or_else(|| files::unreadable(&candidate.definition, &std::io::ErrorKind::NotFound.into()))?;
    let file = files::read(plan, member)?;
    let versions = entries::versions(&candidate.definition, &file).map_err(at_home)?;
    let facts = part::SharedFacts::of(std::slice::from_ref(&file));
    let mut one = |version: Result<entries::EntryVersion, Problem>| {
        let mut version = version.map_err(at_home)?;
        let fault = part::add_script(plan, folder, &mut version, looked_at);
        let mut loaded = load_entry(version.files, version.needs, &facts, programs)
            .map_err(|problem| Problem { path: version.placement.base.clone(), ..problem })?;
        loaded.reading.obstacle = fault.or(loaded.reading.obstacle);
        let (placement, newest_ns) = (&version.placement, member.stamp.modified_ns);
        Ok(scanned(plan, &VersionPlace { path: &placement.base, format: Format::Entry, placement, newest_ns }, loaded))
    };
    Ok(versions.into_iter().map(|version| one(version).unwrap_or_else(Scanned::Problem)).collect())
}

/// The tools in a file, in addition to the file itself.
fn parts(
    plan: &ScanPlan,
    candidate: &DefinitionCandidate,
    members: &[Member],
    programs: &Programs,
    loaded: &LoadedVersion,
    looked_at: &mut LookedAt,
) -> Vec<Scanned> {
    let is_list = candidate.format == Format::Manifest && loaded.reading.manifest.extra.contains_key("tools");
    let may_hold = candidate.format == Format::Header || is_list;
    let stands_alone = may_hold && !candidate.placement.exclusive;
    let file = loaded.files.iter().find(|file| join(&candidate.placement.base, &file.path) == candidate.definition);
    let function = loaded.reading.manifest.recipe.as_ref().and_then(|recipe| recipe.function.as_deref());
    let holds_more = stands_alone && file.is_some_and(|file| entries::holds_more(file, function));
    let found = holds_more.then(|| entry_results(plan, candidate, members, programs, looked_at).ok()).flatten();
    found.unwrap_or_default()
}

/// The definitions in a document that is not itself one; `None` if there are none.
fn definitions_in(
    plan: &ScanPlan,
    candidate: &DefinitionCandidate,
    members: &[Member],
    programs: &Programs,
    problem: &Problem,
    looked_at: &mut LookedAt,
) -> Option<Vec<Scanned>> {
    let may_hold = matches!(problem.code, ProblemCode::UnknownDialect | ProblemCode::BadSyntax)
        && Syntax::of(&candidate.definition).is_some();
    let results = may_hold.then(|| entry_results(plan, candidate, members, programs, looked_at).ok()).flatten()?;
    (!results.is_empty()).then_some(results)
}

fn load_entry(
    files: Vec<VersionFile>,
    needs: RecipeNeeds,
    facts: &part::SharedFacts,
    programs: &Programs,
) -> Result<LoadedVersion, Problem> {
    let mut reading = reading::read(&files, entries::definition(), Format::Native, programs)?;
    reading.obstacle = facts.obstacle(reading.obstacle.take());
    reading.needed = reading.needed.with_recipe(needs);
    Ok(LoadedVersion { files, reading })
}

/// The row with what depends on the plan and on this machine now.
pub(super) fn settled(plan: &ScanPlan, scanned: Scanned, programs: &Programs) -> Result<Box<Tool>, Problem> {
    let (mut tool, needed, obstacle) = match scanned {
        Scanned::Tool { tool, needed, obstacle } => (tool, needed, obstacle),
        Scanned::Problem(problem) => return Err(problem),
    };
    tool.stage = plan.stage_of(&tool.path, &tool.placement);
    set_reason(&mut tool, obstacle.as_ref(), &needed, (programs, plan));
    Ok(tool)
}

fn set_reason(tool: &mut Tool, obstacle: Option<&Obstacle>, needed: &Needed, machine: (&Programs, &ScanPlan)) {
    tool.reason = reading::reason(tool, obstacle, needed, machine);
    tool.runnable = tool.reason.is_none();
    tool.state =
        if matches!(obstacle, Some(Obstacle::Unsupported(_))) { ToolState::Unsupported } else { ToolState::Ok };
}

/// The files of a version, and their content.
struct LoadedVersion {
    files: Vec<VersionFile>,
    reading: ParsedVersion,
}

/// Reads all files of a candidate, the scripts that it names elsewhere in the workspace, and the files that they import.
fn load(
    plan: &ScanPlan,
    candidate: &DefinitionCandidate,
    members: &[Member],
    programs: &Programs,
    looked_at: &mut LookedAt,
) -> Result<LoadedVersion, Problem> {
    let base = &candidate.placement.base;
    let definition = below(base, &candidate.definition).unwrap_or(&candidate.definition);
    let mut files = members.iter().map(|member| files::read(plan, member)).collect::<Result<Vec<_>, _>>()?;
    let at_home = |problem: Problem| Problem { path: join(base, &problem.path), ..problem };
    let Some(file) = files.iter().find(|file| file.path == definition) else {
        return Err(files::unreadable(&candidate.definition, &std::io::ErrorKind::NotFound.into()));
    };
    let beside = Beside::on_disk(plan, (base, candidate.placement.exclusive), file, looked_at);
    let draft = reading::draft(file, &beside, programs).map_err(at_home)?;
    let mut fault = None;
    if !candidate.placement.exclusive {
        for script in reading::scripts(&draft) {
            let Some(member) = look_for(plan, base, &candidate.definition, script, looked_at)? else { continue };
            if !files.iter().any(|file| file.path == member.path) {
                files.push(files::read(plan, &member)?);
            }
        }
        fault = local_modules::add(plan, base, &mut files, looked_at);
        files.sort_by(|a, b| a.path.cmp(&b.path));
    }
    let draft = reading::of_version(draft, (&beside, base), (&files, definition), programs).map_err(at_home)?;
    let mut reading = reading::finish(draft, definition, candidate.format, &files, programs);
    // A missing need caused by it is not reported again.
    let is_of_files = matches!(&reading.obstacle, Some(Obstacle::Incomplete(why)) if why.starts_with(NEEDS_FILE));
    let fault = fault.map(Obstacle::Incomplete);
    reading.obstacle = if is_of_files { fault.or(reading.obstacle) } else { reading.obstacle.or(fault) };
    Ok(LoadedVersion { files, reading })
}

/// Looks for a named script in the places where real definitions keep them. A script outside the
/// definition's folder is kept in the version as `@/` and its path in the workspace.
fn look_for(
    plan: &ScanPlan,
    base: &str,
    definition: &str,
    script: Script<'_>,
    looked_at: &mut LookedAt,
) -> Result<Option<Member>, Problem> {
    let root = plan.root_of(definition).map(|(_, at)| at).unwrap_or_default();
    for place in script_places::places(script, base, &root) {
        looked_at.note(plan, &place);
        if plan.on_disk(&place).symlink_metadata().is_err() {
            continue;
        }
        if let Some(inside) = below(base, &place) {
            files::never_left_out(inside, definition)?;
            return files::member(plan, base, inside).map(Some);
        }
        let collection = folder_of(&root);
        let top = if place.starts_with('/') { collection } else { "" };
        let Some(inside) = below(top, &place) else { continue };
        files::never_left_out(inside, definition)?;
        let member = files::member(plan, top, inside)?;
        return Ok(Some(Member { path: format!("@/{inside}"), ..member }));
    }
    Ok(None)
}

/// The catalog row of a loaded version.
fn row(plan: &ScanPlan, place: &VersionPlace<'_>, loaded: &LoadedVersion) -> Tool {
    let manifest = &loaded.reading.manifest;
    let VersionPlace { path, format, placement, newest_ns } = *place;
    let by_folder = || plan.category_of(path, placement);
    let category = manifest.category.clone().or_else(by_folder).unwrap_or_else(|| Category::new(""));
    let complete = manifest.composite.as_ref().filter(|_| loaded.reading.obstacle.is_none());
    let extras = ToolExtras {
        title: manifest.title.clone(),
        capabilities: manifest.capabilities.clone(),
        aliases: manifest.aliases.clone(),
        needs: Need::of(&manifest.permissions),
        generator: manifest.prompt.as_ref().and_then(|prompt| prompt.generator.clone()),
        // Obstacles independent of its called steps are not considered here.
        steps: complete.map(|composite| steps::step_tools(composite, manifest.cost_tier)),
        ..ToolExtras::default()
    };
    let mut tool = Tool {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        digest: Digest::of_files(&loaded.files),
        stage: plan.stage_of(path, placement),
        kind: manifest.kind,
        category,
        cost_tier: manifest.cost_tier.unwrap_or(CostTier::Medium),
        classified: manifest.cost_tier.is_some(),
        description: description::cut(&manifest.description),
        tags: manifest.tags.clone(),
        keywords: manifest.keywords.iter().collect(),
        use_cases: manifest.use_cases.iter().collect(),
        code_sketch: other_words::sketch(manifest, &loaded.files),
        other_words: other_words::of(manifest, &loaded.files, &plan.folders_above(path, placement)),
        idempotent: manifest.idempotent,
        path: path.to_owned(),
        placement: placement.clone(),
        format,
        origin: loaded.reading.origin,
        state: ToolState::Ok,
        runnable: false,
        reason: None,
        risk: Risk::of(manifest.cost_tier, &manifest.permissions, files::hidden(&loaded.files)),
        extras: extras.into(),
        files: u32::try_from(loaded.files.len()).unwrap_or(u32::MAX),
        bytes: loaded.files.iter().map(|file| file.bytes.len() as u64).sum(),
        modified_at: Instant(i64::try_from(newest_ns / 1_000_000).unwrap_or_default()),
        facts: Arc::default(),
    };
    family::name_by_folder(&mut tool);
    if loaded.reading.is_named_by_folder
        && let Some(name) = family::named_by_folder(plan, &tool)
        && files::unusable_name(name.as_str()).is_none()
    {
        tool.name = name;
    }
    tool
}

/// Reads everything about a tool from disk as it is now; its digest and row are made anew.
///
/// # Errors
/// A [`Problem`] if the definition was removed or is no longer a tool.
pub fn read(plan: &ScanPlan, tool: &Tool) -> Result<ToolDetail, Problem> {
    let programs = Programs::for_runs(&plan.python);
    let (mut loaded, newest_ns) = match tool.placement.entry() {
        Some((file, _)) => read_entry(plan, tool, file, &programs)?,
        None => read_version(plan, tool, &programs)?,
    };
    let mut row = row(
        plan,
        &VersionPlace { path: tool.definition(), format: tool.format, placement: &tool.placement, newest_ns },
        &loaded,
    );
    members::narrow(&mut row, &mut loaded.reading, tool, &loaded.files)?;
    family::lend(&mut row, tool);
    Ok(detail(row, tool, loaded, (&programs, plan)))
}

fn read_version(plan: &ScanPlan, tool: &Tool, programs: &Programs) -> Result<(LoadedVersion, i128), Problem> {
    let base = &tool.placement.base;
    let members = if tool.placement.exclusive { files::all_below(plan, base)? } else { shared_members(plan, tool)? };
    let candidate = DefinitionCandidate {
        definition: tool.definition().to_owned(),
        format: tool.format,
        placement: tool.placement.clone(),
        belonging: Belonging::WholeFolder,
        kin: None,
    };
    Ok((load(plan, &candidate, &members, programs, &mut LookedAt::default())?, newest(&members)))
}

fn read_entry(plan: &ScanPlan, tool: &Tool, file: &str, programs: &Programs) -> Result<(LoadedVersion, i128), Problem> {
    let folder = folder_of(file);
    let at_home = |problem: Problem| Problem { path: join(folder, &problem.path), ..problem };
    let member = files::member(plan, folder, file_of(file))?;
    let own = files::read(plan, &member)?;
    let versions = entries::versions(file, &own).map_err(at_home)?;
    let found = versions.into_iter().flatten().find(|version| version.placement == tool.placement);
    let mut found = found.ok_or_else(|| files::unreadable(&tool.path, &std::io::ErrorKind::NotFound.into()))?;
    let facts = part::SharedFacts::of(std::slice::from_ref(&own));
    let fault = part::add_script(plan, folder, &mut found, &mut LookedAt::default());
    let mut loaded = load_entry(found.files, found.needs, &facts, programs)
        .map_err(|problem| Problem { path: tool.path.clone(), ..problem })?;
    loaded.reading.obstacle = fault.or(loaded.reading.obstacle);
    Ok((loaded, member.stamp.modified_ns))
}

/// The definition and, for a pair, the script of its stem that the scan would take.
fn shared_members(plan: &ScanPlan, tool: &Tool) -> Result<Vec<Member>, Problem> {
    let base = &tool.placement.base;
    let definition = file_of(tool.definition());
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
    let plan = ScanPlan { workspace: std::path::PathBuf::new(), roots: Vec::new(), python: RunPython::default() };
    let programs = Programs::for_runs(&plan.python);
    let known = below(&tool.placement.base, tool.definition()).unwrap_or(tool.definition());
    let Some((definition, format)) = reading::definition_of(&files, known, tool.format) else {
        return Err(files::unreadable(&tool.path, &std::io::ErrorKind::NotFound.into()));
    };
    let mut files = files;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut reading = reading::read(&files, &definition, format, &programs)?;
    if tool.placement.entry().is_some() {
        reading.obstacle = part::SharedFacts::of(&files).obstacle(reading.obstacle.take());
        reading.needed = reading.needed.with_recipe(entries::needs_of(&tool.placement, &files));
    }
    let mut loaded = LoadedVersion { files, reading };
    let format = if tool.placement.entry().is_some() { tool.format } else { format };
    let place = VersionPlace { path: tool.definition(), format, placement: &tool.placement, newest_ns: 0 };
    let mut row = row(&plan, &place, &loaded);
    members::narrow(&mut row, &mut loaded.reading, tool, &loaded.files)?;
    row.modified_at = tool.modified_at;
    row.stage = tool.stage;
    row.name.clone_from(&tool.name);
    if row.digest == tool.digest {
        // A copied version may state the version of its original; its location identifies it.
        row.version.clone_from(&tool.version);
        row.other_words.clone_from(&tool.other_words);
        row.evolved_from.clone_from(&tool.evolved_from);
    }
    if loaded.reading.manifest.category.is_none() {
        row.category = tool.category.clone();
    }
    Ok(detail(row, tool, loaded, (&programs, &plan)))
}

fn detail(mut row: Tool, known: &Tool, loaded: LoadedVersion, (programs, plan): (&Programs, &ScanPlan)) -> ToolDetail {
    let LoadedVersion { files, mut reading } = loaded;
    reading.manifest.name.clone_from(&row.name);
    reading.manifest.version.clone_from(&row.version);
    set_reason(&mut row, reading.obstacle.as_ref(), &reading.needed, (programs, plan));
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
