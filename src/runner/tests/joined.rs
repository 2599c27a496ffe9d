//! The inner stage that joins the view of bubblewrap: its environment there, and what it does not trust.

use super::*;

/// A bubblewrap that passes its test run, and for a run does what `lie` says. The shell has the descriptors for reports
/// in `$info` and `$block`.
fn lying(bench: &mut Bench, lie: &str) {
    let path = bench.path("bwrap");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--info-fd*) ;; *) exec /usr/bin/bwrap \"$@\";; esac\n\
         while [ $# -gt 0 ]; do case \"$1\" in --info-fd) info=$2;; --block-fd) block=$2;; esac; shift; done\n{lie}\n"
    );
    crate::outside::fixture::executable(&path, &script);
    fs::set_permissions(bench.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    bench.machine = Machine::new(Bubblewrap::At(path), None);
    bench.least = IsolationLevel::Isolated;
}

/// Reads the byte and closes the socket, as when the view is ready.
const DONE: &str = "eval \"head -c1 <&$block >/dev/null; exec $block<&-\"";

#[test]
fn a_bubblewrap_that_names_processes_outside_is_found_out() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let elsewhere = [
        // The supervisor, in the host's namespaces.
        "pid=$PPID",
        // A process that has separate users and mounts only.
        "unshare -Um sleep 60 </dev/null >/dev/null 2>&1 & pid=$!; \
         while [ \"$(readlink /proc/$pid/ns/mnt)\" = \"$(readlink /proc/self/ns/mnt)\" ]; do :; done",
    ];
    for pid in elsewhere {
        let mut bench = Bench::sh("echo ran");
        lying(
            &mut bench,
            &format!("{pid}; eval \"echo '{{\\\"child-pid\\\": '$pid'}}' >&$info; exec $info>&-\"; {DONE}"),
        );
        let report = bench.run().report;
        assert!(matches!(report.end, RunEnd::Uncontained { .. }), "{pid}: {report:?}");
        assert_eq!((report.isolation.level, bench.output(Stream::Stdout)), (IsolationLevel::None, String::new()));
    }
}

#[test]
fn a_bubblewrap_that_fails_on_the_way_says_why() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    for lie in ["echo 'bwrap: No permissions to create new namespace' >&2; exit 1", "kill -9 $$"] {
        let mut bench = Bench::sh("echo ran");
        lying(&mut bench, lie);
        let RunEnd::Uncontained { message } = bench.run().report.end else { panic!("it ran: {lie}") };
        assert!(message.contains("bubblewrap does not work here"), "{message}");
        assert_eq!(message.contains("user namespaces are disabled"), lie.contains("echo"), "{message}");
    }
}

#[test]
fn a_bubblewrap_that_is_never_done_is_ended_with_the_run() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let mut bench = Bench::sh("echo ran");
    lying(&mut bench, "exec sleep 600");
    bench.timeout = Some(Duration::from_millis(200));
    let finished = bench.run();
    assert!(finished.took < PATIENCE, "{:?}", finished.took);
    assert_eq!(finished.stdout, "");
    assert!(!matches!(finished.report.end, RunEnd::Succeeded { .. }), "{:?}", finished.report);
}

#[test]
fn an_isolated_run_has_the_devices_that_hold_nothing_and_no_others() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    // Names of devices: those of this machine, and others that it could have.
    let mut names: Vec<String> = ["kmsg", "mem", "console", "fuse", "kvm", "net", "core"].map(str::to_owned).into();
    names.extend(fs::read_dir("/dev").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()));
    let script = format!(
        "import os, pty\n\
         print(' '.join(sorted({{name for name in {names:?} if os.path.lexists('/dev/' + name)}})))\n\
         ours, theirs = pty.openpty()\n\
         os.write(theirs, b'typed'); print(os.read(ours, 5), os.ttyname(theirs))\n\
         print(open('/dev/zero', 'rb').read(2), open('/dev/null').read(), len(open('/dev/urandom', 'rb').read(3)))\n\
         open('/dev/shm/mine', 'w').close(); print(os.listdir('/dev/shm'))\n\
         print(os.statvfs('/dev/shm').f_blocks * os.statvfs('/dev/shm').f_frsize)\n\
         for path in ['/dev/new', '/new', '/etc/new', '/tool/new']:\n  \
         try: open(path, 'w'); print('made', path)\n  \
         except OSError as error: print(error.errno)"
    );
    for observe in [false, true] {
        let mut bench = Bench::python(&script);
        (bench.least, bench.observe) = (IsolationLevel::Isolated, observe);
        let run = bench.run();
        let expected = "core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero\n\
            b'typed' /dev/pts/0\nb'\\x00\\x00'  3\n['mine']\n16777216\n";
        let (there, refused) = run.stdout.split_at(run.stdout.len().min(expected.len()));
        assert_eq!(there, expected, "{}", run.stderr);
        // EACCES of Landlock, or EROFS of the mounts.
        assert!(refused.lines().count() == 4 && refused.lines().all(|no| ["13", "30"].contains(&no)), "{refused}");
    }
}

#[test]
fn nothing_that_builds_a_run_is_counted_as_the_tools() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let mut bench = Bench::sh("exec sleep 0.3");
    bench.least = IsolationLevel::Isolated;
    let report = bench.run().report;
    assert_eq!((report.end, report.usage.peak_processes), (FINE, 1));
}
