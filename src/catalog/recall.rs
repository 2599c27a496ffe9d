//! The last scan without another one: while no folder changed and each file of it is as it was, what was found then is
//! what a scan would find now.

use super::cache::{CacheRow, CachedPlace, CachedScan, Fingerprint, Scanned};
use super::files::{self, OpenFolder};
use super::looked_at::LookedAt;
use super::places::{self, PlaceStamp};
use super::plan::ScanPlan;
use super::programs::Programs;
use super::scan::{READERS, settled};
use super::scan_result::Scan;
use super::skipped;
use crate::domain::{Problem, SkippedFile, Stage, Tool, ToolName};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Cached rows that a thread looks at before it takes the next ones.
const BATCH: usize = 64;

/// Batches that wait for a thread, so that reading them ahead takes no memory.
const WAITING: usize = 8;

/// What a scan found beside what the cache holds of each definition: the folders, what the rows are to each other, and
/// what is no row.
#[derive(Debug, Serialize, Deserialize)]
pub struct ScanFrame {
    /// Whether the cache holds each definition that the scan found.
    is_whole: bool,
    /// The folders that the plan named, with their stages.
    roots: Vec<(String, Option<Stage>)>,
    /// The folders that were listed.
    places: Vec<PlaceStamp>,
    /// In the order of the scan.
    rows: Vec<RowFrame>,
    problems: Vec<Problem>,
    /// Path and kind.
    skipped: Vec<(String, String)>,
}

/// A row, and what it is to others.
#[derive(Debug, Serialize, Deserialize)]
pub struct RowFrame {
    /// Its path.
    pub path: String,
    /// `None` for nothing.
    relations: Option<Box<Relations>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Relations {
    name: String,
    version: String,
    evolved_from: Option<String>,
    copy_of: Option<String>,
    shadowed_by: Option<String>,
    shadows: Vec<String>,
    clashes: Vec<String>,
}

impl ScanFrame {
    /// The frame of a scan.
    pub fn of(scan: &Scan) -> ScanFrame {
        let row = |tool: &Arc<Tool>| RowFrame { path: tool.path.clone(), relations: Relations::of(tool).map(Box::new) };
        ScanFrame {
            is_whole: scan.is_whole,
            roots: scan.roots.clone(),
            places: scan.places.clone(),
            rows: scan.tools.iter().map(row).collect(),
            problems: scan.problems.clone(),
            skipped: scan.skipped.iter().map(|file| (file.path.clone(), file.kind.to_owned())).collect(),
        }
    }

    /// Whether the cache holds each definition that the scan found.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether the plan names the same folders, and no file came, went or was renamed in them since.
    pub fn is_unchanged(&self, plan: &ScanPlan) -> bool {
        self.roots == plan.stages_of_roots() && places::are_unchanged(plan, &self.places)
    }

    /// The rows, in the order of the scan.
    pub fn rows(&self) -> &[RowFrame] {
        &self.rows
    }
}

impl RowFrame {
    /// Makes of `tool`, which is what its own files say, the row that it was among the others. `None` for a frame that
    /// holds no name or no version.
    pub fn place(&self, tool: &mut Tool) -> Option<()> {
        let Some(relations) = &self.relations else { return Some(()) };
        tool.name = ToolName::new(&relations.name).ok()?;
        tool.version = semver::Version::parse(&relations.version).ok()?;
        tool.evolved_from.clone_from(&relations.evolved_from);
        tool.copy_of.clone_from(&relations.copy_of);
        tool.shadowed_by.clone_from(&relations.shadowed_by);
        tool.shadows.clone_from(&relations.shadows);
        tool.clashes.clone_from(&relations.clashes);
        Some(())
    }
}

impl Relations {
    fn of(tool: &Tool) -> Option<Relations> {
        (tool.evolved_from.is_some() || tool.is_related()).then(|| Relations {
            name: tool.name.to_string(),
            version: tool.version.to_string(),
            evolved_from: tool.evolved_from.clone(),
            copy_of: tool.copy_of.clone(),
            shadowed_by: tool.shadowed_by.clone(),
            shadows: tool.shadows.clone(),
            clashes: tool.clashes.clone(),
        })
    }
}

/// What a scan would find now, made from the last one; `None` as soon as anything is not as it was. `rows` hands over all
/// rows of the cache, in any order.
///
/// # Errors
/// What `rows` says.
pub fn recall<E>(
    plan: &ScanPlan,
    frame: &ScanFrame,
    rows: impl FnOnce(&mut dyn FnMut(CacheRow)) -> Result<(), E>,
) -> Result<Option<Scan>, E> {
    if !frame.is_whole || !frame.is_unchanged(plan) {
        return Ok(None);
    }
    let Some(skipped) = skipped_again(&frame.skipped) else { return Ok(None) };
    let order: HashMap<&str, usize> = frame.rows.iter().enumerate().map(|(at, row)| (row.path.as_str(), at)).collect();
    let found: Mutex<Vec<Option<Arc<Tool>>>> = Mutex::new(Vec::new());
    found.lock().unwrap_or_else(PoisonError::into_inner).resize_with(frame.rows.len(), || None);
    let is_same = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let (tx, rx) = sync_channel(WAITING);
        let rx = Arc::new(Mutex::new(rx));
        for _ in 0..READERS {
            let (rx, is_same) = (Arc::clone(&rx), &is_same);
            let reader = Reader { plan, frame, order: &order, found: &found };
            scope.spawn(move || reader.read_all(&rx, is_same));
        }
        // Only the threads hold it: when none is left, nothing is sent any more.
        drop(rx);
        let mut batch = Vec::with_capacity(BATCH);
        let done = rows(&mut |row| {
            batch.push(row);
            if batch.len() == BATCH {
                drop(tx.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))));
            }
        });
        drop(tx.send(batch));
        drop(tx);
        done
    })?;
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let tools: Option<Vec<Arc<Tool>>> = found.into_iter().collect();
    let Some(tools) = tools.filter(|_| is_same.into_inner()) else { return Ok(None) };
    Ok(Some(Scan { tools, problems: frame.problems.clone(), skipped, is_whole: true, ..Scan::default() }))
}

