//! How runs end: by themselves, at a limit, by a signal, or before they start.

use super::*;

#[test]
fn success_and_failure_come_with_output_and_accounts() {
    let run = Bench::sh("echo out; echo err >&2").run();
    assert_eq!((run.report.end, run.stdout.as_str(), run.stderr.as_str()), (FINE, "out\n", "err\n"));
    let usage = run.report.usage;
    assert_eq!((usage.stdout_bytes, usage.stderr_bytes), (4, 4));
    assert!(usage.max_rss_bytes > 100_000 && usage.max_rss_bytes < 1 << 30);
    assert!(usage.duration_ms <= run.took.as_millis() as u64 + 1);
    assert_eq!((run.report.truncated, run.report.notes), (false, vec![]));
    let run = Bench::sh("echo one >&2; echo why >&2; exit 3").run();
    assert_eq!(run.report.end, failed(3, "why"));
    assert_eq!(
        Bench::sh("echo '{\"success\": false, \"error\": \"no\"}'").run().report.end,
        failed(0, "output says \"success\": false: no")
    );
}

#[test]
fn cpu_time_is_accounted() {
    let run = Bench::python("import time\nwhile time.process_time() < 0.3: pass").run();
    assert_eq!(run.report.end, FINE);
    assert!((300..3000).contains(&run.report.usage.cpu_ms), "{:?}", run.report.usage);
}

#[test]
fn the_wall_clock_ends_a_run_that_ignores_being_asked() {
    let bench = Bench::sh("trap '' TERM; echo up; while :; do sleep 1; done").within(Duration::from_millis(300));
    let run = bench.run();
    assert_eq!(run.report.end, RunEnd::TimedOut { after_ms: 300 });
    assert_eq!(run.stdout, "up\n");
    assert!(run.report.usage.duration_ms >= 500, "no grace time: {:?}", run.report.usage);
}

#[test]
fn a_tool_may_clean_up_when_asked_to_end() {
    let bench = Bench::sh("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done");
    let running = bench.start();
    wait_for(&running, "up\n");
    running.canceller().cancel();
    assert_eq!(running.wait().end, RunEnd::Cancelled);
    assert_eq!(bench.output(Stream::Stdout), "up\nbye\n");
}

#[test]
fn a_tool_behind_a_shell_may_clean_up_too() {
    // The signal is blocked and waited for: a handler would miss a signal that arrives just before a sleep.
    let python = "import signal, time\nend = [signal.SIGTERM]\nsignal.pthread_sigmask(signal.SIG_BLOCK, end); print('up')\nsignal.sigwait(end); time.sleep(0.05); print('bye')";
    let mut bench = Bench::new(&["sh", "-c", "python3 -c \"$CODE\"; true"]);
    bench.recipe().env.insert("CODE".to_owned(), python.to_owned());
    let running = start(bench.spec().unwrap().with_grace(PATIENCE), Hooks::default());
    wait_for(&running, "up\n");
    running.cancel();
    let report = running.wait();
    assert_eq!(report.end, RunEnd::Cancelled);
    assert_eq!([Stream::Stdout, Stream::Stderr].map(|stream| bench.output(stream)), ["up\nbye\n", ""], "{report:?}");
}

#[test]
fn a_signal_of_others_is_named() {
    assert_eq!(Bench::sh("kill -SEGV $$").run().report.end, RunEnd::Killed { signal: 11 });
}

#[test]
fn each_limit_is_named() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let of = |bench: Bench, limits: LimitsDeclared| limit(&bench.with_limits(limits).run().report.end).to_owned();
    let memory = || LimitsDeclared { memory_bytes: Some(64 << 20), ..Default::default() };
    assert_eq!(of(Bench::python("x = bytearray(200 << 20)"), memory()), "memory");
    let cpu = LimitsDeclared { cpu_seconds: Some(1), ..Default::default() };
    assert_eq!(of(Bench::python("while True: pass"), cpu), "cpu");
    let output = LimitsDeclared { output_bytes: Some(1000), ..Default::default() };
    assert_eq!(of(Bench::sh("yes"), output), "output");
    let processes = LimitsDeclared { processes: Some(4), ..Default::default() };
    assert_eq!(of(Bench::sh("for i in 1 2 3 4 5 6; do sleep 60 & done; wait"), processes), "processes");
    let disk = || LimitsDeclared { disk_bytes: Some(1 << 20), ..Default::default() };
    assert_eq!(of(Bench::sh("for i in 1 2 3 4 5 6; do head -c 300000 /dev/zero > $i || exit 1; done"), disk()), "disk");
    let mut confined = Bench::sh("for i in 1 2 3 4 5 6; do head -c 300000 /dev/zero > $i; done; sleep 60");
    confined.machine = Machine::new(Bubblewrap::Off, None);
    assert_eq!(of(confined, disk()), "disk");
}

#[test]
fn processes_that_fork_as_fast_as_they_can_are_all_ended() {
    let script = "import os\nfor _ in range(9):\n  try: os.fork()\n  except OSError: pass\nimport time; time.sleep(60)";
    let limits = LimitsDeclared { processes: Some(8), ..Default::default() };
    let bench = Bench::python(script).with_limits(limits);
    assert_eq!(limit(&bench.run().report.end), "processes");
    assert_eq!(sweep(&bench.path("scratch")), 0, "somebody was left");
}

#[test]
fn memory_of_all_processes_together_is_watched() {
    let script = "import os, time\nfor _ in range(4):\n  if os.fork() == 0:\n    x = b'x' * (40 << 20); time.sleep(60)\ntime.sleep(60)";
    let limits = LimitsDeclared { memory_bytes: Some(96 << 20), ..Default::default() };
    assert_eq!(limit(&Bench::python(script).with_limits(limits).run().report.end), "memory");
}

