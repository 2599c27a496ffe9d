//! The cached result of a scan equals reading everything again, whatever happens to the files in between.

use super::cache::fingerprint;
use super::looked_at::LookedAt;
use super::places::are_unchanged;
use super::testing::Workspace;
use super::{Cache, CacheRow, Scan, ScanFrame, ScanPlan, recall, rows_are_unchanged, scan, unchanged};
use crate::domain::{Problem, SkippedFile, Tool};
use proptest::prelude::*;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Files that are changed: scripts, pairs, a separate folder, a description, a program without an extension.
const FILES: [&str; 9] = [
    "tools/a.py",
    "tools/a.toml",
    "tools/git/b.sh",
    "tools/git/a.py",
    "tools/own/tool.toml",
    "tools/own/main.py",
    "tools/description/a.txt",
    "tools/program",
    "tools/own/versions/1.1.0/tool.toml",
];

/// Texts of one length, so that a file can be written in place without changing its size.
const NAMES: [&str; 4] = ["alpha", "bravo", "gamma", "delta"];

#[derive(Debug, Clone)]
enum Change {
    Write(usize, usize),
    Remove(usize),
    Rename(usize, usize),
    Mode(usize, u32),
    Link(usize, usize),
    /// Sets the time of modification, in seconds from now.
    Touch(usize, i64),
    /// Puts a copy in the place of a folder.
    ReplaceFolder,
}

fn change() -> impl Strategy<Value = Change> {
    let file = 0..FILES.len();
    prop_oneof![
        4 => (file.clone(), 0..NAMES.len()).prop_map(|(file, name)| Change::Write(file, name)),
        1 => file.clone().prop_map(Change::Remove),
        1 => (file.clone(), file.clone()).prop_map(|(from, to)| Change::Rename(from, to)),
        1 => (file.clone(), prop_oneof![Just(0o644), Just(0o755), Just(0o000)])
            .prop_map(|(file, mode)| Change::Mode(file, mode)),
        1 => (file.clone(), file.clone()).prop_map(|(from, to)| Change::Link(from, to)),
        1 => (file, prop_oneof![Just(-1_000_000), Just(0), Just(1_000)])
            .prop_map(|(file, age)| Change::Touch(file, age)),
        1 => Just(Change::ReplaceFolder),
    ]
}

fn text(path: &str, name: &str) -> String {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "py" => format!("\"\"\"Does {name}.\"\"\"\nprint('{name}')\n"),
        "toml" => format!("name = \"{name}\"\ndescription = \"does {name}\"\naliases = [\"{name}-too\"]\n"),
        "txt" => format!("what {name} is for\n"),
        _ => format!("#!/bin/sh\necho {name}\n"),
    }
}

/// Changes that are impossible for the present files are skipped.
fn apply(workspace: &Workspace, change: &Change) {
    let at = |file: usize| workspace.at(FILES[file]);
    let folder = |path: &Path| drop(path.parent().map(fs::create_dir_all));
    match change {
        Change::Write(file, name) => {
            folder(&at(*file));
            drop(fs::write(at(*file), text(FILES[*file], NAMES[*name])));
        }
        Change::Remove(file) => drop(fs::remove_file(at(*file))),
        Change::Rename(from, to) => {
            folder(&at(*to));
            drop(fs::rename(at(*from), at(*to)));
        }
        Change::Mode(file, mode) => drop(fs::set_permissions(at(*file), fs::Permissions::from_mode(*mode))),
        Change::Link(from, to) => {
            folder(&at(*from));
            drop(fs::remove_file(at(*from)));
            drop(symlink(at(*to), at(*from)));
        }
        Change::Touch(file, age) => {
            let now = SystemTime::now();
            let span = Duration::from_secs(age.unsigned_abs());
            let when = if *age < 0 { now - span } else { now + span };
            drop(fs::File::options().write(true).open(at(*file)).and_then(|file| file.set_modified(when)));
        }
        Change::ReplaceFolder => {
            let (own, other) = (workspace.at("tools/own"), workspace.at("other"));
            if fs::create_dir(&other).is_ok() {
                drop(fs::copy(own.join("tool.toml"), other.join("tool.toml")));
                drop(fs::remove_dir_all(&own));
                drop(fs::rename(&other, &own));
            }
        }
    }
}

fn found(scan: Scan) -> (Vec<Arc<Tool>>, Vec<Problem>, Vec<SkippedFile>) {
    (scan.tools, scan.problems, scan.skipped)
}

fn anew(plan: &ScanPlan) -> Scan {
    scan(plan, &Cache::default(), &mut |_| {})
}

