use super::*;
use crate::domain::RunEnd;
use crate::domain::{Dialect, FileMode, InputMode, IsolationLevel, Manifest, Observer, Profile, Recipe};
use crate::domain::{Touch, VersionFile, WriteMode};
use crate::needs;
use crate::runner::tried::{Pace, Tried};
use crate::runner::{Baselines, Bubblewrap, Interpreters, Machine, RunEnvironment, StartRequest};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use std::time::Instant;

/// Longer than any step here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

struct Lab {
    dir: tempfile::TempDir,
    manifest: Manifest,
    script: String,
    machine: Machine,
    least: IsolationLevel,
    limit: Option<Duration>,
}

impl Lab {
    fn python(script: &str) -> Lab {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["version", "workspace", "scratch", "state"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        fs::write(dir.path().join("version/tool.py"), script).unwrap();
        let recipe = Recipe {
            command: vec!["python3".into(), "{file}".into()],
            entry: Some("tool.py".into()),
            ..Recipe::blank(InputMode::StdinJson)
        };
        let manifest = Manifest { recipe: Some(recipe), ..Manifest::blank("lab".parse().unwrap(), Dialect::Native) };
        let machine = Machine::new(Bubblewrap::Auto, None);
        Lab { dir, manifest, script: script.to_owned(), machine, least: IsolationLevel::Confined, limit: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn attempt(&self, inputs: &[Value], pace: Pace, patience: Duration) -> Result<Vec<Tried>, String> {
        let files =
            [VersionFile { path: "tool.py".into(), mode: FileMode::Plain, bytes: self.script.clone().into_bytes() }];
        let request = StartRequest {
            manifest: &self.manifest,
            version_dir: &self.path("version"),
            files: &files,
            workspace: &self.path("workspace"),
            scratch: &self.path("scratch"),
            input: None,
            timeout: self.limit,
            usual_timeout: None,
            profile: Profile::Strict,
            writes: WriteMode::Staged,
            ours: &[],
            spool: &self.path("spool"),
            origin: &self.path("version"),
            given: &RunEnvironment::default(),
            interpreters: &Interpreters::default(),
            sources: crate::runner::Sources::Caller,
            machine: &self.machine,
            least: self.least,
            observe: false,
            state: &self.path("state"),
            staged: &self.path("staged"),
            kept: None,
            environments: &self.path("environments"),
        };
        let mut batch = prepare_batch(&request, inputs, pace).map_err(|end| format!("{end:?}"))?;
        batch.learn(&Baselines::new(self.path("baselines"))).unwrap();
        batch.make(Instant::now() + patience, &AtomicBool::new(false))
    }

    fn make(&self, inputs: &[Value], pace: Pace) -> Vec<Tried> {
        self.attempt(inputs, pace, PATIENCE).unwrap()
    }
}

fn said(tried: &Tried) -> String {
    format!("{:?} {}{}", tried.end, String::from_utf8_lossy(&tried.stdout), String::from_utf8_lossy(&tried.stderr))
}

const FINE: RunEnd = RunEnd::Succeeded { exit_code: 0 };
const PACES: [Pace; 3] = [Pace::Plain, Pace::Watched, Pace::Quick];

fn numbers(count: usize) -> Vec<Value> {
    (0..count).map(|n| json!({"n": n})).collect()
}

#[test]
fn each_trial_has_its_own_input_and_they_come_back_in_order() {
    let lab = Lab::python("import json, sys\nn = json.load(sys.stdin)['n']\nprint(n)\nsys.exit(n % 2)");
    for pace in PACES {
        let tried = lab.make(&numbers(5), pace);
        let heard: Vec<_> = tried.iter().map(|one| String::from_utf8_lossy(&one.stdout).trim().to_owned()).collect();
        assert_eq!(heard, ["0", "1", "2", "3", "4"], "{pace:?}");
        let failed = RunEnd::Failed { exit_code: 1, reason: "exit code 1".to_owned() };
        let ends: Vec<_> = tried.iter().map(|one| one.end.clone()).collect();
        assert_eq!(ends, [FINE, failed.clone(), FINE, failed, FINE], "{pace:?}");
        assert!(tried.iter().all(|one| one.took > Duration::ZERO && one.peak_memory_bytes > 1 << 20), "{tried:?}");
    }
}

#[test]
fn nothing_of_a_trial_is_left_for_the_next() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    // A process that ends between listing and reading does not count as left over.
    let script = "import os, subprocess, sys\nprint(sorted(os.listdir('.')), sorted(os.listdir('/dev/shm')))\n\
                  os.mkdir('a'); open('a/b', 'w').write('x'); os.chmod('a', 0); os.chmod('.', 0o500)\n\
                  open('/dev/shm/x', 'w').write('x')\n\
                  def words(p):\n    try: return open(f'/proc/{p}/cmdline', 'rb').read()\n    \
                  except (FileNotFoundError, ProcessLookupError): return b''\n\
                  alive = [p for p in os.listdir('/proc') if p.isdigit() and b'sleep' in words(p)]\n\
                  subprocess.Popen(['sleep', '1000'], start_new_session=True, stdout=subprocess.DEVNULL)\n\
                  print(len(alive))";
    let lab = Lab::python(script);
    for pace in PACES {
        for one in lab.make(&numbers(3), pace) {
            // If the sandbox layers do not let it examine others, it sees nothing either.
            let text = said(&one);
            assert!(text.contains("[] []\n"), "{pace:?}: {text}");
            assert!(text.contains("\n0\n") || text.contains("PermissionError"), "{pace:?}: {text}");
        }
    }
}

#[test]
fn a_trial_that_takes_too_long_is_ended_alone() {
    let script = "import json, sys, time\nif json.load(sys.stdin)['n'] == 1: time.sleep(100)\nprint('done')";
    let lab = Lab { limit: Some(Duration::from_secs(2)), ..Lab::python(script) };
    for pace in PACES {
        let ends: Vec<_> = lab.make(&numbers(3), pace).into_iter().map(|one| one.end).collect();
        assert_eq!(ends, [FINE, RunEnd::TimedOut { after_ms: 2000 }, FINE], "{pace:?}");
    }
}

#[test]
fn three_without_an_end_end_the_batch() {
    let lab = Lab { limit: Some(Duration::from_millis(300)), ..Lab::python("import time\ntime.sleep(100)") };
    let ends: Vec<_> = lab.make(&numbers(5), Pace::Quick).into_iter().map(|one| one.end).collect();
    assert!(ends[..3].iter().all(|end| matches!(end, RunEnd::TimedOut { .. })), "{ends:?}");
    assert!(ends[3..].iter().all(|end| matches!(end, RunEnd::Refused { .. })), "{ends:?}");
}

#[test]
fn a_trial_that_writes_too_much_is_ended_alone() {
    let script = "import json, sys\nn = json.load(sys.stdin)['n']\nprint('x' * (3 << 20 if n == 1 else 10))";
    let lab = Lab::python(script);
    for pace in PACES {
        let tried = lab.make(&numbers(3), pace);
        assert_eq!([&tried[0].end, &tried[2].end], [&FINE, &FINE]);
        assert!(
            matches!(&tried[1].end, RunEnd::LimitExceeded { limit, .. } if limit == "output"),
            "{:?}",
            tried[1].end
        );
    }
}

#[test]
fn a_copy_of_a_ready_interpreter_is_like_one_that_was_started() {
    let script = "import atexit, json, os, random, sys\n\
                  atexit.register(lambda: print('at the end'))\n\
                  class Here: pass\n\
                  print(__name__, __file__, sys.argv, sys.path[0], Here.__module__, sorted(globals()))\n\
                  print(os.getcwd(), os.environ['HOME'], sorted(k for k in os.environ), sys.stdin.read())\n\
                  print(os.getsid(0) == os.getpid(), sys.stdout.isatty(), sys.flags, file=sys.stderr)\n\
                  def deep(): raise ValueError('no')\n\
                  deep()";
    let lab = Lab::python(script);
    let [plain, quick] = [Pace::Plain, Pace::Quick].map(|pace| lab.make(&numbers(1), pace).remove(0));
    assert_eq!(plain.stdout, quick.stdout, "{}", said(&quick));
    assert_eq!(plain.end, quick.end);
    assert_eq!(plain.end, RunEnd::Failed { exit_code: 1, reason: "ValueError: no".to_owned() });
    let first = |tried: &Tried| String::from_utf8_lossy(&tried.stderr).lines().next().unwrap().to_owned();
    assert_eq!(first(&plain), first(&quick));
}

#[test]
fn only_the_quick_pace_copies_an_interpreter() {
    let lab = Lab::python("import sys\nprint('array' in sys.modules)");
    let copied = |pace| lab.make(&numbers(3), pace).iter().all(|one| one.stdout == b"True\n");
    assert_eq!(PACES.map(copied), [false, false, true]);
}

#[test]
fn what_only_the_work_imports_of_the_standard_library_is_ready_for_the_next_copies() {
    let lab = Lab::python("import sys\nprint('sqlite3' in sys.modules)\n__import__('sqlite3')");
    let heard: Vec<_> = lab.make(&numbers(3), Pace::Quick).into_iter().map(|one| one.stdout).collect();
    assert_eq!(heard, [&b"False\n"[..], b"True\n", b"True\n"]);
}

#[test]
fn copies_do_not_share_what_is_random() {
    let lab = Lab::python("import random, uuid\nprint(random.random(), uuid.uuid4())");
    let mut heard: Vec<_> = lab.make(&numbers(5), Pace::Quick).into_iter().map(|one| one.stdout).collect();
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), 5);
}

