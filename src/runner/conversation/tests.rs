//! Conversations with real programs: every kind of end, and that no process remains.

use super::*;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::sync::atomic::AtomicU32;

/// Longer than any step here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A number of seconds for `sleep` that no other process uses.
fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("301.{}{:03}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Whether a running process has this argument.
fn is_running(argument: &str) -> bool {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let has = |pid: i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    };
    pids.into_iter().any(|pid| has(pid) && super::super::process_started(pid).is_some())
}

/// Waits until the condition is true.
fn until(what: &str, holds: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < give_up, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

struct Told {
    said: Vec<u8>,
    talked: Talked,
}

fn sh(script: &str) -> Vec<String> {
    ["/bin/sh", "-c", script].map(str::to_owned).into()
}

fn env() -> Vec<(String, String)> {
    vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())]
}

/// Talks to a script; `stop` is set once its output contains `until`.
fn tell(argv: &[String], input: &[u8], until: Option<&str>, change: fn(&mut Talk<'_>)) -> Told {
    let (env, programs) = (env(), Programs::default());
    let program = programs.trust().program(Path::new(&argv[0])).unwrap();
    let mut talk = Talk {
        program: &program,
        args: &argv[1..],
        programs: &programs,
        env: &env,
        input,
        keeper: None,
        silence: PATIENCE,
        longest: PATIENCE * 2,
        most: 1 << 20,
    };
    change(&mut talk);
    let (stop, mut said) = (AtomicBool::new(false), Vec::new());
    let mut on_piece = |piece: &[u8]| {
        said.extend_from_slice(piece);
        if until.is_some_and(|until| String::from_utf8_lossy(&said).contains(until)) {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let talked = converse(&talk, &mut on_piece, &stop).unwrap();
    Told { said, talked }
}

fn plain(script: &str, input: &[u8]) -> Told {
    tell(&sh(script), input, None, |_| {})
}

#[test]
fn a_program_is_told_the_text_and_what_it_says_comes_whole() {
    let input = "é".repeat(200_000);
    let told = tell(&sh("cat; echo bye >&2"), input.as_bytes(), None, |_| {});
    assert_eq!(told.said.len(), input.len());
    assert_eq!(told.talked, Talked { end: TalkEnd::Code(0), error_tail: b"bye\n".to_vec() });
}

#[test]
fn a_program_that_does_not_listen_may_answer() {
    let long = vec![b'x'; 1 << 20];
    for script in ["echo yes", "exec 0<&-; echo yes", "echo yes; head -c 10 >/dev/null"] {
        let told = plain(script, &long);
        assert_eq!((told.said.as_slice(), told.talked.end), (&b"yes\n"[..], TalkEnd::Code(0)), "{script}");
    }
}

#[test]
fn every_ending_is_told() {
    assert_eq!(plain("exit 75", b"").talked.end, TalkEnd::Code(75));
    assert_eq!(plain("kill -9 $$", b"").talked.end, TalkEnd::Signal(9));
    // No longer trusted when its keeper checks it.
    let folder = crate::outside::fixture::folder();
    let changed = folder.path().join("changed");
    fs::copy("/bin/sh", &changed).unwrap();
    let programs = Programs::default();
    let program = programs.trust().program(&changed).unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let (stop, env) = (AtomicBool::new(false), env());
    let talk = Talk {
        program: &program,
        args: &[],
        programs: &programs,
        env: &env,
        input: b"x",
        keeper: None,
        silence: PATIENCE,
        longest: PATIENCE,
        most: 100,
    };
    let talked = converse(&talk, &mut |_| {}, &stop).unwrap();
    assert_eq!(talked.end, TalkEnd::NotStarted(libc::EACCES));
    let short = |talk: &mut Talk<'_>| talk.silence = Duration::from_millis(50);
    assert_eq!(tell(&sh("exec sleep 300"), b"", None, short).talked.end, TalkEnd::Silent);
    let long = |talk: &mut Talk<'_>| talk.longest = Duration::from_millis(50);
    assert_eq!(
        tell(&sh("while :; do echo x; done"), b"", None, |t| (t.longest, t.most) =
            (Duration::from_millis(50), usize::MAX))
        .talked
        .end,
        TalkEnd::TooLong
    );
    assert_eq!(tell(&sh("exec sleep 300"), b"", None, long).talked.end, TalkEnd::TooLong);
    assert_eq!(tell(&sh("echo here; exec sleep 300"), b"", Some("here"), |_| {}).talked.end, TalkEnd::Stopped);
}

#[test]
fn a_flood_is_cut_at_the_size_and_errors_keep_their_end() {
    let told = tell(&sh("exec yes"), b"", None, |talk| talk.most = 1000);
    assert_eq!((told.said.len(), told.talked.end), (1000, TalkEnd::TooMuch));
    let told = plain("head -c 100000 /dev/zero >&2; printf end >&2", b"");
    assert_eq!(told.talked.error_tail.len(), ERROR_TAIL);
    assert!(told.talked.error_tail.ends_with(b"\0end"));
}

#[test]
fn nothing_of_it_is_left_whatever_it_did() {
    let (deaf, left, away) = (mark(), mark(), mark());
    let told = tell(&sh(&format!("trap '' TERM; echo here; sleep {deaf}; sleep {deaf}")), b"", Some("here"), |_| {});
    assert_eq!(told.talked.end, TalkEnd::Stopped);
    let begun = Instant::now();
    let told = plain(&format!("sleep {left} & setsid sleep {away} & echo done"), b"");
    assert_eq!((told.said.as_slice(), told.talked.end), (&b"done\n"[..], TalkEnd::Code(0)));
    assert!(begun.elapsed() < PATIENCE, "it waited for what was left in the background");
    for mark in [deaf, left, away] {
        assert!(!is_running(&mark), "{mark}");
    }
}

#[test]
fn it_has_only_the_variables_it_is_handed_and_an_empty_folder_that_is_gone_after() {
    let told = plain("env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD=; ls -A; pwd", b"");
    let said = String::from_utf8(told.said).unwrap();
    let (variables, folder) = said.trim().split_once('\n').unwrap();
    assert_eq!(variables, "PATH=/usr/bin:/bin");
    assert!(folder.contains("/toolsmith-") && !Path::new(folder).exists(), "{folder}");
}

/// The other half of the test below: a process that owns a conversation until it is killed.
#[test]
#[ignore = "started by the test below"]
fn an_owner_to_be_killed() {
    let seconds = std::env::var("TOOLSMITH_TEST_SECONDS").unwrap();
    let argv = sh(&format!("sleep {seconds} & setsid sleep {seconds} & echo started; exec sleep {seconds}"));
    let (env, programs) = (env(), Programs::default());
    let program = programs.trust().program(Path::new(&argv[0])).unwrap();
    let talk = Talk {
        program: &program,
        args: &argv[1..],
        programs: &programs,
        env: &env,
        input: b"",
        keeper: None,
        silence: PATIENCE,
        longest: PATIENCE,
        most: 100,
    };
    converse(&talk, &mut |_| println!("\nstarted"), &AtomicBool::new(false)).unwrap();
}

#[test]
fn a_program_dies_with_who_asked_it_also_when_that_is_killed() {
    let seconds = mark();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let test = "runner::conversation::tests::an_owner_to_be_killed";
    let dir = tempfile::tempdir().unwrap();
    command.args(["--exact", test, "--ignored", "--nocapture"]).stdout(Stdio::piped());
    let mut owner = command.env("TOOLSMITH_TEST_SECONDS", &seconds).env("TMPDIR", dir.path()).spawn().unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    assert!(lines.map(Result::unwrap).any(|line| line == "started"));
    // The reported process has been forked by then, but may not have become `sleep` yet.
    until("the program of the owner", || is_running(&seconds));
    owner.kill().unwrap();
    owner.wait().unwrap();
    until("the end of all of it", || !is_running(&seconds) && fs::read_dir(dir.path()).unwrap().next().is_none());
}
