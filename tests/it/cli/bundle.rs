//! Tools go from one workspace to another through a folder, by digest, and nobody's work is written over.

use super::Shell;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A workspace with a folder, a pair and a script.
fn three() -> Shell {
    let shell = Shell::new();
    shell.tool("experimental", "folder", "echo folder\n", "");
    shell.write("tools/experimental/pair.sh", "#!/bin/sh\necho pair\n");
    shell.write("tools/experimental/pair.toml", "name = \"pair\"\nversion = \"2.0.0\"\ncost_tier = \"low\"\n");
    shell.write("tools/experimental/script.sh", "#!/bin/sh\n# Says script.\necho script\n");
    shell
}

fn digests(shell: &Shell) -> Vec<(String, String)> {
    let answer = shell.call(&["list", "--json"]).exits(0).json();
    let row = |tool: &Value| (tool["name"].as_str().unwrap().into(), tool["digest"].as_str().unwrap().into());
    answer["tools"].as_array().unwrap().iter().map(row).collect()
}

fn states(answer: &Value) -> Vec<(String, String)> {
    let row = |tool: &Value| (tool["name"].as_str().unwrap().into(), tool["state"].as_str().unwrap().into());
    answer["tools"].as_array().unwrap().iter().map(row).collect()
}

fn each(state: &str) -> Vec<(String, String)> {
    ["folder", "pair", "script"].map(|name| (name.to_owned(), state.to_owned())).into()
}

fn carried(shell: &Shell, verb: &str, bundle: &Path, code: i32) -> Value {
    let answered = shell.at_terminal(&[verb, bundle.to_str().unwrap(), "--json"]).exits(code).stdout;
    serde_json::from_str(&answered).unwrap_or_else(|error| panic!("{error}: {answered}"))
}

#[test]
fn what_was_pushed_is_pulled_with_the_same_digest_and_waits_for_a_human() {
    let (one, other) = (three(), Shell::new());
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("shared");
    assert_eq!(states(&carried(&one, "push", &bundle, 0)), each("written"));
    assert_eq!(states(&carried(&one, "push", &bundle, 0)), each("same"));
    assert!(bundle.join("tools/pair").is_file(), "a key is the name of the tool");
    assert_eq!(states(&carried(&other, "pull", &bundle, 0)), each("written"));
    assert_eq!(digests(&other), digests(&one));
    assert_eq!(states(&carried(&other, "pull", &bundle, 0)), each("same"));
    let reviews = other.call(&["reviews", "--json"]).exits(0).json()["reviews"].clone();
    assert_eq!(reviews.as_array().unwrap().len(), 3, "nothing of it is approved: {reviews}");
    other.call(&["run", "script", "--as-agent", "bot"]).exits(4);
    assert!(other.call(&["run", "script"]).exits(0).stdout.contains("script"));
    other.at_terminal(&["undo"]).exits(0);
    assert_eq!(digests(&other).len(), 2, "an undo takes the last one away");
    other.call(&["pull", bundle.to_str().unwrap(), "--as-agent", "bot"]).exits(4);
}

#[test]
fn the_work_of_another_is_told_and_never_written_over() {
    let (one, other) = (three(), Shell::new());
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path();
    carried(&one, "push", bundle, 0);
    carried(&other, "pull", bundle, 0);
    other.write("tools/experimental/script.sh", "#!/bin/sh\n# Says script.\necho better\n");
    let pushed = carried(&other, "push", bundle, 0);
    assert_eq!(states(&pushed).iter().filter(|(_, state)| state == "written").count(), 1, "{pushed}");
    // Here nobody has seen that one: it is neither lost nor taken.
    let refused = carried(&one, "push", bundle, 3);
    assert_eq!(states(&refused)[2], ("script".to_owned(), "conflict".to_owned()));
    let refused = carried(&one, "pull", bundle, 3);
    assert!(refused["tools"][2]["why"].as_str().unwrap().contains("contains a newer version"), "{refused}");
    assert!(one.call(&["run", "script"]).exits(0).stdout.contains("script"));
    one.at_terminal(&["archive", "script"]).exits(0);
    carried(&one, "pull", bundle, 0);
    assert!(one.call(&["run", "script"]).exits(0).stdout.contains("better"), "the advice works");
    let third = Shell::new();
    assert_eq!(states(&carried(&third, "pull", bundle, 0)), each("written"));
    assert!(third.call(&["run", "script"]).exits(0).stdout.contains("better"));
}

