//! Signed approvals, with the real `ssh-keygen` and keys that live as long as the test.

use super::world::{ada, decide, native, open};
use crate::support::{Workspace, copy_folder};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use toolsmith::domain::{Caller, Command, DecisionKind, Outcome, ReviewKind, RunOutcome};
use toolsmith::engine::{Engine, EngineError, ErrorCode, ReviewFilter, RunRequest};

const NOTE: &str = "tools/approved/alpha/approval.toml";

/// Makes a key and gives its path.
pub(super) fn key(workspace: &Workspace, name: &str, passphrase: &str) -> PathBuf {
    let path = workspace.home().join(name);
    let mut command = Process::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-C", name, "-N", passphrase, "-f"]).arg(&path);
    assert!(command.status().unwrap().success());
    path
}

pub(super) fn configure(workspace: &Workspace, text: &str) {
    let folder = workspace.home().join("toolsmith/config");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), text).unwrap();
}

/// A file of allowed signers with one line for this key.
fn allow(workspace: &Workspace, principal: &str, options: &str, key: &Path) {
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    let signers = workspace.home().join("allowed_signers");
    fs::write(&signers, format!("{principal} {options} {public}")).unwrap();
    configure(workspace, &format!("[signing]\nallowed_signers = \"{}\"\n", signers.display()));
}

/// A workspace with one new tool.
fn fresh() -> Workspace {
    let workspace = Workspace::new();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    workspace
}

fn approve(engine: &Engine) -> Result<Outcome, EngineError> {
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    engine.execute(decide(&review, DecisionKind::Approve), &ada())
}

/// A workspace whose tool was approved and signed by Ada, and her key.
fn signed() -> (Workspace, PathBuf) {
    let workspace = fresh();
    let key = key(&workspace, "ada", "");
    configure(&workspace, &format!("[signing]\nkey = \"{}\"\n", key.display()));
    approve(&open(&workspace)).unwrap();
    (workspace, key)
}

/// The same files on another machine: another home, another state.
fn cloned(workspace: &Workspace) -> Workspace {
    let clone = Workspace::new();
    copy_folder(&workspace.root(), &clone.root());
    clone
}

fn agent_runs(engine: &Engine) -> bool {
    let tool = engine.library().resolve("alpha").unwrap();
    let request = RunRequest { tool, input: None, timeout: None, again: None, worker: None };
    let run = engine.runs().start(&request, &Caller::Agent("bot".to_owned())).unwrap().wait().unwrap();
    run.outcome == RunOutcome::Succeeded
}

#[test]
fn an_approval_is_signed_and_verified_by_plain_ssh_keygen_as_the_book_says() {
    let (workspace, key) = signed();
    let note = fs::read_to_string(workspace.path(NOTE)).unwrap();
    assert!(note.contains("signature = '''\n-----BEGIN SSH SIGNATURE-----"), "{note}");
    allow(&workspace, "ada@example.org", "namespaces=\"toolsmith\"", &key);
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/history.md")).unwrap();
    let (_, rest) = page.split_once("<!-- verify-signature -->\n```sh\n").expect("the book says how");
    let (commands, _) = rest.split_once("```").unwrap();
    let run = |text: &str| {
        let mut command = Process::new("bash");
        command.args(["-euo", "pipefail", "-c", text]).current_dir(workspace.path("tools/approved/alpha"));
        command.env("SIGNERS", workspace.home().join("allowed_signers"));
        command.output().unwrap()
    };
    let good = run(commands);
    let said = String::from_utf8_lossy(&good.stdout).into_owned() + &String::from_utf8_lossy(&good.stderr);
    assert!(good.status.success() && said.contains("Good \"toolsmith\" signature for ada@example.org"), "{said}");
    fs::write(workspace.path(NOTE), note.replace("stage = \"approved\"", "stage = \"core\"")).unwrap();
    assert!(!run(commands).status.success());
}

