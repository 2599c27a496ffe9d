//! Services: runs that do not end by themselves.

use super::*;
use crate::domain::service::{LogRule, StopSignal};
use rustix::pipe::{PipeFlags, pipe_with};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

pub(super) fn terms() -> ServiceTerms {
    let log = LogRule { most_bytes: 1 << 20, keep: 2 };
    ServiceTerms { stdin: None, stop: StopSignal::Term, grace: PATIENCE, log }
}

fn pipe() -> (OwnedFd, fs::File) {
    let (reads, writes) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    (reads, writes.into())
}

/// The levels that this machine provides.
pub(super) fn levels() -> Vec<IsolationLevel> {
    let isolated = needs::has(&[&needs::BUBBLEWRAP]).then_some(IsolationLevel::Isolated);
    isolated.into_iter().chain([IsolationLevel::Confined]).collect()
}

impl Bench {
    /// Makes it run at exactly this level.
    pub(super) fn at(&mut self, level: IsolationLevel) {
        let wish = if level == IsolationLevel::Isolated { Bubblewrap::Auto } else { Bubblewrap::Off };
        (self.least, self.machine) = (level, Machine::new(wish, None));
    }

    pub(super) fn serve(&self, terms: ServiceTerms) -> Running {
        start(self.spec().unwrap().as_service(terms), Hooks::default())
    }
}

#[test]
fn a_service_is_bound_by_no_time_and_by_everything_else() {
    for level in levels() {
        let mut bench = Bench::python(
            "import resource, time\n\
             for name in ['CPU', 'DATA', 'FSIZE', 'NOFILE']: print(name, *resource.getrlimit(getattr(resource, 'RLIMIT_' + name)))\n\
             time.sleep(0.5)\n\
             print('late')",
        )
        .within(Duration::from_millis(100));
        bench.at(level);
        let report = bench.serve(terms()).wait();
        assert_eq!(report.end, FINE, "{report:?}");
        let expected = "CPU -1 -1\nDATA 536870912 536870912\nFSIZE 67108864 67108864\nNOFILE FILES FILES\nlate\n";
        let expected = expected.replace("FILES", &sandbox::ProcessLimits::service_files().to_string());
        assert_eq!(bench.output(Stream::Stdout), expected);
        assert!(report.isolation.layers.contains(&"rlimits".to_owned()), "{report:?}");
    }
    // Memory is still limited for the run as a whole.
    let bench = Bench::python("import time; held = bytearray(700 << 20); time.sleep(60)");
    assert_eq!(limit(&bench.serve(terms()).wait().end), "memory");
}

#[test]
fn a_service_hears_what_is_written_to_its_input_and_is_heard_at_once() {
    let bench = Bench::python("import sys\nfor line in sys.stdin: print('heard', line.strip())\nprint('end')");
    let (reads, mut writes) = pipe();
    let (sender, frames) = mpsc::channel();
    let on_output = Some(Box::new(move |frame: &Frame| sender.send(frame.clone()).unwrap()) as _);
    let spec = bench.spec().unwrap().as_service(ServiceTerms { stdin: Some(reads), ..terms() });
    let running = start(spec, Hooks { on_output, ..Hooks::default() });
    let mut kept = Vec::new();
    for number in 0..20 {
        writeln!(writes, "{number}").unwrap();
        let mut heard = String::new();
        while !heard.ends_with('\n') {
            let frame = frames.recv_timeout(PATIENCE).unwrap();
            heard.push_str(&String::from_utf8_lossy(&frame.bytes));
            kept.push(frame);
        }
        assert_eq!(heard, format!("heard {number}\n"));
    }
    drop(writes);
    assert_eq!(running.wait().end, FINE);
    kept.extend(frames.iter());
    let spool = Spool::open(&bench.path("spool")).unwrap();
    let mut stored = Vec::new();
    let mut offset = 0;
    loop {
        let (frames, next) = spool.frames(offset, usize::MAX).unwrap();
        if frames.is_empty() {
            break;
        }
        stored.extend(frames);
        offset = next;
    }
    assert_eq!(kept, stored);
    assert!(bench.output(Stream::Stdout).ends_with("heard 19\nend\n"));
}

#[test]
fn the_hook_gets_no_secret_either() {
    let mut bench = Bench::sh("printf 'a%s' \"$TOKEN\"; printf 'b\\n'");
    bench.profile = Profile::Declared;
    bench.manifest.permissions.env = vec!["TOKEN".to_owned()];
    bench.secrets.insert("TOKEN".to_owned(), Secret::new("tk-93x8K2mQ7vZ4"));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = heard.clone();
    let on_output = Some(Box::new(move |frame: &Frame| hears.lock().unwrap().extend(frame.bytes.clone())) as _);
    let spec = bench.spec().unwrap().as_service(terms());
    let report = start(spec, Hooks { on_output, ..Hooks::default() }).wait();
    assert_eq!(report.end, FINE);
    assert_eq!(String::from_utf8(heard.lock().unwrap().clone()).unwrap(), "a[redacted TOKEN]b\n");
}

#[test]
fn whoever_writes_to_a_service_that_does_not_read_any_more_is_told() {
    for level in levels() {
        let mut bench = Bench::sh("exec <&-; echo closed; exec sleep 300");
        bench.at(level);
        let (reads, mut writes) = pipe();
        let running = bench.serve(ServiceTerms { stdin: Some(reads), grace: Duration::ZERO, ..terms() });
        wait_for(&running, "closed\n");
        wait_until("a broken pipe", || {
            (&mut &writes).write_all(b"line\n").is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
        });
        assert!(writes.flush().is_ok());
        running.cancel();
        assert_eq!(running.wait().end, RunEnd::Cancelled);
    }
}