fn keep(cache: &mut Cache, scan: &Scan) {
    cache.0.extend(scan.fresh.iter().cloned());
    for path in &scan.gone {
        cache.0.remove(path);
    }
}

/// Makes all files and folders old enough to be kept, and scans.
fn settle(workspace: &Workspace, cache: &mut Cache) -> Scan {
    age(&workspace.at("tools"));
    let scanned = scan(&workspace.plan(), cache, &mut |_| {});
    keep(cache, &scanned);
    scanned
}

fn age(path: &Path) {
    let Ok(meta) = path.symlink_metadata() else { return };
    if meta.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            age(&entry.path());
        }
    }
    if !meta.is_symlink() {
        let when = SystemTime::now() - Duration::from_mins(1);
        drop(fs::File::open(path).and_then(|file| file.set_modified(when)));
    }
}

/// The last scan as stored next to the cache.
fn kept_frame(scan: &Scan) -> ScanFrame {
    postcard::from_bytes(&postcard::to_allocvec(&ScanFrame::of(scan)).unwrap()).unwrap()
}

/// What a scan would find, reconstructed from the last one.
fn recalled(plan: &ScanPlan, frame: &ScanFrame, cache: &Cache) -> Option<Scan> {
    let all = |take: &mut dyn FnMut(&[u8], &[u8])| {
        cache.0.values().for_each(|row| take(&row.fingerprint, &row.payload));
        Ok::<(), ()>(())
    };
    recall(plan, frame, all).unwrap()
}

