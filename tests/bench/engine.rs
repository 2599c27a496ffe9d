//! Opening a workspace as the program does: scan, write what is new into the store, give a catalog.

use super::workload;
use divan::Bencher;
use std::path::Path;
use toolsmith::engine::{Engine, Home, OpenOptions};

pub(crate) fn open(workspace: &Path, home: &Path) -> Engine {
    let home = Home { config: home.join("config"), data: home.join("data") };
    let options =
        OpenOptions { workspace: workspace.to_owned(), home, program: None, asker: toolsmith::engine::Asker::Human };
    Engine::open(options).unwrap_or_else(|error| panic!("cannot open the workspace: {error}"))
}

pub(crate) fn rows(engine: &Engine) -> usize {
    engine.library().scan(&mut |_| {}).map_or(0, |catalog| catalog.tools.len())
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"))
}

/// The very first opening: every tool is new, gets a version and a review.
#[divan::bench(args = [1_000, 10_000], sample_count = 3, sample_size = 1)]
fn open_first_time(bencher: Bencher, tools: usize) {
    let workspace = workload::workspace(tools);
    bencher.with_inputs(folder).bench_values(|home| rows(&open(workspace.path(), home.path())));
}

/// Opening again: nothing changed.
#[divan::bench(args = [1_000, 10_000], sample_count = 5, sample_size = 1)]
fn open_again(bencher: Bencher, tools: usize) {
    let workspace = workload::workspace(tools);
    let home = folder();
    rows(&open(workspace.path(), home.path()));
    bencher.bench(|| rows(&open(workspace.path(), home.path())));
}

/// One tool changed on disk while the workbench is open.
#[divan::bench(args = [1_000, 10_000], sample_count = 5, sample_size = 1)]
fn scan_after_one_change(bencher: Bencher, tools: usize) {
    let workspace = workload::workspace(tools);
    let home = folder();
    let engine = open(workspace.path(), home.path());
    rows(&engine);
    let counter = std::sync::atomic::AtomicUsize::new(0);
    let script = workspace.path().join("tools/core").join(workload::name(0)).with_extension("py");
    let change = || {
        let number = counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let text = format!("print({{\"changed\": {number}}})\n");
        std::fs::write(&script, text).unwrap_or_else(|error| panic!("cannot change a tool: {error}"));
    };
    bencher.with_inputs(change).bench_values(|()| rows(&engine));
}