#[test]
fn on_another_machine_a_tool_signed_by_an_allowed_signer_counts_without_adoption() {
    let (workspace, key) = signed();
    let stranger = cloned(&workspace);
    let engine = open(&stranger);
    assert!(!agent_runs(&engine), "without a list of signers nobody is believed");
    let clone = cloned(&workspace);
    allow(&clone, "ada@example.org", "", &key);
    let engine = open(&clone);
    assert!(agent_runs(&engine));
    assert_eq!(engine.reviews().list(ReviewFilter::Waiting).unwrap(), vec![], "nothing is left to adopt");
    let log = engine.history().operations(9, None).unwrap();
    assert_eq!((log.len(), log[0].verb.as_str(), log[0].who.as_str()), (1, "adopt", "signer:ada@example.org"));
    let report = engine.integrity().verify().unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert!(report.notes[0].contains("is signed by ada@example.org for approved"), "{:?}", report.notes);
    let (told, code) = clone.json(&["verify", "alpha"]);
    assert_eq!((code, told["notes"].as_array().unwrap().len()), (0, 1), "{told:#}");
    // Given back, it waits for a human like any other.
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    assert!(!agent_runs(&engine));
    assert_eq!(engine.reviews().list(ReviewFilter::Waiting).unwrap().len(), 1);
}