/// Single rows equal those of a scan, as long as the folders are unchanged.
fn rows_agree(plan: &ScanPlan, cache: &Cache, frame: &ScanFrame) -> Result<(), TestCaseError> {
    let again = recalled(plan, frame, cache);
    let kept: Vec<CacheRow> = cache.0.values().cloned().collect();
    let is_as_before = frame.is_whole() && frame.is_unchanged(plan) && rows_are_unchanged(plan, &kept);
    prop_assert_eq!(is_as_before, again.is_some());
    if !frame.is_unchanged(plan) {
        return Ok(());
    }
    let all = anew(plan);
    if let Some(again) = again {
        prop_assert_eq!((&again.tools, &again.problems, &again.skipped), (&all.tools, &all.problems, &all.skipped));
    }
    let rows: HashMap<&str, &Arc<Tool>> = all.tools.iter().map(|tool| (tool.path.as_str(), tool)).collect();
    for path in rows.keys() {
        prop_assert!(cache.0.contains_key(*path), "{path} is new");
    }
    for (path, row) in &cache.0 {
        let Some(tool) = unchanged(plan, row) else { continue };
        let same = rows.get(path.as_str()).map(|tool| (&tool.digest, tool.stage, &tool.description, tool.runnable));
        prop_assert_eq!(Some((&tool.digest, tool.stage, &tool.description, tool.runnable)), same, "{}", path);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cached_scan_finds_what_a_new_one_finds(
        before in proptest::collection::vec(change(), 4..10),
        after in proptest::collection::vec(change(), 1..5),
    ) {
        let workspace = Workspace::new();
        let plan = workspace.plan();
        let mut cache = Cache::default();
        for change in &before {
            apply(&workspace, change);
        }
        let mut frame = kept_frame(&settle(&workspace, &mut cache));
        for change in &after {
            apply(&workspace, change);
            rows_agree(&plan, &cache, &frame)?;
            // At once, while what was written is too young to be kept, and later.
            let scanned = scan(&plan, &cache, &mut |_| {});
            keep(&mut cache, &scanned);
            prop_assert_eq!(found(scanned), found(anew(&plan)));
            let scanned = settle(&workspace, &mut cache);
            frame = kept_frame(&scanned);
            rows_agree(&plan, &cache, &frame)?;
            prop_assert_eq!(found(scanned), found(anew(&plan)));
        }
    }
}

#[test]
fn a_file_written_in_place_with_its_old_time_is_read_again() {
    let workspace = Workspace::new();
    workspace.write("tools/a.py", text("a.py", "alpha"));
    let (plan, mut cache) = (workspace.plan(), Cache::default());
    let kept = settle(&workspace, &mut cache);
    assert_eq!((kept.fresh.len(), cache.0.len()), (1, 1));
    let before = fs::metadata(workspace.at("tools/a.py")).unwrap();
    fs::write(workspace.at("tools/a.py"), text("a.py", "bravo")).unwrap();
    let file = fs::File::options().write(true).open(workspace.at("tools/a.py")).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
    let after = fs::metadata(workspace.at("tools/a.py")).unwrap();
    assert_eq!((before.len(), before.modified().unwrap()), (after.len(), after.modified().unwrap()));
    assert_eq!(scan(&plan, &cache, &mut |_| {}).tools[0].description, "Does bravo.");
    assert_eq!(unchanged(&plan, &cache.0["tools/a.py"]), None);
}

#[test]
fn a_file_that_comes_or_goes_changes_the_folders_and_one_written_in_place_does_not() {
    let workspace = Workspace::new();
    workspace.write("tools/git/a.py", text("a.py", "alpha"));
    let (plan, mut cache) = (workspace.plan(), Cache::default());
    let places = settle(&workspace, &mut cache).places;
    assert!(are_unchanged(&plan, &places));
    fs::write(workspace.at("tools/git/a.py"), text("a.py", "bravo")).unwrap();
    assert!(are_unchanged(&plan, &places));
    workspace.write("tools/git/b.py", "pass");
    assert!(!are_unchanged(&plan, &places));
    let mut wider = workspace.plan();
    wider.roots.push(super::ToolRoot { path: "more".into(), stage: None });
    let places = settle(&workspace, &mut cache).places;
    assert!(are_unchanged(&plan, &places) && !are_unchanged(&wider, &places));
}

#[test]
fn what_cannot_be_read_does_not_make_the_last_scan_useless_until_it_can() {
    let workspace = Workspace::new();
    workspace.write("tools/a.py", text("a.py", "alpha"));
    workspace.write("tools/b.toml", text("b.toml", "bravo"));
    workspace.write("tools/b.py", text("b.py", "bravo"));
    let (plan, mut cache) = (workspace.plan(), Cache::default());
    assert_eq!(settle(&workspace, &mut cache).tools.len(), 2);
    fs::remove_file(workspace.at("tools/b.py")).unwrap();
    symlink("elsewhere.py", workspace.at("tools/b.py")).unwrap();
    // A separate folder with a dangling link.
    workspace.write("tools/own/tool.toml", text("tool.toml", "gamma"));
    symlink("elsewhere.txt", workspace.at("tools/own/data.txt")).unwrap();
    let scanned = settle(&workspace, &mut cache);
    let frame = kept_frame(&scanned);
    assert_eq!(scanned.problems.len(), 2, "{:?}", scanned.problems);
    let again = recalled(&plan, &frame, &cache).expect("nothing changed");
    assert_eq!(found(again), found(scanned));
    assert!(!cache.0.contains_key("tools/b.toml"), "what was kept of it is dropped");

    // The target of the link appears; the definition changes.
    workspace.write("tools/own/elsewhere.txt", "x");
    assert!(recalled(&plan, &frame, &cache).is_none());
    let frame = kept_frame(&settle(&workspace, &mut cache));
    assert!(recalled(&plan, &frame, &cache).is_some(), "a control");
    fs::write(workspace.at("tools/b.toml"), text("b.toml", "delta")).unwrap();
    assert!(recalled(&plan, &frame, &cache).is_none());
}

#[test]
fn a_folder_that_the_settings_no_longer_name_makes_the_last_scan_useless() {
    let workspace = Workspace::new();
    workspace.write("tools/a.py", text("a.py", "alpha"));
    workspace.write("more/b.py", text("b.py", "bravo"));
    age(&workspace.at("more"));
    let (plan, mut cache) = (workspace.plan(), Cache::default());
    let mut wider = workspace.plan();
    wider.roots.push(super::ToolRoot { path: "more".into(), stage: None });
    age(&workspace.at("tools"));
    let scanned = scan(&wider, &cache, &mut |_| {});
    keep(&mut cache, &scanned);
    let frame = kept_frame(&scanned);
    assert_eq!(recalled(&wider, &frame, &cache).map(|scan| scan.tools.len()), Some(2));
    assert!(!frame.is_unchanged(&plan) && recalled(&plan, &frame, &cache).is_none());
}

#[test]
fn a_script_elsewhere_that_changes_while_it_is_read_is_read_again() {
    let workspace = Workspace::new();
    workspace.write("shared/far.py", text("far.py", "alpha"));
    let plan = workspace.plan();
    let mut looked_at = LookedAt::default();
    looked_at.note(&plan, "shared/far.py");
    let fingerprint = |looked_at: &LookedAt| fingerprint("manifest", false, &[], looked_at);
    let before = fingerprint(&looked_at);
    assert_eq!(fingerprint(&LookedAt::now(&plan, &looked_at.paths())), before, "a control");
    // Another text of the same length, written between the note and the reading.
    fs::write(workspace.at("shared/far.py"), text("far.py", "bravo")).unwrap();
    looked_at.note(&plan, "shared/far.py");
    assert_eq!(fingerprint(&looked_at), before, "the first note counts");
    assert_ne!(fingerprint(&LookedAt::now(&plan, &looked_at.paths())), before);
}
