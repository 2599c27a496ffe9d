//! How much of a folder of foreign definitions is understood: `cargo bench -- formats DIR [DIR …]`.
//!
//! Reads each folder in place, writes nothing and runs nothing of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use toolsmith::catalog::{Cache, Scan, ScanPlan, ToolRoot, read, scan};

/// Scans of each folder; their median is printed.
const SCANS: usize = 5;

/// Counts of one folder.
#[derive(Default)]
struct Counts {
    files: usize,
    rows: usize,
    problems: usize,
    skipped: usize,
    described: usize,
    with_form: usize,
    runnable: usize,
    /// Files in no row, no problem and no list of skipped files; text and data beside the tools count too.
    elsewhere: usize,
}

/// Prints a row of counts for each folder.
pub fn run(folders: &[String]) {
    if folders.is_empty() {
        println!("usage: cargo bench -- formats DIR [DIR ...]");
        return;
    }
    println!(
        "{:>7} {:>6} {:>8} {:>7} {:>9} {:>9} {:>8} {:>9} {:>9}  folder",
        "files", "rows", "problems", "skipped", "described", "with form", "runnable", "elsewhere", "cold"
    );
    for folder in folders {
        let path = std::fs::canonicalize(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let (counts, cold) = measure(&path);
        println!(
            "{:>7} {:>6} {:>8} {:>7} {:>9} {:>9} {:>8} {:>9} {:>6} ms  {folder}",
            counts.files,
            counts.rows,
            counts.problems,
            counts.skipped,
            counts.described,
            counts.with_form,
            counts.runnable,
            counts.elsewhere,
            cold.as_millis()
        );
    }
}

fn measure(folder: &Path) -> (Counts, Duration) {
    let workspace = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder for the workspace: {error}"));
    let plan = ScanPlan {
        workspace: workspace.path().to_owned(),
        roots: vec![ToolRoot { path: folder.to_owned(), stage: None }],
    };
    let mut times = Vec::new();
    let mut result = None;
    for _ in 0..SCANS {
        let begun = Instant::now();
        result = Some(scan(&plan, &Cache::default(), &mut |_| {}));
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    (result.map(|scan| count(&plan, folder, &scan)).unwrap_or_default(), times[SCANS / 2])
}

fn count(plan: &ScanPlan, folder: &Path, scan: &Scan) -> Counts {
    let mut files = BTreeSet::new();
    list(folder, &mut files);
    let mut counts = Counts {
        files: files.len(),
        rows: scan.tools.len(),
        problems: scan.problems.len(),
        skipped: scan.skipped.len(),
        described: scan.tools.iter().filter(|tool| !tool.description.is_empty()).count(),
        runnable: scan.tools.iter().filter(|tool| tool.runnable).count(),
        ..Counts::default()
    };
    let mut told: BTreeSet<PathBuf> = scan.problems.iter().map(|problem| PathBuf::from(&problem.path)).collect();
    told.extend(scan.skipped.iter().map(|file| PathBuf::from(&file.path)));
    for tool in &scan.tools {
        told.insert(PathBuf::from(&tool.path));
        let Ok(detail) = read(plan, tool) else { continue };
        let place = Path::new(&tool.path).parent().unwrap_or(Path::new(""));
        told.extend(detail.files.iter().map(|file| place.join(&file.path)));
        let properties = detail.manifest.input.as_ref().and_then(|input| input.get("properties")?.as_object());
        counts.with_form += usize::from(properties.is_some_and(|properties| !properties.is_empty()));
    }
    counts.elsewhere = files.difference(&told).count();
    counts
}

/// Regular files below a folder, without what git keeps for itself.
fn list(folder: &Path, files: &mut BTreeSet<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && entry.file_name() != ".git" => list(&entry.path(), files),
            Ok(kind) if kind.is_file() => drop(files.insert(entry.path())),
            _ => {}
        }
    }
}