#[test]
fn what_a_bundle_does_not_hold_soundly_is_not_brought_in() {
    let (one, other) = (three(), Shell::new());
    let folder = tempfile::tempdir().unwrap();
    carried(&one, "push", folder.path(), 0);
    fs::write(folder.path().join("tools/pair"), "{\"digest\": \"../../etc\"}").unwrap();
    let (_, digest) = digests(&one).into_iter().find(|(name, _)| name == "script").unwrap();
    let digest = digest.trim_start_matches("blake3:").to_owned();
    let copy = folder.path().join("versions").join(digest);
    let bytes = String::from_utf8(fs::read(&copy).unwrap()).unwrap();
    fs::write(&copy, bytes.replace("echo script", "echo scrapt")).unwrap();
    let answer = carried(&other, "pull", folder.path(), 3);
    let expected = [("folder", "written"), ("pair", "unreadable"), ("script", "unreadable")];
    assert_eq!(states(&answer), expected.map(|(name, state)| (name.to_owned(), state.to_owned())));
    assert_eq!(digests(&other).len(), 1);
    other.at_terminal(&["pull", "nowhere"]).exits(5);
    other.at_terminal(&["pull", folder.path().to_str().unwrap(), "pair"]).exits(3);
    // A key tells of the tool whose name it has.
    fs::rename(folder.path().join("tools/folder"), folder.path().join("tools/innocent")).unwrap();
    let third = Shell::new();
    let answer = carried(&third, "pull", folder.path(), 3);
    assert_eq!(states(&answer)[0], ("innocent".to_owned(), "unreadable".to_owned()), "{answer}");
    assert_eq!(digests(&third), []);
    // Nor is every folder a bundle.
    for place in [".", "tools/experimental", "below/new"] {
        one.call(&["push", place]).exits(4);
    }
    let foreign = tempfile::tempdir().unwrap();
    fs::write(foreign.path().join("letter"), "dear").unwrap();
    one.call(&["push", foreign.path().to_str().unwrap()]).exits(4);
    other.at_terminal(&["pull", folder.path().to_str().unwrap(), "nobody"]).exits(5);
}

#[test]
fn a_bundle_is_signed_where_a_key_is_set_and_what_was_changed_since_is_not_brought_in() {
    let (one, other) = (three(), Shell::new());
    let key = one.home().join("key");
    let args = ["-q", "-t", "ed25519", "-N", "", "-f", key.to_str().unwrap()];
    assert!(std::process::Command::new("ssh-keygen").args(args).status().unwrap().success());
    one.config(&format!("[signing]\nkey = \"{}\"\n", key.display()));
    let folder = tempfile::tempdir().unwrap();
    let address = format!("file://{}", folder.path().display());
    let bundle = Path::new(&address);
    assert_eq!(states(&carried(&one, "push", bundle, 0)), each("written"));
    // Only a human sends tools to other machines.
    one.call(&["push", &address, "--as-agent", "bot"]).exits(4);
    let list = fs::read_dir(folder.path().join("pushes")).unwrap().next().unwrap().unwrap().path();
    let genuine = fs::read_to_string(&list).unwrap();
    fs::write(&list, genuine.replace("script", "scrapt")).unwrap();
    let refused = carried(&other, "pull", bundle, 3);
    assert_eq!(states(&refused), each("unreadable"));
    assert!(refused["tools"][0]["why"].as_str().unwrap().contains("does not match"), "{refused}");
    fs::write(&list, genuine).unwrap();
    let answer = carried(&other, "pull", bundle, 0);
    assert_eq!(states(&answer), each("written"));
    assert!(answer["tools"][0]["signed_by"].as_str().unwrap().starts_with("SHA256:"), "{answer}");
    let waiting = other.call(&["reviews", "--json"]).exits(0).json()["reviews"].as_array().unwrap().len();
    assert_eq!(waiting, 3, "who signed it decides nothing here");
    other.call(&["run", "script", "--as-agent", "bot"]).exits(4);
}

#[cfg(not(feature = "team-s3"))]
#[test]
fn a_build_without_buckets_says_how_to_get_one() {
    let said = three().call(&["push", "s3://bucket/tools"]).exits(2).stderr;
    assert!(said.contains("--features team-s3"), "{said}");
}
