use super::*;
use crate::domain::FileMode;
use crate::domain::OperationId;
use crate::domain::ToolName;
use crate::vcs::fixture::{Repo, script};
use std::collections::BTreeMap;
use std::fs;

fn file(path: &str, text: &str) -> VersionFile {
    let mode = if text.starts_with("#!") { FileMode::Executable } else { FileMode::Plain };
    VersionFile { path: path.into(), mode, bytes: text.as_bytes().to_vec() }
}

fn place(base: &str, exclusive: bool) -> Placement {
    Placement { base: base.into(), exclusive }
}

fn approval() -> VersionFile {
    file(APPROVAL_FILE, "operation = 7\n")
}

fn trailers() -> Vec<(String, String)> {
    vec![("Toolsmith-Operation".to_owned(), "7".to_owned()), ("Toolsmith-Tool".to_owned(), "adder@1.0.0".to_owned())]
}

/// The version to move.
fn version() -> Vec<VersionFile> {
    vec![
        file("adder.py", "#!/usr/bin/env python3\nprint(1 + 1)\n"),
        file("lib/deep/a.txt", "a"),
        file("tool.toml", "name = \"adder\"\n"),
    ]
}

/// The previous version.
fn older() -> Vec<VersionFile> {
    vec![file("adder.py", "print(2)\n"), file("old.py", "print(3)\n"), file("tool.toml", "name = \"adder\"\n")]
}

fn relocation(files: &[VersionFile], from: Option<Placement>, to: Placement) -> Relocation {
    Relocation {
        operation: OperationId(7),
        tool: ToolName::new("adder").unwrap(),
        version: semver::Version::new(1, 0, 0),
        digest: Digest::of_files(files),
        from_files: from.iter().flat_map(|_| files.iter().map(|file| file.path.clone())).collect(),
        from,
        to,
        replaces: None,
        extra: Vec::new(),
        commit: Some(CommitNote { message: "approve adder 1.0.0".into(), trailers: trailers() }),
        joined: Vec::new(),
        gone: false,
        returns: None,
    }
}

/// Writes files as an agent or a clone would.
fn lay(repo: &Repo, base: &str, files: &[VersionFile]) {
    for file in files {
        let path = format!("{base}/{}", file.path);
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        if file.mode == FileMode::Executable { drop(repo.script(&path, &text)) } else { repo.write(&path, &text) }
    }
}

fn commit_all(repo: &Repo) {
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-q", "-m", "Before"]);
}

