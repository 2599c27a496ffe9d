//! What containing and watching a run costs beside a plain spawn.

use divan::Bencher;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use toolsmith::domain::{
    Dialect, Digest, InputMode, IsolationLevel, Manifest, Observer, Profile, Recipe, RunEnd, Stage, WriteMode,
};
use toolsmith::outside::{ExternalProgram, Programs};
use toolsmith::runner::{
    self, Bubblewrap, Hooks, Interpreters, Machine, Report, RunEnvironment, Sources, Start, StartRequest, WORKER_VERB,
    Worker,
};

/// 6,000 calls that name a file, which is what an observer is asked about.
const FILES: &str = "import os\nfor n in range(2000):\n  f = open('f', 'w'); f.close(); os.stat('f'); os.remove('f')";

fn manifest(command: &[&str]) -> Manifest {
    let recipe =
        Recipe { command: command.iter().map(|word| (*word).to_owned()).collect(), ..Recipe::blank(InputMode::None) };
    Manifest {
        recipe: Some(recipe),
        ..Manifest::blank("bench".parse().unwrap_or_else(|_| panic!("no name")), Dialect::Native)
    }
}

struct Place {
    dir: tempfile::TempDir,
    manifest: Manifest,
    machine: Machine,
    interpreters: Interpreters,
    given: RunEnvironment,
    observe: bool,
}

impl Place {
    fn new(command: &[&str], wish: Bubblewrap, observe: bool) -> Place {
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
        for name in ["version", "workspace", "scratch", "state"] {
            std::fs::create_dir(dir.path().join(name)).unwrap_or_else(|error| panic!("no folder: {error}"));
        }
        let (machine, interpreters) = (Machine::new(wish, None), Interpreters::default());
        Place { dir, manifest: manifest(command), machine, interpreters, given: RunEnvironment::default(), observe }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self) -> Report {
        self.run_with(|request| {
            let spec = runner::prepare(request).unwrap_or_else(|end| panic!("it cannot start: {end:?}"));
            spec.into()
        })
    }

    /// Runs it on a worker: the program with a home of its own.
    fn run_on_worker(&self) -> Report {
        let programs = Arc::new(Programs::default());
        let env = programs.find(ExternalProgram::Worker, OsStr::new("env"));
        let far = format!("TOOLSMITH_HOME={}", self.path("far").display());
        self.run_with(|request| {
            let worker = Worker {
                name: "bench".to_owned(),
                program: env.unwrap_or_else(|why| panic!("{why}")),
                args: [far.as_str(), env!("CARGO_BIN_EXE_toolsmith"), WORKER_VERB].map(str::to_owned).into(),
                env: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
                programs,
                keeper: None,
                least: IsolationLevel::Confined,
                patience: Duration::from_secs(30),
            };
            let call = runner::prepare_on(request, (Digest::of_files(&[]), Stage::Approved), worker);
            Start::Worker(Box::new(call.unwrap_or_else(|end| panic!("it cannot start: {end:?}"))))
        })
    }

