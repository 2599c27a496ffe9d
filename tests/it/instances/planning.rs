//! What is printed for a human to use elsewhere: user units, limits, bundles.

use super::Bench;
use crate::support::{Workspace, program};
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn a_user_unit_launches_the_instance_and_is_only_printed() {
    let (bench, mark) = Bench::with_companion("");
    let output = bench.workspace.toolsmith(&["services", "--unit", "companion"]).output().unwrap();
    let (unit, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{told}");
    let line = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
    assert!(
        line("ExecStart=").unwrap().ends_with(" launch companion --instance companion --wait --if-needed"),
        "{unit}"
    );
    assert!(line("ExecStop=").unwrap().ends_with(" terminate companion --wait"), "{unit}");
    assert_eq!(line("Type=").as_deref(), Some("oneshot"));
    assert_eq!(line("RemainAfterExit=").as_deref(), Some("yes"));
    let root = bench.workspace.root().canonicalize().unwrap();
    assert_eq!(line("WorkingDirectory="), Some(root.to_string_lossy().into_owned()));
    assert!(told.contains("~/.config/systemd/user/toolsmith-companion.service"), "{told}");
    assert_eq!(crate::support::processes_with(&mark), Vec::<i32>::new(), "nothing was started");

    bench.ok(&["launch", "companion", "--instance", "mine", "--wait"]);
    let unit = bench.ok(&["services", "mine", "--unit"]);
    assert_eq!(unit["file"], "toolsmith-mine.service");
    assert!(
        unit["unit"].as_str().unwrap().contains(" launch companion --instance mine --wait --if-needed\n"),
        "{unit}"
    );
    assert_eq!(bench.refused(&["services", "--unit", "nobody"]), "there is no instance nobody");
    assert_eq!(bench.refused(&["services", "--unit"]), "--unit and --profile need the name of an instance or a tool");
}

/// What systemd says of a unit: its faults, empty for a good one; `None` where nothing can be asked.
fn faults_of(unit: &str) -> Option<String> {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("toolsmith-companion.service");
    fs::write(&file, unit).unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(["--user", "verify"]).arg(&file).env("XDG_RUNTIME_DIR", room.path()).env("HOME", room.path());
    let output = command.output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { String::new() } else { format!("{}: {said}", output.status) })
}