/// All files of a work tree except `.git`: path to mode and text; folders end in `/`.
fn tree(root: &Path) -> BTreeMap<String, String> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != ".git" {
                found.insert(format!("{name}/"), String::new());
                walk(root, &path, found);
            } else if name != ".git" {
                use std::os::unix::fs::PermissionsExt;
                let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o111 != 0;
                found.insert(name, format!("{mode} {}", fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

fn names(repo: &Repo) -> Vec<String> {
    tree(&repo.path()).into_keys().filter(|name| !name.ends_with('/')).collect()
}

fn stop() -> RelocateError {
    RelocateError::Io { action: "stop", path: String::new(), source: io::ErrorKind::Interrupted.into() }
}

/// Performs this number of steps, then stops as after a crash; the commit is after the last step.
fn perform_until(scenario: &Scenario, repo: &Repo, steps: usize) -> (Result<Done, RelocateError>, usize) {
    let mut count = 0;
    let mut step = |_: &'static str| {
        count += 1;
        if count > steps { Err(stop()) } else { Ok(()) }
    };
    let workspace = repo.path();
    let mover = Mover {
        workspace: &workspace,
        files: &scenario.files,
        relocation: &scenario.relocation,
        is_ahead: false,
        notes: Vec::new(),
        step: &mut step,
    };
    let git = (steps == usize::MAX).then(|| repo.open());
    (mover.perform(git.as_ref()), count)
}

struct Scenario {
    name: &'static str,
    before: fn(&Repo),
    files: Vec<VersionFile>,
    relocation: Relocation,
}

fn pair() -> Vec<VersionFile> {
    vec![file("adder.py", "print(2)\n"), file("adder.yaml", "name: adder\n")]
}

fn scenarios() -> Vec<Scenario> {
    let (native, both) = (version(), pair());
    let approved = place("tools/approved/adder", true);
    let lab = place("tools/experimental/adder", true);
    let shelf = place("tools/experimental", false);
    let new = |files: &[VersionFile], from: &Placement| Relocation {
        extra: vec![approval()],
        ..relocation(files, Some(from.clone()), approved.clone())
    };
    vec![
        Scenario {
            name: "an approval of a folder",
            before: |repo| {
                repo.write(".gitignore", "/tools/experimental/\n");
                commit_all(repo);
                lay(repo, "tools/experimental/adder", &version());
                repo.write("tools/experimental/adder/__pycache__/adder.cpython-311.pyc", "x");
            },
            relocation: new(&native, &lab),
            files: native.clone(),
        },
        Scenario {
            name: "an approval of a pair that git tracks",
            before: |repo| {
                lay(repo, "tools/experimental", &pair());
                repo.write("tools/experimental/other.py", "1");
                commit_all(repo);
            },
            relocation: new(&both, &shelf),
            files: both.clone(),
        },
        Scenario {
            name: "an approval that replaces a kept version",
            before: |repo| {
                lay(repo, "tools/approved/adder", &older());
                repo.write("tools/approved/adder/approval.toml", "operation = 3\n");
                repo.write("tools/approved/adder/versions/0.9.0/adder.py", "0");
                commit_all(repo);
                lay(repo, "tools/experimental/adder", &version());
            },
            relocation: Relocation { replaces: Some(Digest::of_files(&older())), ..new(&native, &lab) },
            files: native.clone(),
        },
        Scenario {
            name: "an approval onto files that are without a kept copy",
            before: |repo| {
                lay(repo, "tools/approved/adder", &older());
                lay(repo, "tools/experimental/adder", &version());
                repo.write("tools/archived/.adder.replaced-7/mine", "1");
            },
            relocation: new(&native, &lab),
            files: native.clone(),
        },
        Scenario {
            name: "an approval in place",
            before: |repo| {
                lay(repo, "tools/approved/adder", &version());
                repo.write("tools/approved/adder/approval.toml", "operation = 3\n");
                commit_all(repo);
            },
            relocation: Relocation { from: None, ..new(&native, &lab) },
            files: native.clone(),
        },
        Scenario {
            name: "putting a version away",
            before: |repo| {
                lay(repo, "tools/approved/adder", &version());
                repo.write("tools/approved/adder/approval.toml", "operation = 3\n");
                commit_all(repo);
            },
            relocation: relocation(&native, Some(approved.clone()), place("tools/archived/adder", true)),
            files: native.clone(),
        },
        Scenario {
            name: "taking the approval of a pair back",
            before: |repo| {
                repo.write(".gitignore", "/tools/experimental/\n");
                lay(repo, "tools/approved/adder", &pair());
                repo.write("tools/approved/adder/approval.toml", "operation = 3\n");
                commit_all(repo);
            },
            relocation: relocation(&both, Some(approved), shelf),
            files: both,
        },
    ]
}

/// A file that contains several tools stays, whatever is decided about one of them.
fn scenarios_of_an_entry() -> Vec<Scenario> {
    let files = vec![file("Makefile", "a:\n\ttrue\nb:\n\ttrue\n"), file("tool.toml", "name = \"adder\"\n")];
    let entry = Placement::of_entry("tools/build/Makefile", &ToolName::new("adder").unwrap());
    let approved = place("tools/approved/adder", true);
    let to = relocation(&files, Some(entry.clone()), approved.clone());
    vec![
        Scenario {
            name: "an approval of an entry",
            before: |repo| {
                repo.write("tools/build/Makefile", "a:\n\ttrue\nb:\n\ttrue\n");
                commit_all(repo);
            },
            relocation: Relocation { extra: vec![approval()], ..to },
            files: files.clone(),
        },
        Scenario {
            name: "taking the approval of an entry back",
            before: |repo| {
                repo.write("tools/build/Makefile", "changed:\n\ttrue\n");
                repo.write("tools/approved/adder/Makefile", "a:\n\ttrue\nb:\n\ttrue\n");
                repo.write("tools/approved/adder/tool.toml", "name = \"adder\"\n");
                repo.write("tools/approved/adder/approval.toml", "operation = 3\n");
                commit_all(repo);
            },
            relocation: relocation(&files, Some(approved), entry),
            files,
        },
    ]
}

#[test]
fn the_file_that_holds_an_entry_stays_as_it_is() {
    for scenario in scenarios_of_an_entry() {
        let repo = begin(&scenario);
        let before = tree(&repo.path())["tools/build/Makefile"].clone();
        let done = run(&scenario, &repo).unwrap();
        assert_eq!(done.notes, Vec::<String>::new(), "{}", scenario.name);
        let after = tree(&repo.path());
        assert_eq!(after["tools/build/Makefile"], before);
        let is_there = after.contains_key("tools/approved/adder/tool.toml");
        assert_eq!(is_there, scenario.name == "an approval of an entry");
        assert!(!after.keys().any(|name| name.contains('#') || name == "tools/build/tool.toml"), "{after:?}");
    }
}

fn begin(scenario: &Scenario) -> Repo {
    let repo = Repo::new();
    (scenario.before)(&repo);
    // Unrelated work of the user.
    repo.write("mine", "staged\n");
    repo.git(&["add", "mine"]);
    repo
}

/// The state that must be equal however often a move is interrupted.
fn end(repo: &Repo) -> (BTreeMap<String, String>, Vec<String>, String) {
    (tree(&repo.path()), repo.subjects(), repo.git(&["status", "--porcelain"]))
}

#[test]
fn a_move_cut_off_at_any_step_and_performed_again_ends_the_same_with_one_commit() {
    for scenario in scenarios().into_iter().chain(scenarios_of_an_entry()) {
        let start = begin(&scenario);
        let repo = start.copied();
        let (done, steps) = perform_until(&scenario, &repo, usize::MAX);
        let (done, whole) = (done.unwrap(), end(&repo));
        assert!(steps >= 2 && done.commit.is_some(), "{}: {done:?}", scenario.name);
        assert_eq!(whole.1[0], "approve adder 1.0.0", "{}", scenario.name);
        assert!(!whole.0.keys().any(|name| name.contains(".toolsmith-")), "{}: {whole:?}", scenario.name);
        for cut in 0..steps {
            let repo = start.copied();
            assert!(perform_until(&scenario, &repo, cut).0.is_err());
            // The second attempt is interrupted as well, at another step.
            let _ = perform_until(&scenario, &repo, (cut * 7 + 1) % steps);
            // Git starts slowly, so it is used only at every fifth interruption and at the last.
            if cut % 5 != 0 && cut + 1 != steps {
                perform(&repo.path(), None, &scenario.files, &scenario.relocation).unwrap();
                assert_eq!(tree(&repo.path()), whole.0, "{} cut off after step {cut}", scenario.name);
                continue;
            }
            perform_until(&scenario, &repo, usize::MAX).0.unwrap();
            assert_eq!(end(&repo), whole, "{} cut off after step {cut}", scenario.name);
        }
        let again = perform_until(&scenario, &repo, usize::MAX).0.unwrap();
        assert_eq!((end(&repo), again.commit), (whole, done.commit), "{} done twice", scenario.name);
    }
}

/// Performs it as one of several moves, for this number of steps.
fn perform_ahead_until(scenario: &Scenario, repo: &Repo, steps: usize) -> (Result<Done, RelocateError>, usize) {
    let mut count = 0;
    let mut step = |_: &'static str| {
        count += 1;
        if count > steps { Err(stop()) } else { Ok(()) }
    };
    let (workspace, files, relocation) = (repo.path(), &scenario.files, &scenario.relocation);
    let mut mover =
        Mover { workspace: &workspace, files, relocation, is_ahead: true, notes: Vec::new(), step: &mut step };
    let done = mover.stage_ahead().and_then(|_| mover.perform(None));
    (done, count)
}

#[test]
fn moves_that_are_performed_together_end_as_each_by_itself_wherever_they_are_cut_off() {
    for scenario in scenarios().into_iter().chain(scenarios_of_an_entry()) {
        let start = begin(&scenario);
        let alone = start.copied();
        perform(&alone.path(), None, &scenario.files, &scenario.relocation).unwrap();
        let (alone, together) = (tree(&alone.path()), start.copied());
        perform_all(&together.path(), &[(scenario.files.clone(), scenario.relocation.clone())]).unwrap();
        assert_eq!(tree(&together.path()), alone, "{}", scenario.name);
        let steps = perform_ahead_until(&scenario, &start.copied(), usize::MAX).1;
        for cut in 0..steps {
            let repo = start.copied();
            assert!(perform_ahead_until(&scenario, &repo, cut).0.is_err());
            let _ = perform_ahead_until(&scenario, &repo, (cut * 7 + 1) % steps);
            perform(&repo.path(), None, &scenario.files, &scenario.relocation).unwrap();
            assert_eq!(tree(&repo.path()), alone, "{} cut off after step {cut}", scenario.name);
        }
    }
}

fn scenario(name: &str) -> Scenario {
    scenarios().into_iter().find(|scenario| scenario.name == name).unwrap()
}

fn run(scenario: &Scenario, repo: &Repo) -> Result<Done, RelocateError> {
    perform(&repo.path(), Some(&repo.open()), &scenario.files, &scenario.relocation)
}

#[test]
fn an_approval_moves_every_file_and_the_commit_holds_nothing_else() {
    let scenario = scenario("an approval of a pair that git tracks");
    let repo = begin(&scenario);
    let done = run(&scenario, &repo).unwrap();
    assert_eq!(done.notes, Vec::<String>::new());
    assert_eq!(
        repo.git(&["show", "--no-renames", "--name-status", "--format=", "HEAD"]),
        "A\ttools/approved/adder/adder.py\nA\ttools/approved/adder/adder.yaml\nA\ttools/approved/adder/approval.toml\n\
         D\ttools/experimental/adder.py\nD\ttools/experimental/adder.yaml\n"
    );
    assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Toolsmith-Tool,valueonly)"]).trim(), "adder@1.0.0");
    assert_eq!(repo.git(&["status", "--porcelain"]), "A  mine\n");
}