#[test]
fn a_signature_that_is_wrong_in_any_way_does_not_count_and_says_why() {
    let (workspace, key) = signed();
    let other = self::key(&workspace, "eve", "");
    let expired = "valid-before=\"20200101\"";
    let resigned = |namespace: &str, with: &Path| {
        let note = fs::read_to_string(workspace.path(NOTE)).unwrap();
        let (statement, rest) = note.split_once("signature = '''\n").unwrap();
        let file = workspace.home().join("statement");
        fs::write(&file, statement).unwrap();
        let mut command = Process::new("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(with).arg(&file).stdin(Stdio::null());
        assert!(command.output().unwrap().status.success());
        let signature = fs::read_to_string(file.with_extension("sig")).unwrap();
        fs::remove_file(file.with_extension("sig")).unwrap();
        let (_, end) = rest.split_once("\n'''").unwrap();
        format!("{statement}signature = '''\n{}\n'''{end}", signature.trim())
    };
    let note = fs::read_to_string(workspace.path(NOTE)).unwrap();
    let same = note.clone();
    let cases: [(&str, &str, &Path, String, &str); 7] = [
        ("another key", "", &other, same.clone(), "is not allowed to sign for ada@example.org"),
        ("an expired key", expired, &key, same.clone(), "expired"),
        ("another purpose of the key", "namespaces=\"git\"", &key, same.clone(), "is not allowed to sign"),
        ("another namespace", "", &key, resigned("git", &key), "does not match the content"),
        ("signed by somebody else", "", &key, resigned("toolsmith", &other), "is not allowed to sign"),
        ("an altered reason", "", &key, same.replace("because", "becausE"), "does not match the content"),
        ("an altered stage", "", &key, same.replace("\"approved\"", "\"core\""), "does not match"),
    ];
    for (what, options, allowed, text, why) in cases {
        let clone = cloned(&workspace);
        allow(&clone, "ada@example.org", options, allowed);
        fs::write(clone.path(NOTE), text).unwrap();
        let engine = open(&clone);
        assert!(!agent_runs(&engine), "{what} counts");
        assert_eq!(engine.reviews().list(ReviewFilter::Waiting).unwrap().len(), 1, "{what}: it waits to be adopted");
        let faults = engine.integrity().verify().unwrap().faults;
        assert!(faults.iter().any(|fault| fault.contains(why)), "{what}: {faults:?}");
    }
    // The bytes that are signed are not those that lie there.
    let clone = cloned(&workspace);
    allow(&clone, "ada@example.org", "", &key);
    clone.write("tools/approved/alpha/alpha.sh", "echo 2\n");
    let engine = open(&clone);
    assert!(!agent_runs(&engine));
    assert!(engine.integrity().verify().unwrap().faults.iter().any(|fault| fault.contains("it contains digest")));
    // Whoever writes the workspace must not choose who is believed.
    let clone = cloned(&workspace);
    allow(&clone, "ada@example.org", "", &key);
    fs::copy(clone.home().join("allowed_signers"), clone.path("allowed_signers")).unwrap();
    let inside = clone.path("allowed_signers");
    configure(&clone, &format!("[signing]\nallowed_signers = \"{}\"\n", inside.display()));
    let engine = open(&clone);
    assert!(!agent_runs(&engine));
    assert!(engine.integrity().verify().unwrap().faults.iter().any(|fault| fault.contains("is in the workspace")));
}

#[test]
fn a_tool_taken_over_by_its_signature_counts_no_longer_than_the_signature_does() {
    type Change = fn(&str) -> String;
    let (workspace, key) = signed();
    let without_signature: Change = |note: &str| note.split_once("signature = ").unwrap().0.to_owned();
    let altered: Change = |note: &str| note.replace("Ada <", "Root <");
    let changes: [(&str, Option<Change>); 3] = [
        ("no longer has the signature", Some(without_signature)),
        ("does not match the content", Some(altered)),
        ("is not allowed", None),
    ];
    for (why, change) in changes {
        let clone = cloned(&workspace);
        allow(&clone, "ada@example.org", "", &key);
        let engine = open(&clone);
        assert!(agent_runs(&engine), "{why}");
        let note = fs::read_to_string(clone.path(NOTE)).unwrap();
        match change {
            Some(change) => fs::write(clone.path(NOTE), change(&note)).unwrap(),
            None => fs::write(clone.home().join("allowed_signers"), "").unwrap(),
        }
        let faults = engine.integrity().verify().unwrap().faults;
        assert!(faults.len() == 1 && faults[0].contains(why), "{why}: {faults:?}");
        assert!(!agent_runs(&engine), "{why}: what verify finds agents are refused for");
    }
}

#[test]
fn an_approval_given_here_does_not_rest_on_who_is_allowed_to_sign() {
    let (workspace, key) = signed();
    let other = self::key(&workspace, "eve", "");
    allow(&workspace, "ada@example.org", "", &other);
    drop(key);
    let engine = open(&workspace);
    assert!(agent_runs(&engine));
    let report = engine.integrity().verify().unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert!(report.notes.iter().any(|note| note.contains("is not allowed to sign")), "{:?}", report.notes);
}

#[test]
fn an_older_version_that_was_signed_is_not_taken_over_by_itself() {
    let (workspace, key) = signed();
    let clone = cloned(&workspace);
    let config = format!(
        "[signing]\nkey = \"{}\"\nallowed_signers = \"{}\"\n",
        key.display(),
        clone.home().join("allowed_signers").display()
    );
    allow(&clone, "ada@example.org", "", &key);
    configure(&clone, &config);
    let engine = open(&clone);
    assert!(agent_runs(&engine));
    native(&clone, "tools/experimental/alpha", "alpha", "echo 2\n", "");
    engine.library().scan(&mut |_| {}).unwrap();
    approve(&engine).unwrap();
    assert!(agent_runs(&engine));
    // Somebody puts the old files back, with their old and valid signature.
    fs::remove_dir_all(clone.path("tools/approved/alpha")).unwrap();
    copy_folder(&workspace.path("tools/approved/alpha"), &clone.path("tools/approved/alpha"));
    engine.library().scan(&mut |_| {}).unwrap();
    assert!(!agent_runs(&engine));
}

#[test]
fn a_signed_approval_that_was_taken_back_does_not_come_to_life_with_its_folder() {
    let (workspace, key) = signed();
    let signers = workspace.home().join("allowed_signers");
    allow(&workspace, "ada@example.org", "", &key);
    let settings = format!("[signing]\nkey = \"{}\"\nallowed_signers = \"{}\"\n", key.display(), signers.display());
    configure(&workspace, &settings);
    let engine = open(&workspace);
    assert!(agent_runs(&engine));
    let saved = workspace.home().join("saved");
    copy_folder(&workspace.path("tools/approved/alpha"), &saved);
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    copy_folder(&saved, &workspace.path("tools/approved/alpha"));
    fs::remove_dir_all(workspace.path("tools/experimental/alpha")).unwrap();
    let engine = open(&workspace);
    assert!(!agent_runs(&engine), "what was taken back here needs a human's word");
    let mut waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    // What an approval put there before it was taken back did not come with the workspace.
    waiting.retain(|review| review.kind == ReviewKind::Drift);
    engine.execute(decide(&waiting.remove(0), DecisionKind::Approve), &ada()).unwrap();
    assert!(agent_runs(&engine));
}

#[test]
fn an_approval_that_cannot_be_signed_is_refused_unless_that_is_allowed() {
    for (config, says) in [
        ("[signing]\nkey = \"KEY\"\n", "passphrase"),
        ("[signing]\nkey = \"/nowhere/at/all\"\n", "/nowhere/at/all"),
        ("[signing]\nkye = \"KEY\"\n", "unknown setting signing.kye"),
        ("[signing]\nkey = \"relative\"\n", "signing.key is not a path"),
    ] {
        let workspace = fresh();
        let key = key(&workspace, "locked", "a passphrase");
        configure(&workspace, &config.replace("KEY", key.to_str().unwrap()));
        let engine = open(&workspace);
        let error = approve(&engine).unwrap_err();
        assert!(error.code == ErrorCode::Refused && error.message.contains(says), "{config}: {error:?}");
        assert_eq!(engine.history().operations(9, None).unwrap(), vec![], "{config}");
        assert!(workspace.path("tools/experimental/alpha").exists() && !workspace.path(NOTE).exists());
    }
    let workspace = fresh();
    let key = key(&workspace, "locked", "a passphrase");
    configure(&workspace, &format!("[signing]\nkey = \"{}\"\nrequired = false\n", key.display()));
    let outcome = approve(&open(&workspace)).unwrap();
    assert!(outcome.message.contains("not signed: "), "{}", outcome.message);
    assert!(!fs::read_to_string(workspace.path(NOTE)).unwrap().contains("SIGNATURE"));
}

#[test]
fn a_program_of_that_name_on_the_path_is_not_believed() {
    let (workspace, key) = signed();
    let clone = cloned(&workspace);
    let other = self::key(&clone, "eve", "");
    allow(&clone, "ada@example.org", "", &other);
    drop(key);
    let folder = clone.home().join("rogue");
    fs::create_dir(&folder).unwrap();
    let called = clone.home().join("called");
    let script = format!("#!/bin/sh\ntouch {}\necho 'Good signature'\nexit 0\n", called.display());
    fs::write(folder.join("ssh-keygen"), script).unwrap();
    fs::set_permissions(folder.join("ssh-keygen"), fs::Permissions::from_mode(0o755)).unwrap();
    // Where the tests run as root the file is root's, and so its folder has to be somebody's.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let output = clone.toolsmith(&["verify", "--json"]).env("PATH", path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(1) && text.contains("is not allowed to sign"), "{text}");
    assert!(!called.exists());
}

#[test]
fn doctor_says_whether_decisions_can_be_signed_and_whose_signatures_count() {
    let line = |workspace: &Workspace| -> Option<(String, String)> {
        let lines = workspace.json(&["doctor"]).0["lines"].clone();
        let lines = lines.as_array().unwrap().iter().filter(|line| line["name"] == "signing");
        let told: Vec<_> = lines.map(|line| (line["state"].to_string(), line["message"].to_string())).collect();
        assert!(told.len() < 2, "{told:?}");
        told.into_iter().next()
    };
    assert_eq!(line(&fresh()), None, "nothing is said where nothing is set");
    let (workspace, key) = signed();
    let (state, message) = line(&workspace).unwrap();
    assert!(state.contains("ok") && message.contains("only your own key is trusted"), "{state} {message}");
    let (report, code) = workspace.json(&["verify"]);
    assert!(code == 0 && report["notes"].to_string().contains("is signed by ada@example.org"), "{report:#}");
    fs::rename(&key, key.with_extension("away")).unwrap();
    let (state, message) = line(&workspace).unwrap();
    assert!(state.contains("bad") && message.contains("cannot be read"), "{state} {message}");
    configure(&workspace, "[signing]\nrequired = true\n");
    let (state, message) = line(&workspace).unwrap();
    assert!(state.contains("bad") && message.contains("names neither key nor allowed_signers"), "{state} {message}");
    let unsigned = fresh();
    approve(&open(&unsigned)).unwrap();
    configure(&unsigned, &format!("[signing]\nkey = \"{}\"\n", self::key(&unsigned, "ada", "").display()));
    let (state, message) = line(&unsigned).unwrap();
    assert!(state.contains("warn") && message.contains("1 entry counts only when signed"), "{state} {message}");
    let problems = unsigned.json(&["list", "--problems"]).0["problems"].to_string();
    assert!(problems.contains("toolsmith sign --yes") && !problems.contains("restore-files"), "{problems}");
    let (list, _) = unsigned.json(&["list"]);
    assert_eq!(list["problems"].to_string(), problems, "what is counted is what is listed");
    // Looking needs no terminal, signing does.
    assert_eq!((unsigned.json(&["sign"]).1, unsigned.json(&["sign", "--yes"]).1), (1, 4));
}
