//! What is said and done where bubblewrap is missing, false or forbidden: less is named less, or nothing runs.

use super::case::Case;
use super::start::{Level, TOOL, sandboxed, settle_workbench, users};
use super::user::User;
use super::world::{Outcome, World};
use super::{has_bubblewrap, program_path, report};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

fn attack() -> Case {
    Case::named("write_outside", include_str!("attacks/write_outside.py"))
}

/// Calls itself bubblewrap and builds nothing.
const FALSE: &str = "#!/bin/sh\nwhile [ $# -gt 0 ] && [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n";

/// Lets programs of this world find Python and, if told, a false bubblewrap.
fn put_programs(world: &World, has_false: bool) {
    let folder = world.path("programs");
    fs::create_dir(&folder).unwrap();
    symlink("/usr/bin/python3", folder.join("python3")).unwrap();
    if has_false {
        fs::write(folder.join("bwrap"), FALSE).unwrap();
        fs::set_permissions(folder.join("bwrap"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    world.user().give(&folder);
}

/// Runs the attack with these lines below `[isolation]`, started by `lead`; the record of the run, and the exit code.
fn run_with(world: &mut World, settings: &str, path: &str, lead: &[String]) -> (Outcome, Option<i32>) {
    settle_workbench(&attack(), world, Level::Isolated);
    let config = format!("[isolation]\n{settings}\n");
    fs::write(world.path("home/toolsmith/config/config.toml"), config).unwrap();
    world.settle();
    let line = [program_path(), "run".into(), TOOL.into(), "--json".into(), "--timeout".into(), "8s".into()];
    let line = [lead, &line].concat();
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).env_clear().envs(world.environment()).env("PATH", path);
    command.current_dir(world.path("work")).stdin(Stdio::null());
    if lead.is_empty() {
        world.user().be(&mut command);
    }
    let said = command.output().unwrap();
    let answer: Value = serde_json::from_slice(&said.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", line.join(" "), String::from_utf8_lossy(&said.stderr)));
    let output = answer["stdout"].as_str().unwrap_or_default().to_owned();
    (Outcome { output, run: answer["run"].clone(), ..Outcome::default() }, said.status.code())
}

/// Becomes a user in a user namespace in which there may be no further one, and starts what follows.
const FORBID: &str = "import ctypes, os, sys
go, done, me, user = os.pipe(), os.pipe(), os.getpid(), int(sys.argv[1])
if os.fork() == 0:
    os.read(go[0], 1)
    for name in ('uid_map', 'gid_map'):
        open(f'/proc/{me}/{name}', 'w').write('0 0 65536')
    os.write(done[1], b'x')
    os._exit(0)
assert ctypes.CDLL(None).unshare(0x10000000) == 0
os.write(go[1], b'x')
os.read(done[0], 1)
open('/proc/sys/user/max_user_namespaces', 'w').write('0')
os.setgroups([])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
os.execvp(sys.argv[2], sys.argv[2:])
";

/// Each kind of user in a world where Python and perhaps a false bubblewrap are all there is.
fn each(has_false: bool, mut check: impl FnMut(User, &mut World, &str)) {
    for user in users(&attack()) {
        let mut world = World::new(user);
        put_programs(&world, has_false);
        let path = world.path("programs").to_str().unwrap().to_owned();
        check(user, &mut world, &path);
    }
}

#[test]
fn without_bubblewrap_a_run_is_confined_and_says_so() {
    each(false, |user, world, path| {
        let (outcome, _) = run_with(world, "", path, &[]);
        assert_eq!(outcome.run["isolation"]["level"], "confined", "{} {:#}", user.word(), outcome.run);
        assert!(outcome.output.contains("failed create"), "it did not run: {}", outcome.output);
        assert_eq!(world.signs(&outcome, None), BTreeSet::new());
    });
}

#[test]
fn without_bubblewrap_what_must_be_isolated_does_not_run() {
    each(false, |user, world, path| {
        let (outcome, code) = run_with(world, "experimental = \"isolated\"", path, &[]);
        let error = outcome.run["error"].as_str().unwrap_or_default();
        assert_eq!((code, outcome.output.as_str()), (Some(6), ""), "{} {:#}", user.word(), outcome.run);
        assert!(error.contains("bubblewrap is not installed") && error.contains("install"), "{error}");
        assert_eq!(world.signs(&outcome, None), BTreeSet::new());
    });
}

#[test]
fn a_false_bubblewrap_is_never_believed() {
    each(true, |user, world, path| {
        let named = format!("bubblewrap = \"{path}/bwrap\"");
        for settings in ["", named.as_str(), "experimental = \"isolated\""] {
            let (outcome, _) = run_with(world, settings, path, &[]);
            let told = format!("{} {settings}: {:#}", user.word(), outcome.run);
            assert_ne!(outcome.run["isolation"]["level"], "isolated", "{told}");
            assert_eq!(world.signs(&outcome, None), BTreeSet::new(), "{told}");
        }
    });
}

#[test]
fn where_user_namespaces_are_forbidden_a_run_is_confined_and_says_so() {
    const TEST: &str = "where_user_namespaces_are_forbidden_a_run_is_confined_and_says_so";
    if !User::Myself.is_root() {
        return report(&format!("{TEST}: only root can forbid them"));
    }
    let user = User::fresh();
    let mut world = World::new(user);
    let lead = ["/usr/bin/python3", "-c", FORBID, &user.id().to_string()].map(str::to_owned).to_vec();
    let works = Command::new(&lead[0]).args(&lead[1..]).arg("true").output().unwrap();
    if !works.status.success() {
        return report(&format!("{TEST}: not here: {}", String::from_utf8_lossy(&works.stderr)));
    }
    let (outcome, _) = run_with(&mut world, "", "/usr/bin:/bin", &lead);
    assert_eq!(outcome.run["isolation"]["level"], "confined", "{:#}", outcome.run);
    assert_eq!(world.signs(&outcome, None), BTreeSet::new());
    let (outcome, code) = run_with(&mut world, "experimental = \"isolated\"", "/usr/bin:/bin", &lead);
    assert_eq!((code, outcome.output.as_str()), (Some(6), ""), "{:#}", outcome.run);
}

#[test]
fn a_tool_of_one_process_runs_with_a_limit_of_one() {
    let case = Case { limits: "processes = 1", ..Case::named("slow", "time.sleep(0.4)\nprint('one')\n") };
    for user in users(&case) {
        for level in super::levels() {
            let mut world = World::new(user);
            let outcome = sandboxed(&case, &mut world, level);
            assert_eq!(outcome.run["outcome"], "succeeded", "{:#}", outcome.run);
            assert_eq!(outcome.run["peak_processes"], 1, "{:#}", outcome.run);
        }
    }
}

#[test]
fn the_suite_says_what_did_not_run_where_bubblewrap_is_missing() {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "hostile_runs::files_and_secrets::write_outside", "--nocapture"]);
    let done = again.env("TOOLSMITH_TESTS_WITHOUT", "bwrap").output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert!(said.contains("hostile run write_outside: held confined as"), "{said}");
    let end = "tests not run because bwrap is not installed: 1. Install it with: apt-get install bubblewrap\n";
    assert!(said.ends_with(end), "{said}");
    assert!(said.contains("(not isolated: no bubblewrap here)") && !said.contains("isolated as"), "{said}");
    if has_bubblewrap() {
        report("hostile runs: bubblewrap is here, so a case that is not isolated fails");
    }
}