/// The unit that a program of this path prints, or what it says instead.
fn unit_printed_by(bench: &Bench, installed: &Path) -> Result<String, String> {
    fs::create_dir_all(installed.parent().unwrap()).unwrap();
    if fs::hard_link(program(), installed).is_err() {
        fs::copy(program(), installed).unwrap();
    }
    let mut command = Command::new(installed);
    command.args(["services", "--unit", "companion"]).current_dir(bench.workspace.root());
    let output = command.env_clear().envs(bench.workspace.environment()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn systemd_takes_the_units_that_are_printed_and_no_others_are_printed() {
    let folder = tempfile::Builder::new().prefix("a b 50% $HOME;").tempdir().unwrap();
    let bench = Bench { workspace: Workspace::new_in(folder.path()) };
    bench.service("companion", super::COMPANION, "");
    let installed = folder.path().join("bin %n/toolsmith");
    let unit = unit_printed_by(&bench, &installed).unwrap();
    let path = installed.to_string_lossy().replace('%', "%%");
    assert!(unit.contains(&format!("ExecStart=\"{path}\" launch companion")), "{unit}");
    for name in ["it's", "a \"b\"", "a\\b"] {
        let told = unit_printed_by(&bench, &folder.path().join(name).join("toolsmith")).unwrap_err();
        assert!(told.contains("a quote or a backslash") && told.contains("another folder"), "{told}");
    }

    let known = "[Service]\nType=oneshot\nExecStart=/bin/sh -c true\n";
    if faults_of(known).is_none_or(|faults| !faults.is_empty()) {
        eprintln!("systemd_takes_the_units_that_are_printed_and_no_others_are_printed: systemd-analyze cannot be used");
        return;
    }
    assert_eq!(faults_of(&unit).as_deref(), Some(""), "{unit}");
    // What is refused here, systemd refuses too.
    let quoted = unit.replace("/bin %%n/", "/it's/");
    assert!(faults_of(&quoted).is_some_and(|faults| faults.contains("special characters")), "{quoted}");
}

#[test]
fn limits_are_proposed_from_five_recorded_runs_on() {
    let bench = Bench::new();
    bench.workspace.write("tools/experimental/quick/main.py", "print('quick')\n");
    bench.workspace.write(
        "tools/experimental/quick/tool.toml",
        "name = \"quick\"\nkind = \"command\"\ndescription = \"Prints a word\"\ncost_tier = \"low\"\n\
         [run]\ncommand = [\"python3\", \"{file}\"]\nfile = \"main.py\"\n",
    );
    for _ in 0..4 {
        bench.ok(&["run", "quick"]);
    }
    let few = bench.ok(&["services", "--profile", "quick"]);
    assert_eq!((&few["runs"], &few["too_few"], &few["proposal"]), (&4.into(), &true.into(), &"".into()), "{few}");
    bench.ok(&["run", "quick"]);
    let enough = bench.ok(&["services", "--profile", "quick"]);
    assert_eq!((&enough["runs"], &enough["too_few"], &enough["most_at_once"]), (&5.into(), &false.into(), &1.into()));
    let proposal = enough["proposal"].as_str().unwrap();
    let table: toml::Table = proposal.parse().unwrap();
    assert!(table["limits"]["memory"].as_str().unwrap().ends_with("MiB"), "{proposal}");
    assert!(table["run"]["timeout"].as_str().unwrap().ends_with('s'), "{proposal}");
    assert!(!table.contains_key("service"), "{proposal}");
    // What is proposed can be written down as it is.
    bench.workspace.write(
        "tools/experimental/quick/tool.toml",
        &format!(
            "name = \"quick\"\nkind = \"command\"\ndescription = \"Prints a word\"\ncost_tier = \"low\"\n\
             [run]\ncommand = [\"python3\", \"{{file}}\"]\nfile = \"main.py\"\ntimeout = {}\n[limits]\nmemory = {}\n",
            table["run"]["timeout"], table["limits"]["memory"]
        ),
    );
    bench.ok(&["run", "quick"]);
    assert_eq!(
        bench.refused(&["services", "--profile"]),
        "--unit and --profile need the name of an instance or a tool"
    );
}

#[test]
fn the_profile_of_a_service_proposes_how_many_instances_and_no_time_limit() {
    let (bench, _) = Bench::with_companion("");
    for name in ["one", "two"] {
        bench.ok(&["launch", "companion", "--instance", name, "--wait"]);
    }
    for _ in 0..4 {
        bench.ok(&["terminate", "one"]);
        bench.until("one", "stopped");
        bench.ok(&["launch", "companion", "--instance", "one", "--wait"]);
    }
    let profile = bench.ok(&["services", "--profile", "one"]);
    assert_eq!((&profile["runs"], &profile["instances"]), (&6.into(), &2.into()), "{profile}");
    assert_eq!(profile["most_at_once"], 2, "{profile}");
    let table: toml::Table = profile["proposal"].as_str().unwrap().parse().unwrap();
    assert_eq!(table["service"]["instances"].as_integer(), Some(2));
    assert!(!table.contains_key("run"), "{profile}");
}

#[test]
fn a_bundle_carries_the_definition_of_a_service_and_no_instance() {
    let (one, _) = Bench::with_companion("");
    one.ok(&["launch", "companion", "--wait"]);
    assert_eq!(one.say("companion", "hello"), "1: hello");
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("shared");
    let bundle = bundle.to_str().unwrap();
    let (pushed, code) = one.workspace.json_of_human(&["push", bundle]);
    assert_eq!(code, 0, "{pushed}");

    let other = Bench::new();
    let (pulled, code) = other.workspace.json_of_human(&["pull", bundle]);
    assert_eq!(code, 0, "{pulled}");
    let (here, there) = (one.ok(&["show", "companion"]), other.ok(&["show", "companion"]));
    assert_eq!((&here["tool"]["kind"], &here["tool"]["digest"]), (&there["tool"]["kind"], &there["tool"]["digest"]));
    assert_eq!(here["definition"], there["definition"]);
    assert_eq!(other.ok(&["services"])["services"], serde_json::json!([]));
    let reviews = other.ok(&["reviews"])["reviews"].as_array().unwrap().clone();
    assert_eq!(reviews.iter().filter(|review| review["tool"] == "companion").count(), 1, "{reviews:?}");
    let (refused, code) = other.workspace.json(&["--as-agent", "bot", "launch", "companion"]);
    assert_ne!(code, 0, "nobody approved it there: {refused}");
    other.ok(&["launch", "companion", "--wait"]);
    assert_eq!(other.say("companion", "hello"), "1: hello", "it knows nothing of the other one");
}
