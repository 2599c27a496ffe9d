//! The last scan without another one: while no folder changed and each file of it is as it was, what was found then is
//! what a scan would find now.

use super::cache::{CacheRow, CachedPlace, CachedScan, Fingerprint, Scanned};
use super::files::{self, OpenFolder};
use super::looked_at::LookedAt;
use super::places::{self, PlaceStamp};
use super::plan::ScanPlan;
use super::programs::Programs;
use super::scan::settled;
use super::scan_result::Scan;
use super::skipped;
use super::threads::FEWEST;
use super::unread::Unread;
use crate::domain::{Problem, SkippedFile, Stage, Tool, ToolName};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of cached rows that a thread looks at before it takes the next ones.
const BATCH: usize = 64 * 1024;

/// Batches that wait for a thread, so that reading them ahead takes no memory.
const WAITING: usize = 8;

/// The result of a scan apart from the cached definitions: the folders, the relations between rows, and files without
/// rows.
#[derive(Debug, Serialize, Deserialize)]
pub struct ScanFrame {
    /// Whether the cache holds each definition that the scan found.
    is_whole: bool,
    /// The folders that the plan named, with their stages.
    roots: Vec<(String, Option<Stage>)>,
    /// The folders that were listed.
    places: Vec<PlaceStamp>,
    /// The definitions of which the cache holds nothing.
    unread: Vec<Unread>,
    /// The paths of the rows in scan order, each followed by a zero: one allocation for all.
    paths: String,
    /// The relations of rows, by their index in that order; most have none.
    relations: Vec<(u32, Relations)>,
    problems: Vec<Problem>,
    /// Path and kind.
    skipped: Vec<(String, String)>,
}

/// A row, and its relations.
#[derive(Debug, Clone, Copy)]
pub struct RowFrame<'a> {
    /// Its path.
    pub path: &'a str,
    /// `None` for nothing.
    relations: Option<&'a Relations>,
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
        let mut paths = String::new();
        for tool in &scan.tools {
            paths.push_str(&tool.path);
            paths.push(END);
        }
        let relations = (0..).zip(&scan.tools).filter_map(|(at, tool)| Some((at, Relations::of(tool)?)));
        ScanFrame {
            is_whole: scan.is_whole,
            roots: scan.roots.clone(),
            places: scan.places.clone(),
            unread: scan.unread.clone(),
            paths,
            relations: relations.collect(),
            problems: scan.problems.clone(),
            skipped: scan.skipped.iter().map(|file| (file.path.clone(), file.kind.to_owned())).collect(),
        }
    }

    /// Whether the cache holds each definition that the scan found.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether the plan names the same folders, no file came, went or was renamed in them since, and what could not be read
    /// still cannot.
    pub fn is_unchanged(&self, plan: &ScanPlan) -> bool {
        self.roots == plan.stages_of_roots()
            && places::are_unchanged(plan, &self.places)
            && self.unread.iter().all(|one| one.is_same(plan))
    }

    /// The rows, in the order of the scan.
    pub fn rows(&self) -> impl Iterator<Item = RowFrame<'_>> {
        let mut relations = self.relations.iter().peekable();
        (0..).zip(self.paths.split_terminator(END)).map(move |(at, path)| {
            let own = relations.next_if(|(of, _)| *of == at);
            RowFrame { path, relations: own.map(|(_, relations)| relations) }
        })
    }
}

