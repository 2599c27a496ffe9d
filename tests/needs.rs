//! What tests need of the machine they run on.
//!
//! A test that lacks something says by name that it is not run, and the end of the output says what to install. It is
//! said past the capture of the test harness, which shows nothing of a test that passes. Where `CI` is `true` the test
//! fails instead, so that nothing is left out where it counts. The programs that `TOOLSMITH_TESTS_WITHOUT` lists, separated
//! by commas, count as not installed, and no test fails for lack of them.

#![allow(dead_code, reason = "the tests in the library and those of the program each use a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Mutex, Once, PoisonError};

/// A program that some tests start.
pub struct Program {
    name: &'static str,
    install: &'static str,
}

/// The sandbox of level `isolated`.
pub const BUBBLEWRAP: Program = Program { name: "bwrap", install: "apt-get install bubblewrap" };
/// Runs Python tools.
pub const PYTHON: Program = Program { name: "python3", install: "apt-get install python3" };
/// Runs JavaScript and TypeScript.
pub const NODE: Program = Program { name: "node", install: "apt-get install nodejs" };
/// Installs packages for Python tools.
pub const UV: Program = Program { name: "uv", install: "pip install uv" };
/// Makes the certificate of a local package registry.
pub const OPENSSL: Program = Program { name: "openssl", install: "apt-get install openssl" };
/// Serves a worker over ssh.
pub const SSHD: Program = Program { name: "sshd", install: "apt-get install openssh-server" };
/// Reaches a worker.
pub const SSH: Program = Program { name: "ssh", install: "apt-get install openssh-client" };
/// Compiles what kills a program at each of its steps.
pub const CC: Program = Program { name: "cc", install: "apt-get install build-essential" };
/// Stands for S3.
pub const MOTO: Program = Program { name: "moto_server", install: "pip install 'moto[server]'" };

/// Programs that tests missed, each with how to install it and the tests.
static MISSED: Mutex<BTreeMap<&'static str, (&'static str, BTreeSet<String>)>> = Mutex::new(BTreeMap::new());

/// Whether all of these are installed. Where one is not, says that the calling test is not run.
///
/// # Panics
/// Where `CI` is `true`, unless `TOOLSMITH_TESTS_WITHOUT` lists the program.
pub fn has(programs: &[&Program]) -> bool {
    has_for("", programs)
}

/// Like [`has`], for a part of the test: the others are run.
pub fn has_for(part: &str, programs: &[&Program]) -> bool {
    programs.iter().all(|program| is_installed(program) || missed(program, part))
}

/// Says that the calling test is not run, for a reason that no program would change.
pub fn not_run(why: &str) {
    say(&format!("{}: not run: {why}", test_name()));
}

fn is_installed(program: &Program) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Servers are where not every user looks.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    !is_left_out(program) && folders.map(|folder| folder.join(program.name)).any(|path| path.is_file())
}

/// Whether whoever started the tests wants them to do without.
fn is_left_out(program: &Program) -> bool {
    let names = std::env::var("TOOLSMITH_TESTS_WITHOUT").unwrap_or_default();
    names.split(',').any(|name| name == program.name)
}

/// Always `false`: the test is not run.
fn missed(program: &Program, part: &str) -> bool {
    let (name, test) = (program.name, format!("{}{}{part}", test_name(), if part.is_empty() { "" } else { " " }));
    let counts = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!counts || is_left_out(program), "{test} needs {name}, which is not installed: {}", program.install);
    let mut missed = MISSED.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, tests) = missed.entry(name).or_insert_with(|| (program.install, BTreeSet::new()));
    if tests.insert(test.clone()) {
        say(&format!("{test}: not run: {name} is not installed"));
    }
    sum_up_at_exit();
    false
}

/// The harness names the thread of a test after it; with one thread for all tests nobody knows.
fn test_name() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
}

fn say(line: &str) {
    // Not `eprintln!`, which the harness captures. Nobody could be told that standard error is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn sum_up_at_exit() {
    static ONCE: Once = Once::new();
    #[expect(
        unsafe_code,
        reason = "the harness has no hook for its end; the function takes no arguments and cannot unwind"
    )]
    ONCE.call_once(|| {
        unsafe { libc::atexit(sum_up) };
    });
}

extern "C" fn sum_up() {
    for (name, (install, tests)) in MISSED.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        say(&format!("tests not run because {name} is not installed: {}. Install it with: {install}", tests.len()));
    }
}