    fn run_with(&self, prepare: impl FnOnce(&StartRequest<'_>) -> Start) -> Report {
        let at = |name: &str| self.path(name);
        // One output file after the other, as the workbench writes them.
        match std::fs::remove_file(at("spool")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
        let request = StartRequest {
            manifest: &self.manifest,
            version_dir: &at("version"),
            files: &[],
            given: &self.given,
            origin: &at("version"),
            workspace: &at("workspace"),
            scratch: &at("scratch"),
            input: None,
            timeout: None,
            usual_timeout: None,
            profile: Profile::Strict,
            writes: WriteMode::Staged,
            ours: &[],
            spool: &at("spool"),
            interpreters: &self.interpreters,
            sources: Sources::System,
            machine: &self.machine,
            least: IsolationLevel::Confined,
            observe: self.observe,
            state: &at("state"),
            staged: &at("staged"),
            kept: None,
            environments: &at("environments"),
        };
        runner::start(prepare(&request), Hooks::default()).wait()
    }

    /// Runs once to find out what the machine can do, and that it is what is measured.
    fn checked(self, level: IsolationLevel) -> Place {
        let report = self.run();
        assert_eq!((&report.end, report.isolation.level), (&RunEnd::Succeeded { exit_code: 0 }, level), "{report:?}");
        assert_eq!(report.observation.observer == Observer::On, self.observe, "{report:?}");
        self
    }
}

/// What bubblewrap costs by itself: the view of a run, and nothing of ours in it.
const BUBBLEWRAP: &str = "--unshare-all --die-with-parent --new-session --clearenv --cap-drop ALL \
    --ro-bind /usr /usr --ro-bind-try /opt /opt --symlink usr/bin /bin --symlink usr/sbin /sbin \
    --symlink usr/lib /lib --symlink usr/lib64 /lib64 --ro-bind /etc /etc --proc /proc --dev /dev \
    --size 16777216 --tmpfs /dev/shm --remount-ro /dev --dir /tool --size 67108864 --tmpfs /scratch \
    --symlink /scratch /tmp --chdir / --remount-ro / -- /usr/bin/true";

#[divan::bench(sample_count = 200)]
fn bubblewrap_alone(bencher: Bencher) {
    use std::os::unix::process::CommandExt;
    bencher.bench(|| {
        let mut command = Command::new("/usr/bin/bwrap");
        command.args(BUBBLEWRAP.split_ascii_whitespace()).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::getuid().is_root() {
            // As runs of root's are: as a user that nobody is.
            command.uid(61_184).gid(61_184);
        }
        let status = command.status().unwrap_or_else(|error| panic!("{error}"));
        assert!(status.success(), "bubblewrap does not work here");
    });
}

/// The measure of the others: a child with its streams closed, waited for.
#[divan::bench(sample_count = 200)]
fn plain_spawn(bencher: Bencher) {
    bencher.bench(|| {
        let mut command = Command::new("true");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap_or_else(|error| panic!("{error}"))
    });
}

#[divan::bench(sample_count = 200)]
fn isolated_and_observed(bencher: Bencher) {
    let place = Place::new(&["true"], Bubblewrap::Auto, true).checked(IsolationLevel::Isolated);
    bencher.bench(|| place.run());
}

#[divan::bench(sample_count = 200)]
fn isolated_and_observed_on_a_worker(bencher: Bencher) {
    let place = Place::new(&["true"], Bubblewrap::Auto, true);
    let report = place.run_on_worker();
    assert_eq!(report.end, RunEnd::Succeeded { exit_code: 0 }, "{report:?}");
    bencher.bench(|| place.run_on_worker());
}

#[divan::bench(sample_count = 200)]
fn isolated_unobserved(bencher: Bencher) {
    let place = Place::new(&["true"], Bubblewrap::Auto, false).checked(IsolationLevel::Isolated);
    bencher.bench(|| place.run());
}

#[divan::bench(sample_count = 200)]
fn confined_and_observed(bencher: Bencher) {
    let place = Place::new(&["true"], Bubblewrap::Off, true).checked(IsolationLevel::Confined);
    bencher.bench(|| place.run());
}

#[divan::bench(sample_count = 200)]
fn confined_unobserved(bencher: Bencher) {
    let place = Place::new(&["true"], Bubblewrap::Off, false).checked(IsolationLevel::Confined);
    bencher.bench(|| place.run());
}

#[divan::bench(args = [false, true], sample_count = 10, sample_size = 1)]
fn six_thousand_file_calls(bencher: Bencher, observed: bool) {
    let place = Place::new(&["python3", "-c", FILES], Bubblewrap::Auto, observed).checked(IsolationLevel::Isolated);
    bencher.bench(|| place.run());
}

#[divan::bench(args = [false, true], sample_count = 20, sample_size = 1)]
fn hundred_programs(bencher: Bencher, observed: bool) {
    let script = "i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done";
    let place = Place::new(&["sh", "-c", script], Bubblewrap::Auto, observed).checked(IsolationLevel::Isolated);
    bencher.bench(|| place.run());
}
