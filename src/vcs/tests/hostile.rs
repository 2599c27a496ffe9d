//! Repositories of strangers: git starts no program that they name, waits for nothing, and commits nowhere else.

use super::*;
use rustix::fs::{CWD, Mode, mkfifoat};

fn fifo(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
}

/// A repository with a submodule in which a file has changed.
fn with_submodule() -> Repo {
    let repo = Repo::new();
    repo.git(&["init", "-q", "sub"]);
    repo.write("sub/f", "1\n");
    let name = ["-c", "user.name=Eve", "-c", "user.email=eve@example.org"];
    repo.git(&["-C", "sub", "add", "f"]);
    repo.git(&[&["-C", "sub"], &name[..], &["commit", "-q", "-m", "One"]].concat());
    repo.git(&["add", "sub"]);
    repo.git(&["commit", "-q", "-m", "Second"]);
    repo.write("sub/f", "2\n");
    repo
}

#[test]
fn a_filter_that_a_submodule_names_is_not_started() {
    let repo = with_submodule();
    let mark = repo.path().join("mark");
    repo.git(&["-C", "sub", "config", "filter.evil.clean", &format!("sh -c 'touch {}; cat'", mark.display())]);
    repo.write("sub/.git/info/attributes", "* filter=evil\n");
    repo.write("x", "1\n");
    let git = repo.open();
    assert!(commit(&git, &["x"], "Move").unwrap().is_some());
    // Such an index entry once made git print a status; the file equals the committed one.
    repo.git(&["config", "core.fileMode", "false"]);
    repo.git(&["update-index", "--chmod=+x", "x"]);
    assert_eq!(commit(&git, &["x"], "Move"), Ok(None));
    assert_eq!(commit(&git, &["sub"], "Move"), Ok(None));
    assert!(!mark.exists(), "it was started");
    let _ = repo.git(&["status"]);
    assert!(mark.exists(), "git itself starts it");
}

#[test]
fn what_lies_beside_the_paths_of_a_commit_is_not_waited_for() {
    let repo = with_submodule();
    repo.write("other/f", "1\n");
    repo.git(&["add", "other/f"]);
    repo.git(&["commit", "-q", "-m", "Third"]);
    repo.write("other/f", "2\n");
    // The file is as old as the index, so only its content shows whether it changed.
    let index = fs::metadata(repo.path().join(".git/index")).unwrap().modified().unwrap();
    fs::File::options().write(true).open(repo.path().join("other/f")).unwrap().set_modified(index).unwrap();
    for path in ["other/.gitattributes", ".mailmap", "sub/.git/HEAD"] {
        fifo(&repo.path().join(path));
    }
    repo.write("x", "1\n");
    let git = repo.open();
    assert!(commit(&git, &["x"], "Move").unwrap().is_some());
    assert_eq!(commit(&git, &["x"], "Move"), Ok(None));
    assert!(git.find_trailers(&[("Toolsmith-Operation".into(), "7".into())]).unwrap().is_some());
}

#[test]
fn rules_that_never_end_are_not_read_for_a_question_either() {
    let repo = Repo::new();
    repo.write("tools/x", "1\n");
    fifo(&repo.path().join("tools/.gitignore"));
    let git = repo.open();
    assert!(git.check_ignored("tools/x").unwrap_err().to_string().contains("tools/.gitignore is not a regular file"));
    let file = crate::domain::VersionFile { path: "x".into(), mode: crate::domain::FileMode::Plain, bytes: "1".into() };
    assert!(git.would_commit(&[("tools/x".to_owned(), &file)], None).is_err());
}