#[test]
fn a_script_that_is_no_python_fails_in_each_trial_alone() {
    let lab = Lab::python("def f(:\n  pass");
    for one in lab.make(&numbers(2), Pace::Quick) {
        assert!(said(&one).contains("SyntaxError"), "{}", said(&one));
    }
}

#[test]
fn a_trial_that_ends_whoever_it_reaches_does_not_end_the_others() {
    let script = "import os, signal\nfor pid in list(range(2, 200)) + [os.getppid()]:\n  if pid != os.getpid():\n    \
                  try: os.kill(pid, signal.SIGKILL)\n    except OSError: pass\nprint('did')";
    let lab = Lab::python(script);
    for pace in PACES {
        let ends: Vec<_> = lab.make(&numbers(3), pace).into_iter().map(|one| one.end).collect();
        assert_eq!(ends, [FINE, FINE, FINE], "{pace:?}");
    }
}

#[test]
fn a_trial_stands_behind_the_walls_of_a_run() {
    let script = "import socket, os\n\
                  for act in (lambda: open(os.environ['TOOLSMITH_RUN'] + '/../state/x'), lambda: open('/etc/shadow'),\n\
                              lambda: socket.create_connection(('127.0.0.1', 1), 1), lambda: open('/tool/x', 'w')):\n  \
                  try: act(); print('let through')\n  except OSError as error: print(type(error).__name__)";
    let lab = Lab::python(script);
    fs::write(lab.path("state/x"), "").unwrap();
    for pace in PACES {
        let text = said(&lab.make(&numbers(1), pace)[0]);
        assert!(!text.contains("let through") && text.contains("Error"), "{pace:?}: {text}");
    }
}

