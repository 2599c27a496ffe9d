//! Programs that cannot be started, and what is said of it.

use super::{Bench, COMPANION};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes a program that anybody may start.
fn program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder that no run sees unless its tool declares it.
fn outside() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("programs-").tempdir_in("/var/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn launch_with_wait_reports_every_program_that_could_not_be_executed() {
    let bench = Bench::new();
    let folder = outside();
    let path = folder.path().join("hidden");
    program(&path, "#!/bin/sh\nexec cat\n");
    bench.workspace.write(
        "tools/experimental/hidden/tool.toml",
        &format!(
            "name = \"hidden\"\nkind = \"service\"\ndescription = \"d\"\ncost_tier = \"low\"\n[run]\ncommand = [\"{}\"]\n",
            path.display()
        ),
    );
    for _ in 0..5 {
        let why = bench.refused(&["launch", "hidden", "--wait"]);
        assert!(why.starts_with("hidden is failed: "), "{why}");
        assert!(why.contains("is not visible in the sandbox; declare it under [permissions] read"), "{why}");
    }
}

#[test]
fn a_program_outside_of_what_a_run_sees_is_named_at_its_definition_and_by_a_probe() {
    let bench = Bench::new();
    let folder = outside();
    for (name, text) in [("script", "#!/bin/sh\nexec cat\n"), ("python", "#!/usr/bin/env python3\nprint(1)\n")] {
        let path = folder.path().join(name);
        program(&path, text);
        let path = path.to_str().unwrap();
        let note = format!(
            "{path} is not visible in the sandbox; declare it under [permissions] read and have it approved, or put it into the folder of the tool"
        );
        let made = bench.ok(&["define", name, "--executable", path, "--description", "Echoes", "--type", "text"]);
        assert!(made["notes"].as_array().unwrap().contains(&note.clone().into()), "{made}");
        let (probed, _) = bench.workspace.json_of_human(&["define", name, "--probe", "--allow"]);
        let why = probed["error"]["message"].as_str().unwrap();
        assert!(why.contains(&format!("--help failed: {note}")), "{probed}");
    }
    let missing = bench.ok(&["define", "absent", "--executable", "no-such-program-at-all", "--description", "d"]);
    let note = "no-such-program-at-all is not installed, or not on PATH";
    assert!(missing["notes"].as_array().unwrap().contains(&note.into()), "{missing}");
    let found = bench.ok(&["define", "there", "--executable", "cat", "--description", "d"]);
    assert_eq!(found["notes"], serde_json::json!([]), "{found}");
}

#[test]
fn a_program_in_the_folder_of_its_tool_is_visible() {
    let bench = Bench::new();
    bench.service("companion", COMPANION, "");
    let path = bench.workspace.path("tools/experimental/companion/start");
    program(&path, "#!/bin/sh\nexec python3 main.py\n");
    let manifest = bench.workspace.path("tools/experimental/companion/tool.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let line = text.lines().find(|line| line.starts_with("command")).unwrap();
    fs::write(&manifest, text.replace(line, "command = [\"{dir}/start\"]")).unwrap();
    fs::write(&path, "#!/bin/sh\ncd \"$(dirname \"$0\")\" && exec python3 main.py\n").unwrap();
    bench.ok(&["launch", "companion", "--wait"]);
    assert_eq!(bench.say("companion", "hello"), "1: hello");
}