#[test]
fn a_replaced_version_goes_but_what_is_no_part_of_it_stays() {
    let scenario = scenario("an approval that replaces a kept version");
    let repo = begin(&scenario);
    let done = run(&scenario, &repo).unwrap();
    assert_eq!(done.notes, Vec::<String>::new());
    let here = "tools/approved/adder";
    assert_eq!(
        names(&repo),
        [
            "README",
            "mine",
            &format!("{here}/adder.py"),
            &format!("{here}/approval.toml"),
            &format!("{here}/lib/deep/a.txt"),
            &format!("{here}/tool.toml"),
            &format!("{here}/versions/0.9.0/adder.py")
        ]
    );
    assert!(
        repo.git(&["show", "--no-renames", "--name-status", "--format=", "HEAD"])
            .contains("D\ttools/approved/adder/old.py")
    );
}

#[test]
fn files_that_are_kept_nowhere_are_put_aside_and_named() {
    let scenario = scenario("an approval onto files that are without a kept copy");
    let repo = begin(&scenario);
    let done = run(&scenario, &repo).unwrap();
    let note =
        "tools/approved/adder contained files without a kept copy: they are now in tools/archived/.adder.replaced-7-2";
    assert_eq!(done.notes, vec![note]);
    assert!(names(&repo).contains(&"tools/archived/.adder.replaced-7-2/old.py".to_owned()));
    assert!(names(&repo).contains(&"tools/archived/.adder.replaced-7/mine".to_owned()));
}