#[test]
fn an_object_that_never_ends_is_found_before_it_is_read_also_where_objects_are_borrowed() {
    let refused = |prepare: &dyn Fn(&Repo)| {
        let repo = Repo::new();
        prepare(&repo);
        Git::locate_with(&repo.path(), &Arc::default(), isolation()).err()
    };
    assert_eq!(refused(&|_| {}), None);
    let object = |repo: &Repo| {
        let hash = repo.git(&["rev-parse", "HEAD"]);
        fifo(&repo.path().join(".git/objects").join(&hash[..2]).join(hash[2..].trim()));
    };
    assert!(matches!(refused(&object), Some(NoGit::Unplain(_))));
    let borrowed = |repo: &Repo, chain: usize, end: &dyn Fn(&Path)| {
        let mut objects = repo.path().join(".git/objects");
        for number in 0..chain {
            fs::create_dir_all(objects.join("info")).unwrap();
            // By a relative path and by an absolute path.
            let other = repo.path().join(format!("alt{number}"));
            let named = if number == 0 { "../../alt0".to_owned() } else { other.display().to_string() };
            fs::write(objects.join("info/alternates"), format!("# borrowed\n{named}\n/nonexistent\n")).unwrap();
            fs::create_dir_all(&other).unwrap();
            objects = other;
        }
        end(&objects);
    };
    assert_eq!(refused(&|repo| borrowed(repo, 3, &|_| {})), None);
    for chain in [1, 3] {
        let ends = |repo: &Repo| borrowed(repo, chain, &|objects| fifo(&objects.join("info/alternates")));
        assert!(matches!(refused(&ends), Some(NoGit::Unplain(_))), "{chain}");
    }
    assert!(matches!(refused(&|repo| borrowed(repo, 40, &|_| {})), Some(NoGit::Unplain(_))));
    let quoted = |repo: &Repo| repo.write(".git/objects/info/alternates", "\"\\057tmp\"\n");
    assert!(matches!(refused(&quoted), Some(NoGit::Unplain(_))));
}

#[test]
fn a_key_of_the_repository_signs_nothing_and_one_with_a_passphrase_asks_nobody() {
    let repo = Repo::new();
    let folder = outside::fixture::folder();
    let key = folder.path().join("key");
    let keygen = ["-q", "-t", "ed25519", "-C", "", "-N", "secret", "-f"];
    assert!(std::process::Command::new("ssh-keygen").args(keygen).arg(&key).status().unwrap().success());
    repo.git(&["config", "gpg.format", "ssh"]);
    repo.git(&["config", "commit.gpgSign", "true"]);
    repo.git(&["config", "user.signingKey", key.to_str().unwrap()]);
    let of_user = [("user.signingKey", key.as_path())];
    for (text, git) in [("1\n", repo.open()), ("2\n", repo.open_with(&of_user))] {
        repo.write("x", text);
        let done = commit(&git, &["x"], "Move").unwrap().unwrap();
        assert!(done.notes.len() == 1 && done.notes[0].starts_with("the commit is not signed"), "{:?}", done.notes);
    }
}

#[test]
fn a_trace_that_a_configuration_asks_for_is_not_written() {
    let repo = Repo::new();
    let trace = repo.path().join("trace");
    let settings = ["trace2.normalTarget", "trace2.eventTarget", "trace2.perfTarget"].map(|key| (key, trace.as_path()));
    let git = repo.open_with(&settings);
    repo.write("x", "1\n");
    assert!(commit(&git, &["x"], "Move").unwrap().is_some());
    assert!(!trace.exists());
}

#[test]
fn a_git_file_does_not_lead_to_the_repository_of_a_folder_around_it() {
    let home = Repo::new();
    let folder = home.path();
    fs::rename(folder.join(".git"), folder.join(".dotfiles")).unwrap();
    home.git(&["config", "--file", ".dotfiles/config", "core.worktree", folder.to_str().unwrap()]);
    home.write("stranger/.git", "gitdir: ../.dotfiles\n");
    let found = Git::locate_with(&folder.join("stranger"), &Arc::default(), isolation());
    assert_eq!(found.err(), Some(NoGit::Elsewhere(folder.join(".dotfiles"))));
    // In the folder itself, it is the repository of that folder.
    home.write(".git", "gitdir: .dotfiles\n");
    assert!(Git::locate_with(&folder, &Arc::default(), isolation()).is_ok());
}
