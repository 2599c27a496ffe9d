//! Hostile tools through the real program: each attack first without walls, where it must succeed, then
//! as an experimental tool at every level this machine has, as root and as a plain user, where nothing
//! of it may be seen outside.
//!
//! The attacks lie in `attacks/`; a case without a control that works fails, and so does a level that
//! this machine can have and a run did not get. Nothing here reaches beyond the machine's loopback.

mod case;
mod granted;
mod levels;
mod ordinary;
mod start;
mod totals;
pub mod user;
mod world;

use crate::needs;
use case::Case;
use start::{Level, plainly, sandboxed, users};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;
use user::User;
use world::{Outcome, Sign, World};

/// How long a tool may clean up after it was asked to end.
const GRACE_SECONDS: u64 = 2;

/// What every attack begins with.
const PRELUDE: &str = include_str!("attacks/prelude.py");

/// The program under test, where every user reaches it.
pub fn program_path() -> String {
    static COPY: OnceLock<String> = OnceLock::new();
    COPY.get_or_init(|| {
        let program = Path::new(crate::support::program());
        let mut reachable = Command::new("test");
        reachable.arg("-x").arg(program);
        if User::fresh_if_root().be(&mut reachable).status().is_ok_and(|status| status.success()) {
            return program.to_str().unwrap().to_owned();
        }
        let copy = std::env::temp_dir().join(format!("toolsmith-under-test-{}", std::process::id()));
        std::fs::copy(program, &copy).unwrap();
        copy.to_str().unwrap().to_owned()
    })
    .clone()
}

/// Whether bubblewrap is installed. Where it is, it must work: one that does not fails every case.
fn has_bubblewrap() -> bool {
    needs::has_for("at level isolated", &[&needs::BUBBLEWRAP])
}

fn levels() -> Vec<Level> {
    if has_bubblewrap() { vec![Level::Isolated, Level::Confined] } else { vec![Level::Confined] }
}

