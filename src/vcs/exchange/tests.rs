use super::*;
use std::process::Command;

/// A bare repository and clones of it.
pub(super) struct Team {
    temp: tempfile::TempDir,
}

impl Team {
    pub(super) fn new() -> Team {
        let team = Team { temp: tempfile::tempdir().unwrap() };
        let done = Command::new("git").args(["init", "-q", "--bare", "--template="]).arg(team.remote()).status();
        assert!(done.unwrap().success());
        team
    }

    fn remote(&self) -> PathBuf {
        self.temp.path().join("team.git")
    }

    pub(super) fn clone(&self, name: &str) -> Exchange {
        let remote = self.remote();
        Exchange::open(&self.temp.path().join(name), remote.to_str().unwrap(), "toolsmith", &Arc::default()).unwrap()
    }
}

pub(super) fn file(path: &str, text: &str) -> NewFile {
    NewFile { path: path.to_owned(), mode: FileMode::Plain, bytes: text.as_bytes().to_vec() }
}

pub(super) const WHO: (&str, i64) = ("Ada <ada@x>", 1_700_000_000);

#[test]
fn two_clones_that_push_at_once_end_with_the_files_of_both() {
    let team = Team::new();
    let (ada, bob) = (team.clone("ada"), team.clone("bob"));
    assert_eq!((ada.fetch().unwrap(), bob.fetch().unwrap()), (None, None));
    let odd = "versions/a \"quoted\" \\ name/ü";
    let script = NewFile { mode: FileMode::Executable, ..file(odd, "\0binary\n") };
    let first = ada.commit(None, (&[], &[file("decisions/1", "one"), script]), WHO, "One").unwrap();
    assert_eq!(ada.push(&first).unwrap(), Pushed::Done);
    let rival = bob.commit(None, (&[], &[file("decisions/2", "two")]), WHO, "Two").unwrap();
    assert_eq!(bob.push(&rival).unwrap(), Pushed::Outdated);
    let newest = bob.fetch().unwrap();
    assert_eq!(newest.as_ref(), Some(&first));
    let both = bob.commit(newest.as_deref(), (&[], &[file("decisions/2", "two")]), WHO, "Two").unwrap();
    assert_eq!(bob.push(&both).unwrap(), Pushed::Done);
    let newest = ada.fetch().unwrap().unwrap();
    let files = ada.files(&newest, &["decisions", "versions"]).unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["decisions/1", "decisions/2", odd]);
    assert_eq!((files[2].mode, files[2].size), (Some(FileMode::Executable), 8));
    let objects: Vec<&str> = files.iter().map(|file| file.object.as_str()).collect();
    assert_eq!(ada.contents(&objects).unwrap(), [b"one".to_vec(), b"two".to_vec(), b"\0binary\n".to_vec()]);
    assert!(ada.contents(&["0000000000000000000000000000000000000000"]).is_err());
}

#[test]
fn a_damaged_clone_is_made_anew_and_a_branch_that_is_gone_is_told() {
    let team = Team::new();
    let ada = team.clone("ada");
    let first = ada.commit(None, (&[], &[file("f", "x")]), WHO, "One").unwrap();
    ada.push(&first).unwrap();
    fs::remove_dir_all(team.temp.path().join("ada/objects")).unwrap();
    let again = team.clone("ada");
    assert_eq!(again.fetch().unwrap(), Some(first));
    let gone = ["-C", team.remote().to_str().unwrap(), "update-ref", "-d", "refs/heads/toolsmith"].map(str::to_owned);
    assert!(Command::new("git").args(gone).status().unwrap().success());
    assert_eq!((again.fetch().unwrap(), again.fetched().unwrap()), (None, None));
}

#[test]
fn a_folder_as_remote_starts_none_of_its_hooks() {
    use std::os::unix::fs::PermissionsExt;
    let team = Team::new();
    let marker = team.temp.path().join("marker");
    let hooks = team.remote().join("hooks");
    fs::create_dir_all(&hooks).unwrap();
    for name in ["pre-receive", "update", "post-receive", "post-update", "reference-transaction"] {
        let hook = hooks.join(name);
        fs::write(&hook, format!("#!/bin/sh\ntouch {}\n", marker.display())).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let ada = team.clone("ada");
    let first = ada.commit(None, (&[], &[file("f", "x")]), WHO, "One").unwrap();
    assert_eq!(ada.push(&first).unwrap(), Pushed::Done);
    ada.fetch().unwrap();
    assert!(!marker.exists(), "a hook of the remote ran");
    // The same push by plain git starts the hooks.
    let second = ada.commit(Some(&first), (&[], &[file("g", "x")]), WHO, "Two").unwrap();
    let push =
        ["push", "-q", team.remote().to_str().unwrap(), &format!("{second}:refs/heads/toolsmith")].map(str::to_owned);
    assert!(Command::new("git").arg("-C").arg(team.temp.path().join("ada")).args(push).status().unwrap().success());
    assert!(marker.exists(), "the control");
}

#[test]
fn whoever_commits_is_one_line_without_a_second_mail() {
    for (who, line) in [("Ada <ada@x>", "Ada <ada@x>"), ("ada", "ada <>"), ("A\nB <x> <y>", "A B x <y>"), ("", "<>")] {
        assert_eq!(committer(who), line);
    }
}

#[test]
fn thousands_of_nested_folders_are_refused_in_words() {
    let team = Team::new();
    let (reader, evil) = (team.clone("ada"), team.clone("evil"));
    let deep = format!("versions{}/f", "/d".repeat(20_000));
    let commit = evil.commit(None, (&[], &[file(&deep, "x")]), WHO, "Deep").unwrap();
    let into = team.remote().join("objects");
    fs::remove_dir_all(&into).unwrap();
    fs::rename(team.temp.path().join("evil/objects"), into).unwrap();
    let branch =
        ["-C", team.remote().to_str().unwrap(), "update-ref", "refs/heads/toolsmith", &commit].map(str::to_owned);
    assert!(Command::new("git").args(branch).status().unwrap().success());
    match reader.fetch() {
        // Git before 2.43 fetches it; the folder is then one entry.
        Ok(commit) => assert_eq!(reader.files(&commit.unwrap(), &["versions"]).unwrap().len(), 1),
        Err(error) => assert!(error.to_string().contains("thousands of nested folders"), "{error}"),
    }
}