fn skipped_again(files: &[(String, String)]) -> Option<Vec<SkippedFile>> {
    files.iter().map(|(path, kind)| Some(SkippedFile { path: path.clone(), kind: skipped::kind(kind)? })).collect()
}

/// One of the threads that look at cached rows.
struct Reader<'a> {
    plan: &'a ScanPlan,
    frame: &'a ScanFrame,
    /// The places of rows in the frame, by path.
    order: &'a HashMap<&'a str, usize>,
    found: &'a Mutex<Vec<Option<Arc<Tool>>>>,
}

impl Reader<'_> {
    /// Looks at rows until there are no more, and notes when one is not as it was.
    fn read_all(&self, rows: &Mutex<Receiver<Vec<CacheRow>>>, is_same: &AtomicBool) {
        let programs = Programs::for_runs(&self.plan.python);
        let mut folder = OpenFolder::default();
        let next = || rows.lock().unwrap_or_else(PoisonError::into_inner).recv();
        while let Ok(batch) = next() {
            // What is known to be of no use is still taken from whoever hands it over.
            if is_same.load(Ordering::Relaxed) && self.read(&batch, &programs, &mut folder).is_none() {
                is_same.store(false, Ordering::Relaxed);
            }
        }
    }

    fn read(&self, batch: &[CacheRow], programs: &Programs, folder: &mut OpenFolder) -> Option<()> {
        let mut tools = Vec::with_capacity(batch.len());
        for row in batch {
            for result in results(self.plan, row, programs, folder)? {
                if matches!(result, Scanned::Problem(_)) {
                    continue;
                }
                let mut tool = settled(self.plan, result, programs).ok()?;
                let at = *self.order.get(tool.path.as_str())?;
                self.frame.rows[at].place(&mut tool)?;
                tools.push((at, Arc::from(tool)));
            }
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, tool) in tools {
            found[at] = Some(tool);
        }
        Some(())
    }
}

/// Whether the files of all these definitions are as they were when the rows were kept. Needs no memory for what was
/// read of them.
pub fn rows_are_unchanged(plan: &ScanPlan, rows: &[CacheRow]) -> bool {
    let mut folder = OpenFolder::default();
    let mut is_same = |row: &CacheRow| {
        let (place, looked_at) = row.place()?;
        Some(fingerprint_now(plan, &place, &looked_at, &mut folder)?[..] == row.fingerprint)
    };
    rows.iter().all(|row| is_same(row) == Some(true))
}

/// What was read of a definition whose files are still the same; `None` for any other.
fn results(plan: &ScanPlan, row: &CacheRow, programs: &Programs, folder: &mut OpenFolder) -> Option<Vec<Scanned>> {
    let CachedScan { place, looked_at, results } = row.unpack().filter(|row| row.is_known(programs))?;
    let fingerprint = fingerprint_now(plan, &place, &looked_at, folder)?;
    (fingerprint[..] == row.fingerprint).then_some(results)
}

/// The fingerprint that a definition has now; `None` where its files cannot be looked at.
fn fingerprint_now(
    plan: &ScanPlan,
    place: &CachedPlace,
    looked_at: &[String],
    folder: &mut OpenFolder,
) -> Option<[u8; 32]> {
    let mut fingerprint = Fingerprint::new(&place.format, place.exclusive);
    if place.exclusive {
        for member in files::all_below(plan, &place.base).ok()? {
            fingerprint.add("", &member.at, Some(member.stamp));
        }
    } else {
        for name in &place.members {
            fingerprint.add(&place.base, name, Some(folder.stamp(plan, &place.base, name).ok()?));
        }
    }
    Some(fingerprint.of(&LookedAt::now(plan, looked_at)))
}

/// The row that a scan kept of a definition whose files are still the same; `None` for any other, and for one of several
/// in a file. What other rows are to it is not known to it.
///
/// Which files belong to it is known as of that scan: the folders must be as they were.
pub fn unchanged(plan: &ScanPlan, row: &CacheRow) -> Option<Box<Tool>> {
    let programs = Programs::for_runs(&plan.python);
    let mut results = results(plan, row, &programs, &mut OpenFolder::default())?;
    let only = results.pop().filter(|_| results.is_empty())?;
    let is_alone = matches!(&only, Scanned::Tool { tool, .. } if tool.placement.entry().is_none());
    if !is_alone {
        return None;
    }
    settled(plan, only, &programs).ok()
}
