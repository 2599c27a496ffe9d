//! What a tool receives and sees: its input, its environment, its terminal.

use super::*;

#[test]
fn input_arrives_in_every_way() {
    let input = json!({"name": "a b", "n": 2, "on": true});
    let open = json!({"type": "object", "additionalProperties": true});
    let cases: [(&[&str], InputMode, &str); 3] = [
        (&["cat"], InputMode::StdinJson, "{\"name\":\"a b\",\"n\":2,\"on\":true}"),
        (&["echo", "{n}"], InputMode::Args, "2 --name a b --on\n"),
        (&["sh", "-c", "echo $INPUT_NAME $INPUT_N $INPUT_ON"], InputMode::Env, "a b 2 true\n"),
    ];
    for (command, mode, expected) in cases {
        let mut bench = Bench::new(command).with_input(mode, input.clone());
        bench.manifest.input = Some(open.clone());
        let run = bench.run();
        assert_eq!((run.report.end, run.stdout.as_str()), (FINE, expected), "{mode}");
    }
}

#[test]
fn large_input_that_nobody_reads_blocks_nobody() {
    let large = || json!({"text": "x".repeat(10 << 20)});
    assert_eq!(Bench::sh("echo ok").with_input(InputMode::StdinJson, large()).run().report.end, FINE);
    let partly = Bench::sh("head -c 100000 > /dev/null; exec 0<&-; echo ok");
    assert_eq!(partly.with_input(InputMode::StdinJson, large()).run().report.end, FINE);
    let read = Bench::sh("wc -c").with_input(InputMode::StdinJson, large()).run();
    assert_eq!(read.stdout.trim(), ((10 << 20) + 11).to_string());
}

#[test]
fn the_entry_file_runs_from_the_version_in_the_scratch_folder() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let mut bench = Bench::new(&["python", "{file}", "{dir}", "{workspace}"]);
    fs::write(bench.path("version/main.py"), "import os, sys; print(os.getcwd(), sys.argv[1:])").unwrap();
    bench.recipe().entry = Some("main.py".to_owned());
    let run = bench.run();
    let expected = format!("/scratch ['/tool', '{}']\n", bench.path("workspace").display());
    assert_eq!((run.report.end, run.stdout), (FINE, expected));
    assert_eq!(fs::read_dir(bench.path("version")).unwrap().count(), 1, "compiled files beside the source");
}

#[test]
fn the_environment_holds_nothing_of_the_callers_that_was_not_declared() {
    let mut bench = Bench::new(&["env"]);
    bench.caller.insert("SECRET".into(), "s".into());
    bench.caller.insert("TOKEN".into(), "t".into());
    bench.manifest.permissions.env = vec!["TOKEN".to_owned(), "ABSENT".to_owned()];
    bench.recipe().env.insert("OWN".to_owned(), "o".to_owned());
    let names = |bench: &Bench| {
        let mut names: Vec<String> =
            bench.run().stdout.lines().map(|line| line.split('=').next().unwrap().to_owned()).collect();
        names.sort();
        names.join(" ")
    };
    let base = "HOME LANG OWN PATH PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED TERM TMPDIR";
    assert_eq!(names(&bench), format!("{base} TOOLSMITH_AGENT TOOLSMITH_RUN"));
    bench.profile = Profile::Declared;
    assert_eq!(names(&bench), format!("{base} TOKEN TOOLSMITH_AGENT TOOLSMITH_RUN"));
}

#[test]
fn no_open_file_of_ours_reaches_the_tool() {
    let secret = tempfile::tempfile().unwrap();
    rustix::io::fcntl_setfd(&secret, rustix::io::FdFlags::empty()).unwrap();
    let run = Bench::python("import os; print(sorted(int(fd) for fd in os.listdir('/proc/self/fd')))").run();
    assert_eq!(run.stdout, "[0, 1, 2, 3]\n", "3 is the listing itself");
}

#[test]
fn a_tool_has_no_terminal_no_core_files_and_no_new_privileges() {
    let script = "
import os, resource as r
try: os.open('/dev/tty', os.O_RDWR); print('tty')
except OSError: print('no tty')
print(os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid())
print(r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_NOFILE)[1], r.getrlimit(r.RLIMIT_CPU)[0])
print([l.split()[1] for l in open('/proc/self/status') if l.startswith('NoNewPrivs')])";
    let run = Bench::python(script).run();
    assert_eq!(run.stdout, "no tty\nTrue True\n(0, 0) 256 5\n['1']\n", "{}", run.stderr);
}

#[test]
fn a_tool_is_ended_before_others_when_memory_runs_out() {
    for wish in [Bubblewrap::Auto, Bubblewrap::Off] {
        let mark = mark();
        let mut bench = Bench::sh(&format!("exec sleep {mark}"));
        bench.machine = Machine::new(wish, None);
        let running = bench.start();
        wait_until("the tool's program", || !processes_with(&mark).is_empty());
        let pid = processes_with(&mark)[0];
        assert_eq!(fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap(), "500\n");
        running.cancel();
        running.wait();
    }
}

#[test]
fn a_tool_that_wants_a_terminal_gets_one_of_its_own() {
    let mut bench =
        Bench::python("import os, sys; print(sys.stdout.isatty(), os.get_terminal_size(1), os.environ['TERM'])");
    bench.recipe().pty = true;
    let run = bench.run();
    assert_eq!(run.report.end, FINE);
    assert_eq!(run.stdout, "True os.terminal_size(columns=120, lines=40) xterm-256color\n");
    bench.recipe().command = ["sh", "-c", "echo why >&2; exit 1"].map(str::to_owned).into();
    assert_eq!(bench.run().report.end, failed(1, "why"));
}
