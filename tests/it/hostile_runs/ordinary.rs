//! What the walls must let through, and what is more than one run: a killed workbench, a swapped file.

use super::case::{Case, Way};
use super::start::{Level, TOOL, sandboxed, settle_workbench, users};
use super::user::User;
use super::world::World;
use super::{levels, program_path, report};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);

fn each(case: &Case, mut check: impl FnMut(User, Level)) {
    for user in users(case) {
        for level in levels() {
            check(user, level);
            report(&format!("hostile run {}: held {} as {}", case.name, level.word(), user.word()));
        }
    }
}

#[test]
fn an_ordinary_tool_runs_at_every_level() {
    let case = Case::named("ordinary", include_str!("attacks/ordinary.py"));
    each(&case, |user, level| {
        let mut world = World::new(user);
        let outcome = sandboxed(&case, &mut world, level);
        assert_eq!(outcome.run["isolation"]["level"], level.word(), "{:#}", outcome.run);
        assert_eq!(outcome.run["outcome"], "succeeded", "{:#}\n{}", outcome.run, outcome.output);
        assert!(outcome.output.contains("ordinary ['mine'] 42 0"), "{}", outcome.output);
        assert_eq!(world.signs(&outcome, None), BTreeSet::new());
    });
}

#[test]
fn a_tool_rules_over_its_own_processes_at_every_level() {
    let case = Case::named("own_children", include_str!("attacks/own_children.py"));
    each(&case, |user, level| {
        let mut world = World::new(user);
        let outcome = sandboxed(&case, &mut world, level);
        assert_eq!(outcome.run["isolation"]["level"], level.word(), "{:#}", outcome.run);
        assert_eq!(outcome.run["outcome"], "succeeded", "{:#}\n{}", outcome.run, outcome.output);
        assert!(outcome.output.contains("all of it"), "{}", outcome.output);
        assert!(!outcome.output.contains("WRONG"), "{}", outcome.output);
        assert_eq!(world.signs(&outcome, None), BTreeSet::new());
    });
}

#[test]
fn what_a_tool_does_to_others_does_not_empty_the_list_of_its_files() {
    // That the attack works without a sandbox is shown by the case of the same name.
    let case = Case { way: Way::Plain, ..Case::named("change_limits", include_str!("attacks/change_limits.py")) };
    each(&case, |user, level| {
        let mut world = World::new(user);
        let outcome = sandboxed(&case, &mut world, level);
        assert_eq!(outcome.run["outcome"], "succeeded", "{:#}\n{}", outcome.run, outcome.output);
        let number = outcome.run["id"].to_string();
        let told = begin(&world, &["behaviour", &number, "--json"]).wait_with_output().unwrap();
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        let result = &told["behaviour"]["result"];
        let paths: Vec<&str> =
            result["changes"].as_array().unwrap().iter().filter_map(|change| change["path"].as_str()).collect();
        assert_eq!((paths, &result["uncollected"]), (vec!["{scratch}/proof"], &Value::Null), "{result:#}");
    });
}

#[test]
fn bytes_that_are_no_text_are_kept_and_shown_escaped() {
    let case = Case::named("broken_output", include_str!("attacks/broken_output.py"));
    each(&case, |user, level| {
        let mut world = World::new(user);
        let outcome = sandboxed(&case, &mut world, level);
        assert_eq!(outcome.run["outcome"], "succeeded", "{:#}", outcome.run);
        assert!(outcome.output.contains("\u{fffd}\u{fffd}\0\u{1b}]0;t"), "{:.200}", outcome.output);
    });
}

/// The program, started in a world and left alone.
fn begin(world: &World, args: &[&str]) -> Child {
    let mut command = Command::new(program_path());
    command.args(args).env_clear().envs(world.environment()).current_dir(world.path("work"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    world.user().be(&mut command).spawn().unwrap()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < give_up, "never: {what}");
        std::thread::park_timeout(super::start::LOOK);
    }
}

