//! What a reviewer waits for: the verdict on one version.

use divan::Bencher;
use std::path::Path;
use toolsmith::check::{CHECKS, Check, Cost};
use toolsmith::domain::{CheckState, Verdict};
use toolsmith::engine::{Engine, Home, OpenOptions};

/// A tool of 200 lines with 3 examples, 6 tests and schemas.
const FILES: [(&str, &str); 2] =
    [("ledger.py", include_str!("ledger/ledger.py")), ("tool.toml", include_str!("ledger/tool.toml"))];

struct Bench {
    _dir: tempfile::TempDir,
    engine: Engine,
}

fn write(path: &Path, text: &str) {
    let folder = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
    written.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

impl Bench {
    /// A workspace with the tool in which only these checks are made; when none is named, all that need no
    /// installation: what else is on a machine takes the time that it takes.
    fn new(only: &[&str]) -> Bench {
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
        let at = |name: &str| dir.path().join(name);
        for (name, text) in FILES {
            write(&at("workspace/tools/experimental/ledger").join(name), text);
        }
        let is_off = |check: &&Check| match only {
            [] => check.cost == Cost::Program,
            only => !only.contains(&check.name),
        };
        let off = CHECKS.iter().filter(is_off);
        let lines: Vec<String> = off.map(|check| format!("{} = \"off\"\n", check.name)).collect();
        write(&at("home/config/config.toml"), &format!("[checks]\n{}", lines.concat()));
        let home = Home { config: at("home/config"), data: at("home/data") };
        let options = OpenOptions { workspace: at("workspace"), home, program: None };
        let engine = Engine::open(options).unwrap_or_else(|error| panic!("cannot open: {error}"));
        let bench = Bench { _dir: dir, engine };
        bench.verdict();
        bench
    }

    fn verdict(&self) -> Verdict {
        let view = self.engine.scan(&mut |_| {}).unwrap_or_else(|error| panic!("cannot scan: {error}"));
        let verdict = self.engine.check(&view.tools[0], &mut |_| {});
        let verdict = verdict.unwrap_or_else(|error| panic!("cannot check: {error}"));
        assert_eq!(verdict.state, CheckState::Passed, "{verdict:#?}");
        verdict
    }
}

/// All checks together: 3 s at most.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn verdict_of_200_lines(bencher: Bencher) {
    let bench = Bench::new(&[]);
    bencher.bench_local(|| bench.verdict());
}

/// 200 inputs drawn from the schema, alone.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn two_hundred_inputs(bencher: Bencher) {
    let bench = Bench::new(&["property"]);
    bencher.bench_local(|| bench.verdict());
}
