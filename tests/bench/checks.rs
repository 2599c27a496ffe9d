//! What a reviewer waits for: the verdict on one version.

use divan::Bencher;
use std::path::Path;
use toolsmith::check::{CHECKS, Check, Cost};
use toolsmith::domain::{Caller, CheckState, EvolutionState, Verdict};
use toolsmith::engine::{Engine, EvolveRequest, Home, OpenOptions, RunHandle, RunRequest};

/// A tool of 200 lines with 3 examples, 6 tests and schemas.
const FILES: [(&str, &str); 2] =
    [("ledger.py", include_str!("ledger/ledger.py")), ("tool.toml", include_str!("ledger/tool.toml"))];

struct Bench {
    dir: tempfile::TempDir,
    engine: Engine,
}

fn write(path: &Path, text: &str) {
    let folder = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
    written.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

fn opened(dir: &Path) -> Engine {
    let home = Home { config: dir.join("home/config"), data: dir.join("home/data") };
    let options =
        OpenOptions { workspace: dir.join("workspace"), home, program: None, asker: toolsmith::engine::Asker::Human };
    Engine::open(options).unwrap_or_else(|error| panic!("cannot open: {error}"))
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
        let engine = opened(dir.path());
        let bench = Bench { dir, engine };
        bench.verdict();
        bench
    }

    /// The same, opened anew with its settings as they are now.
    fn again(self) -> Bench {
        let engine = opened(self.dir.path());
        let bench = Bench { engine, ..self };
        bench.verdict();
        bench
    }

    fn verdict(&self) -> Verdict {
        let view = self.engine.library().scan(&mut |_| {}).unwrap_or_else(|error| panic!("cannot scan: {error}"));
        let verdict = self.engine.checks().run(&view.tools[0], None, &mut |_| {});
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

/// One round of evolving without the checks: bundle, prompt, a generator that answers at once, the version, three
/// recorded inputs on both versions, the files and the review; 2 s at most.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn evolve_round_trip(bencher: Bencher) {
    bencher
        .with_inputs(|| {
            let bench = Bench::new(&["manifest"]);
            let folder = bench.dir.path().join("home/config");
            let code = FILES[0].1;
            write(&folder.join("answer"), &format!("```python ledger.py\n{code}\n# better\n```\n"));
            let answer = folder.join("answer");
            let generator = format!("[generators.quick]\ncommand = [\"cat\", {:?}]\n", answer.display().to_string());
            let config = folder.join("config.toml");
            let before = std::fs::read_to_string(&config).unwrap_or_default();
            write(&config, &format!("{before}{generator}"));
            let bench = bench.again();
            let tool = bench.engine.library().catalog().tools[0].clone();
            let detail = bench.engine.library().detail(&tool).unwrap_or_else(|error| panic!("cannot read: {error}"));
            for example in &detail.manifest.examples {
                let request = RunRequest {
                    tool: tool.clone(),
                    input: Some(example.input.clone()),
                    timeout: None,
                    again: None,
                    worker: None,
                };
                let run = bench.engine.runs().start(&request, &Caller::Human("Ada".to_owned()));
                let run = run.and_then(RunHandle::wait);
                run.unwrap_or_else(|error| panic!("cannot run: {error}"));
            }
            bench
        })
        .bench_values(|bench| {
            let request = EvolveRequest {
                tool: "ledger".to_owned(),
                hint: "Be better".to_owned(),
                generators: vec!["quick".to_owned()],
                ..EvolveRequest::default()
            };
            let caller = Caller::Human("Ada".to_owned());
            let asking = bench.engine.evolutions().prepare(&request);
            let asking = asking.unwrap_or_else(|error| panic!("cannot prepare: {error}"));
            let id = bench.engine.evolutions().begin(&asking, &caller);
            let id = id.unwrap_or_else(|error| panic!("cannot begin: {error}"));
            let ended = bench.engine.evolutions().drive(id, &caller, &|_| {});
            let ended = ended.unwrap_or_else(|error| panic!("cannot evolve: {error}"));
            assert_eq!(ended.state, EvolutionState::Good, "{ended:#?}");
            bench
        });
}