#[test]
fn a_killed_workbench_leaves_nothing_running() {
    let case = Case::named("slow", include_str!("attacks/slow.py"));
    each(&case, |user, level| {
        // Without walls a child outlives its parent.
        let mut world = World::new(user);
        let script = world.path("scratch/main.py");
        fs::write(&script, world.aimed(TOOL, case.attack)).unwrap();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "/usr/bin/python3 \"$0\" & echo; wait", script.to_str().unwrap()]).stdout(Stdio::null());
        let mut parent = user.be(&mut shell).spawn().unwrap();
        wait_for("the control started", || !world.processes().is_empty());
        parent.kill().unwrap();
        parent.wait().unwrap();
        assert!(!world.processes().is_empty(), "invalid case: the control ended with its parent");
        world.end_all();
        fs::remove_file(&script).unwrap();

        settle_workbench(&case, &mut world, level);
        let mut workbench = begin(&world, &["run", TOOL, "--json", "--timeout", "60s"]);
        wait_for("the tool started", || !world.processes().is_empty());
        workbench.kill().unwrap();
        let outcome = workbench.wait_with_output().unwrap();
        wait_for("the tool ended with the workbench", || world.processes().is_empty());
        let killed =
            super::world::Outcome { output: String::from_utf8_lossy(&outcome.stdout).into(), ..Default::default() };
        assert_eq!(world.signs(&killed, None), BTreeSet::new(), "{} as {}", level.word(), user.word());
        // What the supervisor had to remove is gone, too.
        wait_for("its folders are gone", || fs::read_dir(world.path("tmp")).unwrap().next().is_none());
    });
}

#[test]
fn what_runs_is_what_its_digest_says_while_the_file_is_swapped() {
    const GOOD: &str = "print('this is GOOD')\n";
    const EVIL: &str = "print('this is EVIL')\n";
    let case = Case { way: Way::Plain, ..Case::named("swap", GOOD) };
    each(&case, |user, level| {
        let mut world = World::new(user);
        settle_workbench(&case, &mut world, level);
        let file = world.path("work/tools/experimental").join(TOOL).join("main.py");
        let put = |text: &str| {
            fs::write(world.path("tmp/next"), text).unwrap();
            fs::rename(world.path("tmp/next"), &file).unwrap();
            user.give(&file);
        };
        // Without walls: who looks and then starts the path starts something else.
        put(GOOD);
        let looked = fs::read_to_string(&file).unwrap();
        put(EVIL);
        let started = Command::new("/usr/bin/python3").arg(&file).output().unwrap();
        assert!(looked.contains("GOOD") && String::from_utf8_lossy(&started.stdout).contains("EVIL"), "invalid case");

        let mut digests = [GOOD, EVIL].map(|text| {
            put(text);
            let shown = begin(&world, &["show", TOOL, "--json"]).wait_with_output().unwrap();
            let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
            shown["tool"]["digest"].as_str().unwrap_or_else(|| panic!("{shown:#}")).to_owned()
        });
        digests.sort();
        assert_ne!(digests[0], digests[1]);
        let mut seen = BTreeSet::new();
        let mut refused = String::new();
        for round in 0..=8 {
            let mut run = begin(&world, &["run", TOOL, "--json", "--timeout", "8s"]);
            let mut turn = round;
            // The last one is left in peace: being refused each time would be no proof.
            while round < 8 && run.try_wait().unwrap().is_none() {
                put(if turn % 2 == 0 { GOOD } else { EVIL });
                turn += 1;
                // One that never rests is only ever refused.
                std::thread::park_timeout(Duration::from_millis(10 * (1 + round)));
            }
            let output = run.wait_with_output().unwrap();
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
            refused = answer.to_string();
            let Some(digest) = answer["run"]["digest"].as_str() else { continue };
            let said = answer["stdout"].as_str().unwrap_or_default().trim().to_owned();
            if !said.is_empty() {
                seen.insert((digest.to_owned(), said));
            }
        }
        let digests: BTreeSet<&String> = seen.iter().map(|(digest, _)| digest).collect();
        assert!(!seen.is_empty() && seen.len() == digests.len(), "one digest said two things: {seen:?}; {refused}");
    });
}
