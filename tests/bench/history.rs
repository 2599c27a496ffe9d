//! A workspace with a million recorded runs: what somebody waits for who opens it and looks at its failures. To hold: the
//! failures within 100 ms, and the start as quick as without a history.

use super::{engine, workload};
use divan::Bencher;
use std::path::PathBuf;
use std::sync::OnceLock;
use toolsmith::domain::{
    Digest, Instant, Isolation, IsolationLevel, Permissions, Profile, RunEnd, RunUsage, Stage, ToolName,
};
use toolsmith::engine::{Engine, Home, RunFilter, path_state_dir};
use toolsmith::store::{FinishedRun, NewRun, Store, StoreError};

/// Tools that ran, of those that there are.
const TOOLS: usize = 200;

/// Every so many-th run fails, in one of [`CAUSES`] ways.
const FAILS: usize = 7;
const CAUSES: usize = 9;

/// Runs of one transaction.
const CHUNK: usize = 10_000;

struct World {
    _folders: (tempfile::TempDir, tempfile::TempDir),
    workspace: PathBuf,
    home: PathBuf,
}

impl World {
    fn open(&self) -> Engine {
        let engine = engine::open(&self.workspace, &self.home);
        engine::rows(&engine);
        engine
    }
}

/// A workspace of 1,000 tools with so many runs, made once.
fn world(runs: usize) -> &'static World {
    static WORLDS: [OnceLock<World>; 2] = [OnceLock::new(), OnceLock::new()];
    WORLDS[usize::from(runs > 0)].get_or_init(|| {
        let folders = (workload::workspace(1_000), engine::folder());
        let (workspace, home) = (folders.0.path().to_owned(), folders.1.path().to_owned());
        let world = World { _folders: folders, workspace, home };
        world.open();
        let home = Home { config: world.home.join("config"), data: world.home.join("data") };
        let mut store = Store::open(&path_state_dir(&home, &world.workspace)).unwrap_or_else(|error| panic!("{error}"));
        for first in (0..runs).step_by(CHUNK) {
            record(&mut store, first..(first + CHUNK).min(runs), runs)
                .unwrap_or_else(|error| panic!("no history: {error}"));
        }
        world
    })
}

/// Runs of the last thirty days, the last one now.
fn record(store: &mut Store, numbers: std::ops::Range<usize>, all: usize) -> Result<(), StoreError> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis();
    let span = 30 * 86_400_000_usize;
    let at = Instant(now as i64 - ((all - numbers.start) * (span / all.max(1))) as i64);
    store.transact(at, |tx| {
        for number in numbers {
            let run = tx.start_run(&run_of(number % TOOLS))?;
            tx.finish_run(run, &ended(number))?;
        }
        Ok(())
    })
}

fn isolation() -> Isolation {
    Isolation { level: IsolationLevel::Confined, profile: Profile::Strict, layers: vec![], missing: vec![] }
}

fn run_of(tool: usize) -> NewRun {
    let name = workload::name(tool);
    NewRun {
        tool: ToolName::normalise(&name).unwrap_or_else(|error| panic!("{error}")),
        version: semver::Version::new(1, 0, 0),
        digest: Digest::of_bytes(name.as_bytes()),
        stage: Stage::Experimental,
        caller: "human".to_owned(),
        input: "{\"path\": \"/data/photos\"}".to_owned(),
        isolation: isolation(),
        owner: "bench".to_owned(),
        lease_until: Instant(0),
        remember_input: false,
        parent: None,
        worker: None,
    }
}

fn ended(number: usize) -> FinishedRun {
    let causes = ["no file", "no memory", "refused", "late", "broken pipe", "bad input", "denied", "empty", "full"];
    let end = if number.is_multiple_of(FAILS) {
        RunEnd::Failed { exit_code: 1, reason: format!("{}: /data/{number}", causes[number / FAILS % CAUSES]) }
    } else {
        RunEnd::Succeeded { exit_code: 0 }
    };
    FinishedRun {
        end,
        usage: RunUsage { duration_ms: 10 + (number % 90) as u64, cpu_ms: 5, ..RunUsage::default() },
        isolation: isolation(),
        truncated: false,
        notes: Vec::new(),
        observation: None,
        departed: Vec::new(),
        declared: Permissions::default(),
    }
}

/// What the failures pane shows.
#[divan::bench(args = [1_000_000], sample_count = 20, sample_size = 1)]
fn failure_groups(bencher: Bencher, runs: usize) {
    let engine = world(runs).open();
    bencher.bench(|| engine.failures().list(None).map_or(0, |groups| groups.len()));
}

/// One failure group with its runs, versions and incidents.
#[divan::bench(args = [1_000_000], sample_count = 20, sample_size = 1)]
fn one_failure_group(bencher: Bencher, runs: usize) {
    let engine = world(runs).open();
    let groups = engine.failures().list(None).unwrap_or_default();
    let signature = groups.first().map(|group| group.signature.clone()).unwrap_or_default();
    bencher.bench(|| engine.failures().detail(&signature).is_ok());
}

/// The newest runs.
#[divan::bench(args = [1_000_000], sample_count = 20, sample_size = 1)]
fn newest_runs(bencher: Bencher, runs: usize) {
    let engine = world(runs).open();
    bencher.bench(|| engine.runs().list(&RunFilter::default()).map_or(0, |runs| runs.len()));
}

/// The dashboard.
#[divan::bench(args = [1_000_000], sample_count = 10, sample_size = 1)]
fn dashboard(bencher: Bencher, runs: usize) {
    let engine = world(runs).open();
    bencher.bench(|| engine.library().dashboard().is_ok());
}

/// Opening: state, folders, a complete catalog.
#[divan::bench(args = [0, 1_000_000], sample_count = 10, sample_size = 1)]
fn open_again(bencher: Bencher, runs: usize) {
    let world = world(runs);
    bencher.bench(|| world.open().library().catalog().tools.len());
}