/// Says a line beside the capture of the test harness: which cases ran at which level is part of the result.
fn report(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// One attack at a time uses the machine up; others may run beside each other.
fn alone(case: &Case) -> Option<MutexGuard<'static, ()>> {
    static HEAVY: Mutex<()> = Mutex::new(());
    matches!(case.harm, Sign::Says("ALL")).then(|| HEAVY.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Runs a case in all its forms.
fn prove(name: &str) {
    let case = case::all().into_iter().find(|case| case.name == name).unwrap();
    let begun = Instant::now();
    let levels = &levels();
    // Users beside each other: the most of it is waiting.
    let done: Vec<Result<String, String>> = std::thread::scope(|scope| {
        let users = users(&case).into_iter();
        let case = &case;
        let threads: Vec<_> = users.map(|user| scope.spawn(move || as_user(case, user, levels))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let (told, wrong): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    let [told, wrong] = [told, wrong].map(|all| all.into_iter().map(|one| one.unwrap_or_else(|error| error)));
    let (told, wrong) = (told.collect::<Vec<_>>().join(", "), wrong.collect::<Vec<_>>().join("\n"));
    let missing = if levels.contains(&Level::Isolated) { "" } else { " (not isolated: no bubblewrap here)" };
    report(&format!("hostile run {name}: held {told}{missing} [{:.1} s]", begun.elapsed().as_secs_f32()));
    assert!(wrong.is_empty(), "{name}:\n{wrong}");
}

/// Runs a case as one user: without walls, then at every level. Each is what held, or what did not.
fn as_user(case: &Case, user: User, levels: &[Level]) -> Vec<Result<String, String>> {
    let _turn = alone(case);
    if let Err(error) = control(case, user) {
        return vec![Err(error)];
    }
    let at = |level: Level| {
        let what = format!("{} as {}", level.word(), user.word());
        let held = behind_walls(case, user, level);
        held.map(|note| format!("{what}{note}")).map_err(|error| format!("{what}: {error}"))
    };
    levels.iter().copied().map(at).collect()
}

/// Without walls the attack must succeed.
fn control(case: &Case, user: User) -> Result<(), String> {
    let mut world = World::new(user);
    let outcome = plainly(case, &world);
    let signs = world.signs(&outcome, says(case));
    world.end_all();
    let output: String = outcome.output.chars().take(2_000).collect();
    if signs.contains(&case.harm) {
        return Ok(());
    }
    let Case { name, harm, .. } = case;
    let user = user.word();
    Err(format!("invalid case {name}: without walls, as {user}, it achieved {signs:?} and not {harm:?}\n{output}"))
}

fn says(case: &Case) -> Option<&'static str> {
    match case.harm {
        Sign::Says(words) => Some(words),
        _ => None,
    }
}

/// Behind walls nothing of it may be seen; says what is worth a word.
fn behind_walls(case: &Case, user: User, level: Level) -> Result<String, String> {
    let mut world = World::new(user);
    let outcome = sandboxed(case, &mut world, level);
    let mut signs = world.signs(&outcome, says(case));
    let run = &outcome.run;
    let tail: String = outcome.output.chars().take(1_500).collect();
    if run["isolation"]["level"] != level.word() {
        return Err(format!("it ran otherwise: {run:#}\n{tail}"));
    }
    let mut note = String::new();
    if let Some((sign, word)) = case.gap.filter(|(sign, _)| level == Level::Confined && signs.contains(sign)) {
        let missing = run["isolation"]["missing"].to_string();
        if !missing.contains(word) {
            return Err(format!("{sign:?} is open, and the label does not say so: {missing}"));
        }
        signs.remove(&sign);
        " (open, and its label says so)".clone_into(&mut note);
    }
    if signs != BTreeSet::new() {
        return Err(format!("{signs:?}\n{run:#}\n{tail}"));
    }
    let error = run["error"].as_str().unwrap_or_default();
    if !case.stopped_by.is_empty() && !case.stopped_by.iter().any(|word| error.contains(word)) {
        return Err(format!("nothing names what stopped it ({:?}): {run:#}\n{tail}", case.stopped_by));
    }
    if run["outcome"] == "running" {
        return Err(format!("its end is not known: {run:#}"));
    }
    bounded(case, run, &outcome).map(|()| note)
}

/// A run ends with its wall clock, the time it gets to clean up, and a second.
fn bounded(case: &Case, run: &serde_json::Value, outcome: &Outcome) -> Result<(), String> {
    let wall: u64 = case.wall.map_or(8, |wall| wall.trim_end_matches('s').parse().unwrap());
    let took = run["duration_ms"].as_u64().unwrap_or(u64::MAX);
    if took <= (wall + GRACE_SECONDS + 1) * 1_000 {
        Ok(())
    } else {
        Err(format!("took {took} ms ({:?} with all around it)", outcome.took))
    }
}

macro_rules! cases {
    ($($group:ident: $($name:ident)*;)*) => {
        $(mod $group {
            $(#[test] fn $name() { super::prove(stringify!($name)); })*
        })*

        #[test]
        fn every_case_is_run_and_every_attack_is_a_case() {
            let run: BTreeSet<&str> = [$($(stringify!($name),)*)*].into();
            let declared: BTreeSet<&str> = case::all().iter().map(|case| case.name).collect();
            assert_eq!(run, declared);
            assert!(run.len() >= 60, "{}", run.len());
            report(&format!(
                "hostile runs: {} cases, each with a control; levels here: {}; as {}",
                run.len(),
                levels().iter().map(|level| level.word()).collect::<Vec<_>>().join(" and "),
                if User::Myself.is_root() { "root and as a plain user" } else { "the user of the tests" },
            ));
        }
    };
}

cases! {
    files_and_secrets:
        write_outside append_outside symlink_write rename_outside delete_outside truncate_outside hardlink_outside
        chmod_outside utime_outside xattr_outside read_ssh list_ssh stat_ssh read_shadow proc_root environment
        parent_environ open_files;
    own_things_and_traces:
        own_state loosen_config approve_itself rewrite_itself plant_import preload leave_files scratch_link
        scratch_fifo scratch_device deep_folder;
    network:
        tcp4 tcp6 udp dns unix_path unix_abstract be_reached vsock netlink;
    kernel_and_processes:
        new_user_namespace mount_over keyring io_uring userfaultfd kernel_calls int80 ptrace_victim process_vm
        see_processes kill_victim kill_all kill_parents change_limits change_scheduling change_priority change_memory
        change_by_proc signal_victim watch_victim child_for_parent push_input change_terminal core_pattern;
    resources:
        fork_bomb fork_bomb_in_a_crowd memory_one memory_many memory_file shared_memory_folder cpu_one cpu_six
        sleep_forever ignore_term flood giant_line big_file many_files many_inodes daemon daemon_without_traces
        fork_away;
}
