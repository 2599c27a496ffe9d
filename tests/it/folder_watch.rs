//! The tools folder while it is watched: whatever happens in it, the catalog ends as a fresh scan finds it.

use crate::support::Workspace;
use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use toolsmith::catalog::{self, Cache, ScanPlan};
use toolsmith::engine::{CatalogState, CatalogView, Change, Engine, Home, OpenOptions, Watch};

/// How long the catalog may take to be complete.
const PATIENCE: Duration = Duration::from_mins(1);

/// A workspace that is watched.
struct Watched {
    workspace: Workspace,
    engine: Engine,
    changes: Receiver<Change>,
    _watch: Watch,
}

impl Watched {
    fn new() -> Watched {
        let workspace = Workspace::new();
        let home = Home { config: workspace.home().join("config"), data: workspace.home().join("data") };
        let engine = Engine::open(OpenOptions {
            workspace: workspace.root(),
            home,
            program: Some(env!("CARGO_BIN_EXE_toolsmith").into()),
            asker: toolsmith::engine::Asker::Human,
        })
        .unwrap();
        engine.library().scan(&mut |_| {}).unwrap();
        let (sender, changes) = channel();
        let sender = Mutex::new(sender);
        let watch =
            engine.library().watch(&(Arc::new(move |change| drop(sender.lock().unwrap().send(change))) as _)).unwrap();
        Watched { workspace, engine, changes, _watch: watch }
    }

    /// Waits for a catalog as wanted, told by the engine.
    fn until(&self, what: &str, wanted: impl Fn(&CatalogView) -> bool) {
        let give_up = Instant::now() + PATIENCE;
        while !wanted(&self.engine.library().catalog()) {
            let left = give_up.saturating_duration_since(Instant::now());
            let told = self.changes.recv_timeout(left);
            match told {
                Ok(Change::Trouble(error)) => panic!("{what}: {error}"),
                Ok(_) => {}
                Err(_) => {
                    let view = self.engine.library().catalog();
                    panic!("{what}: the catalog ended with {} tools, {:?}", view.tools.len(), view.problems);
                }
            }
        }
    }

    /// Waits until the catalog has this many tools, and compares it with a scan from nothing.
    fn ends_with(&self, count: usize, what: &str) {
        self.until(what, |view| view.state == CatalogState::Ready && view.tools.len() == count);
        let fresh = catalog::scan(&ScanPlan::standard(self.workspace.root()), &Cache::default(), &mut |_| {});
        let view = self.engine.library().catalog();
        let row = |path: &str, digest: toolsmith::domain::Digest| (path.to_owned(), digest);
        let found: Vec<_> = view.tools.iter().map(|tool| row(&tool.path, tool.digest)).collect();
        let expected: Vec<_> = fresh.tools.iter().map(|tool| row(&tool.path, tool.digest)).collect();
        assert_eq!((found, &view.problems), (expected, &fresh.problems), "{what}");
    }

    fn experimental(&self, path: &str) -> std::path::PathBuf {
        self.workspace.path("tools/experimental").join(path)
    }
}

fn script(number: usize) -> String {
    format!("\"\"\"Prints {number}.\"\"\"\nprint({number})\n")
}

/// Writes as an editor does: beside it, then over it.
fn save(path: &Path, text: &str) {
    let beside = path.with_extension("tmp");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, path).unwrap();
}

#[test]
fn a_burst_of_ten_thousand_files_ends_complete() {
    let watched = Watched::new();
    for number in 0..10_000 {
        fs::write(watched.experimental(&format!("t{number}.py")), script(number)).unwrap();
    }
    watched.ends_with(10_000, "a burst of files");
}

#[test]
fn two_thousand_new_folders_end_complete() {
    let watched = Watched::new();
    for number in 0..2_000 {
        let folder = watched.experimental(&format!("t{number}"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(format!("t{number}.py")), script(number)).unwrap();
    }
    watched.ends_with(2_000, "a burst of folders");
}

#[test]
fn saving_by_rename_deleting_and_recreating_are_followed() {
    let watched = Watched::new();
    let begin = Instant::now();
    save(&watched.experimental("a.py"), &script(1));
    watched.ends_with(1, "a file saved by rename");
    eprintln!("a new file was a row after {} ms", begin.elapsed().as_millis());
    let before = watched.engine.library().catalog().tools[0].digest;
    save(&watched.experimental("a.py"), &script(2));
    watched.until("the second save", |view| view.tools.len() == 1 && view.tools[0].digest != before);

    fs::remove_dir_all(watched.workspace.path("tools")).unwrap();
    watched.ends_with(0, "the folder is gone");
    fs::create_dir_all(watched.experimental("deep/er")).unwrap();
    fs::write(watched.experimental("deep/er/b.py"), script(3)).unwrap();
    watched.ends_with(1, "the folder is back");
    fs::write(watched.experimental("c.py"), script(4)).unwrap();
    watched.ends_with(2, "the folder that came back is watched");
    fs::rename(watched.workspace.path("tools/experimental"), watched.workspace.path("tools/mine")).unwrap();
    watched.until("a renamed folder", |view| view.tools.iter().all(|tool| tool.path.starts_with("tools/mine/")));
    watched.ends_with(2, "a renamed folder");
}

#[test]
fn a_half_written_manifest_is_a_problem_until_it_is_whole() {
    let watched = Watched::new();
    let manifest =
        "name = \"half\"\nversion = \"1.0.0\"\ndescription = \"Whole\"\n[run]\ncommand = [\"sh\", \"{file}\"]\n";
    fs::create_dir(watched.experimental("half")).unwrap();
    fs::write(watched.experimental("half/half.sh"), "echo 1\n").unwrap();
    fs::write(watched.experimental("half/tool.toml"), &manifest[..20]).unwrap();
    watched.until("the half manifest", |view| view.problems.len() == 1 && view.tools.is_empty());
    fs::write(watched.experimental("half/tool.toml"), manifest).unwrap();
    watched.ends_with(1, "the whole manifest");
    assert_eq!(watched.engine.library().catalog().problems, vec![]);
}
