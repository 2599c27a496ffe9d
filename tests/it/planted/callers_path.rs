//! What is approved runs with the interpreter of the system, or of the user's settings, whatever the caller's `PATH` says.

use super::{World, users};
use crate::hostile_runs::program_path;
use crate::support::Terminal;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A world with an approved tool that prints `real`, and a `python3` for the front of a `PATH` that prints `forged`.
fn world(user: crate::hostile_runs::user::User) -> World {
    let world = World::new(user);
    world.put("work/tools/experimental/worker/worker.py", "print('real')\n", 0o644);
    world.put(
        "work/tools/experimental/worker/tool.toml",
        "name = \"worker\"\nversion = \"1.0.0\"\ndescription = \"works\"\ncost_tier = \"low\"\n[run]\n\
         command = [\"python3\", \"{file}\"]\nentry = \"worker.py\"\ninput = \"none\"\n",
        0o644,
    );
    world.put("agent/python3", "#!/bin/sh\necho forged\n", 0o755);
    world.hand_over();
    let review = world.json(&["reviews"], &[])["reviews"][0].clone();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
    let words =
        ["approve", &id, "--digest", &digest, "--unread", "--reason", "a test", "--json"].map(str::to_owned).to_vec();
    let words = [user.prefix(), vec![program_path()], words].concat();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut terminal = Terminal::program(&world.workspace, &words, (120, 40));
    let code = terminal.wait_end().exit_code();
    assert_eq!(code, 0, "{}", terminal.text());
    world
}

/// A run by somebody whose `PATH` begins with the planted folder.
fn run(world: &World, more: &[(&str, &str)]) -> Value {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", world.path("agent").display());
    let more: Vec<(&str, &str)> = more.iter().copied().chain([("PATH", path.as_str())]).collect();
    world.json(&["run", "worker"], &more)
}

#[test]
fn an_approved_tool_does_not_run_with_the_interpreter_of_the_callers_path() {
    for user in users() {
        let world = world(user);
        let script = world.path("work/tools/approved/worker/worker.py");
        let path = format!("PATH={}:/usr/bin:/bin", world.path("agent").display());
        let control = world.plainly(Path::new("/usr/bin/env"), &[&path, "python3", script.to_str().unwrap()]);
        assert_eq!(control.stdout, b"forged\n", "invalid case: the planted interpreter is first on PATH");
        for more in [&[("TOOLSMITH_AGENT", "coder")][..], &[]] {
            let answer = run(&world, more);
            let interpreter = &answer["run"]["interpreter"];
            assert_eq!(answer["stdout"], "real\n", "as {}: {answer:#}", user.word());
            assert!(interpreter["path"].as_str().unwrap().starts_with("/usr/"), "{answer:#}");
            assert_eq!(interpreter["digest"].as_str().unwrap().len(), 64, "{answer:#}");
        }
        // A workspace cannot name programs either.
        let own = world.path("agent/python3").display().to_string();
        world.put("work/toolsmith.toml", &format!("[programs]\npython3 = \"{own}\"\n"), 0o644);
        world.hand_over();
        assert_eq!(run(&world, &[])["stdout"], "real\n");
        let problems = world.json(&["list", "--problems"], &[]).to_string();
        assert!(problems.contains("programs cannot be set in a workspace"), "{problems}");
    }
}

#[test]
fn a_change_of_the_interpreter_since_the_approval_is_shown() {
    for user in users() {
        let world = world(user);
        assert!(!run(&world, &[])["run"]["notes"].to_string().contains("changed since"));
        assert!(world.json(&["show", "worker"], &[]).get("interpreter_changed").is_none());
        fs::create_dir_all(world.path("own")).unwrap();
        fs::copy("/usr/bin/python3", world.path("own/python3")).unwrap();
        let own = world.path("own/python3").display().to_string();
        world.put("home/toolsmith/config/config.toml", &format!("[programs]\npython3 = \"{own}\"\n"), 0o644);
        world.hand_over();
        let answer = run(&world, &[]);
        assert_eq!(
            (&answer["stdout"], &answer["run"]["interpreter"]["path"]),
            (&"real\n".into(), &own.clone().into()),
            "{answer:#}"
        );
        assert!(
            answer["run"]["notes"].to_string().contains("its interpreter changed since it was approved"),
            "{answer:#}"
        );
        let shown = world.json(&["show", "worker"], &[]);
        assert!(shown["interpreter_changed"].as_str().is_some_and(|said| said.contains(&own)), "{shown:#}");
        // One that others could have changed is not taken at all.
        fs::set_permissions(world.path("own"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let answer = run(&world, &[]);
        assert!(
            answer["run"]["interpreter"]["path"].as_str().is_some_and(|path| path.starts_with("/usr/")),
            "{answer:#}"
        );
    }
}