#[test]
fn shared_memory_of_forks_counts_once() {
    let script = "import os, time\nx = b'x' * (40 << 20)\nfor _ in range(4):\n  if os.fork() == 0:\n    time.sleep(0.5); os._exit(0)\nfor _ in range(4): os.wait()";
    let limits = LimitsDeclared { memory_bytes: Some(96 << 20), ..Default::default() };
    assert_eq!(Bench::python(script).with_limits(limits).run().report.end, FINE);
}

#[test]
fn a_file_beyond_the_limit_ends_the_run() {
    let run = Bench::sh("trap - XFSZ; exec head -c 100000000 /dev/zero > big").run();
    assert!(["disk", "file-size"].contains(&limit(&run.report.end)), "{:?}", run.report.end);
    let limits = LimitsDeclared { memory_bytes: Some(64 << 20), ..Default::default() };
    let mut bench = Bench::sh("trap - XFSZ; exec head -c 2000000000 /dev/zero > big").with_limits(limits);
    bench.profile = Profile::Declared;
    let run = bench.run();
    assert!(["disk", "file-size"].contains(&limit(&run.report.end)), "{:?}", run.report.end);
}

#[test]
fn output_that_breaks_its_schema_is_invalid() {
    let mut bench = Bench::sh("echo '{\"n\": \"x\"}'");
    bench.manifest.output = Some(json!({"type": "object", "properties": {"n": {"type": "integer"}}}));
    assert!(matches!(bench.run().report.end, RunEnd::InvalidOutput { exit_code: 0, .. }));
    bench.recipe().command = ["sh", "-c", "echo '{\"n\": Infinity}'"].map(str::to_owned).into();
    let RunEnd::InvalidOutput { message, .. } = bench.run().report.end else { panic!("valid") };
    assert_eq!(message, "output: Infinity is not JSON (line 1, column 7)");
}

#[test]
fn what_is_wrong_before_a_start_is_said_before_it() {
    let mut bench = Bench::sh("true").with_input(InputMode::StdinJson, json!({"n": "x"}));
    bench.manifest.input = Some(json!({"type": "object", "properties": {"n": {"type": "integer"}}}));
    let Err(RunEnd::InvalidInput { message }) = bench.spec() else { panic!("valid") };
    assert!(message.starts_with("input/n: "), "{message}");
    let missing = Bench::new(&["echo", "{input.name}"]).spec().unwrap_err();
    assert_eq!(missing, RunEnd::InvalidInput { message: "input/name: the command needs a value for it".to_owned() });
    let absent = Bench::new(&["no-such-program-here"]).spec().unwrap_err();
    let message = "no-such-program-here is not installed, or not on PATH".to_owned();
    assert_eq!(absent, RunEnd::SpawnFailed { message });
    let mut bench = Bench::sh("true");
    bench.manifest.cost_tier = Some(CostTier::Prohibited);
    assert!(matches!(bench.spec(), Err(RunEnd::Refused { .. })));
    bench.manifest.cost_tier = None;
    bench.manifest.recipe = None;
    assert!(matches!(bench.spec(), Err(RunEnd::Refused { .. })));
    let long = Bench::new(&["echo", "{text}"]).with_input(InputMode::Args, json!({"text": "x".repeat(200_000)}));
    assert!(matches!(long.spec(), Err(RunEnd::InvalidInput { .. })));
}

#[test]
fn input_for_a_tool_that_takes_none_is_refused_and_an_empty_one_is_none() {
    let given = |input| Bench::sh("true").with_input(InputMode::None, input).spec().err();
    for input in [json!({"n": 1}), json!([]), json!("x")] {
        assert_eq!(given(input), Some(RunEnd::InvalidInput { message: "it does not take input".to_owned() }));
    }
    assert_eq!((given(json!({})), given(json!(null))), (None, None));
    // A command with placeholders for input accepts some.
    let placed = Bench::new(&["echo", "{input.name}"]).with_input(InputMode::None, json!({"name": "x"}));
    assert!(placed.spec().is_ok());
}

#[test]
fn a_program_without_its_interpreter_does_not_start_and_a_prepared_one_cannot_be_changed() {
    let bench = Bench::new(&["./tool"]);
    let tool = bench.path("version/tool");
    let put = |text: &str| {
        crate::outside::fixture::executable(&tool, text);
    };
    let said = "the shebang line of tool names ruby-9: ruby-9 is not installed, or not on PATH".to_owned();
    put("#!/usr/bin/ruby-9\n");
    assert_eq!(bench.spec().unwrap_err(), RunEnd::SpawnFailed { message: said.clone() });
    put("#!/bin/sh\necho fine\n");
    let spec = bench.spec().unwrap();
    put("#!/usr/bin/ruby-9\n");
    let (sender, ends) = mpsc::channel();
    let hooks = Hooks { on_end: Box::new(move |report| sender.send(report.clone()).unwrap()), ..Hooks::default() };
    // The prepared files run, whatever happens to the originals.
    let report = start(spec, hooks).wait();
    assert_eq!(report.end, FINE);
    assert_eq!(ends.try_iter().collect::<Vec<_>>(), [report]);
    put("#!/bin/sh\necho fine\n");
    assert_eq!(bench.run().report.end, FINE);
}

#[test]
fn a_run_without_a_place_for_its_output_does_not_start() {
    let bench = Bench::sh("touch started");
    fs::create_dir(bench.path("spool")).unwrap();
    let report = bench.start().wait();
    assert!(matches!(report.end, RunEnd::SpawnFailed { .. }));
    assert!(!bench.path("scratch/started").exists());
}