#[test]
fn a_service_is_asked_to_end_by_its_own_signal() {
    for (stop, name) in
        [(StopSignal::Term, "TERM"), (StopSignal::Int, "INT"), (StopSignal::Quit, "QUIT"), (StopSignal::Hup, "HUP")]
    {
        let script = "for name in TERM INT QUIT HUP; do trap \"echo $name; exit 0\" $name; done; echo up; \
                      while :; do sleep 0.01; done";
        let bench = Bench::sh(script);
        let running = bench.serve(ServiceTerms { stop, ..terms() });
        wait_for(&running, "up\n");
        running.cancel();
        assert_eq!(running.wait().end, RunEnd::Cancelled);
        assert_eq!(bench.output(Stream::Stdout), format!("up\n{name}\n"));
    }
}

#[test]
fn a_service_that_ignores_being_asked_is_killed_after_its_grace_or_when_that_is_wanted() {
    let bench = Bench::sh("trap '' TERM; echo up; while :; do sleep 0.01; done");
    let running = bench.serve(ServiceTerms { grace: Duration::from_millis(300), ..terms() });
    wait_for(&running, "up\n");
    let begun = Instant::now();
    running.cancel();
    assert_eq!(running.wait().end, RunEnd::Cancelled);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    for asked in [false, true] {
        let running = bench.serve(terms());
        wait_for(&running, "up\n");
        let canceller = running.canceller();
        if asked {
            canceller.cancel();
        }
        canceller.kill();
        assert_eq!(running.wait().end, RunEnd::Cancelled);
    }
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn a_service_that_is_ended_before_its_tool_begins_ends_at_once() {
    for level in levels() {
        let mut bench = Bench::sh("exec sleep 1000");
        bench.at(level);
        let begun = Instant::now();
        for pause in 0..24 {
            let running = bench.serve(terms());
            // Somewhere between the start of its supervisor and the first instruction of the tool.
            let until = Instant::now() + Duration::from_micros(pause * 400);
            while Instant::now() < until {
                std::hint::spin_loop();
            }
            running.cancel();
            assert_eq!(running.wait().end, RunEnd::Cancelled);
        }
        assert!(begun.elapsed() < PATIENCE, "one of them was ended only after its grace time");
    }
}

#[test]
fn a_flood_of_a_service_turns_its_log_over_and_does_not_end_it() {
    // More than any other run may write.
    const FLOOD: u64 = 70 << 20;
    let bench = Bench::sh(&format!("yes | head -c {FLOOD}; echo end"));
    let report = bench.serve(terms()).wait();
    assert_eq!((report.end, report.truncated, report.usage.stdout_bytes), (FINE, false, FLOOD + 4));
    let spool = Spool::open(&bench.path("spool")).unwrap();
    let sizes: Vec<u64> =
        ["", ".1", ".2"].map(|suffix| fs::metadata(bench.path(&format!("spool{suffix}"))).unwrap().len()).to_vec();
    assert!(sizes.iter().all(|size| *size <= 1 << 20), "{sizes:?}");
    assert!(!bench.path("spool.3").exists() && !bench.path("spool.new").exists());
    let kept = bench.output(Stream::Stdout);
    let cut = spool.cuts().unwrap()[0].bytes;
    assert!(kept.ends_with("y\nend\n") && kept.len() as u64 + cut == FLOOD + 4, "{} and {cut}", kept.len());
    assert_eq!(report.notes, [format!("its log is limited: {cut} bytes of older output are not kept")]);
}

#[test]
fn only_the_exit_code_of_a_service_counts() {
    for (code, end) in [(0, FINE), (3, failed(3, "exit code 3"))] {
        let mut bench = Bench::sh(&format!("echo '{{\"success\": false}}'; exit {code}"));
        bench.recipe().success.require_json = true;
        bench.manifest.output = Some(json!({"type": "array"}));
        assert_eq!(bench.serve(terms()).wait().end, end);
    }
}

#[test]
fn a_machine_that_keeps_nothing_has_no_process_waiting_for_the_next_run() {
    let mut bench = Bench::sh("echo ran");
    bench.machine = Machine::new(Bubblewrap::Auto, None).keeping_nothing();
    for _ in 0..3 {
        assert_eq!(bench.run().report.end, FINE);
    }
    assert!(!bench.machine.starter().has_waiting());
    bench.machine = Machine::new(Bubblewrap::Auto, None);
    for _ in 0..3 {
        assert_eq!(bench.run().report.end, FINE);
    }
    assert!(bench.machine.starter().has_waiting());
}

#[test]
fn a_service_that_was_idle_is_held_to_its_memory_all_the_same() {
    for level in levels() {
        // Two processes, each below the limit of one.
        let mut bench = Bench::python(
            "import os, time\ntime.sleep(1)\nfor _ in range(2):\n    if os.fork() == 0:\n        held = bytearray(b'x') * (350 << 20)\n        time.sleep(300)\ntime.sleep(300)",
        );
        bench.at(level);
        assert_eq!(limit(&bench.serve(terms()).wait().end), "memory", "{level}");
    }
}