impl RowFrame<'_> {
    /// Adds the relations among all rows to `tool`, which comes from its own files. `None` for a frame without a name
    /// or version.
    pub fn place(&self, tool: &mut Tool) -> Option<()> {
        let Some(relations) = self.relations else { return Some(()) };
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

/// The terminator of each path. File names cannot contain it.
const END: char = '\0';

/// Takes a row of the cache: its fingerprint and its payload.
type Take<'t> = &'t mut dyn FnMut(&[u8], &[u8]);

/// The result of a scan now, reconstructed from the last one; `None` if anything has changed. `rows` passes all rows of
/// the cache, in any order.
///
/// # Errors
/// The errors of `rows`.
pub fn recall<E>(
    plan: &ScanPlan,
    frame: &ScanFrame,
    rows: impl FnOnce(Take<'_>) -> Result<(), E>,
) -> Result<Option<Scan>, E> {
    if !frame.is_whole || !frame.is_unchanged(plan) {
        return Ok(None);
    }
    let Some(skipped) = skipped_again(&frame.skipped) else { return Ok(None) };
    let rows_of_frame: Vec<RowFrame<'_>> = frame.rows().collect();
    let order: HashMap<&str, usize> = rows_of_frame.iter().enumerate().map(|(at, row)| (row.path, at)).collect();
    let found: Mutex<Vec<Option<Arc<Tool>>>> = Mutex::new(vec![None; rows_of_frame.len()]);
    let is_same = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let (tx, rx) = sync_channel(WAITING);
        let rx = Arc::new(Mutex::new(rx));
        for _ in 0..FEWEST {
            let (rx, is_same) = (Arc::clone(&rx), &is_same);
            let reader = Reader { plan, frame: &rows_of_frame, order: &order, found: &found };
            scope.spawn(move || reader.read_all(&rx, is_same));
        }
        // Only the threads hold it: when none is left, nothing is sent any more.
        drop(rx);
        let mut batch = Batch::default();
        let done = rows(&mut |fingerprint, payload| {
            if let Some(full) = batch.push(fingerprint, payload) {
                drop(tx.send(full));
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

/// Cached rows in one piece of memory, so that no thread frees one by one what another one allocated.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// For each row, the ends of its fingerprint and its payload.
    ends: Vec<(usize, usize)>,
}

impl Batch {
    /// Adds a row; returns the earlier rows if there is no space for it as well.
    fn push(&mut self, fingerprint: &[u8], payload: &[u8]) -> Option<Batch> {
        let needed = self.bytes.len() + fingerprint.len() + payload.len();
        let full = (needed > BATCH && !self.bytes.is_empty()).then(|| std::mem::take(self));
        if self.bytes.is_empty() {
            self.bytes.reserve(BATCH);
        }
        self.bytes.extend_from_slice(fingerprint);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        self.ends.push((middle, self.bytes.len()));
        full
    }

    /// The fingerprint and the payload of each row.
    fn rows(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut begin = 0;
        self.ends.iter().map(move |&(middle, end)| {
            let row = (&self.bytes[begin..middle], &self.bytes[middle..end]);
            begin = end;
            row
        })
    }
}

/// One of the threads that look at cached rows.
struct Reader<'a> {
    plan: &'a ScanPlan,
    frame: &'a [RowFrame<'a>],
    /// The places of rows in the frame, by path.
    order: &'a HashMap<&'a str, usize>,
    found: &'a Mutex<Vec<Option<Arc<Tool>>>>,
}

impl Reader<'_> {
    /// Looks at rows until there are no more, and notes when one is not as it was.
    fn read_all(&self, rows: &Mutex<Receiver<Batch>>, is_same: &AtomicBool) {
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

    fn read(&self, batch: &Batch, programs: &Programs, folder: &mut OpenFolder) -> Option<()> {
        let mut tools = Vec::with_capacity(batch.ends.len());
        for (fingerprint, payload) in batch.rows() {
            for result in results(self.plan, (fingerprint, payload), programs, folder)? {
                if matches!(result, Scanned::Problem(_)) {
                    continue;
                }
                let mut tool = settled(self.plan, result, programs).ok()?;
                let at = *self.order.get(tool.path.as_str())?;
                self.frame.get(at)?.place(&mut tool)?;
                tools.push((at, Arc::from(tool)));
            }
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, tool) in tools {
            *found.get_mut(at)? = Some(tool);
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

/// The cached result of a definition whose files are unchanged; `None` for any other.
fn results(
    plan: &ScanPlan,
    (fingerprint, payload): (&[u8], &[u8]),
    programs: &Programs,
    folder: &mut OpenFolder,
) -> Option<Vec<Scanned>> {
    let CachedScan { place, looked_at, results } = CachedScan::unpack(payload).filter(|row| row.is_known(programs))?;
    (fingerprint_now(plan, &place, &looked_at, folder)?[..] == *fingerprint).then_some(results)
}

/// The present fingerprint of a definition; `None` if its files cannot be examined.
fn fingerprint_now(
    plan: &ScanPlan,
    place: &CachedPlace<'_>,
    looked_at: &[&str],
    folder: &mut OpenFolder,
) -> Option<[u8; 32]> {
    let mut fingerprint = Fingerprint::new(place.format, place.exclusive);
    if place.exclusive {
        for member in files::all_below(plan, place.base).ok()? {
            fingerprint.add("", &member.at, Some(member.stamp));
        }
    } else {
        for name in &place.members {
            fingerprint.add(place.base, name, Some(folder.stamp(plan, place.base, name).ok()?));
        }
    }
    Some(fingerprint.of(&LookedAt::now(plan, looked_at)))
}

/// The cached row of a definition whose files are unchanged; `None` for any other, and for one of several in a file.
/// Its relations to other rows are not included.
///
/// Which files belong to it is known as of that scan: the folders must be as they were.
pub fn unchanged(plan: &ScanPlan, row: &CacheRow) -> Option<Box<Tool>> {
    let programs = Programs::for_runs(&plan.python);
    let kept = (&row.fingerprint[..], &row.payload[..]);
    let mut results = results(plan, kept, &programs, &mut OpenFolder::default())?;
    let only = results.pop().filter(|_| results.is_empty())?;
    let is_alone = matches!(&only, Scanned::Tool { tool, .. } if tool.placement.entry().is_none());
    if !is_alone {
        return None;
    }
    settled(plan, only, &programs).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_leave_in_batches_as_they_came() {
        let large = vec![7; BATCH + 1];
        let rows: [(&[u8], &[u8]); 5] =
            [(b"1", b"one"), (b"", b""), (b"2", &large), (b"3", b"three"), (b"4", &large[..BATCH - 4])];
        let (mut batch, mut batches) = (Batch::default(), Vec::new());
        for (fingerprint, payload) in rows {
            batches.extend(batch.push(fingerprint, payload));
        }
        batches.push(batch);
        assert_eq!(batches.iter().map(|batch| batch.ends.len()).collect::<Vec<_>>(), [2, 1, 1, 1]);
        assert_eq!(batches.iter().flat_map(Batch::rows).collect::<Vec<_>>(), rows);
    }

    #[test]
    fn rows_of_a_frame_have_what_they_are_to_others_by_their_place() {
        let mut tools = ["a", "b", "c", "d"].map(Tool::ordinary);
        tools[1].copy_of = Some("x".to_owned());
        tools[3].clashes = vec!["y".to_owned()];
        let scan = Scan { tools: tools.iter().cloned().map(Arc::new).collect(), ..Scan::default() };
        let frame = ScanFrame::of(&scan);
        let again = frame.rows().zip(&tools).map(|(row, tool)| {
            let mut placed = Tool::ordinary(tool.name.as_str());
            row.place(&mut placed).unwrap();
            (row.path.to_owned(), placed)
        });
        assert!(again.eq(tools.iter().map(|tool| (tool.path.clone(), tool.clone()))));
        assert_eq!(ScanFrame::of(&Scan::default()).rows().count(), 0);
    }
}