#[test]
fn a_newer_file_at_the_source_is_never_taken_away() {
    let scenario = scenario("an approval of a folder");
    let repo = begin(&scenario);
    repo.write("tools/experimental/adder/tool.toml", "name = \"newer\"\n");
    let done = run(&scenario, &repo).unwrap();
    assert_eq!(done.notes, vec!["tools/experimental/adder/tool.toml was not removed: it changed since"]);
    let left: Vec<_> = names(&repo).into_iter().filter(|name| name.starts_with("tools/experimental/adder/")).collect();
    assert_eq!(
        left,
        vec!["tools/experimental/adder/__pycache__/adder.cpython-311.pyc", "tools/experimental/adder/tool.toml"]
    );
}

#[test]
fn what_was_never_part_of_the_version_stays_at_the_source() {
    let scenario = scenario("an approval of a folder");
    let repo = begin(&scenario);
    repo.write("tools/experimental/adder/versions/2.0.0/adder.py", "2");
    repo.write("tools/experimental/adder/notes.txt", "mine");
    repo.write("tools/experimental/adder/.git/refs/tags/.keep", "");
    fs::remove_file(repo.path().join("tools/experimental/adder/.git/refs/tags/.keep")).unwrap();
    repo.write("tools/experimental/adder/__pycache__/kept.txt", "mine");
    let done = run(&scenario, &repo).unwrap();
    assert_eq!(
        done.notes,
        vec![
            "tools/experimental/adder was not removed: it still contains notes.txt, .git, __pycache__/kept.txt and 1 more"
        ]
    );
    assert!(repo.path().join("tools/experimental/adder/.git/refs/tags").is_dir());
    assert!(names(&repo).contains(&"tools/experimental/adder/versions/2.0.0/adder.py".to_owned()));
    assert!(!names(&repo).iter().any(|name| name.starts_with("tools/approved/adder/versions")));
}

