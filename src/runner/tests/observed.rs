//! Observed runs: what is reported afterwards, at both levels.

use super::*;
use crate::domain::{Difference, Observer};

/// Attempts to access things that were not granted.
const CURIOUS: &str = r#"
import os, socket, subprocess
def attempt(what, *args, **named):
    try: what(*args, **named)
    except Exception as error: print(type(error).__name__)
attempt(open, "/etc/shadow")
attempt(os.remove, "/srv/other/file")
attempt(socket.create_connection, ("192.0.2.7", 8443), timeout=1)
attempt(socket.getaddrinfo, "exfil.example.org", 443)
attempt(subprocess.run, ["/usr/bin/id"], capture_output=True)
open("kept.txt", "w").write("left")
"#;

/// Each machine, and the level that it provides here.
fn machines() -> [(Machine, IsolationLevel); 2] {
    let best = Machine::new(Bubblewrap::Auto, None);
    let level = best.level();
    [(best, level), (Machine::new(Bubblewrap::Off, None), IsolationLevel::Confined)]
}

fn script(text: &str, machine: Machine) -> Bench {
    let mut bench = Bench::new(&["python3", "{file}"]);
    bench.recipe().entry = Some("main.py".to_owned());
    fs::write(bench.path("version").join("main.py"), text).unwrap();
    bench.machine = machine;
    bench.observe = true;
    bench
}

fn watched(bench: &Bench) -> Report {
    let mut spec = bench.spec().unwrap();
    Baselines::new(bench.path("state").join("baselines")).tell(&mut spec).unwrap();
    start(spec, Hooks::default()).wait()
}

fn lines(report: &Report) -> Vec<String> {
    let attempts = report.observation.attempts.iter();
    attempts.map(|one| format!("{} {} {}", one.touch, one.target, one.answer)).collect()
}

#[test]
fn what_a_run_reaches_for_is_reported_at_each_level() {
    for (machine, level) in machines() {
        let report = watched(&script(CURIOUS, machine));
        assert_eq!((&report.end, report.isolation.level), (&FINE, level));
        assert_eq!(report.observation.observer, Observer::On);
        let seen = lines(&report);
        for wanted in
            ["read /etc/shadow", "delete /srv/other/file", "connect 192.0.2.7:8443", "resolve exfil.example.org"]
        {
            assert!(seen.iter().any(|line| line.starts_with(wanted)), "{level}: {wanted} is not in {seen:#?}");
        }
        assert!(seen.iter().any(|line| line.starts_with("exec /usr/bin/id")), "{level}: {seen:#?}");
    }
}

#[test]
fn folders_that_an_isolated_run_has_alone_are_its_scratch() {
    const BUSY: &str = r#"
import os
for folder in ["/tmp", "/dev/shm"]:
    one, two = folder + "/one", folder + "/two"
    open(one, "w").write("x")
    os.rename(one, two)
    print(os.listdir(folder), open(two).read())
    os.remove(two)
"#;
    for (machine, level) in machines() {
        let mut bench = script(BUSY, machine);
        if level != IsolationLevel::Isolated {
            continue;
        }
        let report = watched(&bench);
        assert_eq!(report.end, FINE);
        let own = ["write {scratch} allowed", "rename {scratch} allowed", "delete {scratch} allowed"];
        assert_eq!(lines(&report), own);
        // Declared files there do not belong to the run.
        let declared = tempfile::tempdir_in("/tmp").unwrap();
        bench.manifest.permissions.read = vec![declared.path().display().to_string()];
        bench.profile = Profile::Declared;
        let seen = lines(&watched(&bench));
        assert!(seen.iter().any(|line| line.starts_with("write /tmp/one ")), "{seen:?}");
    }
}

#[test]
fn what_an_interpreter_does_by_itself_is_not_reported() {
    for (machine, level) in machines() {
        let report = watched(&script("print('hello')", machine));
        assert_eq!((report.observation.observer.clone(), lines(&report)), (Observer::On, vec![]), "{level}");
    }
}