#[test]
fn each_watched_trial_says_what_it_alone_did() {
    let script = "import json, sys\nn = json.load(sys.stdin)['n']\ntry: open(f'/etc/secret{n}')\nexcept OSError: pass";
    let tried = Lab::python(script).make(&numbers(3), Pace::Watched);
    for (n, one) in tried.iter().enumerate() {
        assert_eq!(one.observation.observer, Observer::On);
        let seen = |n: usize| {
            let target = format!("/etc/secret{n}");
            one.observation.attempts.iter().any(|attempt| attempt.touch == Touch::Read && attempt.target == target)
        };
        assert!((0..3).all(|other| seen(other) == (other == n)), "{n}: {:?}", one.observation.attempts);
    }
}

#[test]
fn what_the_interpreter_does_by_itself_is_not_told_of_a_trial() {
    let tried = Lab::python("print(1)").make(&numbers(2), Pace::Watched);
    assert!(tried.iter().all(|one| one.observation.observer == Observer::On), "{tried:?}");
    assert!(tried.iter().all(|one| one.observation.attempts.is_empty()), "{tried:?}");
}

#[test]
fn what_is_not_tried_in_time_says_so() {
    let script = "import json, sys, time\nif json.load(sys.stdin)['n'] > 0: time.sleep(100)";
    let lab = Lab::python(script);
    let tried = lab.attempt(&numbers(3), Pace::Plain, Duration::from_secs(4)).unwrap();
    assert_eq!([&tried[0].end, &tried[1].end], [&FINE, &RunEnd::Cancelled]);
    assert_eq!(
        tried[2].end,
        RunEnd::Refused { message: "not run: the time limit for all trials was reached".to_owned() }
    );
}

#[test]
fn an_input_that_does_not_fit_says_so_where_its_result_would_be() {
    let mut lab = Lab::python("print(1)");
    lab.manifest.input = Some(json!({"type": "object", "properties": {"n": {"type": "integer", "maximum": 1}}}));
    let tried = lab.make(&[json!({"n": 5}), json!({"n": 1})], Pace::Quick);
    assert!(matches!(tried[0].end, RunEnd::InvalidInput { .. }), "{tried:?}");
    assert_eq!(tried[1].end, FINE);
}

#[test]
fn below_the_least_level_no_trial_is_made() {
    let lab = Lab {
        machine: Machine::new(Bubblewrap::Off, None),
        least: IsolationLevel::Isolated,
        ..Lab::python("print(1)")
    };
    let why = lab.attempt(&numbers(1), Pace::Quick, PATIENCE).unwrap_err();
    assert!(why.contains("isolation isolated is required"), "{why}");
}

#[test]
fn without_bubblewrap_trials_are_confined() {
    let script = "import json, sys\nopen('left', 'x').write('x')\nprint(json.load(sys.stdin)['n'])";
    let lab = Lab { machine: Machine::new(Bubblewrap::Off, None), ..Lab::python(script) };
    for pace in PACES {
        let heard: Vec<_> = lab.make(&numbers(3), pace).iter().map(said).collect();
        assert_eq!(heard, [0, 1, 2].map(|n| format!("{FINE:?} {n}\n")), "{pace:?}");
    }
}