#[test]
fn a_shared_folder_with_other_content_in_the_way_changes_nothing() {
    let scenario = scenario("taking the approval of a pair back");
    let repo = begin(&scenario);
    repo.write("tools/experimental/adder.yaml", "name: somebody else\n");
    let before = end(&repo);
    let to = &scenario.relocation.to;
    assert_eq!(conflicts(&repo.path(), &scenario.files, to), vec!["tools/experimental/adder.yaml"]);
    let error = run(&scenario, &repo).unwrap_err();
    assert_eq!(error.to_string(), "tools/experimental/adder.yaml has different content, so it is not overwritten");
    assert_eq!(EngineError::from(error).code, ErrorCode::Conflict);
    assert_eq!(end(&repo), before);
}

#[test]
fn a_script_elsewhere_in_the_workspace_is_copied_but_stays() {
    let files = vec![file("@/tools/executable/x.py", "print()\n"), file("adder.yaml", "name: adder\n")];
    let shelf = place("tools/llm", false);
    let there = relocation(&files, Some(shelf.clone()), place("tools/approved/adder", true));
    let repo = Repo::new();
    repo.write("tools/llm/adder.yaml", "name: adder\n");
    repo.write("tools/executable/x.py", "print()\n");
    let done = perform(&repo.path(), Some(&repo.open()), &files, &there).unwrap();
    assert_eq!(done.notes, vec!["tools/executable/x.py was not removed: other tools may use it"]);
    let copy = "tools/approved/adder/@/tools/executable/x.py";
    assert_eq!(names(&repo), ["README", copy, "tools/approved/adder/adder.yaml", "tools/executable/x.py"]);
    let back = relocation(&files, Some(place("tools/approved/adder", true)), shelf);
    perform(&repo.path(), Some(&repo.open()), &files, &back).unwrap();
    assert_eq!(names(&repo), ["README", "tools/executable/x.py", "tools/llm/adder.yaml"]);
}

#[test]
fn the_hook_that_refuses_leaves_the_files_in_place_and_the_commit_for_later() {
    let scenario = scenario("an approval of a folder");
    let repo = begin(&scenario);
    let hooks = crate::outside::fixture::folder();
    let hook = script(&hooks.path().join("pre-commit"), "#!/bin/sh\necho tabs >&2\nexit 1\n");
    let git = repo.open_with(&[("core.hooksPath", hooks.path())]);
    let error = perform(&repo.path(), Some(&git), &scenario.files, &scenario.relocation).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the files are in place, but the commit is missing: a commit hook refused the commit: tabs"
    );
    assert!(names(&repo).contains(&"tools/approved/adder/approval.toml".to_owned()));
    fs::remove_file(hook).unwrap();
    assert!(run(&scenario, &repo).unwrap().commit.is_some());
    assert_eq!(repo.subjects(), vec!["approve adder 1.0.0", "Before", "First"]);
}