#[test]
fn a_version_cannot_have_anything_taken_for_noise() {
    for (machine, level) in machines() {
        let mut bench = script("print('hello')", machine);
        let evil = "open('/etc/shadow')";
        fs::write(bench.path("version").join("sitecustomize.py"), evil).unwrap();
        let dir = if level == IsolationLevel::Isolated { PathBuf::from("/tool") } else { bench.path("version") };
        bench.recipe().env.insert("PYTHONPATH".to_owned(), dir.display().to_string());
        bench.recipe().command = ["python3", "-c", evil].map(str::to_owned).to_vec();
        let seen = lines(&watched(&bench));
        assert!(seen.iter().any(|line| line.starts_with("read /etc/shadow")), "{level}: {seen:?}");
    }
}

#[test]
fn what_a_run_leaves_in_its_scratch_folder_is_listed_with_its_digest() {
    for (machine, level) in machines() {
        let report = watched(&script("open('kept.txt', 'w').write('left')", machine));
        let [change] = &report.observation.changes[..] else { panic!("{level}: {:?}", report.observation.changes) };
        assert_eq!((change.path.as_str(), change.difference), ("{scratch}/kept.txt", Difference::Created), "{level}");
        assert_eq!(change.digest, Some(crate::domain::Digest::of_bytes(b"left")), "{level}");
    }
}

#[test]
fn an_observer_that_is_off_says_so() {
    let mut bench = script("print('hello')", Machine::new(Bubblewrap::Auto, None));
    bench.observe = false;
    let report = watched(&bench);
    assert!(matches!(report.observation.observer, Observer::Off(_)));
}

#[test]
fn a_result_that_could_not_be_collected_is_named_and_never_nothing() {
    for (machine, level) in machines() {
        let seconds = mark();
        let text = format!("import os\nopen('kept.txt', 'w').write('left')\nos.execlp('sleep', 'sleep', '{seconds}')");
        let bench = script(&text, machine);
        let running = start(bench.spec().unwrap(), Hooks::default());
        wait_until("the tool", || !processes_with(&seconds).is_empty());
        // The process that waits for the tool is the one that would compare the files.
        let inner = crate::runner::process::processes::parent(processes_with(&seconds)[0]).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(inner).unwrap(), rustix::process::Signal::KILL)
            .unwrap();
        let report = running.wait();
        assert_eq!(processes_with(&seconds), [0; 0], "{level}");
        let why = report.observation.uncollected.as_deref().unwrap_or_default();
        assert!(why.contains("ended early"), "{level}: {report:?}");
        let note = report.notes.iter().find(|note| note.contains("could not be collected"));
        assert!(note.is_some_and(|note| note.contains(why)), "{level}: {:?}", report.notes);
    }
}

#[test]
fn a_scratch_folder_that_was_closed_is_not_an_empty_one() {
    for (machine, level) in machines() {
        let report = watched(&script("import os\nopen('kept.txt', 'w').write('left')\nos.chmod('.', 0)", machine));
        let observation = &report.observation;
        match &observation.uncollected {
            Some(why) => assert!(why.contains("cannot be read"), "{level}: {why}"),
            // Root can read any folder.
            None => assert_eq!(observation.changes.len(), 1, "{level}: {report:?}"),
        }
    }
}

#[test]
fn whoever_looks_after_a_run_is_not_among_the_processes_of_the_tool() {
    const LOOK: &str = "
import os
names = sorted(int(name) for name in os.listdir('/proc') if name.isdigit())
print(os.getppid(), [pid for pid in names if pid != os.getpid()])
";
    let (machine, level) = machines().into_iter().next().unwrap();
    if level == IsolationLevel::Isolated {
        // Only the process that adopts orphans, which the filter refuses by its number.
        assert_eq!(script(LOOK, machine).run().stdout, "0 [1]\n");
    }
}
