//! A second of a stream of 1,000 items: what it takes of that second is the share of a core that the stream costs.

use divan::Bencher;
use toolsmith::domain::{BufferId, Caller};
use toolsmith::engine::{BufferChange, BufferWrite, Engine, Gather, Home, OpenOptions};

/// Items of a second.
const RATE: u64 = 1_000;

/// A second's items as a stream gathers them, one a millisecond.
fn groups(item: &str) -> Vec<Vec<String>> {
    let mut gather = Gather::default();
    let mut groups = Vec::new();
    for ms in 0..RATE {
        groups.extend(gather.due(ms));
        groups.extend(gather.push(item.to_owned(), ms));
    }
    groups.push(gather.rest());
    groups
}

/// Written, made durable and handed over, in as many transactions as a stream needs.
#[divan::bench(args = ["usage", "kept"], sample_count = 10, sample_size = 1)]
fn a_second_of_a_thousand_items(bencher: Bencher, name: &str) {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
    let workspace = folder.path().join("work");
    std::fs::create_dir_all(workspace.join("tools")).unwrap_or_else(|error| panic!("no workspace: {error}"));
    let home = Home { config: folder.path().join("config"), data: folder.path().join("data") };
    let engine = Engine::open(OpenOptions { workspace, home, program: None, asker: toolsmith::engine::Asker::Human });
    let engine = engine.unwrap_or_else(|error| panic!("cannot open the workspace: {error}"));
    let buffer = BufferId::new(name).unwrap_or_else(|error| panic!("{error}"));
    let change = BufferChange { interval_ms: Some(0), ..BufferChange::default() };
    let groups = groups("{\"tool\": \"collect-photo-000001\", \"success\": true, \"duration_ms\": 12}");
    let caller = Caller::Human("bench".to_owned());
    bencher.bench_local(|| {
        for items in &groups {
            let write = BufferWrite { buffer: buffer.clone(), change: change.clone(), items: items.clone() };
            if let Err(error) = engine.buffers().write(&write, &caller) {
                panic!("not written: {error}");
            }
        }
    });
}