#[test]
fn a_half_written_file_of_an_earlier_attempt_is_no_obstacle() {
    let scenario = scenario("an approval of a folder");
    let repo = begin(&scenario);
    repo.write("tools/approved/.toolsmith-7-adder.tmp/lib/deep/a.txt", "");
    repo.write("tools/approved/.toolsmith-7-adder.tmp/adder.py", "#!/usr/bin");
    repo.write("tools/approved/.toolsmith-7-adder.tmp/approval.toml", "oper");
    run(&scenario, &repo).unwrap();
    assert!(!names(&repo).iter().any(|name| name.contains("toolsmith-") || name.contains("replaced")));
}

#[test]
fn a_full_disk_is_named_and_the_room_is_given_back() {
    let scenario = scenario("an approval of a folder");
    let repo = begin(&scenario);
    let before = end(&repo);
    let workspace = repo.path();
    let full = |path: &str| RelocateError::Io {
        action: "write",
        path: path.into(),
        source: io::ErrorKind::StorageFull.into(),
    };
    let mut step =
        |what: &'static str| if what == "file staged" { Err(full("tools/approved/adder/adder.py")) } else { Ok(()) };
    let Scenario { files, relocation, .. } = &scenario;
    let mover = Mover { workspace: &workspace, files, relocation, is_ahead: false, notes: Vec::new(), step: &mut step };
    let error = EngineError::from(mover.perform(None).unwrap_err());
    assert_eq!((error.code, error.hint.as_str()), (ErrorCode::Failed, "free some disk space, then try again"));
    assert!(error.message.starts_with("failed to write tools/approved/adder/adder.py: "), "{}", error.message);
    fs::remove_dir(repo.path().join("tools/approved")).unwrap();
    assert_eq!(end(&repo), before);
    run(&scenario, &repo).unwrap();
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let scenario = scenario("an approval of a folder");
    let repo = begin(&scenario);
    repo.write("tools/approved", "a file where a folder should be");
    let error = run(&scenario, &repo).unwrap_err();
    assert!(error.to_string().starts_with("failed to create tools/approved: "), "{error}");
    assert!(names(&repo).contains(&"tools/experimental/adder/adder.py".to_owned()));
}

#[test]
fn nothing_is_written_outside_the_place_or_over_a_shared_folder() {
    let repo = Repo::new();
    let files = version();
    let good = relocation(&files, None, place("tools/approved/adder", true));
    let evil = vec![file("../escape", "1")];
    for (files, bad) in [
        (&evil, relocation(&evil, None, good.to.clone())),
        (&files, Relocation { to: place("tools/approved", true), ..good.clone() }),
        (&files, Relocation { to: place("tools/../..", true), ..good.clone() }),
        (
            &files,
            Relocation { from_files: vec!["/etc/passwd".into()], from: Some(place("tools", false)), ..good.clone() },
        ),
        (&files, Relocation { extra: vec![file("../approval.toml", "")], ..good.clone() }),
    ] {
        let error = perform(&repo.path(), None, files, &bad).unwrap_err();
        assert!(matches!(error, RelocateError::BadPath { .. }), "{error}");
    }
    let error = perform(&repo.path(), None, &older(), &good).unwrap_err();
    assert!(matches!(error, RelocateError::WrongFiles { .. }), "{error}");
    assert_eq!(names(&repo), ["README"]);
}

#[test]
fn a_move_survives_the_intent_table_and_reads_without_newer_fields() {
    let relocation = scenario("an approval that replaces a kept version").relocation;
    let mut wire = serde_json::to_value(&relocation).unwrap();
    assert_eq!(serde_json::from_value::<Relocation>(wire.clone()).unwrap(), relocation);
    wire.as_object_mut().unwrap().remove("replaces");
    assert_eq!(serde_json::from_value::<Relocation>(wire).unwrap(), Relocation { replaces: None, ..relocation });
}

#[test]
fn a_place_that_cannot_be_written_to_is_known_before_anything_is_decided() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("tools")).unwrap();
    fs::write(dir.path().join("tools/file"), "x").unwrap();
    assert!(writable(dir.path(), &place("tools/experimental/adder/versions/1.1.0", true)).is_ok());
    let error = writable(dir.path(), &place("tools/file/below", true)).unwrap_err();
    assert!(error.message.starts_with("tools/file is not writable: "), "{}", error.message);
}
